//! `diff2d bench` with real compilers and with scripts in their place.
//!
//! Needs g++, gfortran and python3 (Debian: `apt-get install g++ gfortran python3`); NumPy, numexpr
//! and numba take part where Python has them.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use assert_cmd::Command;
use serde_json::Value;
use std::{
    env, fs,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{self, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

fn bench(directory: &Path, size: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_diff2d"));
    command
        .args([
            "bench", "--size", size, "--steps", "70", "--repeat", "1", "--warmup", "0",
        ])
        .current_dir(directory)
        .env("TMPDIR", directory);
    if let Some(python) = env::var_os("DIFF2D_PYTHON") {
        command.env("PYTHON", python);
    }
    command
}

/// The names of the environment's compilers all lead nowhere.
fn without_compilers(command: &mut Command) -> &mut Command {
    let nowhere =
        ["CXX", "FC", "RUSTC", "JULIA", "PYTHON"].map(|variable| (variable, "no-such-compiler"));
    command.envs(nowhere)
}

/// An executable shell script.
fn script(directory: &Path, name: &str, text: &str) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// A compiler whose programs leave a state of zeros.
fn liar(directory: &Path) -> PathBuf {
    let zeros = 35 * 35 * 8;
    script(
        directory,
        "liar",
        &format!(
            r#"if [ "$1" = --version ]; then echo liar 1.0; exit; fi
for word; do output=$word; done
cat > "$output" <<'END'
#!/bin/sh
echo seconds=1
[ "$6" = - ] || head -c {zeros} /dev/zero > "$6"
END
chmod +x "$output""#
        ),
    )
}

fn stdout(output: &process::Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// How many temporary directories of `bench` are left.
fn leftovers(directory: &Path) -> usize {
    fs::read_dir(directory)
        .unwrap()
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with("diff2d-bench-")
        })
        .count()
}

#[test]
fn all_programs_agree_where_contraction_changes_bits() {
    let directory = TempDir::new().unwrap();
    let (json, plot) = (
        directory.path().join("b.json"),
        directory.path().join("b.png"),
    );
    // r is one bit below 0.25 on this grid, so a product rounded or not is seen in the state.
    let output = bench(directory.path(), "47")
        .args(["--threads", "1,2", "--json"])
        .arg(&json)
        .arg("--plot")
        .arg(&plot)
        .output()
        .unwrap();
    let table = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{table}\n{output:?}");
    assert_eq!(leftovers(directory.path()), 0);
    assert!(fs::read(&plot).unwrap().starts_with(b"\x89PNG"));

    let results: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert_ne!(results["problem"]["r"], 0.25);
    let entries = results["entries"].as_array().unwrap();
    let of = |program: &str, flags: &str| -> &Value {
        let found = entries
            .iter()
            .find(|entry| entry["program"] == program && entry["flags"] == flags);
        found.unwrap_or_else(|| panic!("{program} {flags} did not run:\n{table}"))
    };
    for (program, flags) in [("C++, one loop", " -fopenmp"), ("C++, two loops", "")] {
        assert_eq!(
            of(program, &format!("-O3{flags}"))["final"]["equal"],
            cfg!(target_arch = "x86_64")
        );
        of(program, &format!("-O3 -march=native{flags}"));
    }
    for (program, flags) in [
        ("Fortran, do loops", " -fopenmp"),
        ("Fortran, array syntax", ""),
    ] {
        of(program, &format!("-O3 -march=native{flags}"));
    }
    for flags in ["-Copt-level=3", "-Copt-level=3 -Ctarget-cpu=native"] {
        assert_eq!(of("Rust, one loop", flags)["final"]["equal"], true);
    }
    assert_eq!(of("Python", "")["final"]["equal"], true);
    assert!(results["caches"].is_object() && results["date"].as_str().unwrap().ends_with('Z'));
    let missing = results["missing"].to_string();
    assert!(
        missing.contains("JAX")
            || of("JAX", "")["final"]["largest_difference"]
                .as_f64()
                .unwrap()
                < 1e-14
    );
    for program in ["NumPy, slices", "NumPy, in place", "numexpr", "numba"] {
        assert!(
            missing.contains(program) || of(program, "")["final"]["equal"] == true,
            "{program}"
        );
    }
    for entry in entries {
        let rate = entry["updates_per_second"].as_f64().unwrap();
        assert!(rate > 0.0, "{entry}");
        assert_eq!(entry["seconds"]["rounds"].as_array().unwrap().len(), 1);
        assert!(entry["ratio"].as_f64().unwrap() > 0.0);
    }
    for threads in [1, 2] {
        let ours = entries
            .iter()
            .find(|entry| entry["program"] == "diff2d" && entry["threads"] == threads)
            .unwrap();
        assert_eq!(
            (&ours["ratio"], &ours["final"]["equal"]),
            (&1.0.into(), &true.into())
        );
    }
    let ceilings = results["ceilings"].as_array().unwrap();
    let threads: Vec<u64> = ceilings
        .iter()
        .map(|ceiling| ceiling["threads"].as_u64().unwrap())
        .collect();
    assert_eq!(threads, [1, 2]);
    for ceiling in ceilings {
        let rate = |name: &str| ceiling[name].as_f64().unwrap();
        for name in ["bytes", "operations", "additions"] {
            let name = format!("{name}_per_second");
            assert!(rate(&name) > 1e8, "{name}: {ceiling}");
        }
    }
    for word in ["the memory", "the arithmetic", "additions"] {
        let begins = |line: &&str| line.starts_with(&format!("ceiling of {word} "));
        assert_eq!(table.lines().filter(begins).count(), 2, "{table}");
        let defined = format!("\nceiling of {word}: ");
        assert!(table.contains(&defined), "{table}");
    }
}

/// `diff2d bench --physics` of 37 × 37 nodes with a compiler.
fn physics(directory: &Path, compiler: &Path) -> process::Output {
    bench(directory, "37")
        .args([
            "--physics",
            "--threads",
            "1,2",
            "--json",
            "p.json",
            "--force",
        ])
        .env("CXX", compiler)
        .output()
        .unwrap()
}

#[test]
#[ignore = "large: tests/run-all --full"]
fn one_loop_of_every_other_kind_of_problem_has_the_same_bits_without_contraction() {
    let directory = TempDir::new().unwrap();
    let exact = script(
        directory.path(),
        "exact",
        "exec g++ \"$@\" -ffp-contract=off",
    );
    let output = physics(directory.path(), &exact);
    let table = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{table}\n{output:?}");
    assert_eq!(leftovers(directory.path()), 0);
    let path = directory.path().join("p.json");
    let results: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let kinds = results.as_array().unwrap();
    assert_eq!(kinds.len(), 27, "{table}");
    for kind in kinds {
        let entries = kind["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 4, "{kind}");
        for entry in entries {
            assert_eq!(
                entry["final"]["equal"], true,
                "{}: {entry}",
                kind["problem"]
            );
            assert!(entry["ratio"].as_f64().unwrap() > 0.0, "{entry}");
        }
    }
    let words = [
        "Dx and Dy, insulated",
        "D(x, y), source, periodic",
        "one D, robin",
        "D(x, y), c(x, y), robin",
    ];
    for word in words {
        let lines = table.lines().filter(|line| line.starts_with(word));
        assert_eq!(lines.count(), 2, "{table}");
    }
}

#[test]
#[ignore = "large: tests/run-all --full"]
fn other_kinds_of_problem_differ_by_no_more_than_contraction() {
    let directory = TempDir::new().unwrap();
    let output = physics(directory.path(), Path::new("g++"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // A wrong weight of the source is more than that.
    let wrong = script(
        directory.path(),
        "wrong",
        "sed -i 's/0.1 \\* x + y/0.11 * x + y/' physics.cpp 2>/dev/null; exec g++ \"$@\"",
    );
    let output = physics(directory.path(), &wrong);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains("of the problem with Dx and Dy, source, fixed is not that of"),
        "{error}"
    );
}

/// A program of one's own is measured beside the others, at several sizes, and its final state compared.
#[test]
fn a_program_of_ones_own_is_beside_the_others() {
    let directory = TempDir::new().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diff2d"));
        command.arg("bench").args(arguments);
        command
            .current_dir(directory.path())
            .env("TMPDIR", directory.path());
        without_compilers(&mut command).output().unwrap()
    };
    fs::create_dir(directory.path().join("src")).unwrap();
    let output = run(&["--sources", "src"]);
    assert!(stdout(&output).contains("src/diff2d.cpp\n"), "{output:?}");
    assert_eq!(run(&["--sources", "src"]).status.code(), Some(2));
    let few = [
        "--steps",
        "70",
        "--repeat",
        "1",
        "--warmup",
        "0",
        "--threads",
        "1",
    ];
    let python = env::var("DIFF2D_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let own = [
        "--sizes",
        "33,35",
        "--json",
        "o.json",
        "--plot",
        "o.png",
        "--",
        &python,
        "src/diff2d_python.py",
    ];
    let output = run(&[&few[..], &own].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        fs::read(directory.path().join("o.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    let results = fs::read(directory.path().join("o.json")).unwrap();
    let results: Value = serde_json::from_slice(&results).unwrap();
    for (results, size) in results.as_array().unwrap().iter().zip([33, 35]) {
        assert_eq!(results["problem"]["size"], size);
        let entries = results["entries"].as_array().unwrap();
        let own = entries.iter().find(|entry| entry["language"] == "own");
        assert_eq!(own.unwrap()["final"]["equal"], true, "{results}");
    }
    // More than two numbers of threads are curves.
    let several = "--size 33 --steps 70 --repeat 1 --warmup 0 --threads 1,2,3 --plot t.svg";
    let output = run(&several.split(' ').collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let chart = fs::read_to_string(directory.path().join("t.svg")).unwrap();
    assert!(
        chart.contains("by threads, 33 × 33 interior nodes"),
        "{chart}"
    );
    // One that takes the parameter file and leaves nothing but zeros.
    script(
        directory.path(),
        "mine",
        "grep -q '^dx=' \"$1\" || exit 1; echo seconds=1; [ \"$2\" = - ] || head -c 9800 /dev/zero > \"$2\"",
    );
    let output = run(&[&few[..], &["--size", "33", "--", "./mine", "params.toml"]].concat());
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains("the final state of ./mine params.toml is not that of diff2d"),
        "{error}"
    );
}

#[test]
fn missing_compilers_are_named_and_no_error() {
    let directory = TempDir::new().unwrap();
    let output = without_compilers(&mut bench(directory.path(), "33"))
        .output()
        .unwrap();
    let table = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{table}\n{output:?}");
    for (language, get) in [
        ("C++", "apt install g++"),
        ("Fortran", "apt install gfortran"),
        ("Rust", "https://rustup.rs"),
        ("Julia", "https://julialang.org"),
        ("Python", "apt install python3"),
    ] {
        let line = format!("missing: no {language} programs: no-such-compiler does not start");
        let line = table.lines().find(|found| found.starts_with(&line));
        assert!(line.is_some_and(|line| line.contains(get)), "{table}");
    }
    assert!(table.lines().any(|line| line.starts_with("diff2d ")));
    // With the round before those that count.
    let mut command = Command::new(env!("CARGO_BIN_EXE_diff2d"));
    let arguments = "bench --size 33 --steps 70 --repeat 1 --markdown --json w.json";
    let output = without_compilers(command.args(arguments.split(' ')))
        .current_dir(directory.path())
        .output()
        .unwrap();
    let results = fs::read(directory.path().join("w.json")).unwrap();
    let results: Value = serde_json::from_slice(&results).unwrap();
    let rounds = &results["entries"][0]["seconds"]["rounds"];
    assert_eq!(rounds.as_array().unwrap().len(), 1, "{rounds}");
    let table = stdout(&output);
    let rows = table.lines().filter(|line| line.starts_with("| "));
    assert!(rows.clone().count() >= 4, "{table}");
    let cells = |row: &str| row.matches('|').count();
    assert!(rows.clone().all(|row| cells(row) == 10), "{table}");
    assert!(table.contains("\n- missing: no C++ programs"), "{table}");
}

#[test]
fn a_compiler_that_fails_is_named_with_its_message() {
    let directory = TempDir::new().unwrap();
    let broken = script(
        directory.path(),
        "broken",
        "[ \"$1\" = --version ] && echo broken 2.0 && exit; echo 'no space on moon' >&2; exit 1",
    );
    let output = without_compilers(&mut bench(directory.path(), "33"))
        .env("CXX", broken)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        stdout(&output)
            .contains("no C++ programs: broken ended with exit status: 1: no space on moon")
    );
}

#[test]
fn a_final_state_that_differs_is_exit_3() {
    let directory = TempDir::new().unwrap();
    let output = without_compilers(&mut bench(directory.path(), "33"))
        .env("CXX", liar(directory.path()))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(stdout(&output).contains("DIFFERS by"), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("the final state of C++"));
}

#[test]
fn impossible_sizes_and_threads_are_exit_2() {
    let directory = TempDir::new().unwrap();
    for arguments in [
        ["--threads", "0"],
        ["--threads", "1,x"],
        ["--steps", "0"],
        ["--repeat", "0"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diff2d"));
        let output = command
            .arg("bench")
            .args(arguments)
            .current_dir(directory.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_signal_ends_the_benchmark_and_its_children_and_leaves_no_files() {
    let directory = TempDir::new().unwrap();
    let started = directory.path().join("started");
    let slow = script(
        directory.path(),
        "slow",
        &format!("touch '{}'; exec sleep 600", started.display()),
    );
    let mut child = process::Command::new(env!("CARGO_BIN_EXE_diff2d"))
        .arg("bench")
        .env("TMPDIR", directory.path())
        .env("CXX", slow)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !started.exists() {
        assert!(Instant::now() < deadline, "the compiler was never called");
        thread::sleep(Duration::from_millis(5));
    }
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    let status = child.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(143), None));
    assert_eq!(leftovers(directory.path()), 0);
}
