//! `diff2d plot`: pictures of any two- or three-dimensional array.

use super::terminal::Terminal;
use crate::{
    cube::ArrayFile,
    error::Error,
    grid::Axis,
    plot::{self, Animation, Axes, Colormap, Frame, Range, Sheet, Style, picture, spread},
};
use clap::Args;
use ndarray::Array2;
use rayon::prelude::*;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Draw the frames of a cube, or of any 2-D or 3-D .npy file, as PNG
///
/// Prints the name of every picture.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d plot output/diff2dparams.npy --sheet --animate
  diff2d plot output/diff2dparams.npy --snapshots -1: --colormap magma --range 0:0.3 -o pictures")]
pub(super) struct PlotArgs {
    /// The array
    #[arg(value_name = "CUBE")]
    cube: PathBuf,
    /// The directory for the pictures [default: STEM beside the cube]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Which frames, as in Python: 5, 2:8, :3, -1:, ::10 [default: all]
    #[arg(
        long,
        value_name = "RANGE",
        allow_hyphen_values = true,
        default_value = ":",
        hide_default_value = true
    )]
    snapshots: String,
    /// Colours: viridis, magma, inferno, plasma, cividis, turbo, gray, coolwarm, …
    #[arg(long, value_name = "NAME", default_value = "viridis")]
    colormap: String,
    /// Values that the colours cover [default: all values of the frames drawn]
    #[arg(long, value_name = "LO:HI", allow_hyphen_values = true)]
    range: Option<String>,
    /// Also draw all frames on one page, sheet.png
    #[arg(long)]
    sheet: bool,
    /// Also draw an animation, animation.gif
    #[arg(long)]
    animate: bool,
}

pub(super) fn plot(args: &PlotArgs, terminal: &Terminal) -> Result<(), Error> {
    let colormap: Colormap = args.colormap.parse()?;
    let range: Option<Range> = args.range.as_deref().map(str::parse).transpose()?;
    let array = ArrayFile::open(&args.cube)?;
    let album = Album::of(&array)?;
    let chosen = slice(&args.snapshots, album.frames).ok_or_else(|| {
        Error::Usage(format!(
            "--snapshots {}: expected a range as in Python, such as 2:8, :3 or -1:",
            args.snapshots
        ))
    })?;
    if chosen.is_empty() {
        return Err(Error::Usage(format!(
            "--snapshots {}: there is no such frame; {} has {}",
            args.snapshots,
            args.cube.display(),
            album.frames,
        )));
    }
    let directory = args
        .output
        .clone()
        .unwrap_or_else(|| args.cube.with_extension(""));
    let style = album.style(colormap, range.unwrap_or_else(|| album.range(&chosen)));
    let work = if args.animate { 2 } else { 1 } * chosen.len() as u64;
    let bar = terminal.bar(work, "{wide_bar} picture {pos}/{len}, {eta} left");

    fs::create_dir_all(&directory).map_err(|error| {
        Error::System(format!(
            "cannot create the directory {}: {error}",
            directory.display()
        ))
    })?;
    let mut made: Vec<PathBuf> = chosen
        .par_iter()
        .map(|&index| {
            let path = frame_path(&directory, index);
            album.draw(index, &style)?.save(&path)?;
            bar.inc(1);
            Ok(path)
        })
        .collect::<Result<_, Error>>()?;
    if args.sheet {
        made.push(album.sheet(&chosen, &style, &directory)?);
    }
    if args.animate {
        let path = directory.join("animation.gif");
        let mut animation = Animation::new(&path, &style);
        for &index in &chosen {
            let values = array.frame(index);
            animation.push(&album.frame(&values.view(), index))?;
            bar.inc(1);
        }
        animation.finish()?;
        made.push(path);
    }
    bar.finish_and_clear();
    made.iter()
        .try_for_each(|path| terminal.result(&path.display().to_string()))
}

/// The name of the picture of one frame.
pub(super) fn frame_path(directory: &Path, index: u64) -> PathBuf {
    directory.join(format!("{index:04}.png"))
}

/// An array as a series of frames.
pub(super) struct Album<'a> {
    array: &'a ArrayFile,
    frames: u64,
    axes: Axes,
}

impl<'a> Album<'a> {
    pub(super) fn of(array: &'a ArrayFile) -> Result<Self, Error> {
        let frames = match array.npy.shape.len() {
            2 => 1,
            3 => array.available(),
            dimensions => {
                return Err(Error::Usage(format!(
                    "{} has {dimensions} dimensions; pictures are drawn of two, or of three with time first",
                    array.path.display()
                )));
            }
        };
        if frames == 0 {
            return Err(Error::Usage(format!(
                "{} has no frame to draw yet",
                array.path.display()
            )));
        }
        let coordinates = array.run().and_then(|run| {
            let params = &run.params;
            let axis = Axis::new(params.grid, params.x1, params.x2, params.dx).ok()?;
            Some(Axes::nodes(axis.extent(), axis.extent()))
        });
        Ok(Self {
            array,
            frames,
            axes: coordinates.unwrap_or_else(Axes::counted),
        })
    }

