//! Every kernel, tile and number of threads gives the bits of the definition.

#![allow(
    clippy::expect_used,
    clippy::reversed_empty_ranges,
    clippy::needless_pass_by_value,
    reason = "a test may panic; negative ends count from the end; views are passed by value"
)]

use diff2d::stencil::{Element, Kernel, MAX_DEPTH, Stencil, Tile, scalar};
use ndarray::{Array2, ArrayView2, s};
use proptest::prelude::*;

/// The definition, step by step.
fn expected<T: Element>(r: T, field: &Array2<T>, steps: usize) -> Array2<T> {
    let mut state = field.clone();
    let mut next = field.clone();
    for _ in 0..steps {
        for ((j, i), new) in next.slice_mut(s![1..-1, 1..-1]).indexed_iter_mut() {
            let (j, i) = (j + 1, i + 1);
            let p = &state;
            *new = scalar::step(
                r,
                p[[j - 1, i]],
                p[[j + 1, i]],
                p[[j, i - 1]],
                p[[j, i + 1]],
                p[[j, i]],
            );
        }
        std::mem::swap(&mut state, &mut next);
    }
    state
}

/// Bits of an element; all NaN are one.
fn bits<T: Element>(value: T) -> u64 {
    let value = value.to_f64();
    if value.is_nan() {
        u64::MAX
    } else {
        value.to_bits()
    }
}

#[track_caller]
fn assert_bits<T: Element>(got: ArrayView2<T>, want: ArrayView2<T>, what: &str) {
    for ((j, i), want) in want.indexed_iter() {
        let got = got[[j, i]];
        assert!(
            bits(got) == bits(*want),
            "{what}: node [{j}, {i}] is {got:?}, not {want:?}"
        );
    }
}

/// Magnitudes that a state may have.
#[derive(Clone, Copy, Debug)]
enum Size {
    Usual,
    Tiny,
    Subnormal,
    Huge,
    Overflowing,
    Mixed,
}

fn value<T: Element>(size: Size, bits: u64) -> T {
    let unit = (bits >> 11) as f64 / (1_u64 << 53) as f64;
    let sign = if bits & 1 == 0 { 1.0 } else { -1.0 };
    let f32 = size_of::<T>() == 4;
    let value = match size {
        _ if bits & 0b1110 == 0 => 0.0,
        Size::Usual => unit,
        Size::Tiny => unit * if f32 { 1e-36 } else { 1e-306 },
        Size::Subnormal => unit * if f32 { 1e-42 } else { 1e-320 },
        Size::Huge => unit * if f32 { 1e36 } else { 1e306 },
        Size::Overflowing => unit * if f32 { 3.4e38 } else { f64::MAX },
        Size::Mixed => {
            let range = if f32 { 44.0 } else { 320.0 };
            unit * 10_f64.powf(range * ((bits >> 4 & 0x7F) as f64 / 64.0 - 1.0) * 0.95)
        }
    };
    T::from_f64(sign * value)
}

fn field<T: Element>(rows: usize, columns: usize, size: Size, seed: u64) -> Array2<T> {
    let mut state = seed;
    Array2::from_shape_simple_fn((rows, columns), || {
        // SplitMix64
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value(size, z ^ (z >> 31))
    })
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a pool")
}

#[derive(Clone, Debug)]
struct Case {
    kernel: Kernel,
    shape: (usize, usize),
    tile: Tile,
    threads: usize,
    r: f64,
    size: Size,
    seed: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let kernels: Vec<Kernel> = Kernel::available().collect();
    let length = || prop_oneof![3 => 3..40_usize, 2 => 40..180_usize, 1 => Just(3), 1 => Just(101), 1 => 180..420_usize];
    let size = prop_oneof![
        Just(Size::Usual),
        Just(Size::Tiny),
        Just(Size::Subnormal),
        Just(Size::Huge),
        Just(Size::Overflowing),
        Just(Size::Mixed)
    ];
    let depth = prop_oneof![9 => 1..=64_usize, 1 => 65..=MAX_DEPTH];
    (
        proptest::sample::select(kernels),
        (length(), length()),
        (1..130_usize, 1..300_usize, depth),
        1..=4_usize,
        prop_oneof![
            Just(0.25),
            0.0..0.25,
            Just(0.249_999_999_999_999_97),
            -1.0..2.0,
            Just(1e30)
        ],
        size,
        any::<u64>(),
    )
        .prop_map(
            |(kernel, shape, (rows, columns, depth), threads, r, size, seed)| Case {
                kernel,
                shape,
                tile: Tile {
                    rows,
                    columns,
                    depth,
                },
                threads,
                r,
                size,
                seed,
            },
        )
}

