//! How commands open the arrays that they read, and make those that they write.

use super::{
    axes::unit_since, complete::tell_of_gap, number, select, selection::Selection,
    terminal::Terminal, typed, values,
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{
    CubeError, JournalledArray,
    program::{
        cube::Writing,
        measured::{Date, TimeUnit},
        params::hint_of_file,
    },
};
use diff2d_arrays::{
    dates::CfCalendar,
    labels::{Labels, NamedAxis, beside},
    npy::{self, ArrayFile, Dtype, NpyHeader},
    output::Output,
};
use diff2d_sys::Destination;
use std::path::{Path, PathBuf};

/// What files are that are not `.npy`.
#[derive(Debug, Args)]
pub(super) struct InputArgs {
    /// The file is flat binary: type, shape and the byte where the array begins, such as
    /// f4:1000x2000 or >i2:512x512:1024
    #[arg(long, value_name = "DTYPE:SHAPE[:OFFSET]", value_parser = raw)]
    pub(super) raw: Option<NpyHeader>,
    #[command(flatten)]
    pub(super) axes: AxesArgs,
}

/// What the axes of an array are that has no names for them.
#[derive(Debug, Args)]
pub(super) struct AxesArgs {
    /// Names for the axes of an array that has none, their units, the date at which times are 0, and one-dimensional .npy files with
    /// their coordinates: t:h:since=2023-01-01,lat=lat.npy,lon
    #[arg(long, value_name = "NAME[:UNIT[:since=DATE]][=FILE.npy],…", value_delimiter = ',', value_parser = typed_axis)]
    pub(super) axes: Vec<TypedAxis>,
}

/// An axis as it was typed.
#[derive(Debug, Clone)]
pub(super) struct TypedAxis {
    axis: NamedAxis,
    /// The file of its coordinates.
    file: Option<PathBuf>,
}

impl TypedAxis {
    /// The axis of an array with `length` indices along it, with the coordinates that its file has.
    fn read(&self, length: u64) -> Result<NamedAxis, Error> {
        let Some(path) = &self.file else {
            return Ok(self.axis.clone());
        };
        let file = ArrayFile::open(path)?;
        if file.npy.shape != [length] {
            let shape = number::tuple(&file.npy.shape);
            let reason = format!(
                "its shape is {shape}, and the axis has {length} indices, each of which takes one coordinate"
            );
            return Err(self.refused(path, &reason));
        }
        let mut coordinates = vec![0.0; length as usize];
        file.read::<f64>(0, &mut coordinates)?;
        if !coordinates.iter().all(|coordinate| coordinate.is_finite()) {
            return Err(self.refused(path, "a coordinate is no finite number"));
        }
        let increases = coordinates.is_sorted_by(|left, right| left < right);
        if !increases && !coordinates.is_sorted_by(|left, right| left > right) {
            return Err(self.refused(
                path,
                "coordinates neither all increase nor all decrease from each index to the next",
            ));
        }
        let spacing = match coordinates[..] {
            [first, .., last] => (last - first) / (length - 1) as f64,
            _ => 1.0,
        };
        let axis = NamedAxis::listed(&self.axis.name, coordinates, spacing);
        Ok(NamedAxis {
            values: axis.values,
            ..self.axis.clone()
        })
    }

    /// The error that a file does not hold the coordinates of the axis.
    fn refused(&self, path: &Path, reason: &str) -> Error {
        let (name, path) = (&self.axis.name, path.display());
        Error::Usage(format!("--axes {name}={path}: {reason}"))
    }
}

impl AxesArgs {
    /// The files of coordinates.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.axes.iter().filter_map(|typed| typed.file.clone())
    }

    /// Gives an array's axes the names that `--axes` has for them.
    pub(super) fn name(&self, array: &mut JournalledArray) -> Result<(), Error> {
        if self.axes.is_empty() {
            return Ok(());
        }
        let path = array.path.display();
        let typed_names: Vec<&str> = self.axes.iter().map(|typed| &*typed.axis.name).collect();
        let (names, axes) = (typed_names.len(), array.npy.shape.len());
        let axis_names: Vec<&str> = array.labels.names().collect();
        let hindrance = if !axis_names.is_empty() {
            Some(format!(
                "--axes is for arrays whose axes have no names, and those of {path} have: {}",
                axis_names.join(", ")
            ))
        } else if names != axes {
            Some(format!(
                "--axes has {names} names, and {path} has {axes} axes"
            ))
        } else {
            let repeated_name = typed::repeated(&typed_names);
            repeated_name.map(|name| format!("--axes has the name {name} twice"))
        };
        if let Some(hindrance) = hindrance {
            return Err(Error::Usage(hindrance));
        }
        let lengths = array.npy.shape.iter();
        let axes = self.axes.iter().zip(lengths);
        let axes = axes.map(|(typed, &length)| typed.read(length).map(Some));
        let axes = axes.collect::<Result<_, Error>>()?;
        array.label(Labels::of_axes(axes));
        Ok(())
    }
}

