//! `c ∂p/∂t = ∇·(D ∇p) + S - k p`: capacity and decay, and pictures as materials.

use crate::common::{Scene, data_of};
use diff2d::{Field, Problem, comm::Solo};
use std::f64::consts::PI;

/// The state after so many steps; all of them without a number.
fn state(problem: &Problem, steps: Option<u64>) -> Vec<f64> {
    let mut solver = problem.solver::<f64>().unwrap();
    let steps = steps.unwrap_or(problem.schedule.last_step());
    solver.advance(steps, &Solo).unwrap();
    solver.into_state().as_slice().to_vec()
}

fn problem(text: &str) -> Problem {
    text.parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f64::max)
}

/// Two layers that meet at x = 0, half way between two nodes, insulated at both sides: so many cells from -1 to 1, of
/// height 0.1, and the conductivities and capacities of both.
fn layers(cells: u32, conductivities: [f64; 2], capacities: [f64; 2], more: &str) -> String {
    let [k1, k2] = conductivities;
    let [c1, c2] = capacities;
    format!(
        "D = 'where(x < 0, {k1:?}, {k2:?})'\ncapacity = 'where(x < 0, {c1:?}, {c2:?})'\n\
         grid = 'walls'\nx1 = -1\nx2 = 1\ny1 = 0\ny2 = 0.1\ndx = {:?}\ndy = 0.05\n{more}\n",
        2.0 / (f64::from(cells) + 0.25)
    )
}

const INSULATED: &str = "bottom = { flux = 0 }\ntop = { flux = 0 }\n";

/// The value where two layers meet, from those of the nodes beside: what leaves one enters the other.
fn at_contact(row: &[f64], [k1, k2]: [f64; 2]) -> f64 {
    let (left, right) = (row[row.len() / 2 - 1], row[row.len() / 2]);
    (k1 * left + k2 * right) / (k1 + k2)
}

#[test]
fn two_layers_in_steady_state_meet_at_1_over_1_1() {
    let conductivities = [1.0, 0.1];
    let text = layers(
        11,
        conductivities,
        [1.0, 0.01],
        &format!(
            "method = 'rkl2'\nstages = 31\nruntime = 20\nouttime = 20\n\
             initial = {{ kind = 'constant', value = 0.3 }}\n[boundary]\nleft = 1\nright = 0\n{INSULATED}"
        ),
    );
    let problem = problem(&text);
    let state = state(&problem, None);
    let found = at_contact(&state[..problem.grid.x.nodes], conductivities);
    assert!((found - 1.0 / 1.1).abs() < 1e-9, "{found}");
}

#[test]
fn two_half_spaces_in_contact_meet_by_their_effusivities() {
    let (conductivities, capacities) = ([1.0, 0.1], [1.0, 0.01]);
    let [e1, e2] = [0, 1].map(|side| f64::sqrt(conductivities[side] * capacities[side]));
    let exact: f64 = e1 / (e1 + e2);
    assert!((exact - 0.96935).abs() < 5e-6);
    let errors = [51, 101, 201].map(|cells| {
        let text = layers(
            cells,
            conductivities,
            capacities,
            &format!(
                "runtime = 1e-3\nouttime = 1e-3\n\
                 initial = {{ kind = 'expression', value = 'x < 0' }}\n[boundary]\n\
                 left = {{ flux = 0 }}\nright = {{ flux = 0 }}\n{INSULATED}"
            ),
        );
        let problem = problem(&text);
        let time = problem.schedule.end();
        let row = &state(&problem, None)[..problem.grid.x.nodes];
        let profile = |(i, p): (usize, &f64)| {
            let x = problem.grid.x.node(i);
            let part = |d: f64| libm::erf(x.abs() / (2.0 * f64::sqrt(d * time)));
            let expected = match x < 0.0 {
                true => exact + (1.0 - exact) * part(1.0),
                false => exact * (1.0 - part(10.0)),
            };
            (p - expected).abs()
        };
        let error = row.iter().enumerate().map(profile).fold(0.0, f64::max);
        [(at_contact(row, conductivities) - exact).abs(), error]
    });
    println!("errors at the contact and of the profile {errors:?}");
    assert!(errors[2][0] < 1e-12, "{errors:?}");
    let orders = [0, 1].map(|k| (errors[k][1] / errors[k + 1][1]).log2());
    assert!(orders.iter().all(|&order| order > 1.9), "{orders:?}");
}

