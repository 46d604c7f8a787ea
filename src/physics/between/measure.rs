//! Integrals along stretches: Gauss's rule, and the weights of lengths.

use super::stretch::within;

/// The places of Gauss's rule between 0 and 1, and their weights.
pub const GAUSS: [(f64, f64); 5] = [
    (0.046_910_077_030_668, 0.118_463_442_528_094_54),
    (0.230_765_344_947_158_46, 0.239_314_335_249_683_24),
    (0.5, 0.284_444_444_444_444_44),
    (0.769_234_655_052_841_5, 0.239_314_335_249_683_24),
    (0.953_089_922_969_332, 0.118_463_442_528_094_54),
];

/// The places of Fejér's first rule between 0 and 1, and their weights. They are dense at the ends, where the length of
/// a line through a circle has a vertical tangent.
///
/// Source: L. Fejér, "Mechanische Quadraturen mit positiven Cotesschen Zahlen", Mathematische Zeitschrift 37, 1933.
pub const FEJER: [(f64, f64); 8] = [
    (0.009_607_359_798_384_785, 0.033_491_472_849_294_94),
    (0.084_265_193_848_727_38, 0.111_493_966_507_289_36),
    (0.222_214_883_490_198_86, 0.162_076_259_532_262_23),
    (0.402_454_838_991_935_85, 0.192_938_301_111_153_5),
    (0.597_545_161_008_064_1, 0.192_938_301_111_153_5),
    (0.777_785_116_509_801, 0.162_076_259_532_262_23),
    (0.915_734_806_151_272_7, 0.111_493_966_507_289_36),
    (0.990_392_640_201_615_2, 0.033_491_472_849_294_94),
];

/// The weight of a length along a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    Length,
    /// Lengths divided by the radius.
    Logarithm,
    /// Lengths times the radius.
    Square,
}

impl Measure {
    /// The weighted length between two bounds.
    pub fn of(self, [from, to]: [f64; 2]) -> f64 {
        match self {
            Self::Length => to - from,
            Self::Logarithm => libm::log(to / from),
            Self::Square => (to - from) * f64::midpoint(from, to),
        }
    }

    /// The place by which a share of what lies between two bounds is reached.
    pub fn within(self, [from, to]: [f64; 2], share: f64) -> f64 {
        match self {
            Self::Length => within([from, to], share),
            Self::Logarithm => from * libm::exp(share * libm::log(to / from)),
            Self::Square => within([from * from, to * to], share).sqrt(),
        }
    }
}
