//! Builds the reference programs with the compilers that are installed.

use super::{
    case::StepBudget,
    child::{Child, CommandLine, Outcome},
    error::{BenchError, directory_error},
    program::{Kind, Program},
    results::Tool,
};
use std::{
    collections::HashMap, env, ffi::OsString, fs, path::Path, sync::atomic::AtomicUsize,
    time::Duration,
};

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../benches/reference/", $name)))),*]
    };
}

/// All their sources, part of the program so that the comparison runs anywhere.
const SOURCES: [(&str, &str); 16] = sources![
    "common.hpp",
    "common.cpp",
    "physics.hpp",
    "physics.cpp",
    "diff2d_physics.cpp",
    "diff2d.cpp",
    "diff2d_omp.cpp",
    "common.f90",
    "diff2d_do.f90",
    "diff2d_array.f90",
    "common.py",
    "diff2d_numba.py",
    "diff2d_numexpr.py",
    "diff2d_numpy_inplace.py",
    "diff2d_numpy.py",
    "diff2d_python.py",
];

/// The time limit of a compiler.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// Which reference programs to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// Those that solve the problem of the course.
    Course {
        /// Whether `diff2d` takes part with a whole run and its cube, too.
        with_cube: bool,
    },
    /// The one that solves problems with any walls, materials and sources.
    Physics,
}

/// The programs that could be built, with what for, and what is missing for the others.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub all: Vec<Program>,
    pub tools: Vec<Tool>,
    pub missing: Vec<String>,
}

impl Programs {
    /// The same programs, which run in another directory.
    pub fn in_directory(&self, directory: &Path) -> Self {
        let mut programs = self.clone();
        for program in &mut programs.all {
            program.directory = directory.to_path_buf();
        }
        programs
    }
}

/// Writes the sources, asks for compilers and builds.
pub(super) fn build(
    ourselves: &Path,
    set: Set,
    directory: &Path,
    signal: &AtomicUsize,
) -> Result<Programs, BenchError> {
    for (name, text) in SOURCES {
        let path = directory.join(name);
        fs::write(&path, text).map_err(directory_error(&path))?;
    }
    let mut builder = Builder {
        directory,
        signal,
        programs: Programs {
            all: ours(ourselves, set, directory),
            tools: Vec::new(),
            missing: Vec::new(),
        },
    };
    match set {
        Set::Course { .. } => {
            builder.compiled(&Language::CPP)?;
            builder.compiled(&Language::FORTRAN)?;
            builder.python()?;
        }
        Set::Physics => builder.compiled(&Language::CPP_PHYSICS)?,
    }
    Ok(builder.programs)
}

fn ours(ourselves: &Path, set: Set, directory: &Path) -> Vec<Program> {
    let steps = Program {
        name: "diff2d".to_owned(),
        language: "Rust",
        flags: String::new(),
        version: format!("diff2d {}", env!("CARGO_PKG_VERSION")),
        threaded: true,
        budget: StepBudget::Compiled,
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
    if set == (Set::Course { with_cube: true }) {
        programs.push(whole);
    }
    programs
}

/// A compiled language, its compiler and its programs.
struct Language {
    name: &'static str,
    variable: &'static str,
    compiler: &'static str,
    /// What all programs are linked with.
    support: &'static [&'static str],
    /// Name of the program, its source, whether it takes several threads.
    programs: &'static [(&'static str, &'static str, bool)],
    /// Flags for which processor it is built.
    targets: &'static [&'static str],
}

/// For any processor, and for this one.
const TARGETS: &[&str] = &["", " -march=native"];

impl Language {
    const CPP: Self = Self {
        name: "C++",
        variable: "CXX",
        compiler: "g++",
        support: &["common.cpp"],
        targets: TARGETS,
        programs: &[
            ("C++, one loop", "diff2d_omp.cpp", true),
            ("C++, two loops", "diff2d.cpp", false),
        ],
    };
    const CPP_PHYSICS: Self = Self {
        support: &["common.cpp", "physics.cpp"],
        targets: &[" -march=native"],
        programs: &[("C++, one loop", "diff2d_physics.cpp", true)],
        ..Self::CPP
    };
    const FORTRAN: Self = Self {
        name: "Fortran",
        variable: "FC",
        compiler: "gfortran",
        support: &["common.f90"],
        targets: TARGETS,
        programs: &[
            ("Fortran, do loops", "diff2d_do.f90", true),
            ("Fortran, array syntax", "diff2d_array.f90", false),
        ],
    };
}

