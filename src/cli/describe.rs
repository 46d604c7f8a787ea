//! The whole problem in words, for `plan` and `info`.

use crate::params::{Choice, Params, StepMethod, Wall};

/// Rows that say what is given: initial state, walls, material, source, method.
pub(super) fn rows(params: &Params) -> Vec<(&'static str, String)> {
    vec![
        ("initial", params.initial.to_string()),
        ("walls", walls(params)),
        ("material", material(params)),
        ("source", source(params)),
        ("method", method(params).to_owned()),
    ]
}

fn method(params: &Params) -> &'static str {
    match params.method {
        StepMethod::Rkl2 => "super-time-stepping of second order (RKL2), five-point Laplacian",
        StepMethod::Exact => "five-point Laplacian, exact in time by transforms",
        _ => "explicit Euler steps, five-point Laplacian",
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
    let names = ["left", "right", "bottom", "top"];
    let told = names.iter().zip(sides);
    let told: Vec<String> = told.map(|(name, wall)| format!("{name} {wall}")).collect();
    told.join("; ")
}

fn material(params: &Params) -> String {
    let [x, y] = &params.diffusivity;
    let told = if x == y {
        format!("D = {x}")
    } else {
        format!("Dx = {x}, Dy = {y}")
    };
    if [x, y].iter().all(|profile| profile.constant().is_some()) {
        return told;
    }
    format!("{told}, {} mean between nodes", params.face.name())
}

fn source(params: &Params) -> String {
    match params.source.constant() {
        Some(0.0) => "none".to_owned(),
        _ => params.source.to_string(),
    }
}
