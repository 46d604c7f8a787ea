//! Exact quantiles of any number of elements, in several passes and bounded memory.
//!
//! The bits of a number, with the sign turned, sort like the number. A pass counts the elements by their
//! highest bits, which tells the bits of the results; the next one counts those with these bits by
//! the bits behind them. Once the elements that are left fit into memory, they are sorted. That takes two
//! to three passes for usual data, and at most one for every 16 bits.
//!
//! Source: Munro and Paterson, "Selection and sorting with limited storage", Theoretical Computer Science
//! 12 (1980), for selection in several passes.

use super::{
    asked::{Options, Select},
    read,
    reduction::TASK,
};
use crate::npy::{ArrayFile, Cut, Region};
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

/// Quantiles, and how often the elements were read for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantiles {
    /// The quantiles asked for.
    pub values: Vec<f64>,
    /// Passes over the elements.
    pub passes: u32,
}

/// The quantiles, from 0 to 1, of a box, interpolated as NumPy's `linear` does. Bytes read are added to
/// `progress`.
///
/// # Errors
/// [`AnalysisError::Memory`], [`AnalysisError::Npy`].
pub fn quantiles(
    array: &ArrayFile,
    select: &Select,
    wanted: &[f64],
    options: Options,
    progress: &Progress,
) -> Result<Quantiles, AnalysisError> {
    let whole = array.npy.in_file_order(select);
    with_summable!(array.npy.dtype.kind, T => {
        of_box::<T>(array, &whole, wanted, options, progress)
    })
}

/// An element that is looked for: so many are smaller than all with the bits known of it.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    rank: u64,
    /// Its highest bits, the others 0.
    prefix: u64,
    below: u64,
    /// How many elements have these bits.
    count: u64,
}

pub(super) fn of_box<T: Summable>(
    array: &ArrayFile,
    whole: &[Range<u64>],
    wanted: &[f64],
    options: Options,
    progress: &Progress,
) -> Result<Quantiles, AnalysisError> {
    let each = (options.memory / 4).clamp(1 << 14, 64 << 20);
    let threads = threads_within(options.memory, each.min(8 << 20))?;
    let pass = QuantilePass {
        array,
        pieces: Cut::of_elements(whole, TASK.min(options.memory / threads / 64).max(1 << 10)),
        threads,
        progress,
    };
    // A quarter of the memory is for counters, or for elements that are left, which are joined once.
    let room = options.memory / 4 / 8;
    let width = |groups: usize| -> u32 {
        let counters = (room / threads / groups.max(1) as u64).max(16);
        counters.ilog2().min(16)
    };
    let mut known = width(1);
    let (counts, nan) = pass.count::<T>(&[0], 0, known)?;
    let counts = &counts[0];
    let there: u64 = counts.iter().sum();
    let mut passes = 1;
    if there == 0 || (nan > 0 && !options.skip_nan) {
        let values = vec![f64::NAN; wanted.len()];
        return Ok(Quantiles { values, passes });
    }
    let picks: Vec<_> = wanted
        .iter()
        .map(|&q| Rank::Quantile(q).pick(size(there)))
        .collect();
    let ranks = picks
        .iter()
        .flat_map(|pick| [pick.low as u64, pick.high as u64]);
    let mut all: Vec<Wanted> = ranks
        .map(|rank| {
            let whole = Wanted {
                rank,
                prefix: 0,
                below: 0,
                count: there,
            };
            whole.refined(counts, known)
        })
        .collect();
    let found = loop {
        let mut groups: Vec<(u64, u64)> = all.iter().map(|one| (one.prefix, one.count)).collect();
        groups.sort_unstable();
        groups.dedup();
        let prefixes: Vec<u64> = groups.iter().map(|group| group.0).collect();
        let left: u64 = groups.iter().map(|group| group.1).sum();
        if known == 64 {
            break all.iter().map(|one| T::of_key(one.prefix)).collect();
        }
        passes += 1;
        if left <= room {
            let sorted = pass.collect::<T>(&prefixes, known)?;
            break all
                .iter()
                .map(|one| {
                    let group = prefixes.partition_point(|&prefix| prefix < one.prefix);
                    T::of_key(sorted[group][size(one.rank - one.below)])
                })
                .collect::<Vec<f64>>();
        }
        let more = width(groups.len()).min(64 - known);
        let (counts, _) = pass.count::<T>(&prefixes, known, more)?;
        known += more;
        for one in &mut all {
            let group = prefixes.partition_point(|&prefix| prefix < one.prefix);
            *one = one.refined(&counts[group], known);
        }
    };
    let pairs = picks.iter().zip(found.as_chunks::<2>().0).zip(wanted);
    Ok(Quantiles {
        values: pairs
            .map(|((pick, [low, high]), &q)| Rank::Quantile(q).between(*pick, *low, *high))
            .collect(),
        passes,
    })
}

