//! Threads that the system refuses, and more threads than there is work for.

use super::shell;
use crate::common::{Scene, Told};

/// Runs the program where no thread can be started: none gets such a stack.
fn alone(scene: &Scene, arguments: &str) -> Told {
    let mut command = scene.diff2d();
    command.args(arguments.split_whitespace());
    command.env("RUST_MIN_STACK", (1_u64 << 50).to_string());
    command.env("RAYON_NUM_THREADS", "4");
    Told::from(command.output().unwrap())
}

#[test]
fn where_the_system_refuses_threads_commands_work_alone() {
    let scene = Scene::small();
    scene.write("s.toml", "params = \"p.toml\"\nD = [1.0, 2.0]\n");
    scene.succeed("run p.toml -o c.npy");
    for arguments in [
        "create a.npy --shape 300,300 --fill i0+i1",
        "stats a.npy",
        "stats a.npy --axis 0",
        "window a.npy --window 5,5 --op mean -o w.npy",
        "probe a.npy --at 3,3",
        "info c.npy",
        "verify c.npy",
        "repair c.npy",
        "compare c.npy c.npy",
        "plot c.npy --sheet --animate",
        "plan p.toml",
    ] {
        let told = alone(&scene, arguments);
        assert_eq!(told.code, Some(0), "{arguments}: {told}");
    }
    for arguments in ["run p.toml -o d.npy", "sweep s.toml -o s.npy"] {
        let told = alone(&scene, arguments);
        assert_eq!(told.code, Some(1), "{arguments}: {told}");
        assert!(told.stderr.contains("thread"), "{told}");
        assert_eq!(told.stderr.lines().count(), 1, "{told}");
    }
    assert!(!scene.exists("d.npy") && !scene.exists("s.npy"));
}

#[test]
fn many_threads_change_nothing() {
    let scene = Scene::small();
    scene.succeed("run p.toml -o one.npy --threads 1");
    scene.succeed("run p.toml -o many.npy --threads 1000 --report report.json");
    let report: serde_json::Value = serde_json::from_slice(&scene.read("report.json")).unwrap();
    let processors = std::thread::available_parallelism().unwrap().get();
    assert_eq!(report["threads"], processors.max(64));
    assert_eq!(scene.read("one.npy"), scene.read("many.npy"));
}

#[test]
fn thousands_of_threads_are_not_started() {
    let scene = Scene::small();
    scene.succeed("create a.npy --shape 300,300 --fill index");
    for arguments in ["stats a.npy --json", "run p.toml -o c.npy"] {
        // The stacks of so many threads would not fit.
        let script =
            format!("ulimit -v 8000000; RAYON_NUM_THREADS=5000 exec \"$DIFF2D\" {arguments}");
        let told = shell(&scene, &script);
        assert_eq!(told.code, Some(0), "{told}");
    }
}

#[test]
fn tiles_that_cannot_be_meant_are_refused() {
    let scene = Scene::small();
    let run = "run p.toml -o c.npy --set dx=0.05 --tile";
    let told = scene.run(&format!("{run} 1x1x1"));
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("161604 tiles"), "{told}");
    assert!(!scene.exists("c.npy"));
    scene.succeed("run p.toml -o c.npy --tile 1x1x1");
    scene.succeed(&format!(
        "{run} 64x64x1 --force --set runtime=0.1 --set outtime=0.1"
    ));
}
