//! [`Slots`]: the quantities of the equation `c ∂p/∂t = ∇·(D ∇p) + S - k p` on a domain.
//!
//! `assembly.rs` computes the equation of a step from them, `faces.rs` the coefficients between nodes, and `survey.rs`
//! the largest stable step.

use super::{
    ageing::Ageing,
    between::{CutFaces, Jumping, Wrong},
    geometry::Geometry,
    input::Digests,
    sparse::SparseRows,
    values::Values,
};
use crate::{
    node_set::NodeSet,
    params::{Face, Formula, Function, Params, ParamsError, Profile, Quantity, RawParams},
    summary::Summary,
};
use diff2d_arrays::expression::Expression;
use diff2d_stencil::{Weight, real::Real};
use rayon::prelude::*;
use std::{ops::Range, sync::Arc};

/// The number of coefficients in a group of rows that is processed together.
pub(super) const TOGETHER: usize = 1 << 17;
/// The number of the variable t in formulas.
const TIME: usize = 2;
/// The largest number of products of arrays and factors in a slot.
const MOST_PRODUCTS: usize = 4;

/// The weight by which the coefficients of a quantity are multiplied in a step; `None` for quantities of the operator.
fn weight(quantity: Quantity) -> Option<Weight> {
    match quantity {
        Quantity::X | Quantity::Y => None,
        Quantity::Capacity => Some(Weight::Change),
        Quantity::Decay => Some(Weight::Density),
        Quantity::Source => Some(Weight::One),
    }
}

/// The quantities of the terms beside diffusion, with their weights.
pub fn weighted_quantities() -> impl Iterator<Item = (Quantity, Weight)> {
    let quantities = Quantity::ALL.into_iter();
    quantities.filter_map(|quantity| Some((quantity, weight(quantity)?)))
}

/// The quantities of the terms with this weight.
pub fn quantities_of(weight: Weight) -> impl Iterator<Item = Quantity> {
    let of_weight = weighted_quantities().filter(move |(_, other)| *other == weight);
    of_weight.map(|(quantity, _)| quantity)
}

/// The value of a quantity: a number, values on the nodes, or a sum of a few products of values on the nodes and
/// functions of t.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// The values; evaluated at a time if they depend on it.
    pub values: Values,
    depends_on_time: bool,
    /// The products whose sum the quantity is, if it depends on time and has few of them.
    pub(super) products: Vec<Product>,
}

/// A factor that does not depend on time, and one that does not depend on the node.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Product {
    pub(super) values: Values,
    pub(super) factor: Function,
}

/// All slots, and the nodes for which they hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Slots {
    /// The nodes and walls of the domain.
    pub geometry: Arc<Geometry>,
    pub(super) list: Vec<Slot>,
    pub(super) face: Face,
    /// Whether D is the same along x and y.
    pub(super) is_isotropic: bool,
    /// The coefficients of faces along x and along y on whose edges the formula of D jumps.
    pub(super) cut_faces: Arc<[CutFaces; 2]>,
    /// The functions of time of a D and a decay that depend on it; `list` has them with their largest values.
    pub ageing: Arc<Ageing>,
}

impl Slot {
    /// A quantity that does not depend on time.
    pub(super) fn of_material(values: Values) -> Self {
        Self {
            values,
            depends_on_time: false,
            products: Vec::new(),
        }
    }

    /// Whether the quantity can differ from 0.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.values.uniform() != Some(0.0)
    }

    /// Whether the quantity depends on time.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.depends_on_time
    }

    /// Whether the values are evaluated at each step.
    #[must_use]
    pub fn is_evaluated(&self) -> bool {
        self.depends_on_time && self.products.is_empty()
    }

    /// The time-dependent part: a factor if there is one product, otherwise the whole function.
    #[must_use]
    pub fn in_time(&self) -> Option<&Function> {
        match (&self.products[..], self.values.given()) {
            ([product], _) => Some(&product.factor),
            (_, Values::Function(function)) => Some(function).filter(|_| self.depends_on_time),
            _ => None,
        }
    }
}

