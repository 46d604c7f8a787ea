//! `diff2d plan`.

use crate::common::{Scene, Told};
use insta::assert_snapshot;
use serde_json::Value;

/// The lines of a plan; what is in all depends on the processors.
fn without_peak(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_suffix(" in all") {
        Some(line) => line.rsplit_once(", ").unwrap().0,
        None => line,
    });
    lines.map(|line| line.to_owned() + "\n").collect()
}

#[test]
fn plan_prints_grid_steps_memory_and_disk() {
    let scene = Scene::small();
    let told = scene.succeed("plan p.toml");
    let (text, time) = told.stdout.rsplit_once("time ").unwrap();
    assert_snapshot!(without_peak(text), @r#"
    grid       22 × 22 nodes, 20 × 20 of them interior, layout "slides", f64
    spacing    dx = 1.0, nodes from -11.0 to 11.0
    initial    four peaks
    walls      fixed at 0.0 on all four sides
    material   D = 1.0
    source     none
    method     explicit Euler steps, five-point Laplacian
    steps      15 of dt = 0.25, r = 0.25, the stability limit
    snapshots  4, every 5 steps (1.25 of simulated time)
    memory     7.56 KiB for two fields
    ranks      1, all rows
    disk       19.12 KiB (19584 bytes)
    "#);
    assert!(time.contains("about"), "{time}");
    assert_eq!(told.stderr, "");
    let told = scene.succeed("plan p.toml --set grid=walls --set times=course --set precision=f32 --set dx=0.1 --set runtime=15 --set outtime=0.5");
    assert_snapshot!(without_peak(told.stdout.rsplit_once("time ").unwrap().0), @r#"
    grid       201 × 201 nodes, 199 × 199 of them interior, layout "walls", f32
    spacing    dx = 0.1, nodes from -10.0 to 10.0
    initial    four peaks
    walls      fixed at 0.0 on all four sides
    material   D = 1.0
    source     none
    method     explicit Euler steps, five-point Laplacian
    steps      5999 of dt = 0.0025000000000000005, r = 0.25, the stability limit
    snapshots  31, every 199 steps (0.4975000000000001 of simulated time)
    memory     315.63 KiB for two fields
    ranks      1, all rows
    disk       4.78 MiB (5013820 bytes)
    "#);
    assert_snapshot!(told.stderr, @r#"
    diff2d: warning: snapshots are 0.4975000000000001 apart, not outtime = 0.5: 199 whole steps of dt = 0.0025000000000000005; snapshot 30 lies at t = 14.925000000000002, not 15.0; times = "exact" has them there
    diff2d: warning: the run ends with its last snapshot, at t = 14.925000000000002 after step 5970, before runtime = 15.0: int(runtime/dt) = 5999 with dt = 0.0025000000000000005, and a snapshot takes 199 whole steps
    "#);
    assert_snapshot!(scene.succeed("plan p.toml --set outtime=0").stderr, @"diff2d: warning: snapshots are 0.25 apart, not outtime = 0.0: one step of dt = 0.25; snapshot 15 lies at t = 3.75, not 0.0");
    assert_eq!(scene.files(), ["p.toml"]);

    let plan: Value =
        serde_json::from_str(&scene.succeed("plan p.toml --set dx=0.1 --json").stdout).unwrap();
    let keys: Vec<&str> = plan
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_snapshot!(keys.join(" "), @"params nx ny dx dy dt r dt_by stages limit decay inputs masked_nodes held_nodes interface_faces nsteps nper cadence snapshots last_step end shape memory_bytes peak_bytes budget bands disk_bytes ranks rows_per_rank halo memory_bytes_per_rank halo_bytes threads seconds spacing_is_estimated warnings");
    assert_eq!(plan["shape"], serde_json::json!([4, 202, 202]));
    // Each of several ranks transforms the whole grid, beside two fields of its rows.
    let exact = scene.succeed("plan p.toml --set grid=walls --set method=exact --ranks 3 --json");
    let exact: Value = serde_json::from_str(&exact.stdout).unwrap();
    let row = 21 * 8;
    let held = exact["memory_bytes_per_rank"].as_u64().unwrap() - 21 * row;
    assert!(
        held.is_multiple_of(2 * row) && held < 2 * 21 * row,
        "{exact}"
    );
    assert_eq!(exact["memory_bytes"], 2 * 21 * row);
    // What walls and sources add is an array of doubles.
    let warm = "plan p.toml --set grid=walls --set method=exact --set precision=f32 --set boundary.left=1.0 --json";
    let warm: Value = serde_json::from_str(&scene.succeed(warm).stdout).unwrap();
    assert_eq!(warm["memory_bytes"], 2 * 21 * row);
    assert_eq!(plan["disk_bytes"], 4096 + 4 * 202 * 202 * 8);
    assert_eq!(plan["memory_bytes"], 2 * 202 * 202 * 8);

    let told = scene.succeed("plan p.toml --set dx=0.1 --ranks 60 --json");
    let plan: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(plan["rows_per_rank"], serde_json::json!([3, 5]));
    // The caches decide how many rows of a neighbour a rank holds: at most those of the smallest rank.
    let halo = plan["halo"].as_u64().unwrap();
    assert!((1..=3).contains(&halo), "{halo}");
    assert_eq!(plan["halo_bytes"], halo * 202 * 8);
    assert_eq!(plan["memory_bytes_per_rank"], 2 * (5 + 2 * halo) * 202 * 8);
}

/// What a run would be refused for is told here as well, below the plan.
#[test]
fn a_plan_beyond_this_machine_ends_with_1() {
    let scene = Scene::small();
    let mut plan = scene.diff2d();
    plan.args(["plan", "p.toml", "--set", "dx=0.00002"]);
    let told = Told::from(plan.env("DIFF2D_MACHINE", "memory=1GiB").output().unwrap());
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stdout.starts_with("grid "), "{told}");
    assert!(
        told.stderr.contains("diff2d: the run needs 160000")
            && told.stderr.contains("(14.6 TiB) of memory"),
        "{told}"
    );
    let told = scene.run("plan p.toml --set dx=0.1 --set runtime=1e9 --set outtime=0");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(
        told.stderr
            .contains("diff2d: the cube needs 130572800000004096 bytes (116.0 PiB)"),
        "{told}"
    );
    let told = scene.succeed("plan p.toml --ranks 30");
    assert_snapshot!(told.stderr, @"diff2d: warning: of 30 ranks only 20 have something to do: the grid has so many interior rows");
    assert!(told.stdout.contains("every step\n"), "{told}");
}

/// Truncation loses a step where the quotient is rounded below a whole number, and intervals that are nearly
/// `outtime` add up.
#[test]
fn every_run_that_ends_before_runtime_is_told_of() {
    let scene = Scene::small();
    let step = "--set dx=1 --set dt=0.1 --set outtime=0.1";
    for tenths in 1..60_u32 {
        let runtime = f64::from(tenths) / 10.0;
        let told = scene.succeed(&format!("plan p.toml {step} --set runtime={runtime}"));
        let is_lost = (runtime / 0.1).trunc() < f64::from(tenths);
        let warns = told
            .stderr
            .contains(&format!("before runtime = {runtime:?}"));
        assert_eq!(warns, is_lost, "{runtime}: {told}");
    }
    let lost = "--set dx=1 --set dt=0.2 --set outtime=0.2 --set runtime=0.6";
    for command in ["plan p.toml", "run p.toml --no-cube"] {
        let told = scene.succeed(&format!("{command} {lost}")).stderr;
        let sentence = "diff2d: warning: the run ends with its last snapshot, at t = 0.4 after step 2, before runtime = 0.6: int(runtime/dt) = 2 with dt = 0.2, and a snapshot takes one step";
        assert_eq!(told.lines().next(), Some(sentence));
    }
    let told = scene
        .succeed("plan p.toml --set dx=1 --set dt=0.0999 --set outtime=1.9999 --set runtime=20");
    assert!(
        told.stderr.contains(
            "snapshot 10 lies at t = 19.98, not 19.999; times = \"exact\" has them there\n"
        ),
        "{told}"
    );
    assert!(told.stderr.contains("before runtime = 20.0"), "{told}");
    scene.write(
        "s.toml",
        "params = \"p.toml\"\ndt = 0.2\nouttime = 0.2\nruntime = [0.4, 0.6, 1.2, 1.4]\n",
    );
    let told = scene.succeed("plan s.toml").stderr;
    let [first, more] = told.lines().collect::<Vec<_>>()[..] else {
        panic!("{told}");
    };
    assert!(
        first.starts_with("diff2d: warning: scenario 1: the run ends")
            && first.contains("runtime = 0.6"),
        "{told}"
    );
    assert!(
        more.ends_with("2 other scenarios have such warnings, too"),
        "{told}"
    );
    assert!(
        scene
            .succeed("sweep s.toml -o s.npy")
            .stderr
            .starts_with(&told)
    );
}

#[test]
fn a_plan_of_a_sweep_tells_what_all_scenarios_take() {
    let scene = Scene::small();
    scene.write("s.toml", "params = \"p.toml\"\nD = [0.5, 1, 2]\n");
    let told = scene.succeed("plan s.toml").stdout;
    assert!(told.contains("scenarios  3, which differ in D"), "{told}");
    let told = scene.succeed("plan s.toml --json --set D=[1,2]").stdout;
    let plan: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(plan["scenarios"], 2);
    scene.succeed("sweep s.toml -o s.npy --set D=[1,2]");
    let bytes = scene.read("s.npy").len();
    assert_eq!(plan["disk_bytes"].as_u64().unwrap(), bytes as u64);
    // What a run cannot take is named.
    let told = scene.run("run s.toml -o c.npy");
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("diff2d plan"), "{}", told.stderr);
}

/// A source is evaluated at every step, and snapshots are written and synced.
#[test]
fn a_plan_counts_the_time_of_snapshots() {
    let scene = Scene::small();
    let told = scene.succeed("plan p.toml --json --set grid=walls --set dx=0.05 --set outtime=0");
    let plan: Value = serde_json::from_str(&told.stdout).unwrap();
    // Steps take what they take here; 6000 snapshots take seconds anywhere.
    assert!(plan["seconds"].as_f64().unwrap() > 2.0, "{told}");
}

#[test]
fn a_cell_that_truncation_drops_only_by_rounding_is_told() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 1\nx1 = 0\nx2 = 0.3\ndx = 0.05\nruntime = 0.1\nouttime = 0.05\n",
    );
    let nodes_and_warnings = |arguments: &str| {
        let told = scene.succeed(&format!("plan p.toml --json {arguments}"));
        let plan: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
        let warnings = plan["warnings"].as_array().unwrap();
        let warnings = warnings.iter().filter_map(|warning| warning.as_str());
        let warnings = warnings.filter(|warning| warning.contains("but for rounding"));
        (
            plan["nx"].as_u64().unwrap(),
            warnings.map(str::to_owned).collect::<Vec<_>>(),
        )
    };
    let (nodes, warnings) = nodes_and_warnings("");
    assert_eq!(nodes, 5 + 2);
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    let way_out = warning.split("; ").last().unwrap();
    let spacing = way_out.strip_suffix(" has 6").unwrap();
    let spacing = spacing.replace(' ', "");
    assert_eq!(
        nodes_and_warnings(&format!("--set {spacing}")),
        (6 + 2, Vec::new())
    );
    assert_eq!(nodes_and_warnings("--set grid=walls"), (6 + 1, Vec::new()));
    assert_eq!(nodes_and_warnings("--set grid=files").1.len(), 1);
    assert_eq!(nodes_and_warnings("--set dx=0.055"), (5 + 2, Vec::new()));
}

