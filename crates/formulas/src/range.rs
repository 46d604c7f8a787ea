//! [`Range`]: the values that a formula can have where its variables lie between bounds.
//!
//! A range contains all values but for the rounding of its ends, and may be too wide: `x - x` has the range of a
//! difference. Where variables lie in a smaller box, ranges are tighter.
//!
//! Source: R. E. Moore, "Interval Analysis", 1966.

use super::{
    arithmetic::divide_floored,
    functions::{Form, Function},
    interpolant::Interpolant,
    step::Step,
};
use std::f64::consts::{FRAC_PI_2, PI};

/// A range of values, its ends included. Both ends are NaN if there is no value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Arguments of a function; missing arguments are 0.
pub(super) type Arguments = [Range; 3];

impl Range {
    /// The range of which nothing is known.
    const ANY: Self = Self {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
    };

    pub(super) const fn point(value: f64) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    /// The range between two values; nothing is known of NaN.
    fn between(low: f64, high: f64) -> Self {
        if low.is_nan() || high.is_nan() {
            Self::ANY
        } else {
            Self { low, high }
        }
    }

    /// The range that contains all of these values.
    fn around<const N: usize>(values: [f64; N]) -> Self {
        if values.iter().any(|value| value.is_nan()) {
            return Self::ANY;
        }
        let bounds = [f64::INFINITY, f64::NEG_INFINITY];
        let [low, high] = values.iter().fold(bounds, |[low, high], &value| {
            [low.min(value), high.max(value)]
        });
        Self { low, high }
    }

    /// Whether it is a single value, or none.
    pub(super) fn is_point(self) -> bool {
        self.low == self.high || (self.low.is_nan() && self.high.is_nan())
    }

    pub(super) fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// The range of the magnitudes.
    fn magnitudes(self) -> Self {
        let [low, high] = [self.low.abs(), self.high.abs()];
        let smallest = if self.contains(0.0) {
            0.0
        } else {
            low.min(high)
        };
        Self::between(smallest, low.max(high))
    }
}

/// The ranges of the last values that a formula's steps leave, where each variable lies between two bounds.
pub(super) fn ranges_of(steps: &[Step], variables: &[[f64; 2]], count: usize) -> Arguments {
    /// The depth of the stack of most formulas, whose memory is not allocated.
    const USUAL_DEPTH: usize = 16;
    // No step leaves more than one value.
    if steps.len() <= USUAL_DEPTH {
        let mut stack = [Range::point(0.0); USUAL_DEPTH];
        ranges_on(&mut stack, steps, variables, count)
    } else {
        let mut stack = vec![Range::point(0.0); steps.len()];
        ranges_on(&mut stack, steps, variables, count)
    }
}

/// The ranges of the last values, as `ranges_of` has them, by a stack with room for a value of each step.
fn ranges_on(
    stack: &mut [Range],
    steps: &[Step],
    variables: &[[f64; 2]],
    count: usize,
) -> Arguments {
    let mut depth = 0;
    for step in steps {
        let arguments = last_ranges(&stack[..depth], step.arguments());
        depth -= step.arguments();
        stack[depth] = match step {
            Step::Number(value, _) => Range::point(*value),
            Step::Variable(number) => {
                let [low, high] = variables[*number];
                Range { low, high }
            }
            // Two elements have nothing in common.
            Step::Random(_) => Range::between(0.0, 1.0),
            Step::Apply(function) => of_function(*function, arguments),
            Step::Interpolate(function) => of_interpolant(function, arguments[0]),
        };
        depth += 1;
    }
    last_ranges(&stack[..depth], count)
}

/// The last ranges on a stack as arguments.
fn last_ranges(stack: &[Range], count: usize) -> Arguments {
    const NOTHING: Range = Range::point(0.0);
    match (count, stack) {
        (1, [.., a]) => [*a, NOTHING, NOTHING],
        (2, [.., a, b]) => [*a, *b, NOTHING],
        (3, [.., a, b, c]) => [*a, *b, *c],
        _ => [NOTHING; 3],
    }
}

