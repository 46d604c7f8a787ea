//! Copies large amounts of memory.

use rayon::prelude::*;

/// The number of bytes below which another thread does not pay.
const PART_BYTES: usize = 128 << 10;

/// Copies values, on the threads of the current rayon pool if there are many.
///
/// # Panics
/// If `to` and `from` differ in length.
pub fn copy<T: Copy + Send + Sync>(to: &mut [T], from: &[T]) {
    assert_eq!(to.len(), from.len(), "copies have one length");
    let threads = rayon::current_num_threads();
    let part = from.len().div_ceil(threads);
    let part = part.max(PART_BYTES / size_of::<T>().max(1)).max(1);
    if part >= from.len() {
        to.copy_from_slice(from);
        return;
    }
    to.par_chunks_mut(part)
        .zip(from.par_chunks(part))
        .for_each(|(to, from)| to.copy_from_slice(from));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_values_are_copied() {
        for length in [0, 1, 1000, 1_000_003] {
            let from: Vec<u32> = (0..length).collect();
            let mut to = vec![7; from.len()];
            copy(&mut to, &from);
            assert_eq!(to, from);
        }
    }
}
