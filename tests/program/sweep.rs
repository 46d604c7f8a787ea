//! Sweeps: every scenario has the bytes of its own run, on any number of threads and after any number of
//! kills.

use crate::common::{SMALL, Scene, journal::without_ids};
use serde_json::Value;
use std::{collections::BTreeSet, io::Write, process::Stdio, thread, time::Duration};

/// Scenarios of several lengths: a larger D takes more steps, a longer outtime fewer snapshots.
const SWEEP: &str = "\
params = \"p.toml\"
D = [0.5, 1, 2.5]
outtime = [1.25, 3]
";

const HEADER: u64 = 4096;

fn scene(sweep: &str) -> Scene {
    let scene = Scene::new();
    scene.write("p.toml", SMALL);
    scene.write("s.toml", sweep);
    scene
}

/// The rows of the table beside the cube, split at commas.
fn table(scene: &Scene, name: &str) -> Vec<Vec<String>> {
    let text = scene.text(name);
    let rows = text
        .lines()
        .map(|line| line.split(',').map(str::to_owned).collect());
    rows.collect()
}

#[test]
fn a_scenario_has_the_bytes_of_its_run_and_nan_behind_them() {
    for precision in ["f64", "f32"] {
        let scene = scene(&format!("{SWEEP}precision = \"{precision}\"\n"));
        scene.succeed("sweep s.toml -o s.npy --threads 2");
        let info: Value = serde_json::from_str(&scene.succeed("info s.npy --json").stdout).unwrap();
        let shape: Vec<usize> = info["shape"]
            .as_array()
            .unwrap()
            .iter()
            .map(|n| n.as_u64().unwrap() as usize)
            .collect();
        let [scenarios, snapshots, ny, nx] = shape[..] else {
            panic!("{shape:?}")
        };
        assert_eq!((scenarios, snapshots, ny, nx), (6, 4, 22, 22));
        let element = if precision == "f32" { 4 } else { 8 };
        let bytes = snapshots * ny * nx * element;
        let cube = scene.read("s.npy");
        let rows = table(&scene, "s.csv");
        assert_eq!(
            rows[0][..11],
            [
                "scenario",
                "D",
                "outtime",
                "dt",
                "nsteps",
                "nper",
                "snapshots",
                "time",
                "mass",
                "min",
                "max"
            ]
        );
        let told = scene.run("flux s.npy");
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.stderr.contains("is the cube of a sweep"), "{told}");
        let mut lengths = BTreeSet::new();
        for (number, row) in rows[1..].iter().enumerate() {
            assert_eq!(row[0], number.to_string());
            let run = format!(
                "run p.toml --force -o r.npy --set precision={precision} --set D={} --set outtime={}",
                row[1], row[2]
            );
            scene.succeed(&run);
            let own = scene.read("r.npy").split_off(HEADER as usize);
            let scenario = &cube[HEADER as usize + number * bytes..][..bytes];
            assert_eq!(scenario[..own.len()], own, "scenario {number}");
            let flux = scene.succeed("flux r.npy --snapshots -1").stdout;
            let flux: Vec<Vec<&str>> = flux.lines().map(|line| line.split(',').collect()).collect();
            let rates = 2..flux[0].len() - 1;
            assert_eq!(rows[0][11..], flux[0][rates.clone()]);
            assert_eq!(row[11..], flux[1][rates], "scenario {number}");
            let rest = &scenario[own.len()..];
            let is_nan = |value: &[u8]| match value.len() {
                4 => f32::from_le_bytes(value.try_into().unwrap()).is_nan(),
                _ => f64::from_le_bytes(value.try_into().unwrap()).is_nan(),
            };
            assert!(rest.chunks(element).all(is_nan), "scenario {number}");
            lengths.insert(own.len());
        }
        let told = scene.run("probe s.npy --at t=1,x=0,y=0");
        assert!(told.stderr.contains("give all of D, outtime"), "{told}");
        assert!(
            lengths.len() > 1,
            "some scenario must be shorter than another"
        );
        scene.succeed("verify s.npy");
    }
}

#[test]
fn a_sweep_takes_overrides_and_tells_results() {
    let scene = scene("params = \"p.toml\"\nD = [1, 2]\n");
    scene.succeed("sweep s.toml --set D=[0.5,1,2] --report r.json -o s.npy");
    let report = scene.text("r.json");
    for word in ["updates", "seconds", "ranks", "machine", "scenarios"] {
        assert!(report.contains(&format!("\"{word}\":")), "{report}");
    }
    let rows = table(&scene, "s.csv");
    assert_eq!(rows.len(), 4);
    // The results are those of the journal, which are those of the run.
    scene.succeed("run p.toml --set D=0.5 -o r.npy");
    let journal = scene.text("r.journal");
    let last = journal.lines().last().unwrap();
    for (name, value) in ["simtime", "mass", "min", "max"].iter().zip(&rows[1][6..]) {
        assert!(
            last.contains(&format!("\"{name}\":{value}")),
            "{name} {value} {last}"
        );
    }
    // Rates are those of the run, and are there once all scenarios are complete.
    let told = scene.succeed("flux r.npy --snapshots -1").stdout;
    let flux: Vec<Vec<&str>> = told.lines().map(|line| line.split(',').collect()).collect();
    let last = flux[0].len() - 1;
    assert_eq!(rows[0][10..], flux[0][2..last]);
    assert_eq!(rows[1][10..], flux[1][2..last]);
    let whole = scene.text("s.csv");
    let set = "sweep s.toml --set D=[0.5,1,2] -o p.npy --scenarios";
    scene.succeed(&format!("{set} 1:3"));
    assert!(
        scene
            .text("p.csv")
            .lines()
            .skip(1)
            .all(|row| row.ends_with(",,,,,,"))
    );
    scene.succeed(&format!("{set} 0:1"));
    assert_eq!(scene.text("p.csv"), whole);
    let told = scene.run("sweep s.toml --set E=1 -o x.npy");
    assert_eq!(told.code, Some(2), "{told}");
    assert_eq!(scene.run("sweep s.toml -o s.npy --resume").code, Some(2));
    scene.succeed("sweep s.toml --set D=[0.5,1,2] -o s.npy --resume");
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let scene = scene(SWEEP);
    for threads in [1, 2, 9] {
        scene.succeed(&format!(
            "sweep s.toml -o {threads}.npy --threads {threads}"
        ));
    }
    assert_eq!(scene.read("1.npy"), scene.read("2.npy"));
    assert_eq!(scene.read("1.npy"), scene.read("9.npy"));
}

