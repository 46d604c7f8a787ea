//! [`Rkl2`]: super-time-stepping, many stages in one long step.
//!
//! ```text
//! Y1 = Y0 + m1 L(Y0)                                                         j = 1
//! Yj = ((mu_j Y(j-1) + nu_j Y(j-2)) + g_j Y0) + (m_j L(Y(j-1)) + n_j L(Y0))  j = 2 … s
//! ```
//!
//! `L` is the increment of [`scalar`] with its source, for a whole step `dt`. The walls of stage `j` are
//! those of its time, `t + c_j dt`.
//!
//! Source: C. D. Meyer, D. S. Balsara, T. D. Aslam, "A stabilized Runge-Kutta-Legendre method for
//! explicit super-time-stepping of parabolic and mixed equations", J. Comput. Phys. 257 (2014), §2.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::dispatch::Element;
use super::equation::{Equation, Operator};
use super::five_point::Stencil;
use super::scalar::{self, Star};
use super::walls::{Side, Walls};
use crate::real::Real;

/// The coefficients of a step of second order in `s` stages.
#[derive(Clone, Debug, PartialEq)]
pub struct Rkl2<T> {
    stages: Vec<Stage<T>>,
    times: Vec<f64>,
}

/// The coefficients of one stage, named as in the module's formula.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stage<T> {
    mu: T,
    nu: T,
    g: T,
    m: T,
    n: T,
}

impl<T: Real> Stage<T> {
    /// From the second stage on.
    #[inline(always)]
    fn value(self, [latest, older, start]: [T; 3], [of_latest, of_start]: [T; 2]) -> T {
        let states = (self.mu * latest + self.nu * older) + self.g * start;
        states + (self.m * of_latest + self.n * of_start)
    }
}

impl<T: Real> Rkl2<T> {
    /// A step in `stages` stages, at least two.
    ///
    /// # Panics
    /// With fewer stages.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "numbers of stages are small")]
    pub fn new(stages: usize) -> Self {
        assert!(
            stages >= 2,
            "a step of second order has at least two stages"
        );
        let s = stages as f64;
        let w = 4.0 / (s * s + s - 2.0);
        let b = |j: usize| {
            let j = j.max(2) as f64;
            (j * j + j - 2.0) / (2.0 * j * (j + 1.0))
        };
        let stage = |number: usize| {
            let j = number as f64;
            if number == 1 {
                let m = b(1) * w;
                return [0.0, 0.0, 0.0, m, 0.0];
            }
            let mu = (2.0 * j - 1.0) / j * b(number) / b(number - 1);
            let nu = -(j - 1.0) / j * b(number) / b(number - 2);
            let m = mu * w;
            [mu, nu, 1.0 - mu - nu, m, -(1.0 - b(number - 1)) * m]
        };
        let rounded = |number: usize| {
            let [mu, nu, g, m, n] = stage(number).map(T::from_f64);
            Stage { mu, nu, g, m, n }
        };
        let time = |number: usize| match number {
            0 => 0.0,
            // The length of the first stage: what lies between the times of Y0 and Y1.
            1 => b(1) * w,
            _ => {
                let j = number as f64;
                (j * j + j - 2.0) / (s * s + s - 2.0)
            }
        };
        Self {
            stages: (1..=stages).map(rounded).collect(),
            times: (0..=stages).map(time).collect(),
        }
    }

    /// The number of stages.
    #[must_use]
    pub fn stages(&self) -> usize {
        self.stages.len()
    }

    /// The value after stage `number`, from 1 on: `[latest, older, start]` are `Y(j-1)`, `Y(j-2)` and `Y0`,
    /// which is older than the second stage, too; `increments` are those of `latest` and `start`.
    #[must_use]
    pub fn value(&self, number: usize, states: [T; 3], increments: [T; 2]) -> T {
        let stage = self.stages[number - 1];
        match number {
            1 => states[2] + stage.m * increments[0],
            _ => stage.value(states, increments),
        }
    }

