//! What can be wrong with parameters; every variant is one sentence for the person who typed them.

use super::value::{Place, Value};

/// Parameters that cannot be used. Always the user's to mend, so always exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum ParamsError {
    /// The file could not be read.
    #[error("cannot read the parameter file {file}: {reason}")]
    Unreadable {
        /// The file as the user named it.
        file: String,
        /// Why, in words.
        reason: String,
    },
    /// The file is neither TOML nor the course's Python dialect.
    #[error("{place}: {reason}")]
    Syntax {
        /// The offending line.
        place: Place,
        /// What the parser expected.
        reason: String,
    },
    /// A key that does not exist.
    #[error("{place}: there is no parameter {key} (= {value}){hint}; the parameters are {known}")]
    Unknown {
        /// Where it was typed.
        place: Place,
        /// The key as typed.
        key: String,
        /// The value as typed.
        value: Value,
        /// `", did you mean dx?"` or nothing.
        hint: String,
        /// All keys there are.
        known: String,
    },
    /// A required key is absent.
    #[error(
        "{file}: the parameter {key} is missing; add a line such as `{key} = {example}`  # {meaning}"
    )]
    Missing {
        /// The file in which it should stand.
        file: String,
        /// The absent key.
        key: &'static str,
        /// A value that would do.
        example: &'static str,
        /// What the key means, with its unit.
        meaning: &'static str,
    },
    /// The same key twice in one file.
    #[error(
        "{place}: {key} is given a second time (it stands in line {first} already); keep one of the two"
    )]
    Repeated {
        /// Where it stands again.
        place: Place,
        /// The key.
        key: String,
        /// The line of the first one.
        first: usize,
    },
    /// A value of the wrong type.
    #[error("{place}: {key} = {value} is {kind}; {key} must be {accepted}")]
    WrongType {
        /// Where it was typed.
        place: Place,
        /// The key.
        key: &'static str,
        /// The value as typed.
        value: Value,
        /// Its type, in words.
        kind: &'static str,
        /// What the key accepts, in words.
        accepted: String,
    },
    /// A value of the right type that cannot be used, alone or with the others.
    #[error("{place}: {key} = {value} cannot be used: {reason}")]
    Refused {
        /// Where it was typed.
        place: Place,
        /// The key.
        key: &'static str,
        /// The value as typed.
        value: Value,
        /// Why, and what would be accepted.
        reason: String,
    },
    /// `--set` without a key and a value.
    #[error("--set {text}: expected key=value, such as --set dx=0.1")]
    BadSet {
        /// What followed `--set`.
        text: String,
    },
}
