//! Random problems: initial states, walls, materials, sources, rectangles and time steps, all combined.
//! The answer is that of a reference in NumPy, written from the equation.
//!
//! `DIFF2D_FULL=1` solves 1,000 problems, checks 1,500 with `diff2d check`, counts warnings of 1,000, and compares the rates of 200.

use crate::common::{Scene, data_of, python, sample_size, seed::seeds, size};
use diff2d::{Outcome, Precision, Problem, Run, comm::Solo, stencil::Element};
use rayon::prelude::*;

const SCRIPT: &str = "problems_reference.py";

/// Parameter files `0.toml`, `1.toml` … in a new scene, and what they name.
fn problems(count: usize, seed: u64) -> Scene {
    let scene = Scene::new();
    let directory = scene.path("").display().to_string();
    python(
        SCRIPT,
        ["make", &directory, &count.to_string(), &seed.to_string()],
    );
    scene
}

fn load(scene: &Scene, number: usize) -> Problem {
    let file = scene.path(format!("{number}.toml"));
    Problem::load(&file, &[]).unwrap_or_else(|error| {
        panic!("{error}\n{}", scene.text(&format!("{number}.toml")));
    })
}

#[test]
fn random_problems_have_the_solution_of_the_reference() {
    seeds("random_problems_have_the_solution_of_the_reference")
        .for_each(compare_with_the_reference);
}

fn compare_with_the_reference(seed: u64) {
    let count = size(1000, 40);
    let scene = problems(count, seed);
    (0..count).into_par_iter().for_each(|number| {
        let problem = load(&scene, number);
        let run = Run::new(&problem).output(scene.path(format!("{number}.npy")));
        assert_eq!(run.start().unwrap().outcome, Outcome::Done);
    });
    let directory = scene.path("").display().to_string();
    println!("{}", python(SCRIPT, ["check", &directory]).trim_end());
}

#[test]
fn solvers_in_memory_have_the_bits_of_cubes() {
    seeds("solvers_in_memory_have_the_bits_of_cubes").for_each(compare_with_cubes);
}

fn compare_with_cubes(seed: u64) {
    let count = size(1000, 40);
    let scene = problems(count, seed);
    let random = (0..count).map(|number| load(&scene, number));
    let base =
        "D = 1.0\nx1 = 0.0\nx2 = 1.0\ndx = 0.05\nruntime = 0.1\nouttime = 0.03\ngrid = 'walls'\n";
    // What the random ones do not have.
    let more = [
        "precision = 'f32'\nmask = { where = 'hypot(x, y) < 0.4' }\nboundary = 'insulated'\n",
        "mask = { where = 'x > y' }\nheld = [{ where = '(y > 0.9)*(x <= y)', value = 'x' }]\nboundary = 'insulated'\n",
        "mask = { where = 'x*y < 0.01' }\nboundary.left = 'periodic'\nboundary.right = 'periodic'\n",
        "method = 'rkl2'\ndt = 0.01\nmask = { where = 'x < 0.2' }\nsource = 'max(t, x)'\n",
        "method = 'rkl2'\ndt = 0.02\nboundary.top = { robin = ['1 + t', 1, 'x'] }\nsource = 'x*t'\n",
        "method = 'exact'\ndecay = 0.5\nsource = 'x'\nboundary.left = { flux = 1 }\n",
    ];
    let more = more
        .iter()
        .map(|more| format!("{base}{more}").parse().unwrap());
    let all: Vec<Problem> = more.chain(random).collect();
    all.par_iter().enumerate().for_each(|(number, problem)| {
        let cube = scene.path(format!("{number}.npy"));
        Run::new(problem).output(&cube).start().unwrap();
        let bytes = match problem.params.precision {
            Precision::F32 => states::<f32>(problem),
            _ => states::<f64>(problem),
        };
        let cube = scene.read(&format!("{number}.npy"));
        assert!(bytes == data_of(&cube), "{:?}", problem.params);
    });
}

/// The bytes of all snapshots, computed in memory.
fn states<T: Element>(problem: &Problem) -> Vec<u8> {
    let mut solver = problem.solver::<T>().unwrap();
    let mut bytes = solver.state().as_bytes().to_vec();
    for snapshot in 1..problem.schedule.snapshots() {
        solver
            .advance(problem.schedule.steps_to(snapshot), &Solo)
            .unwrap();
        bytes.extend(solver.state().as_bytes());
    }
    bytes
}

#[test]
fn checks_of_random_problems_claim_no_more_than_holds() {
    campaign("check_reference.py", size(1500, 25));
}

#[test]
fn valid_problems_reach_their_end_and_inaccurate_ones_are_counted() {
    campaign("accuracy_reference.py", size(1000, 20));
}

#[test]
fn rates_of_manufactured_solutions_are_of_second_order() {
    campaign("rates_reference.py", sample_size(200, 12, 3));
}

/// Has a script in Python try the program on so many random problems. They are the same with every commit: the script compares
/// estimates, orders and shares with limits that hold for most problems and not for all.
fn campaign(script: &str, count: usize) {
    let scene = Scene::new();
    let directory = scene.path("").display().to_string();
    let (program, count) = (env!("CARGO_BIN_EXE_diff2d"), count.to_string());
    let told = python(script, [program, &directory, &count, "1"]);
    println!("{}", told.trim_end());
}
