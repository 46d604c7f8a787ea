//! The command line: what it takes, what it refuses and how it says so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

mod common;

use common::{SMALL, Scene, Told};
use insta::assert_snapshot;
use serde_json::Value;
use std::{fs, fs::OpenOptions, process::Stdio};

/// [`SMALL`] with one line replaced, `key = …`, or taken out where only the key is given.
fn with(line: &str) -> String {
    let (key, given) = match line.split_once('=') {
        Some((key, _)) => (key.trim(), Some(line)),
        None => (line, None),
    };
    let others = SMALL
        .lines()
        .filter(|line| line.split(' ').next() != Some(key));
    others
        .chain(given)
        .map(|line| format!("{line}\n"))
        .collect()
}

/// What `run` says of parameters that it refuses, writing nothing; `plan` must say the same.
fn refused_file(name: &str, text: impl AsRef<[u8]>, options: &str) -> Told {
    let scene = Scene::new();
    scene.write(name, text);
    let told = scene.run(&format!("run {name} {options}"));
    assert_eq!(scene.files(), [name], "something was written");
    let planned = scene.run(&format!("plan {name} {options}"));
    assert_eq!(planned.to_string(), told.to_string());
    told
}

fn refused(line: &str) -> Told {
    refused_file("p.toml", with(line), "")
}

fn refused_set(options: &str) -> Told {
    refused_file("p.toml", SMALL, options)
}

