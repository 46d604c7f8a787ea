//! Slots whose D and decay depend on time: with their largest values in a run, and with those of a step.

use super::{
    ageing::Ageing,
    between::{CutPoints, Wrong, is_coefficient},
    geometry::Geometry,
    integrals::integrated,
    slots::{Slot, Slots, by_radius, requirement},
    values::{Values, first_where},
    wall::Side,
};
use crate::{
    dynamics::Halt,
    params::{Function, Params, ParamsError, Quantity, RawParams},
};
use diff2d_stencil::{Coefficient, Equation, Operator, Weight, real::Real};
use ndarray::{ArrayView1, ArrayViewMut1};
use std::{ops::Range, sync::Arc};

impl Slots {
    /// The slots of quantities that depend on time, with their largest values in a run.
    ///
    /// # Errors
    /// [`ParamsError`] for formulas that are no sums of few products, and for values that are out of range when a function
    /// of time has its least or its largest value.
    pub fn ageing(mut self, params: &Params, raw: &RawParams) -> Result<Self, ParamsError> {
        let start = self.geometry.start;
        self.ageing = Arc::new(Ageing::new(params, raw, &self.geometry)?);
        if !self.ages() {
            return Ok(self);
        }
        let refuse = |(quantity, wrong)| self.refuse(quantity, params, raw, wrong);
        let masked = self.geometry.masked().map(|masked| &**masked);
        for bound in [0, 1] {
            let numbers = self.ageing.ranges.iter().map(|range| [range[bound]; 2]);
            let slots = self.with_factors(&numbers.collect::<Vec<_>>());
            let slots = slots.map_err(refuse)?;
            for ageing in &self.ageing.list {
                let values = &slots.slot(ageing.quantity).values;
                let key = ageing.quantity.key();
                let fault = |value| requirement(ageing.quantity, params, value);
                let (grid, nodes) = (&self.geometry.grid, masked.as_slice());
                let checked = values.check(grid, start, nodes, key, raw, fault);
                checked.map_err(|_| {
                    let reason = "it is negative or not finite at some node and time; it must be a finite number, 0 or greater, at all of them";
                    raw.refuse(key, reason.to_owned())
                })?;
            }
        }
        let largest = self.with_factors(&self.ageing.ranges);
        largest.map_err(refuse)
    }

    /// Whether D or decay depends on time.
    #[must_use]
    pub fn ages(&self) -> bool {
        !self.ageing.list.is_empty()
    }

    /// The mean over a span of the function of time that is common to all of a D that does not vary, divided by its largest
    /// value; `None` if D or decay depends on time otherwise.
    #[must_use]
    pub fn common_factor(&self, span: Range<f64>) -> Option<f64> {
        let has_common_factor = self.is_isotropic
            && self.uniform(Quantity::X).is_some()
            && self
                .ageing
                .quantities()
                .all(|quantity| quantity != Quantity::Decay);
        let [_, largest] = self.ageing.ranges.first().filter(|_| has_common_factor)?;
        let mean = self.factors(span)[0];
        Some(if *largest > 0.0 { mean / largest } else { 1.0 })
    }

    /// The means of all functions of time in D and decay over a span.
    #[must_use]
    pub fn factors(&self, span: Range<f64>) -> Vec<f64> {
        self.ageing.factors(&self.geometry.nodes, span)
    }

    /// The ratios of D along x, of D along y and of the decay in a step with these factors to their largest values, if each
    /// is the same at all nodes and all that follows from them is multiplied by it.
    #[must_use]
    pub fn ratios(&self, factors: &[f64]) -> Option<[f64; 3]> {
        /// A smaller ratio may leave faces that count as impermeable.
        const SMALLEST_RATIO: f64 = 1e-9;
        let walls = &self.geometry.walls;
        let is_multiplied = self.uniform_d().is_none()
            && self.geometry.interfaces.is_empty()
            && !Side::ALL
                .iter()
                .any(|&side| walls.wall(side).has_moving_weight());
        if !is_multiplied {
            return None;
        }
        let mut ratios = [1.0; 3];
        for (number, ageing) in self.ageing.list.iter().enumerate() {
            let [least, most] = self.ageing.ranges[number];
            let largest = if least.abs() > most.abs() {
                least
            } else {
                most
            };
            let place = match ageing.quantity {
                Quantity::X => 0,
                Quantity::Y => 1,
                _ => 2,
            };
            ratios[place] = factors[number] / largest;
            let is_multiple = ageing.times.len() == 1 && ratios[place] > SMALLEST_RATIO;
            if !is_multiple {
                return None;
            }
        }
        Some(ratios)
    }

