//! Advances a tile of few nodes or of few columns with vectors, level by level.
//!
//! The rows of a [wavefront](super::wavefront) are lifted, and its levels follow one another row by row, which pays if
//! there are many nodes. A small tile stays in the first-level cache anyhow: neighbours are loaded from where they are.

use std::marker::PhantomData;
use std::{mem, slice};

use super::copied::Copied;
use super::kind::{Advance, EquationKind};
use super::knowledge::TileOutcome;
use super::lanes::{Computation, Lanes};
use super::lifted::Layout;
use super::rows::{ArrayRing, Staging};
use super::scalar::Star;
use super::scratch::Workspace;
use super::task::TileTask;
use super::update::Update;

/// The number of elements of the workspace that a task takes: two states, the rows of arrays, and a row in the order of
/// the field.
#[inline(always)]
pub(super) fn elements<V: Lanes>(task: &TileTask<'_, V::Element>) -> usize {
    let tile = Copied::new(task, V::COUNT);
    let array_slots = ArrayRing::<V>::count(task, array_rows(task));
    2 * tile.elements() + (array_slots + 1) * tile.pitch
}

/// The number of rows of each array that a task keeps.
#[inline(always)]
fn array_rows<T: Copy>(task: &TileTask<'_, T>) -> usize {
    task.rows_at(0).len() + 1
}

/// Writes the nodes of a task into its target; equations are of the kind `K`.
pub(super) struct SmallTile<'a, 'b, V: Lanes, K> {
    task: &'a TileTask<'b, V::Element>,
    scratch: &'a mut Workspace,
    kind: PhantomData<K>,
}

impl<'a, 'b, V: Lanes, K> SmallTile<'a, 'b, V, K> {
    /// The computation of a task, whose promises have to hold, and whose equation has to be of the kind `K`.
    pub fn new(task: &'a TileTask<'b, V::Element>, scratch: &'a mut Workspace) -> Self {
        let kind = PhantomData;
        Self {
            task,
            scratch,
            kind,
        }
    }
}

impl<V: Lanes, K: EquationKind<V>> Computation for SmallTile<'_, '_, V, K> {
    type Output = TileOutcome;

    #[inline(always)]
    unsafe fn run(self) -> TileOutcome {
        let Self { task, scratch, .. } = self;
        if let Some(stage) = &task.stage {
            stage.wait(task.rows.end);
        }
        let tile = Copied::new(task, V::COUNT);
        let (size, pitch, rows) = (tile.elements(), tile.pitch, task.rows_at(0));
        let array_rows = array_rows(task);
        let array_slots = ArrayRing::<V>::count(task, array_rows);
        let memory = scratch.elements::<V::Element>(elements::<V>(task));
        let array_memory = memory.wrapping_add(2 * size);
        let staging = array_memory.wrapping_add(array_slots * pitch);
        // SAFETY: the scratch has room for two states, the rows of arrays, and a row in the order of the field; the rest is
        // passed on.
        unsafe {
            let mut kind = K::new(task);
            let state = slice::from_raw_parts_mut(memory, size);
            let next_state = slice::from_raw_parts_mut(memory.add(size), size);
            tile.fill(state);
            next_state.copy_from_slice(state);
            for register in state.chunks_exact(V::COUNT) {
                kind.note(V::load(register.as_ptr()));
            }
            let arrays = ArrayRing::<V>::new(task, array_memory, pitch, array_rows);
            let columns = task.computed_columns().len();
            let layout = InOrder { columns };
            let staging = Staging::new(task, staging);
            arrays.lift(task, rows.start, 0..array_rows, &layout, &staging);
            let is_valid = kind.is_valid();
            debug_assert!(is_valid, "kinds for small tiles are valid for any source");
            let mut levels = Levels::<V> {
                tile: &tile,
                states: [state, next_state],
                arrays,
            };
            kind.advance(1, &mut levels);
            kind.outcome()
        }
    }
}