#[test]
fn a_job_script_asks_for_the_time_and_the_memory_of_the_plan() {
    let scene = Scene::small();
    let told = scene.succeed("plan p.toml --ranks 2 --threads 4 --sbatch --set D=2 -o data/u.npy");
    let (head, tail) = told.stdout.split_once("srun ").unwrap();
    assert!(
        head.starts_with(
            "#!/bin/bash\n#SBATCH --ntasks=2 --cpus-per-task=4\n#SBATCH --mem-per-cpu="
        ),
        "{told}"
    );
    assert!(head.contains("#SBATCH --time=00:0"), "{told}");
    assert!(
        tail.starts_with("--kill-on-bad-exit=1 diff2d run p.toml --set D=2 -o data/u.npy \\\n    --threads \"$SLURM_CPUS_PER_TASK\" --resume --max-walltime auto\n"),
        "{told}"
    );
    let told = scene.succeed("plan p.toml --memory 1GiB --sbatch");
    assert!(
        told.stdout
            .contains("diff2d run p.toml --memory 1073741824 "),
        "{told}"
    );
    // A shell can read it, and without Slurm it ends at its command.
    scene.write("job.sh", &told.stdout);
    let read = std::process::Command::new("bash")
        .args(["-n", "job.sh"])
        .current_dir(scene.path(""))
        .status();
    assert!(read.unwrap().success(), "{told}");
}
