//! How a band of columns lies in the lanes of registers.
//!
//! A panel of `n` columns is cut into as many strips as a register has lanes;
//! lane `l` walks along strip `l`. The register at position `i` holds the
//! `i`-th column of every strip, so the west and east neighbours of a register
//! are the registers before and after it: whole registers, no shuffles.
//!
//! ```text
//!    columns      a b c d e f g h i j k        n = 11, 4 lanes, width 3
//!
//!    position     0   1 2 3   4
//!    lane 0       .   a b c   d                long strip
//!    lane 1       c   d e f   g                long strip
//!    lane 2       f   g h i   j                long strip
//!    lane 3       i   j k .                    short strip, ends at width - 1
//!               west         east
//!               ghost        ghost
//! ```
//!
//! Position 0 and the position behind a strip's last column are *ghosts*:
//! copies of the neighbouring strip's nearest column or, at the two ends of
//! the panel, of the column outside it, which is held. Where `n` is no
//! multiple of the lanes the last strips are one column shorter, and their
//! ghost lies at position `width`.

use super::lanes::{Lanes, MOST};

/// A panel of columns laid out in the lanes of `V`.
pub(super) struct Panel<V: Lanes> {
    /// Columns of the longest strip.
    pub width: usize,
    /// The lanes with short strips.
    pub short: V::Mask,
    /// Position that holds the column east of the panel, in the last lane.
    pub outer: usize,
    /// Number of long strips; the short ones follow.
    long: usize,
}

impl<V: Lanes> Panel<V> {
    /// Lays out `columns` columns, of which there must be more than lanes.
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

    /// Elements from one row of such a panel to the next: positions `0` to
    /// `width + 1`, and an odd number of registers so that rows do not fall on
    /// the same cache sets.
    pub fn pitch(columns: usize) -> usize {
        ((columns.div_ceil(V::COUNT) + 2) | 1) * V::COUNT
    }

    /// First column of the strip in `lane`, counted from the panel's first.
    #[inline(always)]
    fn start(&self, lane: usize) -> usize {
        lane * self.width - lane.saturating_sub(self.long)
    }

    /// Brings one row of a field into the panel, ghosts included; returns the
    /// larger of `peak` and the largest magnitudes met.
    ///
    /// # Safety
    /// `from` points to the column west of the panel, and the row is readable
    /// up to the column east of it; `to` has room for [`Panel::pitch`].
    #[inline(always)]
    pub unsafe fn gather(&self, from: *const V::Element, to: *mut V::Element, peak: V) -> V {
        let positions = self.outer + 1;
        let mut peak = peak;
        // SAFETY: here and in the loops, lane l reads start(l) + i with
        // i < positions, at most the column east of the panel, and writes
        // positions below pitch.
        unsafe {
            if positions < V::COUNT {
                // Too narrow for a block.
                for i in 0..positions {
                    for l in 0..V::COUNT {
                        *to.add(i * V::COUNT + l) = *from.add(self.start(l) + i);
                    }
                    peak = V::load(to.add(i * V::COUNT)).peak(peak);
                }
            }
            for i in blocks(positions, V::COUNT) {
                let mut block = [peak; MOST];
                for l in 0..V::COUNT {
                    block[l] = V::load(from.add(self.start(l) + i));
                    peak = block[l].peak(peak);
                }
                block = V::transpose(block);
                for l in 0..V::COUNT {
                    block[l].store(to.add((i + l) * V::COUNT));
                }
            }
            self.close(to, to, V::load(to.add(self.width * V::COUNT)));
        }
        peak
    }

    /// Completes a row whose columns are new but for the last position, which
    /// is given: the ghosts between strips are copied from the new columns, the
    /// two outside the panel from `old`, which may be the same row.
    ///
    /// # Safety
    /// Both are rows of the panel; `old` has its outer ghosts.
    #[inline(always)]
    pub unsafe fn close(&self, old: *const V::Element, new: *mut V::Element, last: V) {
        let at = |position: usize| position * V::COUNT;
        // SAFETY: positions 0 to width + 1 are in the rows, and a panel is at
        // least two columns wide.
        unsafe {
            let first = V::load(new.add(at(1)));
            let before = V::load(new.add(at(self.width - 1)));
            let east = first.shift_down(V::load(old.add(at(self.outer))));
            let west = last.select(self.short, before).shift_up(V::load(old));
            last.select(self.short, east).store(new.add(at(self.width)));
            east.store(new.add(at(self.width + 1)));
            west.store(new);
        }
    }

    /// Writes the panel's columns of one row in their order, and possibly one
    /// element more.
    ///
    /// # Safety
    /// `from` is a row of the panel, `to` has room for one element more than
    /// the panel has columns.
    #[inline(always)]
    pub unsafe fn scatter(&self, from: *const V::Element, to: *mut V::Element) {
        // SAFETY: here and in the loops, lane l writes start(l) + i with
        // i < width, at most one past the last column.
        unsafe {
            let from = from.add(V::COUNT);
            if self.width < V::COUNT {
                for i in 0..self.width {
                    for l in 0..V::COUNT {
                        *to.add(self.start(l) + i) = *from.add(i * V::COUNT + l);
                    }
                }
            }
            for i in blocks(self.width, V::COUNT) {
                let mut block = [V::load(from); MOST];
                for l in 0..V::COUNT {
                    block[l] = V::load(from.add((i + l) * V::COUNT));
                }
                block = V::transpose(block);
                for l in 0..V::COUNT {
                    block[l].store(to.add(self.start(l) + i));
                }
            }
        }
    }
}

/// Starts of blocks of `size` that cover `0..length`, the last one overlapping
/// the one before it if need be; none if `length` is less than a block.
#[inline(always)]
fn blocks(length: usize, size: usize) -> impl Iterator<Item = usize> {
    let whole = length / size;
    let rest = usize::from(whole > 0 && !length.is_multiple_of(size));
    (0..whole + rest).map(move |k| (k * size).min(length - size))
}

#[cfg(test)]
mod tests {
    use super::super::portable::Portable;
    use super::*;

    type Quad = Portable<f32, 4>;

    /// Row of a panel of `n` columns that hold their numbers, and the panel.
    fn gathered(n: usize) -> (Panel<Quad>, Vec<f32>) {
        let field: Vec<f32> = (0..n + 2).map(|i| i as f32).collect();
        let mut row = vec![f32::NAN; Panel::<Quad>::pitch(n)];
        // SAFETY: no instructions needed; the field has the columns around.
        let panel = unsafe {
            let panel = Panel::<Quad>::new(n);
            let zero = Quad::splat(0.0);
            panel.gather(field.as_ptr(), row.as_mut_ptr(), zero);
            panel
        };
        (panel, row)
    }

    #[test]
    fn neighbours_are_the_registers_before_and_after() {
        for n in 5..60 {
            let (panel, row) = gathered(n);
            for l in 0..4 {
                let short = l >= panel.long;
                for i in 1..=panel.width - usize::from(short) {
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
    fn what_is_scattered_is_what_was_gathered() {
        for n in 5..60 {
            let (panel, row) = gathered(n);
            let mut plain = vec![f32::NAN; n + 1];
            // SAFETY: room for one element more than there are columns.
            unsafe { panel.scatter(row.as_ptr(), plain.as_mut_ptr()) };
            assert!((0..n).all(|i| plain[i] == (i + 1) as f32), "{n}: {plain:?}");
        }
    }
}
