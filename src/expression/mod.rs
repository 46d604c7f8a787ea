//! [`Expression`]: formulas that users write, evaluated for many values at a time.
//!
//! The language is that of Python's arithmetic: `+ - * / // % **` (also `^`) with its precedences
//! (`-x**2` is `-(x**2)`), comparisons that give 1 or 0, names, and functions. `%` and `//` round
//! towards minus infinity.

mod functions;
mod parser;

use functions::Function;
use parser::Parser;

/// Values that are evaluated at a time.
pub const BLOCK: usize = 256;

/// What is wrong with a formula.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no formula: {reason}")]
pub struct ExpressionError {
    /// The formula.
    pub text: String,
    /// What was found, where, and what would do.
    pub reason: String,
}

/// One step of the evaluation, on a stack of blocks.
#[derive(Debug, Clone, Copy)]
enum Step {
    Number(f64),
    Variable(usize),
    Random(u64),
    Apply(Function),
}

/// A formula in some variables.
///
/// ```
/// use diff2d::expression::Expression;
///
/// let formula = Expression::parse("exp(-x**2) * (y > 0)", &["x", "y"]).unwrap();
/// let mut out = [0.0; 2];
/// formula.evaluate(&[&[0.0, 1.0], &[1.0, 1.0]], 0, &mut out);
/// assert_eq!(out, [1.0, (-1.0f64).exp()]);
/// ```
#[derive(Debug, Clone)]
pub struct Expression {
    steps: Vec<Step>,
    depth: usize,
}

impl Expression {
    /// Reads a formula that may use these variables, and `random(seed)`.
    ///
    /// # Errors
    /// [`ExpressionError`] with the place and what would do.
    pub fn parse(text: &str, variables: &[&str]) -> Result<Self, ExpressionError> {
        let steps = Parser::new(text, variables)
            .parse()
            .map_err(|reason| ExpressionError {
                text: text.to_owned(),
                reason,
            })?;
        let (mut now, mut depth) = (0_usize, 0);
        for step in &steps {
            match step {
                Step::Apply(function) => now -= function.arguments() - 1,
                _ => now += 1,
            }
            depth = depth.max(now);
        }
        Ok(Self { steps, depth })
    }

    /// Whether a variable, by its number, has a part in the formula.
    #[must_use]
    pub fn uses(&self, variable: usize) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::Variable(number) if *number == variable))
    }

    /// The values of the formula for those of its variables, at most [`BLOCK`]; `first` is the number
    /// of the first, on which `random` depends.
    ///
    /// # Panics
    /// When a variable that is used has fewer values than `out`, or `out` more than a block.
    pub fn evaluate(&self, variables: &[&[f64]], first: u64, out: &mut [f64]) {
        let count = out.len();
        let mut stack = vec![[0.0; BLOCK]; self.depth];
        let mut top = 0;
        for step in &self.steps {
            match *step {
                Step::Number(value) => stack[top][..count].fill(value),
                Step::Variable(number) => {
                    stack[top][..count].copy_from_slice(&variables[number][..count]);
                }
                Step::Random(seed) => {
                    for (value, number) in stack[top][..count].iter_mut().zip(first..) {
                        *value = random(seed, number);
                    }
                }
                Step::Apply(function) => {
                    top -= function.arguments();
                    let (below, above) = stack[top..].split_at_mut(1);
                    let argument =
                        |number: usize| above.get(number).map_or(&[][..], |v| &v[..count]);
                    function.apply(&mut below[0][..count], argument(0), argument(1));
                }
            }
            top += 1;
        }
        out.copy_from_slice(&stack[0][..count]);
    }
}

/// Number `number` of the uniform random sequence of a seed, in `[0, 1)`.
///
/// Source: G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number generators", OOPSLA
/// 2014 (SplitMix64): its n-th output is a function of n, so that any element can be had alone.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "53 bits")]
pub fn random(seed: u64, number: u64) -> f64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |mut z: u64| {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let bits = mix(mix(seed.wrapping_add(GOLDEN)).wrapping_add(number.wrapping_mul(GOLDEN)));
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> f64 {
        let mut out = [0.0];
        Expression::parse(text, &["x", "i0"])
            .unwrap()
            .evaluate(&[&[3.0], &[7.0]], 0, &mut out);
        out[0]
    }

    #[test]
    fn precedences_are_those_of_python() {
        for (text, expected) in [
            ("1 + 2*x", 7.0),
            ("-x**2", -9.0),
            ("-x^2", -9.0),
            ("2**-1", 0.5),
            ("2**3**2", 512.0),
            ("8 - 2 - 1", 5.0),
            ("-7 % 3", 2.0),
            ("-7 // 2", -4.0),
            ("(x < i0) + (x >= i0)*10", 1.0),
            ("1 < 2", 1.0),
            ("where(x == 3, 1.5e1, .5)", 15.0),
            ("max(x, i0) - min(x, i0)", 4.0),
            ("+-+x", -3.0),
            ("cos(0) + pi - pi", 1.0),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
        assert!(value("nan").is_nan());
        assert_eq!(value("-inf"), f64::NEG_INFINITY);
    }

    #[test]
    fn what_is_no_formula_is_refused_with_the_reason() {
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
        ] {
            let error = Expression::parse(text, &["x"]).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
        let deep = "(".repeat(100_000);
        assert!(Expression::parse(&deep, &[]).is_err());
    }

    #[test]
    fn random_numbers_are_uniform_and_of_their_place_alone() {
        let mut out = [0.0; BLOCK];
        let formula = Expression::parse("random(42)", &[]).unwrap();
        formula.evaluate(&[], 1000, &mut out);
        assert!(out.iter().zip(1000..).all(|(&v, n)| v == random(42, n)));
        let mean = (0..100_000).map(|n| random(7, n)).sum::<f64>() / 1e5;
        assert!((mean - 0.5).abs() < 0.005, "{mean}");
    }
}
