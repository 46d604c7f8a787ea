//! [`Frame`]: what is drawn.

use super::{decimal, error::Error, extent::Extent, range::Range, values::Values};

/// What the time of a frame takes the place of in a title.
pub(super) const TIME: &str = "{t}";

/// What to draw: one field, where its nodes lie, and when it was.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    pub(super) values: &'a dyn Values,
    pub(super) extent: Extent,
    time: Option<f64>,
    time_unit: &'a str,
    index: Option<usize>,
    name: Option<&'a str>,
    range: Option<Range>,
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
        }
    }

    /// The frame with its simulated time as title: `t = 2.4975`.
    pub fn at(self, time: f64) -> Self {
        Self {
            time: Some(time),
            ..self
        }
    }

    /// The frame with the unit of its simulated time: `t = 2.4975 s`.
    pub fn in_unit(self, unit: &'a str) -> Self {
        Self {
            time_unit: unit,
            ..self
        }
    }

    /// The frame with its number as title, where no time is known: `snapshot 5`.
    pub fn numbered(self, index: usize) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    /// The frame with a title of its own.
    pub fn named(self, name: &'a str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// The frame with a range of its own, instead of that of the style.
    pub fn over(self, range: Range) -> Self {
        Self {
            range: Some(range),
            ..self
        }
    }

    /// The range of its own, if it has one.
    pub(super) fn own_range(&self) -> Option<Range> {
        self.range
    }

    /// Rows and columns; an error where one of them is 0.
    pub(super) fn shape(&self) -> Result<(usize, usize), Error> {
        match self.values.dimensions() {
            (rows, columns) if rows == 0 || columns == 0 => Err(Error::Empty(rows, columns)),
            shape => Ok(shape),
        }
    }

    /// A title that was asked for, in which `{t}` stands for the frame's time: `2.4975 s`.
    pub fn titled(&self, asked: &str, cadence: Option<f64>) -> String {
        match asked.contains(TIME) {
            true => asked.replace(TIME, self.title(cadence).trim_start_matches("t = ")),
            false => asked.to_owned(),
        }
    }

    /// The title: the frame's own, its time or its number. With a cadence, the time between two frames, all
    /// times have as many decimals.
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
