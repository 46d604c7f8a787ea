//! [`Widening`]: the factors by which intervals are wider than for independent errors.

use super::{
    drift::Drift, influence::Influence, least_squares::Minimum, linear_errors::free, model::Model,
    quantiles::chi_squared_tail,
};

/// The probability of a larger χ² for a correct model below which a misfit is reported.
const MISFIT: f64 = 1e-3;
const WAY_OUT: &str = "sigma may be too small, the grid too coarse, or the model wrong, for example its initial state";

/// The factors by which intervals are widened, and the reasons.
///
/// Each column has a factor for misfit and correlation of its residuals. An unknown is widened by what it feels of the columns: with
/// the factors F of all values, its variance is an element of C JᵀFJ C instead of one of C = (JᵀJ)⁻¹.
///
/// Source: H. White, Econometrica 48, 817 (1980), for the sandwich of matrices.
#[derive(Debug, Clone, Default)]
pub struct Widening {
    /// The factor of each unknown.
    pub factors: Vec<f64>,
    /// How far the intervals of scaled unknowns reach beyond their ends, the lower and the upper one, for trends of residuals.
    pub reach: Vec<[f64; 2]>,
    /// The reasons, one sentence each.
    pub reasons: Vec<String>,
}

impl Widening {
    /// The factors for misfit and for correlation of residuals.
    #[must_use]
    pub fn of(model: &Model, best: &Minimum) -> Self {
        let count = model.unknowns.len();
        let mut widening = Self {
            factors: vec![1.0; count],
            reach: vec![[0.0; 2]; count],
            reasons: Vec::new(),
        };
        if model.is_exact(&best.point) {
            return widening;
        }
        let free = free(model, best);
        let rows = best.point.residuals.len();
        let jacobian = best.jacobian.of_columns(&free);
        let influence = Influence::of(&jacobian, rows);
        let variance = model.variance(best.point.square);
        // Rows of priors are neither wrong nor correlated.
        let mut squares_of_rows = vec![1.0; rows];
        let (mut first_row, mut is_told) = (0, false);
        for (series, residuals) in model.series.iter().zip(residuals_of_series(model, best)) {
            let rows = first_row..first_row + residuals.len();
            let unknowns: f64 = influence.leverages[rows.clone()].iter().sum();
            let column = ColumnFactor::of(&residuals, unknowns, variance, model.has_sigma());
            let reason = column.reason(&series.name);
            // Residuals that follow one another are told already.
            if reason.is_none() {
                let solved = (&influence, &jacobian);
                let drift = Drift::of(series, rows.clone(), &residuals, variance, solved);
                widening.reach_to(&free, drift.as_ref());
                widening
                    .reasons
                    .extend(drift.map(|drift| drift.reason(&series.name)));
            }
            widening.reasons.extend(reason);
            squares_of_rows[rows.clone()].fill(column.square());
            is_told |= column.is_misfit;
            first_row = rows.end;
        }
        // Columns of a few values may be wrong together and not alone.
        let (square, degrees) = (best.point.square, model.degrees_of_freedom());
        if model.has_sigma() && !is_told && is_misfit(square, degrees) {
            let factor = square / degrees;
            squares_of_rows[..first_row]
                .iter_mut()
                .for_each(|square| *square *= factor);
            widening.reasons.push(format!(
                "the model does not fit: residuals are {:.3} times as large as sigma says, so intervals are widened by that; {WAY_OUT}",
                factor.sqrt()
            ));
        }
        let largest = squares_of_rows.iter().copied().fold(1.0, f64::max).sqrt();
        for number in 0..count {
            let place = free.iter().position(|&other| other == number);
            widening.factors[number] = place.map_or(largest, |place| {
                let parts = influence
                    .on_unknowns
                    .iter()
                    .map(|parts| parts[place] * parts[place]);
                let parts: Vec<f64> = parts.collect();
                let widened = parts
                    .iter()
                    .zip(&squares_of_rows)
                    .map(|(part, square)| part * square);
                let factor = (widened.sum::<f64>() / parts.iter().sum::<f64>()).sqrt();
                if factor.is_finite() { factor } else { largest }
            });
        }
        widening
    }

    /// Lets the intervals of unknowns that are free reach as far as a trend has moved them.
    fn reach_to(&mut self, free: &[usize], drift: Option<&Drift>) {
        let moved = drift.map_or(&[][..], |drift| &drift.moved);
        for (&number, moved) in free.iter().zip(moved) {
            let [lower, upper] = &mut self.reach[number];
            (*lower, *upper) = (lower.min(*moved), upper.max(*moved));
        }
    }

    /// The largest factor of an unknown.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.factors.iter().copied().fold(1.0, f64::max)
    }
}

/// The factor of a column: its misfit and the correlation of its residuals.
struct ColumnFactor {
    values: f64,
    /// How many times larger the mean square of the residuals is than that of the errors, as far as it counts.
    size: f64,
    /// Whether the residuals are larger than sigma says, beyond their 99.9 % point.
    is_misfit: bool,
    /// The correlation of each residual with the one before, where it is more than chance.
    correlation: Option<f64>,
}

