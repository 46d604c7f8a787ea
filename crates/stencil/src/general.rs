//! Kernels for one diffusion coefficient for each direction or each face, with or without source, rate and loss; and
//! for a single coefficient with only a rate.

use super::equation::{Operator, Weight};
use super::kind::{Advance, EquationKind};
use super::lanes::Lanes;
use super::scalar::Star;
use super::task::TileTask;
use super::update::{ARRAYS, ArrayRows, Update, X, Y, array_of};
use crate::real::Real;

/// The increment of a node by diffusion.
trait Increment<V: Lanes>: Copy {
    /// Whether the increment reads the coefficients of faces.
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
        let double_centre = star.centre.add(star.centre);
        let x = self
            .rx
            .multiply(star.east.add(star.west).subtract(double_centre));
        let y = self
            .ry
            .multiply(star.south.add(star.north).subtract(double_centre));
        x.add(y)
    }
}

/// A coefficient for each face. The nodes east of those in a register are in the next one if rows are lifted, otherwise
/// one element further on.
#[derive(Clone, Copy)]
struct Variable<const IS_LIFTED: bool>;

impl<V: Lanes, const IS_LIFTED: bool> Increment<V> for Variable<IS_LIFTED> {
    const READS_FACES: bool = true;

    #[inline(always)]
    unsafe fn increment<const R: usize>(
        &self,
        rows: &ArrayRows<V::Element, R>,
        (j, at): (usize, usize),
        star: Star<V>,
    ) -> V {
        let (centre, to_next) = (star.centre, if IS_LIFTED { V::COUNT } else { 1 });
        // SAFETY: the caller's promise; the face east of a node is west of the next one.
        let [to_west, to_east, to_north, to_south]: [V; 4] = unsafe {
            [
                rows.faces(X, (j, at)),
                rows.faces(X, (j, at + to_next)),
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

/// The new value `centre + (increment + source)`; with `RATES` it is `centre + rate (increment + source)`, and with
/// `LOSSES` as well, `centre + rate ((increment + source) - loss centre)`. With `SCALES` the source is multiplied by a
/// factor.
#[derive(Clone, Copy)]
struct EulerStep<I, const SCALES: bool, const RATES: bool, const LOSSES: bool>(I);

impl<V: Lanes, I: Increment<V>, const SCALES: bool, const RATES: bool, const LOSSES: bool> Update<V>
    for EulerStep<I, SCALES, RATES, LOSSES>
{
    const READS: [bool; ARRAYS] = {
        let mut reads = [false; ARRAYS];
        (reads[X], reads[Y]) = (I::READS_FACES, I::READS_FACES);
        reads[array_of(Weight::One)] = true;
        reads[array_of(Weight::Change)] = RATES;
        reads[array_of(Weight::Density)] = LOSSES;
        reads
    };

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
        let mut source = unsafe { rows.coefficient::<V>(Weight::One, (j, at)) };
        if SCALES {
            // SAFETY: the caller's promise.
            source = unsafe { V::splat(rows.factor) }.multiply(source);
        }
        let mut change = increment.add(source);
        if LOSSES {
            // SAFETY: the caller's promise.
            let loss = unsafe { rows.coefficient::<V>(Weight::Density, (j, at)) };
            change = change.subtract(loss.multiply(centre));
        }
        if RATES {
            // SAFETY: the caller's promise.
            let rate = unsafe { rows.coefficient::<V>(Weight::Change, (j, at)) };
            change = rate.multiply(change);
        }
        centre.add(change)
    }
}

/// The new value `centre + rate lapl`, where the rows of the rate hold `r rate`: two additions for each node, because
/// sums of two neighbours are used twice, and two fused multiply-adds.
#[derive(Clone, Copy)]
struct Rated<V> {
    minus_four: V,
}

impl<V: Lanes> Update<V> for Rated<V> {
    const READS: [bool; ARRAYS] = {
        let mut reads = [false; ARRAYS];
        reads[array_of(Weight::Change)] = true;
        reads
    };

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
        unsafe { rows.coefficient::<V>(Weight::Change, place) }.multiply_add(lapl, star.centre)
    }
}

/// The diffusion coefficients that are not arrays.
enum FluxOperands<V> {
    Rated(Rated<V>),
    Directions(Anisotropic<V>),
    Faces,
}

/// The terms besides a source, each with a kernel of its own.
#[derive(Clone, Copy)]
enum ReactionKind {
    /// No rate and no loss.
    None,
    /// A rate: a node takes a fraction of its change.
    Rate,
    /// A rate and a loss: a node also loses a fraction of its value.
    RateAndLoss,
}

/// The kernels for an equation with a rate, or with a diffusion coefficient for each direction or each face, for rows that
/// are lifted or not.
pub(super) struct General<V, const IS_LIFTED: bool> {
    diffusion: FluxOperands<V>,
    /// The terms of the equation besides the source.
    reaction: ReactionKind,
    /// Whether the source has a factor.
    scales: bool,
}

impl<V: Lanes, const IS_LIFTED: bool> EquationKind<V> for General<V, IS_LIFTED> {
    #[inline(always)]
    unsafe fn new(task: &TileTask<'_, V::Element>) -> Self {
        // SAFETY: passed on.
        let diffusion = unsafe {
            match task.equation.operator {
                Operator::Isotropic { .. } => FluxOperands::Rated(Rated {
                    minus_four: V::splat(V::Element::default() - V::Element::FOUR),
                }),
                Operator::Anisotropic { rx, ry } => FluxOperands::Directions(Anisotropic {
                    rx: V::splat(rx),
                    ry: V::splat(ry),
                }),
                Operator::Variable { .. } => FluxOperands::Faces,
            }
        };
        Self {
            diffusion,
            reaction: match task.equation.coefficient(Weight::Density) {
                Some(_) => ReactionKind::RateAndLoss,
                None if task.equation.has_reaction() => ReactionKind::Rate,
                None => ReactionKind::None,
            },
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
            reaction: ReactionKind,
            scales: bool,
            rows: &mut impl Advance<V>,
        ) {
            // SAFETY: passed on. With a reaction, sources have no factor.
            unsafe {
                match (reaction, scales) {
                    (ReactionKind::None, false) => {
                        _ = rows.by_one(EulerStep::<I, false, false, false>(increment));
                    }
                    (ReactionKind::None, true) => {
                        _ = rows.by_one(EulerStep::<I, true, false, false>(increment));
                    }
                    (ReactionKind::Rate, _) => {
                        _ = rows.by_one(EulerStep::<I, false, true, false>(increment));
                    }
                    (ReactionKind::RateAndLoss, _) => {
                        _ = rows.by_one(EulerStep::<I, false, true, true>(increment));
                    }
                }
            }
        }
        let (reaction, scales) = (self.reaction, self.scales);
        // SAFETY: passed on.
        unsafe {
            match self.diffusion {
                FluxOperands::Rated(rated) => _ = rows.by_one(rated),
                FluxOperands::Directions(directions) => advance(directions, reaction, scales, rows),
                FluxOperands::Faces => {
                    advance(Variable::<IS_LIFTED>, reaction, scales, rows);
                }
            }
        }
    }
}
