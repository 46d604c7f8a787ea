//! Several lines of an array at a time, as lanes of vectors.

use super::operation::Operation;
use crate::{analysis::vectorised::vectorised, cube::number::Number};

/// What is known of values in `N` lanes, component by component.
#[derive(Clone, Copy)]
pub(super) struct Pack<P, const C: usize, const N: usize>([[P; N]; C]);

impl<P: Number, const C: usize, const N: usize> Pack<P, C, N> {
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "the form that becomes vectors")]
    fn of(part: impl Fn(usize) -> [P; C]) -> Self {
        let mut pack = [[P::default(); N]; C];
        for lane in 0..N {
            let part = part(lane);
            for component in 0..C {
                pack[component][lane] = part[component];
            }
        }
        Self(pack)
    }

    #[inline(always)]
    pub(super) fn lane(&self, lane: usize) -> [P; C] {
        let mut part = [P::default(); C];
        for (value, lanes) in part.iter_mut().zip(&self.0) {
            *value = lanes[lane];
        }
        part
    }

    /// What is known of `n` elements in every lane and `m` behind them together.
    #[inline(always)]
    pub(super) fn join<O: Operation<C, Part = P>>(&self, n: f64, other: &Self, m: f64) -> Self {
        Self::of(
            #[inline(always)]
            |lane| O::join(self.lane(lane), n, other.lane(lane), m),
        )
    }
}

/// Lines without gaps that are put side by side, or back, together: a whole vector of elements at a
/// time is then loaded or stored.
const TURNED: usize = 8;

/// Where lines of equal length lie: the places of their first elements, and the step from one to
/// the next.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    pub(super) places: &'a [usize],
    pub(super) step: usize,
    pub(super) length: usize,
}

