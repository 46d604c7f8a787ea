//! [`CsvRows`]: the headings of a CSV file, and its rows one after the other.

mod marks;

use super::{
    date::Date,
    date_text::NoDate,
    dialect::{Dialect, Fields},
    error::TableError,
    file::ColumnUnits,
    heading::{ColumnName, Heading, WantedNames},
    lines::Lines,
    unit::{self, Conversion},
};
use diff2d_arrays::wording::excerpt;
use marks::Evidences;
pub(super) use marks::Marks;
use std::{collections::VecDeque, io::Read};

/// The number of filled lines among which the headings are searched.
const HEAD_LINES: usize = 64;
/// The most lines of units and the like below the headings.
const UNIT_LINES: usize = 3;
/// The number of characters of a field that messages show.
pub(super) const SHOWN: usize = 40;
/// The reason why a line has no headings.
pub(super) const NO_HEADINGS: &str =
    "it has numbers where the names of the columns should be, or dates";

/// A line, and its number counted from 1.
type NumberedLine = (usize, String);

/// The line of headings.
#[derive(Debug, Clone)]
pub struct Head {
    /// The number of the line, counted from 1.
    pub line: usize,
    /// The headings of the columns, with the units of a line below them.
    pub headings: Vec<Heading>,
    /// The lines of units and the like below the headings, and whether the headings were searched.
    unit_lines: Vec<usize>,
    was_searched: bool,
}

impl Head {
    /// The number of a column.
    ///
    /// # Errors
    /// [`TableError`] if no column has this name.
    pub fn column(&self, name: &ColumnName) -> Result<usize, TableError> {
        let column = name.find(&self.headings);
        column.map_err(|reason| self.refuse(reason + &self.note_on_units()))
    }

    /// A note on the line that was taken for units, if there is one: it may have the headings instead.
    fn note_on_units(&self) -> String {
        let Some(line) = self.unit_lines.first() else {
            return String::new();
        };
        let lines_above = line - 1;
        format!(
            "; line {line} was taken for the units of these columns: skip = {lines_above} takes it for the headings"
        )
    }

    /// The unit of a column of which `wanted` is the wanted one.
    pub(super) fn unit(&self, column: usize, wanted: &str) -> Option<&str> {
        self.headings[column].meaning(wanted, &self.headings).1
    }

    /// The name of a column without the unit at its end, `t` of `t_min`, of which `wanted` is the wanted one; empty if the
    /// heading is the unit.
    #[must_use]
    pub fn bare_name(&self, column: usize, wanted: &str) -> String {
        self.headings[column].meaning(wanted, &self.headings).0
    }

    /// The unit in which a column is read, and the one in which it is used.
    pub(super) fn units(&self, column: usize, wanted: Option<&str>) -> ColumnUnits {
        let heading = &self.headings[column];
        let (name, unit) = heading.meaning(wanted.unwrap_or_default(), &self.headings);
        let name = if name.is_empty() {
            &heading.text
        } else {
            &name
        };
        ColumnUnits {
            name: excerpt(name, SHOWN),
            read: unit.map(|unit| excerpt(unit, SHOWN)),
            used: wanted.or(unit).map(|unit| excerpt(unit, SHOWN)),
        }
    }

    /// The conversion of a column to the wanted unit; `way_out` is what says that a column is to be taken as it stands.
    pub(super) fn conversion(
        &self,
        column: usize,
        wanted: Option<&str>,
        way_out: &str,
    ) -> Result<Conversion, TableError> {
        let Some((unit, wanted)) =
            wanted.and_then(|wanted| Some((self.unit(column, wanted)?, wanted)))
        else {
            return Ok(Conversion::Same);
        };
        Conversion::between(unit, wanted)
            .ok_or_else(|| self.other_unit(column, unit, &excerpt(wanted, SHOWN), way_out))
    }

    pub(super) fn other_unit(
        &self,
        column: usize,
        from: &str,
        to: &str,
        way_out: &str,
    ) -> TableError {
        TableError::Unit {
            line: self.line,
            heading: self.headings[column].to_string(),
            from: excerpt(from, SHOWN),
            to: to.to_owned(),
            way_out: way_out.to_owned() + &self.note_on_units(),
        }
    }

    /// The error for the line of headings.
    pub(super) fn refuse(&self, reason: impl Into<String>) -> TableError {
        refuse(self.line, reason)
    }

