//! [`Transform`]: sine, cosine and Fourier transforms of real lines.

use crate::{
    ends::EndWalls,
    fourier::{Fourier, turn},
    values::{Value, Work},
};
use diff2d_sys::vectorised;

/// The transform in whose basis the five-point Laplacian along an axis is diagonal.
///
/// A line is continued beyond its walls, where it is odd about a fixed wall and even about a wall with a flux, until it
/// repeats itself or its negative. Its coefficients are those of Fourier's transform of that.
pub(crate) struct Transform {
    fourier: Fourier,
    /// The places of the nodes of a line and of their images in its continuation.
    nodes: Continuation,
    /// The places of the coefficients of a line and of their images among those of its continuation.
    coefficients: Continuation,
    /// Whether the continuation is odd about the first node, so that its coefficients are imaginary.
    is_odd: bool,
    is_periodic: bool,
    /// The factors that shift the coefficients by half a number, if the continuation repeats its negative.
    half_turns: Vec<[f64; 2]>,
}

/// The place and the images of the values of a line.
#[derive(Clone, Copy)]
struct Continuation {
    /// The place of the first value.
    first_place: usize,
    /// The place of a value and that of its image, added up.
    sum: usize,
    /// Whether images have the other sign.
    is_negative: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Direction {
    Forward,
    Inverse,
}

impl Transform {
    pub(crate) fn new(ends: EndWalls, nodes: usize) -> Self {
        let [is_odd, is_fixed_at_end] = ends.are_fixed();
        let is_periodic = ends == EndWalls::Periodic;
        let intervals = nodes - 1;
        let len = if is_periodic {
            intervals
        } else {
            2 * intervals
        };
        let repeats_its_negative = is_odd != is_fixed_at_end;
        let first_node = ends.transformed(nodes).start;
        let half_turns = if repeats_its_negative { len } else { 0 };
        Self {
            fourier: Fourier::new(len),
            nodes: Continuation {
                first_place: first_node,
                sum: len,
                is_negative: is_fixed_at_end,
            },
            coefficients: Continuation {
                first_place: if repeats_its_negative { 0 } else { first_node },
                sum: len - usize::from(repeats_its_negative),
                is_negative: is_odd,
            },
            is_odd,
            is_periodic,
            half_turns: (0..half_turns)
                .map(|j| turn(j as u64, 2 * len as u64))
                .collect(),
        }
    }

    /// The reciprocal of the factor that a transform and its inverse apply together.
    pub(crate) fn scale(&self) -> f64 {
        1.0 / self.fourier.len() as f64
    }

    /// Replaces the values of lines at their transformed nodes by their coefficients, or the other way round.
    pub(crate) fn apply(&self, values: &mut [Value], direction: Direction, work: &mut Work) {
        vectorised(
            #[inline(always)]
            || self.apply_here(values, direction, work),
        );
    }

    #[inline(always)]
    fn apply_here(&self, values: &mut [Value], direction: Direction, work: &mut Work) {
        let (source, target) = match direction {
            Direction::Forward => (self.nodes, self.coefficients),
            Direction::Inverse => (self.coefficients, self.nodes),
        };
        let mut extended = std::mem::take(&mut work.extended);
        extended.clear();
        if self.is_periodic {
            extended.extend_from_slice(values);
        } else {
            extended.resize(self.fourier.len(), Value::ZERO);
            source.extend(values, &mut extended);
        }
        if direction == Direction::Forward {
            self.shift(&mut extended);
        }
        self.fourier.transform(&mut extended, work);
        if direction == Direction::Inverse {
            self.shift(&mut extended);
        }
        if self.is_periodic {
            // Hartley's transform has real coefficients, and is its own inverse.
            for (k, value) in values.iter_mut().enumerate() {
                let image = extended[if k == 0 { 0 } else { extended.len() - k }];
                let (sum, difference) = (extended[k] + image, extended[k] - image);
                *value = (sum + difference.times_i()).scaled(0.5);
            }
        } else {
            for (value, sum) in values.iter_mut().zip(&extended[target.first_place..]) {
                *value = if self.is_odd { sum.times_i() } else { *sum };
            }
        }
        work.extended = extended;
    }

    #[inline(always)]
    fn shift(&self, extended: &mut [Value]) {
        for (value, half_turn) in extended.iter_mut().zip(&self.half_turns) {
            *value = value.times(*half_turn);
        }
    }
}

impl Continuation {
    /// Writes values and their images to their places among zeros.
    #[inline(always)]
    fn extend(self, values: &[Value], extended: &mut [Value]) {
        let sign = if self.is_negative { -1.0 } else { 1.0 };
        for (k, value) in values.iter().enumerate() {
            let place = self.first_place + k;
            let image = self.sum - place;
            if image < extended.len() {
                extended[image] = value.scaled(sign);
            }
            // A value whose image is in its own place counts once.
            extended[place] = *value;
        }
    }
}
