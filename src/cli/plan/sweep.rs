//! [`SweepPlan`]: what a sweep would do.

use super::estimate;
use crate::cli::{answer::Answer, error::Error, number};
use diff2d::{
    Sweep,
    program::{
        params::Choice,
        run::{Nper, estimated_seconds},
    },
};
use diff2d_arrays::npy::DATA_OFFSET;
use diff2d_sys as sys;

/// A sweep's shape, and what it takes.
pub(super) struct SweepPlan<'a> {
    pub(super) answer: Answer<'a>,
    pub(super) warnings: Vec<String>,
    /// Whether memory and disk suffice.
    pub(super) checked: Result<(), Error>,
}

impl<'a> SweepPlan<'a> {
    pub(super) fn new(sweep: &'a Sweep, threads: usize) -> Result<Self, Error> {
        let first_problem = sweep.first();
        let shape = sweep.cube_shape();
        let [scenarios, snapshots, ny, nx] = shape;
        let disk_bytes = scenarios * snapshots * first_problem.field_bytes() + DATA_OFFSET;
        let workers = threads.min(sweep.scenarios().len());
        let budget = sweep.budget(workers, workers < sys::threads())?;
        let seconds = estimated_seconds(first_problem, budget.states.arrays)
            * share_of_first(sweep)
            + estimate::writing(scenarios * snapshots, disk_bytes);
        let warnings = [sweep.warnings(), sweep.warnings_of_keys()].concat();
        let params = &first_problem.params;
        let mut answer = Answer::default();
        answer.plain("scenarios", scenarios);
        answer.plain("varied", &sweep.varied);
        let varied = sweep.varied.join(", ");
        answer.line(
            "scenarios",
            format!("{scenarios}, which differ in {varied}"),
        );
        answer.plain("nx", nx);
        answer.plain("ny", ny);
        let precision = params.precision.name();
        answer.line("grid", format!("{ny} × {nx} nodes each, {precision}"));
        for function in &params.functions {
            answer.line("function", function.described());
        }
        let origin = sweep.origin().map(|date| date.to_string());
        if let Some(origin) = &origin {
            answer.line("dates", format!("t = 0 is {origin}"));
        }
        answer.plain("snapshots", snapshots);
        answer.plain("shape", shape);
        answer.line("snapshots", format!("{snapshots} each at most"));
        let memory_bytes = budget.states.bytes();
        answer.plain("memory_bytes", memory_bytes);
        answer.plain("budget", budget);
        let [memory, disk] = [memory_bytes, disk_bytes].map(number::bytes);
        answer.line("memory", format!("{memory} for {workers} at a time"));
        answer.plain("disk_bytes", disk_bytes);
        answer.line("disk", format!("{disk} ({disk_bytes} bytes)"));
        // Scenarios that are computed at a time.
        answer.plain("threads", workers);
        answer.number("seconds", seconds);
        let seconds = number::seconds(seconds);
        let threads = number::counted(sys::threads() as u64, "thread");
        answer.line(
            "time",
            format!("about {seconds} on {threads} of this machine"),
        );
        answer.plain("warnings", warnings.clone());
        answer.plain("functions", &params.functions);
        answer.some("origin", origin);
        let has_memory = budget.check(1).map_err(Error::from);
        Ok(Self {
            answer,
            warnings,
            checked: has_memory.and_then(|()| estimate::check_space("sweep", disk_bytes)),
        })
    }
}

/// The steps of all scenarios, divided by the steps of the first scenario.
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
