//! Contact resistances: layers in series, the eigenvalues of two slabs, the formula of a step, conservation, and what is refused.

use crate::common::Scene;
use diff2d::{Cube, Problem, Run};
use ndarray::Array2;

/// The last state of a run.
fn last_state(text: &str) -> (Problem, Array2<f64>) {
    let scene = Scene::new();
    let problem: Problem = text
        .parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    Run::new(&problem)
        .output(scene.path("c.npy"))
        .start()
        .unwrap();
    let cube = Cube::open(&scene.path("c.npy")).unwrap();
    let state = cube.snapshot(problem.schedule.snapshots() - 1).unwrap();
    (problem, state)
}

/// A strip from 0 to 1 along x, insulated along its sides and so wide that the stability limit is that of x alone; `more` ends with
/// tables, if it has any.
fn strip(more: &str) -> String {
    format!(
        "x1 = 0\nx2 = 1\ny1 = 0\ny2 = 20\ndy = 9.99\ngrid = 'walls'\nboundary.bottom = 'insulated'\nboundary.top = 'insulated'\n{more}"
    )
}

/// Layers of a thickness and a D, with a resistance behind each but the last, steady between 1 and 0: `[x, p]` at both
/// ends of each layer, where the flux is `1/(Σ thickness/D + Σ R)`.
fn ends_of_layers(layers: &[[f64; 3]]) -> Vec<[[f64; 2]; 2]> {
    let total: f64 = layers
        .iter()
        .map(|[thickness, d, behind]| thickness / d + behind)
        .sum();
    let (mut x, mut p) = (0.0, 1.0);
    let layers = layers.iter().map(|[thickness, d, behind]| {
        let start = [x, p];
        (x, p) = (x + thickness, p - thickness / d / total);
        let end = [x, p];
        p -= behind / total;
        [start, end]
    });
    layers.collect()
}

#[test]
fn two_and_three_layers_in_series_have_the_steady_state_of_their_resistances() {
    let two = strip(
        "D = 'where(x < 0.31, 2, 0.5)'\ndx = 0.0499\nmethod = 'steady'\ntolerance = 1e-15\nboundary.left = 1\n\
         [[interface]]\nwhere = 'x < 0.31'\nresistance = 0.3\n",
    );
    let three = strip(
        "D = 'where(x < 0.31, 2, where(x < 0.71, 0.5, 3))'\ndx = 0.0499\nmethod = 'steady'\ntolerance = 1e-15\nboundary.left = 1\n\
         [[interface]]\nwhere = 'x < 0.31'\nresistance = '0.3 + 0*y'\n\
         [[interface]]\nwhere = 'x > 0.71'\nresistance = '2*x'\n",
    );
    // The second resistance is taken in the middle of its face, at 0.725.
    for (text, layers) in [
        (two, vec![[0.31, 2.0, 0.3], [0.69, 0.5, 0.0]]),
        (
            three,
            vec![[0.31, 2.0, 0.3], [0.4, 0.5, 1.45], [0.29, 3.0, 0.0]],
        ),
    ] {
        let (problem, state) = last_state(&text);
        let layers = ends_of_layers(&layers);
        for ((_, i), value) in state.indexed_iter() {
            let x = problem.grid.x.node(i);
            let layer = layers.iter().find(|[_, end]| x <= end[0] + 1e-9).unwrap();
            let [[x0, p0], [x1, p1]] = layer;
            let expected = p0 + (p1 - p0) * (x - x0) / (x1 - x0);
            assert!(
                (value - expected).abs() < 1e-12,
                "{x}: {value}, {expected}\n{text}"
            );
        }
    }
}

#[test]
fn shells_around_an_axis_have_the_flow_of_their_faces_in_series() {
    let text = "D = 1\ncoordinates = 'axisymmetric'\nx1 = 1\nx2 = 2\ndx = 0.0999\ny1 = 0\ny2 = 0.2\ngrid = 'walls'\nmethod = 'steady'\n\
         tolerance = 1e-15\nboundary = { left = 1, right = 0, bottom = 'insulated', top = 'insulated' }\n\
         [[interface]]\nwhere = 'x < 1.51'\nresistance = 0.7\n";
    let (problem, state) = last_state(text);
    let spacing = problem.grid.x.spacing;
    let resistances: Vec<f64> = (0..10)
        .map(|face| {
            let radius = 1.0 + (f64::from(face) + 0.5) * spacing;
            let contact = if face == 5 { 0.7 } else { 0.0 };
            (spacing + contact) / radius
        })
        .collect();
    let total: f64 = resistances.iter().sum();
    for ((_, i), value) in state.indexed_iter() {
        let inner: f64 = resistances[..i].iter().sum();
        assert!(
            (value - (1.0 - inner / total)).abs() < 1e-12,
            "{i}: {value}"
        );
    }
}

