//! `diff2d plot`: pictures of any two- or three-dimensional array.

use super::{
    album::Album,
    terminal::{Terminal, Unit},
};
use crate::{
    cube::JournalledArray,
    error::Error,
    plot::{Colormap, Range},
};
use clap::Args;
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
    let array = JournalledArray::open(&args.cube)?;
    let album = Album::of(&array)?;
    let chosen = slice(&args.snapshots, album.len()).ok_or_else(|| {
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
            album.len(),
        )));
    }
    let directory = args
        .output
        .clone()
        .unwrap_or_else(|| args.cube.with_extension(""));
    let style = album.style(colormap, range.map_or_else(|| album.range(&chosen), Ok)?);
    let work = if args.animate { 2 } else { 1 } * chosen.len() as u64;
    let bar = terminal.bar(work, Unit::Pictures);

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
            bar.progress().add(1);
            Ok(path)
        })
        .collect::<Result<_, Error>>()?;
    if args.sheet {
        let path = directory.join("sheet.png");
        album.sheet(&chosen, &style)?.save(&path)?;
        made.push(path);
    }
    if args.animate {
        let path = directory.join("animation.gif");
        album.animate(&chosen, &style, &path, bar.progress())?;
        made.push(path);
    }
    drop(bar);
    made.iter()
        .try_for_each(|path| terminal.result(&path.display().to_string()))
}

/// The name of the picture of one frame.
pub(super) fn frame_path(directory: &Path, index: u64) -> PathBuf {
    directory.join(format!("{index:04}.png"))
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
