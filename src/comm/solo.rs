//! [`Solo`]: a process on its own.

use super::interface::{Comm, Incoming, Outgoing, Traffic};

/// The only rank.
#[derive(Debug, Clone, Copy, Default)]
pub struct Solo;

impl Comm for Solo {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn host(&self) -> String {
        "localhost".to_owned()
    }

    fn exchange(
        &self,
        outgoing: &[Outgoing<'_>],
        incoming: &mut [Incoming<'_>],
        meanwhile: impl FnOnce(),
    ) {
        debug_assert!(outgoing.is_empty() && incoming.is_empty());
        meanwhile();
    }

    fn all_gather(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        vec![bytes.to_vec()]
    }

    fn traffic(&self) -> Traffic {
        Traffic::default()
    }
}
