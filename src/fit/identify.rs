//! [`untold`]: sentences on unknowns that the data cannot determine.

use super::{
    matrix::{Matrix, Triangle},
    model::Model,
    point::Point,
};

/// An unknown has no effect if a change by its own size has one below these fractions of the computed values, or of the largest
/// effect.
const NOTHING: [f64; 2] = [1e-10, 1e-9];
/// The fraction of the largest singular value below which a direction has no effect.
const SINGULAR: f64 = 1e-7;
/// The fraction of the largest component of a direction below which a component counts as 0.
const PART: f64 = 0.02;

/// The unknowns that the data cannot determine at a point, one sentence for each combination; empty if they determine
/// all of them.
#[must_use]
pub fn untold(model: &Model, point: &Point, jacobian: &Matrix) -> Vec<String> {
    let norms = jacobian.norms();
    let effects = norms
        .iter()
        .enumerate()
        .map(|(number, norm)| norm * model.unknowns[number].least_size(point.at[number]));
    let effects: Vec<f64> = effects.collect();
    let largest_effect = effects.iter().copied().fold(0.0, f64::max);
    let norm_of_values = Matrix::new(vec![model.weighted_values(point)]).norms()[0];
    let threshold = (NOTHING[0] * norm_of_values).max(NOTHING[1] * largest_effect);
    let (felt, unfelt): (Vec<usize>, Vec<usize>) =
        (0..norms.len()).partition(|&number| effects[number] > threshold);
    let mut sentences: Vec<String> = unfelt
        .iter()
        .map(|&number| {
            let name = &model.unknowns[number].name;
            format!(
                "the data say nothing of {name}: no computed value changes with it at the times and places of the data"
            )
        })
        .collect();
    let felt_norms: Vec<f64> = felt.iter().map(|&number| norms[number]).collect();
    let scaled = jacobian.of_columns(&felt).divided_by(&felt_norms);
    if scaled.rows() < felt.len() {
        let [rows, unknowns] = [scaled.rows(), felt.len()];
        sentences.push(format!(
            "{rows} values cannot tell {unknowns} unknowns, {}",
            names(model, &felt).join(", ")
        ));
        return sentences;
    }
    let singular = Triangle::of(&scaled, &vec![0.0; scaled.rows()]).singular();
    let largest_value = singular.first().map_or(0.0, |(value, _)| *value);
    let flat = singular
        .into_iter()
        .filter(|(value, _)| *value < SINGULAR * largest_value);
    let directions: Vec<Vec<f64>> = flat.map(|(_, direction)| direction).collect();
    for direction in sparse_basis(directions) {
        // Columns were scaled by their norms, so that a direction of unknowns is divided by these.
        let parts = direction.iter().zip(&felt_norms).zip(&felt);
        let parts = parts.map(|((part, norm), &number)| (number, part / norm));
        let parts: Vec<(usize, f64)> = parts.collect();
        let largest_part = parts
            .iter()
            .fold(0.0_f64, |most, (_, part)| most.max(part.abs()));
        let parts = parts
            .into_iter()
            .filter(|(_, part)| part.abs() > PART * largest_part);
        sentences.push(flat_direction(model, &parts.collect::<Vec<_>>()));
    }
    sentences
}

/// The names of unknowns.
fn names<'m>(model: &'m Model, numbers: &[usize]) -> Vec<&'m str> {
    let names = numbers
        .iter()
        .map(|&number| model.unknowns[number].name.as_str());
    names.collect()
}

/// A sentence on unknowns whose joint change, in these proportions, changes no computed value.
fn flat_direction(model: &Model, parts: &[(usize, f64)]) -> String {
    let numbers: Vec<usize> = parts.iter().map(|(number, _)| *number).collect();
    let names = names(model, &numbers);
    let are_logarithmic = numbers
        .iter()
        .all(|&number| model.unknowns[number].is_logarithmic);
    let changes = parts.iter().map(|&(number, part)| {
        let unknown = &model.unknowns[number];
        if are_logarithmic {
            part
        } else {
            part * unknown.slope(unknown.start)
        }
    });
    let changes: Vec<f64> = changes.collect();
    let ratios: Vec<f64> = changes.iter().map(|change| change / changes[0]).collect();
    let have_equal_parts = ratios.iter().all(|&ratio| is_near(ratio, 1.0));
    let combination = match (&names[..], &ratios[..], are_logarithmic) {
        ([a, b], [_, ratio], true) if is_near(*ratio, 1.0) => format!("their ratio {a}/{b}"),
        ([a, b], [_, ratio], true) if is_near(*ratio, -1.0) => format!("their product {a}*{b}"),
        ([a, b], [_, ratio], true) => format!("{b}/{a}**{ratio:.3}"),
        ([a, b], [_, ratio], false) if is_near(*ratio, 1.0) => {
            format!("their difference {a} - {b}")
        }
        ([a, b], [_, ratio], false) if is_near(*ratio, -1.0) => format!("their sum {a} + {b}"),
        ([a, b], [_, ratio], false) => format!("{b} - {ratio:.4}*{a}"),
        (_, _, true) if have_equal_parts => format!("the ratios of {}", names.join(", ")),
        _ => format!("{} combinations of them", names.len() - 1),
    };
    format!(
        "the data cannot tell {} apart: what they tell is {combination}; give one of them as a number, or a prior",
        names.join(" and ")
    )
}

/// Whether a ratio equals a number up to the error of finite differences.
fn is_near(ratio: f64, number: f64) -> bool {
    (ratio - number).abs() < 0.01
}

/// A basis of the same space with as many zeros as elimination produces, in which each direction has its largest
/// component alone.
fn sparse_basis(mut directions: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    for number in 0..directions.len() {
        let direction = directions[number].clone();
        let places = 0..direction.len();
        let largest = places.max_by(|&p, &q| direction[p].abs().total_cmp(&direction[q].abs()));
        let Some(pivot) = largest else { continue };
        for (place, values) in directions.iter_mut().enumerate() {
            if place != number {
                let factor = values[pivot] / direction[pivot];
                let pairs = values.iter_mut().zip(&direction);
                pairs.for_each(|(value, part)| *value -= factor * part);
            }
        }
    }
    directions
}
