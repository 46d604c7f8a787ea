//! Exports cubes and other arrays to the formats of other programs.
//!
//! | file | content |
//! |---|---|
//! | `dataset.rs` | [`Dataset`]: an array with named dimensions, coordinates, attributes and missing snapshots |
//! | `coordinates.rs` | [`Coordinate`]: times, nodes and parameters |
//! | `format.rs`, `exporter.rs` | [`Format`]: a format of exports, and [`Exporter`]: the functions that write it. All are listed [here](EXPORTERS) |
//! | `record.rs` | the record of a run as variables |
//! | `series.rs` | consecutive frames, as in the collections of XDMF |
//! | `output.rs` | names of outputs, and files that must not be replaced |
//! | `rounding.rs` | [`Rounding`]: elements with fewer bits of their mantissa; `precision.rs`: [`KeptPrecision`], the number of bits |
//! | `storage.rs`, `blosc.rs` | [`Storage`]: chunks, and their compression |
//! | `xdmf.rs`, `kerchunk.rs` | texts that refer to the array's file and copy nothing |
//! | `csv.rs`, `zarr.rs`, `hdf5.rs` | copies, piece by piece in bounded memory |
//!
//! A snapshot that is not committed is missing: XDMF has no time step for it, CSV no row, and other formats no chunk,
//! which readers fill with NaN.

mod blosc;
mod coordinates;
mod csv;
mod dataset;
mod error;
mod exporter;
mod format;
mod kerchunk;
mod output;
mod precision;
mod record;
mod rounding;
mod series;
mod storage;
mod times;
mod xdmf;
mod zarr;

#[cfg(feature = "hdf5")]
mod hdf5;
#[cfg(not(feature = "hdf5"))]
#[path = "hdf5_disabled.rs"]
mod hdf5;

pub use coordinates::{Column, Coordinate, Dimension};
pub use dataset::Dataset;
pub use error::ExportError;
pub use exporter::Exporter;
pub use format::Format;
pub use output::{Target, default_path};
pub use precision::KeptPrecision;
pub use rounding::Rounding;
pub use storage::Storage;
#[doc(hidden)]
pub use times::planned as planned_times;

use diff2d_arrays::progress::Progress;
use exporter::ExportWriter;
use std::{ops::Range, path::Path};

/// All formats.
pub static EXPORTERS: [Exporter; 5] = [
    xdmf::XDMF,
    kerchunk::KERCHUNK,
    zarr::ZARR,
    hdf5::HDF5,
    csv::CSV,
];

/// Exports an array, with `memory` bytes for its elements. Bytes of elements that are copied are added to `progress`.
///
/// # Errors
/// [`ExportError`]; the output is then unchanged.
pub fn export(
    dataset: &Dataset<'_>,
    Exporter { format, writer }: Exporter,
    storage: &Storage,
    target: Target<'_>,
    memory: u64,
    progress: &Progress,
) -> Result<(), ExportError> {
    match (writer, target) {
        (ExportWriter::Text(write), target) => write(dataset, target, memory, progress),
        (_, Target::Text(_)) => Err(ExportError::refused(format!(
            "-o -: {format} is no text and needs a name"
        ))),
        #[cfg(feature = "hdf5")]
        (ExportWriter::Path(write), Target::Path { path, force }) => {
            write(dataset, path, force, storage, memory, progress)
        }
        (ExportWriter::Growing(write, _), Target::Path { path, force }) => {
            write(dataset, path, force, storage, memory, progress)
        }
        #[cfg(not(feature = "hdf5"))]
        (ExportWriter::NotBuilt(needs), _) => Err(crate::fault::Fault::failed(format!(
            "this diff2d was built without {format}: build it with `cargo build --release --features {}`{needs}",
            format.word
        ))
        .into()),
    }
}

/// Adds snapshots, by their numbers, to an existing export of the same array. Readers find each snapshot as soon as it is
/// whole.
///
/// # Errors
/// [`ExportError`]; the export may then have some of the snapshots.
pub fn append(
    dataset: &Dataset<'_>,
    exporter: Exporter,
    storage: &Storage,
    path: &Path,
    snapshots: Range<u64>,
    memory: u64,
) -> Result<(), ExportError> {
    match exporter.writer {
        ExportWriter::Growing(_, append) => append(dataset, path, snapshots, storage, memory),
        _ => exporter.can_grow(),
    }
}
