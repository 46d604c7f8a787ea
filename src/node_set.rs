//! [`NodeSet`]: some of the nodes of a grid.

use std::ops::Range;

/// Nodes of a block.
const BLOCK: u64 = 64 * 64;

/// Some of the nodes of a grid: of blocks of 64 words of 64 nodes each the words that have some and not all of their
/// nodes. Node `(j, i)` has the number `j nx + i`, as in the bytes of a snapshot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeSet {
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Block {
    /// The words that have all of their nodes, a bit each.
    whole: u64,
    /// Those that have some.
    mixed: u64,
    /// These, one after the other.
    words: Vec<u64>,
}

impl Block {
    /// The place of a word among those that are mixed.
    fn place(&self, bit: u64) -> usize {
        (self.mixed & ((1 << bit) - 1)).count_ones() as usize
    }

    fn word(&self, bit: u64) -> u64 {
        match (self.whole >> bit & 1, self.mixed >> bit & 1) {
            (0, 0) => 0,
            (0, _) => self.words[self.place(bit)],
            _ => !0,
        }
    }

    fn add(&mut self, bit: u64, nodes: u64) {
        let (place, word) = (self.place(bit), self.word(bit) | nodes);
        let is_mixed = self.mixed >> bit & 1 == 1;
        match (word, is_mixed) {
            (u64::MAX, _) => {
                if is_mixed {
                    self.words.remove(place);
                    self.words.shrink_to_fit();
                }
                self.whole |= 1 << bit;
                self.mixed &= !(1 << bit);
            }
            (_, true) => self.words[place] = word,
            (_, false) => {
                // There may be many such blocks.
                self.words.reserve_exact(1);
                self.words.insert(place, word);
                self.mixed |= 1 << bit;
            }
        }
    }
}

impl NodeSet {
    /// The nodes with these numbers.
    #[must_use]
    pub fn of(numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut set = Self::default();
        numbers.into_iter().for_each(|number| set.add(number));
        set
    }

    /// Adds a node.
    pub fn add(&mut self, number: u64) {
        let (block, bit) = ((number / BLOCK) as usize, number / 64 % 64);
        if block >= self.blocks.len() {
            self.blocks.resize(block + 1, Block::default());
        }
        self.blocks[block].add(bit, 1 << (number % 64));
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        let ones = |word: &u64| u64::from(word.count_ones());
        let of =
            |block: &Block| 64 * ones(&block.whole) + block.words.iter().map(ones).sum::<u64>();
        self.blocks.iter().map(of).sum()
    }

    /// Whether a node is one of them.
    #[must_use]
    pub fn has(&self, number: u64) -> bool {
        self.word(number / 64) >> (number % 64) & 1 == 1
    }

    fn word(&self, at: u64) -> u64 {
        self.block(at).map_or(0, |block| block.word(at % 64))
    }

    /// The block of a word.
    fn block(&self, at: u64) -> Option<&Block> {
        let block = usize::try_from(at / 64).ok()?;
        self.blocks.get(block)
    }

    /// The words in a range that have some of their nodes, and their numbers.
    fn words(&self, Range { start, end }: Range<u64>) -> impl Iterator<Item = (u64, u64)> {
        let (mut at, end) = (start, end.min(64 * self.blocks.len() as u64));
        std::iter::from_fn(move || {
            while at < end {
                let block = self.block(at)?;
                let rest = (block.whole | block.mixed) >> (at % 64);
                if rest != 0 {
                    let found = at + u64::from(rest.trailing_zeros());
                    at = found + 1;
                    return (found < end).then(|| (found, block.word(found % 64)));
                }
                at = (at / 64 + 1) * 64;
            }
            None
        })
    }

    /// Those of them whose numbers are in a range, in ascending order.
    pub fn within(&self, numbers: Range<u64>) -> impl Iterator<Item = u64> {
        let start = numbers.start;
        self.words(start / 64..numbers.end.div_ceil(64))
            .flat_map(|(at, mut rest)| {
                std::iter::from_fn(move || {
                    let bit = (rest != 0).then(|| u64::from(rest.trailing_zeros()))?;
                    rest &= rest - 1;
                    Some(64 * at + bit)
                })
            })
            .skip_while(move |&number| number < start)
            .take_while(move |&number| number < numbers.end)
    }

    /// As [`within`](Self::within), numbers that follow one another together.
    pub fn runs(&self, numbers: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let mut at = numbers.start;
        let last = numbers.end.min(BLOCK * self.blocks.len() as u64);
        std::iter::from_fn(move || {
            let start = self.next(at..last, true);
            at = self.next(start..last, false);
            (start < at).then_some(start..at)
        })
    }

