//! `diff2d check`.

use crate::common::{
    Scene, Told, sample_size,
    seed::{Random, seeds},
};
use serde_json::Value;

const SMOOTH: &str = "\
D = 0.5
x1 = 0
x2 = 1
dx = 0.0832
grid = 'walls'
runtime = 0.2
outtime = 0.1
source = 'x*y'
initial = {kind = 'expression', value = '1 + cos(pi*x)*cos(pi*y)'}
boundary = {left = {flux = 0.0}, right = {flux = 0.5}, bottom = {robin = [1.0, 2.0, 'x']}, top = 'x*(1 - exp(-t))'}
";

fn json(told: &str) -> Value {
    serde_json::from_str(told).unwrap_or_else(|error| panic!("{error}: {told}"))
}

fn close(value: &Value, expected: f64, bound: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() <= bound, "{value}, not {expected}");
}

#[test]
fn every_kind_of_wall_and_material_is_met() {
    seeds("every_kind_of_wall_and_material_is_met")
        .map(Random::new)
        .for_each(check_all_kinds);
}

/// Text and JSON show one value, which takes seconds to compute, so the short command asks for one of them.
fn check_all_kinds(mut random: Random) {
    let scene = Scene::new();
    for arguments in random.some(&["check", "check --json"], sample_size(2, 2, 1)) {
        let told = scene.succeed(arguments);
        assert_eq!(told.stderr, "");
        match arguments {
            "check" => all_are_met_in_text(&told),
            _ => all_are_met_in_json(&told),
        }
    }
}

fn all_are_met_in_text(told: &Told) {
    assert_eq!(
        told.stdout.matches(" met").count(),
        told.stdout.lines().count() - 1,
        "{told}"
    );
    for word in [
        "fixed",
        "insulated",
        "flux",
        "robin",
        "periodic",
        "Dx and Dy",
        "harmonic",
        "arithmetic",
        "rkl2",
        "steady",
        "exact factor of a mode",
        "solution of the equation",
    ] {
        assert!(told.stdout.contains(word), "{word}\n{told}");
    }
}

fn all_are_met_in_json(told: &Told) {
    let table = json(&told.stdout);
    assert_eq!(table["missed"], 0);
    for row in table["checks"].as_array().unwrap() {
        assert_eq!(row["met"], true, "{row}");
        if let Some(order) = row["order"].as_f64() {
            // Shorter steps of RKL2 have fewer stages, whose errors have other factors.
            let orders = match row["method"] == "rkl2" {
                true => 1.8..2.7,
                false => 1.9..2.1,
            };
            assert!(orders.contains(&order), "{row}");
        }
    }
}

/// The estimated errors of a problem hold the errors that it has.
#[test]
fn a_smooth_problem_has_order_2_and_its_error_is_estimated() {
    let scene = Scene::new();
    // A mode between insulated walls: exp(-2 π² D t) cos cos.
    scene.write(
        "mode.toml",
        "D = 0.1\nx1 = 0\nx2 = 1\ndx = 0.0624\ngrid = 'walls'\nruntime = 0.5\nouttime = 0.25\n\
         initial = {kind = 'expression', value = '2 + cos(pi*x)*cos(pi*y)'}\n\
         boundary = {left = {flux = 0.0}, right = {flux = 0.0}, bottom = {flux = 0.0}, top = {flux = 0.0}}\n",
    );
    let study = json(
        &scene
            .succeed("check mode.toml --at 0.25,0.5 --at 0.1,0.9 --json")
            .stdout,
    );
    assert_eq!(study["refinement"], 1);
    assert_eq!(study["mass"]["exact"], true);
    let time = study["time"].as_f64().unwrap();
    let pi = std::f64::consts::PI;
    let decay = (-0.2 * pi * pi * time).exp();
    let exact = |x: f64, y: f64| 2.0 + decay * (pi * x).cos() * (pi * y).cos();
    for (estimate, exact) in [
        (&study["maximum"], exact(0.0, 0.0)),
        (&study["points"][1], exact(0.1, 0.9)),
    ] {
        close(&estimate["order"], 2.0, 0.1);
        close(&estimate["extrapolated"], exact, 2e-5);
        for level in 0..3 {
            let error = (estimate["values"][level].as_f64().unwrap() - exact).abs();
            let estimated = estimate["errors"][level].as_f64().unwrap();
            assert!(
                error <= estimated && estimated <= 1.6 * error,
                "{error} {estimated}"
            );
        }
    }
    let text = scene.succeed("check mode.toml --at 0.1,0.9").stdout;
    assert!(
        text.contains("Errors fall with the square of the spacing"),
        "{text}"
    );
    assert!(
        text.contains("p(0.1, 0.9)") && text.contains("your own spacing"),
        "{text}"
    );
}

