//! [`Geometry::cut_wall`]: the half cells of a wall in which its functions, or D, jump.
//!
//! ```text
//!   q = (1/l) ∫ q ds                                 a given flux, along the half cell of the length l
//!   q = (1/l) ∫ D c/b ds - p (1/l) ∫ D a/b ds        a p + b ∂p/∂n = c
//! ```
//!
//! Around an axis of rotation lengths along the radius count times the radius.

use super::{
    jumping::Jumping,
    measure::{GAUSS, Measure},
    stretch::{cuts_in, divided, in_order, oriented, wide},
};
use crate::{
    params::{Function, Params, Profile, Quantity, Wall},
    physics::{
        cut_wall::{CutNode, CutWall},
        geometry::Geometry,
        values::value_at_point,
        wall::Side,
    },
};
use std::{borrow::Cow, sync::Arc};

impl Geometry {
    /// Finds the half cells of walls in which their functions, or D, jump.
    #[must_use]
    pub fn with_cut_walls(self, params: &Params) -> Self {
        self.with_cut_walls_of([Quantity::X, Quantity::Y].map(|quantity| {
            match params.profile(quantity) {
                Profile::Function(function) => Some(function),
                Profile::File { .. } | Profile::Image { .. } => None,
            }
        }))
    }

    /// Finds the half cells of walls in which their functions, or D along x and along y, jump.
    #[must_use]
    pub fn with_cut_walls_of(mut self, diffusivities: [Option<&Function>; 2]) -> Self {
        self.cut_walls = Arc::new(Side::ALL.map(|side| {
            let diffusivity = diffusivities[side.axis_number()];
            CutWall::new(&self, side, diffusivity, self.start)
        }));
        self
    }

    /// Whether D jumps, or something else does, in half cells of a Robin wall, which then have means of D.
    #[must_use]
    pub fn has_means_on_walls(&self) -> bool {
        let mut walls = self.cut_walls.iter();
        walls.any(|wall| wall.diffusivity.is_some() && (wall.is_moving || !wall.nodes.is_empty()))
    }

    /// The half cells of a wall in which its functions, or D, jump at a time.
    #[must_use]
    pub fn cut_wall(&self, side: Side, time: f64) -> Cow<'_, CutWall> {
        let at_start = &self.cut_walls[side as usize];
        if !at_start.is_moving {
            return Cow::Borrowed(at_start);
        }
        Cow::Owned(CutWall::new(
            self,
            side,
            at_start.diffusivity.as_ref(),
            time,
        ))
    }
}

impl CutWall {
    /// The cut nodes of a side at a time; `diffusivity` is D across it.
    fn new(geometry: &Geometry, side: Side, diffusivity: Option<&Function>, time: f64) -> Self {
        let wall = geometry.walls.wall(side);
        let diffusivity = match wall {
            Wall::Fixed(_) | Wall::Periodic => return Self::default(),
            Wall::Flux(_) => None,
            Wall::Robin(_) => diffusivity,
        };
        let functions = wall.functions().iter();
        let of_functions: Vec<Jumping<'_>> = functions
            .clone()
            .filter_map(|function| Jumping::new(function, geometry, time))
            .collect();
        let of_diffusivity = diffusivity.and_then(|of| Jumping::new(of, geometry, time));
        Self {
            nodes: Self::nodes(
                geometry,
                side,
                &of_functions,
                diffusivity,
                of_diffusivity.as_ref(),
            ),
            is_moving: functions.clone().any(Function::moves_jumps),
            diffusivity: diffusivity.cloned(),
        }
    }

    fn nodes(
        geometry: &Geometry,
        side: Side,
        of_functions: &[Jumping<'_>],
        diffusivity: Option<&Function>,
        of_diffusivity: Option<&Jumping<'_>>,
    ) -> Vec<CutNode> {
        let Some(formula) = of_functions.iter().chain(of_diffusivity).next() else {
            return Vec::new();
        };
        let (normal_axis, wall_axis) = (side.axis_number(), 1 - side.axis_number());
        let coordinates = geometry.nodes.along(normal_axis);
        let is_last = matches!(side, Side::Right | Side::Top);
        let wall = coordinates[if is_last { coordinates.len() - 1 } else { 0 }];
        // What jumps at the wall itself is asked inside of it.
        let depth = formula.sliver(normal_axis);
        let inner_place = if is_last { wall - depth } else { wall + depth };
        let count = side.nodes(&geometry.grid) - usize::from(geometry.nodes.periodic[wall_axis]);
        let (extent, sliver) = (formula.extent(wall_axis), formula.sliver(wall_axis));
        let places = of_functions.iter().map(|jumping| (jumping, wall));
        let places = places.chain(of_diffusivity.map(|jumping| (jumping, inner_place)));
        let places = places.flat_map(|(jumping, over)| jumping.places_on(wall_axis, over, extent));
        let places = in_order(places.collect());
        let measure = match side {
            Side::Bottom | Side::Top => formula.measure_of_areas(),
            Side::Left | Side::Right => Measure::Length,
        };
        let depths = [wall.min(inner_place), wall.max(inner_place)];
        let cut_nodes = (0..count).filter_map(|number| {
            let intervals: Vec<[f64; 2]> = formula.intervals(wall_axis, number).collect();
            let pieces: Vec<[f64; 2]> = (intervals.iter())
                .flat_map(|&part| wide(divided(part, cuts_in(&places, part)), sliver))
                .collect();
            let node = geometry.nodes.along(wall_axis)[number];
            let jumps_at_wall = of_diffusivity
                .is_some_and(|jumping| !jumping.places_on(normal_axis, node, depths).is_empty());
            // A node in no piece has a value that its half cell has not.
            let has_node = |piece: &[f64; 2]| piece[0] <= node && node <= piece[1];
            let is_whole = pieces.len() == intervals.len() && pieces.iter().any(has_node);
            if is_whole && !jumps_at_wall {
                return None;
            }
            let points = pieces.into_iter().flat_map(|piece| {
                GAUSS.map(|(share, weight)| {
                    (measure.within(piece, share), weight * measure.of(piece))
                })
            });
            let points: Vec<(f64, f64)> = points.collect();
            let values: Vec<f64> = (points.iter())
                .map(|&(place, _)| match diffusivity {
                    Some(function) => {
                        let [x, y] = oriented(wall_axis, [place, inner_place]);
                        value_at_point(function, [x, y, 0.0], 0)
                    }
                    None => 1.0,
                })
                .collect();
            let size: f64 = points.iter().map(|(_, size)| size).sum();
            let parts = points
                .iter()
                .zip(&values)
                .map(|((_, size), value)| size * value);
            let total: f64 = parts.sum();
            let shares = points.iter().zip(&values).map(|(&(place, part), value)| {
                // Nothing passes a wall without D, whatever is divided.
                let share = if total > 0.0 {
                    part * value / total
                } else {
                    part / size
                };
                (oriented(wall_axis, [place, wall]), share)
            });
            Some(CutNode {
                number,
                diffusivity: diffusivity.map(|_| total / size),
                shares: shares.collect(),
            })
        });
        cut_nodes.collect()
    }
}
