//! [`Page`]: frames as one HTML file that needs no server and no network.
//!
//! The page contains values, not pictures: it draws them in linear or logarithmic colours, displays the value under the
//! pointer, and draws profiles. Every frame is stored separately and unpacked when it is shown, so that a page of many
//! frames opens at once.

mod encode;

use super::{
    colormap, decimal,
    error::Error,
    extent::Span,
    file::{PictureFile, write_error},
    frame::Frame,
    panel,
    reduced::{Extrema, Reduced},
    sheet::evenly_spread,
    style::{Contours, Style},
    svg::escaped,
};
use diff2d_sys::Destination;
use encode::Quantiser;
use serde_json::{Value, json};
use std::{io::Write, path::PathBuf};

/// The line that identifies a page of this program.
const GENERATOR: &str = "<meta name=\"generator\" content=\"diff2d\">\n";

/// Whether a file that begins with these bytes is a page of this program.
#[must_use]
pub fn is_page(beginning: &[u8]) -> bool {
    let mut lines = beginning.split_inclusive(|&letter| letter == b'\n');
    lines.any(|line| line == GENERATOR.as_bytes())
}

/// The largest number of bytes of all frames of a page.
const MOST_BYTES: usize = 18_000_000;
/// The lengths of a frame's longest side that are tried, in cells. All frames of a page have the same size.
const SIDES: [usize; 5] = [512, 384, 256, 192, 128];
/// The number of frames below which frames are made smaller rather than fewer.
const ENOUGH: usize = 120;
/// The largest number of frames; more of them do not improve the animation.
const MOST_FRAMES: usize = 1000;
/// The number of frames that are packed to estimate the size of all.
const SAMPLE: usize = 5;

/// The numbers and the size of the frames in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePlan {
    /// The longest side of a frame in cells.
    side: usize,
    /// The numbers of the frames that are shown.
    pub shown: Vec<usize>,
}

impl PagePlan {
    /// Chooses as many of `count` frames as a page can hold, and their size. `size` packs a frame for a given side by
    /// [`PackedFrame::new`], and returns its bytes.
    ///
    /// # Errors
    /// The errors of `size`.
    pub fn new<E>(
        count: usize,
        mut size: impl FnMut(usize, usize) -> Result<usize, E>,
    ) -> Result<Self, E> {
        let mut plan = Self {
            side: SIDES[0],
            shown: Vec::new(),
        };
        let frame_limit = count.min(MOST_FRAMES);
        for side in SIDES {
            let mut largest = 1;
            for place in evenly_spread(count, SAMPLE) {
                largest = largest.max(size(place, side)?);
            }
            let fitting = (MOST_BYTES / largest).clamp(1, frame_limit.max(1));
            plan = Self {
                side,
                shown: evenly_spread(count, fitting),
            };
            if fitting >= frame_limit.min(ENOUGH) {
                break;
            }
        }
        Ok(plan)
    }

    /// The longest side of a frame in cells.
    pub fn side(&self) -> usize {
        self.side
    }
}

/// A frame in the form in which a page stores it.
pub struct PackedFrame {
    title: String,
    ends: Extrema,
    text: String,
    shape: (usize, usize),
    nodes: (usize, usize),
    spans: (Span, Span),
}

impl PackedFrame {
    /// Packs a frame whose values are between `ends`. Its longest side has at most `side` cells.
    ///
    /// # Errors
    /// [`Error`] for a field without values, or if they cannot be read.
    pub fn new(frame: &Frame, style: &Style, ends: &Extrema, side: usize) -> Result<Self, Error> {
        let nodes = frame.shape()?;
        let reduced = Reduced::new(frame.values, side, side)?;
        Ok(Self {
            title: style.title_beside_others(frame),
            ends: reduced.ends(),
            text: encode::encode(&reduced, &Quantiser::new(ends))?,
            shape: reduced.dimensions(),
            nodes,
            spans: frame.extent.spans(nodes),
        })
    }

    /// The bytes of the frame in a page.
    pub fn bytes(&self) -> usize {
        self.text.len() + 64
    }
}

/// A page to which frames are being added.
pub struct Page {
    file: PictureFile,
    path: PathBuf,
    style: Style,
    /// The extrema of the values of all frames.
    ends: Extrema,
    source: String,
    notes: Vec<String>,
    shape: Option<(usize, usize)>,
    description: Option<Value>,
    frames: Vec<Value>,
    /// The width of the range of values of each frame.
    widths: Vec<f64>,
    bytes: usize,
}

