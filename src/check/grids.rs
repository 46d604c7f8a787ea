//! The grids of a [`Study`](super::Study).

use super::CheckError;
use crate::{
    grid::Axis,
    params::{Choice, Layout, ParamsError, RawParams, RowTimes, StepMethod, Times},
    physics::input::Digests,
    problem::Problem,
    schedule::Nper,
};

/// The number of node updates that take some seconds.
pub const SOME_SECONDS: f64 = 2e9;
/// The largest number of node updates on all grids.
const AFFORDABLE: f64 = 2e10;
/// The number of updates of a node that take as long as a cycle of multigrid.
const UPDATES_IN_A_CYCLE: u64 = 100;
/// The tolerance of multigrid on the three grids, small enough that their differences are due to the spacing.
const TOLERANCE: f64 = 1e-13;
/// The largest number of nodes of the finest grid; each takes about 100 bytes.
const MOST_NODES: f64 = 2e7;
/// The smallest number of cells along an axis of the coarsest grid.
const FEWEST_CELLS: u64 = 4;
/// The refinements of the grids between the coarse and the middle one, relative to the coarse one. Their nodes lie
/// elsewhere among edges and jumps, and their steps elsewhere in time.
const BETWEEN: [f64; 5] = [1.15, 1.3, 1.45, 1.6, 1.8];

/// A problem on three nested grids, each twice as fine as the one before, and on grids between the first two.
pub(super) struct Grids {
    /// The refinement of the user's own grid relative to the coarse one.
    pub(super) refinement: u32,
    /// The problems from coarse to fine, with numbers of steps in proportion.
    pub(super) nested: [Problem; 3],
    /// The problems on grids between, each with its spacing relative to the coarse one; empty for problems that read
    /// arrays.
    pub(super) between: Vec<(f64, Problem)>,
    /// The user's own run in double precision, if its steps differ from the steps of the same grid among the three.
    pub(super) run: Option<Problem>,
}

impl Grids {
    /// The finest grids that are affordable.
    pub(super) fn new(own: &Problem, raw: &RawParams) -> Result<Self, CheckError> {
        if own.reads_arrays() {
            check_nested(own)?;
        }
        let exact = match own.params.method {
            StepMethod::Steady => {
                let tolerance = own.params.tolerance.min(TOLERANCE);
                raw.clone().replace("tolerance", tolerance)
            }
            // In place of the user's record one of the balance.
            _ => (raw.clone().without("record"))
                .replace("record.every", RowTimes::SNAPSHOT)
                .replace("record.totals", true),
        };
        let mut ladder = Ladder {
            own,
            raw: &exact,
            refinement: if own.reads_arrays() { 4 } else { 1 },
        };
        loop {
            let mut updates = f64::INFINITY;
            if ladder.nodes() <= MOST_NODES {
                let nested = ladder.nested()?;
                updates = nested.iter().map(updates_of).sum();
                if updates <= AFFORDABLE {
                    return Ok(Self {
                        refinement: ladder.refinement,
                        between: ladder.between(&nested)?,
                        run: Ladder { raw, ..ladder }.run(&nested)?,
                        nested,
                    });
                }
            }
            if own.reads_arrays() || !ladder.coarsen() {
                return Err(CheckError::refused(format!(
                    "this problem takes {updates:.1e} updates of nodes, and no coarser grid is fine enough for a check; a shorter runtime can be checked"
                )));
            }
        }
    }

    /// The index of the user's own grid among the three, or of the nearest one.
    pub(super) fn level(&self) -> usize {
        (self.refinement.ilog2() as usize).min(2)
    }

    /// The problems of all grids.
    pub(super) fn all(&self) -> impl Iterator<Item = &Problem> {
        let problems_between = self.between.iter().map(|(_, problem)| problem);
        self.nested.iter().chain(problems_between).chain(&self.run)
    }
}

/// The number of node updates in all stages of all steps, or the equivalent of all cycles of multigrid.
pub(super) fn updates_of(problem: &Problem) -> f64 {
    let nodes = problem.grid.len() as f64;
    let steps = problem.schedule.last_step() as f64 * problem.stages() as f64;
    let cycles = problem.usual_cycles().unwrap_or_default() * UPDATES_IN_A_CYCLE;
    nodes * (steps + cycles as f64)
}

/// The number of cells along an axis between the ends of the domain.
fn cells(axis: &Axis) -> u64 {
    let (lower, upper) = axis.domain();
    ((upper - lower) / axis.spacing).round() as u64
}

/// Refuses a problem with arrays if grids of two and four times the spacing do not share nodes with the arrays.
fn check_nested(own: &Problem) -> Result<(), CheckError> {
    if own.params.grid != Layout::Walls {
        return Err(not_nested("that needs grid = \"walls\""));
    }
    let [nx, ny] = [&own.grid.x, &own.grid.y].map(cells);
    let are_divisible = [nx, ny]
        .iter()
        .all(|cells| cells.is_multiple_of(4) && *cells >= 4 * FEWEST_CELLS);
    if are_divisible {
        Ok(())
    } else {
        Err(not_nested(&format!(
            "that needs a multiple of 4 of cells along each axis, {} or more, and there are {ny} along y and {nx} along x",
            4 * FEWEST_CELLS
        )))
    }
}

