//! Diffusion in plain Rust: one loop over slices, without crates and without threads.

use std::{env, fs, process, time::Instant};

/// Arguments: D x1 x2 dx steps final_file ("-" writes none).
struct Problem {
    x1: f64,
    x2: f64,
    dx: f64,
    r: f64,
    npnts: usize,
    nsteps: usize,
    final_file: String,
}

impl Problem {
    fn new() -> Option<Self> {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let [d, x1, x2, wanted, nsteps, final_file] = arguments.as_slice() else {
            return None;
        };
        let [d, x1, x2, wanted]: [f64; 4] =
            [d.parse().ok()?, x1.parse().ok()?, x2.parse().ok()?, wanted.parse().ok()?];
        let nrows = ((x2 - x1) / wanted) as usize;
        let dx = (x2 - x1) / nrows as f64;
        let dt = 0.25 * dx * dx / d;
        Some(Self {
            x1,
            x2,
            dx,
            r: (d / (dx * dx)) * dt,
            npnts: nrows + 2,
            nsteps: nsteps.parse().ok()?,
            final_file: final_file.clone(),
        })
    }

    /// The first state: four peaks inside, zero on the boundary.
    fn initial(&self) -> Vec<f64> {
        let (start, stop) = (self.x1 - self.dx, self.x2 + self.dx);
        let last = self.npnts - 1;
        let node = |i: usize| match i == last {
            true => stop,
            false => i as f64 * ((stop - start) / last as f64) + start,
        };
        let middle = (self.x1 + self.x2) / 2.0;
        let peak = |i: usize| {
            1.0 - (1.0 - 4.0 * ((node(i) - middle) / (self.x2 - self.x1)).abs()).abs()
        };
        let peaks: Vec<f64> = (0..self.npnts).map(peak).collect();
        let mut p = vec![0.0; self.npnts * self.npnts];
        for j in 1..last {
            for i in 1..last {
                p[j * self.npnts + i] = peaks[j] * peaks[i];
            }
        }
        p
    }
}

fn step(n: usize, r: f64, p: &[f64], next: &mut [f64]) {
    for j in 1..n - 1 {
        let (above, below) = (&p[(j + 1) * n..][..n], &p[(j - 1) * n..][..n]);
        let (row, next) = (&p[j * n..][..n], &mut next[j * n..][..n]);
        for i in 1..n - 1 {
            let lapl = above[i] + below[i] + row[i + 1] + row[i - 1] - 4.0 * row[i];
            next[i] = row[i] + r * lapl;
        }
    }
}

fn main() {
    let Some(problem) = Problem::new() else {
        eprintln!("usage: diff2d_rust D x1 x2 dx steps final_file");
        process::exit(2);
    };
    let n = problem.npnts;
    let mut p = problem.initial();
    let mut next = p.clone();

    let start = Instant::now();
    for _ in 0..problem.nsteps {
        step(n, problem.r, &p, &mut next);
        std::mem::swap(&mut p, &mut next);
    }
    let seconds = start.elapsed().as_secs_f64();

    println!("nodes={n}\nsteps={}\nr={:?}\nthreads=1\nseconds={seconds:.9}", problem.nsteps, problem.r);
    if problem.final_file != "-" {
        let bytes: Vec<u8> = p.iter().flat_map(|value| value.to_ne_bytes()).collect();
        if let Err(error) = fs::write(&problem.final_file, bytes) {
            eprintln!("{}: {error}", problem.final_file);
            process::exit(1);
        }
    }
}
