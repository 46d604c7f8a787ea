//! Runs asked to stop, runs out of time, and files cut short under whoever uses them.

use super::lab::{
    Finished, Lab, Random, ended, ended_child, held, lines_so_far, send, size, wait_until,
};
use super::layer::{Fault, above};
use crate::common::seed::seeds;
use nix::sys::signal::Signal;
use std::{
    fs::{self, OpenOptions},
    os::unix::fs::FileExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The steps of a run between its two snapshots.
const STEPS: u64 = 400;
/// The step behind which the run is held.
const HELD: u64 = 150;

/// A run of one interval, in which it is held.
struct HeldRun {
    lab: Lab,
    reference: Finished,
}

impl HeldRun {
    fn new() -> Self {
        let dx = 0.1;
        // Half a step more, so that truncation cannot lose one.
        let runtime = (STEPS as f64 + 0.5) * 0.25 * dx * dx;
        let lab = Lab::new(&format!(
            "dx = {dx}; runtime = {runtime}; outtime = {runtime}"
        ));
        let reference = lab.reference();
        assert_eq!(reference.lines.len(), 2);
        Self { lab, reference }
    }

    /// The run, to be held.
    fn command(&self) -> Command {
        self.lab.clear();
        self.lab.run(&["--threads", "1", "--verbose"])
    }

    /// The run, once it is held.
    fn start(&self) -> Child {
        held(&mut self.command(), HELD)
    }

    /// Resumes to the end; the number of steps that this took.
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
        report["updates"].as_u64().unwrap() / 200 / 200
    }
}

#[test]
fn signals() {
    let run = HeldRun::new();
    let lab = &run.lab;
    for (signal, code) in [
        (Signal::SIGINT, 130),
        (Signal::SIGTERM, 143),
        (Signal::SIGHUP, 129),
        (Signal::SIGUSR1, 138),
        (Signal::SIGUSR2, 140),
        (Signal::SIGXCPU, 152),
    ] {
        let child = run.start();
        send(&child, signal);
        let stopped = ended_child(child);
        stopped.says(code, &["to continue: diff2d run"]).unwrap();
        assert!(lab.checkpoint().exists(), "{signal}");
        assert_eq!(lab.committed().unwrap().records.len(), 1);
        if signal == Signal::SIGINT {
            // The command that it names, word for word, through a shell.
            let command = stopped.stderr.split("to continue: ").nth(1).unwrap();
            let bin = Path::new(env!("CARGO_BIN_EXE_diff2d")).parent().unwrap();
            let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
            let ended = ended(Command::new("sh").args(["-c", command]).env("PATH", path));
            assert_eq!(ended.code, Some(0), "{command}: {}", ended.stderr);
            lab.is_as(&run.reference).unwrap();
        } else {
            assert_eq!(run.resumed_steps(), STEPS - HELD, "{signal}");
        }
    }
}

/// A second request ends a run at once, whatever the first one waits for.
#[test]
fn second_interrupt() {
    let run = HeldRun::new();
    let lab = &run.lab;
    // On a disk that never answers, the checkpoint cannot be created.
    let mut command = run.command();
    let fault = Fault {
        kind: "hang",
        mode: "ckpt.new",
        ..Fault::default()
    };
    above(&mut command, &lab.out, fault);
    let mut child = held(&mut command, HELD);
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
    lab.is_as(&run.reference).unwrap();
    println!("second_interrupt: ends at once with 130, resumable");
}

#[test]
fn walltime_and_periodic_checkpoints() {
    let run = HeldRun::new();
    let lab = &run.lab;
    let stopped = ended_child(held(run.command().args(["--max-walltime", "1s"]), HELD));
    stopped
        .says(75, &["--max-walltime", "to continue: "])
        .unwrap();
    assert!(lab.checkpoint().exists());
    assert_eq!(run.resumed_steps(), STEPS - HELD);

    let child = held(run.command().args(["--checkpoint-every", "1ms"]), HELD);
    wait_until("a checkpoint is written", || lab.checkpoint().exists());
    send(&child, Signal::SIGKILL);
    assert_eq!(ended_child(child).signal, Some(9));
    assert!(run.resumed_steps() < STEPS);
}

/// A cube cut short under a run that writes it.
#[test]
fn cut_under_a_writer() {
    for io in ["map", "write"] {
        // The run commits 20,000 snapshots, and is cut short behind the third.
        let lab = Lab::new("dx = 0.5; runtime = 1250; outtime = 0.0625");
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
    seeds("cut_under_a_reader")
        .map(Random::new)
        .for_each(cut_while_it_reads);
}

fn cut_while_it_reads(mut random: Random) {
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
