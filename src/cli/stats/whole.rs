//! One row for all elements, or for a box of them.

use super::{
    args::StatsArgs,
    results::{hint, nan, new_array, row},
};
use crate::{
    cli::{
        axes::{self, Axes},
        bar::Unit,
        open,
        rows::{Fact, IndexInWords, Style, Table, Told},
        select,
    },
    cube::JournalledArray,
    error::Error,
};
use diff2d_arrays::{
    Statistics,
    labels::Labels,
    npy::Scalar,
    stats::{self, Options},
};

/// Computes and prints, or writes, the results; below the head of the table if they are the first.
pub(super) fn whole(
    args: &StatsArgs,
    array: JournalledArray,
    options: Options,
    table: &Table<'_>,
    is_first: bool,
) -> Result<(), Error> {
    let terminal = table.terminal;
    let (array, select) = select::select(array, false, args.select.as_deref(), terminal)?;
    let (array, select, axes) = (&array, &select, Axes::of(&array));
    let output = new_array(args, array, table, &[], false)?;
    let elements: u64 = select.iter().map(|range| range.end - range.start).product();
    let bar = terminal.bar(elements * array.npy.dtype.bytes as u64, Unit::Bytes);
    let progress = bar.progress();
    let found = stats::selected(array, select, options, progress)?;
    let statistics = found.statistics;
    let (mut quantiles, mut passes) = (Vec::new(), 0);
    if !args.quantiles.is_empty() {
        let found = stats::quantiles(array, select, &args.quantiles, options, progress)?;
        (quantiles, passes) = (found.values, found.passes);
    }
    let mut row = row(args, table, options, &statistics, &quantiles);
    if table.style == Style::Text {
        row.facts.push(nan(&statistics));
    }
    for (name, index) in ["argmin", "argmax"]
        .into_iter()
        .zip(found.places.iter().flatten())
    {
        let at = axes::in_words(&axes.places(index));
        let both = index.iter().enumerate();
        let index = both
            .map(|(axis, &number)| array.index_in_file(axis, number))
            .collect();
        let told = Told::Place(IndexInWords { index, at });
        row.facts.push(Fact { name, told });
    }
    if let Some(bins) = args.histogram {
        let ends = bins
            .ends
            .or_else(|| range(&statistics))
            .ok_or_else(no_range)?;
        let found = stats::histogram(array, select, bins.count, ends, options, progress)?;
        row.facts.push(Fact {
            name: "histogram",
            told: Told::Histogram {
                edges: found.edges,
                counts: found.counts,
            },
        });
    }
    drop(bar);
    if passes > 0 {
        terminal.detail(&format!(
            "the quantiles took {passes} passes over the elements"
        ));
    }
    hint(options, &statistics, terminal);
    if let (Some(output), Some(path)) = (output, &args.output) {
        let numbers: Vec<f64> = row.values.iter().copied().map(Scalar::to_f64).collect();
        output.write(0, bytemuck::cast_slice(&numbers))?;
        return open::finish(output, path, &Labels::default());
    }
    if is_first {
        table.print_head()?;
    }
    table.print(&[row])
}

/// The finite ends of all values; those that NumPy takes where there are none.
fn range(statistics: &Statistics) -> Option<[f64; 2]> {
    let Some((low, high)) = statistics.range else {
        return Some([0.0, 1.0]);
    };
    let ends = [low.to_f64(), high.to_f64()];
    ends.iter().all(|end| end.is_finite()).then_some(ends)
}

fn no_range() -> Error {
    Error::Usage(
        "--histogram: minimum and maximum are not finite; --skip-nan leaves NaN out, and N:LO:HI says from where to where".to_owned(),
    )
}
