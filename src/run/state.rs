//! [`State`]: where the state of a run is stored, and how it is advanced.

use super::{
    clock::RunClock, error::RunError, observer::Observer, output::Output, snapshot::Snapshot,
};
use crate::{
    comm::{Comm, collective},
    cube::{
        CubeError, Header,
        digest::{self, BlockDigest},
        share::Share,
        streams::Marks,
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

/// The state of the rows of a rank: in memory (`in_memory.rs`), or in files if it is larger (`in_bands.rs`).
///
/// Methods that communicate between ranks are marked as collective.
pub(crate) trait State<C: Comm> {
    /// Collective. Loads a durable state, and returns whether its bytes have the expected digest.
    fn take(&mut self, durable: &Durable<'_>) -> Result<bool, RunError>;

    /// Collective. Loads the latest durable state after the last committed snapshot that this kind of state keeps in
    /// files of its own, if its marks match the streams. Returns its time and its marks.
    fn take_own(
        &mut self,
        _header: &Header,
        _last: Clock,
        _fit: &dyn Fn(&Marks) -> Result<bool, RunError>,
    ) -> Result<Option<(Clock, Marks)>, RunError> {
        Ok(None)
    }

    /// Collective. Loads the initial state.
    fn initialise(&mut self, clock: &RunClock, observer: &Observer) -> Result<(), RunError>;

    /// Collective. Prepares to advance the state at time `now`.
    fn start(&mut self, _now: Clock) -> Result<(), RunError> {
        Ok(())
    }

    /// The number of steps that are best taken at once if the next snapshot is due after `due` steps.
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

    /// Collective. Makes the state at `now`, between snapshots, durable, and everything before it.
    fn save(&mut self, output: &mut Output<'_, C>, now: Clock) -> Result<(), RunError>;

    /// Collective. Makes the state durable after [steps were given up](RunError::GivenUp), unless it is.
    fn abandon(&mut self) -> Result<(), RunError> {
        Ok(())
    }

    /// Whether the state before the last steps may become durable without being [saved](Self::save).
    fn keeps_passes(&self) -> bool {
        false
    }

    /// Sets the durable marks of the streams that belong to the present state. A state that becomes durable by itself
    /// stores the marks with it.
    fn set_marks(&mut self, _marks: &Marks) {}

    /// Collective. Shows the rows of this rank to `look`, in order.
    fn look(&mut self, _look: Look<'_>) -> Result<(), RunError> {
        Ok(())
    }

    /// Collective. Shows the rows to `look` as they are a time `dt`, less than a step, later. The state of the run
    /// stays the same.
    fn aside(
        &mut self,
        _length: f64,
        _now: Clock,
        _clock: &RunClock,
        _look: Look<'_>,
    ) -> Result<(), RunError> {
        Ok(())
    }

    /// Collective. Advances the state at a time by one step. Each intermediate state from which the step computes
    /// increments is shown, with the number of its stage.
    fn advance_seen(
        &mut self,
        _now: Clock,
        _clock: &mut RunClock,
        _see: &mut dyn FnMut(usize, &RowsView<'_>),
    ) -> Result<(), RunError> {
        Ok(())
    }

    /// The figures of the state for a report.
    fn figures(&self) -> Figures;
}

/// Some rows of a state, with the rows next to them.
pub(crate) struct RowsView<'a> {
    /// The rows that are shown.
    pub(crate) own: Range<usize>,
    /// The rows that are shown, and one more on each side unless the grid ends there.
    pub(crate) held: Range<usize>,
    /// The values of the rows `held`.
    pub(crate) values: StateArray<'a>,
}

/// The values of rows of a state, in the precision of the run.
pub(crate) enum StateArray<'a> {
    /// Values in double precision.
    F64(ArrayView2<'a, f64>),
    /// Values in single precision.
    F32(ArrayView2<'a, f32>),
}

impl<'a> RowsView<'a> {
    /// A view of the rows `own` in a grid of `rows` rows. Row `first` of the field is the first held row.
    pub(crate) fn of<T: Element>(
        field: &'a Field<T>,
        own: Range<usize>,
        first: usize,
        rows: usize,
    ) -> Option<Self> {
        let held_rows = own.start.saturating_sub(1)..(own.end + 1).min(rows);
        let nx = field.shape().1;
        let first_row = (first + held_rows.start).checked_sub(own.start)?;
        let (shape, nodes) = (
            (held_rows.len(), nx),
            first_row * nx..(first_row + held_rows.len()) * nx,
        );
        let values = field.as_slice().get(nodes)?;
        let bytes = cast_slice(values);
        let values = match size_of::<T>() {
            8 => StateArray::F64(ArrayView2::from_shape(shape, cast_slice::<u8, f64>(bytes)).ok()?),
            _ => StateArray::F32(ArrayView2::from_shape(shape, cast_slice::<u8, f32>(bytes)).ok()?),
        };
        Some(Self {
            own,
            held: held_rows,
            values,
        })
    }
}

/// A function that reads rows of a state.
pub(crate) type Look<'a> = &'a mut dyn FnMut(&RowsView<'_>) -> Result<(), RunError>;

/// A function that takes consecutive bytes.
pub(crate) type Take<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), RunError>;

/// The figures of a state for a report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// The numbers of node updates with three, with five, and with six or more operations.
    pub(crate) updates: [u64; 3],
    pub(crate) kernel: String,
    pub(crate) tile: String,
    /// The location of the state, in words.
    pub(crate) place: String,
    /// Bytes read from files and written to files, for a state that is not in memory.
    pub(crate) moved: [u64; 2],
    /// How steady the first state is.
    pub(crate) steadiness: Steadiness,
}

/// A durable state in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Durable<'a> {
    pub(crate) path: &'a Path,
    /// The byte at which the state begins.
    pub(crate) begin: u64,
    /// The digest of the state; `None` if it was verified before.
    pub(crate) sha256: Option<&'a str>,
}

impl Durable<'_> {
    /// Collective. Opens the file if the state has its digest. Each rank reads the blocks that it hashes, one at a
    /// time.
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
        let digests = share.hashed().map(|number| {
            let block = share.block(number);
            let bytes = &mut bytes[..(block.end - block.start) as usize];
            let read = file.read(self.begin + block.start, bytes);
            read.map_err(CubeError::io("read", self.path))?;
            Ok(digest::of_block(bytes))
        });
        let digests: Result<Vec<BlockDigest>, RunError> = digests.collect();
        let digests = collective::all_gather(comm, collective::all_ok(comm, digests)?);
        let is_whole = digest::of_blocks(&digests.concat()) == sha256;
        Ok(is_whole.then_some(file))
    }
}
