//! Boxes of an array read in C order, also from a file in Fortran order.

use super::partition::in_memory;
use diff2d_arrays::npy::{ArrayFile, NpyError, Region, length};
use ndarray::{ArrayView, ArrayViewD, ArrayViewMut, ArrayViewMutD, Axis, IxDyn};

/// Reads a box into a chunk of as many bytes; `in_file_order` is memory for what has to be transposed.
pub(super) fn read(
    array: &ArrayFile,
    region: &Region,
    chunk: &mut [u8],
    in_file_order: &mut Vec<u8>,
) -> Result<(), NpyError> {
    let npy = &array.npy;
    let in_file = npy.in_file_order(region);
    if !npy.fortran_order {
        return array.read_bytes(&in_file, chunk);
    }
    in_file_order.resize(chunk.len(), 0);
    array.read_bytes(&in_file, in_file_order)?;
    let lengths: Vec<usize> = in_file.iter().map(length).map(in_memory).collect();
    match npy.dtype.bytes {
        1 => reverse::<1>(in_file_order, &lengths, chunk),
        2 => reverse::<2>(in_file_order, &lengths, chunk),
        4 => reverse::<4>(in_file_order, &lengths, chunk),
        _ => reverse::<8>(in_file_order, &lengths, chunk),
    }
    Ok(())
}

/// Copies an array of elements of so many bytes to where its axes are reversed, as between Fortran and C order.
fn reverse<const BYTES: usize>(from: &[u8], lengths: &[usize], to: &mut [u8]) {
    let reversed: Vec<usize> = lengths.iter().rev().copied().collect();
    let from = ArrayView::from_shape(IxDyn(lengths), from.as_chunks::<BYTES>().0);
    let to = ArrayViewMut::from_shape(IxDyn(&reversed), to.as_chunks_mut::<BYTES>().0);
    let (Ok(from), Ok(to)) = (from, to) else {
        panic!("{lengths:?} elements of {BYTES} bytes are not what the slices hold")
    };
    assign(from.reversed_axes(), to);
}

/// Copies by halving the longest axis until a part fits the caches, whatever the strides: a
/// cache-oblivious transpose (Frigo et al., FOCS 1999).
fn assign<T: Copy + Send + Sync>(from: ArrayViewD<'_, T>, mut to: ArrayViewMutD<'_, T>) {
    /// Elements that fit the caches.
    const SMALL: usize = 1 << 10;
    /// Elements that are worth another thread.
    const LARGE: usize = 1 << 16;
    let lengths = to.shape().iter().copied();
    let longest = lengths.enumerate().max_by_key(|&(_, length)| length);
    let elements = to.len();
    let Some((axis, length)) = longest.filter(|_| elements > SMALL) else {
        to.assign(&from);
        return;
    };
    let from = from.split_at(Axis(axis), length / 2);
    let to = to.split_at(Axis(axis), length / 2);
    if elements > LARGE {
        rayon::join(|| assign(from.0, to.0), || assign(from.1, to.1));
    } else {
        assign(from.0, to.0);
        assign(from.1, to.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_array_is_copied_to_its_transpose(
            lengths in prop::collection::vec(1_usize..60, 1..4),
        ) {
            let from = Array::from_iter(0..lengths.iter().product());
            let from: Array<usize, _> = from.into_shape_with_order(lengths).unwrap();
            let mut to = Array::zeros(from.t().raw_dim());
            assign(from.t(), to.view_mut());
            prop_assert_eq!(to, from.t());
        }
    }
}
