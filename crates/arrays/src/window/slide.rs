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
//! The suffixes of a segment are combined backwards and kept, the prefixes of the next one are combined forwards as
//! they are needed: three operations for each element. Segments lie at fixed positions of the array, so that results do
//! not depend on how much of it is in memory.
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
    /// The number of elements in memory along the axis.
    pub(super) length: usize,
    /// The position along the whole axis of the first element in memory.
    pub(super) start: usize,
    /// Length of the window.
    pub(super) window: usize,
    /// Distance from one window to the next.
    pub(super) stride: usize,
    /// The position of the first window along the whole axis.
    pub(super) first: usize,
    /// Number of windows.
    pub(super) count: usize,
    /// The number of elements of the array for which every element here stands.
    pub(super) weight: f64,
    /// Whether there is memory for many interleaved lines.
    pub(super) wide: bool,
}

/// The number of lines over which windows slide in parallel.
const LANES: usize = 32;
/// The largest number of bytes of suffixes that are kept for these lines: a thread's part of the last-level cache.
const MOST_KEPT: u64 = 8 << 20;
/// The number of elements of a line that are interleaved at a time, if windows are short.
const INTERLEAVED: usize = 1024;

/// Bytes that slides need in addition to their input and output; `wide` if there is memory for many interleaved lines.
pub(super) fn scratch_bytes<const C: usize>(window: u64, stride: u64, wide: bool) -> u64 {
    let suffix_bytes = kept_bytes::<C>(window, stride);
    if !wide || suffix_bytes > MOST_KEPT {
        return suffix_bytes / LANES as u64;
    }
    // Interleaved lines: their elements, and their results.
    let interleaved = (2 * window).max(INTERLEAVED as u64) * 8 * (C as u64 + 1) * LANES as u64;
    suffix_bytes + 2 * interleaved
}

/// Bytes of suffixes in all lanes.
fn kept_bytes<const C: usize>(window: u64, stride: u64) -> u64 {
    window
        .div_ceil(stride)
        .saturating_mul(8 * C as u64 * LANES as u64)
}

impl Slide {
    /// Slides over everything in memory. The function is called for each block of rows, from several places for each
    /// operation; if it were inlined, each of these places would be compiled separately.
    #[inline(never)]
    pub(super) fn run<O: Operation<C>, const C: usize, S: LineSource<O, C>, T: LineSink<O, C>>(
        &self,
        source: &S,
        sink: &mut T,
        scratch: &mut SlideBuffers<O, C>,
    ) {
        let (source_pitch, sink_pitch) = (self.length * self.inner, self.count * self.inner);
        let wide =
            self.wide && kept_bytes::<C>(self.window as u64, self.stride as u64) <= MOST_KEPT;
        if wide && self.inner >= LANES {
            for outer in 0..self.outer {
                for inner in groups(self.inner) {
                    let source_place = outer * source_pitch + inner;
                    let sink_place = outer * sink_pitch + inner;
                    self.segments::<O, C>(
                        source,
                        sink,
                        source_place,
                        sink_place,
                        &mut scratch.suffixes,
                    );
                }
            }
        } else if wide && self.outer * self.inner >= LANES {
            for group in groups(self.outer * self.inner) {
                let [source_places, sink_places] = [source_pitch, sink_pitch].map(|pitch| {
                    (group..group + LANES)
                        .map(|line| line / self.inner * pitch + line % self.inner)
                        .collect()
                });
                self.interleaved(
                    source,
                    sink,
                    source_places,
                    sink_places,
                    0..self.count,
                    scratch,
                );
            }
        } else {
            for outer in 0..self.outer {
                for inner in 0..self.inner {
                    let source_place = outer * source_pitch + inner;
                    let sink_place = outer * sink_pitch + inner;
                    self.line(source, sink, source_place, sink_place, wide, scratch);
                }
            }
        }
    }

