//! Modes between all kinds of wall, and mass.

use super::{EPS, End, solve};
use ndarray::Array2;
use std::{env, f64::consts::PI};

/// A mode along an axis: the walls at its ends, the mode as a formula in `@`, which goes from 0 to
/// 1, and its angle over the whole axis.
const MODES: [(&str, &str, &str, f64); 8] = [
    ("0.0", "0.0", "sin(pi*@)", PI),
    ("0.0", "0.0", "sin(3*pi*@)", 3.0 * PI),
    ("{flux = 0.0}", "{flux = 0.0}", "cos(pi*@)", PI),
    ("{flux = 0.0}", "{flux = 0.0}", "cos(2*pi*@)", 2.0 * PI),
    ("0.0", "{flux = 0.0}", "sin(pi*@/2)", PI / 2.0),
    ("{flux = 0.0}", "0.0", "cos(3*pi*@/2)", 1.5 * PI),
    ("'periodic'", "'periodic'", "cos(2*pi*@ + 0.3)", 2.0 * PI),
    ("'periodic'", "'periodic'", "sin(6*pi*@)", 6.0 * PI),
];

/// Every discrete mode decays by its factor, `1 - 4 rx sin²(θx/2) - 4 ry sin²(θy/2)` a step.
#[test]
fn modes_between_all_kinds_of_wall_decay_by_their_factor() {
    for (number, along_x) in MODES.iter().enumerate() {
        for (shift, along_y) in MODES.iter().enumerate() {
            let (nx, ny) = (7 + 3 * number, 9 + 2 * shift);
            let (width, height) = (1.75, 2.5);
            let materials = ["D = 0.8", "Dx = 0.3\nDy = 1.7", "D = '0.8 + 0*x'"];
            let material = materials[(number + shift) % 3];
            let formula = |mode: &str, name: &str, from: f64, length: f64| {
                mode.replace('@', &format!("({name} - {from})/{length}"))
            };
            let value = format!(
                "{}*{}",
                formula(along_x.2, "x", -0.5, width),
                formula(along_y.2, "y", 0.25, height)
            );
            let end = solve(&format!(
                "{material}\nx1 = -0.5\nx2 = 1.25\ny1 = 0.25\ny2 = 2.75\ndx = {}\ndy = {}\n\
                 grid = 'walls'\ntimes = 'course'\nsafety = 0.9\nruntime = 1\nouttime = 1\n\
                 initial = {{kind = 'expression', value = \"{value}\"}}\n\
                 boundary = {{left = {}, right = {}, bottom = {}, top = {}}}",
                width / (nx as f64 + 0.5),
                height / (ny as f64 + 0.5),
                along_x.0,
                along_x.1,
                along_y.0,
                along_y.1,
            ));
            assert_eq!(end.p.dim(), (ny + 1, nx + 1));
            let (dx, dy) = (width / nx as f64, height / ny as f64);
            let (d_x, d_y) = if material.starts_with("Dx") {
                (0.3, 1.7)
            } else {
                (0.8, 0.8)
            };
            let rate = |d: f64, h: f64, angle: f64, cells: usize| {
                4.0 * d / (h * h) * (angle / (2 * cells) as f64).sin().powi(2)
            };
            let factor =
                1.0 - end.dt * (rate(d_x, dx, along_x.3, nx) + rate(d_y, dy, along_y.3, ny));
            let decay = factor.powi(i32::try_from(end.steps).unwrap());
            let start = solve_start(&end, along_x, along_y);
            let error = (&end.p - &(start * decay))
                .iter()
                .fold(0.0_f64, |largest, value| value.abs().max(largest));
            let tolerance = EPS * (16 + 6 * end.steps) as f64;
            assert!(end.steps > 5, "{} steps", end.steps);
            assert!(
                error <= tolerance,
                "{along_x:?}, {along_y:?}, {material}: {error:e} > {tolerance:e}"
            );
        }
    }
}

/// The product of two modes at the nodes.
fn solve_start(
    end: &End,
    along_x: &(&str, &str, &str, f64),
    along_y: &(&str, &str, &str, f64),
) -> Array2<f64> {
    let values = |mode: &(&str, &str, &str, f64), nodes: &[f64]| -> Vec<f64> {
        let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
        let phase = if mode.2.contains("0.3") { 0.3 } else { 0.0 };
        let wave: fn(f64) -> f64 = if mode.2.starts_with("sin") {
            f64::sin
        } else {
            f64::cos
        };
        let value = |&node: &f64| wave(mode.3 * (node - first) / (last - first) + phase);
        nodes.iter().map(value).collect()
    };
    let (of_x, of_y) = (values(along_x, &end.x), values(along_y, &end.y));
    Array2::from_shape_fn(end.p.dim(), |(j, i)| of_y[j] * of_x[i])
}

/// Around an axis.
const ROUND: &str = "coordinates = 'axisymmetric'\n";

/// `Σ (-x²/4)^k/(k!)²`, the Bessel function J₀ where x is a few.
fn j0(x: f64) -> f64 {
    let terms = (1..30).scan(1.0, |term, k| {
        *term *= -x * x / f64::from(4 * k * k);
        Some(*term)
    });
    1.0 + terms.sum::<f64>()
}

