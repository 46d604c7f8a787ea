//! [`ReadRequest`]: reads the numbers of a CSV file.

use super::{
    argument::{ArgumentColumn, ArgumentOrder, of_two_days},
    date::Date,
    date_text::{DateOrder, NoDate},
    error::TableError,
    file::MeasuredFile,
    gap::largest_gap,
    heading::{Heading, WantedNames},
    numbers::{LineNumbers, Measured},
    reading::{Between, Doubles, Reading},
    rows::{CsvRows, Head},
    values::{Values, WantedColumn},
};
use std::io::{Read, Seek, SeekFrom};

/// What is read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRequest<'a> {
    /// How the file is read.
    pub reading: &'a Reading,
    /// The columns whose values are wanted.
    pub columns: &'a [WantedColumn],
    /// What becomes of several rows with one argument, unless the reading says it.
    pub doubles: Doubles,
    /// Whether numbers may have any order, unless rows are joined or stand for intervals. Dates always ascend, for no clock goes
    /// back unless it was put back.
    pub may_descend: bool,
    /// Whether rows without a value are left out; `None` if their values are NaN.
    pub skips_gaps: Option<bool>,
    /// The bytes that numbers may take, if there is a limit.
    pub memory: Option<u64>,
}

/// The headings of a file, which are searched by the names that are wanted.
///
/// # Errors
/// [`TableError`] if the file is no table.
pub fn headings(
    source: impl Read,
    skip: Option<usize>,
    names: &WantedNames,
) -> Result<Vec<Heading>, TableError> {
    Ok(CsvRows::open(source, skip, names)?.1.headings)
}

