//! [`LineMeans`]: which nodes a cell of a reduced line covers, and how much of each.

use std::ops::Range;

/// How a line of nodes becomes a line of at most as many cells: by means of the nodes that a cell covers.
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

    /// The cells that some nodes reach into.
    ///
    /// In units of 1/cells of a node, node i is [i, i+1)·cells and cell k is [k, k+1)·nodes.
    pub fn reached(self, nodes: &Range<usize>) -> Range<usize> {
        let (low, high) = (
            nodes.start as u128 * self.cells,
            nodes.end as u128 * self.cells,
        );
        (low / self.nodes) as usize..high.div_ceil(self.nodes) as usize
    }

    /// The nodes that a cell reaches into.
    pub fn covered(self, cell: usize) -> Range<usize> {
        let first = cell as u128 * self.nodes / self.cells;
        let end = ((cell as u128 + 1) * self.nodes).div_ceil(self.cells);
        first as usize..end as usize
    }

    /// The weight of a node in a cell that it reaches into. The weights of a cell add up to 1, so that no
    /// sum of large values overflows.
    pub fn weight(self, node: usize, cell: usize) -> f64 {
        let (node, cell) = (node as u128, cell as u128);
        let low = (node * self.cells).max(cell * self.nodes);
        let high = ((node + 1) * self.cells).min((cell + 1) * self.nodes);
        (high - low) as f64 / self.nodes as f64
    }

    /// What some nodes are to the cells that they reach into: neighbours of one weight are together.
    pub fn runs(self, nodes: &Range<usize>) -> Vec<CellShare> {
        let run = |cell: usize, some: Range<usize>| CellShare {
            cell,
            weight: self.weight(some.start, cell),
            places: some.start - nodes.start..some.end - nodes.start,
        };
        let of_cell = |cell: usize| {
            let Range { start: first, end } = self.covered(cell);
            let inside = first + 1..(end - 1).max(first + 1);
            [first..inside.start, inside.clone(), inside.end..end]
                .map(|some| some.start.max(nodes.start)..some.end.min(nodes.end))
                .into_iter()
                .filter(|some| !some.is_empty())
                .map(move |some| run(cell, some))
                .collect::<Vec<_>>()
        };
        self.reached(nodes).flat_map(of_cell).collect()
    }
}

/// Neighbours of one weight in one cell, by their places in what was read.
pub(super) struct CellShare {
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
