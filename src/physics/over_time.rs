//! Functions of time at one node: their values at many times, the times of their maxima, and their means.

use super::{
    between::{GAUSS, stretch},
    nodes::Nodes,
    values::value_at_point,
};
use crate::params::{Formula, Function};
use diff2d_arrays::expression::{BATCH, Extension};
use std::ops::Range;

/// The number of the variable t in formulas.
const TIME: usize = 2;

/// The start of a span, and `count` equally spaced times after it up to its end; only the start if the span is empty.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "numbers of samples are small")]
pub fn times(Range { start, end }: Range<f64>, count: usize) -> Vec<f64> {
    if end > start {
        (0..=count)
            .map(|number| start + number as f64 / count as f64 * (end - start))
            .collect()
    } else {
        vec![start]
    }
}

/// The values of a function of x, y and t at a point, one for each time. A formula draws the random numbers of the node
/// `number`.
#[must_use]
pub fn values_at_point(
    function: &Function,
    [x, y]: [f64; 2],
    number: u64,
    times: &[f64],
) -> Vec<f64> {
    let formula = match function {
        Function::Formula(formula) if formula.depends_on_time() => &formula.expression,
        _ => return vec![value_at_point(function, [x, y, 0.0], number); times.len()],
    };
    if formula.is_random() || times.len() == 1 {
        // Random numbers are those of elements, and all of these are one. A single value needs no batch.
        return times
            .iter()
            .map(|&time| value_at_point(function, [x, y, time], number))
            .collect();
    }
    let mut values = vec![0.0; times.len()];
    let [x, y] = [x, y].map(|coordinate| [coordinate; BATCH]);
    for (times, values) in times.chunks(BATCH).zip(values.chunks_mut(BATCH)) {
        formula.evaluate(&[&x, &y, times], 0, values);
    }
    values
}

/// The values of a function at a node, one for each time.
#[must_use]
pub fn values_at(
    function: &Function,
    nodes: &Nodes,
    (j, i): (usize, usize),
    times: &[f64],
) -> Vec<f64> {
    let (j, i) = (nodes.row(j), nodes.column(i));
    values_at_point(
        function,
        [nodes.x[i], nodes.y[j]],
        nodes.number(j, i),
        times,
    )
}

/// The time in a span at which a function is largest; `add` adds the values at some times to zeros. The function is
/// sampled at `samples` times. Between samples it is searched further where it may rise above all samples and above
/// `least`.
pub fn largest(
    span: Range<f64>,
    samples: usize,
    least: f64,
    add: impl Fn(&[f64], &mut [f64]),
) -> f64 {
    /// The largest number of peaks that are refined between samples.
    const MOST_PEAKS: usize = 64;
    /// The number of parts into which an interval is divided, and the number of repeated divisions.
    const PARTS: usize = 32;
    const ROUNDS: usize = 9;
    let sample_times = times(span, samples);
    let mut values = vec![0.0; sample_times.len()];
    add(&sample_times, &mut values);
    let mut peak = higher(&sample_times, &values, (sample_times[0], f64::NEG_INFINITY));
    // How high a smooth function may rise beside a sample that is not below its neighbours.
    let mut peaks: Vec<(f64, usize)> = Vec::new();
    for (sample, &value) in values.iter().enumerate() {
        let value_before = values[sample.saturating_sub(1)];
        let value_after = values[(sample + 1).min(values.len() - 1)];
        let reach = 2.0 * value - value_before.min(value_after);
        if value >= value_before && value >= value_after && reach > peak.1.max(least) {
            peaks.push((reach, sample));
        }
    }
    peaks.sort_by(|one, other| other.0.total_cmp(&one.0));
    for &(_, sample) in peaks.iter().take(MOST_PEAKS) {
        let mut interval_begin = sample_times[sample.saturating_sub(1)];
        let mut interval_end = sample_times[(sample + 1).min(sample_times.len() - 1)];
        for _ in 0..ROUNDS {
            let part_times: Vec<f64> = times(0.0..interval_end - interval_begin, PARTS)
                .into_iter()
                .map(|part| (interval_begin + part).min(interval_end))
                .collect();
            let mut values = vec![0.0; part_times.len()];
            add(&part_times, &mut values);
            let (time, value) = higher(&part_times, &values, (interval_begin, f64::NEG_INFINITY));
            if value > peak.1 {
                peak = (time, value);
            }
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let width = (interval_end - interval_begin) / PARTS as f64;
            (interval_begin, interval_end) = (
                (time - width).max(interval_begin),
                (time + width).min(interval_end),
            );
        }
    }
    peak.0
}

