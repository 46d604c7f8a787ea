//! [`Bench`]: a comparison, one measurement after the other.

use super::{
    build::{self, Programs},
    case::{Case, StepBudget, Variant},
    ceiling::Ceiling,
    error::{BenchError, directory_error},
    final_states::FinalStates,
    program::Contender,
    results::{Results, Tool},
};
use diff2d_sys::{self as sys, Temporary};
use std::{
    env,
    ffi::OsString,
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize},
};

/// What to measure.
#[derive(Debug, Clone)]
pub struct BenchPlan {
    /// Whether the problems are of other kinds than the course's.
    pub physics: bool,
    /// Interior nodes along a side, a comparison for each; none is the problem of the course, and 1024 for other kinds.
    pub sizes: Vec<u32>,
    /// Steps to take; `None` chooses as many as take a second or two.
    pub steps: Option<u64>,
    /// Rounds before those that count, for files and caches.
    pub warmup: u32,
    /// Rounds: how often each program runs and is measured.
    pub repeat: u32,
    /// Numbers of threads for the programs that take several.
    pub threads: Vec<usize>,
    /// A program of the user's own, with its arguments.
    pub own: Vec<OsString>,
    /// The `diff2d` to measure.
    pub program: PathBuf,
    /// The number of the signal that asks to stop; 0 before.
    pub signal: Arc<AtomicUsize>,
}

/// A comparison under way.
#[derive(Debug)]
pub struct Bench {
    case: Case,
    directory: Temporary,
    /// Where the programs are, and the directories of all comparisons.
    _programs: Arc<Temporary>,
    final_states: FinalStates,
    contenders: Vec<Contender>,
    warmup: u32,
    repeat: u32,
    signal: Arc<AtomicUsize>,
    ceilings: Vec<Ceiling>,
    tools: Vec<Tool>,
    missing: Vec<String>,
    load: Option<f64>,
}

impl Bench {
    /// Writes the sources of the reference programs and builds those for which there is a compiler. One comparison
    /// of all programs with the problem of the course; or one for each other kind of problem, with one loop in C++.
    ///
    /// # Errors
    /// [`BenchError`]; a missing compiler or module is no error but named in the results.
    pub fn prepare(plan: &BenchPlan) -> Result<Vec<Self>, BenchError> {
        let load = sys::load();
        let parent = env::temp_dir();
        let directory = Temporary::directory(&parent).map_err(directory_error(&parent))?;
        let directory = Arc::new(directory);
        let path = directory.name();
        let mut programs = build::build(&plan.program, plan.physics, path, &plan.signal)?;
        if !plan.own.is_empty() {
            programs.all.push(build::own(&plan.own));
        }
        let mut ceilings = Vec::new();
        for &threads in &plan.threads {
            let Some(program) = &programs.ceilings else {
                break;
            };
            match Ceiling::measure(program, threads, &plan.signal)? {
                Ok(ceiling) => ceilings.push(ceiling),
                Err(reason) => {
                    programs.missing.push(format!("no ceilings: {reason}"));
                    break;
                }
            }
        }
        let variants: Vec<_> = match plan.physics {
            true => Variant::all().map(Some).collect(),
            false => vec![None],
        };
        let sizes: Vec<Option<u32>> = match plan.sizes.as_slice() {
            [] => vec![None],
            sizes => sizes.iter().copied().map(Some).collect(),
        };
        let all = sizes.into_iter();
        let all = all.flat_map(|size| variants.iter().map(move |&variant| (variant, size)));
        all.map(|(variant, size)| {
            let own = Temporary::directory(path).map_err(directory_error(path))?;
            let case = Case::new(variant, size, plan.steps, own.name())?;
            case.write_params_of(case.steps_of(StepBudget::Arrays))?;
            let mut bench = Self::new(plan, case, own, &directory, programs.clone(), load);
            bench.ceilings.clone_from(&ceilings);
            Ok(bench)
        })
        .collect()
    }

    fn new(
        plan: &BenchPlan,
        case: Case,
        directory: Temporary,
        shared: &Arc<Temporary>,
        programs: Programs,
        load: Option<f64>,
    ) -> Self {
        let has_whole = case.whole_settings().is_some();
        let all = programs.all.into_iter();
        let contenders = all
            .filter(|program| has_whole || !program.is_whole())
            .flat_map(|program| {
                let steps = case.steps_of(program.budget);
                let threads = match program.threaded {
                    true => plan.threads.clone(),
                    false => vec![1],
                };
                let threads = threads.into_iter();
                threads.map(move |threads| Contender::new(program.clone(), steps, threads))
            })
            .collect();
        Self {
            final_states: FinalStates {
                directory: directory.name().to_owned(),
                program: plan.program.clone(),
                case: case.clone(),
                signal: Arc::clone(&plan.signal),
            },
            directory,
            _programs: Arc::clone(shared),
            contenders,
            warmup: plan.warmup,
            repeat: plan.repeat,
            signal: Arc::clone(&plan.signal),
            ceilings: Vec::new(),
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

    /// Measurements of all rounds, those before the ones that count included.
    #[must_use]
    pub fn measurements(&self) -> usize {
        self.contenders.len() * (self.warmup + self.repeat) as usize
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
        let (round, at) = (
            number / self.contenders.len(),
            number % self.contenders.len(),
        );
        let contender = &mut self.contenders[at];
        if contender.failed {
            return Ok(());
        }
        let name = contender.program.name.clone();
        let ours = contender.program.is_ours();
        // A whole run is the same program, and its cube need not end with the final state.
        let is_to_agree = contender.agreement.is_none() && !contender.program.is_whole();
        let file = self.directory.name().join("final.raw");
        let file = (!ours && is_to_agree).then_some(file.as_path());
        let ended = contender.run(&self.case, self.directory.name(), file, &self.signal)?;
        match ended {
            Ok(()) => {
                if is_to_agree {
                    contender.agreement = Some(self.final_states.compare(contender, file)?);
                }
                if round < self.warmup as usize {
                    contender.seconds.clear();
                }
            }
            Err(reason) if ours => {
                return Err(BenchError::Ourselves(name, reason));
            }
            Err(reason) => {
                contender.failed = true;
                let threads = contender.threads;
                self.missing
                    .push(format!("{name} ({threads} threads) is left out: {reason}"));
            }
        }
        Ok(())
    }

    /// The results of all measurements.
    #[must_use]
    pub fn finish(self) -> Results {
        Results {
            ceilings: self.ceilings,
            ..Results::new(
                self.case,
                self.contenders,
                self.tools,
                self.missing,
                self.load,
            )
        }
    }
}
