//! What somebody probably meant by a command line that cannot be read.

use crate::params::is_key;
use clap::{
    Error,
    builder::StyledStr,
    error::{ContextKind, ContextValue},
};
use diff2d_arrays::wording::excerpt;
use std::path::Path;

/// Commands and formats that there are no more, and what serves in their place.
const REPLACED: [(&str, &str); 6] = [
    ("apng", ANIMATION),
    (
        "bench",
        "the script 'benches/compare' of the repository builds the programs in other languages and times them beside diff2d",
    ),
    ("gif", ANIMATION),
    (
        "netcdf",
        "netCDF-4 and xarray read what 'diff2d export CUBE --to hdf5' writes",
    ),
    ("paraview", PARAVIEW),
    ("vti", PARAVIEW),
];

const PARAVIEW: &str = "ParaView and VTK read the formats xdmf and hdf5: 'diff2d export CUBE --to xdmf' copies nothing";
const ANIMATION: &str = "an animation is a GIF, which '--animate' draws without a value";

/// Options of other programs, and what has their place here.
const HABITS: [(&str, &str); 15] = [
    ("continue", "'--resume' continues a run"),
    (
        "restart",
        "'--resume' continues a run, '--force' starts it over",
    ),
    ("overwrite", "'--force' replaces what is there"),
    ("cmap", "the option is '--colormap'"),
    (
        "format",
        "the ending of the file that -o names is the format, as in '-o figure.pdf'",
    ),
    (
        "size",
        "the option is '--window W0,W1,…', or '--size WIDTHxHEIGHT' of pictures",
    ),
    (
        "mean",
        "means are among the results of 'stats', and 'window' has '--op mean'",
    ),
    (
        "median",
        "'stats' has '--quantiles 0.5', and 'window' has '--op median'",
    ),
    ("dim", "the option is '--axis'"),
    ("axes", "the option is '--axis'"),
    ("nproc", "the option is '--threads'"),
    ("jobs", "the option is '--threads'"),
    (
        "threads",
        "the environment variable RAYON_NUM_THREADS sets the number of threads of this command",
    ),
    ("mem", "the option is '--memory'"),
    (
        "select",
        "a part of an array stands in brackets behind its name, as in 'FILE.npy[10]' or 'FILE.npy[t=5]'",
    ),
];

/// The most letters of a typed word that are shown.
const LONGEST: usize = 200;

/// Adds to an error the command line that was probably meant, and cuts short what was typed.
pub(super) fn with_tip(mut error: Error) -> Error {
    let option = typed_word(&error, ContextKind::InvalidArg).and_then(|word| {
        let name = option_name(&word);
        tip_of_option(name).or_else(|| replacement(&HABITS, name))
    });
    let command = typed_word(&error, ContextKind::InvalidSubcommand)
        .and_then(|word| replacement(&REPLACED, &word).or_else(|| tip_of_file(&word)));
    let value = typed_word(&error, ContextKind::InvalidValue)
        .and_then(|word| replacement(&REPLACED, &word).or_else(|| replacement(&HABITS, &word)));
    if let Some(tip) = option.or(command).or(value) {
        let tips = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
        error.insert(ContextKind::Suggested, tips);
        // A word that is similar is not what was meant.
        for similar in [
            ContextKind::SuggestedArg,
            ContextKind::SuggestedSubcommand,
            ContextKind::SuggestedValue,
        ] {
            error.remove(similar);
        }
    }
    let shortened: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, excerpt(text, LONGEST), text)),
            _ => None,
        })
        .filter(|(_, shown, typed)| shown != *typed)
        .map(|(kind, shown, _)| (kind, shown))
        .collect();
    for (kind, text) in shortened {
        error.insert(kind, ContextValue::String(text));
        // The suggestion repeats what was typed.
        error.insert(ContextKind::Suggested, ContextValue::None);
    }
    error
}

/// The word that was typed where an error of this kind is.
fn typed_word(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    }
}

/// The name of an option, without dashes and its value.
fn option_name(word: &str) -> &str {
    let name = word.trim_start_matches('-');
    name.split_once('=').map_or(name, |(name, _)| name)
}

/// The tip for an option that is the name of a parameter.
fn tip_of_option(name: &str) -> Option<String> {
    is_key(name).then(|| format!("parameters are set as in '--set {name}=…'"))
}

/// What serves in place of a word that this program does not know.
fn replacement(table: &[(&str, &str)], word: &str) -> Option<String> {
    let (_, tip) = table.iter().find(|(name, _)| *name == word)?;
    Some((*tip).to_owned())
}

/// The tip for a file where a command should be.
fn tip_of_file(word: &str) -> Option<String> {
    let extension = Path::new(word).extension()?.to_str()?;
    let word = excerpt(word, LONGEST);
    match extension {
        "toml" | "py" => Some(format!("a problem is solved by 'diff2d run {word}'")),
        "npy" | "npz" => Some(format!(
            "'diff2d info {word}' tells what it is, 'diff2d plot {word}' draws it"
        )),
        _ => None,
    }
}
