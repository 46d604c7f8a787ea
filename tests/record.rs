//! The record of a run: its rows, what they sum, and what is left of them after stops.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

mod common;

use common::{Scene, data_of, problems::problems};
use diff2d::{
    Cube, Outcome, Problem, Run, Sweep,
    comm::{Channels, Link},
};
use proptest::{prelude::*, test_runner::TestRunner};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// All kinds of walls, a held node, points and regions; rows between steps and between snapshots.
const PROBLEM: &str = "x1 = 0\nx2 = 1\ndx = 0.04\ngrid = 'walls'\nD = '1 + x'\ncapacity = '2 - y'\ndecay = 0.5\n\
    source = 'x*sin(90*t)'\nruntime = 0.03\nouttime = 0.006\n\
    [boundary]\nleft = 'sin(80*t)'\nright = { flux = '0.3*t' }\ntop = { robin = [1.0, 2.0, 0.5] }\n\
    [[held]]\nwhere = 'hypot(x - 0.5, y - 0.5) < 0.1'\nvalue = 0.3\n\
    [record]\nevery = 0.00075\ntotals = true\npoints = { a = [0.2, 0.28], b = [0.333, 0.712] }\ninterpolate = 'linear'\n\
    [[record.region]]\nname = 'pipe'\nwhere = 'hypot(x - 0.5, y - 0.5) < 0.3'\n";

/// What is solved exactly, with rows between the snapshots.
const EXACT: &str = "x1 = 0\nx2 = 1\ndx = 0.04\ngrid = 'walls'\nD = 0.7\ncapacity = 2\ndecay = 0.5\nmethod = 'exact'\n\
    source = 'x*y'\nruntime = 0.03\nouttime = 0.006\n[boundary]\nleft = 1.5\nright = { flux = 0.3 }\ntop = 'insulated'\n\
    [record]\nevery = 0.00075\ntotals = true\npoints = { a = [0.2, 0.28] }\n";

/// The rows of a record by the names of its columns.
fn rows(text: &str) -> Vec<BTreeMap<String, f64>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let numbers = line.split(',').map(|one| one.parse::<f64>().unwrap());
        let named = names.iter().map(|name| (*name).to_owned()).zip(numbers);
        named.collect::<BTreeMap<String, f64>>()
    };
    lines.map(row).collect()
}

#[test]
fn a_record_has_the_numbers_of_its_snapshots_and_changes_no_bit_of_them() {
    let scene = Scene::new();
    scene.write("p.toml", PROBLEM);
    let plain = PROBLEM.split("[record]").next().unwrap();
    scene.write("o.toml", plain);
    for method in ["", " --set method=rkl2 --set stages=5 --set source=x"] {
        scene.succeed(&format!("run p.toml -o c.npy --force{method}"));
        scene.succeed(&format!("run o.toml -o o.npy --force{method}"));
        assert!(data_of(&scene.read("c.npy")) == data_of(&scene.read("o.npy")));
        let found = rows(&scene.text("c.record.csv"));
        assert_eq!(found.len(), 41);
        let cube = Cube::open(&scene.path("c.npy")).unwrap();
        for (k, row) in found.iter().enumerate() {
            let t = row["t"];
            assert!((t - 0.00075 * k as f64).abs() < 1e-15);
            let Some(record) = cube.records().iter().find(|record| record.simtime == t) else {
                assert!(k % 8 != 0);
                continue;
            };
            let names = [
                ("mass", record.mass),
                ("min", record.min),
                ("max", record.max),
            ];
            for (name, value) in names {
                assert!(row[name].to_bits() == value.to_bits(), "{name} at {t}");
            }
            let state = cube.snapshot(record.index).unwrap();
            assert_eq!(row["a"], state[[7, 5]]);
            let inside = |i: usize, j: usize| {
                let [x, y] = [i, j].map(|at| at as f64 * 0.04 - 0.5);
                x.hypot(y) < 0.3
            };
            let nodes = (0..26 * 26).map(|at| (at % 26, at / 26));
            let values = nodes
                .filter(|&(i, j)| inside(i, j))
                .map(|(i, j)| state[[j, i]]);
            let values: Vec<f64> = values.collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            assert!((row["pipe_mean"] - mean).abs() < 1e-14);
            assert_eq!(row["pipe_max"], values.iter().copied().fold(0.0, f64::max));
        }
        let last = found.last().unwrap();
        assert!(last["unexplained"].abs() < 1e-2);
    }
    // The rates of a cube without a record are those of its rows.
    scene.succeed("run p.toml -o c.npy --force");
    scene.succeed("run o.toml -o o.npy --force");
    let told = scene.succeed("flux o.npy --snapshots 1:").stdout;
    let (of_cube, of_rows) = (rows(&told), rows(&scene.text("c.record.csv")));
    assert_eq!(of_cube.len(), 5);
    for of_cube in of_cube {
        let row = of_rows.iter().find(|row| row["t"] == of_cube["t"]).unwrap();
        let rates = of_cube.iter().filter(|(name, _)| name.ends_with("_rate"));
        assert_eq!(rates.clone().count(), 7);
        rates.for_each(|(name, rate)| assert!(rate.to_bits() == row[name].to_bits(), "{name}"));
    }
    let told = scene.succeed("flux o.npy --snapshots -1 --json").stdout;
    let answer: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(answer[0]["unexplained"], 0.0);
    scene.succeed("run o.toml -o c.npy --force");
    assert!(!scene.exists("c.record.csv") && !scene.exists("c.record.json"));
}

