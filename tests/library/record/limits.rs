//! Runs that end after a row of their record in which a column has passed a limit.

use super::{PROBLEM, rows};
use crate::common::Scene;
use diff2d::{
    Outcome, Problem, Run,
    comm::{Channels, Link},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs};

/// The files of a run, but for its journal.
const ENDINGS: [&str; 4] = ["npy", "record.csv", "record.json", "mean.npy"];

/// Rows from one snapshot of [`PROBLEM`] to the next.
const ROWS_EACH: usize = 8;

/// [`PROBLEM`] with something before its tables.
fn with(keys: &str) -> String {
    PROBLEM.replace("outtime", &format!("{keys}\nouttime"))
}

/// [`PROBLEM`] with a mean of its intervals.
fn with_field(text: &str) -> String {
    text.replace("totals", "fields = ['mean']\ntotals")
}

/// A limit between the value of a row and those of all rows before it, as `above = …` or `below = …`.
fn limit_passed_first_at(all_rows: &[BTreeMap<String, f64>], column: &str, row: usize) -> String {
    let value = all_rows[row][column];
    let values = all_rows[..row].iter().map(|row| row[column]);
    let largest = values.clone().fold(f64::NEG_INFINITY, f64::max);
    let smallest = values.fold(f64::INFINITY, f64::min);
    assert!(value > largest || value < smallest, "{column} of row {row}");
    match value > largest {
        true => format!("above = {:?}", f64::midpoint(value, largest)),
        false => format!("below = {:?}", f64::midpoint(value, smallest)),
    }
}

fn last_line(scene: &Scene, stem: &str) -> Value {
    let journal = scene.text(&format!("{stem}.journal"));
    serde_json::from_str(journal.lines().last().unwrap()).unwrap()
}

/// Whether the files of two runs have the same bytes.
fn assert_same(scene: &Scene, stem: &str, other: &str) {
    for ending in ENDINGS {
        let [one, other] =
            [stem, other].map(|stem| fs::read(scene.path(format!("{stem}.{ending}"))).ok());
        assert!(one == other, "{ending} of {stem}");
    }
    let [one, other] = [stem, other].map(|stem| scene.journal(&format!("{stem}.journal")));
    assert!(one[1..] == other[1..], "journal of {stem}");
}

/// The snapshot with which a run ends follows from the rows of a run without a limit.
#[test]
fn a_run_ends_with_the_first_snapshot_after_a_row_beyond_a_limit() {
    let scene = Scene::new();
    scene.write("f.toml", PROBLEM);
    scene.succeed("run f.toml -o f.npy");
    let all_rows = rows(&scene.text("f.record.csv"));
    // The row that passes the limit first, the key `after`, and the row that ends the run then.
    for (column, passing_row, after, ending_row) in [
        ("left", 11, 0.0, 11),
        ("a", 11, 0.0, 11),
        ("left", 16, 0.0, 16),
        ("left", 17, 0.0, 17),
        ("left", 1, 0.0, 1),
        ("left", 3, 0.0131, 18),
    ] {
        let limit = limit_passed_first_at(&all_rows, column, passing_row);
        let until = format!("column = '{column}', {limit}, after = {after}");
        scene.write("p.toml", with(&format!("until = {{ {until} }}")));
        let told = scene.succeed("run p.toml -o c.npy --force --report r.json");
        let last = (ending_row as f64 / ROWS_EACH as f64).ceil() as usize;
        let sentence = format!("ended with snapshot {last}: {column} ");
        assert!(told.stderr.contains(&sentence), "{until}\n{told}");
        assert_eq!(
            scene.text("c.journal").lines().count(),
            1 + last + 1,
            "{until}"
        );
        let (side, number) = limit.split_once(" = ").unwrap();
        let end = json!({
            "what": column,
            "value": all_rows[ending_row][column],
            "limit": { side: number.parse::<f64>().unwrap() },
            "t": all_rows[ending_row]["t"],
        });
        assert_eq!(last_line(&scene, "c")["ended"], end, "{until}");
        let report: Value = serde_json::from_str(&scene.text("r.json")).unwrap();
        assert_eq!(report["ended"], end, "{until}");
        for command in ["info c.npy", "verify c.npy"] {
            let told = scene.succeed(&format!("{command} --json")).stdout;
            let answer: Value = serde_json::from_str(&told).unwrap();
            assert_eq!(answer["ended"], end, "{told}");
        }
        assert_eq!(
            rows(&scene.text("c.record.csv")),
            all_rows[..=last * ROWS_EACH],
            "{until}"
        );
        assert!(scene.read("f.npy")[4096..].starts_with(&scene.read("c.npy")[4096..]));
        let told = scene.succeed("run p.toml -o c.npy --resume");
        assert!(told.stderr.contains("nothing to do"), "{told}");
    }
    let told = scene.succeed("plan p.toml").stdout;
    let sentence = "the first snapshot after a row from t = 0.0131 on whose left is above ";
    assert!(told.contains(sentence), "{told}");
    // What is never passed ends nothing.
    scene.succeed("run p.toml -o c.npy --force --set until={column='a',above=1e9}");
    assert!(scene.read("c.npy") == scene.read("f.npy"));
}

