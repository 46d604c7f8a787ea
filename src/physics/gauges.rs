//! [`Gauges`]: reads values of a state at points and in regions.

use super::{
    between::CutPoints, geometry::Geometry, input::Digests, selection::Selection, slots::Slots,
    values::value_at_point,
};
use crate::{
    grid::{Axis, Grid},
    node_set::NodeSet,
    params::{Function, ParamsError, PointValue, RawParams, RecordKeys, RecordPoint},
    summary::{Summary, pairwise_columns},
};
use diff2d_stencil::real::Real;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis as ArrayAxis};
use serde::Serialize;
use std::{array, collections::BTreeSet, fmt, ops::Range};

/// A point, and the nodes from which its value is computed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gauge {
    /// The name of the point.
    pub name: String,
    /// The position of the point as typed \[length\].
    pub asked: [f64; 2],
    /// The side of an interface on which it lies, as typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// The position whose value it has: on that side, and without roundings of the position as typed.
    #[serde(skip)]
    place: [f64; 2],
    /// The positions of the nodes \[length\].
    pub nodes: Vec<[f64; 2]>,
    /// The indices `(j, i)` of the nodes.
    #[serde(skip)]
    indices: Vec<(usize, usize)>,
    /// The weights of the nodes in the value.
    pub weights: Vec<f64>,
}

impl Gauge {
    /// Refuses a point outside the domain, among masked nodes, or on an interface without a side of it. Of a point with a side,
    /// the value is interpolated.
    fn new(geometry: &Geometry, point: &RecordPoint, value: PointValue) -> Result<Self, String> {
        let (grid, name, position) = (&geometry.grid, &point.name, point.at);
        let value = match point.side {
            Some(_) => PointValue::Linear,
            None => value,
        };
        let [x, y] = [(&grid.x, position[0]), (&grid.y, position[1])].map(|(axis, coordinate)| {
            let (lower, upper) = axis.domain();
            axis.within(coordinate).ok_or_else(|| {
                format!(
                    "the point {name} coordinate {position:?} is outside of the domain, which reaches from {lower:?} to {upper:?} there"
                )
            })
        });
        let mut place = [x?, y?];
        if let Some(side) = &point.side {
            place = place_on_side(geometry, place, side)
                .map_err(|reason| format!("the point {name} at {position:?}: {reason}"))?;
        } else if value == PointValue::Linear
            && let Some([one, other]) = sides(geometry, place)
        {
            return Err(format!(
                "the point {name} at {position:?} lies on an interface, where p is one value on each side: {name} = {{ at = {position:?}, side = \"{one}\" }} is that of one side, side = \"{other}\" that of the other"
            ));
        }
        let [columns, rows] =
            [0, 1].map(|axis| shares_along(axis_of(grid, axis), place[axis], value));
        let corners = rows.iter().flat_map(|&(j, of_row)| {
            let columns = columns.iter();
            columns.map(move |&(i, of_column)| ((j, i), of_row * of_column))
        });
        let corners: Vec<((usize, usize), f64)> = corners.collect();
        if let Some(&((j, i), _)) = corners.iter().find(|(node, _)| geometry.masks(*node)) {
            return Err(format!(
                "the point {name} at {position:?} has the value of a masked node, at {}",
                geometry.nodes.describe(j, i)
            ));
        }
        let (indices, weights): (Vec<_>, _) = corners.into_iter().unzip();
        Ok(Self {
            name: name.clone(),
            asked: position,
            side: point.side.as_ref().map(ToString::to_string),
            place,
            nodes: positions(grid, &indices),
            indices,
            weights,
        })
    }

