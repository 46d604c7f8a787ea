//! Windows of every kind: order statistics, weights, rims, and what is not there.
//!
//! `DIFF2D_FULL=1` runs thousands of random cases instead of hundreds.

use crate::common::{Scene, judged_by, python, sample_size};

#[test]
fn random_windows_give_what_numpy_and_scipy_give() {
    judged_by(
        "windows_reference.py",
        sample_size(5000, 400, 100),
        "random_windows_give_what_numpy_and_scipy_give",
    );
}

#[test]
fn random_windows_along_an_axis_give_what_bottleneck_and_pandas_give() {
    judged_by(
        "rolling_reference.py",
        sample_size(5000, 400, 100),
        "random_windows_along_an_axis_give_what_bottleneck_and_pandas_give",
    );
}

#[test]
fn results_depend_neither_on_threads_nor_on_memory() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 23,49,57 --fill where(random(3)<0.02,nan,random(1)-0.3)");
    scene.succeed("create w.npy --shape 3,15,15 --fill random(5)");
    for command in [
        "window a.npy --window 5,5,5 --op median --skip-nan",
        "window a.npy --window 20,1,1 --op quantile:0.3 --pad reflect --skip-nan",
        "window a.npy --window 1,1,9 --op median --stride 1,1,2",
        "window a.npy --window 1,31,31 --op median --skip-nan --min-count 900",
        "window a.npy --sigma 1,2,3 --op gaussian --pad mirror --skip-nan",
        "window a.npy --weights w.npy --op weights --pad constant:1 --skip-nan",
        "window a.npy --window 7,1,5 --op std --pad wrap --skip-nan",
        "coarsen a.npy --by 2,5,7 --op median",
    ] {
        scene.same_for_any_threads_and_memory(command, "4MiB");
    }
}

#[test]
fn sums_with_many_weights_are_those_of_numpy_also_beside_infinities() {
    let scene = Scene::new();
    let script = "
import numpy as np, sys
d = sys.argv[1]
rng = np.random.default_rng(3)
a = rng.normal(size=(400, 300)); a[50, 60] = np.inf; a[200, 200] = np.nan
w = rng.normal(size=(41, 47))
np.save(d + '/a.npy', a); np.save(d + '/w.npy', w)
";
    let directory = scene.path("").display().to_string();
    scene.write("make.py", script);
    scene.write(
        "check.py",
        "
import numpy as np, sys
from numpy.lib.stride_tricks import sliding_window_view as view
d = sys.argv[1]
a, w, out = [np.load(d + '/' + n + '.npy') for n in ('a', 'w', 'out')]
views = view(a, w.shape)
assert out.shape == views.shape[:2]
for j, i in np.random.default_rng(1).integers(0, views.shape[:2], (4000, 2)):
    with np.errstate(all='ignore'):
        exact = (views[j, i] * w).sum()
    assert np.isclose(out[j, i], exact, rtol=0, atol=1e-12, equal_nan=True), (j, i, out[j, i], exact)
",
    );
    let script = |name: &str| scene.path(name).display().to_string();
    python(&script("make.py"), [&directory]);
    scene.succeed("window a.npy --weights w.npy --op weights -o out.npy");
    python(&script("check.py"), [&directory]);
}

#[test]
fn weights_make_up_for_what_is_left_out() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 5 --fill where(index==1,nan,index+1)");
    for (weights, told) in [
        ("where(i0==1,0.5,0.25)", false),
        ("1", true),
        ("i0-1", true),
    ] {
        scene.succeed(&format!("create w.npy --shape 3 --fill {weights} --force"));
        let command = "window a.npy --weights w.npy --op weights --skip-nan -o o.npy --force";
        let note = scene.succeed(command).stderr.contains("add up to");
        assert_eq!(note, told, "{weights}");
        let values = scene.succeed("probe o.npy --at 0 --at 1 --at 2").stdout;
        // Of 1, 3; of 3, 4; of 3, 4, 5.
        let expected = match weights {
            "where(i0==1,0.5,0.25)" => ["2.0", "3.3333333333333335", "4.0"],
            "1" => ["2.0", "3.5", "12.0"],
            // The weights left of the first window are -1 and 1, which cannot be divided by.
            _ => ["nan", "4.0", "2.0"],
        };
        let lines = expected
            .iter()
            .enumerate()
            .map(|(at, value)| format!("{at},{value}\n"));
        assert_eq!(
            values,
            format!("i0,value\n{}", lines.collect::<String>()),
            "{weights}"
        );
    }
}

