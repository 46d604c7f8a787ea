//! The record of a run: its rows, what they sum, and what is left of them after stops.

mod fields;
mod limits;
mod rates;
mod readers;
mod repairs;
mod streams;
mod sweeps;

use crate::common::{
    Scene, data_of, sample_size,
    seed::{Random, seeds},
};
use diff2d::{
    Cube, Outcome, Problem, RawParams, Run,
    comm::{Channels, Link},
};
use std::{collections::BTreeMap, time::Duration};

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

/// What the program tells of a problem before it runs, which records keep.
fn warnings_of(text: &str) -> Vec<String> {
    let problem: Problem = text.parse().unwrap();
    problem.warnings(&RawParams::parse("the parameters", text).unwrap())
}

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
            let Some(record) = cube.commits().iter().find(|record| record.simtime == t) else {
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
    seeds("ranks_write_the_bytes_of_one_process")
        .map(Random::new)
        .for_each(run_on_ranks);
}

fn run_on_ranks(mut random: Random) {
    let periodic = PROBLEM
        .replace(
            "right = { flux = '0.3*t' }\n",
            "right = '0.1*t'\nbottom = 'periodic'\n",
        )
        .replace("top = { robin = [1.0, 2.0, 0.5] }", "top = 'periodic'");
    let rkl2 = PROBLEM.replace("outtime", "method = 'rkl2'\nstages = 7\nouttime");
    let every_step = |text: &str| text.replace("every = 0.00075", "every = 'step'");
    let all = [
        EXACT.to_owned(),
        PROBLEM.to_owned(),
        every_step(PROBLEM),
        periodic.clone(),
        every_step(&periodic),
        rkl2.clone(),
        every_step(&rkl2),
        every_step(&rkl2).replace("source = 'x*sin(90*t)'", "source = 'sin(90*t*x)'"),
        PROBLEM.replace("x1 = 0", "precision = 'f32'\nx1 = 0"),
    ];
    for text in random.some(&all, sample_size(9, 9, 2)) {
        let scene = Scene::new();
        let problem: Problem = text.parse().unwrap();
        let run = |name: &str| Run::new(&problem).output(scene.path(format!("{name}.npy")));
        run("w").start().unwrap();
        for ranks in [2, 3, 5] {
            // It stops after a snapshot and goes on on fewer ranks.
            for (ranks, stops) in [(ranks, true), (ranks - 1, false)] {
                let step = stops.then(|| problem.schedule.step_of(2) + 1);
                Channels::together(ranks, Link::default(), |comm| {
                    let run = run("c").resume(true).force(stops).threads(1);
                    run.stop_after(step).start_on(&comm).unwrap()
                });
            }
            for ending in ["npy", "record.csv", "record.json"] {
                let [whole, found] = ["w", "c"].map(|stem| scene.read(&format!("{stem}.{ending}")));
                assert!(whole == found, "{ending} of {ranks} ranks of {text}");
            }
        }
    }
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

/// Times that lie much closer together than the steps are times of their own.
#[test]
fn rows_far_closer_than_the_steps_are_told_apart() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 1e-9\nx1 = 0\nx2 = 1\ndx = 0.25\ngrid = 'walls'\nouttimes = [5]\nt0 = 0.0625\n\
         initial = { kind = 'constant', value = 0 }\nboundary = { left = 't' }\n\
         record = { at = [0.0625, 0.0714, 0.0833, 0.1, 4.9999999], points = { w0 = [0, 0.5] } }\n",
    );
    scene.succeed("run p.toml -o c.npy");
    let rows = scene.text("c.record.csv");
    let expected = "step,t,w0\n0,0.0625,0.0625\n0,0.0714,0.0714\n0,0.0833,0.0833\n0,0.1,0.1\n\
                    0,4.9999999,4.9999999\n1,5.0,5.0\n";
    assert_eq!(rows, expected);
    // A row that the run does not reach is told.
    let late = "record={at=[4.9999999,5,5.1,7],points={w0=[0,0.5]}}";
    for command in ["plan p.toml", "run p.toml -o c.npy --force"] {
        let told = scene.succeed(&format!("{command} --set {late}"));
        let warning =
            "record.at: 2 of 4 rows are missing, from t = 5.1 on: the run ends at t = 5.0";
        assert!(told.stderr.contains(warning), "{told}");
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
            // Behind the snapshot, or some steps later.
            let step = problem.schedule.step_of(after) + 3 * after;
            let stopped = run("c").force(true).threads(3).stop_after(step);
            assert_eq!(stopped.start().unwrap().outcome, Outcome::Stopped(0));
            let torn = scene.text("c.record.csv") + "17,0.01";
            scene.write("c.record.csv", torn);
            run("c").resume(true).threads(1).start().unwrap();
            for ending in ["npy", "record.csv", "record.json"] {
                let [whole, found] = ["w", "c"].map(|stem| scene.read(&format!("{stem}.{ending}")));
                assert!(whole == found, "{ending} after {after} with {times}");
            }
        }
    }
}

