//! Faults on purpose: whatever happens to a run, nothing that was committed is lost, and resuming it
//! gives the files of an uninterrupted one. `tests/durability --full` runs the full sizes.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

mod crashes;
mod disks;
mod endings;
mod flips;
#[path = "../common/journal.rs"]
#[allow(dead_code, reason = "every test program uses a part of it")]
mod journal;
mod journals;
mod kills;
mod lab;
mod layer;
mod locks;
mod names;
mod others;
mod outputs;
mod readers;
mod results;
mod signals;
#[path = "../common/written.rs"]
mod written;
