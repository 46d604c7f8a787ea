//! The documents are true: every command in them works, every table, link and picture is up to date.

mod blocks;
mod links;
mod pictures;
mod session;

use crate::common::{
    Scene, sample_size,
    seed::{Random, seeds},
};
use diff2d::internal::{KEYS, SWEEP_KEYS};
use rayon::prelude::*;
use std::{collections::BTreeMap, fs, path::Path};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The Python of these is run by `python/tests`, where the package is installed.
const OF_THE_PACKAGE: [&str; 2] = ["docs/python.md", "python/README.md"];

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

/// The names of all chapters, in `docs/`.
fn chapters() -> Vec<String> {
    let folder = fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut chapters: Vec<String> = names
        .filter(|name| name.ends_with(".md") && name != "SUMMARY.md")
        .collect();
    chapters.sort();
    chapters
}

/// README.md and the chapters.
fn documents() -> Vec<String> {
    let chapters = chapters().into_iter().map(|name| format!("docs/{name}"));
    chapters.chain(["README.md".to_owned()]).collect()
}

/// In the short command those of README.md and of a quarter of the chapters, which the seed chooses.
#[test]
fn every_command_runs_and_prints_what_is_shown() {
    seeds("every_command_runs_and_prints_what_is_shown")
        .map(Random::new)
        .for_each(run_commands);
}

