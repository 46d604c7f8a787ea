//! [`Outputs`]: the files that a fit writes, all of them or none.

use super::{
    super::{
        answer_files::{answer_name, check_picture_name, written},
        json,
        start::check_writable,
    },
    drawing,
};
use crate::cli::error::Error;
use diff2d::{
    RawParams,
    fit::{self, FitAnswer},
    program::cube::Writing,
};
use diff2d_plot as plot;
use diff2d_sys::{self as sys, Destination, FileError};
use std::path::Path;

/// The names that a user has given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'a> {
    /// The parameter file.
    pub parameters: &'a Path,
    /// The answer, if it is not to have the default name.
    pub answer: Option<&'a Path>,
    /// The picture, if there is to be one.
    pub plot: Option<&'a Path>,
    /// Whether files that are there may be replaced.
    pub force: bool,
}

/// The files that a fit writes.
pub(super) struct Outputs {
    json: Destination,
    rows: Destination,
    parameters: Destination,
    plot: Option<Destination>,
}

impl Outputs {
    /// Refuses files that may not be written, before anything is computed.
    pub fn admit(given: Names<'_>, raw: &RawParams) -> Result<Self, Error> {
        let json = answer_name("fit", given.parameters, given.answer)?;
        // X.fit.csv and X.fit.toml, whether the answer is X.fit.json or X.json.
        let stem = json.file_stem().unwrap_or_default().to_string_lossy();
        let stem = stem.strip_suffix(".fit").unwrap_or(&stem);
        let [rows, parameters] =
            ["csv", "toml"].map(|end| json.with_file_name(format!("{stem}.fit.{end}")));
        let mut taken = vec![given.parameters.to_owned()];
        taken.extend(raw.files());
        let names = [json.clone(), rows.clone(), parameters.clone()];
        let writing = Writing {
            taken: &taken,
            force: given.force,
            is_own_kind: None,
            ..Writing::default()
        };
        let json = writing.admit(&json)?;
        // The answer gets its name last: without it, rows and parameters are those of a fit that was killed.
        let are_left = json.found().is_none() && sys::is_left(json.path());
        let of_kind = |kind: fn(&[u8]) -> bool| Writing {
            is_own_kind: are_left.then_some(kind),
            ..writing
        };
        let rows = of_kind(is_rows).admit(&rows)?;
        let parameters = of_kind(is_parameters).admit(&parameters)?;
        let plot = match given.plot {
            None => None,
            Some(plot) => {
                check_picture_name(plot)?;
                taken.extend(names);
                let writing = Writing {
                    taken: &taken,
                    force: given.force,
                    is_own_kind: Some(plot::is_picture),
                    ..Writing::default()
                };
                Some(writing.admit(plot)?)
            }
        };
        let outputs = Self {
            json,
            rows,
            parameters,
            plot,
        };
        if are_left {
            outputs.remove_left()?;
        }
        outputs.check_writable()?;
        Ok(outputs)
    }

    /// Removes what a killed fit has left under the names of rows and parameters. What tells that it was killed stays until then.
    fn remove_left(&self) -> Result<(), Error> {
        for left in [&self.rows, &self.parameters] {
            if left.found().is_some() {
                let removed = left.remove_found();
                removed.map_err(FileError::of("replace", left.name()))?;
            }
        }
        Ok(())
    }

    fn check_writable(&self) -> Result<(), Error> {
        check_writable(&self.rows, "write the table")?;
        check_writable(&self.parameters, "write the parameter file")?;
        if let Some(plot) = &self.plot {
            check_writable(plot, "write the picture")?;
        }
        check_writable(&self.json, "write the answer")
    }

    /// The name of the answer.
    pub fn answer(&self) -> &Path {
        self.json.name()
    }

    /// Writes all files.
    pub fn write(&self, answer: &FitAnswer, raw: &RawParams) -> Result<(), Error> {
        let mut files = Vec::new();
        if let Some(plot) = &self.plot {
            files.push(drawing::draw(answer, raw, plot)?);
        }
        let texts = [
            (&self.rows, answer.rows_as_csv()),
            (
                &self.parameters,
                fit::fitted(raw, answer, sys::directory_of(self.parameters.name()))?,
            ),
            (&self.json, json::pretty(answer) + "\n"),
        ];
        for (destination, text) in texts {
            files.push(written(destination, text.as_bytes())?);
        }
        Ok(sys::commit_together(files)?)
    }
}

/// Whether a file that begins with these bytes has the rows of a fit.
fn is_rows(beginning: &[u8]) -> bool {
    beginning.starts_with(fit::ROWS_HEADING.as_bytes())
}

/// Whether a file that begins with these bytes is a parameter file with fitted numbers.
fn is_parameters(beginning: &[u8]) -> bool {
    beginning.starts_with(fit::FITTED_HEADING.as_bytes())
}
