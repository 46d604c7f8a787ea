//! [`Interposed`]: ranks as threads that hear something else, or later, than was told.

use diff2d::comm::{Channels, Comm, Incoming, Outgoing, Traffic};

/// A rank between whose messages and itself two functions stand.
pub struct Interposed<R, H> {
    pub comm: Channels,
    /// What is done to the messages that an exchange has brought.
    pub received: R,
    /// What is done to what all ranks have told.
    pub heard: H,
}

impl<R, H> Comm for Interposed<R, H>
where
    R: Fn(&mut [Incoming<'_>]),
    H: Fn(&mut [Vec<u8>]),
{
    fn rank(&self) -> usize {
        self.comm.rank()
    }

    fn size(&self) -> usize {
        self.comm.size()
    }

    fn host(&self) -> String {
        self.comm.host()
    }

    fn exchange(
        &self,
        outgoing: &[Outgoing<'_>],
        incoming: &mut [Incoming<'_>],
        meanwhile: impl FnOnce(),
    ) {
        self.comm.exchange(outgoing, incoming, meanwhile);
        (self.received)(incoming);
    }

    fn all_gather(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut told = self.comm.all_gather(bytes);
        (self.heard)(&mut told);
        told
    }

    fn traffic(&self) -> Traffic {
        self.comm.traffic()
    }
}
