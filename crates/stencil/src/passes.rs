//! How the steps of a call are divided into passes: as deep as tiles are, and side by side or pipelined.

use super::pipeline;
use super::tile::Tile;
use super::walls::Computed;

/// The tile of a call of so many steps, and how many passes are under way at a time, from the tile chosen for the
/// field. Where that is all of the field, passes are pipelined, or, if there are too few, its rows are divided among
/// the threads.
pub(super) fn tile_and_stages(
    tile: Tile,
    domain: &[Computed; 2],
    steps: usize,
    threads: usize,
) -> (Tile, usize) {
    /// Passes of a call that are too few to follow one another: the last thread begins late, the first one
    /// ends early.
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
            let all = Tile {
                rows,
                columns,
                depth,
            };
            (all, stages)
        }
        _ => (tile, 1),
    }
}

/// Steps of the first pass over a field that nothing is known of. Most fields are smooth after so many, which
/// only a new pass finds out.
pub(super) const SMOOTHING: usize = 16;

/// Passes of at most `depth` steps, the first of at most `first` unless that is 0, the others for so many stages at a
/// time.
pub(super) fn passes(steps: usize, (depth, stages): (usize, usize), first: usize) -> Vec<usize> {
    let first = if first < depth.min(steps) { first } else { 0 };
    let rest = steps - first;
    let others = pipeline::passes(rest, depth, stages)
        .unwrap_or_else(|| equal(rest, rest.div_ceil(depth).next_multiple_of(stages)));
    let passes: Vec<usize> = (first > 0)
        .then_some(first)
        .into_iter()
        .chain(others)
        .collect();
    debug_assert_eq!(passes.iter().sum::<usize>(), steps);
    passes
}

/// At most `count` passes, as equal as possible.
fn equal(steps: usize, count: usize) -> Vec<usize> {
    let count = count.min(steps);
    let until = |pass: usize| (steps as u128 * pass as u128 / count as u128) as usize;
    (0..count)
        .map(|pass| until(pass + 1) - until(pass))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::walls::{Side, Walls};
    use super::*;

    #[test]
    fn passes_take_all_steps_and_are_no_deeper_than_wanted() {
        assert_eq!(passes(100, (40, 1), 0), [33, 33, 34]);
        assert_eq!(passes(100, (40, 1), 16), [16, 28, 28, 28]);
        assert_eq!(passes(40, (40, 1), 16), [16, 24]);
        assert_eq!(passes(16, (40, 1), 16), [16]);
        assert_eq!(passes(5, (2, 2), 0), [1, 1, 1, 2]);
        assert_eq!(passes(106, (20, 2), 16), [16, 5, 20, 20, 20, 20, 5]);
        for depth in (1..40).chain([64, 79, 256]) {
            for stages in (1..20).chain([32]) {
                for steps in (1..150).chain([447, 1000, 12_345]) {
                    for first in [0, 1, 16, 64] {
                        let passes = passes(steps, (depth, stages), first);
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
}
