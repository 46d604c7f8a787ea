//! One tile: rows come in along the slowest axis, results go out.

use super::{
    Run,
    lanes::{Items, Parts, PartsMut, Results, Source},
    operation::Operation,
    slide::{Scratch, Slide},
    tile::{Axis, Pace, Shape, Tile, length},
    writer::Writer,
};
use crate::analysis::AnalysisError;
use std::ops::Range;

/// What is held of a tile while its rows come in; the room for it serves one tile after another.
pub(super) struct Stream<'a, O: Operation<C>, const C: usize> {
    operation: &'a O,
    axes: &'a [Axis],
    tile: Tile,
    /// Elements of a row of the input, and of the output.
    row_in: usize,
    row_out: usize,
    /// Whether windows slide within rows, and whether along the first axis.
    within: bool,
    along: bool,
    /// Elements of the array behind one of a row once windows have slid within it.
    weight: u64,
    /// Whether there is memory for many lines side by side.
    wide: bool,
    /// Rows that there is room for, and rows that are there: first those kept.
    most: usize,
    held: usize,
    /// The row with which those begin.
    row: u64,
    /// The next window along the first axis.
    window: u64,
    /// Rows as they come, unless windows slide within them; then what is known of their windows.
    items: Vec<O::Item>,
    parts: Vec<O::Part>,
    between: [Vec<O::Part>; 2],
    /// What is known of the rows of a window that is not whole yet, where windows do not overlap.
    open: [Vec<O::Part>; 2],
    /// Results of the rows taken last.
    results: Vec<O::Out>,
    scratch: Scratch<O, C>,
}

