//! [`Ranks`]: represents windows as sets of ranks.
//!
//! The elements of a tile are sorted once, which gives each its rank. A window is then a set of bits: while it slides,
//! the bits of one face are cleared and the bits of the opposite face are set, and the position of the result moves
//! from word to word. Counts for groups of words limit the number of words to pass.
//!
//! Source of the moving position in a histogram: Huang, Yang and Tang, "A fast two-dimensional median filtering
//! algorithm", IEEE ASSP 27 (1979); ranks make a histogram of any elements.

use super::{WindowBox, for_each_index, pitches, rank::Order};
use diff2d_sys::vectorised;

/// The number of elements in a tile, which stays in a second-level cache together with its ranks.
const TILE: usize = 1 << 15;
/// The largest number of elements in a tile, unless windows are longer.
const LARGEST: usize = 1 << 17;
/// The number of words in a group.
const GROUP: usize = 32;
/// The rank that stands for a missing element.
const NONE: u32 = u32::MAX;

/// A tile, and the window that slides over it.
#[derive(Default)]
pub(super) struct Ranks {
    /// The elements of the tile with their positions, sorted.
    sorted: Vec<(f64, u32)>,
    ranks: Vec<u32>,
    /// The positions of the elements of a face.
    face: Vec<usize>,
    set: Set,
}

impl Ranks {
    /// Bytes of memory for a box of `elements` elements with windows of `window` elements.
    pub(super) fn bytes(elements: u64, window: u64) -> u64 {
        let tile = elements.min(window.saturating_mul(2).max(LARGEST as u64));
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
        let mut tile_index = vec![0; numbers.len()];
        loop {
            let counts: Vec<usize> = (tile_index.iter().zip(&tile).zip(&area.counts))
                .map(|((number, tile), count)| (*tile).min(count - number * tile))
                .collect();
            let first_window: Vec<usize> = (tile_index.iter().zip(&tile))
                .map(|(number, tile)| number * tile)
                .collect();
            self.tile(order, area, axis, [&first_window, &counts], input, out);
            let Some(next_axis) =
                (0..tile_index.len()).rfind(|&axis| tile_index[axis] + 1 < numbers[axis])
            else {
                return;
            };
            tile_index[next_axis] += 1;
            tile_index[next_axis + 1..].fill(0);
        }
    }

    /// Computes the windows of a tile, whose first window is `first`.
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
            .map(|(axis, count)| (count - 1) * axis.stride as usize + axis.window as usize)
            .collect();
        let pitch = pitches(&lengths);
        let corner_in: usize = (0..first.len())
            .map(|axis| first[axis] * area.axes[axis].stride as usize * pitch_in[axis])
            .sum();
        let corner_out: usize = first
            .iter()
            .zip(&pitch_out)
            .map(|(number, pitch)| number * pitch)
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
        for_each_index(&lines, [&steps, &pitch_out], |line_in, line_out| {
            vectorised(
                #[inline(always)]
                || {
                    self.set.clear(self.sorted.len());
                    for number in 0..counts[axis] {
                        let start = number * stride;
                        let added = match number {
                            0 => 0..window,
                            _ => start - stride + window..start + window,
                        };
                        let removed = start.saturating_sub(stride)..start;
                        for place in removed {
                            self.change::<false>(line_in + place * step);
                        }
                        for place in added {
                            self.change::<true>(line_in + place * step);
                        }
                        let place_out = corner_out + line_out + number * pitch_out[axis];
                        out[place_out] = self.result(order);
                    }
                },
            );
        });
    }

    /// Sorts the elements of a tile and assigns ranks.
    fn rank(&mut self, lengths: &[usize], pitch_in: &[usize], pitch: &[usize], input: &[f64]) {
        let count = lengths.iter().product();
        self.ranks.clear();
        self.ranks.resize(count, NONE);
        self.sorted.clear();
        let Some((&width, outer)) = lengths.split_last() else {
            return;
        };
        let sorted = &mut self.sorted;
        for_each_index(outer, [pitch_in, pitch], |row_in, row_of_tile| {
            let row = input[row_in..row_in + width].iter().zip(row_of_tile..);
            let present = row
                .filter(|(value, _)| !value.is_nan())
                .map(|(&value, place)| (value, place as u32));
            sorted.extend(present);
        });
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        for (rank, &(_, place)) in (0..).zip(sorted.iter()) {
            self.ranks[place as usize] = rank;
        }
    }

    /// Adds a face to the window, or removes it. Its first element is at the position `corner`.
    #[inline(always)]
    fn change<const ADD: bool>(&mut self, corner: usize) {
        let Self {
            face, ranks, set, ..
        } = self;
        for place in face.iter() {
            let rank = ranks[corner + place];
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

/// The number of windows of a tile along each axis.
fn tile(area: &WindowBox<'_>, axis: usize, window: usize) -> Vec<usize> {
    let windows: Vec<usize> = area.axes.iter().map(|axis| axis.window as usize).collect();
    let strides: Vec<usize> = area.axes.iter().map(|axis| axis.stride as usize).collect();
    let largest = LARGEST.max(2 * window);
    let mut tile = vec![1; area.counts.len()];
    if windows[axis] == window {
        let elements = (5 * window).clamp(4096, largest);
        let further_windows = elements.saturating_sub(window) / strides[axis];
        tile[axis] = (further_windows + 1).min(area.counts[axis]);
        return tile;
    }
    for axis in (0..tile.len()).filter(|&axis| windows[axis] > 1) {
        tile[axis] = (2 * windows[axis] / strides[axis])
            .max(48)
            .min(area.counts[axis]);
    }
    loop {
        let lengths = (0..tile.len()).map(|axis| (tile[axis] - 1) * strides[axis] + windows[axis]);
        let longest = (0..tile.len()).max_by_key(|&axis| tile[axis]).unwrap_or(0);
        let elements: usize = lengths.product();
        if elements <= TILE.max(2 * window) || tile[longest] == 1 {
            return tile;
        }
        tile[longest] = tile[longest].div_ceil(2);
    }
}

/// A set of ranks, with a current position in it.
#[derive(Default)]
struct Set {
    words: Vec<u64>,
    /// The number of bits set in every group of words.
    groups: Vec<u32>,
    count: usize,
    /// The current word, and the number of bits before it.
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
        let moved = usize::from(word < self.word);
        if ADD {
            self.groups[word / GROUP] += 1;
            self.count += 1;
            self.before += moved;
        } else {
            self.groups[word / GROUP] -= 1;
            self.count -= 1;
            self.before -= moved;
        }
    }

    /// The rank in the set with `place` smaller ranks in the set; it must exist.
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

    /// The next larger rank in the set.
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
