//! Windows that slide along one axis, at a cost that does not depend on their length.
//!
//! ```text
//!  blocks of the window's length:   |  q ········ |  q+w ······ |
//!  window that starts at i:               [ ········· )
//!  is the end of one block                [ ····· |
//!  joined with the beginning of the next          | ·· )
//! ```
//!
//! Ends of a block are joined backwards and kept, beginnings of the next are joined forwards as they
//! are needed: three joins an element. Blocks lie at fixed places of the array, so that results do
//! not depend on how much of it is looked at at a time.
//!
//! Source: M. van Herk, "A fast algorithm for local minimum and maximum filters on rectangular and
//! octagonal kernels", Pattern Recognition Letters 13 (1992); J. Gil and M. Werman, "Computing 2-D
//! min, median, and max filters", IEEE PAMI 15 (1993).

use super::{
    lanes::{Beside, Lines, Pack, Parts, PartsMut, Sink, Source},
    operation::Operation,
};
use crate::analysis::vectorised::vectorised;
use std::ops::Range;

/// An axis in memory: `(outer, length, inner)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slide {
    pub(super) outer: usize,
    pub(super) inner: usize,
    /// Elements along the axis that are in memory.
    pub(super) length: usize,
    /// Place along the whole axis of the first of them.
    pub(super) start: usize,
    /// Length of the window.
    pub(super) window: usize,
    /// From one window to the next.
    pub(super) stride: usize,
    /// The first window, counted along the whole axis.
    pub(super) first: usize,
    /// Number of windows.
    pub(super) count: usize,
    /// Elements of the array behind every element here.
    pub(super) weight: f64,
    /// Whether there is memory for many lines side by side.
    pub(super) wide: bool,
}

/// Lines that are gone through side by side.
const LANES: usize = 32;
/// Bytes of joined ends that may be kept for them: what the last cache holds of a thread.
const MOST_KEPT: u64 = 8 << 20;
/// Elements of a line that are put side by side at a time, where windows are short.
const CHUNK: usize = 1024;

/// Bytes that slides with a window need besides what they read and write, `wide` where there is
/// memory for many lines side by side.
pub(super) fn scratch_bytes<const C: usize>(window: u64, stride: u64, wide: bool) -> u64 {
    let kept = kept_bytes::<C>(window, stride);
    if !wide || kept > MOST_KEPT {
        return kept / LANES as u64;
    }
    // Lines side by side: their elements, and their results.
    let beside = (2 * window).max(CHUNK as u64) * 8 * (C as u64 + 1) * LANES as u64;
    kept + 2 * beside
}

/// Bytes of joined ends in all lanes.
fn kept_bytes<const C: usize>(window: u64, stride: u64) -> u64 {
    window
        .div_ceil(stride)
        .saturating_mul(8 * C as u64 * LANES as u64)
}

impl Slide {
    /// Slides over everything in memory.
    pub(super) fn run<O: Operation<C>, const C: usize, S: Source<O, C>, T: Sink<O, C>>(
        &self,
        source: &S,
        sink: &mut T,
        scratch: &mut Scratch<O, C>,
    ) {
        let (pitch_from, pitch_to) = (self.length * self.inner, self.count * self.inner);
        let wide =
            self.wide && kept_bytes::<C>(self.window as u64, self.stride as u64) <= MOST_KEPT;
        if wide && self.inner >= LANES {
            for outer in 0..self.outer {
                for at in groups(self.inner) {
                    let (from, to) = (outer * pitch_from + at, outer * pitch_to + at);
                    self.blocks::<O, C>(source, sink, from, to, &mut scratch.kept);
                }
            }
        } else if wide && self.outer * self.inner >= LANES {
            let place = |line: usize, pitch| line / self.inner * pitch + line % self.inner;
            for group in groups(self.outer * self.inner) {
                let lines = group..group + LANES;
                let from = lines.clone().map(|line| place(line, pitch_from)).collect();
                let to = lines.map(|line| place(line, pitch_to)).collect();
                self.beside(source, sink, (from, to), 0..self.count, scratch);
            }
        } else {
            for outer in 0..self.outer {
                for at in 0..self.inner {
                    let (from, to) = (outer * pitch_from + at, outer * pitch_to + at);
                    self.line(source, sink, from, to, wide, scratch);
                }
            }
        }
    }

