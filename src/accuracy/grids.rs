//! [`Ladder`]: a problem on other grids.

use crate::{
    grid::Axis,
    params::{Choice, ParamsError, RawParams, StepMethod, Times},
    physics::input::Digests,
    problem::Problem,
    schedule::Nper,
};

/// The fewest cells of an axis that is made coarser.
pub(crate) const FEWEST_CELLS: u64 = 3;

/// The number of cells along an axis between the ends of the domain.
pub(crate) fn cells(axis: &Axis) -> u64 {
    let (lower, upper) = axis.domain();
    ((upper - lower) / axis.spacing).round() as u64
}

/// The number of cells of an axis with twice the spacing; an axis of few cells stays.
pub(crate) fn coarser(cells: u64) -> u64 {
    match cells < 2 * FEWEST_CELLS {
        true => cells,
        false => cells.div_ceil(2),
    }
}

/// The spacing with which an axis has so many cells.
pub(crate) fn spacing_of(axis: &Axis, cells: u64) -> f64 {
    let (lower, upper) = axis.domain();
    // A quarter more, so that truncation gives this number.
    (upper - lower) / (cells as f64 + 0.25)
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

    pub(crate) fn time(&self) -> f64 {
        self.own.schedule.duration()
    }

    /// The ratio of the numbers of steps if a grid is finer by the factor `finer`.
    pub(crate) fn more(&self, finer: f64) -> f64 {
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
        let [dx, dy] = [(&self.own.grid.x, cells[0]), (&self.own.grid.y, cells[1])]
            .map(|(axis, cells)| spacing_of(axis, cells));
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
    pub(crate) fn in_steps(&self, cells: [u64; 2], steps: f64) -> Result<Problem, ParamsError> {
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
    pub(crate) fn fewest_steps(&self, cells: [u64; 2]) -> Result<f64, ParamsError> {
        if self.own.params.method != StepMethod::Euler {
            // Steps of any length are stable; a run may have none.
            return Ok(self.own.schedule.last_step().min(1) as f64);
        }
        let outtime = self.own.params.outtime.min(self.time());
        let limit = self.at(cells, None, Some(outtime), Times::Course)?.limit();
        Ok((self.time() / limit * (1.0 - 1e-13)).ceil())
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
