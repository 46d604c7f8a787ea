//! [`Stencil`]: the step of a whole field.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use ndarray::Array2;

use super::dispatch::Element;
use super::equation::{Coefficient, Equation, Weight};
use super::kernel::{Additions, Kernel, LevelsPerSweep};
use super::processor::Processor;
use super::tile::Tile;
use super::walls::WallTraits;
use diff2d_sys::{self as sys, Caches};

/// The step of an [`Equation`], with the kernel and the tile that compute it. Neither
/// changes a bit of any result.
///
/// Shape: a field has `ny × nx` nodes, with boundary nodes. Its rows are contiguous, and may be further than `nx`
/// apart.
///
/// Units: `r = D dt / dx²` is dimensionless; the field may have any unit.
///
/// ```
/// use diff2d_stencil::{Knowledge, Stencil, Walls};
/// use ndarray::Array2;
///
/// let mut field = Array2::<f64>::zeros((5, 5));
/// field[[2, 2]] = 1.0;
/// let mut spare = field.clone();
/// let knowledge = &mut Knowledge::default();
/// Stencil::new(0.25).advance(&Walls::held(), knowledge, &mut field, &mut spare, 2);
/// assert_eq!(field[[2, 2]], 0.25);
/// assert_eq!(field[[1, 1]], 0.125);
/// ```
#[derive(Clone, Debug)]
pub struct Stencil<T: Element> {
    pub(super) equation: Arc<Equation<T>>,
    pub(super) kernel: Kernel,
    pub(super) additions: Additions,
    /// The number of levels in a sweep; `None` leaves the choice to the processor's table.
    pub(super) levels_per_sweep: Option<LevelsPerSweep>,
    /// The tile for every field; `None` chooses one for each field.
    pub(super) tile: Option<Tile>,
    /// The caches that tiles are chosen for.
    pub(super) caches: Caches,
    /// The processor for which tiles are chosen.
    pub(super) processor: Processor,
    /// The walls for which tiles are chosen if no walls are given.
    pub(super) walls: WallTraits,
    /// Whether a tile was left out because the system refused its memory. Clones share the answer.
    lacked_memory: Arc<AtomicBool>,
}

impl<T: Element> Stencil<T> {
    /// Diffusion with one coefficient `r = D dt / dx²` and equal spacings, with the
    /// fastest kernel of this machine and tiles chosen for its caches.
    pub fn new(r: T) -> Self {
        Self::of(Equation::isotropic(r))
    }

    /// The step of any equation, with the fastest kernel and tiles of this machine.
    pub fn of(equation: Equation<T>) -> Self {
        let processor = Processor::detect();
        Self {
            equation: Arc::new(equation.normalised()),
            kernel: Kernel::detect(),
            additions: processor.additions,
            levels_per_sweep: None,
            tile: None,
            caches: sys::caches(),
            processor,
            walls: WallTraits::HELD,
            lacked_memory: Arc::default(),
        }
    }

    /// Whether the system has refused the memory of a tile since this stencil, or the first of which it is a clone, was
    /// made. The values in such a tile have no meaning.
    #[must_use]
    pub fn lacked_memory(&self) -> bool {
        self.lacked_memory.load(Relaxed)
    }

    /// Records that a tile is left out.
    pub(super) fn leave_out_tile(&self) {
        self.lacked_memory.store(true, Relaxed);
    }

    /// Uses another kernel.
    ///
    /// # Panics
    /// If this machine does not have it, see [`Kernel::is_available`].
    #[must_use]
    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        assert!(kernel.is_available(), "this machine has no {kernel} kernel");
        self.kernel = kernel;
        self
    }

    /// Selects how additions are computed.
    #[must_use]
    pub fn with_additions(mut self, additions: Additions) -> Self {
        self.additions = additions;
        self
    }

    /// Selects the number of levels in a sweep.
    #[must_use]
    pub fn with_levels_per_sweep(mut self, levels: LevelsPerSweep) -> Self {
        self.levels_per_sweep = Some(levels);
        self
    }

    /// Uses this tile for every field.
    ///
    /// # Panics
    /// If a side of the tile is zero.
    #[must_use]
    pub fn with_tile(mut self, tile: Tile) -> Self {
        assert!(
            tile.rows > 0 && tile.columns > 0 && tile.depth > 0,
            "a tile of {tile} is empty"
        );
        self.tile = Some(tile);
        self
    }

    /// Chooses tiles whose rows fit the second-level cache, to take less memory.
    #[doc(hidden)]
    #[must_use]
    pub fn within_second_level_cache(mut self) -> Self {
        self.caches.last = 0;
        self
    }

    /// Chooses tiles for fields between such walls.
    #[must_use]
    pub fn with_walls(mut self, walls: WallTraits) -> Self {
        self.walls = walls;
        self
    }

    /// Replaces the equation, and keeps kernel and tile.
    #[must_use]
    pub fn with_equation(mut self, equation: Equation<T>) -> Self {
        self.set_equation(equation);
        self
    }

    /// Sets the equation of the next steps, which has no more arrays than the one before.
    pub fn set_equation(&mut self, equation: Equation<T>) {
        self.equation = Arc::new(equation.normalised());
    }

    /// The equation of the step.
    pub fn equation(&self) -> &Equation<T> {
        &self.equation
    }

    /// The values of a source that is an array.
    pub fn source(&self) -> Option<&Array2<T>> {
        match self.equation.coefficient(Weight::One) {
            Some(Coefficient::Array(array)) => Some(array),
            _ => None,
        }
    }

    /// Mutable access to the values of a source that is an array.
    pub fn source_mut(&mut self) -> Option<&mut Array2<T>> {
        match Arc::make_mut(&mut self.equation).coefficient_mut(Weight::One) {
            Some(Coefficient::Array(array)) => Some(array),
            _ => None,
        }
    }

    /// Sets the factors of the source's products, if it has any, for the next steps.
    pub fn set_factors(&mut self, factors: Vec<T>) {
        let equation = Arc::make_mut(&mut self.equation);
        if let Some(Coefficient::Products(products)) = equation.coefficient_mut(Weight::One) {
            products.factors = factors;
        }
    }

    /// The kernel in use.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }
}
