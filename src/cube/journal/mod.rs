//! The journal of a cube: which of its snapshots are whole. JSON Lines: a [`Header`], then one
//! [`Commit`] per committed snapshot.
//!
//! The last key of every line is `crc`, the CRC-32C of the run id followed by the bytes of the line
//! before `,"crc"`. A line of another run, or one with a flipped bit, is therefore not believed.
//!
//! A program reads journals of its own format and of all older ones since the first release. So that it recognises a newer
//! one, line 1 of every format is a JSON object with the keys `format`, `run_id`, `program_version`
//! and, last, `crc`. A format may gain keys in line 1: a program skips those that it does not know,
//! keeps unknown parameters, and never rewrites the line. Any other change needs a new format.

mod commit;
mod committed;
mod differences;
mod error;
mod file_names;
mod header;
mod header_line;
mod lines;
mod mark;
mod parse;
mod scenario;
mod scenarios;
mod seal;
mod varied;

pub use commit::{Commit, SnapshotId};
pub use committed::Committed;
pub use error::JournalError;
pub use file_names::FileNames;
pub use header::{FORMAT, Header};
pub use lines::Commits;
pub use mark::{Mark, Marks};
pub use parse::Journal;
pub use scenario::Scenario;
pub use scenarios::Scenarios;
pub(super) use seal::{is_sealed_page, seal_page, sealed_page, unseal_page};
pub use varied::{telling, varied};
