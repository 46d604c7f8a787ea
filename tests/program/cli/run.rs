//! `diff2d run`: what it prints and writes, and when it refuses to.

use super::{cut_journal, shell};
use crate::common::{Scene, Told};
use insta::assert_snapshot;
use serde_json::Value;
use std::fs;

#[test]
fn a_run_prints_times_and_writes_cube_and_journal() {
    let scene = Scene::small();
    let told = scene.succeed("run p.toml");
    assert_eq!(told.stdout, "0\n1.25\n2.5\n3.75\n");
    assert_eq!(told.stderr.lines().count(), 1, "{told}");
    assert!(told.stderr.starts_with("diff2d: done in output/p.npy: "));
    assert_eq!(
        scene.files(),
        ["output/p.journal", "output/p.npy", "p.toml"]
    );

    std::fs::create_dir(scene.path("a")).unwrap();
    let told = scene.succeed("run p.toml --quiet -o a/c.npy");
    assert_eq!(
        (told.stdout.as_str(), told.stderr.as_str()),
        ("0\n1.25\n2.5\n3.75\n", "")
    );
    assert!(scene.exists("a/c.npy") && scene.exists("a/c.journal"));
}

#[test]
fn a_run_without_a_step_has_the_initial_state_alone() {
    let scene = Scene::small();
    let told = scene.succeed("run p.toml --set runtime=0.1 --set outtime=0.1");
    assert_eq!(told.stdout, "0\n");
    assert_snapshot!(told.stderr.lines().next().unwrap(), @"diff2d: warning: runtime = 0.1 is shorter than one step of 0.25: there is only snapshot 0, the initial state");
}

#[test]
fn a_run_without_a_cube_writes_no_file() {
    let scene = Scene::small();
    let told = scene.succeed("run p.toml --no-cube --set graphics=true");
    assert_eq!(told.stdout, "0\n1.25\n2.5\n3.75\n");
    assert_eq!(scene.files(), ["p.toml"]);
}

/// Steps beyond the last snapshot would be computed for nothing.
#[test]
fn a_run_ends_with_its_last_snapshot() {
    let scene = Scene::small();
    let told = scene
        .succeed("run p.toml --set outtime=2.25 --set runtime=4.25 -o c.npy --report figures.json");
    assert_eq!(told.stdout, "0\n2.25\n");
    assert!(
        told.stderr.starts_with(
            "diff2d: warning: the run ends with its last snapshot, at t = 2.25 after step 9, before runtime = 4.25: int(runtime/dt) = 17 with dt = 0.25, and a snapshot takes 9 whole steps\n"
        ),
        "{told}"
    );
    let report: Value = serde_json::from_str(&scene.text("figures.json")).unwrap();
    assert_eq!(report["updates"], 20 * 20 * 9);
    let header = scene.text("c.journal");
    assert!(header.contains("\"nsteps\":17,\"nper\":9"), "{header}");
    // A longer run takes it up where it ended.
    scene.succeed(
        "run p.toml --set outtime=2.25 --set runtime=4.5 -o d.npy --resume --extend c.npy --report figures.json",
    );
    let report: Value = serde_json::from_str(&scene.text("figures.json")).unwrap();
    assert_eq!(report["updates"], 20 * 20 * 9);
}

