//! Functions of time at one node: their values at many times, and the times of their maxima.

use super::{nodes::Nodes, values::value_at_point};
use crate::params::Function;
use diff2d_arrays::expression::BATCH;
use std::ops::Range;

/// The start of a span, and `count` equally spaced times after it up to its end; only the start if the span is empty.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "numbers of looks are small")]
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
    let at = |time| value_at_point(function, [x, y, time], number);
    let formula = match function {
        Function::Formula(formula) if formula.depends_on_time() => &formula.expression,
        _ => return vec![at(0.0); times.len()],
    };
    if formula.is_random() || times.len() == 1 {
        // Random numbers are those of elements, and all of these are one. A single value needs no batch.
        return times.iter().map(|&time| at(time)).collect();
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
/// sampled at `looks` times. Between samples it is searched further where it may rise above all samples and above
/// `least`.
pub fn largest(
    span: Range<f64>,
    looks: usize,
    least: f64,
    add: impl Fn(&[f64], &mut [f64]),
) -> f64 {
    /// The largest number of peaks that are refined between samples.
    const MOST_PEAKS: usize = 64;
    /// The number of parts into which an interval is divided, and the number of repeated divisions.
    const PARTS: usize = 32;
    const ROUNDS: usize = 9;
    let start = span.start;
    let look_times = times(span, looks);
    let mut values = vec![0.0; look_times.len()];
    add(&look_times, &mut values);
    let mut peak = higher(&look_times, &values, (start, f64::NEG_INFINITY));
    // How high a smooth function may rise beside a look that is not below its neighbours.
    let mut peaks: Vec<(f64, usize)> = Vec::new();
    for (at, &value) in values.iter().enumerate() {
        let value_before = values[at.saturating_sub(1)];
        let value_after = values[(at + 1).min(values.len() - 1)];
        let reach = 2.0 * value - value_before.min(value_after);
        if value >= value_before && value >= value_after && reach > peak.1.max(least) {
            peaks.push((reach, at));
        }
    }
    peaks.sort_by(|one, other| other.0.total_cmp(&one.0));
    for &(_, at) in peaks.iter().take(MOST_PEAKS) {
        let mut interval_begin = look_times[at.saturating_sub(1)];
        let mut interval_end = look_times[(at + 1).min(look_times.len() - 1)];
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

/// The largest of the values at some times and of a known peak, with its time; of equal values the first.
fn higher(times: &[f64], values: &[f64], peak: (f64, f64)) -> (f64, f64) {
    let looks = times.iter().zip(values);
    looks.fold(
        peak,
        |peak, (&time, &value)| if value > peak.1 { (time, value) } else { peak },
    )
}
