//! [`Coordinates`]: the meaning of x and y, and the constraints of an axis of rotation on the other parameters.

use super::{
    choice::{Choice, Layout, StepMethod, choice},
    judge::Judge,
    profile::{Boundary, Function, Wall},
};

/// The key of the side on which the axis may lie.
const LEFT: &str = "boundary.left";

choice! {
    /// The meaning of x and y.
    #[non_exhaustive]
    pub enum Coordinates {
        /// Lengths along two straight lines.
        Cartesian = "cartesian",
        /// The radius r and the height z, in a body that is symmetric about its axis.
        Axisymmetric = "axisymmetric",
    }
}

impl Coordinates {
    /// Refuses parameters that do not exist around an axis, and closes the left side if it is the axis.
    pub(super) fn judge(
        self,
        judge: &mut Judge,
        x1: f64,
        grid: Layout,
        method: StepMethod,
        walls: &mut Boundary,
    ) {
        if self == Self::Cartesian {
            return;
        }
        judge.refuse_if(x1 < 0.0, "x1", || {
            "with coordinates = \"axisymmetric\" x is the radius: 0, the axis, or greater"
                .to_owned()
        });
        judge.refuse_if(grid != Layout::Walls, "coordinates", || {
            let grid = grid.name();
            format!(
                "\"axisymmetric\" needs nodes on the ends of the domain: grid = \"walls\", not {grid:?}"
            )
        });
        judge.refuse_if(method == StepMethod::Exact, "method", || {
            "\"exact\" is for coordinates = \"cartesian\"; \"euler\" and \"rkl2\" are for \"axisymmetric\", too"
                .to_owned()
        });
        let closed = Wall::Flux(Function::Number(0.0));
        for (key, wall) in [
            (LEFT, &mut walls.left),
            ("boundary.right", &mut walls.right),
        ] {
            if *wall == Wall::Periodic {
                judge.refuse_if(true, key, || {
                    "with coordinates = \"axisymmetric\" x is the radius; only bottom and top may be \"periodic\""
                        .to_owned()
                });
                wall.clone_from(&closed);
            }
        }
        if x1 == 0.0 {
            let is_closed = matches!(&walls.left, Wall::Flux(flux) if flux.constant() == Some(0.0));
            let is_other = judge.is_typed(LEFT) && !is_closed;
            judge.refuse_if(is_other, LEFT, || {
                "at x1 = 0 it is the axis, which nothing passes: leave it out or make it \"insulated\", and give right, bottom and top separately"
                    .to_owned()
            });
            judge.note(LEFT, closed.to_json());
            walls.left = closed;
        }
    }
}