/// Whether weighted residuals are larger than errors of a correct model are by chance.
pub fn is_misfit(square: f64, degrees: f64) -> bool {
    /// The fewest degrees of freedom that say anything: residuals of data with fewer are 0 but for rounding.
    const FEWEST: f64 = 0.1;
    degrees > FEWEST && chi_squared_tail(square, degrees) < MISFIT
}

/// The factor by which the variance of a mean is larger for values of a correlation than for independent ones.
fn inflation(correlation: f64) -> f64 {
    (1.0 + correlation) / (1.0 - correlation)
}

impl ColumnFactor {
    /// The factor from weighted residuals, which follow `unknowns` unknowns.
    fn of(residuals: &[f64], unknowns: f64, variance: f64, has_sigma: bool) -> Self {
        /// How many times smaller than their mean the squares of correlated residuals often are by chance.
        const CHANCE: f64 = 3.0;
        /// How many of their deviations correlations of independent errors are below, in 997 of 1,000 columns.
        const CHANCE_OF_CORRELATION: f64 = 2.75;
        let values = residuals.len() as f64;
        let unknowns = if unknowns.is_finite() {
            unknowns.clamp(0.0, values)
        } else {
            0.0
        };
        let square: f64 = residuals.iter().map(|value| value * value).sum();
        let degrees = values - unknowns;
        let lag1 = lag_product(residuals) / square;
        let mean_square = square / (variance * degrees);
        let is_misfit = has_sigma && is_misfit(square, degrees);
        // Of independent errors it is -p/n for p unknowns, with the deviation (n-2)/(n √(n-1)).
        let chance =
            (CHANCE_OF_CORRELATION * (values - 2.0) / (values - 1.0).sqrt() - unknowns) / values;
        // Correlated residuals count as far as they are of the size that sigma says.
        let is_correlated = residuals.len() > 2
            && lag1 > chance
            && (!has_sigma || mean_square * inflation(lag1) > 1.0);
        if !is_correlated {
            return Self {
                values,
                size: if is_misfit { mean_square } else { 1.0 },
                is_misfit,
                correlation: None,
            };
        }
        // The unknowns follow the residuals, so that what is left of these correlates less than they do: by (p(1+ρ) + 3ρ)/n
        // for p unknowns (M. G. Kendall, Biometrika 41, 403, 1954; p = 1 is a mean, p = 2 a straight line).
        let lost = (unknowns + 3.0) / values;
        let correlation = if lost < 1.0 {
            (lag1 + unknowns / values) / (1.0 - lost)
        } else {
            1.0
        };
        let correlation = correlation.min(1.0 - 1.0 / values).max(lag1);
        // As many unknowns follow more of correlated residuals than of independent ones.
        let free_values = (values - unknowns * inflation(correlation)).max(values / 4.0);
        let mean_square = square / (variance * free_values);
        let size = match has_sigma {
            true if !is_misfit => (CHANCE * mean_square).min(1.0),
            _ => mean_square,
        };
        Self {
            values,
            size,
            is_misfit,
            correlation: Some(correlation),
        }
    }

    /// The square of the factor.
    fn square(&self) -> f64 {
        (self.size * self.correlation.map_or(1.0, inflation)).max(1.0)
    }

    /// A sentence on the column if it widens intervals.
    fn reason(&self, name: &str) -> Option<String> {
        let factor = self.square().sqrt();
        let size = self.size.sqrt();
        let misfit = format!(
            "the model does not fit {name}: its residuals are {size:.3} times as large as sigma says"
        );
        match self.correlation {
            _ if factor <= 1.0 => None,
            None => Some(format!(
                "{misfit}, so intervals are widened by that as far as {name} tells them; {WAY_OUT}"
            )),
            Some(correlation) => {
                let independent = self.values / inflation(correlation);
                let correlated = format!(
                    "residuals of {name} that follow one another correlate by {correlation:.2}: {} values tell as much as {independent:.1} independent ones, so intervals are widened by {factor:.3} as far as {name} tells them",
                    self.values
                );
                Some(if self.is_misfit {
                    format!("{misfit}, and {correlated}; {WAY_OUT}")
                } else {
                    format!(
                        "{correlated}; the sensor may drift, or the model be wrong, for example its initial state"
                    )
                })
            }
        }
    }
}

/// The weighted residuals of each series, in the order of time.
pub fn residuals_of_series(model: &Model, best: &Minimum) -> Vec<Vec<f64>> {
    let mut residuals = best.point.residuals.iter().copied();
    let series = model.series.iter();
    series
        .map(|series| residuals.by_ref().take(series.points.len()).collect())
        .collect()
}

/// The sum of products of each value and the value before it.
pub fn lag_product(values: &[f64]) -> f64 {
    values.windows(2).map(|pair| pair[0] * pair[1]).sum()
}
