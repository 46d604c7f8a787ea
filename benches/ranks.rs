//! Ranks, as threads of one process: two of them beside two threads; and the gain of deep halos where messages are
//! slow, two ranks on 1024² nodes for several depths of halos and latencies of messages.
//!
//! `cargo bench --package diff2d-benches --bench ranks`; docs/cluster.md explains the tables and the model.
#![allow(clippy::expect_used, reason = "a benchmark ends where it cannot go on")]

use diff2d::{
    Field, Problem, Run,
    comm::{Channels, Comm, Link},
    internal::{Dynamics, Slab, solver},
    stencil::{Stencil, Tile},
};
use std::time::{Duration, Instant};

/// Nodes a side, boundary included.
const NODES: usize = 1026;
const STEPS: u64 = 3840;
const REPETITIONS: usize = 3;
const DEPTHS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

fn main() {
    // `cargo test --benches` only checks that it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    beside_threads();
    deep_halos();
}

/// Two ranks of one thread beside one process of two, and of one: medians of runs in turns.
fn beside_threads() {
    const ROUNDS: usize = 5;
    println!("10⁹ updates a second, f64, steps of the course's problem without files\n");
    println!(
        "{:>12}{:>12}{:>12}{:>12}",
        "nodes", "1 thread", "2 threads", "2 ranks"
    );
    for (cells, steps) in [(299, 80_000), (1024, 9600), (4096, 600)] {
        let problem = problem(cells, steps);
        let mut rates = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            for (rates, way) in rates.iter_mut().zip([(1, 1), (1, 2), (2, 1)]) {
                rates.push(rate(&problem, way));
            }
        }
        let [one, two, ranks] = rates.map(median);
        println!(
            "{:>12}{one:>12.1}{two:>12.1}{ranks:>12.1}",
            format!("{cells}²")
        );
    }
    println!();
}

/// So many cells a side and steps.
fn problem(cells: u32, steps: u32) -> Problem {
    let dx = 20.0 / f64::from(cells);
    let runtime = f64::from(steps) * 0.25 * dx * dx;
    let text = format!(
        "D = 1\nx1 = -10\nx2 = 10\ndx = {dx:?}\nruntime = {runtime:?}\nouttime = {runtime:?}\n"
    );
    text.parse().expect("a problem")
}

/// The rate of so many ranks of a thread each, or of one process of so many threads.
fn rate(problem: &Problem, (ranks, threads): (usize, usize)) -> f64 {
    let run = || Run::new(problem).threads(threads);
    let report = match ranks {
        1 => run().start(),
        _ => Channels::together(ranks, Link::default(), |comm| {
            let alone = alone();
            let report = run().start_on(&comm);
            drop(alone);
            report
        })
        .remove(0),
    };
    report.expect("a run").updates_per_second / 1e9
}

/// A pool of the calling thread, which ends with the value.
fn alone() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build()
        .expect("a thread")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn deep_halos() {
    println!(
        "Two ranks of one thread, {NODES}² nodes, f64: 10⁹ updates a second, measured (model)\n"
    );
    print!("{:>12}", "latency");
    DEPTHS
        .iter()
        .for_each(|depth| print!("{:>16}", format!("k = {depth}")));
    println!();
    let steps_alone: Vec<f64> = DEPTHS
        .iter()
        .map(|&k| step_takes(k, Duration::ZERO))
        .collect();
    for latency in [0, 20, 100, 500, 2000].map(Duration::from_micros) {
        print!("{:>12}", format!("{latency:?}"));
        for (&depth, alone) in DEPTHS.iter().zip(&steps_alone) {
            let measured = step_takes(depth, latency);
            // A pass of k steps waits for one message.
            let model = alone + latency.as_secs_f64() / depth as f64;
            let rate = |step: f64| ((NODES - 2) * (NODES - 2)) as f64 / step / 1e9;
            print!(
                "{:>16}",
                format!("{:.2} ({:.2})", rate(measured), rate(model))
            );
        }
        println!();
    }
}

/// The shortest time of a step in several runs \[s\].
fn step_takes(depth: usize, latency: Duration) -> f64 {
    let link = Link {
        latency,
        seconds_per_byte: 0.0,
    };
    let tile = Tile {
        rows: NODES / 2,
        columns: 512,
        depth,
    };
    let part = |comm: &Channels| {
        let slab = Slab::new(NODES, comm.rank(), comm.size(), depth);
        let state = Field::<f64>::zeros((slab.held().len(), NODES)).expect("memory");
        let stencil = Stencil::new(0.25).with_tile(tile);
        let dynamics = Dynamics::constant(stencil.equation().clone());
        let mut solver = solver(stencil, dynamics, state, slab).expect("memory");
        solver.advance(depth as u64, comm).expect("walls");
        comm.all_gather(&[]);
        let start = Instant::now();
        solver.advance(STEPS, comm).expect("walls");
        start.elapsed().as_secs_f64() / STEPS as f64
    };
    let once = || {
        let took = Channels::together(2, link, |comm| {
            let alone = alone();
            let took = part(&comm);
            drop(alone);
            took
        });
        took.into_iter().fold(0.0, f64::max)
    };
    (0..REPETITIONS)
        .map(|_| once())
        .fold(f64::INFINITY, f64::min)
}