/// The files of a run on so many ranks have the bytes of those of one process, whatever is recorded and however steps are taken.
#[test]
fn ranks_write_the_bytes_of_one_process() {
    let periodic = PROBLEM
        .replace(
            "right = { flux = '0.3*t' }\n",
            "right = '0.1*t'\nbottom = 'periodic'\n",
        )
        .replace("top = { robin = [1.0, 2.0, 0.5] }", "top = 'periodic'");
    let rkl2 = PROBLEM.replace("outtime", "method = 'rkl2'\nstages = 7\nouttime");
    let every_step = |text: &str| text.replace("every = 0.00075", "every = 'step'");
    for text in [
        EXACT.to_owned(),
        PROBLEM.to_owned(),
        every_step(PROBLEM),
        periodic.clone(),
        every_step(&periodic),
        rkl2.clone(),
        every_step(&rkl2),
        every_step(&rkl2).replace("source = 'x*sin(90*t)'", "source = 'sin(90*t*x)'"),
        PROBLEM.replace("x1 = 0", "precision = 'f32'\nx1 = 0"),
    ] {
        let scene = Scene::new();
        let problem: Problem = text.parse().unwrap();
        let run = |name: &str| Run::new(&problem).output(scene.path(format!("{name}.npy")));
        run("w").start().unwrap();
        for ranks in [2, 3, 5] {
            // It stops after a snapshot and goes on on fewer ranks.
            for (ranks, stops) in [(ranks, true), (ranks - 1, false)] {
                let stop = Arc::new(AtomicUsize::new(0));
                Channels::together(ranks, Link::default(), |comm| {
                    let flag = Arc::clone(&stop);
                    let run = run("c").resume(true).force(stops).threads(1);
                    let run = run.stop_flag(Arc::clone(&stop)).on_commit(move |record| {
                        if stops && record.index == 2 {
                            flag.store(1, Ordering::Relaxed);
                        }
                    });
                    run.start_on(&comm).unwrap()
                });
            }
            for ending in ["npy", "record.csv", "record.json"] {
                let [whole, found] = ["w", "c"].map(|stem| scene.read(&format!("{stem}.{ending}")));
                assert!(whole == found, "{ending} of {ranks} ranks of {text}");
            }
        }
    }
}

/// A state that passes through memory in bands has the rows, and the bytes, of one in memory.
#[test]
fn bands_write_the_bytes_of_memory() {
    let rkl2 = PROBLEM.replace("outtime", "method = 'rkl2'\nstages = 5\nouttime");
    let periodic = PROBLEM
        .replace("[boundary]\n", "[boundary]\nbottom = 'periodic'\n")
        .replace("top = { robin = [1.0, 2.0, 0.5] }", "top = 'periodic'");
    for (text, is_stopped) in [
        (PROBLEM.to_owned(), true),
        (PROBLEM.replace("every = 0.00075", "every = 'step'"), true),
        (rkl2, false),
        (periodic, false),
        (
            PROBLEM.replace("x1 = 0", "precision = 'f32'\nx1 = 0"),
            false,
        ),
    ] {
        let scene = Scene::new();
        let text = text.replace("dx = 0.04", "dx = 0.02");
        let problem: Problem = text.parse().unwrap();
        let run = |name: &str| Run::new(&problem).output(scene.path(format!("{name}.npy")));
        run("w").start().unwrap();
        // Half of what it needs in memory.
        let memory = common::program(51 * 51) + 8 * 51 * 51 * 8;
        let stop = Arc::new(AtomicUsize::new(0));
        let flag = Arc::clone(&stop);
        let first = run("c")
            .memory(memory)
            .stop_flag(stop)
            .on_commit(move |record| {
                if is_stopped && record.index == 2 {
                    flag.store(1, Ordering::Relaxed);
                }
            });
        let report = first.start().unwrap();
        assert!(report.budget.unwrap().bands.is_some(), "{text}");
        run("c").resume(true).memory(memory).start().unwrap();
        for ending in ["npy", "record.csv", "record.json"] {
            let [whole, found] = ["w", "c"].map(|stem| scene.read(&format!("{stem}.{ending}")));
            assert!(whole == found, "{ending} of {text}");
        }
    }
}

