//! Calls commands of the program, in this process or as the whole program.

use crate::{
    arguments::argument,
    attended::{Patience, attend},
    cli::{self, Call},
    errors::of_code,
};
use diff2d::internal;
use pyo3::prelude::*;
use pythonize::pythonize;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::{
    collections::HashMap,
    ffi::OsString,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The answers of a command, and its notes.
type Answered = (Vec<Py<PyAny>>, Vec<String>);

/// Carries out a command with named arguments. Returns its answers and its notes. If `may_differ` is set, exit code 3
/// with an answer is no error. `writes` says whether the command writes files.
#[pyfunction]
pub(crate) fn call(
    py: Python<'_>,
    command: String,
    arguments: HashMap<String, Bound<'_, PyAny>>,
    writes: bool,
    may_differ: bool,
) -> PyResult<Answered> {
    let arguments = arguments
        .iter()
        .map(|(name, value)| Ok((name.clone(), argument(value)?)))
        .collect::<PyResult<_>>()?;
    let call = Call { command, arguments };
    let stop = Arc::new(AtomicUsize::new(0));
    let flag = Arc::clone(&stop);
    let patience = if writes {
        Patience::UntilDone
    } else {
        Patience::Of(Duration::from_secs(1))
    };
    let answers = Arc::new(Mutex::new(Ok(Vec::new())));
    let collected = Arc::clone(&answers);
    let called = attend(
        py,
        // Nothing is sent; the sender lives as long as the work.
        move |_news: crossbeam_channel::Sender<()>| {
            let pool = pool()?;
            Ok::<_, ThreadPoolBuildError>(pool.install(|| {
                call.carry_out(flag, move |answer| {
                    // Nobody takes it once the interpreter ends.
                    let _ = Python::try_attach(|py| {
                        let mut collected =
                            collected.lock().unwrap_or_else(PoisonError::into_inner);
                        let value = pythonize(py, answer);
                        match (&mut *collected, value) {
                            (Ok(answers), Ok(value)) => answers.push(value.unbind()),
                            (Ok(_), Err(error)) => *collected = Err(PyErr::from(error)),
                            (Err(_), _) => {}
                        }
                    });
                })
            }))
        },
        |()| Ok(()),
        || stop.store(1, Ordering::Relaxed),
        &patience,
    )?;
    let called =
        called.map_err(|error| of_code(py, &format!("the system refuses threads: {error}"), 1))?;
    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    let answers = mem::replace(&mut *answers, Ok(Vec::new()))?;
    match called.error {
        Some((_, 3)) if may_differ && !answers.is_empty() => Ok((answers, called.notes)),
        Some((sentence, code)) => Err(of_code(py, &sentence, code)),
        None => Ok((answers, called.notes)),
    }
}

/// A pool of threads for one command: as many as there are processors, or fewer if the system refuses. The threads of
/// the process itself are not used, because they do not survive a fork.
pub(crate) fn pool() -> Result<ThreadPool, ThreadPoolBuildError> {
    let processors = internal::threads();
    // 0 leaves the number to RAYON_NUM_THREADS.
    pool_of(0)
        .or_else(|_| pool_of(processors.div_ceil(2)))
        .or_else(|_| pool_of(1))
}

fn pool_of(threads: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    const STACK: usize = 16 << 20;
    let builder = ThreadPoolBuilder::new().stack_size(STACK);
    builder.num_threads(threads).build()
}

/// Runs the command line, whose `arguments` begin with the program's name, and returns the exit code. The command line
/// handles signals and prints as the program does, so it needs a process of its own.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| cli::main_of(arguments))
}
