//! [`Lifted`]: the dimension-lifted transpose of a row of nodes.
//!
//! A row of `n` columns is cut into as many strips as a register has lanes;
//! lane `l` holds strip `l`. The register at position `i` holds the `i`-th
//! column of every strip. The west and east neighbours of a register are
//! therefore the registers before and after it: no shuffles, no unaligned
//! loads.
//!
//! ```text
//!    columns      a b c d e f g h i j k        n = 11, 4 lanes, width 3
//!
//!    position     0   1 2 3   4
//!    lane 0       .   a b c   d                long strip
//!    lane 1       c   d e f   g                long strip
//!    lane 2       f   g h i   j                long strip
//!    lane 3       i   j k .                    short strip, ends at width - 1
//!               west         east              . column outside, held constant
//!                edge        edge
//! ```
//!
//! Position 0 and the position after a strip's last column are *edges*: copies
//! of the nearest column of the adjacent strip or, at the two ends of the row,
//! of the column outside it, which is held constant. If `n` is not a multiple
//! of the number of lanes, the last strips are one column shorter and their
//! east edge is at position `width`.
//!
//! Source: T. Henretty, K. Stock, L.-N. Pouchet, F. Franchetti, J. Ramanujam,
//! P. Sadayappan, "Data layout transformation for stencil computations on
//! short-vector SIMD architectures", Compiler Construction 2011.

use super::lanes::{Lanes, MAX_LANES};

/// The layout of rows of a given number of columns in registers of type `V`.
#[derive(Clone, Copy)]
pub(super) struct Lifted<V: Lanes> {
    /// The number of columns in a long strip.
    pub width: usize,
    /// The lanes with short strips.
    pub short: V::Mask,
    /// The position of the column east of the row, in the last lane.
    outer: usize,
    /// The number of long strips; short ones follow them.
    long: usize,
}

/// The order of a row's columns in registers.
pub(super) trait Layout<V: Lanes> {
    /// Brings a row of a field into this order, with the columns next to it; `change` is applied to its values.
    ///
    /// # Safety
    /// `from` points to the column west of the row, and all columns up to the
    /// one east of it are readable; `to` has room for a row of the layout.
    unsafe fn lift(&self, from: *const V::Element, to: *mut V::Element, change: impl FnMut(V) -> V);
}

impl<V: Lanes> Lifted<V> {
    /// The layout of `columns` columns, more than a register has lanes.
    ///
    /// # Safety
    /// The processor has the instructions of `V`.
    #[inline(always)]
    pub unsafe fn new(columns: usize) -> Self {
        debug_assert!(columns > V::COUNT);
        let width = columns.div_ceil(V::COUNT);
        let long = columns - V::COUNT * (width - 1);
        Self {
            width,
            // SAFETY: passed on.
            short: unsafe { V::lanes_from(long) },
            outer: if long == V::COUNT { width + 1 } else { width },
            long,
        }
    }

    /// The number of registers in a row: positions `0..width + 2`.
    pub fn registers(columns: usize) -> usize {
        columns.div_ceil(V::COUNT) + 2
    }

    /// The distance of lifted rows in elements, a multiple of 64 bytes.
    ///
    /// A load waits for an earlier store to the same offset of another page, and the loop over a group of rows stores
    /// slightly to the west of its loads. So no two rows of a group may be nearly a multiple of a page apart. Pitches
    /// that are multiples of a quarter of a page would crowd rows into few sets of a cache.
    pub fn pitch(columns: usize) -> usize {
        /// The number of cache lines in a page.
        const PAGE: usize = 64;
        /// The largest number of rows between two rows of a group, and the distance from a multiple of a page, in cache
        /// lines, that they must keep.
        const ROWS: usize = 9;
        const NEAR: usize = 3;
        /// Whether rows that are `lines` cache lines apart neither crowd into few sets nor lie nearly a page apart.
        fn are_apart(lines: usize) -> bool {
            !lines.is_multiple_of(PAGE / 4)
                && (1..=ROWS).all(|rows| {
                    let distance = rows * lines % PAGE;
                    !(1..=NEAR).contains(&distance) && !(1..=NEAR).contains(&(PAGE - distance))
                })
        }
        // Registers of a line.
        let line = 64 / size_of::<V>();
        let fewest_lines = Self::registers(columns).div_ceil(line);
        // Of any nine successive numbers of lines, at least one keeps rows apart.
        let lines = (fewest_lines..fewest_lines + PAGE).find(|&lines| are_apart(lines));
        lines.unwrap_or(fewest_lines) * line * V::COUNT
    }

