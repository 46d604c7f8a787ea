//! [`Jumping`]: formulas that jump between nodes.
//!
//! A formula is asked at nodes as long as it is smooth. An edge between two nodes on which it jumps, and a cell in which
//! it does, is divided where it jumps. Each piece is integrated by Gauss's rule of five points.
//!
//! ```text
//!   o───────D₁──────┊──D₂──o     De = h / ∫ ds/D      "harmonic"
//!   a               s      b     De = ∫ D ds / h      "arithmetic"
//!
//!   De = h/(r ∫ dr/(r D))  along a radius, with r in the middle of the edge; that integral has no end at the axis,
//!                          where the edge has the mean ∫ r dr / ∫ r dr/D: what heats a disk alike flows as r
//! ```
//!
//! Cells have the means of c, k and S over the area, or over the volume around an axis of rotation.
//!
//! Parts of a formula that depend on x alone or on y alone jump at places along an axis, which are found to rounding
//! once. Other parts are looked for in boxes, which are divided until a box is a single edge or cell: a range of values
//! proves that nothing changes in most of them. A cell that such a part cuts is cut into lines.

use super::{geometry::Geometry, nodes::Nodes, sparse::SparseRows};
use crate::params::{Face, Formula, Function};
use diff2d_arrays::expression::{BATCH, Expression, Jump};
use rayon::prelude::*;
use std::{f64::consts::PI, ops::Range};

/// The places of Gauss's rule between 0 and 1, and their weights.
const GAUSS: [(f64, f64); 5] = [
    (0.046_910_077_030_668, 0.118_463_442_528_094_54),
    (0.230_765_344_947_158_46, 0.239_314_335_249_683_24),
    (0.5, 0.284_444_444_444_444_44),
    (0.769_234_655_052_841_5, 0.239_314_335_249_683_24),
    (0.953_089_922_969_332, 0.118_463_442_528_094_54),
];

/// The formula of a coefficient or of a source, and where it jumps.
pub struct Jumping<'a> {
    expression: &'a Expression,
    geometry: &'a Geometry,
    /// Whether x is the distance from an axis of rotation.
    is_radial: bool,
    /// The places along x and along y at which parts jump that depend on that coordinate alone, each between two bounds.
    places: [Vec<[f64; 2]>; 2],
    /// The parts whose places depend on both coordinates.
    oblique: Vec<Jump>,
}

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

impl CutFaces {
    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let ends = self.ends.iter().map(|end| size_of_val(&end[..]) as u64);
        self.faces.bytes() + ends.sum::<u64>()
    }

    /// The coefficient at the first (0) or the last node (1) of a line.
    #[must_use]
    pub fn at_end(&self, end: usize, line: usize) -> Option<f64> {
        let of_lines = &self.ends[end];
        let place = of_lines.binary_search_by_key(&line, |&(line, _)| line);
        place.ok().map(|place| of_lines[place].1)
    }
}

/// Points of a cell, and the size of what each of them stands for.
struct Samples {
    /// The weight of lengths along x.
    measure: Measure,
    points: Vec<[f64; 2]>,
    sizes: Vec<f64>,
}

impl Samples {
    fn add(&mut self, point: [f64; 2], size: f64) {
        self.points.push(point);
        self.sizes.push(size);
    }

    /// Adds the points of a rectangle in which nothing jumps.
    fn add_smooth(&mut self, [x, y]: [[f64; 2]; 2]) {
        if x[0] >= x[1] || y[0] >= y[1] {
            return;
        }
        let size = self.measure.of(x) * (y[1] - y[0]);
        for (share_y, weight_y) in GAUSS {
            for (share_x, weight_x) in GAUSS {
                let point = [self.measure.within(x, share_x), within(y, share_y)];
                self.add(point, weight_x * weight_y * size);
            }
        }
    }
}

/// The weight of a length along a line.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Measure {
    Length,
    /// Lengths divided by the radius.
    Logarithm,
    /// Lengths times the radius.
    Square,
}

impl Measure {
    fn of(self, [from, to]: [f64; 2]) -> f64 {
        match self {
            Self::Length => to - from,
            Self::Logarithm => libm::log(to / from),
            Self::Square => (to - from) * f64::midpoint(from, to),
        }
    }

    /// The place by which a share of what lies between two bounds is reached.
    fn within(self, [from, to]: [f64; 2], share: f64) -> f64 {
        match self {
            Self::Length => within([from, to], share),
            Self::Logarithm => from * libm::exp(share * libm::log(to / from)),
            Self::Square => within([from * from, to * to], share).sqrt(),
        }
    }
}

