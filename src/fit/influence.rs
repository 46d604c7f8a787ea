//! [`Influence`]: what each residual of a fit moves.

use super::matrix::{Matrix, Triangle};

/// The influence of each residual on the estimates of a linear model.
pub struct Influence {
    /// For each residual the changes of the unknowns when it changes by 1, up to their sign.
    pub on_unknowns: Vec<Vec<f64>>,
    /// For each residual the part of it that the unknowns follow. The sum over all residuals is the number of unknowns.
    pub leverages: Vec<f64>,
}

impl Influence {
    /// The influence of `rows` residuals with these derivatives.
    pub fn of(jacobian: &Matrix, rows: usize) -> Self {
        let inverse = Triangle::of(jacobian, &vec![0.0; rows]).inverse_square();
        let mut influence = Self {
            on_unknowns: Vec::with_capacity(rows),
            leverages: Vec::with_capacity(rows),
        };
        for row in 0..rows {
            let slopes: Vec<f64> = jacobian
                .columns()
                .iter()
                .map(|column| column[row])
                .collect();
            let changes: Vec<f64> = inverse.iter().map(|line| product(line, &slopes)).collect();
            influence.leverages.push(product(&changes, &slopes));
            influence.on_unknowns.push(changes);
        }
        influence
    }
}

fn product(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}
