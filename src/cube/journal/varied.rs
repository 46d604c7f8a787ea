//! Which keys tell the scenarios of a sweep apart.

use super::header::Header;
use crate::params::by_name;

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
    let Some(first) = header.scenario(0) else {
        return Vec::new();
    };
    let pairs = first.params.pairs();
    let mut is_same = vec![true; pairs.len()];
    for scenario in header.scenarios() {
        let own = scenario.params.pairs();
        let own = by_name(&own);
        for ((name, value), is_same) in pairs.iter().zip(&mut is_same) {
            *is_same &= own.get(name.as_str()) == Some(value);
        }
    }
    let named = pairs.iter().zip(is_same);
    named
        .filter(|(_, is_same)| !is_same)
        .map(|((name, _), _)| name.clone())
        .take(MOST)
        .collect()
}
