//! How far off the numbers are that users are given: p of snapshots, and the numbers of rows.
//!
//! A problem is solved again with shorter steps, and on two grids of which one is twice as fine as the other. What all
//! numbers differ by gives their errors by steps ([`StepErrors`]) and by spacing ([`SpacingErrors`]). `warnings`, `check` and
//! `fit` ask for them, and have thresholds and sentences of their own.
//!
//! | file | content |
//! |---|---|
//! | `grids.rs` | a problem on other grids |
//! | `cost.rs` | what it costs to solve a problem, and what estimates may cost |
//! | `moments.rs`, `quantity.rs` | when two problems are compared, and in what |
//! | `trial.rs`, `difference.rs` | two problems solved beside one another, and what they differ by |
//! | `steps.rs`, `spacing.rs` | errors by steps, and by spacing |

mod cost;
mod difference;
mod grids;
mod moments;
mod quantity;
mod spacing;
mod steps;
mod trial;

use difference::{Difference, Differences};

pub(crate) use cost::{MOST_NODES, TENTH, updates_of};
pub(crate) use grids::{FEWEST_CELLS, Ladder, cells, coarser, spacing_of};
pub(crate) use quantity::Quantity;
pub(crate) use spacing::SpacingErrors;
pub use spacing::{is_estimated, is_too_dear};
pub(crate) use steps::{StepErrors, changes_little};
pub(crate) use trial::alone;

use crate::problem::Problem;

/// The error of a quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantityError {
    pub(crate) quantity: Quantity,
    /// The error relative to the size of the quantity.
    pub share: f64,
    /// The size of the quantity: the range of p, its own range, or the largest rate.
    pub size: f64,
    /// The order at which it falls with the step or with the spacing.
    pub order: f64,
    /// The step after which it is largest.
    pub step: u64,
}

impl QuantityError {
    /// The name of the quantity: p, or that of a column.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.quantity.name
    }

    /// Whether it is measured by the range of p.
    #[must_use]
    pub fn is_of_value(&self) -> bool {
        self.quantity.is_value()
    }
}

/// Sorts errors, the largest first.
fn sort(errors: &mut [QuantityError]) {
    errors.sort_by(|one, other| other.share.total_cmp(&one.share));
}

/// The errors of all quantities, the largest first; `error_of` tells that of a difference with this number, and its order.
fn errors_of(
    problem: &Problem,
    changes: &Differences,
    error_of: impl Fn(usize, &Difference) -> (f64, f64),
) -> Vec<QuantityError> {
    let quantities = Quantity::all(problem).into_iter();
    let errors = quantities.zip(&changes.all).enumerate();
    let errors = errors.map(|(number, (quantity, change))| {
        let (share, order) = error_of(number, change);
        QuantityError {
            quantity,
            share,
            size: change.size,
            order,
            step: change.step,
        }
    });
    let mut errors: Vec<QuantityError> = errors.collect();
    sort(&mut errors);
    errors
}
