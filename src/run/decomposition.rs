//! [`Decomposition`]: the grid cut into slabs, one for each rank, and the transfers between them.

use crate::{
    comm::{Comm, Incoming, Outgoing, ROOT, Solo},
    cube::share::{Job, Share},
    field::Field,
    grid::Grid,
    problem::Problem,
    slab::Slab,
    summary::Summary,
};
use bytemuck::Pod;
use diff2d_stencil::Element;
use std::{borrow::Cow, ops::Range};

/// The number of jobs with bytes from other ranks that are gathered at a time, which bounds their memory.
const JOBS_AT_A_TIME: usize = 4;

/// The slab of a rank and its connections to the other ranks.
#[derive(Debug)]
pub(crate) struct Decomposition<'a, C> {
    comm: &'a C,
    slab: Slab,
    /// The number of nodes in a row.
    columns: usize,
}

impl Decomposition<'static, Solo> {
    /// The whole grid of a problem, on one rank.
    pub(crate) fn alone(problem: &Problem) -> Self {
        let (ny, nx) = problem.grid.shape();
        let slab = Slab::whole(ny).periodic(problem.has_periodic_rows());
        Self::new(&Solo, slab, nx)
    }
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

    /// The shape of the field that this rank holds.
    pub(crate) fn shape(&self) -> (usize, usize) {
        (self.slab.held().len(), self.columns)
    }

    /// This rank's share of a snapshot with elements of type `T`.
    pub(crate) fn share<T>(&self) -> Share {
        let row = self.row_bytes::<T>();
        let slab_ends = (0..self.comm.size()).map(|rank| self.slab.rows_of(rank).end as u64 * row);
        Share::new(self.comm.rank(), slab_ends.collect(), false)
    }

    /// The bytes of the rows that this rank owns in a state of the whole grid.
    pub(crate) fn own_bytes<T>(&self) -> Range<u64> {
        let (own_rows, row_bytes) = (self.slab.own(), self.row_bytes::<T>());
        own_rows.start as u64 * row_bytes..own_rows.end as u64 * row_bytes
    }

    fn row_bytes<T>(&self) -> u64 {
        (self.columns * size_of::<T>()) as u64
    }

    /// The rows that this rank owns, among the rows that it holds.
    pub(crate) fn own_rows<'s, T: Element>(&self, state: &'s Field<T>) -> &'s [T] {
        let own_rows = self.slab.own_among_held();
        &state.as_slice()[own_rows.start * self.columns..own_rows.end * self.columns]
    }

    /// Collective. Mass, minimum and maximum of the whole grid on rank 0, from the summaries of each rank's own rows.
    /// The result on other ranks has no meaning.
    ///
    /// The sums of single rows are added in the order of the rows, so that the bits do not depend on the ranks.
    pub(crate) fn gather_summary(&self, grid: &Grid, own: &[Summary]) -> Summary {
        Summary::of_rows(&self.gather(own, |rows| rows.len()), grid)
    }

    /// Collective. The values of all rows in order on rank 0, gathered from each rank's own rows; on other ranks only
    /// their own values. `count` gives the number of values in a range of rows.
    pub(crate) fn gather<'v, V: Pod>(
        &self,
        own: &'v [V],
        count: impl Fn(Range<usize>) -> usize,
    ) -> Cow<'v, [V]> {
        if self.comm.size() == 1 {
            return Cow::Borrowed(own);
        }
        let mut gathered_values = own.to_vec();
        let counts = (1..self.comm.size()).map(|rank| count(self.slab.rows_of(rank)));
        let counts: Vec<usize> = counts.collect();
        if self.comm.is_root() {
            gathered_values.resize(own.len() + counts.iter().sum::<usize>(), V::zeroed());
        }
        let mut unfilled = gathered_values.get_mut(own.len()..).unwrap_or_default();
        let mut incoming = Vec::new();
        for (from, count) in (1..).zip(counts) {
            let (rank_values, later_values) = unfilled.split_at_mut(count.min(unfilled.len()));
            unfilled = later_values;
            if !rank_values.is_empty() {
                let bytes = bytemuck::cast_slice_mut(rank_values);
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
        Cow::Owned(gathered_values)
    }

    /// The jobs of this rank's share in a snapshot that begins at byte `begin`, in two lists: those whose bytes this
    /// rank has, and those for which other ranks send some.
    pub(crate) fn jobs(share: &Share, begin: u64) -> [Vec<Job>; 2] {
        let own_bytes = share.own();
        let (own_jobs, shared_jobs) = share
            .jobs(begin)
            .into_iter()
            .partition(|job| own_bytes.start <= job.bytes.start && job.bytes.end <= own_bytes.end);
        [own_jobs, shared_jobs]
    }

    /// Collective. Passes every job of this rank's share to `take` with its bytes, which come from `own`, the rows that
    /// this rank owns, or from the ranks that own them.
    pub(crate) fn gather_jobs(
        &self,
        share: &Share,
        begin: u64,
        own: &[u8],
        mut take: impl FnMut(&Job, &[u8]),
    ) {
        let own_begin = share.own().start;
        let [own_jobs, _] = Self::jobs(share, begin);
        for job in &own_jobs {
            let range =
                (job.bytes.start - own_begin) as usize..(job.bytes.end - own_begin) as usize;
            take(job, &own[range]);
        }
        self.gather_shared_jobs(share, begin, |offset, to| copy_from(own, offset, to), take);
    }

    /// Collective. Passes the jobs for which other ranks send bytes to `take`. `own` copies bytes of this rank's own
    /// rows, from a given byte on.
    pub(crate) fn gather_shared_jobs(
        &self,
        share: &Share,
        begin: u64,
        mut own: impl FnMut(u64, &mut [u8]),
        mut take: impl FnMut(&Job, &[u8]),
    ) {
        let own_begin = share.own().start;
        let [_, shared] = Self::jobs(share, begin);
        let transfers = share.given(begin);
        let rounds = transfers.len().max(shared.len()).div_ceil(JOBS_AT_A_TIME);
        for round in 0..rounds {
            let transfers = of_round(&transfers, round);
            let copies: Vec<Vec<u8>> = transfers
                .iter()
                .map(|transfer| {
                    let mut copy = buffer(&transfer.bytes);
                    own(transfer.bytes.start - own_begin, &mut copy);
                    copy
                })
                .collect();
            let outgoing: Vec<_> = transfers
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
                let mut unfilled = &mut buffer[..];
                for source in share.sources(job) {
                    let length = (source.bytes.end - source.bytes.start) as usize;
                    let (bytes, later_bytes) = unfilled.split_at_mut(length);
                    unfilled = later_bytes;
                    if source.rank == self.comm.rank() {
                        own(source.bytes.start - own_begin, bytes);
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

/// Copies the bytes of `own` from byte `offset` on.
pub(crate) fn copy_from(own: &[u8], offset: u64, to: &mut [u8]) {
    let offset = offset as usize;
    to.copy_from_slice(&own[offset..offset + to.len()]);
}

/// A buffer for a range of bytes.
fn buffer(bytes: &Range<u64>) -> Vec<u8> {
    let length = (bytes.end - bytes.start) as usize;
    vec![0; length]
}

/// The part of a list that is exchanged in round number `round`.
fn of_round<T>(list: &[T], round: usize) -> &[T] {
    list.chunks(JOBS_AT_A_TIME).nth(round).unwrap_or_default()
}