/// Two slabs of half the length, insulated outside, with a resistance between them.
struct Slabs {
    d: [f64; 2],
    resistance: f64,
}

impl Slabs {
    /// The wave numbers of both slabs where the state falls as `exp(-rate t)`.
    fn waves(&self, rate: f64) -> [f64; 2] {
        self.d.map(|d| (rate / d).sqrt())
    }

    /// `cos(k1 x)` on the left and `b cos(k2 (1 - x))` on the right have the same flux `q` in the middle, for this `b`; what
    /// is returned vanishes where their difference there is `R q`.
    fn mismatch(&self, rate: f64) -> f64 {
        let [k1, k2] = self.waves(rate);
        let fluxes = [
            self.d[0] * k1 * (k1 / 2.0).sin(),
            self.d[1] * k2 * (k2 / 2.0).sin(),
        ];
        let left = (k1 / 2.0).cos() - self.resistance * fluxes[0];
        left * fluxes[1] + fluxes[0] * (k2 / 2.0).cos()
    }

    /// The smallest rate above 0, by bisection.
    fn slowest_rate(&self) -> f64 {
        let mut low = 1e-3;
        while self.mismatch(low + 0.01) > 0.0 {
            low += 0.01;
        }
        let mut high = low + 0.01;
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            match self.mismatch(middle) > 0.0 {
                true => low = middle,
                false => high = middle,
            }
        }
        low
    }

    /// The largest difference from `exp(-rate t)` times the initial state at t = 0.2.
    fn error(&self, method: &str, spacing: f64) -> f64 {
        let rate = self.slowest_rate();
        let [k1, k2] = self.waves(rate);
        let b = -self.d[0] * k1 * (k1 / 2.0).sin() / (self.d[1] * k2 * (k2 / 2.0).sin());
        let text = strip(&format!(
            "D = 'where(x < 0.5, {:?}, {:?})'\ndx = {spacing}\nruntime = 0.2\nouttime = 0.2\nboundary.left = 'insulated'\nboundary.right = 'insulated'\n{method}\n\
             [initial]\nkind = 'expression'\nvalue = 'where(x < 0.5, cos({k1:?}*x), {b:?}*cos({k2:?}*(1 - x)))'\n\
             [[interface]]\nwhere = 'x < 0.5'\nresistance = {:?}\n",
            self.d[0], self.d[1], self.resistance
        ));
        let (problem, state) = last_state(&text);
        let errors = state.indexed_iter().map(|((_, i), value)| {
            let x = problem.grid.x.node(i);
            let start = match x < 0.5 {
                true => (k1 * x).cos(),
                false => b * (k2 * (1.0 - x)).cos(),
            };
            (value - start * (-rate * 0.2).exp()).abs()
        });
        errors.fold(0.0, f64::max)
    }
}

#[test]
fn two_slabs_with_a_resistance_fall_by_their_eigenvalue_with_order_two() {
    for slabs in [
        Slabs {
            d: [1.0, 1.0],
            resistance: 0.5,
        },
        Slabs {
            d: [1.0, 0.25],
            resistance: 0.4,
        },
    ] {
        // Of slabs of the same D the rate follows from k tan(k/2) = 2/R.
        if slabs.d[0] == slabs.d[1] {
            let k = slabs.slowest_rate().sqrt();
            assert!((k * (k / 2.0).tan() - 2.0 / slabs.resistance).abs() < 1e-9);
        }
        // Errors in time are of second order in the spacing, too, and of the other sign: short steps leave those in space.
        for method in ["safety = 0.1", "method = 'rkl2'\nstages = 3"] {
            // 25 and 75 cells, so that the middle lies between two nodes of both grids.
            let [coarse, fine] = [0.0399, 0.01333].map(|spacing| slabs.error(method, spacing));
            assert!(fine < 2e-4, "{method}: {fine:e}");
            let ratio = coarse / fine;
            assert!((7.5..11.0).contains(&ratio), "{method}: {ratio}");
        }
    }
}