impl Slots {
    /// The slots of the parameters. A D and a decay that depend on time get their values by [`ageing`](Self::ageing).
    /// [`check_source`](Self::check_source) checks the source later.
    ///
    /// # Errors
    /// [`ParamsError`] for a file that cannot be used, and for values out of range at nodes that are not masked.
    pub fn new(
        params: &Params,
        raw: &RawParams,
        geometry: &Arc<Geometry>,
        digests: &mut Digests,
    ) -> Result<Self, ParamsError> {
        let radii: Option<Arc<[f64]>> = geometry.grid.x.radii().map(Into::into);
        let slot_results = Quantity::ALL.into_iter().map(|quantity| {
            let profile = params.profile(quantity);
            // Around an axis, every term of the equation is multiplied by the radius. D along x is multiplied in
            // `faces.rs`, by the radius of each face.
            let radii = radii.as_ref().filter(|_| quantity != Quantity::X);
            if quantity != Quantity::Source && profile.depends_on_time() {
                return Ok(Slot::of_material(Values::Uniform(0.0)));
            }
            let products = products(profile).unwrap_or_default().into_iter();
            let products = products.map(|product| Product {
                values: by_radius(product.values, radii),
                ..product
            });
            let values = Values::new(profile, quantity.key(), raw, &geometry.grid, digests)?;
            Ok(Slot {
                values: by_radius(values, radii),
                depends_on_time: profile.depends_on_time(),
                products: products.collect(),
            })
        });
        let [x_profile, y_profile] =
            [Quantity::X, Quantity::Y].map(|quantity| params.profile(quantity));
        let mut slots = Self {
            geometry: Arc::clone(geometry),
            list: slot_results.collect::<Result<_, ParamsError>>()?,
            face: params.face,
            is_isotropic: x_profile == y_profile,
            cut_faces: Arc::default(),
            ageing: Arc::default(),
        };
        let masked = geometry.masked().map(|masked| &**masked);
        for quantity in [
            Quantity::X,
            Quantity::Y,
            Quantity::Decay,
            Quantity::Capacity,
        ] {
            if quantity == Quantity::Y && slots.is_isotropic {
                continue;
            }
            let values = &slots.slot(quantity).values;
            values.check(
                &geometry.grid,
                0.0,
                masked.as_slice(),
                quantity.key(),
                raw,
                |value| requirement(quantity, params, value),
            )?;
        }
        slots.cut_faces = Arc::new([
            slots.cut_faces(Quantity::X, params, raw)?,
            slots.cut_faces(Quantity::Y, params, raw)?,
        ]);
        Ok(slots)
    }

    /// The refusal of a value between nodes.
    pub(super) fn refuse(
        &self,
        quantity: Quantity,
        params: &Params,
        raw: &RawParams,
        wrong: Wrong,
    ) -> ParamsError {
        let (value, [x, y]) = (wrong.value, wrong.at);
        let key = match quantity {
            Quantity::X | Quantity::Y if self.is_isotropic => "D",
            _ => quantity.key(),
        };
        let requirement = requirement(quantity, params, value).unwrap_or("a finite number");
        let reason = format!(
            "it is {value:?} between nodes, at x = {x:?}, y = {y:?}; it must be {requirement} there as well"
        );
        raw.refuse(key, reason)
    }

    /// The [faces between nodes](Self::faces_between_nodes), or a refusal.
    fn cut_faces(
        &self,
        quantity: Quantity,
        params: &Params,
        raw: &RawParams,
    ) -> Result<CutFaces, ParamsError> {
        let faces = self.faces_between_nodes(quantity);
        faces.map_err(|wrong| self.refuse(quantity, params, raw, wrong))
    }

