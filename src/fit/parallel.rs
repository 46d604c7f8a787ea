//! Runs of a [`Model`] at the same time, as many as there are threads and memory for.

use super::{error::FitError, model::Model};
use crate::{params::RawParams, run};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

impl Model {
    /// The residuals at several places, computed in parallel. Their bits do not depend on the number of threads.
    ///
    /// # Errors
    /// The error of the first place at which the model cannot be computed.
    pub(super) fn each(&self, places: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, FitError> {
        let residuals = self.spread(places, |model, place| model.residuals(place));
        residuals.into_iter().collect()
    }

    /// The model with as many runs at the same time as there is memory for runs of these parameters.
    ///
    /// # Errors
    /// [`FitError`] if there is too little memory for one, or the parameters are no problem.
    pub fn with_runs_of(&self, raw: &RawParams) -> Result<Self, FitError> {
        let problem = self.problem_of(raw)?;
        Ok(Self {
            runs_at_once: self.memory.runs_at_once(&problem, self.threads)?,
            ..self.clone()
        })
    }

    /// The results of tasks in order, carried out in parallel. The threads are divided among the tasks, and the bits of
    /// the results do not depend on their number.
    pub fn spread<T: Sync, R: Send>(
        &self,
        tasks: &[T],
        carry_out: impl Fn(&Self, &T) -> Result<R, FitError> + Sync,
    ) -> Vec<Result<R, FitError>> {
        let workers = self.threads.min(self.runs_at_once).min(tasks.len()).max(1);
        let worker = Self {
            threads: (self.threads / workers).max(1),
            runs_at_once: (self.runs_at_once / workers).max(1),
            ..self.clone()
        };
        if workers == 1 {
            let results = tasks.iter();
            return results
                .map(|task| worker.carry_out(task, &carry_out))
                .collect();
        }
        let next_task = AtomicUsize::new(0);
        let results = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    loop {
                        let number = next_task.fetch_add(1, Ordering::Relaxed);
                        let Some(task) = tasks.get(number) else { break };
                        let result = worker.carry_out(task, &carry_out);
                        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                        results.push((number, result));
                    }
                });
            }
        });
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(number, _)| *number);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// The result of a task, carried out by the threads of the model.
    fn carry_out<T: Sync, R: Send>(
        &self,
        task: &T,
        carry_out: &(impl Fn(&Self, &T) -> Result<R, FitError> + Sync),
    ) -> Result<R, FitError> {
        run::on_threads(Some(self.threads), || Ok(carry_out(self, task)))?
    }
}
