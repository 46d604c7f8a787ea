//! Builds the reference programs with the compilers that are installed.

use super::{
    case::StepBudget,
    child,
    error::{BenchError, directory_error},
    program::{Measure, Program},
    results::Tool,
};
use std::{
    collections::HashMap,
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::AtomicUsize,
    time::Duration,
};

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../benches/reference/", $name)))),*]
    };
}

/// All their sources, part of the program so that the comparison runs anywhere.
pub const SOURCES: [(&str, &str); 20] = sources![
    "ceilings.cpp",
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
    "diff2d_rust.rs",
    "diff2d_julia.jl",
    "common.py",
    "diff2d_jax.py",
    "diff2d_numba.py",
    "diff2d_numexpr.py",
    "diff2d_numpy_inplace.py",
    "diff2d_numpy.py",
    "diff2d_python.py",
];

/// The time limit of a compiler.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// The programs that could be built, with what for, and what is missing for the others.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub all: Vec<Program>,
    /// What measures the ceilings of the machine.
    pub ceilings: Option<PathBuf>,
    pub tools: Vec<Tool>,
    pub missing: Vec<String>,
}

/// Writes the sources of the reference programs.
///
/// # Errors
/// [`BenchError`] where a file cannot be written.
fn write_sources(directory: &Path) -> Result<(), BenchError> {
    for (name, text) in SOURCES {
        let path = directory.join(name);
        fs::write(&path, text).map_err(directory_error(&path))?;
    }
    Ok(())
}

/// A program of the user's own: a command, whose files are looked for where the user is.
pub(super) fn own(words: &[OsString]) -> Program {
    let absolute = |word: &OsString| match fs::canonicalize(word) {
        Ok(path) if word.to_string_lossy().contains('/') => path.into_os_string(),
        _ => word.clone(),
    };
    let name: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    Program {
        name: name.join(" "),
        language: "own",
        flags: String::new(),
        version: String::new(),
        threaded: true,
        budget: StepBudget::Arrays,
        may_contract: true,
        kind: Measure::Own(words.iter().map(absolute).collect()),
    }
}

/// Writes the sources, asks for compilers and builds: what solves the problem of the course, or what solves
/// problems with any walls, materials and sources.
pub(super) fn build(
    ourselves: &Path,
    physics: bool,
    directory: &Path,
    signal: &AtomicUsize,
) -> Result<Programs, BenchError> {
    write_sources(directory)?;
    let mut builder = Builder {
        directory,
        signal,
        programs: Programs {
            all: ours(ourselves).into(),
            ceilings: None,
            tools: Vec::new(),
            missing: Vec::new(),
        },
    };
    if physics {
        builder.compiled(&Language::CPP_PHYSICS)?;
    } else {
        builder.compiled(&Language::CPP)?;
        builder.compiled(&Language::FORTRAN)?;
        builder.compiled(&Language::RUST)?;
        builder.julia()?;
        builder.python()?;
    }
    Ok(builder.programs)
}

fn ours(ourselves: &Path) -> [Program; 2] {
    let steps = Program {
        name: "diff2d".to_owned(),
        language: "Rust",
        flags: String::new(),
        version: format!("diff2d {}", env!("CARGO_PKG_VERSION")),
        threaded: true,
        budget: StepBudget::Compiled,
        may_contract: false,
        kind: Measure::Steps(ourselves.to_path_buf()),
    };
    let whole = Program {
        name: "diff2d, whole run with its cube".to_owned(),
        flags: "every snapshot durable".to_owned(),
        kind: Measure::Whole(ourselves.to_path_buf()),
        ..steps.clone()
    };
    [steps, whole]
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
    /// Flags for any processor.
    flags: &'static str,
    /// Further flags for this one.
    native: &'static str,
    /// Whether programs for any processor are built, too.
    portable: bool,
    /// Whether the compiler may contract where the processor has fused operations.
    contracts: bool,
    /// How to get the compiler.
    get: &'static str,
    /// What measures the ceilings of the machine.
    ceilings: Option<&'static str>,
}

