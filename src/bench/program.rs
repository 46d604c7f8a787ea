//! [`Program`]: how a program is started and how its time is read.

use super::{
    case::{Case, StepBudget},
    child::CommandLine,
    error::{BenchError, directory_error},
};
use std::{
    collections::HashMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// The file that `diff2d` writes its report to.
const REPORT: &str = "report.json";
/// The cube of a whole run of `diff2d`.
const WHOLE: &str = "whole.npy";

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
    /// The directory that it runs in.
    pub directory: PathBuf,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// `diff2d`: its steps alone.
    Steps(PathBuf),
    /// `diff2d` with a durable cube: the wall time of the whole process.
    Whole(PathBuf),
    /// A reference program.
    Reference(CommandLine),
}

/// What a program reports besides its time.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub version: Option<String>,
    pub kernel: Option<String>,
    pub tile: Option<String>,
}

/// The variables that set the number of threads.
pub(super) fn environment(threads: usize) -> impl Iterator<Item = (String, String)> {
    [
        "OMP_NUM_THREADS",
        "NUMEXPR_MAX_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
    ]
    .into_iter()
    .map(move |name| (name.to_owned(), threads.to_string()))
    .chain([("NUMBA_CACHE_DIR".to_owned(), ".".to_owned())])
}

impl Program {
    /// Whether it is `diff2d`.
    pub fn is_ours(&self) -> bool {
        !matches!(self.kind, Kind::Reference(_))
    }

    /// Whether its time is that of the whole process.
    pub fn is_whole(&self) -> bool {
        matches!(self.kind, Kind::Whole(_))
    }

    /// The command line of a run.
    pub fn command(
        &self,
        case: &Case,
        steps: u64,
        threads: usize,
        final_file: Option<&PathBuf>,
    ) -> CommandLine {
        match &self.kind {
            Kind::Reference(words) => {
                let file = final_file.map_or_else(|| "-".into(), |file| file.clone().into());
                let arguments = case.arguments(steps).into_iter().map(OsString::from);
                words
                    .iter()
                    .cloned()
                    .chain(arguments)
                    .chain([file])
                    .collect()
            }
            Kind::Steps(program) => {
                let mut words = run(program, case, &case.settings(steps), threads);
                words.extend(["--no-cube", "--report", REPORT].map(OsString::from));
                words
            }
            Kind::Whole(program) => {
                let settings = case.whole_settings().unwrap_or_default();
                let mut words = run(program, case, &settings, threads);
                words.extend(["--output", WHOLE].map(OsString::from));
                words
            }
        }
    }

    /// Removes what an earlier run has left.
    pub fn prepare_run(&self) -> Result<(), BenchError> {
        let leftovers = [
            Path::new(REPORT).to_path_buf(),
            WHOLE.into(),
            Path::new(WHOLE).with_extension("journal"),
        ];
        for name in leftovers {
            let path = self.directory.join(name);
            if path.exists() {
                fs::remove_file(&path).map_err(directory_error(&path))?;
            }
        }
        Ok(())
    }

    /// The time of its steps, from its output or its report, which `facts` are read from too.
    pub fn seconds(&self, stdout: &str, took: Duration, facts: &mut Facts) -> Result<f64, String> {
        match &self.kind {
            Kind::Reference(_) => {
                let printed: HashMap<&str, &str> = stdout
                    .lines()
                    .filter_map(|line| line.trim().split_once('='))
                    .collect();
                facts.version = printed.get("version").map(|&version| version.to_owned());
                printed
                    .get("seconds")
                    .and_then(|text| text.parse().ok())
                    .filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
                    .ok_or_else(|| format!("{} printed no time", self.name))
            }
            Kind::Steps(_) => {
                let path = self.directory.join(REPORT);
                let text =
                    fs::read_to_string(&path).map_err(|error| format!("no report: {error}"))?;
                let report: serde_json::Value = serde_json::from_str(&text)
                    .map_err(|error| format!("its report is no JSON: {error}"))?;
                let word = |key: &str| report[key].as_str().map(str::to_owned);
                (facts.kernel, facts.tile) = (word("kernel"), word("tile"));
                report["seconds"]["advance"]
                    .as_f64()
                    .ok_or_else(|| "its report has no seconds.advance".to_owned())
            }
            Kind::Whole(_) => Ok(took.as_secs_f64()),
        }
    }
}

/// The command line of a run of `diff2d`, without its output.
fn run(program: &Path, case: &Case, settings: &[String], threads: usize) -> CommandLine {
    let mut words: CommandLine = vec![program.into(), "--quiet".into(), "run".into()];
    words.push(case.params().into());
    for setting in settings {
        words.extend(["--set".into(), OsString::from(setting)]);
    }
    words.extend(["--threads".into(), threads.to_string().into()]);
    words
}

/// The command line of a run of `diff2d` that writes its final state as the last snapshot of `cube`.
pub(super) fn run_to_final(
    program: &Program,
    case: &Case,
    steps: u64,
    threads: usize,
    cube: &Path,
) -> CommandLine {
    let (Kind::Steps(path) | Kind::Whole(path)) = &program.kind else {
        return CommandLine::new();
    };
    let mut words = run(path, case, &case.settings(steps), threads);
    words.extend(["--output".into(), cube.into()]);
    words
}
