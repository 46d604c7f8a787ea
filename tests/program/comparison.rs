//! `benches/compare` with real compilers and with scripts in their place.
//!
//! Needs g++, gfortran and Python with NumPy (Debian: `apt-get install g++ gfortran python3-numpy`).

use crate::common::{Scene, Told};
use serde_json::Value;
use std::{
    env, fs,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// `benches/compare` with the program of the tests; its own files go to the scene.
fn comparison(scene: &Scene, arguments: &str) -> Command {
    let python = env::var_os("DIFF2D_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = scene.command(&python);
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/compare"))
        .arg("--diff2d")
        .arg(env!("CARGO_BIN_EXE_diff2d"))
        .args(arguments.split_whitespace())
        .env("TMPDIR", scene.path(""))
        .env("PYTHON", &python);
    command
}

/// The same where no compiler is found.
fn without_compilers(scene: &Scene, arguments: &str) -> Command {
    let mut command = comparison(scene, arguments);
    for variable in ["CXX", "FC", "RUSTC", "JULIA", "PYTHON"] {
        command.env(variable, "no-such-compiler");
    }
    command
}

fn told(mut command: Command) -> Told {
    Told::from(command.output().expect("Python starts"))
}

fn results(scene: &Scene, name: &str) -> Value {
    serde_json::from_slice(&scene.read(name)).unwrap()
}

/// Writes an executable shell script.
fn write_script(scene: &Scene, name: &str, text: &str) {
    let path = scene.write(name, format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Whether directories of comparisons are left.
fn has_leftovers(directory: &Path) -> bool {
    fs::read_dir(directory).unwrap().any(|entry| {
        let name = entry.unwrap().file_name();
        name.to_string_lossy().starts_with("diff2d-compare-")
    })
}

#[test]
#[ignore = "compiles in three languages: tests/run-all --full"]
fn all_programs_agree_where_contraction_changes_bits() {
    let scene = Scene::new();
    // r is one bit below 0.25 on this grid, so a product rounded or not is seen in the state.
    let told = told(comparison(
        &scene,
        "--size 47 --steps 70 --repeat 1 --threads 1,2 --json b.json",
    ));
    assert_eq!(told.code, Some(0), "{told}");
    assert!(!has_leftovers(&scene.path("")));
    let results = results(&scene, "b.json");
    assert_ne!(results["problem"]["r"], 0.25);
    let entries = results["entries"].as_array().unwrap();
    let entry = |program: &str, flags: &str| -> &Value {
        entries
            .iter()
            .find(|entry| entry["program"] == program && entry["flags"] == flags)
            .unwrap_or_else(|| panic!("{program} {flags} did not run:\n{told}"))
    };
    for (program, flags) in [("C++, one loop", " -fopenmp"), ("C++, two loops", "")] {
        let portable = entry(program, &format!("-O3{flags}"));
        assert_eq!(portable["final"]["equal"], cfg!(target_arch = "x86_64"));
        entry(program, &format!("-O3 -march=native{flags}"));
    }
    for (program, flags) in [
        ("Fortran, do loops", " -fopenmp"),
        ("Fortran, array syntax", ""),
    ] {
        entry(program, &format!("-O3 -march=native{flags}"));
    }
    for flags in ["-Copt-level=3", "-Copt-level=3 -Ctarget-cpu=native"] {
        assert_eq!(entry("Rust, one loop", flags)["final"]["equal"], true);
    }
    assert_eq!(entry("Python", "")["final"]["equal"], true);
    for program in ["NumPy, slices", "NumPy, in place"] {
        assert_eq!(entry(program, "")["final"]["equal"], true);
    }
    for entry in entries {
        assert!(
            entry["updates_per_second"].as_f64().unwrap() > 0.0,
            "{entry}"
        );
        assert!(entry["ratio"].as_f64().unwrap() > 0.0, "{entry}");
        assert_eq!(entry["seconds"]["rounds"].as_array().unwrap().len(), 1);
    }
    for (ceiling, threads) in results["ceilings"].as_array().unwrap().iter().zip(1..) {
        assert_eq!(ceiling["threads"], threads);
        for name in ["bytes", "operations", "additions"] {
            let rate = ceiling[format!("{name}_per_second")].as_f64().unwrap();
            assert!(rate > 0.0, "{name}: {ceiling}");
        }
    }
    for word in ["the memory", "the arithmetic", "additions"] {
        let rows = told
            .stdout
            .matches(&format!("\n| ceiling of {word} "))
            .count();
        assert_eq!(rows, 2, "{told}");
        assert!(told.stdout.contains(&format!("\n- ceiling of {word}: ")));
    }
}

#[test]
#[ignore = "large: tests/run-all --full"]
fn other_kinds_of_problem_differ_by_no_more_than_contraction() {
    let scene = Scene::new();
    let physics = "--physics --size 37 --steps 70 --repeat 1 --threads 1,2 --json p.json";
    write_script(&scene, "exact", "exec g++ \"$@\" -ffp-contract=off");
    let mut exact = comparison(&scene, physics);
    exact.env("CXX", scene.path("exact"));
    let told_of_exact = told(exact);
    assert_eq!(told_of_exact.code, Some(0), "{told_of_exact}");
    let results = results(&scene, "p.json");
    let kinds = results.as_array().unwrap();
    assert_eq!(kinds.len(), 27, "{told_of_exact}");
    for kind in kinds {
        let entries = kind["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 4, "{kind}");
        for entry in entries {
            assert_eq!(
                entry["final"]["equal"], true,
                "{}: {entry}",
                kind["problem"]
            );
        }
    }
    let contracted = told(comparison(&scene, physics));
    assert_eq!(contracted.code, Some(0), "{contracted}");
    // A wrong weight of the source is more than contraction explains.
    write_script(
        &scene,
        "wrong",
        "for word; do case $word in */physics.cpp) sed 's/0.1 \\* x + y/0.11 * x + y/' \"$word\" > wrong.cpp; \
         exec g++ -O3 -c -I\"${word%/*}\" wrong.cpp -o physics.cpp.o;; esac; done; exec g++ \"$@\"",
    );
    let mut wrong = comparison(&scene, physics);
    wrong.env("CXX", scene.path("wrong"));
    let told_of_wrong = told(wrong);
    assert_eq!(told_of_wrong.code, Some(3), "{told_of_wrong}");
    let sentence = "of the problem with Dx and Dy, source, fixed is not that of";
    assert!(told_of_wrong.stderr.contains(sentence), "{told_of_wrong}");
}

/// A program of one's own is measured beside the others, at several sizes, and its final state compared.
#[test]
fn a_program_of_ones_own_is_beside_the_others() {
    let scene = Scene::new();
    let python = env::var("DIFF2D_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/benches/reference/diff2d_python.py"
    );
    let several = format!(
        "--sizes 33,35 --steps 70 --repeat 1 --threads 1 --json o.json -- {python} -B {script}"
    );
    let told_of_several = told(without_compilers(&scene, &several));
    assert_eq!(told_of_several.code, Some(0), "{told_of_several}");
    for language in ["C++", "Fortran", "Rust", "Julia", "Python"] {
        let reason = format!("- missing: no {language} programs: no-such-compiler does not start");
        assert!(
            told_of_several.stdout.contains(&reason),
            "{told_of_several}"
        );
    }
    for (results, size) in results(&scene, "o.json")
        .as_array()
        .unwrap()
        .iter()
        .zip([33, 35])
    {
        assert_eq!(results["problem"]["size"], size);
        let entries = results["entries"].as_array().unwrap();
        let own = entries.iter().find(|entry| entry["language"] == "own");
        assert_eq!(own.unwrap()["final"]["equal"], true, "{results}");
    }
    // One that takes the parameter file and leaves nothing but zeros.
    write_script(
        &scene,
        "mine",
        "grep -q '^dx = ' \"$1\" || exit 1; echo seconds=1; [ \"$2\" = - ] || head -c 9800 /dev/zero > \"$2\"",
    );
    let mine = "--size 33 --steps 70 --repeat 1 --threads 1 -- ./mine params.toml";
    let told_of_mine = told(without_compilers(&scene, mine));
    assert_eq!(told_of_mine.code, Some(3), "{told_of_mine}");
    assert!(told_of_mine.stdout.contains("DIFFERS by"), "{told_of_mine}");
    let sentence = "the final state of ./mine params.toml is not that of diff2d";
    assert!(told_of_mine.stderr.contains(sentence), "{told_of_mine}");
    // One that fails is left out, with its last words.
    write_script(&scene, "mine", "echo 'no space on moon' >&2; exit 4");
    let told_of_failure = told(without_compilers(&scene, mine));
    assert_eq!(told_of_failure.code, Some(0), "{told_of_failure}");
    let reason = "is left out: mine ended with exit code 4: no space on moon";
    assert!(told_of_failure.stdout.contains(reason), "{told_of_failure}");
}

#[test]
fn what_cannot_be_measured_is_exit_2() {
    let scene = Scene::new();
    for (arguments, words) in [
        ("--threads 0", "argument --threads"),
        ("--threads 1,x", "argument --threads"),
        ("--steps 0", "argument --steps"),
        ("--repeat 0", "argument --repeat"),
        ("--size 65537", "argument --size"),
        ("--size 33 --sizes 33,35", "say the same"),
        ("--physics --sizes 33,35", "without --sizes"),
        ("--physics -- ./mine", "without a program of one's own"),
        ("--json nowhere/b.json", "is no directory"),
        ("--diff2d no-such-program", "there is no diff2d to measure"),
    ] {
        let told = told(without_compilers(&scene, arguments));
        assert_eq!(told.code, Some(2), "{arguments}: {told}");
        assert!(told.stderr.contains(words), "{arguments}: {told}");
    }
}

#[test]
fn a_signal_ends_the_comparison_and_leaves_no_files() {
    let scene = Scene::new();
    let started = scene.path("started");
    write_script(
        &scene,
        "slow",
        &format!("touch '{}'; exec sleep 600", started.display()),
    );
    let mut child = comparison(&scene, "--size 33")
        .env("CXX", scene.path("slow"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The deadline only keeps a broken program from hanging the tests.
    let deadline = Instant::now() + Duration::from_secs(1200);
    while !started.exists() {
        assert!(Instant::now() < deadline, "the compiler was never called");
        thread::sleep(Duration::from_millis(5));
    }
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    let status = child.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(143), None));
    assert!(!has_leftovers(&scene.path("")));
}
