//! The vector kernel: a few rows of a panel, one level on.

use super::lanes::Lanes;
use super::panel::Panel;
use crate::real::Real;

/// The constants of the step in every lane.
#[derive(Clone, Copy)]
pub(super) struct Constants<V> {
    r: V,
    four: V,
    one: V,
}

impl<V: Lanes> Constants<V> {
    /// A product with `one` moves an addition to the units that multiply; the
    /// compiler must not see that it is 1.
    ///
    /// # Safety
    /// The processor has the instructions of `V`.
    #[inline(always)]
    pub unsafe fn new(r: V::Element, one: V::Element) -> Self {
        // SAFETY: passed on.
        unsafe {
            Self {
                r: V::splat(r),
                four: V::splat(V::Element::FOUR),
                one: V::splat(one),
            }
        }
    }
}

/// `R` rows of one level and the rows around them. The next level of the first
/// row goes to `next`, which may be `north`; that of each other one into the row
/// before it.
pub(super) struct Group<T, const R: usize> {
    pub north: *const T,
    pub rows: [*mut T; R],
    pub south: *const T,
    pub next: *mut T,
}

/// The step of [`super::scalar::step`], lane by lane. `CALM` promises that
/// `4 p` does not overflow, which makes its fused form exact.
#[inline(always)]
fn step<V: Lanes, const CALM: bool>(
    k: &Constants<V>,
    [north, south, west, east, centre]: [V; 5],
) -> V {
    let sum = south.add(north).add(east).add_scaled(k.one, west);
    let lapl = if CALM {
        sum.less(k.four, centre)
    } else {
        sum.subtract(k.four.multiply(centre))
    };
    centre.add(k.r.multiply(lapl))
}

/// Registers at one position of a group's rows.
type Column<V, const R: usize> = [V; R];

impl<T: Real, const R: usize> Group<T, R> {
    /// Where the next level of row `j` goes.
    #[inline(always)]
    fn next(&self, j: usize) -> *mut T {
        if j == 0 { self.next } else { self.rows[j - 1] }
    }

    /// The rows of the old level at element `at`.
    ///
    /// # Safety
    /// As [`sweep`].
    #[inline(always)]
    unsafe fn column<V: Lanes<Element = T>>(&self, at: usize) -> Column<V, R> {
        // SAFETY: the caller's promise.
        unsafe {
            let mut column = [V::load(self.north); R];
            for j in 0..R {
                column[j] = V::load(self.rows[j].add(at));
            }
            column
        }
    }

    /// The rows of the new level at element `at`.
    ///
    /// # Safety
    /// As [`sweep`].
    #[inline(always)]
    unsafe fn advance<V: Lanes<Element = T>, const CALM: bool>(
        &self,
        k: &Constants<V>,
        at: usize,
        west: &Column<V, R>,
        centre: &Column<V, R>,
        east: &Column<V, R>,
    ) -> Column<V, R> {
        let mut next = *centre;
        // SAFETY: the caller's promise.
        let (outer_north, outer_south) =
            unsafe { (V::load(self.north.add(at)), V::load(self.south.add(at))) };
        for j in 0..R {
            let north = if j == 0 { outer_north } else { centre[j - 1] };
            let south = if j == R - 1 {
                outer_south
            } else {
                centre[j + 1]
            };
            next[j] = step::<V, CALM>(k, [north, south, west[j], east[j], centre[j]]);
        }
        next
    }

    /// # Safety
    /// As [`sweep`].
    #[inline(always)]
    unsafe fn store<V: Lanes<Element = T>>(&self, at: usize, column: &Column<V, R>) {
        for j in 0..R {
            // SAFETY: the caller's promise.
            unsafe { column[j].store(self.next(j).add(at)) }
        }
    }
}

/// Advances a group of rows by one level, in place.
///
/// Walks east along all rows at once. The registers west of the current
/// position, on it and east of it stay where they are for the next position,
/// and rows of the group are each other's north and south: `R + 2` loads and
/// `R` stores serve `R` registers of results. Three positions at a time, so
/// that each register returns to its part without being moved.
///
/// A row may go where the row before it was, because every position is read
/// before it is written: positions west of the current one are in registers,
/// and the ghosts at both ends are written last, row after row.
///
/// # Safety
/// All pointers are rows of the panel; those read were written, ghosts
/// included.
#[inline(always)]
pub(super) unsafe fn sweep<V: Lanes, const R: usize, const CALM: bool>(
    group: &Group<V::Element, R>,
    panel: &Panel<V>,
    k: &Constants<V>,
) {
    let last = panel.width * V::COUNT;
    let mut at = V::COUNT;
    // SAFETY: in the whole function, positions 0 to width + 1 are in the rows.
    unsafe {
        let mut a = group.column::<V>(at - V::COUNT);
        let mut b = group.column::<V>(at);
        while at + 2 * V::COUNT < last {
            let c = group.column::<V>(at + V::COUNT);
            group.store(at, &group.advance::<V, CALM>(k, at, &a, &b, &c));
            at += V::COUNT;
            a = group.column::<V>(at + V::COUNT);
            group.store(at, &group.advance::<V, CALM>(k, at, &b, &c, &a));
            at += V::COUNT;
            b = group.column::<V>(at + V::COUNT);
            group.store(at, &group.advance::<V, CALM>(k, at, &c, &a, &b));
            at += V::COUNT;
        }
        while at < last {
            let c = group.column::<V>(at + V::COUNT);
            group.store(at, &group.advance::<V, CALM>(k, at, &a, &b, &c));
            (a, b) = (b, c);
            at += V::COUNT;
        }
        let c = group.column::<V>(at + V::COUNT);
        let newest = group.advance::<V, CALM>(k, at, &a, &b, &c);
        for j in 0..R {
            panel.close(group.rows[j], group.next(j), newest[j]);
        }
    }
}
