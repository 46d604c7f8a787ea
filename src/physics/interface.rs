//! [`Interfaces`]: thin resistances between the nodes of an area and all other nodes, as defined by `[[interface]]`.
//!
//! ```text
//!   inside │ outside        a face between them conducts 1/(h/De + R) in place of De/h: it is one of the coefficient
//!     o ──[R]── o                                          De/(1 + De R/h)
//!     |←── h ──→|
//! ```
//!
//! The resistances of several interfaces at one face add up. The formula of a resistance is taken at the middle of the face.

use super::{nodes::Nodes, values::value_at_point};
use crate::{node_set::NodeSet, params::Function};
use std::ops::Range;

/// The largest number of lines that are drawn; if there are more lines, no line is drawn.
const MOST_LINES: usize = 20_000;

/// The interfaces of a domain.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interfaces {
    /// The nodes inside each interface, and its resistance \[length/D\].
    tables: Vec<(NodeSet, Function)>,
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
    /// For each interface whether each node of the rows is inside, row by row, and the resistance.
    tables: Vec<(Vec<bool>, &'a Function)>,
}

impl Interfaces {
    /// Adds an interface.
    pub fn add(&mut self, inside: NodeSet, resistance: Function) {
        self.tables.push((inside, resistance));
    }

    /// Whether there are no interfaces.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tables.iter().map(|(inside, _)| inside.bytes()).sum()
    }

    /// The interfaces beside the nodes of some rows. Rows of a periodic grid may be numbered beyond the last one.
    #[must_use]
    pub fn of_rows<'a>(&'a self, nodes: &'a Nodes, rows: &Range<usize>) -> InterfaceRows<'a> {
        let tables = self.tables.iter().map(|(set, resistance)| {
            let mut is_inside = vec![false; rows.len() * nodes.x.len()];
            for (row, j) in is_inside.chunks_exact_mut(nodes.x.len()).zip(rows.clone()) {
                set.fill(nodes.number(nodes.row(j), 0), row, true);
            }
            (is_inside, resistance)
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
        let crossing = self
            .tables
            .iter()
            .filter(|(inside, _)| inside[first_place] != inside[second_place]);
        let resistances = crossing.map(|(_, resistance)| match self.at_middle(resistance, pair) {
            value if value < 0.0 => f64::NAN,
            value => value,
        });
        resistances.reduce(|sum, resistance| sum + resistance)
    }

    /// The value of a function at the midpoint of two nodes, the second of which lies east or north of the first.
    fn at_middle(&self, function: &Function, [(j, i), (north, east)]: [(usize, usize); 2]) -> f64 {
        let (x, y) = (&self.nodes.x, &self.nodes.y);
        // The last row of a periodic pair is the first one again.
        let south = self.nodes.row(j);
        let north = south + (north - j);
        let middle = [
            f64::midpoint(x[i], x[east]),
            f64::midpoint(y[south], y[north]),
        ];
        let number = self.nodes.number(south, i);
        value_at_point(function, [middle[0], middle[1], 0.0], number)
    }
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
