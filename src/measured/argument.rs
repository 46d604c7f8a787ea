//! [`ArgumentColumn`]: the column of arguments while it is read.

mod duration;

use super::{
    calendar::Calendar,
    date::Date,
    date_text::{DateOrder, NoDate, day_of, time_of_day},
    error::TableError,
    file::{ColumnUnits, DATES},
    heading::{ColumnName, Zone},
    reading::Reading,
    rows::{CsvRows, Head, NO_HEADINGS, SHOWN},
    unit::{Conversion, TimeUnit},
};
use diff2d_arrays::wording::excerpt;
use std::io::Read;

/// The order in which an argument follows the one before.
pub(super) enum ArgumentOrder {
    Ascends,
    Equal,
    Descends,
}

/// What arguments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Numbers,
    Dates,
    /// Elapsed times, `26:10:00`.
    Durations,
}

/// The column of arguments while it is read: numbers, dates or elapsed times.
#[derive(Debug)]
pub struct ArgumentColumn {
    places: Vec<usize>,
    date_order: Option<DateOrder>,
    kind: Option<Kind>,
    /// The date at which the argument is 0, of dates.
    origin: Option<Date>,
    has_since: bool,
    /// The zone in the headings, of dates without one.
    zone: Option<Zone>,
    unit: TimeUnit,
    unit_name: Option<String>,
    conversion: Conversion,
    /// The arguments that were kept.
    pub(super) numbers: Vec<f64>,
    /// The argument of the row, and of the row before with its text.
    number: f64,
    number_before: Option<f64>,
    text: String,
    text_before: String,
}

impl ArgumentColumn {
    /// The column of arguments that a reading names.
    ///
    /// # Errors
    /// [`TableError`] if there is no such column, or its name is a number.
    pub fn new<R: Read>(
        reading: &Reading,
        rows: &CsvRows<R>,
        head: &Head,
        date_order: Option<DateOrder>,
    ) -> Result<Self, TableError> {
        let places = reading.from.iter().map(|name| head.column(name));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        // The arguments have no number and no date as their name, unless it is typed.
        let is_data = reading.from.iter().zip(&places).any(|(name, &place)| {
            let text = &head.headings[place].text;
            let is_argument = rows.dialect.number(text).is_ok() || Date::has_an_order(text);
            is_argument && matches!(name, ColumnName::Number(_))
        });
        if is_data {
            return Err(head.refuse(NO_HEADINGS));
        }
        let zones = places
            .iter()
            .map(|&place| head.headings[place].zone.clone());
        Ok(Self {
            zone: zones.flatten().next(),
            places,
            date_order,
            kind: None,
            origin: reading.since,
            has_since: reading.since.is_some(),
            unit: TimeUnit::S,
            unit_name: reading.from_unit.clone(),
            conversion: Conversion::Same,
            numbers: Vec::new(),
            number: f64::NAN,
            number_before: None,
            text: String::new(),
            text_before: String::new(),
        })
    }

    /// The column whose dates, unless the reading says it, are counted from a date that is known, and not from the first
    /// one of the file.
    #[must_use]
    pub fn counted_from(self, origin: Option<Date>) -> Self {
        Self {
            origin: self.origin.or(origin),
            ..self
        }
    }

    /// The argument of a row; NaN without a column.
    ///
    /// # Errors
    /// [`TableError`] for a field that is neither a number nor a date, or of the other kind than the one before, and for a
    /// unit that cannot be converted.
    pub fn look<R: Read>(&mut self, rows: &CsvRows<R>, head: &Head) -> Result<f64, TableError> {
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
        if !text.is_ascii() {
            text = text.replace(char::is_whitespace, " ");
        }
        self.number = self.number_of(text.trim(), rows, head, place)?;
        self.text = text;
        Ok(self.number)
    }

    /// Whether arguments differ from what stands in the file.
    #[must_use]
    pub fn is_converted(&self) -> bool {
        matches!(self.kind, Some(Kind::Dates | Kind::Durations))
            || self.conversion != Conversion::Same
    }

    /// Whether the arguments are dates, as far as rows have been read.
    #[must_use]
    pub fn has_dates(&self) -> bool {
        self.kind == Some(Kind::Dates)
    }

