//! `diff2d compare`.

use super::{cut_journal, npy};
use crate::common::Scene;
use insta::assert_snapshot;

#[test]
fn compare_prints_how_many_elements_differ_and_where_most() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o a.npy --quiet");
    scene.succeed("run p.toml -o b.npy --quiet");
    assert_snapshot!(scene.run("compare a.npy b.npy"), @r"
    exit 0
    equal: 1936 elements of <f8, bit for bit
    ");

    scene.succeed("run p.toml -o other.npy --quiet --set precision=f32");
    assert_snapshot!(scene.run("compare a.npy other.npy"), @r"
    exit 3
    different: <f8 of shape [4, 22, 22] against <f4 of shape [4, 22, 22]; under a tolerance, such as --rtol 1e-6, types may differ
    diff2d: a.npy and other.npy differ
    ");
    cut_journal(&scene, "b.journal", 3);
    assert_snapshot!(scene.run("compare a.npy b.npy"), @r"
    exit 3
    different: <f8 of shape [4, 22, 22] against <f8 of shape [4, 22, 22], 2 snapshots committed
    diff2d: a.npy and b.npy differ
    ");

    let numbers = |values: [f64; 4]| {
        npy(
            "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }",
            bytemuck::cast_slice(&values),
        )
    };
    scene.write("x.npy", numbers([1.0, 2.0, 3.0, 4.0]));
    scene.write("y.npy", numbers([1.0, 2.5, 3.0, 3.75]));
    scene.write("zero.npy", numbers([0.0; 4]));
    scene.write("minus.npy", numbers([0.0, 0.0, -0.0, 0.0]));
    assert_snapshot!(scene.run("compare x.npy y.npy"), @r"
    exit 3
    different: 2 of 4 elements; the largest difference is 0.5 at [0, 1], 2.0 against 2.5 (relative 0.2, 1125899906842624 ulps); RMS 0.2795084971874737
    verdict: different by 12 % of the largest value, 4.0
    diff2d: x.npy and y.npy differ
    ");
    assert_snapshot!(scene.run("compare zero.npy minus.npy"), @r"
    exit 3
    different: 1 of 4 elements; the largest difference is 0.0 at [1, 0], 0.0 against -0.0 (relative nan, 0 ulps); RMS 0.0
    verdict: equal but for the signs of zeros; --atol 0 takes them as equal
    diff2d: zero.npy and minus.npy differ
    ");
    scene.write(
        "near.npy",
        numbers([1.0, 2.0 + f64::EPSILON * 2.0, 3.0, 4.0]),
    );
    scene.write("nan.npy", numbers([1.0, 2.0, 3.0, f64::NAN]));
    for (other, verdict) in [
        (
            "near",
            "equal within 1 rounding of the largest value; --atol 1e-15 takes them as equal",
        ),
        (
            "nan",
            "different: NaN or infinity stands against another value",
        ),
    ] {
        let told = scene.run(&format!("compare x.npy {other}.npy"));
        assert_eq!(told.code, Some(3), "{told}");
        assert!(
            told.stdout.ends_with(&format!("\nverdict: {verdict}\n")),
            "{told}"
        );
        let told = scene.run(&format!("compare x.npy {other}.npy --json"));
        assert!(
            told.stdout.contains(&format!("\"verdict\":\"{verdict}\"")),
            "{told}"
        );
    }
    scene.succeed("compare x.npy near.npy --atol 1e-15");
    assert_snapshot!(scene.run("compare x.npy nowhere.npy"), @r"
    exit 1
    diff2d: cannot open nowhere.npy: there is no such file or directory
    ");
}

#[test]
fn tolerances_are_those_of_numpy_and_types_and_grids_may_differ() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o a.npy --quiet");
    scene.succeed("run p.toml -o single.npy --quiet --set precision=f32");
    let told = scene.succeed("compare a.npy single.npy --atol 1e-6");
    assert!(
        told.stdout
            .starts_with("equal: 1936 elements within atol 1e-06 and rtol 0.0; the largest"),
        "{told}"
    );
    // Snapshots that agree are counted, and a line tells of each of the others.
    assert!(
        told.stdout.ends_with("\n4 of 4 snapshots agree\n"),
        "{told}"
    );
    let told = scene.run("compare a.npy single.npy --atol 3e-8").stdout;
    assert!(told.contains("\n1 of 4 snapshots agrees\n"), "{told}");
    assert!(
        told.contains("\n       1 ") && !told.contains("\n       0 "),
        "{told}"
    );
    let told = scene.run("compare a.npy single.npy --rtol 1e-12 --json");
    assert_eq!(told.code, Some(3), "{told}");
    for word in [
        "\"equal\":false",
        "\"ulps\":",
        "\"rms\":",
        "\"snapshots\":[{\"index\":0,\"t\":0.0,",
    ] {
        assert!(told.stdout.contains(word), "{told}");
    }

    // Every second node and snapshot of the finer run lies on one of the coarser.
    for (name, more) in [("coarse", "dx=2"), ("fine", "dx=1")] {
        scene.succeed(&format!(
            "run p.toml -o {name}.npy --quiet --set grid=walls --set outtime=1 --set {more}"
        ));
    }
    let told = scene.run("compare fine.npy coarse.npy --atol 0.2 -o d.npy");
    assert!(told.stdout.contains(" and ["), "{told}");
    assert!(
        told.stdout
            .contains("\ncompared along y: 11 of 21 and 11\n"),
        "{told}"
    );
    let info = scene.succeed("info d.npy").stdout;
    assert!(info.contains(", 11, 11)"), "{info}");
    let told = scene.succeed("probe d.npy --at t=0,y=-2,x=4");
    assert!(told.stdout.contains("\n0,4,7,0.0,-2.0,4.0,0.0"), "{told}");

    // What has no coordinates must have one shape.
    scene.succeed("create x.npy --shape 3,4");
    scene.succeed("create y.npy --shape 3,5");
    let told = scene.run("compare x.npy y.npy --atol 1");
    assert_eq!(told.code, Some(3), "{told}");
    assert!(told.stdout.contains("of shape [3, 4] against"), "{told}");
    assert_eq!(scene.run("compare x.npy y.npy --atol -1").code, Some(2));
    let told = scene.run("compare x.npy x.npy --atol 1 -o x.npy --force");
    assert!(told.stderr.contains("is read by this command"), "{told}");
}

#[test]
fn large_integers_and_nan_are_compared_as_they_are() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 2 --dtype i8 --fill 9223372036854775806+i0");
    scene.succeed("create b.npy --shape 2 --dtype i8 --fill 9223372036854775806");
    let told = scene.run("compare a.npy b.npy --atol 0.5 -o d.npy");
    assert_eq!(told.code, Some(3), "{told}");
    assert!(told.stdout.contains("1 of 2 elements are not"), "{told}");
    assert!(
        scene
            .succeed("probe d.npy --at 1")
            .stdout
            .ends_with(",1.0\n")
    );
    scene.succeed("compare a.npy b.npy --atol 1");

    scene.succeed("create n.npy --shape 3 --fill nan");
    let told = scene.run("compare n.npy n.npy --atol 1");
    assert_eq!(told.code, Some(3), "{told}");
    assert!(
        told.stdout
            .contains("3 of these are NaN in both, equal with --equal-nan"),
        "{told}"
    );
    scene.succeed("compare n.npy n.npy --equal-nan");
    scene.succeed("create e.npy --shape 0");
    let told = scene.succeed("compare e.npy e.npy --atol 1 --json");
    assert!(told.stdout.contains("\"rms\":0.0"), "{told}");
}

#[test]
fn snapshots_without_a_partner_are_differences() {
    let scene = Scene::small();
    for (name, outtime) in [("a", 1.25), ("b", 1.0)] {
        scene.succeed(&format!(
            "run p.toml -o {name}.npy --quiet --set outtime={outtime}"
        ));
    }
    let told = scene.run("compare a.npy b.npy --atol 1e-9");
    assert_eq!(told.code, Some(3), "{told}");
    for line in [
        "different: snapshots have no partner, 484 elements are within atol 1e-09",
        "compared along t: 1 of 4 and 4",
        "snapshots of A without a partner: 1 to 3",
        "snapshots of B without a partner: 1 to 3",
    ] {
        assert!(told.stdout.contains(line), "{told}");
    }
    let told = scene.run("compare a.npy b.npy --atol 1e-9 --json");
    for word in ["\"equal\":false", "\"unpaired\":[[1,2,3],[1,2,3]]"] {
        assert!(told.stdout.contains(word), "{told}");
    }
    let told = scene.succeed("compare a.npy b.npy --common");
    assert!(told.stdout.starts_with("equal: 484 elements"), "{told}");
    assert!(told.stdout.contains("1 of 4 and 4"), "{told}");

    // What is not committed yet is missing, too.
    scene.succeed("run p.toml -o c.npy --quiet");
    cut_journal(&scene, "c.journal", 3);
    let told = scene.run("compare a.npy c.npy --rtol 0");
    assert_eq!(told.code, Some(3), "{told}");
    assert!(
        told.stdout.contains("of A without a partner: 2 to 3"),
        "{told}"
    );
}
