//! [`CutFaces`]: the diffusion coefficients of faces which a formula cuts.

use super::{
    jumping::{Boxes, Jumping, Wrong},
    measure::{GAUSS, Measure},
    stretch::{cuts_in, divided, oriented, to_rounding, wide},
};
use crate::{params::Face, physics::sparse::SparseRows};
use rayon::prelude::*;

/// The diffusion coefficients of the faces that a formula cuts: of the face between nodes `k - 1` and `k` along the axis, at
/// row `j` and column `i` of the second one.
pub type CutFaces = SparseRows;

/// A line through a face along its normal, from node to node, and the pieces on which nothing jumps.
struct CutLine {
    /// The coordinate of the other axis.
    over: f64,
    /// The part of the face's width for which it stands.
    weight: f64,
    pieces: Vec<[f64; 2]>,
    /// Whether the formula jumps on it.
    is_cut: bool,
}

impl Jumping<'_> {
    /// The coefficients of the faces between columns (axis 0) or between rows (axis 1) in which the formula jumps.
    ///
    /// # Errors
    /// The first value that is negative or not finite.
    pub fn faces(&self, axis: usize, face: Face) -> Result<CutFaces, Wrong> {
        let boxes = oriented(axis, [Boxes::Edges, Boxes::Cells]);
        let mut rows = self.marked(boxes);
        if axis == 1 {
            // The face between rows k - 1 and k has the number of the second one.
            rows.insert(0, Vec::new());
        }
        let rows = rows.into_par_iter().enumerate().map(|(row, columns)| {
            let columns = columns.into_iter().map(|column| match axis {
                0 => column + 1,
                _ => column,
            });
            let coefficients = columns.filter_map(|column| {
                let [number, line] = oriented(axis, [column, row]);
                let coefficient = self.face(axis, line, number, face).transpose()?;
                Some(coefficient.map(|coefficient| (column, coefficient)))
            });
            coefficients.collect::<Result<Vec<_>, _>>()
        });
        Ok(SparseRows::of_rows(rows.collect::<Result<_, _>>()?))
    }

    /// The coefficient of the face between nodes `number - 1` and `number` of a line along an axis; `None` if nothing cuts
    /// it, and beside masked nodes.
    fn face(
        &self,
        axis: usize,
        line: usize,
        number: usize,
        face: Face,
    ) -> Result<Option<f64>, Wrong> {
        let nodes_of_edge = [number - 1, number].map(|number| oriented(1 - axis, [number, line]));
        if (nodes_of_edge.iter()).any(|&[j, i]| self.geometry.masks((j, i))) {
            return Ok(None);
        }
        let coordinates = self.geometry.nodes.along(axis);
        let bounds = [coordinates[number - 1], coordinates[number]];
        let Some(lines) = self.lines_through(axis, line, number) else {
            return Ok(None);
        };
        // As in other faces, a line on which nothing jumps conducts by its length.
        let measure_of = |line: &CutLine| match face {
            Face::Harmonic if axis == 0 && self.is_radial && line.is_cut => match bounds[0] > 0.0 {
                true => Measure::Logarithm,
                false => Measure::Square,
            },
            _ => Measure::Length,
        };
        let rule = match self.is_constant_between {
            true => &GAUSS[..1],
            false => &GAUSS[..],
        };
        let mut points = Vec::new();
        for line in &lines {
            let (CutLine { over, pieces, .. }, measure) = (line, measure_of(line));
            let places = pieces.iter().flat_map(|&piece| {
                let shares = rule.iter();
                shares.map(move |&(share, _)| measure.within(piece, share))
            });
            points.extend(places.map(|place| oriented(axis, [place, *over])));
        }
        let values = self.right_values(&points, is_coefficient)?;
        let mut values = values.into_iter();
        let means = lines.iter().map(|line| {
            let count = line.pieces.len() * rule.len();
            let line_values: Vec<f64> = values.by_ref().take(count).collect();
            let mean = line.mean(&line_values, bounds, measure_of(line), face);
            (line.weight, mean)
        });
        let means: Vec<(f64, f64)> = means.collect();
        if let [(_, mean)] = means[..] {
            return Ok(Some(mean));
        }
        let [sum, width] = means.iter().fold([0.0; 2], |[sum, width], (weight, mean)| {
            [sum + weight * mean, width + weight]
        });
        Ok(Some(sum / width))
    }

    /// The lines through a face along its normal: that of its nodes, or one in each piece of its width if places across it cut
    /// the width; `None` if nothing cuts the face. A curve is met by the line of the nodes.
    fn lines_through(&self, axis: usize, line: usize, number: usize) -> Option<Vec<CutLine>> {
        let coordinates = self.geometry.nodes.along(axis);
        let bounds = [coordinates[number - 1], coordinates[number]];
        let measure = match axis {
            1 if self.is_radial => Measure::Square,
            _ => Measure::Length,
        };
        let over = self.geometry.nodes.along(1 - axis);
        let [at_node, at_other_end] = [over[line], over[over.len() - 1]];
        let mut lines = Vec::new();
        let mut is_cut_across = false;
        for (number, width) in self.intervals(1 - axis, line).enumerate() {
            let mut cuts = cuts_in(&self.places[1 - axis], width);
            let area = oriented(axis, [bounds, width]);
            if self.may_lie_in(area)
                && let Some((across, place)) = self.straight_place(area)
                && across == 1 - axis
            {
                cuts.extend(place);
            }
            let pieces = wide(divided(width, cuts), self.sliver(1 - axis));
            // The piece of a node on whose line nothing jumps.
            let node = [at_node, at_other_end][number];
            let has_node = pieces.len() == 1 && pieces[0][0] <= node && node <= pieces[0][1];
            is_cut_across |= !has_node;
            let of_pieces = pieces.into_iter();
            lines.extend(of_pieces.map(|piece| (measure.within(piece, 0.5), measure.of(piece))));
        }
        // Where periodic sides meet, the two halves of a width differ.
        is_cut_across |= lines.len() == 2
            && [number - 1, number]
                .iter()
                .any(|&number| self.has_seam(1 - axis, number));
        if !is_cut_across {
            lines = vec![(at_node, 1.0)];
        }
        let of_axis = cuts_in(&self.places[axis], bounds);
        let is_at_seam = number + 1 == coordinates.len() && self.has_seam(axis, line);
        let lines = lines.into_iter().map(|(over, weight)| {
            let mut cuts = of_axis.clone();
            let oblique = self.oblique_places(axis, over, bounds, to_rounding(bounds, 1));
            cuts.extend(oblique.flatten());
            let is_cut = is_at_seam || !cuts.is_empty();
            (is_cut || is_cut_across).then(|| CutLine {
                over,
                weight,
                pieces: wide(divided(bounds, cuts), self.sliver(axis)),
                is_cut,
            })
        });
        lines.collect()
    }
}

impl CutLine {
    /// The mean coefficient between two nodes, from the values on the pieces: those of Gauss's rule, or a single one that
    /// all of the piece has.
    fn mean(&self, values: &[f64], [from, to]: [f64; 2], measure: Measure, face: Face) -> f64 {
        let (mut total, mut sum) = (0.0, 0.0);
        let count = values.len() / self.pieces.len();
        for (&piece, values) in self.pieces.iter().zip(values.chunks_exact(count)) {
            let size = measure.of(piece);
            total += size;
            for (value, (_, weight)) in values.iter().cycle().zip(GAUSS) {
                sum += match face {
                    Face::Harmonic => weight * size / value,
                    Face::Arithmetic => weight * size * value,
                };
            }
        }
        let curvature = match measure {
            Measure::Logarithm => (to - from) / (f64::midpoint(from, to) * measure.of([from, to])),
            Measure::Length | Measure::Square => 1.0,
        };
        match face {
            Face::Harmonic => curvature * (total / sum),
            Face::Arithmetic => sum / total,
        }
    }
}

/// Whether a value can be a diffusion coefficient or a decay.
pub fn is_coefficient(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}
