//! [`Listing`]: an answer as text, a line for each thing that it tells.

use crate::params::{Choice, Coordinates, Params, Wall};
use std::fmt;

/// Lines of a name and what is told under it.
#[derive(Default)]
pub(super) struct Listing(Vec<(&'static str, String)>);

impl Listing {
    #[expect(clippy::needless_pass_by_value, reason = "texts are built in place")]
    pub(super) fn add(&mut self, name: &'static str, text: impl ToString) {
        self.0.push((name, text.to_string()));
    }

    /// What is given of a problem: initial state, walls, material, source, method.
    pub(super) fn add_physics(&mut self, params: &Params) {
        if params.coordinates == Coordinates::Axisymmetric {
            self.add(
                "around",
                "an axis of rotation: x is the radius r, y the height z",
            );
        }
        self.add("initial", &params.initial);
        self.add("walls", walls(params));
        self.add("material", material(params));
        self.add("source", source(params));
        if let Some(mask) = &params.mask {
            self.add("mask", mask);
        }
        if !params.held.is_empty() {
            let held = params.held.iter().map(ToString::to_string);
            self.add("held", held.collect::<Vec<_>>().join("; "));
        }
        for function in &params.functions {
            self.add("function", function.described());
        }
        self.add("method", params.method.described());
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (name, text)) in self.0.iter().enumerate() {
            let end = if number == 0 { "" } else { "\n" };
            write!(f, "{end}{name:<10} {text}")?;
        }
        Ok(())
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
    let [x, y] = &params.diffusivity;
    let diffusivity = match x == y {
        true => format!("D = {x}"),
        false => format!("Dx = {x}, Dy = {y}"),
    };
    let mut text = match x.constant().and(y.constant()) {
        Some(_) => diffusivity,
        None => format!("{diffusivity}, {} mean between nodes", params.face.name()),
    };
    for (name, of, absent) in [
        ("capacity", &params.capacity, 1.0),
        ("decay", &params.decay, 0.0),
    ] {
        if of.constant() != Some(absent) {
            text += &format!("; {name} {of}");
        }
    }
    text
}

fn source(params: &Params) -> String {
    match params.source.constant() {
        Some(0.0) => "none".to_owned(),
        _ => params.source.to_string(),
    }
}
