//! Faults on purpose: whatever happens to a run, nothing that was committed is lost, and resuming it
//! gives the files of an uninterrupted one. `tests/durability --full` runs the full sizes.

use crate::common::{journal, written};

mod crashes;
mod disks;
mod endings;
mod flips;
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
