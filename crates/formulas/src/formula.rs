//! [`Expression`]: a parsed formula.

use super::{
    functions::Form,
    interpolant::Interpolant,
    parser::{Calls, Parser},
    step::{Step, evaluate},
    values::Values,
};
use std::sync::Arc;

/// A syntax error in a formula.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the formula '{text}' cannot be read: {reason}")]
pub struct ExpressionError {
    /// The formula, or only its beginning if it is long.
    pub text: String,
    /// The error, its position, and what was expected.
    pub reason: String,
}

/// A formula in some variables.
///
/// ```
/// use diff2d_formulas::Expression;
///
/// let formula = Expression::parse("exp(-x**2) * (y > 0)", &["x", "y"]).unwrap();
/// let mut out = [0.0; 2];
/// formula.evaluate(&[&[0.0, 1.0], &[1.0, 1.0]], 0, &mut out);
/// assert_eq!(out, [1.0, 0.36787944117144233]);
/// ```
#[derive(Debug, Clone)]
pub struct Expression {
    pub(super) steps: Vec<Step>,
}

impl Expression {
    /// Parses a formula that may use these variables, and `random(seed)`.
    ///
    /// # Errors
    /// [`ExpressionError`] with the position and what was expected.
    pub fn parse(text: &str, variables: &[&str]) -> Result<Self, ExpressionError> {
        Self::parse_with(text, variables, &[], &[])
    }

    /// Parses a formula as [`parse`](Self::parse) does. `calls` is called with the name and the arguments, as typed, of
    /// every call; if it handles the call, it returns the number of a variable that stands for its value.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), or an error of `calls`.
    pub fn parse_with_calls(
        text: &str,
        variables: &[&str],
        calls: &mut Calls<'_>,
    ) -> Result<Self, ExpressionError> {
        Self::read(text, variables, &[], &[], calls)
    }