    /// The first column of the strip in `lane`, counted from the first column of the row.
    #[inline(always)]
    fn start(&self, lane: usize) -> usize {
        lane * self.width - lane.saturating_sub(self.long)
    }

    /// The two registers of a row that hold the columns outside: one column in the first lane of the first register,
    /// the other column in the last lane of the second register.
    ///
    /// # Safety
    /// `row` is a lifted row.
    #[inline(always)]
    pub unsafe fn outside(&self, row: *const V::Element) -> [V; 2] {
        // SAFETY: positions 0 to width + 1 are in the row.
        unsafe { [V::load(row), V::load(row.add(self.outer * V::COUNT))] }
    }

    /// The west and the east edge of a row: copies of the columns at the ends of the strips, `first` at position 1,
    /// `before` and `last` at `width - 1` and `width`, and the two columns outside.
    #[inline(always)]
    pub fn edges(&self, first: V, [before, last]: [V; 2], outside: [V; 2]) -> [V; 2] {
        let west = last.select(self.short, before).shift_up(outside[0]);
        [west, first.shift_down(outside[1])]
    }

    /// Completes the row `new`, whose positions `1..width` are written: stores `last` at position `width`, and at the
    /// edges copies of the columns next to them, or the columns `outside`.
    ///
    /// # Safety
    /// `new` is a lifted row.
    #[inline(always)]
    pub unsafe fn close(&self, new: *mut V::Element, last: V, outside: [V; 2]) {
        // SAFETY: positions 0 to width + 1 are in the rows, and strips are at
        // least two columns wide.
        unsafe {
            let first_column = V::load(new.add(V::COUNT));
            let column_before_last = V::load(new.add((self.width - 1) * V::COUNT));
            let [west, east] = self.edges(first_column, [column_before_last, last], outside);
            last.select(self.short, east)
                .store(new.add(self.width * V::COUNT));
            east.store(new.add((self.width + 1) * V::COUNT));
            west.store(new);
        }
    }

    /// The elements of the column west of the row, and of the first two columns.
    #[inline(always)]
    pub fn west_end(&self) -> [usize; 3] {
        [0, V::COUNT, 2 * V::COUNT]
    }

    /// The elements of the column east of the row, and of the last two columns.
    #[inline(always)]
    pub fn east_end(&self) -> [usize; 3] {
        // Where the last strip has one column, the one before it is its west edge.
        [0, 1, 2].map(|back| (self.outer - back) * V::COUNT + V::COUNT - 1)
    }

    /// Writes the columns of one lifted row in order, after applying `change`, and possibly one element more.
    ///
    /// # Safety
    /// `from` is a lifted row, which is not read afterwards; `to` has room for one element more than the row has
    /// columns.
    #[inline(always)]
    pub unsafe fn lower(
        &self,
        from: *mut V::Element,
        to: *mut V::Element,
        change: impl Fn(V) -> V,
    ) {
        // SAFETY: here and in the loops, lane l writes start(l) + i with
        // i < width, at most one past the last column.
        unsafe {
            let row = from.add(V::COUNT);
            if self.width < V::COUNT {
                for i in 0..self.width {
                    change(V::load(row.add(i * V::COUNT))).store(row.add(i * V::COUNT));
                    for l in 0..V::COUNT {
                        *to.add(self.start(l) + i) = *row.add(i * V::COUNT + l);
                    }
                }
            }
            for i in squares(self.width, V::COUNT) {
                let mut square = [V::load(row); MAX_LANES];
                for l in 0..V::COUNT {
                    square[l] = change(V::load(row.add((i + l) * V::COUNT)));
                }
                square = V::transpose(square);
                for l in 0..V::COUNT {
                    square[l].store(to.add(self.start(l) + i));
                }
            }
        }
    }
}

