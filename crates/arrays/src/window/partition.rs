//! [`Division`]: how the output is divided into subarrays, each computed by one thread from the part of
//! the input that its windows cover.

use super::axis::WindowAxis;
use crate::{
    AnalysisError,
    memory::threads_within,
    npy::{Cut, Region, length},
};

/// The division of the output.
pub(super) struct Division {
    pub(super) parts: Cut,
    /// How many parts may be computed at a time.
    pub(super) threads: u64,
    /// Bytes of memory for each part that is being computed.
    pub(super) memory_each: u64,
}

/// Parts whose input has fewer elements than this are not divided for the sake of threads.
const SMALL: u64 = 1 << 16;
/// Bytes that a thread works on: few enough to stay in the last-level cache, and enough to make the
/// system calls that read and write them cheap.
pub(super) const CACHE: u64 = 16 << 20;
/// The greatest cost of a cut for the sake of caches, as a fraction of the work.
const WORTH: f64 = 0.25;
/// Bytes read or written in the time of a seek.
const SEEK: f64 = 16384.0;

/// What the computation of a part needs.
pub(super) trait Needs {
    /// The first axis that is worth a cut for the sake of memory and caches.
    const FIRST: usize;

    /// Elements of the input.
    fn elements(&self, part: &Region) -> u64;
    /// Bytes that the computation takes when it has all that makes it fast.
    fn good_bytes(&self, part: &Region) -> u64;
    /// Bytes that it cannot do without.
    fn least_bytes(&self, part: &Region) -> u64;
}

impl Division {
    /// Halves the output until every thread has several parts, each of which fits into its memory and,
    /// where that pays, into its caches.
    pub(super) fn new<N: Needs>(
        axes: &[WindowAxis],
        whole: &Region,
        memory: u64,
        needs: &N,
    ) -> Result<Self, AnalysisError> {
        let mut threads = threads_within(memory, 0)?;
        let wanted = 4 * threads;
        let mut part = whole.clone();
        let halve = |part: &mut Region, first, most| halve(axes, whole, part, first, most);
        while cut(whole, &part).count() < wanted && needs.elements(&part) > SMALL {
            if !halve(&mut part, 0, f64::INFINITY) {
                break;
            }
        }
        while needs.good_bytes(&part) > CACHE && halve(&mut part, N::FIRST, WORTH) {}
        loop {
            let needed = needs.least_bytes(&part);
            if needed <= memory / threads {
                break;
            }
            if halve(&mut part, N::FIRST, f64::INFINITY) || halve(&mut part, 0, f64::INFINITY) {
                continue;
            }
            // Single windows cannot be divided, but fewer threads need less memory.
            threads = memory / needed;
            if threads == 0 {
                return Err(AnalysisError::Memory {
                    what: "this window",
                    needed,
                    allowed: memory,
                    instead: "take a shorter window",
                });
            }
        }
        Ok(Self {
            parts: cut(whole, &part),
            threads,
            memory_each: memory / threads,
        })
    }
}

/// The output cut into parts of the size of one.
fn cut(whole: &Region, part: &Region) -> Cut {
    Cut::new(whole, part.iter().map(length).collect())
}

/// Halves a part along the axis, from `first` on, where that costs the least. The cost is the fraction
/// of elements that are read twice because windows overlap, and the seeks due to shorter runs in the
/// files. False where there are only single windows, or where the cost is above `most`.
fn halve(axes: &[WindowAxis], whole: &Region, part: &mut Region, first: usize, most: f64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a measure for comparison")]
    let cost = |axis: usize| {
        let WindowAxis { window, stride, .. } = axes[axis];
        let half = length(&part[axis]).div_ceil(2);
        let twice = window.saturating_sub(stride) as f64 / (half * stride) as f64;
        // Behind the last axis that is cut, elements are contiguous.
        let cut = (axis + 1..axes.len()).rfind(|&behind| part[behind] != whole[behind]);
        let run = match cut {
            Some(cut) => length(&part[cut]),
            None => half,
        };
        let contiguous = part[cut.unwrap_or(axis) + 1..].iter().map(length);
        twice + SEEK / (8 * run * contiguous.product::<u64>()) as f64
    };
    let best = (first..axes.len())
        .filter(|&axis| length(&part[axis]) > 1)
        .map(|axis| (axis, cost(axis)))
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .filter(|&(_, cost)| cost <= most);
    if let Some((axis, _)) = best {
        part[axis].end = part[axis].start + length(&part[axis]).div_ceil(2);
    }
    best.is_some()
}
