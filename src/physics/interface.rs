//! [`Interfaces`]: thin resistances between the nodes of an area and all other nodes, as defined by `[[interface]]`.
//!
//! ```text
//!   inside │ outside        a face between them conducts 1/(h/De + R) in place of De/h: it is one of the coefficient
//!     o ──[R]── o                                          De/(1 + De R/h)
//!     |←── h ──→|
//! ```
//!
//! The resistances of several interfaces at one face add up, and so do those of one whose formula crosses an edge several
//! times. The formula of a resistance is taken at the middle of the face.

use super::{nodes::Nodes, sparse::SparseRows, values::value_at_point};
use crate::{node_set::NodeSet, params::Function};
use std::ops::Range;

/// The largest number of lines that are drawn; if there are more lines, no line is drawn.
const MOST_LINES: usize = 20_000;

/// The interfaces of a domain.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interfaces {
    tables: Vec<Interface>,
}

/// An interface.
#[derive(Debug, Clone, PartialEq)]
pub struct Interface {
    /// The nodes inside.
    pub inside: NodeSet,
    /// The formula that is not 0 inside, if there is one.
    pub formula: Option<Function>,
    /// The number of times that the formula changes on an edge along x or along y, if that is more than once. Edges are
    /// numbered by their second node.
    pub changes: [SparseRows; 2],
    /// The resistance \[length/D\].
    pub resistance: Function,
}

impl Interface {
    /// Whether a point is inside: that of a node unless there is a formula.
    fn has_point(&self, nodes: &Nodes, [x, y]: [f64; 2], (j, i): (usize, usize)) -> bool {
        let number = nodes.number(nodes.row(j), nodes.column(i));
        match &self.formula {
            Some(formula) => value_at_point(formula, [x, y, 0.0], number) != 0.0,
            None => self.inside.has(number),
        }
    }

    /// The place between two nodes at which it lies, along the axis on which they follow one another.
    fn place_between(&self, nodes: &Nodes, [lower, upper]: [(usize, usize); 2]) -> [f64; 2] {
        /// Halvings until a place is known to rounding.
        const HALVINGS: usize = 53;
        let [mut lower_point, mut upper_point] =
            [lower, upper].map(|(j, i)| [nodes.x[i], nodes.y[j]]);
        let is_inside = self.has_point(nodes, lower_point, lower);
        let halvings = if self.formula.is_some() { HALVINGS } else { 0 };
        for _ in 0..halvings {
            let middle = midpoint(lower_point, upper_point);
            match self.has_point(nodes, middle, lower) == is_inside {
                true => lower_point = middle,
                false => upper_point = middle,
            }
        }
        midpoint(lower_point, upper_point)
    }
}

fn midpoint(one: [f64; 2], other: [f64; 2]) -> [f64; 2] {
    [0, 1].map(|axis| f64::midpoint(one[axis], other[axis]))
}

/// A face between a node inside an interface and a node outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossedFace {
    /// The nodes `(j, i)` beside the face; the node with the smaller indices comes first.
    pub nodes: [(usize, usize); 2],
    /// The sum of the resistances of all interfaces at the face \[length/D\]; NaN if one of them is negative.
    pub resistance: f64,
}

/// The interfaces beside the nodes of some rows.
pub struct InterfaceRows<'a> {
    nodes: &'a Nodes,
    /// The number of the first row.
    first: usize,
    /// For each interface whether each node of the rows is inside, row by row.
    tables: Vec<(Vec<bool>, &'a Interface)>,
}

impl Interfaces {
    /// Adds an interface.
    pub fn add(&mut self, interface: Interface) {
        self.tables.push(interface);
    }

    /// Adds all interfaces of others.
    pub fn extend(&mut self, others: Self) {
        self.tables.extend(others.tables);
    }

