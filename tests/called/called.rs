//! Commands that another program calls in its own process.

use crate::{
    cli::{Call, Called},
    common::Scene,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, atomic::AtomicUsize};

/// Calls a command, with its answers. Names of files that begin with @ are those of the scene.
fn call(scene: &Scene, command: &str, arguments: &Value, stop: bool) -> (Vec<Value>, Called) {
    let mut arguments = arguments.clone();
    for value in arguments.as_object_mut().unwrap().values_mut() {
        if let Some(name) = value.as_str().and_then(|text| text.strip_prefix('@')) {
            *value = json!(scene.path(name));
        }
    }
    let call = json!({ "command": command, "arguments": arguments });
    let call: Call = serde_json::from_value(call).unwrap();
    let answers = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&answers);
    let stop = Arc::new(AtomicUsize::new(usize::from(stop)));
    let called = call.carry_out(stop, move |answer| {
        taken
            .lock()
            .unwrap()
            .push(serde_json::to_value(answer).unwrap());
    });
    let answers = answers.lock().unwrap().clone();
    (answers, called)
}

fn error((answers, called): (Vec<Value>, Called)) -> (String, u8) {
    assert!(answers.is_empty());
    called.error.unwrap()
}

/// Of all commands that answer, with arguments of every kind.
#[test]
fn answers_are_the_values_that_json_tells() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o p.npy");
    scene.succeed("create b.npy --shape 4,22,22 --fill i0");
    for (command, arguments, line) in [
        ("info", json!({ "file": "@p.npy" }), "info p.npy"),
        ("verify", json!({ "cube": "@p.npy" }), "verify p.npy"),
        ("repair", json!({ "cube": "@p.npy" }), "repair p.npy"),
        (
            "plan",
            json!({ "file": "@p.toml", "overrides": { "dx": 0.5, "grid": "walls" }, "threads": 1 }),
            "plan p.toml --set dx=0.5 --set grid=walls --threads 1",
        ),
        (
            "stats",
            json!({ "files": "@p.npy", "select": [[1, null], ":", [-3, -1]], "quantiles": [0.25, 1], "histogram": [[3, 0, 1]] }),
            "stats p.npy --select 1:,:,-3:-1 --quantiles 0.25,1 --histogram 3:0:1",
        ),
        (
            "stats",
            json!({ "files": "@p.npy", "axis": ["y", 2], "skip_nan": true, "memory": "1MiB" }),
            "stats p.npy --axis y,2 --skip-nan",
        ),
        (
            "probe",
            json!({ "file": "@p.npy", "at": [[-1, 3, 4], { "t": 1.25, "x": -0.5, "y": 2 }] }),
            "probe p.npy --at -1,3,4 --at t=1.25,x=-0.5,y=2",
        ),
        (
            "probe",
            json!({ "file": "@p.npy", "at": [[3, 4]], "series": true }),
            "probe p.npy --at 3,4 --series",
        ),
        (
            "compare",
            json!({ "a": "@p.npy", "b": "@b.npy", "rtol": null, "atol": 1e-3, "common": false }),
            "compare p.npy b.npy --atol 1e-3",
        ),
        (
            "check",
            json!({ "file": "@p.toml", "overrides": ["grid='walls'"], "at": [[0, 0.5]] }),
            "check p.toml --set grid=walls --at 0,0.5",
        ),
    ] {
        let (answers, called) = call(&scene, command, &arguments, false);
        let printed = scene.run(&format!("{line} --json"));
        assert_eq!(
            Some(called.error.map_or(0, |error| error.1.into())),
            printed.code,
            "{line}"
        );
        let mut told: Vec<Value> = match serde_json::from_str(&printed.stdout) {
            Ok(Value::Array(rows)) => rows,
            Ok(answer) => vec![answer],
            Err(_) => printed
                .stdout
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        };
        let mut answers: Vec<Value> = answers
            .into_iter()
            .flat_map(|answer| match answer {
                Value::Array(rows) => rows,
                answer => vec![answer],
            })
            .collect();
        for answer in told.iter_mut().chain(&mut answers) {
            // The file's name is that of the caller; times are measured.
            for name in ["file", "seconds", "free_disk", "available_memory"] {
                answer.as_object_mut().unwrap().remove(name);
            }
        }
        assert_eq!(answers, told, "{line}");
    }
}

