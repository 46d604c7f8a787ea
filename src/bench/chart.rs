//! The results as a picture.

use super::{
    results::{ProgramTimes, Results},
    table::three_digits,
};
use diff2d_plot::{self as plot, BarChart, BarGroup, Bitmap, Chart, Curve, Section, Shade};
use std::collections::{BTreeMap, BTreeSet};

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
    let programs: BTreeSet<&str> = results
        .entries
        .iter()
        .map(|entry| &*entry.program)
        .collect();
    let mut groups: Vec<BarGroup> = programs.iter().map(|one| group(results, one)).collect();
    let fastest = |group: &BarGroup| group.bars.iter().map(|bar| bar.0).fold(0.0, f64::max);
    groups.sort_by(|a, b| fastest(b).total_cmp(&fastest(a)));
    let course = COURSE.map(|(name, text, seconds)| {
        let rate = COURSE_UPDATES / seconds / 1e9;
        BarGroup {
            label: name.to_owned(),
            bars: vec![(rate, Shade::Faint, note(rate, Some(text)))],
        }
    });
    let rounds = results.entries.iter().map(|one| one.seconds.rounds.len());
    let rounds = match rounds.max() {
        Some(1) | None => "1 run".to_owned(),
        Some(rounds) => format!("{rounds} runs"),
    };
    let other_size = if problem.seed {
        ""
    } else {
        ", 299 × 299 nodes"
    };
    BarChart {
        title: "Diffusion in two dimensions: updates of a node a second".to_owned(),
        subtitle: vec![
            format!(
                "{} × {} interior nodes, {} steps, f64; the steps alone, median of {rounds}",
                problem.size, problem.size, problem.steps,
            ),
            format!("{}{}", results.machine, results.disturbance()),
        ],
        unit: "10⁹ updates a second, logarithmic: longer is faster".to_owned(),
        legend: legend(results),
        sections: vec![
            Section {
                heading: "This machine".to_owned(),
                groups,
            },
            Section {
                heading: "Its ceilings: memory by 16 bytes, arithmetic by 7 operations, additions by 3"
                    .to_owned(),
                groups: ceilings(results),
            },
            Section {
                heading: format!(
                    "2016, another machine: the figures of the course for whole programs{other_size}",
                ),
                groups: course.into(),
            },
        ]
        .into_iter()
        .filter(|section| !section.groups.is_empty())
        .collect(),
    }
    .draw()
}

/// Whether a program is `diff2d`.
fn is_ours(program: &str) -> bool {
    program.starts_with("diff2d")
}

/// What the machine can do at most, a bar for each number of threads.
fn ceilings(results: &Results) -> Vec<BarGroup> {
    let mut groups: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for ceiling in &results.ceilings {
        for (name, what, updates) in ceiling.limits() {
            let shade = match ceiling.threads {
                1 => Shade::PlainLight,
                _ => Shade::Plain,
            };
            let rate = updates / 1e9;
            let amount = what.split(" by ").next().unwrap_or_default();
            let bar = (rate, shade, format!("{}  ({amount})", three_digits(rate)));
            groups.entry(name).or_default().push(bar);
        }
    }
    let groups = groups.into_iter().rev();
    groups
        .map(|(label, bars)| BarGroup {
            label: label.to_owned(),
            bars,
        })
        .collect()
}

/// Draws the rates over the size of the problem or, of one size, over the number of threads: a curve for each program, with its
/// fastest flags, and for each ceiling of the machine.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
pub fn curves(all: &[Results]) -> Chart {
    let over_threads = all.len() == 1;
    let mut curves: BTreeMap<&str, BTreeMap<usize, f64>> = BTreeMap::new();
    for results in all {
        let size = results.problem.size as usize;
        let mut add = |name, threads, rate: f64| {
            let at = if over_threads { threads } else { size };
            let best = curves.entry(name).or_default().entry(at).or_insert(rate);
            *best = best.max(rate);
        };
        for entry in &results.entries {
            add(&entry.program, entry.threads, entry.updates_per_second);
        }
        for ceiling in &results.ceilings {
            for (name, _, rate) in ceiling.limits() {
                add(name, ceiling.threads, rate);
            }
        }
    }
    // What takes one thread alone has no curve over their number.
    curves.retain(|_, points| !over_threads || points.len() > 1);
    let curve = |(label, points): (&str, BTreeMap<usize, f64>)| Curve {
        label: label.to_owned(),
        points: points
            .into_iter()
            .map(|(at, rate)| (at as f64, rate / 1e9))
            .collect(),
        ..Curve::default()
    };
    let mut curves: Vec<Curve> = curves.into_iter().map(curve).collect();
    let last = |curve: &Curve| curve.points.last().map_or(0.0, |point| point.1);
    curves.sort_by(|a, b| last(b).total_cmp(&last(a)));
    let first = all.first();
    let machine = first.map(|one| one.machine.clone());
    let (title, x) = match first {
        Some(one) if over_threads => (
            format!(
                "Updates of a node a second by threads, {0} × {0} interior nodes",
                one.problem.size
            ),
            "threads",
        ),
        _ => (
            "Updates of a node a second by size".to_owned(),
            "interior nodes along a side",
        ),
    };
    Chart {
        title,
        subtitle: machine.unwrap_or_default(),
        x: x.to_owned(),
        y: "10⁹ updates a second".to_owned(),
        log: true,
        curves,
        ..Chart::default()
    }
}

fn legend(results: &Results) -> Vec<(Vec<Shade>, String)> {
    let threads = results.entries.iter().map(|entry| entry.threads);
    let several: BTreeSet<usize> = threads.filter(|&threads| threads > 1).collect();
    let more = match several.first() {
        Some(n) if several.len() == 1 => format!("{n} threads"),
        _ => "more threads".to_owned(),
    };
    let all = [
        (
            vec![Shade::StrongLight, Shade::PlainLight],
            "diff2d and others, 1 thread".to_owned(),
        ),
        (vec![Shade::Strong, Shade::Plain], more),
        (
            vec![Shade::Faint],
            "the course in 2016, on its machine".to_owned(),
        ),
    ];
    let all = all.into_iter().enumerate();
    let shown = all.filter(|(number, _)| *number != 1 || !several.is_empty());
    shown.map(|(_, entry)| entry).collect()
}

/// The bars of one program: one for each number of threads, with the fastest flags.
fn group(results: &Results, program: &str) -> BarGroup {
    let mut fastest: BTreeMap<usize, &ProgramTimes> = BTreeMap::new();
    for entry in results.entries.iter().filter(|one| one.program == program) {
        let best = fastest.entry(entry.threads).or_insert(entry);
        if entry.updates_per_second > best.updates_per_second {
            *best = entry;
        }
    }
    let bar = |entry: &ProgramTimes| {
        let shade = match (is_ours(program), entry.threads) {
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
    BarGroup {
        label: program.to_owned(),
        bars: fastest.into_values().map(bar).collect(),
    }
}

fn note(rate: f64, seconds: Option<&str>) -> String {
    let seconds = seconds.map_or_else(String::new, |seconds| format!("  ({seconds} s)"));
    format!("{}{seconds}", three_digits(rate))
}
