//! The statistics of a box, and where its minimum and maximum are.

use super::{
    asked::{Options, Whole},
    reduction::{Reduction, Tasks},
};
use crate::progress::Progress;
use crate::{AnalysisError, moments::Moments, summable::Summable};
use rayon::prelude::*;

/// Moments, and the tasks in which minimum and maximum are.
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
        let (before, own) = (self.moments.range(), moments.range());
        self.moments = self.moments.merge(moments);
        let after = self.moments.range();
        for end in 0..2 {
            let [was, is, own] =
                [before, after, own].map(|range| range.map(|range: [T; 2]| range[end]));
            if !is_same(was, is) {
                self.tasks[end].clear();
            }
            if own.is_some() && is_same(own, is) {
                self.tasks[end].push(task);
            }
        }
    }
}

fn is_same<T: Summable>(one: Option<T>, other: Option<T>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other || (one.is_nan() && other.is_nan()),
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
        let mut all = WholeMoments::<T>::default();
        let of =
            |moments: Vec<Moments<T>>| moments.into_iter().fold(Moments::default(), Moments::merge);
        self.each_task(&tasks, options, progress, of, |task, moments| {
            all.join(task, moments);
            Ok::<_, AnalysisError>(())
        })?;
        Ok(Whole {
            statistics: all.moments.statistics(),
            places: self.places(&tasks, &all)?,
        })
    }

    /// The indices of the first minimum and maximum in the order of indices, if there are any.
    fn places<T: Summable>(
        &self,
        tasks: &Tasks,
        found: &WholeMoments<T>,
    ) -> Result<Option<[Vec<u64>; 2]>, AnalysisError> {
        let Some(range) = found.moments.range() else {
            return Ok(None);
        };
        let first = |end: usize| {
            let holding = &found.tasks[end];
            let some = match self.array.npy.fortran_order {
                true => holding.len(),
                false => holding.len().min(1),
            };
            let is_wanted = |value| is_same(Some(value), Some(range[end]));
            let indices = holding[..some].par_iter().map(|&task| {
                let place = self.first_in::<T>(&tasks.cut.get(task), is_wanted)?;
                Ok::<_, AnalysisError>(place.map(|place| self.array.npy.index_of(place)))
            });
            let least =
                indices.try_reduce(|| None, |one, other| Ok(one.into_iter().chain(other).min()));
            least.map(Option::unwrap_or_default)
        };
        Ok(Some([first(0)?, first(1)?]))
    }
}
