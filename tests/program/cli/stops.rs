//! Commands that are asked to stop, run out of time, or print to nobody.

use super::shell;
use crate::common::{Scene, Told};
use nix::{sys::signal::Signal, unistd::Pid};
use std::{
    fs,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Waits until `holds`; a deadline only keeps a broken program from hanging the tests.
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(1200);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn send(child: &Child, signal: Signal) {
    nix::sys::signal::kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
}

/// The exit code of a child that must end by itself.
fn code_of(child: &mut Child) -> Option<i32> {
    let mut status = None;
    wait_until("the program ends", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap().code()
}

#[test]
fn a_signal_leaves_no_unfinished_file() {
    let scene = Scene::new();
    // A formula that takes minutes.
    let terms: Vec<String> = (1..150).map(|factor| format!("sin({factor}*i1)")).collect();
    let slow = format!(
        "create a.npy --shape 40000,10000 --fill {}",
        terms.join("+")
    );
    for (signal, code) in [
        (Signal::SIGINT, 130),
        (Signal::SIGTERM, 143),
        (Signal::SIGUSR1, 138),
        (Signal::SIGXCPU, 152),
    ] {
        // As from a terminal: shells let background commands ignore SIGINT.
        let mut command = scene.command("env");
        command
            .arg("--default-signal=INT,TERM")
            .arg(env!("CARGO_BIN_EXE_diff2d"));
        command.args(slow.split(' ')).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        wait_until("the file is begun", || {
            scene.exists("a.npy.partial") || child.try_wait().unwrap().is_some()
        });
        send(&child, signal);
        assert_eq!(code_of(&mut child), Some(code));
        assert_eq!(scene.files(), Vec::<String>::new());
    }
}

#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let scene = Scene::small();
    let told = shell(
        &scene,
        "trap '' HUP; DIFF2D_HOLD_AFTER=7 \"$DIFF2D\" run p.toml -o c.npy --quiet --max-walltime 3s & \
         until [ -s c.journal ]; do sleep 0.01; done; kill -HUP $!; wait $!",
    );
    assert_eq!(told.code, Some(75), "{told}");
    scene.succeed("verify c.npy");
}

/// More lines than a pipe holds, which nobody reads.
const CHATTY: &str = "--set outtime=0 --set dx=4 --set runtime=100000";

/// A run whose results nobody reads. It may be held behind a step.
fn unread(scene: &Scene, keys: &str, held: Option<u64>) -> Child {
    let mut command = scene.command("env");
    command
        .arg("--default-signal=INT,TERM")
        .arg(env!("CARGO_BIN_EXE_diff2d"));
    command.args(format!("run p.toml -o c.npy {keys}").split_whitespace());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.envs(held.map(|step| ("DIFF2D_HOLD_AFTER", step.to_string())));
    command.spawn().unwrap()
}

#[test]
fn a_run_ends_though_nobody_reads_its_results() {
    let scene = Scene::small();
    let mut child = unread(&scene, CHATTY, None);
    assert_eq!(code_of(&mut child), Some(1));
    let told = Told::from(child.wait_with_output().unwrap());
    assert!(told.stderr.contains("nobody reads them"), "{told}");
    scene.succeed("verify c.npy");
    let told = scene.succeed(&format!("run p.toml -o c.npy {CHATTY} --resume"));
    assert!(told.stderr.contains("nothing to do"), "{told}");
}

#[test]
fn the_first_signal_stops_a_run_whose_results_nobody_reads() {
    let scene = Scene::small();
    let mut child = unread(
        &scene,
        "--set outtime=0 --set dx=2 --set runtime=1e5",
        Some(30_000),
    );
    // A pipe holds 64 KiB, so the printing has come to a halt.
    wait_until("much is committed", || {
        fs::metadata(scene.path("c.journal")).is_ok_and(|journal| journal.len() > 5_000_000)
            || child.try_wait().unwrap().is_some()
    });
    send(&child, Signal::SIGTERM);
    assert_eq!(code_of(&mut child), Some(143));
}

#[test]
fn a_stop_tells_how_to_look_at_what_is_committed() {
    let scene = Scene::small();
    let told = scene.run_held(
        7,
        "run p.toml -o c.npy --threads 2 --checkpoint-every 10min --max-walltime 1ms --memory 1GiB",
    );
    assert_eq!(told.code, Some(75), "{told}");
    let command = "to continue: diff2d run p.toml --threads 2 --max-walltime 1ms --memory 1073741824 --checkpoint-every 10m -o c.npy --resume\n";
    assert!(told.stderr.ends_with(command), "{told}");
    let python = " with 2 of 4 snapshots committed (in Python: numpy.load(\"c.npy\", mmap_mode=\"r\")[:2]); to continue: ";
    assert!(told.stderr.contains(python), "{told}");
}

#[test]
fn wall_time_in_which_nothing_is_done_is_an_error() {
    let scene = Scene::small();
    // So little is over at once.
    let first = scene.run("run p.toml -o c.npy --max-walltime 1ms");
    assert_eq!(first.code, Some(75), "snapshot 0 is progress: {first}");
    let resume = "run p.toml -o c.npy --resume --max-walltime 1ms";
    for (held, code) in [(0, 1), (7, 75), (7, 1)] {
        let told = scene.run_held(held, resume);
        assert_eq!(told.code, Some(code), "{told}");
        assert!(told.stderr.contains("to continue: "), "{told}");
    }
    scene.write("s.toml", "params = \"p.toml\"\nD = [1.0, 2.0]\n");
    let sweep = "sweep s.toml -o s.npy --threads 1 --resume --max-walltime 1ms";
    let codes = [0, 1].map(|_| scene.run(sweep).code);
    assert_eq!(codes[1], Some(1));
}

#[test]
fn wall_time_may_be_that_of_the_job_or_beyond_all_clocks() {
    let scene = Scene::small();
    for time in ["1e19s", "00:10:00", "1-00:00:00"] {
        let told = scene.run(&format!(
            "run p.toml -o c.npy --force --max-walltime {time}"
        ));
        assert_eq!(told.code, Some(0), "{time}: {told}");
    }
    let mut command = scene.diff2d();
    command.args([
        "run",
        "p.toml",
        "-o",
        "c.npy",
        "--force",
        "--max-walltime",
        "auto",
    ]);
    command.env_remove("SLURM_JOB_END_TIME");
    let told = Told::from(command.output().unwrap());
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("SLURM_JOB_END_TIME"), "{told}");
    let told = Told::from(
        command
            .env("SLURM_JOB_END_TIME", "4000000000")
            .output()
            .unwrap(),
    );
    assert_eq!(told.code, Some(0), "{told}");
    let told = Told::from(
        command
            .env("SLURM_JOB_END_TIME", "1000000000")
            .output()
            .unwrap(),
    );
    assert_eq!(told.code, Some(75), "{told}");
}

