//! Cube, journal and stdout do not depend on threads, ways of writing, or the form of the parameters.

use crate::common::Scene;
use diff2d::{Outcome, Problem, RawParams, Run, States};
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

/// Of runs to their last snapshot and of those that end when they are steady, with files on the disk and in memory.
#[test]
fn snapshots_kept_in_memory_are_those_of_the_cube() {
    let scene = Scene::small();
    scene.succeed("create u.npy --shape 21,21 --fill sin(i0)*i1");
    scene.succeed("create d.npy --shape 21,21 --dtype f4 --fill 1+i0/50");
    scene.succeed("create m.npy --shape 21,21 --dtype b1 --fill hypot(i0-9,i1-12)<4");
    let files = ["u.npy", "d.npy", "m.npy"];
    let arrays = "initial = { kind = 'file', path = 'HERE/u.npy' }\nD = { file = 'HERE/d.npy' }\nmask = { file = 'HERE/m.npy' }\n";
    for (keys, count) in [
        ("D = 1.0", 4),
        ("D = 1.0\nprecision = 'f32'\nuntil = { steady = 0.2 }", 3),
        ("D = 1.0\nmethod = 'exact'\nboundary = 'insulated'", 4),
        (&format!("{arrays}until = {{ steady = 4.0 }}"), 3),
        (
            &format!("{arrays}method = 'rkl2'\nstages = 5\nprecision = 'f32'"),
            4,
        ),
    ] {
        let text = format!(
            "x1 = -10.0\nx2 = 10.0\ndx = 1.0\nruntime = 3.75\nouttime = 1.25\ngrid = 'walls'\n{keys}\n"
        );
        let on_disk = text.replace("HERE/", "");
        std::fs::write(scene.path("q.toml"), on_disk).unwrap();
        let told = scene.succeed("run q.toml -o q.npy --force").stdout;
        let in_memory = text.replace("HERE", "/in memory");
        let mut raw = RawParams::parse("the text", &in_memory).unwrap();
        for file in files {
            raw = raw.with_file(format!("/in memory/{file}"), scene.read(file));
        }
        let problem = Problem::from_raw(&raw).unwrap();
        let (solution, report) = Run::new(&problem).threads(2).solve().unwrap();
        assert_eq!(report.outcome, Outcome::Done);
        let times: Vec<f64> = told.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!((&solution.times, times.len()), (&times, count), "{keys}");
        let states: &[u8] = match &solution.states {
            States::F64(states) => bytemuck::cast_slice(states),
            States::F32(states) => bytemuck::cast_slice(states),
        };
        let cube = scene.read("q.npy");
        assert!(cube.ends_with(states), "{keys}");
        let each = problem.field_bytes() as usize;
        assert_eq!(states.len(), count * each, "{keys}");
    }
}
