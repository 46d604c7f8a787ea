//! Parameters from Python: a file or a TOML text, and a TOML text that overrides them.

use crate::errors::refused;
use diff2d::{ParamsError, RawParams};
use pyo3::prelude::*;
use std::path::{Path, PathBuf};

/// The name in messages for parameters that were given as a dict.
const THE_PARAMETERS: &str = "the parameters";
/// The name in messages for keyword arguments.
const THE_ARGUMENTS: &str = "the arguments";

/// The file or the text of the parameters.
pub(crate) enum Source {
    /// A parameter file.
    File(PathBuf),
    /// The TOML text of a dict.
    Text(String),
}

impl Source {
    /// The source: the file `file`, or the TOML text `text`.
    pub(crate) fn of(
        py: Python<'_>,
        file: Option<PathBuf>,
        text: Option<String>,
    ) -> PyResult<Self> {
        match (file, text) {
            (Some(file), None) => Ok(Self::File(file)),
            (None, Some(text)) => Ok(Self::Text(text)),
            _ => Err(refused(py, "parameters are a path or a dict")),
        }
    }

    /// The directory to which a sweep's parameter file is relative.
    pub(crate) fn directory(&self) -> &Path {
        match self {
            Self::File(file) => file.parent().unwrap_or(Path::new("")),
            Self::Text(_) => Path::new(""),
        }
    }

    /// The parameters, overridden by the TOML of keyword arguments.
    pub(crate) fn read(&self, given: &str) -> Result<RawParams, ParamsError> {
        let mut raw = match self {
            Self::File(file) => RawParams::read(file)?,
            Self::Text(text) => {
                let mut raw = RawParams::default();
                raw.overlay(THE_PARAMETERS, text)?;
                raw
            }
        };
        // Python gives a key a line. A dotted key changes its value within a table, as --set does, and a dict replaces the table.
        for line in given.lines() {
            match line.split_once(" = ") {
                Some((key, value)) if key.contains('.') && !key.contains('"') => {
                    raw.set_at(key, value, THE_ARGUMENTS);
                }
                _ => raw.overlay(THE_ARGUMENTS, line)?,
            }
        }
        Ok(raw)
    }
}
