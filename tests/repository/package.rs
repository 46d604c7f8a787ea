//! What is shipped: versions agree, packages and recipes are complete.

use serde_json::Value;
use std::{
    collections::BTreeSet,
    env, fs,
    path::Path,
    process::{Command, Output},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const RUST_VERSION: &str = env!("CARGO_PKG_RUST_VERSION");

fn text(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

fn cargo(directory: &Path, arguments: &[&str]) -> Output {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    let output = command
        .current_dir(directory)
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}\n{told}");
    output
}

fn metadata() -> Value {
    // Of the packages for this machine: those for others need not be here.
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Command::new(rustc).arg("-vV").output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let host = told
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let platform = ["--filter-platform", host];
    let arguments = ["metadata", "--locked", "--format-version", "1"];
    let output = cargo(Path::new(ROOT), &[arguments.as_slice(), &platform].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `1.91` as numbers.
fn numbers(version: &str) -> Vec<u64> {
    version
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect()
}

/// The oldest Rust that is promised has what dependencies need; clippy (`incompatible_msrv`) looks after what these
/// packages use of the standard library.
#[test]
fn the_rust_version_is_enough_for_the_dependencies() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let others = packages
        .iter()
        .filter(|package| !package["source"].is_null());
    let needed = others.filter_map(|package| package["rust_version"].as_str());
    let needed = needed.max_by_key(|version| numbers(version)).unwrap();
    let promised = numbers(RUST_VERSION);
    assert!(
        numbers(needed)[..promised.len()] <= promised[..],
        "{needed}"
    );
    for package in packages
        .iter()
        .filter(|package| package["source"].is_null())
    {
        assert_eq!(package["rust_version"], RUST_VERSION, "{}", package["name"]);
        assert_eq!(package["version"], VERSION, "{}", package["name"]);
    }
    assert!(text("README.md").contains(&format!("Rust {RUST_VERSION} is the oldest")));
}

#[test]
fn all_that_names_the_version_names_the_same() {
    let citation = text("CITATION.cff");
    assert!(
        citation.contains(&format!("\nversion: {VERSION}\n")),
        "{citation}"
    );
    let python = text("python/diff2d/__init__.py");
    assert!(python.contains(&format!("\n__version__ = \"{VERSION}\"\n")));
    assert!(text("CHANGELOG.md").contains(&format!("\n## [{VERSION}]")));
}

/// The published packages have what builds and explains them, and not much more.
#[test]
fn the_packages_are_small() {
    let whole = ["", "docs", "examples", "params", "src"];
    let needed = [
        "Cargo.lock",
        "README.md",
        "LICENSE-MIT",
        "docs/SUMMARY.md",
        "params/quick.toml",
        "src/main.rs",
    ];
    let mut packages = vec![(".".into(), whole.as_slice(), needed.as_slice())];
    for entry in Path::new(ROOT).join("crates").read_dir().unwrap() {
        let folder = entry.unwrap().path();
        packages.push((folder, &["", "src"], &["Cargo.toml", "src/lib.rs"]));
    }
    assert!(packages.len() > 4);
    for (folder, folders, needed) in packages {
        let folder = Path::new(ROOT).join(folder);
        let output = cargo(&folder, &["package", "--list", "--allow-dirty", "--locked"]);
        let listed = String::from_utf8(output.stdout).unwrap();
        let files: BTreeSet<&str> = listed.lines().collect();
        let place = folder.display();
        for file in needed {
            assert!(files.contains(file), "{place}: {file}");
        }
        let mut bytes = 0;
        for file in &files {
            let top = file.split_once('/').map_or("", |(top, _)| top);
            assert!(folders.contains(&top), "{place}: {file}");
            bytes += fs::metadata(folder.join(file)).map_or(0, |found| found.len());
        }
        assert!(bytes < 5_000_000, "{place}: {bytes}");
    }
}

/// The lines of a Containerfile that begin with a word, with the rest of each.
fn instructions<'a>(file: &'a str, word: &str) -> Vec<&'a str> {
    let rest = |line: &'a str| line.strip_prefix(word)?.strip_prefix(' ');
    file.lines().filter_map(rest).collect()
}

/// What the Containerfile copies is a package that cargo understands, with the features that it builds.
#[test]
fn the_container_has_what_it_builds() {
    let file = text("packaging/Containerfile");
    let from = instructions(&file, "FROM");
    assert_eq!(from[0], format!("rust:{RUST_VERSION}-bookworm AS build"));
    let source = tempfile::tempdir().unwrap();
    for files in instructions(&file, "COPY") {
        if files.starts_with("--from") {
            continue;
        }
        let (files, _) = files.rsplit_once(' ').unwrap();
        for name in files.split(' ') {
            let from = Path::new(ROOT).join(name);
            let copied = Command::new("cp")
                .arg("-r")
                .arg(from)
                .arg(source.path())
                .status();
            assert!(copied.unwrap().success(), "{name}");
        }
    }
    let features = file
        .split_once("--features ")
        .unwrap()
        .1
        .lines()
        .next()
        .unwrap();
    let tree = ["tree", "--locked", "--depth", "1", "--features", features];
    cargo(source.path(), &tree);
}

/// The words of a Spack recipe that this one uses; each writes down its arguments.
const SPACK: &str = r#"
import json, sys, types

told = {}

def directive(name):
    def write_down(*words, **options):
        told.setdefault(name, []).append([*words, options])
    return write_down

words = {name: directive(name) for name in ("license", "version", "variant", "depends_on")}
package = types.ModuleType("spack.package")
package.__dict__.update(words)
cargo = types.ModuleType("spack_repo.builtin.build_systems.cargo")
cargo.CargoPackage = object
for module in package, cargo:
    sys.modules[module.__name__] = module
    parts = module.__name__.split(".")[:-1]
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        sys.modules[name] = types.ModuleType(name)
recipe = {}
exec(open(sys.argv[1]).read(), recipe)
for wanted in (), ("+mpi",), ("+mpi", "+hdf5"):
    self = recipe["Diff2d"]()
    self.spec = types.SimpleNamespace(satisfies=wanted.__contains__)
    directive("build_args")(*self.build_args)
print(json.dumps(told))
"#;

/// The recipe is a program with a stand-in for Spack; what it says of Rust and of features is true.
#[test]
fn the_spack_recipe_knows_features_and_rust() {
    let python = env::var_os("DIFF2D_PYTHON").unwrap_or_else(|| "python3".into());
    let recipe = Path::new(ROOT).join("packaging/spack/package.py");
    let output = Command::new(python)
        .args(["-B", "-c", SPACK])
        .arg(recipe)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let arguments = told["build_args"].as_array().unwrap();
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    assert_eq!(
        arguments,
        [
            r#"["--locked",{}]"#,
            r#"["--locked","--features","mpi",{}]"#,
            r#"["--locked","--features","mpi,hdf5",{}]"#,
        ]
    );
    let first = |words: &Value| words[0].as_str().unwrap().to_owned();
    let all = |name: &str| {
        told[name]
            .as_array()
            .unwrap()
            .iter()
            .map(first)
            .collect::<Vec<_>>()
    };
    assert!(
        all("depends_on").contains(&format!("rust@{RUST_VERSION}:")),
        "{told}"
    );
    let manifest = text("Cargo.toml");
    for name in all("variant") {
        assert!(manifest.contains(&format!("\n{name} = [\"dep:")), "{name}");
    }
}
