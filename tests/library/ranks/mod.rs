//! Any number of ranks writes the same bytes: ranks as threads of one process, without MPI.

mod failures;
mod sweeps;

use crate::common::{Scene, seed::random_cases};
use diff2d::{
    Io, Outcome, Problem, Progress, Report, Run, RunError, Sweep,
    comm::{Channels, Comm, Link},
};
use proptest::prelude::*;
use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// 26 rows of nodes, 49 steps.
const PARAMETERS: &str = "dx=0.83";
/// Rows so long that ranks have pages of their own, and share some.
const LONG_ROWS: [&str; 4] = ["y1=-10", "y2=10", "x1=-400", "x2=400"];

fn problem(scene: &Scene, overrides: &[&str]) -> Problem {
    let long = match overrides.contains(&PARAMETERS) {
        true => LONG_ROWS.as_slice(),
        false => &[],
    };
    let overrides: Vec<String> = long
        .iter()
        .chain(overrides)
        .map(|&text| text.to_owned())
        .collect();
    Problem::load(&scene.path("p.toml"), &overrides).unwrap()
}

/// A run, or a sweep, that writes this cube or continues it.
fn writing<'a, W>(scene: &Scene, work: &'a W, name: &str) -> Run<'a, W> {
    Run::new(work).output(scene.path(name)).resume(true)
}

fn alone(scene: &Scene, problem: &Problem, name: &str) {
    let report = writing(scene, problem, name).start().unwrap();
    assert_eq!(report.outcome, Outcome::Done);
}

/// Runs on so many ranks, each of which gets its run from `run`.
fn on_ranks<'a>(
    ranks: usize,
    run: impl Fn(usize) -> Run<'a> + Sync,
) -> Vec<Result<Report, RunError>> {
    Channels::together(ranks, Link::default(), |comm| {
        run(comm.rank()).start_on(&comm)
    })
}

fn assert_all_done(reports: Vec<Result<Report, RunError>>) {
    for report in reports {
        assert_eq!(report.unwrap().outcome, Outcome::Done);
    }
}

/// The cube `name` and its journal, the latter without what is new in every run.
fn files(scene: &Scene, name: &str) -> (Vec<u8>, Vec<String>) {
    scene.cube_and_journal(name.trim_end_matches(".npy"))
}

#[test]
fn the_number_of_ranks_and_the_way_of_writing_change_no_byte() {
    let scene = Scene::small();
    for precision in ["precision=f64", "precision=f32"] {
        let problem = problem(&scene, &[PARAMETERS, precision]);
        let expected = format!("alone-{precision}.npy");
        alone(&scene, &problem, &expected);
        let expected = files(&scene, &expected);
        for ranks in [1, 2, 3, 5, 8, 30] {
            for io in [None, Some(Io::Map), Some(Io::Write), Some(Io::Single)] {
                let name = format!("{ranks}-{io:?}-{precision}.npy");
                let run = |_| writing(&scene, &problem, &name).io(io);
                assert_all_done(on_ranks(ranks, run));
                assert!(files(&scene, &name) == expected, "{name}");
            }
        }
    }
}

#[test]
fn ranks_share_blocks_that_are_hashed_as_a_whole() {
    // 1002² nodes: snapshots of almost two blocks, which five ranks cut anywhere.
    let scene = Scene::small();
    let sizes = ["dx=0.02", "runtime=0.003", "outtime=0.001"];
    let problem = problem(&scene, &sizes);
    assert!(problem.field_bytes() > 4 << 20);
    alone(&scene, &problem, "alone.npy");
    let expected = files(&scene, "alone.npy");
    for (ranks, io) in [(2, None), (5, None), (3, Some(Io::Single))] {
        let name = format!("{ranks}.npy");
        let run = |_| writing(&scene, &problem, &name).io(io);
        assert_all_done(on_ranks(ranks, run));
        assert!(files(&scene, &name) == expected, "{name}");
    }
}

