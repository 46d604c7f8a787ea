//! A panel: a field with its border and axes.

use super::{
    canvas::{Anchor, Canvas, Rect, Rgb},
    error::Error,
    extent::Span,
    text::{DIGIT, width},
    ticks::{TickScale, Ticks},
};

const BLACK: Rgb = [0; 3];
const GRID: Rgb = [228; 3];

/// Sizes in pixels that depend on the size of the text.
#[derive(Clone, Copy)]
pub(super) struct Metrics {
    /// The size of the text, its em.
    pub em: f64,
    /// Thickness of a line.
    pub line: usize,
    /// Length of a tick.
    pub tick: usize,
    /// The distance from the panel to a label: a tick and a gap.
    pub label_gap: f64,
    /// Margin of the picture.
    pub pad: f64,
}

impl Metrics {
    pub fn new(em: f64) -> Self {
        let em = em.max(9.0);
        let tick = (0.28 * em).round();
        Self {
            em,
            line: (em / 14.0).round().max(1.0) as usize,
            tick: tick as usize,
            label_gap: tick + 0.3 * em,
            pad: (0.7 * em).round(),
        }
    }
}

/// Width and height in pixels of a panel whose longer side is about `side`.
///
/// The scale of the coordinates is the same along both axes, and square cells are magnified by a whole factor. The
/// shorter side of a panel is at least a tenth of the longer one; only for that the scales may differ.
pub(super) fn fit(
    (rows, columns): (usize, usize),
    x: &Span,
    y: &Span,
    side: usize,
) -> (usize, usize) {
    let (height, width) = (y.cells(rows), x.cells(columns));
    let factor = magnification(height.max(width), side);
    if is_square(x, y) && factor > 0 {
        return not_too_thin(width * factor, height * factor);
    }
    fit_exactly((rows, columns), x, y, side)
}

/// Width and height of a panel as by [`fit`], but with a longer side of exactly `side` pixels.
pub(super) fn fit_exactly(
    (rows, columns): (usize, usize),
    x: &Span,
    y: &Span,
    side: usize,
) -> (usize, usize) {
    let (rows, columns) = (y.cells(rows), x.cells(columns));
    let (width, height) = match is_square(x, y) {
        true => (columns as f64, rows as f64),
        // Half lengths, as the whole length may overflow.
        false => (
            columns as f64 * (x.spacing / 2.0),
            rows as f64 * (y.spacing / 2.0),
        ),
    };
    let longer = width.max(height);
    not_too_thin(
        (width / longer * side as f64).round() as usize,
        (height / longer * side as f64).round() as usize,
    )
}

/// Whether cells are drawn as squares: they are, or nothing compares a coordinate along one axis with a number along the other.
fn is_square(x: &Span, y: &Span) -> bool {
    x.whole != y.whole || (x.spacing / y.spacing - 1.0).abs() < 1e-3
}

/// Width and height, each raised to at least a tenth of the other.
fn not_too_thin(width: usize, height: usize) -> (usize, usize) {
    let smallest_side = (width.max(height) / 10).max(1);
    (width.max(smallest_side), height.max(smallest_side))
}

/// The integer factor that brings `nodes` closest to `side`; 0 if there are too many nodes.
fn magnification(nodes: usize, side: usize) -> usize {
    // The ratio (nodes · upper) / side is compared with side / (nodes · lower). If there is no lower factor,
    // the ratio may be √2.
    let (lower, upper) = (side / nodes, side / nodes + 1);
    let is_upper_closer = match lower {
        0 => nodes < 2 * side && nodes * nodes <= 2 * side * side,
        _ => nodes * upper * nodes * lower <= side * side,
    };
    if is_upper_closer { upper } else { lower }
}

/// The ticks of an axis of `length` pixels whose labels lie side by side.
pub(super) fn horizontal(axis: &dyn TickScale, length: usize, m: &Metrics) -> Ticks {
    let tick_limit = (length as f64 / (3.2 * m.em)) as usize;
    axis.ticks(tick_limit.clamp(1, 10), &|ticks| {
        ticks.len() <= 2 || side_by_side(ticks, length, m)
    })
}

