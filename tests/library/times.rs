//! When snapshots are taken: exact times and their shorter step, the course's, and runs that end when they are steady.

use crate::common::{Scene, Told, data_of, journal::without_ids};
use diff2d::{
    Cube, Outcome, Problem, Run,
    internal::{Clock, Due, Nper, Pace},
};
use serde_json::Value;
use std::{process::Stdio, thread};

/// Five whole steps of 0.0004 and a quarter.
const EXACT: &str =
    "x1 = 0\nx2 = 1\ndx = 0.04\ngrid = 'walls'\nruntime = 0.021\nouttime = 0.0021\n";

/// The amplitude of the mode of lowest frequency along both axes at each snapshot, and the factor of an interval.
fn mode(scene: &Scene, more: &str) -> (Vec<f64>, f64) {
    let mode = "[initial]\nkind = 'sine'\n";
    let problem: Problem = format!("{EXACT}{more}{mode}").parse().unwrap();
    Run::new(&problem)
        .output(scene.path("m.npy"))
        .force(true)
        .start()
        .unwrap();
    let cube = Cube::open(&scene.path("m.npy")).unwrap();
    let snapshots = 0..cube.committed();
    let middle = snapshots.map(|index| cube.snapshot(index).unwrap()[[12, 12]]);
    let h = problem.grid.x.spacing;
    let rate = 2.0 * (2.0 / h * (std::f64::consts::PI * h / 2.0).sin()).powi(2);
    let dt = problem.schedule.dt;
    let pace = problem.schedule.pace();
    let whole = i32::try_from(pace.nper.most()).unwrap() - 1;
    let last = pace.shorter(0).unwrap();
    let factor = (1.0 - dt * rate).powi(whole) * (1.0 - last * rate);
    (middle.collect(), factor)
}

#[test]
fn the_short_step_has_its_own_length() {
    let scene = Scene::new();
    for more in [
        "D = 1.0\n",
        "Dx = 1.0\nDy = '1.0 + 0*y'\n",
        "D = '1.0 + 0*x'\n",
        "D = 1.0\nsource = '0*x'\n",
        "D = 1.0\nsource = '0*t'\n",
    ] {
        let (amplitudes, factor) = mode(&scene, more);
        assert_eq!(amplitudes.len(), 11);
        for pair in amplitudes.windows(2) {
            let error = (pair[1] / pair[0] / factor - 1.0).abs();
            assert!(error < 1e-12, "{more}: {error:e}");
        }
    }
}

/// The step of RKL2 has the error of its order in the short step, too.
#[test]
fn the_short_step_of_rkl2_has_as_many_stages() {
    let scene = Scene::new();
    for d in ["D = 1.0\n", "D = '1.0 + 0*x'\n"] {
        let end = |more: &str| {
            let text = format!("{EXACT}{d}{more}[initial]\nkind = 'sine'\n");
            let problem: Problem = text.parse().unwrap();
            let run = Run::new(&problem).output(scene.path("r.npy")).force(true);
            run.start().unwrap();
            let cube = Cube::open(&scene.path("r.npy")).unwrap();
            assert_eq!(cube.commits()[10].simtime, 10.0 * 0.0021);
            cube.snapshot(10).unwrap()[[12, 12]]
        };
        let small = end("dt = 0.00001\nmethod = 'rkl2'\n");
        let large = end("dt = 0.0008\nmethod = 'rkl2'\n");
        assert!((large / small - 1.0).abs() < 1e-5, "{d}: {large} {small}");
    }
}

