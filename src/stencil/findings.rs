//! [`Findings`]: what passes found out about a field.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::kind::Outcome;
use super::noted::Noted;
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
    /// For how many steps the next pass may take the whole field to be smooth, if somebody else knows.
    told: Option<u64>,
}

/// What is known of a tile.
#[derive(Debug, Default)]
struct Note {
    /// For how many steps the field is known to be smooth there.
    smooth_for: AtomicU64,
    /// How often in a row scaling did not work, and in how many passes not to try it again.
    failures: AtomicU32,
    pause: AtomicU32,
    updates: [AtomicU64; 3],
    /// What the last pass has noted of the values that it read.
    noted: Mutex<Option<Noted>>,
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

    /// Forgets that the field is smooth, as values in it were changed.
    pub fn field_was_changed(&mut self) {
        self.field_is_another(0);
    }

    /// The next pass is over another field, which is known to be smooth for so many steps.
    pub fn field_is_another(&mut self, smooth_for: u64) {
        self.told = Some(smooth_for);
    }

    /// For how many more steps the whole field is known to be smooth.
    #[must_use]
    pub fn smooth_for(&self) -> u64 {
        let of = |note: &Note| note.smooth_for.load(Relaxed);
        self.notes.iter().map(of).min().unwrap_or(0)
    }

    /// Room for these tiles. What is known of the same tiles stays.
    pub(super) fn prepare(&mut self, tiles: &TileGrid) {
        if self.tiles.as_ref() != Some(tiles) {
            self.updates = self.updates();
            self.tiles = Some(tiles.clone());
            self.notes = (0..tiles.len()).map(|_| Note::default()).collect();
        }
        if let Some(smooth_for) = self.told.take() {
            for note in &mut self.notes {
                *note.smooth_for.get_mut() = smooth_for;
            }
        }
    }

    /// For how many steps the field that a tile's pass of `steps` steps reads is known to be smooth.
    pub(super) fn smooth_around(&self, tiles: &TileGrid, tile: usize, steps: usize) -> u64 {
        // A tile around it may be a pass ahead. Its note then says what it has checked in the present pass, which reaches
        // into this tile only if there are steps that follow the first.
        if steps < 2 {
            return 0;
        }
        // What the result depends on is in the tiles around it, unless tiles are smaller than a pass is deep.
        if tiles.reach() < steps {
            return self.smooth_for();
        }
        let of = |tile: usize| self.notes[tile].smooth_for.load(Relaxed);
        tiles.neighbourhood(tile).map(of).min().unwrap_or(0)
    }

    /// Whether levels scaled by four are worth a try in the next pass of a tile.
    pub(super) fn scaling_may_work(&self, tile: usize) -> bool {
        let pause = self.notes[tile].pause.load(Relaxed);
        self.notes[tile]
            .pause
            .store(pause.saturating_sub(1), Relaxed);
        pause == 0
    }

    /// What the last pass of a tile has noted of the values that it read.
    pub(super) fn noted(&self, tile: usize) -> Option<Noted> {
        *lock(&self.notes[tile].noted)
    }

    /// The field that a tile's last pass has written is known to be smooth for so many steps.
    pub(super) fn is_smooth_for(&self, tile: usize, steps: u64) {
        self.notes[tile].smooth_for.store(steps, Relaxed);
    }

    /// Takes note of what a pass found in a tile of so many node updates, but for how smooth the field is.
    pub(super) fn note(&self, tile: usize, tried: bool, outcome: Outcome, updates: u64) {
        let note = &self.notes[tile];
        *lock(&note.noted) = outcome.noted;
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

/// Nobody panics while it is locked.
fn lock(noted: &Mutex<Option<Noted>>) -> MutexGuard<'_, Option<Noted>> {
    noted.lock().unwrap_or_else(PoisonError::into_inner)
}
