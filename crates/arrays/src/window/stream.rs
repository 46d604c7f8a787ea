//! One part of the output: rows of the input come in along the slowest axis, results go out.

use super::{
    axis::WindowAxis,
    footprint::{PartFootprint, RowPlan},
    input::PaddedInput,
    lanes::{Items, LineSource, Partials, PartialsMut, ResultLines},
    operation::Operation,
    slide::{Slide, SlideBuffers},
    writer::PartWriter,
};
use crate::npy::{Region, length};
use crate::progress::Progress;
use crate::{AnalysisError, memory::size};
use std::{cell::Cell, ops::Range};

/// What is held of a part while its rows come in. The buffers serve one part after another.
pub(super) struct Stream<'a, O: Operation<C>, const C: usize> {
    operation: &'a O,
    axes: &'a [WindowAxis],
    part: Region,
    /// Elements of a row of the input, and of the output.
    row_in: usize,
    row_out: usize,
    /// Whether windows slide within rows, and whether along the first axis.
    within: bool,
    along: bool,
    /// Elements of the array that one of a row stands for once windows have slid within it.
    weight: u64,
    /// Whether there is memory for many interleaved lines.
    wide: bool,
    /// Rows that the buffers hold at most, and rows that they hold: first those kept.
    most: usize,
    held: usize,
    /// The first of these rows.
    row: u64,
    /// The next window along the first axis.
    window: u64,
    /// Rows as they come; where windows slide within them, the partial results of these, and those
    /// between two axes.
    items: Vec<O::Item>,
    partials: Vec<O::Partial>,
    between: [Vec<O::Partial>; 2],
    /// The partial results of an incomplete window, before and after some rows, where windows do not
    /// overlap.
    open: [Vec<O::Partial>; 2],
    /// Results of the rows taken last.
    results: Vec<O::Out>,
    /// Set when a result does not fit its type.
    overflow: Cell<bool>,
    scratch: SlideBuffers<O, C>,
}

impl<'a, O: Operation<C>, const C: usize> Stream<'a, O, C> {
    pub(super) fn new(operation: &'a O, axes: &'a [WindowAxis]) -> Self {
        Self {
            operation,
            axes,
            part: Region::new(),
            row_in: 0,
            row_out: 0,
            within: false,
            along: false,
            weight: axes[1..].iter().map(|axis| axis.window).product(),
            wide: false,
            most: 0,
            held: 0,
            row: 0,
            window: 0,
            items: Vec::new(),
            partials: Vec::new(),
            between: [Vec::new(), Vec::new()],
            open: [Vec::new(), Vec::new()],
            results: Vec::new(),
            overflow: Cell::new(false),
            scratch: SlideBuffers::default(),
        }
    }

    /// Computes one part of the output and writes it.
    pub(super) fn compute(
        &mut self,
        input: &PaddedInput<'_>,
        progress: &Progress,
        part: &Region,
        memory: u64,
        writer: &PartWriter<'_, O::Out>,
    ) -> Result<(), AnalysisError> {
        let rows = self.begin(part, memory, input.pad.is_some());
        let covered: Vec<Range<u64>> = self
            .axes
            .iter()
            .zip(part)
            .map(|(axis, windows)| axis.covered(windows))
            .collect();
        // An array without axes has one element and no range.
        let dimensions = input.axes.len();
        let mut start = covered[0].start;
        while start < covered[0].end {
            let end = covered[0].end.min(start + rows);
            let mut region = covered.clone();
            region[0] = start..end;
            region.truncate(dimensions);
            let count = size(end - start);
            let items = self.next_rows(count);
            input.read_box(&region, items)?;
            progress.add(items.len() as u64 * input.array.npy.dtype.bytes as u64);
            let mut region = part.clone();
            region[0] = self.take(count);
            if self.overflow.get() {
                return Err(AnalysisError::Overflow);
            }
            region.truncate(dimensions);
            self.results = writer.write(region, std::mem::take(&mut self.results))?;
            start = end;
        }
        Ok(())
    }

