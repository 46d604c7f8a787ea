//! Points in a CSV file.

use super::{
    number,
    scenario::{self, PLACES},
    selection::Selection,
    terminal::printable,
    typed, values,
};
use crate::cli::error::Error;
use diff2d::{
    CubeError, JournalledArray,
    program::{
        cube::telling,
        measured::{
            ArgumentColumn, Calendar, ColumnName, CsvRows, Head, Reading, TableError, TimeUnit,
            WantedNames, date_order,
        },
    },
};
use diff2d_sys as sys;
use std::{
    fs::File,
    path::{Path, PathBuf},
};

/// A line longer than this holds no point.
const LONGEST_LINE: usize = 1 << 16;

/// What a column holds.
#[derive(Debug, Clone, PartialEq)]
enum PointColumn {
    /// Indices along an axis.
    Index(usize),
    /// Coordinates along t, y or x, or values of a sweep's parameter.
    Named(String),
    /// Something else, such as values at the points.
    Other,
}

impl PointColumn {
    fn is_time(&self) -> bool {
        matches!(self, Self::Named(name) if name == "t")
    }
}

/// A CSV file with a point a line, as loggers and spreadsheets write it. Its first line may be a header that names the
/// columns in any order: `i0`, `i1`, … or `t`, `y`, `x`, with their units, and the parameters of a sweep; indices are
/// taken where both are there, and other columns are left out.
pub(super) struct PointFile {
    path: PathBuf,
    dimensions: usize,
    /// The parameters that a sweep varies.
    parameters: Vec<String>,
    rows: CsvRows<File>,
    /// The header, if there is one, and what its columns hold.
    head: Option<Head>,
    columns: Vec<PointColumn>,
    /// The columns of coordinates, converted to the units of the array.
    coordinates: Vec<Option<ArgumentColumn>>,
    /// The fields of the row before that say where the point lies, without its time.
    place_before: Vec<String>,
}

impl PointFile {
    /// Opens a file; `keys` say how it is read. `None` for a file without a line.
    pub(super) fn open(
        path: &Path,
        array: &JournalledArray,
        keys: &[String],
    ) -> Result<Option<Self>, Error> {
        let mut reading = Reading::default();
        values::take_keys(&mut reading, keys)?;
        let dimensions = array.npy.shape.len();
        let parameters = scenario::sweep(array).map_or_else(Vec::new, telling);
        let names = wanted_names(dimensions, &parameters, &reading);
        let opened = CsvRows::open_with_or_without_headings(open(path)?, reading.skip, &names);
        let (rows, head) = match opened {
            Err(TableError::NoTable(_)) => return Ok(None),
            opened => opened.map_err(|error| fault(path, &error))?,
        };
        let mut points = Self {
            path: path.to_owned(),
            dimensions,
            parameters,
            rows,
            head: None,
            columns: Vec::new(),
            coordinates: Vec::new(),
            place_before: Vec::new(),
        };
        let Some(head) = head else {
            return Ok(Some(points));
        };
        points.columns = points.header(&head, &reading, array)?;
        let origin = array.calendar().map(Calendar::origin);
        for (place, column) in points.columns.iter().enumerate() {
            let coordinate = match column {
                PointColumn::Named(name) if PLACES.contains(&name.as_str()) => {
                    let array_unit = array.labels.unit_of(name).map(str::to_owned);
                    // Times alone may be dates.
                    let mut keys = match name == "t" {
                        true => reading.clone(),
                        false => Reading::default(),
                    };
                    if keys.from.is_empty() {
                        keys.from = vec![ColumnName::Number(place)];
                    }
                    keys.from_unit = keys.from_unit.or(array_unit);
                    // The file is read twice, as files of functions are; a pipe cannot be.
                    let order = match path.is_file() {
                        true if name == "t" => date_order(&keys, &names, open(path)?),
                        _ => Ok(keys.dates),
                    };
                    let column = order
                        .and_then(|order| ArgumentColumn::new(&keys, &points.rows, &head, order));
                    let column = column.map_err(|error| fault(path, &error))?;
                    Some(column.counted_from(origin))
                }
                _ => None,
            };
            points.coordinates.push(coordinate);
        }
        points.head = Some(head);
        Ok(Some(points))
    }

