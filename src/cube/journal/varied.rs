//! The keys by which the scenarios of a sweep differ.

use super::header::{Content, Header};

/// The names of the parameters that distinguish the scenarios: those that the sweep file has, or in journals of earlier versions
/// the keys that differ, where D stands for Dx and Dy.
pub fn telling(header: &Header) -> Vec<String> {
    if !header.swept.is_empty() {
        return header.swept.iter().take(MOST).cloned().collect();
    }
    let mut keys = varied(header);
    if keys.iter().any(|key| is_of(key, "D")) {
        keys.retain(|key| !is_of(key, "Dx") && !is_of(key, "Dy"));
    }
    keys
}

/// Whether a dotted name is `key` itself or an entry of its table.
fn is_of(name: &str, key: &str) -> bool {
    let inner = name.strip_prefix(key);
    inner.is_some_and(|inner| inner.is_empty() || inner.starts_with('.'))
}

/// The largest number of keys that are listed. A sweep varies a few; a damaged journal may name any number.
const MOST: usize = 100;

/// The keys whose values differ between scenarios.
pub fn varied(header: &Header) -> Vec<String> {
    match &header.content {
        Content::Run(_) => Vec::new(),
        Content::Sweep(scenarios) => scenarios.varied().take(MOST).collect(),
    }
}
