//! [`Decomposition`]: the grid cut into slabs, one for each rank, and the transfers between them.

use crate::{
    comm::{Comm, Incoming, Outgoing, ROOT},
    cube::share::{Job, Share},
    field::Field,
    grid::Grid,
    slab::Slab,
    summary::Summary,
};
use bytemuck::Pod;
use diff2d_stencil::Element;
use std::{borrow::Cow, ops::Range};

/// Jobs whose bytes come from other ranks are gathered so many at a time, which bounds their memory.
const JOBS_AT_A_TIME: usize = 4;

/// The slab of a rank and its connections to the others.
#[derive(Debug)]
pub(crate) struct Decomposition<'a, C> {
    comm: &'a C,
    slab: Slab,
    /// Nodes of a row.
    columns: usize,
}

impl<'a, C: Comm> Decomposition<'a, C> {
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

    /// This rank's share of a snapshot with elements of type `T`.
    pub(crate) fn share<T>(&self) -> Share {
        let row = self.row_bytes::<T>();
        let ends = (0..self.comm.size()).map(|rank| self.slab.rows_of(rank).end as u64 * row);
        Share::new(self.comm.rank(), ends.collect(), false)
    }

    /// The bytes of the rows that this rank owns in a state of the whole grid.
    pub(crate) fn own_bytes<T>(&self) -> Range<u64> {
        let (own, row) = (self.slab.own(), self.row_bytes::<T>());
        own.start as u64 * row..own.end as u64 * row
    }

    fn row_bytes<T>(&self) -> u64 {
        (self.columns * size_of::<T>()) as u64
    }

