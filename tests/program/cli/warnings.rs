//! What a user may not expect: who is told of it, and where it is kept.

use crate::common::Scene;
use serde_json::Value;

/// A run whose last snapshot lies before the end.
const SHORT: &str = "\
D = 1
x1 = 0
x2 = 1
dx = 0.1
grid = 'walls'
runtime = 0.06
outtime = 0.05
record = { every = 0.01, totals = true }
";
const SENTENCE: &str = "the run ends with its last snapshot, at t = 0.05, before runtime = 0.06: snapshots are 0.05 apart";

fn sentences(found: &Value) -> Vec<&str> {
    let list = found["warnings"].as_array().unwrap();
    list.iter().map(|one| one.as_str().unwrap()).collect()
}

#[test]
fn warnings_pass_quiet_and_are_kept() {
    let scene = Scene::new();
    scene.write("p.toml", SHORT);
    let told = scene.succeed("run p.toml -q -o c.npy --report r.json");
    let line = format!("diff2d: warning: {SENTENCE}");
    assert!(told.stderr.lines().any(|told| told == line), "{told}");
    let journal = scene.text("c.journal");
    let header = journal.lines().next().unwrap().to_owned();
    let info = scene.succeed("info c.npy --json").stdout;
    for text in [
        scene.text("r.json"),
        scene.text("c.record.json"),
        header,
        info,
    ] {
        let found: Value = serde_json::from_str(&text).unwrap();
        assert!(sentences(&found).contains(&SENTENCE), "{text}");
    }
    assert!(scene.succeed("info c.npy").stdout.contains(SENTENCE));
    // A resumed run, verify and repair take the record as theirs.
    scene.succeed("run p.toml -q -o c.npy --resume");
    scene.succeed("verify c.npy");

    scene.write("s.toml", "params = 'p.toml'\nD = [1, 2]\n");
    let told = scene.succeed("sweep s.toml -q -o s.npy");
    let of_first = format!("scenario 0: {SENTENCE}");
    assert!(told.stderr.contains(&of_first), "{told}");
    let info = scene.succeed("info s.npy --json").stdout;
    let found: Value = serde_json::from_str(&info).unwrap();
    assert!(sentences(&found).contains(&of_first.as_str()), "{info}");
    let described: Value = serde_json::from_str(&scene.text("s.record.json")).unwrap();
    assert!(sentences(&described).contains(&of_first.as_str()));
}

/// What was given and has no effect is told, and nothing else is.
#[test]
fn what_has_no_effect_is_told() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 1\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 0.01\nouttime = 0.01\n\
         initial = { kind = 'constant', value = 0 }\n\
         boundary = { left = 1, right = 0, bottom = 'insulated', top = 'insulated' }\n",
    );
    let left = "boundary.left has no effect: each of its nodes is masked or held";
    let source =
        "source has no effect: it is 0 but at nodes that are masked, held or on fixed walls";
    let mask = "mask={where=\"x > 0.75\"}";
    let held = "held=[{where=\"x > 0.75\",value=2}]";
    let cases: [(&[&str], &[&str]); 17] = [
        (&["mask={where=\"x < 0.05\"}"], &[left]),
        (&["held=[{where=\"x < 0.05\",value=3}]"], &[left]),
        (
            &[
                "held=[{where=\"(x < 0.05)*(y < 0.5)\",value=3}]",
                "mask={where=\"(x < 0.05)*(y >= 0.5)\"}",
            ],
            &[left],
        ),
        (&["held=[{where=\"(x < 0.05)*(y < 0.5)\",value=3}]"], &[]),
        (
            &["mask={where=\"x < 0.05\"}", "boundary.left={flux=5}"],
            &[left],
        ),
        (
            &["mask={where=\"x < 0.05\"}", "boundary.left={robin=[1,1,5]}"],
            &[left],
        ),
        (
            &["mask={where=\"x < 0.05\"}", "boundary.left=insulated"],
            &[],
        ),
        (
            &[mask, "source=where(x > 0.85, 100, 0)"],
            &["boundary.right has no effect", source],
        ),
        (
            &[
                mask,
                "source=where(x > 0.85, 100, 0)*(1 + t)",
                "boundary.right=insulated",
            ],
            &[source],
        ),
        (
            &[
                held,
                "source=where(x > 0.85, 100, 0)",
                "boundary.right=insulated",
            ],
            &[source],
        ),
        (
            &[
                held,
                "source=where(x > 0.65, 100, 0)",
                "boundary.right=insulated",
            ],
            &[],
        ),
        (&["source=where(x > 1.5, 100, 0)"], &[]),
        (
            &["source=where(y == 0, 100, 0)", "boundary.bottom=1"],
            &[source],
        ),
        (
            &[
                mask,
                "decay=where(x > 0.85, 10, 0)",
                "boundary.right=insulated",
            ],
            &["decay has no effect"],
        ),
        (
            &[
                "held=[{where=\"hypot(x-.5,y-.5)<0.15\",value=2},{where=\"hypot(x-.5,y-.5)<0.25\",value=3}]",
            ],
            &["held.0 has no effect: later tables hold all of its nodes"],
        ),
        (
            &[
                "held=[{where=\"hypot(x-.5,y-.5)<0.25\",value=2},{where=\"hypot(x-.5,y-.5)<0.15\",value=3}]",
            ],
            &[],
        ),
        (
            &[
                "held=[{where=\"x==0.5\",value=1},{where=\"(x==0.5)*(y<0.5)\",value=2},{where=\"(x==0.5)*(y>=0.5)\",value=3}]",
            ],
            &["held.0 has no effect"],
        ),
    ];
    for (sets, expected) in cases {
        for command in ["plan p.toml", "run p.toml -q --force -o c.npy"] {
            let mut arguments: Vec<&str> = command.split(' ').collect();
            sets.iter().for_each(|set| arguments.extend(["--set", set]));
            let told = scene.succeed_args(arguments).stderr;
            let count = told.matches("has no effect").count();
            assert_eq!(count, expected.len(), "{sets:?}: {told}");
            for sentence in expected {
                assert!(told.contains(sentence), "{sets:?}: {told}");
            }
        }
    }
}

