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
    lanes::{Pack, Parts, PartsMut, Sink, Source},
    operation::Operation,
};
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
}

/// How many lanes there are and where, in what is read and in what is written.
#[derive(Clone, Copy)]
struct Lanes {
    number: usize,
    from: usize,
    to: usize,
    apart_from: usize,
    apart_to: usize,
}

/// Lanes side by side in memory.
const WIDE: usize = 64;
/// Lanes apart, or few.
const NARROW: usize = 8;
/// Bytes of joined ends kept at a time where that is a choice: what the second cache holds.
const MOST_KEPT: usize = 1 << 20;

/// Bytes of joined ends that a slide keeps.
pub(super) fn kept_bytes<const C: usize>(window: u64, stride: u64) -> u64 {
    (window.div_ceil(stride) * 8 * C as u64).max(MOST_KEPT as u64)
}

impl Slide {
    /// Slides over everything in memory.
    #[inline(always)]
    pub(super) fn run<O: Operation<C>, const C: usize>(
        &self,
        source: &impl Source<O, C>,
        sink: &mut impl Sink<O, C>,
    ) {
        let (mut wide, mut narrow, mut one) = (Vec::new(), Vec::new(), Vec::new());
        let most = self.most_lanes::<C>();
        for line in self.lines(most) {
            let mut next = 0;
            while next < self.count {
                let each = self.windows_from(next);
                let windows = next..next + each;
                let (lanes, blocks) = if most >= NARROW {
                    self.beside_one_another(line, &windows)
                } else {
                    (line, 1)
                };
                next += blocks * each;
                match lanes.number {
                    WIDE => self.block::<O, C, WIDE>(source, sink, lanes, windows, &mut wide),
                    NARROW => self.block::<O, C, NARROW>(source, sink, lanes, windows, &mut narrow),
                    _ => self.block::<O, C, 1>(source, sink, lanes, windows, &mut one),
                }
            }
        }
    }

    /// Lanes at a time, so that what they keep stays in a cache.
    fn most_lanes<const C: usize>(&self) -> usize {
        let one = self.window.div_ceil(self.stride) * 8 * C;
        [WIDE, NARROW]
            .into_iter()
            .find(|lanes| one * lanes <= MOST_KEPT)
            .unwrap_or(1)
    }

    /// All lines along the axis, in groups: neighbours where there are many, else lines of several
    /// outer indices, else single ones. The last group may overlap the one before.
    fn lines(&self, most: usize) -> impl Iterator<Item = Lanes> {
        let Self { outer, inner, .. } = *self;
        let (from, to) = (self.length * inner, self.count * inner);
        let (outers, inners) = if inner >= NARROW && most >= NARROW {
            let wide = inner >= WIDE && most >= WIDE;
            (1, if wide { WIDE } else { NARROW })
        } else if outer >= NARROW && most >= NARROW {
            (NARROW, 1)
        } else {
            (1, 1)
        };
        let groups = move |lines: usize, group: usize| {
            (0..lines.div_ceil(group)).map(move |number| (number * group).min(lines - group))
        };
        groups(outer, outers).flat_map(move |outer| {
            groups(inner, inners).map(move |at| Lanes {
                number: outers * inners,
                from: outer * from + at,
                to: outer * to + at,
                apart_from: if outers > 1 { from } else { 1 },
                apart_to: if outers > 1 { to } else { 1 },
            })
        })
    }

    /// Makes lanes of the next blocks of a single line, if each has as many windows; else leaves the
    /// line as it is. Also the number of blocks.
    fn beside_one_another(&self, line: Lanes, windows: &Range<usize>) -> (Lanes, usize) {
        let possible = line.number == 1
            && self.window.is_multiple_of(self.stride)
            && self.begin(windows.start).is_multiple_of(self.window)
            && windows.start + NARROW * windows.len() <= self.count;
        if !possible {
            return (line, 1);
        }
        let lanes = Lanes {
            number: NARROW,
            apart_from: self.window * self.inner,
            apart_to: windows.len() * self.inner,
            ..line
        };
        (lanes, NARROW)
    }

    /// Joins all elements in memory but the first `skip`, line by line, to what is known of the `seen`
    /// ones before them.
    #[inline(always)]
    pub(super) fn fold<O: Operation<C>, const C: usize>(
        &self,
        source: &impl Source<O, C>,
        skip: usize,
        before: &Parts<'_, O::Part, C>,
        after: &mut PartsMut<'_, O::Part>,
        seen: usize,
    ) {
        let neighbours = Self { outer: 1, ..*self };
        for Lanes { number, from, .. } in neighbours.lines(WIDE) {
            match number {
                WIDE => self.fold_lanes::<O, C, WIDE>(source, skip, before, after, from, seen),
                NARROW => self.fold_lanes::<O, C, NARROW>(source, skip, before, after, from, seen),
                _ => self.fold_lanes::<O, C, 1>(source, skip, before, after, from, seen),
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
            source.load(skip + at, 1)
        } else {
            Source::<O, C>::load(before, at, 1)
        };
        for row in usize::from(seen == 0)..self.length {
            let one = source.load::<N>(skip + at + row * self.inner, 1);
            all = all.join::<O>((seen + row) as f64 * self.weight, &one, self.weight);
        }
        Sink::<O, C>::store(after, at, 1, &all, self.weight);
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

    /// The windows that begin in one block of every lane.
    #[inline(always)]
    fn block<O: Operation<C>, const C: usize, const N: usize>(
        &self,
        source: &impl Source<O, C>,
        sink: &mut impl Sink<O, C>,
        lanes: Lanes,
        windows: Range<usize>,
        kept: &mut Vec<Pack<O::Part, C, N>>,
    ) {
        let weight = self.weight;
        #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
        let counted = |elements: usize| elements as f64 * weight;
        let load = |place: usize| {
            let at = lanes.from + (place - self.start) * self.inner;
            source.load::<N>(at, lanes.apart_from)
        };
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
            let at = lanes.to + window * self.inner;
            let n = counted(self.window);
            if place == end {
                sink.store(at, lanes.apart_to, tail, n);
            } else {
                let whole = tail.join::<O>(counted(end - begin), &head, counted(place - end));
                sink.store(at, lanes.apart_to, &whole, n);
            }
        }
    }
}
