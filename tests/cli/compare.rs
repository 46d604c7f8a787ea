//! `diff2d compare`.

use crate::{common::Scene, cut_journal, npy};
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
    different: <f8 of shape [4, 22, 22] against <f4 of shape [4, 22, 22]
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
    different: 2 of 4 elements; the largest difference is 0.5 at [0, 1], 2.0 against 2.5
    diff2d: x.npy and y.npy differ
    ");
    assert_snapshot!(scene.run("compare zero.npy minus.npy"), @r"
    exit 3
    different: 1 of 4 elements; the largest difference is 0.0 at [1, 0], 0.0 against -0.0
    diff2d: zero.npy and minus.npy differ
    ");
    assert_snapshot!(scene.run("compare x.npy nowhere.npy"), @r"
    exit 1
    diff2d: cannot open nowhere.npy: there is no such file or directory
    ");
}
