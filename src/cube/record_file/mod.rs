//! The record of a run beside its cube: rows in `STEM.record.csv`, fields in files such as `STEM.mean.npy`, and their
//! description in `STEM.record.json`.
//!
//! Rows and fields are [streams](super::streams), which the marks of the journal prove. A run creates them after line 1
//! of its journal, and removes them before it empties the journal. So a record without a journal belongs to another
//! run, whose cube was renamed, and is never replaced unasked.
//!
//! Each scenario of a sweep has a stream of its own, because several run at the same time. These streams lie in the
//! directory `STEM.record-ID/`, named after the run id. When a process ends, it joins them in `STEM.record.csv`, which
//! appears whole; once all scenarios are complete, the directory is removed.

mod check;
mod description;
mod finish;
mod of_run;
mod parts;
mod place;
mod proved;
mod scenarios;

pub use check::check;
pub(crate) use description::of_another_record;
pub use description::{
    description, faults_of_description, faults_of_digests, first_line, first_lines, is_described,
    own_fields, with_digests, write_description,
};
pub(super) use description::{is_ours, read_description};
pub use finish::finish;
pub use of_run::{FoundStream, field_layout, marks_of};
pub use place::{RecordPlace, refuse_any, refuse_others, remove};
pub(super) use proved::{ProvedFrames, proved_frames, proved_rows};
pub use scenarios::{begin_sweep, end_sweep, is_part_proved, restore_place};
