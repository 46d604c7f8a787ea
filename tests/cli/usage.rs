//! Command lines: wrong usage, and help.

use crate::common::{Scene, Told};
use insta::assert_snapshot;

#[test]
fn wrong_usage_is_exit_2() {
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
    error: invalid value 'soon' for '--max-walltime <TIME>': expected a time such as 55min, 03:55:00, or auto for the end of the Slurm job
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
fn the_help_of_every_command_shows_an_example() {
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
