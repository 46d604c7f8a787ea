//! Cubes and other arrays for the programs that read other formats.
//!
//! | file | what it has |
//! |---|---|
//! | `dataset.rs` | [`Dataset`]: an array with named dimensions, coordinates, attributes and missing snapshots |
//! | `coordinates.rs` | [`Coordinate`]: times, nodes and parameters |
//! | `format.rs`, `exporter.rs` | [`Format`]: what an array is exported to, and [`Exporter`]: what writes it. All are listed [here](EXPORTERS) |
//! | `record.rs` | the record of a run as variables |
//! | `series.rs` | frames in time, as VTK and XDMF have them |
//! | `output.rs` | names of outputs, and what they do not replace |
//! | `precision.rs`, `rounding.rs` | [`KeptPrecision`] and [`Rounding`]: elements with fewer bits of their mantissa |
//! | `storage.rs`, `blosc.rs` | [`Storage`]: chunks, and how they are compressed |
//! | `xdmf.rs`, `kerchunk.rs` | texts that point into the array's file and copy nothing |
//! | `csv.rs`, `vti.rs`, `zarr.rs`, `hdf5.rs` | copies, piece by piece in bounded memory |
//!
//! A snapshot that is not committed is missing: no time step in XDMF and VTK, no row in CSV, no chunk
//! elsewhere, where readers give NaN for it.

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
mod vti;
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

use diff2d_arrays::progress::Progress;
use exporter::ExportWriter;
use std::{ops::Range, path::Path};

/// All formats.
pub static EXPORTERS: [Exporter; 6] = [
    xdmf::XDMF,
    kerchunk::KERCHUNK,
    zarr::ZARR,
    hdf5::HDF5,
    vti::VTI,
    csv::CSV,
];

/// Exports an array, with so many bytes of memory for its elements. Bytes of elements that are copied are
/// added to `progress`.
///
/// # Errors
/// [`ExportError`]; the output then is what it was before.
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
        (_, Target::Text(_)) => Err(ExportError::Request(format!(
            "-o -: {format} is no text and needs a name"
        ))),
        (
            ExportWriter::Path(write) | ExportWriter::Growing(write, _),
            Target::Path { path, force },
        ) => write(dataset, path, force, storage, memory, progress),
        #[cfg(not(feature = "hdf5"))]
        (ExportWriter::NotBuilt(needs), _) => Err(ExportError::NotBuilt { format, needs }),
    }
}

/// Adds the snapshots with some numbers to an export of the same array, which is there: readers find each as soon as it is
/// whole.
///
/// # Errors
/// [`ExportError`]; the export then has some of them.
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
