//! `diff2d map`: random formulas against NumPy, reductions against `stats`, coordinates, and what is refused.
//!
//! `DIFF2D_FULL=1` runs a thousand random formulas instead of a hundred.

use crate::common::{Scene, judged_by, python, size};

#[test]
fn random_formulas_give_what_numpy_gives() {
    judged_by(
        "map_reference.py",
        size(1000, 100),
        "random_formulas_give_what_numpy_gives",
    );
}

#[test]
fn results_depend_neither_on_threads_nor_on_memory() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 61,97,111 --fill (random(1)-0.3)*10**(20*random(2)-10)");
    scene.succeed("create b.npy --shape 97,1 --fill random(7)");
    for command in [
        "map a-mean(a,0)*b a=a.npy b=b.npy",
        "map shift(a,1,-3)+gradient(a,2)*i1+random(4) a=a.npy",
        "map std(a,0,2)/max(a,axis=0)+max(a,b) a=a.npy b=b.npy --dtype f4 --keep-bits 9",
    ] {
        scene.same_for_any_threads_and_memory(command, "16MiB");
    }
}

/// Bit for bit: the same engine computes both.
#[test]
fn reductions_are_those_of_stats() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("create f.npy --shape 9,11,13 --fill sin(index)");
    scene.succeed("run p.toml --set mask.where=hypot(x,y)<3 -o k.npy");
    for file in ["c.npy", "f.npy", "k.npy"] {
        for axes in ["0", "1", "2", "0,1", "1,2", "0,2", "0,1,2"] {
            scene.succeed(&format!("stats {file} --axis {axes} -o s.npy --force"));
            for (number, name) in ["sum", "mean", "std", "min", "max"].iter().enumerate() {
                let formula = format!("{name}(a,axis=({axes}))");
                scene.succeed(&format!("map {formula} a={file} -o m.npy --force"));
                let (stats, map) = (scene.read("s.npy"), scene.read("m.npy"));
                let length = map.len() - 4096;
                let expected = &stats[4096 + (number + 1) * length..][..length];
                // All NaN are one.
                let bits = |bytes: &[u8]| -> Vec<u64> {
                    let values = bytes
                        .as_chunks()
                        .0
                        .iter()
                        .map(|raw| f64::from_le_bytes(*raw));
                    let values = values.map(|value| if value.is_nan() { f64::NAN } else { value });
                    values.map(f64::to_bits).collect()
                };
                assert!(bits(&map[4096..]) == bits(expected), "{formula} of {file}");
            }
        }
    }
}

#[test]
fn coordinates_stay_and_gradients_follow_them() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("run p.toml --set x1=-9 --set x2=11 -o d.npy");
    let axes = |name: &str| {
        let text = scene.text(&format!("{name}.axes.json"));
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    scene.succeed("map gradient(a,x)+0*t a=c.npy[0:3,1:20] -o g.npy --unit K");
    let known = axes("g");
    assert_eq!(known["unit"], "K");
    assert_eq!(known["shape"], serde_json::json!([3, 19, 22]));
    let numbers = |axis: usize| known["axes"][axis]["coordinates"].as_array().unwrap().len();
    assert_eq!([0, 1, 2].map(numbers), [3, 19, 22]);
    let told = scene.run("map a-b a=c.npy b=d.npy -o e.npy");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("--ignore-coordinates"), "{told}");
    assert!(!scene.exists("e.npy"));
    scene.succeed("map a-b a=c.npy b=d.npy -o e.npy --ignore-coordinates");
    assert_eq!(
        axes("e")["axes"][2]["coordinates"][0].as_f64(),
        axes("g")["axes"][2]["coordinates"][0].as_f64()
    );
    // Other lengths, of which one is 1, broadcast, and the longer one has the coordinates.
    scene.succeed("map mean(a,t)-b a=c.npy b=c.npy -o f.npy");
    assert_eq!(axes("f")["axes"][0]["name"], "t");
    // The axes of a sweep have names, and coordinates from arrays that have some.
    scene.write("s.toml", "params = \"p.toml\"\nD = [0.5, 1.0]\n");
    scene.succeed("sweep s.toml -o s.npy");
    scene.succeed("map mean(s,scenario)-c s=s.npy c=c.npy -o h.npy");
    scene.succeed("map s-c s=s.npy c=c.npy -o h.npy --force");
    let known = axes("h");
    assert_eq!(known["axes"][0], serde_json::json!({"name": "scenario"}));
    assert_eq!(known["axes"][3], axes("f")["axes"][2]);
    assert_eq!(known["axes"][1], axes("f")["axes"][0]);
    let told = scene.run("stats s.npy --select x=0");
    assert!(
        told.code == Some(2) && told.stderr.contains("no coordinates are known along x"),
        "{told}"
    );
}

