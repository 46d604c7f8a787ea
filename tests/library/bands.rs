//! States larger than the memory that a run may take: where a stopped run goes on, the files that are left, and what is
//! refused.

use crate::common::{
    Scene, program, sample_size,
    seed::{Random, seeds},
};
use diff2d::{Outcome, Problem, Run};
use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
};

const SMALL: &str = "D = 1\nx1 = 0\nx2 = 1\ndx = 0.01\nruntime = 0.01\nouttime = 0.005\n";

#[test]
fn a_run_in_bands_goes_on_where_it_was_stopped() {
    goes_on(None);
}

#[test]
fn so_does_one_whose_state_lies_elsewhere() {
    goes_on(Some("disk"));
}

/// The state lies beside the cube, or after the first stop in a directory.
fn goes_on(directory: Option<&str>) {
    let scene = Scene::new();
    let problem: Problem = SMALL.parse().unwrap();
    let directory = directory.map(|name| scene.path(name));
    directory
        .iter()
        .for_each(|path| fs::create_dir(path).unwrap());
    let elsewhere = || match &directory {
        Some(path) => fs::read_dir(path).unwrap().count(),
        None => 0,
    };
    let run = |name: &str| Run::new(&problem).output(scene.path(name)).resume(true);
    run("m.npy").start().unwrap();
    let memory = program(problem.grid.len()) + problem.field_bytes() * 4;
    let last_step = problem.schedule.last_step();
    // Every start comes a little further before it is stopped, also exactly to a snapshot.
    let stops = [1, 10, 47, 199, 200, 201, 333, last_step - 1];
    for (number, &step) in stops.iter().enumerate() {
        let is_elsewhere = number > 0 && directory.is_some();
        let scratch = directory.clone().filter(|_| is_elsewhere);
        let progress = diff2d::Progress::default();
        let run = run("b.npy").memory(memory).scratch(scratch);
        let run = run.progress(progress.clone()).stop_after(step);
        assert_eq!(run.start().unwrap().outcome, Outcome::Stopped(0));
        assert_eq!(progress.done(), step);
        assert_eq!(elsewhere(), usize::from(is_elsewhere), "{step}");
        assert_eq!(scene.exists("b.scratch"), !is_elsewhere, "{step}");
    }
    let run = run("b.npy").memory(memory).scratch(directory.clone());
    assert_eq!(run.start().unwrap().outcome, Outcome::Done);
    assert!(scene.cube_and_journal("m") == scene.cube_and_journal("b"));
    assert!(!scene.exists("b.scratch") && elsewhere() == 0);
}

#[test]
fn what_cannot_be_in_bands_is_refused_in_a_sentence() {
    let scene = Scene::new();
    scene.write("p.toml", SMALL);
    let refused = |arguments: &str, sentence: &str| {
        let told = scene.run(arguments);
        assert_eq!(told.code, Some(1), "{}", told.stderr);
        assert!(told.stderr.contains(sentence), "{}", told.stderr);
        assert_eq!(scene.files(), ["p.toml"]);
    };
    refused(
        "run p.toml -o c.npy --memory 1KiB",
        "advancing this grid a few rows at a time takes",
    );
    refused("run p.toml --no-cube --memory 100KiB", "--no-cube has none");
    refused(
        "run p.toml -o c.npy --memory 340KiB --scratch nowhere",
        "cannot write into the directory nowhere",
    );
    refused(
        "run p.toml -o c.npy --memory 200KiB --set method=rkl2 --set stages=5 --set source=sin(x*t)",
        "source that depends on time",
    );
    refused(
        "run p.toml -o c.npy --memory 100KiB --set method=exact",
        "method = \"exact\" has the whole state in memory: allow that much with --memory",
    );
    // What is said to be enough is enough.
    let told = scene.run("run p.toml -o c.npy --memory 1KiB").stderr;
    let (_, needed) = told.split_once("at a time takes ").unwrap();
    let (needed, _) = needed.split_once(' ').unwrap();
    scene.succeed(&format!("run p.toml -o least.npy --memory {needed}"));
    // Where both fields fit, the cap changes nothing.
    scene.succeed("run p.toml -o c.npy --memory 1GiB --report r.json");
    assert!(scene.text("r.json").contains("\"state\": \"memory\""));
}

