//! What is told of a comparison.

use crate::{
    cli::{axes::Axes, number},
    cube::JournalledArray,
};
use diff2d_arrays::compare::{Comparison, Difference, Largest, Pairs, ulps};
use diff2d_arrays::npy::Scalar;
use serde_json::{Value, json};

/// The results, with what they are about.
pub(super) struct Told<'a> {
    pub(super) arrays: [&'a JournalledArray; 2],
    pub(super) comparison: &'a Comparison<'a>,
    /// Those of every index of the first axis; none if all bits are equal.
    pub(super) differences: &'a [Difference],
}

impl Told<'_> {
    /// How many elements differ.
    pub(super) fn count(&self) -> u64 {
        self.differences.iter().map(|one| one.count).sum()
    }

    fn elements(&self) -> u64 {
        self.comparison.pairs.iter().map(Pairs::count).product()
    }

    fn largest(&self) -> Option<&Largest> {
        let all = self
            .differences
            .iter()
            .filter_map(|one| one.largest.as_ref());
        all.reduce(|one, other| if other.size > one.size { other } else { one })
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
    fn rms(&self) -> f64 {
        let squares = |one: &Difference| one.rms().powi(2) * one.elements as f64;
        let sum: f64 = self.differences.iter().map(squares).sum();
        (sum / self.elements().max(1) as f64).sqrt()
    }

    /// Name and coordinate along the axes that have some, of a pair of the first array.
    fn place(&self, index: &[u64]) -> Vec<(String, f64)> {
        let axes = Axes::of(self.arrays[0]);
        let named = axes.with_coordinates().into_iter();
        named
            .filter_map(|(axis, name)| {
                let [at, _] = self.comparison.pairs[axis].of(index[axis]);
                Some((name.to_owned(), axes.coordinate(axis, at)?))
            })
            .collect()
    }

    /// The indices of the elements in both arrays.
    fn indices(&self, index: &[u64]) -> [Vec<u64>; 2] {
        [0, 1].map(|side| {
            let pairs = index.iter().zip(&self.comparison.pairs);
            pairs.map(|(&at, pairs)| pairs.of(at)[side]).collect()
        })
    }

    fn relative(largest: &Largest) -> f64 {
        largest.size / largest.pair[1].to_f64().abs()
    }

    fn ulps(&self, largest: &Largest) -> Option<u64> {
        ulps(largest.pair, self.arrays.map(|array| array.npy.dtype))
    }

    pub(super) fn text(&self) -> String {
        let (count, elements) = (self.count(), self.elements());
        let Some(tolerance) = self.comparison.tolerance else {
            if count == 0 {
                return format!(
                    "equal: {elements} elements of {}, bit for bit",
                    self.arrays[0].npy.dtype
                );
            }
            return self.with_snapshots(format!("different: {count} of {elements} elements"));
        };
        let within = format!(
            "within atol {} and rtol {}",
            number::python(tolerance.absolute),
            number::python(tolerance.relative)
        );
        self.with_snapshots(match count {
            0 => format!("equal: {elements} elements {within}"),
            _ => format!("different: {count} of {elements} elements are not {within}"),
        })
    }

    fn with_snapshots(&self, mut text: String) -> String {
        if let Some(largest) = self.largest() {
            let [at_a, at_b] = self.indices(&largest.index);
            let at_b = match at_a == at_b {
                true => String::new(),
                false => format!(" and {at_b:?}"),
            };
            let [a, b] = largest.pair;
            let place = self.place(&largest.index);
            let place: Vec<String> = place
                .iter()
                .map(|(name, at)| format!("{name} = {}", number::python(*at)))
                .collect();
            let place = match place.is_empty() {
                true => String::new(),
                false => format!(" ({})", place.join(", ")),
            };
            let ulps = self
                .ulps(largest)
                .map_or_else(String::new, |ulps| format!(", {ulps} ulps"));
            text.push_str(&format!(
                "; the largest difference is {} at {at_a:?}{at_b}{place}, {a} against {b} (relative {}{ulps}); RMS {}",
                number::python(largest.size),
                number::python(Self::relative(largest)),
                number::python(self.rms())
            ));
        }
        let times = self.times();
        if times.is_empty() {
            return text;
        }
        text.push_str(&format!(
            "\n{:>8} {:>22} {:>12} {:>22} {:>22}",
            "snapshot", "t", "different", "largest", "rms"
        ));
        for ((index, time), one) in times.into_iter().zip(self.differences) {
            let largest = one.largest.as_ref().map_or(0.0, |largest| largest.size);
            let [time, largest, rms] = [time, largest, one.rms()].map(number::python);
            text.push_str(&format!(
                "\n{index:>8} {time:>22} {:>12} {largest:>22} {rms:>22}",
                one.count
            ));
        }
        text
    }

    /// Index and time of the snapshots compared, if the first axis is time.
    fn times(&self) -> Vec<(u64, f64)> {
        let axes = Axes::of(self.arrays[0]);
        let is_time = axes
            .with_coordinates()
            .first()
            .is_some_and(|first| *first == (0, "t"));
        let Some(pairs) = self.comparison.pairs.first().filter(|_| is_time) else {
            return Vec::new();
        };
        if self.differences.is_empty() {
            return Vec::new();
        }
        let indices = (0..pairs.count()).map(|number| pairs.of(number)[0]);
        indices
            .filter_map(|index| Some((index, axes.coordinate(0, index)?)))
            .collect()
    }

    pub(super) fn json(&self) -> String {
        let scalar = |value: Scalar| match value {
            Scalar::Float(value) => json!(value),
            Scalar::Integer(value) => {
                serde_json::from_str(&value.to_string()).unwrap_or(Value::Null)
            }
        };
        let largest = self.largest().map(|largest| {
            let [at_a, at_b] = self.indices(&largest.index);
            let mut told = json!({
                "absolute": largest.size,
                "relative": Self::relative(largest),
                "ulps": self.ulps(largest),
                "index": at_a,
                "index_b": at_b,
                "a": scalar(largest.pair[0]),
                "b": scalar(largest.pair[1]),
            });
            for (name, at) in self.place(&largest.index) {
                told[name] = json!(at);
            }
            told
        });
        let snapshots = self.times().into_iter().zip(self.differences);
        let snapshots: Vec<Value> = snapshots
            .map(|((index, time), one)| {
                json!({
                    "index": index,
                    "t": time,
                    "different": one.count,
                    "largest": one.largest.as_ref().map_or(0.0, |largest| largest.size),
                    "rms": one.rms(),
                })
            })
            .collect();
        json!({
            "equal": self.count() == 0,
            "elements": self.elements(),
            "different": self.count(),
            "largest": largest,
            "rms": self.rms(),
            "snapshots": snapshots,
        })
        .to_string()
    }
}
