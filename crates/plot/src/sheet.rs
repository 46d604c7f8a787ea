//! [`Sheet`]: a contact sheet, many frames on one page.

use super::{
    canvas::{Anchor, Rect},
    colormap,
    colour_bar::ColourBar,
    colours::Colours,
    error::Error,
    extent::Span,
    frame::Frame,
    heading::{Heading, wrapped},
    panel::{self, Metrics},
    paper::Paper,
    style::Style,
    template::{em_of, sized},
    text::DIGIT,
    ticks::Ticks,
};
use diff2d_sys::Destination;

/// Pixels that the longer side of a panel aims at.
const SIDE: usize = 200;
/// The most lines of the title of a panel, and from one to the next in units of the size of the text.
const MOST_LINES: usize = 5;
const STEP: f64 = 1.2;

/// At most `most` of `total` frames, evenly spread, the first and the last among them.
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

/// A contact sheet while its frames are added: panels in reading order with one colour bar.
///
/// Frames are added one at a time and not kept.
pub struct Sheet {
    to: Destination,
    pub(super) paper: Paper,
    panels: Vec<Rect>,
    columns: usize,
    used: usize,
    axes: [(String, Ticks); 2],
    colours: Colours,
    /// Room for the title of a panel.
    cell_width: usize,
    /// Lines of the title of a panel.
    lines: usize,
    metrics: Metrics,
    shape: (usize, usize),
    style: Style,
}

impl Sheet {
    /// The most panels that are large enough to be read; [`evenly_spread`] chooses among more frames.
    pub const MOST: usize = 36;