impl Page {
    /// Begins a page for frames whose values are between `ends`. `source` describes the origin of the frames; `notes`
    /// are written below them.
    ///
    /// # Errors
    /// [`Error`] if the file cannot be written.
    pub fn create(
        to: &Destination,
        style: &Style,
        ends: &Extrema,
        source: &str,
        notes: Vec<String>,
    ) -> Result<Self, Error> {
        let mut page = Self {
            file: PictureFile::create(to)?,
            path: to.name().to_owned(),
            style: style.clone(),
            ends: *ends,
            source: source.to_owned(),
            notes,
            shape: None,
            description: None,
            frames: Vec::new(),
            widths: Vec::new(),
            bytes: 0,
        };
        let title = escaped(page.title());
        page.write(&[
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
            GENERATOR,
            // The page loads nothing from anywhere.
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ",
            "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n",
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
            "<link rel=\"icon\" href=\"data:,\">\n<title>",
            &title,
            "</title>\n<style>\n",
            include_str!("page.css"),
            "</style>\n</head>\n<body>\n",
            include_str!("body.html"),
        ])?;
        Ok(page)
    }

    fn title(&self) -> &str {
        match self.style.title_of_all() {
            "" => &self.source,
            title => title,
        }
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// [`Error::Full`] for a frame that would make the page too large; [`Error`] for a frame whose shape differs from that of
    /// the first frame, or if the file cannot be written.
    pub fn push(&mut self, frame: &PackedFrame) -> Result<(), Error> {
        let first_shape = *self.shape.get_or_insert(frame.nodes);
        if first_shape != frame.nodes {
            return Err(Error::other_shape(first_shape, frame.nodes));
        }
        self.bytes += frame.bytes();
        if self.bytes > MOST_BYTES + MOST_BYTES / 20 {
            return Err(Error::Full(self.frames.len()));
        }
        if self.description.is_none() {
            self.description = Some(self.describe(frame));
        }
        let id = self.frames.len().to_string();
        self.write(&[
            "<script type=\"text/plain\" id=\"f",
            &id,
            "\">",
            &frame.text,
        ])?;
        self.write(&["</script>\n"])?;
        // The smallest positive value is known of frames that were read, and of no others.
        let positive = self.ends.low_positive.min(frame.ends.low_positive);
        self.ends.low_positive = positive;
        self.widths.push(frame.ends.high - frame.ends.low);
        let mut description = ends_of(&frame.ends);
        description["label"] = json!(frame.title);
        self.frames.push(description);
        Ok(())
    }

    /// The description of all frames, derived from the first one.
    fn describe(&self, frame: &PackedFrame) -> Value {
        let (x, y) = &frame.spans;
        let titles = self.style.named([x.name, y.name]);
        let (rows, columns) = frame.shape;
        let (width, height) = panel::fit_exactly(frame.nodes, x, y, 4096);
        let quantiser = Quantiser::new(&self.ends);
        let table = self.style.colormap.table(colormap::LEVELS);
        let colours = table
            .iter()
            .map(|[r, g, b]| format!("{r:02x}{g:02x}{b:02x}"));
        let mut notes = self.notes.clone();
        if frame.shape != frame.nodes {
            let (node_rows, node_columns) = frame.nodes;
            notes.push(format!(
                "{node_columns} × {node_rows} nodes are shown as {columns} × {rows} cells: each is the mean of {} × {} nodes.",
                decimal::short(node_columns as f64 / columns as f64, 3),
                decimal::short(node_rows as f64 / rows as f64, 3)
            ));
        }
        notes.push(match quantiser.offset {
            0.0 => "Values are rounded to 16 bits: ±0.0015 %.".to_owned(),
            offset => format!(
                "The differences of values to {} are rounded to 16 bits: ±0.0015 %.",
                decimal::short(offset, 9)
            ),
        });
        json!({
            "title": self.title(),
            "source": self.source,
            "quantity": self.style.quantity,
            "rows": rows,
            "columns": columns,
            "aspect": width as f64 / height as f64,
            "x": axis_of(x, titles[0], columns == frame.nodes.1),
            "y": axis_of(y, titles[1], rows == frame.nodes.0),
            "range": {
                "low": self.style.range.low(),
                "high": self.style.range.high(),
            },
            "own": self.style.own_ranges,
            "log": self.style.log,
            "contours": match &self.style.contours {
                Contours::Most(most) => json!(most),
                Contours::At(values) => json!(values),
            },
            "colours": colours.collect::<String>(),
            "offset": quantiser.offset,
            "scale": quantiser.scale,
            "notes": notes,
        })
    }

    /// Writes the description and puts the page in its place, durably.
    ///
    /// # Errors
    /// [`Error`] for a page without frames, or if the file cannot be written.
    pub fn finish(mut self) -> Result<(), Error> {
        let mut description = self.description.take().ok_or_else(Error::no_frames)?;
        description["range"]["positive"] = json!(finite(self.ends.low_positive));
        description["found"] = ends_of(&self.ends);
        description["open"] = json!(opening(&self.widths));
        description["frames"] = Value::Array(std::mem::take(&mut self.frames));
        // Whatever the texts contain, nothing in them ends the element.
        let description = description.to_string().replace('<', "\\u003c");
        self.write(&[
            "<script type=\"application/json\" id=\"meta\">",
            &description,
            "</script>\n<script>\n",
            include_str!("page.js"),
            "</script>\n</body>\n</html>\n",
        ])?;
        self.file.commit()
    }

    fn write(&mut self, texts: &[&str]) -> Result<(), Error> {
        for text in texts {
            self.file
                .write_all(text.as_bytes())
                .map_err(|error| write_error(&self.path, error))?;
        }
        Ok(())
    }
}

/// The frame at which a page opens: the frame with the widest range of values, or, of several frames whose ranges are
/// equally wide up to rounding, the middle one. The first such frame is no good choice: if walls determine the
/// extremes, it is often uniform except at its walls.
fn opening(widths: &[f64]) -> usize {
    let widest = widths.iter().copied().fold(0.0, f64::max);
    let wide: Vec<usize> = (0..)
        .zip(widths)
        .filter(|(_, width)| **width >= widest * (1.0 - 1e-9))
        .map(|(number, _)| number)
        .collect();
    if widest > 0.0 {
        wide.get(wide.len() / 2).copied().unwrap_or(0)
    } else {
        0
    }
}

fn axis_of(span: &Span, title: &str, has_all_nodes: bool) -> Value {
    json!({
        "cut": if span.is_cut && has_all_nodes { 0.5 } else { 0.0 },
        "start": span.start,
        "end": span.end,
        "name": span.name,
        "title": title,
        "whole": span.whole,
    })
}

fn ends_of(ends: &Extrema) -> Value {
    json!({
        "low": finite(ends.low),
        "high": finite(ends.high),
        "positive": finite(ends.low_positive),
    })
}

fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_opens_where_there_is_something_to_see() {
        for (widths, expected) in [
            (vec![], 0),
            (vec![0.0; 3], 0),
            (vec![1.0, 0.5, 0.25], 0),
            (vec![0.0, 0.5, 0.75, 0.25], 2),
            // A wall that is hot from the beginning.
            (vec![80.0, 80.0, 80.0 - 1e-12, 80.0, 80.0], 2),
            (vec![f64::NAN, 1.0, f64::NAN], 1),
        ] {
            assert_eq!(opening(&widths), expected, "{widths:?}");
        }
    }

    #[test]
    fn frames_are_thinned_out_and_reduced_where_they_are_too_many_or_too_large() {
        let plan = |count, bytes_of_a_cell: f64| {
            let size =
                |_, side: usize| Ok::<_, ()>(((side * side) as f64 * bytes_of_a_cell) as usize);
            PagePlan::new(count, size).unwrap()
        };
        let small = plan(300, 0.1);
        assert_eq!((small.side(), small.shown.len()), (512, 300));
        let middle = plan(300, 1.0);
        assert_eq!((middle.side(), middle.shown.len()), (384, 122));
        let noise = plan(300, 4.0);
        assert_eq!((noise.side(), noise.shown.len()), (192, 122));
        assert_eq!((noise.shown[0], noise.shown[121]), (0, 299));
        assert_eq!(plan(1, 1e9).shown, [0]);
        assert_eq!(plan(1_000_000, 1e-9).shown.len(), 1000);
    }
}
