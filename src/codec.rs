//! [`Codec`]: encodes states as snapshots, and decodes them.

use crate::node_set::NodeSet;
use diff2d_stencil::real::Real;
use std::{borrow::Cow, sync::Arc};

/// The conversion between the states of a problem and snapshots. A snapshot has NaN at masked nodes. In a state masked
/// nodes are 0, which no step changes. Both are stored row by row in the same precision.
#[derive(Debug, Clone, Default)]
pub struct Codec {
    masked: Option<Arc<NodeSet>>,
    /// The number of nodes in a row.
    nx: usize,
    /// The number of rows after which masked nodes repeat, on a grid with periodic rows; otherwise larger than any
    /// grid.
    period: usize,
}

impl Codec {
    /// The codec of a grid with rows of `nx` nodes, some of which may be masked.
    pub fn new(masked: Option<Arc<NodeSet>>, nx: usize, period: Option<usize>) -> Self {
        Self {
            masked,
            nx,
            period: period.unwrap_or(usize::MAX),
        }
    }

    /// Turns rows of a state, from row `first` on, into rows of a snapshot.
    pub fn encode<T: Real>(&self, first: usize, rows: &mut [T]) {
        self.fill(first, rows, T::from_f64(f64::NAN));
    }

    /// Rows of a snapshot from rows of a state, from row `first` on; a copy if they differ.
    pub fn encoded<'a, T: Real>(&self, first: usize, rows: &'a [T]) -> Cow<'a, [T]> {
        let mut rows = Cow::from(rows);
        if self.masked.is_some() {
            self.encode(first, rows.to_mut());
        }
        rows
    }

    /// Turns the bytes of a state from byte `first` on, with numbers of `width` bytes, into bytes of a snapshot.
    pub fn encode_bytes(&self, first: u64, bytes: &mut [u8], width: usize) {
        if let Some(masked) = &self.masked {
            masked.fill_bytes(first, bytes, nan(width));
        }
    }

    /// Turns rows of a snapshot, from row `first` on, into rows of a state. Rows may lie beyond a periodic wall.
    pub fn decode<T: Real>(&self, first: usize, rows: &mut [T]) {
        self.fill(first, rows, T::default());
    }

    fn fill<T: Real>(&self, first: usize, rows: &mut [T], value: T) {
        if let Some(masked) = &self.masked {
            for (row, j) in rows.chunks_exact_mut(self.nx).zip(first..) {
                masked.fill((j % self.period * self.nx) as u64, row, value);
            }
        }
    }
}

/// The bytes of NaN in a number of `bytes` bytes.
pub fn nan(bytes: usize) -> &'static [u8] {
    match bytes {
        4 => &const { f32::NAN.to_le_bytes() },
        _ => &const { f64::NAN.to_le_bytes() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back_from_a_snapshot_in_either_precision() {
        let masked = || Some(Arc::new(NodeSet::of([1, 5, 6])));
        let codec = Codec::new(masked(), 4, Some(2));
        let state = [1.0_f64, 0.0, 3.0, 4.0, 5.0, 0.0, 0.0, 8.0];
        let snapshot = codec.encoded(0, &state);
        let nan: Vec<usize> = (0..8).filter(|&at| snapshot[at].is_nan()).collect();
        assert_eq!(nan, [1, 5, 6]);
        let mut rows = snapshot.to_vec();
        codec.decode(0, &mut rows);
        assert_eq!(rows, state);
        // Row 3 is row 1 again.
        let mut rows = snapshot[4..].to_vec();
        codec.decode(3, &mut rows);
        assert_eq!(rows, state[4..]);
        // Any bytes that hold whole numbers.
        let single = state.map(|value| value as f32);
        let expected: Vec<u8> = codec
            .encoded(0, &single)
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        for cut in 0..8 {
            let mut bytes: Vec<u8> = single.iter().flat_map(|one| one.to_le_bytes()).collect();
            let (head, tail) = bytes.split_at_mut(4 * cut);
            codec.encode_bytes(0, head, 4);
            codec.encode_bytes(4 * cut as u64, tail, 4);
            assert_eq!(bytes, expected);
        }
        assert_eq!(Codec::default().encoded(0, &state), &state[..]);
    }
}
