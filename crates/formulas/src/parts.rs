//! [`Part`]: what need not be evaluated for each element.

use super::{formula::Expression, step::Step};

/// A part of a formula, by [`Expression::take_apart`].
#[derive(Debug, Clone)]
pub struct Part {
    /// The subexpression. It may use parts before it.
    pub formula: Expression,
    /// The variables on which its values depend: bit `k` stands for variable `k`.
    pub uses: u64,
}

impl Expression {
    /// Takes out of a formula in fewer than 64 variables what need not be evaluated for each element. `varying` has the bits
    /// of the variables that differ from element to element. A part is the largest subexpression that depends on fewer of
    /// these than the expression around it; single numbers and variables are no parts. In what is left, and in later parts,
    /// part `k` is the variable `first + k`. The values have the same bits.
    #[must_use]
    pub fn take_apart(&self, first: usize, varying: u64) -> (Self, Vec<Part>) {
        let mut parts = Parts {
            first,
            varying,
            parts: Vec::new(),
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
                    let union = arguments.iter().fold(0, |union, (_, uses)| union | uses);
                    let mut arguments = arguments
                        .into_iter()
                        .map(|(steps, uses)| parts.take_out(steps, uses, union));
                    // In a long sum, the first argument has nearly all of the steps.
                    let mut steps = arguments.next().unwrap_or_default();
                    arguments.for_each(|more| steps.extend(more));
                    (steps, union)
                }
            };
            steps.push(step.clone());
            stack.push((steps, uses));
        }
        let (steps, uses) = stack.pop().unwrap_or_default();
        let steps = parts.take_out(steps, uses, u64::MAX);
        (Self { steps }, parts.parts)
    }
}

/// The state of [`Expression::take_apart`].
struct Parts {
    /// The number of the variable that stands for the first part.
    first: usize,
    /// The variables that differ from element to element.
    varying: u64,
    parts: Vec<Part>,
}

impl Parts {
    /// The steps of a value; if it depends on fewer of the varying variables than the value around it, the step of a
    /// variable that stands for it.
    fn take_out(&mut self, steps: Vec<Step>, uses: u64, around: u64) -> Vec<Step> {
        let varies_alike = uses & self.varying == around & self.varying;
        if steps.len() == 1 || varies_alike {
            return steps;
        }
        let formula = Expression { steps };
        self.parts.push(Part { formula, uses });
        vec![Step::Variable(self.first + self.parts.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
