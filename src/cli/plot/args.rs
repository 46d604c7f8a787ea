//! The arguments of `diff2d plot`.

use crate::cli::{error::Error, frames, open::InputArgs, typed, values};
use clap::{Args, ValueEnum};
use diff2d::program::measured::{ColumnName, Reading, TimeUnit, date};
use diff2d_plot::Contours;
use std::path::{Path, PathBuf};

/// Draw the frames of a cube, or of any 2-D or 3-D .npy file: pictures, sheets, animations, curves, a page
///
/// Prints the name of every picture. A colour bar ends in arrows where values lie beyond its range; values
/// that are not finite are grey.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d plot output/diff2dparams.npy --sheet --animate
  diff2d plot output/diff2dparams.npy --snapshots -1: --colormap magma --range 0:0.3 -o pictures
  diff2d plot output/diff2dparams.npy --snapshots t=0,2.5,5 --contours 9 --size 1200x1000
  diff2d plot output/diff2dparams.npy --snapshots -1: -o figure.png --dpi 300 --xlabel 'x [m]' --ylabel 'y [m]'
  diff2d plot output/diff2dparams.npy --animate --fps 12 -o film.gif
  diff2d plot output/diff2dparams.npy --log --animate --follow
  diff2d plot output/diff2dparams.npy --line y=0 --history x=0,y=0 --history x=5,y=5
  diff2d plot output/wall.npy --record T1,left_rate --data logger.csv:q=left_rate -o wall.pdf
  diff2d plot output/diff2dparams.npy --html output/peaks.html")]
