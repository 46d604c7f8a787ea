//! Formulas that jump between nodes: layers in series, pipes of layers, slabs in time, and heaters of any width.

use crate::common::{Scene, seed::random_cases};
use diff2d::{FluxTable, Problem, Run, States};
use ndarray::ArrayView3;
use proptest::prelude::*;
use std::f64::consts::{PI, TAU};

/// The last state of a problem, row by row, and its rates by their names.
fn solved(text: &str) -> (Problem, Vec<f64>, impl Fn(&str) -> f64) {
    let problem: Problem = text
        .parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let (solution, _) = Run::new(&problem).solve().unwrap();
    let States::F64(states) = solution.states else {
        panic!("the states have double precision");
    };
    let (ny, nx) = problem.grid.shape();
    let values = ArrayView3::from_shape((solution.times.len(), ny, nx), &states).unwrap();
    let table = FluxTable::of_values(&problem, &solution.times, &values).unwrap();
    let last = states[states.len() - ny * nx..].to_vec();
    let rate = move |name: &str| {
        let place = table.names.iter().position(|known| known == name);
        table.rows.last().unwrap().rates[place.unwrap()]
    };
    (problem, last, rate)
}

/// `where(s < edge, value, where(…))`: a value for each layer, the edges between them along `s`.
fn layers(axis: &str, edges: &[f64], values: &[f64]) -> String {
    let (last, others) = values.split_last().unwrap();
    let pairs = edges.iter().zip(others).rev();
    pairs.fold(format!("{last:?}"), |rest, (edge, value)| {
        format!("where({axis} < {edge:?}, {value:?}, {rest})")
    })
}

/// Ways to type a source of 3 in an area A that may follow time, with their factors at t = 0.5.
const TYPED: [(&str, f64); 11] = [
    ("3*A", 1.0),
    ("where(A, 3, 0)", 1.0),
    ("where(A, 3*(t + 1), 0)", 1.5),
    ("where(A, 1, 0)*6*t", 1.0),
    ("where(A, where(t < 5, 3, 1/(t - 5)), 0)", 1.0),
    ("where(t < 5, where(A, 3, 0), 7)", 1.0),
    ("where(A*(t < 5), 3, 0)", 1.0),
    ("where((t >= 5) + 0*x, 1, 3*A)", 1.0),
    ("3*A*sqrt(t + 0.5 + 0*x)", 1.0),
    ("3*A*(0.2*x + t < 9)", 1.0),
    ("where(A, 3 + sin(pi*(x + 2*t)) - sin(pi*(x + 1)), 0)", 1.0),
];

/// The thicknesses of layers between 0 and 1.
fn thicknesses(edges: &[f64]) -> Vec<f64> {
    let ends: Vec<f64> = [0.0].iter().chain(edges).chain(&[1.0]).copied().collect();
    ends.windows(2).map(|layer| layer[1] - layer[0]).collect()
}

/// Edges on nodes, midway between them, or anywhere.
fn edges(cells: usize) -> impl Strategy<Value = Vec<f64>> {
    let cells_f64 = cells as f64;
    let on_grid = prop::collection::btree_set(1..2 * cells, 0..4).prop_map(move |halves| {
        let places = halves
            .into_iter()
            .map(|half| half as f64 / (2.0 * cells_f64));
        places.collect()
    });
    let anywhere = prop::collection::vec(0.001_f64..0.999, 0..5).prop_map(|mut places| {
        places.sort_by(f64::total_cmp);
        places
    });
    prop_oneof![on_grid, anywhere]
}

fn walls(along_x: bool, [low, high]: [&str; 2]) -> String {
    let insulated = "'insulated'";
    let [left, right, bottom, top] = match along_x {
        true => [low, high, insulated, insulated],
        false => [insulated, insulated, low, high],
    };
    format!("boundary = {{ left = {left}, right = {right}, bottom = {bottom}, top = {top} }}\n")
}

