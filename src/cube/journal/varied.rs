//! Which keys tell the scenarios of a sweep apart.

use super::header::{Content, Header};

/// The keys that tell scenarios apart; D stands for Dx and Dy.
#[must_use]
pub fn telling(header: &Header) -> Vec<String> {
    let mut keys = varied(header);
    if keys.iter().any(|key| key == "D") {
        keys.retain(|key| key != "Dx" && key != "Dy");
    }
    keys
}

/// More keys than these are not told of: a sweep varies a few, and a table of all that a journal may name would
/// have no end.
const MOST: usize = 100;

/// The keys whose values differ between scenarios.
#[must_use]
pub fn varied(header: &Header) -> Vec<String> {
    match &header.content {
        Content::Run(_) => Vec::new(),
        Content::Sweep(scenarios) => scenarios.varied().take(MOST).collect(),
    }
}
