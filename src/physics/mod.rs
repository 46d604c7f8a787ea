//! The physical problem: what the density is before the first step.

pub mod initial;
