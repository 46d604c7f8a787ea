//! States and values that are not finite: none is committed, none is kept.

use crate::common::{Scene, Told};

pub(crate) const SQUARE: &str =
    "D = 1\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 1\nouttime = 0.1\n";
const GROWING: &str =
    "initial = {kind = 'constant', value = 1}\nboundary = {left = {robin = [-1e6, 1, 0]}}\n";

/// A wall that feeds itself makes numbers beyond all floats: what was finite stays, nothing else is kept.
#[test]
fn a_state_that_is_not_finite_ends_the_run_before_it_is_committed() {
    let scene = Scene::new();
    scene.write("p.toml", format!("times = 'course'\n{SQUARE}{GROWING}"));
    let feeds = "boundary.left feeds itself: a/b < 0 at x = 0.0, y = 0.1 and t = 0.0";
    assert!(scene.succeed("plan p.toml").stderr.contains(feeds));
    let ended = |told: &Told, step: &str| {
        assert_eq!(told.code, Some(1), "{told}");
        let said = format!("at x = 0.0, y = 0.1 after step {step}, t = 0.");
        assert!(told.stderr.contains(&said), "{told}");
    };
    let told = scene.run("run p.toml -o c.npy");
    assert!(told.stderr.contains(feeds), "{told}");
    assert_eq!(told.stdout, "0\n0.09750000000000007\n");
    ended(&told, "78");
    assert!(scene.succeed("info c.npy").stdout.contains('2'));
    ended(&scene.run("run p.toml -o c.npy --resume"), "78");
    ended(&scene.run("run p.toml --no-cube"), "78");
    let told = scene.run("check p.toml");
    assert_eq!(told.code, Some(1), "{told}");
    scene.write(
        "s.toml",
        "params = 'p.toml'\nprecision = ['f64', 'f64']\nruntime = [0.1, 0.3]\ncombine = 'zip'\n",
    );
    let told = scene.run("sweep s.toml -o s.npy");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stderr.contains("scenario 1: p is "), "{told}");
    assert_eq!(scene.run("verify c.npy").code, Some(0));
}

#[test]
fn a_state_in_files_that_is_not_finite_ends_the_run_as_well() {
    let scene = Scene::new();
    let fine = SQUARE.replace("dx = 0.1", "dx = 0.004");
    scene.write(
        "p.toml",
        format!("{fine}precision = 'f32'\nruntime = 0.002\n{GROWING}")
            .replace("runtime = 1\n", "")
            .replace("outtime = 0.1", "outtime = 0.001"),
    );
    for options in ["", "--memory 780KiB"] {
        let told = scene.run(&format!("run p.toml -o c.npy --force {options}"));
        assert_eq!(told.code, Some(1), "{told}");
        assert!(
            told.stderr.contains("at x = 0.0, y = 0.004 after step "),
            "{told}"
        );
        assert_eq!(told.stdout, "0\n");
    }
    let told = scene.run("run p.toml -o c.npy --resume --memory 780KiB");
    assert_eq!((told.code, told.stdout.as_str()), (Some(1), ""), "{told}");
}

/// Between snapshots, too: the next state to be kept ends the run, and what was kept before is finite.
#[test]
fn no_checkpoint_holds_a_state_that_is_not_finite() {
    for (memory, dx, runtime) in [("", 0.1, 20_000.0), ("--memory 780KiB", 0.004, 0.02)] {
        let scene = Scene::new();
        let times = format!("runtime = {runtime}\nouttime = {runtime}\n");
        let square = SQUARE
            .replace("dx = 0.1", &format!("dx = {dx}"))
            .replace("runtime = 1\nouttime = 0.1\n", &times);
        scene.write(
            "p.toml",
            format!("times = 'course'\nprecision = 'f32'\n{square}{GROWING}"),
        );
        let plan = scene.succeed("plan p.toml --json").stdout;
        let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
        let last = plan["nsteps"].as_u64().unwrap();
        for resume in ["", "--resume"] {
            let told = scene.run(&format!(
                "run p.toml -o c.npy --checkpoint-every 1us {memory} {resume}"
            ));
            assert_eq!(told.code, Some(1), "{told}");
            let (_, step) = told.stderr.rsplit_once(" after step ").unwrap();
            let step: u64 = step.split(',').next().unwrap().parse().unwrap();
            assert!(step < last, "step {step} of {last}: {told}");
            for name in ["c.ckpt", "c.scratch"] {
                let bytes = match scene.exists(name) {
                    true => scene.read(name),
                    false => continue,
                };
                // Headers are text, which is finite, too.
                let (values, _) = bytes.as_chunks();
                let is_finite = |&value| f32::from_le_bytes(value).is_finite();
                assert!(values.iter().all(is_finite), "{name}");
            }
        }
    }
}

/// What single precision does not hold is refused where it is typed.
#[test]
fn values_beyond_single_precision_are_refused() {
    let scene = Scene::new();
    scene.write("p.toml", SQUARE);
    scene.succeed("create u.npy --shape 11,11 --fill where(index==60,1e39,1)");
    for (options, word) in [
        (
            "--set initial.kind=file --set initial.path=u.npy",
            "at x = 0.5, y = 0.5",
        ),
        (
            "--set initial.kind=constant --set initial.value=1e39",
            "initial.value = 1e39",
        ),
        (
            "--set initial.kind=expression --set initial.value=1e39*x",
            "at x = ",
        ),
        (
            "--set initial.kind=gaussian --set initial.sigma=1 --set initial.amplitude=1e39",
            "initial.amplitude",
        ),
        ("--set source=1e42", "source = 1e42"),
        ("--set boundary.left=1e39", "boundary.left = 1e39"),
        ("--set boundary.left=1e39*y", "boundary.left = \"1e39*y\""),
    ] {
        let told = scene.run(&format!(
            "run p.toml --no-cube --set precision=f32 {options}"
        ));
        assert_eq!(told.code, Some(2), "{options}: {told}");
        assert!(
            told.stderr.contains(word) && told.stderr.contains("finite in single precision"),
            "{options}: {told}"
        );
        assert_eq!(
            scene.run(&format!("run p.toml --no-cube {options}")).code,
            Some(0),
            "{options}"
        );
    }
}