/// The corners of the ranges of two arguments.
fn corners([a, b, _]: Arguments) -> [[f64; 2]; 4] {
    [
        [a.low, b.low],
        [a.low, b.high],
        [a.high, b.low],
        [a.high, b.high],
    ]
}

/// The values of a function of two arguments at the corners of their ranges.
fn at_corners(function: Function, arguments: Arguments) -> [f64; 4] {
    corners(arguments).map(|[a, b]| function.value([a, b, 0.0]))
}

/// The range of a function.
fn of_function(function: Function, arguments: Arguments) -> Range {
    let [a, b, c] = arguments;
    if arguments.iter().all(|argument| argument.is_point()) {
        return Range::point(function.value(arguments.map(|argument| argument.low)));
    }
    match function.form {
        Form::Sum => Range::between(a.low + b.low, a.high + b.high),
        Form::Difference => Range::between(a.low - b.high, a.high - b.low),
        // Either of its ends may be a rounding.
        Form::CertainDifference => {
            let [low, high] = [[a.low, b.high], [a.high, b.low]];
            let rounded = [low, high].map(|[a, b]| function.value([a, b, c.high]));
            Range::around([rounded[0], rounded[1], low[0] - low[1], high[0] - high[1]])
        }
        Form::Product if [a, b].contains(&Range::point(0.0)) => Range::point(0.0),
        Form::Product => Range::around(at_corners(function, arguments)),
        Form::Quotient | Form::FlooredQuotient if b.contains(0.0) => Range::ANY,
        Form::Quotient | Form::FlooredQuotient => Range::around(at_corners(function, arguments)),
        Form::FlooredRemainder if may_change(function, arguments) => {
            Range::between(b.low.min(0.0), b.high.max(0.0))
        }
        Form::FlooredRemainder => Range::around(at_corners(function, arguments)),
        Form::Negative => Range::between(-a.high, -a.low),
        Form::Equality | Form::WeakOrder | Form::Order => {
            let is_known = function.form != Form::Equality || a.high < b.low || b.high < a.low;
            if is_known {
                Range::around(outcomes(function, arguments))
            } else {
                Range::between(0.0, 1.0)
            }
        }
        Form::Truth if a.contains(0.0) => Range::between(0.0, 1.0),
        Form::Truth => Range::point(1.0),
        Form::Choice if a.is_point() => {
            if a.low == 0.0 {
                c
            } else {
                b
            }
        }
        Form::Choice => Range::around([b.low, b.high, c.low, c.high]),
        Form::Power if b.is_point() && b.low % 2.0 == 0.0 && b.low > 0.0 => {
            let Range { low, high } = a.magnitudes();
            Range::around([low, high].map(|a| function.value([a, b.low, 0.0])))
        }
        Form::Power if b.is_point() && b.low % 2.0 == 1.0 => {
            Range::around([a.low, a.high].map(|a| function.value([a, b.low, 0.0])))
        }
        Form::Power if a.low > 0.0 || (a.low >= 0.0 && b.low > 0.0) => {
            Range::around(at_corners(function, arguments))
        }
        Form::Whole | Form::Staircase | Form::Rising => {
            let [low, high] =
                [arguments.map(|a| a.low), arguments.map(|a| a.high)].map(|at| function.value(at));
            match function.form {
                // A logarithm of numbers below 0.
                Form::Rising if low.is_nan() && high.is_nan() => Range::point(f64::NAN),
                _ => Range::between(low, high),
            }
        }
        Form::Falling => {
            let [low, high] = at_ends(function, a);
            Range::between(high, low)
        }
        Form::Even => {
            let [low, high] = at_ends(function, a.magnitudes());
            Range::between(low, high)
        }
        Form::Sine => wave(a, FRAC_PI_2, at_ends(function, a)),
        Form::Cosine => wave(a, 0.0, at_ends(function, a)),
        Form::Tangent
            if ((a.low + FRAC_PI_2) / PI).floor() == ((a.high + FRAC_PI_2) / PI).floor() =>
        {
            let [low, high] = at_ends(function, a);
            Range::between(low, high)
        }
        Form::Hypotenuse => {
            let [a, b] = [a.magnitudes(), b.magnitudes()];
            let [low, high] = [[a.low, b.low, 0.0], [a.high, b.high, 0.0]]
                .map(|magnitudes| function.value(magnitudes));
            Range::between(low, high)
        }
        // The angle jumps behind the origin.
        Form::Angle if !(a.contains(0.0) && b.low <= 0.0) => {
            Range::around(at_corners(function, arguments))
        }
        Form::Angle => Range::between(-PI, PI),
        Form::Power | Form::Tangent | Form::Other => Range::ANY,
    }
}

