//! [`CallSource`]: the source of a variable of a formula, and the calls that need more than one element.

use super::input::MapInput;
use crate::{Statistics, labels::NamedAxis, npy::Kind};

/// The source of a variable of a formula.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum CallSource {
    /// The input array with this number.
    Array(usize),
    /// The elements of an input, shifted by `by` indices along an axis.
    Shifted { input: usize, axis: usize, by: i64 },
    /// The derivative of an input along an axis.
    Gradient { input: usize, axis: usize },
    /// One of [`Statistics::NAMES`] of an input, reduced over some axes.
    Reduced {
        input: usize,
        statistic: usize,
        axes: Vec<usize>,
    },
    /// The index along an axis of the result.
    Index(usize),
    /// The coordinates of an axis of an input.
    Coordinate { input: usize, axis: usize },
}

impl CallSource {
    /// Whether the values are integers, as are the elements, sums and extremes of an array of integers.
    pub(super) fn is_of_integers(&self, inputs: &[MapInput<'_>]) -> bool {
        const OF_INTEGERS: [&str; 3] = ["sum", "min", "max"];
        let holds_integers = self
            .array()
            .is_some_and(|input| inputs[input].array.npy.dtype.kind != Kind::Float);
        match self {
            Self::Array(_) | Self::Shifted { .. } => holds_integers,
            Self::Reduced { statistic, .. } => {
                holds_integers && OF_INTEGERS.contains(&Statistics::NAMES[*statistic])
            }
            Self::Index(_) => true,
            Self::Gradient { .. } | Self::Coordinate { .. } => false,
        }
    }

    /// The input whose elements are read for the variable.
    pub(super) fn array(&self) -> Option<usize> {
        match self {
            Self::Array(input)
            | Self::Shifted { input, .. }
            | Self::Gradient { input, .. }
            | Self::Reduced { input, .. } => Some(*input),
            Self::Index(_) | Self::Coordinate { .. } => None,
        }
    }

    /// The shape of the variable; `None` for an index, which has the shape of the result.
    pub(super) fn shape(&self, inputs: &[MapInput<'_>]) -> Option<Vec<u64>> {
        let mut shape = match self {
            Self::Coordinate { input, .. } => inputs[*input].shape(),
            other => inputs[other.array()?].shape(),
        };
        match self {
            Self::Reduced { axes, .. } => axes.iter().for_each(|&axis| shape[axis] = 1),
            Self::Coordinate { axis, .. } => {
                shape.drain(..axis);
                shape.iter_mut().skip(1).for_each(|length| *length = 1);
            }
            _ => {}
        }
        Some(shape)
    }

    /// The variable as written in the formula.
    pub(super) fn name(&self, inputs: &[MapInput<'_>]) -> String {
        match self {
            Self::Array(input) => inputs[*input].name.clone(),
            Self::Shifted { input, axis, by } => {
                format!("shift({}, {axis}, {by})", inputs[*input].name)
            }
            Self::Gradient { input, axis } => format!("gradient({}, {axis})", inputs[*input].name),
            Self::Reduced {
                input,
                statistic,
                axes,
            } => {
                let axes: String = axes.iter().map(|axis| format!(", {axis}")).collect();
                let statistic = Statistics::NAMES[*statistic];
                format!("{statistic}({}{axes})", inputs[*input].name)
            }
            Self::Index(axis) => format!("i{axis}"),
            Self::Coordinate { input, axis } => {
                let axis = inputs[*input].labels.axis(*axis);
                axis.map_or_else(String::new, |axis| axis.name.clone())
            }
        }
    }
}

/// The functions of arrays; `min` and `max` are also functions of values.
pub(super) const OF_ARRAYS: [&str; 5] = ["mean", "sum", "std", "shift", "gradient"];

/// Whether a function of arrays has this name.
#[must_use]
pub fn is_call(name: &str) -> bool {
    OF_ARRAYS.contains(&name)
}

/// The source for a call, if it is a function of arrays rather than of values.
pub(super) fn source(
    name: &str,
    arguments: &str,
    inputs: &[MapInput<'_>],
) -> Result<Option<CallSource>, String> {
    let (array_name, further_arguments) = match arguments.split_once(',') {
        Some((array_name, further_arguments)) => (array_name.trim(), Some(further_arguments)),
        None => (arguments.trim(), None),
    };
    // NumPy's form: `axis=0`, `axis=(0, 1)`.
    let keyword_axes = further_arguments.and_then(|text| {
        let value = text.trim().strip_prefix("axis")?.trim_start();
        let value = value.strip_prefix('=')?.trim();
        let axes = value
            .strip_prefix('(')
            .and_then(|axes| axes.strip_suffix(')'));
        // A tuple of one element has a comma behind it.
        Some(axes.map_or(value, |axes| axes.trim().trim_end_matches(',')))
    });
    let later_arguments: Vec<&str> = match keyword_axes.or(further_arguments) {
        Some(text) => arguments_of(text),
        None => Vec::new(),
    };
    let input = inputs.iter().position(|input| input.name == array_name);
    let is_of_array = match name {
        name if is_call(name) => true,
        // With two values they are functions of values.
        "min" | "max" => input.is_some_and(|input| {
            keyword_axes.is_some()
                || later_arguments.len() != 1
                || is_axis(inputs, input, later_arguments[0])
        }),
        _ => false,
    };
    if !is_of_array {
        return Ok(None);
    }
    let Some(input) = input else {
        let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        let example = match name {
            "shift" => "shift(a, t, 1)",
            "gradient" => "gradient(a, x)",
            _ => "mean(a, t)",
        };
        return Err(format!(
            "{name} takes the name of an array, as in {example}, and '{array_name}' is none of {}: make an array of a formula first",
            names.join(", ")
        ));
    };
    let source = match name {
        "shift" => {
            let [axis, shift_text] = later_arguments[..] else {
                let arguments_wanted = "an array, an axis and a number, as shift(a, t, 1)";
                return Err(wrong_count(name, arguments_wanted, later_arguments.len()));
            };
            let shift = shift_text.replace(' ', "").parse().map_err(|_| {
                format!(
                    "shift takes a whole number of places, such as -1, and '{shift_text}' is none"
                )
            })?;
            CallSource::Shifted {
                input,
                axis: axis_of(&inputs[input], axis)?,
                by: shift,
            }
        }
        "gradient" => {
            let [axis] = later_arguments[..] else {
                let arguments_wanted = "an array and an axis, as gradient(a, x)";
                return Err(wrong_count(name, arguments_wanted, later_arguments.len()));
            };
            let axis = axis_of(&inputs[input], axis)?;
            let axis_words = inputs[input].labels.axis(axis).and_then(NamedAxis::labels);
            if axis_words.is_some() {
                return Err(format!(
                    "gradient needs coordinates that are numbers and increase, and axis {axis} of {array_name} has words"
                ));
            }
            let length = inputs[input].shape()[axis];
            if length < 2 {
                return Err(format!(
                    "gradient needs two elements along an axis or more, and {array_name} has {length} along axis {axis}"
                ));
            }
            CallSource::Gradient { input, axis }
        }
        _ => {
            let call = format!("{name}({arguments})");
            let axes = reduced_axes(&call, &inputs[input], keyword_axes, &later_arguments)?;
            let statistic = Statistics::NAMES.iter().position(|known| *known == name);
            CallSource::Reduced {
                input,
                statistic: statistic.unwrap_or(0),
                axes,
            }
        }
    };
    Ok(Some(source))
}

/// Whether `name` is the name of an input's axis rather than of an array.
fn is_axis(inputs: &[MapInput<'_>], input: usize, name: &str) -> bool {
    inputs[input].labels.position(name).is_some() && inputs.iter().all(|input| input.name != name)
}

/// The axes of a reduction, in ascending order; all axes if the call names none.
fn reduced_axes(
    call: &str,
    input: &MapInput<'_>,
    by_name: Option<&str>,
    parts: &[&str],
) -> Result<Vec<usize>, String> {
    if by_name.is_some_and(str::is_empty) {
        return Err(format!(
            "{call}: axis=() is over no axis: leave it out to go over all"
        ));
    }
    if parts.iter().any(|part| part.starts_with("keepdims")) {
        return Err(format!(
            "{call}: the axes are kept with length 1 anyway: leave keepdims out"
        ));
    }
    let mut axes = parts
        .iter()
        .map(|part| axis_of(input, part))
        .collect::<Result<Vec<_>, _>>()?;
    if axes.is_empty() {
        axes = (0..input.select.len()).collect();
    }
    axes.sort_unstable();
    match axes.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("{call}: axis {} twice", pair[0])),
        None => Ok(axes),
    }
}

fn wrong_count(name: &str, expected: &str, further_arguments: usize) -> String {
    let count = further_arguments + 1;
    format!("{name} takes {expected}, not {count} arguments")
}

/// The arguments of a call as typed.
fn arguments_of(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let parts = text.split(|letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0
    });
    parts.map(str::trim).collect()
}

/// The axis with a number, which counts from the end if negative, or with a name.
fn axis_of(input: &MapInput<'_>, text: &str) -> Result<usize, String> {
    let dimensions = input.select.len();
    let number = match text.replace(' ', "").parse::<i64>() {
        Ok(number) if number < 0 => usize::try_from(number + dimensions as i64).ok(),
        Ok(number) => usize::try_from(number).ok(),
        Err(_) => input.labels.position(text),
    };
    number.filter(|&axis| axis < dimensions).ok_or_else(|| {
        let names = input.labels.names();
        let names: String = names.map(|name| format!(", {name}")).collect();
        let numbers = match dimensions {
            0 => "it has none".to_owned(),
            1 => format!("it has 0{names}"),
            _ => format!("it has 0 to {}{names}", dimensions - 1),
        };
        format!("there is no axis '{text}' of {}: {numbers}", input.name)
    })
}
