//! A run needs memory for its grid, whatever the size of its cube; a sweep little for each scenario.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

mod common;

use common::{Scene, Told};
use nix::sys::resource::{UsageWho, getrusage};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// Runs by a shell that allows the process `limit` bytes of address space; no limit for `None`.
fn run(scene: &Scene, limit: Option<u64>, options: &str) -> Told {
    let limit = limit.map_or_else(|| "unlimited".to_owned(), |bytes| (bytes >> 10).to_string());
    let script = format!(
        "ulimit -v {limit} && exec \"$DIFF2D\" run p.toml -o c.npy --threads 2 --quiet {options}"
    );
    let mut command: Command = scene.command("bash");
    // The C library reserves address space for every thread, which is no memory but counts here.
    command.env("MALLOC_ARENA_MAX", "1");
    command.env("DIFF2D", env!("CARGO_BIN_EXE_diff2d"));
    Told::from(command.args(["-c", &script]).output().unwrap())
}

fn bytes_of_cube(scene: &Scene) -> u64 {
    fs::metadata(scene.path("c.npy")).unwrap().len()
}

/// The most memory that any process started here has held. One test for all, so that no other one
/// runs beside it.
fn peak() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    u64::try_from(usage.max_rss()).unwrap() * 1024
}

/// A scenario has a hundred bytes in line 1 of the journal, and a record for each snapshot.
fn the_scenarios_of_a_sweep_take_a_few_bytes_each() {
    let scene = Scene::small();
    let sweep = "params = \"p.toml\"\ndx = 2.5\nruntime = 3\nouttime = 1.5\nD = ";
    let values = "{ from = 0.5, to = 1, count = 12000 }";
    scene.write("s.toml", format!("{sweep}{values}\n"));
    for command in [
        "sweep s.toml -o s.npy --quiet",
        "sweep s.toml -o s.npy --resume --quiet",
        "info s.npy --json",
        "verify s.npy",
        "repair s.npy",
        "stats s.npy --memory 1MiB",
        "probe s.npy --at 11999,0,3,3",
        "plot s.npy --snapshots 0:1 -o pictures",
        "export s.npy --to kerchunk --memory 4MiB",
    ] {
        scene.succeed(command);
    }
    assert!(fs::metadata(scene.path("s.journal")).unwrap().len() > 4 << 20);
    assert!(peak() < 40 << 20, "{}", peak());
}

/// The coordinates alone of this spacing take 1.6 GB.
fn an_absurd_spacing_takes_no_memory() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "x1 = 0\nx2 = 0.2\ny1 = 0\ny2 = 0.2\ndx = 0.02\ndy = 1e-9\nD = 1\nruntime = 1\nouttime = 1\ngrid = \"walls\"\n",
    );
    let told = scene.run("plan p.toml");
    assert!(
        told.code == Some(2) && told.stderr.contains("steps of"),
        "{told}"
    );
    assert!(peak() < 64 << 20, "{}", peak());
}

/// Beside the program itself, which is 30 MiB in a debug build.
fn an_export_keeps_to_its_memory() {
    let scene = Scene::new();
    // 128 MiB.
    scene.succeed("create a.npy --shape 2,4096,2048 --fill i1");
    for format in ["zarr", "xdmf"] {
        scene.succeed(&format!("export a.npy --to {format} --memory 16MiB"));
    }
    assert!(peak() < 64 << 20, "{}", peak());
}

/// However many threads draw, and whatever is drawn.
fn a_plot_keeps_to_its_memory() {
    let scene = Scene::new();
    scene.succeed("create a.npy --shape 12,1500,1500 --fill sin(i1/50)*cos(i2/70)+i0");
    let mut command = scene.diff2d();
    command.args(["plot", "a.npy", "--animate", "--memory", "8MiB"]);
    let told = Told::from(command.env("RAYON_NUM_THREADS", "8").output().unwrap());
    assert_eq!(told.code, Some(0), "{told}");
    assert!(peak() < 64 << 20, "{}", peak());
}

/// A control group whose processes the system ends where they take more memory than it has, of version 1 or 2.
struct Group {
    directory: PathBuf,
    limit: &'static str,
}

impl Group {
    /// `None` where none can be made.
    fn new() -> Option<Self> {
        let kinds = [
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            ("/sys/fs/cgroup", "memory.max"),
        ];
        kinds.into_iter().find_map(|(root, limit)| {
            let directory = Path::new(root).join(format!("diff2d-{}", std::process::id()));
            fs::create_dir(&directory).ok()?;
            let group = Self { directory, limit };
            group.set(1 << 40).then_some(group)
        })
    }

