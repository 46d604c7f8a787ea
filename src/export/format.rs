//! [`Format`]: what an array is exported to.

use std::fmt;

/// What an array is exported to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// XDMF 2, for `ParaView`: XML that points into the array's file.
    Xdmf,
    /// Kerchunk references, for xarray and zarr: JSON that points into the array's file.
    Kerchunk,
    /// A directory in Zarr version 3.
    Zarr,
    /// HDF5 with the conventions of netCDF-4.
    Hdf5,
    /// VTK `ImageData`, a file for each snapshot, and a collection of them with their times.
    Vti,
    /// A table with a row for each element.
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Xdmf,
        Self::Kerchunk,
        Self::Zarr,
        Self::Hdf5,
        Self::Vti,
        Self::Csv,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Xdmf => "xdmf",
            Self::Kerchunk => "kerchunk",
            Self::Zarr => "zarr",
            Self::Hdf5 => "hdf5",
            Self::Vti => "vti",
            Self::Csv => "csv",
        }
    }

    /// Whether it copies no element.
    #[must_use]
    pub fn points(self) -> bool {
        matches!(self, Self::Xdmf | Self::Kerchunk)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Xdmf => "XDMF",
            Self::Kerchunk => "Kerchunk",
            Self::Zarr => "Zarr",
            Self::Hdf5 => "HDF5",
            Self::Vti => "VTK",
            Self::Csv => "CSV",
        })
    }
}
