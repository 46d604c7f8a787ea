//! [`Decomposition`]: the grid cut into slabs, one for each rank, and the transfers between them.

use crate::{
    comm::{Comm, Incoming, Outgoing, ROOT},
    cube::share::{Job, Share},
    field::Field,
    grid::Grid,
    slab::Slab,
    stencil::Element,
    summary::Summary,
};
use std::ops::Range;

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
        let row = (self.columns * size_of::<T>()) as u64;
        let ends = (0..self.comm.size()).map(|rank| self.slab.rows_of(rank).end as u64 * row);
        Share::new(self.comm.rank(), ends.collect(), false)
    }

    /// Collective. Mass, minimum and maximum of the whole grid, on rank 0; on others without meaning.
    ///
    /// Sums are taken of the sums of rows, in the order of rows, whichever rank has them.
    pub(crate) fn gather_summary<T: Element>(&self, grid: &Grid, state: &Field<T>) -> Summary {
        let own = state.summaries(grid, self.slab.own_among_held());
        let mut all = own.clone();
        if self.comm.is_root() {
            all.resize(self.slab.rows(), own[0]);
        }
        let mut rest = all.get_mut(own.len()..).unwrap_or_default();
        let mut incoming = Vec::new();
        for rank in 1..self.comm.size() {
            let rows = self.slab.rows_of(rank).len();
            let (here, behind) = rest.split_at_mut(rows.min(rest.len()));
            rest = behind;
            if !here.is_empty() {
                incoming.push(Incoming {
                    from: rank,
                    bytes: bytemuck::cast_slice_mut(here),
                });
            }
        }
        let mut outgoing = Vec::new();
        if !self.comm.is_root() && !own.is_empty() {
            outgoing.push(Outgoing {
                to: ROOT,
                bytes: bytemuck::cast_slice(&own),
            });
        }
        self.comm.exchange(&outgoing, &mut incoming, || ());
        Summary::of_rows(&all, grid)
    }

    /// Collective. Passes every job of this rank's share to `take`, with its bytes: those of `state`, the
    /// rows that the rank holds, or those received from the ranks that hold them.
    pub(crate) fn gather_jobs<T: Element>(
        &self,
        share: &Share,
        begin: u64,
        state: &Field<T>,
        mut take: impl FnMut(&Job, &[u8]),
    ) {
        // Of the rows that this rank holds, its own begin at the byte `place`.
        let row = (self.columns * size_of::<T>()) as u64;
        let (place, first) = (self.slab.own_among_held().start, self.slab.own().start);
        let (place, first) = (place as u64 * row, first as u64 * row);
        #[expect(clippy::cast_possible_truncation, reason = "places in memory")]
        let in_memory = |bytes: &Range<u64>| {
            &state.as_bytes()
                [(bytes.start + place - first) as usize..(bytes.end + place - first) as usize]
        };
        let own = share.own();
        let is_own = |job: &Job| own.start <= job.bytes.start && job.bytes.end <= own.end;
        let (mine, shared): (Vec<Job>, Vec<Job>) = share.jobs(begin).into_iter().partition(is_own);
        for job in &mine {
            take(job, in_memory(&job.bytes));
        }
        let given = share.given(begin);
        let rounds = given.len().max(shared.len()).div_ceil(JOBS_AT_A_TIME);
        for round in 0..rounds {
            let outgoing: Vec<_> = of_round(&given, round)
                .iter()
                .map(|transfer| Outgoing {
                    to: transfer.rank,
                    bytes: in_memory(&transfer.bytes),
                })
                .collect();
            let jobs = of_round(&shared, round);
            let mut buffers: Vec<Vec<u8>> = jobs
                .iter()
                .map(|job| vec![0; (job.bytes.end - job.bytes.start) as usize])
                .collect();
            let mut incoming = Vec::new();
            for (job, buffer) in jobs.iter().zip(&mut buffers) {
                let mut rest = &mut buffer[..];
                for source in share.sources(job) {
                    let length = (source.bytes.end - source.bytes.start) as usize;
                    let (bytes, behind) = rest.split_at_mut(length);
                    rest = behind;
                    if source.rank == self.comm.rank() {
                        bytes.copy_from_slice(in_memory(&source.bytes));
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

/// Those of a list that are exchanged in a round.
fn of_round<T>(all: &[T], round: usize) -> &[T] {
    all.chunks(JOBS_AT_A_TIME).nth(round).unwrap_or_default()
}
