//! What the equation is given: the initial state, walls, materials, sources.

pub mod faces;
pub mod geometry;
pub mod initial;
pub mod input;
pub mod material;
pub mod method;
pub mod nodes;
pub mod over_time;
pub mod picture;
pub mod pieces;
mod png_file;
mod raster;
pub mod robin;
mod selection;
mod separated;
pub mod source;
pub mod tables;
pub mod wall;

use crate::params::ParamsError;
use diff2d_stencil::real::Real;
use ndarray::Array2;

/// Why coefficients or sources cannot be had.
#[derive(Debug)]
pub enum Unready {
    /// The system has too little memory.
    Memory,
    /// A file cannot be read any more.
    Input(ParamsError),
}

impl From<ParamsError> for Unready {
    fn from(error: ParamsError) -> Self {
        Self::Input(error)
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
