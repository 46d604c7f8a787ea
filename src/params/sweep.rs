//! [`SweepParams`]: one parameter file and the values that some of its keys take.
//!
//! ```toml
//! params = "diff2dparams.toml"   # beside this file
//! combine = "product"            # every D with every dx; "zip" takes the first with the first …
//! D = [0.5, 1, 2]
//! runtime = { from = 1, to = 100, count = 3, scale = "log" }
//! outtime = 0.5                  # one value for all
//! samples.file = "samples.csv"   # in place of lists: a table, whose headings are keys and whose rows are scenarios
//! ```

use super::{
    choice::choice,
    error::ParamsError,
    judge::Judge,
    keys::{self, KEYS, SWEEP_KEYS},
    place::Place,
    raw::RawParams,
    samples::samples,
    spelling::hint,
    valid::Params,
    value::number,
    varied::{MOST_SCENARIOS, Varied},
};
use crate::fault::Fault;
use std::{collections::HashSet, path::Path};

/// The number of different errors after which no more scenarios are checked.
const MOST_SENTENCES: usize = 20;

/// The parameters of every scenario of a sweep.
#[derive(Debug, Clone)]
pub struct SweepParams {
    /// The parameters that all scenarios share.
    base: RawParams,
    /// The keys that differ between scenarios, in the order of the file.
    varied: Vec<Varied>,
    combine: Combine,
    scenarios: usize,
}

/// The errors of the scenarios of a sweep, without repetitions.
#[derive(Debug, Default)]
pub(crate) struct WrongScenarios {
    errors: Vec<ParamsError>,
    sentences: HashSet<String>,
}

impl WrongScenarios {
    /// Adds an error, or several.
    pub(crate) fn add(&mut self, error: ParamsError) {
        match error {
            ParamsError::Several(errors) => errors.into_iter().for_each(|error| self.add(error)),
            error => {
                if self.sentences.insert(error.to_string()) {
                    self.errors.push(error);
                }
            }
        }
    }

    /// Whether there are as many errors as a user wants to read.
    pub(crate) fn is_enough(&self) -> bool {
        self.errors.len() >= MOST_SENTENCES
    }

    /// An error, if there were any.
    pub(crate) fn verdict(self) -> Result<(), ParamsError> {
        ParamsError::of_all(self.errors)
    }
}

choice! {
    /// How the values of several keys are combined.
    enum Combine {
        /// A scenario for every combination of a value of each key; the values of the last key change fastest.
        Product = "product",
        /// A scenario for the first value of each key, a scenario for the second value of each key, and so on.
        Zip = "zip",
    }
}

impl SweepParams {
    /// The parameter file that a sweep file names.
    pub fn file(&self) -> &Path {
        self.base.file()
    }

