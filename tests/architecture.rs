//! Data moves one way: which module may know which, and what may stand where.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A module directly under `src/` and the modules it may name, all of them from rows above its own.
/// A new module needs a row; an arrow that is missing here is a decision, not an oversight.
const MAY_KNOW: [(&str, &str); 26] = [
    ("real", ""),
    ("stencil", "real"),
    ("comm", ""),
    ("slab", ""),
    ("params", ""),
    ("machine", ""),
    ("progress", ""),
    ("plot", ""),
    ("expression", ""),
    ("tuning", "stencil machine"),
    ("grid", "params"),
    ("schedule", "params grid"),
    ("field", "real grid"),
    ("physics", "real params grid field"),
    ("solver", "stencil comm slab field"),
    ("cube", "params schedule field progress"),
    ("problem", "params grid schedule cube"),
    (
        "run",
        "real stencil comm params machine tuning slab grid schedule field physics solver cube problem progress",
    ),
    (
        "repair",
        "stencil comm params grid schedule field physics solver cube problem run progress",
    ),
    ("bench", "stencil params machine plot cube problem"),
    (
        "sweep",
        "stencil comm params slab cube problem run progress",
    ),
    ("analysis", "cube expression progress"),
    ("distribute", "comm cube progress"),
    ("error", "comm params plot cube run repair sweep analysis"),
    (
        "cli",
        "stencil comm params machine plot slab grid schedule field solver cube problem run repair bench sweep analysis distribute error progress",
    ),
    ("main", "cli"),
];

/// Words of the code, and the only places where they may stand.
const ONLY_IN: [(&str, &[&str]); 8] = [
    ("unsafe", &["cube/map.rs", "stencil/"]),
    ("clap", &["cli/"]),
    ("indicatif", &["cli/"]),
    ("plotters", &["plot/"]),
    ("memmap2", &["field.rs", "cube/"]),
    ("toml", &["params/"]),
    ("mpi", &["comm/"]),
    // No kernel reads files; the sizes of the caches are the system's to tell.
    (
        "fs",
        &[
            "params/",
            "machine.rs",
            "tuning.rs",
            "plot/",
            "cube/",
            "analysis/output.rs",
            "bench/",
            "cli/",
            "stencil/caches.rs",
        ],
    ),
];

/// Modules of which only `run` and what builds on it may name all in one file.
const TOGETHER: [&str; 2] = ["solver", "cube"];

#[test]
fn every_arrow_points_one_way() {
    let sources = sources();
    assert!(sources.len() > 40, "{} files", sources.len());
    let broken: Vec<String> = sources
        .iter()
        .flat_map(|(name, text)| complaints(name, text))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    let mut above = BTreeSet::new();
    for (module, known) in MAY_KNOW {
        for name in known.split_whitespace() {
            assert!(above.contains(name), "{module} knows {name}, a later row");
        }
        assert!(above.insert(module), "{module} has two rows");
    }
}

#[test]
fn main_parses_calls_and_exits() {
    let main = fs::read_to_string(root().join("main.rs")).unwrap();
    assert!(main.lines().count() < 40);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file by its name below `src/`, with its text.
fn sources() -> Vec<(String, String)> {
    fn walk(directory: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found
}

/// What is wrong with a file: its name below `src/`, and its text.
fn complaints(name: &str, text: &str) -> Vec<String> {
    let code = without_tests(&without_comments_and_texts(text));
    let module = name.split(['/', '.']).next().unwrap_or(name);
    let known = names(name, &code);
    let mut complaints = Vec::new();

    if module != "lib" {
        match MAY_KNOW.iter().find(|(row, _)| *row == module) {
            None => complaints.push(format!("{name}: add the module {module} to the table")),
            Some((_, allowed)) => complaints.extend(
                known
                    .iter()
                    .filter(|other| *other != module && !allowed.split(' ').any(|a| a == *other))
                    .map(|other| format!("{name}: {module} must not know {other}")),
            ),
        }
    }
    if !["run", "sweep", "repair"].contains(&module)
        && TOGETHER.iter().all(|other| known.contains(*other))
    {
        complaints.push(format!(
            "{name}: only run may know {}",
            TOGETHER.join(" and ")
        ));
    }
    for (word, places) in ONLY_IN {
        let allowed = places.iter().any(|place| name.starts_with(place));
        if !allowed && words(&code).any(|other| other == word) {
            complaints.push(format!("{name}: `{word}` belongs in {}", places.join(", ")));
        }
    }
    complaints
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
}

/// The modules directly under `src/` that a file names: by `crate::`, by `diff2d::`, or by as many
/// `super::` as lead there.
fn names(name: &str, code: &str) -> BTreeSet<String> {
    let depth = name.matches('/').count() + usize::from(!name.ends_with("mod.rs"));
    let up = "super::".repeat(depth);
    let code: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let code = code.replace(" ::", "::").replace(":: ", "::");
    let mut found = BTreeSet::new();
    for root in ["crate::", "diff2d::", up.as_str()] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back().unwrap_or(' ');
            if before.is_alphanumeric() || ['_', ':', '$'].contains(&before) {
                continue;
            }
            let path = &code[at + root.len()..];
            match path.strip_prefix('{') {
                Some(group) => found.extend(first_names_of_group(group)),
                None => found.extend(words(path).next().map(str::to_owned)),
            }
        }
    }
    // `super::super::` may also lead from a module within a file to that file; and a module without a
    // row is told by its own file.
    found.retain(|name| MAY_KNOW.iter().any(|(row, _)| row == name));
    found
}