proptest! {
    #![proptest_config(random_cases(48))]

    #[test]
    fn layers_in_series_have_the_flux_of_their_resistances(
        (cells, edges) in (4_usize..30).prop_flat_map(|cells| (Just(cells), edges(cells))),
        logarithms in prop::collection::vec(-2.0_f64..2.0, 5),
        [along_x, has_interface, is_robin] in prop::array::uniform3(any::<bool>()),
    ) {
        let conductivities: Vec<f64> =
            logarithms[..=edges.len()].iter().map(|logarithm| 10_f64.powf(*logarithm)).collect();
        let (name, [low, high]) = match along_x {
            true => ("x", ["left", "right"]),
            false => ("y", ["bottom", "top"]),
        };
        let mut resistance: f64 = thicknesses(&edges)
            .iter()
            .zip(&conductivities)
            .map(|(thickness, conductivity)| thickness / conductivity)
            .sum();
        let ends = match is_robin {
            true => {
                resistance += 1.0 / 8.0 + 1.0 / 20.0;
                let [first, last] = [conductivities[0], conductivities[edges.len()]];
                [format!("{{ robin = [8, {first:?}, 160] }}"), format!("{{ robin = [20, {last:?}, 0] }}")]
            }
            false => ["20".to_owned(), "0".to_owned()],
        };
        let mut interface = String::new();
        if let (true, Some(edge)) = (has_interface, edges.first()) {
            resistance += 0.3;
            interface = format!("[[interface]]\nwhere = '{name} < {edge:?}'\nresistance = 0.3\n");
        }
        let spacing = 1.0 / cells as f64;
        let [dx, dy] = if along_x { [spacing, 0.5] } else { [0.5, spacing] };
        let text = format!(
            "D = '{}'\nx1 = 0\nx2 = 1\ndx = {dx}\ndy = {dy}\ngrid = 'walls'\nmethod = 'steady'\ntolerance = 1e-13\n\
             initial = {{ kind = 'constant', value = 10 }}\n{}{interface}",
            layers(name, &edges, &conductivities),
            walls(along_x, [&ends[0], &ends[1]]),
        );
        let (_, _, rate) = solved(&text);
        let expected = 20.0 / resistance;
        for (side, sign) in [(low, 1.0), (high, -1.0)] {
            let found = sign * rate(side);
            prop_assert!((found / expected - 1.0).abs() < 1e-9, "{side}: {found}, {expected}\n{text}");
        }
    }

    #[test]
    fn a_heater_has_its_power_however_narrow_it_is(
        cells in 3_usize..20,
        [at, share] in prop::array::uniform2(0.1_f64..0.9),
        logarithm in -3.0_f64..-1.0,
        is_around_axis in any::<bool>(),
        (form, typed) in (0_usize..5, 0_usize..TYPED.len()),
    ) {
        let width = 10_f64.powf(logarithm);
        let height = 0.01 + 0.1 * share;
        let [from, to] = [at - width / 2.0, at + width / 2.0];
        let (area, mut expected) = match form {
            0 => (format!("(x > {from:?})*(x <= {to:?})"), 3.0 * width),
            1 => (format!("(abs(x - {at:?}) < {width:?}/2)"), 3.0 * width),
            2 => (
                format!("(abs(x - {at:?}) < {width:?}/2)*(y > {share:?})*(y < {share:?} + {height:?})"),
                3.0 * width * height.min(1.0 - share),
            ),
            // A square, whose sides no comparison of one coordinate gives.
            3 => (format!("(max(abs(x - {at:?}), abs(y - 0.5)) < {width:?}/2)"), 3.0 * width * width),
            _ => (format!("(hypot(x - {at:?}, y - 0.47) < {width:?}/2)"), 3.0 * PI * width * width / 4.0),
        };
        let (typed, factor) = TYPED[typed];
        expected *= factor;
        let source = typed.replace('A', &area);
        let tolerance = if form < 3 { 1e-12 } else { 0.01 };
        let mut more = "";
        if is_around_axis {
            more = "coordinates = 'axisymmetric'\n";
            // By Pappus's theorem.
            expected *= TAU * at;
        }
        let text = format!(
            "D = 1\nsource = '{source}'\nx1 = 0\nx2 = 1\ndx = {}\ngrid = 'walls'\nt0 = 0.5\nruntime = 0\nouttime = 0\n\
             initial = {{ kind = 'constant', value = 0 }}\n{more}\
             boundary = {{ left = 'insulated', right = 0, bottom = 0, top = 0 }}\n",
            1.0 / cells as f64,
        );
        let (_, _, rate) = solved(&text);
        let found = rate("source");
        prop_assert!((found / expected - 1.0).abs() < tolerance, "{found}, {expected}\n{text}");
    }
}

