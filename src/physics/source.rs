//! [`Source`]: what is added to ∂p/∂t.

use super::{
    Unready,
    geometry::Geometry,
    input::Digests,
    nodes::{Nodes, Values, first_where, value_at},
    zeros,
};
use crate::{
    dynamics::{FactorsAt, Halt, SourceAt},
    grid::Grid,
    node_set::NodeSet,
    params::{Boundary, Formula, Function, Params, ParamsError, Profile, RawParams},
};
use diff2d_arrays::expression;
use diff2d_stencil::{Terms, real::Real};
use ndarray::Array2;
use std::{ops::Range, sync::Arc};

/// What is added to c ∂p/∂t \[density/time\].
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    values: Values,
    depends_on_time: bool,
    /// The products that it is the sum of, if it depends on time and is that of few.
    terms: Vec<Term>,
}

/// Something that does not depend on time, times something that does not depend on the node.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    values: Values,
    factor: Function,
}

/// The number of t among the variables of formulas.
const TIME: usize = 2;
/// The most terms of a source that are arrays.
const MOST_TERMS: usize = 4;

/// `dt S` for some rows, as the step takes it.
pub struct Sources<T> {
    /// The whole of it, at time 0.
    pub array: Option<Array2<T>>,
    /// How to fill the array again where it depends on time.
    pub array_at: Option<SourceAt<T>>,
    /// Its terms, in place of an array.
    pub terms: Terms<T>,
    /// Their factors.
    pub factors_at: Option<FactorsAt<T>>,
}

impl<T> Default for Sources<T> {
    fn default() -> Self {
        Self {
            array: None,
            array_at: None,
            terms: Terms {
                arrays: Vec::new(),
                factors: Vec::new(),
            },
            factors_at: None,
        }
    }
}

impl Source {
    /// The source of the parameters.
    ///
    /// # Errors
    /// [`ParamsError`] for a file that cannot be used, and for values that are not finite at the start, or whose product
    /// with the time step is not, but at nodes that keep their values.
    pub fn new(
        params: &Params,
        raw: &RawParams,
        grid: &Grid,
        geometry: &Geometry,
        digests: &mut Digests,
        dt: f64,
    ) -> Result<Self, ParamsError> {
        let values = Values::new(&params.source, "source", raw, grid, digests)?;
        let kept: Vec<&NodeSet> = geometry.kept().collect();
        let lacks = |value: f64| params.precision.lacks(value * dt);
        values.check(grid, &kept, "source", raw, lacks)?;
        let terms = terms(&params.source).unwrap_or_default();
        let hold = terms
            .iter()
            .map(|term| term.values.check(grid, &kept, "source", raw, lacks));
        let hold = hold.collect::<Result<(), _>>().is_ok();
        Ok(Self {
            values,
            depends_on_time: params.source.depends_on_time(),
            // What overflows alone may not as a product.
            terms: if hold { terms } else { Vec::new() },
        })
    }

