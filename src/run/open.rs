//! How the ranks of a run come to write into one cube.

use super::{error::RunError, exchange::on_root, observer::Observer};
use crate::{
    comm::{Comm, Topology, collective},
    cube::{
        Claim, CubeError, CubeWriter, Header, Io, Paths, SolverLoad, Store, checkpoint,
        file::CubeFile, journal::Committed, share::Share,
    },
};
use serde::{Deserialize, Serialize};

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
/// write its `share`. `None` when the cube is complete.
///
/// # Errors
/// [`RunError`], on every rank.
pub(crate) fn open(
    paths: &Paths,
    header: impl FnOnce() -> Result<Header, getrandom::Error>,
    claim: Claim,
    (share, load): (Share, SolverLoad),
    (comm, topology): (&impl Comm, &Topology),
    observer: &Observer,
) -> Result<Option<(CubeWriter, Io)>, RunError> {
    let machines = topology.machines();
    if machines > 1 && claim.io == Some(Io::Map) {
        return Err(RunError::MapAcrossMachines);
    }
    let claim = Claim { machines, ..claim };
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
            observer.note(store.describe());
            if comm.size() > 1 {
                observer.note(format!("{} ranks on {machines} machines", comm.size()));
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