#[test]
fn the_mass_is_balanced_against_walls_and_source() {
    let scene = Scene::new();
    scene.write("p.toml", SMOOTH);
    for material in [
        "D = 0.5",
        "Dx = 0.5\nDy = 0.2",
        "D = '0.3 + 0.2*x*y'",
        "D = 0.5\ncapacity = 2.0\ndecay = 1.5",
        "D = 0.5\ncapacity = '2 + x*y'\ndecay = 'x'",
        "D = '0.3 + 0.2*x*y'\ncapacity = '2 + x*y'\ndecay = 3",
    ] {
        scene.write("p.toml", SMOOTH.replace("D = 0.5", material));
        let study = json(&scene.succeed("check p.toml --json").stdout);
        let decays = study["balance"]["decay"].as_f64().unwrap() < 0.0;
        assert_eq!(decays, material.contains("decay"));
        let balance = &study["balance"];
        close(&balance["unexplained"], 0.0, 1e-13);
        close(&balance["left"], 0.0, 1e-15);
        // The flux through the whole of the right side, also into the cell of its fixed corner.
        let time = study["time"].as_f64().unwrap();
        close(&balance["right"], 0.5 * time, 1e-12);
        assert!(balance["top"].as_f64().unwrap().abs() > 1e-3);
        assert!(balance["bottom"].as_f64().unwrap().abs() > 1e-3);
        // Of x y.
        close(&balance["source"], 0.25 * time, 0.1 * time);
    }
    // The sums are those of each step, whatever the record of the file, of which all numbers are judged.
    let study = json(&scene.succeed("check p.toml --json").stdout);
    let record = "--set record.every=0.07 --set record.totals=true";
    let recorded = scene.succeed(&format!("check p.toml --json {record}"));
    let mut recorded = json(&recorded.stdout);
    let errors = recorded["record"].take();
    assert!(errors["mass"]["error"].as_f64().unwrap() > 0.0, "{errors}");
    assert!(errors["right_rate"].is_object() && errors["right"].is_null());
    recorded["record"] = study["record"].clone();
    assert_eq!(recorded, study);
}

/// The states of its grids are in memory.
#[test]
fn a_check_keeps_to_the_memory_of_the_parameters() {
    let scene = Scene::new();
    scene.write("p.toml", SMOOTH);
    let told = scene.run("check p.toml --set memory=1KiB");
    assert_eq!(told.code, Some(1), "{told}");
    assert!(
        told.stderr.contains("the finest grid of the check needs"),
        "{told}"
    );
    assert!(told.stderr.contains("memory = 1024 bytes"), "{told}");
    let needed = told.stderr.split_once(" needs ").unwrap().1;
    let needed = needed.split_once(' ').unwrap().0;
    scene.succeed(&format!("check p.toml --set memory={needed}"));
}

#[test]
fn coarser_grids_are_taken_where_finer_ones_are_too_dear() {
    let scene = Scene::small();
    let study = scene
        .succeed("check p.toml --set grid=walls --set dx=0.1 --set runtime=15 --json")
        .stdout;
    let study = json(&study);
    let own = study["refinement"].as_u64().unwrap();
    assert!(own > 1, "{study}");
    let level = &study["levels"][own.ilog2() as usize];
    assert_eq!(level["nx"], 201);
    let text = scene.succeed("check p.toml").stdout;
    assert!(
        text.contains("order 1 is all that can be expected"),
        "{text}"
    );
}

#[test]
fn a_mass_that_cancels_is_no_imbalance() {
    let scene = Scene::new();
    let params = concat!(env!("CARGO_MANIFEST_DIR"), "/params/periodic_decay.toml");
    let told = scene.succeed(&format!("check {params}")).stdout;
    assert!(
        told.contains("fall with the square of the spacing"),
        "{told}"
    );
}

