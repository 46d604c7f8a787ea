//! One tile: rows come in along the slowest axis, results go out.

use super::{
    Run,
    lanes::{Items, Parts, PartsMut, Results, Source},
    operation::Operation,
    slide::Slide,
    tile::{Axis, Shape, Tile, length},
};
use crate::{analysis::AnalysisError, cube::number::Number};
use std::ops::Range;

/// Computes one tile and writes it.
pub(super) fn compute<O: Operation<C>, const C: usize>(
    run: &Run<'_>,
    axes: &[Axis],
    tile: &Tile,
    operation: &O,
    memory: u64,
) -> Result<(), AnalysisError> {
    if tile.iter().any(Range::is_empty) {
        return Ok(());
    }
    let shape = Shape::of::<C>(axes, tile);
    let rows = size(shape.rows::<C>(memory));
    let mut stream = Stream::<O, C>::new(operation, axes, tile, &shape, rows);
    let below: Vec<Range<u64>> = axes
        .iter()
        .zip(tile)
        .map(|(axis, windows)| {
            let below = axis.below(windows);
            axis.start + below.start..axis.start + below.end
        })
        .collect();
    let mut bytes = Vec::new();
    let mut start = below[0].start;
    while start < below[0].end {
        let end = below[0].end.min(start + rows as u64);
        let mut region = below.clone();
        region[0] = start..end;
        let count = size(end - start);
        let room = stream.room(count);
        // An array without axes has one element and no range.
        region.truncate(run.array.npy.shape.len());
        run.array.read_box(&region, room)?;
        (run.progress)(room.len() as u64);
        let windows = stream.take(count);
        bytes.clear();
        O::Out::encode(&stream.results, run.windows.dtype, &mut bytes);
        let mut region = tile.clone();
        region[0] = windows;
        region.truncate(run.array.npy.shape.len());
        run.output.write_box(&region, &bytes)?;
        start = end;
    }
    Ok(())
}

/// What is held of a tile while its rows come in.
struct Stream<'a, O: Operation<C>, const C: usize> {
    operation: &'a O,
    axes: &'a [Axis],
    tile: &'a Tile,
    /// Elements of a row of the input, and of the output.
    row_in: usize,
    row_out: usize,
    /// Whether windows slide within rows, and whether along the first axis.
    within: bool,
    along: bool,
    /// Elements of the array behind one of a row once windows have slid within it.
    weight: u64,
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
}

impl<'a, O: Operation<C>, const C: usize> Stream<'a, O, C> {
    fn new(operation: &'a O, axes: &'a [Axis], tile: &'a Tile, shape: &Shape, rows: usize) -> Self {
        let within = shape.within;
        let along = !(within && axes[0].is_idle());
        let most = size(shape.kept_rows()) + rows;
        let (row_in, row_out) = (size(shape.row_in), size(shape.row_out));
        let parts = |elements: usize| vec![O::Part::default(); C * elements];
        let needed = |is: bool, elements: usize| if is { elements } else { 0 };
        let apart = axes[0].is_apart();
        Self {
            operation,
            axes,
            tile,
            row_in,
            row_out,
            within,
            along,
            weight: axes[1..].iter().map(|axis| axis.window).product(),
            most,
            held: 0,
            row: tile[0].start * axes[0].stride,
            window: tile[0].start,
            items: vec![O::Item::default(); if within { rows } else { most } * row_in],
            parts: parts(needed(within && along && !apart, most * row_out)),
            between: [(); 2].map(|()| parts(needed(within, rows * size(shape.row_between)))),
            open: [(); 2].map(|()| parts(needed(along && apart, row_out))),
            results: Vec::new(),
        }
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
            .zip(self.tile)
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
                (0, false) => slide.run::<O, C, _, _>(&items, &mut PartsMut(&mut sink[..C * to])),
                (_, false) => {
                    slide.run::<O, C, _, _>(&Parts::of(source), &mut PartsMut(&mut sink[..C * to]));
                }
                (_, true) => {
                    let mut results = Results {
                        all: &mut self.results[..],
                        operation: self.operation,
                    };
                    if number == 0 {
                        slide.run::<O, C, _, _>(&items, &mut results);
                    } else {
                        slide.run::<O, C, _, _>(&Parts::of(source), &mut results);
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
            slide.run::<O, C, _, _>(&Parts::of(&self.parts), &mut results);
        } else {
            let items = Items {
                all: &self.items,
                operation: self.operation,
            };
            slide.run::<O, C, _, _>(&items, &mut results);
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