/// A run that ends so is complete with the same bytes on ranks, in bands, after stops and out of other runs.
#[test]
fn every_way_of_running_ends_at_the_same_row() {
    let scene = Scene::new();
    for times in ["every = 0.00075", "every = 0.0007"] {
        let free = with_field(PROBLEM).replace("every = 0.00075", times);
        scene.write("f.toml", &free);
        scene.succeed("run f.toml -o f.npy --force");
        let all_rows = rows(&scene.text("f.record.csv"));
        let [early, late] = [11, 26].map(|row| limit_passed_first_at(&all_rows, "left", row));
        let [early, late] = [early, late].map(|limit| {
            free.replace(
                "outtime",
                &format!("until = {{ column = 'left', {limit} }}\nouttime"),
            )
        });
        scene.write("p.toml", &early);
        scene.write("l.toml", &late);
        scene.succeed("run p.toml -o w.npy --force");
        scene.succeed("run l.toml -o v.npy --force");
        assert_eq!(last_line(&scene, "w")["index"], 2);
        assert_eq!(last_line(&scene, "v")["index"], 4);
        let row_of_end = rows(&scene.text("w.record.csv")).pop().unwrap();
        assert_eq!(json!(row_of_end["t"]), last_line(&scene, "w")["simtime"]);
        assert_eq!(json!(row_of_end["mass"]), last_line(&scene, "w")["mass"]);
        let problem: Problem = early.parse().unwrap();
        let warnings = super::warnings_of(&early);
        let run = |name: &str| {
            let run = Run::new(&problem).warnings(warnings.clone());
            run.output(scene.path(format!("{name}.npy"))).force(true)
        };
        for ranks in [2, 3] {
            Channels::together(ranks, Link::default(), |comm| {
                run("c").threads(1).start_on(&comm).unwrap()
            });
            assert_same(&scene, "c", "w");
        }
        for last in [0, 1] {
            let step = problem.schedule.step_of(last) + 1;
            run("c").stop_after(step).start().unwrap();
            run("c").force(false).resume(true).start().unwrap();
            assert_same(&scene, "c", "w");
        }
        // Out of a run without a limit, with a later one, with an earlier one, and of one that is shorter than the limit.
        scene.succeed("run f.toml -o s.npy --force --set runtime=0.006");
        for (file, shorter, whole) in [
            ("p.toml", "f.npy", "w"),
            ("p.toml", "v.npy", "w"),
            ("p.toml", "s.npy", "w"),
            ("l.toml", "w.npy", "v"),
            ("f.toml", "w.npy", "f"),
        ] {
            scene.succeed(&format!("run {file} -o e.npy --resume --extend {shorter}"));
            assert_same(&scene, "e", whole);
            for ending in [&ENDINGS[..], &["journal"]].concat() {
                fs::remove_file(scene.path(format!("e.{ending}"))).unwrap();
            }
        }
        // The last line is lost, and computed again.
        let journal = scene.text("w.journal");
        let line = journal.lines().last().unwrap();
        scene.write(
            "w.journal",
            journal.replace(line, &line.replace("mass", "mess")),
        );
        scene.succeed("repair w.npy");
        assert!(scene.text("w.journal") == journal, "{times}");
        scene.succeed("verify w.npy");
    }
}

/// A stop between a row beyond a limit and the snapshot after it forgets nothing, in memory or in bands.
#[test]
fn a_run_that_goes_on_behind_a_row_beyond_its_limit_ends_as_well() {
    let scene = Scene::new();
    let free = PROBLEM.replace("dx = 0.04", "dx = 0.01");
    scene.write("f.toml", &free);
    scene.succeed("run f.toml -o f.npy --set runtime=0.012");
    let all_rows = rows(&scene.text("f.record.csv"));
    let passing_row = ROWS_EACH + 1;
    let limit = limit_passed_first_at(&all_rows, "left", passing_row);
    let text = free.replace(
        "outtime",
        &format!("until = {{ column = 'left', {limit} }}\nouttime"),
    );
    let problem: Problem = text.parse().unwrap();
    let run = |name: &str| Run::new(&problem).output(scene.path(format!("{name}.npy")));
    run("w").start().unwrap();
    assert_eq!(last_line(&scene, "w")["index"], 2);
    let little = crate::common::program(101 * 101) + 8 * 101 * 101 * 8;
    for memory in [None, Some(little)] {
        let [from, to] = [1, 2].map(|snapshot| problem.schedule.step_of(snapshot));
        let stopped = run("c")
            .force(true)
            .memory(memory)
            .stop_after((from + to) / 2);
        assert_eq!(stopped.start().unwrap().outcome, Outcome::Stopped(0));
        assert!(scene.text("c.record.csv").lines().count() > passing_row + 1);
        run("c").resume(true).memory(memory).start().unwrap();
        assert_same(&scene, "c", "w");
    }
}

