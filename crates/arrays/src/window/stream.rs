//! Computes one part of the output: rows of the input arrive along the slowest axis, and results leave.

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

/// The rows and partial results of a part while its rows come in. The buffers serve one part after another.
pub(super) struct WindowStream<'a, O: Operation<C>, const C: usize> {
    operation: &'a O,
    axes: &'a [WindowAxis],
    part: Region,
    /// The number of elements in a row of the input, and of the output.
    row_in: usize,
    row_out: usize,
    /// Whether windows slide within rows, and whether they slide along the first axis.
    within: bool,
    along: bool,
    /// The number of elements of the array for which an element of a row stands after windows have slid within the row.
    weight: u64,
    /// Whether there is memory for many interleaved lines.
    wide: bool,
    /// The largest number of rows for which the buffers have room, and the number of rows in them, including the kept
    /// ones.
    most: usize,
    held: usize,
    /// The position of the first row in the buffers.
    row: u64,
    /// The number of the next window along the first axis.
    window: u64,
    /// The rows as they arrive; if windows slide within rows, also the partial results of rows, and the partial results
    /// between two axes.
    items: Vec<O::Item>,
    partials: Vec<O::Partial>,
    between: [Vec<O::Partial>; 2],
    /// The partial results of an incomplete window before and after some rows, if windows do not overlap.
    open: [Vec<O::Partial>; 2],
    /// The results of the last rows.
    results: Vec<O::Out>,
    /// A flag that is set if a result does not fit its type.
    overflow: Cell<bool>,
    scratch: SlideBuffers<O, C>,
}

