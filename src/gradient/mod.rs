//! [`Gradient`]: how numbers of a record depend on every value of every field of a problem, exactly, by the adjoint of the
//! steps that were taken.
//!
//! | file | content |
//! |---|---|
//! | `answer.rs`, `march.rs` | what a gradient is, and how it is computed |
//! | `objective.rs` | what is differentiated: numbers of the record, or a sum of squares |
//! | `unknowns.rs` | what it is differentiated by |
//! | `system.rs`, `backwards.rs` | the coefficients of a step, and the step backwards: the problem's own, between walls that give 0 |
//! | `sums.rs` | products of states and adjoint states, summed over the steps |
//! | `states.rs` | the states, from the last to the first, computed again from checkpoints; `snapshots.rs` has those of a cube |
//! | `steady.rs` | the adjoint of a steady state |
//! | `readings.rs` | how numbers of the record depend on a state, and on coefficients |
//! | `fields.rs`, `numbers.rs` | derivatives by values on nodes, and by numbers of the file |
//!
//! The steps are fixed: their length is none of the unknowns. All sums have one order, so that the bits of a gradient do not
//! depend on threads, on the number of states that are kept, or on where they come from.

mod answer;
mod backwards;
mod fields;
mod march;
mod numbers;
mod objective;
mod readings;
mod snapshots;
mod states;
mod steady;
mod sums;
mod system;
mod unknowns;

use crate::{physics::Unready, run::RunError};

/// The error of a problem that cannot be prepared.
fn of_unready(unready: Unready) -> RunError {
    RunError::unready(unready, 0)
}

pub use answer::{Cost, Derivative, Gradient, GradientOptions, NodeDerivatives};
pub use fields::FieldKey;
pub use numbers::NumberKey;
pub use objective::{Measured, Objective, Term, unit_of};
pub use unknowns::Unknown;
