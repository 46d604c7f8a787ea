//! Parameters that vary in space or time: formulas, files of values, walls, initial states.

use diff2d_arrays::expression::Expression;
use serde_json::{Value as Json, json};
use std::{fmt, path::PathBuf};

/// The variables of formulas, in this order.
pub const VARIABLES: [&str; 3] = ["x", "y", "t"];

/// A formula in x, y and t.
#[derive(Clone)]
pub struct Formula {
    /// As it was typed.
    pub text: String,
    /// As it was read, with the variables of [`VARIABLES`].
    pub expression: Expression,
}

impl Formula {
    /// Whether it depends on t.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.expression.uses(2)
    }
}

/// Equal texts mean the same.
impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

/// A number, or a formula in x, y and t.
#[derive(Debug, Clone, PartialEq)]
pub enum Function {
    /// The same everywhere and at all times.
    Number(f64),
    /// A formula.
    Formula(Formula),
}

impl Function {
    /// The number that it is everywhere and at all times; of a formula without variables, too.
    #[must_use]
    pub fn constant(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Formula(formula) if formula.expression.is_constant() => {
                let mut value = [0.0];
                formula.expression.evaluate(&[], 0, &mut value);
                Some(value[0])
            }
            Self::Formula(_) => None,
        }
    }

    /// Whether it depends on t.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        matches!(self, Self::Formula(formula) if formula.depends_on_time())
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Number(value) => json!(value),
            Self::Formula(formula) => json!(formula.text),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value:?}"),
            Self::Formula(formula) => write!(f, "{}", formula.text),
        }
    }
}

/// A number, a formula, or a file with a value for every node.
#[derive(Debug, Clone, PartialEq)]
pub enum Profile {
    /// A number or a formula.
    Function(Function),
    /// An array of the grid's shape.
    File(PathBuf),
}

impl Profile {
    /// The number that it is everywhere and at all times.
    #[must_use]
    pub fn constant(&self) -> Option<f64> {
        match self {
            Self::Function(function) => function.constant(),
            Self::File(_) => None,
        }
    }

    /// Whether it depends on t.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        matches!(self, Self::Function(function) if function.depends_on_time())
    }

    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Function(function) => function.to_json(),
            Self::File(path) => json!({ "file": path.to_string_lossy() }),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(function) => write!(f, "{function}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

/// What holds on one side of the domain.
#[derive(Debug, Clone, PartialEq)]
pub enum Wall {
    /// The value is given.
    Fixed(Function),
    /// `D ∂p/∂n` is given, n outward; 0 insulates.
    Flux(Function),
    /// `a p + b ∂p/∂n = c`, n outward: `[a, b, c]`.
    Robin([Function; 3]),
    /// What leaves here enters on the other side: the end nodes are the same point.
    Periodic,
}

impl Wall {
    /// Whether its nodes hold given values; those of other walls are computed.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// Whether it depends on t.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        match self {
            Self::Fixed(function) | Self::Flux(function) => function.depends_on_time(),
            Self::Robin(functions) => functions.iter().any(Function::depends_on_time),
            Self::Periodic => false,
        }
    }

    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Fixed(value) => value.to_json(),
            Self::Flux(flux) => json!({ "flux": flux.to_json() }),
            Self::Robin(functions) => {
                let functions = functions.iter().map(Function::to_json);
                json!({ "robin": functions.collect::<Vec<_>>() })
            }
            Self::Periodic => json!("periodic"),
        }
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(value) => write!(f, "fixed at {value}"),
            Self::Flux(Function::Number(0.0)) => write!(f, "insulated"),
            Self::Flux(flux) => write!(f, "flux {flux}"),
            Self::Robin([a, b, c]) => write!(f, "({a}) p + ({b}) dp/dn = {c}"),
            Self::Periodic => write!(f, "periodic"),
        }
    }
}

