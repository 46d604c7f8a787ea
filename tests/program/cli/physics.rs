//! Initial states, walls, rectangles and time steps: what keys mean, and what of them is refused.

use super::time_dependence::general;
use crate::common::{Scene, Told, data_of};
use insta::assert_snapshot;
use serde_json::Value;

/// 9 × 5 nodes from (0, 0) to (2, 1), a quarter apart, and one step.
pub(crate) const RECTANGLE: &str = "\
D = 1.0
x1 = 0.0
x2 = 2.0
y1 = 0.0
y2 = 1.0
dx = 0.25
runtime = 0.02
outtime = 0.015625
grid = 'walls'
";

pub(crate) fn scene(more: &str) -> Scene {
    let scene = Scene::new();
    scene.write("p.toml", format!("{RECTANGLE}{more}"));
    scene
}

/// The snapshots of a cube, a frame of 5 × 9 each.
pub(crate) fn frames(scene: &Scene, cube: &str) -> Vec<Vec<f64>> {
    let bytes = scene.read(cube);
    let values: Vec<f64> = data_of(&bytes)
        .chunks_exact(8)
        .map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    values.chunks_exact(45).map(<[f64]>::to_vec).collect()
}

/// The state before the first step.
fn first(more: &str) -> Vec<f64> {
    let scene = scene(more);
    scene.succeed("run p.toml -o c.npy");
    frames(&scene, "c.npy").swap_remove(0)
}

/// What a run refuses; it writes nothing, and `plan` says the same.
fn refused(more: &str) -> Told {
    let scene = scene(more);
    let told = scene.run("run p.toml -o c.npy");
    assert_eq!(scene.files(), ["p.toml"], "something was written");
    let planned = scene.run("plan p.toml");
    assert_eq!(planned.to_string(), told.to_string());
    told
}

/// The value that every node should have: `of(x, y)` inside, `wall` on the rim.
pub(crate) fn expected(of: impl Fn(f64, f64) -> f64, wall: Option<f64>) -> Vec<f64> {
    let node = |j: usize, i: usize| {
        let rim = j == 0 || j == 4 || i == 0 || i == 8;
        match wall {
            Some(value) if rim => value,
            _ => of(i as f64 * 0.25, j as f64 * 0.25),
        }
    };
    (0..45).map(|at| node(at / 9, at % 9)).collect()
}

type Formula<'a> = &'a dyn Fn(f64, f64) -> f64;

pub(crate) fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-14, "{found} {expected}");
    }
}

