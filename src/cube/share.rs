//! [`Share`]: the bytes of a snapshot that a rank holds, hashes and writes.
//!
//! Each rank holds consecutive rows, so it has one range of a snapshot's bytes. Blocks of 4 MiB are hashed as a whole,
//! wherever their bytes are. Pages of the file, of 64 KiB here, have one writer: on network filesystems hosts that
//! write into the same page lose each other's bytes.
//!
//! ```text
//! pages   │   0   │   1   │   2   │   3   │   4   │   5   │
//! has         ├── 0 ───┼───── 1 ─────┼───── 2 ─────┤
//! writes      ├──── 0 ────┼────── 1 ──────┼── 2 ──┼┤  its last page is written by rank 0
//! ```
//!
//! - A block is hashed by the rank that has its first byte.
//! - A page is written by the rank that has its first byte; one that two snapshots share, or the
//!   last one of the file, by rank 0.
//!
//! Bytes that a rank hashes or writes and does not have are sent to it; they are never read from the file.
//! They go to lower ranks only, so ranks cannot wait for each other in a circle.

use super::digest::BLOCK;
use std::ops::Range;

/// Bytes that a host caches and writes together when it shares a file with others: the largest memory page of Linux (64
/// KiB, on ARM and POWER).
///
/// All ranks must use the same size, even on machines with different page sizes, so the system is not asked. A multiple
/// of the true size gives each page one writer as well.
const PAGE: u64 = 64 << 10;

/// A rank's share of every snapshot of a cube. Positions are bytes within the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    rank: usize,
    /// The position at which the bytes of each rank end.
    ends: Vec<u64>,
    /// Whether rank 0 hashes and writes everything.
    single: bool,
}

/// Bytes that one rank hashes, writes, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The bytes that the job needs.
    pub bytes: Range<u64>,
    /// The number of the block that these bytes form, if they are to be hashed.
    pub block: Option<usize>,
    /// The part of the bytes that is written.
    pub written: Range<u64>,
}

impl Job {
    /// A job that writes bytes which another rank hashes.
    fn without_hash(bytes: Range<u64>) -> Self {
        Self {
            written: bytes.clone(),
            block: None,
            bytes,
        }
    }
}

/// A part of a snapshot that one rank sends to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowTransfer {
    /// The other rank, which sends the part or receives it.
    pub rank: usize,
    /// The range of bytes that is sent.
    pub bytes: Range<u64>,
}

impl Share {
    /// The share of a single process: a whole snapshot.
    pub fn whole(snapshot: u64) -> Self {
        Self::new(0, vec![snapshot], true)
    }

    /// The share of `rank` when the bytes of each rank end at `ends`. If `single` is set, rank 0 hashes and writes
    /// everything.
    ///
    /// # Panics
    /// If there is no such rank.
    pub fn new(rank: usize, ends: Vec<u64>, single: bool) -> Self {
        assert!(rank < ends.len());
        let single = single || ends.len() == 1;
        Self { rank, ends, single }
    }

    /// The share of this rank where rank 0 hashes and writes everything.
    pub fn by_one(&self) -> Self {
        Self {
            single: true,
            ..self.clone()
        }
    }

    /// The number of ranks.
    pub fn ranks(&self) -> usize {
        self.ends.len()
    }

    /// Whether this is the rank that keeps the journal.
    pub fn is_root(&self) -> bool {
        self.rank == 0
    }

    /// The bytes that this rank holds.
    pub fn own(&self) -> Range<u64> {
        self.of(self.rank)
    }

    fn of(&self, rank: usize) -> Range<u64> {
        let start = rank.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[rank]
    }

    fn snapshot(&self) -> u64 {
        self.ends[self.ends.len() - 1]
    }

    /// The number of blocks in a snapshot.
    pub fn blocks(&self) -> usize {
        self.snapshot().div_ceil(BLOCK as u64) as usize
    }

    /// The bytes of a block.
    pub fn block(&self, number: usize) -> Range<u64> {
        let bounds =
            [number, number + 1].map(|number| (number as u64 * BLOCK as u64).min(self.snapshot()));
        bounds[0]..bounds[1]
    }

    /// The blocks that this rank hashes.
    pub fn hashed(&self) -> Range<usize> {
        self.hashed_by(self.rank)
    }

