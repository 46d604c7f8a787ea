//! [`untold`]: unknowns that the data cannot determine.

use super::{
    matrix::{Matrix, Triangle},
    model::Model,
    point::Point,
    unknowns::Unknown,
};

/// An unknown has no effect if a change by its own size has one below these fractions of the computed values, or of the largest
/// effect.
const NOTHING: [f64; 2] = [1e-10, 1e-9];
/// The fraction of the largest singular value below which a direction has no effect.
const SINGULAR: f64 = 1e-7;
/// The fraction of the largest component of a direction below which a component counts as 0.
const PART: f64 = 0.02;

/// Unknowns that the data cannot determine.
#[derive(Debug)]
pub enum Untold {
    /// The number of an unknown that changes no computed value.
    Unfelt(usize),
    /// The numbers of the unknowns, of which there are more than of values.
    TooMany { values: usize, unknowns: Vec<usize> },
    /// Unknowns whose joint change, in these proportions of the scaled unknowns, changes no computed value.
    Together(Vec<(usize, f64)>),
}

/// What the data cannot determine at a point; empty if they determine all unknowns.
#[must_use]
pub fn untold(model: &Model, point: &Point, jacobian: &Matrix) -> Vec<Untold> {
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
    let mut findings: Vec<Untold> = unfelt.into_iter().map(Untold::Unfelt).collect();
    let felt_norms: Vec<f64> = felt.iter().map(|&number| norms[number]).collect();
    let scaled = jacobian.of_columns(&felt).divided_by(&felt_norms);
    if scaled.rows() < felt.len() {
        findings.push(Untold::TooMany {
            values: scaled.rows(),
            unknowns: felt,
        });
        return findings;
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
        findings.push(Untold::Together(parts.collect()));
    }
    findings
}

impl Untold {
    /// The sentence on what the data cannot determine at a point.
    #[must_use]
    pub fn sentence(&self, model: &Model, point: &Point) -> String {
        match self {
            Self::Unfelt(number) => format!(
                "the data say nothing of {}: no computed value changes with it at the times and places of the data",
                model.unknowns[*number].name
            ),
            Self::TooMany { values, unknowns } => format!(
                "{values} value{} cannot tell {} unknowns, {}",
                if *values == 1 { "" } else { "s" },
                unknowns.len(),
                names(model, unknowns).join(", ")
            ),
            Self::Together(parts) => {
                let numbers: Vec<usize> = parts.iter().map(|(number, _)| *number).collect();
                format!(
                    "the data cannot tell {} apart: what they tell is {}; give one of them as a number, or a prior",
                    names(model, &numbers).join(" and "),
                    combination(model, point, parts)
                )
            }
        }
    }
}

/// The names of unknowns.
fn names<'m>(model: &'m Model, numbers: &[usize]) -> Vec<&'m str> {
    let names = numbers
        .iter()
        .map(|&number| model.unknowns[number].name.as_str());
    names.collect()
}

/// How changes of unknowns compensate each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compensation {
    /// Unknowns change by factors, so that the data tell products and ratios.
    Factors,
    /// Unknowns change by amounts, so that the data tell sums and differences.
    Amounts,
}

/// Unknowns whose joint change has no effect at a point.
struct Flat<'f> {
    model: &'f Model,
    point: &'f Point,
    parts: &'f [(usize, f64)],
}