#[test]
fn the_mass_is_balanced_over_the_stages_of_long_steps() {
    let scene = Scene::new();
    let long = "method = 'rkl2'\ndt = 0.02\n";
    for material in [
        "D = 0.5",
        "Dx = 0.5\nDy = 0.2",
        "D = '0.3 + 0.2*x*y'",
        "D = 0.5\ncapacity = 2\ndecay = '1 + x'",
        "D = '0.3 + 0.2*x*y'\ncapacity = '2 + x*y'\ndecay = 1.5",
    ] {
        let text = SMOOTH
            .replace("D = 0.5", material)
            .replace("'x*y'", "'x*y*(1 + t)'");
        scene.write("p.toml", format!("{long}{text}"));
        let told = scene.succeed("check p.toml --json").stdout;
        let study = json(&told);
        let balance = &study["balance"];
        close(&balance["unexplained"], 0.0, 1e-13);
        let time = study["time"].as_f64().unwrap();
        close(&study["levels"][1]["dt"], 0.01, 1e-12);
        close(&balance["right"], 0.5 * time, 1e-12);
        for part in ["top", "bottom", "source"] {
            assert!(
                balance[part].as_f64().unwrap().abs() > 1e-3,
                "{part}: {balance}"
            );
        }
    }
}

#[test]
fn warm_walls_and_sources_are_studied_between_transforms() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "method = 'exact'\nD = 0.1\nx1 = 0\nx2 = 1\ndx = 0.0624\ngrid = 'walls'\nruntime = 0.5\nouttime = 0.25\n\
         capacity = 2.0\ndecay = 0.5\nsource = 'x*y'\ninitial = {kind = 'constant', value = 0.5}\n\
         boundary = {left = 0.5, right = {flux = 0.0}, bottom = {flux = 0.01}, top = {flux = 0.0}}\n",
    );
    let study = json(&scene.succeed("check p.toml --at 0.3,0.4 --json").stdout);
    close(&study["points"][0]["order"], 2.0, 0.2);
    // Transforms have no flux at a wall that could be summed.
    assert!(study["balance"].is_null(), "{study}");
    let text = scene.succeed("check p.toml --at 0.3,0.4").stdout;
    assert!(!text.contains("do not trust"), "{text}");
}

#[test]
fn problems_that_are_solved_exactly_in_time_are_studied_in_space() {
    let scene = Scene::new();
    let problem = |walls: &str| {
        format!(
            "method = 'exact'\nD = 0.1\nx1 = 0\nx2 = 1\ndx = 0.0624\ngrid = 'walls'\nruntime = 0.5\nouttime = 0.25\n\
             initial = {{kind = 'expression', value = 'x*x*(1 - x)*y*(1 - y)'}}\n\
             boundary = {{left = {walls}, right = {walls}, bottom = {walls}, top = {walls}}}\n"
        )
    };
    scene.write("p.toml", problem("{flux = 0.0}"));
    let at = "check p.toml --at 0.3,0.4";
    let study = json(&scene.succeed(&format!("{at} --json")).stdout);
    close(&study["points"][0]["order"], 2.0, 0.1);
    close(&study["balance"]["unexplained"], 0.0, 1e-15);
    let text = scene.succeed(at).stdout;
    assert!(
        text.contains("Errors fall with the square of the spacing"),
        "{text}"
    );
    scene.write("p.toml", problem("0.0"));
    let study = json(&scene.succeed(&format!("{at} --json")).stdout);
    close(&study["points"][0]["order"], 2.0, 0.2);
    assert_eq!(study["balance"], Value::Null);
    assert!(!scene.succeed(at).stdout.contains("unexplained"));
}

