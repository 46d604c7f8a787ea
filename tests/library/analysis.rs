//! Arrays of any kind and size: NumPy's numbers, little memory, and a sentence for what is damaged.
//!
//! `DIFF2D_FULL=1` runs thousands of random cases instead of hundreds.

use crate::common::{Scene, judged_by, sample_size, seed::random_cases, size};
use diff2d::npy::NpyHeader;
use proptest::prelude::*;

#[test]
fn random_arrays_give_what_numpy_gives() {
    judged_by(
        "analysis_reference.py",
        sample_size(6000, 300, 75),
        "random_arrays_give_what_numpy_gives",
    );
}

#[test]
fn formulas_give_what_numpy_and_python_give() {
    judged_by(
        "formula_reference.py",
        sample_size(6000, 300, 75),
        "formulas_give_what_numpy_and_python_give",
    );
}

#[test]
fn results_depend_neither_on_threads_nor_on_memory() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 31,87,105 --fill (random(1)-0.3)*10**(20*random(2)-10)");
    for command in [
        "stats a.npy --axis 0",
        "stats a.npy --axis 1",
        "stats a.npy --axis 2",
        "stats a.npy",
        "window a.npy --window 5,7,9 --op std",
        "window a.npy --window 20,1,1 --op sum --stride 3,1,1",
        "window a.npy --window 1,1,50 --op mean",
        "window a.npy --window 10,87,1 --op var --stride 10,1,1",
    ] {
        scene.same_for_any_threads_and_memory(command, "1MiB");
    }
}

#[test]
fn too_little_memory_is_an_error_that_names_the_memory_needed() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 1000000");
    let told = scene.run("window a.npy --window 400000 --op mean -o b.npy --memory 1MiB");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(
        told.stderr.contains("needs") && told.stderr.contains("1048576"),
        "{told}"
    );
    assert_eq!(scene.files(), ["a.npy"]);
    // However small the array.
    for command in [
        "window tiny.npy --window 2 --op mean -o b.npy",
        "stats tiny.npy",
    ] {
        scene.succeed("create tiny.npy --shape 5 --force");
        let told = scene.run(&format!("{command} --memory 1KiB"));
        assert_eq!(told.code, Some(1), "{told}");
        assert!(told.stderr.contains("needs 65536 bytes"), "{told}");
    }
    // Short windows need little: fewer lines at a time where there is no room for many.
    for command in [
        "window a.npy --window 1625 --op var",
        "stats a.npy --axis 0",
        "stats b.npy --axis 0",
        "stats b.npy --axis 1",
    ] {
        scene.succeed("create b.npy --shape 70,9000 --fill random(1) --force");
        scene.succeed(&format!("{command} -o much.npy --force"));
        scene.succeed(&format!("{command} -o little.npy --force --memory 1MiB"));
        assert!(
            scene.read("much.npy") == scene.read("little.npy"),
            "{command}"
        );
    }
}

#[test]
fn files_that_cannot_be_used_are_refused_with_one_sentence() {
    let scene = Scene::new();
    scene.succeed("create good.npy --shape 4,5 --fill index");
    let good = scene.read("good.npy");
    let header = |descr: &str, shape: &str| {
        let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes()].concat()
    };
    let longer = [&good[..], b"more"].concat();
    scene.write("short.npy", &good[..good.len() - 1]);
    scene.write("cut.npy", &good[..100]);
    scene.write("text.npy", "hello");
    scene.write("empty.npy", "");
    scene.write("object.npy", header("'|O'", "(1,)"));
    scene.write("record.npy", header("[('a', '<f8')]", "(1,)"));
    scene.write("absurd.npy", header("'<f8'", "(4611686018427387904, 8)"));
    scene.write("huge.npy", header("'<f8'", "(1000000000000,)"));
    scene.write("longer.npy", longer);
    for (file, code, word) in [
        ("short.npy", 3, "cut short"),
        ("cut.npy", 3, "header"),
        ("text.npy", 3, "not a .npy file"),
        ("empty.npy", 3, "not a .npy file"),
        ("object.npy", 2, "object"),
        ("record.npy", 2, "structured"),
        ("absurd.npy", 3, "beyond any file"),
        ("huge.npy", 3, "cut short"),
        ("missing.npy", 1, "no such file"),
    ] {
        for command in [
            "stats",
            "window --window 1 --op sum -o out.npy",
            "probe --at 0",
        ] {
            let (command, options) = command.split_once(' ').unwrap_or((command, ""));
            let told = scene.run(&format!("{command} {file} {options}"));
            assert_eq!(told.code, Some(code), "{command} {file}: {told}");
            assert!(told.stderr.contains(word), "{command} {file}: {told}");
            assert_eq!(told.stderr.lines().count(), 1, "{told}");
            assert!(!scene.exists("out.npy"));
        }
    }
    assert!(
        scene
            .succeed("stats longer.npy --json")
            .stdout
            .contains("\"sum\":190.0")
    );
}

