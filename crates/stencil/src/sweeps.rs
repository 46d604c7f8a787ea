//! [`Sweeps`]: the levels of a band, one after the other, in one function.
//!
//! A sweep over short rows takes a few hundred cycles. The function is called once for a band and keeps the constants
//! of its updates in registers from sweep to sweep.

use super::lanes::{Computation, Lanes};
use super::level::advance_rows;
use super::lifted::Lifted;
use super::prefetch::SourcePrefetch;
use super::ring::Ring;
use super::twice::{TwoLevels, advance_twice};
use super::update::{ArrayRows, Update};

/// Sweeps over a band away from walls, each by one level or by two.
pub(super) struct Sweeps<'a, T> {
    pub ring: &'a Ring<T>,
    /// Where the present level of the band begins, one slot before its first row.
    pub slot: usize,
    pub count: usize,
    /// Source rows to request meanwhile, so many cache lines a level.
    pub prefetch: &'a mut SourcePrefetch<T>,
    pub lines: usize,
}

/// What a sweep does to the rows of a band.
pub(super) trait Sweep<V: Lanes>: Copy {
    /// The levels that it computes.
    const LEVELS: usize;

    /// Computes the levels of `R` rows, of which the last begins in `slot`.
    ///
    /// # Safety
    /// Rows that are read were written, edges included. The updates read no arrays.
    unsafe fn sweep<const R: usize>(
        &mut self,
        ring: &Ring<V::Element>,
        slot: usize,
        layout: &Lifted<V>,
    );
}

/// One level, by this update.
#[derive(Clone, Copy)]
pub(super) struct Once<U>(pub U);

/// Two levels, by an update for each, which take note of nothing. Strips have at least three columns.
#[derive(Clone, Copy)]
pub(super) struct Twice<A, B>(pub A, pub B);

impl<V: Lanes, U: Update<V>> Sweep<V> for Once<U> {
    const LEVELS: usize = 1;

    #[inline(always)]
    unsafe fn sweep<const R: usize>(
        &mut self,
        ring: &Ring<V::Element>,
        slot: usize,
        layout: &Lifted<V>,
    ) {
        let group = ring.inner_group::<R>(slot);
        // SAFETY: passed on.
        unsafe { advance_rows::<V, R>(&group, layout, &mut self.0, &ArrayRows::NONE) }
    }
}

impl<V: Lanes, A: Update<V>, B: Update<V>> Sweep<V> for Twice<A, B> {
    const LEVELS: usize = 2;

    #[inline(always)]
    unsafe fn sweep<const R: usize>(
        &mut self,
        ring: &Ring<V::Element>,
        slot: usize,
        layout: &Lifted<V>,
    ) {
        let group = TwoLevels::<_, R>::new(ring, slot);
        // SAFETY: passed on.
        unsafe { advance_twice::<V, R>(&group, layout, (self.0, self.1)) }
    }
}

impl<T> Sweeps<'_, T> {
    /// Makes all of them over a band of `R` rows.
    ///
    /// # Safety
    /// As [`Sweep::sweep`], for each of them.
    #[inline(always)]
    pub unsafe fn make<V: Lanes<Element = T>, const R: usize>(
        &mut self,
        sweep: impl Sweep<V>,
        layout: &Lifted<V>,
    ) {
        // SAFETY: passed on.
        unsafe {
            V::compiled(All::<V, _, R> {
                sweep,
                sweeps: self,
                layout,
            });
        }
    }
}

/// [`Sweeps::make`] as a computation.
struct All<'a, 'b, V: Lanes, S, const R: usize> {
    sweep: S,
    sweeps: &'a mut Sweeps<'b, V::Element>,
    layout: &'a Lifted<V>,
}

impl<V: Lanes, S: Sweep<V>, const R: usize> Computation for All<'_, '_, V, S, R> {
    type Output = ();

    #[inline(always)]
    unsafe fn run(self) {
        let Sweeps {
            ring,
            slot,
            count,
            prefetch,
            lines,
        } = self.sweeps;
        // Copies are nobody else's: the compiler keeps them in registers while it writes rows.
        let (layout, mut sweep) = (*self.layout, self.sweep);
        for _ in 0..*count {
            prefetch.request::<V>(S::LEVELS * *lines);
            for _ in 0..S::LEVELS {
                *slot = ring.two_before(*slot);
            }
            // SAFETY: passed on.
            unsafe { sweep.sweep::<R>(ring, *slot, &layout) }
        }
    }
}
