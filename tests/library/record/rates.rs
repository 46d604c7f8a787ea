//! Rates, and what they explain.

use super::{PROBLEM, rows};
use crate::common::{Scene, data_of, problems::problems, sample_size, seed::seeds};
use diff2d::{
    Problem, Run,
    comm::{Channels, Link},
};
use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestRunner},
};
use std::f64::consts::TAU;

/// What comes in by the rule of each step is what the mass changes by.
#[test]
fn every_step_explains_the_mass() {
    seeds("every_step_explains_the_mass").for_each(explain_the_mass);
}

fn explain_the_mass(seed: u64) {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: sample_size(300, 20, 5) as u32,
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::default()
    });
    let result = runner.run(&problems(), |text| {
        let scene = Scene::new();
        let text = text
            .replace("\"f32\"", "\"f64\"")
            .replace("runtime =", "#")
            .replace(
                "outtime = ",
                "record = { every = \"step\", totals = true }\noutt_ = ",
            );
        let step = text.lines().find_map(|line| line.strip_prefix("outt_ = "));
        let time: f64 = step.unwrap().parse().unwrap();
        let text = text.lines().filter(|line| !line.starts_with("outt_"));
        let text: Vec<&str> = text.collect();
        // The last step of an interval is shorter.
        let text = format!(
            "runtime = {0}\nouttime = {0}\n{1}",
            time * 0.97,
            text.join("\n")
        );
        let problem: Problem = text.parse().unwrap();
        Run::new(&problem)
            .output(scene.path("c.npy"))
            .start()
            .unwrap();
        let ranks = 2 + text.len() % 4;
        Channels::together(ranks, Link::default(), |comm| {
            let run = Run::new(&problem).output(scene.path("r.npy"));
            run.threads(1).start_on(&comm).unwrap()
        });
        prop_assert!(
            scene.read("r.record.csv") == scene.read("c.record.csv"),
            "{ranks} ranks: {text}"
        );
        let found = rows(&scene.text("c.record.csv"));
        let (first, last) = (&found[0], found.last().unwrap());
        let names = ["left", "right", "bottom", "top", "source", "decay"];
        let moved: f64 = names.iter().map(|name| last[*name].abs()).sum();
        let scale = moved + first["mass"].abs().max(last["mass"].abs());
        prop_assert!(
            last["unexplained"].abs() < 1e-12 * scale,
            "{:e} of {scale:e} in {text}",
            last["unexplained"]
        );
        Ok(())
    });
    result.unwrap();
}

/// The flux at the nodes of a wall adds up to the rate of the wall, whatever the problem.
#[test]
fn the_flux_along_a_wall_is_its_rate() {
    seeds("the_flux_along_a_wall_is_its_rate").for_each(add_fluxes_up);
}

fn add_fluxes_up(seed: u64) {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: sample_size(200, 20, 5) as u32,
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::default()
    });
    let result = runner.run(&problems(), |text| {
        let scene = Scene::new();
        scene.write("p.toml", &text);
        scene.succeed("run p.toml -o c.npy");
        scene.succeed("flux c.npy --field -o q.npy");
        let problem: Problem = text.parse().unwrap();
        let (y, x) = (&problem.grid.y, &problem.grid.x);
        let is_round = text.contains("axisymmetric");
        let around = |radius: f64| if is_round { TAU * radius } else { 1.0 };
        let bytes = scene.read("q.npy");
        let values = data_of(&bytes).as_chunks().0.iter();
        let fluxes: Vec<f64> = values.map(|value| f64::from_le_bytes(*value)).collect();
        let snapshots = fluxes.chunks_exact(2 * y.nodes * x.nodes);
        let rates = rows(&scene.succeed("flux c.npy").stdout);
        prop_assert_eq!(snapshots.len(), rates.len());
        for (fluxes, rates) in snapshots.zip(rates) {
            let sum = |component: usize, place: &dyn Fn(usize) -> (usize, usize), count: usize| {
                let nodes = (0..count).map(|number| {
                    let (j, i) = place(number);
                    let area = match component {
                        0 => around(x.node(i)) * y.weight(j) * y.spacing,
                        _ => around(x.radius(i) * x.node(x.nodes - 1)) * x.weight(i) * x.spacing,
                    };
                    area * fluxes[(component * y.nodes + j) * x.nodes + i]
                });
                nodes.fold([0.0, 0.0], |[sum, size], flow: f64| {
                    [sum + flow, size + flow.abs()]
                })
            };
            let (ny, nx) = (y.nodes, x.nodes);
            let sums = [
                ("left", 1.0, sum(0, &|j| (j, 0), ny)),
                ("right", -1.0, sum(0, &|j| (j, nx - 1), ny)),
                ("bottom", 1.0, sum(1, &|i| (0, i), nx)),
                ("top", -1.0, sum(1, &|i| (ny - 1, i), nx)),
            ];
            for (side, sign, [sum, size]) in sums {
                let rate = rates[&format!("{side}_rate")];
                let is_wall = !text.contains(&format!("{side} = \"periodic\""));
                prop_assert!(
                    !is_wall || (sign * sum - rate).abs() <= 1e-11 * size,
                    "{side}: {sum} and {rate} of {size}: {text}"
                );
            }
        }
        Ok(())
    });
    result.unwrap();
}

