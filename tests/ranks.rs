//! Any number of ranks write the same bytes: ranks as threads of one process, without MPI.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

mod common;

use common::Scene;
use crossbeam_channel::unbounded;
use diff2d::{
    comm::{Channels, Comm, Link, Solo},
    cube::{Claim, Io},
    problem::Problem,
    progress::Progress,
    run::{self, Options, Outcome, Report, RunError, Watch},
    sweep::{self, Sweep},
};
use proptest::prelude::*;
use std::{
    fs,
    sync::{Arc, atomic::Ordering},
    thread,
};

/// 26 rows of nodes, 49 steps, snapshots of 5408 bytes that share pages.
const PARAMETERS: &str = "dx=0.83";

fn problem(scene: &Scene, overrides: &[&str]) -> Problem {
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    Problem::load(&scene.path("p.toml"), &overrides).unwrap()
}

fn watch() -> Watch {
    Watch {
        committed: unbounded().0,
        notes: unbounded().0,
        steps: Progress::default(),
        signal: Arc::default(),
    }
}

fn writing(scene: &Scene, name: &str, io: Option<Io>) -> Options {
    Options {
        output: Some(scene.path(name)),
        claim: Claim {
            io,
            resume: true,
            ..Claim::default()
        },
        ..Options::default()
    }
}

fn alone(problem: &Problem, options: &Options) {
    let report = run::run(problem, options, &Solo, &watch()).unwrap();
    assert_eq!(report.outcome, Outcome::Done);
}

/// Runs on so many ranks; `prepare` may change what each of them is told.
fn together(
    problem: &Problem,
    ranks: usize,
    prepare: impl Fn(usize, Channels) -> (Channels, Options, Watch) + Sync,
) -> Vec<Result<Report, RunError>> {
    Channels::together(ranks, Link::default(), |comm| {
        let (comm, options, watch) = prepare(comm.rank(), comm);
        run::run(problem, &options, &comm, &watch)
    })
}

/// The cube `name` and its journal, the latter without what is new in every run.
fn files(scene: &Scene, name: &str) -> (Vec<u8>, Vec<String>) {
    scene.cube_and_journal(name.trim_end_matches(".npy"))
}

#[test]
fn ranks_and_ways_to_write_change_no_byte() {
    let scene = Scene::small();
    for precision in ["precision=f64", "precision=f32"] {
        let problem = problem(&scene, &[PARAMETERS, precision]);
        let expected = format!("alone-{precision}.npy");
        alone(&problem, &writing(&scene, &expected, None));
        let expected = files(&scene, &expected);
        for ranks in [1, 2, 3, 5, 8, 30] {
            for io in [None, Some(Io::Map), Some(Io::Write), Some(Io::Single)] {
                let name = format!("{ranks}-{io:?}-{precision}.npy");
                let reports = together(&problem, ranks, |_, comm| {
                    (comm, writing(&scene, &name, io), watch())
                });
                for report in reports {
                    assert_eq!(report.unwrap().outcome, Outcome::Done);
                }
                assert!(files(&scene, &name) == expected, "{name}");
            }
        }
    }
}

#[test]
fn blocks_of_digests_reach_across_ranks() {
    // 1002² nodes: snapshots of almost two blocks, which five ranks cut anywhere.
    let scene = Scene::small();
    let sizes = ["dx=0.02", "runtime=0.003", "outtime=0.001"];
    let problem = problem(&scene, &sizes);
    assert!(problem.field_bytes() > 4 << 20);
    alone(&problem, &writing(&scene, "alone.npy", None));
    let expected = files(&scene, "alone.npy");
    for (ranks, io) in [(2, None), (5, None), (3, Some(Io::Single))] {
        let name = format!("{ranks}.npy");
        together(&problem, ranks, |_, comm| {
            (comm, writing(&scene, &name, io), watch())
        });
        assert!(files(&scene, &name) == expected, "{name}");
    }
}

