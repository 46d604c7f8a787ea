//! [`RegionRim`]: the nodes through whose faces mass flows into a region.

use super::{geometry::Geometry, wall::Side};
use crate::node_set::NodeSet;
use std::ops::Range;

/// The computed nodes of a region next to a wall or to a node that is not a computed node of the region; and for each
/// side the nodes with such a neighbour there.
#[derive(Default)]
pub struct RegionRim {
    nodes: NodeSet,
    sides: [NodeSet; 4],
}

impl RegionRim {
    /// The rims of all regions of a geometry in some rows, each numbered by itself.
    #[must_use]
    pub fn of_regions(geometry: &Geometry, rows: &Range<usize>) -> Vec<Self> {
        let regions = geometry.regions.iter();
        regions
            .map(|region| Self::of_region(region, geometry, rows))
            .collect()
    }

    fn of_region(region: &NodeSet, geometry: &Geometry, rows: &Range<usize>) -> Self {
        let (ny, nx) = geometry.grid.shape();
        let mut rim = Self::default();
        let mut row_below = match rows.start {
            0 => vec![false; nx],
            start => changed_nodes(region, geometry, start - 1),
        };
        let mut row = changed_nodes(region, geometry, rows.start);
        for j in rows.start..rows.end.min(ny) {
            let row_above = if j + 1 < ny {
                changed_nodes(region, geometry, j + 1)
            } else {
                vec![false; nx]
            };
            for i in (0..nx).filter(|&i| row[i]) {
                let is_inside = [
                    i > 0 && row[i - 1],
                    i + 1 < nx && row[i + 1],
                    row_below[i],
                    row_above[i],
                ];
                let number = geometry.nodes.number(j, i);
                for (side, _) in rim
                    .sides
                    .iter_mut()
                    .zip(is_inside)
                    .filter(|(_, is_inside)| !is_inside)
                {
                    rim.nodes.add(number);
                    side.add(number);
                }
            }
            (row_below, row) = (row, row_above);
        }
        rim
    }

    /// The nodes of the rim in a row, each with the sides through which mass flows in.
    pub fn faces_in(
        &self,
        geometry: &Geometry,
        j: usize,
    ) -> impl Iterator<Item = ((usize, usize), impl Iterator<Item = Side>)> {
        let row_begin = geometry.nodes.number(j, 0);
        let numbers = row_begin..row_begin + geometry.nodes.x.len() as u64;
        self.nodes.within(numbers).map(move |number| {
            #[expect(clippy::cast_possible_truncation, reason = "a number of a column")]
            let node = (j, (number - row_begin) as usize);
            let sides = Side::ALL.into_iter();
            let sides = sides.filter(move |&side| self.sides[side as usize].has(number));
            (node, sides)
        })
    }
}

/// Whether each node of a row is a computed node of the region.
fn changed_nodes(region: &NodeSet, geometry: &Geometry, j: usize) -> Vec<bool> {
    let Geometry {
        grid, nodes, walls, ..
    } = geometry;
    let mut is_changed = vec![false; grid.x.nodes];
    region.fill(nodes.number(nodes.row(j), 0), &mut is_changed, true);
    geometry.fill_kept(j, &mut is_changed, false);
    for side in Side::ALL {
        if walls.wall(side).is_fixed() {
            is_changed[side.columns(grid, j)].fill(false);
        }
    }
    is_changed
}
