//! [`picture`]: draws one frame; [`Template`]: the layout of a picture, made once and filled with every frame.

use super::{
    bitmap::Bitmap,
    canvas::{Anchor, Canvas, Point, Rect},
    colormap,
    colour_bar::ColourBar,
    colours::Colours,
    error::Error,
    extent::Span,
    frame::Frame,
    heading::PictureHeading,
    panel::{self, Metrics},
    paper::Paper,
    reduced::Reduced,
    style::{Size, Style},
    text::{DIGIT, width},
    ticks::Ticks,
};
use diff2d_sys::Destination;

/// The intended length in pixels of the longer side of a single picture's panel.
pub(super) const SIDE: usize = 840;

/// Draws one frame with axes, colour bar and title.
///
/// # Errors
///
/// [`Error`] for a field without values.
pub fn picture(frame: &Frame, style: &Style) -> Result<Bitmap, Error> {
    let template = Template::new(frame, style, style.scaled(SIDE), colormap::LEVELS)?;
    Ok(template.print(frame)?.at_resolution(style.dpi))
}

/// Draws one frame into a file: as PNG, or as an image of the field with lines and text around it if the name of the
/// file ends in `.svg` or `.pdf`.
///
/// # Errors
///
/// As [`picture`]; [`Error`] if the file cannot be written.
pub fn save_picture(frame: &Frame, style: &Style, to: &Destination) -> Result<(), Error> {
    let shape = frame.shape()?;
    let (x, y) = frame.extent.spans(shape);
    let colours = Colours::new(style, colormap::LEVELS).of(frame.own_range());
    let (layout, place) = laid_out(frame, style, &colours, [&x, &y], style.scaled(SIDE))?;
    let name = match &style.title {
        Some(title) => frame.titled(title, style.cadence),
        None => frame.title(style.cadence),
    };
    let size = (place.width, place.height);
    let mut paper = Paper::new(to, size, style.dpi, &name);
    let (panel, title) = layout.draw(paper.canvas(), style.named([x.name, y.name]), place)?;
    colours.draw(paper.canvas(), &panel, frame, layout.metrics.em)?;
    title.write(paper.canvas(), frame)?;
    paper.resized(style.size).save(to)
}

/// Reads a frame once, and keeps the values that a [`picture`] of the default size shows, with the extrema of all
/// values.
///
/// # Errors
///
/// [`Error`] for a field without values, or if they cannot be read.
pub fn reduced_for_picture(frame: &Frame) -> Result<Reduced, Error> {
    let shape = frame.shape()?;
    let (x, y) = frame.extent.spans(shape);
    let (panel_width, panel_height) = panel::fit(shape, &x, &y, SIDE);
    Reduced::new(frame.values, panel_height, panel_width)
}

/// A picture without its field: axes, colour bar, and the positions of field and title.
///
/// The layout depends only on the shape and extent of the first frame and on the style, so that all
/// pictures of a series have the same layout.
pub(super) struct Template {
    blank: Bitmap,
    panel: Rect,
    colours: Colours,
    shape: (usize, usize),
    title: Title,
    em: f64,
}

impl Template {
    /// A template whose field has a longer side of about `side` pixels, with `levels` colours. A size in
    /// the style takes precedence over `side`.
    pub fn new(frame: &Frame, style: &Style, side: usize, levels: usize) -> Result<Self, Error> {
        let shape = frame.shape()?;
        let (x, y) = frame.extent.spans(shape);
        let colours = Colours::new(style, levels).of(frame.own_range());
        let (layout, place) = laid_out(frame, style, &colours, [&x, &y], side)?;
        let mut blank = Bitmap::new(place.width, place.height);
        let (panel, title) = layout.draw(&mut blank, style.named([x.name, y.name]), place)?;
        Ok(Self {
            blank: match style.size {
                Some(size) => blank.resized(size.width(), size.height()),
                None => blank,
            },
            panel,
            colours,
            shape,
            title,
            em: layout.metrics.em,
        })
    }

    /// The position of the field.
    #[cfg(test)]
    pub fn panel(&self) -> &Rect {
        &self.panel
    }

