//! `diff2d probe`: points from files, and cubes in their units, also of `stats` and `window`.

use super::shell;
use crate::common::Scene;

#[test]
fn points_come_from_files_too() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 10,10 --fill index");
    let expected = "i0,i1,value\n1,2,12.0\n9,9,99.0\n";
    for file in [
        "1,2\n-1,-1\n",
        "i0,i1\r\n1, 2\r\n\r\n-1,-1",
        "i0,i1,value\n1,2,7\n9,9,7\n",
    ] {
        scene.write("p.csv", file);
        assert_eq!(scene.succeed("probe a.npy --points p.csv").stdout, expected);
    }
    // A header says which column is which.
    for file in [
        "i1,i0\n2,1\n-1,-1\n",
        "value,i1,name,i0\n7,2,a,1\nx,9,b,9\n",
        "t,i1,i0\n8.5,2,1\n9,9,9\n",
    ] {
        scene.write("p.csv", file);
        assert_eq!(scene.succeed("probe a.npy --points p.csv").stdout, expected);
    }
    scene.write("p.csv", "i1\n3\n");
    let told = scene.succeed("probe a.npy --points p.csv --series");
    assert!(told.stdout.ends_with("\n9,3,93.0\n"), "{told}");
    for (file, line, reason) in [
        ("3|4\n1,2\n", 1, "'3|4' is neither a point nor a header"),
        ("1,1,1l\n", 1, "neither"),
        ("a,b\n1,2\n", 1, "neither"),
        ("i0,i2\n1,2\n", 2, "every axis, i0 to i1"),
        ("i0,i0\n1,2\n", 1, "twice"),
        (
            "i0,i1\n1,2\n1,2,3\n",
            3,
            "it has 3 fields between commas, and the line of headings has 2",
        ),
        ("i0,i1\n1,b\n", 2, "'b' is no index"),
    ] {
        scene.write("p.csv", file);
        let told = scene.run("probe a.npy --points p.csv");
        assert_eq!(told.code, Some(2), "{file}: {told}");
        assert!(
            told.stderr.contains(&format!("line {line} of p.csv")),
            "{told}"
        );
        assert!(told.stderr.contains(reason), "{told}");
    }
    scene.write("p.csv", "1,2\nhere,2\n");
    let told = scene.run("probe a.npy --points p.csv");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("line 2"), "{told}");
    let told = scene.succeed("probe a.npy --at 3 --series --json");
    assert_eq!(told.stdout.matches("index").count(), 10);
    assert!(
        told.stdout.contains("{\"index\":[9,3],\"value\":93.0}"),
        "{told}"
    );
}

