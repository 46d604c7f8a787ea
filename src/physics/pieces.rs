//! [`Pieces`]: the pieces that a mask leaves of the domain.

use super::geometry::Geometry;

/// The pieces of a domain, whose nodes are neighbours along x or y.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pieces {
    /// How many there are.
    pub count: u64,
    /// How many no wall and no held node touches.
    pub untouched: u64,
    /// The first node of those, `(j, i)`.
    pub first: Option<(usize, usize)>,
}

/// A piece as far as it is known.
#[derive(Debug, Clone, Copy)]
struct Piece {
    is_touched: bool,
    first: (usize, usize),
}

/// Pieces that go on, by their numbers; those that have become one have the number of the least.
#[derive(Debug, Default)]
struct Open {
    parents: Vec<usize>,
    pieces: Vec<Piece>,
}

impl Open {
    fn begin(&mut self, piece: Piece) -> usize {
        self.parents.push(self.pieces.len());
        self.pieces.push(piece);
        self.pieces.len() - 1
    }

    fn root(&mut self, mut number: usize) -> usize {
        while self.parents[number] != number {
            self.parents[number] = self.parents[self.parents[number]];
            number = self.parents[number];
        }
        number
    }

    fn join(&mut self, one: usize, other: usize) -> usize {
        let (one, other) = (self.root(one), self.root(other));
        let (least, other) = (one.min(other), one.max(other));
        self.parents[other] = least;
        let (joined, piece) = (self.pieces[other], &mut self.pieces[least]);
        piece.is_touched |= joined.is_touched;
        piece.first = piece.first.min(joined.first);
        least
    }

    /// Counts the pieces that none of these nodes has, and gives the others the numbers from 0 on.
    fn close(&mut self, lines: [&mut [Option<usize>]; 2], found: &mut Pieces) {
        let mut next = Self::default();
        let mut renamed = vec![None; self.pieces.len()];
        for number in lines.into_iter().flatten().flatten() {
            let root = self.root(*number);
            *number = *renamed[root].get_or_insert_with(|| next.begin(self.pieces[root]));
        }
        for (number, is_gone) in renamed.iter().map(Option::is_none).enumerate() {
            if is_gone && self.parents[number] == number {
                found.add(self.pieces[number]);
            }
        }
        *self = next;
    }
}

impl Pieces {
    /// Of the domain of a geometry. Takes memory for a few rows.
    #[must_use]
    pub fn of(geometry: &Geometry) -> Self {
        let ((ny, nx), [wraps_x, wraps_y]) = geometry.shape();
        let mut found = Self::default();
        let mut open = Open::default();
        let (mut bottom, mut below) = (Vec::new(), vec![None; nx]);
        for j in 0..ny {
            let mut row: Vec<Option<usize>> = vec![None; nx];
            for i in (0..nx).filter(|&i| !geometry.masks((j, i))) {
                let is_end =
                    (!wraps_x && (i == 0 || i + 1 == nx)) || (!wraps_y && (j == 0 || j + 1 == ny));
                let own = open.begin(Piece {
                    is_touched: is_end || geometry.keeps((j, i)),
                    first: (j, i),
                });
                let west = i.checked_sub(1).and_then(|west| row[west]);
                let neighbours = [west, below[i]].into_iter().flatten();
                row[i] = Some(neighbours.fold(own, |own, other| open.join(own, other)));
            }
            if let (true, Some(first), Some(last)) = (wraps_x, row[0], row[nx - 1]) {
                open.join(first, last);
            }
            if j == 0 && wraps_y {
                bottom.clone_from(&row);
            }
            if j + 1 == ny {
                for (first, last) in bottom.iter().zip(&row) {
                    if let (Some(first), Some(last)) = (first, last) {
                        open.join(*first, *last);
                    }
                }
                (row, bottom) = (Vec::new(), Vec::new());
            }
            open.close([&mut row, &mut bottom], &mut found);
            below = row;
        }
        found
    }

