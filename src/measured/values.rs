//! [`Values`]: a column of values while it is read.

use super::{
    argument::date_among_values,
    date_text::DateOrder,
    error::TableError,
    file::ColumnUnits,
    heading::ColumnName,
    rows::{CsvRows, Head},
    unit::Conversion,
};
use std::io::Read;

/// A column whose values are wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedColumn {
    /// The column of the file.
    pub name: ColumnName,
    /// The unit to which its values are converted; without one they are taken as they stand.
    pub unit: Option<String>,
    /// What values that cannot have this unit may be, in words.
    pub instead: Option<String>,
    /// The column whose values have the numbers of this one as standard deviations, if they are that. Deviations in °C are those in
    /// K, and have the unit of that column if their own heading has none.
    pub deviates: Option<ColumnName>,
}

/// A column of values while it is read.
pub(super) struct Values {
    /// The number of the column in the file.
    pub(super) place: usize,
    /// The values that were kept.
    pub(super) numbers: Vec<f64>,
    /// The value of the row; NaN for a gap.
    pub(super) number: f64,
    unit: Option<String>,
    conversion: Conversion,
    decimal_mark: Option<char>,
    /// The values that are joined to the last one, which is their sum then.
    joined: u32,
}

impl Values {
    pub(super) fn new(column: &WantedColumn, head: &Head) -> Result<Self, TableError> {
        const WAY_OUT: &str =
            "to_unit, or p and q of [units], say in which unit the values are wanted";
        let place = head.column(&column.name)?;
        let instead = column.instead.as_ref();
        let way_out =
            instead.map_or_else(|| WAY_OUT.to_owned(), |text| format!("{text}; {WAY_OUT}"));
        let unit = column.unit.as_deref();
        let conversion = match &column.deviates {
            None => head.conversion(place, unit, &way_out)?,
            Some(values) => {
                let has_unit = unit.is_some_and(|unit| head.unit(place, unit).is_some());
                let place_of_unit = if has_unit {
                    place
                } else {
                    head.column(values)?
                };
                head.conversion(place_of_unit, unit, &way_out)?
                    .of_differences()
            }
        };
        Ok(Self {
            place,
            numbers: Vec::new(),
            number: f64::NAN,
            unit: column.unit.clone(),
            conversion,
            decimal_mark: None,
            joined: 0,
        })
    }

    /// Takes the value of a row; NaN for a gap.
    pub(super) fn look<R: Read>(
        &mut self,
        rows: &CsvRows<R>,
        head: &Head,
        date_order: Option<DateOrder>,
    ) -> Result<(), TableError> {
        let field = rows.field(self.place);
        if is_gap(field) {
            self.number = f64::NAN;
            return Ok(());
        }
        let number = rows.dialect.number(field);
        let number = number.map_err(|reason| {
            let reason = date_among_values(field, date_order).unwrap_or(reason);
            rows.refuse_field(head, self.place, reason)
        })?;
        // Beside 950,5 the number 1.234 is a thousand times as much.
        let mark = field.chars().find(|letter| ['.', ','].contains(letter));
        if let Some(mark) = mark
            && *self.decimal_mark.get_or_insert(mark) != mark
        {
            let reason = "some numbers of the column have decimal points, others decimal commas";
            return Err(rows.refuse_field(head, self.place, reason));
        }
        self.number = self.conversion.apply(number);
        Ok(())
    }

    /// Keeps the value of the row.
    pub(super) fn push(&mut self) {
        self.finish();
        self.numbers.push(self.number);
    }

    /// Joins the value of the row to the last one.
    pub(super) fn join(&mut self, is_mean: bool) {
        let Some(sum) = self.numbers.last_mut() else {
            return;
        };
        if sum.is_nan() || !is_mean && !self.number.is_nan() {
            *sum = self.number;
        } else if !self.number.is_nan() && is_mean {
            *sum += self.number;
            self.joined += 1;
        }
    }

    /// Divides the last value by the number of values that were joined to it.
    pub(super) fn finish(&mut self) {
        if let (Some(sum), 1..) = (self.numbers.last_mut(), self.joined) {
            *sum /= f64::from(self.joined + 1);
        }
        self.joined = 0;
    }

    /// The unit that is read, and the unit that is used.
    pub(super) fn units(&self, head: &Head) -> ColumnUnits {
        head.units(self.place, self.unit.as_deref())
    }
}

/// Whether a field stands for no value: it is empty, a word that programs write for one, or two dashes or more.
fn is_gap(field: &str) -> bool {
    let is_word = ["", "nan", "na", "n/a", "#n/a", "null"]
        .iter()
        .any(|word| field.eq_ignore_ascii_case(word));
    is_word
        || field.len() > 1
            && field
                .chars()
                .all(|letter| ['-', '–', '—'].contains(&letter))
}
