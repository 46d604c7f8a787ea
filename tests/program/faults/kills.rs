//! `kill -9` at any moment of a run's life, then `run --resume`.

use super::lab::{Lab, Listed, PROBLEMS, Random, ended, ended_child, sample_size, size};
use super::layer::{Fault, ended_with};
use crate::common::seed::seeds;
use nix::sys::signal::Signal;
use std::{fs, thread, time::Instant};

const KEYS: &str = "dx = 0.2; runtime = 20; outtime = 0.5";

#[test]
fn kills() {
    seeds("kills").map(Random::new).for_each(kill_and_resume);
}

fn kill_and_resume(mut random: Random) {
    let course = ["f64", "f32"].map(|precision| format!("precision = \"{precision}\""));
    let mut others = random.some(&PROBLEMS, size(PROBLEMS.len(), 2));
    let recorded = PROBLEMS.iter().filter(|(_, keys)| keys.contains("record"));
    let recorded: Vec<_> = recorded
        .filter(|problem| !others.contains(problem))
        .collect();
    others.extend(recorded);
    println!("kills: the course's problem, and {others:?}");
    let others = others.into_iter().map(|(_, keys)| keys.to_owned());
    let labs: Vec<_> = course
        .into_iter()
        .chain(others)
        .map(|keys| {
            let lab = Lab::new(&format!("{KEYS}; {keys}"));
            let begin = Instant::now();
            let reference = lab.reference();
            (lab, reference, begin.elapsed())
        })
        .collect();
    let count = sample_size(1000, 40, 6);
    let (mut kills, mut unborn, mut partial, mut complete, mut listed_before) = (0, 0, 0, 0, 0);
    let mut in_bands = 0;
    for number in 0..count {
        let (lab, reference, life) = &labs[number % labs.len()];
        lab.clear();
        let mut before = Listed::read(&[]);
        // The run itself, then sometimes its resumes too.
        for _ in 0..[1, 1, 2, 3][random.below(4)] {
            let threads = random.pick(&["1", "2", "8"]);
            let io = random.pick(&["map", "write"]);
            let mut run = lab.run(&["--resume", "--threads", threads, "--io", io]);
            // Sometimes the state is larger than the memory that it may take.
            if let (Some(memory), 0) = (lab.little_memory(), random.below(3)) {
                run.args(["--memory", &memory.to_string()]);
                if random.below(2) == 0 {
                    run.arg("--scratch").arg(lab.home.path());
                }
                in_bands += 1;
            }
            // Every fourth in the first moments, when files are created.
            let until = if random.below(4) == 0 { 0.2 } else { 1.1 };
            let moment = life.mul_f64(until * random.part());
            let child = run.spawn().unwrap();
            thread::sleep(moment);
            super::lab::send(&child, Signal::SIGKILL);
            let ended = ended_child(child);
            assert!(
                ended.signal == Some(9) || ended.code == Some(0),
                "{ended:?}"
            );
            kills += usize::from(ended.signal == Some(9));
            let now = lab.committed().unwrap();
            assert!(
                now.bytes.starts_with(&before.bytes),
                "kill {number}: a committed line has changed"
            );
            before = now;
        }
        match (&before.header, before.records.len()) {
            (None, _) => unborn += 1,
            (_, n) if n == reference.lines.len() => complete += 1,
            _ => partial += 1,
        }
        listed_before += before.records.len();

        let report = lab.home.path().join("report.json");
        let (threads, io) = (
            random.pick(&["1", "2", "8"]),
            random.pick(&["map", "write"]),
        );
        let mut resume = lab.run(&["--resume", "--threads", threads, "--io", io, "--report"]);
        resume.arg(&report);
        let little = lab.little_memory().filter(|_| number % 3 == 1);
        if let Some(memory) = little {
            resume.args(["--memory", &memory.to_string()]);
            if random.below(2) == 0 {
                resume.arg("--scratch").arg(lab.home.path());
            }
        }
        let ended = ended(&mut resume);
        assert_eq!(ended.code, Some(0), "kill {number}: {}", ended.stderr);
        lab.is_as(reference)
            .unwrap_or_else(|why| panic!("kill {number}: {why}"));
        let journal = fs::read(lab.journal()).unwrap();
        assert!(
            journal.starts_with(&before.bytes),
            "kill {number}: a committed line was written again"
        );
        let printed: Vec<&str> = ended.stdout.lines().collect();
        assert_eq!(
            printed,
            reference.times[before.records.len()..],
            "kill {number}: the resumed run must print what it commits and nothing else"
        );
        let report: serde_json::Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
        let (took, left) = (
            report["updates"].as_u64().unwrap(),
            updates_left(&Listed::read(&journal), before.records.len()),
        );
        // A state in bands is durable after every pass, so less may be left.
        let is_right = took == left || (little.is_some() && took < left);
        assert!(
            is_right,
            "kill {number}: a committed snapshot was computed again: {took} updates, and {left} were left"
        );
    }
    println!(
        "kills: {count} of {count} resumed cubes byte-identical after {kills} kills ({unborn} before line 1, {partial} on the way, {complete} behind the last commit; {in_bands} runs in bands); 0 of {listed_before} committed snapshots recomputed or lost"
    );
}