/// What passes is the same everywhere along a channel, through layers, around holes and across a joint.
#[test]
fn the_flux_of_a_steady_state_passes_every_line() {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        "x1 = 0\nx2 = 1\ny1 = 0\ny2 = 0.5\ndx = 0.05\ngrid = 'walls'\nD = 'where(x < 0.33, 1, 5 + y)'\nmethod = 'steady'\n\
         mask.where = 'hypot(x - 0.6, y - 0.2) < 0.12'\ninterface = [{ where = 'x < 0.43', resistance = 0.1 }]\n\
         boundary = { left = 1, right = 0, bottom = 'insulated', top = 'insulated' }\n",
    );
    scene.succeed("run p.toml -o c.npy");
    scene.succeed("flux c.npy --field -o q.npy");
    let rate = rows(&scene.succeed("flux c.npy").stdout)[0]["left_rate"];
    let bytes = scene.read("q.npy");
    let values = data_of(&bytes).as_chunks().0.iter();
    let fluxes: Vec<f64> = values.map(|value| f64::from_le_bytes(*value)).collect();
    assert_eq!(fluxes.iter().filter(|flux| flux.is_nan()).count(), 2 * 21);
    for column in 0..21 {
        let passed = (0..11).map(|row| {
            let weight = if row == 0 || row == 10 { 0.5 } else { 1.0 };
            let flux = fluxes[row * 21 + column];
            0.05 * weight * if flux.is_nan() { 0.0 } else { flux }
        });
        let passed: f64 = passed.sum();
        let is_beside_hole = (9..=15).contains(&column);
        assert!(
            is_beside_hole || (passed / rate - 1.0).abs() < 1e-8,
            "{column}: {passed} {rate}"
        );
    }
    let told = scene.run("flux c.npy --field -o q.npy");
    assert_eq!(told.code, Some(2), "{told}");
    // Neither masked nodes nor a state in which nothing flows have arrows.
    scene.succeed("plot q.npy -o q.svg");
    scene.succeed("map q*0 q=q.npy -o still.npy");
    scene.succeed("plot still.npy -o still.svg");
    for name in ["q.svg", "still.svg"] {
        assert!(!scene.text(name).contains("NaN"), "{name}");
    }
}

/// A slab that is hot everywhere, and cold on two ends from the beginning.
const SLAB: &str = "x1 = 0\nx2 = 1\ny1 = 0\ny2 = 1\ndx = 0.005\ndy = 0.5\ngrid = 'walls'\nD = 1\nmethod = 'exact'\n\
    runtime = 0.2\nouttime = 0.1\ninitial = { kind = 'expression', value = '1' }\n\
    [boundary]\nleft = 0\nright = 0\nbottom = 'insulated'\ntop = 'insulated'\n[record]\ntotals = true\n";

