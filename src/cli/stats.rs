//! `diff2d stats`: count, sum, mean, standard deviation, minimum and maximum.

use super::{
    axes::Axes,
    follow::{can_follow, follow},
    number,
    open::open,
    size,
    terminal::{Terminal, Unit},
};
use crate::{
    analysis::{
        AnalysisError, Statistics,
        output::Output,
        stats::{self, Options},
    },
    cube::{JournalledArray, refuse_cube},
    error::Error,
    npy::{Dtype, NpyHeader, Scalar},
    progress::Progress,
};
use clap::Args;
use std::path::PathBuf;

/// Count, sum, mean, std, min and max of any .npy file, in one pass
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d stats output/diff2dparams.npy --json
  diff2d stats huge.npy --axis 0 -o columns.npy")]
pub(super) struct StatsArgs {
    /// Any .npy file
    #[arg(value_name = "FILE.npy")]
    file: PathBuf,
    /// Along this axis only: a number (negative from the end), or t, y, x of a cube
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    axis: Option<String>,
    /// Write the results as f8 with a leading axis: count, sum, mean, std, min, max
    #[arg(long, short, value_name = "OUT.npy")]
    output: Option<PathBuf>,
    /// Replace OUT.npy if it exists
    #[arg(long, requires = "output")]
    force: bool,
    /// A row for every snapshot of a run, as it is committed
    #[arg(long, conflicts_with_all = ["axis", "output"])]
    follow: bool,
    /// Leave NaN out
    #[arg(long)]
    skip_nan: bool,
    /// Print JSON: one object, or with --axis one a line
    #[arg(long, conflicts_with = "output")]
    json: bool,
    /// Print CSV with a header line
    #[arg(long, conflicts_with_all = ["output", "json"])]
    csv: bool,
    /// Memory to use at most
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = size::parse)]
    memory: u64,
}

pub(super) fn stats(args: &StatsArgs, terminal: &Terminal) -> Result<(), Error> {
    let array = open(&args.file, terminal)?;
    if args.follow {
        return each_snapshot(args, array, terminal);
    }
    let axis = args
        .axis
        .as_deref()
        .map(|text| Axes::of(&array).axis(text))
        .transpose()?;
    let options = Options {
        skip_nan: args.skip_nan,
        memory: args.memory,
    };
    let bytes = array.elements() * array.npy.dtype.bytes as u64;
    let bar = terminal.bar(bytes, Unit::Bytes);
    let rest: Vec<u64> = (0..)
        .zip(array.shape())
        .filter(|&(number, _)| axis.is_some_and(|axis| axis != number))
        .map(|(_, length)| length)
        .collect();
    let rest = NpyHeader::new(rest, Dtype::F64, array.npy.fortran_order);
    let mut output = args
        .output
        .as_deref()
        .map(|path| {
            let shape = [&[6], &rest.shape[..]].concat();
            refuse_cube(path)?;
            let order = rest.fortran_order;
            Output::create(path, shape, Dtype::F64, order, Some(&array), args.force)
                .map_err(Error::from)
        })
        .transpose()?;
    let table = Table::of(args, &rest);
    if output.is_none() {
        table.begin(terminal)?;
    }
    let mut take = |first: u64, results: &[Statistics]| -> Result<(), Error> {
        match &mut output {
            Some(output) => Ok(write(output, &rest, first, results)?),
            None => table.rows(first, results, terminal),
        }
    };
    match axis {
        None => take(0, &[stats::whole(&array, options, bar.progress())?])?,
        Some(axis) => stats::along(&array, axis, options, bar.progress(), take)?,
    }
    drop(bar);
    output.map_or(Ok(()), |output| Ok(output.finish()?))
}

