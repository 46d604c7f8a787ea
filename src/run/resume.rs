//! Where a run continues: at a checkpoint, a committed snapshot, or the last one of a shorter run.

use super::{
    decomposition::Decomposition,
    error::RunError,
    output::{Destination, Output},
    snapshot,
    state::{Durable, State},
};
use crate::{
    comm::{Comm, collective},
    cube::{
        Cube, CubeError, Record, checkpoint,
        digest::{self, BlockDigest},
    },
    field::Field,
    schedule::Clock,
};
use diff2d_arrays::npy::DATA_OFFSET;
use diff2d_stencil::Element;
use diff2d_sys::{self as sys, FileExt};
use std::path::Path;

impl<C: Comm> Output<'_, C> {
    /// Collective. The last durable state: of the checkpoint, of the cube, or of the shorter cube, whose
    /// snapshots are then in this one. `None` when there is none yet.
    pub(super) fn resume(&mut self, state: &mut impl State<C>) -> Result<Option<Clock>, RunError> {
        if let Some(clock) = self.copy_shorter(state)? {
            return Ok(Some(clock));
        }
        let Destination::Cube {
            scenario,
            checkpoint,
            ..
        } = &self.to
        else {
            return Ok(None);
        };
        let Some(last) = scenario.last() else {
            return Ok(None);
        };
        let (ranks, cube, header) = (self.ranks, scenario.file(), scenario.header());
        take_snapshot(state, &cube.path, header.offset_of(last.slot()), last)?;
        let Some(paths) = *checkpoint else {
            return Ok(Some(last.clock()));
        };
        let next = last.step.saturating_add(header.steps_per_snapshot(0));
        if let Some(clock) = state.take_own(last.step, next)? {
            return Ok(Some(clock));
        }
        let found = checkpoint::find(paths, header, last.step);
        let found = collective::all_ok(ranks.comm(), found.map_err(RunError::from))?;
        let seen = found
            .as_ref()
            .map(|found| (found.clock.step, &found.sha256));
        let all_see_one = collective::first_that_differs(ranks.comm(), &seen).is_none();
        if let (Some(found), true) = (&found, all_see_one) {
            let durable = Durable {
                path: &paths.checkpoint,
                begin: DATA_OFFSET,
                sha256: Some(&found.sha256),
            };
            if state.take(&durable)? {
                return Ok(Some(found.clock));
            }
            // A torn checkpoint has overwritten the state.
            take_snapshot(state, &cube.path, header.offset_of(last.slot()), last)?;
        }
        Ok(Some(last.clock()))
    }

    /// Collective. Copies the committed snapshots of a shorter run that the cube does not hold yet, each
    /// verified by its digest; the state is then the last of them. `None` if there was nothing to copy.
    fn copy_shorter(&mut self, state: &mut impl State<C>) -> Result<Option<Clock>, RunError> {
        let Destination::Cube {
            scenario,
            shorter: Some(shorter),
            ..
        } = &self.to
        else {
            return Ok(None);
        };
        let (shorter, ranks) = (*shorter, self.ranks);
        let missing = scenario.handed_over()..scenario.header().snapshots();
        let opened = match Cube::open(shorter) {
            Ok(old) => {
                let differences = scenario.header().differences_from_beginning(old.header());
                match differences.is_empty() {
                    true => Ok(Some(old)),
                    false => Err(CubeError::CannotExtend {
                        cube: shorter.to_owned(),
                        differences,
                    }),
                }
            }
            Err(CubeError::Unborn { .. }) => Ok(None),
            Err(error) => Err(error),
        };
        let old = collective::all_ok(ranks.comm(), opened.map_err(RunError::from))?;
        let Some((old, records)) = common_records(old, shorter, ranks.comm())? else {
            return Ok(None);
        };
        let mut last = None;
        for record in records
            .iter()
            .filter(|record| missing.contains(&record.index))
        {
            take_snapshot(
                state,
                shorter,
                old.header().offset_of(record.slot()),
                record,
            )?;
            snapshot::put(self, record.clock(), |snapshot| state.show(snapshot))?;
            last = Some(record.clock());
        }
        Ok(last)
    }
}

