//! The run again, in memory and in double precision: its first steps and half as long ones, and all of it in few long ones.

use crate::{
    check::Ladder,
    comm::Solo,
    field::Field,
    params::{Precision, RawParams, StepMethod, Times},
    problem::{Footprint, Problem},
    run::{Budget, SnapshotStorage, Terms},
    schedule::{Due, Nper, Schedule},
    slab::Slab,
};
use rayon::ThreadPoolBuilder;
use std::thread;

/// Nodes of a trial, and its updates of nodes, at most.
const MOST_NODES: u64 = 1 << 17;
const MOST_UPDATES: f64 = (1_u64 << 25) as f64;
/// After more steps no mode that decays is off by what is told of: explicit Euler is off by `(λt)²/2n exp(-λt)`, which is at most
/// 0.27/n, for any λ.
const MOST_STEPS: u64 = 54;
/// What is told of, as a share of the range of p.
const SEEN: f64 = 1e-3;
const INACCURATE: f64 = 5e-3;

/// The smallest and the largest value of states, but of masked nodes.
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
        for &value in problem.codec().encoded(0, state.as_slice()).iter() {
            (self.least, self.most) = (self.least.min(value), self.most.max(value));
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

/// How inaccurate the steps of a run are by its first snapshots.
pub(super) struct Steps {
    /// The error of p as a share of its range, and the step after which it is largest.
    error: f64,
    step: u64,
}

impl Steps {
    /// By what steps half as long change. Nothing where too many nodes would be computed.
    pub(super) fn of(problem: &Problem) -> Option<Self> {
        let own = &problem.schedule;
        if problem.params.times == Times::Course {
            // Its steps are those of the course's programs.
            return None;
        }
        let method = problem.params.method;
        if method.is_exact_in_time() {
            return None;
        }
        // The error of steps of first order is twice as much, and of second order four thirds of it.
        let order = match method {
            StepMethod::Euler => 2.0,
            _ => 4.0 / 3.0,
        };
        let most = own.last_step().min(MOST_STEPS);
        let half = own.dt.min(own.cadence()) / 2.0;
        let (_, change, step) = alone(|| changes(problem, half, most))?;
        Some(Self {
            error: order * change,
            step,
        })
    }

    pub(super) fn warning(&self, problem: &Problem) -> Option<String> {
        let dt = problem.schedule.dt.min(problem.schedule.cadence());
        let enough = match problem.params.method {
            StepMethod::Euler => INACCURATE / self.error,
            _ => (INACCURATE / self.error).sqrt(),
        };
        (self.error > INACCURATE).then(|| {
            format!(
                "steps of dt = {dt:?} are stable but not accurate: after step {}, p is off by about {:.1} % of its range, as steps half as long show, and with dt = {:.2e} by about {:?} %",
                self.step,
                100.0 * self.error,
                0.99 * enough * dt,
                100.0 * INACCURATE,
            )
        })
    }
}

/// What roundings of single precision hide by the end of a run.
pub(super) struct RoundingTrial {
    /// Of the node of which they hide most \[density\].
    hidden: f64,
    range: StateRange,
}

impl RoundingTrial {
    /// A step rounds p by half a unit in its last place at most. A change below that is lost; of larger ones it is half as much
    /// in the mean, to either side in turn, the sooner the larger they are. The rate of change is that of the problem in long steps, each of them a
    /// part of the time before it, on a coarser grid where its own one takes too long.
    pub(super) fn of(problem: &Problem) -> Option<Self> {
        let is_single = problem.params.precision == Precision::F32;
        match is_single && !problem.params.method.is_exact_in_time() {
            true => alone(|| Self::by_rates(problem)),
            false => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn by_rates(problem: &Problem) -> Option<Self> {
        /// How the time grows from one look to the next.
        const GROWTH: f64 = 1.3;
        let end = problem.schedule.duration();
        let dt = end / problem.schedule.last_step() as f64;
        let mut trial = affordable(problem, end)?;
        trial.params.method = StepMethod::Rkl2;
        trial.params.stages = None;
        let mut state = trial.solver_at_start::<f64>().ok()?.into_state();
        let mut range = StateRange::NONE;
        range.add(&trial, &state);
        let mut hidden = vec![0.0_f64; state.as_slice().len()];
        let (mut time, mut later) = (0.0, dt.min(end));
        while time < end {
            // Of two steps, since one damps fast modes by a half.
            trial.schedule = Schedule {
                dt: (later - time) / 2.0,
                nsteps: 2,
                nper: Nper::Every(2),
                due: Due::Added,
                start: problem.schedule.start + time,
            };
            let before = state.as_slice().to_vec();
            let slab = Slab::whole(trial.grid.y.nodes).periodic(trial.has_periodic_rows());
            let (stencil, start) = (trial.stencil(), trial.schedule.pace().start());
            let mut solver = trial.solver_of_rows(stencil, state, start, slab).ok()?;
            solver.advance(2, &Solo).ok()?;
            state = solver.into_state();
            range.add(&trial, &state);
            let steps = (later - time) / dt;
            let changes = before.iter().zip(state.as_slice());
            for (hidden, (before, now)) in hidden.iter_mut().zip(changes) {
                let most = problem
                    .params
                    .precision
                    .rounding(before.abs().max(now.abs()));
                let change = (now - before).abs() / steps / most;
                *hidden += steps
                    * most
                    * match change < 1.0 {
                        true => change,
                        false => 0.25 / change.sqrt(),
                    };
            }
            (time, later) = (later, (later * GROWTH).min(end));
        }
        let hidden = hidden.into_iter().fold(0.0, f64::max);
        Some(Self { hidden, range })
    }

    pub(super) fn warnings(&self, problem: &Problem) -> Vec<String> {
        let mut told = Vec::new();
        let (hidden, range) = (self.hidden, self.range.size());
        let (schedule, largest) = (&problem.schedule, self.range.largest());
        let rounding = problem.params.precision.rounding(largest);
        if hidden > SEEN * range {
            told.push(format!(
                "precision = \"f32\" hides changes of about {hidden:.2e} by the end, {:.2} % of the range of p: each of {} steps rounds values up to {largest:?} by up to {rounding:.1e}; `diff2d check` measures it, and precision = \"f64\" loses nothing that is seen",
                100.0 * hidden / range,
                schedule.last_step(),
            ));
        }
        let seen = rounding / schedule.dt.min(schedule.cadence());
        if let Some(until) = problem.params.until.filter(|until| until.steady <= seen) {
            told.push(format!(
                "until = {{ steady = {:?} }} does not end the run, as precision = \"f32\" may hide changes of {seen:.1e} per time, half a unit in the last place of {largest:?} in a step",
                until.steady,
            ));
        }
        told
    }
}

/// Calls `work` on a thread that computes alone: grids are small, and a run makes a pool of its own later.
fn alone<T: Send>(work: impl FnOnce() -> Option<T> + Send) -> Option<T> {
    thread::scope(|scope| {
        let spawned = thread::Builder::new().spawn_scoped(scope, || {
            let alone = ThreadPoolBuilder::new().num_threads(1).use_current_thread();
            let _pool = alone.build().ok()?;
            work()
        });
        spawned.ok()?.join().ok()?
    })
}

/// Whether two states of a problem in double precision lie within the memory that its run may take.
fn fits(problem: &Problem, memory: Option<u64>) -> bool {
    let mut double = problem.clone();
    double.params.precision = Precision::F64;
    let mut terms = Terms {
        limit: memory,
        snapshots: SnapshotStorage::Nothing,
        ..Terms::alone(Some(1))
    };
    terms.load.scenarios = 2;
    Budget::of(Footprint::of(&double), &double, terms).fits()
}

/// Whether steps of another length change no snapshot of a run by much, as far as that is not too dear to know.
pub(super) fn changes_little(problem: &Problem, dt: f64) -> bool {
    let last = problem.schedule.last_step();
    let most = match problem.depends_on_time() {
        true => last,
        false => last.min(MOST_STEPS),
    };
    let found = alone(|| changes(problem, dt, most));
    found.is_some_and(|(looked, change, _)| {
        looked == problem.schedule.snapshot_at(most).0 && change <= SEEN
    })
}

/// What steps of another length change in snapshots up to a step, as a share of the range of p: in how many of them that was
/// looked at, the largest change, and the step of that. Nothing where the grid is too large or steps cannot be taken.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "estimates"
)]
fn changes(problem: &Problem, dt: f64, most: u64) -> Option<(u64, f64, u64)> {
    if problem.grid.len() > MOST_NODES || !fits(problem, problem.params.memory) {
        return None;
    }
    let own = &problem.schedule;
    let mut other = problem.clone();
    other.params.stages = None;
    other.schedule = own.with_step(dt);
    let both = [problem, &other];
    let stages = |problem: &&Problem| problem.schedule.nper.most() as f64 * problem.stages() as f64;
    let updates = problem.grid.len() as f64 * both.iter().map(stages).sum::<f64>();
    let snapshots = ((MOST_UPDATES / updates) as u64).min(own.snapshot_at(most).0);
    if snapshots == 0 {
        return Some((0, 0.0, 0));
    }
    let mut solvers = [
        problem.solver_at_start().ok()?,
        other.solver_at_start().ok()?,
    ];
    let (mut range, mut worst, mut step) = (StateRange::NONE, 0.0, 0);
    range.add(problem, solvers[0].state());
    for snapshot in 1..=snapshots {
        for (solver, problem) in solvers.iter_mut().zip(both) {
            solver
                .advance(problem.schedule.steps_to(snapshot), &Solo)
                .ok()?;
        }
        let [state, other] = [0, 1].map(|number| solvers[number].state());
        range.add(problem, other);
        let changes = state.as_slice().iter().zip(other.as_slice());
        let changes = changes.map(|(one, other)| (one - other).abs());
        let change = changes.fold(0.0, f64::max);
        if change > worst {
            (worst, step) = (change, own.step_of(snapshot));
        }
    }
    let share = if worst > 0.0 {
        worst / range.size()
    } else {
        0.0
    };
    Some((snapshots, share, step))
}

/// The problem on the finest of its grids that is not too dear.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn affordable(problem: &Problem, end: f64) -> Option<Problem> {
    let memory = problem.params.memory;
    let is_dear = |problem: &Problem| {
        // Lengths of steps are a geometric series, and stages go with their roots.
        let stages = 64.0 + 20.0 * (end / problem.limit()).sqrt();
        problem.grid.len() > MOST_NODES
            || problem.grid.len() as f64 * stages > MOST_UPDATES
            || !fits(problem, memory)
    };
    let mut found = problem.clone();
    let raw = RawParams::from_canonical(problem.params.canonical());
    let mut ladder = Ladder {
        own: problem,
        raw: &raw,
        refinement: 1,
    };
    while is_dear(&found) {
        if problem.reads_arrays() || !ladder.coarsen() {
            return None;
        }
        found = ladder.with_snapshots().ok()?;
    }
    Some(found)
}
