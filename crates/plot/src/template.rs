//! [`picture`]: one frame; [`Template`]: the layout of a picture, made once and filled with every frame.

use super::{
    bitmap::Bitmap,
    canvas::{Anchor, Canvas, Rect},
    colormap,
    colour_bar::ColourBar,
    colours::Colours,
    error::Error,
    extent::Span,
    frame::Frame,
    heading::Heading,
    panel::{self, Metrics},
    reduced::Reduced,
    style::{Size, Style},
    text::{DIGIT, width},
    ticks::Ticks,
};

/// Side in pixels that the longer axis of a single picture aims at.
pub(super) const SIDE: usize = 840;

/// Draws one frame with axes, colour bar and title.
///
/// # Errors
///
/// [`Error::Empty`] for a field without values.
pub fn picture(frame: &Frame, style: &Style) -> Result<Bitmap, Error> {
    Template::new(frame, style, SIDE, colormap::LEVELS)?.print(frame)
}

/// Reads a frame once, and keeps what a [`picture`] of the usual size shows of it, with the ends of its
/// values.
///
/// # Errors
///
/// [`Error::Empty`] for a field without values, [`Error::Values`] where they cannot be read.
pub fn reduced_for_picture(frame: &Frame) -> Result<Reduced, Error> {
    let shape = frame.shape()?;
    let (x, y) = frame.extent.spans(shape);
    let (across, up) = panel::fit(shape, (&x, &y), SIDE);
    Reduced::new(frame.values, up, across)
}

/// A picture without its field: axes, colour bar, and the places of field and title.
///
/// The layout depends only on the shape and extent of the first frame and on the style, so that all
/// pictures of a series have the same layout.
pub(super) struct Template {
    blank: Bitmap,
    panel: Rect,
    colours: Colours,
    shape: (usize, usize),
    cadence: Option<f64>,
    title: (f64, f64),
    size: f64,
}

impl Template {
    /// A template whose field has a longer side of about `side` pixels, with `levels` colours. A size
    /// that the style asks for goes before.
    pub fn new(frame: &Frame, style: &Style, side: usize, levels: usize) -> Result<Self, Error> {
        let shape = frame.shape()?;
        let (x, y) = frame.extent.spans(shape);
        let colours = Colours::new(style, levels).of(frame.own_range());
        let layout = |(across, up): (usize, usize), m| {
            Layout::new([&x, &y], style, &colours, (across, up), m)
        };
        let layout = match style.size {
            None => {
                let (across, up) = panel::fit(shape, (&x, &y), side);
                let em = 0.031 * across.max(up) as f64;
                layout((across, up), Metrics::new(em))?
            }
            Some(size) => {
                let em = em_of(size);
                largest(size, |side| {
                    let panel = panel::fit_exactly(shape, (&x, &y), side);
                    let layout = layout(panel, Metrics::new(em))?;
                    let needed = layout.size();
                    Ok((layout, needed))
                })?
            }
        };
        layout.draw([&x, &y], style, colours, shape)
    }

    /// The place of the field.
    #[cfg(test)]
    pub fn panel(&self) -> &Rect {
        &self.panel
    }

    /// The picture of a frame.
    pub fn print(&self, frame: &Frame) -> Result<Bitmap, Error> {
        let shape = frame.shape()?;
        if shape != self.shape {
            return Err(Error::Shape {
                first: self.shape,
                this: shape,
            });
        }
        let mut bitmap = self.blank.clone();
        self.colours.draw(&mut bitmap, &self.panel, frame)?;
        let title = frame.title(self.cadence);
        let half = width(&title, self.size)? / 2.0;
        let (middle, base) = self.title;
        let middle = middle.min(bitmap.width() as f64 - half).max(half);
        bitmap.write(&title, self.size, (middle, base), Anchor::Centre)?;
        Ok(bitmap)
    }
}

/// Size of the text in a picture of a given size.
pub(super) fn em_of(size: Size) -> f64 {
    let (width, height) = (size.width() as f64, size.height() as f64);
    0.0255 * (width * height).sqrt().min(1.5 * width.min(height))
}

/// The layout with the longest panels that is no larger than a size; `at` makes one for a side in pixels
/// and tells how large it is.
pub(super) fn largest<T>(
    size: Size,
    mut at: impl FnMut(usize) -> Result<(T, (usize, usize)), Error>,
) -> Result<T, Error> {
    let (mut low, mut high) = (1, size.width().max(size.height()));
    let (mut found, _) = at(low)?;
    while low + 1 < high {
        let middle = usize::midpoint(low, high);
        let (layout, (width, height)) = at(middle)?;
        if width <= size.width() && height <= size.height() {
            (low, found) = (middle, layout);
        } else {
            high = middle;
        }
    }
    Ok(found)
}

