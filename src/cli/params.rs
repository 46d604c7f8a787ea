//! The arguments that name a problem, shared by the commands that take one.

use super::terminal::{option_quoted, quoted};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{
    Problem, RawParams,
    program::{
        cube::{inputs, recorded_inputs::BegunCube},
        params::Digests,
        warnings,
    },
    with_start,
};
use diff2d_sys as sys;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

#[derive(Debug, Args)]
pub(super) struct ParamsArgs {
    /// Parameter file: TOML, or the course's diff2dparams.py
    #[arg(value_name = "PARAMS")]
    pub(super) file: PathBuf,
    /// Override a parameter, such as --set dx=0.1 (repeatable; a TOML value, a bare word is a string)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) overrides: Vec<String>,
}

/// A problem, and what its user may not expect.
pub(super) struct ProblemWithWarnings {
    pub(super) problem: Problem,
    pub(super) warnings: Vec<String>,
}

impl ParamsArgs {
    /// Judges the problem, whose run may take this much memory, by default what the parameters allow, and continues one of
    /// these cubes if they are there.
    pub(super) fn judged(
        &self,
        memory: Option<u64>,
        cubes: &[&Path],
    ) -> Result<ProblemWithWarnings, Error> {
        let raw = RawParams::load(&self.file, &self.overrides);
        let problem_and_warnings = raw.and_then(|raw| {
            if memory.is_some() || raw.typed().get("memory").is_some() {
                sys::give_back_memory();
            }
            let mut digests = Digests::within(memory);
            let raw =
                with_start(BegunCube::of(cubes.iter().copied()).found_again(raw, &mut digests)?)?;
            let problem = Problem::with_digests(&raw, &mut digests)?;
            let mut limited = problem.clone();
            limited.params.memory = memory.or(problem.params.memory);
            let mut warnings = warnings::of(&limited);
            warnings.extend(warnings::of_typed(&raw));
            Ok(ProblemWithWarnings { problem, warnings })
        });
        let problem_and_warnings = problem_and_warnings.map_err(|error| {
            let file = quoted(self.file.display());
            if self.is_sweep() { Error::Usage(format!(
                    "{file} describes a sweep, as it has the key params: `diff2d sweep {file}` runs it, `diff2d plan {file}` tells what it would do"
                )) } else { Error::from(error) }
        })?;
        for (path, matrix) in problem_and_warnings.problem.arrays_on_disk() {
            inputs::is_committed(path, matrix)?;
        }
        Ok(problem_and_warnings)
    }

    /// The file and the overrides, quoted for a shell.
    pub(super) fn quoted(&self) -> String {
        quoted(self.file.display()) + &option_quoted("--set", &self.overrides)
    }

    /// Whether the file describes a sweep.
    pub(super) fn is_sweep(&self) -> bool {
        self.file.is_file() && is_sweep(&self.file)
    }
}

/// Whether a file names another parameter file, as sweeps do.
fn is_sweep(file: &Path) -> bool {
    const LONGEST: u64 = 1 << 20;
    let mut text = String::new();
    if let Ok(file) = File::open(file) {
        // A file that cannot be read describes nothing.
        let _ = file.take(LONGEST).read_to_string(&mut text);
    }
    let keys = text.lines().filter_map(|line| line.split_once('='));
    keys.map(|(key, _)| key.trim()).any(|key| key == "params")
}
