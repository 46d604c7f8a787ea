//! [`Topology`]: which ranks share a machine, and which of these its processors.

use super::{collective, interface::Comm};
use diff2d_sys as sys;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where all ranks run. Gathered once; afterwards every question is a lookup without messages.
#[derive(Debug, Clone)]
pub struct Topology {
    rank: usize,
    places: Vec<RankLocation>,
}

/// Where a rank runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RankLocation {
    host: String,
    /// The processors that it may use, as the system writes them.
    processors: String,
}

impl Topology {
    /// Collective: every rank calls this, once, before it asks anything.
    ///
    /// # Panics
    /// As [`collective::all_gather`].
    #[must_use]
    pub fn all_gather(comm: &impl Comm) -> Self {
        let here = RankLocation {
            host: comm.host(),
            // One alone shares them with nobody.
            processors: match comm.size() {
                1 => String::new(),
                _ => sys::allowed_processors(),
            },
        };
        Self {
            rank: comm.rank(),
            places: collective::all_gather(comm, here),
        }
    }

    /// The number of different machines.
    #[must_use]
    pub fn machines(&self) -> usize {
        let hosts = self.places.iter().map(|place| &place.host);
        hosts.collect::<BTreeSet<_>>().len()
    }

    /// The number of ranks on the machine of this one, itself included.
    #[must_use]
    pub fn ranks_on_this_machine(&self) -> usize {
        let host = &self.places[self.rank].host;
        let here = self.places.iter().filter(|place| place.host == *host);
        here.count()
    }

    /// The number of ranks that may run on the same processors as this one, itself included.
    #[must_use]
    pub fn ranks_on_these_processors(&self) -> usize {
        let here = &self.places[self.rank];
        self.places.iter().filter(|place| *place == here).count()
    }

    /// Threads for this rank: the processors it may use, divided by the ranks that share them; at least
    /// one.
    #[must_use]
    pub fn threads_each(&self) -> usize {
        (sys::threads() / self.ranks_on_these_processors()).max(1)
    }

    /// Whether a processor is left over when every rank here computes on so many threads.
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