struct Builder<'a> {
    directory: &'a Path,
    signal: &'a AtomicUsize,
    programs: Programs,
}

impl Builder<'_> {
    /// The tool that a variable names or the usual one, and the first line of its version.
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
                self.programs.tools.push(Tool {
                    name: program.to_string_lossy().into_owned(),
                    version: version.clone(),
                });
                Some((program, version))
            }
            Err(reason) => {
                let missing = format!("no {what} programs: {reason}");
                self.programs.missing.push(missing);
                None
            }
        })
    }

    fn output_of(&self, words: &CommandLine) -> Result<Result<String, String>, BenchError> {
        let child = Child::new(words, TIME_LIMIT).directory(self.directory);
        Ok(match child.run(self.signal)? {
            Outcome::Success { stdout, .. } => Ok(stdout),
            Outcome::Failure(reason) => Err(reason),
        })
    }

    fn compiled(&mut self, language: &Language) -> Result<(), BenchError> {
        let name = language.name;
        let Some((compiler, version)) = self.tool(language.variable, language.compiler, name)?
        else {
            return Ok(());
        };
        let words = |flags: &str| -> CommandLine {
            let flags = flags.split_whitespace().map(OsString::from);
            [compiler.clone()].into_iter().chain(flags).collect()
        };
        let mut objects = String::new();
        for source in language.support {
            let support = format!("-O3 -ffp-contract=off -c {source} -o {source}.o");
            if let Err(reason) = self.output_of(&words(&support))? {
                self.programs
                    .missing
                    .push(format!("no {name} programs: {reason}"));
                return Ok(());
            }
            objects += &format!(" {source}.o");
        }
        for &(program, source, threaded) in language.programs {
            for target in language.targets {
                let native = !target.is_empty();
                let openmp = if threaded { " -fopenmp" } else { "" };
                let flags = format!("-O3{target}{openmp}");
                let binary = format!("{source}{}", if native { ".native" } else { ".plain" });
                let build = format!("{flags} {source}{objects} -o {binary}");
                if let Err(reason) = self.output_of(&words(&build))? {
                    let missing = format!("{program} with {flags} is left out: {reason}");
                    self.programs.missing.push(missing);
                    continue;
                }
                self.programs.all.push(Program {
                    name: program.to_owned(),
                    language: name,
                    flags,
                    version: version.clone(),
                    threaded,
                    budget: StepBudget::Compiled,
                    may_contract: native || cfg!(not(target_arch = "x86_64")),
                    directory: self.directory.to_path_buf(),
                    kind: Kind::Reference(vec![self.directory.join(binary).into()]),
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
            (
                "numba",
                "numba",
                &["numpy", "numba"],
                true,
                StepBudget::Compiled,
            ),
            (
                "numexpr",
                "numexpr",
                &["numpy", "numexpr"],
                true,
                StepBudget::Arrays,
            ),
            (
                "NumPy, in place",
                "numpy_inplace",
                &["numpy"],
                false,
                StepBudget::Arrays,
            ),
            (
                "NumPy, slices",
                "numpy",
                &["numpy"],
                false,
                StepBudget::Arrays,
            ),
            ("Python", "python", &[], false, StepBudget::Interpreted),
        ];
        let mut present = HashMap::new();
        for (name, source, modules, threaded, budget) in programs {
            for module in modules {
                if !present.contains_key(module) {
                    let import = format!("import {module}; print({module}.__version__)");
                    let words = vec![python.clone(), "-c".into(), import.into()];
                    let answer = self.output_of(&words)?;
                    if let Ok(version) = &answer {
                        self.programs.tools.push(Tool {
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
                self.programs.missing.push(missing);
                continue;
            }
            let script = self.directory.join(format!("diff2d_{source}.py"));
            self.programs.all.push(Program {
                name: name.to_owned(),
                language: "Python",
                flags: String::new(),
                version: version.clone(),
                threaded,
                budget,
                may_contract: false,
                directory: self.directory.to_path_buf(),
                kind: Kind::Reference(vec![python.clone(), script.into()]),
            });
        }
        Ok(())
    }
}
