//! Steps with fewer operations where a field is smooth give the bits of the definition, whatever the field
//! does: fields at the edges of the conditions, and fields with a single node beyond them.

#![allow(
    clippy::expect_used,
    clippy::needless_pass_by_value,
    reason = "a test may panic; arguments are taken as in the other tests"
)]

mod cases;

use crate::common::{sample_size, seed::random_cases, size};
use crate::definition::{advance, advanced, assert_bits, every_way};
use cases::{Case, case, small_case, tall_case};
use diff2d::{
    Field,
    comm::Solo,
    internal::{Dynamics, Slab, solver},
    stencil::{Element, Kernel, Knowledge, Side, Stencil, Tile, Walls},
};
use ndarray::Array2;
use proptest::prelude::*;
use std::f64::consts::PI;

impl Case {
    /// On threads of its own.
    fn check<T: Element>(&self) {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .build()
            .expect("a pool");
        pool.install(|| self.check_here::<T>());
    }

    fn check_here<T: Element>(&self) {
        let start = self.field::<T>();
        let r = self.r::<T>();
        let mut wanted = vec![start.clone()];
        for &steps in &self.steps {
            let next = advanced(r, &wanted[wanted.len() - 1], steps as usize);
            wanted.push(next);
        }
        let (mut state, mut spare) = (start.clone(), start.clone());
        for (stencil, name) in every_way(&Stencil::new(r).with_tile(self.tile)) {
            state.assign(&start);
            let knowledge = &mut Knowledge::default();
            for (&steps, want) in self.steps.iter().zip(&wanted[1..]) {
                let (walls, steps) = (&Walls::held(), steps as usize);
                stencil.advance(walls, knowledge, &mut state, &mut spare, steps);
                assert_bits(state.view(), want.view(), &name);
            }
        }
    }
}

proptest! {
    #![proptest_config(random_cases(sample_size(70, 70, 8)))]

    #[test]
    fn a_field_on_the_edges_f64(case in case()) {
        case.check::<f64>();
    }

    #[test]
    fn a_field_on_the_edges_f32(case in case()) {
        case.check::<f32>();
    }

    #[test]
    fn pipelined_passes_f64(case in tall_case()) {
        case.check::<f64>();
    }

    #[test]
    fn pipelined_passes_f32(case in tall_case()) {
        case.check::<f32>();
    }

}

/// 10⁶ cases with `DIFF2D_FULL`.
fn many() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..random_cases(size(500_000, 700))
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn small_fields_f64(case in small_case()) {
        case.check_here::<f64>();
    }

    #[test]
    fn small_fields_f32(case in small_case()) {
        case.check_here::<f32>();
    }
}

/// A pass that finds a NaN late begins again with six operations, while a pass of fewer steps follows it.
#[test]
fn a_pipelined_pass_that_begins_again_finds_its_rows() {
    let case = Case {
        shape: (210, 48),
        tile: Tile {
            rows: 1000,
            columns: 1000,
            depth: 19,
        },
        threads: 2,
        ulps: 0,
        exponent: 0.0,
        steepness: 0.056,
        noise: 0.005,
        zero_walls: true,
        spoiled: vec![(150 * 48 + 20, f64::NAN)],
        steps: vec![59, 73],
        seed: 1,
    };
    (0..sample_size(30, 30, 5)).for_each(|_| case.check::<f64>());
}

/// The four peaks: smooth after a few steps, and then mostly three operations.
#[test]
fn a_smooth_field_takes_three_operations_and_a_rough_one_five() {
    let peak = |n: usize, i: usize| {
        let x = (i as f64 + 0.5) / n as f64 - 0.5;
        1.0 - (1.0 - 4.0 * x.abs()).abs()
    };
    let share = |value: &dyn Fn(usize, usize) -> f64, which: usize| {
        let n = 120;
        let mut state = Field::<f64>::zeros((n, n)).expect("memory");
        for (at, node) in state.as_mut_slice().iter_mut().enumerate() {
            *node = value(at / n, at % n);
        }
        let tile = Tile {
            rows: 60,
            columns: 118,
            depth: 20,
        };
        let stencil = Stencil::new(0.25).with_tile(tile);
        let dynamics = Dynamics::constant(stencil.equation().clone());
        let mut solver = solver(stencil, dynamics, state, Slab::whole(n)).expect("memory");
        for _ in 0..10 {
            solver.advance(100, &Solo).expect("walls");
        }
        let updates = solver.updates();
        assert_eq!(updates.iter().sum::<u64>(), 118 * 118 * 1000, "{updates:?}");
        updates[which] as f64 / (118.0 * 118.0 * 1000.0)
    };
    if Kernel::detect() == Kernel::Portable {
        return;
    }
    assert!(share(&|j, i| peak(120, j) * peak(120, i), 0) > 0.9);
    let checkerboard = |j: usize, i: usize| if (j + i).is_multiple_of(2) { 1.0 } else { -1.0 };
    assert!(share(&checkerboard, 1) > 0.9);
    assert!(share(&|j, i| checkerboard(j, i) * 1e-300, 2) > 0.9);
}

