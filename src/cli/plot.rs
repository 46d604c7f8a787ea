//! `diff2d plot`: pictures of any two- or three-dimensional array.

use super::{
    frames::Frames,
    open::open,
    size,
    terminal::{Terminal, Unit, printable},
};
use crate::{
    error::Error,
    plot::{self, Colormap, Sheet},
    sys,
};
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use std::{
    collections::HashSet,
    fs,
    ops::Range,
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
    /// Also draw the frames on one page, sheet.png; only: nothing else
    #[arg(
        long,
        value_name = "only",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "also"
    )]
    sheet: Option<SheetArg>,
    /// Also draw an animation, animation.gif
    #[arg(long)]
    animate: bool,
    /// Memory to use at most for the values of frames
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = size::parse)]
    memory: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SheetArg {
    /// Besides the pictures of single frames
    Also,
    /// Without them
    Only,
}

/// More pictures than this cannot be meant.
const MOST_PICTURES: u64 = 1_000_000;

pub(super) fn plot(args: &PlotArgs, terminal: &Terminal) -> Result<(), Error> {
    let colormap: Colormap = args.colormap.parse()?;
    let range: Option<plot::Range> = args.range.as_deref().map(str::parse).transpose()?;
    let array = open(&args.cube, terminal)?;
    let frames = Frames::of(&array, args.memory)?;
    let chosen = chosen(args, &frames)?;
    let directory = directory(args)?;
    let style = frames.style(colormap, range.map_or_else(|| frames.range(&chosen), Ok)?);
    let single: &[u64] = match args.sheet {
        Some(SheetArg::Only) => &[],
        _ => &chosen,
    };
    let animated = if args.animate { chosen.len() } else { 0 };
    let bar = terminal.bar((single.len() + animated) as u64, Unit::Pictures);

    sys::create_directory(&directory).map_err(|error| {
        Error::System(format!(
            "cannot create the directory {}: {error}",
            directory.display()
        ))
    })?;
    let mut made: Vec<PathBuf> = single
        .par_iter()
        .map(|&index| {
            let path = frame_path(&directory, index);
            frames.draw(index, &style)?.save(&path)?;
            bar.progress().add(1);
            Ok(path)
        })
        .collect::<Result<_, Error>>()?;
    if args.sheet.is_some() {
        let path = directory.join("sheet.png");
        frames.sheet(&chosen, &style)?.save(&path)?;
        made.push(path);
    }
    if args.animate {
        let path = directory.join("animation.gif");
        frames.animate(&chosen, &style, &path, bar.progress())?;
        made.push(path);
    }
    drop(bar);
    if args.sheet.is_some() && chosen.len() > Sheet::MOST {
        terminal.note(&format!(
            "sheet.png shows {} of {} frames, evenly spread; --snapshots chooses others",
            Sheet::MOST,
            chosen.len()
        ));
    }
    if let Some(note) = older_pictures(&directory, &made) {
        terminal.note(&note);
    }
    made.iter()
        .try_for_each(|path| terminal.result(&path.display().to_string()))
}

/// The numbers of the frames to draw.
fn chosen(args: &PlotArgs, frames: &Frames<'_>) -> Result<Vec<u64>, Error> {
    let chosen = Slice::parse(&args.snapshots, frames.len()).ok_or_else(|| {
        Error::Usage(format!(
            "--snapshots {}: expected a range as in Python, such as 2:8, :3 or -1:",
            printable(&args.snapshots)
        ))
    })?;
    let file = args.cube.display();
    match chosen.len() {
        0 => Err(Error::Usage(format!(
            "--snapshots {}: there is no such frame; {file} has {}",
            args.snapshots,
            frames.len(),
        ))),
        1..=MOST_PICTURES => Ok(chosen.indices()),
        count => Err(Error::Usage(format!(
            "{count} frames of {file} are more pictures than can be meant: choose some of them, such as --snapshots ::{}",
            count / 1000
        ))),
    }
}

