//! Masks and held nodes: against a reference in NumPy, and by what they mean.
//!
//! `DIFF2D_FULL=1` solves 1,000 problems.

use crate::common::{Scene, data_of, python, seed::seeds, size};
use diff2d::{Outcome, Problem, Run, comm::Solo};
use rayon::prelude::*;

const SCRIPT: &str = "geometry_reference.py";

/// Random parameter files `0.toml`, `1.toml` … in a new scene, and what they name.
fn random(count: usize, seed: u64) -> Scene {
    let scene = Scene::new();
    let directory = scene.path("").display().to_string();
    let numbers = [count.to_string(), seed.to_string()];
    python(SCRIPT, ["make", &directory, &numbers[0], &numbers[1]]);
    scene
}

fn load(scene: &Scene, name: &str) -> Problem {
    let file = scene.path(format!("{name}.toml"));
    Problem::load(&file, &[])
        .unwrap_or_else(|error| panic!("{error}\n{}", scene.text(&format!("{name}.toml"))))
}

fn run<'a>(problem: &'a Problem, scene: &Scene, name: &str) -> Run<'a> {
    Run::new(problem).output(scene.path(format!("{name}.npy")))
}

/// The same wall on all sides.
fn on_all_sides(wall: &str) -> String {
    format!("boundary = {{ left = {wall}, right = {wall}, bottom = {wall}, top = {wall} }}\n")
}

/// The snapshots of a cube in double precision.
fn snapshots(scene: &Scene, name: &str, nodes: usize) -> Vec<Vec<f64>> {
    let cube = scene.read(&format!("{name}.npy"));
    let values = data_of(&cube).as_chunks().0.iter();
    let values: Vec<f64> = values.map(|&bytes| f64::from_le_bytes(bytes)).collect();
    values.chunks_exact(nodes).map(<[f64]>::to_vec).collect()
}

/// A scene with `p.toml`: a square from -1 to 1 whose nodes are `1/10` apart, its boundary nodes on the ends.
fn square(more: &str) -> Scene {
    let scene = Scene::new();
    let text = format!(
        "D = 1.0\nx1 = -1.0\nx2 = 1.0\ndx = 0.0999\ngrid = \"walls\"\nruntime = 0.5\nouttime = 0.125\n{more}"
    );
    scene.write("p.toml", text);
    scene
}

/// That square between insulated walls.
fn insulated(more: &str) -> Scene {
    square(&(on_all_sides("{ flux = 0.0 }") + more))
}

const NX: usize = 21;

/// The snapshots of that square.
fn solved(scene: &Scene) -> Vec<Vec<f64>> {
    let problem = load(scene, "p");
    assert_eq!(problem.grid.shape(), (NX, NX));
    let report = run(&problem, scene, "c").force(true).start().unwrap();
    assert_eq!(report.outcome, Outcome::Done);
    snapshots(scene, "c", NX * NX)
}

#[test]
fn random_geometries_have_the_solution_of_the_reference() {
    seeds("random_geometries_have_the_solution_of_the_reference")
        .for_each(compare_with_the_reference);
}

fn compare_with_the_reference(seed: u64) {
    let count = size(1000, 60);
    let scene = random(count, seed);
    (0..count).into_par_iter().for_each(|number| {
        let name = number.to_string();
        let problem = load(&scene, &name);
        let report = run(&problem, &scene, &name).start().unwrap();
        assert_eq!(report.outcome, Outcome::Done);
    });
    let directory = scene.path("").display().to_string();
    println!("{}", python(SCRIPT, ["check", &directory]).trim_end());
}

/// A plate that is larger than little memory, with holes, a pipe and a wall that depends on time.
const PLATE: &str = "\
D = \"1 + 0.5*sin(x)\"
x1 = 0.0
x2 = 1.0
y1 = 0.0
y2 = 2.0
dx = 0.00999
grid = \"walls\"
runtime = 0.004
outtime = 0.002
source = \"1/(x - 0.5)\"
mask.where = \"(hypot(x - 0.5, y - 1) < 0.2) + (x == 0.5)\"
boundary.left = \"sin(100*t)\"
[[held]]
where = \"hypot(x - 0.2, y - 0.3) < 0.1\"
value = \"x + y\"
";

#[test]
fn a_run_that_is_stopped_between_snapshots_goes_on_where_it_was() {
    let scene = Scene::new();
    scene.write("p.toml", PLATE);
    let problem = load(&scene, "p");
    run(&problem, &scene, "whole").start().unwrap();
    let stopped = run(&problem, &scene, "c").stop_after(problem.schedule.step_of(1) + 1);
    assert_eq!(stopped.start().unwrap().outcome, Outcome::Stopped(0));
    assert!(scene.exists("c.ckpt"));
    let report = run(&problem, &scene, "c").resume(true).start().unwrap();
    assert_eq!(report.outcome, Outcome::Done);
    assert!(scene.cube_and_journal("c") == scene.cube_and_journal("whole"));
}

#[test]
fn stages_leave_held_values_and_masks_as_they_are() {
    const HELD: f64 = 0.1 + 0.2;
    let more = format!(
        "mask.where = \"x > 0.75\"\ninitial = {{ kind = \"constant\", value = 0.3 }}\n\
         [[held]]\nwhere = \"hypot(x + 0.3, y) < 0.2\"\nvalue = {HELD:?}\n"
    );
    let method = "method = \"rkl2\"\nstages = 7\n";
    // Of a source that depends on time each stage is a pass of its own.
    for source in ["source = \"x\"\n", "source = \"x + 0*t\"\n"] {
        let [euler, rkl2] = ["", method].map(|method| {
            let all = solved(&square(&(source.to_owned() + method + &more)));
            assert!(
                all.iter()
                    .all(|p| p[10 * NX + 7].to_bits() == HELD.to_bits())
            );
            assert!(
                all.iter()
                    .all(|p| p[10 * NX + 18].is_nan() && p[10 * NX + 17] < 2.0)
            );
            all.last().unwrap().clone()
        });
        // Nearly steady, so that times do not matter.
        let mut pairs = euler.iter().zip(&rkl2).filter(|(p, _)| !p.is_nan());
        assert!(pairs.all(|(a, b)| (a - b).abs() < 2e-2));
    }
}

