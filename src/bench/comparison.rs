//! [`Bench`]: a comparison, one measurement after the other.

use super::{
    build::{self, Programs, Set},
    case::Case,
    contender::Contender,
    error::{BenchError, directory_error},
    final_states::FinalStates,
    results::{Results, Tool},
    variant::Variant,
};
use diff2d_sys as sys;
use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize},
};
use tempfile::TempDir;

/// Interior nodes along a side of problems of other kinds than the course's.
const SIZE_OF_VARIANT: u32 = 1024;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Interior nodes along a side; `None` is the problem of the course, and 1024 for other kinds.
    pub size: Option<u32>,
    /// Steps to take; `None` chooses as many as take a second or two.
    pub steps: Option<u64>,
    /// Rounds: how often each program runs.
    pub repeat: u32,
    /// Numbers of threads for the programs that take several.
    pub threads: Vec<usize>,
    /// The `diff2d` to measure.
    pub program: PathBuf,
    /// The number of the signal that asks to stop; 0 before.
    pub signal: Arc<AtomicUsize>,
}

/// A comparison under way.
#[derive(Debug)]
pub struct Bench {
    case: Case,
    directory: TempDir,
    /// Where the programs are, if not there.
    _programs: Option<Arc<TempDir>>,
    final_states: FinalStates,
    contenders: Vec<Contender>,
    repeat: u32,
    signal: Arc<AtomicUsize>,
    tools: Vec<Tool>,
    missing: Vec<String>,
    load: Option<f64>,
}

impl Bench {
    /// Derives the problem, writes the sources of the reference programs and builds those for which
    /// there is a compiler.
    ///
    /// # Errors
    /// [`BenchError`]; a missing compiler or module is no error but named in the results.
    pub fn prepare(plan: &Plan) -> Result<Self, BenchError> {
        let load = sys::load();
        let directory = directory()?;
        let case = Case::new(plan.size, plan.steps, directory.path())?;
        let set = Set::Course {
            with_cube: case.whole_settings().is_some(),
        };
        let programs = build::build(&plan.program, set, directory.path(), &plan.signal)?;
        Ok(Self::new(plan, case, (directory, None), programs, load))
    }

    /// A comparison for each kind of problem that is not the course's, with one loop in C++.
    ///
    /// # Errors
    /// [`BenchError`]; a missing compiler is no error but named in the results.
    pub fn physics(plan: &Plan) -> Result<Vec<Self>, BenchError> {
        let load = sys::load();
        let shared = Arc::new(directory()?);
        let programs = build::build(&plan.program, Set::Physics, shared.path(), &plan.signal)?;
        let size = plan.size.unwrap_or(SIZE_OF_VARIANT);
        Variant::all()
            .map(|variant| {
                let own = TempDir::new_in(shared.path()).map_err(directory_error(shared.path()))?;
                let case = Case::of_variant(variant, size, plan.steps, own.path())?;
                let programs = programs.in_directory(own.path());
                let places = (own, Some(Arc::clone(&shared)));
                Ok(Self::new(plan, case, places, programs, load))
            })
            .collect()
    }

    fn new(
        plan: &Plan,
        case: Case,
        (directory, shared): (TempDir, Option<Arc<TempDir>>),
        programs: Programs,
        load: Option<f64>,
    ) -> Self {
        let contenders = programs
            .all
            .into_iter()
            .flat_map(|program| {
                let steps = case.steps_of(program.budget);
                let threads = match program.threaded {
                    true => plan.threads.clone(),
                    false => vec![1],
                };
                threads
                    .into_iter()
                    .map(move |threads| Contender::new(program.clone(), steps, threads))
            })
            .collect();
        Self {
            final_states: FinalStates::new(directory.path()),
            directory,
            _programs: shared,
            contenders,
            repeat: plan.repeat,
            signal: Arc::clone(&plan.signal),
            tools: programs.tools,
            missing: programs.missing,
            load,
            case,
        }
    }

    /// The problem.
    #[must_use]
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// Measurements of all rounds.
    #[must_use]
    pub fn measurements(&self) -> usize {
        self.contenders.len() * self.repeat as usize
    }

    /// What measurement `number` runs, in words.
    #[must_use]
    pub fn label(&self, number: usize) -> String {
        let one = &self.contenders[number % self.contenders.len()];
        format!("{}, {} threads", one.program.name, one.threads)
    }

    /// Makes measurement `number`, counted through all rounds.
    ///
    /// # Errors
    /// [`BenchError`] when `diff2d` itself fails or a signal asks to stop. A reference program that fails
    /// is named in the results and left out from then on.
    pub fn measure(&mut self, number: usize) -> Result<(), BenchError> {
        let at = number % self.contenders.len();
        let contender = &mut self.contenders[at];
        if contender.failed {
            return Ok(());
        }
        let ours = contender.program.is_ours();
        // A whole run is the same program, and its cube need not end with the final state.
        if contender.agreement.is_none() && ours && !contender.program.is_whole() {
            contender.agreement = Some(self.final_states.of_ours(
                contender,
                &self.case,
                &self.signal,
            )?);
        }
        let wants_final = contender.agreement.is_none() && !ours;
        let file = self.directory.path().join("final.raw");
        match contender.run(&self.case, wants_final.then_some(&file), &self.signal)? {
            Ok(seconds) => contender.seconds.push(seconds),
            Err(reason) if ours => {
                return Err(BenchError::Ourselves(
                    contender.program.name.clone(),
                    reason,
                ));
            }
            Err(reason) => {
                contender.failed = true;
                self.missing.push(format!(
                    "{} ({} threads) is left out: {reason}",
                    contender.program.name, contender.threads
                ));
                return Ok(());
            }
        }
        if wants_final {
            let agreement =
                self.final_states
                    .compare(contender, &self.case, &file, &self.signal)?;
            self.contenders[at].agreement = Some(agreement);
        }
        Ok(())
    }

    /// The results of all measurements.
    #[must_use]
    pub fn finish(self) -> Results {
        Results::new(
            self.case,
            self.contenders,
            self.tools,
            self.missing,
            self.load,
        )
    }
}

/// A new directory for what is built and written.
fn directory() -> Result<TempDir, BenchError> {
    tempfile::Builder::new()
        .prefix("diff2d-bench-")
        .tempdir()
        .map_err(directory_error(&std::env::temp_dir()))
}