/// The times in a span at which tabulated functions that a function calls have their points, if each has an argument that
/// is linear in t; none of those of a function that has too many of them there.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "numbers of points are small")]
pub fn knots_at(
    function: &Function,
    nodes: &Nodes,
    node: (usize, usize),
    Range { start, end }: Range<f64>,
) -> Vec<f64> {
    /// The largest number of points of a tabulated function, with all its periods.
    const MOST_POINTS: usize = 1 << 18;
    let Function::Formula(formula) = function else {
        return Vec::new();
    };
    let mut knots = Vec::new();
    for (table, argument) in formula.expression.interpolations() {
        let [table_start, table_end] = table.range().unwrap_or_default();
        let argument = Function::Formula(Formula::new("", argument));
        let [start_value, middle_value, end_value] = [start, f64::midpoint(start, end), end]
            .map(|time| values_at(&argument, nodes, node, &[time])[0]);
        let change = end_value - start_value;
        let slope = change / (end - start);
        let deviation = (middle_value - f64::midpoint(start_value, end_value)).abs();
        if !slope.is_normal() || deviation > 1e-9 * change.abs() {
            continue;
        }
        let (lowest, highest) = (start_value.min(end_value), start_value.max(end_value));
        let period = table_end - table_start;
        let [first_period, last_period] = match table.extension() {
            Extension::Repeat => {
                [lowest, highest].map(|argument| ((argument - table_start) / period).floor())
            }
            Extension::None | Extension::Hold => [0.0; 2],
        };
        let count = (last_period - first_period + 1.0) * table.points().len() as f64;
        if count > MOST_POINTS as f64 {
            continue;
        }
        let mut number = first_period;
        while number <= last_period {
            let arguments = table.points().iter().map(|[argument, _]| argument);
            let shifted = arguments.map(|argument| argument + number * period);
            knots.extend(shifted.map(|argument| start + (argument - start_value) / slope));
            number += 1.0;
        }
    }
    knots.retain(|time| (start..end).contains(time));
    knots
}

/// The times in a span at which a function of t alone bends or jumps.
fn breaks(function: &Function, nodes: &Nodes, span: Range<f64>) -> Vec<f64> {
    let mut breaks = knots_at(function, nodes, (0, 0), span.clone());
    if let Function::Formula(formula) = function {
        let bounds = [span.start, span.end];
        let search = stretch::to_rounding(bounds, 1);
        let jumps = formula.expression.jumps().parts.into_iter();
        let places = jumps.flat_map(|jump| jump.places_along(TIME, &[0.0; 3], bounds, search));
        breaks.extend(places.flatten());
    }
    breaks
}

/// The mean of a function of t alone over a span, or its value at a moment, which is a span without length.
#[must_use]
pub fn mean(function: &Function, nodes: &Nodes, span: Range<f64>) -> f64 {
    /// The largest number of pieces of which an integral is the sum.
    const MOST_PIECES: usize = 512;
    let start_value = values_at(function, nodes, (0, 0), &[span.start])[0];
    let length = span.end - span.start;
    if length <= 0.0 || function.constant().is_some() {
        return start_value;
    }
    let integral = |piece| integral_of_change(function, nodes, start_value, piece);
    let pieces = stretch::divided([span.start, span.end], breaks(function, nodes, span));
    let mut pieces: Vec<_> = pieces
        .into_iter()
        .map(|piece| (piece, integral(piece).0))
        .collect();
    let (mut sum, mut piece_count) = (0.0, pieces.len());
    while let Some(([start, end], coarse)) = pieces.pop() {
        let middle = f64::midpoint(start, end);
        let halves = [[start, middle], [middle, end]].map(|half| (half, integral(half)));
        let [(earlier, rounding), (later, _)] = halves.map(|(_, integral)| integral);
        let fine = earlier + later;
        if (fine - coarse).abs() <= 4.0 * rounding || piece_count >= MOST_PIECES {
            sum += fine;
        } else {
            pieces.extend(halves.map(|(half, (integral, _))| (half, integral)));
            piece_count += 1;
        }
    }
    start_value + sum / length
}

/// The integral over a piece of the difference of a function of t alone from its value at the start, and the rounding error.
/// The integral of what does not change is 0 to the bit.
fn integral_of_change(
    function: &Function,
    nodes: &Nodes,
    start_value: f64,
    piece: [f64; 2],
) -> (f64, f64) {
    let times = GAUSS.map(|(share, _)| stretch::within(piece, share));
    let values = values_at(function, nodes, (0, 0), &times);
    let largest = values
        .iter()
        .fold(start_value.abs(), |largest, value| largest.max(value.abs()));
    let weighted = GAUSS.iter().zip(values);
    let mean_change: f64 = weighted
        .map(|((_, weight), value)| weight * (value - start_value))
        .sum();
    let length = piece[1] - piece[0];
    (length * mean_change, f64::EPSILON * length * largest)
}

/// The least and the largest value of a function of t alone in a span.
#[must_use]
pub fn bounds(function: &Function, nodes: &Nodes, span: Range<f64>) -> [f64; 2] {
    /// The number of times at which the function is asked before it is searched further.
    const SAMPLES: usize = 1 << 12;
    let [smallest, largest] = [-1.0, 1.0].map(|sign| {
        let time = largest(span.clone(), SAMPLES, f64::NEG_INFINITY, |times, out| {
            let values = values_at(function, nodes, (0, 0), times).into_iter();
            out.iter_mut()
                .zip(values)
                .for_each(|(out, value)| *out += sign * value);
        });
        values_at(function, nodes, (0, 0), &[time])[0]
    });
    let values = values_at(function, nodes, (0, 0), &breaks(function, nodes, span));
    values
        .into_iter()
        .fold([smallest, largest], |[smallest, largest], value| {
            [smallest.min(value), largest.max(value)]
        })
}

/// The largest of the values at some times and of a known peak, with its time; of equal values the first.
fn higher(times: &[f64], values: &[f64], peak: (f64, f64)) -> (f64, f64) {
    let samples = times.iter().zip(values);
    samples.fold(
        peak,
        |peak, (&time, &value)| if value > peak.1 { (time, value) } else { peak },
    )
}
