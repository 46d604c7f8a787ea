//! An array distributed to ranks: rank 0 reads it and sends each rank its portion.
//!
//! Portions are those of `numpy.array_split` along one axis: as equal as possible, the longer ones first,
//! empty ones where there are more ranks than indices. Their bytes are the elements in C order and in the
//! file's byte order, `array_split(a, K, axis)[r].tobytes()`. They are read and sent a chunk at a time, so
//! that neither the array nor a portion has to fit into memory:
//!
//! ```text
//! rank 0         read 1 │ send 1, hash 1, read 2 │ send 2, hash 2, read 3 │ …
//! another rank          │ receive 1              │ receive 2, use 1       │ …
//! ```
//!
//! | | |
//! |---|---|
//! | [`scatter`] | sends the portions, as MPI_Scatterv does for what fits into memory |
//! | [`scatter_and_compare`] | the same, to compare what was sent with what arrived |
//! | [`Partition`] | portions, and chunks of them |

mod compare;
mod partition;
mod reader;
mod scatter;
mod transpose;

pub use compare::{Delivery, scatter_and_compare};
pub use partition::Partition;
pub use scatter::{Scattered, Source, scatter};
