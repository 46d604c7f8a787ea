//! [`Measured`]: the numbers of a CSV file.

use super::{
    date::{Date, DateOrder, NoDate},
    error::TableError,
    gap::largest_gap,
    heading::{ColumnName, Heading},
    reading::{Between, Doubles, Reading},
    rows::{Head, NO_HEADINGS, Rows, SHOWN, refuse},
    unit::{Conversion, TimeUnit},
};
use diff2d_arrays::wording::excerpt;
use std::{
    io::{Read, Seek, SeekFrom},
    path::Path,
};

/// A column whose values are wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedColumn {
    /// The column of the file.
    pub name: ColumnName,
    /// The unit to which its values are converted; without one they are taken as they stand.
    pub unit: Option<String>,
}

/// What is read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<'a> {
    /// How the file is read.
    pub reading: &'a Reading,
    /// The columns whose values are wanted.
    pub columns: &'a [WantedColumn],
    /// What becomes of several rows with one argument, unless the reading says it.
    pub doubles: Doubles,
    /// Whether numbers may have any order. Dates always ascend, for no clock goes back unless it was put back.
    pub may_descend: bool,
    /// Whether rows without a value are left out; `None` if their values are NaN.
    pub skips_gaps: Option<bool>,
    /// The bytes that numbers may take, if there is a limit.
    pub memory: Option<u64>,
}

/// The numbers of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The arguments of the rows; none if no column of arguments was named.
    pub arguments: Vec<f64>,
    /// The values of each wanted column; NaN for a missing value.
    pub values: Vec<Vec<f64>>,
    /// What the file holds, and how it was read.
    pub file: MeasuredFile,
    line_numbers: LineNumbers,
}

/// What a file holds, and how it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredFile {
    /// The number of rows that are used.
    pub rows: usize,
    /// The first and the last argument.
    pub range: Option<[f64; 2]>,
    /// The date at which the argument is 0, if the arguments are dates.
    pub origin: Option<Date>,
    /// Whether the parameters give this date.
    pub has_since: bool,
    /// The largest gap between arguments that ascend, if it is wider than usual.
    pub largest_gap: Option<[f64; 2]>,
    /// Sentences on how the file was read.
    pub notes: Vec<String>,
    unit: TimeUnit,
}

impl MeasuredFile {
    /// The date of an argument, if arguments are dates.
    #[must_use]
    pub fn date(&self, argument: f64) -> Option<Date> {
        let origin = self.origin?;
        Some(origin.later_by(argument * self.unit.seconds()))
    }
}

impl MeasuredFile {
    /// The dates of the argument 0, of the first and of the last row.
    #[must_use]
    pub fn dates(&self) -> Option<[String; 3]> {
        let [first, last] = self.range?;
        let dates = [0.0, first, last].map(|argument| self.date(argument));
        let [Some(zero), Some(first), Some(last)] = dates else {
            return None;
        };
        Some([zero, first, last].map(|date| date.to_string()))
    }

    /// What is to be told of the file, as the end of a sentence.
    #[must_use]
    pub fn description(&self) -> String {
        let dates = self
            .dates()
            .map(|[zero, first, last]| format!("0 is {zero}, rows from {first} to {last}"));
        let parts = dates.into_iter().chain(self.notes.iter().cloned());
        parts.map(|part| format!("; {part}")).collect()
    }
}

/// Refuses files with dates that begin at different dates, if the parameters do not say of all when the argument is 0.
///
/// # Errors
/// A sentence with two files and their dates.
pub fn judge_origins<'f>(
    files: impl Iterator<Item = (&'f Path, &'f MeasuredFile)>,
) -> Result<(), String> {
    let dated = files.filter_map(|(path, file)| Some((path, file, file.origin?)));
    let dated: Vec<(&Path, &MeasuredFile, Date)> = dated.collect();
    for (number, (path, file, origin)) in dated.iter().enumerate() {
        let mut others = dated[..number].iter();
        let other = others.find(|(_, other_file, other_origin)| {
            other_origin != origin && !(file.has_since && other_file.has_since)
        });
        if let Some((other_path, _, other_origin)) = other {
            let [path, other_path] = [path, other_path].map(|path| path.display());
            return Err(format!(
                "{other_path} is counted from {other_origin} and {path} from {origin}: since = \"{other_origin}\" in both says when t is 0"
            ));
        }
    }
    Ok(())
}

