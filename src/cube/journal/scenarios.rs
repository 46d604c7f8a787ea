//! [`Scenarios`]: the scenarios of a sweep, of which there may be a million, in little memory.

use super::scenario::Scenario;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use std::{collections::HashMap, fmt, sync::Arc};

/// The scenarios of a sweep, in the order of the cube's first axis.
///
/// What they have in common is held once. A number that differs takes eight bytes a scenario, and none
/// where another number is always equal to it, as `Dx` is to `D`.
#[derive(Clone, PartialEq)]
pub struct Scenarios(Arc<Table>);

/// A row for each scenario: its form, the numbers beside its parameters, those among its parameters.
#[derive(Debug, PartialEq, Default)]
struct Table {
    rows: usize,
    /// Parameters with a placeholder for each number; most sweeps have one form.
    forms: Vec<Map<String, Value>>,
    columns: Vec<Column>,
}

/// The column of the form.
const FORM: usize = 0;
/// The columns of steps and of steps per snapshot.
const NSTEPS: usize = 4;
const NPER: usize = 5;

/// The bits of one number of every scenario.
#[derive(Debug, PartialEq)]
struct Column {
    first: u64,
    /// So many scenarios have `first`, up to the first that has not.
    equal: usize,
    rest: Rest,
}

/// What follows the values that are equal to the first.
#[derive(Debug, PartialEq)]
enum Rest {
    Own(Vec<u64>),
    /// In every row that of an earlier column.
    Of(usize),
}

impl Scenarios {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.rows
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.rows == 0
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<Scenario> {
        (number < self.len()).then(|| self.0.row(number))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Scenario> {
        (0..self.len()).map(|number| self.0.row(number))
    }

    /// Number of snapshots of a scenario, the initial state included.
    ///
    /// # Panics
    /// When there is no such scenario.
    #[must_use]
    pub fn snapshots_of(&self, number: usize) -> u64 {
        let (nsteps, nper) = self
            .steps(number)
            .unwrap_or_else(|| panic!("there is no scenario {number}"));
        1 + nsteps / nper
    }

    /// Steps of a scenario, and steps per snapshot.
    pub(super) fn steps(&self, number: usize) -> Option<(u64, u64)> {
        (number < self.len()).then(|| (self.0.bits(NSTEPS, number), self.0.bits(NPER, number)))
    }
}

impl Table {
    fn row(&self, row: usize) -> Scenario {
        let mut bits = (1..self.columns.len()).map(|column| self.bits(column, row));
        let mut next = || bits.next().unwrap_or(0);
        let [dx, dy, dt] = [(); 3].map(|()| f64::from_bits(next()));
        let (nsteps, nper) = (next(), next());
        let form = usize::try_from(self.bits(FORM, row)).unwrap_or(usize::MAX);
        let mut params = self.forms[form].clone();
        each_number(&mut params, &mut |number| {
            *number = of_bits(number, next());
        });
        Scenario {
            params: params.into(),
            dx,
            dy,
            dt,
            nsteps,
            nper,
        }
    }

    fn bits(&self, column: usize, row: usize) -> u64 {
        let column = &self.columns[column];
        match &column.rest {
            _ if row < column.equal => column.first,
            Rest::Own(rest) => rest[row - column.equal],
            Rest::Of(other) => self.bits(*other, row),
        }
    }

    /// Appends a value to a column, to which earlier columns may have been appended already.
    fn append(&mut self, number: usize, value: u64) {
        if number == self.columns.len() {
            self.columns.push(Column {
                first: if self.rows == 0 { value } else { 0 },
                equal: self.rows,
                rest: Rest::Own(Vec::new()),
            });
        }
        let (before, behind) = self.columns.split_at_mut(number);
        let column = &mut behind[0];
        let begins_alike = |other: &Column| match &other.rest {
            Rest::Own(rest) => {
                (other.first, other.equal, rest.as_slice())
                    == (column.first, column.equal, &[value])
            }
            Rest::Of(_) => false,
        };
        match &mut column.rest {
            Rest::Own(rest) if rest.is_empty() && value == column.first => column.equal += 1,
            Rest::Own(rest) if rest.is_empty() => match before.iter().position(begins_alike) {
                Some(other) => column.rest = Rest::Of(other),
                None => rest.push(value),
            },
            Rest::Own(rest) => rest.push(value),
            Rest::Of(other) => {
                let Rest::Own(of_other) = &before[*other].rest else {
                    unreachable!("a column is compared with columns of their own values")
                };
                if of_other.last() != Some(&value) {
                    let mut rest = of_other[..of_other.len() - 1].to_vec();
                    rest.push(value);
                    column.rest = Rest::Own(rest);
                }
            }
        }
    }
}

/// [`Scenarios`] to which more are added.
#[derive(Debug, Default)]
pub struct Gathered {
    table: Table,
    /// The numbers of the forms by their text, which tells the order of keys, too.
    forms: HashMap<String, u64>,
    numbers: Vec<u64>,
}

impl Gathered {
    /// Adds a scenario.
    pub fn push(&mut self, scenario: Scenario) {
        let mut form = scenario.params.into_map();
        self.numbers.clear();
        self.numbers
            .extend([0, scenario.dx.to_bits(), scenario.dy.to_bits()]);
        self.numbers
            .extend([scenario.dt.to_bits(), scenario.nsteps, scenario.nper]);
        each_number(&mut form, &mut |number| {
            self.numbers.push(bits_of(number));
            *number = placeholder(number);
        });
        let text = serde_json::to_string(&form).unwrap_or_default();
        let forms = &mut self.table.forms;
        self.numbers[FORM] = *self.forms.entry(text).or_insert_with(|| {
            forms.push(form);
            forms.len() as u64 - 1
        });
        for column in 0..self.numbers.len().max(self.table.columns.len()) {
            let value = self.numbers.get(column).copied().unwrap_or(0);
            self.table.append(column, value);
        }
        self.table.rows += 1;
    }

