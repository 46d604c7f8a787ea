//! [`LineMeans`]: the nodes that each cell of a reduced line covers, and their weights.

use std::ops::Range;

/// Reduces a line of nodes to a line of at most as many cells. A cell is the mean of the nodes that it covers.
#[derive(Clone, Copy)]
pub(super) struct LineMeans {
    nodes: u128,
    cells: u128,
}

impl LineMeans {
    pub fn new(nodes: usize, cells: usize) -> Self {
        Self {
            nodes: nodes as u128,
            cells: cells.min(nodes) as u128,
        }
    }

    pub fn cells(self) -> usize {
        self.cells as usize
    }

    /// The cells to which some nodes contribute.
    ///
    /// In units of 1/cells of a node, node i is [i, i+1)·cells and cell k is [k, k+1)·nodes.
    pub fn reached(self, nodes: &Range<usize>) -> Range<usize> {
        let (low, high) = (
            nodes.start as u128 * self.cells,
            nodes.end as u128 * self.cells,
        );
        (low / self.nodes) as usize..high.div_ceil(self.nodes) as usize
    }

    /// The nodes that contribute to a cell.
    pub fn covered(self, cell: usize) -> Range<usize> {
        let first_node = cell as u128 * self.nodes / self.cells;
        let end_node = ((cell as u128 + 1) * self.nodes).div_ceil(self.cells);
        first_node as usize..end_node as usize
    }

    /// The weight of a node in a cell to which it contributes. The weights in a cell add up to 1, so that no sum of
    /// large values overflows.
    pub fn weight(self, node: usize, cell: usize) -> f64 {
        let (node, cell) = (node as u128, cell as u128);
        let low = (node * self.cells).max(cell * self.nodes);
        let high = ((node + 1) * self.cells).min((cell + 1) * self.nodes);
        (high - low) as f64 / self.nodes as f64
    }

    /// The weights of some nodes in the cells to which they contribute. Neighbours with equal weights are combined.
    pub fn runs(self, nodes: &Range<usize>) -> Vec<CellWeight> {
        let mut runs = Vec::new();
        for cell in self.reached(nodes) {
            let Range { start, end } = self.covered(cell);
            // All nodes but the first and the last lie within the cell and have one weight.
            let inner = start + 1..(end - 1).max(start + 1);
            for part in [start..inner.start, inner.clone(), inner.end..end] {
                let part = part.start.max(nodes.start)..part.end.min(nodes.end);
                if part.is_empty() {
                    continue;
                }
                runs.push(CellWeight {
                    cell,
                    weight: self.weight(part.start, cell),
                    places: part.start - nodes.start..part.end - nodes.start,
                });
            }
        }
        runs
    }
}

/// The common weight of neighbouring nodes in one cell. Positions refer to the values that were read.
pub(super) struct CellWeight {
    pub cell: usize,
    pub weight: f64,
    pub places: Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_2_to_the_62_columns_has_weights_that_add_up() {
        let row = LineMeans::new(1 << 62, 840);
        assert_eq!(row.reached(&(0..1)), 0..1);
        let last = (1 << 62) - 1;
        assert_eq!(row.reached(&(last..last + 1)), 839..840);
        assert_eq!(row.weight(0, 0), 840.0 / 2_f64.powi(62));
        let one = LineMeans::new(1000, 3);
        let runs = one.runs(&(0..1000)).into_iter().filter(|run| run.cell == 1);
        let sum: f64 = runs.map(|run| run.weight * run.places.len() as f64).sum();
        assert!((sum - 1.0).abs() < 1e-15, "{sum}");
    }
}
