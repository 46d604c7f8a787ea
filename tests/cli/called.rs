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

/// Of all commands that tell of elements, on the command line and for a caller.
#[test]
fn infinities_in_json_are_strings_and_nan_is_null() {
    let scene = Scene::new();
    let fill = "where(index<1,0/0,where(index<2,-1/0,where(index<3,1/0,2**53+index-3)))";
    scene.succeed(&format!("create a.npy --shape 5 --fill {fill}"));
    scene.succeed("create b.npy --shape 5 --fill index");
    for (command, told) in [
        (
            "probe @a.npy --at 0 --at 1 --at 2 --at 4 --json",
            concat!(
                "[{\"index\":[0],\"value\":null}\n,{\"index\":[1],\"value\":\"-inf\"}\n",
                ",{\"index\":[2],\"value\":\"inf\"}\n,{\"index\":[4],\"value\":9007199254740992.0}\n]\n"
            ),
        ),
        (
            "stats @a.npy --json",
            "{\"count\":5,\"sum\":null,\"mean\":null,",
        ),
        (
            "stats @a.npy --skip-nan --quantiles 0.25,0.5,1 --json",
            "\"min\":\"-inf\",\"max\":\"inf\",\"nan\":1,\"quantiles\":{\"0.25\":\"-inf\",",
        ),
        (
            "stats @a.npy --select 2:4 --axis 0 --json",
            "{\"count\":2,\"sum\":\"inf\",\"mean\":\"inf\",\"std\":null,",
        ),
        (
            "compare @a.npy @b.npy --atol 0 --json",
            "\"relative\":\"inf\"",
        ),
    ] {
        let called = call(&scene, command, false);
        let text = String::from_utf8(called.results).unwrap();
        assert!(text.contains(told), "{command}: {text}");
        let printed = scene.run(&command.replace('@', "")).stdout;
        assert_eq!(printed, text, "{command}");
    }
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
