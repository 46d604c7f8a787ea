//! Kills of what ends, prolongs, replaces or mends a cube: runs that end early, longer ones, forced restarts, sweeps with
//! places that stay empty, repairs. Nothing is lost or invented, and the same command, or one that its message names, goes
//! on from whatever a kill leaves.

use super::{
    journal,
    lab::{Ended, Lab, Listed, Random, diff2d, ended, ended_child, sample_size, send, size},
    layer::{Fault, ended_with, forget},
};
use crate::common::seed::seeds;
use nix::sys::signal::Signal;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// Heat that comes in from the left.
const KEYS: &str = "grid = \"walls\"; runtime = 3000; outtime = 6; initial = { kind = \"constant\", value = 0.0 }; boundary = { left = 1.0 }";
const UNTIL: &str = "until = { steady = 1e-4 }";
/// A run that ends after a row of its record.
const LIMIT: &str =
    "until = { column = \"left\", above = 700.0 }; record = { every = 1.7, totals = true }";
/// Rows, and what is kept of nodes beside them.
const ROWS: &str = "record = { every = 1.7, totals = true }";
const FIELDS: &str =
    "record = { every = 1.7, totals = true, fields = [\"mean\", \"time_of_max\"] }";
/// Nodes outside of the domain, and nodes whose value is given.
const GEOMETRY: &str = "mask = { where = \"hypot(x - 4, y) < 3\" }; held = [{ where = \"hypot(x + 5, y) < 3\", value = 0.5 }]";
/// A state that has no room in it.
const MEMORY: &str = "90kB";

/// What is killed.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A run or a sweep from nothing.
    New,
    /// One that takes over the snapshots of a run with another end.
    Longer,
    /// One that starts over what is complete, or half of it.
    Forced,
    HalfForced,
    /// A repair of damaged snapshots and lost lines.
    Repair,
}

/// Files by their names.
type Files = BTreeMap<String, Vec<u8>>;

struct Case {
    name: String,
    lab: Lab,
    kind: Kind,
    args: Vec<String>,
    /// What is there before.
    before: Files,
    /// What an undisturbed run makes of nothing.
    reference: Files,
    /// Operations of the command that is killed, and the time that it takes.
    operations: usize,
    life: Duration,
}

/// So many of the cases, beginning with one that the seed chooses, on grids of this spacing. States larger than their memory
/// have a spacing of their own.
fn cases(dx: f64, random: &mut Random, count: usize) -> Vec<Case> {
    let run = |keys: &str| format!("dx = {dx}; {KEYS}; {keys}");
    let short = |keys: &str| run(keys).replace("3000", "60");
    let bands = |keys: &str| format!("dx = 0.5; {KEYS}; {keys}");
    let in_bands = ["--memory", MEMORY].as_slice();
    let all: [(&str, String, bool, Kind, &[&str]); 31] = [
        ("until", run(UNTIL), false, Kind::New, &[]),
        (
            "until, mask, held, f32",
            run(&format!("{UNTIL}; {GEOMETRY}; precision = \"f32\"")),
            false,
            Kind::New,
            &[],
        ),
        (
            "until in bands, mask",
            bands(&format!("{UNTIL}; {GEOMETRY}")),
            false,
            Kind::New,
            in_bands,
        ),
        (
            "mask, held, checkpoints",
            short(GEOMETRY),
            false,
            Kind::New,
            &["--checkpoint-every", "1us"],
        ),
        ("longer", run(UNTIL), false, Kind::Longer, &[]),
        (
            "longer, map",
            run(&format!("{UNTIL}; {GEOMETRY}")),
            false,
            Kind::Longer,
            &["--io", "map"],
        ),
        (
            "longer in bands",
            bands(UNTIL),
            false,
            Kind::Longer,
            in_bands,
        ),
        ("forced, until", run(UNTIL), false, Kind::Forced, &[]),
        (
            "half forced, until, mask",
            run(&format!("{UNTIL}; {GEOMETRY}")),
            false,
            Kind::HalfForced,
            &[],
        ),
        (
            "half forced in bands",
            bands(UNTIL),
            false,
            Kind::HalfForced,
            in_bands,
        ),
        ("repair, until", run(UNTIL), false, Kind::Repair, &[]),
        (
            "repair, mask, held",
            short(GEOMETRY),
            false,
            Kind::Repair,
            &[],
        ),
        (
            "repair in bands, until",
            bands(UNTIL),
            false,
            Kind::Repair,
            in_bands,
        ),
        ("limit", run(LIMIT), false, Kind::New, &[]),
        ("longer, limit", run(LIMIT), false, Kind::Longer, &[]),
        ("repair, limit", run(LIMIT), false, Kind::Repair, &[]),
        ("sweep", short(""), true, Kind::New, &[]),
        (
            "sweep, mask, f32",
            short(&format!("{GEOMETRY}; precision = \"f32\"")),
            true,
            Kind::New,
            &[],
        ),
        ("forced sweep", short(""), true, Kind::Forced, &[]),
        ("repair of a sweep", short(""), true, Kind::Repair, &[]),
        ("fields", short(FIELDS), false, Kind::New, &["--io", "map"]),
        (
            "until, fields, f32",
            run(&format!("{UNTIL}; {FIELDS}; precision = \"f32\"")),
            false,
            Kind::New,
            &[],
        ),
        (
            "limit, fields, mask",
            run(&format!("{}; {GEOMETRY}", LIMIT.replace(ROWS, FIELDS))),
            false,
            Kind::New,
            &[],
        ),
        (
            "until in bands, rows",
            bands(&format!("{UNTIL}; {ROWS}")),
            false,
            Kind::New,
            in_bands,
        ),
        (
            "rows, checkpoints",
            short(ROWS),
            false,
            Kind::New,
            &["--checkpoint-every", "1us"],
        ),
        (
            "longer, fields",
            run(&format!("{UNTIL}; {FIELDS}")),
            false,
            Kind::Longer,
            &[],
        ),
        (
            "forced, fields",
            run(&format!("{UNTIL}; {FIELDS}")),
            false,
            Kind::Forced,
            &[],
        ),
        (
            "half forced, fields",
            short(FIELDS),
            false,
            Kind::HalfForced,
            &[],
        ),
        (
            "repair, fields, until",
            run(&format!("{UNTIL}; {FIELDS}")),
            false,
            Kind::Repair,
            &[],
        ),
        ("sweep, rows", short(ROWS), true, Kind::New, &[]),
        (
            "repair of a sweep, rows",
            short(ROWS),
            true,
            Kind::Repair,
            &[],
        ),
    ];
    random
        .some(&all, count)
        .into_iter()
        .map(|(name, keys, is_sweep, kind, more)| Case::new(name, &keys, is_sweep, kind, more))
        .collect()
}

