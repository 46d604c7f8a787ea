//! Values along a line of a frame, and the history of a node.

use super::array::{Frames, Kind, unread};
use crate::{cli::axes::Axes, error::Error, grid};
use diff2d_arrays::probe;
use diff2d_arrays::wording::excerpt;
use diff2d_plot::{self as plot, Sampled, Values};

/// Indices that are looked up at a time.
const AT_A_TIME: usize = 1 << 14;

/// The two axes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Side {
    Y,
    X,
}

impl Side {
    pub(in crate::cli) fn other(self) -> Self {
        match self {
            Self::Y => Self::X,
            Self::X => Self::Y,
        }
    }

    fn number(self) -> usize {
        match self {
            Self::Y => 0,
            Self::X => 1,
        }
    }
}

/// A place along an axis of frames.
pub(in crate::cli) struct Place {
    pub index: u64,
    /// In full: `y = 0.4975124378109452 (node 12)`.
    pub told: String,
    /// For a title: `y = 0.49751`.
    pub title: String,
}

/// What is known of the places along the axes of a frame.
pub(in crate::cli) struct Coordinates<'a> {
    axes: Axes<'a>,
    /// Of the scenario of a sweep.
    grid: Option<grid::Grid>,
    lengths: [u64; 2],
    /// The number of axes before those of a frame.
    outer: usize,
}

impl Coordinates<'_> {
    /// The name of an axis: x and y where its nodes have coordinates.
    pub(in crate::cli) fn name(&self, side: Side) -> &'static str {
        match (side, self.is_known(side)) {
            (Side::Y, true) => "y",
            (Side::X, true) => "x",
            (Side::Y, false) => "row",
            (Side::X, false) => "column",
        }
    }

    fn is_known(&self, side: Side) -> bool {
        self.of(side, 0).is_some()
    }

    /// Nodes along an axis.
    pub(in crate::cli) fn length(&self, side: Side) -> u64 {
        self.lengths[side.number()]
    }

    fn of(&self, side: Side, index: u64) -> Option<f64> {
        match (&self.grid, side) {
            (None, side) => self.axes.coordinate(self.outer + side.number(), index),
            (Some(grid), Side::Y) => Some(grid.y.node(usize::try_from(index).ok()?)),
            (Some(grid), Side::X) => Some(grid.x.node(usize::try_from(index).ok()?)),
        }
    }

    /// The coordinate of a node, or its number.
    #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
    pub(in crate::cli) fn coordinate(&self, side: Side, index: u64) -> f64 {
        self.of(side, index).unwrap_or(index as f64)
    }

    /// The node nearest to a coordinate, or that of a number, negative from the end.
    pub(in crate::cli) fn place(&self, side: Side, text: &str) -> Result<Place, Error> {
        let (name, length) = (self.name(side), self.length(side));
        if let (true, None) = (self.is_known(side), &self.grid) {
            let axis = self.outer + side.number();
            let index = self.axes.nearest(axis, text)?;
            let told = self.axes.describe([(axis, index)]);
            return Ok(self.found(side, index, told));
        }
        let wrong = |expected: &str| {
            let typed = excerpt(text, 60);
            Error::Usage(format!("{name}={typed}: expected {expected}"))
        };
        let Some(grid) = &self.grid else {
            let all = format!(
                "a whole number from {} to {}",
                -i128::from(length),
                length - 1
            );
            let number: i128 = text.trim().parse().map_err(|_| wrong(&all))?;
            let number = if number < 0 {
                number + i128::from(length)
            } else {
                number
            };
            let index = u64::try_from(number).ok().filter(|index| *index < length);
            let index = index.ok_or_else(|| wrong(&all))?;
            let told = format!("{name} {index}");
            return Ok(self.found(side, index, told));
        };
        let axis = match side {
            Side::Y => &grid.y,
            Side::X => &grid.x,
        };
        let (first, last) = axis.extent();
        let all = format!("a number from {first:?} to {last:?}");
        let number = text.trim().parse().ok().filter(|number: &f64| {
            (first - axis.spacing / 2.0..=last + axis.spacing / 2.0).contains(number)
        });
        let number = number.ok_or_else(|| wrong(&all))?;
        let distance = |index: &u64| (self.coordinate(side, *index) - number).abs();
        let index = (0..length).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        let index = index.unwrap_or(0);
        let told = format!("{name} = {:?} (node {index})", self.coordinate(side, index));
        Ok(self.found(side, index, told))
    }

    fn found(&self, side: Side, index: u64, told: String) -> Place {
        let shown = plot::short(self.coordinate(side, index), 5);
        let title = format!("{} = {shown}", self.name(side));
        Place { index, told, title }
    }
}

