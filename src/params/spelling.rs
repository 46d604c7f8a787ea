//! Spelling mistakes: finds the key or file that was probably meant.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

/// The candidate that was probably meant by `word`: one with a similar spelling, as a whole or within its table.
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
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |name| format!(", did you mean {name}?"))
}

/// A key that was probably meant by a name, and the words of a message that say so.
#[derive(Debug, PartialEq, Eq)]
pub struct Meant<'a> {
    /// The key.
    pub key: &'a str,
    /// The words, which follow the name that was typed.
    pub hint: String,
}

/// The key that was probably meant by a name, by the habits of other programs.
pub fn habit<'a>(
    word: &str,
    candidates: &(impl IntoIterator<Item = &'a str> + Clone),
) -> Option<Meant<'a>> {
    HABITS.lines().find_map(|line| {
        let mut fields = line.splitn(3, " | ");
        let (words, meant, sentence) = (fields.next()?, fields.next()?, fields.next()?);
        words.split(' ').find(|known| *known == word)?;
        let key = candidates.clone().into_iter().find(|name| *name == meant)?;
        let hint = sentence.to_owned();
        Some(Meant { key, hint })
    })
}

/// The key that was probably meant by a name: by habit, or by a similar spelling.
pub fn meant<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<Meant<'a>> {
    habit(word, &candidates).or_else(|| {
        let key = nearest(word, candidates)?;
        let hint = format!(", did you mean {key}?");
        Some(Meant { key, hint })
    })
}

/// The table that was probably meant by the table of a dotted name.
pub fn meant_table<'a>(name: &str, tables: impl IntoIterator<Item = &'a str>) -> Option<Meant<'a>> {
    let (typed_table, last_part) = name.rsplit_once('.')?;
    let key = nearest(typed_table, tables)?;
    let hint = format!(", did you mean {key}.{last_part}?");
    Some(Meant { key, hint })
}

/// A line for each habit: the names that other programs have for a parameter, the key that has their place, and what a message
/// says of it. Keys of a table in a value, such as that of a wall, stand without the name of the table.
const HABITS: &str = include_str!("habits.txt");

/// A [`hint`] for a missing file: a similar name in its directory.
pub fn hint_of_file(path: &Path) -> String {
    /// The largest number of files of a directory that are compared.
    const MOST: usize = 10_000;
    let typed = path.to_string_lossy();
    if typed.contains("://") {
        return "; files are read from this machine: download it first".to_owned();
    }
    if typed.contains(['*', '?']) {
        return "; a pattern in quotes is not filled in by the shell".to_owned();
    }
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

    #[test]
    fn every_line_is_a_habit() {
        for line in HABITS.lines() {
            let fields: Vec<&str> = line.split(" | ").collect();
            assert_eq!(fields.len(), 3, "{line}");
            let meant_by_first_word = fields[0].split(' ').next().unwrap();
            assert!(habit(meant_by_first_word, &[fields[1]]).is_some(), "{line}");
        }
    }

    #[test]
    fn a_habit_comes_before_a_similar_spelling() {
        let names = ["D", "t0", "dx", "runtime", "initial.alpha"];
        for (word, key) in [
            ("alpha", "D"),
            ("T", "runtime"),
            ("nx", "dx"),
            ("runtim", "runtime"),
        ] {
            assert_eq!(meant(word, names).unwrap().key, key, "{word}");
        }
        // A word may mean another key in each table.
        for (word, names, key) in [
            ("h", ["flux", "robin"], "robin"),
            ("h", ["where", "resistance"], "resistance"),
            ("value", ["flux", "robin"], "flux"),
            ("tol", ["column", "steady"], "steady"),
        ] {
            assert_eq!(meant(word, names).unwrap().key, key, "{word}");
        }
        assert_eq!(meant("deltaT", names), None, "there is no dt here");
    }
}
