//! [`Frame`]: a field to draw.

use super::{decimal, error::Error, extent::Extent, range::Range, values::Values};

/// The part of a title that is replaced by the time of a frame.
pub(super) const TIME: &str = "{t}";

/// One field to draw, the coordinates of its nodes, and its time.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    pub(super) values: &'a dyn Values,
    pub(super) extent: Extent,
    time: Option<f64>,
    time_unit: &'a str,
    index: Option<usize>,
    name: Option<&'a str>,
    range: Option<Range>,
    pub(super) lines: &'a [Vec<[f64; 2]>],
}

impl<'a> Frame<'a> {
    /// A frame without a title.
    pub fn new(values: &'a dyn Values, extent: Extent) -> Self {
        Self {
            values,
            extent,
            time: None,
            time_unit: "",
            index: None,
            name: None,
            range: None,
            lines: &[],
        }
    }

    /// The frame under lines through points in fractions of its width and height from its lower left corner.
    pub fn under(self, lines: &'a [Vec<[f64; 2]>]) -> Self {
        Self { lines, ..self }
    }

    /// The frame with its simulated time as title: `t = 2.4975`.
    pub fn at(self, time: f64) -> Self {
        Self {
            time: Some(time),
            ..self
        }
    }

    /// The frame with a unit for its simulated time: `t = 2.4975 s`.
    pub fn in_unit(self, unit: &'a str) -> Self {
        Self {
            time_unit: unit,
            ..self
        }
    }

    /// The frame with its number as title, if its time is not known: `snapshot 5`.
    pub fn numbered(self, index: usize) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    /// The frame with a given title.
    pub fn named(self, name: &'a str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// The frame with a range of its own, instead of the range of the style.
    pub fn over(self, range: Range) -> Self {
        Self {
            range: Some(range),
            ..self
        }
    }

    /// The range of the frame, if it has one of its own.
    pub(super) fn own_range(&self) -> Option<Range> {
        self.range
    }

    /// The numbers of rows and columns; an error if one of them is 0.
    pub(super) fn shape(&self) -> Result<(usize, usize), Error> {
        match self.values.dimensions() {
            (rows, columns) if rows == 0 || columns == 0 => Err(Error::empty(rows, columns)),
            shape => Ok(shape),
        }
    }

    /// The title given by the user, in which `{t}` is replaced by the frame's time: `2.4975 s`.
    pub fn titled(&self, title: &str, cadence: Option<f64>) -> String {
        if title.contains(TIME) {
            title.replace(TIME, self.title(cadence).trim_start_matches("t = "))
        } else {
            title.to_owned()
        }
    }

    /// The title of the frame, its time, or its number. With a cadence, the time between two frames, all times have the
    /// same number of decimals.
    pub fn title(&self, cadence: Option<f64>) -> String {
        match (self.name, self.time, self.index) {
            (Some(name), ..) => name.to_owned(),
            (_, Some(time), _) => {
                let time = decimal::time(time, cadence);
                format!("t = {time} {}", self.time_unit)
                    .trim_end()
                    .to_owned()
            }
            (_, _, Some(index)) => format!("snapshot {index}"),
            (None, None, None) => String::new(),
        }
    }
}
