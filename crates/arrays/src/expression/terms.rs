//! [`Expression::separate`]: a formula as a sum of products, each of something in one variable and something in the others.

use super::{
    formula::Expression,
    functions::{Form, NEGATE, OPERATORS},
    step::Step,
};

/// A product: one factor depends on a variable alone, the other does not depend on it.
#[derive(Debug, Clone)]
pub struct Term {
    /// What does not depend on the variable.
    pub others: Expression,
    /// What depends on it alone.
    pub alone: Expression,
}

/// Steps of one value; none stand for 1.
type Steps = Vec<Step>;

/// The factors of a product: of the others, and of the variable alone.
type Product = [Steps; 2];

/// A value on the stack.
enum Value {
    /// It depends on the variable, or on anything else that differs from element to element, or on neither.
    One { uses: [bool; 2], steps: Steps },
    /// It depends on both: the products whose sum it is, if it is one of few.
    Sum(Option<Vec<Product>>),
}

impl Expression {
    /// The formula as a sum of at most `most` products of something that depends on the variable with this number alone,
    /// and something that does not depend on it; `None` if the formula shows no such sum. Sums, differences, products,
    /// quotients and signs are looked into. Values may differ from those of the formula in their last bits.
    #[must_use]
    pub fn separate(&self, variable: usize, most: usize) -> Option<Vec<Term>> {
        let mut stack: Vec<Value> = Vec::new();
        for step in &self.steps {
            let uses = match *step {
                Step::Number(..) => [false; 2],
                Step::Variable(number) => [number == variable, number != variable],
                Step::Random(_) => [false, true],
                _ => {
                    let arguments = stack.split_off(stack.len() - step.arguments());
                    stack.push(Value::of(step, arguments, most));
                    continue;
                }
            };
            let steps = vec![step.clone()];
            stack.push(Value::One { uses, steps });
        }
        let products = stack.pop()?.products()?;
        let whole = |steps: Steps| {
            let one = || vec![Step::Number(1.0, Some(1))];
            let steps = if steps.is_empty() { one() } else { steps };
            Expression { steps }
        };
        let term = |[others, alone]: Product| Term {
            others: whole(others),
            alone: whole(alone),
        };
        Some(products.into_iter().map(term).collect())
    }
}

impl Value {
    /// The value of what a step applies.
    fn of(step: &Step, arguments: Vec<Self>, most: usize) -> Self {
        let mut all = [false; 2];
        for argument in &arguments {
            let uses = match argument {
                Self::One { uses, .. } => *uses,
                Self::Sum(_) => [true; 2],
            };
            all = [0, 1].map(|k| all[k] || uses[k]);
        }
        if all != [true; 2] {
            let mut steps = Steps::new();
            for argument in arguments {
                if let Self::One { steps: more, .. } = argument {
                    steps.extend(more);
                }
            }
            steps.push(step.clone());
            return Self::One { uses: all, steps };
        }
        let mut sums = arguments.into_iter().map(Self::products);
        let products = match (step.form(), sums.next().flatten(), sums.next().flatten()) {
            (Form::Sum, Some(a), Some(b)) => Some([a, b].concat()),
            (Form::Difference, Some(a), Some(b)) => Some([a, negated(b)].concat()),
            (Form::Product, Some(a), Some(b)) if a.len() * b.len() <= most => {
                let times = |a: &Product, b: &Product| [0, 1].map(|k| joined(step, &a[k], &b[k]));
                let of_one = |a: &Product| b.iter().map(|b| times(a, b)).collect::<Vec<_>>();
                Some(a.iter().flat_map(of_one).collect())
            }
            (Form::Quotient, Some(a), Some(b)) if b.len() == 1 => {
                let by = |a: &Product| [0, 1].map(|k| divided(step, &a[k], &b[0][k]));
                Some(a.iter().map(by).collect())
            }
            (Form::Negative, Some(a), None) => Some(negated(a)),
            _ => None,
        };
        Self::Sum(products.map(collected).filter(|all| all.len() <= most))
    }

    fn products(self) -> Option<Vec<Product>> {
        match self {
            Self::One {
                uses: [true, _],
                steps,
            } => Some(vec![[Steps::new(), steps]]),
            Self::One { steps, .. } => Some(vec![[steps, Steps::new()]]),
            Self::Sum(products) => products,
        }
    }
}