    /// Whether there is any.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.values.uniform() != Some(0.0)
    }

    /// Whether it is another one at each time.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.depends_on_time
    }

    /// Whether its values are evaluated at each step.
    #[must_use]
    pub fn is_evaluated(&self) -> bool {
        self.depends_on_time && self.terms.is_empty()
    }

    /// Whether it is a sum of arrays, each times a number of the step.
    #[must_use]
    pub fn is_in_terms(&self) -> bool {
        !self.terms.is_empty()
    }

    /// The arrays that a step reads.
    #[must_use]
    pub fn arrays(&self) -> usize {
        match self.terms.len() {
            0 => usize::from(self.is_there()),
            terms => terms,
        }
    }

    /// What depends on time in it: a factor, where it is one product, else all of it.
    #[must_use]
    pub fn in_time(&self) -> Option<&Function> {
        match (&self.terms[..], &self.values) {
            ([term], _) => Some(&term.factor),
            (_, Values::Function(function)) if self.depends_on_time => Some(function),
            _ => None,
        }
    }

    /// Its values.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// `factor S` at time 0 for all nodes, in double precision.
    ///
    /// # Errors
    /// [`Unready`] without memory, and when a file cannot be read any more.
    pub fn whole(
        &self,
        grid: &Grid,
        walls: &Boundary,
        factor: f64,
    ) -> Result<Array2<f64>, Unready> {
        let mut array = zeros(grid.shape())?;
        if let Some(values) = array.as_slice_mut() {
            let nodes = Nodes::new(grid, walls.periodic());
            self.values.fill(&nodes, 0, 0.0, factor, values)?;
        }
        Ok(array)
    }

    /// `dt S` for the nodes of some rows, each array rounded once.
    ///
    /// # Errors
    /// [`Unready`] without memory, and when a file cannot be read any more.
    pub fn array<T: Real>(
        &self,
        grid: &Grid,
        walls: &Boundary,
        geometry: &Arc<Geometry>,
        rows: Range<usize>,
        dt: f64,
    ) -> Result<Sources<T>, Unready> {
        let nodes = Nodes::new(grid, walls.periodic());
        let filled = |of: &Values| {
            let mut array = zeros((rows.len(), grid.x.nodes))?;
            if let Some(values) = array.as_slice_mut() {
                of.fill(&nodes, rows.start, 0.0, dt, values)?;
                // Whatever it is at nodes that keep their values: 0 times infinity is no number.
                geometry.fill_kept(rows.start, values, T::default());
            }
            Ok::<_, Unready>(array)
        };
        if !self.terms.is_empty() {
            let arrays = self.terms.iter().map(|term| filled(&term.values));
            let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
            return Ok(self.in_terms(arrays, nodes, rows.start));
        }
        if !self.is_there() {
            return Ok(Sources::default());
        }
        let array = filled(&self.values)?;
        if !self.depends_on_time {
            return Ok(Sources {
                array: Some(array),
                ..Sources::default()
            });
        }
        let (values, geometry) = (self.values.clone(), Arc::clone(geometry));
        let again: SourceAt<T> = Box::new(move |time, array| {
            let nx = nodes.x.len();
            let to = array.as_slice_mut()?;
            // Only formulas depend on time, and no formula reads a file.
            let _ = values.fill(&nodes, rows.start, time, dt, to);
            geometry.fill_kept(rows.start, to, T::default());
            let at = first_where(to, |value| !value.to_f64().is_finite())?;
            Some(Halt::NotFinite {
                key: "source",
                place: nodes.describe(nodes.row(rows.start + at / nx), at % nx),
                time,
            })
        });
        Ok(Sources {
            array: Some(array),
            array_at: Some(again),
            ..Sources::default()
        })
    }

    /// The terms with these arrays, of rows from `first` on.
    fn in_terms<T: Real>(&self, arrays: Vec<Array2<T>>, nodes: Nodes, first: usize) -> Sources<T> {
        let factors: Vec<Function> = self.terms.iter().map(|term| term.factor.clone()).collect();
        let largest: Vec<(f64, usize)> = arrays.iter().map(largest).collect();
        let factors_at = move |times: &[f64]| {
            let (mut values, mut wrong) = (Vec::new(), None);
            for &time in times {
                for (factor, &(most, at)) in factors.iter().zip(&largest) {
                    let value = T::from_f64(value_at(factor, &nodes, (0, 0), time));
                    values.push(value);
                    let product = value * T::from_f64(most);
                    if wrong.is_none() && !product.to_f64().is_finite() {
                        let (j, i) = (at / nodes.x.len(), at % nodes.x.len());
                        wrong = Some(Halt::NotFinite {
                            key: "source",
                            place: nodes.describe(nodes.row(first + j), i),
                            time,
                        });
                    }
                }
            }
            (values, wrong)
        };
        let one = || T::from_f64(1.0);
        Sources {
            terms: Terms {
                factors: arrays.iter().map(|_| one()).collect(),
                arrays,
            },
            factors_at: Some(Box::new(factors_at)),
            ..Sources::default()
        }
    }
}

/// The terms of a source that depends on time, if it is the sum of few.
fn terms(source: &Profile) -> Option<Vec<Term>> {
    let Profile::Function(Function::Formula(formula)) = source else {
        return None;
    };
    if !formula.depends_on_time() {
        return None;
    }
    let terms = formula.expression.separate(TIME, MOST_TERMS)?;
    let function = |expression| {
        Function::Formula(Formula {
            text: formula.text.clone(),
            expression,
        })
    };
    let term = |term: expression::Term| Term {
        values: Values::of_function(function(term.others)),
        factor: function(term.alone),
    };
    Some(terms.into_iter().map(term).collect())
}

/// The largest magnitude of an array, and its place.
fn largest<T: Real>(array: &Array2<T>) -> (f64, usize) {
    let magnitudes = array.iter().map(|value| value.to_f64().abs()).enumerate();
    magnitudes.fold((0.0, 0), |(most, at), (place, value)| match value > most {
        true => (value, place),
        false => (most, at),
    })
}