/// The heat through the wall of a pipe, `2π D Δp/ln(r2/r1)` a length: the estimated errors hold the errors, and what multigrid leaves
/// is no error of the spacing.
#[test]
fn steady_states_are_studied_with_their_rates() {
    let scene = Scene::new();
    let pipe = "method = 'steady'\ncoordinates = 'axisymmetric'\nD = 0.5\nx1 = 1\nx2 = 3\ny1 = 0\ny2 = 1\ndx = 0.1\n\
                grid = 'walls'\nboundary = {left = 1, right = 0, bottom = 'insulated', top = 'insulated'}\n";
    scene.write("p.toml", pipe);
    let told = scene.succeed("check p.toml --at 2,0.5");
    assert!(
        told.stdout
            .contains("Errors fall with the square of the spacing")
            && told.stdout.contains("time        none, the steady state")
            && !told.stdout.contains("steps"),
        "{told}"
    );
    for tolerance in ["1e-10", "1e-4"] {
        let set = format!("check p.toml --at 2,0.5 --json --set tolerance={tolerance}");
        let study = json(&scene.succeed(&set).stdout);
        let heat = std::f64::consts::PI / 3.0_f64.ln();
        let middle = 1.5_f64.ln() / 3.0_f64.ln();
        let rates = study["rates"].as_object().unwrap();
        assert_eq!(
            rates.keys().collect::<Vec<_>>(),
            ["left_rate", "right_rate"]
        );
        for (estimate, exact) in [
            (&rates["left_rate"], heat),
            (&rates["right_rate"], -heat),
            (&study["points"][0], middle),
        ] {
            close(&estimate["order"], 2.0, 0.05);
            let [own, error] =
                [&estimate["values"][0], &estimate["error"]].map(|number| number.as_f64().unwrap());
            let off = (own - exact).abs();
            assert!(off < error && error < 3.0 * off + 1e-3, "{off:e} {error:e}");
        }
        assert_eq!(study["time"], Value::Null);
    }
    // A straight line has no error, whatever is left by the tolerance, which counts for itself.
    let line = pipe.replace("coordinates = 'axisymmetric'\n", "");
    scene.write("p.toml", line);
    let study = json(
        &scene
            .succeed("check p.toml --json --set tolerance=1e-4")
            .stdout,
    );
    for part in ["mass", "maximum", "field"] {
        assert_eq!(study[part]["exact"], true, "{part}: {study}");
    }
    assert_eq!(study["rates"]["left_rate"]["exact"], true);
    let error = study["field"]["error"].as_f64().unwrap();
    assert!((1e-9..1e-3).contains(&error), "{error:e}");
}

/// What arrays hold is what a formula would: the study of both is the same.
#[test]
fn coarser_grids_take_every_second_and_fourth_node_of_arrays() {
    let scene = Scene::new();
    let nodes = "--shape 17,25 --dtype f8 --fill";
    scene.succeed(&format!("create u.npy {nodes} (i1/24)*(i0/16)"));
    scene.succeed(&format!("create d.npy {nodes} 0.5+0.2*(i1/24)"));
    scene.succeed(&format!("create s.npy {nodes} 2*(i0/16)"));
    let problem = |u: &str, d: &str, s: &str| {
        format!(
            "x1 = 0\nx2 = 1.5\ny1 = 0\ny2 = 1\ndx = 0.0624\ndy = 0.0624\ngrid = 'walls'\nruntime = 0.016\nouttime = 0.016\n\
             D = {d}\nsource = {s}\ninitial = {u}\nboundary = {{left = {{flux = 0.0}}, bottom = {{flux = 0.0}}}}\n"
        )
    };
    scene.write(
        "arrays.toml",
        problem(
            "{kind = 'file', path = 'u.npy'}",
            "{file = 'd.npy'}",
            "{file = 's.npy'}",
        ),
    );
    let study = json(
        &scene
            .succeed("check arrays.toml --set dt=0.001 --json")
            .stdout,
    );
    assert_eq!(study["refinement"], 4);
    assert_eq!(study["levels"][0]["nx"], 7);
    let verdict = study["verdict"].as_str().unwrap();
    assert!(verdict.contains("the problem reads arrays"), "{verdict}");
    scene.write(
        "formulas.toml",
        problem(
            "{kind = 'expression', value = '(x/1.5)*y'}",
            "'0.5 + 0.2*(x/1.5)'",
            "'2*y'",
        ),
    );
    let told =
        scene.succeed("check formulas.toml --set dx=0.24 --set dy=0.24 --set dt=0.016 --json");
    let formulas = json(&told.stdout);
    for value in 0..3 {
        close(
            &study["mass"]["values"][value],
            formulas["mass"]["values"][value].as_f64().unwrap(),
            1e-14,
        );
    }
}