const SQUARE: &str = "x1 = 0\nx2 = 1\ngrid = 'walls'\ntimes = 'course'\n";

#[test]
fn a_node_changes_by_its_own_capacity_and_not_by_that_of_a_neighbour() {
    let text = format!(
        "{SQUARE}D = 1\ndx = 0.24\ncapacity = '1 + 3*x + y'\ndt = 1e-3\nruntime = 1.5e-3\nouttime = 1e-3\n\
         initial = {{ kind = 'expression', value = 'sin(7*x + 3*y)' }}\n"
    );
    let problem = problem(&text);
    let [before, after] = [0, 1].map(|steps| state(&problem, Some(steps)));
    let nx = problem.grid.x.nodes;
    for (j, i) in (1..nx - 1).flat_map(|j| (1..nx - 1).map(move |i| (j, i))) {
        let p = |j: usize, i: usize| before[j * nx + i];
        let around = p(j - 1, i) + p(j + 1, i) + p(j, i - 1) + p(j, i + 1);
        let h = problem.grid.x.spacing;
        let capacity = 1.0 + 3.0 * problem.grid.x.node(i) + problem.grid.y.node(j);
        let change = 1e-3 * (around - 4.0 * p(j, i)) / (h * h) / capacity;
        let found = after[j * nx + i] - p(j, i);
        assert!((found - change).abs() < 1e-15, "{found} and {change}");
    }
}

#[test]
fn the_rate_is_divided_by_the_capacity_and_not_the_flux() {
    // What leaves a node enters the next: c p is conserved. Walls have the true D.
    let text = format!(
        "{SQUARE}D = '1 + x'\ndx = 0.0499\ncapacity = '1 + 0.9*sin(9*x)*cos(5*y)'\nruntime = 0.2\nouttime = 0.1\n\
         initial = {{ kind = 'gaussian', sigma = 0.1, x0 = 0.3 }}\n\
         [boundary]\nleft = {{ flux = 0.5 }}\nright = {{ flux = -0.5 }}\n{INSULATED}"
    );
    for text in [
        text.clone(),
        text.replace("'1 + 0.9*sin(9*x)*cos(5*y)'", "0.7"),
    ] {
        let problem = problem(&text);
        let mass = |steps: u64| {
            let mut field = Field::zeros(problem.grid.shape()).unwrap();
            field
                .as_mut_slice()
                .copy_from_slice(&state(&problem, Some(steps)));
            problem.summary(&field).unwrap().mass
        };
        let (start, end) = (mass(0), mass(problem.schedule.last_step()));
        assert!(
            (end - start).abs() < 1e-13 * start.abs().max(1.0),
            "{start} and {end}"
        );
    }
}

#[test]
fn decay_takes_the_value_at_the_beginning_of_a_step() {
    let (k, time) = (2.0, 0.5);
    let error = |steps: i32| {
        let dt = time / f64::from(steps);
        let text = format!(
            "{SQUARE}D = 1\ndx = 0.2\ndecay = {k}\ndt = {dt:?}\nruntime = {:?}\nouttime = {:?}\n\
             initial = {{ kind = 'constant', value = 1 }}\n[boundary]\n\
             left = {{ flux = 0 }}\nright = {{ flux = 0 }}\n{INSULATED}",
            time + dt / 2.0,
            time + dt / 4.0
        );
        let end = state(&problem(&text), None);
        let factor = (1.0 - dt * k).powi(steps);
        assert!(
            largest_difference(&end, &vec![factor; end.len()]) < 1e-14,
            "{}",
            end[0]
        );
        (end[0] - f64::exp(-k * time)).abs()
    };
    let errors = [100, 200, 400].map(error);
    let ratios = [errors[0] / errors[1], errors[1] / errors[2]];
    assert!(
        ratios.iter().all(|ratio| (1.95..2.05).contains(ratio)),
        "{ratios:?}"
    );
}

/// The factor of a step of `rkl2` in `s` stages for a mode with the increment `z`.
fn rkl2_factor(s: f64, z: f64) -> f64 {
    let reach = s * s + s - 2.0;
    let at = 1.0 + 4.0 / reach * z;
    let (mut before, mut legendre, mut k) = (1.0, at, 2.0);
    while k <= s {
        let next = ((2.0 * k - 1.0) * at * legendre - (k - 1.0) * before) / k;
        (before, legendre, k) = (legendre, next, k + 1.0);
    }
    let b = reach / (2.0 * s * (s + 1.0));
    1.0 - b + b * legendre
}

