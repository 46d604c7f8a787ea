//! The known smoothness of a field: [`Knowledge`] stores for each tile how long it stays smooth.
//!
//! If `r` is about a quarter, a pass finds out whether its field is smooth ([`super::smooth`]). Smoothness lasts for
//! many steps, so later passes need not check it again, nor look at magnitudes.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::scheduler::TileGrid;

/// The number of steps for which a field keeps properties that passes rely on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Smoothness {
    /// The number of steps for which the field stays smooth, see [`super::smooth`].
    pub(super) smooth_for: u64,
    /// The number of steps for which the magnitudes of the field allow levels scaled by four in any pass, if it is
    /// smooth.
    pub(super) in_range_for: u64,
}

impl Smoothness {
    /// The smoothness of a field about which nothing is known.
    pub const NONE: Self = Self::both_for(0);
    /// The smoothness of a field without nodes, which has every property for ever.
    pub const ALL: Self = Self::both_for(u64::MAX);

    const fn both_for(steps: u64) -> Self {
        Self {
            smooth_for: steps,
            in_range_for: steps,
        }
    }

    /// The smoothness that remains after `steps` steps.
    #[must_use]
    pub fn after(self, steps: usize) -> Self {
        Self {
            smooth_for: self.smooth_for.saturating_sub(steps as u64),
            in_range_for: self.in_range_for.saturating_sub(steps as u64),
        }
    }

    /// The smoothness of two fields together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            smooth_for: self.smooth_for.min(other.smooth_for),
            in_range_for: self.in_range_for.min(other.in_range_for),
        }
    }
}

/// The results of a pass over a tile, besides the values.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TileOutcome {
    /// The smoothness of the field in the tile.
    pub smoothness: Smoothness,
    /// The numbers of rows advanced by a level with three, with five, and with six or more operations.
    pub rows: [u64; 3],
    /// Whether the levels were scaled by four.
    pub is_scaled: bool,
}

impl TileOutcome {
    /// The fractions of `rows`. Kinds that count nothing have one number of operations.
    fn shares(&self) -> [f64; 3] {
        match self.rows.iter().sum::<u64>() {
            0 => [0.0, 0.0, 1.0],
            sum => self.rows.map(|rows| rows as f64 / sum as f64),
        }
    }
}

/// Properties of a field that passes have found, for later passes.
///
/// A value belongs to one field and one [`Stencil`](super::Stencil). With another stencil, or after any other change of
/// the field, results would be wrong unless the smoothness is [set](Knowledge::set). [`Knowledge::default`] assumes
/// nothing.
#[derive(Debug, Default)]
pub struct Knowledge {
    tiles: Option<TileGrid>,
    records: Vec<TileRecord>,
    /// Node updates of tiles that existed before the present ones.
    updates: [u64; 3],
    /// The smoothness of the whole field for the next pass, if a caller has set it.
    smoothness_of_caller: Option<Smoothness>,
}

/// The known properties of a tile.
#[derive(Debug, Default)]
struct TileRecord {
    /// The two parts of the tile's [`Smoothness`]. They may come from different passes.
    smooth_for: AtomicU64,
    in_range_for: AtomicU64,
    /// The number of consecutive failures of scaling, and the number of passes before it is tried again.
    failures: AtomicU32,
    pause: AtomicU32,
    updates: [AtomicU64; 3],
}

impl TileRecord {
    fn smoothness(&self) -> Smoothness {
        Smoothness {
            smooth_for: self.smooth_for.load(Relaxed),
            in_range_for: self.in_range_for.load(Relaxed),
        }
    }

    fn set_smoothness(&self, smoothness: Smoothness) {
        self.smooth_for.store(smoothness.smooth_for, Relaxed);
        self.in_range_for.store(smoothness.in_range_for, Relaxed);
    }
}

/// The number of consecutive failures after which the pause stops growing.
const MOST_FAILURES: u32 = 6;

