//! `diff2d map`: arithmetic over arrays.

use super::{
    bar::Unit,
    groups,
    open::{self, InputArgs, open_among},
    terminal::Terminal,
    typed, values,
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::JournalledArray;
use diff2d_arrays::{
    labels::Labels,
    mantissa,
    map::{Map, MapInput, is_call},
    npy::Dtype,
};
use std::path::{Path, PathBuf};

/// Compute a formula over .npy files that broadcast as in NumPy
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d map 'a - mean(a, t)' a=output/diff2dparams.npy -o anomaly.npy
  diff2d map '(new - old)/old' new=fine.npy old=coarse.npy --dtype f4 -o ratio.npy
  diff2d map 'a - c' a=hourly.npy 'c=mean_day.npy[2]' --repeat 0 -o anomaly.npy
  diff2d map 'a*9/5 + 32' 'a=output/diff2dparams.npy[t=5]' --unit degF -o last.npy
  diff2d map 'shift(a, t, 1) - a' a=output/diff2dparams.npy --keep-bits 12 -o change.npy
  diff2d map 'hypot(gradient(a, x), gradient(a, y))' a=output/diff2dparams.npy -o slope.npy

Formulas know the names of the files, what `diff2d create --help` lists, the indices i0, i1, … of the result, and t, y and x of cubes. mean, sum, std, min and max reduce a file over axes, which are kept with length 1: mean(a, t), max(a, y, x). min(a, 0) and max(a, 0) compare with a number, and max(a, axis=0) reduces over axis 0. shift(a, t, n) is the element n places on, and NaN beyond the end; gradient(a, x) is numpy.gradient with the coordinates of the axis. Axes are numbers or names.

Everything is computed in f8 and rounded once; integers beyond 2^53 are exact where the formula selects, compares, adds, multiplies or divides them as integers. A note counts the values that were rounded nevertheless, or have become infinite. The result has the type that NumPy gives it, and f8 if the files hold integers. An integer type cuts fractions off, and refuses values that it does not hold.")]
pub(super) struct MapArgs {
    /// The formula
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    formula: String,
    /// Its arrays: any .npy files; FILE.npy[R0,R1,…] is a part
    /// of one, with a range as in Python for every axis, such as 2:8 or ::24, or t=, y=, x= from:to, and :step
    #[arg(value_name = "NAME=FILE.npy", required = true)]
    inputs: Vec<String>,
    #[command(flatten)]
    input: InputArgs,
    /// The new array
    #[arg(long, short, value_name = "OUT.npy")]
    output: PathBuf,
    /// Replace OUT.npy if it exists
    #[arg(long)]
    force: bool,
    /// Type of the elements: f2 f4 f8, i1 to i8, u1 to u8, b1 [default: NumPy's of the files]
    #[arg(long, value_parser = values::dtype)]
    dtype: Option<Dtype>,
    /// Round the results to so many bits of their mantissa, which compresses well
    #[arg(long, value_name = "N", value_parser = values::bits)]
    keep_bits: Option<u32>,
    /// The unit of the results, for pictures
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    /// Repeat arrays that are shorter along this axis, a number or a name: what stats --every has written one period after the other,
    /// and what stats --by has written by the dates of the longest array
    #[arg(long, value_name = "AXIS")]
    repeat: Option<String>,
    /// Take arrays whose axes have other coordinates than those of the first
    #[arg(long)]
    ignore_coordinates: bool,
    /// Memory to use at most
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = values::working_memory)]
    memory: u64,
}

pub(super) fn map(args: &MapArgs, terminal: &Terminal) -> Result<(), Error> {
    let mut arrays: Vec<(&str, JournalledArray)> = Vec::new();
    for text in &args.inputs {
        let (name, file) = parts(text)?;
        if arrays.iter().any(|(taken_name, ..)| *taken_name == name) {
            return Err(Error::Usage(format!(
                "there are two arrays with the name {name}"
            )));
        }
        arrays.push((name, open_among(file, &args.input, terminal)?));
    }
    if let Some(axis) = &args.repeat
        && !groups::repeat(&mut arrays, axis)?
    {
        terminal.note(&format!(
            "--repeat {axis}: no array is shorter than another along this axis, and none is repeated"
        ));
    }
    let inputs = arrays.iter().map(|(name, array)| {
        let region = array.shape().iter().map(|&length| 0..length).collect();
        MapInput::new(name, array, region)
    });
    let map = Map::new(&args.formula, inputs.collect())?;
    for name in map.unused() {
        terminal.note(&format!(
            "{name}: the formula does not use it, and only its shape counts"
        ));
    }
    let labels = Labels {
        unit: args.unit.clone(),
        ..map.labels(args.ignore_coordinates)?
    };
    let dtype = args.dtype.unwrap_or_else(|| map.dtype());
    if let Some(kept) = args.keep_bits {
        mantissa::check(dtype, kept)
            .map_err(|reason| Error::Usage(format!("--keep-bits {kept}: {reason}")))?;
    }
    let input_files: Vec<PathBuf> = arrays.iter().flat_map(|(_, array)| array.files()).collect();
    let output = open::create(
        &args.output,
        map.shape().to_vec(),
        dtype,
        map.fortran_order(),
        &input_files,
        args.force,
    )?;
    let bar = terminal.bar(map.bytes(), Unit::Bytes);
    let notes = map.run(&output.data, args.keep_bits, args.memory, bar.progress())?;
    drop(bar);
    notes.iter().for_each(|note| terminal.note(note));
    open::finish(output, &labels)
}

/// The name and the file of `NAME=FILE.npy`.
fn parts(text: &str) -> Result<(&str, &Path), Error> {
    let pair = typed::pair(text).filter(|(_, file)| !file.is_empty());
    let (name, file) = pair.ok_or_else(|| {
        let expected = "the name that the formula has for a file and the file, such as a=cube.npy, behind the formula";
        Error::Usage(typed::is_no(text, "NAME=FILE.npy", expected))
    })?;
    if !typed::is_name(name) {
        return Err(refused(
            text,
            "a name is made of letters, digits and _, and does not begin with a digit",
        ));
    }
    let is_index = name.strip_prefix('i').is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|letter| letter.is_ascii_digit())
    });
    if is_index || diff2d_arrays::expression::is_word(name) || is_call(name) {
        let reason = format!("{name} has a meaning in formulas: choose another name");
        return Err(refused(text, &reason));
    }
    Ok((name, Path::new(file)))
}

/// The error that a text names no array.
fn refused(text: &str, reason: &str) -> Error {
    Error::Usage(format!("{text}: {reason}"))
}