/// Thousands of levels after the only check, in `f32`, whose certificate ends.
#[test]
fn a_smooth_field_stays_smooth_for_thousands_of_steps_in_f32() {
    // A smaller field would be advanced level by level.
    let n = 48;
    let start = Array2::from_shape_fn((n, n), |(j, i)| 1.0 + 0.01 * ((j * i) as f32).sin());
    let tile = Tile {
        rows: 46,
        columns: 46,
        depth: 64,
    };
    let (mut state, mut spare) = (start.clone(), start.clone());
    let stencil = Stencil::new(0.25_f32).with_tile(tile);
    advance(&stencil, &mut state, &mut spare, 20_000);
    let want = advanced(0.25, &start, 20_000);
    assert_bits(state.view(), want.view(), "f32");
}

/// A smooth field that fades leaves the range of scaled levels long after its values were looked at.
#[test]
fn a_smooth_field_fades_beyond_the_normal_numbers() {
    fn check<T: Element>(most: usize, normal: f64) {
        // Each step takes 0.93 of the values.
        let start = Array2::from_shape_fn((7, 60), |(j, i)| {
            let along_y = [0.0, 0.5, 0.75_f64.sqrt(), 1.0, 0.75_f64.sqrt(), 0.5, 0.0][j];
            T::from_f64(along_y * (1.0 + 0.01 * (i as f64 * PI / 30.0).sin()))
        });
        let walls = Walls {
            left: Side::Periodic,
            right: Side::Periodic,
            ..Walls::held()
        };
        let quarter = Stencil::new(T::from_f64(0.25));
        for (columns, depth) in [(60, 5), (30, 4), (21, 2)] {
            let tile = Tile {
                rows: 5,
                columns,
                depth,
            };
            let [fast, by_definition] = [Kernel::detect(), Kernel::Scalar]
                .map(|kernel| quarter.clone().with_kernel(kernel).with_tile(tile));
            let (mut state, mut spare) = (start.clone(), start.clone());
            let (mut want, mut spare_want) = (start.clone(), start.clone());
            let mut knowledge = Knowledge::default();
            for steps in [447, 300].into_iter().cycle().take(most / 373) {
                fast.advance(&walls, &mut knowledge, &mut state, &mut spare, steps);
                let nothing = &mut Knowledge::default();
                by_definition.advance(&walls, nothing, &mut want, &mut spare_want, steps);
                assert_bits(state.view(), want.view(), &format!("{tile} {steps}"));
            }
            assert!(state.iter().all(|p| p.to_f64() < normal));
            let updates = knowledge.updates();
            let has_all = updates.iter().filter(|&&count| count > 0).count() >= 2;
            assert!(
                has_all || Kernel::detect() == Kernel::Portable,
                "{updates:?}"
            );
        }
    }
    check::<f64>(13_000, f64::MIN_POSITIVE);
    check::<f32>(2_000, f64::from(f32::MIN_POSITIVE));
}

/// A tile beside one in which nothing is wrong: its own part of a held wall counts.
#[test]
fn a_wall_of_a_tile_may_be_beyond_its_range() {
    let tile = Tile {
        rows: 40,
        columns: 64,
        depth: 16,
    };
    for (wall, inside) in [(1e305, 0.0), (3e-308, 0.0), (-1.0, 1.0), (-1e-3, 1.0)] {
        let start = Array2::from_shape_fn((42, 200), |(j, i)| match (j, i) {
            (0, 100..) => wall,
            _ => inside,
        });
        let want = advanced(0.25, &start, 32);
        for (stencil, name) in every_way(&Stencil::new(0.25).with_tile(tile)) {
            let (mut state, mut spare) = (start.clone(), start.clone());
            advance(&stencil, &mut state, &mut spare, 32);
            assert_bits(state.view(), want.view(), &format!("{name}, {wall:e}"));
        }
    }
}

/// A tile that is a pass ahead has checked a later state than the one that its neighbour reads.
#[test]
fn passes_of_one_step_know_nothing_of_the_tiles_around_them() {
    let rows = [49.0, 49.0, 5.0, 25.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    let start = Array2::from_shape_fn((rows.len(), 40), |(j, _)| rows[j]);
    let walls = Walls {
        left: Side::Periodic,
        right: Side::Periodic,
        ..Walls::held()
    };
    let tile = Tile {
        rows: 4,
        columns: 40,
        depth: 1,
    };
    let advanced = |stencil: &Stencil<f64>| {
        let (mut state, mut spare) = (start.clone(), start.clone());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let pool = pool.expect("a pool");
        let nothing = &mut Knowledge::default();
        pool.install(|| stencil.advance(&walls, nothing, &mut state, &mut spare, 2));
        state
    };
    let stencil = Stencil::new(0.25_f64.next_up()).with_tile(tile);
    let want = advanced(&stencil.clone().with_kernel(Kernel::Scalar));
    for (stencil, name) in every_way(&stencil) {
        assert_bits(advanced(&stencil).view(), want.view(), &name);
    }
}
