//! [`Program`]: how a program is started and how its time is read; [`Contender`]: one with a number of threads.

use super::{
    agreement::Agreement,
    case::{Case, StepBudget},
    child,
    error::BenchError,
};
use std::{
    collections::HashMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::AtomicUsize,
    time::Duration,
};

/// The time limit of one run.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(900);
/// What the parameter file is called among the arguments of a program of the user's own.
const PARAMS: &str = "params.toml";
/// The file that `diff2d` writes its report to.
const REPORT: &str = "report.json";
/// The cube of a whole run of `diff2d`, and its journal.
const WHOLE: [&str; 2] = ["whole.npy", "whole.journal"];
/// The variables that set the number of threads of reference programs.
const THREADS: [&str; 5] = [
    "JULIA_NUM_THREADS",
    "OMP_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
];

/// A program that can be run.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub name: String,
    pub language: &'static str,
    pub flags: String,
    pub version: String,
    pub threaded: bool,
    pub budget: StepBudget,
    /// Whether a compiler may have contracted a product and a sum to one rounding.
    pub may_contract: bool,
    pub kind: Measure,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Measure {
    /// `diff2d`: its steps alone.
    Steps(PathBuf),
    /// `diff2d` with a durable cube: the wall time of the whole process.
    Whole(PathBuf),
    /// A reference program and its first arguments.
    Reference(Vec<OsString>),
    /// A program of the user's own, and its arguments: after them as a reference program, unless one of them is the name of
    /// the parameter file, [`PARAMS`].
    Own(Vec<OsString>),
}

impl Program {
    /// Whether it is `diff2d`.
    pub fn is_ours(&self) -> bool {
        matches!(self.kind, Measure::Steps(_) | Measure::Whole(_))
    }

    /// Whether its time is that of the whole process.
    pub fn is_whole(&self) -> bool {
        matches!(self.kind, Measure::Whole(_))
    }
}

/// One program with one number of threads, and its results so far.
#[derive(Debug)]
pub(super) struct Contender {
    pub program: Program,
    pub steps: u64,
    pub threads: usize,
    pub seconds: Vec<f64>,
    /// What it reports besides its time: its version; kernel and tile of `diff2d`.
    pub version: Option<String>,
    pub kernel: Option<String>,
    pub tile: Option<String>,
    pub agreement: Option<Agreement>,
    pub failed: bool,
}

impl Contender {
    pub fn new(program: Program, steps: u64, threads: usize) -> Self {
        Self {
            program,
            steps,
            threads,
            seconds: Vec::new(),
            version: None,
            kernel: None,
            tile: None,
            agreement: None,
            failed: false,
        }
    }

    /// Runs the program once in a directory; a reference program is to write its final state to `file`, if one is
    /// given. Keeps the seconds that its steps took, or returns why there are none.
    pub fn run(
        &mut self,
        case: &Case,
        directory: &Path,
        file: Option<&Path>,
        signal: &AtomicUsize,
    ) -> Result<Result<(), String>, BenchError> {
        for leftover in [REPORT].iter().chain(&WHOLE) {
            // What cannot be removed makes the program fail, which says so.
            let _ = fs::remove_file(directory.join(leftover));
        }
        let mut command = self.command(case, file);
        command
            .current_dir(directory)
            .envs(THREADS.map(|name| (name, self.threads.to_string())))
            .env("NUMBA_CACHE_DIR", ".");
        let finished = match child::run(&mut command, TIME_LIMIT, signal)? {
            Ok(finished) => finished,
            Err(reason) => return Ok(Err(reason)),
        };
        let seconds = match &self.program.kind {
            Measure::Reference(_) | Measure::Own(_) => self.read_output(&finished.stdout),
            Measure::Steps(_) => self.read_report(&directory.join(REPORT)),
            Measure::Whole(_) => Ok(finished.took.as_secs_f64()),
        };
        Ok(seconds.map(|seconds| self.seconds.push(seconds)))
    }

    fn command(&self, case: &Case, file: Option<&Path>) -> Command {
        match &self.program.kind {
            Measure::Own(words) if words.iter().any(|word| word == PARAMS) => {
                let params = case.params_of(self.steps);
                let word = |word: &OsString| match word == PARAMS {
                    true => params.clone().into_os_string(),
                    false => word.clone(),
                };
                let mut command = Command::new(words.first().cloned().unwrap_or_default());
                command
                    .args(words.iter().skip(1).map(word))
                    .arg(file.unwrap_or(Path::new("-")));
                command
            }
            Measure::Reference(words) | Measure::Own(words) => {
                let mut command = Command::new(words.first().cloned().unwrap_or_default());
                command
                    .args(words.iter().skip(1))
                    .args(case.arguments(self.steps))
                    .arg(file.unwrap_or(Path::new("-")));
                command
            }
            Measure::Steps(program) => {
                let mut command = run(program, case, &case.settings(self.steps), self.threads);
                command.args(["--no-cube", "--report", REPORT]);
                command
            }
            Measure::Whole(program) => {
                let settings = case.whole_settings().unwrap_or_default();
                let mut command = run(program, case, &settings, self.threads);
                command.args(["--output", WHOLE[0]]);
                command
            }
        }
    }

    /// The time that a reference program printed, and its version.
    fn read_output(&mut self, stdout: &str) -> Result<f64, String> {
        let lines = stdout.lines();
        let printed: HashMap<&str, &str> = lines
            .filter_map(|line| line.trim().split_once('='))
            .collect();
        self.version = printed.get("version").map(|&version| version.to_owned());
        let seconds = printed.get("seconds").and_then(|text| text.parse().ok());
        seconds
            .filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
            .ok_or_else(|| format!("{} printed no time", self.program.name))
    }

    /// The time of the steps in a report of `diff2d`, and its kernel and tile.
    fn read_report(&mut self, path: &Path) -> Result<f64, String> {
        let text = fs::read_to_string(path).map_err(|error| format!("no report: {error}"))?;
        let report: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| format!("its report is no JSON: {error}"))?;
        let word = |key: &str| report[key].as_str().map(str::to_owned);
        (self.kernel, self.tile) = (word("kernel"), word("tile"));
        let seconds = report["seconds"]["advance"].as_f64();
        seconds.ok_or_else(|| "its report has no seconds.advance".to_owned())
    }
}

/// A run of `diff2d`, without its output.
fn run(program: &Path, case: &Case, settings: &[String], threads: usize) -> Command {
    let mut command = Command::new(program);
    command.args(["--quiet", "run"]).arg(case.params());
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.args(["--threads", &threads.to_string()]);
    command
}

/// A run of `diff2d` that writes its final state as the last snapshot of `cube`.
pub(super) fn run_to_final(
    program: &Path,
    case: &Case,
    steps: u64,
    threads: usize,
    cube: &Path,
) -> Command {
    let mut command = run(program, case, &case.settings(steps), threads);
    command.arg("--output").arg(cube);
    command
}
