//! [`Reduced`]: as many values of a field as a picture has pixels, and the ends of all of them.

/// A field reduced by means to at most so many rows and columns, and what was found on the way.
///
/// A cell that covers several nodes has their mean; one value that is not finite makes it not finite,
/// so that a single NaN in a field of any size stays visible.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduced {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Row after row.
    pub(super) cells: Vec<f64>,
    pub(super) ends: Extrema,
}

impl Reduced {
    /// Rows and columns of cells.
    pub fn dimensions(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// The cells, row after row.
    pub fn cells(&self) -> &[f64] {
        &self.cells
    }

    /// What is known of all values of the field, not of their means.
    pub fn ends(&self) -> Extrema {
        self.ends
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> u64 {
        size_of_val(self.cells.as_slice()) as u64
    }

    /// The value of a cell.
    pub(super) fn cell(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.columns + column]
    }

    /// The field as `width` by `height` pixels, top row of the picture first: that of the cell whose node
    /// lies at the centre of a pixel, so that a magnified node covers equal pixels.
    pub(super) fn pixels(&self, width: usize, height: usize) -> impl Iterator<Item = f64> {
        let cell =
            |pixel: usize, cells: usize, pixels: usize| (2 * pixel + 1) * cells / (2 * pixels);
        let columns: Vec<usize> = (0..width).map(|k| cell(k, self.columns, width)).collect();
        let rows = (0..height).rev().map(move |k| cell(k, self.rows, height));
        rows.flat_map(move |row| {
            let columns = columns.clone().into_iter();
            columns.map(move |column| self.cell(row, column))
        })
    }
}

/// The smallest and the largest finite value of a field, and the smallest above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extrema {
    /// The smallest finite value; infinite where there is none.
    pub low: f64,
    /// The largest finite value; negative infinity where there is none.
    pub high: f64,
    /// The smallest finite value above 0; infinite where there is none.
    pub low_positive: f64,
}

impl Extrema {
    /// Of some values.
    pub fn of(values: &[f64]) -> Self {
        let mut ends = Self::default();
        // Without branches, so that the loop is as fast as memory.
        for &value in values {
            let number = value.is_finite();
            let low = if number { value } else { f64::INFINITY };
            let positive = if value > 0.0 { low } else { f64::INFINITY };
            let high = if number { value } else { f64::NEG_INFINITY };
            ends.low = if low < ends.low { low } else { ends.low };
            ends.high = if high > ends.high { high } else { ends.high };
            ends.low_positive = if positive < ends.low_positive {
                positive
            } else {
                ends.low_positive
            };
        }
        ends
    }

    /// Of the values of both.
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
    /// Of no values.
    fn default() -> Self {
        Self {
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            low_positive: f64::INFINITY,
        }
    }
}