#[test]
fn a_mask_does_not_leak_at_a_corner() {
    // Two chambers that meet at a corner only.
    let scene = insulated(
        "mask.where = \"x*y < 0\"\ninitial = { kind = \"expression\", value = \"x + y > 0\" }\n\
         [[held]]\nwhere = \"x*y == 0\"\nvalue = 0.0\n",
    );
    let scene_open = insulated(
        "mask.where = \"x*y <= 0\"\ninitial = { kind = \"expression\", value = \"x + y > 0\" }\n",
    );
    let last = solved(&scene_open).pop().unwrap();
    for (number, &p) in last.iter().enumerate() {
        let (j, i) = (number / NX, number % NX);
        match (i.cmp(&10), j.cmp(&10)) {
            (x, y) if x.is_gt() && y.is_gt() => assert_eq!(p, 1.0),
            (x, y) if x.is_lt() && y.is_lt() => assert_eq!(p, 0.0),
            _ => assert!(p.is_nan()),
        }
    }
    // One diagonal step apart, without a line of masked nodes between.
    let scene_touching = insulated(
        "mask.where = \"(x < 0.05)*(y > 0.05) + (x > 0.05)*(y < 0.05)\"\n\
         initial = { kind = \"expression\", value = \"(x > 0.05)*(y > 0.05)\" }\n",
    );
    let last = solved(&scene_touching).pop().unwrap();
    let [inside, outside] = [(11, 11), (10, 10)].map(|(j, i)| last[j * NX + i]);
    assert_eq!((inside, outside), (1.0, 0.0));
    // Held nodes between let something through: it is the mask that closes.
    let last = solved(&scene).pop().unwrap();
    assert!(last[11 * NX + 11] < 1.0);
}

#[test]
fn a_held_value_is_in_the_state_before_the_first_step() {
    let scene = square(
        "outtime = 0.0\nruntime = 0.01\ninitial = { kind = \"constant\", value = 0.0 }\n[[held]]\nwhere = \"hypot(x, y) < 0.01\"\nvalue = 4.0\n",
    );
    let text = scene
        .text("p.toml")
        .replacen("runtime = 0.5\nouttime = 0.125\n", "", 1);
    scene.write("p.toml", text);
    let all = solved(&scene);
    let middle = 10 * NX + 10;
    assert!(all.iter().all(|p| p[middle] == 4.0));
    assert_eq!(all[0][middle + 1], 0.0);
    // A quarter of the value goes to each neighbour in the first step.
    for neighbour in [middle + 1, middle - 1, middle + NX, middle - NX] {
        assert_eq!(all[1][neighbour], 1.0);
    }
}

#[test]
fn of_several_tables_the_last_one_holds_and_all_hold_over_walls() {
    let scene = square(
        "boundary.left = \"1 + t\"\n[[held]]\nwhere = \"x < 0\"\nvalue = \"x\"\n[[held]]\nwhere = \"(x < 0)*(y > 0)\"\nvalue = -7.5\n",
    );
    for p in solved(&scene) {
        assert_eq!(p[15 * NX], -7.5);
        assert_eq!(p[15 * NX + 9], -7.5);
        assert_eq!(p[5 * NX], -1.0);
    }
}

#[test]
fn symmetric_masks_keep_symmetry_to_the_bit() {
    for more in [
        "",
        "method = \"rkl2\"\nstages = 5\n",
        "face = \"arithmetic\"\nprecision = \"f32\"\n",
    ] {
        let scene = Scene::new();
        let text = format!(
            "{more}D = \"1 + 0.001*x**2*y**2\"\nx1 = -16.0\nx2 = 16.0\ndx = 0.999\ngrid = \"walls\"\nruntime = 40\nouttime = 8\n\
             initial = {{ kind = \"expression\", value = \"exp(-(x**2 + y**2)/50)\" }}\n{}\
             mask.where = \"(hypot(x, y) < 3.5) + (abs(x) > 11)*(abs(y) > 13)\"\n\
             [[held]]\nwhere = \"(abs(x) == 8)*(abs(y) < 3)\"\nvalue = 2.0\n",
            on_all_sides("{ flux = 0.1 }")
        );
        scene.write("p.toml", text);
        let problem = load(&scene, "p");
        run(&problem, &scene, "c").start().unwrap();
        let (ny, nx) = problem.grid.shape();
        let cube = scene.read("c.npy");
        let bytes = problem.field_bytes() as usize / (ny * nx);
        for snapshot in data_of(&cube).chunks_exact(ny * nx * bytes) {
            let at = |j: usize, i: usize| &snapshot[(j * nx + i) * bytes..][..bytes];
            for (j, i) in (0..ny).flat_map(|j| (0..nx).map(move |i| (j, i))) {
                assert_eq!(at(j, i), at(j, nx - 1 - i), "{more}{j} {i}");
                assert_eq!(at(j, i), at(ny - 1 - j, i), "{more}{j} {i}");
            }
        }
    }
}

#[test]
fn a_closed_mask_conserves_mass_over_a_hundred_thousand_steps() {
    let scene = Scene::new();
    let text = "D = 1.0\nx1 = -1.0\nx2 = 1.0\ndx = 0.1999\ngrid = \"walls\"\nruntime = 1000.001\nouttime = 100.0\ndt = 0.01\n\
                mask.where = \"hypot(x, y) > 0.75\"\ninitial = { kind = \"gaussian\", sigma = 0.2, x0 = 0.3 }\n";
    scene.write("p.toml", text);
    let problem = load(&scene, "p");
    assert!(problem.schedule.nsteps >= 100_000);
    run(&problem, &scene, "c").start().unwrap();
    let nodes = problem.grid.len() as usize;
    let masses: Vec<f64> = snapshots(&scene, "c", nodes)
        .iter()
        .map(|p| p.iter().filter(|p| !p.is_nan()).sum())
        .collect();
    for mass in &masses {
        assert!((mass / masses[0] - 1.0).abs() < 1e-12, "{masses:?}");
    }
}