/// What is wrong with a record is told, and it is written again with the bytes that it had.
#[test]
fn a_damaged_record_is_written_again() {
    let scene = Scene::new();
    scene.write("p.toml", PROBLEM);
    scene.succeed("run p.toml -o c.npy");
    let (whole, described) = (scene.text("c.record.csv"), scene.text("c.record.json"));
    let told = scene.succeed("repair c.npy").stdout;
    assert_eq!(told, "c.npy: no snapshot is damaged\n");
    let lines: Vec<&str> = whole.lines().collect();
    for (damaged, reason) in [
        (
            Some(whole.replacen("step", "stop", 1)),
            "begin with the names",
        ),
        (
            Some(whole.replace(lines[9], &lines[9].replace('1', "2"))),
            "check sum",
        ),
        (
            Some(whole.replace(&format!("{}\n", lines[41]), "")),
            "has no row",
        ),
        (Some(whole.clone() + lines[41] + "\n"), "do not ascend"),
        (None, "is not there"),
    ] {
        match damaged.filter(|text| *text != whole) {
            Some(text) => drop(scene.write("c.record.csv", text)),
            None => std::fs::remove_file(scene.path("c.record.csv")).unwrap(),
        }
        let told = scene.run("verify c.npy");
        assert_eq!(told.code, Some(3), "{reason}: {told}");
        assert!(
            told.stdout.contains(reason) && told.stderr.contains("writes it again"),
            "{told}"
        );
        let told = scene.run("verify c.npy --json").stdout;
        let answer: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert!(answer["record"].as_array().unwrap().iter().any(|wrong| {
            let wrong = wrong.as_str().unwrap();
            wrong.contains(reason)
        }));
        let told = scene.succeed("repair c.npy").stdout;
        assert!(told.contains("written again"), "{reason}: {told}");
        assert!(scene.text("c.record.csv") == whole, "{reason}");
        assert!(scene.text("c.record.json") == described, "{reason}");
    }
    std::fs::remove_file(scene.path("c.record.json")).unwrap();
    assert!(scene.run("verify c.npy").code == Some(3));
    scene.succeed("repair c.npy");
    assert!(scene.text("c.record.csv") == whole && scene.text("c.record.json") == described);
    let told = scene.succeed("verify c.npy --json").stdout;
    assert!(!told.contains("record"), "{told}");
    // Of a run that is stopped the rows up to now are known.
    let stop = Arc::new(AtomicUsize::new(0));
    let flag = Arc::clone(&stop);
    let text = PROBLEM.replace("runtime = 0.03", "runtime = 3");
    let problem: Problem = text.parse().unwrap();
    let run = Run::new(&problem)
        .output(scene.path("s.npy"))
        .stop_flag(stop);
    let run = run.on_commit(move |record| {
        if record.index == 2 {
            flag.store(1, Ordering::Relaxed);
        }
    });
    assert!(run.start().unwrap().outcome != Outcome::Done);
    let found = scene.text("s.record.csv");
    scene.write("s.record.csv", found.clone() + "17,0.01");
    scene.succeed("verify s.npy");
    let first: Vec<&str> = found.lines().take(9).collect();
    scene.write("s.record.csv", first.join("\n") + "\n");
    let told = scene.run("verify s.npy");
    assert!(
        told.code == Some(3) && told.stdout.contains("and there is a snapshot of t = "),
        "{told}"
    );
}

const FIELDS: [&str; 4] = ["mean", "min", "max", "time_of_max"];

/// The numbers of an array of doubles.
fn numbers(bytes: &[u8]) -> Vec<f64> {
    let chunks = data_of(bytes).as_chunks::<8>().0.iter();
    chunks.map(|chunk| f64::from_le_bytes(*chunk)).collect()
}

