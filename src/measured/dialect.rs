//! [`Dialect`]: the separator of the fields of a CSV file, and the notation of its numbers.

use diff2d_arrays::wording::excerpt;
use std::borrow::Cow;

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
        let (mut fields, mut start) = (Vec::new(), 0);
        let (mut is_blank, mut is_quoted) = (true, false);
        for (place, letter) in line.char_indices() {
            match letter {
                '"' if is_blank || is_quoted => (is_blank, is_quoted) = (is_quoted, !is_quoted),
                _ if is_quoted => {}
                _ if letter == self.separator => {
                    fields.push(bare(&line[start..place]));
                    (start, is_blank) = (place + letter.len_utf8(), true);
                }
                _ => is_blank &= letter.is_whitespace(),
            }
        }
        if is_quoted {
            return Err("a quotation mark is not closed".to_owned());
        }
        fields.push(bare(&line[start..]));
        Ok(fields)
    }

    /// The finite number in a field.
    ///
    /// # Errors
    /// The reason why the field holds no number.
    pub fn number(self, field: &str) -> Result<f64, String> {
        let field_excerpt = excerpt(field, SHOWN);
        match self.with_decimal_point(field).parse::<f64>() {
            Err(_) if field.contains(',') && field.replace(',', ".").parse::<f64>().is_ok() => {
                Err(format!(
                    "{field_excerpt:?} has a comma in place of the decimal point, which is read where semicolons or tabs separate the fields"
                ))
            }
            Ok(number) if number.is_finite() => Ok(number),
            Ok(_) => Err(format!("{field_excerpt:?} is not finite")),
            Err(_) => Err(format!("{field_excerpt:?} is no number")),
        }
    }

    /// A field with its decimal comma, if it has one, replaced by a decimal point.
    #[must_use]
    pub fn with_decimal_point(self, field: &str) -> Cow<'_, str> {
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

/// A field without the blanks and quotes around it.
fn bare(field: &str) -> &str {
    let field = field.trim();
    let quoted = field
        .strip_prefix('"')
        .and_then(|field| field.strip_suffix('"'));
    quoted.unwrap_or(field).trim()
}

/// The text of a file: UTF-8, or UTF-16 with a byte order mark; other bytes are Latin-1, in which older loggers write
/// `°C`. `None` if the file is not text.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [0xff, 0xfe, units @ ..] => decode_utf16(units, u16::from_le_bytes),
        [0xfe, 0xff, units @ ..] => decode_utf16(units, u16::from_be_bytes),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
            Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
        },
    };
    (!text.contains('\0')).then_some(text)
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (units, _) = bytes.as_chunks();
    let letters = char::decode_utf16(units.iter().map(|&bytes| unit(bytes)));
    letters.map(|letter| letter.unwrap_or('\u{fffd}')).collect()
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

    #[test]
    fn texts_of_old_loggers_and_of_spreadsheets_are_decoded() {
        assert_eq!(decode(b"\xef\xbb\xbfT,\xc2\xb0C").unwrap(), "T,°C");
        assert_eq!(decode(b"T,\xb0C").unwrap(), "T,°C");
        assert_eq!(decode(b"\xff\xfeT\0\xb0\0").unwrap(), "T°");
        assert_eq!(decode(b"\xfe\xff\0T").unwrap(), "T");
        assert_eq!(decode(b"\x93NUMPY\x01\0"), None);
    }
}
