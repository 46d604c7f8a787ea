//! Single elements of an array; only the pages that hold them are read.

use super::{AnalysisError, memory::size, walk};
use crate::npy::{ArrayFile, Cut, NpyError, Region, Scalar};
use rayon::prelude::*;

/// The index along some axes without negative numbers, which count from the end.
///
/// # Errors
/// [`AnalysisError::Request`] for another number of axes, or an index outside the array.
pub fn resolve(
    array: &ArrayFile,
    axes: &[usize],
    index: &[i64],
) -> Result<Vec<u64>, AnalysisError> {
    let shape = array.shape();
    let shown = || {
        index
            .iter()
            .map(i64::to_string)
            .collect::<Vec<_>>()
            .join(",")
    };
    if index.len() != axes.len() {
        return Err(AnalysisError::Request(format!(
            "the point {} has {} indices; {} needs {}",
            shown(),
            index.len(),
            array.path.display(),
            axes.len()
        )));
    }
    axes.iter()
        .zip(index)
        .map(|(&axis, &i)| {
            let length = i128::from(shape[axis]);
            let from_start = i128::from(i) + if i < 0 { length } else { 0 };
            u64::try_from(from_start)
                .ok()
                .filter(|_| from_start < length)
                .ok_or_else(|| {
                    let committed = if axis == 0 && array.is_limited() {
                        " committed so far"
                    } else {
                        ""
                    };
                    AnalysisError::Request(format!(
                        "the point {} lies outside: axis {axis} of {} has {length}{committed}",
                        shown(),
                        array.path.display()
                    ))
                })
        })
        .collect()
}

/// The elements at some indices, in the order of these. They are read one by one in the order of the
/// file: at most as many pages as points.
///
/// # Errors
/// [`AnalysisError::Npy`] when the file cannot be read.
pub fn values(array: &ArrayFile, points: &[Vec<u64>]) -> Result<Vec<Scalar>, AnalysisError> {
    array.expect_single_elements();
    let mut places: Vec<(u64, usize)> = points
        .iter()
        .map(|index| array.npy.place_of(index))
        .zip(0..)
        .collect();
    places.par_sort_unstable();
    let threads = rayon::current_num_threads() as u64;
    let count = places.len() as u64;
    let some = Cut::of_list(count, count.div_ceil(8 * threads));
    let visit = |_: &mut (), _, some: Region| {
        let places = places[size(some[0].start)..size(some[0].end)].iter();
        let read = places.map(|&(place, number)| Ok((number, array.element(place)?)));
        read.collect::<Result<Vec<(usize, Scalar)>, NpyError>>()
    };
    let mut values = vec![Scalar::Integer(0); points.len()];
    walk::in_order(&some, threads, count, visit, |_, read| {
        read.into_iter()
            .for_each(|(number, value)| values[number] = value);
        Ok::<_, AnalysisError>(())
    })?;
    Ok(values)
}
