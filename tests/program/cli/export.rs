//! `diff2d export`: usage, missing snapshots, sweeps, memory. That other programs read the results is for
//! `tests/interop`.

use super::{cut_journal, npy, shell};
use crate::common::{Scene, judged_by, size};
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::fs;

/// The formats of every build.
pub(crate) const FORMATS: [&str; 4] = ["xdmf", "kerchunk", "zarr", "csv"];

/// Whether the program was built with HDF5.
fn has_hdf5(scene: &Scene) -> bool {
    scene.succeed("--version").stdout.contains("hdf5")
}

#[test]
fn every_format_has_a_name_beside_the_cube() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let names: String = FORMATS
        .iter()
        .map(|format| scene.succeed(&format!("export c.npy --to {format}")).stdout)
        .collect();
    assert_snapshot!(names, @r"
    c.xdmf
    c.kerchunk.json
    c.zarr
    c.csv
    ");
    assert_snapshot!(scene.run("export c.npy --to csv"), @r"
    exit 2
    diff2d: c.csv exists already: --force replaces it, or choose another name
    ");
    assert_snapshot!(scene.run("export c.npy --to zarr"), @r"
    exit 2
    diff2d: c.zarr exists already: --force replaces it, or choose another name
    ");
    let before = scene.files();
    for format in FORMATS {
        scene.succeed(&format!("export c.npy --to {format} --force"));
    }
    assert_eq!(scene.files(), before);
    assert_snapshot!(scene.run("export c.npy --to zarr -o -"), @r"
    exit 2
    diff2d: -o -: Zarr is no text and needs a name
    ");
    let told = scene.run("export c.npy --to tiff");
    assert_eq!(told.code, Some(2), "{told}");
    assert_eq!(scene.run("export c.npy").code, Some(2));
    assert_snapshot!(scene.run("export c.npy --to csv -o nowhere/c.csv"), @r"
    exit 1
    diff2d: cannot write into the directory nowhere: there is no such file or directory
    ");
}

#[test]
fn the_table_has_a_row_for_each_committed_element_and_all_digits() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    cut_journal(&scene, "c.journal", 3);
    let table = scene.succeed("export c.npy --to csv -o -");
    assert_snapshot!(table.stderr, @"diff2d: 2 of 4 snapshots of c.npy are committed; the others are missing in the export");
    assert_eq!(table.stdout.lines().count(), 1 + 2 * 22 * 22);
    let middle: Vec<&str> = table
        .stdout
        .lines()
        .skip(1 + 22 * 22 + 22 * 11 + 10)
        .collect();
    assert_snapshot!(middle[..3].join("\n"), @r"
    1.25,0.5238095238095237,-0.5238095238095237,0.0771060090702948
    1.25,0.5238095238095237,0.5238095238095237,0.07710600907029483
    1.25,0.5238095238095237,1.571428571428573,0.10424355158730167
    ");
    // A closed pipe ends it silently.
    let told = shell(
        &scene,
        "$DIFF2D export c.npy --to csv -o - -q | head -n 1; echo ${PIPESTATUS[0]}",
    );
    assert_eq!(told.stdout, "t,y,x,p\n0\n");
    assert_eq!(told.stderr, "");
    for options in ["--memory 4KiB", "--memory 64KiB", "--memory 1GiB"] {
        scene.succeed(&format!("export c.npy --to csv --force -q {options}"));
        assert!(scene.text("c.csv") == table.stdout, "{options}");
    }
    scene.succeed("create odd.npy --shape 1,5 --fill where(i1==0,0/0,where(i1==1,1/0,where(i1==2,-1/0,0.1*i1)))");
    scene.succeed("create half.npy --shape 1,3 --dtype f2 --fill 0.1*i1");
    scene.succeed("create single.npy --shape 1,3 --dtype f4 --fill 0.1*i1");
    let table = |name: &str| {
        scene
            .succeed(&format!("export {name} --to csv -o -"))
            .stdout
    };
    assert_snapshot!(table("odd.npy"), @r"
    y,x,p
    0,0,NaN
    0,1,inf
    0,2,-inf
    0,3,0.30000000000000004
    0,4,0.4
    ");
    assert_snapshot!(table("single.npy"), @r"
    y,x,p
    0,0,0.0
    0,1,0.1
    0,2,0.2
    ");
    assert!(table("half.npy").contains("0,1,0.0999755859375\n"));
}

#[test]
fn what_is_not_committed_is_missing_everywhere() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    cut_journal(&scene, "c.journal", 3);
    for format in FORMATS {
        scene.succeed(&format!("export c.npy --to {format} -q"));
    }
    assert_eq!(scene.text("c.xdmf").matches("<Time").count(), 2);
    let references: Value = serde_json::from_str(&scene.text("c.kerchunk.json")).unwrap();
    let references = references["refs"].as_object().unwrap();
    let chunks: Vec<_> = references
        .iter()
        .filter(|(_, value)| value.is_array())
        .collect();
    let file = scene.path("c.npy").canonicalize().unwrap();
    let bytes = 22 * 22 * 8;
    for (number, (key, value)) in chunks.iter().enumerate() {
        assert_eq!(**key, format!("p/{number}.0.0"));
        let place = serde_json::json!([file.to_str().unwrap(), 4096 + number * bytes, bytes]);
        assert_eq!(**value, place);
    }
    assert_eq!(chunks.len(), 2);
    let files = scene.files();
    let chunk_files = files.iter().filter(|name| name.starts_with("c.zarr/p/c/"));
    assert_eq!(chunk_files.count(), 2);
    // The coordinate t has all times, those to come included.
    let times = scene.read("c.zarr/t/c/0");
    let times: &[f64] = &times
        .as_chunks()
        .0
        .iter()
        .map(|raw| f64::from_le_bytes(*raw))
        .collect::<Vec<_>>();
    assert_eq!(times, [0.0, 1.25, 2.5, 3.75]);

    // Nothing committed yet, and not even begun.
    cut_journal(&scene, "c.journal", 1);
    for format in FORMATS {
        scene.succeed(&format!("export c.npy --to {format} -q --force"));
    }
    assert_eq!(scene.text("c.csv"), "t,y,x,p\n");
    scene.write("c.journal", "");
    scene.write("c.npy", "");
    let told = scene.run("export c.npy --to csv --force");
    assert_ne!(told.code, Some(0), "{told}");
}

#[test]
fn rounded_divided_and_compressed_arrays_are_those_of_numpy() {
    judged_by(
        "export_reference.py",
        size(3000, 150),
        "rounded_divided_and_compressed_arrays_are_those_of_numpy",
    );
}

#[test]
fn a_chunk_of_many_snapshots_has_nan_for_those_that_are_missing() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    cut_journal(&scene, "c.journal", 4);
    let told = scene.succeed("export c.npy --to zarr --chunks 2,22,50 --keep-bits 16");
    assert_snapshot!(told.stderr, @r"
    diff2d: 3 of 4 snapshots of c.npy are committed; the others are missing in the export
    diff2d: rounded to 16 bits of the mantissa: elements change by at most 3.03e-6, and by at most 7.63e-6 of their size
    ");
    assert!(!scene.exists("c.zarr/p/c/2"));
    let values = |chunk: &str| -> Vec<f64> {
        let raw = scene.read(&format!("c.zarr/p/c/{chunk}/0/0"));
        let elements = raw.as_chunks().0.iter();
        elements.map(|raw| f64::from_le_bytes(*raw)).collect()
    };
    assert!(values("0").iter().all(|value| value.is_finite()));
    let last = values("1");
    let (there, missing) = last.split_at(22 * 22);
    assert!(there.iter().all(|value| value.is_finite()) && there.iter().any(|value| *value != 0.0));
    assert!(missing.len() == 22 * 22 && missing.iter().all(|value| value.is_nan()));
}

#[test]
fn what_a_format_or_an_array_has_not_is_refused() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy --set precision=f32");
    scene.succeed("create i.npy --shape 2,3 --dtype i4");
    let before = scene.files();
    for (arguments, said) in [
        (
            "c.npy --to zarr --keep-bits 0",
            "c.npy cannot be rounded: the type of the elements is <f4, whose mantissa has 1 to 23 bits, and not 0",
        ),
        ("c.npy --to zarr --keep-bits 24", "1 to 23 bits, and not 24"),
        (
            "i.npy --to zarr --keep-bits 4",
            "i.npy cannot be rounded: the type of the elements is <i4, which has no mantissa",
        ),
        (
            "i.npy --to zarr --max-error 1",
            "i.npy cannot be rounded: the type of the elements is <i4, which has no mantissa",
        ),
        ("c.npy --to zarr --max-error 0", "expected a number above 0"),
        (
            "c.npy --to zarr --max-error -1",
            "expected a number above 0",
        ),
        (
            "c.npy --to zarr --max-error nan",
            "expected a number above 0",
        ),
        (
            "c.npy --to zarr --max-error 1 --keep-bits 4",
            "cannot be used with",
        ),
        ("c.npy --to zarr --chunks 1,0,3", "0 is not in 1.."),
        (
            "c.npy --to zarr --chunks 1,1,1,1",
            "c.npy has the axes t, y, x",
        ),
        (
            "c.npy --to csv --chunks 1,2,3",
            "--chunks: CSV has no chunks",
        ),
        ("c.npy --to csv --compress", "--compress: CSV has no chunks"),
        ("c.npy --to xdmf --keep-bits 4", "XDMF points into the cube"),
        (
            "c.npy --to kerchunk --max-error 1",
            "Kerchunk points into the cube",
        ),
    ] {
        let told = scene.run(&format!("export {arguments}"));
        assert_eq!(told.code, Some(2), "{arguments}: {told}");
        assert!(told.stderr.contains(said), "{arguments}: {told}");
    }
    let told = scene.run("export c.npy --to zarr --chunks 4,22,22 --memory 4KiB");
    assert_eq!(told.code, Some(1), "{told}");
    assert_eq!(scene.files(), before);
}

#[test]
fn a_sweep_has_its_scenarios_and_parameters() {
    let scene = Scene::small();
    scene.write("s.toml", "params = \"p.toml\"\nD = [0.5, 1, 2]\n");
    scene.succeed("sweep s.toml -o s.npy");
    let list = scene.text("s.csv");
    assert_snapshot!(scene.succeed("export s.npy --to csv").stdout, @"s-values.csv");
    assert_snapshot!(scene.run("export s.npy --to csv -o s.csv --force"), @r"
    exit 2
    diff2d: s.csv is read by this command, or written for another purpose: choose another name for the output
    ");
    assert_eq!(scene.text("s.csv"), list);
    let table = scene.text("s-values.csv");
    assert_eq!(table.lines().count(), 1 + 3 * 4 * 22 * 22);
    // Snapshots are at whole steps, which differ from scenario to scenario.
    let row = |scenario: usize, index: usize| {
        let line = 1 + (scenario * 4 + index) * 22 * 22;
        let row = table.lines().nth(line).unwrap();
        row.split(',').take(2).collect::<Vec<_>>().join(",")
    };
    assert_eq!(
        [row(0, 1), row(1, 1), row(2, 1)],
        ["0,1.0", "1,1.25", "2,1.25"]
    );
    scene.succeed("export s.npy --to kerchunk");
    let text = scene.text("s.kerchunk.json");
    for part in [
        "\"D/0\":\"base64:",
        "\"scenario/0\"",
        "\"time/0.0\"",
        "\"p/2.3.0.0\"",
        "\\\"coordinates\\\":\\\"time D\\\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    scene.succeed("export s.npy --to xdmf");
    assert!(
        scene
            .text("s.xdmf")
            .contains("<Grid Name=\"scenario 2: D = 2.0\"")
    );
}

#[test]
fn arrays_that_are_no_cubes_have_their_indices_or_what_is_known() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("window c.npy --window 2,1,1 --op mean -o w.npy");
    let table = scene.succeed("export w.npy --to csv -o -").stdout;
    assert!(
        table.starts_with("t,y,x,p\n0.625,-11.0,-11.0,"),
        "{}",
        &table[..60]
    );
    scene.succeed("create a.npy --shape 2,2,2 --dtype i2 --fill index");
    assert_snapshot!(scene.succeed("export a.npy --to csv -o -").stdout, @r"
    t,y,x,p
    0,0,0,0
    0,0,1,1
    0,1,0,2
    0,1,1,3
    1,0,0,4
    1,0,1,5
    1,1,0,6
    1,1,1,7
    ");
    scene.succeed("create line.npy --shape 7");
    assert_snapshot!(scene.run("export line.npy --to csv"), @r"
    exit 2
    diff2d: line.npy has 1 dimension; arrays (y, x), (t, y, x) and (scenario, t, y, x) can be exported
    ");
    scene.succeed("create empty.npy --shape 3,0,4");
    for format in FORMATS {
        assert_eq!(
            scene.run(&format!("export empty.npy --to {format}")).code,
            Some(2)
        );
    }
    let fortran = "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }";
    let values: Vec<u8> = (0..6).flat_map(|i| f64::from(i).to_le_bytes()).collect();
    scene.write("f.npy", npy(fortran, &values));
    assert_snapshot!(scene.succeed("export f.npy --to csv -o -").stdout, @r"
    y,x,p
    0,0,0.0
    0,1,2.0
    0,2,4.0
    1,0,1.0
    1,1,3.0
    1,2,5.0
    ");
    assert_snapshot!(scene.run("export f.npy --to kerchunk"), @r"
    exit 2
    diff2d: f.npy is in Fortran order, in which the elements of a frame do not lie together, and this format points into the file: zarr, hdf5 and csv copy it
    ");
    scene.succeed("create u.npy --shape 2,2 --dtype u8");
    assert_snapshot!(scene.run("export u.npy --to xdmf"), @r"
    exit 2
    diff2d: u.npy has elements of type <u8, which readers of XDMF do not know: --to zarr copies them
    ");
}

#[test]
fn too_little_memory_is_said_and_a_chunk_is_never_a_whole_large_snapshot() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 2,4000,200 --fill i0+i1*i2");
    let told = scene.run("export a.npy --to zarr --memory 1MiB");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stderr.contains("--memory allows"), "{told}");
    scene.succeed("export a.npy --to zarr --memory 32MiB");
    let metadata: Value = serde_json::from_str(&scene.text("a.zarr/p/zarr.json")).unwrap();
    let chunk = &metadata["chunk_grid"]["configuration"]["chunk_shape"];
    assert_eq!(*chunk, serde_json::json!([1, 2000, 200]));
    let large: Vec<u8> = scene.read("a.zarr/p/c/1/1/0");
    assert!(large == scene.read("a.npy")[4096 + 6000 * 200 * 8..]);
    assert_eq!(metadata["fill_value"], "NaN");
    let group: Value = serde_json::from_str(&scene.text("a.zarr/zarr.json")).unwrap();
    assert!(group["consolidated_metadata"]["metadata"]["p"].is_object());
}

/// A directory that is being filled by several threads is removed whole.
#[test]
fn an_export_that_is_stopped_leaves_nothing() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 16,1024,1024 --fill i0");
    // Chunks of Zarr are files, which threads write at the same time; a CSV table is one file.
    for (format, file_count) in [("zarr", 3), ("csv", 2)] {
        let mut command = scene.diff2d();
        command.args(["export", "a.npy", "--to", format, "-o", "out"]);
        let mut export = command.spawn().unwrap();
        while scene.files().len() < file_count && export.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        scene
            .command("kill")
            .arg(export.id().to_string())
            .status()
            .unwrap();
        let code = export.wait().unwrap().code();
        if code == Some(143) && !scene.exists("out") {
            assert_eq!(scene.files(), ["a.npy"], "{format}");
        } else {
            // It was faster, or had its name when the signal arrived: it is whole.
            assert!(matches!(code, Some(0 | 143)), "{format}: {code:?}");
            let is_whole = match format {
                "zarr" => (0..16).all(|index| scene.exists(&format!("out/p/c/{index}"))),
                _ => scene.text("out").ends_with("\n15,1023,1023,15.0\n"),
            };
            assert!(is_whole, "{format}");
            let files = scene.files();
            assert!(!files.iter().any(|name| name.starts_with('.')), "{files:?}");
        }
        let _ = fs::remove_dir_all(scene.path("out"));
        let _ = fs::remove_file(scene.path("out"));
    }
}

#[test]
fn without_hdf5_the_program_says_how_to_get_it() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    if has_hdf5(&scene) {
        assert_eq!(scene.succeed("export c.npy --to hdf5").stdout, "c.h5\n");
        assert!(scene.read("c.h5").starts_with(b"\x89HDF"));
        return;
    }
    assert_snapshot!(scene.run("export c.npy --to hdf5"), @"
    exit 1
    diff2d: this diff2d was built without HDF5: build it with `cargo build --release --features hdf5`, which needs the HDF5 library (Debian: libhdf5-dev)
    ");
    assert!(!scene.exists("c.h5"));
}

#[test]
fn an_array_of_another_program_has_names_and_coordinates_in_an_export() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 4,3,2 --fill i0*100+i1*10+i2");
    scene.succeed("create lat.npy --shape 3 --fill 40+10*i0");
    let axes = "--axes t:h,lat:degN=lat.npy,lon --name t2m";
    scene.succeed(&format!("export a.npy --to csv -o a.csv {axes}"));
    let table = scene.text("a.csv");
    assert!(table.starts_with("t,lat,lon,t2m\n"), "{table}");
    assert!(
        table.contains("\n3.0,50.0,1,311.0\n") || table.contains("\n3,50.0,1,311.0\n"),
        "{table}"
    );
    scene.succeed(&format!("export a.npy --to zarr -o a.zarr {axes}"));
    assert!(scene.exists("a.zarr/t2m/zarr.json") && !scene.exists("a.zarr/p"));
    let group: Value = serde_json::from_str(&scene.text("a.zarr/zarr.json")).unwrap();
    let arrays = &group["consolidated_metadata"]["metadata"];
    assert_eq!(arrays["t2m"]["dimension_names"], json!(["t", "lat", "lon"]));
    // It is ours whatever its name, so it is replaced, by another name too.
    scene.succeed(&format!("export a.npy --to zarr -o a.zarr {axes} --force"));
    scene.succeed("export a.npy --to zarr -o a.zarr --force");
    assert!(scene.exists("a.zarr/p/zarr.json") && !scene.exists("a.zarr/t2m"));
    scene.succeed("export a.npy --to kerchunk -o a.json --name t2m");
    assert!(scene.text("a.json").contains("\"t2m/.zarray\""));
    for (name, reason) in [
        ("lat", "a coordinate"),
        ("a/b", "expected a letter"),
        ("time", "expected a letter"),
    ] {
        let told = scene.run(&format!(
            "export a.npy --to csv -o b.csv --axes t,lat=lat.npy,lon --name {name}"
        ));
        assert!(
            told.code == Some(2) && told.stderr.contains(reason),
            "{name}: {told}"
        );
        assert!(!scene.exists("b.csv"));
    }
}
