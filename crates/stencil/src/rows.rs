//! Moves rows of a field to a kernel and back: [`Staging`] gathers rows that are not contiguous, [`ArrayRing`] keeps
//! the lifted rows of an equation's arrays, and [`copy_row`] writes results.

use std::ops::Range;
use std::slice;

use ndarray::Array2;

use super::equation::{Coefficient, Equation, Operator, Weight};
use super::lanes::Lanes;
use super::lifted::{Layout, squares};
use super::product_rows::ProductRows;
use super::task::{Plane, TileTask};
use super::update::{ARRAYS, ArrayRows, Update, X, Y, array_of};
use super::walls::Computed;
use crate::real::Real;

/// Memory for one row of a tile in the order of the field, with the columns west and east of it.
pub(super) struct Staging<'a, T> {
    columns: Range<isize>,
    domain: &'a Computed,
    memory: *mut T,
}

impl<'a, T: Real> Staging<'a, T> {
    /// Staging for the lifted columns of a task; `memory` has room for one row of them.
    pub fn new(task: &'a TileTask<'_, T>, memory: *mut T) -> Self {
        Self {
            columns: task.lifted_columns(),
            domain: &task.domain[1],
            memory,
        }
    }

    /// The lifted columns of row `j` of a plane. Columns outside the plane have arbitrary values.
    ///
    /// # Safety
    /// The row is in the plane; its nodes in these columns may be read. The next call overwrites the result.
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

    /// The lifted columns of a row of `columns` values.
    ///
    /// # Safety
    /// The values in these columns may be read. The next call overwrites the row.
    pub unsafe fn gather(&self, values: *const T, columns: usize) -> *const T {
        let Range { start, end } = self.columns;
        let mut i = start;
        while i < end {
            let columns_left = (end - i) as usize;
            // SAFETY: there is room for so many columns, and these are in the row.
            i += unsafe {
                let target = self.memory.add((i - start) as usize);
                match self.domain.is_in(i, columns) {
                    true => {
                        let count = self.domain.adjacent(i, columns).min(columns_left);
                        let source = values.add(self.domain.place(i));
                        source.copy_to_nonoverlapping(target, count);
                        count as isize
                    }
                    false => {
                        target.write(T::default());
                        1
                    }
                }
            };
        }
        self.memory
    }
}

/// The lifted rows of an equation's arrays that the active rows of a tile read.
///
/// Row `j` of all arrays is in slot `j mod slots`, for every level, one array after the other. A number in place of an
/// array takes one register.
pub(super) struct ArrayRing<'a, V: Lanes> {
    memory: *mut V::Element,
    /// The distance of rows in elements, and the number of rows in a slot.
    pitch: usize,
    count: usize,
    slots: usize,
    /// The arrays, by their numbers in [`ArrayRows`]; `None` for a number in place of an array.
    planes: [Option<Plane<V::Element>>; ARRAYS],
    /// The element of a slot at which the row of each array begins.
    begins: [usize; ARRAYS],
    /// The factor applied to rates when they are lifted.
    rate_factor: V::Element,
    /// The products whose sums are the source.
    products: ProductRows<'a, V>,
}

/// The rows of an array, or the number in its place.
#[derive(Clone, Copy)]
enum RowValues<'a, T> {
    Array(&'a Array2<T>),
    Number(T),
}

/// The arrays of an equation, by their numbers in [`ArrayRows`]. With the same diffusion coefficient in both directions
/// there is at most a rate; otherwise the number 0 stands for a missing source, and 1 for a missing rate beside a loss.
fn values<T: Real>(equation: &Equation<T>) -> [Option<RowValues<'_, T>>; ARRAYS] {
    let mut values = [None; ARRAYS];
    if let Operator::Variable { x, y } = &equation.operator {
        values[X] = Some(RowValues::Array(x));
        values[Y] = Some(RowValues::Array(y));
    }
    for weight in Weight::ALL {
        let coefficient = equation.coefficient(weight);
        let is_read = match weight {
            Weight::One => !matches!(equation.operator, Operator::Isotropic { .. }),
            Weight::Change => equation.has_reaction(),
            Weight::Density => coefficient.is_some(),
        };
        values[array_of(weight)] = is_read.then_some(match coefficient {
            None => RowValues::Number(weight.neutral()),
            Some(Coefficient::Number(number)) => RowValues::Number(*number),
            Some(Coefficient::Array(array)) => RowValues::Array(array),
            // The sums of several are written over it.
            Some(Coefficient::Products(_)) => equation
                .scaled_source()
                .map_or(RowValues::Number(weight.neutral()), RowValues::Array),
        });
    }
    values
}

/// The number of rows before the row of each array in a slot. A slot has rows only for existing arrays.
#[inline(always)]
fn rows_before(are_there: [bool; ARRAYS]) -> [usize; ARRAYS] {
    let mut count = 0;
    are_there.map(|is_there| {
        let array_row = count;
        count += usize::from(is_there);
        array_row
    })
}