/// Doubles do not hold these integers; results in doubles are nevertheless those of the integers, as of `stats`.
#[test]
fn windows_of_integers_beyond_doubles_are_as_exact_as_statistics() {
    const COUNT: usize = 9;
    let scene = Scene::new();
    let rows: [fn(i64) -> i64; 6] = [
        |k| (1 << 60) + k * k % 5,
        |k| (1 << 53) + 1 + 2 * k,
        |k| -(1 << 62) - k,
        |k| if k % 2 == 0 { i64::MAX } else { i64::MIN },
        |k| i64::MAX - k % 2,
        |k| k - 4,
    ];
    let items: Vec<i64> = rows.iter().flat_map(|row| (0..9).map(row)).collect();
    let bytes: Vec<u8> = items.iter().flat_map(|item| item.to_le_bytes()).collect();
    scene.write("a.bin", bytes);
    let floats = |name: &str| -> Vec<f64> {
        let file = scene.read(name);
        let (floats, _) = crate::common::data_of(&file).as_chunks();
        floats
            .iter()
            .map(|&bytes| f64::from_le_bytes(bytes))
            .collect()
    };
    for dtype in ["i8", "u8"] {
        let raw = format!("a.bin --raw {dtype}:{}x{COUNT}", rows.len());
        scene.succeed(&format!("stats {raw} --axis 1 -o s.npy --force"));
        let told = floats("s.npy");
        let variances: Vec<f64> = told[3 * rows.len()..][..rows.len()]
            .iter()
            .map(|std| std * std)
            .collect();
        let wide = |item: &i64| match dtype {
            "i8" => i128::from(*item),
            _ => i128::from(item.cast_unsigned()),
        };
        let ranges = items.chunks(COUNT).map(|row| {
            let row = row.iter().map(wide);
            (row.clone().max().unwrap() - row.min().unwrap()) as f64
        });
        for (op, expected, slack) in [
            ("sum", told[rows.len()..][..rows.len()].to_vec(), 0.0),
            ("mean", told[2 * rows.len()..][..rows.len()].to_vec(), 0.0),
            ("std", told[3 * rows.len()..][..rows.len()].to_vec(), 1e-15),
            ("var", variances, 1e-15),
            ("ptp", ranges.collect(), 0.0),
        ] {
            for options in ["", "--skip-nan"] {
                let command = format!(
                    "window {raw} --window 1,{COUNT} --op {op} --dtype f8 -o w.npy --force"
                );
                scene.succeed(&format!("{command} {options}"));
                let found = floats("w.npy");
                assert_eq!(found.len(), rows.len());
                for (found, expected) in found.into_iter().zip(&expected) {
                    let is_near = (found - expected).abs() <= slack * expected;
                    assert!(is_near, "{command} {options}: {found} for {expected}");
                }
            }
        }
    }
}

#[test]
fn windows_that_cannot_be_are_refused_with_the_way_out() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 8,9 --fill index");
    scene.succeed("create i.npy --shape 8,9 --dtype u1 --fill index");
    scene.succeed("create w.npy --shape 3 --fill 1");
    for (arguments, word) in [
        ("window a.npy --window 9,1 --op median -o x.npy", "--pad"),
        (
            "window a.npy --window 3,3 --op quantile:1.5 -o x.npy",
            "from 0 to 1",
        ),
        (
            "window a.npy --window 3,3 --op gaussian -o x.npy",
            "--sigma",
        ),
        (
            "window a.npy --sigma 1,1 --op median -o x.npy",
            "--op gaussian",
        ),
        ("window a.npy --sigma 1 --op gaussian -o x.npy", "2 axes"),
        ("window a.npy --sigma -1,1 --op gaussian -o x.npy", "'-1'"),
        (
            "window a.npy --weights w.npy --op weights -o x.npy",
            "1 axes",
        ),
        (
            "window a.npy --window 3,3 --op weights -o x.npy",
            "--weights W.npy",
        ),
        (
            "window a.npy --window 3,3 --op mean --pad around -o x.npy",
            "expected reflect",
        ),
        (
            "window i.npy --window 3,3 --op max --pad constant:0.5 -o x.npy",
            "--dtype f8",
        ),
        (
            "window i.npy --window 3,3 --op max --pad constant:256 -o x.npy",
            "--dtype f8",
        ),
        (
            "window a.npy --window 3,3 --op mean --min-count 10 -o x.npy",
            "9 elements",
        ),
        ("coarsen a.npy --by 3,3 --op gaussian -o x.npy", "window"),
        ("coarsen a.npy --by 3 -o x.npy", "2 axes"),
        ("window a.npy --op mean -o x.npy", "--window"),
    ] {
        let told = scene.run(arguments);
        assert_eq!(told.code, Some(2), "{arguments}: {told}");
        assert!(told.stderr.contains(word), "{arguments}: {told}");
        assert!(!scene.exists("x.npy"));
    }
    // What is larger than before, and what is left out, is told.
    scene.succeed("create f4.npy --shape 7,10 --dtype f4");
    for (arguments, sentence) in [
        (
            "window f4.npy --window 3,3 --op mean -o y.npy",
            "the results are f8, larger than the f4 of f4.npy; --dtype f4 keeps its type\n",
        ),
        (
            "coarsen f4.npy --by 2,4 --dtype f4 -o y.npy",
            "diff2d: the last 1 of 7 along axis 0 and the last 2 of 10 along axis 1 are less than a block, and are left out\n",
        ),
        ("coarsen f4.npy --by 7,5 --op max -o y.npy", ""),
        (
            "window f4.npy --window 3,3 --op mean --dtype f4 -o y.npy",
            "",
        ),
        (
            "coarsen f4.npy --select :6,:8 --by 2,4 --dtype f4 -o y.npy",
            "",
        ),
    ] {
        let told = scene.succeed(&format!("{arguments} --force"));
        let is_told = match sentence {
            "" => told.stderr.is_empty(),
            sentence => told.stderr.ends_with(sentence),
        };
        assert!(is_told, "{arguments}: {told}");
    }
    // What integers cannot hold is computed in floats on request.
    scene.succeed("window i.npy --window 3,3 --op max --pad constant:0.5 --dtype f8 -o x.npy");
}