impl Flat<'_> {
    /// Each unknown with its value and the change of its value.
    fn unknowns(&self) -> impl Iterator<Item = (&Unknown, f64, f64)> {
        self.parts.iter().map(|&(number, part)| {
            let unknown = &self.model.unknowns[number];
            let value = unknown.value(self.point.at[number]);
            (unknown, value, part * unknown.slope(value))
        })
    }

    /// The changes of the unknowns, as factors' logarithms or as amounts.
    fn changes(&self, compensation: Compensation) -> Vec<f64> {
        let changes = self
            .unknowns()
            .map(|(_, value, change)| match compensation {
                Compensation::Factors => change / value,
                Compensation::Amounts => change,
            });
        changes.collect()
    }

    /// The scaled unknowns a distance away, or `None` beyond the bounds.
    fn place(&self, compensation: Compensation, distance: f64) -> Option<Vec<f64>> {
        let mut place = self.point.at.clone();
        let changes = self.changes(compensation);
        let unknowns = self.unknowns().zip(changes).zip(self.parts);
        for (((unknown, value, _), change), (number, _)) in unknowns {
            let moved = match compensation {
                Compensation::Factors => value * libm::exp(distance * change),
                Compensation::Amounts => value + distance * change,
            };
            let [low, high] = unknown.bounds;
            if !(low..=high).contains(&moved) {
                return None;
            }
            place[*number] = unknown.scaled(moved);
        }
        Some(place)
    }

    /// Whether the computed values stay the same far from the point, too, if the changes compensate each other in this way.
    /// What cannot be computed there does not stay.
    fn holds(&self, compensation: Compensation) -> bool {
        /// The largest relative change of an unknown that is tried first, and how often it is halved to stay within the bounds.
        const FAR: f64 = 0.3;
        const HALVINGS: i32 = 6;
        /// The share of the effect of one unknown alone below which the joint effect is none.
        const SAME: f64 = 1e-5;
        let sizes = self.parts.iter().map(|&(number, part)| {
            part.abs() / self.model.unknowns[number].least_size(self.point.at[number])
        });
        let reach = FAR / sizes.fold(0.0, f64::max);
        let distances = (0..=HALVINGS).map(|halvings| reach * 0.5_f64.powi(halvings));
        let mut places = distances
            .flat_map(|distance| [distance, -distance])
            .filter_map(|distance| self.place(compensation, distance));
        let Some(place_together) = places.next() else {
            return false;
        };
        let number = self.parts[0].0;
        let mut place_alone = self.point.at.clone();
        place_alone[number] = place_together[number];
        let effects = [place_together, place_alone].map(|place| {
            let moved = self.model.point(place).ok()?;
            let pairs = moved.residuals.iter().zip(&self.point.residuals);
            let changes = pairs.map(|(moved, residual)| (moved - residual).abs());
            Some(changes.fold(0.0, f64::max))
        });
        matches!(effects, [Some(together), Some(alone)] if together <= SAME * alone)
    }
}

/// What the data tell of unknowns whose joint change, in these proportions of the scaled unknowns, changes no computed value.
fn combination(model: &Model, point: &Point, parts: &[(usize, f64)]) -> String {
    let flat = Flat {
        model,
        point,
        parts,
    };
    let holding = [Compensation::Factors, Compensation::Amounts]
        .into_iter()
        .find(|&compensation| flat.holds(compensation));
    let are_logarithmic = flat
        .unknowns()
        .all(|(unknown, _, _)| unknown.is_logarithmic);
    let compensation = holding.unwrap_or(match are_logarithmic {
        true => Compensation::Factors,
        false => Compensation::Amounts,
    });
    let numbers: Vec<usize> = parts.iter().map(|(number, _)| *number).collect();
    let names = names(model, &numbers);
    let changes = flat.changes(compensation);
    let ratios: Vec<f64> = changes.iter().map(|change| change / changes[0]).collect();
    let have_equal_parts = ratios.iter().all(|&ratio| is_near(ratio, 1.0));
    let combination = match (&names[..], &ratios[..], compensation) {
        ([a, b], [_, ratio], Compensation::Factors) if is_near(*ratio, 1.0) => {
            format!("their ratio {a}/{b}")
        }
        ([a, b], [_, ratio], Compensation::Factors) if is_near(*ratio, -1.0) => {
            format!("their product {a}*{b}")
        }
        ([a, b], [_, ratio], Compensation::Factors) => format!("{b}/{a}**{ratio:.3}"),
        ([a, b], [_, ratio], Compensation::Amounts) if is_near(*ratio, 1.0) => {
            format!("their difference {a} - {b}")
        }
        ([a, b], [_, ratio], Compensation::Amounts) if is_near(*ratio, -1.0) => {
            format!("their sum {a} + {b}")
        }
        ([a, b], [_, ratio], Compensation::Amounts) => format!("{b} - {ratio:.4}*{a}"),
        (_, _, Compensation::Factors) if have_equal_parts => {
            format!("the ratios of {}", names.join(", "))
        }
        _ => return format!("{} combinations of them", names.len() - 1),
    };
    match holding {
        Some(_) => combination,
        None => format!("{combination}, near the values from which the fit starts"),
    }
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