/// Of `a::b, c::{d, e}, f}` the names `a`, `c` and `f`.
fn first_names_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut at_start, mut found) = (0, true, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            _ if at_start && letter.is_alphabetic() => {
                found.extend(words(&group[at..]).next().map(str::to_owned));
                at_start = false;
            }
            _ => {}
        }
    }
    found
}

/// The code with comments gone and texts emptied, so that words in them do not count.
fn without_comments_and_texts(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let raw = rest
            .strip_prefix('r')
            .map(|after| after.trim_start_matches('#'))
            .filter(|after| after.starts_with('"') && !code.ends_with(char::is_alphanumeric));
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            end_of_block_comment(rest)
        } else if let Some(after) = raw {
            let hashes = rest.len() - after.len() - 1;
            let end = format!("\"{}", "#".repeat(hashes));
            let start = hashes + 2;
            start + rest[start..].find(&end).map_or(0, |at| at + end.len())
        } else if letter == '"' {
            end_of_text(rest)
        } else if letter == '\'' {
            end_of_character(rest)
        } else {
            0
        };
        if skipped == 0 {
            code.push(letter);
            rest = &rest[letter.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

fn end_of_block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match &text.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn end_of_text(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return at + 1,
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    text.len()
}

/// Of a character; 0 for a lifetime.
fn end_of_character(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    match letters.next() {
        Some((_, '\\')) => text[2..].find('\'').map_or(0, |at| {
            // `'\''` ends one further.
            at + if text[2..].starts_with('\'') { 4 } else { 3 }
        }),
        Some(_) => match letters.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

/// The code without its module of unit tests, which may know everything.
fn without_tests(code: &str) -> String {
    let Some(start) = code.find("#[cfg(test)]\nmod tests") else {
        return code.to_owned();
    };
    let mut depth = 0;
    for (at, letter) in code[start..].char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 1 => {
                return code[..start].to_owned() + &code[start + at + 1..];
            }
            '}' => depth -= 1,
            ';' if depth == 0 => return code[..start].to_owned() + &code[start + at + 1..],
            _ => {}
        }
    }
    code[..start].to_owned()
}

/// The checker itself: what it must catch, and what it must let pass.
mod checker {
    use super::complaints;

    #[test]
    fn violations_are_caught() {
        for (name, text, complaint) in [
            (
                "stencil/mod.rs",
                "use crate::grid::Grid;",
                "stencil must not know grid",
            ),
            (
                "stencil/avx2.rs",
                "fn f() { crate::field::g() }",
                "stencil must not know field",
            ),
            (
                "stencil/avx2.rs",
                "use super::super::field::Field;",
                "stencil must not know field",
            ),
            (
                "stencil/mod.rs",
                "use super::{params, self};",
                "stencil must not know params",
            ),
            ("grid.rs", "use super::cube;", "grid must not know cube"),
            (
                "cube/store.rs",
                "use crate::{\n    field::{Field, Summary},\n    run,\n};",
                "cube must not know run",
            ),
            ("cube/map.rs", "use crate :: cli;", "cube must not know cli"),
            (
                "plot/mod.rs",
                "type A = crate::cube::ArrayFile;",
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
                "grid.rs",
                "#[cfg(test)]\nmod tests { fn f() { \"}\"; } }\nuse crate::cube;",
                "grid must not know cube",
            ),
            (
                "grid.rs",
                "let a = '\"'; use crate::cube; let b = '\"';",
                "grid must not know cube",
            ),
        ] {
            let found = complaints(name, text);
            assert_eq!(found.len(), 1, "{name}: {text}: {found:?}");
            assert!(found[0].contains(complaint), "{found:?}");
        }
    }

    #[test]
    fn what_is_allowed_passes() {
        for (name, text) in [
            ("grid.rs", "use crate::params::{Layout, Params};"),
            (
                "grid.rs",
                "//! [`Cube`](crate::cube::Cube), unsafe\nfn f() {}",
            ),
            (
                "grid.rs",
                "/* use crate::cube; /* unsafe */ clap */ fn f() {}",
            ),
            (
                "grid.rs",
                "const A: &str = \"use crate::cube; \\\" unsafe\";",
            ),
            ("grid.rs", "const A: &str = r#\"crate::cube \" unsafe\"#;"),
            ("grid.rs", "fn f<'a>(x: &'a str) -> char { '\\'' }"),
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
                complaints(name, text),
                Vec::<String>::new(),
                "{name}: {text}"
            );
        }
    }
}