impl Lines<'_> {
    /// Copies lines out of an array so that their elements lie side by side.
    fn gather<T: Copy>(&self, all: &[T], beside: &mut [T]) {
        let width = self.places.len();
        if let (1, (groups, [])) = (self.step, self.places.as_chunks::<TURNED>()) {
            vectorised(
                #[inline(always)]
                || {
                    for (group, places) in groups.iter().enumerate() {
                        let lines = places.map(|place| &all[place..place + self.length]);
                        let rows = beside.chunks_exact_mut(width).take(self.length);
                        for (at, row) in rows.enumerate() {
                            let row = &mut row[group * TURNED..][..TURNED];
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
            let to = beside[at * width + lane..].iter_mut();
            let to = to.step_by(width).take(count);
            to.zip(line).for_each(|(to, from)| *to = *from);
        });
    }

    /// Copies elements that lie side by side to their places in an array.
    fn scatter<T: Copy>(&self, beside: &[T], all: &mut [T]) {
        let width = self.places.len();
        if let (1, (groups, [])) = (self.step, self.places.as_chunks::<TURNED>()) {
            vectorised(
                #[inline(always)]
                || {
                    for (group, places) in groups.iter().enumerate() {
                        let lines = places.map(|place| place..place + self.length);
                        let Ok(lines) = all.get_disjoint_mut(lines) else {
                            unreachable!("lines are apart")
                        };
                        let rows = beside.chunks_exact(width).take(self.length);
                        for (at, row) in rows.enumerate() {
                            let row = &row[group * TURNED..][..TURNED];
                            for lane in 0..TURNED {
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
            let from = beside[at * width + lane..].iter();
            let from = from.step_by(width).take(count);
            line.zip(from).for_each(|(to, from)| *to = *from);
        });
    }

    /// Short runs of every line in turn, so that what lies side by side stays in a cache: lane,
    /// number and place of the first element, number of elements.
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

/// Room for lines side by side: of elements or results, or of what is known of them.
pub(super) struct Beside<T, P> {
    whole: Vec<T>,
    parts: Vec<P>,
}

impl<T, P> Default for Beside<T, P> {
    fn default() -> Self {
        Self {
            whole: Vec::new(),
            parts: Vec::new(),
        }
    }
}

/// What slides read.
pub(super) trait Source<O: Operation<C>, const C: usize> {
    /// The same, of a part of it.
    type Some<'b>: Source<O, C>
    where
        Self: 'b;

    /// Neighbours from a place on.
    fn load<const N: usize>(&self, at: usize) -> Pack<O::Part, C, N>;
    /// Copies lines so that their elements lie side by side.
    fn gather<'b>(
        &self,
        lines: Lines<'_>,
        into: &'b mut Beside<O::Item, O::Part>,
    ) -> Self::Some<'b>
    where
        Self: 'b;
}

/// Elements of the array.
pub(super) struct Items<'a, T, O> {
    pub(super) all: &'a [T],
    pub(super) operation: &'a O,
}

impl<'a, O: Operation<C>, const C: usize> Source<O, C> for Items<'a, O::Item, O> {
    type Some<'b>
        = Items<'b, O::Item, O>
    where
        Self: 'b;

    #[inline(always)]
    fn load<const N: usize>(&self, at: usize) -> Pack<O::Part, C, N> {
        let row = &self.all[at..at + N];
        Pack::of(
            #[inline(always)]
            |lane| self.operation.lift(row[lane]),
        )
    }

    fn gather<'b>(
        &self,
        lines: Lines<'_>,
        into: &'b mut Beside<O::Item, O::Part>,
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

/// What is known of several elements each; every component is an array of its own.
pub(super) struct Parts<'a, P, const C: usize>([&'a [P]; C]);

impl<'a, P, const C: usize> Parts<'a, P, C> {
    /// Of components of equal length, one behind the other.
    pub(super) fn of(all: &'a [P]) -> Self {
        let length = all.len() / C;
        Self(std::array::from_fn(|component| {
            &all[component * length..(component + 1) * length]
        }))
    }
}

impl<O: Operation<C>, const C: usize> Source<O, C> for Parts<'_, O::Part, C> {
    type Some<'b>
        = Parts<'b, O::Part, C>
    where
        Self: 'b;

    #[inline(always)]
    fn load<const N: usize>(&self, at: usize) -> Pack<O::Part, C, N> {
        let mut pack = Pack([[O::Part::default(); N]; C]);
        for component in 0..C {
            pack.0[component].copy_from_slice(&self.0[component][at..at + N]);
        }
        pack
    }

    fn gather<'b>(
        &self,
        lines: Lines<'_>,
        into: &'b mut Beside<O::Item, O::Part>,
    ) -> Parts<'b, O::Part, C>
    where
        Self: 'b,
    {
        let into = &mut into.parts;
        into.resize(C * lines.elements(), O::Part::default());
        for (component, into) in into.chunks_mut(lines.elements()).enumerate() {
            lines.gather(self.0[component], into);
        }
        Parts::of(into)
    }
}

/// What slides write.
pub(super) trait Sink<O: Operation<C>, const C: usize> {
    /// The same, of a part of it.
    type Some<'b>: Sink<O, C>
    where
        Self: 'b;

    /// Takes what is known of `n` elements each, to neighbours from a place on.
    fn store<const N: usize>(&mut self, at: usize, pack: &Pack<O::Part, C, N>, n: f64);
    /// Room for lines side by side.
    fn room<'b>(&self, lines: Lines<'_>, room: &'b mut Beside<O::Out, O::Part>) -> Self::Some<'b>
    where
        Self: 'b;
    /// Copies lines that lie side by side to their places.
    fn scatter(&mut self, lines: Lines<'_>, from: &Beside<O::Out, O::Part>);
}

/// What is known of several elements each, to go on with.
pub(super) struct PartsMut<'a, P>(pub(super) &'a mut [P]);

impl<O: Operation<C>, const C: usize> Sink<O, C> for PartsMut<'_, O::Part> {
    type Some<'b>
        = PartsMut<'b, O::Part>
    where
        Self: 'b;

    #[inline(always)]
    fn store<const N: usize>(&mut self, at: usize, pack: &Pack<O::Part, C, N>, _: f64) {
        let length = self.0.len() / C;
        for (component, lanes) in pack.0.iter().enumerate() {
            let at = component * length + at;
            self.0[at..at + N].copy_from_slice(lanes);
        }
    }

    fn room<'b>(
        &self,
        lines: Lines<'_>,
        room: &'b mut Beside<O::Out, O::Part>,
    ) -> PartsMut<'b, O::Part>
    where
        Self: 'b,
    {
        room.parts.resize(C * lines.elements(), O::Part::default());
        PartsMut(&mut room.parts)
    }

    fn scatter(&mut self, lines: Lines<'_>, from: &Beside<O::Out, O::Part>) {
        let length = self.0.len() / C;
        let components = self.0.chunks_mut(length.max(1));
        for (all, from) in components.zip(from.parts.chunks(lines.elements())) {
            lines.scatter(from, all);
        }
    }
}

/// Results.
pub(super) struct Results<'a, T, O> {
    pub(super) all: &'a mut [T],
    pub(super) operation: &'a O,
}

impl<'a, O: Operation<C>, const C: usize> Sink<O, C> for Results<'a, O::Out, O> {
    type Some<'b>
        = Results<'b, O::Out, O>
    where
        Self: 'b;

    #[inline(always)]
    fn store<const N: usize>(&mut self, at: usize, pack: &Pack<O::Part, C, N>, n: f64) {
        let row = &mut self.all[at..at + N];
        for (lane, to) in row.iter_mut().enumerate() {
            *to = self.operation.finish(pack.lane(lane), n);
        }
    }

    fn room<'b>(
        &self,
        lines: Lines<'_>,
        room: &'b mut Beside<O::Out, O::Part>,
    ) -> Results<'b, O::Out, O>
    where
        Self: 'b,
    {
        room.whole.resize(lines.elements(), O::Out::default());
        Results {
            all: &mut room.whole,
            operation: self.operation,
        }
    }

    fn scatter(&mut self, lines: Lines<'_>, from: &Beside<O::Out, O::Part>) {
        lines.scatter(&from.whole, self.all);
    }
}
