//! Commands that another program calls in its own process.

use crate::common::Scene;
use diff2d::cli::{self, Called};
use std::{
    ffi::OsString,
    sync::{Arc, atomic::AtomicBool},
};

fn call(scene: &Scene, command: &str, stop: bool) -> Called {
    let arguments = command.split(' ').map(|word| match word.split_once('@') {
        Some((option, name)) => {
            let mut word = OsString::from(option);
            word.push(scene.path(name));
            word
        }
        None => word.into(),
    });
    cli::call(arguments, Arc::new(AtomicBool::new(stop)))
}

fn error(called: Called) -> (String, u8) {
    assert!(called.results.is_empty());
    called.error.unwrap()
}

#[test]
fn what_a_command_prints_goes_to_its_caller() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o p.npy");
    let called = call(&scene, "stats @p.npy --csv", false);
    let printed = scene.succeed("stats p.npy --csv");
    assert_eq!(String::from_utf8(called.results).unwrap(), printed.stdout);
    assert!(called.notes.is_empty() && called.error.is_none());
    let called = call(&scene, "probe @p.npy --at t=1,y=0,x=0", false);
    assert!(called.notes[0].contains("snapshot 1"), "{:?}", called.notes);
}

#[test]
fn numbers_that_json_lacks_are_what_python_reads() {
    let scene = Scene::new();
    let fill = "where(index<1,0/0,index/0)";
    scene.succeed(&format!("create a.npy --shape 3 --fill {fill}"));
    let called = call(&scene, "probe @a.npy --at 0 --at 1 --json", false);
    let text = String::from_utf8(called.results).unwrap();
    assert!(
        text.contains(":NaN}") && text.contains(":Infinity}"),
        "{text}"
    );
    assert!(
        scene
            .succeed("probe a.npy --at 0 --json")
            .stdout
            .contains(":null}")
    );
}

#[test]
fn errors_are_sentences_with_exit_codes() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o p.npy");
    let (sentence, code) = error(call(&scene, "stats @nowhere.npy", false));
    assert!(sentence.contains("nowhere.npy") && code == 1, "{sentence}");
    let (sentence, code) = error(call(&scene, "stats @p.npy --axes 0", false));
    assert!(sentence.starts_with("unexpected argument '--axes'") && code == 2);
    assert!(!sentence.contains("Usage"), "{sentence}");
    let (sentence, code) = error(call(&scene, "run @p.toml", false));
    assert!(sentence.contains("takes over its process") && code == 2);
}

#[test]
fn a_command_that_is_told_to_stop_leaves_no_file() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o p.npy");
    let command = "window @p.npy --window 1,3,3 --op mean --output=@w.npy";
    let (sentence, _) = error(call(&scene, command, true));
    assert!(sentence.contains("stopped as asked"), "{sentence}");
    assert!(!scene.path("w.npy").exists() && !scene.path("w.npy.partial").exists());
    assert!(call(&scene, command, false).error.is_none());
    assert!(scene.path("w.npy").exists());
}
