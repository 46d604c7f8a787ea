//! [`Expression::separate`]: writes a formula as a sum of products of a function of one variable and a function of the
//! others.

use super::{
    formula::Expression,
    functions::{FUNCTIONS, Form, NEGATE, OPERATORS, PLUS},
    step::Step,
};

/// A product: one factor depends only on one variable, and the other factor does not depend on it.
#[derive(Debug, Clone)]
pub struct Term {
    /// The factor that does not depend on the variable.
    pub coefficient: Expression,
    /// The factor that depends only on the variable.
    pub function: Expression,
}

/// The steps of one value; empty for 1.
type Steps = Vec<Step>;

/// The two factors of a product: its coefficient, and its function of the variable.
type Product = [Steps; 2];

/// A value on the stack.
enum Value {
    /// A value that depends only on the variable, or only on other varying quantities, or on neither.
    One { uses: [bool; 2], steps: Steps },
    /// A value that depends on both; it has the products whose sum it is, if there are few.
    Sum(Option<Vec<Product>>),
}

impl Expression {
    /// The formula as a sum of at most `most` products of a factor that depends only on the variable with this number,
    /// and a factor that does not depend on it; `None` if the formula has no such form. Sums, differences, products,
    /// quotients and signs are expanded, and so is a choice by a condition that is itself such a product:
    /// `where(A B, f, g)` is `A B f + (1 - A) g + A (1 - B) g`. Values may differ from the values of the formula in their
    /// last bits.
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
        let terms = products.into_iter().map(|[coefficient, function]| Term {
            coefficient: factor(coefficient),
            function: factor(function),
        });
        Some(terms.collect())
    }

    /// The sum of products of formulas and numbers. A number is known between two bounds, and the product with it has its
    /// largest value.
    #[must_use]
    pub fn sum_of(products: &[(Self, [f64; 2])]) -> Self {
        let times = OPERATORS.iter().map(|operator| operator.function);
        let times = times.filter(|function| function.form == Form::Product);
        let times: Steps = times.map(Step::Apply).collect();
        let max = FUNCTIONS.iter().filter(|(name, _)| *name == "max");
        let max: Steps = max.map(|(_, function)| Step::Apply(*function)).collect();
        let mut steps = Steps::new();
        for (number, (formula, bounds)) in products.iter().enumerate() {
            let [lower, upper] = bounds
                .map(|bound| [&formula.steps[..], &[Step::Number(bound, None)], &times].concat());
            steps.extend(lower);
            if bounds[0] != bounds[1] {
                steps.extend(upper);
                steps.extend(max.clone());
            }
            if number > 0 {
                steps.push(Step::Apply(PLUS));
            }
        }
        factor(steps)
    }
}

impl Value {
    /// The value that results from applying a step.
    fn of(step: &Step, arguments: Vec<Self>, most: usize) -> Self {
        let mut union = [false; 2];
        for argument in &arguments {
            let uses = match argument {
                Self::One { uses, .. } => *uses,
                Self::Sum(_) => [true; 2],
            };
            union = [0, 1].map(|k| union[k] || uses[k]);
        }
        if union != [true; 2] {
            let mut steps = Steps::new();
            for argument in arguments {
                if let Self::One { steps: more, .. } = argument {
                    steps.extend(more);
                }
            }
            steps.push(step.clone());
            return Self::One { uses: union, steps };
        }
        let sums: Option<Vec<_>> = arguments.into_iter().map(Self::products).collect();
        let sums = sums.unwrap_or_default();
        let products = match (step.form(), &sums[..]) {
            (Form::Sum, [a, b]) => Some([&a[..], b].concat()),
            (Form::Difference, [a, b]) => Some([a.clone(), negated(b)].concat()),
            (Form::Product, [a, b]) if a.len() * b.len() <= most => {
                let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a, b)));
                let products = pairs.map(|(a, b)| [0, 1].map(|k| joined(step, &a[k], &b[k])));
                Some(products.collect())
            }
            (Form::Quotient, [a, b]) if b.len() == 1 => {
                let quotients = a
                    .iter()
                    .map(|a| [0, 1].map(|k| divided(step, &a[k], &b[0][k])));
                Some(quotients.collect())
            }
            (Form::Negative, [a]) => Some(negated(a)),
            (Form::Truth, [a]) if a.len() == 1 => Some(vec![[0, 1].map(|k| truth(step, &a[0][k]))]),
            (Form::Choice, [condition, yes, no]) if condition.len() == 1 => {
                Some(chosen(step, &condition[0], yes, no))
            }
            _ => None,
        };
        Self::Sum(products.map(collected).filter(|sum| sum.len() <= most))
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

/// A factor of a product as an expression, which is a number if the factor is 1.
fn factor(mut steps: Steps) -> Expression {
    if steps.is_empty() {
        steps.push(Step::Number(1.0, Some(1)));
    }
    Expression { steps }
}

/// The sum or the product of two values; a factor 1 is left out.
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

fn negated(products: &[Product]) -> Vec<Product> {
    let negatives = products.iter().cloned().map(|[coefficient, function]| {
        let mut negative = factor(coefficient).steps;
        negative.push(Step::Apply(NEGATE));
        [negative, function]
    });
    negatives.collect()
}

