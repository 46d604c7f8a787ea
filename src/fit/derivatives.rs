//! The derivatives of the residuals of a [`Model`], by differences of runs.

use super::{error::FitError, matrix::Matrix, model::Model, point::Point};

/// The order of differences for numerical derivatives: the number of runs for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceOrder {
    /// One run, for steps that are far from the end.
    First,
    /// Two runs.
    Second,
}

impl Model {
    /// The derivatives of the residuals; 0 for unknowns that are not free.
    ///
    /// A difference is a share of the unknown's size, which says nothing of an unknown near 0, or of one that hardly
    /// changes the values or changes them by far. There the difference is such that it changes the values by at least a
    /// thousandth of that share, and at most by that share. Bounds and units do not matter.
    ///
    /// # Errors
    /// [`FitError`] if the model cannot be computed.
    pub fn jacobian(
        &self,
        point: &Point,
        is_free: &[bool],
        order: DifferenceOrder,
    ) -> Result<Matrix, FitError> {
        /// The smallest share of the values' size by which an unknown may change them when it changes by its own size.
        const LEAST_EFFECT: f64 = 1e-3;
        /// The factor by which a size may be wrong, and the largest number of sizes that are tried.
        const WRONG: f64 = 3.0;
        const MOST_SIZES: usize = 5;
        let computed = Matrix::new(vec![self.weighted_values(point), point.residuals.clone()]);
        let norm_of_values = computed.norms().into_iter().fold(0.0, f64::max);
        let mut columns = vec![vec![0.0; point.residuals.len()]; is_free.len()];
        let mut tasks: Vec<(usize, f64)> = (0..is_free.len())
            .filter(|&number| is_free[number])
            .map(|number| (number, self.unknowns[number].size(point.at[number])))
            .collect();
        for _ in 0..MOST_SIZES {
            let found = self.differences(point, &tasks, order)?;
            let mut wrong_tasks = Vec::new();
            for (&(number, size), column) in tasks.iter().zip(found) {
                let norm = Matrix::new(vec![column.clone()]).norms()[0];
                columns[number] = column;
                let [low, high] = self.unknowns[number].scaled_bounds();
                let largest = (norm_of_values / norm).min(high - low);
                if !(largest > 0.0 && largest.is_finite()) {
                    continue;
                }
                let natural = self.unknowns[number].size(point.at[number]);
                let better = natural.clamp(LEAST_EFFECT * largest, largest);
                if better > WRONG * size || size > WRONG * better {
                    wrong_tasks.push((number, better));
                }
            }
            if wrong_tasks.is_empty() {
                break;
            }
            tasks = wrong_tasks;
        }
        Ok(Matrix::new(columns))
    }

    /// The derivatives of the residuals with respect to some unknowns, each with the size of which the difference is a share.
    fn differences(
        &self,
        point: &Point,
        tasks: &[(usize, f64)],
        order: DifferenceOrder,
    ) -> Result<Vec<Vec<f64>>, FitError> {
        // Beside a bound both points are on its other side.
        let sides = tasks.iter().map(|&(number, size)| {
            let [low, high] = self.unknowns[number].scaled_bounds();
            let step = self.step * size;
            let both = match (
                point.at[number] - step < low,
                point.at[number] + step > high,
            ) {
                (true, _) => [1.0, 2.0],
                (_, true) => [-1.0, -2.0],
                _ => [1.0, -1.0],
            };
            match order {
                DifferenceOrder::First => vec![both[0]],
                DifferenceOrder::Second => both.to_vec(),
            }
        });
        let sides: Vec<Vec<f64>> = sides.collect();
        let places = tasks
            .iter()
            .zip(&sides)
            .flat_map(|(&(number, size), sides)| {
                sides.iter().map(move |side| {
                    let mut place = point.at.clone();
                    place[number] += side * self.step * size;
                    place
                })
            });
        let places: Vec<Vec<f64>> = places.collect();
        let residuals = self.each(&places)?;
        let mut runs = residuals.iter();
        let mut columns = Vec::new();
        for (&(_, size), sides) in tasks.iter().zip(&sides) {
            let step = self.step * size;
            let runs: Vec<&Vec<f64>> = runs.by_ref().take(sides.len()).collect();
            let rows = point.residuals.iter().enumerate();
            let column = rows.map(|(row, here)| match (&sides[..], &runs[..]) {
                ([1.0, -1.0], [near, far]) => (near[row] - far[row]) / (2.0 * step),
                ([side, _], [near, far]) => {
                    (4.0 * near[row] - far[row] - 3.0 * here) / (2.0 * side * step)
                }
                ([side], [near]) => (near[row] - here) / (side * step),
                _ => f64::NAN,
            });
            columns.push(column.collect());
        }
        Ok(columns)
    }
}
