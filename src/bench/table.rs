//! The results as text.

use super::{
    agreement::Agreement,
    results::{Entry, Limits, Results},
};

const HEAD: [&str; 11] = [
    "program",
    "flags",
    "threads",
    "steps",
    "time",
    "min–max",
    "G/s",
    "ratio",
    "GB/s",
    "of limit",
    "final",
];
/// Columns of words, aligned to the left; numbers are aligned to the right.
const WORDS: [usize; 3] = [0, 1, 10];

/// A table, with the problem above and the limits of the machine below.
///
/// The columns are those of [`Entry`]: median and spread of the time of the steps in seconds, 10⁹
/// updates a second, time per update by that of `diff2d`, effective memory throughput, share of the
/// arithmetic limit, and the final state beside that of `diff2d`.
#[must_use]
pub fn table(results: &Results) -> String {
    let problem = &results.problem;
    let mut text = format!(
        "{} × {} interior nodes, {} steps, r = {:?}{}\n{}{}\n\n",
        problem.size,
        problem.size,
        problem.steps,
        problem.r,
        if problem.seed {
            " (the problem of the course)"
        } else {
            ""
        },
        results.machine,
        results.disturbance(),
    );
    let rows: Vec<[String; 11]> = [HEAD.map(str::to_owned)]
        .into_iter()
        .chain(results.entries.iter().map(row))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| width(column).unwrap_or(0))
        .collect();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, &width))| {
                if WORDS.contains(&column) {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
            })
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text.push('\n');
    for limits in &results.limits {
        text += &limit_line(limits);
    }
    for tool in &results.tools {
        text += &format!("{}: {}\n", tool.name, tool.version);
    }
    for missing in &results.missing {
        text += &format!("missing: {missing}\n");
    }
    if results
        .entries
        .iter()
        .any(|entry| entry.steps != problem.steps)
    {
        text += "slow programs take fewer steps: compare their rates\n";
    }
    text.trim_end().to_owned()
}

fn row(entry: &Entry) -> [String; 11] {
    let timing = &entry.seconds;
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
    [
        entry.program.clone(),
        entry.flags.clone(),
        entry.threads.to_string(),
        entry.steps.to_string(),
        three_digits(timing.median),
        format!("{}–{}", three_digits(timing.min), three_digits(timing.max)),
        three_digits(entry.updates_per_second / 1e9),
        or_dash(entry.ratio.map(three_digits)),
        three_digits(entry.throughput / 1e9),
        or_dash(
            entry
                .share_of_limit
                .map(|share| format!("{} %", three_digits(100.0 * share))),
        ),
        or_dash(entry.agreement.map(verdict)),
    ]
}

fn verdict(agreement: Agreement) -> String {
    match (agreement.equal, agreement.holds()) {
        (true, _) => "equal".to_owned(),
        (_, true) => format!("within {:.1e}", agreement.largest_difference),
        _ => format!("DIFFERS by {:.1e}", agreement.largest_difference),
    }
}

fn limit_line(limits: &Limits) -> String {
    let best = |figures: &[f64]| three_digits(Limits::best(figures) / 1e9);
    let mebibytes = |bytes: u64| match bytes >> 20 {
        0 => format!("{} KiB", bytes >> 10),
        size => format!("{size} MiB"),
    };
    format!(
        "limit with {} {}: {} G/s by {} arithmetic on registers; triad {} GB/s in {}, {} GB/s in {}\n",
        limits.threads,
        if limits.threads == 1 {
            "thread"
        } else {
            "threads"
        },
        best(&limits.arithmetic),
        limits.vectors,
        best(&limits.triad),
        mebibytes(limits.triad_bytes),
        best(&limits.triad_memory),
        mebibytes(limits.triad_memory_bytes),
    )
}

/// A number with three significant digits: `0.0853`, `1.42`, `13.9`, `337`.
pub(super) fn three_digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    #[expect(clippy::cast_possible_truncation, reason = "within ±308")]
    let lead = value.abs().log10().floor() as i32;
    let decimals = usize::try_from(2 - lead).unwrap_or(0);
    if decimals > 6 {
        return format!("{value:.2e}");
    }
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::three_digits;

    #[test]
    fn numbers_have_three_significant_digits() {
        let cases = [
            (0.0, "0"),
            (0.08531, "0.0853"),
            (1.4249, "1.42"),
            (13.94, "13.9"),
            (337.0, "337"),
            (98765.4, "98765"),
            (1.2e-8, "1.20e-8"),
        ];
        for (value, text) in cases {
            assert_eq!(three_digits(value), text);
        }
    }
}