/// The numbers of the lines of rows: where they do not follow one another, the row and its line.
#[derive(Debug, Clone, Default, PartialEq)]
struct LineNumbers {
    rows: usize,
    starts: Vec<(usize, usize)>,
}

impl LineNumbers {
    fn push(&mut self, line: usize) {
        if self.of(self.rows) != line {
            self.starts.push((self.rows, line));
        }
        self.rows += 1;
    }

    /// The line of a row, or the line that would follow.
    fn of(&self, row: usize) -> usize {
        let count = self.starts.partition_point(|(start, _)| *start <= row);
        match count.checked_sub(1).map(|place| self.starts[place]) {
            Some((start, line)) => line + row - start,
            None => 0,
        }
    }
}

/// The headings of a file.
///
/// # Errors
/// [`TableError`] if the file is no table.
pub fn headings(source: impl Read, skip: Option<usize>) -> Result<Vec<Heading>, TableError> {
    Ok(Rows::open(source, skip)?.1.headings)
}

impl Request<'_> {
    /// Reads a file.
    ///
    /// # Errors
    /// [`TableError`] for a file that cannot be read, or does not hold what is wanted.
    pub fn read(&self, mut source: impl Read + Seek) -> Result<Measured, TableError> {
        let order = self.order_of_dates(&mut source)?;
        source.seek(SeekFrom::Start(0))?;
        let (mut rows, head) = Rows::open(source, self.reading.skip)?;
        let mut arguments = ArgumentColumn::new(self.reading, &rows, &head, order)?;
        let mut columns = Vec::new();
        for wanted in self.columns {
            columns.push(Values::new(wanted, &head)?);
        }
        let mut line_numbers = LineNumbers::default();
        let (mut doubles, mut gaps) = (0, 0);
        let mut last_line = head.line;
        while rows.next()? {
            arguments.look(&rows, &head)?;
            let is_double = match arguments.order() {
                Order::Ascends => false,
                Order::Equal => match self.reading.double.unwrap_or(self.doubles) {
                    Doubles::Refuse => {
                        if arguments.are_days() {
                            let way_out = "from = [\"date\", \"time\"] joins two columns";
                            return Err(arguments.descends(&rows, way_out));
                        }
                        let way_out = "arguments must ascend, or double = \"mean\" or \"last\" says what counts";
                        return Err(arguments.descends(&rows, way_out));
                    }
                    Doubles::Keep => false,
                    Doubles::Mean | Doubles::Last => true,
                },
                Order::Descends if self.may_descend && arguments.are_dates != Some(true) => false,
                Order::Descends => return Err(arguments.descends(&rows, "arguments must ascend")),
            };
            arguments.remember();
            let mut has_gap = false;
            for column in &mut columns {
                column.look(&rows, &head)?;
                has_gap |= column.number.is_nan();
                if has_gap && self.skips_gaps == Some(false) {
                    let reason =
                        "there is no value; gaps = \"skip\" leaves out the rows that have none";
                    return Err(rows.refuse_field(&head, column.place, reason));
                }
            }
            last_line = rows.line();
            if has_gap && self.skips_gaps == Some(true) {
                gaps += 1;
                continue;
            }
            let is_joined = is_double && arguments.is_last_kept();
            doubles += usize::from(is_joined);
            if is_joined {
                let is_mean = self.reading.double == Some(Doubles::Mean);
                columns.iter_mut().for_each(|column| column.join(is_mean));
            } else {
                self.reserve(&mut arguments, &mut columns)?;
                arguments.push();
                columns.iter_mut().for_each(Values::push);
                line_numbers.push(rows.line());
            }
        }
        columns.iter_mut().for_each(Values::finish);
        // A complaint about the end of the file names its last line.
        line_numbers.starts.push((line_numbers.rows, last_line));
        let mut notes: Vec<String> = head.description().into_iter().collect();
        notes.extend(arguments.notes(&head));
        notes.extend(columns.iter().filter_map(|column| column.note(&head)));
        if doubles > 0 {
            let manner = match self.reading.double {
                Some(Doubles::Mean) => "count by their mean",
                _ => "are replaced by the last of them",
            };
            notes.push(format!(
                "{doubles} rows of an argument that stands several times {manner}"
            ));
        }
        if gaps > 0 {
            notes.push(format!("{gaps} rows without a value left out"));
        }
        let unit = arguments.unit;
        let origin = arguments
            .since
            .filter(|_| arguments.are_dates == Some(true));
        let mut numbers = arguments.numbers;
        let ascends = numbers.windows(2).all(|pair| pair[0] <= pair[1]);
        let largest_gap = if ascends { largest_gap(&numbers) } else { None };
        let range = match numbers[..] {
            [first, .., last] => Some([first, last]),
            [only] => Some([only; 2]),
            [] => None,
        };
        if self.reading.between == Between::Mean && ascends {
            notes.push("values are means of the intervals that end at their arguments".to_owned());
        }
        numbers.shrink_to_fit();
        Ok(Measured {
            values: columns.into_iter().map(|column| column.numbers).collect(),
            file: MeasuredFile {
                rows: line_numbers.rows,
                range,
                origin,
                has_since: self.reading.since.is_some(),
                largest_gap,
                notes,
                unit,
            },
            arguments: numbers,
            line_numbers,
        })
    }

    /// The order of day, month and year in a file whose first date has two meanings: that of a date with a day beyond 12,
    /// or that of the countries that have decimal commas.
    fn order_of_dates(
        &self,
        source: &mut (impl Read + Seek),
    ) -> Result<Option<DateOrder>, TableError> {
        if self.reading.dates.is_some() || self.reading.from.is_empty() {
            return Ok(self.reading.dates);
        }
        let (mut rows, head) = Rows::open(source, self.reading.skip)?;
        let place = head.column(&self.reading.from[0])?;
        let (mut first, mut has_decimal_commas) = (None, false);
        while rows.next()? {
            let field = rows.field(place);
            if !DateOrder::is_open_in(field) {
                break;
            }
            if first.is_none() && Date::parse(field, None) == Err(NoDate::TwoMeanings) {
                first = Some((rows.line(), excerpt(field, SHOWN)));
            }
            if let Some(order) = DateOrder::shown_by(field) {
                return Ok(Some(order));
            }
            has_decimal_commas = has_decimal_commas
                || (0..head.headings.len()).any(|column| {
                    let field = rows.field(column);
                    column != place && field.contains(',') && rows.dialect.number(field).is_ok()
                });
        }
        match first {
            Some((line, field)) if !has_decimal_commas => Err(TableError::Field {
                line,
                heading: head.headings[place].to_string(),
                reason: format!(
                    "{field:?} is the date of either of two days; dates = \"d.m.y\" or \"m/d/y\" says which number is the month"
                ),
            }),
            first => Ok(first.map(|_| DateOrder::DayMonthYear)),
        }
    }

    /// Makes room for one more row.
    fn reserve(
        &self,
        arguments: &mut ArgumentColumn,
        columns: &mut [Values],
    ) -> Result<(), TableError> {
        /// The rows for which there is room at first.
        const LEAST: usize = 1024;
        let rows = columns
            .first()
            .map_or(arguments.numbers.len(), |column| column.numbers.len());
        let vectors = columns.iter_mut().map(|column| &mut column.numbers);
        for numbers in std::iter::once(&mut arguments.numbers).chain(vectors) {
            if numbers.len() < numbers.capacity() {
                continue;
            }
            let more = numbers.len().max(LEAST);
            let needed = ((rows + more) * (1 + self.columns.len()) * size_of::<f64>()) as u64;
            let refuse = |available| TableError::Memory {
                rows,
                needed,
                available,
            };
            if let Some(available) = self
                .memory
                .filter(|available| needed > (*available).max(1 << 20))
            {
                return Err(refuse(available));
            }
            let reserved = numbers.try_reserve_exact(more);
            reserved.map_err(|_| refuse(diff2d_sys::available_memory().unwrap_or(0)))?;
        }
        Ok(())
    }
}

