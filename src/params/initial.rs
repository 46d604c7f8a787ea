//! The state before the first step, as it is typed in `[initial]`.

use super::{
    choice::Choice,
    judge::Judge,
    profile::{Gaussian, InitialState, Sine},
};

/// The initial state; `domain` is where the domain ends along x and y.
pub(super) fn state(judge: &mut Judge, domain: [(f64, f64); 2]) -> InitialState {
    let [middle_x, middle_y] = domain.map(|(lower, upper)| f64::midpoint(lower, upper));
    match judge.choice("initial.kind") {
        Kind::Peaks => InitialState::Peaks,
        Kind::Gaussian => InitialState::Gaussian(Gaussian {
            x0: judge.number_if_typed("initial.x0").unwrap_or(middle_x),
            y0: judge.number_if_typed("initial.y0").unwrap_or(middle_y),
            sigma: judge.number("initial.sigma"),
            amplitude: judge.number("initial.amplitude"),
        }),
        Kind::Sine => InitialState::Sine(Sine {
            kx: judge.number("initial.kx"),
            ky: judge.number("initial.ky"),
        }),
        Kind::Constant => {
            let value = judge.function("initial.value", 0);
            InitialState::Constant(value.constant().unwrap_or(f64::NAN))
        }
        Kind::Expression => InitialState::Expression(judge.function("initial.value", 2)),
        Kind::File => InitialState::File {
            path: judge.path("initial.path"),
            snapshot: judge.integer_if_typed("initial.snapshot"),
        },
        Kind::Image => InitialState::Image {
            path: judge.path("initial.path"),
            range: judge.pair("initial.range"),
        },
    }
}

/// The words of `initial.kind`.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Peaks,
    Gaussian,
    Sine,
    Constant,
    Expression,
    File,
    Image,
}

impl Choice for Kind {
    const ALL: &'static [Self] = &[
        Self::Peaks,
        Self::Gaussian,
        Self::Sine,
        Self::Constant,
        Self::Expression,
        Self::File,
        Self::Image,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Peaks => "peaks",
            Self::Gaussian => "gaussian",
            Self::Sine => "sine",
            Self::Constant => "constant",
            Self::Expression => "expression",
            Self::File => "file",
            Self::Image => "image",
        }
    }
}
