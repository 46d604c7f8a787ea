//! [`Stage`]: what a fit is doing.

/// What a fit is doing, for somebody who waits for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stage<'a> {
    /// A step begins.
    Step {
        /// The number of the start, counted from 0.
        start: usize,
        /// The number of the step, counted from 0.
        step: usize,
        /// The sum of squares before it.
        square: f64,
    },
    /// An end of the profile of an unknown was found.
    ProfileEnd {
        /// The name of the unknown.
        name: &'a str,
        /// The value of the unknown there.
        value: f64,
        /// The number of ends that were found so far, and of all.
        found: [usize; 2],
    },
    /// What steps and spacing move the unknowns by is computed.
    Shifts,
}

/// A function that is called with each stage of a fit.
pub type Tell<'a> = dyn Fn(Stage<'_>) + Sync + 'a;
