//! Computes the values of a box of the result: in double precision, and exactly if integers are too large for that.

use super::{
    Map, ReducedValues,
    element::Exact,
    memory::MapMemory,
    pieces,
    results::{Losses, nearest_float},
};
use crate::{
    AnalysisError,
    expression::{BATCH, Values},
};
use std::ops::Range;

/// The bound up to which floats represent every integer; the next integer is rounded to it.
const LARGEST_EXACT: u64 = 1 << 53;

impl Map<'_> {
    /// The values of a box of the result, in the order of its file.
    pub(super) fn values(
        &self,
        region: &[Range<u64>],
        fortran_order: bool,
        reductions: &[ReducedValues],
        thread: &mut MapMemory,
        losses: &Losses,
    ) -> Result<(), AnalysisError> {
        let mut variables = vec![Vec::new(); self.sources.len()];
        for (number, source) in self.used() {
            let (reduced, free) = (&reductions[number].floats, &mut thread.floats);
            let piece = pieces::floats(source, &self.inputs, region, reduced, free)?;
            variables[number] = piece.spread(region, fortran_order, free);
        }
        let first_number = self.number_of_first(region);
        let values = &mut thread.values;
        values.integers.clear();
        let count = crate::memory::size(crate::npy::elements(region));
        values.floats.resize(count, 0.0);
        for (number, out) in values.floats.chunks_mut(BATCH).enumerate() {
            let range = number * BATCH..number * BATCH + out.len();
            let parts: Vec<&[f64]> = variables
                .iter()
                .map(|values| part_of(values, &range))
                .collect();
            let place = first_number + range.start as u64;
            self.formula.evaluate(&parts, place, out);
        }
        if self.is_exact() && self.largest_integer(&variables) >= LARGEST_EXACT as f64 {
            self.correct(
                region,
                fortran_order,
                reductions,
                &variables,
                thread,
                losses,
            )?;
        }
        let infinite = self.count_infinite(&thread.values.floats, &variables);
        losses.add(0, infinite);
        variables
            .into_iter()
            .for_each(|values| thread.floats.give(values));
        Ok(())
    }

    /// The number of the first element of a box, which seeds its random numbers.
    fn number_of_first(&self, region: &[Range<u64>]) -> u64 {
        let axes = region.iter().zip(&self.shape);
        axes.fold(0, |place, (range, length)| place * length + range.start)
    }

    /// The largest possible magnitude of an integer in computing the values from these variables.
    fn largest_integer(&self, variables: &[Vec<f64>]) -> f64 {
        self.formula.largest_integer(|variable| {
            let magnitudes = variables[variable].iter().map(|value| value.abs());
            magnitudes.fold(0.0, f64::max)
        })
    }

    /// Computes the values of a box again with exact integers, and replaces floats that are inexact: if an element of
    /// the arrays, or an intermediate result, is too large for a float. If there is no integer result, as for a
    /// division by 0, the float stays.
    fn correct(
        &self,
        region: &[Range<u64>],
        fortran_order: bool,
        reductions: &[ReducedValues],
        floats: &[Vec<f64>],
        thread: &mut MapMemory,
        losses: &Losses,
    ) -> Result<(), AnalysisError> {
        let mut integers = vec![Vec::new(); self.sources.len()];
        for (number, source) in self.used() {
            if self.is_of_integers(number) {
                let (reduced, free) = (&reductions[number].integers, &mut thread.integers);
                let piece = pieces::elements_of(source, &self.inputs, region, reduced, free)?;
                integers[number] = piece.spread(region, fortran_order, free);
            }
        }
        let first_number = self.number_of_first(region);
        let values = &mut thread.values;
        values.integers.resize(values.floats.len(), None);
        for (number, out) in values.floats.chunks_mut(BATCH).enumerate() {
            let range = number * BATCH..number * BATCH + out.len();
            let place = first_number + range.start as u64;
            let exact = self.formula.evaluate_values(
                |variable| match part_of(&integers[variable], &range) {
                    [] => {
                        let floats = part_of(&floats[variable], &range).iter();
                        Values::Floats(floats.copied().map(Some).collect())
                    }
                    exact => Values::Integers(exact.to_vec()),
                },
                place,
                out.len(),
            );
            let places = out.iter_mut().zip(range);
            match exact {
                Values::Floats(exact) => {
                    for ((value, place), exact) in places.zip(exact) {
                        *value = exact
                            .filter(|_| has_too_large_integer(&integers, place))
                            .unwrap_or(*value);
                    }
                }
                Values::Integers(exact) => {
                    for ((value, place), exact) in places.zip(exact) {
                        let Some(integer) = exact else { continue };
                        let (float, is_float) = nearest_float(integer);
                        if float != *value || !is_float {
                            *value = float;
                            values.integers[place] = exact;
                        }
                    }
                }
            }
        }
        let keeps_integers = self
            .formula
            .keeps_integers(|variable| self.is_of_integers(variable));
        if !keeps_integers {
            let places = 0..values.floats.len();
            losses.add(
                places
                    .filter(|&place| has_too_large_integer(&integers, place))
                    .count(),
                0,
            );
        }
        integers
            .into_iter()
            .for_each(|values| thread.integers.give(values));
        Ok(())
    }

    /// The number of values that are infinite although the variables are finite, for a formula that does not contain
    /// infinity.
    fn count_infinite(&self, values: &[f64], variables: &[Vec<f64>]) -> usize {
        if self.formula.names_infinity() {
            return 0;
        }
        let infinite = values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_infinite());
        let infinite = infinite.filter(|(place, _)| {
            let elements = variables.iter().filter_map(|values| values.get(*place));
            elements.copied().all(|element| !element.is_infinite())
        });
        infinite.count()
    }
}

/// Whether a variable has an integer at `place` that is too large for a float.
fn has_too_large_integer(variables: &[Vec<Exact>], place: usize) -> bool {
    let mut elements = variables.iter().filter_map(|values| *values.get(place)?);
    elements.any(|integer| integer.unsigned_abs() > LARGEST_EXACT.into())
}

/// A range of the values of a variable; empty if the variable is not used.
fn part_of<'a, T>(values: &'a [T], range: &Range<usize>) -> &'a [T] {
    values.get(range.clone()).unwrap_or_default()
}
