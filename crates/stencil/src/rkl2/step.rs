//! Divides a step into tiles, each advanced by all stages or by one ([`TileRows`]).

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use super::Rkl2;
use super::part::{ARRAYS, SharedStage, TargetRows};
use crate::dispatch::Element;
use crate::five_point::Stencil;
use crate::tile::Tile;
use crate::walls::{Computed, Walls};
use diff2d_sys::Caches;

/// The arrays of a stage, each of the shape of the state. The difference at held outermost nodes is 0.
pub struct Rkl2Arrays<'a, T> {
    /// `d(j-1)`, the result of the stage before; not read by the first stage.
    pub latest: ArrayView2<'a, T>,
    /// The state before the step, `Y0`.
    pub start: ArrayView2<'a, T>,
    /// The change of `dt S` since the first stage, if it changes; not read by the first stage.
    pub change: Option<ArrayView2<'a, T>>,
    /// The increment `L(Y0)`, which the first stage writes.
    pub increment: ArrayViewMut2<'a, T>,
    /// The difference `d(j-2)`, which the stage replaces by `dj`, or the last stage by the state after the step; the
    /// first stage only writes.
    pub result: ArrayViewMut2<'a, T>,
}

impl<T: Element> Stencil<T> {
    /// Takes one step: writes the rows `rows` of the state after all stages, except nodes on walls that are not
    /// computed. The result depends on as many rows around them as there are stages; the ends of a slab's arrays are
    /// held.
    ///
    /// # Panics
    /// If arrays, walls or the equation do not fit each other.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "views are passed like references"
    )]
    pub fn rkl2_step(
        &self,
        method: &Rkl2<T>,
        walls: &Walls<T>,
        source: ArrayView2<'_, T>,
        target: ArrayViewMut2<'_, T>,
        rows: Range<usize>,
    ) {
        let step = SharedStage {
            method,
            stages: 0..method.stages(),
            walls,
            domain: walls.domain(source.dim()),
            equation: self.equation(),
            latest: None,
            start: source,
            change: None,
        };
        let target = TargetRows {
            result: target,
            increment: None,
        };
        self.take_stages(&step, target, rows);
    }

    /// Takes stage `number` of a step, from 1 on; [`rkl2_step`](Self::rkl2_step) takes all stages. The result depends
    /// on one row on each side.
    ///
    /// # Panics
    /// As `rkl2_step`.
    pub fn rkl2_stage(
        &self,
        method: &Rkl2<T>,
        number: usize,
        walls: &Walls<T>,
        arrays: Rkl2Arrays<'_, T>,
        rows: Range<usize>,
    ) {
        let step = SharedStage {
            method,
            stages: number - 1..number,
            walls,
            domain: walls.domain(arrays.start.dim()),
            equation: self.equation(),
            latest: (number > 1).then_some(arrays.latest),
            start: arrays.start,
            change: arrays.change,
        };
        let target = TargetRows {
            result: arrays.result,
            increment: Some(arrays.increment),
        };
        self.take_stages(&step, target, rows);
    }

    fn take_stages<'a>(
        &self,
        step: &'a SharedStage<'a, T>,
        target: TargetRows<'a, T>,
        rows: Range<usize>,
    ) {
        let shape @ (ny, nx) = step.start.dim();
        let increment = target.increment.as_ref().map(ArrayViewMut2::dim);
        let shapes = [step.latest, step.change].map(|array| array.map(|array| array.dim()));
        let mut arrays = shapes.into_iter().flatten().chain(increment);
        assert!(target.result.dim() == shape);
        assert!(arrays.all(|array| array == shape) && rows.end <= ny);
        assert!(step.equation.fits(shape) && step.walls.fit(shape, step.method.stages()));
        assert!(step.equation.covers(step.method.stages()));
        if nx < 3 || ny < 3 {
            return;
        }
        let [computed, columns] = step.domain.each_ref().map(Computed::in_array);
        let rows = rows.start.max(computed.start)..rows.end.min(computed.end);
        if rows.is_empty() {
            return;
        }
        let size = self.rkl2_tile(shape, rayon::current_num_threads(), step.stages.len());
        let target = target.slice(rows.clone(), columns.clone());
        let bands = target.cut(Axis(0), size.rows).into_iter();
        let tiles = rows.step_by(size.rows).zip(bands).flat_map(|(row, band)| {
            let tiles = band.cut(Axis(1), size.columns).into_iter();
            let columns = columns.clone().step_by(size.columns);
            columns
                .zip(tiles)
                .map(move |(column, tile)| ([row, column], tile))
        });
        let tiles: Vec<_> = tiles.collect();
        tiles.into_par_iter().for_each(|(first, target)| {
            if T::take_stages(step, first, target).is_err() {
                self.leave_out_tile();
            }
        });
    }

    /// The tile for a step of `stages` stages, for a field of `(rows, columns)` nodes, with boundary nodes, on
    /// `threads` threads.
    pub fn rkl2_tile(&self, shape: (usize, usize), threads: usize, stages: usize) -> Tile {
        let arrays = ARRAYS + self.equation().arrays();
        let column_bytes = arrays * (stages + 2) * size_of::<T>();
        self.tile
            .unwrap_or_else(|| choose_tile(self.caches, shape, threads, stages, column_bytes))
    }
}

