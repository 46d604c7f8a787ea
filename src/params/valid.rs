//! [`Params`]: valid parameters of one run.

use super::{
    canonical::Canonical,
    choice::{Layout, Precision},
    error::ParamsError,
    judge::Judge,
    raw::RawParams,
};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// Valid parameters of one run, as they were asked for; what follows from them is
/// [`Grid`](crate::grid::Grid) and [`Schedule`](crate::schedule::Schedule).
///
/// The fields are those of the [table of keys](super::keys::KEYS), in its order.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Params {
    /// Diffusion coefficient \[length²/time\].
    #[serde(rename = "D")]
    pub d: f64,
    /// Left end of the domain \[length\].
    pub x1: f64,
    /// Right end of the domain \[length\].
    pub x2: f64,
    /// Simulated time to reach \[time\].
    pub runtime: f64,
    /// Wanted spacing \[length\]; the grid's own divides the domain evenly.
    pub dx: f64,
    /// Simulated time per snapshot \[time\]; the schedule's own is a whole number of steps.
    pub outtime: f64,
    /// Whether the run draws its snapshots.
    pub graphics: bool,
    /// Where the nodes lie.
    pub grid: Layout,
    /// Type of the steps and the cube.
    pub precision: Precision,
}

impl Params {
    /// Reads a file and the `--set` options that override it.
    ///
    /// # Errors
    /// [`ParamsError`] for anything that is not a valid set of parameters.
    pub fn load(path: &Path, overrides: &[String]) -> Result<(Self, RawParams), ParamsError> {
        let mut raw = RawParams::read(path)?;
        for text in overrides {
            raw.set(text)?;
        }
        Ok((Self::from_raw(&raw)?, raw))
    }

    /// Judges what was typed: each key for itself, and some together.
    ///
    /// # Errors
    /// [`ParamsError`] with everything that is wrong.
    pub fn from_raw(raw: &RawParams) -> Result<Self, ParamsError> {
        let mut judge = Judge::new(raw);
        judge.refuse_unknown();
        let params = Self {
            d: judge.number("D"),
            x1: judge.number("x1"),
            x2: judge.number("x2"),
            runtime: judge.number("runtime"),
            dx: judge.number("dx"),
            outtime: judge.number("outtime"),
            graphics: judge.boolean("graphics"),
            grid: judge.choice("grid"),
            precision: judge.choice("precision"),
        };
        // A number that was refused is NaN here, of which no comparison holds.
        let Self { x1, x2, .. } = params;
        judge.refuse_if(params.d <= 0.0, "D", || {
            "D must be greater than 0".to_owned()
        });
        judge.refuse_if(x2 <= x1, "x2", || {
            format!("x2 must be greater than x1 = {x1:?}")
        });
        judge.refuse_if((x2 - x1).is_infinite(), "x2", || {
            format!("x2 - x1 (x1 = {x1:?}) is beyond the largest number")
        });
        judge.refuse_if(params.dx <= 0.0, "dx", || {
            "dx must be greater than 0".to_owned()
        });
        judge.refuse_if(params.runtime < 0.0, "runtime", || {
            "runtime must be 0 or greater".to_owned()
        });
        judge.refuse_if(params.outtime < 0.0, "outtime", || {
            "outtime must be 0 (a snapshot every step) or greater".to_owned()
        });
        let too_long = params.runtime >= 0.0 && params.outtime > params.runtime;
        judge.refuse_if(too_long, "outtime", || {
            let runtime = params.runtime;
            format!("outtime must not be larger than runtime = {runtime:?}")
        });
        judge.verdict(params)
    }

    /// Every parameter, as a journal holds them.
    #[must_use]
    pub fn canonical(&self) -> Canonical {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map.into(),
            _ => unreachable!("a struct of plain values is an object"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{Choice, canonical::default_of, keys::KEYS};

    fn params(text: &str) -> Result<Params, String> {
        let raw = RawParams::parse("p.toml", text).unwrap();
        Params::from_raw(&raw).map_err(|error| error.to_string())
    }

    const SEED: &str = "D = 1\nx1 = -10\nx2 = 10\nruntime = 15\ndx = 0.0667\nouttime = 0.5\n";

    #[test]
    fn the_canonical_form_has_every_key_in_order() {
        let canonical = params(SEED).unwrap().canonical();
        let names: Vec<String> = canonical
            .pairs()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, KEYS.each_ref().map(|key| key.name));
        for (name, value) in canonical.pairs() {
            let key = KEYS.iter().find(|key| key.name == name).unwrap();
            if let Some(default) = default_of(key) {
                assert_eq!(*value, default, "{name}");
            }
        }
    }

    #[test]
    fn the_canonical_form_is_read_back() {
        for (layout, precision) in Layout::ALL.iter().zip(Precision::ALL.iter().cycle()) {
            let (layout, precision) = (layout.name(), precision.name());
            let text = format!("{SEED}grid = '{layout}'\nprecision = '{precision}'\n");
            let params = params(&text).unwrap();
            let back = Params::from_raw(&RawParams::from_canonical(&params.canonical()));
            assert_eq!(back.unwrap(), params);
            assert_eq!(params.grid.name(), layout);
            assert_eq!(params.precision.name(), precision);
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let error =
            params("D = 0\nx1 = 'a'\nx2 = 1\nrun_time = 1\ndx = nan\nouttime = -1\n").unwrap_err();
        let lines: Vec<&str> = error.lines().collect();
        let expected = [
            "p.toml:4: there is no parameter run_time (= 1), did you mean runtime?",
            "p.toml:2: x1 = \"a\" is a string",
            "p.toml:5: dx = nan cannot be used",
            "p.toml:1: D = 0 cannot be used",
            "p.toml:6: outtime = -1 cannot be used",
        ];
        assert_eq!(lines.len(), expected.len(), "{error}");
        for (line, beginning) in lines.iter().zip(expected) {
            assert!(line.starts_with(beginning), "{line}");
        }
    }
}
