//! [`CompareReport`]: how far two arrays are apart.

use super::common;
use crate::cli::{
    axes::{self, Axes},
    json::Object,
    number,
    rows::{Cell, Column, Rows, Style},
};
use diff2d::JournalledArray;
use diff2d_arrays::{
    compare::{self, Comparison, Difference, Pairs, Tolerance, ulps},
    npy::{Dtype, Kind, Scalar},
};
use serde::Serialize;
use std::fmt;

/// How many elements differ, where most, and how much in every snapshot.
#[derive(Serialize)]
pub(super) struct CompareReport<'a> {
    pub(super) equal: bool,
    verdict: String,
    elements: u64,
    different: u64,
    /// How many of the different elements are NaN in both arrays.
    both_nan: u64,
    largest: Option<LargestPair>,
    rms: f64,
    snapshots: Rows<'a>,
    /// The snapshots that differ.
    #[serde(skip)]
    differing: Rows<'a>,
    /// The axes of which the arrays share only a part.
    shared: Vec<Shared>,
    /// The snapshots of each array whose time the other one does not have.
    unpaired: [Vec<u64>; 2],
    #[serde(skip)]
    tolerance: Option<Tolerance>,
    #[serde(skip)]
    dtype: Dtype,
}

/// Two arrays whose elements have no partners.
#[derive(Serialize)]
pub(super) struct Different {
    pub(super) equal: bool,
    pub(super) reason: String,
}

impl fmt::Display for Different {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// How much of an axis is compared.
#[derive(Serialize)]
struct Shared {
    axis: String,
    compared: u64,
    of: [u64; 2],
}

/// The largest difference, and the two elements.
#[derive(Serialize)]
struct LargestPair {
    absolute: f64,
    relative: f64,
    ulps: Option<u64>,
    index: Vec<u64>,
    index_b: Vec<u64>,
    a: Scalar,
    b: Scalar,
    /// Coordinates along the axes that have some.
    #[serde(flatten)]
    places: Object<String, f64>,
}

impl<'a> CompareReport<'a> {
    /// Reports the differences at every index of the first axis, of which there are none if all bits are equal. A snapshot
    /// without a partner is a difference, unless only common ones are asked for.
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    pub(super) fn new(
        arrays: [&JournalledArray; 2],
        comparison: &Comparison<'_>,
        differences: &'a [Difference],
        common: bool,
    ) -> Self {
        let elements: u64 = comparison.pairs.iter().map(Pairs::count).product();
        let different = differences.iter().map(|difference| difference.count).sum();
        let squares = differences
            .iter()
            .map(|difference| difference.rms().powi(2) * difference.elements as f64);
        let largest_of_each = differences
            .iter()
            .filter_map(|difference| difference.largest.as_ref());
        let largest =
            largest_of_each.reduce(|left, right| if right.size > left.size { right } else { left });
        let magnitudes = differences.iter().map(|difference| difference.magnitude);
        let dtypes = arrays.map(|array| array.npy.dtype);
        let verdict = verdict(largest, magnitudes.fold(0.0, f64::max), dtypes);
        let axes = Axes::of(arrays[0]);
        let unpaired = unpaired(arrays, &axes, &comparison.pairs);
        let snapshots = snapshots(&axes, &comparison.pairs, differences);
        let differing = snapshots.iter().copied();
        let differing = differing.filter(|(.., difference)| difference.count > 0);
        let are_paired = common || unpaired.iter().all(Vec::is_empty);
        let verdict = match (different == 0, are_paired) {
            (true, true) => "equal".to_owned(),
            (true, false) => "snapshots have no partner".to_owned(),
            (false, _) => verdict,
        };
        Self {
            equal: different == 0 && are_paired,
            verdict,
            elements,
            different,
            both_nan: differences
                .iter()
                .map(|difference| difference.both_nan)
                .sum(),
            largest: largest
                .map(|largest| LargestPair::new(arrays, &axes, &comparison.pairs, largest)),
            // The sum of no squares would be -0.
            rms: (squares.fold(0.0, |sum, square| sum + square) / elements.max(1) as f64).sqrt(),
            differing: table(differing.collect()),
            snapshots: table(snapshots),
            shared: shared(arrays, &axes, &comparison.pairs),
            unpaired,
            tolerance: comparison.tolerance,
            dtype: arrays[0].npy.dtype,
        }
    }
}

/// A judgement in words of two arrays whose elements differ. `magnitude` is that of the largest element.
fn verdict(largest: Option<&compare::Largest>, magnitude: f64, dtypes: [Dtype; 2]) -> String {
    /// The number of roundings up to which arrays that were computed in another order may differ.
    const MOST_ROUNDINGS: f64 = 1000.0;
    let Some(largest) = largest else {
        return "NaN stands against NaN; --equal-nan takes them as equal".to_owned();
    };
    let size = largest.size;
    if !size.is_finite() {
        return "different: NaN or infinity stands against another value".to_owned();
    }
    if size == 0.0 {
        return "equal but for the signs of zeros; --atol 0 takes them as equal".to_owned();
    }
    let bytes = dtypes.map(|dtype| match dtype.kind {
        Kind::Float => dtype.bytes,
        _ => 8,
    });
    let epsilon = match bytes[0].min(bytes[1]) {
        2 => 2_f64.powi(-10),
        4 => f64::from(f32::EPSILON),
        _ => f64::EPSILON,
    };
    let roundings = (size / (epsilon * magnitude)).ceil();
    if roundings <= MOST_ROUNDINGS {
        let roundings = match roundings {
            1.0 => "1 rounding".to_owned(),
            count => format!("{count} roundings"),
        };
        let tolerance = 10_f64.powf(size.log10().ceil());
        return format!(
            "equal within {roundings} of the largest value; --atol {tolerance:e} takes them as equal"
        );
    }
    let share = diff2d_plot::short(100.0 * size / magnitude, 2);
    format!(
        "different by {share} % of the largest value, {}",
        number::python(magnitude)
    )
}

/// The index, the time and the difference of each snapshot that is compared, if the first axis is time.
fn snapshots<'a>(
    axes: &Axes<'_>,
    pairs: &[Pairs],
    differences: &'a [Difference],
) -> Vec<(u64, f64, &'a Difference)> {
    let Some(pairs) = pairs.first().filter(|_| axes.has_times()) else {
        return Vec::new();
    };
    let indices = (0..pairs.count()).map(|number| pairs.of(number)[0]);
    let times = indices.filter_map(|index| Some((index, axes.coordinate(0, index)?)));
    let rows = times.zip(differences);
    rows.map(|((index, t), difference)| (index, t, difference))
        .collect()
}

