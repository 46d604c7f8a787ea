//! A parameter sweep: many scenarios into one preallocated cube `(scenarios, snapshots, ny, nx)`.
//!
//! Each scenario is simulated by one thread, exactly as in a run. The threads of all ranks take the next incomplete
//! scenario, and write into one cube and one journal.
//!
//! [`Run::new`](crate::run::Run::new) takes a [`Sweep`] as it takes a problem. The options `extend` and
//! `checkpoint_every` have no effect on a sweep, because its scenarios save no state between snapshots.

mod scenarios;
mod start;
mod workers;

pub use scenarios::Sweep;
