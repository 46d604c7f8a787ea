//! [`Chart`]: curves over a common axis.

mod legend;

use super::{
    canvas::{Canvas, Lowered, Pen, Point, Rect, Rgb},
    colormap::Colormap,
    error::Error,
    heading::PictureHeading,
    panel::{self, Metrics},
    paper::Paper,
    range::{Mapping, Range},
    style::{Size, scaled},
    ticks::{TickScale, Ticks},
};
use diff2d_sys::{AtomicFile, Destination};

/// The default width and height.
const SIZE: (usize, usize) = (960, 600);
/// Colours that can be distinguished with all kinds of colour vision, in an order that keeps neighbours apart.
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
    /// A line below the title, such as the position of a section; may be empty.
    pub subtitle: String,
    /// Name of the horizontal axis.
    pub x: String,
    /// Sets of ticks of the horizontal axis, the largest set first, of which the first one that fits is drawn in place of
    /// round numbers.
    pub x_ticks: Vec<GivenTicks>,
    /// Name of the vertical axis; may be empty.
    pub y: String,
    /// The range of the vertical axis; by default it covers all values of the curves.
    pub range: Option<Range>,
    /// Whether the vertical axis is logarithmic. Values at or below 0 are then left out.
    pub log: bool,
    /// The curves.
    pub curves: Vec<Curve>,
    /// Charts over the same horizontal axis, drawn below this chart. Their own titles, sizes and horizontal axes are
    /// not used.
    pub below: Vec<Self>,
    /// A colour map, if the curves have an order, such as an order in time.
    pub colormap: Option<Colormap>,
    /// Width and height in pixels.
    pub size: Option<Size>,
    /// Pixels per inch of paper.
    pub dpi: Option<u32>,
}

/// Ticks at given places, such as dates.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenTicks {
    /// The place of each tick on the axis, and its label.
    pub marks: Vec<(f64, String)>,
    /// The part that all labels have in common and do not show; may be empty.
    pub note: String,
}

/// A curve and its name in the legend.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// The name of the curve.
    pub label: String,
    /// Points from left to right; a point that is not finite is a gap.
    pub points: Vec<(f64, f64)>,
    /// Measured points, drawn as small circles below the curve; a point that is not finite is left out.
    pub measured: Vec<(f64, f64)>,
    /// The name of the measured points in the legend; without a name they are not in the legend.
    pub measured_label: String,
}

/// The diameters of the circle of a measured point and of its white interior, relative to the size of letters.
const CIRCLE: [f64; 2] = [0.36, 0.2];
const WHITE: Rgb = [255; 3];
/// The size of circles that are as close together as they get, relative to that of single ones.
const SMALLEST: f64 = 0.4;

impl Curve {
    fn all_points(&self) -> impl Iterator<Item = &(f64, f64)> {
        self.points.iter().chain(&self.measured)
    }
}

impl Chart {
    /// Writes the chart as PNG, or as lines and text if the name of the file ends in `.svg` or `.pdf`. The file appears
    /// only when it is complete.
    ///
    /// # Errors
    /// [`Error`] without curves, or if the file cannot be written.
    pub fn save(&self, to: &Destination) -> Result<(), Error> {
        if self.curves.is_empty() {
            return Err(Error::no_frames());
        }
        let name = if self.title.is_empty() {
            &self.subtitle
        } else {
            &self.title
        };
        let (size, metrics) = self.sizes();
        let mut paper = Paper::new(to, size, self.dpi, name);
        self.draw(paper.canvas(), size, &metrics)?;
        paper.save(to)
    }

