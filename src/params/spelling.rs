//! Spelling mistakes: finds the key or file that was probably meant.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

/// The candidate that was probably meant by `word`: one with a similar spelling, as a whole or within its table.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter_map(|name| Some((edits(word, name)?, name)))
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, name)| name)
}

/// The number of letters of a word, or of its part within a table, that have to change, if it is small enough for a
/// spelling mistake.
fn edits(word: &str, name: &str) -> Option<usize> {
    let is_in_table = word.contains('.') || name.contains('.');
    let edits_within_table = if is_in_table {
        few_edits(within_table(word), within_table(name)).map(|edits| edits + 1)
    } else {
        None
    };
    few_edits(word, name)
        .into_iter()
        .chain(edits_within_table)
        .min()
}

fn few_edits(word: &str, name: &str) -> Option<usize> {
    let most_edits = 1.max(name.len() / 3);
    // Much longer words are not compared letter by letter.
    if word.chars().nth(name.len() + most_edits).is_some() {
        return None;
    }
    let edits = strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase());
    (edits <= most_edits && edits < name.len()).then_some(edits)
}

/// The last part of a dotted name.
fn within_table(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A hint for a message: `", did you mean …?"` or an empty text.
#[must_use]
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |name| format!(", did you mean {name}?"))
}

/// The key of a table that was probably meant by a formula without the table: `mask = "hypot(x, y) < 2"`.
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

/// A [`hint`] for a missing file: a similar name in its directory.
#[must_use]
pub fn hint_of_file(path: &Path) -> String {
    /// The largest number of files of a directory that are compared.
    const MOST: usize = 10_000;
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let (Some(word), Ok(entries)) = (stem_of(path), fs::read_dir(directory)) else {
        return String::new();
    };
    let names = entries.flatten().take(MOST);
    let names: Vec<PathBuf> = names.map(|entry| entry.file_name().into()).collect();
    let stems = names
        .iter()
        .filter(|name| name.extension() == path.extension())
        .filter_map(|name| stem_of(name));
    let nearest_stem = nearest(word, stems).map(|stem| match path.extension() {
        Some(extension) => path.with_file_name(stem).with_extension(extension),
        None => path.with_file_name(stem),
    });
    // The error may also be in what follows the dot.
    let meant_file = nearest_stem.or_else(|| {
        let mut candidates = names
            .iter()
            .filter(|name| has_our_extension(name) && !has_our_extension(path));
        let name = candidates.find(|name| stem_of(name) == Some(word))?;
        Some(path.with_file_name(name))
    });
    meant_file.map_or_else(String::new, |name| {
        format!(", did you mean {}?", name.display())
    })
}

fn stem_of(name: &Path) -> Option<&str> {
    name.file_stem().and_then(OsStr::to_str)
}

fn has_our_extension(name: &Path) -> bool {
    let extension = name.extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| ["toml", "py", "npy", "npz"].contains(&extension))
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
