//! [`Series`]: the pictures that a command makes, and their names.

use super::{
    args::PlotArgs,
    curves,
    directory::{directory, file, frame_path, make_directory, older_pictures},
    page, record,
};
use crate::{
    cli::{bar::Unit, frames::Drawing, terminal::Terminal},
    cube::{JournalledArray, Writing},
    error::Error,
};
use diff2d_plot::{self as plot, Contours, Extrema, Sheet};
use diff2d_sys::Destination;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Bytes that a picture takes for each of its pixels while it is drawn and written.
const PIXEL_BYTES: u64 = 20;
/// Pixels of a picture whose size nobody asks for.
const USUAL_PIXELS: usize = 1_000_000;

/// The pictures that a command makes, and their names.
pub(super) struct Series<'a> {
    args: &'a PlotArgs,
    directory: PathBuf,
    /// The file that is to be the only picture.
    file: Option<PathBuf>,
    terminal: &'a Terminal,
    made: Vec<PathBuf>,
    /// The files that frames and measured values are read from.
    taken: Vec<PathBuf>,
}

impl<'a> Series<'a> {
    pub fn new(
        args: &'a PlotArgs,
        array: &JournalledArray,
        frames: usize,
        terminal: &'a Terminal,
    ) -> Result<Self, Error> {
        let file = file(args, frames)?;
        let directory = match file {
            Some(_) => PathBuf::new(),
            None => directory(args)?,
        };
        Ok(Self {
            args,
            directory,
            file,
            terminal,
            made: Vec::new(),
            taken: array.files().into_iter().chain(args.data.clone()).collect(),
        })
    }

    /// Draws single frames, if they are asked for, and prints their names.
    pub fn draw(&mut self, drawing: &Drawing<'_>) -> Result<(), Error> {
        let chosen = drawing.chosen;
        if !self.args.draws_single_frames() {
            return Ok(());
        }
        self.make_directory()?;
        let bar = self.terminal.bar(chosen.len() as u64, Unit::Pictures);
        // All names are judged before anything is drawn.
        let admit = |&index: &u64| {
            let path = match &self.file {
                Some(file) => file.clone(),
                None => frame_path(&self.directory, index),
            };
            Ok((index, self.admit(&path, plot::is_picture)?))
        };
        let admitted: Vec<_> = chosen.iter().map(admit).collect::<Result<_, Error>>()?;
        let draw = |(index, to): &(u64, Destination)| {
            drawing.save(*index, to)?;
            bar.progress().add(1);
            Ok(to.name().to_owned())
        };
        let size = drawing.style.size;
        let pixels = size.map_or(USUAL_PIXELS, |size| size.width() * size.height());
        let at_a_time = self.args.memory / (PIXEL_BYTES * pixels as u64);
        let at_a_time = usize::try_from(at_a_time).unwrap_or(usize::MAX).max(1);
        let made: Result<Vec<Vec<PathBuf>>, Error> = admitted
            .chunks(at_a_time)
            .map(|some| some.par_iter().map(draw).collect())
            .collect();
        drop(bar);
        made?
            .concat()
            .into_iter()
            .try_for_each(|path| self.made(path))
    }

    /// Draws what shows all frames, and tells what else is in the directory.
    pub fn conclude(mut self, drawing: &Drawing<'_>) -> Result<(), Error> {
        let (args, chosen, terminal) = (self.args, drawing.chosen, self.terminal);
        if args.sheet.is_some() {
            self.make("sheet.png", |to| drawing.sheet(to))?;
            if chosen.len() > Sheet::MOST {
                terminal.note(&format!(
                    "sheet.png shows {} of {} frames, evenly spread; --snapshots chooses others",
                    Sheet::MOST,
                    chosen.len()
                ));
            }
        }
        if let Some(format) = args.animate {
            self.make(&format!("animation.{}", format.extension()), |to| {
                let bar = terminal.bar(chosen.len() as u64, Unit::Pictures);
                drawing.animate(to, format, args.fps, bar.progress())
            })?;
        }
        for line in &args.line {
            let (name, chart) = curves::line(drawing, line, terminal)?;
            self.make(&name, |to| Ok(chart.save(to)?))?;
        }
        if !args.history.is_empty() {
            let chart = curves::history(drawing, &args.history, terminal)?;
            self.make("history.svg", |to| Ok(chart.save(to)?))?;
        }
        if !args.record.is_empty() {
            let chart = record::record(args, drawing)?;
            self.make("record.svg", |to| Ok(chart.save(to)?))?;
        }
        if let Some(path) = &args.html {
            let to = self.admit(path, plot::is_page)?;
            page::draw(drawing, &to, terminal)?;
            self.made(path.clone())?;
        }
        if drawing.style.log && drawing.survey.ends().low <= 0.0 {
            terminal.note("values at or below 0, which have no logarithm, are white");
        }
        if let Contours::At(values) = &drawing.style.contours {
            self.tell_missing(values, drawing);
        }
        let in_it = |path: &PathBuf| path.starts_with(&self.directory);
        let is_used = self.file.is_none() && self.made.iter().any(in_it);
        if is_used && let Some(note) = older_pictures(&self.directory, &self.made) {
            self.terminal.note(&note);
        }
        Ok(())
    }

    /// Tells which contour lines no picture has.
    fn tell_missing(&self, values: &[f64], drawing: &Drawing<'_>) {
        let (Extrema { low, high, .. }, colours) = (drawing.survey.ends(), &drawing.style.range);
        let are_own = drawing.style.own_ranges;
        for &value in values {
            if !(low..=high).contains(&value) {
                self.terminal.note(&format!(
                    "--contours: no line at {value}, since the values drawn lie between {low} and {high}"
                ));
            } else if !are_own && !(colours.low()..=colours.high()).contains(&value) {
                self.terminal.note(&format!(
                    "--contours: no line at {value}, which lies beyond the colours, {colours}"
                ));
            }
        }
    }

    /// Refuses a name under which something other than a picture, or a page, would be lost.
    fn admit(&self, path: &Path, is_own_kind: fn(&[u8]) -> bool) -> Result<Destination, Error> {
        let writing = Writing {
            taken: &self.taken,
            force: self.args.force,
            is_own_kind: Some(is_own_kind),
        };
        Ok(writing.admit(path)?)
    }

    /// Makes a picture in the directory.
    fn make(
        &mut self,
        name: &str,
        draw: impl FnOnce(&Destination) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.make_directory()?;
        let path = match &self.file {
            Some(file) => file.clone(),
            None => self.directory.join(name),
        };
        let to = self.admit(&path, plot::is_picture)?;
        draw(&to)?;
        self.made(path)
    }

    fn make_directory(&self) -> Result<(), Error> {
        match &self.file {
            Some(_) => Ok(()),
            None => make_directory(&self.directory),
        }
    }

    fn made(&mut self, path: PathBuf) -> Result<(), Error> {
        self.terminal.result(&path.display().to_string())?;
        self.made.push(path);
        Ok(())
    }
}