    /// The times of the state before the first stage and after each, as fractions of the step.
    #[must_use]
    pub fn times(&self) -> &[f64] {
        &self.times
    }
}

/// How much longer than the stability limit of explicit Euler a step of `stages` stages may be,
/// `(s² + s - 2)/4`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "numbers of stages are small")]
pub fn rkl2_reach(stages: usize) -> f64 {
    let s = stages as f64;
    (s * s + s - 2.0) / 4.0
}

/// The arrays of a step, row-major, each of the shape of the state.
pub struct Rkl2Arrays<'a, T> {
    /// `Y(j-1)`, the result of the stage before.
    pub latest: &'a [T],
    /// `Y0`
    pub start: &'a [T],
    /// `L(Y0)`, which the first stage writes.
    pub increment: &'a mut [T],
    /// `Y(j-2)`, which the stage replaces by `Yj`; the first stage writes only.
    pub result: &'a mut [T],
}

impl<T: Element> Stencil<T> {
    /// One stage of a step, from 1 on: writes the rows `rows` of its result, but for nodes on walls that
    /// are not computed.
    ///
    /// # Panics
    /// If arrays, walls or the equation do not fit the shape `(ny, nx)`.
    pub fn rkl2_stage(
        &self,
        (method, number): (&Rkl2<T>, usize),
        walls: &Walls<T>,
        (ny, nx): (usize, usize),
        arrays: Rkl2Arrays<'_, T>,
        rows: Range<usize>,
    ) {
        let equation = self.equation();
        assert!(equation.fits((ny, nx)) && walls.fit((ny, nx), method.stages()));
        let [computed, columns] = walls.domain((ny, nx)).map(|axis| axis.in_array());
        let rows = rows.start.max(computed.start)..rows.end.min(computed.end);
        let Rkl2Arrays {
            latest,
            start,
            increment,
            result,
        } = arrays;
        let stage = method.stages[number - 1];
        let latest = Latest {
            values: latest,
            shape: (ny, nx),
            walls,
            step: number - 1,
        };
        let held = rows.start * nx..rows.end.max(rows.start) * nx;
        let start = &start[held.clone()];
        let increment = &mut increment[held.clone()];
        let result = &mut result[held];
        // So many rows are a task for a thread.
        const ROWS: usize = 16;
        result
            .par_chunks_mut(ROWS * nx)
            .zip(increment.par_chunks_mut(ROWS * nx))
            .zip(start.par_chunks(ROWS * nx))
            .enumerate()
            .for_each(|(chunk, ((result, increment), start))| {
                let first = rows.start + chunk * ROWS;
                let mut rest = vec![T::default(); 2 * nx];
                let (beyond, latest_increment) = rest.split_at_mut(nx);
                let lines = result
                    .chunks_exact_mut(nx)
                    .zip(increment.chunks_exact_mut(nx))
                    .zip(start.chunks_exact(nx));
                for (j, ((result, increment), start)) in (first..).zip(lines) {
                    let work = StageRow {
                        latest: &latest,
                        equation,
                        columns: columns.clone(),
                        j,
                        stage: (number > 1).then_some(stage),
                        m: stage.m,
                        beyond: &mut *beyond,
                        latest_increment: &mut *latest_increment,
                        result,
                        increment,
                        start,
                    };
                    Arch::new().dispatch(work);
                }
            });
    }
}

/// The state of the stage before, and what lies beyond its sides.
struct Latest<'a, T> {
    values: &'a [T],
    shape: (usize, usize),
    walls: &'a Walls<T>,
    step: usize,
}