    /// Weighs the nodes around the point by what bends p between them, if anything does.
    fn bend(&mut self, cut_points: &CutPoints<'_>, grid: &Grid) -> Result<(), ParamsError> {
        /// A weight that is rounding.
        const UNSEEN: f64 = 1e-14;
        if self.indices.len() == 1 {
            return Ok(());
        }
        let numbers = nodes_around(grid, self.place);
        let Some(weights) = cut_points.weights(self.place, numbers)? else {
            return Ok(());
        };
        let [columns, rows] = numbers;
        let corners = rows.iter().flat_map(|&j| columns.map(|i| (j, i)));
        let corners = corners
            .zip(weights)
            .filter(|(_, weight)| weight.abs() > UNSEEN);
        (self.indices, self.weights) = corners.unzip();
        self.nodes = positions(grid, &self.indices);
        Ok(())
    }

    /// Whether the value is that of a node.
    #[must_use]
    pub(crate) fn is_node(&self) -> bool {
        self.indices.len() == 1
    }

    /// The value of the point, from the values of its nodes.
    fn value(&self, of: impl Fn((usize, usize)) -> f64) -> f64 {
        match (&self.indices[..], &self.weights[..]) {
            ([node], _) => of(*node),
            (nodes, weights) => {
                let pairs = nodes.iter().zip(weights);
                pairs.map(|(&node, weight)| weight * of(node)).sum()
            }
        }
    }
}

/// Tells where the point is, and what it reads.
impl fmt::Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, y] = self.asked;
        write!(f, "{} at x = {x:?}, y = {y:?}", self.name)?;
        if let Some(side) = &self.side {
            write!(f, ", on the side {side},")?;
        }
        let terms = self.nodes.iter().zip(&self.weights);
        let terms = terms.map(|([x, y], weight)| match weight {
            1.0 => format!("p({x:?}, {y:?})"),
            weight => format!("{weight:.3} p({x:?}, {y:?})"),
        });
        write!(f, " reads {}", terms.collect::<Vec<_>>().join(" + "))
    }
}

/// The positions of nodes.
fn positions(grid: &Grid, nodes: &[(usize, usize)]) -> Vec<[f64; 2]> {
    let nodes = nodes.iter();
    nodes
        .map(|&(j, i)| [grid.x.node(i), grid.y.node(j)])
        .collect()
}

/// Whether a place is inside of each interface that has a resistance there.
fn sides_of(geometry: &Geometry, place: [f64; 2]) -> Vec<bool> {
    let [i, j] = [0, 1].map(|axis| {
        let shares = shares_along(
            axis_of(&geometry.grid, axis),
            place[axis],
            PointValue::Nearest,
        );
        shares[0].0
    });
    let interfaces = &geometry.interfaces;
    interfaces.sides_of_place(&geometry.nodes, place, (j, i))
}

/// The places around a place, those along x and y first, at a distance at which p is the same but for rounding, without those
/// outside of the domain.
fn places_beside(grid: &Grid, place: [f64; 2]) -> Vec<[f64; 2]> {
    let [x, y] = [&grid.x, &grid.y];
    let farthest = [x.domain(), y.domain()].map(|(lower, upper)| lower.abs().max(upper.abs()));
    // Comparisons allow for eight roundings.
    let rounding = 64.0 * f64::EPSILON * farthest[0].max(farthest[1]);
    let distance = rounding.max(1e-12 * x.spacing.min(y.spacing));
    let directions = [
        [-1.0, 0.0],
        [1.0, 0.0],
        [0.0, -1.0],
        [0.0, 1.0],
        [-1.0, -1.0],
        [1.0, -1.0],
        [-1.0, 1.0],
        [1.0, 1.0],
    ];
    let places = directions.map(|direction| [0, 1].map(|k| place[k] + distance * direction[k]));
    let places = places.into_iter();
    places
        .filter(|&[at_x, at_y]| x.has(at_x) && y.has(at_y))
        .collect()
}

/// Formulas for both sides of the interface on which a place lies, if it lies on one.
fn sides(geometry: &Geometry, place: [f64; 2]) -> Option<[String; 2]> {
    let own_sides = sides_of(geometry, place);
    let mut neighbours = places_beside(&geometry.grid, place).into_iter();
    let opposite = neighbours.find(|neighbour| sides_of(geometry, *neighbour) != own_sides)?;
    let axis = usize::from(opposite[0] == place[0]);
    Some(["<", ">"].map(|sign| format!("{} {sign} {:?}", ["x", "y"][axis], place[axis])))
}

