//! What precedes the time loop: ranks agree on what is to be run and find room for its state, rank 0 claims the cube, and
//! all open it.

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
        share::Share,
    },
    problem::Problem,
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Collective. The names of the files that all ranks are to write, if they are to write any.
///
/// # Errors
/// Where ranks were asked for different runs, which would wait for each other, or the initial state is not committed.
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
    all_agree(comm, &task)?;
    let inputs = problem.initial_array().map_or(Ok(()), |(path, snapshot)| {
        cube::inputs::is_committed(path, snapshot)
    });
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

/// Collective. How each rank divides its memory.
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
                "its snapshots are in memory, as is its state: a run that writes a cube needs less",
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

/// Collective. Refuses ranks whose `task` differs.
fn all_agree(comm: &impl Comm, task: &impl Serialize) -> Result<(), RunError> {
    match collective::first_that_differs(comm, task) {
        Some(rank) => Err(RunError::Disagree { rank }),
        None => Ok(()),
    }
}

/// What rank 0 tells the others of the cube that it has claimed.
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

/// Collective. Rank 0 claims the cube, whose journal begins with `header`; then every rank opens it to
/// write its `share` beside a solver with this load. `None` when the cube is complete.
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
    let claim = || {
        let mut store = Store::claim(paths, header()?, claim)?;
        // Other ranks look for line 1 of the journal, and a scratch bears its run id. Otherwise the first steps are
        // computed meanwhile.
        if comm.size() > 1 || load.memory.is_some() {
            store.begin()?;
        }
        Ok::<_, RunError>(store)
    };
    let store = collective::all_ok(comm, comm.is_root().then(claim).transpose())?;
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