    /// Draws the picture of a frame.
    pub fn print(&self, frame: &Frame) -> Result<Bitmap, Error> {
        let shape = frame.shape()?;
        if shape != self.shape {
            return Err(Error::other_shape(self.shape, shape));
        }
        let mut bitmap = self.blank.clone();
        self.colours
            .draw(&mut bitmap, &self.panel, frame, self.em)?;
        self.title.write(&mut bitmap, frame)?;
        Ok(bitmap)
    }
}

/// The title over a panel, and its position.
#[derive(Clone)]
struct Title {
    /// The title given by the user.
    given: Option<String>,
    cadence: Option<f64>,
    metrics: Metrics,
    /// The width and, if it is known, the height of the picture.
    room: (usize, Option<usize>),
    /// The upper end of the title given by the user.
    top: f64,
    /// The middle and the base line of the frame's own title.
    place: Point,
    size: f64,
}

impl Title {
    fn new(style: &Style, metrics: Metrics, room: (usize, Option<usize>)) -> Self {
        Self {
            given: style.title.clone(),
            cadence: style.cadence,
            metrics,
            room,
            top: 0.0,
            place: (0.0, 0.0),
            size: 1.15 * metrics.em,
        }
    }

    /// The title given by the user, or an empty one.
    fn heading(&self, frame: &Frame) -> Result<PictureHeading, Error> {
        let text = match &self.given {
            Some(title) => frame.titled(title, self.cadence),
            None => String::new(),
        };
        PictureHeading::new(&text, 1.3 * self.metrics.em, &self.metrics, self.room)
    }

    /// Writes the title of a frame, within the picture.
    fn write(&self, canvas: &mut dyn Canvas, frame: &Frame) -> Result<(), Error> {
        let (middle, base) = self.place;
        if self.given.is_some() {
            return self.heading(frame)?.draw(canvas, middle, self.top);
        }
        let title = frame.title(self.cadence);
        let half = width(&title, self.size)? / 2.0;
        let middle = middle.min(canvas.width() as f64 - half).max(half);
        canvas.write(&title, self.size, (middle, base), Anchor::Centre)
    }
}

/// The layout of a picture whose field has a longer side of about `side` pixels, or of the size requested by the style.
fn laid_out(
    frame: &Frame,
    style: &Style,
    colours: &Colours,
    [x, y]: [&Span; 2],
    side: usize,
) -> Result<(PictureLayout, Rect), Error> {
    sized(style.size, frame.shape()?, [x, y], side, |panel| {
        let layout = PictureLayout::new([x, y], frame, style, colours, panel)?;
        let layout_size = layout.size();
        Ok((layout, layout_size))
    })
}

/// The size of the text in a picture of a given size.
pub(super) fn em_of(size: Size) -> f64 {
    let (width, height) = (size.width() as f64, size.height() as f64);
    0.0255 * (width * height).sqrt().min(1.5 * width.min(height))
}

/// A layout whose panels are about `side` pixels long, or as long as a picture of the given size allows; and its
/// position on the picture. `make` creates a layout for a panel of a given width and height, and returns its size.
pub(super) fn sized<T>(
    size: Option<Size>,
    shape: (usize, usize),
    [x, y]: [&Span; 2],
    side: usize,
    mut make: impl FnMut((usize, usize)) -> Result<(T, (usize, usize)), Error>,
) -> Result<(T, Rect), Error> {
    let Some(size) = size else {
        let (layout, (width, height)) = make(panel::fit(shape, x, y, side))?;
        let place = Rect {
            left: 0,
            top: 0,
            width,
            height,
        };
        return Ok((layout, place));
    };
    // The longest panels that fit.
    let (mut low, mut high) = (1, size.width().max(size.height()));
    let mut largest = make(panel::fit_exactly(shape, x, y, low))?;
    while low + 1 < high {
        let middle = usize::midpoint(low, high);
        let candidate = make(panel::fit_exactly(shape, x, y, middle))?;
        if candidate.1.0 <= size.width() && candidate.1.1 <= size.height() {
            (low, largest) = (middle, candidate);
        } else {
            high = middle;
        }
    }
    let (layout, (width, height)) = largest;
    let centred = Rect {
        left: size.width().saturating_sub(width) / 2,
        top: size.height().saturating_sub(height) / 2,
        width: width.max(size.width()),
        height: height.max(size.height()),
    };
    Ok((layout, centred))
}