impl Measured {
    /// The error for a row, counted from 0; for the last line of the file if there is no such row.
    #[must_use]
    pub fn refuse_row(&self, row: usize, reason: impl Into<String>) -> TableError {
        refuse(
            self.line_numbers.of(row.min(self.line_numbers.rows)),
            reason,
        )
    }

    /// The error for the value of a row, counted from 0, in the column of a name.
    #[must_use]
    pub fn refuse_value(&self, row: usize, name: &str, reason: String) -> TableError {
        TableError::Field {
            line: self.line_numbers.of(row),
            heading: format!("column {:?}", excerpt(name, SHOWN)),
            reason,
        }
    }

    /// The arguments at which values stand: if they are means over intervals, the middles of these.
    #[must_use]
    pub fn middles(&self, between: Between) -> Vec<f64> {
        let arguments = &self.arguments;
        let length = match arguments[..] {
            [first, second, ..] => second - first,
            _ => 0.0,
        };
        if between != Between::Mean {
            return arguments.clone();
        }
        let first = arguments.first().map(|first| first - length / 2.0);
        let others = arguments
            .windows(2)
            .map(|pair| pair[0] + (pair[1] - pair[0]) / 2.0);
        first.into_iter().chain(others).collect()
    }
}

/// How an argument follows the one before.
enum Order {
    Ascends,
    Equal,
    Descends,
}

