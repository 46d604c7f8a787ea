//! The steps of an evaluation, on a stack of values.

use super::{functions::Function, random::random, values::Values};

/// Values evaluated at a time, at most.
pub const BATCH: usize = 256;

/// One step of an evaluation.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// A number: as a float, and as an integer if it was written as one.
    Number(f64, Option<i128>),
    /// The variable with this number.
    Variable(usize),
    /// Random numbers of a seed.
    Random(u64),
    /// Takes the arguments from the top of the stack and puts the result there.
    Apply(Function),
}

/// Evaluates steps for `count` elements, of which `first` is the number of the first.
///
/// Where `exact`, numbers written as integers are integers, and so are conditions; otherwise every
/// number is a float.
pub(super) fn evaluate(
    steps: &[Step],
    variable: impl Fn(usize) -> Values,
    first: u64,
    count: usize,
    exact: bool,
) -> Values {
    let mut stack = Vec::new();
    for step in steps {
        let values = match *step {
            Step::Number(_, Some(value)) if exact => Values::Integers(vec![Some(value); count]),
            Step::Number(value, _) => Values::Floats(vec![value; count]),
            Step::Variable(number) => variable(number),
            Step::Random(seed) => {
                let numbers = first..first + count as u64;
                Values::Floats(numbers.map(|number| random(seed, number)).collect())
            }
            Step::Apply(function) => {
                let mut arguments = stack.drain(stack.len() - function.arguments..);
                let arguments = [(); 3].map(|()| arguments.next().unwrap_or(Values::NONE));
                if exact {
                    function.apply_typed(arguments)
                } else {
                    function.apply(arguments)
                }
            }
        };
        stack.push(values);
    }
    stack.pop().unwrap_or(Values::NONE)
}