/// A run in bands whose wall time ends while a row between two steps is computed stops as any other: durable, and with the
/// reason.
#[test]
fn a_stop_is_heard_while_a_row_is_computed() {
    let text = PROBLEM.replace("dx = 0.04", "dx = 0.02");
    let rkl2 = text.replace("outtime", "method = 'rkl2'\nstages = 5\nouttime");
    for (text, steps) in [(text, vec![7, 8, 20, 61, 62, 63]), (rkl2, vec![1, 2, 5])] {
        let scene = Scene::new();
        let problem: Problem = text.parse().unwrap();
        let run = |name: &str| Run::new(&problem).output(scene.path(format!("{name}.npy")));
        run("w").start().unwrap();
        let memory = crate::common::program(51 * 51) + 8 * 51 * 51 * 8;
        let mut resumes = false;
        for &step in &steps {
            let stopped = run("c")
                .memory(memory)
                .resume(resumes)
                .max_walltime(Duration::ZERO)
                .hold_after(step);
            let outcome = stopped.start().unwrap().outcome;
            assert_eq!(outcome, Outcome::OutOfTime, "step {step}");
            resumes = true;
        }
        let resumed = run("c").memory(memory).resume(true).start();
        assert_eq!(resumed.unwrap().outcome, Outcome::Done);
        for ending in ["npy", "record.csv", "record.json"] {
            let [whole, found] = ["w", "c"].map(|stem| scene.read(&format!("{stem}.{ending}")));
            assert!(whole == found, "{ending} of {text}");
        }
    }
}

/// A step is no longer than the time between snapshots, however long a stable one may be.
#[test]
fn rows_are_due_beside_a_stability_limit_that_no_step_reaches() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 1e-9\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 3\nouttime = 1\nboundary = 'insulated'\n\
         record = { every = 0.5, totals = true }\n",
    );
    scene.succeed("run p.toml -o c.npy -q");
    let record = scene.text("c.record.csv");
    let times = record.lines().skip(1).map(|line| line.split(',').nth(1));
    let times: Vec<&str> = times.map(Option::unwrap).collect();
    assert_eq!(times, ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0"]);
}

#[test]
fn records_that_cannot_be_written_are_refused() {
    let scene = Scene::new();
    scene.write("p.toml", PROBLEM);
    for (set, reason) in [
        ("record.points={a=[2,0.5]}", "outside of the domain"),
        ("record.points={a=[-1e-9,0.5]}", "outside of the domain"),
        (
            "record.points={a={at=[0.2,0.5]}}",
            "record.points.a.side is missing",
        ),
        ("record.points={a={side=\"x<1\"}}", "record.points.a.at"),
        ("mask.where=x<0.4", "masked node"),
        ("record.every=-1", "must be"),
        ("record.every=1e-300", "a millionth of a step"),
        ("record.points={left=[0,0]}", "has anyway"),
        ("record.points={held0_rate=[0,0]}", "has anyway"),
        ("record.points={pipe_mean=[0,0]}", "has anyway"),
        ("record.at=[0.1]", "keep one of the two"),
        (
            "record.points={pipe_a=[0,0],\"a,b\"=[0,0]}",
            "cannot be the name of a column",
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
        told.code == Some(2) && told.stderr.contains("not written by a run"),
        "{told}"
    );
    assert_eq!(scene.text("c.record.csv"), "mine\n");
    scene.succeed("run p.toml -o d.npy");
    let told = scene.run("map 1 -o d.record.csv --force");
    assert!(told.code == Some(2), "{told}");
}
