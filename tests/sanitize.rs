//! A walk through all the unsafe code in little time, for Miri and sanitizers;
//! everything else about the numbers is in `bits.rs`.

#![allow(
    clippy::expect_used,
    clippy::reversed_empty_ranges,
    reason = "a test may panic; negative ends count from the end"
)]

use diff2d::stencil::{Element, Kernel, Stencil, Tile, scalar};
use ndarray::{Array2, s};

fn expected<T: Element>(r: T, field: &Array2<T>, steps: usize) -> Array2<T> {
    let mut state = field.clone();
    for _ in 0..steps {
        let p = state.clone();
        for ((j, i), new) in state.slice_mut(s![1..-1, 1..-1]).indexed_iter_mut() {
            let (j, i) = (j + 1, i + 1);
            *new = scalar::step(
                r,
                p[[j - 1, i]],
                p[[j + 1, i]],
                p[[j, i - 1]],
                p[[j, i + 1]],
                p[[j, i]],
            );
        }
    }
    state
}

fn walk<T: Element>(kernel: Kernel) {
    let r = T::from_f64(0.2);
    let shapes = [
        // (ny, nx), tile, steps
        ((3, 3), "1x1x1", 2),
        ((7, 41), "4x19x3", 4),
        ((11, 43), "6x43x5", 5),
        ((12, 150), "50x50x4", 6),
    ];
    // Under Miri a step takes seconds, and waiting for a thread minutes.
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
        let want = expected(r, &start, steps);

        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        let (mut field, mut spare) = (start.clone(), start.clone());
        pool.install(|| stencil.advance_many(&mut field, &mut spare, steps));
        assert!(field == want, "{kernel} {ny}x{nx}: many passes");

        let mut target = start.clone();
        stencil.advance(start.view(), target.view_mut(), 0..ny, steps);
        assert!(target == want, "{kernel} {ny}x{nx}: one pass");
    }
}

#[test]
fn all_kernels_keep_to_their_memory() {
    for kernel in Kernel::available() {
        walk::<f64>(kernel);
        walk::<f32>(kernel);
    }
}