    /// How the headings were found, if that is not plain: `headings in line 2, units in line 3`.
    #[must_use]
    pub fn description(&self) -> Option<String> {
        if !self.was_searched && self.unit_lines.is_empty() {
            return None;
        }
        let mut text = format!("headings in line {}", self.line);
        if let Some((units, others)) = self.unit_lines.split_first() {
            text += &format!(", units in line {units}");
            for line in others {
                text += &format!(", line {line} left out");
            }
        }
        Some(text)
    }
}

/// The rows of a CSV file, one after the other.
///
/// Commas, semicolons or tabs separate the fields; with semicolons or tabs, numbers may have decimal commas. Empty
/// lines and lines that begin with `#` are skipped. Separators at the end of a line begin no field.
#[derive(Debug)]
pub struct CsvRows<R> {
    lines: Lines<R>,
    /// What separates the fields.
    pub dialect: Dialect,
    /// Lines that were read in search of the headings.
    pending: VecDeque<NumberedLine>,
    /// The last line that was read, its number and its fields.
    text: String,
    line: usize,
    fields: Fields,
    field_count: usize,
    marks: Marks,
    /// The fields of columns with separated thousands, without what separates these.
    numbers: Vec<String>,
}

impl<R: Read> CsvRows<R> {
    /// Reads all rows for what the marks of their numbers are. Where commas separate the fields, numbers have points.
    pub(super) fn marks(mut self) -> Result<Marks, TableError> {
        if self.dialect.separators() == "commas" {
            return Ok(Marks::default());
        }
        let mut evidences = Evidences::new(self.field_count);
        while self.read()? {
            for column in 0..self.field_count {
                evidences.look(column, self.field(column), self.line);
            }
        }
        Ok(evidences.marks())
    }

    /// The rows with the marks of their numbers, of which thousands are joined.
    pub(super) fn with_marks(self, marks: Marks) -> Self {
        let numbers = vec![String::new(); marks.thousands.len()];
        Self {
            marks,
            numbers,
            ..self
        }
    }

