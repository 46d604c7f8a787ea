//! What the journal of a cube says of the axes and values of its arrays.

use super::journal::Journal;
use crate::params::{Choice, RecordField};
use diff2d_arrays::labels::{Labels, NamedAxis};

/// The labels of a cube from its journal: names and units of the axes, and of a single run the coordinates, which
/// differ between the scenarios of a sweep.
pub(super) fn labels(journal: &Journal) -> Option<Labels> {
    let header = journal.header.as_ref()?;
    let first_scenario = header.scenario(0)?;
    let axes = match header.run() {
        Some(run) => {
            let times = journal.commits.iter().map(|commit| commit.simtime);
            run.axes(times.collect()).to_vec()
        }
        None => ["scenario", "t", "y", "x"]
            .map(|name| NamedAxis::counted(name).in_unit(first_scenario.params.unit(name)))
            .to_vec(),
    };
    Some(Labels {
        axes: axes.into_iter().map(Some).collect(),
        quantity: None,
        unit: first_scenario.params.unit("p").map(str::to_owned),
        // All scenarios of a sweep have the same keys.
        is_masked: first_scenario.params.has_mask() || header.places_behind(u64::MAX) > 0,
    })
}

/// The labels of the first frames of a field, which are those of windows over two snapshots: the time of a frame is the middle of its
/// interval.
pub(super) fn labels_of_field(journal: &Journal, field: RecordField, count: u64) -> Option<Labels> {
    let labels_of_cube = labels(journal)?;
    let unit = labels_of_cube.unit_of(match field {
        RecordField::TimeOfMax => "t",
        _ => "p",
    });
    let labels = labels_of_cube.with_axes(|number, axis| match number {
        0 => axis.of_windows(0, 2, 1, count),
        _ => Some(axis.clone()),
    });
    Some(Labels {
        quantity: Some(field.name().replace('_', " ")),
        unit: unit.map(str::to_owned),
        ..labels
    })
}
