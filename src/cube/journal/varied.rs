//! Which keys tell the scenarios of a sweep apart.

use super::header::Header;

/// The keys that tell scenarios apart; D stands for Dx and Dy.
#[must_use]
pub fn telling(header: &Header) -> Vec<String> {
    let mut keys = varied(header);
    if keys.iter().any(|key| key == "D") {
        keys.retain(|key| key != "Dx" && key != "Dy");
    }
    keys
}

/// The keys whose values differ between scenarios.
#[must_use]
pub fn varied(header: &Header) -> Vec<String> {
    let Some(first) = header.scenario(0) else {
        return Vec::new();
    };
    let mut same = first.params.pairs();
    let mut varied = Vec::new();
    for scenario in header.scenarios() {
        let pairs = scenario.params.pairs();
        same.retain(|pair| {
            let is_same = pairs.contains(pair);
            if !is_same {
                varied.push(pair.0.clone());
            }
            is_same
        });
    }
    let order = |key: &String| {
        first
            .params
            .pairs()
            .iter()
            .position(|(name, _)| name == key)
    };
    varied.sort_by_key(order);
    varied
}
