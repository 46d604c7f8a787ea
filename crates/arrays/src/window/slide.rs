//! Windows that slide along one axis, at a cost that does not depend on their length (the van
//! Herk/Gil-Werman algorithm).
//!
//! ```text
//!  segments of the window's length:    |  q ········ |  q+w ······ |
//!  window that starts at i:                  [ ········· )
//!  is a suffix of one segment                [ ····· |
//!  combined with a prefix of the next                | ·· )
//! ```
//!
//! The suffixes of a segment are combined backwards and kept, the prefixes of the next one are combined
//! forwards as they are needed: three operations an element. Segments lie at fixed places of the
//! array, so that results do not depend on how much of it is in memory.
//!
//! Source: M. van Herk, "A fast algorithm for local minimum and maximum filters on rectangular and
//! octagonal kernels", Pattern Recognition Letters 13 (1992); J. Gil and M. Werman, "Computing 2-D
//! min, median, and max filters", IEEE PAMI 15 (1993).

use super::{
    lanes::{Interleaved, LineLayout, LineSink, LineSource, Pack, Partials, PartialsMut},
    operation::Operation,
};
use diff2d_sys::vectorised;
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
    /// Elements of the array that every element here stands for.
    pub(super) weight: f64,
    /// Whether there is memory for many interleaved lines.
    pub(super) wide: bool,
}

/// Lines that are slid over at a time.
const LANES: usize = 32;
/// Bytes of suffixes that may be kept for them: a thread's share of the last-level cache.
const MOST_KEPT: u64 = 8 << 20;
/// Elements of a line that are interleaved at a time, where windows are short.
const INTERLEAVED: usize = 1024;

/// Bytes that slides with a window need besides what they read and write; `wide` if there is memory
/// for many interleaved lines.
pub(super) fn scratch_bytes<const C: usize>(window: u64, stride: u64, wide: bool) -> u64 {
    let kept = kept_bytes::<C>(window, stride);
    if !wide || kept > MOST_KEPT {
        return kept / LANES as u64;
    }
    // Interleaved lines: their elements, and their results.
    let interleaved = (2 * window).max(INTERLEAVED as u64) * 8 * (C as u64 + 1) * LANES as u64;
    kept + 2 * interleaved
}

/// Bytes of suffixes in all lanes.
fn kept_bytes<const C: usize>(window: u64, stride: u64) -> u64 {
    window
        .div_ceil(stride)
        .saturating_mul(8 * C as u64 * LANES as u64)
}

