//! The table of operators, functions and constants.

use super::{
    arithmetic::{divide_floored, floor_quotient, floor_remainder, integer_power, power, sign},
    values::Values,
};

/// A loop over the values of the arguments; the results replace those of the first.
type Loop<T> = fn(&mut [T], &[T], &[T]);

/// What an operator or a function computes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function {
    /// How many arguments it takes.
    pub(super) arguments: usize,
    floats: Loop<f64>,
    /// Of arguments that all are integers, where the result then is one, too.
    integers: Option<Loop<Option<i128>>>,
    /// Whether the result is 1 or 0, an integer of any arguments.
    is_condition: bool,
    /// What it is to those who look into formulas.
    pub(super) form: Form,
}

/// Operators that formulas are taken apart at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Sum,
    Difference,
    Product,
    Quotient,
    Negative,
    /// A comparison that depends on whether two values are equal.
    Equality,
    Other,
}

impl Function {
    const fn of(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// Applies the function to floats, as many as it takes; missing arguments are empty.
    pub(super) fn apply(self, [mut a, b, c]: [Vec<f64>; 3]) -> Vec<f64> {
        (self.floats)(&mut a, &b, &c);
        a
    }

    /// Applies the function exactly: integers stay integers where they can, and conditions are some.
    pub(super) fn apply_exactly(self, arguments: [Values; 3]) -> Values {
        match (self.integers, arguments) {
            (
                Some(integers),
                [
                    Values::Integers(mut a),
                    Values::Integers(b),
                    Values::Integers(c),
                ],
            ) => {
                integers(&mut a, &b, &c);
                Values::Integers(a)
            }
            (_, arguments) => {
                let has_value = have_values(&arguments);
                let values = self.apply(arguments.map(Values::into_floats));
                let values = values.into_iter().zip(has_value);
                if self.is_condition {
                    let truth = values.map(|(value, has)| has.then_some(i128::from(value != 0.0)));
                    Values::Integers(truth.collect())
                } else {
                    Values::Floats(values.map(|(value, has)| has.then_some(value)).collect())
                }
            }
        }
    }
}

/// Whether the arguments of a function have values, element by element; of [`WHERE`], the condition and what
/// it chooses.
fn have_values([a, b, c]: &[Values; 3]) -> Vec<bool> {
    let has = |values: &Values, at: usize| values.is_empty() || values.has(at);
    let chosen = |at: usize| match a {
        Values::Integers(condition) if !c.is_empty() => match condition[at] {
            None => false,
            Some(0) => c.has(at),
            Some(_) => b.has(at),
        },
        _ => a.has(at) && has(b, at),
    };
    (0..a.len()).map(chosen).collect()
}

/// A loop, from the result for one element.
macro_rules! each {
    ($a:ident => $value:expr) => {
        |first, _, _| {
            for value in first {
                let $a = *value;
                *value = $value;
            }
        }
    };
    ($a:ident, $b:ident => $value:expr) => {
        |first, second, _| {
            for (value, &$b) in first.iter_mut().zip(second) {
                let $a = *value;
                *value = $value;
            }
        }
    };
    ($a:ident, $b:ident, $c:ident => $value:expr) => {
        |first, second, third| {
            for ((value, &$b), &$c) in first.iter_mut().zip(second).zip(third) {
                let $a = *value;
                *value = $value;
            }
        }
    };
}

/// The number of names.
macro_rules! count {
    ($($name:ident),+) => {
        [$(stringify!($name)),+].len()
    };
}

/// A function of floats alone, as `float!(a, b => value)`.
macro_rules! float {
    ($($name:ident),+ => $value:expr) => {
        Function {
            arguments: count!($($name),+),
            floats: each!($($name),+ => $value),
            integers: None,
            is_condition: false,
            form: Form::Other,
        }
    };
}

/// A function of floats, and of integers that have a value: `both!(a, b => value; Some(value))`.
macro_rules! both {
    ($a:ident => $float:expr; $integer:expr) => {
        Function {
            integers: Some(each!(a => a.and_then(|$a: i128| $integer))),
            ..float!($a => $float)
        }
    };
    ($a:ident, $b:ident => $float:expr; $integer:expr) => {
        Function {
            integers: Some(each!(a, b => a.zip(b).and_then(|($a, $b): (i128, i128)| $integer))),
            ..float!($a, $b => $float)
        }
    };
}

/// A comparison.
macro_rules! condition {
    ($a:ident, $b:ident => $value:expr) => {
        Function {
            is_condition: true,
            ..both!($a, $b => f64::from($value); Some(i128::from($value)))
        }
    };
}

/// What is true or not of a value, and of all integers.
macro_rules! property {
    ($a:ident => $value:expr; $of_integers:expr) => {
        Function {
            is_condition: true,
            ..both!($a => f64::from($value); {
                let _ = $a;
                Some(i128::from($of_integers))
            })
        }
    };
}

/// An operator between two values.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operator {
    pub(super) name: &'static str,
    /// How tightly it binds.
    pub(super) precedence: u8,
    /// Whether equal ones are taken from right to left.
    pub(super) from_right: bool,
    pub(super) function: Function,
}

