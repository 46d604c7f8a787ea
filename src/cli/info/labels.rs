//! [`Description`]: what is known of the axes and elements of an array that is no cube.

use crate::cli::{listing::Listing, number};
use diff2d_arrays::{
    labels::{AxisValues, Labels, NamedAxis},
    wording::excerpt,
};
use serde::Serialize;

/// Names, units and coordinates of the axes, and what the elements are.
#[derive(Serialize)]
pub(super) struct Description {
    /// An entry for each axis; nothing is known of some.
    axes: Vec<Option<AxisDescription>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// Whether NaN stands for nodes that are not part of the domain.
    masked: bool,
}

/// What is known of an axis.
#[derive(Serialize)]
struct AxisDescription {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// The words for its indices.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<String>>,
    /// The first and the last coordinate.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<(f64, f64)>,
}

impl AxisDescription {
    fn new(axis: &NamedAxis) -> Self {
        Self {
            name: axis.name.clone(),
            unit: axis.unit.clone(),
            labels: match &axis.values {
                AxisValues::Labels(labels) => Some(labels.clone()),
                _ => None,
            },
            ends: axis.ends(),
        }
    }

    /// The name and the unit, and the indices by their words or the ends of the coordinates.
    fn text(&self) -> String {
        let mut text = self.name.clone();
        if let Some(unit) = &self.unit {
            text += &format!(" [{unit}]");
        }
        if let Some((first_coordinate, last_coordinate)) = self.ends {
            let [first_coordinate, last_coordinate] =
                [first_coordinate, last_coordinate].map(number::python);
            text += &format!(" from {first_coordinate} to {last_coordinate}");
        }
        if let Some(labels) = &self.labels {
            let numbered = labels.iter().enumerate();
            let numbered: Vec<String> = numbered
                .map(|(number, label)| format!("{number} {label}"))
                .collect();
            text += &format!(": {}", excerpt(&numbered.join(", "), 400));
        }
        text
    }
}

impl Description {
    /// What is known, if anything is.
    pub(super) fn of(labels: &Labels) -> Option<Self> {
        let is_known = labels.axes.iter().any(Option::is_some)
            || labels.quantity.is_some()
            || labels.unit.is_some();
        is_known.then(|| Self {
            axes: labels
                .axes
                .iter()
                .map(|axis| axis.as_ref().map(AxisDescription::new))
                .collect(),
            quantity: labels.quantity.clone(),
            unit: labels.unit.clone(),
            masked: labels.is_masked,
        })
    }

    /// Adds a line for each axis with a name, and a line for the elements.
    pub(super) fn list(&self, lines: &mut Listing) {
        for (number, axis) in self.axes.iter().enumerate() {
            if let Some(axis) = axis {
                lines.add("axis", format!("{number}: {}", axis.text()));
            }
        }
        let unit = self.unit.as_ref().map(|unit| format!("in {unit}"));
        let masked = self.masked.then(|| "NaN outside of the domain".to_owned());
        let values: Vec<String> = [self.quantity.clone(), unit, masked]
            .into_iter()
            .flatten()
            .collect();
        if !values.is_empty() {
            lines.add("values", values.join(", "));
        }
    }
}
