//! [`Sheet`]: a contact sheet, many frames on one page.

use super::{
    canvas::{Anchor, Rect},
    colormap,
    colour_bar::ColourBar,
    colours::Colours,
    error::Error,
    extent::Span,
    frame::Frame,
    heading::{PictureHeading, wrapped},
    panel::{self, Metrics},
    paper::Paper,
    style::Style,
    template::{em_of, sized},
    text::DIGIT,
    ticks::Ticks,
};
use diff2d_sys::Destination;

/// The intended length of a panel's longer side in pixels.
const SIDE: usize = 200;
/// The largest number of lines in the title of a panel.
const MOST_LINES: usize = 5;
/// The distance between lines, in units of the size of the text.
const STEP: f64 = 1.2;

/// At most `most` of `total` frames, evenly spread, including the first and the last.
///
/// ```
/// assert_eq!(diff2d_plot::evenly_spread(9, 3), [0, 4, 8]);
/// ```
pub fn evenly_spread(total: usize, most: usize) -> Vec<usize> {
    match (total, most) {
        (_, 0) => Vec::new(),
        (_, 1) if total > 1 => vec![total - 1],
        _ if total <= most => (0..total).collect(),
        _ => (0..most).map(|i| i * (total - 1) / (most - 1)).collect(),
    }
}

/// A contact sheet to which frames are being added: panels in reading order with one colour bar.
///
/// Frames are added one at a time and are not kept.
pub struct Sheet {
    to: Destination,
    pub(super) paper: Paper,
    panels: Vec<Rect>,
    columns: usize,
    used: usize,
    axes: [(String, Ticks); 2],
    colours: Colours,
    /// The width available for the title of a panel.
    cell_width: usize,
    /// The number of lines in the title of a panel.
    lines: usize,
    metrics: Metrics,
    shape: (usize, usize),
    style: Style,
}

impl Sheet {
    /// The largest number of legible panels; [`evenly_spread`] selects among more frames.
    pub const MOST: usize = 36;

    /// A sheet for `count` frames like `first`, which is not drawn yet. The name of the file selects PNG, SVG or PDF.
    ///
    /// # Errors
    ///
    /// [`Error`] if `count` is 0, or for a field without values.
    pub fn new(
        to: &Destination,
        first: &Frame,
        count: usize,
        style: &Style,
    ) -> Result<Self, Error> {
        if count == 0 {
            return Err(Error::no_frames());
        }
        let shape = first.shape()?;
        let (x, y) = first.extent.spans(shape);
        let colours = Colours::new(style, colormap::LEVELS);
        let (page, place) = sized(style.size, shape, [&x, &y], style.scaled(SIDE), |panel| {
            let page = SheetLayout::new([&x, &y], first, style, &colours, panel, count)?;
            let page_size = page.size;
            Ok((page, page_size))
        })?;
        let (m, shift_right, shift_down) = (page.metrics, place.left, place.top);
        let size = (place.width, place.height);
        let mut paper = Paper::new(to, size, style.dpi, style.title_of_all());
        page.bar.draw(
            paper.canvas(),
            page.bar_left + shift_right,
            page.top + shift_down,
            &m,
        )?;
        let middle = page.middle + shift_right as f64;
        page.heading
            .draw(paper.canvas(), middle, shift_down as f64)?;
        let panels = page.panels.into_iter().map(|panel| Rect {
            left: panel.left + shift_right,
            top: panel.top + shift_down,
            ..panel
        });
        let [x_ticks, y_ticks] = page.ticks;
        let [x_name, y_name] = style.named([x.name, y.name]);
        Ok(Self {
            to: to.clone(),
            paper,
            panels: panels.collect(),
            columns: page.columns,
            used: 0,
            axes: [(x_name.to_owned(), x_ticks), (y_name.to_owned(), y_ticks)],
            colours,
            cell_width: page.cell_width,
            lines: page.lines,
            metrics: m,
            shape,
            style: style.clone(),
        })
    }

    /// Draws the next panel.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] for a frame too many; [`Error`] for a frame of another shape.
    pub fn push(&mut self, frame: &Frame) -> Result<(), Error> {
        let shape = frame.shape()?;
        if shape != self.shape {
            return Err(Error::other_shape(self.shape, shape));
        }
        let Some(panel) = self.panels.get(self.used).copied() else {
            return Err(Error::Full(self.panels.len()));
        };
        let m = &self.metrics;
        let canvas = self.paper.canvas();
        let [(x, x_ticks), (y, y_ticks)] = &self.axes;
        // Panels at the left have a y axis, and panels without a panel below them an x axis.
        let is_lowest = self.used + self.columns >= self.panels.len();
        if is_lowest {
            panel::x_axis(canvas, &panel, x_ticks, m, x)?;
        }
        if self.used.is_multiple_of(self.columns) {
            // Names of low panels would overlap.
            let has_room = panel.height as f64 > 3.0 * m.em;
            panel::y_axis(canvas, &panel, y_ticks, m, if has_room { y } else { "" })?;
        }
        panel::border(canvas, &panel, m)?;
        self.colours.draw(canvas, &panel, frame, self.metrics.em)?;
        let middle = panel.left as f64 + panel.width as f64 / 2.0;
        let base = panel.top as f64 - m.em * (1.2 - DIGIT);
        let title = self.style.title_beside_others(frame);
        let title_lines = titled(&title, self.cell_width, self.lines, m)?;
        for (line, lines_below) in title_lines.iter().rev().zip(0..) {
            let base = base - f64::from(lines_below) * STEP * m.em;
            canvas.write(line, m.em, (middle, base), Anchor::Centre)?;
        }
        self.used += 1;
        Ok(())
    }