const fn operator(name: &'static str, precedence: u8, function: Function) -> Operator {
    Operator {
        name,
        precedence,
        from_right: precedence == POWER_PRECEDENCE,
        function,
    }
}

pub(super) const COMPARISON_PRECEDENCE: u8 = 10;
const SUM_PRECEDENCE: u8 = 20;
const PRODUCT_PRECEDENCE: u8 = 30;
/// A sign binds less tightly than a power, and more tightly than a product.
pub(super) const SIGN_PRECEDENCE: u8 = 40;
const POWER_PRECEDENCE: u8 = 50;

const POWER: Function = both!(a, b => power(a, b); integer_power(a, b));

/// Operators between two values; of two names with the same beginning the longer comes first.
pub(super) const OPERATORS: [Operator; 13] = [
    operator("**", POWER_PRECEDENCE, POWER),
    operator(
        "//",
        PRODUCT_PRECEDENCE,
        both!(a, b => divide_floored(a, b).0; floor_quotient(a, b)),
    ),
    operator(
        "*",
        PRODUCT_PRECEDENCE,
        both!(a, b => a * b; a.checked_mul(b)).of(Form::Product),
    ),
    operator(
        "/",
        PRODUCT_PRECEDENCE,
        float!(a, b => a / b).of(Form::Quotient),
    ),
    operator(
        "%",
        PRODUCT_PRECEDENCE,
        both!(a, b => divide_floored(a, b).1; floor_remainder(a, b)),
    ),
    operator(
        "+",
        SUM_PRECEDENCE,
        both!(a, b => a + b; a.checked_add(b)).of(Form::Sum),
    ),
    operator(
        "-",
        SUM_PRECEDENCE,
        both!(a, b => a - b; a.checked_sub(b)).of(Form::Difference),
    ),
    operator(
        "<=",
        COMPARISON_PRECEDENCE,
        condition!(a, b => a <= b).of(Form::Equality),
    ),
    operator(
        ">=",
        COMPARISON_PRECEDENCE,
        condition!(a, b => a >= b).of(Form::Equality),
    ),
    operator(
        "==",
        COMPARISON_PRECEDENCE,
        condition!(a, b => a == b).of(Form::Equality),
    ),
    operator(
        "!=",
        COMPARISON_PRECEDENCE,
        condition!(a, b => a != b).of(Form::Equality),
    ),
    operator("<", COMPARISON_PRECEDENCE, condition!(a, b => a < b)),
    operator(">", COMPARISON_PRECEDENCE, condition!(a, b => a > b)),
];

/// The minus sign.
pub(super) const NEGATE: Function = both!(a => -a; a.checked_neg()).of(Form::Negative);

