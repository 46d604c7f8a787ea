//! Several lines of an array at a time, as lanes of vectors.

use super::operation::Operation;
use crate::cube::number::Number;

/// What is known of values in `N` lanes, component by component.
#[derive(Clone, Copy)]
pub(super) struct Pack<P, const C: usize, const N: usize>([[P; N]; C]);

impl<P: Number, const C: usize, const N: usize> Pack<P, C, N> {
    #[inline(always)]
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
        std::array::from_fn(
            #[inline(always)]
            |component| self.0[component][lane],
        )
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

/// What slides read.
pub(super) trait Source<O: Operation<C>, const C: usize> {
    /// The elements from a place on, so many apart.
    fn load<const N: usize>(&self, at: usize, apart: usize) -> Pack<O::Part, C, N>;
}

/// Elements of the array.
pub(super) struct Items<'a, T>(pub(super) &'a [T]);

impl<O: Operation<C>, const C: usize> Source<O, C> for Items<'_, O::Item> {
    #[inline(always)]
    fn load<const N: usize>(&self, at: usize, apart: usize) -> Pack<O::Part, C, N> {
        // Told apart so that neighbours are loaded as vectors.
        if apart == 1 {
            let row = &self.0[at..at + N];
            Pack::of(
                #[inline(always)]
                |lane| O::lift(row[lane]),
            )
        } else {
            Pack::of(
                #[inline(always)]
                |lane| O::lift(self.0[at + lane * apart]),
            )
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
    #[inline(always)]
    fn load<const N: usize>(&self, at: usize, apart: usize) -> Pack<O::Part, C, N> {
        if apart == 1 {
            let rows: [_; C] = std::array::from_fn(|component| &self.0[component][at..at + N]);
            Pack::of(
                #[inline(always)]
                |lane| std::array::from_fn(|component| rows[component][lane]),
            )
        } else {
            Pack::of(
                #[inline(always)]
                |lane| std::array::from_fn(|component| self.0[component][at + lane * apart]),
            )
        }
    }
}

/// What slides write.
pub(super) trait Sink<O: Operation<C>, const C: usize> {
    /// Takes what is known of `n` elements each, to a place and so many apart.
    fn store<const N: usize>(
        &mut self,
        at: usize,
        apart: usize,
        pack: &Pack<O::Part, C, N>,
        n: f64,
    );
}

/// What is known of several elements each, to go on with.
pub(super) struct PartsMut<'a, P>(pub(super) &'a mut [P]);

impl<O: Operation<C>, const C: usize> Sink<O, C> for PartsMut<'_, O::Part> {
    #[inline(always)]
    fn store<const N: usize>(
        &mut self,
        at: usize,
        apart: usize,
        pack: &Pack<O::Part, C, N>,
        _: f64,
    ) {
        let length = self.0.len() / C;
        for (component, lanes) in pack.0.iter().enumerate() {
            let at = component * length + at;
            scatter::<N, _>(self.0, at, apart, |lane| lanes[lane]);
        }
    }
}

/// Results.
pub(super) struct Results<'a, T, O> {
    pub(super) all: &'a mut [T],
    pub(super) operation: &'a O,
}

impl<O: Operation<C>, const C: usize> Sink<O, C> for Results<'_, O::Out, O> {
    #[inline(always)]
    fn store<const N: usize>(
        &mut self,
        at: usize,
        apart: usize,
        pack: &Pack<O::Part, C, N>,
        n: f64,
    ) {
        let result = |lane| self.operation.finish(pack.lane(lane), n);
        scatter::<N, _>(self.all, at, apart, result);
    }
}

/// Puts the values of `N` lanes to a place and so many apart.
#[inline(always)]
fn scatter<const N: usize, T: Copy>(
    all: &mut [T],
    at: usize,
    apart: usize,
    value: impl Fn(usize) -> T,
) {
    if apart == 1 {
        let row = &mut all[at..at + N];
        for (lane, to) in row.iter_mut().enumerate() {
            *to = value(lane);
        }
    } else {
        for lane in 0..N {
            all[at + lane * apart] = value(lane);
        }
    }
}
