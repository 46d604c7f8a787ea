//! The family side by side: the C++, Fortran and Python programs of `benches/family` and `diff2d`
//! itself, on one problem, in turns, and beside them what the machine could do at most.
//!
//! ```text
//!  Plan → Bench::prepare: builds what it finds compilers for
//!           → measure(turn), again and again, one program after the other
//!           → finish: Results → table, JSON, chart
//! ```
//!
//! Every program is a process of its own, `diff2d` too: all have fresh memory, their own threads,
//! and start from the command line that a user would type. Each times its own stepping loop, so
//! neither the start of a process nor the first state counts. The rounds interleave the programs, so
//! that a disturbance of the machine meets all of them; the median of the rounds stands for each.
//!
//! The final state of every program is compared with that of `diff2d`. Programs that a compiler may
//! have contracted (`a*b + c` rounded once) may differ by what that explains, all others not by a bit.

mod build;
mod case;
mod chart;
mod child;
mod family;
mod finals;
mod limits;
mod results;
mod table;

pub use case::Case;
pub use chart::chart;
pub use results::{Agreement, Entry, Limits, Results, Timing, Tool};
pub use table::table;

use crate::{params::ParamsError, sys};
use child::{Child, Ended};
use family::Program;
use finals::Finals;
use std::{
    collections::BTreeSet,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};
use tempfile::TempDir;

/// The longest that one run of one program may take.
const PATIENCE: Duration = Duration::from_secs(900);

/// What to measure.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Interior nodes along a side; `None` is the problem of the course.
    pub size: Option<u32>,
    /// Steps to take; `None` chooses as many as take a second or two.
    pub steps: Option<u64>,
    /// Rounds: how often each program runs.
    pub repeat: u32,
    /// Numbers of threads for the programs that know threads.
    pub threads: Vec<usize>,
    /// The `diff2d` to measure.
    pub program: PathBuf,
    /// Raised by a signal that asks to stop, with its number.
    pub signal: Arc<AtomicUsize>,
}

/// Why a comparison could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A size or number of steps that makes no problem.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// Trouble with the temporary directory.
    #[error("cannot use the temporary directory {}: {source}", path.display())]
    Directory {
        /// The directory, or a file in it.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `diff2d` itself did not run.
    #[error("{0} failed, and there is nothing to compare with: {1}")]
    Ourselves(String, String),
    /// Stopped by a signal of this number.
    #[error("stopped by signal {0}")]
    Signalled(usize),
}

/// A comparison under way.
#[derive(Debug)]
pub struct Bench {
    case: Case,
    directory: TempDir,
    finals: Finals,
    turns: Vec<Turn>,
    limits: limits::Probe,
    repeat: u32,
    signal: Arc<AtomicUsize>,
    tools: Vec<Tool>,
    missing: Vec<String>,
    load: Option<f64>,
}

/// One program with one number of threads, and what is known of it so far.
#[derive(Debug)]
struct Turn {
    program: Program,
    steps: u64,
    threads: usize,
    seconds: Vec<f64>,
    facts: family::Facts,
    agreement: Option<Agreement>,
    failed: bool,
}

impl Bench {
    /// Derives the problem, writes the sources of the family and compiles what can be compiled.
    ///
    /// # Errors
    /// [`BenchError`]; a compiler or module that is missing is not an error but named in the results.
    pub fn prepare(plan: &Plan) -> Result<Self, BenchError> {
        let load = sys::load();
        let directory = tempfile::Builder::new()
            .prefix("diff2d-bench-")
            .tempdir()
            .map_err(|source| BenchError::Directory {
                path: std::env::temp_dir(),
                source,
            })?;
        let case = Case::new(plan.size, plan.steps, directory.path())?;
        let family = build::build(&plan.program, &case, directory.path(), &plan.signal)?;
        let turns = family
            .programs
            .into_iter()
            .flat_map(|program| {
                let steps = case.steps_of(program.pace);
                let threads = match program.threaded {
                    true => plan.threads.clone(),
                    false => vec![1],
                };
                threads.into_iter().map(move |threads| Turn {
                    program: program.clone(),
                    steps,
                    threads,
                    seconds: Vec::new(),
                    facts: family::Facts::default(),
                    agreement: None,
                    failed: false,
                })
            })
            .collect();
        let threads: BTreeSet<usize> = plan.threads.iter().copied().chain([1]).collect();
        Ok(Self {
            finals: Finals::new(directory.path()),
            limits: limits::Probe::new(threads.into_iter().collect(), &case),
            directory,
            turns,
            repeat: plan.repeat,
            signal: Arc::clone(&plan.signal),
            tools: family.tools,
            missing: family.missing,
            load,
            case,
        })
    }

