//! A row for every index along the axes that are left, or an array of these.

use super::{
    args::StatsArgs,
    results::{hint, new_array, row},
};
use crate::{
    cli::{
        axes::Axes,
        bar::Unit,
        open,
        rows::{Row, Table},
        select,
    },
    cube::{AxisValues, JournalledArray, NamedAxis},
    error::Error,
};
use diff2d_arrays::npy::{Dtype, NpyHeader, Scalar};
use diff2d_arrays::{
    AnalysisError, Statistics,
    output::Output,
    stats::{self, Options},
};

pub(super) fn along(
    args: &StatsArgs,
    array: &JournalledArray,
    text: &str,
    options: Options,
    table: Table<'_>,
) -> Result<(), Error> {
    let (axes, terminal) = (Axes::of(array), table.terminal);
    let reduced = axes.axes(text)?;
    let select = args.select.as_deref();
    let select = select::ranges(array, &array.shape(), &axes, select, terminal)?;
    let left: Vec<usize> = (0..select.len())
        .filter(|axis| !reduced.contains(axis))
        .collect();
    let length = |&axis: &usize| select[axis].end - select[axis].start;
    let lengths = left.iter().map(length).collect();
    let rest = NpyHeader::new(lengths, Dtype::F64, array.npy.fortran_order);
    // The axes that are left and have coordinates, each with its place among those that are left.
    let named: Vec<(usize, usize, &str)> = axes
        .with_coordinates()
        .into_iter()
        .filter_map(|(axis, name)| Some((left.iter().position(|&one| one == axis)?, axis, name)))
        .collect();
    let mut output = new_array(args, array, &rest.shape, rest.fortran_order)?;
    let table = Table {
        indices: Some(left.len()).filter(|&left| left > 0),
        coordinates: named.iter().map(|(.., name)| (*name).to_owned()).collect(),
        ..table
    };
    if output.is_none() {
        table.print_head()?;
    }
    let elements: u64 = (0..select.len()).map(|axis| length(&axis)).product();
    let bar = terminal.bar(elements * array.npy.dtype.bytes as u64, Unit::Bytes);
    let mut hinted = false;
    let take = |first: u64, results: &[Statistics]| -> Result<(), Error> {
        let with_nan = results.iter().find(|one| one.nan > 0);
        if let Some(one) = with_nan.filter(|_| !hinted) {
            hinted = true;
            hint(options, one, terminal);
        }
        let columns = first..first + results.len() as u64;
        let quantiles = match args.quantiles.is_empty() {
            true => vec![Vec::new(); results.len()],
            false => {
                let wanted = &args.quantiles;
                stats::column_quantiles(array, &select, &reduced, columns, wanted, options)?
            }
        };
        if let Some(output) = &mut output {
            return Ok(write(output, &rest, first, results, &quantiles)?);
        }
        let rows: Vec<Row> = (first..)
            .zip(results.iter().zip(&quantiles))
            .map(|(place, (statistics, quantiles))| {
                let index = rest.index_of(place).into_iter().zip(&left);
                let index: Vec<u64> = index.map(|(at, &axis)| select[axis].start + at).collect();
                let coordinate = |&(number, axis, _): &(usize, usize, &str)| {
                    axes.coordinate(axis, index[number]).unwrap_or(f64::NAN)
                };
                Row {
                    coordinates: named.iter().map(coordinate).collect(),
                    index,
                    ..row(args, &table, statistics, quantiles)
                }
            })
            .collect();
        table.print(&rows)
    };
    stats::along(array, &select, &reduced, options, bar.progress(), take)?;
    drop(bar);
    let (Some(output), Some(path)) = (output, &args.output) else {
        return Ok(());
    };
    let of_left = left.iter().map(|&axis| {
        let named = axes.named_axes().get(axis)?.as_ref()?;
        named.of_range(&select[axis])
    });
    let mut made: Vec<Option<NamedAxis>> = vec![None];
    made.extend(of_left);
    if made.iter().any(Option::is_some) {
        made[0] = Some(NamedAxis {
            unit: None,
            name: "statistic".to_owned(),
            values: AxisValues::Labels(table.values),
        });
    }
    open::finish(output, path, &made, None)
}

/// Puts results into the file, in which the numbers of one follow one another slowest, or fastest in
/// Fortran order.
fn write(
    output: &Output,
    rest: &NpyHeader,
    first: u64,
    results: &[Statistics],
    quantiles: &[Vec<f64>],
) -> Result<(), AnalysisError> {
    let numbers: Vec<Vec<f64>> = results
        .iter()
        .zip(quantiles)
        .map(|(one, quantiles)| [&one.scalars().map(Scalar::to_f64)[..], quantiles].concat())
        .collect();
    let each = numbers.first().map_or(0, Vec::len);
    if rest.fortran_order {
        let all: Vec<f64> = numbers.concat();
        output.write(first * each as u64, bytemuck::cast_slice(&all))?;
    } else {
        let plane: u64 = rest.shape.iter().product();
        for number in 0..each {
            let one: Vec<f64> = numbers.iter().map(|numbers| numbers[number]).collect();
            output.write(number as u64 * plane + first, bytemuck::cast_slice(&one))?;
        }
    }
    Ok(())
}