    /// The first node in a range that is, or is not, one of them, or the end.
    fn next(&self, Range { start, end }: Range<u64>, is: bool) -> u64 {
        let mut from = start;
        while from < end {
            let at = from / 64;
            let Some(block) = self.block(at) else {
                return if is { end } else { from };
            };
            let passed = match is {
                true => !(block.whole | block.mixed),
                false => block.whole,
            };
            let passed = u64::from((passed >> (at % 64)).trailing_ones());
            if passed > 0 {
                from = (at + passed) * 64;
                continue;
            }
            let word = block.word(at % 64);
            let rest = (if is { word } else { !word }) >> (from % 64);
            match rest {
                0 => from = (at + 1) * 64,
                rest => return (from + u64::from(rest.trailing_zeros())).min(end),
            }
        }
        end
    }

    /// Gives those of the nodes from number `first` on that are in the set another value.
    #[expect(clippy::cast_possible_truncation, reason = "a place in memory")]
    pub fn fill<V: Copy>(&self, first: u64, values: &mut [V], value: V) {
        for run in self.runs(first..first + values.len() as u64) {
            values[(run.start - first) as usize..(run.end - first) as usize].fill(value);
        }
    }

    /// Gives those of the nodes in bytes of a snapshot, from byte `first` of it on, that are in the set the bytes of
    /// another value.
    #[expect(clippy::cast_possible_truncation, reason = "a place in memory")]
    pub fn fill_bytes(&self, first: u64, bytes: &mut [u8], value: &[u8]) {
        let size = value.len() as u64;
        let numbers = first.div_ceil(size)..(first + bytes.len() as u64) / size;
        for number in self.within(numbers) {
            let at = (number * size - first) as usize;
            bytes[at..at + value.len()].copy_from_slice(value);
        }
    }

    /// The first node that is in both sets.
    #[must_use]
    pub fn first_common(&self, other: &Self) -> Option<u64> {
        self.within(0..u64::MAX).find(|&number| other.has(number))
    }

    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        /// What an allocation takes beside its bytes.
        const EACH: usize = 16;
        let words = self.blocks.iter().map(|block| block.words.len());
        let words = words.filter(|&words| words > 0);
        let words: usize = words.map(|words| 8 * words + EACH).sum();
        (size_of::<Block>() * self.blocks.len() + words) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_set_has_the_nodes_that_were_put_into_it(
            one in prop::collection::btree_set(0_u64..700, 0..40),
            other in prop::collection::btree_set(0_u64..700, 0..40),
            (first, length) in (0_u64..800, 0_usize..300),
        ) {
            let sets = [&one, &other].map(|numbers| NodeSet::of(numbers.iter().copied()));
            prop_assert!((0..800).all(|number| sets[0].has(number) == one.contains(&number)));
            let both = one.iter().rev().chain(&other).copied();
            let both: Vec<u64> = NodeSet::of(both).within(0..u64::MAX).collect();
            prop_assert_eq!(&both, &one.union(&other).copied().collect::<Vec<_>>());
            prop_assert_eq!(sets[0].count(), one.len() as u64);
            let common: BTreeSet<u64> = one.intersection(&other).copied().collect();
            prop_assert_eq!(sets[0].first_common(&sets[1]), common.first().copied());
            let runs = sets[0].runs(first..first + length as u64);
            let runs: Vec<_> = runs.collect();
            prop_assert!(runs.windows(2).all(|two| two[0].end < two[1].start));
            let within = sets[0].within(first..first + length as u64);
            prop_assert!(runs.into_iter().flatten().eq(within));
            let mut values = vec![0; length];
            sets[0].fill(first, &mut values, 1);
            let expected = (first..first + length as u64).map(|at| i32::from(one.contains(&at)));
            prop_assert_eq!(values, expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_set_takes_memory_for_its_edges_only() {
        // A disk in a square of 2048², and every other node of it.
        let side = 2048_u64;
        let disk = |number: &u64| {
            let [j, i] = [number / side, number % side].map(|at| at as f64 - 1023.5);
            j.hypot(i) < 1000.0
        };
        let (whole, none) = (0..side * side, NodeSet::default());
        let set = NodeSet::of(whole.clone().filter(disk));
        assert!(set.bytes() < side * side / 8 / 4, "{}", set.bytes());
        let every = NodeSet::of(whole.clone().rev().filter(|number| number % 2 == 0));
        assert!(every.bytes() < side * side / 8 * 9 / 8, "{}", every.bytes());
        assert_eq!((none.is_empty(), none.bytes()), (true, 0));
        let backwards = NodeSet::of(whole.rev().filter(disk));
        assert!(set == backwards);
    }
}
