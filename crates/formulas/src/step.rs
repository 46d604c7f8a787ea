//! The steps of an evaluation, on a stack of values.

use super::{
    functions::{Form, Function},
    interpolant::Interpolant,
    random::random,
    values::Values,
};
use std::sync::Arc;

/// The largest number of values that are evaluated together.
pub const BATCH: usize = 256;

/// One step of an evaluation.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A number: as a float, and as an integer if it was written as one.
    Number(f64, Option<i128>),
    /// The variable with this number.
    Variable(usize),
    /// Random numbers of a seed.
    Random(u64),
    /// Takes the arguments from the top of the stack, and pushes the result.
    Apply(Function),
    /// Replaces the top of the stack, an argument, by the value of a function through points.
    Interpolate(Arc<Interpolant>),
}

impl Step {
    /// The number of values that the step takes from the stack.
    pub(super) fn arguments(&self) -> usize {
        match self {
            Self::Apply(function) => function.arguments,
            Self::Interpolate(_) => 1,
            Self::Number(..) | Self::Variable(_) | Self::Random(_) => 0,
        }
    }

    /// The role of the step when formulas are analysed.
    pub(super) fn form(&self) -> Form {
        match self {
            Self::Apply(function) => function.form,
            _ => Form::Other,
        }
    }
}

/// The values of many elements, the operands of an evaluation.
pub(super) trait Operand: Default {
    /// A number, for each of `count` elements.
    fn number(float: f64, integer: Option<i128>, count: usize) -> Self;
    /// Floats.
    fn floats(values: Vec<f64>) -> Self;
    /// The result of a function; missing arguments are empty.
    fn apply(function: Function, arguments: [Self; 3]) -> Self;
    /// The values of a function through points.
    fn interpolate(function: &Interpolant, arguments: Self) -> Self;
}

/// Evaluation in double precision: every number is a float.
impl Operand for Vec<f64> {
    fn number(float: f64, _: Option<i128>, count: usize) -> Self {
        vec![float; count]
    }

    fn floats(values: Vec<f64>) -> Self {
        values
    }

    fn apply(function: Function, arguments: [Self; 3]) -> Self {
        function.apply(arguments)
    }

    fn interpolate(function: &Interpolant, mut arguments: Self) -> Self {
        let values = arguments.iter_mut();
        values.for_each(|value| *value = function.at(*value));
        arguments
    }
}

/// Exact evaluation: numbers written as integers are integers, and so are conditions.
impl Operand for Values {
    fn number(float: f64, integer: Option<i128>, count: usize) -> Self {
        match integer {
            Some(_) => Self::Integers(vec![integer; count]),
            None => Self::Floats(vec![Some(float); count]),
        }
    }

    fn floats(values: Vec<f64>) -> Self {
        Self::Floats(values.into_iter().map(Some).collect())
    }

    fn apply(function: Function, arguments: [Self; 3]) -> Self {
        function.apply_exactly(arguments)
    }

    fn interpolate(function: &Interpolant, arguments: Self) -> Self {
        let has_value: Vec<bool> = (0..arguments.len()).map(|at| arguments.has(at)).collect();
        let values = arguments.into_floats().into_iter().zip(has_value);
        let values = values.map(|(value, has_value)| has_value.then(|| function.at(value)));
        Self::Floats(values.collect())
    }
}

/// Evaluates steps for `count` elements; `first` is the number of the first one.
pub(super) fn evaluate<V: Operand>(
    steps: &[Step],
    variable: impl Fn(usize) -> V,
    first: u64,
    count: usize,
) -> V {
    let mut stack: Vec<V> = Vec::new();
    for step in steps {
        let values = match step {
            &Step::Number(float, integer) => V::number(float, integer, count),
            &Step::Variable(number) => variable(number),
            &Step::Random(seed) => {
                let numbers = first..first + count as u64;
                V::floats(numbers.map(|number| random(seed, number)).collect())
            }
            Step::Interpolate(function) => {
                V::interpolate(function, stack.pop().unwrap_or_default())
            }
            &Step::Apply(function) => {
                let mut arguments = stack.drain(stack.len() - function.arguments..);
                V::apply(
                    function,
                    [(); 3].map(|()| arguments.next().unwrap_or_default()),
                )
            }
        };
        stack.push(values);
    }
    stack.pop().unwrap_or_default()
}
