//! [`ColourBar`]: which colour stands for which value.

use super::{
    canvas::{Anchor, Bitmap, Rect},
    error::Error,
    panel::{self, ColourTable, Metrics},
    scale::{Interval, Scale},
    style::Style,
    text::{DIGIT, width},
};

/// A colour bar, labelled with the range at its ends and round numbers between them.
pub(super) struct ColourBar {
    /// The text above it: the quantity and what all labels share; may be empty.
    pub note: String,
    /// Pixels from its left edge to the end of its longest label, or of the note.
    pub width: f64,
    scale: Scale,
    thickness: usize,
    height: usize,
}

impl ColourBar {
    /// A bar of `height` pixels.
    pub fn new(style: &Style, height: usize, m: &Metrics) -> Result<Self, Error> {
        let range = style.range.drawn();
        let interval = Interval {
            low: range.low(),
            high: range.high(),
            whole: false,
            place: |value| range.fraction(value),
        };
        let most = (height as f64 / (2.6 * m.em)) as usize;
        let near = 1.5 * m.em / height as f64;
        let scale = interval.scale_with_ends(most.clamp(1, 10), near, |ticks| {
            panel::above_each_other(ticks, height, m)
        });
        let note = panel::titled(&style.quantity, &scale);
        let thickness = (1.3 * m.em).round() as usize;
        let labels = thickness as f64 + m.label_gap + panel::widest(&scale, m)?;
        Ok(Self {
            width: labels.max(width(&note, m.em)?),
            note,
            scale,
            thickness,
            height,
        })
    }

    /// Draws the bar with its upper left corner at `left` and `top`.
    pub fn draw(
        &self,
        bitmap: &mut Bitmap,
        left: usize,
        top: usize,
        colours: &ColourTable,
        m: &Metrics,
    ) -> Result<(), Error> {
        let bar = Rect {
            left,
            top,
            width: self.thickness,
            height: self.height,
        };
        panel::border(bitmap, &bar, m)?;
        let colour =
            |row: usize| colours.table[(self.height - 1 - row) * colours.table.len() / self.height];
        let pixels: Vec<u8> = (0..self.height)
            .flat_map(|row| std::iter::repeat_n(colour(row), self.thickness))
            .flatten()
            .collect();
        bitmap.blit(bar, &pixels)?;
        for (at, label) in &self.scale.ticks {
            let y = bar.bottom() as f64 - at * self.height as f64;
            let tick = Rect {
                left: bar.right(),
                top: (y - m.line as f64 / 2.0).round() as usize,
                width: m.line + m.tick,
                height: m.line,
            };
            bitmap.fill(tick, [0; 3])?;
            let place = (bar.right() as f64 + m.label_gap, y + m.em * DIGIT / 2.0);
            bitmap.write(label, m.em, place, Anchor::Left)?;
        }
        // A short note is centred on the bar, a long one starts at its left edge.
        let spare = (self.thickness as f64 - width(&self.note, m.em)?).max(0.0);
        let above = (left as f64 + spare / 2.0, top as f64 - 0.75 * m.em);
        bitmap.write(&self.note, m.em, above, Anchor::Left)
    }
}
