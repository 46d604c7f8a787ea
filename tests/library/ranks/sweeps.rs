//! Parameter sweeps on several ranks.

use super::{files, writing};
use crate::common::Scene;
use diff2d::{
    Outcome, RunError, Sweep,
    comm::{Channels, Comm, Link},
};
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// A sweep on so many ranks with so many threads each; `flag` gives the stop flag of each.
fn swept(
    scene: &Scene,
    name: &str,
    (ranks, threads): (usize, usize),
    flag: impl Fn(usize) -> Arc<AtomicUsize> + Sync,
) -> Vec<Outcome> {
    let sweep = Sweep::load(&scene.path("sweep.toml")).unwrap();
    let ended = Channels::together(ranks, Link::default(), |comm| {
        let run = writing(scene, &sweep, name).threads(threads);
        run.stop_flag(flag(comm.rank())).start_on(&comm)
    });
    ended.into_iter().map(Result::unwrap).collect()
}

fn never_stopped(_rank: usize) -> Arc<AtomicUsize> {
    Arc::default()
}

/// As [`files`], with the records sorted: their order is that of the commits.
fn scenarios(scene: &Scene, name: &str) -> (Vec<u8>, Vec<String>) {
    let (cube, mut lines) = files(scene, name);
    lines[1..].sort();
    (cube, lines)
}

#[test]
fn the_number_of_ranks_changes_no_byte_of_a_sweep() {
    let scene = Scene::small();
    // Scenarios with 3 to 31 snapshots, of a few thousandths to a few hundredths of a second.
    let sweep = "params = \"p.toml\"\ndx = 0.4\nouttime = { from = 0.1, to = 3, count = 12 }\n";
    scene.write("sweep.toml", sweep);
    swept(&scene, "alone.npy", (1, 1), never_stopped);
    let expected = scenarios(&scene, "alone.npy");
    for (ranks, threads) in [(1, 2), (2, 1), (2, 2), (3, 1), (5, 2), (13, 1)] {
        let name = format!("{ranks}-{threads}.npy");
        let outcomes = swept(&scene, &name, (ranks, threads), never_stopped);
        assert_eq!(outcomes, vec![Outcome::Done; ranks], "{name}");
        assert!(scenarios(&scene, &name) == expected, "{name}");
        let outcomes = swept(&scene, &name, (ranks, threads), never_stopped);
        assert_eq!(outcomes, vec![Outcome::AlreadyDone; ranks], "{name}");
    }
}

/// A sweep whose last rank is asked to stop as soon as the first snapshot is committed.
///
/// The thread that asks may find no processor before the sweep is done: then the sweep begins anew.
fn swept_until_first_commit(scene: &Scene, name: &str, ranks: usize) -> Vec<Outcome> {
    let journal = scene.path(name).with_extension("journal");
    for _ in 0..100 {
        let outcomes = swept(scene, name, (ranks, 1), |rank| {
            let flag: Arc<AtomicUsize> = Arc::default();
            if rank == ranks - 1 {
                let (flag, journal) = (Arc::clone(&flag), journal.clone());
                thread::spawn(move || {
                    let lines = || fs::read_to_string(&journal).unwrap_or_default();
                    while lines().lines().count() < 2 {
                        thread::yield_now();
                    }
                    flag.store(15, Ordering::Relaxed);
                });
            }
            flag
        });
        if outcomes[0] != Outcome::Done {
            return outcomes;
        }
        fs::remove_file(scene.path(name)).unwrap();
        fs::remove_file(&journal).unwrap();
    }
    panic!("{name}: done a hundred times before the stop was heard");
}

#[test]
fn any_number_of_ranks_resumes_a_stopped_sweep() {
    let scene = Scene::small();
    let sweep = "params = \"p.toml\"\ndx = 0.2\nD = { from = 1, to = 2, count = 20 }\n";
    scene.write("sweep.toml", sweep);
    swept(&scene, "alone.npy", (1, 2), never_stopped);
    let expected = scenarios(&scene, "alone.npy");
    for (stopped, resumed) in [(3, 2), (2, 3), (2, 1), (1, 2)] {
        let name = format!("{stopped}-{resumed}.npy");
        let outcomes = swept_until_first_commit(&scene, &name, stopped);
        assert_eq!(outcomes, vec![Outcome::Stopped(15); stopped], "{name}");
        let (_, lines) = scenarios(&scene, &name);
        assert!((2..expected.1.len()).contains(&lines.len()), "{name}");
        let outcomes = swept(&scene, &name, (resumed, 1), never_stopped);
        assert_eq!(outcomes, vec![Outcome::Done; resumed], "{name}");
        assert!(scenarios(&scene, &name) == expected, "{name}");
    }
}

#[test]
fn ranks_of_different_sweeps_are_refused() {
    let scene = Scene::small();
    for (name, end) in [("a.toml", 2), ("b.toml", 3)] {
        scene.write(name, format!("params = \"p.toml\"\nD = [1, {end}]\n"));
    }
    let sweeps = ["a.toml", "b.toml"].map(|name| Sweep::load(&scene.path(name)).unwrap());
    let ended = Channels::together(3, Link::default(), |comm| {
        let sweep = &sweeps[comm.rank() / 2];
        writing(&scene, sweep, "cube.npy").start_on(&comm)
    });
    for rank in ended {
        assert!(matches!(rank, Err(RunError::Disagree { rank: 2 })));
    }
    assert!(!scene.exists("cube.npy"));
}
