//! [`Contender`]: one program with one number of threads.

use super::{
    agreement::Agreement,
    case::Case,
    child::{Child, Outcome},
    error::BenchError,
    program::{self, Facts, Program},
};
use std::{path::PathBuf, sync::atomic::AtomicUsize, time::Duration};

/// The time limit of one run.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(900);

/// One program with one number of threads, and its results so far.
#[derive(Debug)]
pub(super) struct Contender {
    pub(super) program: Program,
    pub(super) steps: u64,
    pub(super) threads: usize,
    pub(super) seconds: Vec<f64>,
    pub(super) facts: Facts,
    pub(super) agreement: Option<Agreement>,
    pub(super) failed: bool,
}

impl Contender {
    pub(super) fn new(program: Program, steps: u64, threads: usize) -> Self {
        Self {
            program,
            steps,
            threads,
            seconds: Vec::new(),
            facts: Facts::default(),
            agreement: None,
            failed: false,
        }
    }

    /// Runs the program once; returns the seconds that its steps took, or why there are none.
    pub(super) fn run(
        &mut self,
        case: &Case,
        final_file: Option<&PathBuf>,
        signal: &AtomicUsize,
    ) -> Result<Result<f64, String>, BenchError> {
        let command = self
            .program
            .command(case, self.steps, self.threads, final_file);
        let child = Child::new(&command, TIME_LIMIT)
            .environment(program::environment(self.threads))
            .directory(&self.program.directory);
        self.program.prepare_run()?;
        match child.run(signal)? {
            Outcome::Success { stdout, took } => {
                Ok(self.program.seconds(&stdout, took, &mut self.facts))
            }
            Outcome::Failure(reason) => Ok(Err(reason)),
        }
    }
}