    /// Parses a formula that may also use these functions, and these numbers by their names.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(
        text: &str,
        variables: &[&str],
        functions: &[Arc<Interpolant>],
        constants: &[(String, f64)],
    ) -> Result<Self, ExpressionError> {
        Self::read(text, variables, functions, constants, &mut |_, _| Ok(None))
    }

    fn read(
        text: &str,
        variables: &[&str],
        functions: &[Arc<Interpolant>],
        constants: &[(String, f64)],
        calls: &mut Calls<'_>,
    ) -> Result<Self, ExpressionError> {
        /// The number of characters of a formula in messages.
        const SHOWN: usize = 80;
        let steps = Parser::new(text, variables, functions, constants, calls)
            .parse()
            .map_err(|reason| ExpressionError {
                text: text.chars().take(SHOWN).collect(),
                reason,
            })?;
        Ok(Self { steps })
    }

    /// Whether the formula depends on the variable with this number.
    #[must_use]
    pub fn uses(&self, variable: usize) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::Variable(number) if *number == variable))
    }

    /// The formula with a value for the variable with this number.
    #[must_use]
    pub fn with_value(&self, variable: usize, value: f64) -> Self {
        let steps = self.steps.iter().map(|step| match step {
            Step::Variable(number) if *number == variable => Step::Number(value, None),
            step => step.clone(),
        });
        Self {
            steps: steps.collect(),
        }
    }

    /// Whether the values depend on the numbers of the elements as well, because the formula calls `random`.
    #[must_use]
    pub fn is_random(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::Random(_)))
    }

    /// Whether the formula has the same, known value for every element. Functions through points may get their points
    /// later.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.steps
            .iter()
            .all(|step| matches!(step, Step::Number(..) | Step::Apply(_)))
    }

    /// Whether the formula has the same numbers as another formula, one by one, with constants replaced by their
    /// numbers.
    #[must_use]
    pub fn has_numbers_of(&self, other: &Self) -> bool {
        self.numbers().eq(other.numbers())
    }

    /// The bits of the numbers in the formula, in the order of evaluation.
    fn numbers(&self) -> impl Iterator<Item = u64> {
        self.steps.iter().filter_map(|step| match step {
            Step::Number(value, _) => Some(value.to_bits()),
            _ => None,
        })
    }

    /// Whether the formula yields exact integers for integer variables, by [`evaluate_values`](Self::evaluate_values),
    /// because it selects, compares, adds, multiplies or divides them as integers.
    #[must_use]
    pub fn keeps_integers(&self, is_integer: impl Fn(usize) -> bool) -> bool {
        self.steps.iter().all(|step| match step {
            Step::Number(_, integer) => integer.is_some(),
            Step::Variable(number) => is_integer(*number),
            Step::Apply(function) => function.takes_integers(),
            Step::Random(_) | Step::Interpolate(_) => false,
        })
    }

    /// A bound on the magnitudes of intermediate integers for variables with these magnitudes. Up to 2^53 floats
    /// represent all integers.
    #[must_use]
    pub fn largest_integer(&self, magnitude: impl Fn(usize) -> f64) -> f64 {
        let (mut stack, mut largest) = (Vec::new(), 0.0_f64);
        for step in &self.steps {
            let arguments: Vec<f64> = stack.split_off(stack.len() - step.arguments());
            let bound = match (step, &arguments[..]) {
                (Step::Number(number, _), _) => number.abs(),
                (Step::Variable(number), _) => magnitude(*number),
                (step, &[a, b]) => match step.form() {
                    Form::Sum | Form::Difference => a + b,
                    Form::Product => a * b,
                    Form::Power => a.powf(b),
                    // A quotient is a float.
                    Form::Quotient => 0.0,
                    _ => a.max(b),
                },
                (_, arguments) => arguments.iter().copied().fold(0.0, f64::max),
            };
            largest = largest.max(bound);
            stack.push(bound);
        }
        largest
    }

    /// Whether a number in the formula is infinite.
    #[must_use]
    pub fn names_infinity(&self) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| matches!(step, Step::Number(number, _) if number.is_infinite()))
    }

    /// The calls of functions through points in the formula, each with its argument.
    #[must_use]
    pub fn interpolations(&self) -> Vec<(Arc<Interpolant>, Self)> {
        let mut calls = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let Step::Interpolate(function) = step else {
                continue;
            };
            // The steps before it, as far as they make one value.
            let mut lacking = 1;
            let argument = self.steps[..at].iter().rev().take_while(|step| {
                let is_part = lacking > 0;
                lacking = (lacking + step.arguments()).saturating_sub(1);
                is_part
            });
            let count = argument.count();
            let steps = self.steps[at - count..at].to_vec();
            calls.push((Arc::clone(function), Self { steps }));
        }
        calls
    }

    /// The values of the formula in double precision, for as many elements as `out` has, at best
    /// [`BATCH`](super::BATCH) of them; `first` is the number of the first, on which `random` depends.
    ///
    /// # Panics
    /// If a variable that is used has fewer values than `out`.
    pub fn evaluate(&self, variables: &[&[f64]], first: u64, out: &mut [f64]) {
        let count = out.len();
        let values: Vec<f64> = evaluate(
            &self.steps,
            |number| variables[number][..count].to_vec(),
            first,
            count,
        );
        for (out, value) in out.iter_mut().zip(values) {
            // Processors differ in the bits of a NaN.
            *out = if value.is_nan() { f64::NAN } else { value };
        }
    }

    /// The values of the formula for integer variables. Integers are exact up to 127 bits: `+ - * // % **` and
    /// comparisons of integers yield integers; `/`, `random` and functions such as `sin` yield floats.
    ///
    /// `count` and `first` are as for [`evaluate`](Self::evaluate).
    ///
    /// # Panics
    /// If a variable that is used has fewer values than `count`.
    #[must_use]
    pub fn evaluate_exactly(&self, variables: &[&[i128]], first: u64, count: usize) -> Values {
        self.evaluate_values(
            |number| {
                let values = &variables[number][..count];
                Values::Integers(values.iter().copied().map(Some).collect())
            },
            first,
            count,
        )
    }

    /// Evaluates as [`evaluate_exactly`](Self::evaluate_exactly) does, for variables that are integers or floats:
    /// `variable` returns `count` values of the variable with a number.
    #[must_use]
    pub fn evaluate_values(
        &self,
        variable: impl Fn(usize) -> Values,
        first: u64,
        count: usize,
    ) -> Values {
        evaluate(&self.steps, variable, first, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn value(text: &str) -> f64 {
        let mut out = [0.0];
        Expression::parse(text, &["x", "i0"])
            .unwrap()
            .evaluate(&[&[3.0], &[7.0]], 0, &mut out);
        out[0]
    }

    #[test]
    fn operators_bind_as_in_python() {
        for (text, expected) in [
            ("1 + 2*x", 7.0),
            ("-x**2", -9.0),
            ("2**-1", 0.5),
            ("2**3**2", 512.0),
            ("8 - 2 - 1", 5.0),
            ("7 // 2 * 2", 6.0),
            ("-7 % 3", 2.0),
            ("-7 // 2", -4.0),
            ("(x < i0) + (x >= i0)*10", 1.0),
            ("1 < 2", 1.0),
            ("where(x == 3, 1.5e1, .5)", 15.0),
            ("max(x, i0) - min(x, i0)", 4.0),
            ("+-+x", -3.0),
            ("cos(0) + pi - pi", 1.0),
            ("-inf", f64::NEG_INFINITY),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
        assert!(value("nan").is_nan());
    }

    #[test]
    fn a_text_that_is_no_formula_is_refused_with_the_reason() {
        for (text, word) in [
            ("", "ends"),
            ("1 +", "ends"),
            ("(1", "')'"),
            ("1 2", "'2'"),
            ("y", "'y'"),
            ("sinn(x)", "sin"),
            ("sin(1, 2)", "1 argument"),
            ("random(x)", "seed"),
            ("x $ 2", "'$ 2'"),
            ("1..2", "1..2"),
            ("1 < x < 3", "(a < b) * (b < c)"),
            ("x^2", "a**b"),
            ("(x > 1) & (x < 2)", "(a)*(b)"),
            ("where(x > 1 and x < 2, 1, 0)", "(a)*(b)"),
            ("x > 1 or x < 0", "max(a, b)"),
            ("not x", "(a) == 0"),
            ("1 if x > 0 else 2", "where(condition, yes, no)"),
            ("np.sin(x)", "sin(x)"),
            ("x = 1", "a == b"),
        ] {
            let error = Expression::parse(text, &["x"]).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
        let long = "x".repeat(100_000);
        for text in [
            "(".repeat(100_000),
            "1.".repeat(50_000),
            long.clone(),
            format!("np.{long}"),
            format!("{long}(1)"),
            format!("µ{long}"),
        ] {
            let error = Expression::parse(&text, &[]).unwrap_err().to_string();
            assert!(error.len() < 500, "{error}");
        }
    }

    #[test]
    fn random_numbers_depend_on_the_number_of_the_element_alone() {
        let mut out = [0.0; 9];
        let formula = Expression::parse("random(42)", &[]).unwrap();
        formula.evaluate(&[], 1000, &mut out);
        assert!(out.iter().zip(1000..).all(|(&v, n)| v == random(42, n)));
    }

    #[test]
    fn functions_through_points_are_called_by_their_names() {
        use crate::{Extension, Piecewise};
        let [f, g] = ["f", "g_2"]
            .map(|name| Arc::new(Interpolant::new(name, Piecewise::Linear, Extension::Hold)));
        f.set([[0.0, 1.0], [4.0, 9.0]].into());
        g.set([[0.0, 0.0], [10.0, 1.0]].into());
        let functions = [f, g];
        let parse = |text: &str| Expression::parse_with(text, &["x", "y", "t"], &functions, &[]);
        let formula = parse("x*f(t/2 + 1) - f(3*g_2(y)) + f(2)").unwrap();
        let mut out = [0.0; 2];
        formula.evaluate(&[&[10.0, 0.0], &[5.0; 2], &[2.0; 2]], 0, &mut out);
        assert_eq!(out, [10.0 * 5.0 - 4.0 + 5.0, -4.0 + 5.0]);
        let calls = formula.interpolations();
        let told: Vec<_> = calls
            .iter()
            .map(|(function, of)| (function.name(), of.steps.len(), of.uses(1), of.uses(2)))
            .collect();
        let expected = [
            ("f", 5, false, true),
            ("g_2", 1, true, false),
            ("f", 4, true, false),
            ("f", 1, false, false),
        ];
        assert_eq!(told, expected);
        assert!(!parse("f(2)").unwrap().is_constant());
        let terms = parse("x*y*f(t)").unwrap().separate(2, 4).unwrap();
        assert_eq!(terms.len(), 1);
        for (text, word) in [
            ("f(1, 2)", "1 argument"),
            ("f", "f(t)"),
            ("h(1)", "where, f, g_2"),
            ("f(", "ends"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn functions_have_the_same_bits_on_every_machine() {
        for (text, bits) in [
            ("sin(x)", 0x3fc2_1038_6db6_d55b),
            ("cos(1e22)", 0x3fe0_be2c_ef01_c8f4),
            ("tan(1.5)", 0x402c_33ed_50b8_8777),
            ("asin(0.7)", 0x3fe8_d00e_692a_fd95),
            ("acos(0.7)", 0x3fe9_73e8_3f5d_5c9b),
            ("atan(x)", 0x3ff3_fc17_6b7a_8560),
            ("sinh(x)", 0x4024_0926_e709_49ae),
            ("cosh(x)", 0x4024_22a4_97d6_185e),
            ("tanh(0.3)", 0x3fd2_a4dd_a7d9_14f9),
            ("exp(x/7)", 0x3ff8_8f9e_3ae0_cebb),
            ("log(x)", 0x3ff1_93ea_7aad_030a),
            ("log2(x)", 0x3ff9_5c01_a39f_bd68),
            ("log10(x)", 0x3fde_8927_964f_d5fd),
            ("cbrt(x)", 0x3ff7_1374_4912_3ef6),
            ("sqrt(x)", 0x3ffb_b67a_e858_4caa),
            ("x**0.3", 0x3ff6_3f08_b6f3_82ae),
            ("1.1**2", 0x3ff3_5c28_f5c2_8f5d),
            ("atan2(x, 7)", 0x3fd9_e9bf_3d20_dc70),
            ("hypot(x, 7.1)", 0x401e_d4c6_72af_afac),
            ("sqrt(-x)", 0x7ff8_0000_0000_0000),
            ("-nan", 0x7ff8_0000_0000_0000),
            ("inf - inf", 0x7ff8_0000_0000_0000),
        ] {
            let found = value(text).to_bits();
            assert_eq!(found, bits, "{text}: {found:#x}");
        }
    }

    #[test]
    fn integers_stay_integers_until_something_makes_floats_of_them() {
        let exact = |text: &str| {
            let formula = Expression::parse(text, &["i0"]).unwrap();
            formula.evaluate_exactly(&[&[7]], 0, 1)
        };
        for (text, expected) in [
            ("i0 + 9007199254740993", Some(9_007_199_254_741_000)),
            ("2**63 - 1", Some((1 << 63) - 1)),
            ("-2**63", Some(-(1 << 63))),
            ("-i0 // 2", Some(-4)),
            ("-i0 % 4", Some(1)),
            ("min(i0, 3) * max(i0, 9)", Some(27)),
            ("where(i0/2 > 3, 2**62 + 1, 0)", Some((1 << 62) + 1)),
            ("where(0.5, 1, 2)", Some(1)),
            ("(i0 > 6.5) * (2**62 + 1)", Some((1 << 62) + 1)),
            ("abs(-i0) + sign(-i0) + round(i0)", Some(13)),
            ("1 // (i0 - 7)", None),
            ("where(i0 == 7, 1, 1 // (i0 - 7))", Some(1)),
            ("2**127", None),
            ("2**-1", None),
            ("10**(20*i0) > 1e10", None),
            ("where(i0 == 7, 1, 1.5 * 2**-1) > 0.5", Some(1)),
        ] {
            assert_eq!(exact(text), Values::Integers(vec![expected]), "{text}");
        }
        for (text, expected) in [
            ("i0 / 2", Some(3.5)),
            ("i0 + 0.5", Some(7.5)),
            ("2.0**-1", Some(0.5)),
            ("sin(0)", Some(0.0)),
            ("where(i0 == 7, 1, 1.5)", Some(1.0)),
            ("where(i0 == 7, 1.5, 1 // (i0 - 7))", Some(1.5)),
            ("where(i0 == 0, 1.5, 1 // (i0 - 7))", None),
            ("sin(10**40)", None),
        ] {
            assert_eq!(exact(text), Values::Floats(vec![expected]), "{text}");
        }
    }
}
