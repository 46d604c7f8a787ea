//! A run: the time loop of a problem, from its initial state or the last durable one to the end.
//!
//! | file | content |
//! |---|---|
//! | [`Run`] in `builder.rs`, `options.rs` | how a run is set up and observed, and how it ends |
//! | `carry_out.rs`, `time_loop.rs` | the run itself, top to bottom, and its loop from moment to moment |
//! | `begin.rs` | the preparation: ranks agree, find memory for the state, and open the cube |
//! | `budget.rs` | how memory is divided by use, and into bands for a larger state (`bands_shape.rs`) |
//! | `setup.rs` | slab, field and scratch of a rank |
//! | `state.rs` | where the state is: `in_memory.rs`, or `in_bands.rs` where it is larger, with its passes in `band_pass.rs` |
//! | `output.rs`, `snapshot.rs`, `resume.rs`, `extend.rs` | where snapshots go, where a run continues, and what it takes of a shorter one; `solution.rs`, `kept_record.rs`: in memory |
//! | `steady.rs` | whether a run ends before its last snapshot |
//! | `tracker.rs`, `trackers.rs` | the observers of a run, each at its own moments: snapshots and a limit (`trackers/`), rows (`row_tracker.rs`) and fields (`field_tracker.rs`) |
//! | `streams.rs` | the streams that rows and fields go to |
//! | `row.rs`, `state_reader.rs`, `row_schedule.rs`, `columns.rs`, `sums.rs` | rows, the values in them, their moments, their columns, and the integrated rates; `state_rows.rs`: rows of any states; `flux.rs`: rates of a cube; `flux_field.rs`: its flux at the nodes |
//! | `calling_thread.rs` | a run in memory on the calling thread, for places without files and threads |
//! | `without_files.rs` | runs that write no files: the rows of a record in memory, the last state, and the step at which a run ends |
//! | `interval.rs`, `snapshot_digest.rs` | repair: what lies between two snapshots is computed again, and kept if it is that of the run: the snapshot (`recompute.rs`), rows and frames (`restore_streams.rs`) |
//! | `exchange.rs` | how ranks report to rank 0 and come to the same decisions |
//! | `decomposition.rs` | the slab of a rank and its transfers to others |
//! | `clock.rs` | when to check for signals, deadlines and checkpoints |
//!
//! Ranks run the same code in step: every function that communicates is called on all of them, and an error that may
//! occur on one rank alone is exchanged before any rank acts on it.

mod band_pass;
mod bands_shape;
mod begin;
mod budget;
mod builder;
mod calling_thread;
mod carry_out;
mod clock;
mod columns;
mod decomposition;
mod effective;
mod error;
mod exchange;
mod extend;
mod field_tracker;
mod flux;
mod flux_field;
mod in_bands;
mod in_memory;
mod interval;
mod kept_record;
mod observer;
mod options;
mod output;
mod pool;
mod reached;
mod recompute;
mod report;
mod restore_streams;
mod resume;
mod row;
mod row_schedule;
mod row_tracker;
mod seconds;
mod setup;
mod snapshot;
mod snapshot_digest;
mod solution;
mod state;
mod state_reader;
mod state_rows;
mod steady;
mod streams;
mod sums;
mod time_loop;
mod tracker;
mod trackers;
mod without_files;

pub use bands_shape::Shape;
pub(crate) use begin::open;
pub use budget::{Budget, SnapshotStorage, Terms, slab_of_first_rank};
pub use builder::Run;
pub use calling_thread::{Begun, RecordFiles, solve_on_calling_thread};
pub(crate) use effective::problem_and_rate;
pub use effective::{EffectiveDiffusivity, PixelEnds};
pub use error::RunError;
pub use flux::{FluxRow, FluxTable};
pub use flux_field::FluxField;
pub use observer::Message;
pub use options::Outcome;
pub use report::{Report, Seconds};
pub use seconds::estimated_seconds;
pub use solution::{KeptRecord, Solution, States};

pub use bands_shape::DISK_SPEED;
pub(crate) use clock::RunClock;
pub(crate) use columns::{DescribedRecord, SweepRecord, end_record_of_sweep, have_one_record};
pub(crate) use decomposition::Decomposition;
pub(crate) use exchange::{Exchange, finish, on_root};
pub(crate) use in_memory::InMemory;
pub(crate) use observer::Observer;
pub(crate) use options::Options;
pub(crate) use output::{CubeOutput, Output};
pub use pool::install as on_threads;
pub use pool::worthwhile as worthwhile_threads;
pub(crate) use recompute::recompute;
pub(crate) use restore_streams::restore_streams;
pub(crate) use row::{Row, RowSums};
pub(crate) use state_rows::StateRows;
pub(crate) use time_loop::simulate;
pub(crate) use without_files::{early_end, record_columns, record_rows, solve_with_rows};
