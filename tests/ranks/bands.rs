//! States larger than memory on several ranks: the bits of one rank in memory, whoever is asked to stop.

use super::common::{Scene, interposed::Interposed, problems::problems};
use super::{assert_all_done, on_ranks, writing};
use diff2d::{
    Outcome, Problem, Progress, Run, RunError,
    comm::{Channels, Comm, Incoming, Link},
};
use proptest::prelude::*;
use std::{
    fs,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if super::common::full() { 300 } else { 24 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn ranks_in_bands_change_no_byte(
        text in problems(), ranks in 2_usize..6, quarters in 5_u64..16, single in any::<bool>(),
    ) {
        let scene = Scene::new();
        let Ok(problem) = text.parse::<Problem>() else {
            // A wall whose limit is below every time step.
            return Ok(());
        };
        let in_memory = writing(&scene, &problem, "m.npy").start();
        let memory = problem.field_bytes() * quarters / 4 / ranks as u64 + 40_000;
        let io = single.then_some(diff2d::Io::Single);
        let run = |_| writing(&scene, &problem, "b.npy").memory(memory).io(io).threads(1);
        let of_ranks = on_ranks(ranks, run);
        // The sentence is that of the rank that failed, not of those that heard of it.
        let in_bands = of_ranks.into_iter().reduce(|first, other| match (&first, &other) {
            (Err(RunError::Elsewhere(_)), Err(_)) => other,
            _ => first,
        });
        match (in_memory, in_bands.unwrap()) {
            (Ok(_), Err(RunError::Cap { .. } | RunError::NotInBands { .. })) => {}
            (Ok(_), Ok(report)) => {
                prop_assert!(report.state.starts_with("files"), "{}", report.state);
                prop_assert!(scene.cube_and_journal("m") == scene.cube_and_journal("b"));
                prop_assert_eq!(scene.files().len(), 4);
            }
            // Another rank may have found the wall that is not finite.
            (Err(_), Err(_)) => {}
            (in_memory, in_bands) => {
                let told = [in_memory, in_bands].map(|ran| ran.err().map(|error| error.to_string()));
                prop_assert_eq!(&told[0], &told[1]);
            }
        }
    }
}

/// Carries out a run on so many ranks, one of which is asked to stop after so many steps.
fn stopped_after(
    ranks: usize,
    (asked, steps): (usize, u64),
    run: impl Fn() -> Run<'static> + Sync,
) -> (Vec<Outcome>, u64) {
    let (flag, progress) = (Arc::new(AtomicUsize::new(0)), Progress::default());
    let ended = AtomicBool::new(false);
    let reports = thread::scope(|scope| {
        scope.spawn(|| {
            while progress.done() < steps && !ended.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_micros(200));
            }
            flag.store(15, Ordering::Relaxed);
        });
        let reports = on_ranks(ranks, |rank| match rank == asked {
            true => run()
                .progress(progress.clone())
                .stop_flag(Arc::clone(&flag)),
            false => run(),
        });
        ended.store(true, Ordering::Relaxed);
        reports
    });
    let outcomes = reports.into_iter().map(|report| report.unwrap().outcome);
    (outcomes.collect(), progress.done())
}

fn problem() -> &'static Problem {
    static PROBLEM: LazyLock<Problem> = LazyLock::new(|| {
        "D = 1\nx1 = 0\nx2 = 1\ndx = 0.01\nruntime = 0.01\nouttime = 0.005\n"
            .parse()
            .unwrap()
    });
    &PROBLEM
}

/// Stops the run of one rank time and again, each time a little later, until it is done.
fn stopped_and_resumed(ranks: usize, directory: Option<&str>) {
    let (scene, problem) = (Scene::new(), problem());
    let directory = directory.map(|name| scene.path(name));
    directory
        .iter()
        .for_each(|path| fs::create_dir(path).unwrap());
    writing(&scene, problem, "m.npy").start().unwrap();
    let mut steps = vec![0];
    loop {
        let run = || {
            writing(&scene, problem, "b.npy")
                .memory(2 * problem.field_bytes())
                .threads(1)
                .scratch(directory.clone())
        };
        let before = steps.last().copied().unwrap_or(0);
        let asked = steps.len() % ranks;
        let (outcomes, reached) = stopped_after(ranks, (asked, before + 10), run);
        assert!(
            outcomes.iter().all(|&outcome| outcome == outcomes[0]),
            "{outcomes:?}"
        );
        steps.push(reached);
        let files = match &directory {
            Some(path) => fs::read_dir(path).unwrap().count(),
            None => {
                let files = scene.files();
                files
                    .iter()
                    .filter(|name| name.contains(".scratch"))
                    .count()
            }
        };
        if outcomes[0] == Outcome::Done {
            assert_eq!(files, 0);
            break;
        }
        assert_eq!((outcomes[0], files), (Outcome::Stopped(15), ranks));
        assert!(steps.len() < 100, "{steps:?}");
    }
    assert!(steps.len() > 3 && steps.is_sorted(), "{steps:?}");
    assert!(scene.cube_and_journal("m") == scene.cube_and_journal("b"));
}

