//! `diff2d plot`: pictures of any two- or three-dimensional array.

mod args;
mod curves;
mod directory;
mod page;
mod pictures;
mod record;
mod series;

pub(super) use args::PlotArgs;
pub(super) use directory::frame_path;
pub(super) use pictures::STILL_EXTENSIONS;

use super::{
    along::Along,
    answer_files::check_ending,
    follow::{can_follow, follow},
    frames::{Drawing, FrameSurvey, Frames, Look, RangeChoice},
    number,
    open::open_as,
    selection::Selection,
    terminal::Terminal,
};
use crate::cli::error::Error;
use diff2d::JournalledArray;
use diff2d_arrays::labels::NamedAxis;
use pictures::Picture;
use series::Series;
use std::collections::HashSet;

/// More pictures than this cannot be meant.
const MOST_PICTURES: u64 = 1_000_000;

pub(super) fn plot(args: &PlotArgs, terminal: &Terminal) -> Result<(), Error> {
    let look = look(args)?;
    if let Some(path) = &args.html {
        // The array itself may have been typed.
        check_ending("--html", path, &["html", "htm"], "a page ends in .html")?;
    }
    let mut array = open_as(&args.cube, &args.input, terminal)?;
    if args.follow {
        return plot_along(args, look, &mut array, terminal);
    }
    if !args.record.is_empty() && array.available() == 0 {
        // A run that has just begun has no frame, of which nobody has asked, and no row.
        super::record::of_cube(&args.cube)?;
    }
    array.reach_complete();
    let frames = Frames::of(&array, args.memory)?.in_unit(args.time_unit)?;
    let times = array.labels.axis(0).filter(|_| frames.has_times());
    let chosen = chosen_frames(args, &array, frames.count, times, terminal)?;
    let chosen = complete_ones(&array, chosen, terminal)?;
    let mut series = Series::new(args, &array, chosen.len(), terminal)?;
    // Curves alone need not all values.
    let surveyed: &[u64] = if shows_frames(args) { &chosen } else { &[] };
    let survey = frames.survey(surveyed, look.log)?;
    let drawing = Drawing::new(&frames, &chosen, &look, &survey);
    series.draw(&drawing)?;
    series.conclude(&drawing)
}

/// The frames that are there. Those of a sweep stand for scenarios, any of which may not be complete.
fn complete_ones(
    array: &JournalledArray,
    chosen: Vec<u64>,
    terminal: &Terminal,
) -> Result<Vec<u64>, Error> {
    let (complete, mut missing): (Vec<u64>, Vec<u64>) =
        chosen.into_iter().partition(|&frame| array.has(frame));
    if missing.is_empty() {
        return Ok(complete);
    }
    missing.sort_unstable();
    let sentence = format!(
        "scenarios of {} that are not complete are left out: {}",
        array.path.display(),
        number::ranges(&missing)
    );
    if complete.is_empty() {
        return Err(Error::Usage(sentence + ", and no other is chosen"));
    }
    terminal.note(&sentence);
    Ok(complete)
}

/// Draws the snapshots of a run while it goes on. All single pictures have the range of the frames that are drawn
/// first.
fn plot_along(
    args: &PlotArgs,
    mut look: Look,
    array: &mut JournalledArray,
    terminal: &Terminal,
) -> Result<(), Error> {
    can_follow(array)?;
    let planned = array.npy.shape.first().copied().unwrap_or(0);
    let range_choice = look.range;
    let chosen = chosen_frames(args, array, planned, None, terminal)?;
    let mut series = Series::new(args, array, chosen.len(), terminal)?;
    let mut common_survey = FrameSurvey::default();
    let mut draw = |array: &JournalledArray, indices: Vec<u64>| {
        let frames = Frames::of(array, args.memory)?.in_unit(args.time_unit)?;
        if indices.is_empty() {
            return Ok(());
        }
        let survey = frames.survey(&indices, look.log)?;
        if let RangeChoice::All | RangeChoice::Symmetric = frames.range_choice(&look) {
            let range = frames.range_choice(&look).over(&survey.ends(), look.log);
            look.range = RangeChoice::Given(range);
        }
        series.draw(&Drawing::new(&frames, &indices, &look, &survey))?;
        common_survey.extend(survey);
        Ok(())
    };
    let followed = follow(array, |array, new| {
        draw(
            array,
            chosen.iter().copied().filter(|k| new.contains(k)).collect(),
        )
    })?;
    // The last snapshot of a run that has ended early is known only now.
    let count = array.header().map_or(planned, |header| header.shape()[0]);
    let mut final_frames = chosen_frames(args, array, count, None, terminal)?;
    final_frames.retain(|index| *index < array.available());
    let new_frames = final_frames.iter().copied();
    draw(array, new_frames.filter(|k| !chosen.contains(k)).collect())?;
    // Pictures that show all frames have the range of all frames.
    look.range = range_choice;
    let frames = Frames::of(array, args.memory)?.in_unit(args.time_unit)?;
    let chosen = final_frames;
    if !chosen.is_empty() {
        series.conclude(&Drawing::new(&frames, &chosen, &look, &common_survey))?;
    }
    followed
}