#[test]
fn on_several_machines_nobody_maps() {
    let scene = Scene::small();
    let problem = problem(&scene, &[PARAMETERS]);
    alone(&problem, &writing(&scene, "alone.npy", None));
    let apart = |io| {
        let scene = &scene;
        move |rank: usize, comm: Channels| {
            let host = format!("node{}", rank % 2);
            (
                comm.on_host(&host),
                writing(scene, "apart.npy", io),
                watch(),
            )
        }
    };
    for refused in together(&problem, 3, apart(Some(Io::Map))) {
        assert!(matches!(refused, Err(RunError::MapAcrossMachines)));
    }
    assert!(!scene.exists("apart.npy"));
    for report in together(&problem, 3, apart(None)) {
        report.unwrap();
    }
    assert!(files(&scene, "apart.npy") == files(&scene, "alone.npy"));
}

#[test]
fn what_one_rank_is_asked_all_do_and_any_number_goes_on() {
    let scene = Scene::small();
    // Long enough between snapshots that a run looks up from its work.
    let problem = problem(&scene, &["dx=0.05", "runtime=10", "outtime=5"]);
    alone(&problem, &writing(&scene, "alone.npy", None));
    let expected = files(&scene, "alone.npy");
    for (stopped, resumed) in [(3, 2), (2, 3), (2, 1), (1, 2)] {
        let name = format!("{stopped}-{resumed}.npy");
        let asked = stopped - 1;
        // Once before the first step, once after the first of them.
        for first_step in [0, 1] {
            let reports = together(&problem, stopped, |rank, comm| {
                let watch = watch();
                if rank == asked {
                    let watch = watch.clone();
                    let ask = move || {
                        while watch.steps.done() < first_step {
                            thread::yield_now();
                        }
                        watch.signal.store(15, Ordering::Relaxed);
                    };
                    match first_step {
                        0 => ask(),
                        _ => drop(thread::spawn(ask)),
                    }
                }
                (comm, writing(&scene, &name, None), watch)
            });
            for report in reports {
                assert_eq!(report.unwrap().outcome, Outcome::Signalled(15), "{name}");
            }
        }
        let checkpoint = name.replace(".npy", ".ckpt");
        assert!(scene.exists(&checkpoint), "{name}");
        let reports = together(&problem, resumed, |_, comm| {
            (comm, writing(&scene, &name, None), watch())
        });
        for report in reports {
            report.unwrap();
        }
        assert!(files(&scene, &name) == expected, "{name}");
        assert!(!scene.exists(&checkpoint), "{name}");
    }
}

#[test]
fn a_shorter_cube_is_taken_over_by_all() {
    let scene = Scene::small();
    let short = problem(&scene, &[PARAMETERS]);
    let long = problem(&scene, &[PARAMETERS, "runtime=7.5"]);
    alone(&short, &writing(&scene, "short.npy", None));
    alone(&long, &writing(&scene, "alone.npy", None));
    let reports = together(&long, 3, |_, comm| {
        let options = Options {
            extend: Some(scene.path("short.npy")),
            ..writing(&scene, "long.npy", None)
        };
        (comm, options, watch())
    });
    for report in reports {
        report.unwrap();
    }
    assert!(files(&scene, "long.npy") == files(&scene, "alone.npy"));
}

#[test]
fn an_error_of_one_is_an_error_of_all() {
    let scene = Scene::small();
    let problem = problem(&scene, &[PARAMETERS]);
    // The root is refused by a file of somebody else.
    scene.write("foreign.npy", "not ours");
    let refused = together(&problem, 3, |_, comm| {
        (comm, writing(&scene, "foreign.npy", None), watch())
    });
    assert!(matches!(refused[0], Err(RunError::Cube(_))));
    for rank in &refused[1..] {
        assert!(matches!(rank, Err(RunError::Elsewhere)), "{rank:?}");
    }
    // Rank 2 sees another file under the name of the cube.
    fs::create_dir(scene.path("elsewhere")).unwrap();
    let failed = together(&problem, 3, |rank, comm| {
        let name = ["own.npy", "elsewhere/own.npy"][rank / 2];
        (comm, writing(&scene, name, None), watch())
    });
    assert!(matches!(failed[2], Err(RunError::Cube(_))));
    for rank in &failed[..2] {
        assert!(matches!(rank, Err(RunError::Elsewhere)), "{rank:?}");
    }
    // Or one that looks the same, of another run.
    alone(&problem, &writing(&scene, "elsewhere/same.npy", None));
    let failed = together(&problem, 3, |rank, comm| {
        let name = ["same.npy", "elsewhere/same.npy"][rank / 2];
        (comm, writing(&scene, name, None), watch())
    });
    let sentence = failed[2].as_ref().unwrap_err().to_string();
    assert!(sentence.contains("sees another file"), "{sentence}");
    assert_eq!(scene.text("same.journal").lines().count(), 1);
}