impl<'a> Jumping<'a> {
    /// A formula that jumps somewhere; `None` for any other function, and for one that depends on time.
    #[must_use]
    pub fn new(function: &'a Function, geometry: &'a Geometry) -> Option<Self> {
        /// The largest number of places along an axis for each node. If there are more, they are known to less than
        /// rounding.
        const MOST_PLACES: usize = 16;
        let Function::Formula(Formula { expression, .. }) = function else {
            return None;
        };
        let jumps = expression.jumps();
        if jumps.is_empty() || function.depends_on_time() {
            return None;
        }
        let nodes = &geometry.nodes;
        let mut places = [Vec::new(), Vec::new()];
        let mut oblique = Vec::new();
        for jump in jumps {
            let axis = match [jump.uses(0), jump.uses(1)] {
                [true, true] => {
                    oblique.push(jump);
                    continue;
                }
                [true, false] => 0,
                _ => 1,
            };
            let coordinates = nodes.along(axis);
            let last = coordinates.len() - 1;
            let bounds = [
                extent_of(geometry, axis, 0)[0],
                extent_of(geometry, axis, last)[1],
            ];
            let may_lie_in = |bounds| jump.may_lie_in(&[bounds; 2]);
            let most = MOST_PLACES * coordinates.len();
            places[axis].extend(isolate(may_lie_in, bounds, rounding(bounds), most));
        }
        for places in &mut places {
            places.sort_unstable_by(|one, other| one[0].total_cmp(&other[0]));
        }
        Some(Self {
            expression,
            geometry,
            is_radial: geometry.grid.x.radii().is_some(),
            places,
            oblique,
        })
    }

    /// The coefficients of the faces between columns (axis 0) or between rows (axis 1), where the formula jumps.
    ///
    /// # Errors
    /// The first value that is negative or not finite.
    pub fn faces(&self, axis: usize, face: Face) -> Result<CutFaces, Wrong> {
        let nodes = &self.geometry.nodes;
        let across = 1 - axis;
        let lines = nodes.along(across).len() - usize::from(nodes.periodic[across]);
        let last = nodes.along(axis).len() - 1;
        let edges = self.marked(lines, 1..last + 1, |lines, edges| {
            let [along, over] = [nodes.along(axis), nodes.along(across)];
            let bounds = [along[edges.start - 1], along[edges.end - 1]];
            let over = [over[lines.start], over[lines.end - 1]];
            oriented(axis, [bounds, over])
        });
        let edges = edges.into_par_iter().enumerate().map(|(line, mut edges)| {
            let at_column = nodes.along(axis).windows(2).zip(1..);
            let at_column = at_column
                .filter(|(edge, _)| lies_in(&self.places[axis], [edge[0], edge[1]]))
                .map(|(_, edge)| edge);
            edges.extend(at_column);
            if nodes.periodic[axis] && self.differs_at_ends(axis, line) {
                edges.push(last);
            }
            edges.sort_unstable();
            edges.dedup();
            let node = |number: usize| match axis {
                0 => (line, number),
                _ => (number, line),
            };
            edges.retain(|&edge| {
                let ends = [edge - 1, edge].map(node);
                !ends.iter().any(|&node| self.geometry.masks(node))
            });
            self.line(axis, line, &edges, face)
        });
        let found = edges.collect::<Result<Vec<_>, _>>()?;
        let mut cut = CutFaces::default();
        let mut of_lines = Vec::with_capacity(found.len());
        for (line, (coefficients, ends)) in found.into_iter().enumerate() {
            for (end, coefficient) in cut.ends.iter_mut().zip(ends) {
                end.extend(coefficient.map(|coefficient| (line, coefficient)));
            }
            of_lines.push(coefficients);
        }
        cut.faces = match axis {
            0 => SparseRows::of_rows(of_lines),
            _ => SparseRows::of_columns(of_lines, nodes.y.len()),
        };
        Ok(cut)
    }

