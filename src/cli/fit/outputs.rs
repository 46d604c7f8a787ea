//! [`Outputs`]: the files that a fit writes, all of them or none.

use super::{
    super::{
        answer_files::{admit_picture, answer_name, check_picture_name, written},
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
use diff2d_sys::{self as sys, Destination, FileError};
use std::path::Path;

/// The files that a fit writes.
pub(super) struct Outputs {
    /// The answer.
    pub json: Destination,
    rows: Destination,
    parameters: Destination,
    plot: Option<Destination>,
}

impl Outputs {
    /// Refuses files that may not be written, before anything is computed: the answer, or what is named after the parameter
    /// file, and a picture. `force` replaces what is there.
    pub fn admit(
        file: &Path,
        answer: Option<&Path>,
        plot: Option<&Path>,
        force: bool,
        raw: &RawParams,
    ) -> Result<Self, Error> {
        let json = answer_name("fit", file, answer)?;
        // X.fit.csv and X.fit.toml, whether the answer is X.fit.json or X.json.
        let stem = json.file_stem().unwrap_or_default().to_string_lossy();
        let stem = stem.strip_suffix(".fit").unwrap_or(&stem);
        let [rows, parameters] =
            ["csv", "toml"].map(|end| json.with_file_name(format!("{stem}.fit.{end}")));
        let mut taken = vec![file.to_owned()];
        taken.extend(raw.files());
        let names = [json.clone(), rows.clone(), parameters.clone()];
        let writing = Writing {
            taken: &taken,
            force,
            ..Writing::default()
        };
        let json = writing.admit(&json)?;
        // The answer gets its name last: without it, rows and parameters are those of a fit that was killed.
        let are_left = json.found().is_none() && sys::is_left(json.path());
        let of_kind = |kind: fn(&[u8]) -> bool| Writing {
            is_own_kind: are_left.then_some(kind),
            ..writing
        };
        let rows = of_kind(|beginning| beginning.starts_with(fit::ROWS_HEADING.as_bytes()))
            .admit(&rows)?;
        let parameters = of_kind(|beginning| beginning.starts_with(fit::FITTED_HEADING.as_bytes()))
            .admit(&parameters)?;
        taken.extend(names);
        let plot = plot.map(|plot| {
            check_picture_name(plot)?;
            admit_picture(plot, &taken, force).map_err(Error::from)
        });
        let plot = plot.transpose()?;
        if are_left {
            // What tells that a fit was killed stays until rows and parameters, which it has left, are removed.
            for left in [&rows, &parameters]
                .into_iter()
                .filter(|left| left.found().is_some())
            {
                let removed = left.remove_found();
                removed.map_err(FileError::of("replace", left.name()))?;
            }
        }
        check_writable(&rows, "write the table")?;
        check_writable(&parameters, "write the parameter file")?;
        if let Some(plot) = &plot {
            check_writable(plot, "write the picture")?;
        }
        check_writable(&json, "write the answer")?;
        Ok(Self {
            json,
            rows,
            parameters,
            plot,
        })
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
