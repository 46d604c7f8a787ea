//! Prepares a run before the time loop: ranks agree on what is run and find memory for its state, rank 0 claims the
//! cube, and all ranks open it.

use super::{
    budget::{Budget, SnapshotStorage, Terms},
    error::RunError,
    exchange::on_root,
    observer::Observer,
    options::Options,
};
use crate::{
    comm::{Comm, Topology, collective},
    cube::{
        self, Claim, CubeError, CubeWriter, Header, Io, Paths, SolverLoad, Store, checkpoint,
        file::CubeFile,
        inputs::are_spared,
        journal::{Committed, Scenario},
        record_file,
        share::Share,
    },
    fault::Fault,
    problem::Problem,
};
use diff2d_arrays::wording::bytes;
use diff2d_sys as sys;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Collective. The names of the files that all ranks write, if there is an output.
///
/// # Errors
/// If ranks were started with different runs, which would wait for each other forever, or if the initial state is not
/// committed.
pub(super) fn agree(
    problem: &Problem,
    options: &Options,
    comm: &impl Comm,
) -> Result<Option<Paths>, RunError> {
    let files = (options.output.is_some(), options.extend.is_some());
    let task = (
        Scenario::of(problem),
        problem.inputs(),
        files,
        options.claim.io,
    );
    if let Some(rank) = collective::first_that_differs(comm, &task) {
        return Err(RunError::Disagree { rank });
    }
    let mut arrays = problem.arrays_on_disk();
    let inputs = arrays.try_for_each(|(path, matrix)| cube::inputs::is_committed(path, matrix));
    let paths = inputs.and_then(|()| options.output.as_deref().map(Paths::of).transpose());
    let paths = paths.and_then(|paths| {
        let read = problem.inputs().into_keys().map(PathBuf::from);
        let read = read.chain(options.extend.clone());
        let read = read.chain(options.reads.iter().cloned());
        let spared = paths
            .as_ref()
            .map_or(Ok(()), |paths| are_spared(paths, read));
        spared.map(|()| paths)
    });
    collective::all_ok(comm, paths.map_err(RunError::from))
}

/// Collective. Refuses a record that this kind of run cannot write, and files of other programs that have the names of
/// a record.
///
/// # Errors
/// [`RunError`].
pub(super) fn check_record(
    problem: &Problem,
    paths: Option<&Paths>,
    comm: &impl Comm,
) -> Result<(), RunError> {
    if problem.params.record.is_none() {
        return Ok(());
    }
    let Some(paths) = paths else {
        let sentence = "[record] is written beside a cube, and there is none: leave it out";
        return Err(Fault::refused(sentence).into());
    };
    on_root(comm, || record_file::refuse_others(paths, problem.fields()))?;
    let field_bytes = problem.disk_bytes();
    let is_new = comm.is_root() && !problem.fields().is_empty() && !paths.journal.exists();
    let fits = match sys::free_space(paths.directory()) {
        Some(free) if is_new && free < field_bytes => Err(Fault::failed(format!(
            "the cube and record.fields need {} on the disk, but only {} are free: free some space, write elsewhere with -o, or leave fields out",
            bytes(field_bytes),
            bytes(free)
        ))
        .into()),
        _ => Ok(()),
    };
    collective::all_ok(comm, fits)
}

/// Collective. Divides the memory of each rank.
pub(super) fn divide(
    problem: &Problem,
    options: &Options,
    topology: &Topology,
    comm: &impl Comm,
    snapshots: SnapshotStorage,
) -> Result<Budget, RunError> {
    let mut terms = Terms {
        limit: options.memory.or(problem.params.memory),
        ranks: comm.size(),
        snapshots,
        why_in_memory: match snapshots {
            SnapshotStorage::Cube => None,
            SnapshotStorage::Memory => Some(
                "its snapshots and its state are in memory: a run that writes a cube needs less",
            ),
            SnapshotStorage::Nothing => {
                Some("a state that is larger lies beside its cube, and --no-cube has none")
            }
        },
        ..Terms::alone(None)
    };
    terms.load.has_spare_processor = topology.has_spare_processor(terms.load.threads);
    collective::all_ok(comm, Budget::divide(problem, terms))
}

/// The properties of the claimed cube that rank 0 sends to the other ranks.
#[derive(Debug, Serialize, Deserialize)]
struct Claimed {
    header: Header,
    committed: Committed,
    io: Io,
    is_complete: bool,
}

impl Claimed {
    fn of(store: &Store) -> Self {
        Self {
            header: store.header.clone(),
            committed: store.committed.clone(),
            io: store.io(),
            is_complete: store.is_complete(),
        }
    }
}

/// Collective. Rank 0 claims the cube, whose journal begins with `header`; then every rank opens it to write its
/// `share` beside a solver with the load `load`. `None` if the cube is complete.
///
/// # Errors
/// [`RunError`], on every rank.
pub(crate) fn open(
    paths: &Paths,
    header: impl FnOnce() -> Result<Header, getrandom::Error>,
    claim: Claim,
    share: Share,
    load: SolverLoad,
    comm: &impl Comm,
    observer: &Observer,
) -> Result<Option<(CubeWriter, Io)>, RunError> {
    let machines = claim.machines;
    if machines > 1 && claim.io == Some(Io::Map) {
        return Err(RunError::MapAcrossMachines);
    }
    let store = comm.is_root().then(|| {
        let mut store = Store::claim(paths, header()?, claim)?;
        // Other ranks look for line 1 of the journal, and a scratch bears its run id. Otherwise the first steps are
        // computed meanwhile.
        if comm.size() > 1 || load.memory.is_some() {
            store.begin()?;
        }
        Ok::<_, RunError>(store)
    });
    let store = collective::all_ok(comm, store.transpose())?;
    let claimed = collective::from_root(comm, store.as_ref().map(Claimed::of));
    let Some(claimed) = claimed.filter(|claimed| !claimed.is_complete) else {
        // A run that was killed after its last commit has left its checkpoint.
        return on_root(comm, || checkpoint::remove(paths)).map(|()| None);
    };
    let share = match claimed.io {
        Io::Single => share.by_one(),
        _ => share,
    };
    let writer: Result<CubeWriter, CubeError> = match store {
        Some(store) => {
            observer.decided(store.describe());
            if comm.size() > 1 {
                observer.decided(format!("{} ranks on {machines} machines", comm.size()));
            }
            CubeWriter::with_journal(store, share, load, observer.committed().clone())
        }
        None => CubeFile::open(paths, &claimed.header, claimed.io).and_then(|file| {
            CubeWriter::without_journal(file, claimed.header, claimed.committed, share, load)
        }),
    };
    let writer = collective::all_ok(comm, writer.map_err(RunError::from))?;
    Ok(Some((writer, claimed.io)))
}