#[test]
fn an_existing_output_is_refused_resumed_or_complete_as_that_of_a_run() {
    let scene = scene(SWEEP);
    let told = scene.succeed("sweep s.toml -o s.npy");
    let finished: BTreeSet<&str> = told.stdout.lines().collect();
    assert_eq!(finished.len(), 6, "{told}");
    let before = scene.read("s.npy");
    assert_eq!(scene.run("sweep s.toml -o s.npy").code, Some(2));
    assert_eq!(scene.succeed("sweep s.toml -o s.npy --resume").stdout, "");
    scene.write("s.toml", SWEEP.replace("2.5", "3.5"));
    let told = scene.run("sweep s.toml -o s.npy --resume");
    assert_eq!(told.code, Some(2));
    assert!(
        told.stderr.contains("D of scenario 4 was 2.5 and is 3.5"),
        "{told}"
    );
    assert_eq!(scene.read("s.npy"), before);
    let told = scene.run("run p.toml -o s.npy --resume");
    assert_eq!(told.code, Some(2), "{told}");
    assert_eq!(scene.read("s.npy"), before);
}

#[test]
fn damaged_snapshots_are_named_by_scenario_and_repaired() {
    let scene = scene(SWEEP);
    // One thread writes the lines in the order of the scenarios.
    scene.succeed("sweep s.toml -o s.npy --threads 1");
    let (sound, journal) = (scene.read("s.npy"), scene.text("s.journal"));
    let frame = 22 * 22 * 8;
    let mut damaged = sound.clone();
    damaged[HEADER as usize + (2 * 4 + 1) * frame + 77] ^= 1;
    scene.write("s.npy", &damaged);
    let told = scene.run("verify s.npy");
    assert_eq!(told.code, Some(3));
    assert_eq!(told.stdout, "s.npy: snapshot 1 of scenario 2 is damaged\n");
    scene.succeed("repair s.npy");
    assert_eq!(scene.read("s.npy"), sound);
    // The third line is lost, with its snapshot's digest.
    let lost: Vec<&str> = journal.lines().collect();
    let lost = [&lost[..2], &["{}"], &lost[3..]].concat().join("\n") + "\n";
    scene.write("s.journal", lost);
    assert_eq!(scene.run("verify s.npy").code, Some(3));
    scene.succeed("repair s.npy");
    assert_eq!(scene.text("s.journal"), journal);
}

#[test]
fn places_behind_the_last_snapshot_of_a_scenario_are_nan_again() {
    for precision in ["f64", "f32"] {
        let scene = scene(&format!("{SWEEP}precision = \"{precision}\"\n"));
        scene.succeed("sweep s.toml -o s.npy --threads 1");
        let (sound, journal) = (scene.read("s.npy"), scene.text("s.journal"));
        // Scenario 1 has fewer snapshots than there are places.
        let frame = (sound.len() - HEADER as usize) / 24;
        let last = HEADER as usize + 7 * frame;
        let mut zeros = sound.clone();
        zeros[last..last + frame].fill(0);
        scene.write("s.npy", &zeros);
        let told = scene.run("verify s.npy");
        assert_eq!(told.code, Some(3), "{told}");
        let sentence = "s.npy: place 3 of scenario 1, behind its last snapshot, is not NaN\n";
        assert_eq!(told.stdout, sentence);
        let told = scene.run("verify s.npy --json");
        let told: Value = serde_json::from_str(&told.stdout).unwrap();
        assert_eq!(told["damaged"], serde_json::json!([[1, 3]]));
        let told = scene.succeed("repair s.npy --json").stdout;
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["repaired"], serde_json::json!([[1, 3]]));
        assert!(scene.read("s.npy") == sound);
        for cut in [HEADER as usize, sound.len() / 3, sound.len() - frame - 9] {
            scene.write("s.npy", &sound[..cut]);
            scene.succeed("repair s.npy");
            assert!(scene.read("s.npy") == sound, "{cut}");
            assert_eq!(scene.text("s.journal"), journal);
        }
    }
}

#[test]
fn a_lost_line_comes_back_wherever_it_was() {
    let scene = scene("params = \"p.toml\"\nD = [1.0, 0.5]\n");
    scene.succeed("sweep s.toml -o s.npy --threads 1");
    let journal = scene.text("s.journal");
    let cube = scene.read("s.npy");
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let count = journal.lines().count();
    // A last line that is bad counts as torn.
    for lost in 1..count - 1 {
        let lines = journal.lines().enumerate();
        let left = lines.map(|(number, line)| if number == lost { "{}" } else { line });
        scene.write("s.journal", left.collect::<Vec<_>>().join("\n") + "\n");
        let told = scene.succeed("repair s.npy");
        assert!(told.stdout.contains("is repaired"), "line {lost}: {told}");
        assert_eq!(
            sorted(&scene.text("s.journal")),
            sorted(&journal),
            "line {lost}"
        );
        assert!(scene.read("s.npy") == cube);
        scene.succeed("verify s.npy");
    }
}