impl Language {
    const CPP: Self = Self {
        name: "C++",
        variable: "CXX",
        compiler: "g++",
        support: &["common.cpp"],
        flags: "-O3",
        native: " -march=native",
        portable: true,
        contracts: true,
        get: "on Debian: apt install g++",
        ceilings: Some("ceilings.cpp"),
        programs: &[
            ("C++, one loop", "diff2d_omp.cpp", true),
            ("C++, two loops", "diff2d.cpp", false),
        ],
    };
    const CPP_PHYSICS: Self = Self {
        support: &["common.cpp", "physics.cpp"],
        portable: false,
        ceilings: None,
        programs: &[("C++, one loop", "diff2d_physics.cpp", true)],
        ..Self::CPP
    };
    const FORTRAN: Self = Self {
        name: "Fortran",
        variable: "FC",
        compiler: "gfortran",
        support: &["common.f90"],
        get: "on Debian: apt install gfortran",
        ceilings: None,
        programs: &[
            ("Fortran, do loops", "diff2d_do.f90", true),
            ("Fortran, array syntax", "diff2d_array.f90", false),
        ],
        ..Self::CPP
    };
    const RUST: Self = Self {
        name: "Rust",
        variable: "RUSTC",
        compiler: "rustc",
        support: &[],
        flags: "-Copt-level=3",
        native: " -Ctarget-cpu=native",
        portable: true,
        contracts: false,
        get: "https://rustup.rs",
        ceilings: None,
        programs: &[("Rust, one loop", "diff2d_rust.rs", false)],
    };
}

/// A program in Python: its name and source, the modules that it needs, whether it takes several threads, its speed.
type Script = (
    &'static str,
    &'static str,
    &'static [&'static str],
    bool,
    StepBudget,
);

