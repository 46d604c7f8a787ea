//! A durable run with a callback: stopped in the middle, resumed, verified.
//!
//! `cargo run --release --example durable_run`

use diff2d::{Cube, Outcome, Problem, Progress, Run};
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The whole example; `tests/repository/examples.rs` calls it.
pub fn main() -> Result<(), Box<dyn Error>> {
    let problem: Problem = "
        D = 1.0
        x1 = -10.0
        x2 = 10.0
        dx = 0.1
        runtime = 8.0
        outtime = 1.0
        grid = 'walls'
    "
    .parse()?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("peaks.npy");

    // Any number but 0 in the flag stops the run; so do signals in the program `diff2d`.
    let stop = Arc::new(AtomicUsize::new(0));
    let mut report = Run::new(&problem)
        .output(&path)
        .stop_flag(stop.clone())
        .on_commit(|snapshot| {
            println!("t = {:.2}: mass {:.3}", snapshot.simtime, snapshot.mass);
            if snapshot.simtime > 2.5 {
                stop.store(1, Ordering::Relaxed);
            }
        })
        .start()?;
    println!("{:?}", report.outcome);

    // The run may have ended before it saw the flag; otherwise it goes on where it stopped.
    if report.outcome != Outcome::Done {
        report = Run::new(&problem)
            .output(&path)
            .resume(true)
            .on_commit(|snapshot| println!("t = {:.2}", snapshot.simtime))
            .start()?;
    }
    assert_eq!(report.outcome, Outcome::Done);

    let cube = Cube::open(&path)?;
    assert!(cube.is_complete());
    assert!(cube.damaged(&Progress::default())?.is_empty());
    println!("{} snapshots, all intact", cube.times().len());
    Ok(())
}
