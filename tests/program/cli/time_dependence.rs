//! Walls and sources that depend on time.

use super::npy;
use crate::common::Scene;

/// A problem with all that depends on time, and a file.
const GENERAL: &str = "\
D = { file = 'D.npy' }
face = 'arithmetic'
source = 'x*sin(t)'
x1 = 0.0
x2 = 2.0
y1 = 0.0
y2 = 1.0
dx = 0.25
dt = 0.001
runtime = 0.04
outtime = 0.01
grid = 'walls'
[initial]
kind = 'sine'
[boundary]
left = '1 + t'
right = { flux = '-t' }
bottom = { robin = [1, 2, 'cos(t)'] }
top = 0.5
";

pub(crate) fn general() -> Scene {
    let scene = Scene::new();
    scene.write("g.toml", GENERAL);
    let data: Vec<u8> = (0..45)
        .flat_map(|at: i32| (1.0 + f64::from(at) / 45.0).to_le_bytes())
        .collect();
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (5, 9), }";
    scene.write("D.npy", npy(header, &data));
    scene
}

#[test]
fn what_depends_on_time_is_resumed_extended_and_repaired() {
    let scene = general();
    scene.succeed("run g.toml -o whole.npy");
    let whole = scene.read("whole.npy");

    scene.succeed("run g.toml -o c.npy");
    super::cut_journal(&scene, "c.journal", 3);
    let mut bytes = scene.read("c.npy");
    bytes[4096 + 2 * 360..].fill(0);
    scene.write("c.npy", bytes);
    scene.succeed("run g.toml -o c.npy --resume");
    assert!(scene.read("c.npy") == whole);

    let mut bytes = whole.clone();
    bytes[4096 + 3 * 360 + 100] ^= 1;
    scene.write("c.npy", bytes);
    scene.succeed("repair c.npy");
    assert!(scene.read("c.npy") == whole);

    scene.succeed("run g.toml -o short.npy --set runtime=0.02");
    scene.succeed("run g.toml -o long.npy --resume --extend short.npy");
    assert!(scene.read("long.npy") == whole);
}

/// The run ends before the time; what it has committed is whole, printed, and ends the same way again.
#[test]
fn a_wall_or_a_source_that_stops_being_finite_ends_the_run() {
    const LONG: &str =
        "x1 = -1.0\nx2 = 1.0\ndx = 0.25\nruntime = 1.0\nouttime = 0.1\ngrid = 'walls'\n";
    let methods = [
        "",
        "precision = 'f32'\n",
        "method = 'rkl2'\ndt = 0.05\n",
        "D = '1.0 + 0.1*x'\n",
    ];
    for (key, formula) in [
        ("boundary.left", "boundary = {left = 'sqrt(0.45 - t)'}"),
        ("boundary.top", "boundary = {top = {flux = '1/(t < 0.45)'}}"),
        (
            "boundary.bottom",
            "boundary = {bottom = {robin = [1.0, 1.0, 'log(0.45 - t)']}}",
        ),
        ("source", "source = 'where(x > 0.5, log(0.45 - t), 0)'"),
    ] {
        for method in methods {
            let scene = Scene::new();
            let material = if method.contains("D =") {
                ""
            } else {
                "D = 1.0\n"
            };
            scene.write("p.toml", format!("{LONG}{material}{method}{formula}\n"));
            let told = scene.run("run p.toml -o c.npy");
            assert_eq!(told.code, Some(1), "{key} {method}: {told}");
            let error = told.stderr.lines().last().unwrap();
            let beginning = format!("diff2d: {key} has no finite value at x = ");
            assert!(error.starts_with(&beginning), "{error}");
            assert!(
                error.contains("t = 0.4") || error.contains("t = 0.5"),
                "{error}"
            );
            let records = scene.text("c.journal").lines().count() - 1;
            assert_eq!(told.stdout.lines().count(), records, "{told}");
            assert!((4..=6).contains(&records), "{told}");
            assert!(
                scene
                    .succeed("verify c.npy")
                    .stdout
                    .contains("as they were")
            );
            let again = scene.run("run p.toml -o c.npy --resume");
            assert_eq!(
                (again.code, again.stdout.as_str()),
                (Some(1), ""),
                "{again}"
            );
            assert_eq!(again.stderr.lines().last().unwrap(), error);
        }
    }
    let scene = Scene::new();
    scene.write("p.toml", format!("{LONG}D = 1.0\n"));
    scene.write(
        "s.toml",
        "params = 'p.toml'\nsource = [0.0, 'log(0.45 - t)']\n",
    );
    let told = scene.run("sweep s.toml -o s.npy --threads 1");
    assert_eq!(told.code, Some(1), "{told}");
    assert_eq!(told.stdout, "0\n", "{told}");
    assert!(told.stderr.contains("source has no finite value"), "{told}");
    let told = scene.run("check p.toml --set source=log(0.45-t)");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stderr.contains("source has no finite value"), "{told}");
}