/// Sentences that say what to write instead, and nothing is left behind.
#[test]
fn what_cannot_be_computed_is_refused() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("create a.npy --shape 3,4 --fill index");
    scene.succeed("create b.npy --shape 5 --fill index");
    scene.succeed("create w.npy --shape 3,4 --dtype i8 --fill index");
    scene.succeed("create n.npy --shape 3,4 --fill where(index==5,nan,index)");
    scene.succeed("create empty.npy --shape 0,4");
    for (name, shape) in [("u", "4194304,1,1"), ("v", "4194304,1"), ("x", "4194304")] {
        scene.succeed(&format!("create {name}.npy --dtype u1 --shape {shape}"));
    }
    scene.write(
        "h.py",
        format!(
            "import numpy\nnumpy.save('{}', numpy.float64(3.5))",
            scene.path("z.npy").display()
        ),
    );
    python(&scene.path("h.py").display().to_string(), [""; 0]);
    let told = scene.succeed("map z+mean(z) z=z.npy -o one.npy");
    assert!(told.stderr.is_empty() && scene.read("one.npy").ends_with(&7_f64.to_le_bytes()));
    let deep = format!("{}a{} a=a.npy", "(".repeat(300), ")".repeat(300));
    let signs = format!("{}a a=a.npy", "-".repeat(9000));
    let before = scene.files();
    for (arguments, sentence) in [
        ("a+q a=a.npy", "there is no 'q' here, only a, i0, i1"),
        (
            "a+b a=a.npy b=b.npy",
            "a of shape (3, 4) and b of shape (5,) do not broadcast",
        ),
        (
            "shift(a,0,1)+b a=a.npy b=b.npy",
            "b of shape (5,) and shift(a, 0, 1) of shape (3, 4)",
        ),
        ("a|and|a a=a.npy", "(a)*(b)"),
        ("a|or|a a=a.npy", "max(a, b)"),
        ("a&a a=a.npy", "(a)*(b)"),
        ("a^2 a=a.npy", "a power is a**b"),
        ("a|if|a|else|0 a=a.npy", "where(condition, yes, no)"),
        ("np.sin(a) a=a.npy", "functions have no prefix"),
        ("not|a a=a.npy", "(a) == 0"),
        ("a=1 a=a.npy", "a == b"),
        ("sinn(a) a=a.npy", "there is no function 'sinn'"),
        ("sin(a,2) a=a.npy", "sin takes 1 argument, not 2"),
        ("clip(a,2) a=a.npy", "clip takes 3 arguments, not 2"),
        ("mean(a+1,0) a=a.npy", "mean takes the name of an array"),
        ("mean(q,0) a=a.npy", "'q' is none of a"),
        (
            "mean(a,2) a=a.npy",
            "there is no axis '2' of a: it has 0 to 1",
        ),
        ("mean(a,t) a=a.npy", "there is no axis 't' of a"),
        ("mean(a,z) a=c.npy", "it has 0 to 2, t, y, x"),
        ("mean(a,0,0) a=a.npy", "axis 0 twice"),
        ("mean(a,0,-2) a=a.npy", "axis 0 twice"),
        (
            "shift(a,0) a=a.npy",
            "shift takes an array, an axis and a number",
        ),
        ("shift(a,0,1.5) a=a.npy", "whole number of places"),
        ("gradient(a) a=a.npy", "gradient takes an array and an axis"),
        (
            "gradient(a,0) a=a.npy[0:1,:]",
            "gradient needs two elements along an axis",
        ),
        ("i0 a=a.npy", "uses none of the arrays"),
        ("1 a=a.npy", "uses none of the arrays"),
        (
            "b+i1 a=a.npy b=b.npy",
            "there is no i1: the result has 1 axes",
        ),
        ("a+ a=a.npy", "it ends where"),
        ("(a a=a.npy", "it ends where ')' should be"),
        ("0<a<1 a=a.npy", "comparisons do not chain"),
        (
            "a a.npy",
            "'a.npy' is no NAME=FILE.npy; expected the name that the formula has for a file",
        ),
        ("a a=", "expected the name that the formula has for a file"),
        ("a 1a=a.npy", "does not begin with a digit"),
        ("sin sin=a.npy", "sin has a meaning in formulas"),
        ("i0 i0=a.npy", "i0 has a meaning in formulas"),
        ("a a=a.npy a=b.npy", "two arrays with the name a"),
        ("a a=none.npy", "no such file"),
        ("a a=a.npy[0:1,0:1,0:1]", "has 2 axes"),
        ("a a=a.npy[x=1]", "the axes of a.npy are numbers"),
        ("a a=c.npy[t=99]", "reaches from"),
        (
            "a-5 a=w.npy --dtype u1",
            "5 of 12 values do not fit |u1, which holds 0 to 255: the first is -5.0 at [0, 0]",
        ),
        ("a/0 a=a.npy --dtype i4", "12 of 12 values do not fit <i4"),
        (
            "a a=a.npy --dtype i4 --keep-bits 4",
            "--keep-bits 4: the type of the elements is <i4, which has no mantissa",
        ),
        ("a a=a.npy --dtype c8", "expected f2, f4, f8"),
        ("a a=a.npy --keep-bits 0", "1 to 52 bits, and not 0"),
        ("a a=a.npy --dtype f4 --keep-bits 24", "1 to 23 bits"),
        ("a a=a.npy --memory 1KiB", "needs"),
        (&deep, "nested more than 200 levels deep"),
        (&signs, "nested more than 200 levels deep"),
        ("mean(a,axis=() a=a.npy", "it ends where ')' should be"),
        ("mean(a,axis=()) a=a.npy", "leave it out to go over all"),
        ("mean(a,0,keepdims=True) a=a.npy", "leave keepdims out"),
        ("mean(a)(0) a=a.npy", "'(0)' is not expected"),
        ("mean(a a=a.npy", "it ends where ')' should be"),
        ("a[1:]-a a=a.npy", "a box stands behind the name of a file"),
        ("a.mean(0) a=a.npy", "functions stand before"),
        ("True*a a=a.npy", "true and false are 1 and 0"),
        ("maximum(a,0) a=a.npy", "the larger of two is max(a, b)"),
        ("var(a,0) a=a.npy", "std(a, t)**2"),
        ("median(a,0) a=a.npy", "--quantiles"),
        ("a;a a=a.npy", "';a' is not expected here"),
        ("1.2.3*a a=a.npy", "'1.2.3' is no number"),
        ("|| a=a.npy", "it ends where a number"),
        ("random(-1)*a a=a.npy", "random needs a seed"),
        (
            "shift(a,0,99999999999999999999) a=a.npy",
            "whole number of places",
        ),
        (
            "shift(shift(a,0,1),0,1) a=a.npy",
            "make an array of a formula first",
        ),
        ("mean(a,-9223372036854775808) a=a.npy", "there is no axis"),
        ("a a=a.npy mean=b.npy", "mean has a meaning in formulas"),
        ("a a=a.npy shift=b.npy", "shift has a meaning in formulas"),
        ("a a=a.npy a-b=b.npy", "letters, digits and _"),
        ("z+i0 z=z.npy", "there is no 'i0' here"),
        (
            "shift(z,0,1) z=z.npy",
            "there is no axis '0' of z: it has none",
        ),
        (
            "a+n a=a.npy n=empty.npy",
            "n of shape (0, 4) do not broadcast",
        ),
        ("gradient(n,0) n=empty.npy", "n has 0 along axis 0"),
        (
            "u+v+x u=u.npy v=v.npy x=x.npy",
            "(4194304, 4194304, 4194304) is larger than any file",
        ),
        ("u*v u=u.npy v=v.npy", "needs 140737488359424 bytes"),
        ("mean(u,1) u=u.npy --memory 1MiB", "reduce over more axes"),
        (
            "a*1e400 a=a.npy --dtype i4",
            "12 of 12 values do not fit <i4",
        ),
        (
            "n n=n.npy --dtype u1",
            "1 of 12 values does not fit |u1, which holds 0 to 255: the first is NaN at [1, 1]",
        ),
        ("a a=.", "is a directory"),
        ("a a=/dev/null", "it is a device and no file"),
        ("a a=a.npy[::-2,:]", "'::-2' is no range"),
        ("a a=c.npy[t=0", "no such file"),
    ] {
        let words = arguments.split(' ').map(|word| word.replace('|', " "));
        let words = ["map".to_owned()].into_iter().chain(words);
        let words: Vec<String> = words.chain(["-o".to_owned(), "o.npy".to_owned()]).collect();
        let told = scene.run_args(words.iter().map(String::as_str));
        assert!(matches!(told.code, Some(1 | 2)), "{arguments}: {told}");
        assert!(told.stderr.contains(sentence), "{arguments}: {told}");
        assert_eq!(scene.files(), before, "{arguments}");
    }
    // Names of outputs that are taken, whatever --force says.
    std::fs::hard_link(scene.path("a.npy"), scene.path("link.npy")).unwrap();
    let before = scene.files();
    for (output, sentence) in [
        ("a.npy", "is read by this command"),
        ("./a.npy", "is read by this command"),
        ("link.npy", "is read by this command"),
        ("c.npy", "c.npy is read by this command"),
        ("c.journal", "choose another"),
        ("c.ckpt", "choose another"),
        ("c.axes.json", "choose another"),
        ("o.csv", "must have a name that ends in .npy"),
        ("nowhere/o.npy", "there is no such file or directory"),
    ] {
        let told = scene.run(&format!(
            "map a+mean(c) a=a.npy c=c.npy -o {output} --force"
        ));
        assert!(matches!(told.code, Some(1 | 2)), "{output}: {told}");
        assert!(told.stderr.contains(sentence), "{output}: {told}");
        assert_eq!(scene.files(), before, "{output}");
    }
}

