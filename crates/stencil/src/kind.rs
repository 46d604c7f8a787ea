//! [`Kind`]: how the levels of a tile are advanced for one kind of equation.

use super::known::Known;
use super::lanes::{Computation, Lanes};
use super::level::{RowGroup, advance_rows};
use super::lifted::Lifted;
use super::sweeps::Sweeps;
use super::task::TileTask;
use super::update::{ArrayRows, Update};

/// A kind of equation while a tile is advanced: its constants in every lane, what is known of the
/// source rows, and which update that allows.
pub(super) trait Kind<V: Lanes>: Sized {
    /// Whether the equation has face coefficients, and whether it has a source.
    const ARRAYS: [bool; 2];

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
        true
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

    /// Advances a group of rows to `level`.
    ///
    /// # Safety
    /// As [`advance_rows`].
    unsafe fn advance<const R: usize>(
        &mut self,
        level: usize,
        group: &RowGroup<V::Element, R>,
        layout: &Lifted<V>,
        arrays: &ArrayRows<V::Element, R>,
    );

    /// Whether this level and all after it are computed by the same update, which reads no arrays. Then
    /// [`sweep`](Self::sweep) may compute them.
    #[inline(always)]
    fn may_sweep(&self, _level: usize) -> bool {
        false
    }

    /// Makes sweeps over a band, by one level each or by two.
    ///
    /// # Safety
    /// As [`Sweeps::make`].
    #[inline(always)]
    unsafe fn sweep<const R: usize>(
        &mut self,
        _by_two: bool,
        _sweeps: &mut Sweeps<'_, V::Element>,
        _layout: &Lifted<V>,
    ) {
        unreachable!("this kind advances by one level a call")
    }

    /// What is known once the tile is done.
    #[inline(always)]
    fn outcome(&self) -> Outcome {
        Outcome::default()
    }
}

/// What is known of a tile after a pass.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    /// What is known of the field there.
    pub known: Known,
    /// Rows advanced by a level with three, with five, and with six operations or more.
    pub rows: [u64; 3],
    /// Whether the levels were scaled by four.
    pub is_scaled: bool,
}

impl Outcome {
    /// The shares of `rows`. Kinds that count nothing have one number of operations.
    pub fn shares(&self) -> [f64; 3] {
        match self.rows.iter().sum::<u64>() {
            0 => [0.0, 0.0, 1.0],
            sum => self.rows.map(|rows| rows as f64 / sum as f64),
        }
    }
}

/// Advances a group of rows by one level with `update`, in a function of its own. Returns the update with
/// what it noted.
///
/// # Safety
/// As [`advance_rows`].
#[inline(always)]
pub(super) unsafe fn advance_with<V: Lanes, U: Update<V>, const R: usize>(
    update: U,
    group: &RowGroup<V::Element, R>,
    layout: &Lifted<V>,
    arrays: &ArrayRows<V::Element, R>,
) -> U {
    // SAFETY: passed on.
    unsafe {
        V::compiled(Sweep::<V, U, R> {
            update,
            group,
            layout,
            arrays,
        })
    }
}

struct Sweep<'a, V: Lanes, U, const R: usize> {
    update: U,
    group: &'a RowGroup<V::Element, R>,
    layout: &'a Lifted<V>,
    arrays: &'a ArrayRows<V::Element, R>,
}

impl<V: Lanes, U: Update<V>, const R: usize> Computation for Sweep<'_, V, U, R> {
    type Output = U;

    #[inline(always)]
    unsafe fn run(self) -> U {
        // Copies are nobody else's: the compiler keeps them in registers while it writes rows.
        let (mut update, group, arrays) = (self.update, *self.group, *self.arrays);
        // SAFETY: passed on.
        unsafe { advance_rows::<V, R>(&group, self.layout, &mut update, &arrays) };
        update
    }
}
