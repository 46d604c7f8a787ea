//! [`Footprint`]: what of a problem lies in memory.

use super::Problem;
use crate::{params::StepMethod, physics::picture::Picture};
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
    nodes
        .saturating_mul(node * problem.arrays())
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