/// Collective. Takes over the snapshot of a record, which begins at byte `begin` of a cube.
fn take_snapshot<C: Comm>(
    state: &mut impl State<C>,
    cube: &Path,
    begin: u64,
    record: &Record,
) -> Result<(), RunError> {
    let durable = Durable {
        path: cube,
        begin,
        sha256: Some(&record.sha256),
    };
    match state.take(&durable)? {
        true => Ok(()),
        false => Err(RunError::Cube(CubeError::DamagedSnapshot {
            cube: cube.to_owned(),
            snapshot: record.slot(),
        })),
    }
}

/// Collective. The records that all ranks see of a run, which may be going on; `None` if there are none.
///
/// # Errors
/// When a rank sees the cube of another run under the same name.
fn common_records(
    cube: Option<Cube>,
    path: &Path,
    comm: &impl Comm,
) -> Result<Option<(Cube, Vec<Record>)>, RunError> {
    let seen = cube.as_ref().map_or(0, |cube| cube.records().len());
    let seen = collective::all_gather(comm, seen).into_iter().min();
    let Some(cube) = cube.filter(|_| seen > Some(0)) else {
        return Ok(None);
    };
    let records = &cube.records()[..seen.unwrap_or(0)];
    // Records of one run are equal; those of another may be committed as often.
    let run_ids = collective::all_gather(comm, cube.header().run_id.clone());
    let same = match run_ids.iter().all(|id| *id == cube.header().run_id) {
        true => Ok(()),
        false => Err(RunError::Cube(CubeError::DoesNotMatch {
            cube: path.to_owned(),
            reason: "ranks see different files of that name: the directory must be one that all machines share".to_owned(),
        })),
    };
    collective::all_ok(comm, same)?;
    let records = records.to_vec();
    Ok(Some((cube, records)))
}

/// Collective. Reads the rows that this rank holds of a durable state of the whole grid; whether it has its
/// digest.
pub(super) fn read_state<T: Element, C: Comm>(
    ranks: &Decomposition<'_, C>,
    durable: &Durable<'_>,
    state: &mut Field<T>,
) -> Result<bool, RunError> {
    let share = ranks.share::<T>();
    let row = ranks.shape().1 * size_of::<T>();
    let rows = ranks.slab().held_in_grid();
    let held = (rows.start * row) as u64..(rows.end * row) as u64;
    let place = ranks.slab().place(rows.start) * row;
    let mut digests = || -> Result<Vec<BlockDigest>, RunError> {
        let file = sys::open_to_read(durable.path).map_err(CubeError::io("open", durable.path))?;
        let read = |offset: u64, bytes: &mut [u8]| {
            let read = file.read_exact_at(bytes, durable.begin + offset);
            read.map_err(CubeError::io("read", durable.path))
        };
        let bytes = &mut state.as_mut_bytes()[place..place + rows.len() * row];
        read(held.start, bytes)?;
        let hash = |number| {
            let block = share.block(number);
            let length = (block.end - block.start) as usize;
            if held.start <= block.start && block.end <= held.end {
                let at = place + (block.start - held.start) as usize;
                return Ok(digest::of_block(&state.as_bytes()[at..at + length]));
            }
            let mut bytes = vec![0; length];
            read(block.start, &mut bytes)?;
            Ok(digest::of_block(&bytes))
        };
        share.hashed().map(hash).collect()
    };
    let digests = collective::all_ok(ranks.comm(), digests())?;
    let digests = collective::all_gather(ranks.comm(), digests);
    let found = digest::of_blocks(&digests.concat());
    Ok(durable.sha256.is_none_or(|sha256| found == sha256))
}
