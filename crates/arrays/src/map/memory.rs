//! [`MapMemory`]: memory that a thread reuses from box to box.

use super::{element::Exact, pieces::FreeBuffers, results::MapValues};

/// Memory that a thread reuses from box to box.
#[derive(Debug, Default)]
pub(super) struct MapMemory {
    pub(super) values: MapValues,
    pub(super) bytes: Vec<u8>,
    pub(super) floats: FreeBuffers<f64>,
    pub(super) integers: FreeBuffers<Exact>,
}