/// The name of an axis, and perhaps its unit, the date at which its times are 0, and the file of its coordinates.
fn typed_axis(text: &str) -> Result<TypedAxis, String> {
    let mut calendar = None;
    // The file stands behind the date, or behind name and unit where there is no date.
    let (name_and_unit, date, file) = match typed::cut(text, ":since=") {
        (name_and_unit, Some(date_and_file)) => {
            let (date, calendar_and_file) = typed::cut(date_and_file, ":calendar=");
            let (date, file) = match calendar_and_file {
                None => typed::cut(date, "="),
                Some(calendar_and_file) => {
                    let (name, file) = typed::cut(calendar_and_file, "=");
                    calendar = Some(name);
                    (date, file)
                }
            };
            (name_and_unit, Some(date), file)
        }
        (name_unit_and_file, None) => {
            let (name_and_unit, file) = typed::cut(name_unit_and_file, "=");
            (name_and_unit, None, file)
        }
    };
    let (name, unit) = typed::cut(name_and_unit, ":");
    let unit = match (unit.map(str::trim), date) {
        (unit, None) => unit.map(str::to_owned),
        (unit, Some(date)) => Some(dated_unit(unit.unwrap_or_default(), date, calendar)?),
    };
    if typed::is_name(name) && !name.starts_with('_') {
        Ok(TypedAxis {
            axis: NamedAxis {
                calendar: calendar.map(str::to_owned),
                ..NamedAxis::counted(name).in_unit(unit.as_deref())
            },
            file: file.map(PathBuf::from),
        })
    } else {
        Err(
            "expected a name, a unit behind a colon and a file of coordinates behind =, such as t:h=t.npy; a date behind the unit, such as t:h:since=2023-01-01"
                .to_owned(),
        )
    }
}

/// The unit of times that were typed with a unit, the date of their 0 and perhaps a calendar.
fn dated_unit(unit: &str, date: &str, calendar: Option<&str>) -> Result<String, String> {
    let calendar = calendar.map_or(Some(CfCalendar::Gregorian), CfCalendar::of);
    let calendar = calendar.ok_or("calendar must be standard, noleap or 360_day")?;
    let unit = TimeUnit::of(unit).ok_or_else(|| {
        let expected = "s, min, h or d, such as t:h:since=2023-01-01";
        typed::is_no(unit, "unit of times from a date on", expected)
    })?;
    let date = Date::parse_in(date.trim(), None, calendar)
        .map_err(|_| typed::is_no(date, "date", "one such as 2023-01-01 or 2023-01-01 13:00"))?;
    Ok(unit_since(unit, date))
}

/// The header of a flat binary file.
fn raw(text: &str) -> Result<NpyHeader, String> {
    let (kind, shape, offset) = match typed::fields(text)[..] {
        [kind, shape] => (kind, shape, "0"),
        [kind, shape, offset] => (kind, shape, offset),
        _ => return Err("expected type, shape and offset, such as f4:1000x2000:512".to_owned()),
    };
    let dtype = values::dtype(kind.trim_start_matches('>'))?;
    let lengths = typed::lengths(shape).map(|length| length.parse().ok());
    Ok(NpyHeader {
        dtype: Dtype {
            big_endian: kind.starts_with('>') && dtype.bytes > 1,
            ..dtype
        },
        fortran_order: false,
        shape: lengths
            .collect::<Option<_>>()
            .ok_or_else(|| typed::is_no(shape, "shape", "whole numbers, such as 1000x2000"))?,
        data_offset: offset
            .trim()
            .parse()
            .map_err(|_| typed::is_no(offset, "offset", "a number of bytes, such as 512"))?,
    })
}

