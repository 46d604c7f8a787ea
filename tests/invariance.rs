//! The same bits whatever computes and writes them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

mod common;

use common::Scene;
use diff2d::{
    comm::Solo,
    field::Field,
    solver::Solver,
    stencil::{Element, Kernel, Stencil, Tile},
};
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;
use sha2::{Digest, Sha256};

const RUN: &str = "run p.toml --set dx=0.3 --set outtime=1";

fn sha256(scene: &Scene, name: &str) -> String {
    Sha256::digest(scene.read(name))
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A journal without what is new in every run: the run id and the check sums that cover it.
fn journal_without_id(scene: &Scene, name: &str) -> Vec<serde_json::Value> {
    scene
        .text(name)
        .lines()
        .map(|line| {
            let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
            let object = line.as_object_mut().unwrap();
            object.remove("run_id");
            assert!(object.remove("crc").is_some());
            line
        })
        .collect()
}

/// Cube, journal and stdout of a run with `options` are those of a run on one thread without any.
fn changes_nothing(common: &str, options: &[&str]) {
    let scene = Scene::small();
    let told = scene.succeed(&format!("{RUN} {common} --threads 1 -o one.npy"));
    let cube = sha256(&scene, "one.npy");
    let journal = journal_without_id(&scene, "one.journal");
    for option in options {
        let again = scene.succeed(&format!("{RUN} {common} {option} --force -o two.npy"));
        assert_eq!(again.stdout, told.stdout, "{option}");
        assert_eq!(sha256(&scene, "two.npy"), cube, "{option}");
        assert_eq!(
            journal_without_id(&scene, "two.journal"),
            journal,
            "{option}"
        );
    }
}

/// The grid of these runs has 68 rows of nodes.
const THREADS: [&str; 5] = [
    "--threads 1",
    "--threads 2",
    "--threads 3",
    "--threads 7",
    "--threads 80",
];

#[test]
fn any_number_of_threads_in_double_precision() {
    changes_nothing("", &THREADS);
}

#[test]
fn any_number_of_threads_in_single_precision() {
    changes_nothing("--set precision=f32", &THREADS);
}

#[test]
fn any_number_of_threads_on_the_smallest_grids() {
    changes_nothing("--set dx=20", &THREADS);
    changes_nothing("--set dx=10 --set grid=walls", &THREADS);
}

#[test]
fn any_way_to_the_file() {
    for precision in ["f64", "f32"] {
        let common = format!("--set precision={precision}");
        changes_nothing(
            &common,
            &["--io map", "--io write", "--io auto --threads 3"],
        );
    }
}

#[test]
fn nothing_that_is_only_shown() {
    changes_nothing("", &["--verbose", "--report report.json", "--no-lock"]);

    let scene = Scene::small();
    let plain = scene.succeed("run p.toml");
    scene.succeed("run p.toml -o elsewhere/by/another_name.npy");
    scene.succeed("run p.toml -o pictures.npy --set graphics=true");
    let quiet = scene.succeed("run p.toml -o quiet.npy --quiet");
    assert_eq!(quiet.stdout, plain.stdout);
    assert!(scene.exists("pictures/0003.png"));
    let cube = sha256(&scene, "output/p.npy");
    for name in ["elsewhere/by/another_name.npy", "pictures.npy", "quiet.npy"] {
        assert_eq!(sha256(&scene, name), cube, "{name}");
    }
}

#[test]
fn both_dialects_and_the_command_line() {
    let scene = Scene::small();
    scene.write(
        "p.py",
        "D=1.; x1=-10; x2=1e1\nruntime = 3.75; dx = 1; outtime = 1.25; graphics = False",
    );
    scene.write(
        "all_wrong.toml",
        "D = 7\nx1 = 0\nx2 = 3.5\nruntime = 9\ndx = 0.5\nouttime = 2\n",
    );
    let overridden = "--set D=1 --set x1=-10 --set x2=10.0 --set runtime=3.75 --set dx=1e0 \
                      --set outtime=1.25 --set grid=slides --set precision='f64'";
    scene.succeed("run p.toml -o toml.npy");
    scene.succeed("run p.py -o py.npy");
    scene.succeed(&format!("run all_wrong.toml -o set.npy {overridden}"));
    let cube = sha256(&scene, "toml.npy");
    assert_eq!(sha256(&scene, "py.npy"), cube);
    assert_eq!(sha256(&scene, "set.npy"), cube);
}

/// One step by the definition, written once more here: kernels may come and go.
fn definition<T: Element>(p: &[T], nx: usize, r: T) -> Vec<T> {
    let four = T::from_f64(4.0);
    let mut new = p.to_vec();
    for j in 1..p.len() / nx - 1 {
        for at in j * nx + 1..(j + 1) * nx - 1 {
            let lapl = (((p[at + nx] + p[at - nx]) + p[at + 1]) + p[at - 1]) - four * p[at];
            new[at] = p[at] + r * lapl;
        }
    }
    new
}

/// Equal bits, where a NaN equals every NaN: which one an operation keeps is the processor's choice.
fn equal<T: Element>(a: T, b: T) -> bool {
    bytemuck::bytes_of(&a) == bytemuck::bytes_of(&b) || (a.to_f64().is_nan() && b.to_f64().is_nan())
}

/// Every kernel of this machine takes `steps` steps as the definition does.
fn is_the_definition<T: Element>(
    shape: (usize, usize),
    values: &[f64],
    r: f64,
    steps: u64,
    tile: Option<Tile>,
    threads: usize,
) {
    let r = T::from_f64(r);
    let start: Vec<T> = values
        .iter()
        .cycle()
        .take(shape.0 * shape.1)
        .enumerate()
        // Short lists repeat, but no row like the one before.
        .map(|(at, value)| T::from_f64(value * (1.0 + (at as f64).sin())))
        .collect();
    let mut expected = start.clone();
    for _ in 0..steps {
        expected = definition(&expected, shape.1, r);
    }
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    for kernel in Kernel::available() {
        let mut field = Field::zeros(shape).unwrap();
        field.as_mut_slice().copy_from_slice(&start);
        let mut stencil = Stencil::new(r).with_kernel(kernel);
        if let Some(tile) = tile {
            stencil = stencil.with_tile(tile);
        }
        let mut solver = Solver::new(stencil, field).unwrap();
        pool.install(|| solver.advance(steps, &Solo));
        let differs = expected
            .iter()
            .zip(solver.state().as_slice())
            .position(|(a, b)| !equal(*a, *b));
        assert_eq!(
            differs, None,
            "{kernel}, shape {shape:?}, r = {r:?}, {steps} steps, tile {tile:?}, {threads} threads"
        );
    }
}

/// Numbers of every size, and what is none.
fn numbers() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -1.0_f64..1.0,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![
            0.0,
            -0.0,
            f64::MIN_POSITIVE,
            5e-324,
            -1e-310,
            1e-45,
            f64::MAX,
            -1e308,
            3e38,
            f64::INFINITY,
            f64::NAN,
        ]),
    ]
}

