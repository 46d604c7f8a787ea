//! [`ScenarioTable`]: the table of a sweep next to its cube.

use crate::cli::{
    error::Error,
    rows::{Cell, Column, csv_head, csv_line},
};
use diff2d::{
    Commit, Cube, FluxTable, ParamsError, RunError, Scenario,
    program::{
        cube::{FileNames, Paths, Scenarios, Writing},
        params::number_of,
        run::EffectiveDiffusivity,
    },
};
use diff2d_sys::{self as sys, Destination, FileError};
use std::{
    fs,
    io::{self, BufRead, BufReader, Read},
    iter,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// The table next to the cube: a row for each scenario with its number, the varied keys, what follows
/// from them, time, mass, minimum, maximum and rates of its last committed snapshot, of steady states between two fixed walls the
/// effective diffusivity, and where a condition ends scenarios the time at which it was met, which is empty of scenarios that never
/// met it.
pub(in crate::cli) struct ScenarioTable<'a> {
    scenarios: &'a Scenarios,
    /// What the scenarios differ in.
    keys: &'a [String],
    /// The names of the values of each varied key.
    names: Vec<FileNames>,
    /// The names of the rates.
    rates: Vec<String>,
    /// Whether all scenarios may have an effective diffusivity.
    has_effective: bool,
    /// Whether a condition ends scenarios.
    has_ends: bool,
    path: &'a Path,
    cube: &'a Path,
    /// The new places of input files that have moved.
    moved: &'a [String],
}

/// The names of the rates that the scenarios of a sweep have.
fn rate_names(scenarios: &Scenarios) -> Vec<String> {
    let mut held_names: Vec<String> = Vec::new();
    for scenario in scenarios.iter() {
        for name in scenario.params.held_names() {
            if !held_names.contains(&name) {
                held_names.push(name);
            }
        }
    }
    FluxTable::names(&held_names)
}

impl<'a> ScenarioTable<'a> {
    /// The table at `path` of scenarios that differ in some keys, with the results that the cube has.
    pub(in crate::cli) fn new(
        (scenarios, keys): (&'a Scenarios, &'a [String]),
        path: &'a Path,
        cube: &'a Path,
        moved: &'a [String],
    ) -> Self {
        let names = keys.iter().map(|key| {
            let values = scenarios.iter();
            FileNames::of(values.filter_map(|scenario| scenario.params.value(key).cloned()))
        });
        Self {
            names: names.collect(),
            rates: rate_names(scenarios),
            has_effective: scenarios
                .iter()
                .all(|scenario| EffectiveDiffusivity::may_be_of(&scenario.params)),
            has_ends: scenarios
                .iter()
                .any(|scenario| scenario.params.get("until").is_some()),
            scenarios,
            keys,
            path,
            cube,
            moved,
        }
    }

    /// Writes the table again if it is not there, or if another program has saved it, and returns whether that was so. The table of
    /// somebody else stays.
    pub(in crate::cli) fn mend(&self) -> Result<bool, Error> {
        let Ok(destination) = self.admit(false, true, &[]) else {
            return Ok(false);
        };
        let is_as_written = fs::read(self.path)
            .is_ok_and(|found| self.text().is_ok_and(|text| found == text.as_bytes()));
        if !is_as_written {
            self.write(destination)?;
        }
        Ok(!is_as_written)
    }

    /// Refuses to replace a file that is not this table, unless asked to.
    pub(super) fn admit(
        &self,
        force: bool,
        resume: bool,
        protected_files: &[PathBuf],
    ) -> Result<Destination, Error> {
        let writing = Writing {
            taken: protected_files,
            force: true,
            is_table: true,
            ..Writing::default()
        };
        let destination = writing.admit(self.path)?;
        if destination.found().is_none() || force {
            return Ok(destination);
        }
        let is_this_table = match sys::open_to_read(self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(destination),
            opened => opened.and_then(|file| self.is_this_table(BufReader::new(file), resume)),
        };
        if is_this_table.map_err(FileError::of("read the table", self.path))? {
            Ok(destination)
        } else {
            Err(Error::Usage(format!(
                "{} is there and is not the table of this sweep, which would replace it: move it, or write elsewhere with -o",
                self.path.display()
            )))
        }
    }