    /// The means over the cells in which the formula jumps.
    #[must_use]
    pub fn cells(&self) -> SparseRows {
        let nodes = &self.geometry.nodes;
        let [wraps_x, wraps_y] = nodes.periodic;
        let (ny, nx) = (nodes.y.len(), nodes.x.len());
        let mut cells = self.marked(ny, 0..nx, |rows, columns| {
            [(0, columns), (1, rows)].map(|(axis, range)| {
                let [first, last] = [range.start, range.end - 1];
                let [first, last] = [first, last].map(|i| extent_of(self.geometry, axis, i));
                [first[0], last[1]]
            })
        });
        // A place along one axis cuts the cells of a whole line.
        let is_cut = |axis: usize, number: usize| {
            let mut intervals = self.intervals(axis, number);
            intervals.any(|interval| lies_in(&self.places[axis], interval))
        };
        let cut_columns: Vec<usize> = (0..nx).filter(|&i| is_cut(0, i)).collect();
        for (j, cells) in cells.iter_mut().enumerate() {
            match is_cut(1, j) {
                true => *cells = (0..nx).collect(),
                false => cells.extend(&cut_columns),
            }
        }
        if wraps_y {
            let last_row = cells.split_off(ny - 1).concat();
            cells[0].extend(last_row);
            let differing = (0..nx).filter(|&i| self.differs_at_ends(1, nodes.column(i)));
            cells[0].extend(differing);
        }
        let rows = cells.into_par_iter().enumerate().map(|(j, mut columns)| {
            columns.iter_mut().for_each(|i| *i = nodes.column(*i));
            if wraps_x && self.differs_at_ends(0, j) {
                columns.push(0);
            }
            columns.sort_unstable();
            columns.dedup();
            let means = columns.into_iter().filter_map(|i| {
                let mean = (!self.geometry.masks((j, i))).then(|| self.mean((j, i)))?;
                // What has no value in a part of the cell is asked at the node.
                mean.is_finite().then_some((i, mean))
            });
            means.collect()
        });
        SparseRows::of_rows(rows.collect())
    }

    /// The numbers between the bounds `columns` for each of `rows` rows in whose boxes an oblique part may jump.
    /// `bounds` gives the bounds of a box along x and along y.
    fn marked(
        &self,
        rows: usize,
        columns: Range<usize>,
        bounds: impl Fn(Range<usize>, Range<usize>) -> [[f64; 2]; 2] + Sync,
    ) -> Vec<Vec<usize>> {
        /// The number of rows that are divided together.
        const TOGETHER: usize = 32;
        let mut marked = vec![Vec::new(); rows];
        if self.oblique.is_empty() {
            return marked;
        }
        let pieces = marked.par_chunks_mut(TOGETHER).enumerate();
        pieces.for_each(|(piece, marked)| {
            let first = piece * TOGETHER;
            let mut boxes = vec![(first..first + marked.len(), columns.clone())];
            while let Some((rows, columns)) = boxes.pop() {
                if !self.may_lie_in(bounds(rows.clone(), columns.clone())) {
                    continue;
                }
                if rows.len() == 1 && columns.len() == 1 {
                    marked[rows.start - first].push(columns.start);
                } else if rows.len() > columns.len() {
                    let middle = rows.start.midpoint(rows.end);
                    boxes.push((rows.start..middle, columns.clone()));
                    boxes.push((middle..rows.end, columns));
                } else {
                    let middle = columns.start.midpoint(columns.end);
                    boxes.push((rows.clone(), columns.start..middle));
                    boxes.push((rows, middle..columns.end));
                }
            }
        });
        marked
    }

    /// Whether an oblique part may jump within bounds along x and along y.
    fn may_lie_in(&self, [x, y]: [[f64; 2]; 2]) -> bool {
        self.oblique.iter().any(|jump| jump.may_lie_in(&[x, y]))
    }

    /// Whether the values at both ends of a line differ, which are those of one point on periodic sides.
    fn differs_at_ends(&self, axis: usize, line: usize) -> bool {
        let nodes = &self.geometry.nodes;
        let (along, over) = (nodes.along(axis), nodes.along(1 - axis)[line]);
        let ends = [along[0], along[along.len() - 1]].map(|end| oriented(axis, [end, over]));
        let [first, last] = self.values(&ends)[..] else {
            return false;
        };
        first != last
    }

