//! The results as text.

use super::{
    agreement::Agreement,
    results::{Entry, Results},
};

const HEAD: [&str; 10] = [
    "program",
    "flags",
    "threads",
    "steps",
    "time",
    "min–max",
    "G/s",
    "ratio",
    "GB/s",
    "final",
];
/// Columns of words, aligned to the left; numbers are aligned to the right.
const WORDS: [usize; 3] = [0, 1, 9];

const PHYSICS_HEAD: [&str; 8] = [
    "problem",
    "threads",
    "diff2d s",
    "C++ s",
    "diff2d G/s",
    "C++ G/s",
    "ratio",
    "final",
];
const PHYSICS_WORDS: [usize; 2] = [0, 7];

/// A table, with the problem above and the tools below.
///
/// The columns are those of [`Entry`]:
///
/// - median and spread of the time of the steps \[s\];
/// - 10⁹ updates a second;
/// - time per update, as a multiple of that of `diff2d`;
/// - effective memory throughput;
/// - the final state beside that of `diff2d`.
#[must_use]
pub fn table(results: &Results) -> String {
    let problem = &results.problem;
    let mut text = format!(
        "{} × {} interior nodes, {} steps{}{}\n{}{}\n\n",
        problem.size,
        problem.size,
        problem.steps,
        problem
            .r
            .map_or_else(String::new, |r| format!(", r = {r:?}")),
        if problem.seed {
            " (the problem of the course)"
        } else {
            ""
        },
        results.machine,
        results.disturbance(),
    );
    text += &aligned(HEAD, &WORDS, results.entries.iter().map(row));
    text.push('\n');
    text += &tools(results);
    if results
        .entries
        .iter()
        .any(|entry| entry.steps != problem.steps)
    {
        text += "slow programs take fewer steps: compare their rates\n";
    }
    text.trim_end().to_owned()
}

/// A table of other kinds of problem, a line for each and each number of threads.
///
/// Its columns are median times of the steps \[s\], 10⁹ updates a second, the time of one loop in C++ as a multiple of
/// that of `diff2d`, and the final state of the loop beside that of `diff2d`.
#[must_use]
pub fn physics_table(all: &[Results]) -> String {
    let Some(first) = all.first() else {
        return String::new();
    };
    let problem = &first.problem;
    let mut text = format!(
        "{} × {} interior nodes, {} steps\n{}{}\n\n",
        problem.size,
        problem.size,
        problem.steps,
        first.machine,
        first.disturbance(),
    );
    let rows = all.iter().flat_map(|results| {
        let ours = results.entries.iter().filter(|entry| entry.is_reference());
        ours.map(|ours| physics_row(results, ours))
    });
    text += &aligned(PHYSICS_HEAD, &PHYSICS_WORDS, rows);
    text.push('\n');
    let of_loop = |entry: &&Entry| !entry.is_reference();
    if let Some(entry) = first.entries.iter().find(of_loop) {
        text += &format!("{}: {}\n", entry.program, entry.flags);
    }
    text += &tools(first);
    text.trim_end().to_owned()
}

fn physics_row(results: &Results, ours: &Entry) -> [String; 8] {
    let other = results
        .entries
        .iter()
        .find(|entry| !entry.is_reference() && entry.threads == ours.threads);
    let of_other = |value: fn(&Entry) -> Option<String>| other.and_then(value);
    let rate = |entry: &Entry| three_digits(entry.updates_per_second / 1e9);
    [
        results.problem.name(),
        ours.threads.to_string(),
        three_digits(ours.seconds.median),
        or_dash(of_other(|other| Some(three_digits(other.seconds.median)))),
        rate(ours),
        or_dash(other.map(rate)),
        or_dash(of_other(|other| other.ratio.map(three_digits))),
        or_dash(of_other(|other| other.agreement.map(verdict))),
    ]
}

/// Compilers and modules, and what is missing.
fn tools(results: &Results) -> String {
    let tools = results.tools.iter();
    let tools = tools.map(|tool| format!("{}: {}\n", tool.name, tool.version));
    let missing = results.missing.iter();
    let missing = missing.map(|missing| format!("missing: {missing}\n"));
    tools.chain(missing).collect()
}

/// Rows with columns of one width; those of `words` are aligned to the left.
fn aligned<const N: usize>(
    head: [&str; N],
    words: &[usize],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let rows: Vec<[String; N]> = [head.map(str::to_owned)].into_iter().chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, &width))| match words.contains(&column) {
                true => format!("{cell:<width$}"),
                false => format!("{cell:>width$}"),
            })
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

fn or_dash(value: Option<String>) -> String {
    value.unwrap_or_else(|| "–".to_owned())
}

fn row(entry: &Entry) -> [String; 10] {
    let timing = &entry.seconds;
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