    /// Whether a file is this table, whatever its results are: they may come from another cube. A sweep that
    /// is continued may find the table of another version.
    fn is_this_table(&self, mut file: impl BufRead, resume: bool) -> io::Result<bool> {
        let head = self.head();
        if resume {
            // A spreadsheet may have saved it with other line ends, separators and quotes.
            let mut line = Vec::new();
            let longest = 4 * head.len() as u64 + 8;
            file.take(longest).read_until(b'\n', &mut line)?;
            let line = String::from_utf8_lossy(&line).replace(['"', '\u{feff}'], "");
            return Ok(line.trim_end().replace([';', '\t'], ",") == head);
        }
        if !begins_with(&mut file, &format!("{head}\n"))? {
            return Ok(false);
        }
        for (number, scenario) in self.scenarios.iter().enumerate() {
            let parameters = csv_line(&self.parameters(number, &scenario)) + ",";
            let has_parameters = begins_with(&mut file, &parameters)?;
            if !(has_parameters && has_results(&mut file, self.further_columns())?) {
                return Ok(false);
            }
        }
        Ok(file.fill_buf()?.is_empty())
    }

    /// Writes the table while other processes of the same sweep may do so, too: once more as long as they have written it, or
    /// committed something, meanwhile. The last table that is written has everything.
    pub(super) fn write_beside_others(&self) -> Result<(), Error> {
        let journal = Paths::of(self.cube)?.journal;
        loop {
            let (earlier_length, earlier_version) = (length(&journal), version(self.path));
            match self
                .admit(false, true, &[])
                .and_then(|destination| self.write(destination))
            {
                Err(_) if version(self.path) != earlier_version => {}
                written if written.is_err() || length(&journal) == earlier_length => {
                    return written;
                }
                _ => {}
            }
        }
    }

    /// Writes the table in place of what was there.
    pub(super) fn write(&self, destination: Destination) -> Result<(), Error> {
        let written = sys::write_file_at(destination, self.text()?.as_bytes());
        let error = FileError::of("write the table", self.path);
        Ok(written.map_err(|written| error(written.source))?)
    }

    fn text(&self) -> Result<String, Error> {
        Ok(format!("{}\n{}\n", self.head(), self.rows()?.join("\n")))
    }

    /// The number of scenarios whose condition was never met, once all are complete and if there is a condition.
    pub(super) fn unmet(&self) -> Option<usize> {
        let cube = Cube::open(self.cube).ok();
        let cube = cube.filter(|cube| self.has_ends && cube.is_complete())?;
        let commits = cube.each_commit().ok()?.filter_map(Result::ok);
        let met = commits.filter(|commit| commit.ended.is_some()).count();
        Some(self.scenarios.len() - met)
    }

    fn head(&self) -> String {
        let keys = self.keys.iter().map(String::as_str);
        let derived = ["dt", "nsteps", "nper", "snapshots"];
        let results = ["time", "mass", "min", "max"];
        let names = iter::once("scenario").chain(keys);
        let columns = names.chain(derived).chain(results).map(Column::new);
        let rates = self.rates.iter();
        let rates = rates.map(|name| Column::new(format!("{name}_rate")));
        let effective_names = EffectiveDiffusivity::NAMES.map(Column::new).into_iter();
        let effective = effective_names.filter(|_| self.has_effective);
        let ends = self.has_ends.then(|| Column::new("until_t"));
        let columns = columns.chain(rates).chain(effective).chain(ends);
        csv_head(&columns.collect::<Vec<_>>())
    }

    /// The number of columns behind mass, minimum and maximum.
    fn further_columns(&self) -> usize {
        let effective = match self.has_effective {
            true => EffectiveDiffusivity::NAMES.len(),
            false => 0,
        };
        self.rates.len() + effective + usize::from(self.has_ends)
    }

    /// The cells of a scenario in front of the number of its snapshots.
    fn parameters(&self, number: usize, scenario: &Scenario) -> Vec<Cell> {
        let keys = self.keys.iter().zip(&self.names);
        let values = keys.map(|(key, names)| match scenario.params.value(key) {
            Some(value) => match number_of(&scenario.params, key).filter(|_| value.is_string()) {
                Some(number) => Cell::from(number),
                None => Cell::Text(names.shown(value)),
            },
            None => Cell::Empty,
        });
        let numbered = iter::once(Cell::from(number as u64)).chain(values);
        let derived = [
            Cell::from(scenario.dt),
            Cell::from(scenario.nsteps),
            Cell::Text(scenario.nper.to_string()),
        ];
        numbered.chain(derived).collect()
    }