#[test]
fn ranks_in_bands_go_on_where_they_were_stopped() {
    stopped_and_resumed(2, None);
    stopped_and_resumed(3, Some("disk"));
}

#[test]
fn other_numbers_of_ranks_go_on_from_the_last_snapshot() {
    let (scene, problem) = (Scene::new(), problem());
    writing(&scene, problem, "m.npy").start().unwrap();
    let run = || {
        let run = writing(&scene, problem, "b.npy");
        run.memory(2 * problem.field_bytes()).threads(1)
    };
    stopped_after(3, (1, 20), run);
    stopped_after(2, (0, 20), run);
    // Those of the three ranks are still there, of which two belong to nobody.
    assert!(scene.exists("b.scratch-2"));
    assert_all_done(on_ranks(4, |_| run()));
    assert!(scene.cube_and_journal("m") == scene.cube_and_journal("b"));
    assert_eq!(scene.files().len(), 4);
}

/// After a second every state is described. When that is, ranks have to decide together.
#[test]
fn ranks_whose_clocks_differ_do_the_same() {
    let problem: Problem = "D = 1\nx1 = 0\nx2 = 1\ndx = 0.01\nruntime = 100\nouttime = 100\n"
        .parse()
        .unwrap();
    let (sender, outcomes) = mpsc::channel();
    thread::spawn(move || {
        let (scene, flag) = (Scene::new(), Arc::new(AtomicUsize::new(0)));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !scene.exists("b.journal") {
                    thread::sleep(Duration::from_millis(1));
                }
                thread::sleep(Duration::from_secs(2));
                flag.store(15, Ordering::Relaxed);
            });
            let reports = Channels::together(2, Link::default(), |comm| {
                let run = writing(&scene, &problem, "b.npy").stop_flag(Arc::clone(&flag));
                let run = run.memory(2 * problem.field_bytes()).threads(1);
                // One rank hears later than the other what both tell, until the first snapshot is committed.
                let is_late = comm.rank() == 1;
                let heard = |_: &mut [Vec<u8>]| {
                    let journal = fs::read_to_string(scene.path("b.journal")).unwrap_or_default();
                    if is_late && journal.lines().count() < 2 {
                        thread::sleep(Duration::from_millis(100));
                    }
                };
                let received = |_: &mut [Incoming<'_>]| ();
                run.start_on(&Interposed {
                    comm,
                    received,
                    heard,
                })
            });
            let outcomes = reports.into_iter().map(|report| report.unwrap().outcome);
            let _ = sender.send(outcomes.collect::<Vec<_>>());
        });
    });
    let outcomes = outcomes.recv_timeout(Duration::from_secs(60));
    let outcomes = outcomes.expect("ranks wait for each other");
    assert_eq!(outcomes, [Outcome::Stopped(15); 2]);
}

/// A problem whose state does not fit into twice its bytes.
fn small() -> Problem {
    let keys = "D = 1\nx1 = 0\nx2 = 1\ndx = 0.01\nruntime = 0.01\nouttime = 0.005\n";
    keys.parse().unwrap()
}

#[test]
fn every_rank_removes_its_scratch_from_a_disk_of_its_own() {
    let (scene, problem) = (Scene::new(), small());
    for rank in 0..2 {
        fs::create_dir(scene.path(format!("disk{rank}"))).unwrap();
    }
    assert_all_done(on_ranks(2, |rank| {
        let run = writing(&scene, &problem, "b.npy").scratch(scene.path(format!("disk{rank}")));
        run.memory(2 * problem.field_bytes()).threads(1)
    }));
    for rank in 0..2 {
        let left = fs::read_dir(scene.path(format!("disk{rank}"))).unwrap();
        assert_eq!(left.count(), 0);
    }
}

#[test]
fn ranks_that_put_their_states_elsewhere_are_refused() {
    let (scene, problem) = (Scene::new(), small());
    let run = || writing(&scene, &problem, "b.npy").threads(1);
    let memory = |rank: usize| run().memory([1 << 30, 2 * problem.field_bytes()][rank]);
    let scratch = |rank: usize| {
        let run = run().memory(2 * problem.field_bytes());
        match rank {
            0 => run,
            _ => run.scratch(scene.path("")),
        }
    };
    for reports in [on_ranks(2, memory), on_ranks(2, scratch)] {
        for report in reports {
            assert!(matches!(report, Err(RunError::Disagree { rank: 1 })));
        }
    }
    assert!(scene.files().is_empty());
}