/// Rows in the order of the field: the column west of the computed ones is the last element of the first register.
struct InOrder {
    /// The number of computed columns.
    columns: usize,
}

impl<V: Lanes> Layout<V> for InOrder {
    #[inline(always)]
    unsafe fn lift(
        &self,
        from: *const V::Element,
        to: *mut V::Element,
        mut change: impl FnMut(V) -> V,
    ) {
        let registers = self.columns.div_ceil(V::COUNT) + 2;
        // SAFETY: the caller's promise.
        unsafe {
            let row = slice::from_raw_parts_mut(to, registers * V::COUNT);
            row.fill(V::Element::default());
            let columns = slice::from_raw_parts(from, self.columns + 2);
            row[V::COUNT - 1..][..columns.len()].copy_from_slice(columns);
            for register in row.chunks_exact_mut(V::COUNT) {
                change(V::load(register.as_ptr())).store(register.as_mut_ptr());
            }
        }
    }
}

/// All levels of a tile.
struct Levels<'a, 'b, V: Lanes> {
    tile: &'a Copied<'b, V::Element>,
    /// Two copies of the source, of which the first one becomes the result.
    states: [&'a mut [V::Element]; 2],
    arrays: ArrayRing<'a, V>,
}

impl<V: Lanes> Advance<V> for Levels<'_, '_, V> {
    #[inline(always)]
    fn count(&self) -> u64 {
        let task = self.tile.task;
        (task.rows.len() * task.steps) as u64
    }

    #[inline(always)]
    fn is_by_two(&self) -> bool {
        false
    }

    #[inline(always)]
    unsafe fn by_one<U: Update<V>>(&mut self, update: U) -> U {
        // SAFETY: passed on.
        unsafe { V::compiled(LevelByLevel(self, update)) }
    }

    #[inline(always)]
    unsafe fn by_two(&mut self, _: impl Update<V>, _: impl Update<V>) {
        unreachable!("small tiles advance by one level")
    }
}

/// The computation of [`Advance::by_one`].
struct LevelByLevel<'a, 'b, 'c, V: Lanes, U>(&'a mut Levels<'b, 'c, V>, U);

impl<V: Lanes, U: Update<V>> Computation for LevelByLevel<'_, '_, '_, V, U> {
    type Output = U;

    #[inline(always)]
    unsafe fn run(self) -> U {
        let Self(levels, mut update) = self;
        let (tile, arrays) = (levels.tile, &levels.arrays);
        let [state, next_state] = &mut levels.states;
        let task = tile.task;
        let registers = tile.columns().div_ceil(V::COUNT);
        // SAFETY: passed on; a row and the rows around it have so many registers, and one more on each side.
        unsafe {
            let lanes_outside = V::lanes_from(tile.columns() - (registers - 1) * V::COUNT);
            for level in 1..=task.steps {
                tile.prepare_walls(state, level);
                for j in task.rows_at(level) {
                    let row_begin = tile.begin(j);
                    let (row, next_row) = (
                        state.as_ptr().add(row_begin),
                        next_state.as_mut_ptr().add(row_begin),
                    );
                    let step = task.first + level - 1;
                    let array_rows = arrays.rows::<U, 1>(tile.number(j) - 1, step);
                    for at in (0..registers).map(|register| register * V::COUNT) {
                        let node = row.add(at);
                        let star = Star {
                            north: V::load(node.sub(tile.pitch)),
                            south: V::load(node.add(tile.pitch)),
                            west: V::load(node.sub(1)),
                            east: V::load(node.add(1)),
                            centre: V::load(node),
                        };
                        let north_west = star.north.add(star.west);
                        let place = (0, at + V::COUNT);
                        let mut value = update.next(&array_rows, place, star, north_west);
                        if at + V::COUNT >= tile.columns() {
                            value = value.select(lanes_outside, star.centre);
                        }
                        value.store(next_row.add(at));
                    }
                }
                mem::swap(state, next_state);
            }
            tile.write(state);
        }
        update
    }
}