/// The place whose value a point has that lies on the side on which a formula is not 0: beside an interface on that side.
fn place_on_side(
    geometry: &Geometry,
    place: [f64; 2],
    side: &Function,
) -> Result<[f64; 2], String> {
    let mut neighbours = places_beside(&geometry.grid, place);
    neighbours.retain(|&[x, y]| value_at_point(side, [x, y, 0.0], 0) != 0.0);
    let Some(&neighbour) = neighbours.first() else {
        return Err(format!("nothing beside it lies on the side {side}"));
    };
    let neighbour_sides = sides_of(geometry, neighbour);
    if sides(geometry, place).is_none() {
        Ok(place)
    } else if neighbours
        .iter()
        .all(|&other| sides_of(geometry, other) == neighbour_sides)
    {
        Ok(neighbour)
    } else {
        Err(format!(
            "the side {side} is there on both sides of the interface"
        ))
    }
}

/// The axis along x (0) or along y.
fn axis_of(grid: &Grid, axis: usize) -> &Axis {
    [&grid.x, &grid.y][axis]
}

/// The numbers of the two columns and of the two rows around a place.
fn nodes_around(grid: &Grid, place: [f64; 2]) -> [[usize; 2]; 2] {
    [0, 1].map(|axis| nodes_beside(&axis_of(grid, axis).coordinates(), place[axis]))
}

/// The nodes along an axis that determine the value at a position, with their weights.
fn shares_along(axis: &Axis, at: f64, value: PointValue) -> Vec<(usize, f64)> {
    let nodes = axis.coordinates();
    let [node_before, node_after] = nodes_beside(&nodes, at);
    let share = (at - nodes[node_before]) / (nodes[node_after] - nodes[node_before]);
    match (value, share) {
        (PointValue::Linear, 0.0) => vec![(node_before, 1.0)],
        (PointValue::Linear, 1.0) => vec![(node_after, 1.0)],
        (PointValue::Linear, share) => vec![(node_before, 1.0 - share), (node_after, share)],
        (PointValue::Nearest, share) if share <= 0.5 => vec![(node_before, 1.0)],
        (PointValue::Nearest, _) => vec![(node_after, 1.0)],
    }
}

/// The two nodes along an axis between which a position lies.
fn nodes_beside(nodes: &[f64], at: f64) -> [usize; 2] {
    let node_after = nodes
        .partition_point(|&node| node <= at)
        .clamp(1, nodes.len() - 1);
    [node_after - 1, node_after]
}

/// The points and regions of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauges {
    /// The points.
    pub points: Vec<Gauge>,
    /// The nodes of all points, ordered by rows and columns.
    nodes: Vec<(usize, usize)>,
    /// The names of the regions, whose nodes are in the geometry.
    pub regions: Vec<String>,
}

/// Mean, minimum, maximum and mass in a region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionValues {
    /// The mean over the area of the nodes' cells, or over their volume around an axis of rotation \[density\].
    pub mean: f64,
    /// The smallest value \[density\].
    pub min: f64,
    /// The largest value \[density\].
    pub max: f64,
    /// `Σ w_j w_i c p dx dy` over the nodes of the region \[density·length²\].
    pub mass: f64,
}