/// Of the condition of [`WHERE`]: whether it is not 0.
pub(super) const IS_NOT_ZERO: Function = Function {
    is_condition: true,
    ..both!(a => f64::from(a != 0.0); Some(i128::from(a != 0)))
};

/// The difference of two values; 0 if it is less than eight units in the last place of the larger one, or of a third
/// value.
pub(super) const DIFFERENCE: Function = float!(a, b, scale => {
    let bound = 8.0 * f64::EPSILON * a.abs().max(b.abs()).max(scale);
    if a == b || (a - b).abs() < bound { 0.0 } else { a - b }
});

/// The choice between two values, of a condition that is 1 or 0.
pub(super) const WHERE: Function = Function {
    integers: Some(each!(condition, yes, no => match condition {
        Some(0) => no,
        Some(_) => yes,
        None => None,
    })),
    ..float!(condition, yes, no => if condition == 0.0 { no } else { yes })
};

/// Functions by name.
pub(super) const FUNCTIONS: [(&str, Function); 31] = [
    ("sin", float!(a => libm::sin(a))),
    ("cos", float!(a => libm::cos(a))),
    ("tan", float!(a => libm::tan(a))),
    ("asin", float!(a => libm::asin(a))),
    ("acos", float!(a => libm::acos(a))),
    ("atan", float!(a => libm::atan(a))),
    ("sinh", float!(a => libm::sinh(a))),
    ("cosh", float!(a => libm::cosh(a))),
    ("tanh", float!(a => libm::tanh(a))),
    ("exp", float!(a => libm::exp(a))),
    ("log", float!(a => libm::log(a))),
    ("ln", float!(a => libm::log(a))),
    ("log2", float!(a => libm::log2(a))),
    ("log10", float!(a => libm::log10(a))),
    ("sqrt", float!(a => a.sqrt())),
    ("cbrt", float!(a => libm::cbrt(a))),
    ("abs", both!(a => a.abs(); a.checked_abs())),
    ("sign", both!(a => sign(a); Some(a.signum()))),
    ("floor", both!(a => a.floor(); Some(a))),
    ("ceil", both!(a => a.ceil(); Some(a))),
    ("round", both!(a => a.round_ties_even(); Some(a))),
    ("trunc", both!(a => a.trunc(); Some(a))),
    (
        "min",
        both!(a, b => if a < b || a.is_nan() { a } else { b }; Some(a.min(b))),
    ),
    (
        "max",
        both!(a, b => if a > b || a.is_nan() { a } else { b }; Some(a.max(b))),
    ),
    (
        "clip",
        Function {
            integers: Some(each!(a, low, high => match (a, low, high) {
                (Some(a), Some(low), Some(high)) => Some(a.max(low).min(high)),
                _ => None,
            })),
            ..float!(a, low, high => {
                let above = if a > low || a.is_nan() { a } else { low };
                if above < high || above.is_nan() { above } else { high }
            })
        },
    ),
    ("isnan", property!(a => a.is_nan(); false)),
    ("isfinite", property!(a => a.is_finite(); true)),
    ("atan2", float!(a, b => libm::atan2(a, b))),
    ("hypot", float!(a, b => libm::hypot(a, b))),
    ("pow", POWER),
    ("where", WHERE),
];

/// Numbers by name.
pub(super) const CONSTANTS: [(&str, f64); 6] = [
    ("pi", std::f64::consts::PI),
    ("e", std::f64::consts::E),
    ("inf", f64::INFINITY),
    ("infinity", f64::INFINITY),
    ("nan", f64::NAN),
    ("NaN", f64::NAN),
];

/// Whether a name has a meaning in every formula.
#[must_use]
pub fn is_word(name: &str) -> bool {
    let functions = FUNCTIONS.iter().map(|(known, _)| *known);
    let constants = CONSTANTS.iter().map(|(known, _)| *known);
    name == "random" || functions.chain(constants).any(|known| known == name)
}
