//! What precedes the time loop: ranks agree on what is to be run and find room for its state, rank 0 claims the cube, and
//! all open it.

use super::{
    bands_shape::Shape,
    decomposition::Decomposition,
    error::RunError,
    exchange::on_root,
    in_memory::InMemory,
    observer::Observer,
    options::Options,
    setup::{self, Room},
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
use diff2d_stencil::{Element, Stencil};
use diff2d_sys as sys;
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
    let inputs = problem
        .initial_array()
        .map_or(Ok(()), cube::inputs::is_committed);
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

/// What follows from the memory that a run may take.
pub(super) struct Resources<T: Element> {
    pub(super) stencil: Stencil<T>,
    pub(super) load: SolverLoad,
    /// Bytes of the buffers of a run in memory.
    buffers: u64,
    /// Bytes that the state may take in bands, if it is not in memory.
    pub(super) in_bands: Option<u64>,
}

impl<T: Element> Resources<T> {
    /// Collective. Those of each rank.
    pub(super) fn find(
        problem: &Problem,
        options: &Options,
        topology: &Topology,
        comm: &impl Comm,
        has_cube: bool,
    ) -> Result<Self, RunError> {
        let threads = rayon::current_num_threads();
        let mut load = SolverLoad {
            scenarios: 1,
            threads,
            has_spare_processor: topology.has_spare_processor(threads),
            memory: None,
        };
        let buffers = match has_cube {
            true => load.buffer_bytes(problem.field_bytes()),
            false => 0,
        };
        let room = Room {
            cap: options.memory.or(problem.params.memory),
            buffers: collective::least(comm, buffers),
            ranks: comm.size(),
            has_cube,
        };
        let in_bands = collective::all_ok(comm, room.in_bands(problem))?;
        if in_bands.is_some() {
            sys::give_back_memory();
        }
        // Of a state in bands, blocks on their way to the cube take a part of the memory.
        load.memory = in_bands.map(|memory| memory / 8);
        let stencil = match in_bands {
            // Its tiles are those of bands.
            Some(_) => problem.stencil(),
            None => setup::stencil_for::<T>(problem, options.tile, comm, room),
        };
        Ok(Self {
            stencil,
            load,
            buffers,
            in_bands,
        })
    }

    /// The place of a rank's state, if there is memory for it.
    pub(super) fn place<'a, C: Comm>(
        &self,
        problem: &'a Problem,
        topology: &Topology,
        ranks: &'a Decomposition<'a, C>,
    ) -> Result<Place<InMemory<'a, T, C>>, RunError> {
        let needed = match self.in_bands {
            Some(memory) => memory,
            None => setup::memory(problem, ranks) + self.buffers,
        };
        setup::check_memory(needed.saturating_mul(topology.ranks_on_this_machine() as u64))?;
        let Some(memory) = self.in_bands else {
            return InMemory::new(problem, self.stencil.clone(), ranks).map(Place::Memory);
        };
        let buffers = self.load.buffer_bytes(problem.field_bytes());
        Shape::beside(buffers, memory, problem, &self.stencil).map(Place::Files)
    }
}

/// Where the state of a run is to be.
pub(super) enum Place<S> {
    Memory(S),
    /// In files, from which it passes through memory in bands of this shape.
    Files(Shape),
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
