//! [`NodeSet`]: a set of nodes of a grid.

use std::ops::Range;

/// The number of nodes in a block.
const BLOCK: u64 = 64 * 64;

/// A set of nodes of a grid. Nodes are bits of words of 64, and 64 words form a block, which stores only words that are
/// neither empty nor full. Node `(j, i)` has the number `j nx + i`, as in the bytes of a snapshot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeSet {
    blocks: Vec<Block>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Block {
    /// One bit for each word that has all of its nodes.
    whole: u64,
    /// One bit for each word that has some of its nodes, but not all.
    mixed: u64,
    /// The mixed words, in order.
    words: Vec<u64>,
}

impl Block {
    /// The index of a word in the list of mixed words.
    #[inline]
    fn place(&self, bit: u64) -> usize {
        (self.mixed & ((1 << bit) - 1)).count_ones() as usize
    }

    #[inline]
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
                // Blocks may be many, so that their vectors have no spare room.
                self.words.reserve_exact(1);
                self.words.insert(place, word);
                self.mixed |= 1 << bit;
            }
        }
    }
}

impl NodeSet {
    /// The nodes with these numbers.
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

    /// Whether the set has no nodes.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The number of nodes.
    pub fn count(&self) -> u64 {
        let nodes_of_blocks = self.blocks.iter().map(|block| {
            let mixed_nodes: u32 = block.words.iter().map(|word| word.count_ones()).sum();
            64 * u64::from(block.whole.count_ones()) + u64::from(mixed_nodes)
        });
        nodes_of_blocks.sum()
    }

    /// Whether the set contains a node.
    #[inline]
    pub fn has(&self, number: u64) -> bool {
        self.word(number / 64) >> (number % 64) & 1 == 1
    }

    #[inline]
    fn word(&self, number: u64) -> u64 {
        self.block(number)
            .map_or(0, |block| block.word(number % 64))
    }

    /// The block that contains a word.
    #[inline]
    fn block(&self, word: u64) -> Option<&Block> {
        let block = usize::try_from(word / 64).ok()?;
        self.blocks.get(block)
    }

    /// The words in a range that contain nodes, with their numbers.
    fn words(&self, range: Range<u64>) -> impl Iterator<Item = (u64, u64)> {
        let mut number = range.start;
        let end_number = range.end.min(64 * self.blocks.len() as u64);
        std::iter::from_fn(move || {
            while number < end_number {
                let block = self.block(number)?;
                let words_from_number = (block.whole | block.mixed) >> (number % 64);
                if words_from_number == 0 {
                    number = (number / 64 + 1) * 64;
                    continue;
                }
                let next_number = number + u64::from(words_from_number.trailing_zeros());
                number = next_number + 1;
                return (next_number < end_number)
                    .then(|| (next_number, block.word(next_number % 64)));
            }
            None
        })
    }

    /// The nodes of the set in a range of numbers, in ascending order.
    pub fn within(&self, numbers: Range<u64>) -> impl Iterator<Item = u64> {
        let start = numbers.start;
        self.words(start / 64..numbers.end.div_ceil(64))
            .flat_map(|(word_number, mut word)| {
                std::iter::from_fn(move || {
                    let bit = (word != 0).then(|| u64::from(word.trailing_zeros()))?;
                    word &= word - 1;
                    Some(64 * word_number + bit)
                })
            })
            .skip_while(move |&number| number < start)
            .take_while(move |&number| number < numbers.end)
    }

    /// The runs of consecutive nodes of the set in a range of numbers.
    pub fn runs(&self, numbers: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let mut position = numbers.start;
        let end_number = numbers.end.min(BLOCK * self.blocks.len() as u64);
        std::iter::from_fn(move || {
            let start = self.next(position..end_number, true);
            position = self.next(start..end_number, false);
            (start < position).then_some(start..position)
        })
    }

    /// The first node in a range that is in the set, or that is not in it if `is_member` is false; the end of the range
    /// if there is none.
    fn next(&self, Range { start, end }: Range<u64>, is_member: bool) -> u64 {
        let mut number = start;
        while number < end {
            let word_number = number / 64;
            let Some(block) = self.block(word_number) else {
                return if is_member { end } else { number };
            };
            let words_without = if is_member {
                !(block.whole | block.mixed)
            } else {
                block.whole
            };
            let words_passed = u64::from((words_without >> (word_number % 64)).trailing_ones());
            if words_passed > 0 {
                number = (word_number + words_passed) * 64;
                continue;
            }
            let word = block.word(word_number % 64);
            let candidates = (if is_member { word } else { !word }) >> (number % 64);
            match candidates {
                0 => number = (word_number + 1) * 64,
                _ => return (number + u64::from(candidates.trailing_zeros())).min(end),
            }
        }
        end
    }

    /// Sets the values of the set's nodes, in values that begin with node `first`.
    pub fn fill<V: Copy>(&self, first: u64, values: &mut [V], value: V) {
        for run in self.runs(first..first + values.len() as u64) {
            values[(run.start - first) as usize..(run.end - first) as usize].fill(value);
        }
    }

    /// Sets the values of the set's nodes in the bytes of a snapshot, from byte `first` of it on. `value` are the bytes
    /// of one value.
    pub fn fill_bytes(&self, first: u64, bytes: &mut [u8], value: &[u8]) {
        let size = value.len() as u64;
        let numbers = first.div_ceil(size)..(first + bytes.len() as u64) / size;
        for number in self.within(numbers) {
            let byte = (number * size - first) as usize;
            bytes[byte..byte + value.len()].copy_from_slice(value);
        }
    }

    /// The first node that is in both sets.
    pub fn first_common(&self, other: &Self) -> Option<u64> {
        self.within(0..u64::MAX).find(|&number| other.has(number))
    }

    /// Bytes of memory of the set.
    pub fn bytes(&self) -> u64 {
        /// The bytes of an allocation in addition to its content.
        const ALLOCATION: usize = 16;
        let words = self.blocks.iter().map(|block| block.words.len());
        let words = words.filter(|&words| words > 0);
        let words: usize = words.map(|words| 8 * words + ALLOCATION).sum();
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