/// On the command line.
#[test]
fn infinities_in_json_are_strings_and_nan_is_null() {
    let scene = Scene::new();
    let fill = "where(index<1,0/0,where(index<2,-1/0,where(index<3,1/0,2**53+index-3)))";
    scene.succeed(&format!("create a.npy --shape 5 --fill {fill}"));
    scene.succeed("create b.npy --shape 5 --fill index");
    for (command, told) in [
        (
            "probe a.npy --at 0 --at 1 --at 2 --at 4 --json",
            concat!(
                "[{\"index\":[0],\"value\":null}\n,{\"index\":[1],\"value\":\"-inf\"}\n",
                ",{\"index\":[2],\"value\":\"inf\"}\n,{\"index\":[4],\"value\":9007199254740992.0}\n]\n"
            ),
        ),
        (
            "stats a.npy --json",
            "{\"count\":5,\"sum\":null,\"mean\":null,",
        ),
        (
            "stats a.npy --skip-nan --quantiles 0.25,0.5,1 --json",
            "\"min\":\"-inf\",\"max\":\"inf\",\"nan\":1,\"quantiles\":{\"0.25\":\"-inf\",",
        ),
        (
            "stats a.npy --select 2:4 --axis 0 --json",
            "{\"count\":2,\"sum\":\"inf\",\"mean\":\"inf\",\"std\":null,",
        ),
        (
            "compare a.npy b.npy --atol 0 --json",
            "\"relative\":\"inf\"",
        ),
    ] {
        let text = scene.run(command).stdout;
        assert!(text.contains(told), "{command}: {text}");
    }
}

#[test]
fn errors_are_sentences_with_exit_codes() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o p.npy");
    for (command, arguments, words, expected) in [
        (
            "stats",
            json!({ "files": "@nowhere.npy" }),
            "nowhere.npy",
            1,
        ),
        (
            "stats",
            json!({ "files": "@p.npy", "along": 0 }),
            "stats has no argument along",
            2,
        ),
        (
            "stats",
            json!({ "files": "@p.npy", "axis": 7 }),
            "axis 7",
            2,
        ),
        (
            "stats",
            json!({ "files": "@p.npy", "quantiles": [2] }),
            "expected quantiles from 0 to 1",
            2,
        ),
        ("stats", json!({}), "were not provided", 2),
        (
            "window",
            json!({ "file": "@p.npy", "output": "@w.npy", "window": [true], "op": "mean" }),
            "'true' is no length",
            2,
        ),
        (
            "run",
            json!({ "file": "@p.toml" }),
            "takes over its process",
            2,
        ),
        ("stir", json!({}), "there is no command stir", 2),
    ] {
        let (sentence, code) = error(call(&scene, command, &arguments, false));
        assert!(
            sentence.contains(words) && code == expected,
            "{code}: {sentence}"
        );
        assert!(!sentence.contains("Usage"), "{sentence}");
    }
}

#[test]
fn notes_are_apart_from_answers() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o p.npy");
    let at = json!({ "file": "@p.npy", "at": "t=1,y=0,x=0" });
    let (answers, called) = call(&scene, "probe", &at, false);
    assert!(called.notes[0].contains("snapshot 1"), "{:?}", called.notes);
    assert_eq!(answers.len(), 1);
}

#[test]
fn a_command_that_is_told_to_stop_leaves_no_file() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o p.npy");
    let arguments =
        json!({ "file": "@p.npy", "window": [1, 3, 3], "op": "mean", "output": "@w.npy" });
    let (sentence, _) = error(call(&scene, "window", &arguments, true));
    assert!(sentence.contains("stopped as asked"), "{sentence}");
    assert!(!scene.path("w.npy").exists() && !scene.path("w.npy.partial").exists());
    assert!(call(&scene, "window", &arguments, false).1.error.is_none());
    assert!(scene.path("w.npy").exists());
}
