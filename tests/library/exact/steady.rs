//! Steady states, layers, and jumps between materials.

use super::{EPS, solve};

/// A linear state is steady between fixed walls, fluxes and Robin walls that fit it, whatever D along y.
#[test]
fn linear_states_between_walls_that_fit_them_are_steady() {
    // p = 1 + 2 x - y; D = 3 along x, 0.5 along y.
    for (left, right, bottom, top) in [
        ("'1 - y'", "'3 - y'", "'1 + 2*x'", "'2*x'"),
        ("{flux = -6.0}", "{flux = 6.0}", "{flux = 0.5}", "'2*x'"),
        (
            "{robin = [2.0, 1.0, '2*(1 - y) - 2']}",
            "{robin = [1.0, -2.0, '(3 - y) - 4']}",
            "{robin = [1.0, 4.0, '1 + 2*x + 4']}",
            "{robin = [0.5, 1.0, 'x - 1']}",
        ),
    ] {
        let end = solve(&format!(
            "Dx = 3\nDy = 0.5\nx1 = 0\nx2 = 1\ndx = 0.0624\ndy = 0.0768\ngrid = 'walls'\nruntime = 1\n\
             outtime = 1\nsafety = 0.8\ninitial = {{kind = 'expression', value = '1 + 2*x - y'}}\n\
             boundary = {{left = {left}, right = {right}, bottom = {bottom}, top = {top}}}"
        ));
        let error = end.error(|x, y| 1.0 + 2.0 * x - y);
        assert!(end.steps > 500 && error < 1e-11, "{left}: {error:e}");
    }
}

/// A pipe of radii 1 and 3 that is held at 100 inside and loses heat outside: `D p' = h (20 - p)` there, and
/// `p = 100 - q ln r` between, with the heat `2π q D` a length.
#[test]
fn the_wall_of_a_pipe_has_a_logarithmic_profile() {
    let (d, h): (f64, f64) = (0.8, 0.5);
    let q = 80.0 / (3.0_f64.ln() + d / (3.0 * h));
    let error = |cells: u32| {
        let dx = 2.0 / f64::from(cells);
        let end = solve(&format!(
            "coordinates = 'axisymmetric'\nD = {d}\nx1 = 1\nx2 = 3\ny1 = 0\ny2 = 0.5\ndx = {}\ndy = 0.2499\n\
             grid = 'walls'\nmethod = 'rkl2'\nstages = 9\nruntime = 40\nouttime = 40\n\
             initial = {{kind = 'constant', value = 60}}\n\
             boundary = {{left = 100.0, right = {{robin = [{h}, {d}, {}]}}, bottom = 'insulated', top = 'insulated'}}",
            0.9999 * dx,
            20.0 * h,
        ));
        end.error(|x, _| 100.0 - q * x.ln())
    };
    let (coarse, fine) = (error(20), error(40));
    assert!(fine < 0.02, "{fine:e}");
    assert!((0.24..0.26).contains(&(fine / coarse)), "{}", fine / coarse);
}

