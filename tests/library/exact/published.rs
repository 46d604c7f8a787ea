//! Steady states that were published, or that symmetry gives: `method = "steady"` against them, as a user runs it.

use crate::common::{
    Scene, python, sample_size,
    seed::{Random, seeds},
};
use std::{collections::HashMap, f64::consts::PI};

const REFERENCE: &str = "published_reference.py";

/// The totals and points of the record of a problem.
fn record(text: &str) -> HashMap<String, f64> {
    let scene = Scene::new();
    scene.write(
        "p.toml",
        format!("method = 'steady'\ngrid = 'walls'\n{text}"),
    );
    scene.succeed("run p.toml -o c.npy --quiet");
    let text = scene.text("c.record.csv");
    let rows: Vec<Vec<&str>> = text.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), 2);
    let pairs = rows[0].iter().zip(&rows[1]);
    pairs
        .map(|(name, value)| ((*name).to_owned(), value.parse().unwrap()))
        .collect()
}

/// The flux through a square whose sides left and right are held at 1 and 0, the others insulated: the effective D of what it is
/// a quarter of a cell of.
fn effective(text: &str) -> f64 {
    let found = record(&format!(
        "{text}\nx1 = 0\nboundary = {{ left = 1, right = 0, bottom = 'insulated', top = 'insulated' }}\n[record]\ntotals = true\n"
    ));
    let [left, right] = ["left_rate", "right_rate"].map(|side| found[side]);
    assert!((left + right).abs() < 1e-8 * left, "{left} {right}");
    left
}

/// ISO 10211:2017, annex C, case 1: half of a square column, 20 °C on top and 0 °C on the other sides. The table is met to 0.1 °C.
#[test]
fn the_column_of_iso_10211_has_its_temperatures() {
    let table = [
        [9.7, 13.4, 14.7, 15.1],
        [5.3, 8.6, 10.3, 10.8],
        [3.2, 5.6, 7.0, 7.5],
        [2.0, 3.6, 4.7, 5.0],
        [1.3, 2.3, 3.0, 3.2],
        [0.7, 1.4, 1.8, 1.9],
        [0.3, 0.6, 0.8, 0.9],
    ];
    let points: Vec<String> = (0..28)
        .map(|k| {
            let (x, y) = (0.25 * f64::from(k % 4 + 1), 1.75 - 0.25 * f64::from(k / 4));
            format!("[{x}, {y}]")
        })
        .collect();
    let found = record(&format!(
        "D = 1\nx1 = 0\nx2 = 1\ny1 = 0\ny2 = 2\ndx = 0.0125\ndy = 0.0125\n\
         boundary = {{ left = 0, right = 'insulated', bottom = 0, top = 20 }}\n\
         [record]\npoints = [{}]\n",
        points.join(", ")
    ));
    let series: Vec<[f64; 4]> = serde_json::from_str(&python(REFERENCE, ["column"])).unwrap();
    let mut worst = [0.0_f64; 2];
    for (k, (published, exact)) in table
        .iter()
        .flatten()
        .zip(series.iter().flatten())
        .enumerate()
    {
        let value = found[&format!("p{k}")];
        assert!(
            (published - exact).abs() <= 0.05 + 1e-9,
            "{published} {exact}"
        );
        worst[0] = worst[0].max((value - published).abs());
        worst[1] = worst[1].max((value - exact).abs());
    }
    println!(
        "off by {:.3} of the table and {:.1e} of the series",
        worst[0], worst[1]
    );
    assert!(worst[0] < 0.1 && worst[1] < 2e-3, "{worst:?}");
}

/// ISO 10211:2017, annex C, case 2: concrete, wood and insulation on an aluminium profile, 0.5 m by 47.5 mm. Temperatures are met
/// to 0.1 °C and the heat flow to 0.1 W/m.
#[test]
fn the_thermal_bridge_of_iso_10211_has_its_heat_flow() {
    let text = include_str!("../../../params/thermal_bridge.toml");
    let scene = Scene::new();
    scene.write("p.toml", text);
    scene.succeed("run p.toml -o c.npy --quiet");
    let csv = scene.text("c.record.csv");
    let mut rows = csv.lines().map(|row| row.split(','));
    let (names, values) = (rows.next().unwrap(), rows.next().unwrap());
    let found: HashMap<&str, f64> = names
        .zip(values.map(|value| value.parse().unwrap()))
        .collect();
    for (name, published) in [
        ("A", 7.1),
        ("B", 0.8),
        ("C", 7.9),
        ("D", 6.3),
        ("E", 0.8),
        ("F", 16.4),
        ("G", 16.3),
        ("H", 16.8),
        ("I", 18.3),
        ("bottom_rate", 9.5),
        ("top_rate", -9.5),
    ] {
        let off = found[name] - published;
        println!("{name}: {published}, {off:+.3}");
        assert!(off.abs() < 0.1, "{name}: {published}, {off:+.3}");
    }
}

