//! [`Place`]: the place at which a value was typed.

use std::{
    fmt,
    path::{self, Path, PathBuf},
    sync::Arc,
};

/// The place at which a value was typed: `params/quick.toml:3` or `--set`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of a parameter file.
    Line {
        /// The file as the user named it.
        file: Arc<str>,
        /// The line, counted from 1.
        line: usize,
    },
    /// A parameter file as a whole, or a text in its place.
    File(Arc<str>),
    /// `--set key=value` on the command line.
    CommandLine,
    /// No place: the key has its default.
    Default,
}

impl Place {
    /// The path of a file named at this place. Relative names start from the directory of the parameter file, or on the
    /// command line from the current directory.
    pub fn path_to(&self, name: &str) -> PathBuf {
        let path = match self {
            Self::Line { file, .. } => Path::new(&**file).with_file_name(name),
            Self::File(_) | Self::CommandLine | Self::Default => name.into(),
        };
        path::absolute(&path).unwrap_or(path)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line } => write!(f, "{file}:{line}"),
            Self::File(file) => write!(f, "{file}"),
            Self::CommandLine => write!(f, "--set"),
            Self::Default => write!(f, "default"),
        }
    }
}