/// Where the pictures go.
fn directory(args: &PlotArgs) -> Result<PathBuf, Error> {
    let Some(directory) = &args.output else {
        let beside = args.cube.with_extension("");
        if beside.is_file() {
            return Err(Error::Usage(format!(
                "the pictures would go to the directory {}, which is a file: choose another with -o",
                beside.display()
            )));
        }
        return Ok(beside);
    };
    let picture = directory
        .extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| ["png", "gif", "svg", "jpg"].contains(&extension));
    if (picture || directory.is_file()) && !directory.is_dir() {
        return Err(Error::Usage(format!(
            "-o {}: this is the directory for the pictures 0000.png, 0001.png, …; give it a name such as {}",
            directory.display(),
            directory.with_extension("").display()
        )));
    }
    Ok(directory.clone())
}

/// A sentence on pictures of frames in the directory that are not those just made: what they show is not
/// what the others show, and nothing proves that they may be removed.
fn older_pictures(directory: &Path, made: &[PathBuf]) -> Option<String> {
    let is_frame = |path: &PathBuf| {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        path.extension().is_some_and(|extension| extension == "png")
            && stem.is_some_and(|stem| {
                stem.len() >= 4 && stem.bytes().all(|letter| letter.is_ascii_digit())
            })
    };
    let entries = fs::read_dir(directory).ok()?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let made: HashSet<&PathBuf> = made.iter().collect();
    let mut older: Vec<PathBuf> = paths
        .filter(|path| is_frame(path) && !made.contains(path))
        .collect();
    older.sort_unstable();
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().display().to_string();
    let (first, last) = (name(older.first()?), name(older.last()?));
    let place = directory.display();
    Some(match older.len() {
        1 => format!("{first} in {place} was there before and shows what was drawn then"),
        count => format!(
            "{count} pictures in {place} ({first} to {last}) were there before and show what was drawn then"
        ),
    })
}

/// The name of the picture of one frame.
pub(super) fn frame_path(directory: &Path, index: u64) -> PathBuf {
    directory.join(format!("{index:04}.png"))
}

/// The indices that a Python index or slice `a:b:c` takes.
#[derive(Debug, PartialEq, Eq)]
struct Slice {
    indices: Range<u64>,
    step: u64,
}

impl Slice {
    /// Of an axis of `length`; `None` if the text is neither.
    fn parse(text: &str, length: u64) -> Option<Self> {
        let length = i64::try_from(length).ok()?;
        let parts: Vec<Option<i64>> = text
            .split(':')
            .map(|part| match part.trim() {
                "" => Some(None),
                number => number.parse().ok().map(Some),
            })
            .collect::<Option<_>>()?;
        let from_start = |index: i64| {
            if index < 0 {
                index.saturating_add(length)
            } else {
                index
            }
        };
        let (start, stop, step) = match parts[..] {
            [Some(index)] => {
                let index = from_start(index);
                let is_there = (0..length).contains(&index);
                let first = if is_there { index.unsigned_abs() } else { 0 };
                return Some(Self {
                    indices: first..first + u64::from(is_there),
                    step: 1,
                });
            }
            [start, stop] => (start, stop, 1),
            [start, stop, step] => (start, stop, step.unwrap_or(1)),
            _ => return None,
        };
        if step < 1 {
            return None;
        }
        let bound = |index: Option<i64>, default| {
            let index = index.map_or(default, |index| from_start(index).clamp(0, length));
            index.unsigned_abs()
        };
        Some(Self {
            indices: bound(start, 0)..bound(stop, length),
            step: step.unsigned_abs(),
        })
    }

    /// How many they are.
    fn len(&self) -> u64 {
        let Range { start, end } = self.indices;
        end.saturating_sub(start).div_ceil(self.step)
    }

    fn indices(&self) -> Vec<u64> {
        (0..self.len())
            .map(|number| self.indices.start + number * self.step)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Slice;

    fn slice(text: &str, length: u64) -> Option<Vec<u64>> {
        Slice::parse(text, length).map(|slice| slice.indices())
    }

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
            ("-9223372036854775808:", vec![0, 1, 2, 3, 4]),
            ("1::9223372036854775807", vec![1]),
        ] {
            assert_eq!(slice(text, 5), Some(indices), "{text}");
        }
        assert_eq!(
            Slice::parse(":", 1 << 40).map(|slice| slice.len()),
            Some(1 << 40)
        );
        for text in ["", "a", "1:2:3:4", "::0", "::-1", "1.5"] {
            let empty_is_no_index = slice(text, 5);
            assert_eq!(empty_is_no_index, None, "{text}");
        }
    }
}
