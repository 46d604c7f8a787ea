//! What is known of a field: [`Knowledge`], tile by tile, which says of each for how long it stays smooth.
//!
//! Where `r` is about a quarter, a pass finds out whether its field is smooth ([`super::smooth`]). As that lasts for
//! many steps, the passes after it neither check nor look at magnitudes again.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::scheduler::TileGrid;

/// For how many steps from now on something is known of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Smoothness {
    /// That it is smooth, see [`super::smooth`].
    pub(super) smooth_for: u64,
    /// That its magnitudes allow levels scaled by four in any pass, if it is smooth.
    pub(super) in_range_for: u64,
}

impl Smoothness {
    /// Of a field that nothing is known of.
    pub const NONE: Self = Self::both_for(0);
    /// Of no nodes.
    pub const ALL: Self = Self::both_for(u64::MAX);

    const fn both_for(steps: u64) -> Self {
        Self {
            smooth_for: steps,
            in_range_for: steps,
        }
    }

    /// What is known after so many steps.
    #[must_use]
    pub fn after(self, steps: usize) -> Self {
        Self {
            smooth_for: self.smooth_for.saturating_sub(steps as u64),
            in_range_for: self.in_range_for.saturating_sub(steps as u64),
        }
    }

    /// What is known of two fields together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            smooth_for: self.smooth_for.min(other.smooth_for),
            in_range_for: self.in_range_for.min(other.in_range_for),
        }
    }
}

/// What is known of a tile after a pass.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TileOutcome {
    /// Of the field there.
    pub smoothness: Smoothness,
    /// Rows advanced by a level with three, with five, and with six operations or more.
    pub rows: [u64; 3],
    /// Whether the levels were scaled by four.
    pub is_scaled: bool,
}

impl TileOutcome {
    /// The shares of `rows`. Kinds that count nothing have one number of operations.
    fn shares(&self) -> [f64; 3] {
        match self.rows.iter().sum::<u64>() {
            0 => [0.0, 0.0, 1.0],
            sum => self.rows.map(|rows| rows as f64 / sum as f64),
        }
    }
}

/// What passes found out about the field that they computed, for the passes after them.
///
/// It belongs to one field and one [`Stencil`](super::Stencil): with another one, or once somebody else
/// has changed the field, results would be wrong unless it is [told](Knowledge::set). Start with
/// [`Knowledge::default`], which knows nothing.
#[derive(Debug, Default)]
pub struct Knowledge {
    tiles: Option<TileGrid>,
    records: Vec<TileRecord>,
    /// Node updates of tiles that are no longer these.
    updates: [u64; 3],
    /// What the next pass may take for known of the whole field, if somebody else knows.
    told: Option<Smoothness>,
}

/// What is known of a tile.
#[derive(Debug, Default)]
struct TileRecord {
    /// [`Smoothness`] of the field there. One of both may be of a later pass than the other.
    smooth_for: AtomicU64,
    in_range_for: AtomicU64,
    /// How often in a row scaling did not work, and in how many passes not to try it again.
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

/// After how many failures in a row the pause grows no more.
const MOST_FAILURES: u32 = 6;

impl Knowledge {
    /// Node updates done with three, with five, and with six operations or more.
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

    /// The next pass is over another field, of which so much is known.
    pub fn start_from(&mut self, smoothness: Smoothness) {
        self.told = Some(smoothness);
    }

    /// Somebody else has changed the field, of all of which so much is known now.
    pub fn set(&mut self, smoothness: Smoothness) {
        for record in &self.records {
            record.set_smoothness(smoothness);
        }
    }

    /// What is known of the whole field.
    #[must_use]
    pub fn smoothness(&self) -> Smoothness {
        let known = self
            .records
            .iter()
            .map(TileRecord::smoothness)
            .reduce(Smoothness::and);
        known.unwrap_or(Smoothness::NONE)
    }

    /// Room for these tiles. What is known of the same tiles stays.
    pub(super) fn prepare(&mut self, tiles: &TileGrid) {
        if self.tiles.as_ref() != Some(tiles) {
            self.updates = self.updates();
            self.tiles = Some(tiles.clone());
            self.records = (0..tiles.len()).map(|_| TileRecord::default()).collect();
        }
        if let Some(smoothness) = self.told.take() {
            self.records
                .iter()
                .for_each(|record| record.set_smoothness(smoothness));
        }
    }

    /// What is known of the field that a tile's pass of `steps` steps reads.
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
        let around = tiles.neighbourhood(tile);
        let known = around.map(|tile| self.records[tile].smoothness());
        known.reduce(Smoothness::and).unwrap_or(Smoothness::NONE)
    }

    /// Whether levels scaled by four are worth a try in the next pass of a tile.
    pub(super) fn scaling_may_work(&self, tile: usize) -> bool {
        let pause = self.records[tile].pause.load(Relaxed);
        self.records[tile]
            .pause
            .store(pause.saturating_sub(1), Relaxed);
        pause == 0
    }

    /// So much is known of the field that a tile's last pass has written.
    pub(super) fn set_smoothness(&self, tile: usize, smoothness: Smoothness) {
        self.records[tile].set_smoothness(smoothness);
    }

    /// Takes note of what a pass found in a tile of so many node updates, but for what is known of the field.
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