#[test]
fn a_free_channel_has_tortuosity_1() {
    // Between plates of mask, from 1 on the left to 0 on the right.
    let scene = Scene::new();
    let text = "D = 2.0\nx1 = 0.0\nx2 = 4.0\ny1 = 0.0\ny2 = 2.0\ndx = 0.1999\ngrid = \"walls\"\nruntime = 60\nouttime = 30\n\
                mask.where = \"abs(y - 1) > 0.5\"\nboundary = { left = 1.0, right = 0.0, bottom = 0.0, top = 0.0 }\n\
                initial = { kind = \"constant\", value = 0.0 }\n";
    scene.write("p.toml", text);
    let problem = load(&scene, "p");
    run(&problem, &scene, "c").start().unwrap();
    let (ny, nx) = problem.grid.shape();
    let last = snapshots(&scene, "c", ny * nx).pop().unwrap();
    let open: Vec<usize> = (0..ny).filter(|&j| !last[j * nx + 1].is_nan()).collect();
    let dx = problem.grid.x.spacing;
    for i in [0, nx / 2, nx - 2] {
        let flux: f64 = open
            .iter()
            .map(|&j| 2.0 * (last[j * nx + i] - last[j * nx + i + 1]) / dx)
            .sum::<f64>()
            / open.len() as f64;
        // D (1 - 0)/4 by what goes through.
        let tortuosity = 2.0 / 4.0 / flux;
        assert!((tortuosity - 1.0).abs() < 1e-12, "{tortuosity}");
    }
}

#[test]
fn what_masks_and_held_nodes_cannot_be_is_refused_with_their_keys() {
    let scene = square("");
    scene.write("nothing.png", b"no picture");
    let cases = [
        (
            "--set mask.where=x<0 --set mask.file=m.npy",
            2,
            "mask.where",
        ),
        ("--set mask.below=0.5", 2, "mask.below"),
        ("--set mask.isolated=mask", 2, "mask.isolated"),
        (
            "--set mask.where=x<0 --set mask.alpha=white",
            2,
            "mask.alpha = \"white\" cannot be used: it belongs to image",
        ),
        (
            "--set mask.where=hypot(x,y)>0.5 --set mask.isolated=mask",
            2,
            "mask.isolated",
        ),
        ("--set mask.where=x<t", 2, "mask.where"),
        ("--set mask.where=1/x", 2, "x = 0.0"),
        ("--set mask.image=nothing.png", 3, "mask.image"),
        ("--set mask.file=nowhere.npy", 1, "mask.file"),
        ("--set method=exact --set mask.where=x<0", 2, "mask.where"),
        (
            "--set held=[{where='x<0',value=1}] --set method=exact",
            2,
            "held",
        ),
        ("--set held=[{where='x<0'}]", 2, "value"),
        ("--set held=[{where='x<0',value=1,vale=1}]", 2, "vale"),
        ("--set held=[{value=1}]", 2, "held.0"),
        (
            "--set held=[{where='x<0',value='1/x'},{where='x==0',value='1/x'}]",
            2,
            "held.1.value",
        ),
        (
            "--set held=[{where='x<0',value=1}] --set mask.where=x<-0.75",
            2,
            "x = -1.0, y = -1.0",
        ),
        ("--set held=3", 2, "[[held]]"),
    ];
    for (arguments, code, told) in cases {
        let said = scene.run(&format!("run p.toml -o c.npy {arguments}"));
        assert_eq!(said.code, Some(code), "{arguments}\n{said}");
        assert!(said.stderr.contains(told), "{arguments}\n{said}");
        assert!(!scene.exists("c.npy"), "{arguments}");
    }
}

#[test]
fn a_mask_that_leaves_nothing_is_refused_and_a_piece_that_nothing_reaches_is_told() {
    let scene = square("");
    let told = scene.run("run p.toml -o c.npy --set mask.where=1");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("leaves no node"), "{told}");
    assert!(!scene.exists("c.npy"));
    let ring = "plan p.toml --set mask.where=abs(hypot(x,y)-0.5)<0.1";
    let told = scene.succeed(ring);
    assert!(told.stderr.contains("2 pieces"), "{told}");
    let told = scene.succeed(&format!(
        "{ring} --set held=[{{where='hypot(x,y)<0.1',value=1}}]"
    ));
    assert!(!told.stderr.contains("pieces"), "{told}");
}

/// What `plan` counts, masked and held, and what it warns of.
fn planned(scene: &Scene, arguments: &str) -> ([u64; 2], String) {
    let told = scene.succeed(&format!("plan p.toml --json {arguments}"));
    let plan: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let counts = ["masked_nodes", "held_nodes"].map(|key| plan[key].as_u64().unwrap());
    (counts, plan["warnings"].to_string())
}

#[test]
fn plan_counts_masked_and_held_nodes_and_a_selection_of_none_is_told() {
    let scene = square("");
    let told =
        scene.succeed("plan p.toml --set mask.where=x>0.85 --set held=[{where='x<-0.85',value=1}]");
    assert!(
        told.stdout.contains("interior, 42 masked, 42 held, "),
        "{told}"
    );
    for (arguments, counts, warning) in [
        ("", [0, 0], None),
        (
            "--set mask.where=x>5",
            [0, 0],
            Some("no node is masked: there is none where x>5"),
        ),
        (
            "--set mask.where=x>5 --set times=course --set runtime=0 --set outtime=0",
            [0, 0],
            Some("no node is masked: there is none where x>5"),
        ),
        (
            "--set held=[{where='x<0',value=1},{where='x==0.35',value=1}]",
            [0, 210],
            Some("held.1 holds no node"),
        ),
        // The nodes lie at 0.30000000000000004, 0.7000000000000002 and -0.29999999999999993.
        ("--set held=[{where='x==0.3',value=1}]", [0, 21], None),
        ("--set mask.where=y==0.7", [21, 0], None),
        ("--set mask.where=x==0.1+0.2", [21, 0], None),
        ("--set mask.where=x!=0.3", [420, 0], None),
        ("--set mask.where=x<=-0.3", [168, 0], None),
        ("--set mask.where=-x>=0.3", [168, 0], None),
        // Opposites share no node and leave none out.
        ("--set mask.where=x>0.3", [147, 0], None),
        ("--set mask.where=x<=0.3", [294, 0], None),
        ("--set mask.where=0.7<y", [63, 0], None),
        ("--set mask.where=0.7>=y", [378, 0], None),
        ("--set mask.where=x<-0.3", [147, 0], None),
        (
            "--set precision=f32 --set mask.where=abs(x)==0.3",
            [42, 0],
            None,
        ),
        (
            "--set grid=slides --set boundary.left=0 --set mask.where=(x==0.3)*(y==0.7)",
            [0, 0],
            Some("no node"),
        ),
        (
            "--set grid=slides --set dx=0.1 --set mask.where=abs(x)==1.1",
            [44, 0],
            None,
        ),
    ] {
        let (found, told) = planned(&scene, arguments);
        assert_eq!(found, counts, "{arguments}\n{told}");
        assert_eq!(
            told.contains(" node is masked: ") || told.contains("holds no node"),
            warning.is_some(),
            "{told}"
        );
        assert!(told.contains(warning.unwrap_or_default()), "{told}");
    }
}

