//! [`Jump`]: where a formula may jump, because a comparison, a rounding or a condition changes.

use super::{
    arithmetic::divide_floored,
    formula::Expression,
    functions::{Form, Function},
    interpolant::{Interpolant, Piecewise},
    range::{Arguments, may_change, ranges_of},
    step::Step,
};
use std::sync::Arc;

/// A part of a formula whose value jumps: a comparison, `floor`, `round`, `%` or the like, the condition of a `where`,
/// or a function that has the value of the point before.
#[derive(Debug, Clone)]
pub struct Jump {
    /// The steps of the arguments.
    arguments: Vec<Step>,
    of: JumpOf,
}

/// The parts of a formula that jump.
#[derive(Debug, Clone)]
pub struct JumpingParts {
    /// The parts. Those that depend on other jumping parts alone, such as the `%` in `floor(x) % 2`, are left out, because
    /// they jump where these do. So are `==` and `!=`, which change at single values.
    pub parts: Vec<Jump>,
    /// Whether the value is the same wherever no part jumps in between. Comparisons for equality change at single values
    /// besides.
    pub is_constant_between: bool,
}

/// What a part of a formula is at a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) value: f64,
    /// The difference of the two sides of a comparison, which is 0 where the comparison changes.
    pub(super) difference: Option<f64>,
}

#[derive(Debug, Clone)]
enum JumpOf {
    Function(Function),
    Interpolant(Arc<Interpolant>),
}

impl Jump {
    /// Whether its place depends on the variable with this number.
    #[must_use]
    pub fn uses(&self, variable: usize) -> bool {
        self.arguments
            .iter()
            .any(|step| matches!(step, Step::Variable(number) if *number == variable))
    }

    /// Whether the value may jump where each variable lies between two bounds, which are included. It certainly does
    /// not if the answer is no; yes may be wrong where the bounds lie apart.
    #[must_use]
    pub fn may_lie_in(&self, variables: &[[f64; 2]]) -> bool {
        let arguments = self.arguments_in(variables);
        match &self.of {
            JumpOf::Function(function) => may_change(*function, arguments),
            JumpOf::Interpolant(function) => {
                let [argument, ..] = arguments;
                !argument.is_point() && function.may_step(argument.low, argument.high)
            }
        }
    }

    /// The value at a point, at which the two bounds of each variable are equal: a number that is different at two points
    /// if the value jumps once between them.
    #[must_use]
    pub fn value_at(&self, point: &[[f64; 2]]) -> f64 {
        self.outcome_at(point).value
    }

    /// The outcome at a point: a number that is different at two points if the value jumps once between them.
    pub(super) fn outcome_at(&self, point: &[[f64; 2]]) -> Outcome {
        let [a, b, _] = self.arguments_in(point).map(|argument| argument.low);
        let value = match &self.of {
            JumpOf::Function(function) => match function.form {
                Form::FlooredQuotient | Form::FlooredRemainder => divide_floored(a, b).0,
                _ => function.value([a, b, 0.0]),
            },
            JumpOf::Interpolant(function) => function.at(a),
        };
        let is_comparison = matches!(&self.of, JumpOf::Function(function)
            if matches!(function.form, Form::Order | Form::WeakOrder));
        Outcome {
            value,
            difference: is_comparison.then_some(a - b),
        }
    }

    /// The part with values for all variables but one. What does not depend on that one is evaluated.
    pub(super) fn on_line(&self, variable: usize, values: &[f64]) -> Self {
        let mut arguments: Vec<Step> = Vec::with_capacity(self.arguments.len());
        // Of each value on the stack its first step.
        let mut starts: Vec<usize> = Vec::new();
        for step in &self.arguments {
            let depth = starts.len() - step.arguments();
            let start = starts.get(depth).copied().unwrap_or(arguments.len());
            starts.truncate(depth);
            starts.push(start);
            let mut steps_before = arguments[start..].iter();
            let is_known =
                step.arguments() > 0 && steps_before.all(|step| matches!(step, Step::Number(..)));
            arguments.push(match step {
                Step::Variable(number) if *number != variable => {
                    Step::Number(values[*number], None)
                }
                step => step.clone(),
            });
            if is_known {
                let [value, ..] = ranges_of(&arguments[start..], &[], 1);
                arguments.truncate(start);
                arguments.push(Step::Number(value.low, None));
            }
        }
        Self {
            arguments,
            of: self.of.clone(),
        }
    }