proptest! {
    #![proptest_config(random_cases(48))]

    #[test]
    fn a_heater_between_layers_is_exact_at_the_nodes(
        (cells, edges) in (3_usize..30).prop_flat_map(|cells| (Just(cells), edges(cells))),
        logarithms in prop::collection::vec(-2.0_f64..2.0, 5),
        (from, logarithm) in (0.0_f64..0.95, -4.0_f64..-1.5),
        [along_x, has_interface] in prop::array::uniform2(any::<bool>()),
    ) {
        let to = (from + 10_f64.powf(logarithm)).min(1.0);
        let conductivities: Vec<f64> =
            logarithms[..=edges.len()].iter().map(|logarithm| 10_f64.powf(*logarithm)).collect();
        let name = if along_x { "x" } else { "y" };
        let mut interface = String::new();
        // Which side of an interface a node lies on is rounding.
        let is_between = |edge: &&f64| {
            let place = **edge * cells as f64;
            (place - place.round()).abs() > 1e-9
        };
        let contact = edges.first().filter(is_between).filter(|_| has_interface).copied();
        if let Some(edge) = contact {
            interface = format!("[[interface]]\nwhere = '{name} < {edge:?}'\nresistance = 0.3\n");
        }
        let spacing = 1.0 / cells as f64;
        let [dx, dy] = if along_x { [spacing, 0.5] } else { [0.5, spacing] };
        let text = format!(
            "D = '{}'\nsource = 'where(({name} > {from:?})*({name} < {to:?}), {:?}, 0)'\nx1 = 0\nx2 = 1\ndx = {dx}\ndy = {dy}\n\
             grid = 'walls'\nmethod = 'steady'\ntolerance = 1e-13\ninitial = {{ kind = 'constant', value = 0 }}\n{}{interface}",
            layers(name, &edges, &conductivities),
            1.0 / (to - from),
            walls(along_x, ["0", "0"]),
        );
        let (problem, state, _) = solved(&text);
        // Up to a place: the resistance, and the integral of the power before by the resistance, which the flux passes.
        let up_to = |place: f64| {
            let mut ends: Vec<f64> = edges.iter().copied().chain([0.0, from, to, place]).collect();
            ends.retain(|end| *end <= place);
            ends.sort_by(f64::total_cmp);
            let power = |place: f64| ((place - from) / (to - from)).clamp(0.0, 1.0);
            let parts = ends.windows(2).map(|part| {
                let layer = edges.iter().filter(|edge| **edge <= part[0]).count();
                let resistance = (part[1] - part[0]) / conductivities[layer];
                [resistance, resistance * (power(part[0]) + power(part[1])) / 2.0]
            });
            let contact = contact.filter(|edge| *edge <= place);
            let contact = contact.map_or([0.0; 2], |edge| [0.3, 0.3 * power(edge)]);
            parts.fold(contact, |sums, part| [0, 1].map(|k| sums[k] + part[k]))
        };
        let [resistance, integral] = up_to(1.0);
        let nx = problem.grid.shape().1;
        let of_node = |number: usize| {
            let [part, of_power] = up_to(number as f64 / cells as f64);
            (part * integral / resistance - of_power, state[if along_x { number } else { number * nx }])
        };
        let nodes: Vec<(f64, f64)> = (0..=cells).map(of_node).collect();
        let scale = 0.25 * resistance;
        for (expected, found) in nodes {
            prop_assert!((found - expected).abs() < 1e-9 * scale, "{found}, {expected}\n{text}");
        }
    }

    #[test]
    fn layers_side_by_side_have_the_flux_of_their_parts(
        (cells, edges) in (2_usize..20).prop_flat_map(|cells| (Just(cells), edges(cells))),
        logarithms in prop::collection::vec(-2.0_f64..2.0, 5),
        [along_x, is_arithmetic, is_robin] in prop::array::uniform3(any::<bool>()),
    ) {
        let conductivities: Vec<f64> =
            logarithms[..=edges.len()].iter().map(|logarithm| 10_f64.powf(*logarithm)).collect();
        let (name, [open, closed]) = if along_x { ("y", ["Dx", "Dy"]) } else { ("x", ["Dy", "Dx"]) };
        let spacing = 1.0 / cells as f64;
        let [dx, dy] = if along_x { [0.25, spacing] } else { [spacing, 0.25] };
        let d = layers(name, &edges, &conductivities);
        let ends = match is_robin {
            true => [format!("{{ robin = [8, '{d}', 16] }}"), format!("{{ robin = [5, '{d}', 0] }}")],
            false => ["2".to_owned(), "0".to_owned()],
        };
        let text = format!(
            "{open} = '{d}'\n{closed} = 0\nx1 = 0\nx2 = 1\ndx = {dx}\ndy = {dy}\ngrid = 'walls'\nmethod = 'steady'\n\
             tolerance = 1e-13\nface = '{}'\ninitial = {{ kind = 'constant', value = 1 }}\n{}",
            if is_arithmetic { "arithmetic" } else { "harmonic" },
            walls(along_x, [&ends[0], &ends[1]]),
        );
        let (_, _, rate) = solved(&text);
        // Within a cell the layers beside one another are one.
        let parts = thicknesses(&edges);
        let expected: f64 = match is_robin {
            false => parts.iter().zip(&conductivities).map(|(part, d)| 2.0 * part * d).sum(),
            true => (0..=cells)
                .map(|cell| {
                    let bounds = [(cell as f64 - 0.5) * spacing, (cell as f64 + 0.5) * spacing];
                    let bounds = bounds.map(|bound| bound.clamp(0.0, 1.0));
                    let ends: Vec<f64> = [0.0].iter().chain(&edges).chain(&[1.0]).copied().collect();
                    let inside = ends.windows(2).map(|layer| {
                        (layer[1].min(bounds[1]) - layer[0].max(bounds[0])).max(0.0)
                    });
                    let conductance: f64 = inside.zip(&conductivities).map(|(part, d)| part * d).sum();
                    let width = bounds[1] - bounds[0];
                    2.0 / (1.0 / conductance + (1.0 / 8.0 + 1.0 / 5.0) / width)
                })
                .sum(),
        };
        let [low, high] = if along_x { ["left", "right"] } else { ["bottom", "top"] };
        for (side, sign) in [(low, 1.0), (high, -1.0)] {
            let found = sign * rate(side);
            prop_assert!((found / expected - 1.0).abs() < 1e-9, "{side}: {found}, {expected}\n{text}");
        }
    }

    #[test]
    fn a_part_of_a_wall_that_is_heated_has_its_power(
        cells in 2_usize..20,
        (side, kind) in (0_usize..4, 0_usize..3),
        [at, turn] in prop::array::uniform2(0.1_f64..0.9),
        logarithm in -3.0_f64..-0.3,
        is_around_axis in any::<bool>(),
    ) {
        let width = 10_f64.powf(logarithm).min(2.0 * at.min(1.0 - at));
        let name = if side < 2 { "y" } else { "x" };
        let area = format!("(abs({name} - {at:?}) < {width:?}/2)");
        let wall = match kind {
            0 => format!("{{ flux = 'where({area}, 3, 0)' }}"),
            // It moves, and is at its place at t = 0.5.
            1 => format!("{{ flux = '3*(abs({name} - {at:?} - {turn:?}*(t - 0.5)) < {width:?}/2)' }}"),
            // At p = 0 it gives D c/b.
            _ => format!("{{ robin = ['1 + {area}', '2 + {area}', '2*{area}'] }}"),
        };
        let sides = ["left", "right", "bottom", "top"];
        let others = (0..4).filter(|&other| other != side).map(|other| format!("{} = 'insulated'", sides[other]));
        let others: Vec<String> = others.collect();
        let mut expected = if kind == 2 { 4.5 * width * 2.0 / 3.0 } else { 3.0 * width };
        let mut more = "";
        if is_around_axis {
            more = "coordinates = 'axisymmetric'\n";
            expected *= TAU * match side { 0 => 0.25, 1 => 1.25, _ => 0.25 + at };
        }
        let x1 = if is_around_axis { 0.25 } else { 0.0 };
        let wall = wall.replace("x -", &format!("x - {x1} -"));
        let text = format!(
            "D = 4.5\nx1 = {x1}\nx2 = {}\ny1 = 0\ny2 = 1\ndx = {}\ngrid = 'walls'\nt0 = 0.5\nruntime = 0\nouttime = 0\n{more}\
             initial = {{ kind = 'constant', value = 0 }}\nboundary = {{ {}, {} = {wall} }}\n",
            x1 + 1.0, 1.0 / cells as f64, others.join(", "), sides[side],
        );
        let (_, _, rate) = solved(&text);
        let found = rate(sides[side]);
        prop_assert!((found / expected - 1.0).abs() < 1e-12, "{found}, {expected}\n{text}");
    }

    #[test]
    fn a_point_in_a_cell_that_a_straight_edge_cuts_has_its_value_to_rounding(
        (turn, offset) in (prop_oneof![Just(0.0), Just(0.25), 0.0_f64..1.0], 0.3_f64..0.7),
        logarithms in prop::array::uniform4(-2.0_f64..2.0),
        resistance in prop_oneof![Just(0.0), 0.01_f64..1.0],
        (slope, flux) in (-1.0_f64..1.0, -1.0_f64..1.0),
        places in prop::collection::vec((0.0_f64..=1.0, 0.0_f64..=1.0), 12),
    ) {
        let angle = TAU * turn;
        // Exactly along an axis if it is meant to be.
        let [normal_x, normal_y] = [angle.cos(), angle.sin()].map(|part| (part * 1e12).round() / 1e12);
        let d = logarithms.map(|logarithm| 10_f64.powf(logarithm));
        let distance = format!("({normal_x:?}*(x - {offset:?}) + {normal_y:?}*(y - 0.5))");
        let along = format!("({normal_x:?}*(y - 0.5) - {normal_y:?}*(x - {offset:?}))");
        // On each side p has the slope along the edge and the flux through it.
        let sides = [[d[0], d[1]], [d[2], d[3]]].map(|[dx, dy]| {
            let through = normal_x * normal_x * dx + normal_y * normal_y * dy;
            (flux - slope * normal_x * normal_y * (dy - dx)) / through
        });
        let step = flux * resistance / (normal_x.abs() + normal_y.abs());
        let p = format!(
            "{slope:?}*{along} + where({distance} < 0, {:?}*{distance}, {:?}*{distance} + {step:?})", sides[0], sides[1]
        );
        let list: Vec<String> = places.iter().map(|(x, y)| format!("[{x:?}, {y:?}]")).collect();
        let scene = Scene::new();
        scene.write("p.toml", format!(
            "Dx = 'where({distance} < 0, {:?}, {:?})'\nDy = 'where({distance} < 0, {:?}, {:?})'\nx1 = 0\nx2 = 1\ndx = 0.13\ndy = 0.21\n\
             grid = 'walls'\nruntime = 1e-9\nouttime = 1e-9\nboundary = 'insulated'\n\
             [initial]\nkind = 'expression'\nvalue = '{p}'\n[record]\nat = [1e-9]\ninterpolate = 'linear'\npoints = [{}]\n\
             [[interface]]\nwhere = '{distance} < 0'\nresistance = {resistance:?}\n",
            d[0], d[2], d[1], d[3], list.join(", "),
        ));
        scene.succeed("run p.toml -o c.npy");
        let rows = scene.text("c.record.csv");
        let values = rows.lines().nth(1).unwrap().split(',').skip(2);
        let scale = [slope, sides[0], sides[1], step].iter().fold(0.0, |scale, part| part.abs() + scale);
        for (value, (x, y)) in values.zip(&places) {
            let distance = normal_x * (x - offset) + normal_y * (y - 0.5);
            let along = normal_x * (y - 0.5) - normal_y * (x - offset);
            let beyond = if distance < 0.0 { sides[0] * distance } else { sides[1] * distance + step };
            let expected = slope * along + beyond;
            let value: f64 = value.parse().unwrap();
            prop_assert!((value - expected).abs() < 1e-9 * scale, "{x}, {y}: {value}, {expected}");
        }
    }
}

