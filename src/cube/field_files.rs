//! The files of the fields of a record, such as `STEM.mean.npy`. Each holds a frame for each interval between
//! snapshots.

use super::{
    digest,
    error::CubeError,
    paths::{Paths, remove_file},
};
use crate::params::{Choice, RecordField};
use diff2d_arrays::npy::{Dtype, NpyHeader};
use diff2d_sys::{self as sys, FileExt};
use rayon::prelude::*;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The path of the file of a field.
pub fn path(cube: &Path, field: RecordField) -> PathBuf {
    cube.with_extension(format!("{}.npy", field.name()))
}

/// The cube to which the file of a field would belong, and the field, by the name of the file.
pub fn cube_of(path: &Path) -> Option<(PathBuf, RecordField)> {
    let name = path.file_name()?.to_str()?.strip_suffix(".npy")?;
    let (stem, field_name) = name.rsplit_once('.')?;
    let mut fields = RecordField::ALL.iter();
    let field = fields.find(|field| field.name() == field_name)?;
    Some((path.with_file_name(format!("{stem}.npy")), *field))
}

/// The header of the file of a field. `cube` is the type of the cube's numbers; the file has the same, except that
/// times are doubles.
pub fn header(field: RecordField, [snapshots, ny, nx]: [u64; 3], cube: Dtype) -> NpyHeader {
    let dtype = match field {
        RecordField::TimeOfMax => Dtype::F64,
        _ => cube,
    };
    NpyHeader::new(vec![snapshots.saturating_sub(1), ny, nx], dtype, false)
}

/// The digest of the file of a field. Its blocks are read in parallel.
///
/// # Errors
/// [`CubeError::Io`].
pub fn digest_of(cube: &Path, field: RecordField) -> Result<String, CubeError> {
    let path = path(cube, field);
    let file = sys::open_to_read(&path).map_err(CubeError::io("open", &path))?;
    let length = file.metadata().map_err(CubeError::io("read", &path))?.len();
    let block_bytes = digest::BLOCK as u64;
    let blocks = (0..length.div_ceil(block_bytes))
        .into_par_iter()
        .map(|block| {
            let block_begin = block * block_bytes;
            let mut bytes = vec![0; block_bytes.min(length - block_begin) as usize];
            file.read_exact_at(&mut bytes, block_begin)?;
            Ok(digest::of_block(&bytes))
        });
    let blocks: io::Result<Vec<_>> = blocks.collect();
    blocks
        .map(|blocks| digest::of_blocks(&blocks))
        .map_err(CubeError::io("read", &path))
}

/// Removes the files of fields.
///
/// # Errors
/// [`CubeError::Io`].
pub fn remove(paths: &Paths, fields: &[RecordField]) -> Result<(), CubeError> {
    for &field in fields {
        let path = path(&paths.cube, field);
        if fs::symlink_metadata(&path).is_ok() {
            remove_file(&path)?;
        }
    }
    Ok(())
}