    /// The problem.
    #[must_use]
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// Turns of all rounds together.
    #[must_use]
    pub fn turns(&self) -> usize {
        self.round() * self.repeat as usize
    }

    /// Turns of a round: the programs, and the limits of the machine once.
    fn round(&self) -> usize {
        self.turns.len() + 1
    }

    /// What turn `number` runs, in words.
    #[must_use]
    pub fn label(&self, number: usize) -> String {
        match self.turns.get(number % self.round()) {
            Some(turn) => format!("{}, {} threads", turn.program.name, turn.threads),
            None => "the machine's limits".to_owned(),
        }
    }

    /// Runs turn `number`, counted through all rounds.
    ///
    /// # Errors
    /// [`BenchError`] when `diff2d` itself fails or a signal came; a program of the family that fails
    /// is named in the results and left out from then on.
    pub fn measure(&mut self, number: usize) -> Result<(), BenchError> {
        let at = number % self.round();
        if at == self.turns.len() {
            self.limits.measure();
            return child::heed(&self.signal);
        }
        let turn = &mut self.turns[at];
        if turn.failed {
            return Ok(());
        }
        let ours = turn.program.is_ours();
        // The whole run is the same program again; its cube holds snapshots, not always the end.
        if turn.agreement.is_none() && ours && !turn.program.is_whole() {
            turn.agreement = Some(self.finals.of_ours(turn, &self.case, &self.signal)?);
        }
        let wants_final = turn.agreement.is_none() && !ours;
        let file = self.directory.path().join("final.raw");
        match turn.run(&self.case, wants_final.then_some(&file), &self.signal)? {
            Ok(seconds) => turn.seconds.push(seconds),
            Err(reason) if ours => {
                return Err(BenchError::Ourselves(turn.program.name.clone(), reason));
            }
            Err(reason) => {
                turn.failed = true;
                self.missing.push(format!(
                    "{} ({} threads) is left out: {reason}",
                    turn.program.name, turn.threads
                ));
                return Ok(());
            }
        }
        if wants_final {
            let agreement = self.finals.compare(turn, &self.case, &file, &self.signal)?;
            self.turns[at].agreement = Some(agreement);
        }
        Ok(())
    }

    /// Sums up.
    #[must_use]
    pub fn finish(self) -> Results {
        Results::new(
            self.case,
            self.turns,
            self.limits.finish(),
            self.tools,
            self.missing,
            self.load,
        )
    }
}

impl Turn {
    /// One run; the seconds that it says its steps took, or why there are none.
    fn run(
        &mut self,
        case: &Case,
        final_file: Option<&PathBuf>,
        signal: &AtomicUsize,
    ) -> Result<Result<f64, String>, BenchError> {
        let command = self
            .program
            .command(case, self.steps, self.threads, final_file);
        let child = Child::new(&command, PATIENCE)
            .environment(family::environment(self.threads))
            .directory(&self.program.directory);
        self.program.prepare_run()?;
        match child.run(signal)? {
            Ended::Well { stdout, took } => {
                Ok(self.program.seconds(&stdout, took, &mut self.facts))
            }
            Ended::Badly(reason) => Ok(Err(reason)),
        }
    }
}

/// The arguments of a process, the program first.
type Words = Vec<OsString>;

fn directory_error(path: &Path) -> impl FnOnce(io::Error) -> BenchError {
    let path = path.to_path_buf();
    move |source| BenchError::Directory { path, source }
}
