//! Command lines: wrong usage, and help.

use super::shell;
use crate::common::{Scene, Told};
use insta::assert_snapshot;
use std::fs;
use std::path::Path;

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
    error: invalid value 'soon' for '--max-walltime <TIME>': expected a time above 0, such as 55min, 03:55:00, or auto for the end of the Slurm job
    ");
    assert_snapshot!(scene.run("run p.toml -o cube.npz"), @r"
    exit 2
    diff2d: the output cube.npz must have a name that ends in .npy; other formats are written by `diff2d export`
    ");
    assert_snapshot!(scene.run("run p.toml -o cube"), @r"
    exit 2
    diff2d: the output cube must have a name that ends in .npy; other formats are written by `diff2d export`
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
        // A reader of the repository can type the examples as they stand.
        let files = example
            .split_whitespace()
            .filter(|word| word.starts_with("params/"));
        for file in files {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            assert!(path.exists(), "{command}: there is no {file}");
        }
    }
}

/// What people type and do not mean is answered with the way out.
#[test]
fn each_misuse_gets_the_sentence_that_helps() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy --quiet");
    scene.succeed("create a.npy --shape 4,5,6");
    scene.write("sweep.toml", "params = \"p.toml\"\nD = [1, 2]\n");
    scene.write("a.npz", "PK\x03\x04");
    assert_snapshot!(scene.run("verify p.toml"), @r"
    exit 3
    diff2d: cannot use p.toml: it is not a .npy file (it does not begin with \x93NUMPY): it looks like a parameter file; give the array that was computed from it
    ");
    assert_snapshot!(scene.run("repair p.toml"), @r"
    exit 3
    diff2d: cannot use p.toml: it is not a .npy file (it does not begin with \x93NUMPY): it looks like a parameter file; give the array that was computed from it
    ");
    assert_snapshot!(scene.run("stats a.npz"), @r"
    exit 3
    diff2d: cannot use a.npz: it is not a .npy file (it does not begin with \x93NUMPY): a .npz file is an archive; numpy.load reads its arrays, and numpy.save writes one as .npy
    ");
    assert_snapshot!(scene.run("info c.journal"), @r"
    exit 3
    diff2d: cannot use c.journal: it is not a .npy file (it does not begin with \x93NUMPY): give the .npy file beside this journal
    ");
    assert_snapshot!(scene.run("stats a.npy --axis 0,-3"), @r"
    exit 2
    diff2d: --axis 0,-3: axis 0 twice
    ");
    assert_snapshot!(scene.run("run sweep.toml"), @r"
    exit 2
    diff2d: sweep.toml describes a sweep, as it has the key params: `diff2d sweep sweep.toml` runs it, `diff2d plan sweep.toml` tells what it would do
    ");
    assert_snapshot!(scene.run("run p.toml --set D=2 -o l.npy --resume --extend c.npy"), @r"
    exit 2
    diff2d: --extend c.npy: it was made with other parameters, D was 1.0 and is 2.0; only runtime and until may differ
    ");
    assert_snapshot!(shell(&scene, "cat a.npy | \"$DIFF2D\" stats /dev/stdin"), @r"
    exit 1
    diff2d: cannot open /dev/stdin: it is a pipe and no file, and it is read at any place: save it to a file first
    ");
    fs::remove_file(scene.path("c.npy")).unwrap();
    assert_snapshot!(scene.run("verify c.npy"), @r"
    exit 3
    diff2d: c.journal lists 4 of 4 snapshots of c.npy, which is gone: move it back to its place, or start the run over with --force
    ");
    assert_eq!(scene.run("stats c.npy").code, Some(3));
    assert_eq!(scene.run("repair c.npy").code, Some(3));
}

#[test]
fn what_was_typed_is_cut_short_and_sends_nothing_to_the_terminal() {
    let scene = Scene::small();
    scene.write("\x1b[31mred.npy", "no array");
    let told = scene.run("info \x1b[31mred.npy");
    assert_snapshot!(told, @r"
    exit 3
    diff2d: cannot use \u{1b}[31mred.npy: it is not a .npy file (it does not begin with \x93NUMPY)
    ");
    let long = "x".repeat(5000);
    for options in [
        format!("plot p.toml --snapshots {long}"),
        format!("plot p.toml --{long}"),
        format!("plot p.toml {long}"),
        format!("plot p.toml --memory {long}"),
        format!("plot p.toml --sheet={long}"),
        format!("{long}.npy"),
        format!("--{long}"),
    ] {
        let options = options.replacen("xx", "\x1b[31m", 1);
        let told = scene.run(&options);
        assert!(matches!(told.code, Some(2 | 3)), "{told}");
        assert!(told.stderr.len() < 2000, "{told}");
        assert!(!told.stderr.contains('\x1b'), "{told}");
    }
}

#[test]
fn the_version_tells_the_features() {
    let scene = Scene::new();
    let told = scene.succeed("--version").stdout;
    let (first, rest) = told.split_once('\n').unwrap();
    assert_eq!(first, concat!("diff2d ", env!("CARGO_PKG_VERSION")));
    let features = rest.lines().last().unwrap();
    assert!(features.starts_with("features cli plot"), "{told}");
    // Only a release build knows its commit for sure.
    assert!(
        !cfg!(debug_assertions) || !told.contains("commit"),
        "{told}"
    );
    assert_eq!(scene.succeed("-V").stdout, format!("{first}\n"));
    for options in ["--version --verbose", "--verbose --version", "-v --version"] {
        let told = scene.succeed(options).stdout;
        let kernel = told.lines().find_map(|line| line.strip_prefix("kernel   "));
        let (used, known) = kernel.unwrap().split_once("; this machine has ").unwrap();
        assert!(
            known.ends_with(used) && known.starts_with("scalar, "),
            "{told}"
        );
    }
}

/// Not 0: a script whose command is empty has done nothing.
#[test]
fn without_a_command_the_program_explains_itself_in_a_screen() {
    let scene = Scene::new();
    let told = scene.run("");
    assert_eq!((told.code, told.stdout.as_str()), (Some(2), ""));
    assert!(told.stderr.lines().count() <= 24, "{told}");
    assert!(
        told.stderr.lines().all(|line| line.chars().count() <= 80),
        "{told}"
    );
    // Its commands are commands.
    for command in ["run", "plot", "stats", "export", "man"] {
        assert!(
            told.stderr.contains(&format!(" diff2d {command} ")),
            "{command}: {told}"
        );
        scene.succeed(&format!("{command} --help"));
    }
}

#[test]
fn shells_complete_commands_and_options() {
    let scene = Scene::new();
    for name in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = scene.succeed(&format!("completions {name}")).stdout;
        for word in ["export", "kerchunk", "stats"] {
            assert!(script.contains(word), "{name}: {word}");
        }
    }
    let script = "source <($DIFF2D completions bash); COMP_WORDS=(diff2d exp); COMP_CWORD=1; \
                  _diff2d diff2d exp diff2d; echo \"${COMPREPLY[@]}\"";
    assert_eq!(shell(&scene, script).stdout, "export\n");
    assert_eq!(scene.run("completions tcsh").code, Some(2));
}

#[test]
fn every_command_has_a_manual_page() {
    let scene = Scene::new();
    let told = scene.succeed("man pages").stdout;
    for name in ["diff2d", "diff2d-run", "diff2d-export"] {
        let page = scene.text(&format!("pages/{name}.1"));
        assert!(told.contains(&format!("pages/{name}.1\n")), "{told}");
        assert!(
            page.contains(".SH NAME") && page.contains("diff2d"),
            "{page}"
        );
    }
    assert!(scene.text("pages/diff2d-export.1").contains("Examples:"));
    assert_eq!(scene.run("man nowhere/pages").code, Some(1));
}

#[test]
fn the_example_of_sweep_works() {
    let scene = Scene::new();
    let quick = concat!(env!("CARGO_MANIFEST_DIR"), "/params/quick.toml");
    scene.write("quick.toml", fs::read(quick).unwrap());
    let help = scene.succeed("sweep --help").stdout;
    let (_, example) = help.split_once("-o sweep.npy\n\n").unwrap();
    let (example, _) = example.split_once("\n\n").unwrap();
    scene.write("sweep.toml", example);
    let told = scene.succeed("sweep sweep.toml");
    assert_eq!(told.stdout.lines().count(), 9);
}
