//! [`Template`]: the layout of a picture, made once and filled with every frame.

use super::{
    canvas::{Anchor, Bitmap, Rect},
    colour_bar::ColourBar,
    error::Error,
    frame::Frame,
    panel::{self, ColourTable, Metrics},
    style::Style,
    text::{DIGIT, width},
};

/// A picture without its field: axes, colour bar, and the places of field and title.
///
/// The layout depends only on the shape and extent of the first frame and on the style, so that all
/// pictures of a series have the same layout.
pub(super) struct Template {
    blank: Bitmap,
    panel: Rect,
    colours: ColourTable,
    shape: (usize, usize),
    cadence: Option<f64>,
    title: (f64, f64),
    size: f64,
}

impl Template {
    /// A template whose field has a longer side of about `side` pixels, with `levels` colours.
    pub fn new(frame: &Frame, style: &Style, side: usize, levels: usize) -> Result<Self, Error> {
        let shape = frame.shape()?;
        let (x, y) = frame.extent.spans(shape);
        let (across, up) = panel::fit(shape, (&x, &y), side);
        let colours = ColourTable::new(style, levels);
        let m = Metrics::new(0.031 * across.max(up) as f64);
        let size = 1.15 * m.em;

        let bar_height = up.max((9.0 * m.em) as usize);
        let bar = ColourBar::new(style, bar_height, &m)?;
        let x_scale = panel::horizontal(&x, across, &m);
        let y_scale = panel::vertical(&y, up, &m);

        // From left to right, then from top to bottom; all in pixels.
        let over = (bar_height - up).div_ceil(2);
        let left = m.pad + m.em * 1.45 + panel::widest(&y_scale, &m)? + m.label_gap;
        let left = left.ceil() as usize;
        let bar_left = left + across + (1.3 * m.em) as usize;
        let middle = left as f64 + across as f64 / 2.0;
        let half_title = width("snapshot 0000", size)? / 2.0;
        let crowded = !bar.note.is_empty() && middle + half_title + m.em > bar_left as f64;
        let lift = if crowded { 1.7 * m.em } else { 0.0 };
        let top = m.pad + size * DIGIT + 0.75 * m.em + lift;
        let top = top.ceil() as usize + over;
        let panel = Rect {
            left,
            top,
            width: across,
            height: up,
        };
        let right = (bar_left as f64 + bar.width)
            .max(middle + half_title)
            .max(panel.right() as f64 + m.em);
        let below = (panel::depth(&m)).max(over as f64 + 0.6 * m.em);
        let mut blank = Bitmap::new(
            (right + m.pad).ceil() as usize,
            (panel.bottom() as f64 + below + m.pad).ceil() as usize,
        );

        panel::x_axis(&mut blank, &panel, &x_scale, &m, x.name)?;
        panel::y_axis(&mut blank, &panel, &y_scale, &m, y.name)?;
        panel::border(&mut blank, &panel, &m)?;
        bar.draw(&mut blank, bar_left, top - over, &colours, &m)?;
        // The title is above the panel, or above the note of the colour bar if the two would overlap.
        let title = match crowded {
            true => (top - over) as f64 - 0.75 * m.em - lift,
            false => top as f64 - 0.75 * m.em,
        };
        Ok(Self {
            blank,
            panel,
            colours,
            shape,
            cadence: style.cadence,
            title: (middle, title),
            size,
        })
    }

    /// The place of the field.
    #[cfg(test)]
    pub fn panel(&self) -> &Rect {
        &self.panel
    }

    /// The picture of a frame.
    pub fn print(&self, frame: &Frame) -> Result<Bitmap, Error> {
        let shape = frame.shape()?;
        if shape != self.shape {
            return Err(Error::Shape {
                first: self.shape,
                this: shape,
            });
        }
        let mut bitmap = self.blank.clone();
        bitmap.blit(self.panel, &self.colours.field(frame.values, &self.panel)?)?;
        let title = frame.title(self.cadence);
        let half = width(&title, self.size)? / 2.0;
        let (middle, base) = self.title;
        let middle = middle.min(bitmap.width() as f64 - half).max(half);
        bitmap.write(&title, self.size, (middle, base), Anchor::Centre)?;
        Ok(bitmap)
    }
}