    /// The rows of all scenarios. Behind its parameters a scenario has the number of its snapshots, and time, mass, minimum, maximum
    /// and, once all scenarios are complete, rates of the last committed one; these cells are empty where there is no cube.
    fn rows(&self) -> Result<Vec<String>, Error> {
        let cube = Cube::open(self.cube).ok();
        let mut last_commits = vec![None; self.scenarios.len()];
        let commits = cube.iter().filter_map(|cube| cube.each_commit().ok());
        for commit in commits.flatten().map_while(Result::ok) {
            if let Some(last_commit) = last_commits.get_mut(commit.id().scenario()) {
                *last_commit = Some(commit);
            }
        }
        // Each of many processes that share a sweep would read the states of all others.
        let complete = cube.filter(Cube::is_complete);
        let scenarios = self.scenarios.iter().zip(last_commits).enumerate();
        let rows = scenarios.map(|(number, (scenario, last_commit))| {
            let mut row = self.parameters(number, &scenario);
            let early_end = last_commit.as_ref().filter(|commit| commit.ended.is_some());
            let snapshots = early_end.map_or(scenario.snapshots(), |commit| commit.index + 1);
            row.push(Cell::from(snapshots));
            let [time, mass, min, max] = match &last_commit {
                Some(commit) => {
                    [commit.simtime, commit.mass, commit.min, commit.max].map(Cell::from)
                }
                None => [const { Cell::Empty }; 4],
            };
            row.extend([time, mass, min, max]);
            match (&complete, &last_commit) {
                (Some(cube), Some(commit)) => row.extend(self.rates_at(cube, commit)?),
                _ => row.extend(self.rates.iter().map(|_| Cell::Empty)),
            }
            if self.has_effective {
                row.extend(self.effective_cells(complete.as_ref(), last_commit.as_ref())?);
            }
            if self.has_ends {
                let end = early_end.and_then(|commit| commit.ended.as_ref());
                row.push(end.map_or(Cell::Empty, |end| Cell::from(end.t)));
            }
            Ok(csv_line(&row))
        });
        rows.collect()
    }

    /// The rates at a snapshot of a scenario.
    fn rates_at(&self, cube: &Cube, commit: &Commit) -> Result<Vec<Cell>, Error> {
        let table = FluxTable::of_scenario(cube, commit, self.moved)?;
        let cells = self.rates.iter().map(|name| {
            let place = table.names.iter().position(|other| other == name);
            let rate = place.and_then(|place| table.rows.first()?.rates.get(place));
            rate.map_or(Cell::Empty, |&rate| Cell::from(rate))
        });
        Ok(cells.collect())
    }

    /// The effective diffusivity of a scenario and what belongs to it; empty cells of a sweep that is not complete, and of a scenario
    /// that has none.
    fn effective_cells(
        &self,
        cube: Option<&Cube>,
        commit: Option<&Commit>,
    ) -> Result<[Cell; 4], Error> {
        let answer = match cube.zip(commit) {
            Some((cube, commit)) => {
                match EffectiveDiffusivity::of(cube, commit, None, self.moved) {
                    Err(RunError::Params(ParamsError::Refused { .. })) => None,
                    answer => Some(answer?),
                }
            }
            None => None,
        };
        let numbers = answer.map(|answer| answer.numbers().map(|(_, number)| number));
        let numbers = numbers.unwrap_or_default();
        Ok(numbers.map(|number| number.map_or(Cell::Empty, Cell::from)))
    }
}

/// The length of a file, if it is there.
fn length(path: &Path) -> Option<u64> {
    path.metadata().ok().map(|file| file.len())
}

/// The identity and the time of a file, one of which changes once it is replaced: inodes are used again.
fn version(path: &Path) -> Option<((u64, u64), Option<SystemTime>)> {
    let file = path.metadata().ok()?;
    Some((sys::identity(&file), file.modified().ok()))
}

/// Reads as many bytes as a text has; whether they are the text.
fn begins_with(file: &mut impl BufRead, text: &str) -> io::Result<bool> {
    let mut bytes = Vec::new();
    file.take(text.len() as u64).read_to_end(&mut bytes)?;
    Ok(bytes == text.as_bytes())
}

/// Reads the rest of a row; whether it has a number of snapshots, four results and this number of rates and times of ends, each a
/// number or empty.
fn has_results(file: &mut impl BufRead, rates: usize) -> io::Result<bool> {
    /// More than a number takes.
    const LONGEST: usize = 32;
    let (mut bytes, count) = (Vec::new(), 5 + rates);
    file.take((count * LONGEST) as u64)
        .read_until(b'\n', &mut bytes)?;
    let row = str::from_utf8(&bytes).ok();
    let row = row.and_then(|row| row.strip_suffix('\n'));
    Ok(row.is_some_and(|row| {
        let mut fields = row.split(',');
        row.split(',').count() == count
            && fields.all(|text| text.is_empty() || text.parse::<f64>().is_ok())
    }))
}
