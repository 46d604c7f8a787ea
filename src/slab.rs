//! [`Slab`]: the rows of the grid that a rank owns, and its halos.
//!
//! ```text
//!   rows of the grid            slab of rank 1 of 3, halo 2
//!    0  boundary nodes
//!    1  ┐
//!    2  │ rank 0
//!    3  │                        3 ┐ halo: rows of rank 0
//!    4  ┘                        4 ┘
//!    5  ┐                        5 ┐
//!    6  │ rank 1                 6 │ own
//!    7  ┘                        7 ┘
//!    8  ┐                        8 ┐ halo: rows of rank 2
//!    9  │ rank 2                 9 ┘
//!   10  ┘
//!   11  boundary nodes
//! ```

use std::ops::Range;

/// The rows of the grid that a rank owns, and the halos it borrows from the ranks above and below.
///
/// Slabs differ by at most one interior row. The first and the last slab also own a row of boundary nodes.
/// With more ranks than interior rows the last ranks own nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slab {
    rank: usize,
    /// The first row of each rank with rows, and the end of the last rank's rows.
    cuts: Vec<usize>,
    halo: usize,
    /// Whether the first and the last slab are neighbours.
    is_ring: bool,
}

impl Slab {
    /// The slab of `rank` if `ranks` ranks share `rows` rows, two of which are boundary rows.
    ///
    /// Halos are `depth` rows deep, but not deeper than the interior of the smallest slab.
    ///
    /// # Panics
    /// With fewer than three rows, without ranks, or with a depth of zero.
    pub fn new(rows: usize, rank: usize, ranks: usize, depth: usize) -> Self {
        assert!(rows > 2 && ranks > 0 && depth > 0);
        let interior = rows - 2;
        let parts = ranks.min(interior);
        let mut cuts: Vec<usize> = (0..=parts)
            .map(|part| 1 + (interior as u128 * part as u128 / parts as u128) as usize)
            .collect();
        cuts[0] = 0;
        cuts[parts] = rows;
        Self {
            rank,
            cuts,
            halo: depth.min(interior / parts),
            is_ring: false,
        }
    }

    /// The slab in a grid whose first and last rows are the same. The first and the last slab then have halos between
    /// them as well.
    pub fn periodic(mut self, is_periodic: bool) -> Self {
        self.is_ring = is_periodic && self.parts() > 1;
        self
    }

    /// The slab of a single rank: all `rows` rows.
    ///
    /// # Panics
    /// With fewer than three rows.
    pub fn whole(rows: usize) -> Self {
        Self::new(rows, 0, 1, 1)
    }

    /// The rows of the grid that `rank` owns.
    pub fn rows_of(&self, rank: usize) -> Range<usize> {
        match self.cuts.get(rank..rank + 2) {
            Some(cuts) => cuts[0]..cuts[1],
            None => self.rows()..self.rows(),
        }
    }

    /// The rows of the grid that this rank owns.
    pub fn own(&self) -> Range<usize> {
        self.rows_of(self.rank)
    }

    /// The rows of the grid that this rank holds, with halos.
    ///
    /// In a periodic grid their numbers may go beyond the last row; row `j` is then row `j - (rows - 1)`.
    pub fn held(&self) -> Range<usize> {
        let own_rows = self.own();
        if own_rows.is_empty() {
            return own_rows;
        }
        let [rows_above, rows_below] = [self.above(), self.below()]
            .map(|neighbour| self.halo * usize::from(neighbour.is_some()));
        let period = if own_rows.start < rows_above {
            self.rows() - 1
        } else {
            0
        };
        own_rows.start + period - rows_above..own_rows.end + period + rows_below
    }

    /// The rows that this rank owns, counted from the first row that it holds.
    pub fn own_among_held(&self) -> Range<usize> {
        let rows_above = match self.above() {
            Some(_) => self.halo,
            None => 0,
        };
        rows_above..rows_above + self.own().len()
    }

    /// The rank that owns the rows before the rows of this rank, if there is one.
    pub fn above(&self) -> Option<usize> {
        match self.rank {
            0 if self.is_ring => Some(self.parts() - 1),
            rank => rank.checked_sub(1).filter(|_| rank < self.parts()),
        }
    }

    /// The rank that owns the rows after the rows of this rank, if there is one.
    pub fn below(&self) -> Option<usize> {
        let next_rank = self.rank + 1;
        if self.is_ring && next_rank == self.parts() {
            return Some(0);
        }
        (next_rank < self.parts()).then_some(next_rank)
    }

