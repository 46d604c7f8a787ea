//! [`Chart`]: curves over a common axis.

use super::{
    canvas::{Anchor, Canvas, Pen, Point, Rect, Rgb},
    colormap::Colormap,
    error::Error,
    heading::Heading,
    panel::{self, Metrics},
    paper::Paper,
    range::{Mapping, Range},
    style::{Size, scaled},
    text::DIGIT,
    ticks::{TickScale, Ticks},
};
use diff2d_sys::Destination;

/// Width and height if no size is asked for.
const SIZE: (usize, usize) = (960, 600);
/// Colours that differ for all kinds of eyes, in an order that keeps neighbours apart.
///
/// Source: M. Okabe, K. Ito, Color universal design, 2008.
const COLOURS: [Rgb; 7] = [
    [0, 114, 178],
    [213, 94, 0],
    [0, 158, 115],
    [204, 121, 167],
    [230, 159, 0],
    [86, 180, 233],
    [0, 0, 0],
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
    /// Charts over the same horizontal axis that are drawn below this one; their own titles, sizes and horizontal axes count
    /// for nothing.
    pub below: Vec<Self>,
    /// A colour map, if the curves are in an order such as that of time.
    pub colormap: Option<Colormap>,
    /// Width and height in pixels.
    pub size: Option<Size>,
    /// Pixels of an inch of paper.
    pub dpi: Option<u32>,
}

/// A curve and its name in the legend.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// Its name.
    pub label: String,
    /// Its points from left to right; a point that is not finite is a gap.
    pub points: Vec<(f64, f64)>,
    /// What was measured of it, drawn as dots; a point that is not finite is left out.
    pub measured: Vec<(f64, f64)>,
}

impl Curve {
    fn all_points(&self) -> impl Iterator<Item = &(f64, f64)> {
        self.points.iter().chain(&self.measured)
    }
}

impl Chart {
    /// Writes it as PNG, or, where the name of the file ends in `.svg` or `.pdf`, as lines and text. The file appears only
    /// when it is complete.
    ///
    /// # Errors
    /// [`Error::NoFrames`] without curves, [`Error::Write`] where the file cannot be written.
    pub fn save(&self, to: &Destination) -> Result<(), Error> {
        if self.curves.is_empty() {
            return Err(Error::NoFrames);
        }
        let name = match self.title.is_empty() {
            true => &self.subtitle,
            false => &self.title,
        };
        let (size, metrics) = self.sizes();
        let mut paper = Paper::new(to, size, self.dpi, name);
        self.draw(paper.canvas(), size, &metrics)?;
        paper.save(to)
    }

    /// Width and height in pixels, and the sizes of what is drawn.
    fn sizes(&self) -> ((usize, usize), Metrics) {
        let of_size = self.size.map(|size| (size.width(), size.height()));
        let high = SIZE.1 + self.below.len() * SIZE.1 / 2;
        let usual = [SIZE.0, high].map(|side| scaled(side, self.dpi));
        let (width, height) = of_size.unwrap_or(usual.into());
        let (across, up) = (width as f64, height as f64);
        let em = 0.026 * (across * up).sqrt().min(1.5 * across.min(up));
        let most = scaled(40, self.dpi.filter(|_| of_size.is_none())) as f64;
        ((width, height), Metrics::new(em.min(most)))
    }

    fn draw(
        &self,
        canvas: &mut dyn Canvas,
        (width, height): (usize, usize),
        m: &Metrics,
    ) -> Result<(), Error> {
        let room = (width, Some(height));
        let title = Heading::new(&self.title, 1.25 * m.em, m, room)?;
        let subtitle = Heading::new(&self.subtitle, 1.1 * m.em, m, room)?;
        let top = (m.pad + title.height() + subtitle.height()) as usize;
        let below = (panel::depth(m) + m.pad) as usize;
        let least = (2.0 * m.em) as usize;
        let panels: Vec<&Self> = std::iter::once(self).chain(&self.below).collect();
        let gap = (1.3 * m.em) as usize;
        let between = (panels.len() - 1) * gap;
        let up = height.saturating_sub(top + below + between) / panels.len();
        let up = up.max(least);
        let x = self.horizontal();
        let y: Vec<Mapping> = panels.iter().map(|chart| chart.vertical()).collect();
        let y_ticks: Vec<Ticks> = y.iter().map(|y| panel::vertical(y, up, m)).collect();
        let (mut left, mut legend) = (0, 0.0_f64);
        for (chart, ticks) in panels.iter().zip(&y_ticks) {
            left = left.max(panel::left(ticks, m)?);
            legend = legend.max(chart.legend_width(m)?);
        }
        let right = (legend + 1.2 * m.em) as usize;
        let across = width.saturating_sub(left + right).max(least);
        let x_ticks = panel::horizontal(&x, across, m);
        let middle = (left + across / 2) as f64;
        title.draw(canvas, middle, 0.0)?;
        subtitle.draw(canvas, middle, title.height())?;
        let last = panels.len() - 1;
        for (number, (chart, (y, y_ticks))) in panels.iter().zip(y.iter().zip(&y_ticks)).enumerate()
        {
            let panel = Rect {
                left,
                top: top + number * (up + gap),
                width: across,
                height: up,
            };
            panel::grid(canvas, &panel, [&x_ticks, y_ticks])?;
            if number == last {
                panel::x_axis(canvas, &panel, &x_ticks, m, &self.x)?;
            }
            panel::y_axis(canvas, &panel, y_ticks, m, &chart.y)?;
            chart.draw_curves(canvas, panel, &x, y, m)?;
            panel::border(canvas, &panel, m)?;
            chart.draw_legend(canvas, &panel, m)?;
        }
        Ok(())
    }

