//! [`Pieces`]: the connected pieces into which a mask divides the domain.

use super::geometry::Geometry;
use crate::{
    node_set::NodeSet,
    params::{ParamsError, RawParams, Wall},
};

/// The connected pieces of a domain: nodes of a piece are neighbours along x or y.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pieces {
    /// The number of pieces.
    pub count: u64,
    /// The first node `(j, i)` of each piece that touches no wall and no held node.
    pub untouched: Vec<(usize, usize)>,
    /// The first node `(j, i)` of each piece that nothing enters: it touches insulated walls at most, and no held node.
    pub closed: Vec<(usize, usize)>,
}

/// The known properties of a piece.
#[derive(Debug, Clone, Copy)]
struct Piece {
    is_touched: bool,
    is_closed: bool,
    first: (usize, usize),
}

/// The pieces that may continue in the next row, by number. Pieces that have joined share the smallest of their
/// numbers.
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
        let roots = (self.root(one), self.root(other));
        let (lower_root, higher_root) = (roots.0.min(roots.1), roots.0.max(roots.1));
        self.parents[higher_root] = lower_root;
        let (joined, piece) = (self.pieces[higher_root], &mut self.pieces[lower_root]);
        piece.is_touched |= joined.is_touched;
        piece.is_closed &= joined.is_closed;
        piece.first = piece.first.min(joined.first);
        lower_root
    }

    /// Counts the pieces without a node in these lines, and renumbers the others from 0.
    fn close(&mut self, lines: [&mut [Option<usize>]; 2], found: &mut Pieces) {
        let mut open_pieces = Self::default();
        let mut renamed = vec![None; self.pieces.len()];
        for number in lines.into_iter().flatten().flatten() {
            let root = self.root(*number);
            *number = *renamed[root].get_or_insert_with(|| open_pieces.begin(self.pieces[root]));
        }
        for (number, is_gone) in renamed.iter().map(Option::is_none).enumerate() {
            if is_gone && self.parents[number] == number {
                found.add(self.pieces[number]);
            }
        }
        *self = open_pieces;
    }
}

impl Pieces {
    /// Finds the pieces of the domain of a geometry. This takes memory for a few rows.
    #[must_use]
    pub fn of(geometry: &Geometry) -> Self {
        let ((ny, nx), [wraps_x, wraps_y]) = geometry.shape();
        let mut pieces = Self::default();
        let mut open = Open::default();
        let (mut bottom_row, mut row_below) = (Vec::new(), vec![None; nx]);
        for j in 0..ny {
            let mut row: Vec<Option<usize>> = vec![None; nx];
            for i in (0..nx).filter(|&i| !geometry.masks((j, i))) {
                let walls = geometry.walls_at((j, i));
                let is_held = geometry.keeps((j, i));
                let piece_number = open.begin(Piece {
                    is_touched: is_held || walls.clone().next().is_some(),
                    is_closed: !is_held && walls.clone().all(Wall::is_insulated),
                    first: (j, i),
                });
                let west = i.checked_sub(1).and_then(|west| row[west]);
                let neighbours = [west, row_below[i]].into_iter().flatten();
                row[i] = Some(neighbours.fold(piece_number, |piece_number, other| {
                    open.join(piece_number, other)
                }));
            }
            if let (true, Some(west_end), Some(east_end)) = (wraps_x, row[0], row[nx - 1]) {
                open.join(west_end, east_end);
            }
            if j == 0 && wraps_y {
                bottom_row.clone_from(&row);
            }
            if j + 1 == ny {
                for (bottom_piece, top_piece) in bottom_row.iter().zip(&row) {
                    if let (Some(bottom_piece), Some(top_piece)) = (bottom_piece, top_piece) {
                        open.join(*bottom_piece, *top_piece);
                    }
                }
                (row, bottom_row) = (Vec::new(), Vec::new());
            }
            open.close([&mut row, &mut bottom_row], &mut pieces);
            row_below = row;
        }
        pieces.untouched.sort_unstable();
        pieces.closed.sort_unstable();
        pieces
    }

    fn add(&mut self, piece: Piece) {
        self.count += 1;
        if !piece.is_touched {
            self.untouched.push(piece.first);
        }
        if piece.is_closed {
            self.closed.push(piece.first);
        }
    }

    /// The first nodes of the pieces that `mask.isolated = "mask"` leaves out: those that nothing enters, or, where nothing enters
    /// any piece, as in a body that is insulated all around, those inside it.
    fn isolated(&self) -> &[(usize, usize)] {
        if self.closed.len() as u64 == self.count {
            &self.untouched
        } else {
            &self.closed
        }
    }