fn not_nested(reason: &str) -> CheckError {
    CheckError::refused(format!(
        "this problem reads arrays, and the check takes every second and every fourth of their nodes: {reason}"
    ))
}

/// A problem, and the refinement of its grid relative to the coarsest grid on which it is solved.
pub(crate) struct Ladder<'a> {
    pub(crate) own: &'a Problem,
    pub(crate) raw: &'a RawParams,
    pub(crate) refinement: u32,
}

impl Ladder<'_> {
    /// Doubles the spacing of the coarsest grid, if it is fine enough for that; returns whether it was.
    pub(crate) fn coarsen(&mut self) -> bool {
        let grid = &self.own.grid;
        let fewest = cells(&grid.x).min(cells(&grid.y));
        let is_fine = fewest / u64::from(self.refinement) >= 2 * FEWEST_CELLS;
        self.refinement *= if is_fine { 2 } else { 1 };
        is_fine
    }

    /// The numbers of cells along x and y of the coarsest grid.
    pub(crate) fn coarsest(&self) -> [u64; 2] {
        let grid = &self.own.grid;
        [&grid.x, &grid.y].map(|axis| cells(axis).div_ceil(u64::from(self.refinement)))
    }

    /// The approximate number of nodes of the finest grid.
    fn nodes(&self) -> f64 {
        let finer = 4.0 / f64::from(self.refinement);
        self.own.grid.len() as f64 * finer * finer
    }

    fn time(&self) -> f64 {
        self.own.schedule.duration()
    }

    /// The ratio of the numbers of steps if a grid is finer by the factor `finer`.
    fn more(&self, finer: f64) -> f64 {
        match self.own.params.method {
            StepMethod::Euler => finer * finer,
            StepMethod::Rkl2 => finer,
            _ => 1.0,
        }
    }

    /// The problem on a grid, in double precision. Without a time step it takes the longest stable one.
    fn at(
        &self,
        cells: [u64; 2],
        dt: Option<f64>,
        outtime: Option<f64>,
        times: Times,
    ) -> Result<Problem, ParamsError> {
        let [dx, dy] =
            [(&self.own.grid.x, cells[0]), (&self.own.grid.y, cells[1])].map(|(axis, cells)| {
                let (lower, upper) = axis.domain();
                // A quarter more, so that truncation gives this number.
                (upper - lower) / (cells as f64 + 0.25)
            });
        let absent = ["precision", "graphics", "dt", "stages", "safety", "until"];
        let raw = absent
            .into_iter()
            .fold(self.raw.clone(), RawParams::without);
        let raw = raw.replace("times", times.name());
        let mut raw = match outtime {
            Some(_) => raw.without("outtimes"),
            None => raw,
        };
        for (key, value) in [
            ("dx", Some(dx)),
            ("dy", Some(dy)),
            ("dt", dt),
            ("runtime", outtime.map(|_| self.time())),
            ("outtime", outtime),
        ] {
            if let Some(value) = value {
                raw = raw.replace(key, value);
            }
        }
        let coarsest = self.coarsest()[0];
        let stride = if self.own.reads_arrays() {
            self.refinement as usize * coarsest as usize / cells[0] as usize
        } else {
            1
        };
        // Pixels and points are in memory once for all grids, and what the user allows holds for each of them.
        let mut digests = Digests::of_every(stride).knowing(self.own.files_of_any_grid());
        digests.memory = self.own.params.memory;
        Problem::with_digests(&raw, &mut digests)
    }

    /// The problem on a grid in `steps` steps, with no snapshot but the last.
    fn in_steps(&self, cells: [u64; 2], steps: f64) -> Result<Problem, ParamsError> {
        let dt = (!self.own.params.method.is_exact_in_time()).then_some(self.time() / steps);
        // Coefficients that depend on t are looked at where the run looks.
        let outtime = match dt {
            None => self.time(),
            Some(_) => self.own.params.outtime.min(self.time()),
        };
        let mut problem = self.at(cells, dt, Some(outtime), Times::Course)?;
        // All of them, whatever truncation makes of the quotient.
        problem.schedule.nsteps = steps as u64;
        problem.schedule.nper = Nper::Every((steps as u64).max(1));
        Ok(problem)
    }

    /// The smallest number of steps on a grid.
    fn fewest_steps(&self, cells: [u64; 2]) -> Result<f64, ParamsError> {
        if self.own.params.method != StepMethod::Euler {
            // Steps of any length are stable; a run may have none.
            return Ok(self.own.schedule.last_step().min(1) as f64);
        }
        let outtime = self.own.params.outtime.min(self.time());
        let limit = self.at(cells, None, Some(outtime), Times::Course)?.limit();
        Ok((self.time() / limit * (1.0 - 1e-13)).ceil())
    }

    /// The problem on three grids, all of which end at the same time. Time steps are in proportion to the square of the
    /// spacing, or to the spacing for methods of second order.
    fn nested(&self) -> Result<[Problem; 3], ParamsError> {
        let coarsest = self.coarsest();
        let own_steps = self.own.schedule.last_step() as f64;
        let mut steps = (own_steps / self.more(f64::from(self.refinement)) * (1.0 - 1e-13)).ceil();
        for finer in [1, 2, 4] {
            let cells = coarsest.map(|cells| cells * finer);
            let fewest = self.fewest_steps(cells)?;
            steps = steps.max((fewest / self.more(finer as f64)).ceil());
        }
        let problems = [1, 2, 4].map(|finer: u64| {
            let cells = coarsest.map(|cells| cells * finer);
            self.in_steps(cells, steps * self.more(finer as f64))
        });
        let [coarse, middle, fine] = problems;
        Ok([coarse?, middle?, fine?])
    }

    /// The problem on grids between the coarse and the middle one, with their spacings relative to the coarse one.
    fn between(&self, nested: &[Problem; 3]) -> Result<Vec<(f64, Problem)>, ParamsError> {
        if self.own.reads_arrays() {
            return Ok(Vec::new());
        }
        let coarsest = self.coarsest();
        let problems = BETWEEN.map(|finer| {
            let cells = coarsest.map(|cells| (cells as f64 * finer).round() as u64);
            let [x, y] = [0, 1].map(|axis| cells[axis] as f64 / coarsest[axis] as f64);
            let of_coarse = nested[0].schedule.last_step() as f64;
            let steps = (of_coarse * self.more(x.max(y))).ceil();
            let steps = steps.max(self.fewest_steps(cells)?);
            Ok((1.0 / (x * y).sqrt(), self.in_steps(cells, steps)?))
        });
        problems.into_iter().collect()
    }

    /// The user's own run in double precision, or the equivalent on the nearest of the three grids; `None` if that was
    /// already solved there.
    fn run(&self, nested: &[Problem; 3]) -> Result<Option<Problem>, ParamsError> {
        let level = (self.refinement.ilog2() as usize).min(2);
        let solved = &nested[level];
        let raw = self.raw.clone().without("precision");
        let mut digests = Digests::default().knowing(self.own.files_of_any_grid());
        let mut run = Problem::with_digests(&raw, &mut digests)?;
        if run.grid == solved.grid {
            run.schedule = self.own.schedule.clone();
        } else {
            let own_steps = self.own.schedule.last_step() as f64;
            let finer = self.refinement.min(4);
            let cells = self.coarsest().map(|cells| u64::from(finer) * cells);
            let steps = (own_steps / self.more(f64::from(self.refinement / finer))).ceil();
            run = self.in_steps(cells, steps.max(self.fewest_steps(cells)?))?;
        }
        let [run_steps, solved_steps] =
            [&run, solved].map(|problem| (problem.schedule.last_step(), problem.stages()));
        let is_solved = run_steps == solved_steps
            && run.schedule.has_equal_steps()
            && run.params.tolerance == solved.params.tolerance;
        Ok((!is_solved).then_some(run))
    }

    /// The problem on the coarsest grid with the snapshots of the run.
    pub(crate) fn with_snapshots(&self) -> Result<Problem, ParamsError> {
        self.with_cells(self.coarsest(), None)
    }

    /// The problem on a grid of `cells` cells along x and y with the snapshots of the run, in steps of `dt`.
    pub(crate) fn with_cells(
        &self,
        cells: [u64; 2],
        dt: Option<f64>,
    ) -> Result<Problem, ParamsError> {
        let is_steady = self.own.params.method == StepMethod::Steady;
        let outtime = match &self.own.params.outtimes {
            Some(_) => None,
            None if is_steady => None,
            None => Some(self.own.schedule.cadence()),
        };
        self.at(cells, dt, outtime, Times::Exact)
    }

    /// The numbers of cells along x and y of the user's own grid.
    pub(crate) fn own_cells(&self) -> [u64; 2] {
        [&self.own.grid.x, &self.own.grid.y].map(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A grid of 47 cells is no half of one of 48.
    #[test]
    fn the_own_run_is_on_one_of_the_three_grids() {
        let text =
            "D = 1\nx1 = 0\nx2 = 1\ndx = 0.0212\ngrid = 'walls'\nruntime = 0.2\nouttime = 0.0271\n";
        let raw = RawParams::parse("p.toml", text).unwrap();
        let own = &Problem::from_raw(&raw).unwrap();
        for (refinement, level) in [(1, 0), (2, 1), (4, 2), (8, 2)] {
            let raw = &raw;
            let ladder = Ladder {
                own,
                raw,
                refinement,
            };
            let nested = ladder.nested().unwrap();
            let run = ladder.run(&nested).unwrap().unwrap();
            assert_eq!(run.grid, nested[level].grid, "{refinement}");
        }
    }
}