#[test]
fn a_cube_has_units_and_only_what_is_committed() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o c.npy");
    let told = scene.succeed("probe c.npy --at t=2.4,x=0.1,y=-10");
    assert!(
        told.stdout.starts_with("i0,i1,i2,t,y,x,value\n2,1,11,2.5,"),
        "{told}"
    );
    assert!(told.stderr.contains("t = 2.5 (snapshot 2)"), "{told}");
    // Up to half a step beyond the ends, the nearest is taken.
    let told = scene.succeed("probe c.npy --at t=4.3,y=11.5,x=-11.4");
    assert!(told.stdout.contains("\n3,21,0,"), "{told}");
    scene.succeed("window c.npy --window t=2.5 --op mean -o w.npy");
    assert!(scene.succeed("info w.npy").stdout.contains("(3, 22, 22)"));
    scene.succeed("window c.npy --window t=1 --select t=0:2.5,x=-1:1 --op mean -o x.npy");
    assert!(scene.succeed("info x.npy").stdout.contains("(3, 22, 2)"));
    for (arguments, sentence) in [
        (
            "window c.npy --window 1,1,1 --select x=a --op mean -o y.npy",
            "x=a: expected a number without a unit, or where a range is meant two with ':' between them, such as x=0.5:1\n",
        ),
        ("probe c.npy --at 9,0,0", "axis 0 of c.npy has 4\n"),
        (
            "probe c.npy --at t=0,y=0,x=11.6",
            "x=11.6: c.npy reaches from -11.0 to 11.0\n",
        ),
        (
            "probe c.npy --at t=5,y=0,x=0",
            "t=5: c.npy reaches from 0.0 to 3.75 committed\n",
        ),
        (
            "window c.npy --window 1,1,1 --select y=-99:0 --op mean -o y.npy",
            "y=-99: c.npy reaches from -11.0 to 11.0\n",
        ),
    ] {
        let told = scene.run(arguments);
        assert!(
            told.code == Some(2) && told.stderr.ends_with(sentence),
            "{told}"
        );
    }
    scene.succeed("stats c.npy --axis t -o s.npy");
    assert!(scene.succeed("info s.npy").stdout.contains("(6, 22, 22)"));

    // Line 1 and two snapshots: what a killed run leaves.
    let journal = scene.text("c.journal");
    let lines: String = journal.split_inclusive('\n').take(3).collect();
    scene.write("c.journal", lines);
    let count = scene.succeed("stats c.npy --json").stdout;
    assert!(count.starts_with("{\"count\":968,"), "{count}");
    let told = scene.run("probe c.npy --at 2,0,0");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("2 committed"), "{told}");
    assert!(
        scene
            .succeed("probe c.npy --at -1,3,3")
            .stdout
            .contains("\n1,3,3,")
    );

    // Nobody is at work: following ends with what is there, and says so.
    let told = scene.run("probe c.npy --at 5,5 --series --follow");
    assert_eq!(told.code, Some(1), "{told}");
    assert_eq!(told.stdout.lines().count(), 3, "{told}");
    assert!(
        told.stderr.contains("no process writes c.npy any more"),
        "{told}"
    );
    let told = scene.run("window c.npy --window 2,1,1 --op max -o f.npy --follow");
    assert_eq!(told.code, Some(1), "{told}");
    assert_eq!(scene.run("stats c.npy --follow").code, Some(1));
    assert!(scene.succeed("info f.npy").stdout.contains("(1, 22, 22)"));

    // Followed while it goes on, a run is seen to its end.
    scene.succeed("run p.toml -o c.npy --resume");
    let told = scene.succeed("stats c.npy --follow --csv");
    assert_eq!(told.stdout.lines().count(), 5, "{told}");
    assert_eq!(told.stderr, "");
}

#[test]
fn lines_of_points_end_as_on_any_system() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 3,4 --fill index");
    let expected = "i0,i1,value\n1,2,6.0\n2,3,11.0\n";
    for points in [
        "i0,i1\r1,2\r2,3\r",
        "1,2\r2,3",
        "# points\r\n\r\n1,2\r\n2,3\r\n",
        "\u{feff}i1,i0\n2,1\n\n3,2",
    ] {
        scene.write("points.csv", points);
        let told = scene.succeed("probe a.npy --points points.csv");
        assert_eq!(told.stdout, expected, "{points:?}");
    }
    scene.write("points.csv", "1,2\r2,x\r");
    let told = scene.run("probe a.npy --points points.csv");
    assert!(
        told.code == Some(2) && told.stderr.contains("line 2 of"),
        "{told}"
    );
    scene.write("points.csv", "1,".repeat(40_000));
    let told = scene.run("probe a.npy --points points.csv");
    assert!(
        told.code == Some(2) && told.stderr.contains("too long"),
        "{told}"
    );
}

#[test]
fn pipes_are_read_if_they_were_given_and_never_waited_for() {
    let scene = Scene::small();
    scene.succeed("create a.npy --shape 3 --fill index");
    let told = shell(
        &scene,
        "echo 2 | \"$DIFF2D\" probe a.npy --points /dev/stdin && \"$DIFF2D\" plan <(cat p.toml) --json >plan.json",
    );
    assert_eq!(told.stdout, "i0,value\n2,2.0\n", "{told}");
    assert_eq!(told.code, Some(0), "{told}");
    assert_eq!(shell(&scene, "mkfifo pipe.toml").code, Some(0));
    for (arguments, code) in [
        ("probe a.npy --points pipe.toml", 1),
        ("probe a.npy --points /dev/zero", 2),
        ("run pipe.toml", 2),
        ("sweep pipe.toml", 2),
    ] {
        let told = scene.run(arguments);
        assert_eq!(told.code, Some(code), "{told}");
        let is_pipe = told.stderr.contains("it is a pipe and no file");
        assert!(is_pipe || arguments.ends_with("zero"), "{told}");
    }
}