/// ISO 12241: a pipe of layers loses 2π ΔT/Σ ln(r₂/r₁)/λ for each unit of its length.
#[test]
fn pipes_of_layers_are_of_second_order() {
    for edges in [[0.2, 0.34], [0.173, 0.3571], [0.1001, 0.1003]] {
        let conductivities = [0.5, 7.0, 0.04];
        let ends: [f64; 4] = [0.1, edges[0], edges[1], 0.5];
        let layers_in_series = ends.windows(2).zip(conductivities);
        let resistance: f64 = layers_in_series
            .map(|(layer, conductivity)| (layer[1] / layer[0]).ln() / conductivity)
            .sum();
        let errors = [10, 20, 40].map(|cells| {
            let text = format!(
                "D = '{}'\nx1 = 0.1\nx2 = 0.5\ny1 = 0\ny2 = 1\ndx = {}\ndy = 0.5\ngrid = 'walls'\nmethod = 'steady'\n\
                 coordinates = 'axisymmetric'\ninitial = {{ kind = 'constant', value = 1 }}\n{}",
                layers("x", &edges, &conductivities),
                0.4 / f64::from(cells),
                walls(true, ["20", "0"]),
            );
            let (_, _, rate) = solved(&text);
            (rate("left") / (TAU * 20.0 / resistance) - 1.0).abs()
        });
        assert!(errors[2] < 2e-3, "{edges:?}: {errors:?}");
        assert!(
            errors[2] < 0.4 * errors[1] || errors[2] < 1e-6,
            "{edges:?}: {errors:?}"
        );
    }
}

