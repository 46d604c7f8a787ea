//! Tiles: boxes of the output, each computed by one thread from the box of the input below it.

use super::slide::scratch_bytes;
use crate::analysis::{AnalysisError, workers};
use std::ops::Range;

/// An axis of the array, in file order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    /// Where the box that is looked at begins.
    pub(super) start: u64,
    /// Length of the window.
    pub(super) window: u64,
    /// From one window to the next.
    pub(super) stride: u64,
    /// Number of windows.
    pub(super) count: u64,
}

impl Axis {
    /// An axis of a single element.
    pub(super) const POINT: Self = Self {
        start: 0,
        window: 1,
        stride: 1,
        count: 1,
    };

    /// Elements of the input below some windows, from the beginning of the box.
    pub(super) fn below(&self, windows: &Range<u64>) -> Range<u64> {
        windows.start * self.stride..(windows.end - 1) * self.stride + self.window
    }

    /// Whether its windows are its elements.
    pub(super) fn is_idle(&self) -> bool {
        self.window == 1 && self.stride == 1
    }

    /// Whether no element belongs to two windows.
    pub(super) fn is_apart(&self) -> bool {
        self.stride >= self.window || self.count == 1
    }
}

/// Windows along every axis.
pub(super) type Tile = Vec<Range<u64>>;

/// How the output is cut.
pub(super) struct Tiling {
    pub(super) tiles: Vec<Tile>,
    /// How many may be computed at a time.
    pub(super) threads: u64,
    /// Bytes of memory for each tile that is being computed.
    pub(super) memory_each: u64,
}

/// Tiles of fewer elements than this are not cut for the sake of threads.
const SMALL: u64 = 1 << 16;
/// Elements of the input taken at a time, where windows are short.
const BATCH: u64 = 1 << 17;
/// Bytes that a thread may work on before they leave the last cache; large enough that what is read
/// and written at a time is worth the way into the system.
const CACHE: u64 = 16 << 20;
/// What a cut for their sake may cost, as a share of the work.
const WORTH: f64 = 0.25;
/// Bytes that are read or written in the time it takes to begin somewhere else in a file.
const SEEK: f64 = 16384.0;

impl Tiling {
    /// Cuts the output until every thread has several tiles, each of which fits its caches, if that
    /// is worth it, and its memory.
    pub(super) fn new<const C: usize>(
        axes: &[Axis],
        whole: &Tile,
        memory: u64,
    ) -> Result<Self, AnalysisError> {
        let mut threads = workers(0, memory)?;
        let wanted = 4 * threads;
        let mut tile = whole.clone();
        let shape = |tile: &Tile| Shape::of::<C>(axes, tile);
        let halve = |tile: &mut Tile, first, most| halve(axes, whole, tile, first, most);
        while tiles(whole, &tile) < wanted && shape(&tile).elements() > SMALL {
            if !halve(&mut tile, 0, f64::INFINITY) {
                break;
            }
        }
        while shape(&tile).least_bytes::<C>(true) > CACHE && halve(&mut tile, 1, WORTH) {}
        loop {
            let needed = shape(&tile).least_bytes::<C>(false);
            if needed <= memory / threads {
                break;
            }
            if halve(&mut tile, 1, f64::INFINITY) || halve(&mut tile, 0, f64::INFINITY) {
                continue;
            }
            // What cannot be cut any more can still be computed by fewer at a time.
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
            tiles: all(whole, &tile),
            threads,
            memory_each: memory / threads,
        })
    }
}

/// Number of tiles, of the size of one.
fn tiles(whole: &Tile, tile: &Tile) -> u64 {
    let parts = whole.iter().zip(tile);
    parts
        .map(|(whole, part)| length(whole).div_ceil(length(part)))
        .product()
}

/// Every tile, of the size of one.
fn all(whole: &Tile, tile: &Tile) -> Vec<Tile> {
    let mut all = vec![Vec::new()];
    for (whole, part) in whole.iter().zip(tile) {
        let step = length(part);
        let ranges: Vec<Range<u64>> = (0..length(whole).div_ceil(step))
            .map(|number| {
                let start = whole.start + number * step;
                start..whole.end.min(start + step)
            })
            .collect();
        all = all
            .into_iter()
            .flat_map(|tile: Tile| {
                ranges
                    .iter()
                    .map(move |range| [&tile[..], std::slice::from_ref(range)].concat())
            })
            .collect();
    }
    all
}