    /// Slides over a single line. If possible the line is divided into stretches that begin with a segment, which are
    /// then treated as interleaved lines.
    fn line<O: Operation<C>, const C: usize, S: LineSource<O, C>, T: LineSink<O, C>>(
        &self,
        source: &S,
        sink: &mut T,
        from: usize,
        to: usize,
        wide: bool,
        scratch: &mut SlideBuffers<O, C>,
    ) {
        let mut window = 0;
        while window < self.count {
            let segment_windows = self.windows_from(window);
            let is_regular = wide
                && self.window.is_multiple_of(self.stride)
                && self.begin(window).is_multiple_of(self.window);
            let segments_per_lane = (self.count - window) / (segment_windows * LANES);
            let segments = segments_per_lane.min(INTERLEAVED.div_ceil(self.window));
            if is_regular && segments > 0 {
                let windows = segments * segment_windows;
                let source_step = windows * self.stride * self.inner;
                let sink_step = windows * self.inner;
                let source_places = (0..LANES).map(|lane| from + lane * source_step);
                let sink_places = (0..LANES).map(|lane| to + lane * sink_step);
                self.interleaved(
                    source,
                    sink,
                    source_places.collect(),
                    sink_places.collect(),
                    window..window + windows,
                    scratch,
                );
                window += LANES * windows;
            } else {
                let windows = window..window + segment_windows;
                window = windows.end;
                let suffixes = &mut scratch.suffixes_of_one;
                self.segment::<O, C, 1>(source, sink, from, to, windows, suffixes);
            }
        }
    }

    /// Interleaves lines, some of their windows at a time, and slides over the interleaved lines.
    #[inline(never)]
    fn interleaved<O: Operation<C>, const C: usize, S: LineSource<O, C>, T: LineSink<O, C>>(
        &self,
        source: &S,
        sink: &mut T,
        mut source_places: Vec<usize>,
        mut sink_places: Vec<usize>,
        windows: Range<usize>,
        scratch: &mut SlideBuffers<O, C>,
    ) {
        let at_a_time = (INTERLEAVED.max(self.window) / self.stride).max(1);
        let first_source_places = source_places.clone();
        let first_sink_places = sink_places.clone();
        let mut window = windows.start;
        while window < windows.end {
            let part = Self {
                outer: 1,
                inner: LANES,
                start: self.begin(window),
                first: self.first + window,
                count: at_a_time.min(windows.end - window),
                ..*self
            };
            let part = Self {
                length: (part.count - 1) * self.stride + self.window,
                ..part
            };
            for lane in 0..LANES {
                source_places[lane] =
                    first_source_places[lane] + (part.start - self.start) * self.inner;
                sink_places[lane] = first_sink_places[lane] + window * self.inner;
            }
            let step = self.inner;
            let read = LineLayout {
                places: &source_places,
                step,
                length: part.length,
            };
            let written = LineLayout {
                places: &sink_places,
                step,
                length: part.count,
            };
            {
                let lines = source.gather(read, &mut scratch.read);
                let mut results = sink.interleaved(written, &mut scratch.written);
                part.segments::<O, C>(&lines, &mut results, 0, 0, &mut scratch.suffixes);
            }
            sink.scatter(written, &scratch.written);
            window += part.count;
        }
    }