#[test]
fn nodes_on_either_line_of_a_periodic_pair_are_on_both() {
    let pairs = [["left", "right"], ["bottom", "top"]];
    for (axis, pair) in ["x", "y"].into_iter().zip(pairs) {
        let walls = pair
            .map(|side| format!("--set boundary.{side}=periodic"))
            .join(" ");
        for side in [">0.97", "<-0.97"] {
            let held = format!("{walls} --set held=[{{where='{axis}{side}',value=1}}]");
            assert_eq!(planned(&square(""), &held).0, [0, 42], "{held}");
            let mask = format!("{walls} --set mask.where={axis}{side}");
            assert_eq!(planned(&square(""), &mask).0, [42, 0], "{mask}");
            let other = if side.starts_with('>') {
                "<-0.97"
            } else {
                ">0.97"
            };
            let both = format!("plan p.toml {held} --set mask.where={axis}{other}");
            let told = square("").run(&both);
            assert_eq!(told.code, Some(2), "{told}");
            assert!(told.stderr.contains("the node is masked"), "{told}");
        }
    }
    let all =
        ["left", "right", "bottom", "top"].map(|side| format!("--set boundary.{side}=periodic"));
    let corner = format!("{} --set mask.where=(x>0.97)*(y<-0.97)", all.join(" "));
    assert_eq!(planned(&square(""), &corner).0, [4, 0]);
    // What is held on the last line is the same in the cube as what is held on the first.
    let cube = |side: &str| {
        let scene = square("");
        let walls = "--set boundary.left=periodic --set boundary.right=periodic";
        scene.succeed(&format!(
            "run p.toml -o c.npy {walls} --set held=[{{where='x{side}',value=3}}]"
        ));
        let cube = scene.read("c.npy");
        data_of(&cube).to_vec()
    };
    assert!(cube(">0.97") == cube("<-0.97") && cube("<-0.97") != cube("==0"));
}

/// Writes grey values of 8 bits as a picture.
fn picture(scene: &Scene, name: &str, (width, height): (u32, u32), grey: impl Fn(u32, u32) -> u8) {
    let file = std::fs::File::create(scene.path(name)).unwrap();
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels = (0..height).flat_map(|j| (0..width).map(move |i| (j, i)));
    let bytes: Vec<u8> = pixels.map(|(j, i)| grey(j, i)).collect();
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&bytes)
        .unwrap();
}

#[test]
fn pictures_that_select_otherwise_than_they_look_are_told() {
    let scene = square("");
    let of = |name: &str| format!("--set mask.image={name}");
    // A picture of numbers 0 and 1.
    picture(&scene, "labels.png", (21, 21), |j, _| u8::from(j > 5));
    let told = scene.run(&format!("plan p.toml {}", of("labels.png")));
    assert_eq!(told.code, Some(2), "{told}");
    assert!(
        told.stderr
            .contains("all 441 pixels are below 2/255, 126 of them 0"),
        "{told}"
    );
    let (counts, told) = planned(
        &scene,
        &format!("{} --set mask.below=0.002", of("labels.png")),
    );
    assert_eq!(counts, [126, 0]);
    assert!(told.contains("below 2/255"), "{told}");
    // A line between nodes, and a gap.
    picture(&scene, "lines.png", (41, 41), |j, i| {
        if (i == 21) == (j < 20) { 0 } else { 255 }
    });
    let (_, told) = planned(&scene, &of("lines.png"));
    assert!(
        told.contains("19 of 860 pixels below 0.5 and 21 of 821 others fall between nodes and are lost: the grid has 21 × 21 nodes, the picture 41 × 41 pixels; dx = 0.05 and dy = 0.05 give each pixel one node"),
        "{told}"
    );
    picture(&scene, "plate.png", (41, 41), |j, i| {
        if i > 20 && j > 10 { 0 } else { 255 }
    });
    let (_, told) = planned(&scene, &of("plate.png"));
    assert!(!told.contains("pixels"), "{told}");
    // The domain is as wide as the picture, and not as the distance of its outermost pixels.
    picture(
        &scene,
        "wide.png",
        (20, 20),
        |j, _| {
            if j > 10 { 0 } else { 255 }
        },
    );
    let (_, told) = planned(&scene, &of("wide.png"));
    assert!(
        told.contains("pixels are not nodes: the grid has 21 × 21 nodes, the picture 20 × 20 pixels; x2 = 0.9 and y2 = 0.9 give each pixel one node"),
        "{told}"
    );
    // A node whose grey value is 0.3: exactly at the limit is not below it, wherever it lies.
    for (pixels, nodes) in [(2, 11), (4, 31), (8, 71), (12, 111)] {
        picture(&scene, "ramps.png", (pixels, 2), |_, i| {
            if i % 2 == 0 { 0 } else { 255 }
        });
        let dx = 2.0 / (f64::from(nodes) - 0.9999);
        for below in [0.1, 0.2, 0.3, 0.4] {
            let (counts, _) = planned(
                &scene,
                &format!("{} --set mask.below={below} --set dx={dx}", of("ramps.png")),
            );
            let a_ramp = (10.0 * below) as u64;
            let rows = u64::from(nodes as u32);
            assert_eq!(
                counts[0] / rows,
                planned_columns(pixels, a_ramp),
                "{pixels} {below}"
            );
        }
    }
}