/// Node updates from the last of `committed` snapshots to the last one of the run.
fn updates_left(journal: &Listed, committed: usize) -> u64 {
    let header = journal.header.as_ref().unwrap();
    let number = |key: &str| header[key].as_u64().unwrap();
    let [snapshots, ny, nx] = [0, 1, 2].map(|axis| header["shape"][axis].as_u64().unwrap());
    if committed as u64 == snapshots {
        return 0;
    }
    let done = (committed as u64).saturating_sub(1) * number("nper");
    let stages = header["params"]["stages"].as_u64().unwrap_or(1);
    stages * (ny - 2) * (nx - 2) * ((snapshots - 1) * number("nper") - done)
}

/// A run killed behind its last commit must not leave its checkpoint for ever.
#[test]
fn nothing_is_left_behind_a_finished_run() {
    let lab = Lab::new("dx = 5; runtime = 100; outtime = 25");
    let reference = lab.reference();
    // That of another run, of which all but a sector was lost.
    let filling = "diff2d keeps the state of a run between two of its snapshots here\n";
    let filling: Vec<u8> = filling.bytes().cycle().take(4096).collect();
    let state = [&[0; 3584][..], &filling[3584..], b"state"].concat();
    fs::write(lab.checkpoint(), &state).unwrap();
    fs::write(lab.checkpoint().with_extension("ckpt.new"), &state).unwrap();
    let left = lab.out.join(".diff2d-c.scratch-0.part");
    fs::write(left, "of a creation").unwrap();
    let ended = ended(&mut lab.run(&["--resume"]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    lab.is_as(&reference).unwrap();
}

/// The scratch of a run that was killed, in a directory of its own, when the run is started over, or complete.
#[test]
fn no_scratch_is_left_in_a_directory_of_its_own() {
    let lab = Lab::new("dx = 0.05; runtime = 1; outtime = 0.1");
    let memory = lab.little_memory().unwrap().to_string();
    let directory = lab.home.path().join("scratch");
    fs::create_dir(&directory).unwrap();
    let left = || fs::read_dir(&directory).unwrap().next();
    let run = |how: &str| {
        let mut run = lab.run(&[how, "--memory", &memory, "--scratch"]);
        run.arg(&directory);
        run
    };
    let (_, operations) = ended_with(&mut run("--resume"), &directory, Fault::default());
    // In the middle of what it does with its scratch.
    let fault = Fault {
        at: operations.len() / 2,
        kind: "kill",
        ..Fault::default()
    };
    let killed = || {
        let (ended, _) = ended_with(&mut run("--resume"), &directory, fault);
        assert_eq!(ended.code, Some(137), "{}", ended.stderr);
        let path = left().unwrap().unwrap().path();
        (fs::read(&path).unwrap(), path)
    };
    lab.clear();
    killed();
    assert_eq!(ended(&mut run("--force")).code, Some(0));
    assert!(left().is_none());
    lab.clear();
    let (bytes, path) = killed();
    assert_eq!(ended(&mut run("--resume")).code, Some(0));
    assert!(left().is_none());
    // As a kill behind the last commit leaves it.
    fs::write(path, bytes).unwrap();
    assert_eq!(ended(&mut run("--resume")).code, Some(0));
    assert!(left().is_none());
}
