//! Where pictures go, and which were there before.

use super::args::PlotArgs;
use crate::error::Error;
use diff2d_sys as sys;
use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

/// Where the pictures go.
pub(super) fn directory(args: &PlotArgs) -> Result<PathBuf, Error> {
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
    let extension = extension(directory);
    let other = ["jpg", "jpeg", "eps", "tif", "tiff", "webp"].contains(&extension);
    if (other || directory.is_file()) && !directory.is_dir() {
        return Err(Error::Usage(format!(
            "-o {}: pictures are FILE.png, FILE.svg, FILE.pdf, or 0000.png, 0001.png, … in a directory; give it a name such as {} or {}",
            directory.display(),
            directory.with_extension("png").display(),
            directory.with_extension("").display()
        )));
    }
    Ok(directory.clone())
}

/// The file that is to be the only picture, if the name is that of one.
pub(super) fn file(args: &PlotArgs, frames: usize) -> Result<Option<PathBuf>, Error> {
    let Some(file) = args.output.as_ref().filter(|_| args.names_a_file()) else {
        return Ok(None);
    };
    let single = if args.draws_single_frames() {
        frames
    } else {
        0
    };
    let sheet = usize::from(args.sheet.is_some());
    let animation = usize::from(args.animate.is_some());
    let charts = [&args.history, &args.record];
    let charts = charts.iter().filter(|names| !names.is_empty()).count();
    let curves = args.line.len() + charts;
    let kinds: &[&str] = match [single, sheet, animation, curves] {
        [1, 0, 0, 0] => &["png", "svg", "pdf"],
        [0, 1, 0, 0] | [0, 0, 0, 1] => &["png", "svg", "pdf"],
        [0, 0, 1, 0] => &[args.animate.unwrap_or_default().extension()],
        many => {
            return Err(Error::Usage(format!(
                "-o {} is one picture, and {} are to be drawn: choose one, such as --snapshots -1: for the last frame, or name a directory, such as -o {}",
                file.display(),
                many.iter().sum::<usize>(),
                file.with_extension("").display()
            )));
        }
    };
    match kinds.contains(&extension(file)) {
        true => Ok(Some(file.clone())),
        false => Err(Error::Usage(format!(
            "-o {}: this picture is {}; name it {}",
            file.display(),
            kinds.join(", ").to_uppercase(),
            file.with_extension(kinds[0]).display()
        ))),
    }
}

fn extension(path: &Path) -> &str {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.unwrap_or_default()
}

/// A sentence on pictures of frames in the directory that are not those just made: what they show is not
/// what the others show, and nothing proves that they may be removed.
pub(super) fn older_pictures(directory: &Path, made: &[PathBuf]) -> Option<String> {
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
pub(in crate::cli) fn frame_path(directory: &Path, index: u64) -> PathBuf {
    directory.join(format!("{index:04}.png"))
}

/// Makes the directory for pictures, if it is not there.
pub(in crate::cli) fn make_directory(directory: &Path) -> Result<(), Error> {
    sys::create_directory(directory).map_err(|error| {
        let directory = directory.display();
        Error::System(format!("cannot create the directory {directory}: {error}"))
    })
}
