//! Parameters that vary in space or time: formulas, files of values, walls.

use super::{
    choice::{Alpha, Choice, Interpolation, Regrid},
    value::{LONGEST_NAME, Value, number},
};
use diff2d_arrays::{
    expression::{Expression, ExpressionError, Interpolant, Jump},
    wording::excerpt,
};
use serde_json::{Value as Json, json};
use std::{fmt, path::PathBuf, sync::Arc};

/// The variables of formulas, in this order.
pub const VARIABLES: [&str; 3] = ["x", "y", "t"];

/// The index of t in [`VARIABLES`].
const TIME: usize = 2;

/// The names that formulas may use at one place in a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    /// The number of variables, counted from the first one of [`VARIABLES`].
    pub(super) variables: usize,
    /// The functions of the file.
    pub(super) functions: Vec<Arc<Interpolant>>,
    /// The constants of the file.
    pub(super) constants: Arc<[(String, f64)]>,
    /// The largest magnitude of t in a run \[time\].
    pub(super) latest_time: f64,
}

impl Words {
    /// These names with another number of variables.
    pub(super) fn of(&self, variables: usize) -> Self {
        let mut words = self.clone();
        words.variables = variables;
        words
    }
}

/// A formula in x, y and t.
#[derive(Clone)]
pub struct Formula {
    /// The text as typed.
    pub text: String,
    /// The parsed formula, with the variables of [`VARIABLES`].
    pub expression: Expression,
    /// The formula that compares what was computed, for integrals between nodes.
    pub exact: Expression,
}

impl Formula {
    /// A formula that is shown as a text.
    #[must_use]
    pub fn new(text: &str, expression: Expression) -> Self {
        Self {
            text: text.to_owned(),
            exact: expression.clone(),
            expression,
        }
    }

    /// Whether the formula depends on t.
    pub fn depends_on_time(&self) -> bool {
        self.expression.uses(TIME)
    }
}

/// Formulas are equal if their texts and their constants are.
impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.expression.has_numbers_of(&other.expression)
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
    /// A number that holds everywhere and at all times.
    Number(f64),
    /// A formula.
    Formula(Formula),
}

impl Function {
    /// A finite number, or a formula with the names that are allowed at its place.
    ///
    /// # Errors
    /// The reason why a formula cannot be used; `None` for a value of another type.
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
        let expression = Expression::parse_with(text, variables, functions, &words.constants);
        let expression = expression.map_err(|error| Some(with_way_out(&error)))?;
        let function = Self::Formula(Formula {
            text: text.clone(),
            // Times are sums and products, which are rounded.
            expression: expression.of_rounded_variable(TIME, words.latest_time),
            exact: expression,
        });
        match function.constant() {
            Some(value) if !value.is_finite() => Err(Some(if text.trim().parse::<f64>().is_ok() {
                "it is no finite number".to_owned()
            } else {
                format!(
                    "{} is {value}, which is no finite number",
                    excerpt(text, LONGEST_NAME)
                )
            })),
            _ => Ok(function),
        }
    }

    /// Whether the formula jumps in x or y at places that depend on time.
    #[must_use]
    pub fn moves_jumps(&self) -> bool {
        let Self::Formula(Formula { exact, .. }) = self else {
            return false;
        };
        let moves = |jump: &Jump| jump.uses(TIME) && (jump.uses(0) || jump.uses(1));
        self.depends_on_time() && exact.jumps().parts.iter().any(moves)
    }

    /// The number, if the function is constant in place and time, such as a formula without variables.
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

    /// Whether the function depends on t.
    pub fn depends_on_time(&self) -> bool {
        matches!(self, Self::Formula(formula) if formula.depends_on_time())
    }

    /// Whether the function varies from node to node.
    pub fn depends_on_place(&self) -> bool {
        let Self::Formula(formula) = self else {
            return false;
        };
        let expression = &formula.expression;
        expression.uses(0) || expression.uses(1) || expression.is_random()
    }

    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Number(value) => json!(value),
            Self::Formula(formula) => json!(formula.text),
        }
    }
}