    /// The equation of a step for these rows, which is one with the largest values of D and decay, for multiples of them.
    #[must_use]
    pub fn scaled<T: Real>(
        &self,
        largest: &Equation<T>,
        rows: &Range<usize>,
        [along_x, along_y, decay]: [f64; 3],
    ) -> Equation<T> {
        let mut equation = largest.scaled([along_x, along_y], decay);
        let (
            Operator::Variable { x, y },
            Operator::Variable {
                x: largest_x,
                y: largest_y,
            },
        ) = (&mut equation.operator, &largest.operator)
        else {
            return equation;
        };
        let [columns_are_periodic, rows_are_periodic] = self.geometry.nodes.periodic;
        let (ny, nx) = self.geometry.grid.shape();
        if !columns_are_periodic && !rows.is_empty() {
            for (ghost, inner) in [(0, 1), (nx, nx - 1)] {
                restore_ghost_faces(
                    x.column_mut(ghost),
                    &largest_x.column(ghost),
                    &largest_x.column(inner),
                );
            }
        }
        if !rows_are_periodic && rows.len() > 1 {
            let ghost_rows = [
                (rows.start == 0, 0, 1),
                (rows.end == ny, rows.len(), rows.len() - 1),
            ];
            for (_, ghost, inner) in ghost_rows.into_iter().filter(|(is_there, ..)| *is_there) {
                let (ghosts, inner) = (largest_y.row(ghost), largest_y.row(inner));
                restore_ghost_faces(y.row_mut(ghost), &ghosts, &inner);
            }
        }
        equation
    }

    /// The slots of a step that begins at a time, with the [`factors`](Self::factors) of the step.
    ///
    /// # Errors
    /// [`Halt`] if a factor or a value between nodes is out of range.
    pub fn during(&self, factors: &[f64], time: f64) -> Result<Self, Halt> {
        self.ageing.check_factors(factors, time)?;
        let numbers: Vec<_> = factors.iter().map(|&factor| [factor; 2]).collect();
        self.with_factors(&numbers)
            .map_err(|(quantity, Wrong { at: [x, y], .. })| Halt::Material {
                key: quantity.key(),
                place: format!("x = {x:?}, y = {y:?}"),
                time,
            })
    }

    /// The slots with numbers in place of functions of time; the largest values between two bounds of each number.
    fn with_factors(&self, numbers: &[[f64; 2]]) -> Result<Self, (Quantity, Wrong)> {
        let mut slots = self.clone();
        let radii: Option<Arc<[f64]>> = self.geometry.grid.x.radii().map(Into::into);
        let mut numbers = numbers.iter().copied();
        for ageing in &self.ageing.list {
            let own_numbers: Vec<_> = numbers.by_ref().take(ageing.times.len()).collect();
            let radii = radii.as_ref().filter(|_| ageing.quantity != Quantity::X);
            let values = by_radius(ageing.with(&own_numbers), radii);
            slots.list[ageing.quantity as usize] = Slot::of_material(values);
        }
        if self.geometry.has_means_on_walls() {
            let diffusivities = [Quantity::X, Quantity::Y].map(|quantity| {
                match slots.slot(quantity).values.given() {
                    Values::Function(function) => Some(function.clone()),
                    Values::Uniform(value) => Some(Function::Number(*value)),
                    _ => None,
                }
            });
            let geometry = Geometry::clone(&self.geometry);
            let diffusivities = diffusivities.each_ref().map(Option::as_ref);
            slots.geometry = Arc::new(geometry.with_cut_walls_of(diffusivities));
        }
        for quantity in self.ageing.quantities() {
            if quantity == Quantity::Decay {
                let (points, geometry) = (CutPoints::new(&slots), &self.geometry);
                let values = slots.slot(quantity).values.clone();
                let values =
                    integrated(values, quantity, geometry, points.as_ref(), is_coefficient);
                slots.list[quantity as usize].values = values.map_err(|wrong| (quantity, wrong))?;
            } else {
                let faces = slots
                    .faces_between_nodes(quantity)
                    .map_err(|wrong| (quantity, wrong))?;
                Arc::make_mut(&mut slots.cut_faces)[usize::from(quantity == Quantity::Y)] = faces;
            }
        }
        Ok(slots)
    }

    /// The first coefficient of D or decay in a step that is negative or not finite, for rows from `first` on.
    #[must_use]
    pub fn wrong_coefficient<T: Real>(
        &self,
        equation: &Equation<T>,
        first: usize,
        time: f64,
    ) -> Option<Halt> {
        let Geometry { nodes, .. } = &*self.geometry;
        let decay = equation.coefficient(Weight::Density);
        let decay = decay.and_then(|coefficient| match coefficient {
            Coefficient::Array(array) => Some(array),
            _ => None,
        });
        let faces = match &equation.operator {
            Operator::Variable { x, y } => [Some(x), Some(y)],
            _ => [None; 2],
        };
        let arrays = [
            (Quantity::X, faces[0]),
            (Quantity::Y, faces[1]),
            (Quantity::Decay, decay),
        ];
        arrays.into_iter().find_map(|(quantity, array)| {
            let array = array?;
            let place = first_where(array.as_slice()?, |value| !is_coefficient(value.to_f64()))?;
            let (row, column) = (first + place / array.ncols(), place % array.ncols());
            let [row, column] = [nodes.row(row), nodes.column(column.min(nodes.x.len() - 1))];
            Some(Halt::Material {
                key: quantity.key(),
                place: nodes.describe(row.min(nodes.y.len() - 1), column),
                time,
            })
        })
    }
}

/// Copies the faces of ghosts that do not depend on their neighbours, and so differ from the inner faces.
fn restore_ghost_faces<T: Real>(
    mut faces: ArrayViewMut1<T>,
    ghosts: &ArrayView1<T>,
    inner: &ArrayView1<T>,
) {
    for ((face, ghost), inner) in faces.iter_mut().zip(ghosts).zip(inner) {
        if ghost.to_f64() != inner.to_f64() {
            *face = *ghost;
        }
    }
}
