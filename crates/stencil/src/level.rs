//! The kernel of one level: advances a few lifted rows by one step.

use super::lanes::Lanes;
use super::lifted::Lifted;
use super::scalar::Star;
use super::update::{ArrayRows, Update};
use crate::real::Real;

/// `R` consecutive rows at one level, and the rows around them.
///
/// The next level of the first row is written to `next`, which may be `north`;
/// the next level of any other row overwrites the row before it.
///
/// ```text
///    north                                  next level of rows[0]   (next)
///    rows[0]     one step                   next level of rows[1]
///    rows[1]    ─────────▶    in place of   next level of rows[2]
///    rows[2]
///    south
/// ```
#[derive(Clone, Copy)]
pub(super) struct RowGroup<T, const R: usize> {
    pub north: *const T,
    pub rows: [*mut T; R],
    pub south: *const T,
    pub next: *mut T,
}

/// The registers of a group's rows at one position.
pub(super) type Column<V, const R: usize> = [V; R];

/// The rows of a group at element `at`.
///
/// # Safety
/// The processor has the instructions of `V`; the registers are in the rows.
#[inline(always)]
pub(super) unsafe fn column<V: Lanes, const R: usize>(
    rows: &[*mut V::Element; R],
    at: usize,
) -> Column<V, R> {
    // SAFETY: the caller's promise.
    unsafe {
        let mut column = [V::load(rows[0].add(at)); R];
        for j in 1..R {
            column[j] = V::load(rows[j].add(at));
        }
        column
    }
}

impl<T: Real, const R: usize> RowGroup<T, R> {
    /// The row in which the next level of row `j` is stored.
    #[inline(always)]
    pub fn next(&self, j: usize) -> *mut T {
        if j == 0 { self.next } else { self.rows[j - 1] }
    }

    /// The next level of the rows at element `at`, from the columns west, centre and east. `pairs` holds the sum of the
    /// south and the east neighbour of each node, on entry for the column west, on exit for the centre column.
    ///
    /// # Safety
    /// As [`advance_rows`].
    #[inline(always)]
    unsafe fn step_column<V: Lanes<Element = T>>(
        &self,
        update: &mut impl Update<V>,
        arrays: &ArrayRows<T, R>,
        at: usize,
        outer_north: V,
        [west, centre, east]: [&Column<V, R>; 3],
        pairs: &mut Column<V, R>,
    ) -> Column<V, R> {
        let mut new_column = *centre;
        // SAFETY: the caller's promise.
        let outer_south = unsafe { V::load(self.south.add(at)) };
        let mut north_west = outer_north.add(west[0]);
        for j in 0..R {
            let north = if j == 0 { outer_north } else { centre[j - 1] };
            let south = if j == R - 1 {
                outer_south
            } else {
                centre[j + 1]
            };
            let star = Star {
                north,
                south,
                west: west[j],
                east: east[j],
                centre: centre[j],
            };
            // SAFETY: the caller's promise.
            new_column[j] = unsafe { update.next(arrays, (j, at), star, north_west) };
            // What is south and east of a node is west and north of the next one of the next row.
            (north_west, pairs[j]) = (pairs[j], star.south.add(star.east));
        }
        new_column
    }

    /// # Safety
    /// As [`advance_rows`].
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
/// The loop goes east along all rows at once and keeps three columns of
/// registers: west, centre, east. Rows of the group are each other's north and
/// south neighbours, so `R` registers of results take `R + 2` loads and `R`
/// stores. The loop is unrolled three times, after which each column is back
/// in the registers it started in.
///
/// Writing in place is safe because every position is read before it is
/// written: the positions to the west are in registers, and the edges at both
/// ends are written last, row by row.
///
/// # Safety
/// All pointers are rows of the layout; all rows that are read have been written, with edges. `arrays` has the arrays
/// that the update reads.
#[inline(always)]
pub(super) unsafe fn advance_rows<V: Lanes, const R: usize>(
    group: &RowGroup<V::Element, R>,
    layout: &Lifted<V>,
    update: &mut impl Update<V>,
    arrays: &ArrayRows<V::Element, R>,
) {
    let last_offset = layout.width * V::COUNT;
    let mut offset = V::COUNT;
    // SAFETY: in the whole function, positions 0 to width + 1 are in the rows.
    unsafe {
        let mut a = column::<V, R>(&group.rows, offset - V::COUNT);
        let mut b = column::<V, R>(&group.rows, offset);
        let mut pairs = b;
        for j in 0..R {
            let south = match j + 1 {
                below if below == R => V::load(group.south.add(offset - V::COUNT)),
                below => a[below],
            };
            pairs[j] = south.add(b[j]);
        }
        macro_rules! step {
            ($west:ident, $centre:ident, $east:ident) => {
                $east = column::<V, R>(&group.rows, offset + V::COUNT);
                let north = V::load(group.north.add(offset));
                let columns = [&$west, &$centre, &$east];
                let new_column =
                    group.step_column(update, arrays, offset, north, columns, &mut pairs);
                group.store(offset, &new_column);
                offset += V::COUNT;
            };
        }
        let mut c;
        while offset + 2 * V::COUNT < last_offset {
            step!(a, b, c);
            step!(b, c, a);
            step!(c, a, b);
        }
        while offset < last_offset {
            step!(a, b, c);
            (a, b) = (b, c);
        }
        c = column::<V, R>(&group.rows, offset + V::COUNT);
        let north = V::load(group.north.add(offset));
        let update_before = *update;
        let newest = group.step_column(update, arrays, offset, north, [&a, &b, &c], &mut pairs);
        update.forget(update_before, layout.short);
        for j in 0..R {
            let [west, east] = layout.outside(group.rows[j]);
            let wall_values = [update.held(west), update.held(east)];
            layout.close(group.next(j), newest[j], wall_values);
        }
    }
}