    /// The ranges of the arguments where each variable lies between two bounds.
    fn arguments_in(&self, variables: &[[f64; 2]]) -> Arguments {
        let count = match &self.of {
            JumpOf::Function(function) => function.arguments,
            JumpOf::Interpolant(_) => 1,
        };
        ranges_of(&self.arguments, variables, count)
    }
}

impl Expression {
    /// The parts of the formula that jump. A formula with random numbers has values at elements alone, and jumps nowhere in
    /// between.
    #[must_use]
    pub fn jumps(&self) -> JumpingParts {
        let mut parts = Vec::new();
        if self.is_random() {
            return JumpingParts {
                parts,
                is_constant_between: false,
            };
        }
        let mut compares_for_equality = false;
        // Of each value on the stack its first step, and whether it is constant between jumps of its parts.
        let mut stack: Vec<(usize, bool)> = Vec::new();
        for (number, step) in self.steps.iter().enumerate() {
            let arguments = stack.split_off(stack.len() - step.arguments());
            let first_step = arguments
                .first()
                .map_or(number, |&(first_step, _)| first_step);
            let has_constant_arguments = arguments.iter().all(|&(_, is_constant)| is_constant);
            let jump_of = match step {
                _ if has_constant_arguments => None,
                Step::Interpolate(function) if function.piecewise() == Piecewise::Constant => {
                    Some(JumpOf::Interpolant(Arc::clone(function)))
                }
                Step::Apply(function) if jumps_at_places(function.form) => {
                    Some(JumpOf::Function(*function))
                }
                _ => None,
            };
            let is_constant = match step.form() {
                Form::FlooredRemainder => has_constant_arguments,
                Form::Equality => true,
                _ if jump_of.is_some() => true,
                _ => has_constant_arguments && !matches!(step, Step::Variable(_)),
            };
            if let Some(of) = jump_of {
                let arguments = self.steps[first_step..number].to_vec();
                parts.push(Jump { arguments, of });
            }
            compares_for_equality |= step.form() == Form::Equality;
            stack.push((first_step, is_constant));
        }
        let is_constant = stack.iter().all(|&(_, is_constant)| is_constant);
        JumpingParts {
            parts,
            is_constant_between: is_constant && !compares_for_equality,
        }
    }
}