    /// The argument that a text is.
    fn number_of<R: Read>(
        &mut self,
        text: &str,
        rows: &CsvRows<R>,
        head: &Head,
        place: usize,
    ) -> Result<f64, TableError> {
        let heading = &head.headings[place];
        let duration = || duration::seconds_of(text, heading.unit.as_deref());
        let kind = match self.kind {
            Some(kind) => kind,
            None => {
                let is_number = rows.dialect.number(text).is_ok();
                let date = Date::parse(text, self.date_order);
                // The zone behind a date is nearer than that of the heading.
                self.zone = self.zone.take().filter(|_| !date.is_ok_and(Date::has_zone));
                let kind = match date {
                    _ if self.places.len() > 1 => Kind::Dates,
                    _ if is_number => Kind::Numbers,
                    Err(NoDate::OtherForm) if duration().is_some() => Kind::Durations,
                    Err(NoDate::OtherForm) => Kind::Numbers,
                    _ => Kind::Dates,
                };
                self.begin(head, place, kind)?;
                kind
            }
        };
        if kind == Kind::Dates {
            let Ok(date) = Date::parse(text, self.date_order) else {
                return Err(rows.refuse_field(
                    head,
                    place,
                    no_date(text, self.date_order, "a date"),
                ));
            };
            let origin = *self.origin.get_or_insert(date);
            if date.has_zone() != origin.has_zone() {
                let reason = "of two dates one has a zone and the other has none";
                return Err(rows.refuse_field(head, place, reason));
            }
            return Ok((date - origin) / self.unit.seconds());
        }
        if kind == Kind::Durations {
            let seconds = duration().unwrap_or_else(|| {
                let (text, form) = (excerpt(text, SHOWN), duration::FORM);
                Err(format!("{text:?} is no elapsed time, {form}"))
            });
            let seconds = seconds.map_err(|reason| rows.refuse_field(head, place, reason))?;
            return Ok(seconds / self.unit.seconds());
        }
        let number = rows.dialect.number(text).map_err(|reason| match text {
            "" => "there is no number".to_owned(),
            _ if looks_like_date(text) => no_date(text, self.date_order, "a number"),
            _ => reason,
        });
        let number = number.map_err(|reason| rows.refuse_field(head, place, reason))?;
        Ok(self.conversion.apply(number))
    }

    /// Decides at the first row what arguments are, and how they are converted.
    fn begin(&mut self, head: &Head, place: usize, kind: Kind) -> Result<(), TableError> {
        self.kind = Some(kind);
        let heading = &head.headings[place];
        let unit_name = self.unit_name.as_deref();
        let content = match kind {
            Kind::Numbers => "numbers",
            Kind::Dates => "dates",
            Kind::Durations => "elapsed times",
        };
        if kind != Kind::Numbers {
            self.unit = match unit_name {
                None => TimeUnit::S,
                Some(name) => TimeUnit::of(name).ok_or_else(|| {
                    head.refuse(format!(
                        "{heading} holds {content}, which become times in s, min, h or d, and {} is wanted",
                        excerpt(name, SHOWN)
                    ))
                })?,
            };
        }
        if kind == Kind::Dates {
            // Dates are compared by the clock of their heading.
            if let (Some(zone @ Zone::Offset(_)), Some(origin)) = (&self.zone, self.origin) {
                let epoch = Date::of_seconds(0);
                match origin.has_zone() {
                    true => self.origin = Some(epoch.later_by(origin - zone.date(epoch))),
                    false if self.has_since => self.has_since = false,
                    false => {
                        let reason =
                            format!("{heading} has a zone, and the dates of the array have none");
                        return Err(head.refuse(reason));
                    }
                }
            }
            return Ok(());
        }
        if self.has_since {
            let reason = format!("{heading} holds {content}, and since is for dates");
            return Err(head.refuse(reason));
        }
        if kind == Kind::Durations {
            return Ok(());
        }
        const WAY_OUT: &str = "from_unit says in which unit the arguments are wanted";
        // Nobody has said in which unit the run has its times: dates are taken as seconds, and hours are not.
        let seconds = TimeUnit::S.name();
        self.conversion = match (unit_name, head.unit(place, seconds)) {
            (None, Some(unit)) if Conversion::between(unit, seconds) != Some(Conversion::Same) => {
                let expectation = match Conversion::between(unit, seconds) {
                    Some(_) => "s (units.t is not given)",
                    None => "it stands where [units] names no unit",
                };
                return Err(head.other_unit(place, unit, expectation, WAY_OUT));
            }
            _ => head.conversion(place, unit_name, WAY_OUT)?,
        };
        Ok(())
    }

    /// Whether the argument is a date without a time.
    pub(super) fn are_days(&self) -> bool {
        self.has_dates() && !self.text.contains(':')
    }

    /// The order in which the argument of the row follows the one before.
    pub(super) fn order(&self) -> ArgumentOrder {
        match self.number_before {
            Some(number_before) if self.number == number_before => ArgumentOrder::Equal,
            Some(number_before) if self.number < number_before => ArgumentOrder::Descends,
            _ => ArgumentOrder::Ascends,
        }
    }

    /// Whether the argument of the row lies below that of the row before.
    #[must_use]
    pub fn descends(&self) -> bool {
        matches!(self.order(), ArgumentOrder::Descends)
    }

    /// Remembers the argument of the row for the next one.
    pub fn remember(&mut self) {
        self.number_before = (!self.places.is_empty()).then_some(self.number);
        std::mem::swap(&mut self.text, &mut self.text_before);
    }

