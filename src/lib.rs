//! Diffusion in two dimensions: the same bits on any machine, every snapshot durable in one plain `.npy`
//! file.
//!
//! # The equation
//!
//! ```text
//! c ∂p/∂t = ∂/∂x (Dx ∂p/∂x) + ∂/∂y (Dy ∂p/∂y) + S - k p
//! ```
//!
//! on a rectangle. Capacity, coefficients, sources and decay may vary in space; there are walls of every kind, and
//! masked and held nodes. Time is stepped by explicit Euler or by long steps, or treated exactly, or the steady state is
//! solved for. The original problem is that of the SciNet course "High Performance Scientific Computing with Python",
//! and equal parameters give the numbers of its NumPy program to the last bit: one D, p = 0 on the boundary, the
//! five-point Laplacian and explicit Euler steps,
//!
//! ```text
//! lapl    = (((p[j+1,i] + p[j-1,i]) + p[j,i+1]) + p[j,i-1]) - 4 p[j,i]
//! p'[j,i] = p[j,i] + r lapl            r = D dt / dx²,  dt = dx² / 4D
//! ```
//!
//! The initial state of the course has four peaks, `p = a(y) a(x)` with `a(x) = 1 - |1 - 4 |(x - xm)/(x2 - x1)||` and `xm` the
//! middle of the domain. The first axis of every array is y (row `j`), the second x (column `i`). An array of
//! several snapshots has time before them: `(t, y, x)`.
//!
//! # Quick start
//!
//! ```
//! use diff2d::{Cube, Outcome, Problem, Progress, Run};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("peaks.npy");
//! let problem: Problem = "
//!     D = 1.0          # diffusion coefficient [length²/time]
//!     x1 = -10.0       # the domain [length]
//!     x2 = 10.0
//!     dx = 0.5         # wanted spacing [length]
//!     runtime = 2.0    # simulated time to reach [time]
//!     outtime = 0.5    # simulated time per snapshot [time]
//!     grid = 'walls'   # boundary nodes on the ends of the domain
//! "
//! .parse()?;
//! assert_eq!(problem.grid.shape(), (41, 41));
//!
//! // Computes, writes and commits five snapshots; continues where it was if the cube is there already.
//! let report = Run::new(&problem).output(&path).resume(true).start()?;
//! assert_eq!(report.outcome, Outcome::Done);
//!
//! // The cube is a plain array (t, y, x); its journal lists what is committed, with digests.
//! let cube = Cube::open(&path)?;
//! assert_eq!(cube.times().len(), 5);
//! assert!(cube.damaged(&Progress::default())?.is_empty());
//! let last = cube.snapshot(4)?;
//! assert!(last[[20, 20]] > 0.0 && last[[0, 20]] == 0.0);
//! # Ok(())
//! # }
//! ```
//!
//! # In memory
//!
//! A solver takes the steps of a run and writes no file. For every problem its states equal those of the cube bit for bit.
//!
//! ```
//! use diff2d::{Cube, Problem, Run, comm::Solo};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("plate.npy");
//! let problem: Problem = "
//!     D = 'where(x < 0, 1.0, 0.2)'                # two materials
//!     x1 = -2.0
//!     x2 = 2.0
//!     dx = 0.1
//!     runtime = 1.0
//!     outtime = 0.5
//!     grid = 'walls'
//!     source = '5*exp(-4*(x*x + y*y))'            # heated at a spot
//!     boundary = { left = 'insulated' }           # the other sides are kept at 0
//! "
//! .parse()?;
//!
//! let mut solver = problem.solver::<f64>()?;
//! for snapshot in 1..problem.schedule.snapshots() {
//!     solver.advance(problem.schedule.steps_to(snapshot), &Solo)?;
//! }
//!
//! Run::new(&problem).output(&path).start()?;
//! assert_eq!(solver.state().view(), Cube::open(&path)?.snapshot(2)?);
//! # Ok(())
//! # }
//! ```
//!
//! # Map
//!
//! | | |
//! |---|---|
//! | [`Problem`] | parameters from a file or a text, and what follows from them: [`Grid`], [`Schedule`], the initial state |
//! | [`Problem::solver`], [`Field`] | the state in memory, and its steps; no files |
//! | [`Run`], [`Sweep`] | durable simulations: one problem, or many scenarios, into one cube |
//! | [`Cube`] | the files of a simulation: times, nodes, committed snapshots, and whether they are intact |
//! | [`npy`] | any `.npy` file of numbers, in parts |
//! | [`mod@check`] | problems with exact solutions, and the error of a result from three grids |
//! | [`mod@fit`] | numbers of a parameter file from measured series |
//! | [`mod@gradient`] | derivatives of numbers of a record by every value of every field, by the adjoint |
//! | [`arrays`], [`expression`] | statistics, sliding windows, probes and formulas, over arrays larger than memory |
//! | [`mod@export`] | XDMF, Kerchunk, Zarr, HDF5 and CSV, with coordinates and missing snapshots |
//! | [`comm`], [`distribute`] | ranks, and arrays divided among them |
//! | [`stencil`] | the step itself: kernels, tiles, and why they all have the same bits |
#![cfg_attr(
    feature = "plot",
    doc = "| [`plot`] | pictures, animations and pages of any field |"
)]
//!
//! # Features
//!
//! | feature | default | brings |
//! |---|---|---|
//! | `cli` | yes | the program `diff2d`; includes `plot` |
//! | `plot` | yes | pictures, animations, pages |
//! | `hdf5` | no | exports to HDF5; needs libhdf5 to build |
//! | `mpi` | no | [`comm::World`] over MPI; needs Open MPI or MPICH, and libclang, to build |
//!
//! `default-features = false` leaves the library alone.
//!
//! # Platforms
//!
//! Any Unix with 64-bit addresses. Linux is the platform it is measured on. On others the same results come
//! from the standard library alone: there, space for a cube is reserved by writing zeros, and reads go
//! through the page cache. Kernels for AVX-512, AVX2 and NEON are chosen at run time; any other processor
//! has a portable one. All give the same bits.
//!
//! # What is collective
//!
//! A *collective* operation is one that every rank must take part in, in the same order: those of
//! [`comm::collective`], [`comm::Comm::all_gather`], [`Solver::advance`], [`Run::start_on`] and the functions
//! of [`distribute`]. Nothing else communicates. [`Run::start`] and everything without a
//! [`Comm`](comm::Comm) works in this process alone.
//!
//! # What panics
//!
//! Bad input, missing memory, full disks and damaged files are errors, never panics. Arguments that
//! contradict one another do panic, such as rows of a field that has fewer or a tile
//! without rows; `# Panics` says where.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Modules also explain their private files; `cargo doc --document-private-items` follows these links.
#![allow(rustdoc::private_intra_doc_links)]

