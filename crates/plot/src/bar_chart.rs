//! Horizontal bars on a logarithmic scale: rates or times that lie decades apart.

use super::{
    bitmap::Bitmap,
    canvas::{Anchor, Canvas, Rect, Rgb},
    error::Error,
    panel::{self, Metrics},
    range::{Mapping, Range},
    text::{DIGIT, width},
    ticks::{TickScale, Ticks},
};

/// Bars in groups in sections, from top to bottom.
///
/// ```text
///   title
///   subtitle
///   ■ legend  ■ legend
///         ┌─────────────────────────────────────────┐
///         │ heading                                 │
///   label │███████████████████████ note             │
///         │█████████████████████████████████ note   │
///         └──┴──────────┴──────────┴──────────┴─────┘
///           0.01       0.1         1         10
///                          unit
/// ```
#[derive(Clone, Debug, Default)]
pub struct BarChart {
    /// The title.
    pub title: String,
    /// Lines below the title, such as the circumstances.
    pub subtitle: Vec<String>,
    /// Quantity and unit of the scale.
    pub unit: String,
    /// Colours and what they stand for.
    pub legend: Vec<(Vec<Shade>, String)>,
    /// The bars.
    pub sections: Vec<Section>,
}

/// Groups under a heading.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Their heading.
    pub heading: String,
    /// The groups.
    pub groups: Vec<BarGroup>,
}

/// Bars under one another that share a label.
#[derive(Clone, Debug, Default)]
pub struct BarGroup {
    /// Their label.
    pub label: String,
    /// Length, colour, and a text after each bar.
    pub bars: Vec<(f64, Shade, String)>,
}

/// The colour of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    /// Our results.
    Strong,
    /// Our results, lighter.
    StrongLight,
    /// Results of others.
    Plain,
    /// Results of others, lighter.
    PlainLight,
    /// Results from another machine.
    Faint,
}

impl Shade {
    fn rgb(self) -> Rgb {
        match self {
            Self::Strong => [196, 78, 40],
            Self::StrongLight => [233, 151, 109],
            Self::Plain => [49, 104, 142],
            Self::PlainLight => [139, 178, 206],
            Self::Faint => [176, 176, 176],
        }
    }
}

const WIDTH: usize = 1500;
/// Pixels of an em of text.
const EM: f64 = 23.0;
const BAR: usize = 24;
/// Between bars, between groups, between sections.
const GAPS: [usize; 3] = [2, 13, 20];
const LINE: usize = 33;

impl BarChart {
    /// Draws the chart.
    ///
    /// # Errors
    /// [`Error::NoFrames`] when there is no bar of positive length.
    pub fn draw(&self) -> Result<Bitmap, Error> {
        let m = Metrics::new(EM);
        let groups = || self.sections.iter().flat_map(|section| &section.groups);
        let bars = || groups().flat_map(|group| &group.bars);
        let lengths = bars().map(|(length, ..)| *length);
        let range = Range::spanning(lengths.filter(|length| *length > 0.0));
        let range = range.ok_or(Error::NoFrames)?;
        let labels = panel::longest(groups().map(|group| group.label.as_str()), EM)?;
        let notes = panel::longest(bars().map(|(.., note)| note.as_str()), EM)?;
        let top = m.pad as usize + (4 + self.subtitle.len()) * LINE;
        let left = (m.pad + labels + 0.8 * EM) as usize;
        // A tick may stand at the end of the axis, with half of its label beyond.
        let across = WIDTH - left - (m.pad + EM) as usize;
        // The shortest bar needs some length, as a logarithmic axis has no natural start; behind the
        // longest there is room for its note.
        let low = 0.5 * range.low();
        let share = (across as f64 - notes - EM) / across as f64;
        let high = low * (range.high() / low).powf(1.0 / share.max(0.5));
        let axis = Mapping::new(Range::new(low, high).unwrap_or(range), true);
        let panel = Rect {
            left,
            top,
            width: across,
            height: self.sections.iter().map(Section::height).sum(),
        };
        let height = panel.bottom() as f64 + panel::depth(&m) + m.pad;
        let mut bitmap = Bitmap::new(WIDTH, height as usize);
        self.draw_header(&mut bitmap, &m)?;
        let ticks = panel::horizontal(&axis, panel.width, &m);
        panel::grid(&mut bitmap, &panel, [&ticks, &Ticks::default()])?;
        panel::x_axis(&mut bitmap, &panel, &ticks, &m, &self.unit)?;
        panel::border(&mut bitmap, &panel, &m)?;
        let mut below = panel;
        for section in &self.sections {
            section.draw(&mut bitmap, below, &axis, &m)?;
            below.top += section.height();
        }
        Ok(bitmap)
    }

