//! What readers of cubes ask of the library. `diff2d._pure` answers a part of it with NumPy alone.

use crate::{errors::raised, run::snapshot_fields};
use diff2d::{
    Commit, Cube, CubeError, Fault, JournalledArray, Scenario,
    arrays::labels::beside,
    export::planned_times,
    npy::{self, Dtype, NpyHeader},
    program::cube::{Journal, Paths, RecordReader},
};
use diff2d_sys as sys;
use numpy::{IntoPyArray, PyArray1};
use pyo3::{prelude::*, types::PyDict};
use pythonize::{depythonize, pythonize};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Numbers for Python.
type Floats<'py> = Bound<'py, PyArray1<f64>>;

/// Line 1 of a journal, and its commits.
type Read<'py> = (Bound<'py, PyAny>, Vec<Bound<'py, PyDict>>);

/// Line 1 of the journal of a cube, with the places of input files, and the committed snapshots.
#[pyfunction]
pub(crate) fn journal(py: Python<'_>, cube: PathBuf) -> PyResult<Read<'_>> {
    let read = py.detach(|| {
        let array = JournalledArray::open(&cube)?;
        let header = array.header().cloned();
        let header = header.ok_or_else(|| no_cube(&cube, array.note.clone()))?;
        let commits: Result<Vec<Commit>, CubeError> = array.each_commit()?.collect();
        Ok((header, commits?))
    });
    let (header, commits) = read.map_err(|error: CubeError| raised(py, error))?;
    let snapshots = commits.iter().map(|commit| snapshot_fields(py, commit));
    Ok((pythonize(py, &header)?, snapshots.collect::<PyResult<_>>()?))
}

/// The error of an array whose journal has no line 1, or is ignored for the reason in `note`.
fn no_cube(cube: &Path, note: Option<String>) -> CubeError {
    match (note, Cube::open(cube)) {
        (Some(note), _) => Fault::refused(note).into(),
        (None, Err(error)) => error,
        // Its run has begun meanwhile.
        (None, Ok(_)) => CubeError::StartedOver {
            cube: cube.to_owned(),
        },
    }
}

/// The digests of the input files in a journal by their names, none if its run was stopped before line 1 was written; `None` if the
/// journal cannot be used.
#[pyfunction]
pub(crate) fn inputs(journal: PathBuf) -> Option<BTreeMap<String, String>> {
    let journal = Journal::read(sys::open_to_read(&journal).ok()?).ok()?;
    let header = journal.sound_header().ok()?;
    Some(header.map_or_else(BTreeMap::new, |header| header.inputs.clone()))
}

/// The coordinates of the nodes of a scenario along y and x; `None` if the library derives another grid from its
/// parameters.
#[pyfunction]
pub(crate) fn nodes<'py>(scenario: &Bound<'py, PyAny>) -> PyResult<Option<[Floats<'py>; 2]>> {
    let grid = depythonize::<Scenario>(scenario)?.grid();
    let py = scenario.py();
    Ok(grid.map(|grid| [grid.y, grid.x].map(|axis| axis.coordinates().into_pyarray(py))))
}

/// The times of the snapshots of scenarios. Each is given with the times that are known, of the first snapshots, and the number of
/// all.
#[pyfunction]
pub(crate) fn times<'py>(
    py: Python<'py>,
    scenarios: Vec<(Bound<'py, PyAny>, Vec<f64>, u64)>,
) -> PyResult<Vec<Floats<'py>>> {
    let mut steps = 0;
    let times = scenarios.into_iter().map(|(scenario, known, count)| {
        let scenario: Scenario = depythonize(&scenario)?;
        Ok(planned_times(&scenario, known, count, &mut steps).into_pyarray(py))
    });
    times.collect()
}

/// What is known of an array of this shape, as the text of the file beside it has it; nothing if that is not believed.
#[pyfunction]
pub(crate) fn labels(array: PathBuf, shape: Vec<u64>) -> Vec<u8> {
    let file = sys::open_to_read(&array).ok();
    let mark = file.and_then(|file| npy::mark_in(&file));
    let labels = beside::read(&array, mark, &shape).unwrap_or_default();
    let [_, text] = beside::header_and_text(&NpyHeader::new(shape, Dtype::F64, false), &labels);
    text
}

/// The description of the record beside a cube, and its lines behind the first one, up to the last row that the journal proves;
/// `None` if its run has none.
#[pyfunction]
pub(crate) fn rows(py: Python<'_>, cube: PathBuf) -> PyResult<Option<(String, Vec<String>)>> {
    let read = py.detach(|| {
        let paths = Paths::of_existing(&cube)?;
        let Some(mut reader) = RecordReader::open(&paths)? else {
            return Ok(None);
        };
        let mut lines = Vec::new();
        while let Some(line) = reader.line()? {
            lines.push(line);
        }
        let path = paths.record_description();
        let description = fs::read_to_string(&path).map_err(CubeError::io("read", path))?;
        Ok(Some((description, lines)))
    });
    read.map_err(|error: CubeError| raised(py, error))
}
