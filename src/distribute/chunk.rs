//! Reads boxes of an array in C order, also from a file in Fortran order.

use super::partition::in_memory;
use diff2d_arrays::npy::{ArrayFile, NpyError, Region, length};
use ndarray::{ArrayView, ArrayViewD, ArrayViewMut, ArrayViewMutD, Axis, IxDyn};

/// Reads a box into a chunk of the same size. `in_file_order` is memory for elements that have to be transposed.
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

/// Copies an array of elements of `BYTES` bytes with its axes reversed, as between Fortran and C order.
fn reverse<const BYTES: usize>(elements: &[u8], lengths: &[usize], out: &mut [u8]) {
    let reversed: Vec<usize> = lengths.iter().rev().copied().collect();
    let source = ArrayView::from_shape(IxDyn(lengths), elements.as_chunks::<BYTES>().0);
    let target = ArrayViewMut::from_shape(IxDyn(&reversed), out.as_chunks_mut::<BYTES>().0);
    let (Ok(source), Ok(target)) = (source, target) else {
        panic!("{lengths:?} elements of {BYTES} bytes are not what the slices hold")
    };
    assign(source.reversed_axes(), target);
}

/// Copies by halving the longest axis until a part fits the caches, whatever the strides: a
/// cache-oblivious transpose (Frigo et al., FOCS 1999).
fn assign<T: Copy + Send + Sync>(source: ArrayViewD<'_, T>, mut target: ArrayViewMutD<'_, T>) {
    /// The number of elements that fit the caches.
    const SMALL: usize = 1 << 10;
    /// The number of elements that justify another thread.
    const LARGE: usize = 1 << 16;
    let lengths = target.shape().iter().copied();
    let longest = lengths.enumerate().max_by_key(|&(_, length)| length);
    let elements = target.len();
    let Some((axis, length)) = longest.filter(|_| elements > SMALL) else {
        target.assign(&source);
        return;
    };
    let sources = source.split_at(Axis(axis), length / 2);
    let targets = target.split_at(Axis(axis), length / 2);
    if elements > LARGE {
        rayon::join(
            || assign(sources.0, targets.0),
            || assign(sources.1, targets.1),
        );
    } else {
        assign(sources.0, targets.0);
        assign(sources.1, targets.1);
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
