//! [`scatter_and_compare`]: whether what arrives is what was sent.

use super::scatter::{Scattered, Source, scatter};
use crate::comm::{Comm, collective};
use diff2d_arrays::npy::NpyError;
use diff2d_arrays::progress::Progress;
use diff2d_arrays::wording::hex;
use sha2::{Digest, Sha256};

/// What became of one rank's portion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its shape.
    pub shape: Vec<u64>,
    /// The SHA-256 of its bytes as rank 0 sent them, in hexadecimal.
    pub sent: String,
    /// The SHA-256 of its bytes as the rank received them, in hexadecimal.
    pub arrived: String,
}

impl Delivery {
    /// Whether what arrived is what was sent.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.sent == self.arrived
    }
}

/// Collective. Scatters an array as [`scatter`] does, to ranks that only hash what they get; what became
/// of every portion, in the order of ranks, known to all.
///
/// # Errors
/// As [`scatter`].
pub fn scatter_and_compare(
    comm: &impl Comm,
    source: Option<Source<'_>>,
    progress: &Progress,
) -> Result<Option<Vec<Delivery>>, NpyError> {
    let mut arrived = Sha256::new();
    let scattered = scatter(comm, source, |bytes| arrived.update(bytes), progress)?;
    let Some(Scattered { partition, sent }) = scattered else {
        return Ok(None);
    };
    let arrived = collective::all_gather(comm, hex(&arrived.finalize()));
    let deliveries = sent.iter().zip(arrived).enumerate();
    let deliveries = deliveries.map(|(rank, (sent, arrived))| Delivery {
        shape: partition.shape(rank),
        sent: hex(sent),
        arrived,
    });
    Ok(Some(deliveries.collect()))
}
