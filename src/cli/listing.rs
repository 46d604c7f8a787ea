//! [`Listing`]: an answer as text, a name and a text in each line.

use diff2d::{
    Params,
    program::params::{Choice, Coordinates, Quantity, Wall},
};
use std::fmt;

/// Lines with a name and a text each.
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
        for areas in params.areas() {
            self.add(areas.name, areas.text);
        }
        if !params.constants.values().is_empty() {
            self.add("constants", &params.constants);
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
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}{name:<10} {text}")?;
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
