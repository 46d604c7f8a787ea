//! `diff2d.solve`.

use crate::{
    attended::{Patience, attend},
    errors::raised,
    params::Source,
    run::ASKED,
};
use crossbeam_channel::Sender;
use diff2d::{Problem, Run, RunError, Scenario, Solution, States, with_start};
use numpy::{Element, IntoPyArray, PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pythonize::pythonize;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize, atomic::Ordering},
};

/// What has been computed: values, times, coordinates along y and x, and the scenario as a journal tells it.
type Solved<'py> = (
    Bound<'py, PyAny>,
    Bound<'py, PyArray1<f64>>,
    [Bound<'py, PyArray1<f64>>; 2],
    Bound<'py, PyAny>,
);

/// Solves a problem in memory. `files` are the bytes of the arrays that parameters name.
#[pyfunction]
pub(crate) fn solve<'py>(
    py: Python<'py>,
    file: Option<PathBuf>,
    text: Option<String>,
    given: &str,
    files: HashMap<String, Vec<u8>>,
) -> PyResult<Solved<'py>> {
    let source = Source::of(py, file, text)?;
    let read = || {
        let mut raw = source.read(given)?;
        for (name, bytes) in files {
            raw = raw.with_file(name, bytes);
        }
        Problem::from_raw(&with_start(raw)?)
    };
    let problem = py.detach(read).map_err(|error| raised(py, error))?;
    let problem = Arc::new(problem);
    let stop = Arc::new(AtomicUsize::new(0));
    let (work, flag) = (Arc::clone(&problem), Arc::clone(&stop));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let solved: Result<Solution, RunError> = attend(
        py,
        // Nothing is sent; the sender lives as long as the work.
        move |_news: Sender<()>| {
            // A pool of its own: that of the process does not survive a fork.
            let run = Run::new(&*work).threads(threads).stop_flag(flag);
            run.solve().map(|(solution, _)| solution)
        },
        |()| Ok(()),
        || stop.store(ASKED, Ordering::Relaxed),
        &Patience::UntilDone,
    )?;
    let Solution { times, states, .. } = solved.map_err(|error| raised(py, error))?;
    let (ny, nx) = problem.grid.shape();
    let shape = [times.len(), ny, nx];
    let values = match states {
        States::F64(states) => array(py, states, shape)?,
        States::F32(states) => array(py, states, shape)?,
    };
    let axes = [&problem.grid.y, &problem.grid.x];
    let nodes = axes.map(|axis| axis.coordinates().into_pyarray(py));
    let scenario = pythonize(py, &Scenario::of(&problem))?;
    Ok((values, times.into_pyarray(py), nodes, scenario))
}

fn array<T: Element>(
    py: Python<'_>,
    values: Vec<T>,
    shape: [usize; 3],
) -> PyResult<Bound<'_, PyAny>> {
    Ok(values.into_pyarray(py).reshape(shape)?.into_any())
}
