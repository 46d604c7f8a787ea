//! `--line` and `--history`: curves.

use crate::cli::{
    dates,
    error::Error,
    frames::{Drawing, FrameAxis, Frames, RangeChoice},
    number,
    selection::Selection,
    terminal::{Terminal, printable},
};
use diff2d_plot::{Chart, Curve};

/// More curves in one chart cannot be told apart.
const MOST_CURVES: usize = 12;

/// The values along a line of some frames, and the name of the picture.
pub(super) fn line(
    drawing: &Drawing<'_>,
    text: &str,
    terminal: &Terminal,
) -> Result<(String, Chart), Error> {
    let example = "one coordinate that is the same along the line, such as y=0 or x=2.5";
    let (frames, drawn_frames) = (drawing.frames, drawing.evenly_chosen(MOST_CURVES));
    let pairs = pairs(frames, "--line", text);
    let (fixed, value) = match &pairs[..] {
        [(Some(side), value)] => (*side, value),
        _ => return Err(expected("--line", text, example)),
    };
    let typed = printable(text);
    let mut chart = Chart {
        colormap: Some(drawing.look.colormap.unwrap_or_default()),
        ..chart(drawing)
    };
    for &index in &drawn_frames {
        let place = frames.place(index, fixed, value)?;
        if chart.curves.is_empty() {
            terminal.note(&format!("--line {typed}: {}", place.told));
            chart.x = frames.side_label(fixed.other());
            chart.subtitle.clone_from(&place.title);
        }
        chart.curves.push(Curve {
            label: frames.title(index),
            points: frames.line(index, fixed, place.index)?,
            ..Curve::default()
        });
    }
    if let [curve] = &mut chart.curves[..]
        && !curve.label.is_empty()
    {
        chart.subtitle = format!("{}, {}", curve.label, chart.subtitle);
    }
    entitle(&mut chart, drawing, &drawn_frames);
    if drawn_frames.len() < drawing.chosen.len() {
        terminal.note(&format!(
            "--line {typed}: {} of {} frames are drawn, evenly spread; --snapshots chooses others",
            drawn_frames.len(),
            drawing.chosen.len()
        ));
    }
    let letters = text.trim().chars().take(60);
    let letters = letters.map(|letter| {
        let is_plain = letter.is_ascii_alphanumeric() || "=.+-".contains(letter);
        if is_plain { letter } else { '_' }
    });
    let name: String = letters.collect();
    Ok((format!("line-{name}.svg"), chart))
}

/// The number of frames below which lines between them may be far from the curve.
const FEW_FRAMES: usize = 50;

/// The values at some places over the frames.
pub(super) fn history(
    drawing: &Drawing<'_>,
    texts: &[String],
    terminal: &Terminal,
) -> Result<Chart, Error> {
    let (frames, chosen) = (drawing.frames, drawing.chosen);
    let mut chart = chart(drawing);
    chart.x = if frames.has_times() {
        frames.with_unit("t")
    } else {
        frames.first_name().unwrap_or("frame").to_owned()
    };
    let first_frame = chosen.first().copied().unwrap_or(0);
    for text in texts {
        let pairs = pairs(frames, "--history", text);
        let y = coordinate_text(&pairs, FrameAxis::Y, text)?;
        let row = frames.place(first_frame, FrameAxis::Y, y)?;
        let x = coordinate_text(&pairs, FrameAxis::X, text)?;
        let column = frames.place(first_frame, FrameAxis::X, x)?;
        let place_text = format!("{}, {}", column.told, row.told);
        terminal.note(&format!("--history {}: {place_text}", printable(text)));
        chart.curves.push(Curve {
            label: labelled(frames, &pairs),
            points: frames.history(chosen, [row.index, column.index])?,
            ..Curve::default()
        });
        chart.subtitle = format!("{}, {}", column.title, row.title);
    }
    if chart.curves.len() > 1 {
        chart.subtitle.clear();
    }
    if frames.has_times() {
        dates::put_along(&mut chart, frames.calendar, frames.shown_time(1.0));
        if chosen.len() < FEW_FRAMES {
            terminal.note(&format!(
                "straight lines join the {} snapshots: points of a [record] have the curve between them, which --record draws",
                chosen.len()
            ));
        }
    }
    entitle(&mut chart, drawing, chosen);
    Ok(chart)
}

/// What was typed for one of the two coordinates of a place.
fn coordinate_text<'a>(
    pairs: &'a [(Option<FrameAxis>, String)],
    side: FrameAxis,
    text: &str,
) -> Result<&'a str, Error> {
    let example = "both coordinates of a place, such as x=0,y=0";
    let mut matches = pairs.iter().filter(|(named, _)| *named == Some(side));
    match (matches.next(), matches.next(), pairs.len()) {
        (Some((_, value)), None, 2) => Ok(value),
        _ => Err(expected("--history", text, example)),
    }
}

/// A place in a legend, with units: `x = 0 m, y = 2 m`; as it was typed where there are none.
fn labelled(frames: &Frames<'_>, pairs: &[(Option<FrameAxis>, String)]) -> String {
    let parts = pairs.iter().filter_map(|(side, value)| {
        let name = frames.side_name((*side)?);
        let unit = frames.side_unit((*side)?).unwrap_or_default();
        Some(format!("{name} = {value} {unit}").trim_end().to_owned())
    });
    number::joined(parts, ", ")
}

/// Gives a chart the title that was asked for, in place of what it would tell.
pub(super) fn entitle(chart: &mut Chart, drawing: &Drawing<'_>, drawn_frames: &[u64]) {
    let Some(title) = &drawing.look.title else {
        return;
    };
    let times = [drawn_frames.first(), drawn_frames.last()].map(|index| {
        let title = index.map(|&index| drawing.frames.title(index));
        title.unwrap_or_default().replace("t = ", "")
    });
    let time = match &times {
        [first, last] if first == last => first.clone(),
        [first, last] => format!("{first} … {last}"),
    };
    chart.title = title.replace("{t}", &time);
    chart.subtitle.clear();
}

/// What charts have in common.
pub(super) fn chart(drawing: &Drawing<'_>) -> Chart {
    let look = drawing.look;
    let range = match look.range {
        RangeChoice::Given(range) => Some(range),
        _ => None,
    };
    Chart {
        y: drawing.style.quantity.clone(),
        range,
        log: look.log,
        size: look.size,
        dpi: look.dpi,
        ..Chart::default()
    }
}

/// `x=0,y=0` in its parts; rows are along y and columns along x. Nothing, if a part has no name.
fn pairs(frames: &Frames<'_>, option: &str, text: &str) -> Vec<(Option<FrameAxis>, String)> {
    let selection = Selection::parse(option, text).ok();
    let named = selection.as_ref().map(Selection::named).unwrap_or_default();
    let pairs = named.into_iter();
    pairs
        .map(|(name, entry)| (frames.side(name), entry.text.clone()))
        .collect()
}

fn expected(option: &str, text: &str, example: &str) -> Error {
    let typed = printable(text);
    Error::Usage(format!("{option} {typed}: expected {example}"))
}
