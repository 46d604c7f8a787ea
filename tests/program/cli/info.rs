//! `diff2d info`.

use super::{cut_journal, npy};
use crate::common::Scene;
use diff2d_sys::LockedFile;
use insta::assert_snapshot;
use serde_json::Value;
use std::fs::{self, File};

#[test]
fn info_prints_header_parameters_and_progress() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    assert_snapshot!(scene.run("info c.npy"), @r#"
    exit 0
    file       c.npy
    shape      (4, 22, 22)
    dtype      <f8, C order
    data       from byte 4096, 19.12 KiB in all
    params     D = 1.0, x1 = -10.0, x2 = 10.0, y1 = -10.0, y2 = 10.0, runtime = 3.75, dx = 1.0, dy = 1.0, outtime = 1.25, graphics = false, grid = "slides", coordinates = "cartesian", times = "course", precision = "f64", safety = 1.0
    initial    four peaks
    walls      fixed at 0.0 on all four sides
    material   D = 1.0
    source     none
    method     explicit Euler steps, five-point Laplacian
    steps      15 of dt = 0.25, a snapshot every 5
    committed  4 of 4 snapshots
    last       snapshot 3: t = 3.75 after step 15, mass 75.19813530774344, from 0.0 to 0.32067516312256567
    "#);
    cut_journal(&scene, "c.journal", 2);
    assert_snapshot!(scene.run("info c.npy"), @r#"
    exit 0
    file       c.npy
    shape      (4, 22, 22)
    dtype      <f8, C order
    data       from byte 4096, 19.12 KiB in all
    params     D = 1.0, x1 = -10.0, x2 = 10.0, y1 = -10.0, y2 = 10.0, runtime = 3.75, dx = 1.0, dy = 1.0, outtime = 1.25, graphics = false, grid = "slides", coordinates = "cartesian", times = "course", precision = "f64", safety = 1.0
    initial    four peaks
    walls      fixed at 0.0 on all four sides
    material   D = 1.0
    source     none
    method     explicit Euler steps, five-point Laplacian
    steps      15 of dt = 0.25, a snapshot every 5
    committed  1 of 4 snapshots
    last       snapshot 0: t = 0.0 after step 0, mass 90.70294784580499, from 0.0 to 0.888979591836735
    "#);
    let info: Value = serde_json::from_str(&scene.succeed("info c.npy --json").stdout).unwrap();
    assert_eq!(
        (&info["committed"], &info["complete"]),
        (&Value::from(1), &Value::from(false))
    );
    assert_eq!(info["snapshots"].as_array().unwrap().len(), 1);

    fs::remove_file(scene.path("c.journal")).unwrap();
    assert_snapshot!(scene.run("info c.npy"), @"
    exit 0
    file       c.npy
    shape      (4, 22, 22)
    dtype      <f8, C order
    data       from byte 4096, 19.12 KiB in all
    journal    none beside it: only the cube of a run has one, with its parameters and its times
    ");
    assert_snapshot!(scene.run("info p.toml"), @r"
    exit 3
    diff2d: cannot use p.toml: it is not a .npy file (it does not begin with \x93NUMPY): it looks like a parameter file; give the array that was computed from it
    ");
    assert_snapshot!(scene.run("info nowhere.npy"), @r"
    exit 1
    diff2d: cannot open nowhere.npy: there is no such file or directory
    ");
    assert_snapshot!(scene.run("info ."), @r"
    exit 1
    diff2d: cannot open .: is a directory
    ");
    let whole = scene.read("c.npy");
    scene.write("short.npy", &whole[..whole.len() - 1]);
    assert_snapshot!(scene.run("info short.npy"), @r"
    exit 3
    diff2d: cannot use short.npy: it is cut short: its header promises 19584 bytes, the file has 19583
    ");
    scene.write(
        "object.npy",
        npy(
            "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
            &[0; 16],
        ),
    );
    assert_snapshot!(scene.run("stats object.npy"), @r"
    exit 2
    diff2d: cannot use object.npy: its dtype is '|O', object (pickled Python objects); only plain numbers can be read (f2 f4 f8, i1 to i8, u1 to u8, b1)
    ");
}

fn of(descr: &str, shape: &str, bytes: usize) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
    npy(&header, &vec![0; bytes])
}

/// The header is all that one asks for.
#[test]
fn info_tells_of_arrays_of_anything() {
    let scene = Scene::new();
    let mut told = String::new();
    for (descr, bytes) in [
        ("'<c16'", 96),
        ("'|O'", 3),
        ("'<U5'", 120),
        ("'>M8[ns]'", 48),
        ("[('a', '<f8', (2,)), ('b', '|S4')]", 120),
    ] {
        scene.write("a.npy", of(descr, "(6,)", bytes));
        let text = scene.succeed("info a.npy").stdout;
        let rows: Vec<&str> = text.lines().skip(1).take(2).collect();
        told = format!("{told}{}\n", rows.join(" "));
        let json = scene.succeed("info a.npy --json").stdout;
        let json: Value = serde_json::from_str(&json).unwrap();
        let dtype = descr.trim_matches('\'');
        assert_eq!(
            (&json["dtype"], &json["shape"][0]),
            (&dtype.into(), &6.into())
        );
        assert_eq!(scene.run("stats a.npy").code, Some(2), "{descr}");
        if descr != "'|O'" {
            scene.write("a.npy", of(descr, "(6,)", bytes - 1));
            assert_eq!(scene.run("info a.npy").code, Some(3), "{descr}");
        }
    }
    assert_snapshot!(told, @r"
    shape      (6,) dtype      <c16, complex, C order
    shape      (6,) dtype      |O, object (pickled Python objects), C order
    shape      (6,) dtype      <U5, text, C order
    shape      (6,) dtype      >M8[ns], a date or time, C order
    shape      (6,) dtype      [('a', '<f8', (2,)), ('b', '|S4')], structured (records with named fields), C order
    ");
}

/// What no version of NumPy can have written is damage, not a type that is not supported.
#[test]
fn garbled_types_and_impossible_shapes_are_damage() {
    let scene = Scene::new();
    for (descr, shape) in [
        ("'x'", "(6,)"),
        ("'<f9'", "(6,)"),
        ("'<f8\x1b[31m'", "(6,)"),
        ("[('a', '<f9')]", "(6,)"),
        ("'<f8'", "(0, 9223372036854775808)"),
        ("'<f8'", "(4611686018427387904, 0)"),
        ("'<f8'", "(0, 4294967296, 4294967296)"),
    ] {
        scene.write("a.npy", of(descr, shape, 48));
        for command in ["info", "stats", "plot", "compare a.npy", "probe --at 0 --"] {
            let told = scene.run(&format!("{command} a.npy"));
            assert_eq!(told.code, Some(3), "{descr} {shape}: {told}");
            assert!(!told.stderr.contains('\x1b'), "{told}");
        }
    }
    scene.write("a.npy", of("'<f9'", "(6,)", 48));
    assert_snapshot!(scene.run("info a.npy"), @r"
    exit 3
    diff2d: cannot use a.npy: its .npy header is damaged: '<f9' is no type of elements
    ");
}

#[test]
fn info_tells_of_a_state_between_snapshots() {
    let scene = Scene::small();
    let run =
        "run p.toml --set dx=0.05 --set runtime=10 --set outtime=5 --resume --max-walltime 1ms";
    for (cube, word, option) in [
        ("c", "checkpoint", ""),
        ("d", "scratch", " --memory 4010kB"),
    ] {
        let told = scene.run_held(40, &format!("{run} -o {cube}.npy{option}"));
        assert_eq!(told.code, Some(75), "{told}");
        let told = scene.succeed(&format!("info {cube}.npy")).stdout;
        let last = told.lines().last().unwrap();
        let (name, state) = last.split_once(' ').unwrap();
        assert_eq!(name, word, "{told}");
        let continues = if option.is_empty() { "" } else { " --memory" };
        let end = format!(", from which --resume{continues} continues");
        assert!(
            state.trim().starts_with("t = ") && state.ends_with(&end),
            "{told}"
        );
        let told = scene.succeed(&format!("info {cube}.npy --json")).stdout;
        let json: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(json[word]["step"].as_u64(), Some(40), "{json}");
    }
}

/// How far a run is, from outside.
#[test]
fn info_tells_when_a_cube_that_is_written_will_be_ready() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    cut_journal(&scene, "c.journal", 4);
    let json = || {
        let text = scene.succeed("info c.npy --json").stdout;
        serde_json::from_str::<Value>(&text).unwrap()["running"].clone()
    };
    assert!(json().is_null(), "nobody writes it");
    let journal = File::options().write(true).open(scene.path("c.journal"));
    let lock = LockedFile::try_new(journal.unwrap()).unwrap();
    let running = json();
    let number = |key: &str| running[key].as_f64().unwrap();
    assert!(number("since_begin") >= number("since_commit"), "{running}");
    // Two snapshots were computed since then, and one is missing.
    let took = number("since_begin") - number("since_commit");
    assert!((number("rate") * took - 2.0).abs() < 1e-9, "{running}");
    assert!(number("left") <= took / 2.0, "{running}");
    let text = scene.succeed("info c.npy").stdout;
    let line = text
        .lines()
        .find(|line| line.starts_with("running"))
        .unwrap();
    for part in [
        "begun ",
        " ago, last commit ",
        " ago; at its pace so far ready in ",
    ] {
        assert!(line.contains(part), "{line}");
    }
    drop(lock);
    assert!(json().is_null(), "nobody writes it any more");
}
