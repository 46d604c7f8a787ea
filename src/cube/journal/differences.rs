//! In what two headers differ.

use super::header::Header;
use diff2d_arrays::wording::excerpt;
use serde_json::Value;
use std::borrow::Cow;

/// More differences than these are not listed.
const MOST_DIFFERENCES: usize = 20;

impl Header {
    /// In what this cube differs from one that was begun, of all that decides bits:
    /// `D was 1.0 and is 2.0, …`; empty when it does not.
    #[must_use]
    pub fn differences_from(&self, begun: &Self) -> String {
        self.differences(begun, &[])
    }

    /// In what this cube differs from one that could be its beginning: only when it is to end may differ, and what the
    /// time step follows from.
    #[must_use]
    pub fn differences_from_beginning(&self, shorter: &Self) -> String {
        let differences = self.differences(shorter, &["runtime", "until", "dt", "safety"]);
        match (self.run(), shorter.run()) {
            // The longer run may meet walls that allow only a smaller step.
            (Some(is), Some(was)) if differences.is_empty() && is.dt != was.dt => {
                format!(
                    "dt was {} and is {} (with --set dt={} the longer run goes on where that is stable until its end, else a shorter one that has dt = {} can be extended)",
                    was.dt, is.dt, was.dt, is.dt
                )
            }
            _ => differences,
        }
    }

    fn differences(&self, begun: &Self, ignored: &[&str]) -> String {
        let shown = |value: Option<&Value>| {
            value.map_or_else(
                || "absent".to_owned(),
                |value| excerpt(&value.to_string(), 60),
            )
        };
        if self.is_sweep() != begun.is_sweep() {
            let what = |header: &Self| {
                if header.is_sweep() {
                    "a sweep"
                } else {
                    "a run"
                }
            };
            return format!("it was {} and is {}", what(begun), what(self));
        }
        if (&self.content, &self.inputs) == (&begun.content, &begun.inputs) {
            return String::new();
        }
        let mut found = Vec::new();
        for number in 0..begun.scenario_count().max(self.scenario_count()) {
            let [was, is] = [begun, self].map(|header| {
                let scenario = header.scenario(number).map(Cow::into_owned);
                let params = scenario.map(|scenario| scenario.params);
                params.unwrap_or_default().with_digests(&header.inputs)
            });
            let of = match self.is_sweep() {
                true => format!(" of scenario {number}"),
                false => String::new(),
            };
            for (key, was, is) in is.differences_from(&was) {
                let goes_on = || begins_with(is.as_ref(), was.as_ref());
                let is_later = key == "outtimes" && !ignored.is_empty() && goes_on();
                let table = key.split('.').next().unwrap_or(&key);
                if !ignored.contains(&table) && !is_later {
                    let (was, is) = (shown(was.as_ref()), shown(is.as_ref()));
                    found.push(format!("{key}{of} was {was} and is {is}"));
                }
            }
            if found.len() > MOST_DIFFERENCES {
                found.truncate(MOST_DIFFERENCES);
                found.push("and more".to_owned());
                break;
            }
        }
        match (self.run(), begun.run()) {
            // A default that has changed since then.
            (Some(is), Some(was)) if found.is_empty() && ignored.is_empty() && is.dt != was.dt => {
                format!("dt was {} and is {}", was.dt, is.dt)
            }
            _ => found.join(", "),
        }
    }
}

/// Whether a list is another one with more behind it.
fn begins_with(list: Option<&Value>, beginning: Option<&Value>) -> bool {
    let [list, beginning] = [list, beginning].map(|value| value.and_then(Value::as_array));
    list.zip(beginning)
        .is_some_and(|(list, beginning)| list.starts_with(beginning))
}
