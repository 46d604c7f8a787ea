//! [`MeasuredTable`]: the heading and the rows of a CSV file.

use super::{
    date::Date,
    dialect::{Dialect, decode},
    error::TableError,
    heading::{ColumnName, Heading},
    unit::{TimeUnit, convert},
};
use diff2d_arrays::wording::excerpt;
use std::{fmt, ops::Range};

/// The number of characters of a field that messages show.
const SHOWN: usize = 40;

/// A CSV file: a line that names its columns, and rows with one field for each column.
///
/// Commas, semicolons or tabs separate the fields; with semicolons or tabs, numbers may have decimal commas. Empty
/// lines and lines that begin with `#` are skipped. Separators at the end of a line begin no field.
#[derive(Debug)]
pub struct MeasuredTable {
    text: String,
    dialect: Dialect,
    headings: Vec<Heading>,
    /// The line that has the headings.
    head: RowText,
    rows: Vec<RowText>,
}

/// A row: the number of its line, counted from 1, and the position of that line in the text.
#[derive(Debug)]
struct RowText {
    line: usize,
    range: Range<usize>,
}

/// The unit and the origin of the arguments of a table, mostly times.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArgumentScale {
    /// The unit of the arguments; without one, dates are converted to seconds.
    pub unit: Option<String>,
    /// The date at which the arguments are 0; if it is `None`, the date of the first row.
    pub since: Option<Date>,
}

impl MeasuredTable {
    /// Parses a file as a table.
    ///
    /// # Errors
    /// [`TableError`] if the file is not a table.
    pub fn parse(bytes: &[u8]) -> Result<Self, TableError> {
        let text = decode(bytes).ok_or(TableError::NoTable("it is no text"))?;
        let mut lines = filled_lines(&text).peekable();
        let declared_dialect = lines
            .peek()
            .and_then(|row| Dialect::declared_by(&text[row.range.clone()]));
        if declared_dialect.is_some() {
            lines.next();
        }
        let reason_if_empty = "it is empty: a line with the names of the columns comes first";
        let head = lines.next().ok_or(TableError::NoTable(reason_if_empty))?;
        let head_text = &text[head.range.clone()];
        let dialect = declared_dialect.unwrap_or_else(|| Dialect::of_heading(head_text));
        let mut fields = dialect
            .fields(head_text)
            .map_err(|reason| head.refuse(reason))?;
        while fields.last().is_some_and(|field| field.is_empty()) {
            fields.pop();
        }
        if fields.iter().all(|field| dialect.number(field).is_ok()) {
            let reason = "it has numbers where the names of the columns should be";
            return Err(head.refuse(reason));
        }
        let headings = fields.into_iter().map(Heading::parse).collect();
        let rows = lines.collect();
        let table = Self {
            dialect,
            headings,
            head,
            rows,
            text,
        };
        table
            .rows
            .iter()
            .try_for_each(|row| table.fields(row).map(|_| ()))?;
        Ok(table)
    }

    /// The headings of the columns.
    #[must_use]
    pub fn headings(&self) -> &[Heading] {
        &self.headings
    }

    /// The number of a column.
    ///
    /// # Errors
    /// [`TableError`] if no column has this name.
    pub fn column(&self, name: &ColumnName) -> Result<usize, TableError> {
        let column = name.find(&self.headings);
        column.map_err(|reason| self.head.refuse(reason))
    }

    /// As [`unordered_arguments`](Self::unordered_arguments), and if an argument is not greater than the argument of
    /// the row before.
    ///
    /// Units: those of the scale. A column in another unit of time is converted.
    ///
    /// # Errors
    /// As [`unordered_arguments`](Self::unordered_arguments), and for a row whose argument does not lie beyond that of the row before.
    pub fn arguments(&self, column: usize, scale: &ArgumentScale) -> Result<Vec<f64>, TableError> {
        let arguments = self.unordered_arguments(column, scale)?;
        let descent = arguments.windows(2).position(|pair| pair[0] >= pair[1]);
        let Some(row) = descent else {
            return Ok(arguments);
        };
        let [previous_row, row_behind] = [&self.rows[row], &self.rows[row + 1]];
        let [previous_field, field] = [previous_row, row_behind].map(|row| self.fields(row));
        Err(row_behind.refuse(format!(
            "the argument {} follows {}; arguments must ascend",
            excerpt(field?[column], SHOWN),
            excerpt(previous_field?[column], SHOWN)
        )))
    }

    /// The arguments of all rows in any order. Several may be equal, as for a quantity that was measured twice.
    ///
    /// Units: as of [`arguments`](Self::arguments).
    ///
    /// # Errors
    /// [`TableError`] if a row has no argument, or the unit cannot be converted.
    pub fn unordered_arguments(
        &self,
        column: usize,
        scale: &ArgumentScale,
    ) -> Result<Vec<f64>, TableError> {
        let are_dates = match self.rows.first() {
            Some(row) => {
                let field = self.fields(row)?[column];
                self.dialect.number(field).is_err() && Date::parse(field).is_some()
            }
            None => false,
        };
        if are_dates {
            self.dates(column, scale)
        } else {
            self.number_arguments(column, scale)
        }
    }

