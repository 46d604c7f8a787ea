//! [`Reduced`]: a field reduced to the resolution of a picture, with the extrema of all values.

/// A field reduced by means to a limited number of rows and columns, and the extrema of its values.
///
/// A cell that covers several nodes has their mean; one value that is not finite makes it not finite,
/// so that a single NaN in a field of any size stays visible.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduced {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// The cells row after row.
    pub(super) cells: Vec<f64>,
    pub(super) ends: Extrema,
}

impl Reduced {
    /// The numbers of rows and columns of cells.
    pub fn dimensions(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The cells, row after row.
    pub fn cells(&self) -> &[f64] {
        &self.cells
    }

    /// The extrema of all values of the field, rather than of the means in cells.
    pub fn ends(&self) -> Extrema {
        self.ends
    }

    /// Bytes of memory for the cells.
    pub fn bytes(&self) -> u64 {
        size_of_val(self.cells.as_slice()) as u64
    }

    /// The value of a cell.
    pub(super) fn cell(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.columns + column]
    }

    /// The field as `width` by `height` pixels, top row of the picture first. A pixel shows the cell whose node
    /// is nearest to its centre, so that magnified nodes cover equal numbers of pixels, but for those that are cut.
    pub(super) fn pixels(
        &self,
        width: usize,
        height: usize,
        cuts: Cuts,
    ) -> impl Iterator<Item = f64> {
        let columns: Vec<usize> = (0..width)
            .map(|pixel| cuts.x.cell_at(2 * pixel + 1, 2 * width, self.columns))
            .collect();
        let rows = (0..height)
            .rev()
            .map(move |pixel| cuts.y.cell_at(2 * pixel + 1, 2 * height, self.rows));
        rows.flat_map(move |row| {
            let columns = columns.clone().into_iter();
            columns.map(move |column| self.cell(row, column))
        })
    }
}

/// Whether the outermost cells along an axis are cut in halves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct CutEnds(pub bool);

/// The cuts along both axes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cuts {
    pub x: CutEnds,
    pub y: CutEnds,
}

impl CutEnds {
    /// The cell at a place of an axis that shows `cells` cells, `part` of `whole` behind its start.
    pub fn cell_at(self, part: usize, whole: usize, cells: usize) -> usize {
        let halves = usize::from(self.0);
        let cell = (2 * part * (cells - halves) / whole + halves) / 2;
        cell.min(cells - 1)
    }

    /// The share of the axis before a place, which is given in cells from the outer side of the first one.
    pub fn share(self, place: f64, cells: usize) -> f64 {
        let halves = f64::from(u8::from(self.0));
        (place - halves / 2.0) / (cells as f64 - halves)
    }
}

/// The smallest and the largest finite value of a field, and the smallest above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extrema {
    /// The smallest finite value; infinite if there is none.
    pub low: f64,
    /// The largest finite value; negative infinity if there is none.
    pub high: f64,
    /// The smallest finite value above 0; infinite if there is none.
    pub low_positive: f64,
}

impl Extrema {
    /// The extrema of some values.
    pub fn of(values: &[f64]) -> Self {
        let mut extrema = Self::default();
        // The loop has no branches, so that it is as fast as memory.
        for &value in values {
            let is_finite = value.is_finite();
            let low = if is_finite { value } else { f64::INFINITY };
            let positive = if value > 0.0 { low } else { f64::INFINITY };
            let high = if is_finite { value } else { f64::NEG_INFINITY };
            extrema.low = if low < extrema.low { low } else { extrema.low };
            extrema.high = if high > extrema.high {
                high
            } else {
                extrema.high
            };
            extrema.low_positive = if positive < extrema.low_positive {
                positive
            } else {
                extrema.low_positive
            };
        }
        extrema
    }

    /// The extrema of all values of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            low_positive: self.low_positive.min(other.low_positive),
        }
    }
}

impl Default for Extrema {
    /// The extrema of no values.
    fn default() -> Self {
        Self {
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            low_positive: f64::INFINITY,
        }
    }
}