    /// The coefficients of some edges of a line, and of its two ends if their edges are among these.
    #[expect(clippy::type_complexity, reason = "entries of one line")]
    fn line(
        &self,
        axis: usize,
        line: usize,
        edges: &[usize],
        face: Face,
    ) -> Result<(Vec<(usize, f64)>, [Option<f64>; 2]), Wrong> {
        let nodes = &self.geometry.nodes;
        let (along, over) = (nodes.along(axis), nodes.along(1 - axis)[line]);
        let measures = edges.iter().map(|&edge| match face {
            Face::Harmonic if axis == 0 && self.is_radial => match along[edge - 1] > 0.0 {
                true => Measure::Logarithm,
                false => Measure::Square,
            },
            _ => Measure::Length,
        });
        let measures: Vec<Measure> = measures.collect();
        let mut pieces = Vec::new();
        for (&edge, measure) in edges.iter().zip(&measures) {
            let of_edge = self.pieces(axis, [along[edge - 1], along[edge]], over);
            pieces.extend(of_edge.into_iter().map(|piece| (edge, *measure, piece)));
        }
        let points = pieces.iter().flat_map(|&(_, measure, piece)| {
            let places = GAUSS.map(|(share, _)| measure.within(piece, share));
            places.map(|at| oriented(axis, [at, over]))
        });
        let points: Vec<[f64; 2]> = points.collect();
        let values = self.values(&points);
        let is_wrong = |value: &f64| !(value.is_finite() && *value >= 0.0);
        if let Some(place) = values.iter().position(is_wrong) {
            return Err(Wrong {
                value: values[place],
                at: points[place],
            });
        }
        let (mut coefficients, mut ends) = (Vec::with_capacity(edges.len()), [None; 2]);
        let (mut pieces, mut values) = (&pieces[..], &values[..]);
        for (&edge, measure) in edges.iter().zip(measures) {
            let count = pieces.partition_point(|&(of_edge, ..)| of_edge <= edge);
            let (of_edge, later_pieces) = pieces.split_at(count);
            let (of_values, later_values) = values.split_at(count * GAUSS.len());
            (pieces, values) = (later_pieces, later_values);
            let of_edge: Vec<[f64; 2]> = of_edge.iter().map(|&(.., piece)| piece).collect();
            let bounds = [along[edge - 1], along[edge]];
            coefficients.push((edge, mean(&of_edge, of_values, bounds, face, measure)));
            if edge == 1 {
                ends[0] = of_values.first().copied();
            }
            if edge == along.len() - 1 {
                ends[1] = of_values.last().copied();
            }
        }
        Ok((coefficients, ends))
    }

    /// The pieces of an edge on which nothing jumps. What rounding leaves between two pieces is left out.
    fn pieces(&self, axis: usize, edge: [f64; 2], over: f64) -> Vec<[f64; 2]> {
        /// The largest number of places of oblique parts on an edge; if there are more, they are known to less than
        /// rounding.
        const MOST_PLACES: usize = 64;
        let mut cuts = cuts_in(&self.places[axis], edge);
        if !self.oblique.is_empty() {
            let may_lie_in = |bounds| self.may_lie_in(oriented(axis, [bounds, [over; 2]]));
            let places = isolate(may_lie_in, edge, rounding(edge), MOST_PLACES);
            cuts.extend(places.into_iter().flatten());
        }
        /// The number of rounding errors of coordinates that make no piece.
        const SLIVER: f64 = 64.0;
        let ends = self.geometry.nodes.along(axis);
        let sliver = SLIVER * rounding([ends[0], ends[ends.len() - 1]]);
        let pieces = divided(edge, cuts);
        let kept = pieces.iter().copied();
        let kept: Vec<[f64; 2]> = kept.filter(|[from, to]| to - from > sliver).collect();
        if kept.is_empty() { pieces } else { kept }
    }

    /// The mean over the cell of a node.
    fn mean(&self, (j, i): (usize, usize)) -> f64 {
        let mut samples = Samples {
            measure: match self.is_radial {
                true => Measure::Square,
                false => Measure::Length,
            },
            points: Vec::new(),
            sizes: Vec::new(),
        };
        for y in self.intervals(1, j) {
            for x in self.intervals(0, i) {
                let [columns, rows] = [(0, x), (1, y)]
                    .map(|(axis, bounds)| divided(bounds, cuts_in(&self.places[axis], bounds)));
                for &row in &rows {
                    for &column in &columns {
                        self.add_rectangle([column, row], &mut samples);
                    }
                }
            }
        }
        let values = self.values(&samples.points);
        let total: f64 = samples.sizes.iter().sum();
        let parts = values.iter().zip(&samples.sizes);
        parts.map(|(value, size)| value * size).sum::<f64>() / total
    }

