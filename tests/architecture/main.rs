//! Which module may know which, and what may stand where.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

mod sources;

use sources::Sources;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A module directly under `src/` and the modules it may name, all of them from rows above its own.
/// A new module needs a row. An arrow that is missing here is a decision, not an oversight.
const MAY_KNOW: &[(&str, &str)] = &[
    ("wording", ""),
    ("sys", ""),
    ("npy", "sys wording"),
    // Packages of their own are `sys` and `stencil`, which has the number types, too.
    ("stencil", "sys"),
    ("comm", "sys"),
    ("slab", ""),
    ("expression", ""),
    ("params", "wording expression"),
    ("progress", ""),
    ("plot", "sys"),
    ("tuning", "stencil sys"),
    ("grid", "params"),
    ("schedule", "params stencil"),
    ("summary", "grid stencil"),
    ("field", "sys grid summary stencil"),
    ("spectral", "stencil"),
    ("dynamics", "stencil spectral"),
    (
        "physics",
        "wording npy expression stencil spectral params grid field dynamics",
    ),
    ("solver", "stencil spectral comm slab field dynamics"),
    (
        "problem",
        "npy stencil spectral params grid schedule field physics dynamics",
    ),
    (
        "cube",
        "wording sys npy params grid schedule summary problem progress",
    ),
    (
        "run",
        "wording npy stencil comm params sys tuning slab grid schedule summary field physics dynamics solver spectral cube problem progress",
    ),
    ("repair", "params cube problem run progress"),
    (
        "check",
        "stencil comm slab expression params grid field physics dynamics solver problem",
    ),
    ("bench", "npy stencil params sys plot cube problem"),
    (
        "sweep",
        "stencil comm params slab physics cube problem run progress",
    ),
    ("analysis", "wording sys npy expression progress"),
    ("distribute", "wording comm npy progress"),
    ("export", "wording sys npy grid schedule cube progress"),
    (
        "error",
        "comm npy params plot cube run repair check sweep analysis export",
    ),
    (
        "cli",
        "wording stencil comm params sys npy plot slab grid schedule field solver cube problem run repair check bench sweep analysis distribute export error progress",
    ),
    ("main", "cli"),
];

/// Words of the code, and the only places where they may stand.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("unsafe", &["sys/", "stencil/"]),
    ("clap", &["cli/"]),
    ("indicatif", &["cli/"]),
    ("plotters", &["plot/"]),
    ("memmap2", &["sys/"]),
    ("toml", &["params/"]),
    ("mpi", &["comm/"]),
    // No kernel reads files.
    (
        "fs",
        &[
            "sys/",
            "npy/",
            "params/",
            "physics/input.rs",
            "tuning.rs",
            "plot/",
            "cube/",
            "analysis/output.rs",
            "bench/",
            "export/",
            "cli/",
        ],
    ),
    // What names an operating system.
    ("target_os", SYSTEM),
    ("linux", SYSTEM),
    ("unix", SYSTEM),
    ("libc", SYSTEM),
    ("nix", SYSTEM),
    ("rustix", SYSTEM),
];

/// Beginnings of paths that only one operating system has.
const SYSTEM_PATHS: [&str; 3] = ["\"/proc", "\"/sys/", "\"/dev/"];

/// Where an operating system may be named.
const SYSTEM: &[&str] = &["sys/"];

/// Modules of which only `run` and what builds on it may name all in one file.
const TOGETHER: [&str; 2] = ["solver", "cube"];

#[test]
fn every_arrow_points_one_way() {
    let sources = Sources::below(&root());
    assert!(sources.files.len() > 40, "{} files", sources.files.len());
    let broken: Vec<String> = sources
        .files
        .keys()
        .flat_map(|file| complaints(&sources, file))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    let mut above = BTreeSet::new();
    for &(module, known) in MAY_KNOW {
        for name in known.split_whitespace() {
            assert!(above.contains(name), "{module} knows {name}, a later row");
        }
        assert!(above.insert(module), "{module} has two rows");
    }
}

#[test]
fn no_files_import_one_another_in_a_circle() {
    let circles: Vec<String> = circles(&Sources::below(&root()))
        .into_iter()
        .map(|circle| circle.arrows.join("\n"))
        .collect();
    assert!(
        circles.is_empty(),
        "circles of files:\n{}",
        circles.join("\n\n")
    );
}

