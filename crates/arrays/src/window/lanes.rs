//! Processes several lines of an array at a time, one in each lane of a vector.
//!
//! Neighbouring lines along a slow axis lie side by side already. Other lines are interleaved first:
//! [`LineSource::gather`] copies them so that equal positions lie side by side, [`LineSink::scatter`] copies results
//! back.

use super::operation::Operation;
use crate::npy::Number;
use diff2d_sys::vectorised;
use std::cell::Cell;

/// Partial results in `N` lanes, component by component.
#[derive(Clone, Copy)]
pub(super) struct Pack<P, const C: usize, const N: usize>([[P; N]; C]);

impl<P: Number, const C: usize, const N: usize> Pack<P, C, N> {
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "the form that becomes vectors")]
    fn of(partial: impl Fn(usize) -> [P; C]) -> Self {
        let mut pack = [[P::default(); N]; C];
        for lane in 0..N {
            let partial = partial(lane);
            for component in 0..C {
                pack[component][lane] = partial[component];
            }
        }
        Self(pack)
    }

    #[inline(always)]
    pub(super) fn lane(&self, lane: usize) -> [P; C] {
        let mut partial = [P::default(); C];
        for (value, lanes) in partial.iter_mut().zip(&self.0) {
            *value = lanes[lane];
        }
        partial
    }

    /// Combines, in every lane, the partial result of `n` elements with the partial result of the next `m` elements.
    #[inline(always)]
    pub(super) fn combine<O: Operation<C, Partial = P>>(
        &self,
        n: f64,
        other: &Self,
        m: f64,
    ) -> Self {
        Self::of(
            #[inline(always)]
            |lane| O::combine(self.lane(lane), n, other.lane(lane), m),
        )
    }
}

/// The number of contiguous lines that are interleaved at a time, so that whole vectors are loaded and stored.
const TRANSPOSED: usize = 8;

/// The layout of lines of equal length: the positions of their first elements, and the distance between consecutive
/// elements.
#[derive(Clone, Copy)]
pub(super) struct LineLayout<'a> {
    pub(super) places: &'a [usize],
    pub(super) step: usize,
    pub(super) length: usize,
}

impl LineLayout<'_> {
    /// Copies lines out of an array and interleaves them. All operations on a type of elements share this code.
    #[inline(never)]
    fn gather<T: Copy>(&self, all: &[T], interleaved: &mut [T]) {
        let width = self.places.len();
        if let (1, (groups, [])) = (self.step, self.places.as_chunks::<TRANSPOSED>()) {
            vectorised(
                #[inline(always)]
                || {
                    for (group, places) in groups.iter().enumerate() {
                        let lines = places.map(|place| &all[place..place + self.length]);
                        let rows = interleaved.chunks_exact_mut(width).take(self.length);
                        for (at, row) in rows.enumerate() {
                            let row = &mut row[group * TRANSPOSED..][..TRANSPOSED];
                            for (to, line) in row.iter_mut().zip(lines) {
                                *to = line[at];
                            }
                        }
                    }
                },
            );
            return;
        }
        self.runs(|lane, at, place, count| {
            let line = all[place..].iter().step_by(self.step);
            let lane_elements = interleaved[at * width + lane..].iter_mut();
            let lane_elements = lane_elements.step_by(width).take(count);
            lane_elements
                .zip(line)
                .for_each(|(target, element)| *target = *element);
        });
    }

    /// Copies interleaved lines to their positions in an array. All operations share this code.
    #[inline(never)]
    fn scatter<T: Copy>(&self, interleaved: &[T], all: &mut [T]) {
        let width = self.places.len();
        if let (1, (groups, [])) = (self.step, self.places.as_chunks::<TRANSPOSED>()) {
            vectorised(
                #[inline(always)]
                || {
                    for (group, places) in groups.iter().enumerate() {
                        let lines = places.map(|place| place..place + self.length);
                        let Ok(lines) = all.get_disjoint_mut(lines) else {
                            unreachable!("lines do not overlap")
                        };
                        let rows = interleaved.chunks_exact(width).take(self.length);
                        for (at, row) in rows.enumerate() {
                            let row = &row[group * TRANSPOSED..][..TRANSPOSED];
                            for lane in 0..TRANSPOSED {
                                lines[lane][at] = row[lane];
                            }
                        }
                    }
                },
            );
            return;
        }
        self.runs(|lane, at, place, count| {
            let line = all[place..].iter_mut().step_by(self.step);
            let lane_elements = interleaved[at * width + lane..].iter();
            let lane_elements = lane_elements.step_by(width).take(count);
            line.zip(lane_elements)
                .for_each(|(target, element)| *target = *element);
        });
    }

    /// Calls `run` for short runs of every line in turn, so that the interleaved elements stay in a cache. Its
    /// arguments are the lane, the number and position of the first element, and the number of elements.
    fn runs(&self, mut run: impl FnMut(usize, usize, usize, usize)) {
        const RUN: usize = 16;
        for at in (0..self.length).step_by(RUN) {
            for (lane, place) in self.places.iter().enumerate() {
                let count = RUN.min(self.length - at);
                run(lane, at, place + at * self.step, count);
            }
        }
    }

    fn elements(&self) -> usize {
        self.length * self.places.len()
    }
}