    /// All of them.
    #[must_use]
    pub fn finish(mut self) -> Scenarios {
        for column in &mut self.table.columns {
            if let Rest::Own(rest) = &mut column.rest {
                rest.shrink_to_fit();
            }
        }
        Scenarios(Arc::new(self.table))
    }
}

/// Passes every number of a table and of what is in it, in order.
fn each_number(table: &mut Map<String, Value>, take: &mut impl FnMut(&mut Number)) {
    fn of_value(value: &mut Value, take: &mut impl FnMut(&mut Number)) {
        match value {
            Value::Number(number) => take(number),
            Value::Array(values) => values.iter_mut().for_each(|value| of_value(value, take)),
            Value::Object(table) => each_number(table, take),
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }
    table.values_mut().for_each(|value| of_value(value, take));
}

/// A number of the same kind.
fn placeholder(number: &Number) -> Number {
    of_bits(
        number,
        if number.is_i64() && !number.is_u64() {
            u64::MAX
        } else {
            0
        },
    )
}

fn bits_of(number: &Number) -> u64 {
    let signed = || number.as_i64().map(i64::cast_unsigned);
    let integer = number.as_u64().or_else(signed);
    integer.unwrap_or_else(|| number.as_f64().unwrap_or_default().to_bits())
}

/// The number of the kind of `like` that has these bits.
fn of_bits(like: &Number, bits: u64) -> Number {
    match like {
        _ if like.is_u64() => bits.into(),
        _ if like.is_i64() => bits.cast_signed().into(),
        _ => Number::from_f64(f64::from_bits(bits))
            .unwrap_or_else(|| unreachable!("JSON has no number that is not finite")),
    }
}

impl FromIterator<Scenario> for Scenarios {
    fn from_iter<I: IntoIterator<Item = Scenario>>(scenarios: I) -> Self {
        let mut gathered = Gathered::default();
        scenarios.into_iter().for_each(|one| gathered.push(one));
        gathered.finish()
    }
}

impl Serialize for Scenarios {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scenarios {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneByOne;
        impl<'de> Visitor<'de> for OneByOne {
            type Value = Scenarios;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of scenarios")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scenarios, A::Error> {
                let mut gathered = Gathered::default();
                while let Some(scenario) = list.next_element()? {
                    gathered.push(scenario);
                }
                Ok(gathered.finish())
            }
        }
        deserializer.deserialize_seq(OneByOne)
    }
}

impl fmt::Debug for Scenarios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} scenarios", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Scenarios that share some of their values, in one to three forms.
    fn any_scenario() -> impl Strategy<Value = Scenario> {
        let few = prop_oneof![
            Just(0.5),
            Just(-0.0),
            Just(1.0),
            any::<f32>().prop_map(f64::from)
        ];
        let few = few.prop_filter("JSON has finite numbers", |value: &f64| value.is_finite());
        (few, 0..3_u64, -2..3_i64, 0..4_usize, any::<bool>()).prop_map(
            |(real, count, integer, form, flag)| {
                let text = match form {
                    0 => format!(r#"{{"D":{real:?},"Dx":{real:?},"kx":{integer},"flag":{flag}}}"#),
                    1 => format!(r#"{{"Dx":{real:?},"D":1.0,"kx":{integer},"flag":{flag}}}"#),
                    2 => format!(r#"{{"initial":{{"range":[{real:?},{count}]}},"top":"sin(t)"}}"#),
                    _ => r#"{"D":1}"#.to_owned(),
                };
                Scenario {
                    params: serde_json::from_str(&text).unwrap(),
                    dx: 0.5,
                    dy: real,
                    dt: 0.25,
                    nsteps: count * 7,
                    nper: 1 + count,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn every_scenario_comes_back_letter_for_letter(
            all in proptest::collection::vec(any_scenario(), 0..40)
        ) {
            let held: Scenarios = all.iter().cloned().collect();
            prop_assert_eq!(held.len(), all.len());
            let text = serde_json::to_string(&all).unwrap();
            prop_assert_eq!(serde_json::to_string(&held).unwrap(), text.as_str());
            for (number, scenario) in all.iter().enumerate() {
                let found = held.get(number);
                prop_assert_eq!(found.as_ref(), Some(scenario));
                prop_assert_eq!(held.steps(number), Some((scenario.nsteps, scenario.nper)));
            }
            prop_assert_eq!(held.get(all.len()), None);
            prop_assert!(serde_json::from_str::<Scenarios>(&text).unwrap() == held);
        }
    }

    #[test]
    fn numbers_that_are_always_equal_are_held_once() {
        let held: Scenarios = (0..1000)
            .map(|number| {
                let value = f64::from(number) * 0.001;
                let params = format!(r#"{{"D":{value:?},"Dx":{value:?},"Dy":{value:?},"x1":0.0}}"#);
                Scenario {
                    params: serde_json::from_str(&params).unwrap(),
                    dx: 0.1,
                    dy: 0.1,
                    dt: 0.5,
                    nsteps: 10,
                    nper: 2,
                }
            })
            .collect();
        let values = |column: &Column| match &column.rest {
            Rest::Own(rest) => rest.capacity(),
            Rest::Of(_) => 0,
        };
        assert_eq!(held.0.columns.iter().map(values).sum::<usize>(), 999);
    }
}
