//! Reductions that take a whole box of the input at a time: order statistics and weighted sums.
//!
//! [`pass`] reads the box that the windows of a part cover, and a [`BoxOperation`] reduces them.

mod correlate;
mod linear;
mod order;
mod pass;
mod rank;
mod ranks;
mod sorted;
mod weights;

pub(super) use linear::Linear;
pub(super) use pass::{BoxPass, run};
pub(super) use rank::Order;
pub use weights::Weights;

use super::axis::WindowAxis;

/// A box of the input in memory, and the windows that are computed from it.
pub(super) struct WindowBox<'a> {
    pub(super) axes: &'a [WindowAxis],
    /// The numbers of elements along every axis of the input.
    pub(super) lengths: Vec<usize>,
    pub(super) counts: Vec<usize>,
}

/// An operation that reduces all windows of a box.
pub(super) trait BoxOperation: Sync {
    /// Buffers that are reused from box to box.
    type Scratch: Default + Send;

    /// Bytes needed besides input and output, for boxes and windows of these lengths.
    fn bytes(&self, lengths: &[u64], counts: &[u64]) -> u64;
    /// Computes all windows of a box. The input may be overwritten.
    fn compute(
        &self,
        area: &WindowBox<'_>,
        input: &mut [f64],
        out: &mut [f64],
        scratch: &mut Self::Scratch,
    );
}

/// The distance between neighbouring elements along every axis of an array with these lengths.
fn pitches(lengths: &[usize]) -> Vec<usize> {
    let mut pitches = vec![1; lengths.len()];
    for axis in (1..lengths.len()).rev() {
        pitches[axis - 1] = pitches[axis] * lengths[axis];
    }
    pitches
}

/// Visits all indices below the given lengths, the last axis fastest, and calls `each` with the sums of index times
/// pitch for two sets of pitches.
fn for_each_index(lengths: &[usize], pitches: [&[usize]; 2], mut each: impl FnMut(usize, usize)) {
    if lengths.contains(&0) {
        return;
    }
    let mut index = vec![0; lengths.len()];
    let (mut a, mut b) = (0, 0);
    loop {
        each(a, b);
        let mut axis = lengths.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            a += pitches[0][axis];
            b += pitches[1][axis];
            if index[axis] < lengths[axis] {
                break;
            }
            a -= pitches[0][axis] * lengths[axis];
            b -= pitches[1][axis] * lengths[axis];
            index[axis] = 0;
        }
    }
}