/// Whether the labels at ticks of an axis of `length` pixels do not overlap, side by side.
pub(super) fn side_by_side(ticks: &[(f64, String)], length: usize, m: &Metrics) -> bool {
    ticks.windows(2).all(|pair| {
        let [(left_start, left_end), (right_start, right_end)] =
            [&pair[0], &pair[1]].map(|(fraction, label)| {
                let middle = fraction * length as f64;
                let half_width = width(label, m.em).unwrap_or(0.0) / 2.0;
                (middle - half_width, middle + half_width)
            });
        left_end + 0.6 * m.em <= right_start || right_end + 0.6 * m.em <= left_start
    })
}

/// The ticks of an axis of `length` pixels whose labels lie above each other.
pub(super) fn vertical(axis: &dyn TickScale, length: usize, m: &Metrics) -> Ticks {
    let tick_limit = (length as f64 / (2.6 * m.em)) as usize;
    axis.ticks(tick_limit.clamp(1, 10), &|ticks| {
        // Two labels need less room than many.
        let length = if ticks.len() == 2 {
            length * 4 / 3
        } else {
            length
        };
        above_each_other(ticks, length, m)
    })
}

/// Whether the labels at ticks of an axis of `length` pixels do not overlap, above each other.
pub(super) fn above_each_other(ticks: &[(f64, String)], length: usize, m: &Metrics) -> bool {
    ticks
        .windows(2)
        .all(|pair| (pair[1].0 - pair[0].0).abs() * length as f64 >= 1.5 * m.em)
}

/// The length of the longest label.
pub(super) fn widest(ticks: &Ticks, m: &Metrics) -> Result<f64, Error> {
    longest(ticks.marks.iter().map(|(_, label)| label.as_str()), m.em)
}

/// The length of the longest of some texts.
pub(super) fn longest<'a>(
    texts: impl IntoIterator<Item = &'a str>,
    size: f64,
) -> Result<f64, Error> {
    let mut texts = texts.into_iter();
    texts.try_fold(
        0.0,
        |longest: f64, text| Ok(longest.max(width(text, size)?)),
    )
}

/// The left end of a panel with labels and a name to its left.
pub(super) fn left(ticks: &Ticks, m: &Metrics) -> Result<usize, Error> {
    Ok((m.pad + 1.45 * m.em + widest(ticks, m)? + m.label_gap).ceil() as usize)
}

/// The height of labels and name of the horizontal axis below the panel.
pub(super) fn depth(m: &Metrics) -> f64 {
    m.label_gap + m.em * (DIGIT + 0.5 + 0.75 + 0.2)
}

/// Draws a thin frame around a panel; it covers no pixel of the panel.
pub(super) fn border(canvas: &mut dyn Canvas, panel: &Rect, m: &Metrics) -> Result<(), Error> {
    let (outer_left, outer_width) = (panel.left - m.line, panel.width + 2 * m.line);
    let (outer_top, outer_height) = (panel.top - m.line, panel.height + 2 * m.line);
    for (left, top, width, height) in [
        (outer_left, outer_top, outer_width, m.line),
        (outer_left, panel.bottom(), outer_width, m.line),
        (outer_left, outer_top, m.line, outer_height),
        (panel.right(), outer_top, m.line, outer_height),
    ] {
        let side = Rect {
            left,
            top,
            width,
            height,
        };
        canvas.fill(side, BLACK)?;
    }
    Ok(())
}

/// Draws light lines across a panel at its ticks.
pub(super) fn grid(
    canvas: &mut dyn Canvas,
    panel: &Rect,
    [x_ticks, y_ticks]: [&Ticks; 2],
) -> Result<(), Error> {
    for (fraction, _) in &x_ticks.marks {
        let line = Rect {
            left: panel.left + (fraction * panel.width as f64) as usize,
            width: 1,
            ..*panel
        };
        canvas.fill(line, GRID)?;
    }
    for (fraction, _) in &y_ticks.marks {
        let line = Rect {
            top: panel.bottom() - (fraction * panel.height as f64) as usize,
            height: 1,
            ..*panel
        };
        canvas.fill(line, GRID)?;
    }
    Ok(())
}

