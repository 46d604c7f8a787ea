//! One row for all elements, or for a box of them.

use super::{
    args::StatsArgs,
    table::{Fact, Row, Table},
};
use crate::{
    cli::{
        axes::Axes,
        select,
        terminal::{Terminal, Unit},
    },
    cube::{JournalledArray, forget_axes, refuse_cube},
    error::Error,
};
use diff2d_arrays::npy::{Dtype, NpyHeader, Scalar};
use diff2d_arrays::{
    Statistics,
    output::Output,
    stats::{self, Options, Select},
};
use std::slice;

/// Computes and prints, or writes, the results; `file` is number and name of one of several files.
pub(super) fn whole(
    args: &StatsArgs,
    array: &JournalledArray,
    file: Option<(usize, String)>,
    options: Options,
    terminal: &Terminal,
) -> Result<(), Error> {
    let axes = Axes::of(array);
    let select = select::ranges(
        array,
        &array.shape(),
        &axes,
        args.select.as_deref(),
        terminal,
    )?;
    let rest = NpyHeader::new(Vec::new(), Dtype::F64, false);
    let output = args
        .output
        .as_deref()
        .map(|path| {
            refuse_cube(path)?;
            let shape = vec![(Statistics::NAMES.len() + args.quantiles.len()) as u64];
            Output::create(path, shape, Dtype::F64, false, Some(array), args.force)
                .map_err(Error::from)
        })
        .transpose()?;
    let elements: u64 = select.iter().map(|range| range.end - range.start).product();
    let bar = terminal.bar(elements * array.npy.dtype.bytes as u64, Unit::Bytes);
    let whole = stats::selected(array, &select, options, bar.progress())?;
    let statistics = whole.statistics;
    let (mut quantiles, mut passes) = (Vec::new(), 0);
    if !args.quantiles.is_empty() {
        let found = stats::quantiles(array, &select, &args.quantiles, options, bar.progress())?;
        (quantiles, passes) = (found.values, found.passes);
    }
    let mut facts = Vec::new();
    if let Some(places) = &whole.places {
        for (name, index) in ["argmin", "argmax"].into_iter().zip(places) {
            facts.push(Fact::place(name, index, &coordinates(&axes, index)));
        }
    }
    if let Some(bins) = args.histogram {
        let ends = bins
            .ends
            .or_else(|| range(&statistics))
            .ok_or_else(no_range)?;
        let found = stats::histogram(array, &select, bins.count, ends, options, bar.progress())?;
        facts.push(Fact::histogram(&found));
    }
    drop(bar);
    if passes > 0 {
        terminal.detail(&format!(
            "the quantiles took {passes} passes over the elements"
        ));
    }
    hint(args, &statistics, terminal);
    if let Some(output) = output {
        let numbers = statistics.scalars().map(Scalar::to_f64);
        let all = [&numbers[..], &quantiles].concat();
        output.write(0, bytemuck::cast_slice(&all))?;
        if let Some(path) = &args.output {
            forget_axes(path)?;
        }
        return Ok(output.finish()?);
    }
    let is_first = file.as_ref().is_none_or(|(number, _)| *number == 0);
    let table = Table::of(args, &rest).of_file(file.map(|(_, name)| name));
    if is_first {
        table.begin(terminal)?;
    }
    let row = Row {
        place: 0,
        statistics: &statistics,
        quantiles: &quantiles,
        coordinates: Vec::new(),
    };
    let nan = Fact {
        name: "nan",
        text: statistics.nan.to_string(),
        json: statistics.nan.to_string(),
    };
    let text = match args.json {
        true => table.row(&row, &facts, terminal),
        false => table.row(
            &row,
            &[slice::from_ref(&nan), &facts[..]].concat(),
            terminal,
        ),
    };
    terminal.result(&text)
}

/// The finite ends of all values.
fn range(statistics: &Statistics) -> Option<[f64; 2]> {
    let (low, high) = statistics.range?;
    let ends = [low.to_f64(), high.to_f64()];
    ends.iter().all(|end| end.is_finite()).then_some(ends)
}

fn no_range() -> Error {
    Error::Usage(
        "--histogram: minimum and maximum are not finite; --skip-nan leaves NaN out, and N:LO:HI says from where to where".to_owned(),
    )
}

/// The coordinates of an index along the axes that have some.
fn coordinates(axes: &Axes<'_>, index: &[u64]) -> Vec<(String, f64)> {
    let named = axes.with_coordinates().into_iter();
    named
        .filter_map(|(axis, name)| Some((name.to_owned(), axes.coordinate(axis, index[axis])?)))
        .collect()
}

/// Says what helps where NaN hides the results.
pub(super) fn hint(args: &StatsArgs, statistics: &Statistics, terminal: &Terminal) {
    if statistics.nan > 0 && !args.skip_nan {
        terminal.note(&format!(
            "{} of {} elements are NaN, and so are the results: --skip-nan leaves them out",
            statistics.nan, statistics.count
        ));
    }
}

/// The box that `--select` takes.
pub(super) fn selected(
    args: &StatsArgs,
    array: &JournalledArray,
    axes: &Axes<'_>,
    terminal: &Terminal,
) -> Result<Select, Error> {
    select::ranges(
        array,
        &array.shape(),
        axes,
        args.select.as_deref(),
        terminal,
    )
}
