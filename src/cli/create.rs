//! `diff2d create`: a new array of any size.

use super::{bar::Unit, open, terminal::Terminal, typed, values};
use crate::cli::error::Error;
use clap::Args;
use diff2d_arrays::create::{self, Fill};
use diff2d_arrays::labels::Labels;
use diff2d_arrays::npy::Dtype;
use std::path::PathBuf;

/// Create a .npy file of any size, preallocated and filled in chunks
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d create huge.npy --shape 40000,40000 --fill 'sin(i0/100) * i1'
  diff2d create noise.npy --shape 1000000 --dtype f4 --fill 'random(42) - 0.5'

In formulas: i0, i1, …, index (the element's number), random(SEED), pi, e; + - * / // % **;
< <= > >= == !=; sin cos tan asin acos atan atan2 sinh cosh tanh exp log log2 log10 sqrt cbrt abs
sign floor ceil round trunc min max hypot pow isnan isfinite clip(a, low, high)
where(condition, yes, no).

Float dtypes: formulas are computed in f8. Integer dtypes: integers are computed exactly, as in
Python; / and functions such as sin give floats, whose fractions are cut off in the end (a number
alone must be whole). A value that the dtype does not hold, a division of integers by 0 and a
negative power of an integer are errors. b1: whether the value differs from 0.")]
pub(super) struct CreateArgs {
    /// The new array
    #[arg(value_name = "FILE.npy")]
    file: PathBuf,
    /// Length of every axis
    #[arg(long, value_name = "N0,N1,…")]
    shape: String,
    /// Type of the elements: f2 f4 f8, i1 to i8, u1 to u8, b1
    #[arg(long, default_value = "f8", value_parser = values::dtype)]
    dtype: Dtype,
    /// A number, or a formula of the indices
    #[arg(
        long,
        value_name = "EXPR",
        default_value = "0",
        allow_hyphen_values = true
    )]
    fill: String,
    /// Replace FILE.npy if it exists
    #[arg(long)]
    force: bool,
}

pub(super) fn create(args: &CreateArgs, terminal: &Terminal) -> Result<(), Error> {
    let shape = shape(&args.shape).ok_or_else(|| {
        Error::Usage(format!(
            "--shape {}: expected at most 64 whole numbers with commas between them, such as 1000,1000",
            args.shape
        ))
    })?;
    let fill = Fill::parse(&args.fill, args.dtype, shape.len())?;
    let output = open::create(&args.file, shape, args.dtype, false, &[], args.force)?;
    let elements: u64 = output.data.npy.shape.iter().product();
    let bar = terminal.bar(elements * args.dtype.bytes as u64, Unit::Bytes);
    create::fill(&output.data, &fill, bar.progress())?;
    drop(bar);
    open::finish(output, &Labels::default())
}

/// `1000,1000`, also as Python shows it: `(1000, 1000)` or `(5,)`.
fn shape(text: &str) -> Option<Vec<u64>> {
    let text = text.trim();
    let text = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
        .unwrap_or(text);
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    let text = text.trim_end().strip_suffix(',').unwrap_or(text);
    let lengths = typed::list(text).map(|length| length.parse().ok());
    let shape: Vec<u64> = lengths.collect::<Option<_>>()?;
    (shape.len() <= 64).then_some(shape)
}
