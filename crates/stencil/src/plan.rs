//! [`Plan`]: how a call advances a field, decided before its first pass.

use std::fmt::{self, Display, Formatter};

use super::cost::{Cost, is_far};
use super::dispatch::Element;
use super::equation::Operator;
use super::five_point::Stencil;
use super::kernel::{Additions, Kernel, LevelsPerSweep};
use super::pipeline;
use super::smooth;
use super::tile::{Tile, TileSearch};
use super::walls::{Computed, WallTraits, Walls};

/// The number of steps in the first pass over a field about which nothing is known. Most fields are smooth after that
/// many steps, which only a new pass finds out.
const SMOOTHING: usize = 16;

/// The numbers of rows and columns.
type Shape = (usize, usize);

/// How a field is advanced. A plan changes no bit of any result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The instructions.
    pub kernel: Kernel,
    /// How neighbours are added.
    pub additions: Additions,
    /// How many levels most sweeps compute.
    pub levels_per_sweep: LevelsPerSweep,
    /// The size of tiles.
    pub tile: Tile,
    /// The number of passes that are active at the same time, one behind the other. If it is 1, threads share the tiles
    /// of each pass.
    pub stages: usize,
    /// The number of steps in each pass.
    pub passes: Vec<usize>,
    /// Whether results bypass the caches.
    pub streams: bool,
    /// Whether the field is a single tile with so few nodes that a pass takes all steps, level by level.
    pub is_small: bool,
}

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let levels = match self.levels_per_sweep {
            LevelsPerSweep::One => 1,
            LevelsPerSweep::Two => 2,
        };
        write!(
            f,
            "kernel {}, tiles {}, passes of {:?} steps, {} at a time, levels per sweep {levels}",
            self.kernel, self.tile, self.passes, self.stages
        )
    }
}

impl<T: Element> Stencil<T> {
    /// The plan for `steps` steps of a field between these walls in one call, on the threads of the current rayon pool.
    /// If nothing is known about the field, the first pass is short.
    ///
    /// The tile is the one chosen for the field. If it is the whole field, passes are pipelined, or, if there are too
    /// few of them, the rows are divided among the threads.
    #[must_use]
    pub fn plan(&self, walls: &Walls<T>, shape: Shape, steps: usize, is_new: bool) -> Plan {
        let domain = walls.domain(shape);
        let [rows, columns] = domain.each_ref().map(|axis| axis.in_array().len());
        let (tile, is_small) = self.tile_between(walls, shape);
        if is_small {
            let depth = tile.depth;
            let tile = Tile {
                rows,
                columns,
                depth,
            };
            return Plan {
                passes: vec![steps],
                is_small: true,
                ..self.plan_with(tile, shape, walls.traits())
            };
        }
        let threads = rayon::current_num_threads();
        let (tile, stages) = tile_and_stages(tile, &domain, steps, threads);
        let first_pass = self.first_pass(tile.depth, is_new);
        Plan {
            stages,
            passes: passes(steps, tile.depth, stages, first_pass),
            ..self.plan_with(tile, shape, walls.traits())
        }
    }

    /// The tile for several passes over a field between these walls, and whether the field is a small one.
    pub(super) fn tile_between(&self, walls: &Walls<T>, shape: Shape) -> (Tile, bool) {
        let threads = rayon::current_num_threads();
        let [rows, columns] = walls.domain(shape).map(|axis| axis.in_array().len());
        let tile = self.tile_of_passes((rows + 2, columns + 2), threads, walls.traits());
        // Nodes on walls may be computed, too.
        let is_whole = tile.rows + 2 >= rows && tile.columns + 2 >= columns;
        (tile, is_whole && is_small(rows, columns, walls.traits()))
    }

    /// The plan for `steps` steps in one pass.
    pub(super) fn plan_of_pass(&self, walls: &Walls<T>, shape: Shape, steps: usize) -> Plan {
        let threads = rayon::current_num_threads();
        let tile = self.tile_of_pass(shape, threads, walls.traits());
        Plan {
            passes: vec![steps],
            ..self.plan_with(tile, shape, walls.traits())
        }
    }

    /// The part of a plan that depends on the tile, without passes.
    fn plan_with(&self, tile: Tile, (ny, nx): Shape, walls: WallTraits) -> Plan {
        let cost = self.cost(walls);
        let row = cost.row((tile.columns + 2 * (tile.depth - 1)).min(nx));
        let levels = match cost.is_by_two(row) {
            true => LevelsPerSweep::Two,
            false => LevelsPerSweep::One,
        };
        Plan {
            kernel: self.kernel,
            additions: self.additions,
            levels_per_sweep: self.levels_per_sweep.unwrap_or(levels),
            tile,
            stages: 1,
            passes: Vec::new(),
            streams: is_far(2 * ny * nx * size_of::<T>(), self.caches),
            is_small: false,
        }
    }

