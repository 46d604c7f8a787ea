//! What `diff2d window` is asked for, in elements.

use super::args::WindowArgs;
use crate::cli::{
    axes::Axes, error::Error, number, open::open, selection::Selection, terminal::Terminal, typed,
};
use diff2d::JournalledArray;
use diff2d_arrays::{
    npy::Region,
    window::{Op, Request, Weights},
};
use std::path::Path;

/// More weights than this are no window.
const MOST_WEIGHTS: u64 = 1 << 24;

pub(super) fn request(
    args: &WindowArgs,
    array: &JournalledArray,
    shape: &[u64],
    select: Region,
    terminal: &Terminal,
) -> Result<Request, Error> {
    let axes = Axes::of(array);
    let skip_nan = args.common.skip_nan(array, terminal)?;
    let weights = weights(args, array, &axes, skip_nan, terminal)?;
    let window = match (&args.window, &weights) {
        (Some(text), _) => lengths(&axes, "--window", text, terminal)?,
        (None, Some(weights)) => weights.window(),
        (None, None) => Vec::new(),
    };
    if args.follow && args.pad.is_some() && window.first().is_some_and(|&length| length > 1) {
        return Err(Error::Usage(
            "--follow: with --pad the last windows need what lies beyond the end, which a run still moves; leave --pad away, or take a window of length 1 along axis 0".to_owned(),
        ));
    }
    Ok(Request {
        op: args.op,
        window,
        weights,
        stride: match &args.stride {
            Some(text) => lengths(&axes, "--stride", text, terminal)?,
            None => vec![1; shape.len()],
        },
        select,
        pad: args.pad,
        skip_nan,
        dtype: args.common.dtype,
        memory: args.common.memory,
    })
}

/// The weights of operations that have some.
fn weights(
    args: &WindowArgs,
    array: &JournalledArray,
    axes: &Axes<'_>,
    skip_nan: Option<u64>,
    terminal: &Terminal,
) -> Result<Option<Weights>, Error> {
    match (args.op, &args.sigma, &args.weights) {
        (Op::Gaussian, Some(text), None) => {
            let sigmas = sigmas(axes, text)?;
            let dimensions = array.npy.shape.len();
            if sigmas.len() != dimensions {
                return Err(Error::Usage(format!(
                    "--sigma {text}: {} has {dimensions} axes and needs as many standard deviations, 0 along axes that stay as they are",
                    array.path.display()
                )));
            }
            Ok(Some(Weights::gaussian(&sigmas)?))
        }
        (Op::Weights, None, Some(path)) => {
            let (weights, sum) = read_weights(path, array, terminal)?;
            if skip_nan.is_some() && (sum - 1.0).abs() > 1e-6 {
                terminal.note(&format!(
                    "the weights of {} add up to {sum}: a window with NaN is divided by the weights that are left and others are not, which makes a mean of both if the weights add up to 1",
                    path.display()
                ));
            }
            Ok(Some(weights))
        }
        (Op::Gaussian, ..) => refused(
            "--op gaussian takes its standard deviations from --sigma, one for every axis, such as --sigma 0,2,2",
        ),
        (Op::Weights, ..) => refused(
            "--op weights takes the weights from --weights W.npy, an array of the shape of the window",
        ),
        (_, None, None) => Ok(None),
        (_, Some(_), _) => refused("--sigma belongs to --op gaussian"),
        (_, _, Some(_)) => refused("--weights belongs to --op weights"),
    }
}

/// Refuses the options for weights.
fn refused(sentence: &str) -> Result<Option<Weights>, Error> {
    Err(Error::Usage(sentence.to_owned()))
}

/// Weights, and their sum.
fn read_weights(
    path: &Path,
    array: &JournalledArray,
    terminal: &Terminal,
) -> Result<(Weights, f64), Error> {
    let file = open(path, terminal)?;
    let (shape, elements) = (file.shape(), file.elements());
    if shape.len() != array.npy.shape.len() {
        return Err(Error::Usage(format!(
            "--weights {} has {} axes and {} has {}: a length of 1 along an axis leaves it as it is",
            path.display(),
            shape.len(),
            array.path.display(),
            array.npy.shape.len()
        )));
    }
    if elements > MOST_WEIGHTS {
        return Err(Error::Usage(format!(
            "--weights {} has {elements} weights, and {MOST_WEIGHTS} is the most there can be",
            path.display()
        )));
    }
    let mut values = vec![0.0; in_memory(elements)];
    file.read(0, &mut values)?;
    // Weights have their lengths in the order in which the file has its elements.
    let in_file = file
        .npy
        .in_file_order(&shape)
        .into_iter()
        .map(in_memory)
        .collect();
    let sum = values.iter().sum();
    let weights = Weights::new(in_file, values)?;
    Ok(if file.npy.fortran_order {
        (weights.reversed(), sum)
    } else {
        (weights, sum)
    })
}

/// A length of a list in memory, which cannot be longer than this machine addresses.
fn in_memory(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// The standard deviations along all axes, in elements; by name they are typed in units.
fn sigmas(axes: &Axes<'_>, text: &str) -> Result<Vec<f64>, Error> {
    let selection = Selection::parse("--sigma", text)?;
    let entries = axes.entries(&selection)?.into_iter().enumerate();
    let sigmas = entries.map(|(axis, entry)| match entry {
        None => Ok(0.0),
        Some(entry) if selection.is_named() => Ok(sigma(text, &entry.text)? / axes.spacing(axis)),
        Some(entry) => sigma(text, &entry.text),
    });
    sigmas.collect()
}

/// The standard deviation that a part of a text gives.
fn sigma(text: &str, part: &str) -> Result<f64, Error> {
    let number = part.trim().parse().ok();
    let number = number.filter(|sigma: &f64| sigma.is_finite() && *sigma >= 0.0);
    number.ok_or_else(|| {
        let expected = "a number of elements for every axis, such as 0,2,2";
        let reason = typed::is_no(part, "standard deviation", expected);
        Error::Usage(format!("--sigma {text}: {reason}"))
    })
}

/// The lengths along all axes, in elements; by name they are typed in units.
pub(super) fn lengths(
    axes: &Axes<'_>,
    option: &str,
    text: &str,
    terminal: &Terminal,
) -> Result<Vec<u64>, Error> {
    let selection = Selection::parse(option, text)?;
    let entries = axes.entries(&selection)?.into_iter().enumerate();
    let lengths = entries.map(|(axis, entry)| match entry {
        None => Ok(1),
        Some(entry) if selection.is_named() => axes.span(axis, &entry.text),
        Some(entry) => entry.text.parse().map_err(|_| {
            let expected = "a whole number for every axis, such as 5,1,1";
            let reason = typed::is_no(&entry.text, "length", expected);
            Error::Usage(format!("{option} {text}: {reason}"))
        }),
    });
    let lengths: Vec<u64> = lengths.collect::<Result<_, Error>>()?;
    if selection.is_named() {
        let words = number::joined(&lengths, ",");
        terminal.note(&format!("{option} {text} is {words}"));
    }
    Ok(lengths)
}