    /// Adds samples of a rectangle in which only oblique parts jump.
    fn add_rectangle(&self, [x, y]: [[f64; 2]; 2], samples: &mut Samples) {
        /// The width in which a place on a line is found, as a part of the rectangle.
        const FINENESS: f64 = 1.0 / 4096.0;
        /// The largest number of places on a line.
        const MOST_PLACES: usize = 16;
        /// The number of times that a rectangle becomes a thousand times smaller.
        const MOST_ROUNDS: usize = 4;
        if !self.may_lie_in([x, y]) {
            return samples.add_smooth([x, y]);
        }
        // The smallest rectangle around what jumps: lines through it miss nothing, however small it is.
        let (mut inner_x, mut inner_y) = (x, y);
        for _ in 0..MOST_ROUNDS {
            let [width, height] = [inner_x, inner_y].map(|[from, to]| to - from);
            inner_y = shrunk(|y| self.may_lie_in([inner_x, y]), inner_y);
            inner_x = shrunk(|x| self.may_lie_in([x, inner_y]), inner_x);
            let is_settled = inner_x[1] - inner_x[0] > width / 2.0;
            if is_settled && inner_y[1] - inner_y[0] > height / 2.0 {
                break;
            }
        }
        for rows in [[y[0], inner_y[0]], [inner_y[1], y[1]]] {
            samples.add_smooth([x, rows]);
        }
        for columns in [[x[0], inner_x[0]], [inner_x[1], x[1]]] {
            samples.add_smooth([columns, inner_y]);
        }
        let smallest = FINENESS * (inner_x[1] - inner_x[0]);
        for [from, to] in lines() {
            let rows = [from, to].map(|share| within(inner_y, share));
            let at = f64::midpoint(rows[0], rows[1]);
            let may_lie_in = |x| self.may_lie_in([x, [at; 2]]);
            let places = isolate(may_lie_in, inner_x, smallest, MOST_PLACES);
            let middles = places.into_iter().map(|[from, to]| f64::midpoint(from, to));
            for piece in divided(inner_x, middles.collect()) {
                let size = samples.measure.of(piece) * (rows[1] - rows[0]);
                samples.add([within(piece, 0.5), at], size);
            }
        }
    }

    /// The values of the formula at points.
    fn values(&self, points: &[[f64; 2]]) -> Vec<f64> {
        let mut values = vec![0.0; points.len()];
        for (points, values) in points.chunks(BATCH).zip(values.chunks_mut(BATCH)) {
            let [x, y] =
                [0, 1].map(|axis| points.iter().map(|point| point[axis]).collect::<Vec<_>>());
            let time = vec![0.0; points.len()];
            self.expression.evaluate(&[&x, &y, &time], 0, values);
        }
        values
    }

    /// The bounds of a node's cell along an axis: one interval, or on periodic sides half a cell at both ends.
    fn intervals(&self, axis: usize, number: usize) -> impl Iterator<Item = [f64; 2]> + use<> {
        let nodes = &self.geometry.nodes;
        let last = nodes.along(axis).len() - 1;
        let is_seam = nodes.periodic[axis] && (number == 0 || number == last);
        let [own, other] = match is_seam {
            true => [0, last].map(|end| Some(extent_of(self.geometry, axis, end))),
            false => [Some(extent_of(self.geometry, axis, number)), None],
        };
        [own, other].into_iter().flatten()
    }
}

impl Nodes {
    /// The coordinates along x (axis 0) or along y (axis 1).
    fn along(&self, axis: usize) -> &[f64] {
        match axis {
            0 => &self.x,
            _ => &self.y,
        }
    }
}

/// What belongs to an axis and to the other one, in the order x, y.
fn oriented<T>(axis: usize, [along, over]: [T; 2]) -> [T; 2] {
    match axis {
        0 => [along, over],
        _ => [over, along],
    }
}

/// The bounds of the cell of a node along an axis: half way to its neighbours; at an end up to the node, or as far beyond
/// it where the node stands for a whole cell.
fn extent_of(geometry: &Geometry, axis: usize, number: usize) -> [f64; 2] {
    let coordinates = geometry.nodes.along(axis);
    let grid_axis = match axis {
        0 => &geometry.grid.x,
        _ => &geometry.grid.y,
    };
    let (at, last) = (coordinates[number], coordinates.len() - 1);
    let is_whole = grid_axis.weight(number) == 1.0;
    let beyond = |neighbour: f64| match is_whole {
        true => at + (at - neighbour) / 2.0,
        false => at,
    };
    let lower = match number {
        0 => beyond(coordinates[1]),
        _ => f64::midpoint(coordinates[number - 1], at),
    };
    let upper = match number {
        number if number == last => beyond(coordinates[last - 1]),
        _ => f64::midpoint(at, coordinates[number + 1]),
    };
    [lower, upper]
}

