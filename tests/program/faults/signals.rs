//! Runs asked to stop, runs out of time, and files cut short under whoever uses them.

use super::lab::{Finished, Lab, Random, ended, ended_child, lines_so_far, send, size, wait_until};
use super::layer::{Fault, above};
use nix::sys::signal::Signal;
use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// One interval that takes long: a stop cannot but fall into it.
struct Long {
    lab: Lab,
    reference: Finished,
    takes: Duration,
    steps: u64,
}

impl Long {
    fn new() -> Self {
        let (dx, steps) = (0.02, 8000);
        // Half a step more, so that truncation cannot lose one.
        let runtime = (steps as f64 + 0.5) * 0.25 * dx * dx;
        let lab = Lab::new(&format!(
            "dx = {dx}; runtime = {runtime}; outtime = {runtime}"
        ));
        let begin = Instant::now();
        let reference = lab.reference();
        assert_eq!(reference.lines.len(), 2);
        let (takes, steps) = (begin.elapsed(), steps as u64);
        Self {
            lab,
            reference,
            takes,
            steps,
        }
    }

    fn first_snapshot_is_committed(&self) {
        wait_until("the first snapshot is committed", || {
            lines_so_far(&self.lab.journal()) >= 1
        });
    }

    /// Resumes to the end; the updates of all steps that were taken once more.
    fn resumed_steps(&self) -> u64 {
        let report = self.lab.home.path().join("report.json");
        let ended = ended(
            self.lab
                .run(&["--resume", "--verbose", "--report"])
                .arg(&report),
        );
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("continuing after step "),
            "{}",
            ended.stderr
        );
        self.lab.is_as(&self.reference).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
        report["updates"].as_u64().unwrap() / 1000 / 1000
    }
}

#[test]
fn signals() {
    let long = Long::new();
    let lab = &long.lab;
    for (signal, code) in [
        (Signal::SIGINT, 130),
        (Signal::SIGTERM, 143),
        (Signal::SIGHUP, 129),
        (Signal::SIGUSR1, 138),
        (Signal::SIGUSR2, 140),
        (Signal::SIGXCPU, 152),
    ] {
        // A stop before the first step has nothing to write aside: then once more.
        let stop = |_| {
            lab.clear();
            let child = lab.run(&["--threads", "1"]).spawn().unwrap();
            long.first_snapshot_is_committed();
            send(&child, signal);
            let stopped = ended_child(child);
            stopped.says(code, &["to continue: diff2d run"]).unwrap();
            lab.checkpoint().exists().then_some(stopped)
        };
        let stopped = (0..20).find_map(stop);
        let stopped = stopped.unwrap_or_else(|| panic!("{signal} left no checkpoint"));
        assert_eq!(lab.committed().unwrap().records.len(), 1);
        let left = if signal == Signal::SIGINT {
            // The command that it names, word for word, through a shell.
            let command = stopped.stderr.split("to continue: ").nth(1).unwrap();
            let bin = Path::new(env!("CARGO_BIN_EXE_diff2d")).parent().unwrap();
            let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
            let ended = ended(Command::new("sh").args(["-c", command]).env("PATH", path));
            assert_eq!(ended.code, Some(0), "{command}: {}", ended.stderr);
            lab.is_as(&long.reference).unwrap();
            0
        } else {
            long.resumed_steps()
        };
        assert!(
            left < long.steps,
            "{signal}: the resumed run began at the last snapshot"
        );
        println!(
            "signals: {signal} gives {code}; {left} of {} steps left to take",
            long.steps
        );
    }
}

/// A second request ends a run at once, whatever the first one waits for.
#[test]
fn second_interrupt() {
    let long = Long::new();
    let lab = &long.lab;
    lab.clear();
    // On a disk that never answers, the checkpoint cannot be created.
    let mut run = lab.run(&["--threads", "1"]);
    let fault = Fault {
        kind: "hang",
        mode: "ckpt.new",
        ..Fault::default()
    };
    above(&mut run, &lab.out, fault);
    let mut child = run.spawn().unwrap();
    long.first_snapshot_is_committed();
    wait_until("the second interrupt ends the run", || {
        let over = child.try_wait().unwrap().is_some();
        if !over {
            send(&child, Signal::SIGINT);
        }
        over
    });
    assert_eq!(ended_child(child).code, Some(130));
    let resumed = ended(&mut lab.run(&["--resume"]));
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    lab.is_as(&long.reference).unwrap();
    println!("second_interrupt: ends at once with 130, resumable");
}