    /// A sheet for `count` frames like `first`, which is not drawn yet: PNG, or SVG or PDF by the name of the file.
    ///
    /// # Errors
    ///
    /// [`Error::NoFrames`] where `count` is 0, [`Error::Empty`] for a field without values.
    pub fn new(
        to: &Destination,
        first: &Frame,
        count: usize,
        style: &Style,
    ) -> Result<Self, Error> {
        if count == 0 {
            return Err(Error::NoFrames);
        }
        let shape = first.shape()?;
        let (x, y) = first.extent.spans(shape);
        let colours = Colours::new(style, colormap::LEVELS);
        let (page, place) = sized(style.size, shape, [&x, &y], style.scaled(SIDE), |panel| {
            let page = SheetLayout::new([&x, &y], first, style, &colours, panel, count)?;
            let needed = page.size;
            Ok((page, needed))
        })?;
        let (m, right, down) = (page.metrics, place.left, place.top);
        let size = (place.width, place.height);
        let mut paper = Paper::new(to, size, style.dpi, style.title_of_all());
        page.bar
            .draw(paper.canvas(), page.bar_left + right, page.top + down, &m)?;
        let middle = page.middle + right as f64;
        page.heading.draw(paper.canvas(), middle, down as f64)?;
        let shifted = |panel: Rect| Rect {
            left: panel.left + right,
            top: panel.top + down,
            ..panel
        };
        let [x_ticks, y_ticks] = page.ticks;
        let [x_name, y_name] = style.named([x.name, y.name]);
        Ok(Self {
            to: to.clone(),
            paper,
            panels: page.panels.into_iter().map(shifted).collect(),
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
    /// [`Error::Shape`] for a frame of another shape, [`Error::Full`] for one too many.
    pub fn push(&mut self, frame: &Frame) -> Result<(), Error> {
        let (first, this) = (self.shape, frame.shape()?);
        if first != this {
            return Err(Error::Shape { first, this });
        }
        let Some(panel) = self.panels.get(self.used).copied() else {
            return Err(Error::Full(self.panels.len()));
        };
        let m = &self.metrics;
        let canvas = self.paper.canvas();
        let [(x, x_ticks), (y, y_ticks)] = &self.axes;
        // Panels at the left and those with none below them have axes.
        if self.used + self.columns >= self.panels.len() {
            panel::x_axis(canvas, &panel, x_ticks, m, x)?;
        }
        if self.used.is_multiple_of(self.columns) {
            // Names of low panels would overlap.
            let high = panel.height as f64 > 3.0 * m.em;
            panel::y_axis(canvas, &panel, y_ticks, m, if high { y } else { "" })?;
        }
        panel::border(canvas, &panel, m)?;
        self.colours.draw(canvas, &panel, frame, self.metrics.em)?;
        let middle = panel.left as f64 + panel.width as f64 / 2.0;
        let base = panel.top as f64 - m.em * (1.2 - DIGIT);
        let title = self.style.title_beside_others(frame);
        let lines = titled(&title, self.cell_width, self.lines, m)?;
        for (line, above) in lines.iter().rev().zip(0..) {
            let base = base - f64::from(above) * STEP * m.em;
            canvas.write(line, m.em, (middle, base), Anchor::Centre)?;
        }
        self.used += 1;
        Ok(())
    }

    /// Writes the file, which appears only now; panels that nothing was pushed into stay white.
    ///
    /// # Errors
    ///
    /// [`Error::NoFrames`] for a sheet without any, [`Error::Write`] where the file cannot be written.
    pub fn finish(self) -> Result<(), Error> {
        match self.used {
            0 => Err(Error::NoFrames),
            _ => self.paper.resized(self.style.size).save(&self.to),
        }
    }
}

/// The title of a panel in lines that have room above it.
fn titled(title: &str, cell_width: usize, most: usize, m: &Metrics) -> Result<Vec<String>, Error> {
    wrapped(title, m.em, cell_width as f64 - 0.5 * m.em, most)
}

/// Where everything on a sheet is, before anything is drawn. All in pixels.
struct SheetLayout {
    panels: Vec<Rect>,
    columns: usize,
    cell_width: usize,
    lines: usize,
    ticks: [Ticks; 2],
    bar: ColourBar,
    bar_left: usize,
    top: usize,
    heading: Heading,
    /// The middle of the panels.
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
        (across, up): (usize, usize),
        count: usize,
    ) -> Result<Self, Error> {
        let em = 0.09 * across.max(up) as f64;
        let m = Metrics::new(style.size.map_or(em, |size| em.min(em_of(size))));
        let ticks = [panel::horizontal(x, across, &m), panel::vertical(y, up, &m)];

        // A cell is a panel with the gap to the next; above a panel its title has room.
        let inner = across.max((6.5 * m.em) as usize);
        let cell_width = inner + (2.2 * m.em) as usize;
        let lines = titled(
            &style.title_beside_others(first),
            cell_width,
            MOST_LINES,
            &m,
        )?;
        let lines = lines.len().max(1);
        let title = (1.75 + (lines - 1) as f64 * STEP) * m.em;
        let cell_height = up + (title + 0.55 * m.em).ceil() as usize;
        let columns = columns(count, cell_width, cell_height);
        let rows = count.div_ceil(columns);
        let left = panel::left(&ticks[1], &m)?;
        let bar_height = ((rows - 1) * cell_height + up).max((9.0 * m.em) as usize);
        let bar = ColourBar::new(style, colours, bar_height, &m)?;
        let bar = match style.own_ranges {
            true => bar.without_values(&style.quantity, &m)?,
            false => bar,
        };
        let inner_right = left + (columns - 1) * cell_width + inner;
        let bar_left = inner_right + (1.6 * m.em) as usize;
        let needed = (bar_left as f64 + bar.width + m.pad).ceil() as usize;
        let room = match style.size {
            Some(size) => (size.width(), Some(size.height())),
            None => (needed, None),
        };
        let heading = Heading::new(style.title_of_all(), 1.3 * m.em, &m, room)?;
        let top = (m.pad + heading.height() + title).ceil() as usize;
        let panels = (0..count).map(|k| Rect {
            left: left + k % columns * cell_width + (inner - across) / 2,
            top: top + k / columns * cell_height,
            width: across,
            height: up,
        });

        let below = (rows - 1) * cell_height + up;
        let low = (top + below) as f64 + panel::depth(&m);
        let low = low.max((top + bar_height) as f64 + 0.6 * m.em);
        Ok(Self {
            size: (needed, (low + m.pad).ceil() as usize),
            panels: panels.collect(),
            columns,
            cell_width,
            lines,
            ticks,
            bar,
            bar_left,
            top,
            heading,
            middle: usize::midpoint(left, inner_right) as f64,
            metrics: m,
        })
    }
}

/// The number of columns that makes a page of about three by two with few cells left empty.
fn columns(count: usize, width: usize, height: usize) -> usize {
    let cost = |columns: usize| {
        let rows = count.div_ceil(columns);
        let shape = (columns * width) as f64 / (rows * height) as f64 / 1.5;
        let empty = (rows * columns - count) as f64 / count as f64;
        shape.ln().abs() + 3.0 * empty
    };
    (1..=count)
        .min_by(|a, b| cost(*a).total_cmp(&cost(*b)))
        .unwrap_or(1)
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
