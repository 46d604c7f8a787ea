//! [`Svg`]: a picture made of lines and text.

use super::{
    bitmap::Bitmap,
    canvas::{Anchor, Canvas, Pen, Point, Rect, Rgb},
    error::Error,
    file::{MARK_OF_SVG, PictureFile, write_error},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use diff2d_sys::Destination;
use std::{fmt::Write as _, io::Write as _};

/// A picture made of lines and text.
pub(super) struct Svg {
    width: usize,
    text: String,
    /// The last clipping rectangle of lines, and the number of such rectangles so far.
    clip: (Option<Rect>, usize),
}

impl Svg {
    /// A white picture with a name as its description for readers who cannot see it.
    pub fn new(width: usize, height: usize, name: &str) -> Self {
        let name = escaped(name);
        let text = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="DejaVu Sans, Verdana, sans-serif" fill="#000000">
{MARK_OF_SVG}<title>{name}</title>
<rect width="100%" height="100%" fill="#ffffff"/>
"##
        );
        Self {
            width,
            text,
            clip: (None, 0),
        }
    }

    /// The complete document.
    pub fn finish(self) -> String {
        self.text + "</svg>\n"
    }

    /// Writes the document to a file that has no name yet.
    pub fn write(self, to: &Destination) -> Result<PictureFile, Error> {
        let mut file = PictureFile::create(to)?;
        file.write_all(self.finish().as_bytes())
            .map_err(|error| write_error(to.name(), error))?;
        Ok(file)
    }

    fn line(&mut self, element: std::fmt::Arguments<'_>) -> Result<(), Error> {
        writeln!(self.text, "{element}").map_err(Error::undrawn)
    }
}

impl Canvas for Svg {
    fn width(&self) -> usize {
        self.width
    }

    fn fill(&mut self, rect: Rect, colour: Rgb) -> Result<(), Error> {
        let (shape, colour) = (shape(rect), hex(colour));
        self.line(format_args!(r#"<rect {shape} fill="{colour}"/>"#))
    }

    fn image(&mut self, rect: Rect, rgb: &[u8]) -> Result<(), Error> {
        let mut png = Vec::new();
        Bitmap::of_pixels(rect.width, rect.height, rgb)
            .encode(&mut png)
            .map_err(Error::undrawn)?;
        let (shape, png) = (shape(rect), STANDARD.encode(png));
        self.line(format_args!(
            r#"<image {shape} preserveAspectRatio="none" image-rendering="pixelated" href="data:image/png;base64,{png}"/>"#
        ))
    }

    fn stroke(&mut self, lines: &[Vec<Point>], pen: Pen, within: Rect) -> Result<(), Error> {
        if self.clip.0 != Some(within) {
            self.clip = (Some(within), self.clip.1 + 1);
            let (shape, number) = (shape(within), self.clip.1);
            self.line(format_args!(
                r#"<clipPath id="clip{number}"><rect {shape}/></clipPath>"#
            ))?;
        }
        let mut path = String::new();
        for line in lines {
            for (number, (x, y)) in line.iter().enumerate() {
                // A point alone would not be seen.
                let _ = match number {
                    0 => write!(path, "M{x:.2} {y:.2}h0"),
                    _ => write!(path, "L{x:.2} {y:.2}"),
                };
            }
        }
        let (number, colour) = (self.clip.1, hex(pen.colour));
        self.line(format_args!(
            r#"<path clip-path="url(#clip{number})" d="{path}" fill="none" stroke="{colour}" stroke-width="{:.1}" stroke-opacity="{}" stroke-linejoin="round" stroke-linecap="round"/>"#,
            pen.thickness, pen.opacity
        ))
    }

    fn write_in(
        &mut self,
        colour: Rgb,
        label: &str,
        size: f64,
        (x, y): Point,
        anchor: Anchor,
    ) -> Result<(), Error> {
        let (place, turn) = match anchor {
            Anchor::Left => ("start", String::new()),
            Anchor::Centre => ("middle", String::new()),
            Anchor::Right => ("end", String::new()),
            Anchor::Upright => (
                "middle",
                format!(r#" transform="rotate(-90 {x:.1} {y:.1})""#),
            ),
        };
        let label = escaped(label);
        let fill = match colour {
            [0, 0, 0] => String::new(),
            other => format!(r#" fill="{}""#, hex(other)),
        };
        self.line(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size:.1}" text-anchor="{place}"{fill}{turn}>{label}</text>"#
        ))
    }
}

fn shape(rect: Rect) -> String {
    let Rect {
        left,
        top,
        width,
        height,
    } = rect;
    format!(r#"x="{left}" y="{top}" width="{width}" height="{height}""#)
}

fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A text as the content of an element or the value of an attribute, in one line and without markup.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no control characters, however written.
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {
                escaped.push(' ');
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}
