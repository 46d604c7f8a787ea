//! What it costs to solve a problem, and what estimates beside a run may cost.

use crate::{params::StepMethod, physics::wall::Side, problem::Problem};

/// The largest number of nodes of a trial.
pub(crate) const MOST_NODES: u64 = 1 << 17;
/// The numbers of node updates that take about a tenth of a second, and a second; for a longer run, the largest
/// fraction of it that trials take.
pub(crate) const TENTH: f64 = (1_u64 << 25) as f64;
const SECOND: f64 = 10.0 * TENTH;
const SHARE_OF_RUN: f64 = 0.01;

/// The number of updates of a node that take as long as a cycle of multigrid.
const UPDATES_IN_A_CYCLE: f64 = 100.0;

/// The number of node updates in all stages of all steps, or the equivalent of all cycles of multigrid.
pub(crate) fn updates_of(problem: &Problem) -> f64 {
    let steps = problem.schedule.last_step() as f64 * problem.stages() as f64;
    let cycles = problem.usual_cycles().unwrap_or_default() as f64;
    problem.grid.len() as f64 * (steps + UPDATES_IN_A_CYCLE * cycles)
}

/// The number of node updates that take as long as the run of a problem.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn work(problem: &Problem) -> f64 {
    /// The costs, in node updates, of a stage, of a formula at a node, and of a transform and its inverse at a node.
    const STAGE: f64 = 300.0;
    const FORMULA: f64 = 40.0;
    const TRANSFORM: f64 = 100.0;
    let nodes = problem.grid.len() as f64;
    if problem.usual_cycles().is_some() {
        return updates_of(problem);
    }
    let step_work = match problem.params.method {
        StepMethod::Exact => TRANSFORM * nodes,
        _ => {
            let sides = Side::ALL.into_iter();
            let wall_nodes = sides
                .filter(|&side| problem.params.boundary.wall(side).depends_on_time())
                .map(|side| side.nodes(&problem.grid));
            let is_everywhere = problem.has_moving_source() || problem.ages();
            let everywhere = if is_everywhere { nodes } else { 0.0 };
            let formulas = wall_nodes.sum::<usize>() as f64 + everywhere;
            problem.stages() as f64 * (nodes + STAGE + FORMULA * formulas)
        }
    };
    problem.schedule.last_step() as f64 * step_work
}

/// Whether two problems take no more work than a trial beside a run may take. So few nodes take little memory, and the
/// answer, which journals keep, does not depend on how much a run may take.
pub(super) fn are_cheap(problems: [&Problem; 2], run: &Problem) -> bool {
    /// The nodes of the longest row that is too short for vectors, and how many times longer a trial with such rows takes.
    /// That matters only beside a run that a user waits for.
    const SHORT_ROW: usize = 18;
    const SCALAR: f64 = 5.0;
    let is_long = work(run) >= SECOND;
    let total_work: f64 = problems
        .into_iter()
        .map(|problem| {
            let has_short_rows = problem.grid.x.nodes <= SHORT_ROW;
            work(problem)
                * if is_long && has_short_rows {
                    SCALAR
                } else {
                    1.0
                }
        })
        .sum();
    total_work <= affordable_work(run)
        && problems
            .into_iter()
            .all(|problem| problem.grid.len() <= MOST_NODES)
}

/// The largest work of a trial beside a run. What depends on time has a trial of all its steps and the sampling of its
/// functions beside the trial of its spacing, and each trial takes half as much.
pub(super) fn affordable_work(run: &Problem) -> f64 {
    let work_of_all = match work(run) {
        short if short < SECOND => TENTH,
        long => SHARE_OF_RUN * long,
    };
    if run.depends_on_time() {
        work_of_all / 2.0
    } else {
        work_of_all
    }
}

/// Whether a problem with `factor` times the work of a run would certainly exceed the work that trials may take. The
/// answer is known before the problem is made.
pub(super) fn is_dear(run: &Problem, factor: f64) -> bool {
    /// The margin for rounding: a problem has whole numbers of nodes and steps, and the estimate by `factor` has not.
    const MARGIN: f64 = 2.0;
    work(run) * factor > MARGIN * affordable_work(run)
}