/// Rates have the numbers of the series of a quenched slab; what they sum to is of second order in the time between rows.
#[test]
fn rates_of_a_quenched_slab_are_those_of_its_series() {
    let scene = Scene::new();
    scene.write("p.toml", SLAB);
    let terms = |t: f64| {
        let odd = (0..100).map(|n| f64::from(2 * n + 1) * std::f64::consts::PI);
        odd.map(move |k| (k, 4.0 * (-k * k * t).exp()))
    };
    let mut errors = Vec::new();
    for every in [0.0125, 0.00625, 0.003125] {
        scene.succeed(&format!(
            "run p.toml -o c.npy --force --set record.every={every}"
        ));
        let found = rows(&scene.text("c.record.csv"));
        let smooth: Vec<_> = found.iter().filter(|row| row["t"] > 0.0499).collect();
        for row in &smooth {
            let rate: f64 = terms(row["t"]).map(|(_, term)| term).sum();
            for wall in ["left_rate", "right_rate"] {
                assert!((row[wall] / -rate - 1.0).abs() < 1e-4, "{wall}: {row:?}");
            }
        }
        let (first, last) = (smooth[0], smooth[smooth.len() - 1]);
        errors.push(last["unexplained"] - first["unexplained"]);
        if every < 0.004 {
            let [begin, end] = [first, last]
                .map(|row| -> f64 { terms(row["t"]).map(|(k, term)| term / (k * k)).sum() });
            let moved = last["left"] - first["left"];
            assert!((moved / (end - begin) - 1.0).abs() < 1e-4, "{moved}");
        }
    }
    for pair in errors.windows(2) {
        assert!((pair[0] / pair[1] - 4.0).abs() < 0.05, "{errors:?}");
    }
}

/// What a fixed wall or a held node brings at the start by its jump from the initial state has come in through it.
#[test]
fn amounts_begin_with_the_jump_from_the_initial_state() {
    let scene = Scene::new();
    scene.write("p.toml", SLAB.replace("'exact'", "'euler'"));
    let held = "held=[{where='x>0.45',value=3,name='block'}]";
    let cases = [
        (
            "precision=f64",
            vec![
                ("left", -0.05),
                ("right", -0.05),
                ("top", 0.0),
                ("mass", 0.9),
            ],
        ),
        ("precision=f32", vec![("left", -0.05), ("mass", 0.9)]),
        (
            "capacity=1+x",
            vec![("left", -0.05), ("right", -0.1), ("mass", 1.35)],
        ),
        // The wall on the right is held.
        (
            held,
            vec![
                ("left", -0.05),
                ("block", 1.1),
                ("right", 0.0),
                ("mass", 2.05),
            ],
        ),
        // A corner belongs to two walls, and has the value of the later one.
        (
            "boundary.bottom=2",
            vec![("left", -0.03125), ("bottom", 0.2375), ("mass", 1.175)],
        ),
        (
            "boundary.left=1+t",
            vec![("left", 0.0), ("right", -0.05), ("mass", 0.95)],
        ),
        (
            "record.region=[{name='all',where='x>-1'}]",
            vec![("all_in", -0.1), ("all_mass", 0.9)],
        ),
    ];
    for (keys, expected) in cases {
        let run = format!(
            "run p.toml -o c.npy --force --set dx=0.1 --set record.every=step --set {keys}"
        );
        scene.succeed(&run);
        let rows = rows(&scene.text("c.record.csv"));
        for (name, value) in expected {
            let found = rows[0][name];
            assert!(
                (found - value).abs() < 1e-14,
                "{keys}: {name} {found}, not {value}"
            );
        }
        assert_eq!(rows[0]["unexplained"], 0.0);
        let rounding = if keys.ends_with("f32") { 1e-4 } else { 1e-12 };
        assert!(
            rows.last().unwrap()["unexplained"].abs() < rounding,
            "{keys}"
        );
    }
    // The amount is of second order in the spacing.
    let errors = ["0.1", "0.05", "0.025"].map(|dx| {
        scene.succeed(&format!(
            "run p.toml -o c.npy --force --set dx={dx} --set record.every=step --set outtime=0.05 --set runtime=0.05"
        ));
        let last = rows(&scene.text("c.record.csv")).pop().unwrap();
        let odd = (0..100).map(|n| f64::from(2 * n + 1) * std::f64::consts::PI);
        let left = odd.map(|k| 8.0 / (k * k) * (-k * k * last["t"]).exp()).sum::<f64>();
        last["left"] - (left - 1.0) / 2.0
    });
    for pair in errors.windows(2) {
        assert!((3.6..4.4).contains(&(pair[0] / pair[1])), "{errors:?}");
    }
}

/// Where too little is recorded to sum the rates, a warning says so.
#[test]
fn what_the_rows_do_not_explain_is_told() {
    let scene = Scene::new();
    scene.write("p.toml", SLAB);
    let run = "run p.toml -o c.npy --force --set method=euler --set dx=0.02 --set record.every";
    for (every, is_told) in [("0.05", true), ("step", false)] {
        let told = scene.succeed(&format!("{run}={every}"));
        assert_eq!(told.stderr.contains("unexplained"), is_told, "{told}");
        let found = rows(&scene.text("c.record.csv"));
        let last = found.last().unwrap();
        let moved = last["left"] + last["right"];
        assert_eq!(
            (last["unexplained"] / moved).abs() > 0.01,
            is_told,
            "{last:?}"
        );
    }
}