/// The bounds of the lines through a rectangle, between 0 and 1. They are narrow at the ends, where a circle that
/// touches these has a vertical tangent.
fn lines() -> impl Iterator<Item = [f64; 2]> {
    /// The number of lines.
    const LINES: u32 = 16;
    let bound = |line: u32| 0.5 * (1.0 - libm::cos(f64::from(line) / f64::from(LINES) * PI));
    (0..LINES).map(move |line| [line, line + 1].map(bound))
}

/// The place between two bounds at a share of their distance.
fn within([from, to]: [f64; 2], share: f64) -> f64 {
    from + share * (to - from)
}

/// The mean coefficient of an edge, from its pieces and their values.
fn mean(pieces: &[[f64; 2]], values: &[f64], edge: [f64; 2], face: Face, measure: Measure) -> f64 {
    let (mut total, mut sum) = (0.0, 0.0);
    for (piece, values) in pieces.iter().zip(values.chunks_exact(GAUSS.len())) {
        let size = measure.of(*piece);
        total += size;
        for (value, (_, weight)) in values.iter().zip(GAUSS) {
            sum += match face {
                Face::Harmonic => weight * size / value,
                Face::Arithmetic => weight * size * value,
            };
        }
    }
    let curvature = match measure {
        Measure::Logarithm => {
            Measure::Length.of(edge) / (f64::midpoint(edge[0], edge[1]) * measure.of(edge))
        }
        Measure::Length | Measure::Square => 1.0,
    };
    match face {
        Face::Harmonic => curvature * (total / sum),
        Face::Arithmetic => sum / total,
    }
}

/// Whether a place lies within bounds. A place at the lower bound does not if nothing changes behind it.
fn lies_in(places: &[[f64; 2]], [from, to]: [f64; 2]) -> bool {
    places
        .iter()
        .any(|&[before, after]| before < to && after > from)
}

/// The bounds of the places within an interval.
fn cuts_in(places: &[[f64; 2]], [from, to]: [f64; 2]) -> Vec<f64> {
    let places = places.iter().copied();
    places
        .filter(|&place| lies_in(&[place], [from, to]))
        .flatten()
        .collect()
}

/// The parts of an interval between cuts.
fn divided([from, to]: [f64; 2], mut cuts: Vec<f64>) -> Vec<[f64; 2]> {
    cuts.retain(|&cut| from < cut && cut < to);
    cuts.extend([from, to]);
    cuts.sort_unstable_by(f64::total_cmp);
    cuts.dedup();
    cuts.windows(2).map(|part| [part[0], part[1]]).collect()
}

/// The rounding error of coordinates between bounds.
fn rounding([from, to]: [f64; 2]) -> f64 {
    f64::EPSILON / 4.0 * from.abs().max(to.abs())
}

/// The places within bounds where something may lie, each between two bounds at a distance of at most `smallest`; or
/// farther apart if there would be more than `most` of them.
fn isolate(
    may_lie_in: impl Fn([f64; 2]) -> bool,
    bounds: [f64; 2],
    smallest: f64,
    most: usize,
) -> Vec<[f64; 2]> {
    let whole = Some(bounds).into_iter();
    let mut places: Vec<[f64; 2]> = whole.filter(|&bounds| may_lie_in(bounds)).collect();
    let mut width = bounds[1] - bounds[0];
    while width > smallest {
        let mut halves = Vec::with_capacity(2 * places.len());
        for &[from, to] in &places {
            let middle = f64::midpoint(from, to);
            let parts = [[from, middle], [middle, to]];
            // Between neighbouring numbers there is none.
            let parts = parts.into_iter().filter(|part| part[0] < part[1]);
            halves.extend(parts.filter(|&part| may_lie_in(part)));
        }
        if halves.len() > most {
            break;
        }
        places = halves;
        width /= 2.0;
    }
    places
}

/// The smallest part of an interval, but for a thousandth, outside of which nothing lies.
fn shrunk(may_lie_in: impl Fn([f64; 2]) -> bool, [from, to]: [f64; 2]) -> [f64; 2] {
    const HALVINGS: u32 = 10;
    let (mut first, mut last) = (from, to);
    let (mut step, smallest) = ((to - from) / 2.0, (to - from) / f64::from(1 << HALVINGS));
    while step >= smallest {
        if first + step < last && !may_lie_in([from, first + step]) {
            first += step;
        }
        if last - step > first && !may_lie_in([last - step, to]) {
            last -= step;
        }
        step /= 2.0;
    }
    [first, last]
}