/// The column of arguments while it is read: numbers or dates.
#[derive(Debug)]
pub struct ArgumentColumn {
    places: Vec<usize>,
    dates: Option<DateOrder>,
    are_dates: Option<bool>,
    /// Of dates: when the argument is 0.
    since: Option<Date>,
    has_since: bool,
    unit: TimeUnit,
    unit_name: Option<String>,
    conversion: Conversion,
    numbers: Vec<f64>,
    /// The argument of the row, and of the row before with its text.
    number: f64,
    last: Option<f64>,
    text: String,
    last_text: String,
}

impl ArgumentColumn {
    /// The column of arguments that a reading names.
    ///
    /// # Errors
    /// [`TableError`] if there is no such column, or its name is a number.
    pub fn new<R: Read>(
        reading: &Reading,
        rows: &Rows<R>,
        head: &Head,
        dates: Option<DateOrder>,
    ) -> Result<Self, TableError> {
        let places = reading.from.iter().map(|name| head.column(name));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        // The arguments have no number as their name, unless it is typed.
        let is_data = reading.from.iter().zip(&places).any(|(name, &place)| {
            let is_number = rows.dialect.number(&head.headings[place].text).is_ok();
            is_number && matches!(name, ColumnName::Number(_))
        });
        if is_data {
            return Err(head.refuse(NO_HEADINGS));
        }
        Ok(Self {
            places,
            dates,
            are_dates: None,
            since: reading.since,
            has_since: reading.since.is_some(),
            unit: TimeUnit::S,
            unit_name: reading.from_unit.clone(),
            conversion: Conversion::Same,
            numbers: Vec::new(),
            number: f64::NAN,
            last: None,
            text: String::new(),
            last_text: String::new(),
        })
    }

    /// The argument of a row; NaN without a column.
    ///
    /// # Errors
    /// [`TableError`] for a field that is neither a number nor a date, or of the other kind than the one before, and for a
    /// unit that cannot be converted.
    pub fn look<R: Read>(&mut self, rows: &Rows<R>, head: &Head) -> Result<f64, TableError> {
        let Some(&place) = self.places.first() else {
            return Ok(f64::NAN);
        };
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        for (number, place) in self.places.iter().enumerate() {
            if number > 0 {
                text.push(' ');
            }
            text.push_str(rows.field(*place));
        }
        self.number = self.number_of(text.trim(), rows, head, place)?;
        self.text = text;
        Ok(self.number)
    }

