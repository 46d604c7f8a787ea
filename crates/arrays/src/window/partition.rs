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
    /// The number of parts that may be computed at a time.
    pub(super) threads: u64,
    /// Bytes of memory for each part that is being computed.
    pub(super) memory_each: u64,
}

/// The number of input elements below which a part is not divided for more threads.
const SMALL: u64 = 1 << 16;
/// The number of bytes that a thread works on: few enough to stay in the last-level cache, and enough to make the
/// system calls that read and write them cheap.
pub(super) const CACHE: u64 = 16 << 20;
/// The largest cost of a division for the sake of caches, as a fraction of the work.
const WORTH: f64 = 0.25;
/// The number of bytes that are read or written in the time of a seek.
const SEEK: f64 = 16384.0;

/// The memory that the computation of a part needs.
pub(super) trait Needs {
    /// The first axis along which a division reduces memory or cache use.
    const FIRST: usize;

    /// The number of input elements.
    fn elements(&self, part: &Region) -> u64;
    /// Bytes of memory with which the computation is fast.
    fn good_bytes(&self, part: &Region) -> u64;
    /// Bytes of memory that the computation needs at least.
    fn least_bytes(&self, part: &Region) -> u64;
}

impl Division {
    /// Halves the output until every thread has several parts, each of which fits into its memory and, if that pays
    /// off, into its caches.
    pub(super) fn new<N: Needs>(
        axes: &[WindowAxis],
        whole: &Region,
        memory: u64,
        needs: &N,
    ) -> Result<Self, AnalysisError> {
        let mut threads = threads_within(memory, 0)?;
        let parts_wanted = 4 * threads;
        let mut part = whole.clone();
        while cut(whole, &part).count() < parts_wanted && needs.elements(&part) > SMALL {
            if !halve(axes, whole, &mut part, 0, f64::INFINITY) {
                break;
            }
        }
        while needs.good_bytes(&part) > CACHE && halve(axes, whole, &mut part, N::FIRST, WORTH) {}
        loop {
            let part_bytes = needs.least_bytes(&part);
            if part_bytes <= memory / threads {
                break;
            }
            if halve(axes, whole, &mut part, N::FIRST, f64::INFINITY)
                || halve(axes, whole, &mut part, 0, f64::INFINITY)
            {
                continue;
            }
            // Single windows cannot be divided, but fewer threads need less memory.
            threads = memory / part_bytes;
            if threads == 0 {
                return Err(AnalysisError::memory(
                    "this window",
                    part_bytes,
                    memory,
                    "take a shorter window",
                ));
            }
        }
        Ok(Self {
            parts: cut(whole, &part),
            threads,
            memory_each: memory / threads,
        })
    }
}

/// The output divided into parts of the size of `part`.
fn cut(whole: &Region, part: &Region) -> Cut {
    Cut::new(whole, part.iter().map(length).collect())
}

/// Halves a part along the axis with the lowest cost, from axis `first` on. Returns false if there are only single
/// windows, or if the cost exceeds `most`.
fn halve(axes: &[WindowAxis], whole: &Region, part: &mut Region, first: usize, most: f64) -> bool {
    let cheapest_cut = (first..axes.len())
        .filter(|&axis| length(&part[axis]) > 1)
        .map(|axis| (axis, cost_of_cut(axes, whole, part, axis)))
        .min_by(|(_, left), (_, right)| left.total_cmp(right))
        .filter(|&(_, cost)| cost <= most);
    if let Some((axis, _)) = cheapest_cut {
        part[axis].end = part[axis].start + length(&part[axis]).div_ceil(2);
    }
    cheapest_cut.is_some()
}

/// The cost of halving a part along an axis: the fraction of elements that are read twice because windows overlap, and
/// the seeks due to shorter runs in the files.
fn cost_of_cut(axes: &[WindowAxis], whole: &Region, part: &Region, axis: usize) -> f64 {
    let WindowAxis { window, stride, .. } = axes[axis];
    let half = length(&part[axis]).div_ceil(2);
    let read_twice = window.saturating_sub(stride) as f64 / (half * stride) as f64;
    // Behind the last axis that is cut, elements are contiguous.
    let last_cut_axis = (axis + 1..axes.len()).rfind(|&later| part[later] != whole[later]);
    let run = match last_cut_axis {
        Some(cut_axis) => length(&part[cut_axis]),
        None => half,
    };
    let contiguous = part[last_cut_axis.unwrap_or(axis) + 1..].iter().map(length);
    read_twice + SEEK / (8 * run * contiguous.product::<u64>()) as f64
}