impl<V: Lanes> Layout<V> for Lifted<V> {
    #[inline(always)]
    unsafe fn lift(
        &self,
        from: *const V::Element,
        to: *mut V::Element,
        mut change: impl FnMut(V) -> V,
    ) {
        let positions = self.outer + 1;
        // SAFETY: here and in the loops, lane l reads start(l) + i with
        // i < positions, at most the column east of the row, and writes
        // positions below the pitch.
        unsafe {
            if positions < V::COUNT {
                // Too narrow for a square of registers.
                for i in 0..positions {
                    for l in 0..V::COUNT {
                        *to.add(i * V::COUNT + l) = *from.add(self.start(l) + i);
                    }
                    change(V::load(to.add(i * V::COUNT))).store(to.add(i * V::COUNT));
                }
            }
            for i in squares(positions, V::COUNT) {
                let mut square = [V::load(from); MAX_LANES];
                for l in 0..V::COUNT {
                    square[l] = change(V::load(from.add(self.start(l) + i)));
                }
                square = V::transpose(square);
                for l in 0..V::COUNT {
                    square[l].store(to.add((i + l) * V::COUNT));
                }
            }
            let last_column = V::load(to.add(self.width * V::COUNT));
            self.close(to, last_column, self.outside(to));
        }
    }
}

/// The starts of intervals of length `size` that cover `0..length`. If `length` is not a multiple of `size`, the last
/// interval overlaps the one before. Empty if `length` is less than `size`.
#[inline(always)]
pub(super) fn squares(length: usize, size: usize) -> impl Iterator<Item = usize> {
    let full_intervals = length / size;
    let partial_intervals = usize::from(full_intervals > 0 && !length.is_multiple_of(size));
    (0..full_intervals + partial_intervals).map(move |k| (k * size).min(length - size))
}

#[cfg(test)]
mod tests {
    use super::super::lanes::portable::Portable;
    use super::*;

    type Quad = Portable<f32, 4>;

    /// The layout of `n` columns, and a lifted row whose elements are the column numbers; the column to the west is
    /// number 0.
    fn lifted(n: usize) -> (Lifted<Quad>, Vec<f32>) {
        let field: Vec<f32> = (0..n + 2).map(|i| i as f32).collect();
        let mut row = vec![f32::NAN; Lifted::<Quad>::pitch(n)];
        // SAFETY: any processor has the instructions; the field has a column on
        // each side of the row.
        let layout = unsafe {
            let layout = Lifted::<Quad>::new(n);
            layout.lift(field.as_ptr(), row.as_mut_ptr(), |register| register);
            layout
        };
        (layout, row)
    }

    #[test]
    fn rows_of_a_group_are_not_nearly_pages_apart() {
        const PAGE: usize = 4096;
        for columns in 5..3000 {
            let bytes = Lifted::<Quad>::pitch(columns) * size_of::<f32>();
            assert!(bytes >= Lifted::<Quad>::registers(columns) * size_of::<Quad>());
            assert!(bytes.is_multiple_of(64) && bytes < (columns + 8) * size_of::<f32>() + 9 * 64);
            for rows in 1..=9 {
                let beyond = rows * bytes % PAGE;
                assert!(
                    beyond == 0 || (256..=PAGE - 256).contains(&beyond),
                    "{columns} {rows}"
                );
            }
        }
    }

    #[test]
    fn west_and_east_neighbours_are_the_registers_before_and_after() {
        for n in 5..60 {
            let (layout, row) = lifted(n);
            for l in 0..4 {
                let short = l >= layout.long;
                for i in 1..=layout.width - usize::from(short) {
                    let at = |i: usize| row[i * 4 + l];
                    assert_eq!(
                        (at(i - 1), at(i + 1)),
                        (at(i) - 1.0, at(i) + 1.0),
                        "{n} {l} {i}"
                    );
                }
            }
        }
    }

    #[test]
    fn lowering_undoes_lifting() {
        for n in 5..60 {
            let (layout, mut row) = lifted(n);
            let mut plain = vec![f32::NAN; n + 1];
            // SAFETY: there is room for one element more than columns.
            unsafe { layout.lower(row.as_mut_ptr(), plain.as_mut_ptr(), |register| register) };
            assert!((0..n).all(|i| plain[i] == (i + 1) as f32), "{n}: {plain:?}");
        }
    }
}
