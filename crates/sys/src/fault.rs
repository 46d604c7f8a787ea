//! [`Fault`]: an error that callers need not distinguish from others.

/// A sentence for the user, with the exit code of a program that ends with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Fault {
    sentence: String,
    exit_code: u8,
}

impl Fault {
    /// What was asked for could not be done.
    #[must_use]
    pub fn failed(sentence: impl Into<String>) -> Self {
        Self::new(sentence, 1)
    }

    /// What was asked for is refused: wrong usage, or parameters that cannot be used.
    #[must_use]
    pub fn refused(sentence: impl Into<String>) -> Self {
        Self::new(sentence, 2)
    }

    /// Data are damaged.
    #[must_use]
    pub fn damaged(sentence: impl Into<String>) -> Self {
        Self::new(sentence, 3)
    }

    fn new(sentence: impl Into<String>, exit_code: u8) -> Self {
        Self {
            sentence: sentence.into(),
            exit_code,
        }
    }

    /// The exit code: 1 where it could not, 2 for wrong usage or parameters, 3 for damaged data.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }
}