/// Each ends as its own run does; the places behind hold NaN, whatever happened on the way.
#[test]
fn scenarios_end_when_they_are_steady() {
    let scene = scene("params = \"p.toml\"\nD = [0.5, 1, 2.5]\n");
    scene.write(
        "p.toml",
        "D = 1\nx1 = -5\nx2 = 5\ndx = 0.5\nruntime = 20\nouttime = 1\nuntil = { steady = 0.005 }\n",
    );
    // One thread writes the lines in the order of the scenarios.
    scene.succeed("sweep s.toml -o s.npy --threads 1");
    let (cube, journal) = (scene.read("s.npy"), scene.text("s.journal"));
    let lengths = [21, 17, 10];
    let frame = (cube.len() - HEADER as usize) / (3 * 21);
    for ((number, length), d) in lengths.into_iter().enumerate().zip(["0.5", "1", "2.5"]) {
        scene.succeed(&format!("run p.toml -o r.npy --force --set D={d}"));
        let own = scene.read("r.npy").split_off(HEADER as usize);
        assert_eq!(own.len(), length * frame);
        let places = &cube[HEADER as usize + number * 21 * frame..][..21 * frame];
        assert!(places[..own.len()] == own, "scenario {number}");
        let is_nan = |value: &[u8]| f64::from_le_bytes(value.try_into().unwrap()).is_nan();
        assert!(places[own.len()..].chunks(8).all(is_nan));
        let row = &table(&scene, "s.csv")[number + 1];
        assert_eq!(row[5], length.to_string(), "{row:?}");
    }
    let told = scene.succeed("info s.npy").stdout;
    assert!(told.contains("D = 2.5, 10 of 10 snapshots"), "{told}");
    assert!(told.contains("committed  48 of 48 snapshots"), "{told}");
    scene.succeed("verify s.npy");
    // What is not there is left out, and that is said.
    let nodes = frame / 8;
    let sentence =
        "15 of 63 snapshots lie behind the ends of their scenarios and are left out; --keep-nan";
    let told = scene.succeed("stats s.npy --json");
    assert!(
        told.stdout.contains(&format!("\"count\":{},", 48 * nodes)),
        "{told}"
    );
    assert!(told.stderr.contains(sentence), "{told}");
    let told = scene.succeed("stats s.npy --keep-nan --json");
    assert!(told.stdout.contains("\"mean\":null"), "{told}");
    for (command, sentence) in [
        ("stats s.npy --select 2,10: --csv", sentence),
        ("coarsen s.npy --by 1,3,1,1 --op mean -o c.npy", sentence),
        (
            "probe s.npy --at 2,15,5,5",
            "or behind the end of a scenario, left out",
        ),
        ("map mean(a,scenario) a=s.npy -o m.npy", ""),
        ("stats c.npy --select 2,:3", ""),
        ("export s.npy --to csv -o e.csv", ""),
    ] {
        let told = scene.succeed(command);
        assert!(told.stderr.contains(sentence), "{command}: {told}");
    }
    let told = scene.succeed("stats m.npy --json --keep-nan").stdout;
    assert!(told.contains("\"nan\":0"), "{told}");
    let lines = scene.text("e.csv").lines().count();
    assert_eq!(lines, 1 + 48 * nodes);
    scene.succeed("sweep s.toml -o s.npy --resume");
    scene.succeed("plot s.npy -o d --quiet");
    assert!(scene.read("s.npy") == cube && scene.text("s.journal") == journal);
    for threads in [1, 3] {
        for part in ["1:2", ":1", "2:"] {
            scene.succeed(&format!(
                "sweep s.toml -o parts.npy --scenarios {part} --threads {threads}"
            ));
        }
        assert!(scene.read("parts.npy") == cube);
        for name in ["parts.npy", "parts.journal", "parts.csv"] {
            std::fs::remove_file(scene.path(name)).unwrap();
        }
    }

    // Killed after any commit.
    let lines: Vec<&str> = journal.lines().collect();
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    for count in (1..lines.len()).step_by(4).chain([22, 39, 48]) {
        scene.write("s.journal", lines[..count].join("\n") + "\n");
        let mut killed = cube.clone();
        let begun = [1, 22, 39].map(|first| count > first);
        for (number, _) in begun.into_iter().enumerate().filter(|(_, begun)| !begun) {
            killed[HEADER as usize + number * 21 * frame..][..21 * frame].fill(0);
        }
        scene.write("s.npy", &killed);
        scene.succeed("sweep s.toml -o s.npy --resume --threads 1");
        assert!(scene.read("s.npy") == cube, "{count} lines");
        assert_eq!(sorted(&scene.text("s.journal")), sorted(&journal));
    }

    // The line that says so is lost, with any other.
    for lost in [5, 30, 38, 39] {
        let left = lines.iter().enumerate();
        let left = left.map(|(number, line)| if number == lost { "{}" } else { line });
        scene.write("s.journal", left.collect::<Vec<_>>().join("\n") + "\n");
        scene.succeed("repair s.npy");
        assert_eq!(sorted(&scene.text("s.journal")), sorted(&journal), "{lost}");
        assert!(scene.read("s.npy") == cube, "{lost}");
        scene.succeed("verify s.npy");
    }
    let mut damaged = cube.clone();
    damaged[HEADER as usize + (2 * 21 + 12) * frame..][..8].fill(0);
    scene.write("s.npy", &damaged);
    let told = scene.run("verify s.npy");
    let sentence = "s.npy: place 12 of scenario 2, behind its last snapshot, is not NaN\n";
    assert_eq!((told.code, &*told.stdout), (Some(3), sentence));
    scene.succeed("repair s.npy");
    assert!(scene.read("s.npy") == cube);
}

#[test]
fn scenarios_of_different_shape_or_precision_are_refused() {
    for (sweep, sentence) in [
        ("params = \"p.toml\"\ndx = [1, 0.5]", "share one shape"),
        (
            "params = \"p.toml\"\nD = [1, 2]\nx2 = [10, 11]",
            "s.toml:3: x2 = 11 cannot be used: scenario 1 then has",
        ),
        (
            "params = \"p.toml\"\nprecision = [\"f64\", \"f32\"]",
            "share one precision",
        ),
        ("params = \"p.toml\"\nD = [1, -1]", "s.toml:2: D = -1"),
        ("params = \"gone.toml\"", "no such file"),
        ("D = [1]", "params"),
    ] {
        let scene = scene(sweep);
        let told = scene.run("sweep s.toml -o out/s.npy");
        assert_eq!(told.code, Some(2), "{sweep}\n{told}");
        assert!(told.stderr.contains(sentence), "{sweep}\n{told}");
        assert_eq!(scene.files(), ["p.toml", "s.toml"]);
    }
}