#[test]
fn requests_that_do_not_fit_the_array_are_refused() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 4,5 --fill index");
    scene.succeed("create b.npy --shape 4 --dtype b1");
    scene.succeed("create out.npy --shape 1");
    scene.succeed("create empty.npy --shape 3,0");
    for (arguments, word) in [
        ("window a.npy --window 5,1 --op sum -o new.npy", "longer"),
        (
            "window a.npy --window 0,1 --op sum -o new.npy",
            "at least 1",
        ),
        ("window a.npy --window 1 --op sum -o new.npy", "2 axes"),
        (
            "window a.npy --window 1,1 --stride 0,1 --op sum -o new.npy",
            "at least 1",
        ),
        (
            "window a.npy --window 1,1 --select 2:2 --op sum -o new.npy",
            "nothing is selected of axis 0",
        ),
        (
            "window empty.npy --window 1,1 --op sum -o new.npy",
            "nothing is selected of axis 1 of empty.npy, which has 0",
        ),
        (
            "window a.npy --window 1,1 --op mode -o new.npy",
            "expected sum",
        ),
        ("window b.npy --window 1 --op ptp -o new.npy", "booleans"),
        ("window a.npy --window 1,1 --op sum -o out.npy", "--force"),
        ("window a.npy --window t=1 --op sum -o new.npy", "no cube"),
        ("stats a.npy --axis 2", "2 axes"),
        ("stats a.npy --axis -3", "2 axes"),
        ("stats a.npy --memory nothing", "size"),
        ("stats a.npy --follow", "no cube"),
        ("probe a.npy --at 4,0", "outside"),
        ("probe a.npy --at 0,-6", "outside"),
        ("probe a.npy --at 0", "2"),
        ("probe a.npy --at 0,one", "'one'"),
        ("probe a.npy --at ::2", "axis 1 is missing"),
        ("probe a.npy --at ::-1,0", "no range"),
        ("probe a.npy", "--at"),
        ("create a.npy --shape 3", "--force"),
        ("create c.npy --shape 3 --dtype u1 --fill 256", "hold"),
        ("create c.npy --shape 3 --dtype i4 --fill nan", "hold"),
        ("create c.npy --shape 3 --dtype i4 --fill 1.5", "whole"),
        (
            "create c.npy --shape 3 --dtype i4 --fill 1/0",
            "inf does not fit",
        ),
        (
            "create c.npy --shape 3 --dtype i4 --fill 1//0",
            "division by 0",
        ),
        (
            "create c.npy --shape 3 --dtype i8 --fill 2**63",
            "9223372036854775808 does not fit, <i8 holds -9223372036854775808 to 9223372036854775807",
        ),
        (
            "create c.npy --shape 9 --dtype u1 --fill i0*100",
            "the element [3]: 300 does not fit, |u1 holds 0 to 255",
        ),
        ("create c.npy --shape 3 --fill i1", "'i1'"),
        ("create c.npy --shape -3", "whole numbers"),
        ("create c.npy --shape ,", "whole numbers"),
        ("create c.npy --shape 3,,", "whole numbers"),
        ("create c.npy --shape 99999999999999999999", "whole numbers"),
        (
            "create c.npy --shape 9999999999999,9999999999999",
            "larger than any file",
        ),
        ("create c.npy --shape 3 --dtype c16", "expected f2"),
        ("create c.bin --shape 3", ".npy"),
    ] {
        let told = scene.run(arguments);
        assert_eq!(told.code, Some(2), "{arguments}: {told}");
        assert!(told.stderr.contains(word), "{arguments}: {told}");
        assert_eq!(told.stdout, "", "{arguments}");
    }
    assert_eq!(scene.files(), ["a.npy", "b.npy", "empty.npy", "out.npy"]);
    let told = scene.run("create c.npy --shape 1000000000000");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stderr.contains("needs 8000000004096 bytes"), "{told}");
    assert_eq!(scene.files(), ["a.npy", "b.npy", "empty.npy", "out.npy"]);
}

