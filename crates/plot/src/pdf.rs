//! [`Pdf`]: a picture as a page of the same size. Text is drawn as the outlines of its letters.

use super::{
    canvas::{Anchor, Canvas, Pen, Point, Rect, Rgb},
    error::Error,
    file::{MARK, PictureFile, write_error},
    text,
};
use ab_glyph::{OutlineCurve, point};
use diff2d_sys::Destination;
use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{
    Content, Filter, Finish, Name, Ref, TextStr,
    types::{LineCapStyle, LineJoinStyle},
};
use std::io::Write as _;

/// The number of units of a page per inch of paper.
const POINTS: f32 = 72.0;

/// A page with shapes and text.
pub(super) struct Pdf {
    width: usize,
    /// Width and height of the page in points.
    page: [f32; 2],
    title: String,
    content: Content,
    /// Deflated pixels, with the rectangles that they fill.
    images: Vec<(Rect, Vec<u8>)>,
    opacities: Vec<f64>,
}

impl Pdf {
    /// A page of `width` by `height` pixels, with `dpi` pixels per inch and a title as its metadata.
    pub fn new(width: usize, height: usize, dpi: u32, title: &str) -> Self {
        let point = POINTS / dpi as f32;
        let page = [width, height].map(|pixels| pixels as f32 * point);
        let mut content = Content::new();
        // Pixels are counted from the upper left corner.
        content.transform([point, 0.0, 0.0, -point, 0.0, page[1]]);
        Self {
            width,
            page,
            title: title.to_owned(),
            content,
            images: Vec::new(),
            opacities: Vec::new(),
        }
    }

    /// Writes a file that has no name yet.
    pub fn write(self, to: &Destination) -> Result<PictureFile, Error> {
        let bytes = self
            .finish()
            .map_err(|error| write_error(to.name(), error))?;
        let mut file = PictureFile::create(to)?;
        file.write_all(&bytes)
            .map_err(|error| write_error(to.name(), error))?;
        Ok(file)
    }

    fn finish(self) -> std::io::Result<Vec<u8>> {
        let [info, catalog, pages, page, content] = [1, 2, 3, 4, 5].map(Ref::new);
        let mut references = (6..).map(Ref::new);
        let images: Vec<Ref> = references.by_ref().take(self.images.len()).collect();
        let states: Vec<Ref> = references.take(self.opacities.len()).collect();
        let mut pdf = pdf_writer::Pdf::new();
        // The information comes first, so that the beginning of the file tells whose it is.
        pdf.document_info(info)
            .producer(TextStr(MARK))
            .title(TextStr(&self.title));
        pdf.catalog(catalog).pages(pages);
        pdf.pages(pages).kids([page]).count(1);
        let mut sheet = pdf.page(page);
        let [width, height] = self.page;
        sheet
            .parent(pages)
            .media_box(pdf_writer::Rect::new(0.0, 0.0, width, height))
            .contents(content);
        let mut resources = sheet.resources();
        let mut named = resources.x_objects();
        for (number, id) in images.iter().enumerate() {
            named.pair(Name(name('I', number).as_bytes()), *id);
        }
        named.finish();
        let mut named = resources.ext_g_states();
        for (number, id) in states.iter().enumerate() {
            named.pair(Name(name('S', number).as_bytes()), *id);
        }
        named.finish();
        resources.finish();
        sheet.finish();
        let drawn = deflated(&self.content.finish())?;
        pdf.stream(content, &drawn).filter(Filter::FlateDecode);
        for ((rect, pixels), id) in self.images.iter().zip(images) {
            let mut image = pdf.image_xobject(id, pixels);
            image.filter(Filter::FlateDecode);
            image.width(rect.width as i32).height(rect.height as i32);
            image.color_space().device_rgb();
            image.bits_per_component(8);
        }
        for (opacity, id) in self.opacities.iter().zip(states) {
            pdf.ext_graphics(id).stroking_alpha(*opacity as f32);
        }
        Ok(pdf.finish())
    }

    fn rect(&mut self, rect: Rect) -> &mut Content {
        self.content.rect(
            rect.left as f32,
            rect.top as f32,
            rect.width as f32,
            rect.height as f32,
        )
    }
}

impl Canvas for Pdf {
    fn width(&self) -> usize {
        self.width
    }

    fn fill(&mut self, rect: Rect, colour: Rgb) -> Result<(), Error> {
        let [red, green, blue] = fractions(colour);
        self.content.set_fill_rgb(red, green, blue);
        self.rect(rect).fill_nonzero();
        Ok(())
    }