#[test]
fn fundamental_modes_decay_by_their_factors_with_capacity_and_decay() {
    let (dx, dy, cells, capacity, decay) = (0.9, 0.4, 16.0, 2.5, 7.0);
    let (fixed, insulated, periodic) = ("0", "{ flux = 0 }", "'periodic'");
    for (wall, wave, turns) in [
        (fixed, "sin(pi*@)", 0.5),
        (insulated, "cos(pi*@)", 0.5),
        (periodic, "cos(2*pi*@)", 1.0),
    ] {
        let sine = (PI * turns / cells).sin();
        let rate = (4.0 * (dx + dy) * (cells * sine).powi(2) + decay) / capacity;
        for (capacity, method) in [
            ("2.5", ""),
            ("'2.5 + 0*x'", ""),
            ("2.5", "method = 'rkl2'\nstages = 7\n"),
            ("'2.5 + 0*x'", "method = 'rkl2'\nstages = 7\n"),
        ] {
            let value = format!("{}*{}", wave.replace('@', "x"), wave.replace('@', "y"));
            let problem = problem(&format!(
                "{SQUARE}Dx = {dx}\nDy = {dy}\ndx = {:?}\ncapacity = {capacity}\ndecay = {decay}\n{method}\
                 runtime = 0.1\nouttime = 0.1\ninitial = {{ kind = 'expression', value = '{value}' }}\n\
                 [boundary]\nleft = {wall}\nright = {wall}\nbottom = {wall}\ntop = {wall}\n",
                1.0 / (cells + 0.25),
            ));
            let steps = problem.schedule.last_step();
            let z = -problem.schedule.dt * rate;
            let of_step = match method {
                "" => 1.0 + z,
                _ => rkl2_factor(7.0, z),
            };
            let factor = of_step.powi(i32::try_from(steps).unwrap());
            let start: Vec<f64> = state(&problem, Some(0))
                .iter()
                .map(|p| p * factor)
                .collect();
            let error = largest_difference(&state(&problem, None), &start);
            assert!(
                error < 1e-12,
                "{error:e} after {steps}: {wall}, {capacity}, {method}"
            );
        }
    }
}

#[test]
fn the_limit_counts_capacity_and_decay() {
    let limit = |more: &str| {
        problem(&format!(
            "{SQUARE}D = 1.3\ndx = 0.1\nruntime = 1\nouttime = 1\n{more}"
        ))
        .limit()
    };
    let seed = limit("");
    let h = 1.0 / 10.0;
    assert_eq!(seed, 0.25 * h * h / 1.3);
    for same in [
        "capacity = 1",
        "capacity = 1.0\ndecay = 0.0",
        "capacity = '2/2'",
    ] {
        assert_eq!(limit(same), seed, "{same}");
    }
    let inside = 4.0 * 1.3 / (h * h);
    for (more, expected) in [
        ("capacity = 0.02", 0.02 / inside),
        ("decay = 300", 1.0 / (inside + 300.0)),
        ("capacity = 3\ndecay = 30", 3.0 / (inside + 30.0)),
        ("capacity = '1 + x'", 1.1 / inside),
        ("decay = '100*x'", 1.0 / (inside + 90.0)),
        // The least is not where either is the least.
        ("capacity = '1 + 9*x'\ndecay = '1e4*x**2'", f64::NAN),
    ] {
        let expected = match expected.is_nan() {
            false => expected,
            true => (1..10).fold(f64::INFINITY, |least: f64, i| {
                let x = f64::from(i) * h;
                least.min((1.0 + 9.0 * x) / (inside + 1e4 * x * x))
            }),
        };
        let found = limit(more);
        assert!(
            (found / expected - 1.0).abs() < 1e-12,
            "{more}: {found} and {expected}"
        );
    }

    // Above it is refused with both numbers.
    let text = format!(
        "{SQUARE}D = 1.3\ndx = 0.1\nruntime = 1\nouttime = 1\ndecay = 300\ndt = {seed:?}\n"
    );
    let error = text.parse::<Problem>().unwrap_err().to_string();
    let told = [seed, limit("decay = 300")].map(|number| error.contains(&format!("{number:?}")));
    assert_eq!(told, [true; 2], "{error}");
}

