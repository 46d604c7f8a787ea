//! [`Drift`]: a trend of the residuals of a column over time, as of a sensor that drifts.

use super::{data::Series, influence::Influence, matrix::Matrix};
use std::ops::Range;

/// The trend of the residuals of a column.
pub struct Drift {
    /// The change of the column's errors from its first value to its last, in standard deviations of a value, and the change
    /// that chance gives.
    size: f64,
    chance: f64,
    /// How far the trend moves each unknown that is free.
    pub moved: Vec<f64>,
}

impl Drift {
    /// The trend of the residuals of a column, which stand in some rows of all residuals, if it is more than chance. The
    /// unknowns follow a part of each trend, and what they leave tells how large it is.
    pub fn of(
        series: &Series,
        rows: Range<usize>,
        residuals: &[f64],
        variance: f64,
        (influence, jacobian): (&Influence, &Matrix),
    ) -> Option<Self> {
        /// The fewest values of a trend.
        const FEWEST: usize = 6;
        /// How many of their deviations trends of independent errors are below, in 994 of 1,000 columns.
        const CHANCE: f64 = 2.75;
        /// The part of a trend that the unknowns must leave, so that something is told of it.
        const LEFT: f64 = 0.02;
        let times: Vec<f64> = series.times().copied().collect();
        let length = times.last()? - times.first()?;
        if rows.len() < FEWEST || length.is_nan() || length <= 0.0 {
            return None;
        }
        let middle = times.iter().sum::<f64>() / times.len() as f64;
        let trend: Vec<f64> = times.iter().map(|time| (time - middle) / length).collect();
        let mut moved = vec![0.0; jacobian.columns().len()];
        for (part, row) in trend.iter().zip(rows.clone()) {
            for (moved, influence) in moved.iter_mut().zip(&influence.on_unknowns[row]) {
                *moved += part * influence;
            }
        }
        let square: f64 = trend.iter().map(|part| part * part).sum();
        let followed = trend.iter().zip(rows).map(|(part, row)| {
            let slopes = jacobian.columns().iter().map(|column| column[row]);
            let follows: f64 = slopes.zip(&moved).map(|(slope, moved)| slope * moved).sum();
            part * follows
        });
        let remainder = square - followed.sum::<f64>();
        if remainder.is_nan() || remainder <= LEFT * square {
            return None;
        }
        let product = trend.iter().zip(residuals);
        let size = product.map(|(part, residual)| part * residual).sum::<f64>() / remainder;
        let chance = (variance / remainder).sqrt();
        (size.abs() > CHANCE * chance).then(|| Self {
            size: size / variance.sqrt(),
            chance: chance / variance.sqrt(),
            moved: moved.iter().map(|moved| size * moved).collect(),
        })
    }

    /// A sentence on the trend.
    pub fn reason(&self, name: &str) -> String {
        format!(
            "residuals of {name} have a trend: from its first value to its last they change by {:.1} standard deviations of a value, where chance gives {:.1}; the sensor may drift, or the model be wrong, and intervals reach as much further as that moves the unknowns",
            self.size.abs(),
            self.chance
        )
    }
}
