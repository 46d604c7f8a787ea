//! Rows of a field on their way to a kernel and back: [`Staging`] gathers what does not lie in one piece, [`ArrayRing`] keeps
//! the lifted rows of an equation's arrays, and [`copy_row`] writes results.

use std::marker::PhantomData;
use std::ops::Range;

use ndarray::Array2;

use super::equation::Operator;
use super::kind::Kind;
use super::lanes::Lanes;
use super::lifted::{Lifted, squares};
use super::task::{Plane, TileTask};
use super::terms::TermRows;
use super::update::ArrayRows;
use super::walls::Computed;
use crate::real::Real;

/// Room for one row of a tile in the order of the field, the columns west and east of it included.
pub(super) struct Staging<'a, T> {
    columns: Range<isize>,
    domain: &'a Computed,
    memory: *mut T,
}

impl<'a, T: Real> Staging<'a, T> {
    /// For the lifted columns of a task; `memory` has room for as many.
    pub fn new(task: &'a TileTask<'_, T>, memory: *mut T) -> Self {
        Self {
            columns: task.lifted_columns(),
            domain: &task.domain[1],
            memory,
        }
    }

    /// Row `j` of a plane, the lifted columns. Columns outside of the plane have any value.
    ///
    /// # Safety
    /// The row is in the plane; its nodes in these columns may be read. The next call overwrites it.
    #[inline(always)]
    pub unsafe fn row(&self, plane: &Plane<T>, j: usize) -> *const T {
        let Range { start, end } = self.columns;
        if start >= 0 && end <= plane.columns as isize {
            // SAFETY: the caller's promise.
            return unsafe { plane.node(j, start as usize) };
        }
        // SAFETY: the caller's promise.
        unsafe { self.gather(plane.node(j, 0), plane.columns) }
    }

    /// The same of a row of `columns` values.
    ///
    /// # Safety
    /// Those in these columns may be read. The next call overwrites the row.
    pub unsafe fn gather(&self, values: *const T, columns: usize) -> *const T {
        let Range { start, end } = self.columns;
        let mut i = start;
        while i < end {
            let left = (end - i) as usize;
            // SAFETY: there is room for so many columns, and these are in the row.
            i += unsafe {
                let to = self.memory.add((i - start) as usize);
                match self.domain.is_in(i, columns) {
                    true => {
                        let count = self.domain.adjacent(i, columns).min(left);
                        let from = values.add(self.domain.place(i));
                        from.copy_to_nonoverlapping(to, count);
                        count as isize
                    }
                    false => {
                        to.write(T::default());
                        1
                    }
                }
            };
        }
        self.memory
    }
}

/// The lifted rows of an equation's arrays that the rows of a tile in progress read.
///
/// Row `j` of all arrays is in slot `j mod slots`, whatever the level.
pub(super) struct ArrayRing<'a, V: Lanes, K> {
    memory: *mut V::Element,
    pitch: usize,
    slots: usize,
    planes: [Plane<V::Element>; 3],
    /// Whether there is a source; otherwise its row 0 holds zeros and stands for all.
    has_source: bool,
    terms: TermRows<'a, V>,
    kind: PhantomData<K>,
}

impl<'a, V: Lanes, K: Kind<V>> ArrayRing<'a, V, K> {
    const FACES: bool = K::ARRAYS[0];
    const SOURCE: bool = K::ARRAYS[1];
    /// The number of arrays.
    const COUNT: usize = 2 * Self::FACES as usize + Self::SOURCE as usize;

    /// The rows of memory for `slots` rows of each array of a task, advanced in groups of at most `group`.
    pub fn count(task: &TileTask<'_, V::Element>, slots: usize, group: usize) -> usize {
        Self::COUNT * slots + TermRows::<V>::count(task, slots, group)
    }

    /// A ring of `slots` rows of each array in `memory`, `pitch` elements apart.
    pub fn new(
        task: &'a TileTask<'_, V::Element>,
        memory: *mut V::Element,
        pitch: usize,
        slots: usize,
    ) -> Self {
        let none = Plane {
            base: std::ptr::null_mut(),
            rows: 0,
            columns: 0,
            stride: 0,
        };
        let plane = |array: &Array2<V::Element>| {
            Plane::new(array.as_ptr().cast_mut(), array.dim(), array.strides())
        };
        let (x, y) = match &task.equation.operator {
            Operator::Variable { x, y } => (plane(x), plane(y)),
            _ => (none, none),
        };
        let source = &task.equation.source;
        let ring = Self {
            memory,
            pitch,
            slots,
            planes: [x, y, source.as_ref().map_or(none, plane)],
            has_source: source.is_some(),
            terms: TermRows::new(
                task,
                memory.wrapping_add(Self::COUNT * slots * pitch),
                pitch,
                slots,
            ),
            kind: PhantomData,
        };
        if Self::SOURCE && source.is_none() {
            // SAFETY: the ring has at least one row.
            unsafe { ring.source_row(0).write_bytes(0, pitch) };
        }
        ring
    }