    /// Opens a table as [`open`](Self::open) does; `None` if the first line has numbers alone, and is a row as well.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with_or_without_headings(
        source: R,
        skip: Option<usize>,
        names: &WantedNames,
    ) -> Result<(Self, Option<Head>), TableError> {
        let (mut rows, head, fields_are_data) = Self::find_head(source, skip, names)?;
        if fields_are_data {
            rows.pending.push_front((head.line, rows.text.clone()));
        }
        Ok((rows, Some(head).filter(|_| !fields_are_data)))
    }

    /// Reads the headings below `skip` lines. Without `skip`, they are the first line that has as many fields as the
    /// next ones, or a line below it that has the wanted names where the first one has none of them.
    ///
    /// # Errors
    /// [`TableError`] if the file is no table.
    pub fn open(
        source: R,
        skip: Option<usize>,
        names: &WantedNames,
    ) -> Result<(Self, Head), TableError> {
        let (rows, head, fields_are_data) = Self::find_head(source, skip, names)?;
        match fields_are_data {
            true => Err(head.refuse(NO_HEADINGS)),
            false => Ok((rows, head)),
        }
    }

    /// Reads the line of headings and lines of units below it, and whether that line has data.
    fn find_head(
        source: R,
        skip: Option<usize>,
        names: &WantedNames,
    ) -> Result<(Self, Head, bool), TableError> {
        let mut lines = Lines::new(source)?;
        let mut text = String::new();
        let mut declared_dialect = None;
        let mut pending: VecDeque<NumberedLine> = VecDeque::new();
        while pending.len() < HEAD_LINES && lines.next(&mut text)? {
            let is_first = pending.is_empty() && declared_dialect.is_none();
            if let Some(dialect) = Dialect::declared_by(&text).filter(|_| is_first) {
                declared_dialect = Some(dialect);
            } else if is_filled(&text) && lines.number() > skip.unwrap_or(0) {
                pending.push_back((lines.number(), text.clone()));
            }
        }
        let place = match skip {
            None => {
                let place = place_of_headings(&pending, declared_dialect);
                place_of_names(&pending, declared_dialect, place, names)
            }
            Some(_) => 0,
        };
        pending.drain(..place);
        let reason_if_empty = "it is empty: a line with the names of the columns comes first";
        let (line, text) = pending
            .pop_front()
            .ok_or(TableError::NoTable(reason_if_empty))?;
        let dialect = declared_dialect.unwrap_or_else(|| Dialect::of_heading(&text));
        let fields = dialect
            .fields(&text)
            .map_err(|reason| refuse(line, reason))?;
        let mut fields = fields.into_iter().collect::<Vec<_>>();
        while fields.last().is_some_and(|field| field.is_empty()) {
            fields.pop();
        }
        let mut head = Head {
            line,
            headings: fields.iter().map(|field| Heading::parse(field)).collect(),
            unit_lines: Vec::new(),
            was_searched: place > 0,
        };
        let (fields_are_data, field_count) = (has_data(&fields, dialect), fields.len());
        let mut rows = Self {
            lines,
            dialect,
            pending,
            text,
            line,
            fields: Fields::default(),
            field_count,
            marks: Marks::default(),
            numbers: Vec::new(),
        };
        if !fields_are_data {
            rows.take_units(&mut head)?;
        }
        Ok((rows, head, fields_are_data))
    }

    /// Takes the lines below the headings that have words alone: the first one has the units of the columns.
    fn take_units(&mut self, head: &mut Head) -> Result<(), TableError> {
        while let Some((line, text)) = self.pending.front() {
            let fields = self.dialect.fields(text);
            let fields = fields.map_err(|reason| refuse(*line, reason))?;
            let has_words_alone = fields.len() == self.field_count
                && fields.iter().any(|field| !field.is_empty())
                && fields.iter().all(|field| is_word(field));
            if !has_words_alone || head.unit_lines.len() == UNIT_LINES {
                return Ok(());
            }
            if head.unit_lines.is_empty() {
                for (heading, unit) in head.headings.iter_mut().zip(fields) {
                    if heading.unit.is_none() && !unit.is_empty() {
                        let unit = unit::usual_name(without_brackets(unit));
                        heading.unit = Some(unit.to_owned());
                    }
                }
            }
            head.unit_lines.push(*line);
            self.pending.pop_front();
        }
        Ok(())
    }

    /// Reads the next row; `false` if there is none.
    ///
    /// # Errors
    /// [`TableError`] for a line that has not as many fields as there are headings.
    pub fn read(&mut self) -> Result<bool, TableError> {
        if let Some((line, text)) = self.pending.pop_front() {
            (self.line, self.text) = (line, text);
        } else {
            loop {
                if !self.lines.next(&mut self.text)? {
                    return Ok(false);
                }
                if is_filled(&self.text) {
                    break;
                }
            }
            self.line = self.lines.number();
        }
        let split = self.dialect.split(&self.text, &mut self.fields);
        split.map_err(|reason| self.refuse(reason))?;
        let wanted_count = self.field_count;
        while self.fields.count() > wanted_count
            && self
                .fields
                .get(&self.text, self.fields.count() - 1)
                .is_empty()
        {
            self.fields.pop();
        }
        let count = self.fields.count();
        if count != wanted_count {
            let noun = if count == 1 { "field" } else { "fields" };
            let separators = self.dialect.separators();
            return Err(self.refuse(format!(
                "it has {count} {noun} between {separators}, and the line of headings has {wanted_count}"
            )));
        }
        let marks = self.marks.thousands.iter().zip(&mut self.numbers);
        for (column, (mark, number)) in marks.enumerate() {
            if let Some(mark) = mark {
                *number = self.fields.get(&self.text, column).replace(*mark, "");
            }
        }
        Ok(true)
    }

    /// The number of the line of the row.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The number of fields of each row.
    pub fn field_count(&self) -> usize {
        self.field_count
    }

    /// The text of the row.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A field of the row.
    pub fn field(&self, column: usize) -> &str {
        match self.marks.thousands.get(column) {
            Some(Some(_)) => &self.numbers[column],
            _ => self.fields.get(&self.text, column),
        }
    }

    /// The error for the row.
    pub(super) fn refuse(&self, reason: impl Into<String>) -> TableError {
        refuse(self.line, reason)
    }

    /// The error for a field of the row.
    pub(super) fn refuse_field(
        &self,
        head: &Head,
        column: usize,
        reason: impl Into<String>,
    ) -> TableError {
        TableError::Field {
            line: self.line,
            heading: head.headings[column].to_string(),
            reason: reason.into(),
        }
    }
}

/// A unit without the brackets around it: `[h]`, `(°C)`.
fn without_brackets(unit: &str) -> &str {
    let brackets = [('[', ']'), ('(', ')')].into_iter();
    let mut contents = brackets.filter_map(|(opening, closing)| {
        let content = unit.strip_prefix(opening)?.strip_suffix(closing)?;
        (!content.contains([opening, closing])).then_some(content.trim())
    });
    contents.next().unwrap_or(unit)
}

