//! An array portioned out to ranks: the first one reads it, and every rank gets its portion.
//!
//! Portions are those of `numpy.array_split` along one axis: as equal as they can be, the longer ones
//! first, empty ones where there are more ranks than indices. Their bytes are the elements in C order
//! and in the file's byte order, `array_split(a, K, axis)[r].tobytes()`, and travel in pieces, so that
//! neither the array nor a portion need fit anybody's memory:
//!
//! ```text
//! first rank   read 1 │ send 1, hash 1, read 2 │ send 2, hash 2, read 3 │ …
//! another             │ receive 1              │ receive 2, use 1       │ …
//! ```
//!
//! A piece of a file in Fortran order is a box of it, read in the order of the file and transposed in
//! memory. The larger the box, the longer its runs in the file: there, and only there, more memory
//! saves reading.

use crate::{
    comm::{Comm, Incoming, Outgoing, ROOT},
    npy::{ArrayFile, NpyError},
    progress::Progress,
};
use ndarray::{ArrayView, ArrayViewD, ArrayViewMut, ArrayViewMutD, Axis, IxDyn};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{fmt, mem, ops::Range};

/// Bytes of a piece where larger ones gain nothing.
const PIECE: u64 = 4 << 20;

/// Pieces that the memory of the first rank is shared by: one on its way, one being read, of a file
/// in Fortran order its transpose, and one to spare for maps and the message layer.
const HELD: u64 = 4;

/// What a rank is told before each piece: that it comes, or that nothing more will.
const COMES: [u8; 1] = [1];
const LOST: [u8; 1] = [0];

/// A range along every axis.
type Region = Vec<Range<u64>>;

/// What the first rank hands out.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The array, as far as it holds data.
    pub array: &'a ArrayFile,
    /// The axis along which it is cut.
    pub axis: usize,
    /// Bytes of memory that a rank may use.
    pub memory: u64,
}

/// How an array is cut: portions, one a rank, and pieces of these.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Split {
    shape: Vec<u64>,
    axis: usize,
    ranks: usize,
    /// Bytes of an element.
    width: u64,
    /// Bytes of a piece at most, unless one element has more.
    piece: u64,
}

impl Split {
    fn of(source: Source<'_>, ranks: usize) -> Self {
        let each = source.memory / HELD;
        Self {
            shape: source.array.shape(),
            axis: source.axis,
            ranks,
            width: source.array.npy.dtype.bytes as u64,
            piece: if source.array.npy.fortran_order {
                each
            } else {
                each.min(PIECE)
            },
        }
    }

    /// The portion of a rank.
    fn portion(&self, rank: usize) -> Region {
        let mut region: Region = self.shape.iter().map(|&length| 0..length).collect();
        region[self.axis] = part(self.shape[self.axis], self.ranks as u64, rank as u64);
        region
    }

    /// Length of every axis of a rank's portion.
    #[must_use]
    pub fn shape(&self, rank: usize) -> Vec<u64> {
        self.portion(rank).iter().map(length).collect()
    }

    /// Boxes that follow one another in the portion's C order.
    fn pieces(&self, rank: usize) -> impl Iterator<Item = Region> + use<> {
        let portion = self.portion(rank);
        let lengths: Vec<u64> = portion.iter().map(length).collect();
        let empty = lengths.contains(&0);
        let most = (self.piece / self.width).max(1);
        // The first axis of which a piece can hold whole indices; single ones of those before it.
        let inner = |axis: usize| lengths[axis + 1..].iter().product::<u64>();
        let axis = (0..lengths.len())
            .find(|&axis| !empty && inner(axis) <= most)
            .unwrap_or(0);
        let parts = if empty {
            0
        } else {
            lengths[axis].div_ceil(most / inner(axis))
        };
        let outer: u64 = lengths[..axis].iter().product();
        (0..outer * parts).map(move |number| {
            let mut region = portion.clone();
            let along = part(lengths[axis], parts, number % parts);
            region[axis] = portion[axis].start + along.start..portion[axis].start + along.end;
            let mut rest = number / parts;
            for before in (0..axis).rev() {
                let index = portion[before].start + rest % lengths[before];
                region[before] = index..index + 1;
                rest /= lengths[before];
            }
            region
        })
    }