/// The batch script of the book, with a Slurm that only notes what it is asked for.
#[test]
fn the_batch_script_ends_as_the_run_does() {
    let scene = Scene::new();
    let book = include_str!("../../../docs/cluster.md");
    let script = book.split("```sh\n#!/bin/bash\n").nth(1).unwrap();
    let script = script.split("```").next().unwrap();
    assert!(script.contains("--open-mode=append"));
    scene.write("job.sh", script);
    for (code, requeued) in [
        (0, ""),
        (1, ""),
        (3, ""),
        (75, "requeue 7"),
        (140, "requeue 7"),
        (143, "requeue 7"),
    ] {
        scene.write("slurm.sh", format!(
            "srun() {{ return {code}; }}\nscontrol() {{ printf '%s' \"$*\" > asked; }}\nprintf '' > asked\n. ./job.sh\n"
        ));
        let told = shell(&scene, "SLURM_JOB_ID=7 SLURM_CPUS_PER_TASK=1 bash slurm.sh");
        assert_eq!(told.code, Some(code), "{told}");
        assert_eq!(scene.text("asked"), requeued);
    }
}

/// A process that was killed may hold the lock for a while; a run that is resumed waits for it, any other is refused at once.
#[test]
fn a_resumed_run_waits_for_a_lock_that_is_about_to_be_released() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let mut options = fs::OpenOptions::new();
    let journal = options.read(true).write(true).open(scene.path("c.journal"));
    let lock = diff2d_sys::LockedFile::try_new(journal.unwrap()).unwrap();
    let releaser = thread::spawn(move || {
        thread::sleep(Duration::from_millis(500));
        drop(lock);
    });
    scene.succeed("run p.toml -o c.npy --resume");
    releaser.join().unwrap();
    let journal = options.open(scene.path("c.journal"));
    let lock = diff2d_sys::LockedFile::try_new(journal.unwrap()).unwrap();
    for resume in ["", "--resume"] {
        let told = scene.run(&format!("run p.toml -o c.npy {resume}"));
        assert_eq!(told.code, Some(1), "{told}");
        assert!(
            told.stderr.contains("another run is writing this cube"),
            "{told}"
        );
    }
    drop(lock);
}
