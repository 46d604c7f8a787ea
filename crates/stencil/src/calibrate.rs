//! Choosing a tile by measurement.

use std::time::{Duration, Instant};

use ndarray::Array2;

use super::dispatch::Element;
use super::five_point::Stencil;
use super::tile::Tile;

/// The time for each candidate.
const TRIAL: Duration = Duration::from_millis(25);

impl<T: Element> Stencil<T> {
    /// The fastest of a few tiles around [`Stencil::tile_for_passes`], for a field of
    /// `rows × columns` nodes on the threads of the current rayon pool.
    ///
    /// Each candidate runs for some hundredths of a second on a field of a few
    /// tiles. Where tiles may exceed the second-level cache, none is measured: a few of them are nearly as large as the
    /// field. Estimated ones were within 3 % of the best of several on Zen 3, for 128 × 128 to 1024 × 1024 nodes.
    ///
    /// The choice of a tile changes no bit of any result. Callers should keep it and use it with [`Stencil::with_tile`].
    pub fn calibrate(&self, (rows, columns): (usize, usize)) -> Tile {
        let threads = rayon::current_num_threads();
        let first = self.tile_for_passes((rows, columns), threads);
        if self.bytes_beyond_second_level() > 0 {
            return first;
        }
        let is_skewed = self.skews(first, (rows, columns), self.walls);
        // Between the first skewed tile and the last, which have walls among their columns, are others.
        let tiles = if is_skewed { 4 } else { 2 };
        let sample = (
            rows.min(first.rows.min(512) * threads + 2),
            columns.min(tiles * first.columns + 2),
        );
        let mut field = Array2::from_elem(sample, T::ONE);
        let mut spare = field.clone();
        let stencil = self.clone().with_equation(self.equation().sample(sample));
        let stencil = stencil.with_skewed_columns(is_skewed);
        let mut best = (stencil.rate(first, &mut field, &mut spare), first);
        for (numerator, denominator) in [(1, 2), (3, 4), (4, 3)] {
            let scaled = |n: usize| (n * numerator / denominator).max(1);
            for tile in [
                Tile {
                    depth: scaled(first.depth).min(self.most_depth()),
                    ..first
                },
                Tile {
                    columns: scaled(first.columns),
                    ..first
                },
            ] {
                if self.skews(tile, (rows, columns), self.walls) != is_skewed {
                    continue;
                }
                let rate = stencil.rate(tile, &mut field, &mut spare);
                if rate > best.0 {
                    best = (rate, tile);
                }
            }
        }
        best.1
    }

    /// Steps a second with a tile, in the fastest few passes of a trial.
    fn rate(&self, tile: Tile, field: &mut Array2<T>, spare: &mut Array2<T>) -> f64 {
        /// Enough that threads wait little for the first of them and the last, unless these are deep.
        const PASSES: usize = 8;
        const STEPS: usize = 512;
        let stencil = self.clone().with_tile(tile);
        let steps = tile.depth * PASSES.min(STEPS.div_ceil(tile.depth));
        let start = Instant::now();
        let mut shortest = f64::INFINITY;
        while start.elapsed() < TRIAL || shortest.is_infinite() {
            let pass = Instant::now();
            stencil.advance_many(field, spare, steps);
            shortest = shortest.min(pass.elapsed().as_secs_f64());
        }
        steps as f64 / shortest
    }
}
