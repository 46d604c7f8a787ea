//! The programs: where their sources are, how they are built, started and understood.

use super::{
    BenchError, Case, Words,
    case::Pace,
    child::{Child, Ended},
    directory_error,
    results::Tool,
};
use std::{
    collections::HashMap,
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicUsize,
    time::Duration,
};

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../benches/family/", $name)))),*]
    };
}

/// Everything that the programs are built of, so that the comparison runs anywhere.
const SOURCES: [(&str, &str); 13] = sources![
    "family.hpp",
    "family.cpp",
    "diff2d.cpp",
    "diff2d_omp.cpp",
    "family.f90",
    "diff2d_do.f90",
    "diff2d_array.f90",
    "family.py",
    "diff2d_numba.py",
    "diff2d_numexpr.py",
    "diff2d_numpy_inplace.py",
    "diff2d_numpy.py",
    "diff2d_python.py",
];

/// The longest that a compiler may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// What our own report is written to.
const REPORT: &str = "report.json";
/// What our own whole run is written to.
const WHOLE: &str = "whole.npy";

/// A program that can be run.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub name: String,
    pub language: &'static str,
    pub flags: String,
    pub version: String,
    pub threaded: bool,
    pub pace: Pace,
    /// Whether a compiler may have rounded a product and a sum once.
    pub may_contract: bool,
    /// Where it runs.
    pub directory: PathBuf,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// `diff2d`, its steps only.
    Steps(PathBuf),
    /// `diff2d` from its start to its end, with a durable cube, by the clock on the wall.
    Whole(PathBuf),
    /// A program of the family.
    Member(Words),
}

/// What a program tells of itself besides its time.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub version: Option<String>,
    pub kernel: Option<String>,
    pub tile: Option<String>,
}

/// All programs that could be built.
pub(super) struct Family {
    pub programs: Vec<Program>,
    pub tools: Vec<Tool>,
    pub missing: Vec<String>,
}

/// Variables that tell programs how many threads to take.
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

/// Writes the sources, asks for compilers and builds.
pub(super) fn build(
    ourselves: &Path,
    case: &Case,
    directory: &Path,
    signal: &AtomicUsize,
) -> Result<Family, BenchError> {
    for (name, text) in SOURCES {
        let path = directory.join(name);
        fs::write(&path, text).map_err(directory_error(&path))?;
    }
    let mut builder = Builder {
        directory,
        signal,
        family: Family {
            programs: ours(ourselves, case, directory),
            tools: Vec::new(),
            missing: Vec::new(),
        },
    };
    builder.compiled(&Language::CPP)?;
    builder.compiled(&Language::FORTRAN)?;
    builder.python()?;
    Ok(builder.family)
}

fn ours(ourselves: &Path, case: &Case, directory: &Path) -> Vec<Program> {
    let steps = Program {
        name: "diff2d".to_owned(),
        language: "Rust",
        flags: String::new(),
        version: format!("diff2d {}", env!("CARGO_PKG_VERSION")),
        threaded: true,
        pace: Pace::Compiled,
        may_contract: false,
        directory: directory.to_path_buf(),
        kind: Kind::Steps(ourselves.to_path_buf()),
    };
    let whole = Program {
        name: "diff2d, whole run with its cube".to_owned(),
        flags: "every snapshot durable".to_owned(),
        kind: Kind::Whole(ourselves.to_path_buf()),
        ..steps.clone()
    };
    let mut programs = vec![steps];
    programs.extend(case.whole_settings().map(|_| whole));
    programs
}

/// What distinguishes two compiled languages here.
struct Language {
    name: &'static str,
    variable: &'static str,
    compiler: &'static str,
    support: &'static str,
    /// Name of the program, its source, whether it knows threads.
    programs: [(&'static str, &'static str, bool); 2],
}

impl Language {
    const CPP: Self = Self {
        name: "C++",
        variable: "CXX",
        compiler: "g++",
        support: "family.cpp",
        programs: [
            ("C++, one loop", "diff2d_omp.cpp", true),
            ("C++, two loops", "diff2d.cpp", false),
        ],
    };
    const FORTRAN: Self = Self {
        name: "Fortran",
        variable: "FC",
        compiler: "gfortran",
        support: "family.f90",
        programs: [
            ("Fortran, do loops", "diff2d_do.f90", true),
            ("Fortran, array syntax", "diff2d_array.f90", false),
        ],
    };
}

struct Builder<'a> {
    directory: &'a Path,
    signal: &'a AtomicUsize,
    family: Family,
}

