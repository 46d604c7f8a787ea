//! The seed of the day. A test that tries a sample of its cases draws it by this seed, so that each commit tries another part.

use proptest::{prelude::ProptestConfig, test_runner::RngSeed};
use std::{env, iter, process::Command, sync::OnceLock, thread};

/// Seeds that have found a fault.
const KEPT: &str = include_str!("../seeds");

/// `DIFF2D_SEED`, or the first digits of the commit's hash, or 1 where there is no commit.
fn seed_of_the_day() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| match env::var("DIFF2D_SEED") {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("DIFF2D_SEED={text} is not a whole number")),
        Err(_) => seed_of_the_commit().unwrap_or(1),
    })
}

fn seed_of_the_commit() -> Option<u64> {
    let git = Command::new("git")
        .args([
            "-C",
            env!("CARGO_MANIFEST_DIR"),
            "rev-parse",
            "--verify",
            "HEAD",
        ])
        .output()
        .ok()?;
    let hash = String::from_utf8(git.stdout).ok()?;
    u64::from_str_radix(hash.get(..15)?, 16).ok()
}

/// Prints how the sample of a test is drawn again. Cargo shows this of a test that fails.
fn print_repetition(test: &str, seed: u64) {
    let program = env!("CARGO_CRATE_NAME");
    println!("sample: DIFF2D_SEED={seed} cargo test --test {program} {test}");
}

/// The seeds with which a test draws its samples: that of the day, and those that `tests/seeds` keeps for the test.
pub fn seeds(test: &str) -> impl Iterator<Item = u64> {
    let kept = KEPT
        .lines()
        .filter_map(move |line| line.strip_prefix(test)?.strip_prefix(' '))
        .map(|seed| seed.parse().expect("a seed behind the name of the test"));
    iter::once(seed_of_the_day()).chain(kept).map(move |seed| {
        print_repetition(test, seed);
        // Tests of one seed do not draw the same numbers.
        test.bytes().fold(seed, |mixed, byte| {
            mixed.wrapping_mul(31).wrapping_add(byte.into())
        })
    })
}

/// So many random cases of proptest, or `PROPTEST_CASES`. Proptest keeps the seeds of cases that fail by itself.
pub fn random_cases(count: usize) -> ProptestConfig {
    let seed = seed_of_the_day();
    // With `--test-threads=1` tests run on the main thread, whose name is not theirs.
    let thread = thread::current();
    let test = thread.name().filter(|name| *name != "main");
    print_repetition(test.unwrap_or_default(), seed);
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: match env::var_os("PROPTEST_CASES") {
            Some(_) => usual.cases,
            None => u32::try_from(count).expect("a number of cases"),
        },
        rng_seed: RngSeed::Fixed(seed),
        ..usual
    }
}

/// Random numbers that a seed decides (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// So many of the elements, one after the other from any of them on, the first behind the last.
    pub fn some<T: Clone>(&mut self, all: &[T], count: usize) -> Vec<T> {
        let first = self.below(all.len());
        all.iter()
            .cycle()
            .skip(first)
            .take(count)
            .cloned()
            .collect()
    }

    /// A part of one, uniformly.
    pub fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
