//! [`Ageing`]: D and decay that depend on time.
//!
//! Such a quantity is a sum of a few products of a function of the place and a function of time:
//!
//! ```text
//!   D(x, y, t) = f(x, y) g(t) + …        a step has f(x, y) ḡ + …, with the mean ḡ of g over the step
//! ```
//!
//! This is of second order in the length of a step, and exact where only time differs: p depends on the integral of g alone.
//! With the means, the slots of `aged.rs` have a D and a decay that do not depend on time, and all that is made of slots follows.

use super::{geometry::Geometry, nodes::Nodes, over_time, values::Values};
use crate::{
    dynamics::Halt,
    params::{Formula, Function, Params, ParamsError, Profile, Quantity, RawParams},
};
use diff2d_arrays::expression::Expression;
use std::ops::Range;

/// The number of the variable t in formulas.
const TIME: usize = 2;
/// The largest number of products in a sum.
const MOST_PRODUCTS: usize = 4;

/// The quantities that depend on time, as sums of products.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ageing {
    pub(super) list: Vec<AgeingQuantity>,
    /// The least and the largest value of each function of time in the run.
    pub(super) ranges: Vec<[f64; 2]>,
}

/// A quantity that depends on time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AgeingQuantity {
    pub(super) quantity: Quantity,
    formula: Formula,
    /// The functions of the place and of time.
    places: Vec<Function>,
    pub(super) times: Vec<Function>,
}

impl AgeingQuantity {
    /// The quantity of a profile, if that depends on time.
    ///
    /// # Errors
    /// [`ParamsError`] for a formula that is no sum of few products.
    fn new(
        quantity: Quantity,
        params: &Params,
        raw: &RawParams,
    ) -> Result<Option<Self>, ParamsError> {
        let Profile::Function(Function::Formula(formula)) = params.profile(quantity) else {
            return Ok(None);
        };
        if !formula.depends_on_time() {
            return Ok(None);
        }
        let terms = formula
            .exact
            .separate(TIME, MOST_PRODUCTS).ok_or_else(|| {
            let reason = format!(
                "it is no sum of at most {MOST_PRODUCTS} products of a function of x and y and a function of t, such as \"(1 + x)*exp(-t)\""
            );
            raw.refuse(quantity.key(), reason)
        })?;
        let factors = terms.into_iter().map(|term| {
            let place = part_of(formula, term.coefficient);
            (place, part_of(formula, term.function))
        });
        let (places, times) = factors.unzip();
        Ok(Some(Self {
            quantity,
            places,
            times,
            formula: formula.clone(),
        }))
    }

    /// The quantity with numbers in place of the functions of time. Each is known between two bounds; the largest value
    /// counts.
    pub(super) fn with(&self, numbers: &[[f64; 2]]) -> Values {
        let places = self.places.iter().filter_map(|place| match place {
            Function::Formula(formula) => Some(formula.expression.clone()),
            Function::Number(_) => None,
        });
        let products: Vec<_> = places.zip(numbers.iter().copied()).collect();
        Values::of_function(part_of(&self.formula, Expression::sum_of(&products)))
    }
}

impl Ageing {
    /// The quantities of the parameters that depend on time in a run, but for the source.
    ///
    /// # Errors
    /// [`ParamsError`] for formulas that are no sums of few products.
    pub(super) fn new(
        params: &Params,
        raw: &RawParams,
        geometry: &Geometry,
    ) -> Result<Self, ParamsError> {
        let quantities = [Quantity::X, Quantity::Y, Quantity::Decay].into_iter();
        let list = quantities
            .filter_map(|quantity| AgeingQuantity::new(quantity, params, raw).transpose());
        let list = list.collect::<Result<Vec<_>, _>>()?;
        let span = geometry.start..geometry.start + params.runtime;
        let times = list.iter().flat_map(|ageing| &ageing.times);
        let ranges = times.map(|time| over_time::bounds(time, &geometry.nodes, span.clone()));
        Ok(Self {
            ranges: ranges.collect(),
            list,
        })
    }

    /// The quantities.
    pub(super) fn quantities(&self) -> impl Iterator<Item = Quantity> {
        self.list.iter().map(|ageing| ageing.quantity)
    }

    /// The means of all functions of time over a span.
    #[must_use]
    pub fn factors(&self, nodes: &Nodes, span: Range<f64>) -> Vec<f64> {
        let times = self.list.iter().flat_map(|ageing| &ageing.times);
        let means = times.map(|time| over_time::mean(time, nodes, span.clone()));
        means.collect()
    }

    /// Fails if a factor of a step lies beyond the range for which the step is stable.
    ///
    /// # Errors
    /// [`Halt`] for the first such factor.
    pub fn check_factors(&self, factors: &[f64], time: f64) -> Result<(), Halt> {
        /// The tolerance on the range of a function, because its extremes are only known to some digits between samples.
        const RANGE_TOLERANCE: f64 = 1e-6;
        let quantities = self.list.iter();
        let quantities = quantities.flat_map(|ageing| ageing.times.iter().map(|_| ageing.quantity));
        let ranges = self.ranges.iter().zip(quantities);
        for (factor, ([smallest, largest], quantity)) in factors.iter().zip(ranges) {
            let tolerance = RANGE_TOLERANCE * smallest.abs().max(largest.abs());
            if !(*factor >= smallest - tolerance && *factor <= largest + tolerance) {
                return Err(Halt::Material {
                    key: quantity.key(),
                    place: "every node".to_owned(),
                    time,
                });
            }
        }
        Ok(())
    }
}

/// A part of a formula, which messages show as the whole formula.
fn part_of(whole: &Formula, expression: Expression) -> Function {
    Function::Formula(Formula::new(&whole.text, expression))
}