    /// A single line: stretches of it that begin with a block are the lanes where that is possible.
    fn line<O: Operation<C>, const C: usize, S: Source<O, C>, T: Sink<O, C>>(
        &self,
        source: &S,
        sink: &mut T,
        from: usize,
        to: usize,
        wide: bool,
        scratch: &mut Scratch<O, C>,
    ) {
        let mut next = 0;
        while next < self.count {
            // Of a block, and of the whole number of blocks that make a stretch.
            let each = self.windows_from(next);
            let regular = wide
                && self.window.is_multiple_of(self.stride)
                && self.begin(next).is_multiple_of(self.window);
            let blocks = ((self.count - next) / (each * LANES)).min(CHUNK.div_ceil(self.window));
            if regular && blocks > 0 {
                let windows = blocks * each;
                let places = |line, step| (0..LANES).map(|lane| line + lane * step).collect();
                let lines = (
                    places(from, windows * self.stride * self.inner),
                    places(to, windows * self.inner),
                );
                self.beside(source, sink, lines, next..next + windows, scratch);
                next += LANES * windows;
            } else {
                let windows = next..next + each;
                next += each;
                self.block::<O, C, 1>(source, sink, from, to, windows, &mut scratch.kept_one);
            }
        }
    }

    /// Puts lines side by side, a chunk of their windows at a time, and slides over that.
    fn beside<O: Operation<C>, const C: usize, S: Source<O, C>, T: Sink<O, C>>(
        &self,
        source: &S,
        sink: &mut T,
        (mut from, mut to): (Vec<usize>, Vec<usize>),
        windows: Range<usize>,
        scratch: &mut Scratch<O, C>,
    ) {
        let at_a_time = (CHUNK.max(self.window) / self.stride).max(1);
        let (first_from, first_to) = (from.clone(), to.clone());
        let mut next = windows.start;
        while next < windows.end {
            let chunk = Self {
                outer: 1,
                inner: LANES,
                start: self.begin(next),
                first: self.first + next,
                count: at_a_time.min(windows.end - next),
                ..*self
            };
            let chunk = Self {
                length: (chunk.count - 1) * self.stride + self.window,
                ..chunk
            };
            for lane in 0..LANES {
                from[lane] = first_from[lane] + (chunk.start - self.start) * self.inner;
                to[lane] = first_to[lane] + next * self.inner;
            }
            let step = self.inner;
            let read = Lines {
                places: &from,
                step,
                length: chunk.length,
            };
            let written = Lines {
                places: &to,
                step,
                length: chunk.count,
            };
            {
                let some = source.gather(read, &mut scratch.read);
                let mut room = sink.room(written, &mut scratch.written);
                chunk.blocks::<O, C>(&some, &mut room, 0, 0, &mut scratch.kept);
            }
            sink.scatter(written, &scratch.written);
            next += chunk.count;
        }
    }

    /// All windows of neighbouring lines.
    fn blocks<O: Operation<C>, const C: usize>(
        &self,
        source: &impl Source<O, C>,
        sink: &mut impl Sink<O, C>,
        from: usize,
        to: usize,
        kept: &mut Vec<Pack<O::Part, C, LANES>>,
    ) {
        vectorised(
            #[inline(always)]
            || {
                let mut next = 0;
                while next < self.count {
                    let windows = next..next + self.windows_from(next);
                    next = windows.end;
                    self.block::<O, C, LANES>(source, sink, from, to, windows, kept);
                }
            },
        );
    }