    /// The passes for `steps` steps, each of at most `depth`. If nothing is known about the field, the first pass is
    /// short.
    #[doc(hidden)]
    pub fn passes(&self, steps: usize, depth: usize, is_new: bool) -> Vec<usize> {
        passes(steps, depth, 1, self.first_pass(depth, is_new))
    }

    /// The number of steps in the first pass, if it differs from the number in the other passes; otherwise 0.
    fn first_pass(&self, depth: usize, is_new: bool) -> usize {
        match self.scaled_levels() {
            Some(_) if is_new => SMOOTHING.min(depth),
            _ => 0,
        }
    }

    /// The tile for a field of `rows × columns` nodes, boundary nodes included,
    /// on `threads` threads.
    pub fn tile(&self, rows: usize, columns: usize, threads: usize) -> Tile {
        self.tile_of_pass((rows, columns), threads, self.walls)
    }

    /// The tile for several passes in one call, see [`advance`](Self::advance). If passes are best pipelined over the
    /// threads, the tile is the whole field; fields that are periodic along y do not allow that.
    pub fn tile_for_passes(&self, shape: Shape, threads: usize) -> Tile {
        self.tile_of_passes(shape, threads, self.walls)
    }

    /// The number of steps in a pass over a field of this shape: the depth of its tile. It is also the best number of
    /// rows of a slab's halos.
    pub fn depth(&self, rows: usize, columns: usize, threads: usize) -> usize {
        self.tile(rows, columns, threads).depth
    }

    /// The tile for one pass over a field between these walls.
    fn tile_of_pass(&self, shape: Shape, threads: usize, walls: WallTraits) -> Tile {
        self.tile
            .unwrap_or_else(|| self.tile_search(shape, threads, walls).for_pass())
    }

    /// The tile for several passes.
    fn tile_of_passes(&self, shape: Shape, threads: usize, walls: WallTraits) -> Tile {
        if walls.is_periodic[0] {
            return self.tile_of_pass(shape, threads, walls);
        }
        self.tile
            .unwrap_or_else(|| self.tile_search(shape, threads, walls).for_passes())
    }

    fn tile_search(&self, (rows, columns): Shape, threads: usize, walls: WallTraits) -> TileSearch {
        TileSearch {
            rows: rows.saturating_sub(2).max(1),
            columns: columns.saturating_sub(2).max(1),
            // Threads of a small field would wait for one another.
            threads: match is_small(rows, columns, walls) {
                true => 1,
                false => threads.max(1),
            },
            cost: self.cost(walls),
        }
    }

    /// The cost of a tile's steps.
    fn cost(&self, walls: WallTraits) -> Cost {
        let scaled_levels = self.scaled_levels();
        Cost {
            processor: self.processor,
            kernel: self.kernel,
            caches: self.caches,
            size: size_of::<T>(),
            arrays: self.equation.arrays(),
            scaled_levels,
            may_be_two: self.kernel == Kernel::Avx512
                && scaled_levels.is_some()
                && walls.add_nothing
                && self.levels_per_sweep != Some(LevelsPerSweep::One),
            is_light: scaled_levels.is_some()
                || (!self.equation.terms.is_empty()
                    && matches!(self.equation.operator, Operator::Isotropic { .. })),
        }
    }

    /// The largest number of bytes that the rows of a pass on one thread take beyond its second-level cache.
    #[doc(hidden)]
    pub fn bytes_beyond_second_level(&self) -> u64 {
        self.cost(self.walls).share_of_last_level().unwrap_or(0) as u64
    }

    /// Whether passes may find out for how long a field is [smooth](super::Smoothness). The answer does not depend on
    /// the machine.
    #[doc(hidden)]
    #[must_use]
    pub fn may_know(&self) -> bool {
        self.scaled_levels().is_some()
    }

    /// The largest depth of tiles whose levels may be scaled by four, see [`smooth`]; `None` if they never may.
    pub(super) fn scaled_levels(&self) -> Option<usize> {
        match self.equation.operator {
            Operator::Isotropic { r }
                if self.equation.terms.is_empty() && smooth::is_about_a_quarter(r) =>
            {
                Some(smooth::most_levels::<T>())
            }
            _ => None,
        }
    }
}

/// Whether a field with so many computed rows and columns is small: a single tile for any number of threads and steps.
/// With periodic axes a tile is larger with every step.
fn is_small(rows: usize, columns: usize, walls: WallTraits) -> bool {
    /// The largest number of nodes. Lifted rows are faster from about 1000 nodes on where three operations suffice, and from
    /// about 4000 on otherwise.
    const MOST: usize = 2048;
    rows.saturating_mul(columns) <= MOST && walls.is_periodic == [false; 2]
}

