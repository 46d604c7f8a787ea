//! [`check_smooth`]: unknowns of which computed values are no smooth functions.

use super::{data::Series, error::FitError, unknowns::Unknown};
use crate::{
    params::{PointValue, RawParams, RowNumber},
    physics::input::Digests,
    problem::Problem,
};

/// Refuses unknowns with which computed values jump: those that change the number of cells, or move sets of whole nodes or points
/// that have the values of their nearest nodes.
pub fn check_smooth(
    raw: &RawParams,
    unknowns: &[Unknown],
    series: &[Series],
    problem: &Problem,
    digests: &mut Digests,
) -> Result<(), FitError> {
    for unknown in unknowns {
        for bound in unknown.bounds {
            let Ok(moved) = Problem::with_digests(&unknown.set(raw.clone(), bound), digests) else {
                continue;
            };
            if let Some(reason) = reason_of_jumps(problem, &moved, series, bound) {
                return Err(refused(unknown, &reason));
            }
        }
    }
    Ok(())
}

/// The error for an unknown with which computed values jump.
pub(super) fn refused(unknown: &Unknown, reason: &str) -> FitError {
    FitError::refused(format!(
        "p does not change smoothly with {}: {reason}",
        unknown.name
    ))
}

/// The reason why values jump between a problem and the one at a bound of an unknown; nothing if they do not.
fn reason_of_jumps(
    problem: &Problem,
    moved: &Problem,
    series: &[Series],
    bound: f64,
) -> Option<String> {
    let cells =
        [problem, moved].map(|problem| [problem.grid.x.nodes - 1, problem.grid.y.nodes - 1]);
    if cells[0] != cells[1] {
        let [[along_x, along_y], [moved_x, moved_y]] = cells;
        return Some(format!(
            "at {bound:?} there are {moved_x} by {moved_y} cells, and {along_x} by {along_y} at the value of the file; dx and dy that are formulas of it keep their number"
        ));
    }
    if moved.grid != problem.grid {
        return None;
    }
    if !moved.geometry().has_areas_of(problem.geometry()) {
        return Some(
            "it moves the mask or held nodes, of which a node is one or is none; the place of a layer or of a source can be fitted".to_owned(),
        );
    }
    let records = [problem, moved].map(|problem| problem.params.record.as_ref());
    let [Some(record), Some(moved_record)] = records else {
        return None;
    };
    let numbers = record.numbers(&problem.params.canonical().held_names());
    let mut numbers = numbers
        .into_iter()
        .filter(|(name, _)| series.iter().any(|series| series.column == *name));
    numbers.find_map(|(name, number)| match number {
        RowNumber::Point(index) => {
            let is_moved = record.points[index] != moved_record.points[index];
            (is_moved && record.value == PointValue::Nearest).then(|| {
                format!(
                    "it moves the point {name}, which has the value of its nearest node; record.interpolate = \"linear\" takes the value between nodes"
                )
            })
        }
        RowNumber::RegionMean(_)
        | RowNumber::RegionMin(_)
        | RowNumber::RegionMax(_)
        | RowNumber::RegionMass(_)
        | RowNumber::RegionGain(_)
        | RowNumber::RegionRate(_) => {
            let is_moved = problem.geometry().regions != moved.geometry().regions;
            is_moved.then(|| {
                format!(
                    "it moves the region of {name}, which is a set of whole nodes; a point with record.interpolate = \"linear\" can be moved"
                )
            })
        }
        _ => None,
    })
}
