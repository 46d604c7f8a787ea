//! Numbers by name, `[constants]`: in all formulas, and wherever a number is accepted.

use crate::common::{Scene, data_of};
use serde_json::Value;

/// A problem in which every kind of key has a formula of constants.
const NAMED: &str = "\
D = 'lambda/c'
x1 = 0.0
x2 = 'L'
y2 = 'L/2'
y1 = 0
dx = 'L/10'
grid = 'walls'
t0 = 'T/2'
outtimes = ['T', '1.5*T']
capacity = '1 + 0.1*c*x'
boundary = { left = { robin = ['h', 'lambda', 'h*20'] }, right = 'T0 + t', bottom = { flux = 'h/2' } }
initial = { kind = 'constant', value = 'T0' }
held = [{ where = 'x > 0.8*L', value = 'T0*y' }]
record = { every = 'T/4', points = { a = ['L/2', 'L/4'] } }
[constants]
c = 'lambda/2'
lambda = 0.8
h = 12
L = 0.5
T0 = 5.0
T = 0.01
[function.s]
points = [[0, 'T0'], [1, 'h']]
";

/// The same problem in numbers.
const NUMBERS: &str = "\
D = '0.8/0.4'
x1 = 0.0
x2 = 0.5
y2 = 0.25
y1 = 0
dx = 0.05
grid = 'walls'
t0 = 0.005
outtimes = [0.01, 0.015]
capacity = '1 + 0.1*0.4*x'
boundary = { left = { robin = [12, 0.8, 240] }, right = '5.0 + t', bottom = { flux = 6 } }
initial = { kind = 'constant', value = 5.0 }
held = [{ where = 'x > 0.8*0.5', value = '5.0*y' }]
record = { every = 0.0025, points = { a = [0.25, 0.125] } }
[function.s]
points = [[0, 5.0], [1, 12]]
";

fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("named.toml", NAMED);
    scene.write("numbers.toml", NUMBERS);
    scene
}

/// What a command prints on stdout.
fn ok(scene: &Scene, arguments: &[&str]) -> String {
    scene.succeed_args(arguments).stdout
}

/// What a command that is refused prints on stderr.
fn refused(scene: &Scene, arguments: &[&str]) -> String {
    let told = scene.run_args(arguments);
    assert_eq!(told.code, Some(2), "{arguments:?}: {}", told.stderr);
    told.stderr
}

#[test]
fn a_formula_of_constants_is_its_number() {
    let scene = scene();
    for more in ["", "--set source=s(t)"] {
        let more: Vec<&str> = more.split_whitespace().collect();
        for name in ["named", "numbers"] {
            let cube = format!("{name}.npy");
            let params = format!("{name}.toml");
            let run = ["run", &params, "-o", &cube, "--force"];
            ok(&scene, &[&run[..], &more].concat());
        }
        assert!(
            scene.read("named.npy") == scene.read("numbers.npy"),
            "{more:?}"
        );
        assert_eq!(
            scene.text("named.record.csv"),
            scene.text("numbers.record.csv")
        );
    }
    // Kernels of a uniform D, and the exact method, which needs one.
    let uniform = [
        "--set=method=exact",
        "--set=boundary=insulated",
        "--set=capacity=c",
        "--set=held=[]",
    ];
    let plain = "D = 'lambda/c'\nx1 = 0\nx2 = 1\ndx = 0.1\nruntime = 'h'\nouttime = 'h/2'\ngrid = 'walls'\n[constants]\nlambda = 1\nc = 2\nh = 0.1\n";
    scene.write("plain.toml", plain);
    ok(
        &scene,
        &[&["run", "plain.toml", "-o", "plain.npy"], &uniform[..3]].concat(),
    );
    let plan = ok(&scene, &["plan", "plain.toml"]);
    assert!(
        plan.contains("r = 0.25") && plan.contains("lambda = 1.0, c = 2.0, h = 0.1"),
        "{plan}"
    );
}