    /// The times of dates since the origin of the scale.
    fn dates(&self, column: usize, scale: &ArgumentScale) -> Result<Vec<f64>, TableError> {
        let heading = &self.headings[column];
        let unit = match scale.unit.as_deref() {
            None => TimeUnit::S,
            Some(name) => TimeUnit::of(name).ok_or_else(|| {
                self.head.refuse(format!(
                    "{heading} holds dates, which become times in s, min, h or d, and {} is wanted",
                    excerpt(name, SHOWN)
                ))
            })?,
        };
        let (mut times, mut since) = (Vec::with_capacity(self.rows.len()), scale.since);
        for row in &self.rows {
            let field = self.fields(row)?[column];
            let date = Date::parse(field)
                .ok_or_else(|| self.refuse(row, column, no_date(field, "a date")))?;
            let origin = *since.get_or_insert(date);
            if date.has_zone() != origin.has_zone() {
                let reason = "of two dates one has a zone and the other has none";
                return Err(self.refuse(row, column, reason));
            }
            times.push((date - origin) / unit.seconds());
        }
        Ok(times)
    }

    fn number_arguments(
        &self,
        column: usize,
        scale: &ArgumentScale,
    ) -> Result<Vec<f64>, TableError> {
        let heading = &self.headings[column];
        if scale.since.is_some() {
            let reason = format!("{heading} holds numbers, and since is for dates");
            return Err(self.head.refuse(reason));
        }
        // Nobody has said in which unit the run has its times: dates are taken as seconds, and hours are not.
        let unit = match (scale.unit.as_deref(), heading.unit.as_deref()) {
            (None, Some(from)) if from != TimeUnit::S.name() => {
                return Err(self.other_unit(column, from, "s (units.t is not given)"));
            }
            (unit, _) => unit,
        };
        let numbers = self.rows.iter().map(|row| {
            let field = self.fields(row)?[column];
            let number = self.dialect.number(field).map_err(|reason| match field {
                "" => "there is no number".to_owned(),
                _ if field.contains([':', '/']) || field.matches('.').count() > 1 => {
                    no_date(field, "a number")
                }
                _ => reason,
            });
            let number = number.map_err(|reason| self.refuse(row, column, reason))?;
            self.converted(number, column, unit)
        });
        numbers.collect()
    }

    /// The values of all rows; NaN for a missing value: an empty field, `NaN` or `NA`.
    ///
    /// Units: `unit`, to which values are converted if the heading has another unit. Without `unit` values are not
    /// converted.
    ///
    /// # Errors
    /// [`TableError`] if a field is not a number, or the unit cannot be converted.
    pub fn values(&self, column: usize, unit: Option<&str>) -> Result<Vec<f64>, TableError> {
        let mut decimal_mark = None;
        let numbers = self.rows.iter().map(|row| {
            let field = self.fields(row)?[column];
            if is_gap(field) {
                return Ok(f64::NAN);
            }
            let number = self.dialect.number(field);
            let number = number.map_err(|reason| self.refuse(row, column, reason))?;
            // Of 1.234 beside 950,5 the first is a thousand times as much.
            let mark = field.find(['.', ',']).map(|place| &field[place..=place]);
            if mark.is_some() && *decimal_mark.get_or_insert(mark) != mark {
                let reason =
                    "some numbers of the column have decimal points, others decimal commas";
                return Err(self.refuse(row, column, reason));
            }
            self.converted(number, column, unit)
        });
        numbers.collect()
    }

    /// A number of a column, converted to a unit.
    fn converted(&self, number: f64, column: usize, unit: Option<&str>) -> Result<f64, TableError> {
        let heading = &self.headings[column];
        let (Some(column_unit), Some(wanted_unit)) = (heading.unit.as_deref(), unit) else {
            return Ok(number);
        };
        convert(number, column_unit, wanted_unit)
            .ok_or_else(|| self.other_unit(column, column_unit, &excerpt(wanted_unit, SHOWN)))
    }

    fn other_unit(&self, column: usize, from: &str, to: &str) -> TableError {
        TableError::Unit {
            line: self.head.line,
            heading: self.headings[column].to_string(),
            from: excerpt(from, SHOWN),
            to: to.to_owned(),
        }
    }

    /// The error for a field of a row; rows are counted from 0.
    #[must_use]
    pub fn refuse_field(&self, row: usize, column: usize, reason: &str) -> TableError {
        self.refuse(&self.rows[row], column, reason)
    }

