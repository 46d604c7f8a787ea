//! [`CutFaces`]: the diffusion coefficients of faces on whose edges a formula jumps.

use super::{
    jumping::Jumping,
    measure::{GAUSS, Measure},
    stretch::{SLIVER, cuts_between, divided, oriented, rounding},
};
use crate::{params::Face, physics::sparse::SparseRows};
use rayon::prelude::*;

/// A value between nodes that a coefficient must not have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wrong {
    /// The value.
    pub value: f64,
    /// Its place, `[x, y]`.
    pub at: [f64; 2],
}

/// The diffusion coefficients of the faces on whose edges a formula jumps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CutFaces {
    /// The coefficient of the face between nodes `k - 1` and `k` along the axis, at row `j` and column `i` of the
    /// second one.
    pub faces: SparseRows,
    /// The coefficients at the first and the last node of a line, on whose edges a formula jumps: those of the inside.
    pub ends: [Vec<(usize, f64)>; 2],
}

/// The coefficients of the cut edges of a line, and at its two ends if their edges are cut.
#[derive(Default)]
struct CutLine {
    coefficients: Vec<(usize, f64)>,
    ends: [Option<f64>; 2],
}

/// A cut edge, and the pieces on which nothing jumps.
struct CutEdge {
    /// The number of the node at its upper end.
    number: usize,
    bounds: [f64; 2],
    measure: Measure,
    pieces: Vec<[f64; 2]>,
}

impl CutFaces {
    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let of_ends = self.ends.iter().map(|end| size_of_val(&end[..]) as u64);
        self.faces.bytes() + of_ends.sum::<u64>()
    }

    /// The coefficient at the first (0) or the last node (1) of a line.
    #[must_use]
    pub fn at_end(&self, end: usize, line: usize) -> Option<f64> {
        let of_lines = &self.ends[end];
        let place = of_lines.binary_search_by_key(&line, |&(line, _)| line);
        place.ok().map(|place| of_lines[place].1)
    }
}

