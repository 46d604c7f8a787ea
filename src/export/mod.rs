//! Cubes and other arrays for the programs that read other formats.
//!
//! | file | what it has |
//! |---|---|
//! | `dataset.rs` | [`Dataset`]: an array with named dimensions, coordinates, attributes and missing snapshots |
//! | `coordinates.rs` | [`Coordinate`]: times, nodes and parameters |
//! | `format.rs` | [`Format`]: what an array is exported to |
//! | `series.rs` | frames in time, as VTK and XDMF have them |
//! | `output.rs` | names of outputs, and what they do not replace |
//! | `precision.rs`, `rounding.rs` | [`Precision`] and [`Rounding`]: elements with fewer bits of their mantissa |
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
mod format;
mod kerchunk;
mod output;
mod precision;
mod rounding;
mod series;
mod storage;
mod times;
mod vti;
mod xdmf;
mod zarr;

#[cfg(feature = "hdf5")]
mod hdf5;

pub use coordinates::{Column, Coordinate, Dimension};
pub use dataset::Dataset;
pub use error::ExportError;
pub use format::Format;
pub use output::{Target, default_path};
pub use precision::Precision;
pub use rounding::Rounding;
pub use storage::Storage;

use diff2d_arrays::progress::Progress;

/// Exports an array, with so many bytes of memory for its elements. Bytes of elements that are copied are
/// added to `progress`.
///
/// # Errors
/// [`ExportError`]; the output then is what it was before.
pub fn export(
    dataset: &Dataset<'_>,
    format: Format,
    storage: &Storage,
    target: Target<'_>,
    memory: u64,
    progress: &Progress,
) -> Result<(), ExportError> {
    match (format, target) {
        (Format::Xdmf, target) => xdmf::write(dataset, target),
        (Format::Kerchunk, target) => kerchunk::write(dataset, target),
        (Format::Csv, target) => csv::write(dataset, target, memory, progress),
        (_, Target::Text(_)) => Err(ExportError::Request(format!(
            "-o -: {format} is no text and needs a name"
        ))),
        (Format::Zarr, Target::Path { path, force }) => {
            zarr::write(dataset, (path, force), storage, memory, progress)
        }
        #[cfg(feature = "hdf5")]
        (Format::Hdf5, Target::Path { path, force }) => {
            hdf5::write(dataset, (path, force), storage, memory, progress)
        }
        #[cfg(not(feature = "hdf5"))]
        (Format::Hdf5, _) => Err(ExportError::NotBuilt {
            format,
            needs: ", which needs the HDF5 library (Debian: libhdf5-dev)",
        }),
        (Format::Vti, Target::Path { path, force }) => {
            vti::write(dataset, (path, force), memory, progress)
        }
    }
}
