//! Rows of a field on their way to a kernel and back: [`Staging`] gathers what does not lie in one piece, [`ArrayRing`] keeps
//! the lifted rows of an equation's arrays, and [`copy_row`] writes results.

use std::ops::Range;
use std::slice;

use ndarray::Array2;

use super::equation::{Coefficient, Equation, Operator};
use super::lanes::Lanes;
use super::lifted::{Lifted, squares};
use super::task::{Plane, TileTask};
use super::term_rows::TermRows;
use super::update::{ARRAYS, ArrayRows, RATE, SOURCE, Update};
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
/// Row `j` of all arrays is in slot `j mod slots`, whatever the level, one array after the other. A number that stands
/// for an array is one register there.
pub(super) struct ArrayRing<'a, V: Lanes> {
    memory: *mut V::Element,
    /// Elements from a row to the next one, and rows of a slot.
    pitch: usize,
    count: usize,
    slots: usize,
    /// Those that are arrays, by their numbers in [`ArrayRows`].
    planes: [Option<Plane<V::Element>>; ARRAYS],
    /// Where the row of each begins in a slot.
    begins: [usize; ARRAYS],
    /// What rates are multiplied by when they are lifted.
    rate_factor: V::Element,
    /// Terms whose sums are the source.
    terms: TermRows<'a, V>,
}

/// What the rows of an array are, or the number that stands for all of it.
#[derive(Clone, Copy)]
enum RowValues<'a, T> {
    Array(&'a Array2<T>),
    Number(T),
}

impl<'a, T: Real> RowValues<'a, T> {
    fn of(coefficient: &'a Coefficient<T>) -> Self {
        match coefficient {
            Coefficient::Array(array) => Self::Array(array),
            Coefficient::Number(number) => Self::Number(*number),
        }
    }
}

/// Those of an equation, by their numbers in [`ArrayRows`]. With the same coefficient in both directions there is a rate at
/// most; otherwise the number 0 stands for a source that there is not.
fn values<T: Real>(equation: &Equation<T>) -> [Option<RowValues<'_, T>>; ARRAYS] {
    let [x, y] = match &equation.operator {
        Operator::Variable { x, y } => [x, y].map(|array| Some(RowValues::Array(array))),
        _ => [None; 2],
    };
    let source = equation.source.as_ref().or(equation.scaled_source());
    let source = match (&equation.operator, source) {
        (Operator::Isotropic { .. }, _) => None,
        (_, None) => Some(RowValues::Number(T::default())),
        (_, Some(array)) => Some(RowValues::Array(array)),
    };
    let reaction = equation.reaction.as_ref();
    let rate = reaction.map(|reaction| RowValues::of(&reaction.rate));
    let decay = reaction
        .filter(|reaction| reaction.decays())
        .map(|reaction| RowValues::of(&reaction.decay));
    [x, y, source, rate, decay]
}

/// How many rows come before that of each array in a slot of those that there are.
#[inline(always)]
fn rows_before(are_there: [bool; ARRAYS]) -> [usize; ARRAYS] {
    let mut count = 0;
    are_there.map(|is_there| {
        let before = count;
        count += usize::from(is_there);
        before
    })
}

impl<'a, V: Lanes> ArrayRing<'a, V> {
    /// The rows of memory for `slots` rows of each array of a task.
    pub fn count(task: &TileTask<'_, V::Element>, slots: usize) -> usize {
        let arrays = values(task.equation).iter().flatten().count();
        (arrays + TermRows::<V>::count(task)) * slots
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
        let plane = |array: &Array2<V::Element>| {
            Plane::new(array.as_ptr().cast_mut(), array.dim(), array.strides())
        };
        let ring = Self {
            memory,
            pitch,
            count,
            slots,
            planes: values.map(|values| match values {
                Some(RowValues::Array(array)) => Some(plane(array)),
                _ => None,
            }),
            begins: rows_before(values.map(|values| values.is_some())).map(|rows| rows * pitch),
            rate_factor: match task.equation.operator {
                Operator::Isotropic { r } => r,
                _ => V::Element::ONE,
            },
            terms: TermRows::new(
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
        for j in rows {
            let place = task.row_place(base + j as isize);
            let factor = |array| match array {
                RATE => self.rate_factor,
                _ => V::Element::ONE,
            };
            let arrays = self.planes.iter().enumerate();
            let arrays = arrays
                .filter_map(|(array, plane)| Some(((*plane)?, self.row(array, j), factor(array))));
            let terms = self.terms.rows(j);
            let terms = terms.map(|(plane, to)| (plane, to, V::Element::ONE));
            for (plane, to, factor) in arrays.chain(terms) {
                // The faces south of the last row have a row of their own.
                if place < plane.rows {
                    // SAFETY: passed on.
                    unsafe {
                        let factor = V::splat(factor);
                        let from = staging.row(&plane, place);
                        layout.lift(from, to, |register| register.multiply(factor));
                    }
                }
            }
        }
    }

    /// The rows that belong to a group of `N` rows from `first` on, in the step after `step` steps, for an update of type
    /// `U`. Its type tells where in a slot they begin, which leaves the kernel more registers.
    ///
    /// # Safety
    /// The processor has the instructions of `V`, the rows were lifted, and the equation has what the update reads.
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
        if U::READS[SOURCE] {
            rows.factor = self.terms.factor(step);
            if self.terms.are_added() {
                for j in first..first + N {
                    // SAFETY: passed on.
                    unsafe { self.terms.add_up(j, step, self.row(SOURCE, j)) };
                }
                rows.elements[SOURCE] = usize::MAX;
            }
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