#[test]
fn what_cannot_be_checked_is_refused() {
    let scene = Scene::small();
    scene.succeed("create u.npy --shape 22,22 --fill i0");
    scene.succeed("create w.npy --shape 19,19 --fill i0");
    for (arguments, word) in [
        ("check p.toml --at 11,0", "outside of the domain"),
        ("check p.toml --at 1", "two numbers"),
        (
            "check p.toml --set runtime=0.1 --set outtime=0.1",
            "nothing to check",
        ),
        ("check p.toml --set dx=-1", "dx"),
        (
            "check p.toml --set initial.kind=file --set initial.path=u.npy",
            "needs grid =",
        ),
        ("check nothing.toml", "nothing.toml"),
        ("check --at 1,1", "PARAMS"),
        (
            "check p.toml --set grid=walls --set initial.kind=file --set initial.path=w.npy --set dx=1.1",
            "multiple of 4",
        ),
    ] {
        let told = scene.run(arguments);
        assert_eq!(told.code, Some(2), "{arguments}: {told}");
        assert!(told.stderr.contains(word), "{arguments}: {told}");
        assert_eq!(told.stdout, "");
    }
}

/// What mass and maximum do not show is seen at the nodes.
#[test]
fn a_field_that_changes_is_seen_where_mass_and_maximum_do_not() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 0.5\nx1 = 0\nx2 = 1\ndx = 0.1249\ngrid = 'walls'\nruntime = 0.05\nouttime = 0.05\n\
         initial = {kind = 'expression', value = 'where(x < 0.5, 1, -1) * abs(2*x - 1)**3'}\n\
         boundary = {left = 1, right = -1, bottom = {flux = 0}, top = {flux = 0}}\n",
    );
    let study = json(&scene.succeed("check p.toml --json").stdout);
    assert_eq!(study["mass"]["exact"], true, "{study}");
    assert_eq!(study["maximum"]["exact"], true, "{study}");
    assert_eq!(study["field"]["exact"], false, "{study}");
    close(&study["field"]["order"], 2.0, 0.3);
    assert_eq!(study["nodes"], 81);
    let verdict = study["verdict"].as_str().unwrap();
    assert!(verdict.contains("p at 81 nodes to "), "{verdict}");
}

/// The place of a jump is known to within a cell, on whatever grids.
#[test]
fn a_start_that_jumps_is_said_and_its_mass_is_left_open() {
    let scene = Scene::new();
    let insulated = "boundary = {left = {flux = 0}, right = {flux = 0}, bottom = {flux = 0}, top = {flux = 0}}\n";
    let square =
        "D = 0.1\nx1 = 0\nx2 = 1\ndx = 0.1249\ngrid = 'walls'\nruntime = 0.1\nouttime = 0.1\n";
    for (value, mass) in [
        ("(x > 0.24)*(x < 0.74)", 0.5),
        ("(x > 0.26)*(x < 0.86)", 0.6),
        ("(x > 0.3)*(x < 0.74)", 0.44),
    ] {
        scene.write(
            "p.toml",
            format!("{square}{insulated}initial = {{kind = 'expression', value = '{value}'}}\n"),
        );
        let study = json(&scene.succeed("check p.toml --json").stdout);
        assert_eq!(study["initial_jumps"], true, "{study}");
        for level in 0..3 {
            let found = study["mass"]["values"][level].as_f64().unwrap();
            let bound = study["mass"]["errors"][level].as_f64().unwrap();
            assert!(
                (found - mass).abs() <= bound && bound < 0.5,
                "{value}: {found} {bound}"
            );
        }
        let verdict = study["verdict"].as_str().unwrap();
        assert!(verdict.contains("jumps between nodes"), "{verdict}");
    }
}