mod accuracy;
pub mod check;
mod codec;
pub mod comm;
mod cube;
pub mod distribute;
mod dynamics;
pub mod export;
mod fault;
mod field;
pub mod fit;
pub mod gradient;
mod grid;
mod measured;
mod node_set;
mod params;
mod physics;
mod problem;
mod repair;
mod run;
mod schedule;
mod slab;
mod solver;
mod summary;
mod sweep;
mod warnings;

pub use cube::{
    Commit, Cube, CubeError, Header, Io, JournalledArray,
    journal::{Scenario, SnapshotId},
    with_start,
};
pub use diff2d_arrays::{self as arrays, expression, npy, progress::Progress};
#[cfg(feature = "plot")]
pub use diff2d_plot as plot;
pub use diff2d_spectral as spectral;
pub use diff2d_stencil::{self as stencil, Real};
pub use dynamics::Halt;
pub use fault::Fault;
pub use field::Field;
pub use grid::{Axis, Grid};
pub use params::{End, Layout, Limit, Params, ParamsError, Precision, RawParams};
pub use physics::Unready;
pub use problem::{Footprint, Problem};
pub use run::{
    Budget, FluxRow, FluxTable, KeptRecord, Message, Outcome, Report, Run, RunError, Seconds,
    Shape, Solution, States,
};
pub use schedule::Schedule;
pub use solver::Solver;
pub use summary::Summary;
pub use sweep::Sweep;

