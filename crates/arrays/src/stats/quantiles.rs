//! Exact quantiles of any number of elements, in several passes and bounded memory.
//!
//! The bits of a number, with the sign inverted, sort like the number. A pass counts the elements by their highest
//! bits, which determines these bits of the quantiles; the next pass counts the elements with these bits by the bits
//! that follow. Once the candidates for the quantiles fit into memory, they are sorted. That takes two to three passes
//! for usual data, and at most one for every 16 bits. Columns that fit into memory are sorted without counting.
//!
//! Source: Munro and Paterson, "Selection and sorting with limited storage", Theoretical Computer Science
//! 12 (1980), for selection in several passes.

use super::{
    boxes::{Select, flags, ranges_of_axes, read},
    options::Options,
    tasks::TASK,
};
use crate::npy::{ArrayFile, Cut, Region, elements, index_in};
use crate::progress::Progress;
use crate::{
    AnalysisError,
    memory::{size, threads_within},
    rank::Rank,
    summable::{Summable, with_summable},
    walk,
};
use rayon::prelude::*;
use std::ops::Range;

/// Quantiles, and the number of passes over the elements.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantiles {
    /// The quantiles in the order of the request.
    pub values: Vec<f64>,
    /// The number of passes over the elements.
    pub passes: u32,
}

/// The quantiles, from 0 to 1, of a box, interpolated as by NumPy's `linear`. The number of bytes read is added to
/// `progress`.
///
/// # Errors
/// [`AnalysisError`].
pub fn quantiles(
    array: &ArrayFile,
    select: &Select,
    levels: &[f64],
    options: Options,
    progress: &Progress,
) -> Result<Quantiles, AnalysisError> {
    let region = array.npy.in_file_order(select);
    with_summable!(array.npy.dtype.kind, T => {
        quantiles_of_box::<T>(array, &region, levels, options, progress)
    })
}

/// The search for a quantile by its bits, from the highest to the lowest.
#[derive(Debug, Clone, Copy)]
struct Candidates {
    /// The number of elements of the box that are less than the quantile.
    rank: u64,
    /// The known highest bits of the quantile; all others are 0.
    prefix: u64,
    /// The number of elements with smaller highest bits.
    below: u64,
    /// The number of elements with the same highest bits.
    count: u64,
}