#[test]
fn a_step_takes_the_conductance_of_distance_and_resistance_in_series() {
    let text = "D = '1 + x'\nface = 'arithmetic'\nx1 = 0\nx2 = 1\ndx = 0.0999\ny1 = 0\ny2 = 1\ndy = 0.0499\ngrid = 'walls'\ndt = 0.0002\nruntime = 0.0002\nouttime = 0.0002\n\
         initial = { kind = 'expression', value = 'sin(5*x) + y*y' }\nboundary = { left = 'insulated', right = 'insulated', bottom = 'insulated', top = 'insulated' }\n\
         [[interface]]\nwhere = 'x + y < 1.01'\nresistance = '0.1 + x*y'\n[[interface]]\nwhere = 'x < 0.31'\nresistance = 0.2\n";
    let (problem, state) = last_state(text);
    let grid = &problem.grid;
    let p = |x: f64, y: f64| (5.0 * x).sin() + y * y;
    let flux = |from: [f64; 2], to: [f64; 2]| {
        let distance = (to[0] - from[0]).abs() + (to[1] - from[1]).abs();
        let middle = [(from[0] + to[0]) / 2.0, (from[1] + to[1]) / 2.0];
        let mut resistance = distance / (1.0 + middle[0]);
        if (from[0] + from[1] < 1.01) != (to[0] + to[1] < 1.01) {
            resistance += 0.1 + middle[0] * middle[1];
        }
        if (from[0] < 0.31) != (to[0] < 0.31) {
            resistance += 0.2;
        }
        (p(to[0], to[1]) - p(from[0], from[1])) / resistance / distance
    };
    let (ny, nx) = grid.shape();
    for j in 1..ny - 1 {
        for i in 1..nx - 1 {
            let [x, y] = [grid.x.node(i), grid.y.node(j)];
            let neighbours = [
                [grid.x.node(i - 1), y],
                [grid.x.node(i + 1), y],
                [x, grid.y.node(j - 1)],
                [x, grid.y.node(j + 1)],
            ];
            let change: f64 = neighbours
                .into_iter()
                .map(|neighbour| flux([x, y], neighbour))
                .sum();
            let expected = p(x, y) + 0.0002 * change;
            assert!((state[[j, i]] - expected).abs() < 1e-13, "{j} {i}");
        }
    }
}

#[test]
fn a_resistance_of_0_changes_no_bit_and_all_faces_together_the_stability_limit() {
    let text = |more: &str| {
        format!(
            "x1 = 0\nx2 = 1\ndx = 0.0999\ngrid = 'walls'\nruntime = 0.01\nouttime = 0.01\nboundary.top = 2\n{more}\n"
        )
    };
    let (_, without) = last_state(&text("D = '1 + 0*x'"));
    let (_, with) = last_state(&text(
        "D = '1 + 0*x'\n[[interface]]\nwhere = 'x < 0.31'\nresistance = 0",
    ));
    assert!(
        without
            .iter()
            .map(|p| p.to_bits())
            .eq(with.iter().map(|p| p.to_bits()))
    );
    // Neighbours have other signs.
    let all = "D = 1\n[[interface]]\nwhere = 'cos(31.41592653589793*x)*cos(31.41592653589793*y) > 0'\nresistance = 0.3";
    let problem: Problem = text(all).parse().unwrap();
    let h: f64 = 0.1;
    let expected = h * (h + 0.3) / 4.0;
    assert!(
        (problem.limit() / expected - 1.0).abs() < 1e-12,
        "{}",
        problem.limit()
    );
}

