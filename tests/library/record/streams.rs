//! Streams of a record beside their marks in the journal.

use super::{PROBLEM, warnings_of};
use crate::common::{
    Scene, Told,
    journal::{run_id, sealed},
    sample_size,
    seed::{Random, seeds},
};
use diff2d::{Outcome, Problem, Run, Sweep};
use std::{fs, process::Command};

const ENDINGS: [&str; 6] = [
    "npy",
    "journal",
    "record.csv",
    "record.json",
    "mean.npy",
    "max.npy",
];

/// The problem of the records, with fields.
fn with_fields() -> String {
    PROBLEM.replace("totals", "fields = ['mean', 'max']\ntotals")
}

/// Runs a problem into `NAME.npy` and stops it some steps behind a snapshot.
fn stopped(scene: &Scene, name: &str, text: &str, snapshot: u64, steps: u64) {
    let problem: Problem = text.parse().unwrap();
    let run = Run::new(&problem)
        .output(scene.path(format!("{name}.npy")))
        .warnings(warnings_of(text))
        .stop_after(problem.schedule.step_of(snapshot) + steps);
    assert_eq!(run.start().unwrap().outcome, Outcome::Stopped(0));
}

/// The files of a run, but for its journal.
fn contents(scene: &Scene, stem: &str) -> Vec<Vec<u8>> {
    let endings = ENDINGS.iter().filter(|ending| **ending != "journal");
    let paths = endings.map(|ending| scene.path(format!("{stem}.{ending}")));
    paths
        .map(|path| fs::read(path).unwrap_or_default())
        .collect()
}

fn refused(told: &Told, code: i32, sentence: &str) {
    assert_eq!(told.code, Some(code), "{told}");
    assert!(told.stderr.contains(sentence), "{sentence}\n{told}");
}

/// A run that begins touches neither the record nor the checkpoint of another run, whose cube was renamed.
#[test]
fn files_of_other_runs_stay_as_they_are() {
    let scene = Scene::new();
    scene.write("p.toml", with_fields());
    scene.write("o.toml", PROBLEM.split("[record]").next().unwrap());
    scene.succeed("run p.toml -o r.npy");
    for ending in ["npy", "journal"] {
        let [from, to] = ["r", "kept"].map(|stem| scene.path(format!("{stem}.{ending}")));
        fs::rename(from, to).unwrap();
    }
    let (files, before) = (scene.files(), contents(&scene, "r"));
    for command in [
        "run p.toml -o r.npy --set decay=0.2",
        "run o.toml -o r.npy",
        "run o.toml -o r.npy --resume",
    ] {
        refused(&scene.run(command), 2, "is the record of another run");
        assert!(
            scene.files() == files && contents(&scene, "r") == before,
            "{command}"
        );
    }
    scene.succeed("run o.toml -o r.npy --force");
    assert!(!scene.exists("r.record.csv") && !scene.exists("r.mean.npy"));
    // The state of a run that was stopped between snapshots.
    let text = scene.text("o.toml");
    stopped(&scene, "s", &text, 2, 1);
    assert!(scene.exists("s.ckpt"));
    for ending in ["npy", "journal"] {
        fs::remove_file(scene.path(format!("s.{ending}"))).unwrap();
    }
    let state = scene.read("s.ckpt");
    refused(
        &scene.run("run o.toml -o s.npy"),
        2,
        "is the state of another run",
    );
    assert!(scene.read("s.ckpt") == state && !scene.exists("s.npy") && !scene.exists("s.journal"));
    scene.succeed("run o.toml -o s.npy --force");
    assert!(!scene.exists("s.ckpt"));
}

