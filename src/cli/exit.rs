//! [`ExitCode`]: the exit code of a command.

use std::process::{ExitCode as Process, Termination};

/// The exit code of a command, as a number that others than the system may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitCode(u8);

impl ExitCode {
    pub(super) const SUCCESS: Self = Self(0);
    pub(super) const FAILURE: Self = Self(1);

    /// The number.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }
}

impl From<u8> for ExitCode {
    fn from(code: u8) -> Self {
        Self(code)
    }
}

impl Termination for ExitCode {
    fn report(self) -> Process {
        self.0.into()
    }
}