    /// Reads a sweep file and the parameter file it names.
    /// `overrides` are `key=value` texts for keys of the sweep file: a value, a list or a range.
    ///
    /// # Errors
    /// [`ParamsError`] if the file is not a sweep; scenarios are checked later, one by one.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self, ParamsError> {
        let sweep = RawParams::load(path, overrides)?;
        Self::of(&sweep, path.parent().unwrap_or(Path::new("")), None)
    }

    /// The sweep that the keys of a sweep file define. `base` are the parameters that are varied; if there are none,
    /// the key `params` names their file, relative to `directory`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of(
        sweep: &RawParams,
        directory: &Path,
        base: Option<RawParams>,
    ) -> Result<Self, ParamsError> {
        let is_one_number = |key: &&str| {
            let entry = sweep.typed().get(key);
            entry.is_some_and(|entry| number(&entry.value).is_some())
        };
        let names_no_file = base.is_none() && sweep.typed().get("params").is_none();
        if names_no_file && ["x1", "x2", "dx"].iter().all(is_one_number) {
            let file = sweep.file().display();
            let sentence = format!(
                "{file} describes one problem: a sweep has a file of its own, with a line params = \"{file}\" and lists such as D = [0.5, 1.0, 2.0]"
            );
            return Err(Fault::refused(sentence).into());
        }
        let mut judge = Judge::new(sweep);
        let mut combine: Combine = judge.choice("combine");
        let base_name = match base {
            Some(_) => String::new(),
            None => judge.word("params").unwrap_or_default(),
        };
        let (mut keys, mut unknown) = (Vec::new(), Vec::new());
        for entry in sweep.typed().entries() {
            let name = &*entry.name;
            if SWEEP_KEYS.iter().any(|key| key.name == name) {
                continue;
            }
            match keys::find(name).or_else(|| keys::element(name)) {
                Some(key) => keys.extend(judge.take(Varied::of(key, entry))),
                None => unknown.push(entry),
            }
        }
        if let Some(table) = judge.text_if_typed("samples.file") {
            combine = Combine::Zip;
            keys.extend(
                judge
                    .take(sampled_keys(sweep, &table, &keys))
                    .into_iter()
                    .flatten(),
            );
        }
        let complete_tables = Varied::complete_tables(&keys);
        let (shared_keys, varied): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|key| key.values.len() == 1);
        let shared: Vec<Varied> = complete_tables.into_iter().chain(shared_keys).collect();
        let known_names = KEYS.iter().chain(&SWEEP_KEYS).map(|key| key.name);
        judge.refuse_keys(&unknown, &known_names);
        let scenarios = judge.take(match combine {
            Combine::Product => product(&varied),
            Combine::Zip => zip(&varied),
        });
        let base = match (base, base_name.is_empty()) {
            (None, false) => judge.take(RawParams::read(&directory.join(base_name))),
            (base, _) => base,
        };
        let (Some(base), Some(scenarios)) = (base, scenarios) else {
            judge.verdict()?;
            unreachable!("what is absent was refused")
        };
        let params = Self {
            base: shared.iter().fold(base, |raw, key| key.give(0, raw)),
            varied,
            combine,
            scenarios,
        };
        // The errors of scenarios are reported together with the errors of the sweep file.
        if let Err(error) = judge.verdict() {
            let mut errors = WrongScenarios::default();
            errors.add(error);
            params.judge_each(&mut errors, |raw| Params::from_raw(&raw).map(drop));
            errors.verdict()?;
        }
        Ok(params)
    }

    /// Passes the parameters of every scenario to a check, and collects its errors.
    pub(crate) fn judge_each(
        &self,
        wrong: &mut WrongScenarios,
        mut judge: impl FnMut(RawParams) -> Result<(), ParamsError>,
    ) {
        for raw in self.scenarios() {
            if let Err(error) = judge(raw) {
                wrong.add(error);
            }
            if wrong.is_enough() {
                return;
            }
        }
    }

    /// The names of what differs between scenarios, in the order of the file.
    pub fn varied(&self) -> Vec<String> {
        self.varied.iter().map(|key| key.name.clone()).collect()
    }

    /// The parameters of every scenario, in order.
    pub fn scenarios(&self) -> impl Iterator<Item = RawParams> {
        (0..self.scenarios).map(|number| self.scenario(number))
    }

    /// The parameters of one scenario.
    pub fn scenario(&self, number: usize) -> RawParams {
        let values = self.values_of(number);
        values.fold(self.base.clone(), |raw, (key, index)| key.give(index, raw))
    }

    /// The parameters of scenario 0 with a single value of another one, for each key that varies, with the name of the key.
    pub(crate) fn single_changes(&self, number: usize) -> impl Iterator<Item = (&str, RawParams)> {
        let first_scenario = self.scenario(0);
        let values = self.values_of(number);
        values.map(move |(key, index)| (&*key.name, key.give(index, first_scenario.clone())))
    }

    /// The keys that vary, from the last one to the first, and the index of the value that each has in a scenario.
    fn values_of(&self, number: usize) -> impl Iterator<Item = (&Varied, usize)> {
        let mut quotient = number;
        self.varied.iter().rev().map(move |key| {
            let index = match self.combine {
                Combine::Product => quotient % key.values.len(),
                Combine::Zip => number,
            };
            quotient /= key.values.len();
            (key, index)
        })
    }
}