#[test]
fn constants_are_known_by_set_journal_resume_and_sweeps() {
    let scene = scene();
    ok(
        &scene,
        &[
            "run",
            "named.toml",
            "-o",
            "a.npy",
            "--set",
            "constants.h=13",
        ],
    );
    let info: Value = serde_json::from_str(&ok(&scene, &["info", "a.npy", "--json"])).unwrap();
    assert_eq!(info["run"]["params"]["constants"]["h"], 13.0, "{info}");
    assert_eq!(info["run"]["params"]["constants"]["c"], "lambda/2");
    let resume = [
        "run",
        "named.toml",
        "-o",
        "a.npy",
        "--resume",
        "--set",
        "constants.h=14",
    ];
    let refused = refused(&scene, &resume);
    assert!(
        refused.contains("constants.h was 13.0 and is 14.0"),
        "{refused}"
    );
    ok(
        &scene,
        &[
            "run",
            "named.toml",
            "-o",
            "a.npy",
            "--resume",
            "--set",
            "constants.h=13",
        ],
    );
    // What a journal says of the problem is the problem.
    ok(&scene, &["flux", "a.npy"]);
    scene.write(
        "s.toml",
        "params = 'named.toml'\n[constants]\nh = [12, 13]\n",
    );
    ok(&scene, &["sweep", "s.toml", "-o", "s.npy"]);
    let table = scene.text("s.csv");
    let rows: Vec<&str> = table
        .lines()
        .map(|line| line.split(',').nth(1).unwrap())
        .collect();
    assert_eq!(rows, ["constants.h", "12.0", "13.0"]);
    let (sweep, run) = (scene.read("s.npy"), scene.read("a.npy"));
    assert!(data_of(&sweep).ends_with(data_of(&run)));
    // The scenarios of a constant that no formula uses are equal.
    scene.write("s.toml", "params = 'named.toml'\nconstants.hh = [1, 2]\n");
    for command in ["plan s.toml", "sweep s.toml -o hh.npy"] {
        let told = scene.succeed(command).stderr;
        let warning = "warning: no formula uses the constant hh\n";
        assert_eq!(told.matches(warning).count(), 1, "{command}: {told}");
    }
    // So is a function that no formula calls, whatever the columns of its file are named.
    scene.write("w.csv", "t,ff\n0,1\n9,2\n");
    for (table, is_told) in [
        ("{points=[[0,0],[1,1]]}", true),
        ("{file='w.csv',from='t',to='ff'}", true),
        ("{points=[[0,0],[1,1]]} --set source=ff(t)", false),
    ] {
        let told = scene.succeed(&format!("plan named.toml --set function.ff={table}"));
        let warning = "warning: no formula calls the function ff\n";
        assert_eq!(told.stderr.contains(warning), is_told, "{told}");
    }
}

#[test]
fn names_and_values_that_cannot_be_used_are_refused() {
    let scene = scene();
    for (set, sentence) in [
        ("constants.x=1", "x has a meaning in formulas already"),
        ("constants.pi=1", "pi has a meaning in formulas already"),
        ("constants.np=1", "np has a meaning in formulas already"),
        ("constants.s=1", "s is a function of the file already"),
        ("constants.1a=1", "letters, digits and _"),
        ("constants.c=2*q", "there is no 'q' here"),
        (
            "constants.lambda=c",
            "constants.c = \"lambda/2\" cannot be used",
        ),
        ("constants.h=1/0", "is inf"),
        (
            "constants.h=[1, 2]",
            "a finite number or a formula of constants",
        ),
        (
            "dx=q",
            "dx = \"q\" cannot be used: the formula 'q' cannot be read",
        ),
        (
            "dx=-L",
            "dx = -0.5 cannot be used: dx must be greater than 0",
        ),
        ("x2=x", "there is no 'x' here"),
    ] {
        let told = refused(&scene, &["plan", "named.toml", "--set", set]);
        assert!(told.contains(sentence), "{set}: {told}");
    }
    // Without constants a text is no number.
    let told = refused(&scene, &["plan", "numbers.toml", "--set", "dx=1/30"]);
    assert!(told.contains("dx = \"1/30\" is a string"), "{told}");
}