/// Mean, extremes and the time of the maximum are those of the states at the rows; stops, ranks and longer runs leave the same bytes.
#[test]
fn fields_are_those_of_the_states_at_the_rows() {
    let scene = Scene::new();
    let text = PROBLEM
        .replace("[boundary]", "mask = { where = 'x + y > 1.7' }\n[boundary]")
        .replace(
            "totals",
            "fields = ['mean', 'max', 'min', 'time_of_max']\ntotals",
        );
    scene.write("p.toml", &text);
    let problem: Problem = text.parse().unwrap();
    let run = |name: &str| Run::new(&problem).output(scene.path(format!("{name}.npy")));
    run("w").start().unwrap();
    // A cube with a snapshot at each row, of other steps.
    scene.succeed("run p.toml -o each.npy --set outtime=0.00075 --set dt=0.00005 --set record.fields=[\"min\"]");
    scene.succeed("run p.toml -o w2.npy --set dt=0.00005");
    let states = numbers(&scene.read("each.npy"));
    let fields = FIELDS.map(|field| numbers(&scene.read(&format!("w2.{field}.npy"))));
    let nodes = 26 * 26;
    assert_eq!(fields[0].len(), 5 * nodes);
    for (frame, node) in (0..5).flat_map(|frame| (0..nodes).map(move |node| (frame, node))) {
        let p: Vec<f64> = (0..9)
            .map(|k| states[(8 * frame + k) * nodes + node])
            .collect();
        let [mean, min, max, at] = [0, 1, 2, 3].map(|field| fields[field][frame * nodes + node]);
        if p[0].is_nan() {
            assert!([mean, min, max, at].iter().all(|value| value.is_nan()));
            continue;
        }
        let sum: f64 = p.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).sum();
        let largest = p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let smallest = p.iter().copied().fold(f64::INFINITY, f64::min);
        assert!((mean - sum / 8.0).abs() < 1e-12 && (max - largest).abs() < 1e-12);
        assert!((min - smallest).abs() < 1e-12);
        let first = p
            .iter()
            .position(|value| *value >= largest - 1e-13)
            .unwrap();
        assert!(
            (at - 0.00075 * (8 * frame + first) as f64).abs() < 1e-9 || largest - smallest < 1e-12
        );
    }
    let same = |name: &str| {
        let endings = FIELDS.map(|field| format!("{field}.npy"));
        let endings = endings
            .into_iter()
            .chain(["npy", "record.csv", "record.json"].map(str::to_owned));
        for ending in endings {
            let [whole, found] = ["w", name].map(|stem| scene.read(&format!("{stem}.{ending}")));
            assert!(whole == found, "{ending} of {name}");
        }
    };
    for after in 0..4 {
        let stop = Arc::new(AtomicUsize::new(0));
        let flag = Arc::clone(&stop);
        let stopped = run("c")
            .force(true)
            .stop_flag(stop)
            .on_commit(move |record| {
                if record.index == after {
                    flag.store(1, Ordering::Relaxed);
                }
            });
        stopped.start().unwrap();
        Channels::together(3, Link::default(), |comm| {
            run("c").resume(true).threads(1).start_on(&comm).unwrap()
        });
        same("c");
    }
    scene.succeed("run p.toml -o short.npy --set runtime=0.012");
    scene.succeed("run p.toml -o long.npy --resume --extend short.npy");
    same("long");
    scene.succeed("run p.toml -o single.npy --set precision=f32");
    assert_eq!(data_of(&scene.read("single.mean.npy")).len(), 5 * nodes * 4);
    // Nothing else is written over them, and they over nothing else.
    let told = scene.run("map 1 -o c.mean.npy --force");
    assert!(told.code == Some(2), "{told}");
    scene.write("x.mean.npy", "mine");
    let told = scene.run("run p.toml -o x.npy --force");
    assert!(
        told.code == Some(2) && told.stderr.contains("x.mean.npy"),
        "{told}"
    );
    scene.succeed("run p.toml -o c.npy --force --set record.fields=[\"max\"]");
    assert!(!scene.exists("c.mean.npy") && scene.exists("c.max.npy"));
}

/// The exact solution has rows at any time.
#[test]
fn the_exact_solution_is_recorded_between_its_snapshots() {
    let scene = Scene::new();
    scene.write("p.toml", EXACT);
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("run p.toml -o each.npy --set outtime=0.00075");
    let both = ["c", "each"].map(|stem| rows(&scene.text(&format!("{stem}.record.csv"))));
    assert_eq!(both[0].len(), 41);
    assert_eq!(both[1].len(), 41);
    for (one, other) in both[0].iter().zip(&both[1]) {
        for (name, value) in one {
            let by = (value - other[name]).abs();
            assert!(
                name == "step" || by < 1e-11,
                "{name} at {}: {by:e}",
                one["t"]
            );
        }
    }
}