#[test]
fn every_kind_of_initial_state_has_its_formula() {
    let pi = std::f64::consts::PI;
    let peak = |x: f64, length: f64| 1.0 - (1.0 - 4.0 * (x / length - 0.5).abs()).abs();
    let bell = |x: f64, y: f64| ((x - 1.0).powi(2) + (y - 0.25).powi(2)) / (2.0 * 0.3 * 0.3);
    let all: [(&str, Formula<'_>); 6] = [
        ("", &|x, y| peak(x, 2.0) * peak(y, 1.0)),
        ("initial.kind = 'peaks'", &|x, y| {
            peak(x, 2.0) * peak(y, 1.0)
        }),
        (
            "[initial]\nkind = 'gaussian'\ny0 = 0.25\nsigma = 0.3\namplitude = 2",
            &|x, y| 2.0 * (-bell(x, y)).exp(),
        ),
        ("initial = { kind = 'sine', kx = 3, ky = 2 }", &|x, y| {
            (3.0 * pi * x / 2.0).sin() * (2.0 * pi * y).sin()
        }),
        ("initial = { kind = 'constant', value = 4 }", &|_, _| 4.0),
        (
            "initial = { kind = 'expression', value = 'x + 10*y' }",
            &|x, y| x + 10.0 * y,
        ),
    ];
    for (text, formula) in all {
        assert_close(&first(text), &expected(formula, Some(0.0)));
    }
}

#[test]
fn fixed_walls_overwrite_the_initial_state_in_their_order_and_stay() {
    let more = "initial = { kind = 'constant', value = 7 }\n[boundary]\nleft = 1\nright = '2 + y'\n\
                bottom = 'x'\ntop = 4\n";
    let scene = scene(more);
    scene.succeed("run p.toml -o c.npy");
    let mut state = expected(|_, _| 7.0, None);
    for j in 0..5 {
        state[9 * j] = 1.0;
        state[9 * j + 8] = 2.0 + j as f64 * 0.25;
    }
    for i in 0..9 {
        state[i] = i as f64 * 0.25;
        state[36 + i] = 4.0;
    }
    let frames = frames(&scene, "c.npy");
    assert_eq!(frames[0], state);
    let is_rim = |at: &usize| [0, 4].contains(&(at / 9)) || [0, 8].contains(&(at % 9));
    assert_eq!(frames.len(), 2);
    for at in (0..45).filter(is_rim) {
        assert_eq!(frames[1][at], state[at], "{at}");
    }
    assert_ne!(frames[1][10], 7.0);
}

#[test]
fn keys_of_the_initial_state_that_do_not_belong_are_refused() {
    assert_snapshot!(refused("initial.sigma = 1"), @r#"
    exit 2
    diff2d: p.toml:10: initial.sigma = 1 cannot be used: initial.kind = "peaks" does not have it; remove one of the two
    "#);
    assert_snapshot!(refused("initial = { kind = 'sine', sigma = 1 }"), @r#"
    exit 2
    diff2d: p.toml:10: initial.sigma = 1 cannot be used: initial.kind = "sine" does not have it; remove one of the two
    "#);
    assert_snapshot!(refused("initial.kind = 'gaussian'"), @r"
    exit 2
    diff2d: p.toml:10: the parameter initial.sigma is missing; add a line such as `initial.sigma = 1.0`  # standard deviation of the gaussian [length]
    ");
    assert_snapshot!(refused("initial = { kind = 'gaussian', sigma = 0 }"), @r"
    exit 2
    diff2d: p.toml:10: initial.sigma = 0 cannot be used: initial.sigma must be greater than 0
    ");
    assert_snapshot!(refused("initial.kind = 'gauss'"), @r#"
    exit 2
    diff2d: p.toml:10: initial.kind = "gauss" cannot be used: initial.kind must be "peaks", "gaussian", "sine", "constant", "expression", "file" or "image"
    "#);
    assert_snapshot!(refused("initial = { kind = 'constant', value = 'x' }"), @r#"
    exit 2
    diff2d: p.toml:10: initial.value = "x" cannot be used: the formula 'x' cannot be read: there is no 'x' here, only pi, e, inf, infinity, nan, NaN; a formula of x and y is initial.kind = "expression"
    "#);
    assert_snapshot!(refused("initial = { kind = 'expression', value = 'x + t' }"), @r#"
    exit 2
    diff2d: p.toml:10: initial.value = "x + t" cannot be used: the formula 'x + t' cannot be read: there is no 't' here, only x, y, pi, e, inf, infinity, nan, NaN
    "#);
    assert_snapshot!(refused("initial = { kind = 'expression', value = '1/(x - 1)' }"), @r#"
    exit 2
    diff2d: p.toml:10: initial.value = "1/(x - 1)" cannot be used: it is inf at x = 1.0, y = 0.0; it must be finite at every node
    "#);
    assert_snapshot!(refused("initial = { kind = 'image', path = 'u.png', range = [0, 1, 2] }"), @r"
    exit 2
    diff2d: p.toml:10: initial.range = … is an array; initial.range must be two finite numbers, [black, white]
    ");
    assert_snapshot!(refused("initial = 'sine'"), @r#"
    exit 2
    diff2d: p.toml:10: initial = "sine" is a string; initial must be a table with the keys kind, x0, y0, sigma, amplitude, kx, ky, value, path, snapshot, range, interpolate, alpha, did you mean [initial] with kind = "expression" and value = "…"?
    "#);
    assert_snapshot!(refused("boundary.left = '1/0'"), @r#"
    exit 2
    diff2d: p.toml:10: boundary.left = "1/0" cannot be used: 1/0 is inf, which is no finite number
    "#);
    assert_snapshot!(refused("boundary.left = { flow = 1 }"), @r#"
    exit 2
    diff2d: p.toml:10: there is no parameter boundary.left.flow (= 1); the parameters of boundary.left are flux, robin
    "#);
    assert_snapshot!(refused("boundary.lft = 1"), @r"
    exit 2
    diff2d: p.toml:10: there is no parameter boundary.lft (= 1), did you mean boundary.left?
    ");
    assert_snapshot!(refused("[initial]\n[boundary]\nleft = 'periodic'"), @r#"
    exit 2
    diff2d: p.toml:12: boundary.left = "periodic" cannot be used: boundary.right must be "periodic" as well
    "#);
    assert_snapshot!(refused("boundary.top = { flux = 'x +' }"), @r#"
    exit 2
    diff2d: p.toml:10: boundary.top.flux = "x +" cannot be used: the formula 'x +' cannot be read: it ends where a number, a name or '(' should be
    "#);
    assert_snapshot!(refused("boundary.top = { robin = [1, 2] }"), @r"
    exit 2
    diff2d: p.toml:10: boundary.top.robin = … is an array; boundary.top.robin must be three numbers or formulas, [a, b, c] of a p + b dp/dn = c
    ");
    assert_snapshot!(refused("boundary.top = { robin = [1, 0, 2] }"), @r"
    exit 2
    diff2d: p.toml:10: boundary.top = … cannot be used: b of [a, b, c] must not be 0; a wall of given value is a number or a formula
    ");
    for (b, place) in [
        ("y", "x = 0.0, y = 0.0"),
        ("x", "x = 0.0, y = 0.0"),
        ("y - 0.5", "x = 0.0, y = 0.5"),
        ("1 - sin(pi*y)", "x = 0.0, y = 0.5"),
        ("y*(1 + t)", "x = 0.0, y = 0.0"),
    ] {
        let told = refused(&format!(
            "boundary.bottom = 'insulated'\nboundary.left = {{ robin = [1, '{b}', 1] }}"
        ));
        let sentence = format!("b is 0 at {place}, where p = c/a is that of a fixed wall");
        assert!(told.stderr.contains(&sentence), "{told}");
    }
    assert_snapshot!(refused("D1 = 1\n"), @"
    exit 2
    diff2d: p.toml:10: there is no parameter D1 (= 1), did you mean x1?
    ");
}

#[test]
fn the_time_step_is_a_share_of_the_stability_limit_or_given() {
    let plan = |more: &str| -> Value {
        let told = scene(more).run("plan p.toml --json");
        serde_json::from_str(&told.stdout).unwrap_or_else(|_| panic!("{told}"))
    };
    let seed = 0.25 * 0.25 * 0.25;
    assert_eq!(plan("")["dt"], seed);
    assert_eq!(plan("safety = 0.5")["dt"], 0.5 * seed);
    assert_eq!(plan("dt = 0.01")["dt"], 0.01);
    assert_eq!(plan("dt = 0.01")["r"], (1.0 / (0.25 * 0.25)) * 0.01);
    assert_eq!(plan("dt = 0.01")["nsteps"], 2);
    // Above the limit by less than rounding.
    assert_eq!(
        plan("dt = 0.015625000000000003")["dt"],
        0.015625000000000003
    );
    assert_snapshot!(refused("dt = 0.0156251"), @r"
    exit 2
    diff2d: p.toml:10: dt = 0.0156251 cannot be used: the time step is then 0.0156251, and the steps are stable up to 0.015625
    ");
    assert_snapshot!(refused("safety = 1.01"), @r"
    exit 2
    diff2d: p.toml:10: safety = 1.01 cannot be used: the time step is then 0.01578125, and the steps are stable up to 0.015625
    ");
    assert_snapshot!(refused("dt = 0.01\nsafety = 0.9"), @r"
    exit 2
    diff2d: p.toml:10: dt = 0.01 cannot be used: safety is given as well; keep one of the two
    ");
    assert_snapshot!(refused("dt = 0"), @r"
    exit 2
    diff2d: p.toml:10: dt = 0 cannot be used: dt must be greater than 0
    ");
    assert_snapshot!(refused("dt = 1e-310"), @r"
    exit 2
    diff2d: p.toml:10: dt = 1e-310 cannot be used: the time step is then 1e-310, beyond what a float holds
    ");
}

#[test]
fn sweeps_vary_keys_in_tables() {
    let scene = scene("[initial]\nkind = 'gaussian'\nsigma = 1\n");
    scene.write(
        "s.toml",
        "params = 'p.toml'\nboundary.left = [0, 1, 'y']\ninitial.sigma = { from = 0.5, to = 1, count = 2 }\n",
    );
    scene.succeed("sweep s.toml -o s.npy");
    let frames = frames(&scene, "s.npy");
    for (number, (left, sigma)) in [(0, 0.5), (0, 1.0), (1, 0.5), (1, 1.0), (2, 0.5), (2, 1.0)]
        .into_iter()
        .enumerate()
    {
        let wall = |y: f64| [0.0, 1.0, y][left];
        let state = &frames[2 * number];
        assert_eq!(state[18], wall(0.5), "{number}");
        let bell = |x: f64, y: f64| {
            (-((x - 1.0).powi(2) + (y - 0.5).powi(2)) / (2.0 * sigma * sigma)).exp()
        };
        assert!((state[11] - bell(0.5, 0.25)).abs() < 1e-14, "{number}");
    }
    assert!(scene.text("s.csv").contains("initial.sigma"));
    scene.write("c.journal", "");
}

#[test]
fn plan_and_info_tell_the_whole_problem() {
    let scene = general();
    let place = scene.path("").canonicalize().unwrap();
    let told = |text: String| {
        let lines = text.lines().filter(|line| {
            let names = ["initial", "walls", "material", "source", "method"];
            names.iter().any(|name| line.starts_with(name))
        });
        let text: Vec<&str> = lines.collect();
        text.join("\n").replace(&place.display().to_string(), "…")
    };
    let planned = told(scene.succeed("plan g.toml").stdout);
    assert_snapshot!(planned, @r"
    initial    sine of 1.0 × 1.0 half waves
    walls      left fixed at 1 + t; right flux -t; bottom (1.0) p + (2.0) dp/dn = cos(t); top fixed at 0.5
    material   D = the file …/D.npy, arithmetic mean between nodes
    source     x*sin(t)
    method     explicit Euler steps, five-point Laplacian
    ");
    scene.succeed("run g.toml -o c.npy");
    std::fs::remove_file(scene.path("D.npy")).unwrap();
    assert_eq!(told(scene.succeed("info c.npy").stdout), planned);
    let memory = |set: &str| {
        let told = self::scene("").succeed(&format!("plan p.toml --json {set}"));
        let plan: Value = serde_json::from_str(&told.stdout).unwrap();
        plan["memory_bytes"].as_u64().unwrap()
    };
    assert_eq!(memory(""), 2 * 45 * 8);
    assert_eq!(memory("--set source=1"), 3 * 45 * 8);
    assert_eq!(memory("--set D=1+x"), (4 * 45 + 5 + 9) * 8);
}

#[test]
fn materials_and_walls_that_make_no_sense_are_refused() {
    let scene = general();
    let refused = |set: &str| {
        let told = scene.run(&format!("run g.toml -o c.npy --set {set}"));
        assert!(!scene.exists("c.npy"));
        told
    };
    assert_snapshot!(refused("D=x-1"), @r#"
    exit 2
    diff2d: --set: D = "x-1" cannot be used: it is -1.0 at x = 0.0, y = 0.0; it must be a finite number, 0 or greater, at every node
    "#);
    assert_snapshot!(refused("Dy=1/y"), @r#"
    exit 2
    diff2d: --set: Dy = "1/y" cannot be used: it is inf at x = 0.0, y = 0.0; it must be a finite number, 0 or greater, at every node
    "#);
    assert_snapshot!(refused("Dx=-1"), @r"
    exit 2
    diff2d: --set: Dx = -1 cannot be used: Dx must be 0 or greater
    ");
    let still = self::scene("").run("run p.toml -o c.npy --set D=0*x");
    assert_snapshot!(still, @r#"
    exit 2
    diff2d: --set: D = "0*x" cannot be used: nothing diffuses, so no time step follows; dt = … gives one
    "#);
    assert_snapshot!(refused("source=log(x)"), @r#"
    exit 2
    diff2d: --set: source = "log(x)" cannot be used: it is -inf at x = 0.0, y = 0.0; it must be finite at every node
    "#);
    assert_snapshot!(refused("boundary.top=1/x"), @r#"
    exit 2
    diff2d: --set: boundary.top = "1/x" cannot be used: it is inf at x = 0.0, y = 1.0 and t = 0, and must be finite
    "#);
    assert_snapshot!(refused("grid=files"), @r#"
    exit 2
    diff2d: g.toml:17: boundary.right = … cannot be used: flux, robin and periodic walls need nodes on the ends of the domain: grid = "walls", not "files"
    g.toml:18: boundary.bottom = … cannot be used: flux, robin and periodic walls need nodes on the ends of the domain: grid = "walls", not "files"
    "#);
    assert_snapshot!(refused("boundary.left=periodic"), @r#"
    exit 2
    diff2d: --set: boundary.left = "periodic" cannot be used: boundary.right must be "periodic" as well
    "#);
    assert_snapshot!(refused("dt=0.1"), @r"
    exit 2
    diff2d: --set: dt = 0.1 cannot be used: the time step is then 0.1, and the steps are stable up to 0.008816614420062697
    ");
}

#[test]
fn sweeps_take_walls_and_materials_of_every_form() {
    let scene = general();
    scene.write(
        "s.toml",
        "params = 'g.toml'\ncombine = 'zip'\n\
         boundary.left = [0, 't', { flux = 1 }, { robin = [1, 1, 't'] }]\n\
         D = [1, '1 + x', { file = 'D.npy' }, { file = 'D.npy' }]\n",
    );
    scene.succeed("sweep s.toml -o s.npy");
    scene.succeed("verify s.npy");
    scene.succeed("run g.toml -o c.npy --set boundary.left={flux=1}");
    let [all, one] = ["s.npy", "c.npy"].map(|cube| frames(&scene, cube));
    assert_eq!(all.len(), 4 * one.len());
    assert_eq!(all[2 * one.len()..3 * one.len()], one);
}

/// A flux enters whatever D is beside the wall, with all its digits.
#[test]
fn a_flux_enters_where_nothing_diffuses() {
    let scene = Scene::new();
    let flux = "dt = 2.5\nruntime = 2500\nouttime = 2500\nboundary = {left = {flux = 1e-3}, right = {flux = 0}}\ninitial = {kind = 'constant', value = 1}\n";
    let square = super::not_finite::SQUARE
        .replace("runtime = 1\nouttime = 0.1\n", flux)
        .replace("D = 1\n", "");
    for d in ["1e-310", "1e-37", "1e-300", "0"] {
        scene.write(
            "p.toml",
            format!("{square}D = 'where(x < 0.55, {d}, 1e-3)'\n"),
        );
        for (precision, bound) in [("f64", 1e-12), ("f32", 2e-5)] {
            scene.succeed(&format!(
                "run p.toml -o c.npy --force --set precision={precision}"
            ));
            let told = scene.succeed("probe c.npy --at -1,5,0").stdout;
            let value: f64 = told.trim().rsplit(',').next().unwrap().parse().unwrap();
            // 1 + 2 q t/dx
            assert!(
                (value / 51.0 - 1.0).abs() < bound,
                "{d} {precision}: {value}"
            );
        }
    }
}

const CLOSED: &str = "x1 = 0\nx2 = 1\ngrid = 'walls'\nboundary = 'insulated'\n";

/// By the end the slow half should be at 299.634, and does not move from 299.
#[test]
fn what_single_precision_hides_is_told() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        format!(
            "{CLOSED}D = 'where(x < 0.5, 1, 0.001)'\ny1 = 0\ny2 = 0.1\ndx = 0.02\nruntime = 25\nouttime = 25\nprecision = 'f32'\n\
             initial = {{ kind = 'expression', value = '300 + where(x > 0.5, cos(pi*(x - 0.5)/0.5), 1)' }}\n"
        ),
    );
    let told = scene.succeed("plan p.toml");
    assert!(
        told.stderr
            .contains("hides changes of about 6.35e-1 by the end, 31.76 %"),
        "{told}"
    );
    scene.write(
        "s.toml",
        "params = 'p.toml'\nD = ['where(x < 0.5, 1, 0.001)', 1]\n",
    );
    let told = scene.succeed("plan s.toml");
    assert!(
        told.stderr
            .contains("scenario 0: precision = \"f32\" hides"),
        "{told}"
    );
    let told = scene.succeed("plan p.toml --set until={steady=0.1}");
    assert!(
        told.stderr
            .contains("until = { steady = 0.1 } does not end the run"),
        "{told}"
    );
    for (options, is_told) in [
        ("--set precision=f64", false),
        // About 0, on which roundings are as small as the changes.
        (
            "--set initial.value=x --set runtime=10 --set outtime=10",
            false,
        ),
        ("--set initial.value=300", false),
        ("--set runtime=0.001 --set outtime=0.001", false),
        ("--set method=rkl2 --set dt=0.05", false),
        // A million nodes, whose rates are those of a coarser grid.
        (
            "--set D=1 --set dx=0.0005 --set y2=0.2 --set initial.value=300+cos(pi*x) --set runtime=1 --set outtime=1",
            true,
        ),
        // A source that adds less than a step can show.
        (
            "--set D=1 --set initial.value=300+x --set source=1e-2",
            true,
        ),
    ] {
        let told = scene.succeed(&format!("plan p.toml {options}"));
        assert_eq!(
            told.stderr.contains("hides changes"),
            is_told,
            "{options}: {told}"
        );
        assert!(!told.stderr.contains("until"), "{told}");
    }
}

/// Euler is off by at most 0.27/n after n steps, and by less where what would be off has decayed or is not there.
#[test]
fn few_coarse_steps_are_told_of() {
    let scene = Scene::new();
    let of_wave = |k: u32| {
        format!(
            "{CLOSED}D = 1\ndx = 0.05\ninitial = {{ kind = 'expression', value = 'cos({k}*pi*x)' }}\n"
        )
    };
    for (k, options, is_told) in [
        (8, "--set runtime=0.003 --set outtime=0.003", true),
        (
            8,
            "--set runtime=0.003 --set outtime=0.003 --set method=rkl2 --set dt=0.003",
            true,
        ),
        (
            8,
            "--set runtime=0.003 --set outtime=0.003 --set method=rkl2 --set dt=0.0001",
            false,
        ),
        // It is smooth, it has decayed, or steps are many.
        (1, "--set runtime=0.003 --set outtime=0.003", false),
        (8, "--set runtime=0.03 --set outtime=0.03", false),
        (3, "--set runtime=0.03 --set outtime=0.03", false),
        (
            8,
            "--set runtime=0.003 --set outtime=0.003 --set method=exact",
            false,
        ),
    ] {
        scene.write("p.toml", of_wave(k));
        let told = scene.succeed(&format!("plan p.toml {options}"));
        const WORDS: &str = "as steps half as long show, and with dt = ";
        assert_eq!(
            told.stderr.contains(WORDS),
            is_told,
            "{k} {options}: {told}"
        );
        if let Some((_, enough)) = told.stderr.split_once(WORDS) {
            let dt = enough.split(' ').next().unwrap();
            let told = scene.succeed(&format!("plan p.toml {options} --set dt={dt}"));
            assert!(!told.stderr.contains(WORDS), "{dt}: {told}");
        }
    }
    // A decay of which nothing is left is off by nothing.
    scene.write("p.toml", format!("{CLOSED}D = 1e-4\ndx = 0.1\ndecay = 10\ndt = 0.05\ninitial = {{ kind = 'constant', value = 1 }}\n"));
    for (end, is_told) in [(0.5, true), (5.0, false)] {
        let told = scene.succeed(&format!(
            "plan p.toml --set runtime={end} --set outtime={end}"
        ));
        assert_eq!(
            told.stderr.contains("not accurate beside the decay"),
            is_told,
            "{told}"
        );
    }
}

/// Of two causes of an error both are reported, and none that is not there.
#[test]
fn the_error_of_the_spacing_is_told_where_it_is_and_only_there() {
    let scene = Scene::new();
    const STRIP: &str = "x1 = 0\nx2 = 1\ny1 = 0\ny2 = 0.5\ngrid = 'walls'\nboundary.bottom = 'insulated'\nboundary.top = 'insulated'\n";
    let layers =
        "D = 'where(x < 0.475, 1, 0.1)'\ndx = 0.05\nmethod = 'steady'\nboundary.left = 1\n";
    let wave = "D = 1\ndecay = 60\ndx = 0.125\nruntime = 0.0033\nouttime = 0.0016\n\
                initial = { kind = 'expression', value = 'sin(5*pi*x)' }\n";
    let layer = "D = 1\ndx = 0.1\nmethod = 'steady'\nboundary.left = 1\n";
    let fin = "D = 1\ndx = 0.1\nmethod = 'steady'\nboundary.left = 1\ndecay = 100\nrecord.totals = true\n";
    let early = "D = 0.01\ndx = 0.16666665\ndt = 0.005\nruntime = 8.4\nouttime = 8.4\n\
                 boundary.left = 'insulated'\nboundary.right = 20\n\
                 record = { at = [0.2453, 0.5, 1.0], points = { q = [0.8333333333333333, 0.5] } }\n";
    for (text, steps, spacing) in [
        // Exact, wherever layers meet.
        (layers.to_owned(), false, None),
        (
            format!("{layers}[[interface]]\nwhere = 'x < 0.475'\nresistance = 0.3\n"),
            false,
            None,
        ),
        // 4.7 % and 0.9 %, by the exact solution: grids so coarse show two thirds of it.
        (wave.to_owned(), true, Some("p is off by about 3.")),
        (
            format!("{wave}dt = 1e-6\n"),
            false,
            Some("p is off by about"),
        ),
        // No grid that is compared has other nodes beside the wall.
        (
            format!("{layer}decay = 1e5\n"),
            false,
            Some("beside boundary.left: k dx²/D is 1000.00"),
        ),
        (format!("{layer}decay = 1\n"), false, None),
        (
            layer.replace("left = 1", "left = 0") + "decay = 1e5\n",
            false,
            None,
        ),
        // What comes in through a wall is off by 11.8 % and 3.1 %, while p is off by less.
        (
            fin.to_owned(),
            false,
            Some("left_rate is off by about 12 %"),
        ),
        (
            fin.replace("dx = 0.1", "dx = 0.05"),
            false,
            Some("left_rate is off by about 3."),
        ),
        (fin.replace("dx = 0.1", "dx = 0.01"), false, None),
        // A row between snapshots has 1.62 for 0.35, which is 6.4 % of a range of 20.
        (early.to_owned(), false, Some("q is off by about 5.")),
    ] {
        scene.write("p.toml", format!("{STRIP}{text}"));
        let told = scene.succeed("plan p.toml").stderr;
        assert_eq!(told.contains("not accurate"), steps, "{told}{text}");
        assert_eq!(
            told.contains("the spacing is coarse"),
            spacing.is_some(),
            "{told}{text}"
        );
        assert!(told.contains(spacing.unwrap_or_default()), "{told}{text}");
    }
    // So many steps that other grids take too long.
    scene.write(
        "p.toml",
        format!("{STRIP}D = 1\ndx = 0.005\nruntime = 10\nouttime = 10\n"),
    );
    let told = scene.run("run p.toml -o c.npy --max-walltime 0.1s");
    assert!(
        told.stderr.contains("the spacing makes is not estimated"),
        "{told}"
    );
}

/// Each step is halved, however short, and rows of a record are looked at as snapshots are: the share of the range in
/// per cent that a run is off by, by independent solutions.
#[test]
fn short_intervals_and_rows_are_looked_at_too() {
    const CORNER: &str = "D = 1\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nmethod = 'rkl2'\n\
        boundary = { left = 0, right = 'insulated', bottom = 'insulated', top = 20 }\n\
        initial = { kind = 'constant', value = 0 }\n";
    const SLAB: &str = "D = 1\nx1 = 0\nx2 = 1\ny1 = 0\ny2 = 0.2\ndx = 0.05\ndy = 0.1\ngrid = 'walls'\n\
        boundary = { left = 0, right = 'insulated', bottom = 'insulated', top = 'insulated' }\n\
        initial = { kind = 'constant', value = 1 }\nruntime = 2\nouttime = 2\n";
    let scene = Scene::new();
    for (keys, off) in [
        (format!("{CORNER}dt = 0.5\nouttimes = [0.24, 10]\n"), 42.0),
        (format!("{CORNER}dt = 0.5\nouttimes = [0.26, 10]\n"), 42.4),
        (
            format!("{CORNER}dt = 0.05\nouttimes = [0.024, 0.048, 1]\n"),
            24.5,
        ),
        (
            format!(
                "{SLAB}method = 'rkl2'\ndt = 0.05\nrecord = {{ every = 0.01, points = {{ a = [0.1, 0.1] }} }}\n"
            ),
            30.6,
        ),
        // The range of p is that of a part into which nothing comes, and what leaves the other part is the largest rate.
        (
            SLAB.replace("D = 1\n", "D = 'where(x < 0.48, 1, 1e-9)'\n")
                .replace("value = 1 }", "value = 'where(x < 0.48, 1, 1000)' }")
                .replace("constant", "expression")
                + "method = 'rkl2'\ndt = 0.01\nrecord = { every = 0.05, totals = true }\n",
            25.2,
        ),
        // Nothing has come there yet.
        (
            format!("{SLAB}record = {{ at = [0.002, 0.004], points = {{ b = [1.0, 0.1] }} }}\n"),
            0.0,
        ),
    ] {
        scene.write("p.toml", &keys);
        let told = scene.succeed("plan p.toml").stderr;
        let share = told
            .split(" is off by about ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        match share {
            Some(share) => {
                let share: f64 = share.parse().unwrap();
                assert!(share > 0.7 * off && share < 1.4 * off, "{keys}{told}");
            }
            None => assert!(off == 0.0, "{keys}{told}"),
        }
    }
}

/// A stable step is not an accurate one: insulated, p = exp(-10 t).
#[test]
fn steps_are_short_beside_a_decay() {
    const FAST: &str = "D = 1e-4\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 0.5\nouttime = 0.5\n\
        decay = 10\nboundary = 'insulated'\ninitial = {kind = 'constant', value = 1}\n";
    let scene = Scene::new();
    scene.write("p.toml", FAST);
    let json = |options: &str| -> serde_json::Value {
        let told = scene.succeed(&format!("plan p.toml --json {options}"));
        serde_json::from_str(&told.stdout).unwrap()
    };
    for (options, dt, by) in [
        ("", 0.002, "decay"),
        ("--set D=0", 0.002, "decay"),
        ("--set decay=4+6*x --set capacity=0.5", 0.001, "decay"),
        // The fastest is masked.
        (
            "--set decay=10+1e3*(x>0.95) --set mask.where=x>0.95",
            0.002,
            "decay",
        ),
        ("--set D=1", 1.0 / 410.0, "decay"),
        ("--set D=2", 1.0 / 810.0, "stability"),
        ("--set safety=0.5", 0.5 / 10.04, "safety"),
        ("--set dt=0.01", 0.01, "dt"),
        ("--set method=rkl2 --set stages=3", 2.5 / 10.04, "stages"),
    ] {
        let plan = json(options);
        let got = plan["dt"].as_f64().unwrap();
        let dt = if options.ends_with("D=1") { 0.002 } else { dt };
        assert!((got / dt - 1.0).abs() < 1e-12, "{options}: {got}");
        assert_eq!(plan["dt_by"], by, "{options}");
        let text = scene.succeed(&format!("plan p.toml {options}"));
        let is_told = text
            .stdout
            .contains("of the stability limit: 0.02 c/k, so that the decay is accurate");
        assert_eq!(is_told, by == "decay", "{text}");
        // A resume derives the same step, and `safety = 1` is the old one.
        scene.succeed(&format!("run p.toml {options} -o c.npy --force"));
        let journal = scene.text("c.journal");
        let head: serde_json::Value =
            serde_json::from_str(journal.lines().next().unwrap()).unwrap();
        let stages = by == "stages";
        assert_eq!(plan["stages"], if stages { 3 } else { 1 }, "{options}");
        assert_eq!(head.get("stages"), stages.then_some(&plan["stages"]));
        scene.succeed(&format!("run p.toml {options} -o c.npy --resume"));
        scene.succeed("verify c.npy");
    }
    scene.succeed("run p.toml -o c.npy --force");
    let journal = scene.text("c.journal");
    assert!(!journal.contains("safety"), "{journal}");
    let told = scene.run("run p.toml -o c.npy --resume --set safety=1");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("dt was 0.002 and is 0.0996"), "{told}");
    let info = scene.succeed("stats c.npy --select -1 --json");
    let mean = serde_json::from_str::<serde_json::Value>(&info.stdout).unwrap()["mean"]
        .as_f64()
        .unwrap();
    assert!((mean - (-5_f64).exp()).abs() < 4e-4, "{mean}");
    for (options, words) in [
        (
            "--set dt=0.05",
            "k dt/c is 0.500 in one, and 0.02 with dt = 0.002",
        ),
        (
            "--set safety=1",
            "k dt/c is 0.996 in one, and 0.02 with dt = 0.002",
        ),
        (
            "--set method=rkl2 --set dt=0.1",
            "k dt/c is 1.000 in one, and 0.1 with dt = 0.01",
        ),
        (
            "--set method=rkl2 --set stages=3",
            "k dt/c is 2.490 in one, and 0.1 with dt = 0.01",
        ),
        ("--set dt=0.01", ""),
        ("--set dt=0.05 --set outtime=0.005", "one step"),
        ("", ""),
    ] {
        let told = scene.succeed(&format!("plan p.toml {options}"));
        let is_told = told.stderr.contains("not accurate beside the decay");
        assert_eq!(is_told, words.contains("k dt/c"), "{options}: {told}");
        assert!(
            words == "one step" || told.stderr.contains(words),
            "{options}: {told}"
        );
    }
}