/// The differences of snapshots as a table.
fn table(snapshots: Vec<(u64, f64, &Difference)>) -> Rows<'_> {
    Rows {
        columns: vec![
            Column::new("snapshot").with_key(Some("index")).of_width(8),
            Column::new("t"),
            Column::new("different").of_width(12),
            Column::new("largest"),
            Column::new("rms"),
        ],
        style: Style::Aligned,
        count: snapshots.len(),
        row: Box::new(move |number| {
            let (index, t, difference) = snapshots[number];
            let largest = difference.largest.as_ref();
            let cells = [
                Cell::from(index),
                Cell::from(t),
                Cell::from(difference.count),
                Cell::from(largest.map_or(0.0, |largest| largest.size)),
                Cell::from(difference.rms()),
            ];
            cells.into_iter().collect()
        }),
    }
}

/// The axes of which not all indices are compared.
fn shared(arrays: [&JournalledArray; 2], axes: &Axes<'_>, pairs: &[Pairs]) -> Vec<Shared> {
    let shapes = arrays.map(|array| array.shape());
    let named = axes.labels.axes.iter().zip(pairs).enumerate();
    named
        .filter_map(|(axis, (named, pairs))| {
            let lengths = [shapes[0][axis], shapes[1][axis]];
            let compared = pairs.count();
            (lengths != [compared; 2]).then(|| Shared {
                axis: named
                    .as_ref()
                    .map_or_else(String::new, |axis| axis.name.clone()),
                compared,
                of: lengths,
            })
        })
        .collect()
}