    fn hashed_by(&self, rank: usize) -> Range<usize> {
        let rank_bytes = match (self.single, rank) {
            (true, 0) => 0..self.snapshot(),
            (true, _) => return 0..0,
            _ => self.of(rank),
        };
        let blocks =
            [rank_bytes.start, rank_bytes.end].map(|byte| byte.div_ceil(BLOCK as u64) as usize);
        blocks[0]..blocks[1]
    }

    /// The ranges that `rank` writes for a snapshot that begins at byte `begin` of the file. The second range is the
    /// end of the snapshot, on the page that rank 0 writes.
    fn written_by(&self, rank: usize, begin: u64) -> [Range<u64>; 2] {
        let snapshot_bytes = self.snapshot();
        if self.single {
            return [
                0..if rank == 0 { snapshot_bytes } else { 0 },
                snapshot_bytes..snapshot_bytes,
            ];
        }
        let tail = ((begin + snapshot_bytes) / PAGE * PAGE).saturating_sub(begin);
        let rank_bytes = self.of(rank);
        let start = page_boundary(rank_bytes.start, begin, tail);
        let page_end = page_boundary(rank_bytes.end, begin, tail);
        match rank {
            0 if page_end == tail => [0..snapshot_bytes, snapshot_bytes..snapshot_bytes],
            0 => [0..page_end, tail..snapshot_bytes],
            _ => [start..page_end, snapshot_bytes..snapshot_bytes],
        }
    }

    /// The ranges that this rank writes for a snapshot that begins at byte `begin` of the file.
    pub fn written(&self, begin: u64) -> [Range<u64>; 2] {
        self.written_by(self.rank, begin)
    }

    /// The jobs of this rank for a snapshot that begins at byte `begin` of the file.
    pub fn jobs(&self, begin: u64) -> Vec<Job> {
        self.jobs_of(self.rank, begin)
    }

    fn jobs_of(&self, rank: usize, begin: u64) -> Vec<Job> {
        let written = self.written_by(rank, begin);
        let hashed = self.hashed_by(rank);
        let mut jobs = Vec::new();
        for number in hashed.clone() {
            let block = self.block(number);
            let [head_range, tail_range] = written.each_ref().map(|range| common(range, &block));
            jobs.push(Job {
                bytes: block,
                block: Some(number),
                written: head_range,
            });
            jobs.push(Job::without_hash(tail_range));
        }
        // Bytes written here and hashed by others: less than a block at each end.
        let hashed_begin = self.block(hashed.start).start;
        let hashed_end = self.block(hashed.end).start;
        for range in &written {
            jobs.push(Job::without_hash(common(range, &(0..hashed_begin))));
            jobs.push(Job::without_hash(common(
                range,
                &(hashed_end..self.snapshot()),
            )));
        }
        jobs.retain(|job| !job.bytes.is_empty());
        jobs
    }

    /// The parts of a job's bytes that other ranks hold and send, in order.
    pub fn sources(&self, job: &Job) -> Vec<RowTransfer> {
        (0..self.ranks())
            .map(|rank| RowTransfer {
                rank,
                bytes: common(&self.of(rank), &job.bytes),
            })
            .filter(|transfer| !transfer.bytes.is_empty())
            .collect()
    }

    /// The parts that this rank sends to other ranks, for each rank in the order of its jobs.
    pub fn given(&self, begin: u64) -> Vec<RowTransfer> {
        let own_bytes = self.own();
        if own_bytes.is_empty() {
            return Vec::new();
        }
        (0..self.rank)
            .flat_map(|rank| {
                let jobs = self.jobs_of(rank, begin);
                jobs.into_iter().map(move |job| (rank, job))
            })
            .map(|(rank, job)| RowTransfer {
                rank,
                bytes: common(&own_bytes, &job.bytes),
            })
            .filter(|transfer| !transfer.bytes.is_empty())
            .collect()
    }
}

/// The first page boundary at or behind the position `byte` of a snapshot that begins at `begin`, but at most `limit`.
fn page_boundary(byte: u64, begin: u64, limit: u64) -> u64 {
    ((begin + byte).next_multiple_of(PAGE) - begin).min(limit)
}

