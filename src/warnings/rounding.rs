//! Estimates the loss by rounding in single precision: solves the problem again in few long steps, in memory and in
//! double precision.

use crate::{
    accuracy::{Ladder, MOST_NODES, TENTH, alone},
    comm::Solo,
    field::Field,
    params::{Precision, RawParams, StepMethod},
    problem::Problem,
    schedule::{Due, Nper, Schedule},
    slab::Slab,
};

/// The hidden change, relative to the range of p, above which there is a warning. The estimate is mostly right within a
/// factor of 3, so that errors above 1 % have a warning, and errors below 0.1 % have none.
const SEEN: f64 = 3e-3;

/// The smallest and the largest value of states, without masked nodes.
struct StateRange {
    least: f64,
    most: f64,
}

impl StateRange {
    const NONE: Self = Self {
        least: f64::INFINITY,
        most: f64::NEG_INFINITY,
    };

    fn add(&mut self, problem: &Problem, state: &Field<f64>) {
        for value in &*problem.codec().encoded(0, state.as_slice()) {
            (self.least, self.most) = (self.least.min(*value), self.most.max(*value));
        }
    }

    fn size(&self) -> f64 {
        self.most - self.least
    }

    /// The largest |p|.
    fn largest(&self) -> f64 {
        self.least.abs().max(self.most.abs())
    }
}

/// The change that rounding in single precision hides by the end of a run.
pub(super) struct RoundingTrial {
    /// The largest change at a node that is lost, or made although there was none \[density\].
    hidden: f64,
    range: StateRange,
}

impl RoundingTrial {
    /// Estimates the change that rounding hides: the sum of the roundings of all steps. The rates of change are taken
    /// from a solution in a few long steps, each a fraction of the time before it, on a coarser grid if the problem's own
    /// grid takes too long.
    pub(super) fn of(problem: &Problem) -> Option<Self> {
        let is_single = problem.params.precision == Precision::F32;
        if is_single && !problem.params.method.is_exact_in_time() {
            alone(|| Self::by_rates(problem))
        } else {
            None
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn by_rates(problem: &Problem) -> Option<Self> {
        /// The ratio of the times of consecutive samples.
        const GROWTH: f64 = 1.3;
        let duration = problem.schedule.duration();
        let dt = duration / problem.schedule.last_step() as f64;
        let mut trial = affordable(problem, duration)?;
        trial.params.method = StepMethod::Rkl2;
        trial.params.stages = None;
        let mut state = trial.solver_at_start::<f64>().ok()?.into_state();
        let mut range = StateRange::NONE;
        range.add(&trial, &state);
        let nodes = state.as_slice().len();
        let mut hidden = vec![0.0_f64; nodes];
        // The changes of a step in the interval before, of which the first has only one step.
        let mut last_changes = vec![0.0_f64; nodes];
        let (mut time, mut later) = (0.0, dt.min(duration));
        while time < duration {
            // Of two steps, since one damps fast modes by a half.
            trial.schedule = Schedule {
                dt: (later - time) / 2.0,
                nsteps: 2,
                nper: Nper::Every(2),
                due: Due::Added,
                start: problem.schedule.start + time,
            };
            let old_values = state.as_slice().to_vec();
            let slab = Slab::whole(trial.grid.y.nodes).periodic(trial.has_periodic_rows());
            let (stencil, start) = (trial.stencil(), trial.schedule.pace().start());
            let mut solver = trial.solver_of_rows(stencil, state, start, slab).ok()?;
            // Two steps, from states that grow ever later, have no moments to look at but their end.
            solver.advance(2, &Solo).ok()?;
            state = solver.into_state();
            range.add(&trial, &state);
            let steps = (later - time) / dt;
            let pairs = old_values.iter().zip(state.as_slice());
            let of_nodes = hidden.iter_mut().zip(&mut last_changes);
            for ((hidden, last_change), (old_value, value)) in of_nodes.zip(pairs) {
                let rounding = problem
                    .params
                    .precision
                    .rounding(old_value.abs().max(value.abs()));
                let change = (value - old_value) / steps / rounding;
                *hidden += steps * rounding * mean_loss(change, (change - *last_change).abs());
                *last_change = change;
            }
            (time, later) = (later, (later * GROWTH).min(duration));
        }
        let hidden = hidden.into_iter().map(f64::abs).fold(0.0, f64::max);
        Some(Self { hidden, range })
    }

    pub(super) fn warnings(&self, problem: &Problem) -> Vec<String> {
        let mut warnings = Vec::new();
        let (hidden, range) = (self.hidden, self.range.size());
        let (schedule, largest) = (&problem.schedule, self.range.largest());
        let rounding = problem.params.precision.rounding(largest);
        if hidden > SEEN * range {
            warnings.push(format!(
                "precision = \"f32\" hides changes of about {hidden:.2e} by the end, {:.2} % of the range of p: each of {} steps rounds values up to {largest:?} by up to {rounding:.1e}; `diff2d check` measures it, and precision = \"f64\" loses nothing that is seen",
                100.0 * hidden / range,
                schedule.last_step(),
            ));
        }
        let smallest_rate = rounding / schedule.dt.min(schedule.cadence());
        let rate = problem.params.steady_rate();
        if let Some(rate) = rate.filter(|rate| *rate <= smallest_rate) {
            warnings.push(format!(
                "until = {{ steady = {rate:?} }} does not end the run, as precision = \"f32\" may hide changes of {smallest_rate:.1e} per time, half a unit in the last place of {largest:?} in a step",
            ));
        }
        warnings
    }
}

/// The mean loss by rounding of the changes of steps, of which as many have any size within `width` around `change`, in
/// halves of a unit in the last place. A change below 1 is lost; larger ones lose as often as they gain.
fn mean_loss(change: f64, width: f64) -> f64 {
    /// The smallest width for which the difference of the integrals has enough digits.
    const LEAST_WIDTH: f64 = 1e-6;
    let width = width.max(LEAST_WIDTH);
    (integral_of_loss(change + width / 2.0) - integral_of_loss(change - width / 2.0)) / width
}

/// The integral of the loss over all changes up to this one: a loss is the distance from the nearest even number.
fn integral_of_loss(change: f64) -> f64 {
    let loss = change - 2.0 * (change / 2.0).round();
    loss * loss / 2.0
}

/// The problem on the finest of its grids that is affordable.
fn affordable(problem: &Problem, end: f64) -> Option<Problem> {
    let mut trial = problem.clone();
    let raw = RawParams::from_canonical(problem.params.canonical());
    let mut ladder = Ladder {
        own: problem,
        raw: &raw,
        refinement: 1,
    };
    while is_dear(&trial, end) {
        if problem.reads_arrays() || !ladder.coarsen() {
            return None;
        }
        trial = ladder.with_snapshots().ok()?;
    }
    Some(trial)
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn is_dear(problem: &Problem, end: f64) -> bool {
    // Lengths of steps are a geometric series, and stages go with their roots.
    let stages = 64.0 + 20.0 * (end / problem.limit()).sqrt();
    problem.grid.len() > MOST_NODES || problem.grid.len() as f64 * stages > TENTH
}
