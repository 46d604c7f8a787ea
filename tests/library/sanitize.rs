//! Every kernel on a few small fields, for Miri and sanitizers, which check accesses to memory.
//! `bits.rs` checks the numbers.

#![allow(clippy::expect_used, reason = "a test may panic")]

use crate::definition::{advance, advance_rows, advanced, assert_bits};
use diff2d::stencil::{Element, Kernel, LevelsPerSweep, Stencil, Tile};
use ndarray::Array2;

/// Steps with such an `r`, from values between `least` and 1.
fn walk<T: Element>(kernel: Kernel, r: f64, least: f64) {
    let r = T::from_f64(r);
    let shapes = [
        // (ny, nx), tile, steps
        ((3, 3), "1x1x1", 2),
        ((7, 41), "4x19x3", 4),
        ((11, 43), "6x43x5", 5),
        ((12, 150), "50x50x4", 6),
        ((90, 41), "90x41x4", 20),
        ((40, 30), "38x28x4", 8),
        ((40, 150), "38x148x4", 8),
    ];
    // Under Miri a step takes seconds, and waiting for a thread takes minutes.
    let (shapes, threads) = if cfg!(miri) {
        (&shapes[..3], 1)
    } else {
        (&shapes[..], 2)
    };
    for &((ny, nx), tile, steps) in shapes {
        let tile: Tile = tile.parse().expect("a tile");
        let start = Array2::from_shape_fn((ny, nx), |(j, i)| {
            let share = ((j * 7919 + i * 104_729) % 1000) as f64 / 999.0;
            T::from_f64(least + share * (1.0 - least))
        });
        let stencil = Stencil::new(r)
            .with_kernel(kernel)
            .with_tile(tile)
            .with_levels_per_sweep(LevelsPerSweep::Two);
        let want = advanced(r, &start, steps);

        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        let (mut field, mut spare) = (start.clone(), start.clone());
        pool.install(|| advance(&stencil, &mut field, &mut spare, steps));
        assert_bits(
            field.view(),
            want.view(),
            &format!("{kernel} {ny}x{nx}: many passes"),
        );

        let mut target = start.clone();
        advance_rows(&stencil, start.view(), target.view_mut(), 0..ny, steps);
        assert_bits(
            target.view(),
            want.view(),
            &format!("{kernel} {ny}x{nx}: one pass"),
        );
    }
}

#[test]
fn all_kernels_keep_to_their_memory() {
    for kernel in Kernel::available() {
        // Where r is a quarter, all but the scalar one compute two levels in one sweep, of a smooth field with other
        // operations than of others.
        for (r, least) in [(0.2, -1.0), (0.25, -1.0), (0.25, 0.9)] {
            walk::<f64>(kernel, r, least);
            walk::<f32>(kernel, r, least);
        }
    }
}