/// The six numbers of every snapshot, as soon as it is there.
fn each_snapshot(
    args: &StatsArgs,
    mut array: JournalledArray,
    terminal: &Terminal,
) -> Result<(), Error> {
    can_follow(&array)?;
    let options = Options {
        skip_nan: args.skip_nan,
        memory: args.memory,
    };
    let first = array.npy.shape.first().copied().unwrap_or(1);
    let frame: u64 = array.npy.shape.iter().skip(1).product();
    let rows = NpyHeader::new(vec![first], Dtype::F64, false);
    let table = Table::of(args, &rows);
    table.begin(terminal)?;
    let followed = follow(&mut array, |array, mut new| {
        new.try_for_each(|k| {
            let places = k * frame..(k + 1) * frame;
            let one = stats::part(array, places, options, &Progress::default())?;
            table.rows(k, &[one], terminal)
        })
    })?;
    followed.conclude()
}

/// Puts results into the file, in which the six follow one another slowest, or fastest in Fortran
/// order.
fn write(
    output: &Output,
    rest: &NpyHeader,
    first: u64,
    results: &[Statistics],
) -> Result<(), AnalysisError> {
    let numbers = |one: &Statistics| one.scalars().map(Scalar::to_f64);
    if rest.fortran_order {
        let all: Vec<f64> = results.iter().flat_map(numbers).collect();
        output.write(first * 6, bytemuck::cast_slice(&all))?;
    } else {
        let plane: u64 = rest.shape.iter().product();
        for number in 0..6 {
            let one: Vec<f64> = results.iter().map(|one| numbers(one)[number]).collect();
            output.write(number as u64 * plane + first, bytemuck::cast_slice(&one))?;
        }
    }
    Ok(())
}

/// Results on stdout: a row for every index along the other axes.
struct Table<'a> {
    style: Style,
    rest: &'a NpyHeader,
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Text,
    Csv,
    Json,
}

impl<'a> Table<'a> {
    fn of(args: &StatsArgs, rest: &'a NpyHeader) -> Self {
        let style = match (args.csv, args.json) {
            (true, _) => Style::Csv,
            (_, true) => Style::Json,
            _ => Style::Text,
        };
        Self { style, rest }
    }

    /// One object or a few lines, not a table.
    fn is_single(&self) -> bool {
        self.rest.shape.is_empty()
    }

    fn names(&self) -> Vec<String> {
        let indices = (0..self.rest.shape.len()).map(|axis| format!("i{axis}"));
        indices
            .chain(Statistics::NAMES.map(str::to_owned))
            .collect()
    }

    fn begin(&self, terminal: &Terminal) -> Result<(), Error> {
        match self.style {
            Style::Csv => terminal.result(&self.names().join(",")),
            Style::Text if !self.is_single() => terminal.result(&aligned(&self.names())),
            _ => Ok(()),
        }
    }

    fn rows(&self, first: u64, results: &[Statistics], terminal: &Terminal) -> Result<(), Error> {
        if results.is_empty() {
            return Ok(());
        }
        let rows: Vec<String> = (first..)
            .zip(results)
            .map(|(place, one)| self.row(place, one))
            .collect();
        terminal.result(&rows.join("\n"))
    }

    fn row(&self, place: u64, one: &Statistics) -> String {
        let index: Vec<String> = self
            .rest
            .index_of(place)
            .iter()
            .map(u64::to_string)
            .collect();
        let numbers = one.scalars();
        let fields = || {
            let numbers = numbers.iter().map(|&scalar| number::scalar(scalar));
            index.iter().cloned().chain(numbers).collect::<Vec<_>>()
        };
        match self.style {
            Style::Csv => fields().join(","),
            Style::Text if self.is_single() => Statistics::NAMES
                .iter()
                .zip(fields())
                .map(|(name, value)| format!("{name:<6} {value}"))
                .collect::<Vec<_>>()
                .join("\n"),
            Style::Text => aligned(&fields()),
            Style::Json => {
                let numbers = Statistics::NAMES.iter().zip(numbers);
                let numbers: Vec<String> = numbers
                    .map(|(name, scalar)| format!("\"{name}\":{}", number::json(scalar)))
                    .collect();
                let numbers = numbers.join(",");
                if self.is_single() {
                    format!("{{{numbers}}}")
                } else {
                    // One object a line, whatever the number of them.
                    format!("{{\"index\":[{}],{numbers}}}", index.join(","))
                }
            }
        }
    }
}

fn aligned(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("{field:>22}")).collect();
    fields.join(" ")
}
