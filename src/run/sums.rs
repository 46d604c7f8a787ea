//! [`Sums`]: what has come in, by trapezoids over the rates of some states.

use crate::{
    params::{ParamsError, Precision, Wall},
    physics::wall::Side,
    problem::Problem,
};

/// A node of a fixed wall that depends on time: its wall, its row and column, and what it weighs.
type MovingNode = (Side, (usize, usize), f64);

/// What has come in since the first of some states.
#[derive(Clone)]
pub(super) struct Sums<'a> {
    problem: &'a Problem,
    /// Those of all walls.
    moving: Vec<MovingNode>,
    /// Of each rate.
    pub(super) all: Vec<f64>,
    /// The time of the last state, and its rates.
    pub(super) last: Option<(f64, Vec<f64>)>,
}

impl<'a> Sums<'a> {
    /// Nothing yet.
    ///
    /// # Errors
    /// [`ParamsError`] when the file of the capacity cannot be read any more.
    pub(super) fn new(problem: &'a Problem) -> Result<Self, ParamsError> {
        Ok(Self {
            moving: moving(problem)?,
            problem,
            all: vec![0.0; problem.geometry().rates()],
            last: None,
        })
    }

    /// Adds what has come in since the last state, of which what went through faces and the source may be known already.
    pub(super) fn add(&mut self, time: f64, rates: &[f64], by_trapezoids: bool) {
        let Some((before, last)) = &self.last else {
            return;
        };
        if by_trapezoids {
            let both = rates.iter().zip(last);
            for (sum, (rate, last)) in self.all.iter_mut().zip(both) {
                *sum += 0.5 * (last + rate) * (time - before);
            }
        }
        // What keeps the nodes of a wall at values that change.
        for &(side, node, weight) in &self.moving {
            let [was, is] = [*before, time].map(|time| given(self.problem, node, time));
            self.all[side as usize] += weight * (is - was);
        }
    }
}

/// The value of a node on a fixed wall, as the state has it.
fn given(problem: &Problem, node: (usize, usize), time: f64) -> f64 {
    let value = problem.geometry().fixed_value(node, time);
    match (problem.params.precision, value.unwrap_or(0.0)) {
        (Precision::F64, value) => value,
        #[expect(clippy::cast_possible_truncation, reason = "as the state rounds it")]
        (Precision::F32, value) => f64::from(value as f32),
    }
}

/// The nodes of fixed walls that depend on time.
fn moving(problem: &Problem) -> Result<Vec<MovingNode>, ParamsError> {
    let (geometry, grid) = (problem.geometry(), &problem.grid);
    let sides = Side::ALL.into_iter().enumerate();
    let sides = sides.filter(|(_, side)| {
        let wall = geometry.walls.wall(*side);
        wall.depends_on_time() && matches!(wall, Wall::Fixed(_))
    });
    let mut found = Vec::new();
    for (number, side) in sides {
        let later = |&node: &(usize, usize)| {
            let mut others = Side::ALL[number + 1..].iter();
            others.any(|other| other.has(grid, node) && geometry.walls.wall(*other).is_fixed())
        };
        let nodes = (0..side.nodes(grid)).map(|at| side.node(grid, at));
        let nodes = nodes.filter(|node| !later(node) && !geometry.keeps(*node));
        let mut row = (None, Vec::new());
        for (j, i) in nodes {
            if row.0 != Some(j) {
                row = (Some(j), problem.capacity(j..j + 1)?);
            }
            let c = row.1.get(i).or(row.1.first());
            let weight = grid.y.weight(j) * grid.x.weight(i) * c.copied().unwrap_or(1.0);
            found.push((side, (j, i), grid.integral(weight)));
        }
    }
    Ok(found)
}
