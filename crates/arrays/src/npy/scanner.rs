//! [`Scanner`]: parses the dictionary of a header in Python's notation.

use super::{descr::Descr, error::HeaderError};

/// Largest number of dimensions, as in NumPy.
const MOST_DIMENSIONS: usize = 64;

/// The largest depth of nested records.
const DEEPEST: usize = 16;

/// The three entries of a header's dictionary.
pub(super) struct Dictionary {
    pub descr: Descr,
    pub fortran_order: bool,
    pub shape: Vec<u64>,
}

/// Parses a dictionary with three known keys and literal values, without evaluating anything.
pub(super) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn dictionary(&mut self) -> Result<Dictionary, HeaderError> {
        let (mut descr, mut order, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.accept(b'}') {
            let key = self.string()?;
            self.expect(b':')?;
            let repeated = match key {
                "descr" => descr.replace(self.descr()?).is_some(),
                "fortran_order" => order.replace(self.boolean()?).is_some(),
                "shape" => shape.replace(self.shape()?).is_some(),
                _ => return Err(self.error("an unknown key")),
            };
            if repeated {
                return Err(self.error("a key given twice"));
            }
            if !self.accept(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        self.skip_space();
        if self.at != self.text.len() {
            return Err(self.error("text behind the dictionary"));
        }
        Ok(Dictionary {
            descr: required(descr, "descr")?,
            fortran_order: required(order, "fortran_order")?,
            shape: required(shape, "shape")?,
        })
    }

    fn descr(&mut self) -> Result<Descr, HeaderError> {
        self.skip_space();
        if self.text.get(self.at) != Some(&b'[') {
            return Descr::parse(self.string()?);
        }
        let start = self.at;
        let bytes = self.records(0)?;
        let text = std::str::from_utf8(&self.text[start..self.at]);
        let text = text.map_err(|_| self.error("a name that is not text"))?;
        Ok(Descr::records(text, bytes))
    }

    /// The bytes of a record, such as `[('a', '<f8'), ('b', '<i4', (2, 3)), (('title', 'c'), [('x', '<f4')])]`; `None`
    /// if it contains objects.
    fn records(&mut self, depth: usize) -> Result<Option<u64>, HeaderError> {
        if depth == DEEPEST {
            return Err(self.error("records within too many records"));
        }
        let mut record = Some(0_u64);
        self.expect(b'[')?;
        while !self.accept(b']') {
            self.expect(b'(')?;
            if self.accept(b'(') {
                self.string()?;
                self.expect(b',')?;
                self.string()?;
                self.accept(b',');
                self.expect(b')')?;
            } else {
                self.string()?;
            }
            self.expect(b',')?;
            self.skip_space();
            let element = match self.text.get(self.at) {
                Some(b'[') => self.records(depth + 1)?,
                _ => Descr::parse(self.string()?)?.bytes(),
            };
            let mut count = Some(1_u64);
            self.skip_space();
            if self.accept(b',') && self.next_byte() == Some(b'(') {
                let shape = self.shape()?;
                count = shape
                    .iter()
                    .try_fold(1, |count: u64, &n| count.checked_mul(n));
                self.accept(b',');
            }
            self.expect(b')')?;
            record = match (record, element) {
                (Some(record), Some(element)) => {
                    let field = count.and_then(|count| count.checked_mul(element));
                    let sum = field.and_then(|field| record.checked_add(field));
                    Some(sum.ok_or_else(|| self.error("a record beyond any file"))?)
                }
                _ => None,
            };
            if !self.accept(b',') {
                self.expect(b']')?;
                break;
            }
        }
        Ok(record)
    }

    fn next_byte(&mut self) -> Option<u8> {
        self.skip_space();
        self.text.get(self.at).copied()
    }

    fn boolean(&mut self) -> Result<bool, HeaderError> {
        self.skip_space();
        for (word, value) in [("True", true), ("False", false)] {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.error("neither True nor False"))
    }

    fn shape(&mut self) -> Result<Vec<u64>, HeaderError> {
        let mut shape = Vec::new();
        self.expect(b'(')?;
        while !self.accept(b')') {
            if shape.len() == MOST_DIMENSIONS {
                return Err(self.error("too many dimensions"));
            }
            shape.push(self.length()?);
            let has_comma = self.accept(b',');
            if !has_comma {
                self.expect(b')')?;
                if shape.len() == 1 {
                    return Err(self.error("a number where a tuple should be"));
                }
                break;
            }
        }
        Ok(shape)
    }

    fn length(&mut self) -> Result<u64, HeaderError> {
        self.skip_space();
        // NumPy 2 spells its own integers with their type, np.int64(3).
        let has_type = self.text[self.at..].starts_with(b"np.");
        if has_type {
            let name = self.text[self.at..].iter();
            self.at += name
                .take_while(|&&letter| letter != b'(' && letter != b',')
                .count();
            self.expect(b'(')?;
        }
        let digits: &[u8] = &self.text[self.at..];
        let digits = &digits[..digits.iter().take_while(|b| b.is_ascii_digit()).count()];
        self.at += digits.len();
        // Python 2 wrote long integers with an L.
        if self.text.get(self.at) == Some(&b'L') {
            self.at += 1;
        }
        if has_type {
            self.expect(b')')?;
        }
        std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| self.error("no length of an axis"))
    }

    fn string(&mut self) -> Result<&'a str, HeaderError> {
        self.skip_space();
        let text: &'a [u8] = self.text;
        let quote = match text.get(self.at) {
            Some(&quote @ (b'\'' | b'"')) => quote,
            _ => return Err(self.error("no string")),
        };
        let string = &text[self.at + 1..];
        let length = string
            .iter()
            .position(|&letter| letter == quote)
            .ok_or_else(|| self.error("a string without an end"))?;
        self.at += length + 2;
        std::str::from_utf8(&string[..length]).map_err(|_| self.error("a string that is not text"))
    }

    fn skip_space(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn accept(&mut self, letter: u8) -> bool {
        self.skip_space();
        let is_next = self.text.get(self.at) == Some(&letter);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, letter: u8) -> Result<(), HeaderError> {
        if self.accept(letter) {
            return Ok(());
        }
        Err(self.error(&format!("no '{}'", letter as char)))
    }

    fn error(&self, reason: &str) -> HeaderError {
        HeaderError::damaged_header(&format!("{reason} at byte {} of its dictionary", self.at))
    }
}

fn required<T>(value: Option<T>, key: &str) -> Result<T, HeaderError> {
    value.ok_or_else(|| HeaderError::damaged_header(&format!("'{key}' is missing")))
}
