//! [`CallSource`]: what a variable of a formula stands for, and the calls that look further than at one element.

use super::input::MapInput;
use crate::Statistics;

/// What a variable of a formula stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum CallSource {
    /// The input with this number.
    Array(usize),
    /// Its elements so many places on along an axis.
    Shifted { input: usize, axis: usize, by: i64 },
    /// Its derivative along an axis.
    Gradient { input: usize, axis: usize },
    /// One of [`Statistics::NAMES`] of it over some axes.
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
    /// The input whose elements are read for it.
    pub(super) fn array(&self) -> Option<usize> {
        match self {
            Self::Array(input)
            | Self::Shifted { input, .. }
            | Self::Gradient { input, .. }
            | Self::Reduced { input, .. } => Some(*input),
            Self::Index(_) | Self::Coordinate { .. } => None,
        }
    }

    /// Its shape; an index has that of the result.
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

    /// As it stands in the formula.
    pub(super) fn name(&self, inputs: &[MapInput<'_>]) -> String {
        let name = |input: &usize| &inputs[*input].name;
        match self {
            Self::Array(input) => name(input).clone(),
            Self::Shifted { input, axis, by } => format!("shift({}, {axis}, {by})", name(input)),
            Self::Gradient { input, axis } => format!("gradient({}, {axis})", name(input)),
            Self::Reduced {
                input,
                statistic,
                axes,
            } => {
                let axes: String = axes.iter().map(|axis| format!(", {axis}")).collect();
                format!("{}({}{axes})", Statistics::NAMES[*statistic], name(input))
            }
            Self::Index(axis) => format!("i{axis}"),
            Self::Coordinate { input, axis } => {
                let axis = inputs[*input].labels.axis(*axis);
                axis.map_or_else(String::new, |axis| axis.name.clone())
            }
        }
    }
}

/// The functions of arrays alone; `min` and `max` are those of values, too.
const OF_ARRAYS: [&str; 5] = ["mean", "sum", "std", "shift", "gradient"];

/// Whether a name is that of a function of arrays.
#[must_use]
pub fn is_call(name: &str) -> bool {
    OF_ARRAYS.contains(&name)
}

/// What a call stands for, if it is one of arrays and not of values.
pub(super) fn source(
    name: &str,
    arguments: &str,
    inputs: &[MapInput<'_>],
) -> Result<Option<CallSource>, String> {
    let (first, rest) = match arguments.split_once(',') {
        Some((first, rest)) => (first.trim(), Some(rest)),
        None => (arguments.trim(), None),
    };
    // As NumPy has them: `axis=0`, `axis=(0, 1)`.
    let by_name = rest.and_then(|rest| {
        let rest = rest.trim().strip_prefix("axis")?.trim_start();
        let rest = rest.strip_prefix('=')?.trim();
        let axes = rest
            .strip_prefix('(')
            .and_then(|axes| axes.strip_suffix(')'));
        // A tuple of one has a comma behind it.
        Some(axes.map_or(rest, |axes| axes.trim().trim_end_matches(',')))
    });
    let parts: Vec<&str> = match by_name.or(rest) {
        Some(rest) => arguments_of(rest),
        None => Vec::new(),
    };
    let input = inputs.iter().position(|input| input.name == first);
    let is_of_array = match name {
        name if is_call(name) => true,
        // Of two values they are functions.
        "min" | "max" => input.is_some_and(|input| {
            let is_axis = |part: &str| {
                let is_known = inputs[input].labels.position(part).is_some();
                is_known && inputs.iter().all(|other| other.name != part)
            };
            by_name.is_some() || parts.len() != 1 || is_axis(parts[0])
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
            "{name} takes the name of an array, as in {example}, and '{first}' is none of {}: of a formula make an array of its own first",
            names.join(", ")
        ));
    };
    let axis = |text: &str| axis_of(&inputs[input], text);
    let takes = |what: &str| {
        let given = parts.len() + 1;
        format!("{name} takes {what}, not {given} arguments")
    };
    let source = match name {
        "shift" => {
            let [along, by] = parts[..] else {
                return Err(takes("an array, an axis and a number, as shift(a, t, 1)"));
            };
            let by = by.replace(' ', "").parse().map_err(|_| {
                format!("shift takes a whole number of places, such as -1, and '{by}' is none")
            })?;
            CallSource::Shifted {
                input,
                axis: axis(along)?,
                by,
            }
        }
        "gradient" => {
            let [along] = parts[..] else {
                return Err(takes("an array and an axis, as gradient(a, x)"));
            };
            let axis = axis(along)?;
            let length = inputs[input].shape()[axis];
            if length < 2 {
                return Err(format!(
                    "gradient needs two elements along an axis or more, and {first} has {length} along axis {axis}"
                ));
            }
            CallSource::Gradient { input, axis }
        }
        _ => {
            let refused = |what: &str| Err(format!("{name}({arguments}): {what}"));
            if by_name.is_some_and(str::is_empty) {
                return refused("axis=() is over no axis: leave it out to go over all");
            }
            if parts.iter().any(|part| part.starts_with("keepdims")) {
                return refused("the axes are kept with length 1 anyway: leave keepdims out");
            }
            let mut axes = parts
                .iter()
                .map(|part| axis(part))
                .collect::<Result<Vec<_>, _>>()?;
            if axes.is_empty() {
                axes = (0..inputs[input].select.len()).collect();
            }
            axes.sort_unstable();
            if let Some(pair) = axes.windows(2).find(|pair| pair[0] == pair[1]) {
                return refused(&format!("axis {} twice", pair[0]));
            }
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

/// Arguments as they are written.
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

/// The axis of a number, negative from the end, or of a name.
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
