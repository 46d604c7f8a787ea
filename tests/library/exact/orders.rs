//! The order of convergence, and published targets.

use super::solve;

/// `u = exp(-t) sin(x + 0.3) cos(y - 0.2) + 0.25 x y`, its derivatives, and D along x and y.
struct Manufactured {
    name: &'static str,
    /// D as parameters.
    material: &'static str,
    /// D along x and y as formulas, and the derivative of each along its own axis.
    d: [&'static str; 4],
    /// Left, right, bottom, top.
    walls: [Kind; 4],
    error: f64,
    ratio: f64,
}

#[derive(Clone, Copy)]
enum Kind {
    Fixed,
    Flux,
    Robin,
}

const U: &str = "(exp(-t)*sin(x + 0.3)*cos(y - 0.2) + 0.25*x*y)";
const U_T: &str = "(-exp(-t)*sin(x + 0.3)*cos(y - 0.2))";
const U_X: &str = "(exp(-t)*cos(x + 0.3)*cos(y - 0.2) + 0.25*y)";
const U_Y: &str = "(-exp(-t)*sin(x + 0.3)*sin(y - 0.2) + 0.25*x)";
/// Of both second derivatives.
const U_XX: &str = "(-exp(-t)*sin(x + 0.3)*cos(y - 0.2))";

impl Manufactured {
    fn source(&self) -> String {
        let [dx, dy, dx_x, dy_y] = self.d;
        format!("{U_T} - (({dx}) + ({dy}))*{U_XX} - ({dx_x})*{U_X} - ({dy_y})*{U_Y}")
    }

    fn wall(&self, number: usize) -> String {
        let sign = if number.is_multiple_of(2) { "-" } else { "" };
        let (slope, d) = if number < 2 {
            (U_X, self.d[0])
        } else {
            (U_Y, self.d[1])
        };
        match self.walls[number] {
            Kind::Fixed => format!("\"{U}\""),
            Kind::Flux => format!("{{flux = \"{sign}({d})*{slope}\"}}"),
            Kind::Robin => {
                format!("{{robin = [1.5, '2 + x*y', \"1.5*{U} + (2 + x*y)*({sign}{slope})\"]}}")
            }
        }
    }

