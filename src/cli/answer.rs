//! [`Answer`]: what a command answers, described once: the values of which JSON is made, and the lines of its text.

use super::json::Value;
use diff2d::{
    Params,
    program::params::{Choice, Coordinates, Quantity, Wall},
};
use diff2d_arrays::npy::Scalar;
use serde::Serialize;
use std::{borrow::Cow, fmt::Display};

/// An answer: values by their keys, in the order in which they were added, and lines.
#[derive(Default)]
pub(super) struct Answer<'a> {
    values: Vec<(Cow<'a, str>, Value<'a>)>,
    lines: Vec<String>,
}

impl<'a> Answer<'a> {
    /// Adds a value.
    pub(super) fn value(&mut self, key: impl Into<Cow<'a, str>>, value: Value<'a>) {
        self.values.push((key.into(), value));
    }

    /// Adds a value that is no number, or one that is finite.
    pub(super) fn plain(&mut self, key: &'static str, value: impl Serialize + 'a) {
        self.value(key, Value::plain(value));
    }

    /// Adds a value if there is one.
    pub(super) fn some(&mut self, key: &'static str, value: Option<impl Serialize + 'a>) {
        if let Some(value) = value {
            self.plain(key, value);
        }
    }

    /// Adds a number.
    pub(super) fn number(&mut self, key: impl Into<Cow<'a, str>>, number: f64) {
        self.value(key, Value::Number(Scalar::Float(number)));
    }

    /// Adds a line that begins with a name.
    pub(super) fn line(&mut self, name: &str, text: impl Display) {
        self.lines.push(format!("{name:<10} {text}"));
    }

    /// Adds a line.
    pub(super) fn text(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// The values as an object.
    pub(super) fn into_value(self) -> Value<'a> {
        Value::Object(self.values)
    }

    /// The values as an object, and the lines.
    pub(super) fn into_parts(self) -> (Value<'a>, String) {
        (Value::Object(self.values), self.lines.join("\n"))
    }

    /// Adds lines of what is given of a problem: initial state, walls, material, source, method.
    pub(super) fn physics(&mut self, params: &Params) {
        if params.coordinates == Coordinates::Axisymmetric {
            self.line(
                "around",
                "an axis of rotation: x is the radius r, y the height z",
            );
        }
        self.line("initial", &params.initial);
        self.line("walls", walls(params));
        self.line("material", material(params));
        self.line("source", source(params));
        for areas in params.areas() {
            self.line(areas.name, areas.text);
        }
        if !params.constants.values().is_empty() {
            self.line("constants", &params.constants);
        }
        for function in &params.functions {
            self.line("function", function.described());
        }
        self.line("method", params.method.described());
    }
}

fn walls(params: &Params) -> String {
    let sides = params.boundary.sides();
    if sides.iter().all(|side| *side == sides[0]) {
        return match sides[0] {
            Wall::Periodic => "periodic along x and y".to_owned(),
            wall => format!("{wall} on all four sides"),
        };
    }
    let [left, right, bottom, top] = sides;
    format!("left {left}; right {right}; bottom {bottom}; top {top}")
}

fn material(params: &Params) -> String {
    let [x, y] = [Quantity::X, Quantity::Y].map(|quantity| params.profile(quantity));
    let diffusivity = if x == y {
        format!("D = {x}")
    } else {
        format!("Dx = {x}, Dy = {y}")
    };
    let mut text = match x.constant().and(y.constant()) {
        Some(_) => diffusivity,
        None => format!("{diffusivity}, {} mean between nodes", params.face.name()),
    };
    for quantity in Quantity::MATERIAL {
        let profile = params.profile(quantity);
        if profile.constant() != Some(quantity.neutral()) {
            text += &format!("; {} {profile}", quantity.key());
        }
    }
    text
}

fn source(params: &Params) -> String {
    let profile = params.profile(Quantity::Source);
    match profile.constant() {
        Some(0.0) => "none".to_owned(),
        _ => profile.to_string(),
    }
}
