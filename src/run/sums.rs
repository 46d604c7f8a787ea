//! [`Sums`]: the rates integrated over time, by trapezoids over states.

use crate::{
    params::{ParamsError, Precision, StepMethod, rate_order},
    physics::{fluxes::Fluxes, moving_nodes::MovingNodes},
    problem::Problem,
};

/// The time integrals of the rates since the first state.
#[derive(Clone)]
pub(super) struct Sums<'a> {
    problem: &'a Problem,
    moving: MovingNodes,
    /// The integral of each rate.
    pub(super) gains: Vec<f64>,
    /// The time and the rates of the last state.
    pub(super) last: Option<(f64, Vec<f64>)>,
}

impl<'a> Sums<'a> {
    /// Sums before the first state.
    ///
    /// # Errors
    /// [`ParamsError`] if the file of the capacity can no longer be read.
    pub(super) fn new(problem: &'a Problem) -> Result<Self, ParamsError> {
        Ok(Self {
            moving: problem.moving_nodes()?,
            gains: vec![0.0; problem.geometry().rates()],
            last: None,
            problem,
        })
    }

    /// Adds the inflow since the last state. If not `by_trapezoids`, the inflow through faces and from the source is
    /// known already. `rates` are the rates of the state, to which the contribution of changing wall values is added.
    pub(super) fn add(&mut self, time: f64, rates: &mut [f64], by_trapezoids: bool) {
        let moving = self.moving.rates(time);
        for (rate, moving) in rates.iter_mut().zip(&moving) {
            *rate += moving;
        }
        if let Some((before, last)) = &self.last {
            // The values of walls are known, and what they change by has no error.
            let moved = self.moving.gains(*before, time);
            let moving_before = self.moving.rates(*before);
            for (part, gain) in self.gains.iter_mut().enumerate() {
                if by_trapezoids {
                    let moving_twice = moving_before[part] + moving[part];
                    *gain += 0.5 * ((last[part] + rates[part]) - moving_twice) * (time - before);
                }
                *gain += moved[part];
            }
        }
        self.last = Some((time, rates.to_vec()));
    }

    /// A sentence for a steady state whose rates have fewer than six correct digits, because values of p up to
    /// `largest` are rounded or because of the residual of the equation.
    pub(super) fn few_digits(&self, largest: f64, fluxes: &Fluxes) -> Option<String> {
        /// The fraction of the largest rate that corresponds to six digits.
        const SHARE: f64 = 1e-6;
        /// The fraction of the rounding error below which a rate counts as 0.
        const NOTHING: f64 = 0.01;
        let (params, Some((_, rates))) = (&self.problem.params, &self.last) else {
            return None;
        };
        if params.method != StepMethod::Steady {
            return None;
        }
        let parts = rate_order(self.problem.geometry().tables());
        let largest_rate = parts.fold(0.0, |most: f64, part| most.max(rates[part].abs()));
        let unit = match params.precision {
            Precision::F64 => f64::EPSILON,
            Precision::F32 => f64::from(f32::EPSILON),
        };
        // Both values of a difference are off by half a unit.
        let rounded = unit * largest * fluxes.conductance();
        let unbalanced = self.unexplained(0.0)[0].abs();
        if largest_rate <= NOTHING * rounded || rounded.max(unbalanced) <= SHARE * largest_rate {
            return None;
        }
        let way_out = if rounded > unbalanced {
            format!(
                "p is rounded beside values of {largest:?}, and a problem from which a constant is subtracted keeps more"
            )
        } else {
            format!(
                "their sum is {unbalanced:.1e}, and a smaller tolerance than {:?} keeps more",
                params.tolerance
            )
        };
        Some(format!(
            "rates keep fewer than six digits: of {largest_rate:.3e}, {:.1e} may be wrong; {way_out}",
            rounded.max(unbalanced)
        ))
    }

    /// The growth of the mass minus all inflow, and the sum of the magnitudes of all inflow. For a steady state the sum
    /// of its rates, and the sum of their magnitudes.
    pub(super) fn unexplained(&self, mass_gain: f64) -> [f64; 2] {
        let is_steady = self.problem.params.method == StepMethod::Steady;
        let parts = match &self.last {
            Some((_, rates)) if is_steady => rates,
            _ => &self.gains,
        };
        let [sum, size] = self.total(parts);
        if is_steady {
            [sum, size]
        } else {
            [mass_gain - sum, size]
        }
    }

    /// The sum of all inflow, and of its magnitudes, given that of each rate.
    pub(super) fn total(&self, parts: &[f64]) -> [f64; 2] {
        let order = rate_order(self.problem.geometry().tables());
        order.fold([0.0, 0.0], |[sum, size], part| {
            [sum + parts[part], size + parts[part].abs()]
        })
    }
}