/// The snapshots of each array whose time the other one does not have.
fn unpaired(arrays: [&JournalledArray; 2], axes: &Axes<'_>, pairs: &[Pairs]) -> [Vec<u64>; 2] {
    let Some(time) = axes.labels.position("t") else {
        return [Vec::new(), Vec::new()];
    };
    [0, 1].map(|side| common::unpaired(&pairs[time], side, arrays[side].shape()[time]))
}

impl LargestPair {
    fn new(
        arrays: [&JournalledArray; 2],
        axes: &Axes<'_>,
        pairs: &[Pairs],
        largest: &compare::Largest,
    ) -> Self {
        let pairs = largest.index.iter().zip(pairs);
        let (index, index_b): (Vec<u64>, Vec<u64>) = pairs
            .map(|(&number, pairs)| pairs.of(number).into())
            .unzip();
        let [a, b] = largest.pair;
        Self {
            absolute: largest.size,
            relative: largest.size / b.to_f64().abs(),
            ulps: ulps(largest.pair, arrays.map(|array| array.npy.dtype)),
            places: Object(axes.places(&index)),
            index,
            index_b,
            a,
            b,
        }
    }
}

impl fmt::Display for CompareReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (different, elements) = (self.different, self.elements);
        let tolerance_text = self.tolerance.map(|tolerance| {
            let [atol, rtol] = [tolerance.absolute, tolerance.relative].map(number::python);
            format!("within atol {atol} and rtol {rtol}")
        });
        match (self.different == 0, tolerance_text) {
            (true, None) => {
                let dtype = self.dtype;
                return write!(f, "equal: {elements} elements of {dtype}, bit for bit");
            }
            (false, None) => write!(f, "different: {different} of {elements} elements"),
            (true, Some(tolerance_text)) if self.equal => {
                write!(f, "equal: {elements} elements {tolerance_text}")
            }
            (true, Some(tolerance_text)) => {
                write!(
                    f,
                    "different: snapshots have no partner, {elements} elements are {tolerance_text}"
                )
            }
            (false, Some(tolerance_text)) => {
                write!(
                    f,
                    "different: {different} of {elements} elements are not {tolerance_text}"
                )
            }
        }?;
        if self.both_nan > 0 && self.tolerance.is_some() {
            let count = self.both_nan;
            write!(
                f,
                "; {count} of these are NaN in both, equal with --equal-nan"
            )?;
        }
        if let Some(largest) = &self.largest {
            write!(f, "; the largest difference is {largest}")?;
            write!(f, "; RMS {}", number::python(self.rms))?;
        }
        for Shared { axis, compared, of } in &self.shared {
            write!(
                f,
                "\ncompared along {axis}: {compared} of {} and {}",
                of[0], of[1]
            )?;
        }
        for (name, unpaired) in ["A", "B"].into_iter().zip(&self.unpaired) {
            if !unpaired.is_empty() {
                let listed = number::ranges(unpaired);
                write!(f, "\nsnapshots of {name} without a partner: {listed}")?;
            }
        }
        // Snapshots that agree are only counted.
        let snapshot_count = self.snapshots.count;
        let agree = snapshot_count - self.differing.count;
        if agree > 0 {
            let snapshots = number::counted(snapshot_count as u64, "snapshot");
            let verb = if agree == 1 { "agrees" } else { "agree" };
            write!(f, "\n{agree} of {snapshots} {verb}")?;
        }
        if self.differing.count > 0 {
            write!(f, "\n{}", self.differing)?;
        }
        if self.different > 0 {
            write!(f, "\nverdict: {}", self.verdict)?;
        }
        Ok(())
    }
}

impl fmt::Display for LargestPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [size, relative] = [self.absolute, self.relative].map(number::python);
        write!(f, "{size} at {:?}", self.index)?;
        if self.index_b != self.index {
            write!(f, " and {:?}", self.index_b)?;
        }
        let Object(places) = &self.places;
        if !places.is_empty() {
            write!(f, " ({})", axes::in_words(places))?;
        }
        write!(f, ", {} against {} (relative {relative}", self.a, self.b)?;
        if let Some(ulps) = self.ulps {
            write!(f, ", {ulps} ulps")?;
        }
        f.write_str(")")
    }
}