#[test]
fn damaged_snapshots_are_repaired_in_bands() {
    let scene = Scene::new();
    for (name, keys) in [
        ("euler", "D = \"1 + 0.5*x*y\""),
        ("rkl2", "D = 1\nmethod = \"rkl2\"\nstages = 5"),
    ] {
        let text = format!(
            "{keys}\ngrid = \"walls\"\nx1 = 0\nx2 = 1\ny1 = 0\ny2 = 1\ndx = 0.01\nruntime = 0.01\nouttime = 0.002\n[boundary]\nleft = \"periodic\"\nright = \"periodic\"\nbottom = \"sin(9*t+x)\"\n"
        );
        scene.write(&format!("{name}.toml"), &text);
        scene.succeed(&format!("run {name}.toml -o {name}.npy"));
        let cube = scene.path(format!("{name}.npy"));
        let whole = fs::read(&cube).unwrap();
        // The first snapshot, two that follow one another, and one more than the last block.
        let snapshot = (whole.len() - 4096) / 6;
        let mut damaged = whole.clone();
        for index in [0, 2, 3, 5] {
            damaged[4096 + index * snapshot + 77] ^= 4;
        }
        fs::write(&cube, damaged).unwrap();
        let told = scene.run(&format!("repair {name}.npy --memory 1KiB"));
        assert_eq!(told.code, Some(1), "{told}");
        assert!(
            told.stderr.contains("this grid a few rows at a time"),
            "{told}"
        );
        // What is said to be enough is enough, and less than a state in memory with the blocks that are hashed.
        let (_, needed) = told.stderr.split_once("at a time takes ").unwrap();
        let (needed, _) = needed.split_once(' ').unwrap();
        assert!(needed.parse::<usize>().unwrap() < 2 * snapshot + (16 << 20));
        let told = scene.succeed(&format!("repair {name}.npy --memory {needed}"));
        assert_eq!(told.stdout.lines().count(), 4, "{told}");
        assert!(fs::read(&cube).unwrap() == whole);
        scene.succeed(&format!("verify {name}.npy"));
    }
    let left: Vec<String> = scene.files();
    assert!(!left.iter().any(|name| name.contains("repair")), "{left:?}");
}

#[test]
fn a_plan_says_when_a_state_is_in_files() {
    let scene = Scene::new();
    scene.write("p.toml", SMALL);
    let told = scene.succeed("plan p.toml --memory 340KiB").stdout;
    assert!(told.contains("in files: bands of"), "{told}");
    let told = scene
        .succeed("plan p.toml --set memory=340KiB --json")
        .stdout;
    let plan: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert!(plan["bands"]["steps"].as_u64().unwrap() > 0);
    assert!(plan["bands"]["memory_bytes"].as_u64().unwrap() <= 340 << 10);
    let told = scene.succeed("plan p.toml --json").stdout;
    assert!(told.contains("\"bands\":null"), "{told}");
}

/// Over grids, limits, threads, methods and walls: how memory is divided, the rows of bands, the steps of a pass, the
/// scratch; or the sentence of the refusal.
#[test]
fn a_plan_is_what_the_run_does() {
    seeds("a_plan_is_what_the_run_does")
        .map(Random::new)
        .for_each(compare_plans_and_runs);
}

fn compare_plans_and_runs(mut random: Random) {
    let scene = Scene::new();
    scene.write("p.toml", format!("{SMALL}grid = 'walls'\n"));
    let methods = ["euler", "rkl2", "exact"];
    let walls = ["0", "{flux=1}", "'periodic'"];
    let grids = ["0.025", "0.01", "0.005"];
    // In quarters of a field, beside 40 KB and the program.
    let limits = [
        None,
        Some(5),
        Some(9),
        Some(14),
        Some(20),
        Some(40),
        Some(900),
    ];
    let records = [
        "",
        " --set record.every=0.001 --set record.totals=true",
        " --set record.every=0.0007 --set record.points={a=[0.5,0.5]}",
    ];
    let (mut in_memory, mut in_bands, mut refused) = (0, 0, 0);
    let step = sample_size(1, 5, 23);
    let numbers = (random.below(step)..3 * 3 * 3 * 7 * 2).step_by(step);
    for (at, number) in numbers.enumerate() {
        let record = records[at % 3];
        let (threads, number) = (number % 2 + 1, number / 2);
        let (limit, number) = (limits[number % 7], number / 7);
        let [method, wall, dx] = [
            methods[number % 3],
            walls[number / 3 % 3],
            grids[number / 9],
        ];
        let side = 1.0 / dx.parse::<f64>().unwrap() + 1.0;
        let limit = limit.map_or_else(String::new, |quarters| {
            format!(
                " --memory {}",
                (side * side * 2.0) as u64 * quarters + 40_000 + program((side * side) as u64)
            )
        });
        let options = format!(
            "p.toml --set method={method} --set dx={dx} --set boundary.bottom={wall} --set boundary.top={wall} --threads {threads}{limit}{record}"
        );
        let planned = scene.run(&format!("plan {options} --json"));
        let ran = scene.run(&format!("run {options} -o c.npy --force --report r.json"));
        assert_eq!(planned.code, ran.code, "{options}: {planned} {ran}");
        if ran.code != Some(0) {
            assert!(
                ran.stderr.ends_with(&planned.stderr),
                "{options}: {ran} {planned}"
            );
            refused += 1;
            continue;
        }
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let (plan, report) = (value(&planned.stdout), value(&scene.text("r.json")));
        assert_eq!(plan["budget"], report["budget"], "{options}");
        assert_eq!(plan["threads"], report["threads"], "{options}");
        assert_eq!(plan["peak_bytes"], plan["budget"]["total"]);
        let limit = plan["budget"]["limit"].as_u64().unwrap_or(u64::MAX);
        assert!(plan["peak_bytes"].as_u64().unwrap() <= limit, "{options}");
        let state = match &plan["bands"] {
            serde_json::Value::Null => "memory".to_owned(),
            bands => format!(
                "files, in bands of {} rows, {} steps a pass",
                bands["rows"], bands["steps"]
            ),
        };
        assert_eq!(report["state"], state, "{options}");
        *(if state == "memory" {
            &mut in_memory
        } else {
            &mut in_bands
        }) += 1;
    }
    assert!(
        in_memory > 0 && in_bands > 0 && refused > 0,
        "{in_memory} {in_bands} {refused}"
    );
}