#[test]
fn snapshots_lie_at_the_multiples_of_outtime() {
    let scene = Scene::new();
    for (method, left) in [
        ("", "t"),
        ("method = 'rkl2'\ndt = 0.0009\n", "t"),
        ("method = 'rkl2'\ndt = 0.0007\n", "t"),
        ("method = 'exact'\n", "0"),
    ] {
        scene.write(
            "p.toml",
            format!("D = 1.0\n{EXACT}{method}boundary = {{left = '{left}'}}\n"),
        );
        let told = scene.succeed("run p.toml -o c.npy --force");
        let times: Vec<f64> = told.stdout.lines().map(|t| t.parse().unwrap()).collect();
        let multiples: Vec<f64> = (0..11).map(|k| f64::from(k) * 0.0021).collect();
        assert_eq!(times, multiples, "{method}");
        if left == "t" {
            // So do walls, to the bit.
            let cube = Cube::open(&scene.path("c.npy")).unwrap();
            let walls = (0..11).map(|k| cube.snapshot(k).unwrap()[[7, 0]]);
            assert_eq!(walls.collect::<Vec<_>>(), multiples, "{method}");
        }
        assert!(!told.stderr.contains("runtime"), "{}", told.stderr);
    }
    // Something is left, and is told of.
    let plan = scene.succeed("plan p.toml --set runtime=0.0225 --set method=euler");
    assert!(plan.stderr.contains("before runtime = 0.0225"), "{plan}");
    // The course's times are truncated.
    let course = scene.succeed("plan p.toml --set times=course --set method=euler --json");
    let course: Value = serde_json::from_str(&course.stdout).unwrap();
    assert_eq!(
        (&course["nper"], &course["snapshots"]),
        (&5.into(), &11.into())
    );
    assert_eq!(course["cadence"], 0.0004 * 5.0);
}

#[test]
fn compare_of_two_spacings_finds_every_snapshot() {
    let scene = Scene::new();
    scene.write("p.toml", format!("D = 1.0\n{EXACT}"));
    scene.succeed("run p.toml -o coarse.npy --set dx=0.04");
    scene.succeed("run p.toml -o fine.npy --set dx=0.02");
    let told = scene.succeed("compare coarse.npy fine.npy --atol 1 --json");
    let found: Value = serde_json::from_str(&told.stdout).unwrap();
    let rows = found["snapshots"].as_array().unwrap().iter();
    let times: Vec<f64> = rows.map(|row| row["t"].as_f64().unwrap()).collect();
    let multiples: Vec<f64> = (0..11).map(|k| f64::from(k) * 0.0021).collect();
    assert_eq!(times, multiples, "{told}");
}

/// The times of a run are compared when it is resumed, as all that decides bits.
#[test]
fn a_run_keeps_the_times_that_it_began_with() {
    let scene = Scene::new();
    scene.write("p.toml", format!("D = 1.0\n{EXACT}"));
    scene.succeed("run p.toml -o c.npy --set times=course");
    let told = scene.run("run p.toml -o c.npy --resume");
    assert!(
        told.code == Some(2) && told.stderr.contains("times was"),
        "{told}"
    );
}

#[test]
fn times_between_snapshots_follow_from_the_step() {
    let pace = Pace {
        dt: 0.3,
        nper: Nper::Every(4),
        due: Due::Multiples(1.0),
        start: 0.0,
    };
    let walked = (0..9).fold(Clock::from(0.0), |now, _| pace.after(now, 1));
    assert_eq!(walked, pace.after(Clock::from(0.0), 9));
    assert_eq!(walked.simtime, 2.0 + 0.3);
    assert_eq!(pace.after(Clock::from(0.0), 8).simtime, 2.0);
    assert!((pace.shorter(0).unwrap() - 0.1).abs() < 1e-15);
}

/// Heat comes in from the left.
const STEADY: &str = "D = 1.0\nx1 = 0\nx2 = 1\ndx = 0.04\ngrid = 'walls'\nruntime = 2\nouttime = 0.0201\n\
    until = { steady = 1e-3 }\n[initial]\nkind = 'constant'\nvalue = 0\n[boundary]\nleft = 1.0\n";

/// Bytes of a snapshot.
const FRAME: usize = 26 * 26 * 8;

/// The cube `c.npy`, which has ended early: its snapshots.
fn steady_cube(scene: &Scene) -> usize {
    scene.write("s.toml", STEADY);
    scene.succeed("run s.toml -o c.npy");
    data_of(&scene.read("c.npy")).len() / FRAME
}