    /// Writes charts one below the other, each with axes of its own, in the size of the first one; otherwise like
    /// [`save`](Self::save). The caller gives the file its name.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn write_stacked(charts: &[Self], to: &Destination) -> Result<AtomicFile, Error> {
        let Some(first) = charts.first() else {
            return Err(Error::no_frames());
        };
        let sizes: Vec<_> = charts.iter().map(Self::sizes).collect();
        let width = sizes
            .iter()
            .map(|((width, _), _)| *width)
            .max()
            .unwrap_or_default();
        let height = sizes.iter().map(|((_, height), _)| height).sum();
        let mut paper = Paper::new(to, (width, height), first.dpi, &first.title);
        let mut down = 0;
        for (chart, ((_, height), metrics)) in charts.iter().zip(&sizes) {
            let mut part = Lowered {
                canvas: paper.canvas(),
                down,
            };
            chart.draw(&mut part, (width, *height), metrics)?;
            down += height;
        }
        paper.write(to)?.into_file()
    }

    /// Width and height in pixels, and the sizes of text and lines.
    fn sizes(&self) -> ((usize, usize), Metrics) {
        let requested = self.size.map(|size| (size.width(), size.height()));
        let default_height = SIZE.1 + self.below.len() * SIZE.1 / 2;
        let default_size = [SIZE.0, default_height].map(|side| scaled(side, self.dpi));
        let (width, height) = requested.unwrap_or(default_size.into());
        let geometric_mean = (width as f64 * height as f64).sqrt();
        let shorter_side = width.min(height) as f64;
        let em = 0.026 * geometric_mean.min(1.5 * shorter_side);
        let largest_em = scaled(40, self.dpi.filter(|_| requested.is_none())) as f64;
        ((width, height), Metrics::new(em.min(largest_em)))
    }

    fn draw(
        &self,
        canvas: &mut dyn Canvas,
        (width, height): (usize, usize),
        m: &Metrics,
    ) -> Result<(), Error> {
        let room = (width, Some(height));
        let title = PictureHeading::new(&self.title, 1.25 * m.em, m, room)?;
        let subtitle = PictureHeading::new(&self.subtitle, 1.1 * m.em, m, room)?;
        let top = (m.pad + title.height() + subtitle.height()) as usize;
        let space_below = (panel::depth(m) + m.pad) as usize;
        let shortest_side = (2.0 * m.em) as usize;
        let panels: Vec<&Self> = std::iter::once(self).chain(&self.below).collect();
        let gap = (1.3 * m.em) as usize;
        let gaps = (panels.len() - 1) * gap;
        let panel_height = height.saturating_sub(top + space_below + gaps) / panels.len();
        let panel_height = panel_height.max(shortest_side);
        let x = self.horizontal();
        let y: Vec<Mapping> = panels.iter().map(|chart| chart.vertical()).collect();
        let y_ticks: Vec<Ticks> = y
            .iter()
            .map(|y| panel::vertical(y, panel_height, m))
            .collect();
        let (mut panel_left, mut legend_width) = (0, 0.0_f64);
        for (chart, ticks) in panels.iter().zip(&y_ticks) {
            panel_left = panel_left.max(panel::left(ticks, m)?);
            legend_width = legend_width.max(chart.legend_width(m)?);
        }
        let given_labels = self.x_ticks.iter().flat_map(|given| &given.marks);
        let longest_label = panel::longest(given_labels.map(|(_, label)| label.as_str()), m.em)?;
        let right_margin = (legend_width + 1.2 * m.em).max(longest_label / 2.0 + m.pad) as usize;
        let panel_width = width
            .saturating_sub(panel_left + right_margin)
            .max(shortest_side);
        let x_ticks = self.horizontal_ticks(&x, panel_width, m);
        let middle = (panel_left + panel_width / 2) as f64;
        title.draw(canvas, middle, 0.0)?;
        subtitle.draw(canvas, middle, title.height())?;
        for (number, chart) in panels.iter().enumerate() {
            let panel = Rect {
                left: panel_left,
                top: top + number * (panel_height + gap),
                width: panel_width,
                height: panel_height,
            };
            let y_ticks = &y_ticks[number];
            panel::grid(canvas, &panel, [&x_ticks, y_ticks])?;
            let is_lowest = number + 1 == panels.len();
            if is_lowest {
                panel::x_axis(canvas, &panel, &x_ticks, m, &self.x)?;
            }
            panel::y_axis(canvas, &panel, y_ticks, m, &chart.y)?;
            chart.draw_curves(canvas, panel, &x, &y[number], m)?;
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
        for (number, curve) in self.curves.iter().enumerate() {
            let points: Vec<Point> = curve
                .points
                .iter()
                .map(|point| place_in(panel, x, y, point))
                .collect();
            let lines: Vec<Vec<Point>> = points
                .split(|point| !is_finite(point))
                .filter(|line| !line.is_empty())
                .map(<[Point]>::to_vec)
                .collect();
            let pen = Pen {
                colour: self.colour(number),
                thickness: 0.12 * m.em,
                opacity: 1.0,
            };
            // Many measured points would hide the curve.
            let points: Vec<Point> = curve
                .measured
                .iter()
                .map(|point| place_in(panel, x, y, point))
                .filter(is_finite)
                .collect();
            let room = panel.width as f64 / (points.len().max(1) as f64 * m.em);
            draw_circles(canvas, points.into_iter(), pen.colour, room, panel, m)?;
            canvas.stroke(&lines, pen, panel)?;
        }
        Ok(())
    }

    /// The smallest and the largest coordinate of all points, also in the charts below.
    #[must_use]
    pub fn extent(&self) -> [f64; 2] {
        let x = self.horizontal();
        let (low, high) = x.ends();
        [low, high]
    }

    /// The ticks of a horizontal axis of `length` pixels.
    fn horizontal_ticks(&self, x: &Mapping, length: usize, m: &Metrics) -> Ticks {
        let sets = self.x_ticks.iter().map(|given| Ticks {
            marks: given
                .marks
                .iter()
                .map(|(place, label)| (x.fraction(*place), label.clone()))
                .collect(),
            note: given.note.clone(),
        });
        let mut sets = sets.collect::<Vec<_>>().into_iter();
        let smallest_set = sets.clone().next_back();
        sets.find(|ticks| panel::side_by_side(&ticks.marks, length, m))
            .or(smallest_set)
            .unwrap_or_else(|| panel::horizontal(x, length, m))
    }

    fn horizontal(&self) -> Mapping {
        let curves_below = self.below.iter().flat_map(|chart| &chart.curves);
        let curves = self.curves.iter().chain(curves_below);
        let points = curves.flat_map(Curve::all_points);
        let range = Range::spanning(points.map(|point| point.0));
        Mapping::new(range.unwrap_or_default(), false)
    }

    fn vertical(&self) -> Mapping {
        let values = self.curves.iter().flat_map(Curve::all_points);
        let values = values.map(|point| point.1);
        let range = self.range.unwrap_or_else(|| {
            let value_range = Range::spanning(values.filter(|value| !self.log || *value > 0.0));
            let value_range = value_range.unwrap_or_default();
            let (low, high) = (value_range.low(), value_range.high());
            let margin = (high / 2.0 - low / 2.0) * 0.06;
            let drawn = if self.log {
                Range::new(low.max(high * 1e-12), high)
            } else {
                Range::new(low - margin, high + margin)
            };
            drawn.unwrap_or(value_range)
        });
        Mapping::new(range, self.log)
    }

    /// The colour of a curve by its number.
    fn colour(&self, number: usize) -> Rgb {
        match self.colormap {
            None => COLOURS[number % COLOURS.len()],
            Some(map) => {
                // The light end would hardly be seen on white.
                let last_number = self.curves.len().saturating_sub(1).max(1) as f64;
                map.colour(0.9 * number as f64 / last_number)
            }
        }
    }
}

