//! Whose the cube is, and who writes into it.

use super::{Options, RunError, Team, Watch};
use crate::{
    comm::Comm,
    cube::{
        Claim, CubeError, CubeWriter, Header, Io, Paths, Record, Solving, Store, checkpoint,
        file::CubeFile,
    },
    problem::Problem,
};
use serde::{Deserialize, Serialize};

/// What the root tells the others of the cube that it owns.
#[derive(Debug, Serialize, Deserialize)]
struct Claimed {
    header: Header,
    /// The last committed snapshot.
    last: Option<Record>,
    io: Io,
    complete: bool,
}

impl Claimed {
    fn of(store: &Store) -> Self {
        Self {
            header: store.header.clone(),
            last: store.records.last().cloned(),
            io: store.io(),
            complete: store.is_complete(),
        }
    }
}

/// The root takes possession of the cube, and every rank opens its way into it; `None` when the cube is
/// complete.
pub(super) fn open<T>(
    problem: &Problem,
    options: &Options,
    paths: &Paths,
    team: &Team<'_, impl Comm>,
    watch: &Watch,
) -> Result<Option<(CubeWriter, Io)>, RunError> {
    let machines = team.comm().machines();
    if machines > 1 && options.claim.io == Some(Io::Map) {
        return Err(RunError::MapAcrossMachines);
    }
    let claim = Claim {
        machines,
        ..options.claim
    };
    let own = || Ok(Store::claim(paths, problem.header()?, claim)?);
    let store = team.all(team.is_root().then(own).transpose())?;
    let claimed = team.hear_root(store.as_ref().map(Claimed::of));
    let Some(claimed) = claimed.filter(|claimed| !claimed.complete) else {
        // Whoever committed the last snapshot may have been killed before tidying up.
        if team.is_root() {
            checkpoint::remove(paths)?;
        }
        return Ok(None);
    };
    let share = match claimed.io {
        Io::Single => team.share::<T>().by_one(),
        _ => team.share::<T>(),
    };
    let threads = rayon::current_num_threads();
    let solving = Solving {
        lanes: 1,
        threads,
        leaves_room: super::leaves_room(threads * team.on_this_host()),
    };
    let writer: Result<CubeWriter, CubeError> = match store {
        Some(store) => {
            watch.note(&store.describe());
            if share.ranks() > 1 {
                watch.note(&format!(
                    "{} ranks on {machines} machines, halos {} rows deep",
                    share.ranks(),
                    team.slab().halo()
                ));
            }
            CubeWriter::start(store, share, solving, watch.committed.clone())
        }
        None => CubeFile::open(paths, &claimed.header, claimed.io).and_then(|file| {
            CubeWriter::assist(file, claimed.header, claimed.last, share, solving)
        }),
    };
    let writer = team.all(writer.map_err(RunError::from))?;
    Ok(Some((writer, claimed.io)))
}
