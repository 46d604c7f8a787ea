//! [`InitialState`]: the state before the first step, as defined by `[initial]`.

use super::{
    choice::{Alpha, Interpolation, Regrid, choice},
    judge::Judge,
    keys::KEYS,
    profile::Function,
};
use std::{fmt, path::PathBuf};

/// A Gaussian: `amplitude exp(-((x-x0)² + (y-y0)²)/(2 sigma²))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gaussian {
    /// The centre along x \[length\].
    pub x0: f64,
    /// The centre along y \[length\].
    pub y0: f64,
    /// Standard deviation \[length\].
    pub sigma: f64,
    /// Height \[density\].
    pub amplitude: f64,
}

/// A product of sines: `sin(kx π (x-x1)/(x2-x1)) sin(ky π (y-y1)/(y2-y1))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sine {
    /// The number of half waves along x.
    pub kx: f64,
    /// The number of half waves along y.
    pub ky: f64,
}

/// The state before the first step.
#[derive(Debug, Clone, PartialEq)]
pub enum InitialState {
    /// The four peaks of the course.
    Peaks,
    /// A Gaussian: `amplitude exp(-((x-x0)² + (y-y0)²)/(2 sigma²))`.
    Gaussian(Gaussian),
    /// A product of sines: `sin(kx π (x-x1)/(x2-x1)) sin(ky π (y-y1)/(y2-y1))`.
    Sine(Sine),
    /// One value at all nodes \[density\].
    Constant(f64),
    /// A formula in x and y.
    Expression(Function),
    /// An array of the grid's shape, or a snapshot of a cube.
    File {
        /// The file.
        path: PathBuf,
        /// The index of a snapshot of a cube; negative numbers count from the end.
        snapshot: Option<i64>,
        /// How its values become those of the nodes, if it is one of another grid.
        regrid: Option<Regrid>,
    },
    /// A picture with its grey values mapped to a range.
    Image {
        /// The file: PNG, TIFF or JPEG.
        path: PathBuf,
        /// The values of black and white \[density\].
        range: [f64; 2],
        /// The interpolation at nodes between pixels.
        interpolation: Interpolation,
        /// The meaning of the pixels' opacity, if it is given.
        alpha: Option<Alpha>,
    },
}

choice! {
    /// The words of `initial.kind`.
    enum InitialKind {
        Peaks = "peaks",
        Gaussian = "gaussian",
        Sine = "sine",
        Constant = "constant",
        Expression = "expression",
        File = "file",
        Image = "image",
    }
}

impl InitialState {
    /// Takes the keys of `[initial]`. `middle` is the centre of the domain.
    pub(super) fn take(judge: &mut Judge, middle: (f64, f64)) -> Self {
        match judge.choice("initial.kind") {
            InitialKind::Peaks => Self::Peaks,
            InitialKind::Gaussian => Self::Gaussian(Gaussian {
                x0: judge.number_or("initial.x0", middle.0),
                y0: judge.number_or("initial.y0", middle.1),
                sigma: judge.number("initial.sigma"),
                amplitude: judge.number("initial.amplitude"),
            }),
            InitialKind::Sine => Self::Sine(Sine {
                kx: judge.number("initial.kx"),
                ky: judge.number("initial.ky"),
            }),
            InitialKind::Constant => Self::Constant(judge.constant("initial.value")),
            InitialKind::Expression => Self::Expression(judge.function("initial.value", 2)),
            InitialKind::File => Self::File {
                path: judge.path("initial.path"),
                snapshot: judge.integer_if_typed("initial.snapshot"),
                regrid: judge.choice_if_typed("initial.interpolate"),
            },
            InitialKind::Image => Self::Image {
                path: judge.path("initial.path"),
                range: judge.pair("initial.range"),
                interpolation: judge.choice_or("initial.interpolate", Interpolation::Linear),
                alpha: judge.choice_if_typed("initial.alpha"),
            },
        }
    }

    /// Refuses keys that this kind of initial state does not have, and numbers out of range.
    pub(super) fn check(&self, judge: &mut Judge) {
        let kind = judge.noted_value("initial.kind").to_string();
        for key in KEYS.iter().filter(|key| key.name.starts_with("initial.")) {
            let is_other = judge.is_typed(key.name) && !judge.has_taken(key.name);
            judge.refuse_if(is_other, key.name, || {
                format!("initial.kind = {kind} does not have it; remove one of the two")
            });
        }
        if let Self::Gaussian(Gaussian { sigma, .. }) = self {
            judge.refuse_if(*sigma <= 0.0, "initial.sigma", || {
                "initial.sigma must be greater than 0".to_owned()
            });
        }
    }
}

impl fmt::Display for InitialState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peaks => write!(f, "four peaks"),
            Self::Gaussian(Gaussian {
                x0,
                y0,
                sigma,
                amplitude,
            }) => write!(
                f,
                "gaussian of height {amplitude:?} and sigma {sigma:?} around x = {x0:?}, y = {y0:?}"
            ),
            Self::Sine(Sine { kx, ky }) => write!(f, "sine of {kx:?} × {ky:?} half waves"),
            Self::Constant(value) => write!(f, "{value:?} everywhere"),
            Self::Expression(function) => write!(f, "{function}"),
            Self::File { path, snapshot, .. } => match snapshot {
                Some(number) => write!(f, "snapshot {number} of {}", path.display()),
                None => write!(f, "the file {}", path.display()),
            },
            Self::Image {
                path,
                range: [black, white],
                ..
            } => write!(
                f,
                "the picture {}, black = {black:?}, white = {white:?}",
                path.display()
            ),
        }
    }
}
