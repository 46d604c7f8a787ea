//! Reads single elements of an array, and only the pages that hold them.

use super::{AnalysisError, memory::size, walk};
use crate::npy::{ArrayFile, Cut, NpyError, Region, Scalar};
use rayon::prelude::*;

/// The index along some axes. Negative numbers count from the end.
///
/// # Errors
/// [`AnalysisError`] if the number of axes differs, or the index lies outside the array.
pub fn resolve(
    array: &ArrayFile,
    axes: &[usize],
    index: &[i64],
) -> Result<Vec<u64>, AnalysisError> {
    let shape = array.shape();
    let point = index
        .iter()
        .map(i64::to_string)
        .collect::<Vec<_>>()
        .join(",");
    if index.len() != axes.len() {
        return Err(AnalysisError::refused(format!(
            "the point {point} has {} indices; {} needs {}",
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
                    AnalysisError::refused(format!(
                        "the point {point} lies outside: axis {axis} of {} has {length}{committed}",
                        array.path.display()
                    ))
                })
        })
        .collect()
}

/// The elements at some indices, in the order of the indices. They are read one by one in the order of the file, so
/// that at most one page is read for each point.
///
/// # Errors
/// [`AnalysisError::Npy`] if the file cannot be read.
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
    let mut values = vec![Scalar::Integer(0); points.len()];
    walk::in_order(
        &Cut::of_list(count, count.div_ceil(8 * threads)),
        threads,
        count,
        |_: &mut (), _, part: Region| {
            let places = places[size(part[0].start)..size(part[0].end)].iter();
            places
                .map(|&(place, number)| Ok((number, array.element(place)?)))
                .collect::<Result<Vec<(usize, Scalar)>, NpyError>>()
        },
        |_, elements| {
            for (number, element) in elements {
                values[number] = element;
            }
            Ok::<_, AnalysisError>(())
        },
    )?;
    Ok(values)
}
