//! The grids of a [`Study`](super::Study).

use super::CheckError;
use crate::{
    grid::Axis,
    params::{Choice, Layout, ParamsError, RawParams, StepMethod, Times},
    physics::input::Digests,
    problem::Problem,
    schedule::Nper,
};

/// Updates of nodes that take some seconds.
pub(crate) const SOME_SECONDS: f64 = 2e9;
/// Updates of nodes on all grids that are not too dear.
const AFFORDABLE: f64 = 2e10;
/// Updates of a node that take as long as a cycle of multigrid.
const UPDATES_IN_A_CYCLE: u64 = 100;
/// What multigrid leaves on the three grids, so that their differences are those of the spacing.
const TOLERANCE: f64 = 1e-13;
/// Nodes of the finest grid, each of which takes about 100 bytes.
const MOST_NODES: f64 = 2e7;
/// Cells along an axis of the coarsest grid.
const FEWEST_CELLS: u64 = 4;
/// How many times finer than the coarse grid those between it and the middle one are: their nodes lie elsewhere among
/// edges and jumps, and their steps elsewhere in time.
const BETWEEN: [f64; 5] = [1.15, 1.3, 1.45, 1.6, 1.8];

/// A problem on three nested grids, each twice as fine as the one before, and on some between the first two.
pub(super) struct Grids {
    /// How many times finer than the coarse grid the user's own one is.
    pub(super) refinement: u32,
    /// From coarse to fine, with numbers of steps in proportion.
    pub(super) nested: [Problem; 3],
    /// Each with its spacing as a share of the coarse one. There are none of problems that read arrays.
    pub(super) between: Vec<(f64, Problem)>,
    /// The user's own run in double precision, if its steps are not those of its grid among the three.
    pub(super) run: Option<Problem>,
}

impl Grids {
    /// The finest grids that are not too dear.
    pub(super) fn new(own: &Problem, raw: &RawParams) -> Result<Self, CheckError> {
        if own.reads_arrays() {
            check_nested(own)?;
        }
        let exact = match own.params.method {
            StepMethod::Steady => {
                let tolerance = own.params.tolerance.min(TOLERANCE);
                raw.clone().replace("tolerance", tolerance)
            }
            _ => raw.clone(),
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
                return Err(CheckError::Request(format!(
                    "this problem takes {updates:.1e} updates of nodes, and no coarser grid is fine enough for a check; a shorter runtime can be checked"
                )));
            }
        }
    }

    /// Which of the three grids is the user's own, or next to it.
    pub(super) fn level(&self) -> usize {
        (self.refinement.ilog2() as usize).min(2)
    }

    /// The problems of all grids.
    pub(super) fn all(&self) -> impl Iterator<Item = &Problem> {
        let between = self.between.iter().map(|(_, problem)| problem);
        self.nested.iter().chain(between).chain(&self.run)
    }
}

/// Updates of nodes in all stages of all steps, or that take as long as all cycles of multigrid.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub(super) fn updates_of(problem: &Problem) -> f64 {
    let nodes = problem.grid.len() as f64;
    let steps = problem.schedule.last_step() as f64 * problem.stages() as f64;
    let cycles = problem.usual_cycles().unwrap_or_default() * UPDATES_IN_A_CYCLE;
    nodes * (steps + cycles as f64)
}

/// Cells of an axis between the ends of the domain.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of cells, below 2^31"
)]
fn cells(axis: &Axis) -> u64 {
    let (first, last) = axis.domain();
    ((last - first) / axis.spacing).round() as u64
}

/// Refuses a problem with arrays where grids of two and four times the spacing do not have nodes of theirs.
fn check_nested(own: &Problem) -> Result<(), CheckError> {
    let asked = |reason: String| {
        Err(CheckError::Request(format!(
            "this problem reads arrays, and the check takes every second and every fourth of their nodes: {reason}"
        )))
    };
    if own.params.grid != Layout::Walls {
        return asked("that needs grid = \"walls\"".to_owned());
    }
    let (nx, ny) = (cells(&own.grid.x), cells(&own.grid.y));
    let divides = |cells: u64| cells.is_multiple_of(4) && cells >= 4 * FEWEST_CELLS;
    match divides(nx) && divides(ny) {
        true => Ok(()),
        false => asked(format!(
            "that needs a multiple of 4 of cells along each axis, {} or more, and there are {ny} along y and {nx} along x",
            4 * FEWEST_CELLS
        )),
    }
}

