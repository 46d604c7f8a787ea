//! [`Series`]: frames that follow one another in time, for formats that know nothing else.

use super::{Dataset, mesh::Mesh};
use std::ops::Range;

/// The frames of one scenario, or of an array that has none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    /// Its number; `None` of an array without scenarios.
    pub scenario: Option<u64>,
    /// `scenario 3: D = 0.5`, or the name of the file.
    pub name: String,
    /// Its frames, missing ones included.
    pub frames: Range<u64>,
    /// Where its nodes lie.
    pub mesh: Mesh,
}

/// All of an array, in order.
pub(super) fn all<'a>(dataset: &'a Dataset<'_>) -> impl Iterator<Item = Series> + 'a {
    let (scenarios, each) = match dataset.outer() {
        [scenarios, times] => (Some(scenarios.length), times.length),
        [times] => (None, times.length),
        _ => (None, 1),
    };
    (0..scenarios.unwrap_or(1)).map(move |number| {
        let scenario = scenarios.map(|_| number);
        Series {
            scenario,
            name: name(dataset, scenario),
            frames: number * each..(number + 1) * each,
            mesh: Mesh::of(dataset, number * each),
        }
    })
}

fn name(dataset: &Dataset<'_>, scenario: Option<u64>) -> String {
    let Some(number) = scenario else {
        let path = &dataset.array().path;
        return path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
    };
    let index = usize::try_from(number).unwrap_or(usize::MAX);
    let beside = dataset.coordinates.iter().skip(dataset.dimensions.len());
    let told: Vec<String> = beside
        .filter(|coordinate| coordinate.along == [0])
        .map(|coordinate| format!("{} = {}", coordinate.name, coordinate.values.text(index)))
        .collect();
    match told.is_empty() {
        true => format!("scenario {number}"),
        false => format!("scenario {number}: {}", told.join(", ")),
    }
}

/// The time of a frame, or its index along the first dimension.
pub(super) fn time(dataset: &Dataset<'_>, frame: u64) -> Option<f64> {
    let along = dataset.outer().len().checked_sub(1)?;
    let index = *dataset.index_of(frame).last()?;
    let (coordinate, place) = dataset.place_of(along, frame, index);
    Some(coordinate.values.number(place))
}
