//! The results as a picture.

use super::{
    results::{Entry, Results},
    table::three_digits,
};
use diff2d_plot::{self as plot, BarChart, Bitmap, Group, Section, Shade};
use std::collections::BTreeSet;

/// Whole programs on the problem of the course, on its machine of 2016 \[s\].
///
/// Source: the course's slides.
const COURSE: [(&str, &str, f64); 5] = [
    ("Fortran", "0.60", 0.60),
    ("C++", "0.92", 0.92),
    ("numexpr", "2.0", 2.0),
    ("NumPy", "6.3", 6.3),
    ("Python", "337", 337.0),
];
/// Updates of the problem of the course, 299² × 13410.
const COURSE_UPDATES: f64 = 299.0 * 299.0 * 13410.0;

/// Draws the rates, each program with its fastest flags, next to those of the course in 2016.
///
/// # Errors
/// [`plot::Error`] when drawing fails.
pub fn chart(results: &Results) -> Result<Bitmap, plot::Error> {
    let problem = &results.problem;
    let mut groups: Vec<Group> = Vec::new();
    for entry in &results.entries {
        if groups.iter().all(|group| group.label != entry.program) {
            groups.push(group(results, &entry.program));
        }
    }
    let fastest = |group: &Group| group.bars.iter().map(|bar| bar.0).fold(0.0, f64::max);
    groups.sort_by(|a, b| fastest(b).total_cmp(&fastest(a)));
    let course = COURSE.map(|(name, text, seconds)| {
        let rate = COURSE_UPDATES / seconds / 1e9;
        Group {
            label: name.to_owned(),
            bars: vec![(rate, Shade::Faint, note(rate, Some(text)))],
        }
    });
    let threads = results.entries.iter().map(|entry| entry.threads);
    let several: BTreeSet<usize> = threads.filter(|&threads| threads > 1).collect();
    let more = match several.first() {
        None => None,
        Some(n) if several.len() == 1 => Some(format!("{n} threads")),
        Some(_) => Some("more threads".to_owned()),
    };
    let legend = [
        (
            vec![Shade::StrongLight, Shade::PlainLight],
            Some("1 thread".to_owned()),
        ),
        (vec![Shade::Strong, Shade::Plain], more),
        (
            vec![Shade::Faint],
            Some("the course in 2016, on its machine".to_owned()),
        ),
    ];
    let legend = legend
        .into_iter()
        .filter_map(|(shades, text)| Some((shades, text?)))
        .collect();
    BarChart {
        title: "Diffusion in two dimensions: updates of a node a second".to_owned(),
        subtitle: vec![
            format!(
                "{} × {} interior nodes, {} steps, f64; the steps alone, median of {}",
                problem.size,
                problem.size,
                problem.steps,
                rounds(results)
            ),
            format!("{}{}", results.machine, results.disturbance()),
        ],
        unit: "10⁹ updates a second, logarithmic: longer is faster".to_owned(),
        legend,
        sections: vec![
            Section {
                heading: "This machine".to_owned(),
                groups,
            },
            Section {
                heading: format!(
                    "2016, another machine: the figures of the course for whole programs{}",
                    if problem.seed {
                        ""
                    } else {
                        ", 299 × 299 nodes"
                    }
                ),
                groups: course.into(),
            },
        ],
    }
    .draw()
}

fn rounds(results: &Results) -> String {
    let rounds = results
        .entries
        .iter()
        .map(|entry| entry.seconds.rounds.len());
    match rounds.max() {
        Some(1) | None => "1 run".to_owned(),
        Some(rounds) => format!("{rounds} runs"),
    }
}

/// The bars of one program: one for each number of threads, with the fastest flags.
fn group(results: &Results, program: &str) -> Group {
    let mut fastest: Vec<&Entry> = Vec::new();
    for entry in results
        .entries
        .iter()
        .filter(|entry| entry.program == program)
    {
        match fastest
            .iter_mut()
            .find(|best| best.threads == entry.threads)
        {
            Some(best) if entry.updates_per_second > best.updates_per_second => *best = entry,
            Some(_) => {}
            None => fastest.push(entry),
        }
    }
    let bar = |entry: &&Entry| {
        let ours = entry.language == "Rust";
        let shade = match (ours, entry.threads) {
            (true, 1) => Shade::StrongLight,
            (true, _) => Shade::Strong,
            (false, 1) => Shade::PlainLight,
            (false, _) => Shade::Plain,
        };
        let rate = entry.updates_per_second / 1e9;
        let comparable = results.problem.seed && entry.steps == results.problem.steps;
        let seconds = comparable.then(|| three_digits(entry.seconds.median));
        (rate, shade, note(rate, seconds.as_deref()))
    };
    Group {
        label: program.to_owned(),
        bars: fastest.iter().map(bar).collect(),
    }
}

fn note(rate: f64, seconds: Option<&str>) -> String {
    let seconds = seconds.map_or_else(String::new, |seconds| format!("  ({seconds} s)"));
    format!("{}{seconds}", three_digits(rate))
}
