//! [`Page`]: frames as one HTML file that needs no server and no network.
//!
//! The page holds its values, not pictures: it draws them in linear or logarithmic colours, tells the
//! value under the pointer, and draws profiles. Every frame is stored for itself and unpacked when it is
//! shown, so that a page of many frames opens at once.

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

/// By which a page of this program is known.
const GENERATOR: &str = "<meta name=\"generator\" content=\"diff2d\">\n";

/// Whether a file that begins like this is a page of this program.
#[must_use]
pub fn is_page(beginning: &[u8]) -> bool {
    let mut lines = beginning.split_inclusive(|&letter| letter == b'\n');
    lines.any(|line| line == GENERATOR.as_bytes())
}

/// Bytes that the frames of a page take at most.
const MOST_BYTES: usize = 18_000_000;
/// The longest sides that are tried, in cells. All frames of a page have one.
const SIDES: [usize; 5] = [512, 384, 256, 192, 128];
/// Rather than fewer frames than this, a page has smaller ones.
const ENOUGH: usize = 120;
/// More frames than this make no better film.
const MOST_FRAMES: usize = 1000;
/// So many frames are packed to find out how large all will be.
const SAMPLE: usize = 5;

/// What a page shows of some frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagePlan {
    /// The longest side of a frame in cells.
    side: usize,
    /// The numbers of the frames that are shown.
    pub shown: Vec<usize>,
}

impl PagePlan {
    /// Which of `count` frames a page can hold, and how large: `size` packs one for a side by
    /// [`PackedFrame::new`], and tells its bytes.
    ///
    /// # Errors
    /// Those of `size`.
    pub fn new<E>(
        count: usize,
        mut size: impl FnMut(usize, usize) -> Result<usize, E>,
    ) -> Result<Self, E> {
        let mut plan = Self {
            side: SIDES[0],
            shown: Vec::new(),
        };
        let most = count.min(MOST_FRAMES);
        for side in SIDES {
            let mut largest = 1;
            for place in evenly_spread(count, SAMPLE) {
                largest = largest.max(size(place, side)?);
            }
            let fit = (MOST_BYTES / largest).clamp(1, most.max(1));
            plan = Self {
                side,
                shown: evenly_spread(count, fit),
            };
            if fit >= most.min(ENOUGH) {
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

/// A frame as a page stores it.
pub struct PackedFrame {
    title: String,
    ends: Extrema,
    text: String,
    shape: (usize, usize),
    nodes: (usize, usize),
    spans: (Span, Span),
}

impl PackedFrame {
    /// Packs a frame whose values are between `ends`, with a longest side of at most so many cells.
    ///
    /// # Errors
    /// [`Error::Empty`], or [`Error::Values`] where the values cannot be read.
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

    /// Bytes that it takes in a page.
    pub fn bytes(&self) -> usize {
        self.text.len() + 64
    }
}

/// A page while its frames are added.
pub struct Page {
    file: PictureFile,
    path: PathBuf,
    style: Style,
    /// Of all values of all frames.
    ends: Extrema,
    source: String,
    notes: Vec<String>,
    shape: Option<(usize, usize)>,
    about: Option<Value>,
    frames: Vec<Value>,
    /// How wide the range of values of each frame is.
    widths: Vec<f64>,
    bytes: usize,
}

impl Page {
    /// Begins a page for frames whose values are between `ends`. `source` says where the frames
    /// are from, `notes` stand below them.
    ///
    /// # Errors
    /// [`Error::Write`].
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
            about: None,
            frames: Vec::new(),
            widths: Vec::new(),
            bytes: 0,
        };
        let title = escaped(page.title());
        page.write(&[
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
            GENERATOR,
            // Nothing is loaded from anywhere.
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
    /// [`Error::Shape`] for a frame of another shape than the first, [`Error::Full`] where it would make
    /// the page too large, [`Error::Write`].
    pub fn push(&mut self, frame: &PackedFrame) -> Result<(), Error> {
        let first = *self.shape.get_or_insert(frame.nodes);
        if first != frame.nodes {
            return Err(Error::Shape {
                first,
                this: frame.nodes,
            });
        }
        self.bytes += frame.bytes();
        if self.bytes > MOST_BYTES + MOST_BYTES / 20 {
            return Err(Error::Full(self.frames.len()));
        }
        if self.about.is_none() {
            self.about = Some(self.about(frame));
        }
        let id = self.frames.len().to_string();
        self.write(&[
            "<script type=\"text/plain\" id=\"f",
            &id,
            "\">",
            &frame.text,
        ])?;
        self.write(&["</script>\n"])?;
        // What is only known of frames that were read.
        let positive = self.ends.low_positive.min(frame.ends.low_positive);
        self.ends.low_positive = positive;
        self.widths.push(frame.ends.high - frame.ends.low);
        let mut about = ends_of(&frame.ends);
        about["label"] = json!(frame.title);
        self.frames.push(about);
        Ok(())
    }

    /// What is told of all frames.
    fn about(&self, frame: &PackedFrame) -> Value {
        let (x, y) = &frame.spans;
        let titles = self.style.named([x.name, y.name]);
        let axis = |span: &Span, title: &str| json!({"start": span.start, "end": span.end, "name": span.name, "title": title, "whole": span.whole});
        let (rows, columns) = frame.shape;
        let (width, height) = panel::fit_exactly(frame.nodes, x, y, 4096);
        let quantiser = Quantiser::new(&self.ends);
        let table = self.style.colormap.table(colormap::LEVELS);
        let colours = table
            .iter()
            .map(|[r, g, b]| format!("{r:02x}{g:02x}{b:02x}"));
        let mut notes = self.notes.clone();
        if frame.shape != frame.nodes {
            let of = |nodes: usize, cells: usize| decimal::short(nodes as f64 / cells as f64, 3);
            notes.push(format!(
                "{} × {} nodes are shown as {columns} × {rows} cells: each is the mean of {} × {} nodes.",
                frame.nodes.1,
                frame.nodes.0,
                of(frame.nodes.1, columns),
                of(frame.nodes.0, rows)
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
            "x": axis(x, titles[0]),
            "y": axis(y, titles[1]),
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

    /// Writes what is left and puts the page in its place, durably.
    ///
    /// # Errors
    /// [`Error::NoFrames`] for a page without any, [`Error::Write`].
    pub fn finish(mut self) -> Result<(), Error> {
        let mut about = self.about.take().ok_or(Error::NoFrames)?;
        about["range"]["positive"] = json!(finite(self.ends.low_positive));
        about["found"] = ends_of(&self.ends);
        about["open"] = json!(opening(&self.widths));
        about["frames"] = Value::Array(std::mem::take(&mut self.frames));
        // Whatever the texts hold, none of it ends the element.
        let about = about.to_string().replace('<', "\\u003c");
        self.write(&[
            "<script type=\"application/json\" id=\"meta\">",
            &about,
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

/// The frame at which a page opens: the one with the widest range of values, the middle one of several that are equally
/// wide but for rounding. Where walls keep the extremes, the first of these is often flat but for them.
fn opening(widths: &[f64]) -> usize {
    let widest = widths.iter().copied().fold(0.0, f64::max);
    let wide: Vec<usize> = (0..)
        .zip(widths)
        .filter(|(_, width)| **width >= widest * (1.0 - 1e-9))
        .map(|(number, _)| number)
        .collect();
    match widest > 0.0 {
        true => wide.get(wide.len() / 2).copied().unwrap_or(0),
        false => 0,
    }
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
