//! The table in tests/README.md, from promise to test.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// All Rust files below a directory.
fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                rust_files(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The names of the functions in a source without arguments, which tests are.
fn functions(source: &str) -> impl Iterator<Item = String> + '_ {
    let lines = source.lines().map(str::trim_start);
    lines.filter_map(|line| Some(line.strip_prefix("fn ")?.split_once("()")?.0.to_owned()))
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The names of all tests, and of other functions without arguments.
fn known_tests() -> BTreeSet<String> {
    let files = rust_files(&directory());
    let sources = files.iter().map(|path| fs::read_to_string(path).unwrap());
    sources
        .flat_map(|source| functions(&source).collect::<Vec<_>>())
        .collect()
}

/// Whoever renames a test finds the seeds that are kept for it.
#[test]
fn every_kept_seed_is_that_of_a_test() {
    let known = known_tests();
    let text = fs::read_to_string(directory().join("seeds")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let (test, seed) = line.split_once(' ').unwrap();
        assert!(
            known.contains(test) && seed.parse::<u64>().is_ok(),
            "{line}"
        );
    }
}

/// Whoever renames a test finds the promise that it proves.
#[test]
fn every_promise_names_tests_that_exist() {
    let known = known_tests();
    let table = fs::read_to_string(directory().join("README.md")).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| "));
    let promises: Vec<&str> = rows.filter(|row| !row.starts_with("| promise")).collect();
    assert!(promises.len() > 40, "{} promises", promises.len());
    for promise in promises {
        let tests = promise.rsplit('|').nth(1).unwrap();
        let mut names = tests.split('`').skip(1).step_by(2).peekable();
        assert!(names.peek().is_some(), "no test for {promise}");
        for name in names {
            assert!(known.contains(name), "{name} of {promise}");
        }
    }
}