    /// Joins all elements in memory but the first `skip`, line by line, to what is known of the `seen`
    /// ones before them.
    pub(super) fn fold<O: Operation<C>, const C: usize>(
        &self,
        source: &impl Source<O, C>,
        skip: usize,
        before: &Parts<'_, O::Part, C>,
        after: &mut PartsMut<'_, O::Part>,
        seen: usize,
    ) {
        if self.inner >= LANES {
            for at in groups(self.inner) {
                vectorised(
                    #[inline(always)]
                    || self.fold_lanes::<O, C, LANES>(source, skip, before, after, at, seen),
                );
            }
        } else {
            for at in 0..self.inner {
                self.fold_lanes::<O, C, 1>(source, skip, before, after, at, seen);
            }
        }
    }

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    fn fold_lanes<O: Operation<C>, const C: usize, const N: usize>(
        &self,
        source: &impl Source<O, C>,
        skip: usize,
        before: &Parts<'_, O::Part, C>,
        after: &mut PartsMut<'_, O::Part>,
        at: usize,
        seen: usize,
    ) {
        let mut all: Pack<O::Part, C, N> = if seen == 0 {
            source.load(skip + at)
        } else {
            Source::<O, C>::load(before, at)
        };
        for row in usize::from(seen == 0)..self.length {
            let one = source.load::<N>(skip + at + row * self.inner);
            all = all.join::<O>((seen + row) as f64 * self.weight, &one, self.weight);
        }
        Sink::<O, C>::store(after, at, &all, self.weight);
    }

    /// Where a window of those asked for begins along the whole axis.
    fn begin(&self, window: usize) -> usize {
        (self.first + window) * self.stride
    }

    /// How many windows from this one on begin in the same block.
    fn windows_from(&self, window: usize) -> usize {
        let begin = self.begin(window);
        let end = (begin / self.window + 1) * self.window;
        (end - begin).div_ceil(self.stride).min(self.count - window)
    }

    /// The windows that begin in one block, of `N` neighbouring lines.
    #[inline(always)]
    fn block<O: Operation<C>, const C: usize, const N: usize>(
        &self,
        source: &impl Source<O, C>,
        sink: &mut impl Sink<O, C>,
        from: usize,
        to: usize,
        windows: Range<usize>,
        kept: &mut Vec<Pack<O::Part, C, N>>,
    ) {
        let weight = self.weight;
        #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
        let counted = |elements: usize| elements as f64 * weight;
        let load = |place: usize| source.load::<N>(from + (place - self.start) * self.inner);
        let end = (self.begin(windows.start) / self.window + 1) * self.window;

        kept.clear();
        let mut place = end - 1;
        let mut tail = load(place);
        for window in windows.clone().rev() {
            while place > self.begin(window) {
                place -= 1;
                tail = load(place).join::<O>(weight, &tail, counted(end - place - 1));
            }
            kept.push(tail);
        }

        let mut place = end;
        let mut head = tail;
        for (window, tail) in windows.zip(kept.iter().rev()) {
            let begin = self.begin(window);
            while place < begin + self.window {
                let one = load(place);
                head = if place == end {
                    one
                } else {
                    head.join::<O>(counted(place - end), &one, weight)
                };
                place += 1;
            }
            let at = to + window * self.inner;
            let n = counted(self.window);
            if place == end {
                sink.store(at, tail, n);
            } else {
                let whole = tail.join::<O>(counted(end - begin), &head, counted(place - end));
                sink.store(at, &whole, n);
            }
        }
    }
}

/// Where groups of lanes begin so that they cover all lines; the last may overlap the one before.
fn groups(lines: usize) -> impl Iterator<Item = usize> {
    (0..lines.div_ceil(LANES)).map(move |number| (number * LANES).min(lines - LANES))
}

/// Room that slides need again and again.
pub(super) struct Scratch<O: Operation<C>, const C: usize> {
    kept: Vec<Pack<O::Part, C, LANES>>,
    kept_one: Vec<Pack<O::Part, C, 1>>,
    read: Beside<O::Item, O::Part>,
    written: Beside<O::Out, O::Part>,
}

impl<O: Operation<C>, const C: usize> Default for Scratch<O, C> {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            kept_one: Vec::new(),
            read: Beside::default(),
            written: Beside::default(),
        }
    }
}
