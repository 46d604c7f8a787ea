//! Standard streams: closed, full, absent, or no terminal.

use super::shell;
use crate::common::{Scene, Told};
use insta::assert_snapshot;
use std::{fs::OpenOptions, process::Stdio};

/// After its reader has closed the pipe, a run goes on; every other command ends with 0 and no message.
#[test]
fn a_closed_pipe_ends_an_analysis_silently_and_no_run() {
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
        "export c.npy --to csv -o /dev/stdout",
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

/// Results that cannot be written are an error at the end; the run still completes its cube.
#[test]
fn a_full_stdout_is_an_error_that_stops_no_run() {
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
    for help in ["--help", "stats --help"] {
        let told = full(help);
        assert_eq!(told.code, Some(1), "{told}");
        assert!(told.stderr.contains("No space left"), "{told}");
    }
    assert_snapshot!(full("info c.npy"), @r"
    exit 1
    diff2d: cannot write the results to stdout: No space left on device (os error 28)
    ");
    scene.succeed("run p.toml -o d.npy");
    scene.succeed("compare c.npy d.npy");
}

#[test]
fn names_do_not_command_the_terminal() {
    let scene = Scene::new();
    let name = "a\x1b[31m\u{9b}1m.npy";
    scene.succeed_args(["create", name, "--shape", "2"]);
    for arguments in [
        ["info", name].as_slice(),
        &["info", name, "--json"],
        &["stats", name],
    ] {
        let told = scene.succeed_args(arguments);
        let text = told.stdout + &told.stderr;
        assert!(!text.contains(['\x1b', '\u{9b}']), "{text:?}");
    }
    let told = scene.succeed_args(["info", name, "--json"]).stdout;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["file"], name);
}

#[test]
fn a_run_needs_no_standard_streams() {
    let scene = Scene::small();
    let told = shell(&scene, "\"$DIFF2D\" run p.toml -o c.npy <&- >&- 2>&-");
    assert_eq!(told.code, Some(0));
    scene.succeed("run p.toml -o d.npy");
    scene.succeed("compare c.npy d.npy");
}

#[test]
fn no_bars_and_no_colours_without_a_terminal() {
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
