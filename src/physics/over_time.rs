//! Functions of time at one node: their values at many times, and where they are largest.

use super::{nodes::Nodes, values::value_at};
use crate::params::Function;
use diff2d_arrays::expression::BATCH;
use std::ops::Range;

/// From the beginning of a span to its end, so many times after the first one; that alone where nothing follows.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "numbers of looks are small")]
pub fn times(Range { start, end }: Range<f64>, count: usize) -> Vec<f64> {
    match end > start {
        true => (0..=count)
            .map(|number| start + number as f64 / count as f64 * (end - start))
            .collect(),
        false => vec![start],
    }
}

/// Writes the values of a function at a node, one for each time.
pub fn fill(
    function: &Function,
    nodes: &Nodes,
    (j, i): (usize, usize),
    times: &[f64],
    out: &mut [f64],
) {
    let formula = match function {
        Function::Formula(formula) if formula.depends_on_time() => &formula.expression,
        _ => return out.fill(value_at(function, nodes, (j, i), 0.0)),
    };
    if formula.is_random() {
        // Its numbers are those of elements, and all of these are one.
        let each = out.iter_mut().zip(times);
        return each.for_each(|(out, &time)| *out = value_at(function, nodes, (j, i), time));
    }
    let x = [nodes.x[nodes.column(i)]; BATCH];
    let y = [nodes.y[nodes.row(j)]; BATCH];
    for (times, out) in times.chunks(BATCH).zip(out.chunks_mut(BATCH)) {
        formula.evaluate(&[&x, &y, times], 0, out);
    }
}

/// As [`fill`].
#[must_use]
pub fn values_at(
    function: &Function,
    nodes: &Nodes,
    node: (usize, usize),
    times: &[f64],
) -> Vec<f64> {
    let mut values = vec![0.0; times.len()];
    fill(function, nodes, node, times, &mut values);
    values
}

/// A time of a span at which a function is largest, of which `add` adds the values at times to zeros: as the looks
/// show it, and between those as well where it may rise above all of them and above `least`.
pub fn largest(
    span: Range<f64>,
    looks: usize,
    least: f64,
    add: impl Fn(&[f64], &mut [f64]),
) -> f64 {
    /// Peaks that are followed between looks.
    const MOST_PEAKS: usize = 64;
    /// Times that divide an interval, and how often one is divided.
    const PARTS: usize = 32;
    const ROUNDS: usize = 9;
    let best_of = |times: &[f64], values: &[f64], best: (f64, f64)| {
        let both = times.iter().zip(values);
        both.fold(best, |best, (&time, &value)| match value > best.1 {
            true => (time, value),
            false => best,
        })
    };
    let start = span.start;
    let all = times(span, looks);
    let mut values = vec![0.0; all.len()];
    add(&all, &mut values);
    let mut best = best_of(&all, &values, (start, f64::NEG_INFINITY));
    // How high a smooth function may rise beside a look that is not below its neighbours.
    let mut peaks: Vec<(f64, usize)> = Vec::new();
    for (at, &value) in values.iter().enumerate() {
        let before = values[at.saturating_sub(1)];
        let after = values[(at + 1).min(values.len() - 1)];
        let reach = 2.0 * value - before.min(after);
        if value >= before && value >= after && reach > best.1.max(least) {
            peaks.push((reach, at));
        }
    }
    peaks.sort_by(|one, other| other.0.total_cmp(&one.0));
    for &(_, at) in peaks.iter().take(MOST_PEAKS) {
        let mut from = all[at.saturating_sub(1)];
        let mut to = all[(at + 1).min(all.len() - 1)];
        for _ in 0..ROUNDS {
            let here: Vec<f64> = times(0.0..to - from, PARTS)
                .into_iter()
                .map(|part| (from + part).min(to))
                .collect();
            let mut values = vec![0.0; here.len()];
            add(&here, &mut values);
            let (time, value) = best_of(&here, &values, (from, f64::NEG_INFINITY));
            if value > best.1 {
                best = (time, value);
            }
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let width = (to - from) / PARTS as f64;
            (from, to) = ((time - width).max(from), (time + width).min(to));
        }
    }
    best.0
}