/// Halves a tile along the axis, from `first` on, at which that costs the least: what is read twice
/// for the sake of overlapping windows, and shorter runs in the files. False where there are only
/// single windows, or where more than a share of `most` would be lost.
fn halve(axes: &[Axis], whole: &Tile, tile: &mut Tile, first: usize, most: f64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a measure for comparison")]
    let cost = |axis: usize| {
        let Axis { window, stride, .. } = axes[axis];
        let half = length(&tile[axis]).div_ceil(2);
        let twice = window.saturating_sub(stride) as f64 / (half * stride) as f64;
        // Behind the last axis that is cut, elements follow one another.
        let cut = (axis + 1..axes.len()).rfind(|&behind| tile[behind] != whole[behind]);
        let run = match cut {
            Some(cut) => length(&tile[cut]),
            None => half,
        };
        let dense = tile[cut.unwrap_or(axis) + 1..].iter().map(length);
        twice + SEEK / (8 * run * dense.product::<u64>()) as f64
    };
    let best = (first..axes.len())
        .filter(|&axis| length(&tile[axis]) > 1)
        .map(|axis| (axis, cost(axis)))
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .filter(|&(_, cost)| cost <= most);
    if let Some((axis, _)) = best {
        tile[axis].end = tile[axis].start + length(&tile[axis]).div_ceil(2);
    }
    best.is_some()
}

pub(super) fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

/// How much of everything a tile holds at a time; rows are what lies at one index of the first axis.
pub(super) struct Shape {
    pub(super) first: Axis,
    /// Windows of the tile along the first axis.
    windows: u64,
    /// Elements of a row of the input.
    pub(super) row_in: u64,
    /// The most elements of a row between two axes.
    pub(super) row_between: u64,
    /// Elements of a row of the output.
    pub(super) row_out: u64,
    /// Whether windows slide within rows.
    pub(super) within: bool,
    /// Bytes that slides need for themselves, over many lines side by side and over one.
    scratch: [u64; 2],
}

/// How a tile is gone through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Rows taken at a time.
    pub(super) rows: u64,
    /// Whether slides take many lines side by side.
    pub(super) wide: bool,
}

impl Shape {
    pub(super) fn of<const C: usize>(axes: &[Axis], tile: &Tile) -> Self {
        let mut lengths: Vec<u64> = axes
            .iter()
            .zip(tile)
            .map(|(axis, windows)| length(&axis.below(windows)))
            .collect();
        let row = |lengths: &[u64]| lengths[1..].iter().product::<u64>();
        let row_in = row(&lengths);
        let mut row_between = 0;
        let mut scratch = [0; 2];
        let mut slides = |axis: &Axis| {
            for (most, wide) in scratch.iter_mut().zip([true, false]) {
                *most = (*most).max(scratch_bytes::<C>(axis.window, axis.stride, wide));
            }
        };
        for axis in (1..axes.len()).rev().filter(|&axis| !axes[axis].is_idle()) {
            lengths[axis] = length(&tile[axis]);
            row_between = row_between.max(row(&lengths));
            slides(&axes[axis]);
        }
        if !axes[0].is_apart() {
            slides(&axes[0]);
        }
        Self {
            first: axes[0],
            windows: length(&tile[0]),
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
        if self.first.is_apart() {
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

    /// Bytes for every row taken at a time: input as it is in the file and as numbers, in between twice,
    /// kept, output four times.
    fn bytes_per_row<const C: usize>(&self) -> u64 {
        let between = 2 * C as u64 * self.row_between;
        let out = (C as u64 + 4) * self.row_out;
        (2 * self.row_in + between + out).saturating_mul(8)
    }

    /// Bytes with which a tile can be computed at a bearable speed: rows taken at a time are no
    /// fewer than those kept.
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

    /// How to go through the tile within so many bytes, and within the caches if it can be.
    pub(super) fn pace<const C: usize>(&self, memory: u64) -> Pace {
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
        Pace { rows, wide }
    }
}