/// The intersection of `range` and `whole`. An empty intersection lies at a position within `whole`.
fn common(range: &Range<u64>, whole: &Range<u64>) -> Range<u64> {
    let start = range.start.clamp(whole.start, whole.end);
    start..range.end.clamp(start, whole.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn shares(lengths: &[u64], single: bool) -> Vec<Share> {
        let ends: Vec<u64> = lengths
            .iter()
            .scan(0, |end, length| {
                *end += length;
                Some(*end)
            })
            .collect();
        (0..ends.len())
            .map(|rank| Share::new(rank, ends.clone(), single))
            .collect()
    }

    #[test]
    fn a_process_on_its_own_has_one_job_for_each_block() {
        let share = Share::whole(BLOCK as u64 + 5);
        let jobs = share.jobs(12345);
        let end = BLOCK as u64 + 5;
        assert_eq!(jobs.len(), 2);
        assert_eq!(jobs[1].bytes, BLOCK as u64..end);
        assert_eq!((jobs[1].block, &jobs[1].written), (Some(1), &jobs[1].bytes));
    }

    #[test]
    fn pages_are_written_as_drawn_above() {
        // Eight characters a page; the snapshot begins in the middle of one.
        const CHARACTER: u64 = PAGE / 8;
        let begin = 4 * CHARACTER;
        let at = |column: u64| column * CHARACTER - begin;
        let shares = shares(&[at(13), at(27) - at(13), at(41) - at(27)], false);
        let written: Vec<_> = shares.iter().map(|share| share.written(begin)).collect();
        let end = at(41);
        assert_eq!(written[0], [0..at(16), at(40)..end]);
        assert_eq!(written[1], [at(16)..at(32), end..end]);
        assert_eq!(written[2], [at(32)..at(40), end..end]);
    }

    proptest! {
        #[test]
        fn every_byte_has_one_writer_and_every_block_one_hash(
            lengths in prop::collection::vec(prop_oneof![0_u64..3, 0_u64..5000, 0_u64..12_000_000], 0..7),
            first in 1_u64..9_000_000, begin in 0_u64..200_000, single: bool,
        ) {
            let lengths: Vec<u64> = [first].into_iter().chain(lengths).collect();
            let shares = shares(&lengths, single);
            let end: u64 = lengths.iter().sum();
            let (mut written, mut hashed) = (Vec::new(), Vec::new());
            let mut writer_of_page = HashMap::new();
            for (rank, share) in shares.iter().enumerate() {
                for job in share.jobs(begin) {
                    prop_assert!(job.bytes.end - job.bytes.start <= BLOCK as u64);
                    prop_assert!(common(&job.written, &job.bytes) == job.written || job.written.is_empty());
                    let has: u64 = share.sources(&job).iter().map(|from| {
                        assert!(from.rank >= rank, "messages go to lower ranks");
                        from.bytes.end - from.bytes.start
                    }).sum();
                    prop_assert_eq!(has, job.bytes.end - job.bytes.start);
                    if let Some(number) = job.block {
                        prop_assert_eq!(&job.bytes, &share.block(number));
                        hashed.push(number);
                    }
                    if !job.written.is_empty() {
                        for page in (begin + job.written.start) / PAGE..(begin + job.written.end).div_ceil(PAGE) {
                            prop_assert_eq!(*writer_of_page.entry(page).or_insert(rank), rank);
                        }
                        written.push(job.written);
                    }
                }
            }
            for page in [begin, begin + end].map(|byte| byte / PAGE) {
                prop_assert!(writer_of_page.get(&page).is_none_or(|&rank| rank == 0));
            }
            written.sort_by_key(|range| range.start);
            prop_assert_eq!(written.iter().fold(0, |at, range| if range.start == at { range.end } else { u64::MAX }), end);
            hashed.sort_unstable();
            prop_assert_eq!(hashed, (0..shares[0].blocks()).collect::<Vec<_>>());
        }

        #[test]
        fn ranks_send_what_others_receive(
            lengths in prop::collection::vec(prop_oneof![0_u64..3, 0_u64..5000, 0_u64..12_000_000], 1..7),
            begin in 0_u64..20_000, single: bool,
        ) {
            let shares = shares(&lengths, single);
            for (from, giver) in shares.iter().enumerate() {
                for (to, taker) in shares.iter().enumerate() {
                    let given: Vec<_> = giver.given(begin).into_iter()
                        .filter(|transfer| transfer.rank == to).map(|transfer| transfer.bytes).collect();
                    let taken: Vec<_> = taker.jobs(begin).iter().flat_map(|job| taker.sources(job))
                        .filter(|transfer| transfer.rank == from && from != to).map(|transfer| transfer.bytes).collect();
                    prop_assert_eq!(given, taken);
                }
            }
        }
    }
}