/// Of a source that single precision loses.
#[test]
fn single_precision_is_part_of_the_error() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 1\nx1 = 0\nx2 = 1\ndx = 0.1249\ngrid = 'walls'\nruntime = 10\nouttime = 10\nprecision = 'f32'\nsource = 1.1\n\
         initial = {kind = 'constant', value = 10000}\n\
         boundary = {left = {flux = 0}, right = {flux = 0}, bottom = {flux = 0}, top = {flux = 0}}\n",
    );
    let study = json(&scene.succeed("check p.toml --json").stdout);
    scene.succeed("run p.toml -o c.npy");
    let told = scene.succeed("probe c.npy --at -1,4,4").stdout;
    let value: f64 = told.trim().rsplit(',').next().unwrap().parse().unwrap();
    let error = (value - 10_000.0 - 1.1 * study["time"].as_f64().unwrap()).abs();
    assert!(error > 0.1, "{error}");
    for key in ["mass", "maximum", "field"] {
        let estimated = study[key]["error"].as_f64().unwrap();
        assert!(
            (0.9..1.5).contains(&(estimated / error)),
            "{key}: {estimated} {error}"
        );
    }
    assert!(
        study["verdict"]
            .as_str()
            .unwrap()
            .contains("single precision adds"),
        "{study}"
    );
    let told = scene.succeed("plan p.toml --set runtime=100").stderr;
    assert!(told.contains("precision = \"f32\""), "{told}");
}

const UNIT: &str = "x1 = 0\nx2 = 1\ndx = 0.0832\ngrid = 'walls'\ntimes = 'exact'\n\
    boundary = {left = {flux = 0}, right = {flux = 0}, bottom = {flux = 0}, top = {flux = 0}}\n";

/// Of 12 cells: nested grids place these edges alike, or count the same side of them.
#[test]
fn what_all_three_grids_miss_alike_is_part_of_the_error() {
    let scene = Scene::new();
    let pi = std::f64::consts::PI;
    // Heat in a rod of this length from one end at 1, which gives so much of it.
    let warmed = |length: f64, diffused: f64| -> f64 {
        let waves = (0..200).map(|k| f64::from(2 * k + 1) * pi / 2.0);
        let left = waves.map(|z| 2.0 / (z * z) * (-diffused * (z / length).powi(2)).exp());
        length * (1.0 - left.sum::<f64>())
    };
    let zero = "D = 0.1\ninitial = {kind = 'constant', value = 0}\nruntime = 0.2\nouttime = 0.2\n";
    let one = "D = 0.1\ninitial = {kind = 'constant', value = 1}\nruntime = 0.2\nouttime = 0.2\n";
    for (text, mass) in [
        (
            format!("{zero}{UNIT}[[held]]\nwhere = 'x < 0.1867'\nvalue = 1\n"),
            0.1867 + warmed(1.0 - 0.1867, 0.02),
        ),
        (
            format!("{one}{UNIT}[mask]\nwhere = 'max(x, y) > 0.393'\n"),
            0.393 * 0.393,
        ),
        // It is 0 at the beginning.
        (
            format!("{zero}{UNIT}source = 'where(x < 0.1867, t, 0)'\n"),
            0.1867 * 0.02,
        ),
        // Between steps of the run, and of half and a quarter of them.
        (
            format!(
                "{zero}{UNIT}method = 'rkl2'\ndt = 0.02\nsource = 'where((t > 0.099)*(t < 0.119), 20, 0)'\n"
            ),
            0.4,
        ),
        (
            format!("{one}{UNIT}decay = 'where(x < 0.1867, 2, 0)'\n")
                .replace("0.1\n", "0\ndt = 0.001\n"),
            1.0 - 0.1867 * (1.0 - (-0.4_f64).exp()),
        ),
        (
            format!(
                "{zero}{}",
                UNIT.replace(
                    "left = {flux = 0}",
                    "left = {flux = 'where(y < 0.1867, 1, 0)'}"
                )
            ),
            0.1867 * 0.2,
        ),
    ] {
        scene.write("p.toml", &text);
        let study = json(&scene.succeed("check p.toml --json").stdout);
        let estimate = &study["mass"];
        let off = (estimate["values"][0].as_f64().unwrap() - mass).abs();
        let claim = estimate["error"].as_f64().unwrap();
        assert!(off <= claim, "{text}: {off} {claim}");
        // Sources and walls that jump in x or y are integrated, and all grids know their place.
        if text.contains("'where(x < 0.1867, t, 0)'") || text.contains("'where(y < 0.1867, 1, 0)'")
        {
            continue;
        }
        let verdict = study["verdict"].as_str().unwrap();
        assert!(!verdict.starts_with("Errors fall"), "{text}: {verdict}");
        assert!(
            !verdict.starts_with("The three grids agree"),
            "{text}: {verdict}"
        );
    }
}