    fn image(&mut self, rect: Rect, rgb: &[u8]) -> Result<(), Error> {
        let pixels = deflated(rgb).map_err(Error::undrawn)?;
        let (width, height) = (rect.width as f32, rect.height as f32);
        self.content
            .save_state()
            .transform([
                width,
                0.0,
                0.0,
                -height,
                rect.left as f32,
                rect.bottom() as f32,
            ])
            .x_object(Name(name('I', self.images.len()).as_bytes()))
            .restore_state();
        self.images.push((rect, pixels));
        Ok(())
    }

    fn stroke(&mut self, lines: &[Vec<Point>], pen: Pen, within: Rect) -> Result<(), Error> {
        let state = self
            .opacities
            .iter()
            .position(|opacity| *opacity == pen.opacity)
            .unwrap_or_else(|| {
                self.opacities.push(pen.opacity);
                self.opacities.len() - 1
            });
        self.content.save_state();
        self.rect(within).clip_nonzero().end_path();
        let [red, green, blue] = fractions(pen.colour);
        self.content
            .set_parameters(Name(name('S', state).as_bytes()))
            .set_stroke_rgb(red, green, blue)
            .set_line_width(pen.thickness as f32)
            .set_line_cap(LineCapStyle::RoundCap)
            .set_line_join(LineJoinStyle::RoundJoin);
        for line in lines {
            for (number, (x, y)) in line.iter().enumerate() {
                let (x, y) = (*x as f32, *y as f32);
                match number {
                    0 => self.content.move_to(x, y),
                    _ => self.content.line_to(x, y),
                };
            }
        }
        self.content.stroke().restore_state();
        Ok(())
    }

    fn write_in(
        &mut self,
        colour: Rgb,
        label: &str,
        size: f64,
        (x, y): Point,
        anchor: Anchor,
    ) -> Result<(), Error> {
        let length = text::width(label, size)?;
        let (x, y) = match anchor {
            Anchor::Left => (x, y),
            Anchor::Centre => (x - length / 2.0, y),
            Anchor::Right => (x - length, y),
            Anchor::Upright => (x, y + length / 2.0),
        };
        let origin = point(x as f32, y as f32);
        let content = &mut self.content;
        let [red, green, blue] = fractions(colour);
        content.set_fill_rgb(red, green, blue);
        let mut pen = None;
        text::outlines(label, size, |curve| {
            let (OutlineCurve::Line(start, _)
            | OutlineCurve::Quad(start, ..)
            | OutlineCurve::Cubic(start, ..)) = curve;
            if pen != Some(start) {
                let start = placed(origin, anchor, start);
                content.move_to(start.x, start.y);
            }
            pen = Some(draw_curve(content, origin, anchor, &curve));
        })?;
        if pen.is_some() {
            self.content.fill_nonzero();
        }
        Ok(())
    }
}

/// Converts a point of an outline, relative to the start of a text, to a point of the page.
fn placed(origin: ab_glyph::Point, anchor: Anchor, place: ab_glyph::Point) -> ab_glyph::Point {
    match anchor {
        Anchor::Upright => point(origin.x - place.y, origin.y - place.x),
        _ => point(origin.x + place.x, origin.y - place.y),
    }
}

/// Continues an outline by a curve, and returns the end of the curve.
fn draw_curve(
    content: &mut Content,
    origin: ab_glyph::Point,
    anchor: Anchor,
    curve: &OutlineCurve,
) -> ab_glyph::Point {
    match *curve {
        OutlineCurve::Line(_, end) => {
            let place = placed(origin, anchor, end);
            content.line_to(place.x, place.y);
            end
        }
        OutlineCurve::Quad(start, control, end) => {
            let [start_place, control_place, end_place] =
                [start, control, end].map(|place| placed(origin, anchor, place));
            // A cubic curve has its control points two thirds of the way to that of a quadratic one.
            let [first_control, second_control] = [start_place, end_place].map(|place| {
                point(
                    place.x + 2.0 / 3.0 * (control_place.x - place.x),
                    place.y + 2.0 / 3.0 * (control_place.y - place.y),
                )
            });
            content.cubic_to(
                first_control.x,
                first_control.y,
                second_control.x,
                second_control.y,
                end_place.x,
                end_place.y,
            );
            end
        }
        OutlineCurve::Cubic(_, first, second, end) => {
            let [first_control, second_control, end_place] =
                [first, second, end].map(|point| placed(origin, anchor, point));
            content.cubic_to(
                first_control.x,
                first_control.y,
                second_control.x,
                second_control.y,
                end_place.x,
                end_place.y,
            );
            end
        }
    }
}

fn fractions(colour: Rgb) -> [f32; 3] {
    colour.map(|byte| f32::from(byte) / 255.0)
}

/// The name of an image or a state of the page.
fn name(kind: char, number: usize) -> String {
    format!("{kind}{number}")
}

fn deflated(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}
