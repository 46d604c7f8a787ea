//! [`Findings`]: what passes found out about a field.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::kind::Outcome;
use super::known::Known;
use super::scheduler::TileGrid;

/// What passes found out about the field that they computed, for the passes after them.
///
/// It belongs to one field and one [`Stencil`](super::Stencil): with another one, or once somebody else
/// has changed the field, results would be wrong. Start with [`Findings::default`], which knows nothing.
#[derive(Debug, Default)]
pub struct Findings {
    tiles: Option<TileGrid>,
    notes: Vec<Note>,
    /// Node updates of tiles that are no longer these.
    updates: [u64; 3],
    /// What the next pass may take for known of the whole field, if somebody else knows.
    told: Option<Known>,
}

/// What is known of a tile.
#[derive(Debug, Default)]
struct Note {
    /// [`Known`] of the field there. One of both may be of a later pass than the other.
    smooth_for: AtomicU64,
    in_range_for: AtomicU64,
    /// How often in a row scaling did not work, and in how many passes not to try it again.
    failures: AtomicU32,
    pause: AtomicU32,
    updates: [AtomicU64; 3],
}

impl Note {
    fn known(&self) -> Known {
        Known {
            smooth_for: self.smooth_for.load(Relaxed),
            in_range_for: self.in_range_for.load(Relaxed),
        }
    }

    fn set_known(&self, known: Known) {
        self.smooth_for.store(known.smooth_for, Relaxed);
        self.in_range_for.store(known.in_range_for, Relaxed);
    }
}

/// After how many failures in a row the pause grows no more.
const MOST_FAILURES: u32 = 6;

impl Findings {
    /// Node updates done with three, with five, and with six operations or more.
    #[must_use]
    pub fn updates(&self) -> [u64; 3] {
        let mut updates = self.updates;
        for note in &self.notes {
            for (sum, count) in updates.iter_mut().zip(&note.updates) {
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
    pub fn field_is_another(&mut self, known: Known) {
        self.told = Some(known);
    }

    /// What is known of the whole field.
    #[must_use]
    pub fn known(&self) -> Known {
        let known = self.notes.iter().map(Note::known).reduce(Known::and);
        known.unwrap_or(Known::NOTHING)
    }

    /// Room for these tiles. What is known of the same tiles stays.
    pub(super) fn prepare(&mut self, tiles: &TileGrid) {
        if self.tiles.as_ref() != Some(tiles) {
            self.updates = self.updates();
            self.tiles = Some(tiles.clone());
            self.notes = (0..tiles.len()).map(|_| Note::default()).collect();
        }
        if let Some(known) = self.told.take() {
            self.notes.iter().for_each(|note| note.set_known(known));
        }
    }

    /// What is known of the field that a tile's pass of `steps` steps reads.
    pub(super) fn known_around(&self, tiles: &TileGrid, tile: usize, steps: usize) -> Known {
        // A tile around it may be a pass ahead. Its note then says what it has checked in the present pass, which reaches
        // into this tile only if there are steps that follow the first.
        if steps < 2 {
            return Known::NOTHING;
        }
        // What the result depends on is in the tiles around it, unless tiles are smaller than a pass is deep.
        if tiles.reach() < steps {
            return self.known();
        }
        let around = tiles.neighbourhood(tile);
        let known = around.map(|tile| self.notes[tile].known());
        known.reduce(Known::and).unwrap_or(Known::NOTHING)
    }

    /// Whether levels scaled by four are worth a try in the next pass of a tile.
    pub(super) fn scaling_may_work(&self, tile: usize) -> bool {
        let pause = self.notes[tile].pause.load(Relaxed);
        self.notes[tile]
            .pause
            .store(pause.saturating_sub(1), Relaxed);
        pause == 0
    }

    /// So much is known of the field that a tile's last pass has written.
    pub(super) fn set_known(&self, tile: usize, known: Known) {
        self.notes[tile].set_known(known);
    }

    /// Takes note of what a pass found in a tile of so many node updates, but for what is known of the field.
    pub(super) fn note(&self, tile: usize, tried: bool, outcome: Outcome, updates: u64) {
        let note = &self.notes[tile];
        if tried {
            let failures = match outcome.is_scaled {
                true => 0,
                false => (note.failures.load(Relaxed) + 1).min(MOST_FAILURES),
            };
            note.failures.store(failures, Relaxed);
            // 0, 0, 1, 3, 7, …
            note.pause
                .store((1 << failures) / 2 - failures.min(1), Relaxed);
        }
        for (count, share) in note.updates.iter().zip(outcome.shares()) {
            count.fetch_add((updates as f64 * share).round() as u64, Relaxed);
        }
    }
}
