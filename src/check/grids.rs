//! The grids of a [`Study`](super::Study).

use super::CheckError;
use crate::{
    accuracy::{FEWEST_CELLS, Ladder, cells, updates_of},
    params::{Layout, ParamsError, RawParams, RowTimes, StepMethod},
    physics::input::Digests,
    problem::Problem,
};

/// The number of node updates that take some seconds.
pub const SOME_SECONDS: f64 = 2e9;
/// The largest number of node updates on all grids.
const AFFORDABLE: f64 = 2e10;
/// The tolerance of multigrid on the three grids, small enough that their differences are due to the spacing.
const TOLERANCE: f64 = 1e-13;
/// The largest number of nodes of the finest grid; each takes about 100 bytes.
const MOST_NODES: f64 = 2e7;
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

impl Ladder<'_> {
    /// The approximate number of nodes of the finest grid.
    fn nodes(&self) -> f64 {
        let finer = 4.0 / f64::from(self.refinement);
        self.own.grid.len() as f64 * finer * finer
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
