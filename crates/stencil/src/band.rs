//! [`Band`]: the group of rows by which all levels of a tile advance at a time.

use std::ops::Range;

/// A few source rows, and equally many rows of every level, each level one row behind the level before. Rows are
/// counted from the first row that the tile lifts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    /// The first source row.
    pub first: usize,
    pub height: usize,
}

impl Band {
    /// The rows of the band at `level` that are in `rows`.
    #[inline(always)]
    pub fn rows(self, level: usize, rows: &Range<usize>) -> Range<usize> {
        let first_row = self.first.saturating_sub(level).max(rows.start);
        let end_row = (self.first + self.height)
            .saturating_sub(level)
            .min(rows.end);
        first_row..end_row
    }

    /// The levels after the source, of `steps` levels, that have any of the `end` rows in the band.
    #[inline(always)]
    pub fn levels(self, steps: usize, end: usize) -> Range<usize> {
        let first_level = (self.first + 1).saturating_sub(end).max(1);
        first_level..(self.first + self.height).min(steps + 1)
    }

    /// The levels, of `steps`, at which all rows of the band are computed and none is next to a wall; at the last level
    /// only the rows `written` are considered. `reached` says whether the first and the last of the `end` rows are next
    /// to a wall.
    #[inline(always)]
    pub fn full_levels(
        self,
        steps: usize,
        written: &Range<usize>,
        reached: [bool; 2],
        end: usize,
    ) -> Range<usize> {
        let Self { first, height } = self;
        if first + height > written.end + steps {
            return 0..0;
        }
        let below_first = if reached[0] { first } else { usize::MAX };
        let above_last = if reached[1] {
            (first + height + 1).saturating_sub(end)
        } else {
            0
        };
        // The first row of the band, first - level, is computed at that level.
        let computed = (first + steps + 2).saturating_sub(written.start) / 2;
        above_last.max(1)..below_first.min(computed).min(steps + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn levels_have_rows_and_full_ones_have_all_away_from_walls(
            steps in 1_usize..20, rows in 1_usize..40, height in 1_usize..8, reached: [bool; 2],
        ) {
            // Towards an end that is not a wall, each level has a row less.
            let [north, south] = reached.map(|reached| if reached { 0 } else { steps });
            let (written, end) = (north..north + rows, north + rows + south);
            let less = |reached: bool, level: usize| if reached { 0 } else { level };
            for first in (0..written.end + steps).step_by(height) {
                let band = Band { first, height };
                let levels = band.levels(steps, end);
                let full = band.full_levels(steps, &written, reached, end);
                for level in 1..=steps {
                    let computed = less(reached[0], level)..end - less(reached[1], level);
                    let rows = band.rows(level, &computed);
                    prop_assert!(levels.contains(&level) || rows.is_empty());
                    let is_first = reached[0] && rows.contains(&0);
                    let is_last = reached[1] && rows.contains(&(end - 1));
                    let is_full = rows.len() == height && !is_first && !is_last;
                    prop_assert_eq!(full.contains(&level), is_full, "{:?} {}", band, level);
                }
            }
        }
    }
}
