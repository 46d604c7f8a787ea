//! `diff2d info`: what a file says of itself.

mod cube;
mod labels;
mod record;
mod running;

use self::{
    cube::{CubeState, SnapshotCounts},
    labels::Description,
    record::RecordState,
    running::Running,
};
use super::{
    listing::Listing,
    number,
    open::open_whole,
    select,
    selection::Selection,
    terminal::{Terminal, printable},
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::CubeError;
use diff2d_arrays::npy::{self, AnyHeader, DATA_OFFSET, Descr, HeaderError, NpyError};
use serde::Serialize;
use std::{
    fmt,
    io::BufReader,
    path::{Path, PathBuf},
};

/// Show the header of a .npy file and, of a cube, its parameters and progress
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d info output/diff2dparams.npy
  diff2d info 'output/diff2dparams.npy[t=1:]'")]
pub(super) struct InfoArgs {
    /// Any .npy file; FILE.npy[R0,R1,…] is a part of one, as in the other commands
    #[arg(value_name = "FILE.npy")]
    file: PathBuf,
    /// Scenarios of a sweep to list, as a range in Python; JSON has all of them
    #[arg(long, value_name = "A:B", default_value = ":10")]
    scenarios: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn info(args: &InfoArgs, terminal: &Terminal) -> Result<(), Error> {
    let (file, selection) = Selection::of_file(&args.file)?;
    let array = match open_whole(file, terminal) {
        Ok(array) => array,
        // Whatever the elements are, and whether there are any yet, the header can be told.
        Err(Error::Cube(
            CubeError::Npy(NpyError::Header {
                source: HeaderError::Dtype(_),
                ..
            })
            | CubeError::NotYet { .. },
        )) if selection.is_none() => {
            let (header, bytes) = header(file)?;
            return terminal.answer(&Info::new(&args.file, header, bytes), args.json);
        }
        Err(error) => return Err(error),
    };
    let (whole_shape, bytes_behind) = (array.npy.shape.clone(), array.bytes_behind());
    let array = select::part(array, selection.as_ref(), terminal)?;
    let npy = &array.npy;
    let header = AnyHeader {
        descr: Descr::Number(npy.dtype),
        fortran_order: npy.fortran_order,
        shape: npy.shape.clone(),
        data_offset: npy.data_offset,
    };
    let mut info = Info::new(&array.path, header, array.bytes);
    if selection.is_some() {
        info.file = args.file.display().to_string();
        info.bytes_behind = bytes_behind;
        info.part_of = Some(whole_shape);
    }
    // A damaged record does not hide what the cube says of itself.
    let mut record_error = None;
    if let Some(journal) = &array.journal {
        let mut cube = CubeState::new(&args.file, journal);
        cube.listed = Some(cube.chosen(&args.scenarios)?);
        cube.running = Running::of(&array);
        match RecordState::of(&args.file) {
            Ok(record) => cube.record = record,
            Err(error) => record_error = Some(error),
        }
        if args.json || terminal.has_caller() {
            cube.snapshots = Some(SnapshotCounts::new(array.each_commit()?));
        }
        info.cube = Some(cube);
    } else {
        info.labels = Description::of(&array.labels);
    }
    terminal.answer(&info, args.json)?;
    record_error.map_or(Ok(()), Err)
}

/// The header of an array of anything, and the length of its file.
fn header(path: &Path) -> Result<(AnyHeader, u64), NpyError> {
    let file = npy::open_file(path)?;
    let bytes = file
        .metadata()
        .map_err(NpyError::io("examine", path))?
        .len();
    let header = AnyHeader::decode(BufReader::new(file)).map_err(NpyError::header(path))?;
    header.fits(bytes).map_err(NpyError::header(path))?;
    Ok((header, bytes))
}

/// The answer: an array, its labels or its journal.
#[derive(Serialize)]
struct Info<'a> {
    file: String,
    shape: Vec<u64>,
    dtype: String,
    fortran_order: bool,
    data_offset: u64,
    bytes: u64,
    /// Bytes behind the array.
    bytes_behind: u64,
    /// The shape of the array in the file, if this is a part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    part_of: Option<Vec<u64>>,
    /// The axes, if a file beside the array describes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Description>,
    #[serde(flatten)]
    cube: Option<CubeState<'a>>,
    /// What the elements are if not numbers.
    #[serde(skip)]
    kind: Option<&'static str>,
}

impl Info<'_> {
    fn new(path: &Path, header: AnyHeader, bytes: u64) -> Self {
        // Pickled objects may be of any length.
        let is_pickled = matches!(
            header.descr,
            Descr::Other {
                bytes: None | Some(0),
                ..
            }
        );
        let array_bytes = header.file_bytes().ok().filter(|_| !is_pickled);
        let bytes_behind = array_bytes.map_or(0, |array_bytes| bytes.saturating_sub(array_bytes));
        let (dtype, kind) = match header.descr {
            Descr::Number(dtype) => (dtype.to_string(), None),
            Descr::Other { text, kind, .. } => (text, Some(kind)),
        };
        Self {
            file: path.display().to_string(),
            shape: header.shape,
            dtype,
            fortran_order: header.fortran_order,
            data_offset: header.data_offset,
            bytes,
            bytes_behind,
            part_of: None,
            labels: None,
            cube: None,
            kind,
        }
    }
}

impl fmt::Display for Info<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dtype = match self.kind {
            None => self.dtype.clone(),
            Some(kind) => format!("{}, {kind}", printable(&self.dtype)),
        };
        let order = if self.fortran_order { "Fortran" } else { "C" };
        let (offset, bytes) = (self.data_offset, number::bytes(self.bytes));
        let mut lines = Listing::default();
        lines.add("file", &self.file);
        let shape = number::tuple(&self.shape);
        lines.add(
            "shape",
            match &self.part_of {
                Some(whole) => format!("{shape}, a part of {}", number::tuple(whole)),
                None => shape,
            },
        );
        lines.add("dtype", format!("{dtype}, {order} order"));
        let bytes_behind = match self.bytes_behind {
            0 => String::new(),
            count => format!(", {} of them behind the array", number::bytes(count)),
        };
        lines.add(
            "data",
            format!("from byte {offset}, {bytes} in all{bytes_behind}"),
        );
        if let Some(labels) = &self.labels {
            labels.list(&mut lines);
        }
        // This program pads the header of a cube to this offset, and hardly any other program does.
        if self.cube.is_none()
            && self.labels.is_none()
            && self.part_of.is_none()
            && self.shape.len() == 3
            && offset == DATA_OFFSET
        {
            lines.add(
                "journal",
                "none beside it: only the cube of a run has one, with its parameters and its times",
            );
        }
        if let Some(cube) = &self.cube {
            cube.list(&mut lines);
        }
        lines.fmt(f)
    }
}
