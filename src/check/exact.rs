//! Problems whose exact solution is known, for every kind of wall and material, on the unit square.

use crate::params::{Choice, StepMethod, choice};
use std::f64::consts::PI;

choice! {
    /// The boundary condition on all four sides.
    pub(super) enum WallKind {
        Fixed = "fixed",
        Flux = "flux",
        Robin = "robin",
        Periodic = "periodic",
    }
}

choice! {
    /// The material of the square.
    pub(super) enum MaterialKind {
        Constant = "constant D",
        Anisotropic = "Dx and Dy",
        Variable = "D(x, y), harmonic",
        Arithmetic = "D(x, y), arithmetic",
        Storage = "c(x, y) and k(x, y)",
    }
}

impl MaterialKind {
    fn keys(self) -> String {
        match self {
            Self::Constant => "D = 0.8\n".to_owned(),
            Self::Storage => format!("D = 0.8\ncapacity = \"{CAPACITY}\"\ndecay = \"{DECAY}\"\n"),
            Self::Anisotropic => "Dx = 0.9\nDy = 0.4\n".to_owned(),
            Self::Variable => format!("D = \"{D}\"\n"),
            Self::Arithmetic => format!("D = \"{D}\"\nface = \"arithmetic\"\n"),
        }
    }

    /// Formulas for Dx, Dy, ∂Dx/∂x and ∂Dy/∂y.
    fn formulas(self) -> [&'static str; 4] {
        match self {
            Self::Constant | Self::Storage => ["0.8", "0.8", "0", "0"],
            Self::Anisotropic => ["0.9", "0.4", "0", "0"],
            Self::Variable | Self::Arithmetic => [D, D, SLOPE, SLOPE],
        }
    }
}

const CAPACITY: &str = "(1 + 0.2*sin(2*pi*(x - y)))";
const DECAY: &str = "(3 + 2*cos(2*pi*x))";
const D: &str = "(0.7 + 0.2*sin(2*pi*(x + y)))";
/// The slope of D, along x and along y.
const SLOPE: &str = "(0.4*pi*cos(2*pi*(x + y)))";

/// The solution. It decays about as fast as such a wave without a source, so that errors in time are visible.
pub(super) const U: &str = "(exp(-30*t)*sin(2*pi*x + 0.3)*cos(2*pi*y - 0.2) + 1)";
const U_T: &str = "(-30*exp(-30*t)*sin(2*pi*x + 0.3)*cos(2*pi*y - 0.2))";
const U_X: &str = "(2*pi*exp(-30*t)*cos(2*pi*x + 0.3)*cos(2*pi*y - 0.2))";
const U_Y: &str = "(-2*pi*exp(-30*t)*sin(2*pi*x + 0.3)*sin(2*pi*y - 0.2))";
/// ∂²u/∂x², and ∂²u/∂y².
const U_XX: &str = "(-4*pi**2*exp(-30*t)*sin(2*pi*x + 0.3)*cos(2*pi*y - 0.2))";

fn method_key(method: StepMethod) -> String {
    format!("method = \"{}\"\n", method.name())
}

/// The grid and times of all problems in this file; the spacing divides a side exactly into `cells` cells.
fn common(cells: u32, dt: Option<f64>, runtime: f64) -> String {
    let spacing = 1.0 / (f64::from(cells) + 0.25);
    let dt = dt.map_or_else(String::new, |dt| format!("dt = {dt:?}\n"));
    format!(
        "x1 = 0\nx2 = 1\ndx = {spacing:?}\ngrid = \"walls\"\ntimes = \"course\"\n{dt}runtime = {runtime:?}\nouttime = {runtime:?}\n"
    )
}

fn boundary([left, right, bottom, top]: [String; 4]) -> String {
    format!("[boundary]\nleft = {left}\nright = {right}\nbottom = {bottom}\ntop = {top}\n")
}

/// The manufactured problem whose solution is `u`. Its source and its walls are derived from `u`.
///
/// Source: P. J. Roache, "Code verification by the method of manufactured solutions", J. Fluids Eng.
/// 124 (2002).
pub(super) fn manufactured(
    method: StepMethod,
    dt: f64,
    walls: WallKind,
    material: MaterialKind,
    cells: u32,
    end: f64,
) -> String {
    let [dx, dy, dx_x, dy_y] = material.formulas();
    let (capacity, decay) = match material {
        MaterialKind::Storage => (CAPACITY, DECAY),
        _ => ("1", "0"),
    };
    let u_t = match method {
        StepMethod::Steady => "0",
        _ => U_T,
    };
    let source = format!(
        "{capacity}*{u_t} - ({dx} + {dy})*{U_XX} - {dx_x}*{U_X} - {dy_y}*{U_Y} + {decay}*{U}"
    );
    let initial = U.replace("exp(-30*t)*", "");
    let sides = [("-", dx, U_X), ("", dx, U_X), ("-", dy, U_Y), ("", dy, U_Y)];
    let sides = sides.map(|(sign, d, slope)| match walls {
        WallKind::Fixed => format!("\"{U}\""),
        WallKind::Flux => format!("{{ flux = \"{sign}{d}*{slope}\" }}"),
        WallKind::Robin => format!("{{ robin = [1.5, 0.5, \"1.5*{U} + 0.5*({sign}{slope})\"] }}"),
        WallKind::Periodic => "\"periodic\"".to_owned(),
    });
    let text = format!(
        "{}{}{}source = \"{source}\"\n[initial]\nkind = \"expression\"\nvalue = \"{initial}\"\n{}",
        method_key(method),
        material.keys(),
        common(cells, Some(dt), end),
        boundary(sides)
    );
    match method {
        // The solution at the beginning stays.
        StepMethod::Steady => text.replace("exp(-30*t)*", ""),
        _ => text,
    }
}

/// A problem whose initial state is a mode of both the equation and the five-point system between walls.
pub(super) struct Mode {
    pub text: String,
    /// The decay rate of the five-point system: `4 Dx/dx² sin²(θx/2) + 4 Dy/dy² sin²(θy/2)`.
    pub rate: f64,
    /// The decay rate of the solution of the equation.
    pub true_rate: f64,
}

pub(super) fn mode(
    method: StepMethod,
    dt: Option<f64>,
    walls: WallKind,
    material: MaterialKind,
    cells: u32,
) -> Mode {
    let n = f64::from(cells);
    let (wave, wall, turns) = match walls {
        WallKind::Fixed => ("sin(pi*@)", "0.0", 0.5),
        WallKind::Flux | WallKind::Robin => ("cos(pi*@)", "{ flux = 0.0 }", 0.5),
        WallKind::Periodic => ("cos(2*pi*@)", "\"periodic\"", 1.0),
    };
    let (d_x, d_y) = match material {
        MaterialKind::Anisotropic => (0.9, 0.4),
        _ => (0.8, 0.8),
    };
    let rate = 4.0 * (d_x + d_y) * n * n * (PI * turns / n).sin().powi(2);
    let value = format!("{}*{}", wave.replace('@', "x"), wave.replace('@', "y"));
    let text = format!(
        "{}{}{}[initial]\nkind = \"expression\"\nvalue = \"{value}\"\n{}",
        method_key(method),
        material.keys(),
        common(cells, dt, 0.02),
        boundary([wall; 4].map(str::to_owned))
    );
    Mode {
        text,
        rate,
        true_rate: 4.0 * (d_x + d_y) * (PI * turns).powi(2),
    }
}