impl Gauges {
    /// Finds the nodes of points and regions. The nodes of regions are stored in the geometry.
    ///
    /// # Errors
    /// [`ParamsError`] for points outside the domain or among masked nodes, and for regions without nodes.
    pub fn new(
        keys: &RecordKeys,
        raw: &RawParams,
        geometry: &mut Geometry,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        let points = keys.points.iter().map(|point| {
            let gauge = Gauge::new(geometry, point, keys.value);
            let key = format!("record.points.{}", point.name);
            gauge.map_err(|reason| match raw.typed().first_entry_of(&key) {
                Some(_) => raw.refuse(&key, reason),
                None => raw.refuse("record.points", reason),
            })
        });
        let points = points.collect::<Result<Vec<_>, _>>()?;
        for (number, (name, area)) in keys.regions.iter().enumerate() {
            let table = format!("record.region.{number}");
            let (grid, nodes) = (geometry.grid.clone(), geometry.nodes.clone());
            let selection = Selection::new(area, &table, raw, &grid, &nodes, digests)?;
            if !geometry.add_region(selection) {
                let reason = format!("the region {name} has no node: there is none {area}");
                return Err(raw.refuse(&table, reason));
            }
        }
        Ok(Self {
            nodes: nodes_of(&points),
            points,
            regions: keys.regions.iter().map(|(name, _)| name.clone()).collect(),
        })
    }

    /// Weighs the nodes around points anew in cells in which D jumps, or which an interface cuts.
    ///
    /// # Errors
    /// [`ParamsError`] if a file can no longer be read.
    pub fn bend(&mut self, slots: &Slots) -> Result<(), ParamsError> {
        if let Some(cut_points) = CutPoints::new(slots) {
            for gauge in &mut self.points {
                gauge.bend(&cut_points, &slots.geometry.grid)?;
            }
            self.nodes = nodes_of(&self.points);
        }
        Ok(())
    }

    /// The nodes of points that lie in some rows.
    #[must_use]
    pub fn nodes(&self, rows: &Range<usize>) -> &[(usize, usize)] {
        let bounds = [rows.start, rows.end];
        let bounds = bounds.map(|row| self.nodes.partition_point(|&(j, _)| j < row));
        &self.nodes[bounds[0]..bounds[1]]
    }

    /// The values at the points, from the values at all [nodes](Self::nodes).
    #[must_use]
    pub fn points(&self, values: &[f64]) -> Vec<f64> {
        let points = self.points.iter();
        points
            .map(|gauge| {
                gauge.value(|node| {
                    let place = self.nodes.binary_search(&node).ok();
                    let value = place.and_then(|place| values.get(place));
                    value.copied().unwrap_or(f64::NAN)
                })
            })
            .collect()
    }
}

/// The nodes of points, ordered by rows and columns.
fn nodes_of(points: &[Gauge]) -> Vec<(usize, usize)> {
    let nodes: BTreeSet<_> = points.iter().flat_map(|gauge| &gauge.indices).collect();
    nodes.into_iter().copied().collect()
}

/// The number of values that a row of a state contributes to a region: size of its cells, sum, mass, minimum and
/// maximum.
pub const OF_REGION: usize = 5;

/// The contribution of a row without nodes of the region.
const NOTHING: [f64; OF_REGION] = [0.0, 0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY];

/// The number of rows that are summed in parallel, because each addition within a row waits for the one before.
const TOGETHER: usize = 4;

/// A row of a state with some nodes in a region.
struct RegionLine<'a, T> {
    /// Runs of consecutive nodes, and the weight of each of their nodes.
    pieces: Vec<(Range<usize>, f64)>,
    values: &'a [T],
    /// The radius of each node, around an axis of rotation.
    radii: Option<&'a [f64]>,
    /// The capacity of each node; `None` if it is uniform.
    capacities: Option<&'a [f64]>,
    uniform: f64,
    /// The row's contribution to the region.
    found: [f64; OF_REGION],
}

impl<T: Real> RegionLine<'_, T> {
    /// The number of nodes in a run.
    fn length(&self, piece: usize) -> usize {
        self.pieces.get(piece).map_or(0, |(nodes, _)| nodes.len())
    }
}

