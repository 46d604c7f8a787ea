//! [`ColourBar`]: the key from colours to values.

use super::{
    canvas::{Anchor, Canvas, Pen, Rect},
    colours::{Colours, NOT_POSITIVE},
    error::Error,
    panel::{self, Metrics},
    style::{Beyond, Style},
    text::{DIGIT, width},
    ticks::{TickScale, Ticks},
};

/// A colour bar, labelled with the range at its ends and round numbers between them. It ends in arrows if values lie
/// beyond the range.
///
/// ```text
///     p
///     ╱╲     values above the range
///    ┌──┐ 1.0
///    ├──┤ 0.8   a contour line
///    └──┘ 0.2
///     ╲╱     values below it
///    ┌──┐ ≤ 0   values without a logarithm
///    └──┘
/// ```
pub(super) struct ColourBar {
    /// The text above the bar: the quantity and the common part of all labels; may be empty.
    pub note: String,
    /// The distance in pixels from the left edge of the bar to the end of its longest label, or of the note.
    pub width: f64,
    ticks: Ticks,
    thickness: usize,
    height: usize,
    /// The height of an arrow.
    arrow: usize,
    beyond: Beyond,
    colours: Colours,
    /// The values of the contour lines.
    levels: Vec<f64>,
}

const NO_LOGARITHM: &str = "≤ 0";

impl ColourBar {
    /// A bar of `height` pixels.
    pub fn new(
        style: &Style,
        colours: &Colours,
        height: usize,
        m: &Metrics,
    ) -> Result<Self, Error> {
        let thickness = (1.3 * m.em).round() as usize;
        let mut bar = Self {
            note: String::new(),
            width: 0.0,
            ticks: Ticks::default(),
            thickness,
            height,
            arrow: (1.1 * m.em).round() as usize,
            beyond: style.beyond,
            colours: colours.clone(),
            levels: colours.levels(),
        };
        bar.beyond.not_positive &= style.log;
        let length = bar.body(0, m).1;
        let tick_limit = (length as f64 / (2.6 * m.em)) as usize;
        let tick_limit = match bar.levels.len() {
            0 => tick_limit.clamp(1, 10),
            levels => (levels + 1).min((length as f64 / (1.5 * m.em)) as usize),
        };
        let least_distance = 1.5 * m.em / length as f64;
        let axis: &dyn TickScale = &colours.mapping;
        bar.ticks = axis.ticks_with_ends(tick_limit.max(1), least_distance, &|ticks| {
            panel::above_each_other(ticks, length, m)
        });
        bar.note = panel::titled(&style.quantity, &bar.ticks);
        bar.measure(m)?;
        if style.own_ranges {
            // Pictures of one size have room for the bars of all frames.
            let widest = width("−0.00000", m.em)? + bar.labels(m);
            bar.width = bar.width.max(widest);
        }
        Ok(bar)
    }

    /// The bar for frames with ranges of their own, on which only the ends are named.
    pub fn without_values(mut self, quantity: &str, m: &Metrics) -> Result<Self, Error> {
        self.ticks = Ticks {
            marks: vec![(0.0, "min".to_owned()), (1.0, "max".to_owned())],
            note: String::new(),
        };
        self.levels.clear();
        quantity.clone_into(&mut self.note);
        self.measure(m)?;
        Ok(self)
    }

    fn measure(&mut self, m: &Metrics) -> Result<(), Error> {
        let mut widest = panel::widest(&self.ticks, m)?;
        if self.beyond.not_positive {
            widest = widest.max(width(NO_LOGARITHM, m.em)?);
        }
        self.width = (self.labels(m) + widest).max(width(&self.note, m.em)?);
        Ok(())
    }

    /// The distance from the left edge of the bar to its labels.
    fn labels(&self, m: &Metrics) -> f64 {
        self.thickness as f64 + m.label_gap
    }

    /// The first pixel and the length of the coloured part of a bar that begins at `top`.
    fn body(&self, top: usize, m: &Metrics) -> (usize, usize) {
        let upper_arrow = if self.beyond.above { self.arrow } else { 0 };
        let lower_arrow = if self.beyond.below { self.arrow } else { 0 };
        let field = if self.beyond.not_positive {
            self.arrow + (0.6 * m.em) as usize
        } else {
            0
        };
        let occupied = upper_arrow + lower_arrow + field;
        (
            top + upper_arrow,
            self.height.saturating_sub(occupied).max(1),
        )
    }

