//! [`EquationKind`]: how the levels of a tile are advanced for one kind of equation.

use super::knowledge::TileOutcome;
use super::lanes::Lanes;
use super::task::TileTask;
use super::update::Update;

/// A kind of equation while a tile is advanced: its constants in every lane, what is known of the
/// source rows, and which update that allows.
pub(super) trait EquationKind<V: Lanes>: Sized {
    /// Whether a sweep can compute two levels.
    const MAY_ADVANCE_TWICE: bool = false;

    /// # Safety
    /// The processor has the instructions of `V`.
    ///
    /// # Panics
    /// If the task's equation is of another kind.
    unsafe fn new(task: &TileTask<'_, V::Element>) -> Self;

    /// Whether source values are to be noted.
    #[inline(always)]
    fn takes_notes(&self) -> bool {
        false
    }

    /// Takes note of source values.
    #[inline(always)]
    fn note(&mut self, _register: V) {}

    /// Level 0 in the ring, from source values.
    #[inline(always)]
    fn lifted(&self, register: V) -> V {
        register
    }

    /// Target values, from the last level in the ring.
    #[inline(always)]
    fn lowered(&self, register: V) -> V {
        register
    }

    /// The factor of a held value at `level`, unless it is 1 at every level.
    #[inline(always)]
    fn held_factor(&self, _level: usize) -> Option<V> {
        None
    }

    /// Whether this kind computes the bits of the definition, for the source values noted so far.
    #[inline(always)]
    fn is_valid(&mut self) -> bool {
        true
    }

    /// Whether this level takes another update than those after it.
    #[inline(always)]
    fn is_checked(&self, _level: usize) -> bool {
        false
    }

    /// Advances rows to `level`, and to those after it that `rows` has.
    ///
    /// # Safety
    /// As [`Advance::by_one`] and [`Advance::by_two`].
    unsafe fn advance(&mut self, level: usize, rows: &mut impl Advance<V>);

    /// What is known once the tile is done.
    #[inline(always)]
    fn outcome(&self) -> TileOutcome {
        TileOutcome::default()
    }
}

/// Rows that an update advances.
pub(super) trait Advance<V: Lanes> {
    /// How many rows, counted once for each level.
    fn count(&self) -> u64;

    /// Whether sweeps over them compute two levels.
    fn is_by_two(&self) -> bool;

    /// Advances them by one level a sweep, in a function of its own. Returns the update with what it noted.
    ///
    /// # Safety
    /// The processor has the instructions of `V`; rows that are read were written, edges included, and so were those of
    /// the arrays that the update reads.
    unsafe fn by_one<U: Update<V>>(&mut self, update: U) -> U;

    /// Advances them by two levels a sweep, with an update for each, which read no arrays and take note of nothing.
    ///
    /// # Safety
    /// As [`by_one`](Self::by_one); strips have at least three columns.
    unsafe fn by_two(&mut self, first: impl Update<V>, second: impl Update<V>);
}