#[test]
fn a_capacity_of_1_and_no_decay_change_no_bit() {
    for walls in [
        "left = 1\n",
        "left = { flux = 0.3 }\nright = { robin = [1, 0.5, 2] }\nbottom = 'periodic'\ntop = 'periodic'\n",
    ] {
        for material in [
            "D = 0.7\n",
            "D = 0.7\nsource = 'x + t'\n",
            "Dx = 0.7\nDy = 0.3\n",
            "D = '1 + x*y'\nsource = 0.4\n",
            "D = 0.7\nmethod = 'rkl2'\nstages = 5\n",
        ] {
            let end = |more: &str| {
                state(
                    &problem(&format!(
                        "{SQUARE}dx = 0.09\nruntime = 0.2\nouttime = 0.1\n{material}{more}[boundary]\n{walls}"
                    )),
                    None,
                )
            };
            let expected = end("");
            assert!(
                end("capacity = 1.0\ndecay = 0\n") == expected,
                "{material}{walls}"
            );
        }
    }
}

fn run_text(more: &str) -> String {
    format!(
        "{SQUARE}dx = 0.0499\nruntime = 0.02\nouttime = 0.005\n{more}\n\
         initial = {{ kind = 'gaussian', sigma = 0.2 }}\n[boundary]\nleft = 1\nright = {{ flux = 0.2 }}\n"
    )
}

const MATERIAL: &str =
    "D = '1 + x'\ncapacity = '1 + 0.5*sin(9*x)*y'\ndecay = '3*y'\nsource = 'x + t'";

#[test]
fn the_mass_of_a_snapshot_is_that_of_c_p() {
    let scene = Scene::new();
    for (more, capacity) in [
        ("", None),
        ("precision = 'f32'\n", None),
        ("capacity = 2.5\n", Some(2.5)),
    ] {
        let material = match capacity {
            None => format!("{more}{MATERIAL}"),
            Some(_) => format!("{more}D = 1"),
        };
        scene.write("p.toml", run_text(&material));
        scene.succeed("run p.toml -o c.npy --force");
        let cube = diff2d::Cube::open(&scene.path("c.npy")).unwrap();
        let (y, x) = cube.nodes().unwrap();
        let half = |i: usize, n: usize| if i == 0 || i + 1 == n { 0.5 } else { 1.0 };
        for (k, record) in cube.commits().iter().enumerate() {
            let p = cube.snapshot(k as u64).unwrap();
            let sum: f64 = p
                .indexed_iter()
                .map(|((j, i), p)| {
                    let c = capacity.unwrap_or(1.0 + 0.5 * (9.0 * x[i]).sin() * y[j]);
                    half(j, y.len()) * half(i, x.len()) * c * p
                })
                .sum();
            let mass = sum * (x[1] - x[0]) * (y[1] - y[0]);
            assert!(
                (record.mass - mass).abs() < 1e-13,
                "{} and {mass}",
                record.mass
            );
        }
    }
}

#[test]
fn other_coefficients_are_not_resumed_and_damage_is_repaired() {
    let scene = Scene::new();
    scene.write("p.toml", run_text(MATERIAL).replace("0.0499", "0.00999"));
    scene.succeed("run p.toml -o a.npy --threads 1");
    let expected = scene.cube_and_journal("a");
    let cut: String = scene
        .text("a.journal")
        .split_inclusive('\n')
        .take(3)
        .collect();
    for key in ["capacity=1", "decay=0.1"] {
        scene.write("a.journal", &cut);
        let told = scene.run(&format!("run p.toml -o a.npy --resume --set {key}"));
        assert_eq!(told.code, Some(2), "{told}");
        assert!(
            told.stderr.contains(key.split('=').next().unwrap()),
            "{told}"
        );
    }
    // Damage is repaired to the same bytes and the same mass.
    scene.succeed("run p.toml -o a.npy --resume");
    let mut bytes = scene.read("a.npy");
    let end = bytes.len();
    bytes[end - 5000] ^= 1;
    scene.write("a.npy", bytes);
    assert_eq!(scene.run("verify a.npy").code, Some(3));
    scene.succeed("repair a.npy");
    assert!(scene.cube_and_journal("a") == expected);
}

