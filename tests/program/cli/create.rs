//! `diff2d create`: the values of formulas.

use crate::common::Scene;

#[test]
fn created_arrays_hold_the_values_of_their_formulas() {
    let scene = Scene::new();
    let values = |fill: &str, options: &str| {
        scene.succeed(&format!(
            "create a.npy --shape 2,3 --fill {fill} --force {options}"
        ));
        let points = ["0,0", "0,1", "0,2", "1,0", "1,1", "1,2"];
        let points: Vec<String> = points.iter().map(|at| format!("--at {at}")).collect();
        let told = scene.succeed(&format!("probe a.npy {}", points.join(" ")));
        let rows = told.stdout.lines().skip(1);
        rows.map(|row| row.rsplit(',').next().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(values("0", ""), "0.0 0.0 0.0 0.0 0.0 0.0");
    assert_eq!(
        values("-1.5", "--dtype f2"),
        "-1.5 -1.5 -1.5 -1.5 -1.5 -1.5"
    );
    assert_eq!(values("index", ""), "0.0 1.0 2.0 3.0 4.0 5.0");
    assert_eq!(values("10*i0+i1", "--dtype i2"), "0 1 2 10 11 12");
    assert_eq!(values("index*50", "--dtype u1"), "0 50 100 150 200 250");
    assert_eq!(values("index-2.5", "--dtype i1"), "-2 -1 0 0 1 2");
    assert_eq!(
        values("index+9007199254740993", "--dtype i8"),
        (9_007_199_254_740_993_u64..9_007_199_254_740_999)
            .map(|value| value.to_string())
            .collect::<Vec<_>>()
            .join(" ")
    );
    assert_eq!(
        values("2**63", "--dtype u8"),
        ["9223372036854775808"; 6].join(" ")
    );
    assert_eq!(values("index%2", "--dtype b1"), "0 1 0 1 0 1");
    assert_eq!(
        values("9223372036854775807", "--dtype int64"),
        ["9223372036854775807"; 6].join(" ")
    );
    assert_eq!(values("nan", "--dtype float32"), ["nan"; 6].join(" "));
    let random = values("random(5)", "");
    assert_eq!(random, values("random(5)", ""));
    assert_ne!(random, values("random(6)", ""));
}

#[test]
fn values_that_do_not_exist_or_do_not_fit_are_refused() {
    let scene = Scene::new();
    for (fill, dtype, word) in [
        ("10**(20*i0)>1e10", "i8", "the element [2]: a division by 0"),
        ("1.5*(2**-1)", "b1", "a negative power"),
        ("1//i0>0.5", "b1", "the element [0]: a division by 0"),
        ("1e5", "f2", "100000.0 does not fit"),
        ("index*40000", "f2", "the element [2]: 80000.0 does not fit"),
        ("-1e39", "f4", "holds numbers up to 3.4e38"),
        ("3.5", "i4", "3.5 is not whole"),
        ("i0^2", "i4", "a power is a**b"),
        ("i0^2", "f8", "a power is a**b"),
    ] {
        let told = scene.run(&format!(
            "create a.npy --shape 3 --dtype {dtype} --fill {fill}"
        ));
        assert_eq!(told.code, Some(2), "{fill}: {told}");
        assert!(told.stderr.contains(word), "{fill}: {told}");
        assert!(!scene.exists("a.npy"));
    }
    // Fractions of formulas are cut, whether they are constant or not.
    for fill in ["7/2", "7/2+0*i0"] {
        scene.succeed(&format!(
            "create a.npy --force --shape 1 --dtype i4 --fill {fill}"
        ));
        assert_eq!(
            scene.succeed("probe a.npy --at 0").stdout,
            "i0,value\n0,3\n"
        );
    }
    scene.succeed("create a.npy --force --shape 1 --dtype f4 --fill 3.40282356e38");
}
