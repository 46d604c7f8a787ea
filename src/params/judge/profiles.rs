//! Values that may be formulas: numbers, profiles of a grid and boundary conditions.

use super::Judge;
use crate::params::{
    choice::Interpolation,
    profile::{Function, Profile, VARIABLES, Wall},
};

impl Judge<'_> {
    /// A number, or a formula without variables; NaN if it was refused.
    pub(in crate::params) fn constant(&mut self, key: &str) -> f64 {
        let value = self.function(key, 0).constant();
        self.noted(key, value.unwrap_or(f64::NAN))
    }

    /// A finite number, or a formula in the first `variables` of x, y and t; NaN if it was refused.
    pub(in crate::params) fn function(&mut self, key: &str, variables: usize) -> Function {
        let words = self.words.of(variables);
        let function = self.convert(key, |value| {
            Function::parse(value, &words).map_err(|reason| match variables {
                0 => reason.map(|reason| with_way_to_formulas(key, reason)),
                _ => reason,
            })
        });
        let function = function.unwrap_or(Function::Number(f64::NAN));
        self.note(key, function.to_json());
        function
    }

    /// A finite number, a formula in the first `variables` of x, y and t, or a file.
    pub(in crate::params) fn profile(&mut self, key: &str, variables: usize) -> Profile {
        let source = self.raw.source(key);
        let errors = self.wrong.len();
        let profile = if self.is_table(source) {
            match self.form(source, &["file", "image"]) {
                Some("file") => Profile::File {
                    path: self.path(&format!("{source}.file")),
                    regrid: self.choice_if_typed(&format!("{source}.interpolate")),
                },
                Some(_) => Profile::Image {
                    path: self.path(&format!("{source}.image")),
                    range: self.pair(&format!("{source}.range")),
                    interpolation: self
                        .choice_or(&format!("{source}.interpolate"), Interpolation::Linear),
                    alpha: self.choice_if_typed(&format!("{source}.alpha")),
                },
                None => Profile::Function(Function::Number(f64::NAN)),
            }
        } else {
            Profile::Function(self.function(key, variables))
        };
        // What is wrong with another key is told of that one.
        if source != key {
            self.wrong.truncate(errors);
        }
        self.note(key, profile.to_json());
        profile
    }

    /// The boundary condition of a side.
    pub(in crate::params) fn wall(&mut self, key: &str) -> Wall {
        let words = self.words.of(VARIABLES.len());
        let wall = if self.is_table(key) {
            match self.form(key, &["flux", "robin"]) {
                Some("flux") => Some(Wall::Flux(
                    self.function(&format!("{key}.flux"), VARIABLES.len()),
                )),
                Some(_) => self.convert(&format!("{key}.robin"), |value| {
                    let [a, b, c] = value.as_array().map(Vec::as_slice).unwrap_or_default() else {
                        return Err(None);
                    };
                    Ok(Wall::Robin([
                        Function::parse(a, &words)?,
                        Function::parse(b, &words)?,
                        Function::parse(c, &words)?,
                    ]))
                }),
                None => None,
            }
        } else {
            self.convert(key, |value| match value.as_str() {
                Some("periodic") => Ok(Wall::Periodic),
                Some("insulated") => Ok(Wall::Flux(Function::Number(0.0))),
                word => match word.and_then(hint_of_wall) {
                    Some(hint) => Err(Some(hint.to_owned())),
                    None => Ok(Wall::Fixed(Function::parse(value, &words)?)),
                },
            })
        };
        let wall = wall.unwrap_or(Wall::Fixed(Function::Number(f64::NAN)));
        self.note(key, wall.to_json());
        wall
    }
}

/// The right notation for a boundary condition that was typed under another name.
fn hint_of_wall(word: &str) -> Option<&'static str> {
    Some(match word.to_ascii_lowercase().as_str() {
        "dirichlet" | "fixed" | "fixedvalue" | "constant" => {
            "a Dirichlet boundary condition is the value itself, a number or a formula in x, y and t"
        }
        "neumann" | "flux" | "fixedgradient" | "heatflux" => {
            "a Neumann boundary condition is { flux = q }, D times the outward derivative"
        }
        "noflux" | "no-flux" | "no_flux" | "adiabatic" | "reflecting" | "symmetry" | "closed"
        | "insulate" | "isolated" | "isolate" | "zero-flux" | "zerogradient" | "symmetryplane"
        | "open" | "outflow" => "a wall that nothing passes is \"insulated\"",
        "robin" | "convection" | "mixed" => {
            "a Robin boundary condition is { robin = [a, b, c] }, a p + b dp/dn = c"
        }
        "cyclic" | "wrap" => {
            "what leaves on one side comes in on the other where both are \"periodic\""
        }
        _ => return None,
    })
}

/// The reason why one number cannot be used, with the key that takes a formula of the place.
fn with_way_to_formulas(key: &str, reason: String) -> String {
    let is_of_place = ["there is no 'x'", "there is no 'y'"]
        .into_iter()
        .any(|words| reason.contains(words));
    match key {
        "initial.value" if is_of_place => {
            format!("{reason}; a formula of x and y is initial.kind = \"expression\"")
        }
        _ => reason,
    }
}
