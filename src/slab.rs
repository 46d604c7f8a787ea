//! [`Slab`]: the rows that one rank owns, and those it borrows from the ranks beside it.
//!
//! ```text
//!   rows of the grid            slab of rank 1 of 3, halo 2
//!    0  boundary ring
//!    1  ┐
//!    2  │ rank 0
//!    3  │                        3 ┐ halo: borrowed from rank 0
//!    4  ┘                        4 ┘
//!    5  ┐                        5 ┐
//!    6  │ rank 1                 6 │ own
//!    7  ┘                        7 ┘
//!    8  ┐                        8 ┐ halo: borrowed from rank 2
//!    9  │ rank 2                 9 ┘
//!   10  ┘
//!   11  boundary ring
//! ```

use std::ops::Range;

/// A part of the grid's rows.
///
/// Slabs differ by at most one row. The first and the last also own a row of the boundary ring. With
/// more ranks than interior rows the ranks behind own nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slab {
    rank: usize,
    /// Where the rows of each rank that has any begin, and where the last of them end.
    cuts: Vec<usize>,
    halo: usize,
}

impl Slab {
    /// The slab of `rank` when `ranks` share `rows` rows, two of which are boundary.
    ///
    /// Halos are `depth` rows deep, or as deep as the thinnest slab can fill its neighbours'.
    ///
    /// # Panics
    /// With fewer than three rows, without ranks, or with a depth of zero.
    #[must_use]
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
        }
    }

    /// All `rows` rows.
    ///
    /// # Panics
    /// With fewer than three.
    #[must_use]
    pub fn whole(rows: usize) -> Self {
        Self::new(rows, 0, 1, 1)
    }

    /// The rows of the grid that `rank` owns.
    #[must_use]
    pub fn rows_of(&self, rank: usize) -> Range<usize> {
        match self.cuts.get(rank..rank + 2) {
            Some(cuts) => cuts[0]..cuts[1],
            None => self.rows()..self.rows(),
        }
    }

    /// The rows of the grid that this rank owns.
    #[must_use]
    pub fn own(&self) -> Range<usize> {
        self.rows_of(self.rank)
    }

    /// The rows of the grid that it holds, halos included.
    #[must_use]
    pub fn held(&self) -> Range<usize> {
        let own = self.own();
        if own.is_empty() {
            return own;
        }
        let start = own
            .start
            .saturating_sub(self.halo * usize::from(self.rank > 0));
        let below = self.halo * usize::from(self.below().is_some());
        start..own.end + below
    }

    /// The rows that it owns, counted among those it holds.
    #[must_use]
    pub fn own_among_held(&self) -> Range<usize> {
        let (own, held) = (self.own(), self.held());
        own.start - held.start..own.end - held.start
    }

    /// The rank that owns the rows before these, if there is one.
    #[must_use]
    pub fn above(&self) -> Option<usize> {
        self.rank
            .checked_sub(1)
            .filter(|_| self.rank < self.parts())
    }

    /// The rank that owns the rows behind these, if there is one.
    #[must_use]
    pub fn below(&self) -> Option<usize> {
        (self.rank + 1 < self.parts()).then_some(self.rank + 1)
    }

    /// Rows borrowed on each side, and how many steps they last.
    #[must_use]
    pub fn halo(&self) -> usize {
        self.halo
    }

    /// Rows of the grid.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.cuts[self.parts()]
    }

    /// Ranks that own rows.
    #[must_use]
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
    fn the_drawing_above_is_true() {
        let slab = Slab::new(12, 1, 3, 2);
        assert_eq!((slab.own(), slab.held()), (4..7, 2..9));
        assert_eq!((slab.above(), slab.below()), (Some(0), Some(2)));
    }

    #[test]
    fn whoever_is_alone_borrows_nothing() {
        let slab = Slab::whole(5);
        assert_eq!((slab.own(), slab.held(), interior(&slab)), (0..5, 0..5, 3));
        assert_eq!((slab.above(), slab.below()), (None, None));
    }

    proptest! {
        #[test]
        fn slabs_cover_the_grid_and_reach_only_their_neighbours(
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
