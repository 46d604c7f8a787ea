//! [`Footprint`]: what of a problem lies in memory.

use super::Problem;
use crate::{
    params::{RecordField, RowTimes, StepMethod},
    physics::{picture::Picture, slots::Place},
};
use diff2d_arrays::npy::DATA_OFFSET;
use serde::Serialize;
use std::collections::BTreeMap;

/// What of a problem lies in memory while it is solved \[byte\].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Footprint {
    /// Fields and what stands beside them for every node: of all rows, or of those that are in memory at a time.
    pub arrays: u64,
    /// The pixels of pictures that coefficients and source come from, and what decodes pictures.
    pub pictures: u64,
    /// Sets of masked and held nodes.
    pub node_sets: u64,
}

impl Footprint {
    /// That of one of so many ranks, which holds so many rows.
    #[must_use]
    pub fn new(problem: &Problem, rows: usize, ranks: usize) -> Self {
        Self {
            arrays: arrays_of(problem, rows, ranks),
            pictures: picture_bytes(problem),
            node_sets: problem.geometry().bytes(),
        }
    }

    /// That of the whole grid.
    #[must_use]
    pub fn of(problem: &Problem) -> Self {
        Self::new(problem, problem.grid.y.nodes, 1)
    }

    /// What is kept of the whole grid, however few rows are in memory.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.pictures.saturating_add(self.node_sets)
    }

    /// All of it.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.arrays.saturating_add(self.kept())
    }

    /// That of so many of them.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self {
            arrays: self.arrays.saturating_mul(count),
            pictures: self.pictures.saturating_mul(count),
            node_sets: self.node_sets.saturating_mul(count),
        }
    }
}

/// Bytes of the arrays of one of so many ranks, which holds so many rows.
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
    let more = match problem.params.method {
        // Every rank transforms the whole grid, and has what is added to all of it, in double precision.
        StepMethod::Exact => {
            let whole = if ranks > 1 { problem.field_bytes() } else { 0 };
            let added = u64::from(problem.is_forced()) * size_of::<f64>() as u64;
            whole.saturating_add(problem.grid.len().saturating_mul(added))
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
        .saturating_mul(node * problem.arrays())
        .saturating_add(of_record)
        .saturating_add(faces)
        .saturating_add(more)
}

/// Bytes of the pixels of pictures that coefficients and source come from, and of what decodes pictures.
fn picture_bytes(problem: &Problem) -> u64 {
    let bytes = |(key, picture): (&str, &Picture)| {
        let [pixels, decoding] = picture.bytes();
        // Those of the initial state are needed once.
        let held = if key == "initial" { 0 } else { pixels };
        (picture.input().path().to_owned(), held + decoding)
    };
    // One may serve for several.
    let all: BTreeMap<_, _> = problem.pictures().map(bytes).collect();
    all.values().sum()
}

impl Problem {
    /// Whether a record tells what every step brings in.
    pub(crate) fn records_every_step(&self) -> bool {
        let mut keys = self.params.record.iter();
        keys.any(|keys| keys.times == RowTimes::Step && keys.has_rates())
    }

    /// Steps from one row of a record to the next, about, if there is one.
    pub(crate) fn steps_between_rows(&self) -> Option<u64> {
        let keys = self.params.record.as_ref()?;
        let pace = self.schedule.pace();
        let steps = match &keys.times {
            RowTimes::Step => 1,
            RowTimes::Every(every) => pace.moment(pace.start + every).step,
            RowTimes::At(times) => self.schedule.last_step() / (times.len() as u64 + 1),
        };
        Some(steps.max(1))
    }

    /// What a record keeps of every node between snapshots.
    pub(crate) fn fields(&self) -> &[RecordField] {
        let keys = self.params.record.as_ref();
        keys.map_or(&[], |keys| &keys.fields)
    }

    /// Bytes of the cube and of the files of these.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let frames = self.schedule.snapshots() - 1;
        let each = |field: &RecordField| match field {
            RecordField::TimeOfMax => size_of::<f64>() as u64,
            _ => self.params.precision.bytes() as u64,
        };
        let nodes = frames.saturating_mul(self.grid.len());
        let bytes = |field| DATA_OFFSET.saturating_add(nodes.saturating_mul(each(field)));
        let fields = self.fields().iter().map(bytes);
        fields.fold(self.cube_bytes(), u64::saturating_add)
    }

    /// Bytes of what a record reads so many rows of a state by, and of a state beside the one of the run.
    #[must_use]
    pub(crate) fn record_bytes(&self, rows: usize) -> u64 {
        let Some(keys) = &self.params.record else {
            return 0;
        };
        let node = self.params.precision.bytes() as u64;
        let double = size_of::<f64>() as u64;
        let beside = match (&keys.times, self.params.method) {
            (RowTimes::Step, StepMethod::Rkl2) => 3 + u64::from(self.has_moving_source()),
            (RowTimes::Step, _) => 0,
            _ => 1,
        };
        let coefficients = match keys.has_rates() {
            true => self.kind::<f64>().arrays() as u64 + u64::from(self.has_moving_source()),
            false => 0,
        };
        let has_capacities =
            !keys.regions.is_empty() && self.slots.uniform(Place::Capacity).is_none();
        let is_time = |field: &RecordField| *field == RecordField::TimeOfMax;
        let of_fields = keys.fields.len() + usize::from(keys.fields.iter().any(is_time));
        let coefficients = coefficients + of_fields as u64;
        let arrays = beside * node + (coefficients + u64::from(has_capacities)) * double;
        // What each row of the grid has.
        let numbers = 32 + self.geometry().rates() as u64 + 5 * keys.regions.len() as u64;
        let of_nodes = (rows as u64 * self.grid.x.nodes as u64).saturating_mul(arrays);
        of_nodes.saturating_add(self.grid.y.nodes as u64 * numbers * double * 2)
    }
}