/// Draws ticks, labels and name below a panel.
pub(super) fn x_axis(
    canvas: &mut dyn Canvas,
    panel: &Rect,
    ticks: &Ticks,
    m: &Metrics,
    name: &str,
) -> Result<(), Error> {
    let base = panel.bottom() as f64 + m.label_gap + m.em * DIGIT;
    // Labels of two ticks that are close to each other are on the outer sides of their ticks.
    let anchors = if side_by_side(&ticks.marks, panel.width, m) {
        [Anchor::Centre; 2]
    } else {
        [Anchor::Right, Anchor::Left]
    };
    for ((fraction, label), anchor) in ticks.marks.iter().zip(anchors.into_iter().cycle()) {
        let x = panel.left as f64 + fraction * panel.width as f64;
        let tick = Rect {
            left: (x - m.line as f64 / 2.0).round() as usize,
            top: panel.bottom(),
            width: m.line,
            height: m.line + m.tick,
        };
        canvas.fill(tick, BLACK)?;
        canvas.write(label, m.em, (x, base), anchor)?;
    }
    let middle = panel.left as f64 + panel.width as f64 / 2.0;
    let name_base = base + 1.25 * m.em;
    canvas.write(
        &titled(name, ticks),
        m.em,
        (middle, name_base),
        Anchor::Centre,
    )
}

/// Draws ticks, labels and name to the left of a panel.
pub(super) fn y_axis(
    canvas: &mut dyn Canvas,
    panel: &Rect,
    ticks: &Ticks,
    m: &Metrics,
    name: &str,
) -> Result<(), Error> {
    let right = panel.left as f64 - m.label_gap;
    for (fraction, label) in &ticks.marks {
        let y = panel.bottom() as f64 - fraction * panel.height as f64;
        let tick = Rect {
            left: panel.left - m.line - m.tick,
            top: (y - m.line as f64 / 2.0).round() as usize,
            width: m.line + m.tick,
            height: m.line,
        };
        canvas.fill(tick, BLACK)?;
        let base = y + m.em * DIGIT / 2.0;
        canvas.write(label, m.em, (right, base), Anchor::Right)?;
    }
    let middle = panel.top as f64 + panel.height as f64 / 2.0;
    let name_base = right - widest(ticks, m)? - 0.6 * m.em;
    canvas.write(
        &titled(name, ticks),
        m.em,
        (name_base, middle),
        Anchor::Upright,
    )
}

/// The name of an axis with the common part of its labels.
pub(super) fn titled(name: &str, ticks: &Ticks) -> String {
    match (name.is_empty(), ticks.note.is_empty()) {
        (_, true) => name.to_string(),
        (true, false) => ticks.note.clone(),
        (false, false) => format!("{name}  ({})", ticks.note),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Extent;

    fn size(rows: usize, columns: usize) -> (usize, usize) {
        let (x, y) = Extent::counted().spans((rows, columns));
        fit((rows, columns), &x, &y, 840)
    }

    #[test]
    fn small_grids_are_magnified_by_a_whole_factor() {
        assert_eq!(size(301, 301), (903, 903));
        assert_eq!(size(102, 51), (408, 816));
        assert_eq!(size(1, 1), (840, 840));
        assert_eq!(size(840, 840), (840, 840));
        assert_eq!(size(1000, 1000), (1000, 1000));
    }

    #[test]
    fn panels_of_any_shape_have_a_bounded_size() {
        for long in (1..3000usize).chain([16384, 1 << 31, 1 << 40]) {
            for short in [1, 2, long.div_ceil(3), long] {
                let (width, height) = size(short.min(long), long);
                assert!((590..1200).contains(&width), "{long}: {width}");
                assert!(height >= width / 10 && height <= width, "{long} {short}");
            }
        }
    }

    #[test]
    fn lengths_scale_alike_where_cells_are_not_square() {
        let (x, y) = Extent::nodes((0.0, 9.0), (0.0, 19.0)).spans((5, 10));
        let (width, height) = fit((5, 10), &x, &y, 800);
        assert_eq!(height, 800); // 23.75 high, 10 wide
        assert_eq!(width, (800.0f64 * 10.0 / 23.75).round() as usize);
    }
}