/// Writes a picture of 9 × 7 pixels, and what an initial state of it is on the grid as an array.
fn picture(scene: &Scene, colours: png::ColorType) {
    let file = std::fs::File::create(scene.path("u.png")).unwrap();
    let mut encoder = png::Encoder::new(file, 9, 7);
    encoder.set_color(colours);
    let count = 63 * colours.samples() as u32;
    let bytes: Vec<u8> = (0..count).map(|at| (at * 37 % 251) as u8).collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&bytes).unwrap();
    drop(writer);
    scene.write(
        "sampled.toml",
        format!(
            "{SQUARE}D = 1\ndx = 0.0499\nruntime = 0\nouttime = 0\n\
             initial = {{ kind = 'image', path = 'u.png', alpha = 'white', range = [0.5, 2] }}\n\
             boundary = {{ left = {{ flux = 0 }}, right = {{ flux = 0 }}, bottom = {{ flux = 0 }}, top = {{ flux = 0 }} }}\n"
        ),
    );
    scene.succeed("run sampled.toml -o sampled.npy --force");
    let cube = scene.read("sampled.npy");
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (21, 21), }";
    let mut array = b"\x93NUMPY\x01\x00".to_vec();
    array.extend((header.len() as u16).to_le_bytes());
    array.extend(header.as_bytes());
    array.extend(data_of(&cube));
    scene.write("u.npy", array);
}

#[test]
fn pictures_are_materials_as_they_are_initial_states() {
    let scene = Scene::new();
    for colours in [png::ColorType::Grayscale, png::ColorType::Rgba] {
        picture(&scene, colours);
        for key in ["D", "Dx", "Dy", "capacity", "decay", "source"] {
            let d = if key == "D" { "" } else { "D = 1\n" };
            for (name, value) in [
                ("f", "{ file = 'u.npy' }"),
                (
                    "i",
                    "{ image = 'u.png', alpha = 'white', range = [0.5, 2] }",
                ),
            ] {
                scene.write(
                    &format!("{name}.toml"),
                    run_text(&format!("{d}{key} = {value}")),
                );
                scene.succeed(&format!("run {name}.toml -o {name}.npy --force"));
            }
            assert!(
                data_of(&scene.read("f.npy")) == data_of(&scene.read("i.npy")),
                "{key} {colours:?}"
            );
            let told = scene.succeed("info i.npy --json").stdout;
            assert!(told.contains("/u.png\":\""), "{told}");
        }
    }
}

#[test]
fn the_pixels_of_pictures_count_as_memory_once() {
    let scene = Scene::new();
    picture(&scene, png::ColorType::Rgba);
    let memory = |text: &str| {
        scene.write("p.toml", run_text(text));
        let told = scene.succeed("plan p.toml --json").stdout;
        let plan: serde_json::Value = serde_json::from_str(&told).unwrap();
        plan["memory_bytes"].as_u64().unwrap()
    };
    let of_picture = "{ image = 'u.png', alpha = 'white', range = [1, 2] }";
    let (nodes, pixels) = (21 * 21 * 8, 7 * 9 * 4);
    let alone = memory("D = 1");
    let rates = memory(&format!("D = 1\ncapacity = {of_picture}"));
    assert_eq!(rates - alone, nodes + pixels);
    let both = memory(&format!(
        "D = 1\ncapacity = {of_picture}\ndecay = {of_picture}"
    ));
    assert_eq!(both - alone, 2 * nodes + pixels);
    // A mask gives the pixels back.
    let masked = memory("D = 1\nmask = { image = 'u.png', alpha = 'white', below = -1 }");
    assert_eq!(masked, memory("D = 1\nmask = { where = 'x > 99' }"));
    let formula = memory("D = 1\ncapacity = '1 + x'");
    assert_eq!(formula - alone, nodes);
    assert_eq!(memory("D = 1\ncapacity = 3\ndecay = 2"), alone);
}

