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