/// The values of a function of one argument at the ends of its range.
fn at_ends(function: Function, a: Range) -> [f64; 2] {
    [a.low, a.high].map(|a| function.value([a, 0.0, 0.0]))
}

/// The range of sine or cosine; `crest` is an argument at which it is 1, and `ends` are its values at the ends of the
/// argument's range.
fn wave(a: Range, crest: f64, ends: [f64; 2]) -> Range {
    /// Larger arguments have too few digits behind the point.
    const LARGEST: f64 = 1e9;
    if a.magnitudes().high > LARGEST || a.high - a.low >= 2.0 * PI {
        return Range::between(-1.0, 1.0);
    }
    let Range { mut low, mut high } = Range::around(ends);
    let first_turn = ((a.low - crest) / PI).ceil();
    let last_turn = ((a.high - crest) / PI).floor();
    // Crests and troughs take turns.
    for turn in [first_turn, first_turn + 1.0] {
        if turn <= last_turn && turn % 2.0 == 0.0 {
            high = 1.0;
        } else if turn <= last_turn {
            low = -1.0;
        }
    }
    Range::between(low, high)
}

/// The range of a function through points.
fn of_interpolant(function: &Interpolant, argument: Range) -> Range {
    if argument.is_point() {
        return Range::point(function.at(argument.low));
    }
    if function.wraps(argument.low, argument.high) {
        let [low, high] = function.values();
        return Range::between(low, high);
    }
    let of_ends = Range::around([argument.low, argument.high].map(|at| function.at(at)));
    let inner_points = function
        .points()
        .iter()
        .filter(|[at, _]| argument.contains(*at));
    inner_points.fold(of_ends, |range, [_, value]| Range {
        low: range.low.min(*value),
        high: range.high.max(*value),
    })
}

/// The least and the largest outcome of a comparison: one argument is as small as it can be, and the other one as
/// large.
fn outcomes(function: Function, [a, b, _]: Arguments) -> [f64; 2] {
    [[a.low, b.high, 0.0], [a.high, b.low, 0.0]].map(|at| function.value(at))
}

/// Whether the outcome of a function that jumps may be different at two places.
pub(super) fn may_change(function: Function, arguments: Arguments) -> bool {
    let [a, b, _] = arguments;
    if arguments.iter().all(|argument| argument.is_point()) {
        return false;
    }
    match function.form {
        Form::Order | Form::WeakOrder => {
            let has_no_value = a.low.is_nan() || b.low.is_nan();
            let [smallest, largest] = outcomes(function, arguments);
            !has_no_value && smallest != largest
        }
        Form::Whole | Form::Staircase => {
            function.value([a.low, 0.0, 0.0]) != function.value([a.high, 0.0, 0.0])
        }
        Form::Truth => a.contains(0.0),
        Form::FlooredQuotient | Form::FlooredRemainder => {
            let quotients = corners(arguments).map(|[a, b]| divide_floored(a, b).0);
            b.contains(0.0) || quotients.iter().any(|quotient| *quotient != quotients[0])
        }
        _ => false,
    }
}
