//! The equation: order of convergence, maximum principle, mass, decay of modes, and symmetries of the
//! step.
//!
//! Tolerances count roundings in units of ε, the distance from 1 to the next number. A step with r ≤ 1/4
//! does not amplify the errors of earlier steps.

use crate::common::seed::random_cases;
use diff2d::{
    Field, Grid, Problem, RawParams, Summary,
    comm::Solo,
    internal::{Dynamics, Slab, solver},
    stencil::{Element, Stencil},
};
use ndarray::{Array2, s};
use proptest::prelude::*;
use std::f64::consts::PI;

const EPS: f64 = f64::EPSILON;

/// The state `steps` steps after `start`, whose boundary nodes hold the boundary values.
fn after<T: Element>(start: &Array2<T>, r: T, steps: u64) -> Array2<T> {
    let mut field = Field::zeros(start.dim()).unwrap();
    field.view_mut().assign(start);
    let stencil = Stencil::new(r);
    let dynamics = Dynamics::constant(stencil.equation().clone());
    let slab = Slab::whole(start.nrows());
    let mut solver = solver(stencil, dynamics, field, slab).unwrap();
    solver.advance(steps, &Solo).unwrap();
    solver.into_state().view().to_owned()
}

fn problem(text: &str) -> Problem {
    let raw = RawParams::parse("p.toml", text).unwrap();
    Problem::from_raw(&raw).unwrap()
}

fn largest(field: &Array2<f64>) -> f64 {
    field
        .iter()
        .fold(0.0, |largest, value| value.abs().max(largest))
}

/// `sin(k_y π j/n_y) sin(k_x π i/n_x)`, 0 at boundary nodes; arguments reduced exactly, so that
/// high modes are as accurate as low ones.
fn mode((ny, nx): (usize, usize), (ky, kx): (usize, usize)) -> Array2<f64> {
    let factor = |k: usize, i: usize, n: usize| {
        if i == 0 || i == n {
            return 0.0;
        }
        (PI * ((k * i) % (2 * n)) as f64 / n as f64).sin()
    };
    Array2::from_shape_fn((ny, nx), |(j, i)| {
        factor(ky, j, ny - 1) * factor(kx, i, nx - 1)
    })
}

/// A square of side 2 between walls: the largest error against the exact solution at t = 1/4. All
/// numbers are powers of two, so that every grid reaches that time in whole steps.
fn error_of_mode(cells: u32, (ky, kx): (usize, usize)) -> f64 {
    let dx = 2.0 / f64::from(cells);
    let problem = problem(&format!(
        "D = 0.5\nx1 = -1\nx2 = 1\ndx = {dx}\nruntime = 0.25\nouttime = 0.25\ngrid = 'walls'"
    ));
    let r = problem.steps()[0];
    let Problem {
        grid,
        schedule,
        params,
        ..
    } = problem;
    let (ny, nx) = grid.shape();
    assert_eq!((ny, nx), (cells as usize + 1, cells as usize + 1));
    let side = params.x2 - params.x1;
    let wave = |k: usize, x: f64| (PI * k as f64 * (x - params.x1) / side).sin();
    let exact = |t: f64| {
        let rate = 0.5 * PI * PI * (kx * kx + ky * ky) as f64 / (side * side);
        Array2::from_shape_fn((ny, nx), |(j, i)| {
            (-rate * t).exp() * wave(ky, grid.y.node(j)) * wave(kx, grid.x.node(i))
        })
    };
    let mut start = exact(0.0);
    for side in [s![0, ..], s![ny - 1, ..]] {
        start.slice_mut(side).fill(0.0);
    }
    for side in [s![.., 0], s![.., nx - 1]] {
        start.slice_mut(side).fill(0.0);
    }
    assert_eq!(schedule.nsteps as f64 * schedule.dt, params.runtime);
    let end = after(&start, r, schedule.nsteps);
    largest(&(end - exact(params.runtime)))
}