/// What goes through layers one behind the other is that of their resistances.
#[test]
fn a_steady_flow_through_three_layers_is_that_of_their_resistances() {
    let scene = Scene::new();
    let text = SLAB
        .replace("dx = 0.005", "dx = 0.05\nface = 'harmonic'")
        .replace(
            "D = 1\nmethod = 'exact'",
            "D = 'where(x < 0.225, 1, where(x < 0.625, 0.1, 0.5))'",
        )
        .replace(
            "runtime = 0.2\nouttime = 0.1",
            "method = 'rkl2'\nstages = 9\nruntime = 20\nouttime = 20",
        )
        .replace("left = 0", "left = { robin = [2, 1, 40] }")
        .replace("right = 0", "right = 3")
        + "every = 10\n";
    scene.write("p.toml", text);
    scene.succeed("run p.toml -o c.npy");
    let found = rows(&scene.text("c.record.csv"));
    let last = found.last().unwrap();
    let flow = (20.0 - 3.0) / (1.0 / 2.0 + 0.225 + 0.4 / 0.1 + 0.375 / 0.5);
    for (wall, rate) in [("left_rate", flow), ("right_rate", -flow)] {
        assert!((last[wall] / rate - 1.0).abs() < 1e-6, "{wall}: {last:?}");
    }
}

/// Rates of walls of given flux are what is given, and what comes into regions that fill the domain is what comes through the walls.
#[test]
fn rates_of_regions_close_with_those_of_walls() {
    let scene = Scene::new();
    let text = PROBLEM
        .split("[[held]]")
        .next()
        .unwrap()
        .replace("[boundary]\n", "[boundary]\nbottom = { flux = '2*x*t' }\n");
    let region =
        |name: &str, of: &str| format!("[[record.region]]\nname = '{name}'\nwhere = '{of}'\n");
    let text = text
        + "[record]\nevery = 0.003\ntotals = true\n"
        + &region("all", "x > -1")
        + &region("one", "x + y < 0.9")
        + &region("two", "x + y >= 0.9");
    scene.write("p.toml", text);
    // Nodes of a wall with a value belong to no region; those of another wall do.
    let mut found = Vec::new();
    for left in ["'sin(80*t)'", "{robin=[1.5,2.0,'sin(80*t)']}"] {
        scene.succeed(&format!(
            "run p.toml -o c.npy --force --set boundary.left={left}"
        ));
        found.extend(rows(&scene.text("c.record.csv")));
    }
    assert_eq!(found.len(), 22);
    for row in &found {
        let walls = ["left_rate", "right_rate", "bottom_rate", "top_rate"];
        let size: f64 = walls.iter().map(|name| row[*name].abs()).sum();
        let walls: f64 = walls.iter().map(|name| row[*name]).sum();
        for inside in [row["all_in_rate"], row["one_in_rate"] + row["two_in_rate"]] {
            assert!((inside - walls).abs() < 1e-13 * (1.0 + size), "{row:?}");
        }
        // Integrals over walls of length 1.
        assert!(
            (row["right_rate"] - 0.3 * row["t"]).abs() < 1e-14,
            "{row:?}"
        );
        assert!((row["bottom_rate"] - row["t"]).abs() < 1e-14, "{row:?}");
    }
}

/// A square of nodes 0.1 apart, and its record of walls, held nodes and the whole domain.
const SQUARE: &str = "D = 1.0\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\ninitial = { kind = 'constant', value = 0 }\n\
    [[record.region]]\nname = 'all'\nwhere = '1'\n[record]\ntotals = true\n";

