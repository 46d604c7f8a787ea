//! Parameter sweeps on several ranks.

use super::{files, writing};
use crate::common::Scene;
use diff2d::{
    Outcome, RunError, Sweep,
    comm::{Channels, Comm, Link},
};

/// A sweep on so many ranks with so many threads each. The last rank may stop behind a step of a scenario.
fn swept(
    scene: &Scene,
    name: &str,
    (ranks, threads): (usize, usize),
    last_step: Option<u64>,
) -> Vec<Outcome> {
    let sweep = Sweep::load(&scene.path("sweep.toml")).unwrap();
    let ended = Channels::together(ranks, Link::default(), |comm| {
        let run = writing(scene, &sweep, name).threads(threads);
        run.stop_after(last_step.filter(|_| comm.rank() == ranks - 1))
            .start_on(&comm)
    });
    ended.into_iter().map(Result::unwrap).collect()
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
    swept(&scene, "alone.npy", (1, 1), None);
    let expected = scenarios(&scene, "alone.npy");
    for (ranks, threads) in [(1, 2), (2, 1), (2, 2), (3, 1), (5, 2), (13, 1)] {
        let name = format!("{ranks}-{threads}.npy");
        let outcomes = swept(&scene, &name, (ranks, threads), None);
        assert_eq!(outcomes, vec![Outcome::Done; ranks], "{name}");
        assert!(scenarios(&scene, &name) == expected, "{name}");
        let outcomes = swept(&scene, &name, (ranks, threads), None);
        assert_eq!(outcomes, vec![Outcome::AlreadyDone; ranks], "{name}");
    }
}

#[test]
fn any_number_of_ranks_resumes_a_stopped_sweep() {
    let scene = Scene::small();
    let sweep = "params = \"p.toml\"\ndx = 0.2\nD = { from = 1, to = 2, count = 20 }\n";
    scene.write("sweep.toml", sweep);
    swept(&scene, "alone.npy", (1, 2), None);
    let expected = scenarios(&scene, "alone.npy");
    let sweep = Sweep::load(&scene.path("sweep.toml")).unwrap();
    let step = sweep.problem(0).unwrap().schedule.step_of(1) + 1;
    for (stopped, resumed) in [(3, 2), (2, 3), (2, 1), (1, 2)] {
        let name = format!("{stopped}-{resumed}.npy");
        let outcomes = swept(&scene, &name, (stopped, 1), Some(step));
        assert_eq!(outcomes, vec![Outcome::Stopped(0); stopped], "{name}");
        let (_, lines) = scenarios(&scene, &name);
        assert!((2..expected.1.len()).contains(&lines.len()), "{name}");
        let outcomes = swept(&scene, &name, (resumed, 1), None);
        assert_eq!(outcomes, vec![Outcome::Done; resumed], "{name}");
        assert!(scenarios(&scene, &name) == expected, "{name}");
    }
}

/// Scenarios 2 and 3 end early, and rank 0 alone reads that in the journal.
#[test]
fn no_rank_computes_a_scenario_that_has_ended_early() {
    for record in ["", "[record]\nevery = 0.05\ntotals = true\n"] {
        let scene = Scene::small();
        let seed = scene.text("p.toml");
        scene.write("r.toml", format!("{seed}{record}"));
        let until = "params = \"r.toml\"\nD = [1, 2, 4, 8]\nuntil = { steady = 0.3 }\n";
        scene.write("sweep.toml", until);
        swept(&scene, "alone.npy", (1, 1), None);
        let expected = scenarios(&scene, "alone.npy");
        let sweep = Sweep::load(&scene.path("sweep.toml")).unwrap();
        for (part, ranks) in [(2..4, 2), (3..4, 3), (0..3, 2), (1..2, 5)] {
            let name = format!("{}-{}-{ranks}.npy", part.start, part.end);
            let begun = writing(&scene, &sweep, &name).scenarios(part).start();
            assert_eq!(begun.unwrap(), Outcome::Done, "{name}");
            let outcomes = swept(&scene, &name, (ranks, 1), None);
            assert_eq!(outcomes, vec![Outcome::Done; ranks], "{name}");
            assert!(scenarios(&scene, &name) == expected, "{name}");
        }
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