/// Two layers between a wall at 1 and an insulated one, in time: the largest error falls as `dx²`, wherever they meet.
#[test]
fn slabs_of_layers_are_of_second_order_in_time() {
    let mut largest = [0.0_f64; 2];
    for (edge, d, c) in [
        (0.25, [1.0, 0.1], [1.0, 3.0]),
        (0.5, [0.1, 1.0], [2.0, 1.0]),
        (0.413, [1.0, 0.1], [1.0, 3.0]),
    ] {
        let state = |cells: usize| {
            let text = format!(
                "D = '{}'\ncapacity = '{}'\nx1 = 0\nx2 = 1\ny1 = 0\ny2 = 1\ndx = {}\ndy = 0.5\ngrid = 'walls'\n\
                 runtime = 0.05\nouttime = 0.05\ninitial = {{ kind = 'constant', value = 0 }}\n{}",
                layers("x", &[edge], &d),
                layers("x", &[edge], &c),
                1.0 / cells as f64,
                walls(true, ["1", "'insulated'"]),
            );
            let (_, values, _) = solved(&text);
            values[..=cells].to_vec()
        };
        let finest = state(320);
        for (largest, cells) in largest.iter_mut().zip([20, 80]) {
            let differences = state(cells).into_iter().enumerate();
            let differences = differences.map(|(i, value)| (value - finest[i * 320 / cells]).abs());
            *largest = differences.fold(*largest, f64::max);
        }
    }
    let order = (largest[0] / largest[1]).log2() / 2.0;
    assert!(order > 1.7 && largest[0] < 0.04, "{order}: {largest:?}");
}

