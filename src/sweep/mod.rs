//! A parameter sweep: many scenarios into one preallocated cube `(scenarios, snapshots, ny, nx)`.
//!
//! One thread simulates a scenario, exactly as a run would. The threads of all ranks take the next
//! scenario that is not complete, and write into one cube and one journal.
//!
//! [`Run::new`](crate::run::Run::new) takes a [`Sweep`] as it takes a problem. Of its options `extend` and
//! `checkpoint_every` mean nothing to a sweep, whose scenarios have no state between snapshots.

mod scenarios;
mod start;
mod workers;

pub use scenarios::Sweep;
