//! Which module may know which, and what may stand where: what the compiler does not hold.

mod sources;

use sources::{File, Sources};
use std::{collections::BTreeSet, path::Path};

/// The modules of `src/`, from those that know no other to the program. A module may know those of rows
/// above its own; modules of one row do not know one another.
const LAYERS: &[&[&str]] = &[
    &["fault", "measured"],
    &["comm", "slab", "params", "node_set"],
    &["grid", "schedule"],
    &["dynamics"],
    &["summary", "codec"],
    &["field"],
    &["physics", "solver"],
    &["problem"],
    &["cube"],
    &["run", "export", "distribute"],
    &["accuracy", "gradient"],
    &["check", "fit", "warnings"],
    &["repair", "sweep"],
    &["cli"],
    &["main"],
];

/// Words of the code, and the only places below `src/` where they may stand.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("clap", &["cli/"]),
    ("indicatif", &["cli/"]),
    ("toml", &["params/", "measured/reading.rs"]),
    ("mpi", &["comm/"]),
    // The state, its steps and what they are given do not know of files.
    (
        "fs",
        &["params/", "physics/input.rs", "cube/", "export/", "cli/"],
    ),
];

/// Packages that know no files.
const WITHOUT_FILES: &[&str] = &["stencil", "spectral", "multigrid"];

/// Words and beginnings of texts that name an operating system: only the package `sys` has them.
const SYSTEM: &[&str] = &["target_os", "linux", "unix", "libc", "nix", "rustix"];
const SYSTEM_PATHS: &[&str] = &["\"/proc", "\"/sys/", "\"/dev/"];

/// Modules of which one file may name all only where runs are put together.
const TOGETHER: [&str; 2] = ["solver", "cube"];
const PUT_TOGETHER: [&str; 3] = ["lib", "run", "sweep"];

/// The packages: their names and the folders of their sources.
fn packages() -> Vec<(String, Sources)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let crates = root.join("crates").read_dir().unwrap().map(folder);
    let mut packages = vec![("diff2d".to_owned(), Sources::below(&root.join("src")))];
    for name in crates.map(|name| name.into_string().unwrap()) {
        let sources = Sources::below(&root.join("crates").join(&name).join("src"));
        packages.push((name, sources));
    }
    packages
}

