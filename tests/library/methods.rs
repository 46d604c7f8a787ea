//! The methods beside explicit Euler, against each other.

use diff2d::{
    Field, Problem,
    comm::{Channels, Comm as _, Link, Solo},
    internal::{Slab, solver_of_rows},
    stencil::Element,
};

const SEED: &str = "D = 1.0\nx1 = -10.0\nx2 = 10.0\nruntime = 2.0\nouttime = 1.0\ngrid = 'walls'\n";

/// The state after all steps.
fn end(more: &str) -> Vec<f64> {
    solved(&format!("{SEED}{more}"))
}

fn solved<T: Element>(text: &str) -> Vec<T> {
    let problem: Problem = text.parse().unwrap();
    let mut solver = problem.solver::<T>().unwrap();
    let steps = problem.schedule.last_step();
    solver.advance(steps, &Solo).unwrap();
    solver.into_state().as_slice().to_vec()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f64::max)
}

#[test]
fn super_time_stepping_is_of_second_order() {
    let exact = end("dx = 1.0\nmethod = 'exact'\n");
    // Three stages reach the longest of these steps: the number of stages stays the same.
    let error = |dt: f64| {
        let state = end(&format!("dx = 1.0\nmethod = 'rkl2'\ndt = {dt}\n"));
        largest_difference(&state, &exact)
    };
    let errors = [0.25, 0.125, 0.0625].map(error);
    let ratios = [errors[0] / errors[1], errors[1] / errors[2]];
    assert!(errors[2] < 1e-3, "{errors:?}");
    assert!(
        ratios.iter().all(|ratio| (3.5..5.0).contains(ratio)),
        "{errors:?} {ratios:?}"
    );
}

#[test]
fn a_step_of_many_stages_comes_close_to_the_exact_solution() {
    let exact = end("dx = 0.1\nmethod = 'exact'\n");
    let error = largest_difference(&end("dx = 0.1\nmethod = 'rkl2'\ndt = 0.05\n"), &exact);
    assert!(error < 1e-4, "{error}");
}

/// Stages add what a step adds, not parts of the state.
#[test]
fn super_time_stepping_keeps_what_nothing_changes() {
    for more in [
        "D = 1\n",
        "D = '1 + 0.3*x'\n",
        "D = 1\ny2 = 0.5\ndy = 0.02\n",
        "D = 1\ncapacity = '2 + x'\n",
        "D = 1\nmask = {where = 'hypot(x, y - 0.5) < 0.3'}\n",
        "D = 1\nboundary = {left = 'periodic', right = 'periodic', bottom = 0.1, top = '0.1 + 0*t'}\n",
        "D = 1\nsource = '0*sin(x*t)'\n",
        "D = 1\nsource = '0*sin(t)'\n",
    ] {
        let boundary = if more.contains("boundary") {
            ""
        } else {
            "boundary = 'insulated'\n"
        };
        let text = format!(
            "grid = 'walls'\nx1 = 0\nx2 = 1\ndx = 0.05\nruntime = 0.07\nouttime = 0.07\nmethod = 'rkl2'\n\
             dt = 0.02\n{boundary}initial = {{kind = 'constant', value = 0.1}}\n{more}"
        );
        let masked = |value: f64| value.is_nan() && more.contains("mask");
        let changed = |value| ![0.1, f64::from(0.1_f32)].contains(&value) && !masked(value);
        assert!(!solved::<f64>(&text).into_iter().any(changed), "{more}");
        let single = solved::<f32>(&text.replace("method", "precision = 'f32'\nmethod"));
        assert!(!single.into_iter().map(f64::from).any(changed), "{more}");
    }
}

/// In single precision about an offset, changes far below the rounding of a stage's state.
#[test]
fn super_time_stepping_adds_up_small_changes() {
    let problem = "D = 'where(x < 0.5, 1, 0.001)'\nx1 = 0\nx2 = 1\ny1 = 0\ny2 = 0.1\ndx = 0.02\ngrid = 'walls'\n\
         boundary = 'insulated'\nruntime = 25\nouttime = 25\nmethod = 'rkl2'\ndt = 0.05\n\
         initial = {kind = 'expression', value = '300 + where(x > 0.5, cos(pi*(x-0.5)/0.5), 1)'}\n";
    let exact = solved::<f64>(problem);
    let single = solved::<f32>(&format!("precision = 'f32'\n{problem}"));
    let single: Vec<f64> = single.into_iter().map(f64::from).collect();
    let error = largest_difference(&exact, &single);
    assert!(
        (exact[50] - 299.635_26).abs() < 1e-4 && error < 3e-3,
        "{error}"
    );
}