pub(super) fn refuse(line: usize, reason: impl Into<String>) -> TableError {
    TableError::Line {
        line,
        reason: reason.into(),
    }
}

/// Whether a line is neither empty nor a comment.
fn is_filled(line: &str) -> bool {
    let content = line.trim_start();
    !content.is_empty() && !content.starts_with('#')
}

/// Whether a field is a date; with a year of two digits it has a time of day, for names such as `1-1-10` are no dates.
fn is_date(field: &str) -> bool {
    let date = Date::parse(field, None);
    matches!(date, Ok(_) | Err(NoDate::TwoMeanings))
        || field.contains(':') && Date::has_an_order(field)
}

/// Whether a field is a word, such as a unit; numbers and times begin with a digit, dates with a digit or a month.
fn is_word(field: &str) -> bool {
    let is_gap = ["nan", "na"]
        .iter()
        .any(|gap| field.eq_ignore_ascii_case(gap));
    let begins_as_number = field.starts_with(|letter: char| {
        letter.is_ascii_digit() || ['+', '-', '.', ','].contains(&letter)
    });
    !is_gap && (!begins_as_number || field == "-") && !is_date(field)
}

fn are_numbers(fields: &[&str], dialect: Dialect) -> bool {
    fields.iter().all(|field| dialect.number(field).is_ok())
}

/// Whether a line has data: a date, or numbers alone.
fn has_data(fields: &[&str], dialect: Dialect) -> bool {
    are_numbers(fields, dialect) || fields.iter().any(|field| is_date(field))
}

/// The place of the headings, which without their names are found at `place`: that of the first line below it that has the
/// wanted names, if the line at `place` has none of them, and all lines down to that one have as many fields and no data.
fn place_of_names(
    lines: &VecDeque<NumberedLine>,
    declared: Option<Dialect>,
    place: usize,
    names: &WantedNames,
) -> usize {
    let mut field_count = None;
    for (number, (_, text)) in lines.iter().enumerate().skip(place) {
        let dialect = declared.unwrap_or_else(|| Dialect::of_heading(text));
        let Ok(fields) = dialect.fields(text) else {
            return place;
        };
        let is_title = match number == place {
            true => !are_numbers(&fields, dialect),
            false => !has_data(&fields, dialect),
        };
        if !is_title || *field_count.get_or_insert(fields.len()) != fields.len() {
            return place;
        }
        let headings = fields.iter().map(|field| Heading::parse(field));
        let headings: Vec<Heading> = headings.collect();
        if number > place && names.have_a_set_in(&headings) {
            return number;
        }
        if names.have_one_in(&headings) {
            return place;
        }
    }
    place
}

/// The place of the headings among the first lines: that of the first line with as many fields as the next two, 0 if there
/// is none.
fn place_of_headings(lines: &VecDeque<NumberedLine>, declared: Option<Dialect>) -> usize {
    let fits = |place: usize, least_fields: usize, look_ahead: usize| {
        let text = &lines[place].1;
        let dialect = declared.unwrap_or_else(|| Dialect::of_heading(text));
        let Some(count) = field_count(dialect, text, 0) else {
            return false;
        };
        let next_lines = lines.iter().skip(place + 1).take(look_ahead);
        let mut next_counts = next_lines.map(|(_, text)| field_count(dialect, text, count));
        count >= least_fields
            && place + 1 < lines.len()
            && next_counts.all(|next_count| next_count == Some(count))
    };
    if lines.len() < 2 || fits(0, 2, 1) {
        return 0;
    }
    let place = (1..lines.len()).find(|&place| fits(place, 2, 2));
    let has_names = place.is_some_and(|place| {
        let text = &lines[place].1;
        let dialect = declared.unwrap_or_else(|| Dialect::of_heading(text));
        let fields = dialect.fields(text);
        fields.is_ok_and(|fields| !has_data(&fields, dialect))
    });
    place.filter(|_| has_names).unwrap_or(0)
}

/// The number of the fields of a line, without empty ones at its end beyond `least`.
fn field_count(dialect: Dialect, line: &str, least: usize) -> Option<usize> {
    let mut fields = dialect.fields(line).ok()?;
    while fields.len() > least && fields.last().is_some_and(|field| field.is_empty()) {
        fields.pop();
    }
    Some(fields.len())
}
