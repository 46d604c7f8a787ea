//! [`IntervalFields`]: mean, extremes and the time of the maximum at every node, between each two snapshots.

use super::{
    decomposition::Decomposition,
    error::RunError,
    exchange::on_root,
    output::Output,
    state::{RowsView, StateArray},
};
use crate::{
    comm::{Comm, collective},
    cube::{Cube, field_files::FieldFile},
    params::{Precision, RecordField, RecordKeys},
    problem::Problem,
    schedule::Clock,
};
use diff2d_arrays::npy::Dtype;
use diff2d_stencil::real::Real;
use ndarray::ArrayView2;
use rayon::prelude::*;

/// Those of the rows of a rank, in the interval that goes on.
pub(super) struct IntervalFields<'a> {
    problem: &'a Problem,
    /// Their files, and the values so far.
    fields: Vec<(FieldFile, NodeSums)>,
    /// The first of the rows.
    first: usize,
    /// When the interval has begun, and the last moment that was taken \[time\].
    begin: f64,
    last: f64,
}

/// A value of each node.
struct NodeSums {
    kind: RecordField,
    values: Vec<f64>,
    /// Beside the times of a maximum that itself.
    largest: Vec<f64>,
}

impl NodeSums {
    fn of(kind: RecordField, nodes: usize) -> Self {
        let largest = match kind {
            RecordField::TimeOfMax => nodes,
            _ => 0,
        };
        Self {
            kind,
            values: vec![0.0; nodes],
            largest: vec![0.0; largest],
        }
    }

    /// Begins an interval.
    fn clear(&mut self) {
        self.values.fill(match self.kind {
            RecordField::Mean | RecordField::TimeOfMax => 0.0,
            RecordField::Min => f64::INFINITY,
            RecordField::Max => f64::NEG_INFINITY,
        });
        self.largest.fill(f64::NEG_INFINITY);
    }

    /// Takes the values of a moment, which stands for a span of time.
    fn take<T: Real>(&mut self, time: f64, span: f64, p: &[T]) {
        let both = self.values.par_iter_mut().zip(p).with_min_len(1 << 14);
        match self.kind {
            RecordField::Mean => both.for_each(|(sum, p)| *sum += span * p.to_f64()),
            RecordField::Min => both.for_each(|(min, p)| *min = min.min(p.to_f64())),
            RecordField::Max => both.for_each(|(max, p)| *max = max.max(p.to_f64())),
            RecordField::TimeOfMax => {
                let all = both.zip(&mut self.largest);
                all.for_each(|((at, p), largest)| {
                    if p.to_f64() > *largest {
                        (*at, *largest) = (time, p.to_f64());
                    }
                });
            }
        }
    }
}

impl<'a> IntervalFields<'a> {
    /// The fields of these files, of the rows of a rank.
    pub(super) fn new<C: Comm>(
        problem: &'a Problem,
        files: Vec<FieldFile>,
        ranks: &Decomposition<'_, C>,
    ) -> Self {
        let own = ranks.slab().own();
        let nodes = own.len() * problem.grid.x.nodes;
        let fields = files.into_iter().map(|file| {
            let field = NodeSums::of(file.kind(), nodes);
            (file, field)
        });
        Self {
            problem,
            fields: fields.collect(),
            first: own.start,
            begin: 0.0,
            last: 0.0,
        }
    }

    /// Begins an interval, whose first moment comes next.
    pub(super) fn begin(&mut self, time: f64) {
        (self.begin, self.last) = (time, time);
        self.fields.iter_mut().for_each(|(_, field)| field.clear());
    }

    /// Takes the rows of this rank at a moment, on which another one follows, or none in the interval.
    pub(super) fn take(&mut self, time: f64, next: Option<f64>, rows: &RowsView<'_>) {
        // By trapezoids.
        let span = 0.5 * (next.unwrap_or(time) - self.last);
        match &rows.values {
            StateArray::F64(values) => self.take_values(time, span, rows, values),
            StateArray::F32(values) => self.take_values(time, span, rows, values),
        }
    }

    fn take_values<T: Real>(
        &mut self,
        time: f64,
        span: f64,
        rows: &RowsView<'_>,
        values: &ArrayView2<'_, T>,
    ) {
        let nx = self.problem.grid.x.nodes;
        let begin = (rows.own.start - rows.held.start) * nx;
        let own = begin..begin + rows.own.len() * nx;
        let Some(p) = values.as_slice().and_then(|values| values.get(own)) else {
            return;
        };
        for (_, field) in &mut self.fields {
            field.take(time, span, p);
        }
    }

    /// Notes that a moment has been taken.
    pub(super) fn end_moment(&mut self, time: f64) {
        self.last = time;
    }

    /// Writes the frame of the interval that ends with a snapshot, durably.
    pub(super) fn end(&mut self, snapshot: u64, time: f64) -> Result<(), RunError> {
        let length = time - self.begin;
        let (codec, first) = (self.problem.codec(), self.first);
        for (file, field) in &mut self.fields {
            if field.kind == RecordField::Mean {
                field.values.par_iter_mut().for_each(|sum| *sum /= length);
            }
            codec.encode(first, &mut field.values);
            file.write(snapshot - 1, first, &field.values)?;
        }
        Ok(())
    }
}

/// Collective. The files of fields, with the frames before a time.
pub(super) fn open<C: Comm>(
    problem: &Problem,
    keys: &RecordKeys,
    output: &Output<'_, C>,
    now: Option<Clock>,
) -> Result<Vec<FieldFile>, RunError> {
    let (Some(place), comm) = (&output.record, output.ranks.comm()) else {
        return Ok(Vec::new());
    };
    let dtype = match problem.params.precision {
        Precision::F64 => Dtype::F64,
        Precision::F32 => Dtype::F32,
    };
    let header = |kind| FieldFile::header(kind, problem.cube_shape(), dtype);
    let is_there = |kind| FieldFile::open(&place.paths.cube, kind, header(kind)).is_ok();
    on_root(comm, || {
        let mut kinds = keys.fields.iter();
        // A longer run begins with the frames of a shorter one.
        let is_new = |kind| now.is_none() || (output.shorter.is_some() && !is_there(kind));
        kinds.try_for_each(|&kind| match is_new(kind) {
            true => FieldFile::create(&place.paths.cube, kind, &header(kind)),
            false => Ok(()),
        })
    })?;
    let kinds = keys.fields.iter();
    let files = kinds.map(|&kind| FieldFile::open(&place.paths.cube, kind, header(kind)));
    let files: Result<Vec<FieldFile>, _> = files.collect();
    let files = collective::all_ok(comm, files.map_err(RunError::from))?;
    if let (Some(shorter), Some(now)) = (output.shorter, now) {
        let frames = problem.schedule.snapshot_at(now.step).0;
        let copied = || {
            let theirs = Cube::open(shorter)?.committed().saturating_sub(1);
            let mut files = files.iter();
            files.try_for_each(|file| file.copy(shorter, frames.min(theirs)))
        };
        on_root(comm, copied)?;
    }
    Ok(files)
}
