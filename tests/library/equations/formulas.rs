//! The definition of a step, node by node over a whole field, and the formulas of a super-step.

use diff2d::{
    Real,
    stencil::{Coefficient, Equation, Operator, Products, Side, Table, Walls, Weight},
};
use ndarray::Array2;
use std::ops::Range;

/// The numbers that a case stands for.
pub struct Setup<T> {
    pub field: Array2<T>,
    pub equation: Equation<T>,
    pub walls: Walls<T>,
}

/// The values of a table's entry, whichever the step; the tables of this test are read by their text.
fn entry<T: Real>(table: &Table<T>, step: usize, node: usize) -> T {
    let (nodes, values) = table.parts();
    let entries = values.len() / nodes;
    values[step.min(entries - 1) * nodes + node]
}

impl<T: Real> Setup<T> {
    /// The rows and columns that are computed.
    fn computed(&self) -> (Range<usize>, Range<usize>) {
        let (ny, nx) = self.field.dim();
        let first = |side: &Side<T>| usize::from(!matches!(side, Side::Ghost(_) | Side::Periodic));
        let Walls {
            left,
            right,
            bottom,
            top,
        } = &self.walls;
        (
            first(bottom)..ny - first(top),
            first(left)..nx - first(right),
        )
    }

    /// What a node has in the term of a weight in the step after `step` steps, if the equation has that term.
    fn coefficient(&self, weight: Weight, step: usize, at: [usize; 2]) -> Option<T> {
        let mut terms = self.equation.terms.iter();
        let term = terms.find(|term| term.weight == weight)?;
        Some(match &term.coefficient {
            Coefficient::Number(number) => *number,
            Coefficient::Array(array) => array[at],
            Coefficient::Products(Products { arrays, factors }) => {
                let products = arrays.iter().zip(&factors[step * arrays.len()..]);
                products
                    .map(|(array, factor)| *factor * array[at])
                    .reduce(|sum, product| sum + product)
                    .unwrap_or_default()
            }
        })
    }

    /// `r rate` of a node, if the equation has one coefficient and nothing but rates that vary: then the increment is the
    /// Laplacian, by which this is multiplied.
    fn rate(&self, at: [usize; 2]) -> Option<T> {
        let (Operator::Isotropic { r }, [term]) =
            (&self.equation.operator, &self.equation.terms[..])
        else {
            return None;
        };
        match (term.weight, &term.coefficient) {
            (Weight::Change, Coefficient::Array(rate)) => Some(*r * rate[at]),
            _ => None,
        }
    }

    /// What a step adds to the state at each computed node, all terms included; walls are those of entry
    /// `step` of their tables.
    fn increments(&self, p: &Array2<T>, step: usize) -> Array2<T> {
        let (ny, nx) = p.dim();
        let (rows, columns) = self.computed();
        let walls = &self.walls;
        let beyond = |side: &Side<T>, node: usize, inner: T, outermost: T, around: T| match side {
            Side::Ghost(ghost) => {
                let [m, a, b] = [&ghost.mirror, &ghost.alpha, &ghost.beta]
                    .map(|table| entry(table, step, node));
                m * inner + (a - b * outermost)
            }
            _ => around,
        };
        let is_plain = self.equation.terms.is_empty();
        let mut increments = Array2::from_elem((ny, nx), T::default());
        for j in rows {
            for i in columns.clone() {
                let centre = p[[j, i]];
                let w = match i {
                    0 => beyond(&walls.left, j, p[[j, 1]], centre, p[[j, nx - 2]]),
                    _ => p[[j, i - 1]],
                };
                let e = match i {
                    _ if i + 1 == nx => beyond(&walls.right, j, p[[j, i - 1]], centre, p[[j, 1]]),
                    _ => p[[j, i + 1]],
                };
                let n = match j {
                    0 => beyond(&walls.bottom, i, p[[1, i]], centre, p[[ny - 2, i]]),
                    _ => p[[j - 1, i]],
                };
                let s = match j {
                    _ if j + 1 == ny => beyond(&walls.top, i, p[[j - 1, i]], centre, p[[1, i]]),
                    _ => p[[j + 1, i]],
                };
                let two = T::ONE + T::ONE;
                let increment = match &self.equation.operator {
                    Operator::Isotropic { .. } if self.rate([j, i]).is_some() => {
                        let sum = (s + e) + (n + w);
                        (T::default() - T::FOUR).mul_add(centre, sum)
                    }
                    Operator::Isotropic { r } if is_plain => {
                        *r * ((((s + n) + e) + w) - T::FOUR * centre)
                    }
                    Operator::Isotropic { r: rx } | Operator::Anisotropic { rx, .. } => {
                        let ry = match &self.equation.operator {
                            Operator::Anisotropic { ry, .. } => ry,
                            _ => rx,
                        };
                        (*rx * ((e + w) - two * centre)) + (*ry * ((s + n) - two * centre))
                    }
                    Operator::Variable { x, y } => {
                        let (fe, fw) = (x[[j, i + 1]] * (e - centre), x[[j, i]] * (centre - w));
                        let (fs, fn_) = (y[[j + 1, i]] * (s - centre), y[[j, i]] * (centre - n));
                        (fe - fw) + (fs - fn_)
                    }
                };
                let [source, rate, loss] = [Weight::One, Weight::Change, Weight::Density]
                    .map(|weight| self.coefficient(weight, step, [j, i]));
                let gain = source.map_or(increment, |source| increment + source);
                increments[[j, i]] = match (rate, loss) {
                    _ if self.rate([j, i]).is_some() => gain,
                    (None, None) => gain,
                    _ => {
                        let (rate, loss) = (rate.unwrap_or(T::ONE), loss.unwrap_or_default());
                        rate * (gain - loss * centre)
                    }
                };
            }
        }
        increments
    }

