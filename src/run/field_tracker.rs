//! [`FieldTracker`]: mean, extremes and the time of the maximum at every node between consecutive snapshots.

use super::{
    decomposition::Decomposition,
    error::RunError,
    row_schedule::RowSchedule,
    state::{Look, RowsView, StateArray},
    tracker::{Remains, Sight, Tracker},
};
use crate::{
    comm::{Comm, collective},
    cube::streams::Stream,
    params::{Choice, Precision, RecordField},
    problem::Problem,
    schedule::{Clock, Moment},
};
use diff2d_stencil::real::Real;
use ndarray::ArrayView2;
use rayon::prelude::*;
use std::borrow::Cow;

/// The tracker of fields, for the rows of the grid that a rank owns and the current interval between snapshots.
pub(super) struct FieldTracker<'a> {
    problem: &'a Problem,
    /// The stream of each field, and its values in this interval so far.
    fields: Vec<(Stream, NodeSums)>,
    /// The moments that count: the moments of rows of the record and of snapshots.
    schedule: RowSchedule<'a>,
    /// The first row of the grid that this rank owns.
    first_row: usize,
    /// The time at which the interval began \[time\].
    begin: f64,
    /// The last moment that was counted \[time\].
    last: f64,
}

/// The values of a field at the nodes of a rank.
struct NodeSums {
    kind: RecordField,
    values: Vec<f64>,
    /// The largest value of each node so far; used only by the field of the times of the maximum.
    largest: Vec<f64>,
}

impl NodeSums {
    fn new(kind: RecordField, nodes: usize) -> Self {
        let largest_nodes = match kind {
            RecordField::TimeOfMax => nodes,
            _ => 0,
        };
        Self {
            kind,
            values: vec![0.0; nodes],
            largest: vec![0.0; largest_nodes],
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

    /// Adds the values `p` at `time`, which stand for the time span `span`.
    fn take<T: Real>(&mut self, time: f64, span: f64, p: &[T]) {
        let pairs = self.values.par_iter_mut().zip(p).with_min_len(1 << 14);
        match self.kind {
            RecordField::Mean => pairs.for_each(|(sum, p)| *sum += span * p.to_f64()),
            RecordField::Min => pairs.for_each(|(min, p)| *min = min.min(p.to_f64())),
            RecordField::Max => pairs.for_each(|(max, p)| *max = max.max(p.to_f64())),
            RecordField::TimeOfMax => {
                let triples = pairs.zip(&mut self.largest);
                triples.for_each(|((time_of_max, p), largest)| {
                    if p.to_f64() > *largest {
                        (*time_of_max, *largest) = (time, p.to_f64());
                    }
                });
            }
        }
    }

    /// The frame of an interval of the given length, in the precision of its file. Values are encoded as in the
    /// snapshots of `problem`.
    fn frame(&mut self, length: f64, first_row: usize, problem: &Problem) -> Cow<'_, [u8]> {
        if self.kind == RecordField::Mean {
            self.values.par_iter_mut().for_each(|sum| *sum /= length);
        }
        problem.codec().encode(first_row, &mut self.values);
        match (problem.params.precision, self.kind) {
            (Precision::F32, RecordField::Mean | RecordField::Min | RecordField::Max) => {
                let rounded = self.values.iter().map(|value| *value as f32);
                let rounded: Vec<f32> = rounded.collect();
                Cow::Owned(bytemuck::cast_slice(&rounded).to_vec())
            }
            _ => Cow::Borrowed(bytemuck::cast_slice(&self.values)),
        }
    }
}

impl<'a> FieldTracker<'a> {
    /// The tracker of the fields that the parameters ask for; `None` without such fields.
    pub(super) fn new<C: Comm>(
        problem: &'a Problem,
        streams: Vec<(RecordField, Stream)>,
        ranks: &Decomposition<'_, C>,
    ) -> Option<Self> {
        let keys = problem
            .params
            .record
            .as_ref()
            .filter(|_| !streams.is_empty())?;
        let own_rows = ranks.slab().own();
        let nodes = own_rows.len() * problem.grid.x.nodes;
        let streams = streams.into_iter();
        let fields = streams.map(|(kind, stream)| (stream, NodeSums::new(kind, nodes)));
        Some(Self {
            problem,
            fields: fields.collect(),
            schedule: RowSchedule::new(problem, keys),
            first_row: own_rows.start,
            begin: 0.0,
            last: 0.0,
        })
    }

