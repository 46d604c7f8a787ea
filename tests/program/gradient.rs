//! `diff2d gradient`: what it writes and tells, what it refuses, and what a damaged or killed one leaves.

use crate::common::Scene;
use serde_json::Value;

/// A plate between walls of all kinds, with measured values.
const PLATE: &str = "\
D = 1.0
x1 = 0.0
x2 = 1.0
y1 = 0.0
y2 = 0.5
dx = 0.1
dy = 0.1
grid = 'walls'
dt = 1e-3
runtime = 0.05
outtime = 0.01
constants = { warm = 4.0 }
boundary = { left = 'warm', right = { flux = 2.0 }, bottom = { robin = [2.0, 1.0, 1.0] }, top = 0.0 }
initial = { kind = 'constant', value = 1.0 }
record = { every = 0.01, totals = true, points = { a = [0.3, 0.3], b = [0.7, 0.2] } }
units = { x = 'm', t = 's', p = 'K' }
[[fit.data]]
file = 'data.csv'
time = 't'
columns = { a = 'a' }
sigma = 0.1
";

fn plate() -> Scene {
    let scene = Scene::new();
    scene.write("plate.toml", PLATE);
    scene.write("data.csv", "t,a\n0.02,1.1\n0.035,1.4\n0.05,1.3\n");
    scene
}

fn json(scene: &Scene, name: &str) -> Value {
    serde_json::from_str(&scene.text(name)).unwrap()
}

/// The last number of a column of the record of a run.
fn recorded(scene: &Scene, set: &str, column: &str) -> f64 {
    scene.succeed(&format!("run plate.toml {set} -o c.npy --force --quiet"));
    let text = scene.text("c.record.csv");
    let mut lines = text.lines();
    let place = lines
        .next()
        .unwrap()
        .split(',')
        .position(|name| name == column);
    let last = lines.last().unwrap().split(',').nth(place.unwrap());
    last.unwrap().parse().unwrap()
}

#[test]
fn a_gradient_is_an_answer_and_an_array_for_each_field() {
    let scene = plate();
    let by = "D,source,initial,boundary.left,boundary.bottom,constants";
    let command =
        format!("gradient plate.toml --of a@0.05 --by {by} -o g.gradient.json --plot g.png");
    let told = scene.succeed(&command);
    assert!(told.stdout.contains("derivative × value"), "{told}");
    assert!(told.stderr.contains("runs, "), "{told}");
    let answer = json(&scene, "g.gradient.json");
    assert_eq!(answer["of"], "a@0.05");
    let near = |value: &Value, expected: f64| {
        let value = value.as_f64().unwrap();
        assert!(
            (value - expected).abs() <= 1e-6 * expected.abs(),
            "{value} {expected}"
        );
    };
    near(&answer["value"], recorded(&scene, "", "a"));
    let slope = |low: &str, high: &str, width: f64| {
        (recorded(&scene, high, "a") - recorded(&scene, low, "a")) / width
    };
    near(
        &answer["by"]["warm"]["derivative"],
        slope("--set constants.warm=3.9", "--set constants.warm=4.1", 0.2),
    );
    near(
        &answer["by"]["source"]["sum"],
        slope("--set source=-0.1", "--set source=0.1", 0.2),
    );
    near(
        &answer["by"]["boundary.bottom"]["derivative"],
        slope(
            "--set boundary.bottom.robin.2=0.9",
            "--set boundary.bottom.robin.2=1.1",
            0.2,
        ),
    );
    let of_d = &answer["by"]["D"];
    assert_eq!(of_d["file"], "g.d_D.npy");
    assert!(
        (of_d["sum"].as_f64().unwrap() - slope("--set D=0.999", "--set D=1.001", 0.002)).abs()
            < 1e-5
    );
    let told = scene.succeed("info g.d_D.npy");
    assert!(told.stdout.contains("d a / d D"), "{told}");
    assert!(
        scene.files().contains(&"g_D.png".to_owned()),
        "{:?}",
        scene.files()
    );
    // Neither what is there is replaced, nor the parameters.
    assert_eq!(scene.run(&command).code, Some(2));
    scene.succeed(&format!("{command} --force"));
}

#[test]
fn snapshots_of_a_cube_are_checkpoints_and_damaged_ones_are_told() {
    let scene = plate();
    scene.succeed("run plate.toml -o c.npy");
    let gradient = "gradient plate.toml --of a@0.05,-0.5*left_rate@0.02:0.05 --by D,initial";
    scene.succeed(&format!("{gradient} -o one.gradient.json --threads 1"));
    scene.succeed(&format!(
        "{gradient} -o two.gradient.json --cube c.npy --memory 45KiB --threads 2"
    ));
    for field in ["D", "initial"] {
        assert_eq!(
            scene.read(&format!("one.d_{field}.npy")),
            scene.read(&format!("two.d_{field}.npy"))
        );
    }
    let mut bytes = scene.read("c.npy");
    let place = bytes.len() - 100;
    let snapshot = (bytes.len() - 4096) / 6;
    bytes[place - 2 * snapshot] ^= 1;
    scene.write("c.npy", bytes);
    let told = scene.run(&format!("{gradient} -o three.gradient.json --cube c.npy"));
    assert_eq!(told.code, Some(3), "{told}");
    assert!(told.stderr.contains("snapshot 3 "), "{told}");
    assert!(
        !scene.files().iter().any(|file| file.starts_with("three")),
        "{:?}",
        scene.files()
    );
    let told = scene.run(&format!(
        "{gradient} -o four.gradient.json --cube c.npy --set D=2"
    ));
    assert_eq!(told.code, Some(2), "{told}");
}

#[test]
fn a_misfit_is_that_of_the_data() {
    let scene = plate();
    let told = scene.succeed("gradient plate.toml --misfit --by warm --json -o m.gradient.json");
    let answer: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(answer["of"], "misfit");
    assert_eq!(answer["by"]["warm"]["value"], 4.0);
    let slope = answer["by"]["warm"]["derivative"].as_f64().unwrap();
    let value = |set: &str| {
        let told = scene.succeed(&format!("gradient plate.toml --misfit --by warm --json --force -o m.gradient.json --set constants.warm={set}"));
        let answer: Value = serde_json::from_str(&told.stdout).unwrap();
        answer["value"].as_f64().unwrap()
    };
    let difference = (value("4.001") - value("3.999")) / 0.002;
    assert!(
        (slope - difference).abs() < 1e-6 * slope.abs(),
        "{slope} {difference}"
    );
}

#[test]
fn what_has_no_gradient_is_refused() {
    let scene = plate();
    for (arguments, sentence) in [
        ("--of a@0.05 --by E", "there is no derivative by E"),
        ("--of c@0.05 --by D", "no column c"),
        ("--of a@1 --by D", "is not in the run"),
        ("--of max@0.05 --by D", "no smooth function"),
        ("--by D", "nothing is to be differentiated"),
        ("--of a@0.05 --by D --set precision=f32", "f32"),
        (
            "--of a@0.05 --by D --set until.steady=1e-3",
            "until ends the run",
        ),
        ("--of a@0.05 --by D -o plate.toml", "ends in .json"),
    ] {
        let told = scene.run(&format!("gradient plate.toml {arguments}"));
        assert_eq!(told.code, Some(2), "{arguments}: {told}");
        assert!(told.stderr.contains(sentence), "{arguments}: {told}");
    }
}
