//! [`FieldFile`]: a frame for each interval between snapshots, in `STEM.mean.npy` and the like.

use super::{
    digest,
    error::CubeError,
    paths::{Paths, remove_file},
};
use crate::params::{Choice, RecordField};
use diff2d_arrays::npy::{DATA_OFFSET, Dtype, NpyHeader};
use diff2d_sys::{self as sys, FileExt};
use rayon::prelude::*;
use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// The file of one field.
#[derive(Debug)]
pub struct FieldFile {
    kind: RecordField,
    file: File,
    path: PathBuf,
    header: NpyHeader,
}

impl FieldFile {
    /// The kind of the field.
    #[must_use]
    pub fn kind(&self) -> RecordField {
        self.kind
    }

    /// The name of the file of a field.
    #[must_use]
    pub fn path(cube: &Path, kind: RecordField) -> PathBuf {
        cube.with_extension(format!("{}.npy", kind.name()))
    }

    /// What it has for so many snapshots of a shape, of numbers as in the cube.
    #[must_use]
    pub fn header(kind: RecordField, [snapshots, ny, nx]: [u64; 3], cube: Dtype) -> NpyHeader {
        let dtype = match kind {
            RecordField::TimeOfMax => Dtype::F64,
            _ => cube,
        };
        NpyHeader::new(vec![snapshots.saturating_sub(1), ny, nx], dtype, false)
    }

    /// Creates the file in place of any that is there.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn create(cube: &Path, kind: RecordField, header: &NpyHeader) -> Result<(), CubeError> {
        let path = Self::path(cube, kind);
        remove_file(&path)?;
        let create = || {
            let file = File::create_new(&path)?;
            file.set_len(bytes_of(header))?;
            file.write_all_at(&header.encode(), 0)?;
            file.sync_all()
        };
        create().map_err(CubeError::io("create", &path))
    }

    /// Opens the file of a run that goes on.
    ///
    /// # Errors
    /// [`CubeError::LostRecord`] where it is not there, or is another one.
    pub fn open(cube: &Path, kind: RecordField, header: NpyHeader) -> Result<Self, CubeError> {
        let path = Self::path(cube, kind);
        let lost = |reason: &str| CubeError::LostRecord {
            path: path.clone(),
            reason: reason.to_owned(),
        };
        let mut options = OpenOptions::new();
        let file = sys::open_file(options.read(true).write(true), &path);
        let file = file.map_err(|_| lost("cannot be opened"))?;
        match NpyHeader::decode(&file) {
            Ok(found) if found == header => {}
            _ => return Err(lost("is another array")),
        }
        Ok(Self {
            kind,
            file,
            path,
            header,
        })
    }

    /// Copies the first frames from those of a shorter run.
    ///
    /// # Errors
    /// [`CubeError`].
    pub fn copy(&self, shorter: &Path, frames: u64) -> Result<(), CubeError> {
        let path = Self::path(shorter, self.kind);
        let from = File::open(&path).map_err(CubeError::io("open", &path))?;
        let mut row = vec![0; usize::try_from(self.frame() / self.header.shape[1]).unwrap_or(0)];
        for at in (0..frames * self.header.shape[1]).map(|row| row * self.header.shape[2]) {
            let at = DATA_OFFSET + at * self.header.dtype.bytes as u64;
            let read = from.read_exact_at(&mut row, at);
            read.map_err(CubeError::io("read", &path))?;
            let written = self.file.write_all_at(&row, at);
            written.map_err(CubeError::io("write", &self.path))?;
        }
        self.sync()
    }

    fn frame(&self) -> u64 {
        self.header.shape[1] * self.header.shape[2] * self.header.dtype.bytes as u64
    }

    /// Writes rows of a frame, from row `first` on, and makes them durable.
    ///
    /// # Errors
    /// [`CubeError::Io`].
    pub fn write(&self, frame: u64, first: usize, values: &[f64]) -> Result<(), CubeError> {
        let each = self.header.dtype.bytes;
        let row = self.header.shape[2] * each as u64;
        let at = DATA_OFFSET + frame * self.frame() + first as u64 * row;
        let bytes: Vec<u8> = match each {
            #[expect(clippy::cast_possible_truncation, reason = "the precision of the cube")]
            4 => values
                .iter()
                .flat_map(|value| (*value as f32).to_le_bytes())
                .collect(),
            _ => values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        };
        let written = self.file.write_all_at(&bytes, at);
        written.map_err(CubeError::io("write", &self.path))?;
        self.sync()
    }

    fn sync(&self) -> Result<(), CubeError> {
        let synced = self.file.sync_data();
        synced.map_err(CubeError::io("sync", &self.path))
    }
}

fn bytes_of(header: &NpyHeader) -> u64 {
    let elements: u64 = header.shape.iter().product();
    DATA_OFFSET + elements * header.dtype.bytes as u64
}

/// The digest of the bytes of a file, whose blocks are read side by side.
///
/// # Errors
/// [`CubeError::Io`].
pub fn digest_of(cube: &Path, kind: RecordField) -> Result<String, CubeError> {
    let path = FieldFile::path(cube, kind);
    let file = sys::open_to_read(&path).map_err(CubeError::io("open", &path))?;
    let length = file.metadata().map_err(CubeError::io("read", &path))?.len();
    let each = digest::BLOCK as u64;
    let blocks = (0..length.div_ceil(each)).into_par_iter().map(|block| {
        let begin = block * each;
        #[expect(clippy::cast_possible_truncation, reason = "at most a block")]
        let mut bytes = vec![0; each.min(length - begin) as usize];
        file.read_exact_at(&mut bytes, begin)?;
        Ok(digest::of_block(&bytes))
    });
    let blocks: io::Result<Vec<_>> = blocks.collect();
    blocks
        .map(|blocks| digest::of_blocks(&blocks))
        .map_err(CubeError::io("read", &path))
}

/// Gives the files that are there the frames of so many snapshots: fewer of a run that has ended before its last one.
///
/// # Errors
/// [`CubeError::Io`].
pub fn resize(paths: &Paths, kinds: &[RecordField], snapshots: u64) -> Result<(), CubeError> {
    for &kind in kinds {
        let path = FieldFile::path(&paths.cube, kind);
        let mut options = OpenOptions::new();
        let Ok(file) = sys::open_file(options.read(true).write(true), &path) else {
            continue;
        };
        let Ok(mut header) = NpyHeader::decode(&file) else {
            continue;
        };
        let Some(frames) = header
            .shape
            .first_mut()
            .filter(|frames| **frames + 1 != snapshots)
        else {
            continue;
        };
        *frames = snapshots.saturating_sub(1);
        let shortened = file.write_all_at(&header.encode(), 0);
        let shortened = shortened.and_then(|()| file.set_len(bytes_of(&header)));
        let shortened = shortened.and_then(|()| file.sync_all());
        shortened.map_err(CubeError::io("write", &path))?;
    }
    Ok(())
}

/// Removes the files of fields.
///
/// # Errors
/// [`CubeError::Io`].
pub fn remove(paths: &Paths, kinds: &[RecordField]) -> Result<(), CubeError> {
    for &kind in kinds {
        let path = FieldFile::path(&paths.cube, kind);
        if fs::symlink_metadata(&path).is_ok() {
            remove_file(&path)?;
        }
    }
    Ok(())
}
