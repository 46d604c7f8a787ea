//! [`Series`]: the pictures that a command makes, and their names.

use super::{
    args::PlotArgs,
    curves,
    directory::{frame_path, older_pictures},
    page,
};
use crate::{
    cli::{
        frames::{Drawing, Frames, Look},
        terminal::{Terminal, Unit},
    },
    error::Error,
};
use diff2d_plot::Sheet;
use diff2d_sys as sys;
use rayon::prelude::*;
use std::path::PathBuf;

/// Pictures with more pixels are drawn one after the other.
const LARGE: usize = 4_000_000;

/// The pictures that a command makes, and their names.
pub(super) struct Series<'a> {
    args: &'a PlotArgs,
    directory: PathBuf,
    terminal: &'a Terminal,
    made: Vec<PathBuf>,
}

impl<'a> Series<'a> {
    pub fn new(args: &'a PlotArgs, directory: PathBuf, terminal: &'a Terminal) -> Self {
        Self {
            args,
            directory,
            terminal,
            made: Vec::new(),
        }
    }

    /// Draws single frames, if they are asked for, and prints their names.
    pub fn draw(
        &mut self,
        frames: &Frames<'_>,
        chosen: &[u64],
        drawing: &Drawing<'_>,
    ) -> Result<(), Error> {
        if !self.args.draws_single_frames() {
            return Ok(());
        }
        self.make_directory()?;
        let bar = self.terminal.bar(chosen.len() as u64, Unit::Pictures);
        let draw = |&index: &u64| {
            let path = frame_path(&self.directory, index);
            frames.draw(index, drawing)?.save(&path)?;
            bar.progress().add(1);
            Ok(path)
        };
        let is_large = drawing
            .style
            .size
            .is_some_and(|size| size.width() * size.height() > LARGE);
        let made: Result<Vec<PathBuf>, Error> = match is_large {
            true => chosen.iter().map(draw).collect(),
            false => chosen.par_iter().map(draw).collect(),
        };
        drop(bar);
        made?.into_iter().try_for_each(|path| self.made(path))
    }

    /// Draws what shows all frames, and tells what else is in the directory.
    pub fn conclude(
        mut self,
        frames: &Frames<'_>,
        chosen: &[u64],
        drawing: &Drawing<'_>,
        look: &Look,
    ) -> Result<(), Error> {
        let args = self.args;
        if args.sheet.is_some() {
            self.make_directory()?;
            let path = self.directory.join("sheet.png");
            frames.sheet(chosen, drawing)?.save(&path)?;
            self.made(path)?;
            if chosen.len() > Sheet::MOST {
                self.terminal.note(&format!(
                    "sheet.png shows {} of {} frames, evenly spread; --snapshots chooses others",
                    Sheet::MOST,
                    chosen.len()
                ));
            }
        }
        if let Some(format) = args.animate {
            self.make_directory()?;
            let name = format!("animation.{}", format.extension());
            let path = self.directory.join(name);
            let bar = self.terminal.bar(chosen.len() as u64, Unit::Pictures);
            frames.animate(chosen, drawing, (&path, format), bar.progress())?;
            drop(bar);
            self.made(path)?;
        }
        for line in &args.line {
            let (name, chart) = curves::line(frames, chosen, line, look, self.terminal)?;
            self.make_directory()?;
            let path = self.directory.join(name);
            chart.save(&path)?;
            self.made(path)?;
        }
        if !args.history.is_empty() {
            let chart = curves::history(frames, chosen, &args.history, look, self.terminal)?;
            self.make_directory()?;
            let path = self.directory.join("history.svg");
            chart.save(&path)?;
            self.made(path)?;
        }
        if let Some(path) = &args.html {
            page::draw(frames, chosen, drawing, path, self.terminal)?;
            self.made(path.clone())?;
        }
        if drawing.style.log && drawing.survey.ends().low <= 0.0 {
            self.terminal
                .note("values at or below 0, which have no logarithm, are white");
        }
        let is_used = self
            .made
            .iter()
            .any(|path| path.starts_with(&self.directory));
        if is_used && let Some(note) = older_pictures(&self.directory, &self.made) {
            self.terminal.note(&note);
        }
        Ok(())
    }

    fn made(&mut self, path: PathBuf) -> Result<(), Error> {
        self.terminal.result(&path.display().to_string())?;
        self.made.push(path);
        Ok(())
    }

    fn make_directory(&self) -> Result<(), Error> {
        sys::create_directory(&self.directory).map_err(|error| {
            Error::System(format!(
                "cannot create the directory {}: {error}",
                self.directory.display()
            ))
        })
    }
}