    /// Whether arguments differ from what stands in the file.
    #[must_use]
    pub fn is_converted(&self) -> bool {
        self.are_dates == Some(true) || self.conversion != Conversion::Same
    }

    /// The argument that a text is.
    fn number_of<R: Read>(
        &mut self,
        text: &str,
        rows: &Rows<R>,
        head: &Head,
        place: usize,
    ) -> Result<f64, TableError> {
        let are_dates = match self.are_dates {
            Some(are_dates) => are_dates,
            None => {
                let are_dates = self.places.len() > 1
                    || (rows.dialect.number(text).is_err()
                        && Date::parse(text, self.dates) != Err(NoDate::OtherForm));
                self.begin(head, place, are_dates)?;
                are_dates
            }
        };
        if are_dates {
            let Ok(date) = Date::parse(text, self.dates) else {
                return Err(rows.refuse_field(head, place, no_date(text, "a date")));
            };
            let origin = *self.since.get_or_insert(date);
            if date.has_zone() != origin.has_zone() {
                let reason = "of two dates one has a zone and the other has none";
                return Err(rows.refuse_field(head, place, reason));
            }
            return Ok((date - origin) / self.unit.seconds());
        }
        let number = rows.dialect.number(text).map_err(|reason| match text {
            "" => "there is no number".to_owned(),
            _ if text.contains([':', '/']) || text.matches('.').count() > 1 => {
                no_date(text, "a number")
            }
            _ => reason,
        });
        let number = number.map_err(|reason| rows.refuse_field(head, place, reason))?;
        Ok(self.conversion.apply(number))
    }

    /// Decides at the first row whether arguments are dates, and how they are converted.
    fn begin(&mut self, head: &Head, place: usize, are_dates: bool) -> Result<(), TableError> {
        self.are_dates = Some(are_dates);
        let heading = &head.headings[place];
        let unit_name = self.unit_name.as_deref();
        if are_dates {
            self.unit = match unit_name {
                None => TimeUnit::S,
                Some(name) => TimeUnit::of(name).ok_or_else(|| {
                    head.refuse(format!(
                        "{heading} holds dates, which become times in s, min, h or d, and {} is wanted",
                        excerpt(name, SHOWN)
                    ))
                })?,
            };
            return Ok(());
        }
        if self.has_since {
            let reason = format!("{heading} holds numbers, and since is for dates");
            return Err(head.refuse(reason));
        }
        const WAY_OUT: &str = "from_unit says in which unit the arguments are wanted";
        // Nobody has said in which unit the run has its times: dates are taken as seconds, and hours are not.
        let seconds = TimeUnit::S.name();
        self.conversion = match (unit_name, head.unit(place, seconds)) {
            (None, Some(unit)) if Conversion::between(unit, seconds) != Some(Conversion::Same) => {
                let wanted = match Conversion::between(unit, seconds) {
                    Some(_) => "s (units.t is not given)",
                    None => "it stands where [units] names no unit",
                };
                return Err(head.other_unit(place, unit, wanted, WAY_OUT));
            }
            (wanted, _) => head.conversion(place, wanted, WAY_OUT)?,
        };
        Ok(())
    }

    /// Whether the argument is a date without a time.
    fn are_days(&self) -> bool {
        self.are_dates == Some(true) && !self.text.contains(':')
    }

    fn order(&self) -> Order {
        match self.last {
            Some(last) if self.number == last => Order::Equal,
            Some(last) if self.number < last => Order::Descends,
            _ => Order::Ascends,
        }
    }

    /// Remembers the argument of the row for the next one.
    fn remember(&mut self) {
        self.last = (!self.places.is_empty()).then_some(self.number);
        std::mem::swap(&mut self.text, &mut self.last_text);
    }

    /// Whether the row before with the same argument is among the numbers.
    fn is_last_kept(&self) -> bool {
        self.numbers.last() == Some(&self.number)
    }