#[test]
fn threads_given_on_some_ranks_only_change_nothing() {
    let scene = Scene::small();
    let problem = problem(&scene, &[PARAMETERS]);
    alone(&scene, &problem, "alone.npy");
    for given in 0..3 {
        let name = format!("{given}.npy");
        let threads = |rank| (rank == given).then_some(2);
        let run = |rank| writing(&scene, &problem, &name).threads(threads(rank));
        assert_all_done(on_ranks(3, run));
        assert!(files(&scene, &name) == files(&scene, "alone.npy"));
    }
    scene.write("sweep.toml", "params = \"p.toml\"\nD = [1, 2, 3]\n");
    let sweep = Sweep::load(&scene.path("sweep.toml")).unwrap();
    let ended = Channels::together(3, Link::default(), |comm| {
        let threads = (comm.rank() == 1).then_some(2);
        let run = writing(&scene, &sweep, "sweep.npy").threads(threads);
        run.start_on(&comm)
    });
    for outcome in ended {
        assert_eq!(outcome.unwrap(), Outcome::Done);
    }
}

#[test]
fn rank_0_observes_every_commit() {
    let scene = Scene::small();
    let problem = problem(&scene, &[PARAMETERS]);
    let snapshots: Vec<u64> = (0..problem.schedule.snapshots()).collect();
    for name in [None, Some("observed.npy")] {
        let observed = [const { Mutex::new(Vec::new()) }; 3];
        let reports = on_ranks(3, |rank| {
            let run = Run::new(&problem).on_commit({
                let observed = &observed[rank];
                |record| observed.lock().unwrap().push(record.index)
            });
            match name {
                Some(name) => run.output(scene.path(name)),
                None => run,
            }
        });
        assert_all_done(reports);
        let observed = observed.map(|indices| indices.into_inner().unwrap());
        assert_eq!(observed, [snapshots.clone(), vec![], vec![]]);
    }
}

#[test]
fn ranks_on_several_machines_do_not_write_through_maps() {
    let scene = Scene::small();
    let problem = problem(&scene, &[PARAMETERS]);
    alone(&scene, &problem, "alone.npy");
    let on_two_machines = |io: Option<Io>| {
        Channels::together(3, Link::default(), |comm| {
            let host = format!("node{}", comm.rank() % 2);
            let run = writing(&scene, &problem, "apart.npy").io(io);
            run.start_on(&comm.on_host(&host))
        })
    };
    for refused in on_two_machines(Some(Io::Map)) {
        assert!(matches!(refused, Err(RunError::MapAcrossMachines)));
    }
    assert!(!scene.exists("apart.npy"));
    assert_all_done(on_two_machines(None));
    assert!(files(&scene, "apart.npy") == files(&scene, "alone.npy"));
}

#[test]
fn a_stop_asked_of_one_rank_stops_all_and_any_number_of_ranks_resumes() {
    let scene = Scene::small();
    let problem = problem(&scene, &["dx=0.4", "runtime=10", "outtime=5"]);
    alone(&scene, &problem, "alone.npy");
    let expected = files(&scene, "alone.npy");
    for (stopped, resumed) in [(3, 2), (2, 3), (2, 1), (1, 2)] {
        let name = format!("{stopped}-{resumed}.npy");
        let asked = stopped - 1;
        // Once before the first step, once after the first of them.
        for first_step in [0, 1] {
            let reports = on_ranks(stopped, |rank| {
                let (progress, flag) = (Progress::default(), Arc::new(AtomicUsize::new(0)));
                if rank == asked {
                    let (progress, flag) = (progress.clone(), Arc::clone(&flag));
                    let ask = move || {
                        while progress.done() < first_step {
                            thread::yield_now();
                        }
                        flag.store(15, Ordering::Relaxed);
                    };
                    match first_step {
                        0 => ask(),
                        _ => drop(thread::spawn(ask)),
                    }
                }
                // The run is held until it has heard.
                let run = writing(&scene, &problem, &name).hold_after(30);
                run.progress(progress).stop_flag(flag)
            });
            for report in reports {
                assert_eq!(report.unwrap().outcome, Outcome::Stopped(15), "{name}");
            }
        }
        let checkpoint = name.replace(".npy", ".ckpt");
        assert!(scene.exists(&checkpoint), "{name}");
        let resume = |_| writing(&scene, &problem, &name);
        assert_all_done(on_ranks(resumed, resume));
        assert!(files(&scene, &name) == expected, "{name}");
        assert!(!scene.exists(&checkpoint), "{name}");
    }
}