/// The order of day, month and year in a file whose first date has two meanings: that of a date with a day beyond 12, or
/// that of the countries that have decimal commas.
///
/// # Errors
/// [`TableError`] for a file that is no table, and for one whose dates have two meanings.
pub fn date_order(
    reading: &Reading,
    names: &WantedNames,
    source: impl Read,
) -> Result<Option<DateOrder>, TableError> {
    let column = match reading.from.first() {
        Some(column) if reading.dates.is_none() => column,
        _ => return Ok(reading.dates),
    };
    let (mut rows, head) = CsvRows::open(source, reading.skip, names)?;
    let place = head.column(column)?;
    let (mut open_date, mut has_decimal_commas) = (None, false);
    while rows.read()? {
        let field = rows.field(place);
        if !DateOrder::is_open_in(field) {
            break;
        }
        if open_date.is_none() && Date::parse(field, None) == Err(NoDate::TwoMeanings) {
            open_date = Some((rows.line(), field.to_owned()));
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
    match open_date {
        Some((line, field)) if !has_decimal_commas => Err(TableError::Field {
            line,
            heading: head.headings[place].to_string(),
            reason: of_two_days(&field),
        }),
        open_date => Ok(open_date.map(|_| DateOrder::DayMonthYear)),
    }
}

/// The columns of a file while it is read.
struct MeasuredColumns {
    arguments: ArgumentColumn,
    values: Vec<Values>,
    line_numbers: LineNumbers,
    /// The rows that were joined to the row before, and those that were left out.
    doubles: usize,
    gaps: usize,
    /// The line of the first row whose argument lies below that of the row before.
    line_of_descent: Option<usize>,
}

impl ReadRequest<'_> {
    /// Reads a file.
    ///
    /// # Errors
    /// [`TableError`] for a file that cannot be read, or does not hold what is wanted.
    pub fn read(&self, mut source: impl Read + Seek) -> Result<Measured, TableError> {
        let value_names = self.columns.iter().map(|column| &column.name);
        let names = self.reading.from.iter().chain(value_names);
        let names = WantedNames(vec![names.cloned().collect()]);
        let date_order = date_order(self.reading, &names, &mut source)?;
        source.seek(SeekFrom::Start(0))?;
        let marks = CsvRows::open(&mut source, self.reading.skip, &names)?
            .0
            .marks()?;
        source.seek(SeekFrom::Start(0))?;
        let (rows, head) = CsvRows::open(source, self.reading.skip, &names)?;
        for column in names.0.iter().flatten() {
            let place = head.column(column)?;
            if let Some((line, reason)) = marks.refuse(place) {
                let heading = head.headings[place].to_string();
                return Err(TableError::Field {
                    line,
                    heading,
                    reason,
                });
            }
        }
        let mut rows = rows.with_marks(marks);
        let values = self.columns.iter().map(|column| Values::new(column, &head));
        let mut columns = MeasuredColumns {
            arguments: ArgumentColumn::new(self.reading, &rows, &head, date_order)?,
            values: values.collect::<Result<_, _>>()?,
            line_numbers: LineNumbers::default(),
            doubles: 0,
            gaps: 0,
            line_of_descent: None,
        };
        let mut line = head.line;
        while rows.read()? {
            self.take_row(&mut columns, &rows, &head)?;
            line = rows.line();
        }
        columns.values.iter_mut().for_each(Values::finish);
        columns.line_numbers.end(line);
        Ok(self.measured(columns, &head))
    }

    /// Takes a row of the file.
    fn take_row<R: Read>(
        &self,
        columns: &mut MeasuredColumns,
        rows: &CsvRows<R>,
        head: &Head,
    ) -> Result<(), TableError> {
        columns.arguments.look(rows, head)?;
        let is_double = self.is_double(&columns.arguments, rows)?;
        if columns.arguments.descends() {
            columns.line_of_descent.get_or_insert(rows.line());
        }
        columns.arguments.remember();
        let mut has_gap = false;
        for column in &mut columns.values {
            column.look(rows, head, self.reading.dates)?;
            has_gap |= column.number.is_nan();
            if has_gap && self.skips_gaps == Some(false) {
                let reason =
                    "there is no value; gaps = \"skip\" leaves out the rows that have none";
                return Err(rows.refuse_field(head, column.place, reason));
            }
        }
        if has_gap && self.skips_gaps == Some(true) {
            columns.gaps += 1;
        } else if is_double && columns.arguments.is_kept_already() {
            columns.doubles += 1;
            let is_mean = self.reading.double == Some(Doubles::Mean);
            let values = columns.values.iter_mut();
            values.for_each(|column| column.join(is_mean));
        } else {
            self.reserve(columns)?;
            columns.arguments.push();
            columns.values.iter_mut().for_each(Values::push);
            columns.line_numbers.push(rows.line());
        }
        Ok(())
    }

    /// Whether the argument of a row is that of the row before, and both count as one row.
    fn is_double<R: Read>(
        &self,
        arguments: &ArgumentColumn,
        rows: &CsvRows<R>,
    ) -> Result<bool, TableError> {
        let way_out = match arguments.order() {
            ArgumentOrder::Ascends => return Ok(false),
            ArgumentOrder::Descends if self.may_go_back(arguments) => return Ok(false),
            ArgumentOrder::Descends => return Err(arguments.refuse_descent(rows)),
            ArgumentOrder::Equal => match self.reading.double.unwrap_or(self.doubles) {
                Doubles::Keep => return Ok(false),
                Doubles::Mean | Doubles::Last => return Ok(true),
                Doubles::Refuse if arguments.are_days() => {
                    "from = [\"date\", \"time\"] joins two columns"
                }
                Doubles::Refuse => {
                    "arguments must ascend, or double = \"mean\" or \"last\" says what counts"
                }
            },
        };
        Err(arguments.refuse_order(rows, way_out))
    }

    /// Whether an argument may lie below that of the row before.
    fn may_go_back(&self, arguments: &ArgumentColumn) -> bool {
        let each_row_counts =
            self.reading.double.is_none() && self.reading.between != Between::Mean;
        self.may_descend && each_row_counts && !arguments.has_dates()
    }

    /// The numbers of all rows, and what is to be told of the file.
    fn measured(&self, columns: MeasuredColumns, head: &Head) -> Measured {
        let MeasuredColumns {
            arguments,
            values,
            line_numbers,
            doubles,
            gaps,
            line_of_descent,
        } = columns;
        let (calendar, time_unit) = (arguments.calendar(), arguments.time_unit());
        let (has_since, zone) = (arguments.has_since(), arguments.zone());
        let units = arguments.units(head).into_iter();
        let units = units.chain(values.iter().map(|column| column.units(head)));
        let units = units.collect();
        let mut numbers = arguments.numbers;
        let ascends = line_of_descent.is_none();
        let [least, largest] =
            [f64::min, f64::max].map(|extreme| numbers.iter().copied().reduce(extreme));
        let mut notes: Vec<String> = head.description().into_iter().collect();
        if doubles > 0 {
            let manner = match self.reading.double {
                Some(Doubles::Mean) => "count by their mean",
                _ => "are replaced by the last of them",
            };
            notes.push(format!(
                "{doubles} rows of an argument that stands several times {manner}"
            ));
        }
        if let Some(line) = line_of_descent {
            notes.push(format!("rows are not sorted: line {line} goes back"));
        }
        if gaps > 0 {
            notes.push(format!("{gaps} rows without a value left out"));
        }
        if self.reading.between == Between::Mean && ascends {
            notes.push("values are means of the intervals that end at their arguments".to_owned());
        }
        numbers.shrink_to_fit();
        Measured {
            values: values.into_iter().map(|column| column.numbers).collect(),
            file: MeasuredFile {
                rows: line_numbers.rows(),
                range: least.zip(largest).map(<[f64; 2]>::from),
                calendar,
                has_since,
                zone,
                largest_gap: if ascends { largest_gap(&numbers) } else { None },
                units,
                notes,
                time_unit,
            },
            arguments: numbers,
            line_numbers,
        }
    }

    /// Makes room for one more row.
    fn reserve(&self, columns: &mut MeasuredColumns) -> Result<(), TableError> {
        /// The rows for which there is room at first.
        const LEAST: usize = 1024;
        let MeasuredColumns {
            arguments, values, ..
        } = columns;
        let row_bytes = (1 + values.len()) * size_of::<f64>();
        let vectors = values.iter_mut().map(|column| &mut column.numbers);
        for numbers in std::iter::once(&mut arguments.numbers).chain(vectors) {
            let rows = numbers.len();
            if rows < numbers.capacity() {
                continue;
            }
            let more_rows = rows.max(LEAST);
            let needed_bytes = ((rows + more_rows) * row_bytes) as u64;
            let refusal = |available| TableError::Memory {
                rows,
                needed: needed_bytes,
                available,
            };
            let limit = self.memory.map(|limit| limit.max(1 << 20));
            if let Some(limit) = limit.filter(|limit| needed_bytes > *limit) {
                return Err(refusal(limit));
            }
            let reserved = numbers.try_reserve_exact(more_rows);
            reserved.map_err(|_| refusal(diff2d_sys::available_memory().unwrap_or(0)))?;
        }
        Ok(())
    }
}
