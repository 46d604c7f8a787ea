//! [`Geometry`]: where the equation holds. Its nodes, the walls around them, nodes outside of the domain, and nodes inside
//! whose values are given.
//!
//! The latter two keep their value. A held node has the rate 0 in the step. Nothing passes the faces of a masked one, see
//! [`faces`](super::faces), and it has no source: it is 0 in the state, and NaN in a snapshot.

use super::{
    input::{Digests, Input},
    nodes::Nodes,
    selection::Selection,
    values::{Values, value_at},
};
use crate::{
    codec::Codec,
    field::Field,
    grid::Grid,
    node_set::NodeSet,
    params::{Area, Boundary, Function, Params, ParamsError, RawParams},
};
use diff2d_stencil::real::Real;
use std::{ops::Range, sync::Arc};

/// The nodes and the walls around them; which nodes are masked, and which have given values.
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// Where the nodes lie.
    pub grid: Grid,
    /// Their coordinates.
    pub nodes: Nodes,
    /// What holds on the sides.
    pub walls: Boundary,
    /// The time at which all begins \[time\].
    pub start: f64,
    masked: Arc<NodeSet>,
    /// Those of each table `[[held]]`, and their values.
    held: Vec<(NodeSet, Function)>,
    /// The nodes of each region that is recorded, but for masked ones.
    pub regions: Vec<NodeSet>,
    /// Files that areas come from, and whether they are arrays.
    inputs: Vec<(Input, bool)>,
    /// What a user may not expect of masks and held nodes.
    remarks: Vec<String>,
}

impl Geometry {
    /// The geometry of the parameters.
    ///
    /// # Errors
    /// [`ParamsError`] for files that cannot be used, values that are not finite, a mask that leaves no node, and a held node
    /// that is masked.
    pub fn new(
        params: &Params,
        raw: &RawParams,
        grid: &Grid,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        let mut geometry = Self::none(grid, &params.boundary, params.t0);
        let nodes = geometry.nodes.clone();
        let is_of_another_grid = digests.is_of_another_grid;
        let mut select =
            |area: &Area, key: &str| Selection::new(area, key, raw, grid, &nodes, digests);
        if let Some(area) = &params.mask {
            let key = area.mask_key();
            let selection = select(area, key)?;
            if selection.nodes.count() == grid.len() {
                let dark = selection
                    .dark
                    .map_or_else(String::new, |dark| format!("; {dark}"));
                let reason = format!("it leaves no node: all {} are masked{dark}", grid.len());
                return Err(raw.refuse(key, reason));
            }
            let nodes = geometry.take(
                selection,
                key,
                &format!("no node is masked: there is none {area}"),
            );
            geometry.masked = Arc::new(nodes);
        }
        for (held, table) in params.held.iter().zip(1..) {
            let selection = select(&held.area, "held")?;
            let none = format!(
                "table {table} of held holds no node: there is none {}",
                held.area
            );
            let mut set = geometry.take(selection, &format!("table {table} of held"), &none);
            if is_of_another_grid {
                let inside = set.within(0..u64::MAX);
                set = NodeSet::of(inside.filter(|&number| !geometry.masked.has(number)));
            }
            let refuse = |number: u64, what: &str| {
                let place = nodes.place(number);
                Err(raw.refuse("held", format!("in table {table}, {what} at {place}")))
            };
            if let Some(number) = set.first_common(&geometry.masked) {
                return refuse(number, "the node is masked");
            }
            if let Some((number, value)) = geometry.first_value(&set, &held.value, |value| {
                params.precision.lacks(value).is_some()
            })? {
                return refuse(number, &format!("the value is {value:?}"));
            }
            geometry.held.push((set, held.value.clone()));
        }
        Ok(geometry)
    }

    /// Takes what a selection says beside its nodes; `none` says that it has none.
    fn take(&mut self, selection: Selection, name: &str, none: &str) -> NodeSet {
        let Selection {
            nodes,
            input,
            dark,
            lost,
        } = selection;
        self.inputs.extend(input);
        if nodes.is_empty() {
            let along = |name: char, axis: &[f64]| match axis {
                [first, .., last] => format!("{name} = {first:?} to {last:?}"),
                _ => String::new(),
            };
            let Nodes { x, y, .. } = &self.nodes;
            let [x, y] = [along('x', x), along('y', y)];
            self.remarks
                .push(format!("{none}; nodes lie from {x} and from {y}"));
        }
        let more = [dark, lost].into_iter().flatten();
        self.remarks
            .extend(more.map(|more| format!("{name}: {more}")));
        nodes
    }