/// Where everything in a picture is, before anything is drawn. All in pixels.
struct Layout {
    panel: Rect,
    bar: ColourBar,
    bar_left: usize,
    /// How far the colour bar reaches above the panel.
    over: usize,
    ticks: [Ticks; 2],
    heading: Heading,
    /// The middle and the base line of the frame's title.
    title: (f64, f64),
    title_size: f64,
    right: f64,
    low: f64,
    metrics: Metrics,
}

impl Layout {
    fn new(
        [x, y]: [&Span; 2],
        style: &Style,
        colours: &Colours,
        (across, up): (usize, usize),
        m: Metrics,
    ) -> Result<Self, Error> {
        let size = 1.15 * m.em;
        let bar_height = up.max((9.0 * m.em) as usize);
        let bar = ColourBar::new(style, colours, bar_height, &m)?;
        let x_ticks = panel::horizontal(x, across, &m);
        let y_ticks = panel::vertical(y, up, &m);
        let heading = Heading::new(&style.title, 1.3 * m.em, &m);

        // From left to right, then from top to bottom.
        let over = (bar_height - up).div_ceil(2);
        let left = panel::left(&y_ticks, &m)?;
        let bar_left = left + across + (1.3 * m.em) as usize;
        let middle = left as f64 + across as f64 / 2.0;
        let half_title = width("snapshot 0000", size)? / 2.0;
        let has_note = !bar.note.is_empty() || style.own_ranges;
        let crowded = has_note && middle + half_title + m.em > bar_left as f64;
        let lift = if crowded { 1.7 * m.em } else { 0.0 };
        let top = m.pad + heading.height() + size * DIGIT + 0.75 * m.em + lift;
        let top = top.ceil() as usize + over;
        let panel = Rect {
            left,
            top,
            width: across,
            height: up,
        };
        let right = (bar_left as f64 + bar.width)
            .max(middle + half_title)
            .max(panel.right() as f64 + m.em);
        let below = (panel::depth(&m)).max(over as f64 + 0.6 * m.em);
        // The title is above the panel, or above the note of the colour bar if the two would overlap.
        let title = match crowded {
            true => (top - over) as f64 - 0.75 * m.em - lift,
            false => top as f64 - 0.75 * m.em,
        };
        Ok(Self {
            low: panel.bottom() as f64 + below,
            panel,
            bar,
            bar_left,
            over,
            ticks: [x_ticks, y_ticks],
            heading,
            title: (middle, title),
            title_size: size,
            right,
            metrics: m,
        })
    }

    /// Width and height of the picture.
    fn size(&self) -> (usize, usize) {
        let pixels = |end: f64| (end + self.metrics.pad).ceil() as usize;
        (pixels(self.right), pixels(self.low))
    }

    fn draw(
        mut self,
        [x, y]: [&Span; 2],
        style: &Style,
        colours: Colours,
        shape: (usize, usize),
    ) -> Result<Template, Error> {
        let (mut width, mut height) = self.size();
        if let Some(size) = style.size {
            // In the middle of what is asked for.
            let spare = |wanted: usize, needed: usize| wanted.saturating_sub(needed) / 2;
            let (across, down) = (spare(size.width(), width), spare(size.height(), height));
            self.panel.left += across;
            self.bar_left += across;
            self.title.0 += across as f64;
            self.panel.top += down;
            self.title.1 += down as f64;
            self.heading.shift(down as f64);
            (width, height) = (width.max(size.width()), height.max(size.height()));
        }
        let (m, panel) = (&self.metrics, self.panel);
        let mut blank = Bitmap::new(width, height);
        self.heading.draw(&mut blank, self.title.0)?;
        let [x_ticks, y_ticks] = &self.ticks;
        panel::x_axis(&mut blank, &panel, x_ticks, m, x.name)?;
        panel::y_axis(&mut blank, &panel, y_ticks, m, y.name)?;
        panel::border(&mut blank, &panel, m)?;
        let top = panel.top - self.over;
        self.bar.draw(&mut blank, self.bar_left, top, m)?;
        if let Some(size) = style.size {
            blank = blank.resized(size.width(), size.height());
        }
        Ok(Template {
            blank,
            panel,
            colours,
            shape,
            cadence: style.cadence,
            title: self.title,
            size: self.title_size,
        })
    }
}
