//! The arguments that name a problem, shared by the commands that take one.

use crate::{cube::inputs, error::Error, problem::Problem};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct ParamsArgs {
    /// Parameter file: TOML, or the course's diff2dparams.py
    #[arg(value_name = "PARAMS")]
    pub(super) file: PathBuf,
    /// Override a parameter, such as --set dx=0.1 (repeatable; a TOML value, a bare word is a string)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
}

impl ParamsArgs {
    pub(super) fn problem(&self) -> Result<Problem, Error> {
        let problem = Problem::load(&self.file, &self.overrides)?;
        inputs::are_committed(&problem)?;
        Ok(problem)
    }

    /// The options again, for a command line that does the same.
    pub(super) fn overrides_quoted(&self) -> String {
        self.overrides
            .iter()
            .map(|text| format!(" --set {}", super::terminal::quoted(text)))
            .collect()
    }
}