#[test]
fn keys_that_are_missing_or_unknown() {
    assert_snapshot!(refused("dx"), @r"
    exit 2
    diff2d: p.toml: the parameter dx is missing; add a line such as `dx = 0.0667`  # wanted spacing of the nodes [length]
    ");
    assert_snapshot!(refused("outtime"), @r"
    exit 2
    diff2d: p.toml: the parameter outtime is missing; add a line such as `outtime = 0.5`  # simulated time per snapshot [time]
    ");
    assert_snapshot!(refused("colour = 'blue'"), @r#"
    exit 2
    diff2d: p.toml:7: there is no parameter colour (= "blue"); the parameters are D, x1, x2, runtime, dx, outtime, graphics, grid, precision
    "#);
    assert_snapshot!(refused("run_time = 15.0"), @r"
    exit 2
    diff2d: p.toml:7: there is no parameter run_time (= 15.0), did you mean runtime?; the parameters are D, x1, x2, runtime, dx, outtime, graphics, grid, precision
    ");
    assert_snapshot!(refused("grafics = true"), @r"
    exit 2
    diff2d: p.toml:7: there is no parameter grafics (= true), did you mean graphics?; the parameters are D, x1, x2, runtime, dx, outtime, graphics, grid, precision
    ");
    assert_snapshot!(refused("d = 2"), @r"
    exit 2
    diff2d: p.toml:7: there is no parameter d (= 2), did you mean D?; the parameters are D, x1, x2, runtime, dx, outtime, graphics, grid, precision
    ");
    assert_snapshot!(refused("physics.D = 2"), @r"
    exit 2
    diff2d: p.toml:7: there is no parameter physics.D (= 2); the parameters are D, x1, x2, runtime, dx, outtime, graphics, grid, precision
    ");
    assert_snapshot!(refused_file("p.toml", "", ""), @r"
    exit 2
    diff2d: p.toml: the parameter D is missing; add a line such as `D = 1.0`  # diffusion coefficient [length²/time]
    ");
    assert_snapshot!(refused_file("p.toml", "# nothing but a comment\n", ""), @r"
    exit 2
    diff2d: p.toml: the parameter D is missing; add a line such as `D = 1.0`  # diffusion coefficient [length²/time]
    ");
}

#[test]
fn values_of_the_wrong_type() {
    assert_snapshot!(refused("dx = '0.1'"), @r#"
    exit 2
    diff2d: p.toml:6: dx = "0.1" is a string; dx must be a finite number greater than 0
    "#);
    assert_snapshot!(refused("dx = [0.1]"), @r"
    exit 2
    diff2d: p.toml:6: dx = … is an array; dx must be a finite number greater than 0
    ");
    assert_snapshot!(refused("dx = { value = 0.1 }"), @r"
    exit 2
    diff2d: p.toml:6: there is no parameter dx.value (= 0.1); the parameters are D, x1, x2, runtime, dx, outtime, graphics, grid, precision
    ");
    assert_snapshot!(refused("D = true"), @r"
    exit 2
    diff2d: p.toml:6: D = true is a boolean; D must be a finite number greater than 0
    ");
    assert_snapshot!(refused("x1 = 2026-11-20"), @r"
    exit 2
    diff2d: p.toml:6: x1 = … is a date; x1 must be a finite number
    ");
    assert_snapshot!(refused("graphics = 1"), @r"
    exit 2
    diff2d: p.toml:7: graphics = 1 is an integer; graphics must be true or false
    ");
    assert_snapshot!(refused("graphics = 'yes'"), @r#"
    exit 2
    diff2d: p.toml:7: graphics = "yes" is a string; graphics must be true or false
    "#);
    assert_snapshot!(refused("grid = 3"), @r#"
    exit 2
    diff2d: p.toml:7: grid = 3 is an integer; grid must be "slides", "files" or "walls"
    "#);
    assert_snapshot!(refused("precision = 64"), @r#"
    exit 2
    diff2d: p.toml:7: precision = 64 is an integer; precision must be "f64" or "f32"
    "#);
}

#[test]
fn numbers_that_are_none() {
    assert_snapshot!(refused("dx = nan"), @r"
    exit 2
    diff2d: p.toml:6: dx = nan cannot be used: dx must be a finite number greater than 0
    ");
    assert_snapshot!(refused("D = inf"), @r"
    exit 2
    diff2d: p.toml:6: D = inf cannot be used: D must be a finite number greater than 0
    ");
    assert_snapshot!(refused("x1 = -inf"), @r"
    exit 2
    diff2d: p.toml:6: x1 = -inf cannot be used: x1 must be a finite number
    ");
    assert_snapshot!(refused("runtime = inf"), @r"
    exit 2
    diff2d: p.toml:6: runtime = inf cannot be used: runtime must be a finite number, 0 or greater
    ");
    assert_snapshot!(refused("outtime = nan"), @r"
    exit 2
    diff2d: p.toml:6: outtime = nan cannot be used: outtime must be a finite number from 0 to runtime
    ");
    assert_snapshot!(refused("x2 = 1e999"), @r"
    exit 2
    diff2d: p.toml:6: x2 = inf cannot be used: x2 must be a finite number greater than x1
    ");
}

#[test]
fn numbers_out_of_range() {
    assert_snapshot!(refused("dx = -0.1"), @r"
    exit 2
    diff2d: p.toml:6: dx = -0.1 cannot be used: dx must be greater than 0
    ");
    assert_snapshot!(refused("dx = 0"), @r"
    exit 2
    diff2d: p.toml:6: dx = 0 cannot be used: dx must be greater than 0
    ");
    assert_snapshot!(refused("D = -1"), @r"
    exit 2
    diff2d: p.toml:6: D = -1 cannot be used: D must be greater than 0
    ");
    assert_snapshot!(refused("D = 0.0"), @r"
    exit 2
    diff2d: p.toml:6: D = 0.0 cannot be used: D must be greater than 0
    ");
    assert_snapshot!(refused("runtime = -1"), @r"
    exit 2
    diff2d: p.toml:6: runtime = -1 cannot be used: runtime must be 0 or greater
    ");
    assert_snapshot!(refused("outtime = -0.5"), @r"
    exit 2
    diff2d: p.toml:6: outtime = -0.5 cannot be used: outtime must be 0 (a snapshot every step) or greater
    ");
    assert_snapshot!(refused("outtime = 3.76"), @r"
    exit 2
    diff2d: p.toml:6: outtime = 3.76 cannot be used: outtime must not be larger than runtime = 3.75
    ");
    assert_snapshot!(refused("x2 = -10.0"), @r"
    exit 2
    diff2d: p.toml:6: x2 = -10.0 cannot be used: x2 must be greater than x1 = -10.0
    ");
    assert_snapshot!(refused("x2 = -11"), @r"
    exit 2
    diff2d: p.toml:6: x2 = -11 cannot be used: x2 must be greater than x1 = -10.0
    ");
    assert_snapshot!(refused_set("--set x1=-1e308 --set x2=1e308"), @r"
    exit 2
    diff2d: --set: x2 = 1e308 cannot be used: x2 - x1 (x1 = -1e308) is beyond the largest number
    ");
}

#[test]
fn grids_that_cannot_be() {
    assert_snapshot!(refused("dx = 20.1"), @r"
    exit 2
    diff2d: p.toml:6: dx = 20.1 cannot be used: no interior node fits between -10.0 and 10.0; it may be at most 20.0 here
    ");
    assert_snapshot!(refused_set("--set dx=10.1 --set grid=walls"), @r"
    exit 2
    diff2d: --set: dx = 10.1 cannot be used: no interior node fits between -10.0 and 10.0; it may be at most 10.0 here
    ");
    assert_snapshot!(refused("dx = 1e-9"), @r"
    exit 2
    diff2d: p.toml:6: dx = 1e-9 cannot be used: it asks for more than 2147483647 nodes a side, the most there can be; it must be larger than 9.313225759165211e-9 here
    ");
    assert_snapshot!(refused("dx = 5e-324"), @r"
    exit 2
    diff2d: p.toml:6: dx = 5e-324 cannot be used: it asks for more than 2147483647 nodes a side, the most there can be; it must be larger than 9.313225759165211e-9 here
    ");
    assert_snapshot!(refused_set("--set x1=0 --set x2=1e-200 --set dx=1e-201"), @r"
    exit 2
    diff2d: p.toml:1: D = 1.0 cannot be used: with a spacing of 1e-201 the time step 0.25*dx*dx/D is 0.0, beyond what a float holds
    ");
    assert_snapshot!(refused("runtime = 1e30"), @r"
    exit 2
    diff2d: p.toml:6: runtime = 1e30 cannot be used: that is 4e30 steps of 2.5e-1; fewer than 2^53 are possible
    ");
    assert_snapshot!(refused_set("--set dx=1e-3 --set outtime=0 --set runtime=1e5"), @r"
    exit 2
    diff2d: --set: outtime = 0 cannot be used: 400000000001 snapshots of 3200640032 bytes are beyond the 2^63 bytes that a file can have; a larger outtime or dx takes fewer
    ");
}

#[test]
fn words_that_are_not_among_the_choices() {
    assert_snapshot!(refused("grid = 'wals'"), @r#"
    exit 2
    diff2d: p.toml:7: grid = "wals" cannot be used: grid must be "slides", "files" or "walls", did you mean walls?
    "#);
    assert_snapshot!(refused("grid = 'Slides'"), @r#"
    exit 2
    diff2d: p.toml:7: grid = "Slides" cannot be used: grid must be "slides", "files" or "walls", did you mean slides?
    "#);
    assert_snapshot!(refused("precision = 'double'"), @r#"
    exit 2
    diff2d: p.toml:7: precision = "double" cannot be used: precision must be "f64" or "f32"
    "#);
    assert_snapshot!(refused("precision = ''"), @r#"
    exit 2
    diff2d: p.toml:7: precision = "" cannot be used: precision must be "f64" or "f32"
    "#);
}

#[test]
fn files_that_cannot_be_read() {
    let scene = Scene::new();
    let before = scene.files();
    assert_snapshot!(scene.run("run nowhere.toml"), @r"
    exit 2
    diff2d: cannot read the parameter file nowhere.toml: there is no such file
    ");
    assert_snapshot!(scene.run("run ."), @r"
    exit 2
    diff2d: cannot read the parameter file .: it is a directory, not a file
    ");
    // Readable by its mode, and yet every read fails.
    assert_snapshot!(scene.run("run /proc/self/mem"), @r"
    exit 2
    diff2d: cannot read the parameter file /proc/self/mem: Input/output error (os error 5)
    ");
    assert_snapshot!(scene.run("run /dev/zero"), @r"
    exit 2
    diff2d: cannot read the parameter file /dev/zero: it is larger than 1 MiB, so it holds something else
    ");
    assert_eq!(scene.files(), before);
    assert_snapshot!(refused_file("p.toml", b"D = 1.0\nx1 = \"\xff\xfe\"\n", ""), @r"
    exit 2
    diff2d: cannot read the parameter file p.toml: it is not text (byte 14 is not valid UTF-8)
    ");
}

#[test]
fn files_that_are_neither_dialect() {
    assert_snapshot!(refused_file("p.toml", "D = 1.0\nx1 = = 2\n", ""), @r"
    exit 2
    diff2d: p.toml:2: this is not TOML: extra `=`, expected nothing
    ");
    assert_snapshot!(refused_file("p.toml", "D 1.0\n", ""), @r"
    exit 2
    diff2d: p.toml:1: this is not TOML: key with no value, expected `=`
    ");
    assert_snapshot!(refused_file("p.toml", "D = 1.0\nD = 2.0\n", ""), @r"
    exit 2
    diff2d: p.toml:2: D is given a second time (it stands in line 1 already); keep one of the two
    ");
    assert_snapshot!(refused_file("p.toml", "Dear diary,\ntoday I diffused.\n", ""), @r"
    exit 2
    diff2d: p.toml:1: this is not TOML: key with no value, expected `=`
    ");
    assert_snapshot!(refused_file("p.npy", b"\x93NUMPY\x01\0v\0{'descr'", ""), @r"
    exit 2
    diff2d: cannot read the parameter file p.npy: it is not text (byte 0 is not valid UTF-8)
    ");
}

const COURSE: &str = "# the course's own form\nD = 1.; x1 = -10.; x2 = .1e2;\nruntime = 3.75 # time\ndx = 1; outtime = 1.25\ngraphics = False\n";

#[test]
fn the_dialect_of_the_course() {
    let scene = Scene::small();
    scene.write("p.py", COURSE);
    let toml = scene.succeed("plan p.toml --json").stdout;
    let course = scene.succeed("plan p.py --json").stdout;
    let without_time = |text: &str| {
        let mut plan: Value = serde_json::from_str(text).unwrap();
        assert!(plan.as_object_mut().unwrap().remove("seconds").is_some());
        plan
    };
    assert_eq!(without_time(&course), without_time(&toml));

    let course = |more: &str| refused_file("p.py", format!("{COURSE}{more}\n"), "");
    assert_snapshot!(course("D = 2.0"), @r"
    exit 2
    diff2d: p.py:6: D is given a second time (it stands in line 2 already); keep one of the two
    ");
    assert_snapshot!(course("colour = 'blue';"), @r#"
    exit 2
    diff2d: p.py:6: there is no parameter colour (= "blue"); the parameters are D, x1, x2, runtime, dx, outtime, graphics, grid, precision
    "#);
    assert_snapshot!(course("nrows = int((x2-x1)/dx);"), @r"
    exit 2
    diff2d: p.py:6: `nrows = int((x2-x1)/dx)` is not of the form name = literal; a literal is a number, True, False or a word in quotes, not an expression
    ");
    assert_snapshot!(course("import numpy as np;"), @r"
    exit 2
    diff2d: p.py:6: `import numpy as np` is not of the form name = literal; a literal is a number, True, False or a word in quotes, not an expression
    ");
    let replaced = |old: &str, new: &str| refused_file("p.py", COURSE.replace(old, new), "");
    assert_snapshot!(replaced("D = 1.;", "D = True;"), @r"
    exit 2
    diff2d: p.py:2: D = true is a boolean; D must be a finite number greater than 0
    ");
    assert_snapshot!(replaced("dx = 1;", "dx = '1';"), @r#"
    exit 2
    diff2d: p.py:4: dx = "1" is a string; dx must be a finite number greater than 0
    "#);
    assert_snapshot!(replaced("dx = 1;", "dx = 1e999;"), @r"
    exit 2
    diff2d: p.py:4: dx = inf cannot be used: dx must be a finite number greater than 0
    ");
    assert_snapshot!(replaced("dx = 1;", ""), @r"
    exit 2
    diff2d: p.py: the parameter dx is missing; add a line such as `dx = 0.0667`  # wanted spacing of the nodes [length]
    ");
}

#[test]
fn overrides() {
    let scene = Scene::small();
    let plan: Value = serde_json::from_str(
        &scene
            .run_args([
                "plan",
                "p.toml",
                "--json",
                "--set",
                "grid=files",
                "--set",
                "precision='f32'",
                "--set=dx=5",
                "--set",
                " dx = 2.5 ",
                "--set",
                "graphics=true",
            ])
            .stdout,
    )
    .unwrap();
    assert_snapshot!(plan["params"], @r#"{"D":1.0,"x1":-10.0,"x2":10.0,"runtime":3.75,"dx":2.5,"outtime":1.25,"graphics":true,"grid":"files","precision":"f32"}"#);

    assert_snapshot!(refused_set("--set dx"), @r"
    exit 2
    diff2d: --set dx: expected key=value, such as --set dx=0.1
    ");
    assert_snapshot!(refused_set("--set dx="), @r"
    exit 2
    diff2d: --set dx=: expected key=value, such as --set dx=0.1
    ");
    assert_snapshot!(refused_set("--set =1"), @r"
    exit 2
    diff2d: --set =1: expected key=value, such as --set dx=0.1
    ");
    assert_snapshot!(refused_set("--set dy=1"), @r"
    exit 2
    diff2d: --set: there is no parameter dy (= 1), did you mean dx?; the parameters are D, x1, x2, runtime, dx, outtime, graphics, grid, precision
    ");
    assert_snapshot!(refused_set("--set dx=small"), @r#"
    exit 2
    diff2d: --set: dx = "small" is a string; dx must be a finite number greater than 0
    "#);
    assert_snapshot!(refused_set("--set dx=true"), @r"
    exit 2
    diff2d: --set: dx = true is a boolean; dx must be a finite number greater than 0
    ");
    assert_snapshot!(refused_set("--set graphics=yes"), @r#"
    exit 2
    diff2d: --set: graphics = "yes" is a string; graphics must be true or false
    "#);
    assert_snapshot!(refused_set("--set grid=wall"), @r#"
    exit 2
    diff2d: --set: grid = "wall" cannot be used: grid must be "slides", "files" or "walls", did you mean walls?
    "#);
    assert_snapshot!(refused_set("--set initial.kindd=sine"), @r#"
    exit 2
    diff2d: --set: there is no parameter initial.kindd (= "sine"); the parameters are D, x1, x2, runtime, dx, outtime, graphics, grid, precision
    "#);
}

#[test]
fn usage() {
    let scene = Scene::small();
    let first_line = |told: Told| {
        told.to_string()
            .lines()
            .take(2)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_snapshot!(first_line(scene.run("run")), @r"
    exit 2
    error: the following required arguments were not provided:
    ");
    assert_snapshot!(first_line(scene.run("rnu p.toml")), @r"
    exit 2
    error: unrecognized subcommand 'rnu'
    ");
    assert_snapshot!(first_line(scene.run("run p.toml --forse")), @r"
    exit 2
    error: unexpected argument '--forse' found
    ");
    assert_snapshot!(first_line(scene.run("run p.toml --threads 0")), @r"
    exit 2
    error: invalid value '0' for '--threads <N>': 0 is not in 1..=65535
    ");
    assert_snapshot!(first_line(scene.run("run p.toml --io fast")), @r"
    exit 2
    error: invalid value 'fast' for '--io <IO>'
    ");
    assert_snapshot!(first_line(scene.run("run p.toml --resume --force")), @r"
    exit 2
    error: the argument '--resume' cannot be used with '--force'
    ");
    assert_snapshot!(first_line(scene.run("run p.toml --no-cube -o c.npy")), @r"
    exit 2
    error: the argument '--no-cube' cannot be used with '--output <CUBE.npy>'
    ");
    assert_snapshot!(first_line(scene.run("run p.toml --max-walltime soon")), @r"
    exit 2
    error: invalid value 'soon' for '--max-walltime <TIME>': expected a time such as 90s, 10min or 1h 30min
    ");
    assert_snapshot!(scene.run("run p.toml -o cube.npz"), @r"
    exit 2
    diff2d: the output cube.npz must have a name that ends in .npy
    ");
    assert_snapshot!(scene.run("run p.toml -o cube"), @r"
    exit 2
    diff2d: the output cube must have a name that ends in .npy
    ");
    assert_eq!(scene.run("").code, Some(2));
    assert_eq!(scene.files(), ["p.toml"]);
}

#[test]
fn every_help_shows_an_example() {
    let scene = Scene::new();
    let help = scene.succeed("--help");
    let commands: Vec<&str> = help
        .stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in [""].into_iter().chain(commands) {
        let told = scene.succeed(&format!("{command} --help"));
        let (_, example) = told
            .stdout
            .split_once("Example")
            .unwrap_or_else(|| panic!("no example for {command:?}"));
        assert!(
            example.contains(&format!("  diff2d {command}")),
            "{example}"
        );
        assert!(told.stderr.is_empty());
    }
}

/// Everything that fails before the first step of a run that is too large leaves no file.
#[test]
fn a_cube_that_does_not_fit() {
    let scene = Scene::small();
    let told = scene.run("run p.toml --set dx=0.1 --set runtime=1e9 --set outtime=0 -o deep/c.npy");
    let free = told.stderr.split("has ").nth(1).unwrap().split(' ').next();
    assert!(free.unwrap().parse::<u64>().is_ok(), "{told}");
    let lines = told.stderr.split("its journal ").nth(1).unwrap();
    let lines = lines.split(',').next().unwrap();
    assert!(lines.parse::<u64>().is_ok(), "{told}");
    let told = told.to_string().replace(free.unwrap(), "[FREE]");
    let told = told.replace(lines, "[LINES]");
    assert_snapshot!(told, @r"
    exit 1
    diff2d: warning: snapshots are 0.0025000000000000005 apart, not outtime = 0.0: one step of dt = 0.0025000000000000005
    diff2d: deep/c.npy needs 130572800000004096 bytes, its journal [LINES], and their filesystem has [FREE] free: free some space, write elsewhere with -o, or take fewer snapshots (a larger outtime)
    ");
    assert_eq!(scene.files(), ["p.toml"]);

    // Too large for memory as well as for the disk: an hour of zeros would be no answer either.
    let told = scene.run("run p.toml --set dx=2e-6");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stderr.contains("memory"), "{told}");
    assert_eq!(scene.files(), ["p.toml"]);
}

/// A limit on the size of files answers like a full disk, not with a signal.
#[test]
fn a_limit_on_the_size_of_files() {
    let scene = Scene::small();
    let told = shell(&scene, "ulimit -f 8; exec \"$DIFF2D\" run p.toml");
    assert_snapshot!(told, @r"
    exit 1
    diff2d: cannot reserve space for output/p.npy: File too large (os error 27)
    ");
    assert_eq!(scene.files(), ["p.toml"]);
}

fn shell(scene: &Scene, script: &str) -> Told {
    let mut command = scene.command("bash");
    command.env("DIFF2D", assert_cmd::cargo::cargo_bin!("diff2d"));
    Told::from(command.args(["-c", script]).output().unwrap())
}

#[test]
fn a_run() {
    let scene = Scene::small();
    let told = scene.succeed("run p.toml");
    assert_eq!(told.stdout, "0\n1.25\n2.5\n3.75\n");
    assert_eq!(told.stderr.lines().count(), 1, "{told}");
    assert!(told.stderr.starts_with("diff2d: done in output/p.npy: "));
    assert_eq!(
        scene.files(),
        ["output/p.journal", "output/p.npy", "p.toml"]
    );

    let told = scene.succeed("run p.toml --quiet -o a/b/c.npy");
    assert_eq!(
        (told.stdout.as_str(), told.stderr.as_str()),
        ("0\n1.25\n2.5\n3.75\n", "")
    );
    assert!(scene.exists("a/b/c.npy") && scene.exists("a/b/c.journal"));
}

#[test]
fn a_run_without_a_step() {
    let scene = Scene::small();
    let told = scene.succeed("run p.toml --set runtime=0.1 --set outtime=0.1");
    assert_eq!(told.stdout, "0\n");
    assert_snapshot!(told.stderr.lines().next().unwrap(), @"diff2d: warning: runtime = 0.1 is shorter than one step of 0.25: there is only snapshot 0, the initial state");
}

#[test]
fn a_run_without_files() {
    let scene = Scene::small();
    let told = scene.succeed("run p.toml --no-cube --set graphics=true");
    assert_eq!(told.stdout, "0\n1.25\n2.5\n3.75\n");
    assert_eq!(scene.files(), ["p.toml"]);
}

#[test]
fn the_report() {
    let scene = Scene::small();
    scene.succeed("run p.toml --threads 2 --io write --report figures.json");
    let report: Value = serde_json::from_str(&scene.text("figures.json")).unwrap();
    let keys: Vec<&str> = report
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_snapshot!(keys.join(" "), @"updates seconds updates_per_second threads ranks messages bytes_sent machine kernel tile io");
    assert_eq!(report["updates"], 20 * 20 * 15);
    assert_eq!(report["threads"], 2);
    assert_eq!(report["ranks"], 1);
    assert_eq!(report["io"], "write");
    for key in ["total", "initialise", "advance", "write", "sync"] {
        assert!(report["seconds"][key].as_f64().unwrap() > 0.0, "{key}");
    }
    let rate = report["updates"].as_f64().unwrap() / report["seconds"]["advance"].as_f64().unwrap();
    let told = report["updates_per_second"].as_f64().unwrap();
    assert!((told / rate - 1.0).abs() < 1e-9, "{told} {rate}");

    let told = scene.run("run p.toml --force --report nowhere/figures.json");
    assert_eq!(told.code, Some(1));
    assert_snapshot!(told.stderr, @"diff2d: cannot write the report nowhere/figures.json: No such file or directory (os error 2)");
    assert_eq!(told.stdout, "0\n1.25\n2.5\n3.75\n");
}

#[test]
fn what_a_plan_says() {
    let scene = Scene::small();
    let told = scene.succeed("plan p.toml");
    let (text, time) = told.stdout.rsplit_once("time ").unwrap();
    assert_snapshot!(text, @r#"
    grid       22 × 22 nodes, 20 × 20 of them interior, layout "slides", f64
    spacing    dx = 1.0, nodes from -11.0 to 11.0
    steps      15 of dt = 0.25, r = 0.25
    snapshots  4, every 5 steps (1.25 of simulated time)
    memory     7.56 KiB for two fields
    ranks      1, all rows
    disk       19.12 KiB (19584 bytes)
    "#);
    assert!(time.contains("about"), "{time}");
    assert_eq!(told.stderr, "");
    let told = scene.succeed("plan p.toml --set grid=walls --set precision=f32 --set dx=0.1 --set runtime=15 --set outtime=0.5");
    assert_snapshot!(told.stdout.rsplit_once("time ").unwrap().0, @r#"
    grid       201 × 201 nodes, 199 × 199 of them interior, layout "walls", f32
    spacing    dx = 0.1, nodes from -10.0 to 10.0
    steps      5999 of dt = 0.0025000000000000005, r = 0.25
    snapshots  31, every 199 steps (0.4975000000000001 of simulated time)
    memory     315.63 KiB for two fields
    ranks      1, all rows
    disk       4.78 MiB (5013820 bytes)
    "#);
    assert_snapshot!(told.stderr, @"diff2d: warning: snapshots are 0.4975000000000001 apart, not outtime = 0.5: 199 whole steps of dt = 0.0025000000000000005");
    assert_snapshot!(scene.succeed("plan p.toml --set outtime=0").stderr, @"diff2d: warning: snapshots are 0.25 apart, not outtime = 0.0: one step of dt = 0.25");
    assert_eq!(scene.files(), ["p.toml"]);

    let plan: Value =
        serde_json::from_str(&scene.succeed("plan p.toml --set dx=0.1 --json").stdout).unwrap();
    let keys: Vec<&str> = plan
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_snapshot!(keys.join(" "), @"params nx ny dx dy dt r nsteps nper cadence snapshots shape memory_bytes disk_bytes ranks rows_per_rank halo memory_bytes_per_rank halo_bytes threads seconds warnings");
    assert_eq!(plan["shape"], serde_json::json!([4, 202, 202]));
    assert_eq!(plan["disk_bytes"], 4096 + 4 * 202 * 202 * 8);
    assert_eq!(plan["memory_bytes"], 2 * 202 * 202 * 8);

    let told = scene.succeed("plan p.toml --set dx=0.1 --ranks 60 --json");
    let plan: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(plan["rows_per_rank"], serde_json::json!([3, 5]));
    assert_eq!(plan["halo"], 3);
    assert_eq!(plan["halo_bytes"], 3 * 202 * 8);
    assert_eq!(plan["memory_bytes_per_rank"], 2 * (5 + 2 * 3) * 202 * 8);
}

#[test]
fn what_info_says() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    assert_snapshot!(scene.run("info c.npy"), @r#"
    exit 0
    file       c.npy
    shape      (4, 22, 22)
    dtype      <f8, C order
    data       from byte 4096, 19.12 KiB in all
    params     D = 1.0, x1 = -10.0, x2 = 10.0, runtime = 3.75, dx = 1.0, outtime = 1.25, graphics = false, grid = "slides", precision = "f64"
    steps      15 of dt = 0.25, a snapshot every 5
    committed  4 of 4 snapshots
    last       snapshot 3: t = 3.75 after step 15, mass 75.19813530774344, from 0.0 to 0.32067516312256567
    "#);
    cut_journal(&scene, "c.journal", 2);
    assert_snapshot!(scene.run("info c.npy"), @r#"
    exit 0
    file       c.npy
    shape      (4, 22, 22)
    dtype      <f8, C order
    data       from byte 4096, 19.12 KiB in all
    params     D = 1.0, x1 = -10.0, x2 = 10.0, runtime = 3.75, dx = 1.0, outtime = 1.25, graphics = false, grid = "slides", precision = "f64"
    steps      15 of dt = 0.25, a snapshot every 5
    committed  1 of 4 snapshots
    last       snapshot 0: t = 0.0 after step 0, mass 90.70294784580499, from 0.0 to 0.888979591836735
    "#);
    let info: Value = serde_json::from_str(&scene.succeed("info c.npy --json").stdout).unwrap();
    assert_eq!(
        (&info["committed"], &info["complete"]),
        (&Value::from(1), &Value::from(false))
    );
    assert_eq!(info["snapshots"].as_array().unwrap().len(), 1);

    fs::remove_file(scene.path("c.journal")).unwrap();
    assert_snapshot!(scene.run("info c.npy"), @r"
    exit 0
    file       c.npy
    shape      (4, 22, 22)
    dtype      <f8, C order
    data       from byte 4096, 19.12 KiB in all
    ");
    assert_snapshot!(scene.run("info p.toml"), @r"
    exit 3
    diff2d: cannot use p.toml: it is not a .npy file (it does not begin with \x93NUMPY)
    ");
    assert_snapshot!(scene.run("info nowhere.npy"), @r"
    exit 1
    diff2d: cannot open nowhere.npy: there is no such file or directory
    ");
    assert_snapshot!(scene.run("info ."), @r"
    exit 1
    diff2d: cannot open .: is a directory
    ");
    let whole = scene.read("c.npy");
    scene.write("short.npy", &whole[..whole.len() - 1]);
    assert_snapshot!(scene.run("info short.npy"), @r"
    exit 3
    diff2d: cannot use short.npy: it is cut short: its header promises 19584 bytes, the file has 19583
    ");
    scene.write(
        "object.npy",
        npy(
            "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
            &[0; 16],
        ),
    );
    assert_snapshot!(scene.run("info object.npy"), @r"
    exit 2
    diff2d: cannot use object.npy: its dtype is '|O', object (pickled Python objects); only plain numbers can be read (f2 f4 f8, i1 to i8, u1 to u8, b1)
    ");
}

/// Leaves line 1 and the first `keep - 1` snapshots.
fn cut_journal(scene: &Scene, name: &str, keep: usize) {
    let lines: String = scene.text(name).split_inclusive('\n').take(keep).collect();
    scene.write(name, lines);
}

/// A `.npy` file of any header and data.
fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{header:<117}\n");
    let length = u16::try_from(text.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\0", length.as_slice(), text.as_bytes(), data].concat()
}

#[test]
fn comparisons() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o a.npy --quiet");
    scene.succeed("run p.toml -o b.npy --quiet");
    assert_snapshot!(scene.run("compare a.npy b.npy"), @r"
    exit 0
    equal: 1936 elements of <f8, bit for bit
    ");

    scene.succeed("run p.toml -o other.npy --quiet --set precision=f32");
    assert_snapshot!(scene.run("compare a.npy other.npy"), @r"
    exit 3
    different: <f8 of shape [4, 22, 22] against <f4 of shape [4, 22, 22]
    diff2d: a.npy and other.npy differ
    ");
    cut_journal(&scene, "b.journal", 3);
    assert_snapshot!(scene.run("compare a.npy b.npy"), @r"
    exit 3
    different: <f8 of shape [4, 22, 22] against <f8 of shape [4, 22, 22], 2 snapshots committed
    diff2d: a.npy and b.npy differ
    ");

    let numbers = |values: [f64; 4]| {
        npy(
            "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }",
            bytemuck::cast_slice(&values),
        )
    };
    scene.write("x.npy", numbers([1.0, 2.0, 3.0, 4.0]));
    scene.write("y.npy", numbers([1.0, 2.5, 3.0, 3.75]));
    scene.write("zero.npy", numbers([0.0; 4]));
    scene.write("minus.npy", numbers([0.0, 0.0, -0.0, 0.0]));
    assert_snapshot!(scene.run("compare x.npy y.npy"), @r"
    exit 3
    different: 2 of 4 elements; the largest difference is 0.5 at [0, 1], 2.0 against 2.5
    diff2d: x.npy and y.npy differ
    ");
    assert_snapshot!(scene.run("compare zero.npy minus.npy"), @r"
    exit 3
    different: 1 of 4 elements; the largest difference is 0.0 at [1, 0], 0.0 against -0.0
    diff2d: zero.npy and minus.npy differ
    ");
    assert_snapshot!(scene.run("compare x.npy nowhere.npy"), @r"
    exit 1
    diff2d: cannot open nowhere.npy: there is no such file or directory
    ");
}

#[test]
fn pictures() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let told = scene.succeed("plot c.npy --sheet --animate");
    let expected = [
        "c/0000.png",
        "c/0001.png",
        "c/0002.png",
        "c/0003.png",
        "c/animation.gif",
        "c/sheet.png",
    ];
    let mut named: Vec<&str> = told.stdout.lines().collect();
    named.sort_unstable();
    assert_eq!(named, expected);
    for name in expected {
        let magic: &[u8] = if name.ends_with("png") {
            b"\x89PNG"
        } else {
            b"GIF89a"
        };
        assert!(scene.read(name).starts_with(magic), "{name}");
    }

    let told = scene.succeed("plot c.npy --snapshots -1: --colormap magma --range -1:1 -o a/b");
    assert_eq!(told.stdout, "a/b/0003.png\n");
    assert_snapshot!(scene.run("plot c.npy --snapshots 4:"), @r"
    exit 2
    diff2d: --snapshots 4:: there is no such frame; c.npy has 4
    ");
    assert_snapshot!(scene.run("plot c.npy --snapshots first"), @r"
    exit 2
    diff2d: --snapshots first: expected a range as in Python, such as 2:8, :3 or -1:
    ");
    assert_snapshot!(scene.run("plot c.npy --colormap virids"), @r"
    exit 2
    diff2d: no colour map is called 'virids' (did you mean 'viridis'?); there are viridis, inferno, magma, plasma, cividis, turbo, cubehelix, gray, grays, blues, coolwarm, rdbu, puor, brbg
    ");
    assert_snapshot!(scene.run("plot c.npy --range 1"), @r"
    exit 2
    diff2d: '1' is not a range of values: write two finite numbers lo:hi with lo < hi, such as -1:1
    ");

    cut_journal(&scene, "c.journal", 3);
    let told = scene.succeed("plot c.npy -o partial");
    assert_eq!(told.stdout, "partial/0000.png\npartial/0001.png\n");
    cut_journal(&scene, "c.journal", 1);
    assert_snapshot!(scene.run("plot c.npy -o nothing"), @r"
    exit 2
    diff2d: c.npy has no frame to draw yet
    ");
    assert!(!scene.exists("nothing"));
}

#[test]
fn pictures_while_it_runs() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy --set graphics=true");
    let drawn = ["c/0000.png", "c/0001.png", "c/0002.png", "c/0003.png"];
    assert!(
        drawn.iter().all(|name| scene.exists(name)),
        "{:?}",
        scene.files()
    );
}

#[test]
fn an_output_that_exists() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let (cube, journal) = (scene.read("c.npy"), scene.read("c.journal"));
    assert_snapshot!(scene.run("run p.toml -o c.npy"), @r"
    exit 2
    diff2d: c.npy exists already and is complete: --force starts it over, -o writes elsewhere
    ");
    assert_snapshot!(scene.run("run p.toml -o c.npy --resume"), @r"
    exit 0
    diff2d: nothing to do: all snapshots are there in c.npy
    ");
    assert_eq!(
        (scene.read("c.npy"), scene.read("c.journal")),
        (cube.clone(), journal)
    );

    cut_journal(&scene, "c.journal", 3);
    let journal = scene.read("c.journal");
    assert_snapshot!(scene.run("run p.toml -o c.npy"), @r"
    exit 2
    diff2d: c.npy has been begun and holds 2 of 4 snapshots: --resume continues it, --force starts it over, -o writes elsewhere
    ");
    assert_snapshot!(scene.run("run p.toml -o c.npy --resume --set D=2 --set grid=files"), @r#"
    exit 2
    diff2d: c.npy was begun with other parameters: D was 1.0 and is 2.0, grid was "slides" and is "files"; run with the old ones, or write elsewhere with -o
    "#);
    assert_eq!(
        (scene.read("c.npy"), scene.read("c.journal")),
        (cube.clone(), journal)
    );
    let told = scene.succeed("run p.toml -o c.npy --resume --set graphics=true");
    assert_eq!(told.stdout, "2.5\n3.75\n");
    assert_eq!(scene.read("c.npy"), cube);

    assert_snapshot!(scene.run("run p.toml -o c.npy --force --set dx=-1"), @r"
    exit 2
    diff2d: --set: dx = -1 cannot be used: dx must be greater than 0
    ");
    assert_eq!(scene.read("c.npy"), cube);
    let told = scene.succeed("run p.toml -o c.npy --force --set dx=2");
    assert_eq!(told.stdout.lines().next(), Some("0"));
    assert_ne!(scene.read("c.npy"), cube);
}

#[test]
fn a_file_of_somebody_else() {
    let scene = Scene::small();
    scene.write("c.npy", "precious");
    for option in ["", "--force", "--resume"] {
        let told = scene.run(&format!("run p.toml -o c.npy {option}"));
        insta::allow_duplicates! { assert_snapshot!(told, @r"
        exit 2
        diff2d: c.npy exists and was not written by a run of diff2d (it has no journal): move it away, or write elsewhere with -o
        "); }
        assert_eq!(scene.text("c.npy"), "precious");
        assert_eq!(scene.files(), ["c.npy", "p.toml"]);
    }
}

#[test]
fn places_where_nothing_can_be_written() {
    let scene = Scene::small();
    assert_snapshot!(scene.run("run p.toml -o p.toml/c.npy"), @r"
    exit 1
    diff2d: cannot create the directory p.toml: File exists (os error 17)
    ");
    fs::create_dir(scene.path("c.npy")).unwrap();
    assert_snapshot!(scene.run("run p.toml -o c.npy"), @r"
    exit 2
    diff2d: c.npy exists and was not written by a run of diff2d (it has no journal): move it away, or write elsewhere with -o
    ");
    assert_snapshot!(scene.run("run p.toml -o /proc/nowhere/c.npy"), @r"
    exit 1
    diff2d: cannot create the directory /proc/nowhere: there is no such file or directory
    ");
    assert_eq!(scene.files(), ["p.toml"]);
}

/// The reader of the results has gone: a run goes on, everything else ends without a word.
#[test]
fn a_closed_pipe() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let closed = |arguments: &str| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = scene.diff2d();
        command.args(arguments.split_whitespace()).stdout(writer);
        Told::from(command.output().unwrap())
    };
    for arguments in [
        "info c.npy",
        "plan p.toml",
        "compare c.npy c.npy",
        "plot c.npy --snapshots 0",
        "--help",
        "run --help",
    ] {
        let told = closed(arguments);
        assert_eq!(
            (told.code, told.stderr.as_str()),
            (Some(0), ""),
            "{arguments}"
        );
    }
    let told = closed("run p.toml -o d.npy --quiet");
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""));
    assert_eq!(scene.read("d.npy"), scene.read("c.npy"));
    scene.succeed("compare c.npy d.npy");

    let told = shell(
        &scene,
        "set -o pipefail; \"$DIFF2D\" run p.toml -o e.npy --quiet | head -n 1",
    );
    assert_eq!(
        (told.code, told.stdout.as_str()),
        (Some(0), "0\n"),
        "{told}"
    );
    scene.succeed("compare c.npy e.npy");
}

/// Results that cannot be told are an error, but none that stops a run.
#[test]
fn stdout_without_space() {
    let scene = Scene::small();
    let full = |arguments: &str| {
        let mut command = scene.diff2d();
        let device = OpenOptions::new().write(true).open("/dev/full").unwrap();
        command.args(arguments.split_whitespace()).stdout(device);
        Told::from(command.output().unwrap())
    };
    assert_snapshot!(full("run p.toml -o c.npy"), @r"
    exit 1
    diff2d: cannot write the results to stdout: No space left on device (os error 28)
    ");
    assert_snapshot!(full("info c.npy"), @r"
    exit 1
    diff2d: cannot write the results to stdout: No space left on device (os error 28)
    ");
    scene.succeed("run p.toml -o d.npy");
    scene.succeed("compare c.npy d.npy");
}

#[test]
fn no_standard_streams_at_all() {
    let scene = Scene::small();
    let told = shell(&scene, "\"$DIFF2D\" run p.toml -o c.npy <&- >&- 2>&-");
    assert_eq!(told.code, Some(0));
    scene.succeed("run p.toml -o d.npy");
    scene.succeed("compare c.npy d.npy");
}

/// No bar and no colour where nobody looks on; none either where somebody does not want it.
#[test]
fn colours_and_bars() {
    let scene = Scene::small();
    for arguments in [
        "run p.toml -o c.npy",
        "run p.toml -o c.npy",
        "plot c.npy",
        "--help",
        "rnu",
    ] {
        let told = scene.run(arguments);
        let text = told.stdout + &told.stderr;
        assert!(!text.contains(['\x1b', '\r']), "{arguments}: {text:?}");
    }
    let forced = |no_color: bool| {
        let mut command = scene.diff2d();
        command.arg("--help").env("CLICOLOR_FORCE", "1");
        if no_color {
            command.env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE");
        }
        Told::from(command.stdin(Stdio::null()).output().unwrap()).stdout
    };
    assert!(forced(false).contains('\x1b'));
    assert!(!forced(true).contains('\x1b'));
}

#[test]
fn started_by_a_launcher_without_mpi() {
    if cfg!(feature = "mpi") {
        return;
    }
    let scene = Scene::small();
    scene.write("sweep.toml", "params = \"p.toml\"\nD = [1, 2]\n");
    let started = |rank: &str, arguments: &str| {
        let mut command = scene.diff2d();
        command
            .env("OMPI_COMM_WORLD_RANK", rank)
            .env("OMPI_COMM_WORLD_SIZE", "2")
            .args(arguments.split_whitespace());
        Told::from(command.output().unwrap())
    };
    assert_snapshot!(started("0", "run p.toml"), @r"
    exit 1
    diff2d: this diff2d is built without MPI and was started as one of 2 ranks: build it with `cargo build --release --features mpi` (needs Open MPI or MPICH and libclang), or start it without mpirun
    ");
    assert_snapshot!(started("1", "run p.toml"), @"exit 0");
    assert_snapshot!(started("0", "run p.toml --set dx=-1").code.unwrap(), @"2");
    assert_snapshot!(started("0", "sweep sweep.toml"), @r"
    exit 1
    diff2d: this diff2d is built without MPI and was started as one of 2 ranks: build it with `cargo build --release --features mpi` (needs Open MPI or MPICH and libclang), or start it without mpirun
    ");
    assert_eq!(scene.files(), ["p.toml", "sweep.toml"]);
}