    /// Prepares for a part; returns how many rows to take at a time.
    fn begin(&mut self, part: &Region, memory: u64, padded: bool) -> u64 {
        let footprint = PartFootprint::of::<C>(self.axes, part, padded);
        let RowPlan { rows, wide } = footprint.row_plan::<C>(memory);
        let axis = self.axes[0];
        self.part.clone_from(part);
        (self.row_in, self.row_out) = (size(footprint.row_in), size(footprint.row_out));
        self.within = footprint.within;
        self.along = !(self.within && axis.is_identity());
        self.wide = wide;
        self.most = size(footprint.kept_rows() + rows);
        self.held = 0;
        self.row = part[0].start * axis.stride;
        self.window = part[0].start;
        // What is left from the part before is overwritten before it is read.
        let resize = |buffer: &mut Vec<O::Partial>, is_used: bool, elements: usize| {
            let length = if is_used { C * elements } else { 0 };
            buffer.resize(length, O::Partial::default());
        };
        let rows_in = if self.within { size(rows) } else { self.most };
        self.items.resize(rows_in * self.row_in, O::Item::default());
        let kept = self.within && self.along && !axis.is_disjoint();
        resize(&mut self.partials, kept, self.most * self.row_out);
        for between in &mut self.between {
            resize(between, self.within, size(rows * footprint.row_between));
        }
        for open in &mut self.open {
            resize(open, self.along && axis.is_disjoint(), self.row_out);
        }
        rows
    }

    /// The buffer for the next rows of the input.
    fn next_rows(&mut self, rows: usize) -> &mut [O::Item] {
        let at = if self.within {
            0
        } else {
            self.held * self.row_in
        };
        &mut self.items[at..at + rows * self.row_in]
    }

    /// Reduces the rows that have been put there; returns the windows that are complete now.
    fn take(&mut self, rows: usize) -> Range<u64> {
        let first = self.window;
        if !self.along {
            self.results.resize(rows * self.row_out, O::Out::default());
            self.slide_within(rows);
            self.window += rows as u64;
        } else if self.axes[0].is_disjoint() {
            let last = self.within.then(|| self.slide_within(rows));
            self.fold(rows, last);
        } else {
            if self.within {
                let last = self.slide_within(rows);
                self.hold(rows, last);
            }
            self.held += rows;
            self.slide_along();
        }
        first..self.window
    }

    /// Slides along all axes but the first, from the last on. Returns which of `between` holds the
    /// partial results, unless results are complete.
    fn slide_within(&mut self, rows: usize) -> usize {
        let mut lengths: Vec<usize> = self
            .axes
            .iter()
            .zip(&self.part)
            .map(|(axis, windows)| size(length(&axis.covered(windows))))
            .collect();
        lengths[0] = rows;
        let mut weight = 1;
        let busy: Vec<usize> = (1..self.axes.len())
            .rev()
            .filter(|&axis| !self.axes[axis].is_identity())
            .collect();
        let mut last = 1;
        for (number, &axis) in busy.iter().enumerate() {
            let slide = self.slide(
                axis,
                lengths[..axis].iter().product(),
                lengths[axis + 1..].iter().product(),
                weight,
            );
            let from: usize = lengths.iter().product();
            lengths[axis] = slide.count;
            let to: usize = lengths.iter().product();
            weight *= self.axes[axis].window;
            let [source, sink] = match last {
                0 => {
                    let [a, b] = &mut self.between;
                    [a, b]
                }
                _ => {
                    let [a, b] = &mut self.between;
                    [b, a]
                }
            };
            let items = Items {
                all: &self.items[..rows * self.row_in],
                operation: self.operation,
            };
            let source = &source[..if number == 0 { 0 } else { C * from }];
            let ends = number + 1 == busy.len() && !self.along;
            match (number, ends) {
                (0, false) => slide.run(
                    &items,
                    &mut PartialsMut(&mut sink[..C * to]),
                    &mut self.scratch,
                ),
                (_, false) => {
                    slide.run(
                        &Partials::of(source),
                        &mut PartialsMut(&mut sink[..C * to]),
                        &mut self.scratch,
                    );
                }
                (_, true) => {
                    let mut results = ResultLines {
                        all: &mut self.results[..],
                        operation: self.operation,
                        overflow: &self.overflow,
                    };
                    if number == 0 {
                        slide.run(&items, &mut results, &mut self.scratch);
                    } else {
                        slide.run(&Partials::of(source), &mut results, &mut self.scratch);
                    }
                }
            }
            last = 1 - last;
        }
        last
    }

