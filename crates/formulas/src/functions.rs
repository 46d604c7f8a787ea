//! The table of operators, functions and constants.

use super::{
    arithmetic::{
        divide_floored, divide_rounded, floor_quotient, floor_remainder, integer_power, power,
        roundings, sign,
    },
    values::Values,
};
use std::array;

/// A loop over the values of the arguments; the results replace the values of the first argument.
type Loop<T> = fn(&mut [T], &[T], &[T]);

/// An operator or a function.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function {
    /// The number of its arguments.
    pub(super) arguments: usize,
    floats: Loop<f64>,
    /// The loop over integers, for functions that map integers to integers.
    integers: Option<Loop<Option<i128>>>,
    /// Whether the result is 1 or 0, an integer for arguments of any type.
    is_condition: bool,
    /// The role of the function when formulas are analysed.
    pub(super) form: Form,
}

/// The roles of operators and functions when formulas are analysed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Sum,
    Difference,
    /// A difference that is 0 where that may be a rounding.
    CertainDifference,
    Product,
    Quotient,
    Negative,
    /// A comparison that depends on whether two values are equal, and on nothing else.
    Equality,
    /// A comparison that depends on which of two values is the larger, and on whether they are equal.
    WeakOrder,
    /// A comparison that depends on which of two values is the larger.
    Order,
    /// A function that jumps where its argument is a whole number, and is constant in between.
    Whole,
    /// Another function that jumps, and is constant in between.
    Staircase,
    /// Whether a value is not 0.
    Truth,
    /// The choice between two values.
    Choice,
    FlooredQuotient,
    FlooredRemainder,
    Power,
    /// A continuous function that does not fall where one of its arguments grows.
    Rising,
    /// A continuous function that falls where its argument grows.
    Falling,
    /// A continuous function that is the same for `-a` as for `a`, and rises with `|a|`.
    Even,
    Sine,
    Cosine,
    Tangent,
    Hypotenuse,
    /// The angle of a point seen from the origin, by its ordinate and its abscissa.
    Angle,
    Other,
}