#[test]
fn parts_of_the_domain_that_nothing_touches_are_left_out_on_request() {
    // A ring of masked nodes has a closed pore inside.
    let ring = "[mask]\nwhere = \"abs(hypot(x, y) - 0.55) < 0.11\"\n";
    let kept = solved(&square(&format!(
        "initial = {{ kind = \"constant\", value = 1 }}\n{ring}"
    )));
    let masked = solved(&square(&format!(
        "initial = {{ kind = \"constant\", value = 1 }}\n{ring}isolated = \"mask\"\n"
    )));
    let mut left_out = 0;
    for (kept, masked) in kept.iter().flatten().zip(masked.iter().flatten()) {
        match (kept.is_nan(), masked.is_nan()) {
            (false, true) => {
                assert_eq!(*kept, 1.0);
                left_out += 1;
            }
            _ => assert_eq!(kept.to_bits(), masked.to_bits()),
        }
    }
    // In each of the snapshots the nodes within 0.44 of the middle, which are a tenth apart.
    assert_eq!(left_out, 61 * kept.len());
    let scene = square(ring);
    let (counts, warnings) = planned(&scene, "");
    assert!(warnings.contains("leaves them out"), "{warnings}");
    let (counts_of_masked, warnings) = planned(&scene, "--set mask.isolated=mask");
    assert_eq!(counts_of_masked[0], counts[0] + 61);
    assert!(!warnings.contains("pieces"), "{warnings}");
    // A strip between two insulated edges is left out as well, and stays in a body that is insulated all around.
    let strip = "--set mask.where=abs(abs(x)-0.3)<0.05 --set mask.isolated=mask";
    let between = "--set boundary={left=1,right={robin=[1,1,0]},bottom='insulated',top={flux=0}}";
    let (counts_of_strip, _) = planned(&scene, &format!("{strip} {between}"));
    assert_eq!(counts_of_strip[0], 2 * 21 + 5 * 21);
    let (counts_of_strip, _) = planned(&scene, &format!("{strip} --set boundary=insulated"));
    assert_eq!(counts_of_strip[0], 2 * 21);
    // A held node touches the pore, which stays.
    let (counts_of_held, _) = planned(
        &scene,
        "--set mask.isolated=mask --set held=[{where='hypot(x,y)<0.05',value=1}]",
    );
    assert_eq!(counts_of_held[0], counts[0]);
}

#[test]
fn what_becomes_of_pixels_that_do_not_fall_on_nodes_is_told() {
    let scene = square("");
    let layers = |j, i| if i + j > 20 { 0 } else { 255 };
    let warnings = |name: &str, value: &str| {
        let told = scene.succeed(&format!("plan p.toml --set {name}={value}"));
        let warnings = told.stderr.lines().filter(|line| line.contains("pixels"));
        warnings.map(str::to_owned).collect::<Vec<_>>()
    };
    let image = "{image=\"D.png\",range=[1,2]}";
    picture(&scene, "D.png", (21, 21), layers);
    assert_eq!(warnings("D", image), [""; 0]);
    // Pixels half as far apart as nodes, which see every second one.
    picture(&scene, "D.png", (41, 41), layers);
    assert_eq!(
        warnings("D", image),
        [
            "diff2d: warning: D: 41 × 41 pixels on 21 × 21 nodes: no node takes a part of 1240 of the 1681 pixels; a picture of 21 × 21 pixels has one for each node"
        ]
    );
    // And twice as far: of every second node the pixels around are not the same where the layers meet.
    picture(&scene, "D.png", (11, 11), |_, i| layers(0, 4 * i));
    for key in ["D", "Dx", "capacity", "decay", "source"] {
        assert_eq!(
            warnings(key, image),
            [format!(
                "diff2d: warning: {key}: 11 × 11 pixels on 21 × 21 nodes, interpolated: 21 nodes have values between those of the pixels around them; a picture of 21 × 21 pixels has one for each node, and interpolate = \"nearest\" gives each the value of a pixel"
            )]
        );
    }
    let nearest = "{image=\"D.png\",range=[1,2],interpolate=\"nearest\"}";
    assert_eq!(warnings("D", nearest), [""; 0]);
    picture(&scene, "D.png", (41, 31), layers);
    assert_eq!(
        warnings("D", nearest),
        [
            "diff2d: warning: D: 31 × 41 pixels on 21 × 21 nodes: no node takes a part of 830 of the 1271 pixels; a picture of 21 × 21 pixels has one for each node"
        ]
    );
    picture(&scene, "D.png", (11, 11), |_, i| layers(0, 4 * i));
    let initial = "{kind=\"image\",path=\"D.png\",range=[3,1]}";
    let told = warnings("initial", initial);
    assert!(
        told[0].contains("warning: initial: 11 × 11 pixels on 21 × 21 nodes")
            && told[0].contains(": 21 nodes"),
        "{told:?}"
    );
    // Where all pixels are the same, so are the values between them.
    picture(&scene, "D.png", (12, 7), |_, _| 77);
    assert_eq!(warnings("D", image), [""; 0]);
}