fn run_commands(mut random: Random) {
    let all = documents();
    let count = all.len();
    let mut names = random.some(&all, sample_size(count, count, count / 4));
    let readme = "README.md".to_owned();
    if !names.contains(&readme) {
        names.push(readme);
    }
    let failures: Vec<String> = names
        .par_iter()
        .flat_map_iter(|name| {
            let mut text = text(name);
            if OF_THE_PACKAGE.contains(&name.as_str()) {
                text = text.replace("```python", "```text");
            }
            session::failures(name, &text)
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Chapters that begin with a plate begin with that of README.
#[test]
fn there_is_one_plate() {
    let readme = text("README.md");
    let (_, plate) = readme.split_once("`plate.toml`:\n\n```toml\n").unwrap();
    let (plate, _) = plate.split_once("```").unwrap();
    for name in documents() {
        let text = text(&name);
        let files = text.split("cat > plate.toml <<'END'\n").skip(1);
        for file in files {
            assert!(file.starts_with(&format!("{plate}END\n")), "{name}");
        }
    }
}

/// What cannot be run here says why, and is little.
#[test]
fn few_blocks_are_not_run() {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut run = 0;
    for name in documents() {
        for block in blocks::blocks(&text(&name)) {
            let is_program = ["sh", "console", "python"].contains(&block.language);
            match block.not_run {
                Some(reason) => {
                    assert!(is_program, "{name}:{}", block.line);
                    assert!(is_well_formed(&block), "{name}:{}", block.line);
                    *reasons.entry(reason.to_owned()).or_default() += 1;
                }
                None => run += usize::from(is_program),
            }
            let only_numpy = |line: &&str| !line.starts_with("import ") || line.contains("numpy");
            assert!(
                block.language != "python"
                    || block.not_run.is_some()
                    || OF_THE_PACKAGE.contains(&name.as_str())
                    || block.lines.iter().all(only_numpy),
                "{name}:{} needs more than NumPy",
                block.line
            );
        }
    }
    let told: Vec<String> = reasons
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    2 builds C++ and Fortran programs, and measures for minutes
    1 builds the package
    6 builds the program
    1 needs SALib
    3 needs Slurm
    1 needs h5py
    1 needs jax
    2 needs py-pde
    2 needs the file above
    1 needs torch
    4 needs xarray
    2 takes longer than a test may
    ");
    assert!(run > 60, "only {run} blocks are run");
}

/// Whether the shell, or Python, can read a block.
fn is_well_formed(block: &blocks::Block) -> bool {
    let scene = Scene::new();
    let file = scene.write("block", block.lines.join("\n"));
    let mut command = match block.language {
        "python" => {
            let python = std::env::var_os("DIFF2D_PYTHON").unwrap_or_else(|| "python3".into());
            let mut command = scene.command(python);
            command.args(["-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())"]);
            command
        }
        _ => {
            let mut command = scene.command("bash");
            command.arg("-n");
            command
        }
    };
    command.arg(file).output().unwrap().status.success()
}

/// A paragraph that stands twice has been copied, perhaps over another one.
#[test]
fn no_paragraph_stands_twice() {
    let mut twice = Vec::new();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let more = ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned);
    for name in documents().into_iter().chain(more) {
        for (number, paragraph) in paragraphs(&text(&name)) {
            let place = format!("{name}:{number}");
            if let Some(first) = seen.insert(paragraph.clone(), place.clone()) {
                twice.push(format!("{first} and {place}: {paragraph}"));
            }
        }
    }
    assert!(seen.len() > 300, "only {} paragraphs", seen.len());
    assert!(twice.is_empty(), "{}", twice.join("\n"));
}

/// The paragraphs and items of eight words and more, however their lines are broken, with the numbers of their
/// first lines. Blocks and tables are none.
fn paragraphs(text: &str) -> Vec<(usize, String)> {
    let mut paragraphs: Vec<(usize, String)> = Vec::new();
    let (mut goes_on, mut in_block) = (false, false);
    for (number, line) in (1..).zip(text.lines()) {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        if in_block || is_fence || line.trim().is_empty() || line.starts_with(['|', '<', '#']) {
            goes_on = false;
            continue;
        }
        match paragraphs.last_mut() {
            Some((_, paragraph)) if goes_on && !line.trim_start().starts_with("- ") => {
                paragraph.push(' ');
                paragraph.push_str(line.trim());
            }
            _ => paragraphs.push((number, line.trim().to_owned())),
        }
        goes_on = true;
    }
    paragraphs.retain(|(_, paragraph)| paragraph.split_whitespace().count() >= 8);
    paragraphs
}

#[test]
fn every_chapter_is_in_the_summary_once() {
    let mut listed = links::targets(&text("docs/SUMMARY.md"));
    listed.sort();
    assert_eq!(listed, chapters());
}

/// The terms of the field occur where docs/words.md says, and none is missing there.
#[test]
fn the_terms_of_the_field_are_introduced() {
    let words = text("docs/words.md");
    let rows: Vec<Vec<&str>> = words
        .lines()
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1)
        .map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    for row in &rows {
        let [terms, _, page] = row[..] else {
            panic!("{row:?}")
        };
        let page = text(&format!("docs/{}", links::targets(page)[0])).to_lowercase();
        for term in terms.split(", ") {
            assert!(page.contains(&term.to_lowercase()), "{term}: {row:?}");
        }
    }
    for term in [
        "boundary condition",
        "Dirichlet",
        "Neumann",
        "initial condition",
        "heat equation",
        "finite difference",
        "implicit",
        "CFL",
        "out-of-core",
        "GPU",
    ] {
        assert!(rows.iter().any(|row| row[0].contains(term)), "{term}");
    }
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(ROOT);
    let mut broken = links::broken(root, "docs/SUMMARY.md", Some("docs"));
    for name in documents() {
        // Chapters are also pages of a book, which has nothing but them.
        let within = name.starts_with("docs/").then_some("docs");
        broken.extend(links::broken(root, &name, within));
    }
    for name in [
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "python/README.md",
    ] {
        broken.extend(links::broken(root, name, None));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The tables of keys in docs/parameters.md are those of the program.
#[test]
fn the_tables_of_parameters_are_those_of_the_program() {
    use diff2d::internal::Absent;
    let page = text("docs/parameters.md");
    let table = |begins: &dyn Fn(&str) -> bool| {
        let mut table =
            "| key | meaning | unit | must be | default |\n|---|---|---|---|---|\n".to_owned();
        for key in KEYS.iter().filter(|key| begins(key.name)) {
            let absent = match key.absent {
                Absent::Required => "required".to_owned(),
                Absent::Value(value) => format!("`{value}`"),
                Absent::Same(other) => format!("that of `{other}`"),
                Absent::Derived => "see below".to_owned(),
            };
            let row = format!(
                "| `{}` | {} | {} | {} | {absent} |\n",
                key.name, key.meaning, key.unit, key.accepted
            );
            table += &row.replace("|  |", "| |");
        }
        table
    };
    for tables in [
        table(&|name| !name.contains('.')),
        table(&|name| name.starts_with("initial.")),
        table(&|name| name.starts_with("boundary.")),
        table(&|name| name.starts_with("mask.")),
    ] {
        assert!(
            page.contains(&tables),
            "docs/parameters.md should have\n{tables}"
        );
    }
    let sweeps = text("docs/sweeps.md");
    for key in &SWEEP_KEYS {
        assert!(
            sweeps.contains(&format!("| `{}` |", key.name)),
            "{}",
            key.name
        );
    }
}

/// Parameters that a document shows, with what it leaves out, are accepted.
#[test]
fn parameters_that_are_shown_are_accepted() {
    const REQUIRED: [(&str, &str); 7] = [
        ("D", "1.0"),
        ("x1", "0.0"),
        ("x2", "1.0"),
        ("dx", "0.1"),
        ("runtime", "1.0"),
        ("outtime", "1.0"),
        ("grid", "\"walls\""),
    ];
    let mut count = 0;
    for name in documents() {
        for block in blocks::blocks(&text(&name)) {
            if block.language != "toml" {
                continue;
            }
            let has = |key: &str| {
                let assigns = |line: &&str| {
                    line.split_once('=')
                        .is_some_and(|(left, _)| left.trim() == key)
                };
                block.lines.iter().any(assigns)
            };
            let missing = REQUIRED.iter().filter(|(key, _)| !has(key));
            let mut file: String = match has("params") {
                true => String::new(),
                false => missing
                    .map(|(key, value)| format!("{key} = {value}\n"))
                    .collect(),
            };
            file += &block.lines.join("\n");
            let scene = Scene::new();
            scene.write("quick.toml", text("params/quick.toml"));
            scene.write(
                "weather.csv",
                "time,T\n2026-01-05 00:00,5\n2026-01-05 12:00,12\n2026-01-06 00:00,5\n",
            );
            scene.write("shown.toml", file);
            let told = scene.run("plan shown.toml");
            assert_eq!(told.code, Some(0), "{name}:{}\n{told}", block.line);
            count += 1;
        }
    }
    assert!(count >= 4, "{count}");
}
