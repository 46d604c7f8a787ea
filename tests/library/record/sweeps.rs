//! The record of a sweep.

use super::{PROBLEM, rows};
use crate::common::Scene;
use diff2d::{
    Outcome, Run, Sweep,
    comm::{Channels, Link},
};

/// The rows of all scenarios are in their order, whoever computes them, and with the bytes of one process.
#[test]
fn a_sweep_has_one_record() {
    let scene = Scene::new();
    scene.write("p.toml", PROBLEM);
    let sweep = "params = 'p.toml'\ndecay = [0.5, 1, 2]\nouttime = [0.006, 0.003]\n";
    scene.write("s.toml", sweep);
    let sweep = Sweep::load(&scene.path("s.toml")).unwrap();
    let run = |name: &str| Run::new(&sweep).output(scene.path(format!("{name}.npy")));
    assert_eq!(run("w").threads(1).start().unwrap(), Outcome::Done);
    let found = rows(&scene.text("w.record.csv"));
    let numbers = (0..6).flat_map(|number| [number; 41]);
    assert!(
        found
            .iter()
            .map(|row| row["scenario"])
            .eq(numbers.map(f64::from))
    );
    for (number, decay, outtime) in [(0, 0.5, 0.006), (5, 2.0, 0.003)] {
        let set = format!("--set decay={decay} --set outtime={outtime}");
        scene.succeed(&format!("run p.toml -o one.npy --force {set}"));
        let one = scene.text("one.record.csv");
        let of_sweep = scene.text("w.record.csv");
        let lines = of_sweep
            .lines()
            .filter_map(|line| line.strip_prefix(&format!("{number},")));
        assert!(lines.eq(one.lines().skip(1)), "scenario {number}");
    }
    let same = |name: &str| {
        for ending in ["npy", "record.csv", "record.json"] {
            let [whole, found] = ["w", name].map(|stem| scene.read(&format!("{stem}.{ending}")));
            assert!(whole == found, "{ending} of {name}");
        }
        let left = scene
            .files()
            .into_iter()
            .filter(|file| file.contains(".record-"));
        assert_eq!(left.count(), 0, "{name}");
    };
    // On ranks, and stopped again and again.
    for ranks in [2, 3] {
        let name = format!("r{ranks}");
        Channels::together(ranks, Link::default(), |comm| {
            run(&name).threads(2).start_on(&comm).unwrap()
        });
        same(&name);
    }
    let mut outcomes = Vec::new();
    let schedule = sweep.problem(0).unwrap().schedule;
    for snapshot in 1.. {
        if outcomes.last() == Some(&Outcome::Done) {
            break;
        }
        let step = schedule.step_of(snapshot);
        let stopped = run("c").resume(true).threads(2).stop_after(step);
        outcomes.push(stopped.start().unwrap());
        assert!(outcomes.len() < 20);
        assert!(rows(&scene.text("c.record.csv")).is_sorted_by_key(|row| row["scenario"]));
    }
    assert!(outcomes.len() > 2);
    same("c");
    // By processes that have parts.
    std::thread::scope(|scope| {
        for part in [0..2, 2..5, 5..6] {
            scope.spawn(|| run("p").scenarios(part).threads(1).start().unwrap());
        }
    });
    same("p");
    run("p").resume(true).start().unwrap();
    same("p");
    // Another one beside it, and one without.
    run("p").force(true).start().unwrap();
    same("p");
    for (set, reason) in [
        (
            "record.totals=[true, false]",
            "--set: record.totals = false cannot be used: scenario",
        ),
        (
            "record.interpolate=['nearest', 'linear']",
            "--set: record.interpolate = \"linear\" cannot be used: scenario",
        ),
        (
            "record.points.a=[[0.2, 0.28], [0.4, 0.28]]",
            "--set: record.points.a = … cannot be used: scenario",
        ),
        (
            "units.t=['s', 'h']",
            "--set: units.t = \"h\" cannot be used: scenario",
        ),
    ] {
        let told = scene.run_args(["sweep", "s.toml", "-o", "x.npy", "--set", set]);
        assert!(
            told.code == Some(2) && told.stderr.contains(reason),
            "{told}"
        );
    }
    scene.write("p.toml", PROBLEM.split("[record]").next().unwrap());
    scene.succeed("sweep s.toml -o p.npy --force");
    assert!(!scene.exists("p.record.csv") && !scene.exists("p.record.json"));
}
