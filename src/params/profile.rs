//! Parameters that vary in space or time: formulas, files of values, walls.

use super::{
    choice::{Choice, Interpolation},
    value::{LONGEST_NAME, Value, number},
};
use diff2d_arrays::{
    expression::{Expression, Interpolant},
    wording::excerpt,
};
use serde_json::{Value as Json, json};
use std::{fmt, path::PathBuf, sync::Arc};

/// The variables of formulas, in this order.
pub const VARIABLES: [&str; 3] = ["x", "y", "t"];

/// What formulas of a place may use.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    /// So many of [`VARIABLES`].
    pub(super) variables: usize,
    /// The functions of the file.
    pub(super) functions: Vec<Arc<Interpolant>>,
}

impl Words {
    /// The same with so many variables.
    pub(super) fn of(&self, variables: usize) -> Self {
        let mut words = self.clone();
        words.variables = variables;
        words
    }
}

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
    /// A finite number, or a formula in words that there are where it stands.
    ///
    /// # Errors
    /// Why a formula cannot be used; nothing of other values.
    pub(super) fn parse(value: &Value, words: &Words) -> Result<Self, Option<String>> {
        let Value::String(text) = value else {
            let number = number(value).filter(|number| number.is_finite());
            return number.map(Self::Number).ok_or(None);
        };
        // What has no variables is a number before any file is read.
        let functions = match words.variables {
            0 => &[][..],
            _ => &words.functions,
        };
        let variables = &VARIABLES[..words.variables];
        let expression = Expression::parse_with(text, variables, functions);
        let function = Self::Formula(Formula {
            text: text.clone(),
            expression: expression.map_err(|error| Some(error.to_string()))?,
        });
        match function.constant() {
            Some(value) if !value.is_finite() => {
                Err(Some(format!("{} is {value}", excerpt(text, LONGEST_NAME))))
            }
            _ => Ok(function),
        }
    }

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

    /// Whether it is another one at other nodes.
    #[must_use]
    pub fn depends_on_place(&self) -> bool {
        let depends = |of: &Expression| of.uses(0) || of.uses(1) || of.is_random();
        matches!(self, Self::Formula(formula) if depends(&formula.expression))
    }

    pub(super) fn to_json(&self) -> Json {
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

/// A number, a formula, or a file with a value for every node or pixel.
#[derive(Debug, Clone, PartialEq)]
pub enum Profile {
    /// A number or a formula.
    Function(Function),
    /// An array of the grid's shape.
    File(PathBuf),
    /// A picture, its grey values mapped to a range.
    Image {
        /// The file, PNG.
        path: PathBuf,
        /// The values of black and white.
        range: [f64; 2],
        /// The values of nodes between pixels.
        interpolation: Interpolation,
    },
}

impl Profile {
    /// The number that it is everywhere and at all times.
    #[must_use]
    pub fn constant(&self) -> Option<f64> {
        match self {
            Self::Function(function) => function.constant(),
            Self::File(_) | Self::Image { .. } => None,
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
            Self::Image {
                path,
                range,
                interpolation,
            } => json!({
                "image": path.to_string_lossy(),
                "range": range,
                "interpolate": interpolation.name(),
            }),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(function) => write!(f, "{function}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Image { path, range, .. } => {
                write!(
                    f,
                    "the picture {} from {:?} to {:?}",
                    path.display(),
                    range[0],
                    range[1]
                )
            }
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

    /// What is given of it: a value, a flux, or a, b and c.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        match self {
            Self::Fixed(value) | Self::Flux(value) => std::slice::from_ref(value),
            Self::Robin(functions) => functions,
            Self::Periodic => &[],
        }
    }

    /// Whether it depends on t.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.functions().iter().any(Function::depends_on_time)
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