#[test]
fn insulated_domains_with_resistances_keep_their_mass() {
    for more in [
        "",
        "method = 'rkl2'\nstages = 5",
        "coordinates = 'axisymmetric'",
        "boundary.left = 'periodic'\nboundary.right = 'periodic'",
    ] {
        let sides = match more.contains("periodic") {
            true => "",
            false => "boundary.left = 'insulated'\nboundary.right = 'insulated'\n",
        };
        let scene = Scene::new();
        let text = format!(
            "D = '1 + x*y'\ncapacity = '1 + x'\nx1 = 0\nx2 = 1\ndx = 0.0499\ngrid = 'walls'\nruntime = 0.1\nouttime = 0.1\n\
             boundary.bottom = 'insulated'\nboundary.top = 'insulated'\n{sides}{more}\n[initial]\nkind = 'expression'\nvalue = 'exp(x - y)'\n\
             [record]\nevery = 'step'\ntotals = true\n\
             [[interface]]\nwhere = 'hypot(x - 0.4, y - 0.5) < 0.3'\nresistance = '0.2 + y'\n\
             [[interface]]\nwhere = 'x + y < 1'\nresistance = 0.05\n"
        );
        let problem: Problem = text.parse().unwrap();
        Run::new(&problem)
            .output(scene.path("c.npy"))
            .start()
            .unwrap();
        let record = scene.text("c.record.csv");
        let rows: Vec<Vec<f64>> = record
            .lines()
            .skip(1)
            .map(|line| {
                line.split(',')
                    .map(|field| field.parse().unwrap())
                    .collect()
            })
            .collect();
        let (first, last) = (&rows[0], &rows[rows.len() - 1]);
        let change = (last[2] / first[2] - 1.0).abs();
        assert!(change < 1e-13, "{more}: {change:e}");
        let unexplained = last[last.len() - 1].abs();
        assert!(unexplained < 1e-12 * first[2], "{more}: {unexplained:e}");
    }
}

/// A scene with `p.toml`, a square of 11 × 11 nodes.
fn square() -> Scene {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "D = 1\nx1 = 0\nx2 = 1\ndx = 0.0999\ngrid = 'walls'\nruntime = 0.01\nouttime = 0.01\n",
    );
    scene
}

#[test]
fn what_interfaces_cannot_be_is_refused_with_the_key() {
    let scene = square();
    for (arguments, told) in [
        (
            "--set interface=[{where='x<0.5',resistance=-1}]",
            "interface",
        ),
        (
            "--set interface=[{where='x<0.5',resistance='1/(x-0.45)'}]",
            "x = 0.4, y = 0.0 and at x = 0.5, y = 0.0",
        ),
        ("--set interface=[{where='x<0.5'}]", "resistance"),
        (
            "--set interface=[{where='x<0.5',resistance=1,value=2}]",
            "value",
        ),
        ("--set interface=[{resistance=1}]", "interface.0"),
        (
            "--set interface=[{where='x<0.5',resistance=1}] --set method=exact",
            "interface",
        ),
        ("--set interface=3", "[[interface]]"),
    ] {
        let said = scene.run(&format!("run p.toml -o c.npy {arguments}"));
        assert_eq!(said.code, Some(2), "{arguments}\n{said}");
        assert!(said.stderr.contains(told), "{arguments}\n{said}");
        assert!(!scene.exists("c.npy"), "{arguments}");
    }
}

#[test]
fn plan_counts_the_faces_of_interfaces_and_warns_of_one_without_nodes() {
    let scene = square();
    let planned = |arguments: &str| {
        let told = scene.succeed(&format!("plan p.toml --json {arguments}"));
        let plan: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
        (
            plan["interface_faces"].as_u64().unwrap(),
            plan["warnings"].to_string(),
        )
    };
    assert_eq!(planned("").0, 0);
    let half = "--set interface=[{where='x<0.5',resistance=1}]";
    assert_eq!(planned(half).0, 11);
    // The first and the last face of a line are faces as any other.
    for place in ["x<0.05", "y<0.05", "x>0.95", "y>0.95"] {
        let interface = format!("--set interface=[{{where='{place}',resistance=1}}]");
        assert_eq!(planned(&interface).0, 11, "{place}");
    }
    // Beside masked nodes there are no faces, and of the two rows of a periodic pair there is one.
    assert_eq!(planned(&format!("{half} --set mask.where=y>0.75")).0, 8);
    let periodic = "--set boundary.bottom=periodic --set boundary.top=periodic";
    assert_eq!(planned(&format!("{half} {periodic}")).0, 10);
    let (count, warnings) = planned("--set interface=[{where='x>5',resistance=1}]");
    assert_eq!(count, 0);
    assert!(
        warnings.contains("interface.0 has no node inside"),
        "{warnings}"
    );
    let told = scene.succeed(&format!("plan p.toml {half}"));
    assert!(
        told.stdout.contains(", 11 faces with a resistance, "),
        "{told}"
    );
    assert!(told.stdout.contains("interface  1.0 where x<0.5"), "{told}");
}