/// The quantiles, at `levels` from 0 to 1, of a box in file order.
fn quantiles_of_box<T: Summable>(
    array: &ArrayFile,
    region: &[Range<u64>],
    levels: &[f64],
    options: Options,
    progress: &Progress,
) -> Result<Quantiles, AnalysisError> {
    let thread_memory = (options.memory / 4).clamp(1 << 14, 64 << 20);
    let threads = threads_within(options.memory, thread_memory.min(8 << 20))?;
    let pass = QuantilePass {
        array,
        pieces: Cut::of_elements(region, TASK.min(options.memory / threads / 64).max(1 << 10)),
        threads,
        progress,
    };
    // A quarter of the memory is for counters, or for the elements that can be quantiles, which are joined once.
    let most_values = options.memory / 4 / 8;
    let mut known_bits = counted_bits(most_values / threads, 1);
    let (counts, nan_count) = pass.count::<T>(&[0], 0, known_bits)?;
    let counts = &counts[0];
    let element_count: u64 = counts.iter().sum();
    let mut passes = 1;
    if element_count == 0 || (nan_count > 0 && !options.skip_nan) {
        let values = vec![f64::NAN; levels.len()];
        return Ok(Quantiles { values, passes });
    }
    let picks: Vec<_> = levels
        .iter()
        .map(|&q| Rank::Quantile(q).pick(size(element_count)))
        .collect();
    let ranks = picks
        .iter()
        .flat_map(|pick| [pick.low as u64, pick.high as u64]);
    let mut searches: Vec<Candidates> = ranks
        .map(|rank| {
            let all_elements = Candidates {
                rank,
                prefix: 0,
                below: 0,
                count: element_count,
            };
            all_elements.refined(counts, known_bits)
        })
        .collect();
    let values: Vec<f64> = loop {
        let mut groups: Vec<(u64, u64)> = searches
            .iter()
            .map(|search| (search.prefix, search.count))
            .collect();
        groups.sort_unstable();
        groups.dedup();
        let prefixes: Vec<u64> = groups.iter().map(|group| group.0).collect();
        let candidate_count: u64 = groups.iter().map(|group| group.1).sum();
        if known_bits == 64 {
            break searches
                .iter()
                .map(|search| T::of_key(search.prefix))
                .collect();
        }
        passes += 1;
        if candidate_count <= most_values {
            let sorted = pass.collect::<T>(&prefixes, known_bits)?;
            break searches
                .iter()
                .map(|search| {
                    let group = prefixes.partition_point(|&prefix| prefix < search.prefix);
                    T::of_key(sorted[group][size(search.rank - search.below)])
                })
                .collect();
        }
        let further_bits = counted_bits(most_values / threads, groups.len()).min(64 - known_bits);
        let (counts, _) = pass.count::<T>(&prefixes, known_bits, further_bits)?;
        known_bits += further_bits;
        for search in &mut searches {
            let group = prefixes.partition_point(|&prefix| prefix < search.prefix);
            *search = search.refined(&counts[group], known_bits);
        }
    };
    let pairs = picks.iter().zip(values.as_chunks::<2>().0).zip(levels);
    Ok(Quantiles {
        values: pairs
            .map(|((pick, [low, high]), &q)| Rank::Quantile(q).between(*pick, *low, *high))
            .collect(),
        passes,
    })
}

/// The number of bits by which a pass counts, so that a thread has memory for a counter for each of their values in
/// every group.
fn counted_bits(room: u64, groups: usize) -> u32 {
    let counters = (room / groups.max(1) as u64).max(16);
    counters.ilog2().min(16)
}

impl Candidates {
    /// The candidates whose bits up to `known_bits` equal the same bits of the quantile. `counts` holds the number of
    /// candidates for each value of the new bits.
    fn refined(self, counts: &[u64], known_bits: u32) -> Self {
        let (mut smaller_values, mut number) = (self.below, 0);
        while number + 1 < counts.len() && smaller_values + counts[number] <= self.rank {
            smaller_values += counts[number];
            number += 1;
        }
        Self {
            prefix: self.prefix | (number as u64) << (64 - known_bits),
            below: smaller_values,
            count: counts[number],
            ..self
        }
    }
}

/// The passes over the elements of a box.
struct QuantilePass<'a> {
    array: &'a ArrayFile,
    pieces: Cut,
    threads: u64,
    progress: &'a Progress,
}