/// A longer run has the rows of the shorter one in front, and the bytes of one from the start.
#[test]
fn a_longer_run_goes_on_with_the_record_of_a_shorter_one() {
    for times in [
        "every = 0.00075",
        "every = 0.0007",
        "every = 'step'",
        "at = [0.001, 0.0123, 0.0291]",
    ] {
        let scene = Scene::new();
        scene.write("p.toml", PROBLEM.replace("every = 0.00075", times));
        scene.succeed("run p.toml -o w.npy");
        scene.succeed("run p.toml -o short.npy --set runtime=0.012");
        scene.succeed("run p.toml -o c.npy --resume --extend short.npy");
        for ending in ["npy", "record.csv", "record.json"] {
            let [whole, found] = ["w", "c"].map(|stem| scene.read(&format!("{stem}.{ending}")));
            assert!(whole == found, "{ending} with {times}");
        }
        scene.succeed("run p.toml -o e.npy --resume --extend w.npy");
        assert!(scene.read("e.record.csv") == scene.read("w.record.csv"));
        std::fs::remove_file(scene.path("short.record.csv")).unwrap();
        let told = scene.run("run p.toml -o d.npy --resume --extend short.npy");
        assert!(
            told.code == Some(3) && told.stderr.contains("short.record.csv is not there"),
            "{told}"
        );
    }
}

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
    while outcomes.last() != Some(&Outcome::Done) {
        let stop = Arc::new(AtomicUsize::new(0));
        let (flag, mut commits) = (Arc::clone(&stop), 0);
        let stopped = run("c")
            .resume(true)
            .threads(2)
            .stop_flag(stop)
            .on_commit(move |_| {
                commits += 1;
                if commits == 5 {
                    flag.store(1, Ordering::Relaxed);
                }
            });
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
        ("record.totals=[true, false]", "share one record"),
        (
            "record.interpolate=['nearest', 'linear']",
            "share one record",
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

/// What comes in by the rule of each step is what the mass changes by.
#[test]
fn every_step_explains_the_mass() {
    let count = if common::full() { 300 } else { 20 };
    let mut runner = TestRunner::deterministic();
    let config = ProptestConfig {
        cases: count,
        ..ProptestConfig::default()
    };
    runner = TestRunner::new_with_rng(config, runner.new_rng());
    let result = runner.run(&problems(), |text| {
        let scene = Scene::new();
        let text = text
            .replace("\"f32\"", "\"f64\"")
            .replace("runtime =", "#")
            .replace(
                "outtime = ",
                "record = { every = \"step\", totals = true }\noutt_ = ",
            );
        let step = text.lines().find_map(|line| line.strip_prefix("outt_ = "));
        let time: f64 = step.unwrap().parse().unwrap();
        let text = text.lines().filter(|line| !line.starts_with("outt_"));
        let text: Vec<&str> = text.collect();
        // The last step of an interval is shorter.
        let text = format!(
            "runtime = {0}\nouttime = {0}\n{1}",
            time * 0.97,
            text.join("\n")
        );
        let problem: Problem = text.parse().unwrap();
        Run::new(&problem)
            .output(scene.path("c.npy"))
            .start()
            .unwrap();
        let ranks = 2 + text.len() % 4;
        Channels::together(ranks, Link::default(), |comm| {
            let run = Run::new(&problem).output(scene.path("r.npy"));
            run.threads(1).start_on(&comm).unwrap()
        });
        prop_assert!(
            scene.read("r.record.csv") == scene.read("c.record.csv"),
            "{ranks} ranks: {text}"
        );
        let found = rows(&scene.text("c.record.csv"));
        let (first, last) = (&found[0], found.last().unwrap());
        let names = ["left", "right", "bottom", "top", "source", "decay"];
        let moved: f64 = names.iter().map(|name| last[*name].abs()).sum();
        let scale = moved + first["mass"].abs().max(last["mass"].abs());
        prop_assert!(
            last["unexplained"].abs() < 1e-12 * scale,
            "{:e} of {scale:e} in {text}",
            last["unexplained"]
        );
        Ok(())
    });
    result.unwrap();
}

/// A run that is stopped, and whose last row is torn, goes on to the same bytes with other threads.
#[test]
fn a_record_goes_on_where_its_run_does() {
    for times in ["", "every = 'step'", "at = [0.001, 0.0123, 0.0291]"] {
        let text = match times {
            "" => PROBLEM.to_owned(),
            times => PROBLEM.replace("every = 0.00075", times),
        };
        let scene = Scene::new();
        let problem: Problem = text.parse().unwrap();
        let run = |name: &str| Run::new(&problem).output(scene.path(format!("{name}.npy")));
        run("w").threads(2).start().unwrap();
        for after in 0..4 {
            let stop = Arc::new(AtomicUsize::new(0));
            let flag = Arc::clone(&stop);
            let stopped = run("c").force(true).threads(3).stop_flag(stop);
            let stopped = stopped.on_commit(move |record| {
                if record.index == after {
                    flag.store(1, Ordering::Relaxed);
                }
            });
            let outcome = stopped.start().unwrap().outcome;
            if outcome != Outcome::Done {
                let torn = scene.text("c.record.csv") + "17,0.01";
                scene.write("c.record.csv", torn);
            }
            run("c").resume(true).threads(1).start().unwrap();
            for ending in ["npy", "record.csv", "record.json"] {
                let [whole, found] = ["w", "c"].map(|stem| scene.read(&format!("{stem}.{ending}")));
                assert!(whole == found, "{ending} after {after} with {times}");
            }
        }
    }
}

#[test]
fn records_that_cannot_be_written_are_refused() {
    let scene = Scene::new();
    scene.write("p.toml", PROBLEM);
    for (set, reason) in [
        ("record.points={a=[2,0.5]}", "outside of the domain"),
        ("mask.where=x<0.4", "masked node"),
        ("record.every=-1", "must be"),
        ("record.every=1e-300", "a millionth of a step"),
        ("record.points={left=[0,0]}", "has anyway"),
        ("record.points={held0_rate=[0,0]}", "has anyway"),
        ("record.points={pipe_mean=[0,0]}", "has anyway"),
        ("record.at=[0.1]", "keep one of the two"),
        (
            "record.points={pipe_a=[0,0],\"a,b\"=[0,0]}",
            "no name of a column",
        ),
        ("record.interpolate=cubic", "must be"),
        (
            "record.region=[{name=\"none\",where=\"x>9\"}]",
            "has no node",
        ),
        ("record.region=[{where=\"x>9\"}]", "name = "),
        ("record.totals=1", "must be"),
    ] {
        let told = scene.run_args(["run", "p.toml", "-o", "c.npy", "--set", set]);
        assert!(
            told.code == Some(2) && told.stderr.contains(reason),
            "{told}"
        );
    }
    let told = scene.run("run p.toml --no-cube");
    assert!(
        told.code == Some(2) && told.stderr.contains("[record]"),
        "{told}"
    );
    scene.write("c.record.csv", "mine\n");
    let told = scene.run("run p.toml -o c.npy --force");
    assert!(
        told.code == Some(2) && told.stderr.contains("not of a run"),
        "{told}"
    );
    assert_eq!(scene.text("c.record.csv"), "mine\n");
    scene.succeed("run p.toml -o d.npy");
    let told = scene.run("map 1 -o d.record.csv --force");
    assert!(told.code == Some(2), "{told}");
}

/// Commands read a record by the names of its columns, also one whose last row is being written.
#[test]
fn a_record_is_read_by_its_columns() {
    let scene = Scene::new();
    scene.write("p.toml", format!("{PROBLEM}\n[units]\nt = 'h'\np = 'K'\n"));
    scene.succeed("run p.toml -o c.npy");
    let text = scene.text("c.record.csv");
    let found = rows(&text);
    let last = found.last().unwrap();
    let json = |command: &str| -> serde_json::Value {
        serde_json::from_str(&scene.succeed(command).stdout).unwrap()
    };
    for torn in ["", "41,0.03"] {
        scene.write("c.record.csv", format!("{text}{torn}"));
        let told = &json("info c.npy --json")["record"];
        assert_eq!(told["rows"], 41);
        for (name, value) in last {
            assert_eq!(told["last"][name].as_f64().unwrap(), *value, "{name}");
        }
        let told = scene.succeed("info c.npy").stdout;
        assert!(
            told.contains("record     41 rows in c.record.csv, the last: step = "),
            "{told}"
        );
        // Rows by number and by time, with the numbers that the file has.
        let told = scene
            .succeed("probe c.record.csv --at -1 --at t=0.0016 --at 1:3")
            .stdout;
        let lines: Vec<&str> = text.lines().collect();
        let expected =
            [(41, 40), (3, 2), (2, 1), (3, 2)].map(|(line, row)| format!("{row},{}", lines[line]));
        let probed: Vec<&str> = told.lines().collect();
        assert_eq!(probed[0], format!("i0,{}", lines[0]));
        let numbers =
            |line: &str| -> Vec<f64> { line.split(',').map(|one| one.parse().unwrap()).collect() };
        for (line, expected) in probed[1..].iter().zip(&expected) {
            assert_eq!(numbers(line), numbers(expected));
        }
        assert_eq!(
            json("probe c.record.csv --at 2 --json")[0]["left_rate"],
            found[2]["left_rate"]
        );
        // A row of statistics for each column.
        let told = scene
            .succeed("stats c.record.csv --csv --quantiles 0.5")
            .stdout;
        let told: Vec<Vec<&str>> = told.lines().map(|line| line.split(',').collect()).collect();
        assert_eq!(
            told[0],
            [
                "column", "count", "sum", "mean", "std", "min", "max", "q0.5"
            ]
        );
        assert_eq!(told.len(), 1 + last.len());
        for row in &told[1..] {
            let mut values: Vec<f64> = found.iter().map(|one| one[row[0]]).collect();
            values.sort_by(f64::total_cmp);
            let ends = [values[0], values[40], values[20]];
            assert_eq!(
                [5, 6, 7].map(|at| row[at].parse::<f64>().unwrap()),
                ends,
                "{}",
                row[0]
            );
        }
        // Curves of two units have a panel each; dots are where they were measured.
        scene.write(
            "logger.csv",
            "time [min];a [K];b\n0,6;0.1;\n1.2;;0.2\n"
                .replace("0,6", "0.6")
                .as_str(),
        );
        scene.succeed("plot c.npy --record a,b,left_rate --data logger.csv -o a.svg --force");
        let svg = scene.text("a.svg");
        for label in [
            "[K]",
            "left_rate [K·capacity·length²/h]",
            ">a<",
            ">b<",
            "t [h]",
            "dots: logger.csv",
        ] {
            assert!(svg.contains(label), "{label}");
        }
        assert_eq!(svg.matches("[K]").count(), 1);
    }
    // Exports have it along a time of its own.
    scene.write("c.record.csv", &text);
    scene.succeed("export c.npy --to zarr");
    for (column, name) in [("t", "record_time"), ("left_rate", "record_left_rate")] {
        let bytes = scene.read(&format!("c.zarr/{name}/c/0"));
        let values: Vec<f64> = found.iter().map(|row| row[column]).collect();
        assert!(bytes == bytemuck::cast_slice::<f64, u8>(&values), "{name}");
        let told = scene.text(&format!("c.zarr/{name}/zarr.json"));
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["dimension_names"][0], "record_time");
    }
    for (command, code, sentence) in [
        (
            "plot c.npy --record left_rat -o b.svg",
            2,
            "has no column left_rat, did you mean left_rate?",
        ),
        (
            "plot c.npy --record mass --data logger.csv -o b.svg",
            2,
            "it has none of the columns mass that --record names, but a, b",
        ),
        (
            "plot c.npy --record a --data no.csv -o b.svg",
            1,
            "cannot read --data no.csv",
        ),
        ("probe c.record.csv --at t=5", 2, "reaches from 0.0 to 0.03"),
        (
            "probe c.record.csv --at x=5",
            2,
            "are found by t, and not by x",
        ),
        (
            "stats c.record.csv --axis 0",
            2,
            "have a row each: leave out --axis",
        ),
        ("stats d.record.csv", 3, "d.record.csv is not there"),
    ] {
        let told = scene.run(command);
        assert_eq!(told.code, Some(code), "{command}\n{told}");
        assert!(told.stderr.contains(sentence), "{command}\n{told}");
    }
    assert!(!scene.exists("b.svg"));
    // What was measured is not drawn over.
    let measured = scene.read("logger.csv");
    scene.write("own.svg", &measured);
    let told = scene.run("plot c.npy --record a --data own.svg -o own.svg --force");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("own.svg"), "{told}");
    assert!(scene.read("own.svg") == measured);
    scene.write("logger.csv", "time [year],a\n1,2\n");
    let told = scene.run("plot c.npy --record a --data logger.csv -o b.svg");
    assert!(
        told.stderr
            .contains("its times are in year, and may be in s, min, h or d"),
        "{told}"
    );
    scene.write("c.record.csv", text.replacen(",0.0", ",zero", 1));
    let told = scene.run("plot c.npy --record a -o b.svg");
    assert_eq!(told.code, Some(3), "{told}");
    assert!(
        told.stderr
            .contains("c.record.csv has no number in the column t in line 2"),
        "{told}"
    );
    let plain = PROBLEM.split("[record]").next().unwrap();
    scene.write("o.toml", plain);
    scene.succeed("run o.toml -o o.npy");
    let told = scene.run("plot o.npy --record a -o b.svg");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(
        told.stderr.contains("o.npy has no record beside it"),
        "{told}"
    );
}