impl Case {
    fn new(name: &str, keys: &str, is_sweep: bool, kind: Kind, more: &[&str]) -> Self {
        let lab = Lab::new(keys);
        let path = |name: &str| lab.home.path().join(name).display().to_string();
        let mut args = vec!["run".to_owned(), path("p.toml")];
        if is_sweep {
            let text = "params = \"p.toml\"\nruntime = [18, 60, 6, 30]\n";
            fs::write(lab.home.path().join("sweep.toml"), text).unwrap();
            args = vec!["sweep".to_owned(), path("sweep.toml")];
        }
        args.extend(["-o".to_owned(), lab.cube.display().to_string()]);
        args.extend(["--threads".to_owned(), "1".to_owned()]);
        let run = |args: &[String], more: &[&str]| {
            let ended = ended(command(args).args(more));
            assert_eq!(ended.code, Some(0), "{name}: {}", ended.stderr);
        };
        // Warnings depend on the memory, and the description of a record has them.
        run(&args, more);
        let reference = files(&lab);
        let is_long = reference["c.journal"]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            > 8;
        assert!(is_long, "{name}");
        if kind == Kind::Longer {
            let mut shorter = args.clone();
            shorter[3] = path("short.npy");
            run(&shorter, &["--set", "until={steady=3e-3}"]);
            args.extend(["--extend".to_owned(), path("short.npy")]);
        }
        let before = match kind {
            Kind::New | Kind::Longer => Files::new(),
            Kind::Forced | Kind::HalfForced => reference.clone(),
            Kind::Repair => damaged(&reference, is_sweep),
        };
        args.push(match kind {
            Kind::Forced | Kind::HalfForced => "--force".to_owned(),
            _ => "--resume".to_owned(),
        });
        args.extend(more.iter().map(|&arg| arg.to_owned()));
        if kind == Kind::Repair {
            args = vec!["repair".to_owned(), lab.cube.display().to_string()];
            args.extend(more.iter().map(|&arg| arg.to_owned()));
        }
        let mut case = Self {
            name: name.to_owned(),
            lab,
            kind,
            args,
            before,
            reference,
            operations: 0,
            life: Duration::ZERO,
        };
        if kind == Kind::HalfForced {
            case.before.clear();
            let forced = case.args.clone();
            case.args
                .iter_mut()
                .filter(|arg| *arg == "--force")
                .for_each(|arg| *arg = "--resume".to_owned());
            case.measure();
            case.kill_at(case.operations * 2 / 3, ("kill", ""), 0);
            (case.before, case.args) = (files(&case.lab), forced);
        }
        case.measure();
        case
    }