    /// Adds a region to those that are recorded; whether it has a node that is not masked.
    pub fn add_region(&mut self, selection: Selection) -> bool {
        self.inputs.extend(selection.input);
        let region = match self.masked.is_empty() {
            true => selection.nodes,
            false => {
                let inside = selection.nodes.within(0..u64::MAX);
                NodeSet::of(inside.filter(|&number| !self.masked.has(number)))
            }
        };
        let is_there = !region.is_empty();
        self.regions.push(region);
        is_there
    }

    /// That of a domain without either.
    #[must_use]
    pub fn none(grid: &Grid, walls: &Boundary, start: f64) -> Self {
        Self {
            grid: grid.clone(),
            nodes: Nodes::new(grid, walls.periodic()),
            walls: walls.clone(),
            start,
            masked: Arc::default(),
            held: Vec::new(),
            regions: Vec::new(),
            inputs: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// With these nodes masked and these held.
    #[cfg(test)]
    pub fn of(grid: &Grid, walls: &Boundary, [masked, held]: [NodeSet; 2]) -> Self {
        Self {
            masked: Arc::new(masked),
            held: vec![(held, Function::Number(0.0))],
            ..Self::none(grid, walls, 0.0)
        }
    }

    /// The first of some nodes whose value of a function is wrong, and that.
    fn first_value(
        &self,
        set: &NodeSet,
        function: &Function,
        is_wrong: impl Fn(f64) -> bool,
    ) -> Result<Option<(u64, f64)>, ParamsError> {
        if function.constant().is_some_and(|value| !is_wrong(value)) {
            return Ok(None);
        }
        let values = Values::of_function(function.clone());
        for rows in self.nodes.pieces() {
            let first = self.nodes.number(rows.start, 0);
            let mut numbers = set.within(first..self.nodes.number(rows.end, 0)).peekable();
            if numbers.peek().is_none() {
                continue;
            }
            let piece = rows_of(&values, &self.nodes, rows)?;
            let mut found = numbers.map(|number| {
                #[expect(clippy::cast_possible_truncation, reason = "a place in memory")]
                let at = (number - first) as usize;
                (number, piece[at])
            });
            if let Some(wrong) = found.find(|(_, value)| is_wrong(*value)) {
                return Ok(Some(wrong));
            }
        }
        Ok(None)
    }

    /// Numbers of rows and columns, and which of the axes are periodic: `(ny, nx)`, `[x, y]`.
    #[must_use]
    pub fn shape(&self) -> ((usize, usize), [bool; 2]) {
        let Nodes { x, y, periodic } = &self.nodes;
        ((y.len(), x.len()), *periodic)
    }

    /// Arrays that areas come from.
    pub fn arrays(&self) -> impl Iterator<Item = &Input> {
        self.inputs
            .iter()
            .filter_map(|(input, is_array)| is_array.then_some(input))
    }

    /// Files that areas come from.
    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.inputs.iter().map(|(input, _)| input)
    }

    /// What a user may not expect of masks and held nodes, in sentences.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// How many nodes are outside of the domain, and how many inside have given values.
    #[must_use]
    pub fn counts(&self) -> [u64; 2] {
        let earlier = |table: usize, number| {
            let mut tables = self.held[..table].iter();
            tables.any(|(set, _)| set.has(number))
        };
        let held = self.held.iter().enumerate().map(|(table, (set, _))| {
            let numbers = set.within(0..u64::MAX);
            numbers.filter(|&number| !earlier(table, number)).count() as u64
        });
        [self.masked.count(), held.sum()]
    }

    /// The nodes outside of the domain, if there are any.
    #[must_use]
    pub fn masked(&self) -> Option<&Arc<NodeSet>> {
        Some(&self.masked).filter(|masked| !masked.is_empty())
    }

    /// States as snapshots.
    #[must_use]
    pub fn codec(&self) -> Codec {
        let (x, y) = (&self.nodes.x, &self.nodes.y);
        let period = self.nodes.periodic[1].then(|| y.len() - 1);
        Codec::new(self.masked().cloned(), x.len(), period)
    }

    /// Whether some nodes keep their values.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.kept().next().is_some()
    }

    /// Whether some nodes inside of the domain have given values.
    #[must_use]
    pub fn has_held(&self) -> bool {
        self.held.iter().any(|(set, _)| !set.is_empty())
    }