/// The two problems of the gallery whose answers are in their records.
#[test]
fn records_of_the_gallery_have_the_numbers_of_textbooks() {
    let params = concat!(env!("CARGO_MANIFEST_DIR"), "/params");
    let scene = Scene::new();
    scene.succeed(&format!("run {params}/house_wall.toml -o wall.npy"));
    let found = rows(&scene.text("wall.record.csv"));
    let (last, before) = (&found[found.len() - 1], &found[found.len() - 97]);
    assert_eq!(last["t"] - before["t"], 172_800.0);
    let text = std::fs::read_to_string(format!("{params}/outdoor.csv")).unwrap();
    let air: Vec<f64> = text
        .lines()
        .filter_map(|line| line.split_once(',')?.1.parse().ok())
        .collect();
    assert_eq!(air.len(), 97);
    // Readings are equally far apart, and the first is the last.
    let outside = air[1..].iter().sum::<f64>() / 96.0;
    let loss = last["left"] - before["left"];
    assert!((loss / 3.6e6 - 0.2733).abs() < 1e-4, "{loss}");
    let conductance = loss / 172_800.0 / (20.0 - outside);
    let resistance = 1.0 / 7.7 + 0.0125 / 0.25 + 0.1 / 0.035 + 0.2475 / 0.77 + 1.0 / 25.0;
    assert!(
        (conductance * resistance - 1.0).abs() < 1e-4,
        "{conductance}"
    );

    scene.succeed(&format!("run {params}/drying_board.toml -o board.npy"));
    let found = rows(&scene.text("board.record.csv"));
    for row in found.iter().skip(24) {
        let tau = 3e-10 * std::f64::consts::PI.powi(2) * row["t"] / (0.02 * 0.02);
        let odd = (0..50).map(|n| f64::from(2 * n + 1));
        let series: f64 = odd.map(|n| (-n * n * tau).exp() / (n * n)).sum();
        let share = 1.0 - 8.0 / std::f64::consts::PI.powi(2) * series;
        let recorded = (0.3 - row["board_mean"]) / 0.2;
        assert!(
            (recorded - share).abs() < 2e-4,
            "{recorded} {share} at {}",
            row["t"]
        );
    }
}

