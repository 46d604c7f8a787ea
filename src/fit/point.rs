//! [`Point`]: values of the unknowns, and the residuals of the model there.

/// Values of the unknowns, and the residuals of the model there.
#[derive(Debug, Clone, Default)]
pub struct Point {
    /// The scaled unknowns.
    pub at: Vec<f64>,
    /// The weighted residuals of all measured values, followed by the weighted residuals of the priors.
    pub residuals: Vec<f64>,
    /// The sum of their squares.
    pub square: f64,
}

impl Point {
    /// A point with these residuals.
    #[must_use]
    pub fn new(at: Vec<f64>, residuals: Vec<f64>) -> Self {
        let square = residuals.iter().map(|value| value * value).sum();
        Self {
            at,
            residuals,
            square,
        }
    }
}
