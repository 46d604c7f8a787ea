//! `--line` and `--history`: curves.

use crate::{
    cli::{
        frames::{Drawing, FrameAxis, Frames, RangeAsked},
        terminal::{Terminal, printable},
    },
    error::Error,
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
    let (frames, shown) = (drawing.frames, drawing.some(MOST_CURVES));
    let (fixed, value) = match pairs(frames, text)[..] {
        [(Some(side), value)] => (side, value),
        _ => return Err(expected("--line", text, example)),
    };
    let typed = printable(text);
    let mut chart = Chart {
        colormap: Some(drawing.look.colormap.unwrap_or_default()),
        ..chart(drawing)
    };
    for &index in &shown {
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
    if let [only] = &mut chart.curves[..]
        && !only.label.is_empty()
    {
        chart.subtitle = format!("{}, {}", only.label, chart.subtitle);
    }
    entitle(&mut chart, drawing, &shown);
    if shown.len() < drawing.chosen.len() {
        terminal.note(&format!(
            "--line {typed}: {} of {} frames are drawn, evenly spread; --snapshots chooses others",
            shown.len(),
            drawing.chosen.len()
        ));
    }
    let plain = |letter: char| {
        let is_plain = letter.is_ascii_alphanumeric() || "=.+-".contains(letter);
        if is_plain { letter } else { '_' }
    };
    let name: String = text.trim().chars().take(60).map(plain).collect();
    Ok((format!("line-{name}.svg"), chart))
}

/// The values at some places over the frames.
pub(super) fn history(
    drawing: &Drawing<'_>,
    texts: &[String],
    terminal: &Terminal,
) -> Result<Chart, Error> {
    let (frames, chosen) = (drawing.frames, drawing.chosen);
    let mut chart = chart(drawing);
    chart.x = match frames.has_times() {
        true => frames.with_unit("t"),
        false => frames.first_name().unwrap_or("frame").to_owned(),
    };
    let first = chosen.first().copied().unwrap_or(0);
    for text in texts {
        let example = "both coordinates of a place, such as x=0,y=0";
        let pairs = pairs(frames, text);
        let value = |side: FrameAxis| {
            let mut given = pairs.iter().filter(|(given, _)| *given == Some(side));
            match (given.next(), given.next(), pairs.len()) {
                (Some((_, value)), None, 2) => Ok(*value),
                _ => Err(expected("--history", text, example)),
            }
        };
        let row = frames.place(first, FrameAxis::Y, value(FrameAxis::Y)?)?;
        let column = frames.place(first, FrameAxis::X, value(FrameAxis::X)?)?;
        let told = format!("{}, {}", column.told, row.told);
        terminal.note(&format!("--history {}: {told}", printable(text)));
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
    entitle(&mut chart, drawing, chosen);
    Ok(chart)
}

/// A place in a legend, with units: `x = 0 m, y = 2 m`; as it was typed where there are none.
fn labelled(frames: &Frames<'_>, pairs: &[(Option<FrameAxis>, &str)]) -> String {
    let pair = |(side, value): &(Option<FrameAxis>, &str)| {
        let name = frames.side_name((*side)?);
        let unit = frames.side_unit((*side)?).unwrap_or_default();
        Some(format!("{name} = {value} {unit}").trim_end().to_owned())
    };
    let parts: Vec<String> = pairs.iter().filter_map(pair).collect();
    parts.join(", ")
}

/// Gives a chart the title that was asked for, in place of what it would tell.
pub(super) fn entitle(chart: &mut Chart, drawing: &Drawing<'_>, shown: &[u64]) {
    let Some(asked) = &drawing.look.title else {
        return;
    };
    let times = [shown.first(), shown.last()].map(|index| {
        let title = index.map(|&index| drawing.frames.title(index));
        title.unwrap_or_default().replace("t = ", "")
    });
    let time = match &times {
        [first, last] if first == last => first.clone(),
        [first, last] => format!("{first} … {last}"),
    };
    chart.title = asked.replace("{t}", &time);
    chart.subtitle.clear();
}

/// What charts have in common.
pub(super) fn chart(drawing: &Drawing<'_>) -> Chart {
    let look = drawing.look;
    let range = match look.range {
        RangeAsked::Given(range) => Some(range),
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

/// `x=0,y=0` in its parts; rows are along y and columns along x.
fn pairs<'a>(frames: &Frames<'_>, text: &'a str) -> Vec<(Option<FrameAxis>, &'a str)> {
    let pair = |part| {
        let (name, value): (&str, &str) = str::split_once(part, '=').unwrap_or(("", part));
        (frames.side(name.trim()), value.trim())
    };
    text.split(',').map(pair).collect()
}

fn expected(option: &str, text: &str, example: &str) -> Error {
    let typed = printable(text);
    Error::Usage(format!("{option} {typed}: expected {example}"))
}