    /// The error for a row, counted from 0; for the heading if there is no such row.
    #[must_use]
    pub fn refuse_row(&self, row: usize, reason: impl Into<String>) -> TableError {
        self.rows.get(row).unwrap_or(&self.head).refuse(reason)
    }

    fn refuse(&self, row: &RowText, column: usize, reason: impl fmt::Display) -> TableError {
        TableError::Field {
            line: row.line,
            heading: self.headings[column].to_string(),
            reason: reason.to_string(),
        }
    }

    /// The fields of a row, as many as there are headings.
    fn fields(&self, row: &RowText) -> Result<Vec<&str>, TableError> {
        let fields = self.dialect.fields(&self.text[row.range.clone()]);
        let mut fields = fields.map_err(|reason| row.refuse(reason))?;
        let field_count = self.headings.len();
        while fields.len() > field_count && fields.last().is_some_and(|field| field.is_empty()) {
            fields.pop();
        }
        if fields.len() != field_count {
            let (count, separators) = (fields.len(), self.dialect.separators());
            let noun = if count == 1 { "field" } else { "fields" };
            return Err(row.refuse(format!(
                "it has {count} {noun} between {separators}, and the line of headings has {field_count}"
            )));
        }
        Ok(fields)
    }
}

impl RowText {
    fn refuse(&self, reason: impl Into<String>) -> TableError {
        TableError::Line {
            line: self.line,
            reason: reason.into(),
        }
    }
}

fn is_gap(field: &str) -> bool {
    ["", "nan", "na"]
        .iter()
        .any(|word| field.eq_ignore_ascii_case(word))
}

/// The reason why a field that looks like a date cannot be read.
fn no_date(field: &str, wanted: &str) -> String {
    let (field_excerpt, example) = (excerpt(field, SHOWN), Date::EXAMPLE);
    format!("{field_excerpt:?} is not {wanted}; dates are read as {example}")
}

/// The lines that hold something. A line ends as on any system.
fn filled_lines(text: &str) -> impl Iterator<Item = RowText> + '_ {
    let line_end = if text.contains('\n') { '\n' } else { '\r' };
    let lines = (1..)
        .zip(text.split_inclusive(line_end))
        .scan(0, |start, (line, content)| {
            let range = *start..*start + content.trim_end_matches(['\r', '\n']).len();
            *start += content.len();
            Some(RowText { line, range })
        });
    lines.filter(|row| {
        let content = text[row.range.clone()].trim_start();
        !content.is_empty() && !content.starts_with('#')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, unit: Option<&str>) -> Result<(Vec<f64>, Vec<f64>), String> {
        let table = MeasuredTable::parse(text.as_bytes()).map_err(|error| error.to_string())?;
        let scale = ArgumentScale {
            unit: unit.map(str::to_owned),
            since: None,
        };
        let columns = table
            .arguments(0, &scale)
            .and_then(|arguments| Ok((arguments, table.values(1, Some("K"))?)));
        columns.map_err(|error| error.to_string())
    }

    #[test]
    fn units_of_headings_are_converted_or_refused() {
        let text = "time [h],T [°C]\n0,10\n1.5,20\n";
        let (times, values) = read(text, Some("s")).unwrap();
        assert_eq!((times, values), (vec![0.0, 5400.0], vec![283.15, 293.15]));
        assert!(
            read(text, None)
                .unwrap_err()
                .contains("units.t is not given")
        );
        assert!(
            read(text, Some("years"))
                .unwrap_err()
                .contains("cannot be taken as years")
        );
        assert!(read("t [s],T [K]\n0,1\n", None).is_ok());
        assert!(
            read("t,q [W/m²]\n0,1\n", None)
                .unwrap_err()
                .starts_with("line 1: column")
        );
    }

    #[test]
    fn decimal_points_and_commas_do_not_meet_in_a_column() {
        assert_eq!(
            read("t;T\n0.5;950,5\n1.5;-3\n", None).unwrap().1,
            [950.5, -3.0]
        );
        let reason = read("t;T\n0;950,5\n1;1.234\n", None).unwrap_err();
        assert!(
            reason.starts_with("line 3, column \"T\": some numbers"),
            "{reason}"
        );
    }

    #[test]
    fn dates_do_not_mix_with_numbers_nor_zones_with_none() {
        for text in [
            "t,T\n2026-01-01,1\n86400,2\n",
            "t,T\n0,1\n2026-01-01,2\n",
            "t,T\n2026-01-01 00:00Z,1\n2026-01-02 00:00,2\n",
            "t,T\n2026-10-25 02:30,1\n2026-10-25 02:00,2\n",
        ] {
            let reason = read(text, None).unwrap_err();
            assert!(reason.starts_with("line 3"), "{text}: {reason}");
        }
        assert!(read("t,T\n2026-01-01,1\n", Some("years")).is_err());
    }
}