/// What an uncut edge and an uncut cell have are the values at their nodes; so have all where nothing jumps.
#[test]
fn a_jump_outside_of_the_domain_changes_no_bit() {
    let text = |d: &str| {
        format!(
            "D = '{d}'\ncapacity = '1 + x*y'\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 0.01\nouttime = 0.01\n\
             boundary = {{ left = 1, right = 0, bottom = 'insulated', top = 2 }}\n"
        )
    };
    let (_, smooth, _) = solved(&text("1 + x*x"));
    for jumping in [
        "where(x < 2, 1 + x*x, 7)",
        "where(hypot(x, y) < 3, 1 + x*x, 7)",
        "1 + x*x + floor(x/4 + y/8)",
        "where(x == 0.55, 3, 1 + x*x)",
    ] {
        let (_, state, _) = solved(&text(jumping));
        assert!(state == smooth, "{jumping}");
    }
}

#[test]
fn what_is_no_value_between_nodes_is_refused_with_its_place() {
    for (key, value, told) in [
        ("D", "-1", "it is -1.0 between nodes, at x = 0.5"),
        ("D", "1/0", "it is inf between nodes, at x = 0.5"),
        ("capacity", "-1", "it is -1.0 between nodes, at x = 0.5"),
        ("capacity", "0", "it is 0.0 between nodes, at x = 0.5"),
        ("capacity", "0/0", "it is NaN between nodes, at x = 0.5"),
        ("decay", "-1", "it is -1.0 between nodes, at x = 0.5"),
        ("decay", "0/0", "it is NaN between nodes, at x = 0.5"),
        ("source", "1/0", "it is inf between nodes, at x = 0.5"),
        ("source", "0/0", "it is NaN between nodes, at x = 0.5"),
    ] {
        let d = if key == "D" { "" } else { "D = 1\n" };
        let text = format!(
            "{d}{key} = 'where(abs(x - 0.53) < 0.01, {value}, 1)'\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 1\nouttime = 1\n"
        );
        let error = text.parse::<Problem>().unwrap_err().to_string();
        assert!(
            error.contains(told) && error.contains(&format!(": {key} = ")),
            "{error}"
        );
        // It does not count beside masked nodes alone.
        let masked = format!("{text}mask.where = 'abs(x - 0.53) < 0.16'\n");
        masked.parse::<Problem>().unwrap();
    }
}