    /// Whether there are no interfaces.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// All interfaces.
    #[must_use]
    pub fn list(&self) -> &[Interface] {
        &self.tables
    }

    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let tables = self.tables.iter();
        let bytes = tables.map(|table| {
            let changes = table.changes.iter().map(SparseRows::bytes);
            table.inside.bytes() + changes.sum::<u64>()
        });
        bytes.sum()
    }

    /// The interfaces beside the nodes of some rows. Rows of a periodic grid may be numbered beyond the last one.
    #[must_use]
    pub fn of_rows<'a>(&'a self, nodes: &'a Nodes, rows: &Range<usize>) -> InterfaceRows<'a> {
        let tables = self.tables.iter().map(|table| {
            let mut is_inside = vec![false; rows.len() * nodes.x.len()];
            for (row, j) in is_inside.chunks_exact_mut(nodes.x.len()).zip(rows.clone()) {
                let first_number = nodes.number(nodes.row(j), 0);
                table.inside.fill(first_number, row, true);
            }
            (is_inside, table)
        });
        InterfaceRows {
            nodes,
            first: rows.start,
            tables: tables.collect(),
        }
    }

    /// The faces between nodes of the domain that are crossed by interfaces. Of faces that are identical on periodic
    /// sides only the first is listed.
    #[must_use]
    pub fn crossed(&self, nodes: &Nodes, masked: &NodeSet) -> Vec<CrossedFace> {
        let mut faces = Vec::new();
        if self.is_empty() {
            return faces;
        }
        let [wraps_x, wraps_y] = nodes.periodic.map(usize::from);
        let (ny, nx) = (nodes.y.len(), nodes.x.len());
        for j in 0..ny {
            let rows = self.of_rows(nodes, &(j.saturating_sub(1)..j + 1));
            for i in 0..nx {
                let west = (i > 0 && j < ny - wraps_y).then(|| (j, i - 1));
                let south = (j > 0 && i < nx - wraps_x).then(|| (j - 1, i));
                for other in [west, south].into_iter().flatten() {
                    let pair = [other, (j, i)];
                    if let Some(resistance) = rows.resistance(pair)
                        && !pair
                            .iter()
                            .any(|&(j, i)| masked.has(nodes.number(nodes.row(j), i)))
                    {
                        faces.push(CrossedFace {
                            nodes: pair,
                            resistance,
                        });
                    }
                }
            }
        }
        faces
    }

    /// Whether a place is inside of each interface that has a resistance there; `node` is the node next to it.
    #[must_use]
    pub fn sides_of_place(
        &self,
        nodes: &Nodes,
        [x, y]: [f64; 2],
        node: (usize, usize),
    ) -> Vec<bool> {
        let tables = self.tables.iter();
        let tables = tables.filter(|table| value_at_point(&table.resistance, [x, y, 0.0], 0) > 0.0);
        tables
            .map(|table| table.has_point(nodes, [x, y], node))
            .collect()
    }

    /// Whether a node is inside of each interface.
    fn sides_of_node(&self, nodes: &Nodes, (j, i): (usize, usize)) -> Vec<bool> {
        let number = nodes.number(nodes.row(j), nodes.column(i));
        let tables = self.tables.iter();
        tables.map(|table| table.inside.has(number)).collect()
    }

    /// The interfaces with a resistance on a line along x (axis 0) or along y: for each the number of the node behind it,
    /// and its coordinate.
    #[must_use]
    pub fn on_line(&self, nodes: &Nodes, axis: usize, line: usize) -> Vec<(usize, f64)> {
        let count = [nodes.x.len(), nodes.y.len()][axis];
        let mut places = Vec::new();
        for number in 1..count {
            let pair = [number - 1, number].map(|number| match axis {
                0 => (line, number),
                _ => (number, line),
            });
            let [sides_before, sides_after] = pair.map(|node| self.sides_of_node(nodes, node));
            let crossed = (self.tables.iter())
                .zip(sides_before.iter().zip(&sides_after))
                .filter(|(table, (before, after))| {
                    before != after && at_middle(nodes, &table.resistance, pair) > 0.0
                });
            places
                .extend(crossed.map(|(table, _)| (number, table.place_between(nodes, pair)[axis])));
        }
        places
    }

    /// The lines along all crossed faces, through points in fractions of the width and the height of a field whose
    /// nodes are cells; empty if there are too many lines.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "numbers of rows and columns")]
    pub fn lines(&self, nodes: &Nodes, masked: &NodeSet) -> Vec<Vec<[f64; 2]>> {
        let (ny, nx) = (nodes.y.len() as f64, nodes.x.len() as f64);
        let crossed = self.crossed(nodes, masked).into_iter();
        let mut places: Vec<(bool, usize, usize)> = crossed
            .map(|face| match face.nodes {
                [(below, _), (j, i)] if below == j => (true, i, j),
                [_, (j, i)] => (false, j, i),
            })
            .collect();
        places.sort_unstable();
        let runs =
            places.chunk_by(|&(is_vertical, line, at), next| (is_vertical, line, at + 1) == *next);
        let lines: Vec<Vec<[f64; 2]>> = runs
            .map(|run| {
                let (is_vertical, line, start) = run[0];
                let (line, start, line_end) =
                    (line as f64, start as f64, (start + run.len()) as f64);
                if is_vertical {
                    vec![[line / nx, start / ny], [line / nx, line_end / ny]]
                } else {
                    vec![[start / nx, line / ny], [line_end / nx, line / ny]]
                }
            })
            .collect();
        if lines.len() > MOST_LINES {
            Vec::new()
        } else {
            lines
        }
    }
}