#[test]
fn main_parses_calls_and_exits() {
    let main = fs::read_to_string(root().join("main.rs")).unwrap();
    assert!(main.lines().count() < 40);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// What is wrong with a file.
fn complaints(sources: &Sources, file: &str) -> Vec<String> {
    let module = file.split(['/', '.']).next().unwrap_or(file);
    let known = sources.modules_known_to(file);
    let content = &sources.files[file];
    let mut complaints = Vec::new();

    if module != "lib" {
        match MAY_KNOW.iter().find(|(row, _)| *row == module) {
            None => complaints.push(format!("{file}: add the module {module} to the table")),
            Some((_, allowed)) => complaints.extend(
                known
                    .iter()
                    .filter(|other| *other != module && !allowed.split(' ').any(|a| a == *other))
                    .map(|other| format!("{file}: {module} must not know {other}")),
            ),
        }
    }
    if !["lib", "run", "sweep"].contains(&module)
        && TOGETHER.iter().all(|other| known.contains(*other))
    {
        complaints.push(format!(
            "{file}: only run may know {}",
            TOGETHER.join(" and ")
        ));
    }
    for &(word, places) in ONLY_IN {
        let allowed = places.iter().any(|place| file.starts_with(place));
        if !allowed && content.words.contains(word) {
            complaints.push(format!("{file}: `{word}` belongs in {}", places.join(", ")));
        }
    }
    let names_system = |text: &String| SYSTEM_PATHS.iter().any(|path| text.starts_with(path));
    if !SYSTEM.iter().any(|place| file.starts_with(place)) {
        let texts = content.texts.iter().filter(|text| names_system(text));
        complaints.extend(texts.map(|text| format!("{file}: {text} belongs in {}", SYSTEM[0])));
    }
    complaints
}

/// Files that reach one another, and the arrows between them.
struct Circle<'a> {
    files: BTreeSet<&'a str>,
    arrows: Vec<String>,
}

fn circles(sources: &Sources) -> Vec<Circle<'_>> {
    let known: BTreeMap<&str, BTreeSet<&str>> = sources
        .files
        .keys()
        .map(|file| (file.as_str(), sources.files_known_to(file)))
        .collect();
    let reached: BTreeMap<&str, BTreeSet<&str>> = known
        .keys()
        .map(|&start| {
            let mut reached = BTreeSet::new();
            let mut open = vec![start];
            while let Some(file) = open.pop() {
                open.extend(known[file].iter().filter(|&&next| reached.insert(next)));
            }
            (start, reached)
        })
        .collect();
    let mut circles = Vec::<Circle>::new();
    for (&file, others) in &reached {
        if !others.contains(file) || circles.iter().any(|circle| circle.files.contains(file)) {
            continue;
        }
        let files: BTreeSet<&str> = others
            .iter()
            .copied()
            .filter(|other| reached[other].contains(file))
            .collect();
        let arrows = files
            .iter()
            .flat_map(|from| known[from].iter().map(move |to| (from, to)))
            .filter(|(_, to)| files.contains(*to))
            .map(|(from, to)| format!("{from} → {to}"))
            .collect();
        circles.push(Circle { files, arrows });
    }
    circles
}

/// The checker itself: what it must catch, and what it must let pass.
mod checker {
    use super::{MAY_KNOW, circles, complaints};
    use crate::sources::Sources;

    /// What is wrong with a file beside an empty file for each module of the table.
    fn complaints_about(file: &str, text: &str) -> Vec<String> {
        let mut files: Vec<(String, &str)> = MAY_KNOW
            .iter()
            .map(|(module, _)| (format!("{module}.rs"), ""))
            .collect();
        files.push((file.to_owned(), text));
        complaints(&Sources::of(&files), file)
    }