impl Jumping<'_> {
    /// The coefficients of the faces between columns (axis 0) or between rows (axis 1), where the formula jumps.
    ///
    /// # Errors
    /// The first value that is negative or not finite.
    pub fn faces(&self, axis: usize, face: Face) -> Result<CutFaces, Wrong> {
        let nodes = &self.geometry.nodes;
        let line_count = nodes.along(1 - axis).len() - usize::from(nodes.periodic[1 - axis]);
        let lines = (0..line_count).into_par_iter();
        let lines = lines.map(|line| self.cut_line(axis, line, face));
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        let mut cut = CutFaces::default();
        let mut coefficients = Vec::with_capacity(lines.len());
        for (number, line) in lines.into_iter().enumerate() {
            for (end, coefficient) in cut.ends.iter_mut().zip(line.ends) {
                end.extend(coefficient.map(|coefficient| (number, coefficient)));
            }
            coefficients.push(line.coefficients);
        }
        cut.faces = match axis {
            0 => SparseRows::of_rows(coefficients),
            _ => SparseRows::of_columns(coefficients, nodes.y.len()),
        };
        Ok(cut)
    }

    /// The coefficients of the cut edges of a line.
    fn cut_line(&self, axis: usize, line: usize, face: Face) -> Result<CutLine, Wrong> {
        let edges = self.cut_edges(axis, line, face);
        let nodes = &self.geometry.nodes;
        let (coordinates, over) = (nodes.along(axis), nodes.along(1 - axis)[line]);
        let rule = match self.is_constant_between {
            true => &GAUSS[..1],
            false => &GAUSS[..],
        };
        let points = edges.iter().flat_map(|edge| {
            let pieces = edge.pieces.iter();
            let places = pieces.flat_map(move |&piece| {
                rule.iter()
                    .map(move |&(share, _)| edge.measure.within(piece, share))
            });
            places.map(|place| oriented(axis, [place, over]))
        });
        let points: Vec<[f64; 2]> = points.collect();
        let values = self.values(&points);
        let mut line = CutLine::default();
        let mut later_values = &values[..];
        for edge in &edges {
            let (of_edge, rest_of_values) = later_values.split_at(edge.pieces.len() * rule.len());
            later_values = rest_of_values;
            if let Some(place) = of_edge.iter().position(|&value| !is_coefficient(value)) {
                let count_before = values.len() - later_values.len() - of_edge.len();
                return Err(Wrong {
                    value: of_edge[place],
                    at: points[count_before + place],
                });
            }
            line.coefficients
                .push((edge.number, edge.mean(of_edge, face)));
            if edge.number == 1 {
                line.ends[0] = of_edge.first().copied();
            }
            if edge.number == coordinates.len() - 1 {
                line.ends[1] = of_edge.last().copied();
            }
        }
        Ok(line)
    }

    /// The edges of a line on which the formula jumps, without those of masked nodes. What rounding leaves between two
    /// pieces is left out.
    fn cut_edges(&self, axis: usize, line: usize, face: Face) -> Vec<CutEdge> {
        let nodes = &self.geometry.nodes;
        let (coordinates, over) = (nodes.along(axis), nodes.along(1 - axis)[line]);
        let last_edge = coordinates.len() - 1;
        let sliver = SLIVER * rounding([coordinates[0], coordinates[last_edge]]);
        let mut cuts = cuts_between(coordinates, &self.places_on_line(axis, over));
        if nodes.periodic[axis] && self.differs_at_ends(axis, line) {
            cuts.push((last_edge, coordinates[last_edge]));
        }
        let of_edges = cuts.chunk_by(|one, other| one.0 == other.0);
        let edges = of_edges.filter_map(|cuts| {
            let number = cuts[0].0;
            let nodes_of_edge =
                [number - 1, number].map(|number| oriented(1 - axis, [number, line]));
            if nodes_of_edge
                .iter()
                .any(|&[j, i]| self.geometry.masks((j, i)))
            {
                return None;
            }
            let bounds = [coordinates[number - 1], coordinates[number]];
            let mut pieces = divided(bounds, cuts.iter().map(|&(_, cut)| cut).collect());
            if pieces.iter().any(|[from, to]| to - from > sliver) {
                pieces.retain(|[from, to]| to - from > sliver);
            }
            let measure = match face {
                Face::Harmonic if axis == 0 && self.is_radial && bounds[0] > 0.0 => {
                    Measure::Logarithm
                }
                Face::Harmonic if axis == 0 && self.is_radial => Measure::Square,
                _ => Measure::Length,
            };
            Some(CutEdge {
                number,
                bounds,
                measure,
                pieces,
            })
        });
        edges.collect()
    }
}

impl CutEdge {
    /// The mean coefficient of the edge, from the values on its pieces: those of Gauss's rule, or a single one that all
    /// of the piece has.
    fn mean(&self, values: &[f64], face: Face) -> f64 {
        let (mut total, mut sum) = (0.0, 0.0);
        let count = values.len() / self.pieces.len();
        for (&piece, values) in self.pieces.iter().zip(values.chunks_exact(count)) {
            let size = self.measure.of(piece);
            total += size;
            for (value, (_, weight)) in values.iter().cycle().zip(GAUSS) {
                sum += match face {
                    Face::Harmonic => weight * size / value,
                    Face::Arithmetic => weight * size * value,
                };
            }
        }
        let [from, to] = self.bounds;
        let curvature = match self.measure {
            Measure::Logarithm => {
                (to - from) / (f64::midpoint(from, to) * self.measure.of(self.bounds))
            }
            Measure::Length | Measure::Square => 1.0,
        };
        match face {
            Face::Harmonic => curvature * (total / sum),
            Face::Arithmetic => sum / total,
        }
    }
}

/// Whether a value can be a diffusion coefficient.
fn is_coefficient(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}
