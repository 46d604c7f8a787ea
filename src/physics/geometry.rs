//! [`Geometry`]: the domain of the equation: its nodes, the walls around them, masked nodes outside of the domain, and
//! held nodes inside with given values.
//!
//! Masked and held nodes keep their values. The rate of a held node is 0 in the step. The faces of a masked node are
//! impermeable, see [`faces`](super::faces), and it has no source: its value is 0 in the state, and NaN in a snapshot.

use super::{
    changes::repeated_changes,
    cut_wall::CutWall,
    input::{Digests, Input},
    interface::{CrossedFace, Interface, Interfaces},
    nodes::Nodes,
    selection::Selection,
    values::{Values, value_at},
};
use crate::{
    codec::Codec,
    field::Field,
    grid::Grid,
    node_set::NodeSet,
    params::{Area, Boundary, Function, Params, ParamsError, RawParams, SIDES, Wall},
};
use diff2d_stencil::real::Real;
use std::{ops::Range, sync::Arc};

/// The nodes and the walls around them; which nodes are masked, and which have given values.
#[derive(Debug, Clone, PartialEq)]
pub struct Geometry {
    /// The grid of the nodes.
    pub grid: Grid,
    /// The coordinates of the nodes.
    pub nodes: Nodes,
    /// The walls on the four sides.
    pub walls: Boundary,
    /// The time at which the run starts \[time\].
    pub start: f64,
    masked: Arc<NodeSet>,
    /// The nodes of each table `[[held]]`, and their values.
    held: Vec<(NodeSet, Function)>,
    /// Thin resistances between nodes.
    pub interfaces: Interfaces,
    /// The half cells of each wall in which its functions, or D, jump at the start.
    pub(super) cut_walls: Arc<[CutWall; 4]>,
    /// The unmasked nodes of each region that is recorded.
    pub regions: Vec<NodeSet>,
    /// The files that define areas, and whether each is an array.
    inputs: Vec<(Input, bool)>,
    /// Notes for the user on masks and held nodes.
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
                Some(&format!("no node is masked: there is none {area}")),
            );
            geometry.masked = Arc::new(nodes);
        }
        for (number, held) in params.held.iter().enumerate() {
            let table = format!("held.{number}");
            let selection = select(&held.area, &table)?;
            let no_node = format!("{table} holds no node: there is none {}", held.area);
            let mut held_nodes = geometry.take(selection, &table, Some(&no_node));
            if is_of_another_grid {
                let numbers = held_nodes.within(0..u64::MAX);
                held_nodes = NodeSet::of(numbers.filter(|&number| !geometry.masked.has(number)));
            }
            if let Some(number) = held_nodes.first_common(&geometry.masked) {
                let reason = format!("the node is masked at {}", nodes.place(number));
                return Err(raw.refuse(&table, reason));
            }
            if let Some((number, value)) =
                geometry.first_value(&held_nodes, &held.value, |value| {
                    params.precision.lacks(value).is_some()
                })?
            {
                let reason = format!("it is {value:?} at {}", nodes.place(number));
                return Err(raw.refuse(&format!("{table}.value"), reason));
            }
            geometry.held.push((held_nodes, held.value.clone()));
        }
        for (number, interface) in params.interfaces.iter().enumerate() {
            let table = format!("interface.{number}");
            let selection = select(&interface.area, &table)?;
            let changes = match &interface.area {
                Area::Where(formula) => repeated_changes(formula, &nodes),
                Area::File(_) | Area::Image { .. } => Default::default(),
            };
            let mut single = Interfaces::default();
            single.add(Interface {
                inside: selection.nodes.clone(),
                formula: selection.formula.clone(),
                changes,
                resistance: interface.value.clone(),
            });
            let crossed_faces = single.crossed(&nodes, &geometry.masked);
            let mut faces = crossed_faces.iter();
            if let Some(face) = faces.find(|face| !face.resistance.is_finite()) {
                let [first_place, second_place] = face.nodes.map(|(j, i)| nodes.describe(j, i));
                let reason = format!(
                    "the resistance between the nodes at {first_place} and at {second_place} must be a finite number, 0 or greater"
                );
                return Err(raw.refuse(&format!("{table}.resistance"), reason));
            }
            let cuts_no_face = crossed_faces.is_empty();
            let no_node = format!(
                "{table} has no node inside: there is none {}",
                interface.area
            );
            let no_node = Some(no_node).filter(|_| cuts_no_face);
            let nodes_inside = geometry.take(selection, &table, no_node.as_deref());
            if !nodes_inside.is_empty() && cuts_no_face {
                geometry.remarks.push(format!(
                    "{table} cuts no face: no node outside lies beside one inside, {}",
                    interface.area
                ));
            }
            geometry.interfaces.extend(single);
        }
        let without_effect: Vec<String> = (geometry.idle_tables())
            .map(|table| format!("held.{table} has no effect: later tables hold all of its nodes"))
            .chain(geometry.idle_walls(raw))
            .collect();
        geometry.remarks.extend(without_effect);
        Ok(geometry)
    }

    /// The tables of held nodes all of whose nodes later tables hold.
    fn idle_tables(&self) -> impl Iterator<Item = usize> {
        let tables = self.held.iter().enumerate();
        tables.filter_map(|(table, (set, _))| {
            let later = &self.held[table + 1..];
            let mut numbers = set.within(0..u64::MAX);
            let is_idle = numbers.all(|number| later.iter().any(|(set, _)| set.has(number)));
            (is_idle && !set.is_empty()).then_some(table)
        })
    }

    /// Sentences on the walls that were typed and give something, and of whose nodes each is masked or held.
    fn idle_walls(&self, raw: &RawParams) -> impl Iterator<Item = String> {
        let ((ny, nx), _) = self.shape();
        let nodes = [
            (0..ny, 0..1),
            (0..ny, nx - 1..nx),
            (0..1, 0..nx),
            (ny - 1..ny, 0..nx),
        ];
        let walls = self.walls.sides().into_iter().zip(SIDES).zip(nodes);
        let idle_walls = walls.filter(|((wall, key), (rows, columns))| {
            let gives = !wall.is_insulated() && **wall != Wall::Periodic;
            let is_typed = raw.typed().first_entry_of(key).is_some();
            let keeps = |j| columns.clone().all(|i| self.keeps((j, i)));
            gives && is_typed && self.is_there() && rows.clone().all(keeps)
        });
        idle_walls.map(|((_, key), _)| {
            format!("{key} has no effect: each of its nodes is masked or held")
        })
    }

    /// Returns the nodes of a selection, and keeps its file and its remarks. `none` is the remark for a selection
    /// without nodes, if it needs one.
    fn take(&mut self, selection: Selection, name: &str, none: Option<&str>) -> NodeSet {
        let Selection {
            nodes,
            input,
            dark,
            lost,
            ..
        } = selection;
        self.inputs.extend(input);
        if let Some(none) = none.filter(|_| nodes.is_empty()) {
            let extent = self.nodes.extent();
            self.remarks.push(format!("{none}; nodes lie {extent}"));
        }
        let remarks = [dark, lost].into_iter().flatten();
        self.remarks
            .extend(remarks.map(|remark| format!("{name}: {remark}")));
        nodes
    }

    /// Adds a region to the recorded ones, and returns whether it has an unmasked node.
    pub fn add_region(&mut self, selection: Selection) -> bool {
        self.inputs.extend(selection.input);
        let region = if self.masked.is_empty() {
            selection.nodes
        } else {
            let numbers = selection.nodes.within(0..u64::MAX);
            NodeSet::of(numbers.filter(|&number| !self.masked.has(number)))
        };
        let is_there = !region.is_empty();
        self.regions.push(region);
        is_there
    }

    /// Masks further nodes.
    pub fn mask(&mut self, nodes: &NodeSet) {
        let masked = Arc::make_mut(&mut self.masked);
        nodes
            .within(0..u64::MAX)
            .for_each(|number| masked.add(number));
    }

    /// The geometry of a domain without masked and held nodes.
    #[must_use]
    pub fn none(grid: &Grid, walls: &Boundary, start: f64) -> Self {
        Self {
            grid: grid.clone(),
            nodes: Nodes::new(grid, walls.periodic()),
            walls: walls.clone(),
            start,
            masked: Arc::default(),
            held: Vec::new(),
            interfaces: Interfaces::default(),
            cut_walls: Arc::default(),
            regions: Vec::new(),
            inputs: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// A geometry with the given masked and held nodes.
    #[cfg(test)]
    pub fn of(grid: &Grid, walls: &Boundary, [masked, held]: [NodeSet; 2]) -> Self {
        Self {
            masked: Arc::new(masked),
            held: vec![(held, Function::Number(0.0))],
            ..Self::none(grid, walls, 0.0)
        }
    }

    /// The first node at which the value of a function is wrong, and that value.
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
            let first_number = self.nodes.number(rows.start, 0);
            let mut numbers = set
                .within(first_number..self.nodes.number(rows.end, 0))
                .peekable();
            if numbers.peek().is_none() {
                continue;
            }
            let piece = rows_of(&values, &self.nodes, rows)?;
            let mut node_values = numbers.map(|number| {
                #[expect(clippy::cast_possible_truncation, reason = "a place in memory")]
                let place = (number - first_number) as usize;
                (number, piece[place])
            });
            if let Some(wrong) = node_values.find(|(_, value)| is_wrong(*value)) {
                return Ok(Some(wrong));
            }
        }
        Ok(None)
    }

    /// The numbers of rows and columns, and which axes are periodic: `(ny, nx)`, `[x, y]`.
    #[must_use]
    pub fn shape(&self) -> ((usize, usize), [bool; 2]) {
        let Nodes { x, y, periodic } = &self.nodes;
        ((y.len(), x.len()), *periodic)
    }

    /// The walls on which a node lies; lines that are periodic are none.
    pub fn walls_at(&self, (j, i): (usize, usize)) -> impl Iterator<Item = &Wall> + Clone {
        let ((ny, nx), [wraps_x, wraps_y]) = self.shape();
        let sides = [
            (!wraps_x && i == 0, &self.walls.left),
            (!wraps_x && i + 1 == nx, &self.walls.right),
            (!wraps_y && j == 0, &self.walls.bottom),
            (!wraps_y && j + 1 == ny, &self.walls.top),
        ];
        let sides = sides.into_iter();
        sides.filter_map(|(is_on_it, wall)| is_on_it.then_some(wall))
    }

    /// The arrays that define areas.
    pub fn arrays(&self) -> impl Iterator<Item = &Input> {
        self.inputs
            .iter()
            .filter_map(|(input, is_array)| is_array.then_some(input))
    }

    /// The files that define areas.
    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.inputs.iter().map(|(input, _)| input)
    }

    /// Notes for the user on masks and held nodes, in sentences.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The kinds of areas in the domain: name of each kind, word for its unit, and number of nodes or faces.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, &'static str, u64)> {
        vec![
            ("masked_nodes", "masked", self.masked.count()),
            ("held_nodes", "held", self.held_count()),
            (
                "interface_faces",
                "faces with a resistance",
                self.crossed_faces()
                    .iter()
                    .filter(|face| face.resistance > 0.0)
                    .count() as u64,
            ),
        ]
    }

    /// The lines along interfaces, as [`Interfaces::lines`] has them.
    #[must_use]
    pub fn interface_lines(&self) -> Vec<Vec<[f64; 2]>> {
        self.interfaces.lines(&self.nodes, &self.masked)
    }

    /// The interfaces on a line along x (axis 0) or along y, as [`Interfaces::on_line`] has them.
    #[must_use]
    pub fn interfaces_on_line(&self, axis: usize, line: usize) -> Vec<(usize, f64)> {
        self.interfaces.on_line(&self.nodes, axis, line)
    }

    /// The faces with a resistance between nodes of the domain.
    fn crossed_faces(&self) -> Vec<CrossedFace> {
        self.interfaces.crossed(&self.nodes, &self.masked)
    }

    /// The number of nodes with given values.
    fn held_count(&self) -> u64 {
        let counts = self.held.iter().enumerate().map(|(table, (set, _))| {
            let earlier_tables = &self.held[..table];
            let numbers = set.within(0..u64::MAX);
            let new_numbers =
                numbers.filter(|&number| !earlier_tables.iter().any(|(set, _)| set.has(number)));
            new_numbers.count() as u64
        });
        counts.sum()
    }

    /// Whether the coefficients of all faces depend on D alone.
    #[must_use]
    pub fn has_plain_faces(&self) -> bool {
        self.masked.is_empty() && self.interfaces.is_empty()
    }

    /// The nodes outside of the domain, if there are any.
    #[must_use]
    pub fn masked(&self) -> Option<&Arc<NodeSet>> {
        Some(&self.masked).filter(|masked| !masked.is_empty())
    }

    /// The conversion of states to snapshots.
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

    /// Whether some nodes inside the domain have given values.
    #[must_use]
    pub fn has_held(&self) -> bool {
        self.held.iter().any(|(set, _)| !set.is_empty())
    }

    /// Whether another geometry has the same masked nodes, and the same held nodes in each table.
    #[must_use]
    pub fn has_areas_of(&self, other: &Self) -> bool {
        let [own_sets, other_sets] =
            [&self.held, &other.held].map(|held| held.iter().map(|(set, _)| set));
        self.masked == other.masked && own_sets.eq(other_sets)
    }

    /// The number of tables of held nodes.
    #[must_use]
    pub fn tables(&self) -> usize {
        self.held.len()
    }

    /// The columns of the held nodes in a row. A node that several tables hold appears once for each.
    #[must_use]
    pub fn held_in(&self, j: usize) -> Vec<usize> {
        let first_number = self.nodes.number(self.nodes.row(j), 0);
        let numbers = first_number..first_number + self.nodes.x.len() as u64;
        let tables = self.held.iter();
        #[expect(clippy::cast_possible_truncation, reason = "a number of a column")]
        tables
            .flat_map(|(set, _)| set.within(numbers.clone()))
            .map(|number| (number - first_number) as usize)
            .collect()
    }

    /// The number of the table that holds a node; the last one if there are several.
    #[must_use]
    #[inline]
    pub fn table_of(&self, (j, i): (usize, usize)) -> Option<usize> {
        let number = self.nodes.number(self.nodes.row(j), i);
        self.held.iter().rposition(|(set, _)| set.has(number))
    }

    /// Whether a node keeps its value.
    #[must_use]
    #[inline]
    pub fn keeps(&self, (j, i): (usize, usize)) -> bool {
        let number = self.nodes.number(self.nodes.row(j), i);
        self.kept().any(|set| set.has(number))
    }

    /// Whether a node is outside the domain.
    #[must_use]
    #[inline]
    pub fn masks(&self, (j, i): (usize, usize)) -> bool {
        self.masked.has(self.nodes.number(self.nodes.row(j), i))
    }

    /// The value of a node that keeps its value; 0 for a masked node.
    #[must_use]
    pub fn value(&self, (j, i): (usize, usize)) -> Option<f64> {
        let number = self.nodes.number(self.nodes.row(j), i);
        if self.masked.has(number) {
            return Some(0.0);
        }
        let (_, function) = &self.held[self.table_of((j, i))?];
        Some(value_at(function, &self.nodes, (j, i), 0.0) + 0.0)
    }

    /// Sets nodes that keep their values to `value`, in rows from `first` on.
    pub fn fill_kept<T: Copy>(&self, first: usize, rows: &mut [T], value: T) {
        self.kept()
            .for_each(|set| self.fill(set, first, rows, value));
    }

    /// Sets masked nodes to `value`, in rows from `first` on.
    pub fn fill_masked<T: Copy>(&self, first: usize, rows: &mut [T], value: T) {
        self.fill(&self.masked, first, rows, value);
    }

    /// The sets of nodes that keep their values. A node may be in several sets. Increments at these nodes are
    /// arbitrary.
    pub fn kept(&self) -> impl Iterator<Item = &NodeSet> {
        let held_sets = self.held.iter().map(|(set, _)| set);
        held_sets
            .chain([&*self.masked])
            .filter(|set| !set.is_empty())
    }

    fn fill<T: Copy>(&self, set: &NodeSet, first: usize, rows: &mut [T], value: T) {
        if set.is_empty() {
            return;
        }
        for (row, j) in rows.chunks_exact_mut(self.nodes.x.len()).zip(first..) {
            set.fill(self.nodes.number(self.nodes.row(j), 0), row, value);
        }
    }

    /// Writes the values of nodes that keep them into the rows of a state, which are the grid's rows from `first` on.
    ///
    /// # Errors
    /// [`ParamsError::Input`], which formulas never cause.
    pub fn write<T: Real>(&self, field: &mut Field<T>, first: usize) -> Result<(), ParamsError> {
        let nx = self.nodes.x.len();
        let mut values = vec![0.0; nx];
        for (set, function) in &self.held {
            let held_values = Values::of_function(function.clone());
            for (row, j) in field.as_mut_slice().chunks_exact_mut(nx).zip(first..) {
                let j = self.nodes.row(j);
                let row_begin = self.nodes.number(j, 0);
                let mut nodes = set.within(row_begin..row_begin + nx as u64).peekable();
                if nodes.peek().is_none() {
                    continue;
                }
                held_values.rows(&self.nodes, j..j + 1, 0.0, &mut values)?;
                for number in nodes {
                    #[expect(clippy::cast_possible_truncation, reason = "a number of a column")]
                    let i = (number - row_begin) as usize;
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
        let set_bytes = self.kept().map(NodeSet::bytes);
        set_bytes.sum::<u64>() + self.interfaces.bytes()
    }
}

/// The values of rows.
fn rows_of(values: &Values, nodes: &Nodes, rows: Range<usize>) -> Result<Vec<f64>, ParamsError> {
    let mut out = vec![0.0; rows.len() * nodes.x.len()];
    values.rows(nodes, rows, 0.0, &mut out)?;
    Ok(out)
}