/// Opens an array with the journal beside it, and says where that is not its own. `FILE.npy[::24]` is a part of an array. No other
/// part will be taken.
pub(super) fn open(path: &Path, terminal: &Terminal) -> Result<JournalledArray, Error> {
    let (file, selection) = Selection::of_file(path)?;
    let array = select::part(open_whole(file, terminal)?, selection.as_ref(), terminal)?;
    tell_of_gap(&array, terminal)?;
    Ok(array)
}

/// Opens all of an array, of which [`open`] may take a part.
pub(super) fn open_whole(path: &Path, terminal: &Terminal) -> Result<JournalledArray, Error> {
    let array = JournalledArray::open(path).map_err(|error| no_such_file(path, error))?;
    if let Some(note) = &array.note {
        terminal.note(note);
    }
    Ok(prepared(array, terminal))
}

/// The error of a file that is not there, with the name of another one that was probably meant.
fn no_such_file(path: &Path, error: CubeError) -> Error {
    let is_anywhere = path.exists() || path.with_extension("journal").exists();
    let hint = hint_of_file(path);
    if is_anywhere || hint.is_empty() {
        error.into()
    } else {
        Error::System(format!(
            "cannot open {}: there is no such file{hint}",
            path.display()
        ))
    }
}

/// Makes an array stop reading once the caller of the program asks for that, and notes bytes behind the array.
pub(super) fn prepared(mut array: JournalledArray, terminal: &Terminal) -> JournalledArray {
    let count_behind = array.bytes_behind();
    if count_behind > 0 {
        terminal.note(&format!(
            "{} has {} behind its array, which are left aside",
            array.path.display(),
            number::counted(count_behind, "byte")
        ));
    }
    if let Some(stop) = terminal.stop() {
        array.stop_on(stop);
    }
    array
}

/// Opens an array, or what `--raw` describes, with the names that `--axes` gives. A part of it may be taken.
pub(super) fn open_as(
    path: &Path,
    input: &InputArgs,
    terminal: &Terminal,
) -> Result<JournalledArray, Error> {
    named(path, input.raw.clone(), input, false, terminal)
}

/// An array, with the names that `--axes` gives, before a part of it is taken by these. Of several files, those whose axes have names
/// keep them.
fn named(
    path: &Path,
    raw: Option<NpyHeader>,
    input: &InputArgs,
    is_among_several: bool,
    terminal: &Terminal,
) -> Result<JournalledArray, Error> {
    let (path, selection) = Selection::of_file(path)?;
    let mut array = match raw {
        None => open_whole(path, terminal)?,
        Some(header) => {
            let file = npy::open_file(path)?;
            let array = ArrayFile::of_parts(file, path, header)?;
            prepared(JournalledArray::plain(array), terminal)
        }
    };
    if !is_among_several || array.labels.names().next().is_none() {
        input.axes.name(&mut array)?;
    }
    select::part(array, selection.as_ref(), terminal)
}

/// Opens one of several files, of which no other part will be taken, as [`open_as`] does; `--raw` describes those whose names do not end in `.npy`, and `--axes` names the axes
/// of those that have none.
pub(super) fn open_among(
    path: &Path,
    input: &InputArgs,
    terminal: &Terminal,
) -> Result<JournalledArray, Error> {
    let extension = Selection::of_file(path)?.0.extension();
    let raw = input.raw.clone();
    let raw = raw.filter(|_| extension.is_none_or(|extension| extension != "npy"));
    let array = named(path, raw, input, true, terminal)?;
    tell_of_gap(&array, terminal)?;
    Ok(array)
}

/// A new array while it is written, its name, and the file for what is known of it.
pub(super) struct NewArray {
    pub(super) data: Output,
    path: PathBuf,
    beside: Destination,
}

/// Begins a new array for which the files `inputs` are read; `finish` puts it in its place.
pub(super) fn create(
    path: &Path,
    shape: Vec<u64>,
    dtype: Dtype,
    fortran_order: bool,
    inputs: &[PathBuf],
    force: bool,
) -> Result<NewArray, Error> {
    let writing = Writing {
        taken: inputs,
        force,
        ..Writing::default()
    };
    let destination = writing.admit(path)?;
    Ok(NewArray {
        path: path.to_owned(),
        beside: writing.admit_labels(path)?,
        data: Output::create(destination, shape, dtype, fortran_order)?,
    })
}

/// Puts a new array in its place, and what is known of it beside it.
pub(super) fn finish(array: NewArray, labels: &Labels) -> Result<(), Error> {
    Ok(beside::put(array.data, &array.path, array.beside, labels)?)
}
