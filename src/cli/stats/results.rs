//! The results of `stats` at one place: a row, or elements of a new array.

use super::args::StatsArgs;
use crate::{
    cli::{
        json::Object,
        open::{self, NewArray},
        rows::{Fact, Row, Style, Table, Told},
        terminal::Terminal,
    },
    cube::JournalledArray,
    error::Error,
};
use diff2d_arrays::npy::{Dtype, Scalar};
use diff2d_arrays::{Statistics, stats::Options};

/// A row with the six numbers, what lies above a limit, and quantiles.
pub(super) fn row(
    args: &StatsArgs,
    table: &Table<'_>,
    options: Options,
    statistics: &Statistics,
    quantiles: &[f64],
) -> Row {
    let mut facts = Vec::new();
    if table.style == Style::Json {
        facts.push(nan(statistics));
    }
    if table.style == Style::Json && !args.quantiles.is_empty() {
        let pairs = args.quantiles.iter().zip(quantiles);
        let pairs = pairs.map(|(q, &value)| (q.to_string(), Scalar::Float(value)));
        let pairs = pairs.collect();
        facts.push(Fact {
            name: "quantiles",
            told: Told::Quantiles(Object(pairs)),
        });
    }
    Row {
        values: values(options, statistics, quantiles).collect(),
        facts,
        ..Row::default()
    }
}

/// The six numbers, what lies above a limit, and quantiles.
pub(super) fn values(
    options: Options,
    statistics: &Statistics,
    quantiles: &[f64],
) -> impl Iterator<Item = Scalar> {
    let above = options.above.map(|_| above(options, statistics));
    let values = statistics.scalars().into_iter();
    let quantiles = quantiles.iter().copied().map(Scalar::Float);
    values.chain(above.into_iter().flatten()).chain(quantiles)
}

/// How many values lie above the limit, and as a fraction of those that are not NaN.
#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
fn above(options: Options, statistics: &Statistics) -> [Scalar; 2] {
    let nan = match options.skip_nan {
        true => 0,
        false => statistics.nan,
    };
    let fraction = statistics.above as f64 / (statistics.count - nan) as f64;
    [
        Scalar::Integer(statistics.above.into()),
        Scalar::Float(fraction),
    ]
}

/// How many NaN there are.
pub(super) fn nan(statistics: &Statistics) -> Fact {
    Fact {
        name: "nan",
        told: Told::Count(statistics.nan),
    }
}

/// The array that `-o` names, with the numbers along its first axis.
pub(super) fn new_array(
    args: &StatsArgs,
    array: &JournalledArray,
    table: &Table<'_>,
    shape: &[u64],
    fortran_order: bool,
) -> Result<Option<NewArray>, Error> {
    let Some(path) = &args.output else {
        return Ok(None);
    };
    let shape = [&[table.values.len() as u64], shape].concat();
    let taken = &array.files();
    open::create(path, shape, Dtype::F64, fortran_order, taken, args.force).map(Some)
}

/// Says what helps where NaN hides the results.
pub(super) fn hint(options: Options, statistics: &Statistics, terminal: &Terminal) {
    if statistics.nan > 0 && !options.skip_nan {
        terminal.note(&format!(
            "{} of {} elements are NaN, and so are the results: --skip-nan leaves them out",
            statistics.nan, statistics.count
        ));
    }
}
