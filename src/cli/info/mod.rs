//! `diff2d info`: what a file says of itself.

mod cube;
mod labels;
mod record;
mod running;

use self::cube::SnapshotCounts;
use super::{
    answer::Answer,
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
use std::{
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
            let counts = [bytes, bytes_behind(&header, bytes)];
            let mut answer = Answer::default();
            tell_header(&args.file, &header, counts, None, &mut answer);
            if is_like_a_cube(&header) {
                answer.line("journal", NO_JOURNAL);
            }
            return terminal.answer(answer, args.json);
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
    let whole_shape = selection.is_some().then_some(&whole_shape[..]);
    let counts = [array.bytes, bytes_behind];
    let mut answer = Answer::default();
    tell_header(&args.file, &header, counts, whole_shape, &mut answer);
    // A damaged record does not hide what the cube says of itself.
    let mut told_record = Ok(());
    if let Some(journal) = &array.journal {
        cube::tell(journal, &args.scenarios, &mut answer)?;
        told_record = record::tell(&args.file, &mut answer);
        if running::tell(&array, &mut answer).is_none() {
            answer.plain("running", ());
        }
        cube::tell_states(&args.file, journal, &mut answer);
        if args.json || terminal.has_caller() {
            answer.plain("snapshots", SnapshotCounts::new(array.each_commit()?));
        }
    } else if !labels::tell(&array.labels, &mut answer)
        && selection.is_none()
        && is_like_a_cube(&header)
    {
        answer.line("journal", NO_JOURNAL);
    }
    terminal.answer(answer, args.json).and(told_record)
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

/// The bytes of a file behind its array.
fn bytes_behind(header: &AnyHeader, bytes: u64) -> u64 {
    match header.descr {
        // Pickled objects may be of any length.
        Descr::Other {
            bytes: None | Some(0),
            ..
        } => 0,
        _ => bytes.saturating_sub(header.file_bytes().unwrap_or(bytes)),
    }
}

/// Whether an array has the header of a cube: this program pads that to this offset, and hardly any other program does.
fn is_like_a_cube(header: &AnyHeader) -> bool {
    header.shape.len() == 3 && header.data_offset == DATA_OFFSET
}

const NO_JOURNAL: &str =
    "none beside it: only the cube of a run has one, with its parameters and its times";

/// Tells the header of an array, and of the bytes of its file how many lie behind it; of a part also the shape of the whole.
fn tell_header<'a>(
    path: &Path,
    header: &'a AnyHeader,
    [bytes, bytes_behind]: [u64; 2],
    whole_shape: Option<&'a [u64]>,
    answer: &mut Answer<'a>,
) {
    let file = path.display().to_string();
    answer.line("file", &file);
    answer.plain("file", file);
    let shape = number::tuple(&header.shape);
    let whole_clause = whole_shape.map_or_else(String::new, |whole| {
        format!(", a part of {}", number::tuple(whole))
    });
    answer.line("shape", shape + &whole_clause);
    answer.plain("shape", &header.shape);
    let (dtype, described) = match &header.descr {
        Descr::Number(dtype) => (dtype.to_string(), dtype.to_string()),
        Descr::Other { text, kind, .. } => (text.clone(), format!("{}, {kind}", printable(text))),
    };
    answer.plain("dtype", dtype);
    answer.plain("fortran_order", header.fortran_order);
    let order = if header.fortran_order { "Fortran" } else { "C" };
    answer.line("dtype", format!("{described}, {order} order"));
    let offset = header.data_offset;
    answer.plain("data_offset", offset);
    answer.plain("bytes", bytes);
    answer.plain("bytes_behind", bytes_behind);
    let behind_clause = match bytes_behind {
        0 => String::new(),
        count => format!(", {} of them behind the array", number::bytes(count)),
    };
    let all_bytes = number::bytes(bytes);
    answer.line(
        "data",
        format!("from byte {offset}, {all_bytes} in all{behind_clause}"),
    );
    answer.some("part_of", whole_shape);
}
