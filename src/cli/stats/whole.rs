//! One row for all elements, or for a box of them.

use super::{
    args::StatsArgs,
    results::{hint, new_array, row, value_names, values},
};
use crate::cli::{
    axes::{self, Axes},
    bar::Unit,
    error::Error,
    json::Value,
    number, open,
    rows::{Cell, Fact, Table},
    select,
    terminal::Terminal,
};
use diff2d::JournalledArray;
use diff2d_arrays::{
    Statistics,
    labels::{Labels, NamedAxis},
    npy::Scalar,
    stats::{self, Options},
};

/// Computes the results, and prints them as a row of the table, which begins with the name of one of several arrays, or writes
/// them.
pub(super) fn whole(
    args: &StatsArgs,
    array: JournalledArray,
    options: Options,
    name: Option<String>,
    table: &mut Table<'_>,
    terminal: &Terminal,
) -> Result<(), Error> {
    let (array, select) = select::select(array, false, args.select.as_deref(), terminal)?;
    let (array, select, axes) = (&array, &select, Axes::of(&array));
    let output = new_array(args, array, &[], false)?;
    let elements: u64 = select.iter().map(|range| range.end - range.start).product();
    // Quantiles usually take two further passes, and a histogram takes one.
    let passes_of_quantiles = if args.quantiles.is_empty() { 0 } else { 2 };
    let readings = 1 + passes_of_quantiles + u64::from(args.histogram.is_some());
    let bytes = readings * elements * array.npy.dtype.bytes as u64;
    let bar = terminal.bar(bytes, Unit::Bytes);
    let progress = bar.progress();
    let results = stats::selected(array, select, options, progress)?;
    let statistics = results.statistics;
    let (mut quantiles, mut passes) = (Vec::new(), 0);
    if !args.quantiles.is_empty() {
        let estimates = stats::quantiles(array, select, &args.quantiles, options, progress)?;
        (quantiles, passes) = (estimates.values, estimates.passes);
    }
    let name = name.map(Cell::Text).into_iter().collect();
    let mut row = row(args, name, options, &statistics, &quantiles);
    for (name, index) in ["argmin", "argmax"]
        .into_iter()
        .zip(results.places.iter().flatten())
    {
        let coordinates = axes::in_words(&axes.places(index));
        let numbers = index.iter().enumerate();
        let index: Vec<u64> = numbers
            .map(|(axis, &number)| array.index_in_file(axis, number))
            .collect();
        let mut text = number::tuple(&index);
        if !coordinates.is_empty() {
            text += &format!(" at {coordinates}");
        }
        row.facts.push(Fact {
            name,
            value: Value::plain(index),
            text: Some(text),
        });
    }
    if let Some(bins) = args.histogram {
        let limits = bins.ends.or_else(|| range(&statistics)).ok_or_else(|| {
            Error::Usage(
                "--histogram: minimum and maximum are not finite; --skip-nan leaves NaN out, and N:LO:HI says from where to where".to_owned(),
            )
        })?;
        let histogram = stats::histogram(array, select, bins.count, limits, options, progress)?;
        let bins = histogram.counts.iter().zip(histogram.edges.windows(2));
        let lines = bins.map(|(count, edges)| {
            let [low, high] = [edges[0], edges[1]].map(number::python);
            format!("\n{low:>22} {high:>22} {count:>12}")
        });
        row.facts.push(Fact {
            name: "histogram",
            text: Some(lines.collect()),
            value: Value::Object(vec![
                ("edges".into(), Value::plain(histogram.edges)),
                ("counts".into(), Value::plain(histogram.counts)),
            ]),
        });
    }
    drop(bar);
    if passes > 0 {
        terminal.detail(&format!(
            "the quantiles took {passes} passes over the elements"
        ));
    }
    hint(options, &statistics, terminal);
    if let Some(output) = output {
        let numbers: Vec<f64> = values(options, &statistics, &quantiles)
            .map(Scalar::to_f64)
            .collect();
        output.data.write(0, bytemuck::cast_slice(&numbers))?;
        let statistic = NamedAxis::labelled("statistic", value_names(args));
        let labels = Labels::of_axes(vec![Some(statistic)]);
        return open::finish(output, &labels);
    }
    table.print(vec![row])
}

/// The finite ends of all values; those that NumPy takes where there are none.
fn range(statistics: &Statistics) -> Option<[f64; 2]> {
    let Some((low, high)) = statistics.range else {
        return Some([0.0, 1.0]);
    };
    let limits = [low.to_f64(), high.to_f64()];
    limits.iter().all(|end| end.is_finite()).then_some(limits)
}