impl Wanted {
    /// With more bits known: `counts` has the elements by the bits up to the highest `known`.
    fn refined(self, counts: &[u64], known: u32) -> Self {
        let (mut below, mut number) = (self.below, 0);
        while number + 1 < counts.len() && below + counts[number] <= self.rank {
            below += counts[number];
            number += 1;
        }
        Self {
            prefix: self.prefix | (number as u64) << (64 - known),
            below,
            count: counts[number],
            ..self
        }
    }
}

/// Passes over the elements of a box.
struct QuantilePass<'a> {
    array: &'a ArrayFile,
    pieces: Cut,
    threads: u64,
    progress: &'a Progress,
}

impl QuantilePass<'_> {
    /// Counts the elements of each group by the `more` bits behind the `known` ones that its elements
    /// share; and NaN.
    fn count<T: Summable>(
        &self,
        prefixes: &[u64],
        known: u32,
        more: u32,
    ) -> Result<(Vec<Vec<u64>>, u64), AnalysisError> {
        let zero = || (vec![vec![0_u64; 1 << more]; prefixes.len()], 0_u64);
        let shift = 64 - known - more;
        let mask = (1_u64 << more) - 1;
        let counted = self.each_thread(zero, |(counts, nan), values: &[T]| {
            for value in values {
                if value.is_nan() {
                    *nan += 1;
                    continue;
                }
                let key = value.key();
                if let Some(group) = group_of(key, prefixes, known) {
                    counts[group][((key >> shift) & mask) as usize] += 1;
                }
            }
        })?;
        let sum = |mut a: (Vec<Vec<u64>>, u64), b: (Vec<Vec<u64>>, u64)| {
            for (a, b) in a.0.iter_mut().flatten().zip(b.0.iter().flatten()) {
                *a += b;
            }
            (a.0, a.1 + b.1)
        };
        Ok(counted.into_iter().reduce(sum).unwrap_or_else(zero))
    }

    /// The keys of the elements of each group, sorted.
    fn collect<T: Summable>(
        &self,
        prefixes: &[u64],
        known: u32,
    ) -> Result<Vec<Vec<u64>>, AnalysisError> {
        let none = || vec![Vec::new(); prefixes.len()];
        let found = self.each_thread(none, |groups, values: &[T]| {
            for value in values.iter().filter(|value| !value.is_nan()) {
                let key = value.key();
                if let Some(group) = group_of(key, prefixes, known) {
                    groups[group].push(key);
                }
            }
        })?;
        let mut all: Vec<Vec<u64>> = none();
        for groups in found {
            for (all, mut some) in all.iter_mut().zip(groups) {
                if all.is_empty() {
                    *all = some;
                } else {
                    all.append(&mut some);
                }
            }
        }
        all.par_iter_mut().for_each(|keys| keys.par_sort_unstable());
        Ok(all)
    }

    /// Shows all elements to a few threads, each with a state of its own.
    fn each_thread<T: Summable, S: Send>(
        &self,
        begin: impl Fn() -> S + Sync,
        see: impl Fn(&mut S, &[T]) + Sync,
    ) -> Result<Vec<S>, AnalysisError> {
        let begin = || (begin(), Vec::new());
        let visit = |(state, buffer): &mut (S, Vec<T>), _, piece: Region| {
            let values = read::<T>(self.array, &piece, buffer)?;
            self.progress
                .add((values.len() * self.array.npy.dtype.bytes) as u64);
            see(state, values);
            Ok::<_, AnalysisError>(())
        };
        let states = walk::by_thread(&self.pieces, self.threads, begin, visit)?;
        Ok(states.into_iter().map(|(state, _)| state).collect())
    }
}

/// The group of a key: that with which it shares its highest bits.
#[inline]
fn group_of(key: u64, prefixes: &[u64], known: u32) -> Option<usize> {
    if known == 0 {
        return Some(0);
    }
    let prefix = key >> (64 - known) << (64 - known);
    prefixes.iter().position(|&known| known == prefix)
}
