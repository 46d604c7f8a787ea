//! One diffusion coefficient and equal spacings, for any `r` and any field: six operations.

use super::equation::Operator;
use super::kernel::Additions;
use super::kind::{Kind, advance_with};
use super::lanes::{Lanes, MAX_LANES};
use super::level::RowGroup;
use super::lifted::Lifted;
use super::scalar::Star;
use super::sweeps::{Once, Sweeps};
use super::task::TileTask;
use super::update::{ArrayRows, Update, one, sum};
use crate::real::Real;

/// The six operations. `BOUNDED` promises that `4 p` does not overflow, which makes the fused form of
/// `sum - 4 p` exact; `FUSED` is that of [`sum`].
#[derive(Clone, Copy)]
struct Six<V, const BOUNDED: bool, const FUSED: usize> {
    r: V,
    four: V,
    one: V,
}

impl<V: Lanes, const BOUNDED: bool, const FUSED: usize> Update<V> for Six<V, BOUNDED, FUSED> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &mut self,
        _: &ArrayRows<V::Element, R>,
        (j, _): (usize, usize),
        star: Star<V>,
    ) -> V {
        let (sum, centre) = (sum::<V, FUSED>(&star, self.one, j), star.centre);
        let lapl = if BOUNDED {
            sum.sub_product(self.four, centre)
        } else {
            sum.subtract(self.four.multiply(centre))
        };
        centre.add(self.r.multiply(lapl))
    }
}

/// An isotropic tile.
pub(super) struct Isotropic<V> {
    r: V,
    four: V,
    one: V,
    additions: Additions,
    magnitude: V,
    magnitude_bound: f64,
    /// Whether `4 p` cannot overflow.
    is_bounded: bool,
}

impl<V: Lanes> Kind<V> for Isotropic<V> {
    const ARRAYS: [bool; 2] = [false, false];

    #[inline(always)]
    unsafe fn new(task: &TileTask<'_, V::Element>) -> Self {
        let Operator::Isotropic { r } = task.equation.operator else {
            unreachable!("the equation is isotropic")
        };
        // SAFETY: passed on.
        unsafe {
            Self {
                r: V::splat(r),
                four: V::splat(V::Element::FOUR),
                one: one(),
                additions: task.additions,
                magnitude: V::splat(V::Element::default()),
                magnitude_bound: task.magnitude_bound,
                is_bounded: true,
            }
        }
    }

    #[inline(always)]
    fn note(&mut self, register: V) {
        self.magnitude = register.magnitude().max(self.magnitude);
    }

    #[inline(always)]
    fn is_valid(&mut self) -> bool {
        // Without the bound it always is.
        self.is_bounded = self.is_bounded
            && all_lanes(self.magnitude, |lane| lane.to_f64() <= self.magnitude_bound);
        true
    }

    #[inline(always)]
    unsafe fn advance<const R: usize>(
        &mut self,
        _level: usize,
        group: &RowGroup<V::Element, R>,
        layout: &Lifted<V>,
        arrays: &ArrayRows<V::Element, R>,
    ) {
        let Self { r, four, one, .. } = *self;
        macro_rules! six {
            ($bounded:literal, $fused:literal) => {{
                let six = Six::<V, $bounded, $fused> { r, four, one };
                advance_with(six, group, layout, arrays);
            }};
        }
        // SAFETY: passed on.
        unsafe {
            match (self.is_bounded, self.additions) {
                (true, Additions::Plain) => six!(true, 0),
                (true, Additions::Fused6) => six!(true, 1),
                (true, _) => six!(true, 2),
                (false, Additions::Plain) => six!(false, 0),
                (false, _) => six!(false, 2),
            }
        }
    }

    #[inline(always)]
    fn may_sweep(&self, _: usize) -> bool {
        self.is_bounded
    }

    #[inline(always)]
    unsafe fn sweep<const R: usize>(
        &mut self,
        _by_two: bool,
        sweeps: &mut Sweeps<'_, V::Element>,
        layout: &Lifted<V>,
    ) {
        let Self { r, four, one, .. } = *self;
        macro_rules! six {
            ($fused:literal) => {{
                let six = Six::<V, true, $fused> { r, four, one };
                sweeps.make::<V, R>(Once(six), layout);
            }};
        }
        // SAFETY: passed on.
        unsafe {
            match self.additions {
                Additions::Plain => six!(0),
                Additions::Fused6 => six!(1),
                _ => six!(2),
            }
        }
    }
}

/// What `fold` makes of all lanes.
#[inline(always)]
pub(super) fn fold_lanes<V: Lanes>(register: V, fold: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [V::Element::default(); MAX_LANES];
    // SAFETY: no register has more lanes.
    unsafe { register.store(lanes.as_mut_ptr()) };
    let numbers = lanes[..V::COUNT].iter().map(|lane| lane.to_f64());
    numbers.reduce(fold).unwrap_or_default()
}

/// Whether something holds for every lane.
#[inline(always)]
pub(super) fn all_lanes<V: Lanes>(register: V, holds: impl Fn(V::Element) -> bool) -> bool {
    let mut lanes = [V::Element::default(); MAX_LANES];
    // SAFETY: no register has more lanes.
    unsafe { register.store(lanes.as_mut_ptr()) };
    lanes[..V::COUNT].iter().all(|&lane| holds(lane))
}