#[test]
fn points_may_be_ranges_in_the_order_of_their_indices() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 3,4 --dtype i4 --fill index");
    for (options, values) in [
        ("--at 1:,::2 --at 0,0", "4 6 8 10 0"),
        ("--at -1,2:9", "10 11"),
        ("--at 2:1,0", ""),
        ("--at 1:3 --series", "1 5 9 2 6 10"),
        ("--at :,::3 --series", "0 4 8 3 7 11"),
    ] {
        let told = scene.succeed(&format!("probe a.npy {options}"));
        let found: Vec<&str> = told.stdout.lines().skip(1).collect();
        let found: Vec<&str> = found
            .iter()
            .filter_map(|line| line.split(',').nth(2))
            .collect();
        assert_eq!(found.join(" "), values, "{options}");
    }
}

/// The value of a single-element array.
fn only_value(scene: &Scene, file: &str) -> String {
    let told = scene.succeed(&format!("probe {file} --at 0"));
    told.stdout.lines().nth(1).unwrap()[2..].to_owned()
}

#[test]
fn sums_and_ranges_beyond_64_bits_are_refused_and_computed_in_floats_on_request() {
    let scene = Scene::new();
    let top = 1_u64 << 62;
    for (dtype, fill, op, result) in [
        ("i8", "2**62 - index", "sum", None),
        (
            "i8",
            "(2**62 - 1) * (index % 2)",
            "sum",
            Some(2 * (top - 1)),
        ),
        ("i8", "-2**63 + 2**63 * (index % 2)", "sum", None),
        ("i8", "(-1)**index * (2**62 - 1)", "sum", Some(0)),
        ("u8", "2**62", "sum", None),
        ("u8", "2**62 - (index == 1)", "sum", Some(u64::MAX)),
        ("i8", "(1 - 2 * (index % 2)) * 2**62", "ptp", None),
        (
            "i8",
            "(1 - 2 * (index % 2)) * (2**62 - 1)",
            "ptp",
            Some(2 * (top - 1)),
        ),
        ("u8", "(2**64 - 1) * (index % 2)", "ptp", Some(u64::MAX)),
        ("u4", "2**32 - 1", "sum", Some(4 * u64::from(u32::MAX))),
    ] {
        scene.succeed_args(
            ["create", "a.npy", "--shape=4", "--force"]
                .into_iter()
                .chain([
                    format!("--dtype={dtype}").as_str(),
                    format!("--fill={fill}").as_str(),
                ]),
        );
        let command = format!("window a.npy --window 4 --op {op} --force -o w.npy");
        match result {
            Some(result) => {
                scene.succeed(&command);
                assert_eq!(
                    only_value(&scene, "w.npy"),
                    result.to_string(),
                    "{op} of {fill}"
                );
            }
            None => {
                let told = scene.run(&command);
                assert_eq!(told.code, Some(2), "{op} of {fill}: {told}");
                assert!(told.stderr.contains("--dtype f8"), "{told}");
                scene.succeed(&format!("{command} --dtype f8"));
                let value: f64 = only_value(&scene, "w.npy").parse().unwrap();
                assert!(value.abs() >= 2.0 * top as f64, "{op} of {fill}: {value}");
            }
        }
    }
    // Windows that are complete before the last axis, and strided ones.
    scene.succeed("create a.npy --shape 40,50 --dtype i8 --fill 2**61 --force");
    for window in ["2,2", "1,4", "4,1 --stride 7,1", "1,4 --stride 1,9"] {
        let told = scene.run(&format!("window a.npy --window {window} --op sum -o x.npy"));
        assert_eq!(told.code, Some(2), "{window}: {told}");
        assert!(!scene.exists("x.npy") && !scene.exists("x.npy.partial"));
    }
}

