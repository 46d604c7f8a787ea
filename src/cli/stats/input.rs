//! The arrays of `stats`: files, and standard input.

use super::args::StatsArgs;
use crate::cli::{
    error::Error,
    open::{open_as, prepared},
    terminal::Terminal,
};
use diff2d::JournalledArray;
use diff2d_arrays::npy::{ArrayFile, NpyError};
use diff2d_sys::Temporary;
use std::{
    env,
    fs::File,
    io::{self, Seek, stdin},
    os::fd::AsFd,
    path::Path,
};

/// Opens a file, or what comes by standard input: `-`.
pub(super) fn open(
    path: &Path,
    args: &StatsArgs,
    terminal: &Terminal,
) -> Result<JournalledArray, Error> {
    if path != Path::new("-") {
        return open_as(path, &args.input, terminal);
    }
    let name = Path::new("standard input");
    let file = stdin_file().map_err(NpyError::io("read", name))?;
    let array = match args.input.raw.clone() {
        None => ArrayFile::of_file(file, name)?,
        Some(header) => ArrayFile::of_parts(file, name, header)?,
    };
    let mut array = prepared(JournalledArray::plain(array), terminal);
    args.input.axes.name(&mut array)?;
    Ok(array)
}

/// A file by which standard input can be read at any place: itself, or a copy of what a pipe delivers.
fn stdin_file() -> io::Result<File> {
    let mut input = File::from(stdin().as_fd().try_clone_to_owned()?);
    if input.metadata()?.is_file() {
        input.rewind()?;
        return Ok(input);
    }
    let mut copy = Temporary::file(&env::temp_dir())?;
    io::copy(&mut stdin().lock(), &mut copy)?;
    copy.rewind()?;
    Ok(copy)
}