impl<'a, O: Operation<C>, const C: usize> WindowStream<'a, O, C> {
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
            let end_row = covered[0].end.min(start + rows);
            let mut region = covered.clone();
            region[0] = start..end_row;
            region.truncate(dimensions);
            let count = size(end_row - start);
            let items = self.next_rows(count);
            input.read_box(&region, items)?;
            progress.add(items.len() as u64 * input.array.npy.dtype.bytes as u64);
            let mut region = part.clone();
            region[0] = self.take(count);
            if self.overflow.get() {
                return Err(AnalysisError::refused(
                    "the sum or ptp of a window is beyond 64-bit integers: --dtype f8 computes it in double precision".to_owned(),
                ));
            }
            region.truncate(dimensions);
            self.results = writer.write(region, std::mem::take(&mut self.results))?;
            start = end_row;
        }
        Ok(())
    }

    /// Prepares for a part, and returns the number of rows to process at a time.
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
        let rows_in = if self.within { size(rows) } else { self.most };
        self.items.resize(rows_in * self.row_in, O::Item::default());
        let keeps_partials = self.within && self.along && !axis.is_disjoint();
        resize_partials::<O, C>(&mut self.partials, keeps_partials, self.most * self.row_out);
        for between in &mut self.between {
            let elements = size(rows * footprint.row_between);
            resize_partials::<O, C>(between, self.within, elements);
        }
        for open in &mut self.open {
            let has_open_windows = self.along && axis.is_disjoint();
            resize_partials::<O, C>(open, has_open_windows, self.row_out);
        }
        rows
    }

    /// The buffer for the next rows of the input.
    fn next_rows(&mut self, rows: usize) -> &mut [O::Item] {
        let start = if self.within {
            0
        } else {
            self.held * self.row_in
        };
        &mut self.items[start..start + rows * self.row_in]
    }

    /// Reduces the rows in this buffer, and returns the range of windows that are now complete.
    fn take(&mut self, rows: usize) -> Range<u64> {
        let first_window = self.window;
        if !self.along {
            self.results.resize(rows * self.row_out, O::Out::default());
            self.slide_within(rows);
            self.window += rows as u64;
        } else if self.axes[0].is_disjoint() {
            let source = self.within.then(|| self.slide_within(rows));
            self.fold(rows, source);
        } else {
            if self.within {
                let source = self.slide_within(rows);
                self.hold(rows, source);
            }
            self.held += rows;
            self.slide_along();
        }
        first_window..self.window
    }

    /// Slides along all axes except the first, from the last one on. Returns the number of the buffer in `between` with
    /// the partial results; `None` if results are complete.
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
        let mut current = 1;
        for (number, &axis) in busy.iter().enumerate() {
            let slide = self.slide(
                axis,
                lengths[..axis].iter().product(),
                lengths[axis + 1..].iter().product(),
                weight,
            );
            let source_elements: usize = lengths.iter().product();
            lengths[axis] = slide.count;
            let sink_elements: usize = lengths.iter().product();
            weight *= self.axes[axis].window;
            let [source, sink] = match current {
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
            let source = &source[..if number == 0 { 0 } else { C * source_elements }];
            let is_complete = number + 1 == busy.len() && !self.along;
            match (number, is_complete) {
                (0, false) => slide.run(
                    &items,
                    &mut PartialsMut(&mut sink[..C * sink_elements]),
                    &mut self.scratch,
                ),
                (_, false) => {
                    slide.run(
                        &Partials::of(source),
                        &mut PartialsMut(&mut sink[..C * sink_elements]),
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
            current = 1 - current;
        }
        current
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
            weight: weight as f64,
            wide: self.wide,
        }
    }

    /// Copies the partial results of rows after the kept ones.
    fn hold(&mut self, rows: usize, source: usize) {
        let count = rows * self.row_out;
        let pitch = self.most * self.row_out;
        for component in 0..C {
            let start = component * pitch + self.held * self.row_out;
            self.partials[start..start + count]
                .copy_from_slice(&self.between[source][component * count..(component + 1) * count]);
        }
    }

    /// Slides along the first axis over all rows in memory, and keeps those that later windows need.
    fn slide_along(&mut self) {
        let axis = self.axes[0];
        let end_row = self.row + self.held as u64;
        let complete_windows = match end_row.checked_sub(axis.window) {
            None => 0,
            Some(last_start) => (last_start / axis.stride + 1).min(self.part[0].end),
        };
        let count = complete_windows.saturating_sub(self.window);
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
        let dropped = size((self.window * axis.stride).clamp(self.row, end_row) - self.row);
        if self.within {
            for component in 0..C {
                let start = component * self.most * self.row_out;
                let later_partials =
                    start + dropped * self.row_out..start + self.held * self.row_out;
                self.partials.copy_within(later_partials, start);
            }
        } else {
            let later_items = dropped * self.row_in..self.held * self.row_in;
            self.items.copy_within(later_items, 0);
        }
        self.row += dropped as u64;
        self.held -= dropped;
    }

    /// Combines rows with the window to which they belong, if there is one. The rows are in the buffer of `between`
    /// with this number.
    fn fold(&mut self, rows: usize, source_number: Option<usize>) {
        let axis = self.axes[0];
        self.results.clear();
        let mut row = 0;
        while row < rows {
            // The only window of an axis may be longer than its stride.
            let window_start = self.window * axis.stride;
            let place = self.row + row as u64;
            if place < window_start {
                row += size(window_start - place);
                continue;
            }
            if self.window == self.part[0].end {
                break;
            }
            let rows_seen = place - window_start;
            let new_rows = (rows - row).min(size(axis.window - rows_seen));
            let slide = Slide {
                length: new_rows,
                ..self.slide(0, 1, self.row_out, self.weight)
            };
            let [old_partials, new_partials] = &mut self.open;
            let old_partials = Partials::of(old_partials);
            let mut new_partials = PartialsMut(new_partials);
            let skip = row * self.row_out;
            match source_number {
                Some(number) => {
                    let source = Partials::of(&self.between[number][..C * rows * self.row_out]);
                    slide.fold::<O, C>(
                        &source,
                        skip,
                        &old_partials,
                        &mut new_partials,
                        size(rows_seen),
                    );
                }
                None => {
                    let source = Items {
                        all: &self.items,
                        operation: self.operation,
                    };
                    slide.fold::<O, C>(
                        &source,
                        skip,
                        &old_partials,
                        &mut new_partials,
                        size(rows_seen),
                    );
                }
            }
            self.open.swap(0, 1);
            row += new_rows;
            if rows_seen + new_rows as u64 == axis.window {
                self.finish();
            }
        }
        self.row += rows as u64;
    }

    /// Appends the results of the open window, which is now complete.
    fn finish(&mut self) {
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

/// Sets the length of a buffer, 0 if it is not used. Old content is overwritten before it is read.
fn resize_partials<O: Operation<C>, const C: usize>(
    buffer: &mut Vec<O::Partial>,
    is_used: bool,
    elements: usize,
) {
    let length = if is_used { C * elements } else { 0 };
    buffer.resize(length, O::Partial::default());
}
