//! Decides whether coefficients jump between nodes.

use super::CheckError;
use crate::{params::Quantity, problem::Problem};
use diff2d_stencil::{Coefficient, Operator, Weight};
use ndarray::{Array2, ArrayView2, s};

/// Whether neighbours differ as much on the fine grid as on the middle one. Smooth coefficients differ by half as much.
pub(super) fn has_jumps(problems: &[Problem; 3]) -> Result<bool, CheckError> {
    let middle = steepest(&problems[1])?;
    let fine = steepest(&problems[2])?;
    Ok(fine > 0.05 && fine > 0.75 * middle)
}

/// The largest |ln| of the ratio of the diffusion coefficients of two neighbouring faces, or of the capacities or
/// decays of two neighbouring nodes.
fn steepest(problem: &Problem) -> Result<f64, CheckError> {
    let (ny, _) = problem.grid.shape();
    let columns = &problem.grid.x;
    // Around an axis of rotation coefficients contain the radius, which is no property of a material.
    let equation = problem.dynamics::<f64>(0..ny)?.equation;
    let mut arrays = Vec::new();
    if let Operator::Variable { x, y } = equation.operator {
        // Beyond the walls there is no material; beside masked nodes the faces there are no number either.
        let (along_x, along_y) = (x.ncols() - 1, y.nrows() - 1);
        arrays.extend([
            divided(x.slice_move(s![.., 1..along_x]), |i| {
                columns.radius_of_face(i + 1)
            }),
            divided(y.slice_move(s![1..along_y, ..]), |i| columns.radius(i)),
        ]);
    }
    let term = equation
        .terms
        .into_iter()
        .find(|term| term.weight == Weight::Density);
    if let Some(Coefficient::Array(decay)) = term.map(|term| term.coefficient) {
        let mut decay = divided(decay, |i| columns.radius(i));
        // Nothing decays at nodes that keep their value.
        if let Some(values) = decay.as_slice_mut() {
            problem.geometry().fill_kept(0, values, f64::NAN);
        }
        // The decay may be 0 beside any other number, which is no jump of its ratio.
        let largest_decay = decay.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        arrays.push(decay.mapv(|decay| 1.0 + decay / largest_decay));
    }
    if problem.slots().uniform(Quantity::Capacity).is_none() {
        let capacity = Array2::from_shape_vec(problem.grid.shape(), problem.slots().capacities()?);
        arrays.extend(capacity.map(|capacity| divided(capacity, |i| columns.radius(i))));
    }
    let has_mask = problem.masked().is_some();
    let views = arrays.iter().flat_map(|array| [array.view(), array.t()]);
    Ok(views
        .map(|values| steepest_along_columns(&values, has_mask))
        .fold(0.0, f64::max))
}

/// Values, each divided by a number of its column.
fn divided(mut values: Array2<f64>, divisor: impl Fn(usize) -> f64) -> Array2<f64> {
    for ((_, i), value) in values.indexed_iter_mut() {
        *value /= divisor(i);
    }
    values
}

/// The largest |ln| of the ratio of two neighbours in a column.
fn steepest_along_columns(values: &ArrayView2<'_, f64>, has_mask: bool) -> f64 {
    let rows = values.rows().into_iter();
    let pairs = rows.zip(values.rows().into_iter().skip(1));
    pairs.fold(0.0, |largest: f64, (row, next_row)| {
        let neighbours = row.iter().zip(next_row);
        neighbours.fold(largest, |largest, (&a, &b)| {
            largest.max(log_ratio(a, b, has_mask))
        })
    })
}

/// |ln(a/b)|; 0 beside masked nodes.
fn log_ratio(a: f64, b: f64, has_mask: bool) -> f64 {
    match (a == b, a * b == 0.0) {
        (true, _) => 0.0,
        _ if a.is_nan() || b.is_nan() => 0.0,
        // Nothing passes the faces of masked nodes, whatever D is.
        (_, true) if has_mask => 0.0,
        (_, true) => f64::INFINITY,
        _ => (a / b).ln().abs(),
    }
}