impl<'a, V: Lanes> ArrayRing<'a, V> {
    /// The number of rows of memory for `slots` rows of each array of a task.
    pub fn count(task: &TileTask<'_, V::Element>, slots: usize) -> usize {
        let arrays = values(task.equation).iter().flatten().count();
        (arrays + ProductRows::<V>::count(task)) * slots
    }

    /// A ring of `slots` rows of each array in `memory`, `pitch` elements apart.
    pub fn new(
        task: &'a TileTask<'_, V::Element>,
        memory: *mut V::Element,
        pitch: usize,
        slots: usize,
    ) -> Self {
        let values = values(task.equation);
        let count = values.iter().flatten().count();
        let ring = Self {
            memory,
            pitch,
            count,
            slots,
            planes: values.map(|values| match values {
                Some(RowValues::Array(array)) => Some(Plane::of(array)),
                _ => None,
            }),
            begins: rows_before(values.map(|values| values.is_some())).map(|rows| rows * pitch),
            rate_factor: match task.equation.operator {
                Operator::Isotropic { r } => r,
                _ => V::Element::ONE,
            },
            products: ProductRows::new(
                task,
                memory.wrapping_add(count * slots * pitch),
                pitch,
                slots,
            ),
        };
        for (array, values) in values.iter().enumerate() {
            if let Some(RowValues::Number(number)) = values {
                for j in 0..slots {
                    // SAFETY: the ring has so many rows.
                    let row = unsafe { slice::from_raw_parts_mut(ring.row(array, j), V::COUNT) };
                    row.fill(*number);
                }
            }
        }
        ring
    }

    /// Row `j` of all arrays.
    #[inline(always)]
    fn slot(&self, j: usize) -> *mut V::Element {
        self.memory
            .wrapping_add(j % self.slots * self.count * self.pitch)
    }

    /// Row `j` of an array.
    #[inline(always)]
    fn row(&self, array: usize, j: usize) -> *mut V::Element {
        self.slot(j).wrapping_add(self.begins[array])
    }

    /// Lifts these rows, counted from row `base` of the field.
    ///
    /// # Safety
    /// Rows and columns are those of the task; the rows that they replace are no longer read.
    #[inline(always)]
    pub unsafe fn lift(
        &self,
        task: &TileTask<'_, V::Element>,
        base: isize,
        rows: Range<usize>,
        layout: &impl Layout<V>,
        staging: &Staging<'_, V::Element>,
    ) {
        for j in rows {
            let place = task.row_place(base + j as isize);
            let arrays = self.planes.iter().enumerate().filter_map(|(array, plane)| {
                let factor = match array == array_of(Weight::Change) {
                    true => self.rate_factor,
                    false => V::Element::ONE,
                };
                Some(((*plane)?, self.row(array, j), factor))
            });
            let products = self
                .products
                .rows(j)
                .map(|(plane, to)| (plane, to, V::Element::ONE));
            for (plane, to, factor) in arrays.chain(products) {
                // The faces south of the last row have a row of their own.
                if place < plane.rows {
                    // SAFETY: passed on.
                    unsafe {
                        let factor = V::splat(factor);
                        let source_row = staging.row(&plane, place);
                        layout.lift(source_row, to, |register| register.multiply(factor));
                    }
                }
            }
        }
    }

    /// The rows for a group of `N` rows from `first` on, after `step` steps, for an update of type `U`. The type
    /// determines where in a slot they begin, which leaves the kernel more registers.
    ///
    /// # Safety
    /// The processor has the instructions of `V`, the rows have been lifted, and the equation has the arrays that the
    /// update reads.
    #[inline(always)]
    pub unsafe fn rows<U: Update<V>, const N: usize>(
        &self,
        first: usize,
        step: usize,
    ) -> ArrayRows<V::Element, N> {
        let mut rows = ArrayRows::NONE;
        if U::READS == [false; ARRAYS] {
            return rows;
        }
        for j in 0..N {
            rows.slots[j] = self.slot(first + j);
        }
        rows.south = self.slot(first + N);
        rows.begins = rows_before(U::READS).map(|rows| rows * self.pitch);
        rows.elements = self.planes.map(|plane| match plane {
            Some(_) => usize::MAX,
            None => 0,
        });
        let source = array_of(Weight::One);
        if U::READS[source] {
            rows.factor = self.products.factor(step);
            if self.products.are_added() {
                for j in first..first + N {
                    // SAFETY: passed on.
                    unsafe { self.products.add_up(j, step, self.row(source, j)) };
                }
                rows.elements[source] = usize::MAX;
            }
        }
        rows
    }
}

/// Passes `count` elements of a row to a function, at least as many as there are lanes, some of them twice.
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

/// Copies `count` elements, bypassing the caches if `stream`.
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