    /// The rows that this rank owns, of those that it holds.
    pub(crate) fn own_rows<'s, T: Element>(&self, state: &'s Field<T>) -> &'s [T] {
        let own = self.slab.own_among_held();
        &state.as_slice()[own.start * self.columns..own.end * self.columns]
    }

    /// Collective. Mass, minimum and maximum of the whole grid, from the summaries of the rows that this rank
    /// owns, on rank 0; on others without meaning.
    ///
    /// Sums are taken of the sums of rows, in the order of rows, whichever rank has them.
    pub(crate) fn gather_summary(&self, grid: &Grid, own: &[Summary]) -> Summary {
        Summary::of_rows(&self.gather(own, |rows| rows.len()), grid)
    }

    /// Collective. The values of all rows in their order on rank 0, of those that each rank has of the rows it owns; on others
    /// these alone. `count` says how many there are of some rows.
    pub(crate) fn gather<'v, V: Pod>(
        &self,
        own: &'v [V],
        count: impl Fn(Range<usize>) -> usize,
    ) -> Cow<'v, [V]> {
        if self.comm.size() == 1 {
            return Cow::Borrowed(own);
        }
        let mut all = own.to_vec();
        let counts = (1..self.comm.size()).map(|rank| count(self.slab.rows_of(rank)));
        let counts: Vec<usize> = counts.collect();
        if self.comm.is_root() {
            all.resize(own.len() + counts.iter().sum::<usize>(), V::zeroed());
        }
        let mut rest = all.get_mut(own.len()..).unwrap_or_default();
        let mut incoming = Vec::new();
        for (from, count) in (1..).zip(counts) {
            let (here, behind) = rest.split_at_mut(count.min(rest.len()));
            rest = behind;
            if !here.is_empty() {
                let bytes = bytemuck::cast_slice_mut(here);
                incoming.push(Incoming { from, bytes });
            }
        }
        let mut outgoing = Vec::new();
        if !self.comm.is_root() && !own.is_empty() {
            outgoing.push(Outgoing {
                to: ROOT,
                bytes: bytemuck::cast_slice(own),
            });
        }
        self.comm.exchange(&outgoing, &mut incoming, || ());
        Cow::Owned(all)
    }

    /// The jobs of this rank's share in a snapshot that begins at byte `begin`: those whose bytes it has, and
    /// those for which other ranks send some.
    pub(crate) fn jobs(share: &Share, begin: u64) -> [Vec<Job>; 2] {
        let own = share.own();
        let is_own = |job: &Job| own.start <= job.bytes.start && job.bytes.end <= own.end;
        let (mine, shared) = share.jobs(begin).into_iter().partition(is_own);
        [mine, shared]
    }

    /// Collective. Passes every job of this rank's share to `take`, with its bytes: those of `own`, the rows
    /// that the rank owns, or those received from the ranks that own them.
    pub(crate) fn gather_jobs(
        &self,
        share: &Share,
        begin: u64,
        own: &[u8],
        mut take: impl FnMut(&Job, &[u8]),
    ) {
        let first = share.own().start;
        #[expect(clippy::cast_possible_truncation, reason = "places in memory")]
        let in_memory =
            |bytes: &Range<u64>| &own[(bytes.start - first) as usize..(bytes.end - first) as usize];
        let [mine, _] = Self::jobs(share, begin);
        for job in &mine {
            take(job, in_memory(&job.bytes));
        }
        let copy = |at: u64, to: &mut [u8]| copy_from(own, at, to);
        self.gather_shared_jobs(share, begin, copy, take);
    }

    /// Collective. Passes the jobs for which other ranks send bytes to `take`. `own` copies bytes of the rows that
    /// this rank owns, from a byte of them on.
    pub(crate) fn gather_shared_jobs(
        &self,
        share: &Share,
        begin: u64,
        mut own: impl FnMut(u64, &mut [u8]),
        mut take: impl FnMut(&Job, &[u8]),
    ) {
        let first = share.own().start;
        let [_, shared] = Self::jobs(share, begin);
        let given = share.given(begin);
        let rounds = given.len().max(shared.len()).div_ceil(JOBS_AT_A_TIME);
        for round in 0..rounds {
            let given = of_round(&given, round);
            let copies: Vec<Vec<u8>> = given
                .iter()
                .map(|transfer| {
                    let mut copy = buffer(&transfer.bytes);
                    own(transfer.bytes.start - first, &mut copy);
                    copy
                })
                .collect();
            let outgoing: Vec<_> = given
                .iter()
                .zip(&copies)
                .map(|(transfer, bytes)| Outgoing {
                    to: transfer.rank,
                    bytes,
                })
                .collect();
            let jobs = of_round(&shared, round);
            let mut buffers: Vec<Vec<u8>> = jobs.iter().map(|job| buffer(&job.bytes)).collect();
            let mut incoming = Vec::new();
            for (job, buffer) in jobs.iter().zip(&mut buffers) {
                let mut rest = &mut buffer[..];
                for source in share.sources(job) {
                    let length = (source.bytes.end - source.bytes.start) as usize;
                    let (bytes, behind) = rest.split_at_mut(length);
                    rest = behind;
                    if source.rank == self.comm.rank() {
                        own(source.bytes.start - first, bytes);
                    } else {
                        incoming.push(Incoming {
                            from: source.rank,
                            bytes,
                        });
                    }
                }
            }
            self.comm.exchange(&outgoing, &mut incoming, || ());
            for (job, bytes) in jobs.iter().zip(&buffers) {
                take(job, bytes);
            }
        }
    }
}

/// Copies bytes that follow the byte `at` of `own`.
pub(crate) fn copy_from(own: &[u8], at: u64, to: &mut [u8]) {
    #[expect(clippy::cast_possible_truncation, reason = "a place in memory")]
    let at = at as usize;
    to.copy_from_slice(&own[at..at + to.len()]);
}

/// Memory for some bytes.
fn buffer(bytes: &Range<u64>) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, reason = "at most a block")]
    let length = (bytes.end - bytes.start) as usize;
    vec![0; length]
}

/// Those of a list that are exchanged in a round.
fn of_round<T>(all: &[T], round: usize) -> &[T] {
    all.chunks(JOBS_AT_A_TIME).nth(round).unwrap_or_default()
}