    fn set(&self, limit: u64) -> bool {
        let path = self.directory.join(self.limit);
        path.exists() && fs::write(path, limit.to_string()).is_ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.directory);
    }
}

/// The most memory of its own that the program has held, of files that it maps none. In a control group the system ends it
/// where that and what the system takes for it is more than the limit of the group.
fn own_peak(scene: &Scene, arguments: &str, group: Option<&Group>) -> u64 {
    let mut command = scene.command("sh");
    let (enter, directory) = match group {
        Some(group) => (
            "echo $$ > \"$0/cgroup.procs\" && ",
            group.directory.as_path(),
        ),
        None => ("", Path::new("")),
    };
    let script = format!("{enter}exec \"$DIFF2D\" {arguments} 2> told");
    command.args(["-c", &script]).arg(directory);
    command.env("DIFF2D", env!("CARGO_BIN_EXE_diff2d"));
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(kib.unwrap_or(0) * 1024);
        thread::sleep(Duration::from_millis(2));
    }
    let ended = child.wait().unwrap();
    assert!(
        ended.success(),
        "{arguments}: {ended}, {}",
        scene.text("told")
    );
    most
}

/// In bands: 2002² nodes are 31 MiB a field.
fn a_run_keeps_to_its_memory() {
    let scene = Scene::small();
    for mib in [24, 32, 48] {
        let most = own_peak(
            &scene,
            &format!(
                "run p.toml -o c{mib}.npy --memory {mib}MiB --threads 2 --set dx=0.01 --set runtime=1e-4 --set outtime=5e-5"
            ),
            None,
        );
        assert!((8..=mib).contains(&(most >> 20)), "{most} of {mib} MiB");
    }
}

/// A picture of grey squares, of so many pixels a side.
fn picture(scene: &Scene, side: usize) {
    let file = fs::File::create(scene.path("u.png")).unwrap();
    let sides = u32::try_from(side).unwrap();
    let mut encoder = png::Encoder::new(file, sides, sides);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels: Vec<u8> = (0..side * side)
        .map(|at| ((at / side / 40 + at % side / 40) % 2 * 200 + 20) as u8)
        .collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
}

/// Grids on which a run is tried share the pixels of the run.
fn a_picture_is_in_memory_once() {
    let scene = Scene::new();
    picture(&scene, 6000);
    scene.write(
        "p.toml",
        "x1 = 0\nx2 = 1\ndx = 0.02\ngrid = \"walls\"\nruntime = 1e-3\nouttime = 1e-3\nD = { image = \"u.png\", range = [1, 2] }\n",
    );
    let most = own_peak(&scene, "plan p.toml --memory 40MiB", None);
    assert!(most < 64 << 20, "{most}");
}

/// Of arrays four times as large as what they may use, and the program, its stacks and the blocks that it reads.
fn analyses_keep_to_their_memory() {
    let scene = Scene::small();
    scene.succeed("create a.npy --shape 256,256,256 --fill sin(index*1e-3)+i0");
    scene.succeed("create m.npy --shape 256,256 --fill cos(index*1e-3)");
    for command in [
        "map a-m a=a.npy m=m.npy -o o.npy --force",
        "map 'gradient(a,0)+shift(a,1,1)*x' a=a.npy x=m.npy -o o.npy --force",
        "map 'a-mean(a,axis=0)' a=a.npy -o o.npy --force",
        "stats a.npy --axis 0",
        "stats a.npy --axis 0 --op trend -o o.npy --force",
        "stats a.npy --axis 0 --quantiles 0.5 -o o.npy --force",
        "window a.npy --op mean --window 5,1,1 -o o.npy --force",
        "window a.npy --op median --window 3,3,3 --stride 3,3,3 -o o.npy --force",
        "coarsen a.npy --op mean --by 2,2,2 -o o.npy --force",
        "export a.npy --to zarr --compress --keep-bits 8 -o o.zarr --force",
    ] {
        let most = own_peak(&scene, &format!("{command} --memory 32MiB --quiet"), None);
        assert!(most < 40 << 20, "{most}: {command}");
    }
}

