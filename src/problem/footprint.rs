//! [`Footprint`]: the memory that a problem takes.

use super::Problem;
use crate::params::{Quantity, RecordField, RowTimes, StepMethod};
use diff2d_arrays::npy::DATA_OFFSET;
use serde::Serialize;
use std::collections::BTreeMap;

/// The memory that a problem takes while it is solved \[byte\].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Footprint {
    /// Fields and other arrays with a value for every node of all rows, or of the rows in memory at the same time.
    pub arrays: u64,
    /// The pixels of pictures that initial state, coefficients and source come from.
    pub pictures: u64,
    /// Sets of masked and held nodes, and what is integrated between nodes.
    pub node_sets: u64,
    /// The points of functions in files, and as much again while they are read.
    pub functions: u64,
}

impl Footprint {
    /// The memory of one of `ranks` ranks, which holds `rows` rows.
    #[must_use]
    pub fn new(problem: &Problem, rows: usize, ranks: usize) -> Self {
        Self {
            arrays: arrays_of(problem, rows, ranks),
            pictures: picture_bytes(problem),
            node_sets: problem.geometry().bytes() + problem.slots().bytes(),
            functions: function_bytes(problem),
        }
    }

    /// The memory of the whole grid.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        Self::new(problem, problem.grid.y.nodes, 1)
    }

    /// The memory that does not depend on the number of rows.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.pictures
            .saturating_add(self.node_sets)
            .saturating_add(self.functions)
    }

    /// The sum of all parts.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.arrays.saturating_add(self.kept())
    }

    /// The memory of `count` such problems together.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self {
            arrays: self.arrays.saturating_mul(count),
            pictures: self.pictures.saturating_mul(count),
            node_sets: self.node_sets.saturating_mul(count),
            functions: self.functions.saturating_mul(count),
        }
    }
}

/// Bytes of the arrays of one of `ranks` ranks, which holds `rows` rows.
fn arrays_of(problem: &Problem, rows: usize, ranks: usize) -> u64 {
    let (columns, node) = (
        problem.grid.x.nodes,
        problem.params.precision.bytes() as u64,
    );
    let nodes = (rows as u64).saturating_mul(columns as u64);
    if problem.params.method == StepMethod::Steady {
        // There is one state, and what its equation is made from is gone before it is solved.
        let state = nodes.saturating_mul(node);
        return state.saturating_add(problem.steady_bytes());
    }
    let of_source = u64::from(problem.has_moving_source());
    let faces = match problem.steps().is_empty() {
        // One column and one row more.
        true => (rows + columns) as u64 * node,
        false => 0,
    };
    // The coefficients of the next step stand beside those of the one before, and beside the largest ones.
    let ageing = 2 * u64::from(problem.ages()) * problem.kind::<f64>().arrays() as u64;
    let method_bytes = match problem.params.method {
        // Every rank transforms the whole grid, and has what is added to all of it, in double precision.
        StepMethod::Exact => {
            let gathered_bytes = if ranks > 1 { problem.field_bytes() } else { 0 };
            let added = u64::from(problem.is_forced()) * size_of::<f64>() as u64;
            gathered_bytes.saturating_add(problem.grid.len().saturating_mul(added))
        }
        // Where a pass is one stage, it reads those before.
        StepMethod::Rkl2
            if of_source > 0
                || (ranks > 1 && (problem.grid.y.nodes - 2) / ranks < problem.stages()) =>
        {
            nodes.saturating_mul((2 + of_source) * node)
        }
        _ => 0,
    };
    let of_record = problem
        .record_bytes(rows)
        .saturating_add(match problem.params.method {
            // The part of a step between two snapshots.
            StepMethod::Exact if problem.params.record.is_some() => problem.grid.len() * 8,
            _ => 0,
        });
    nodes
        .saturating_mul(node * (problem.arrays() + ageing))
        .saturating_add(of_record)
        .saturating_add(faces)
        .saturating_add(method_bytes)
}