/// Each scenario ends as its own run does.
#[test]
fn scenarios_end_after_rows_beyond_their_limits() {
    let scene = Scene::new();
    scene.write("f.toml", PROBLEM);
    scene.succeed("run f.toml -o f.npy");
    let all_rows = rows(&scene.text("f.record.csv"));
    let limit = limit_passed_first_at(&all_rows, "left", 11);
    let (_, number) = limit.split_once(" = ").unwrap();
    scene.write("p.toml", with("until = { column = 'left', above = 0 }"));
    scene.write(
        "s.toml",
        format!("params = 'p.toml'\nuntil.above = [{number}, 1e9]\n"),
    );
    scene.succeed("sweep s.toml -o s.npy --threads 1");
    let of_sweep = scene.text("s.record.csv");
    for (scenario, above) in [(0, number), (1, "1e9")] {
        scene.succeed(&format!(
            "run p.toml -o r.npy --force --set until.above={above}"
        ));
        let of_run = scene.text("r.record.csv");
        let lines = of_sweep.lines();
        let lines = lines.filter_map(|line| line.strip_prefix(&format!("{scenario},")));
        assert!(lines.eq(of_run.lines().skip(1)), "scenario {scenario}");
        let frame = 26 * 26 * 8;
        let own = scene.read("r.npy").split_off(4096);
        let places = &scene.read("s.npy")[4096 + scenario * 6 * frame..][..6 * frame];
        assert!(places.starts_with(&own), "scenario {scenario}");
    }
    let told = scene.succeed("info s.npy --json").stdout;
    let answer: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(answer["scenarios"][0]["snapshots"], 3);
    assert_eq!(
        answer["scenarios"][0]["ended"]["value"],
        all_rows[11]["left"]
    );
    assert_eq!(answer["scenarios"][1]["snapshots"], 6);
    assert!(answer["scenarios"][1].get("ended").is_none(), "{told}");
    scene.succeed("verify s.npy");
    scene.succeed("sweep s.toml -o s.npy --resume");
}

/// What names no column of a record, or no limit, is refused before anything is written.
#[test]
fn limits_that_mean_nothing_are_refused() {
    let scene = Scene::new();
    scene.write("p.toml", PROBLEM);
    scene.write("o.toml", PROBLEM.split("[record]").next().unwrap());
    for (file, until, sentence) in [
        ("p.toml", "{column='b'}", "keep above or below"),
        (
            "p.toml",
            "{column='b',above=1,below=0}",
            "keep above or below",
        ),
        ("p.toml", "{column='b',above=nan}", "until.above must be"),
        ("p.toml", "{column='b',above=inf}", "until.above must be"),
        ("p.toml", "{column=1,above=1}", "until.column must be"),
        ("p.toml", "{above=1}", "it belongs to column"),
        (
            "p.toml",
            "{column='b',above=1,steady=1}",
            "keep one of column and steady",
        ),
        ("p.toml", "1", "until must be"),
        (
            "p.toml",
            "{column='pipe_meen',above=1}",
            "the record has no column pipe_meen, did you mean pipe_mean?; it has a, b, bottom, ",
        ),
        (
            "p.toml",
            "{column='scenario',above=1}",
            "has no column scenario",
        ),
        (
            "o.toml",
            "{column='a',above=1}",
            "there is no [record] that has the column a",
        ),
    ] {
        for command in ["plan", "run -o c.npy"] {
            let told = scene.run(&format!("{command} {file} --set until={until}"));
            assert_eq!(told.code, Some(2), "{until}\n{told}");
            assert!(told.stderr.contains(sentence), "{until}\n{told}");
            assert!(!scene.exists("c.npy"), "{until}");
        }
    }
    let told = scene.run("run p.toml --no-cube --set until={column='a',above=1}");
    assert!(
        told.code == Some(2) && told.stderr.contains("[record]"),
        "{told}"
    );
}

/// The first row never ends a run, though it is beyond the limit.
#[test]
fn a_first_row_beyond_the_limit_ends_no_run() {
    let scene = Scene::new();
    let cooling = "initial = { kind = 'constant', value = 1 }\n";
    let limit = "until = { column = 't', below = 1e-9 }";
    scene.write("f.toml", with(cooling));
    scene.write("p.toml", with(&format!("{cooling}{limit}")));
    scene.succeed("run f.toml -o f.npy");
    scene.succeed("run p.toml -o p.npy");
    assert!(last_line(&scene, "p")["ended"].is_null());
    assert!(scene.read("p.npy") == scene.read("f.npy"));
}