#[test]
fn a_run_ends_when_its_rate_of_change_is_small() {
    let scene = Scene::new();
    let snapshots = steady_cube(&scene);
    let whole = STEADY.replace("until = { steady = 1e-3 }\n", "");
    scene.write("w.toml", whole);
    scene.succeed("run w.toml -o w.npy");
    let whole = Cube::open(&scene.path("w.npy")).unwrap();
    let rate = |k: u64| {
        let [now, before] = [k, k - 1].map(|k| whole.snapshot(k).unwrap());
        let change = (&now - &before)
            .iter()
            .fold(0.0, |most: f64, one| most.max(one.abs()));
        change / (whole.commits()[k as usize].simtime - whole.commits()[k as usize - 1].simtime)
    };
    let first = (1..whole.committed()).find(|&k| rate(k) < 1e-3).unwrap();
    assert_eq!(snapshots as u64, first + 1);
    // What it has is what the other has, and its journal says why it ends.
    assert!(data_of(&scene.read("w.npy")).starts_with(data_of(&scene.read("c.npy"))));
    let last: Value =
        serde_json::from_str(scene.text("c.journal").lines().last().unwrap()).unwrap();
    assert_eq!(
        last["ended"],
        serde_json::json!({
            "what": "change per time", "value": rate(first), "limit": {"below": 1e-3}, "t": last["simtime"]
        })
    );
    assert_eq!(scene.text("c.journal").matches("\"ended\":").count(), 1);
    let told = scene.succeed("run s.toml -o c.npy --resume");
    assert!(told.stderr.contains("nothing to do"), "{told}");
    for command in ["info c.npy", "verify c.npy"] {
        let told = scene.succeed(command).stdout;
        assert!(
            told.contains("ended") && told.contains(", below 0.001"),
            "{told}"
        );
        let told = scene.succeed(&format!("{command} --json")).stdout;
        let answer: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(answer["ended"], last["ended"], "{told}");
    }
    for command in ["repair c.npy", "stats c.npy"] {
        scene.succeed(command);
    }
    assert!(
        scene
            .succeed("plan s.toml")
            .stdout
            .contains("an early end gives back the rest")
    );
}

#[test]
fn bands_and_ranks_end_at_the_same_snapshot() {
    use diff2d::comm::{Channels, Link};
    let scene = Scene::new();
    for more in ["", "precision = 'f32'\n", "method = 'exact'\n"] {
        let text = match more.contains("exact") {
            true => format!(
                "{more}{}",
                STEADY
                    .replace("left = 1.0", "left = 0.0")
                    .replace("value = 0", "value = 1")
            ),
            false => format!("{more}{STEADY}"),
        };
        let problem: Problem = text.parse().unwrap();
        let run = |name: &str| Run::new(&problem).output(scene.path(name)).force(true);
        run("a.npy").start().unwrap();
        let expected = scene.cube_and_journal("a");
        assert!(expected.1.len() < 60, "{more}: {}", expected.1.len());
        if more.is_empty() {
            run("b.npy").memory(220_000).start().unwrap();
            assert!(scene.cube_and_journal("b") == expected, "bands, {more}");
        }
        for report in Channels::together(3, Link::default(), |comm| run("r.npy").start_on(&comm)) {
            assert_eq!(report.unwrap().outcome, Outcome::Done);
        }
        assert!(scene.cube_and_journal("r") == expected, "ranks, {more}");
    }
}

#[test]
fn a_run_ends_no_earlier_than_it_may() {
    let scene = Scene::new();
    let pulse = STEADY
        .replace("left = 1.0", "left = 'where(t < 1, 0, 1)'")
        .replace("runtime = 2", "runtime = 4");
    scene.write("s.toml", &pulse);
    // Nothing has happened yet.
    let told = scene.succeed("run s.toml -o c.npy");
    assert_eq!(told.stdout, "0\n0.0201\n");
    let warned = "may change later, with t";
    assert!(
        told.stderr
            .contains("boundary.left may change later, with t"),
        "{told}"
    );
    let told = scene.succeed("run s.toml -o c.npy --force --set until={steady=1e-3,after=1.1}");
    assert!(!told.stderr.contains(warned), "{told}");
    let end: f64 = told.stdout.lines().last().unwrap().parse().unwrap();
    assert!(end > 1.2 && end < 3.9, "{end}");
    let head: Value =
        serde_json::from_str(scene.text("c.journal").lines().next().unwrap()).unwrap();
    assert_eq!(
        head["params"]["until"],
        serde_json::json!({"steady": 1e-3, "after": 1.1})
    );
    for wrong in [
        "{steady=1e-3,after=nan}",
        "{steady=1e-3,before=1}",
        "{after=1}",
    ] {
        let told = scene.run(&format!("plan s.toml --set until={wrong}"));
        assert_eq!(told.code, Some(2), "{told}");
    }
}

