//! [`Expression`]: a formula that has been read.

use super::{
    functions::{DIFFERENCE, Form},
    interpolant::Interpolant,
    parser::{Calls, Parser},
    step::{Step, evaluate},
    values::Values,
};
use std::sync::Arc;

/// What is wrong with a formula.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the formula '{text}' cannot be read: {reason}")]
pub struct ExpressionError {
    /// The formula, its beginning if it is long.
    pub text: String,
    /// What was found, where, and what was expected.
    pub reason: String,
}

/// A formula in some variables.
///
/// ```
/// use diff2d_arrays::expression::Expression;
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

/// A part of a formula, by [`Expression::take_apart`].
#[derive(Debug, Clone)]
pub struct Part {
    /// The part. It may use parts before it.
    pub formula: Expression,
    /// The variables that its values depend on: bit `k` for variable `k`.
    pub uses: u64,
}

impl Expression {
    /// Reads a formula that may use these variables, and `random(seed)`.
    ///
    /// # Errors
    /// [`ExpressionError`] with the place and what was expected.
    pub fn parse(text: &str, variables: &[&str]) -> Result<Self, ExpressionError> {
        Self::read(text, variables, &[], &mut |_, _| Ok(None))
    }

    /// As [`parse`](Self::parse), and `calls` takes the name and the arguments of every call as they are written: for
    /// those that are its own it gives the number of the variable that stands for them.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), those of `calls` among them.
    pub fn parse_with_calls(
        text: &str,
        variables: &[&str],
        calls: &mut Calls<'_>,
    ) -> Result<Self, ExpressionError> {
        Self::read(text, variables, &[], calls)
    }

    /// As [`parse`](Self::parse); the formula may also use these functions.
    ///
    /// # Errors
    /// As `parse`.
    pub fn parse_with(
        text: &str,
        variables: &[&str],
        functions: &[Arc<Interpolant>],
    ) -> Result<Self, ExpressionError> {
        Self::read(text, variables, functions, &mut |_, _| Ok(None))
    }

