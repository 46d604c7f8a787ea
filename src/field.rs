//! [`Field`]: the density on the nodes of the grid.

use diff2d_stencil::real::Real;
use diff2d_sys::{self as sys, Memory};
use ndarray::{ArrayView2, ArrayViewMut2};
use rayon::prelude::*;
use std::{io, marker::PhantomData, ops::Range};

/// An array `[j, i]` of nodes, row-major and without gaps, so that its bytes are the bytes of a snapshot.
///
/// The memory is an anonymous map. It is zeroed and aligned to pages, an allocation that fails is an
/// error rather than an abort, and the system may use huge pages. A page is placed near the thread
/// that first writes to it, so rows should be initialised by the threads that compute them.
///
/// Shape: `(ny, nx)`; the first and last row and column are boundary nodes.
#[derive(Debug)]
pub struct Field<T> {
    memory: Memory,
    shape: (usize, usize),
    element: PhantomData<T>,
}

impl<T: Real> Field<T> {
    /// A field of zeros.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub fn zeros(shape: (usize, usize)) -> io::Result<Self> {
        let bytes = shape
            .0
            .checked_mul(shape.1)
            .and_then(|count| count.checked_mul(size_of::<T>()))
            .ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self {
            memory: Memory::zeroed(bytes)?,
            shape,
            element: PhantomData,
        })
    }

    /// A field of the same shape and boundary nodes; zeros inside.
    ///
    /// # Errors
    /// If the system has too little memory.
    pub fn with_same_boundary(&self) -> io::Result<Self> {
        let (ny, nx) = self.shape;
        let mut field = Self::zeros(self.shape)?;
        // The threads write their rows first, which places the pages; boundary columns are copied.
        field
            .as_mut_slice()
            .par_chunks_mut(nx)
            .zip(self.as_slice().par_chunks(nx))
            .for_each(|(row, same)| {
                row.fill(T::default());
                (row[0], row[nx - 1]) = (same[0], same[nx - 1]);
            });
        for row in [0, ny.saturating_sub(1)].map(|row| row * nx) {
            let boundary = self.as_slice().get(row..row + nx).unwrap_or_default();
            field.as_mut_slice()[row..row + boundary.len()].copy_from_slice(boundary);
        }
        Ok(field)
    }

    /// The numbers of rows and columns, `(ny, nx)`.
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The values, row by row.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        bytemuck::cast_slice(&self.memory)
    }

    /// The values, row by row, to change.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.memory)
    }

    /// The bytes of a snapshot of this field, in native byte order.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.memory
    }

    /// The bytes of the field, to be overwritten by the bytes of a snapshot.
    pub fn as_mut_bytes(&mut self) -> &mut [u8] {
        &mut self.memory
    }

    /// Copies the rows `rows` of another field with the same number of columns to the rows from `first` on.
    ///
    /// # Panics
    /// If one of the fields has too few rows, or the numbers of columns differ.
    pub fn copy_rows(&mut self, first: usize, from: &Self, rows: Range<usize>) {
        let nx = self.shape.1;
        assert_eq!(nx, from.shape.1, "rows have one length");
        let copied = first * nx..(first + rows.len()) * nx;
        sys::copy(
            &mut self.as_mut_slice()[copied],
            &from.as_slice()[rows.start * nx..rows.end * nx],
        );
    }

    /// The field as an array `[j, i]`.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, T> {
        let (rows, columns) = self.shape;
        ArrayView2::from_shape((rows, columns), self.as_slice())
            .unwrap_or_else(|_| unreachable!("the memory was made for this shape"))
    }

    /// The field as an array `[j, i]`, to change.
    pub fn view_mut(&mut self) -> ArrayViewMut2<'_, T> {
        let (rows, columns) = self.shape;
        ArrayViewMut2::from_shape((rows, columns), self.as_mut_slice())
            .unwrap_or_else(|_| unreachable!("the memory was made for this shape"))
    }
}
