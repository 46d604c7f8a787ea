//! [`FitMemory`]: how many runs of a fit are computed at the same time.

use super::{data::Series, error::FitError};
use crate::{
    cube::SolverLoad,
    problem::{Footprint, Problem},
    run::{Budget, RunError, SnapshotStorage, Terms},
};
use diff2d_sys as sys;

/// The memory that a fit may take.
#[derive(Debug, Clone, Copy, Default)]
pub struct FitMemory {
    /// The limit in bytes, if there is one.
    pub limit: Option<u64>,
    /// The bytes of measured values, and of the residuals and derivatives that belong to them.
    pub of_data: u64,
}

impl FitMemory {
    /// The memory of a fit with so many unknowns to these data.
    #[must_use]
    pub fn new(limit: Option<u64>, series: &[Series], unknowns: usize) -> Self {
        /// Times and values, and the vectors of residuals that a step has, beside those of the differences for each unknown.
        const VECTORS: usize = 8;
        const VECTORS_OF_UNKNOWN: usize = 6;
        let values: usize = series.iter().map(|series| series.points.len()).sum();
        let vectors = VECTORS + VECTORS_OF_UNKNOWN * unknowns;
        Self {
            limit,
            of_data: (values * vectors * size_of::<f64>()) as u64,
        }
    }

    /// The number of runs of a problem, at least one and at most `threads`, for which there is memory at the same time.
    ///
    /// # Errors
    /// [`RunError::NotInBands`] if there is too little memory for one run.
    pub fn runs_at_once(&self, problem: &Problem, threads: usize) -> Result<usize, FitError> {
        let fitting = (1..=threads).rev().find(|&count| {
            let budget = self.budget(problem, count, threads);
            budget.fits() && budget.check(1).is_ok()
        });
        fitting.ok_or_else(|| {
            let needed_bytes = self.budget(problem, 1, threads).total.saturating_add(self.of_data);
            let available = sys::available_memory().unwrap_or(u64::MAX);
            FitError::Run(RunError::NotInBands {
                needed: needed_bytes,
                memory: self.limit.map_or(available, |limit| limit.min(available)),
                why: "a fit has its runs in memory: allow that much with --memory where the system has it, or take a larger dx".to_owned(),
            })
        })
    }

    /// The budget of `count` runs at the same time.
    fn budget(&self, problem: &Problem, count: usize, threads: usize) -> Budget {
        let terms = Terms {
            limit: self.limit.map(|limit| limit.saturating_sub(self.of_data)),
            snapshots: SnapshotStorage::Nothing,
            load: SolverLoad {
                scenarios: count,
                threads: (threads / count).max(1),
                has_spare_processor: false,
                memory: None,
            },
            ..Terms::alone(Some(threads))
        };
        Budget::of(Footprint::of(problem), problem, terms)
    }
}