/// The user's own level has the steps of the run, and its numbers.
#[test]
fn the_own_level_is_the_run() {
    let scene = Scene::new();
    for (keys, time) in [
        (
            "method = 'rkl2'\ndt = 0.099\nruntime = 0.1\nouttime = 0.1\n",
            0.1,
        ),
        // A finer grid sees a smaller limit.
        (
            "Dx = 'where(abs(x - 0.52) < 0.03, 3, 0.1)'\nruntime = 0.1\nouttime = 0.1\n",
            0.1,
        ),
        ("precision = 'f32'\nruntime = 0.1\nouttime = 0.03\n", 0.09),
        ("until = {steady = 1e-3}\nruntime = 1e5\nouttime = 1\n", 7.0),
        (
            "until = {steady = 1e-3, after = 9.5}\nruntime = 1e5\nouttime = 1\n",
            10.0,
        ),
        (
            "until = {column = 't', above = 6.2}\nrecord = {every = 0.25, totals = true}\nruntime = 1e5\nouttime = 1\n",
            7.0,
        ),
        // A coarser grid does not see what keeps the run from being steady.
        (
            "until = {steady = 0.5}\nruntime = 1\nouttime = 0.25\nsource = 'where(abs(x - 0.0833) < 0.03, 9, 0)'\n",
            1.0,
        ),
    ] {
        scene.write(
            "p.toml",
            format!("D = 0.1\n{UNIT}{keys}initial = {{kind = 'expression', value = 'x'}}\n"),
        );
        let study = json(&scene.succeed("check p.toml --json").stdout);
        close(&study["time"], time, 1e-12);
        scene.succeed("run p.toml -o c.npy --force");
        let journal = scene.text("c.journal");
        let last = json(journal.lines().last().unwrap());
        assert_eq!(study["levels"][0]["steps"], last["step"], "{keys}");
        let max = last["max"].as_f64().unwrap();
        close(&study["maximum"]["values"][0], max, 1e-6);
    }
}

/// A check works on the steps up to the snapshot with which the run ends, whatever ends it.
#[test]
fn a_check_ends_where_the_run_ends() {
    const STEPS: &str = "every = 'step'\ntotals = true";
    const REGION: &str =
        "every = 'step'\ntotals = true\n[[record.region]]\nname = 'strip'\nwhere = 'x < 0.4'";
    const TIMES: &str = "at = [0.013, 0.0601, 0.11]\npoints = [[0.5, 0.5]]";
    let scene = Scene::new();
    for (until, record) in [
        ("column = 'left', above = 0.3", STEPS),
        (
            "column = 'left', above = 0.3",
            "every = 0.01\ntotals = true",
        ),
        ("column = 'left_rate', below = 2", STEPS),
        (
            "column = 'mass', above = 0.2, after = 0.13",
            "every = 0.004\ntotals = true",
        ),
        ("column = 'p0', above = 0.2", TIMES),
        ("column = 'strip_in', above = 0.2", REGION),
        ("column = 'left', above = 9", STEPS),
        ("steady = 2.0", STEPS),
        ("steady = 2.0, after = 0.1", STEPS),
    ] {
        scene.write(
            "p.toml",
            format!(
                "x1 = 0\nx2 = 1\ndx = 0.05\ngrid = 'walls'\nD = 1\nruntime = 0.2\nouttime = 0.001\n\
                 boundary = {{ left = 1, right = 'insulated', bottom = 'insulated', top = 'insulated' }}\n\
                 initial = {{ kind = 'constant', value = 0 }}\nuntil = {{ {until} }}\n[record]\n{record}\n"
            ),
        );
        let study = json(&scene.succeed("check p.toml --json").stdout);
        scene.succeed("run p.toml -o c.npy --force");
        let last = json(scene.text("c.journal").lines().last().unwrap());
        assert_eq!(study["time"], last["simtime"], "{until}");
        assert_eq!(study["levels"][0]["steps"], last["step"], "{until}");
    }
}

