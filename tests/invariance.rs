//! Cube, journal and stdout do not depend on threads, ways of writing, or the form of the parameters.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

mod common;

use common::Scene;
use sha2::{Digest, Sha256};

const RUN: &str = "run p.toml --set dx=0.3 --set outtime=1";

fn sha256(scene: &Scene, name: &str) -> String {
    Sha256::digest(scene.read(name))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Asserts that a run with each of `options` writes and prints what a run on one thread does.
fn changes_nothing(common: &str, options: &[&str]) {
    let scene = Scene::small();
    let told = scene.succeed(&format!("{RUN} {common} --threads 1 -o one.npy"));
    let cube = sha256(&scene, "one.npy");
    let journal = scene.journal("one.journal");
    for option in options {
        let again = scene.succeed(&format!("{RUN} {common} {option} --force -o two.npy"));
        assert_eq!(again.stdout, told.stdout, "{option}");
        assert_eq!(sha256(&scene, "two.npy"), cube, "{option}");
        assert_eq!(scene.journal("two.journal"), journal, "{option}");
    }
}

/// The grid of these runs has 68 rows of nodes, fewer than the most threads.
const THREADS: [&str; 5] = [
    "--threads 1",
    "--threads 2",
    "--threads 3",
    "--threads 7",
    "--threads 80",
];

#[test]
fn any_number_of_threads_in_double_precision() {
    changes_nothing("", &THREADS);
}

#[test]
fn any_number_of_threads_in_single_precision() {
    changes_nothing("--set precision=f32", &THREADS);
}

#[test]
fn any_number_of_threads_on_the_smallest_grids() {
    changes_nothing("--set dx=20", &THREADS);
    changes_nothing("--set dx=10 --set grid=walls", &THREADS);
}

#[test]
fn any_way_of_writing_the_cube() {
    for precision in ["f64", "f32"] {
        let common = format!("--set precision={precision}");
        changes_nothing(
            &common,
            &["--io map", "--io write", "--io auto --threads 3"],
        );
    }
}

#[test]
fn options_for_display_and_locking_change_nothing() {
    changes_nothing("", &["--verbose", "--report report.json", "--no-lock"]);

    let scene = Scene::small();
    let plain = scene.succeed("run p.toml");
    scene.succeed("run p.toml -o another_name.npy");
    scene.succeed("run p.toml -o pictures.npy --set graphics=true");
    let quiet = scene.succeed("run p.toml -o quiet.npy --quiet");
    assert_eq!(quiet.stdout, plain.stdout);
    assert!(scene.exists("pictures/0003.png"));
    let cube = sha256(&scene, "output/p.npy");
    for name in ["another_name.npy", "pictures.npy", "quiet.npy"] {
        assert_eq!(sha256(&scene, name), cube, "{name}");
    }
}

#[test]
fn toml_python_and_set_give_the_same_cube() {
    let scene = Scene::small();
    scene.write(
        "p.py",
        "D=1.; x1=-10; x2=1e1\nruntime = 3.75; dx = 1; outtime = 1.25; graphics = False",
    );
    scene.write(
        "all_wrong.toml",
        "D = 7\nx1 = 0\nx2 = 3.5\nruntime = 9\ndx = 0.5\nouttime = 2\n",
    );
    let overridden = "--set D=1 --set x1=-10 --set x2=10.0 --set runtime=3.75 --set dx=1e0 \
                      --set outtime=1.25 --set grid=slides --set precision='f64'";
    scene.succeed("run p.toml -o toml.npy");
    scene.succeed("run p.py -o py.npy");
    scene.succeed(&format!("run all_wrong.toml -o set.npy {overridden}"));
    let cube = sha256(&scene, "toml.npy");
    assert_eq!(sha256(&scene, "py.npy"), cube);
    assert_eq!(sha256(&scene, "set.npy"), cube);
}
