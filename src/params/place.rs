//! [`Place`]: where a value was typed.

use std::{
    fmt,
    path::{self, Path, PathBuf},
    sync::Arc,
};

/// Where a value was typed: `params/quick.toml:3` or `--set`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of a parameter file.
    Line {
        /// The file as the user named it.
        file: Arc<str>,
        /// The line, counted from 1.
        line: usize,
    },
    /// A parameter file as a whole, or what stands for one.
    File(Arc<str>),
    /// `--set key=value` on the command line.
    CommandLine,
    /// Nowhere: the key has its default.
    Default,
}

impl Place {
    /// The file that was named here: relative names start from the parameter file, those of the
    /// command line from the current directory.
    #[must_use]
    pub fn path_to(&self, name: &str) -> PathBuf {
        let beside = match self {
            Self::Line { file, .. } => Path::new(&**file).with_file_name(name),
            Self::File(_) | Self::CommandLine | Self::Default => name.into(),
        };
        path::absolute(&beside).unwrap_or(beside)
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
