//! What is kept of every node between snapshots.

use super::{PROBLEM, warnings_of};
use crate::common::{Scene, data_of};
use diff2d::{
    Outcome, Problem, Run,
    comm::{Channels, Link},
};

const FIELDS: [&str; 4] = ["mean", "min", "max", "time_of_max"];

/// The numbers of an array of doubles.
fn numbers(bytes: &[u8]) -> Vec<f64> {
    let chunks = data_of(bytes).as_chunks::<8>().0.iter();
    chunks.map(|chunk| f64::from_le_bytes(*chunk)).collect()
}

/// Mean, extremes and the time of the maximum are those of the states at the rows; stops, ranks and longer runs leave the same bytes.
#[test]
fn fields_are_those_of_the_states_at_the_rows() {
    let scene = Scene::new();
    let text = PROBLEM
        .replace("[boundary]", "mask = { where = 'x + y > 1.7' }\n[boundary]")
        .replace(
            "totals",
            "fields = ['mean', 'max', 'min', 'time_of_max']\ntotals",
        );
    scene.write("p.toml", &text);
    let problem: Problem = text.parse().unwrap();
    let warnings = warnings_of(&text);
    let run = |name: &str| {
        let run = Run::new(&problem).output(scene.path(format!("{name}.npy")));
        run.warnings(warnings.clone())
    };
    run("w").start().unwrap();
    // A cube with a snapshot at each row, of other steps.
    scene.succeed("run p.toml -o each.npy --set outtime=0.00075 --set dt=0.00005 --set record.fields=[\"min\"]");
    scene.succeed("run p.toml -o w2.npy --set dt=0.00005");
    let states = numbers(&scene.read("each.npy"));
    let fields = FIELDS.map(|field| numbers(&scene.read(&format!("w2.{field}.npy"))));
    let nodes = 26 * 26;
    assert_eq!(fields[0].len(), 5 * nodes);
    for (frame, node) in (0..5).flat_map(|frame| (0..nodes).map(move |node| (frame, node))) {
        let p: Vec<f64> = (0..9)
            .map(|k| states[(8 * frame + k) * nodes + node])
            .collect();
        let [mean, min, max, at] = [0, 1, 2, 3].map(|field| fields[field][frame * nodes + node]);
        if p[0].is_nan() {
            assert!([mean, min, max, at].iter().all(|value| value.is_nan()));
            continue;
        }
        let sum: f64 = p.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).sum();
        let largest = p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let smallest = p.iter().copied().fold(f64::INFINITY, f64::min);
        assert!((mean - sum / 8.0).abs() < 1e-12 && (max - largest).abs() < 1e-12);
        assert!((min - smallest).abs() < 1e-12);
        let first = p
            .iter()
            .position(|value| *value >= largest - 1e-13)
            .unwrap();
        assert!(
            (at - 0.00075 * (8 * frame + first) as f64).abs() < 1e-9 || largest - smallest < 1e-12
        );
    }
    let same = |name: &str| {
        let endings = FIELDS.map(|field| format!("{field}.npy"));
        let endings = endings
            .into_iter()
            .chain(["npy", "record.csv", "record.json"].map(str::to_owned));
        for ending in endings {
            let [whole, found] = ["w", name].map(|stem| scene.read(&format!("{stem}.{ending}")));
            assert!(whole == found, "{ending} of {name}");
        }
    };
    for after in 0..4 {
        let step = problem.schedule.step_of(after) + 3 * after;
        let stopped = run("c").force(true).stop_after(step).start().unwrap();
        assert_eq!(stopped.outcome, Outcome::Stopped(0));
        Channels::together(3, Link::default(), |comm| {
            run("c").resume(true).threads(1).start_on(&comm).unwrap()
        });
        same("c");
    }
    scene.succeed("run p.toml -o short.npy --set runtime=0.012");
    scene.succeed("run p.toml -o long.npy --resume --extend short.npy");
    same("long");
    scene.succeed("run p.toml -o single.npy --set precision=f32");
    assert_eq!(data_of(&scene.read("single.mean.npy")).len(), 5 * nodes * 4);
    // A byte of a field that has changed is seen, and the field is computed again.
    let whole = scene.read("long.mean.npy");
    let mut damaged = whole.clone();
    damaged[whole.len() - 3] ^= 1;
    scene.write("long.mean.npy", damaged);
    let told = scene.run("verify long.npy");
    assert_eq!(told.code, Some(3), "{told}");
    let reason =
        "long.mean.npy has another frame 5 than its run has written, between snapshots 4 and 5";
    assert!(told.stdout.contains(reason), "{told}");
    scene.succeed("repair long.npy");
    same("long");
    // Nothing else is written over them, and they over nothing else.
    let told = scene.run("map 1 -o c.mean.npy --force");
    assert!(told.code == Some(2), "{told}");
    scene.write("x.mean.npy", "mine");
    let told = scene.run("run p.toml -o x.npy --force");
    assert!(
        told.code == Some(2) && told.stderr.contains("x.mean.npy"),
        "{told}"
    );
    scene.succeed("run p.toml -o c.npy --force --set record.fields=[\"max\"]");
    assert!(!scene.exists("c.mean.npy") && scene.exists("c.max.npy"));
}
