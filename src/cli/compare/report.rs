//! [`CompareReport`]: how far two arrays are apart.

use super::common;
use crate::{
    cli::{
        axes::{self, Axes},
        json::Object,
        number,
    },
    cube::JournalledArray,
};
use diff2d_arrays::{
    compare::{self, Comparison, Difference, Pairs, Tolerance, ulps},
    npy::{Dtype, Scalar},
};
use serde::Serialize;
use std::fmt;

/// How many elements differ, where most, and how much in every snapshot.
#[derive(Serialize)]
pub(super) struct CompareReport {
    pub(super) equal: bool,
    elements: u64,
    different: u64,
    /// How many of these are NaN in both.
    both_nan: u64,
    largest: Option<LargestPair>,
    rms: f64,
    snapshots: Vec<SnapshotDifference>,
    /// Where the arrays share only a part of an axis.
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

/// The differences at one time.
#[derive(Serialize)]
struct SnapshotDifference {
    index: u64,
    t: f64,
    different: u64,
    largest: f64,
    rms: f64,
}

impl CompareReport {
    /// Of the differences at every index of the first axis; of none if all bits are equal. A snapshot
    /// without a partner is a difference, unless only common ones are asked for.
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    pub(super) fn new(
        arrays: [&JournalledArray; 2],
        comparison: &Comparison<'_>,
        differences: &[Difference],
        common: bool,
    ) -> Self {
        let elements: u64 = comparison.pairs.iter().map(Pairs::count).product();
        let different = differences.iter().map(|one| one.count).sum();
        let squares = differences
            .iter()
            .map(|one| one.rms().powi(2) * one.elements as f64);
        let all = differences.iter().filter_map(|one| one.largest.as_ref());
        let largest = all.reduce(|one, other| if other.size > one.size { other } else { one });
        let axes = Axes::of(arrays[0]);
        let unpaired = unpaired(arrays, &axes, &comparison.pairs);
        Self {
            equal: different == 0 && (common || unpaired.iter().all(Vec::is_empty)),
            elements,
            different,
            both_nan: differences.iter().map(|one| one.both_nan).sum(),
            largest: largest.map(|one| LargestPair::new(arrays, &axes, &comparison.pairs, one)),
            // The sum of none would be -0.
            rms: (squares.fold(0.0, |sum, one| sum + one) / elements.max(1) as f64).sqrt(),
            snapshots: snapshots(&axes, &comparison.pairs, differences),
            shared: shared(arrays, &axes, &comparison.pairs),
            unpaired,
            tolerance: comparison.tolerance,
            dtype: arrays[0].npy.dtype,
        }
    }
}

/// The differences of the snapshots, if the first axis is time.
fn snapshots(
    axes: &Axes<'_>,
    pairs: &[Pairs],
    differences: &[Difference],
) -> Vec<SnapshotDifference> {
    let Some(pairs) = pairs.first().filter(|_| axes.has_times()) else {
        return Vec::new();
    };
    let indices = (0..pairs.count()).map(|number| pairs.of(number)[0]);
    indices
        .filter_map(|index| Some((index, axes.coordinate(0, index)?)))
        .zip(differences)
        .map(|((index, t), one)| SnapshotDifference {
            index,
            t,
            different: one.count,
            largest: one.largest.as_ref().map_or(0.0, |largest| largest.size),
            rms: one.rms(),
        })
        .collect()
}

/// The axes of which not all indices are compared.
fn shared(arrays: [&JournalledArray; 2], axes: &Axes<'_>, pairs: &[Pairs]) -> Vec<Shared> {
    let shapes = arrays.map(|array| array.shape());
    let named = axes.labels.axes.iter().zip(pairs).enumerate();
    named
        .filter_map(|(axis, (named, pairs))| {
            let of = [shapes[0][axis], shapes[1][axis]];
            let compared = pairs.count();
            (of != [compared; 2]).then(|| Shared {
                axis: named
                    .as_ref()
                    .map_or_else(String::new, |one| one.name.clone()),
                compared,
                of,
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
        let (index, index_b): (Vec<u64>, Vec<u64>) =
            pairs.map(|(&at, pairs)| pairs.of(at).into()).unzip();
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

impl fmt::Display for CompareReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (different, elements) = (self.different, self.elements);
        let within = self.tolerance.map(|tolerance| {
            let [atol, rtol] = [tolerance.absolute, tolerance.relative].map(number::python);
            format!("within atol {atol} and rtol {rtol}")
        });
        match (self.different == 0, within) {
            (true, None) => {
                let dtype = self.dtype;
                return write!(f, "equal: {elements} elements of {dtype}, bit for bit");
            }
            (false, None) => write!(f, "different: {different} of {elements} elements"),
            (true, Some(within)) if self.equal => {
                write!(f, "equal: {elements} elements {within}")
            }
            (true, Some(within)) => {
                write!(
                    f,
                    "different: snapshots have no partner, {elements} elements are {within}"
                )
            }
            (false, Some(within)) => {
                write!(
                    f,
                    "different: {different} of {elements} elements are not {within}"
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
        // Those that agree are only counted.
        let all = self.snapshots.len();
        let differ: Vec<_> = (self.snapshots.iter())
            .filter(|one| one.different > 0)
            .collect();
        let agree = all - differ.len();
        if agree > 0 {
            let noun = if all == 1 { "snapshot" } else { "snapshots" };
            let verb = if agree == 1 { "agrees" } else { "agree" };
            write!(f, "\n{agree} of {all} {noun} {verb}")?;
        }
        if differ.is_empty() {
            return Ok(());
        }
        write!(
            f,
            "\n{:>8} {:>22} {:>12} {:>22} {:>22}",
            "snapshot", "t", "different", "largest", "rms"
        )?;
        for one in differ {
            let (index, different) = (one.index, one.different);
            let [t, largest, rms] = [one.t, one.largest, one.rms].map(number::python);
            write!(
                f,
                "\n{index:>8} {t:>22} {different:>12} {largest:>22} {rms:>22}"
            )?;
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