    /// Slides over neighbouring lines, segment by segment.
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
                let mut window = 0;
                while window < self.count {
                    let windows = window..window + self.windows_from(window);
                    window = windows.end;
                    self.segment::<O, C, LANES>(source, sink, from, to, windows, suffixes);
                }
            },
        );
    }

    /// Combines all elements in memory except the first `skip`, line by line, with the partial results of the `seen`
    /// elements before them.
    pub(super) fn fold<O: Operation<C>, const C: usize>(
        &self,
        source: &impl LineSource<O, C>,
        skip: usize,
        before: &Partials<'_, O::Partial, C>,
        after: &mut PartialsMut<'_, O::Partial>,
        seen: usize,
    ) {
        if self.inner >= LANES {
            for lane in groups(self.inner) {
                vectorised(
                    #[inline(always)]
                    || self.fold_lanes::<O, C, LANES>(source, skip, before, after, lane, seen),
                );
            }
        } else {
            for lane in 0..self.inner {
                self.fold_lanes::<O, C, 1>(source, skip, before, after, lane, seen);
            }
        }
    }

    #[inline(always)]
    fn fold_lanes<O: Operation<C>, const C: usize, const N: usize>(
        &self,
        source: &impl LineSource<O, C>,
        skip: usize,
        before: &Partials<'_, O::Partial, C>,
        after: &mut PartialsMut<'_, O::Partial>,
        lane: usize,
        seen: usize,
    ) {
        let mut partial: Pack<O::Partial, C, N> = if seen == 0 {
            source.load(skip + lane)
        } else {
            LineSource::<O, C>::load(before, lane)
        };
        for row in usize::from(seen == 0)..self.length {
            let element = source.load::<N>(skip + lane + row * self.inner);
            partial =
                partial.combine::<O>((seen + row) as f64 * self.weight, &element, self.weight);
        }
        LineSink::<O, C>::store(after, lane, &partial, self.weight);
    }

    /// The position along the whole axis at which a window begins; windows are counted from the first one of this
    /// slide.
    fn begin(&self, window: usize) -> usize {
        (self.first + window) * self.stride
    }

    /// The number of consecutive windows, beginning with this one, that begin in the same segment.
    fn windows_from(&self, window: usize) -> usize {
        let window_start = self.begin(window);
        let segment_end = (window_start / self.window + 1) * self.window;
        (segment_end - window_start)
            .div_ceil(self.stride)
            .min(self.count - window)
    }

    #[inline(always)]
    fn load<O: Operation<C>, const C: usize, const N: usize>(
        &self,
        source: &impl LineSource<O, C>,
        from: usize,
        place: usize,
    ) -> Pack<O::Partial, C, N> {
        source.load::<N>(from + (place - self.start) * self.inner)
    }

    /// The number of elements of the array for which some elements stand.
    #[inline(always)]
    fn counted(&self, elements: usize) -> f64 {
        elements as f64 * self.weight
    }

    /// Computes the windows that begin in one segment, for `N` neighbouring lines.
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
        let segment_end = (self.begin(windows.start) / self.window + 1) * self.window;

        suffixes.clear();
        let mut place = segment_end - 1;
        let mut suffix = self.load::<O, C, N>(source, from, place);
        for window in windows.clone().rev() {
            while place > self.begin(window) {
                place -= 1;
                let element = self.load::<O, C, N>(source, from, place);
                let suffix_weight = self.counted(segment_end - place - 1);
                suffix = element.combine::<O>(weight, &suffix, suffix_weight);
            }
            suffixes.push(suffix);
        }

        let mut place = segment_end;
        let mut prefix = suffix;
        for (window, suffix) in windows.zip(suffixes.iter().rev()) {
            let window_start = self.begin(window);
            while place < window_start + self.window {
                let element = self.load::<O, C, N>(source, from, place);
                prefix = if place == segment_end {
                    element
                } else {
                    prefix.combine::<O>(self.counted(place - segment_end), &element, weight)
                };
                place += 1;
            }
            let result_place = to + window * self.inner;
            let n = self.counted(self.window);
            if place == segment_end {
                sink.store(result_place, suffix, n);
            } else {
                let suffix_weight = self.counted(segment_end - window_start);
                let prefix_weight = self.counted(place - segment_end);
                let result = suffix.combine::<O>(suffix_weight, &prefix, prefix_weight);
                sink.store(result_place, &result, n);
            }
        }
    }
}

/// The first lines of groups that together cover all lines; the last group may overlap the one before.
fn groups(lines: usize) -> impl Iterator<Item = usize> {
    (0..lines.div_ceil(LANES)).map(move |number| (number * LANES).min(lines - LANES))
}

/// Buffers that slides reuse.
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