    /// Bytes of a box.
    fn bytes(&self, region: &[Range<u64>]) -> usize {
        size(region.iter().map(length).product::<u64>() * self.width)
    }
}

/// Part `number` of so many that a length is cut into: as equal as can be, the longer ones first.
fn part(length: u64, parts: u64, number: u64) -> Range<u64> {
    let start = |number| number * (length / parts) + (length % parts).min(number);
    start(number)..start(number + 1)
}

fn length(range: &Range<u64>) -> u64 {
    range.end - range.start
}

/// A count of bytes or elements in memory; one that does not fit makes the next access panic, not
/// wrap.
fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// A SHA-256; shown in hexadecimal, as `sha256sum` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What every rank knows when all have their portions.
#[derive(Debug)]
pub struct HandedOut {
    /// How the array was cut.
    pub split: Split,
    /// Of the bytes of every portion as the first rank sent them.
    pub sent: Vec<Digest>,
}

/// Hands an array out to all ranks, which call this together.
///
/// `source` is the first rank's, or nothing where it has none to hand out; other ranks' is ignored.
/// `take` gets this rank's portion, its bytes one after another; the first rank adds bytes sent to
/// `progress`.
///
/// Nothing is returned where nothing could be handed out, or not all of it: the first rank knows why.
///
/// # Errors
/// [`NpyError`] at the first rank when the file cannot be read.
pub fn hand_out(
    comm: &impl Comm,
    source: Option<Source<'_>>,
    take: impl FnMut(&[u8]) + Send,
    progress: &Progress,
) -> Result<Option<HandedOut>, NpyError> {
    let plan = source.filter(|_| comm.is_root()).map(|source| {
        let split = Split::of(source, comm.size());
        serde_json::to_vec(&split).unwrap_or_default()
    });
    let plans = comm.all_gather(&plan.unwrap_or_default());
    let Ok(split) = serde_json::from_slice::<Split>(&plans[ROOT]) else {
        return Ok(None);
    };
    let sent = match source {
        Some(source) if comm.is_root() => give(comm, &split, source.array, take, progress),
        _ => {
            receive(comm, &split, take);
            Ok(Vec::new())
        }
    };
    // All hear of the digests, or by there being none that the first rank could not go on.
    let told = comm.all_gather(sent.as_ref().map_or(&[], |sent| sent.as_flattened()));
    sent?;
    let sent = digests(&told[ROOT]);
    Ok((!sent.is_empty()).then_some(HandedOut { split, sent }))
}

/// What became of one rank's portion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its shape.
    pub shape: Vec<u64>,
    /// Of its bytes as the first rank sent them.
    pub sent: Digest,
    /// Of its bytes as the rank has received them.
    pub arrived: Digest,
}

impl Delivery {
    /// Whether what arrived is what was sent.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.sent == self.arrived
    }
}

/// Hands an array out as [`hand_out`] does, to ranks that only hash what they get: all of them are
/// told what became of every portion, in the order of ranks.
///
/// # Errors
/// As [`hand_out`].
pub fn deliver(
    comm: &impl Comm,
    source: Option<Source<'_>>,
    progress: &Progress,
) -> Result<Option<Vec<Delivery>>, NpyError> {
    let mut arrived = Sha256::new();
    let handed = hand_out(comm, source, |bytes| arrived.update(bytes), progress)?;
    let Some(HandedOut { split, sent }) = handed else {
        return Ok(None);
    };
    let arrived = digests(&comm.all_gather(&arrived.finalize()).concat());
    let deliveries = (0..).zip(sent).zip(arrived);
    let deliveries = deliveries.map(|((rank, sent), arrived)| Delivery {
        shape: split.shape(rank),
        sent,
        arrived,
    });
    Ok(Some(deliveries.collect()))
}

