//! The results of `stats` at one place: a row, or elements of a new array.

use super::args::StatsArgs;
use crate::cli::{
    error::Error,
    json::Value,
    open::{self, NewArray},
    rows::{Cell, Column, Fact, Row, Style, Table},
    terminal::Terminal,
};
use diff2d::JournalledArray;
use diff2d_arrays::npy::{Dtype, Scalar};
use diff2d_arrays::{Statistics, stats::Options};

/// The names of the results at one place, quantiles left out.
fn names(args: &StatsArgs) -> Vec<&'static str> {
    match (&args.op, args.above) {
        (Some(_), _) => vec!["slope", "intercept"],
        (None, None) => Statistics::NAMES.to_vec(),
        (None, Some(_)) => [&Statistics::NAMES[..], &["above", "fraction"]].concat(),
    }
}

fn quantile_names(args: &StatsArgs) -> impl Iterator<Item = String> {
    args.quantiles.iter().map(|q| format!("q{q}"))
}

/// The names of all results at one place.
pub(super) fn value_names(args: &StatsArgs) -> Vec<String> {
    let names = names(args).into_iter().map(str::to_owned);
    names.chain(quantile_names(args)).collect()
}

/// A table of results, whose first columns say what each row is of; without such columns it has a single row.
pub(super) fn table<'a>(
    args: &StatsArgs,
    mut columns: Vec<Column>,
    terminal: &'a Terminal,
) -> Table<'a> {
    let style = match (args.csv, terminal.has_caller(), args.json) {
        (true, ..) => Style::Csv,
        (_, true, _) => Style::Values,
        (.., true) => Style::JsonLines,
        _ if columns.is_empty() => Style::Lines(6),
        _ => Style::Aligned,
    };
    columns.extend(names(args).into_iter().map(Column::new));
    // As JSON, quantiles are an object of their own.
    columns.extend(quantile_names(args).map(|name| Column::new(name).with_key(None)));
    Table::new(columns, style, terminal)
}

/// A row with the six numbers, what lies above a limit, and quantiles, behind the cells that say what they are of.
pub(super) fn row(
    args: &StatsArgs,
    mut cells: Vec<Cell>,
    options: Options,
    statistics: &Statistics,
    quantiles: &[f64],
) -> Row {
    cells.extend(values(options, statistics, quantiles).map(Cell::Number));
    let mut facts = vec![Fact {
        name: "nan",
        value: Value::plain(statistics.nan),
        text: Some(statistics.nan.to_string()),
    }];
    if !args.quantiles.is_empty() {
        let pairs = args.quantiles.iter().zip(quantiles);
        let pairs = pairs.map(|(q, &value)| (q.to_string(), value));
        facts.push(Fact {
            name: "quantiles",
            value: Value::numbers(pairs),
            text: None,
        });
    }
    Row { cells, facts }
}

/// The six numbers, what lies above a limit, and quantiles.
pub(super) fn values(
    options: Options,
    statistics: &Statistics,
    quantiles: &[f64],
) -> impl Iterator<Item = Scalar> {
    // The number of values above the limit, and their fraction of the values that are not NaN.
    let numbers_above = options.above.map(|_| {
        let nan = if options.skip_nan { 0 } else { statistics.nan };
        let fraction = statistics.above as f64 / (statistics.count - nan) as f64;
        [
            Scalar::Integer(statistics.above.into()),
            Scalar::Float(fraction),
        ]
    });
    let values = statistics.scalars().into_iter();
    let quantiles = quantiles.iter().copied().map(Scalar::Float);
    values
        .chain(numbers_above.into_iter().flatten())
        .chain(quantiles)
}

/// The array that `-o` names, with the numbers along its first axis.
pub(super) fn new_array(
    args: &StatsArgs,
    array: &JournalledArray,
    shape: &[u64],
    fortran_order: bool,
) -> Result<Option<NewArray>, Error> {
    let Some(path) = &args.output else {
        return Ok(None);
    };
    let shape = [&[value_names(args).len() as u64], shape].concat();
    let input_files = &array.files();
    open::create(
        path,
        shape,
        Dtype::F64,
        fortran_order,
        input_files,
        args.force,
    )
    .map(Some)
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