impl Function {
    const fn of(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// The value for single floats; missing arguments are ignored.
    pub(super) fn value(self, [mut a, b, c]: [f64; 3]) -> f64 {
        (self.floats)(array::from_mut(&mut a), &[b], &[c]);
        a
    }

    /// Whether integer arguments give an integer.
    pub(super) fn takes_integers(self) -> bool {
        self.integers.is_some()
    }

    /// Applies the function to floats; missing arguments are empty.
    pub(super) fn apply(self, [mut a, b, c]: [Vec<f64>; 3]) -> Vec<f64> {
        (self.floats)(&mut a, &b, &c);
        a
    }

    /// Applies the function exactly: integers stay integers if possible, and conditions are integers.
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

/// Whether the arguments of a function have values, element by element; for [`WHERE`] only the condition and the chosen
/// value count.
fn have_values([a, b, c]: &[Values; 3]) -> Vec<bool> {
    let elements = (0..a.len()).map(|element| match a {
        Values::Integers(condition) if !c.is_empty() => match condition[element] {
            None => false,
            Some(0) => c.has(element),
            Some(_) => b.has(element),
        },
        _ => a.has(element) && (b.is_empty() || b.has(element)),
    });
    elements.collect()
}

/// Defines a loop by the result for one element.
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

/// Defines a function of floats only: `float!(a, b => value)`.
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

/// Defines a function of floats, and of integers that have a value: `both!(a, b => value; Some(value))`.
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

/// Defines a comparison.
macro_rules! condition {
    ($a:ident, $b:ident => $value:expr) => {
        Function {
            is_condition: true,
            ..both!($a, $b => f64::from($value); Some(i128::from($value)))
        }
    };
}

/// Defines a property of a float, with its constant value for all integers.
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
    /// The precedence: a higher number binds more tightly.
    pub(super) precedence: u8,
    /// Whether operators of equal precedence are evaluated from right to left.
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
/// The precedence of a sign, which is lower than that of a power and higher than that of a product.
pub(super) const SIGN_PRECEDENCE: u8 = 40;
const POWER_PRECEDENCE: u8 = 50;

const POWER: Function = both!(a, b => power(a, b); integer_power(a, b)).of(Form::Power);

pub(super) const PLUS: Function = both!(a, b => a + b; a.checked_add(b)).of(Form::Sum);
pub(super) const MINUS: Function = both!(a, b => a - b; a.checked_sub(b)).of(Form::Difference);

/// Operators between two values; if one name begins with another, the longer one comes first.
pub(super) const OPERATORS: [Operator; 13] = [
    operator("**", POWER_PRECEDENCE, POWER),
    operator(
        "//",
        PRODUCT_PRECEDENCE,
        both!(a, b => divide_floored(a, b).0; floor_quotient(a, b)).of(Form::FlooredQuotient),
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
        both!(a, b => divide_floored(a, b).1; floor_remainder(a, b)).of(Form::FlooredRemainder),
    ),
    operator("+", SUM_PRECEDENCE, PLUS),
    operator("-", SUM_PRECEDENCE, MINUS),
    operator(
        "<=",
        COMPARISON_PRECEDENCE,
        condition!(a, b => a <= b).of(Form::WeakOrder),
    ),
    operator(
        ">=",
        COMPARISON_PRECEDENCE,
        condition!(a, b => a >= b).of(Form::WeakOrder),
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
    operator(
        "<",
        COMPARISON_PRECEDENCE,
        condition!(a, b => a < b).of(Form::Order),
    ),
    operator(
        ">",
        COMPARISON_PRECEDENCE,
        condition!(a, b => a > b).of(Form::Order),
    ),
];

/// The negation by a minus sign.
pub(super) const NEGATE: Function = both!(a => -a; a.checked_neg()).of(Form::Negative);

/// Whether the condition of [`WHERE`] is not 0.
pub(super) const IS_NOT_ZERO: Function = Function {
    is_condition: true,
    form: Form::Truth,
    ..both!(a => f64::from(a != 0.0); Some(i128::from(a != 0)))
};

/// The difference of two values; 0 if it is less than eight units in the last place of the larger one, or of the third
/// value.
pub(super) const DIFFERENCE: Function = float!(a, b, scale => {
    let bound = roundings(a.abs().max(b.abs()).max(scale));
    if a == b || (a - b).abs() < bound { 0.0 } else { a - b }
})
.of(Form::CertainDifference);

/// The difference of two values; 0 if it is less than eight units in the last place of the larger one, or less than
/// their error, the third value.
pub(super) const CERTAIN_DIFFERENCE: Function = float!(a, b, error => {
    let bound = roundings(a.abs().max(b.abs())).max(error.abs());
    if a == b || (a - b).abs() < bound { 0.0 } else { a - b }
})
.of(Form::CertainDifference);

/// The integer from which a value differs by less than eight units in the last place of the value, or of 1, or by less
/// than its error, the second value; the value itself if there is none.
pub(super) const NEAREST_WHOLE: Function = float!(a, error => {
    let (nearest, bound) = (a.round_ties_even(), roundings(a.abs().max(1.0)).max(error.abs()));
    if (a - nearest).abs() < bound { nearest } else { a }
});

/// The quotient `a // b`, where `a` counts as a multiple of `b` if it lies below that by rounding, or by less than its
/// error, the third value.
pub(super) const ROUNDED_QUOTIENT: Function = float!(a, b, error => divide_rounded(a, b, error).0);

/// The remainder `a % b`, with `a` as in [`ROUNDED_QUOTIENT`].
pub(super) const ROUNDED_REMAINDER: Function = float!(a, b, error => divide_rounded(a, b, error).1);

/// The choice between two values by a condition that is 1 or 0.
pub(super) const WHERE: Function = Function {
    integers: Some(each!(condition, yes, no => match condition {
        Some(0) => no,
        Some(_) => yes,
        None => None,
    })),
    form: Form::Choice,
    ..float!(condition, yes, no => if condition == 0.0 { no } else { yes })
};

/// Functions by name.
pub(super) const FUNCTIONS: [(&str, Function); 31] = [
    ("sin", float!(a => libm::sin(a)).of(Form::Sine)),
    ("cos", float!(a => libm::cos(a)).of(Form::Cosine)),
    ("tan", float!(a => libm::tan(a)).of(Form::Tangent)),
    ("asin", float!(a => libm::asin(a)).of(Form::Rising)),
    ("acos", float!(a => libm::acos(a)).of(Form::Falling)),
    ("atan", float!(a => libm::atan(a)).of(Form::Rising)),
    ("sinh", float!(a => libm::sinh(a)).of(Form::Rising)),
    ("cosh", float!(a => libm::cosh(a)).of(Form::Even)),
    ("tanh", float!(a => libm::tanh(a)).of(Form::Rising)),
    ("exp", float!(a => libm::exp(a)).of(Form::Rising)),
    ("log", float!(a => libm::log(a)).of(Form::Rising)),
    ("ln", float!(a => libm::log(a)).of(Form::Rising)),
    ("log2", float!(a => libm::log2(a)).of(Form::Rising)),
    ("log10", float!(a => libm::log10(a)).of(Form::Rising)),
    ("sqrt", float!(a => a.sqrt()).of(Form::Rising)),
    ("cbrt", float!(a => libm::cbrt(a)).of(Form::Rising)),
    ("abs", both!(a => a.abs(); a.checked_abs()).of(Form::Even)),
    (
        "sign",
        both!(a => sign(a); Some(a.signum())).of(Form::Staircase),
    ),
    ("floor", both!(a => a.floor(); Some(a)).of(Form::Whole)),
    ("ceil", both!(a => a.ceil(); Some(a)).of(Form::Whole)),
    (
        "round",
        both!(a => a.round_ties_even(); Some(a)).of(Form::Staircase),
    ),
    ("trunc", both!(a => a.trunc(); Some(a)).of(Form::Whole)),
    (
        "min",
        both!(a, b => if a < b || a.is_nan() { a } else { b }; Some(a.min(b))).of(Form::Rising),
    ),
    (
        "max",
        both!(a, b => if a > b || a.is_nan() { a } else { b }; Some(a.max(b))).of(Form::Rising),
    ),
    (
        "clip",
        Function {
            integers: Some(each!(a, low, high => match (a, low, high) {
                (Some(a), Some(low), Some(high)) => Some(a.max(low).min(high)),
                _ => None,
            })),
            ..float!(a, low, high => {
                let bounded = if a > low || a.is_nan() { a } else { low };
                if bounded < high || bounded.is_nan() { bounded } else { high }
            })
        }
        .of(Form::Rising),
    ),
    ("isnan", property!(a => a.is_nan(); false)),
    ("isfinite", property!(a => a.is_finite(); true)),
    ("atan2", float!(a, b => libm::atan2(a, b)).of(Form::Angle)),
    (
        "hypot",
        float!(a, b => libm::hypot(a, b)).of(Form::Hypotenuse),
    ),
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
