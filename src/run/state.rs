//! [`State`]: where the state of a run is, and how it comes further.

use super::{
    clock::RunClock, error::RunError, observer::Observer, output::Output, snapshot::Snapshot,
};
use crate::{
    comm::{Comm, collective},
    cube::{
        CubeError, Header,
        digest::{self, BlockDigest},
        share::Share,
    },
    dynamics::Steadiness,
    field::Field,
    schedule::Clock,
};
use bytemuck::cast_slice;
use diff2d_arrays::npy::Reader;
use diff2d_stencil::Element;
use diff2d_sys as sys;
use ndarray::ArrayView2;
use std::{ops::Range, path::Path};

/// The state of the rows of a rank: in memory (`in_memory.rs`), or in files where it is larger
/// (`in_bands.rs`).
///
/// Methods that take part in messages between ranks say so.
pub(crate) trait State<C: Comm> {
    /// Collective. Takes over a durable state; whether its bytes have the digest.
    fn take(&mut self, durable: &Durable<'_>) -> Result<bool, RunError>;

    /// Collective. The latest durable state after the last committed snapshot that this kind of state alone knows of. It
    /// is taken over.
    fn take_own(&mut self, _header: &Header, _last: Clock) -> Result<Option<Clock>, RunError> {
        Ok(None)
    }

    /// Collective. Takes the initial state.
    fn initialise(&mut self, clock: &RunClock, observer: &Observer) -> Result<(), RunError>;

    /// Collective. Prepares to advance the state, which is that of `now`.
    fn start(&mut self, _now: Clock) -> Result<(), RunError> {
        Ok(())
    }

    /// The steps that are best taken at once if the next snapshot is due after `due` steps.
    fn pass(&self, due: u64) -> u64;

    /// Passes the bytes of the rows of this rank to `take`, a few at a time.
    fn visit(&self, take: Take<'_>) -> Result<(), RunError>;

    /// Collective. Passes the rows of this rank to a snapshot.
    fn show(&mut self, snapshot: &mut Snapshot<'_, '_, C>) -> Result<(), RunError>;

    /// Collective. Advances the state at `now` by `steps` steps. With a snapshot, its rows are passed to it.
    fn advance(
        &mut self,
        steps: u64,
        now: Clock,
        clock: &mut RunClock,
        snapshot: Option<&mut Snapshot<'_, '_, C>>,
    ) -> Result<(), RunError>;

    /// Collective. Makes the state between snapshots, which is that of `now`, durable, and everything before it.
    fn save(&mut self, output: &mut Output<'_, C>, now: Clock) -> Result<(), RunError>;

    /// Collective. Makes the state durable after [steps were given up](RunError::GivenUp), as far as that is not
    /// done yet.
    fn abandon(&mut self) -> Result<(), RunError> {
        Ok(())
    }

    /// Whether a state between snapshots may become durable without being [saved](Self::save): that before the last steps.
    fn keeps_passes(&self) -> bool {
        false
    }

    /// Collective. Shows the rows of this rank, in their order.
    fn look(&mut self, _look: Look<'_>) -> Result<(), RunError> {
        Ok(())
    }

    /// Collective. As [`look`](Self::look) at the state, which is that of a time, so much later, less than a step; the run goes on
    /// as if it had not.
    fn aside(
        &mut self,
        _length: f64,
        _now: Clock,
        _clock: &RunClock,
        _look: Look<'_>,
    ) -> Result<(), RunError> {
        Ok(())
    }

    /// Collective. As [`advance`](Self::advance) from a time by one step, of which each state is shown that it takes increments of,
    /// with the number of its stage.
    fn advance_seen(
        &mut self,
        _now: Clock,
        _clock: &mut RunClock,
        _see: &mut dyn FnMut(usize, &RowsView<'_>),
    ) -> Result<(), RunError> {
        Ok(())
    }

    /// What a report says of it.
    fn figures(&self) -> Figures;
}

/// Some rows of a state, and those next to them.
pub(crate) struct RowsView<'a> {
    /// The rows that are shown.
    pub(crate) own: Range<usize>,
    /// The same with one more on each side where the grid goes on.
    pub(crate) held: Range<usize>,
    /// Their values.
    pub(crate) values: StateArray<'a>,
}

/// The values of rows.
pub(crate) enum StateArray<'a> {
    /// In double precision.
    F64(ArrayView2<'a, f64>),
    /// In single precision.
    F32(ArrayView2<'a, f32>),
}

impl<'a> RowsView<'a> {
    /// Rows of a grid of so many, of a field whose row `first` is the first one of them.
    pub(crate) fn of<T: Element>(
        field: &'a Field<T>,
        own: Range<usize>,
        first: usize,
        rows: usize,
    ) -> Option<Self> {
        let held = own.start.saturating_sub(1)..(own.end + 1).min(rows);
        let nx = field.shape().1;
        let begin = (first + held.start).checked_sub(own.start)?;
        let (shape, nodes) = ((held.len(), nx), begin * nx..(begin + held.len()) * nx);
        let values = field.as_slice().get(nodes)?;
        let bytes = cast_slice(values);
        let values = match size_of::<T>() {
            8 => StateArray::F64(ArrayView2::from_shape(shape, cast_slice::<u8, f64>(bytes)).ok()?),
            _ => StateArray::F32(ArrayView2::from_shape(shape, cast_slice::<u8, f32>(bytes)).ok()?),
        };
        Some(Self { own, held, values })
    }
}

/// What looks at rows.
pub(crate) type Look<'a> = &'a mut dyn FnMut(&RowsView<'_>) -> Result<(), RunError>;

/// What takes bytes that follow one another.
pub(crate) type Take<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), RunError>;

/// What a report says of a state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// Node updates done with three, with five, and with six operations or more.
    pub(crate) updates: [u64; 3],
    pub(crate) kernel: String,
    pub(crate) tile: String,
    /// Where the state is.
    pub(crate) place: String,
    /// Bytes read from files and written to them for states that are not in memory.
    pub(crate) moved: [u64; 2],
    /// Of the first one.
    pub(crate) steadiness: Steadiness,
}

/// A durable state in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Durable<'a> {
    pub(crate) path: &'a Path,
    /// The byte where it begins.
    pub(crate) begin: u64,
    /// Of its bytes; `None` if they were verified before.
    pub(crate) sha256: Option<&'a str>,
}

impl Durable<'_> {
    /// Collective. Its file, if its bytes have the digest. Each rank reads those that it hashes, a block at a time.
    pub(crate) fn open_whole(
        &self,
        share: &Share,
        comm: &impl Comm,
    ) -> Result<Option<Reader>, RunError> {
        let file = sys::open_to_read(self.path).map_err(CubeError::io("open", self.path));
        let file = collective::all_ok(comm, file.map_err(RunError::from))?;
        let file = Reader::new(file, self.path);
        let Some(sha256) = self.sha256 else {
            return Ok(Some(file));
        };
        let mut bytes = vec![0; digest::BLOCK];
        let mut hash = |number| {
            let block = share.block(number);
            #[expect(clippy::cast_possible_truncation, reason = "at most a block")]
            let bytes = &mut bytes[..(block.end - block.start) as usize];
            let read = file.read(self.begin + block.start, bytes);
            read.map_err(CubeError::io("read", self.path))?;
            Ok(digest::of_block(bytes))
        };
        let digests: Result<Vec<BlockDigest>, RunError> = share.hashed().map(&mut hash).collect();
        let digests = collective::all_gather(comm, collective::all_ok(comm, digests)?);
        let is_whole = digest::of_blocks(&digests.concat()) == sha256;
        Ok(is_whole.then_some(file))
    }
}
