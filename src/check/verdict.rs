//! A sentence on how far to trust a result.

use super::{
    balance::Balance,
    estimate::Estimate,
    study::{FIELD, INSIDE, Study},
};

/// The range of observed orders that confirm second order.
const SECOND: std::ops::RangeInclusive<f64> = 1.7..=2.5;
/// The fraction of the mass above which an imbalance is not a rounding error.
const UNBALANCED: f64 = 1e-8;
/// The fraction of the mass that fits into the domain below which a mass counts as 0.
const NEGLIGIBLE: f64 = 1e-12;

impl Study {
    /// A sentence on how far to trust the numbers on the user's own grid.
    #[must_use]
    pub fn verdict(&self) -> String {
        let estimates = self.estimates();
        let refinement = f64::from(self.refinement);
        let accuracies: Vec<String> = estimates
            .iter()
            .map(|(name, estimate)| {
                let accuracy =
                    to_within(estimate.error_at(refinement), self.size_of(name, estimate));
                match name.as_str() {
                    FIELD => format!("p at {} nodes to {accuracy} (root mean square)", self.nodes),
                    "maximum" if self.is_maximum_given && estimate.is_exact => {
                        "maximum as a wall or a held node gives it".to_owned()
                    }
                    _ => format!("{name} to {accuracy}"),
                }
            })
            .collect();
        let mut trust = format!("trust {}", accuracies.join(", "));
        if let Some(rounding) = self.rounding {
            trust += &format!("; single precision adds {} of p", share(rounding, self.rms));
            if self.range > 0.0 {
                let share_of_range = share(rounding, self.range);
                trust +=
                    &format!(", {share_of_range} of the range of the initial state and its walls");
            }
        }
        if self.reads_arrays {
            trust += "; the problem reads arrays, whose values between the nodes are not known, so what all three grids miss alike, as of edges and jumps, is not in these numbers";
        }
        let is_unbalanced =
            |[balance, _]: &[Balance; 2]| balance.unexplained().abs() > UNBALANCED * self.flow();
        if self.balance.as_ref().is_some_and(is_unbalanced) {
            return "The mass changes by more than walls, source and decay explain: do not trust this answer, and report it.".to_owned();
        }
        if estimates.iter().all(|(_, estimate)| estimate.is_exact) {
            let nodes = self.nodes;
            let single_precision_note = match self.rounding {
                Some(_) => format!(" In single precision, {trust}."),
                None => String::new(),
            };
            return format!(
                "The three grids agree to rounding in mass, maximum and p at the {nodes} nodes that all have, so the spacing adds no error that can be seen there; what lies between the nodes of all three was not looked at.{single_precision_note}"
            );
        }
        // Of a value that is given, what lies between the nodes alone is in question, and the node next to it moves with the spacing.
        let is_as_expected = estimates.iter().all(|(name, estimate)| {
            let is_second = estimate.order.is_some_and(|order| SECOND.contains(&order));
            let is_given = (name == "maximum" && self.is_maximum_given) || name == INSIDE;
            estimate.is_exact || is_second || is_given
        });
        let reason = if self.has_edges {
            "The edges of masked and held nodes are known to within a cell, so order 1 is all that can be expected beside them; by what was observed"
        } else if self.starts_with_jumps {
            "The initial state or the source jumps between nodes, and a grid knows the place of a jump to within a cell; by that and by what was observed"
        } else if estimates.iter().any(|(_, estimate)| estimate.scatters) {
            "Grids whose nodes and steps lie elsewhere differ by more than the spacing explains, as where something jumps in space or time, or is thinner than a cell; by that"
        } else if !self.is_on_walls {
            "This grid puts the boundary nodes outside the domain by an amount that depends on dx, so order 1 is all that can be expected (grid = \"walls\" has order 2); by what was observed"
        } else if is_as_expected {
            "Errors fall with the square of the spacing, as they should: on your own grid"
        } else {
            "Not every error falls with the square of the spacing: a coefficient jumps, something else is not smooth, or the grid is still too coarse; as an indication only"
        };
        format!("{reason}, {trust}.")
    }

    /// The size relative to which the error of an estimate is given.
    fn size_of(&self, name: &str, estimate: &Estimate) -> f64 {
        match name {
            "mass" => self.or_capacity(estimate.values[2].abs()),
            FIELD => self.rms,
            _ => estimate.values[2].abs(),
        }
    }

    /// An amount of mass, or the mass that fits into the domain if the amount is a rounding error.
    fn or_capacity(&self, mass: f64) -> f64 {
        // Where positive and negative values cancel, the mass is a rounding.
        let capacity = self.scale * self.capacity * self.levels[0].area();
        if mass > NEGLIGIBLE * capacity {
            mass
        } else {
            capacity
        }
    }

    /// The largest part of the balance of mass.
    fn flow(&self) -> f64 {
        let parts = match &self.balance {
            None => self.mass.values.to_vec(),
            Some([balance, _]) => {
                let Balance {
                    start,
                    end,
                    source,
                    decay,
                    held,
                    ..
                } = *balance;
                let parts = [start, end, source, decay, held];
                parts.into_iter().chain(balance.walls).collect()
            }
        };
        let largest = parts
            .iter()
            .fold(f64::MIN_POSITIVE, |largest, part| largest.max(part.abs()));
        self.or_capacity(largest)
    }
}

/// An error as a percentage, `0.02 %`, or as `± 1e-5` if it exceeds the size `of`.
fn to_within(error: f64, of: f64) -> String {
    if error < of || error == 0.0 {
        share(error, of)
    } else {
        format!("± {error:.1e}, which is more than its size")
    }
}

/// A fraction as a percentage with two digits, `0.02 %`.
fn share(error: f64, of: f64) -> String {
    let percent = 100.0 * error / of.max(f64::MIN_POSITIVE);
    if percent < 1e-6 {
        return "rounding".to_owned();
    }
    let digits = (1.0 - percent.log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{percent:.digits$} %")
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_have_two_digits() {
        for (error, text) in [
            (0.1234, "12 %"),
            (0.01234, "1.2 %"),
            (1.234e-5, "0.0012 %"),
            (1e-13, "rounding"),
        ] {
            assert_eq!(share(error, 1.0), text);
        }
    }
}