    /// Whether the row before with the same argument was kept.
    pub(super) fn is_kept_already(&self) -> bool {
        self.numbers.last() == Some(&self.number)
    }

    /// Keeps the argument of the row.
    pub(super) fn push(&mut self) {
        if !self.places.is_empty() {
            self.numbers.push(self.number);
        }
    }

    /// The error for an argument that lies below the one before.
    pub fn refuse_descent<R: Read>(&self, rows: &CsvRows<R>) -> TableError {
        let way_out = match self.has_dates() {
            true => {
                "arguments must ascend: rows that are sorted by them, or dates with their zone, such as +01:00, where the clock was put back"
            }
            false => "arguments must ascend: rows that are sorted by them are read",
        };
        self.refuse_order(rows, way_out)
    }

    /// The error for an argument that does not ascend.
    pub(super) fn refuse_order<R: Read>(&self, rows: &CsvRows<R>, way_out: &str) -> TableError {
        rows.refuse(format!(
            "the argument {} follows {}; {way_out}",
            excerpt(self.text.trim(), SHOWN),
            excerpt(self.text_before.trim(), SHOWN)
        ))
    }

    /// Whether the date at which the argument is 0 was typed as it counts, and not read by the clock of a heading.
    pub(super) fn has_since(&self) -> bool {
        self.has_since
    }

    /// The zone of dates in the headings.
    pub(super) fn zone(&self) -> Option<Zone> {
        self.zone.clone().filter(|_| self.has_dates())
    }

    /// The dates of the arguments, if they are dates.
    pub(super) fn calendar(&self) -> Option<Calendar> {
        let origin = self.origin.filter(|_| self.has_dates())?;
        let zone = self.zone.as_ref();
        let origin = zone.map_or(origin, |zone| zone.date(origin));
        Some(Calendar::new(origin, self.unit))
    }

    /// The unit of the arguments, if its length is known.
    pub(super) fn time_unit(&self) -> Option<TimeUnit> {
        let name = self.unit_name.as_deref();
        name.map_or(Some(TimeUnit::S), TimeUnit::of)
    }

    /// The unit that is read, and the unit that is used.
    pub(super) fn units(&self, head: &Head) -> Option<ColumnUnits> {
        let place = *self.places.first()?;
        let read = match self.kind {
            Some(Kind::Dates) => DATES,
            Some(Kind::Durations) => duration::FORM,
            _ => return Some(head.units(place, self.unit_name.as_deref())),
        };
        Some(ColumnUnits {
            name: excerpt(&head.headings[place].name, SHOWN),
            read: Some(read.to_owned()),
            used: Some(self.unit.name().to_owned()),
        })
    }
}

/// Whether a field that is no number may have been written as a date: it has three parts, or a time of day.
fn looks_like_date(field: &str) -> bool {
    let mut separators = ['-', '.', ' '].into_iter();
    field.contains([':', '/']) || separators.any(|separator| field.matches(separator).count() > 1)
}

/// The reason why a field that looks like a date cannot be read.
fn no_date(field: &str, order: Option<DateOrder>, expectation: &str) -> String {
    let (field_excerpt, example) = (excerpt(field, SHOWN), Date::EXAMPLE);
    let meaning = Date::parse(field, None);
    if order.is_none() && meaning == Err(NoDate::TwoMeanings) {
        return of_two_days(field);
    }
    if order.is_none() && meaning == Err(NoDate::OtherForm) && Date::has_an_order(field) {
        let words = DateOrder::ALL.map(|(word, _)| format!("{word:?}"));
        let words = words.join(" or ");
        return format!(
            "{field_excerpt:?} has a year of two digits; dates = {words} says which number it is"
        );
    }
    let reason = format!("{field_excerpt:?} is not {expectation}; dates are read as {example}");
    match day_of(field) {
        Some((_, time_text)) if time_of_day(time_text).is_none() => format!(
            "{reason}: its part {:?} is no time of day",
            excerpt(time_text.trim(), SHOWN)
        ),
        _ => reason,
    }
}

/// The reason why a date cannot be read in a column of values, whose arguments stand elsewhere; `None` for a field that is
/// no date.
pub(super) fn date_among_values(field: &str, order: Option<DateOrder>) -> Option<String> {
    let reason = match Date::parse(field, order) {
        Ok(_) => format!(
            "{:?} is a date where a number is wanted",
            excerpt(field, SHOWN)
        ),
        Err(_) if Date::has_an_order(field) => no_date(field, order, "a number"),
        Err(_) => return None,
    };
    Some(format!(
        "{reason}; from, in a fit time, names the column of dates, and to that of the values"
    ))
}

/// The reason why a date with two meanings cannot be read.
pub(super) fn of_two_days(field: &str) -> String {
    let field_excerpt = excerpt(field, SHOWN);
    format!(
        "{field_excerpt:?} is the date of either of two days; dates = \"d.m.y\" or \"m/d/y\" says which number is the month"
    )
}