impl InterfaceRows<'_> {
    /// The sum of the resistances between two neighbouring nodes of the rows, NaN if one of them is negative; `None` if
    /// no interface lies between them.
    #[must_use]
    #[inline]
    pub fn resistance(&self, pair: [(usize, usize); 2]) -> Option<f64> {
        // Few problems have interfaces, and all problems ask for every face.
        if self.tables.is_empty() {
            return None;
        }
        self.sum_of_resistances(pair)
    }

    fn sum_of_resistances(&self, pair: [(usize, usize); 2]) -> Option<f64> {
        let nx = self.nodes.x.len();
        let [first_place, second_place] = pair.map(|(j, i)| (j - self.first) * nx + i);
        let crossing = self.tables.iter().filter_map(|(inside, table)| {
            let changes = self.changes(table, pair);
            let changes = changes.or((inside[first_place] != inside[second_place]).then_some(1.0));
            Some((table, changes?))
        });
        let resistances =
            crossing.map(
                |(table, changes)| match at_middle(self.nodes, &table.resistance, pair) {
                    value if value < 0.0 => f64::NAN,
                    value => changes * value,
                },
            );
        resistances.reduce(|sum, resistance| sum + resistance)
    }

    /// The number of times that a formula changes between two nodes, if that is more than once.
    fn changes(
        &self,
        table: &Interface,
        [(j, i), (north, east)]: [(usize, usize); 2],
    ) -> Option<f64> {
        match north == j {
            true => table.changes[0].get(self.nodes.row(j), east),
            false => table.changes[1].get(self.nodes.row(j) + 1, self.nodes.column(i)),
        }
    }
}

/// The value of a function at the midpoint of two nodes, the second of which lies east or north of the first.
fn at_middle(
    nodes: &Nodes,
    function: &Function,
    [(j, i), (north, east)]: [(usize, usize); 2],
) -> f64 {
    let (x, y) = (&nodes.x, &nodes.y);
    // The last row or column of a periodic pair is the first one again.
    let (south, west) = (nodes.row(j), nodes.column(i));
    let (north, east) = (south + (north - j), west + (east - i));
    let middle = [
        f64::midpoint(x[west], x[east]),
        f64::midpoint(y[south], y[north]),
    ];
    let number = nodes.number(south, west);
    value_at_point(function, [middle[0], middle[1], 0.0], number)
}

/// The coefficient of a face with a resistance R between nodes at a distance `h`: `w De/(1 + De R/h)`, where `w De` is
/// the coefficient without the resistance and `w` the width of the face.
#[must_use]
#[inline]
pub fn reduced(coefficient: f64, width: f64, distance: f64, resistance: Option<f64>) -> f64 {
    match resistance {
        None => coefficient,
        Some(resistance) => coefficient / (1.0 + coefficient / width * resistance / distance),
    }
}
