//! Parameter files and `--set`: what is refused, and how.

use crate::common::{SMALL, Scene, Told};
use insta::assert_snapshot;
use serde_json::Value;

/// [`SMALL`] with one line replaced (`key = …`) or removed (`key`).
fn with(line: &str) -> String {
    let (key, given) = match line.split_once('=') {
        Some((key, _)) => (key.trim(), Some(line)),
        None => (line, None),
    };
    let others = SMALL
        .lines()
        .filter(|line| line.split(' ').next() != Some(key));
    others
        .chain(given)
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The output of a `run` that refuses its parameters. It must write nothing, and `plan` must print the same.
fn refused_file(name: &str, text: impl AsRef<[u8]>, options: &str) -> Told {
    let scene = Scene::new();
    scene.write(name, text);
    let told = scene.run(&format!("run {name} {options}"));
    assert_eq!(scene.files(), [name], "something was written");
    let planned = scene.run(&format!("plan {name} {options}"));
    assert_eq!(planned.to_string(), told.to_string());
    told
}

fn refused(line: &str) -> Told {
    refused_file("p.toml", with(line), "")
}

fn refused_set(options: &str) -> Told {
    refused_file("p.toml", SMALL, options)
}

#[test]
fn a_missing_or_unknown_key_is_refused() {
    assert_snapshot!(refused("dx"), @r"
    exit 2
    diff2d: p.toml: the parameter dx is missing; add a line such as `dx = 0.0667`  # wanted spacing of the nodes [length]
    ");
    assert_snapshot!(refused("outtime"), @r"
    exit 2
    diff2d: p.toml: the parameter outtime is missing; add a line such as `outtime = 0.5`  # simulated time per snapshot [time]
    ");
    assert_snapshot!(refused("colour = 'blue'"), @r#"
    exit 2
    diff2d: p.toml:7: there is no parameter colour (= "blue"); docs/parameters.md describes all parameters
    "#);
    assert_snapshot!(refused("run_time = 15.0"), @"
    exit 2
    diff2d: p.toml:7: there is no parameter run_time (= 15.0), did you mean runtime?
    ");
    assert_snapshot!(refused("grafics = true"), @"
    exit 2
    diff2d: p.toml:7: there is no parameter grafics (= true), did you mean graphics?
    ");
    assert_snapshot!(refused("d = 2"), @"
    exit 2
    diff2d: p.toml:7: there is no parameter d (= 2), did you mean D?
    ");
    assert_snapshot!(refused("physics.D = 2"), @"
    exit 2
    diff2d: p.toml:7: there is no parameter physics.D (= 2), did you mean D?
    ");
    assert_snapshot!(refused_file("p.toml", "", ""), @r"
    exit 2
    diff2d: p.toml: the parameter D is missing; add a line such as `D = 1.0`  # diffusion coefficient [length²/time]
    p.toml: the parameter x1 is missing; add a line such as `x1 = -10.0`  # left end of the domain [length]
    p.toml: the parameter x2 is missing; add a line such as `x2 = 10.0`  # right end of the domain [length]
    p.toml: the parameter runtime is missing; add a line such as `runtime = 15.0`  # simulated time to reach [time]
    p.toml: the parameter outtime is missing; add a line such as `outtime = 0.5`  # simulated time per snapshot [time]
    p.toml: the parameter dx is missing; add a line such as `dx = 0.0667`  # wanted spacing of the nodes [length]
    ");
}

#[test]
fn a_value_of_the_wrong_type_is_refused() {
    assert_snapshot!(refused("dx = '0.1'"), @r#"
    exit 2
    diff2d: p.toml:6: dx = "0.1" is a string; dx must be a finite number greater than 0
    "#);
    assert_snapshot!(refused("dx = [0.1]"), @r"
    exit 2
    diff2d: p.toml:6: dx = … is an array; dx must be a finite number greater than 0
    ");
    assert_snapshot!(refused("dx = { value = 0.1 }"), @r"
    exit 2
    diff2d: p.toml:6: dx = … is a table; dx must be a finite number greater than 0
    ");
    assert_snapshot!(refused("D = true"), @r#"
    exit 2
    diff2d: p.toml:6: D = true is a boolean; D must be a finite number, 0 or greater, a formula in x, y and t, { file = "D.npy" } or { image = "D.png", range = [lo, hi], interpolate = "nearest" }
    "#);
    assert_snapshot!(refused("x1 = 2026-11-20"), @r"
    exit 2
    diff2d: p.toml:6: x1 = … is a date; x1 must be a finite number
    ");
    assert_snapshot!(refused("graphics = 1"), @r"
    exit 2
    diff2d: p.toml:7: graphics = 1 is an integer; graphics must be true or false
    ");
    assert_snapshot!(refused("graphics = 'yes'"), @r#"
    exit 2
    diff2d: p.toml:7: graphics = "yes" is a string; graphics must be true or false
    "#);
    assert_snapshot!(refused("grid = 3"), @r#"
    exit 2
    diff2d: p.toml:7: grid = 3 is an integer; grid must be "slides", "files" or "walls"
    "#);
    assert_snapshot!(refused("precision = 64"), @r#"
    exit 2
    diff2d: p.toml:7: precision = 64 is an integer; precision must be "f64" or "f32"
    "#);
}

#[test]
fn nan_and_infinity_are_refused() {
    assert_snapshot!(refused("dx = nan"), @r"
    exit 2
    diff2d: p.toml:6: dx = nan cannot be used: dx must be a finite number greater than 0
    ");
    assert_snapshot!(refused("D = inf"), @r#"
    exit 2
    diff2d: p.toml:6: D = inf cannot be used: D must be a finite number, 0 or greater, a formula in x, y and t, { file = "D.npy" } or { image = "D.png", range = [lo, hi], interpolate = "nearest" }
    "#);
    assert_snapshot!(refused("x1 = -inf"), @r"
    exit 2
    diff2d: p.toml:6: x1 = -inf cannot be used: x1 must be a finite number
    ");
    assert_snapshot!(refused("runtime = inf"), @r"
    exit 2
    diff2d: p.toml:6: runtime = inf cannot be used: runtime must be a finite number, 0 or greater
    ");
    assert_snapshot!(refused("outtime = nan"), @r"
    exit 2
    diff2d: p.toml:6: outtime = nan cannot be used: outtime must be a finite number from 0 to runtime
    ");
    assert_snapshot!(refused("x2 = 1e999"), @r"
    exit 2
    diff2d: p.toml:6: x2 = inf cannot be used: x2 must be a finite number greater than x1
    ");
}

#[test]
fn a_number_out_of_range_is_refused() {
    assert_snapshot!(refused("dx = -0.1"), @r"
    exit 2
    diff2d: p.toml:6: dx = -0.1 cannot be used: dx must be greater than 0
    ");
    assert_snapshot!(refused("dx = 0"), @r"
    exit 2
    diff2d: p.toml:6: dx = 0 cannot be used: dx must be greater than 0
    ");
    assert_snapshot!(refused("D = -1"), @r"
    exit 2
    diff2d: p.toml:6: D = -1 cannot be used: D must be 0 or greater
    ");
    assert_snapshot!(refused("D = 0.0"), @r"
    exit 2
    diff2d: p.toml:6: D = 0.0 cannot be used: nothing diffuses, so no time step follows; dt = … gives one
    ");
    assert_snapshot!(refused("runtime = -1"), @r"
    exit 2
    diff2d: p.toml:6: runtime = -1 cannot be used: runtime must be 0 or greater
    ");
    assert_snapshot!(refused("outtime = -0.5"), @r"
    exit 2
    diff2d: p.toml:6: outtime = -0.5 cannot be used: outtime must be 0 (a snapshot every step) or greater
    ");
    assert_snapshot!(refused("outtime = 3.76"), @r"
    exit 2
    diff2d: p.toml:6: outtime = 3.76 cannot be used: outtime must not be larger than runtime = 3.75
    ");
    assert_snapshot!(refused("x2 = -10.0"), @r"
    exit 2
    diff2d: p.toml:6: x2 = -10.0 cannot be used: x2 must be greater than x1 = -10.0
    ");
    assert_snapshot!(refused("x2 = -11"), @r"
    exit 2
    diff2d: p.toml:6: x2 = -11 cannot be used: x2 must be greater than x1 = -10.0
    ");
    assert_snapshot!(refused_set("--set x1=-1e308 --set x2=1e308"), @r"
    exit 2
    diff2d: --set: x2 = 1e308 cannot be used: x2 - x1 (x1 = -1e308) is beyond the largest number
    ");
}

#[test]
fn what_there_is_not_around_an_axis_is_refused() {
    let seed = "D = 1.0\nx1 = 0.0\nx2 = 1.0\ndx = 0.1\nruntime = 0.1\nouttime = 0.1\ncoordinates = \"axisymmetric\"\n";
    let walls = "grid = \"walls\"\n";
    for (key, text, reason) in [
        (
            "coordinates",
            seed.to_owned(),
            "grid = \"walls\", not \"slides\"",
        ),
        (
            "coordinates",
            with("coordinates = \"polar\""),
            "\"cartesian\" or \"axisymmetric\"",
        ),
        (
            "x1",
            seed.replace("x1 = 0.0", "x1 = -0.5") + walls,
            "x is the radius: 0, the axis, or greater",
        ),
        (
            "method",
            format!("{seed}{walls}method = \"exact\"\n"),
            "are for \"axisymmetric\", too",
        ),
        (
            "boundary.left",
            format!("{seed}{walls}boundary.left = 1.0\n"),
            "it is the axis, which nothing passes",
        ),
        (
            "boundary.left",
            format!("{seed}{walls}boundary = 20.0\n"),
            "give right, bottom and top separately",
        ),
        (
            "boundary.left",
            format!("{seed}{walls}boundary.left = {{ flux = 0.1 }}\n"),
            "or make it \"insulated\"",
        ),
        (
            "boundary.right",
            format!("{seed}{walls}boundary = \"periodic\"\n"),
            "only bottom and top may be \"periodic\"",
        ),
    ] {
        let told = refused_file("p.toml", &text, "");
        assert_eq!(told.code, Some(2), "{told}");
        assert!(
            told.stderr.contains(key) && told.stderr.contains(reason),
            "{told}"
        );
    }
    let scene = Scene::new();
    for more in [
        "",
        "boundary.left = \"insulated\"\n",
        "boundary.left = { flux = 0 }\n",
        "boundary = \"insulated\"\n",
    ] {
        scene.write("p.toml", format!("{seed}{walls}{more}"));
        let told = scene.succeed("plan p.toml");
        assert!(
            told.stdout
                .contains("around     an axis of rotation: x is the radius r, y the height z"),
            "{told}"
        );
        assert!(
            told.stdout.contains("left insulated;") || told.stdout.contains("insulated on all"),
            "{told}"
        );
    }
    // A hollow body has a wall there.
    scene.write(
        "p.toml",
        seed.replace("x1 = 0.0", "x1 = 0.5") + walls + "boundary.left = 1.0\n",
    );
    assert!(
        scene
            .succeed("plan p.toml")
            .stdout
            .contains("left fixed at 1.0;")
    );
    scene.succeed("run p.toml -o c.npy");
    let told = scene.run("run p.toml -o c.npy --resume --set coordinates=cartesian");
    assert!(
        told.code == Some(2) && told.stderr.contains("coordinates"),
        "{told}"
    );
}

#[test]
fn a_grid_that_is_too_coarse_or_too_fine_is_refused() {
    assert_snapshot!(refused("dx = 20.1"), @r"
    exit 2
    diff2d: p.toml:6: dx = 20.1 cannot be used: no interior node fits between -10.0 and 10.0; it may be at most 20.0 here
    ");
    assert_snapshot!(refused_set("--set dx=10.1 --set grid=walls"), @r"
    exit 2
    diff2d: --set: dx = 10.1 cannot be used: no interior node fits between -10.0 and 10.0; it may be at most 10.0 here
    ");
    assert_snapshot!(refused("dx = 1e-9"), @r"
    exit 2
    diff2d: p.toml:6: dx = 1e-9 cannot be used: it asks for more than 2147483647 nodes a side, the most there can be; it must be larger than 9.313225759165211e-9 here
    ");
    assert_snapshot!(refused("dx = 5e-324"), @r"
    exit 2
    diff2d: p.toml:6: dx = 5e-324 cannot be used: it asks for more than 2147483647 nodes a side, the most there can be; it must be larger than 9.313225759165211e-9 here
    ");
    assert_snapshot!(refused_set("--set x1=0 --set x2=1e-200 --set dx=1e-201"), @r"
    exit 2
    diff2d: p.toml:1: D = 1.0 cannot be used: the time step is then 0.0, beyond what a float holds
    ");
    assert_snapshot!(refused("runtime = 1e30"), @r"
    exit 2
    diff2d: p.toml:6: runtime = 1e30 cannot be used: that is 4e30 steps of 2.5e-1; fewer than 2^53 are possible
    ");
    assert_snapshot!(refused_set("--set dx=1e-3 --set outtime=0 --set runtime=1e5"), @r"
    exit 2
    diff2d: --set: outtime = 0 cannot be used: 400000000001 snapshots of 3200640032 bytes are beyond the 2^63 bytes that a file can have; a larger outtime or dx takes fewer
    ");
}

#[test]
fn a_word_that_is_no_choice_is_refused() {
    assert_snapshot!(refused("grid = 'wals'"), @r#"
    exit 2
    diff2d: p.toml:7: grid = "wals" cannot be used: grid must be "slides", "files" or "walls", did you mean walls?
    "#);
    assert_snapshot!(refused("grid = 'Slides'"), @r#"
    exit 2
    diff2d: p.toml:7: grid = "Slides" cannot be used: grid must be "slides", "files" or "walls", did you mean slides?
    "#);
    assert_snapshot!(refused("precision = 'double'"), @r#"
    exit 2
    diff2d: p.toml:7: precision = "double" cannot be used: precision must be "f64" or "f32"
    "#);
    assert_snapshot!(refused("precision = ''"), @r#"
    exit 2
    diff2d: p.toml:7: precision = "" cannot be used: precision must be "f64" or "f32"
    "#);
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let scene = Scene::new();
    let before = scene.files();
    assert_snapshot!(scene.run("run nowhere.toml"), @r"
    exit 2
    diff2d: cannot read the parameter file nowhere.toml: there is no such file
    ");
    assert_snapshot!(scene.run("run ."), @r"
    exit 2
    diff2d: cannot read the parameter file .: it is a directory, not a file
    ");
    // Its mode permits reading, but every read fails.
    assert_snapshot!(scene.run("run /proc/self/mem"), @r"
    exit 2
    diff2d: cannot read the parameter file /proc/self/mem: Input/output error (os error 5)
    ");
    assert_snapshot!(scene.run("run /dev/zero"), @r"
    exit 2
    diff2d: cannot read the parameter file /dev/zero: it is larger than 1 MiB, so it is something else
    ");
    assert_eq!(scene.files(), before);
    assert_snapshot!(refused_file("p.toml", b"D = 1.0\nx1 = \"\xff\xfe\"\n", ""), @r"
    exit 2
    diff2d: cannot read the parameter file p.toml: it is not text (byte 14 is not valid UTF-8)
    ");
}

#[test]
fn a_file_that_is_neither_toml_nor_python_is_refused() {
    assert_snapshot!(refused_file("p.toml", "D = 1.0\nx1 = = 2\n", ""), @r"
    exit 2
    diff2d: p.toml:2: this is not TOML: x1 = = 2: extra `=`, expected nothing
    ");
    for (line, meant) in [
        ("dx = 0,1", "dx = 0.1"),
        ("D = 1.0 // m2/s", "D = 1.0  # m2/s"),
        ("runtime = 1d-1", "runtime = 1e-1"),
        ("grid = walls", "grid = \"walls\""),
    ] {
        let told = refused_file("p.toml", format!("x1 = 0\n{line}\n"), "").to_string();
        let sentence = format!("p.toml:2: this is not TOML: {line}: write {meant}");
        assert!(told.trim_end().ends_with(&sentence), "{told}");
    }
    let told = refused_file("p.toml", "x1 = -pi/2\n", "").to_string();
    assert!(
        told.contains("a formula stands in quotes: x1 = \"-pi/2\""),
        "{told}"
    );
    assert_snapshot!(refused_file("p.toml", "D 1.0\n", ""), @r"
    exit 2
    diff2d: p.toml:1: this is not TOML: D 1.0: key with no value, expected `=`
    ");
    assert_snapshot!(refused_file("p.toml", "D = 1.0\nD = 2.0\n", ""), @r"
    exit 2
    diff2d: p.toml:2: D is given a second time (it stands in line 1 already); keep one of the two
    ");
    assert_snapshot!(refused_file("p.toml", "Dear diary,\ntoday I diffused.\n", ""), @r"
    exit 2
    diff2d: p.toml:1: this is not TOML: Dear diary,: key with no value, expected `=`
    ");
    assert_snapshot!(refused_file("p.npy", b"\x93NUMPY\x01\0v\0{'descr'", ""), @r"
    exit 2
    diff2d: cannot read the parameter file p.npy: it is an array: `diff2d info` says what it holds; give the parameter file of its run
    ");
}

const COURSE: &str = "# the course's own form\nD = 1.; x1 = -10.; x2 = .1e2;\nruntime = 3.75 # time\ndx = 1; outtime = 1.25\ngraphics = False\n";

#[test]
fn the_python_file_of_the_course_means_the_same_as_toml() {
    let scene = Scene::small();
    scene.write("p.py", COURSE);
    let toml = scene.succeed("plan p.toml --json").stdout;
    let course = scene.succeed("plan p.py --json").stdout;
    let without_time = |text: &str| {
        let mut plan: Value = serde_json::from_str(text).unwrap();
        assert!(plan.as_object_mut().unwrap().remove("seconds").is_some());
        plan
    };
    assert_eq!(without_time(&course), without_time(&toml));

    let course = |more: &str| refused_file("p.py", format!("{COURSE}{more}\n"), "");
    assert_snapshot!(course("D = 2.0"), @r"
    exit 2
    diff2d: p.py:6: D is given a second time (it stands in line 2 already); keep one of the two
    ");
    assert_snapshot!(course("colour = 'blue';"), @r#"
    exit 2
    diff2d: p.py:6: there is no parameter colour (= "blue"); docs/parameters.md describes all parameters
    "#);
    assert_snapshot!(course("nrows = int((x2-x1)/dx);"), @r"
    exit 2
    diff2d: p.py:6: `nrows = int((x2-x1)/dx)` is not of the form name = literal; a literal is a number, True, False or a word in quotes, not an expression
    ");
    assert_snapshot!(course("import numpy as np;"), @r"
    exit 2
    diff2d: p.py:6: `import numpy as np` is not of the form name = literal; a literal is a number, True, False or a word in quotes, not an expression
    ");
    let replaced = |old: &str, new: &str| refused_file("p.py", COURSE.replace(old, new), "");
    assert_snapshot!(replaced("D = 1.;", "D = True;"), @r#"
    exit 2
    diff2d: p.py:2: D = true is a boolean; D must be a finite number, 0 or greater, a formula in x, y and t, { file = "D.npy" } or { image = "D.png", range = [lo, hi], interpolate = "nearest" }
    "#);
    assert_snapshot!(replaced("dx = 1;", "dx = '1';"), @r#"
    exit 2
    diff2d: p.py:4: dx = "1" is a string; dx must be a finite number greater than 0
    "#);
    assert_snapshot!(replaced("dx = 1;", "dx = 1e999;"), @r"
    exit 2
    diff2d: p.py:4: dx = inf cannot be used: dx must be a finite number greater than 0
    ");
    assert_snapshot!(replaced("dx = 1;", ""), @r"
    exit 2
    diff2d: p.py: the parameter dx is missing; add a line such as `dx = 0.0667`  # wanted spacing of the nodes [length]
    ");
}

#[test]
fn set_overrides_keys_of_the_file() {
    let scene = Scene::small();
    let plan: Value = serde_json::from_str(
        &scene
            .run_args([
                "plan",
                "p.toml",
                "--json",
                "--set",
                "grid=files",
                "--set",
                "precision='f32'",
                "--set=dx=5",
                "--set",
                " dx = 2.5 ",
                "--set",
                "graphics=True",
            ])
            .stdout,
    )
    .unwrap();
    assert_snapshot!(plan["params"], @r#"{"D":1.0,"x1":-10.0,"x2":10.0,"y1":-10.0,"y2":10.0,"runtime":3.75,"dx":2.5,"dy":2.5,"outtime":1.25,"graphics":true,"grid":"files","coordinates":"cartesian","times":"course","precision":"f32","safety":1.0,"Dx":1.0,"Dy":1.0,"face":"harmonic","capacity":1.0,"decay":0.0,"source":0.0,"method":"euler","initial":{"kind":"peaks"},"boundary":{"left":0.0,"right":0.0,"bottom":0.0,"top":0.0}}"#);

    assert_snapshot!(refused_set("--set dx"), @r"
    exit 2
    diff2d: --set dx: expected key=value, such as --set dx=0.1
    ");
    assert_snapshot!(refused_set("--set dx="), @r"
    exit 2
    diff2d: --set dx=: expected key=value, such as --set dx=0.1
    ");
    assert_snapshot!(refused_set("--set =1"), @r"
    exit 2
    diff2d: --set =1: expected key=value, such as --set dx=0.1
    ");
    assert_snapshot!(refused_set("--set boundary={left=1"), @r"
    exit 2
    diff2d: --set boundary={left=1: expected a table as in TOML, such as --set 'boundary.left={ flux = 0.0 }'
    ");
    // An empty table takes away what may be absent, and nothing else.
    let with_mask =
        "--set mask.where=x<0 --set until.steady=1 --set held=[{where=\"x<1\",value=1}]";
    let scene = Scene::small();
    scene.succeed(&format!(
        "run p.toml -o a.npy {with_mask} --set mask={{}} --set until={{}} --set held=[]"
    ));
    scene.succeed("run p.toml -o b.npy");
    assert_eq!(scene.read("a.npy"), scene.read("b.npy"));
    assert_eq!(scene.run("plan p.toml --set D={}").code, Some(2));
    assert_snapshot!(refused_set("--set dz=1"), @"
    exit 2
    diff2d: --set: there is no parameter dz (= 1), did you mean dx?
    ");
    assert_snapshot!(refused_set("--set dx=small"), @r#"
    exit 2
    diff2d: --set: dx = "small" is a string; dx must be a finite number greater than 0
    "#);
    assert_snapshot!(refused_set("--set dx=true"), @r"
    exit 2
    diff2d: --set: dx = true is a boolean; dx must be a finite number greater than 0
    ");
    assert_snapshot!(refused_set("--set graphics=yes"), @r#"
    exit 2
    diff2d: --set: graphics = "yes" is a string; graphics must be true or false
    "#);
    assert_snapshot!(refused_set("--set grid=wall"), @r#"
    exit 2
    diff2d: --set: grid = "wall" cannot be used: grid must be "slides", "files" or "walls", did you mean walls?
    "#);
    assert_snapshot!(refused_set("--set initial.kindd=sine"), @r#"
    exit 2
    diff2d: --set: there is no parameter initial.kindd (= "sine"), did you mean initial.kind?
    "#);
}

#[test]
fn a_slip_in_a_table_is_told_with_its_line_and_all_that_is_accepted() {
    for (lines, sentence) in [
        (
            "[[held]]\nwere = 'x < 0'\nvalue = 1",
            "8: there is no parameter held.0.were (= \"x < 0\"), did you mean where?",
        ),
        (
            "[[held]]\nwhere = 'x < 0'\nvalue = 1\n[[held]]\nwhere = 'x > 0'\nvalue = true",
            "12: held.1.value = true is a boolean; held.1.value must be a finite number or a formula in x and y",
        ),
        (
            "[[held]]\nwhere = 'x < 0'",
            "8: the parameter held.0.value is missing; add a line such as `value = 60.0`  # the value of the nodes [density]",
        ),
        (
            "[[held]]\nvalue = 1",
            "8: held.0.value = 1 cannot be used: one of where, file and image must be given",
        ),
        (
            "[[held]]\nvalue = 1\nwhere = 'x < 0'\nfile = 'm.npy'",
            "9: held.0.where = \"x < 0\" cannot be used: keep one of where and file",
        ),
        (
            "[mask]\nwhere = 'x < 0'\nD = 2\nx1 = 0\ndx = 0.1",
            "9: D, x1, dx stand below [mask], to which all lines up to the next heading belong: put them above it",
        ),
        (
            "[[held]]\nwhere = 'x < 0'\nvalue = 1\nbelow = 0.5",
            "10: held.0.below = 0.5 cannot be used: it belongs to image = \"plate.png\"",
        ),
        (
            "[[held]]\nwhere = 'x < 0'\nvalue = 1\nname = 'a b'",
            "10: held.0.name = \"a b\" cannot be used",
        ),
        (
            "[held]\nwhere = 'x < 0'\nvalue = 1",
            "7: held = … is a table; held must be tables [[held]]",
        ),
        (
            "[held.a]\nwhere = 'x < 0'\nvalue = 1",
            "7: held = … is a table; held must be tables [[held]]",
        ),
        (
            "[[interface]]\nwhere = 'x < 0'\nresistence = 1",
            "9: there is no parameter interface.0.resistence (= 1), did you mean resistance?",
        ),
        (
            "[[interface]]\nwhere = 'z < 0'\nresistance = 1",
            "8: interface.0.where = \"z < 0\" cannot be used",
        ),
        (
            "[function.T]\npoints = [[0, 1], [1, 2]]\nbeyod = 'hold'",
            "9: there is no parameter function.T.beyod (= \"hold\"), did you mean beyond?",
        ),
        (
            "[function.T]\npoints = [[0, 1], [1, 2]]\nbeyond = 'holds'",
            "9: function.T.beyond = \"holds\" cannot be used: function.T.beyond must be \"refuse\", \"hold\" or \"repeat\", did you mean hold?",
        ),
        (
            "[function.T]\nfile = 'a.csv'\nfrom = -1",
            "9: function.T.from = -1 cannot be used",
        ),
        (
            "[record]\nevery = 1\n[record.points]\na = [0, 0]\nb = [0, 'c']",
            "11: record.points.b = … is an array; record.points.b must be two finite numbers, [x, y]",
        ),
        (
            "[record]\nevery = 1\n[[record.region]]\nnme = 'a'\nwhere = 'x < 0'",
            "10: there is no parameter record.region.0.nme (= \"a\"), did you mean name?",
        ),
        (
            "[until]\nstedy = 1e-3",
            "8: there is no parameter until.stedy (= 0.001), did you mean steady?",
        ),
        (
            "[until]\nsteady = 1e-3\nabove = 1",
            "9: until.above = 1 cannot be used: it belongs to column = \"sill\"",
        ),
        (
            "[boundary.left]\nflx = 1",
            "8: there is no parameter boundary.left.flx (= 1), did you mean flux?",
        ),
        (
            "[boundary.left]\nrobin = [1, 0]",
            "8: boundary.left.robin = … is an array; boundary.left.robin must be three numbers or formulas",
        ),
        (
            "[capacity]\nimge = 'c.png'",
            "8: there is no parameter capacity.imge (= \"c.png\"), did you mean image?",
        ),
        (
            "[capacity]\nimage = 'c.png'\nrange = [1]",
            "9: capacity.range = … is an array; capacity.range must be two finite numbers, [black, white]",
        ),
        (
            "[[record]]\nevery = 1",
            "7: record = … is an array; record must be a table with the keys every, at, points, interpolate, dates, totals, region, fields",
        ),
        (
            "units = 's'",
            "7: units = \"s\" is a string; units must be a table with the keys x, y, t, p, q",
        ),
        (
            "constants = 3",
            "7: constants = 3 is an integer; constants must be a table with lines such as `NAME = 12.0`",
        ),
        (
            "mask = 3",
            "7: mask = 3 is an integer; mask must be a table with the keys where, file, image, below, alpha, isolated, did you mean mask.where?",
        ),
        (
            "fit = 3",
            "7: fit = 3 is an integer; fit must be a table with the keys data, step",
        ),
        (
            "[[fit.data]]\nfile = 'a.csv'\ncolumns = 'T'",
            "9: fit.data.0.columns = \"T\" is a string; fit.data.0.columns must be a table with lines such as `NAME = \"sill\"`",
        ),
        (
            "[fit]\nvarry = { a = [0, 1] }",
            "8: there is no parameter fit.varry.a (= …), did you mean fit.vary.a?",
        ),
        (
            "[constant]\na = 1",
            "8: there is no parameter constant.a (= 1), did you mean constants.a?",
        ),
        (
            "[record]\nevery = 'steps'",
            "8: record.every = \"steps\" is a string; record.every must be a finite number greater than 0, \"step\" or \"snapshot\", did you mean step?",
        ),
        (
            "[record]\nevery = 1\npoints = { 'a-b' = [0, 0] }",
            "9: record.points.a-b = … cannot be used: the name \"a-b\" cannot be the name of a column",
        ),
        (
            "[record]\nevery = 1\n[[record.region]]\nname = 't'\nwhere = 'x < 0'",
            "10: record.region.0.name = \"t\" cannot be used: the name \"t\" is that of a column",
        ),
        (
            "[until]\ncolumn = 'a'\nabov = 1",
            "9: there is no parameter until.abov (= 1), did you mean above?",
        ),
        (
            "[[interface]]\nwhere = 'x < 0'\nresistance = -1",
            "9: interface.0.resistance = -1 cannot be used: the resistance between the nodes at",
        ),
        (
            "[function.T]\nfile = 'a.csv'\ngaps = 'skp'",
            "9: function.T.gaps = \"skp\" cannot be used: function.T.gaps must be \"refuse\" or \"skip\", did you mean skip?",
        ),
        (
            "[function.T]\nfile = 'a.csv'\nfrom = [0, 1.5]",
            "9: function.T.from = … is an array; function.T.from must be the name of a column in quotes, its number from 0, or two of these",
        ),
        (
            "[initial]\nkind = 'constant'",
            "8: the parameter initial.value is missing; add a line such as `initial.value = ",
        ),
        (
            "[fit.vary]\nD = { betwen = [1, 2] }",
            "8: fit.vary.D.betwen = … cannot be used: there is no key betwen of an unknown, did you mean between?; there are between, prior, scale",
        ),
        (
            "[fit.vary]\ndxx = [1, 2]",
            "8: fit.vary.dxx = … cannot be used: the file has no constant and no key of this name that is a number, did you mean dx?",
        ),
        (
            "[fit.vary]\nD = [2, 1]",
            "8: fit.vary.D = … cannot be used: the bounds 2.0 and 1.0 do not ascend",
        ),
        (
            "[fit.vary]\nD = 2",
            "8: fit.vary.D = 2 is an integer; fit.vary.D must be [least, most], or {",
        ),
        (
            "[fit.vary.D]\nbetween = [0, 2]\nscale = 'lg'",
            "9: fit.vary.D.scale = \"lg\" cannot be used: fit.vary.D.scale must be \"log\" or \"linear\", did you mean log?",
        ),
        (
            "[[fit.data]]\nfile = 'a.csv'\ngaps = 'skp'",
            "9: fit.data.0.gaps = \"skp\" cannot be used: fit.data.0.gaps must be \"refuse\" or \"skip\", did you mean skip?",
        ),
        (
            "[fit.vary.D]\nbetween = [0, 2]\nscale = 'log'",
            "9: fit.vary.D.scale = \"log\" cannot be used: \"log\" needs bounds greater than 0",
        ),
        (
            "[fit]\nstep = 1",
            "8: fit.step = 1 cannot be used: it must be from 1e-8 to 0.01",
        ),
        (
            "[constants]\na = 'b'\nb = '2*c'\nc = 'a'\nd = 'a + 1'",
            "8: constants.a = \"b\" cannot be used: constants form a circle, a is made of b, b of c, c of a: give one of them a number",
        ),
        (
            "[constants]\na = '1 + a'",
            "8: constants.a = \"1 + a\" cannot be used: constants form a circle, a is made of a: give one of them a number",
        ),
        (
            "[constants]\n'λ' = 1",
            "8: constants.λ = 1 cannot be used: the name λ of a constant cannot stand in formulas: names are of the letters a to z and A to Z, digits and _: write lambda",
        ),
        (
            "[constants]\nλ = 1",
            "8: names are of the letters a to z and A to Z, digits and _: write lambda",
        ),
        (
            "source = 'π(x)'",
            "7: source = \"π(x)\" cannot be used: the formula 'π(x)' cannot be read: 'π' is not known here: names are of the letters a to z and A to Z, digits and _: write pi",
        ),
        (
            "source = 'Δp*x'",
            "7: source = \"Δp*x\" cannot be used: the formula 'Δp*x' cannot be read: 'Δp' is not known here: names are of the letters a to z and A to Z, digits and _: write Deltap",
        ),
        (
            "[[fit.data]]\nfile = 'a.csv'\nsigme = 1",
            "9: there is no parameter fit.data.0.sigme (= 1), did you mean sigma?",
        ),
    ] {
        let told = refused_file("p.toml", format!("{SMALL}{lines}\n"), "");
        let sentence = format!("diff2d: p.toml:{sentence}");
        assert_eq!(told.code, Some(2), "{lines}\n{told}");
        assert!(told.stderr.starts_with(&sentence), "{lines}\n{told}");
        // Two things are wrong where a run would end by a column of a record that is not there.
        let count = 1 + usize::from(lines.contains("abov "));
        assert_eq!(told.stderr.lines().count(), count, "{lines}\n{told}");
    }
}

#[test]
fn a_number_that_no_table_has_is_refused() {
    let file = format!(
        "{SMALL}[[held]]\nwhere = 'x < 0'\nvalue = 1\n[[fit.data]]\nfile = 'a.csv'\ncolumns = {{ a = 'a' }}\n"
    );
    for (set, sentence) in [
        (
            "fit.data.0=3",
            "fit.data.0 = 3 cannot be used: a table must follow, such as { file = \"wall.csv\"",
        ),
        (
            "fit.data.2.sigma=3",
            "fit.data.2 = … cannot be used: the tables [[fit.data]] are numbered from 0, and there are 1",
        ),
        (
            "held.2.value=3",
            "held.2 = … cannot be used: the tables [[held]] are numbered from 0, and there are 1",
        ),
        (
            "held.a.value=3",
            "there is no parameter held.a.value (= 3): the tables [[held]] are numbered, the first one is held.0",
        ),
        (
            "held.value=3",
            "there is no parameter held.value (= 3): the tables [[held]]",
        ),
        (
            "held.0=3",
            "held.0 = 3 cannot be used: a table must follow, such as { where =",
        ),
        (
            "held.0.value.1=3",
            "there is no parameter held.0.value.1 (= 3)",
        ),
        ("mask=3", "mask = 3 is an integer; mask must be a table"),
        (
            "boundary.left.robin.2=3",
            "there is no parameter boundary.left.robin.2 (= 3)",
        ),
    ] {
        let told = refused_file("p.toml", &file, &format!("--set {set}"));
        assert_eq!(told.code, Some(2), "{set}: {told}");
        assert!(told.stderr.contains(sentence), "{set}: {told}");
        assert!(!told.stderr.contains("panicked"), "{set}: {told}");
    }
}

/// Each number of a file has a name by which `--set`, a sweep and a fit reach it.
#[test]
fn every_number_has_a_dotted_name() {
    const FILE: &str = "[initial]\nkind = 'constant'\nvalue = 2\n[boundary]\nleft = { robin = [1, 2, 3] }\n\
        top = { flux = 'T(0)' }\n[[held]]\nwhere = 'x < -1'\nvalue = 1\n[[held]]\nwhere = 'x > 1'\nvalue = 2\n\
        [[interface]]\nwhere = 'y > 0'\nresistance = 0.5\n[function.T]\npoints = [[0, 1], [9, 2]]\n\
        [record]\nevery = 0.5\npoints = { a = [0.0, 0.0] }\n[[record.region]]\nname = 'r'\nwhere = 'x < 0'\n";
    let scene = Scene::new();
    let file = format!("{SMALL}grid = 'walls'\n{FILE}");
    scene.write("p.toml", &file);
    for (name, value, other_value) in [
        ("held.1.value", "3.5", "4"),
        ("interface.0.resistance", "0.25", "2"),
        ("function.T.points", "[[0, 5], [9, 6]]", "[[0, 7], [8, 8]]"),
        ("function.T.points.1.1", "7", "8"),
        ("record.region.0.where", "'x < 1'", "'y < 1'"),
        ("record.points.a", "[0.5, 0.5]", "[0, 1]"),
        ("initial.value", "7", "8"),
        ("boundary.left.robin", "[1, 2, 5]", "[2, 2, 5]"),
        ("boundary.left.robin.2", "5", "6"),
        ("boundary.top.flux", "0.5", "1"),
    ] {
        let first_line = |journal: &str| -> Value {
            serde_json::from_str(scene.text(journal).lines().next().unwrap()).unwrap()
        };
        let of_runs = [value, other_value].map(|value| {
            let set = format!("{name}={value}");
            scene.succeed_args([
                "run", "p.toml", "-o", "c.npy", "--force", "-q", "--set", &set,
            ]);
            first_line("c.journal")
        });
        assert_ne!(of_runs[0]["params"], of_runs[1]["params"], "{name}");
        if name.starts_with("record.") {
            // The scenarios of a sweep share one record.
            continue;
        }
        let sweep = format!("params = 'p.toml'\n'{name}' = [{value}, {other_value}]\n");
        scene.write("s.toml", sweep);
        scene.succeed("sweep s.toml -o s.npy --force -q");
        let sweep = first_line("s.journal");
        let varied = sweep["varied"].as_object().unwrap();
        assert_eq!(varied.len(), 1, "{name}: {varied:?}");
        for (key, values) in varied {
            let found = of_runs.clone().map(|of_run| {
                let names = key.split('.');
                names.fold(of_run, |value, name| value[name].clone())
            });
            assert_eq!(values.as_array().unwrap()[..], found, "{name}");
        }
    }
    for (name, bounds) in [
        ("held.1.value", "[1, 9]"),
        ("interface.0.resistance", "[0.1, 2]"),
        ("function.T.points.1.1", "[1, 9]"),
        ("record.points.a.0", "[-1, 1]"),
        ("initial.value", "[1, 9]"),
        ("boundary.left.robin.2", "[1, 9]"),
    ] {
        let fit = format!(
            "[fit.vary]\n'{name}' = {bounds}\n[[fit.data]]\nfile = 'none.csv'\ntime = 't'\ncolumns = {{ a = 'a' }}\n"
        );
        scene.write("f.toml", file.clone() + &fit);
        // All else is right.
        let told = scene.run("fit f.toml");
        assert!(told.stderr.contains("none.csv"), "{name}: {told}");
        let slip = name.replace("value", "valu").replace("resis", "resi");
        if slip != name {
            scene.write("f.toml", file.clone() + &fit.replace(name, &slip));
            let told = scene.run("fit f.toml");
            let hint = format!("that is a number, did you mean {name}?");
            assert!(told.stderr.contains(&hint), "{slip}: {told}");
        }
    }
}

#[test]
fn a_memory_that_is_no_size_is_refused() {
    for (value, shown) in [
        ("-1", "-1"),
        ("0", "0"),
        ("'garbage'", "\"garbage\""),
        ("'0MiB'", "\"0MiB\""),
        ("0.5", "0.5"),
    ] {
        let told = refused(&format!("memory = {value}"));
        let sentence = format!("memory = {shown} ");
        assert!(
            told.stderr.contains(&sentence) && told.stderr.contains("must be a size such as"),
            "{told}"
        );
    }
}

/// What is typed by a program, or is another file, is refused as fast, and in as few words.
#[test]
fn a_megabyte_of_anything_is_refused_at_once_and_in_short() {
    let keys = |assign: &dyn Fn(u32) -> String| (0..45_000).map(assign).collect::<String>();
    let long = "x".repeat(900_000);
    for (name, text) in [
        ("p.toml", keys(&|number| format!("k{number} = 1\n"))),
        ("p.toml", keys(&|number| format!("runtim{number} = 1\n"))),
        ("p.py", keys(&|number| format!("k{number} = 1\n"))),
        (
            "p.py",
            keys(&|number| format!("k{number} = 1; ")) + "k1 = 2",
        ),
        ("p.toml", format!("D = '{long}'")),
        ("p.toml", format!("grid = '{long}'")),
        ("p.toml", format!("{long} = 1")),
        (
            "p.toml",
            format!("initial = {{kind = 'file', path = '{long}'}}"),
        ),
        ("p.py", format!("{long} = 1; {long} = 1")),
        ("p.py", format!("D = {long}")),
        ("p.toml", long.clone()),
    ] {
        let told = refused_file(name, &text, "");
        assert!(
            told.stderr.len() < 20_000,
            "{name}: {} bytes",
            told.stderr.len()
        );
    }
    let told = refused_file("p.toml", keys(&|number| format!("k{number} = 1\n")), "");
    assert!(
        told.stderr
            .contains("p.toml:11: 44990 more keys from here on are no parameters"),
        "{told}"
    );
}
