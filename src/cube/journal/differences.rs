//! The differences between two headers, as sentences.

use super::header::Header;
use diff2d_arrays::wording::excerpt;
use serde_json::Value;
use std::{borrow::Cow, path::Path};

/// The largest number of differences that are listed.
const MOST_DIFFERENCES: usize = 20;

impl Header {
    /// The differences between this cube and an existing one in all that decides bits: `D was 1.0 and is 2.0, …`; empty
    /// if there are none.
    #[must_use]
    pub fn differences_from(&self, begun: &Self) -> String {
        self.differences(begun, &[])
    }

    /// The differences between this cube and one that could be its beginning. The end of the run may differ, and the
    /// parameters that determine the time step, but not the time step itself.
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
        if self.is_sweep() != begun.is_sweep() {
            return format!("it was {} and is {}", kind(begun), kind(self));
        }
        if (&self.content, &self.inputs) == (&begun.content, &begun.inputs) {
            return String::new();
        }
        let mut differences = Vec::new();
        for number in 0..begun.scenario_count().max(self.scenario_count()) {
            let [old_named, new_named] = [begun, self].map(|header| {
                let scenario = header.scenario(number).map(Cow::into_owned);
                scenario.map(|scenario| scenario.params).unwrap_or_default()
            });
            let old_params = old_named.with_digests(&begun.inputs);
            let new_params = new_named.clone().with_digests(&self.inputs);
            let scenario_suffix = if self.is_sweep() {
                format!(" of scenario {number}")
            } else {
                String::new()
            };
            for (key, old_value, new_value) in new_params.differences_from(&old_params) {
                let has_later_times = key == "outtimes"
                    && !ignored.is_empty()
                    && begins_with(new_value.as_ref(), old_value.as_ref());
                let table = key.split('.').next().unwrap_or(&key);
                if !ignored.contains(&table) && !has_later_times {
                    let file = new_named
                        .value(&key)
                        .filter(|file| Some(*file) != new_value.as_ref());
                    let directory = Path::new(self.directory.as_deref().unwrap_or_default());
                    let place = file.and_then(Value::as_str);
                    let place = place.map(|file| format!(" ({})", directory.join(file).display()));
                    differences.push(format!(
                        "{key}{scenario_suffix} was {} and is {}{}",
                        shown(old_value.as_ref()),
                        shown(new_value.as_ref()),
                        place.unwrap_or_default()
                    ));
                }
            }
            if differences.len() > MOST_DIFFERENCES {
                differences.truncate(MOST_DIFFERENCES);
                differences.push("and more".to_owned());
                break;
            }
        }
        match (self.run(), begun.run()) {
            // A default that has changed since then.
            (Some(new_run), Some(old_run))
                if differences.is_empty() && ignored.is_empty() && new_run.dt != old_run.dt =>
            {
                format!("dt was {} and is {}", old_run.dt, new_run.dt)
            }
            _ => differences.join(", "),
        }
    }
}

/// The most characters that are shown of a value; a digest has fewer.
const LONGEST: usize = 80;

/// A value as a sentence shows it.
fn shown(value: Option<&Value>) -> String {
    value.map_or_else(
        || "absent".to_owned(),
        |value| excerpt(&value.to_string(), LONGEST),
    )
}

fn kind(header: &Header) -> &'static str {
    if header.is_sweep() {
        "a sweep"
    } else {
        "a run"
    }
}

/// Whether a list begins with all values of another one.
fn begins_with(list: Option<&Value>, beginning: Option<&Value>) -> bool {
    let [list, beginning] = [list, beginning].map(|value| value.and_then(Value::as_array));
    list.zip(beginning)
        .is_some_and(|(list, beginning)| list.starts_with(beginning))
}