#[test]
fn modules_know_only_lower_layers_and_words_stand_where_they_belong() {
    let packages = packages();
    assert!(packages.len() > 4 && packages[0].1.files.len() > 40);
    let complaints: Vec<String> = packages
        .iter()
        .flat_map(|(package, sources)| {
            let files = sources.files.iter();
            files.flat_map(move |(name, file)| {
                let mut complaints = words(package, name, file);
                if package == "diff2d" {
                    complaints.extend(layers(name, &sources.modules_known_to(name)));
                }
                complaints
            })
        })
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn no_files_know_one_another_in_a_circle() {
    let packages = packages();
    let circles = packages.iter().filter_map(|(package, sources)| {
        let circle = sources.circle();
        (!circle.is_empty()).then(|| format!("{package}: {}", circle.join(" → ")))
    });
    let circles: Vec<String> = circles.collect();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

/// The table of the usual changes names files and types that are there.
#[test]
fn the_table_of_usual_changes_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let rows = text.split_once("## The usual changes").unwrap().1;
    let rows = rows.split_once("\n## ").unwrap().0.lines();
    let rows: Vec<&str> = rows.filter(|line| line.starts_with("| a")).collect();
    assert_eq!(rows.len(), 7);
    let packages = packages();
    let files = || {
        packages
            .iter()
            .flat_map(|(_, sources)| sources.files.values())
    };
    for row in rows {
        let mut cells = row.split('|').skip(2);
        for (number, cell) in cells.by_ref().take(2).enumerate() {
            let words: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
            assert!(!words.is_empty(), "{row}");
            for word in words {
                let is_there = match number {
                    0 => root.join(word).is_file(),
                    _ => ["struct", "enum", "trait"].iter().any(|kind| {
                        let defined = format!("{kind} {word}");
                        let begins = |rest: &str| !rest.starts_with(char::is_alphanumeric);
                        files().any(|file| file.text.split(&defined).skip(1).any(begins))
                    }),
                };
                assert!(is_there, "{word} of {row}");
            }
        }
    }
}

/// The row of a module.
fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// Modules that a file of `src/` knows and should not.
fn layers(name: &str, known: &BTreeSet<String>) -> Vec<String> {
    let module = name.split(['/', '.']).next().unwrap_or(name);
    let mut complaints = Vec::new();
    let Some(own) = layer(module).or((module == "lib").then_some(LAYERS.len())) else {
        return vec![format!("{name}: {module} has no place among the layers")];
    };
    for other in known.iter().filter(|other| *other != module) {
        if layer(other).is_some_and(|other| other >= own) {
            complaints.push(format!("{name}: {module} must not know {other}"));
        }
    }
    if !PUT_TOGETHER.contains(&module) && TOGETHER.iter().all(|other| known.contains(*other)) {
        let both = TOGETHER.join(" and ");
        complaints.push(format!("{name}: only run may know {both}"));
    }
    complaints
}

/// Words of a file that belong elsewhere.
fn words(package: &str, name: &str, file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut forbid = |word: &str| {
        if file.names(word) {
            complaints.push(format!("{package}: {name}: `{word}` belongs elsewhere"));
        }
    };
    if package == "diff2d" {
        for (word, places) in ONLY_IN {
            if !places.iter().any(|place| name.starts_with(place)) {
                forbid(word);
            }
        }
    }
    if WITHOUT_FILES.contains(&package) {
        forbid("fs");
    }
    if package == "sys" {
        return complaints;
    }
    SYSTEM.iter().for_each(|word| forbid(word));
    let names_system = |text: &&&str| file.text.contains(**text);
    let texts = SYSTEM_PATHS.iter().filter(names_system);
    complaints.extend(texts.map(|text| format!("{package}: {name}: {text} belongs in sys")));
    complaints
}

/// The checker itself: what it must catch, and what it must let pass.
#[test]
fn violations_are_caught() {
    let complaints = |name: &str, text: &str| {
        let modules = LAYERS.iter().flat_map(|row| row.iter());
        let files = modules.map(|module| (format!("{module}.rs"), String::new()));
        let sources = Sources::new(files.chain([(name.to_owned(), text.to_owned())]));
        let mut complaints = layers(name, &sources.modules_known_to(name));
        complaints.extend(words("diff2d", name, &sources.files[name]));
        complaints
    };
    let cube = "use super::super::cube::Cube;";
    let run = "use crate::{summary::{self}, run};";
    let problem = "fn f() { println!(\"{}\", crate::problem::g()) }";
    for (name, text, complaint) in [
        ("solver/slabs.rs", cube, "must not know cube"),
        ("cube/store.rs", run, "must not know run"),
        ("physics/mod.rs", problem, "must not know problem"),
        ("news.rs", "", "no place"),
        (
            "cli/a.rs",
            "use crate::{cube, solver};",
            "only run may know",
        ),
        ("solver.rs", "use std::{fs::File, io};", "`fs`"),
        (
            "field.rs",
            "#[cfg(target_os = \"a\")] fn f() {}",
            "`target_os`",
        ),
        (
            "field.rs",
            "fn f() { read(\"/proc/meminfo\") }",
            "belongs in sys",
        ),
    ] {
        let found = complaints(name, text);
        assert_eq!(found.len(), 1, "{name}: {text}: {found:?}");
        assert!(found[0].contains(complaint), "{name}: {text}: {found:?}");
    }
    let sound = "/* fs */ use crate::params::Params; mod tests { use crate::cube; } const A: &str = \"clap\";";
    assert!(complaints("grid.rs", sound).is_empty());
}

#[test]
fn circles_are_found_whatever_the_path_says() {
    let circle = |files: &[(&str, &str)]| {
        let owned = |(name, text): &(&str, &str)| (name.to_string(), text.to_string());
        Sources::new(files.iter().map(owned)).circle().len()
    };
    let whole = "pub use b::B; pub struct A(B); mod b;";
    let cousins = "use super::{b as other}; fn g() { other::f() }";
    for files in [
        [("a.rs", "use crate::b::B;"), ("b.rs", "use crate::a::A;")],
        [("a/mod.rs", whole), ("a/b.rs", "fn f() -> super::A {}")],
        [
            ("a/b.rs", "use super::c; fn f() { c::g() }"),
            ("a/c.rs", cousins),
        ],
    ] {
        assert_eq!(circle(&files), 2, "{files:?}");
    }
    let handed_on = [
        ("a/mod.rs", "mod b; mod c; pub use b::B; pub use c::{C, D};"),
        ("a/b.rs", "use super::C; use crate::a::D;"),
        (
            "a/c.rs",
            "use std::fmt; mod tests { use super::super::b::B; }",
        ),
    ];
    assert_eq!(circle(&handed_on), 0);
}
