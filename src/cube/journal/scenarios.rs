//! [`Scenarios`]: the scenarios of a sweep, stored compactly because there may be a million.

use super::scenario::Scenario;
use crate::{params::rename_files, schedule::Nper};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Number, Value};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// The scenarios of a sweep, in the order of the cube's first axis. Stored are the first scenario, and for every key
/// that differs somewhere the values of all scenarios.
#[derive(Clone, PartialEq, Serialize)]
pub struct Scenarios {
    #[serde(flatten)]
    first: Scenario,
    #[serde(serialize_with = "shared")]
    varied: Arc<Varied>,
    #[serde(skip)]
    count: usize,
}

/// Values of all scenarios by the names of their keys in line 1, dotted in tables: `params.D`, `dt`.
pub(super) type Varied = BTreeMap<String, ScenarioValues>;

/// The values of a key, one for each scenario; null where a scenario has no such key.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum ScenarioValues {
    Numbers(Vec<Number>),
    Any(Vec<Value>),
}

impl ScenarioValues {
    fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Numbers(numbers), Value::Number(number)) => numbers.push(number),
            (Self::Any(values), value) => values.push(value),
            (numbers, value) => {
                let mut values = numbers.to_vec();
                values.push(value);
                *numbers = Self::Any(values);
            }
        }
    }

    fn to_vec(&self) -> Vec<Value> {
        (0..self.len()).filter_map(|at| self.get(at)).collect()
    }

    fn get(&self, number: usize) -> Option<Value> {
        match self {
            Self::Numbers(numbers) => numbers.get(number).cloned().map(Value::Number),
            Self::Any(values) => values.get(number).cloned(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Any(values) => values.len(),
        }
    }
}

impl Scenarios {
    /// Begins a list with its first scenario.
    pub fn new(first: Scenario) -> Self {
        Self {
            first,
            varied: Arc::default(),
            count: 1,
        }
    }

    /// Reads the scenarios that line 1 describes; `None` if a key does not have a value for each scenario.
    pub(super) fn read(first: Scenario, varied: Varied, count: usize) -> Option<Self> {
        let is_for_each = varied.values().all(|values| values.len() == count);
        is_for_each.then(|| Self {
            first,
            varied: Arc::new(varied),
            count,
        })
    }

    /// Adds a scenario.
    pub fn push(&mut self, scenario: &Scenario) {
        let (first_keys, new_keys) = (keys(&self.first), keys(scenario));
        let varied = Arc::make_mut(&mut self.varied);
        for name in first_keys.keys().chain(new_keys.keys()) {
            // Equal numbers may differ: 0.0 and -0.0.
            let [first_value, new_value] =
                [&first_keys, &new_keys].map(|keys| keys.get(name).map(Value::to_string));
            if first_value != new_value && !varied.contains_key(name) {
                let mut values = ScenarioValues::Numbers(Vec::new());
                for _ in 0..self.count {
                    values.push(first_keys.get(name).cloned().unwrap_or_default());
                }
                varied.insert(name.clone(), values);
            }
        }
        for (name, values) in varied {
            values.push(new_keys.get(name).cloned().unwrap_or_default());
        }
        self.count += 1;
    }

    /// The scenarios with other names of files, where `rename` gives one.
    pub(super) fn with_files(self, rename: &impl Fn(&str) -> Option<String>) -> Self {
        let mut varied = Varied::clone(&self.varied);
        for (name, values) in &mut varied {
            let key = name.rsplit('.').next().unwrap_or(name);
            if let ScenarioValues::Any(values) = values {
                for value in values {
                    rename_files(key, value, rename);
                }
            }
        }
        Self {
            first: self.first.with_files(rename),
            varied: Arc::new(varied),
            count: self.count,
        }
    }

    /// The number of scenarios.
    #[allow(clippy::len_without_is_empty, reason = "a sweep has a scenario")]
    pub fn len(&self) -> usize {
        self.count
    }

    /// The scenario with this number; `None` also if its values do not make a valid scenario.
    pub fn get(&self, number: usize) -> Option<Scenario> {
        if number >= self.count {
            return None;
        }
        let mut keys = serde_json::to_value(&self.first).ok()?;
        for (name, values) in &*self.varied {
            put(keys.as_object_mut()?, name, values.get(number)?);
        }
        serde_json::from_value(keys).ok()
    }

    /// The scenarios in their order.
    pub fn iter(&self) -> impl Iterator<Item = Scenario> {
        (0..self.len()).filter_map(|number| self.get(number))
    }

    /// The number of snapshots of a scenario, with the initial state.
    ///
    /// # Panics
    /// If there is no such scenario.
    pub fn snapshots_of(&self, number: usize) -> u64 {
        let steps = self.steps(number);
        let (nsteps, nper) = steps.unwrap_or_else(|| panic!("there is no scenario {number}"));
        nper.snapshots(nsteps)
    }

    /// The number of steps of a scenario, and of steps per snapshot.
    pub(super) fn steps(&self, number: usize) -> Option<(u64, Nper)> {
        let is_there = number < self.count;
        let nsteps = match self.varied.get("nsteps") {
            Some(values) => values.get(number)?.as_u64(),
            None => is_there.then_some(self.first.nsteps),
        };
        let nper = match self.varied.get("nper") {
            Some(values) => serde_json::from_value(values.get(number)?).ok(),
            None => is_there.then(|| self.first.nper.clone()),
        };
        nsteps.zip(nper)
    }