/// What no step can show in single precision is not steady: half of the domain does not move at all.
#[test]
fn changes_below_rounding_are_not_steady() {
    let scene = Scene::new();
    scene.write(
        "s.toml",
        "D = 'where(x < 0.5, 1, 0.001)'\nx1 = 0\nx2 = 1\ny1 = 0\ny2 = 0.1\ndx = 0.05\ngrid = 'walls'\nruntime = 1\n\
         outtime = 0.5\nuntil = { steady = 1e-3 }\nprecision = 'f32'\nboundary = 'insulated'\n\
         initial = { kind = 'expression', value = '3000 + where(x > 0.5, cos(pi*(x - 0.5)/0.5), 1)' }\n",
    );
    for (more, snapshots) in [
        ("", 3),
        (" --set precision=f64", 3),
        // It is steady.
        (" --set initial={kind='constant',value=0.5}", 2),
    ] {
        let told = scene.succeed(&format!("run s.toml -o c.npy --force{more}"));
        assert_eq!(told.stdout.lines().count(), snapshots, "{told}");
    }
}

/// A kill at each point of shortening: the journal says that the run has ended, then the header is shorter, then the file.
/// Before, the last line may be torn.
#[test]
fn a_kill_while_a_cube_is_shortened_loses_nothing() {
    let scene = Scene::new();
    let snapshots = steady_cube(&scene);
    let (short, journal) = (scene.read("c.npy"), scene.text("c.journal"));
    let header: Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    let planned = usize::try_from(header["shape"][0].as_u64().unwrap()).unwrap();
    let mut long_file = short.clone();
    long_file.resize(4096 + planned * FRAME, 0);
    let text = String::from_utf8(short[..4096].to_vec().split_off(10)).unwrap();
    let [was, is] = [snapshots, planned].map(|count| format!("({count}, 26, 26)"));
    let text = text.replace(&was, &is);
    let text = format!("{:4085}\n", text.trim_end());
    let mut long_header = long_file.clone();
    long_header[10..4096].copy_from_slice(text.as_bytes());
    let torn = &journal[..journal.len() - 30];
    for (name, cube, lines) in [
        ("said", &long_header, journal.as_str()),
        ("header", &long_file, journal.as_str()),
        ("torn", &long_header, torn),
    ] {
        for command in ["run s.toml -o k.npy --resume", "repair k.npy"] {
            scene.write("k.npy", cube);
            scene.write("k.journal", lines);
            let count = snapshots - usize::from(name == "torn");
            let info = scene.succeed("info k.npy --json").stdout;
            let info: Value = serde_json::from_str(&info).unwrap();
            assert_eq!(info["committed"], count, "{name}");
            for reader in ["verify k.npy", "stats k.npy", "probe k.npy --at -1,1,1"] {
                scene.succeed(reader);
            }
            let same = scene.run("compare k.npy c.npy");
            assert_eq!(same.code == Some(0), name != "torn", "{name}: {same}");
            scene.succeed(command);
            if name == "torn" {
                scene.succeed("run s.toml -o k.npy --resume");
            }
            assert!(scene.read("k.npy") == short, "{name}, {command}");
            assert_eq!(
                without_ids(&scene.text("k.journal")),
                without_ids(&journal),
                "{name}"
            );
        }
        // It is ours, whatever it holds.
        scene.write("k.npy", cube);
        scene.write("k.journal", lines);
        scene.succeed("run s.toml -o k.npy --force");
        assert!(scene.read("k.npy") == short, "{name}");
    }
    // The last line of a cube that is short already was lost: the snapshot is computed again.
    scene.write("k.npy", &short);
    scene.write("k.journal", torn);
    assert_eq!(scene.run("verify k.npy").code, Some(3));
    assert_eq!(scene.run("run s.toml -o k.npy --resume").code, Some(3));
    scene.succeed("repair k.npy");
    scene.succeed("run s.toml -o k.npy --resume");
    assert!(scene.read("k.npy") == short);
}