    fn slide(&self, axis: usize, outer: usize, inner: usize, weight: u64) -> Slide {
        let WindowAxis { window, stride, .. } = self.axes[axis];
        let windows = &self.part[axis];
        Slide {
            outer,
            inner,
            length: size(length(&self.axes[axis].covered(windows))),
            start: size(windows.start * stride),
            window: size(window),
            stride: size(stride),
            first: size(windows.start),
            count: size(length(windows)),
            #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
            weight: weight as f64,
            wide: self.wide,
        }
    }

    /// Copies the partial results of rows behind those that are kept.
    fn hold(&mut self, rows: usize, last: usize) {
        let (from, to) = (rows * self.row_out, self.most * self.row_out);
        for component in 0..C {
            let at = component * to + self.held * self.row_out;
            self.partials[at..at + from]
                .copy_from_slice(&self.between[last][component * from..(component + 1) * from]);
        }
    }

    /// Slides along the first axis over all rows held, and keeps those that later windows need.
    fn slide_along(&mut self) {
        let axis = self.axes[0];
        let behind = self.row + self.held as u64;
        let whole = match behind.checked_sub(axis.window) {
            None => 0,
            Some(last) => (last / axis.stride + 1).min(self.part[0].end),
        };
        let count = whole.saturating_sub(self.window);
        let slide = Slide {
            length: self.held,
            start: size(self.row),
            first: size(self.window),
            count: size(count),
            ..self.slide(0, 1, self.row_out, self.weight)
        };
        self.results
            .resize(slide.count * self.row_out, O::Out::default());
        let mut results = ResultLines {
            all: &mut self.results,
            operation: self.operation,
            overflow: &self.overflow,
        };
        if self.within {
            slide.run(
                &Partials::of(&self.partials),
                &mut results,
                &mut self.scratch,
            );
        } else {
            let items = Items {
                all: &self.items,
                operation: self.operation,
            };
            slide.run(&items, &mut results, &mut self.scratch);
        }
        self.window += count;
        let done = size((self.window * axis.stride).clamp(self.row, behind) - self.row);
        let keep = |all: usize, row: usize| (all + done * row..all + self.held * row, all);
        if self.within {
            for component in 0..C {
                let (rows, to) = keep(component * self.most * self.row_out, self.row_out);
                self.partials.copy_within(rows, to);
            }
        } else {
            let (rows, to) = keep(0, self.row_in);
            self.items.copy_within(rows, to);
        }
        self.row += done as u64;
        self.held -= done;
    }

    /// Combines rows with the window they belong to, if any.
    fn fold(&mut self, rows: usize, last: Option<usize>) {
        let axis = self.axes[0];
        self.results.clear();
        let mut row = 0;
        while row < rows {
            // The only window of an axis may be longer than its stride.
            let begin = self.window * axis.stride;
            let at = self.row + row as u64;
            if at < begin {
                row += size(begin - at);
                continue;
            }
            if self.window == self.part[0].end {
                break;
            }
            let seen = at - begin;
            let some = (rows - row).min(size(axis.window - seen));
            let slide = Slide {
                length: some,
                ..self.slide(0, 1, self.row_out, self.weight)
            };
            let [before, after] = &mut self.open;
            let before = Partials::of(before);
            let mut after = PartialsMut(after);
            let skip = row * self.row_out;
            match last {
                Some(last) => {
                    let source = Partials::of(&self.between[last][..C * rows * self.row_out]);
                    slide.fold::<O, C>(&source, skip, &before, &mut after, size(seen));
                }
                None => {
                    let source = Items {
                        all: &self.items,
                        operation: self.operation,
                    };
                    slide.fold::<O, C>(&source, skip, &before, &mut after, size(seen));
                }
            }
            self.open.swap(0, 1);
            row += some;
            if seen + some as u64 == axis.window {
                self.finish();
            }
        }
        self.row += rows as u64;
    }

    /// Appends the results of the open window, which is complete.
    fn finish(&mut self) {
        #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
        let n = (self.axes[0].window * self.weight) as f64;
        let open = Partials::<_, C>::of(&self.open[0]);
        self.results.extend((0..self.row_out).map(|lane| {
            let partial = LineSource::<O, C>::load::<1>(&open, lane).lane(0);
            if !self.operation.fits(partial) {
                self.overflow.set(true);
            }
            self.operation.lower(partial, n)
        }));
        self.window += 1;
    }
}
