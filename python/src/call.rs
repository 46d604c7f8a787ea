//! Commands of the program, called in this process or as the program itself.

use crate::{
    attended::{Patience, attend},
    errors::{of_code, raised},
};
use diff2d::{Cube, cli};
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::{
    ffi::OsString,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// What a command has printed, and its notes.
type Printed = (String, Vec<String>);

/// Carries out a command. Returns what it prints, and its notes; `may_differ` makes exit code 3 with
/// results no error. `writes` says whether it writes files.
#[pyfunction]
pub(crate) fn call(
    py: Python<'_>,
    arguments: Vec<OsString>,
    writes: bool,
    may_differ: bool,
) -> PyResult<Printed> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let patience = match writes {
        true => Patience::UntilDone,
        false => Patience::Of(Duration::from_secs(1)),
    };
    let called = attend(
        py,
        // Nothing is sent; the sender lives as long as the work.
        move |_news: crossbeam_channel::Sender<()>| {
            pool().map(|pool| pool.install(|| cli::call(arguments, flag)))
        },
        |()| Ok(()),
        || stop.store(true, Ordering::Relaxed),
        &patience,
    )?;
    let called =
        called.map_err(|error| of_code(py, &format!("the system refuses threads: {error}"), 1))?;
    let results = String::from_utf8_lossy(&called.results).into_owned();
    match called.error {
        Some((_, 3)) if may_differ && !results.is_empty() => Ok((results, called.notes)),
        Some((sentence, code)) => Err(of_code(py, &sentence, code)),
        None => Ok((results, called.notes)),
    }
}

/// Threads for one command, of as many as there are processors, or of fewer where the system refuses so
/// many. They are not those of the process, which do not survive a fork.
fn pool() -> Result<ThreadPool, ThreadPoolBuildError> {
    const STACK: usize = 16 << 20;
    let build = |threads| {
        let builder = ThreadPoolBuilder::new().stack_size(STACK);
        builder.num_threads(threads).build()
    };
    let all = thread::available_parallelism().map_or(1, usize::from);
    // 0 leaves the number to RAYON_NUM_THREADS.
    build(0)
        .or_else(|_| build(all.div_ceil(2)))
        .or_else(|_| build(1))
}

/// CRC-32C of `data`, continued from `crc`.
#[pyfunction]
pub(crate) fn crc32c(data: &[u8], crc: u32) -> u32 {
    ::crc32c::crc32c_append(crc, data)
}

/// Coordinates along y and x.
type Nodes<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

/// The coordinates of the nodes of the cube of a run, as the program has them; `None` of a sweep.
#[pyfunction]
pub(crate) fn nodes(py: Python<'_>, cube: PathBuf) -> PyResult<Option<Nodes<'_>>> {
    let opened = py.detach(|| Cube::open(&cube));
    let opened = opened.map_err(|error| raised(py, error))?;
    let arrays = |(y, x): (Vec<f64>, Vec<f64>)| (y.into_pyarray(py), x.into_pyarray(py));
    Ok(opened.nodes().map(arrays))
}

/// The command line: `program` starts it again, and `arguments` begin with its name. Returns the exit code.
/// It handles signals and prints as the program does, so the process must be its own.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, program: PathBuf, arguments: Vec<OsString>) -> u8 {
    py.detach(|| cli::main_of(&program, arguments))
}
