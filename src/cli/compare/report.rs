//! [`CompareReport`]: how far two arrays are apart.

use super::common;
use crate::cli::{
    answer::Answer,
    axes::{self, Axes},
    json::Value,
    number,
    rows::{Cell, Column, Rows, Style},
};
use diff2d::JournalledArray;
use diff2d_arrays::{
    compare::{self, Comparison, Difference, Pairs, ulps},
    npy::{Dtype, Kind},
};

/// How far two arrays are apart, and whether they count as equal.
pub(super) struct CompareReport<'a> {
    pub(super) equal: bool,
    pub(super) answer: Answer<'a>,
}

impl<'a> CompareReport<'a> {
    /// Reports the differences at every index of the first axis, of which there are none if all bits are equal. A snapshot
    /// without a partner is a difference, unless only common ones are asked for.
    pub(super) fn new(
        arrays: [&JournalledArray; 2],
        comparison: &Comparison<'_>,
        differences: &'a [Difference],
        common: bool,
    ) -> Self {
        let pairs = &comparison.pairs;
        let elements: u64 = pairs.iter().map(Pairs::count).product();
        let different: u64 = differences.iter().map(|difference| difference.count).sum();
        let both_nan: u64 = differences
            .iter()
            .map(|difference| difference.both_nan)
            .sum();
        let squares = differences
            .iter()
            .map(|difference| difference.rms().powi(2) * difference.elements as f64);
        // The sum of no squares would be -0.
        let rms = (squares.fold(0.0, |sum, square| sum + square) / elements.max(1) as f64).sqrt();
        let largest_of_each = differences
            .iter()
            .filter_map(|difference| difference.largest.as_ref());
        let largest =
            largest_of_each.reduce(|left, right| if right.size > left.size { right } else { left });
        let magnitudes = differences.iter().map(|difference| difference.magnitude);
        let axes = Axes::of(arrays[0]);
        let time = axes.labels.position("t");
        // The snapshots of each array whose time the other one does not have.
        let unpaired = [0, 1].map(|side| {
            time.map_or_else(Vec::new, |time| {
                common::unpaired(&pairs[time], side, arrays[side].shape()[time])
            })
        });
        let are_paired = common || unpaired.iter().all(Vec::is_empty);
        let verdict = match (different == 0, are_paired) {
            (true, true) => "equal".to_owned(),
            (true, false) => "snapshots have no partner".to_owned(),
            (false, _) => {
                let dtypes = arrays.map(|array| array.npy.dtype);
                verdict(largest, magnitudes.fold(0.0, f64::max), dtypes)
            }
        };
        let equal = different == 0 && are_paired;
        let mut answer = Answer::default();
        let mut text = match comparison.tolerance {
            None if equal => {
                let dtype = arrays[0].npy.dtype;
                format!("equal: {elements} elements of {dtype}, bit for bit")
            }
            None => format!("different: {different} of {elements} elements"),
            Some(tolerance) => {
                let [atol, rtol] = [tolerance.absolute, tolerance.relative].map(number::python);
                let within = format!("within atol {atol} and rtol {rtol}");
                match (different, equal) {
                    (0, true) => format!("equal: {elements} elements {within}"),
                    (0, false) => format!(
                        "different: snapshots have no partner, {elements} elements are {within}"
                    ),
                    _ => format!("different: {different} of {elements} elements are not {within}"),
                }
            }
        };
        if both_nan > 0 && comparison.tolerance.is_some() {
            text += &format!("; {both_nan} of these are NaN in both, equal with --equal-nan");
        }
        answer.plain("equal", equal);
        answer.plain("verdict", verdict.clone());
        answer.plain("elements", elements);
        answer.plain("different", different);
        answer.plain("both_nan", both_nan);
        let mut largest_value = Value::plain(());
        if let Some(largest) = largest {
            let (value, largest) = described(arrays, &axes, pairs, largest);
            let rms = number::python(rms);
            text += &format!("; the largest difference is {largest}; RMS {rms}");
            largest_value = value;
        }
        answer.value("largest", largest_value);
        answer.number("rms", rms);
        answer.text(text);
        tell_shared(arrays, &axes, pairs, &mut answer);
        for (name, unpaired) in ["A", "B"].into_iter().zip(&unpaired) {
            if !unpaired.is_empty() {
                let listed = number::ranges(unpaired);
                answer.text(format!("snapshots of {name} without a partner: {listed}"));
            }
        }
        answer.plain("unpaired", unpaired);
        tell_snapshots(&axes, pairs, differences, &mut answer);
        if different > 0 {
            answer.text(format!("verdict: {verdict}"));
        }
        Self { equal, answer }
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

/// Tells the difference of each snapshot that is compared. As text, snapshots that agree are only counted.
fn tell_snapshots<'a>(
    axes: &Axes<'_>,
    pairs: &[Pairs],
    differences: &'a [Difference],
    answer: &mut Answer<'a>,
) {
    let snapshots = snapshots(axes, pairs, differences);
    let differing = snapshots.iter().copied();
    let differing = differing.filter(|(.., difference)| difference.count > 0);
    let differing: Vec<_> = differing.collect();
    let agree = snapshots.len() - differing.len();
    if agree > 0 {
        let snapshots = number::counted(snapshots.len() as u64, "snapshot");
        let verb = if agree == 1 { "agrees" } else { "agree" };
        answer.text(format!("{agree} of {snapshots} {verb}"));
    }
    if !differing.is_empty() {
        answer.text(table(differing).to_string());
    }
    answer.value("snapshots", table(snapshots).into_value());
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

/// Tells the axes of which not all indices are compared.
fn tell_shared(
    arrays: [&JournalledArray; 2],
    axes: &Axes<'_>,
    pairs: &[Pairs],
    answer: &mut Answer<'_>,
) {
    let shapes = arrays.map(|array| array.shape());
    let named = axes.labels.axes.iter().zip(pairs).enumerate();
    let mut shared = Vec::new();
    for (axis, (named, pairs)) in named {
        let [a, b] = [shapes[0][axis], shapes[1][axis]];
        let compared = pairs.count();
        if [a, b] == [compared; 2] {
            continue;
        }
        let name = named.as_ref().map_or("", |axis| &axis.name).to_owned();
        answer.text(format!("compared along {name}: {compared} of {a} and {b}"));
        let mut values = Answer::default();
        values.plain("axis", name);
        values.plain("compared", compared);
        values.plain("of", [a, b]);
        shared.push(values.into_value());
    }
    answer.value("shared", Value::List(shared));
}

/// The largest difference, its place, and the two elements.
fn described<'a>(
    arrays: [&JournalledArray; 2],
    axes: &Axes<'_>,
    pairs: &[Pairs],
    largest: &compare::Largest,
) -> (Value<'a>, String) {
    let pairs = largest.index.iter().zip(pairs);
    let (index, index_b): (Vec<u64>, Vec<u64>) = pairs
        .map(|(&number, pairs)| pairs.of(number).into())
        .unzip();
    let [a, b] = largest.pair;
    let (absolute, relative) = (largest.size, largest.size / b.to_f64().abs());
    let ulps = ulps(largest.pair, arrays.map(|array| array.npy.dtype));
    let places = axes.places(&index);
    let mut text = format!("{} at {index:?}", number::python(absolute));
    if index_b != index {
        text += &format!(" and {index_b:?}");
    }
    if !places.is_empty() {
        text += &format!(" ({})", axes::in_words(&places));
    }
    text += &format!(", {a} against {b} (relative {}", number::python(relative));
    if let Some(ulps) = ulps {
        text += &format!(", {ulps} ulps");
    }
    text += ")";
    let mut values = Answer::default();
    values.number("absolute", absolute);
    values.number("relative", relative);
    values.plain("ulps", ulps);
    values.plain("index", index);
    values.plain("index_b", index_b);
    values.value("a", Value::Number(a));
    values.value("b", Value::Number(b));
    // Coordinates along the axes that have some.
    for (name, coordinate) in places {
        values.number(name, coordinate);
    }
    (values.into_value(), text)
}
