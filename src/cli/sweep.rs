//! `diff2d sweep`: many scenarios into one cube.

use super::{
    axes::slice,
    bar::Unit,
    number,
    printer::Printer,
    ranks, signals,
    start::{self, StartArgs},
    terminal::{Terminal, quoted},
};
use crate::{
    comm::{Comm, World, collective},
    cube::{
        Cube, Paths, Writing,
        journal::{FileNames, Record, Scenario},
    },
    error::Error,
    run::{FluxTable, Outcome},
    sweep::Sweep,
};
use clap::Args;
use diff2d_arrays::npy::Slice;
use diff2d_sys::{self as sys, AtomicFile, Destination};
use serde_json::json;
use std::{
    borrow::Cow,
    fs::Metadata,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

/// Run many scenarios into one array (scenarios, snapshots, ny, nx)
///
/// SWEEP.toml names a parameter file and gives lists to some of its keys. Prints the number of each
/// scenario as its last snapshot is committed; a table of all scenarios goes to STEM.csv.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  diff2d sweep params/sweep.toml -o sweep.npy

  params = \"quick.toml\"                                        # beside this file
  D = [0.5, 1, 2]
  runtime = { from = 5, to = 15, count = 3, scale = \"linear\" }  # or scale = \"log\"
  combine = \"product\"                                          # or \"zip\"

  diff2d sweep params/sweep.toml -o sweep.npy --scenarios 0:3  # while another process takes 3:

Scenarios share one shape: dx, x1 and x2 may vary together as long as the number of nodes does not.")]
pub(super) struct SweepArgs {
    /// The sweep: TOML
    #[arg(value_name = "SWEEP.toml")]
    file: PathBuf,
    /// Override a key of the sweep file, such as --set D=[0.5,1,2] (repeatable; a TOML value, a bare
    /// word is a string)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Only these scenarios, while other processes may compute others into the same cube: a range as in Python.
    /// The first one creates the cube, and a process that was stopped is started again as it was
    #[arg(
        long, value_name = "A:B", allow_hyphen_values = true,
        conflicts_with_all = ["force", "no_lock"]
    )]
    scenarios: Option<String>,
    #[command(flatten)]
    start: StartArgs,
    /// Write figures of the sweep: scenarios, updates, seconds, ranks, machine
    #[arg(long, value_name = "FILE.json")]
    report: Option<PathBuf>,
}

impl SweepArgs {
    /// The files that are read.
    fn reads(&self, sweep: &Sweep) -> Vec<PathBuf> {
        let inputs = sweep.inputs().keys().map(PathBuf::from);
        let own = [self.file.clone(), sweep.params_file().to_owned()];
        inputs.chain(own).collect()
    }

    /// The scenarios that are asked for, if not all are; none where the range begins behind the last one.
    fn part(&self, sweep: &Sweep) -> Result<Option<Range<usize>>, Error> {
        let Some(text) = &self.scenarios else {
            return Ok(None);
        };
        let count = sweep.scenarios().len();
        let is_behind = |found: &Range<u64>| text.contains(':') && found.start >= count as u64;
        let found = slice(text, count as u64).and_then(Slice::range);
        let found = found.filter(|found| !found.is_empty() || is_behind(found));
        let found = found.ok_or_else(|| {
            Error::Usage(format!(
                "--scenarios {text}: expected some of the {count} scenarios, such as 0:{}",
                count.div_ceil(2)
            ))
        })?;
        let number = |at: u64| usize::try_from(at).unwrap_or(count);
        Ok(Some(number(found.start)..number(found.end)))
    }
}

pub(super) fn sweep(args: &SweepArgs, terminal: &Terminal) -> Result<u8, Error> {
    // Parameters are judged before ranks are brought together.
    let sweep = Sweep::load_with(&args.file, &args.overrides)?;
    let part = args.part(&sweep)?;
    if let (Some(text), true) = (&args.scenarios, part.as_ref().is_some_and(Range::is_empty)) {
        terminal.note(&format!(
            "--scenarios {text}: the sweep has {} scenarios, and none is left for this process",
            sweep.scenarios().len()
        ));
        return Ok(0);
    }
    let cube = args.start.cube(&args.file)?;
    let report = args.report.as_ref().map(|path| {
        let taken = [Paths::of(&cube)?.files(), args.reads(&sweep)].concat();
        args.start.check_report(path, &taken, false)
    });
    let report = report.transpose()?;
    ranks::together("sweep", terminal, |world| {
        let (part, report) = (part.clone(), report.clone());
        on_ranks(args, &sweep, part, &cube, report, world, terminal)
    })
}

