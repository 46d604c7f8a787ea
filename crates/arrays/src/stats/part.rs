//! Statistics of any box, along any of its axes.

use super::{
    asked::{Options, Select, Whole},
    axis::add,
    pieces::{numbers_in, read},
    run::{Found, element_bytes, first_of, places},
};
use crate::npy::{ArrayFile, Cut, Region, elements, index_in};
use crate::progress::Progress;
use crate::{
    AnalysisError,
    memory::{size, threads_within},
    moments::Moments,
    statistics::Statistics,
    summable::Summable,
};
use rayon::prelude::*;
use std::ops::Range;

/// Columns that a thread reduces at a time.
const COLUMNS: u64 = 1024;
/// Elements that are read at a time. What is merged, and in which order, depends on these two numbers
/// alone, never on threads or memory.
const PIECE: u64 = 1 << 15;

/// The statistics of a box, and where its minimum and maximum are.
pub(super) fn selected<T: Summable>(
    array: &ArrayFile,
    select: &Select,
    options: Options,
    progress: &Progress,
) -> Result<Whole, AnalysisError> {
    let all: Vec<Region> = pieces(&array.npy.in_file_order(select), PIECE);
    let threads = threads_within(options.memory, 2 * 8 * PIECE)?;
    let mut found = Found::<T>::default();
    let mut first = 0;
    while first < all.len() {
        let some = &all[first..all.len().min(first + size(threads * 64))];
        let moments: Vec<Moments<T>> = some
            .par_iter()
            .map_init(Vec::new, |buffer, piece| {
                let values = read::<T>(array, piece, buffer)?;
                progress.add(values.len() as u64 * element_bytes(array));
                Ok::<_, AnalysisError>(Moments::of_run(values, options.skip_nan))
            })
            .collect::<Result<_, _>>()?;
        for (number, moments) in (first as u64..).zip(moments) {
            found.join(number, moments);
        }
        first += some.len();
    }
    let place = |task: u64, wanted: T| {
        let piece = &all[size(task)];
        let mut buffer = Vec::new();
        let values = read::<T>(array, piece, &mut buffer)?;
        let shape: Vec<u64> = piece.iter().map(|range| range.end - range.start).collect();
        let at = first_of(array, &shape, values, 0..elements(piece), wanted).unwrap_or(0);
        Ok(array.npy.in_file_order(&index_in(piece, at)))
    };
    Ok(Whole {
        statistics: found.moments.statistics(),
        places: places(array, &found, place)?,
    })
}

/// The place of the first element, of some in file order, that equals a value.
pub(super) fn place_in<T: Summable>(
    array: &ArrayFile,
    places: Range<u64>,
    wanted: T,
) -> Result<u64, AnalysisError> {
    const SOME: u64 = 1 << 14;
    let shape = array.npy.in_file_order(&array.npy.shape);
    let (mut values, mut found) = (Vec::new(), Vec::new());
    let mut start = places.start;
    while start < places.end && (found.is_empty() || array.npy.fortran_order) {
        values.resize(size(SOME.min(places.end - start)), T::default());
        array.read(start, &mut values)?;
        let numbers = start..start + values.len() as u64;
        found.extend(first_of(array, &shape, &values, numbers, wanted));
        start += SOME;
    }
    let first = found
        .into_iter()
        .min_by_key(|&place| array.npy.index_of(place));
    Ok(first.unwrap_or(places.start))
}

/// The statistics along the axes that are reduced, all in file order.
pub(super) fn along<T: Summable, E: From<AnalysisError>>(
    array: &ArrayFile,
    select: &Select,
    reduced: &[bool],
    options: Options,
    progress: &Progress,
    mut emit: impl FnMut(u64, &[Statistics]) -> Result<(), E>,
) -> Result<(), E> {
    let whole = array.npy.in_file_order(select);
    let columns = kept(&whole, reduced);
    let count = elements(&columns);
    let each = (2 * size_of::<Moments<T>>() + size_of::<Statistics>()) as u64;
    let threads = threads_within(options.memory, 2 * 8 * PIECE + COLUMNS * each)?;
    let blocks = pieces(&columns, COLUMNS);
    let mut first = 0;
    if count <= COLUMNS && blocks.len() == 1 {
        let moments = together::<T>(array, &whole, reduced, options, threads, progress)?;
        let statistics: Vec<Statistics> = moments.iter().map(Moments::statistics).collect();
        return emit(0, &statistics);
    }
    for some in blocks.chunks(size(threads)) {
        let results: Vec<Vec<Statistics>> = some
            .par_iter()
            .map(|block| {
                let part = with_kept(&whole, reduced, block);
                let mut moments = vec![Moments::<T>::default(); size(elements(block))];
                let mut buffer = Vec::new();
                for piece in pieces(&part, PIECE) {
                    let values = read::<T>(array, &piece, &mut buffer)?;
                    progress.add(values.len() as u64 * element_bytes(array));
                    let found = fold(values, &piece, reduced, options.skip_nan);
                    merge(&mut moments, &found, &kept(&piece, reduced), block);
                }
                Ok::<_, AnalysisError>(moments.iter().map(Moments::statistics).collect())
            })
            .collect::<Result<_, _>>()?;
        for statistics in results {
            emit(first, &statistics)?;
            first += statistics.len() as u64;
        }
    }
    Ok(())
}

