//! Formulas in variables that are rounded, such as coordinates and times.

use super::{
    arithmetic::roundings,
    formula::Expression,
    functions::{
        CERTAIN_DIFFERENCE, DIFFERENCE, Form, MINUS, NEAREST_WHOLE, PLUS, ROUNDED_QUOTIENT,
        ROUNDED_REMAINDER,
    },
    step::Step,
};

impl Expression {
    /// The formula for variables that are rounded, such as coordinates, the largest of which is `scale`: to comparisons
    /// values are equal that differ by less than eight units in the last place of the larger one, or of `scale`.
    #[must_use]
    pub fn of_rounded(&self, scale: f64) -> Self {
        let steps = self.steps.iter().flat_map(|step| match step.form() {
            Form::Equality | Form::WeakOrder | Form::Order => vec![
                Step::Number(scale, None),
                Step::Apply(DIFFERENCE),
                Step::Number(0.0, None),
                step.clone(),
            ],
            _ => vec![step.clone()],
        });
        Self {
            steps: steps.collect(),
        }
    }

    /// The formula for a variable that is rounded, such as time, the largest value of which is `scale`: wherever something
    /// that depends on it is compared or brought to a whole number, by `floor`, `ceil`, `trunc`, `//` and `%`, values are
    /// equal that differ by less than eight units in the last place, their own or those of `scale` in the variable.
    /// Formulas that do neither keep their bits.
    #[must_use]
    pub fn of_rounded_variable(&self, variable: usize, scale: f64) -> Self {
        // Of each value on the stack its steps, and whether it depends on the variable.
        let mut stack: Vec<(Vec<Step>, bool)> = Vec::new();
        for step in &self.steps {
            let arguments = stack.split_off(stack.len() - step.arguments());
            let is_dependent = match step {
                Step::Variable(number) => *number == variable,
                _ => arguments.iter().any(|(_, is_dependent)| *is_dependent),
            };
            let mut arguments = arguments.into_iter().map(|(steps, _)| steps);
            // In a long sum, the first argument has nearly all of the steps.
            let mut steps = arguments.next().unwrap_or_default();
            let first_length = steps.len();
            arguments.for_each(|more| steps.extend(more));
            let replacement = match step.form() {
                _ if !is_dependent => Vec::new(),
                Form::Equality | Form::WeakOrder | Form::Order => {
                    let difference = [&steps[..], &[Step::Apply(MINUS)]].concat();
                    steps.extend(error(&difference, variable, scale));
                    vec![
                        Step::Apply(CERTAIN_DIFFERENCE),
                        Step::Number(0.0, None),
                        step.clone(),
                    ]
                }
                form => {
                    let replacement = match form {
                        Form::Whole => vec![Step::Apply(NEAREST_WHOLE), step.clone()],
                        Form::FlooredQuotient => vec![Step::Apply(ROUNDED_QUOTIENT)],
                        Form::FlooredRemainder => vec![Step::Apply(ROUNDED_REMAINDER)],
                        _ => Vec::new(),
                    };
                    if !replacement.is_empty() {
                        steps.extend(error(&steps[..first_length], variable, scale));
                    }
                    replacement
                }
            };
            if replacement.is_empty() {
                steps.push(step.clone());
            } else {
                steps.extend(replacement);
            }
            stack.push((steps, is_dependent));
        }
        let (steps, _) = stack.pop().unwrap_or_default();
        Self { steps }
    }
}

/// The steps for the change of a value when a variable grows by eight units in the last place of its largest value,
/// `scale`; 0 for a value of many steps.
fn error(value: &[Step], variable: usize, scale: f64) -> Vec<Step> {
    const MANY: usize = 256;
    if value.len() > MANY {
        return vec![Step::Number(0.0, None)];
    }
    let later = value.iter().flat_map(|step| match step {
        Step::Variable(number) if *number == variable => {
            let shift = Step::Number(roundings(scale), None);
            vec![step.clone(), shift, Step::Apply(PLUS)]
        }
        _ => vec![step.clone()],
    });
    let minus = [Step::Apply(MINUS)];
    later.chain(value.iter().cloned()).chain(minus).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("x > 0.3", 1.0, 0.0),
            ("x < 0.3", 0.0, 0.0),
            ("-x < -0.3", 1.0, 0.0),
            ("x > 0.2999999", 1.0, 1.0),
            ("x < inf", 1.0, 1.0),
            ("inf < inf", 0.0, 0.0),
            ("nan < x", 0.0, 0.0),
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
    fn times_that_differ_by_their_roundings_are_equal_in_all_that_jumps() {
        // A product that is rounded down: 2.0999999999999996.
        let t = 3.0 * 0.7;
        for (text, exact, rounded) in [
            ("t >= 2.1", 0.0, 1.0),
            ("t < 2.1", 1.0, 0.0),
            ("t > 2.1", 0.0, 0.0),
            ("t == 2.1", 0.0, 1.0),
            ("t/0.7 >= 3", 0.0, 1.0),
            ("floor(t/2.1)", 0.0, 1.0),
            ("trunc(-t/2.1)", 0.0, -1.0),
            ("ceil(4.2 - t - 2.1)", 1.0, 0.0),
            ("t // 2.1", 0.0, 1.0),
            ("t % 2.1", t, 0.0),
            ("t < 2.1000001", 1.0, 1.0),
            ("x < 2.1", 1.0, 1.0),
            ("x % 2.1", t, t),
            ("(x < 2.1)*(t < 2.1)", 1.0, 0.0),
            ("t + 1", t + 1.0, t + 1.0),
            ("1e-20*t > 1e-20", 1.0, 1.0),
            ("exp(-t) - exp(-2) > 0", 0.0, 0.0),
        ] {
            let formula = Expression::parse(text, &["x", "t"]).unwrap();
            let value = |formula: &Expression| {
                let mut out = [0.0];
                formula.evaluate(&[&[t], &[t]], 0, &mut out);
                out[0]
            };
            assert_eq!(value(&formula), exact, "{text}");
            let of_rounded = formula.of_rounded_variable(1, 3.0);
            assert_eq!(value(&of_rounded), rounded, "{text}");
        }
    }
}
