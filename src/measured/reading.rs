//! [`Reading`]: the keys that say how a file of measured values is read.

use super::{date::Date, date_text::DateOrder, heading::ColumnName};
use diff2d_arrays::wording::excerpt;

/// The number of characters of a value that messages show.
const SHOWN: usize = 40;

/// The columns that may hold the arguments, in words that follow "must be".
pub const COLUMNS: &str = "the name of a column in quotes, its number from 0, or two of these, of a date and a time, such as [\"date\", \"time\"]";

/// The value of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyValue {
    /// A text, or a date.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A list.
    List(Vec<KeyValue>),
    /// Something that no key takes.
    Other,
}

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// The straight line between two values.
    Linear,
    /// The value of the row before.
    Previous,
    /// A value is the mean over the interval that ends at its argument.
    Mean,
}

/// How a file of measured values is read: the keys of all tables and options that name such a file.
#[derive(Debug, Clone, PartialEq)]
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

impl Default for Reading {
    fn default() -> Self {
        Self {
            skip: None,
            from: Vec::new(),
            dates: None,
            since: None,
            double: None,
            skips_gaps: None,
            from_unit: None,
            to_unit: None,
            between: Between::Linear,
        }
    }
}

const DOUBLES: [(&str, Doubles); 3] = [
    ("refuse", Doubles::Refuse),
    ("mean", Doubles::Mean),
    ("last", Doubles::Last),
];
const GAPS: [(&str, bool); 2] = [("refuse", false), ("skip", true)];
const BETWEEN: [(&str, Between); 3] = [
    ("linear", Between::Linear),
    ("previous", Between::Previous),
    ("mean", Between::Mean),
];

impl Between {
    /// The word of the key.
    #[must_use]
    pub fn word(self) -> &'static str {
        let mut words = BETWEEN.into_iter();
        words
            .find_map(|(word, between)| (between == self).then_some(word))
            .unwrap_or_default()
    }
}

impl Reading {
    /// Takes the value of a key; `from` is also called `time`.
    ///
    /// # Errors
    /// The reason why the key cannot have the value.
    pub fn set(&mut self, key: &str, value: &KeyValue) -> Result<(), String> {
        match key {
            "from" | "time" => self.from = columns(key, value)?,
            "skip" => {
                let skip = match value {
                    KeyValue::Number(count) => usize::try_from(*count).ok(),
                    _ => None,
                };
                let reason = "skip must be the number of lines above the headings";
                self.skip = Some(skip.ok_or(reason)?);
            }
            "dates" => self.dates = Some(choice(key, value, &DateOrder::ALL)?),
            "since" => self.since = Some(date(key, &text(key, value)?, None)?),
            "double" => self.double = Some(choice(key, value, &DOUBLES)?),
            "gaps" => self.skips_gaps = Some(choice(key, value, &GAPS)?),
            "between" => self.between = choice(key, value, &BETWEEN)?,
            "from_unit" => self.from_unit = Some(text(key, value)?),
            "to_unit" => self.to_unit = Some(text(key, value)?),
            _ => return Err(format!("there is no key {}", excerpt(key, SHOWN))),
        }
        Ok(())
    }
}

/// A column by its name, or its number from 0.
///
/// # Errors
/// The reason why the key cannot have the value.
pub fn column(key: &str, value: &KeyValue) -> Result<ColumnName, String> {
    let name = match value {
        KeyValue::Text(name) => Some(ColumnName::Heading(name.trim().to_owned())),
        KeyValue::Number(number) => usize::try_from(*number).ok().map(ColumnName::Number),
        _ => None,
    };
    name.ok_or_else(|| {
        format!("{key} must be the name of a column in quotes, or its number from 0")
    })
}

fn columns(key: &str, value: &KeyValue) -> Result<Vec<ColumnName>, String> {
    match value {
        KeyValue::List(names) if names.len() == 2 => {
            let names = names.iter().map(|name| column(key, name));
            names.collect::<Result<_, _>>()
        }
        KeyValue::List(_) => Err(String::new()),
        KeyValue::Text(text) if words_of_list(text).is_some() => {
            let words = words_of_list(text).into_iter().flatten();
            let names = words.map(|word| column(key, &KeyValue::Text(word.to_owned())));
            names.collect::<Result<_, _>>()
        }
        name => column(key, name).map(|name| vec![name]),
    }
    .map_err(|_| format!("{key} must be {COLUMNS}"))
}

/// The two words of a list whose quotes a shell has taken away: `[date,time]`.
fn words_of_list(text: &str) -> Option<[&str; 2]> {
    let words = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let (first_word, second_word) = words.split_once(',')?;
    (!second_word.contains(',')).then_some([first_word, second_word])
}

fn text(key: &str, value: &KeyValue) -> Result<String, String> {
    match value {
        KeyValue::Text(text) => Ok(text.clone()),
        _ => Err(format!("{key} must be a text in quotes")),
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
fn choice<T: Copy>(key: &str, value: &KeyValue, choices: &[(&str, T)]) -> Result<T, String> {
    let typed_word = match value {
        KeyValue::Text(word) => word,
        _ => "",
    };
    let chosen = choices.iter().find(|(word, _)| *word == typed_word);
    chosen.map(|(_, choice)| *choice).ok_or_else(|| {
        let words = choices.iter().map(|(word, _)| format!("{word:?}"));
        let words: Vec<String> = words.collect();
        format!("{key} must be {}", words.join(" or "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_values_that_they_take() {
        let text = |text: &str| KeyValue::Text(text.to_owned());
        let mut reading = Reading::default();
        let pair = KeyValue::List(vec![text("date"), KeyValue::Number(1)]);
        reading.set("time", &pair).unwrap();
        let date = ColumnName::Heading("date".to_owned());
        assert_eq!(reading.from, [date, ColumnName::Number(1)]);
        reading.set("time", &text("[date, 1]")).unwrap();
        let names = ["date", "1"].map(|name| ColumnName::Heading(name.to_owned()));
        assert_eq!(reading.from, names);
        for key in [
            "dates", "double", "gaps", "between", "skip", "since", "from",
        ] {
            assert!(reading.set(key, &KeyValue::Other).is_err(), "{key}");
        }
        let refused = |key: &str, value: &KeyValue| Reading::default().set(key, value).unwrap_err();
        assert!(refused("skip", &KeyValue::Number(-1)).contains("lines above"));
        assert!(refused("from", &KeyValue::List(Vec::new())).contains("a date and a time"));
        assert_eq!(
            refused("gaps", &text("keep")),
            "gaps must be \"refuse\" or \"skip\""
        );
        assert_eq!(refused("form", &text("x")), "there is no key form");
    }
}
