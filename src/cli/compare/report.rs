//! [`Report`]: how far two arrays are apart.

use crate::{
    cli::{
        axes::{self, Axes},
        number,
    },
    cube::JournalledArray,
};
use diff2d_arrays::{
    compare::{self, Comparison, Difference, Pairs, Tolerance, ulps},
    npy::{Dtype, Scalar},
};
use serde::{Serialize, Serializer};
use std::fmt;

/// How many elements differ, where most, and how much in every snapshot.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) equal: bool,
    elements: u64,
    different: u64,
    largest: Option<Largest>,
    rms: f64,
    snapshots: Vec<Snapshot>,
    #[serde(skip)]
    tolerance: Option<Tolerance>,
    #[serde(skip)]
    dtype: Dtype,
}

/// The largest difference, and the two elements.
#[derive(Serialize)]
struct Largest {
    absolute: f64,
    relative: f64,
    ulps: Option<u64>,
    index: Vec<u64>,
    index_b: Vec<u64>,
    #[serde(serialize_with = "scalar")]
    a: Scalar,
    #[serde(serialize_with = "scalar")]
    b: Scalar,
    /// Coordinates along the axes that have some.
    #[serde(flatten, serialize_with = "entries")]
    places: Vec<(String, f64)>,
}

/// The differences at one time.
#[derive(Serialize)]
struct Snapshot {
    index: u64,
    t: f64,
    different: u64,
    largest: f64,
    rms: f64,
}

impl Report {
    /// Of the differences at every index of the first axis; of none if all bits are equal.
    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    pub(super) fn new(
        arrays: [&JournalledArray; 2],
        comparison: &Comparison<'_>,
        differences: &[Difference],
    ) -> Self {
        let elements: u64 = comparison.pairs.iter().map(Pairs::count).product();
        let different = differences.iter().map(|one| one.count).sum();
        let squares = differences
            .iter()
            .map(|one| one.rms().powi(2) * one.elements as f64);
        let all = differences.iter().filter_map(|one| one.largest.as_ref());
        let largest = all.reduce(|one, other| if other.size > one.size { other } else { one });
        let axes = Axes::of(arrays[0]);
        Self {
            equal: different == 0,
            elements,
            different,
            largest: largest.map(|one| Largest::new(arrays, &axes, &comparison.pairs, one)),
            rms: (squares.sum::<f64>() / elements.max(1) as f64).sqrt(),
            snapshots: snapshots(&axes, &comparison.pairs, differences),
            tolerance: comparison.tolerance,
            dtype: arrays[0].npy.dtype,
        }
    }
}

/// The differences of the snapshots, if the first axis is time.
fn snapshots(axes: &Axes<'_>, pairs: &[Pairs], differences: &[Difference]) -> Vec<Snapshot> {
    let Some(pairs) = pairs.first().filter(|_| axes.has_times()) else {
        return Vec::new();
    };
    let indices = (0..pairs.count()).map(|number| pairs.of(number)[0]);
    indices
        .filter_map(|index| Some((index, axes.coordinate(0, index)?)))
        .zip(differences)
        .map(|((index, t), one)| Snapshot {
            index,
            t,
            different: one.count,
            largest: one.largest.as_ref().map_or(0.0, |largest| largest.size),
            rms: one.rms(),
        })
        .collect()
}

impl Largest {
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
            places: axes.places(&index),
            index,
            index_b,
            a,
            b,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (different, elements) = (self.different, self.elements);
        let within = self.tolerance.map(|tolerance| {
            let [atol, rtol] = [tolerance.absolute, tolerance.relative].map(number::python);
            format!("within atol {atol} and rtol {rtol}")
        });
        match (self.equal, within) {
            (true, None) => {
                let dtype = self.dtype;
                return write!(f, "equal: {elements} elements of {dtype}, bit for bit");
            }
            (false, None) => write!(f, "different: {different} of {elements} elements"),
            (true, Some(within)) => write!(f, "equal: {elements} elements {within}"),
            (false, Some(within)) => {
                write!(
                    f,
                    "different: {different} of {elements} elements are not {within}"
                )
            }
        }?;
        if let Some(largest) = &self.largest {
            write!(f, "; the largest difference is {largest}")?;
            write!(f, "; RMS {}", number::python(self.rms))?;
        }
        if self.snapshots.is_empty() {
            return Ok(());
        }
        write!(
            f,
            "\n{:>8} {:>22} {:>12} {:>22} {:>22}",
            "snapshot", "t", "different", "largest", "rms"
        )?;
        for one in &self.snapshots {
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

impl fmt::Display for Largest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [size, relative] = [self.absolute, self.relative].map(number::python);
        write!(f, "{size} at {:?}", self.index)?;
        if self.index_b != self.index {
            write!(f, " and {:?}", self.index_b)?;
        }
        if !self.places.is_empty() {
            write!(f, " ({})", axes::in_words(&self.places))?;
        }
        write!(f, ", {} against {} (relative {relative}", self.a, self.b)?;
        if let Some(ulps) = self.ulps {
            write!(f, ", {ulps} ulps")?;
        }
        f.write_str(")")
    }
}

fn scalar<S: Serializer>(value: &Scalar, serializer: S) -> Result<S::Ok, S::Error> {
    match *value {
        Scalar::Float(value) => serializer.serialize_f64(value),
        Scalar::Integer(value) => serializer.serialize_i128(value),
    }
}

fn entries<S: Serializer>(pairs: &[(String, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}