/// What is made from a cube has its axes, units and mask: commands leave its masked nodes out, select by its coordinates and
/// export them.
#[test]
fn results_have_the_axes_units_and_masks_of_their_cubes() {
    let scene = square(
        "mask.where = \"x < -0.95\"\nunits = { t = \"s\", x = \"m\", y = \"m\", p = \"K\" }\n",
    );
    scene.succeed("run p.toml -o c.npy --set runtime=0.01 --set outtime=0.005");
    let known = |name: &str| -> serde_json::Value {
        serde_json::from_str(&scene.text(&format!("{name}.axes.json"))).unwrap()
    };
    let note = "diff2d: 21 of 441 nodes are masked and left out; --keep-nan takes their NaN as NumPy does\n";
    for (name, command, unit, is_masked) in [
        (
            "w",
            "window c.npy --window 2,1,1 --op mean",
            Some("K"),
            true,
        ),
        (
            "v",
            "window c.npy --window 2,1,1 --op var --keep-nan",
            None,
            true,
        ),
        ("k", "coarsen w.npy --by 2,1,1", Some("K"), true),
        ("s", "stats c.npy --axis t", None, true),
        ("n", "stats c.npy --axis y,x", None, false),
        (
            "a",
            "map 'a - mean(a, t)' a=c.npy --unit K",
            Some("K"),
            true,
        ),
        ("b", "map 'mean(a, t)' a=c.npy", None, true),
        ("m", "map 'mean(a, y, x)' a=c.npy", None, false),
        ("d", "compare c.npy c.npy --atol 1", Some("K"), true),
    ] {
        let command: Vec<String> = match command.split_once('\'') {
            Some((map, rest)) => {
                let (formula, rest) = rest.split_once('\'').unwrap();
                let words = [map.trim(), formula]
                    .into_iter()
                    .chain(rest.split_whitespace());
                words.map(str::to_owned).collect()
            }
            None => command.split_whitespace().map(str::to_owned).collect(),
        };
        let output = ["-o".to_owned(), format!("{name}.npy")];
        let words: Vec<&str> = command.iter().chain(&output).map(String::as_str).collect();
        scene.succeed_args(&words);
        let known = known(name);
        assert_eq!(known["unit"].as_str(), unit, "{name}: {known}");
        assert_eq!(
            known["masked"].as_bool().unwrap_or(false),
            is_masked,
            "{name}"
        );
        let x = known["axes"].as_array().unwrap().last().unwrap();
        if is_masked {
            assert_eq!([&x["name"], &x["unit"]], ["x", "m"], "{name}: {known}");
            let told = scene.succeed(&format!("stats {name}.npy"));
            assert_eq!(told.stderr, note, "{name}");
            let told = scene.succeed(&format!("stats {name}.npy --select x=-1"));
            assert!(told.stderr.contains("x = -1.0 (node 0)"), "{name}: {told}");
        }
    }
    // The mean over t alone, on one line.
    let told = scene.succeed("stats s.npy --select statistic=mean,x=0:0.1,y=0 --json");
    assert!(told.stdout.contains("\"nan\":0"), "{told}");
    let told =
        scene.succeed("probe s.npy --at statistic=mean,y=0,x=-1 --at statistic=mean,y=0,x=0");
    assert_eq!(told.stdout.lines().count(), 2, "{told}");
    scene.succeed("plot s.npy --line y=0 --snapshots 2 -o line.svg");
    let text = scene.text("line.svg");
    assert!(text.contains("x [m]") && text.contains("mean"), "{text}");
    scene.succeed("plot d.npy --history x=0,y=0 -o history.svg");
    let text = scene.text("history.svg");
    assert!(
        text.contains("t [s]") && text.contains("difference [K]"),
        "{text}"
    );
    scene.succeed("export w.npy --to kerchunk");
    let text = scene.text("w.kerchunk.json").replace('\\', "");
    for unit in ["\"units\":\"K\"", "\"units\":\"s\"", "\"units\":\"m\""] {
        assert!(text.replace(' ', "").contains(unit), "{unit}: {text}");
    }
}

/// The NaN of masked nodes is no value: analyses of a cube leave it out, and say so, unless it is to be kept.
#[test]
fn analyses_of_cubes_leave_masked_nodes_out() {
    let scene =
        square("mask.where = \"x < -0.95\"\ninitial = { kind = \"constant\", value = 2.0 }\n");
    scene.succeed("run p.toml -o c.npy --set runtime=0 --set outtime=0 --set boundary=2");
    let told = scene.succeed("stats c.npy --csv");
    let note = "diff2d: 21 of 441 nodes are masked and left out; --keep-nan takes their NaN as NumPy does\n";
    assert_eq!(told.stderr, note);
    assert_eq!(
        told.stdout.lines().nth(1),
        Some("420,840.0,2.0,0.0,2.0,2.0")
    );
    let told = scene.succeed("stats c.npy --keep-nan --json");
    assert!(told.stdout.contains("\"mean\":null"), "{told}");
    assert_eq!(scene.succeed("stats c.npy --axis t,y,x --csv").stderr, note);
    let sums = |words: &str| {
        let told = scene.succeed(&format!("{words} -o r.npy --force"));
        let sums = scene.succeed("stats r.npy --json --skip-nan").stdout;
        let sums: serde_json::Value = serde_json::from_str(&sums).unwrap();
        (
            sums["sum"].as_f64().unwrap(),
            sums["nan"].as_u64().unwrap(),
            told.stderr == note,
        )
    };
    // Windows of two nodes along x, of which those at the mask have one or none.
    assert_eq!(
        sums("window c.npy --window 1,1,2 --op sum"),
        (21.0 * (2.0 + 19.0 * 4.0), 0, true)
    );
    assert_eq!(
        sums("window c.npy --window 1,1,2 --op sum --keep-nan"),
        (21.0 * 19.0 * 4.0, 21, false)
    );
    assert_eq!(sums("coarsen c.npy --by 1,1,1"), (840.0, 21, true));
    let told = scene.succeed("probe c.npy --at 0,3,0 --at 0,3,1");
    assert_eq!(told.stdout.lines().count(), 2, "{told}");
    assert_eq!(
        told.stderr,
        "diff2d: 1 element at masked nodes left out; --keep-nan prints them\n"
    );
    let told = scene.succeed("probe c.npy --at 0,3,0 --at 0,3,1 --keep-nan");
    assert_eq!(
        told.stdout
            .lines()
            .nth(1)
            .map(|line| line.ends_with(",nan")),
        Some(true)
    );
    assert_eq!(
        scene.succeed("probe c.npy --at 0,3,0 --json").stdout,
        "[]\n"
    );
    // Where nothing is masked, NaN is as NumPy has it.
    std::fs::copy(scene.path("c.npy"), scene.path("plain.npy")).unwrap();
    let told = scene.succeed("stats plain.npy --json");
    assert!(
        told.stdout.contains("\"mean\":null") && told.stderr.contains("--skip-nan"),
        "{told}"
    );
}

