//! [`Ranks`]: windows as sets of ranks.
//!
//! The elements of a tile are sorted once, which gives each its rank. A window is then a set of bits:
//! while it slides, the bits of one face are cleared and those of another one set, and the place of the
//! result moves from word to word. Counts of groups of words bound how far it has to walk.
//!
//! Source of the moving place in a histogram: Huang, Yang and Tang, "A fast two-dimensional median
//! filtering algorithm", IEEE ASSP 27 (1979); ranks make a histogram of any elements.

use super::{WindowBox, for_each_index, pitches, rank::Order};
use diff2d_sys::vectorised;

/// Elements of a tile that stay in a second-level cache with all that is kept of them.
const TILE: usize = 1 << 15;
/// No tile has more elements than this, unless windows are longer.
const LARGEST: usize = 1 << 17;
/// Words of a group.
const GROUP: usize = 32;
/// The rank of an element that is not there.
const NONE: u32 = u32::MAX;

/// A tile and the window that slides over it.
#[derive(Default)]
pub(super) struct Ranks {
    /// The elements of the tile with their places; sorted.
    sorted: Vec<(f64, u32)>,
    ranks: Vec<u32>,
    /// Places of the elements of a face.
    face: Vec<usize>,
    set: Set,
}

impl Ranks {
    /// Bytes for a box of so many elements with windows of so many.
    pub(super) fn bytes(all: u64, window: u64) -> u64 {
        let tile = all.min(window.saturating_mul(2).max(LARGEST as u64));
        tile.saturating_mul(16 + 4 + 1)
            .saturating_add(window.saturating_mul(8))
    }

    pub(super) fn slide(
        &mut self,
        order: &Order,
        area: &WindowBox<'_>,
        axis: usize,
        input: &[f64],
        out: &mut [f64],
    ) {
        let tile = tile(area, axis, order.elements);
        let numbers: Vec<usize> = (area.counts.iter().zip(&tile))
            .map(|(count, tile)| count.div_ceil(*tile))
            .collect();
        let mut at = vec![0; numbers.len()];
        loop {
            let counts: Vec<usize> = (at.iter().zip(&tile).zip(&area.counts))
                .map(|((at, tile), count)| (*tile).min(count - at * tile))
                .collect();
            let first: Vec<usize> = at.iter().zip(&tile).map(|(at, tile)| at * tile).collect();
            self.tile(order, area, axis, [&first, &counts], input, out);
            let Some(next) = (0..at.len()).rfind(|&axis| at[axis] + 1 < numbers[axis]) else {
                return;
            };
            at[next] += 1;
            at[next + 1..].fill(0);
        }
    }

    /// The windows of a tile, which begins with the window `first`.
    fn tile(
        &mut self,
        order: &Order,
        area: &WindowBox<'_>,
        axis: usize,
        [first, counts]: [&[usize]; 2],
        input: &[f64],
        out: &mut [f64],
    ) {
        let (pitch_in, pitch_out) = (pitches(&area.lengths), pitches(&area.counts));
        let lengths: Vec<usize> = (area.axes.iter().zip(counts))
            .map(|(of, count)| (count - 1) * of.stride as usize + of.window as usize)
            .collect();
        let pitch = pitches(&lengths);
        let corner_in: usize = (0..first.len())
            .map(|axis| first[axis] * area.axes[axis].stride as usize * pitch_in[axis])
            .sum();
        let corner_out: usize = first
            .iter()
            .zip(&pitch_out)
            .map(|(at, pitch)| at * pitch)
            .sum();
        self.rank(&lengths, &pitch_in, &pitch, &input[corner_in..]);

        let mut face: Vec<usize> = area.axes.iter().map(|axis| axis.window as usize).collect();
        face[axis] = 1;
        self.face.clear();
        let places = &mut self.face;
        for_each_index(&face, [&pitch, &pitch], |place, _| places.push(place));

        let steps: Vec<usize> = (area.axes.iter().zip(&pitch))
            .map(|(axis, pitch)| axis.stride as usize * pitch)
            .collect();
        let mut lines = counts.to_vec();
        lines[axis] = 1;
        let (window, stride) = (
            area.axes[axis].window as usize,
            area.axes[axis].stride as usize,
        );
        let step = pitch[axis];
        for_each_index(&lines, [&steps, &pitch_out], |from, to| {
            vectorised(
                #[inline(always)]
                || {
                    self.set.clear(self.sorted.len());
                    for number in 0..counts[axis] {
                        let begin = number * stride;
                        let added = match number {
                            0 => 0..window,
                            _ => begin - stride + window..begin + window,
                        };
                        let removed = begin.saturating_sub(stride)..begin;
                        for place in removed {
                            self.change::<false>(from + place * step);
                        }
                        for place in added {
                            self.change::<true>(from + place * step);
                        }
                        let to = corner_out + to + number * pitch_out[axis];
                        out[to] = self.result(order);
                    }
                },
            );
        });
    }