fn tiles() -> impl Strategy<Value = Option<Tile>> {
    let tile = (1_usize..80, 1_usize..250, 1_usize..65).prop_map(|(rows, columns, depth)| Tile {
        rows,
        columns,
        depth,
    });
    prop::option::of(tile)
}

/// As many cases as the steps allow, or `PROPTEST_CASES`.
fn config() -> ProptestConfig {
    if std::env::var_os("PROPTEST_CASES").is_some() {
        ProptestConfig::default()
    } else {
        ProptestConfig::with_cases(96)
    }
}

proptest! {
    #![proptest_config(config())]

    /// Any kernel, tile, shape, coefficient, ring, and number of steps at once.
    #[test]
    fn every_kernel_is_the_definition(
        shape in (3_usize..90, 3_usize..300),
        values in prop::collection::vec(-1e3_f64..1e3, 1..300),
        r in prop_oneof![Just(0.25), Just(0.25_f64.next_down()), 0.0..0.25_f64],
        steps in 0_u64..140,
        tile in tiles(),
        threads in 1_usize..5,
    ) {
        is_the_definition::<f64>(shape, &values, r, steps, tile, threads);
        is_the_definition::<f32>(shape, &values, r, steps, tile, threads);
    }

    /// Also where numbers overflow, vanish, or are none.
    #[test]
    fn every_kernel_is_the_definition_at_the_ends_of_the_numbers(
        shape in (3_usize..40, 3_usize..120),
        values in prop::collection::vec(numbers(), 1..1000),
        r in prop_oneof![4 => 0.0..=0.25_f64, 1 => any::<f64>()],
        steps in 1_u64..12,
        tile in tiles(),
        threads in 1_usize..4,
    ) {
        is_the_definition::<f64>(shape, &values, r, steps, tile, threads);
        is_the_definition::<f32>(shape, &values, r, steps, tile, threads);
    }
}