/// The average number of times that a node is computed along an axis divided into parts: averaged over the stages, half
/// of the nodes around a tile are computed.
fn recomputation(stages: usize, parts: usize, nodes: usize) -> f64 {
    1.0 + (stages * (parts - 1)) as f64 / nodes as f64
}

/// The tile with the lowest estimated cost per stage and node, among tiles that keep `column_bytes` bytes for each
/// column.
fn choose_tile(
    caches: Caches,
    (ny, nx): (usize, usize),
    threads: usize,
    stages: usize,
    column_bytes: usize,
) -> Tile {
    /// The relative duration of a stage whose rows are not in the second-level cache.
    const SPILL: f64 = 1.7;
    let (ny, nx, threads) = (ny.max(1), nx.max(1), threads.max(1));
    let (mut cheapest_size, mut least_cost) = ([ny, nx], f64::INFINITY);
    for bands in 1..=threads.min(ny) {
        let mut next_parts = 1;
        while next_parts <= nx {
            let parts = next_parts;
            next_parts += 1 + parts / 16;
            let [rows, columns] = [ny.div_ceil(bands), nx.div_ceil(parts)];
            let width = (columns + 2 * stages).min(nx);
            let spill = match width * column_bytes > caches.l2 / 3 * 2 {
                true => SPILL,
                false => 1.0,
            };
            let tiles = bands * parts;
            let idle = (tiles.div_ceil(threads) * threads) as f64 / tiles as f64;
            let cost =
                spill * recomputation(stages, bands, ny) * recomputation(stages, parts, nx) * idle;
            if cost < least_cost {
                (cheapest_size, least_cost) = ([rows, columns], cost);
            }
        }
    }
    let [rows, columns] = cheapest_size;
    Tile {
        rows,
        columns,
        depth: stages,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_inside_of_the_field_and_occupy_the_threads() {
        let caches = Caches {
            l1: 48 << 10,
            l2: 1 << 20,
            last: 32 << 20,
        };
        for n in [1, 2, 17, 299, 1024, 4096, 16384] {
            for (threads, stages) in [(1, 3), (2, 11), (16, 101)] {
                let tile = choose_tile(caches, (n, n), threads, stages, 32 * (stages + 2));
                assert!((1..=n).contains(&tile.rows) && (1..=n).contains(&tile.columns));
                let tiles = n.div_ceil(tile.rows) * n.div_ceil(tile.columns);
                assert!(n < 1024 || tiles >= threads, "{n} {threads} {tile}");
            }
        }
    }
}
