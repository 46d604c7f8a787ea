//! [`SweepPlan`]: what a sweep would do.

use super::estimate;
use crate::cli::{error::Error, listing::Listing, number};
use diff2d::{
    Budget, Sweep,
    program::{
        params::{Choice, FunctionTable},
        run::{Nper, estimated_seconds},
    },
};
use diff2d_arrays::npy::DATA_OFFSET;
use diff2d_sys as sys;
use serde::Serialize;
use std::fmt;

/// A sweep's shape, and what it takes.
#[derive(Serialize)]
pub(super) struct SweepPlan<'a> {
    scenarios: u64,
    varied: &'a [String],
    nx: u64,
    ny: u64,
    snapshots: u64,
    shape: [u64; 4],
    memory_bytes: u64,
    budget: Budget,
    disk_bytes: u64,
    /// Scenarios that are computed at a time.
    threads: usize,
    seconds: f64,
    pub(super) warnings: Vec<String>,
    /// The functions of the first scenario.
    functions: &'a [FunctionTable],
    #[serde(skip)]
    precision: &'static str,
    /// The date at which t is 0 in all scenarios, if files of functions have dates.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
}

impl<'a> SweepPlan<'a> {
    pub(super) fn new(sweep: &'a Sweep, threads: usize) -> Result<Self, Error> {
        let first_problem = sweep.first();
        let shape = sweep.cube_shape();
        let [scenarios, snapshots, ny, nx] = shape;
        let disk_bytes = scenarios * snapshots * first_problem.field_bytes() + DATA_OFFSET;
        let workers = threads.min(sweep.scenarios().len());
        let budget = sweep.budget(workers, workers < sys::threads())?;
        Ok(Self {
            scenarios,
            varied: &sweep.varied,
            nx,
            ny,
            snapshots,
            shape,
            memory_bytes: budget.states.bytes(),
            budget,
            disk_bytes,
            threads: workers,
            seconds: estimated_seconds(first_problem, budget.states.arrays) * share_of_first(sweep)
                + estimate::writing(scenarios * snapshots, disk_bytes),
            warnings: [sweep.warnings(), sweep.warnings_of_keys()].concat(),
            functions: &first_problem.params.functions,
            precision: first_problem.params.precision.name(),
            origin: sweep.origin().map(|date| date.to_string()),
        })
    }

    /// Refuses what this machine has too little memory or disk for.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.budget.check(1)?;
        estimate::check_space("sweep", self.disk_bytes)
    }
}

impl fmt::Display for SweepPlan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scenarios,
            snapshots,
            ny,
            nx,
            precision,
            ..
        } = self;
        let varied = self.varied.join(", ");
        let [memory, disk] = [self.memory_bytes, self.disk_bytes].map(number::bytes);
        let (workers, threads) = (self.threads, sys::threads());
        let seconds = number::seconds(self.seconds);
        let mut lines = Listing::default();
        lines.add(
            "scenarios",
            format!("{scenarios}, which differ in {varied}"),
        );
        lines.add("grid", format!("{ny} × {nx} nodes each, {precision}"));
        for function in self.functions {
            lines.add("function", function.described());
        }
        if let Some(origin) = &self.origin {
            lines.add("dates", format!("t = 0 is {origin}"));
        }
        lines.add("snapshots", format!("{snapshots} each at most"));
        lines.add("memory", format!("{memory} for {workers} at a time"));
        lines.add("disk", format!("{disk} ({} bytes)", self.disk_bytes));
        lines.add(
            "time",
            format!("about {seconds} on {threads} threads of this machine"),
        );
        lines.fmt(f)
    }
}

/// The steps of all scenarios, divided by the steps of the first scenario.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn share_of_first(sweep: &Sweep) -> f64 {
    let schedule = &sweep.first().schedule;
    let steps_of_first = (last_step(schedule.nsteps, &schedule.nper) as f64).max(1.0);
    let steps_of_each = sweep
        .scenarios()
        .iter()
        .map(|scenario| last_step(scenario.nsteps, &scenario.nper) as f64);
    steps_of_each.sum::<f64>() / steps_of_first
}

/// The step of the last snapshot.
fn last_step(nsteps: u64, nper: &Nper) -> u64 {
    nper.step_of(nper.snapshots(nsteps) - 1)
}