    fn read(
        text: &str,
        variables: &[&str],
        functions: &[Arc<Interpolant>],
        calls: &mut Calls<'_>,
    ) -> Result<Self, ExpressionError> {
        /// Characters of a formula that are shown.
        const SHOWN: usize = 80;
        let steps = Parser::new(text, variables, functions, calls)
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

    /// Whether its values depend on the numbers of the elements as well.
    #[must_use]
    pub fn is_random(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::Random(_)))
    }

    /// Whether the formula has the same value for every element, and one that is known: functions through points may get
    /// theirs later.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        let is_known = |step: &Step| matches!(step, Step::Number(..) | Step::Apply(_));
        self.steps.iter().all(is_known)
    }

    /// Its calls of functions through points, each with its argument.
    #[must_use]
    pub fn interpolations(&self) -> Vec<(Arc<Interpolant>, Self)> {
        let mut found = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let Step::Interpolate(function) = step else {
                continue;
            };
            // The steps before it, as far as they make one value.
            let mut lacking = 1;
            let before = self.steps[..at].iter().rev().take_while(|step| {
                let is_part = lacking > 0;
                lacking = (lacking + step.arguments()).saturating_sub(1);
                is_part
            });
            let count = before.count();
            let steps = self.steps[at - count..at].to_vec();
            found.push((Arc::clone(function), Self { steps }));
        }
        found
    }

    /// The formula for variables that are rounded, such as coordinates, the largest of which is `scale`: to `==`, `!=`, `<=`
    /// and `>=` values are equal that differ by less than eight units in the last place of the larger one, or of `scale`.
    /// `<` and `>` compare what was computed.
    #[must_use]
    pub fn of_rounded(&self, scale: f64) -> Self {
        let number = |value| Step::Number(value, None);
        let steps = self.steps.iter().flat_map(|step| match step.form() {
            Form::Equality => {
                let difference = Step::Apply(DIFFERENCE);
                vec![number(scale), difference, number(0.0), step.clone()]
            }
            _ => vec![step.clone()],
        });
        Self {
            steps: steps.collect(),
        }
    }

    /// Takes out of a formula in fewer than 64 variables what need not be evaluated for each element. `varying` has the bits
    /// of the variables that differ from element to element. A part is the largest subexpression that depends on fewer of
    /// these than the expression around it; single numbers and variables are no parts. In what is left, and in later parts,
    /// part `k` is the variable `first + k`. The values have the same bits.
    #[must_use]
    pub fn take_apart(&self, first: usize, varying: u64) -> (Self, Vec<Part>) {
        let mut parts = Vec::new();
        let mut take_out = |(steps, uses): (Vec<Step>, u64), around: u64| {
            if steps.len() == 1 || uses & varying == around & varying {
                return steps;
            }
            let formula = Self { steps };
            parts.push(Part { formula, uses });
            vec![Step::Variable(first + parts.len() - 1)]
        };
        // The steps of each value on the stack, and the variables that it depends on: all where it is random.
        let mut stack: Vec<(Vec<Step>, u64)> = Vec::new();
        for step in &self.steps {
            let (mut steps, uses) = match step {
                Step::Number(..) => (Vec::new(), 0),
                Step::Variable(number) => (Vec::new(), 1 << number),
                Step::Random(_) => (Vec::new(), u64::MAX),
                step => {
                    let arguments = stack.split_off(stack.len() - step.arguments());
                    let all = arguments.iter().fold(0, |all, (_, uses)| all | uses);
                    let mut arguments = arguments.into_iter().map(|one| take_out(one, all));
                    // In a long sum, the first argument has nearly all of the steps.
                    let mut steps = arguments.next().unwrap_or_default();
                    arguments.for_each(|more| steps.extend(more));
                    (steps, all)
                }
            };
            steps.push(step.clone());
            stack.push((steps, uses));
        }
        let whole = stack.pop().unwrap_or_default();
        let steps = take_out(whole, u64::MAX);
        (Self { steps }, parts)
    }

    /// The values of the formula in double precision, for as many elements as `out` has, at best
    /// [`BATCH`](super::BATCH) of them; `first` is the number of the first, on which `random` depends.
    ///
    /// # Panics
    /// When a variable that is used has fewer values than `out`.
    pub fn evaluate(&self, variables: &[&[f64]], first: u64, out: &mut [f64]) {
        let count = out.len();
        let variable = |number: usize| variables[number][..count].to_vec();
        let values: Vec<f64> = evaluate(&self.steps, variable, first, count);
        for (out, value) in out.iter_mut().zip(values) {
            // Processors differ in the bits of a NaN.
            *out = if value.is_nan() { f64::NAN } else { value };
        }
    }

    /// The values of the formula for variables that are integers, with integers as exact as Python's
    /// as far as 127 bits: `+ - * // % **` and comparisons of integers give integers; `/`, `random` and
    /// functions such as `sin` give floats.
    ///
    /// `count` and `first` are as for [`evaluate`](Self::evaluate).
    ///
    /// # Panics
    /// When a variable that is used has fewer values than `count`.
    #[must_use]
    pub fn evaluate_exactly(&self, variables: &[&[i128]], first: u64, count: usize) -> Values {
        let variable = |number: usize| {
            let values = &variables[number][..count];
            Values::Integers(values.iter().copied().map(Some).collect())
        };
        evaluate(&self.steps, variable, first, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::random;

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
        let deep = "(".repeat(100_000);
        let error = Expression::parse(&deep, &[]).unwrap_err();
        assert!(error.to_string().len() < 200);
    }

    #[test]
    fn values_that_differ_by_roundings_of_the_variables_are_equal() {
        // A node at 0.3 between -10 and 10.
        let x = -10.0 + 103.0 * 0.1;
        for (text, exact, rounded) in [
            ("x == 0.3", 0.0, 1.0),
            ("x == 0.1 + 0.2", 0.0, 1.0),
            ("2*x == 0.6", 0.0, 1.0),
            ("abs(x - 0.5) == 0.2", 0.0, 1.0),
            ("x != 0.3", 1.0, 0.0),
            ("x <= 0.3", 0.0, 1.0),
            ("-x >= -0.3", 0.0, 1.0),
            ("x > 0.3", 1.0, 1.0),
            ("x < 0.3", 0.0, 0.0),
            ("x == 0.3000001", 0.0, 0.0),
            ("x >= 0.3000001", 0.0, 0.0),
            ("where(x == 0.3, 7, 5) - 5", 0.0, 2.0),
            ("x == inf", 0.0, 0.0),
            ("inf == inf", 1.0, 1.0),
            ("-inf == inf", 0.0, 0.0),
            ("x <= inf", 1.0, 1.0),
            ("nan == nan", 0.0, 0.0),
            ("nan != x", 1.0, 1.0),
        ] {
            let formula = Expression::parse(text, &["x"]).unwrap();
            let value = |formula: &Expression| {
                let mut out = [0.0];
                formula.evaluate(&[&[x]], 0, &mut out);
                out[0]
            };
            assert_eq!(value(&formula), exact, "{text}");
            assert_eq!(value(&formula.of_rounded(10.0)), rounded, "{text}");
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
    fn parts_that_are_taken_out_leave_the_values_as_they_are() {
        let variables: [&[f64]; 3] = [&[0.3, -2.0, 1e300], &[1.7; 3], &[0.25; 3]];
        for (text, uses, left) in [
            ("sin(x)*cos(t)", &[4, 5][..], 1),
            (
                "exp(-((x - cos(t))**2 + (y - sin(t))**2)/0.08)",
                &[4, 4, 5, 6],
                7,
            ),
            ("x*y + 2*pi + t*t", &[0, 4], 7),
            ("where(x > 0, sin(y), random(3)*(t + 1))", &[4, 1, 2], 6),
            ("sqrt(-x) - sqrt(x*x*y)", &[1, 1], 6),
            ("y**2 + 1", &[2], 1),
            ("random(1)", &[], 1),
            ("x", &[], 1),
            ("7", &[], 1),
        ] {
            let formula = Expression::parse(text, &["x", "y", "t"]).unwrap();
            let (rest, parts) = formula.take_apart(3, 0b11);
            let found: Vec<u64> = parts.iter().map(|part| part.uses).collect();
            assert_eq!(found, uses, "{text}");
            assert_eq!(rest.steps.len(), left, "{text}");
            let value = |formula: &Expression, known: &[[f64; 3]]| {
                let known = known.iter().map(<[f64; 3]>::as_slice);
                let all: Vec<&[f64]> = variables.into_iter().chain(known).collect();
                let mut out = [0.0; 3];
                formula.evaluate(&all, 11, &mut out);
                out
            };
            let mut known = Vec::new();
            for part in &parts {
                known.push(value(&part.formula, &known));
            }
            let bits = |values: [f64; 3]| values.map(f64::to_bits);
            let (now, before) = (value(&rest, &known), value(&formula, &[]));
            assert_eq!(bits(now), bits(before), "{text}");
        }
    }

    #[test]
    fn functions_through_points_are_called_by_their_names() {
        use crate::expression::{Extension, Piecewise};
        let [f, g] = ["f", "g_2"]
            .map(|name| Arc::new(Interpolant::new(name, Piecewise::Linear, Extension::Hold)));
        f.set([[0.0, 1.0], [4.0, 9.0]].into());
        g.set([[0.0, 0.0], [10.0, 1.0]].into());
        let functions = [f, g];
        let parse = |text: &str| Expression::parse_with(text, &["x", "y", "t"], &functions);
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
