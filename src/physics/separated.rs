//! [`Separated`]: a formula on the nodes of a grid. Subexpressions that are constant along a row or a column are
//! evaluated once for it.

use diff2d_arrays::expression::{BATCH, Expression, Part};
use rayon::prelude::*;

/// The bits of the variables in [`Part::uses`]: the formula is one in x, y and t.
const X: u64 = 1 << 0;
const Y: u64 = 1 << 1;
/// The number of the first variable that stands for a subexpression.
const FIRST: usize = 3;
/// The largest number of stored values of subexpressions, 2 MiB. A formula with more is evaluated as a whole at each
/// node.
const MOST_KEPT: usize = 1 << 18;

/// A formula at one time. Subexpressions that depend on time alone are evaluated once, subexpressions of x once for
/// each column, and subexpressions of y once for each row.
pub(super) struct Separated<'n> {
    /// The coordinates of the columns.
    x: &'n [f64],
    time: [f64; BATCH],
    parts: Vec<Part>,
    /// The values of the subexpressions that do not depend on y: one for each column, or a batch of equal values.
    known: Vec<Vec<f64>>,
    /// The expression that combines the subexpressions at each node.
    rest: Expression,
}

impl<'n> Separated<'n> {
    pub(super) fn new(formula: &Expression, x: &'n [f64], time: f64) -> Self {
        let (combination, parts) = match formula.take_apart(FIRST, X | Y) {
            (_, parts) if parts.len() * x.len() > MOST_KEPT => (formula.clone(), Vec::new()),
            taken_apart => taken_apart,
        };
        let mut separated = Self {
            x,
            time: [time; BATCH],
            parts,
            known: Vec::new(),
            rest: combination,
        };
        for number in 0..separated.parts.len() {
            let values = separated.evaluate_part(number);
            separated.known.push(values);
        }
        separated
    }

    /// The values of subexpression `number`, which does not depend on y. Those before it are already evaluated.
    fn evaluate_part(&self, number: usize) -> Vec<f64> {
        let Part { formula, uses } = &self.parts[number];
        let mut values = match (uses & X, uses & Y) {
            (_, Y) => return Vec::new(),
            (X, _) => vec![0.0; self.x.len()],
            _ => vec![0.0; BATCH],
        };
        let batches = values.par_chunks_mut(BATCH).enumerate();
        batches.for_each(|(batch, values)| {
            formula.evaluate(&self.variables(batch * BATCH, &[], &[]), 0, values);
        });
        values
    }

    /// The values at the nodes of a row at `y`; `first` is the number of its first node.
    pub(super) fn row(&self, y: f64, first: u64, out: &mut [f64]) {
        let y = [y; BATCH];
        let mut of_row: Vec<[f64; BATCH]> = Vec::new();
        for part in &self.parts {
            let mut value = [0.0];
            if part.uses & Y != 0 {
                part.formula
                    .evaluate(&self.variables(0, &y, &of_row), 0, &mut value);
            }
            of_row.push([value[0]; BATCH]);
        }
        for (batch, out) in out.chunks_mut(BATCH).enumerate() {
            let i = batch * BATCH;
            let variables = self.variables(i, &y, &of_row);
            self.rest.evaluate(&variables, first + i as u64, out);
        }
    }

    /// The variables from column `i` on: x, y, t, and the subexpressions of the grid and of this row.
    fn variables<'v>(
        &'v self,
        i: usize,
        y: &'v [f64],
        of_row: &'v [[f64; BATCH]],
    ) -> Vec<&'v [f64]> {
        // Parts use only parts before them. Others have no values yet, and those of rows none until there is a row.
        let values = self.parts.iter().enumerate().map(|(number, part)| {
            let known_values = self.known.get(number).map_or(&[][..], Vec::as_slice);
            match (part.uses & X, part.uses & Y) {
                (_, Y) => of_row.get(number).map_or(&[][..], <[f64; BATCH]>::as_slice),
                (X, _) => known_values.get(i..).unwrap_or_default(),
                _ => known_values,
            }
        });
        let coordinates = [&self.x[i..], y, &self.time];
        coordinates.into_iter().chain(values).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_values_of_the_whole_formula() {
        let x: Vec<f64> = (0..600).map(|i| f64::from(i) / 7.0).collect();
        let (y, time, first) = (1.7, 0.25, 1200);
        // Too many parts to be kept.
        let series: Vec<String> = (1..500).map(|k| format!("sin({k}*x)*cos({k}*y)")).collect();
        for text in [
            "exp(-((x - cos(t))**2 + (y - sin(t))**2)/0.08)",
            "where(x > 9, sin(y), random(3)*(t + 1)) + x*x*y",
            "sin(x)*cos(t)",
            "y**2 + 1",
            &series.join(" + "),
        ] {
            let formula = Expression::parse(text, &["x", "y", "t"]).unwrap();
            let separated = Separated::new(&formula, &x, time);
            let kept: usize = separated.known.iter().map(Vec::len).sum();
            assert!(kept <= MOST_KEPT, "{kept}");
            let mut row = vec![0.0; x.len()];
            separated.row(y, first, &mut row);
            for (i, value) in row.into_iter().enumerate() {
                let mut whole = [0.0];
                formula.evaluate(&[&x[i..], &[y], &[time]], first + i as u64, &mut whole);
                assert_eq!(value.to_bits(), whole[0].to_bits(), "{i}");
            }
        }
    }
}
