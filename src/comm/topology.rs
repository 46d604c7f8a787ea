//! [`Topology`]: which ranks share a machine, and which ranks on it share processors.

use super::{collective, interface::Comm};
use diff2d_sys as sys;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The machines and processors of all ranks. They are gathered once; after that every question is answered without
/// messages.
#[derive(Debug, Clone)]
pub struct Topology {
    rank: usize,
    places: Vec<RankLocation>,
}

/// The machine and the processors of a rank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RankLocation {
    host: String,
    /// The processors that the rank may use, in the notation of the system.
    processors: String,
}

impl Topology {
    /// Gathers the locations of all ranks. Collective: every rank calls this once, before any other method.
    ///
    /// # Panics
    /// As [`collective::all_gather`].
    #[must_use]
    pub fn all_gather(comm: &impl Comm) -> Self {
        let location = RankLocation {
            host: comm.host(),
            // A process on its own shares its processors with nobody.
            processors: match comm.size() {
                1 => String::new(),
                _ => sys::allowed_processors(),
            },
        };
        Self {
            rank: comm.rank(),
            places: collective::all_gather(comm, location),
        }
    }

    /// The number of different machines.
    #[must_use]
    pub fn machines(&self) -> usize {
        let hosts = self.places.iter().map(|place| &place.host);
        hosts.collect::<BTreeSet<_>>().len()
    }

    /// The number of ranks on the machine of this rank, including itself.
    #[must_use]
    pub fn ranks_on_this_machine(&self) -> usize {
        let host = &self.places[self.rank].host;
        self.places
            .iter()
            .filter(|place| place.host == *host)
            .count()
    }

    /// The number of ranks that may run on the same processors as this rank, including itself.
    #[must_use]
    pub fn ranks_on_these_processors(&self) -> usize {
        let location = &self.places[self.rank];
        self.places
            .iter()
            .filter(|place| *place == location)
            .count()
    }

    /// The number of threads for this rank: the processors that it may use, divided by the ranks that share them; at
    /// least one.
    #[must_use]
    pub fn threads_each(&self) -> usize {
        (sys::threads() / self.ranks_on_these_processors()).max(1)
    }

    /// Whether a processor is idle when every rank on this machine computes on `threads` threads.
    #[must_use]
    pub fn has_spare_processor(&self, threads: usize) -> bool {
        threads * self.ranks_on_these_processors() < sys::threads()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comm::{Channels, Link};

    #[test]
    fn ranks_are_counted_by_machine() {
        let counted = Channels::together(5, Link::default(), |comm| {
            let host = ["a", "b", "a", "c", "a"][comm.rank()];
            let topology = Topology::all_gather(&comm.on_host(host));
            (topology.machines(), topology.ranks_on_this_machine())
        });
        assert_eq!(counted, [(3, 3), (3, 1), (3, 3), (3, 1), (3, 3)]);
    }

    #[test]
    fn ranks_of_one_machine_share_its_processors() {
        let processors = sys::threads();
        for ranks in [1, 2, 3] {
            let counted = Channels::together(ranks, Link::default(), |comm| {
                let topology = Topology::all_gather(&comm);
                let threads = topology.threads_each();
                (threads, topology.has_spare_processor(processors))
            });
            assert_eq!(counted, vec![((processors / ranks).max(1), false); ranks]);
        }
    }
}
