//! How commands open the arrays that they read, and make those that they write.

use super::{select, terminal::Terminal, values};
use crate::{
    cube::{CubeError, JournalledArray, Writing},
    error::Error,
    params::hint_of_file,
};
use clap::Args;
use diff2d_arrays::{
    labels::{Labels, NamedAxis, beside},
    npy::{self, ArrayFile, Dtype, NpyHeader},
    output::Output,
};
use diff2d_sys::Destination;
use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
};

/// What files are that are not `.npy`.
#[derive(Debug, Args)]
pub(super) struct InputArgs {
    /// The file is flat binary: type, shape and the byte where the array begins, such as
    /// f4:1000x2000 or >i2:512x512:1024
    #[arg(long, value_name = "DTYPE:SHAPE[:OFFSET]", value_parser = raw)]
    raw: Option<NpyHeader>,
    /// Names for the axes of an array that has none, and their units: t:h,lat,lon
    #[arg(long, value_name = "NAME[:UNIT],…", value_delimiter = ',', value_parser = named_axis)]
    axes: Vec<NamedAxis>,
}

impl InputArgs {
    /// Gives an array's axes the names that `--axes` has for them.
    pub(super) fn name_axes(&self, array: &mut JournalledArray) -> Result<(), Error> {
        if self.axes.is_empty() {
            return Ok(());
        }
        let path = array.path.display();
        let (names, axes) = (self.axes.len(), array.npy.shape.len());
        let known: Vec<&str> = array.labels.names().collect();
        let numbers = 1..names;
        let mut twice = numbers.filter(|&at| {
            self.axes[..at]
                .iter()
                .any(|one| one.name == self.axes[at].name)
        });
        let wrong = if !known.is_empty() {
            Some(format!(
                "--axes is for arrays whose axes have no names, and those of {path} have: {}",
                known.join(", ")
            ))
        } else if names != axes {
            Some(format!(
                "--axes has {names} names, and {path} has {axes} axes"
            ))
        } else {
            twice
                .next()
                .map(|at| format!("--axes has the name {} twice", self.axes[at].name))
        };
        if let Some(wrong) = wrong {
            return Err(Error::Usage(wrong));
        }
        array.label(Labels::of_axes(
            self.axes.iter().cloned().map(Some).collect(),
        ));
        Ok(())
    }

    /// What `--raw` says of a file.
    pub(super) fn raw(&self) -> Option<NpyHeader> {
        self.raw.clone()
    }
}

/// The name of an axis and perhaps its unit.
fn named_axis(text: &str) -> Result<NamedAxis, String> {
    let (name, unit) = text
        .split_once(':')
        .map_or((text, None), |(name, unit)| (name, Some(unit)));
    let is_name = name.starts_with(|first: char| first.is_alphabetic())
        && name
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '_');
    match is_name {
        true => Ok(NamedAxis::counted(name).in_unit(unit.map(str::trim))),
        false => Err("expected a name, and a unit behind a colon, such as t:h".to_owned()),
    }
}

/// The header of a flat binary file.
fn raw(text: &str) -> Result<NpyHeader, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let (kind, shape, offset) = match parts[..] {
        [kind, shape] => (kind, shape, "0"),
        [kind, shape, offset] => (kind, shape, offset),
        _ => return Err("expected type, shape and offset, such as f4:1000x2000:512".to_owned()),
    };
    let dtype = values::dtype(kind.trim_start_matches('>'))?;
    let lengths = shape.split(['x', ',', '×']);
    let lengths = lengths.map(|length| length.trim().parse().ok());
    Ok(NpyHeader {
        dtype: Dtype {
            big_endian: kind.starts_with('>') && dtype.bytes > 1,
            ..dtype
        },
        fortran_order: false,
        shape: lengths.collect::<Option<_>>().ok_or_else(|| {
            format!("'{shape}' is no shape; expected whole numbers, such as 1000x2000")
        })?,
        data_offset: offset.trim().parse().map_err(|_| {
            format!("'{offset}' is no offset; expected a number of bytes, such as 512")
        })?,
    })
}

/// Opens an array with the journal beside it, and says where that is not its own. `FILE.npz:NAME` is a
/// member of an archive, `FILE.npy[::24]` a part of an array.
pub(super) fn open(path: &Path, terminal: &Terminal) -> Result<JournalledArray, Error> {
    let (file, text) = select::brackets(path);
    select::part(whole(file, terminal)?, text, terminal)
}

