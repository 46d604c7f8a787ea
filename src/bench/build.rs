//! Builds the reference programs with the compilers that are installed.

use super::{
    case::{Case, StepBudget},
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
const SOURCES: [(&str, &str); 13] = sources![
    "common.hpp",
    "common.cpp",
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

/// The programs that could be built, with what for, and what is missing for the others.
pub(super) struct Programs {
    pub all: Vec<Program>,
    pub tools: Vec<Tool>,
    pub missing: Vec<String>,
}

/// Writes the sources, asks for compilers and builds.
pub(super) fn build(
    ourselves: &Path,
    case: &Case,
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
            all: ours(ourselves, case, directory),
            tools: Vec::new(),
            missing: Vec::new(),
        },
    };
    builder.compiled(&Language::CPP)?;
    builder.compiled(&Language::FORTRAN)?;
    builder.python()?;
    Ok(builder.programs)
}

fn ours(ourselves: &Path, case: &Case, directory: &Path) -> Vec<Program> {
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
    programs.extend(case.whole_settings().map(|_| whole));
    programs
}

/// A compiled language, its compiler and its programs.
struct Language {
    name: &'static str,
    variable: &'static str,
    compiler: &'static str,
    support: &'static str,
    /// Name of the program, its source, whether it takes several threads.
    programs: [(&'static str, &'static str, bool); 2],
}

impl Language {
    const CPP: Self = Self {
        name: "C++",
        variable: "CXX",
        compiler: "g++",
        support: "common.cpp",
        programs: [
            ("C++, one loop", "diff2d_omp.cpp", true),
            ("C++, two loops", "diff2d.cpp", false),
        ],
    };
    const FORTRAN: Self = Self {
        name: "Fortran",
        variable: "FC",
        compiler: "gfortran",
        support: "common.f90",
        programs: [
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
        let object = format!("{}.o", language.support);
        let support = format!("-O3 -ffp-contract=off -c {} -o {object}", language.support);
        if let Err(reason) = self.output_of(&words(&support))? {
            self.programs
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
