//! [`Cost`]: what steps cost, for the choice of a tile's size.

use super::kernel::LevelsPerSweep;
use super::microarchitecture::Microarchitecture;
use diff2d_sys::Caches;

/// The largest depth of a tile. Only tiles with short rows fit so many levels into the second-level cache.
pub const MAX_DEPTH: usize = 256;

/// What the steps of a tile cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// Bytes of a node.
    pub size: usize,
    /// Arrays that a step reads besides the field.
    arrays: usize,
    /// The largest depth.
    pub most_depth: usize,
    /// Rows that the kernel of one level accesses at a time, the eighths of the first-level cache that they may
    /// take, and the relative duration of a step then.
    groups: &'static [(usize, usize, f64)],
    /// Whether sweeps over short rows compute two levels.
    two_if_short: bool,
    /// Lifting and lowering a row, in steps of the row.
    pub lift: f64,
    /// The same where arrays are far beyond the second-level cache.
    pub lift_from_afar: f64,
    /// Whether lifting rows that another thread has just lowered takes longer where fields exceed the second-level
    /// cache. On Zen 4, two threads took twice as long for it with 700 × 700 nodes as with 512 × 512, and four times
    /// with 1024 × 1024.
    pub is_handing_slow: bool,
    /// The relative duration of a step if rows accessed at a time do not leave enough of the first-level cache.
    spill: f64,
    /// Bytes of a row whose step takes as long as the ends of the row.
    ends: usize,
    /// The part of the second-level cache that the rows of all levels may take. With two levels in one sweep, 1024 × 1024
    /// nodes took less on Zen 4 the deeper the tile was, up to 0.9 of it; on Zen 5, 4096 × 4096 nodes took 1.06 times as
    /// long with 0.8 as with 0.63.
    share: f64,
    /// The relative duration of a step if these rows take more of the caches, up to an eighth of the last one, which eight
    /// cores of Zen 3 share; `None` where that is never worth it. On Zen 3 with AVX2, steps there took 1.1 times as long
    /// as in the second-level cache, but deeper passes lift fewer rows: 1024 × 1024 and 4096 × 4096 nodes took 0.8 of the
    /// time, and 0.5 to 0.7 where an equation has arrays.
    beyond: Option<f64>,
}

/// Bytes of the last-level cache that the rows of a pass of one thread may take, where they may.
pub(super) fn share_of_last_level(caches: Caches) -> usize {
    /// Cores that share the cache.
    const CORES: usize = 8;
    /// Enough for 4096 columns and 60 levels.
    const MOST: usize = 4 << 20;
    (caches.last / CORES).min(MOST)
}

impl Cost {
    /// Steps at nodes of `size` bytes that read `arrays` arrays besides the field. Those that may take
    /// three operations have up to `scaled` levels a pass, of which a sweep computes `levels`.
    pub fn new(
        (size, arrays): (usize, usize),
        (scaled, levels): (Option<usize>, LevelsPerSweep),
        microarchitecture: Microarchitecture,
    ) -> Self {
        let is_amd = microarchitecture.is_amd();
        let lift = match (scaled, microarchitecture) {
            (Some(_), Microarchitecture::FromZen5) => 5.0,
            (Some(_), _) => 8.0,
            (None, _) => 5.0,
        };
        let cost = Self {
            size,
            arrays,
            most_depth: scaled.unwrap_or(MAX_DEPTH),
            groups: match (size, arrays) {
                (4, _) => &[(9, 7, 1.0)],
                (_, 0) => &[(9, 6, 0.97), (8, 7, 1.0), (7, 7, 1.04)],
                _ => &[(7, 7, 1.0)],
            },
            two_if_short: levels == LevelsPerSweep::TwoIfShort,
            lift,
            lift_from_afar: 2.0 * lift,
            is_handing_slow: is_amd,
            spill: match scaled {
                Some(_) if is_amd => 1.05,
                Some(_) => 1.5,
                None => 1.15,
            },
            ends: if is_amd && scaled.is_some() { 512 } else { 0 },
            share: match microarchitecture {
                Microarchitecture::Zen4 if levels == LevelsPerSweep::Two => 0.8,
                _ => 2.0 / 3.0,
            },
            beyond: None,
        };
        match microarchitecture {
            Microarchitecture::UpToZen3 => cost.on_zen_3(scaled.is_some()),
            _ => cost,
        }
    }

    /// The same on Zen 3: groups of four rows, or three with arrays, steps that are nearly as fast from one cache as from
    /// another, and slow lifting.
    fn on_zen_3(self, may_take_three: bool) -> Self {
        Self {
            groups: match self.arrays {
                0 => &[(6, 7, 1.0)],
                _ => &[(5, 7, 1.0)],
            },
            lift: 8.0,
            lift_from_afar: 10.0,
            ends: if may_take_three || self.arrays > 0 {
                512
            } else {
                0
            },
            spill: if may_take_three { 1.05 } else { 1.03 },
            beyond: Some(if may_take_three { 1.1 } else { 1.06 }),
            ..self
        }
    }

    /// Bytes of a lifted row of so many columns, in registers of 64 bytes.
    pub fn row(&self, columns: usize) -> usize {
        (((columns * self.size).div_ceil(64) + 2) | 1) * 64
    }

    /// Whether the rows of so many bytes that a pass keeps fit the caches.
    pub fn fits(&self, depth: usize, row: usize, caches: Caches) -> bool {
        self.fits_second_level(depth, row, caches)
            || self.reaches_beyond() && self.kept(depth, row) <= share_of_last_level(caches)
    }

    /// Whether these rows may take more than the second-level cache.
    pub fn reaches_beyond(&self) -> bool {
        self.beyond.is_some()
    }

    fn fits_second_level(&self, depth: usize, row: usize, caches: Caches) -> bool {
        self.kept(depth, row) as f64 <= self.share * caches.l2 as f64
    }

    /// Bytes of the rows that a pass keeps.
    fn kept(&self, depth: usize, row: usize) -> usize {
        let rows = (2 + self.arrays) * depth + (1 + self.arrays) * self.groups[0].0;
        rows * row
    }

    /// Bytes that the kernel of one level accesses at a time, at least.
    pub fn accessed(&self, row: usize) -> usize {
        let rows = self.groups[self.groups.len() - 1].0;
        (1 + self.arrays) * rows * row
    }

    /// The relative duration of a step in passes of so many levels with rows of so many bytes.
    pub fn duration(&self, depth: usize, row: usize, caches: Caches) -> f64 {
        let beyond = match self.beyond {
            Some(duration) if !self.fits_second_level(depth, row, caches) => duration,
            _ => 1.0,
        };
        let ends = (row + self.ends) as f64 / row as f64;
        self.of_sweeps(row, caches.l1) * beyond * ends
    }

    /// The same as far as the first-level cache matters.
    fn of_sweeps(&self, row: usize, first_level: usize) -> f64 {
        /// Rows that a sweep of two levels accesses.
        const ACCESSED: usize = 10;
        /// The relative duration of its steps. They take less, 0.85 to 0.93, but with 0.87 tiles were chosen that are so
        /// narrow that 1024 × 1024 nodes took 1.05 times as long.
        const OF_TWO: f64 = 0.94;
        let fits = |&&(rows, eighths, _): &&(usize, usize, f64)| {
            (1 + self.arrays) * rows * row <= first_level / 8 * eighths
        };
        if self.two_if_short && LevelsPerSweep::TwoIfShort.are_two(ACCESSED * row, first_level) {
            return OF_TWO;
        }
        let step = self.groups.iter().find(fits);
        step.map_or(self.spill, |group| group.2)
    }
}
