//! Rows of a field on their way to a kernel and back: [`Staging`] gathers what does not lie in one piece, [`ArrayRing`] keeps
//! the lifted rows of an equation's arrays, and [`copy_row`] writes results.

use std::marker::PhantomData;
use std::ops::Range;
use std::slice;

use ndarray::Array2;

use super::equation::{Coefficient, Equation, Operator};
use super::kind::Kind;
use super::lanes::Lanes;
use super::lifted::{Lifted, squares};
use super::task::{Plane, TileTask};
use super::update::{ARRAYS, ArrayRows, SOURCE};
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
pub(super) struct ArrayRing<V: Lanes, K> {
    memory: *mut V::Element,
    pitch: usize,
    slots: usize,
    /// Those that are arrays, by their numbers in [`ArrayRows`].
    planes: [Option<Plane<V::Element>>; ARRAYS],
    kind: PhantomData<K>,
}

impl<V: Lanes, K: Kind<V>> ArrayRing<V, K> {
    /// Which arrays this kind of equation reads, and how many.
    const HAS: [bool; ARRAYS] = {
        let [faces, source, rate, decay] = K::ARRAYS;
        [faces, faces, source, rate, decay]
    };
    pub const COUNT: usize = Self::before(ARRAYS);

    /// How many of them there are before this one.
    const fn before(array: usize) -> usize {
        let (mut count, mut other) = (0, 0);
        while other < array {
            count += Self::HAS[other] as usize;
            other += 1;
        }
        count
    }

    /// A ring of `slots` rows of each array in `memory`, `pitch` elements apart.
    pub fn new(
        task: &TileTask<'_, V::Element>,
        memory: *mut V::Element,
        pitch: usize,
        slots: usize,
    ) -> Self {
        let plane = |array: &Array2<V::Element>| {
            Plane::new(array.as_ptr().cast_mut(), array.dim(), array.strides())
        };
        let Equation {
            operator,
            source,
            reaction,
        } = task.equation;
        let (x, y) = match operator {
            Operator::Variable { x, y } => (Some(x), Some(y)),
            _ => (None, None),
        };
        let coefficients = reaction.as_ref().map(|both| [&both.rate, &both.decay]);
        let [rate, decay] = coefficients.map_or([None; 2], |both| both.map(Coefficient::array));
        let ring = Self {
            memory,
            pitch,
            slots,
            planes: [x, y, source.as_ref(), rate, decay].map(|array| array.map(plane)),
            kind: PhantomData,
        };
        let numbers = coefficients.map_or([None; 2], |both| both.map(Coefficient::number));
        // Without a source, its number is 0.
        let numbers = [Some(V::Element::default()), numbers[0], numbers[1]];
        for (array, number) in (SOURCE..).zip(numbers) {
            if let (true, None, Some(number)) = (Self::HAS[array], &ring.planes[array], number) {
                for j in 0..slots {
                    // SAFETY: the ring has so many rows.
                    let row = unsafe { slice::from_raw_parts_mut(ring.row(array, j), V::COUNT) };
                    row.fill(number);
                }
            }
        }
        ring
    }

    /// Row `j` of all arrays.
    #[inline(always)]
    fn slot(&self, j: usize) -> *mut V::Element {
        self.memory
            .wrapping_add(j % self.slots * Self::COUNT * self.pitch)
    }

    /// Row `j` of an array.
    #[inline(always)]
    fn row(&self, array: usize, j: usize) -> *mut V::Element {
        self.slot(j).wrapping_add(Self::before(array) * self.pitch)
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
        for j in rows {
            let place = task.row_place(base + j as isize);
            for (array, plane) in self.planes.iter().enumerate() {
                // The faces south of the last row have a row of their own.
                if let Some(plane) = plane
                    && Self::HAS[array]
                    && place < plane.rows
                {
                    // SAFETY: passed on.
                    unsafe {
                        let from = staging.row(plane, place);
                        layout.lift(from, self.row(array, j), |register| register);
                    }
                }
            }
        }
    }

    /// The rows that belong to a group of `N` rows from `first` on.
    #[inline(always)]
    pub fn rows<const N: usize>(&self, first: usize) -> ArrayRows<V::Element, N> {
        let mut rows = ArrayRows::NONE;
        if Self::COUNT == 0 {
            return rows;
        }
        for j in 0..N {
            rows.slots[j] = self.slot(first + j);
        }
        rows.south = self.slot(first + N);
        for array in 0..ARRAYS {
            rows.begins[array] = Self::before(array) * self.pitch;
            rows.elements[array] = match self.planes[array] {
                Some(_) => usize::MAX,
                None => 0,
            };
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