    /// The next point.
    fn read(&mut self) -> Result<Option<Selection>, Error> {
        let is_there = self.rows.read();
        if !is_there.map_err(|error| fault(&self.path, &error))? {
            return Ok(None);
        }
        if self.rows.text().len() > LONGEST_LINE {
            return Err(self.error("it is too long to be a point"));
        }
        let mut coordinates = std::mem::take(&mut self.coordinates);
        let fields = self.fields(&mut coordinates).and_then(|fields| {
            self.judge_order(&mut coordinates)?;
            Ok(fields)
        });
        self.coordinates = coordinates;
        let fields = fields?;
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        self.point(&fields).map(Some)
    }

    /// The fields of a row, coordinates in the units of the array.
    fn fields(&self, coordinates: &mut [Option<ArgumentColumn>]) -> Result<Vec<String>, Error> {
        let dialect = self.rows.dialect;
        let fields = (0..self.rows.field_count()).map(|place| {
            let field = || {
                dialect
                    .with_decimal_point(self.rows.field(place))
                    .into_owned()
            };
            let (Some(Some(column)), Some(head)) = (coordinates.get_mut(place), &self.head) else {
                return Ok(field());
            };
            let number = column.look(&self.rows, head);
            let number = number.map_err(|error| fault(&self.path, &error))?;
            Ok(match column.is_converted() {
                true => format!("{number:?}"),
                false => field(),
            })
        });
        fields.collect()
    }

    /// Refuses dates that go back at one place: the clock was put back. Numbers may have any order.
    fn judge_order(&mut self, coordinates: &mut [Option<ArgumentColumn>]) -> Result<(), Error> {
        let times = self.columns.iter().position(PointColumn::is_time);
        let times = times.and_then(|time_place| coordinates.get_mut(time_place)?.as_mut());
        let Some(times) = times.filter(|times| times.has_dates()) else {
            return Ok(());
        };
        let columns = self.columns.iter().enumerate();
        let columns =
            columns.filter(|(_, column)| !column.is_time() && **column != PointColumn::Other);
        let place = columns.map(|(column, _)| self.rows.field(column).to_owned());
        let place: Vec<String> = place.collect();
        if times.descends() && place == self.place_before {
            return Err(fault(&self.path, &times.refuse_descent(&self.rows)));
        }
        times.remember();
        self.place_before = place;
        Ok(())
    }

    /// The columns that a header names.
    fn header(
        &self,
        head: &Head,
        reading: &Reading,
        array: &JournalledArray,
    ) -> Result<Vec<PointColumn>, Error> {
        let names: Vec<&str> = head.headings.iter().map(|heading| &*heading.name).collect();
        let mut columns: Vec<PointColumn> = names.iter().map(|name| self.column(name)).collect();
        // A name may end with its unit: t_min. Times without a unit are seconds, as in other files.
        let time_unit = array.labels.unit_of("t").unwrap_or(TimeUnit::S.name());
        let times = PointColumn::Named("t".to_owned());
        let time_place = (0..names.len()).find(|&place| head.bare_name(place, time_unit) == "t");
        if let Some(place) = time_place.filter(|_| !columns.contains(&times)) {
            columns[place] = times.clone();
        }
        if let Some(time) = reading.from.first() {
            let place = head
                .column(time)
                .map_err(|error| fault(&self.path, &error))?;
            columns[place] = times;
        }
        let mut named = columns.clone();
        named.retain(|column| *column != PointColumn::Other);
        if named.is_empty() {
            let index_names = (0..self.dimensions).map(|i| format!("i{i}"));
            let index_names = number::joined(index_names, ",");
            return Err(self.error(&format!(
                "'{}' is neither a point nor a header; expected numbers, or columns such as {index_names}",
                printable(&names.join(","))
            )));
        }
        if typed::repeated(&named).is_some() {
            let names = printable(&names.join(","));
            return Err(self.error(&format!("the header {names} names an axis twice")));
        }
        Ok(columns)
    }