#[test]
fn stages_give_the_step_that_they_reach() {
    let problem: Problem = format!("{SEED}dx = 0.1\nmethod = 'rkl2'\nstages = 9\n")
        .parse()
        .unwrap();
    assert!((problem.schedule.dt - problem.limit() * 22.0).abs() < 1e-15);
    assert_eq!(problem.stages(), 9);
}

/// The state after all steps on several ranks.
fn end_on_ranks(problem: &Problem, ranks: usize) -> Vec<f64> {
    let (ny, nx) = problem.grid.shape();
    let part = |comm: Channels| {
        let slab = Slab::new(ny, comm.rank(), ranks, 5);
        let rows = slab.held();
        let mut state = Field::zeros((rows.len(), nx)).unwrap();
        problem.fill_initial(&mut state, rows.start).unwrap();
        let mut solver = solver_of_rows(problem, state, slab).unwrap();
        let steps = problem.schedule.last_step();
        solver.advance(steps, &comm).unwrap();
        let own = solver.slab().own_among_held();
        solver.state().as_slice()[own.start * nx..own.end * nx].to_vec()
    };
    Channels::together(ranks, Link::default(), part).concat()
}

#[test]
fn sources_of_few_products_are_arrays_times_numbers_of_the_step() {
    for text in [
        "t",
        "exp(-x*x)*sin(t)",
        "x*y*t + cos(3*t)",
        "(1 + t)*x - 2*y",
        "(x + t)*(y - t)/(2 + cos(t))",
    ] {
        for method in ["safety = 0.8\n", "method = 'rkl2'\ndt = 0.1\n"] {
            let with = |source: &str| format!("dx = 0.5\n{method}source = '{source}'\n");
            // Nobody looks into a minimum: this source is evaluated at each node and step.
            let whole = end(&with(&format!("min({text}, 1e300)")));
            let problem: Problem = format!("{SEED}{}", with(text)).parse().unwrap();
            assert!(problem.depends_on_time() && !problem.has_moving_source());
            let terms = end(&with(text));
            let most = whole.iter().fold(0.0_f64, |most, p| most.max(p.abs()));
            let error = largest_difference(&whole, &terms);
            assert!(
                error <= 1e-12 * most,
                "{text}, {method}: {error:e} of {most}"
            );
            assert!(error > 0.0 || most > 0.0);
            for ranks in [2, 3] {
                let parts = end_on_ranks(&problem, ranks);
                assert!(parts == terms, "{text}, {method}: {ranks} ranks");
            }
        }
    }
}

#[test]
fn what_walls_and_sources_add_to_the_exact_solution_is_the_same_on_ranks_and_threads() {
    let text = format!(
        "{SEED}dx = 0.4\nmethod = 'exact'\ncapacity = 2.5\ndecay = 0.3\nsource = 'sin(x) + y'\n\
         [boundary]\nleft = 20.0\nright = {{ flux = 0.7 }}\nbottom = 'periodic'\ntop = 'periodic'\n"
    );
    let problem: Problem = text.parse().unwrap();
    let on_threads = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| end_on_ranks(&problem, 1))
    };
    let alone = on_threads(1);
    assert!(on_threads(3) == alone && end_on_ranks(&problem, 3) == alone);
    // Both ends of a periodic axis are the same.
    let (ny, nx) = problem.grid.shape();
    assert_eq!(alone[..nx], alone[(ny - 1) * nx..]);
    assert!(alone.iter().step_by(nx).all(|&p| p == 20.0));
}

#[test]
fn a_source_that_grows_beyond_what_a_float_holds_halts_its_steps() {
    let problem: Problem = format!("{SEED}dx = 1.0\nsource = '(2 + x)*exp(exp(8*t))'\n")
        .parse()
        .unwrap();
    let mut solver = problem.solver::<f64>().unwrap();
    let halted = solver.advance(problem.schedule.last_step(), &Solo);
    let halt = halted.unwrap_err().to_string();
    assert!(
        halt.contains("source has no finite value at x = 10.0"),
        "{halt}"
    );
}

