//! Readers of a cube that is being written.

use super::lab::{Lab, Listed, Random, ended, ended_child, lines_so_far, size, wait_until};
use crate::common::seed::seeds;
use std::{
    fs::{self, File},
    process::Stdio,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// Whoever polls a run sees whole snapshots only, and never fewer than before.
#[test]
fn polling_reader() {
    seeds("polling_reader").map(Random::new).for_each(poll);
}

fn poll(mut random: Random) {
    for io in ["map", "write"] {
        let lab = Lab::new("dx = 0.1; runtime = 100; outtime = 0.5");
        let mut child = lab
            .run(&["--threads", "1", "--io", io])
            .stdout(Stdio::null())
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

/// An export that grows beside its run has committed snapshots only, each whole, whenever it is killed; the same command
/// makes it anew.
#[test]
fn growing_export() {
    seeds("growing_export")
        .map(Random::new)
        .for_each(export_beside_a_run);
}

fn export_beside_a_run(mut random: Random) {
    let lab = Lab::new("dx = 0.1; runtime = 100; outtime = 0.5");
    let store = lab.out.join("c.zarr");
    let mut child = lab
        .run(&["--threads", "1"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("a snapshot", || lines_so_far(&lab.journal()) > 1);
    let follow = || {
        let mut export = lab.on_cube("export");
        export.args([
            "--to",
            "zarr",
            "--follow",
            "--force",
            "--chunks",
            "1,300,300",
        ]);
        export.stdout(Stdio::piped()).stderr(Stdio::piped());
        export.spawn().unwrap()
    };
    let mut seen: Vec<(usize, Vec<u8>)> = Vec::new();
    let (mut kills, mut looks, mut since) = (0, 0, 0);
    let mut follower = follow();
    loop {
        let is_over = child.try_wait().unwrap().is_some();
        for index in 0..201 {
            let chunk = store.join(format!("p/c/{index}/0/0"));
            let Ok(bytes) = fs::read(chunk) else { continue };
            if seen.iter().all(|(known, _)| *known != index) || random.below(50) == 0 {
                let listed = Listed::read(&fs::read(lab.journal()).unwrap());
                assert!(index < listed.records.len(), "{index} is not committed yet");
                seen.push((index, bytes));
            }
        }
        looks += 1;
        if is_over {
            break;
        }
        if seen.len() > since + random.below(20) && kills < size(50, 5) {
            let _ = follower.kill();
            ended_child(follower);
            kills += 1;
            since = seen.len() + 3;
            follower = follow();
        }
    }
    assert_eq!(ended_child(child).code, Some(0));
    let told = ended_child(follower);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let cube = fs::read(&lab.cube).unwrap();
    for (index, bytes) in &seen {
        let frame = bytes.len();
        assert!(
            cube[4096 + index * frame..][..frame] == bytes[..],
            "snapshot {index} was torn"
        );
    }
    let all = Listed::read(&fs::read(lab.journal()).unwrap())
        .records
        .len();
    let last = fs::read(store.join(format!("p/c/{}/0/0", all - 1))).unwrap();
    assert!(cube.ends_with(&last));
    let names = fs::read_dir(&lab.out).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["c.journal", "c.npy", "c.zarr"]);
    println!(
        "growing_export: {looks} looks, {kills} kills, {} chunks: none torn, none uncommitted",
        seen.len()
    );
}

/// Beside runs that start the cube over, a reader sees the values of one of them or an error, and no damage.
#[test]
fn readers_beside_forced_restarts() {
    // A state that does not change: whatever is not 3 was never a value.
    let lab = Lab::new(
        "dx = 2.0; runtime = 20; outtime = 1; boundary = 3.0; initial = {kind = \"constant\", value = 3.0}",
    );
    let restart = |number: usize| {
        let outtime = format!("outtime={}", 1 + number % 2);
        let ended = ended(&mut lab.run(&["--force", "--threads", "1", "--set", &outtime]));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    };
    restart(0);
    let picture = lab.home.path().join("0000.png");
    let draw = || {
        let mut plot = lab.on_cube("plot");
        let drawn = ended(plot.args(["--snapshots", "0", "-o"]).arg(lab.home.path()));
        (drawn, fs::read(&picture).unwrap_or_default())
    };
    let (_, as_drawn_alone) = draw();
    let windowed = lab.home.path().join("w.npy");
    let reader = |number: usize| {
        let (told, is_right) = match number {
            0 => {
                let probed = ended(lab.on_cube("probe").args(["--at", "0,5,5"]));
                let is_right = probed.stdout.trim_end().ends_with(",3.0");
                (probed, is_right)
            }
            1 => {
                let told = ended(&mut lab.on_cube("stats"));
                let holds = |line: &str| told.stdout.lines().any(|told| told == line);
                let is_right = holds("min    3.0") && holds("max    3.0") && holds("nan    0");
                // Nothing is committed yet.
                let is_nothing = holds("count  0");
                (told, is_right || is_nothing)
            }
            2 => {
                let _ = fs::remove_file(&picture);
                let (mut told, drawn) = draw();
                // The names of pictures drawn before an error stand on stdout.
                if told.code != Some(0) {
                    told.stdout.clear();
                }
                (told, drawn == as_drawn_alone)
            }
            _ => {
                let mut window = lab.on_cube("window");
                window.args(["--window", "2,1,1", "--op", "max", "--follow", "-o"]);
                let told = ended(window.arg(&windowed));
                let bytes = fs::read(&windowed).unwrap_or_default();
                let _ = fs::remove_file(&windowed);
                assert!(
                    told.code == Some(0) || bytes.is_empty(),
                    "a result after an error: {told:?}"
                );
                let threes = bytes.len() >= 4096 && {
                    let (values, _) = bytes[4096..].as_chunks();
                    values.iter().all(|&value| f64::from_le_bytes(value) == 3.0)
                };
                (told, threes)
            }
        };
        match told.code {
            Some(0) if is_right => true,
            // Nothing is committed yet, the files are not there, or the run was started over.
            Some(1 | 2) if told.stdout.is_empty() => false,
            _ => panic!("reader {number}: {told:?}"),
        }
    };
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers = scope.spawn(|| {
            let mut counts = [[0; 2]; 4];
            for number in (0..4).cycle() {
                if is_over.load(Ordering::Relaxed) && number == 0 {
                    break;
                }
                counts[number][usize::from(reader(number))] += 1;
            }
            counts
        });
        let restarts = size(2000, 30);
        for number in 1..=restarts {
            if readers.is_finished() {
                break;
            }
            restart(number);
        }
        is_over.store(true, Ordering::Relaxed);
        let counts = readers.join().unwrap();
        for (number, (name, [refused, read])) in ["probe", "stats", "plot", "window --follow"]
            .iter()
            .zip(counts)
            .enumerate()
        {
            assert!(reader(number), "{name} does not read what is at rest");
            println!(
                "readers_beside_forced_restarts: {restarts} restarts, {name}: {read} with the right values, {refused} refused, 0 wrong"
            );
        }
    });
}