    /// What an undisturbed command comes to.
    fn measure(&mut self) {
        self.begin();
        let (ended, operations) = self.kill_at(0, ("", ""), 0);
        assert_eq!(ended.code, Some(0), "{}: {}", self.name, ended.stderr);
        self.operations = operations;
        self.begin();
        let start = Instant::now();
        super::lab::ended(&mut command(&self.args));
        self.life = start.elapsed();
    }

    fn begin(&self) {
        self.lab.clear();
        forget(&self.lab.out);
        for (name, bytes) in &self.before {
            fs::write(self.lab.out.join(name), bytes).unwrap();
        }
    }

    fn kill_at(
        &self,
        at: usize,
        (kind, mode): (&'static str, &'static str),
        seed: u64,
    ) -> (Ended, usize) {
        let fault = Fault {
            at,
            kind,
            mode,
            seed,
            ..Fault::default()
        };
        let (ended, operations) = ended_with(&mut command(&self.args), &self.lab.out, fault);
        (ended, operations.len())
    }

    /// What holds of the files that a kill leaves, and then goes on as the messages say. Returns the commands.
    fn go_on(&self) -> Result<Vec<String>, String> {
        let before = self
            .before
            .get("c.journal")
            .map_or(Vec::new(), |bytes| valid_lines(bytes));
        let mut known = before;
        let mut story = Vec::new();
        let mut args = self.args.clone();
        for _ in 0..5 {
            let found = files(&self.lab);
            let lines = valid_lines(found.get("c.journal").map_or(&[], |bytes| &bytes[..]));
            let reference = without_ids(&valid_lines(&self.reference["c.journal"]));
            if let Some(line) = without_ids(&lines)
                .iter()
                .find(|line| !reference.contains(line))
            {
                return Err(format!("{story:?}: an invented line {line}"));
            }
            let is_forced = args.iter().any(|arg| arg == "--force") || self.is_forced();
            if !is_forced && let Some(line) = known.iter().find(|line| !lines.contains(line)) {
                return Err(format!("{story:?}: a lost line {line}"));
            }
            if self.kind != Kind::Repair && found.contains_key("c.npy") {
                self.is_proved()?;
            }
            known = lines;
            let ended = ended(&mut command(&args));
            story.push(format!(
                "{} → {:?} {}",
                args.join(" "),
                ended.code,
                ended.stderr
            ));
            if ended.code == Some(0) {
                let found = files(&self.lab);
                let same = |name: &str| found.get(name) == self.reference.get(name);
                // A repair may list the snapshots of a sweep in another order.
                let journal = |files: &Files| {
                    let bytes = files.get("c.journal").map_or(&[][..], |bytes| &bytes[..]);
                    let mut lines = without_ids(&valid_lines(bytes));
                    lines.sort();
                    lines
                };
                let mut others = found.keys().filter(|name| *name != "c.journal");
                if !found.keys().eq(self.reference.keys())
                    || !others.all(|name| same(name.as_str()))
                    || journal(&found) != journal(&self.reference)
                {
                    return Err(format!(
                        "{story:?}: other files: {:?}",
                        found
                            .iter()
                            .map(|(name, bytes)| (name, bytes.len()))
                            .collect::<Vec<_>>()
                    ));
                }
                return Ok(story);
            }
            let names = |word: &str| ended.stderr.contains(word);
            let started = |how: &str| {
                let others = |arg: &&String| !["--force", "--resume"].contains(&arg.as_str());
                let mut args: Vec<String> = self.args.iter().filter(others).cloned().collect();
                args.push(how.to_owned());
                args
            };
            if names("diff2d repair ") {
                args = vec!["repair".to_owned(), self.lab.cube.display().to_string()];
            } else if self.kind != Kind::Repair && names("--resume") {
                args = started("--resume");
            } else if self.kind != Kind::Repair && names("--force") {
                args = started("--force");
            } else {
                return Err(format!("{story:?}: a dead end"));
            }
        }
        Err(format!("{story:?}: no end"))
    }

    fn is_forced(&self) -> bool {
        matches!(self.kind, Kind::Forced | Kind::HalfForced)
    }

    /// Every listed snapshot has its digest in the cube.
    fn is_proved(&self) -> Result<(), String> {
        let listed = Listed::read(&fs::read(self.lab.journal()).unwrap_or_default());
        if listed.header.is_none() {
            return Ok(());
        }
        let cube = File::open(&self.lab.cube).unwrap();
        if self.args[0] == "run" {
            (0..listed.records.len()).try_for_each(|index| listed.proves_in(&cube, index))?;
        }
        let verified = ended(&mut self.lab.on_cube("verify"));
        match verified.code {
            Some(0) => Ok(()),
            _ => Err(format!("verify: {}", verified.stderr)),
        }
    }
}

fn command(args: &[String]) -> Command {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    diff2d(&args)
}

