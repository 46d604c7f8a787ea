//! [`Quantity`]: a quantity of the equation `c ∂p/∂t = ∇·(D ∇p) + S - k p` that parameters give.

/// A quantity of the equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// D along x \[length²/time\].
    X,
    /// D along y \[length²/time\].
    Y,
    /// c.
    Capacity,
    /// k \[1/time\].
    Decay,
    /// S \[density/time\].
    Source,
}

impl Quantity {
    /// All quantities; the index of each is its number.
    pub const ALL: [Self; 5] = [Self::X, Self::Y, Self::Capacity, Self::Decay, Self::Source];
    /// The quantities of the material, without D.
    pub const MATERIAL: [Self; 2] = [Self::Capacity, Self::Decay];
    /// The quantities with a rate in records, because they add or remove mass, in the order of their columns.
    pub const WITH_RATE: [Self; 2] = [Self::Source, Self::Decay];

    /// The parameter for the quantity.
    pub fn key(self) -> &'static str {
        match self {
            Self::X => "Dx",
            Self::Y => "Dy",
            Self::Capacity => "capacity",
            Self::Decay => "decay",
            Self::Source => "source",
        }
    }

    /// The number of variables of its formulas: x and y, and for all but the capacity also t.
    pub(super) fn variables(self) -> usize {
        match self {
            Self::Capacity => 2,
            Self::X | Self::Y | Self::Decay | Self::Source => 3,
        }
    }

    /// The neutral number, with which the quantity drops out of the equation.
    pub fn neutral(self) -> f64 {
        match self {
            Self::Capacity => 1.0,
            Self::X | Self::Y | Self::Decay | Self::Source => 0.0,
        }
    }

    /// A description of valid values, if `number` is not valid.
    pub(super) fn wanted_instead_of(self, number: f64) -> Option<&'static str> {
        match self {
            Self::Capacity => (number <= 0.0).then_some("greater than 0"),
            Self::X | Self::Y | Self::Decay => (number < 0.0).then_some("0 or greater"),
            Self::Source => None,
        }
    }
}