/// A picture of another number of pixels than there are nodes, whose two phases stay two.
#[test]
fn a_micrograph_has_the_effective_diffusivity_of_its_pixels() {
    const MICROGRAPH: &str = "micrograph_reference.py";
    let scene = Scene::new();
    let directory = scene.path("").display().to_string();
    python(MICROGRAPH, ["make", &directory]);
    scene.write(
        "p.toml",
        "D = 1.0\nx1 = 0\nx2 = 4\ny1 = 0\ny2 = 3\ndx = 0.01\ngrid = 'walls'\nmethod = 'rkl2'\ndt = 0.025\n\
         runtime = 0.25\nouttime = 0.25\ninitial = { kind = 'expression', value = '1 - x/4' }\n\
         boundary = { left = 1, right = 0, bottom = 'insulated', top = 'insulated' }\n",
    );
    let stems = ["nearest", "linear"];
    for stem in stems {
        let image = format!("image='phases.png',range=[1,10],interpolate='{stem}'");
        scene.succeed(&format!("run p.toml -o {stem}.npy --set D={{{image}}}"));
        // The values on the nodes are those of a picture of an initial state.
        let initial =
            format!("{{kind='image',path='phases.png',range=[1,10],interpolate='{stem}'}}");
        scene.succeed(&format!(
            "run p.toml -o {stem}.D.npy --set initial={initial} --set boundary='insulated' --set runtime=0 --set outtime=0"
        ));
    }
    let told = python(MICROGRAPH, ["ratio", &directory, stems[0], stems[1]]);
    let [nearest, linear]: [f64; 2] = serde_json::from_str(&told).unwrap();
    assert!((nearest - 1.0).abs() < 2e-3, "{nearest}");
    assert!((1.03..1.06).contains(&linear), "{linear}");
}

/// Columns of ten a pixel on a picture of black and white columns in turn, that are darker than so many tenths.
fn planned_columns(pixels: u32, tenths: u64) -> u64 {
    let ramps = u64::from(pixels - 1);
    // Each ramp has a node at every tenth, the black end of which two ramps share but at the left side.
    ramps * tenths - (ramps - 1) / 2
}

#[test]
fn a_changed_mask_file_is_no_resume_and_damage_is_repaired() {
    let scene = square("mask.file = \"m.npy\"\n");
    let mask = |is_masked: fn(usize) -> bool| {
        let header = format!("{{'descr': '|b1', 'fortran_order': False, 'shape': ({NX}, {NX}), }}");
        let mut npy = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        npy.extend(format!("{header:<117}\n").into_bytes());
        npy.extend((0..NX * NX).map(|at| u8::from(is_masked(at))));
        scene.write("m.npy", npy);
    };
    mask(|at| at % 7 == 3);
    scene.succeed("run p.toml -o c.npy");
    let whole = scene.cube_and_journal("c");
    scene.succeed("run p.toml -o c.npy --resume");
    let problem = load(&scene, "p");
    scene.cut("c", "d", 2, problem.field_bytes() as usize);
    scene.succeed("run p.toml -o d.npy --resume");
    assert!(scene.cube_and_journal("d") == whole);
    scene.cut("c", "d", 2, problem.field_bytes() as usize);
    let mut damaged = scene.read("c.npy");
    for at in [1, 3] {
        damaged[4096 + at * problem.field_bytes() as usize + 808] ^= 1;
    }
    scene.write("c.npy", damaged);
    assert_eq!(scene.run("verify c.npy").code, Some(3));
    scene.succeed("repair c.npy");
    assert!(scene.cube_and_journal("c") == whole);
    mask(|at| at % 7 == 4);
    let told = scene.run("run p.toml -o d.npy --resume");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("mask.file"), "{told}");
    // A masked snapshot begins another run of the same mask.
    mask(|at| at % 7 == 3);
    scene.succeed("run p.toml -o e.npy --set initial.kind=file --set initial.path=c.npy --set initial.snapshot=-1");
    let [end, start] =
        [("c", 4), ("e", 0)].map(|(name, at)| snapshots(&scene, name, NX * NX)[at].clone());
    assert!(
        end.iter()
            .zip(&start)
            .all(|(a, b)| a.to_bits() == b.to_bits())
    );
}

#[test]
fn checks_pictures_comparisons_and_sweeps_know_masks() {
    let scene = square(
        "boundary = { left = 1.0, right = { flux = 0.5 }, bottom = { flux = 0.0 }, top = \"0\" }\n\
         mask.where = \"hypot(x - 0.3, y) < 0.35\"\n[[held]]\nwhere = \"hypot(x + 0.5, y + 0.2) < 0.12\"\nvalue = 3.0\n",
    );
    let told = scene.succeed("check p.toml --json");
    let check: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let balance = &check["balance"];
    let [held, unexplained] = ["held", "unexplained"].map(|key| balance[key].as_f64().unwrap());
    assert!(held > 0.1 && unexplained.abs() < 1e-12, "{told}");
    let told = scene.run("check p.toml --at 0.3,0");
    assert_eq!(told.code, Some(2), "{told}");
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("plot c.npy --sheet --contours 5 -o pictures");
    scene.succeed("plot c.npy --html c.html");
    scene.succeed("run p.toml -o f.npy --set dx=0.0499");
    let told = scene.succeed("compare c.npy f.npy --common --atol 1");
    assert!(!told.stdout.contains("NaN"), "{told}");
    scene.write(
        "s.toml",
        "params = \"p.toml\"\nD = [1.0, 2.0]\n\"mask.where\" = [\"x > 0.5\", \"y < -0.5\"]\n",
    );
    scene.succeed("sweep s.toml -o s.npy");
    scene.succeed("verify s.npy");
    scene.succeed("run p.toml -o one.npy --set D=2 --set mask.where=x>0.5");
    let [all, one] = ["s", "one"].map(|name| scene.read(&format!("{name}.npy")));
    let one = data_of(&one);
    assert!(
        data_of(&all)
            .windows(one.len())
            .step_by(8)
            .any(|part| part == one)
    );
}

