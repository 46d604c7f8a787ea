//! [`Rkl2`]: super-time-stepping, many stages in one long step.
//!
//! ```text
//! d1 = m1 L(Y0)                                                              j = 1
//! dj = (mu_j d(j-1) + nu_j d(j-2)) + (m_j A(d(j-1)) + q_j L(Y0))             j = 2 … s, d0 = 0
//! Y  = Y0 + ds
//! ```
//!
//! `d` is the difference between a state and the state before the step, so that rounding errors scale with the
//! increments, and a state that nothing changes keeps its bits. `L` is the increment of [`scalar`] with its source, for
//! a full step `dt`, and `A(dj) = L(Y0 + dj) - L(Y0)` is the same without the constant parts, between the
//! [changes](crate::Side) of the walls. The walls of stage `j` are evaluated at its time, `t + c_j dt`.
//!
//! A pass over the field takes all stages; or only one, for sources that depend on time and for callers that need the
//! state at each stage. `step.rs` divides the field into tiles, `part.rs` advances one, row by row, and `row.rs`
//! computes a row.
//!
//! Source: C. D. Meyer, D. S. Balsara, T. D. Aslam, "A stabilized Runge-Kutta-Legendre method for
//! explicit super-time-stepping of parabolic and mixed equations", J. Comput. Phys. 257 (2014), §2.

mod part;
mod row;
mod step;

pub(crate) use part::{SharedStage, TargetRows, TileRows};
pub use step::Rkl2Arrays;

use crate::real::Real;

/// The coefficients of a step of second order in `s` stages.
#[derive(Clone, Debug, PartialEq)]
pub struct Rkl2<T> {
    stages: Vec<StageCoefficients<T>>,
    times: Vec<f64>,
}

/// The coefficients of one stage, named as in the module's formula.
#[derive(Clone, Copy, Debug, PartialEq)]
struct StageCoefficients<T> {
    mu: T,
    nu: T,
    m: T,
    q: T,
}

impl<T: Real> StageCoefficients<T> {
    /// The difference `dj` after a stage; not for the first stage.
    #[inline(always)]
    fn difference(self, [latest, older]: [T; 2], [of_latest, of_start]: [T; 2]) -> T {
        (self.mu * latest + self.nu * older) + (self.m * of_latest + self.q * of_start)
    }
}

/// The coefficient `b_j` of the method.
fn b(j: usize) -> f64 {
    let j = j.max(2) as f64;
    (j * j + j - 2.0) / (2.0 * j * (j + 1.0))
}

/// The coefficients `mu_j`, `nu_j`, `m_j` and `q_j` of stage `number`, for a method with this `w`.
fn coefficients(number: usize, w: f64) -> [f64; 4] {
    let j = number as f64;
    if number == 1 {
        let m = b(1) * w;
        return [0.0, 0.0, m, 0.0];
    }
    let mu = (2.0 * j - 1.0) / j * b(number) / b(number - 1);
    let nu = -(j - 1.0) / j * b(number) / b(number - 2);
    let m = mu * w;
    [mu, nu, m, b(number - 1) * m]
}

impl<T: Real> Rkl2<T> {
    /// A step in `stages` stages, at least two.
    ///
    /// # Panics
    /// If there are fewer stages.
    #[must_use]
    pub fn new(stages: usize) -> Self {
        assert!(
            stages >= 2,
            "a step of second order has at least two stages"
        );
        let s = stages as f64;
        let w = 4.0 / (s * s + s - 2.0);
        let stage_coefficients = (1..=stages).map(|number| {
            let [mu, nu, m, q] = coefficients(number, w).map(T::from_f64);
            StageCoefficients { mu, nu, m, q }
        });
        let stage_times = (0..=stages).map(|number| match number {
            0 => 0.0,
            // The length of the first stage: what lies between the times of Y0 and Y1.
            1 => b(1) * w,
            _ => {
                let j = number as f64;
                (j * j + j - 2.0) / (s * s + s - 2.0)
            }
        });
        Self {
            stages: stage_coefficients.collect(),
            times: stage_times.collect(),
        }
    }

    /// A shorter step of explicit Euler as one stage; `part` is its fraction of a full step.
    #[must_use]
    pub fn part_of_euler(part: f64) -> Self {
        let [mu, nu, m, q] = [0.0, 0.0, part, 0.0].map(T::from_f64);
        Self {
            stages: vec![StageCoefficients { mu, nu, m, q }],
            times: vec![0.0, 1.0],
        }
    }

    /// A shorter step with the same stages; `part` is its fraction of this step. All increments are the increments of
    /// `dt` times that fraction, rounded once more. Its [times](Self::times) are fractions of its own length.
    #[must_use]
    pub fn part(mut self, part: f64) -> Self {
        for stage in &mut self.stages {
            [stage.m, stage.q] = [stage.m, stage.q].map(|one| T::from_f64(one.to_f64() * part));
        }
        self
    }

    /// The number of stages.
    #[must_use]
    pub fn stages(&self) -> usize {
        self.stages.len()
    }

    /// The difference between the state after stage `number`, from 1 on, and the state before the step:
    /// `[latest, older]` are `d(j-1)` and `d(j-2)`, and `[of_latest, of_start]` are `A(d(j-1))` and `L(Y0)`.
    #[must_use]
    pub fn difference(&self, number: usize, differences: [T; 2], increments: [T; 2]) -> T {
        let stage = self.stages[number - 1];
        match number {
            1 => stage.m * increments[1],
            _ => stage.difference(differences, increments),
        }
    }

    /// The times of the state before the first stage and after each, as fractions of the step.
    #[must_use]
    pub fn times(&self) -> &[f64] {
        &self.times
    }
}

/// The largest ratio of a step of `stages` stages to the stability limit of explicit Euler, `(s² + s - 2)/4`.
#[must_use]
pub fn rkl2_reach(stages: usize) -> f64 {
    let s = stages as f64;
    (s * s + s - 2.0) / 4.0
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
                let [mut before, mut latest] = [0.0; 2];
                for number in 1..=stages {
                    let next = method.difference(number, [latest, before], [latest * z, z]);
                    (before, latest) = (latest, next);
                }
                1.0 + latest
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
                let increments = [increment(number - 1) - increment(0), increment(0)];
                let next = method.difference(number, [latest, before], increments);
                (before, latest) = (latest, next);
            }
            assert!((latest - 0.5).abs() < 1e-14, "{stages}: {latest}");
            // And each stage has reached its own time.
            let [mut before, mut latest] = [0.0; 2];
            for number in 1..=stages {
                let next = method.difference(number, [latest, before], [0.0, 1.0]);
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