/// Nodes whose values are given stand for cells with storage, source and decay, and pass heat on to one another.
#[test]
fn rates_are_what_keeps_nodes_at_their_values() {
    let scene = Scene::new();
    let plate = "method=steady --set boundary={left=0,right=0,bottom='insulated',top='insulated'}";
    let held = "method=steady --set boundary={left=0,right='insulated',bottom='insulated',top='insulated'} \
                --set held=[{where='(x>0.05)*(x<0.35)',value=1,name='block'}]";
    let moving =
        "method=rkl2 --set stages=5 --set runtime=0.1 --set outtime=0.1 --set record.every=step";
    let cases = [
        // A linear profile crosses all nodes of all walls.
        (
            "method=steady --set boundary='x+2*y'".to_owned(),
            vec![
                ("left", -1.0),
                ("right", 1.0),
                ("bottom", -2.0),
                ("top", 2.0),
            ],
        ),
        (
            format!("{plate} --set source=6"),
            vec![
                ("left", -3.0),
                ("right", -3.0),
                ("source", 6.0),
                ("all_in", -6.0),
            ],
        ),
        // Between a wall and a held node lies nothing that steps change.
        (
            held.to_owned(),
            vec![("left", -10.0), ("block", 10.0), ("all_in", 0.0)],
        ),
        // p = t everywhere is what the source brings.
        (
            format!("{moving} --set boundary=t --set source=1"),
            vec![
                ("left", 0.0),
                ("top", 0.0),
                ("source", 1.0),
                ("all_in", 0.0),
            ],
        ),
        // And without one what walls give to their own cells as well.
        (
            format!("{moving} --set boundary=t --set D=1e-12"),
            vec![("left", 0.0475), ("top", 0.0475), ("all_in", 0.19)],
        ),
    ];
    scene.write("p.toml", SQUARE);
    for (keys, expected) in cases {
        scene.succeed(&format!("run p.toml -o c.npy --force --set {keys}"));
        let rows = rows(&scene.text("c.record.csv"));
        let row = rows.last().unwrap();
        for (name, rate) in expected {
            let found = row[&format!("{name}_rate")];
            assert!(
                (found - rate).abs() < 1e-7,
                "{keys}: {name} {found}, not {rate}"
            );
        }
        let walls = ["left", "right", "bottom", "top"].map(|wall| row[wall]);
        let inside = walls.iter().sum::<f64>() + row.get("block").copied().unwrap_or(0.0);
        assert!((row["all_in"] - inside).abs() < 1e-13, "{keys}: {row:?}");
        assert!(row["unexplained"].abs() < 1e-8, "{keys}: {row:?}");
    }
    let told = scene.succeed(&format!("run p.toml -o c.npy --force --set {held}"));
    assert!(!told.stderr.contains("fewer than six"), "{told}");
    let told = scene.succeed("flux c.npy").stdout;
    assert!(
        told.starts_with("snapshot,t,left_rate,right_rate,bottom_rate,top_rate,block_rate,"),
        "{told}"
    );
    for name in ["left", "mass", "a-b", "held1"] {
        let tables = format!("[{{where='x<0.3',value=1,name='{name}'}},{{where='x>0.7',value=1}}]");
        let told = scene.run(&format!(
            "plan p.toml --set method=steady --set held={tables}"
        ));
        assert!(
            told.stderr.contains("held") && told.code == Some(2),
            "{told}"
        );
    }
}

/// There are at most 1,000 columns, and a rate has no unit of a capacity that is not there.
#[test]
fn columns_are_counted_and_have_the_units_of_what_is_given() {
    let scene = Scene::new();
    let base = "D = 1.0\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 0.01\nouttime = 0.01\n\
                units = { x = 'm', y = 'm', t = 's', p = 'K' }\n";
    let points = |count: usize| vec!["[0.5, 0.5]"; count].join(", ");
    for (count, is_refused) in [(998, false), (999, true)] {
        scene.write(
            "p.toml",
            format!(
                "{base}record = {{ every = 0.01, points = [{}] }}\n",
                points(count)
            ),
        );
        let told = scene.run("run p.toml -o c.npy --force");
        assert_eq!(told.code == Some(2), is_refused, "{told}");
        assert_eq!(told.stderr.contains("1001 columns"), is_refused, "{told}");
    }
    for (capacity, unit) in [("", "K·m²/s"), ("capacity = 2.0\n", "K·capacity·m²/s")] {
        scene.write(
            "p.toml",
            format!("{base}{capacity}record = {{ every = 0.01, totals = true }}\n"),
        );
        scene.succeed("run p.toml -o c.npy --force");
        let described = scene.text("c.record.json");
        let column = described.split("\"left_rate\"").nth(1).unwrap();
        let column = column.split('}').next().unwrap();
        assert!(column.contains(&format!("\"unit\":\"{unit}\"")), "{column}");
    }
}
