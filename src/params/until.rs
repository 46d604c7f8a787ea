//! [`Until`]: when a run ends before `runtime`.

use super::{judge::Judge, value::number};
use serde_json::json;

/// A run ends with the first snapshot that is not before `after` and has changed by less than `steady` per time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Until {
    /// Change per time since the preceding snapshot \[density/time\].
    pub steady: f64,
    /// The earliest end \[time\].
    pub after: f64,
}

impl Until {
    /// NaN stands for what was refused.
    pub(super) fn take(judge: &mut Judge<'_>) -> Option<Self> {
        const KEY: &str = "until";
        if !judge.is_typed(KEY) {
            return None;
        }
        let until = judge.convert(KEY, |value| {
            let of = |name: &str| value.get(name).map_or(Some(0.0), number);
            let until = of("steady").zip(of("after"));
            until
                .filter(|(steady, after)| steady.is_finite() && after.is_finite())
                .ok_or(None)
        });
        let (steady, after) = until.unwrap_or((f64::NAN, f64::NAN));
        judge.refuse_if(steady <= 0.0, KEY, || {
            "the rate must be greater than 0".to_owned()
        });
        let mut taken = json!({ "steady": steady });
        if after != 0.0 {
            taken["after"] = json!(after);
        }
        judge.note(KEY, taken);
        Some(Self { steady, after })
    }
}