/// The last snapshot of an example, and its numbers of rows and columns.
fn example(name: &str) -> (Vec<f64>, [usize; 2]) {
    let scene = Scene::new();
    let file = format!("{}/params/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let problem = Problem::load(file.as_ref(), &[]).unwrap();
    run(&problem, &scene, "c").start().unwrap();
    let (ny, nx) = problem.grid.shape();
    (snapshots(&scene, "c", ny * nx).pop().unwrap(), [ny, nx])
}

#[test]
fn the_examples_are_what_the_gallery_says() {
    // Above a pipe the floor is warmer than midway between two.
    let (p, [ny, nx]) = example("heated_floor");
    let surface = &p[(ny - 1) * nx..];
    assert!(surface[nx / 4] > surface[nx / 2] + 1.0 && surface[nx / 2] > 25.0);
    // Each section of the plate lets the same heat through.
    let (p, [ny, nx]) = example("perforated_plate");
    let flux = |i: usize| -> f64 {
        let weight = |j: usize| if j == 0 || j + 1 == ny { 0.5 } else { 1.0 };
        let flows = (0..ny).map(|j| weight(j) * (p[j * nx + i] - p[j * nx + i + 1]));
        flows.filter(|flow| !flow.is_nan()).sum()
    };
    let first = flux(0);
    assert!((1..nx - 1).all(|i| (flux(i) / first - 1.0).abs() < 5e-3));
    assert!(p.iter().filter(|p| p.is_nan()).count() > ny * nx / 8);
    // What the obstacles leave, from p halfway down the free half.
    let (p, [ny, nx]) = example("obstacles");
    let p = p[ny / 2 * nx + 3 * nx / 4];
    let effective = 2.0 * p / (1.0 - 2.0 * p);
    assert!((effective - 0.316).abs() < 1e-3, "{effective}");
}

#[test]
fn where_d_is_0_sources_and_fluxes_alone_change_p() {
    let scene = square(
        "dt = 0.125\nsource = \"x\"\ninitial = { kind = \"expression\", value = \"y\" }\n\
         boundary = { left = { flux = 0.5 }, right = 7.0, bottom = { flux = 0.0 }, top = { robin = [1, 1, 3] } }\n",
    );
    let no_step = scene
        .text("p.toml")
        .replace("dt = 0.125\n", "")
        .replace("D = 1.0", "D = 0");
    scene.write("q.toml", no_step);
    let told = scene.run("plan q.toml");
    assert!(
        told.code == Some(2) && told.stderr.contains("dt = …"),
        "{told}"
    );
    scene.write("p.toml", scene.text("p.toml").replace("D = 1.0", "D = 0.0"));
    let last = solved(&scene).pop().unwrap();
    for (number, p) in last.iter().enumerate() {
        let (j, i) = (number / NX, number % NX);
        let [x, y] = [i, j].map(|at| -1.0 + 0.1 * at as f64);
        let expected = match i {
            0 => y + 0.5 * (x + 2.0 * 0.5 / 0.1),
            20 => 7.0,
            _ => y + 0.5 * x,
        };
        assert!((p - expected).abs() < 1e-12, "{x} {y}: {p}, not {expected}");
    }
    let told = scene.run("plan p.toml --set D=-1");
    assert!(
        told.code == Some(2) && told.stderr.contains("0 or greater"),
        "{told}"
    );
}

/// Around an axis the mean of a region is over the volume of its ring.
#[test]
fn means_around_an_axis_are_over_volumes() {
    let scene = Scene::new();
    let text = "D = 1\nx1 = 0\nx2 = 1\ny1 = 0\ny2 = 1\ndx = 0.1\ngrid = 'walls'\ncoordinates = 'axisymmetric'\n\
                runtime = 0.01\nouttime = 0.01\ncapacity = '1 + x'\nboundary = 'insulated'\n\
                initial = { kind = 'expression', value = 'x' }\n\
                record = { every = 0.01, region = [{ name = 'rod', where = 'x < 0.35' }, { name = 'all', where = '1' }] }\n";
    scene.write("p.toml", text);
    scene.succeed("run p.toml -o c.npy");
    let text = scene.text("c.record.csv");
    let rows: Vec<Vec<&str>> = text.lines().map(|row| row.split(',').collect()).collect();
    // Half a cell on the axis has the mean radius dx/4, and one at the wall 1 - dx/4.
    let mean = |radii: &[(f64, f64)]| {
        let sum =
            |of: fn(f64, f64) -> f64| radii.iter().map(|&(r, volume)| of(r, volume)).sum::<f64>();
        sum(|r, volume| r * volume) / sum(|_, volume| volume)
    };
    let mut radii = vec![(0.0, 0.5 * 0.025)];
    radii.extend((1..10).map(|i| (f64::from(i) / 10.0, f64::from(i) / 10.0)));
    radii.push((1.0, 0.5 * 0.975));
    for (name, expected) in [("rod_mean", mean(&radii[..4])), ("all_mean", mean(&radii))] {
        let column = rows[0].iter().position(|column| *column == name).unwrap();
        let found: f64 = rows[1][column].parse().unwrap();
        assert!(
            (found - expected).abs() < 1e-14,
            "{name}: {found}, not {expected}"
        );
    }
}

/// The state of a solver shows NaN at masked nodes, which have no part in its summary.
#[test]
fn the_summary_of_a_state_in_memory_leaves_masked_nodes_out() {
    for capacity in ["1", "'1 + x'"] {
        let text = format!(
            "D = 1\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 0.1\nouttime = 0.1\nboundary = 'insulated'\n\
             capacity = {capacity}\ninitial = {{ kind = 'constant', value = 2 }}\nmask = {{ where = 'x > 0.55' }}\n"
        );
        let problem: Problem = text.parse().unwrap();
        let mut solver = problem.solver::<f64>().unwrap();
        solver.advance(problem.schedule.steps_to(1), &Solo).unwrap();
        let summary = problem.summary(solver.state()).unwrap();
        let columns = (0..6).map(|i| {
            let x = f64::from(i) / 10.0;
            let width = if i == 0 { 0.05 } else { 0.1 };
            width * if capacity == "1" { 1.0 } else { 1.0 + x }
        });
        let mass = 2.0 * columns.sum::<f64>();
        assert!(
            (summary.mass - mass).abs() < 1e-13,
            "{summary:?}, not {mass}"
        );
        assert!((summary.min - 2.0).abs() < 1e-14 && (summary.max - 2.0).abs() < 1e-14);
    }
}
