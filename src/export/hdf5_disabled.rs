//! HDF5 in builds without its library.

use super::{
    Format,
    exporter::{ExportWriter, Exporter},
};

/// HDF5, which this build lacks.
pub(super) const HDF5: Exporter = Exporter {
    format: Format {
        word: "hdf5",
        name: "HDF5",
        ending: ".h5",
        points: false,
        has_chunks: true,
    },
    writer: ExportWriter::NotBuilt(", which needs the HDF5 library (Debian: libhdf5-dev)"),
};
