//! [`Processor`]: properties of a processor besides its caches.

use super::kernel::Additions;
use diff2d_sys::ProcessorFamily;

/// A row of the table of processors: the faster ways of computing, and the costs of steps and rows. It changes no bit
/// of any result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Processor {
    /// The family that the row is about.
    pub family: ProcessorFamily,
    /// How neighbours are added.
    pub additions: Additions,
    /// When a sweep with AVX-512 computes two levels.
    pub two_levels: TwoLevelUse,
    /// The cost of lifting and lowering a row, in steps of the row.
    pub lift: Durations,
    /// The ratio of the durations of lifting for arrays far larger than the second-level cache and for smaller arrays.
    pub lift_from_afar: f64,
    /// The relative duration of a step if the rows accessed together leave too little of the first-level cache.
    pub spill: Durations,
    /// The number of bytes of a row whose step takes as long as the two ends of the row, for smooth fields and for
    /// equations with arrays.
    pub row_ends: usize,
    /// The fraction of the second-level cache that the rows of all levels may take.
    pub share: f64,
    /// The relative duration of a step if these rows take more, up to an eighth of the last-level cache; `None` if that
    /// is never worthwhile.
    pub beyond: Option<Durations>,
    /// Whether lifting rows that another thread has just lowered takes longer for fields larger than the second-level
    /// cache.
    pub hands_over_slowly: bool,
}

/// When a sweep computes two levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TwoLevelUse {
    /// A sweep computes two levels if its rows leave enough of the first-level cache.
    IfShort,
    /// A sweep computes two levels however long rows are.
    Always,
}

/// The durations for steps with three operations, and for steps with more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Durations {
    pub three: f64,
    pub more: f64,
}

/// The durations `three` for three operations, and `more` for more operations.
const fn durations(three: f64, more: f64) -> Durations {
    Durations { three, more }
}

/// The default for a processor that is not in the table.
pub(super) const OTHER: Processor = Processor {
    family: ProcessorFamily::Other,
    additions: Additions::Plain,
    two_levels: TwoLevelUse::IfShort,
    lift: durations(8.0, 5.0),
    lift_from_afar: 2.0,
    spill: durations(1.5, 1.15),
    row_ends: 0,
    share: 2.0 / 3.0,
    beyond: None,
    hands_over_slowly: false,
};

pub(super) const ZEN_3: Processor = Processor {
    family: ProcessorFamily::Zen3,
    additions: Additions::Fused,
    lift: durations(8.0, 8.0),
    lift_from_afar: 1.25,
    spill: durations(1.05, 1.03),
    row_ends: 512,
    beyond: Some(durations(1.1, 1.06)),
    hands_over_slowly: true,
    ..OTHER
};

pub(super) const ZEN_4: Processor = Processor {
    family: ProcessorFamily::Zen4,
    additions: Additions::Fused,
    two_levels: TwoLevelUse::Always,
    spill: durations(1.05, 1.15),
    row_ends: 512,
    share: 0.8,
    hands_over_slowly: true,
    ..OTHER
};

pub(super) const ZEN_5: Processor = Processor {
    family: ProcessorFamily::Zen5,
    lift: durations(5.0, 5.0),
    share: 2.0 / 3.0,
    ..ZEN_4
};

impl Processor {
    /// The processor of this machine.
    pub fn detect() -> Self {
        match ProcessorFamily::detect() {
            ProcessorFamily::Zen3 => ZEN_3,
            ProcessorFamily::Zen4 => ZEN_4,
            ProcessorFamily::Zen5 => ZEN_5,
            ProcessorFamily::Other => OTHER,
        }
    }
}