/// Collective. The sweep on all ranks.
fn on_ranks(
    args: &SweepArgs,
    sweep: &Sweep,
    part: Option<Range<usize>>,
    cube: &Path,
    report: Option<Destination>,
    world: &World,
    terminal: &Terminal,
) -> Result<u8, Error> {
    let begin = Instant::now();
    terminal.warn(sweep.warnings());
    let scenarios = sweep.scenarios();
    let numbers = part.clone().unwrap_or(0..scenarios.len());
    let count = numbers.len();
    let total = numbers.map(|number| scenarios.snapshots_of(number));
    let table = Paths::of(cube)?.table();
    let table = ScenarioTable {
        names: sweep
            .varied
            .iter()
            .map(|key| file_names(sweep, key))
            .collect(),
        rates: rate_names(sweep),
        sweep,
        path: &table,
        cube,
    };
    let table_to = match world.is_root() {
        true => {
            let resume = args.start.resume || part.is_some();
            let to = table.admit(args.start.force, resume, &args.reads(sweep));
            to.map(Some)
        }
        false => Ok(None),
    };
    let table_to = collective::all_ok(world, table_to)?;
    args.start.make_directory(world)?;
    let stop_flag = collective::all_ok(world, signals::stop_flag())?;
    let bar = terminal
        .logging_every(args.start.log_every)
        .bar(total.sum(), Unit::Snapshots);
    let printer = collective::all_ok(world, Printer::start(terminal.clone(), &bar))?;
    let (mut commits, mut updates) = (0, 0);
    let [.., ny, nx] = sweep.cube_shape();
    let interior = (ny - 2) * (nx - 2);
    let is_part = part.is_some();
    let mut run = args.start.run(sweep);
    if let Some(part) = part {
        run = run.scenarios(part);
    }
    let ran = run
        .output(cube)
        .reads(args.reads(sweep))
        .stop_flag(Arc::clone(&stop_flag))
        .on_message(|message| bar.suspend(|| terminal.detail(&message.to_string())))
        .on_commit(|record| {
            let number = record.slot().scenario();
            let left = scenarios.snapshots_of(number) - (record.index + 1);
            let is_steady = record.steady.is_some();
            bar.progress().add(if is_steady { 1 + left } else { 1 });
            commits += 1;
            if let Some(scenario) = scenarios.get(number).filter(|_| record.index > 0) {
                let nper = &scenario.nper;
                let steps = nper.step_of(record.index) - nper.step_of(record.index - 1);
                updates += steps * interior;
            }
            if left == 0 || is_steady {
                printer.print(number.to_string());
            }
        })
        .start_on(world);
    // What a sweep that failed has committed is printed, too.
    let printed = printer.finish(|| stop_flag.load(Ordering::Relaxed) != 0);
    drop(bar);
    let outcome = ran?;
    let is_stopped = matches!(outcome, Outcome::Stopped(_));
    start::unless_closed(printed, is_stopped)?;
    if let Some(to) = table_to {
        match is_part {
            true => table.write_beside_others()?,
            false => table.write(to)?,
        }
    }
    let took = begin.elapsed().as_secs_f64();
    if let (Some(to), true) = (report, world.is_root()) {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let report = json!({
            "scenarios": count,
            "snapshots": commits,
            "updates": updates,
            "seconds": {"total": took},
            "updates_per_second": updates as f64 / took,
            "ranks": world.size(),
            "machine": sys::machine_name(),
        });
        start::write_json(to, "report", &report)?;
    }
    let took = number::seconds(took);
    let done = format!("{count} scenarios in {took}");
    let overrides = args.overrides.iter();
    let overrides: String = overrides
        .map(|text| format!(" --set {}", quoted(text)))
        .collect();
    let some = args.scenarios.iter();
    let some: String = some
        .map(|text| format!(" --scenarios {}", quoted(text)))
        .collect();
    let file = quoted(&args.file.display().to_string());
    let command = format!("diff2d sweep {file}{overrides}{some}");
    Ok(start::conclude(
        terminal,
        outcome,
        &done,
        &command,
        Some(cube),
        commits > 0,
    ))
}