#[test]
fn results_have_the_float_type_that_is_asked_for() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 4 --dtype i2 --fill 10*i0+1");
    for (op, result) in [
        ("sum", "64.0"),
        ("mean", "16.0"),
        ("max", "31.0"),
        ("ptp", "30.0"),
    ] {
        for dtype in ["f2", "f4", "f8"] {
            scene.succeed(&format!(
                "window a.npy --window 4 --op {op} --dtype {dtype} --force -o w.npy"
            ));
            assert_eq!(only_value(&scene, "w.npy"), result, "{op} {dtype}");
            let told = scene.succeed("info w.npy");
            assert!(told.stdout.contains(&format!("<{dtype}")), "{told}");
        }
    }
    let told = scene.run("window a.npy --window 4 --op sum --dtype i4 --force -o w.npy");
    assert_eq!(told.code, Some(2), "{told}");
}

#[test]
fn deviations_that_overflow_are_the_same_everywhere() {
    let scene = Scene::new();
    for (fill, std) in [
        // The sum overflows: NumPy's mean and deviation are infinite, too.
        ("1e308", "inf"),
        ("1e308*(1-2*(index%2))", "inf"),
        ("where(index<2, 1e308*(1-2*index), index)", "inf"),
        ("1e200*(index%3)", "inf"),
        ("1e150*(1-2*(index%2))", "1e+150"),
        ("where(index==3, inf, 1e308)", "nan"),
        ("where(index==3, -inf, index)", "nan"),
        ("where(index==3, nan, 1e200*index)", "nan"),
    ] {
        for length in [6, 40, 5000] {
            scene.succeed_args([
                "create",
                "a.npy",
                &format!("--shape={length}"),
                &format!("--fill={fill}"),
                "--force",
            ]);
            let csv = scene.succeed("stats a.npy --csv").stdout;
            let found = csv.lines().nth(1).unwrap().split(',').nth(3).unwrap();
            assert_eq!(found, std, "stats of {length} values of {fill}");
            scene.succeed("stats a.npy --axis 0 -o s.npy --force");
            let told = scene.succeed("probe s.npy --at 3").stdout;
            assert!(told.ends_with(&format!("3,{std}\n")), "{fill}: {told}");
            scene.succeed(&format!(
                "window a.npy --window {length} --op std -o w.npy --force"
            ));
            assert_eq!(
                only_value(&scene, "w.npy"),
                std,
                "window over {length} values of {fill}"
            );
        }
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 100000,2");
    let mut child = scene
        .diff2d()
        .args(["stats", "a.npy", "--axis", "1", "--csv"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

fn npy_bytes() -> impl Strategy<Value = Vec<u8>> {
    let descr = prop_oneof![
        Just("'<f8'"),
        Just("'>i2'"),
        Just("'|O'"),
        Just("[('a', '<f8')]")
    ];
    let length = prop_oneof![0_u64..5, Just(u64::MAX), Just(1 << 62)];
    let shape = prop::collection::vec(length, 0..5);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let cut = prop::option::of(any::<prop::sample::Index>());
    (descr, shape, 0_u8..5, edits, cut).prop_map(|(descr, shape, version, edits, cut)| {
        let shape: String = shape.iter().map(|length| format!("{length},")).collect();
        let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': ({shape}), }}\n");
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0]);
        match version {
            1 => bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes()),
            _ => bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes()),
        }
        bytes.extend(text.bytes());
        for (place, byte) in edits {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..random_cases(size(1_000_000, 5_000))
    })]

    /// A header that is read fits a file and names its data; any other is an error, never a panic.
    #[test]
    fn any_header_is_read_or_refused(bytes in npy_bytes()) {
        if let Ok(header) = NpyHeader::decode(bytes.as_slice()) {
            let all = header.file_bytes().unwrap();
            prop_assert!(all >= header.data_offset && all < 1 << 63);
            prop_assert!(header.shape.len() <= 64);
            prop_assert!(header.fits(all - 1).is_err() || all == 0);
        }
    }
}