/// A run does not go on from rows that its journal does not prove; they are computed again with the bytes that they had.
#[test]
fn an_unfinished_run_goes_on_from_proved_rows_alone() {
    let scene = Scene::new();
    let text = with_fields();
    scene.write("p.toml", &text);
    scene.succeed("run p.toml -o w.npy");
    stopped(&scene, "c", &text, 2, 0);
    let stopped_files: Vec<_> = ENDINGS
        .iter()
        .map(|ending| scene.read(&format!("c.{ending}")))
        .collect();
    let rows = scene.text("c.record.csv");
    let lines: Vec<&str> = rows.lines().collect();
    let changed = rows.replace(lines[5], &lines[5].replace('3', "4"));
    let missing = rows.replace(&format!("{}\n", lines[10]), "");
    let [doubled, doubled_at_start, doubled_at_mark] =
        [3, 1, 9].map(|line| rows.replace(lines[line], &format!("{0}\n{0}", lines[line])));
    let interval = lines[2..10].join("\n");
    let doubled_interval = rows.replace(&interval, &format!("{interval}\n{interval}"));
    let preceded = rows.replace(lines[1], &format!("{}\n{}", lines[2], lines[1]));
    for (damaged, reason) in [
        (changed, "has other rows 2 to 9"),
        (missing, "rows 10 to 17"),
        (doubled, "has a row more"),
        (
            doubled_at_start,
            "a row more than its run has written before row 2, behind snapshot 0",
        ),
        (
            doubled_at_mark,
            "a row more than its run has written before row 10, behind snapshot 1",
        ),
        (
            doubled_interval,
            "8 rows more than its run has written before row 10, behind snapshot 1",
        ),
        (preceded, "a row more than its run has written before row 1"),
    ] {
        for (ending, bytes) in ENDINGS.iter().zip(&stopped_files) {
            scene.write(&format!("c.{ending}"), bytes);
        }
        scene.write("c.record.csv", damaged);
        let told = scene.run("verify c.npy");
        assert!(
            told.code == Some(3) && told.stdout.contains(reason),
            "{reason}\n{told}"
        );
        refused(
            &scene.run("run p.toml -o c.npy --resume"),
            3,
            "`diff2d repair`",
        );
        refused(&scene.run("stats c.record.csv"), 3, "has other rows");
        scene.succeed("repair c.npy");
        assert!(
            scene
                .text("c.record.csv")
                .starts_with(&lines[..18].join("\n"))
        );
        scene.succeed("verify c.npy");
        scene.succeed("run p.toml -o c.npy --resume");
        assert!(contents(&scene, "c") == contents(&scene, "w"), "{reason}");
    }
    // A byte of a frame, and then a file that is gone.
    for (ending, bytes) in ENDINGS.iter().zip(&stopped_files) {
        scene.write(&format!("c.{ending}"), bytes);
    }
    let mut frames = scene.read("c.mean.npy");
    frames[5000] ^= 1;
    scene.write("c.mean.npy", frames);
    let told = scene.run("verify c.npy");
    assert!(
        told.stdout.contains("c.mean.npy has another frame 1"),
        "{told}"
    );
    fs::remove_file(scene.path("c.max.npy")).unwrap();
    refused(
        &scene.run("run p.toml -o c.npy --resume"),
        3,
        "c.max.npy is not there",
    );
    scene.succeed("repair c.npy");
    scene.succeed("run p.toml -o c.npy --resume");
    assert!(contents(&scene, "c") == contents(&scene, "w"));
    // A longer run takes over nothing that differs.
    scene.succeed("run p.toml -o s.npy --set runtime=0.012");
    let short = scene.text("s.record.csv");
    scene.write("s.record.csv", short.replacen('1', "2", 40));
    let told = scene.run("run p.toml -o l.npy --resume --extend s.npy");
    refused(&told, 3, "s.record.csv has other rows");
}

/// What a run does not go on from, `verify` names, and `repair` writes as it was; also of a run that is complete.
#[test]
fn faults_that_are_refused_are_named_and_repaired() {
    let scene = Scene::new();
    let text = with_fields();
    scene.write("p.toml", &text);
    scene.succeed("run p.toml -o w.npy");
    let whole = contents(&scene, "w");
    // A kill after three snapshots leaves a shorter journal.
    scene.succeed("run p.toml -o c.npy");
    let journal = scene.text("c.journal");
    let lines = journal.split_inclusive('\n').take(4);
    scene.write("c.journal", lines.collect::<String>());
    for stem in ["w", "c"] {
        let files: Vec<_> = ENDINGS
            .iter()
            .map(|ending| scene.read(&format!("{stem}.{ending}")))
            .collect();
        let [rows, json] =
            ["record.csv", "record.json"].map(|ending| scene.text(&format!("{stem}.{ending}")));
        let lines: Vec<&str> = rows.lines().collect();
        let damages = [
            (
                "record.csv",
                Some(rows.replace(lines[9], &format!("{0}\n{0}", lines[9]))),
            ),
            ("record.csv", Some(rows.replacen("step,", "steps,", 1))),
            ("record.csv", Some(String::new())),
            ("record.csv", None),
            ("record.json", Some(json.replacen("length", "volume", 1))),
            ("record.json", Some("{}".to_owned())),
            ("record.json", None),
            ("max.npy", Some("no array".to_owned())),
            ("max.npy", None),
        ];
        for (number, (ending, damaged)) in damages.iter().enumerate() {
            for (ending, bytes) in ENDINGS.iter().zip(&files) {
                scene.write(&format!("{stem}.{ending}"), bytes);
            }
            match damaged {
                Some(text) => drop(scene.write(&format!("{stem}.{ending}"), text)),
                None => fs::remove_file(scene.path(format!("{stem}.{ending}"))).unwrap(),
            }
            let told = scene.run(&format!("verify {stem}.npy"));
            let name = format!("{stem}.record");
            let is_named = told.stdout.contains(&name) || told.stdout.contains(ending);
            assert!(told.code == Some(3) && is_named, "{stem} {number}\n{told}");
            if stem == "c" {
                refused(&scene.run("run p.toml -o c.npy --resume"), 3, "repair");
            }
            scene.succeed(&format!("repair {stem}.npy"));
            scene.succeed(&format!("verify {stem}.npy"));
            scene.succeed(&format!("run p.toml -o {stem}.npy --resume"));
            assert!(contents(&scene, stem) == whole, "{stem} {number}");
        }
    }
}

