//! [`Channels`]: ranks that are threads of one process, to test ranks without MPI and to measure the effect of a slow
//! network.

use super::interface::{Comm, Counter, Incoming, Outgoing, Traffic};
use crossbeam_channel::{Receiver, RecvError, Sender, TryRecvError, unbounded};
use std::{
    panic, thread,
    time::{Duration, Instant},
};

/// Delay of messages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Link {
    /// Time from sending to arrival of an empty message.
    pub latency: Duration,
    /// Additional time for each byte of a message \[s\].
    pub seconds_per_byte: f64,
}

/// One of several ranks in one process.
#[derive(Debug)]
pub struct Channels {
    rank: usize,
    host: String,
    link: Link,
    /// Channels to and from every rank.
    to: Vec<Sender<Envelope>>,
    from: Vec<Receiver<Envelope>>,
    sent: Counter,
}

#[derive(Debug)]
struct Envelope {
    arrives: Instant,
    bytes: Vec<u8>,
}

impl Channels {
    /// A set of connected ranks, one for each thread that will be a rank.
    #[must_use]
    pub fn world(ranks: usize, link: Link) -> Vec<Self> {
        let mut world: Vec<Self> = (0..ranks)
            .map(|rank| Self {
                rank,
                host: "localhost".to_owned(),
                link,
                to: Vec::new(),
                from: Vec::new(),
                sent: Counter::default(),
            })
            .collect();
        for from in 0..ranks {
            for to in 0..ranks {
                let (sender, receiver) = unbounded();
                world[from].to.push(sender);
                world[to].from.push(receiver);
            }
        }
        world
    }

    /// Calls `work` on every rank at once, each on a thread of its own, and returns the results in the order of ranks.
    ///
    /// # Panics
    /// If `work` panics on any rank.
    pub fn together<T: Send>(ranks: usize, link: Link, work: impl Fn(Self) -> T + Sync) -> Vec<T> {
        let work = &work;
        thread::scope(|scope| {
            let started: Vec<_> = Self::world(ranks, link)
                .into_iter()
                .map(|comm| scope.spawn(move || work(comm)))
                .collect();
            started
                .into_iter()
                .map(|rank| {
                    rank.join()
                        .unwrap_or_else(|panic| panic::resume_unwind(panic))
                })
                .collect()
        })
    }

    /// This rank on a machine of the given name.
    #[must_use]
    pub fn on_host(mut self, name: &str) -> Self {
        name.clone_into(&mut self.host);
        self
    }

    fn send(&self, to: usize, bytes: &[u8]) {
        let travel_time = self.link.seconds_per_byte * bytes.len() as f64;
        let envelope = Envelope {
            arrives: Instant::now() + self.link.latency + Duration::from_secs_f64(travel_time),
            bytes: bytes.to_vec(),
        };
        // A rank that has ended is reported by those that wait for its messages.
        let _ = self.to[to].send(envelope);
    }

    fn receive(&self, from: usize) -> Vec<u8> {
        let Ok(envelope) = Self::poll(&self.from[from]) else {
            panic!(
                "rank {from} ended while rank {} waited for its message",
                self.rank
            );
        };
        thread::sleep(envelope.arrives.saturating_duration_since(Instant::now()));
        envelope.bytes
    }

    /// The next message. Like MPI, this polls for a while, because waking a thread that sleeps may take longer than a
    /// pass.
    fn poll(from: &Receiver<Envelope>) -> Result<Envelope, RecvError> {
        const POLLS: Duration = Duration::from_micros(300);
        let since = Instant::now();
        while since.elapsed() < POLLS {
            match from.try_recv() {
                Ok(envelope) => return Ok(envelope),
                Err(TryRecvError::Disconnected) => return Err(RecvError),
                // There may be more ranks than processors.
                Err(TryRecvError::Empty) => thread::yield_now(),
            }
        }
        from.recv()
    }
}

impl Comm for Channels {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn host(&self) -> String {
        self.host.clone()
    }

    fn exchange(
        &self,
        outgoing: &[Outgoing<'_>],
        incoming: &mut [Incoming<'_>],
        meanwhile: impl FnOnce(),
    ) {
        self.sent.count(outgoing);
        for message in outgoing {
            self.send(message.to, message.bytes);
        }
        meanwhile();
        for message in incoming {
            message.bytes.copy_from_slice(&self.receive(message.from));
        }
    }

    fn all_gather(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        (0..self.size()).for_each(|to| self.send(to, bytes));
        (0..self.size()).map(|from| self.receive(from)).collect()
    }

    fn traffic(&self) -> Traffic {
        self.sent.sent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rank_receives_what_all_ranks_pass() {
        let heard = Channels::together(3, Link::default(), |comm| {
            comm.all_gather(&vec![comm.rank() as u8; comm.rank()])
        });
        assert_eq!(heard, vec![vec![vec![], vec![1], vec![2, 2]]; 3]);
    }

    #[test]
    fn messages_between_two_ranks_keep_their_order() {
        let received = Channels::together(2, Link::default(), |comm| {
            let other = 1 - comm.rank();
            let mut buffers = [[0; 3]; 2];
            let [first, second] = &mut buffers;
            comm.exchange(
                &[[1, 2, 3], [4, 5, 6]].each_ref().map(|bytes| Outgoing {
                    to: other,
                    bytes: &bytes[..],
                }),
                &mut [first, second].map(|bytes| Incoming { from: other, bytes }),
                || (),
            );
            (buffers, comm.traffic())
        });
        let traffic = Traffic {
            messages: 2,
            bytes: 6,
        };
        assert_eq!(received, [([[1, 2, 3], [4, 5, 6]], traffic); 2]);
    }
}
