//! The inputs of the equation: the initial state, walls, materials, sources.

pub mod aged;
pub mod ageing;
pub mod array;
pub mod assembly;
pub mod between;
mod changes;
mod cut_wall;
pub mod faces;
pub mod fluxes;
pub mod gauges;
pub mod geometry;
pub mod initial;
pub mod input;
mod integrals;
pub mod interface;
pub mod method;
pub mod moving_nodes;
mod moving_source;
pub mod nodes;
pub mod over_time;
pub mod picture;
mod picture_file;
pub mod pieces;
mod raster;
pub mod region_rim;
mod regridding;
pub mod robin;
mod selection;
mod separated;
pub mod slots;
pub mod sparse;
pub mod step_sums;
pub mod survey;
pub mod tables;
pub mod values;
pub mod wall;

use crate::{dynamics::Halt, params::ParamsError};
use diff2d_stencil::real::Real;
use ndarray::Array2;
use std::io;

/// The reason why a problem cannot be brought into memory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unready {
    /// The system has too little memory.
    #[error(
        "the system has too little memory for state, coefficients and sources: a larger dx or single precision needs less"
    )]
    Memory,
    /// A file can no longer be read.
    #[error(transparent)]
    Input(#[from] ParamsError),
    /// There is no initial state.
    #[error(transparent)]
    Halt(#[from] Halt),
}

impl From<io::Error> for Unready {
    fn from(_: io::Error) -> Self {
        Self::Memory
    }
}

/// An array of zeros.
///
/// # Errors
/// [`Unready::Memory`].
pub fn zeros<T: Real>((rows, columns): (usize, usize)) -> Result<Array2<T>, Unready> {
    let count = rows.checked_mul(columns).ok_or(Unready::Memory)?;
    let mut values = Vec::new();
    values
        .try_reserve_exact(count)
        .map_err(|_| Unready::Memory)?;
    values.resize(count, T::default());
    Array2::from_shape_vec((rows, columns), values).map_err(|_| Unready::Memory)
}
