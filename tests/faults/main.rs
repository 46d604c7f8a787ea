//! Faults on purpose: whatever happens to a run, nothing that was committed is lost, and resuming it
//! gives the files of an uninterrupted one. `tests/durability --full` runs the full sizes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod crashes;
mod lab;
mod layer;