    #[test]
    fn violations_are_caught() {
        for (file, text, complaint) in [
            (
                "stencil/mod.rs",
                "use diff2d::grid::Grid;",
                "stencil must not know grid",
            ),
            (
                "spectral.rs",
                "fn f() { crate::field::g() }",
                "spectral must not know field",
            ),
            (
                "solver/avx2.rs",
                "use super::super::cube::Cube;",
                "solver must not know cube",
            ),
            (
                "summary.rs",
                "use super::{params, self};",
                "summary must not know params",
            ),
            ("grid.rs", "use super::cube;", "grid must not know cube"),
            (
                "cube/store.rs",
                "use crate::{\n    summary::{self, Summary},\n    run,\n};",
                "cube must not know run",
            ),
            ("cube/map.rs", "use crate :: cli;", "cube must not know cli"),
            (
                "plot/mod.rs",
                "type A = crate::cube::ArrayFile;",
                "plot must not know cube",
            ),
            (
                "plot/mod.rs",
                "fn f() { println!(\"{}\", crate::cube::g()) }",
                "plot must not know cube",
            ),
            ("main.rs", "use diff2d::run;", "main must not know run"),
            ("news.rs", "", "add the module news"),
            (
                "cli/fast.rs",
                "use crate::{cube, solver};",
                "only run may know solver and cube",
            ),
            ("stencil/mod.rs", "use std::fs;", "`fs` belongs in"),
            (
                "stencil/mod.rs",
                "use std::{fs::File, io};",
                "`fs` belongs in",
            ),
            ("stencil/mod.rs", "use toml::de;", "`toml` belongs in"),
            (
                "solver.rs",
                "#[cfg(feature = \"x\")] use mpi::Rank;",
                "`mpi` belongs in",
            ),
            ("run/mod.rs", "let clap = 1;", "`clap` belongs in"),
            (
                "field.rs",
                "fn f() { unsafe { g() } }",
                "`unsafe` belongs in",
            ),
            (
                "field.rs",
                "#[cfg(target_os = \"linux\")] fn f() {}",
                "`target_os` belongs in",
            ),
            (
                "field.rs",
                "fn f() { read(\"/proc/meminfo\") }",
                "\"/proc/meminfo\" belongs in",
            ),
            (
                "grid.rs",
                "#[cfg(test)]\nmod tests { fn f() {} }\nuse crate::cube;",
                "grid must not know cube",
            ),
        ] {
            let found = complaints_about(file, text);
            assert_eq!(found.len(), 1, "{file}: {text}: {found:?}");
            assert!(found[0].contains(complaint), "{found:?}");
        }
    }

    #[test]
    fn what_is_allowed_passes() {
        for (file, text) in [
            ("grid.rs", "use crate::params::{Layout, Params};"),
            (
                "grid.rs",
                "//! [`Cube`](crate::cube::Cube), unsafe\nfn f() {}",
            ),
            (
                "grid.rs",
                "/* use crate::cube; /* unsafe */ clap */ fn f() {}",
            ),
            ("grid.rs", "const A: &str = \"use crate::cube; unsafe\";"),
            (
                "grid.rs",
                "#[cfg(test)]\nmod tests {\n    use crate::cube;\n}",
            ),
            ("plot/panel.rs", "use super::range::Range;"),
            ("plot/mod.rs", "use self::range::Range;"),
            ("stencil/mod.rs", "unsafe fn f() {}"),
            ("field.rs", "#![deny(unsafe_code)]"),
            ("run/mod.rs", "use crate::{cube, solver::Solver};"),
            ("lib.rs", "pub mod cube;"),
        ] {
            assert_eq!(
                complaints_about(file, text),
                Vec::<String>::new(),
                "{file}: {text}"
            );
        }
    }

    #[test]
    fn circles_are_found_whatever_the_path_says() {
        for files in [
            [("a.rs", "use crate::b::B;"), ("b.rs", "use crate::a::A;")],
            [
                ("a/mod.rs", "pub struct A(b::B); mod b;"),
                ("a/b.rs", "use super::A;"),
            ],
            [
                ("a/mod.rs", "pub use b::B; pub struct A(B); mod b;"),
                ("a/b.rs", "fn f() -> super::A {}"),
            ],
            [
                ("a/b.rs", "use super::c; fn f() { c::g() }"),
                ("a/c.rs", "use super::{b as other}; fn g() { other::f() }"),
            ],
            [
                ("a/b.rs", "fn f() { vec![crate::a::c::G] }"),
                ("a/c.rs", "mod inner { use super::super::b::f; }"),
            ],
        ] {
            let sources = Sources::of(&files);
            let found = circles(&sources);
            assert_eq!(found.len(), 1, "{files:?}");
            assert_eq!(found[0].files.len(), 2, "{files:?}");
            assert_eq!(found[0].arrows.len(), 2, "{files:?}");
        }
    }

    #[test]
    fn a_folder_that_hands_on_what_its_files_define_is_no_circle() {
        let sources = Sources::of(&[
            ("a/mod.rs", "mod b; mod c; pub use b::B; pub use c::{C, D};"),
            ("a/b.rs", "use super::C; use crate::a::D;"),
            (
                "a/c.rs",
                "use std::fmt; #[cfg(test)] mod tests { use super::super::b::B; }",
            ),
        ]);
        assert!(circles(&sources).is_empty());
        assert_eq!(sources.files_known_to("a/b.rs"), ["a/c.rs"].into());
    }
}