    fn draw_curves(
        &self,
        canvas: &mut dyn Canvas,
        panel: Rect,
        x: &Mapping,
        y: &Mapping,
        m: &Metrics,
    ) -> Result<(), Error> {
        let place = |&(at, value): &(f64, f64)| {
            // Far outside is as good as outside.
            let share = y.fraction(value).clamp(-9.0, 10.0);
            (
                panel.left as f64 + x.fraction(at) * panel.width as f64,
                panel.bottom() as f64 - share * panel.height as f64,
            )
        };
        let is_gap = |(x, y): &Point| !(x.is_finite() && y.is_finite());
        for (number, curve) in self.curves.iter().enumerate() {
            let points: Vec<Point> = curve.points.iter().map(place).collect();
            let lines = points.split(is_gap).filter(|line| !line.is_empty());
            let lines: Vec<Vec<Point>> = lines.map(<[Point]>::to_vec).collect();
            let pen = Pen {
                colour: self.colour(number),
                thickness: 0.12 * m.em,
                opacity: 1.0,
            };
            canvas.stroke(&lines, pen, panel)?;
            let dots = curve.measured.iter().map(place);
            let dots = dots.filter(|point| !is_gap(point));
            let dots: Vec<Vec<Point>> = dots.map(|point| vec![point; 2]).collect();
            let pen = Pen {
                thickness: 0.42 * m.em,
                ..pen
            };
            if !dots.is_empty() {
                canvas.stroke(&dots, pen, panel)?;
            }
        }
        Ok(())
    }

    /// Names and colours of the curves, from the top; closer together if they are many.
    fn draw_legend(&self, canvas: &mut dyn Canvas, panel: &Rect, m: &Metrics) -> Result<(), Error> {
        let step = (panel.height as f64 / self.curves.len() as f64).min(1.5 * m.em);
        let size = (step / 1.15).min(m.em);
        let named = self.curves.iter().filter(|_| self.curves.len() > 1);
        for (number, curve) in named.enumerate() {
            let x = panel.right() as f64 + m.em;
            let y = panel.top as f64 + (number as f64 + 0.5) * step;
            let thickness = (0.16 * m.em).ceil();
            let line = Rect {
                left: x as usize,
                top: (y - thickness / 2.0) as usize,
                width: (1.4 * m.em) as usize,
                height: thickness as usize,
            };
            canvas.fill(line, self.colour(number))?;
            let place = (x + 1.8 * m.em, y + DIGIT * size / 2.0);
            canvas.write(&curve.label, size, place, Anchor::Left)?;
        }
        Ok(())
    }

    fn legend_width(&self, m: &Metrics) -> Result<f64, Error> {
        let labels = self.curves.iter().map(|curve| curve.label.as_str());
        match self.curves.len() {
            0 | 1 => Ok(0.0),
            _ => Ok(panel::longest(labels, m.em)? + 2.2 * m.em),
        }
    }

    fn horizontal(&self) -> Mapping {
        let below = self.below.iter().flat_map(|chart| &chart.curves);
        let curves = self.curves.iter().chain(below);
        let points = curves.flat_map(Curve::all_points);
        let range = Range::spanning(points.map(|point| point.0));
        Mapping::new(range.unwrap_or_default(), false)
    }

    fn vertical(&self) -> Mapping {
        let values = self.curves.iter().flat_map(Curve::all_points);
        let values = values.map(|point| point.1);
        let range = self.range.unwrap_or_else(|| {
            let found = Range::spanning(values.filter(|value| !self.log || *value > 0.0));
            let found = found.unwrap_or_default();
            let (low, high) = (found.low(), found.high());
            let room = (high / 2.0 - low / 2.0) * 0.06;
            let drawn = match self.log {
                true => Range::new(low.max(high * 1e-12), high),
                false => Range::new(low - room, high + room),
            };
            drawn.unwrap_or(found)
        });
        Mapping::new(range, self.log)
    }

    /// The colour of a curve by its number.
    fn colour(&self, number: usize) -> Rgb {
        match self.colormap {
            None => COLOURS[number % COLOURS.len()],
            Some(map) => {
                // The light end would hardly be seen on white.
                let last = self.curves.len().saturating_sub(1).max(1) as f64;
                map.colour(0.9 * number as f64 / last)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::Svg;

    fn svg(chart: &Chart) -> String {
        let (size, metrics) = chart.sizes();
        let mut svg = Svg::new(size.0, size.1, &chart.title);
        chart.draw(&mut svg, size, &metrics).expect("a chart");
        svg.finish()
    }

    #[test]
    fn texts_are_escaped_and_gaps_are_gaps() {
        let chart = Chart {
            title: "<script>&\u{1}".to_owned(),
            y: "p".to_owned(),
            curves: vec![Curve {
                label: "\"one\"".to_owned(),
                points: vec![(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 1.5)],
                measured: vec![(1.0, 2.5), (2.0, f64::NAN)],
            }],
            ..Chart::default()
        };
        let svg = svg(&chart);
        assert!(svg.contains("&lt;script&gt;&amp; ") && !svg.contains("<script"));
        let curve = svg.split(" d=\"").find(|part| part.contains("h0L"));
        assert_eq!(
            curve.map(|path| path.matches('M').count()),
            Some(2),
            "{svg}"
        );
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
                measured: vec![(0.5, 1.0)],
            };
            let below = Chart {
                curves: vec![curve.clone()],
                ..Chart::default()
            };
            let chart = Chart {
                log,
                curves: vec![curve.clone(), curve],
                below: vec![below],
                ..Chart::default()
            };
            let svg = svg(&chart);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