/// (mode, error on 64² cells, ratio to the error on 32² cells).
///
/// The time step is proportional to dx², so the whole scheme is of second order: a ratio of 1/4.
/// At r = 1/4 the leading terms of space, `(a² + b²)/48`, and of time, `(a + b)²/32` with
/// `a = θ_x²`, `b = θ_y²` a step, cancel for no mode: 2(a² + b²) < 3(a + b)² for all positive a, b.
/// (At r = 1/6 they would, along an axis.) So the order found is not raised by cancellation.
const REFINEMENT: [((usize, usize), f64, f64); 4] = [
    ((1, 1), 1.34e-4, 0.25),
    ((1, 2), 2.72e-4, 0.25),
    ((2, 2), 3.37e-4, 0.25),
    ((3, 1), 1.93e-4, 0.25),
];

#[test]
fn the_scheme_is_of_second_order() {
    for (mode, error, ratio) in REFINEMENT {
        let (coarse, fine) = (error_of_mode(32, mode), error_of_mode(64, mode));
        assert!(fine <= error, "mode {mode:?}: error {fine:e}");
        let found = fine / coarse;
        assert!(found <= ratio, "mode {mode:?}: ratio {found}");
        // Better than second order would mean that this test no longer measures what it says.
        assert!(found >= 0.249, "mode {mode:?}: ratio {found}");
    }
}

fn fields(most: usize) -> impl Strategy<Value = Array2<f64>> {
    (3..most, 3..most).prop_flat_map(|shape| {
        prop::collection::vec(-1.0_f64..1.0, shape.0 * shape.1)
            .prop_map(move |values| Array2::from_shape_vec(shape, values).unwrap())
    })
}

fn pairs(most: usize) -> impl Strategy<Value = (Array2<f64>, Array2<f64>)> {
    fields(most).prop_flat_map(|first| {
        let shape = first.dim();
        let second = prop::collection::vec(-1.0_f64..1.0, shape.0 * shape.1);
        (
            Just(first),
            second.prop_map(move |values| Array2::from_shape_vec(shape, values).unwrap()),
        )
    })
}

/// Coefficients r up to the stability limit 1/4, with the limit itself.
fn coefficients() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.25), Just(0.25_f64.next_down()), 0.0..0.25_f64]
}

fn ends(field: &Array2<f64>) -> (f64, f64) {
    field
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| {
            (value.min(low), value.max(high))
        })
}