#[test]
fn a_picture_that_has_changed_is_not_resumed() {
    let scene = Scene::new();
    picture(&scene, png::ColorType::Grayscale);
    scene.write(
        "p.toml",
        run_text("D = 1\ncapacity = { image = 'u.png', alpha = 'white', range = [1, 2] }"),
    );
    scene.succeed("run p.toml -o c.npy");
    let expected = scene.cube_and_journal("c");
    let cut: String = scene
        .text("c.journal")
        .split_inclusive('\n')
        .take(3)
        .collect();
    scene.write("c.journal", &cut);
    // The same pixels under another name.
    scene.write("v.png", scene.read("u.png"));
    let other = run_text("D = 1\ncapacity = { image = 'v.png', alpha = 'white', range = [1, 2] }");
    scene.write("q.toml", other);
    scene.succeed("run q.toml -o c.npy --resume");
    assert!(data_of(&scene.read("c.npy")) == data_of(&expected.0));
    scene.write("c.journal", &cut);
    picture(&scene, png::ColorType::Rgba);
    let told = scene.run("run p.toml -o c.npy --resume");
    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.stderr.contains("capacity"), "{told}");
}

#[test]
fn values_out_of_range_are_refused_with_their_place() {
    let scene = Scene::new();
    picture(&scene, png::ColorType::Grayscale);
    for (more, sentence) in [
        (
            "capacity = 0",
            "p.toml:9: capacity = 0 cannot be used: capacity must be greater than 0",
        ),
        ("capacity = -1", "capacity must be greater than 0"),
        (
            "decay = -1e-9",
            "p.toml:9: decay = -1e-9 cannot be used: decay must be 0 or greater",
        ),
        (
            "capacity = 'x'",
            "it is 0.0 at x = 0.0, y = 0.0; it must be a finite number greater than 0",
        ),
        (
            "decay = 'x - 0.5'",
            "it is -0.5 at x = 0.0, y = 0.0; it must be a finite number, 0 or greater,",
        ),
        ("capacity = 't'", "there is no 't' here, only x, y"),
        (
            "capacity = { image = 'u.png', alpha = 'white', range = [-1, 0] }",
            " at x = ",
        ),
        (
            "capacity = { image = 'u.png', alpha = 'white' }",
            "it is 0.0 at x = ",
        ),
        (
            "decay = { image = 'u.png', alpha = 'white', range = [0, -1] }",
            " at x = ",
        ),
        (
            "Dx = { image = 'u.png', alpha = 'white', range = [-1, 1] }",
            " at x = ",
        ),
        (
            "source = { image = 'u.png', alpha = 'white', range = [0] }",
            "source.range must be two finite numbers, [black, white]",
        ),
        (
            "source = { image = 'none.png', range = [0, 1] }",
            "none.png",
        ),
        (
            "capacity = { image = 'u.png', alpha = 'white', rang = [0, 1] }",
            "p.toml:9: there is no parameter capacity.rang (= …), did you mean range?",
        ),
        ("capacity = '1 + x*x'\nmethod = 'exact'", "capacity"),
        ("decay = '1 + x'\nmethod = 'exact'", "decay"),
    ] {
        scene.write("p.toml", run_text(&format!("D = 1\n{more}")));
        let told = scene.run("run p.toml -o c.npy");
        let code = if more.contains("none") { 1 } else { 2 };
        assert_eq!(told.code, Some(code), "{more}\n{told}");
        assert!(told.stderr.contains(sentence), "{more}\n{told}");
        assert!(!scene.exists("c.npy"));
    }
}

#[test]
fn a_sweep_over_capacity_and_decay_has_the_bits_of_its_scenarios() {
    let scene = Scene::new();
    scene.write("p.toml", run_text("D = 1\ndt = 1e-4"));
    scene.write(
        "s.toml",
        "params = 'p.toml'\ncapacity = [1, 2, '1 + x']\ndecay = { from = 0, to = 4, count = 2 }\n",
    );
    scene.succeed("sweep s.toml -o s.npy");
    let whole = scene.read("s.npy");
    let parts = data_of(&whole);
    let part = parts.len() / 6;
    for (number, capacity) in ["1", "2", "'1 + x'"].into_iter().enumerate() {
        for (of, decay) in ["0.0", "4.0"].into_iter().enumerate() {
            scene.write(
                "q.toml",
                run_text(&format!(
                    "D = 1\ndt = 1e-4\ncapacity = {capacity}\ndecay = {decay}"
                )),
            );
            scene.succeed("run q.toml -o q.npy --force");
            let at = (2 * number + of) * part;
            assert!(
                data_of(&scene.read("q.npy")) == &parts[at..at + part],
                "{capacity} {decay}"
            );
        }
    }
}
