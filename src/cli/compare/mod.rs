//! `diff2d compare`: whether two arrays hold the same bits or close values, and if not, how far apart
//! they are.

mod common;
mod report;

use super::{
    answer::Answer,
    bar::Unit,
    open::{self, InputArgs, open_among},
    terminal::Terminal,
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::JournalledArray;
use diff2d_arrays::compare::{Comparison, Difference, Pairs, Tolerance};
use diff2d_arrays::labels::Labels;
use diff2d_arrays::npy::{ArrayFile, Buffer, CHUNK_BYTES, Cut, Dtype, NpyError};
use diff2d_arrays::walk;
use report::CompareReport;
use std::path::PathBuf;

/// Compare two .npy files bit for bit, or within tolerances (exit code 3 if they differ)
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d compare output/mine.npy output/theirs.npy
  diff2d compare output/fine.npy output/coarse.npy --atol 1e-3 -o output/difference.npy
  diff2d plot output/difference.npy
  diff2d compare output/mine.npy theirs.bin --raw f8:31x201x201

--raw is for a file whose name does not end in .npy.

With a tolerance, types may differ, and so may the grids of cubes: nodes and times that both
have are compared. A snapshot that the other cube does not have is a difference; --common leaves
such out.")]
pub(super) struct CompareArgs {
    /// One .npy file
    a: PathBuf,
    /// The .npy file that it is compared with
    b: PathBuf,
    #[command(flatten)]
    input: InputArgs,
    /// Equal is |a - b| <= ATOL + RTOL |b|, as in numpy.isclose [default: 0 beside --atol]
    #[arg(long, value_name = "R", value_parser = tolerance)]
    rtol: Option<f64>,
    /// As above [default: 0 beside --rtol]
    #[arg(long, value_name = "A", value_parser = tolerance)]
    atol: Option<f64>,
    /// Under a tolerance, NaN is close to NaN
    #[arg(long)]
    equal_nan: bool,
    /// Compare only the snapshots whose time both cubes have
    #[arg(long)]
    common: bool,
    /// Write the differences a - b as f8
    #[arg(long, short, value_name = "DIFF.npy")]
    output: Option<PathBuf>,
    /// Replace DIFF.npy if it exists
    #[arg(long, requires = "output")]
    force: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn tolerance(text: &str) -> Result<f64, String> {
    let value = text.trim().parse().ok();
    value
        .filter(|value: &f64| *value >= 0.0)
        .ok_or_else(|| "expected a number that is not negative, such as 1e-9".to_owned())
}

pub(super) fn compare(args: &CompareArgs, terminal: &Terminal) -> Result<(), Error> {
    let extensions = [&args.a, &args.b].map(|path| path.extension());
    if args.input.raw.is_some() && extensions == [Some("npy".as_ref()); 2] {
        let text =
            "--raw says what a flat binary file holds, and both files are .npy: leave it out";
        return Err(Error::Usage(text.to_owned()));
    }
    let a = open_among(&args.a, &args.input, terminal)?;
    let b = open_among(&args.b, &args.input, terminal)?;
    let (a, b) = with_as_many_axes(a, b);
    let is_tolerant = args.common || args.equal_nan || args.rtol.is_some() || args.atol.is_some();
    let tolerance = is_tolerant.then(|| Tolerance {
        absolute: args.atol.unwrap_or(0.0),
        relative: args.rtol.unwrap_or(0.0),
        equal_nan: args.equal_nan || (a.labels.is_masked && b.labels.is_masked),
    });
    let is_alike = type_and_extent(&a) == type_and_extent(&b);
    let pairs = match (is_alike, tolerance) {
        (true, None) => Some(a.shape().into_iter().map(Pairs::Same).collect()),
        (false, None) => None,
        (_, Some(_)) => common::pairs(&a, &b)?,
    };
    let Some(pairs) = pairs else {
        let is_of_types = a.shape() == b.shape() && a.npy.dtype != b.npy.dtype;
        let hint = if is_of_types && tolerance.is_none() {
            "; under a tolerance, such as --rtol 1e-6, types may differ"
        } else if a.shape().len() != b.shape().len() {
            "; one snapshot of a cube is compared as FILE.npy[10] or FILE.npy[t=5]"
        } else if lacks_boundary(&a.shape(), &b.shape()) {
            "; without boundary nodes a cube is compared as FILE.npy[:,1:-1,1:-1]"
        } else {
            ""
        };
        let reason = format!("different: {} against {}{hint}", describe(&a), describe(&b));
        let mut answer = Answer::default();
        answer.text(&reason);
        answer.plain("equal", false);
        answer.plain("reason", reason);
        terminal.answer(answer, args.json)?;
        return Err(verdict(&a, &b));
    };
    let comparison = Comparison {
        arrays: [&a, &b],
        pairs,
        tolerance,
    };
    let is_quick = tolerance.is_none() && args.output.is_none();
    let element_differences =
        if is_quick && a.npy.fortran_order == b.npy.fortran_order && have_equal_bytes(&a, &b)? {
            None
        } else {
            Some(differences(args, [&a, &b], &comparison, terminal)?)
        };
    let differences = element_differences.as_deref().unwrap_or_default();
    let report = CompareReport::new([&a, &b], &comparison, differences, args.common);
    terminal.answer(report.answer, args.json)?;
    if report.equal {
        Ok(())
    } else {
        Err(verdict(&a, &b))
    }
}

/// The error that two arrays differ.
fn verdict(a: &JournalledArray, b: &JournalledArray) -> Error {
    let (a, b) = (a.path.display(), b.path.display());
    Error::Differs(format!("{a} and {b} differ"))
}

/// The type, the shape and the number of available snapshots, which are the same for arrays whose bits can be compared.
fn type_and_extent(array: &JournalledArray) -> (Dtype, &[u64], u64) {
    (array.npy.dtype, &array.npy.shape, array.available())
}

/// Gives both arrays the same number of axes: a cube of a single frame has an axis of length 1 that the frame alone does not have.
fn with_as_many_axes(
    mut a: JournalledArray,
    mut b: JournalledArray,
) -> (JournalledArray, JournalledArray) {
    let (a_shape, b_shape) = (a.shape(), b.shape());
    let (missing_of_a, missing_of_b) = (
        b_shape.len().saturating_sub(a_shape.len()),
        a_shape.len().saturating_sub(b_shape.len()),
    );
    let have_length_1 = b_shape[..missing_of_a]
        .iter()
        .chain(&a_shape[..missing_of_b])
        .all(|&length| length == 1);
    if have_length_1 {
        for _ in 0..missing_of_a {
            a = a.with_leading_axis();
        }
        for _ in 0..missing_of_b {
            b = b.with_leading_axis();
        }
    }
    (a, b)
}

/// Compares element by element, and writes the differences if that is asked for.
fn differences(
    args: &CompareArgs,
    [a, b]: [&JournalledArray; 2],
    comparison: &Comparison<'_>,
    terminal: &Terminal,
) -> Result<Vec<Difference>, Error> {
    let shape: Vec<u64> = comparison.pairs.iter().map(Pairs::count).collect();
    let output = args
        .output
        .as_deref()
        .map(|path| {
            let input_files = [a.files(), b.files()].concat();
            open::create(
                path,
                shape.clone(),
                Dtype::F64,
                false,
                &input_files,
                args.force,
            )
        })
        .transpose()?;
    let bytes = shape.iter().product::<u64>() * a.npy.dtype.bytes as u64;
    let bar = terminal.bar(bytes, Unit::Bytes);
    let differences = comparison.run(output.as_ref().map(|output| &output.data), bar.progress())?;
    drop(bar);
    if let Some(output) = output {
        let labels_of_pairs =
            a.labels
                .with_axes(|axis, named_axis| match &comparison.pairs[axis] {
                    Pairs::Same(count) => named_axis.of_range(&(0..*count)),
                    Pairs::Listed(pairs) => {
                        let indices: Vec<u64> = pairs.iter().map(|pair| pair[0]).collect();
                        named_axis.of_indices(&indices)
                    }
                });
        let labels = Labels {
            quantity: Some("difference".to_owned()),
            ..labels_of_pairs
        };
        open::finish(output, &labels)?;
    }
    Ok(differences)
}

/// Whether one of two cubes has as many snapshots as the other, and lacks its boundary nodes.
fn lacks_boundary(a: &[u64], b: &[u64]) -> bool {
    match (a, b) {
        (&[frames, rows, columns], &[other_frames, other_rows, other_columns]) => {
            frames == other_frames
                && (rows < other_rows) == (columns < other_columns)
                && rows.abs_diff(other_rows) == 2
                && columns.abs_diff(other_columns) == 2
        }
        _ => false,
    }
}

fn describe(array: &JournalledArray) -> String {
    let committed = match &array.journal {
        Some(journal) if !journal.is_complete() => {
            format!(", {} snapshots committed", journal.committed.total())
        }
        _ => String::new(),
    };
    format!(
        "{} of shape {:?}{committed}",
        array.npy.dtype, array.npy.shape
    )
}

/// Whether two arrays of one type, shape and order have the same bytes.
fn have_equal_bytes(a: &ArrayFile, b: &ArrayFile) -> Result<bool, NpyError> {
    let cut = Cut::of_list(a.elements(), CHUNK_BYTES / a.npy.dtype.bytes as u64);
    let threads = rayon::current_num_threads() as u64;
    let states = walk::by_thread(
        &cut,
        threads,
        || (Buffer::default(), Buffer::default(), true),
        |(a_bytes, b_bytes, are_equal), _, ranges| {
            let places = ranges[0].clone();
            *are_equal &= a.bytes(places.clone(), a_bytes)? == b.bytes(places, b_bytes)?;
            Ok::<_, NpyError>(())
        },
    )?;
    Ok(states.into_iter().all(|(_, _, are_equal)| are_equal))
}