#[test]
fn ranks_of_different_runs_are_told_apart() {
    let scene = Scene::small();
    let problems = [PARAMETERS, "dx=0.84"].map(|keys| problem(&scene, &[keys]));
    let ended = Channels::together(3, Link::default(), |comm| {
        let problem = &problems[comm.rank() / 2];
        run::run(problem, &writing(&scene, "cube.npy", None), &comm, &watch())
    });
    for rank in ended {
        assert!(matches!(rank, Err(RunError::Disagree { rank: 2 })));
    }
    assert!(!scene.exists("cube.npy"));
}

/// A sweep on so many ranks with a thread or two each; `watch` tells what each is asked.
fn swept(
    scene: &Scene,
    name: &str,
    (ranks, threads): (usize, usize),
    watch: impl Fn(usize) -> Watch + Sync,
) -> Vec<Result<Outcome, RunError>> {
    let sweep = Sweep::load(&scene.path("sweep.toml")).unwrap();
    let Options { claim, .. } = writing(scene, name, None);
    let (cube, options) = (scene.path(name), Options::default());
    Channels::together(ranks, Link::default(), |comm| {
        let watch = watch(comm.rank());
        sweep::sweep(&sweep, &cube, claim, &options, threads, &comm, &watch)
    })
}

/// As [`files`], with the records sorted: their order is that of the commits.
fn scenarios(scene: &Scene, name: &str) -> (Vec<u8>, Vec<String>) {
    let (cube, mut lines) = files(scene, name);
    lines[1..].sort();
    (cube, lines)
}

#[test]
fn ranks_take_the_next_scenario_of_a_sweep() {
    let scene = Scene::small();
    // Scenarios with 3 to 31 snapshots, of a few thousandths to a few hundredths of a second.
    let sweep = "params = \"p.toml\"\ndx = 0.4\nouttime = { from = 0.1, to = 3, count = 12 }\n";
    scene.write("sweep.toml", sweep);
    for ended in swept(&scene, "alone.npy", (1, 1), |_| watch()) {
        assert_eq!(ended.unwrap(), Outcome::Done);
    }
    let expected = scenarios(&scene, "alone.npy");
    for way in [(1, 2), (2, 1), (2, 2), (3, 1), (5, 2), (13, 1)] {
        let name = format!("{}-{}.npy", way.0, way.1);
        for ended in swept(&scene, &name, way, |_| watch()) {
            assert_eq!(ended.unwrap(), Outcome::Done, "{way:?}");
        }
        assert!(scenarios(&scene, &name) == expected, "{way:?}");
        for ended in swept(&scene, &name, way, |_| watch()) {
            assert_eq!(ended.unwrap(), Outcome::AlreadyDone, "{way:?}");
        }
    }
}

#[test]
fn a_stopped_sweep_goes_on_with_any_number_of_ranks() {
    let scene = Scene::small();
    let sweep = "params = \"p.toml\"\ndx = 0.2\nD = { from = 1, to = 2, count = 20 }\n";
    scene.write("sweep.toml", sweep);
    swept(&scene, "alone.npy", (1, 2), |_| watch());
    let expected = scenarios(&scene, "alone.npy");
    for (stopped, resumed) in [(3, 2), (2, 3), (2, 1), (1, 2)] {
        let name = format!("{stopped}-{resumed}.npy");
        // Its last rank is asked as soon as the first snapshot of anybody is committed.
        let ended = swept(&scene, &name, (stopped, 1), |rank| {
            let (watch, journal) = (watch(), scene.path(&name).with_extension("journal"));
            if rank == stopped - 1 {
                let signal = Arc::clone(&watch.signal);
                thread::spawn(move || {
                    let lines = || fs::read_to_string(&journal).unwrap_or_default();
                    while lines().lines().count() < 2 {
                        thread::yield_now();
                    }
                    signal.store(15, Ordering::Relaxed);
                });
            }
            watch
        });
        for rank in ended {
            assert_eq!(rank.unwrap(), Outcome::Signalled(15), "{name}");
        }
        let (_, lines) = scenarios(&scene, &name);
        assert!((2..expected.1.len()).contains(&lines.len()), "{name}");
        for ended in swept(&scene, &name, (resumed, 1), |_| watch()) {
            assert_eq!(ended.unwrap(), Outcome::Done, "{name}");
        }
        assert!(scenarios(&scene, &name) == expected, "{name}");
    }
}