/// A problem, and how many times finer its grid is than the coarsest of those on which it is solved.
pub(crate) struct Ladder<'a> {
    pub(crate) own: &'a Problem,
    pub(crate) raw: &'a RawParams,
    pub(crate) refinement: u32,
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of cells and steps are below 2^53"
)]
impl Ladder<'_> {
    /// Takes a grid twice as coarse, if that is fine enough.
    pub(crate) fn coarsen(&mut self) -> bool {
        let grid = &self.own.grid;
        let fewest = cells(&grid.x).min(cells(&grid.y));
        let is_fine = fewest / u64::from(self.refinement) >= 2 * FEWEST_CELLS;
        self.refinement *= if is_fine { 2 } else { 1 };
        is_fine
    }

    /// Cells along x and y of the coarsest grid.
    fn coarsest(&self) -> [u64; 2] {
        let grid = &self.own.grid;
        [&grid.x, &grid.y].map(|axis| cells(axis).div_ceil(u64::from(self.refinement)))
    }

    /// About how many nodes the finest grid has.
    fn nodes(&self) -> f64 {
        let finer = 4.0 / f64::from(self.refinement);
        self.own.grid.len() as f64 * finer * finer
    }

    fn time(&self) -> f64 {
        self.own.schedule.duration()
    }

    /// How many times more steps a grid takes that is so many times finer.
    fn more(&self, finer: f64) -> f64 {
        match self.own.params.method {
            StepMethod::Euler => finer * finer,
            StepMethod::Rkl2 => finer,
            _ => 1.0,
        }
    }

    /// The problem on a grid, in double precision. Without a time step it takes the longest that is stable.
    fn at(
        &self,
        cells: [u64; 2],
        dt: Option<f64>,
        outtime: Option<f64>,
        times: Times,
    ) -> Result<Problem, ParamsError> {
        let spacing = |axis: &Axis, cells: u64| {
            let (first, last) = axis.domain();
            // A quarter more, so that truncation gives this number.
            (last - first) / (cells as f64 + 0.25)
        };
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
            ("dx", Some(spacing(&self.own.grid.x, cells[0]))),
            ("dy", Some(spacing(&self.own.grid.y, cells[1]))),
            ("dt", dt),
            ("runtime", outtime.map(|_| self.time())),
            ("outtime", outtime),
        ] {
            if let Some(value) = value {
                raw = raw.replace(key, value);
            }
        }
        let coarsest = self.coarsest()[0];
        let every = match self.own.reads_arrays() {
            true => self.refinement as usize * coarsest as usize / cells[0] as usize,
            false => 1,
        };
        Problem::with_digests(&raw, &mut Digests::of_every(every))
    }

    /// The same in so many steps, with no snapshot but the last.
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

    /// How many steps a grid takes at least.
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
    /// spacing; those of methods of second order are in proportion to the spacing.
    fn nested(&self) -> Result<[Problem; 3], ParamsError> {
        let coarsest = self.coarsest();
        let cells = |finer: u64| coarsest.map(|cells| cells * finer);
        let own = self.own.schedule.last_step() as f64;
        let mut steps = (own / self.more(f64::from(self.refinement)) * (1.0 - 1e-13)).ceil();
        for finer in [1, 2, 4] {
            let fewest = self.fewest_steps(cells(finer))?;
            steps = steps.max((fewest / self.more(finer as f64)).ceil());
        }
        let solved = |finer: u64| self.in_steps(cells(finer), steps * self.more(finer as f64));
        Ok([solved(1)?, solved(2)?, solved(4)?])
    }

    /// The problem on grids between the coarse and the middle one, with their spacings as shares of the coarse one.
    fn between(&self, nested: &[Problem; 3]) -> Result<Vec<(f64, Problem)>, ParamsError> {
        if self.own.reads_arrays() {
            return Ok(Vec::new());
        }
        let coarsest = self.coarsest();
        let between = BETWEEN.map(|finer| {
            let cells = coarsest.map(|cells| (cells as f64 * finer).round() as u64);
            let [x, y] = [0, 1].map(|axis| cells[axis] as f64 / coarsest[axis] as f64);
            let of_coarse = nested[0].schedule.last_step() as f64;
            let steps = (of_coarse * self.more(x.max(y))).ceil();
            let steps = steps.max(self.fewest_steps(cells)?);
            Ok((1.0 / (x * y).sqrt(), self.in_steps(cells, steps)?))
        });
        between.into_iter().collect()
    }

    /// The user's own run in double precision, or what it is like on the one of the three grids that is next to its own; none
    /// where that is what was solved there.
    fn run(&self, nested: &[Problem; 3]) -> Result<Option<Problem>, ParamsError> {
        let level = (self.refinement.ilog2() as usize).min(2);
        let solved = &nested[level];
        let mut run = Problem::from_raw(&self.raw.clone().without("precision"))?;
        if run.grid == solved.grid {
            run.schedule = self.own.schedule.clone();
        } else {
            let own = self.own.schedule.last_step() as f64;
            let finer = self.refinement.min(4);
            let cells = self.coarsest().map(|cells| u64::from(finer) * cells);
            let steps = (own / self.more(f64::from(self.refinement / finer))).ceil();
            run = self.in_steps(cells, steps.max(self.fewest_steps(cells)?))?;
        }
        let steps = |problem: &Problem| (problem.schedule.last_step(), problem.stages());
        let is_solved = steps(&run) == steps(solved)
            && run.schedule.has_equal_steps()
            && run.params.tolerance == solved.params.tolerance;
        Ok((!is_solved).then_some(run))
    }

    /// The problem on the coarsest grid with the snapshots of the run.
    pub(crate) fn with_snapshots(&self) -> Result<Problem, ParamsError> {
        let outtime = match &self.own.params.outtimes {
            Some(_) => None,
            None => Some(self.own.schedule.cadence()),
        };
        self.at(self.coarsest(), None, outtime, Times::Exact)
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
