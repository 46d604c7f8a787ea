//! [`Partition`]: how the output is divided into subarrays, each computed by one thread from the part of
//! the input that its windows cover.

use super::{
    axis::{WindowAxis, length},
    slide::scratch_bytes,
};
use crate::analysis::{AnalysisError, memory::threads_within};
use std::ops::Range;

/// A box of the output: the windows along every axis.
pub(super) type Subarray = Vec<Range<u64>>;

/// The division of the output.
pub(super) struct Partition {
    pub(super) parts: Vec<Subarray>,
    /// How many parts may be computed at a time.
    pub(super) threads: u64,
    /// Bytes of memory for each part that is being computed.
    pub(super) memory_each: u64,
}

/// Parts whose input has fewer elements than this are not divided for the sake of threads.
const SMALL: u64 = 1 << 16;
/// Elements of the input taken at a time, where windows are short.
const BATCH: u64 = 1 << 17;
/// Bytes that a thread works on: few enough to stay in the last-level cache, and enough to make the
/// system calls that read and write them cheap.
const CACHE: u64 = 16 << 20;
/// The greatest cost of a cut for the sake of caches, as a fraction of the work.
const WORTH: f64 = 0.25;
/// Bytes read or written in the time of a seek.
const SEEK: f64 = 16384.0;

impl Partition {
    /// Halves the output until every thread has several parts, each of which fits into its memory and,
    /// where that pays, into its caches.
    pub(super) fn new<const C: usize>(
        axes: &[WindowAxis],
        whole: &Subarray,
        memory: u64,
    ) -> Result<Self, AnalysisError> {
        let mut threads = threads_within(memory, 0)?;
        let wanted = 4 * threads;
        let mut part = whole.clone();
        let footprint = |part: &Subarray| Footprint::of::<C>(axes, part);
        let halve = |part: &mut Subarray, first, most| halve(axes, whole, part, first, most);
        while parts(whole, &part) < wanted && footprint(&part).elements() > SMALL {
            if !halve(&mut part, 0, f64::INFINITY) {
                break;
            }
        }
        while footprint(&part).least_bytes::<C>(true) > CACHE && halve(&mut part, 1, WORTH) {}
        loop {
            let needed = footprint(&part).least_bytes::<C>(false);
            if needed <= memory / threads {
                break;
            }
            if halve(&mut part, 1, f64::INFINITY) || halve(&mut part, 0, f64::INFINITY) {
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
            parts: all(whole, &part),
            threads,
            memory_each: memory / threads,
        })
    }
}

/// Number of parts of the size of one.
fn parts(whole: &Subarray, part: &Subarray) -> u64 {
    let axes = whole.iter().zip(part);
    axes.map(|(whole, part)| length(whole).div_ceil(length(part)))
        .product()
}

/// All parts of the size of one.
fn all(whole: &Subarray, part: &Subarray) -> Vec<Subarray> {
    let mut all = vec![Vec::new()];
    for (whole, part) in whole.iter().zip(part) {
        let step = length(part);
        let ranges: Vec<Range<u64>> = (0..length(whole).div_ceil(step))
            .map(|number| {
                let start = whole.start + number * step;
                start..whole.end.min(start + step)
            })
            .collect();
        all = all
            .into_iter()
            .flat_map(|outer: Subarray| {
                ranges
                    .iter()
                    .map(move |range| [&outer[..], std::slice::from_ref(range)].concat())
            })
            .collect();
    }
    all
}

/// Halves a part along the axis, from `first` on, where that costs the least. The cost is the fraction
/// of elements that are read twice because windows overlap, and the seeks due to shorter runs in the
/// files. False where there are only single windows, or where the cost is above `most`.
fn halve(
    axes: &[WindowAxis],
    whole: &Subarray,
    part: &mut Subarray,
    first: usize,
    most: f64,
) -> bool {
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

/// The sizes that follow from a part of the output. A row is what lies at one index of the first axis.
pub(super) struct Footprint {
    pub(super) first: WindowAxis,
    /// Windows of the part along the first axis.
    windows: u64,
    /// Elements of a row of the input.
    pub(super) row_in: u64,
    /// The most elements of a row between two axes.
    pub(super) row_between: u64,
    /// Elements of a row of the output.
    pub(super) row_out: u64,
    /// Whether windows slide within rows.
    pub(super) within: bool,
    /// Bytes that slides need for themselves, over many interleaved lines and over one.
    scratch: [u64; 2],
}

/// How the rows of a part are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowPlan {
    /// Rows taken at a time.
    pub(super) rows: u64,
    /// Whether slides take many interleaved lines at a time.
    pub(super) wide: bool,
}