pub(in crate::cli) struct PlotArgs {
    /// The array
    #[arg(value_name = "CUBE")]
    pub(super) cube: PathBuf,
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// The directory for the pictures, or the name of a single one, FILE.png, FILE.svg or FILE.pdf [default: STEM beside the cube]
    #[arg(long, short, value_name = "PATH")]
    pub(super) output: Option<PathBuf>,
    /// Which frames, as in Python: 5, 2:8, :3, -1:, ::10; several: 0,5,-1; by simulated time:
    /// t=2.5, t=0,5,10, t=2:5 [default: all]
    #[arg(
        long,
        value_name = "RANGE|LIST|t=…",
        default_value = ":",
        hide_default_value = true
    )]
    pub(super) snapshots: String,
    /// Colours: viridis, magma, inferno, plasma, cividis, turbo, gray, coolwarm, … [default: viridis;
    /// coolwarm about 0]
    #[arg(long, value_name = "NAME")]
    pub(super) colormap: Option<String>,
    /// Values that the colours cover: from LO to HI, of each frame its own (frame), or as far on both
    /// sides of 0 (symmetric) [default: all values of the frames drawn; of differences, symmetric]
    #[arg(long, value_name = "LO:HI|frame|symmetric")]
    pub(super) range: Option<String>,
    /// Colours by the logarithm of the values, down to 1e-12 of the largest without --range; values at or
    /// below 0 are white
    #[arg(long)]
    pub(super) log: bool,
    /// Contour lines, which the colour bar marks: up to N at round values, or at the values given, such as 22,24,30
    #[arg(long, value_name = "N|V1,V2,…")]
    pub(super) contours: Option<Contours>,
    /// A title in place of the time of each frame, for which {t} stands; '' for none
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(super) title: Option<String>,
    /// The name of the quantity, over the colour bar; its unit is added if it is known, unless the name ends in one, such as
    /// q [W/m²]. With --record that of the vertical axis; of several axes one each, separated by commas [default: p for cubes]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(super) label: Option<String>,
    /// The name of the horizontal axis [default: x]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(super) xlabel: Option<String>,
    /// The name of the vertical axis [default: y]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(super) ylabel: Option<String>,
    /// The unit of times: s, min, h or d, where [units] has one of them [default: of seconds the one that makes the
    /// last time less than 600]
    #[arg(long, value_name = "UNIT", value_parser = frames::time_unit())]
    pub(super) time_unit: Option<TimeUnit>,
    /// Width and height of every picture in pixels, from 200x200 to 4096x4096
    #[arg(long, value_name = "WxH")]
    pub(super) size: Option<String>,
    /// Resolution in print: pixels to the inch. A picture has three times as many pixels along each side with 300 as with
    /// 100, unless --size says how many, and PNG files hold the number [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(50..=400))]
    pub(super) dpi: Option<u32>,
    /// Also draw the frames on one page, sheet.png; only: nothing else
    #[arg(
        long,
        value_name = "only",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "also"
    )]
    pub(super) sheet: Option<SheetArg>,
    /// Also draw an animation, animation.gif
    #[arg(long)]
    pub(super) animate: bool,
    /// Frames of an animation that a second shows, from 0.1 to 50 [default: 8.3]
    #[arg(long, value_name = "N", requires = "animate", value_parser = frame_rate)]
    pub(super) fps: Option<f64>,
    /// Draw curves, line-y=0.svg: the values along a line y=… or x=… of the frames, or of up to 12 of
    /// them. Not the frames themselves. Repeats
    #[arg(long, value_name = "y=0")]
    pub(super) line: Vec<String>,
    /// Draw curves, history.svg: the values at a place over the frames. Not the frames themselves. Repeats
    #[arg(long, value_name = "x=0,y=0")]
    pub(super) history: Vec<String>,
    /// Draw curves, record.svg: columns of the record of the run over time, such as T1,left_rate. Not the frames themselves
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(super) record: Vec<String>,
    /// Measured values to draw as circles beside the record: a CSV file with a line of names, times or dates in its first
    /// column, in the unit of the run or in the one that its name has, time [h], and columns named as those of the record,
    /// or behind a colon: log.csv:q=left_rate
    #[arg(long, value_name = "FILE.csv[:NAME=COLUMN,…]", requires = "record")]
    pub(super) data: Option<String>,
    /// The date at which t = 0, where the times of --data are dates, such as '2026-01-05 13:00' [default: the first of them]
    #[arg(long, value_name = "DATE", requires = "data")]
    pub(super) since: Option<String>,
    /// How --data is read, a key of [function] and its value: from, skip, dates, double, between, from_unit, to_unit, such as
    /// skip=2 or dates=d.m.y. Repeats
    #[arg(long, value_name = "KEY=VALUE", requires = "data")]
    pub(super) read: Vec<String>,
    /// Write one page that needs no server and no network: the frames with a slider, the value under the
    /// pointer and profiles. Not the frames' pictures
    #[arg(long, value_name = "FILE.html")]
    pub(super) html: Option<PathBuf>,
    /// Draw the snapshots of a run that is going on as they are committed, and the rest at its end
    #[arg(long)]
    pub(super) follow: bool,
    /// Replace files that are there and are no pictures or pages of diff2d
    #[arg(long)]
    pub(super) force: bool,
    /// Memory to use at most for the values of frames
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = values::working_memory)]
    pub(super) memory: u64,
}

fn frame_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.1..=50.0).contains(rate));
    rate.ok_or_else(|| "expected a number from 0.1 to 50".to_owned())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SheetArg {
    /// Besides the pictures of single frames
    Also,
    /// Without them
    Only,
}

impl PlotArgs {
    /// How measured values are read, their times in a unit.
    pub(super) fn reading(&self, time_unit: Option<&str>) -> Result<Reading, Error> {
        let mut reading = Reading {
            from: vec![ColumnName::Number(0)],
            from_unit: time_unit.map(str::to_owned),
            ..Reading::default()
        };
        if let Some(typed_date) = &self.since {
            let origin = date("since", typed_date, None);
            let refuse = |reason| Error::Usage(format!("--since: {reason}"));
            reading.since = Some(origin.map_err(refuse)?);
        }
        values::take_keys(&mut reading, &self.read)?;
        Ok(reading)
    }

    /// The file of measured values, and the names of its columns behind it.
    pub(super) fn measured(&self) -> Option<(&Path, &str)> {
        let typed = self.data.as_deref()?;
        let named = typed::behind_file(Path::new(typed));
        let named = named.filter(|(_, names)| typed::pair(names).is_some());
        let (file, names) = named.unwrap_or((typed, ""));
        Some((Path::new(file), names))
    }
}