    /// Writes the file, which appears only now. Panels without a frame stay white.
    ///
    /// # Errors
    ///
    /// [`Error`] for a sheet without frames, or if the file cannot be written.
    pub fn finish(self) -> Result<(), Error> {
        match self.used {
            0 => Err(Error::no_frames()),
            _ => self.paper.resized(self.style.size).save(&self.to),
        }
    }
}

/// The title of a panel in lines that fit above it.
fn titled(title: &str, cell_width: usize, most: usize, m: &Metrics) -> Result<Vec<String>, Error> {
    wrapped(title, m.em, cell_width as f64 - 0.5 * m.em, most)
}

/// The positions of everything on a sheet in pixels, before anything is drawn.
struct SheetLayout {
    panels: Vec<Rect>,
    columns: usize,
    cell_width: usize,
    lines: usize,
    ticks: [Ticks; 2],
    bar: ColourBar,
    bar_left: usize,
    top: usize,
    heading: PictureHeading,
    /// The horizontal middle of the panels.
    middle: f64,
    size: (usize, usize),
    metrics: Metrics,
}

impl SheetLayout {
    fn new(
        [x, y]: [&Span; 2],
        first: &Frame,
        style: &Style,
        colours: &Colours,
        (panel_width, panel_height): (usize, usize),
        count: usize,
    ) -> Result<Self, Error> {
        let em = 0.09 * panel_width.max(panel_height) as f64;
        let m = Metrics::new(style.size.map_or(em, |size| em.min(em_of(size))));
        let ticks = [
            panel::horizontal(x, panel_width, &m),
            panel::vertical(y, panel_height, &m),
        ];

        // A cell is a panel with the gap to the next one, and room for its title above it.
        let inner_width = panel_width.max((6.5 * m.em) as usize);
        let cell_width = inner_width + (2.2 * m.em) as usize;
        let title_lines = titled(
            &style.title_beside_others(first),
            cell_width,
            MOST_LINES,
            &m,
        )?;
        let line_count = title_lines.len().max(1);
        let title_height = (1.75 + (line_count - 1) as f64 * STEP) * m.em;
        let cell_height = panel_height + (title_height + 0.55 * m.em).ceil() as usize;
        let columns = columns(count, cell_width, cell_height);
        let rows = count.div_ceil(columns);
        let first_left = panel::left(&ticks[1], &m)?;
        let bar_height = ((rows - 1) * cell_height + panel_height).max((9.0 * m.em) as usize);
        let bar = ColourBar::new(style, colours, bar_height, &m)?;
        let bar = if style.own_ranges {
            bar.without_values(&style.quantity, &m)?
        } else {
            bar
        };
        let inner_right = first_left + (columns - 1) * cell_width + inner_width;
        let bar_left = inner_right + (1.6 * m.em) as usize;
        let page_width = (bar_left as f64 + bar.width + m.pad).ceil() as usize;
        let page_size = match style.size {
            Some(size) => (size.width(), Some(size.height())),
            None => (page_width, None),
        };
        let heading = PictureHeading::new(style.title_of_all(), 1.3 * m.em, &m, page_size)?;
        let top = (m.pad + heading.height() + title_height).ceil() as usize;
        let panels = (0..count).map(|k| Rect {
            left: first_left + k % columns * cell_width + (inner_width - panel_width) / 2,
            top: top + k / columns * cell_height,
            width: panel_width,
            height: panel_height,
        });

        let panels_height = (rows - 1) * cell_height + panel_height;
        let axes_bottom = (top + panels_height) as f64 + panel::depth(&m);
        let lowest_edge = axes_bottom.max((top + bar_height) as f64 + 0.6 * m.em);
        Ok(Self {
            size: (page_width, (lowest_edge + m.pad).ceil() as usize),
            panels: panels.collect(),
            columns,
            cell_width,
            lines: line_count,
            ticks,
            bar,
            bar_left,
            top,
            heading,
            middle: usize::midpoint(first_left, inner_right) as f64,
            metrics: m,
        })
    }
}

/// The number of columns for a page with sides of about three to two and few empty cells.
fn columns(count: usize, width: usize, height: usize) -> usize {
    (1..=count)
        .min_by(|&left, &right| {
            let left_cost = layout_cost(count, left, width, height);
            left_cost.total_cmp(&layout_cost(count, right, width, height))
        })
        .unwrap_or(1)
}

/// A measure of a page's deviation from three to two and of its empty cells.
fn layout_cost(count: usize, columns: usize, width: usize, height: usize) -> f64 {
    let rows = count.div_ceil(columns);
    let aspect = (columns * width) as f64 / (rows * height) as f64 / 1.5;
    let empty = (rows * columns - count) as f64 / count as f64;
    aspect.ln().abs() + 3.0 * empty
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_frames_are_even_and_keep_the_ends() {
        assert_eq!(evenly_spread(3, 30), [0, 1, 2]);
        assert_eq!(evenly_spread(0, 30), Vec::<usize>::new());
        assert_eq!(evenly_spread(5, 1), [4]);
        let picked = evenly_spread(1000, 30);
        assert_eq!((picked.len(), picked[0], picked[29]), (30, 0, 999));
        assert!(
            picked
                .windows(2)
                .all(|p| (34..=35).contains(&(p[1] - p[0])))
        );
    }

    #[test]
    fn pages_are_compact_and_almost_full() {
        assert_eq!(columns(1, 250, 250), 1);
        assert_eq!(columns(6, 250, 250), 3);
        assert_eq!(columns(24, 250, 250), 6);
        for count in 1..=36 {
            let columns = columns(count, 250, 260);
            let rows = count.div_ceil(columns);
            assert!(rows * columns - count < columns.max(2));
        }
    }
}