#[rustfmt::skip]
const SCRIPTS: [Script; 6] = [
    ("JAX", "diff2d_jax.py", &["numpy", "jax"], true, StepBudget::Arrays),
    ("numba", "diff2d_numba.py", &["numpy", "numba"], true, StepBudget::Compiled),
    ("numexpr", "diff2d_numexpr.py", &["numpy", "numexpr"], true, StepBudget::Arrays),
    ("NumPy, in place", "diff2d_numpy_inplace.py", &["numpy"], false, StepBudget::Arrays),
    ("NumPy, slices", "diff2d_numpy.py", &["numpy"], false, StepBudget::Arrays),
    ("Python", "diff2d_python.py", &[], false, StepBudget::Interpreted),
];

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
        language: &str,
        get: &str,
    ) -> Result<Option<(OsString, String)>, BenchError> {
        let program = env::var_os(variable)
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| usual.into());
        let answer = self.output_of(Command::new(&program).arg("--version"))?;
        Ok(match answer {
            Ok(text) => {
                let version = text.lines().next().unwrap_or_default().trim().to_owned();
                self.add_tool(program.to_string_lossy().into_owned(), version.clone());
                Some((program, version))
            }
            Err(reason) => {
                self.miss(format!("no {language} programs: {reason} ({get})"));
                None
            }
        })
    }

    fn output_of(&self, command: &mut Command) -> Result<Result<String, String>, BenchError> {
        let ended = child::run(command.current_dir(self.directory), TIME_LIMIT, self.signal)?;
        Ok(ended.map(|finished| finished.stdout))
    }

    fn add_tool(&mut self, name: String, version: String) {
        self.programs.tools.push(Tool { name, version });
    }

    fn miss(&mut self, what: String) {
        self.programs.missing.push(what);
    }

    fn compiled(&mut self, language: &Language) -> Result<(), BenchError> {
        let name = language.name;
        let tool = self.tool(language.variable, language.compiler, name, language.get)?;
        let Some((compiler, version)) = tool else {
            return Ok(());
        };
        let compile = |builder: &Self, flags: &str| {
            builder.output_of(Command::new(&compiler).args(flags.split_whitespace()))
        };
        let mut objects = String::new();
        for source in language.support {
            let flags = format!("-O3 -ffp-contract=off -c {source} -o {source}.o");
            if let Err(reason) = compile(self, &flags)? {
                self.miss(format!("no {name} programs: {reason}"));
                return Ok(());
            }
            objects += &format!(" {source}.o");
        }
        if let Some(source) = language.ceilings {
            let (flags, native) = (language.flags, language.native);
            let flags = format!("{flags}{native} -ffp-contract=off -fopenmp");
            match compile(self, &format!("{flags} {source} -o ceilings"))? {
                Ok(_) => self.programs.ceilings = Some(self.directory.join("ceilings")),
                Err(reason) => self.miss(format!("no ceilings: {reason}")),
            }
        }
        for &(program, source, threaded) in language.programs {
            let targets = [("", false), (language.native, true)].into_iter();
            for (target, native) in targets.filter(|(_, native)| *native || language.portable) {
                let openmp = if threaded { " -fopenmp" } else { "" };
                let flags = format!("{}{target}{openmp}", language.flags);
                let binary = format!("{source}{}", if native { ".native" } else { ".plain" });
                let build = format!("{flags} {source}{objects} -o {binary}");
                if let Err(reason) = compile(self, &build)? {
                    self.miss(format!("{program} with {flags} is left out: {reason}"));
                    continue;
                }
                self.programs.all.push(Program {
                    name: program.to_owned(),
                    language: name,
                    flags,
                    version: version.clone(),
                    threaded,
                    budget: StepBudget::Compiled,
                    may_contract: language.contracts
                        && (native || cfg!(not(target_arch = "x86_64"))),
                    kind: Measure::Reference(vec![self.directory.join(binary).into()]),
                });
            }
        }
        Ok(())
    }

    fn julia(&mut self) -> Result<(), BenchError> {
        let get = "https://julialang.org/downloads";
        let Some((julia, version)) = self.tool("JULIA", "julia", "Julia", get)? else {
            return Ok(());
        };
        let script = self.directory.join("diff2d_julia.jl").into();
        self.programs.all.push(Program {
            name: "Julia, one loop".to_owned(),
            language: "Julia",
            flags: String::new(),
            version,
            threaded: true,
            budget: StepBudget::Compiled,
            may_contract: false,
            kind: Measure::Reference(vec![julia, script]),
        });
        Ok(())
    }

    fn python(&mut self) -> Result<(), BenchError> {
        let get = "on Debian: apt install python3";
        let Some((python, version)) = self.tool("PYTHON", "python3", "Python", get)? else {
            return Ok(());
        };
        let mut present = HashMap::new();
        for (name, source, modules, threaded, budget) in SCRIPTS {
            for &module in modules {
                if !present.contains_key(module) {
                    let import = format!("import {module}; print({module}.__version__)");
                    let answer = self.output_of(Command::new(&python).args(["-c", &import]))?;
                    if let Ok(version) = &answer {
                        self.add_tool(module.to_owned(), version.trim().to_owned());
                    }
                    present.insert(module, answer);
                }
            }
            let mut answers = modules.iter().filter_map(|module| present.get(module));
            if let Some(Err(reason)) = answers.find(|answer| answer.is_err()) {
                let modules = modules.join(" ");
                self.miss(format!(
                    "{name} is left out: {reason} (pip install {modules})"
                ));
                continue;
            }
            self.programs.all.push(Program {
                name: name.to_owned(),
                language: "Python",
                flags: String::new(),
                version: version.clone(),
                threaded,
                budget,
                // XLA, of which JAX is a front end, lets its compiler contract.
                may_contract: name == "JAX",
                kind: Measure::Reference(vec![python.clone(), self.directory.join(source).into()]),
            });
        }
        Ok(())
    }
}