    /// Sorts the elements of a tile.
    fn rank(&mut self, lengths: &[usize], pitch_in: &[usize], pitch: &[usize], input: &[f64]) {
        let all = lengths.iter().product();
        self.ranks.clear();
        self.ranks.resize(all, NONE);
        self.sorted.clear();
        let Some((&width, outer)) = lengths.split_last() else {
            return;
        };
        let sorted = &mut self.sorted;
        for_each_index(outer, [pitch_in, pitch], |from, to| {
            let row = input[from..from + width].iter().zip(to..);
            #[expect(clippy::cast_possible_truncation, reason = "tiles are smaller")]
            let there = row
                .filter(|(value, _)| !value.is_nan())
                .map(|(&value, place)| (value, place as u32));
            sorted.extend(there);
        });
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        for (rank, &(_, place)) in (0..).zip(sorted.iter()) {
            self.ranks[place as usize] = rank;
        }
    }

    /// Adds a face to the window, or removes it.
    #[inline(always)]
    fn change<const ADD: bool>(&mut self, at: usize) {
        let Self {
            face, ranks, set, ..
        } = self;
        for place in face.iter() {
            let rank = ranks[at + place];
            if rank != NONE {
                set.flip::<ADD>(rank as usize);
            }
        }
    }

    #[inline(always)]
    fn result(&mut self, order: &Order) -> f64 {
        if !order.has_result(self.set.count) {
            return f64::NAN;
        }
        let pick = order.rank.pick(self.set.count);
        let low = self.set.find(pick.low);
        let high = if pick.low == pick.high {
            low
        } else {
            self.set.after(low)
        };
        order
            .rank
            .between(pick, self.sorted[low].0, self.sorted[high].0)
    }
}

/// How many windows a tile has along each axis.
fn tile(area: &WindowBox<'_>, axis: usize, window: usize) -> Vec<usize> {
    let of = |axis: usize| {
        (
            area.axes[axis].window as usize,
            area.axes[axis].stride as usize,
        )
    };
    let most = LARGEST.max(2 * window);
    let (length, stride) = of(axis);
    let mut tile = vec![1; area.counts.len()];
    if length == window {
        let elements = (5 * length).clamp(4096, most);
        tile[axis] = (elements.saturating_sub(length) / stride + 1).min(area.counts[axis]);
        return tile;
    }
    for axis in (0..tile.len()).filter(|&axis| area.axes[axis].window > 1) {
        let (length, stride) = of(axis);
        tile[axis] = (2 * length / stride).max(48).min(area.counts[axis]);
    }
    loop {
        let lengths = (0..tile.len()).map(|axis| {
            let (length, stride) = of(axis);
            (tile[axis] - 1) * stride + length
        });
        let longest = (0..tile.len()).max_by_key(|&axis| tile[axis]).unwrap_or(0);
        let elements: usize = lengths.product();
        if elements <= TILE.max(2 * window) || tile[longest] == 1 {
            return tile;
        }
        tile[longest] = tile[longest].div_ceil(2);
    }
}

/// A set of ranks with a place in it.
#[derive(Default)]
struct Set {
    words: Vec<u64>,
    /// Bits of every group of words.
    groups: Vec<u32>,
    count: usize,
    /// A word, and the bits before it.
    word: usize,
    before: usize,
}

impl Set {
    fn clear(&mut self, ranks: usize) {
        let groups = ranks.div_ceil(64 * GROUP).max(1);
        self.groups.clear();
        self.groups.resize(groups, 0);
        self.words.clear();
        self.words.resize(groups * GROUP, 0);
        (self.count, self.word, self.before) = (0, 0, 0);
    }

    #[inline(always)]
    fn flip<const ADD: bool>(&mut self, rank: usize) {
        let word = rank / 64;
        self.words[word] ^= 1 << (rank % 64);
        let before = usize::from(word < self.word);
        if ADD {
            self.groups[word / GROUP] += 1;
            self.count += 1;
            self.before += before;
        } else {
            self.groups[word / GROUP] -= 1;
            self.count -= 1;
            self.before -= before;
        }
    }

    /// The rank that so many others in the set are below; there must be one.
    #[inline(always)]
    fn find(&mut self, place: usize) -> usize {
        while self.before > place {
            if self.word.is_multiple_of(GROUP) {
                let group = self.groups[self.word / GROUP - 1] as usize;
                if self.before - group > place {
                    self.word -= GROUP;
                    self.before -= group;
                    continue;
                }
            }
            self.word -= 1;
            self.before -= self.words[self.word].count_ones() as usize;
        }
        loop {
            if self.word.is_multiple_of(GROUP) {
                let group = self.groups[self.word / GROUP] as usize;
                if self.before + group <= place {
                    self.word += GROUP;
                    self.before += group;
                    continue;
                }
            }
            let bits = self.words[self.word].count_ones() as usize;
            if self.before + bits > place {
                break;
            }
            self.before += bits;
            self.word += 1;
        }
        let mut bits = self.words[self.word];
        for _ in self.before..place {
            bits &= bits - 1;
        }
        self.word * 64 + bits.trailing_zeros() as usize
    }

    /// The next rank in the set.
    #[inline(always)]
    fn after(&self, rank: usize) -> usize {
        let mut word = rank / 64;
        let mut bits = self.words[word] & !(u64::MAX >> (63 - rank % 64));
        while bits == 0 {
            word += 1;
            if word.is_multiple_of(GROUP) {
                while self.groups[word / GROUP] == 0 {
                    word += GROUP;
                }
            }
            bits = self.words[word];
        }
        word * 64 + bits.trailing_zeros() as usize
    }
}