    /// The largest error at t = 1/8 on a grid of 10 `scale` by 12 `scale` cells.
    fn error_at(&self, scale: u32) -> f64 {
        let scale = f64::from(scale);
        let [left, right, bottom, top] = [0, 1, 2, 3].map(|number| self.wall(number));
        let end = solve(&format!(
            "{}\nx1 = -0.5\nx2 = 0.75\ny1 = 0\ny2 = 1.5\ndx = {}\ndy = {}\ngrid = 'walls'\n\
             dt = {}\nruntime = 0.125\nouttime = 0.125\nsource = \"{}\"\n\
             initial = {{kind = 'expression', value = \"{}\"}}\n\
             boundary = {{left = {left}, right = {right}, bottom = {bottom}, top = {top}}}",
            self.material,
            0.1249 / scale,
            0.1249 / scale,
            1.0 / (512.0 * scale * scale),
            self.source(),
            U.replace("exp(-t)*", ""),
        ));
        assert_eq!(end.time, 0.125);
        end.error(|x, y| (-0.125_f64).exp() * (x + 0.3).sin() * (y - 0.2).cos() + 0.25 * x * y)
    }
}

use Kind::{Fixed, Flux, Robin};

/// One D that varies along both axes.
const SMOOTH: [&str; 4] = [
    "0.9 + 0.4*sin(2*x + y)",
    "0.9 + 0.4*sin(2*x + y)",
    "0.8*cos(2*x + y)",
    "0.4*cos(2*x + y)",
];
/// One D along x and another along y.
const ANISOTROPIC: [&str; 4] = ["0.5 + x**2", "1 - 0.5*y", "2*x", "-0.5"];

/// The error on 20 × 24 cells, and its ratio to that on 10 × 12 cells: 1/4 is second order, as dt
/// goes with dx².
const ORDERS: [Manufactured; 8] = [
    Manufactured {
        name: "fixed walls that depend on time",
        material: "D = 0.8",
        d: ["0.8", "0.8", "0", "0"],
        walls: [Fixed; 4],
        error: 1.14e-5,
        ratio: 0.2530,
    },
    Manufactured {
        name: "fluxes",
        material: "D = 0.8",
        d: ["0.8", "0.8", "0", "0"],
        walls: [Flux; 4],
        error: 2.07e-4,
        ratio: 0.2525,
    },
    Manufactured {
        name: "Robin walls",
        material: "D = 0.8",
        d: ["0.8", "0.8", "0", "0"],
        walls: [Robin; 4],
        error: 1.62e-4,
        ratio: 0.2515,
    },
    Manufactured {
        name: "one coefficient along each axis",
        material: "Dx = 1.25\nDy = 0.4",
        d: ["1.25", "0.4", "0", "0"],
        walls: [Flux, Fixed, Robin, Flux],
        error: 2.56e-4,
        ratio: 0.2515,
    },
    Manufactured {
        name: "a material that varies",
        material: "D = '0.9 + 0.4*sin(2*x + y)'",
        d: SMOOTH,
        walls: [Fixed, Flux, Robin, Fixed],
        error: 4.50e-4,
        ratio: 0.2510,
    },
    Manufactured {
        name: "a material that varies, arithmetic means",
        material: "D = '0.9 + 0.4*sin(2*x + y)'\nface = 'arithmetic'",
        d: SMOOTH,
        walls: [Robin, Fixed, Flux, Robin],
        error: 2.40e-4,
        ratio: 0.2510,
    },
    Manufactured {
        name: "an anisotropic material that varies, fluxes",
        material: "Dx = '0.5 + x**2'\nDy = '1 - 0.5*y'",
        d: ANISOTROPIC,
        walls: [Flux; 4],
        error: 5.30e-4,
        ratio: 0.2575,
    },
    Manufactured {
        name: "an anisotropic material that varies, Robin walls",
        material: "Dx = '0.5 + x**2'\nDy = '1 - 0.5*y'",
        d: ANISOTROPIC,
        walls: [Robin; 4],
        error: 4.90e-4,
        ratio: 0.2560,
    },
];

#[test]
fn manufactured_solutions_converge_with_second_order() {
    for case in &ORDERS {
        let (coarse, fine) = (case.error_at(1), case.error_at(2));
        let (error, ratio) = (fine, fine / coarse);
        println!("{}: {error:.2e}, {ratio:.3}", case.name);
        assert!(
            error <= case.error && ratio <= case.ratio,
            "{}: {error:e}, {ratio}",
            case.name
        );
        // Better than second order would mean that this test no longer measures what it says.
        assert!(ratio >= 0.249, "{}: {ratio}", case.name);
    }
}

/// NAFEMS benchmark T3: a bar of 0.1 m whose end follows 100 sin(π t/40) degrees; after 32 s, 0.02 m
/// from there, 36.60 degrees.
#[test]
fn nafems_t3_is_met() {
    let d: f64 = 35.0 / (7200.0 * 440.5);
    let value = |cells: u32, dt: f64| {
        let dx = 0.1 / f64::from(cells);
        let end = solve(&format!(
            "D = {d}\nx1 = 0\nx2 = 0.1\ny1 = 0\ny2 = {}\ndx = {}\ndy = {dx}\ngrid = 'walls'\ndt = {dt}\n\
             runtime = 32\nouttime = 32\ninitial = {{kind = 'constant', value = 0}}\n\
             boundary = {{left = 0.0, right = '100*sin(pi*t/40)', bottom = {{flux = 0.0}}, top = {{flux = 0.0}}}}",
            2.001 * dx,
            0.999 * dx
        ));
        assert_eq!(end.time, 32.0);
        end.at(0.08, 0.0)
    };
    let found =
        [(10, 2.0), (20, 0.5), (40, 0.125), (80, 0.03125)].map(|(cells, dt)| value(cells, dt));
    println!("T3: {found:?}");
    let published = 36.60;
    for (value, bound) in found.iter().zip([0.24, 0.065, 0.02, 0.008]) {
        assert!((value - published).abs() <= bound, "{found:?}");
    }
    let ratio = (found[3] - found[2]) / (found[2] - found[1]);
    assert!((0.2..=0.3).contains(&ratio), "{ratio}");
}

/// NAFEMS benchmark T4: a plate of 0.6 m by 1 m, 100 degrees at the bottom, insulated on the left, cooled
/// on the right and at the top; steady, 18.25 degrees on the right, 0.2 m above the bottom.
#[test]
fn nafems_t4_is_met() {
    let value = |dx: f64| {
        let convection = "{robin = [750.0, 52.0, 0.0]}";
        let end = solve(&format!(
            "D = 1\nx1 = 0\nx2 = 0.6\ny1 = 0\ny2 = 1\ndx = {}\ngrid = 'walls'\nruntime = 1.5\nouttime = 1.5\n\
             boundary = {{left = {{flux = 0.0}}, right = {convection}, bottom = 100.0, top = {convection}}}",
            0.9999 * dx
        ));
        end.at(0.6, 0.2)
    };
    let found = [0.1, 0.05, 0.025, 0.0125].map(value);
    println!("T4: {found:?}");
    let published = 18.25;
    for (value, bound) in found.iter().zip([0.7, 0.1, 0.03, 0.015]) {
        assert!((value - published).abs() <= bound, "{found:?}");
    }
    let ratio = (found[3] - found[2]) / (found[2] - found[1]);
    assert!((0.0..=0.4).contains(&ratio), "{ratio}");
}
