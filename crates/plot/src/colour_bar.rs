//! [`ColourBar`]: which colour stands for which value.

use super::{
    canvas::{Anchor, Canvas, Pen, Rect},
    colours::{Colours, NOT_POSITIVE},
    error::Error,
    panel::{self, Metrics},
    style::{Beyond, Style},
    text::{DIGIT, width},
    ticks::{TickScale, Ticks},
};

/// A colour bar, labelled with the range at its ends and round numbers between them. It ends in arrows
/// where values lie beyond the range.
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
    /// The text above it: the quantity and what all labels share; may be empty.
    pub note: String,
    /// Pixels from its left edge to the end of its longest label, or of the note.
    pub width: f64,
    ticks: Ticks,
    thickness: usize,
    height: usize,
    /// Height of an arrow.
    arrow: usize,
    beyond: Beyond,
    colours: Colours,
    /// Values of contour lines.
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
        let most = (length as f64 / (2.6 * m.em)) as usize;
        let most = match bar.levels.len() {
            0 => most.clamp(1, 10),
            levels => (levels + 1).min((length as f64 / (1.5 * m.em)) as usize),
        };
        let near = 1.5 * m.em / length as f64;
        let axis: &dyn TickScale = &colours.mapping;
        bar.ticks = axis.ticks_with_ends(most.max(1), near, &|ticks| {
            panel::above_each_other(ticks, length, m)
        });
        bar.note = panel::titled(&style.quantity, &bar.ticks);
        bar.measure(m)?;
        if style.own_ranges {
            // The bars of all frames have room in pictures of one size.
            let widest = width("−0.00000", m.em)? + bar.labels(m);
            bar.width = bar.width.max(widest);
        }
        Ok(bar)
    }

    /// The same bar for frames with ranges of their own: only its ends are named.
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

    /// Where labels begin.
    fn labels(&self, m: &Metrics) -> f64 {
        self.thickness as f64 + m.label_gap
    }

    /// Where the colours begin and how long they are, of a bar that begins at `top`.
    fn body(&self, top: usize, m: &Metrics) -> (usize, usize) {
        let arrow = |is_there: bool| if is_there { self.arrow } else { 0 };
        let field = match self.beyond.not_positive {
            true => self.arrow + (0.6 * m.em) as usize,
            false => 0,
        };
        let taken = arrow(self.beyond.above) + arrow(self.beyond.below) + field;
        (
            top + arrow(self.beyond.above),
            self.height.saturating_sub(taken).max(1),
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
        let colour = |row: usize| table[(length - 1 - row) * table.len() / length];
        let pixels = (0..length).flat_map(|row| std::iter::repeat_n(colour(row), bar.width));
        canvas.image(bar, &pixels.flatten().collect::<Vec<u8>>())?;
        for &level in &self.levels {
            let at = self.colours.mapping.fraction(level);
            let y = bar.bottom() as f64 - at * length as f64;
            let mark = Rect {
                top: (y - m.line as f64 / 2.0).round() as usize,
                height: m.line,
                ..bar
            };
            canvas.fill(mark, self.colours.against(level))?;
        }
        for (at, label) in &self.ticks.marks {
            let y = bar.bottom() as f64 - at * length as f64;
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
        let above = (left as f64 + spare / 2.0, top as f64 - 0.75 * m.em);
        canvas.write(&self.note, m.em, above, Anchor::Left)
    }

    /// Triangles in the colours of the ends.
    fn draw_arrows(&self, canvas: &mut dyn Canvas, bar: &Rect, m: &Metrics) -> Result<(), Error> {
        let table = &self.colours.table;
        let upper = (self.beyond.above, true, table.last());
        let lower = (self.beyond.below, false, table.first());
        for (is_there, is_upper, colour) in [upper, lower] {
            let (true, Some(&colour)) = (is_there, colour) else {
                continue;
            };
            let middle = bar.left as f64 + bar.width as f64 / 2.0;
            // From the bar to the tip.
            let row = |number: usize| match is_upper {
                true => bar.top - 1 - number,
                false => bar.bottom() + number,
            };
            for number in 0..self.arrow {
                let share = 1.0 - (number as f64 + 0.5) / self.arrow as f64;
                let half = share * bar.width as f64 / 2.0;
                let from = (middle - half).round() as usize;
                let line = Rect {
                    left: from,
                    top: row(number),
                    width: (middle + half).round() as usize - from,
                    height: 1,
                };
                canvas.fill(line, colour)?;
            }
            let (base, tip) = match is_upper {
                true => (bar.top as f64, (bar.top - self.arrow) as f64),
                false => (bar.bottom() as f64, (bar.bottom() + self.arrow) as f64),
            };
            let line = m.line as f64;
            let around = Rect {
                left: bar.left - 2 * m.line,
                top: (base.min(tip) as usize).saturating_sub(2 * m.line),
                width: bar.width + 4 * m.line,
                height: self.arrow + 4 * m.line,
            };
            let left = bar.left as f64 - line / 2.0;
            let right = bar.right() as f64 + line / 2.0;
            let outline = vec![(left, base), (middle, tip), (right, base)];
            canvas.stroke(&[outline], Pen::black(line), around)?;
        }
        Ok(())
    }
}