#[test]
fn ranks_extend_a_shorter_cube() {
    let scene = Scene::small();
    let short = problem(&scene, &[PARAMETERS]);
    let long = problem(&scene, &[PARAMETERS, "runtime=7.5"]);
    alone(&scene, &short, "short.npy");
    alone(&scene, &long, "alone.npy");
    let run = |_| writing(&scene, &long, "long.npy").extend(scene.path("short.npy"));
    assert_all_done(on_ranks(3, run));
    assert!(files(&scene, "long.npy") == files(&scene, "alone.npy"));
    // Rank 2 sees another shorter cube of this name.
    fs::create_dir(scene.path("elsewhere")).unwrap();
    alone(&scene, &short, "elsewhere/short.npy");
    let refused = on_ranks(3, |rank| {
        let shorter = ["short.npy", "elsewhere/short.npy"][rank / 2];
        writing(&scene, &long, "other.npy").extend(scene.path(shorter))
    });
    for rank in refused {
        let sentence = rank.unwrap_err().to_string();
        assert!(sentence.contains("different files"), "{sentence}");
    }
}

#[test]
fn an_error_of_one_rank_is_an_error_of_all() {
    let scene = Scene::small();
    let problem = problem(&scene, &[PARAMETERS]);
    let others_failed = |ranks: &[Result<Report, RunError>]| {
        let is_elsewhere = |rank: &_| matches!(rank, Err(RunError::Elsewhere(_)));
        ranks.iter().all(is_elsewhere)
    };
    // A file of somebody else refuses rank 0.
    scene.write("foreign.npy", "not ours");
    let refused = on_ranks(3, |_| writing(&scene, &problem, "foreign.npy"));
    assert!(matches!(refused[0], Err(RunError::Cube(_))));
    assert!(others_failed(&refused[1..]), "{refused:?}");
    // Rank 2 is given a name that no cube can have.
    let refused = on_ranks(3, |rank| {
        writing(&scene, &problem, ["own.npy", "own.txt"][rank / 2])
    });
    assert!(matches!(refused[2], Err(RunError::Cube(_))));
    assert!(others_failed(&refused[..2]), "{refused:?}");
    assert!(!scene.exists("own.npy"));
    // It may take less than its state needs, which passes through memory on one rank only.
    let refused = on_ranks(3, |rank| {
        let memory = [1 << 30, problem.field_bytes() / 2][rank / 2];
        writing(&scene, &problem, "own.npy").memory(memory)
    });
    let sentence = refused[2].as_ref().unwrap_err().to_string();
    assert!(sentence.contains("run it without mpirun"), "{sentence}");
    assert!(others_failed(&refused[..2]), "{refused:?}");
    assert!(!scene.exists("own.npy"));
    // It sees another file of this name.
    fs::create_dir(scene.path("elsewhere")).unwrap();
    let failed = on_ranks(3, |rank| {
        writing(&scene, &problem, ["own.npy", "elsewhere/own.npy"][rank / 2])
    });
    assert!(matches!(failed[2], Err(RunError::Cube(_))));
    assert!(others_failed(&failed[..2]), "{failed:?}");
    // Or one of another run with the same parameters.
    alone(&scene, &problem, "elsewhere/same.npy");
    let failed = on_ranks(3, |rank| {
        writing(
            &scene,
            &problem,
            ["same.npy", "elsewhere/same.npy"][rank / 2],
        )
    });
    let sentence = failed[2].as_ref().unwrap_err().to_string();
    assert!(sentence.contains("sees a different file"), "{sentence}");
    assert_eq!(scene.text("same.journal").lines().count(), 1);
}

#[test]
fn ranks_with_other_parameters_are_refused() {
    let scene = Scene::small();
    let problems = [PARAMETERS, "dx=0.84"].map(|keys| problem(&scene, &[keys]));
    let ended = on_ranks(3, |rank| writing(&scene, &problems[rank / 2], "cube.npy"));
    for rank in ended {
        assert!(matches!(rank, Err(RunError::Disagree { rank: 2 })));
    }
    assert!(!scene.exists("cube.npy"));
}

