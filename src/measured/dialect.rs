//! [`Dialect`]: the separator of the fields of a CSV file, and the notation of its numbers.

use diff2d_arrays::wording::excerpt;
use std::{borrow::Cow, ops::Range};

/// The number of characters of a field that messages show.
const SHOWN: usize = 40;

/// The separator of the fields of a CSV file: a comma, a semicolon or a tab. If it is not a comma, numbers may have
/// decimal commas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    separator: char,
}

impl Dialect {
    /// The dialect that a line `sep=;` declares, as spreadsheets write it before the heading.
    #[must_use]
    pub fn declared_by(line: &str) -> Option<Self> {
        let mut letters = line.trim_matches([' ', '"']).strip_prefix("sep=")?.chars();
        match (letters.next(), letters.next()) {
            (Some(separator @ (',' | ';' | '\t')), None) => Some(Self { separator }),
            _ => None,
        }
    }

    /// The dialect of a file with this heading: a tab separates the fields if there is one outside of quotes, else a
    /// semicolon if there is one, else a comma.
    #[must_use]
    pub fn of_heading(line: &str) -> Self {
        let separator = ['\t', ';'].into_iter().find(|&separator| {
            let dialect = Self { separator };
            dialect.fields(line).is_ok_and(|fields| fields.len() > 1)
        });
        Self {
            separator: separator.unwrap_or(','),
        }
    }

    /// The fields of a line without the blanks and quotes around them. A field in quotes may hold the separator.
    ///
    /// # Errors
    /// The reason why a field cannot be read, such as a quotation mark that is not closed.
    pub fn fields(self, line: &str) -> Result<Vec<&str>, String> {
        let mut fields = Fields::default();
        self.split(line, &mut fields)?;
        let numbers = 0..fields.count();
        Ok(numbers.map(|number| fields.get(line, number)).collect())
    }

    /// Splits a line as [`fields`](Self::fields) does, into places that are used again for the next line.
    pub(super) fn split(self, line: &str, fields: &mut Fields) -> Result<(), String> {
        fields.places.clear();
        let (mut start, mut is_blank, mut is_quoted) = (0, true, false);
        for (place, letter) in line.bytes().enumerate() {
            match letter {
                b'"' if is_blank || is_quoted => (is_blank, is_quoted) = (is_quoted, !is_quoted),
                _ if is_quoted => {}
                _ if char::from(letter) == self.separator => {
                    fields.places.push(bare(line, start..place));
                    (start, is_blank) = (place + 1, true);
                }
                letter => is_blank &= letter.is_ascii_whitespace(),
            }
        }
        if is_quoted {
            return Err("a quotation mark is not closed".to_owned());
        }
        fields.places.push(bare(line, start..line.len()));
        Ok(())
    }

    /// The finite number in a field.
    ///
    /// # Errors
    /// The reason why the field holds no number.
    pub fn number(self, field: &str) -> Result<f64, String> {
        let parsed = self.with_decimal_point(field).parse::<f64>();
        if let Ok(number) = parsed
            && number.is_finite()
        {
            return Ok(number);
        }
        let field_excerpt = excerpt(field, SHOWN);
        match parsed {
            Err(_) if field.contains(',') && field.replace(',', ".").parse::<f64>().is_ok() => {
                Err(format!(
                    "{field_excerpt:?} has a comma in place of the decimal point, which is read where semicolons or tabs separate the fields"
                ))
            }
            Ok(_) => Err(format!("{field_excerpt:?} is not finite")),
            Err(_) => Err(format!("{field_excerpt:?} is no number")),
        }
    }

    /// A field with its decimal comma, if it has one, replaced by a decimal point.
    #[must_use]
    pub fn with_decimal_point(self, field: &str) -> Cow<'_, str> {
        if !field.contains(',') {
            return Cow::Borrowed(field);
        }
        let with_point = field.replace(',', ".");
        if self.separator != ',' && with_point.parse::<f64>().is_ok() {
            Cow::Owned(with_point)
        } else {
            Cow::Borrowed(field)
        }
    }

    /// The separator of the fields, in words.
    pub(super) fn separators(self) -> &'static str {
        match self.separator {
            ';' => "semicolons",
            '\t' => "tabs",
            _ => "commas",
        }
    }
}

/// The places of the fields of a line.
#[derive(Debug, Default)]
pub(super) struct Fields {
    places: Vec<Range<usize>>,
}

impl Fields {
    /// The number of fields.
    pub(super) fn count(&self) -> usize {
        self.places.len()
    }

    /// A field of the line that was split.
    pub(super) fn get<'l>(&self, line: &'l str, number: usize) -> &'l str {
        let place = self.places.get(number).cloned();
        place.and_then(|place| line.get(place)).unwrap_or_default()
    }

    /// Leaves out the last field.
    pub(super) fn pop(&mut self) {
        self.places.pop();
    }
}

/// The place of a field without the blanks and quotes around it.
fn bare(line: &str, place: Range<usize>) -> Range<usize> {
    let field = line[place.clone()].trim();
    let quoted = field
        .strip_prefix('"')
        .and_then(|field| field.strip_suffix('"'));
    let content = quoted.map_or(field, str::trim);
    let start = content.as_ptr() as usize - line.as_ptr() as usize;
    start..start + content.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_tells_what_separates_its_fields() {
        let separators = [
            ("a,b", "commas"),
            ("a;b,c", "semicolons"),
            ("a\tb;c", "tabs"),
            ("\"a;b\",c", "commas"),
            ("a", "commas"),
        ];
        for (heading, separator) in separators {
            assert_eq!(Dialect::of_heading(heading).separators(), separator);
        }
        let declared = |line| Dialect::declared_by(line).map(Dialect::separators);
        assert_eq!(declared("sep=;"), Some("semicolons"));
        assert_eq!(declared("\"sep=\t\""), Some("tabs"));
        assert_eq!(declared("sep=|"), None);
        assert_eq!(declared("sep"), None);
    }

    #[test]
    fn fields_stand_between_separators_outside_of_quotes() {
        let commas = Dialect { separator: ',' };
        let fields = commas.fields(" a , \"b, \"\"c\" ,,5\" d,\"\"").unwrap();
        assert_eq!(fields, ["a", "b, \"\"c", "", "5\" d", ""]);
        assert!(commas.fields("a,\"b").is_err());
    }

    #[test]
    fn a_comma_is_a_decimal_point_where_it_separates_no_fields() {
        let [commas, semicolons] = [',', ';'].map(|separator| Dialect { separator });
        assert_eq!(semicolons.number("-10,5"), Ok(-10.5));
        assert_eq!(semicolons.number("1e-3"), Ok(1e-3));
        for field in [
            "1.234,5", "1,2,3", "1,5 K", "", "1_000", "0x10", "inf", "1e999",
        ] {
            assert!(semicolons.number(field).is_err(), "{field}");
        }
        assert!(commas.number("10,5").unwrap_err().contains("semicolons"));
    }
}