    fn push(&mut self) {
        if !self.places.is_empty() {
            self.numbers.push(self.number);
        }
    }

    fn descends<R: Read>(&self, rows: &Rows<R>, way_out: &str) -> TableError {
        rows.refuse(format!(
            "the argument {} follows {}; {way_out}",
            excerpt(self.text.trim(), SHOWN),
            excerpt(self.last_text.trim(), SHOWN)
        ))
    }

    /// The unit that is read and the unit that is used.
    fn notes(&self, head: &Head) -> Option<String> {
        let place = *self.places.first()?;
        if self.are_dates == Some(true) {
            return None;
        }
        let wanted = self.unit_name.as_deref();
        let unit = head.unit(place, wanted.unwrap_or("s"))?;
        unit_note(&head.headings[place], unit, wanted)
    }
}

/// `time in h, used in s`
fn unit_note(heading: &Heading, unit: &str, wanted: Option<&str>) -> Option<String> {
    let (name, unit) = (excerpt(&heading.name, SHOWN), excerpt(unit, SHOWN));
    Some(match wanted {
        Some(wanted) if wanted != unit => {
            format!("{name} in {unit}, used in {}", excerpt(wanted, SHOWN))
        }
        _ => format!("{name} in {unit}"),
    })
}

/// A column of values while it is read.
struct Values {
    place: usize,
    unit: Option<String>,
    conversion: Conversion,
    decimal_mark: Option<char>,
    numbers: Vec<f64>,
    /// The value of the row.
    number: f64,
    /// The values that are joined to the last one, which is their sum then.
    joined: u32,
}

impl Values {
    fn new(wanted: &WantedColumn, head: &Head) -> Result<Self, TableError> {
        const WAY_OUT: &str =
            "to_unit, or p and q of [units], say in which unit the values are wanted";
        let place = head.column(&wanted.name)?;
        Ok(Self {
            place,
            unit: wanted.unit.clone(),
            conversion: head.conversion(place, wanted.unit.as_deref(), WAY_OUT)?,
            decimal_mark: None,
            numbers: Vec::new(),
            number: f64::NAN,
            joined: 0,
        })
    }

    /// Takes the value of a row; NaN for a gap: an empty field, `NaN` or `NA`.
    fn look<R: Read>(&mut self, rows: &Rows<R>, head: &Head) -> Result<(), TableError> {
        let field = rows.field(self.place);
        if is_gap(field) {
            self.number = f64::NAN;
            return Ok(());
        }
        let number = rows.dialect.number(field);
        let number = number.map_err(|reason| rows.refuse_field(head, self.place, reason))?;
        // Of 1.234 beside 950,5 the first is a thousand times as much.
        let mark = field.chars().find(|letter| ['.', ','].contains(letter));
        if let Some(mark) = mark
            && *self.decimal_mark.get_or_insert(mark) != mark
        {
            let reason = "some numbers of the column have decimal points, others decimal commas";
            return Err(rows.refuse_field(head, self.place, reason));
        }
        self.number = self.conversion.apply(number);
        Ok(())
    }

    fn push(&mut self) {
        self.finish();
        self.numbers.push(self.number);
    }

    /// Joins the value of the row to the last one.
    fn join(&mut self, is_mean: bool) {
        let Some(last) = self.numbers.last_mut() else {
            return;
        };
        if last.is_nan() || !is_mean && !self.number.is_nan() {
            *last = self.number;
        } else if !self.number.is_nan() && is_mean {
            *last += self.number;
            self.joined += 1;
        }
    }

    /// Divides the last value by the number of values that were joined to it.
    fn finish(&mut self) {
        if let (Some(last), 1..) = (self.numbers.last_mut(), self.joined) {
            *last /= f64::from(self.joined + 1);
        }
        self.joined = 0;
    }

    fn note(&self, head: &Head) -> Option<String> {
        let wanted = self.unit.as_deref();
        let unit = head.unit(self.place, wanted.unwrap_or_default())?;
        unit_note(&head.headings[self.place], unit, wanted)
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