/// The equation of a steady state at every node that is computed, from the formula.
#[test]
fn steady_states_solve_the_discrete_equations() {
    let d = |x: f64, y: f64| 1.0 + 0.5 * (3.0 * x).sin() * y;
    let source = |x: f64, y: f64| 4.0 * x * y - 1.0;
    let end = solve(
        "D = '1 + 0.5*sin(3*x)*y'\nface = 'arithmetic'\nsource = '4*x*y - 1'\nx1 = 0\nx2 = 1\n\
         y1 = 0\ny2 = 0.8\ndx = 0.0832\ndy = 0.0999\ngrid = 'walls'\nruntime = 25\nouttime = 25\n\
         boundary = {left = 'cos(y)', right = {robin = [1.5, 0.5, 'sin(9*y)']}, bottom = {flux = '0.3 - x'}, top = {robin = [2.0, 1.0, 1.0]}}",
    );
    let (ny, nx) = end.p.dim();
    assert_eq!((ny, nx), (9, 13));
    let (dx, dy) = (1.0 / 12.0, 0.1);
    let p = |j: usize, i: usize| end.p[[j, i]];
    let at = |j: usize, i: usize| d(end.x[i], end.y[j]);
    let flux_x =
        |j: usize, i: usize| 0.5 * (at(j, i) + at(j, i + 1)) * (p(j, i + 1) - p(j, i)) / dx;
    let flux_y =
        |j: usize, i: usize| 0.5 * (at(j, i) + at(j + 1, i)) * (p(j + 1, i) - p(j, i)) / dy;
    for j in 0..ny {
        assert_eq!(p(j, 0), if j == 0 { 1.0 } else { end.y[j].cos() });
        for i in 1..nx {
            let (x, y) = (end.x[i], end.y[j]);
            let along_x = match i {
                12 => {
                    let q = at(j, i) * ((9.0 * y).sin() - 1.5 * p(j, i)) / 0.5;
                    2.0 * (q - flux_x(j, i - 1)) / dx
                }
                _ => (flux_x(j, i) - flux_x(j, i - 1)) / dx,
            };
            let along_y = match j {
                0 => 2.0 * (flux_y(j, i) + 0.3 - x) / dy,
                8 => 2.0 * (at(j, i) * (1.0 - 2.0 * p(j, i)) - flux_y(j - 1, i)) / dy,
                _ => (flux_y(j, i) - flux_y(j - 1, i)) / dy,
            };
            let rest = end.dt * (along_x + along_y + source(x, y));
            // A step that changes no value by more than a rounding.
            assert!(
                rest.abs() < 8.0 * EPS * end.largest(),
                "({j}, {i}): {rest:e}"
            );
        }
    }
}

/// D jumps at a node, or anywhere between two of them. The integral along the edge makes the steady state exact at the nodes.
#[test]
fn layers_are_exact_at_the_nodes() {
    for (along_x, jump, place) in [
        (true, 10.0, 0.5),
        (false, 10.0, 0.53),
        (true, 0.05, 0.5501),
        (false, 0.5, 0.5),
    ] {
        let (name, insulated) = (if along_x { "x" } else { "y" }, "{flux = 0.0}");
        let walls = match along_x {
            true => ["1.0", "3.0", insulated, insulated],
            false => [insulated, insulated, "1.0", "3.0"],
        };
        let end = solve(&format!(
            "D = 'where({name} < {place}, 1, {jump})'\nx1 = 0\nx2 = 1.1\ndx = 0.0999\ngrid = 'walls'\n\
             runtime = {}\nouttime = 1\nboundary = {{left = {}, right = {}, bottom = {}, top = {}}}",
            40.0 / f64::min(jump, 1.0).sqrt().sqrt(),
            walls[0],
            walls[1],
            walls[2],
            walls[3],
        ));
        // Nodes at 0, 0.1, …
        let flux = 2.0 / (place + (1.1 - place) / jump);
        let exact = |s: f64| match s < place {
            true => 1.0 + flux * s,
            false => 3.0 - flux / jump * (1.1 - s),
        };
        let error = end.error(|x, y| exact(if along_x { x } else { y }));
        assert!(error < 1e-10, "{name}, {jump}, {place}: {error:e}");
    }
}

#[test]
fn a_jump_of_a_million_between_materials_stays_within_the_values_there_were() {
    for face in ["harmonic", "arithmetic"] {
        for walls in ["0.0", "{flux = 0.0}", "'periodic'"] {
            let end = solve(&format!(
                "D = 'where(hypot(x, y) < 0.31, 1e6, where(x*y > 0, 1, 1e3))'\nface = '{face}'\nx1 = -1\nx2 = 1\n\
                 dx = 0.0499\ngrid = 'walls'\nruntime = 3e-6\nouttime = 1e-8\n\
                 initial = {{kind = 'expression', value = 'where(x > 0.1, 1, 0)'}}\n\
                 boundary = {{left = {walls}, right = {walls}, bottom = {walls}, top = {walls}}}"
            ));
            assert!(end.steps > 1000, "{}", end.steps);
            for (lowest, highest) in &end.range {
                assert!(
                    *lowest >= 0.0 && *highest <= 1.0 + 8.0 * EPS,
                    "{face}, {walls}: {lowest:e} {highest:e}"
                );
            }
        }
    }
}
