//! `diff2d.fit`.

use crate::{
    attended::{Patience, attend},
    cli,
    errors::raised,
    params::Source,
};
use crossbeam_channel::Sender;
use diff2d::{
    RawParams,
    fit::{Fit, FitAnswer, FitOptions},
    internal,
};
use numpy::{IntoPyArray, PyArray1};
use pyo3::{prelude::*, types::PyDict};
use pythonize::pythonize;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// An answer as values, an object with times, measured and fitted values of each column, the unit of times, and the picture.
type Fitted<'py> = (
    Bound<'py, PyAny>,
    Bound<'py, PyDict>,
    Option<String>,
    FitDrawing,
);

/// A fit that can be drawn.
#[pyclass(frozen)]
pub(crate) struct FitDrawing {
    answer: FitAnswer,
    raw: RawParams,
}

#[pymethods]
impl FitDrawing {
    /// Draws data, curves, residuals and profiles into a file whose name says its kind.
    fn write(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let drawn = py.detach(|| cli::draw_fit(&self.answer, &self.raw, &path));
        drawn.map_err(|error| raised(py, error))
    }
}

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
) -> PyResult<Fitted<'py>> {
    let source = Source::of(py, file, text)?;
    let mut raw = source.read(given).map_err(|error| raised(py, error))?;
    for (name, bytes) in files {
        raw = raw.with_file(name, bytes);
    }
    let stop = Arc::new(AtomicUsize::new(0));
    let options = FitOptions {
        threads: threads.unwrap_or_else(internal::threads),
        starts,
        stop: Arc::clone(&stop),
        ..FitOptions::default()
    };
    let time_unit = raw.typed().get("units.t");
    let time_unit = time_unit.and_then(|entry| Some(entry.value.as_str()?.to_owned()));
    let drawn_raw = raw.clone();
    let answer: Result<FitAnswer, cli::Error> = attend(
        py,
        // Nothing is sent; the sender lives as long as the work.
        move |_news: Sender<()>| Ok(Fit::new(&raw, false, options)?.solve(&|_| ())?),
        |()| Ok(()),
        || stop.store(1, Ordering::Relaxed),
        &Patience::UntilDone,
    )?;
    let answer = answer.map_err(|error| raised(py, error))?;
    let rows = PyDict::new(py);
    for column in &answer.columns {
        let numbers = [0, 1, 2].map(|place| {
            let numbers = column.rows.iter().map(|row| row[place]);
            numbers.collect::<Vec<f64>>().into_pyarray(py)
        });
        let numbers: [Bound<'_, PyArray1<f64>>; 3] = numbers;
        rows.set_item(&column.name, numbers)?;
    }
    let values = pythonize(py, &answer)?;
    let drawing = FitDrawing {
        answer,
        raw: drawn_raw,
    };
    Ok((values, rows, time_unit, drawing))
}
