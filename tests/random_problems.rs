//! Random problems: initial states, walls, materials, sources, rectangles and time steps, all combined.
//! The answer is that of a reference in NumPy, written from the equation, and does not depend on
//! threads, tiles, ranks and interruptions.
//!
//! `DIFF2D_FULL=1` solves 1,000 problems, checks 1,500 with `diff2d check`, and counts warnings of 1,000.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

mod common;

use common::{Scene, data_of, python};
use diff2d::{
    Outcome, Problem, Run,
    comm::{Channels, Link},
    stencil::Tile,
};
use rayon::prelude::*;
use std::env;

const SCRIPT: &str = "problems_reference.py";

/// Parameter files `0.toml`, `1.toml` … in a new scene, and what they name.
fn problems(count: usize, seed: u64) -> Scene {
    let scene = Scene::new();
    let directory = scene.path("").display().to_string();
    python(
        SCRIPT,
        ["make", &directory, &count.to_string(), &seed.to_string()],
    );
    scene
}

fn load(scene: &Scene, number: usize) -> Problem {
    let file = scene.path(format!("{number}.toml"));
    Problem::load(&file, &[]).unwrap_or_else(|error| {
        panic!("{error}\n{}", scene.text(&format!("{number}.toml")));
    })
}

fn count(some: usize, all: usize) -> usize {
    match env::var_os("DIFF2D_FULL") {
        Some(_) => all,
        None => some,
    }
}

#[test]
fn random_problems_have_the_solution_of_the_reference() {
    let count = count(40, 1000);
    let scene = problems(count, 1);
    (0..count).into_par_iter().for_each(|number| {
        let problem = load(&scene, number);
        let run = Run::new(&problem).output(scene.path(format!("{number}.npy")));
        assert_eq!(run.start().unwrap().outcome, Outcome::Done);
    });
    let directory = scene.path("").display().to_string();
    println!("{}", python(SCRIPT, ["check", &directory]).trim_end());
}

#[test]
fn threads_and_tiles_change_no_byte_of_random_problems() {
    let count = count(12, 200);
    let scene = problems(count, 2);
    let tile = |rows, columns, depth| Tile {
        rows,
        columns,
        depth,
    };
    for number in 0..count {
        let problem = load(&scene, number);
        let run = |name: &str, threads, tile: Option<Tile>| {
            let run = Run::new(&problem).output(scene.path(format!("{name}.npy")));
            run.force(true).threads(threads).tile(tile).start().unwrap();
            scene.cube_and_journal(name)
        };
        let expected = run("expected", 1, None);
        for (threads, tile) in [
            (3, None),
            (1, Some(tile(1, 3, 1))),
            (2, Some(tile(7, 9, 5))),
            (3, Some(tile(20, 1000, 11))),
        ] {
            let got = run("got", threads, tile);
            assert!(got == expected, "{number}: {threads} threads, {tile:?}");
        }
    }
}

#[test]
fn checks_of_random_problems_claim_no_more_than_holds() {
    campaign("check_reference.py", count(25, 1500));
}

#[test]
fn valid_problems_reach_their_end_and_inaccurate_ones_are_counted() {
    campaign("accuracy_reference.py", count(20, 1000));
}

/// Has a script in Python try the program on so many random problems.
fn campaign(script: &str, count: usize) {
    let scene = Scene::new();
    let directory = scene.path("").display().to_string();
    let (program, count) = (env!("CARGO_BIN_EXE_diff2d"), count.to_string());
    let told = python(script, [program, &directory, &count, "1"]);
    println!("{}", told.trim_end());
}

/// What a run that was killed after `snapshots` commits leaves behind.
fn cut(scene: &Scene, from: &str, to: &str, snapshots: usize, snapshot_bytes: usize) {
    let mut cube = scene.read(&format!("{from}.npy"));
    let whole = data_of(&cube).len() / snapshot_bytes;
    let lost = (whole - snapshots) * snapshot_bytes;
    let kept = cube.len() - lost;
    cube[kept..].fill(0);
    scene.write(&format!("{to}.npy"), cube);
    let journal = scene.text(&format!("{from}.journal"));
    let lines: String = journal.split_inclusive('\n').take(1 + snapshots).collect();
    scene.write(&format!("{to}.journal"), lines);
}

#[test]
fn ranks_and_interruptions_change_no_byte_of_random_problems() {
    let count = count(12, 200);
    let scene = problems(count, 3);
    for number in 0..count {
        let problem = load(&scene, number);
        let alone = number.to_string();
        let run = Run::new(&problem).output(scene.path(format!("{alone}.npy")));
        assert_eq!(run.start().unwrap().outcome, Outcome::Done);
        let expected = scene.cube_and_journal(&alone);
        let snapshots = problem.schedule.snapshots() as usize;
        let snapshot_bytes = problem.field_bytes() as usize;
        for ranks in [1, 2, 3] {
            let together = |name: &str| {
                let reports = Channels::together(ranks, Link::default(), |comm| {
                    let run = Run::new(&problem).output(scene.path(format!("{name}.npy")));
                    run.resume(true).start_on(&comm)
                });
                for report in reports {
                    assert_eq!(report.unwrap().outcome, Outcome::Done);
                }
                let got = scene.cube_and_journal(name);
                assert!(got == expected, "{number}: {name} on {ranks} ranks");
            };
            together(&format!("{number}-{ranks}"));
            let resumed = format!("{number}-{ranks}-resumed");
            let committed = 1 + (number + ranks) % (snapshots - 1);
            cut(&scene, &alone, &resumed, committed, snapshot_bytes);
            together(&resumed);
        }
    }
}