#[test]
fn wall_time_is_that_of_the_sweep_and_not_of_each_scenario() {
    let sweep = "params = \"p.toml\"\ndx = 0.1\nD = { from = 0.5, to = 2, count = 400 }\n";
    let scene = scene(sweep);
    // The wall time ends in the first scenario, and no other one begins.
    let limited = "sweep s.toml -o s.npy --threads 1 --max-walltime 1ms";
    let told = scene.run_held(7, limited);
    assert_eq!(told.code, Some(75), "{told}");
    assert!(told.stderr.contains("--resume"), "{told}");
    assert_eq!(told.stdout, "");
    assert!(scene.text("s.journal").lines().count() < 5);
    let again = scene.run_held(300, &format!("{limited} --resume"));
    assert_eq!(again.code, Some(75), "{again}");
}

/// Kills at moments spread over the duration of a sweep.
#[test]
fn a_killed_sweep_keeps_its_commits_and_ends_with_the_same_bytes() {
    let kills = match std::env::var_os("DIFF2D_FULL") {
        Some(_) => 50,
        None => 10,
    };
    let sweep =
        "params = \"p.toml\"\ndx = 0.1\nD = { from = 0.5, to = 2, count = 12, scale = \"log\" }\n";
    let scene = scene(sweep);
    scene.succeed("sweep s.toml -o whole.npy --threads 2");
    let whole = scene.read("whole.npy");
    let mut killed = 0;
    for round in 0.. {
        if killed >= kills {
            break;
        }
        let mut committed = Vec::new();
        for attempt in 0..4_u64 {
            let mut child = scene
                .diff2d()
                .args([
                    "sweep",
                    "s.toml",
                    "-o",
                    "s.npy",
                    "--resume",
                    "--threads",
                    "2",
                ])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // Another moment every time.
            thread::sleep(Duration::from_micros(
                500 + (round * 4 + attempt) % 23 * 2_000,
            ));
            let _ = child.kill();
            killed += u32::from(child.wait().unwrap().code().is_none());
            let journal = if scene.exists("s.journal") {
                scene.read("s.journal")
            } else {
                Vec::new()
            };
            let lines = journal
                .split_inclusive(|&byte| byte == b'\n')
                .filter(|line| line.ends_with(b"\n"));
            let lines: Vec<Vec<u8>> = lines.map(<[u8]>::to_vec).collect();
            assert!(
                lines.len() >= committed.len() && lines[..committed.len()] == committed[..],
                "committed lines stay"
            );
            committed = lines;
        }
        scene.succeed("sweep s.toml -o s.npy --resume");
        assert_eq!(scene.read("s.npy"), whole);
        for name in ["s.npy", "s.journal", "s.csv"] {
            std::fs::remove_file(scene.path(name)).unwrap();
        }
        assert!(round < 500, "the sweep is never there to be killed");
    }
}

