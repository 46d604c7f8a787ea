//! [`Team`]: the ranks of a run, and how they come to know the same.

use super::RunError;
use crate::{
    comm::{Comm, Incoming, Outgoing, ROOT},
    cube::share::{Job, Share},
    field::Field,
    grid::Grid,
    real::Real,
    slab::Slab,
    summary::Summary,
    sys,
};
use serde::{Serialize, de::DeserializeOwned};
use std::ops::Range;

/// Jobs whose bytes come from other ranks that are gathered at a time: a limit of memory.
const TOGETHER: usize = 4;

/// One rank, its slab of the grid and its ways to the others.
#[derive(Debug)]
pub(crate) struct Team<'a, C> {
    comm: &'a C,
    slab: Slab,
    /// Nodes of a row.
    columns: usize,
}

impl<'a, C: Comm> Team<'a, C> {
    pub(crate) fn new(comm: &'a C, slab: Slab, columns: usize) -> Self {
        Self {
            comm,
            slab,
            columns,
        }
    }

    pub(crate) fn comm(&self) -> &'a C {
        self.comm
    }

    pub(crate) fn slab(&self) -> &Slab {
        &self.slab
    }

    /// Shape of the field that this rank holds.
    pub(crate) fn shape(&self) -> (usize, usize) {
        (self.slab.held().len(), self.columns)
    }

    pub(crate) fn is_root(&self) -> bool {
        self.comm.is_root()
    }

    /// What every rank gives, in their order.
    pub(crate) fn gather<T: Serialize + DeserializeOwned>(&self, mine: T) -> Vec<T> {
        gather(self.comm, mine)
    }

    /// `mine` if no rank has failed, else an error on all of them.
    pub(crate) fn all<T>(&self, mine: Result<T, RunError>) -> Result<T, RunError> {
        all(self.comm, mine)
    }

    /// The parts of all ranks in a snapshot with elements of type `T`.
    pub(crate) fn share<T>(&self) -> Share {
        let row = (self.columns * size_of::<T>()) as u64;
        let ends = (0..self.comm.size()).map(|rank| self.slab.rows_of(rank).end as u64 * row);
        Share::new(self.comm.rank(), ends.collect(), false)
    }

    /// Mass, minimum and maximum of the whole grid: the root knows them, the others nothing.
    pub(crate) fn summary<T: Real>(&self, grid: &Grid, state: &Field<T>) -> Summary {
        let rows = |rank: usize| self.slab.rows_of(rank).len();
        let own = state.summaries(grid, self.slab.own_among_held());
        let mut all = own.clone();
        if self.is_root() {
            all.resize(self.slab.rows(), own[0]);
        }
        let mut rest = all.get_mut(own.len()..).unwrap_or_default();
        let mut incoming = Vec::new();
        for rank in 1..self.comm.size() {
            let (here, behind) = rest.split_at_mut(rows(rank).min(rest.len()));
            rest = behind;
            if !here.is_empty() {
                incoming.push(Incoming {
                    from: rank,
                    bytes: bytemuck::cast_slice_mut(here),
                });
            }
        }
        let mut outgoing = Vec::new();
        if !self.is_root() && !own.is_empty() {
            outgoing.push(Outgoing {
                to: ROOT,
                bytes: bytemuck::cast_slice(&own),
            });
        }
        self.comm.exchange(&outgoing, &mut incoming, || ());
        Summary::of_rows(&all, grid)
    }

    /// Hands every job of this rank's share to `take`, with its bytes: from `state`, the rows that the
    /// rank holds, or from the ranks that have them. All ranks do this together, each for its own.
    pub(crate) fn each_job<T: Real>(
        &self,
        share: &Share,
        begin: u64,
        state: &Field<T>,
        mut take: impl FnMut(&Job, &[u8]),
    ) {
        let held = self.slab.held().start as u64 * (self.columns * size_of::<T>()) as u64;
        #[expect(clippy::cast_possible_truncation, reason = "places in memory")]
        let have = |bytes: &Range<u64>| {
            &state.as_bytes()[(bytes.start - held) as usize..(bytes.end - held) as usize]
        };
        let own = share.own();
        let is_own = |job: &Job| own.start <= job.bytes.start && job.bytes.end <= own.end;
        let (mine, shared): (Vec<Job>, Vec<Job>) = share.jobs(begin).into_iter().partition(is_own);
        for job in &mine {
            take(job, have(&job.bytes));
        }
        let given = share.given(begin);
        let rounds = given.len().max(shared.len()).div_ceil(TOGETHER);
        for round in 0..rounds {
            let outgoing: Vec<_> = part(&given, round)
                .iter()
                .map(|transfer| Outgoing {
                    to: transfer.rank,
                    bytes: have(&transfer.bytes),
                })
                .collect();
            let jobs = part(&shared, round);
            let mut room: Vec<Vec<u8>> = jobs
                .iter()
                .map(|job| vec![0; (job.bytes.end - job.bytes.start) as usize])
                .collect();
            let mut incoming = Vec::new();
            for (job, room) in jobs.iter().zip(&mut room) {
                let mut rest = &mut room[..];
                for source in share.sources(job) {
                    let length = (source.bytes.end - source.bytes.start) as usize;
                    let (bytes, behind) = rest.split_at_mut(length);
                    rest = behind;
                    if source.rank == self.comm.rank() {
                        bytes.copy_from_slice(have(&source.bytes));
                    } else {
                        incoming.push(Incoming {
                            from: source.rank,
                            bytes,
                        });
                    }
                }
            }
            self.comm.exchange(&outgoing, &mut incoming, || ());
            for (job, bytes) in jobs.iter().zip(&room) {
                take(job, bytes);
            }
        }
    }
}

