//! [`Reading`]: the keys that say how a file of measured values is read.

use super::{date::Date, date_text::DateOrder, heading::ColumnName};
use diff2d_arrays::wording::excerpt;
use toml::Value;

/// The number of characters of a value that messages show.
const SHOWN: usize = 40;

/// What becomes of several rows with one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubles {
    /// The file is refused.
    Refuse,
    /// They count as one row with the means of their values.
    Mean,
    /// The last of them counts.
    Last,
    /// Each of them counts.
    Keep,
}

/// What a value says of the arguments between two rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Between {
    /// The straight line between two values.
    #[default]
    Linear,
    /// The value of the row before.
    Previous,
    /// A value is the mean over the interval that ends at its argument.
    Mean,
}

/// How a file of measured values is read: the keys of all tables and options that name such a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The number of lines above the headings; without it, the headings are searched.
    pub skip: Option<usize>,
    /// The columns of the argument: one, or a date and a time.
    pub from: Vec<ColumnName>,
    /// The order of day, month and year; without it, the dates of the file show it.
    pub dates: Option<DateOrder>,
    /// The date at which the argument is 0; without it, the date of the first row.
    pub since: Option<Date>,
    /// What becomes of several rows with one argument; without it, the caller decides.
    pub double: Option<Doubles>,
    /// Whether rows without a value are left out; without it, the caller decides.
    pub skips_gaps: Option<bool>,
    /// The unit in which the arguments are wanted; without it, dates become seconds.
    pub from_unit: Option<String>,
    /// The unit in which the values are wanted; without it, they are taken as they stand.
    pub to_unit: Option<String>,
    /// What a value says of the arguments between two rows.
    pub between: Between,
}

const DOUBLES: [(&str, Doubles); 3] = [
    ("refuse", Doubles::Refuse),
    ("mean", Doubles::Mean),
    ("last", Doubles::Last),
];
const GAPS: [(&str, bool); 2] = [("refuse", false), ("skip", true)];
/// The words for what a value says of the arguments between two rows.
pub const BETWEEN: [(&str, Between); 3] = [
    ("linear", Between::Linear),
    ("previous", Between::Previous),
    ("mean", Between::Mean),
];

impl Reading {
    /// Takes the value of a key; `from` is also called `time`.
    ///
    /// # Errors
    /// The reason why the key cannot have the value; `None` if the table of keys says it.
    pub fn set(&mut self, key: &str, value: &Value) -> Result<(), Option<String>> {
        if let ("since", Some(typed_date)) = (key, text(value)) {
            self.since = Some(date(key, &typed_date, None)?);
            return Ok(());
        }
        self.take(key, value).ok_or(None)
    }

    fn take(&mut self, key: &str, value: &Value) -> Option<()> {
        match key {
            "from" | "time" => self.from = columns(value)?,
            "skip" => self.skip = Some(usize::try_from(value.as_integer()?).ok()?),
            "dates" => self.dates = Some(choice(value, &DateOrder::ALL)?),
            "double" => self.double = Some(choice(value, &DOUBLES)?),
            "gaps" => self.skips_gaps = Some(choice(value, &GAPS)?),
            "between" => self.between = choice(value, &BETWEEN)?,
            "from_unit" => self.from_unit = Some(text(value)?),
            "to_unit" => self.to_unit = Some(text(value)?),
            _ => return None,
        }
        Some(())
    }
}

fn heading(word: &str) -> ColumnName {
    ColumnName::Heading(word.trim().to_owned())
}

/// A column by its name, or its number from 0.
#[must_use]
pub fn column(value: &Value) -> Option<ColumnName> {
    match value {
        Value::Integer(number) => usize::try_from(*number).ok().map(ColumnName::Number),
        value => Some(heading(&text(value)?)),
    }
}

fn columns(value: &Value) -> Option<Vec<ColumnName>> {
    let words = value.as_str().and_then(words_of_list);
    match (value, words) {
        (Value::Array(names), _) if names.len() != 2 => None,
        (Value::Array(names), _) => names.iter().map(column).collect(),
        (_, Some(words)) => Some(words.map(heading).into()),
        (name, None) => Some(vec![column(name)?]),
    }
}

/// The two words of a list whose quotes a shell has taken away: `[date,time]`.
fn words_of_list(text: &str) -> Option<[&str; 2]> {
    let words = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let (first_word, second_word) = words.split_once(',')?;
    (!second_word.contains(',')).then_some([first_word, second_word])
}

/// A text. A date may be typed without quotes.
#[must_use]
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::Datetime(date) => Some(date.to_string()),
        value => value.as_str().map(str::to_owned),
    }
}

/// The date that a text of a key is, with its numbers in an order if there is one.
///
/// # Errors
/// The reason why the key cannot have the text.
pub fn date(key: &str, text: &str, order: Option<DateOrder>) -> Result<Date, String> {
    Date::parse(text, order).map_err(|_| {
        let (typed_text, example) = (excerpt(text, SHOWN), Date::EXAMPLE);
        format!("{key} = {typed_text:?} is no date, such as {example:?}")
    })
}

/// The choice that a word names.
fn choice<T: Copy>(value: &Value, choices: &[(&str, T)]) -> Option<T> {
    let typed_word = value.as_str()?;
    let chosen = choices.iter().find(|(word, _)| *word == typed_word);
    chosen.map(|(_, choice)| *choice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_values_that_they_take() {
        let text = |text: &str| Value::from(text);
        let mut reading = Reading::default();
        let pair = Value::Array(vec![text("date"), Value::Integer(1)]);
        reading.set("time", &pair).unwrap();
        let date = ColumnName::Heading("date".to_owned());
        assert_eq!(reading.from, [date, ColumnName::Number(1)]);
        reading.set("time", &text("[date, 1]")).unwrap();
        let names = ["date", "1"].map(|name| ColumnName::Heading(name.to_owned()));
        assert_eq!(reading.from, names);
        for key in [
            "dates", "double", "gaps", "between", "skip", "since", "from",
        ] {
            let set = reading.set(key, &Value::Boolean(true));
            assert_eq!(set, Err(None), "{key}");
        }
        for (key, value) in [
            ("skip", Value::Integer(-1)),
            ("from", Value::Array(Vec::new())),
            ("gaps", text("keep")),
            ("form", text("x")),
        ] {
            assert_eq!(reading.set(key, &value), Err(None), "{key}");
        }
        let reason = reading.set("since", &text("noon")).unwrap_err();
        assert!(reason.unwrap().contains("is no date"));
    }
}
