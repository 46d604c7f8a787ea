//! Answers as JSON.
//!
//! Infinities, which JSON lacks, are `"inf"` and `"-inf"`, and NaN is null.

use super::number;
use diff2d_arrays::npy::Scalar;
use serde::{Serialize, Serializer, ser::SerializeSeq};
use serde_json::ser::Formatter;
use std::{borrow::Cow, io};

/// A value of an answer.
pub(super) enum Value<'a> {
    Number(Scalar),
    List(Vec<Value<'a>>),
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
    /// So many values, each made when it is written, as there may be many.
    Each(usize, Box<dyn Fn(usize) -> Value<'static> + 'a>),
    /// Any other value, without infinities.
    Plain(Box<dyn erased_serde::Serialize + 'a>),
}

impl<'a> Value<'a> {
    pub(super) fn plain(value: impl Serialize + 'a) -> Self {
        Self::Plain(Box::new(value))
    }

    /// Numbers by their names.
    pub(super) fn numbers<K: Into<Cow<'a, str>>>(
        numbers: impl IntoIterator<Item = (K, f64)>,
    ) -> Self {
        let entries = numbers.into_iter().map(|(name, number)| {
            let number = Self::Number(Scalar::Float(number));
            (name.into(), number)
        });
        Self::Object(entries.collect())
    }
}

/// As a program takes values, infinities among them.
impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written(self, false).serialize(serializer)
    }
}

/// A value while it is written, and whether as JSON.
struct Written<'v>(&'v Value<'v>, bool);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(value, is_json) = *self;
        let written = |value| Written(value, is_json);
        match value {
            Value::Number(Scalar::Float(number)) if is_json && number.is_infinite() => {
                serializer.serialize_str(&number::python(*number))
            }
            Value::Number(number) => number.serialize(serializer),
            Value::List(values) => serializer.collect_seq(values.iter().map(written)),
            Value::Object(values) => {
                serializer.collect_map(values.iter().map(|(key, value)| (key, written(value))))
            }
            Value::Each(count, make) => {
                let mut list = serializer.serialize_seq(Some(*count))?;
                for number in 0..*count {
                    list.serialize_element(&Written(&make(number), is_json))?;
                }
                list.end()
            }
            Value::Plain(value) => value.serialize(serializer),
        }
    }
}

/// Writes an answer in a line, without its end.
pub(super) fn write(writer: impl io::Write, value: &Value<'_>) -> io::Result<()> {
    Ok(serde_json::to_writer(writer, &Written(value, true))?)
}

/// A row of results in a line, without its end.
pub(super) fn line(value: &Value<'_>) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, OfRows);
    let written = Written(value, true).serialize(&mut serializer);
    // Neither the memory that is written to nor a value of ours refuses anything.
    written.map_or_else(
        |_| String::new(),
        |()| String::from_utf8_lossy(&bytes).into_owned(),
    )
}

/// Numbers of rows have the digits that they have as CSV.
struct OfRows;

impl Formatter for OfRows {
    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(number::python(value).as_bytes())
    }
}

/// Figures in indented lines, for people.
pub(super) fn pretty(figures: &impl Serialize) -> String {
    serde_json::to_string_pretty(figures).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_are_words_and_nan_is_null_at_any_depth() {
        let numbers = [
            ("a", f64::INFINITY),
            ("b", -f64::INFINITY),
            ("c", f64::NAN),
            ("d", 0.5),
        ];
        let value = Value::Object(vec![
            ("list".into(), Value::List(vec![Value::numbers(numbers)])),
            ("plain".into(), Value::plain(Some("text"))),
        ]);
        let mut json = Vec::new();
        write(&mut json, &value).unwrap();
        assert_eq!(
            String::from_utf8(json).unwrap(),
            r#"{"list":[{"a":"inf","b":"-inf","c":null,"d":0.5}],"plain":"text"}"#
        );
        // A program gets the numbers themselves.
        assert_eq!(
            serde_json::to_string(&value).unwrap(),
            r#"{"list":[{"a":null,"b":null,"c":null,"d":0.5}],"plain":"text"}"#
        );
    }
}
