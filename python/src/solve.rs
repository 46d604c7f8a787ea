//! `diff2d.solve`.

use crate::{
    attended::{Patience, attend},
    call::pool,
    errors::{of_code, raised, warn},
    params::Source,
    run::ASKED,
};
use crossbeam_channel::Sender;
use diff2d::{
    FluxTable, Grid, KeptRecord, Params, ParamsError, Problem, RawParams, Report, Run, RunError,
    Scenario, Solution, States, internal, with_start,
};
use numpy::{
    Element, IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray3,
};
use pyo3::prelude::*;
use pythonize::{depythonize, pythonize};
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Arc, atomic::AtomicUsize, atomic::Ordering},
};

/// A solution: values, times, coordinates along y and x, the scenario as in a journal, the digests of its files, and its
/// record.
type Solved<'py> = (
    Bound<'py, PyAny>,
    Bound<'py, PyArray1<f64>>,
    [Bound<'py, PyArray1<f64>>; 2],
    Bound<'py, PyAny>,
    BTreeMap<String, String>,
    Option<Recorded<'py>>,
);

/// A record: its description, the names of its columns with numbers, the numbers of each row, and the dates of the rows.
type Recorded<'py> = (
    String,
    Vec<String>,
    Bound<'py, PyArray2<f64>>,
    Option<Vec<String>>,
);

/// The numbers of rows and columns of the parameters' grid, with boundary nodes. No file is read.
#[pyfunction]
pub(crate) fn shape(
    py: Python<'_>,
    file: Option<PathBuf>,
    text: Option<String>,
    given: &str,
) -> PyResult<(usize, usize)> {
    Ok(grid_of(py, file, text, given)?.shape())
}

/// The coordinates of the nodes of the parameters' grid along y and x, with boundary nodes. No file is read.
#[pyfunction]
pub(crate) fn grid<'py>(
    py: Python<'py>,
    file: Option<PathBuf>,
    text: Option<String>,
    given: &str,
) -> PyResult<[Bound<'py, PyArray1<f64>>; 2]> {
    let grid = grid_of(py, file, text, given)?;
    Ok([&grid.y, &grid.x].map(|axis| axis.coordinates().into_pyarray(py)))
}

/// The grid of parameters.
fn grid_of(
    py: Python<'_>,
    file: Option<PathBuf>,
    text: Option<String>,
    given: &str,
) -> PyResult<Grid> {
    let source = Source::of(py, file, text)?;
    let grid = source
        .read(given)
        .and_then(|raw| Grid::new(&Params::from_raw(&raw)?, &raw));
    grid.map_err(|error| raised(py, error))
}

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
    let problem_and_warnings = py.detach(|| {
        let mut raw = source.read(given)?;
        for (name, bytes) in files {
            raw = raw.with_file(name, bytes);
        }
        let raw = with_start(raw)?;
        let problem = Problem::from_raw(&raw)?;
        let warnings = problem.warnings(&raw);
        Ok((problem, warnings))
    });
    let (problem, warnings) =
        problem_and_warnings.map_err(|error: ParamsError| raised(py, error))?;
    warn(py, &warnings)?;
    let count = warnings.len();
    let problem = Arc::new(problem);
    let stop = Arc::new(AtomicUsize::new(0));
    let (work, flag) = (Arc::clone(&problem), Arc::clone(&stop));
    let threads = internal::threads();
    let solved: Result<(Solution, Report), RunError> = attend(
        py,
        // Nothing is sent; the sender lives as long as the work.
        move |_news: Sender<()>| {
            // A pool of its own: that of the process does not survive a fork.
            let run = Run::new(&*work).threads(threads).stop_flag(flag);
            run.warnings(warnings).solve()
        },
        |()| Ok(()),
        || stop.store(ASKED, Ordering::Relaxed),
        &Patience::UntilDone,
    )?;
    let (solution, report) = solved.map_err(|error| raised(py, error))?;
    // The warnings at the end of the run are new.
    warn(py, report.warnings.get(count..).unwrap_or_default())?;
    let Solution {
        times,
        states,
        record,
        ..
    } = solution;
    let (ny, nx) = problem.grid.shape();
    let shape = [times.len(), ny, nx];
    let values = match states {
        States::F64(states) => array(py, states, shape)?,
        States::F32(states) => array(py, states, shape)?,
    };
    let axes = [&problem.grid.y, &problem.grid.x];
    let nodes = axes.map(|axis| axis.coordinates().into_pyarray(py));
    let scenario = pythonize(py, &Scenario::of(&problem))?;
    let times = times.into_pyarray(py);
    let record = record.map(|record| recorded(py, record)).transpose()?;
    Ok((values, times, nodes, scenario, problem.inputs(), record))
}

/// A record for Python.
fn recorded(py: Python<'_>, record: KeptRecord) -> PyResult<Recorded<'_>> {
    let KeptRecord {
        names,
        numbers,
        dates,
        description,
        ..
    } = record;
    let shape = [numbers.len() / names.len(), names.len()];
    let numbers = numbers.into_pyarray(py).reshape(shape)?;
    Ok((description, names, numbers, dates))
}

/// The names and values of the rates of snapshots in memory at some times, and what is unexplained. `files` are the bytes
/// of the arrays that the parameters of the scenario name, and `inputs` the digests of all files that the solution was
/// computed from.
#[pyfunction]
pub(crate) fn flux(
    py: Python<'_>,
    scenario: &Bound<'_, PyAny>,
    files: HashMap<String, Vec<u8>>,
    inputs: BTreeMap<String, String>,
    times: PyReadonlyArray1<'_, f64>,
    values: PyReadonlyArray3<'_, f64>,
) -> PyResult<Vec<(String, Vec<f64>)>> {
    /// The exit codes for a resource that the system refuses, and for data that cannot be used.
    const FAILURE: u8 = 1;
    const DATA: u8 = 3;
    let scenario: Scenario = depythonize(scenario)?;
    let mut raw = RawParams::from_canonical(&scenario.params);
    for (name, bytes) in files {
        raw = raw.with_file(name, bytes);
    }
    let problem = Problem::from_raw(&raw).map_err(|error| raised(py, error))?;
    if digests(&problem.inputs()) != digests(&inputs) {
        let reason = "a file that the parameters name has changed since the problem was solved";
        return Err(of_code(py, reason, DATA));
    }
    let pool = pool().map_err(|error| of_code(py, &error.to_string(), FAILURE))?;
    let (times, values) = (times.as_slice()?, values.as_array());
    let table = py.detach(|| pool.install(|| FluxTable::of_values(&problem, times, &values)));
    let FluxTable {
        names,
        rows,
        warning,
        ..
    } = table.map_err(|error| raised(py, error))?;
    warn(py, warning.as_slice())?;
    let rates = names.into_iter().enumerate().map(|(number, name)| {
        let rates = rows.iter().map(|row| row.rates[number]);
        (format!("{name}_rate"), rates.collect::<Vec<f64>>())
    });
    let unexplained: Vec<f64> = rows.iter().map(|row| row.unexplained).collect();
    Ok(rates
        .chain([("unexplained".to_owned(), unexplained)])
        .collect())
}

/// The digests of files, whatever their names.
fn digests(inputs: &BTreeMap<String, String>) -> Vec<&String> {
    let mut digests: Vec<&String> = inputs.values().collect();
    digests.sort_unstable();
    digests
}

fn array<T: Element>(
    py: Python<'_>,
    values: Vec<T>,
    shape: [usize; 3],
) -> PyResult<Bound<'_, PyAny>> {
    Ok(values.into_pyarray(py).reshape(shape)?.into_any())
}
