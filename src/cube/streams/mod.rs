//! Streams: the files of lines or of frames beside a cube, to which a run only appends.
//!
//! Whatever makes a state durable (the journal line of a snapshot, the page of the checkpoint, the page of the scratch) holds
//! a [`Mark`] of each stream: how many lines or frames it has then, where they end, and the check sum of all bytes between
//! the head of the file and there. So the last mark proves a whole stream, and two marks prove the interval between them,
//! wherever its bytes stand in the file.
//!
//! | file | content |
//! |---|---|
//! | `file.rs` | [`StreamLayout`] and [`StreamFile`]: what its file consists of |
//! | `stream.rs` | [`Stream`]: a file that is created, opened, appended to, proved and cut |
//! | `copy.rs` | how a stream takes over what another one has between two marks |
//! | `examine.rs` | which intervals of a stream are as its run has written them |

mod copy;
mod examine;
mod file;
mod stream;

pub use super::journal::{Mark, Marks};
pub use examine::Examination;
pub use file::{StreamFile, StreamLayout};
pub use stream::Stream;
pub(super) use stream::lost;

/// The name of the stream of rows among marks. The streams of fields have the names of their fields.
pub const ROWS: &str = "record";