/// Eight processes, each with some of the scenarios, of which any is killed at any moment and started again.
#[test]
fn processes_that_are_killed_at_random_fill_one_sweep() {
    const PROCESSES: usize = 8;
    let full = std::env::var_os("DIFF2D_FULL").is_some();
    let (count, kills): (usize, usize) = if full { (500, 200) } else { (40, 12) };
    let scene = scene(&format!(
        "params = \"p.toml\"\ndx = 0.1\nD = {{ from = 0.5, to = 2, count = {count} }}\n"
    ));
    scene.succeed("sweep s.toml -o whole.npy --threads 2");
    let each = count.div_ceil(PROCESSES);
    let start = |number: usize| {
        let part = format!("{}:{}", number * each, (number + 1) * each);
        let arguments = "sweep s.toml -o s.npy --threads 1 --quiet --scenarios".split(' ');
        let mut command = scene.diff2d();
        command.args(arguments).arg(part).stdout(Stdio::null());
        command.stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut killed = 0;
    for round in 0_u64.. {
        let mut processes: Vec<_> = (0..PROCESSES).map(start).collect();
        for attempt in 0..kills as u64 {
            thread::sleep(Duration::from_micros(
                (round * 7 + attempt * 13) % 23 * 1_000,
            ));
            let number = (attempt * 5 + round) as usize % PROCESSES;
            let _ = processes[number].kill();
            killed += usize::from(processes[number].wait().unwrap().code().is_none());
            processes[number] = start(number);
        }
        for process in processes {
            let output = process.wait_with_output().unwrap();
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{stderr}");
            let are_warnings = stderr
                .lines()
                .all(|line| line.starts_with("diff2d: warning: "));
            assert!(are_warnings, "{stderr}");
        }
        assert!(scene.read("s.npy") == scene.read("whole.npy"));
        assert_eq!(scene.text("s.csv"), scene.text("whole.csv"));
        let lines = |name: &str| -> BTreeSet<String> {
            let lines = without_ids(&scene.text(name)).into_iter();
            let lines: BTreeSet<String> = lines.collect();
            assert_eq!(lines.len(), scene.text(name).lines().count());
            lines
        };
        assert_eq!(lines("s.journal"), lines("whole.journal"));
        scene.succeed("verify s.npy");
        for name in ["s.npy", "s.journal", "s.csv"] {
            std::fs::remove_file(scene.path(name)).unwrap();
        }
        if killed >= kills {
            break;
        }
        assert!(round < 100, "the processes are never there to be killed");
    }
}

/// A process that has committed something. It may be held behind a step of its first scenario.
fn begun(scene: &Scene, arguments: &str, held: Option<u64>) -> std::process::Child {
    let mut command = scene.diff2d();
    command.args(arguments.split(' ')).stdout(Stdio::null());
    command.envs(held.map(|step| ("DIFF2D_HOLD_AFTER", step.to_string())));
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    while !scene.exists("s.journal") || scene.text("s.journal").lines().count() < 2 {
        assert_eq!(child.try_wait().unwrap(), None);
        thread::sleep(Duration::from_millis(1));
    }
    child
}

#[test]
fn scenarios_are_locked_each_for_itself() {
    let scene = scene("params = \"p.toml\"\ndx = 0.2\nD = [0.5, 1, 1.5, 2]\n");
    let mut child = begun(&scene, "sweep s.toml -o s.npy --scenarios 1:3", Some(1));
    for (arguments, code, said) in [
        (
            "sweep s.toml -o s.npy --scenarios 2:",
            1,
            "another process computes some of these",
        ),
        (
            "sweep s.toml -o s.npy --scenarios :2",
            1,
            "choose others with --scenarios",
        ),
        (
            "sweep s.toml -o s.npy --resume",
            1,
            "another run is writing this cube",
        ),
        (
            "sweep s.toml -o s.npy --force",
            1,
            "another run is writing this cube",
        ),
        ("repair s.npy", 1, "another run is writing this cube"),
        (
            "sweep s.toml -o s.npy --scenarios :1 --set dx=0.04",
            2,
            "dx",
        ),
        (
            "sweep s.toml -o s.npy --scenarios 4:9",
            0,
            "the sweep has 4 scenarios, and none is left for this process",
        ),
        (
            "sweep s.toml -o s.npy --scenarios 3:3",
            2,
            "some of the 4 scenarios, such as 0:2",
        ),
        (
            "sweep s.toml -o s.npy --scenarios 4",
            2,
            "some of the 4 scenarios, such as 0:2",
        ),
        (
            "sweep s.toml -o s.npy --scenarios a:b",
            2,
            "some of the 4 scenarios",
        ),
        (
            "sweep s.toml -o s.npy --scenarios 0:1 --force",
            2,
            "cannot be used with",
        ),
        (
            "sweep s.toml -o s.npy --scenarios 0:1 --no-lock",
            2,
            "cannot be used with",
        ),
        (
            "sweep s.toml -o s.npy --scenarios :1 --max-walltime 1ms",
            75,
            "--scenarios :1 --max-walltime 1ms -o s.npy",
        ),
    ] {
        let told = scene.run_held(7, arguments);
        assert_eq!(told.code, Some(code), "{arguments}: {told}");
        assert!(told.stderr.contains(said), "{arguments}: {told}");
    }
    child.kill().unwrap();
    child.wait().unwrap();

    // Nor beside the whole sweep.
    for name in ["s.npy", "s.journal", "s.csv"] {
        let _ = std::fs::remove_file(scene.path(name));
    }
    let mut child = begun(&scene, "sweep s.toml -o s.npy", Some(1));
    let told = scene.run("sweep s.toml -o s.npy --scenarios :1");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stderr.contains("or the whole sweep"), "{told}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What a killed process has torn, another one that is at work cuts off before it appends.
#[test]
fn a_line_that_another_process_has_torn_is_cut_off() {
    let scene = scene("params = \"p.toml\"\ndx = 0.05\nD = [0.5, 1, 1.5, 2]\n");
    scene.succeed("sweep s.toml -o whole.npy");
    let mut child = begun(
        &scene,
        "sweep s.toml -o s.npy --scenarios 1: --threads 1",
        None,
    );
    let torn = &scene
        .text("whole.journal")
        .lines()
        .last()
        .unwrap()
        .to_owned()[..50];
    // In no turn: what another process appends at this moment may stand behind it.
    let append = || {
        let mut journal = std::fs::OpenOptions::new();
        let mut journal = journal.append(true).open(scene.path("s.journal")).unwrap();
        journal.write_all(torn.as_bytes()).unwrap();
    };
    append();
    assert!(child.wait().unwrap().success());
    append();
    let told = scene.succeed("sweep s.toml -o s.npy --scenarios :1");
    assert_eq!(told.stdout, "0\n");
    assert!(scene.read("s.npy") == scene.read("whole.npy"));
    assert_eq!(
        scene.text("s.journal").lines().count(),
        scene.text("whole.journal").lines().count()
    );
    scene.succeed("verify s.npy");
    let told = scene.succeed("sweep s.toml -o s.npy --scenarios :1");
    assert!(
        told.stderr
            .contains("nothing to do: all snapshots are there in s.npy"),
        "{told}"
    );
}

/// Scenarios may be complete in any order. A reader that is told which takes them, and none takes for data what is not there.
#[test]
fn readers_name_complete_scenarios_that_they_leave_out() {
    let scene = scene("params = \"p.toml\"\ndx = 1\nD = [0.5, 1, 1.5, 2]\n");
    scene.succeed("sweep s.toml -o whole.npy");
    scene.succeed("sweep s.toml -o s.npy --scenarios 2:");
    let read_up_to_0 = "diff2d: s.npy is read up to scenario 0, which is not complete; \
        behind it 2:4 are, and 's.npy[2:4]' takes them\n";
    let of_1 = "scenario 1 of s.npy is not complete; 2:4 are\n";
    for (command, sentence) in [
        ("stats s.npy", read_up_to_0),
        ("stats s.npy --select :,0", read_up_to_0),
        ("stats s.npy --axis y,x -o o.npy", read_up_to_0),
        ("stats s.npy[::2]", read_up_to_0),
        ("stats s.npy[t=0]", "no coordinates are known along t"),
        ("map 2*a a=s.npy -o o.npy", read_up_to_0),
        (
            "window s.npy --window 1,1,3,3 --op mean -o o.npy",
            read_up_to_0,
        ),
        (
            "coarsen s.npy --by 1,1,3,3 --op mean -o o.npy",
            read_up_to_0,
        ),
        ("compare s.npy s.npy", read_up_to_0),
        ("compare whole.npy s.npy --atol 1 -o o.npy", read_up_to_0),
        ("distribute s.npy", read_up_to_0),
        ("probe s.npy --series --at 0,3,3", read_up_to_0),
        ("probe s.npy --at :,0,3,3", read_up_to_0),
        ("probe s.npy --at 1,0,3,3", of_1),
        ("probe s.npy --at scenario=1,t=0,y=0,x=0", of_1),
        ("probe s.npy --at D=1,t=0,y=0,x=0", "no complete scenario"),
        ("stats s.npy --select 1:", of_1),
        ("stats s.npy[-3]", of_1),
        ("stats s.npy[scenario=1:3]", of_1),
        ("map 2*a a=s.npy[1::2] -o o.npy", of_1),
        ("export s.npy[1:] --to csv -o -", of_1),
        ("stats s.npy[4]", "axis 0 of s.npy has 4 committed so far"),
        (
            "plot s.npy --snapshots :2 -o o.png",
            "scenarios of s.npy that are not complete are left out: 0 to 1, and no other is chosen",
        ),
    ] {
        let told = scene.run(command);
        assert_eq!(
            (told.code, &*told.stdout),
            (Some(2), ""),
            "{command}: {told}"
        );
        assert!(told.stderr.contains(sentence), "{command}: {told}");
        assert!(!scene.exists("o.npy"), "{command}");
    }
    let told = scene.run("stats s.npy --follow");
    assert_eq!(told.code, Some(1), "{told}");
    let sentence = "holds 0 of 4 scenarios without a gap: `diff2d sweep --resume` continues it";
    assert!(told.stderr.contains(sentence), "{told}");

    // What is chosen is what it is of the whole sweep.
    let chosen = [
        "stats CUBE[2:]",
        "stats CUBE --select 2:4",
        "stats CUBE --select 2:,0,::2",
        "stats CUBE --axis y,x --select 3",
        "stats CUBE[-1]",
        "stats CUBE[3::5,:2]",
        "stats CUBE[D=1.5]",
        "stats CUBE[scenario=2:]",
        "probe CUBE --at 2,0,3,3 --at -1,:,5,5",
        "probe CUBE --at scenario=3,t=1,y=0,x=0",
        "probe CUBE --at D=2,t=1,y=0,x=0",
        "map a*mean(a,t) a=CUBE[2:] -o RESULT",
        "window CUBE --select 2: --window 2,1,3,3 --op mean -o RESULT",
        "coarsen CUBE[2:] --by 2,1,3,3 --op max -o RESULT",
        "compare CUBE[2:] whole.npy[2:] -o RESULT",
        "export CUBE[2:] --to csv -o RESULT",
        "plot CUBE --snapshots 2: -o RESULT --sheet=only",
        "plot CUBE[2] --snapshots -1 -o RESULT",
    ];
    for command in chosen {
        let answer = |cube: &str| {
            let (told, extension) = (
                "RESULT",
                if command.starts_with("plot") {
                    "png"
                } else {
                    "npy"
                },
            );
            let result = format!("result.{extension}");
            let words = command.replace("CUBE", cube).replace(told, &result);
            let told = scene.succeed(&words);
            let written = scene.exists(&result).then(|| scene.read(&result));
            let _ = std::fs::remove_file(scene.path(&result));
            let said = [told.stdout, told.stderr].map(|text| text.replace(cube, "CUBE"));
            (said, written)
        };
        assert!(answer("s.npy") == answer("whole.npy"), "{command}");
    }

    // Of a sweep that is read up to a gap, all that is behind it is named.
    scene.succeed("sweep s.toml -o s.npy --scenarios :1");
    let note = "s.npy is read up to scenario 1, which is not complete; behind it 2:4 are";
    for (command, same) in [
        ("stats s.npy", "stats whole.npy[:1]"),
        ("stats s.npy[::3]", "stats whole.npy[:1]"),
        (
            "probe s.npy --series --at 0,3,3",
            "probe whole.npy --at 0,0,3,3",
        ),
        ("map 2*a a=s.npy -o m.npy --force", ""),
        ("compare s.npy s.npy", ""),
        ("plot s.npy -o pictures", ""),
    ] {
        let told = scene.succeed(command);
        let note = if command.starts_with("plot") {
            "left out: 1\n"
        } else {
            note
        };
        assert!(told.stderr.contains(note), "{command}: {told}");
        if !same.is_empty() {
            assert_eq!(told.stdout, scene.succeed(same).stdout, "{command}");
        }
    }
    assert_eq!(
        scene
            .files()
            .iter()
            .filter(|name| name.contains("pictures/"))
            .count(),
        3
    );
    for command in [
        "stats s.npy[0]",
        "stats s.npy --select 2:",
        "export s.npy --to csv -o e.csv",
    ] {
        let told = scene.succeed(command);
        assert!(!told.stderr.contains("is read up to"), "{command}: {told}");
    }
    // Scenarios that have begun are not complete.
    let journal = scene.text("s.journal");
    let first_lines: Vec<&str> = journal.lines().take(3).collect();
    scene.write("s.journal", first_lines.join("\n") + "\n");
    for command in [
        "map 2*a a=s.npy -o m.npy --force",
        "stats s.npy",
        "stats s.npy[2:]",
        "stats s.npy --select -1:",
    ] {
        let told = scene.run(command);
        assert_eq!(
            (told.code, &*told.stdout),
            (Some(2), ""),
            "{command}: {told}"
        );
        assert!(
            told.stderr.contains("no scenario of s.npy is complete yet"),
            "{command}: {told}"
        );
    }
}

#[test]
fn all_that_is_wrong_with_a_sweep_is_said_at_once() {
    let scene = scene(
        "params = \"p.toml\"\nD = [1, -1, \"x +\"]\nouttime = [0.5, -1]\nDD = 3\ncombine = \"all\"\n",
    );
    let told = scene.run("sweep s.toml -o s.npy");
    assert_eq!(told.code, Some(2), "{told}");
    for sentence in ["D = -1", "x +", "outtime = -1", "DD", "combine must be"] {
        assert!(told.stderr.contains(sentence), "{sentence}: {told}");
    }
    // Every sentence once, whatever the number of scenarios it is true of.
    scene.write(
        "s.toml",
        "params = \"p.toml\"\nD = [1, 2, 3]\nruntime = -1\nx2 = -11\n",
    );
    let told = scene.run("sweep s.toml -o s.npy");
    assert_eq!(
        told.stderr.matches("s.toml:3: runtime = -1").count(),
        1,
        "{told}"
    );
    assert_eq!(
        told.stderr.matches("s.toml:4: x2 = -11").count(),
        1,
        "{told}"
    );
    // Scenarios that do not fit into one array, and one that cannot be run.
    scene.write("s.toml", "params = \"p.toml\"\ndx = [1, 0.5, 100]\n");
    let told = scene.run("sweep s.toml -o s.npy");
    assert!(told.stderr.contains("scenario 1 then has"), "{told}");
    assert!(told.stderr.contains("dx = 100"), "{told}");
    assert_eq!(scene.files(), ["p.toml", "s.toml"]);
}

/// What a spreadsheet does to a table costs no scenario.
#[test]
fn a_table_that_a_spreadsheet_has_saved_is_written_again() {
    let scene = scene(SWEEP);
    scene.succeed("sweep s.toml -o s.npy");
    let (table, cube) = (scene.text("s.csv"), scene.read("s.npy"));
    let saved = [
        table.replace('\n', "\r\n"),
        format!("\u{feff}{}", table.replace(',', ";")),
    ];
    for command in ["repair s.npy", "sweep s.toml -o s.npy --resume"] {
        for saved in &saved {
            scene.write("s.csv", saved);
            scene.succeed(command);
            assert_eq!(scene.text("s.csv"), table, "{command}");
        }
    }
    std::fs::remove_file(scene.path("s.csv")).unwrap();
    let told = scene.succeed("repair s.npy").stdout;
    assert!(told.contains("s.csv: the table is written again"), "{told}");
    assert_eq!(scene.text("s.csv"), table);
    scene.write("s.csv", "my,own\n");
    scene.succeed("repair s.npy");
    assert_eq!(scene.text("s.csv"), "my,own\n");
    assert!(scene.read("s.npy") == cube);
}

#[test]
fn the_table_of_somebody_else_is_not_replaced() {
    let scene = scene(SWEEP);
    scene.write("s.csv", "my,own\n");
    for options in ["", "--resume"] {
        let told = scene.run(&format!("sweep s.toml -o s.npy {options}"));
        assert_eq!(told.code, Some(2), "{told}");
        assert!(
            told.stderr.contains("is not the table of this sweep"),
            "{told}"
        );
        assert_eq!(scene.text("s.csv"), "my,own\n");
    }
    assert!(!scene.path("s.npy").exists());
    scene.succeed("sweep s.toml -o s.npy --force");
    let own = scene.text("s.csv");
    assert!(own.starts_with("scenario,D,outtime,"), "{own}");
    scene.succeed("sweep s.toml -o s.npy --resume");
    // The table of another sweep is somebody's work, too; what follows ours is not ours.
    for other in [own.replace("2.5", "3.5"), format!("{own}# note\n")] {
        scene.write("t.csv", &other);
        let told = scene.run("sweep s.toml -o t.npy");
        assert_eq!(told.code, Some(2), "{told}");
        assert_eq!(scene.text("t.csv"), other);
    }
    scene.write("t.csv", &own);
    scene.succeed("sweep s.toml -o t.npy");
}

#[test]
fn values_with_commas_are_quoted_in_the_table() {
    let scene = scene(
        "params = \"p.toml\"\ninitial.kind = \"gaussian\"\ninitial.sigma = [1, 2]\nboundary.top = [1, \"max(t,1)\"]\n",
    );
    let told = scene.run("sweep s.toml -o s.npy");
    if told.code == Some(2) {
        panic!("{told}");
    }
    let rows = scene.text("s.csv");
    assert!(rows.contains("\n0,1.0,1.0,"), "{rows}");
    assert!(rows.contains("\n1,1.0,\"max(t,1)\","), "{rows}");
}

/// Tables and titles name files as a sweep does, titles have as many lines as they need, and axes have names.
#[test]
fn files_and_axes_of_a_sweep_have_the_names_that_people_gave_them() {
    let scene = Scene::small();
    for (name, value) in [("a", 1), ("b", 2)] {
        scene.succeed(&format!("create {name}.npy --shape 22,22 --fill {value}"));
    }
    scene.write(
        "sweep.toml",
        "params = \"p.toml\"\ninitial.kind = \"file\"\ninitial.path = [\"a.npy\", \"b.npy\"]\n\
         runtime = { from = 0.5, to = 1.5, count = 2 }\nouttime = 0.5\nboundary.left = [0.25, 0.5]\ncombine = \"zip\"\n",
    );
    scene.succeed("sweep sweep.toml -o s.npy");
    let table = scene.text("s.csv");
    let paths: Vec<&str> = table
        .lines()
        .skip(1)
        .filter_map(|row| row.split(',').find(|cell| cell.ends_with(".npy")))
        .collect();
    assert_eq!(paths, ["a.npy", "b.npy"], "{table}");
    scene.succeed("plot s.npy --sheet -o s.svg");
    let words = words_of(&scene.text("s.svg"));
    for whole in ["initial.path = a.npy", "boundary.left = 0.5"] {
        assert!(words.contains(whole), "{words}");
    }
    let [named, numbered] = ["y,x", "2,3"].map(|axes| {
        scene
            .succeed(&format!("stats s.npy --axis {axes} --csv"))
            .stdout
    });
    assert_eq!(named, numbered);
}

/// The texts of a picture, one after the other.
fn words_of(svg: &str) -> String {
    let parts = svg.split("</text>");
    let texts = parts.filter_map(|part| part.rsplit('>').next());
    texts.collect::<Vec<_>>().join(" ")
}

/// What a sweep varies in a table has its own name and value everywhere.
#[test]
fn values_in_tables_are_told_by_their_dotted_names() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 1e-4\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 1.4\nouttime = 0.7\n\
         boundary = { left = 'T(t)', right = { robin = [1, 1e-4, 0] }, bottom = 'insulated', top = 'insulated' }\n\
         held = [{ where = 'x > 0.7', value = 1 }]\n\
         [function.T]\nfile = 'cold.csv'\n[function.k]\npoints = [[0, 1], [2, 3]]\n",
    );
    scene.write("cold.csv", "t,T\n0,-5\n5,0\n");
    scene.write("mild.csv", "t,T\n0,5\n5,10\n");
    for (sweep, key, values) in [
        (
            "[function.T]\nfile = ['cold.csv', 'mild.csv']",
            "function.T.file",
            ["cold.csv", "mild.csv"],
        ),
        (
            "'function.k.points.1.1' = [4, 5]",
            "function.k.points.1.1",
            ["4.0", "5.0"],
        ),
        (
            "'boundary.right.robin.0' = [2, 3]",
            "boundary.right.robin.0",
            ["2.0", "3.0"],
        ),
        ("'held.0.value' = [2, 3]", "held.0.value", ["2.0", "3.0"]),
        (
            "'function.k.points' = [[[0, 1], [2, 3]], [[0, 1], [2, 4]]]",
            "function.k.points",
            ["[[0.0,1.0],[2.0,3.0]]", "[[0.0,1.0],[2.0,4.0]]"],
        ),
    ] {
        scene.write("s.toml", format!("params = 'p.toml'\n{sweep}\n"));
        scene.succeed("sweep s.toml -o s.npy --force");
        let table = scene.text("s.csv");
        assert!(table.starts_with(&format!("scenario,{key},")), "{table}");
        for value in values {
            assert!(table.contains(value), "{table}");
        }
        let info = scene.succeed("info s.npy --json").stdout;
        let info: serde_json::Value = serde_json::from_str(&info).unwrap();
        assert_eq!(info["varied"], serde_json::json!([key]));
        let plan = scene.succeed("plan s.toml --json").stdout;
        let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
        assert_eq!(plan["varied"], info["varied"]);
        scene.succeed("export s.npy --to zarr --force");
        assert!(scene.exists(&format!("s.zarr/{key}/zarr.json")), "{key}");
        scene.succeed("plot s.npy --sheet -o s.svg --force");
        // Arrays have commas, which part what --at names.
        if !values[1].contains(',') {
            let words = words_of(&scene.text("s.svg"));
            // A title may have two lines.
            for part in [key, &format!("= {}", values[1].trim_end_matches(".0"))] {
                assert!(words.contains(part), "{part}: {words}");
            }
            let at = format!("{key}={},t=0,y=0,x=0", values[1]);
            let answer = scene.succeed(&format!("probe s.npy --at {at}"));
            assert!(answer.stdout.contains("\n1,0,0,0,"), "{answer}");
        }
    }
}