impl<'a, T: Real> Latest<'a, T> {
    #[inline(always)]
    fn row(&self, j: usize) -> &'a [T] {
        let nx = self.shape.1;
        &self.values[j * nx..(j + 1) * nx]
    }

    /// The row north (`false`) or south (`true`) of row `j`; ghosts are written to `beyond`.
    #[inline(always)]
    fn adjacent<'b>(&self, j: usize, south: bool, beyond: &'b mut [T]) -> &'b [T]
    where
        'a: 'b,
    {
        let ny = self.shape.0;
        let (is_outermost, side, opposite, inner) = match south {
            false => (j == 0, &self.walls.bottom, ny - 2, j + 1),
            true => (j + 1 == ny, &self.walls.top, 1, j.wrapping_sub(1)),
        };
        if !is_outermost {
            return self.row(if south { j + 1 } else { j - 1 });
        }
        match side {
            Side::Ghost(ghost) => {
                let (inner, outermost) = (self.row(inner), self.row(j));
                for i in 0..beyond.len() {
                    beyond[i] = ghost.value(self.step, i, inner[i], outermost[i]);
                }
                beyond
            }
            _ => self.row(opposite),
        }
    }

    /// The values beyond both ends of row `j`.
    #[inline(always)]
    fn ends(&self, j: usize) -> [T; 2] {
        let (row, nx) = (self.row(j), self.shape.1);
        let end = |side: &Side<T>, outermost: usize, inner: usize, opposite: usize| match side {
            Side::Ghost(ghost) => ghost.value(self.step, j, row[inner], row[outermost]),
            _ => row[opposite],
        };
        [
            end(&self.walls.left, 0, 1, nx - 2),
            end(&self.walls.right, nx - 1, nx - 2, 1),
        ]
    }
}

/// One row of a stage.
struct StageRow<'a, T> {
    latest: &'a Latest<'a, T>,
    equation: &'a Equation<T>,
    columns: Range<usize>,
    j: usize,
    /// `None` of the first stage.
    stage: Option<Stage<T>>,
    m: T,
    /// Room for a row of ghosts.
    beyond: &'a mut [T],
    /// Room for `L(Y(j-1))`.
    latest_increment: &'a mut [T],
    result: &'a mut [T],
    increment: &'a mut [T],
    start: &'a [T],
}

impl<T: Real> WithSimd for StageRow<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            latest,
            equation,
            j,
            m,
            ..
        } = self;
        let columns = self.columns;
        let n = latest.shape.1;
        let centre = latest.row(j);
        // Only one of the two rows can be a ghost: a computed wall has at least two rows.
        let (north, south) = match j == 0 {
            true => (latest.adjacent(j, false, self.beyond), latest.row(1)),
            false => (latest.row(j - 1), latest.adjacent(j, true, self.beyond)),
        };
        let ends = latest.ends(j);
        let lines = [north, centre, south];
        match self.stage {
            None => {
                let to = &mut self.increment[..n];
                increment_row(equation, j, lines, ends, columns.clone(), to);
                let (start, result) = (&self.start[..n], &mut self.result[..n]);
                for i in columns {
                    result[i] = start[i] + m * to[i];
                }
            }
            Some(stage) => {
                let to = &mut self.latest_increment[..n];
                increment_row(equation, j, lines, ends, columns.clone(), to);
                let (start, increment) = (&self.start[..n], &self.increment[..n]);
                let (centre, result) = (&centre[..n], &mut self.result[..n]);
                for i in columns {
                    let states = [centre[i], result[i], start[i]];
                    result[i] = stage.value(states, [to[i], increment[i]]);
                }
            }
        }
    }
}