/// Buffers for interleaved lines: for elements or results, and for partial results.
pub(super) struct Interleaved<T, P> {
    whole: Vec<T>,
    partials: Vec<P>,
}

impl<T, P> Default for Interleaved<T, P> {
    fn default() -> Self {
        Self {
            whole: Vec::new(),
            partials: Vec::new(),
        }
    }
}

/// The input of slides: elements of the array, or partial results.
pub(super) trait LineSource<O: Operation<C>, const C: usize> {
    /// The type of interleaved lines, a borrowed source of the same kind.
    type Lines<'b>: LineSource<O, C>
    where
        Self: 'b;

    /// Loads `N` neighbours from a position on.
    fn load<const N: usize>(&self, at: usize) -> Pack<O::Partial, C, N>;
    /// Interleaves lines.
    fn gather<'b>(
        &self,
        lines: LineLayout<'_>,
        into: &'b mut Interleaved<O::Item, O::Partial>,
    ) -> Self::Lines<'b>
    where
        Self: 'b;
}

/// Elements of the array.
pub(super) struct Items<'a, T, O> {
    pub(super) all: &'a [T],
    pub(super) operation: &'a O,
}

impl<'a, O: Operation<C>, const C: usize> LineSource<O, C> for Items<'a, O::Item, O> {
    type Lines<'b>
        = Items<'b, O::Item, O>
    where
        Self: 'b;

    #[inline(always)]
    fn load<const N: usize>(&self, at: usize) -> Pack<O::Partial, C, N> {
        let row = &self.all[at..at + N];
        Pack::of(
            #[inline(always)]
            |lane| self.operation.lift(row[lane]),
        )
    }

    fn gather<'b>(
        &self,
        lines: LineLayout<'_>,
        into: &'b mut Interleaved<O::Item, O::Partial>,
    ) -> Items<'b, O::Item, O>
    where
        Self: 'b,
    {
        let into = &mut into.whole;
        into.resize(lines.elements(), O::Item::default());
        lines.gather(self.all, into);
        Items {
            all: into,
            operation: self.operation,
        }
    }
}

/// Partial results with one array for each component.
pub(super) struct Partials<'a, P, const C: usize>([&'a [P]; C]);

impl<'a, P, const C: usize> Partials<'a, P, C> {
    /// Partial results whose components lie one after the other in `all`, with equal lengths.
    pub(super) fn of(all: &'a [P]) -> Self {
        let length = all.len() / C;
        Self(std::array::from_fn(|component| {
            &all[component * length..(component + 1) * length]
        }))
    }
}

impl<O: Operation<C>, const C: usize> LineSource<O, C> for Partials<'_, O::Partial, C> {
    type Lines<'b>
        = Partials<'b, O::Partial, C>
    where
        Self: 'b;

    #[inline(always)]
    fn load<const N: usize>(&self, at: usize) -> Pack<O::Partial, C, N> {
        let mut pack = Pack([[O::Partial::default(); N]; C]);
        for component in 0..C {
            pack.0[component].copy_from_slice(&self.0[component][at..at + N]);
        }
        pack
    }

    fn gather<'b>(
        &self,
        lines: LineLayout<'_>,
        into: &'b mut Interleaved<O::Item, O::Partial>,
    ) -> Partials<'b, O::Partial, C>
    where
        Self: 'b,
    {
        let into = &mut into.partials;
        into.resize(C * lines.elements(), O::Partial::default());
        for (component, into) in into.chunks_mut(lines.elements()).enumerate() {
            lines.gather(self.0[component], into);
        }
        Partials::of(into)
    }
}

