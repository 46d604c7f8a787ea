//! [`World`]: the processes that a launcher started, over MPI.

use super::{
    error::CommError,
    interface::{Comm, Counter, Incoming, Outgoing, Traffic},
    launch::Launch,
    solo::Solo,
};
use crate::fault::Fault;
use mpi::{
    Count, Threading,
    collective::CommunicatorCollectives,
    datatype::PartitionMut,
    environment::Universe,
    point_to_point::{Destination, Source},
    request,
    topology::{Communicator, SimpleCommunicator},
};
use std::{fmt, thread};

/// The largest number of bytes in one MPI call. MPI counts elements with 31 bits, so longer messages take several
/// calls.
const CHUNK_BYTES: usize = 1 << 30;

/// The ranks that a launcher started together. A process without a launcher is on its own and does not initialise MPI.
pub struct World {
    /// MPI_COMM_WORLD; `None` for a process on its own.
    world: Option<SimpleCommunicator>,
    sent: Counter,
    /// The library, which finalises MPI when it is dropped.
    _universe: Option<Universe>,
}

impl World {
    /// Initialises MPI if a launcher has started this process. Only the calling thread may then
    /// communicate.
    ///
    /// # Errors
    /// [`CommError`] if MPI fails, or does not support programs with several threads.
    pub fn start() -> Result<Self, CommError> {
        let launched = Launch::detect().size;
        if launched <= 1 {
            return Ok(Self {
                world: None,
                sent: Counter::default(),
                _universe: None,
            });
        }
        let (universe, granted) = mpi::initialize_with_threading(Threading::Funneled)
            .ok_or_else(|| uninitialised("it has been initialised before"))?;
        if granted < Threading::Funneled {
            return Err(uninitialised(&format!(
                "diff2d computes on several threads, one of which calls MPI (funneled); this library grants {granted:?} only"
            )));
        }
        let world = universe.world();
        if usize::try_from(world.size()) != Ok(launched) {
            return Err(uninitialised(&format!(
                "the launcher has started {launched} ranks and this library knows of {}: take the mpirun of the library that diff2d is built with, or srun --mpi=pmix",
                world.size()
            )));
        }
        Ok(Self {
            world: Some(world),
            sent: Counter::default(),
            _universe: Some(universe),
        })
    }
}

/// The error that the MPI library cannot be used.
fn uninitialised(reason: &str) -> CommError {
    Fault::failed(format!("MPI cannot be initialised: {reason}")).into()
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} of {}", self.rank(), self.size())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The other ranks would wait for messages that this rank no longer sends.
        if let (Some(world), true) = (&self.world, thread::panicking()) {
            world.abort(1);
        }
    }
}

impl Comm for World {
    fn rank(&self) -> usize {
        let world = self.world.as_ref();
        world.map_or(0, |world| usize::try_from(world.rank()).unwrap_or(0))
    }

    fn size(&self) -> usize {
        let world = self.world.as_ref();
        world.map_or(1, |world| usize::try_from(world.size()).unwrap_or(1))
    }

    fn host(&self) -> String {
        match &self.world {
            Some(_) => mpi::environment::processor_name().unwrap_or_default(),
            None => Solo.host(),
        }
    }

    fn exchange(
        &self,
        outgoing: &[Outgoing<'_>],
        incoming: &mut [Incoming<'_>],
        meanwhile: impl FnOnce(),
    ) {
        let Some(world) = &self.world else {
            return Solo.exchange(outgoing, incoming, meanwhile);
        };
        self.sent.count(outgoing);
        request::scope(|scope| {
            let mut receive_requests = Vec::new();
            for message in incoming {
                let sender = world.process_at_rank(message.from as Count);
                for part in message.bytes.chunks_mut(CHUNK_BYTES) {
                    receive_requests.push(sender.immediate_receive_into(scope, part));
                }
            }
            let mut send_requests = Vec::new();
            for message in outgoing {
                let receiver = world.process_at_rank(message.to as Count);
                for part in message.bytes.chunks(CHUNK_BYTES) {
                    send_requests.push(receiver.immediate_send(scope, part));
                }
            }
            meanwhile();
            receive_requests
                .into_iter()
                .for_each(request::Request::wait_without_status);
            send_requests
                .into_iter()
                .for_each(request::Request::wait_without_status);
        });
    }

    fn all_gather(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let Some(world) = &self.world else {
            return Solo.all_gather(bytes);
        };
        let mut counts = vec![0 as Count; self.size()];
        let own_count = Count::try_from(bytes.len()).unwrap_or(Count::MAX);
        world.all_gather_into(&own_count, &mut counts[..]);
        let mut total: Count = 0;
        let starts: Vec<Count> = counts
            .iter()
            .map(|count| {
                total += count;
                total - count
            })
            .collect();
        if total == 0 {
            // Open MPI rejects an empty buffer.
            return vec![Vec::new(); self.size()];
        }
        let mut gathered = vec![0_u8; usize::try_from(total).unwrap_or(0)];
        let mut parts = PartitionMut::new(&mut gathered[..], counts.clone(), &starts[..]);
        world.all_gather_varcount_into(bytes, &mut parts);
        let mut remaining = &gathered[..];
        counts
            .iter()
            .map(|&count| {
                let (part, later_parts) = remaining.split_at(usize::try_from(count).unwrap_or(0));
                remaining = later_parts;
                part.to_vec()
            })
            .collect()
    }

    fn traffic(&self) -> Traffic {
        self.sent.sent()
    }
}