/// Four squares of two materials meet at a point (Kellogg). The effective D of the checkerboard is the geometric mean of both
/// (Keller 1964; Dykhne 1970), and the error falls with the power of the spacing that its singularity there has, twice that of p.
#[test]
fn a_checkerboard_converges_to_the_geometric_mean_as_its_corner_lets_it() {
    for contrast in [4.0_f64, 9.0, 100.0] {
        let expected = contrast.sqrt();
        let exponent = 8.0 / PI * (1.0 / contrast.sqrt()).atan();
        let errors = [51.0, 101.0, 201.0, 401.0].map(|cells| {
            let dx = 1.0 / (cells + 0.3);
            let text =
                format!("D = 'where((x - 0.5)*(y - 0.5) < 0, {contrast}, 1)'\nx2 = 1\ndx = {dx}");
            effective(&text) / expected - 1.0
        });
        let orders = [0, 1, 2].map(|k| (errors[k] / errors[k + 1]).log2());
        println!(
            "1:{contrast}: errors {errors:.4?}, orders {orders:.3?}, of the corner {exponent:.3}"
        );
        assert!(
            (orders[2] - exponent).abs() < 0.05,
            "{contrast}: {orders:?}"
        );
        assert!(errors.iter().all(|error| *error < 0.0));
    }
}

/// Square arrays of discs of Perrins, McKenzie, McPhedran (Proc. R. Soc. Lond. A 369, 1979), from discs that conduct as well as
/// metal to holes, of which the effective conductivity is the reciprocal (Keller).
#[test]
fn arrays_of_discs_have_their_published_conductivity() {
    seeds("arrays_of_discs_have_their_published_conductivity")
        .map(Random::new)
        .for_each(compare_arrays_of_discs);
}

fn compare_arrays_of_discs(mut random: Random) {
    let shares = [0.1, 0.3, 0.5, 0.7];
    let published = [1.222, 1.860, 3.080, 7.433];
    let contrasts = [("1e6", 2.5e-3), ("10", 5e-4), ("0", 6e-3)];
    for (contrast, within) in random.some(&contrasts, sample_size(3, 3, 1)) {
        let arguments = ["discs", contrast, "0.1", "0.3", "0.5", "0.7"];
        let series: Vec<f64> = serde_json::from_str(&python(REFERENCE, arguments)).unwrap();
        for ((share, published), expected) in shares.into_iter().zip(published).zip(series) {
            match contrast {
                "1e6" => assert!((expected / published - 1.0).abs() < 3e-4),
                "0" => assert!((expected * published - 1.0).abs() < 3e-4),
                _ => {}
            }
            let disc = format!("hypot(x, y) < {}", (share / PI).sqrt());
            let material = match contrast {
                "0" => format!("D = 1\nmask.where = '{disc}'"),
                _ => format!("D = 'where({disc}, {contrast}, 1)'"),
            };
            let found = effective(&format!("{material}\nx2 = 0.5\ndx = {}", 0.5 / 400.3));
            let off = found / expected - 1.0;
            println!("{contrast} {share}: {expected:.4}, {off:+.1e}");
            assert!(
                off.abs() < within,
                "{contrast} {share}: {expected}, {off:+.1e}"
            );
        }
    }
}

/// A pipe of radii 1 and 3 between 100 and 0: a logarithm, and the heat `2π D 100/ln 3` a length.
#[test]
fn a_steady_pipe_has_a_logarithmic_profile_and_its_heat() {
    let found = |cells: f64| {
        let dx = 2.0 / (cells + 0.3);
        let found = record(&format!(
            "coordinates = 'axisymmetric'\nD = 0.8\nx1 = 1\nx2 = 3\ny1 = 0\ny2 = 0.5\ndx = {dx}\ndy = 0.05\n\
             boundary = {{ left = 100, right = 0, bottom = 'insulated', top = 'insulated' }}\n\
             [record]\ntotals = true\npoints = {{ middle = [2, 0.25] }}\n"
        ));
        ["left_rate", "middle"].map(|name| found[name])
    };
    let expected = [
        2.0 * PI * 0.8 * 100.0 / 3.0_f64.ln() * 0.5,
        100.0 * (1.5_f64.ln() / 3.0_f64.ln()),
    ];
    let (coarse, fine) = (found(40.0), found(80.0));
    for ((coarse, fine), exact) in coarse.into_iter().zip(fine).zip(expected) {
        let (coarse, fine) = (coarse / exact - 1.0, fine / exact - 1.0);
        println!("{exact:.4}: {coarse:+.1e}, {fine:+.1e}");
        assert!(fine.abs() < 1e-4, "{fine:e}");
        assert!(
            (0.24..0.26).contains(&(fine / coarse)),
            "{fine:e} {coarse:e}"
        );
    }
}