/// A slab that is hot everywhere, and cold on two ends from the beginning.
const SLAB: &str = "x1 = 0\nx2 = 1\ny1 = 0\ny2 = 1\ndx = 0.005\ndy = 0.5\ngrid = 'walls'\nD = 1\nmethod = 'exact'\n\
    runtime = 0.2\nouttime = 0.1\ninitial = { kind = 'expression', value = '1' }\n\
    [boundary]\nleft = 0\nright = 0\nbottom = 'insulated'\ntop = 'insulated'\n[record]\ntotals = true\n";

/// Rates have the numbers of the series of a quenched slab; what they sum to is of second order in the time between rows.
#[test]
fn rates_of_a_quenched_slab_are_those_of_its_series() {
    let scene = Scene::new();
    scene.write("p.toml", SLAB);
    let terms = |t: f64| {
        let odd = (0..100).map(|n| f64::from(2 * n + 1) * std::f64::consts::PI);
        odd.map(move |k| (k, 4.0 * (-k * k * t).exp()))
    };
    let mut errors = Vec::new();
    for every in [0.0125, 0.00625, 0.003125] {
        scene.succeed(&format!(
            "run p.toml -o c.npy --force --set record.every={every}"
        ));
        let found = rows(&scene.text("c.record.csv"));
        let smooth: Vec<_> = found.iter().filter(|row| row["t"] > 0.0499).collect();
        for row in &smooth {
            let rate: f64 = terms(row["t"]).map(|(_, term)| term).sum();
            for wall in ["left_rate", "right_rate"] {
                assert!((row[wall] / -rate - 1.0).abs() < 1e-4, "{wall}: {row:?}");
            }
        }
        let (first, last) = (smooth[0], smooth[smooth.len() - 1]);
        errors.push(last["unexplained"] - first["unexplained"]);
        if every < 0.004 {
            let [begin, end] = [first, last]
                .map(|row| -> f64 { terms(row["t"]).map(|(k, term)| term / (k * k)).sum() });
            let moved = last["left"] - first["left"];
            assert!((moved / (end - begin) - 1.0).abs() < 1e-4, "{moved}");
        }
    }
    for pair in errors.windows(2) {
        assert!((pair[0] / pair[1] - 4.0).abs() < 0.05, "{errors:?}");
    }
}

