//! The definition of the step, written independently of the library, and the comparison of bits.

#![allow(
    dead_code,
    clippy::needless_pass_by_value,
    reason = "every test program uses a part of it; views are passed by value"
)]

use diff2d::{
    Real,
    stencil::{Additions, Element, Kernel, Knowledge, LevelsPerSweep, Stencil, Walls},
};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// The state `steps` steps after `field`, whose boundary nodes are held constant.
pub fn advanced<T: Real>(r: T, field: &Array2<T>, steps: usize) -> Array2<T> {
    let (ny, nx) = field.dim();
    let (mut p, mut next) = (field.clone(), field.clone());
    for _ in 0..steps {
        for j in 1..ny - 1 {
            for i in 1..nx - 1 {
                let lapl = (((p[[j + 1, i]] + p[[j - 1, i]]) + p[[j, i + 1]]) + p[[j, i - 1]])
                    - T::FOUR * p[[j, i]];
                next[[j, i]] = p[[j, i]] + r * lapl;
            }
        }
        std::mem::swap(&mut p, &mut next);
    }
    p
}

/// Advances a field between held walls by a stencil that knows nothing of it.
pub fn advance<T: Element>(
    stencil: &Stencil<T>,
    field: &mut Array2<T>,
    spare: &mut Array2<T>,
    steps: usize,
) {
    let nothing = &mut Knowledge::default();
    stencil.advance(&Walls::held(), nothing, field, spare, steps);
}

/// Advances rows of such a field in one pass.
pub fn advance_rows<T: Element>(
    stencil: &Stencil<T>,
    source: ArrayView2<T>,
    target: ArrayViewMut2<T>,
    rows: Range<usize>,
    steps: usize,
) {
    let nothing = &mut Knowledge::default();
    stencil.advance_rows(&Walls::held(), nothing, source, target, rows, steps);
}

/// The stencil with every kernel of this machine, both ways of adding, and one or two levels per sweep, which change no
/// bit, and their names.
pub fn every_way<T: Element>(stencil: &Stencil<T>) -> impl Iterator<Item = (Stencil<T>, String)> {
    let ways = [
        (Additions::Plain, LevelsPerSweep::One),
        (Additions::Plain, LevelsPerSweep::Two),
        (Additions::Fused, LevelsPerSweep::One),
        (Additions::Fused, LevelsPerSweep::Two),
    ];
    let kernels = Kernel::available().flat_map(move |kernel| {
        let count = match kernel {
            // The scalar kernel has one way only, and portable additions are never fused.
            Kernel::Scalar => 1,
            Kernel::Portable => 2,
            _ => ways.len(),
        };
        ways.into_iter().take(count).map(move |way| (kernel, way))
    });
    kernels.map(|(kernel, (additions, levels))| {
        let stencil = stencil
            .clone()
            .with_kernel(kernel)
            .with_additions(additions)
            .with_levels_per_sweep(levels);
        let name = format!("kernel {kernel}, additions {additions:?}, levels per sweep {levels:?}");
        (stencil, name)
    })
}

/// The bits of a value. All NaN count as the same: which one an operation returns depends on the
/// processor.
fn bits<T: Real>(value: T) -> u64 {
    let value = value.to_f64();
    if value.is_nan() {
        u64::MAX
    } else {
        value.to_bits()
    }
}

/// # Panics
/// If a node of `got` differs in a bit from that of `want`.
#[track_caller]
pub fn assert_bits<T: Real>(got: ArrayView2<T>, want: ArrayView2<T>, what: &str) {
    assert_eq!(got.dim(), want.dim(), "{what}");
    for ((j, i), want) in want.indexed_iter() {
        let got = got[[j, i]];
        assert!(
            bits(got) == bits(*want),
            "{what}: node [{j}, {i}] is {got:e}, not {want:e}"
        );
    }
}
