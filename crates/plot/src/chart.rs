//! [`Chart`]: curves over a common axis, as SVG.

use super::{
    colormap::Colormap,
    error::Error,
    file::{PictureFile, write_error},
    mapping::Mapping,
    markup::escaped,
    panel::titled,
    range::Range,
    round,
    scale::{Interval, Scale},
    style::Size,
    text::width,
};
use std::{fmt::Write as _, io::Write as _, path::Path};

/// Width and height if no size is asked for.
const SIZE: (usize, usize) = (960, 600);
/// Colours that differ for all kinds of eyes, in an order that keeps neighbours apart.
///
/// Source: M. Okabe, K. Ito, Color universal design, 2008.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];

/// Curves over a common axis.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// The title; may be empty.
    pub title: String,
    /// What is under the title, such as where a line runs; may be empty.
    pub subtitle: String,
    /// Name of the horizontal axis.
    pub x: String,
    /// Name of the vertical axis; may be empty.
    pub y: String,
    /// The values that the vertical axis covers; all of the curves if absent.
    pub range: Option<Range>,
    /// Whether the vertical axis is logarithmic. Values at or below 0 are then left out.
    pub log: bool,
    /// The curves.
    pub curves: Vec<Curve>,
    /// A colour map, if the curves are in an order such as that of time.
    pub colormap: Option<Colormap>,
    /// Width and height in pixels.
    pub size: Option<Size>,
}

/// A curve and its name in the legend.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// Its name.
    pub label: String,
    /// Its points from left to right; a point that is not finite is a gap.
    pub points: Vec<(f64, f64)>,
}

/// Where everything in a chart is, in pixels.
struct Layout {
    width: f64,
    height: f64,
    left: f64,
    top: f64,
    across: f64,
    up: f64,
    em: f64,
}

