//! Parameters as Python gives them: a file or a text of TOML, and a text of TOML that overrides them.

use crate::errors::refused;
use diff2d::{ParamsError, RawParams};
use pyo3::prelude::*;
use std::path::{Path, PathBuf};

/// What messages call parameters that were given as a dict.
const THE_PARAMETERS: &str = "the parameters";
/// What messages call keyword arguments.
const THE_ARGUMENTS: &str = "the arguments";

/// Where parameters come from.
pub(crate) enum Source {
    /// A parameter file.
    File(PathBuf),
    /// The TOML of a dict.
    Text(String),
}

impl Source {
    /// The source that `file` names, or whose TOML `text` is.
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

    /// The directory below which a sweep's parameter file is named.
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
        raw.overlay(THE_ARGUMENTS, given)?;
        Ok(raw)
    }
}
