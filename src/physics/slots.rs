//! [`Slots`]: what stands in the places of the equation `c ∂p/∂t = ∇·(D ∇p) + S - k p` on a domain.
//!
//! `assembly.rs` makes the equation of a step of them, `faces.rs` the coefficients between nodes, and `survey.rs` the largest
//! stable step.

use super::{geometry::Geometry, input::Digests, values::Values};
use crate::{
    node_set::NodeSet,
    params::{Coordinates, Face, Formula, Function, Params, ParamsError, Profile, RawParams},
    summary::Summary,
};
use diff2d_arrays::expression;
use diff2d_stencil::real::Real;
use rayon::prelude::*;
use std::{ops::Range, sync::Arc};

/// Rows of coefficients that are looked at together have so many values.
pub(super) const TOGETHER: usize = 1 << 17;
/// The number of t among the variables of formulas.
const TIME: usize = 2;
/// The most terms of a slot that are arrays.
const MOST_TERMS: usize = 4;

/// A place of the equation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// D along x \[length²/time\].
    X,
    /// D along y \[length²/time\].
    Y,
    /// c
    Capacity,
    /// k \[1/time\]
    Decay,
    /// S \[density/time\]
    Source,
}

impl Place {
    const ALL: [Self; 5] = [Self::X, Self::Y, Self::Capacity, Self::Decay, Self::Source];

    /// The parameter that gives it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::X => "Dx",
            Self::Y => "Dy",
            Self::Capacity => "capacity",
            Self::Decay => "decay",
            Self::Source => "source",
        }
    }

    fn profile(self, params: &Params) -> &Profile {
        match self {
            Self::X => &params.diffusivity[0],
            Self::Y => &params.diffusivity[1],
            Self::Capacity => &params.capacity,
            Self::Decay => &params.decay,
            Self::Source => &params.source,
        }
    }
}

/// What stands in a place: a number, values on the nodes, or the sum of a few values on the nodes, each times a function of t.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Its values; those at a time, if they depend on it.
    pub values: Values,
    depends_on_time: bool,
    /// The products that it is the sum of, if it depends on time and is that of few.
    pub(super) terms: Vec<Term>,
}

/// Something that does not depend on time, times something that does not depend on the node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Term {
    pub(super) values: Values,
    pub(super) factor: Function,
}

/// All slots, and the nodes they are for.
#[derive(Debug, Clone, PartialEq)]
pub struct Slots {
    /// Where the equation holds.
    pub geometry: Arc<Geometry>,
    pub(super) list: Vec<Slot>,
    pub(super) face: Face,
    /// Whether x and y have the same D.
    pub(super) is_isotropic: bool,
}

impl Slot {
    /// Whether it is anything but 0.
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

    /// What depends on time in it: a factor, where it is one product, else all of it.
    #[must_use]
    pub fn in_time(&self) -> Option<&Function> {
        match (&self.terms[..], self.values.given()) {
            ([term], _) => Some(&term.factor),
            (_, Values::Function(function)) => Some(function).filter(|_| self.depends_on_time),
            _ => None,
        }
    }
}

impl Slots {
    /// What the parameters put into them; the source is judged by [`check_source`](Self::check_source).
    ///
    /// # Errors
    /// [`ParamsError`] for a file that cannot be used, and for values out of range at nodes that are not masked.
    pub fn new(
        params: &Params,
        raw: &RawParams,
        geometry: &Arc<Geometry>,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        let columns = &geometry.grid.x;
        let radii: Option<Arc<[f64]>> = (params.coordinates == Coordinates::Axisymmetric)
            .then(|| (0..columns.nodes).map(|i| columns.radius(i)).collect());
        let mut slot = |place: Place| {
            let profile = place.profile(params);
            // Around an axis the whole equation is that times the radius, which D along x has at its faces.
            let by_radius = |values| match radii.clone().filter(|_| place != Place::X) {
                Some(radii) => Values::Weighted(Box::new(values), radii),
                None => values,
            };
            let term = |term: Term| Term {
                values: by_radius(term.values),
                ..term
            };
            let terms = terms(profile).unwrap_or_default().into_iter();
            Ok(Slot {
                values: by_radius(Values::new(
                    profile,
                    place.key(),
                    raw,
                    &geometry.grid,
                    digests,
                )?),
                depends_on_time: profile.depends_on_time(),
                terms: terms.map(term).collect(),
            })
        };
        let list = Place::ALL.into_iter().map(&mut slot);
        let [of_x, of_y] = &params.diffusivity;
        let slots = Self {
            geometry: Arc::clone(geometry),
            list: list.collect::<Result<_, _>>()?,
            face: params.face,
            is_isotropic: of_x == of_y,
        };
        let masked = geometry.masked().map(|masked| &**masked);
        for place in [Place::X, Place::Y, Place::Decay, Place::Capacity] {
            if place == Place::Y && slots.is_isotropic {
                continue;
            }
            let wrong = |value: f64| match place {
                Place::Capacity if value > 0.0 && value.is_finite() => {
                    let lacks = params.precision.lacks(1.0 / value);
                    lacks.map(|_| "a number whose inverse is finite, too,")
                }
                Place::Capacity => Some("a finite number greater than 0"),
                _ if value.is_finite() && value >= 0.0 => None,
                _ => Some("a finite number, 0 or greater,"),
            };
            let values = &slots.slot(place).values;
            values.check(
                &geometry.grid,
                0.0,
                masked.as_slice(),
                place.key(),
                raw,
                wrong,
            )?;
        }
        Ok(slots)
    }

