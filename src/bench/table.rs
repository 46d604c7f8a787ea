//! The results as text.

use super::{
    agreement::Agreement,
    results::{ProgramTimes, Results},
};

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// Columns of one width.
    Plain,
    /// With bars between columns, as Markdown.
    Markdown,
}

/// A table, with the problem above and the tools below.
///
/// Its columns are those of [`ProgramTimes`]: median and spread of the time of the steps \[s\], 10⁹ updates a second, time per
/// update as a multiple of that of `diff2d`, and the final state beside that of `diff2d`. Of other kinds of problem there is a line for each and each number of threads, with the loop in C++ beside `diff2d`.
#[must_use]
pub fn table(all: &[Results], layout: TableFormat) -> String {
    let Some(first) = all.first() else {
        return String::new();
    };
    let problem = &first.problem;
    let r = problem.r.map(|r| format!(", r = {r:?}"));
    let mut text = format!(
        "{} × {} interior nodes, {} steps{}{}\n{}{}\n\n",
        problem.size,
        problem.size,
        problem.steps,
        r.unwrap_or_default(),
        match problem.seed {
            true => " (the problem of the course)",
            false => "",
        },
        first.machine,
        first.disturbance(),
    );
    text += &match problem.variant {
        None => of_programs(first, layout),
        Some(_) => of_kinds(all, layout),
    };
    let item = if layout == TableFormat::Markdown {
        "- "
    } else {
        ""
    };
    for line in remarks(first) {
        text += &format!("{item}{line}\n");
    }
    text.trim_end().to_owned()
}

/// What stands below the table.
fn remarks(results: &Results) -> Vec<String> {
    let tools = results.tools.iter();
    let mut lines: Vec<String> = tools
        .map(|tool| format!("{}: {}", tool.name, tool.version))
        .collect();
    let missing = results.missing.iter();
    lines.extend(missing.map(|missing| format!("missing: {missing}")));
    let mut steps = results.entries.iter().map(|entry| entry.steps);
    if steps.any(|steps| steps != results.problem.steps) {
        lines.push("slow programs take fewer steps: compare their updates per second".to_owned());
    }
    if !results.ceilings.is_empty() {
        lines.push("ceiling of the memory: the triad of STREAM; a loop that takes one step at a time moves 16 bytes an update where its fields fit into no cache".to_owned());
        lines.push("ceiling of the arithmetic: five independent additions to two multiplications in the registers; an update has 7 flops, five additions and subtractions and two multiplications".to_owned());
        lines.push("ceiling of additions: independent additions in the registers; three are the fewest operations of an update, enough where r is a quarter and the field smooth".to_owned());
    }
    if let Some((entry, excess)) = results.most_disturbed() {
        lines.push(format!(
            "{}, threads {}: one round took {excess:.1} times the median; other processes may have disturbed it",
            entry.program, entry.threads
        ));
    }
    lines
}

/// A line for each program and number of threads.
fn of_programs(results: &Results, layout: TableFormat) -> String {
    let head = [
        "program",
        "flags",
        "threads",
        "steps",
        "median s",
        "min–max s",
        "10⁹ updates/s",
        "time by diff2d's",
        "final state",
    ];
    let rows = results.entries.iter().map(|entry| {
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
            or_dash(entry.agreement.map(verdict)),
        ]
    });
    let ceilings = results.ceilings.iter().flat_map(|ceiling| {
        ceiling.limits().map(|(name, what, updates)| {
            let dash = || or_dash(None);
            let rate = three_digits(updates / 1e9);
            let threads = ceiling.threads.to_string();
            let name = name.to_owned();
            [
                name,
                what,
                threads,
                dash(),
                dash(),
                dash(),
                rate,
                dash(),
                dash(),
            ]
        })
    });
    aligned(head, &[0, 1, 8], rows.chain(ceilings), layout)
}

/// A line for each kind of problem and number of threads.
fn of_kinds(all: &[Results], layout: TableFormat) -> String {
    let head = [
        "problem",
        "threads",
        "diff2d s",
        "C++ s",
        "diff2d 10⁹/s",
        "C++ 10⁹/s",
        "time by diff2d's",
        "final state",
    ];
    let is_loop = |entry: &&ProgramTimes| !entry.is_reference();
    let rows = all.iter().flat_map(|results| {
        let entries = results.entries.iter();
        entries.filter(|entry| entry.is_reference()).map(|ours| {
            let mut loops = results.entries.iter().filter(is_loop);
            let other = loops.find(|entry| entry.threads == ours.threads);
            let seconds = |entry: &ProgramTimes| three_digits(entry.seconds.median);
            let rate = |entry: &ProgramTimes| three_digits(entry.updates_per_second / 1e9);
            [
                results.problem.name(),
                ours.threads.to_string(),
                seconds(ours),
                or_dash(other.map(seconds)),
                rate(ours),
                or_dash(other.map(rate)),
                or_dash(other.and_then(|other| other.ratio).map(three_digits)),
                or_dash(other.and_then(|other| other.agreement).map(verdict)),
            ]
        })
    });
    let table = aligned(head, &[0, 7], rows, layout);
    let of_loop = all
        .iter()
        .flat_map(|results| &results.entries)
        .find(is_loop);
    let flags = of_loop.map(|entry| format!("{}: {}\n", entry.program, entry.flags));
    table + &flags.unwrap_or_default()
}

/// Rows with columns of one width, and an empty line; those of `words` are aligned to the left.
fn aligned<const N: usize>(
    head: [&str; N],
    words: &[usize],
    rows: impl Iterator<Item = [String; N]>,
    layout: TableFormat,
) -> String {
    let rows: Vec<[String; N]> = [head.map(str::to_owned)].into_iter().chain(rows).collect();
    if layout == TableFormat::Markdown {
        let rule = std::array::from_fn(|column| match words.contains(&column) {
            true => "---".to_owned(),
            false => "--:".to_owned(),
        });
        let (head, rows) = (&rows[..1], &rows[1..]);
        let lines = head.iter().chain([&rule]).chain(rows);
        let lines: Vec<String> = lines
            .map(|row| format!("| {} |\n", row.join(" | ")))
            .collect();
        return lines.concat() + "\n";
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match words.contains(&column) {
            true => format!("{cell:<width$}"),
            false => format!("{cell:>width$}"),
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text + "\n"
}

fn or_dash(value: Option<String>) -> String {
    value.unwrap_or_else(|| "–".to_owned())
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