impl Frames<'_> {
    /// What is known of the places along the axes of a frame.
    pub(in crate::cli) fn coordinates(&self, index: u64) -> Coordinates<'_> {
        let (rows, columns) = self.shape();
        let scenario = match &self.kind {
            Kind::Scenarios(..) => self.shown(index).scenario,
            _ => None,
        };
        Coordinates {
            axes: Axes::of(self.array),
            grid: scenario.and_then(|scenario| scenario.grid()),
            lengths: [rows as u64, columns as u64],
            outer: self.array.npy.shape.len() - 2,
        }
    }

    /// The title of a frame.
    pub(in crate::cli) fn title(&self, index: u64) -> String {
        let (values, shown) = (self.values(index, None), self.shown(index));
        self.frame(&values, &shown, index).title(self.cadence())
    }

    /// The values of a frame along the line on which one coordinate is fixed.
    pub(in crate::cli) fn line(
        &self,
        index: u64,
        fixed: Side,
        at: u64,
        coordinates: &Coordinates<'_>,
    ) -> Result<Vec<(f64, f64)>, Error> {
        let along = fixed.other();
        let length = coordinates.length(along);
        let mut sampled = Sampled::new(length);
        let values = self.values(index, None);
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let mut buffer = Vec::new();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        for start in (0..length).step_by(self.at_a_time) {
            let some = start..length.min(start + self.at_a_time);
            buffer.resize(some.len(), 0.0);
            let (rows, columns) = match fixed {
                Side::Y => (at..at + 1, some.clone()),
                Side::X => (some.clone(), at..at + 1),
            };
            values.read(rows, columns, &mut buffer).map_err(unread)?;
            for (number, &value) in some.zip(&buffer) {
                sampled.push((coordinates.coordinate(along, number as u64), value));
            }
        }
        Ok(sampled.finish())
    }

    /// The values of a node over some frames.
    pub(in crate::cli) fn history(
        &self,
        chosen: &[u64],
        [row, column]: [u64; 2],
    ) -> Result<Vec<(f64, f64)>, Error> {
        if self.array.npy.shape.len() != 3 {
            return Err(Error::Usage(format!(
                "--history: {} has no one history of a node{}",
                self.array.path.display(),
                match self.kind {
                    Kind::Scenarios(..) =>
                        ", but one of each scenario, which `diff2d probe --series` prints",
                    _ => ", as it is a single frame",
                }
            )));
        }
        let mut sampled = Sampled::new(chosen.len() as u64);
        for some in chosen.chunks(AT_A_TIME) {
            let points: Vec<Vec<u64>> = some
                .iter()
                .map(|&index| vec![self.shown(index).place, row, column])
                .collect();
            let values = probe::values(self.array, &points)?;
            for (&index, value) in some.iter().zip(values) {
                #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
                let number = index as f64;
                let time = self.shown(index).record.map(|record| record.simtime);
                let time = time.or_else(|| self.time(index)).unwrap_or(number);
                sampled.push((time, value.to_f64()));
            }
        }
        Ok(sampled.finish())
    }
}
