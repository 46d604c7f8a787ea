//! [`Series`]: the pictures that a command makes, and their names.

use super::{
    args::PlotArgs,
    curves,
    directory::{directory, file, frame_path, older_pictures},
    page,
    pictures::Picture,
    record,
};
use crate::cli::{
    bar::Unit, error::Error, frames::Drawing, start::make_directory, terminal::Terminal,
};
use diff2d::{JournalledArray, program::cube::Writing};
use diff2d_plot::{self as plot, Chart, Contours, Extrema, Sheet};
use diff2d_sys::Destination;
use rayon::prelude::*;
use std::{
    mem,
    path::{Path, PathBuf},
};

/// Bytes that a picture takes for each of its pixels while it is drawn and written.
const PIXEL_BYTES: u64 = 20;
/// Pixels of a picture whose size nobody asks for.
const USUAL_PIXELS: usize = 1_000_000;

/// The pictures that a command makes, and their names.
pub(super) struct Series<'a> {
    args: &'a PlotArgs,
    pictures: Vec<Picture<'a>>,
    directory: PathBuf,
    /// The file that is to be the only picture.
    file: Option<PathBuf>,
    terminal: &'a Terminal,
    /// The pictures whose names are printed.
    announced: Vec<PathBuf>,
    /// The files that frames and measured values are read from.
    input_files: Vec<PathBuf>,
}

impl<'a> Series<'a> {
    pub fn new(
        args: &'a PlotArgs,
        array: &JournalledArray,
        frames: usize,
        terminal: &'a Terminal,
    ) -> Result<Self, Error> {
        let pictures = Picture::all(args);
        let file = file(args, &pictures, frames)?;
        let directory = match file {
            Some(_) => PathBuf::new(),
            None => directory(args)?,
        };
        Ok(Self {
            args,
            pictures,
            directory,
            file,
            terminal,
            announced: Vec::new(),
            input_files: array
                .files()
                .into_iter()
                .chain(args.measured().map(|(path, _)| path.to_owned()))
                .collect(),
        })
    }

    /// Draws single frames, if they are asked for, and prints their names.
    pub fn draw(&mut self, drawing: &Drawing<'_>) -> Result<(), Error> {
        let chosen = drawing.chosen;
        if !self.pictures.contains(&Picture::EachFrame) {
            return Ok(());
        }
        self.make_directory()?;
        let bar = self.terminal.bar(chosen.len() as u64, Unit::Pictures);
        // All names are judged before anything is drawn.
        let admitted: Vec<(u64, Destination)> = chosen
            .iter()
            .map(|&index| {
                let path = match &self.file {
                    Some(file) => file.clone(),
                    None => frame_path(&self.directory, index),
                };
                Ok((index, self.admit(&path, plot::is_picture)?))
            })
            .collect::<Result<_, Error>>()?;
        let size = drawing.style.size;
        let pixels = size.map_or(USUAL_PIXELS, |size| size.width() * size.height());
        let at_a_time = self.args.memory / (PIXEL_BYTES * pixels as u64);
        let at_a_time = usize::try_from(at_a_time).unwrap_or(usize::MAX).max(1);
        let drawn_paths: Result<Vec<Vec<PathBuf>>, Error> = admitted
            .chunks(at_a_time)
            .map(|batch| {
                let paths = batch.par_iter().map(|(index, destination)| {
                    drawing.save(*index, destination)?;
                    bar.progress().add(1);
                    Ok(destination.name().to_owned())
                });
                paths.collect()
            })
            .collect();
        drop(bar);
        drawn_paths?
            .concat()
            .into_iter()
            .try_for_each(|path| self.announce(path))
    }

    /// Draws what shows all frames, and tells what else is in the directory.
    pub fn conclude(mut self, drawing: &Drawing<'_>) -> Result<(), Error> {
        let (args, chosen, terminal) = (self.args, drawing.chosen, self.terminal);
        for picture in mem::take(&mut self.pictures) {
            match picture {
                Picture::EachFrame => {}
                Picture::Sheet => {
                    self.make("sheet.png", |destination| drawing.sheet(destination))?;
                    if chosen.len() > Sheet::MOST {
                        terminal.note(&format!(
                            "sheet.png shows {} of {} frames, evenly spread; --snapshots chooses others",
                            Sheet::MOST,
                            chosen.len()
                        ));
                    }
                }
                Picture::Animation => self.make("animation.gif", |destination| {
                    let bar = terminal.bar(chosen.len() as u64, Unit::Pictures);
                    drawing.animate(destination, args.fps, bar.progress())
                })?,
                Picture::Line(line) => {
                    let (name, chart) = curves::line(drawing, line, terminal)?;
                    self.make_chart(&name, &chart)?;
                }
                Picture::Histories => {
                    let chart = curves::history(drawing, &args.history, terminal)?;
                    self.make_chart("history.svg", &chart)?;
                }
                Picture::Record => {
                    self.make_chart("record.svg", &record::record(args, drawing, terminal)?)?;
                }
                Picture::Page(path) => {
                    let destination = self.admit(path, plot::is_page)?;
                    page::draw(drawing, &destination, terminal)?;
                    self.announce(path.to_owned())?;
                }
            }
        }
        if drawing.style.log && drawing.survey.ends().low <= 0.0 {
            terminal.note("values at or below 0, which have no logarithm, are white");
        }
        if let Contours::At(values) = &drawing.style.contours {
            self.tell_missing(values, drawing);
        }
        let is_used = self.file.is_none()
            && self
                .announced
                .iter()
                .any(|path| path.starts_with(&self.directory));
        if is_used && let Some(note) = older_pictures(&self.directory, &self.announced) {
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
            taken: &self.input_files,
            force: self.args.force,
            is_own_kind: Some(is_own_kind),
            ..Writing::default()
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
        let destination = self.admit(&path, plot::is_picture)?;
        draw(&destination)?;
        self.announce(path)
    }

    fn make_chart(&mut self, name: &str, chart: &Chart) -> Result<(), Error> {
        self.make(name, |destination| Ok(chart.save(destination)?))
    }

    fn make_directory(&self) -> Result<(), Error> {
        match &self.file {
            Some(_) => Ok(()),
            None => make_directory(&self.directory),
        }
    }

    fn announce(&mut self, path: PathBuf) -> Result<(), Error> {
        self.terminal.result(&path.display().to_string())?;
        self.announced.push(path);
        Ok(())
    }
}
