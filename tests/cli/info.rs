//! `diff2d info`.

use crate::{common::Scene, cut_journal, npy};
use insta::assert_snapshot;
use serde_json::Value;
use std::fs;

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
    params     D = 1.0, x1 = -10.0, x2 = 10.0, runtime = 3.75, dx = 1.0, outtime = 1.25, graphics = false, grid = "slides", precision = "f64"
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
    params     D = 1.0, x1 = -10.0, x2 = 10.0, runtime = 3.75, dx = 1.0, outtime = 1.25, graphics = false, grid = "slides", precision = "f64"
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
    assert_snapshot!(scene.run("info c.npy"), @r"
    exit 0
    file       c.npy
    shape      (4, 22, 22)
    dtype      <f8, C order
    data       from byte 4096, 19.12 KiB in all
    ");
    assert_snapshot!(scene.run("info p.toml"), @r"
    exit 3
    diff2d: cannot use p.toml: it is not a .npy file (it does not begin with \x93NUMPY)
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
    assert_snapshot!(scene.run("info object.npy"), @r"
    exit 2
    diff2d: cannot use object.npy: its dtype is '|O', object (pickled Python objects); only plain numbers can be read (f2 f4 f8, i1 to i8, u1 to u8, b1)
    ");
}