/// The table next to the cube: a row for each scenario with its number, the varied keys, what follows
/// from them, and time, mass, minimum, maximum and rates of its last committed snapshot.
struct ScenarioTable<'a> {
    sweep: &'a Sweep,
    /// How the values of each varied key are told of.
    names: Vec<FileNames>,
    /// What there are rates of.
    rates: Vec<String>,
    path: &'a Path,
    cube: &'a Path,
}

/// How the values that a sweep gives a key are told of.
fn file_names(sweep: &Sweep, key: &str) -> FileNames {
    FileNames::of(sweep.scenarios().iter().filter_map(|scenario| {
        let pairs = scenario.params.pairs();
        let mut values = pairs.iter().filter(|(name, _)| name == key);
        values.next().map(|(_, value)| (*value).clone())
    }))
}

/// What the scenarios of a sweep have rates of.
fn rate_names(sweep: &Sweep) -> Vec<String> {
    let tables = sweep.scenarios().iter().map(|scenario| {
        let held = scenario.params.get("held").and_then(|held| held.as_array());
        held.map_or(0, Vec::len)
    });
    FluxTable::names(tables.max().unwrap_or(0))
}

impl ScenarioTable<'_> {
    /// Refuses to replace a file that is not this table, unless asked to.
    fn admit(&self, force: bool, resume: bool, taken: &[PathBuf]) -> Result<Destination, Error> {
        let writing = Writing {
            taken,
            force: true,
            is_own_kind: None,
        };
        let to = writing.admit(self.path)?;
        if to.found().is_none() || force {
            return Ok(to);
        }
        let found = match sys::open_to_read(self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(to),
            found => found.and_then(|found| self.is_found(BufReader::new(found), resume)),
        };
        match found.map_err(|error| self.cannot("read", &error))? {
            true => Ok(to),
            false => Err(Error::Usage(format!(
                "{} is there and is not the table of this sweep, which would replace it: move it, write elsewhere with -o, or add --force",
                self.path.display()
            ))),
        }
    }

    /// Whether a file is this table, with whatever results: they may be those of another cube. A sweep that
    /// is continued may find the table of another version.
    fn is_found(&self, mut file: impl BufRead, resume: bool) -> io::Result<bool> {
        if !begins_with(&mut file, &self.head())? {
            return Ok(false);
        }
        if resume {
            return Ok(true);
        }
        for (number, scenario) in self.sweep.scenarios().iter().enumerate() {
            let row = self.row(number, &scenario);
            if !(begins_with(&mut file, &row)? && has_results(&mut file, self.rates.len())?) {
                return Ok(false);
            }
        }
        Ok(file.fill_buf()?.is_empty())
    }

    /// Writes the table while other processes of the same sweep may do so, too: once more as long as they have written it, or
    /// committed something, meanwhile. The last table that is written has everything.
    fn write_beside_others(&self) -> Result<(), Error> {
        let journal = Paths::of(self.cube)?.journal;
        let committed = || journal.metadata().ok().map(|journal| journal.len());
        // Inodes are used again.
        let state = |table: Metadata| (sys::identity(&table), table.modified().ok());
        let table = || self.path.metadata().ok().map(state);
        loop {
            let before = (committed(), table());
            match self.admit(false, true, &[]).and_then(|to| self.write(to)) {
                Err(_) if table() != before.1 => {}
                written if written.is_err() || committed() == before.0 => return written,
                _ => {}
            }
        }
    }

    /// Writes the table in place of what was there.
    fn write(&self, to: Destination) -> Result<(), Error> {
        let results = self.results()?;
        let file = AtomicFile::at(to);
        let file = file.map_err(|error| self.cannot("write", &error.source))?;
        let file = self.write_rows(BufWriter::new(file), &results);
        let file = file.map_err(|error| self.cannot("write", &error))?;
        let committed = file.commit();
        committed.map_err(|error| self.cannot("write", &error.source))
    }

    fn write_rows<W: Write>(&self, mut to: BufWriter<W>, results: &[String]) -> io::Result<W> {
        to.write_all(self.head().as_bytes())?;
        let rows = self.sweep.scenarios().iter().zip(results);
        for (number, (scenario, results)) in rows.enumerate() {
            writeln!(to, "{}{results}", self.row(number, &scenario))?;
        }
        Ok(to.into_inner()?)
    }

    fn head(&self) -> String {
        let keys = self.sweep.varied.iter();
        let keys: String = keys.map(|key| format!("{key},")).collect();
        let rates = self.rates.iter();
        let rates: String = rates.map(|name| format!(",{name}_rate")).collect();
        format!("scenario,{keys}dt,nsteps,nper,snapshots,time,mass,min,max{rates}\n")
    }

    /// The row of a scenario up to the number of its snapshots.
    fn row(&self, number: usize, scenario: &Scenario) -> String {
        let params = scenario.params.pairs();
        let value = |(key, names): (&String, &FileNames)| {
            let found = params.iter().find(|(name, _)| name == key);
            found.map_or_else(String::new, |(_, value)| {
                field(&names.shown(value)).into_owned()
            })
        };
        let keys = self.sweep.varied.iter().zip(&self.names);
        let values: String = keys.map(|pair| value(pair) + ",").collect();
        let dt = number::python(scenario.dt);
        let (nsteps, nper) = (scenario.nsteps, scenario.nper.to_string());
        let nper = field(&nper);
        format!("{number},{values}{dt},{nsteps},{nper},")
    }

    /// Of every scenario how many snapshots it has, and of its last committed one time, mass, minimum, maximum and, once
    /// all scenarios are complete, the rates; nothing of a cube that is not there yet, or is lost, which has been told of.
    fn results(&self) -> Result<Vec<String>, Error> {
        let cube = Cube::open(self.cube).ok();
        let mut last = vec![None; self.sweep.scenarios().len()];
        let records = cube.iter().filter_map(|cube| cube.each_record().ok());
        for record in records.flatten().map_while(Result::ok) {
            if let Some(one) = last.get_mut(record.slot().scenario()) {
                *one = Some(record);
            }
        }
        // Each of many processes that share a sweep would read the states of all others.
        let complete = cube.filter(Cube::is_complete);
        let rows = self.sweep.scenarios().iter().zip(last).enumerate();
        let row = |(number, (scenario, last)): (usize, (Scenario, Option<Record>))| {
            let no_rates = ",".repeat(self.rates.len());
            let Some(last) = last else {
                return Ok(format!("{},,,,{no_rates}", scenario.snapshots()));
            };
            let early = last.steady.map(|_| last.index + 1);
            let snapshots = early.unwrap_or_else(|| scenario.snapshots());
            let results = [last.simtime, last.mass, last.min, last.max];
            let results = results.map(number::python).join(",");
            let rates = match &complete {
                Some(cube) => self.rates_at(number, cube, &last)?,
                None => no_rates,
            };
            Ok(format!("{snapshots},{results}{rates}"))
        };
        rows.map(row).collect()
    }

    /// What comes in per time at a snapshot of a scenario, as fields of its row.
    fn rates_at(&self, number: usize, cube: &Cube, record: &Record) -> Result<String, Error> {
        let problem = self.sweep.problem(number)?;
        let table = FluxTable::of_problem(&problem, cube, &[record])?;
        let found = |name: &String| {
            let at = table.names.iter().position(|one| one == name);
            let rate = at.and_then(|at| table.rows.first()?.rates.get(at));
            rate.map_or_else(String::new, |&rate| number::python(rate))
        };
        let rates = self.rates.iter();
        Ok(rates.map(|name| format!(",{}", found(name))).collect())
    }

    fn cannot(&self, what: &str, error: &io::Error) -> Error {
        let path = self.path.display();
        Error::System(format!("cannot {what} the table {path}: {error}"))
    }
}

/// A value as a field of a table, quoted if need be (RFC 4180).
fn field(value: &str) -> Cow<'_, str> {
    match value.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", value.replace('"', "\"\"")).into(),
        false => value.into(),
    }
}

/// Whether what a file holds next is a text, which is read.
fn begins_with(file: &mut impl BufRead, text: &str) -> io::Result<bool> {
    let mut found = Vec::new();
    file.take(text.len() as u64).read_to_end(&mut found)?;
    Ok(found == text.as_bytes())
}

/// Whether a file holds a number of snapshots, four results and so many rates next, numbers or nothing, and the end of their row.
fn has_results(file: &mut impl BufRead, rates: usize) -> io::Result<bool> {
    /// More than a number takes.
    const LONGEST: usize = 32;
    let (mut found, count) = (Vec::new(), 5 + rates);
    file.take((count * LONGEST) as u64)
        .read_until(b'\n', &mut found)?;
    let row = str::from_utf8(&found).ok();
    let row = row.and_then(|row| row.strip_suffix('\n'));
    let is_result = |text: &str| text.is_empty() || text.parse::<f64>().is_ok();
    Ok(row.is_some_and(|row| row.split(',').count() == count && row.split(',').all(is_result)))
}
