//! The legend of a [`Chart`]: names and colours of curves and of measured points.

use super::{Chart, Curve, draw_circles};
use crate::{
    canvas::{Anchor, Canvas, Rect, Rgb},
    error::Error,
    panel::{self, Metrics},
    text::DIGIT,
};

/// A line of the legend.
struct LegendEntry<'a> {
    label: &'a str,
    colour: Rgb,
    is_measured: bool,
}

impl Curve {
    /// Whether measured points are in the legend.
    fn has_named_measurements(&self) -> bool {
        !self.measured.is_empty() && !self.measured_label.is_empty()
    }
}

impl Chart {
    /// The entries of the legend: the curves, if there are several or if some have measured points, and the measured
    /// points.
    fn legend(&self) -> Vec<LegendEntry<'_>> {
        if self.curves.len() < 2 && !self.curves.iter().any(Curve::has_named_measurements) {
            return Vec::new();
        }
        let mut entries = Vec::new();
        for (number, curve) in self.curves.iter().enumerate() {
            let colour = self.colour(number);
            entries.push(LegendEntry {
                label: &curve.label,
                colour,
                is_measured: false,
            });
            entries.extend(curve.has_named_measurements().then_some(LegendEntry {
                label: &curve.measured_label,
                colour,
                is_measured: true,
            }));
        }
        entries
    }

    /// Draws names and colours of the curves, from the top; closer together if there are many.
    pub(super) fn draw_legend(
        &self,
        canvas: &mut dyn Canvas,
        panel: &Rect,
        m: &Metrics,
    ) -> Result<(), Error> {
        let entries = self.legend();
        let step = (panel.height as f64 / entries.len().max(1) as f64).min(1.5 * m.em);
        let size = (step / 1.15).min(m.em);
        for (number, entry) in entries.iter().enumerate() {
            let x = panel.right() as f64 + m.em;
            let y = panel.top as f64 + (number as f64 + 0.5) * step;
            if entry.is_measured {
                let middle = (x + 0.7 * m.em, y);
                let room = Rect {
                    left: x as usize,
                    top: (y - m.em).max(0.0) as usize,
                    width: (1.4 * m.em) as usize,
                    height: (2.0 * m.em) as usize,
                };
                draw_circles(canvas, std::iter::once(middle), entry.colour, 1.0, room, m)?;
            } else {
                let thickness = (0.16 * m.em).ceil();
                let line = Rect {
                    left: x as usize,
                    top: (y - thickness / 2.0) as usize,
                    width: (1.4 * m.em) as usize,
                    height: thickness as usize,
                };
                canvas.fill(line, entry.colour)?;
            }
            let place = (x + 1.8 * m.em, y + DIGIT * size / 2.0);
            canvas.write(entry.label, size, place, Anchor::Left)?;
        }
        Ok(())
    }

    /// The width that the legend takes beside the panel.
    pub(super) fn legend_width(&self, m: &Metrics) -> Result<f64, Error> {
        let entries = self.legend();
        if entries.is_empty() {
            Ok(0.0)
        } else {
            Ok(panel::longest(entries.iter().map(|entry| entry.label), m.em)? + 2.2 * m.em)
        }
    }
}