    /// The faces along x or along y on whose edges the formula of D jumps.
    ///
    /// # Errors
    /// The first value between nodes that is out of range.
    pub(super) fn faces_between_nodes(&self, quantity: Quantity) -> Result<CutFaces, Wrong> {
        let Values::Function(function) = self.slot(quantity).values.given() else {
            return Ok(CutFaces::default());
        };
        let jumping = Jumping::new(function, &self.geometry, self.geometry.start);
        let axis = usize::from(quantity == Quantity::Y);
        let faces = jumping.map(|jumping| jumping.faces(axis, self.face));
        faces.unwrap_or_else(|| Ok(CutFaces::default()))
    }

    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let faces = self.cut_faces.iter().map(SparseRows::bytes);
        let products = self.list.iter().flat_map(|slot| &slot.products);
        let values = self.list.iter().map(|slot| &slot.values);
        let values = values.chain(products.map(|product| &product.values));
        faces.chain(values.map(Values::bytes)).sum()
    }

    /// Checks the source for steps of `dt`.
    ///
    /// # Errors
    /// [`ParamsError`] for values that are not finite at the start, or whose product with the time step is not finite.
    /// Nodes that keep their values are exempt.
    pub fn check_source(
        &mut self,
        params: &Params,
        raw: &RawParams,
        dt: f64,
    ) -> Result<(), ParamsError> {
        let share = self.share(dt);
        let (key, grid, start) = (
            Quantity::Source.key(),
            &self.geometry.grid,
            self.geometry.start,
        );
        let kept_nodes: Vec<&NodeSet> = self.geometry.kept().collect();
        let check = |values: &Values| {
            values.check(grid, start, &kept_nodes, key, raw, |value| {
                params.precision.lacks(value * share)
            })
        };
        let Slot {
            values, products, ..
        } = &mut self.list[Quantity::Source as usize];
        check(values)?;
        // What overflows alone may not as a product.
        if !products
            .iter()
            .all(|product| check(&product.values).is_ok())
        {
            products.clear();
        }
        Ok(())
    }

    /// The slot of a quantity.
    #[must_use]
    pub fn slot(&self, quantity: Quantity) -> &Slot {
        &self.list[quantity as usize]
    }

    /// The value of a quantity that is uniform.
    #[must_use]
    pub fn uniform(&self, quantity: Quantity) -> Option<f64> {
        self.slot(quantity).values.uniform()
    }

    /// The fraction of its value that every node loses per time by decay, k/c, if both are uniform \[1/time\].
    #[must_use]
    pub fn uniform_loss(&self) -> Option<f64> {
        quantities_of(Weight::Density)
            .map(|quantity| self.uniform(quantity))
            .sum()
    }

    /// The quantities that depend on time.
    pub fn in_time(&self) -> impl Iterator<Item = Quantity> {
        let quantities = Quantity::ALL.into_iter();
        let quantities = quantities.filter(|&quantity| self.slot(quantity).depends_on_time());
        quantities.chain(self.ageing.quantities())
    }

    /// The parameters for the quantities that depend on time.
    pub fn keys_in_time(&self) -> impl Iterator<Item = &'static str> {
        self.in_time().filter_map(|quantity| self.key(quantity))
    }

    /// The values of all slots by key. They may come from files.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &Values)> {
        let quantities = Quantity::ALL.into_iter();
        quantities.filter_map(|quantity| Some((self.key(quantity)?, &self.slot(quantity).values)))
    }

    /// The parameter for a quantity; `None` for the D along y if another one stands for both.
    fn key(&self, quantity: Quantity) -> Option<&'static str> {
        match quantity {
            Quantity::X if self.is_isotropic => Some("D"),
            Quantity::Y if self.is_isotropic => None,
            _ => Some(quantity.key()),
        }
    }

    /// The time step divided by the capacity, if that is uniform: the coefficients of the step then contain the
    /// capacity.
    #[must_use]
    pub fn share(&self, dt: f64) -> f64 {
        dt / self.uniform(Quantity::Capacity).unwrap_or(1.0)
    }

    /// D along x and along y at every node, row by row; NaN at masked nodes. Nothing where its formula jumps between nodes.
    ///
    /// # Errors
    /// [`ParamsError`] if a file can no longer be read.
    pub fn diffusivities(&self) -> Result<Option<[Vec<f64>; 2]>, ParamsError> {
        let Geometry { grid, nodes, .. } = &*self.geometry;
        if !self.cut_faces.iter().all(SparseRows::is_empty) {
            return Ok(None);
        }
        let [x, y] = [Quantity::X, Quantity::Y].map(|quantity| {
            let rows = 0..grid.y.nodes;
            let mut diffusivity = vec![0.0; rows.len() * grid.x.nodes];
            // Around an axis D along y has the radius with it.
            let values = self.slot(quantity).values.given();
            values.rows(nodes, rows, 0.0, &mut diffusivity)?;
            self.geometry.codec().encode(0, &mut diffusivity);
            Ok::<_, ParamsError>(diffusivity)
        });
        Ok(Some([x?, y?]))
    }

    /// The capacity at every node, row by row; 0 at masked nodes.
    ///
    /// # Errors
    /// [`ParamsError`] if a file can no longer be read.
    pub fn capacities(&self) -> Result<Vec<f64>, ParamsError> {
        self.capacities_of(0..self.geometry.grid.y.nodes)
    }

    /// The capacity of each node of some rows, or a single number if it is uniform.
    ///
    /// # Errors
    /// As [`capacities`](Self::capacities).
    pub fn capacity(&self, rows: Range<usize>) -> Result<Vec<f64>, ParamsError> {
        match self.uniform(Quantity::Capacity) {
            Some(capacity) => Ok(vec![capacity]),
            None => self.capacities_of(rows),
        }
    }

    /// The capacity at every node of some rows; 0 at masked nodes.
    ///
    /// # Errors
    /// As [`capacities`](Self::capacities).
    fn capacities_of(&self, rows: Range<usize>) -> Result<Vec<f64>, ParamsError> {
        let Geometry { grid, nodes, .. } = &*self.geometry;
        let mut capacities = vec![0.0; rows.len() * grid.x.nodes];
        let values = &self.slot(Quantity::Capacity).values;
        values.rows(nodes, rows.clone(), 0.0, &mut capacities)?;
        self.geometry.codec().decode(rows.start, &mut capacities);
        Ok(capacities)
    }

    /// Turns the row sums of p, from row `first` on, into row sums of c p.
    ///
    /// # Errors
    /// [`ParamsError`] if a file can no longer be read.
    pub fn weigh<T: Real>(
        &self,
        first: usize,
        values: &[T],
        sums: &mut [Summary],
    ) -> Result<(), ParamsError> {
        if let Some(capacity) = self.uniform(Quantity::Capacity) {
            sums.iter_mut().for_each(|row| row.mass *= capacity);
            return Ok(());
        }
        let Geometry { grid, nodes, .. } = &*self.geometry;
        let nx = grid.x.nodes;
        let together = (TOGETHER / nx).max(1);
        let capacities = &self.slot(Quantity::Capacity).values;
        let mut weighed = Vec::new();
        let pieces = values.chunks(together * nx).zip(sums.chunks_mut(together));
        for (piece, (values, sums)) in pieces.enumerate() {
            let start = first + piece * together;
            weighed.resize(values.len(), 0.0);
            capacities.rows(nodes, start..start + sums.len(), 0.0, &mut weighed)?;
            let pairs = weighed.par_iter_mut().zip(values).with_min_len(4096);
            pairs.for_each(|(to, value)| match value.to_f64() {
                // Whatever the capacity is there.
                0.0 => *to = 0.0,
                value => *to *= value,
            });
            self.geometry.codec().decode(start, &mut weighed);
            let weighed = Summary::of_each_row(&weighed, start, None, grid);
            sums.iter_mut()
                .zip(weighed)
                .for_each(|(row, weighed)| row.mass = weighed.mass);
        }
        Ok(())
    }
}