    /// Judges the source for steps of `dt`.
    ///
    /// # Errors
    /// [`ParamsError`] for values that are not finite at the start, or whose product with the time step is not, but at nodes
    /// that keep their values.
    pub fn check_source(
        &mut self,
        params: &Params,
        raw: &RawParams,
        dt: f64,
    ) -> Result<(), ParamsError> {
        let share = self.share(dt);
        let (key, grid, start) = (
            Place::Source.key(),
            &self.geometry.grid,
            self.geometry.start,
        );
        let kept: Vec<&NodeSet> = self.geometry.kept().collect();
        let lacks = |value: f64| params.precision.lacks(value * share);
        let check = |values: &Values| values.check(grid, start, &kept, key, raw, lacks);
        let Slot { values, terms, .. } = &mut self.list[Place::Source as usize];
        check(values)?;
        // What overflows alone may not as a product.
        if !terms.iter().all(|term| check(&term.values).is_ok()) {
            terms.clear();
        }
        Ok(())
    }

    /// What stands in a place.
    #[must_use]
    pub fn slot(&self, place: Place) -> &Slot {
        &self.list[place as usize]
    }

    /// The number that all nodes have in a place.
    #[must_use]
    pub fn uniform(&self, place: Place) -> Option<f64> {
        self.slot(place).values.uniform()
    }

    /// All values, which may come from files, by their keys.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &Values)> {
        let places = Place::ALL.into_iter().filter_map(|place| match place {
            Place::X if self.is_isotropic => Some((place, "D")),
            Place::Y if self.is_isotropic => None,
            _ => Some((place, place.key())),
        });
        places.map(|(place, key)| (key, &self.slot(place).values))
    }

    /// A time step by the capacity, where that does not vary: then the coefficients of the step have it in them.
    #[must_use]
    pub fn share(&self, dt: f64) -> f64 {
        dt / self.uniform(Place::Capacity).unwrap_or(1.0)
    }

    /// The capacity at every node, row by row; 0 where it is masked.
    ///
    /// # Errors
    /// [`ParamsError`] when a file cannot be read any more.
    pub fn capacities(&self) -> Result<Vec<f64>, ParamsError> {
        self.capacities_of(0..self.geometry.grid.y.nodes)
    }

    /// The same of some rows.
    ///
    /// # Errors
    /// As [`capacities`](Self::capacities).
    pub fn capacities_of(&self, rows: Range<usize>) -> Result<Vec<f64>, ParamsError> {
        let Geometry { grid, nodes, .. } = &*self.geometry;
        let mut capacities = vec![0.0; rows.len() * grid.x.nodes];
        let values = &self.slot(Place::Capacity).values;
        values.rows(nodes, rows.clone(), 0.0, &mut capacities)?;
        self.geometry.codec().decode(rows.start, &mut capacities);
        Ok(capacities)
    }

    /// Turns the sums of rows of p, from row `first` on, into those of c p.
    ///
    /// # Errors
    /// [`ParamsError`] when a file cannot be read any more.
    pub fn weigh<T: Real>(
        &self,
        first: usize,
        values: &[T],
        sums: &mut [Summary],
    ) -> Result<(), ParamsError> {
        if let Some(capacity) = self.uniform(Place::Capacity) {
            sums.iter_mut().for_each(|row| row.mass *= capacity);
            return Ok(());
        }
        let Geometry { grid, nodes, .. } = &*self.geometry;
        let nx = grid.x.nodes;
        let together = (TOGETHER / nx).max(1);
        let capacities = &self.slot(Place::Capacity).values;
        let mut weighed = Vec::new();
        let pieces = values.chunks(together * nx).zip(sums.chunks_mut(together));
        for (piece, (values, sums)) in pieces.enumerate() {
            let start = first + piece * together;
            weighed.resize(values.len(), 0.0);
            capacities.rows(nodes, start..start + sums.len(), 0.0, &mut weighed)?;
            let both = weighed.par_iter_mut().zip(values).with_min_len(4096);
            both.for_each(|(to, value)| match value.to_f64() {
                // Whatever the capacity is there.
                0.0 => *to = 0.0,
                value => *to *= value,
            });
            let weighed = Summary::of_each_row(&weighed, start, None, grid);
            sums.iter_mut()
                .zip(weighed)
                .for_each(|(row, weighed)| row.mass = weighed.mass);
        }
        Ok(())
    }
}

/// The terms of a profile that depends on time, if it is the sum of few.
fn terms(profile: &Profile) -> Option<Vec<Term>> {
    let Profile::Function(Function::Formula(formula)) = profile else {
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
