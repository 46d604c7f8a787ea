//! The kernel of two levels: advances a few lifted rows by two steps in one sweep.
//!
//! The level between stays in registers, but for two rows that the next group needs. Six rows take eight stores instead
//! of the twelve of two sweeps ([`super::level`]), and rows that do not fit the first-level cache come from the second
//! once instead of twice. That is faster where stores or the exchange between the caches are the limit, as on Zen 4.
//!
//! Source: the loop over time is unrolled and jammed with those over space, as in R. Allen, K. Kennedy, "Optimizing
//! Compilers for Modern Architectures", Morgan Kaufmann 2001, chapter 8.

use super::lanes::Lanes;
use super::level::{Column, column};
use super::lifted::Lifted;
use super::ring::Ring;
use super::scalar::Star;
use super::update::{ArrayRows, Update};
use crate::real::Real;

/// `R` consecutive rows at level `k`, the rows around them, and two rows of level `k + 1`, in consecutive slots.
///
/// ```text
///    between[0]    k + 1                                  k + 2
///    between[1]    k + 1                                  k + 2
///    north         k        two steps                     k + 2
///    rows[0]       k       ──────────▶   in place of it   k + 2
///    rows[1]       k                                      k + 1
///    rows[2]       k        R = 4                         k + 1
///    rows[3]       k
///    south         k
/// ```
#[derive(Clone, Copy)]
pub(super) struct TwoLevels<T, const R: usize> {
    between: [*mut T; 2],
    north: *mut T,
    rows: [*mut T; R],
    south: *const T,
}

impl<T: Real, const R: usize> TwoLevels<T, R> {
    /// The rows whose level after next begins in `slot`, without the first two rows and the last row.
    #[inline(always)]
    pub fn new(ring: &Ring<T>, slot: usize) -> Self {
        let north = ring.at(slot + 2);
        let mut rows = [north; R];
        for j in 0..R {
            rows[j] = ring.at(slot + 3 + j);
        }
        Self {
            between: [ring.at(slot), ring.at(slot + 1)],
            north,
            rows,
            south: ring.at(slot + R + 3),
        }
    }

    /// The row in which row `j` of level `k + 2` is stored, counted from the row north of the group.
    #[inline(always)]
    fn last(&self, j: usize) -> *mut T {
        match j {
            0 | 1 => self.between[j],
            2 => self.north,
            _ => self.rows[j - 3],
        }
    }

    /// The row in which row `j` of level `k + 1` is stored.
    #[inline(always)]
    fn middle(&self, j: usize) -> *mut T {
        if j == 0 { self.north } else { self.rows[j - 1] }
    }

    /// Level `k + 1` of the nodes at element `at`.
    ///
    /// # Safety
    /// As [`advance_twice`].
    #[inline(always)]
    unsafe fn middle_column<V: Lanes<Element = T>>(
        &self,
        update: &mut impl Update<V>,
        at: usize,
        [west, centre]: [&Column<V, R>; 2],
    ) -> Column<V, R> {
        let mut new_column = *west;
        for j in 0..R {
            // SAFETY: the caller's promise.
            unsafe {
                let star = Star {
                    north: match j {
                        0 => V::load(self.north.add(at)),
                        _ => centre[j - 1],
                    },
                    south: match j + 1 {
                        below if below == R => V::load(self.south.add(at)),
                        below => centre[below],
                    },
                    west: west[j],
                    east: V::load(self.rows[j].add(at + V::COUNT)),
                    centre: centre[j],
                };
                let north_west = star.north.add(star.west);
                new_column[j] = update.next(&ArrayRows::<T, R>::NONE, (j, at), star, north_west);
            }
        }
        new_column
    }

    /// Stores the part of a column of level `k + 1` that the next group needs.
    ///
    /// # Safety
    /// As [`advance_twice`].
    #[inline(always)]
    unsafe fn store_middle<V: Lanes<Element = T>>(&self, at: usize, column: &Column<V, R>) {
        for j in R - 2..R {
            // SAFETY: the caller's promise.
            unsafe { column[j].store(self.middle(j).add(at)) }
        }
    }
}