/// The output of slides: partial results, or results.
pub(super) trait LineSink<O: Operation<C>, const C: usize> {
    /// The type of interleaved lines, a borrowed sink of the same kind.
    type Lines<'b>: LineSink<O, C>
    where
        Self: 'b;

    /// Stores the partial results of `n` elements in each lane, or their results, at neighbours from a position on.
    fn store<const N: usize>(&mut self, at: usize, pack: &Pack<O::Partial, C, N>, n: f64);
    /// A sink for interleaved lines.
    fn interleaved<'b>(
        &self,
        lines: LineLayout<'_>,
        buffer: &'b mut Interleaved<O::Out, O::Partial>,
    ) -> Self::Lines<'b>
    where
        Self: 'b;
    /// Copies interleaved lines to their positions.
    fn scatter(&mut self, lines: LineLayout<'_>, from: &Interleaved<O::Out, O::Partial>);
}

/// Partial results for the next axis.
pub(super) struct PartialsMut<'a, P>(pub(super) &'a mut [P]);

impl<O: Operation<C>, const C: usize> LineSink<O, C> for PartialsMut<'_, O::Partial> {
    type Lines<'b>
        = PartialsMut<'b, O::Partial>
    where
        Self: 'b;

    #[inline(always)]
    fn store<const N: usize>(&mut self, at: usize, pack: &Pack<O::Partial, C, N>, _: f64) {
        let length = self.0.len() / C;
        for (component, lanes) in pack.0.iter().enumerate() {
            let start = component * length + at;
            self.0[start..start + N].copy_from_slice(lanes);
        }
    }

    fn interleaved<'b>(
        &self,
        lines: LineLayout<'_>,
        buffer: &'b mut Interleaved<O::Out, O::Partial>,
    ) -> PartialsMut<'b, O::Partial>
    where
        Self: 'b,
    {
        buffer
            .partials
            .resize(C * lines.elements(), O::Partial::default());
        PartialsMut(&mut buffer.partials)
    }

    fn scatter(&mut self, lines: LineLayout<'_>, from: &Interleaved<O::Out, O::Partial>) {
        let length = self.0.len() / C;
        let components = self.0.chunks_mut(length.max(1));
        for (all, from) in components.zip(from.partials.chunks(lines.elements())) {
            lines.scatter(from, all);
        }
    }
}

/// Results.
pub(super) struct ResultLines<'a, T, O> {
    pub(super) all: &'a mut [T],
    pub(super) operation: &'a O,
    /// A flag that is set if a result does not fit its type.
    pub(super) overflow: &'a Cell<bool>,
}

impl<'a, O: Operation<C>, const C: usize> LineSink<O, C> for ResultLines<'a, O::Out, O> {
    type Lines<'b>
        = ResultLines<'b, O::Out, O>
    where
        Self: 'b;

    #[inline(always)]
    fn store<const N: usize>(&mut self, at: usize, pack: &Pack<O::Partial, C, N>, n: f64) {
        let row = &mut self.all[at..at + N];
        let mut all_fit = true;
        for (lane, to) in row.iter_mut().enumerate() {
            let partial = pack.lane(lane);
            *to = self.operation.lower(partial, n);
            all_fit &= self.operation.fits(partial);
        }
        if !all_fit {
            self.overflow.set(true);
        }
    }

    fn interleaved<'b>(
        &self,
        lines: LineLayout<'_>,
        buffer: &'b mut Interleaved<O::Out, O::Partial>,
    ) -> ResultLines<'b, O::Out, O>
    where
        Self: 'b,
    {
        buffer.whole.resize(lines.elements(), O::Out::default());
        ResultLines {
            all: &mut buffer.whole,
            operation: self.operation,
            overflow: self.overflow,
        }
    }

    fn scatter(&mut self, lines: LineLayout<'_>, from: &Interleaved<O::Out, O::Partial>) {
        lines.scatter(&from.whole, self.all);
    }
}
