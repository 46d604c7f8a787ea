//! [`NodeSet`]: some of the nodes of a grid.

use std::ops::Range;

/// Some of the nodes of a grid, a bit each from the first to the last of them. Node `(j, i)` has the number
/// `j nx + i`, as in the bytes of a snapshot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeSet {
    /// The number of the first bit, a multiple of 64.
    first: u64,
    words: Vec<u64>,
}

impl NodeSet {
    /// The nodes whose numbers come, in ascending order.
    #[must_use]
    pub fn of(numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut set = Self::default();
        numbers.into_iter().for_each(|number| set.push(number));
        set
    }

    /// Adds a node behind all others.
    pub fn push(&mut self, number: u64) {
        if self.words.is_empty() {
            self.first = number / 64 * 64;
        }
        let at = number - self.first;
        self.words.resize((at / 64) as usize + 1, 0);
        self.words[(at / 64) as usize] |= 1 << (at % 64);
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        let ones = self.words.iter().map(|word| u64::from(word.count_ones()));
        ones.sum()
    }

    /// Whether a node is one of them.
    #[must_use]
    pub fn has(&self, number: u64) -> bool {
        number >= self.first && self.word((number - self.first) / 64) >> (number % 64) & 1 == 1
    }

    fn word(&self, at: u64) -> u64 {
        usize::try_from(at)
            .ok()
            .and_then(|at| self.words.get(at))
            .copied()
            .unwrap_or(0)
    }

    /// Those of them whose numbers are in a range, in ascending order.
    pub fn within(&self, numbers: Range<u64>) -> impl Iterator<Item = u64> {
        let start = numbers.start.max(self.first);
        let words = (start - self.first) / 64..self.words.len() as u64;
        let first = self.first;
        let words = words.take_while(move |word| first + 64 * word < numbers.end);
        words
            .flat_map(move |at| {
                let begin = first + 64 * at;
                let mut rest = self.word(at);
                std::iter::from_fn(move || {
                    let bit = (rest != 0).then(|| u64::from(rest.trailing_zeros()))?;
                    rest &= rest - 1;
                    Some(begin + bit)
                })
            })
            .skip_while(move |&number| number < start)
            .take_while(move |&number| number < numbers.end)
    }

    /// Gives those of the nodes from number `first` on that are in the set another value.
    #[expect(clippy::cast_possible_truncation, reason = "a place in memory")]
    pub fn fill<V: Copy>(&self, first: u64, values: &mut [V], value: V) {
        for number in self.within(first..first + values.len() as u64) {
            values[(number - first) as usize] = value;
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

    /// Both sets together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return if self.is_empty() { other } else { self }.clone();
        }
        let first = self.first.min(other.first);
        let end = |set: &Self| set.first + 64 * set.words.len() as u64;
        let words = (first..end(self).max(end(other))).step_by(64);
        let of = |set: &Self, begin: u64| {
            let at = begin.checked_sub(set.first);
            at.map_or(0, |at| set.word(at / 64))
        };
        Self {
            first,
            words: words
                .map(|begin| of(self, begin) | of(other, begin))
                .collect(),
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
        8 * self.words.len() as u64
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
            let both: Vec<u64> = sets[0].and(&sets[1]).within(0..u64::MAX).collect();
            prop_assert_eq!(&both, &one.union(&other).copied().collect::<Vec<_>>());
            prop_assert_eq!(sets[0].count(), one.len() as u64);
            let common: BTreeSet<u64> = one.intersection(&other).copied().collect();
            prop_assert_eq!(sets[0].first_common(&sets[1]), common.first().copied());
            let mut values = vec![0; length];
            sets[0].fill(first, &mut values, 1);
            let expected = (first..first + length as u64).map(|at| i32::from(one.contains(&at)));
            prop_assert_eq!(values, expected.collect::<Vec<_>>());
        }
    }
}