/// p is 15 on the left of the joint and 5 on its right.
#[test]
fn a_point_on_an_interface_says_its_side() {
    let scene = Scene::new();
    let text = "D = 1\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nmethod = 'steady'\ntolerance = 1e-13\n\
                boundary = { left = 20, right = 0, bottom = 'insulated', top = 'insulated' }\n";
    let linear = "[record]\ninterpolate = 'linear'\n";
    let areas = [
        ("x < 0.5", 0.5),
        ("x <= 0.5", 0.5),
        ("x > 0.45", 0.45),
        ("hypot(x + 1, 0) < 1.43", 0.43),
        ("abs(x - 0.25) < 0.25", 0.5),
    ];
    for (area, joint) in areas {
        let interface = format!("[[interface]]\nwhere = '{area}'\nresistance = 'x > 0.2'\n");
        let point = |point: &str| {
            let text = format!("{text}{linear}points = {{ joint = {point} }}\n{interface}");
            scene.write("p.toml", text);
            scene.run("run p.toml -o c.npy --force -q")
        };
        let told = point(&format!("[{joint}, 0.5]"));
        assert_eq!(told.code, Some(2), "{told}");
        for (sign, jump) in [("<", 10.0), (">", 0.0)] {
            let side = format!("side = \"x {sign} {joint:?}\"");
            assert!(told.stderr.contains(&side), "{told}");
            let expected = 10.0 * (1.0 - joint) + jump;
            let sided = format!("{{ at = [{joint}, 0.5], {side} }}");
            assert_eq!(point(&sided).code, Some(0));
            let row = scene.text("c.record.csv");
            let found: f64 = row.trim().rsplit(',').next().unwrap().parse().unwrap();
            assert!((found - expected).abs() < 1e-9, "{area} {side}: {found}");
            // The journal keeps it, and a point with a side is interpolated in any case.
            scene.succeed("verify c.npy");
            scene.succeed("run p.toml -o c.npy --resume");
            scene.succeed("run p.toml -o d.npy --force -q --set record.interpolate=nearest");
            assert_eq!(scene.text("d.record.csv"), row);
        }
        for (side, reason) in [
            ("y > 0.5", "on both sides"),
            ("x > 2", "nothing beside it lies on the side"),
        ] {
            let told = point(&format!("{{ at = [{joint}, 0.5], side = '{side}' }}"));
            assert!(
                told.code == Some(2) && told.stderr.contains(reason),
                "{told}"
            );
        }
    }
    // Where it resists nothing, and beside it, p is one value.
    let free = "[[interface]]\nwhere = 'x < 0.5'\nresistance = 'y > 0.7'\n";
    let points = "points = { a = [0.5, 0.5], b = [0.49999, 0.9], c = { at = ['5*d', 0.9], side = 'x < 0.6' } }\n";
    scene.write(
        "p.toml",
        format!("{text}constants.d = 0.1\n{linear}{points}{free}"),
    );
    let told = scene.run("plan p.toml");
    assert!(told.stderr.contains("on both sides"), "{told}");
    scene.write(
        "p.toml",
        format!("{text}constants.d = 0.1\n{linear}{points}{free}").replace("x < 0.6", "x < 0.5"),
    );
    let told = scene.succeed("plan p.toml").stdout;
    for point in [
        "a at x = 0.5, y = 0.5 reads p(0.5, 0.5)",
        "on the side x < 0.5, reads",
    ] {
        assert!(told.contains(point), "{told}");
    }
}

/// The two columns of a periodic pair have one resistance, for steps and rates.
#[test]
fn a_resistance_that_differs_at_both_ends_of_a_seam_is_that_of_its_first_line() {
    for (seam, across, resistance) in [
        (
            "left = 'periodic'\nright = 'periodic'\nbottom = 1\ntop = 0",
            "y",
            "where(x > 0.6, 0, 1)",
        ),
        (
            "bottom = 'periodic'\ntop = 'periodic'\nleft = 1\nright = 0",
            "x",
            "1 + 5*y",
        ),
    ] {
        for method in [
            "method = 'steady'\ntolerance = 1e-13\nrecord.every = 'snapshot'",
            "runtime = 0.1\nouttime = 0.1\nrecord.every = 'step'",
        ] {
            let scene = Scene::new();
            scene.write(
                "p.toml",
                format!(
                    "D = 1\nx1 = 0\nx2 = 1\ndx = 0.125\ngrid = 'walls'\n{method}\nrecord.totals = true\n\
                     [boundary]\n{seam}\n[[interface]]\nwhere = '{across} > 0.95'\nresistance = '{resistance}'\n"
                ),
            );
            let told = scene.succeed("run p.toml -o c.npy");
            assert!(!told.stderr.contains("digits"), "{told}");
            let row = scene
                .text("c.record.csv")
                .lines()
                .last()
                .unwrap()
                .to_owned();
            let unexplained: f64 = row.split(',').nth(17).unwrap().parse().unwrap();
            assert!(unexplained.abs() < 1e-11, "{row}");
        }
    }
}

