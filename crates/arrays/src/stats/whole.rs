//! The statistics of a box, and the indices of its minimum and maximum.

use super::{options::Options, reduction::Reduction, tasks::Tasks};
use crate::progress::Progress;
use crate::{AnalysisError, moments::Moments, statistics::Statistics, summable::Summable};
use rayon::prelude::*;

/// The statistics of a box.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// Count, sum, mean and the other statistics of all elements.
    pub statistics: Statistics,
    /// The indices of the first minimum and of the first maximum; of the first NaN if minimum and maximum are NaN.
    pub places: Option<[Vec<u64>; 2]>,
}

/// Moments, and the numbers of the tasks that contain the minimum and the maximum.
pub(super) struct WholeMoments<T: Summable> {
    pub(super) moments: Moments<T>,
    tasks: [Vec<u64>; 2],
}

impl<T: Summable> Default for WholeMoments<T> {
    fn default() -> Self {
        Self {
            moments: Moments::default(),
            tasks: [Vec::new(), Vec::new()],
        }
    }
}

impl<T: Summable> WholeMoments<T> {
    /// Adds the moments of the next task.
    pub(super) fn join(&mut self, task: u64, moments: Moments<T>) {
        let range_before = self.moments.range();
        let range_of_task = moments.range();
        self.moments = self.moments.merge(moments);
        let range_after = self.moments.range();
        for end in 0..2 {
            let [value_before, value_of_task, value_after] =
                [range_before, range_of_task, range_after]
                    .map(|range| range.map(|range: [T; 2]| range[end]));
            if !is_same(value_before, value_after) {
                self.tasks[end].clear();
            }
            if value_of_task.is_some() && is_same(value_of_task, value_after) {
                self.tasks[end].push(task);
            }
        }
    }
}

/// Whether two values are equal, where NaN equals NaN and a missing value equals a missing one.
fn is_same<T: Summable>(left: Option<T>, right: Option<T>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left == right || (left.is_nan() && right.is_nan()),
        (None, None) => true,
        _ => false,
    }
}

impl Reduction<'_> {
    /// The statistics of a box that is reduced along all its axes.
    pub(super) fn whole<T: Summable>(
        &self,
        options: Options,
        progress: &Progress,
    ) -> Result<Whole, AnalysisError> {
        let tasks = self.tasks::<T>(options)?;
        let mut total = WholeMoments::<T>::default();
        self.each_task(
            &tasks,
            options,
            progress,
            |moments: Vec<Moments<T>>| moments.into_iter().fold(Moments::default(), Moments::merge),
            |task, moments| {
                total.join(task, moments);
                Ok::<_, AnalysisError>(())
            },
        )?;
        let places = match total.moments.range() {
            Some([minimum, maximum]) => Some([
                self.first_index(&tasks, &total.tasks[0], minimum)?,
                self.first_index(&tasks, &total.tasks[1], maximum)?,
            ]),
            None => None,
        };
        Ok(Whole {
            statistics: total.moments.statistics(),
            places,
        })
    }

    /// The index of the first element, in the order of indices, with a given value. Each of the given tasks contains
    /// the value.
    fn first_index<T: Summable>(
        &self,
        tasks: &Tasks,
        numbers: &[u64],
        value: T,
    ) -> Result<Vec<u64>, AnalysisError> {
        // Indices in C order come in the order of tasks; in Fortran order any of the tasks may have the first one.
        let searched = if self.array.npy.fortran_order {
            numbers.len()
        } else {
            numbers.len().min(1)
        };
        let indices = numbers[..searched].par_iter().map(|&number| {
            let task = tasks.cut.get(number);
            let place = self.first_in::<T>(&task, |element| is_same(Some(element), Some(value)))?;
            Ok::<_, AnalysisError>(place.map(|place| self.array.npy.index_of(place)))
        });
        let first_index = indices.try_reduce(
            || None,
            |left, right| Ok(left.into_iter().chain(right).min()),
        );
        first_index.map(Option::unwrap_or_default)
    }
}
