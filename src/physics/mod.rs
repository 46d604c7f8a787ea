//! What the equation is given: the initial state.

pub mod initial;
