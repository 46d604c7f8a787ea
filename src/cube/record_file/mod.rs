//! The rows of a record beside its cube, `STEM.record.csv`, and what they are, `STEM.record.json`.
//!
//! Rows are appended as they are taken, and synced before the snapshot or the checkpoint that follows on them. So there are at least those up
//! to the last durable state, whatever kills the run; a run that continues cuts off what is behind that.
//!
//! Each scenario of a sweep has rows of its own, as several go on at a time, in a directory that has the id of the run in its name,
//! `STEM.record-ID/`. At the end of a process they are written one after the other to `STEM.record.csv`, which appears whole;
//! when all scenarios are complete the directory is removed after that.

mod check;
mod description;
mod place;
mod rows;
mod scenarios;

pub use check::check;
pub(super) use description::is_ours;
pub use description::{description, own_fields, seal};
pub use place::{RecordPlace, refuse_others, remove};
pub use rows::{ReadRow, RecordFile};
pub use scenarios::{begin_sweep, end_sweep};