/// Whatever is damaged of a run that has ended early, it is repaired to the bytes that it had, as long as it was.
#[test]
fn a_run_that_has_ended_early_is_repaired() {
    let scene = Scene::new();
    let snapshots = steady_cube(&scene);
    let (cube, journal) = (scene.read("c.npy"), scene.text("c.journal"));
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    let repaired = |what: &str| {
        let told = scene.succeed("repair c.npy");
        assert!(scene.read("c.npy") == cube, "{what}: {told}");
        assert_eq!(scene.text("c.journal"), journal, "{what}: {told}");
        scene.write("c.npy", &cube);
        scene.write("c.journal", &journal);
    };
    for at in [70, 4096, 4096 + 3 * FRAME + 77, cube.len() - 1] {
        let mut flipped = cube.clone();
        flipped[at] ^= 1;
        scene.write("c.npy", flipped);
        assert_eq!(scene.run("verify c.npy").code, Some(3));
        repaired(&format!("byte {at}"));
    }
    scene.write("c.npy", &cube[..4096 + 5 * FRAME]);
    repaired("a cube that is cut");
    let all: Vec<usize> = (1..lines.len()).collect();
    for lost in [
        &[1][..],
        &[9],
        &[3, 4, 8],
        &[snapshots - 1],
        &[snapshots],
        &all,
    ] {
        let kept = |&number: &usize| number == 0 || !lost.contains(&number);
        let text: String = (0..lines.len())
            .filter(kept)
            .map(|number| lines[number])
            .collect();
        scene.write("c.journal", text);
        repaired(&format!("lost lines {lost:?}"));
        let garbled = (0..lines.len()).map(|number| match kept(&number) {
            true => lines[number].to_owned(),
            false => lines[number].replace("sha", "shb"),
        });
        scene.write("c.journal", garbled.collect::<String>());
        repaired(&format!("garbled lines {lost:?}"));
    }
    // Lines that a repair was about to move stand behind the others, too.
    let moved = [
        lines[..5].concat(),
        lines[6..].concat(),
        lines[1..].concat(),
    ];
    for torn in 0..3 {
        let end = moved.concat().len() - torn * 100;
        scene.write("c.journal", &moved.concat()[..end]);
        repaired("a repair that was killed");
    }
}

#[test]
fn followers_of_a_run_that_ends_early_end_with_it() {
    let scene = Scene::new();
    // It goes on for long enough to be followed.
    let slow = STEADY.replace("0.04", "0.02").replace("0.0201", "0.001");
    scene.write("s.toml", slow);
    let mut run = scene.command(env!("CARGO_BIN_EXE_diff2d"));
    run.args(["run", "s.toml", "-o", "c.npy"])
        .stdout(Stdio::null());
    let mut run = run.stderr(Stdio::null()).spawn().unwrap();
    while !std::fs::read_to_string(scene.path("c.journal"))
        .unwrap_or_default()
        .contains("\"index\":3")
    {
        thread::yield_now();
    }
    let commands = [
        "plot c.npy --follow --snapshots -1 -o p",
        "probe c.npy --series --follow --at 0,9,9",
        "stats c.npy --follow",
        "window c.npy --follow --window 2,1,1 --op mean -o w.npy",
        "export c.npy --follow --to zarr --keep-bits 20 --chunks 16,51,51 -o z.zarr",
    ];
    let told: Vec<Told> = thread::scope(|scope| {
        let followers = commands.map(|command| scope.spawn(|| scene.succeed(command)));
        followers
            .into_iter()
            .map(|one| one.join().unwrap())
            .collect()
    });
    assert!(run.wait().unwrap().success());
    let snapshots = Cube::open(&scene.path("c.npy")).unwrap().committed();
    assert!(snapshots < 2000, "{snapshots}");
    let last = snapshots - 1;
    assert_eq!(told[0].stdout.trim(), format!("p/{last:04}.png"));
    for told in &told[1..3] {
        assert_eq!(told.stdout.lines().count() as u64, snapshots + 1);
    }
    assert_eq!(
        data_of(&scene.read("w.npy")).len() as u64,
        last * 51 * 51 * 8
    );
    // What has grown is what is exported in one go.
    let whole = "export c.npy --to zarr --keep-bits 20 --chunks 16,51,51 -o whole.zarr";
    scene.succeed(whole);
    let files = scene.files();
    let of = |store: &str| -> Vec<(String, Vec<u8>)> {
        let own = files.iter().filter(|name| name.starts_with(store));
        own.map(|name| (name[store.len()..].to_owned(), scene.read(name)))
            .collect()
    };
    assert!(of("z.zarr") == of("whole.zarr"));
}

