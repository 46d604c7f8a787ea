//! [`Results`]: the figures, as they go into the table, the chart and the JSON file.

use super::{
    agreement::Agreement,
    case::Case,
    ceiling::{BYTES, Ceiling},
    program::Contender,
};
use diff2d_sys as sys;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

/// A comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Results {
    /// Version of `diff2d`.
    pub version: &'static str,
    /// The processor and the operating system.
    pub machine: String,
    /// When the measurement ended, in UTC: `2026-03-01T12:00:00Z`.
    pub date: String,
    /// The commit that `diff2d` was built of, if it knows.
    pub commit: Option<&'static str>,
    /// Bytes of the caches of a processor, by their level.
    pub caches: BTreeMap<&'static str, usize>,
    /// The load average over the minute before: above 0, other processes were running.
    pub load_before: Option<f64>,
    /// The problem.
    pub problem: Case,
    /// Compilers and modules.
    pub tools: Vec<Tool>,
    /// The programs.
    pub entries: Vec<ProgramTimes>,
    /// What the machine can do at most, for each number of threads.
    pub ceilings: Vec<Ceiling>,
    /// The programs that are left out, and why.
    pub missing: Vec<String>,
    /// What the figures mean.
    pub definitions: [&'static str; 8],
}

const DEFINITIONS: [&str; 8] = [
    "an update is one interior node advanced one step",
    "time is that of the stepping loop alone, median of the rounds; of the whole run it is that of the process",
    "ratio is the time per update by that of diff2d with as many threads",
    "throughput counts 16 bytes an update, one value read and one written, whatever was really moved: temporal tiling moves less, so it may exceed that of the memory",
    "the ceiling of the memory is the traffic of STREAM's triad (24 bytes an element, arrays that no cache holds) by 16 bytes; where fields do not fit into the caches, a loop that takes one step at a time cannot pass it",
    "the ceiling of the arithmetic is the rate of independent operations in the registers, five additions to two multiplications, by the 7 operations of an update; a program that performs them all cannot pass it unless its compiler contracts multiplications and additions",
    "the ceiling of additions is the rate of independent additions in the registers by 3, the fewest operations that give the bits of an update: where r is a quarter and the field is smooth, a step is a quarter of the sum of the four neighbours",
    "final is the last state compared with that of diff2d; where a compiler may contract a*b + c to one rounding, the largest difference must be below steps * 2^-51",
];

/// A compiler or a module.
#[derive(Debug, Clone, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// The version that it reports.
    pub version: String,
}

/// Times of one program with one number of threads \[s\].
#[derive(Debug, Clone, Serialize)]
pub struct Timing {
    /// The median; of an even number of times, the mean of the two in the middle.
    pub median: f64,
    /// The shortest.
    pub min: f64,
    /// The longest.
    pub max: f64,
    /// All, in the order of the rounds.
    pub rounds: Vec<f64>,
}

impl Timing {
    /// Of some times; `None` if there are none.
    #[must_use]
    pub fn of(rounds: Vec<f64>) -> Option<Self> {
        let mut sorted = rounds.clone();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        };
        Some(Self {
            median,
            min,
            max,
            rounds,
        })
    }
}

/// One program with one number of threads.
#[derive(Debug, Clone, Serialize)]
pub struct ProgramTimes {
    /// Its name.
    pub program: String,
    /// Its language.
    pub language: &'static str,
    /// Flags of its compiler, or how `diff2d` computes.
    pub flags: String,
    /// Its compiler or module.
    pub version: String,
    /// Threads.
    pub threads: usize,
    /// Steps: fewer than those of the problem if the program is slow.
    pub steps: u64,
    /// Whether the time is that of the whole process, output included.
    pub whole: bool,
    /// Times of the steps.
    pub seconds: Timing,
    /// Updates by the median time \[1/s\].
    pub updates_per_second: f64,
    /// Time per update by that of `diff2d` with as many threads.
    pub ratio: Option<f64>,
    /// 16 bytes an update by the median time \[bytes/s\].
    pub throughput: f64,
    /// Kernel of `diff2d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// Tile of `diff2d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tile: Option<String>,
    /// The final state beside that of `diff2d`.
    #[serde(rename = "final")]
    pub agreement: Option<Agreement>,
}