    /// Draws the bar with its upper left corner at `left` and `top`.
    pub fn draw(
        &self,
        canvas: &mut dyn Canvas,
        left: usize,
        top: usize,
        m: &Metrics,
    ) -> Result<(), Error> {
        let (body_top, length) = self.body(top, m);
        let bar = Rect {
            left,
            top: body_top,
            width: self.thickness,
            height: length,
        };
        self.draw_arrows(canvas, &bar, m)?;
        panel::border(canvas, &bar, m)?;
        let table = &self.colours.table;
        let pixels = (0..length).flat_map(|row| {
            let colour = table[(length - 1 - row) * table.len() / length];
            std::iter::repeat_n(colour, bar.width)
        });
        canvas.image(bar, &pixels.flatten().collect::<Vec<u8>>())?;
        for &level in &self.levels {
            let fraction = self.colours.mapping.fraction(level);
            let y = bar.bottom() as f64 - fraction * length as f64;
            let mark = Rect {
                top: (y - m.line as f64 / 2.0).round() as usize,
                height: m.line,
                ..bar
            };
            canvas.fill(mark, self.colours.against(level))?;
        }
        for (fraction, label) in &self.ticks.marks {
            let y = bar.bottom() as f64 - fraction * length as f64;
            let tick = Rect {
                left: bar.right(),
                top: (y - m.line as f64 / 2.0).round() as usize,
                width: m.line + m.tick,
                height: m.line,
            };
            canvas.fill(tick, [0; 3])?;
            let place = (left as f64 + self.labels(m), y + m.em * DIGIT / 2.0);
            canvas.write(label, m.em, place, Anchor::Left)?;
        }
        if self.beyond.not_positive {
            let field = Rect {
                top: top + self.height - self.arrow,
                height: self.arrow,
                ..bar
            };
            panel::border(canvas, &field, m)?;
            canvas.fill(field, NOT_POSITIVE)?;
            let y = field.top as f64 + (field.height as f64 + m.em * DIGIT) / 2.0;
            let place = (left as f64 + self.labels(m), y);
            canvas.write(NO_LOGARITHM, m.em, place, Anchor::Left)?;
        }
        // A short note is centred on the bar, a long one starts at its left edge.
        let spare = (self.thickness as f64 - width(&self.note, m.em)?).max(0.0);
        let place = (left as f64 + spare / 2.0, top as f64 - 0.75 * m.em);
        canvas.write(&self.note, m.em, place, Anchor::Left)
    }

    /// Draws the arrows as triangles in the colours of the ends.
    fn draw_arrows(&self, canvas: &mut dyn Canvas, bar: &Rect, m: &Metrics) -> Result<(), Error> {
        let table = &self.colours.table;
        let upper = (self.beyond.above, true, table.last());
        let lower = (self.beyond.below, false, table.first());
        for (has_arrow, is_upper, colour) in [upper, lower] {
            let (true, Some(&colour)) = (has_arrow, colour) else {
                continue;
            };
            let middle = bar.left as f64 + bar.width as f64 / 2.0;
            for number in 0..self.arrow {
                let fraction = 1.0 - (number as f64 + 0.5) / self.arrow as f64;
                let half_width = fraction * bar.width as f64 / 2.0;
                let line_left = (middle - half_width).round() as usize;
                let line = Rect {
                    left: line_left,
                    // Lines follow from the bar to the tip.
                    top: if is_upper {
                        bar.top - 1 - number
                    } else {
                        bar.bottom() + number
                    },
                    width: (middle + half_width).round() as usize - line_left,
                    height: 1,
                };
                canvas.fill(line, colour)?;
            }
            let (base, tip) = if is_upper {
                (bar.top as f64, (bar.top - self.arrow) as f64)
            } else {
                (bar.bottom() as f64, (bar.bottom() + self.arrow) as f64)
            };
            let line = m.line as f64;
            let surroundings = Rect {
                left: bar.left - 2 * m.line,
                top: (base.min(tip) as usize).saturating_sub(2 * m.line),
                width: bar.width + 4 * m.line,
                height: self.arrow + 4 * m.line,
            };
            let outline_left = bar.left as f64 - line / 2.0;
            let outline_right = bar.right() as f64 + line / 2.0;
            let outline = vec![(outline_left, base), (middle, tip), (outline_right, base)];
            canvas.stroke(&[outline], Pen::black(line), surroundings)?;
        }
        Ok(())
    }
}
