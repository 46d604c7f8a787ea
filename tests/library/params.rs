//! Every file of `params/`, also one that is added later.

use crate::common::{
    Scene, sample_size,
    seed::{Random, seeds},
};
use diff2d::internal::{KEYS, SWEEP_KEYS};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Interior nodes times steps that a test may take.
const AFFORDABLE: f64 = 3e9;

fn files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/params");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // Pictures and measured values that they name.
        .filter(|path| {
            path.extension()
                .is_none_or(|end| end != "png" && end != "csv")
        })
        .collect();
    files.sort();
    files
}

/// Whether a file names another one whose keys it varies.
fn is_sweep(file: &Path) -> bool {
    let text = fs::read_to_string(file).unwrap();
    text.lines().any(|line| line.starts_with("params = "))
}

fn plan(scene: &Scene, file: &Path) -> Value {
    let told = scene.run_args(["plan".as_ref(), file.as_os_str(), "--json".as_ref()]);
    assert_eq!(told.code, Some(0), "{}\n{told}", file.display());
    serde_json::from_str(&told.stdout).unwrap()
}

/// Every file runs to its end; one that would take too long takes a single step. In the short command the seed chooses half of the
/// files, of which half take a single step.
#[test]
fn every_file_runs() {
    seeds("every_file_runs")
        .map(Random::new)
        .for_each(run_files);
}

fn run_files(mut random: Random) {
    let files = files();
    let count = files.len();
    let files = random.some(&files, sample_size(count, count, count / 2));
    let whole_runs = random.some(&files, sample_size(count, count, count / 4));
    for file in files {
        let scene = Scene::new();
        if is_sweep(&file) {
            let told = scene.run_args([
                "sweep".as_ref(),
                file.as_os_str(),
                "-o".as_ref(),
                "s.npy".as_ref(),
            ]);
            assert_eq!(told.code, Some(0), "{}\n{told}", file.display());
            scene.succeed("verify s.npy");
            continue;
        }
        let plan = plan(&scene, &file);
        let number = |key: &str| plan[key].as_f64().unwrap();
        let updates = number("nx") * number("ny") * number("nsteps");
        let is_whole = whole_runs.contains(&file);
        if plan["params"]["method"] == "steady" && !is_whole {
            continue;
        }
        let mut snapshots = plan["snapshots"].as_u64().unwrap();
        let mut run = scene.diff2d();
        run.args(["run", "-o", "cube.npy"]).arg(&file);
        if updates > AFFORDABLE || !is_whole {
            for key in ["runtime", "outtime"] {
                run.args(["--set", &format!("{key}={:?}", 1.5 * number("dt"))]);
            }
            snapshots = 2;
        }
        let status = run.output().unwrap().status;
        assert_eq!(status.code(), Some(0), "{}", file.display());
        let info = scene.succeed("info cube.npy --json").stdout;
        let info: Value = serde_json::from_str(&info).unwrap();
        assert_eq!(info["committed"], snapshots, "{}", file.display());
        assert_eq!(info["complete"], true, "{}", file.display());
        if is_whole {
            plot_as_it_says(&scene, &file);
        }
    }
}

/// The command that draws a problem, in the comment of its file, works.
fn plot_as_it_says(scene: &Scene, file: &Path) {
    let text = fs::read_to_string(file).unwrap();
    let commands = text
        .lines()
        .filter_map(|line| line.strip_prefix("#   diff2d plot "));
    for command in commands.filter(|command| !command.contains("--animate")) {
        let (_, options) = command.split_once(' ').unwrap();
        // The comments are typed in the root of the repository.
        let options = options.replace(
            " params/",
            &format!(" {}/", file.parent().unwrap().display()),
        );
        let told = scene.run(&format!("plot cube.npy -o pictures {options}"));
        assert_eq!(told.code, Some(0), "{}: {told}", file.display());
    }
}

/// Every line that sets a key has a comment, with the unit of the key.
#[test]
fn every_key_says_what_it_is() {
    let files = files();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("# "), "{}", file.display());
        let mut keys = 0;
        for line in text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            let (setting, comment) = line.split_once('#').unwrap_or((line, ""));
            let key = setting.split_once('=').unwrap().0.trim();
            assert!(
                !comment.trim().is_empty(),
                "{}: {key} has no comment",
                file.display()
            );
            let known = KEYS.iter().chain(&SWEEP_KEYS).find(|known| {
                // Of some tables any name is a key.
                let table = known.name.strip_suffix("NAME");
                known.name == key || table.is_some_and(|table| key.starts_with(table))
            });
            let unit = known.unwrap().unit;
            assert!(
                unit.is_empty() || comment.contains(&format!("[{unit}]")),
                "{}: {key} has no unit",
                file.display()
            );
            keys += 1;
        }
        let least = if is_sweep(&file) { 2 } else { 7 };
        assert!(keys >= least, "{}", file.display());
    }
}

#[test]
fn toml_and_python_give_the_same_problem() {
    let scene = Scene::new();
    let plans: Vec<Value> = files()
        .iter()
        .filter(|file| file.file_stem().unwrap() == "diff2dparams")
        .map(|file| plan(&scene, file))
        .collect();
    assert_eq!(plans.len(), 2);
    assert_eq!(plans[0]["params"], plans[1]["params"]);
    assert_eq!(plans[0]["snapshots"], 31);
}
