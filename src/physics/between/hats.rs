//! Integrals of a formula against the hat functions of nodes.
//!
//! The area between four nodes is divided among them where the formula jumps in it. A place gives each of two neighbours
//! a share of the resistance between them; where D does not jump these are the shares of hat functions:
//!
//! ```text
//!   a ──────────s────── b        to a: ∫ S (1 - ρ) ds      to b: ∫ S ρ ds
//!   0           ρ       1        ρ: ∫ds/D + ΣR from a to s, by that from a to b
//! ```
//!
//! So the integral and its place are kept, however small the area is in which the formula is not 0. Along an axis along
//! which nothing jumps each node has its half, and in an area in which nothing jumps at all it has its value there.

use super::{
    cut_cells::Samples,
    cut_points::CutPoints,
    jumping::{Boxes, Jumping, Wrong},
    shares::PatchShares,
    stretch::{lies_in, within},
};
use crate::physics::sparse::SparseRows;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What the areas around a node in which the formula jumps give to it.
#[derive(Clone, Default)]
struct Share {
    integral: f64,
    /// The size of the node's cell in these areas, and their number.
    size: f64,
    count: usize,
}

/// The areas between four nodes in which a formula jumps: for each row the columns of their first nodes.
pub struct Patches(Vec<Vec<usize>>);

