//! [`LimitMeter`]: the limits of the machine, measured between the programs.

use super::{case::Case, results::Limits};
use diff2d_stencil::limit::{self, Arithmetic};
use diff2d_sys as sys;
use std::{
    hint::black_box,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

/// The time of one measurement.
const MEASUREMENT: Duration = Duration::from_millis(60);
/// The rate of the arithmetic is the best over a stretch of this length, in which other processes may
/// leave the processor alone.
const STRETCH: Duration = Duration::from_millis(4);
/// Passes of the arithmetic between two readings of the clock: some tens of microseconds.
const PASSES: u64 = 20_000;
/// An array of the triad is this many times the largest cache (the rule of STREAM).
const BEYOND_CACHE: u64 = 4;
/// The least memory of a triad, in bytes.
const LEAST: u64 = 16 << 10;

/// Measures the limits for some numbers of threads, once a round.
#[derive(Debug)]
pub(super) struct LimitMeter {
    limits: Vec<Limits>,
    problem_bytes: u64,
    memory_bytes: u64,
}

impl LimitMeter {
    pub fn new(threads: Vec<usize>, case: &Case) -> Self {
        let wanted = 3 * BEYOND_CACHE * sys::caches().last as u64;
        let available = sys::available_memory().unwrap_or(u64::MAX);
        let memory_bytes = wanted.min(available / 4);
        let problem_bytes = (2 * case.field_bytes()).clamp(LEAST, memory_bytes.max(LEAST));
        Self {
            limits: threads
                .into_iter()
                .map(|threads| Limits::new(threads, limit::vectors(), problem_bytes, memory_bytes))
                .collect(),
            problem_bytes,
            memory_bytes,
        }
    }

    /// Measures every limit once.
    pub fn measure(&mut self) {
        for limits in &mut self.limits {
            let threads = limits.threads;
            limits.arithmetic.push(arithmetic(threads, Arithmetic::Six));
            limits
                .additions
                .push(arithmetic(threads, Arithmetic::Three));
            limits.triad.push(triad(threads, self.problem_bytes));
            limits.triad_memory.push(triad(threads, self.memory_bytes));
        }
    }

    pub fn finish(self) -> Vec<Limits> {
        self.limits
    }
}

/// Updates per second of the step's arithmetic on registers, over all threads.
fn arithmetic(threads: usize, kind: Arithmetic) -> f64 {
    let rates = [false, true].map(|balanced| {
        together(threads, STRETCH, || {
            move || limit::arithmetic(PASSES, kind, balanced)
        })
    });
    rates[0].max(rates[1])
}

/// Bytes per second of the triad on `bytes` of memory in total, over all threads.
fn triad(threads: usize, bytes: u64) -> f64 {
    let elements = usize::try_from(bytes / 24).unwrap_or(usize::MAX) / threads;
    let elements = elements.max(64);
    together(threads, MEASUREMENT, || {
        let (mut a, b, c) = (
            vec![0.5; elements],
            vec![0.5; elements],
            vec![0.25; elements],
        );
        let times = (4096 / elements).max(1);
        move || {
            for _ in 0..times {
                limit::triad(&mut a, black_box(&b), black_box(&c), 0.5);
                black_box(&a);
            }
            (24 * elements * times) as u64
        }
    })
}

/// The sum of the best rates of `threads` threads. Each repeats its own work, which returns its amount.
fn together<W: FnMut() -> u64>(
    threads: usize,
    stretch: Duration,
    prepare: impl Fn() -> W + Sync,
) -> f64 {
    let begin = Barrier::new(threads);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut work = prepare();
                    work();
                    begin.wait();
                    let (start, mut best) = (Instant::now(), 0.0_f64);
                    while start.elapsed() < MEASUREMENT {
                        best = best.max(rate(&mut work, stretch));
                    }
                    best
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or(0.0))
            .sum()
    })
}

#[expect(clippy::cast_precision_loss, reason = "a rate to print")]
fn rate(work: &mut impl FnMut() -> u64, stretch: Duration) -> f64 {
    let (start, mut done) = (Instant::now(), 0);
    while start.elapsed() < stretch {
        done += work();
    }
    done as f64 / start.elapsed().as_secs_f64()
}
