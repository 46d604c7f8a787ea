//! [`Slots::integrated`]: quantities integrated between nodes where their formulas jump.

use super::{
    between::{CutPoints, Jumping, Wrong},
    geometry::Geometry,
    slots::{Slots, averaged, requirement},
    values::Values,
};
use crate::params::{Params, ParamsError, Quantity, RawParams};

impl Slots {
    /// The slots with quantities that are integrated where their formulas jump.
    ///
    /// # Errors
    /// [`ParamsError`] for values between nodes that are out of range.
    pub fn integrated(self, params: &Params, raw: &RawParams) -> Result<Self, ParamsError> {
        let points = CutPoints::new(&self);
        let integrated_slots = Quantity::ALL.into_iter().map(|quantity| {
            let mut slot = self.slot(quantity).clone();
            let integrated = |values| {
                let is_right = |value| requirement(quantity, params, value).is_none();
                let integrated =
                    integrated(values, quantity, &self.geometry, points.as_ref(), is_right);
                integrated.map_err(|wrong| self.refuse(quantity, params, raw, wrong))
            };
            if !slot.depends_on_time() {
                slot.values = integrated(slot.values)?;
            }
            for product in &mut slot.products {
                product.values = integrated(product.values.clone())?;
            }
            Ok(slot)
        });
        let list = integrated_slots.collect::<Result<_, ParamsError>>()?;
        Ok(Self { list, ..self })
    }
}

/// Values that are integrated where their formula jumps: the capacity over cells; decay and source against hat functions,
/// so that both have the same weights. D is a property of faces.
pub(super) fn integrated(
    values: Values,
    quantity: Quantity,
    geometry: &Geometry,
    points: Option<&CutPoints<'_>>,
    is_right: impl Fn(f64) -> bool + Sync,
) -> Result<Values, Wrong> {
    let jumping = match (values.given(), quantity) {
        (_, Quantity::X | Quantity::Y) => None,
        (Values::Function(function), _) => Jumping::new(function, geometry, geometry.start),
        _ => None,
    };
    let Some(jumping) = jumping else {
        return Ok(values);
    };
    let means = match quantity {
        Quantity::Capacity => jumping.cells(is_right)?,
        _ => jumping.hats(&jumping.patches(), points, is_right)?,
    };
    Ok(averaged(values, means))
}