    pub(super) fn style(&self, colormap: Colormap, range: Range) -> Style {
        let run = self.array.run();
        Style {
            colormap,
            range,
            cadence: run.map(|run| run.nper as f64 * run.dt),
            quantity: if run.is_some() {
                "p".to_owned()
            } else {
                String::new()
            },
        }
    }

    /// All finite values of some frames: one range for all of them.
    pub(super) fn range(&self, chosen: &[u64]) -> Range {
        let records = self
            .array
            .journal
            .as_ref()
            .map(|journal| journal.records.as_slice());
        let ends: Vec<f64> = match records {
            Some(records) if !records.is_empty() => chosen
                .iter()
                .filter_map(|&index| records.get(usize::try_from(index).ok()?))
                .flat_map(|record| [record.min, record.max])
                .collect(),
            _ => chosen
                .par_iter()
                .filter_map(|&index| Range::of([&self.array.frame(index).view() as _]))
                .flat_map_iter(|range| [range.low(), range.high()])
                .collect(),
        };
        Range::spanning(ends).unwrap_or_default()
    }

    pub(super) fn draw(&self, index: u64, style: &Style) -> Result<plot::Bitmap, plot::Error> {
        let values = self.array.frame(index);
        picture(&self.frame(&values.view(), index), style)
    }

    fn frame<'v>(&self, values: &'v ndarray::ArrayView2<'v, f64>, index: u64) -> Frame<'v> {
        let frame = Frame::new(values, self.axes);
        let number = usize::try_from(index).unwrap_or(usize::MAX);
        let record = self
            .array
            .journal
            .as_ref()
            .and_then(|journal| journal.records.get(number));
        match record {
            Some(record) => frame.at(record.simtime),
            None if self.array.npy.shape.len() == 3 => frame.numbered(number),
            None => frame,
        }
    }

    fn sheet(
        &self,
        chosen: &[u64],
        style: &Style,
        directory: &Path,
    ) -> Result<PathBuf, plot::Error> {
        let shown: Vec<u64> = spread(chosen.len(), Sheet::MOST)
            .into_iter()
            .map(|place| chosen[place])
            .collect();
        let path = directory.join("sheet.png");
        let mut sheet = None;
        for &index in &shown {
            let values: Array2<f64> = self.array.frame(index);
            let view = values.view();
            let frame = self.frame(&view, index);
            let sheet = match &mut sheet {
                Some(sheet) => sheet,
                empty => empty.insert(Sheet::new(&frame, shown.len(), style)?),
            };
            sheet.push(&frame)?;
        }
        sheet.ok_or(plot::Error::NoFrames)?.finish()?.save(&path)?;
        Ok(path)
    }
}

/// The indices that a Python index or slice `a:b:c` takes of `length`; `None` if it is neither.
fn slice(text: &str, length: u64) -> Option<Vec<u64>> {
    let length = i64::try_from(length).ok()?;
    let parts: Vec<Option<i64>> = text
        .split(':')
        .map(|part| match part.trim() {
            "" => Some(None),
            number => number.parse().ok().map(Some),
        })
        .collect::<Option<_>>()?;
    let from_start = |index: i64| if index < 0 { index + length } else { index };
    let (start, stop, step) = match parts[..] {
        [Some(index)] => {
            let index = from_start(index);
            return Some(
                (0..length)
                    .contains(&index)
                    .then_some(index.unsigned_abs())
                    .into_iter()
                    .collect(),
            );
        }
        [start, stop] => (start, stop, 1),
        [start, stop, step] => (start, stop, step.unwrap_or(1)),
        _ => return None,
    };
    if step < 1 {
        return None;
    }
    let bound = |index: Option<i64>, default| {
        index.map_or(default, |index| from_start(index).clamp(0, length))
    };
    let indices = bound(start, 0)..bound(stop, length);
    Some(
        indices
            .step_by(usize::try_from(step).ok()?)
            .map(i64::unsigned_abs)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::slice;

    #[test]
    fn slices_are_those_of_python() {
        for (text, indices) in [
            (":", vec![0, 1, 2, 3, 4]),
            ("1:3", vec![1, 2]),
            (":2", vec![0, 1]),
            ("-1:", vec![4]),
            ("-2", vec![3]),
            ("::2", vec![0, 2, 4]),
            ("3:99", vec![3, 4]),
            ("4:1", vec![]),
            ("7", vec![]),
            ("-99:1", vec![0]),
        ] {
            assert_eq!(slice(text, 5), Some(indices), "{text}");
        }
        for text in ["", "a", "1:2:3:4", "::0", "::-1", "1.5"] {
            let empty_is_no_index = slice(text, 5);
            assert_eq!(empty_is_no_index, None, "{text}");
        }
    }
}