#[test]
fn ranks_of_different_sweeps_are_told_apart() {
    let scene = Scene::small();
    for (name, end) in [("a.toml", 2), ("b.toml", 3)] {
        scene.write(name, format!("params = \"p.toml\"\nD = [1, {end}]\n"));
    }
    let sweeps = ["a.toml", "b.toml"].map(|name| Sweep::load(&scene.path(name)).unwrap());
    let (claim, options) = (Claim::default(), Options::default());
    let ended = Channels::together(3, Link::default(), |comm| {
        let sweep = &sweeps[comm.rank() / 2];
        let cube = scene.path("cube.npy");
        sweep::sweep(sweep, &cube, claim, &options, 1, &comm, &watch())
    });
    for rank in ended {
        assert!(matches!(rank, Err(RunError::Disagree { rank: 2 })));
    }
    assert!(!scene.exists("cube.npy"));
}

#[test]
fn damage_is_seen_by_all() {
    let scene = Scene::small();
    let problem = problem(&scene, &[PARAMETERS, "runtime=60", "outtime=20"]);
    let reports = together(&problem, 3, |_, comm| {
        let watch = watch();
        watch.signal.store(2, Ordering::Relaxed);
        (comm, writing(&scene, "cube.npy", None), watch)
    });
    assert!(reports.iter().all(Result::is_ok));
    let mut cube = scene.read("cube.npy");
    cube[4096 + 26 * 8 * 20] ^= 1;
    scene.write("cube.npy", cube);
    let refused = together(&problem, 3, |_, comm| {
        (comm, writing(&scene, "cube.npy", None), watch())
    });
    for rank in refused {
        let sentence = rank.unwrap_err().to_string();
        assert!(sentence.contains("repair"), "{sentence}");
    }
}

#[test]
fn messages_per_step_fall_with_the_depth_and_bytes_do_not() {
    let scene = Scene::small();
    let problem = problem(&scene, &["dx=0.1", "runtime=0.75", "outtime=0.75"]);
    let sent = |depth: usize| {
        let reports = together(&problem, 2, |_, comm| {
            let tile = format!("64x64x{depth}").parse().unwrap();
            let options = Options {
                tile: Some(tile),
                ..Options::default()
            };
            (comm, options, watch())
        });
        let report = reports.into_iter().last().unwrap().unwrap();
        (report.messages, report.bytes_sent)
    };
    // One message sums up each snapshot.
    let snapshots = problem.schedule.snapshots();
    let (each_step, bytes) = sent(1);
    assert_eq!(each_step - snapshots, problem.schedule.nsteps);
    for depth in [2, 5, 10] {
        let (messages, same) = sent(depth);
        let passes = messages - snapshots;
        assert!(passes <= problem.schedule.nsteps / depth as u64 + snapshots);
        assert_eq!(same, bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_of_any_grid_gives_the_same_bytes(
        ranks in 2_usize..12, dx in 0.4_f64..9.0, depth in 1_usize..9, snapshots in 1_u32..6,
        grid in prop_oneof![Just("slides"), Just("files")], f32: bool,
    ) {
        let scene = Scene::small();
        let overrides = [
            format!("dx={dx}"),
            format!("outtime={}", 3.7 / f64::from(snapshots)),
            format!("grid={grid}"),
            format!("precision={}", if f32 { "f32" } else { "f64" }),
        ];
        let problem = problem(&scene, &overrides.each_ref().map(String::as_str));
        alone(&problem, &writing(&scene, "alone.npy", None));
        let reports = together(&problem, ranks, |rank, comm| {
            let tile = format!("20x20x{}", depth + rank).parse().unwrap();
            let options = Options { tile: Some(tile), ..writing(&scene, "cube.npy", None) };
            (comm, options, watch())
        });
        for report in reports {
            report.unwrap();
        }
        prop_assert!(files(&scene, "cube.npy") == files(&scene, "alone.npy"));
    }
}