impl Chart {
    /// Writes the SVG, which appears only when it is complete.
    ///
    /// # Errors
    /// [`Error::NoFrames`] without curves, [`Error::Write`] where the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let svg = self.svg()?;
        let mut file = PictureFile::create(path)?;
        file.write_all(svg.as_bytes())
            .map_err(|error| write_error(path, error))?;
        file.commit_unsynced()
    }

    /// The picture as SVG.
    ///
    /// # Errors
    /// [`Error::NoFrames`] without curves.
    pub fn svg(&self) -> Result<String, Error> {
        if self.curves.is_empty() {
            return Err(Error::NoFrames);
        }
        let vertical = self.vertical();
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let horizontal = Range::spanning(points().map(|point| point.0)).unwrap_or_default();
        let horizontal = Mapping::new(horizontal, false);
        let (width, height) = self.size.map_or(SIZE, |size| (size.width(), size.height()));
        let (width, height) = (width as f64, height as f64);
        let em = (0.026 * (width * height).sqrt().min(1.5 * width.min(height))).clamp(9.0, 40.0);
        let legend = self.legend(em)?;
        let up_guess = height - 7.0 * em;
        let y_scale = self.y_scale(&vertical, up_guess, em);
        let widest = y_scale
            .ticks
            .iter()
            .try_fold(0.0, |most: f64, (_, label)| {
                Ok::<_, Error>(most.max(width_of(label, em)?))
            })?;
        let headings = [&self.title, &self.subtitle];
        let headings = headings.iter().filter(|text| !text.is_empty()).count() as f64;
        let left = 3.2 * em + widest;
        let top = (0.9 + 1.7 * headings) * em;
        let layout = Layout {
            width,
            height,
            left,
            top,
            across: (width - left - 1.2 * em - legend).max(2.0 * em),
            up: (height - top - 3.6 * em).max(2.0 * em),
            em,
        };
        let x_scale = x_scale(&horizontal, layout.across, em);
        let mut svg = String::new();
        // Writing to a text does not fail.
        let _ = self.write(
            &mut svg,
            &layout,
            [&horizontal, &vertical],
            [&x_scale, &y_scale],
        );
        Ok(svg)
    }

    /// The values of the vertical axis.
    fn vertical(&self) -> Mapping {
        let values = self.curves.iter().flat_map(|curve| &curve.points);
        let values = values.map(|point| point.1);
        let range = self.range.unwrap_or_else(|| {
            let found = match self.log {
                true => Range::spanning(values.filter(|value| *value > 0.0)),
                false => Range::spanning(values),
            };
            let found = found.unwrap_or_default();
            match self.log {
                true => {
                    Range::new(found.low().max(found.high() * 1e-12), found.high()).unwrap_or(found)
                }
                false => padded(found),
            }
        });
        Mapping::new(range, self.log)
    }

    fn y_scale(&self, vertical: &Mapping, up: f64, em: f64) -> Scale {
        let most = ((up / (2.6 * em)) as usize).clamp(1, 10);
        let apart = |ticks: &[(f64, String)]| {
            let near = |pair: &[(f64, String)]| (pair[1].0 - pair[0].0).abs() * up >= 1.5 * em;
            ticks.windows(2).all(near)
        };
        if vertical.is_log() {
            let mut scale = round::scale(vertical, most, 0.0, apart);
            // Without the ends, unless there is nothing else.
            if scale.ticks.len() > 3 {
                scale.ticks.drain(..2);
            }
            return scale;
        }
        let interval = Interval {
            low: vertical.low(),
            high: vertical.high(),
            whole: false,
            place: |value| vertical.fraction(value),
        };
        interval.scale(most, apart)
    }

    /// The width of the legend; 0 without one.
    fn legend(&self, em: f64) -> Result<f64, Error> {
        if self.curves.len() < 2 {
            return Ok(0.0);
        }
        let mut labels = self.curves.iter().map(|curve| width_of(&curve.label, em));
        let widest = labels.try_fold(0.0, |most: f64, label| Ok::<_, Error>(most.max(label?)))?;
        Ok(widest + 3.4 * em)
    }

    /// The colour of a curve by its number.
    fn colour(&self, number: usize) -> String {
        match self.colormap {
            None => COLOURS[number % COLOURS.len()].to_owned(),
            Some(map) => {
                // The light end would hardly be seen on white.
                let last = self.curves.len().saturating_sub(1).max(1) as f64;
                let [red, green, blue] = map.colour(0.9 * number as f64 / last);
                format!("#{red:02x}{green:02x}{blue:02x}")
            }
        }
    }

    fn write(
        &self,
        svg: &mut String,
        at: &Layout,
        [horizontal, vertical]: [&Mapping; 2],
        [x_scale, y_scale]: [&Scale; 2],
    ) -> std::fmt::Result {
        let Layout {
            width,
            height,
            left,
            top,
            across,
            up,
            em,
        } = *at;
        let (bottom, middle) = (top + up, left + across / 2.0);
        writeln!(
            svg,
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="DejaVu Sans, Verdana, sans-serif" font-size="{em:.1}" fill="#000000">"##
        )?;
        let name = if self.title.is_empty() {
            &self.subtitle
        } else {
            &self.title
        };
        writeln!(svg, "<title>{}</title>", escaped(name))?;
        writeln!(
            svg,
            r##"<rect width="100%" height="100%" fill="#ffffff"/>"##
        )?;
        let mut base = 1.5 * em;
        for (text, size) in [(&self.title, 1.25), (&self.subtitle, 1.1)] {
            if !text.is_empty() {
                let needed = width_of(text, size * em).unwrap_or(0.0).max(1.0);
                // A long text is squeezed rather than cut off.
                let fits = match needed > width - em {
                    true => format!(
                        r#" textLength="{:.1}" lengthAdjust="spacingAndGlyphs""#,
                        width - em
                    ),
                    false => String::new(),
                };
                let half = needed.min(width - em) / 2.0;
                let x = middle.min(width - em / 2.0 - half).max(em / 2.0 + half);
                writeln!(
                    svg,
                    r#"<text x="{x:.1}" y="{base:.1}" font-size="{:.1}" text-anchor="middle"{fits}>{}</text>"#,
                    size * em,
                    escaped(text)
                )?;
                base += 1.7 * em;
            }
        }
        // Grid, ticks and labels.
        for (share, label) in &x_scale.ticks {
            let x = left + share * across;
            writeln!(
                svg,
                r##"<path d="M{x:.1} {top:.1}V{bottom:.1}" stroke="#e4e4e4"/><path d="M{x:.1} {bottom:.1}v{tick:.1}" stroke="#000000"/><text x="{x:.1}" y="{y:.1}" text-anchor="middle">{}</text>"##,
                escaped(label),
                tick = 0.3 * em,
                y = bottom + 1.4 * em
            )?;
        }
        for (share, label) in &y_scale.ticks {
            let y = bottom - share * up;
            writeln!(
                svg,
                r##"<path d="M{left:.1} {y:.1}h{across:.1}" stroke="#e4e4e4"/><path d="M{left:.1} {y:.1}h-{tick:.1}" stroke="#000000"/><text x="{x:.1}" y="{base:.1}" text-anchor="end">{}</text>"##,
                escaped(label),
                tick = 0.3 * em,
                x = left - 0.6 * em,
                base = y + 0.36 * em
            )?;
        }
        writeln!(
            svg,
            r#"<text x="{middle:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            height - 0.8 * em,
            escaped(&titled(&self.x, x_scale))
        )?;
        let (x, y) = (1.3 * em, top + up / 2.0);
        writeln!(
            svg,
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="middle" transform="rotate(-90 {x:.1} {y:.1})">{}</text>"#,
            escaped(&titled(&self.y, y_scale))
        )?;
        // Curves, within the frame.
        writeln!(
            svg,
            r#"<clipPath id="frame"><rect x="{left:.1}" y="{:.1}" width="{across:.1}" height="{:.1}"/></clipPath>"#,
            top - 1.5,
            up + 3.0
        )?;
        for (number, curve) in self.curves.iter().enumerate() {
            let place = |&(x, y): &(f64, f64)| {
                let (x, y) = (horizontal.fraction(x), vertical.fraction(y));
                // Far outside is as good as outside.
                let y = y.clamp(-9.0, 10.0);
                (left + x * across, bottom - y * up)
            };
            let path = path(curve.points.iter().map(place));
            writeln!(
                svg,
                r#"<path clip-path="url(#frame)" d="{path}" fill="none" stroke="{}" stroke-width="{:.1}" stroke-linejoin="round" stroke-linecap="round"/>"#,
                self.colour(number),
                0.12 * em
            )?;
        }
        writeln!(
            svg,
            r##"<rect x="{left:.1}" y="{top:.1}" width="{across:.1}" height="{up:.1}" fill="none" stroke="#000000"/>"##
        )?;
        if self.curves.len() > 1 {
            // From the top; closer together if they are many.
            let step = (up / self.curves.len() as f64).min(1.5 * em);
            let size = (step / 1.15).min(em);
            for (number, curve) in self.curves.iter().enumerate() {
                let (x, y) = (left + across + 1.0 * em, top + (number as f64 + 0.5) * step);
                writeln!(
                    svg,
                    r#"<path d="M{x:.1} {y:.1}h{:.1}" stroke="{}" stroke-width="{:.1}"/><text x="{:.1}" y="{:.1}" font-size="{size:.1}">{}</text>"#,
                    1.4 * em,
                    self.colour(number),
                    0.16 * em,
                    x + 1.8 * em,
                    y + 0.36 * size,
                    escaped(&curve.label)
                )?;
            }
        }
        writeln!(svg, "</svg>")
    }
}