/// The warnings that journal and record keep are the same, however little memory a run may take.
#[test]
fn warnings_do_not_depend_on_memory() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 1\nx1 = 0\nx2 = 1\ndx = 0.005\ngrid = 'walls'\nruntime = 0.0003\nouttime = 0.0001\n\
         initial = { kind = 'constant', value = 0 }\nboundary = { left = 1 }\n[record]\nevery = 0.00005\ntotals = true\n",
    );
    scene.succeed("run p.toml -q -o c.npy");
    let found: Value = serde_json::from_str(&scene.text("c.record.json")).unwrap();
    let kept = sentences(&found);
    assert!(
        kept.iter()
            .any(|one| one.contains("are stable but not accurate"))
    );
    for memory in ["1MiB", "3MiB"] {
        let told = scene.run(&format!("run p.toml -q -o d.npy --force --memory {memory}"));
        let told = told
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("diff2d: warning: "));
        let told: Vec<&str> = told.filter(|one| !one.contains("unexplained")).collect();
        assert_eq!(told, kept, "{memory}");
    }
}

/// 0.07 passes the wall from 2.1 to 2.8, whatever the step is; snapshot 3 lies at 3 × 0.7 = 2.0999999999999996.
#[test]
fn a_time_that_was_rounded_down_belongs_to_what_begins_then() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "\
D = 1e-4
x1 = 0
x2 = 1
y1 = 0
y2 = 0.1
dx = 0.05
grid = 'walls'
runtime = 4.2
outtime = 0.7
initial = { kind = 'constant', value = 0 }
boundary = 'insulated'
[function.T]
points = [[0, 0], [2.1, 1], [2.8, 0], [10, 0]]
between = 'previous'
",
    );
    for flux in [
        "T(t)",
        "where((t >= 2.1)*(t < 2.8), 1, 0)",
        "floor(t/2.1) - (t // 2.8)",
        "(t % 2.1 < 0.7) - (t < 0.7)",
    ] {
        for dt in ["0.7", "0.35", "0.07"] {
            scene.succeed_args([
                "run",
                "p.toml",
                "-q",
                "--force",
                "-o",
                "c.npy",
                "--set",
                &format!("dt={dt}"),
                "--set",
                &format!("boundary.left.flux={flux:?}"),
                "--set",
                "outtime=2.8",
                "--set",
                "runtime=2.8",
            ]);
            let journal = scene.text("c.journal");
            let last: Value = serde_json::from_str(journal.lines().last().unwrap()).unwrap();
            let mass = last["mass"].as_f64().unwrap();
            assert!((mass - 0.07).abs() < 1e-12, "{flux}, {dt}: {mass}");
        }
    }
    for wall in ["T(t)", "where(t >= 2.1, where(t < 2.8, 1, 0), 0)"] {
        scene.succeed_args([
            "run",
            "p.toml",
            "-q",
            "--force",
            "-o",
            "c.npy",
            "--set",
            &format!("boundary.left={wall:?}"),
        ]);
        let told = scene.succeed("probe c.npy --at x=0,y=0.05 --series");
        let values = told
            .stdout
            .lines()
            .skip(1)
            .map(|line| line.rsplit(',').next().unwrap());
        assert_eq!(
            values.collect::<Vec<_>>(),
            ["0.0", "0.0", "0.0", "1.0", "0.0", "0.0", "0.0"],
            "{wall}"
        );
    }
}