/// The radial modes `J₀(z r/R) exp(-D (z/R)² t)`: the first of a cold wall, the second of a closed one. The time step goes
/// with the square of the spacing.
#[test]
fn bessel_modes_of_a_cylinder_decay_with_second_order() {
    for (zero, wall) in [
        (2.404_825_557_695_773, "0.0"),
        (3.831_705_970_207_512, "'insulated'"),
    ] {
        for method in ["", "method = 'rkl2'\n"] {
            let terms = (1..16).rev().fold("1".to_owned(), |inner, k| {
                format!("1 - ({zero}*x/2)**2/{}*({inner})", k * k)
            });
            let error = |cells: u32| {
                let dx = 1.0 / f64::from(cells);
                let end = solve(&format!(
                    "{ROUND}{method}D = 0.5\nx1 = 0\nx2 = 1\ny1 = 0\ny2 = 0.3\ndx = {}\ndy = 0.0999\n\
                     grid = 'walls'\ndt = {}\nruntime = 0.2\nouttime = 0.2\n\
                     initial = {{kind = 'expression', value = '{terms}'}}\n\
                     boundary = {{right = {wall}, bottom = 'insulated', top = 'insulated'}}",
                    0.9999 * dx,
                    dx * dx / 4.0,
                ));
                end.error(|x, _| j0(zero * x) * (-0.5 * zero * zero * 0.2).exp())
            };
            let (coarse, fine) = (error(16), error(32));
            let ratio = fine / coarse;
            assert!(
                fine < 2e-3 && (0.23..0.27).contains(&ratio),
                "{wall} {method}: {fine:e}, {ratio}"
            );
        }
    }
}

#[test]
fn insulated_and_periodic_walls_conserve_mass_to_rounding() {
    let steps = if env::var_os("DIFF2D_FULL").is_some() {
        100_000
    } else {
        5_000
    };
    let insulated = "{flux = 0.0}";
    let material = "0.2 + exp(sin(7*x)*cos(5*y))";
    for (material, walls) in [
        ("D = 1.0".to_owned(), [insulated; 2]),
        ("D = 1.0".to_owned(), ["'periodic'", insulated]),
        ("Dx = 0.5\nDy = 3.0".to_owned(), ["'periodic'"; 2]),
        (format!("D = '{material}'"), [insulated; 2]),
        (
            format!("D = '{material}'\nface = 'arithmetic'"),
            [insulated, "'periodic'"],
        ),
        (
            format!("D = 'where(x > 0.1, 0, {material})'"),
            ["'periodic'"; 2],
        ),
        (format!("{ROUND}D = '{material}'"), [insulated; 2]),
        (
            format!("{ROUND}D = 1.0\ncapacity = '{material}'\nmethod = 'rkl2'"),
            [insulated, "'periodic'"],
        ),
    ] {
        let [along_x, along_y] = walls;
        // A radius is positive.
        let x1 = if material.starts_with(ROUND) { 0 } else { -1 };
        let dt = 1e-4;
        let end = solve(&format!(
            "{material}\nx1 = {x1}\nx2 = 1\ny1 = 0\ny2 = 1\ndx = 0.0624\ndy = 0.0454\ngrid = 'walls'\n\
             dt = {dt}\nruntime = {}\nouttime = {}\n\
             initial = {{kind = 'expression', value = '1 + sin(13*x*y) + where(x*y > 0.2, 3, 0)'}}\n\
             boundary = {{left = {along_x}, right = {along_x}, bottom = {along_y}, top = {along_y}}}",
            (f64::from(steps) + 0.5) * dt,
            (f64::from(steps) / 10.0 + 0.5) * dt,
        ));
        assert!(end.steps >= 9 * steps as u64 / 10);
        let start = end.mass[0];
        for mass in &end.mass {
            let drift = (mass / start - 1.0).abs();
            // A step rounds each value by less than ε/2 of it, and those errors have both signs.
            assert!(
                drift <= 0.1 * EPS * f64::from(steps),
                "{material}, {walls:?}: {drift:e}"
            );
        }
    }
}

/// What comes in through walls and from sources is what the mass changes by.
#[test]
fn mass_changes_by_fluxes_and_sources() {
    let end = solve(
        "D = 0.7\nx1 = 0\nx2 = 2\ny1 = 0\ny2 = 1\ndx = 0.0999\ndy = 0.0999\ngrid = 'walls'\ntimes = 'course'\n\
         dt = 1e-3\nruntime = 1.0005\nouttime = 0.10005\nsource = '3*t'\n\
         initial = {kind = 'constant', value = 2}\n\
         boundary = {left = {flux = 0.5}, right = {flux = '-0.25*t'}, bottom = {flux = 'x'}, top = {flux = 0.0}}",
    );
    assert_eq!(end.steps, 1000);
    // Sums over the steps' begins: of t, n (n - 1)/2 dt².
    let sum_of_t = 0.5 * 1000.0 * 999.0 * 1e-6;
    let expected = 4.0 + 0.5 - 0.25 * sum_of_t + 2.0 + 3.0 * sum_of_t * 2.0;
    let mass = end.mass.last().unwrap();
    assert!((mass - expected).abs() < 1e-11, "{mass} {expected}");
}
