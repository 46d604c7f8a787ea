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
    /// `[0.5, 1, 2]`: what a sweep goes through; a parameter of a run has one value.
    List(Vec<Value>),
    /// A table or date: no key accepts one; the word says which.
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
            Self::List(_) => "an array",
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
            Self::List(_) | Self::Other(_) => write!(f, "…"),
        }
    }
}

impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Other("null"),
            Json::Bool(value) => Self::Boolean(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Self::Integer(integer),
                (None, Some(float)) => Self::Float(float),
                (None, None) => Self::Other("a number out of range"),
            },
            Json::String(text) => Self::String(text.clone()),
            Json::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Json::Object(_) => Self::Other("a table"),
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
    /// The journal of a cube.
    Journal,
    /// Nobody typed it: the key's default.
    Default,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line } => write!(f, "{file}:{line}"),
            Self::File(file) => write!(f, "{file}"),
            Self::CommandLine => write!(f, "--set"),
            Self::Journal => write!(f, "the journal"),
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
