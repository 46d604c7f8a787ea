//! [`Weights`]: the weights of the elements of a window.

use super::pitches;
use crate::AnalysisError;

/// The weights of the elements of a window, in C order.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// The length of the window along every axis.
    shape: Vec<usize>,
    pub(super) form: WeightForm,
}

/// The form of the weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum WeightForm {
    /// Products of one factor for every axis.
    Separable(Vec<Vec<f64>>),
    /// One weight for every element.
    Full(Vec<f64>),
}

impl Weights {
    /// The weights of a normal distribution with a standard deviation for every axis, in elements; 0 does not smooth an
    /// axis. Their sum is 1, and they end at four standard deviations.
    ///
    /// Source: `scipy.ndimage.gaussian_filter`, `truncate=4.0`.
    ///
    /// # Errors
    /// [`AnalysisError`] for a standard deviation that is negative or too large.
    pub fn gaussian(sigmas: &[f64]) -> Result<Self, AnalysisError> {
        let factors: Vec<Vec<f64>> = sigmas
            .iter()
            .map(|&sigma| gaussian_factor(sigma))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            shape: factors.iter().map(Vec::len).collect(),
            form: WeightForm::Separable(factors),
        })
    }

    /// A weight for each element of a window of this shape. If the weights are products of one factor for each axis,
    /// the axes are reduced one after the other.
    ///
    /// # Errors
    /// [`AnalysisError`] if there are no weights, if their number does not fit the shape, and for infinities
    /// or NaN.
    pub fn new(shape: Vec<usize>, weights: Vec<f64>) -> Result<Self, AnalysisError> {
        if weights.is_empty() || shape.iter().product::<usize>() != weights.len() {
            return Err(AnalysisError::refused(format!(
                "{} weights for a window of shape {shape:?}: each element needs one",
                weights.len()
            )));
        }
        if let Some(number) = weights.iter().position(|weight| !weight.is_finite()) {
            return Err(AnalysisError::refused(format!(
                "the weight number {number} is {:?}: weights must be finite",
                weights[number]
            )));
        }
        let form = match factors(&shape, &weights) {
            Some(factors) => WeightForm::Separable(factors),
            None => WeightForm::Full(weights),
        };
        Ok(Self { shape, form })
    }

    /// The length of the window along every axis.
    #[must_use]
    pub fn window(&self) -> Vec<u64> {
        self.shape.iter().map(|&length| length as u64).collect()
    }

    /// The weights with the axes in reverse order.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let shape: Vec<usize> = self.shape.iter().copied().rev().collect();
        let form = match &self.form {
            WeightForm::Separable(factors) => {
                WeightForm::Separable(factors.iter().cloned().rev().collect())
            }
            WeightForm::Full(weights) => {
                let mut pitch = pitches(&self.shape);
                pitch.reverse();
                let mut reversed = Vec::with_capacity(weights.len());
                super::for_each_index(&shape, [&pitch, &pitch], |place, _| {
                    reversed.push(weights[place]);
                });
                WeightForm::Full(reversed)
            }
        };
        Self { shape, form }
    }
}

/// The weights of a normal distribution along one axis.
fn gaussian_factor(sigma: f64) -> Result<Vec<f64>, AnalysisError> {
    const LARGEST: f64 = 1e8;
    if !(0.0..=LARGEST).contains(&sigma) {
        return Err(AnalysisError::refused(format!(
            "a standard deviation of {sigma:?} elements: it must be at least 0 and at most {LARGEST:?}"
        )));
    }
    if sigma <= 1e-15 {
        return Ok(vec![1.0]);
    }
    let radius = (4.0 * sigma + 0.5) as i64;
    let weights: Vec<f64> = (-radius..=radius)
        .map(|x| (-0.5 / (sigma * sigma) * (x * x) as f64).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    Ok(weights.into_iter().map(|weight| weight / sum).collect())
}

/// Factors for every axis whose products are the weights up to rounding; `None` if the weights are no such products.
fn factors(shape: &[usize], weights: &[f64]) -> Option<Vec<Vec<f64>>> {
    let pivot =
        (0..weights.len()).max_by(|&a, &b| weights[a].abs().total_cmp(&weights[b].abs()))?;
    let largest = weights[pivot];
    if largest == 0.0 {
        return Some(shape.iter().map(|&length| vec![0.0; length]).collect());
    }
    let pitch = pitches(shape);
    let factors: Vec<Vec<f64>> = (0..shape.len())
        .map(|axis| {
            let corner = pivot - pivot / pitch[axis] % shape[axis] * pitch[axis];
            // The first factor has the size of the weights.
            let divisor = if axis == 0 { 1.0 } else { largest };
            (0..shape[axis])
                .map(|index| weights[corner + index * pitch[axis]] / divisor)
                .collect()
        })
        .collect();
    let slack = 4.0 * (shape.len() as f64) * f64::EPSILON;
    let are_products = (0..weights.len()).all(|place| {
        let product: f64 = (0..shape.len())
            .map(|axis| factors[axis][place / pitch[axis] % shape[axis]])
            .product();
        (product - weights[place]).abs() <= slack * weights[place].abs()
    });
    are_products.then_some(factors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(shape: &[usize], weights: &[f64]) -> WeightForm {
        Weights::new(shape.to_vec(), weights.to_vec()).unwrap().form
    }

    #[test]
    fn products_are_found_and_others_are_left_as_they_are() {
        let product = form(&[2, 3], &[2.0, -4.0, 6.0, 1.0, -2.0, 3.0]);
        assert!(matches!(&product, WeightForm::Separable(factors) if factors.len() == 2));
        assert!(matches!(
            form(&[2, 2], &[1.0, 0.0, 0.0, 1.0]),
            WeightForm::Full(_)
        ));
        assert!(matches!(
            form(&[2, 2], &[1.0, 2.0, 3.0, 4.0]),
            WeightForm::Full(_)
        ));
        assert!(matches!(
            form(&[5], &[1.0, 2.0, 0.0, 4.0, 7.0]),
            WeightForm::Separable(_)
        ));
        assert!(matches!(form(&[2, 2], &[0.0; 4]), WeightForm::Separable(_)));
        assert!(Weights::new(vec![2], vec![1.0, f64::NAN]).is_err());
    }

    #[test]
    fn a_gaussian_is_that_of_scipy() {
        let WeightForm::Separable(factors) = Weights::gaussian(&[1.0, 0.0]).unwrap().form else {
            unreachable!()
        };
        assert_eq!(factors[1], [1.0]);
        assert_eq!(factors[0].len(), 9);
        assert!((factors[0][4] - 0.398_943_469_356_097_76).abs() < 1e-15);
    }
}
