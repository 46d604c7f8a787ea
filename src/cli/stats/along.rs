//! A row for every index along the axes that are left, or an array of these.

use super::{
    args::StatsArgs,
    table::{Row, Table},
    whole::{hint, selected},
};
use crate::{
    cli::{
        axes::Axes,
        terminal::{Terminal, Unit},
    },
    cube::{AxisValues, JournalledArray, NamedAxis, forget_axes, refuse_cube, write_axes},
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
    terminal: &Terminal,
) -> Result<(), Error> {
    let axes = Axes::of(array);
    let reduced = axes.axes(text)?;
    let select = selected(args, array, &axes, terminal)?;
    let left: Vec<usize> = (0..select.len())
        .filter(|axis| !reduced.contains(axis))
        .collect();
    let lengths = left
        .iter()
        .map(|&axis| select[axis].end - select[axis].start)
        .collect();
    let rest = NpyHeader::new(lengths, Dtype::F64, array.npy.fortran_order);
    let named: Vec<(usize, usize, String)> = axes
        .with_coordinates()
        .into_iter()
        .filter_map(|(axis, name)| {
            let number = left.iter().position(|&one| one == axis)?;
            Some((number, axis, name.to_owned()))
        })
        .collect();
    let numbers = Statistics::NAMES.len() + args.quantiles.len();
    let mut output = args
        .output
        .as_deref()
        .map(|path| {
            let shape = [&[numbers as u64], &rest.shape[..]].concat();
            refuse_cube(path)?;
            let order = rest.fortran_order;
            Output::create(path, shape, Dtype::F64, order, Some(array), args.force)
                .map_err(Error::from)
        })
        .transpose()?;
    let start = left.iter().map(|&axis| select[axis].start).collect();
    let shown = named
        .iter()
        .map(|(number, _, name)| (*number, name.clone()))
        .collect();
    let table = Table::of(args, &rest)
        .starting_at(start)
        .with_coordinates(shown);
    if output.is_none() {
        table.begin(terminal)?;
    }
    let elements: u64 = select.iter().map(|range| range.end - range.start).product();
    let bar = terminal.bar(elements * array.npy.dtype.bytes as u64, Unit::Bytes);
    let mut hinted = false;
    let take = |first: u64, results: &[Statistics]| -> Result<(), Error> {
        let with_nan = results.iter().find(|one| one.nan > 0);
        if let Some(one) = with_nan.filter(|_| !hinted) {
            hinted = true;
            hint(args, one, terminal);
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
        let rows: Vec<Row<'_>> = (first..)
            .zip(results)
            .zip(&quantiles)
            .map(|((place, statistics), quantiles)| {
                let index = rest.index_of(place);
                let coordinate = |(number, axis, _): &(usize, usize, String)| {
                    let at = select[*axis].start + index[*number];
                    axes.coordinate(*axis, at).unwrap_or(f64::NAN)
                };
                Row {
                    place,
                    statistics,
                    quantiles,
                    coordinates: named.iter().map(coordinate).collect(),
                }
            })
            .collect();
        table.rows(&rows, terminal)
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
        let quantiles = args.quantiles.iter().map(|q| format!("q{q}"));
        let names = Statistics::NAMES.map(str::to_owned).into_iter();
        made[0] = Some(NamedAxis {
            name: "statistic".to_owned(),
            values: AxisValues::Labels(names.chain(quantiles).collect()),
        });
    }
    let shape = output.npy.shape.clone();
    forget_axes(path)?;
    output.finish()?;
    Ok(write_axes(path, &shape, &made)?)
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