fn digests(bytes: &[u8]) -> Vec<Digest> {
    bytes.as_chunks().0.iter().copied().map(Digest).collect()
}

/// The first rank's part: reads all portions and sends them, rank after rank.
fn give(
    comm: &impl Comm,
    split: &Split,
    array: &ArrayFile,
    mut take: impl FnMut(&[u8]) + Send,
    progress: &Progress,
) -> Result<Vec<[u8; 32]>, NpyError> {
    let ranks = 0..comm.size();
    let regions = ranks
        .clone()
        .flat_map(|to| split.pieces(to).map(move |region| (to, region)));
    let mut reader = Reader {
        array,
        split,
        regions,
        file_order: Vec::new(),
    };
    let mut hashes = vec![Sha256::new(); ranks.end];
    let (mut piece, mut next_piece) = (Vec::new(), Vec::new());
    let mut read = reader.next(&mut piece);
    while let Some((to, result)) = read {
        if let Err(error) = result {
            // Whoever has not got all of its portion waits to hear of the next piece.
            for to in to.max(ROOT + 1)..ranks.end {
                if split.pieces(to).next().is_some() {
                    let word = Outgoing { to, bytes: &LOST };
                    comm.exchange(&[word], &mut [], || ());
                }
            }
            return Err(error);
        }
        let (hash, mut next) = (&mut hashes[to], None);
        let own = to == comm.rank();
        let mut meanwhile = || {
            let take_own = || {
                if own {
                    take(&piece);
                }
            };
            let use_this = || rayon::join(|| hash.update(&piece), take_own);
            (_, next) = rayon::join(use_this, || reader.next(&mut next_piece));
        };
        if own {
            meanwhile();
        } else {
            let messages = [&COMES[..], &piece].map(|bytes| Outgoing { to, bytes });
            comm.exchange(&messages, &mut [], meanwhile);
        }
        progress.add(piece.len() as u64);
        mem::swap(&mut piece, &mut next_piece);
        read = next;
    }
    let finished = hashes.into_iter().map(|hash| hash.finalize().into());
    Ok(finished.collect())
}

/// Another rank's part.
fn receive(comm: &impl Comm, split: &Split, mut take: impl FnMut(&[u8])) {
    fn first<'a>(bytes: &'a mut [u8]) -> [Incoming<'a>; 1] {
        [Incoming { from: ROOT, bytes }]
    }
    let (mut piece, mut last) = (Vec::new(), Vec::new());
    for region in split.pieces(comm.rank()) {
        let mut word = LOST;
        comm.exchange(&[], &mut first(&mut word), || ());
        if word != COMES {
            return;
        }
        piece.resize(split.bytes(&region), 0);
        comm.exchange(&[], &mut first(&mut piece), || take(&last));
        mem::swap(&mut piece, &mut last);
    }
    take(&last);
}

/// Reads pieces, one after another, each for a rank.
struct Reader<'a, Regions> {
    array: &'a ArrayFile,
    split: &'a Split,
    regions: Regions,
    /// Room for a piece before it is transposed.
    file_order: Vec<u8>,
}

impl<Regions: Iterator<Item = (usize, Region)>> Reader<'_, Regions> {
    /// The next piece, and the rank that it is for.
    fn next(&mut self, piece: &mut Vec<u8>) -> Option<(usize, Result<(), NpyError>)> {
        let (to, region) = self.regions.next()?;
        piece.resize(self.split.bytes(&region), 0);
        let npy = &self.array.npy;
        let in_file = npy.in_file_order(&region);
        if !npy.fortran_order {
            return Some((to, self.array.read_bytes(&in_file, piece)));
        }
        self.file_order.resize(piece.len(), 0);
        let result = self.array.read_bytes(&in_file, &mut self.file_order);
        let lengths: Vec<usize> = in_file.iter().map(length).map(size).collect();
        match npy.dtype.bytes {
            1 => transpose::<1>(&self.file_order, &lengths, piece),
            2 => transpose::<2>(&self.file_order, &lengths, piece),
            4 => transpose::<4>(&self.file_order, &lengths, piece),
            _ => transpose::<8>(&self.file_order, &lengths, piece),
        }
        Some((to, result))
    }
}

