//! Micro-benchmarks of the parts of a run: `cargo bench --package diff2d-benches --bench micro`, or some of them, as in
//! `cargo bench --package diff2d-benches --bench micro -- advance`.
//!
//! Throughput is in node updates for steps and in bytes for everything else. `DIVAN_SAMPLE_COUNT` sets
//! the number of samples.

#![allow(clippy::expect_used)] // a benchmark that cannot be set up has nothing to recover

use crossbeam_channel::unbounded;
use diff2d::{
    Field, Header, Problem,
    comm::Solo,
    internal::{
        Claim, Clock, CubeWriter, Dynamics, Paths, Share, Slab, SolverLoad, Store, digest, solver,
        threads,
    },
    stencil::{Kernel, Stencil, Tile, scalar},
};
use divan::{
    Bencher, black_box,
    counter::{BytesCount, ItemsCount},
};
use std::path::Path;

/// Interior nodes a side: fields that fit the first-level cache, the second-level one, the grid of the
/// course, fields that fit the last-level cache, and memory.
const SIZES: [usize; 5] = [62, 240, 299, 1024, 4096];

fn main() {
    divan::main();
}

/// The problem of the course "High Performance Scientific Computing with Python" with `size` interior
/// nodes a side.
fn problem(size: usize) -> Problem {
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../params/diff2dparams.toml");
    let dx = 20.0 / (size as f64 + 0.5);
    Problem::load(&seed, &[format!("dx={dx:?}")]).expect("every size is a problem")
}

fn state(problem: &Problem) -> Field<f64> {
    let mut state = Field::zeros(problem.grid.shape()).expect("the field fits into memory");
    let filled = problem.fill_initial(&mut state, 0);
    filled.expect("the four peaks need no file");
    state
}

/// One row by the definition of the step, for comparison with the kernels.
#[divan::bench(args = [64, 301, 1026])]
fn row_by_definition(bencher: Bencher, nodes: usize) {
    let row = |offset: usize| -> Vec<f64> { (0..nodes).map(|i| (i + offset) as f64).collect() };
    let (south, centre, north) = (row(1), row(2), row(3));
    let mut new = vec![0.0; nodes];
    bencher
        .counter(ItemsCount::new(nodes - 2))
        .bench_local(|| scalar::step_row(0.25, &south, &centre, black_box(&north), &mut new));
}

/// Each kernel of this machine on one thread, with a tile that fits the second-level cache.
#[divan::bench(args = Kernel::available(), sample_count = 20)]
fn kernel(bencher: Bencher, kernel: Kernel) {
    let problem = problem(240);
    let stencil = Stencil::new(problem.steps()[0]).with_kernel(kernel);
    advance_by(bencher, &problem, stencil, (64, 1), 1);
}

/// Tiles of several depths, otherwise as chosen for the grid: the gain of temporal blocking.
#[divan::bench(args = [1, 4, 16, 64], sample_count = 10)]
fn tile_of_depth(bencher: Bencher, depth: usize) {
    let problem = problem(2048);
    let stencil = Stencil::new(problem.steps()[0]);
    let (ny, nx) = problem.grid.shape();
    let tile = stencil.tile(ny, nx, 1);
    let stencil = stencil.with_tile(Tile { depth, ..tile });
    advance_by(bencher, &problem, stencil, (64, 1), 1);
}

/// Steps one by one, without temporal blocking.
#[divan::bench(args = SIZES, sample_count = 20)]
fn single_steps(bencher: Bencher, size: usize) {
    advance_default(bencher, size, (1, 64), threads());
}

/// As many steps as between two snapshots of an ordinary run.
#[divan::bench(args = SIZES, sample_count = 20)]
fn advance(bencher: Bencher, size: usize) {
    advance_default(bencher, size, (64, 1), threads());
}

/// The same on one thread.
#[divan::bench(args = SIZES, sample_count = 20)]
fn advance_on_one_thread(bencher: Bencher, size: usize) {
    advance_default(bencher, size, (64, 1), 1);
}

fn advance_default(bencher: Bencher, size: usize, steps: (u64, u64), threads: usize) {
    let problem = problem(size);
    let stencil = Stencil::new(problem.steps()[0]);
    advance_by(bencher, &problem, stencil, steps, threads);
}

/// `steps` steps at a time, `times` times.
fn advance_by(
    bencher: Bencher,
    problem: &Problem,
    stencil: Stencil<f64>,
    (steps, times): (u64, u64),
    threads: usize,
) {
    let dynamics = Dynamics::constant(stencil.equation().clone());
    let state = state(problem);
    let slab = Slab::whole(state.shape().0);
    let mut solver = solver(stencil, dynamics, state, slab).expect("two fields fit into memory");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("threads start");
    bencher
        .counter(ItemsCount::new(problem.grid.interior() * steps * times))
        .bench_local(|| {
            pool.install(|| {
                for _ in 0..times {
                    solver.advance(steps, &Solo).expect("walls");
                }
            });
        });
}

/// Mass, minimum and maximum of a field.
#[divan::bench(args = [299, 1024, 4096])]
fn summary(bencher: Bencher, size: usize) {
    let problem = problem(size);
    let state = state(&problem);
    bencher
        .counter(BytesCount::new(problem.field_bytes()))
        .bench_local(|| problem.summary(black_box(&state)));
}

/// The SHA-256 of one block of a snapshot.
#[divan::bench]
fn digest_of_a_block(bencher: Bencher) {
    let block = vec![0x5a_u8; digest::BLOCK];
    bencher
        .counter(BytesCount::new(digest::BLOCK))
        .bench_local(|| digest::of_block(black_box(&block)));
}

/// The 31 snapshots of a run: creation of the cube, copies, digests, writes and syncs up to the last
/// commit.
#[divan::bench(args = [299, 1024], sample_count = 10, sample_size = 1)]
fn snapshots_until_durable(bencher: Bencher, size: usize) {
    let problem = problem(size);
    let state = state(&problem);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let paths = Paths::of(&directory.path().join("cube.npy")).expect("a name for a cube");
    let (committed, _commits) = unbounded();
    let summary = problem.summary(&state).expect("no file is read");
    bencher
        .counter(BytesCount::new(problem.cube_bytes()))
        .bench_local(|| {
            let header = Header::of_run(&problem).expect("random numbers");
            let claim = Claim {
                force: true,
                ..Claim::default()
            };
            let store = Store::claim(&paths, header, claim).expect("a cube");
            let threads = rayon::current_num_threads();
            let load = SolverLoad {
                scenarios: 1,
                threads,
                has_spare_processor: false,
                memory: None,
            };
            let share = Share::whole(store.header.snapshot_bytes());
            let writer = CubeWriter::with_journal(store, share.clone(), load, committed.clone())
                .expect("threads start");
            let mut scenario = writer.scenario(0);
            let mut now = Clock::from(0.0);
            for _ in 0..problem.schedule.snapshots() {
                for job in share.jobs(scenario.begin(now)) {
                    let bytes = job.bytes.start as usize..job.bytes.end as usize;
                    scenario.place(&job, [&state.as_bytes()[bytes], &[]]);
                }
                scenario.end(summary.into());
                scenario.write_overdue();
                assert!(!scenario.has_failed());
                now = problem
                    .schedule
                    .pace()
                    .after(now, problem.schedule.steps_to(1));
            }
            drop(scenario);
            writer.finish(false).1.expect("the cube is durable")
        });
}
