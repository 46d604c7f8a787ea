//! [`MeasuredFile`]: what a file holds, and how it was read.

use super::{
    calendar::Calendar, date::Date, gap::duration_in_words, heading::Zone, unit::TimeUnit,
};
use serde::{Serialize, Serializer};
use serde_json::json;
use std::path::Path;

/// What a file holds, and how it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredFile {
    /// The number of rows that are used.
    pub rows: usize,
    /// The least and the largest argument.
    pub range: Option<[f64; 2]>,
    /// The dates of arguments, if the file has dates.
    pub calendar: Option<Calendar>,
    /// Whether the parameters give the date at which the argument is 0, and not by the clock of a heading.
    pub has_since: bool,
    /// The zone in the heading of the dates.
    pub zone: Option<Zone>,
    /// The largest gap between arguments that ascend, if it is wider than usual.
    pub largest_gap: Option<[f64; 2]>,
    /// The units of the columns: that of the arguments, then those of the values.
    pub units: Vec<ColumnUnits>,
    /// Sentences on how the file was read.
    pub notes: Vec<String>,
    /// The unit of the arguments, if its length is known.
    pub(super) time_unit: Option<TimeUnit>,
}

/// The unit in which a column was read, and the one in which it is used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnUnits {
    /// The name of the column.
    pub name: String,
    /// The unit in the file, or [`DATES`].
    pub read: Option<String>,
    /// The unit of the numbers that are used.
    pub used: Option<String>,
}

/// What stands for the unit of dates.
pub(super) const DATES: &str = "dates";

impl ColumnUnits {
    /// `T in °C, used in K`; `None` if nothing is known of the units.
    fn description(&self) -> Option<String> {
        let name = &self.name;
        Some(match (&self.read, &self.used) {
            (Some(read), Some(used)) if read == DATES => {
                format!("{name} holds dates, used in {used}")
            }
            (Some(read), Some(used)) if read != used => format!("{name} in {read}, used in {used}"),
            (Some(read), _) => format!("{name} in {read}"),
            (None, Some(used)) => format!("{name} taken as {used}"),
            (None, None) => return None,
        })
    }
}

impl MeasuredFile {
    /// A sentence without its subject, the file, on columns that name no unit where one is wanted.
    #[must_use]
    pub fn assumed_units(&self) -> Option<String> {
        let assumed = self.units.iter().filter(|units| units.read.is_none());
        let assumed: Vec<String> = assumed.filter_map(ColumnUnits::description).collect();
        (!assumed.is_empty()).then(|| format!("names no unit: {}", assumed.join(", ")))
    }

    /// The dates of the argument 0, of the first and of the last row.
    #[must_use]
    pub fn dates(&self) -> Option<[String; 3]> {
        let ([first_argument, last_argument], calendar) = (self.range?, self.calendar?);
        Some(
            [0.0, first_argument, last_argument]
                .map(|argument| calendar.date(argument).to_string()),
        )
    }

    /// A sentence without its subject, the file, if all of its times lie before or after those of the run.
    #[must_use]
    pub fn without_common_times(&self, [start, stop]: [f64; 2]) -> Option<String> {
        let [first_time, last_time] = self.range?;
        (last_time < start || first_time > stop).then(|| {
            format!(
                "has nothing in common with the run: its times go from {first_time:?} to {last_time:?}, and those of the run from {start:?} to {stop:?}; times from the beginning of the run, or dates with since, put them together"
            )
        })
    }

    /// The length of the largest gap, in words.
    #[must_use]
    pub fn gap_in_words(&self) -> Option<String> {
        let [start, stop] = self.largest_gap?;
        Some(match self.time_unit {
            Some(unit) => duration_in_words((stop - start) * unit.seconds()),
            None => {
                let unit = self.units.first().and_then(|units| units.used.as_deref());
                format!("{:?} {}", stop - start, unit.unwrap_or_default())
            }
        })
    }

    /// The dates, the units and how the file was read, as the end of a sentence.
    #[must_use]
    pub fn description(&self) -> String {
        let dates = self.dates().map(|[zero, first_date, last_date]| {
            format!("0 is {zero}, rows from {first_date} to {last_date}")
        });
        let units = self.units.iter().filter_map(ColumnUnits::description);
        let parts = dates
            .into_iter()
            .chain(units)
            .chain(self.notes.iter().cloned());
        parts.map(|part| format!("; {part}")).collect()
    }

    /// The number of rows, the first and the last argument and the largest gap, then the
    /// [`description`](Self::description).
    #[must_use]
    pub fn rows_in_words(&self) -> String {
        let mut text = match self.rows {
            1 => "1 row".to_owned(),
            rows => format!("{rows} rows"),
        };
        if let Some([first_argument, last_argument]) = self.range {
            text += &format!(" from {first_argument:?} to {last_argument:?}");
        }
        if let (Some(duration), Some([start, stop])) = (self.gap_in_words(), self.largest_gap) {
            text += &format!("; {duration} without a value, from {start:?} to {stop:?}");
        }
        text + &self.description()
    }
}

/// The file as an object.
impl Serialize for MeasuredFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let object = json!({
            "rows": self.rows,
            "range": self.range,
            "largest_gap": self.largest_gap,
            "dates": self.dates(),
            "units": self.units,
            "notes": self.notes,
        });
        object.serialize(serializer)
    }
}

/// The date at which the arguments of all files with dates are 0; `None` without such files, and where the parameters give
/// them different dates. Files that begin at different dates need such dates.
///
/// # Errors
/// A sentence with two files and their dates.
pub fn common_origin<'f>(
    files: impl Iterator<Item = (&'f Path, &'f MeasuredFile)>,
) -> Result<Option<Date>, String> {
    let mut dated_files: Vec<(&Path, &MeasuredFile, Date)> = Vec::new();
    for (path, file) in files {
        let Some(origin) = file.calendar.map(Calendar::origin) else {
            continue;
        };
        let other_zone = dated_files.iter().find_map(|(known_path, known_file, _)| {
            let zones = [&known_file.zone, &file.zone].map(Option::as_ref);
            match zones {
                [Some(Zone::Name(known_zone)), Some(Zone::Name(zone))] if known_zone != zone => {
                    Some((known_path, known_zone, zone))
                }
                _ => None,
            }
        });
        if let Some((known_path, known_zone, zone)) = other_zone {
            let [path, known_path] = [path, known_path].map(|path| path.display());
            return Err(format!(
                "the dates of {known_path} are in the zone {known_zone} and those of {path} in {zone}: offsets such as +01:00, in the headings or behind the dates, say when both are"
            ));
        }
        let contradiction = dated_files.iter().find(|(_, known_file, known_origin)| {
            *known_origin != origin && !(file.has_since && known_file.has_since)
        });
        if let Some((known_path, _, known_origin)) = contradiction {
            let [path, known_path] = [path, known_path].map(|path| path.display());
            return Err(format!(
                "{known_path} is counted from {known_origin} and {path} from {origin}: since = \"{known_origin}\" in both says when t is 0"
            ));
        }
        dated_files.push((path, file, origin));
    }
    let mut origins = dated_files.into_iter().map(|(_, _, origin)| origin);
    let origin = origins.next();
    Ok(origin.filter(|origin| origins.all(|next_origin| next_origin == *origin)))
}
