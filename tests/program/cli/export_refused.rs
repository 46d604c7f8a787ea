//! What `diff2d export` refuses and never replaces, and hostile input.

use super::{export::FORMATS, npy};
use crate::common::Scene;
use insta::assert_snapshot;
use serde_json::Value;
use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
};

#[test]
fn nothing_that_is_not_an_export_is_replaced() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("run p.toml -o d.npy");
    scene.write("precious/letter.txt", "years of work");
    scene.write("stem.zarr/zarr.json", "{}");
    scene.write("stem.zarr/notes/letter.txt", "years of work");
    scene.write("checkpoint.npy", "");
    // Exports with something of somebody else in them.
    for name in ["group", "inner"] {
        scene.succeed(&format!("export c.npy --to zarr -o {name}"));
        scene.succeed(&format!("export c.npy --to zarr -o {name} --force"));
    }
    scene.write("group/mine/zarr.json", "{\"node_type\": \"array\"}");
    scene.write("inner/p/letter.txt", "years of work");
    symlink("c.npy", scene.path("link.npy")).unwrap();
    fs::hard_link(scene.path("c.npy"), scene.path("hard.npy")).unwrap();
    let before: Vec<(String, Vec<u8>)> = scene
        .files()
        .into_iter()
        .map(|name| (name.clone(), scene.read(&name)))
        .collect();
    for (output, format) in [
        ("c.npy", "csv"),
        ("link.npy", "csv"),
        ("hard.npy", "csv"),
        ("c.journal", "csv"),
        ("c.ckpt", "csv"),
        ("d.npy", "csv"),
        ("d.journal", "csv"),
        ("checkpoint.ckpt", "csv"),
        ("precious", "csv"),
        ("precious", "zarr"),
        ("stem.zarr", "zarr"),
        ("group", "zarr"),
        ("inner", "zarr"),
        ("c.npy", "zarr"),
        ("p.toml", "zarr"),
        (".", "zarr"),
        ("..", "csv"),
    ] {
        let told = scene.run(&format!("export c.npy --to {format} -o {output} --force"));
        assert_eq!(told.code, Some(2), "{output}: {told}");
        assert_eq!(told.stderr.lines().count(), 1, "{told}");
    }
    for (output, format) in [("x.nc", "zarr"), ("x.zarr", "hdf5"), ("x.h5", "csv")] {
        let told = scene.run(&format!("export c.npy --to {format} -o {output}"));
        assert_eq!(told.code, Some(2), "{output}: {told}");
        let sentence = format!("but --to says {format}");
        assert!(told.stderr.contains(&sentence), "{output}: {told}");
    }
    for (name, bytes) in before {
        assert!(scene.read(&name) == bytes, "{name}");
    }
    assert_snapshot!(scene.run("export c.npy --to zarr -o precious --force"), @r"
    exit 2
    diff2d: precious holds other files than an export to Zarr, and is not replaced: move it away, or write elsewhere with -o
    ");
    assert_snapshot!(scene.run("map c+1 c=c.npy -o . --force"), @r"
    exit 2
    diff2d: . is a directory: choose another name for the output
    ");
    symlink("nowhere", scene.path("dangling")).unwrap();
    for format in FORMATS {
        let told = scene.run(&format!("export c.npy --to {format} -o dangling --force"));
        assert_eq!(told.code, Some(1), "{told}");
    }
    // A device is written and stays, and one that is full is an error.
    assert_snapshot!(scene.run("export c.npy --to csv -o /dev/full --force"), @r"
    exit 1
    diff2d: cannot write /dev/full: No space left on device (os error 28)
    ");
}

#[test]
fn hostile_input_is_refused_in_a_sentence() {
    let scene = Scene::small();
    // A file of a few bytes on disk whose array has 2^40 columns.
    let wide = "{'descr': '|i1', 'fortran_order': False, 'shape': (1, 1, 1099511627776), }";
    scene.write("wide.npy", npy(wide, &[]));
    let file = fs::OpenOptions::new()
        .write(true)
        .open(scene.path("wide.npy"))
        .unwrap();
    let long = "{'descr': '|i1', 'fortran_order': False, 'shape': (1099511627776, 1, 1), }";
    scene.write("long.npy", npy(long, &[]));
    let other = fs::OpenOptions::new()
        .write(true)
        .open(scene.path("long.npy"))
        .unwrap();
    if file.set_len(128 + (1 << 40)).is_ok() && other.set_len(128 + (1 << 40)).is_ok() {
        for (name, format) in ["wide", "long"]
            .iter()
            .flat_map(|name| FORMATS.map(|format| (name, format)))
        {
            let told = scene.run(&format!("export {name}.npy --to {format}"));
            assert_eq!(told.code, Some(1), "{told}");
            assert!(told.stderr.contains("--memory allows"), "{told}");
        }
    }
    for (name, code) in [("p.toml", 3), ("nowhere.npy", 1), (".", 1)] {
        let told = scene.run(&format!("export {name} --to csv -o out.csv"));
        assert_eq!(told.code, Some(code), "{told}");
    }
    // Names of axes are names of files in some formats.
    scene.succeed("create a.npy --shape 2,2");
    for (one, two) in [
        ("../../y", "x"),
        ("p", "p"),
        ("x", "x"),
        ("/etc", ""),
        ("zarr.json", "time"),
    ] {
        let axis =
            |name: &str| format!("{{\"name\":{name:?},\"spacing\":1.0,\"coordinates\":[0.0,1.0]}}");
        scene.write(
            "a.axes.json",
            format!(
                "{{\"format\":1,\"shape\":[2,2],\"axes\":[{},{}]}}",
                axis(one),
                axis(two)
            ),
        );
        for format in FORMATS {
            scene.succeed(&format!("export a.npy --to {format} --force"));
        }
        let table = scene.text("a.csv");
        let names = table.lines().next().unwrap();
        assert!(["axis0,x,p", "axis0,axis1,p"].contains(&names), "{names}");
        assert!(!scene.exists("../y") && !scene.exists("a.zarr/zarr.json/zarr.json"));
    }
    // Names of files stand in XML and JSON.
    scene.write("a&b\"<'c>.npy", scene.read("a.npy"));
    for format in FORMATS {
        scene.succeed_args(["export", "a&b\"<'c>.npy", "--to", format]);
    }
    assert!(
        scene
            .text("a&b\"<'c>.xdmf")
            .contains(">a&amp;b&quot;&lt;&apos;c&gt;.npy<")
    );
    assert!(serde_json::from_str::<Value>(&scene.text("a&b\"<'c>.kerchunk.json")).is_ok());
    for name in [
        b"a\xff.npy".as_slice(),
        b"a\x1b.npy",
        "a\u{ffff}.npy".as_bytes(),
    ] {
        let name = OsStr::from_bytes(name);
        fs::write(scene.path(name), scene.read("a.npy")).unwrap();
        let told = scene.run_args(["export".as_ref(), name, "--to=xdmf".as_ref()]);
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.stderr.contains("which XML cannot hold"), "{told}");
    }

    scene.succeed("run p.toml -o c.npy");
    let mut journal = scene.read("c.journal");
    let line = journal.iter().position(|&byte| byte == b'\n').unwrap();
    journal[line + 20] ^= 1;
    scene.write("c.journal", journal);
    for format in FORMATS {
        assert_eq!(
            scene.run(&format!("export c.npy --to {format}")).code,
            Some(3)
        );
    }
    assert!(!scene.files().iter().any(|name| name.contains(".part")));
}