/// The four sides of the domain, in the order in which fixed values are written.
#[derive(Debug, Clone, PartialEq)]
pub struct Boundary {
    /// x = x1, column 0.
    pub left: Wall,
    /// x = x2, the last column.
    pub right: Wall,
    /// y = y1, row 0.
    pub bottom: Wall,
    /// y = y2, the last row.
    pub top: Wall,
}

impl Boundary {
    /// Left, right, bottom, top.
    #[must_use]
    pub fn sides(&self) -> [&Wall; 4] {
        [&self.left, &self.right, &self.bottom, &self.top]
    }
}

/// `amplitude exp(-((x-x0)² + (y-y0)²)/(2 sigma²))`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gaussian {
    /// Middle along x \[length\].
    pub x0: f64,
    /// Middle along y \[length\].
    pub y0: f64,
    /// Standard deviation \[length\].
    pub sigma: f64,
    /// Height \[density\].
    pub amplitude: f64,
}

/// `sin(kx π (x-x1)/(x2-x1)) sin(ky π (y-y1)/(y2-y1))`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sine {
    /// Half waves along x.
    pub kx: f64,
    /// Half waves along y.
    pub ky: f64,
}

/// The state before the first step.
#[derive(Debug, Clone, PartialEq)]
pub enum InitialState {
    /// The four peaks of the course.
    Peaks,
    /// `amplitude exp(-((x-x0)² + (y-y0)²)/(2 sigma²))`
    Gaussian(Gaussian),
    /// `sin(kx π (x-x1)/(x2-x1)) sin(ky π (y-y1)/(y2-y1))`
    Sine(Sine),
    /// The same value at all nodes \[density\].
    Constant(f64),
    /// A formula in x and y.
    Expression(Function),
    /// An array of the grid's shape, or a snapshot of a cube.
    File {
        /// The file.
        path: PathBuf,
        /// Which snapshot of a cube; negative from the end.
        snapshot: Option<i64>,
    },
    /// A picture, its grey values mapped to a range.
    Image {
        /// The file, PNG.
        path: PathBuf,
        /// The values of black and white \[density\].
        range: [f64; 2],
    },
}

impl InitialState {
    /// Its keys and their values, beginning with `initial.kind`.
    pub(super) fn to_json(&self) -> Vec<(&'static str, Json)> {
        let kind = |name: &str| ("initial.kind", json!(name));
        match self {
            Self::Peaks => vec![kind("peaks")],
            Self::Gaussian(Gaussian {
                x0,
                y0,
                sigma,
                amplitude,
            }) => vec![
                kind("gaussian"),
                ("initial.x0", json!(x0)),
                ("initial.y0", json!(y0)),
                ("initial.sigma", json!(sigma)),
                ("initial.amplitude", json!(amplitude)),
            ],
            Self::Sine(Sine { kx, ky }) => vec![
                kind("sine"),
                ("initial.kx", json!(kx)),
                ("initial.ky", json!(ky)),
            ],
            Self::Constant(value) => vec![kind("constant"), ("initial.value", json!(value))],
            Self::Expression(function) => {
                vec![kind("expression"), ("initial.value", function.to_json())]
            }
            Self::File { path, snapshot } => {
                let snapshot = snapshot.map(|number| ("initial.snapshot", json!(number)));
                let mut keys = vec![
                    kind("file"),
                    ("initial.path", json!(path.to_string_lossy())),
                ];
                keys.extend(snapshot);
                keys
            }
            Self::Image { path, range } => vec![
                kind("image"),
                ("initial.path", json!(path.to_string_lossy())),
                ("initial.range", json!(range)),
            ],
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
            Self::File { path, snapshot } => match snapshot {
                Some(number) => write!(f, "snapshot {number} of {}", path.display()),
                None => write!(f, "the file {}", path.display()),
            },
            Self::Image {
                path,
                range: [black, white],
            } => write!(
                f,
                "the picture {}, black = {black:?}, white = {white:?}",
                path.display()
            ),
        }
    }
}