impl Knowledge {
    /// The numbers of node updates with three, with five, and with six or more operations.
    #[must_use]
    pub fn updates(&self) -> [u64; 3] {
        let mut updates = self.updates;
        for record in &self.records {
            for (sum, count) in updates.iter_mut().zip(&record.updates) {
                *sum += count.load(Relaxed);
            }
        }
        updates
    }

    /// Whether no pass was made yet.
    pub(super) fn is_new(&self) -> bool {
        self.tiles.is_none()
    }

    /// Announces that the next pass is over another field, with this known smoothness.
    pub fn start_from(&mut self, smoothness: Smoothness) {
        self.smoothness_of_caller = Some(smoothness);
    }

    /// Sets the known smoothness of the whole field, after the field was changed.
    pub fn set(&mut self, smoothness: Smoothness) {
        for record in &self.records {
            record.set_smoothness(smoothness);
        }
    }

    /// The smoothness of the whole field.
    #[must_use]
    pub fn smoothness(&self) -> Smoothness {
        let smoothness = self
            .records
            .iter()
            .map(TileRecord::smoothness)
            .reduce(Smoothness::and);
        smoothness.unwrap_or(Smoothness::NONE)
    }

    /// Prepares for these tiles. The properties of tiles that stay the same are kept.
    pub(super) fn prepare(&mut self, tiles: &TileGrid) {
        if self.tiles.as_ref() != Some(tiles) {
            self.updates = self.updates();
            self.tiles = Some(tiles.clone());
            self.records = (0..tiles.len()).map(|_| TileRecord::default()).collect();
        }
        if let Some(smoothness) = self.smoothness_of_caller.take() {
            self.records
                .iter()
                .for_each(|record| record.set_smoothness(smoothness));
        }
    }

    /// The smoothness of the field that a tile's pass of `steps` steps reads.
    pub(super) fn smoothness_around(
        &self,
        tiles: &TileGrid,
        tile: usize,
        steps: usize,
    ) -> Smoothness {
        // A tile around it may be a pass ahead. Its record then says what it has checked in the present pass, which reaches
        // into this tile only if there are steps that follow the first.
        if steps < 2 {
            return Smoothness::NONE;
        }
        // What the result depends on is in the tiles around it, unless tiles are smaller than a pass is deep.
        if tiles.reach() < steps {
            return self.smoothness();
        }
        let neighbours = tiles.neighbourhood(tile);
        let smoothness = neighbours.map(|tile| self.records[tile].smoothness());
        smoothness
            .reduce(Smoothness::and)
            .unwrap_or(Smoothness::NONE)
    }

    /// Whether the next pass of a tile should try levels scaled by four.
    pub(super) fn scaling_may_work(&self, tile: usize) -> bool {
        let pause = self.records[tile].pause.load(Relaxed);
        self.records[tile]
            .pause
            .store(pause.saturating_sub(1), Relaxed);
        pause == 0
    }

    /// Stores the smoothness of the result of a tile's last pass.
    pub(super) fn set_smoothness(&self, tile: usize, smoothness: Smoothness) {
        self.records[tile].set_smoothness(smoothness);
    }

    /// Stores the results of a pass over a tile with `updates` node updates, except the smoothness.
    pub(super) fn record(&self, tile: usize, tried: bool, outcome: TileOutcome, updates: u64) {
        let record = &self.records[tile];
        if tried {
            let failures = match outcome.is_scaled {
                true => 0,
                false => (record.failures.load(Relaxed) + 1).min(MOST_FAILURES),
            };
            record.failures.store(failures, Relaxed);
            // 0, 0, 1, 3, 7, …
            record
                .pause
                .store((1 << failures) / 2 - failures.min(1), Relaxed);
        }
        for (count, share) in record.updates.iter().zip(outcome.shares()) {
            count.fetch_add((updates as f64 * share).round() as u64, Relaxed);
        }
    }
}