/// The keys that are headings of a table of samples, with the values of its rows; `others` are what varies besides.
fn sampled_keys(
    sweep: &RawParams,
    table: &str,
    others: &[Varied],
) -> Result<Vec<Varied>, ParamsError> {
    const KEY: &str = "samples.file";
    let refuse = |reason: String| sweep.refuse(KEY, reason);
    let typed = sweep.typed();
    let place = typed
        .get(KEY)
        .map_or(Place::Default, |entry| entry.place.clone());
    let sampled = samples(&place.path_to(table), &place).map_err(refuse)?;
    let lists = others.iter().filter(|key| key.values.len() > 1);
    if let Some(list) = lists.map(|key| key.name.as_str()).next() {
        return Err(refuse(format!(
            "it has all that varies, and {list} is a list: make it a column"
        )));
    }
    if typed.get("combine").is_some() {
        return Err(refuse(
            "its rows are the scenarios, and combine has nothing to combine".to_owned(),
        ));
    }
    for key in &sampled {
        let name = &key.name;
        if keys::find(name).or_else(|| keys::element(name)).is_none() {
            let hint = hint(name, KEYS.iter().map(|key| key.name));
            return Err(refuse(format!(
                "its heading {name:?} is no parameter{hint}; a constant is constants.NAME"
            )));
        }
        if others.iter().any(|other| other.name == *name) {
            return Err(refuse(format!(
                "{name} is one of its headings and stands in the sweep file, too"
            )));
        }
    }
    Ok(sampled)
}

/// The number of scenarios if every value is combined with every other.
fn product(varied: &[Varied]) -> Result<usize, ParamsError> {
    varied.iter().try_fold(1, |scenarios: usize, key| {
        Some(scenarios.saturating_mul(key.values.len()))
            .filter(|&scenarios| scenarios <= MOST_SCENARIOS)
            .ok_or_else(|| {
                let reason = format!("that makes more than {MOST_SCENARIOS} scenarios");
                ParamsError::syntax(&key.place, reason)
            })
    })
}