/// Draws circles around points, each of which has a part of the letters' size for itself on average. Where circles would cover
/// each other they are smaller and lighter, so that they do not read as a band.
fn draw_circles(
    canvas: &mut dyn Canvas,
    points: impl Iterator<Item = Point>,
    colour: Rgb,
    space: f64,
    room: Rect,
    m: &Metrics,
) -> Result<(), Error> {
    // A line from a point to itself is a dot.
    let dots: Vec<Vec<Point>> = points.map(|point| vec![point; 2]).collect();
    if dots.is_empty() {
        return Ok(());
    }
    let size = (space / CIRCLE[0]).clamp(SMALLEST, 1.0);
    let lighter = colour.map(|part| part + ((f64::from(WHITE[0] - part) * (1.0 - size)) as u8) / 2);
    for (diameter, colour) in CIRCLE.into_iter().zip([lighter, WHITE]) {
        let pen = Pen {
            colour,
            thickness: size * diameter * m.em,
            opacity: 1.0,
        };
        canvas.stroke(&dots, pen, room)?;
    }
    Ok(())
}

/// The position of a point in a panel.
fn place_in(panel: Rect, x: &Mapping, y: &Mapping, &(coordinate, value): &(f64, f64)) -> Point {
    // A curve leaves the panel in the same direction if its far points are drawn nearer.
    let height = y.fraction(value).clamp(-9.0, 10.0);
    (
        panel.left as f64 + x.fraction(coordinate) * panel.width as f64,
        panel.bottom() as f64 - height * panel.height as f64,
    )
}

fn is_finite((x, y): &Point) -> bool {
    x.is_finite() && y.is_finite()
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
                measured_label: "measured".to_owned(),
            }],
            ..Chart::default()
        };
        let svg = svg(&chart);
        assert!(svg.contains("&lt;script&gt;&amp; ") && !svg.contains("<script"));
        // The curve has two pieces, and the circle of the measured value one.
        let pieces = svg
            .split(" d=\"")
            .filter(|part| part.contains("h0L"))
            .map(|part| part.matches('M').count());
        assert_eq!(pieces.max(), Some(2), "{svg}");
    }

    #[test]
    fn given_ticks_are_drawn_where_they_fit() {
        let given = |count: u32| GivenTicks {
            marks: (0..count)
                .map(|number| (f64::from(number), format!("2026-01-{number:02}")))
                .collect(),
            note: "UTC".to_owned(),
        };
        let chart = Chart {
            x: "date".to_owned(),
            x_ticks: vec![given(40), given(3)],
            curves: vec![Curve {
                points: vec![(0.0, 1.0), (40.0, 2.0)],
                ..Curve::default()
            }],
            ..Chart::default()
        };
        assert_eq!(chart.extent(), [0.0, 40.0]);
        let svg = svg(&chart);
        assert!(
            svg.contains("2026-01-02") && !svg.contains("2026-01-03"),
            "{svg}"
        );
        assert!(svg.contains("date  (UTC)"), "{svg}");
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
                measured_label: "measured".to_owned(),
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