/// The moments of few columns, to which all threads contribute.
fn together<T: Summable>(
    array: &ArrayFile,
    whole: &Region,
    reduced: &[bool],
    options: Options,
    threads: u64,
    progress: &Progress,
) -> Result<Vec<Moments<T>>, AnalysisError> {
    let columns = kept(whole, reduced);
    let mut moments = vec![Moments::<T>::default(); size(elements(&columns))];
    for some in pieces(whole, PIECE).chunks(size(threads * 4)) {
        let found: Vec<Vec<Moments<T>>> = some
            .par_iter()
            .map_init(Vec::new, |buffer, piece| {
                let values = read::<T>(array, piece, buffer)?;
                progress.add(values.len() as u64 * element_bytes(array));
                Ok::<_, AnalysisError>(fold(values, piece, reduced, options.skip_nan))
            })
            .collect::<Result<_, _>>()?;
        for (piece, found) in some.iter().zip(found) {
            merge(&mut moments, &found, &kept(piece, reduced), &columns);
        }
    }
    Ok(moments)
}

fn pieces(whole: &[Range<u64>], most: u64) -> Vec<Region> {
    Cut::of_elements(whole, most).iter().collect()
}

fn merge<T: Summable>(
    all: &mut [Moments<T>],
    some: &[Moments<T>],
    inner: &[Range<u64>],
    outer: &[Range<u64>],
) {
    for (number, one) in numbers_in(inner, outer).zip(some) {
        all[number] = all[number].merge(*one);
    }
}

/// The ranges of a box along the axes that are kept.
fn kept(of: &[Range<u64>], reduced: &[bool]) -> Region {
    let axes = of.iter().zip(reduced).filter(|&(_, &is)| !is);
    axes.map(|(range, _)| range.clone()).collect()
}

/// A box with other ranges along the axes that are kept.
fn with_kept(of: &[Range<u64>], reduced: &[bool], block: &[Range<u64>]) -> Region {
    let mut block = block.iter();
    let axes = of.iter().zip(reduced);
    axes.map(|(range, &is)| match is {
        true => range.clone(),
        false => block.next().unwrap_or(range).clone(),
    })
    .collect()
}

/// The moments of the columns of a box in memory.
fn fold<T: Summable>(
    values: &[T],
    piece: &[Range<u64>],
    reduced: &[bool],
    skip_nan: bool,
) -> Vec<Moments<T>> {
    // Neighbouring axes that are both kept or both reduced are one.
    let mut groups: Vec<(usize, bool)> = Vec::new();
    for (range, &is) in piece.iter().zip(reduced) {
        let length = size(range.end - range.start);
        match groups.last_mut() {
            Some((all, same)) if *same == is => *all *= length,
            _ => groups.push((length, is)),
        }
    }
    let mut columns = vec![Moments::default(); size(elements(&kept(piece, reduced)))];
    fold_groups(values, &groups, &mut columns, skip_nan);
    columns
}

fn fold_groups<T: Summable>(
    values: &[T],
    groups: &[(usize, bool)],
    columns: &mut [Moments<T>],
    skip_nan: bool,
) {
    match groups {
        [] | [(_, true)] => columns[0] = columns[0].merge(Moments::of_run(values, skip_nan)),
        [(inner, false)] | [(_, true), (inner, false)] if columns.len() == *inner => {
            add(values, *inner, columns, skip_nan);
        }
        [(length, true), rest @ ..] => {
            let inner = values.len() / length;
            for values in values.chunks_exact(inner) {
                fold_groups(values, rest, columns, skip_nan);
            }
        }
        [(length, false), rest @ ..] => {
            let (inner, each) = (values.len() / length, columns.len() / length);
            let parts = values
                .chunks_exact(inner)
                .zip(columns.chunks_exact_mut(each));
            for (values, columns) in parts {
                fold_groups(values, rest, columns, skip_nan);
            }
        }
    }
}
