//! Slips of the pen: which key somebody probably meant.

/// Which of `candidates` somebody who typed `word` probably meant: one that is spelt nearly like it, as
/// a whole or within its table.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter_map(|name| Some((edits(word, name)?, name)))
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, name)| name)
}

/// How many letters have to change, where that is few enough for a slip.
fn edits(word: &str, name: &str) -> Option<usize> {
    let distance = |word: &str, name: &str| {
        let most = 1.max(name.len() / 3);
        // Much longer words are not compared letter by letter.
        if word.chars().nth(name.len() + most).is_some() {
            return None;
        }
        let edits = strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase());
        (edits <= most && edits < name.len()).then_some(edits)
    };
    let in_another_table = if word.contains('.') || name.contains('.') {
        distance(within_table(word), within_table(name)).map(|edits| edits + 1)
    } else {
        None
    };
    distance(word, name)
        .into_iter()
        .chain(in_another_table)
        .min()
}

/// The last part of a dotted name.
fn within_table(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// `", did you mean …?"` or nothing.
#[must_use]
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |name| format!(", did you mean {name}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood_in_tables_too() {
        let names = [
            "D",
            "dx",
            "runtime",
            "initial.sigma",
            "initial.kind",
            "boundary.left",
        ];
        for (word, meant) in [
            ("run_time", Some("runtime")),
            ("DX", Some("dx")),
            ("initial.sigm", Some("initial.sigma")),
            ("intial.kind", Some("initial.kind")),
            ("sigma", Some("initial.sigma")),
            ("boundary.sigma", Some("initial.sigma")),
            ("initial.runtime", Some("runtime")),
            ("colour", None),
            ("physics.rate", None),
        ] {
            assert_eq!(nearest(word, names), meant, "{word}");
        }
    }
}