#[test]
fn the_report_has_its_keys_and_they_agree() {
    let scene = Scene::small();
    scene.succeed("run p.toml --threads 2 --io write --report figures.json");
    let report: Value = serde_json::from_str(&scene.text("figures.json")).unwrap();
    let keys: Vec<&str> = report
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_snapshot!(keys.join(" "), @"updates seconds updates_per_second operations threads ranks messages bytes_sent machine kernel tile io state bytes_moved budget warnings");
    assert_eq!(report["updates"], 20 * 20 * 15);
    assert_eq!(report["threads"], 2);
    assert_eq!(report["ranks"], 1);
    assert_eq!(report["io"], "write");
    for key in ["total", "initialise", "advance", "write", "sync"] {
        assert!(report["seconds"][key].as_f64().unwrap() > 0.0, "{key}");
    }
    // Each stage of a long step updates all nodes.
    scene.succeed("run p.toml --no-cube --set method=rkl2 --set stages=5 --report long.json");
    let long: Value = serde_json::from_str(&scene.text("long.json")).unwrap();
    assert_eq!(long["updates"], 20 * 20 * 2 * 5);
    let rate = report["updates"].as_f64().unwrap() / report["seconds"]["advance"].as_f64().unwrap();
    let told = report["updates_per_second"].as_f64().unwrap();
    assert!((told / rate - 1.0).abs() < 1e-9, "{told} {rate}");

    let shares = ["three", "five", "six"].map(|key| report["operations"][key].as_f64().unwrap());
    assert!(
        (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9,
        "{shares:?}"
    );

    // A report that cannot be written is found out before the first step.
    let told = scene.run("run p.toml --force --report nowhere/figures.json");
    assert_eq!(told.code, Some(1));
    assert_snapshot!(told.stderr, @"diff2d: cannot write the report nowhere/figures.json: there is no such file or directory");
    assert_eq!(told.stdout, "");
    let told = scene.succeed("run p.toml --force --verbose --threads 2 --tile 8x8x2");
    let steps = told
        .stderr
        .lines()
        .find(|line| line.contains("steps by kernel "));
    assert!(
        steps
            .unwrap()
            .ends_with(", tiles of 8x8x2, 2 threads, state in memory"),
        "{told}"
    );
    let told = scene.succeed("run p.toml --no-cube --set runtime=0.1 --set outtime=0");
    assert!(!told.stderr.contains("G/s"), "{told}");
}

#[test]
fn a_log_has_lines_of_progress_and_figures_that_divide() {
    let scene = Scene::small();
    let told = scene.succeed(
        "run p.toml --no-cube --set dx=0.05 --set runtime=3.75 --set outtime=3 --log-every 2ms",
    );
    let progress = told
        .stderr
        .lines()
        .filter(|line| line.contains(" steps/s, "));
    assert!(progress.clone().count() > 0, "{told}");
    for line in progress {
        assert!(
            line.contains(" UTC, step ") && line.contains(" %), ") && !line.contains("  "),
            "{line}"
        );
    }
    let last = told.stderr.lines().last().unwrap();
    assert!(
        last.contains(" updates in ") && last.ends_with(" in all"),
        "{last}"
    );
    let told = scene.succeed("run p.toml --no-cube --set dx=0.05 --log-every 2ms --quiet");
    // Warnings alone are told.
    let mut lines = told.stderr.lines();
    assert!(
        lines.all(|line| line.starts_with("diff2d: warning: ")),
        "{told}"
    );
    assert_eq!(
        scene.run("run p.toml --no-cube --log-every 0s").code,
        Some(2)
    );
}

#[test]
fn a_cube_that_does_not_fit_leaves_no_file() {
    let scene = Scene::small();
    let told = scene.run("run p.toml --set dx=0.1 --set runtime=1e9 --set outtime=0 -o c.npy");
    assert_eq!(told.code, Some(1), "{told}");
    for word in [
        "diff2d: c.npy needs 130572800000004096 bytes (116.0 PiB), its journal ",
        " bytes",
        " free: free some space, write elsewhere with -o, or take fewer snapshots (a larger outtime)",
    ] {
        assert!(told.stderr.contains(word), "{word}: {told}");
    }
    assert_eq!(scene.files(), ["p.toml"]);

    // Too large for memory and for the disk. The answer must come before any zeros are written.
    let told = scene.run("run p.toml --set dx=2e-6");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stderr.contains("memory"), "{told}");
    assert_eq!(scene.files(), ["p.toml"]);
}

/// SIGXFSZ must not end the program.
#[test]
fn a_file_size_limit_is_answered_like_a_full_disk() {
    let scene = Scene::small();
    let told = shell(&scene, "ulimit -f 8; exec \"$DIFF2D\" run p.toml");
    assert_snapshot!(told, @r"
    exit 1
    diff2d: cannot reserve space for output/p.npy: File too large (os error 27)
    ");
    assert_eq!(scene.files(), ["p.toml"]);
}

#[test]
fn an_existing_cube_is_resumed_or_started_over_only_when_asked() {
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
fn a_file_without_a_journal_is_never_overwritten() {
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
fn an_output_that_cannot_be_created_is_named() {
    let scene = Scene::small();
    assert_snapshot!(scene.run("run p.toml -o p.toml/c.npy"), @r"
    exit 1
    diff2d: cannot write into the directory p.toml: not a directory
    ");
    fs::create_dir(scene.path("c.npy")).unwrap();
    assert_snapshot!(scene.run("run p.toml -o c.npy"), @r"
    exit 2
    diff2d: c.npy exists and was not written by a run of diff2d (it has no journal): move it away, or write elsewhere with -o
    ");
    assert_snapshot!(scene.run("run p.toml -o /proc/nowhere/c.npy"), @r"
    exit 1
    diff2d: cannot write into the directory /proc/nowhere: there is no such file or directory
    ");
    assert_eq!(scene.files(), ["p.toml"]);
}

#[test]
fn a_program_without_mpi_refuses_to_be_one_of_several_ranks() {
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

/// A tile of a periodic axis computes its rim twice: a deep one would go round the axis several times.
#[test]
fn tiles_do_not_go_round_periodic_axes() {
    let scene = Scene::small();
    let walls = "grid = 'walls'\nboundary = {left = 'periodic', right = 'periodic'}\n";
    scene.write("q.toml", format!("{}{walls}", scene.text("p.toml")));
    let tile = |file: &str| -> Vec<usize> {
        let run = format!("run {file} --set dx=0.2 --set grid=walls --no-cube --threads 1");
        let mut command = scene.diff2d();
        command.args(run.split(' ')).args(["--report", "r.json"]);
        // Tiles are deep where caches are large.
        command.env("DIFF2D_MACHINE", "l1=48KiB, l2=1MiB, last=32MiB");
        assert!(command.output().unwrap().status.success());
        let report: Value = serde_json::from_str(&scene.text("r.json")).unwrap();
        let tile = report["tile"].as_str().unwrap();
        tile.split('x')
            .map(|length| length.parse().unwrap())
            .collect()
    };
    let [bounded, periodic] = ["p.toml", "q.toml"].map(tile);
    assert!(4 * bounded[2] > bounded[1], "{bounded:?}");
    assert!(4 * periodic[2] <= periodic[1], "{periodic:?}");
}
