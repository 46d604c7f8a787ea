//! [`Scenarios`]: the scenarios of a sweep, of which there may be a million, in little memory.

use super::scenario::Scenario;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{SeqAccess, Visitor},
};
use std::{
    fmt::{self, Write as _},
    sync::Arc,
};

/// The scenarios of a sweep, in the order of the cube's first axis.
///
/// Of each one is held in what its JSON differs from that of the first.
#[derive(Clone, Default, PartialEq)]
pub struct Scenarios(Arc<Held>);

#[derive(Clone, Default, PartialEq)]
struct Held {
    /// The JSON of the first, divided at its commas.
    first: Vec<String>,
    /// Of each a line for every piece that is another: its number, a tab, the piece. Of one that has more or fewer
    /// pieces the whole JSON. JSON itself has neither tabs nor ends of lines.
    differences: String,
    /// Where those of each end.
    ends: Vec<usize>,
    /// Steps of each, and steps per snapshot.
    steps: Vec<(u64, u64)>,
}

impl Scenarios {
    /// Adds one.
    pub fn push(&mut self, scenario: &Scenario) {
        let held = Arc::make_mut(&mut self.0);
        let text = serde_json::to_string(scenario)
            .unwrap_or_else(|error| unreachable!("a scenario always has a JSON form: {error}"));
        let pieces = text.split(',');
        if held.ends.is_empty() {
            held.first = pieces.clone().map(str::to_owned).collect();
        }
        if pieces.clone().count() == held.first.len() {
            for (number, (piece, first)) in pieces.zip(&held.first).enumerate() {
                if piece != first {
                    // Writing to a string cannot fail.
                    let _ = writeln!(held.differences, "{number}\t{piece}");
                }
            }
        } else {
            held.differences.push_str(&text);
        }
        held.ends.push(held.differences.len());
        held.steps.push((scenario.nsteps, scenario.nper));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<Scenario> {
        let held = &*self.0;
        let end = *held.ends.get(number)?;
        let start = number.checked_sub(1).map_or(0, |before| held.ends[before]);
        let differences = &held.differences[start..end];
        let scenario = match differences.is_empty() || differences.contains('\t') {
            true => {
                let mut pieces: Vec<&str> = held.first.iter().map(String::as_str).collect();
                for line in differences.lines() {
                    let (number, piece) = line.split_once('\t')?;
                    pieces[number.parse::<usize>().ok()?] = piece;
                }
                serde_json::from_str(&pieces.join(","))
            }
            false => serde_json::from_str(differences),
        };
        Some(scenario.unwrap_or_else(|error| unreachable!("it was a scenario before: {error}")))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Scenario> {
        (0..self.len()).filter_map(|number| self.get(number))
    }

    /// Number of snapshots of a scenario, the initial state included.
    ///
    /// # Panics
    /// When there is no such scenario.
    #[must_use]
    pub fn snapshots_of(&self, number: usize) -> u64 {
        let (nsteps, nper) = self.0.steps[number];
        1 + nsteps / nper
    }

    /// Steps of a scenario, and steps per snapshot.
    pub(super) fn steps(&self, number: usize) -> Option<(u64, u64)> {
        self.0.steps.get(number).copied()
    }
}

impl FromIterator<Scenario> for Scenarios {
    fn from_iter<I: IntoIterator<Item = Scenario>>(scenarios: I) -> Self {
        let mut all = Self::default();
        scenarios.into_iter().for_each(|one| all.push(&one));
        all
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
                let mut all = Scenarios::default();
                while let Some(scenario) = list.next_element()? {
                    all.push(&scenario);
                }
                Ok(all)
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
    fn what_all_have_in_common_is_held_once() {
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
        assert!(held.0.differences.len() < 60 * held.len());
    }
}
