//! The steps of a document, carried out in a directory with what a checkout has.

use super::blocks::{Block, Step, blocks, is_as_shown};
use crate::common::Scene;
use std::{
    env, fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

/// What is too large for a test, and what it takes instead.
const SMALLER: [(&str, &str); 3] = [
    ("--shape 4000,4000", "--shape 400,400"),
    ("--animate", "--animate --snapshots :4"),
    ("/scratch/me", "scratch/me"),
];

/// Parameter files of spacings that take too long, and those of the test.
const COARSER: [(&str, &str, &str); 2] = [
    ("params/diff2dparams.toml", "dx = 0.0667 ", "dx = 0.2 "),
    ("params/large.toml", "dx = 0.0048828125 ", "dx = 0.078125 "),
];

/// Copies files of a folder of the repository, not those of folders below.
fn copy(scene: &Scene, folder: &str) {
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_file() {
            scene.write(&format!("{folder}/{name}"), fs::read(&path).unwrap());
        }
    }
}

/// A directory with the program, and Python as `python3`, on its path.
fn checkout() -> Scene {
    let scene = Scene::new();
    copy(&scene, "params");
    copy(&scene, "examples");
    for (name, fine, coarse) in COARSER {
        let text = scene.text(name);
        assert!(text.contains(fine), "{name}");
        scene.write(name, text.replace(fine, coarse));
    }
    let python = env::var("DIFF2D_PYTHON").unwrap_or_else(|_| "/usr/bin/env python3".to_owned());
    let python = scene.write(
        ".bin/python3",
        format!("#!/bin/sh\nPATH=${{PATH#*:}}\nexec {python} -B \"$@\"\n"),
    );
    fs::set_permissions(python, fs::Permissions::from_mode(0o755)).unwrap();
    symlink(env!("CARGO_BIN_EXE_diff2d"), scene.path(".bin/diff2d")).unwrap();
    scene
}

/// Carries out the blocks of a document that are to be run, one after the other in one shell; what went wrong.
pub fn failures(name: &str, text: &str) -> Vec<String> {
    let blocks = blocks(text);
    let are_run = blocks.iter().filter(|block| block.not_run.is_none());
    let steps: Vec<Step> = are_run.flat_map(Block::steps).collect();
    let scene = checkout();
    let mut script = "set -o pipefail\n".to_owned();
    for (number, step) in steps.iter().enumerate() {
        let command = SMALLER
            .iter()
            .fold(step.command.clone(), |command, (large, small)| {
                command.replace(large, small)
            });
        scene.write(&format!(".steps/{number}"), format!("{command}\n"));
        script += &format!(
            ". .steps/{number} > .steps/{number}.output 2>&1; echo $? > .steps/{number}.code\n"
        );
    }
    let path = format!(
        "{}:{}",
        scene.path(".bin").display(),
        env::var("PATH").unwrap()
    );
    // Some documents plan runs that are larger than the memory of many machines.
    let machine = env::var("DIFF2D_MACHINE").unwrap_or_default() + ", memory=64GiB";
    scene
        .command("bash")
        .args(["-c", &script])
        .env("PATH", path)
        .env("XDG_CACHE_HOME", scene.path(".cache"))
        .env("DIFF2D_MACHINE", machine)
        .output()
        .unwrap();
    let ended = steps.iter().enumerate().map(|(number, step)| {
        let output = scene.text(&format!(".steps/{number}.output"));
        let code = scene.text(&format!(".steps/{number}.code"));
        let lines: Vec<&str> = output.lines().collect();
        let is_shown = |shown: &Vec<String>| is_as_shown(shown, &lines);
        let what = if code.trim() != step.code.to_string() {
            format!("ends with {}, not {}", code.trim(), step.code)
        } else if step.output.as_ref().is_none_or(is_shown) {
            return None;
        } else {
            "prints something else".to_owned()
        };
        let (line, command) = (step.line, &step.command);
        Some(format!("{name}:{line}: {what}\n$ {command}\n{output}"))
    });
    ended.flatten().collect()
}

#[test]
fn what_is_wrong_in_a_document_is_found() {
    let document = "```console\n$ echo 1; false # exit code 1\n1\n$ echo 2\n3\n```\n\
                    ```sh\nfalse\ntrue # exit code 3\n```\n\
                    ```python\nimport numpy\nassert numpy.ones(1) == 2\n```\n\
                    <!-- not run: why -->\n```sh\nfalse\n```\n";
    let found = failures("d.md", document);
    let begins = [
        "d.md:4: prints",
        "d.md:8: ends with 1, not 0",
        "d.md:9: ends with 0, not 3",
        "d.md:12: ends with 1",
    ];
    assert_eq!(found.len(), begins.len(), "{found:#?}");
    for (failure, begin) in found.iter().zip(begins) {
        assert!(failure.starts_with(begin), "{failure}");
    }
}