    /// Row `j` of the source.
    #[inline(always)]
    fn source_row(&self, j: usize) -> *mut V::Element {
        self.at(Self::COUNT - 1, if self.has_source { j } else { 0 })
    }

    /// Row `j` of an array, by its number in the ring.
    #[inline(always)]
    fn at(&self, array: usize, j: usize) -> *mut V::Element {
        let row = j % self.slots * Self::COUNT + array;
        self.memory.wrapping_add(row * self.pitch)
    }

    /// Lifts these rows, counted from row `base` of the field.
    ///
    /// # Safety
    /// Rows and columns are those of the task; the rows that they replace are not read any more.
    #[inline(always)]
    pub unsafe fn lift(
        &self,
        task: &TileTask<'_, V::Element>,
        base: isize,
        rows: Range<usize>,
        layout: &Lifted<V>,
        staging: &Staging<'_, V::Element>,
    ) {
        if Self::COUNT == 0 {
            return;
        }
        // SAFETY: passed on.
        unsafe { self.terms.lift(task, base, rows.clone(), layout, staging) };
        for j in rows {
            let place = task.row_place(base + j as isize);
            let [x, y, source] = &self.planes;
            // The faces south of the last row have a row of their own.
            let rows: [(bool, &Plane<_>, usize); 3] = [
                (Self::FACES, x, 0),
                (Self::FACES, y, 1),
                (
                    Self::SOURCE && self.has_source,
                    source,
                    Self::COUNT.wrapping_sub(1),
                ),
            ];
            for (exists, plane, array) in rows {
                if exists && place < plane.rows {
                    // SAFETY: passed on.
                    unsafe {
                        let from = staging.row(plane, place);
                        layout.lift(from, self.at(array, j), |register| register);
                    }
                }
            }
        }
    }

    /// The rows that belong to a group of `N` rows from `first` on, in the step after `step` steps.
    ///
    /// # Safety
    /// The processor has the instructions of `V`, and the rows were lifted. The next call overwrites sums of terms.
    #[inline(always)]
    pub unsafe fn rows<const N: usize>(
        &self,
        first: usize,
        step: usize,
    ) -> ArrayRows<V::Element, N> {
        let mut rows = ArrayRows::NONE;
        for j in 0..N {
            if Self::FACES {
                rows.x[j] = self.at(0, first + j);
                rows.y[j] = self.at(1, first + j);
            }
            if Self::SOURCE {
                rows.source[j] = self.source_row(first + j);
            }
        }
        if Self::FACES {
            rows.south = self.at(1, first + N);
        }
        if Self::SOURCE {
            // SAFETY: passed on.
            unsafe { self.terms.add_up(first, step, &mut rows.source) };
        }
        rows
    }
}

/// Passes on `count` elements of a row, at least as many as there are lanes, some of them twice.
///
/// # Safety
/// The processor has the instructions of `V`; the elements are readable.
#[inline(always)]
pub(super) unsafe fn look_at<V: Lanes>(
    row: *const V::Element,
    count: usize,
    mut look: impl FnMut(V),
) {
    for first in squares(count, V::COUNT) {
        // SAFETY: passed on.
        look(unsafe { V::load(row.add(first)) });
    }
}

/// Copies `count` elements, past the caches if `stream`.
///
/// # Safety
/// The processor has the instructions of `V`; both hold `count` elements, and
/// they do not overlap.
#[inline(always)]
pub(super) unsafe fn copy_row<V: Lanes>(
    mut from: *const V::Element,
    mut to: *mut V::Element,
    mut count: usize,
    stream: bool,
) {
    // SAFETY: `from` and `to` advance together, by `count` elements in all.
    unsafe {
        if stream {
            let head = to.align_offset(size_of::<V>()).min(count);
            from.copy_to_nonoverlapping(to, head);
            (from, to, count) = (from.add(head), to.add(head), count - head);
            while count >= V::COUNT {
                V::load(from).stream(to);
                (from, to, count) = (from.add(V::COUNT), to.add(V::COUNT), count - V::COUNT);
            }
        }
        from.copy_to_nonoverlapping(to, count);
    }
}
