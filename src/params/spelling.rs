//! Slips of the pen: which key or file somebody probably meant.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

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

/// The key of a table that a formula without it was probably meant for: `mask = "hypot(x, y) < 2"`.
#[must_use]
pub fn hint_of_table<'a>(
    word: &str,
    mut candidates: impl Iterator<Item = &'a str>,
) -> Option<String> {
    let (meant, hint) = match word {
        "mask" | "mask.expression" | "mask.formula" | "mask.value" => {
            ("mask.where", ", did you mean mask.where?")
        }
        "initial" => (
            "initial.kind",
            ", did you mean [initial] with kind = \"expression\" and value = \"…\"?",
        ),
        _ => return None,
    };
    candidates
        .any(|name| name == meant)
        .then(|| hint.to_owned())
}

/// As [`hint`], for a file that is not there: another one in its directory.
#[must_use]
pub fn hint_of_file(path: &Path) -> String {
    /// Directories may have any number of files.
    const MOST: usize = 10_000;
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let stem = |name: &Path| name.file_stem().and_then(OsStr::to_str).map(str::to_owned);
    let (Some(word), Ok(entries)) = (stem(path), fs::read_dir(directory)) else {
        return String::new();
    };
    let names = entries.flatten().take(MOST);
    let names: Vec<PathBuf> = names.map(|entry| entry.file_name().into()).collect();
    let alike = names.iter();
    let alike = alike.filter(|name| name.extension() == path.extension());
    let stems: Vec<String> = alike.filter_map(|name| stem(name)).collect();
    let near = nearest(&word, stems.iter().map(String::as_str));
    let near = near.map(|stem| match path.extension() {
        Some(end) => path.with_file_name(stem).with_extension(end),
        None => path.with_file_name(stem),
    });
    // Or the slip is in what follows the dot.
    let is_ours = |name: &Path| {
        let end = name.extension().and_then(OsStr::to_str);
        end.is_some_and(|end| ["toml", "py", "npy", "npz"].contains(&end))
    };
    let mut others = names.iter().filter(|name| is_ours(name) && !is_ours(path));
    let mut other = || others.find(|name| stem(name).as_ref() == Some(&word));
    let named = near.or_else(|| other().map(|name| path.with_file_name(name)));
    named.map_or_else(String::new, |name| {
        format!(", did you mean {}?", name.display())
    })
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