impl Jumping<'_> {
    /// The areas between four nodes in which the formula jumps.
    #[must_use]
    pub fn patches(&self) -> Patches {
        Patches(self.marked([Boxes::Edges; 2]))
    }

    /// About how many values at nodes take as long as the integrals over these areas.
    #[must_use]
    pub fn cost(&self, patches: &Patches) -> u64 {
        const OF_STRAIGHT: u64 = 64;
        const OF_OBLIQUE: u64 = 2048;
        let count: usize = patches.0.iter().map(Vec::len).sum();
        match self.oblique.is_empty() {
            true => OF_STRAIGHT * count as u64,
            false => OF_OBLIQUE * count as u64,
        }
    }

    /// The integrals against the hat functions of the nodes beside the areas in which the formula jumps, divided by the sizes
    /// of their cells. `points` are there if D or an interface jumps.
    ///
    /// # Errors
    /// The first value that is not right; those at masked nodes, and among nodes that keep their values, do not count.
    pub fn hats(
        &self,
        patches: &Patches,
        points: Option<&CutPoints<'_>>,
        is_right: impl Fn(f64) -> bool + Sync,
    ) -> Result<SparseRows, Wrong> {
        let nodes = &self.geometry.nodes;
        let of_rows = patches.0.par_iter().enumerate().map(|(j, columns)| {
            let shares = columns
                .iter()
                .map(|&i| self.patch([i, j], points, &is_right));
            shares.collect::<Result<Vec<_>, _>>()
        });
        let of_rows: Vec<Vec<_>> = of_rows.collect::<Result<_, _>>()?;
        let mut of_nodes = vec![BTreeMap::<usize, Share>::new(); nodes.y.len()];
        for ((j, i), integral, size) in of_rows.into_iter().flatten().flatten() {
            let share = of_nodes[nodes.row(j)].entry(nodes.column(i)).or_default();
            share.integral += integral;
            share.size += size;
            share.count += 1;
        }
        let rows = of_nodes.into_iter().enumerate().map(|(j, row)| {
            let means = row
                .into_iter()
                .map(|(i, share)| (i, self.at_node((j, i), &share)));
            means.collect()
        });
        Ok(SparseRows::of_rows(rows.collect()))
    }

    /// The integral at a node, with the value at the node in the areas in which nothing jumps, by the size of its cell.
    fn at_node(&self, node: (usize, usize), share: &Share) -> f64 {
        let (grid, nodes) = (&self.geometry.grid, &self.geometry.nodes);
        let measure = self.measure_of_areas();
        let columns = self.intervals(0, node.1);
        let rows = self.intervals(1, node.0);
        let width: f64 = columns.map(|bounds| measure.of(bounds)).sum();
        let height: f64 = rows.map(|[lower, upper]| upper - lower).sum();
        let axes = [(0, &grid.x, node.1), (1, &grid.y, node.0)];
        let [halves_along_x, halves_along_y] = axes.map(|(axis, grid_axis, number)| {
            match nodes.periodic[axis] || grid_axis.weight(number) == 1.0 {
                true => 2,
                false => 1,
            }
        });
        let mut integral = share.integral;
        if share.count < halves_along_x * halves_along_y {
            let at_node = self.values(&[[nodes.x[node.1], nodes.y[node.0]]]);
            integral += at_node[0] * (width * height - share.size);
        }
        integral / (width * height)
    }

    /// What the area between columns `i` and `i + 1` and rows `j` and `j + 1` gives to its unmasked nodes: the integral, and
    /// the size of their cells in it. Beside a masked node each node has what lies in its cell.
    #[expect(clippy::type_complexity, reason = "nodes with two numbers each")]
    fn patch(
        &self,
        [i, j]: [usize; 2],
        points: Option<&CutPoints<'_>>,
        is_right: impl Fn(f64) -> bool,
    ) -> Result<Vec<((usize, usize), f64, f64)>, Wrong> {
        let (geometry, measure) = (self.geometry, self.measure_of_areas());
        let numbers = [[i, i + 1], [j, j + 1]];
        let bounds =
            [0, 1].map(|axis| numbers[axis].map(|number| geometry.nodes.along(axis)[number]));
        let corners = [(j, i), (j, i + 1), (j + 1, i), (j + 1, i + 1)];
        let halves = bounds.map(|[from, to]| {
            let middle = within([from, to], 0.5);
            [[from, middle], [middle, to]]
        });
        let quarters = [0, 1, 2, 3].map(|corner| [halves[0][corner % 2], halves[1][corner / 2]]);
        let is_excused = corners.iter().all(|&corner| geometry.keeps(corner));
        let is_masked = corners.map(|corner| geometry.masks(corner));
        let mut integrals = [0.0; 4];
        if is_masked == [false; 4] {
            let is_oblique = self.may_lie_in(bounds);
            let is_cut = [0, 1].map(|axis| {
                let has_place = lies_in(&self.places[axis], bounds[axis]);
                let is_last = numbers[axis][1] + 1 == geometry.nodes.along(axis).len();
                let mut lines = numbers[1 - axis].into_iter();
                let is_seam = is_last && lines.any(|line| self.has_seam(axis, line));
                is_oblique || has_place || is_seam
            });
            let shares = PatchShares::new(points, numbers, bounds, is_cut);
            let cuts = [0, 1].map(|axis| &shares.cuts[axis][..]);
            let samples = self.samples(bounds, cuts);
            let values =
                self.right_values(&samples.points, |value| is_excused || is_right(value))?;
            for part in &samples.parts {
                let shares = shares.of(part.place);
                for (integral, share) in integrals.iter_mut().zip(shares) {
                    *integral += share * (part.size * values[part.value]);
                }
            }
        } else {
            for corner in (0..4).filter(|&corner| !is_masked[corner]) {
                let samples = self.samples(quarters[corner], [&[], &[]]);
                let values =
                    self.right_values(&samples.points, |value| is_excused || is_right(value))?;
                let parts = samples.parts.iter();
                integrals[corner] = parts.map(|part| part.size * values[part.value]).sum();
            }
        }
        let unmasked = (0..4).filter(|&corner| !is_masked[corner]).map(|corner| {
            let [x, [lower, upper]] = quarters[corner];
            (
                corners[corner],
                integrals[corner],
                measure.of(x) * (upper - lower),
            )
        });
        Ok(unmasked.collect())
    }

    /// Samples of a rectangle.
    fn samples(&self, bounds: [[f64; 2]; 2], further_cuts: [&[f64]; 2]) -> Samples {
        let mut samples = Samples::of(self);
        self.add_area(bounds, further_cuts, &mut samples);
        samples
    }
}
