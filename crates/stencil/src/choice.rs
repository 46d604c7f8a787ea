//! Which tile a [`Stencil`] has for a field.

use super::cost::{Cost, share_of_last_level};
use super::dispatch::Element;
use super::equation::Operator;
use super::five_point::Stencil;
use super::kernel::LevelsPerSweep;
use super::smooth;
use super::tile::Tile;
use super::walls::WallTraits;
use diff2d_sys::Caches;

/// Rows and columns.
type Shape = (usize, usize);

impl<T: Element> Stencil<T> {
    /// The tile for a field of `rows × columns` nodes, boundary nodes included,
    /// on `threads` threads.
    pub fn tile(&self, rows: usize, columns: usize, threads: usize) -> Tile {
        self.tile_of_pass((rows, columns), threads, self.walls)
    }

    /// The tile for several passes in one call, see [`advance_many`](Self::advance_many). Where passes are
    /// best pipelined over the threads, it is all of the field; fields that are periodic along y do not allow that.
    pub fn tile_for_passes(&self, (rows, columns): (usize, usize), threads: usize) -> Tile {
        self.tile_of_passes((rows, columns), threads, self.walls)
    }

    /// The tile for one pass over a field between such walls.
    pub(super) fn tile_of_pass(&self, shape: Shape, threads: usize, walls: WallTraits) -> Tile {
        self.tile_by(Tile::choose, shape, threads, walls)
    }

    /// The tile for several passes.
    pub(super) fn tile_of_passes(&self, shape: Shape, threads: usize, walls: WallTraits) -> Tile {
        let choose = match walls.is_periodic[0] {
            true => Tile::choose,
            false => Tile::choose_for_passes,
        };
        self.tile_by(choose, shape, threads, walls)
    }

    fn tile_by(
        &self,
        choose: fn(Caches, Shape, usize, Cost) -> Tile,
        shape: Shape,
        threads: usize,
        walls: WallTraits,
    ) -> Tile {
        let cost = || self.cost(walls);
        self.tile
            .unwrap_or_else(|| choose(self.caches, interior(shape), threads, cost()))
    }

    /// What the steps of a tile cost.
    fn cost(&self, walls: WallTraits) -> Cost {
        let (size, arrays) = (size_of::<T>(), self.equation.arrays());
        let levels = (self.scaled_levels(), self.levels_between(walls));
        Cost::new((size, arrays), levels, self.microarchitecture)
    }

    /// How many levels most sweeps compute where they may be two.
    pub(super) fn levels_per_sweep(&self) -> LevelsPerSweep {
        self.levels_per_sweep
            .unwrap_or_else(|| LevelsPerSweep::on(self.microarchitecture, self.kernel))
    }

    /// How many levels most sweeps compute between such walls.
    fn levels_between(&self, walls: WallTraits) -> LevelsPerSweep {
        match self.scaled_levels() {
            Some(_) if walls.add_nothing => self.levels_per_sweep(),
            _ => LevelsPerSweep::One,
        }
    }

    /// The steps of a pass over such a field: the depth of its tile. A slab best
    /// has halos of this many rows.
    pub fn depth(&self, rows: usize, columns: usize, threads: usize) -> usize {
        self.tile(rows, columns, threads).depth
    }

    /// The bytes of the rows of a pass of one thread that do not fit its second-level cache, at most.
    #[doc(hidden)]
    pub fn bytes_beyond_second_level(&self) -> u64 {
        match self.cost(self.walls).reaches_beyond() {
            true => share_of_last_level(self.caches) as u64,
            false => 0,
        }
    }

    /// Whether passes may find out what is [`Known`](super::Known) of a field; the same on any machine.
    #[doc(hidden)]
    #[must_use]
    pub fn may_know(&self) -> bool {
        self.scaled_levels().is_some()
    }

    /// The largest depth of tiles whose levels may be scaled by four, see [`smooth`]; `None` if they never
    /// may.
    pub(super) fn scaled_levels(&self) -> Option<usize> {
        match self.equation.operator {
            Operator::Isotropic { r } if smooth::is_about_a_quarter(r) => {
                Some(smooth::most_levels::<T>())
            }
            _ => None,
        }
    }
}

/// The rows and columns of a field that are not on its boundary.
fn interior((rows, columns): Shape) -> Shape {
    (rows.saturating_sub(2), columns.saturating_sub(2))
}
