//! [`Marks`]: which of points and commas are the decimal marks of a file, and which separate thousands.

const MARKS: [char; 2] = ['.', ','];

/// What the numbers of a column show of points and of commas.
#[derive(Debug, Clone, Default)]
struct Evidence {
    /// Whether they are decimal marks, and whether they separate thousands.
    is_decimal: [bool; 2],
    is_thousands: [bool; 2],
    /// The line and the text of the first number that does not show what its mark is.
    open: [Option<(usize, String)>; 2],
    /// The digits of the longest number that has neither.
    digits: usize,
}

/// The mark that separates thousands in each column, or the number that may mean two things.
#[derive(Debug, Default)]
pub(in crate::measured) struct Marks {
    pub(super) thousands: Vec<Option<char>>,
    open: Vec<Option<(usize, String)>>,
}

/// What the numbers of all columns show.
#[derive(Debug)]
pub(super) struct Evidences(Vec<Evidence>);

impl Evidences {
    pub(super) fn new(column_count: usize) -> Self {
        Self(vec![Evidence::default(); column_count])
    }

    /// Looks at a field of a column.
    pub(super) fn look(&mut self, column: usize, field: &str, line: usize) {
        self.0[column].look(field, line);
    }

    /// What the marks of each column are.
    pub(super) fn marks(&self) -> Marks {
        let shows = |shown: fn(&Evidence) -> [bool; 2]| {
            [0, 1].map(|mark| self.0.iter().any(|column| shown(column)[mark]))
        };
        let is_decimal = shows(|column| column.is_decimal);
        let is_thousands = shows(|column| column.is_thousands);
        let mut marks = Marks::default();
        for column in &self.0 {
            let (mut thousands, mut open) = (None, None);
            for mark in [0, 1] {
                let is_undecided = column.open[mark].is_some() && column.is_decimal == [false; 2];
                let is_shown = is_thousands[mark] || is_decimal[1 - mark];
                if column.is_thousands[mark] && !column.is_decimal[mark]
                    || is_undecided && is_shown && !is_decimal[mark] && column.digits < 4
                {
                    thousands = Some(MARKS[mark]);
                } else if is_undecided && !is_decimal[mark] && (is_shown || column.jumps(mark)) {
                    open.clone_from(&column.open[mark]);
                }
            }
            marks.thousands.push(thousands);
            marks.open.push(open);
        }
        marks
    }
}

impl Marks {
    /// The line of a number in a column that may mean two things, and the reason why it is refused.
    pub(in crate::measured) fn refuse(&self, column: usize) -> Option<(usize, String)> {
        let (line, number) = self.open.get(column)?.clone()?;
        let reason = format!(
            "the mark in {number:?} may be that of decimals or separate thousands, and nothing in the file shows which: numbers without separators of thousands are read"
        );
        Some((line, reason))
    }
}

impl Evidence {
    fn look(&mut self, field: &str, line: usize) {
        let (mantissa, exponent) = field.split_once(['e', 'E']).unwrap_or((field, ""));
        let digits = mantissa.trim_start_matches(['+', '-']);
        let is_number = digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".,".contains(&byte));
        let counts = MARKS.map(|mark| digits.matches(mark).count());
        let last_mark = usize::from(digits.rfind(',') > digits.rfind('.'));
        let (integer, fraction) = match digits.rsplit_once(MARKS) {
            _ if !is_number || digits.is_empty() => return,
            None => {
                self.digits = self.digits.max(digits.len());
                return;
            }
            Some(parts) => parts,
        };
        let mut groups = integer.split(MARKS);
        let first_length = groups.next().map_or(0, str::len);
        let begins_group = (1..=3).contains(&first_length) && !integer.starts_with('0');
        let has_groups = begins_group && groups.all(|group| group.len() == 3);
        match counts {
            // The last mark stands once, the other one before it.
            [points, commas] if points * commas > 0 && has_groups && counts[last_mark] == 1 => {
                self.is_decimal[last_mark] = true;
                self.is_thousands[1 - last_mark] = true;
            }
            [0, count] | [count, 0] if count > 1 && has_groups && fraction.len() == 3 => {
                self.is_thousands[last_mark] = true;
            }
            [1, 0] | [0, 1] if has_groups && fraction.len() == 3 && exponent.is_empty() => {
                self.open[last_mark].get_or_insert_with(|| (line, field.to_owned()));
            }
            [1, 0] | [0, 1] => self.is_decimal[last_mark] = true,
            _ => {}
        }
    }

    /// Whether numbers with a mark would be much smaller than those without, were it that of decimals: 998 before 1,001.
    fn jumps(&self, mark: usize) -> bool {
        let integer = self.open[mark]
            .as_ref()
            .and_then(|(_, text)| text.split_once(MARKS));
        integer.is_some_and(|(integer, _)| self.digits == 3 && integer.len() < 3)
    }
}
