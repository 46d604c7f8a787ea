//! `diff2d` next to the reference programs: the programs of other languages in `benches/reference`,
//! written from the algorithm of the course "High Performance Scientific Computing with Python".
//!
//! ```text
//!  Plan → Bench::prepare: builds what it finds compilers for
//!           → for each problem: measure(number), round after round, one program after the other
//!           → finish: Results → table, JSON, chart
//! ```
//!
//! Every program is a process of its own, `diff2d` too: all have fresh memory and their own threads,
//! and start from the command line that a user would type. Each times its own stepping loop, so
//! neither the start of the process nor the initial state counts. Rounds interleave the programs, so
//! that a disturbance of the machine meets all of them, and the median over the rounds is compared.
//!
//! With `BenchPlan::physics` the problems are of other kinds: other walls, materials and sources, beside one loop in C++.
//!
//! The final state of every program is compared with that of `diff2d`. A program that the compiler may
//! have contracted (`a*b + c` rounded once) may differ by what that explains, all others not by a bit.

mod agreement;
mod build;
mod case;
mod ceiling;
mod chart;
mod child;
mod comparison;
mod error;
mod final_states;
mod program;
mod results;
mod table;

pub use agreement::Agreement;
pub use build::SOURCES;
pub use case::{Case, CaseChoice, Variant};
pub use ceiling::Ceiling;
pub use chart::{chart, curves};
pub use comparison::{Bench, BenchPlan};
pub use error::BenchError;
pub use results::{ProgramTimes, Results, Timing, Tool};
pub use table::{TableFormat, table};