    fn add(&mut self, piece: Piece) {
        self.count += 1;
        if !piece.is_touched {
            self.untouched += 1;
            let first = self
                .first
                .map_or(piece.first, |first| first.min(piece.first));
            self.first = Some(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        grid::{Axis, Grid},
        node_set::NodeSet,
        params::{Boundary, Function, Layout, Wall},
    };
    use proptest::prelude::*;

    /// By walking from node to neighbour.
    fn expected(geometry: &Geometry) -> Pieces {
        let ((ny, nx), [wraps_x, wraps_y]) = geometry.shape();
        let (rows, columns) = (ny - usize::from(wraps_y), nx - usize::from(wraps_x));
        let mut seen = vec![false; rows * columns];
        let mut found = Pieces::default();
        for start in 0..rows * columns {
            let (mut todo, mut is_touched, first) = (vec![start], false, start);
            if seen[start] || geometry.masks((start / columns, start % columns)) {
                continue;
            }
            seen[start] = true;
            while let Some(at) = todo.pop() {
                let (j, i) = (at / columns, at % columns);
                let is_end =
                    |wraps: bool, at: usize, count: usize| !wraps && (at == 0 || at + 1 == count);
                is_touched |=
                    is_end(wraps_x, i, nx) || is_end(wraps_y, j, ny) || geometry.keeps((j, i));
                let step = |at: usize, by: usize, count: usize, wraps: bool| match wraps {
                    true => Some((at + by) % count),
                    false => (at + by).checked_sub(count).map_or(Some(at + by), |_| None),
                };
                let east = step(i, 1, columns, wraps_x).map(|i| (j, i));
                let north = step(j, 1, rows, wraps_y).map(|j| (j, i));
                let west = if i > 0 {
                    Some((j, i - 1))
                } else {
                    wraps_x.then(|| (j, columns - 1))
                };
                let south = if j > 0 {
                    Some((j - 1, i))
                } else {
                    wraps_y.then(|| (rows - 1, i))
                };
                for (j, i) in [east, west, north, south].into_iter().flatten() {
                    if !geometry.masks((j, i))
                        && !std::mem::replace(&mut seen[j * columns + i], true)
                    {
                        todo.push(j * columns + i);
                    }
                }
            }
            found.add(Piece {
                is_touched,
                first: (first / columns, first % columns),
            });
        }
        found
    }

    proptest! {
        #[test]
        fn pieces_are_found_row_by_row(
            (ny, nx) in (3_usize..9, 3_usize..9), periodic in any::<[bool; 2]>(),
            masked in prop::collection::vec(prop::bool::weighted(0.5), 64),
            held in prop::collection::vec(prop::bool::weighted(0.05), 64),
        ) {
            let axis = |nodes: usize| Axis::new(Layout::Walls, 0.0, (nodes - 1) as f64, 1.0).unwrap();
            let grid = Grid { y: axis(ny), x: axis(nx) };
            let wall = |wraps: bool| match wraps {
                true => Wall::Periodic,
                false => Wall::Fixed(Function::Number(0.0)),
            };
            let [x, y] = periodic.map(wall);
            let walls = Boundary { left: x.clone(), right: x, bottom: y.clone(), top: y };
            let nodes = Geometry::none(&grid, &walls, 0.0).nodes;
            let same = |at: u64| {
                let (j, i) = (at as usize / nx, at as usize % nx);
                nodes.row(j) * nx + nodes.column(i)
            };
            let set = |of: &[bool]| NodeSet::of((0..(nx * ny) as u64).filter(|&at| of[same(at) % 64]));
            let masked_set = set(&masked);
            let held: Vec<bool> = held.iter().zip(&masked).map(|(held, masked)| *held && !masked).collect();
            let geometry = Geometry::of(&grid, &walls, [masked_set, set(&held)]);
            prop_assert_eq!(Pieces::of(&geometry), expected(&geometry));
        }
    }
}