/// What is copied is judged as what is computed, wherever copying was interrupted.
#[test]
fn a_run_with_another_end_takes_over_what_it_shares() {
    let scene = Scene::new();
    let snapshots = steady_cube(&scene);
    for (until, more) in [
        ("until = { steady = 1e-5 }\n", true),
        ("until = { steady = 0.05 }\n", false),
        ("until = { steady = 1e-3, after = 1.5 }\n", true),
        ("until = { steady = 0.05, after = 0.3 }\n", false),
        ("runtime = 0.9\n", true),
    ] {
        let text = STEADY.replace("until = { steady = 1e-3 }\n", until);
        let text = match until.starts_with("runtime") {
            true => text.replace("runtime = 2\n", ""),
            false => text,
        };
        scene.write("o.toml", text);
        scene.succeed("run o.toml -o whole.npy --force");
        let whole = scene.cube_and_journal("whole");
        assert_eq!(whole.1.len() > snapshots + 1, more, "{until}");
        let told = scene.succeed("run o.toml -o longer.npy --resume --extend c.npy");
        assert!(scene.cube_and_journal("longer") == whole, "{until}: {told}");
        // As a kill leaves it while snapshots are copied, and behind that.
        let journal = scene.text("longer.journal");
        let header: Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
        let planned = usize::try_from(header["shape"][0].as_u64().unwrap()).unwrap();
        let lines: Vec<&str> = journal.split_inclusive('\n').collect();
        for count in [1, 2, 7, whole.1.len() - 2] {
            let mut cube = scene.read("longer.npy");
            let text = String::from_utf8(cube[10..4096].to_vec()).unwrap();
            let text = text.replace(
                &format!("({}, 26", lines.len() - 1),
                &format!("({planned}, 26"),
            );
            let text = format!("{:4085}\n", text.trim_end());
            cube[10..4096].copy_from_slice(text.as_bytes());
            cube[4096 + count * FRAME..].fill(0);
            cube.resize(4096 + planned * FRAME, 0);
            scene.write("k.npy", cube);
            scene.write("k.journal", lines[..=count].concat());
            scene.succeed("verify k.npy");
            scene.succeed("run o.toml -o k.npy --resume --extend c.npy");
            assert!(scene.cube_and_journal("k") == whole, "{until}: {count}");
        }
        for file in ["longer.npy", "longer.journal"] {
            std::fs::remove_file(scene.path(file)).unwrap();
        }
    }
}

#[test]
fn where_a_run_cannot_end_early_is_told() {
    let scene = Scene::new();
    scene.write("s.toml", STEADY);
    for command in [
        "run s.toml --no-cube",
        "run s.toml -o x.npy --set until=3",
        "run s.toml -o x.npy --set until.steady=0",
    ] {
        let told = scene.run(command);
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.stderr.contains("until"), "{told}");
        assert!(!scene.exists("x.npy"), "{told}");
    }
}

/// Times that are not equally far apart, from 0.5 on; the first two intervals are those of [`EXACT`].
const IRREGULAR: &str = "x1 = 0\nx2 = 1\ndx = 0.04\ngrid = 'walls'\nD = 1.0\nt0 = 0.5\n\
    outtimes = [0.5021, 0.5042, 0.505, 0.521]\nsource = 't - 0.5'\n[boundary]\nleft = '2*(t - 0.5)'\n";

#[test]
fn snapshots_are_taken_at_given_times() {
    let scene = Scene::new();
    scene.write("p.toml", IRREGULAR);
    let told = scene.succeed("run p.toml -o c.npy --threads 2");
    assert_eq!(told.stdout, "0.5\n0.5021\n0.5042\n0.505\n0.521\n");
    let whole = scene.cube_and_journal("c");
    let journal = scene.text("c.journal");
    let line: Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    let nper = line["nper"].as_array().unwrap();
    assert_eq!(nper.len(), 4);
    // A walk by hand: each interval in whole steps and a rest.
    let problem: Problem = IRREGULAR.parse().unwrap();
    let dt = problem.schedule.dt;
    for (interval, steps) in [0.0021, 0.0021, 0.0008, 0.016].into_iter().zip(nper) {
        let steps = steps.as_u64().unwrap() as f64;
        assert!((steps - (interval / dt).ceil()).abs() < 0.5);
    }
    // The same bits after kills, in bands, with another number of threads, and computed again.
    let fine = |more: &str| {
        let to = format!("run p.toml --set dx=0.01 -o f.npy --force --report r.json {more}");
        scene.succeed(&to);
        scene.cube_and_journal("f").0
    };
    assert!(fine("--threads 2") == fine("--threads 1 --memory 340KiB"));
    assert!(scene.text("r.json").contains("bands"));
    scene.succeed("run p.toml -o e.npy --set outtimes=[0.5021,0.5042]");
    scene.succeed("run p.toml -o l.npy --resume --extend e.npy --threads 3");
    assert!(scene.cube_and_journal("l").0 == whole.0);
    let mut bytes = scene.read("l.npy");
    let at = bytes.len() - 100;
    bytes[at] ^= 1;
    scene.write("l.npy", &bytes);
    assert_eq!(scene.run("verify l.npy").code, Some(3));
    scene.succeed("repair l.npy");
    assert!(scene.cube_and_journal("l").0 == whole.0);
    // Readers take them from the journal.
    let probed = scene.succeed("probe c.npy --at t=0.505,y=0.48,x=0.48");
    assert!(probed.stdout.contains("3,12,12,0.505,"), "{probed}");
    let told = scene.run("window c.npy --window t=0.002,y=0.04,x=0.04 --op mean -o w.npy");
    assert!(
        told.code == Some(2) && told.stderr.contains("equally"),
        "{told}"
    );
}