    /// The nodes of the isolated pieces.
    #[must_use]
    fn isolated_nodes(&self, geometry: &Geometry) -> NodeSet {
        let nodes = &geometry.nodes;
        let mut isolated = NodeSet::default();
        let mut unvisited = self.isolated().to_vec();
        while let Some((j, i)) = unvisited.pop() {
            if geometry.masks((j, i)) || isolated.has(nodes.number(j, i)) {
                continue;
            }
            for (j, i) in nodes.same((j, i)) {
                isolated.add(nodes.number(j, i));
                // A node on the outermost lines belongs to a periodic pair, whose other line has its other neighbours.
                let columns = [i.checked_sub(1), (i + 1 < nodes.x.len()).then_some(i + 1)];
                let rows = [j.checked_sub(1), (j + 1 < nodes.y.len()).then_some(j + 1)];
                unvisited.extend(columns.into_iter().flatten().map(|i| (j, i)));
                unvisited.extend(rows.into_iter().flatten().map(|j| (j, i)));
            }
        }
        isolated
    }
}

/// Masks the pieces that nothing enters.
///
/// # Errors
/// [`ParamsError::Refused`] if all pieces are isolated in this way.
pub fn mask_isolated(geometry: &mut Geometry, raw: &RawParams) -> Result<(), ParamsError> {
    let pieces = Pieces::of(geometry);
    if pieces.isolated().len() as u64 == pieces.count {
        let reason = "it leaves no node: no wall and no held node touches any part of the domain";
        return Err(raw.refuse("mask.isolated", reason.to_owned()));
    }
    geometry.mask(&pieces.isolated_nodes(geometry));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        grid::{Axis, Grid},
        params::{Boundary, Function, Layout},
    };
    use proptest::prelude::*;

    /// Finds the pieces by walking from node to neighbour.
    fn expected(geometry: &Geometry) -> Pieces {
        let ((ny, nx), [wraps_x, wraps_y]) = geometry.shape();
        let (rows, columns) = (ny - usize::from(wraps_y), nx - usize::from(wraps_x));
        let mut seen = vec![false; rows * columns];
        let mut found = Pieces::default();
        for start in 0..rows * columns {
            let (mut todo, mut is_touched, first) = (vec![start], false, start);
            let mut is_closed = true;
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
                let Boundary {
                    left,
                    right,
                    bottom,
                    top,
                } = &geometry.walls;
                let passes = |wall: &Wall| matches!(wall, Wall::Fixed(_));
                is_closed &= !(geometry.keeps((j, i))
                    || (i == 0 && passes(left))
                    || (i + 1 == nx && passes(right))
                    || (j == 0 && passes(bottom))
                    || (j + 1 == ny && passes(top)));
                let step = |at: usize, by: usize, count: usize, wraps: bool| {
                    if wraps {
                        Some((at + by) % count)
                    } else {
                        (at + by).checked_sub(count).map_or(Some(at + by), |_| None)
                    }
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
                is_closed,
                first: (first / columns, first % columns),
            });
        }
        found
    }

    proptest! {
        #[test]
        fn pieces_are_found_row_by_row(
            (ny, nx) in (3_usize..9, 3_usize..9), periodic in any::<[bool; 2]>(), insulated in any::<[bool; 2]>(),
            masked in prop::collection::vec(prop::bool::weighted(0.5), 64),
            held in prop::collection::vec(prop::bool::weighted(0.05), 64),
        ) {
            let axis = |nodes: usize| Axis::new(Layout::Walls, 0.0, (nodes - 1) as f64, 1.0).unwrap();
            let grid = Grid { y: axis(ny), x: axis(nx) };
            let wall = |wraps: bool| if wraps { Wall::Periodic } else { Wall::Fixed(Function::Number(0.0)) };
            let [x, y] = periodic.map(wall);
            let [left, top] = [(&x, 0), (&y, 1)].map(|(wall, axis)| match insulated[axis] && !periodic[axis] {
                true => Wall::Flux(Function::Number(0.0)),
                false => wall.clone(),
            });
            let walls = Boundary { left, right: x, bottom: y, top };
            let nodes = Geometry::none(&grid, &walls, 0.0).nodes;
            let same = |at: u64| {
                let (j, i) = (at as usize / nx, at as usize % nx);
                nodes.row(j) * nx + nodes.column(i)
            };
            let set = |of: &[bool]| NodeSet::of((0..(nx * ny) as u64).filter(|&at| of[same(at) % 64]));
            let masked_set = set(&masked);
            let held: Vec<bool> = held.iter().zip(&masked).map(|(held, masked)| *held && !masked).collect();
            let geometry = Geometry::of(&grid, &walls, [masked_set.clone(), set(&held)]);
            let pieces = Pieces::of(&geometry);
            prop_assert_eq!(&pieces, &expected(&geometry));
            let isolated = pieces.isolated_nodes(&geometry);
            let is_masked = |number: u64| masked_set.has(number) || isolated.has(number);
            let all_masked = NodeSet::of((0..(nx * ny) as u64).filter(|&number| is_masked(number)));
            prop_assert_eq!(isolated.first_common(&masked_set), None);
            let touched = Pieces::of(&Geometry::of(&grid, &walls, [all_masked, set(&held)]));
            prop_assert_eq!(touched.count, pieces.count - pieces.isolated().len() as u64);
            prop_assert_eq!(touched.untouched, Vec::new());
            prop_assert!(touched.closed.is_empty() || touched.closed.len() as u64 == touched.count);
        }
    }
}