#[test]
fn what_a_method_does_not_have_is_refused() {
    for (more, sentence) in [
        ("method = 'rkl2'", "it needs stages, such as"),
        (
            "method = 'rkl2'\ndt = 100.0\nstages = 5",
            "the steps are stable up to",
        ),
        ("method = 'rkl2'\nstages = 1", "from 2 to"),
        ("method = 'rkl2'\nstages = -3", "from 2 to"),
        ("method = 'exact'\ndt = 0.1", "from snapshot to snapshot"),
        ("stages = 9", "has no stages"),
        ("method = 'exact'\nsource = 't*x'", "does not depend on t"),
        ("method = 'exact'\nD = '1 + x**2'", "does not vary"),
        (
            "method = 'exact'\n[boundary]\nleft = 'y'",
            "fixed at a number",
        ),
        (
            "method = 'exact'\n[boundary]\nleft = { robin = [1.0, 1.0, 0.0] }",
            "number as their flux",
        ),
        ("method = 'rk4'", "rkl2"),
    ] {
        let seed = match more.contains("D = ") {
            true => SEED.replace("D = 1.0\n", ""),
            false => SEED.to_owned(),
        };
        let error = format!("{seed}dx = 0.5\n{more}\n")
            .parse::<Problem>()
            .unwrap_err()
            .to_string();
        assert!(error.contains(sentence), "{more}: {error}");
    }
}

/// The default step is that of the largest a/b of the run, between snapshots and between looks.
#[test]
fn the_default_step_is_stable_until_the_end() {
    let limit_of = |a: &str, runtime: &str, more: &str| {
        let text = format!(
            "x1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = {runtime}\nouttime = {runtime}\n{more}\n\
             boundary.left = {{ robin = [\"{a}\", 1, 'cos(t)'] }}\n"
        );
        let problem: Problem = text.parse().unwrap();
        let mut solver = problem.solver::<f64>().unwrap();
        for snapshot in 1..problem.schedule.snapshots() {
            let steps = problem.schedule.steps_to(snapshot);
            solver.advance(steps, &Solo).unwrap();
        }
        problem.limit()
    };
    // 1/(4/dx² + 2 D a/(b dx)) of the largest a/b.
    let limit = |a: f64| 1.0 / (400.0 + 20.0 * a);
    let pulse = "where((t % 1 > 0.3)*(t % 1 < 0.35), 500, 0.5)";
    for (a, runtime, most) in [
        ("1 + 0.5*sin(t)", "20", 1.5),
        ("1 + 0.5*sin(t)", "1", 1.0 + 0.5 * 1_f64.sin()),
        ("2 - cos(37*t)", "5", 3.0),
        ("exp(-(t - 3.3)**2*1000) + 1/(1 + t)", "7", 1.0 + 1.0 / 4.3),
        ("1 + t", "3", 4.0),
        ("3 - t", "3", 3.0),
        (pulse, "1", 500.0),
        ("3", "0", 3.0),
        ("2 + t", "0", 2.0),
        ("2 + t", "5e-324", 2.0),
    ] {
        for more in [
            "D = 1",
            "D = '1 + 0*x'",
            "D = 1\nmethod = 'rkl2'\nstages = 5",
        ] {
            let found = limit_of(a, runtime, more);
            let share = found / limit(most);
            assert!(
                (share - 1.0).abs() < 1e-4 && share < 1.0 + 1e-12,
                "{a}: {found}"
            );
        }
    }
    // It may vary along the wall, too, and corners have two walls.
    let found = limit_of("(1 + 0.5*sin(t))*(1 + y*(1 - y))", "20", "D = 1");
    assert!((found / limit(1.5 * 1.25) - 1.0).abs() < 1e-12, "{found}");
    let two = "D = 1\nboundary.bottom = { robin = ['1 - sin(t)', 1, 0] }";
    let found = limit_of("1 + 0.5*sin(t)", "20", two);
    assert!((found / limit(2.5) - 1.0).abs() < 1e-12, "{found}");
}

/// The slowest wave of the five-point system between walls that are 0, which decays with the integral of D.
#[test]
fn a_d_that_depends_on_time_counts_by_its_integral() {
    let base = "x1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 0.4\nouttime = 0.1\ninitial = {kind = 'sine', kx = 1, ky = 1}\n";
    let table = "[function.f]\npoints = [[0, 1], [0.07, 4], [0.33, 0.5], [0.5, 2]]\n";
    let wave = 8.0 / 0.01 * (std::f64::consts::PI / 20.0).sin().powi(2);
    for (d, integral) in [
        ("exp(-3*t)", (1.0 - (-1.2_f64).exp()) / 3.0),
        ("max(0.2, 1 - 4*t)", 0.12 + 0.2 * 0.2),
        ("where(t < 0.15, 2, 0.3)", 0.3 + 0.3 * 0.25),
        (
            "f(t)",
            0.175 + 0.585 + (0.5 + 0.5 + 1.5 * 0.07 / 0.17) / 2.0 * 0.07,
        ),
    ] {
        let decayed = (-wave * integral).exp();
        let state: Vec<f64> = solved(&format!("D = '{d}'\nmethod = 'exact'\n{base}{table}"));
        assert!((state[5 * 11 + 5] / decayed - 1.0).abs() < 1e-12, "{d}");
        for (method, order) in [("euler", 2.0), ("rkl2", 4.0)] {
            let error = |dt: f64| {
                let state: Vec<f64> = solved(&format!(
                    "D = '{d}'\nmethod = '{method}'\ndt = {dt}\n{base}{table}"
                ));
                (state[5 * 11 + 5] / decayed - 1.0).abs()
            };
            let errors = [4e-4, 2e-4].map(error);
            let ratio = errors[0] / errors[1];
            assert!(
                (0.9 * order..1.1 * order).contains(&ratio),
                "{d} {method}: {errors:?}"
            );
        }
    }
}