impl Slide {
    /// Slides over everything in memory.
    pub(super) fn run<O: Operation<C>, const C: usize, S: LineSource<O, C>, T: LineSink<O, C>>(
        &self,
        source: &S,
        sink: &mut T,
        scratch: &mut SlideBuffers<O, C>,
    ) {
        let (pitch_from, pitch_to) = (self.length * self.inner, self.count * self.inner);
        let wide =
            self.wide && kept_bytes::<C>(self.window as u64, self.stride as u64) <= MOST_KEPT;
        if wide && self.inner >= LANES {
            for outer in 0..self.outer {
                for at in groups(self.inner) {
                    let (from, to) = (outer * pitch_from + at, outer * pitch_to + at);
                    self.segments::<O, C>(source, sink, from, to, &mut scratch.suffixes);
                }
            }
        } else if wide && self.outer * self.inner >= LANES {
            let place = |line: usize, pitch| line / self.inner * pitch + line % self.inner;
            for group in groups(self.outer * self.inner) {
                let lines = group..group + LANES;
                let from = lines.clone().map(|line| place(line, pitch_from)).collect();
                let to = lines.map(|line| place(line, pitch_to)).collect();
                self.interleaved(source, sink, from, to, 0..self.count, scratch);
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

    /// A single line. Where possible it is cut into stretches that begin with a segment, which are slid
    /// over as interleaved lines.
    fn line<O: Operation<C>, const C: usize, S: LineSource<O, C>, T: LineSink<O, C>>(
        &self,
        source: &S,
        sink: &mut T,
        from: usize,
        to: usize,
        wide: bool,
        scratch: &mut SlideBuffers<O, C>,
    ) {
        let mut next = 0;
        while next < self.count {
            // Windows of a segment, and segments of a stretch.
            let each = self.windows_from(next);
            let regular = wide
                && self.window.is_multiple_of(self.stride)
                && self.begin(next).is_multiple_of(self.window);
            let stretch = (self.count - next) / (each * LANES);
            let segments = stretch.min(INTERLEAVED.div_ceil(self.window));
            if regular && segments > 0 {
                let windows = segments * each;
                let places = |line, step| (0..LANES).map(|lane| line + lane * step).collect();
                let from = places(from, windows * self.stride * self.inner);
                let to = places(to, windows * self.inner);
                self.interleaved(source, sink, from, to, next..next + windows, scratch);
                next += LANES * windows;
            } else {
                let windows = next..next + each;
                next += each;
                let suffixes = &mut scratch.suffixes_of_one;
                self.segment::<O, C, 1>(source, sink, from, to, windows, suffixes);
            }
        }
    }

    /// Interleaves lines, some of their windows at a time, and slides over them.
    fn interleaved<O: Operation<C>, const C: usize, S: LineSource<O, C>, T: LineSink<O, C>>(
        &self,
        source: &S,
        sink: &mut T,
        mut from: Vec<usize>,
        mut to: Vec<usize>,
        windows: Range<usize>,
        scratch: &mut SlideBuffers<O, C>,
    ) {
        let at_a_time = (INTERLEAVED.max(self.window) / self.stride).max(1);
        let (first_from, first_to) = (from.clone(), to.clone());
        let mut next = windows.start;
        while next < windows.end {
            let part = Self {
                outer: 1,
                inner: LANES,
                start: self.begin(next),
                first: self.first + next,
                count: at_a_time.min(windows.end - next),
                ..*self
            };
            let part = Self {
                length: (part.count - 1) * self.stride + self.window,
                ..part
            };
            for lane in 0..LANES {
                from[lane] = first_from[lane] + (part.start - self.start) * self.inner;
                to[lane] = first_to[lane] + next * self.inner;
            }
            let step = self.inner;
            let read = LineLayout {
                places: &from,
                step,
                length: part.length,
            };
            let written = LineLayout {
                places: &to,
                step,
                length: part.count,
            };
            {
                let some = source.gather(read, &mut scratch.read);
                let mut results = sink.interleaved(written, &mut scratch.written);
                part.segments::<O, C>(&some, &mut results, 0, 0, &mut scratch.suffixes);
            }
            sink.scatter(written, &scratch.written);
            next += part.count;
        }
    }

    /// All windows of neighbouring lines, segment by segment.
    fn segments<O: Operation<C>, const C: usize>(
        &self,
        source: &impl LineSource<O, C>,
        sink: &mut impl LineSink<O, C>,
        from: usize,
        to: usize,
        suffixes: &mut Vec<Pack<O::Partial, C, LANES>>,
    ) {
        vectorised(
            #[inline(always)]
            || {
                let mut next = 0;
                while next < self.count {
                    let windows = next..next + self.windows_from(next);
                    next = windows.end;
                    self.segment::<O, C, LANES>(source, sink, from, to, windows, suffixes);
                }
            },
        );
    }

    /// Combines all elements in memory but the first `skip`, line by line, with the partial results of
    /// the `seen` elements before them.
    pub(super) fn fold<O: Operation<C>, const C: usize>(
        &self,
        source: &impl LineSource<O, C>,
        skip: usize,
        before: &Partials<'_, O::Partial, C>,
        after: &mut PartialsMut<'_, O::Partial>,
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
        source: &impl LineSource<O, C>,
        skip: usize,
        before: &Partials<'_, O::Partial, C>,
        after: &mut PartialsMut<'_, O::Partial>,
        at: usize,
        seen: usize,
    ) {
        let mut all: Pack<O::Partial, C, N> = if seen == 0 {
            source.load(skip + at)
        } else {
            LineSource::<O, C>::load(before, at)
        };
        for row in usize::from(seen == 0)..self.length {
            let one = source.load::<N>(skip + at + row * self.inner);
            all = all.combine::<O>((seen + row) as f64 * self.weight, &one, self.weight);
        }
        LineSink::<O, C>::store(after, at, &all, self.weight);
    }

    /// Where a window of those asked for begins along the whole axis.
    fn begin(&self, window: usize) -> usize {
        (self.first + window) * self.stride
    }

    /// How many windows from this one on begin in the same segment.
    fn windows_from(&self, window: usize) -> usize {
        let begin = self.begin(window);
        let end = (begin / self.window + 1) * self.window;
        (end - begin).div_ceil(self.stride).min(self.count - window)
    }

    /// The windows that begin in one segment, of `N` neighbouring lines.
    #[inline(always)]
    fn segment<O: Operation<C>, const C: usize, const N: usize>(
        &self,
        source: &impl LineSource<O, C>,
        sink: &mut impl LineSink<O, C>,
        from: usize,
        to: usize,
        windows: Range<usize>,
        suffixes: &mut Vec<Pack<O::Partial, C, N>>,
    ) {
        let weight = self.weight;
        #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
        let counted = |elements: usize| elements as f64 * weight;
        let load = |place: usize| source.load::<N>(from + (place - self.start) * self.inner);
        let end = (self.begin(windows.start) / self.window + 1) * self.window;

        suffixes.clear();
        let mut place = end - 1;
        let mut suffix = load(place);
        for window in windows.clone().rev() {
            while place > self.begin(window) {
                place -= 1;
                suffix = load(place).combine::<O>(weight, &suffix, counted(end - place - 1));
            }
            suffixes.push(suffix);
        }

        let mut place = end;
        let mut prefix = suffix;
        for (window, suffix) in windows.zip(suffixes.iter().rev()) {
            let begin = self.begin(window);
            while place < begin + self.window {
                let one = load(place);
                prefix = if place == end {
                    one
                } else {
                    prefix.combine::<O>(counted(place - end), &one, weight)
                };
                place += 1;
            }
            let at = to + window * self.inner;
            let n = counted(self.window);
            if place == end {
                sink.store(at, suffix, n);
            } else {
                let whole =
                    suffix.combine::<O>(counted(end - begin), &prefix, counted(place - end));
                sink.store(at, &whole, n);
            }
        }
    }
}

/// Where groups of lines begin so that they cover all lines; the last may overlap the one before.
fn groups(lines: usize) -> impl Iterator<Item = usize> {
    (0..lines.div_ceil(LANES)).map(move |number| (number * LANES).min(lines - LANES))
}

/// Buffers that slides use again and again.
pub(super) struct SlideBuffers<O: Operation<C>, const C: usize> {
    suffixes: Vec<Pack<O::Partial, C, LANES>>,
    suffixes_of_one: Vec<Pack<O::Partial, C, 1>>,
    read: Interleaved<O::Item, O::Partial>,
    written: Interleaved<O::Out, O::Partial>,
}

impl<O: Operation<C>, const C: usize> Default for SlideBuffers<O, C> {
    fn default() -> Self {
        Self {
            suffixes: Vec::new(),
            suffixes_of_one: Vec::new(),
            read: Interleaved::default(),
            written: Interleaved::default(),
        }
    }
}