/// Whether a factor is not 0; a factor 1 stays as it is.
fn truth(step: &Step, factor: &Steps) -> Steps {
    let mut steps = factor.clone();
    if !steps.is_empty() {
        steps.push(step.clone());
    }
    steps
}

/// The choice between two sums by a condition that is the product of two conditions. What is not chosen may have any value:
/// it is replaced by 0, not multiplied by it.
fn chosen(choice: &Step, condition: &Product, yes: &[Product], no: &[Product]) -> Vec<Product> {
    let zero = vec![Step::Number(0.0, Some(0))];
    let mut products = Vec::new();
    for factors in yes.iter().filter(|product| !is_zero(product)) {
        products.push([0, 1].map(|k| selected(choice, &condition[k], [&factors[k], &zero])));
    }
    for [coefficient, function] in no.iter().filter(|product| !is_zero(product)) {
        if !condition[0].is_empty() {
            let coefficient = selected(choice, &condition[0], [&zero, coefficient]);
            products.push([coefficient, function.clone()]);
        }
        if !condition[1].is_empty() {
            let coefficient = selected(choice, &condition[0], [coefficient, &zero]);
            products.push([
                coefficient,
                selected(choice, &condition[1], [&zero, function]),
            ]);
        }
    }
    if products.is_empty() {
        products.push([zero, Steps::new()]);
    }
    products
}

/// The choice between two factors by a condition, which is the first one if the condition is 1.
fn selected(choice: &Step, condition: &Steps, factors: [&Steps; 2]) -> Steps {
    if condition.is_empty() {
        return factors[0].clone();
    }
    let [a, b] = factors.map(|steps| factor(steps.clone()).steps);
    [&condition[..], &a, &b, std::slice::from_ref(choice)].concat()
}

fn is_zero(product: &Product) -> bool {
    let mut factors = product.iter();
    factors.any(|steps| matches!(steps[..], [Step::Number(value, _)] if value == 0.0))
}

/// Combines products of a sum: all that do not depend on the variable into one, and all that depend only on the
/// variable into another.
fn collected(products: Vec<Product>) -> Vec<Product> {
    let plus = Step::Apply(PLUS);
    let mut collected: Vec<Product> = Vec::new();
    for product in products {
        let partner = collected
            .iter_mut()
            .find_map(|other| common_unit(other, &product).map(|k| (k, other)));
        match partner {
            Some((k, other)) => other[1 - k] = joined(&plus, &other[1 - k], &product[1 - k]),
            None => collected.push(product),
        }
    }
    collected
}

/// The number of the factor that is absent from both products, while both products have the other factor.
fn common_unit(a: &Product, b: &Product) -> Option<usize> {
    let is_unit = [0, 1].map(|k| a[k].is_empty() && b[k].is_empty());
    let is_written = [0, 1].map(|k| !(a[k].is_empty() || b[k].is_empty()));
    (0..2).find(|&k| is_unit[k] && is_written[1 - k])
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
            ("where(x > 0.1, t/3, 0)", 1),
            ("where(x > 0.1, where(t < 1, 25, 0), 0)", 1),
            ("where(t < 1, where(x > 0.1, 25, 1/x), 0)", 1),
            ("where((x > 0.1)*(t < 1), 25, y)", 3),
            ("where(x > 0.1, sin(t), y*cos(t))", 2),
            ("where(t > 5, 1/(t - 5), x)", 2),
            ("25*(x > 0.1)*(t < 5)", 1),
        ] {
            let formula = Expression::parse(text, &VARIABLES).unwrap();
            let terms = formula.separate(2, 4).unwrap();
            assert_eq!(terms.len(), count, "{text}");
            for at in [[0.3, -1.7, 0.0], [-2.5, 0.6, 1.3], [1.1, 4.0, 7.7]] {
                let wanted = value(&formula, at);
                let sum: f64 = terms
                    .iter()
                    .map(|term| {
                        assert!(!term.coefficient.uses(2), "{text}");
                        assert!(!(term.function.uses(0) || term.function.uses(1)), "{text}");
                        value(&term.coefficient, at) * value(&term.function, at)
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
    fn sums_of_products_with_numbers_have_the_largest_of_their_values() {
        let [x, y] = ["x - 1", "y"].map(|text| Expression::parse(text, &VARIABLES).unwrap());
        let sum = Expression::sum_of(&[(x, [2.0, 3.0]), (y, [0.5, 0.5])]);
        assert_eq!(value(&sum, [5.0, 8.0, 0.0]), 16.0);
        assert_eq!(value(&sum, [0.0, 8.0, 0.0]), 2.0);
    }

    #[test]
    fn what_is_no_sum_of_few_products_stays_whole() {
        for text in [
            "sin(x*t)",
            "exp(-((x - cos(t))**2 + y**2))",
            "1/(x + t)",
            "where(x > t, 1, 0)",
            "where((x > 0.1) + (t < 1), 1, 0)",
            "x % t",
            "(x + t)*(y + t)*(x - 2*t)",
            "random(1)**t",
        ] {
            let formula = Expression::parse(text, &VARIABLES).unwrap();
            assert!(formula.separate(2, 4).is_none(), "{text}");
        }
    }
}