#[test]
fn a_run_and_a_sweep_on_ranks_of_one_job_are_refused() {
    let scene = Scene::small();
    scene.write("sweep.toml", "params = \"p.toml\"\nD = [1, 2]\n");
    let sweep = Sweep::load(&scene.path("sweep.toml")).unwrap();
    let problem = problem(&scene, &[PARAMETERS]);
    let refused = Channels::together(2, Link::default(), |comm| match comm.rank() {
        0 => writing(&scene, &problem, "cube.npy").start_on(&comm).err(),
        _ => writing(&scene, &sweep, "cube.npy").start_on(&comm).err(),
    });
    for rank in refused {
        assert!(matches!(rank, Some(RunError::Disagree { rank: 1 })));
    }
    assert!(!scene.exists("cube.npy"));
}

#[test]
fn every_rank_refuses_to_resume_from_damaged_bytes() {
    let scene = Scene::small();
    let problem = problem(&scene, &[PARAMETERS, "runtime=60", "outtime=20"]);
    let reports = on_ranks(3, |_| {
        let stopped = Arc::new(AtomicUsize::new(2));
        writing(&scene, &problem, "cube.npy").stop_flag(stopped)
    });
    assert!(reports.iter().all(Result::is_ok));
    let mut cube = scene.read("cube.npy");
    cube[4096 + 900 * 8 * 20] ^= 1;
    scene.write("cube.npy", cube);
    for rank in on_ranks(3, |_| writing(&scene, &problem, "cube.npy")) {
        let sentence = rank.unwrap_err().to_string();
        assert!(sentence.contains("repair"), "{sentence}");
    }
}

#[test]
fn deeper_halos_mean_fewer_messages_and_the_same_bytes() {
    let scene = Scene::small();
    let problem = problem(&scene, &["dx=0.1", "runtime=0.75", "outtime=0.75"]);
    let sent = |depth: usize| {
        let tile = format!("64x64x{depth}").parse().unwrap();
        let reports = on_ranks(2, |_| Run::new(&problem).tile(Some(tile)));
        let report = reports.into_iter().last().unwrap().unwrap();
        (report.messages, report.bytes_sent)
    };
    // One message carries the sums of each snapshot.
    let snapshots = problem.schedule.snapshots();
    // Those of a pass are its rows, and 16 bytes that say what is known of them.
    let rows = |bytes: u64, passes: u64| bytes - 16 * passes;
    let (each_step, bytes) = sent(1);
    let steps = problem.schedule.nsteps;
    assert_eq!(each_step - snapshots, 2 * steps);
    for depth in [2, 5, 10] {
        let (messages, same) = sent(depth);
        let passes = (messages - snapshots) / 2;
        assert!(passes <= steps / depth as u64 + snapshots);
        assert_eq!(rows(same, passes), rows(bytes, steps));
    }
}

proptest! {
    #![proptest_config(random_cases(24))]

    #[test]
    fn any_decomposition_of_any_grid_gives_the_same_bytes(
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
        alone(&scene, &problem, "alone.npy");
        let reports = on_ranks(ranks, |rank| {
            let tile = format!("20x20x{}", depth + rank).parse().unwrap();
            writing(&scene, &problem, "cube.npy").tile(Some(tile))
        });
        for report in reports {
            report.unwrap();
        }
        prop_assert!(files(&scene, "cube.npy") == files(&scene, "alone.npy"));
    }
}

/// One of three ranks does not hold the nodes where the wall stops being finite.
#[test]
fn a_wall_that_is_not_finite_on_one_rank_ends_all() {
    let scene = Scene::small();
    let problem = problem(&scene, &["boundary.left=where(y > 8, sqrt(1.5 - t), 0)"]);
    let reports = on_ranks(3, |_| writing(&scene, &problem, "c.npy"));
    let sentences: Vec<String> = reports
        .into_iter()
        .map(|report| report.unwrap_err().to_string())
        .collect();
    assert_eq!(sentences[0], "another rank has failed");
    let telling = |sentence: &&String| sentence.contains("boundary.left has no finite value");
    assert!(
        sentences.iter().any(|sentence| telling(&sentence)),
        "{sentences:?}"
    );
    assert_eq!(scene.text("c.journal").lines().count(), 3);
}