    /// The parameters whose values differ between scenarios, in the order of the first scenario. For a parameter that
    /// is a table, the differing entries of the table, such as `function.T.file`.
    pub(super) fn varied(&self) -> impl Iterator<Item = String> {
        let names = self.first.params.pairs().into_iter().map(|(name, _)| name);
        names.flat_map(|name| match self.varied.get(&of_parameter(&name)) {
            None => Vec::new(),
            Some(ScenarioValues::Numbers(_)) => vec![name],
            Some(ScenarioValues::Any(values)) => {
                differing(name, &values.iter().collect::<Vec<_>>())
            }
        })
    }
}

/// The dotted names of the differing entries below `name`, if all values are tables; otherwise `name` itself.
fn differing(name: String, values: &[&Value]) -> Vec<String> {
    let tables: Option<Vec<_>> = values.iter().map(|value| value.as_object()).collect();
    let Some(tables) = tables else {
        return vec![name];
    };
    let keys: BTreeSet<&String> = tables.iter().flat_map(|table| table.keys()).collect();
    let inner = keys.into_iter().flat_map(|key| {
        let values: Vec<&Value> = tables
            .iter()
            .map(|table| table.get(key).unwrap_or(&Value::Null))
            .collect();
        if values.windows(2).all(|pair| pair[0] == pair[1]) {
            Vec::new()
        } else {
            differing(format!("{name}.{key}"), &values)
        }
    });
    inner.collect()
}

/// The name of a parameter as a key of line 1.
fn of_parameter(name: &str) -> String {
    format!("params.{name}")
}

/// All keys of a scenario with their values, by dotted name.
fn keys(scenario: &Scenario) -> BTreeMap<String, Value> {
    let params = scenario.params.pairs().into_iter();
    let params = params.map(|(name, value)| (of_parameter(&name), value.clone()));
    let other_keys = match serde_json::to_value(scenario) {
        Ok(Value::Object(keys)) => keys,
        _ => Map::new(),
    };
    let other_keys = other_keys.into_iter().filter(|(name, _)| name != "params");
    params.chain(other_keys).collect()
}

/// Sets a key; null removes it, and removes a table that has no keys left.
fn put(table: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        Some((name, key)) => {
            let inner = table
                .entry(name)
                .or_insert_with(|| Value::Object(Map::new()));
            if let Some(inner) = inner.as_object_mut() {
                put(inner, key, value);
                if inner.is_empty() {
                    table.shift_remove(name);
                }
            }
        }
        None if value.is_null() => drop(table.shift_remove(name)),
        None => drop(table.insert(name.to_owned(), value)),
    }
}

fn shared<S: Serializer>(varied: &Varied, serializer: S) -> Result<S::Ok, S::Error> {
    varied.serialize(serializer)
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
            Just(0.0),
            Just(-0.0),
            Just(1.0),
            any::<f32>().prop_map(f64::from)
        ];
        let few = few.prop_filter("JSON has finite numbers", |value: &f64| value.is_finite());
        (few, 0..3_u64, -2..3_i64, 0..4_usize, any::<bool>()).prop_map(
            |(real, count, integer, form, flag)| {
                let text = match form {
                    0 => format!(r#"{{"D":{real:?},"Dx":{real:?},"kx":{integer},"flag":{flag}}}"#),
                    1 => format!(r#"{{"D":1.0,"Dx":{real:?},"kx":"{integer}","flag":{flag}}}"#),
                    2 => format!(
                        r#"{{"initial":{{"range":[{real:?},{count}]}},"D":{{"file":"D.npy"}}}}"#
                    ),
                    _ => r#"{"D":1}"#.to_owned(),
                };
                Scenario {
                    params: serde_json::from_str(&text).unwrap(),
                    dx: 0.5,
                    dy: real,
                    dt: 0.25,
                    nsteps: count * 7,
                    nper: Nper::Every(1 + count),
                    stages: (count > 0).then_some(count),
                }
            },
        )
    }

    proptest! {
        #[test]
        fn every_scenario_comes_back_to_the_bit(
            all in proptest::collection::vec(any_scenario(), 1..40)
        ) {
            let mut scenarios = Scenarios::new(all[0].clone());
            all[1..].iter().for_each(|one| scenarios.push(one));
            let text = |keys: BTreeMap<String, Value>| serde_json::to_string(&keys).unwrap();
            for (number, scenario) in all.iter().enumerate() {
                let found = scenarios.get(number).unwrap();
                prop_assert_eq!(text(keys(&found)), text(keys(scenario)));
                prop_assert_eq!(scenarios.steps(number), Some((scenario.nsteps, scenario.nper.clone())));
            }
            prop_assert_eq!(scenarios.get(all.len()), None);
            let varied = serde_json::to_string(&*scenarios.varied).unwrap();
            let varied = serde_json::from_str(&varied).unwrap();
            let read = Scenarios::read(all[0].clone(), varied, all.len());
            prop_assert!(read == Some(scenarios));
        }
    }
}
