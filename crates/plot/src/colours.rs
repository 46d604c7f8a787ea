//! [`Colours`]: the colours of values.

use super::{
    canvas::{Canvas, Pen, Rect},
    contour,
    contour_label::ContourLabels,
    error::Error,
    field_place::FieldPlace,
    frame::Frame,
    mask,
    range::{Mapping, Range},
    reduced::Reduced,
    style::{Contours, Style},
    ticks::TickScale,
};

/// The colour of NaN and infinities; one of the sixteen greys of an animation.
pub(super) const NOT_FINITE: [u8; 3] = [153; 3];
/// The colour of values that have no logarithm.
pub(super) const NOT_POSITIVE: [u8; 3] = [255; 3];

/// The colour of the line around values that are not finite; also one of the sixteen greys of an animation.
const OUTLINE: [u8; 3] = [85; 3];

/// The opacity of contour lines.
const OPACITY: f64 = 0.75;

/// The colours of values, and the contour lines between them.
#[derive(Clone)]
pub(super) struct Colours {
    /// The colours from the low end of the range to the high end.
    pub table: Vec<[u8; 3]>,
    pub mapping: Mapping,
    contours: Contours,
    lines: Vec<Vec<[f64; 2]>>,
}

impl Colours {
    pub fn new(style: &Style, levels: usize) -> Self {
        Self {
            table: style.colormap.table(levels),
            mapping: Mapping::new(style.range, style.log),
            contours: style.contours.clone(),
            lines: style.lines.clone(),
        }
    }

    /// These colours over the range of a frame, if the frame has a range of its own.
    pub fn of(&self, range: Option<Range>) -> Self {
        let mut colours = self.clone();
        if let Some(range) = range {
            colours.mapping = Mapping::new(range, self.mapping.is_log());
        }
        colours
    }

    /// The colour of a value.
    pub fn colour(&self, value: f64) -> [u8; 3] {
        if !value.is_finite() {
            return NOT_FINITE;
        }
        if self.mapping.is_log() && value <= 0.0 {
            return NOT_POSITIVE;
        }
        // The cast takes what lies below the range to 0.
        let level = (self.mapping.fraction(value) * self.table.len() as f64) as usize;
        self.table
            .get(level)
            .or(self.table.last())
            .copied()
            .unwrap_or(NOT_FINITE)
    }

    /// Draws a field with its contour lines, which are labelled if the user has chosen their values. `em` is the size
    /// of the text beside axes.
    pub fn draw(
        &self,
        canvas: &mut dyn Canvas,
        panel: &Rect,
        frame: &Frame,
        em: f64,
    ) -> Result<(), Error> {
        let colours = self.of(frame.own_range());
        let reduced = Reduced::new(frame.values, panel.height, panel.width)?;
        let cuts = frame.extent.cuts(frame.shape()?, reduced.dimensions());
        let pixels: Vec<u8> = reduced
            .pixels(panel.width, panel.height, cuts)
            .flat_map(|value| colours.colour(value))
            .collect();
        canvas.image(*panel, &pixels)?;
        let place = FieldPlace {
            panel,
            field: &reduced,
            cuts,
        };
        let (rows, columns) = reduced.dimensions();
        let cell = |&[x, y]: &[f64; 2]| (x * columns as f64, y * rows as f64);
        let lines = self
            .lines
            .iter()
            .chain(frame.lines)
            .map(|line| line.iter().map(cell).collect());
        let mut outline = mask::outline(&reduced);
        outline.extend(lines);
        if !outline.is_empty() {
            let pen = Pen {
                colour: OUTLINE,
                thickness: (em / 14.0).max(1.0),
                opacity: 1.0,
            };
            canvas.stroke(&place.of(outline), pen, *panel)?;
        }
        let has_labels = matches!(colours.contours, Contours::At(_));
        let mut labels = ContourLabels::new(place, em);
        for level in colours.levels() {
            let lines = place.of(contour::trace(&reduced, level));
            let pen = colours.pen(level, panel);
            if has_labels {
                labels.draw(canvas, level, lines, pen)?;
            } else {
                canvas.stroke(&lines, pen, *panel)?;
            }
        }
        Ok(())
    }

    /// The values of the contour lines.
    pub fn levels(&self) -> Vec<f64> {
        match &self.contours {
            Contours::Most(0) => Vec::new(),
            Contours::Most(most) => contour::levels(&self.mapping, *most),
            Contours::At(values) => {
                let values = values.iter().copied();
                values
                    .filter(|value| (0.0..=1.0).contains(&self.mapping.fraction(*value)))
                    .collect()
            }
        }
    }

    /// The pen for the contour line of a value.
    fn pen(&self, level: f64, panel: &Rect) -> Pen {
        Pen {
            colour: self.against(level),
            thickness: (panel.width.max(panel.height) as f64 / 500.0).clamp(1.0, 6.0),
            opacity: OPACITY,
        }
    }

    /// Black or white, whichever is visible on the colour of a value.
    pub fn against(&self, value: f64) -> [u8; 3] {
        let [red, green, blue] = self.colour(value).map(f64::from);
        // The weights of ITU-R BT.709.
        let luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        if luminance > 115.0 { [0; 3] } else { [255; 3] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_range_and_values_that_are_not_finite_are_grey() {
        let colours = Colours::new(&Style::new(Range::default()), 4);
        let level = |value| {
            let colour = colours.colour(value);
            colours.table.iter().position(|known| *known == colour)
        };
        assert_eq!(
            [-9.0, 0.0, 0.26, 0.74, 1.0, 9.0].map(level),
            [0, 0, 1, 2, 3, 3].map(Some)
        );
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(colours.colour(value), NOT_FINITE);
        }
    }

    #[test]
    fn values_without_a_logarithm_are_white() {
        let range = "1e-2:1e2".parse().expect("a range");
        let style = Style {
            log: true,
            ..Style::new(range)
        };
        let colours = Colours::new(&style, 4);
        assert_eq!(colours.colour(2.0), colours.table[2]);
        assert_eq!(colours.colour(1e-9), colours.table[0]);
        for value in [0.0, -0.0, -3.0] {
            assert_eq!(colours.colour(value), NOT_POSITIVE);
        }
    }
}
