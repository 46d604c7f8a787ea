//! Records that are damaged.

use super::PROBLEM;
use crate::common::Scene;
use diff2d::{Outcome, Problem, Run};

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
            "has other rows 2 to 9 than its run has written, between snapshots 0 and 1",
        ),
        (
            Some(whole.replace(&format!("{}\n", lines[41]), "")),
            "lacks 1 of rows 34 to 41, between snapshots 4 and 5",
        ),
        (
            Some(whole.replace(lines[12], &format!("{0}\n{0}", lines[12]))),
            "has a row more than its run has written among rows 10 to 17, between snapshots 1 and 2",
        ),
        (
            Some(whole.clone() + lines[41] + "\n"),
            "has something else than rows",
        ),
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
    // A bit of its digests, with which it may be no JSON.
    let digest = described.find("rows_sha256\": \"").unwrap() + 15;
    for bit in [0, 1, 5, 6] {
        let mut flipped = described.clone().into_bytes();
        flipped[digest] ^= 1 << bit;
        scene.write("c.record.json", &flipped);
        let told = scene.run("verify c.npy");
        assert_eq!(told.code, Some(3), "bit {bit}: {told}");
        let told = scene.succeed("repair c.npy").stdout;
        assert!(told.contains("written again"), "bit {bit}: {told}");
        assert!(scene.text("c.record.json") == described, "bit {bit}");
    }
    // Of a run that is stopped the rows up to now are known.
    let problem: Problem = PROBLEM.parse().unwrap();
    let run = Run::new(&problem).output(scene.path("s.npy"));
    let run = run.stop_after(problem.schedule.step_of(2) + 1);
    assert_eq!(run.start().unwrap().outcome, Outcome::Stopped(0));
    let found = scene.text("s.record.csv");
    scene.write("s.record.csv", found.clone() + "17,0.01");
    scene.succeed("verify s.npy");
    let first: Vec<&str> = found.lines().take(9).collect();
    scene.write("s.record.csv", first.join("\n") + "\n");
    let told = scene.run("verify s.npy");
    assert!(
        told.code == Some(3) && told.stdout.contains("s.record.csv lacks "),
        "{told}"
    );
}