#[test]
fn walltime_and_periodic_checkpoints() {
    let long = Long::new();
    let lab = &long.lab;
    lab.clear();
    let limit = long.takes.mul_f64(0.4).max(Duration::from_millis(250));
    let begin = Instant::now();
    let stopped = ended(
        lab.run(&["--threads", "1", "--max-walltime"])
            .arg(format!("{}s", limit.as_secs_f64())),
    );
    let took = begin.elapsed();
    stopped
        .says(75, &["--max-walltime", "to continue: "])
        .unwrap();
    assert!(
        took < limit * 4 + Duration::from_secs(5),
        "{took:?} for a limit of {limit:?}"
    );
    assert!(lab.checkpoint().exists());
    assert!(long.resumed_steps() < long.steps);
    println!("walltime: a limit of {limit:.2?} stopped the run after {took:.2?} with 75");

    lab.clear();
    let child = lab
        .run(&["--threads", "1", "--checkpoint-every", "50ms"])
        .spawn()
        .unwrap();
    wait_until("a checkpoint is written", || lab.checkpoint().exists());
    send(&child, Signal::SIGKILL);
    assert_eq!(ended_child(child).signal, Some(9));
    let left = long.resumed_steps();
    assert!(left < long.steps);
    println!(
        "checkpoint-every: killed -9 behind its first checkpoint, {left} of {} steps left to take",
        long.steps
    );
}

/// A cube cut short under a run that writes it.
#[test]
fn cut_under_a_writer() {
    for io in ["map", "write"] {
        let lab = Lab::new("dx = 0.1; runtime = 25; outtime = 0.05");
        let mut child = lab
            .run(&["--threads", "1", "--io", io])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("some snapshots are committed", || {
            lines_so_far(&lab.journal()) >= 3 || child.try_wait().unwrap().is_some()
        });
        cut(&lab.cube, 4096 + 100);
        let ended = ended_child(child);
        let code = ended.code.unwrap_or(-1);
        assert!([1, 3].contains(&code), "{io}: {ended:?}");
        ended.says(code, &["shorter"]).unwrap();
        let resumed = super::lab::ended(&mut lab.run(&["--resume"]));
        resumed.says(3, &["does not match its journal"]).unwrap();
        println!("cut_under_a_writer: --io {io}: exit code {code}, and 3 for its resume");
    }
}

/// A cube cut short under somebody who reads it: a clear exit, never a signal.
#[test]
fn cut_under_a_reader() {
    let mut random = Random::of("cut_under_a_reader");
    let lab = Lab::new("dx = 0.05; runtime = 0.02; outtime = 0.001");
    lab.reference();
    let whole = fs::read(&lab.cube).unwrap();
    let copy = lab.home.path().join("copy.npy");
    fs::write(&copy, &whole).unwrap();
    let (mut unharmed, mut told) = (0, 0);
    for _ in 0..size(200, 30) {
        let command = random.pick(&["info", "verify", "compare", "plot"]);
        let mut reader = lab.on_cube(command);
        match command {
            "compare" => {
                reader.arg(&copy);
            }
            "plot" => {
                reader.arg("-o").arg(lab.home.path().join("pictures"));
            }
            _ => {}
        }
        let child = reader.spawn().unwrap();
        std::thread::sleep(Duration::from_micros(random.next() % 60_000));
        cut(&lab.cube, 4096 + random.next() % 100_000);
        let ended = ended_child(child);
        match ended.code {
            Some(0) => unharmed += 1,
            Some(1 | 3) if !ended.stderr.contains("panicked") => told += 1,
            _ => panic!("{command}: {ended:?}"),
        }
        OpenOptions::new()
            .write(true)
            .open(&lab.cube)
            .unwrap()
            .write_all_at(&whole, 0)
            .unwrap();
    }
    println!("cut_under_a_reader: {told} readers said so, {unharmed} were done before");
}

fn cut(path: &Path, length: u64) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(length).unwrap();
}
