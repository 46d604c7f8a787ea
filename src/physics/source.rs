//! [`Source`]: what is added to ∂p/∂t.

use super::{
    Unready,
    geometry::Geometry,
    input::Digests,
    nodes::{Nodes, Values, first_where},
    zeros,
};
use crate::{
    dynamics::{Halt, SourceAt},
    grid::Grid,
    params::{Boundary, Params, ParamsError, RawParams},
};
use diff2d_stencil::real::Real;
use ndarray::Array2;
use std::{ops::Range, sync::Arc};

/// What is added to c ∂p/∂t \[density/time\].
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    values: Values,
    depends_on_time: bool,
}

/// `dt S` at time 0, and how to fill it again where it depends on time.
pub type SourceArray<T> = (Array2<T>, Option<SourceAt<T>>);

impl Source {
    /// The source of the parameters.
    ///
    /// # Errors
    /// [`ParamsError`] for a file that cannot be used, and for values that are not finite at the start, or whose product
    /// with the time step is not.
    pub fn new(
        params: &Params,
        raw: &RawParams,
        grid: &Grid,
        geometry: &Geometry,
        digests: &mut Digests,
        dt: f64,
    ) -> Result<Self, ParamsError> {
        let values = Values::new(&params.source, "source", raw, grid, digests)?;
        values.check(
            grid,
            geometry.masked().map(Arc::as_ref),
            "source",
            raw,
            |value| params.precision.lacks(value * dt),
        )?;
        Ok(Self {
            values,
            depends_on_time: params.source.depends_on_time(),
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

    /// Its values.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// `dt S` for the nodes of some rows, rounded once; `None` where there is no source.
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
    ) -> Result<Option<SourceArray<T>>, Unready> {
        if !self.is_there() {
            return Ok(None);
        }
        let mut array = zeros((rows.len(), grid.x.nodes))?;
        let nodes = Nodes::new(grid, walls.periodic());
        if let Some(values) = array.as_slice_mut() {
            self.values.fill(&nodes, rows.start, 0.0, dt, values)?;
            // Whatever it is at nodes that keep their values: 0 times infinity is no number.
            geometry.fill_kept(rows.start, values, T::default());
        }
        if !self.depends_on_time {
            return Ok(Some((array, None)));
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
        Ok(Some((array, Some(again))))
    }
}
