//! [`Reached`]: a moment that a run has reached.

use crate::schedule::{Clock, Moment};

/// A moment that a run has reached.
#[derive(Clone, Copy)]
pub(super) struct Reached {
    pub(super) moment: Moment,
    /// The time of the state: at the moment, or before it if the moment lies between two steps.
    pub(super) now: Clock,
    /// Whether a snapshot is due.
    pub(super) is_snapshot: bool,
}
