//! [`Model::check_jumps`]: unknowns that move jumps by whole nodes, and do nothing else.

use super::{error::FitError, model::Model, point::Point, smooth::refused};
use crate::params::{Function, InitialState, Params};

impl Model {
    /// Refuses unknowns that do nothing but move what counts at nodes or faces alone: computed values jump with them.
    ///
    /// # Errors
    /// [`FitError`] for such an unknown.
    pub(super) fn check_jumps(&self) -> Result<(), FitError> {
        let start = self.start();
        let Ok(problem) = self.problem_at(&start) else {
            return Ok(());
        };
        for (number, unknown) in self.unknowns.iter().enumerate() {
            let moved_part = unknown.scaled_bounds().into_iter().find_map(|bound| {
                let mut scaled = start.clone();
                scaled[number] = bound;
                let moved = self.problem_at(&scaled).ok()?;
                part_at_nodes(&problem.params, &moved.params)
            });
            if let Some(part) = moved_part {
                self.check_beside(number, part)?;
            }
        }
        Ok(())
    }

    /// Refuses an unknown that moves this part if computed values do not change with it between nodes, neither beside its value in
    /// the file nor beside its bounds.
    fn check_beside(&self, number: usize, part: &str) -> Result<(), FitError> {
        let unknown = &self.unknowns[number];
        let start = self.start();
        let [low, high] = unknown.scaled_bounds();
        let mut was_flat = false;
        for place in [start[number], low, high] {
            match self.is_flat_beside(number, place) {
                Ok(true) => was_flat = true,
                Ok(false) => return Ok(()),
                Err(FitError::Stopped) => return Err(FitError::Stopped),
                // What cannot be computed there tells nothing.
                Err(_) => {}
            }
        }
        if !was_flat {
            return Ok(());
        }
        Err(refused(
            unknown,
            &format!("it moves {part}; the place of a layer or of a source can be fitted"),
        ))
    }

    /// Whether computed values are the same, but for rounding, at two values of an unknown beside a third one, at which something may
    /// jump.
    fn is_flat_beside(&self, number: usize, place: f64) -> Result<bool, FitError> {
        /// The distance, as a share of the range within the bounds.
        const DISTANCE: f64 = 1e-4;
        /// The largest difference of values, as a share of the largest one.
        const ROUNDING: f64 = 1e-12;
        let [low, high] = self.unknowns[number].scaled_bounds();
        let distance = DISTANCE * (high - low);
        let distance = match place < f64::midpoint(low, high) {
            true => distance,
            false => -distance,
        };
        let places = [1.0, 2.0].map(|count| {
            let mut scaled = self.start();
            scaled[number] = place + count * distance;
            scaled
        });
        let residuals = self.each(&places)?;
        let points = places.into_iter().zip(residuals);
        let values: Vec<Vec<f64>> = points
            .map(|(place, residuals)| self.weighted_values(&Point::new(place, residuals)))
            .collect();
        let largest = |values: &mut dyn Iterator<Item = f64>| {
            values.fold(0.0, |most: f64, value| most.max(value.abs()))
        };
        let pairs = values[0].iter().zip(&values[1]);
        let difference = largest(&mut pairs.map(|(one, other)| one - other));
        Ok(difference <= ROUNDING * largest(&mut values[0].iter().copied()))
    }
}

/// What counts at nodes or faces alone and jumps elsewhere in one problem than in another, in words.
fn part_at_nodes(params: &Params, moved: &Params) -> Option<&'static str> {
    let interfaces = || params.interfaces.iter().zip(&moved.interfaces);
    let mut held = params.held.iter().zip(&moved.held);
    let sides = [params, moved].map(|params| params.boundary.sides());
    let mut walls = sides[0].iter().zip(sides[1]).flat_map(|(wall, moved)| {
        let functions = wall.functions().iter();
        functions.zip(moved.functions())
    });
    let initial = (&params.initial, &moved.initial);
    if interfaces().any(|(table, moved)| table.area != moved.area) {
        Some(
            "an interface, and wherever that is between two nodes, the resistance lies between them",
        )
    } else if interfaces().any(|(table, moved)| jump_differs(&table.value, &moved.value)) {
        Some("a jump of a resistance, which counts at whole faces")
    } else if held.any(|(table, moved)| jump_differs(&table.value, &moved.value)) {
        Some("a jump of a held value, which counts at nodes")
    } else if walls.any(|(function, moved)| jump_differs(function, moved)) {
        Some("a jump of a wall, which counts at nodes, half cells and steps")
    } else if let (InitialState::Expression(initial), InitialState::Expression(moved)) = initial
        && jump_differs(initial, moved)
    {
        Some("a jump of the initial state, which counts at nodes")
    } else {
        None
    }
}

/// Whether two functions differ, and jump.
fn jump_differs(function: &Function, other: &Function) -> bool {
    match function {
        Function::Formula(formula) => {
            function != other && !formula.expression.jumps().parts.is_empty()
        }
        Function::Number(_) => false,
    }
}