/// Whatever depends on t sees the time of the run, and a run begins where another one has ended.
#[test]
fn formulas_see_the_time_at_which_a_run_begins() {
    let scene = Scene::new();
    let power = "x1 = 0\nx2 = 1\ndx = 0.0625\ngrid = 'walls'\nD = 1.0\ndt = 0.00048828125\nruntime = 0.0625\nouttime = 0.015625\n";
    let of = |t: &str| {
        format!(
            "source = 'x*({t})'\n[boundary]\nleft = '3*({t})'\ntop = {{ robin = ['1 + ({t})', 1, '{t}'] }}\n"
        )
    };
    scene.write("a.toml", power.to_owned() + &of("t"));
    scene.write("b.toml", power.to_owned() + "t0 = 4\n" + &of("t - 4"));
    scene.succeed("run a.toml -o a.npy");
    let told = scene.succeed("run b.toml -o b.npy");
    assert_eq!(told.stdout, "4.0\n4.015625\n4.03125\n4.046875\n4.0625\n");
    assert!(data_of(&scene.read("a.npy")) == data_of(&scene.read("b.npy")));
    // Half of it, and the rest from there on.
    scene.succeed("run a.toml -o h.npy --set runtime=0.03125");
    let rest = [
        "run",
        "a.toml",
        "-o",
        "r.npy",
        "--set",
        "runtime=0.03125",
        "--set",
        "t0=initial",
        "--set",
        "initial={kind=\"file\",path=\"h.npy\",snapshot=-1}",
    ];
    scene.succeed_args(rest);
    let [whole, rest] = ["a.npy", "r.npy"].map(|name| data_of(&scene.read(name)).to_vec());
    assert!(whole[whole.len() - rest.len()..] == rest);
    let told = scene.run("run a.toml -o n.npy --set t0=initial");
    assert!(
        told.code == Some(2) && told.stderr.contains("snapshot = k"),
        "{told}"
    );
}

#[test]
fn times_that_do_not_ascend_are_refused() {
    let scene = Scene::new();
    scene.write("p.toml", "x1 = 0\nx2 = 1\ndx = 0.1\nD = 1.0\n");
    for (set, reason) in [
        (
            "outtimes=[0.2,0.1]",
            "0.1 is not greater than the time before it, 0.2",
        ),
        ("outtimes=[0.0,0.1]", "0.0 is not greater than t0 = 0.0"),
        ("outtimes=[]", "at least one time"),
        ("outtimes=[0.1,nan]", "must be numbers"),
        ("outtimes=0.1", "must be numbers"),
        ("outtimes=[0.1] --set runtime=1", "keep one of the two"),
        ("outtimes=[0.1] --set times=course", "remove times"),
        ("outtimes=[0.1] --set method=exact", "multiples of outtime"),
        ("outtimes=[1e30]", "fewer than 2^53"),
        ("outtimes=[0.1] --set t0=inf", "t0 must be"),
        ("outtimes=[0.1] --set t0=later", "t0 must be"),
    ] {
        let told = scene.run(&format!("plan p.toml --set {set}"));
        assert!(
            told.code == Some(2) && told.stderr.contains(reason),
            "{told}"
        );
    }
}