/// Adds the runs of rows, each row from left to right.
fn add_lines<T: Real>(lines: &mut [RegionLine<'_, T>]) {
    let pieces = lines.iter().map(|line| line.pieces.len()).max();
    for piece in 0..pieces.unwrap_or_default() {
        let mut common = 0;
        if let Ok(lines) = <&mut [_; TOGETHER]>::try_from(&mut *lines) {
            let lengths = lines.iter().map(|line| line.length(piece));
            common = lengths.min().unwrap_or_default();
            add(lines, piece, 0..common);
        }
        for line in lines.iter_mut() {
            let length = line.length(piece);
            add(array::from_mut(line), piece, common..length);
        }
    }
}

/// Adds some nodes of the run number `piece` of each row.
fn add<T: Real, const N: usize>(
    lines: &mut [RegionLine<'_, T>; N],
    piece: usize,
    nodes: Range<usize>,
) {
    if nodes.is_empty() {
        return;
    }
    let places = lines.each_ref().map(|line| {
        let (piece_nodes, weight) = &line.pieces[piece];
        (
            piece_nodes.start + nodes.start..piece_nodes.start + nodes.end,
            *weight,
        )
    });
    let values = array::from_fn(|row| &lines[row].values[places[row].0.clone()]);
    let weights = places.each_ref().map(|(_, weight)| *weight);
    let sums = lines.each_ref().map(|line| line.found[1]);
    let masses = lines.each_ref().map(|line| line.found[2]);
    let sums = match lines[0].radii {
        None => weighed(sums, weights, values, |_, value| value),
        Some(_) => {
            let radii: [&[f64]; N] =
                array::from_fn(|row| &lines[row].radii.unwrap_or_default()[places[row].0.clone()]);
            weighed(sums, weights, values, |(row, node), value| {
                radii[row][node] * value
            })
        }
    };
    let capacities = lines.each_ref().map(|line| line.capacities);
    let masses = match (capacities[0], lines[0].uniform) {
        (None, 1.0) => sums,
        (None, uniform) => weighed(masses, weights, values, |_, value| uniform * value),
        (Some(_), _) => {
            let piece_capacities: [&[f64]; N] =
                array::from_fn(|row| &capacities[row].unwrap_or_default()[places[row].0.clone()]);
            weighed(masses, weights, values, |(row, node), value| {
                piece_capacities[row][node] * value
            })
        }
    };
    for (row, line) in lines.iter_mut().enumerate() {
        let [size, .., min, max] = line.found;
        let [min, max] = ends(values[row], [min, max]);
        let size_of_cells = match line.radii {
            // It is a multiple of a quarter.
            None => nodes.len() as f64,
            Some(radii) => radii[places[row].0.clone()].iter().sum(),
        };
        let size = size + weights[row] * size_of_cells;
        line.found = [size, sums[row], masses[row], min, max];
    }
}

/// Adds weighted values to the sums of rows, from left to right.
fn weighed<T: Real, const N: usize>(
    mut sums: [f64; N],
    weights: [f64; N],
    rows: [&[T]; N],
    of: impl Fn((usize, usize), f64) -> f64,
) -> [f64; N] {
    let add = |sum: &mut f64, (row, node): (usize, usize), value: &T| {
        *sum += weights[row] * of((row, node), value.to_f64());
    };
    if let ([a, b, c, d], [of_a, of_b, of_c, of_d]) = (&mut sums[..], &rows[..]) {
        // Sums of their own stay in registers.
        let mut four = (*a, *b, *c, *d);
        let pairs = of_a.iter().zip(*of_b).zip(of_c.iter().zip(*of_d));
        for (node, ((at_a, at_b), (at_c, at_d))) in pairs.enumerate() {
            add(&mut four.0, (0, node), at_a);
            add(&mut four.1, (1, node), at_b);
            add(&mut four.2, (2, node), at_c);
            add(&mut four.3, (3, node), at_d);
        }
        (*a, *b, *c, *d) = four;
        return sums;
    }
    for (row, (sum, values)) in sums.iter_mut().zip(rows).enumerate() {
        let nodes = values.iter().enumerate();
        nodes.for_each(|(node, value)| add(sum, (row, node), value));
    }
    sums
}

/// The smallest and largest of the values and the two given numbers; NaN is ignored.
fn ends<T: Real>(values: &[T], [min, max]: [f64; 2]) -> [f64; 2] {
    let summary = Summary::of_row(values, 1.0, 1.0);
    if summary.min.is_nan() {
        let values = values.iter().map(|value| value.to_f64());
        return [
            values.clone().fold(min, f64::min),
            values.fold(max, f64::max),
        ];
    }
    [min.min(summary.min), max.max(summary.max)]
}

impl Geometry {
    /// The contribution of each row of a state to the regions. `p` begins with row `first`; `capacity` holds the
    /// capacity of each of its nodes, or one number for all nodes.
    #[must_use]
    pub fn region_rows<T: Real>(
        &self,
        capacity: &[f64],
        rows: Range<usize>,
        first: usize,
        p: &ArrayView2<'_, T>,
    ) -> Array2<f64> {
        let nx = self.grid.x.nodes;
        let radii = self.grid.x.radii();
        let mut region_rows = Array2::zeros((rows.len(), OF_REGION * self.regions.len()));
        let columns = region_rows.axis_chunks_iter_mut(ArrayAxis(1), OF_REGION);
        for (region, mut of_region) in self.regions.iter().zip(columns) {
            for start in rows.clone().step_by(TOGETHER) {
                let lines = start..(start + TOGETHER).min(rows.end);
                let lines = lines.map(|j| RegionLine {
                    pieces: self.pieces(region, j),
                    values: p.row(j - first).to_slice().unwrap_or_default(),
                    radii: radii.as_deref(),
                    capacities: capacity.get((j - first) * nx..(j - first + 1) * nx),
                    uniform: capacity.first().copied().unwrap_or(1.0),
                    found: NOTHING,
                });
                let mut lines: Vec<RegionLine<'_, T>> = lines.collect();
                add_lines(&mut lines);
                for (j, line) in (start..).zip(&lines) {
                    let mut sums = of_region.row_mut(j - rows.start);
                    sums.assign(&ArrayView1::from(&line.found));
                }
            }
        }
        region_rows
    }

    /// The runs of a region's consecutive nodes in row `j`, and the weight of each of their nodes.
    fn pieces(&self, region: &NodeSet, j: usize) -> Vec<(Range<usize>, f64)> {
        let (x, of_row) = (&self.grid.x, self.grid.y.weight(j));
        let row_begin = self.nodes.number(self.nodes.row(j), 0);
        let runs = region.runs(row_begin..row_begin + x.nodes as u64);
        #[expect(clippy::cast_possible_truncation, reason = "numbers of columns")]
        let runs = runs.map(|run| [run.start, run.end].map(|number| (number - row_begin) as usize));
        // Nodes at the ends of a row may weigh less.
        let (first_whole, whole_end) = match x.weight(0) {
            1.0 => (0, x.nodes),
            _ => (1, x.nodes - 1),
        };
        let parts = runs.flat_map(|[start, end]| {
            [
                start..end.min(first_whole),
                start.max(first_whole)..end.min(whole_end),
                start.max(whole_end)..end,
            ]
        });
        let parts = parts.filter(|part| !part.is_empty());
        parts
            .map(|part| (part.clone(), of_row * x.weight(part.start)))
            .collect()
    }

    /// The values of a state in each region, from the contributions of all its rows.
    #[must_use]
    pub fn region_values(&self, rows: &ArrayView2<'_, f64>) -> Vec<RegionValues> {
        let sums = pairwise_columns(rows);
        let values = (0..self.regions.len()).map(|number| OF_REGION * number);
        let values = values.map(|at| {
            let [size, sum, mass] = [at, at + 1, at + 2].map(|at| sums[at]);
            RegionValues {
                mean: sum / size,
                min: rows
                    .column(at + 3)
                    .iter()
                    .copied()
                    .fold(f64::INFINITY, f64::min),
                max: rows
                    .column(at + 4)
                    .iter()
                    .copied()
                    .fold(f64::NEG_INFINITY, f64::max),
                mass: self.grid.integral(mass),
            }
        });
        values.collect()
    }
}