    /// How many tables of held nodes there are.
    #[must_use]
    pub fn tables(&self) -> usize {
        self.held.len()
    }

    /// The held nodes of a row, each with the number of the table that holds it.
    #[must_use]
    pub fn held_in(&self, j: usize) -> Vec<(usize, usize)> {
        let begin = self.nodes.number(self.nodes.row(j), 0);
        let mut found = Vec::new();
        for (table, (set, _)) in self.held.iter().enumerate() {
            let later = || self.held[table + 1..].iter();
            let numbers = set.within(begin..begin + self.nodes.x.len() as u64);
            let own = numbers.filter(|&number| !later().any(|(set, _)| set.has(number)));
            #[expect(clippy::cast_possible_truncation, reason = "a number of a column")]
            found.extend(own.map(|number| (table, (number - begin) as usize)));
        }
        found
    }

    /// Whether a node keeps its value.
    #[must_use]
    pub fn keeps(&self, (j, i): (usize, usize)) -> bool {
        let number = self.nodes.number(self.nodes.row(j), i);
        self.kept().any(|set| set.has(number))
    }

    /// Whether a node is outside of the domain.
    #[must_use]
    pub fn masks(&self, (j, i): (usize, usize)) -> bool {
        self.masked.has(self.nodes.number(self.nodes.row(j), i))
    }

    /// The value of a node that keeps it: 0 where it is masked.
    #[must_use]
    pub fn value(&self, (j, i): (usize, usize)) -> Option<f64> {
        let number = self.nodes.number(self.nodes.row(j), i);
        if self.masked.has(number) {
            return Some(0.0);
        }
        let held = self.held.iter().rev().find(|(set, _)| set.has(number))?;
        Some(value_at(&held.1, &self.nodes, (j, i), 0.0) + 0.0)
    }

    /// Gives nodes of the rows from `first` on that keep their values another one.
    pub fn fill_kept<T: Copy>(&self, first: usize, rows: &mut [T], value: T) {
        self.kept()
            .for_each(|set| self.fill(set, first, rows, value));
    }

    /// The nodes that keep their values, some of which may be in several sets: what would change these may be anything
    /// there.
    pub fn kept(&self) -> impl Iterator<Item = &NodeSet> {
        let held = self.held.iter().map(|(set, _)| set);
        held.chain([&*self.masked]).filter(|set| !set.is_empty())
    }

    fn fill<T: Copy>(&self, set: &NodeSet, first: usize, rows: &mut [T], value: T) {
        if set.is_empty() {
            return;
        }
        for (row, j) in rows.chunks_exact_mut(self.nodes.x.len()).zip(first..) {
            set.fill(self.nodes.number(self.nodes.row(j), 0), row, value);
        }
    }

    /// Writes the values of nodes that keep theirs over the rows of a state, of the grid's rows from `first` on.
    ///
    /// # Errors
    /// [`ParamsError::Input`], which formulas do not have.
    pub fn write<T: Real>(&self, field: &mut Field<T>, first: usize) -> Result<(), ParamsError> {
        let nx = self.nodes.x.len();
        let mut values = vec![0.0; nx];
        for (set, function) in &self.held {
            let given = Values::of_function(function.clone());
            for (row, j) in field.as_mut_slice().chunks_exact_mut(nx).zip(first..) {
                let j = self.nodes.row(j);
                let begin = self.nodes.number(j, 0);
                let mut nodes = set.within(begin..begin + nx as u64).peekable();
                if nodes.peek().is_none() {
                    continue;
                }
                given.rows(&self.nodes, j..j + 1, 0.0, &mut values)?;
                for number in nodes {
                    #[expect(clippy::cast_possible_truncation, reason = "a number of a column")]
                    let i = (number - begin) as usize;
                    // A step adds 0 to it, which makes 0 of -0.
                    row[i] = T::from_f64(values[i] + 0.0);
                }
            }
        }
        self.codec().decode(first, field.as_mut_slice());
        Ok(())
    }

    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.kept().map(NodeSet::bytes).sum()
    }
}

/// The values of rows.
fn rows_of(values: &Values, nodes: &Nodes, rows: Range<usize>) -> Result<Vec<f64>, ParamsError> {
    let mut out = vec![0.0; rows.len() * nodes.x.len()];
    values.rows(nodes, rows, 0.0, &mut out)?;
    Ok(out)
}