/// Masks, held nodes, pictures, methods and precisions, at 1.3 times the least limit that the refusal of a smaller one names:
/// neither the run nor its plan takes more, and the plan says what the run does.
fn every_kind_of_run_keeps_to_little_memory() {
    let masks = [
        "",
        "[mask]\nwhere = \"hypot(x - 0.3, y - 0.3) < 0.2\"\n",
        "[mask]\nimage = \"u.png\"\nbelow = 0.5\n",
    ];
    let table = |side: &str| format!("[[held]]\nwhere = \"{side}\"\nvalue = 1\n");
    let white = "(sin(60*x)*sin(60*y) > 0.9) * (hypot(x - 0.787, y - 0.773) < 0.01)";
    let six: String = (1..7)
        .map(|at| table(&format!("hypot(x - 0.787, y - 0.773) < 0.00{at}")))
        .collect();
    let helds = [
        "",
        &table(white),
        &six,
        &table("hypot(x - 0.787, y - 0.773) < 0.01"),
    ];
    let pictures = [
        "D = 1\n",
        "D = {image = \"u.png\", range = [1, 2]}\n",
        "D = 1\nsource = {image = \"u.png\", range = [0, 2]}\n",
        "D = 1\ninitial = {kind = \"image\", path = \"u.png\", range = [0, 1]}\n",
    ];
    let methods = [
        "method = \"euler\"\n",
        "method = \"rkl2\"\nstages = 5\n",
        "method = \"euler\"\nboundary = \"periodic\"\n",
    ];
    let scene = Scene::new();
    picture(&scene, 1500);
    let group = Group::new();
    for number in 0..if common::full() { 40 } else { 4 } {
        // Of all 288 some that differ in everything.
        let at = number * 67 + 5;
        let text = format!(
            "x1 = 0\nx2 = 1\ndx = {}\ngrid = \"walls\"\nruntime = 1e-6\nouttime = 5e-7\nprecision = \"{}\"\n{}{}{}{}",
            0.0005,
            ["f64", "f32"][at % 2],
            pictures[at / 2 % 4],
            methods[at / 8 % 3],
            masks[at / 24 % 3],
            helds[at / 72 % 4],
        );
        scene.write("p.toml", &text);
        let run = "run p.toml -o c.npy --force --threads 2 --report r.json --memory";
        let told = scene.run(&format!("{run} 1KiB"));
        let (_, least) = told.stderr.split_once("at a time takes ").expect(&text);
        let least: u64 = least.split_once(' ').unwrap().0.parse().unwrap();
        let limit = least / 10 * 13;
        let plan = format!("plan p.toml --threads 2 --json --memory {limit}");
        if let Some(group) = &group {
            assert!(group.set(limit));
        }
        for command in [&format!("{run} {limit}"), &plan] {
            let most = own_peak(&scene, command, group.as_ref());
            assert!(most <= limit, "{most} of {limit}: {command}, {text}");
        }
        let plan = scene.succeed(&plan).stdout;
        let [plan, report] = [&plan, &scene.text("r.json")]
            .map(|text| serde_json::from_str::<serde_json::Value>(text).unwrap());
        assert_eq!(plan["budget"], report["budget"], "{text}");
        let total = plan["peak_bytes"].as_u64().unwrap();
        assert!(total <= limit, "{total} of {limit}: {text}");
    }
}

#[test]
#[ignore = "large: tests/run-all --full"]
fn memory_goes_with_the_grid_and_not_with_the_cube() {
    the_scenarios_of_a_sweep_take_a_few_bytes_each();
    analyses_keep_to_their_memory();
    an_absurd_spacing_takes_no_memory();
    an_export_keeps_to_its_memory();
    a_plot_keeps_to_its_memory();

    // 502² nodes, 1.9 MiB a field; a cube of more than ten times all the memory allowed, map of the
    // program, stacks and buffers included.
    let scene = Scene::small();
    let limit = 112 << 20;
    let told = run(
        &scene,
        Some(limit),
        "--set dx=0.04 --set runtime=0.24 --set outtime=0",
    );
    assert_eq!(told.code, Some(0), "{told}");
    assert!(told.stdout.lines().count() > 590);
    assert!(bytes_of_cube(&scene) >= 10 * limit);
    assert!(peak() <= limit);
    scene.succeed("info c.npy");

    // 2002² nodes, 31 MiB a field: two fields, 32 MiB of buffers, and stacks. The pages of the program do not count, for
    // their number is that of its kernels and not of the nodes.
    let scene = Scene::small();
    let options = "--threads 2 --quiet --set dx=0.01 --set runtime=3.1e-4 --set outtime=0";
    let bytes = own_peak(&scene, &format!("run p.toml -o c.npy {options}"), None);
    let field = 2002 * 2002 * 8;
    assert!(bytes_of_cube(&scene) > 12 * field);
    let fields = bytes as f64 / field as f64;
    assert!((2.0..3.15).contains(&fields), "{fields} fields");

    // A limit that cannot be kept ends in a sentence.
    let scene = Scene::small();
    let told = run(&scene, Some(limit), "--set dx=0.005");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stderr.contains(" of memory for its fields"), "{told}");
    assert_eq!(scene.files(), ["p.toml"]);

    a_run_keeps_to_its_memory();
    a_picture_is_in_memory_once();
    every_kind_of_run_keeps_to_little_memory();
}