fn one_pass<T: Element>(case: &Case, rows: (usize, usize)) {
    let (ny, nx) = case.shape;
    let source = field::<T>(ny, nx, case.size, case.seed);
    let rows = rows.0 % ny..ny - rows.1 % (ny - rows.0 % ny);
    let r = T::from_f64(case.r);
    let stencil = Stencil::new(r)
        .with_kernel(case.kernel)
        .with_tile(case.tile);
    let untouched = T::from_f64(1234.5);
    let mut target = source.clone();
    target.slice_mut(s![1..-1, 1..-1]).fill(untouched);
    let mut want = target.clone();
    let inner = rows.start.max(1)..rows.end.min(ny - 1);
    if !inner.is_empty() {
        let state = expected(r, &source, case.tile.depth);
        want.slice_mut(s![inner.clone(), ..])
            .assign(&state.slice(s![inner, ..]));
    }
    pool(case.threads).install(|| {
        stencil.advance(source.view(), target.view_mut(), rows, case.tile.depth);
    });
    assert_bits(target.view(), want.view(), "advance");
}

fn many_passes<T: Element>(case: &Case, steps: usize) {
    let (ny, nx) = case.shape;
    let start = field::<T>(ny, nx, case.size, case.seed);
    let r = T::from_f64(case.r);
    let stencil = Stencil::new(r)
        .with_kernel(case.kernel)
        .with_tile(case.tile);
    let mut state = start.clone();
    let mut spare = Array2::from_elem((ny, nx), T::from_f64(77.0));
    pool(case.threads).install(|| stencil.advance_many(&mut state, &mut spare, steps));
    assert_bits(
        state.view(),
        expected(r, &start, steps).view(),
        "advance_many",
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 60 } else { 400 }))]

    #[test]
    fn a_pass_of_any_depth_over_any_rows_f64(case in case(), rows in (0..500_usize, 0..500_usize)) {
        one_pass::<f64>(&case, rows);
    }

    #[test]
    fn a_pass_of_any_depth_over_any_rows_f32(case in case(), rows in (0..500_usize, 0..500_usize)) {
        one_pass::<f32>(&case, rows);
    }

    #[test]
    fn many_passes_without_a_barrier_f64(case in case(), steps in 0..200_usize) {
        many_passes::<f64>(&case, steps);
    }

    #[test]
    fn many_passes_without_a_barrier_f32(case in case(), steps in 0..200_usize) {
        many_passes::<f32>(&case, steps);
    }
}

/// Arrays whose rows are contiguous but not next to each other.
#[test]
fn rows_may_be_padded() {
    let whole = field::<f64>(60, 90, Size::Usual, 1);
    let source = whole.slice(s![.., 3..80]);
    let mut room = Array2::from_elem((60, 100), -1.0);
    let mut target = room.slice_mut(s![.., 7..84]);
    target.assign(&source);
    Stencil::new(0.25).advance(source, target, 0..60, 7);
    let want = expected(0.25, &source.to_owned(), 7);
    assert_bits(room.slice(s![.., 7..84]), want.view(), "padded");
    assert!(
        room.slice(s![.., ..7])
            .iter()
            .chain(room.slice(s![.., 84..]))
            .all(|p| *p == -1.0)
    );
}

/// What ranks do: exchange halos of h rows, then take h steps on their own.
#[test]
fn slabs_with_deep_halos_agree_with_the_whole() {
    let start = field::<f64>(97, 131, Size::Usual, 2);
    let stencil = Stencil::new(0.2);
    for depth in [1, 5, 16] {
        let mut whole = start.clone();
        for (first, end) in [(0, 31), (31, 64), (64, 97_usize)] {
            let halo: usize = depth.min(first);
            let slab = start.slice(s![first - halo..(end + depth).min(97), ..]);
            let own = halo..halo + end - first;
            let mut target = slab.to_owned();
            stencil.advance(slab, target.view_mut(), own.clone(), depth);
            whole
                .slice_mut(s![first..end, ..])
                .assign(&target.slice(s![own, ..]));
        }
        assert_bits(whole.view(), expected(0.2, &start, depth).view(), "slabs");
    }
}

/// Whatever a calibration finds on a busy machine, it can be used.
#[test]
fn a_calibrated_tile_changes_no_bit() {
    let start = field::<f64>(70, 90, Size::Usual, 3);
    let stencil = Stencil::new(0.25);
    let tile = stencil.calibrate(70, 90);
    let (mut state, mut spare) = (start.clone(), start.clone());
    stencil
        .with_tile(tile)
        .advance_many(&mut state, &mut spare, 100);
    assert_bits(
        state.view(),
        expected(0.25, &start, 100).view(),
        "calibrated",
    );
}
