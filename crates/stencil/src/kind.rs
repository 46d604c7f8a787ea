//! [`EquationKind`]: how the levels of a tile are advanced for one kind of equation.

use super::knowledge::TileOutcome;
use super::lanes::Lanes;
use super::task::TileTask;
use super::update::Update;

/// A kind of equation while a tile is advanced: its constants in every lane, the known properties of the source rows,
/// and the update that these allow.
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

    /// Notes properties of source values.
    #[inline(always)]
    fn note(&mut self, _register: V) {}

    /// Values of level 0 in the ring, from source values.
    #[inline(always)]
    fn lifted(&self, register: V) -> V {
        register
    }

    /// Target values, from values of the last level in the ring.
    #[inline(always)]
    fn lowered(&self, register: V) -> V {
        register
    }

    /// The factor of held values at `level`; `None` if it is 1 at every level.
    #[inline(always)]
    fn held_factor(&self, _level: usize) -> Option<V> {
        None
    }

    /// Whether this kind reproduces the bits of the definition for the source values noted so far.
    #[inline(always)]
    fn is_valid(&mut self) -> bool {
        true
    }

    /// Whether this level needs another update than later levels.
    #[inline(always)]
    fn is_checked(&self, _level: usize) -> bool {
        false
    }

    /// Advances rows to `level`, and to later levels if `rows` has several.
    ///
    /// # Safety
    /// As [`Advance::by_one`] and [`Advance::by_two`].
    unsafe fn advance(&mut self, level: usize, rows: &mut impl Advance<V>);

    /// The known properties of the result, once the tile is done.
    #[inline(always)]
    fn outcome(&self) -> TileOutcome {
        TileOutcome::default()
    }
}

/// A group of rows that an update advances.
pub(super) trait Advance<V: Lanes> {
    /// The number of rows, each counted once for each level.
    fn count(&self) -> u64;

    /// Whether sweeps over the rows compute two levels.
    fn is_by_two(&self) -> bool;

    /// Advances the rows by one level in a sweep, in a function of its own. Returns the update with the properties that
    /// it noted.
    ///
    /// # Safety
    /// The processor has the instructions of `V`; all rows that are read have been written, with edges, and so have the
    /// rows of the arrays that the update reads.
    unsafe fn by_one<U: Update<V>>(&mut self, update: U) -> U;

    /// Advances the rows by two levels in a sweep, with one update for each level. The updates read no arrays and note
    /// nothing.
    ///
    /// # Safety
    /// As [`by_one`](Self::by_one); strips have at least three columns.
    unsafe fn by_two(&mut self, first: impl Update<V>, second: impl Update<V>);
}
