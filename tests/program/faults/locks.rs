//! Many writers on one cube.

use super::lab::{
    Ended, Lab, ended, ended_child, lines_so_far, sample_size, send, size, wait_until,
};
use nix::sys::signal::Signal;
use std::{
    fs::File,
    os::fd::OwnedFd,
    process::{Child, Command, Stdio},
};

/// Starts `count` runs that wait for one another, and lets them go at once.
fn all_at_once(lab: &Lab, count: usize, args: &[&str]) -> Vec<Child> {
    let (gate, open): (OwnedFd, OwnedFd) =
        nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
    let run = lab.run(args);
    let children = (0..count)
        .map(|_| {
            // `read` ends when nobody holds the other end of the pipe any more.
            Command::new("sh")
                .args(["-c", "read go; exec \"$@\" </dev/null", "sh"])
                .arg(run.get_program())
                .args(run.get_args())
                .stdin(File::from(gate.try_clone().unwrap()))
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    drop(open);
    children
}

/// The one that is still running when all the others have ended, and how they ended.
fn winner(mut children: Vec<Child>) -> (Child, Vec<Ended>) {
    wait_until("all but one have ended", || {
        let running = children
            .iter_mut()
            .filter_map(|child| child.try_wait().unwrap().is_none().then_some(()))
            .count();
        running <= 1
    });
    let running = children
        .iter_mut()
        .position(|child| child.try_wait().unwrap().is_none())
        .expect("one of them runs");
    let winner = children.swap_remove(running);
    (winner, children.into_iter().map(ended_child).collect())
}

#[test]
fn fifty_writers() {
    // Far longer than anything here waits for.
    let lab = Lab::new("dx = 0.2; runtime = 1e9; outtime = 2.5e8");
    let count = sample_size(50, 50, 8);
    let begun = all_at_once(&lab, count, &["--threads", "1"]);
    let (mut holder, others) = winner(begun);
    for other in &others {
        other.says(1, &["it holds the lock on"]).unwrap();
    }
    println!(
        "fifty_writers: {count} started at once: 1 runs, {} exit with 1",
        others.len()
    );
    wait_until("the holder has committed", || {
        lines_so_far(&lab.journal()) >= 1
    });
    for round in 0..size(10, 3) {
        // Killed, it leaves no lock behind: of the next ones, one gets it.
        send(&holder, Signal::SIGKILL);
        assert_eq!(ended_child(holder).signal, Some(9));
        let before = lab.committed().unwrap();
        let (next, others) = winner(all_at_once(&lab, count, &["--resume", "--threads", "1"]));
        for other in &others {
            other.says(1, &["it holds the lock on"]).unwrap();
        }
        let now = lab.committed().unwrap();
        assert!(now.bytes.starts_with(&before.bytes), "round {round}");
        holder = next;
        println!(
            "fifty_writers: holder killed, {count} resumes: 1 runs, {} exit with 1",
            others.len()
        );
    }
    send(&holder, Signal::SIGTERM);
    assert_eq!(ended_child(holder).code, Some(143));
}

/// A short run: one makes the cube, the others either meet its lock or find it made.
#[test]
fn writers_of_a_short_run() {
    let lab = Lab::new("dx = 0.4; runtime = 2; outtime = 0.2");
    let reference = lab.reference();
    for _ in 0..size(20, 4) {
        lab.clear();
        let children = all_at_once(&lab, 20, &["--threads", "1"]);
        let mut codes = [0; 3];
        for ended in children.into_iter().map(ended_child) {
            let code = usize::try_from(ended.code.unwrap()).unwrap();
            match code {
                0 => {}
                1 => ended.says(1, &["it holds the lock on"]).unwrap(),
                2 => ended.says(2, &["is complete"]).unwrap(),
                _ => panic!("{ended:?}"),
            }
            codes[code] += 1;
        }
        assert_eq!(codes[0], 1, "{codes:?}");
        lab.is_as(&reference).unwrap();
    }
    let again = ended(&mut lab.run(&["--resume"]));
    assert_eq!(again.code, Some(0), "{}", again.stderr);
}
