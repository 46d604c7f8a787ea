//! Where a run continues: at a checkpoint, a committed snapshot, or the last one of a shorter run.

use super::{
    error::RunError,
    output::Output,
    snapshot,
    state::{Durable, State},
};
use crate::{
    comm::{Comm, collective},
    cube::{Cube, CubeError, Record, checkpoint},
    schedule::Clock,
};
use diff2d_arrays::npy::DATA_OFFSET;
use std::path::Path;

impl<C: Comm> Output<'_, C> {
    /// Collective. The last durable state: of the checkpoint, of the cube, or of the shorter cube, whose
    /// snapshots are then in this one. `None` when there is none yet.
    pub(super) fn resume(&mut self, state: &mut impl State<C>) -> Result<Option<Clock>, RunError> {
        let last = self.scenario.as_ref().and_then(|scenario| scenario.last());
        // What follows is judged by its change since then, whether it is copied or computed.
        self.last = last.map_or(self.problem.schedule.pace().start(), Record::clock);
        if let Some(clock) = self.copy_shorter(state)? {
            return Ok(Some(clock));
        }
        let Some(scenario) = &self.scenario else {
            return Ok(None);
        };
        let Some(last) = scenario.last() else {
            return Ok(None);
        };
        let (ranks, cube, header) = (self.ranks, scenario.file(), scenario.header());
        take_snapshot(state, &cube.path, header.offset_of(last.slot()), last)?;
        let Some(paths) = self.checkpoint else {
            return Ok(Some(last.clock()));
        };
        if let Some(clock) = state.take_own(header, last.clock())? {
            return Ok(Some(clock));
        }
        let found = checkpoint::find(paths, header, last.clock());
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
        }
        Ok(Some(last.clock()))
    }

    /// Collective. Copies the committed snapshots of a shorter run that the cube does not hold yet, each
    /// verified by its digest, up to one that ends this run; the state is then the last of them. `None` if there was
    /// nothing to copy.
    fn copy_shorter(&mut self, state: &mut impl State<C>) -> Result<Option<Clock>, RunError> {
        let (Some(scenario), Some(shorter)) = (&self.scenario, self.shorter) else {
            return Ok(None);
        };
        let ranks = self.ranks;
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
            if self.has_ended {
                break;
            }
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
    let seen = |cube: &Cube| (cube.records().len(), cube.header().run_id.clone());
    let seen = collective::all_gather(comm, cube.as_ref().map(seen));
    let Some(((fewest, _), cube)) = seen.iter().min().cloned().flatten().zip(cube) else {
        return Ok(None);
    };
    // Records of one run are equal; those of another may be committed as often.
    let of_this_run = |seen: &Option<(usize, String)>| {
        seen.as_ref()
            .is_some_and(|(_, run_id)| *run_id == cube.header().run_id)
    };
    if !seen.iter().all(of_this_run) {
        return Err(RunError::Cube(CubeError::DoesNotMatch {
            cube: path.to_owned(),
            reason: "ranks see different files of that name: the directory must be one that all machines share".to_owned(),
        }));
    }
    let records = cube.records()[..fewest].to_vec();
    Ok((fewest > 0).then_some((cube, records)))
}
