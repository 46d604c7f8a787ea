//! Horizontal bars on a logarithmic scale: rates or times that lie decades apart.

use super::{
    canvas::{Anchor, Bitmap, Rect},
    decimal,
    error::Error,
    text::{DIGIT, width},
};

/// Bars in groups in sections, from top to bottom.
///
/// ```text
///   title
///   subtitle
///   ■ legend  ■ legend
///   heading
///     label  ███████████████████████ note
///            █████████████████████████████████ note
///          ──┴──────────┴──────────┴──────────┴──
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
    pub groups: Vec<Group>,
}

/// Bars under one another that share a label.
#[derive(Clone, Debug, Default)]
pub struct Group {
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
    fn rgb(self) -> [u8; 3] {
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
const TITLE: f64 = 1.35 * EM;
const MARGIN: usize = 36;
const BAR: usize = 24;
/// Between bars of a group, between groups, between sections.
const GAPS: [usize; 3] = [2, 13, 20];
const LINE: usize = 33;
const GRID: [u8; 3] = [226, 226, 226];
const AXIS: [u8; 3] = [90, 90, 90];

/// The logarithmic scale.
struct LogScale {
    left: f64,
    width: f64,
    /// Powers of ten from and to.
    low: f64,
    high: f64,
}

impl LogScale {
    fn at(&self, value: f64) -> usize {
        let share = (value.log10() - self.low) / (self.high - self.low);
        (self.left + self.width * share.clamp(0.0, 1.0)).round() as usize
    }
}

impl BarChart {
    /// Draws the chart.
    ///
    /// # Errors
    /// [`Error::NoFrames`] when there is no bar of positive length.
    pub fn draw(&self) -> Result<Bitmap, Error> {
        let bars = || self.groups().flat_map(|group| &group.bars);
        let values = || {
            let values = bars().map(|(value, ..)| *value);
            values.filter(|value| *value > 0.0 && value.is_finite())
        };
        let least = values().reduce(f64::min).ok_or(Error::NoFrames)?;
        let most = values().fold(least, f64::max);
        let wider = |most: f64, text: &String| Ok::<_, Error>(most.max(width(text, EM)?));
        let mut names = self.groups().map(|group| &group.label);
        let labels = names.try_fold(0.0, wider)?;
        let notes = bars().map(|(.., note)| note).try_fold(0.0, wider)?;
        let left = MARGIN as f64 + labels + 0.8 * EM;
        let scale = LogScale {
            left,
            width: WIDTH as f64 - MARGIN as f64 - notes - 0.6 * EM - left,
            // The shortest bar needs some length; a logarithmic scale has no natural start.
            low: (0.5 * least).log10(),
            high: (1.1 * most).log10(),
        };

        let top = self.header_height();
        let bottom = top + self.body_height();
        let mut bitmap = Bitmap::new(WIDTH, bottom + 3 * LINE);
        self.draw_header(&mut bitmap)?;
        draw_axis(&mut bitmap, &scale, bottom)?;
        bitmap.write(
            &self.unit,
            EM,
            (
                scale.left + scale.width / 2.0,
                (bottom + 2 * LINE + 12) as f64,
            ),
            Anchor::Centre,
        )?;
        self.draw_sections(&mut bitmap, &scale, top)?;
        Ok(bitmap)
    }

    fn groups(&self) -> impl Iterator<Item = &Group> {
        self.sections.iter().flat_map(|section| &section.groups)
    }

    fn header_height(&self) -> usize {
        MARGIN + LINE * (3 + self.subtitle.len())
    }

    fn body_height(&self) -> usize {
        let sections = self.sections.iter().map(Section::height);
        sections.map(|height| LINE + GAPS[2] + height).sum()
    }

    fn draw_header(&self, bitmap: &mut Bitmap) -> Result<(), Error> {
        let left = MARGIN as f64;
        let mut base = (MARGIN + LINE / 2) as f64 + DIGIT * TITLE / 2.0;
        bitmap.write(&self.title, TITLE, (left, base), Anchor::Left)?;
        base += 4.0;
        for line in &self.subtitle {
            base += LINE as f64;
            bitmap.write(line, EM, (left, base), Anchor::Left)?;
        }
        base += 1.35 * LINE as f64;
        let mut x = left;
        for (shades, text) in &self.legend {
            let side = (DIGIT * EM) as usize;
            for shade in shades {
                let square = Rect {
                    left: x as usize,
                    top: base as usize - side,
                    width: side,
                    height: side,
                };
                bitmap.fill(square, shade.rgb())?;
                x += side as f64 + 2.0;
            }
            x += 0.3 * EM;
            bitmap.write(text, EM, (x, base), Anchor::Left)?;
            x += width(text, EM)? + 1.2 * EM;
        }
        Ok(())
    }

    fn draw_sections(
        &self,
        bitmap: &mut Bitmap,
        scale: &LogScale,
        top: usize,
    ) -> Result<(), Error> {
        let mut y = top;
        for section in &self.sections {
            y += GAPS[2];
            let heading = (MARGIN as f64, centred(y - 6, LINE));
            bitmap.write(&section.heading, EM, heading, Anchor::Left)?;
            y += LINE;
            let range = (y, y + section.height());
            draw_grid(bitmap, scale, range)?;
            for group in &section.groups {
                group.draw(bitmap, scale, y)?;
                y += group.height();
            }
        }
        Ok(())
    }
}

impl Section {
    fn height(&self) -> usize {
        self.groups.iter().map(Group::height).sum()
    }
}

impl Group {
    fn height(&self) -> usize {
        self.bars.len() * (BAR + GAPS[0]) + GAPS[1]
    }

    fn draw(&self, bitmap: &mut Bitmap, scale: &LogScale, top: usize) -> Result<(), Error> {
        let left = scale.left.round() as usize;
        let mut y = top + GAPS[1] / 2;
        let label = centred(y, self.height() - GAPS[1] - GAPS[0]);
        let label = (scale.left - 0.6 * EM, label);
        bitmap.write(&self.label, EM, label, Anchor::Right)?;
        for (value, shade, note) in &self.bars {
            let bar = Rect {
                left: left + 2,
                top: y,
                width: scale.at(*value).saturating_sub(left + 2).max(1),
                height: BAR,
            };
            bitmap.fill(bar, shade.rgb())?;
            let behind = (bar.right() as f64 + 0.4 * EM, centred(y, BAR));
            clear_behind(bitmap, note, behind)?;
            bitmap.write(note, EM, behind, Anchor::Left)?;
            y += BAR + GAPS[0];
        }
        Ok(())
    }
}

/// The base line of text in the middle between `top` and `height` below it.
fn centred(top: usize, height: usize) -> f64 {
    top as f64 + (height as f64 + DIGIT * EM) / 2.0
}

/// Clears the background of a text, so that no line runs through it.
fn clear_behind(bitmap: &mut Bitmap, note: &str, (x, base): (f64, f64)) -> Result<(), Error> {
    let room = Rect {
        left: x as usize - 4,
        top: (base - DIGIT * EM) as usize - 3,
        width: width(note, EM)? as usize + 10,
        height: (DIGIT * EM) as usize + 6,
    };
    bitmap.fill(room, [255; 3])
}

/// Lines at the powers of ten, and the one that bars start from.
fn draw_grid(
    bitmap: &mut Bitmap,
    scale: &LogScale,
    (top, bottom): (usize, usize),
) -> Result<(), Error> {
    for decade in scale.low.ceil() as i32..=scale.high.floor() as i32 {
        let x = scale.at(decimal::value(1, decade));
        bitmap.fill(line(x, top, bottom, 2), GRID)?;
    }
    bitmap.fill(line(scale.left.round() as usize, top, bottom, 2), AXIS)
}

/// The scale below the bars.
fn draw_axis(bitmap: &mut Bitmap, scale: &LogScale, top: usize) -> Result<(), Error> {
    for decade in scale.low.floor() as i32..=scale.high.floor() as i32 {
        for digit in 1..10 {
            let value = decimal::value(digit, decade);
            if !(scale.low..=scale.high).contains(&value.log10()) {
                continue;
            }
            let x = scale.at(value);
            if digit == 1 {
                let label = decimal::decimal(1, decade);
                let under = (x as f64, (top + LINE) as f64);
                bitmap.write(&label, EM, under, Anchor::Centre)?;
            }
            let length = if digit == 1 { 9 } else { 5 };
            bitmap.fill(line(x, top, top + length, 2), AXIS)?;
        }
    }
    let across = Rect {
        left: scale.left.round() as usize,
        top,
        width: scale.width.round() as usize,
        height: 2,
    };
    bitmap.fill(across, AXIS)
}

fn line(left: usize, top: usize, bottom: usize, width: usize) -> Rect {
    Rect {
        left,
        top,
        width,
        height: bottom - top,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[f64]) -> BarChart {
        let bar = |value: &f64| (*value, Shade::Plain, format!("{value}"));
        let group = Group {
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
        // In one chart, as another range of values would have another scale.
        let bitmap = chart(&[0.01, 0.1, 1.0, 10.0]).draw().unwrap();
        let is_bar = |pixel: &&[u8]| **pixel == Shade::Plain.rgb();
        let rows = bitmap.rgb().chunks(3 * bitmap.width());
        let mut lengths: Vec<usize> = rows
            .map(|row| row.chunks(3).filter(is_bar).count())
            .collect();
        lengths.dedup();
        lengths.retain(|length| *length > 0);
        let decades: Vec<usize> = lengths.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(decades.len(), 3, "{lengths:?}");
        assert!(
            decades.iter().all(|one| one.abs_diff(decades[0]) <= 1),
            "{decades:?}"
        );
    }

    #[test]
    fn nothing_to_draw_is_an_error() {
        assert!(matches!(BarChart::default().draw(), Err(Error::NoFrames)));
    }
}
