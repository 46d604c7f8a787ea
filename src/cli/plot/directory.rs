//! Where pictures go, and which were there before.

use super::{
    args::PlotArgs,
    pictures::{Picture, names_a_file},
};
use crate::cli::error::Error;
use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

/// The directory for the pictures.
pub(super) fn directory(args: &PlotArgs) -> Result<PathBuf, Error> {
    let Some(directory) = &args.output else {
        let default_directory = args.cube.with_extension("");
        if default_directory.is_file() {
            return Err(Error::Usage(format!(
                "the pictures would go to the directory {}, which is a file: choose another with -o",
                default_directory.display()
            )));
        }
        return Ok(default_directory);
    };
    let extension = extension(directory);
    if ["mp4", "webm", "avi", "mov", "mkv", "m4v", "apng"].contains(&extension) {
        return Err(Error::Usage(format!(
            "-o {}: an animation is a GIF; name it {}",
            directory.display(),
            directory.with_extension("gif").display()
        )));
    }
    let is_other_format = ["jpg", "jpeg", "eps", "tif", "tiff", "webp"].contains(&extension);
    if (is_other_format || directory.is_file()) && !directory.is_dir() {
        return Err(Error::Usage(format!(
            "-o {}: pictures are FILE.png, FILE.svg, FILE.pdf, or 0000.png, 0001.png, … in a directory; give it a name such as {} or {}",
            directory.display(),
            directory.with_extension("png").display(),
            directory.with_extension("").display()
        )));
    }
    Ok(directory.clone())
}

/// The file of `-o`, if it has the name of a picture; an error unless there is one picture, of its format.
pub(super) fn file(
    args: &PlotArgs,
    pictures: &[Picture<'_>],
    frames: usize,
) -> Result<Option<PathBuf>, Error> {
    let Some(file) = args.output.as_ref().filter(|_| names_a_file(args)) else {
        return Ok(None);
    };
    if extension(file) == "gif" && *pictures == [Picture::EachFrame] {
        return Err(Error::Usage(format!(
            "-o {}: a GIF is an animation, for which --animate asks; the names of still pictures end in .png, .svg or .pdf",
            file.display()
        )));
    }
    let counts = pictures.iter().map(|picture| match picture {
        Picture::EachFrame => frames,
        // A page has a file of its own.
        Picture::Page(_) => 0,
        _ => 1,
    });
    let count = counts.sum::<usize>();
    let only_picture = pictures.first().filter(|_| count == 1);
    let Some(kinds) = only_picture.map(Picture::extensions) else {
        return Err(Error::Usage(format!(
            "-o {} is one picture, and {count} are to be drawn: choose one, such as --snapshots -1: for the last frame, or name a directory, such as -o {}",
            file.display(),
            file.with_extension("").display()
        )));
    };
    if kinds.contains(&extension(file)) {
        Ok(Some(file.clone()))
    } else {
        Err(Error::Usage(format!(
            "-o {}: this picture is {}; name it {}",
            file.display(),
            kinds.join(", ").to_uppercase(),
            file.with_extension(kinds[0]).display()
        )))
    }
}

fn extension(path: &Path) -> &str {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.unwrap_or_default()
}

/// A sentence on pictures of frames in the directory that are not the new ones: what they show is not
/// what the others show, and nothing proves that they may be removed.
pub(super) fn older_pictures(directory: &Path, new_pictures: &[PathBuf]) -> Option<String> {
    let entries = fs::read_dir(directory).ok()?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let new_paths: HashSet<&PathBuf> = new_pictures.iter().collect();
    let mut older: Vec<PathBuf> = paths
        .filter(|path| is_picture_of_frame(path) && !new_paths.contains(path))
        .collect();
    older.sort_unstable();
    let [lowest, highest] = [older.first()?, older.last()?]
        .map(|path| path.file_name().unwrap_or_default().display().to_string());
    let place = directory.display();
    Some(match older.len() {
        1 => format!("{lowest} in {place} was there before and shows what was drawn then"),
        count => format!(
            "{count} pictures in {place} ({lowest} to {highest}) were there before and show what was drawn then"
        ),
    })
}

/// Whether a path is named as the picture of a frame is.
fn is_picture_of_frame(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    path.extension().is_some_and(|extension| extension == "png")
        && stem.is_some_and(|stem| {
            stem.len() >= 4 && stem.bytes().all(|letter| letter.is_ascii_digit())
        })
}

/// The name of the picture of one frame.
pub(in crate::cli) fn frame_path(directory: &Path, index: u64) -> PathBuf {
    directory.join(format!("{index:04}.png"))
}