/// Beyond 2^53, up to where floats hold every integer, integers are exact or told of.
#[test]
fn large_integers_are_exact_or_told_of() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 3 --dtype i8 --fill 9007199254740993-index");
    scene.succeed("create b.npy --shape 3 --dtype i8 --fill 9007199254740992");
    scene.succeed("create c.npy --shape 3 --dtype i4 --fill 2147483647-index");
    scene.succeed("create u.npy --shape 3 --dtype u8 --fill 18446744073709551615-index");
    for (formula, dtype, values, note) in [
        (
            "a",
            "i8",
            ["9007199254740993", "9007199254740992", "9007199254740991"],
            "",
        ),
        (
            "a",
            "f8",
            [
                "9007199254740992.0",
                "9007199254740992.0",
                "9007199254740991.0",
            ],
            "1 of 3 values come of integers beyond 2^53",
        ),
        ("a == b", "", ["0.0", "1.0", "0.0"], ""),
        ("where(a > b, a, b) - b", "i4", ["1", "0", "0"], ""),
        ("max(a, b) % 10", "i8", ["3", "2", "2"], ""),
        ("c*c*c % 1000", "i4", ["23", "136", "125"], ""),
        (
            "u",
            "u8",
            [
                "18446744073709551615",
                "18446744073709551614",
                "18446744073709551613",
            ],
            "",
        ),
        ("u - max(u)", "i8", ["0", "-1", "-2"], ""),
        ("shift(a, 0, 1) - a", "", ["-1.0", "-1.0", "nan"], ""),
        (
            "a*1.0 - b",
            "f8",
            ["0.0", "0.0", "-1.0"],
            "1 of 3 values come of integers beyond 2^53",
        ),
        (
            "c/0",
            "f8",
            ["inf", "inf", "inf"],
            "3 of 3 values are infinite in <f8",
        ),
        ("c*inf", "f8", ["inf", "inf", "inf"], ""),
        (
            "c*1e300",
            "f4",
            ["inf", "inf", "inf"],
            "3 of 3 values are infinite in <f4",
        ),
    ] {
        let mut arguments = vec![
            "map", formula, "a=a.npy", "b=b.npy", "c=c.npy", "u=u.npy", "-o", "m.npy", "--force",
        ];
        if !dtype.is_empty() {
            arguments.extend(["--dtype", dtype]);
        }
        let answer = scene.succeed_args(&arguments);
        let mut lines = answer.stderr.lines();
        let is_of_shapes = |line: &str| line.ends_with("only its shape counts");
        match note {
            "" => assert!(lines.all(is_of_shapes), "{formula}: {answer}"),
            note => assert!(answer.stderr.contains(note), "{formula}: {answer}"),
        }
        let probed = scene.succeed("probe m.npy --at ::").stdout;
        let numbers: Vec<&str> = probed
            .lines()
            .skip(1)
            .filter_map(|row| row.split(',').nth(1))
            .collect();
        assert_eq!(numbers, values, "{formula}");
    }
    let refused = scene.run("map u u=u.npy --dtype i8 -o n.npy");
    assert_eq!(refused.code, Some(2), "{refused}");
    assert!(refused.stderr.contains("3 of 3 values do not fit <i8, which holds -9223372036854775808 to 9223372036854775807: the first is 18446744073709551615 at [0]"), "{refused}");
}

#[test]
fn coordinates_that_differ_by_rounding_are_the_same() {
    let scene = Scene::new();
    let text =
        |times: &str| format!("D = 1e-4\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\n{times}\n");
    scene.write("a.toml", text("runtime = 4.2\nouttime = 0.7"));
    scene.write("b.toml", text("outtimes = [0.7, 1.4, 2.1, 2.8, 3.5, 4.2]"));
    scene.succeed("run a.toml -o a.npy");
    scene.succeed("run b.toml -o b.npy");
    scene.succeed("map a-b a=a.npy b=b.npy -o d.npy");
    scene.succeed("compare a.npy b.npy --atol 1e-12");
    scene.write(
        "b.toml",
        text("outtimes = [0.7, 1.4, 2.1, 2.8, 3.5, 4.20001]"),
    );
    scene.succeed("run b.toml -o b.npy --force");
    let refused = scene.run("map a-b a=a.npy b=b.npy -o d.npy --force");
    assert_eq!(refused.code, Some(2), "{refused}");
}