/// Where functions of time differ from place to place, and sources and walls depend on time, too.
#[test]
fn super_time_stepping_is_of_second_order_where_d_and_decay_depend_on_time() {
    for round in ["", "coordinates = 'axisymmetric'\n"] {
        let state = |dt: f64| {
            solved::<f64>(&format!(
                "D = '1 + x*sin(9*t) + y*t*t'\ndecay = '(2 + y)*exp(-t)'\nsource = 'x*cos(5*t)'\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\n{round}\
                 runtime = 0.4\nouttime = 0.4\nmethod = 'rkl2'\ndt = {dt}\nstages = 9\ninitial = {{kind = 'expression', value = 'cos(pi*x)*cos(pi*y)'}}\n\
                 boundary = {{left = 'insulated', right = {{flux = 'sin(t)'}}, bottom = {{robin = [1, 1, 'cos(pi*x) + t']}}, top = 'insulated'}}\n"
            ))
        };
        let states = [0.004, 0.002, 0.001, 0.0005].map(state);
        let changes: Vec<f64> = (states.windows(2))
            .map(|pair| largest_difference(&pair[0], &pair[1]))
            .collect();
        let ratios = [changes[0] / changes[1], changes[1] / changes[2]];
        assert!(
            ratios.iter().all(|ratio| (3.6..4.4).contains(ratio)),
            "{round} {changes:?} {ratios:?}"
        );
    }
}

#[test]
fn a_d_that_does_not_change_has_the_bits_of_a_number() {
    let rows = [
        ("D = 1", "D = '1 + 0*t'"),
        ("D = '1 + x*x'", "D = '(1 + x*x)*where(t < 99, 1, 2)'"),
        (
            "D = 1\ndecay = 'y*y'",
            "D = 'max(1, -t)'\ndecay = 'y*y*exp(0*t)'",
        ),
    ];
    for (number, formula) in rows {
        for method in ["", "method = 'rkl2'\ndt = 0.01\n"] {
            let [plain, ageing] = [number, formula].map(|material| {
                solved::<f64>(&format!(
                    "{material}\nx1 = 0\nx2 = 1\ndx = 0.07\ngrid = 'walls'\nruntime = 0.1\nouttime = 0.03\nboundary.left = {{robin = [1, 2, 3]}}\n{method}"
                ))
            });
            assert!(plain == ageing, "{formula} {method}");
        }
    }
}

#[test]
fn functions_of_time_that_d_cannot_have_are_refused() {
    let base = "x1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 1\nouttime = 0.5\n";
    for (material, reason) in [
        ("D = 'sin(x*t)'", "no sum of at most 4 products"),
        ("D = '1/(x + t + 1)'", "no sum of at most 4 products"),
        ("D = 'cos(4*t)'", "0 or greater"),
        ("D = 1\ndecay = 'y*(0.5 - t)'", "0 or greater"),
        ("D = 1\ncapacity = '1 + t'", "there is no 't' here"),
        ("D = '1 + t'\nmethod = 'steady'", "no time"),
        ("D = '1 + t'\nmethod = 'exact'\nsource = 1", "no source"),
        ("D = '1 + x*t'\nmethod = 'exact'", "does not vary"),
        ("D = 1\ndecay = 't'\nmethod = 'exact'", "in D alone"),
        (
            "D = 1\nDx = '1 + t'\nmethod = 'exact'",
            "the same along x and y",
        ),
    ] {
        let error = format!("{material}\n{base}")
            .parse::<Problem>()
            .unwrap_err();
        assert!(error.to_string().contains(reason), "{material}: {error}");
    }
}
