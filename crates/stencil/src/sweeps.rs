//! Advances groups of rows: [`Sweeps`] over a band, level after level, and [`OuterRows`] next to a wall.

use super::kind::Advance;
use super::lanes::{Computation, Lanes};
use super::level::{RowGroup, advance_rows};
use super::lifted::Lifted;
use super::prefetch::SourcePrefetch;
use super::ring::Ring;
use super::rows::ArrayRing;
use super::twice::{TwoLevels, advance_twice};
use super::update::Update;

/// Sweeps over a band of `R` rows away from walls, each by one level or by two.
///
/// A sweep over short rows takes a few hundred cycles. All sweeps are made in one function, which keeps the constants
/// of its updates in registers.
pub(super) struct Sweeps<'a, V: Lanes, const R: usize> {
    pub layout: &'a Lifted<V>,
    pub ring: &'a Ring<V::Element>,
    pub arrays: &'a ArrayRing<'a, V>,
    /// The slot before the slot of the band's first row, at its present level.
    pub slot: usize,
    /// The first row of the band at the present level.
    pub first: usize,
    pub count: usize,
    /// The number of levels in a sweep, one or two.
    pub levels: usize,
    /// The number of steps before the next level.
    pub step: usize,
    /// Source rows to request meanwhile, with a number of cache lines for each level.
    pub prefetch: &'a mut SourcePrefetch<V::Element>,
    pub lines: usize,
}

impl<V: Lanes, const R: usize> Sweeps<'_, V, R> {
    /// Moves to the next level.
    #[inline(always)]
    fn next_level(&mut self) {
        self.prefetch.request::<V>(self.lines);
        self.slot = self.ring.two_before(self.slot);
        self.first -= 1;
    }
}

impl<V: Lanes, const R: usize> Advance<V> for Sweeps<'_, V, R> {
    #[inline(always)]
    fn count(&self) -> u64 {
        (self.levels * self.count * R) as u64
    }

    #[inline(always)]
    fn is_by_two(&self) -> bool {
        V::TWO_LEVELS && self.levels == 2
    }

    #[inline(always)]
    unsafe fn by_one<U: Update<V>>(&mut self, update: U) -> U {
        // SAFETY: passed on.
        unsafe { V::compiled(ByOne(self, update)) }
    }

    #[inline(always)]
    unsafe fn by_two(&mut self, first: impl Update<V>, second: impl Update<V>) {
        // SAFETY: passed on.
        unsafe { V::compiled(ByTwo(self, first, second)) }
    }
}

/// The computation of [`Advance::by_one`] for [`Sweeps`].
struct ByOne<'a, 'b, V: Lanes, U, const R: usize>(&'a mut Sweeps<'b, V, R>, U);

impl<V: Lanes, U: Update<V>, const R: usize> Computation for ByOne<'_, '_, V, U, R> {
    type Output = U;

    #[inline(always)]
    unsafe fn run(self) -> U {
        let Self(sweeps, mut update) = self;
        // A copy is nobody else's: the compiler keeps it in registers while it writes rows.
        let layout = *sweeps.layout;
        for _ in 0..sweeps.count {
            sweeps.next_level();
            let group = sweeps.ring.inner_group::<R>(sweeps.slot);
            // SAFETY: passed on.
            unsafe {
                let arrays = sweeps.arrays.rows::<U, R>(sweeps.first, sweeps.step);
                advance_rows::<V, R>(&group, &layout, &mut update, &arrays);
            }
            sweeps.step += 1;
        }
        update
    }
}

/// The computation of [`Advance::by_two`] for [`Sweeps`].
struct ByTwo<'a, 'b, V: Lanes, A, B, const R: usize>(&'a mut Sweeps<'b, V, R>, A, B);

impl<V: Lanes, A: Update<V>, B: Update<V>, const R: usize> Computation
    for ByTwo<'_, '_, V, A, B, R>
{
    type Output = ();

    #[inline(always)]
    unsafe fn run(self) {
        let Self(sweeps, first, second) = self;
        let layout = *sweeps.layout;
        for _ in 0..sweeps.count {
            sweeps.next_level();
            sweeps.next_level();
            let group = TwoLevels::<_, R>::new(sweeps.ring, sweeps.slot);
            // SAFETY: passed on.
            unsafe { advance_twice::<V, R>(&group, &layout, first, second) }
        }
    }
}

/// A group of rows at an end of a level, some of which are next to a wall.
pub(super) struct OuterRows<'a, V: Lanes, const R: usize> {
    pub layout: &'a Lifted<V>,
    pub group: RowGroup<V::Element, R>,
    pub arrays: &'a ArrayRing<'a, V>,
    /// The first row of the group, and the number of steps before its next level.
    pub first: usize,
    pub step: usize,
}

impl<V: Lanes, const R: usize> Advance<V> for OuterRows<'_, V, R> {
    #[inline(always)]
    fn count(&self) -> u64 {
        R as u64
    }

    #[inline(always)]
    fn is_by_two(&self) -> bool {
        false
    }

    #[inline(always)]
    unsafe fn by_one<U: Update<V>>(&mut self, update: U) -> U {
        // SAFETY: passed on.
        unsafe { V::compiled(Outer(self, update)) }
    }

    #[inline(always)]
    unsafe fn by_two(&mut self, _: impl Update<V>, _: impl Update<V>) {
        unreachable!("rows next to walls advance by one level")
    }
}

/// The computation of [`Advance::by_one`] for [`OuterRows`].
struct Outer<'a, 'b, V: Lanes, U, const R: usize>(&'a OuterRows<'b, V, R>, U);

impl<V: Lanes, U: Update<V>, const R: usize> Computation for Outer<'_, '_, V, U, R> {
    type Output = U;

    #[inline(always)]
    unsafe fn run(self) -> U {
        let Self(rows, mut update) = self;
        let group = rows.group;
        // SAFETY: passed on.
        unsafe {
            let arrays = rows.arrays.rows::<U, R>(rows.first, rows.step);
            advance_rows::<V, R>(&group, rows.layout, &mut update, &arrays);
        }
        update
    }
}
