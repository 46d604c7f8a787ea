//! What formulas can compute.

/// A function of one, two or three blocks of values; the result takes the place of the first.
#[derive(Debug, Clone, Copy)]
pub(super) enum Function {
    One(fn(&mut [f64])),
    Two(fn(&mut [f64], &[f64])),
    Three(fn(&mut [f64], &[f64], &[f64])),
}

impl Function {
    pub(super) fn arguments(self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Two(_) => 2,
            Self::Three(_) => 3,
        }
    }

    pub(super) fn apply(self, a: &mut [f64], b: &[f64], c: &[f64]) {
        match self {
            Self::One(function) => function(a),
            Self::Two(function) => function(a, b),
            Self::Three(function) => function(a, b, c),
        }
    }
}

macro_rules! one {
    ($a:ident => $value:expr) => {
        Function::One(|block| {
            for value in block {
                let $a: f64 = *value;
                *value = $value;
            }
        })
    };
}

macro_rules! two {
    ($a:ident, $b:ident => $value:expr) => {
        Function::Two(|first, second| {
            for (value, &$b) in first.iter_mut().zip(second) {
                let $a: f64 = *value;
                *value = $value;
            }
        })
    };
}

/// Operators between two values: name, how tightly it binds, whether from right to left.
pub(super) const OPERATORS: [(&str, u8, bool, Function); 14] = [
    ("**", 50, true, two!(a, b => a.powf(b))),
    ("^", 50, true, two!(a, b => a.powf(b))),
    ("//", 30, false, two!(a, b => (a / b).floor())),
    ("*", 30, false, two!(a, b => a * b)),
    ("/", 30, false, two!(a, b => a / b)),
    ("%", 30, false, two!(a, b => a - b * (a / b).floor())),
    ("+", 20, false, two!(a, b => a + b)),
    ("-", 20, false, two!(a, b => a - b)),
    ("<=", 10, false, two!(a, b => f64::from(a <= b))),
    (">=", 10, false, two!(a, b => f64::from(a >= b))),
    ("==", 10, false, two!(a, b => f64::from(a == b))),
    ("!=", 10, false, two!(a, b => f64::from(a != b))),
    ("<", 10, false, two!(a, b => f64::from(a < b))),
    (">", 10, false, two!(a, b => f64::from(a > b))),
];

/// How tightly a sign binds: less than a power, more than a product.
pub(super) const SIGN: u8 = 40;
/// The sign that does something.
pub(super) const NEGATE: Function = one!(a => -a);

/// Functions by name.
pub(super) const FUNCTIONS: [(&str, Function); 28] = [
    ("sin", one!(a => a.sin())),
    ("cos", one!(a => a.cos())),
    ("tan", one!(a => a.tan())),
    ("asin", one!(a => a.asin())),
    ("acos", one!(a => a.acos())),
    ("atan", one!(a => a.atan())),
    ("sinh", one!(a => a.sinh())),
    ("cosh", one!(a => a.cosh())),
    ("tanh", one!(a => a.tanh())),
    ("exp", one!(a => a.exp())),
    ("log", one!(a => a.ln())),
    ("ln", one!(a => a.ln())),
    ("log2", one!(a => a.log2())),
    ("log10", one!(a => a.log10())),
    ("sqrt", one!(a => a.sqrt())),
    ("cbrt", one!(a => a.cbrt())),
    ("abs", one!(a => a.abs())),
    ("sign", one!(a => if a == 0.0 { a } else { a.signum() })),
    ("floor", one!(a => a.floor())),
    ("ceil", one!(a => a.ceil())),
    ("round", one!(a => a.round_ties_even())),
    ("trunc", one!(a => a.trunc())),
    ("min", two!(a, b => if a < b || a.is_nan() { a } else { b })),
    ("max", two!(a, b => if a > b || a.is_nan() { a } else { b })),
    ("atan2", two!(a, b => a.atan2(b))),
    ("hypot", two!(a, b => a.hypot(b))),
    ("pow", two!(a, b => a.powf(b))),
    (
        "where",
        Function::Three(|condition, yes, no| {
            for ((value, yes), no) in condition.iter_mut().zip(yes).zip(no) {
                *value = if *value == 0.0 { *no } else { *yes };
            }
        }),
    ),
];

/// Numbers by name.
pub(super) const CONSTANTS: [(&str, f64); 4] = [
    ("pi", std::f64::consts::PI),
    ("e", std::f64::consts::E),
    ("inf", f64::INFINITY),
    ("nan", f64::NAN),
];