impl<'a, O: Operation<C>, const C: usize> Stream<'a, O, C> {
    pub(super) fn new(operation: &'a O, axes: &'a [Axis]) -> Self {
        Self {
            operation,
            axes,
            tile: Tile::new(),
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
            parts: Vec::new(),
            between: [Vec::new(), Vec::new()],
            open: [Vec::new(), Vec::new()],
            results: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Computes one tile and writes it.
    pub(super) fn compute(
        &mut self,
        run: &Run<'_>,
        tile: &Tile,
        memory: u64,
        writer: &Writer<'_, O::Out>,
    ) -> Result<(), AnalysisError> {
        let rows = self.begin(tile, memory);
        let below: Vec<Range<u64>> = self
            .axes
            .iter()
            .zip(tile)
            .map(|(axis, windows)| {
                let below = axis.below(windows);
                axis.start + below.start..axis.start + below.end
            })
            .collect();
        // An array without axes has one element and no range.
        let dimensions = run.array.npy.shape.len();
        let mut start = below[0].start;
        while start < below[0].end {
            let end = below[0].end.min(start + rows);
            let mut region = below.clone();
            region[0] = start..end;
            region.truncate(dimensions);
            let count = size(end - start);
            let room = self.room(count);
            run.array.read_box(&region, room)?;
            run.progress
                .add(room.len() as u64 * run.array.npy.dtype.bytes as u64);
            let mut region = tile.clone();
            region[0] = self.take(count);
            region.truncate(dimensions);
            self.results = writer.write(region, std::mem::take(&mut self.results))?;
            start = end;
        }
        Ok(())
    }

    /// Makes ready for a tile; rows to take at a time.
    fn begin(&mut self, tile: &Tile, memory: u64) -> u64 {
        let shape = Shape::of::<C>(self.axes, tile);
        let Pace { rows, wide } = shape.pace::<C>(memory);
        let axis = self.axes[0];
        self.tile.clone_from(tile);
        (self.row_in, self.row_out) = (size(shape.row_in), size(shape.row_out));
        self.within = shape.within;
        self.along = !(self.within && axis.is_idle());
        self.wide = wide;
        self.most = size(shape.kept_rows() + rows);
        self.held = 0;
        self.row = tile[0].start * axis.stride;
        self.window = tile[0].start;
        // What is left from the tile before is written over before it is read.
        let parts = |room: &mut Vec<O::Part>, is: bool, elements: usize| {
            room.resize(if is { C * elements } else { 0 }, O::Part::default());
        };
        let rows_in = if self.within { size(rows) } else { self.most };
        self.items.resize(rows_in * self.row_in, O::Item::default());
        let kept = self.within && self.along && !axis.is_apart();
        parts(&mut self.parts, kept, self.most * self.row_out);
        for between in &mut self.between {
            parts(between, self.within, size(rows * shape.row_between));
        }
        for open in &mut self.open {
            parts(open, self.along && axis.is_apart(), self.row_out);
        }
        rows
    }

    /// Where to put the next rows of the input.
    fn room(&mut self, rows: usize) -> &mut [O::Item] {
        let at = if self.within {
            0
        } else {
            self.held * self.row_in
        };
        &mut self.items[at..at + rows * self.row_in]
    }

    /// Goes on by the rows that have been put there; the windows that became whole.
    fn take(&mut self, rows: usize) -> Range<u64> {
        let first = self.window;
        if !self.along {
            self.results.resize(rows * self.row_out, O::Out::default());
            self.slide_within(rows);
            self.window += rows as u64;
        } else if self.axes[0].is_apart() {
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

    /// Slides along all axes but the first, from the last on; which of `between` has the outcome,
    /// unless that is results.
    fn slide_within(&mut self, rows: usize) -> usize {
        let mut lengths: Vec<usize> = self
            .axes
            .iter()
            .zip(&self.tile)
            .map(|(axis, windows)| size(length(&axis.below(windows))))
            .collect();
        lengths[0] = rows;
        let mut weight = 1;
        let busy: Vec<usize> = (1..self.axes.len())
            .rev()
            .filter(|&axis| !self.axes[axis].is_idle())
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
                    &mut PartsMut(&mut sink[..C * to]),
                    &mut self.scratch,
                ),
                (_, false) => {
                    slide.run(
                        &Parts::of(source),
                        &mut PartsMut(&mut sink[..C * to]),
                        &mut self.scratch,
                    );
                }
                (_, true) => {
                    let mut results = Results {
                        all: &mut self.results[..],
                        operation: self.operation,
                    };
                    if number == 0 {
                        slide.run(&items, &mut results, &mut self.scratch);
                    } else {
                        slide.run(&Parts::of(source), &mut results, &mut self.scratch);
                    }
                }
            }
            last = 1 - last;
        }
        last
    }

    fn slide(&self, axis: usize, outer: usize, inner: usize, weight: u64) -> Slide {
        let Axis { window, stride, .. } = self.axes[axis];
        let windows = &self.tile[axis];
        Slide {
            outer,
            inner,
            length: size(length(&self.axes[axis].below(windows))),
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

    /// Copies what is known of rows behind those that are kept.
    fn hold(&mut self, rows: usize, last: usize) {
        let (from, to) = (rows * self.row_out, self.most * self.row_out);
        for component in 0..C {
            let at = component * to + self.held * self.row_out;
            self.parts[at..at + from]
                .copy_from_slice(&self.between[last][component * from..(component + 1) * from]);
        }
    }

    /// Slides along the first axis over all rows held, and keeps those that are needed again.
    fn slide_along(&mut self) {
        let axis = self.axes[0];
        let behind = self.row + self.held as u64;
        let whole = match behind.checked_sub(axis.window) {
            None => 0,
            Some(last) => (last / axis.stride + 1).min(self.tile[0].end),
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
        let mut results = Results {
            all: &mut self.results,
            operation: self.operation,
        };
        if self.within {
            slide.run(&Parts::of(&self.parts), &mut results, &mut self.scratch);
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
                self.parts.copy_within(rows, to);
            }
        } else {
            let (rows, to) = keep(0, self.row_in);
            self.items.copy_within(rows, to);
        }
        self.row += done as u64;
        self.held -= done;
    }

    /// Joins rows to the window they belong to, if any.
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
            if self.window == self.tile[0].end {
                break;
            }
            let seen = at - begin;
            let some = (rows - row).min(size(axis.window - seen));
            let slide = Slide {
                length: some,
                ..self.slide(0, 1, self.row_out, self.weight)
            };
            let [before, after] = &mut self.open;
            let before = Parts::of(before);
            let mut after = PartsMut(after);
            let skip = row * self.row_out;
            match last {
                Some(last) => {
                    let source = Parts::of(&self.between[last][..C * rows * self.row_out]);
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

    /// The window that is open is whole.
    fn finish(&mut self) {
        #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
        let n = (self.axes[0].window * self.weight) as f64;
        let open = Parts::<_, C>::of(&self.open[0]);
        self.results.extend((0..self.row_out).map(|lane| {
            let part = Source::<O, C>::load::<1>(&open, lane);
            self.operation.finish(part.lane(0), n)
        }));
        self.window += 1;
    }
}

fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
