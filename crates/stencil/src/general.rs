//! One coefficient for each direction, or for each face, with or without a source, and with or without rate and decay; and
//! one for all with a rate alone.

use super::equation::{Operator, Reaction};
use super::kind::{Advance, EquationKind};
use super::lanes::Lanes;
use super::scalar::Star;
use super::task::TileTask;
use super::update::{ARRAYS, ArrayRows, DECAY, RATE, SOURCE, Update, X, Y};
use crate::real::Real;

/// The increment of a node by diffusion.
trait Increment<V: Lanes>: Copy {
    /// Whether it reads faces.
    const READS_FACES: bool;

    /// # Safety
    /// As [`Update::next`].
    unsafe fn increment<const R: usize>(
        &self,
        rows: &ArrayRows<V::Element, R>,
        place: (usize, usize),
        star: Star<V>,
    ) -> V;
}

/// One coefficient for each direction.
#[derive(Clone, Copy)]
struct Anisotropic<V> {
    rx: V,
    ry: V,
}

impl<V: Lanes> Increment<V> for Anisotropic<V> {
    const READS_FACES: bool = false;

    #[inline(always)]
    unsafe fn increment<const R: usize>(
        &self,
        _: &ArrayRows<V::Element, R>,
        _: (usize, usize),
        star: Star<V>,
    ) -> V {
        let twice = star.centre.add(star.centre);
        let x = self.rx.multiply(star.east.add(star.west).subtract(twice));
        let y = self.ry.multiply(star.south.add(star.north).subtract(twice));
        x.add(y)
    }
}

/// A coefficient for each face.
#[derive(Clone, Copy)]
struct Variable;

impl<V: Lanes> Increment<V> for Variable {
    const READS_FACES: bool = true;

    #[inline(always)]
    unsafe fn increment<const R: usize>(
        &self,
        rows: &ArrayRows<V::Element, R>,
        (j, at): (usize, usize),
        star: Star<V>,
    ) -> V {
        let centre = star.centre;
        // SAFETY: the caller's promise; the face east of a node is west of the next one.
        let [to_west, to_east, to_north, to_south]: [V; 4] = unsafe {
            [
                rows.faces(X, (j, at)),
                rows.faces(X, (j, at + V::COUNT)),
                rows.faces(Y, (j, at)),
                rows.faces(Y, (j + 1, at)),
            ]
        };
        let x = to_east
            .multiply(star.east.subtract(centre))
            .subtract(to_west.multiply(centre.subtract(star.west)));
        let y = to_south
            .multiply(star.south.subtract(centre))
            .subtract(to_north.multiply(centre.subtract(star.north)));
        x.add(y)
    }
}

/// `centre + (increment + s)`; if it has `RATES` `centre + rate (increment + s)`, and if it `DECAYS`, too,
/// `centre + rate ((increment + s) - decay centre)`. The source `s` is multiplied by a factor if it `SCALES`.
#[derive(Clone, Copy)]
struct EulerStep<I, const SCALES: bool, const RATES: bool, const DECAYS: bool>(I);

impl<V: Lanes, I: Increment<V>, const SCALES: bool, const RATES: bool, const DECAYS: bool> Update<V>
    for EulerStep<I, SCALES, RATES, DECAYS>
{
    const READS: [bool; ARRAYS] = [I::READS_FACES, I::READS_FACES, true, RATES, DECAYS];

    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        rows: &ArrayRows<V::Element, R>,
        (j, at): (usize, usize),
        star: Star<V>,
        _: V,
    ) -> V {
        let centre = star.centre;
        // SAFETY: the caller's promise.
        let increment = unsafe { self.0.increment(rows, (j, at), star) };
        // SAFETY: the caller's promise.
        let element = |array| unsafe { rows.element::<V>(array, (j, at)) };
        let mut source = element(SOURCE);
        if SCALES {
            // SAFETY: the caller's promise.
            source = unsafe { V::splat(rows.factor) }.multiply(source);
        }
        let mut change = increment.add(source);
        if DECAYS {
            change = change.subtract(element(DECAY).multiply(centre));
        }
        if RATES {
            change = element(RATE).multiply(change);
        }
        centre.add(change)
    }
}

/// `centre + rate lapl`, where the rows of the rate hold `r rate`: two additions a node, as sums of two neighbours serve
/// twice, and two fused multiply-adds.
#[derive(Clone, Copy)]
struct Rated<V> {
    minus_four: V,
}

impl<V: Lanes> Update<V> for Rated<V> {
    const READS: [bool; ARRAYS] = [false, false, false, true, false];

    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        rows: &ArrayRows<V::Element, R>,
        place: (usize, usize),
        star: Star<V>,
        north_west: V,
    ) -> V {
        let sum = star.south.add(star.east).add(north_west);
        let lapl = self.minus_four.multiply_add(star.centre, sum);
        // SAFETY: the caller's promise.
        unsafe { rows.element::<V>(RATE, place) }.multiply_add(lapl, star.centre)
    }
}

/// What diffusion needs besides the arrays.
enum FluxOperands<V> {
    Rated(Rated<V>),
    Directions(Anisotropic<V>),
    Faces,
}

/// An equation with a rate, or with a coefficient for each direction or each face.
pub(super) struct General<V> {
    diffusion: FluxOperands<V>,
    /// Whether there is a rate, and with it a decay.
    decays: Option<bool>,
    /// Whether the source has a factor.
    scales: bool,
}

impl<V: Lanes> EquationKind<V> for General<V> {
    #[inline(always)]
    unsafe fn new(task: &TileTask<'_, V::Element>) -> Self {
        // SAFETY: passed on.
        let splat = |value| unsafe { V::splat(value) };
        let diffusion = match task.equation.operator {
            Operator::Isotropic { .. } => FluxOperands::Rated(Rated {
                minus_four: splat(V::Element::default() - V::Element::FOUR),
            }),
            Operator::Anisotropic { rx, ry } => FluxOperands::Directions(Anisotropic {
                rx: splat(rx),
                ry: splat(ry),
            }),
            Operator::Variable { .. } => FluxOperands::Faces,
        };
        Self {
            diffusion,
            decays: task.equation.reaction.as_ref().map(Reaction::decays),
            scales: task.equation.scaled_source().is_some(),
        }
    }

    #[inline(always)]
    unsafe fn advance(&mut self, _level: usize, rows: &mut impl Advance<V>) {
        /// # Safety
        /// As [`EquationKind::advance`].
        #[inline(always)]
        unsafe fn advance<V: Lanes, I: Increment<V>>(
            increment: I,
            decays: Option<bool>,
            scales: bool,
            rows: &mut impl Advance<V>,
        ) {
            // SAFETY: passed on. With a reaction, sources have no factor.
            unsafe {
                match (decays, scales) {
                    (None, false) => {
                        _ = rows.by_one(EulerStep::<I, false, false, false>(increment));
                    }
                    (None, true) => _ = rows.by_one(EulerStep::<I, true, false, false>(increment)),
                    (Some(false), _) => {
                        _ = rows.by_one(EulerStep::<I, false, true, false>(increment));
                    }
                    (Some(true), _) => {
                        _ = rows.by_one(EulerStep::<I, false, true, true>(increment));
                    }
                }
            }
        }
        let (decays, scales) = (self.decays, self.scales);
        // SAFETY: passed on.
        unsafe {
            match self.diffusion {
                FluxOperands::Rated(rated) => _ = rows.by_one(rated),
                FluxOperands::Directions(directions) => advance(directions, decays, scales, rows),
                FluxOperands::Faces => advance(Variable, decays, scales, rows),
            }
        }
    }
}