/// Items for the tests and benchmarks of this package that are not part of the interface. They may change at any time.
#[doc(hidden)]
pub mod internal {
    pub use crate::{
        cube::{
            Claim, CubeWriter, Journal, Paths, SolverLoad, Store, digest,
            journal::{Commits, Mark},
            share::Share,
            streams::ROWS,
        },
        dynamics::{Dynamics, Method, Steadiness},
        params::{
            key::Absent,
            keys::{KEYS, SWEEP_KEYS},
        },
        run::{Begun, RecordFiles, solve_on_calling_thread},
        schedule::{Clock, Due, Nper, Pace},
        slab::Slab,
    };
    pub use diff2d_sys::threads;

    use crate::{Field, Problem, Solver, Unready, stencil};
    use std::io;
    use stencil::{Element, Stencil};

    /// A solver of any equation, for the rows of a slab at t = 0.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub fn solver<T: Element>(
        stencil: Stencil<T>,
        dynamics: Dynamics<T>,
        state: Field<T>,
        slab: Slab,
    ) -> io::Result<Solver<T>> {
        Solver::new(stencil, dynamics, state, 0.0, slab)
    }

    /// The solver of a problem for the rows of a slab, at the start.
    ///
    /// # Errors
    /// [`Unready`].
    pub fn solver_of_rows(
        problem: &Problem,
        state: Field<f64>,
        slab: Slab,
    ) -> Result<Solver<f64>, Unready> {
        problem.solver_of_rows(problem.stencil(), state, Clock::from(0.0), slab)
    }
}

/// Items for the program `diff2d`, and for the Python package, which is built of the program's commands. They are not part of
/// the interface either: they are what a command line tells and asks, and may change with it at any time.
#[doc(hidden)]
pub mod program {
    /// The commit of which the library is built, if it is known.
    pub const COMMIT: Option<&str> = option_env!("DIFF2D_COMMIT");
    /// Whether the library writes HDF5.
    pub const HAS_HDF5: bool = cfg!(feature = "hdf5");

    /// The files of a run.
    pub mod cube {
        pub use crate::cube::{
            Journal, Paths, RecordColumn, RecordReader, RecordTable, Writing, checkpoint, holds,
            inputs,
            journal::{FileNames, Scenarios, telling},
            recorded_inputs,
            restore::Restorer,
            scratch,
        };
    }
    /// Files of loggers and spreadsheets.
    pub mod measured {
        pub use crate::measured::{
            ArgumentColumn, Calendar, ColumnName, CsvRows, Date, Doubles, Head, Heading, Measured,
            MeasuredFile, ReadRequest, Reading, RoundDates, TableError, TimeUnit, WantedColumn,
            WantedNames, common_origin, date, date_order, headings,
        };
    }
    /// What parameters are, and what is near to a word.
    pub mod params {
        pub use crate::params::{
            Choice, Coordinates, FunctionTable, Quantity, StepMethod, Wall, hint, hint_of_file,
            is_key, keys::of_measured_file, nearest, number_of, value::parse_value,
        };
        pub use crate::physics::input::Digests;
    }
    /// How a run divides memory, time and threads.
    pub mod run {
        pub use crate::run::{
            DISK_SPEED, EffectiveDiffusivity, FluxField, PixelEnds, Terms, estimated_seconds,
            on_threads, slab_of_first_rank, worthwhile_threads,
        };
        pub use crate::schedule::{Clock, DECAY_IN_A_STEP, Due, Nper};
        pub use crate::warnings::of_effective as warning_on_effective;
    }
    /// What is mended after a run.
    pub mod repair {
        pub use crate::repair::{faults_of_record, repair};
    }
    /// What is told before a run.
    pub mod warnings {
        pub use crate::warnings::{NOT_ESTIMATED, is_estimated, is_too_dear, of, of_typed};
    }
}