impl QuantilePass<'_> {
    /// Counts NaN, and the elements of each group by the `further_bits` after the `known_bits` that its elements share.
    fn count<T: Summable>(
        &self,
        prefixes: &[u64],
        known_bits: u32,
        further_bits: u32,
    ) -> Result<(Vec<Vec<u64>>, u64), AnalysisError> {
        let shift = 64 - known_bits - further_bits;
        let mask = (1_u64 << further_bits) - 1;
        let states = self.each_thread(
            || zero_counts(prefixes.len(), further_bits),
            |(counts, nan_count), values: &[T]| {
                for value in values {
                    if value.is_nan() {
                        *nan_count += 1;
                        continue;
                    }
                    let key = value.key();
                    if let Some(group) = group_of(key, prefixes, known_bits) {
                        counts[group][((key >> shift) & mask) as usize] += 1;
                    }
                }
            },
        )?;
        let mut states = states.into_iter();
        let (mut sums, mut nan_sum) = states
            .next()
            .unwrap_or_else(|| zero_counts(prefixes.len(), further_bits));
        for (counts, nan_count) in states {
            for (sum, count) in sums.iter_mut().flatten().zip(counts.iter().flatten()) {
                *sum += count;
            }
            nan_sum += nan_count;
        }
        Ok((sums, nan_sum))
    }

    /// The sorted keys of the elements of each group.
    fn collect<T: Summable>(
        &self,
        prefixes: &[u64],
        known_bits: u32,
    ) -> Result<Vec<Vec<u64>>, AnalysisError> {
        let empty_groups: Vec<Vec<u64>> = vec![Vec::new(); prefixes.len()];
        let states = self.each_thread(
            || empty_groups.clone(),
            |groups, values: &[T]| {
                for value in values.iter().filter(|value| !value.is_nan()) {
                    let key = value.key();
                    if let Some(group) = group_of(key, prefixes, known_bits) {
                        groups[group].push(key);
                    }
                }
            },
        )?;
        let mut sorted_groups = empty_groups;
        for groups in states {
            for (sorted, mut keys) in sorted_groups.iter_mut().zip(groups) {
                if sorted.is_empty() {
                    *sorted = keys;
                } else {
                    sorted.append(&mut keys);
                }
            }
        }
        sorted_groups
            .par_iter_mut()
            .for_each(|keys| keys.par_sort_unstable());
        Ok(sorted_groups)
    }

    /// Passes all elements to a few threads, each with a state of its own.
    fn each_thread<T: Summable, S: Send>(
        &self,
        new_state: impl Fn() -> S + Sync,
        see: impl Fn(&mut S, &[T]) + Sync,
    ) -> Result<Vec<S>, AnalysisError> {
        let states = walk::by_thread(
            &self.pieces,
            self.threads,
            || (new_state(), Vec::new()),
            |(state, buffer), _, piece: Region| {
                let values = read::<T>(self.array, &piece, buffer)?;
                self.progress
                    .add((values.len() * self.array.npy.dtype.bytes) as u64);
                see(state, values);
                Ok::<_, AnalysisError>(())
            },
        )?;
        Ok(states.into_iter().map(|(state, _)| state).collect())
    }
}

/// Counters for each value of `bits` bits in every group, and one for NaN.
fn zero_counts(groups: usize, bits: u32) -> (Vec<Vec<u64>>, u64) {
    (vec![vec![0; 1 << bits]; groups], 0)
}

/// The number of the group that shares its highest bits with a key.
#[inline]
fn group_of(key: u64, prefixes: &[u64], known_bits: u32) -> Option<usize> {
    if known_bits == 0 {
        return Some(0);
    }
    let key_prefix = key >> (64 - known_bits) << (64 - known_bits);
    prefixes.iter().position(|&prefix| prefix == key_prefix)
}

/// A box in file order, and which of its axes are reduced. A column has all indices along the reduced axes and one
/// index along every other axis; columns are numbered in file order.
struct QuantileColumns {
    region: Region,
    is_reduced: Vec<bool>,
}

impl QuantileColumns {
    fn kept_ranges(&self) -> Region {
        ranges_of_axes(&self.region, &self.is_reduced, false)
    }

    fn last_kept_axis(&self) -> Option<usize> {
        self.is_reduced.iter().rposition(|is_reduced| !is_reduced)
    }

    /// The number of elements in a column.
    fn length(&self) -> u64 {
        elements(&ranges_of_axes(&self.region, &self.is_reduced, true))
    }

    /// The box of `count` neighbouring columns along the last axis that is kept.
    fn region_of(&self, first_column: u64, count: u64) -> Region {
        let mut indices = index_in(&self.kept_ranges(), first_column).into_iter();
        let last_kept_axis = self.last_kept_axis();
        let mut region = self.region.clone();
        for (axis, range) in region.iter_mut().enumerate() {
            if self.is_reduced[axis] {
                continue;
            }
            let width = if Some(axis) == last_kept_axis {
                count
            } else {
                1
            };
            if let Some(index) = indices.next() {
                *range = index..index + width;
            }
        }
        region
    }
}