/// All files beside the cube, and it. A directory, which a sweep has for its rows until it is complete, counts as an empty file.
fn files(lab: &Lab) -> Files {
    let entries = fs::read_dir(&lab.out).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let (name, path) = (entry.file_name(), entry.path());
            let content = if path.is_dir() {
                Vec::new()
            } else {
                fs::read(path).unwrap()
            };
            (name.into_string().unwrap(), content)
        })
        .collect()
}

/// Flipped bytes in the cube and its streams, lost and garbled lines; a sweep is cut.
fn damaged(reference: &Files, is_sweep: bool) -> Files {
    let mut files = reference.clone();
    let cube = files.get_mut("c.npy").unwrap();
    match is_sweep {
        true => cube.truncate(4096 + (cube.len() - 4096) / 3),
        false => cube[4096 + 40] ^= 4,
    }
    for name in ["c.record.csv", "c.mean.npy"] {
        if let Some(stream) = files.get_mut(name) {
            let middle = stream.len() / 2;
            stream[middle] ^= 1;
        }
    }
    let journal = String::from_utf8(files["c.journal"].clone()).unwrap();
    let lines = journal.split_inclusive('\n').enumerate();
    let lines = lines.filter(|&(number, _)| ![7, 9].contains(&number));
    let lines = lines.map(|(number, line)| match number {
        8 | 10 => line.replace("sha", "shb"),
        _ => line.to_owned(),
    });
    files.insert(
        "c.journal".to_owned(),
        lines.collect::<String>().into_bytes(),
    );
    files
}

/// The lines behind the first whose check sums are right.
fn valid_lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let Some(header) = Listed::read(bytes).header else {
        return Vec::new();
    };
    let run_id = super::lab::text(&header, "run_id");
    let lines = text
        .split_inclusive('\n')
        .skip(1)
        .take_while(|line| !line.contains('\0'));
    let lines = lines.filter_map(|line| line.strip_suffix('\n'));
    lines
        .filter(|line| journal::is_sealed(line, &run_id))
        .map(str::to_owned)
        .collect()
}

/// The lines without their check sums, which cover the run's id.
fn without_ids(lines: &[String]) -> Vec<String> {
    lines
        .iter()
        .map(|line| line[..line.len() - 19].to_owned())
        .collect()
}

fn conclude(campaign: &str, faults: usize, failures: &[String]) {
    println!("{campaign}: {faults} faults, {} failures", failures.len());
    let shown: Vec<&str> = failures.iter().take(6).map(String::as_str).collect();
    assert!(
        failures.is_empty(),
        "{} failures, the first of them:\n{}",
        failures.len(),
        shown.join("\n")
    );
}

#[test]
fn endings_killed_at_any_moment() {
    seeds("endings_killed_at_any_moment")
        .map(Random::new)
        .for_each(kill_at_any_moment);
}

fn kill_at_any_moment(mut random: Random) {
    let cases = cases(0.4, &mut random, sample_size(31, 31, 3));
    let (mut kills, mut failures) = (0, Vec::new());
    for number in 0..sample_size(1100, 31, 6) {
        let case = &cases[number % cases.len()];
        case.begin();
        let child = command(&case.args).spawn().unwrap();
        thread::sleep(case.life.mul_f64(random.part()));
        send(&child, Signal::SIGKILL);
        kills += usize::from(ended_child(child).signal == Some(9));
        let result = case.go_on();
        failures.extend(result.err().map(|why| format!("{}: {why}", case.name)));
    }
    conclude("endings_killed_at_any_moment", kills, &failures);
}

/// Every operation killed, failed, out of space and with the power cut; without DIFF2D_FULL two of them, each with one of
/// these.
#[test]
fn endings_killed_at_file_operations() {
    seeds("endings_killed_at_file_operations")
        .map(Random::new)
        .for_each(kill_at_file_operations);
}

fn kill_at_file_operations(mut random: Random) {
    let (mut count, mut failures) = (0, Vec::new());
    for case in &cases(2.0, &mut random, sample_size(31, 31, 3)) {
        let operations = size(case.operations, 2);
        for operation in 1..=operations {
            let at = size(operation, 1 + random.below(case.operations));
            let kinds = [
                ("kill", ""),
                ("eio", ""),
                ("enospc", ""),
                ("power", random.pick(&["keep", "drop", "torn"])),
            ];
            let kinds = kinds.iter().cycle().skip(random.below(kinds.len()));
            for &kind in kinds.take(size(4, 1)) {
                case.begin();
                case.kill_at(at, kind, random.next());
                count += 1;
                let result = case.go_on();
                failures.extend(
                    result
                        .err()
                        .map(|why| format!("{}, {kind:?} at {at}: {why}", case.name)),
                );
            }
        }
        println!(
            "{}: {operations} of {} operations",
            case.name, case.operations
        );
    }
    conclude("endings_killed_at_file_operations", count, &failures);
}