/// Marks that no run has written are refused, and take neither memory nor time.
#[test]
fn absurd_marks_are_refused() {
    seeds("absurd_marks_are_refused")
        .map(Random::new)
        .for_each(forge_marks);
}

fn forge_marks(mut random: Random) {
    let scene = Scene::new();
    let text = with_fields();
    scene.write("p.toml", &text);
    scene.succeed("run p.toml -o s.npy --set runtime=0.018");
    let journal = scene.text("s.journal");
    let mut all = Vec::new();
    for line_number in [2, 4] {
        let line = journal.lines().nth(line_number).unwrap();
        for name in ["record", "mean"] {
            let begin = line.find(&format!("\"{name}\":[")).unwrap() + name.len() + 4;
            let length = line[begin..].find(']').unwrap();
            let mark: Vec<&str> = line[begin..][..length].split(',').collect();
            let forged = [
                format!("{},9223372036854775807,{}", mark[0], mark[2]),
                format!("{},18446744073709551615,{}", mark[0], mark[2]),
                format!("{},1000000000000,{}", mark[0], mark[2]),
                format!("{},0,{}", mark[0], mark[2]),
                "0,0,\"00000000\"".to_owned(),
                format!("18446744073709551615,{},{}", mark[1], mark[2]),
                format!("1000000000000,{},{}", mark[1], mark[2]),
            ];
            all.extend(forged.map(|forged| (line, begin..begin + length, forged)));
        }
    }
    let id = run_id(&journal);
    for (line, mark, forged) in random.some(&all, sample_size(all.len(), all.len(), 5)) {
        let [before, behind] = [&line[..mark.start], &line[mark.end..]];
        let forged_line = sealed(&format!("{before}{forged}{behind}"), id);
        scene.write("s.journal", journal.replace(line, forged_line.trim_end()));
        for (command, codes) in [
            ("verify s.npy", &[3][..]),
            ("info s.npy", &[0, 3]),
            ("stats s.record.csv", &[0, 2, 3]),
            ("stats s.mean.npy", &[0, 2, 3]),
            ("run p.toml -o l.npy --resume --extend s.npy", &[0, 3]),
            ("run p.toml -o s.npy --resume --set runtime=0.018", &[0, 3]),
        ] {
            let told = scene.run(command);
            let code = told.code.unwrap_or(-1);
            assert!(
                codes.contains(&code),
                "{forged_line}, {forged}: {command}\n{told}"
            );
        }
        for ending in ENDINGS {
            let _ = fs::remove_file(scene.path(format!("l.{ending}")));
        }
    }
}

/// A run that is killed while `--force` starts it over leaves a journal that lists nothing, whatever is removed by then, and
/// the same command goes on, as `--resume` does.
#[test]
fn a_killed_restart_lists_nothing_that_is_gone() {
    let scene = Scene::new();
    let text = with_fields();
    scene.write("p.toml", &text);
    scene.succeed("run p.toml -o w.npy");
    scene.succeed("run p.toml -o c.npy");
    let whole = contents(&scene, "w");
    let files: Vec<_> = ENDINGS
        .iter()
        .map(|ending| scene.read(&format!("c.{ending}")))
        .collect();
    let journal = scene.text("c.journal");
    let line_1 = journal.split_inclusive('\n').next().unwrap();
    // The order in which they are removed.
    let removed = ["npy", "mean.npy", "max.npy", "record.csv", "record.json"];
    for gone in 0..=removed.len() {
        for option in ["--resume", "--force"] {
            for (ending, bytes) in ENDINGS.iter().zip(&files) {
                scene.write(&format!("c.{ending}"), bytes);
            }
            scene.write("c.journal", line_1);
            for ending in &removed[..gone] {
                fs::remove_file(scene.path(format!("c.{ending}"))).unwrap();
            }
            let told = scene.run("verify c.npy");
            assert!(
                told.code == Some(0) || gone > 0 && told.code == Some(2),
                "{gone}\n{told}"
            );
            if gone > 0 {
                refused(
                    &scene.run("run p.toml -o c.npy"),
                    2,
                    "--resume starts it over",
                );
            }
            scene.succeed(&format!("run p.toml -o c.npy {option}"));
            assert!(contents(&scene, "c") == whole, "{gone} {option}");
        }
    }
}

