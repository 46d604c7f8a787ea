//! `diff2d.fit`.

use crate::{
    attended::{Patience, attend},
    cli,
    errors::raised,
    params::Source,
};
use crossbeam_channel::Sender;
use diff2d::{
    fit::{Fit, FitAnswer, FitOptions},
    internal,
};
use pyo3::prelude::*;
use pythonize::pythonize;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Fits numbers of parameters to data in memory, and returns the answer of the command as values. `files` are the bytes
/// of the arrays and tables that parameters name.
#[pyfunction]
pub(crate) fn fit<'py>(
    py: Python<'py>,
    file: Option<PathBuf>,
    text: Option<String>,
    given: &str,
    files: HashMap<String, Vec<u8>>,
    starts: Option<usize>,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyAny>> {
    let source = Source::of(py, file, text)?;
    let mut raw = source.read(given).map_err(|error| raised(py, error))?;
    for (name, bytes) in files {
        raw = raw.with_file(name, bytes);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let options = FitOptions {
        threads: threads.unwrap_or_else(internal::threads),
        starts,
        stop: Arc::clone(&stop),
        ..FitOptions::default()
    };
    let answer: Result<FitAnswer, cli::Error> = attend(
        py,
        // Nothing is sent; the sender lives as long as the work.
        move |_news: Sender<()>| Ok(Fit::new(&raw, false, options)?.solve(&|_| ())?),
        |()| Ok(()),
        || stop.store(true, Ordering::Relaxed),
        &Patience::UntilDone,
    )?;
    let answer = answer.map_err(|error| raised(py, error))?;
    Ok(pythonize(py, &answer)?)
}