    /// A state whose computed nodes are `value`, and whose walls are those after `step` steps.
    fn state(&self, step: usize, value: impl Fn([usize; 2]) -> T) -> Array2<T> {
        let mut state = self.field.clone();
        let (rows, columns) = self.computed();
        for j in rows {
            columns.clone().for_each(|i| state[[j, i]] = value([j, i]));
        }
        self.walls.write_given(&mut state, step);
        state
    }

    /// The state after `steps` steps by the definition, one whole field after the other.
    pub fn advanced(&self, steps: usize) -> Array2<T> {
        (0..steps).fold(self.field.clone(), |p, step| {
            let increments = self.increments(&p, step);
            self.state(step + 1, |at| match self.rate(at) {
                Some(rate) => rate.mul_add(increments[at], p[at]),
                None => p[at] + increments[at],
            })
        })
    }

    /// This problem for what a state differs by from the one before the step, `start`, in stage `step` after the first:
    /// without a source that does not change, and between walls that give the change of what lies at or beyond them.
    fn of_differences(&self, start: &Array2<T>, step: usize) -> Self {
        let (ny, nx) = start.dim();
        let change = |side: &Side<T>, nodes: usize, start: &dyn Fn(usize) -> [T; 2]| {
            let now = |table: &Table<T>| (0..nodes).map(|k| entry(table, step, k)).collect();
            let by = |table: &Table<T>, k| entry(table, step, k) - entry(table, 0, k);
            match side {
                Side::Given(table) => Side::Given(Table::new(
                    nodes,
                    (0..nodes).map(|k| by(table, k)).collect(),
                )),
                Side::Ghost(ghost) => {
                    let alpha = (0..nodes).map(|k| {
                        let [inner, outermost] = start(k);
                        let [m, a, b] =
                            [&ghost.mirror, &ghost.alpha, &ghost.beta].map(|table| by(table, k));
                        m * inner + (a - b * outermost)
                    });
                    Side::Ghost(diff2d::stencil::Ghost {
                        mirror: Table::new(nodes, now(&ghost.mirror)),
                        alpha: Table::new(nodes, alpha.collect()),
                        beta: Table::new(nodes, now(&ghost.beta)),
                    })
                }
                side => side.clone(),
            }
        };
        let walls = &self.walls;
        let mut equation = self.equation.clone();
        for term in &mut equation.terms {
            match &mut term.coefficient {
                Coefficient::Products(Products { arrays, factors }) => {
                    let changes = factors.iter().zip(&factors[step * arrays.len()..]);
                    *factors = changes
                        .take(arrays.len())
                        .map(|(first, present)| *present - *first)
                        .collect();
                }
                Coefficient::Array(array) if term.weight == Weight::One => {
                    array.fill(T::default());
                }
                Coefficient::Number(_) | Coefficient::Array(_) => {}
            }
        }
        Self {
            field: Array2::from_elem((ny, nx), T::default()),
            equation,
            walls: Walls {
                left: change(&walls.left, ny, &|j| [start[[j, 1]], start[[j, 0]]]),
                right: change(&walls.right, ny, &|j| {
                    [start[[j, nx - 2]], start[[j, nx - 1]]]
                }),
                bottom: change(&walls.bottom, nx, &|i| [start[[1, i]], start[[0, i]]]),
                top: change(&walls.top, nx, &|i| {
                    [start[[ny - 2, i]], start[[ny - 1, i]]]
                }),
            },
        }
    }

    /// The state after one step of super-time-stepping, by the formulas of Meyer et al. (2014) written for differences
    /// from the state before the step, whose `k`-th stage has entry `k` of the tables.
    pub fn super_step(&self, stages: usize) -> Array2<T> {
        let (s, start) = (stages as f64, &self.field);
        let b = |j: usize| {
            let j = j.max(2) as f64;
            (j * j + j - 2.0) / (2.0 * j * (j + 1.0))
        };
        let w = 4.0 / (s * s + s - 2.0);
        let all = |problem: &Self, p: &Array2<T>| {
            let mut increments = problem.increments(p, 0);
            for ((j, i), value) in increments.indexed_iter_mut() {
                *value = self.rate([j, i]).map_or(*value, |rate| rate * *value);
            }
            increments
        };
        let of_start = all(self, start);
        let m = T::from_f64(b(1) * w);
        let mut before = Array2::from_elem(start.dim(), T::default());
        let mut latest = of_start.mapv(|increment| m * increment);
        for number in 2..=stages {
            let j = number as f64;
            let mu = (2.0 * j - 1.0) / j * b(number) / b(number - 1);
            let nu = -(j - 1.0) / j * b(number) / b(number - 2);
            let [mu, nu, m, q] = [mu, nu, mu * w, b(number - 1) * (mu * w)].map(T::from_f64);
            let changes = self.of_differences(start, number - 1);
            changes.walls.write_given(&mut latest, 0);
            let increments = all(&changes, &latest);
            let next = Array2::from_shape_fn(start.dim(), |(j, i)| {
                let at = [j, i];
                (mu * latest[at] + nu * before[at]) + (m * increments[at] + q * of_start[at])
            });
            (before, latest) = (latest, next);
        }
        self.state(stages, |at| start[at] + latest[at])
    }
}
