//! [`Solution`]: the snapshots of a run and its record, kept in memory.

use crate::{
    codec::Codec,
    cube::{Commit, conclusion::Conclusion, journal::SnapshotId},
    params::Precision,
    problem::Problem,
    schedule::Clock,
};
use bytemuck::{AnyBitPattern, cast_slice, pod_read_unaligned};
use diff2d_stencil::real::Real;
use std::collections::TryReserveError;

/// The snapshots of a run that writes no file, as its cube would hold them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Solution {
    /// The simulated time of each snapshot \[time\].
    pub times: Vec<f64>,
    /// The values of the snapshots \[density\].
    pub states: States,
    /// The record, if the parameters ask for one.
    pub record: Option<KeptRecord>,
    codec: Codec,
    /// Whether a snapshot takes the place of the one before it.
    has_last_only: bool,
    /// The place of the next value.
    next_value: usize,
    /// Is called with the line, still without its digest, and the bytes of each snapshot that is whole.
    look: Option<fn(Commit, &[u8])>,
}

/// The record of a run that writes no file, with the numbers of `STEM.record.csv`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct KeptRecord {
    /// The names of the columns with numbers, in the order of the file.
    pub names: Vec<String>,
    /// The numbers, row by row. Shape: (rows, names).
    pub numbers: Vec<f64>,
    /// The date of each row as in the file, if the parameters ask for dates.
    pub dates: Option<Vec<String>>,
    /// The text of `STEM.record.json`, without the digests of files: the columns with their units, the points, and the
    /// warnings on the run.
    pub description: String,
}

/// The values of snapshots, one after the other, row by row, in the precision of their problem.
#[derive(Debug, Clone, PartialEq)]
pub enum States {
    /// `precision = "f64"`
    F64(Vec<f64>),
    /// `precision = "f32"`
    F32(Vec<f32>),
}

impl Solution {
    /// A solution without snapshots, which will keep all of them, or only the last one. `look` is called with the line, still
    /// without its digest, and the bytes of each snapshot as soon as it is whole.
    pub(super) fn new(
        problem: &Problem,
        has_last_only: bool,
        look: Option<fn(Commit, &[u8])>,
    ) -> Self {
        Self {
            times: Vec::new(),
            states: match problem.params.precision {
                Precision::F64 => States::F64(Vec::new()),
                Precision::F32 => States::F32(Vec::new()),
            },
            record: None,
            codec: problem.codec(),
            has_last_only,
            next_value: 0,
            look,
        }
    }

    /// Reserves memory for the `values` values of all snapshots.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub(super) fn reserve(&mut self, values: u64) -> Result<(), TryReserveError> {
        let values = usize::try_from(values).unwrap_or(usize::MAX);
        match &mut self.states {
            States::F64(states) => states.try_reserve_exact(values),
            States::F32(states) => states.try_reserve_exact(values),
        }
    }

    /// Takes the next rows of a snapshot, beginning with row `first`.
    pub(super) fn rows<T: Real>(&mut self, first: usize, rows: &[T]) {
        let rows = self.codec.encoded(first, rows);
        match &mut self.states {
            States::F64(states) => put(states, self.next_value, cast_slice(&rows)),
            States::F32(states) => put(states, self.next_value, cast_slice(&rows)),
        }
        self.next_value += rows.len();
    }

    /// Keeps the bytes of a snapshot with which the run does not begin, but from which it continues.
    pub(super) fn continue_from(&mut self, bytes: &[u8]) {
        match &mut self.states {
            States::F64(states) => put(states, 0, &values_of(bytes)),
            States::F32(states) => put(states, 0, &values_of(bytes)),
        }
    }

    /// Ends a snapshot, after all its rows.
    pub(super) fn end(&mut self, id: SnapshotId, now: Clock, conclusion: Conclusion) {
        self.times.push(now.simtime);
        if let Some(look) = self.look {
            look(conclusion.commit(id, now), self.bytes());
        }
        if self.has_last_only {
            self.next_value = 0;
        }
    }

    /// The bytes of the snapshots that are kept.
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.states {
            States::F64(states) => cast_slice(states),
            States::F32(states) => cast_slice(states),
        }
    }
}

/// The values in bytes that may begin anywhere in memory.
fn values_of<T: AnyBitPattern>(bytes: &[u8]) -> Vec<T> {
    let values = bytes.chunks_exact(size_of::<T>());
    values.map(pod_read_unaligned).collect()
}

/// Puts values at a place: behind the others, or over them.
fn put<T: Copy>(states: &mut Vec<T>, begin: usize, values: &[T]) {
    match states.get_mut(begin..begin + values.len()) {
        Some(former_values) => former_values.copy_from_slice(values),
        None => states.extend_from_slice(values),
    }
}