proptest! {
    #![proptest_config(random_cases(256))]

    /// No value leaves the range of the field before it, ring included, but by the roundings of one
    /// step: each of the six operations is off by at most ε/2 of values up to 8.
    #[test]
    fn the_maximum_principle_holds(mut p in fields(24), r in coefficients()) {
        for _ in 0..12 {
            let (low, high) = ends(&p);
            p = after(&p, r, 1);
            let (new_low, new_high) = ends(&p);
            prop_assert!(new_low >= low - 8.0 * EPS && new_high <= high + 8.0 * EPS);
        }
    }

    /// What the mass changes by is what flows in across the ring: r times the sum of differences
    /// over all edges between a ring node and an interior one.
    #[test]
    fn mass_changes_by_what_crosses_the_boundary(
        cells in 2_u32..40,
        values in prop::collection::vec(-1.0_f64..1.0, 41 * 41),
    ) {
        let dx = 3.0 / f64::from(cells);
        let problem = problem(&format!(
            "D = 0.3\nx1 = -1\nx2 = 2\ndx = {dx}\nruntime = 1\nouttime = 1\ngrid = 'walls'"
        ));
        let (grid, r) = (&problem.grid, problem.steps()[0]);
        let (ny, nx) = grid.shape();
        let p = Array2::from_shape_fn((ny, nx), |(j, i)| values[j * nx + i]);
        let inflow: f64 = (1..nx - 1)
            .map(|i| (p[[0, i]] - p[[1, i]]) + (p[[ny - 1, i]] - p[[ny - 2, i]]))
            .chain((1..ny - 1).map(|j| (p[[j, 0]] - p[[j, 1]]) + (p[[j, nx - 1]] - p[[j, nx - 2]])))
            .sum();
        let new = after(&p, r, 1);
        let change = mass(&new, grid) - mass(&p, grid);
        let area = grid.x.spacing * grid.y.spacing;
        let nodes = (ny * nx) as f64;
        let balance = change - r * inflow * area;
        prop_assert!(balance.abs() <= 4.0 * EPS * nodes * area, "{balance:e}");
    }

    /// Every discrete mode decays by its own factor, 1 - 4r(sin²(θ_y/2) + sin²(θ_x/2)) a step, also
    /// where it is negative: at r = 1/4 the checkerboard lives as long as the smoothest mode.
    #[test]
    fn modes_decay_by_their_factor(
        (ny, ky) in (3_usize..60).prop_flat_map(|n| (Just(n), 1..n - 1)),
        (nx, kx) in (3_usize..60).prop_flat_map(|n| (Just(n), 1..n - 1)),
        r in coefficients(),
        steps in 1_u64..60,
    ) {
        let start = mode((ny, nx), (ky, kx));
        let sine = |k: usize, n: usize| (PI * k as f64 / (2 * (n - 1)) as f64).sin().powi(2);
        let factor = 1.0 - 4.0 * r * (sine(ky, ny) + sine(kx, nx));
        let exact = &start * factor.powi(i32::try_from(steps).unwrap());
        let error = largest(&(after(&start, r, steps) - exact));
        let tolerance = EPS * (8 + 4 * steps) as f64;
        prop_assert!(error <= tolerance, "factor {factor}: {error:e} > {tolerance:e}");
    }

    /// The step is linear: to rounding for any sum, to the last bit for powers of two and signs, which
    /// change no rounding.
    #[test]
    fn steps_are_linear((u, v) in pairs(24), a in -4.0_f64..4.0, r in coefficients(), steps in 1_u64..20) {
        let together = after(&(&u * a + &v), r, steps);
        let apart = after(&u, r, steps) * a + after(&v, r, steps);
        let tolerance = EPS * 5.0 * (4 + 8 * steps) as f64;
        prop_assert!(largest(&(together - apart)) <= tolerance);

        let one = after(&u, r, steps);
        for scale in [-1.0, 0.125, -1024.0] {
            prop_assert_eq!(after(&(&u * scale), r, steps), &one * scale);
        }
    }

    /// The step adds north and south first, so a mirrored y axis changes no bit. East and west are added
    /// after them, one by one: a mirrored x axis, or exchanged axes, change the result by roundings.
    #[test]
    fn mirrored_and_transposed_fields_stay_so(p in fields(24), r in coefficients(), steps in 1_u64..20) {
        let plain = after(&p, r, steps);
        let of = |turned: ndarray::ArrayView2<f64>| after(&turned.as_standard_layout().to_owned(), r, steps);

        let upside_down = of(p.slice(s![..;-1, ..]));
        prop_assert_eq!(upside_down.slice(s![..;-1, ..]), plain.view());

        let tolerance = EPS * (4 + 4 * steps) as f64;
        let mirrored = of(p.slice(s![.., ..;-1]));
        prop_assert!(largest(&(&mirrored.slice(s![.., ..;-1]) - &plain)) <= tolerance);
        let transposed = of(p.t());
        prop_assert!(largest(&(&transposed.t() - &plain)) <= tolerance);
    }

    /// Boundary nodes hold the boundary condition: no step changes them.
    #[test]
    fn boundary_nodes_keep_their_values(p in fields(24), r in coefficients(), steps in 0_u64..40) {
        let end = after(&p, r, steps);
        let (ny, nx) = p.dim();
        for ((j, i), value) in p.indexed_iter() {
            if j == 0 || i == 0 || j == ny - 1 || i == nx - 1 {
                prop_assert_eq!(value.to_bits(), end[[j, i]].to_bits());
            }
        }
    }
}

fn mass(p: &Array2<f64>, grid: &Grid) -> f64 {
    let mut field = Field::zeros(p.dim()).unwrap();
    field.view_mut().assign(p);
    let rows = Summary::of_each_row(field.as_slice(), 0, None, grid);
    Summary::of_rows(&rows, grid).mass
}