/// The sum or the product of two values; those that are 1 are no factors.
fn joined(step: &Step, a: &Steps, b: &Steps) -> Steps {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b.clone(),
        (_, true) => a.clone(),
        _ => [&a[..], &b[..], std::slice::from_ref(step)].concat(),
    }
}

fn divided(step: &Step, a: &Steps, b: &Steps) -> Steps {
    match (a.is_empty(), b.is_empty()) {
        (_, true) => a.clone(),
        (true, _) => joined(step, &vec![Step::Number(1.0, Some(1))], b),
        _ => joined(step, a, b),
    }
}

fn negated(products: Vec<Product>) -> Vec<Product> {
    let negate = |[mut others, alone]: Product| {
        if others.is_empty() {
            others.push(Step::Number(1.0, Some(1)));
        }
        others.push(Step::Apply(NEGATE));
        [others, alone]
    };
    products.into_iter().map(negate).collect()
}

/// The same sum, with all that does not depend on the variable in one product, and all that depends on nothing else.
fn collected(products: Vec<Product>) -> Vec<Product> {
    let plus = OPERATORS.iter().find(|one| one.function.form == Form::Sum);
    let Some(plus) = plus.map(|plus| Step::Apply(plus.function)) else {
        return products;
    };
    let mut collected: Vec<Product> = Vec::new();
    for product in products {
        let alike = |k: usize, one: &Product| {
            one[k].is_empty()
                && product[k].is_empty()
                && !(one[1 - k].is_empty() || product[1 - k].is_empty())
        };
        let found = collected
            .iter_mut()
            .find_map(|one| (0..2).find(|&k| alike(k, one)).map(|k| (k, one)));
        match found {
            Some((k, one)) => one[1 - k] = joined(&plus, &one[1 - k], &product[1 - k]),
            None => collected.push(product),
        }
    }
    collected
}

#[cfg(test)]
mod tests {
    use super::*;

    const VARIABLES: [&str; 3] = ["x", "y", "t"];

    fn value(formula: &Expression, at: [f64; 3]) -> f64 {
        let mut out = [0.0];
        let [x, y, t] = &at;
        formula.evaluate(&[&[*x], &[*y], &[*t]], 5, &mut out);
        out[0]
    }

    #[test]
    fn sums_of_products_are_found_and_have_the_values_of_the_formula() {
        for (text, count) in [
            ("t", 1),
            ("exp(-x*x)*sin(t)", 1),
            ("x*y*t + cos(3*t)", 2),
            ("(1 + t)*x - 2*y", 2),
            ("-(x - y)*t/(1 + t*t)/(2 + x)", 1),
            ("1/(t + 2)/(3 + x*x)", 1),
            ("3*t - 2 - x", 2),
            ("random(7)*t + 1", 2),
            ("(x + t)*(y - t)", 4),
            ("where(x > 0.1, 2, y)*(t > 1)", 1),
            ("x + y + 2", 1),
            ("2*x*t*y*3*t", 1),
            ("sin(3*t) - t - t*t", 1),
            ("-t", 1),
            ("x*sin(2*pi*t)", 1),
        ] {
            let formula = Expression::parse(text, &VARIABLES).unwrap();
            let terms = formula.separate(2, 4).unwrap();
            assert_eq!(terms.len(), count, "{text}");
            for at in [[0.3, -1.7, 0.0], [-2.5, 0.6, 1.3], [1.1, 4.0, 7.7]] {
                let wanted = value(&formula, at);
                let sum: f64 = terms
                    .iter()
                    .map(|term| {
                        assert!(!term.others.uses(2), "{text}");
                        assert!(!(term.alone.uses(0) || term.alone.uses(1)), "{text}");
                        value(&term.others, at) * value(&term.alone, at)
                    })
                    .sum();
                assert!(
                    (sum - wanted).abs() <= 1e-14 * (1.0 + wanted.abs()),
                    "{text} {at:?}: {sum} {wanted}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_sum_of_few_products_stays_whole() {
        for text in [
            "sin(x*t)",
            "exp(-((x - cos(t))**2 + y**2))",
            "1/(x + t)",
            "where(x > t, 1, 0)",
            "x % t",
            "(x + t)*(y + t)*(x - 2*t)",
            "random(1)**t",
        ] {
            let formula = Expression::parse(text, &VARIABLES).unwrap();
            assert!(formula.separate(2, 4).is_none(), "{text}");
        }
    }
}