/// The common number of values of all keys.
fn zip(varied: &[Varied]) -> Result<usize, ParamsError> {
    let Some(first) = varied.first() else {
        return Ok(1);
    };
    let length = first.values.len();
    match varied.iter().find(|key| key.values.len() != length) {
        Some(other) => Err(ParamsError::syntax(
            &other.place,
            format!(
                "{} has {} values and {} has {length}; combine = \"zip\" takes one of each at a time",
                other.name,
                other.values.len(),
                first.name
            ),
        )),
        None => Ok(length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::value::{Value, number};
    use std::fs;

    const BASE: &str = "D = 1\nx1 = 0\nx2 = 1\nruntime = 1\ndx = 0.1\nouttime = 0.5\n";

    fn read(sweep: &str) -> Result<SweepParams, String> {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("base.toml"), BASE).unwrap();
        let path = directory.path().join("sweep.toml");
        fs::write(&path, sweep).unwrap();
        SweepParams::read(&path, &[]).map_err(|error| error.to_string())
    }

    fn numbers(sweep: &SweepParams, key: &'static str) -> Vec<f64> {
        let value = |raw: RawParams| number(&raw.typed().get(key).unwrap().value);
        sweep.scenarios().map(|raw| value(raw).unwrap()).collect()
    }

    #[test]
    fn the_last_key_of_a_product_goes_fastest() {
        let sweep =
            read("params = \"base.toml\"\nD = [1, 2]\ndx = [0.1, 0.2, 0.5]\nruntime = 3").unwrap();
        assert_eq!(sweep.varied(), ["D", "dx"]);
        assert_eq!(numbers(&sweep, "D"), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
        assert_eq!(numbers(&sweep, "dx"), [0.1, 0.2, 0.5, 0.1, 0.2, 0.5]);
        assert_eq!(numbers(&sweep, "runtime"), [3.0; 6]);
    }

    #[test]
    fn what_overrides_a_key_may_be_a_list() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("base.toml"), BASE).unwrap();
        let path = directory.path().join("sweep.toml");
        fs::write(&path, "params = \"base.toml\"\nD = [1, 2]").unwrap();
        let read = |text: &str| SweepParams::read(&path, &[text.to_owned()]).unwrap();
        assert_eq!(numbers(&read("D=[3, 4, 5]"), "D"), [3.0, 4.0, 5.0]);
        assert_eq!(numbers(&read("D=7"), "D"), [7.0]);
        assert_eq!(read("runtime=[2, 3]").varied(), ["D", "runtime"]);
        assert!(SweepParams::read(&path, &["E=1".to_owned()]).is_err());
    }

    #[test]
    fn zipped_keys_go_together_and_must_be_equally_long() {
        let text = "params = \"base.toml\"\ncombine = \"zip\"\nD = [1, 2]\nruntime = ";
        assert_eq!(
            numbers(&read(&format!("{text}[3, 4]")).unwrap(), "runtime"),
            [3.0, 4.0]
        );
        assert!(
            read(&format!("{text}[3, 4, 5]"))
                .unwrap_err()
                .contains("runtime has 3 values")
        );
    }

    #[test]
    fn the_rows_of_a_table_are_scenarios() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("base.toml"), BASE).unwrap();
        let path = directory.path().join("sweep.toml");
        let read = |table: &str, more: &str| {
            fs::write(directory.path().join("samples.csv"), table).unwrap();
            let text =
                format!("params = \"base.toml\"\nsamples = {{ file = \"samples.csv\" }}\n{more}");
            fs::write(&path, text).unwrap();
            SweepParams::read(&path, &[]).map_err(|error| error.to_string())
        };
        let table = "D [m2/s],initial.x0,constants.h,stages\n1.5,-1,2,3\n2,0.25,1e-3,4\n3,0,0,5\n";
        let sweep = read(table, "dx = 0.2").unwrap();
        assert_eq!(sweep.varied(), ["D", "initial.x0", "constants.h", "stages"]);
        assert_eq!(numbers(&sweep, "D"), [1.5, 2.0, 3.0]);
        assert_eq!(numbers(&sweep, "initial.x0"), [-1.0, 0.25, 0.0]);
        assert_eq!(numbers(&sweep, "dx"), [0.2; 3]);
        let stages = sweep.scenario(2).typed().get("stages").cloned();
        assert_eq!(stages.unwrap().value, Value::Integer(5));
        assert_eq!(numbers(&read("D;dt\n0,5;1\n", "").unwrap(), "D"), [0.5]);
        for (table, more, sentence) in [
            (
                "D,dt\n1,2\n3,\n",
                "",
                "line 3, column \"dt\": there is no value",
            ),
            ("D,dt\n1,a\n", "", "is no number"),
            ("D,dt\n", "", "headings alone"),
            (
                "D,h\n1,2\n",
                "",
                "its heading \"h\" is no parameter; a constant is constants.NAME",
            ),
            (
                "D,dt\n1,2\n",
                "dx = [0.1, 0.2]",
                "dx is a list: make it a column",
            ),
            (
                "D,dt\n1,2\n",
                "D = 3",
                "D is one of its headings and stands",
            ),
            (
                "D,dt\n1,2\n",
                "combine = \"zip\"",
                "combine has nothing to combine",
            ),
        ] {
            let error = read(table, more).unwrap_err();
            assert!(error.contains(sentence), "{table} {more}: {error}");
        }
    }

    #[test]
    fn a_sweep_has_a_million_scenarios_at_most() {
        let sweep = |count: u32| {
            read(&format!(
                "params = \"base.toml\"\nD = {{ from = 1, to = 2, count = 1000 }}\n\
                 runtime = {{ from = 1, to = 2, count = {count} }}"
            ))
        };
        assert!(sweep(1000).is_ok());
        assert!(sweep(1001).unwrap_err().contains("more than 1000000"));
    }

    #[test]
    fn both_ends_of_a_log_scale_are_positive() {
        let sweep = |ends: &str| {
            read(&format!(
                "params = \"base.toml\"\nD = {{ {ends}, count = 3, scale = \"log\" }}"
            ))
        };
        assert_eq!(
            numbers(&sweep("from = 1, to = 4").unwrap(), "D"),
            [1.0, 2.0, 4.0]
        );
        for ends in ["from = -1, to = 4", "from = 1, to = -4", "from = 0, to = 4"] {
            assert!(sweep(ends).unwrap_err().contains("greater than 0"));
        }
    }

    #[test]
    fn a_piece_of_a_table_may_vary() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("below")).unwrap();
        let base = format!("{BASE}initial = {{ kind = \"constant\", value = 1 }}\n");
        let base = base.replace("D = 1\n", "D = { image = \"D.png\", range = [1, 2] }\n");
        fs::write(directory.path().join("below/base.toml"), base).unwrap();
        let path = directory.path().join("sweep.toml");
        let all = |text: &str| -> Vec<String> {
            fs::write(&path, format!("params = \"below/base.toml\"\n{text}")).unwrap();
            let sweep = SweepParams::read(&path, &[]).unwrap();
            let mut names = sweep.varied().into_iter();
            assert!(names.all(|name| name.starts_with("D.") || name == "dx"));
            let values = sweep.scenarios().map(|raw| {
                let entries = raw.typed().entries_of("D");
                let values = entries.map(|entry| match entry.value.as_str() {
                    Some(word) if word.ends_with(".png") => {
                        let path = entry.place.path_to(word);
                        path.strip_prefix(directory.path())
                            .unwrap()
                            .display()
                            .to_string()
                    }
                    _ => entry.value.to_string().replace(' ', ""),
                });
                values.collect::<Vec<_>>().join(" ")
            });
            values.collect()
        };
        // The picture is where the parameter file says.
        assert_eq!(
            all("D.range = [[0, 1], [3, 4]]"),
            ["below/D.png [0,1]", "below/D.png [3,4]"]
        );
        let found = all("D = { image = [\"A.png\", \"B.png\"], range = [[0, 1], [3, 4]] }");
        assert_eq!(found[1..3], ["A.png [3,4]", "B.png [0,1]"]);
        let found = all("D.interpolate = \"nearest\"\nD.range = [5, 6]");
        assert_eq!(found, ["below/D.png \"nearest\" [5,6]"]);
        assert_eq!(all("D = { image = \"C.png\" }").len(), 1);
        assert_eq!(all("D.range = [[0, 1], [3, 4]]\ndx = [0.1, 0.2]").len(), 4);
    }

    #[test]
    fn the_varied_parameters_may_come_from_elsewhere_than_a_file() {
        let sweep = RawParams::parse("sweep.toml", "D = [1, 2]").unwrap();
        let base = RawParams::parse("base.toml", BASE).unwrap();
        let sweep = SweepParams::of(&sweep, Path::new(""), Some(base)).unwrap();
        assert_eq!(numbers(&sweep, "D"), [1.0, 2.0]);
        assert_eq!(numbers(&sweep, "dx"), [0.1, 0.1]);
    }

    #[test]
    fn ranges_include_both_ends_exactly() {
        for (range, expected) in [
            ("from = 0.1, to = 10, count = 3", vec![0.1, 1.0, 10.0]),
            (
                "from = 1e-3, to = 1e3, count = 7",
                vec![1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1e3],
            ),
            (
                "from = 1e2, to = 1e-2, count = 5",
                vec![1e2, 10.0, 1.0, 0.1, 1e-2],
            ),
            (
                "from = 1e-300, to = 1e300, count = 3",
                vec![1e-300, 1.0, 1e300],
            ),
            // numpy.geomspace has 2.9999999999999996, and no decimal for what lies between decades.
            ("from = 0.3, to = 30, count = 3", vec![0.3, 3.0, 30.0]),
            (
                "from = 1, to = 10, count = 3",
                vec![1.0, 10_f64.sqrt(), 10.0],
            ),
        ] {
            let text = format!("params = \"base.toml\"\nD = {{ {range}, scale = \"log\" }}");
            assert_eq!(numbers(&read(&text).unwrap(), "D"), expected, "{range}");
        }
        let text = "params = \"base.toml\"\nD = { from = 0.1, to = 0.5, count = 5 }";
        assert_eq!(
            numbers(&read(text).unwrap(), "D"),
            [0.1, 0.2, 0.3, 0.4, 0.5]
        );
        let text = "params = \"base.toml\"\n[D]\nfrom = 1\nto = 2\ncount = 5";
        assert_eq!(
            numbers(&read(text).unwrap(), "D"),
            [1.0, 1.25, 1.5, 1.75, 2.0]
        );
    }

    #[test]
    fn what_is_no_sweep_is_refused_with_its_line() {
        for (text, sentence) in [
            ("D = [1]", "params = "),
            ("params = \"nowhere.toml\"", "no such file"),
            (
                "params = \"base.toml\"\nDD = [1]",
                "sweep.toml:2: there is no parameter DD",
            ),
            ("params = \"base.toml\"\nD = []", "has no values"),
            (
                "params = \"base.toml\"\nD = { from = 1, to = 2 }",
                "expected { from",
            ),
            (
                "params = \"base.toml\"\nD = { from = -1, to = 2, count = 2, scale = \"log\" }",
                "greater than 0",
            ),
            (
                "params = \"base.toml\"\nD = { from = 1, to = 2, count = 9999999 }",
                "count must",
            ),
            ("params = \"base.toml\"\ncombine = \"all\"", "product"),
            ("params = 1", "must be a string"),
            (
                "params = \"base.toml\"\nsamples = { file = \"none.csv\" }",
                "no such file",
            ),
            (
                "params = \"base.toml\"\nsamples = { file = \"base.toml\", rows = 3 }",
                "there is no parameter samples.rows",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(sentence), "{text}: {error}");
        }
    }
}