    /// Begins an interval, whose first moment comes next.
    fn begin(&mut self, time: f64) {
        (self.begin, self.last) = (time, time);
        self.fields.iter_mut().for_each(|(_, field)| field.clear());
    }

    /// Counts the state at a moment that is followed by another one in the same interval.
    fn take(
        &mut self,
        now: Clock,
        time: f64,
        show: impl FnOnce(Look<'_>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let next_time = self.schedule.next_moment(now);
        show(&mut |rows| {
            self.take_rows(time, next_time, rows);
            Ok(())
        })?;
        self.last = time;
        Ok(())
    }

    /// Counts rows of this rank. By the trapezoidal rule a moment stands for half the time from the moment before it to
    /// the next one.
    fn take_rows(&mut self, time: f64, next: f64, rows: &RowsView<'_>) {
        let span = 0.5 * (next - self.last);
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
        let first_value = (rows.own.start - rows.held.start) * nx;
        let own_values = first_value..first_value + rows.own.len() * nx;
        let Some(p) = values.as_slice().and_then(|values| values.get(own_values)) else {
            return;
        };
        for (_, field) in &mut self.fields {
            field.take(time, span, p);
        }
    }

    /// Collective. Writes the frames of the interval that ends at `time`; each rank writes its own rows.
    fn end<C: Comm>(&mut self, time: f64, ranks: &Decomposition<'_, C>) -> Result<(), RunError> {
        let (first_row, nx) = (self.first_row, self.problem.grid.x.nodes);
        for (stream, field) in &mut self.fields {
            let nodes = field.values.len();
            let bytes = field.frame(time - self.begin, first_row, self.problem);
            let bytes_per_node = bytes.len() / nodes.max(1);
            let frame_offset = (first_row * nx * bytes_per_node) as u64;
            let placed = stream.place(frame_offset, &bytes).map_err(RunError::from);
            let crc = collective::all_ok(ranks.comm(), placed)?;
            stream.end_frame(collective::all_gather(
                ranks.comm(),
                (crc, bytes.len() as u64),
            ));
        }
        Ok(())
    }
}

impl<C: Comm> Tracker<C> for FieldTracker<'_> {
    /// The moments that count are those of rows and snapshots.
    fn next(&self) -> Option<Moment> {
        self.schedule.next()
    }

    /// Begins an interval with the snapshot from which the run continues.
    fn go_on(&mut self, sight: &mut Sight<'_, '_, C>) -> Result<(), RunError> {
        let now = sight.at.now;
        self.schedule.pass_to(now);
        self.begin(now.simtime);
        self.take(now, now.simtime, |look| sight.show(look))
    }

    /// Counts the state at a moment at which a row or a snapshot is due. A snapshot ends an interval, writes its frame, and
    /// begins the next interval unless the run ends.
    fn write(&mut self, sight: &mut Sight<'_, '_, C>, ends_run: bool) -> Result<(), RunError> {
        let (at, ranks) = (sight.at, sight.ranks);
        let state_clock = at.now;
        let mut time = state_clock.simtime;
        if self.schedule.next() == Some(at.moment) {
            if at.moment.beyond > 0.0 {
                time = self.schedule.time(state_clock).unwrap_or(time);
            }
            self.schedule.pass();
        }
        if at.is_snapshot && state_clock.step > 0 {
            sight.show(&mut |rows| {
                self.take_rows(time, time, rows);
                Ok(())
            })?;
            self.end(time, ranks)?;
        }
        let is_last = ends_run || state_clock.step >= self.problem.schedule.last_step();
        if at.is_snapshot && is_last {
            return Ok(());
        }
        if at.is_snapshot {
            self.begin(time);
        }
        self.take(state_clock, time, |look| sight.show(look))
    }

    fn streams(&self) -> Vec<(&'static str, &Stream)> {
        let fields = self.fields.iter();
        fields
            .map(|(stream, field)| (field.kind.name(), stream))
            .collect()
    }

    fn leave(self: Box<Self>, remains: &mut Remains) {
        let fields = self.fields.into_iter();
        remains.streams.fields = fields.map(|(stream, field)| (field.kind, stream)).collect();
    }
}