/// Whether functions of this form jump at places of which there are few.
fn jumps_at_places(form: Form) -> bool {
    matches!(
        form,
        Form::WeakOrder
            | Form::Order
            | Form::Whole
            | Form::Staircase
            | Form::Truth
            | Form::FlooredQuotient
            | Form::FlooredRemainder
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Extension;

    /// Whether any part may jump in a box.
    fn may_jump(text: &str, x: [f64; 2], y: [f64; 2]) -> bool {
        let steps = Arc::new(Interpolant::new(
            "s",
            Piecewise::Constant,
            Extension::Repeat,
        ));
        steps.set([[0.0, 5.0], [0.5, 7.0], [1.0, 7.0]].into());
        let formula = Expression::parse_with(text, &["x", "y"], &[steps], &[]).unwrap();
        let mut parts = formula.jumps().parts.into_iter();
        parts.any(|jump| jump.may_lie_in(&[x, y]))
    }

    #[test]
    fn formulas_may_jump_where_a_part_changes_and_nowhere_else() {
        let y = [0.0, 0.1];
        for (text, within, beside) in [
            ("where(x < 0.3, 1, 2)", [0.2, 0.3], [0.3, 0.4]),
            ("where(x <= 0.3, 1, 2)", [0.3, 0.4], [0.2, 0.3]),
            ("1 + (abs(x - 0.35) < 1e-9)", [0.3, 0.4], [0.4, 0.5]),
            ("where(max(x - 0.5, 0), 1, 2)", [0.4, 0.6], [0.51, 0.6]),
            ("floor(10*x)", [0.25, 0.35], [0.31, 0.35]),
            ("ceil(10*x)", [0.3, 0.35], [0.31, 0.4]),
            ("round(x)", [0.4, 0.6], [0.6, 0.9]),
            ("sign(x - 0.3)", [0.3, 0.4], [0.31, 0.4]),
            ("x % 0.3", [0.25, 0.3], [0.3, 0.4]),
            ("x // 0.3", [0.5, 0.7], [0.3, 0.5]),
            ("floor(10*x) % 2 == 0", [0.25, 0.35], [0.31, 0.39]),
            ("hypot(x - 0.3, y) < 0.2", [0.45, 0.6], [0.25, 0.3]),
            ("sin(pi*x) > 0.5", [0.1, 0.2], [0.2, 0.8]),
            ("cos(2*pi*x) > 0.5", [0.8, 0.9], [0.9, 1.1]),
            ("x**2 < 0.09", [0.2, 0.4], [-0.2, 0.2]),
            ("x**3 < 0.008", [0.1, 0.3], [0.3, 0.4]),
            ("sqrt(x - 0.5) < 0.5", [0.7, 0.8], [0.2, 0.4]),
            ("atan2(y + 0.1, x) > 0.5", [-1.0, 1.0], [1.0, 2.0]),
            ("tan(x) < 1", [0.7, 0.8], [0.8, 1.5]),
            ("1/x > 4", [0.2, 0.3], [0.3, 0.4]),
            ("s(x)", [0.4, 0.5], [0.5, 0.7]),
            ("s(x)", [0.9, 1.1], [1.1, 1.4]),
            ("(x > 0.3)*(y > 0.5) + 2", [0.25, 0.35], [0.31, 0.4]),
        ] {
            assert!(may_jump(text, within, y), "{text} {within:?}");
            assert!(!may_jump(text, beside, y), "{text} {beside:?}");
            assert!(!may_jump(text, [0.7; 2], [0.1; 2]), "{text} at a point");
        }
        for text in ["x < 0.3", "x >= 0.3", "0.3 > x", "(x <= 0.3)*(y > 0.05)"] {
            let rounded = Expression::parse(text, &["x", "y"])
                .unwrap()
                .of_rounded(1.0);
            let jumps = |x: [f64; 2]| {
                let parts = rounded.jumps().parts;
                parts.iter().any(|jump| jump.may_lie_in(&[x, [0.1; 2]]))
            };
            assert!(jumps([0.2, 0.4]), "{text}");
            assert!(!jumps([0.1, 0.2]) && !jumps([0.31, 0.4]), "{text}");
        }
        for text in [
            "x",
            "x == 0.3",
            "where(x == 0.3, 1, 2)",
            "min(x, 0.3)",
            "abs(x)*atan2(y, x)",
            "where(x < 0.3, 1, random(3))",
            "where(pi > 3, 1, x)",
        ] {
            assert!(!may_jump(text, [0.0, 1.0], [0.0, 1.0]), "{text}");
        }
    }

    #[test]
    fn formulas_are_constant_between_jumps_or_not() {
        for (text, is_constant) in [
            ("where(hypot(x, y) < 0.3, 1, 2)", true),
            ("floor(3*x) % 2 + (y > 0.5)", true),
            ("max(round(x), 2)*pi", true),
            ("where(x < 0.3, y, 2)", false),
            ("x % 0.3", false),
            ("where(x < 0.3, 1 + (y == 0.5), 2)", false),
            ("where(x < 0.3, random(3), 2)", false),
        ] {
            let formula = Expression::parse(text, &["x", "y"]).unwrap();
            assert_eq!(formula.jumps().is_constant_between, is_constant, "{text}");
        }
    }

    #[test]
    fn the_parts_that_jump_know_their_variables() {
        let text = "where(x < 0.3, (floor(y) % 2 == 0) + where(x + y > 1, 1, x), 2)";
        let jumps = Expression::parse(text, &["x", "y"]).unwrap().jumps();
        let uses: Vec<[bool; 2]> = (jumps.parts)
            .iter()
            .map(|jump| [jump.uses(0), jump.uses(1)])
            .collect();
        assert_eq!(uses, [[true, false], [false, true], [true, true]]);
    }
}
