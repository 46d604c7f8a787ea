//! [`LinearErrors`]: standard errors and correlations in a linear model.

use super::{
    least_squares::Minimum,
    matrix::{Matrix, Triangle},
    model::Model,
    point::Point,
    quantiles::{NORMAL_95, student_95},
};

/// The standard errors of scaled unknowns, except those at bounds, and the correlation of their errors.
#[derive(Debug, Clone, Default)]
pub struct LinearErrors {
    /// The standard error of each unknown; `None` at a bound.
    pub errors: Vec<Option<f64>>,
    /// The correlations.
    pub correlation: Vec<Vec<Option<f64>>>,
}

impl LinearErrors {
    /// The errors from s² (JᵀJ)⁻¹.
    #[must_use]
    pub fn of(model: &Model, best: &Minimum) -> Self {
        let free = free(model, best);
        Self::among(&free, model, &best.point, &best.jacobian)
    }

    /// The errors of the unknowns `free`, with all other unknowns regarded as known.
    pub fn among(free: &[usize], model: &Model, point: &Point, jacobian: &Matrix) -> Self {
        let count = model.unknowns.len();
        let columns = jacobian.of_columns(free);
        let inverse = Triangle::of(&columns, &vec![0.0; columns.rows()]).inverse_square();
        let variance = model.variance(point.square);
        let mut errors = vec![None; count];
        let mut correlation = vec![vec![None; count]; count];
        for (row, &number) in free.iter().enumerate() {
            errors[number] = Some((variance * inverse[row][row]).sqrt());
            for (column, &other) in free.iter().enumerate() {
                let squares = inverse[row][row] * inverse[column][column];
                correlation[number][other] = Some(inverse[row][column] / squares.sqrt());
            }
        }
        Self {
            errors,
            correlation,
        }
    }
}

/// The standard error of each scaled unknown, of one at a bound as if there were none.
pub fn errors_without_bounds(model: &Model, best: &Minimum) -> Vec<f64> {
    let free = free(model, best);
    let numbers = 0..model.unknowns.len();
    let errors = numbers.map(|number| {
        let mut numbers = free.clone();
        if !numbers.contains(&number) {
            numbers.push(number);
        }
        let linear = LinearErrors::among(&numbers, model, &best.point, &best.jacobian);
        linear.errors[number].unwrap_or(f64::NAN)
    });
    errors.collect()
}

/// The half width of 95 % intervals in standard errors.
pub fn half_width(model: &Model) -> f64 {
    if model.has_sigma() {
        NORMAL_95
    } else {
        student_95(model.degrees_of_freedom())
    }
}

/// The unknowns whose best-fit value is no bound.
pub fn free(model: &Model, best: &Minimum) -> Vec<usize> {
    let numbers = 0..model.unknowns.len();
    numbers
        .filter(|&number| !is_at_bound(model, best, number))
        .collect()
}

/// Whether the best-fit value of an unknown is a bound.
pub fn is_at_bound(model: &Model, best: &Minimum, number: usize) -> bool {
    let [low, high] = model.unknowns[number].scaled_bounds();
    !(low < best.point.at[number] && best.point.at[number] < high)
}