    /// The rows that this rank sends to the ranks above and below for a pass of `steps` steps, counted from the first
    /// row that it holds. The first and the last row of a periodic grid are the same, and neither is sent.
    pub fn edges(&self, steps: usize) -> [Range<usize>; 2] {
        let own_rows = self.own_among_held();
        let [skips_first, skips_last] =
            [0, self.parts() - 1].map(|end_rank| self.is_ring && self.rank == end_rank);
        let start = own_rows.start + usize::from(skips_first);
        let end_row = own_rows.end - usize::from(skips_last);
        [start..start + steps, end_row - steps..end_row]
    }

    /// Whether the rows of this rank begin at the first wall, and whether they end at the last; a periodic grid has no such
    /// walls.
    pub fn has_ends(&self) -> [bool; 2] {
        let own_rows = self.own();
        [own_rows.start == 0, own_rows.end == self.rows()].map(|is_end| is_end && !self.is_ring)
    }

    /// The number of rows of a halo, which is also the number of steps until the next exchange.
    pub fn halo(&self) -> usize {
        self.halo
    }

    /// The number of rows of the grid.
    pub fn rows(&self) -> usize {
        self.cuts[self.parts()]
    }

    /// The number of ranks that own rows.
    pub fn parts(&self) -> usize {
        self.cuts.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The interior rows that a slab owns.
    fn interior(slab: &Slab) -> usize {
        let own = slab.own();
        own.end
            .min(slab.rows() - 1)
            .saturating_sub(own.start.max(1))
    }

    #[test]
    fn the_slab_of_the_drawing() {
        let slab = Slab::new(12, 1, 3, 2);
        assert_eq!((slab.own(), slab.held()), (4..7, 2..9));
        assert_eq!((slab.above(), slab.below()), (Some(0), Some(2)));
    }

    #[test]
    fn a_single_rank_has_no_halos() {
        let slab = Slab::whole(5);
        assert_eq!((slab.own(), slab.held(), interior(&slab)), (0..5, 0..5, 3));
        assert_eq!((slab.above(), slab.below()), (None, None));
    }

    #[test]
    fn the_ends_of_a_periodic_grid_have_halos() {
        let slab = |rank| Slab::new(12, rank, 3, 2).periodic(true);
        assert_eq!((slab(0).own(), slab(0).held()), (0..4, 9..17));
        assert_eq!((slab(2).own(), slab(2).held()), (7..12, 5..14));
        assert_eq!((slab(0).above(), slab(2).below()), (Some(2), Some(0)));
        // Row 11 is row 0 again: rank 0 sends rows 1 and 2 upwards, rank 2 sends rows 9 and 10 downwards.
        assert_eq!(slab(0).edges(2)[0], 3..5);
        assert_eq!(slab(2).edges(2)[1], 4..6);
        assert_eq!(Slab::whole(12).periodic(true).held(), 0..12);
    }

    proptest! {
        #[test]
        fn slabs_cover_the_grid_and_halos_reach_into_adjacent_slabs_only(
            rows in 3_usize..200, ranks in 1_usize..40, depth in 1_usize..65,
        ) {
            let slabs: Vec<Slab> = (0..ranks).map(|rank| Slab::new(rows, rank, ranks, depth)).collect();
            let mut next = 0;
            for slab in &slabs {
                let (own, held) = (slab.own(), slab.held());
                prop_assert!(own.is_empty() || own.start == next);
                next = next.max(own.end);
                if own.is_empty() {
                    prop_assert_eq!((slab.above(), slab.below(), interior(slab)), (None, None, 0));
                    continue;
                }
                let reach = |rank: Option<usize>| rank.map(|rank| slab.rows_of(rank));
                let (above, below) = (reach(slab.above()), reach(slab.below()));
                prop_assert_eq!(held.start, above.as_ref().map_or(0, |rows| rows.end - slab.halo()));
                prop_assert_eq!(held.end, below.as_ref().map_or(rows, |rows| rows.start + slab.halo()));
                prop_assert!(above.is_none_or(|rows| rows.len() >= slab.halo()));
                prop_assert!(below.is_none_or(|rows| rows.len() >= slab.halo()));
                prop_assert!(slab.halo() >= 1 && interior(slab) >= slab.halo());
            }
            prop_assert_eq!(next, rows);
            let interior: Vec<usize> = slabs.iter().map(interior).collect();
            prop_assert_eq!(interior.iter().sum::<usize>(), rows - 2);
            let some = interior.iter().filter(|&&count| count > 0);
            prop_assert!(some.clone().max().unwrap() - some.min().unwrap() <= 1);
        }
    }
}