/// As [`open`], but all of an array.
pub(super) fn whole(path: &Path, terminal: &Terminal) -> Result<JournalledArray, Error> {
    if let Some((archive, name)) = member(path) {
        let array = ArrayFile::open_member(Path::new(archive), name)?;
        return Ok(told(JournalledArray::plain(array), terminal));
    }
    let array = JournalledArray::open(path).map_err(|error| no_such_file(path, error))?;
    if let Some(note) = &array.note {
        terminal.note(note);
    }
    Ok(told(array, terminal))
}

/// The error of a file that is not there, with the name of another one that was probably meant.
fn no_such_file(path: &Path, error: CubeError) -> Error {
    let is_anywhere = path.exists() || path.with_extension("journal").exists();
    let hint = hint_of_file(path);
    match is_anywhere || hint.is_empty() {
        true => error.into(),
        false => Error::System(format!(
            "cannot open {}: there is no such file{hint}",
            path.display()
        )),
    }
}

/// An array that is read for a program that may want to stop that. What lies behind it is told.
pub(super) fn told(mut array: JournalledArray, terminal: &Terminal) -> JournalledArray {
    let behind = array.bytes_behind();
    if behind > 0 {
        let s = if behind == 1 { "" } else { "s" };
        terminal.note(&format!(
            "{} has {behind} byte{s} behind its array, which are left aside",
            array.path.display()
        ));
    }
    if let Some(stop) = terminal.stop() {
        array.stop_on(stop);
    }
    array
}

/// As [`open`], or what `--raw` says, with the names that `--axes` gives.
pub(super) fn open_as(
    path: &Path,
    input: &InputArgs,
    terminal: &Terminal,
) -> Result<JournalledArray, Error> {
    named(path, input.raw(), input, terminal)
}

/// An array, with the names that `--axes` gives, before a part of it is taken by these.
fn named(
    path: &Path,
    raw: Option<NpyHeader>,
    input: &InputArgs,
    terminal: &Terminal,
) -> Result<JournalledArray, Error> {
    let (path, text) = select::brackets(path);
    let mut array = match raw {
        None => whole(path, terminal)?,
        Some(header) => {
            let file = npy::open_file(path)?;
            let array = ArrayFile::of_raw_file(file, path, header)?;
            told(JournalledArray::plain(array), terminal)
        }
    };
    input.name_axes(&mut array)?;
    select::part(array, text, terminal)
}

/// As [`open_as`], of one of several files, of which `--raw` describes those whose names do not end in `.npy`.
pub(super) fn open_among(
    path: &Path,
    input: &InputArgs,
    terminal: &Terminal,
) -> Result<JournalledArray, Error> {
    let extension = select::brackets(path).0.extension();
    let raw = input
        .raw()
        .filter(|_| extension.is_none_or(|extension| extension != "npy"));
    named(path, raw, input, terminal)
}

/// The archive and the name of a member, of a path that names no file.
fn member(path: &Path) -> Option<(&str, &str)> {
    let text = path.to_str().filter(|_| !path.exists())?;
    let (archive, name) = text.rsplit_once(':')?;
    archive.ends_with(".npz").then_some((archive, name))
}

/// A new array while it is written, and where goes what is known of it.
pub(super) struct NewArray {
    output: Output,
    beside: Destination,
}

impl Deref for NewArray {
    type Target = Output;

    fn deref(&self) -> &Output {
        &self.output
    }
}

impl DerefMut for NewArray {
    fn deref_mut(&mut self) -> &mut Output {
        &mut self.output
    }
}

/// Begins a new array for which the files `taken` are read; `finish` puts it in its place.
pub(super) fn create(
    path: &Path,
    shape: Vec<u64>,
    dtype: Dtype,
    fortran_order: bool,
    taken: &[PathBuf],
    force: bool,
) -> Result<NewArray, Error> {
    let writing = Writing {
        taken,
        force,
        is_own_kind: None,
    };
    let to = writing.admit(path)?;
    Ok(NewArray {
        beside: writing.admit_labels(path)?,
        output: Output::create(to, shape, dtype, fortran_order)?,
    })
}

/// Puts a new array in its place, and what is known of it beside it.
pub(super) fn finish(array: NewArray, path: &Path, labels: &Labels) -> Result<(), Error> {
    Ok(beside::put(array.output, path, array.beside, labels)?)
}
