//! The places along a line at which a formula jumps.

use super::jumps::{Jump, Outcome};

/// How places on a line are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// The distance of the two bounds between which a place is known.
    pub smallest: f64,
    /// The width of a part of the line in which a change is taken for the only one. In wider parts ranges of values have
    /// to prove that.
    pub narrow: f64,
    /// The largest number of places. If there would be more, some are known to less than `smallest`.
    pub most: usize,
}

/// A part of a formula on a line parallel to an axis.
struct Line {
    jump: Jump,
    /// The bounds of the variables, of which only that along the line counts.
    bounds: Vec<[f64; 2]>,
}

impl Jump {
    /// The places at which the value may jump while the variable with the number `variable` lies within bounds and the
    /// others have their values in `point`: in ascending order, each between two bounds.
    #[must_use]
    pub fn places_along(
        &self,
        variable: usize,
        point: &[f64],
        bounds: [f64; 2],
        search: Search,
    ) -> Vec<[f64; 2]> {
        let mut line = Line {
            jump: self.on_line(variable, point),
            bounds: vec![bounds; variable + 1],
        };
        let mut places = Vec::new();
        let mut parts = vec![bounds];
        parts.retain(|&part| line.may_jump_in(part));
        while !parts.is_empty() {
            let (mut halves, mut wide_parts) = (Vec::new(), Vec::new());
            for &[from, to] in &parts {
                let middle = f64::midpoint(from, to);
                if to - from <= search.smallest || middle <= from || to <= middle {
                    places.push([from, to]);
                } else if let Some(place) = line.only_place_in([from, to], search) {
                    places.push(place);
                } else {
                    wide_parts.push([from, to]);
                    halves.extend([[from, middle], [middle, to]]);
                }
            }
            halves.retain(|&half| line.may_jump_in(half));
            if places.len() + halves.len() > search.most {
                places.extend(wide_parts);
                break;
            }
            parts = halves;
        }
        places.sort_unstable_by(|one, other| one[0].total_cmp(&other[0]));
        places
    }
}

impl Line {
    fn may_jump_in(&mut self, bounds: [f64; 2]) -> bool {
        self.bounds.fill(bounds);
        self.jump.may_lie_in(&self.bounds)
    }

    fn outcome_at(&mut self, value: f64) -> Outcome {
        self.bounds.fill([value; 2]);
        self.jump.outcome_at(&self.bounds)
    }

    /// The bounds of the only place in a part of the line; `None` if there may be others, or none.
    fn only_place_in(&mut self, [from, to]: [f64; 2], search: Search) -> Option<[f64; 2]> {
        let outcomes = [from, to].map(|value| self.outcome_at(value));
        if outcomes[0].value == outcomes[1].value {
            return None;
        }
        let [change_start, change_end] = self.change_between([from, to], outcomes, search.smallest);
        let is_only = to - from <= search.narrow
            || !self.may_jump_in([from, change_start]) && !self.may_jump_in([change_end, to]);
        is_only.then_some([change_start, change_end])
    }

    /// Two values, at a distance of at most `smallest`, between which the outcome changes. It is different at the two
    /// bounds.
    ///
    /// Source: I. F. D. Oliveira and R. H. C. Takahashi, "An enhancement of the bisection method average performance
    /// preserving minmax optimality", ACM Transactions on Mathematical Software 47, 2020: interpolate, move towards
    /// the middle, and stay so near to it that the bounds approach each other as fast as by bisection but for one step.
    fn change_between(
        &mut self,
        [mut from, mut to]: [f64; 2],
        outcomes: [Outcome; 2],
        smallest: f64,
    ) -> [f64; 2] {
        /// The move towards the middle, relative to the square of the distance; at least a few roundings.
        const MOVE: f64 = 0.2;
        const ROUNDINGS: f64 = 4.0;
        let value_before = outcomes[0].value;
        let mut differences = outcomes.map(|outcome| outcome.difference.unwrap_or(f64::NAN));
        let width = to - from;
        let mut largest_width = width;
        while to - from > smallest {
            let middle = f64::midpoint(from, to);
            if middle <= from || to <= middle {
                break;
            }
            let reach = (largest_width - (to - from) / 2.0).max(0.0);
            let interpolated =
                from + (to - from) * differences[0] / (differences[0] - differences[1]);
            let distance = middle - interpolated;
            let shift = (MOVE * (to - from) * (to - from) / width).max(ROUNDINGS * smallest);
            let shift = shift.min(distance.abs()).copysign(distance);
            let guess = (interpolated + shift).clamp(middle - reach, middle + reach);
            // A difference that is not finite gives no guess.
            let value = if from < guess && guess < to {
                guess
            } else {
                middle
            };
            let outcome = self.outcome_at(value);
            let difference = outcome.difference.unwrap_or(f64::NAN);
            if outcome.value == value_before {
                (from, differences[0]) = (value, difference);
            } else {
                (to, differences[1]) = (value, difference);
            }
            largest_width /= 2.0;
        }
        [from, to]
    }
}

#[cfg(test)]
mod tests {
    use super::Search;
    use crate::Expression;
    use std::f64::consts::PI;

    #[test]
    fn places_are_found_to_rounding_and_none_is_missed() {
        for (text, y, expected) in [
            ("hypot(x, y) < 0.5", 0.3, &[0.4][..]),
            (
                "sin(20*x)*sin(20*y) > 0",
                0.1,
                &[PI / 20.0, PI / 10.0, 3.0 * PI / 20.0],
            ),
            ("x*x - x*y - 3*x < -0.75", 0.0, &[0.275_255_128_608_411]),
            ("abs(x + y - 0.5) < 1e-7", 0.1, &[0.4 - 1e-7, 0.4 + 1e-7]),
            ("floor(10*x + y)", 0.5, &[0.05, 0.15, 0.25, 0.35, 0.45]),
            ("(3*x + y) % 0.3", 0.0, &[0.1, 0.2, 0.3, 0.4]),
            ("where(max(x - y, 0), 1, 2)", 0.2, &[0.2]),
            ("exp(-x/y) < exp(-1)", 0.1, &[0.1]),
        ] {
            let jumps = Expression::parse(text, &["x", "y"]).unwrap().jumps().parts;
            let jump = jumps.last().unwrap();
            let search = Search {
                smallest: 1e-16,
                narrow: 1e-4,
                most: 64,
            };
            let places = jump.places_along(0, &[0.0, y], [0.01, 0.499], search);
            for (place, expected) in places.iter().zip(expected) {
                assert!(place[1] - place[0] < 2e-16, "{text}: {places:?}");
                assert!((place[0] - expected).abs() < 1e-15, "{text}: {places:?}");
            }
            assert_eq!(places.len(), expected.len(), "{text}: {places:?}");
        }
    }
}
