//! Where the sources of the family are, and how they are built with what there is.

use super::{
    BenchError, Case, Words,
    case::Pace,
    child::{Child, Ended},
    directory_error,
    family::{Kind, Program},
    results::Tool,
};
use std::{
    collections::HashMap, env, ffi::OsString, fs, path::Path, sync::atomic::AtomicUsize,
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

/// All programs that could be built.
pub(super) struct Family {
    pub programs: Vec<Program>,
    pub tools: Vec<Tool>,
    pub missing: Vec<String>,
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