/// The tile for a call of `steps` steps, and the number of passes that are active at the same time, from the tile
/// chosen for the field.
fn tile_and_stages(
    tile: Tile,
    domain: &[Computed; 2],
    steps: usize,
    threads: usize,
) -> (Tile, usize) {
    /// The number of passes in a call below which pipelining does not pay: the last thread begins late, and the first
    /// one ends early.
    const FEW: usize = 2;
    let [rows, columns] = domain.each_ref().map(|axis| axis.in_array().len());
    // Nodes on walls may be computed, too.
    if tile.rows + 2 < rows || tile.columns + 2 < columns || domain[0].period.is_some() {
        return (tile, 1);
    }
    match pipeline::stages(rows, tile.depth, threads) {
        stages if stages > 1 && steps < FEW * tile.depth => {
            let rows = rows.div_ceil(threads);
            (Tile { rows, ..tile }, 1)
        }
        stages if stages > 1 => {
            let depth = tile.depth;
            let whole_field = Tile {
                rows,
                columns,
                depth,
            };
            (whole_field, stages)
        }
        _ => (tile, 1),
    }
}

/// Passes of at most `depth` steps. The first pass has at most `first` steps unless `first` is 0; the other passes have
/// depths for `stages` active passes.
fn passes(steps: usize, depth: usize, stages: usize, first: usize) -> Vec<usize> {
    let first_pass = if first < depth.min(steps) { first } else { 0 };
    let remaining_steps = steps - first_pass;
    let further_passes = pipeline::passes(remaining_steps, depth, stages).unwrap_or_else(|| {
        equal(
            remaining_steps,
            remaining_steps.div_ceil(depth).next_multiple_of(stages),
        )
    });
    let passes: Vec<usize> = (first_pass > 0)
        .then_some(first_pass)
        .into_iter()
        .chain(further_passes)
        .collect();
    debug_assert_eq!(passes.iter().sum::<usize>(), steps);
    passes
}

/// The depths of at most `count` passes, as equal as possible.
fn equal(steps: usize, count: usize) -> Vec<usize> {
    let count = count.min(steps);
    (0..count)
        .map(|pass| {
            let steps_before = pipeline::proportional_steps(steps, pass, count);
            pipeline::proportional_steps(steps, pass + 1, count) - steps_before
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::walls::Side;
    use super::*;

    #[test]
    fn passes_take_all_steps_and_are_no_deeper_than_wanted() {
        assert_eq!(passes(100, 40, 1, 0), [33, 33, 34]);
        assert_eq!(passes(100, 40, 1, 16), [16, 28, 28, 28]);
        assert_eq!(passes(40, 40, 1, 16), [16, 24]);
        assert_eq!(passes(16, 40, 1, 16), [16]);
        assert_eq!(passes(5, 2, 2, 0), [1, 1, 1, 2]);
        assert_eq!(passes(106, 20, 2, 16), [16, 5, 20, 20, 20, 20, 5]);
        for depth in (1..40).chain([64, 79, 256]) {
            for stages in (1..20).chain([32]) {
                for steps in (1..150).chain([447, 1000, 12_345]) {
                    for first in [0, 1, 16, 64] {
                        let passes = passes(steps, depth, stages, first);
                        let what = || format!("{steps} {depth} {stages} {first} {passes:?}");
                        assert_eq!(passes.iter().sum::<usize>(), steps, "{}", what());
                        assert!(
                            passes.iter().all(|steps| (1..=depth).contains(steps)),
                            "{}",
                            what()
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn passes_over_few_rows_are_pipelined_over_the_threads() {
        let stages = |walls: &Walls<f64>, shape: (usize, usize), tile, steps| {
            let domain = walls.domain(shape);
            tile_and_stages(tile, &domain, steps, 2).1
        };
        let held = Walls::held();
        let all = |(rows, columns)| Tile {
            rows,
            columns,
            depth: 60,
        };
        assert_eq!(stages(&held, (301, 301), all((299, 299)), 1000), 2);
        // Too few steps, too few rows, a part of the columns.
        assert_eq!(stages(&held, (301, 301), all((299, 299)), 10), 1);
        assert_eq!(stages(&held, (20, 301), all((18, 299)), 1000), 1);
        assert_eq!(stages(&held, (301, 301), all((299, 150)), 1000), 1);
        let periodic = Walls {
            bottom: Side::Periodic,
            top: Side::Periodic,
            ..Walls::held()
        };
        assert_eq!(stages(&periodic, (301, 301), all((301, 301)), 1000), 1);
    }

    #[test]
    fn a_plan_tells_what_a_call_will_do() {
        let tile = Tile {
            rows: 40,
            columns: 300,
            depth: 20,
        };
        let stencil = Stencil::new(0.25)
            .with_kernel(Kernel::Scalar)
            .with_tile(tile);
        let plan = stencil.plan(&Walls::held(), (302, 302), 100, true);
        assert_eq!(
            plan.to_string(),
            "kernel scalar, tiles 40x300x20, passes of [16, 16, 17, 17, 17, 17] steps, 1 at a time, levels per sweep 1"
        );
        let known = stencil.plan(&Walls::held(), (302, 302), 100, false);
        assert_eq!(known.passes, [20; 5]);
    }
}