/// What a value of a quantity must be, if it is not.
pub(super) fn requirement(quantity: Quantity, params: &Params, value: f64) -> Option<&'static str> {
    match quantity {
        Quantity::Capacity if value > 0.0 && value.is_finite() => {
            let inverse_fault = params.precision.lacks(1.0 / value);
            inverse_fault.map(|_| "a number whose inverse is finite, too,")
        }
        Quantity::Capacity => Some("a finite number greater than 0"),
        Quantity::Source => Some("a finite number").filter(|_| !value.is_finite()),
        _ if value.is_finite() && value >= 0.0 => None,
        _ => Some("a finite number, 0 or greater,"),
    }
}

/// Values of a formula, in place of some of which there are means.
pub(super) fn averaged(values: Values, means: SparseRows) -> Values {
    match values {
        Values::Weighted(values, radii) => {
            Values::Weighted(Box::new(averaged(*values, means)), radii)
        }
        values if means.is_empty() => values,
        values => Values::Averaged(Box::new(values), Arc::new(means)),
    }
}

/// Values, multiplied by the radius of their column if there are radii.
pub(super) fn by_radius(values: Values, radii: Option<&Arc<[f64]>>) -> Values {
    match radii {
        Some(radii) => Values::Weighted(Box::new(values), Arc::clone(radii)),
        None => values,
    }
}

/// The products whose sum a profile is, if it depends on time and there are few.
fn products(profile: &Profile) -> Option<Vec<Product>> {
    let Profile::Function(Function::Formula(formula)) = profile else {
        return None;
    };
    if !formula.depends_on_time() {
        return None;
    }
    let terms = formula
        .expression
        .separate(TIME, MOST_PRODUCTS)?
        .into_iter();
    let products = terms.map(|term| Product {
        values: Values::of_function(formula_of(formula, term.coefficient)),
        factor: formula_of(formula, term.function),
    });
    Some(products.collect())
}

/// A part of a formula, which messages show as the whole formula.
fn formula_of(whole: &Formula, expression: Expression) -> Function {
    Function::Formula(Formula::new(&whole.text, expression))
}
