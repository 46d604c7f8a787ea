//! A run: the time loop of a problem, from its initial state or the last durable one to the end.
//!
//! | file | content |
//! |---|---|
//! | [`Run`] in `builder.rs`, `options.rs` | how a run is asked for and observed, and how it ends |
//! | `time_loop.rs` | the run itself, top to bottom |
//! | `begin.rs` | what precedes the loop: ranks agree, find room for the state, and open the cube |
//! | `budget.rs` | how memory is divided: by what takes it, and for a state that is larger into bands (`bands_shape.rs`) |
//! | `setup.rs` | slab, field and scratch of a rank |
//! | `state.rs` | where the state is: `in_memory.rs`, or `in_bands.rs` where it is larger, with its passes in `band_pass.rs` |
//! | `output.rs`, `snapshot.rs`, `resume.rs` | where snapshots go, and where a run continues; `solution.rs`: in memory |
//! | `steady.rs` | whether a run ends before its last snapshot |
//! | `recording.rs`, `history.rs`, `state_reader.rs` | the rows of a record, and what they have of a state; `row_schedule.rs`: when they are due; `columns.rs`, `sums.rs`: their columns, and what came in; `flux.rs`: of a cube |
//! | `recompute.rs` | snapshots computed again, for repair |
//! | `exchange.rs` | how ranks report to rank 0 and come to the same decisions |
//! | `decomposition.rs` | the slab of a rank and its transfers to others |
//! | `clock.rs` | when to check for signals, deadlines and checkpoints |
//!
//! Ranks run the same code in step: whatever communicates is called on all of them, and an error that
//! one rank alone may have is exchanged before any rank acts on it.

mod band_pass;
mod bands_shape;
mod begin;
mod budget;
mod builder;
mod clock;
mod columns;
mod decomposition;
mod error;
mod exchange;
mod flux;
mod history;
mod in_bands;
mod in_memory;
mod interval_fields;
mod observer;
mod options;
mod output;
mod pool;
mod recompute;
mod recording;
mod report;
mod resume;
mod row_schedule;
mod setup;
mod snapshot;
mod solution;
mod state;
mod state_reader;
mod steady;
mod sums;
mod time_loop;

pub use bands_shape::Shape;
pub(crate) use begin::open;
pub use budget::Budget;
pub use builder::Run;
pub use error::RunError;
pub(crate) use flux::{FluxRow, FluxTable};
pub use observer::Message;
pub use options::Outcome;
pub use report::{Report, Seconds};
pub use solution::{Solution, States};

pub(crate) use bands_shape::DISK_SPEED;
pub(crate) use budget::{SnapshotStorage, Terms, tile_of};
pub(crate) use clock::RunClock;
pub(crate) use columns::{SweepRecord, have_one_record};
pub(crate) use decomposition::Decomposition;
pub(crate) use exchange::{Exchange, finish, on_root};
pub(crate) use in_memory::InMemory;
pub(crate) use observer::Observer;
pub(crate) use options::Options;
pub(crate) use output::Output;
pub(crate) use pool::install as on_threads;
pub(crate) use pool::worthwhile as worthwhile_threads;
pub(crate) use recompute::{recompute, record_again};
pub(crate) use time_loop::simulate;