/// An error of a formula, with what has the place of names that the equation or the file do not give to formulas.
fn with_way_out(error: &ExpressionError) -> String {
    let reason = &error.reason;
    if reason.starts_with("there is no 'p' here") {
        format!(
            "{error}; the equation is linear: D, capacity, sources and walls do not depend on p, and decay is the rate k of a loss k p"
        )
    } else if reason.starts_with("there is no function") && reason.contains("only random") {
        format!(
            "{error}; a table of numbers becomes a function by [function.NAME] with file or points"
        )
    } else {
        error.to_string()
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
    /// An array of the grid's shape, or of another grid.
    File {
        /// The file.
        path: PathBuf,
        /// How its values become those of the nodes, if it is one of another grid.
        regrid: Option<Regrid>,
    },
    /// A picture with its grey values mapped to a range.
    Image {
        /// The file: PNG, TIFF or JPEG.
        path: PathBuf,
        /// The values of black and white.
        range: [f64; 2],
        /// The interpolation at nodes between pixels.
        interpolation: Interpolation,
        /// The meaning of the pixels' opacity, if it is given.
        alpha: Option<Alpha>,
    },
}

impl Profile {
    /// The number, if the profile is constant in place and time.
    pub fn constant(&self) -> Option<f64> {
        match self {
            Self::Function(function) => function.constant(),
            Self::File { .. } | Self::Image { .. } => None,
        }
    }

    /// Whether the profile depends on t.
    pub fn depends_on_time(&self) -> bool {
        matches!(self, Self::Function(function) if function.depends_on_time())
    }

    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Function(function) => function.to_json(),
            Self::File { path, regrid } => {
                let mut table = json!({ "file": path.to_string_lossy() });
                if let Some(regrid) = regrid {
                    table["interpolate"] = json!(regrid.name());
                }
                table
            }
            Self::Image {
                path,
                range,
                interpolation,
                alpha,
            } => {
                let mut table = json!({
                    "image": path.to_string_lossy(),
                    "range": range,
                    "interpolate": interpolation.name(),
                });
                if let Some(alpha) = alpha {
                    table["alpha"] = json!(alpha.name());
                }
                table
            }
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(function) => write!(f, "{function}"),
            Self::File { path, .. } => write!(f, "the file {}", path.display()),
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

/// The boundary condition on one side of the domain.
#[derive(Debug, Clone, PartialEq)]
pub enum Wall {
    /// The value is given.
    Fixed(Function),
    /// `D ∂p/∂n` is given, n outward; 0 insulates.
    Flux(Function),
    /// `a p + b ∂p/∂n = c`, n outward: `[a, b, c]`.
    Robin([Function; 3]),
    /// Periodic: outflow here is inflow on the opposite side, and the end nodes are the same points.
    Periodic,
}

impl Wall {
    /// Whether the nodes of the wall hold given values; on other walls they are computed.
    #[inline]
    pub fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// Whether nothing passes the wall.
    pub fn is_insulated(&self) -> bool {
        matches!(self, Self::Flux(Function::Number(flux)) if *flux == 0.0)
    }

    /// The given functions of the wall: a value, a flux, or a, b and c.
    pub fn functions(&self) -> &[Function] {
        match self {
            Self::Fixed(value) | Self::Flux(value) => std::slice::from_ref(value),
            Self::Robin(functions) => functions,
            Self::Periodic => &[],
        }
    }

    /// Whether the ratio a/b of a Robin wall depends on t.
    pub fn has_moving_weight(&self) -> bool {
        matches!(self, Self::Robin([a, b, _]) if a.depends_on_time() || b.depends_on_time())
    }

    /// Whether the wall depends on t.
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
    /// The walls in the order left, right, bottom, top.
    #[inline]
    pub fn sides(&self) -> [&Wall; 4] {
        [&self.left, &self.right, &self.bottom, &self.top]
    }
}
