//! What `stats` tells at one place, as a row.

use crate::cli::{
    number,
    rows::{Fact, Row, Style, Table, list},
    stats::StatsArgs,
};
use diff2d_arrays::npy::Scalar;
use diff2d_arrays::{Statistics, stats::Histogram};

/// A row with the six numbers, quantiles, and how many NaN there are.
pub(super) fn row(
    args: &StatsArgs,
    table: &Table<'_>,
    statistics: &Statistics,
    quantiles: &[f64],
) -> Row {
    let quantiles = quantiles.iter().copied().map(Scalar::Float);
    let mut facts = Vec::new();
    if table.style != Style::Csv {
        facts.push(nan(statistics));
    }
    if table.style == Style::Json && !args.quantiles.is_empty() {
        let pairs = args.quantiles.iter().zip(quantiles.clone());
        let pairs: Vec<String> = pairs
            .map(|(q, value)| format!("\"{q}\":{}", table.terminal.json(value)))
            .collect();
        facts.push(Fact {
            name: "quantiles",
            text: None,
            json: format!("{{{}}}", pairs.join(",")),
        });
    }
    Row {
        values: statistics.scalars().into_iter().chain(quantiles).collect(),
        facts,
        ..Row::default()
    }
}

fn nan(statistics: &Statistics) -> Fact {
    Fact {
        name: "nan",
        text: Some(statistics.nan.to_string()),
        json: statistics.nan.to_string(),
    }
}

/// Where something is, with coordinates if there are some.
pub(super) fn place(name: &'static str, index: &[u64], place: &str) -> Fact {
    let text = match place {
        "" => number::tuple(index),
        place => format!("{} at {place}", number::tuple(index)),
    };
    Fact {
        name,
        text: Some(text),
        json: list(index),
    }
}

pub(super) fn histogram(histogram: &Histogram) -> Fact {
    let lines = histogram.counts.iter().zip(histogram.edges.windows(2));
    let lines: Vec<String> = lines
        .map(|(count, edges)| {
            let [low, high] = [edges[0], edges[1]].map(number::python);
            format!("\n{low:>22} {high:>22} {count:>12}")
        })
        .collect();
    Fact {
        name: "histogram",
        text: Some(lines.concat()),
        json: serde_json::json!({"edges": histogram.edges, "counts": histogram.counts}).to_string(),
    }
}