/// A line of the journal that is lost gets its marks back, of rows that are there or are computed again.
#[test]
fn lost_lines_get_their_marks_back() {
    let scene = Scene::new();
    scene.write("p.toml", with_fields());
    scene.succeed("run p.toml -o c.npy");
    let (journal, whole) = (scene.text("c.journal"), contents(&scene, "c"));
    let lines: Vec<&str> = journal.lines().collect();
    let rows = scene.text("c.record.csv");
    for lost in [1, 3, 6] {
        for damages_rows in [false, true] {
            let damaged =
                journal.replace(lines[lost], &lines[lost].replace("\"mass\"", "\"mess\""));
            scene.write("c.journal", damaged);
            if damages_rows {
                scene.write("c.record.csv", rows.replace('7', "8"));
            }
            scene.succeed("repair c.npy");
            // A run whose last line is lost is unfinished.
            scene.succeed("run p.toml -o c.npy --resume");
            assert!(
                scene.text("c.journal") == journal,
                "line {lost}, {damages_rows}"
            );
            assert!(
                contents(&scene, "c") == whole,
                "line {lost}, {damages_rows}"
            );
            scene.succeed("verify c.npy");
        }
    }
}

/// What has the name of a description and is no file is not waited for.
#[test]
fn a_pipe_under_the_name_of_a_description_is_refused() {
    let scene = Scene::new();
    scene.write("p.toml", PROBLEM);
    let pipe = scene.path("c.record.json");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    refused(&scene.run("run p.toml -o c.npy"), 2, "c.record.json");
    refused(
        &scene.run("run p.toml -o c.npy --force"),
        2,
        "c.record.json",
    );
    assert!(!scene.exists("c.npy"));
}

/// Journals of runs without a record have no marks, and those of runs with one prove what there is.
#[test]
fn marks_are_those_of_the_files() {
    let scene = Scene::new();
    scene.write("p.toml", with_fields());
    scene.write("o.toml", PROBLEM.split("[record]").next().unwrap());
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("run o.toml -o o.npy");
    assert!(!scene.text("o.journal").contains("streams"));
    let rows = scene.read("c.record.csv");
    let head = rows.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for line in scene.text("c.journal").lines().skip(1) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let mark = &value["streams"]["record"];
        let end = mark[1].as_u64().unwrap() as usize;
        let proved = &rows[head..end];
        let count = proved.iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(mark[0], count);
        assert_eq!(mark[2], format!("{:08x}", crc32c::crc32c(proved)));
        assert_eq!(value["streams"]["mean"][0], value["index"]);
    }
    // A mark that is not written as the program writes it makes no line.
    let (journal, id) = (
        scene.text("c.journal"),
        run_id(scene.text("c.journal").lines().next().unwrap()).to_owned(),
    );
    let last = journal.lines().last().unwrap();
    let (body, _) = last.rsplit_once(",\"crc\"").unwrap();
    let changed = body.replacen("\"record\":[41,", "\"record\":[41.5,", 1);
    assert!(changed != body);
    scene.write(
        "c.journal",
        journal.replace(last, sealed(&(changed + "}"), &id).trim_end()),
    );
    let told = scene.succeed("info c.npy").stdout;
    assert!(told.contains("5 of 6"), "{told}");
}