/// The increments of a row, source included, in these columns. `ends` are the values beyond both ends.
#[inline(always)]
fn increment_row<T: Real>(
    equation: &Equation<T>,
    j: usize,
    [north, centre, south]: [&[T]; 3],
    ends: [T; 2],
    columns: Range<usize>,
    to: &mut [T],
) {
    let n = centre.len();
    let (north, south, to) = (&north[..n], &south[..n], &mut to[..n]);
    let star = |i: usize, west: T, east: T| Star {
        north: north[i],
        south: south[i],
        west,
        east,
        centre: centre[i],
    };
    let mut over = |increment: &dyn Fn(usize, Star<T>) -> T| {
        if columns.start == 0 {
            to[0] = increment(0, star(0, ends[0], centre[1]));
        }
        if columns.end == n {
            to[n - 1] = increment(n - 1, star(n - 1, centre[n - 2], ends[1]));
        }
    };
    match &equation.operator {
        Operator::Isotropic { r } => {
            let r = *r;
            over(&|_, star| scalar::isotropic(r, star));
            for i in 1..n - 1 {
                to[i] = scalar::isotropic(r, star(i, centre[i - 1], centre[i + 1]));
            }
        }
        Operator::Anisotropic { rx, ry } => {
            let (rx, ry) = (*rx, *ry);
            over(&|_, star| scalar::anisotropic(rx, ry, star));
            for i in 1..n - 1 {
                to[i] = scalar::anisotropic(rx, ry, star(i, centre[i - 1], centre[i + 1]));
            }
        }
        Operator::Variable { x, y } => {
            let x = x.as_slice().unwrap_or_default();
            let y = y.as_slice().unwrap_or_default();
            let x = &x[j * (n + 1)..(j + 1) * (n + 1)];
            let (above, below) = (&y[j * n..(j + 1) * n], &y[(j + 1) * n..(j + 2) * n]);
            let faces = |i: usize| Star {
                west: x[i],
                east: x[i + 1],
                north: above[i],
                south: below[i],
                centre: T::default(),
            };
            over(&|i, star| scalar::variable(faces(i), star));
            for i in 1..n - 1 {
                let star = star(i, centre[i - 1], centre[i + 1]);
                to[i] = scalar::variable(faces(i), star);
            }
        }
    }
    if let Some(source) = &equation.source {
        let source = source.as_slice().unwrap_or_default();
        let source = &source[j * n..(j + 1) * n];
        for i in 0..n {
            to[i] = to[i] + source[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coefficients_are_those_of_the_paper() {
        // Polynomial of stability: R(z) of a step with s stages, where L(Y) = z Y, is of second order.
        for stages in [3, 5, 9, 21] {
            let method = Rkl2::<f64>::new(stages);
            let response = |z: f64| {
                let [mut before, mut latest] = [1.0; 2];
                for number in 1..=stages {
                    let next = method.value(number, [latest, before, 1.0], [latest * z, z]);
                    (before, latest) = (latest, next);
                }
                latest
            };
            let z = 1e-3;
            let error = |z: f64| (response(-z) - (-z).exp()).abs();
            assert!((error(2.0 * z) / error(z) - 8.0).abs() < 0.1, "{stages}");
            // Stable up to its reach: Euler's limit is z = -2.
            let limit = 2.0 * rkl2_reach(stages);
            for k in 0..=1000 {
                let z = -limit * f64::from(k) / 1000.0;
                assert!(response(z).abs() <= 1.0 + 1e-12, "{stages} {z}");
            }
            assert!(response(-limit * 1.5).abs() > 1.0, "{stages}");
        }
        assert_eq!(rkl2_reach(3), 2.5);
    }

    #[test]
    fn a_source_in_proportion_to_time_is_integrated_exactly() {
        // dp/dt = t: the increments are the times of the stages, and so are second order's conditions.
        for stages in [2, 3, 4, 5, 9, 21] {
            let method = Rkl2::<f64>::new(stages);
            let increment = |stage: usize| method.times()[stage];
            let [mut before, mut latest] = [0.0; 2];
            for number in 1..=stages {
                let increments = [increment(number - 1), increment(0)];
                let next = method.value(number, [latest, before, 0.0], increments);
                (before, latest) = (latest, next);
            }
            assert!((latest - 0.5).abs() < 1e-14, "{stages}: {latest}");
            // And each stage has reached its own time.
            let [mut before, mut latest] = [0.0; 2];
            for number in 1..=stages {
                let next = method.value(number, [latest, before, 0.0], [1.0; 2]);
                (before, latest) = (latest, next);
                let time = method.times()[number];
                assert!(
                    (latest - time).abs() < 1e-14,
                    "{stages}, {number}: {latest}"
                );
            }
        }
    }
}