/// The positions of everything in a picture in pixels, before anything is drawn.
struct PictureLayout {
    panel: Rect,
    bar: ColourBar,
    bar_left: usize,
    /// The height of the colour bar above the panel.
    over: usize,
    ticks: [Ticks; 2],
    title: Title,
    right: f64,
    low: f64,
    metrics: Metrics,
}

impl PictureLayout {
    fn new(
        [x, y]: [&Span; 2],
        frame: &Frame,
        style: &Style,
        colours: &Colours,
        (panel_width, panel_height): (usize, usize),
    ) -> Result<Self, Error> {
        let em = style
            .size
            .map_or_else(|| 0.031 * panel_width.max(panel_height) as f64, em_of);
        let m = Metrics::new(em);
        let bar_height = panel_height.max((9.0 * m.em) as usize);
        let bar = ColourBar::new(style, colours, bar_height, &m)?;
        let x_ticks = panel::horizontal(x, panel_width, &m);
        let y_ticks = panel::vertical(y, panel_height, &m);

        // Places from left to right, then from top to bottom.
        let bar_overhang = (bar_height - panel_height).div_ceil(2);
        let panel_left = panel::left(&y_ticks, &m)?;
        let bar_left = panel_left + panel_width + (1.3 * m.em) as usize;
        let panel_middle = panel_left as f64 + panel_width as f64 / 2.0;
        let half_title_width = match style.title {
            Some(_) => 0.0,
            None => width("snapshot 0000", 1.15 * m.em)? / 2.0,
        };
        let right = (bar_left as f64 + bar.width)
            .max(panel_middle + half_title_width)
            .max((panel_left + panel_width) as f64 + m.em);
        let picture_size = match style.size {
            Some(size) => (size.width(), Some(size.height())),
            None => ((right + m.pad) as usize, None),
        };
        let mut title = Title::new(style, m, picture_size);
        let has_note = !bar.note.is_empty() || style.own_ranges;
        let is_crowded = has_note && panel_middle + half_title_width + m.em > bar_left as f64;
        let title_lift = if is_crowded { 1.7 * m.em } else { 0.0 };
        // A line for the frame's own title and for the note of the colour bar.
        let line_height = if has_note || style.title.is_none() {
            title.size * DIGIT + 0.75 * m.em
        } else {
            0.5 * m.em
        };
        let top = m.pad + title.heading(frame)?.height() + line_height + title_lift;
        let top = top.ceil() as usize + bar_overhang;
        let panel = Rect {
            left: panel_left,
            top,
            width: panel_width,
            height: panel_height,
        };
        let space_below = (panel::depth(&m)).max(bar_overhang as f64 + 0.6 * m.em);
        // The title is above the panel, or above the note of the colour bar if the two would overlap.
        let base = if is_crowded {
            (top - bar_overhang) as f64 - 0.75 * m.em - title_lift
        } else {
            top as f64 - 0.75 * m.em
        };
        title.place = (panel_middle, base);
        Ok(Self {
            low: panel.bottom() as f64 + space_below,
            panel,
            bar,
            bar_left,
            over: bar_overhang,
            ticks: [x_ticks, y_ticks],
            title,
            right,
            metrics: m,
        })
    }

    /// Width and height of the picture.
    fn size(&self) -> (usize, usize) {
        let right_edge = self.right + self.metrics.pad;
        let lower_edge = self.low + self.metrics.pad;
        (right_edge.ceil() as usize, lower_edge.ceil() as usize)
    }

    /// Draws everything except the field and its title, and returns the positions of the field and the title.
    fn draw(
        &self,
        canvas: &mut dyn Canvas,
        [x, y]: [&str; 2],
        place: Rect,
    ) -> Result<(Rect, Title), Error> {
        let (m, [x_ticks, y_ticks]) = (&self.metrics, &self.ticks);
        let panel = Rect {
            left: self.panel.left + place.left,
            top: self.panel.top + place.top,
            ..self.panel
        };
        let (middle, base) = self.title.place;
        let title = Title {
            place: (middle + place.left as f64, base + place.top as f64),
            top: place.top as f64,
            ..self.title.clone()
        };
        panel::x_axis(canvas, &panel, x_ticks, m, x)?;
        panel::y_axis(canvas, &panel, y_ticks, m, y)?;
        panel::border(canvas, &panel, m)?;
        let bar_left = self.bar_left + place.left;
        self.bar.draw(canvas, bar_left, panel.top - self.over, m)?;
        Ok((panel, title))
    }
}
