//! Quantiles along axes of a box.

use super::{
    asked::{Options, Select},
    quantiles::of_box,
    read,
};
use crate::npy::{ArrayFile, Cut, elements, index_in};
use crate::progress::Progress;
use crate::{AnalysisError, memory::size, rank::Rank, summable::with_summable, walk};
use std::ops::Range;

/// The quantiles of a box along some axes, for a range of the columns that are left, in file order: one
/// list a column.
///
/// # Errors
/// [`AnalysisError::Memory`], [`AnalysisError::Npy`].
pub fn column_quantiles(
    array: &ArrayFile,
    select: &Select,
    axes: &[usize],
    columns: Range<u64>,
    wanted: &[f64],
    options: Options,
) -> Result<Vec<Vec<f64>>, AnalysisError> {
    let reduced: Vec<bool> = (0..select.len()).map(|axis| axes.contains(&axis)).collect();
    let reduced = array.npy.in_file_order(&reduced);
    let whole = array.npy.in_file_order(select);
    let of_kept = |kept: bool| {
        let axes = whole
            .iter()
            .zip(&reduced)
            .filter(move |&(_, &is)| is != kept);
        axes.map(|(range, _)| range.clone()).collect::<Vec<_>>()
    };
    let (kept, length) = (of_kept(true), elements(&of_kept(false)));
    let box_of = |column: u64, count: u64| {
        let mut index = index_in(&kept, column).into_iter();
        let last = reduced.iter().rposition(|is| !is);
        let axes = whole.iter().zip(&reduced).enumerate();
        axes.map(|(axis, (range, &is))| {
            let along = if Some(axis) == last { count } else { 1 };
            let kept = if is { None } else { index.next() };
            kept.map_or_else(|| range.clone(), |at| at..at + along)
        })
        .collect::<Vec<_>>()
    };
    let threads = rayon::current_num_threads() as u64;
    let room = options.memory / threads / 32;
    if length > room {
        return columns
            .map(|column| {
                let progress = Progress::default();
                with_summable!(array.npy.dtype.kind, T => {
                    let found = of_box::<T>(array, &box_of(column, 1), wanted, options, &progress)?;
                    Ok(found.values)
                })
            })
            .collect();
    }
    // Neighbours along the last axis that is left are read together.
    let row = kept.last().map_or(1, |range| range.end - range.start);
    let most = (room / length.max(1)).clamp(1, 4096);
    let mut groups = Vec::new();
    let mut column = columns.start;
    while column < columns.end {
        let count = most.min(row - column % row).min(columns.end - column);
        groups.push((column, count));
        column += count;
    }
    let last = reduced.iter().rposition(|is| !is).unwrap_or(0);
    let visit = |buffer: &mut Vec<f64>, number: u64, _| {
        let (column, count) = groups[size(number)];
        let part = box_of(column, count);
        let values = read(array, &part, buffer)?;
        let inner = size(elements(part.get(last + 1..).unwrap_or_default()));
        let count = size(count);
        let mut own = Vec::with_capacity(size(length));
        let of_column = |number: usize| {
            own.clear();
            for row in values.chunks_exact((count * inner).max(1)) {
                own.extend_from_slice(&row[number * inner..(number + 1) * inner]);
            }
            of_values(&mut own, wanted, options.skip_nan)
        };
        Ok::<_, AnalysisError>((0..count).map(of_column).collect::<Vec<_>>())
    };
    let mut results = Vec::new();
    let count = groups.len() as u64;
    walk::in_order(
        &Cut::of_list(count, 1),
        threads,
        count,
        visit,
        |_, found| {
            results.extend(found);
            Ok::<_, AnalysisError>(())
        },
    )?;
    Ok(results)
}

fn of_values(values: &mut Vec<f64>, wanted: &[f64], skip_nan: bool) -> Vec<f64> {
    let all = values.len();
    values.retain(|value| !value.is_nan());
    if values.is_empty() || (values.len() < all && !skip_nan) {
        return vec![f64::NAN; wanted.len()];
    }
    values.iter_mut().for_each(|value| *value += 0.0);
    values.sort_unstable_by(f64::total_cmp);
    let of = |&q: &f64| {
        let pick = Rank::Quantile(q).pick(values.len());
        Rank::Quantile(q).between(pick, values[pick.low], values[pick.high])
    };
    wanted.iter().map(of).collect()
}