/// Whether a picture shows whole frames.
fn shows_frames(args: &PlotArgs) -> bool {
    Picture::all(args).iter().any(Picture::shows_frames)
}

/// Reads how frames are to be drawn; an error names options that exclude each other.
fn look(args: &PlotArgs) -> Result<Look, Error> {
    let range = args.range.as_deref().map(str::parse).transpose();
    let range = range.map_err(Error::Usage)?.unwrap_or_default();
    match range {
        RangeChoice::Symmetric if args.log => {
            return Err(Error::Usage(
                "--log with --range symmetric: values below 0 have no logarithm; leave one of both out"
                    .to_owned(),
            ));
        }
        RangeChoice::Given(given) if args.log && given.low() <= 0.0 => {
            return Err(Error::Usage(format!(
                "--log with --range {given}: only values above 0 have a logarithm; begin the range above 0, such as {:e}:{}",
                given.high().abs() / 1e6,
                given.high().abs()
            )));
        }
        _ => {}
    }
    if args.contours.is_some() && !shows_frames(args) {
        return Err(Error::Usage(
            "--contours: curves have no contour lines; leave it out, or add --sheet=only, --animate or --html"
                .to_owned(),
        ));
    }
    Ok(Look {
        colormap: args.colormap.as_deref().map(str::parse).transpose()?,
        range,
        log: args.log,
        contours: args.contours.clone().unwrap_or_default(),
        title: args.title.clone(),
        label: args.label.clone(),
        axes: [args.xlabel.clone(), args.ylabel.clone()],
        size: args.size.as_deref().map(str::parse).transpose()?,
        dpi: args.dpi,
    })
}

/// The numbers of the frames that are to be drawn, of `count` that there are, in the order in which they were named, each once.
fn chosen_frames(
    args: &PlotArgs,
    array: &JournalledArray,
    count: u64,
    times: Option<&NamedAxis>,
    terminal: &Terminal,
) -> Result<Vec<u64>, Error> {
    let frames = Along {
        file: &array.path,
        word: times.map_or("frame", |_| "snapshot"),
        count,
        times,
    };
    let selection = Selection::parse_along_one_axis("--snapshots", &args.snapshots)?;
    let (slices, at_times) = frames.slices(&selection)?;
    frames.tell(
        &selection,
        &at_times,
        |frame| array.index_in_file(0, frame),
        terminal,
    );
    let counts = slices.iter().map(|slice| slice.count);
    let file = frames.file.display();
    match counts.fold(0, u64::saturating_add) {
        0 => Err(selection.refused(&format!(
            "there is no such {}; {file} has {count}",
            frames.word
        ))),
        1..=MOST_PICTURES => {
            let mut frames_seen = HashSet::new();
            let numbers = slices.iter().flat_map(|slice| slice.indices());
            Ok(numbers.filter(|frame| frames_seen.insert(*frame)).collect())
        }
        count => Err(Error::Usage(format!(
            "{count} frames of {file} are more pictures than can be meant: choose some of them, such as --snapshots ::{}",
            count / 1000
        ))),
    }
}