/// The quantiles of a box along some axes, for a range of its columns in file order, one list for each column. The
/// number of bytes of finished columns is added to `progress`.
///
/// # Errors
/// [`AnalysisError`].
pub fn column_quantiles(
    array: &ArrayFile,
    select: &Select,
    axes: &[usize],
    columns: Range<u64>,
    levels: &[f64],
    options: Options,
    progress: &Progress,
) -> Result<Vec<Vec<f64>>, AnalysisError> {
    let reduction = QuantileColumns {
        region: array.npy.in_file_order(select),
        is_reduced: array.npy.in_file_order(&flags(select.len(), axes)),
    };
    let length = reduction.length();
    let threads = rayon::current_num_threads() as u64;
    let room = options.memory / threads / 32;
    let column_bytes = length * array.npy.dtype.bytes as u64;
    if length > room {
        return columns
            .map(|column| {
                // The number of passes over a column is not known before.
                let passes = Progress::default();
                let region = reduction.region_of(column, 1);
                with_summable!(array.npy.dtype.kind, T => {
                    let quantiles =
                        quantiles_of_box::<T>(array, &region, levels, options, &passes)?;
                    progress.add(column_bytes);
                    Ok(quantiles.values)
                })
            })
            .collect();
    }
    // Neighbours along the last axis that is kept are read together.
    let kept_ranges = reduction.kept_ranges();
    let row = kept_ranges
        .last()
        .map_or(1, |range| range.end - range.start);
    let group_limit = (room / length.max(1)).clamp(1, 4096);
    let mut groups = Vec::new();
    let mut column = columns.start;
    while column < columns.end {
        let count = group_limit
            .min(row - column % row)
            .min(columns.end - column);
        groups.push((column, count));
        column += count;
    }
    let last_kept_axis = reduction.last_kept_axis().unwrap_or(0);
    let mut results = Vec::new();
    walk::in_order(
        &Cut::of_list(groups.len() as u64, 1),
        threads,
        groups.len() as u64,
        |buffer: &mut Vec<f64>, number: u64, _| {
            let (first_column, count) = groups[size(number)];
            let region = reduction.region_of(first_column, count);
            let values = read(array, &region, buffer)?;
            let inner = size(elements(
                region.get(last_kept_axis + 1..).unwrap_or_default(),
            ));
            let count = size(count);
            let mut column_values = Vec::with_capacity(size(length));
            let mut quantiles = Vec::with_capacity(count);
            for column in 0..count {
                column_values.clear();
                for row in values.chunks_exact((count * inner).max(1)) {
                    column_values.extend_from_slice(&row[column * inner..(column + 1) * inner]);
                }
                quantiles.push(quantiles_of(&mut column_values, levels, options.skip_nan));
            }
            Ok::<_, AnalysisError>(quantiles)
        },
        |_, quantiles: Vec<Vec<f64>>| {
            progress.add(quantiles.len() as u64 * column_bytes);
            results.extend(quantiles);
            Ok::<_, AnalysisError>(())
        },
    )?;
    Ok(results)
}

/// The quantiles of values in memory, which get sorted. NaN is left out with `skip_nan`; otherwise one NaN makes all
/// quantiles NaN.
fn quantiles_of(values: &mut Vec<f64>, levels: &[f64], skip_nan: bool) -> Vec<f64> {
    let count_with_nan = values.len();
    values.retain(|value| !value.is_nan());
    let has_nan = values.len() < count_with_nan;
    if values.is_empty() || (has_nan && !skip_nan) {
        return vec![f64::NAN; levels.len()];
    }
    // Adding 0.0 turns -0.0 into 0.0.
    values.iter_mut().for_each(|value| *value += 0.0);
    values.sort_unstable_by(f64::total_cmp);
    levels
        .iter()
        .map(|&q| {
            let pick = Rank::Quantile(q).pick(values.len());
            Rank::Quantile(q).between(pick, values[pick.low], values[pick.high])
        })
        .collect()
}