/// Where too little is recorded to sum the rates, a warning says so.
#[test]
fn what_the_rows_do_not_explain_is_told() {
    let scene = Scene::new();
    scene.write("p.toml", SLAB);
    let run = "run p.toml -o c.npy --force --set method=euler --set dx=0.02 --set record.every";
    for (every, is_told) in [("0.05", true), ("step", false)] {
        let told = scene.succeed(&format!("{run}={every}"));
        assert_eq!(told.stderr.contains("unexplained"), is_told, "{told}");
        let found = rows(&scene.text("c.record.csv"));
        let last = found.last().unwrap();
        let moved = last["left"] + last["right"];
        assert_eq!(
            (last["unexplained"] / moved).abs() > 0.01,
            is_told,
            "{last:?}"
        );
    }
}

/// What goes through layers one behind the other is that of their resistances.
#[test]
fn a_steady_flow_through_three_layers_is_that_of_their_resistances() {
    let scene = Scene::new();
    let text = SLAB
        .replace("dx = 0.005", "dx = 0.05\nface = 'harmonic'")
        .replace(
            "D = 1\nmethod = 'exact'",
            "D = 'where(x < 0.225, 1, where(x < 0.625, 0.1, 0.5))'",
        )
        .replace(
            "runtime = 0.2\nouttime = 0.1",
            "method = 'rkl2'\nstages = 9\nruntime = 20\nouttime = 20",
        )
        .replace("left = 0", "left = { robin = [2, 1, 40] }")
        .replace("right = 0", "right = 3")
        + "every = 10\n";
    scene.write("p.toml", text);
    scene.succeed("run p.toml -o c.npy");
    let found = rows(&scene.text("c.record.csv"));
    let last = found.last().unwrap();
    let flow = (20.0 - 3.0) / (1.0 / 2.0 + 0.225 + 0.4 / 0.1 + 0.375 / 0.5);
    for (wall, rate) in [("left_rate", flow), ("right_rate", -flow)] {
        assert!((last[wall] / rate - 1.0).abs() < 1e-6, "{wall}: {last:?}");
    }
}

/// Rates of walls of given flux are what is given, and what comes into regions that fill the domain is what comes through the walls.
#[test]
fn rates_of_regions_close_with_those_of_walls() {
    let scene = Scene::new();
    let text = PROBLEM
        .split("[[held]]")
        .next()
        .unwrap()
        .replace("[boundary]\n", "[boundary]\nbottom = { flux = '2*x*t' }\n");
    let region =
        |name: &str, of: &str| format!("[[record.region]]\nname = '{name}'\nwhere = '{of}'\n");
    let text = text
        + "[record]\nevery = 0.003\ntotals = true\n"
        + &region("all", "x > -1")
        + &region("one", "x + y < 0.9")
        + &region("two", "x + y >= 0.9");
    scene.write("p.toml", text);
    scene.succeed("run p.toml -o c.npy");
    let found = rows(&scene.text("c.record.csv"));
    assert_eq!(found.len(), 11);
    for row in &found {
        let walls = ["left_rate", "right_rate", "bottom_rate", "top_rate"];
        let size: f64 = walls.iter().map(|name| row[*name].abs()).sum();
        let walls: f64 = walls.iter().map(|name| row[*name]).sum();
        for inside in [row["all_in_rate"], row["one_in_rate"] + row["two_in_rate"]] {
            assert!((inside - walls).abs() < 1e-13 * (1.0 + size), "{row:?}");
        }
        // Integrals over walls of length 1.
        assert!(
            (row["right_rate"] - 0.3 * row["t"]).abs() < 1e-14,
            "{row:?}"
        );
        assert!((row["bottom_rate"] - row["t"]).abs() < 1e-14, "{row:?}");
    }
}