/// A range with some room at both ends.
fn padded(range: Range) -> Range {
    let room = (range.high() / 2.0 - range.low() / 2.0) * 0.06;
    Range::new(range.low() - room, range.high() + room).unwrap_or(range)
}

fn width_of(text: &str, em: f64) -> Result<f64, Error> {
    width(text, em)
}

fn x_scale(horizontal: &Mapping, across: f64, em: f64) -> Scale {
    let interval = Interval {
        low: horizontal.low(),
        high: horizontal.high(),
        whole: false,
        place: |value| horizontal.fraction(value),
    };
    let most = ((across / (3.4 * em)) as usize).clamp(1, 10);
    interval.scale(most, |ticks| {
        let half = |label: &str| width(label, em).unwrap_or(0.0) / 2.0;
        ticks.windows(2).all(|pair| {
            let distance = (pair[1].0 - pair[0].0).abs() * across;
            distance >= half(&pair[0].1) + half(&pair[1].1) + 0.8 * em
        })
    })
}

/// A path through points; one that is not finite is a gap.
fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    let mut is_down = false;
    for (x, y) in points {
        if !(x.is_finite() && y.is_finite()) {
            is_down = false;
            continue;
        }
        // A point alone would not be seen.
        let _ = match is_down {
            true => write!(path, "L{x:.2} {y:.2}"),
            false => write!(path, "M{x:.2} {y:.2}h0"),
        };
        is_down = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_gaps_are_gaps() {
        let chart = Chart {
            title: "<script>&\u{1}".to_owned(),
            y: "p".to_owned(),
            curves: vec![Curve {
                label: "\"one\"".to_owned(),
                points: vec![(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 1.5)],
            }],
            ..Chart::default()
        };
        let svg = chart.svg().expect("a chart");
        assert!(svg.contains("&lt;script&gt;&amp; ") && !svg.contains("<script"));
        let curve = svg.split(" d=\"").find(|part| part.contains("h0L"));
        assert_eq!(
            curve.map(|path| path.matches('M').count()),
            Some(2),
            "{svg}"
        );
        assert!(matches!(Chart::default().svg(), Err(Error::NoFrames)));
    }

    #[test]
    fn every_curve_has_a_place() {
        for (values, log) in [
            (vec![0.0; 3], false),
            (vec![0.0; 3], true),
            (vec![f64::NAN; 3], false),
            (vec![f64::MAX, f64::MIN, 0.0], false),
            (vec![5e-324, 1.0, -1.0], true),
            (vec![1.0], false),
        ] {
            let points = values
                .iter()
                .zip(0..)
                .map(|(value, x)| (f64::from(x), *value));
            let curve = Curve {
                label: "one".to_owned(),
                points: points.collect(),
            };
            let chart = Chart {
                log,
                curves: vec![curve.clone(), curve],
                ..Chart::default()
            };
            let svg = chart.svg().expect("a chart");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
