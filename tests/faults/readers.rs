//! Readers of a cube that is being written.

use super::lab::{Lab, Listed, Random, ended, ended_child, size};
use std::{
    fs::{self, File},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// Whoever polls a run sees whole snapshots only, and never fewer than before.
#[test]
fn polling_reader() {
    let mut random = Random::of("polling_reader");
    for io in ["map", "write"] {
        let lab = Lab::new("dx = 0.1; runtime = 100; outtime = 0.5");
        let mut child = lab
            .run(&["--threads", "1", "--io", io])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let (mut polls, mut asked, mut checked, mut seen) = (0, 0, 0, 0);
        loop {
            let over = child.try_wait().unwrap().is_some();
            let listed = Listed::read(&fs::read(lab.journal()).unwrap_or_default());
            let now = listed.records.len();
            assert!(now >= seen, "snapshots have vanished");
            if listed.header.is_some() {
                let cube = File::open(&lab.cube).unwrap();
                // What is new, and something older.
                let older = (0..now.min(4)).map(|_| random.below(now));
                for index in (seen..now).chain(older) {
                    listed.proves_in(&cube, index).unwrap();
                    checked += 1;
                }
                if polls % 16 == 4 {
                    let info = ended(lab.on_cube("info").arg("--json"));
                    assert_eq!(info.code, Some(0), "{}", info.stderr);
                    let info: serde_json::Value = serde_json::from_str(&info.stdout).unwrap();
                    assert!(info["committed"].as_u64().unwrap() >= now as u64);
                    let verified = ended(&mut lab.on_cube("verify"));
                    assert_eq!(verified.code, Some(0), "{}", verified.stderr);
                    asked += 1;
                }
                polls += 1;
                seen = now;
            }
            if over {
                break;
            }
        }
        let ended = ended_child(child);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let listed = Listed::read(&fs::read(lab.journal()).unwrap());
        assert_eq!(listed.header.unwrap()["shape"][0], seen);
        println!(
            "polling_reader: --io {io}: {polls} readings, {asked} times info and verify, {checked} digests of {seen} snapshots: none torn, none uncommitted"
        );
    }
}

/// Beside runs that start the cube over, a reader sees the values of one of them or an error, and no damage.
#[test]
fn readers_beside_forced_restarts() {
    let problem = |outtime: f64| {
        format!(
            "dx = 2.0; runtime = 20; outtime = {outtime}; initial = {{kind = \"constant\", value = 3.0}}"
        )
    };
    let lab = Lab::new(&problem(1.0));
    let restart = |number: usize| {
        let outtime = format!("outtime={}", 1 + number % 2);
        let ended = ended(&mut lab.run(&["--force", "--threads", "1", "--set", &outtime]));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    };
    restart(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut read, mut refused) = (0, 0);
            while !is_over.load(Ordering::Relaxed) {
                let probed = ended(lab.on_cube("probe").args(["--at", "0,5,5"]));
                let is_right = probed.stdout.trim_end().ends_with(",3.0");
                match probed.code {
                    Some(0) if is_right => read += 1,
                    // Nothing is committed yet, or the files are not there.
                    Some(1 | 2) if probed.stdout.is_empty() => refused += 1,
                    _ => panic!("{probed:?}"),
                }
            }
            (read, refused)
        });
        let restarts = size(2000, 30);
        (1..=restarts).for_each(restart);
        is_over.store(true, Ordering::Relaxed);
        let (read, refused) = reader.join().unwrap();
        assert!(read > 0);
        println!(
            "readers_beside_forced_restarts: {restarts} restarts, {read} probes with the right value, {refused} refused"
        );
    });
}
