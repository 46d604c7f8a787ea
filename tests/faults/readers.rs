//! Readers of a cube that is being written.

use super::lab::{Lab, Listed, Random, ended, ended_child};
use std::fs::{self, File};

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
