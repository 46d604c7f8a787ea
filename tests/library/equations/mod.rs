//! Every kernel, tile and number of threads gives the bits of the definition, for every kind of
//! equation and wall.

#![allow(
    clippy::expect_used,
    clippy::needless_range_loop,
    reason = "a test may panic; indices count nodes of several arrays"
)]

mod formulas;

use crate::common::{sample_size, seed::random_cases};
use crate::definition::{assert_bits, every_way};
use diff2d::{
    Field, Real,
    comm::{Channels, Comm as _, Link},
    internal::{Dynamics, Method, Slab, solver},
    stencil::{
        Coefficient, Element, Equation, Ghost, Knowledge, MAX_DEPTH, Operator, Products, Rkl2,
        Side, Stencil, Table, Tile, Walls, Weight,
    },
};
use formulas::Setup;
use ndarray::Array2;
use proptest::prelude::*;
use std::{ops::Range, slice};

/// Random numbers from 0 to 1 (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn array<T: Real>(&mut self, shape: (usize, usize), scale: f64) -> Array2<T> {
        Array2::from_shape_simple_fn(shape, || T::from_f64(scale * self.next()))
    }

    /// A table for a side of `nodes` nodes, of which the last is the first one again if `is_closed`.
    fn table<T: Real>(
        &mut self,
        (nodes, is_closed): (usize, bool),
        steps: usize,
        offset: f64,
    ) -> Table<T> {
        let entries = if self.next() < 0.5 { 1 } else { steps + 1 };
        let mut values: Vec<T> = (0..nodes * entries)
            .map(|_| T::from_f64(offset + self.next()))
            .collect();
        if is_closed {
            values
                .chunks_exact_mut(nodes)
                .for_each(|entry| entry[nodes - 1] = entry[0]);
        }
        Table::new(nodes, values)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Diffusion {
    Isotropic,
    Anisotropic,
    Variable,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Wall {
    Held,
    Given,
    Ghost,
}

/// A coefficient of the nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Factor {
    /// The number that changes nothing.
    None,
    Number,
    Array,
    /// An array with zeros among its numbers.
    Zeros,
}

/// The walls at both ends of an axis; `None` if it is periodic.
type Ends = Option<(Wall, Wall)>;

#[derive(Clone, Debug)]
struct Case {
    shape: (usize, usize),
    tile: Tile,
    threads: usize,
    steps: usize,
    diffusion: Diffusion,
    has_source: bool,
    /// Products of a source that depends on time, where there is no other.
    products: usize,
    rate: Factor,
    loss: Factor,
    along_x: Ends,
    along_y: Ends,
    seed: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let length = || prop_oneof![3 => 3..40_usize, 2 => 40..150_usize];
    let wall = || prop_oneof![Just(Wall::Held), Just(Wall::Given), Just(Wall::Ghost)];
    let ends = || proptest::option::weighted(0.75, (wall(), wall()));
    let depth = prop_oneof![9 => 1..=24_usize, 1 => 25..=MAX_DEPTH / 2];
    let tile = (1..100_usize, 1..150_usize, depth).prop_map(|(rows, columns, depth)| Tile {
        rows,
        columns,
        depth,
    });
    let diffusion = prop_oneof![
        Just(Diffusion::Isotropic),
        Just(Diffusion::Anisotropic),
        Just(Diffusion::Variable)
    ];
    let factor = || {
        prop_oneof![
            3 => Just(Factor::None),
            1 => Just(Factor::Number),
            1 => Just(Factor::Array),
            1 => Just(Factor::Zeros),
        ]
    };
    let sources = (any::<bool>(), prop_oneof![2 => Just(0), 1 => 1..=3_usize]);
    let equation = (diffusion, sources, factor(), factor());
    (
        ((length(), length()), tile, 1..=3_usize, 1..60_usize),
        (equation, ends(), ends(), any::<u64>()),
    )
        .prop_map(|((shape, tile, threads, steps), rest)| {
            let ((diffusion, (has_source, products), rate, loss), along_x, along_y, seed) = rest;
            Case {
                shape,
                tile,
                threads,
                steps,
                diffusion,
                has_source,
                products,
                rate,
                loss,
                along_x,
                along_y,
                seed,
            }
        })
}

/// Tall fields with one tile for all of them and a call of many passes, which are pipelined over the threads.
fn tall_case() -> impl Strategy<Value = Case> {
    let sizes = (100..240_usize, 3..60_usize, 1..=24_usize);
    (case(), sizes, 2..=4_usize, 20..100_usize).prop_map(
        |(case, (rows, columns, depth), threads, steps)| Case {
            shape: (rows, columns),
            tile: Tile {
                rows,
                columns,
                depth,
            },
            threads,
            steps,
            ..case
        },
    )
}

impl Case {
    fn setup<T: Real>(&self) -> Setup<T> {
        let mut numbers = Numbers(self.seed);
        let (ny, nx) = self.shape;
        let mut field: Array2<T> = numbers.array((ny, nx), 1.0);
        let operator = match self.diffusion {
            Diffusion::Isotropic => Operator::Isotropic {
                r: T::from_f64(0.25 * numbers.next()),
            },
            Diffusion::Anisotropic => Operator::Anisotropic {
                rx: T::from_f64(0.25 * numbers.next()),
                ry: T::from_f64(0.25 * numbers.next()),
            },
            Diffusion::Variable => Operator::Variable {
                x: numbers.array((ny, nx + 1), 0.25),
                y: numbers.array((ny + 1, nx), 0.25),
            },
        };
        let source = self.has_source.then(|| numbers.array((ny, nx), 0.1));
        let mut coefficient = |factor: Factor, none: f64, scale: f64| match factor {
            Factor::None => Coefficient::Number(T::from_f64(none)),
            Factor::Number => Coefficient::Number(T::from_f64(scale * numbers.next())),
            Factor::Array => Coefficient::Array(numbers.array((ny, nx), scale)),
            Factor::Zeros => {
                let mut array: Array2<T> = numbers.array((ny, nx), scale);
                array.map_inplace(|number| {
                    if numbers.next() < 0.3 {
                        *number = T::default();
                    }
                });
                Coefficient::Array(array)
            }
        };
        let rate = coefficient(self.rate, 1.0, 1.0);
        let loss = coefficient(self.loss, 0.0, 0.2);
        let source = match source {
            Some(source) => Coefficient::Array(source),
            None if self.products == 0 => Coefficient::Number(T::default()),
            None => Coefficient::Products(Products {
                arrays: (0..self.products)
                    .map(|_| numbers.array((ny, nx), 0.1))
                    .collect(),
                factors: (0..self.products * self.steps)
                    .map(|_| T::from_f64(numbers.next() - 0.5))
                    .collect(),
            }),
        };
        let terms = [
            (Weight::Change, rate),
            (Weight::Density, loss),
            (Weight::One, source),
        ];
        let mut equation = Equation::new(operator, terms);
        let mut side = |wall: Wall, nodes: (usize, bool)| match wall {
            Wall::Held => Side::Held,
            Wall::Given => Side::Given(numbers.table(nodes, self.steps, 0.0)),
            Wall::Ghost => Side::Ghost(Ghost {
                mirror: match numbers.next() < 0.8 {
                    true => Table::constant(nodes.0, T::ONE),
                    false => numbers.table(nodes, self.steps, 0.0),
                },
                alpha: numbers.table(nodes, self.steps, -0.5),
                beta: numbers.table(nodes, self.steps, -0.5),
            }),
        };
        let mut pair = |ends: Ends, nodes: (usize, bool)| match ends {
            None => (Side::Periodic, Side::Periodic),
            Some((first, last)) => (side(first, nodes), side(last, nodes)),
        };
        let (left, right) = pair(self.along_x, (ny, self.along_y.is_none()));
        let (bottom, top) = pair(self.along_y, (nx, self.along_x.is_none()));
        // The same points have the same values.
        if self.along_x.is_none() {
            for array in [&mut field].into_iter().chain(of_nodes(&mut equation)) {
                (0..ny).for_each(|j| array[[j, nx - 1]] = array[[j, 0]]);
            }
            if let Operator::Variable { x, y } = &mut equation.operator {
                for j in 0..ny {
                    (x[[j, 0]], x[[j, nx]]) = (x[[j, nx - 1]], x[[j, 1]]);
                }
                (0..=ny).for_each(|j| y[[j, nx - 1]] = y[[j, 0]]);
            }
        }
        if self.along_y.is_none() {
            for array in [&mut field].into_iter().chain(of_nodes(&mut equation)) {
                (0..nx).for_each(|i| array[[ny - 1, i]] = array[[0, i]]);
            }
            if let Operator::Variable { x, y } = &mut equation.operator {
                for i in 0..nx {
                    (y[[0, i]], y[[ny, i]]) = (y[[ny - 1, i]], y[[1, i]]);
                }
                (0..=nx).for_each(|i| x[[ny - 1, i]] = x[[0, i]]);
            }
        }
        let walls = Walls {
            left,
            right,
            bottom,
            top,
        };
        walls.write_given(&mut field, 0);
        Setup {
            field,
            equation,
            walls,
        }
    }

    fn check<T: Element>(&self) {
        let setup = self.setup::<T>();
        let want = setup.advanced(self.steps);
        let stencil = Stencil::of(setup.equation.clone()).with_tile(self.tile);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .build()
            .expect("threads");
        for (stencil, name) in every_way(&stencil) {
            let (mut field, mut spare) = (setup.field.clone(), setup.field.clone());
            let (walls, nothing) = (&setup.walls, &mut Knowledge::default());
            pool.install(|| stencil.advance(walls, nothing, &mut field, &mut spare, self.steps));
            assert_bits(field.view(), want.view(), &format!("{name} {self:?}"));
        }
    }
}

impl Case {
    /// One long step of the solver on ranks of one thread each.
    fn check_super_step<T: Element>(&self, ranks: usize) {
        let stages = self.steps.clamp(2, 21);
        let case = Self {
            steps: stages,
            ..self.clone()
        };
        let setup = case.setup::<T>();
        let want = setup.super_step(stages);
        let (ny, nx) = self.shape;
        let part = |comm: Channels| {
            let halo = if self.steps.is_multiple_of(2) {
                stages
            } else {
                1
            };
            let slab = Slab::new(ny, comm.rank(), ranks, halo).periodic(self.along_y.is_none());
            let rows = slab.held();
            let place = |j: usize| if j < ny { j } else { j - (ny - 1) };
            let lines = |array: &Array2<T>, rows: Range<usize>| {
                let rows: Vec<usize> = rows.map(place).collect();
                array.select(ndarray::Axis(0), &rows)
            };
            let mut state = Field::zeros((rows.len(), nx)).expect("memory");
            state.view_mut().assign(&lines(&setup.field, rows.clone()));
            let cut = |side: &Side<T>| match side {
                Side::Given(table) => Side::Given(rows_of(table, rows.clone().map(place))),
                Side::Ghost(ghost) => Side::Ghost(Ghost {
                    mirror: rows_of(&ghost.mirror, rows.clone().map(place)),
                    alpha: rows_of(&ghost.alpha, rows.clone().map(place)),
                    beta: rows_of(&ghost.beta, rows.clone().map(place)),
                }),
                side => side.clone(),
            };
            let walls = Walls {
                left: cut(&setup.walls.left),
                right: cut(&setup.walls.right),
                ..setup.walls.clone()
            };
            let operator = match &setup.equation.operator {
                Operator::Variable { x, y } => {
                    let below: Vec<usize> = rows.clone().map(place).collect();
                    let last = below.last().map_or(0, |last| last + 1);
                    let below: Vec<usize> = below.into_iter().chain([last]).collect();
                    Operator::Variable {
                        x: lines(x, rows.clone()),
                        y: y.select(ndarray::Axis(0), &below),
                    }
                }
                constant => constant.clone(),
            };
            let mut equation = Equation {
                operator,
                terms: setup.equation.terms.clone(),
            };
            for array in of_nodes(&mut equation) {
                *array = lines(array, rows.clone());
            }
            let dynamics = Dynamics {
                walls,
                method: Method::Rkl2(Rkl2::new(stages)),
                ..Dynamics::constant(equation.clone())
            };
            let stencil = Stencil::of(equation).with_tile(self.tile);
            let mut solver = solver(stencil, dynamics, state, slab).expect("memory");
            solver.advance(1, &comm).expect("walls");
            let own = solver.slab().own_among_held();
            solver.state().as_slice()[own.start * nx..own.end * nx].to_vec()
        };
        let parts = Channels::together(ranks, Link::default(), part).concat();
        let got = Array2::from_shape_vec(self.shape, parts).expect("all rows");
        assert_bits(got.view(), want.view(), &format!("{ranks} ranks {self:?}"));
    }
}

/// The arrays of an equation with an element for each node.
fn of_nodes<T>(equation: &mut Equation<T>) -> impl Iterator<Item = &mut Array2<T>> {
    let terms = equation.terms.iter_mut();
    terms.flat_map(|term| match &mut term.coefficient {
        Coefficient::Number(_) => &mut [],
        Coefficient::Array(array) => slice::from_mut(array),
        Coefficient::Products(products) => &mut products.arrays[..],
    })
}

/// A table for some of the nodes.
fn rows_of<T: Real>(table: &Table<T>, nodes: impl Iterator<Item = usize> + Clone) -> Table<T> {
    let (all, values) = table.parts();
    let of_entry = |entry: &[T]| -> Vec<T> { nodes.clone().map(|node| entry[node]).collect() };
    let values: Vec<T> = values.chunks(all).flat_map(of_entry).collect();
    Table::new(nodes.count(), values)
}

/// The state after losses of half of each value, from the values before: nothing diffuses.
#[test]
fn a_loss_takes_of_the_value_before_the_step_and_rate_zero_of_nothing() {
    let shape = (9, 40);
    let mut rate = Array2::from_elem(shape, 1.0);
    rate[[4, 20]] = 0.0;
    let equation = Equation::new(
        Operator::Isotropic { r: 0.0 },
        [
            (Weight::Change, Coefficient::Array(rate)),
            (Weight::Density, Coefficient::Number(0.5)),
        ],
    );
    for (stencil, name) in every_way(&Stencil::of(equation)) {
        let mut field = Array2::from_elem(shape, 0.1);
        let mut spare = field.clone();
        let nothing = &mut Knowledge::default();
        stencil.advance(&Walls::held(), nothing, &mut field, &mut spare, 3);
        let at = [field[[4, 20]], field[[4, 21]], field[[0, 21]]];
        assert_eq!(at, [0.1, 0.1 / 8.0, 0.1], "{name}");
    }
}

/// Stages add parts of what they start from, whose sum is rounded: a node of rate 0 is left out of that.
#[test]
fn a_node_of_rate_zero_keeps_its_bits_in_super_steps() {
    let shape = (9, 40);
    let mut rate = Array2::from_elem(shape, 0.5);
    rate[[4, 20]] = 0.0;
    let equation = Equation::new(
        Operator::Isotropic { r: 1.0 },
        [(Weight::Change, Coefficient::Array(rate))],
    );
    let stencil = Stencil::of(equation);
    for stages in [2, 3, 5, 9, 21] {
        let mut field = Numbers(1).array::<f64>(shape, 1.0);
        field[[4, 20]] = 0.1;
        let mut after = field.clone();
        let all = 0..shape.0;
        let method = Rkl2::new(stages);
        stencil.rkl2_step(&method, &Walls::held(), field.view(), after.view_mut(), all);
        assert_eq!(after[[4, 20]].to_bits(), 0.1_f64.to_bits(), "{stages}");
        assert_ne!(after[[4, 21]], field[[4, 21]], "{stages}");
    }
}

proptest! {
    #![proptest_config(random_cases(sample_size(120, 120, 12)))]

    #[test]
    fn kernels_give_the_bits_of_the_definition(case in case()) {
        case.check::<f64>();
        case.check::<f32>();
    }

    #[test]
    fn pipelined_passes_give_the_bits_of_the_definition(case in tall_case()) {
        case.check::<f64>();
        case.check::<f32>();
    }

    #[test]
    fn super_steps_have_the_bits_of_the_formulas(case in case(), ranks in 1_usize..4) {
        // Every rank has rows.
        let ranks = ranks.min(case.shape.0 - 2);
        case.check_super_step::<f64>(ranks);
        case.check_super_step::<f32>(1);
    }
}