impl Builder<'_> {
    /// A tool of the user's choice or the usual one, and the first line of its version.
    fn tool(
        &mut self,
        variable: &str,
        usual: &str,
        what: &str,
    ) -> Result<Option<(OsString, String)>, BenchError> {
        let program = env::var_os(variable)
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| usual.into());
        let words = vec![program.clone(), "--version".into()];
        Ok(match self.output_of(&words)? {
            Ok(text) => {
                let version = text.lines().next().unwrap_or_default().trim().to_owned();
                self.family.tools.push(Tool {
                    name: program.to_string_lossy().into_owned(),
                    version: version.clone(),
                });
                Some((program, version))
            }
            Err(reason) => {
                let missing = format!("no {what} programs: {reason}");
                self.family.missing.push(missing);
                None
            }
        })
    }

    fn output_of(&self, words: &Words) -> Result<Result<String, String>, BenchError> {
        let child = Child::new(words, PATIENCE).directory(self.directory);
        Ok(match child.run(self.signal)? {
            Ended::Well { stdout, .. } => Ok(stdout),
            Ended::Badly(reason) => Err(reason),
        })
    }

    fn compiled(&mut self, language: &Language) -> Result<(), BenchError> {
        let name = language.name;
        let Some((compiler, version)) = self.tool(language.variable, language.compiler, name)?
        else {
            return Ok(());
        };
        let words = |flags: &str| -> Words {
            let flags = flags.split_whitespace().map(OsString::from);
            [compiler.clone()].into_iter().chain(flags).collect()
        };
        let object = format!("{}.o", language.support);
        let support = format!("-O3 -ffp-contract=off -c {} -o {object}", language.support);
        if let Err(reason) = self.output_of(&words(&support))? {
            self.family
                .missing
                .push(format!("no {name} programs: {reason}"));
            return Ok(());
        }
        for (program, source, threaded) in language.programs {
            for native in [false, true] {
                let flags = format!(
                    "-O3{}{}",
                    if native { " -march=native" } else { "" },
                    if threaded { " -fopenmp" } else { "" }
                );
                let binary = format!("{source}{}", if native { ".native" } else { ".plain" });
                let build = format!("{flags} {source} {object} -o {binary}");
                if let Err(reason) = self.output_of(&words(&build))? {
                    let missing = format!("{program} with {flags} is left out: {reason}");
                    self.family.missing.push(missing);
                    continue;
                }
                self.family.programs.push(Program {
                    name: program.to_owned(),
                    language: name,
                    flags,
                    version: version.clone(),
                    threaded,
                    pace: Pace::Compiled,
                    may_contract: native || cfg!(not(target_arch = "x86_64")),
                    directory: self.directory.to_path_buf(),
                    kind: Kind::Member(vec![self.directory.join(binary).into()]),
                });
            }
        }
        Ok(())
    }

    fn python(&mut self) -> Result<(), BenchError> {
        let Some((python, version)) = self.tool("PYTHON", "python3", "Python")? else {
            return Ok(());
        };
        let programs: [(_, _, &[&str], _, _); 5] = [
            ("numba", "numba", &["numpy", "numba"], true, Pace::Compiled),
            (
                "numexpr",
                "numexpr",
                &["numpy", "numexpr"],
                true,
                Pace::Arrays,
            ),
            (
                "NumPy, in place",
                "numpy_inplace",
                &["numpy"],
                false,
                Pace::Arrays,
            ),
            ("NumPy, slices", "numpy", &["numpy"], false, Pace::Arrays),
            ("Python", "python", &[], false, Pace::Interpreted),
        ];
        let mut present = HashMap::new();
        for (name, source, modules, threaded, pace) in programs {
            for module in modules {
                if !present.contains_key(module) {
                    let import = format!("import {module}; print({module}.__version__)");
                    let words = vec![python.clone(), "-c".into(), import.into()];
                    let answer = self.output_of(&words)?;
                    if let Ok(version) = &answer {
                        self.family.tools.push(Tool {
                            name: (*module).to_owned(),
                            version: version.trim().to_owned(),
                        });
                    }
                    present.insert(module, answer.map(drop));
                }
            }
            let absent = modules
                .iter()
                .find_map(|module| present.get(module)?.as_ref().err());
            if let Some(reason) = absent {
                let missing = format!("{name} is left out: {reason}");
                self.family.missing.push(missing);
                continue;
            }
            let script = self.directory.join(format!("diff2d_{source}.py"));
            self.family.programs.push(Program {
                name: name.to_owned(),
                language: "Python",
                flags: String::new(),
                version: version.clone(),
                threaded,
                pace,
                may_contract: false,
                directory: self.directory.to_path_buf(),
                kind: Kind::Member(vec![python.clone(), script.into()]),
            });
        }
        Ok(())
    }
}

impl Program {
    /// Whether it is `diff2d`.
    pub fn is_ours(&self) -> bool {
        !matches!(self.kind, Kind::Member(_))
    }

    /// Whether its time is that of the whole process.
    pub fn is_whole(&self) -> bool {
        matches!(self.kind, Kind::Whole(_))
    }

    /// The words that start it.
    pub fn command(
        &self,
        case: &Case,
        steps: u64,
        threads: usize,
        final_file: Option<&PathBuf>,
    ) -> Words {
        match &self.kind {
            Kind::Member(words) => {
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

    /// Clears what an earlier run has left.
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

    /// The time of its steps, from what it has left behind; its facts besides.
    pub fn seconds(&self, stdout: &str, took: Duration, facts: &mut Facts) -> Result<f64, String> {
        match &self.kind {
            Kind::Member(_) => {
                let said: HashMap<&str, &str> = stdout
                    .lines()
                    .filter_map(|line| line.trim().split_once('='))
                    .collect();
                facts.version = said.get("version").map(|&version| version.to_owned());
                said.get("seconds")
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

/// A run of ours up to where its result goes.
fn run(program: &Path, case: &Case, settings: &[String], threads: usize) -> Words {
    let mut words: Words = vec![program.into(), "--quiet".into(), "run".into()];
    words.push(case.params().into());
    for setting in settings {
        words.extend(["--set".into(), OsString::from(setting)]);
    }
    words.extend(["--threads".into(), threads.to_string().into()]);
    words
}

/// The words of a run of `diff2d` that leaves its final state as the last snapshot of `cube`.
pub(super) fn run_to_final(
    program: &Program,
    case: &Case,
    steps: u64,
    threads: usize,
    cube: &Path,
) -> Words {
    let (Kind::Steps(path) | Kind::Whole(path)) = &program.kind else {
        return Words::new();
    };
    let mut words = run(path, case, &case.settings(steps), threads);
    words.extend(["--output".into(), cube.into()]);
    words
}