impl Footprint {
    pub(super) fn of<const C: usize>(axes: &[WindowAxis], part: &Subarray) -> Self {
        let mut lengths: Vec<u64> = axes
            .iter()
            .zip(part)
            .map(|(axis, windows)| length(&axis.covered(windows)))
            .collect();
        let row = |lengths: &[u64]| lengths[1..].iter().product::<u64>();
        let row_in = row(&lengths);
        let mut row_between = 0;
        let mut scratch = [0; 2];
        let mut slides = |axis: &WindowAxis| {
            for (most, wide) in scratch.iter_mut().zip([true, false]) {
                *most = (*most).max(scratch_bytes::<C>(axis.window, axis.stride, wide));
            }
        };
        for axis in (1..axes.len())
            .rev()
            .filter(|&axis| !axes[axis].is_identity())
        {
            lengths[axis] = length(&part[axis]);
            row_between = row_between.max(row(&lengths));
            slides(&axes[axis]);
        }
        if !axes[0].is_disjoint() {
            slides(&axes[0]);
        }
        Self {
            first: axes[0],
            windows: length(&part[0]),
            row_in,
            row_between,
            row_out: row(&lengths),
            within: row_between > 0,
            scratch,
        }
    }

    /// Elements of the input.
    fn elements(&self) -> u64 {
        let rows = (self.windows - 1) * self.first.stride + self.first.window;
        rows.saturating_mul(self.row_in)
    }

    /// Rows kept for later windows.
    pub(super) fn kept_rows(&self) -> u64 {
        if self.first.is_disjoint() {
            0
        } else {
            self.first.window - 1
        }
    }

    /// Bytes that do not depend on how many rows are taken at a time.
    fn fixed_bytes<const C: usize>(&self) -> u64 {
        let kept_row = if self.within {
            C as u64 * self.row_out
        } else {
            self.row_in
        };
        let open = 2 * C as u64 * self.row_out;
        let elements = self
            .kept_rows()
            .saturating_mul(kept_row)
            .saturating_add(open);
        elements.saturating_mul(8)
    }

    /// Bytes for every row taken at a time: input as it is in the file and as numbers, between axes twice,
    /// kept, output four times.
    fn bytes_per_row<const C: usize>(&self) -> u64 {
        let between = 2 * C as u64 * self.row_between;
        let out = (C as u64 + 4) * self.row_out;
        (2 * self.row_in + between + out).saturating_mul(8)
    }

    /// Bytes with which a part can be computed at an acceptable speed: at least as many rows are taken at
    /// a time as are kept.
    fn least_bytes<const C: usize>(&self, wide: bool) -> u64 {
        let rows = self
            .rows_at_least()
            .saturating_mul(self.bytes_per_row::<C>());
        rows.saturating_add(self.fixed_bytes::<C>())
            .saturating_add(self.scratch[usize::from(!wide)])
    }

    fn rows_at_least(&self) -> u64 {
        self.kept_rows().max(1)
    }

    /// How to take the rows within so many bytes, and within the caches if possible.
    pub(super) fn row_plan<const C: usize>(&self, memory: u64) -> RowPlan {
        let wide = self.least_bytes::<C>(true) <= memory;
        let least = self.rows_at_least();
        let more = |bytes: u64| {
            bytes.saturating_sub(self.least_bytes::<C>(wide)) / self.bytes_per_row::<C>().max(1)
        };
        let good = (3 * self.kept_rows()).max(BATCH / self.row_in.max(1));
        let all = self.elements() / self.row_in.max(1);
        let rows = good
            .min(least + more(memory.min(CACHE)))
            .max(least)
            .min(all.max(1));
        RowPlan { rows, wide }
    }
}