/// A river that leaks into a strip between nodes: p tends to its stage, whichever way it is typed.
#[test]
fn a_strip_that_leaks_tends_to_what_leaks_in() {
    let strip = "(x > 0.38)*(x < 0.44)";
    for source in [
        format!("where({strip}, 500, 0)"),
        format!("where({strip}, 50*(10 + 0*t), 0)"),
        format!("where({strip}, 50, 0)*(10 + 0*t)"),
        format!("where({strip}, 500 + 0*sin(x*t), 0)"),
    ] {
        let text = format!(
            "D = 1\ndecay = 'where({strip}, 50, 0)'\nsource = '{source}'\nx1 = 0\nx2 = 1\ny1 = 0\ny2 = 0.2\ndx = 0.1\ngrid = 'walls'\n\
             method = 'rkl2'\ndt = 0.01\nruntime = 30\nouttime = 30\nboundary = 'insulated'\n\
             initial = {{ kind = 'constant', value = 8 }}\n"
        );
        let (_, state, _) = solved(&text);
        assert!(
            state.iter().all(|p| (p - 10.0).abs() < 1e-9),
            "{source}: {state:?}"
        );
    }
}

/// D along periodic sides: a jump anywhere else changes nothing where the sides meet.
#[test]
fn a_seam_is_cut_where_a_part_of_the_formula_differs_at_its_ends() {
    let last = |d: &str| {
        let text = format!(
            "D = '{d}'\nx1 = 0\nx2 = 1\ndx = 0.25\ngrid = 'walls'\nruntime = 0.001\nouttime = 0.001\ndt = 0.001\n\
             boundary = {{ left = 'periodic', right = 'periodic', bottom = 'insulated', top = 'insulated' }}\n\
             initial = {{ kind = 'expression', value = 'sin(5*x) + y' }}\n"
        );
        solved(&text).1
    };
    let smooth = last("1 + x");
    assert_eq!(last("where(y > 0.9, 5, 1 + x)")[..15], smooth[..15]);
}
