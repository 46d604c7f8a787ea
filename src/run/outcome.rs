//! [`Outcome`]: how a run ended.

use serde::{Deserialize, Serialize};

/// How a run ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Outcome {
    /// After its last step.
    Done,
    /// Every snapshot had been committed before.
    AlreadyDone,
    /// On request, with the number found in the stop flag of any rank; resumable.
    Stopped(usize),
    /// At the end of its wall time; resumable.
    OutOfTime,
    /// Because its cube or journal has lost its name; the run then ends with the writer's error.
    FilesLost,
}