/// A body between a hot wall and insulated ones, whose middle passes 0.5 at 0.38 with D = 1.
const PASSING: &str = "D = 'a'\nx1 = 0\nx2 = 1\ny1 = 0\ny2 = 0.5\ndx = 0.25\ngrid = 'walls'\nruntime = 1\nouttime = 0.1\n\
    constants = { a = 1.0 }\ninitial = { kind = 'constant', value = 0.0 }\n\
    boundary = { left = 1.0, right = 'insulated', bottom = 'insulated', top = 'insulated' }\n\
    record = { every = 0.01, points = { m = [1.0, 0.25] } }\nuntil = { column = 'm', above = 0.5 }\n";

#[test]
fn the_table_says_when_each_scenario_passed_its_limit() {
    let scene = Scene::new();
    scene.write("p.toml", PASSING);
    scene.write(
        "s.toml",
        "params = 'p.toml'\n'constants.a' = ['2/3', '0.01', '2 - 1']\n",
    );
    let told = scene.succeed("sweep s.toml -o s.npy --quiet");
    let sentence = "warning: 1 of 3 scenarios never met the condition of until";
    assert!(told.stderr.contains(sentence), "{told}");
    let rows = table(&scene, "s.csv");
    assert_eq!(rows[0].last().unwrap(), "until_t");
    // Formulas of numbers are numbers.
    let column = |place: usize| rows[1..].iter().map(move |row| row[place].clone());
    let values = ["0.6666666666666666", "0.01", "1.0"];
    assert_eq!(column(1).collect::<Vec<_>>(), values);
    for (number, value) in values.into_iter().enumerate() {
        let end = rows[number + 1].last().unwrap();
        scene.succeed(&format!(
            "run p.toml -o r.npy --force -q --set constants.a={value}"
        ));
        let info = scene.succeed("info r.npy --json").stdout;
        let info: serde_json::Value = serde_json::from_str(&info).unwrap();
        let t = info["ended"]["t"].as_f64();
        assert_eq!(end.parse().ok(), t, "{value}: {end}");
    }
    // The digits that a number has beyond those typed may be left out, if three are typed.
    let probe = |value: &str| {
        scene.run(&format!(
            "probe s.npy --at constants.a={value},t=0.1,y=0,x=1"
        ))
    };
    assert!(probe("0.667").stdout.contains("\n0,"), "{}", probe("0.667"));
    assert_eq!(probe("0.7").code, Some(2));
    scene.succeed("sweep s.toml -o s.npy --resume");
}

