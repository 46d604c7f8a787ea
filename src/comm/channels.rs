//! [`Channels`]: ranks that are threads of one process. For tests of everything that ranks do, and
//! for trying what a slow network would cost.

use super::{Comm, Counter, Incoming, Outgoing, Traffic};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::{
    panic, thread,
    time::{Duration, Instant},
};

/// How fast messages travel.
#[derive(Debug, Clone, Copy, Default)]
pub struct Link {
    /// Time from sending to arrival of an empty message.
    pub latency: Duration,
    /// What a message takes on top for each of its bytes \[s\].
    pub seconds_per_byte: f64,
}

/// One of several ranks in one process.
#[derive(Debug)]
pub struct Channels {
    rank: usize,
    host: String,
    link: Link,
    /// The ways to every rank, and from every rank.
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
    /// So many ranks, all linked to each other; one for each thread that will be a rank.
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

    /// Does `work` on so many ranks at once, each a thread; what they return, in their order.
    ///
    /// # Panics
    /// When one of them does.
    pub fn together<T: Send>(ranks: usize, link: Link, work: impl Fn(Self) -> T + Sync) -> Vec<T> {
        let work = &work;
        thread::scope(|scope| {
            let started: Vec<_> = Self::world(ranks, link)
                .into_iter()
                .map(|comm| scope.spawn(move || work(comm)))
                .collect();
            let join = |rank: thread::ScopedJoinHandle<'_, T>| {
                rank.join()
                    .unwrap_or_else(|panicked| panic::resume_unwind(panicked))
            };
            started.into_iter().map(join).collect()
        })
    }

    /// The same on a machine of this name.
    #[must_use]
    pub fn on_host(mut self, name: &str) -> Self {
        name.clone_into(&mut self.host);
        self
    }

    fn send(&self, to: usize, bytes: &[u8]) {
        let travels = self.link.seconds_per_byte * bytes.len() as f64;
        let envelope = Envelope {
            arrives: Instant::now() + self.link.latency + Duration::from_secs_f64(travels),
            bytes: bytes.to_vec(),
        };
        // Whoever has gone is missed by those who wait for its messages.
        let _ = self.to[to].send(envelope);
    }

    fn receive(&self, from: usize) -> Vec<u8> {
        let Ok(envelope) = self.from[from].recv() else {
            panic!("rank {from} has gone while rank {} waits for it", self.rank);
        };
        thread::sleep(envelope.arrives.saturating_duration_since(Instant::now()));
        envelope.bytes
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

    fn gather_all(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        (0..self.size()).for_each(|to| self.send(to, bytes));
        (0..self.size()).map(|from| self.receive(from)).collect()
    }

    fn traffic(&self) -> Traffic {
        self.sent.0.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_hear_all() {
        let heard = Channels::together(3, Link::default(), |comm| {
            comm.gather_all(&vec![comm.rank() as u8; comm.rank()])
        });
        assert_eq!(heard, vec![vec![vec![], vec![1], vec![2, 2]]; 3]);
    }

    #[test]
    fn messages_of_a_pair_keep_their_order() {
        let received = Channels::together(2, Link::default(), |comm| {
            let other = 1 - comm.rank();
            let mut room = [[0; 3]; 2];
            let [first, second] = &mut room;
            comm.exchange(
                &[[1, 2, 3], [4, 5, 6]].each_ref().map(|bytes| Outgoing {
                    to: other,
                    bytes: &bytes[..],
                }),
                &mut [first, second].map(|bytes| Incoming { from: other, bytes }),
                || (),
            );
            (room, comm.traffic())
        });
        let traffic = Traffic {
            messages: 2,
            bytes: 6,
        };
        assert_eq!(received, [([[1, 2, 3], [4, 5, 6]], traffic); 2]);
    }
}
