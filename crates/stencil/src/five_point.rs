//! [`Stencil`]: the step of a whole field.

use std::sync::Arc;

use ndarray::Array2;

use super::dispatch::Element;
use super::equation::Equation;
use super::kernel::{Additions, Kernel, LevelsPerSweep};
use super::processor::Processor;
use super::tile::Tile;
use super::walls::WallTraits;
use diff2d_sys::{self as sys, Caches};

/// The step of an [`Equation`], with the kernel and the tile that compute it. Neither
/// changes a bit of any result.
///
/// Shape: a field has `ny × nx` nodes, the boundary nodes included. Its rows
/// are contiguous; they may be further apart than `nx`.
///
/// Units: `r = D dt / dx²` has none; the field has any.
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
    /// The levels of a sweep, if they are not left to the processor.
    pub(super) levels_per_sweep: Option<LevelsPerSweep>,
    /// The tile for every field, if there is one.
    pub(super) tile: Option<Tile>,
    /// The caches that tiles are chosen for.
    pub(super) caches: Caches,
    /// The processor that they are chosen for.
    pub(super) processor: Processor,
    /// The walls that tiles are chosen for where none are given.
    pub(super) walls: WallTraits,
}

impl<T: Element> Stencil<T> {
    /// Diffusion with one coefficient `r = D dt / dx²` and equal spacings, with the
    /// fastest kernel of this machine and tiles chosen for its caches.
    pub fn new(r: T) -> Self {
        Self::of(Equation::isotropic(r))
    }

    /// The same for any equation.
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
        }
    }

    /// The same with another kernel.
    ///
    /// # Panics
    /// If this machine does not have it, see [`Kernel::is_available`].
    #[must_use]
    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        assert!(kernel.is_available(), "this machine has no {kernel} kernel");
        self.kernel = kernel;
        self
    }

    /// The same with additions computed another way.
    #[must_use]
    pub fn with_additions(mut self, additions: Additions) -> Self {
        self.additions = additions;
        self
    }

    /// The same with so many levels in a sweep.
    #[must_use]
    pub fn with_levels_per_sweep(mut self, levels: LevelsPerSweep) -> Self {
        self.levels_per_sweep = Some(levels);
        self
    }

    /// The same with this tile for every field.
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

    /// The same with tiles whose rows fit the second-level cache, which take less memory.
    #[doc(hidden)]
    #[must_use]
    pub fn within_second_level_cache(mut self) -> Self {
        self.caches.last = 0;
        self
    }

    /// The same with tiles chosen for fields between such walls.
    #[must_use]
    pub fn with_walls(mut self, walls: WallTraits) -> Self {
        self.walls = walls;
        self
    }

    /// The same kernel and tile for another equation.
    #[must_use]
    pub fn with_equation(mut self, equation: Equation<T>) -> Self {
        self.equation = Arc::new(equation.normalised());
        self
    }

    /// What the step adds to the state.
    pub fn equation(&self) -> &Equation<T> {
        &self.equation
    }

    /// The values of the source, to change; `None` if the equation has none.
    pub fn source_mut(&mut self) -> Option<&mut Array2<T>> {
        Arc::make_mut(&mut self.equation).source.as_mut()
    }

    /// Takes the factors of the equation's terms, for the next steps.
    pub fn set_factors(&mut self, factors: Vec<T>) {
        Arc::make_mut(&mut self.equation).terms.factors = factors;
    }

    /// The kernel in use.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }
}