/// Those that belong to a round.
fn part<T>(all: &[T], round: usize) -> &[T] {
    all.chunks(TOGETHER).nth(round).unwrap_or_default()
}

/// What every rank gives, in their order.
pub(crate) fn gather<T: Serialize + DeserializeOwned>(comm: &impl Comm, mine: T) -> Vec<T> {
    if comm.size() == 1 {
        return vec![mine];
    }
    let bytes = serde_json::to_vec(&mine).unwrap_or_default();
    comm.gather_all(&bytes)
        .iter()
        .map(|bytes| {
            serde_json::from_slice(bytes)
                .unwrap_or_else(|error| panic!("a rank of another version takes part: {error}"))
        })
        .collect()
}

/// `mine` if no rank has failed, else an error on all of them.
pub(crate) fn all<T>(comm: &impl Comm, mine: Result<T, RunError>) -> Result<T, RunError> {
    let failed = gather(comm, mine.is_err()).contains(&true);
    match mine {
        Ok(_) if failed => Err(RunError::Elsewhere),
        mine => mine,
    }
}

/// Refuses ranks that were asked for different things: they would wait for each other.
pub(crate) fn same_for_all<T>(comm: &impl Comm, mine: T) -> Result<(), RunError>
where
    T: Serialize + DeserializeOwned + PartialEq,
{
    let asked = gather(comm, mine);
    match asked.iter().position(|other| *other != asked[ROOT]) {
        Some(rank) => Err(RunError::Disagree { rank }),
        None => Ok(()),
    }
}

/// How many ranks share this one's machine, itself included.
pub(crate) fn on_this_host(comm: &impl Comm) -> usize {
    let hosts = comm.hosts();
    let here = &hosts[comm.rank()];
    hosts.iter().filter(|host| *host == here).count()
}

/// How many ranks may run on the same processors as this one, itself included.
pub(crate) fn on_these_processors(comm: &impl Comm) -> usize {
    let here = (comm.host(), sys::allowed_processors());
    let places = gather(comm, here.clone());
    places.iter().filter(|place| **place == here).count()
}
