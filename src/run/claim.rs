//! Whose the cube is, and who writes into it.

use super::{
    RunError, Watch,
    team::{all, gather},
};
use crate::{
    comm::Comm,
    cube::{
        Claim, CubeError, CubeWriter, Header, Io, Paths, Record, Solving, Store, checkpoint,
        file::CubeFile, share::Share,
    },
};
use serde::{Deserialize, Serialize};

/// What the root tells the others of the cube that it owns.
#[derive(Debug, Serialize, Deserialize)]
struct Claimed {
    header: Header,
    /// The last committed snapshot of each scenario.
    last: Vec<Option<Record>>,
    io: Io,
    complete: bool,
}

impl Claimed {
    fn of(store: &Store) -> Self {
        Self {
            header: store.header.clone(),
            last: store.last_of_each(),
            io: store.io(),
            complete: store.is_complete(),
        }
    }
}

/// The root takes possession of the cube, which begins with `header`, and every rank opens its way into
/// it for its `share`; `None` when the cube is complete.
pub(crate) fn open(
    paths: &Paths,
    header: impl FnOnce() -> Result<Header, getrandom::Error>,
    claim: Claim,
    share: Share,
    solving: Solving,
    comm: &impl Comm,
    watch: &Watch,
) -> Result<Option<(CubeWriter, Io)>, RunError> {
    let machines = comm.machines();
    if machines > 1 && claim.io == Some(Io::Map) {
        return Err(RunError::MapAcrossMachines);
    }
    let claim = Claim { machines, ..claim };
    let own = || Ok(Store::claim(paths, header()?, claim)?);
    let store = all(comm, comm.is_root().then(own).transpose())?;
    let claimed = gather(comm, store.as_ref().map(Claimed::of));
    let claimed = claimed.into_iter().next().flatten();
    let Some(claimed) = claimed.filter(|claimed| !claimed.complete) else {
        // Whoever committed the last snapshot may have been killed before tidying up.
        if comm.is_root() {
            checkpoint::remove(paths)?;
        }
        return Ok(None);
    };
    let share = match claimed.io {
        Io::Single => share.by_one(),
        _ => share,
    };
    let writer: Result<CubeWriter, CubeError> = match store {
        Some(store) => {
            watch.note(&store.describe());
            if comm.size() > 1 {
                watch.note(&format!("{} ranks on {machines} machines", comm.size()));
            }
            CubeWriter::start(store, share, solving, watch.committed.clone())
        }
        None => CubeFile::open(paths, &claimed.header, claimed.io).and_then(|file| {
            CubeWriter::assist(file, claimed.header, claimed.last, share, solving)
        }),
    };
    let writer = all(comm, writer.map_err(RunError::from))?;
    Ok(Some((writer, claimed.io)))
}