    fn draw_header(&self, canvas: &mut dyn Canvas, m: &Metrics) -> Result<(), Error> {
        let mut base = m.pad + LINE as f64;
        canvas.write(&self.title, 1.35 * EM, (m.pad, base), Anchor::Left)?;
        for line in &self.subtitle {
            base += LINE as f64;
            canvas.write(line, EM, (m.pad, base), Anchor::Left)?;
        }
        base += 1.35 * LINE as f64;
        let mut x = m.pad;
        for (shades, text) in &self.legend {
            let side = (DIGIT * EM) as usize;
            for shade in shades {
                let square = Rect {
                    left: x as usize,
                    top: base as usize - side,
                    width: side,
                    height: side,
                };
                canvas.fill(square, shade.rgb())?;
                x += side as f64 + 2.0;
            }
            x += 0.3 * EM;
            canvas.write(text, EM, (x, base), Anchor::Left)?;
            x += width(text, EM)? + 1.2 * EM;
        }
        Ok(())
    }
}

impl Section {
    fn height(&self) -> usize {
        GAPS[2] + LINE + self.groups.iter().map(BarGroup::height).sum::<usize>()
    }

    /// Its heading and its bars, from the top of a panel.
    fn draw(
        &self,
        canvas: &mut dyn Canvas,
        panel: Rect,
        axis: &Mapping,
        m: &Metrics,
    ) -> Result<(), Error> {
        let heading = Rect {
            height: GAPS[2] + LINE,
            ..panel
        };
        // No line of the grid runs through it.
        canvas.fill(heading, [255; 3])?;
        let place = (panel.left as f64 + 0.6 * EM, centred(panel.top + 9, LINE));
        canvas.write(&self.heading, EM, place, Anchor::Left)?;
        let mut y = heading.bottom();
        for group in &self.groups {
            let middle = centred(y, group.height() - GAPS[1]);
            let right = panel.left as f64 - m.label_gap;
            canvas.write(&group.label, EM, (right, middle), Anchor::Right)?;
            for (length, shade, note) in &group.bars {
                let bar = Rect {
                    left: panel.left,
                    top: y,
                    width: (axis.fraction(*length).max(0.0) * panel.width as f64) as usize,
                    height: BAR,
                };
                canvas.fill(bar, shade.rgb())?;
                let behind = Rect {
                    left: bar.right(),
                    width: (width(note, EM)? + 0.8 * EM) as usize,
                    ..bar
                };
                canvas.fill(behind, [255; 3])?;
                let place = (bar.right() as f64 + 0.4 * EM, centred(y, BAR));
                canvas.write(note, EM, place, Anchor::Left)?;
                y += BAR + GAPS[0];
            }
            y += GAPS[1];
        }
        Ok(())
    }
}

impl BarGroup {
    fn height(&self) -> usize {
        self.bars.len() * (BAR + GAPS[0]) + GAPS[1]
    }
}

/// The base line of text in the middle between `top` and `height` below it.
fn centred(top: usize, height: usize) -> f64 {
    top as f64 + (height as f64 + DIGIT * EM) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[f64]) -> BarChart {
        let bar = |value: &f64| (*value, Shade::Plain, format!("{value}"));
        let group = BarGroup {
            label: "some".to_owned(),
            bars: values.iter().map(bar).collect(),
        };
        let section = Section {
            heading: "all".to_owned(),
            groups: vec![group],
        };
        BarChart {
            sections: vec![section],
            ..BarChart::default()
        }
    }

    #[test]
    fn all_decades_have_the_same_length() {
        let bitmap = chart(&[0.01, 0.1, 1.0, 10.0]).draw().expect("drawn");
        let length = |y| {
            let row = (0..bitmap.width()).map(|x| bitmap.pixel(x, y));
            let bar = Some(Shade::Plain.rgb());
            row.filter(|pixel| *pixel == bar).count()
        };
        let mut lengths: Vec<usize> = (0..bitmap.height()).map(length).collect();
        lengths.dedup();
        lengths.retain(|length| *length > 0);
        let decades = lengths.windows(2).map(|pair| pair[1] - pair[0]);
        let decades: Vec<usize> = decades.collect();
        assert_eq!(decades.len(), 3, "{lengths:?}");
        assert!(decades.iter().all(|one| one.abs_diff(decades[0]) <= 1));
    }

    #[test]
    fn nothing_to_draw_is_an_error() {
        assert!(matches!(BarChart::default().draw(), Err(Error::NoFrames)));
    }
}