/// A file that is written to, even through a map which leaves no trace in its time, ends the run.
#[test]
fn an_input_that_changes_under_a_run_is_noticed() {
    let scene = Scene::new();
    let keys =
        "x1 = 0\nx2 = 1\ndx = 0.01\nruntime = 0.01\nouttime = 0.005\ngrid = \"walls\"\nD = 1\n";
    scene.write("p.toml", format!("{keys}source = {{file = \"s.npy\"}}\n"));
    scene.succeed("create c.npy --shape 101,101 --fill i0");
    let array = scene.read("c.npy");
    // The same in the order of columns.
    let mut fortran = array[..4096].to_vec();
    let at = fortran
        .windows(5)
        .position(|found| found == b"False")
        .unwrap();
    fortran[at..at + 5].copy_from_slice(b"True ");
    for i in 0..101_usize {
        for j in 0..101_usize {
            let at = 4096 + 8 * (j * 101 + i);
            fortran.extend(&array[at..at + 8]);
        }
    }
    let mut cubes = Vec::new();
    for (bytes, memory) in [(&array, None), (&array, Some(330_000)), (&fortran, None)] {
        let path = scene.write("s.npy", bytes);
        let run = || {
            let problem = Problem::load(&scene.path("p.toml"), &[]).unwrap();
            move |cube: &Path| {
                Run::new(&problem)
                    .force(true)
                    .memory(memory)
                    .output(cube)
                    .start()
            }
        };
        let cube = scene.path("o.npy");
        run()(&cube).unwrap();
        cubes.push(scene.read("o.npy"));
        let prepared = run();
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.write_all_at(&[1], 4096 + 8 * 5000).unwrap();
        file.set_modified(time).unwrap();
        let error = prepared(&cube).unwrap_err().to_string();
        assert!(error.contains("has changed since"), "{error}");
    }
    assert!(cubes[0] == cubes[1] && cubes[0] == cubes[2]);
}

/// Snapshots 0 and 1, and the rows of the record, come back within less memory than two fields take, also where line 0 is
/// lost.
#[test]
fn the_first_snapshots_and_rows_are_repaired_in_bands() {
    let scene = Scene::new();
    scene.write("p.toml", "D = 1\nx1 = 0\nx2 = 1\ndx = 0.002\nruntime = 8e-5\nouttime = 4e-5\nrecord = { every = 2.3e-5, totals = true }\n");
    scene.succeed("run p.toml -o c.npy");
    let files = ["c.npy", "c.journal", "c.record.csv"].map(|name| (name, scene.read(name)));
    let [cube, journal, rows] = files.each_ref().map(|(_, bytes)| bytes);
    let snapshot = (cube.len() - 4096) / 3;
    let mut damaged = cube.clone();
    for index in 0..2 {
        damaged[4096 + index * snapshot + 5000] ^= 1;
    }
    let lost_line = String::from_utf8_lossy(journal).replacen("\"index\":0", "\"index\":7", 1);
    for lost in [false, true] {
        scene.write("c.npy", &damaged);
        scene.write("c.record.csv", &rows[..rows.len() - 9]);
        if lost {
            scene.write("c.journal", &lost_line);
        }
        let told = scene.succeed("repair c.npy --memory 2MiB");
        assert_eq!(told.stdout.lines().count(), 3, "{told}");
        for (name, bytes) in &files {
            assert!(scene.read(name) == *bytes, "{name}");
        }
    }
}
