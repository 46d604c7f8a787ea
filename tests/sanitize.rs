//! Every kernel on a few small fields, for Miri and sanitizers, which check accesses to memory.
//! `bits.rs` checks the numbers.

#![allow(clippy::expect_used, reason = "a test may panic")]

mod definition;

use definition::{advanced, assert_bits};
use diff2d::stencil::{Element, Kernel, Stencil, Tile};
use ndarray::Array2;

fn walk<T: Element>(kernel: Kernel) {
    let r = T::from_f64(0.2);
    let shapes = [
        // (ny, nx), tile, steps
        ((3, 3), "1x1x1", 2),
        ((7, 41), "4x19x3", 4),
        ((11, 43), "6x43x5", 5),
        ((12, 150), "50x50x4", 6),
        ((90, 41), "90x41x4", 20),
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
            T::from_f64(((j * 7919 + i * 104_729) % 1000) as f64 / 999.0 - 0.5)
        });
        let stencil = Stencil::new(r).with_kernel(kernel).with_tile(tile);
        let want = advanced(r, &start, steps);

        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        let (mut field, mut spare) = (start.clone(), start.clone());
        pool.install(|| stencil.advance_many(&mut field, &mut spare, steps));
        assert_bits(
            field.view(),
            want.view(),
            &format!("{kernel} {ny}x{nx}: many passes"),
        );

        let mut target = start.clone();
        stencil.advance(start.view(), target.view_mut(), 0..ny, steps);
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
        walk::<f64>(kernel);
        walk::<f32>(kernel);
    }
}