/// Advances a group of rows by two levels, in place, with an update for each.
///
/// The loop goes east along all rows at once. Level `k + 2` follows a register behind level `k + 1`, of which it needs
/// the columns on both sides. At the ends of the strips these are columns of other strips, so level `k + 2` of the first
/// column is computed last, from the first two columns of level `k + 1`, which are kept.
///
/// Writing in place is safe because every position is read before it is written:
///
/// - The columns to the west are in registers.
/// - The columns outside `rows` are read before the last column of level `k + 1` is stored.
/// - The columns outside `between[1]` are read before level `k + 2` gets its first column, its last one and its edges.
///
/// # Safety
/// All pointers are rows of the layout, which has long strips of at least three columns; all rows that are read have
/// been written, with edges. The updates read no arrays and note nothing.
#[allow(
    unused_assignments,
    reason = "the last of several equal steps assigns what no other one reads"
)]
#[inline(always)]
pub(super) unsafe fn advance_twice<V: Lanes, const R: usize>(
    group: &TwoLevels<V::Element, R>,
    layout: &Lifted<V>,
    mut first_update: impl Update<V>,
    mut second_update: impl Update<V>,
) {
    const { assert!(R > 1) };
    debug_assert!(layout.width >= 3);
    let step = V::COUNT;
    let last_offset = layout.width * step;
    // SAFETY: in the whole function, positions 0 to width + 1 are in the rows.
    unsafe {
        // Columns of level k are a and b, those of level k + 1 are p, q and n.
        let mut offset = step;
        let mut a = column::<V, R>(&group.rows, 0);
        let mut b = column::<V, R>(&group.rows, offset);
        macro_rules! middle {
            ($west:ident, $centre:ident) => {
                group.middle_column(&mut first_update, offset, [&$west, &$centre])
            };
        }
        // Level k + 1 of the first two columns.
        let first_column = middle!(a, b);
        group.store_middle(offset, &first_column);
        offset += step;
        (a, b) = (b, column::<V, R>(&group.rows, offset));
        let second_column = middle!(a, b);
        group.store_middle(offset, &second_column);
        offset += step;
        (a, b) = (b, column::<V, R>(&group.rows, offset));
        let (mut p, mut q) = (first_column, second_column);
        // The row north of the group at level k + 1.
        let row_second = V::load(group.between[1].add(2 * step));
        let (mut row, mut row_east) = (V::load(group.between[1].add(step)), row_second);

        // Level k + 2 at `$at`, from level k + 1 of three columns and of the row north of them.
        macro_rules! last_column {
            ($offset:expr, [$p:ident, $q:ident, $n:ident], $row:expr) => {{
                let [north_west, north, north_east] = $row;
                let mut new_column = $p;
                for j in 0..R {
                    let star = Star {
                        north: match j {
                            0 => V::load(group.between[0].add($offset)),
                            1 => north,
                            _ => $q[j - 2],
                        },
                        south: $q[j],
                        west: if j == 0 { north_west } else { $p[j - 1] },
                        east: if j == 0 { north_east } else { $n[j - 1] },
                        centre: if j == 0 { north } else { $q[j - 1] },
                    };
                    let north_west = star.north.add(star.west);
                    new_column[j] = second_update.next(
                        &ArrayRows::<V::Element, R>::NONE,
                        (j, $offset),
                        star,
                        north_west,
                    );
                }
                new_column
            }};
        }
        // Goes on by a column. Column n of level k + 1 takes the registers of the column west of it of level k, which is
        // not needed any more. The next column of level k takes those of p.
        macro_rules! step {
            ($west:ident, $p:ident, $q:ident, $n:expr) => {
                let n = $n;
                let rows = [row, row_east, V::load(group.between[1].add(offset))];
                (row, row_east) = (rows[1], rows[2]);
                let new_column = last_column!(offset - step, [$p, $q, n], rows);
                for j in 0..R {
                    new_column[j].store(group.last(j).add(offset - step));
                }
                group.store_middle(offset, &n);
                offset += step;
                ($west, $p) = (n, column::<V, R>(&group.rows, offset));
            };
        }
        // After a step the columns a, b, p, q are in b, p, q, a.
        while offset + 3 * step < last_offset {
            step!(a, p, q, middle!(a, b));
            step!(b, q, a, middle!(b, p));
            step!(p, a, b, middle!(p, q));
            step!(q, b, p, middle!(q, a));
        }
        while offset < last_offset {
            step!(a, p, q, middle!(a, b));
            (a, b, p, q) = (b, p, q, a);
        }
        // Level k + 1 of the last column, and its edges.
        let mut newest = middle!(a, b);
        let (mut west, mut east) = (q, newest);
        for j in 0..R {
            let [west_end, east_end] = layout.outside(group.rows[j]);
            let wall_values = [first_update.held(west_end), first_update.held(east_end)];
            [west[j], east[j]] = layout.edges(first_column[j], [q[j], newest[j]], wall_values);
            newest[j] = newest[j].select(layout.short, east[j]);
        }
        step!(a, p, q, newest);
        group.store_middle(0, &west);
        group.store_middle(offset, &east);
        // Level k + 2 of the last column and of the first one, and its edges.
        let edges_outside = layout.outside(group.between[1]);
        let rows = [row, row_east, V::load(group.between[1].add(offset))];
        let end_column = last_column!(offset - step, [q, a, east], rows);
        let rows = [
            V::load(group.between[1]),
            V::load(group.between[1].add(step)),
            row_second,
        ];
        let start_column = last_column!(step, [west, first_column, second_column], rows);
        for j in 0..R {
            start_column[j].store(group.last(j).add(step));
            let [west_end, east_end] = match j {
                0 => edges_outside,
                _ => [west[j - 1], east[j - 1]],
            };
            let wall_values = [second_update.held(west_end), second_update.held(east_end)];
            layout.close(group.last(j), end_column[j], wall_values);
        }
    }
}