#[test]
fn until_that_held_from_the_start_or_was_never_met_is_reported() {
    let scene = Scene::new();
    scene.write("p.toml", PASSING);
    for (limit, sentence) in [
        (
            "above=-1.0",
            "until held from the start: m is 0.0 at t = 0.0, above -1.0 already",
        ),
        ("below=0.7", "until held from the start: m is 0.0"),
        (
            "above=1.5",
            "until was not met, and the run went on to its end: it would have been the first snapshot after a row whose m is above 1.5",
        ),
        ("above=0.3", ""),
    ] {
        let told = scene.run(&format!(
            "run p.toml -o p.npy --force --quiet --set until={{column=\"m\",{limit}}}"
        ));
        assert_eq!(told.code, Some(0), "{told}");
        let has_sentence = told.stderr.contains(sentence);
        let has_any = told.stderr.contains("until ");
        assert_eq!(
            (has_sentence, has_any),
            (true, !sentence.is_empty()),
            "{told}"
        );
    }
}

#[test]
fn info_lists_ten_scenarios_unless_it_is_asked_for_others() {
    let scene = Scene::new();
    scene.write("p.toml", PASSING);
    let values: Vec<String> = (1..=12).map(|value| value.to_string()).collect();
    let sweep = format!(
        "params = 'p.toml'\n'constants.a' = [{}]\n",
        values.join(", ")
    );
    scene.write("s.toml", sweep);
    scene.succeed("sweep s.toml -o s.npy -q");
    for (options, listed) in [("", 10), ("--scenarios :", 12), ("--scenarios -2:", 2)] {
        let told = scene.succeed(&format!("info s.npy {options}")).stdout;
        let count = told
            .lines()
            .filter(|line| line.starts_with("scenario "))
            .count();
        assert_eq!(count, listed, "{told}");
        assert_eq!(
            told.contains("more: --scenarios : lists all"),
            listed < 12,
            "{told}"
        );
    }
    assert_eq!(scene.run("info s.npy --scenarios 12").code, Some(2));
}
