//! [`Noted`]: what a tile tells the one to the east of it.

/// What a tile has noted of the source values that it has lifted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted {
    /// The largest magnitude.
    pub largest: f64,
    pub others: Option<OthersNoted>,
}

/// What only scaled tiles note.
#[derive(Clone, Copy, Debug)]
pub(super) struct OthersNoted {
    /// The least magnitude but zero.
    pub least: f64,
    /// Whether there is a sign bit.
    pub is_signed: bool,
    /// Whether there is an infinity or NaN.
    pub is_poisoned: bool,
}

impl OthersNoted {
    /// Of no value.
    pub const NOTHING: Self = Self {
        least: f64::INFINITY,
        is_signed: false,
        is_poisoned: false,
    };
}