/// A longer run meets walls that allow only a shorter step; one with the step of the shorter run extends it.
#[test]
fn a_run_beside_a_wall_in_t_is_extended_with_its_step() {
    let scene = Scene::new();
    let problem = "D = 1\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 1\nouttime = 0.5\n\
        boundary = {left = {robin = ['1 + t', 1, 0]}}\n";
    scene.write("p.toml", problem);
    scene.succeed("run p.toml -o short.npy");
    let told = scene.run("run p.toml --set runtime=2 -o long.npy --resume --extend short.npy");
    assert_eq!(told.code, Some(2), "{told}");
    let both = "dt was 0.002272727272727273 and is 0.0021739130434782613";
    assert!(told.stderr.contains(both), "{told}");
    // The step of the longer run, from the beginning; and one that both have.
    for (of_short, of_long) in [
        ("--set dt=0.0021739130434782613", ""),
        ("--set safety=0.9", "--set dt=0.0020454545454545456"),
    ] {
        scene.succeed(&format!("run p.toml {of_short} -o short.npy --force"));
        scene.succeed(&format!(
            "run p.toml --set runtime=2 {of_long} -o whole.npy --force"
        ));
        let long =
            format!("run p.toml --set runtime=2 {of_long} -o long.npy --resume --extend short.npy");
        scene.succeed(&long);
        assert!(scene.read("long.npy") == scene.read("whole.npy"));
        for file in ["long.npy", "long.journal"] {
            std::fs::remove_file(scene.path(file)).unwrap();
        }
    }
}

#[test]
fn a_chosen_step_that_a_wall_makes_unstable_is_refused() {
    let scene = Scene::new();
    let problem = "D = 1\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 1\nouttime = 1\n\
        boundary = {left = {robin = ['A', 1, 0]}}\n";
    let pulse = "where((t % 1 > 0.3)*(t % 1 < 0.35), 500, 0.5)";
    scene.write("p.toml", problem.replace('A', pulse));
    // 2 D a/(b dx) = 10000 and 4/dx² = 400.
    let told = scene.run("run p.toml --no-cube --set dt=9.7e-5");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(
        told.stderr.contains("stable up to 9.61538461538461"),
        "{told}"
    );
    scene.succeed("run p.toml --no-cube --set dt=9.6e-5");
    // What no look finds ends the run at the step that does.
    let needle = "where(abs(t - 0.3007) < 1e-9, 500, 0.5)";
    scene.write("p.toml", problem.replace('A', needle));
    for options in ["--set dt=1e-4", "--set dt=1e-4 --set D=1+0*x"] {
        scene.succeed(&format!("plan p.toml {options}"));
        let told = scene.run(&format!("run p.toml --no-cube {options}"));
        assert_eq!(told.code, Some(1), "{options}: {told}");
        let words = [
            "boundary.left makes steps of dt = ",
            " unstable at x = 0.0, y = 0.1 and t = 0.300",
            " or less can be run",
        ];
        assert!(
            words.iter().all(|word| told.stderr.contains(word)),
            "{options}: {told}"
        );
    }
    scene.write("p.toml", problem.replace('A', "1 + t*t"));
    scene.succeed("run p.toml --no-cube");
    scene.succeed("check p.toml");
}

/// What is 1 in all, of a source or a wall, beside what the steps see of it.
#[test]
fn what_changes_between_steps_is_told_with_both_integrals() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 1\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 1\nouttime = 0.01\n",
    );
    let long = "--set method=rkl2 --set dt=0.1 --set outtime=0.1";
    let told = |key: &str, value: &str, options: &str| {
        let mut arguments = vec!["plan".to_owned(), "p.toml".to_owned()];
        arguments.extend(["--set".to_owned(), format!("{key}={value}")]);
        arguments.extend(options.split_whitespace().map(str::to_owned));
        scene.succeed_args(arguments).stderr
    };
    for (key, value, options, words) in [
        (
            "source",
            "where((t > 0.1)*(t < 0.15), 20, 0)",
            long,
            "source changes between steps: its integral over time is 3.9240 as steps of dt = 0.1 see it, and 0.9998 by finer sampling; after step 2, p is off by about",
        ),
        (
            "source",
            "(1 + x)*where((t > 0.1)*(t < 0.15), 20, 0)",
            long,
            "is 3.9240 as steps of dt = 0.1 see it, and 0.9998 by",
        ),
        (
            "source",
            "x + where((t > 0.1)*(t < 0.101), 20*x, 0)",
            "",
            "source at x = 0.5, y = 0.1 changes between steps",
        ),
        (
            "boundary.left",
            "300 + where((t > 0.1)*(t < 0.15), 20, 0)",
            long,
            "is 303.9240 as steps of dt = 0.1 see it, and 300.9998 by",
        ),
        (
            "boundary.top.flux",
            "where(t < 0.0015, 1, 0)",
            "",
            "boundary.top changes between steps: its integral over time is 0.002500 as",
        ),
        (
            "boundary.left.robin",
            "[1, 1, \"where((t > 0.10001)*(t < 0.1015), 100, 1)\"]",
            "",
            "c of boundary.left changes between steps: its integral over time is 1.0000 as",
        ),
    ] {
        let warned = told(key, value, options);
        assert!(warned.contains(words), "{key} = {value}: {warned}");
        // With the step that is named there is no error of p to tell.
        let (_, dt) = warned.rsplit_once("and with dt = ").unwrap();
        let (dt, _) = dt.split_once(" by about").unwrap();
        let options = options.replace("--set dt=0.1", "") + " --set dt=" + dt;
        let warned = told(key, value, &options);
        assert!(
            !warned.contains("; after step"),
            "{key} = {value} {options}: {warned}"
        );
    }
    for (key, value, options) in [
        (
            "source",
            "where((t > 0.1)*(t < 0.15), 20, 0)",
            "--set dt=1e-4",
        ),
        ("boundary.left", "1 + t", ""),
        ("boundary.left", "300 + 0.001*sin(1e4*t)", ""),
        ("boundary.left.flux", "sin(t) - 2*y", ""),
        // Of which nothing is left at a snapshot.
        (
            "source",
            "x + where((t > 0.1)*(t < 0.101), 20*x, 0)",
            "--set outtime=1",
        ),
    ] {
        let warned = told(key, value, options);
        assert!(
            !warned.contains("changes between"),
            "{key} = {value}: {warned}"
        );
    }
}