/// Bytes of the pixels of pictures that initial state, coefficients and source come from.
fn picture_bytes(problem: &Problem) -> u64 {
    // One picture may serve for several.
    let bytes_by_file: BTreeMap<_, _> = problem
        .pictures()
        .map(|(_, picture)| (picture.input().path().to_owned(), picture.bytes()))
        .collect();
    bytes_by_file.values().sum()
}

/// Bytes of the points of functions in files.
fn function_bytes(problem: &Problem) -> u64 {
    let functions = problem.params.functions.iter();
    let of_files = functions.filter(|function| function.columns.is_some());
    let points = of_files.map(|function| function.interpolant.points().len() as u64);
    2 * size_of::<[f64; 2]>() as u64 * points.sum::<u64>()
}

impl Problem {
    /// Whether a record contains the inflow during every step.
    pub(crate) fn records_every_step(&self) -> bool {
        let mut keys = self.params.record.iter();
        keys.any(|keys| keys.times == RowTimes::Step && keys.has_rates())
    }

    /// The approximate number of steps between two rows of a record, if there is one.
    #[doc(hidden)]
    pub fn steps_between_rows(&self) -> Option<u64> {
        let keys = self.params.record.as_ref()?;
        let pace = self.schedule.pace();
        let steps = match &keys.times {
            RowTimes::Step => 1,
            RowTimes::Snapshot => self.schedule.nper.most(),
            RowTimes::Every(every) => pace.moment(pace.start + every).step,
            RowTimes::At(times) => self.schedule.last_step() / (times.len() as u64 + 1),
        };
        Some(steps.max(1))
    }

    /// The fields that a record keeps of every node between snapshots.
    pub(crate) fn fields(&self) -> &[RecordField] {
        let keys = self.params.record.as_ref();
        keys.map_or(&[], |keys| &keys.fields)
    }

    /// Bytes of the cube and of the files of fields.
    #[doc(hidden)]
    pub fn disk_bytes(&self) -> u64 {
        let frames = self.schedule.snapshots() - 1;
        let nodes = frames.saturating_mul(self.grid.len());
        let fields = self.fields().iter().map(|field| {
            let value_bytes = match field {
                RecordField::TimeOfMax => size_of::<f64>() as u64,
                _ => self.params.precision.bytes() as u64,
            };
            DATA_OFFSET.saturating_add(nodes.saturating_mul(value_bytes))
        });
        fields.fold(self.cube_bytes(), u64::saturating_add)
    }

    /// The memory for reading `rows` rows of a state for a record, and for a second state beside the state of the run.
    #[must_use]
    pub(crate) fn record_bytes(&self, rows: usize) -> u64 {
        let Some(keys) = &self.params.record else {
            return 0;
        };
        let node = self.params.precision.bytes() as u64;
        let double = size_of::<f64>() as u64;
        let extra_states = match (&keys.times, self.params.method) {
            (RowTimes::Step, StepMethod::Rkl2) => 3 + u64::from(self.has_moving_source()),
            (RowTimes::Step, _) => 0,
            _ => 1,
        };
        let coefficients = if keys.has_rates() {
            self.kind::<f64>().arrays() as u64 + u64::from(self.has_moving_source())
        } else {
            0
        };
        let has_capacities =
            !keys.regions.is_empty() && self.slots.uniform(Quantity::Capacity).is_none();
        let has_times = keys.fields.contains(&RecordField::TimeOfMax);
        let of_fields = keys.fields.len() + usize::from(has_times);
        let coefficients = coefficients + of_fields as u64;
        let arrays = extra_states * node + (coefficients + u64::from(has_capacities)) * double;
        // What each row of the grid has.
        let numbers = 32 + self.geometry().rates() as u64 + 5 * keys.regions.len() as u64;
        let of_nodes = (rows as u64 * self.grid.x.nodes as u64).saturating_mul(arrays);
        of_nodes.saturating_add(self.grid.y.nodes as u64 * numbers * double * 2)
    }
}