/// Copies an array of elements of so many bytes into the order in which its axes are reversed.
fn transpose<const BYTES: usize>(from: &[u8], lengths: &[usize], to: &mut [u8]) {
    let reversed: Vec<usize> = lengths.iter().rev().copied().collect();
    let from = ArrayView::from_shape(IxDyn(lengths), from.as_chunks::<BYTES>().0);
    let to = ArrayViewMut::from_shape(IxDyn(&reversed), to.as_chunks_mut::<BYTES>().0);
    let (Ok(from), Ok(to)) = (from, to) else {
        unreachable!("both have as many elements as the lengths say")
    };
    assign(from.reversed_axes(), to);
}

/// Copies block by block, halves of halves: whatever the strides, blocks fit the caches.
fn assign<T: Copy + Send + Sync>(from: ArrayViewD<'_, T>, mut to: ArrayViewMutD<'_, T>) {
    /// Elements of a block.
    const BLOCK: usize = 1 << 10;
    /// Elements worth another thread.
    const MANY: usize = 1 << 16;
    let lengths = to.shape().iter().copied();
    let longest = lengths.enumerate().max_by_key(|&(_, length)| length);
    let elements = to.len();
    let Some((axis, length)) = longest.filter(|_| elements > BLOCK) else {
        to.assign(&from);
        return;
    };
    let from = from.split_at(Axis(axis), length / 2);
    let to = to.split_at(Axis(axis), length / 2);
    if elements > MANY {
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

    #[test]
    fn longer_portions_come_first_and_may_be_all() {
        let parts = |length, parts| (0..parts).map(|n| part(length, parts, n)).collect();
        let cut: Vec<_> = parts(10, 4);
        assert_eq!(cut, [0..3, 3..6, 6..8, 8..10]);
        let cut: Vec<_> = parts(2, 4);
        assert_eq!(cut, [0..1, 1..2, 2..2, 2..2]);
        assert_eq!(part(u64::MAX, 3, 2).end, u64::MAX);
    }

    proptest! {
        /// The pieces of all portions, in their order, are the elements of each portion in C order.
        #[test]
        fn pieces_follow_one_another(
            shape in prop::collection::vec(0_u64..7, 1..5),
            axis in any::<prop::sample::Index>(),
            ranks in 1_usize..10,
            piece in 0_u64..300,
        ) {
            let axis = axis.index(shape.len());
            let split = Split { axis, ranks, width: 8, piece, shape: shape.clone() };
            let lengths: Vec<usize> = shape.iter().copied().map(size).collect();
            let all = Array::from_iter(0..lengths.iter().product()).into_shape_with_order(lengths).unwrap();
            let select = |region: &Region| {
                let part = all.slice_each_axis(|axis| {
                    let range = &region[axis.axis.index()];
                    (size(range.start)..size(range.end)).into()
                });
                part.iter().copied().collect::<Vec<usize>>()
            };
            let mut together = 0;
            for rank in 0..ranks {
                let pieces: Vec<_> = split.pieces(rank).collect();
                for region in &pieces {
                    let bytes = split.bytes(region) as u64;
                    prop_assert!(bytes > 0 && bytes <= piece.max(8));
                }
                let portion = select(&split.portion(rank));
                together += portion.len();
                prop_assert_eq!(pieces.iter().flat_map(select).collect::<Vec<_>>(), portion);
            }
            prop_assert_eq!(together, all.len());
        }

        #[test]
        fn transposed_elements_are_where_they_belong(
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
