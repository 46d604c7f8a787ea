//! What is known of the axes and elements of an array that is no cube.

use crate::cli::{answer::Answer, json::Value, number};
use diff2d_arrays::{
    labels::{AxisValues, Labels, NamedAxis},
    wording::excerpt,
};

/// Tells names, units and coordinates of the axes, and what the elements are, if anything of these is known: whether it is.
pub(super) fn tell<'a>(labels: &'a Labels, answer: &mut Answer<'a>) -> bool {
    let (axes, quantity, unit) = (&labels.axes, &labels.quantity, &labels.unit);
    if axes.iter().all(Option::is_none) && quantity.is_none() && unit.is_none() {
        return false;
    }
    let named = axes.iter().enumerate().map(|(number, axis)| match axis {
        Some(axis) => tell_axis(number, axis, answer),
        None => Value::plain(()),
    });
    let mut values = Answer::default();
    values.value("axes", Value::List(named.collect()));
    values.some("quantity", quantity.as_ref());
    values.some("unit", unit.as_ref());
    values.plain("masked", labels.is_masked);
    answer.value("labels", values.into_value());
    let unit = unit.as_ref().map(|unit| format!("in {unit}"));
    let masked = labels
        .is_masked
        .then(|| "NaN outside of the domain".to_owned());
    let words: Vec<String> = [quantity.clone(), unit, masked]
        .into_iter()
        .flatten()
        .collect();
    if !words.is_empty() {
        answer.line("values", words.join(", "));
    }
    true
}

/// Tells the name and the unit of an axis, and its indices by their words or by the ends of the coordinates.
fn tell_axis<'a>(number: usize, axis: &'a NamedAxis, answer: &mut Answer<'a>) -> Value<'a> {
    let mut values = Answer::default();
    values.plain("name", &axis.name);
    let mut text = format!("{number}: {}", axis.name);
    if let Some(unit) = &axis.unit {
        text += &format!(" [{unit}]");
        values.plain("unit", unit);
    }
    if let Some(ends) = axis.ends() {
        let [first_coordinate, last_coordinate] = <[f64; 2]>::from(ends).map(number::python);
        text += &format!(" from {first_coordinate} to {last_coordinate}");
    }
    if let AxisValues::Labels(labels) = &axis.values {
        let numbered = labels.iter().enumerate();
        let numbered = numbered.map(|(number, label)| format!("{number} {label}"));
        let numbered = number::joined(numbered, ", ");
        text += &format!(": {}", excerpt(&numbered, 400));
        values.plain("labels", labels);
    }
    values.some("ends", axis.ends());
    answer.line("axis", text);
    values.into_value()
}
