//! What a person typed: values with the place they were typed at.

use std::fmt;

/// One value as it was typed, before anybody asked whether it fits its key.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `1.0`, `1e-3`, `nan`
    Float(f64),
    /// `1`, which passes for a float
    Integer(i64),
    /// `true`, `False`
    Boolean(bool),
    /// `"slides"`
    String(String),
    /// An array, table or date: no key accepts one; the word says which.
    Other(&'static str),
}

impl Value {
    /// The word for this value's type, for messages: `"a string"`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Float(_) => "a number",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "a boolean",
            Self::String(_) => "a string",
            Self::Other(kind) => kind,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(value) if value.is_nan() => write!(f, "nan"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::String(value) => write!(f, "{value:?}"),
            Self::Other(_) => write!(f, "…"),
        }
    }
}

/// Where a value was typed: `params/quick.toml:3` or `--set`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of a parameter file, counted from 1.
    Line {
        /// The file as the user named it.
        file: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// A parameter file as a whole.
    File(String),
    /// `--set key=value` on the command line.
    CommandLine,
    /// Nobody typed it: the key's default.
    Default,
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

/// `key = value`, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key, dotted when it stood in a table.
    pub key: String,
    /// What was typed behind the `=`.
    pub value: Value,
    /// Where.
    pub place: Place,
}