/// A run that ends early leaves streams up to its end, whatever a kill has left of them.
#[test]
fn streams_of_an_early_end_are_shortened_again() {
    let scene = Scene::new();
    let until = "until = { steady = 1000.0, after = 0.013 }\nouttime";
    let text = with_fields().replace("outtime", until);
    scene.write("p.toml", &text);
    scene.succeed("run p.toml -o c.npy");
    let whole = contents(&scene, "c");
    let frames = scene.read("c.mean.npy");
    let snapshots = scene.text("c.journal").lines().count() - 1;
    assert!(
        scene.text("c.journal").contains("\"ended\"") && snapshots == 4,
        "{snapshots}"
    );
    let journal = scene.text("c.journal");
    let header: serde_json::Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    let planned_snapshots = header["shape"][0].as_u64().unwrap() as usize;
    let planned = (frames.len() - 4096) / (snapshots - 1) * (planned_snapshots - snapshots);
    for (head, zeros) in [
        (true, 0),
        (false, 8192),
        (true, 8192),
        (true, planned),
        (false, planned),
    ] {
        let mut left = frames.clone();
        left.resize(frames.len() + zeros, 0);
        if head {
            let shape = format!("({}, ", snapshots - 1).into_bytes();
            let place = frames
                .windows(shape.len())
                .position(|bytes| bytes == shape)
                .unwrap();
            left[place + 1] = b'5';
        }
        scene.write("c.mean.npy", left);
        // A kill before the file is shortened leaves no damage.
        let told = scene.run("verify c.npy");
        assert_eq!(
            told.code == Some(0),
            [0, planned].contains(&zeros),
            "{told}"
        );
        scene.succeed("run p.toml -o c.npy --resume");
        assert!(contents(&scene, "c") == whole, "{head} {zeros}");
        scene.succeed("verify c.npy");
    }
}

/// The rows of a complete sweep that were lost are missed, and computed again; those of a scenario that goes on are proved.
#[test]
fn rows_of_sweeps_are_proved_and_computed_again() {
    let scene = Scene::new();
    scene.write("p.toml", PROBLEM);
    scene.write("s.toml", "params = 'p.toml'\ndecay = [0.5, 1, 2]\n");
    scene.succeed("sweep s.toml -o w.npy");
    let (rows, described) = (scene.text("w.record.csv"), scene.text("w.record.json"));
    let lines: Vec<&str> = rows.lines().collect();
    let changed = rows.replace(lines[50], &lines[50].replace('1', "2"));
    let missing = rows.replace(&format!("{}\n", lines[90]), "");
    for damaged in [Some(changed), Some(missing), None] {
        match &damaged {
            Some(text) => drop(scene.write("w.record.csv", text)),
            None => {
                fs::remove_file(scene.path("w.record.csv")).unwrap();
                fs::remove_file(scene.path("w.record.json")).unwrap();
            }
        }
        assert_eq!(scene.run("verify w.npy").code, Some(3));
        let told = scene.run("sweep s.toml -o w.npy --resume");
        refused(&told, 3, "w.record.");
        let told = scene.succeed("repair w.npy").stdout;
        assert!(!told.contains("w.record-"), "{told}");
        assert!(scene.text("w.record.csv") == rows && scene.text("w.record.json") == described);
        scene.succeed("verify w.npy");
        scene.succeed("sweep s.toml -o w.npy --resume");
    }
    // A sweep that was killed while it removed the rows of its scenarios.
    let left = format!("w.record-{}", run_id(&scene.text("w.journal")));
    let left = scene.path(left);
    fs::create_dir(&left).unwrap();
    scene.succeed("verify w.npy");
    scene.succeed("sweep s.toml -o w.npy --resume");
    assert!(!left.exists());
    // A sweep that was stopped.
    let sweep = Sweep::load(&scene.path("s.toml")).unwrap();
    let step = sweep.problem(0).unwrap().schedule.step_of(2) + 1;
    let run = Run::new(&sweep).output(scene.path("c.npy")).threads(1);
    assert_eq!(run.stop_after(step).start().unwrap(), Outcome::Stopped(0));
    let entries = fs::read_dir(scene.path("")).unwrap();
    let mut names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let directory = names.find(|name| name.starts_with("c.record-")).unwrap();
    let part = format!("{directory}/0.csv");
    let text = scene.text(&part);
    scene.write(&part, text.replacen(",0.0", ",0.5", 1));
    let told = scene.run("verify c.npy");
    assert!(
        told.code == Some(3) && told.stdout.contains("0.csv has another row 1"),
        "{told}"
    );
    scene.succeed("repair c.npy");
    fs::remove_dir_all(scene.path(&directory)).unwrap();
    for command in ["verify c.npy", "repair c.npy"] {
        let told = scene.run(command).stdout;
        let named: Vec<&str> = told
            .lines()
            .filter(|line| line.contains(&directory))
            .collect();
        let is_of_directory = named.iter().all(|line| line.contains("is not there"));
        assert!(named.len() == 1 && is_of_directory, "{command}: {told}");
    }
    scene.succeed("sweep s.toml -o c.npy --resume");
    assert!(scene.text("c.record.csv") == rows);
}
