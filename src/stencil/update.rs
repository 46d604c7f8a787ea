//! [`Update`]: the step of a node in every lane, one for each kind of equation.

use std::hint::black_box;

use super::equation::Operator;
use super::lanes::Lanes;
use super::scalar::Star;
use super::task::TileTask;
use crate::real::Real;

/// The lifted rows of an equation's arrays that belong to a group of `R` rows.
#[derive(Clone, Copy)]
pub(super) struct ArrayRows<T, const R: usize> {
    /// Faces west of the nodes.
    pub x: [*const T; R],
    /// Faces north of the nodes.
    pub y: [*const T; R],
    /// Faces south of the last row.
    pub south: *const T,
    pub source: [*const T; R],
}

impl<T, const R: usize> ArrayRows<T, R> {
    /// No rows, for equations without arrays.
    pub const NONE: Self = Self {
        x: [std::ptr::null(); R],
        y: [std::ptr::null(); R],
        south: std::ptr::null(),
        source: [std::ptr::null(); R],
    };
}

/// The step of [`super::scalar`] for one kind of equation.
pub(super) trait Update<V: Lanes>: Copy {
    /// The next level of the nodes in row `j` of a group at element `at`.
    ///
    /// # Safety
    /// The rows are lifted and those that this kind of equation has.
    unsafe fn next<const R: usize>(
        &self,
        rows: &ArrayRows<V::Element, R>,
        place: (usize, usize),
        star: Star<V>,
    ) -> V;
}

/// An equation's constants in every lane, and its step.
pub(super) trait Kind<V: Lanes>: Copy {
    /// Whether the equation has face coefficients, and whether it has a source.
    const ARRAYS: [bool; 2];
    /// The step while `4 p` does not overflow.
    type Fused: Update<V>;
    /// The step without that promise.
    type Plain: Update<V>;

    /// # Safety
    /// The processor has the instructions of `V`.
    ///
    /// # Panics
    /// If the task's equation is of another kind.
    unsafe fn new(task: &TileTask<'_, V::Element>) -> Self;

    fn fused(&self) -> Self::Fused;

    fn plain(&self) -> Self::Plain;
}

/// One diffusion coefficient and equal spacings. `FUSED` promises that `4 p` does not overflow, which
/// makes the fused form of `sum - 4 p` exact.
#[derive(Clone, Copy)]
pub(super) struct Isotropic<V, const FUSED: bool> {
    r: V,
    four: V,
    one: V,
}

impl<V: Lanes, const FUSED: bool> Update<V> for Isotropic<V, FUSED> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &self,
        _: &ArrayRows<V::Element, R>,
        _: (usize, usize),
        star: Star<V>,
    ) -> V {
        let Star {
            north,
            south,
            west,
            east,
            centre,
        } = star;
        let sum = south.add(north).add(east).add_fused(self.one, west);
        let lapl = if FUSED {
            sum.sub_product(self.four, centre)
        } else {
            sum.subtract(self.four.multiply(centre))
        };
        centre.add(self.r.multiply(lapl))
    }
}

impl<V: Lanes> Kind<V> for Isotropic<V, true> {
    const ARRAYS: [bool; 2] = [false, false];
    type Fused = Self;
    type Plain = Isotropic<V, false>;

    #[inline(always)]
    unsafe fn new(task: &TileTask<'_, V::Element>) -> Self {
        let Operator::Isotropic { r } = task.equation.operator else {
            unreachable!("the equation is isotropic")
        };
        // The compiler must not know that `one` is 1: it would turn `add_fused` into an addition.
        let one = black_box(V::Element::ONE);
        // SAFETY: passed on.
        unsafe {
            Self {
                r: V::splat(r),
                four: V::splat(V::Element::FOUR),
                one: V::splat(one),
            }
        }
    }

    #[inline(always)]
    fn fused(&self) -> Self {
        *self
    }

    #[inline(always)]
    fn plain(&self) -> Self::Plain {
        let Self { r, four, one } = *self;
        Isotropic { r, four, one }
    }
}

/// One coefficient for each direction.
#[derive(Clone, Copy)]
pub(super) struct Anisotropic<V> {
    rx: V,
    ry: V,
}

impl<V: Lanes> Update<V> for Anisotropic<V> {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &self,
        rows: &ArrayRows<V::Element, R>,
        (j, at): (usize, usize),
        star: Star<V>,
    ) -> V {
        let Star {
            north,
            south,
            west,
            east,
            centre,
        } = star;
        let twice = centre.add(centre);
        let x = self.rx.multiply(east.add(west).subtract(twice));
        let y = self.ry.multiply(south.add(north).subtract(twice));
        // SAFETY: the caller's promise.
        unsafe { finish::<V, R>(rows, (j, at), centre, x.add(y)) }
    }
}

impl<V: Lanes> Kind<V> for Anisotropic<V> {
    const ARRAYS: [bool; 2] = [false, true];
    type Fused = Self;
    type Plain = Self;

    #[inline(always)]
    unsafe fn new(task: &TileTask<'_, V::Element>) -> Self {
        let Operator::Anisotropic { rx, ry } = task.equation.operator else {
            unreachable!("the equation is anisotropic")
        };
        // SAFETY: passed on.
        unsafe {
            Self {
                rx: V::splat(rx),
                ry: V::splat(ry),
            }
        }
    }

    #[inline(always)]
    fn fused(&self) -> Self {
        *self
    }

    #[inline(always)]
    fn plain(&self) -> Self {
        *self
    }
}

/// A coefficient for each face.
#[derive(Clone, Copy)]
pub(super) struct Variable;

impl<V: Lanes> Update<V> for Variable {
    #[inline(always)]
    unsafe fn next<const R: usize>(
        &self,
        rows: &ArrayRows<V::Element, R>,
        (j, at): (usize, usize),
        star: Star<V>,
    ) -> V {
        let Star {
            north,
            south,
            west,
            east,
            centre,
        } = star;
        let below = if j + 1 == R {
            rows.south
        } else {
            rows.y[j + 1]
        };
        // SAFETY: the caller's promise; the face east of a node is west of the next one.
        unsafe {
            let (to_west, to_east) = (
                V::load(rows.x[j].add(at)),
                V::load(rows.x[j].add(at + V::COUNT)),
            );
            let (to_north, to_south) = (V::load(rows.y[j].add(at)), V::load(below.add(at)));
            let x = to_east
                .multiply(east.subtract(centre))
                .subtract(to_west.multiply(centre.subtract(west)));
            let y = to_south
                .multiply(south.subtract(centre))
                .subtract(to_north.multiply(centre.subtract(north)));
            finish::<V, R>(rows, (j, at), centre, x.add(y))
        }
    }
}

impl<V: Lanes> Kind<V> for Variable {
    const ARRAYS: [bool; 2] = [true, true];
    type Fused = Self;
    type Plain = Self;

    #[inline(always)]
    unsafe fn new(_: &TileTask<'_, V::Element>) -> Self {
        Self
    }

    #[inline(always)]
    fn fused(&self) -> Self {
        *self
    }

    #[inline(always)]
    fn plain(&self) -> Self {
        *self
    }
}

/// `centre + (increment + s)`
///
/// # Safety
/// As [`Update::next`].
#[inline(always)]
unsafe fn finish<V: Lanes, const R: usize>(
    rows: &ArrayRows<V::Element, R>,
    (j, at): (usize, usize),
    centre: V,
    increment: V,
) -> V {
    // SAFETY: the caller's promise.
    let source = unsafe { V::load(rows.source[j].add(at)) };
    centre.add(increment.add(source))
}