#[test]
fn pictures_draw_interfaces_as_lines() {
    let scene = square();
    scene.succeed("run p.toml -o plain.npy --set D=1+0*x");
    scene.succeed(
        "run p.toml -o c.npy --set D=1+0*x --set interface=[{where='x<0.5',resistance=0}]",
    );
    for name in ["plain", "c"] {
        scene.succeed(&format!(
            "plot {name}.npy --snapshots -1: -o {name}.svg --title ''"
        ));
    }
    let strokes = |name: &str| scene.text(&format!("{name}.svg")).matches("stroke").count();
    assert!(strokes("c") > strokes("plain"));
}

#[test]
fn an_interface_that_cuts_no_face_is_told_and_one_without_resistance_is_not_counted() {
    let scene = Scene::new();
    let text = strip("D = 1\ndx = 0.1\nmethod = 'steady'\nboundary.left = 1\n");
    for (table, cuts, faces) in [
        ("where = 'x < 0.55'\nresistance = 0.3", true, true),
        ("where = 'x < 0.55'\nresistance = 0", true, false),
        ("where = 'x < 5'\nresistance = 0.3", false, false),
    ] {
        scene.write("p.toml", format!("{text}[[interface]]\n{table}\n"));
        let told = scene.succeed("plan p.toml");
        assert_eq!(told.stderr.contains("cuts no face"), !cuts, "{told}");
        assert_eq!(
            told.stdout.contains("faces with a resistance"),
            faces,
            "{told}"
        );
    }
}

/// A membrane between two nodes has a side on either hand, and each has the resistance.
#[test]
fn an_area_between_two_nodes_has_its_resistance_twice() {
    for (area, resistance) in [
        ("abs(x - 0.52) < 0.005", 0.6),
        ("abs(x + 0*y - 0.52) < 0.005", 0.6),
        ("max(abs(x - 0.52) < 0.005, x > 0.55)", 0.9),
        ("abs(x - 0.55) < 0.1", 0.6),
    ] {
        let text =
            strip("D = 1\ndx = 0.1\nmethod = 'steady'\ntolerance = 1e-15\nboundary.left = 1\n");
        let (problem, state) = last_state(&format!(
            "{text}[[interface]]\nwhere = '{area}'\nresistance = 0.3\n"
        ));
        let x = problem.grid.x.node(3);
        let expected = 1.0 - x / (1.0 + resistance);
        let found = state[[1, 3]];
        assert!(
            (found - expected).abs() < 1e-12,
            "{area}: {found}, {expected}"
        );
    }
}

#[test]
fn a_point_beside_an_interface_has_the_values_of_its_own_side() {
    let scene = Scene::new();
    let text = strip(
        "D = 1\ndx = 0.1\nmethod = 'rkl2'\ndt = 0.05\nruntime = 20\nouttime = 20\nboundary.left = 1\n",
    );
    for (area, expected) in [
        // On the straight lines from 1 to 0 through a resistance of 0.3, behind and before the place of the formula.
        ("x < 0.52", [1.0 - 0.51 / 1.3, 0.47 / 1.3, 0.4 / 1.3]),
        ("x < 0.58", [1.0 - 0.51 / 1.3, 1.0 - 0.53 / 1.3, 0.4 / 1.3]),
        (
            "x > 0.55 + 0*y",
            [1.0 - 0.51 / 1.3, 1.0 - 0.53 / 1.3, 0.4 / 1.3],
        ),
    ] {
        scene.write(
            "p.toml",
            format!(
                "{text}[record]\nevery = 20\ninterpolate = 'linear'\npoints = [[0.51, 7], [0.53, 7], [0.6, 7]]\n\
                 [[interface]]\nwhere = '{area}'\nresistance = 0.3\n"
            ),
        );
        scene.succeed("run p.toml -o c.npy --force");
        let rows = scene.text("c.record.csv");
        let values = rows.trim().rsplit('\n').next().unwrap().split(',').skip(2);
        for (value, expected) in values.zip(expected) {
            let value: f64 = value.parse().unwrap();
            assert!(
                (value - expected).abs() < 1e-9,
                "{area}: {value}, {expected}"
            );
        }
    }
}