impl Results {
    pub(super) fn new(
        case: Case,
        contenders: Vec<Contender>,
        tools: Vec<Tool>,
        missing: Vec<String>,
        load_before: Option<f64>,
    ) -> Self {
        let mut entries: Vec<ProgramTimes> = contenders
            .into_iter()
            .filter_map(|contender| ProgramTimes::new(contender, &case))
            .collect();
        let ours: Vec<(usize, f64)> = entries
            .iter()
            .filter(|entry| entry.is_reference())
            .map(|entry| (entry.threads, entry.updates_per_second))
            .collect();
        for entry in &mut entries {
            let same = ours.iter().find(|(threads, _)| *threads == entry.threads);
            entry.ratio = same
                .map(|(_, rate)| rate / entry.updates_per_second)
                .filter(|ratio| ratio.is_finite());
        }
        let caches = sys::caches();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            machine: sys::machine_name(),
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            commit: option_env!("DIFF2D_COMMIT"),
            caches: [("L1", caches.l1), ("L2", caches.l2), ("last", caches.last)].into(),
            load_before,
            problem: case,
            tools,
            entries,
            ceilings: Vec::new(),
            missing,
            definitions: DEFINITIONS,
        }
    }

    /// The numbers of threads that were measured.
    #[must_use]
    pub fn threads(&self) -> BTreeSet<usize> {
        self.entries.iter().map(|entry| entry.threads).collect()
    }

    /// A remark on other processes; may be empty.
    pub(super) fn disturbance(&self) -> String {
        match self.load_before {
            Some(load) if load >= 0.5 => {
                format!("; other processes were running (load {load:.1} before)")
            }
            _ => String::new(),
        }
    }

    /// The program that was most disturbed, and by how much the longest of its times exceeds their median; only
    /// where it does so by more than half, and of three times or more.
    #[must_use]
    pub fn most_disturbed(&self) -> Option<(&ProgramTimes, f64)> {
        const USUAL: f64 = 1.5;
        let times = |entry: &ProgramTimes| entry.seconds.rounds.len();
        let excess = |entry: &ProgramTimes| entry.seconds.max / entry.seconds.median;
        let disturbed = self.entries.iter().filter(|entry| times(entry) >= 3);
        let disturbed = disturbed.map(|entry| (entry, excess(entry)));
        disturbed
            .filter(|(_, excess)| *excess > USUAL)
            .max_by(|one, two| one.1.total_cmp(&two.1))
    }

    /// A program whose final state is not that of `diff2d`.
    #[must_use]
    pub fn disagreeing(&self) -> Option<&ProgramTimes> {
        let mut entries = self.entries.iter();
        entries.find(|entry| entry.agreement.is_some_and(|agreement| !agreement.holds()))
    }
}

impl ProgramTimes {
    #[expect(clippy::cast_precision_loss, reason = "a rate to print")]
    fn new(contender: Contender, case: &Case) -> Option<Self> {
        let seconds = Timing::of(contender.seconds)?;
        let rate = (case.interior() * contender.steps) as f64 / seconds.median;
        // No steps in no time give no rate.
        let rate = if rate.is_finite() { rate } else { 0.0 };
        let program = contender.program;
        let flags = match (&contender.kernel, &contender.tile) {
            (Some(kernel), Some(tile)) => format!("{kernel}, {tile}"),
            _ => program.flags.clone(),
        };
        Some(Self {
            whole: program.is_whole(),
            program: program.name.to_owned(),
            language: program.language,
            flags,
            version: contender.version.unwrap_or(program.version),
            threads: contender.threads,
            steps: contender.steps,
            seconds,
            updates_per_second: rate,
            ratio: None,
            throughput: BYTES * rate,
            kernel: contender.kernel,
            tile: contender.tile,
            agreement: contender.agreement,
        })
    }

    /// Whether it is the entry that the others are compared with.
    pub(super) fn is_reference(&self) -> bool {
        self.program == "diff2d"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_times_is_a_mean() {
        let of = |rounds: &[f64]| Timing::of(rounds.to_vec()).map(|timing| timing.median);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