#[test]
fn shares_are_of_the_values_themselves() {
    let scene = Scene::new();
    let walls = UNIT.replace("left = {flux = 0}", "left = 20");
    scene.write(
        "p.toml",
        format!("D = 0.1\ndecay = 25\nruntime = 0.5\nouttime = 0.5\ninitial = {{kind = 'constant', value = 0}}\n{walls}"),
    );
    let study = json(
        &scene
            .succeed("check p.toml --at 0.3,0.5 --at 0.9,0.5 --json")
            .stdout,
    );
    let verdict = study["verdict"].as_str().unwrap();
    let error = study["points"][0]["error"].as_f64().unwrap();
    let share = 100.0 * error / study["points"][0]["values"][2].as_f64().unwrap();
    assert!(
        verdict.contains(&format!("p(0.3, 0.5) to {share:.0} %")),
        "{verdict}"
    );
    assert!(verdict.contains("p(0.9, 0.5) to ± 2"), "{verdict}");
    assert!(
        verdict.contains("maximum as a wall or a held node gives it"),
        "{verdict}"
    );
}

/// From a corner with a wall through which something comes in, p rises above the value of the fixed wall, and falls again
/// before the next node of all grids.
#[test]
fn what_rises_above_a_fixed_wall_within_a_cell_is_part_of_the_error() {
    let scene = Scene::new();
    let problem = format!(
        "D = 0.1\nruntime = 0.5\nouttime = 0.5\ninitial = {{kind = 'constant', value = 0}}\n{UNIT}"
    );
    for more in [
        "--set boundary.left=1 --set boundary.bottom={flux=0.1}",
        "--set boundary.left=1 --set boundary.bottom={robin=[1,1,1.97]}",
        "--set boundary.top=1 --set D='0.1+0*x' --set boundary.right={flux=0.1}",
        "--set held=[{where='x<0.1',value=1}] --set boundary.bottom={flux=0.1}",
    ] {
        scene.write("p.toml", &problem);
        let max = |finer: f64| {
            let dx = 1.0 / (12.0 * finer + 0.25);
            scene.succeed(&format!("run p.toml {more} --set dx={dx} -o c.npy --force"));
            let journal = scene.text("c.journal");
            json(journal.lines().last().unwrap())["max"]
                .as_f64()
                .unwrap()
        };
        let (own, finer) = (max(1.0), max(9.0));
        assert!(own == 1.0 && finer > 1.001, "{more}: {own} {finer}");
        let study = json(&scene.succeed(&format!("check p.toml {more} --json")).stdout);
        let error = study["maximum"]["error"].as_f64().unwrap();
        assert!(
            (finer - own..0.25).contains(&error),
            "{more}: {error} {finer}"
        );
        let verdict = study["verdict"].as_str().unwrap();
        assert!(!verdict.contains("gives it"), "{verdict}");
        // That its maximum is beside the fixed wall is seen on the finest grid only.
        assert_eq!(
            verdict.contains("indication"),
            more.contains("robin"),
            "{verdict}"
        );
    }
}

#[test]
fn masks_and_held_nodes_are_compared_on_all_grids() {
    let scene = Scene::new();
    let problem = format!(
        "D = 0.1\nruntime = 0.1\nouttime = 0.1\ninitial = {{kind = 'constant', value = 0}}\n{UNIT}"
    );
    for more in [
        // They have nodes in common on finer grids only.
        "[mask]\nwhere = 'x > 0.72'\n[[held]]\nwhere = '(x > 0.62)*(x < 0.73)'\nvalue = 1\n",
        "source = '1/hypot(x - 0.5, y - 0.5)'\n[[held]]\nwhere = 'hypot(x - 0.5, y - 0.5) < 0.2'\nvalue = 1\n",
        "source = 1\n[mask]\nwhere = '(x > 0.6)*(y > 0.5)'\n",
    ] {
        scene.write("p.toml", format!("{problem}{more}"));
        let study = json(&scene.succeed("check p.toml --json").stdout);
        let verdict = study["verdict"].as_str().unwrap();
        assert!(
            verdict.starts_with("The edges of masked and held nodes"),
            "{more}: {verdict}"
        );
        scene.succeed("run p.toml -o c.npy --force");
    }
}