    fn column(&self, name: &str) -> PointColumn {
        let index = name.strip_prefix('i').and_then(|axis| axis.parse().ok());
        match index.filter(|&axis| axis < self.dimensions) {
            Some(axis) => PointColumn::Index(axis),
            None if PLACES.contains(&name) || self.parameters.iter().any(|key| key == name) => {
                PointColumn::Named(name.to_owned())
            }
            None => PointColumn::Other,
        }
    }

    fn point(&self, fields: &[&str]) -> Result<Selection, Error> {
        if self.columns.is_empty() {
            return match fields.iter().find(|field| !is_number(field)) {
                None => Ok(Selection::of_point(
                    self.place(),
                    fields.iter().map(|&field| (None, field)),
                )),
                Some(field) => Err(self.no_number(field)),
            };
        }
        let columns = self.columns.iter().zip(fields);
        let mut indices: Vec<(usize, &str)> = columns
            .filter_map(|(column, &field)| match column {
                PointColumn::Index(axis) => Some((*axis, field)),
                _ => None,
            })
            .collect();
        indices.sort_unstable();
        if indices.is_empty() {
            let columns = self.columns.iter().zip(fields);
            return Ok(Selection::of_point(
                self.place(),
                columns.filter_map(|(column, &field)| match column {
                    PointColumn::Named(name) => Some((Some(name.as_str()), field)),
                    _ => None,
                }),
            ));
        }
        let index_fields: Vec<&str> = indices.iter().map(|&(_, field)| field).collect();
        if let Some(field) = index_fields.iter().find(|field| !is_number(field)) {
            return Err(self.no_number(field));
        }
        // A history needs no index along the first axis; no other one may be left out.
        let last_column = indices.len() - 1;
        let is_complete = indices[last_column].0 + 1 == self.dimensions && {
            let first_axis = indices[0].0;
            first_axis <= 1 && indices[last_column].0 - first_axis == last_column
        };
        if !is_complete {
            return Err(self.error(&format!(
                "the header does not name every axis, i0 to i{}",
                self.dimensions - 1
            )));
        }
        Ok(Selection::of_point(
            self.place(),
            index_fields.into_iter().map(|field| (None, field)),
        ))
    }

    /// The line and the file.
    fn place(&self) -> String {
        format!("line {} of {}", self.rows.line(), self.path.display())
    }

    fn no_number(&self, field: &str) -> Error {
        let expected = "whole numbers, such as -1,150,150";
        self.error(&typed::is_no(field, "index", expected))
    }

    fn error(&self, reason: &str) -> Error {
        Error::Usage(format!("{}: {reason}", self.place()))
    }
}

impl Iterator for PointFile {
    type Item = Result<Selection, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

fn open(path: &Path) -> Result<File, Error> {
    Ok(sys::open_stream(path).map_err(CubeError::io("open", path))?)
}

/// The names of which one stands in the header of an array with these dimensions, or of a sweep's with these parameters.
fn wanted_names(dimensions: usize, parameters: &[String], reading: &Reading) -> WantedNames {
    let indices = (0..dimensions).map(|axis| format!("i{axis}"));
    let places = PLACES.into_iter().map(str::to_owned);
    let names = indices.chain(places).chain(parameters.iter().cloned());
    let columns = names.map(|name| vec![ColumnName::Heading(name)]);
    let times = std::iter::once(reading.from.clone());
    WantedNames(columns.chain(times).collect())
}

/// The error for a fault of the file.
fn fault(path: &Path, error: &TableError) -> Error {
    let path = path.display();
    match error {
        TableError::Io(_) | TableError::Memory { .. } => Error::System(format!("{path}: {error}")),
        TableError::Line { line, reason } => {
            Error::Usage(format!("line {line} of {path}: {reason}"))
        }
        TableError::Field {
            line,
            heading,
            reason,
        } => Error::Usage(format!("line {line} of {path}: {heading}: {reason}")),
        TableError::NoTable(_) | TableError::Unit { .. } => {
            Error::Usage(format!("{path}: {error}"))
        }
    }
}

fn is_number(field: &str) -> bool {
    values::finite(field).is_some()
}
