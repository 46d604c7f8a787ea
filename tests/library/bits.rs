//! Every kernel, tile and number of threads gives the bits of the definition.

#![allow(
    clippy::expect_used,
    clippy::reversed_empty_ranges,
    clippy::needless_pass_by_value,
    reason = "a test may panic; negative ends count from the end; views are passed by value"
)]

use crate::common::{sample_size, seed::random_cases};
use crate::definition::{advance, advance_rows, advanced, assert_bits, every_way};
use diff2d::{
    Real,
    stencil::{Element, MAX_DEPTH, Stencil, Tile},
};
use ndarray::{Array2, s};
use proptest::prelude::*;

/// The kind of values in a field.
#[derive(Clone, Copy, Debug)]
enum Values {
    Usual,
    Tiny,
    Subnormal,
    Huge,
    Overflowing,
    /// Magnitudes over the whole range of exponents.
    Mixed,
    /// Usual ones, with signed zeros, infinities, NaN and the ends of the range among them.
    Special,
}

fn value<T: Real>(kind: Values, bits: u64) -> T {
    const SPECIAL: [f64; 12] = [
        -0.0,
        f64::MIN_POSITIVE,
        5e-324,
        -1e-310,
        1e-45,
        -1.2e-38,
        f64::MAX,
        -1e308,
        3.4e38,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    let unit = (bits >> 11) as f64 / (1_u64 << 53) as f64;
    let sign = if bits & 1 == 0 { 1.0 } else { -1.0 };
    let single = size_of::<T>() == 4;
    let pick = |of_f32: f64, of_f64: f64| if single { of_f32 } else { of_f64 };
    let magnitude = match kind {
        _ if bits & 0b1110 == 0 => 0.0,
        Values::Usual => unit,
        Values::Tiny => unit * pick(1e-36, 1e-306),
        Values::Subnormal => unit * pick(1e-42, 1e-320),
        Values::Huge => unit * pick(1e36, 1e306),
        Values::Overflowing => unit * pick(3.4e38, f64::MAX),
        Values::Mixed => {
            let exponent = (bits >> 4 & 0x7F) as f64 / 64.0 - 1.0;
            unit * 10_f64.powf(pick(44.0, 320.0) * exponent * 0.95)
        }
        Values::Special => match bits >> 4 & 0x3F {
            0 => SPECIAL[(bits >> 10) as usize % SPECIAL.len()],
            _ => unit,
        },
    };
    T::from_f64(sign * magnitude)
}

fn field<T: Real>(rows: usize, columns: usize, kind: Values, seed: u64) -> Array2<T> {
    let mut state = seed;
    Array2::from_shape_simple_fn((rows, columns), || {
        // SplitMix64
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value(kind, z ^ (z >> 31))
    })
}

/// A field, and a way to advance it. Every kernel is run on it.
#[derive(Clone, Debug)]
struct Case {
    shape: (usize, usize),
    tile: Option<Tile>,
    threads: usize,
    r: f64,
    values: Values,
    seed: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let length = || {
        prop_oneof![
            3 => 3..40_usize,
            2 => 40..180_usize,
            1 => Just(3),
            1 => Just(101),
            1 => 180..420_usize,
        ]
    };
    let values = prop_oneof![
        Just(Values::Usual),
        Just(Values::Tiny),
        Just(Values::Subnormal),
        Just(Values::Huge),
        Just(Values::Overflowing),
        Just(Values::Mixed),
        Just(Values::Special),
    ];
    let depth = prop_oneof![9 => 1..=64_usize, 1 => 65..=MAX_DEPTH];
    let tile = (1..130_usize, 1..300_usize, depth).prop_map(|(rows, columns, depth)| Tile {
        rows,
        columns,
        depth,
    });
    let r = prop_oneof![
        4 => Just(0.25),
        4 => 0.0..0.25,
        4 => Just(0.25_f64.next_down()),
        4 => -1.0..2.0,
        2 => Just(1e30),
        1 => any::<f64>(),
    ];
    (
        (length(), length()),
        proptest::option::weighted(0.9, tile),
        1..=4_usize,
        r,
        values,
        any::<u64>(),
    )
        .prop_map(|(shape, tile, threads, r, values, seed)| Case {
            shape,
            tile,
            threads,
            r,
            values,
            seed,
        })
}

impl Case {
    fn field<T: Real>(&self) -> Array2<T> {
        field(self.shape.0, self.shape.1, self.values, self.seed)
    }

    /// Runs `check` with every kernel of this machine, in a pool of the case's threads.
    fn with_every_kernel<T: Element>(&self, check: impl Fn(&Stencil<T>, &str) + Sync) {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .build()
            .expect("a pool");
        let stencil = Stencil::new(T::from_f64(self.r));
        let stencil = match self.tile {
            Some(tile) => stencil.with_tile(tile),
            None => stencil,
        };
        for (stencil, name) in every_way(&stencil) {
            pool.install(|| check(&stencil, &name));
        }
    }
}

/// One pass writes the rows it is asked for, and nothing else.
fn check_one_pass<T: Element>(case: &Case, rows: (usize, usize), steps: usize) {
    let (ny, _) = case.shape;
    let source = case.field::<T>();
    let rows = rows.0 % ny..ny - rows.1 % (ny - rows.0 % ny);
    let mut before = source.clone();
    before.slice_mut(s![1..-1, 1..-1]).fill(T::from_f64(1234.5));
    let mut want = before.clone();
    let inner = rows.start.max(1)..rows.end.min(ny - 1);
    if !inner.is_empty() {
        let state = advanced(T::from_f64(case.r), &source, steps);
        want.slice_mut(s![inner.clone(), ..])
            .assign(&state.slice(s![inner, ..]));
    }
    case.with_every_kernel(|stencil, what| {
        let mut target = before.clone();
        advance_rows(
            stencil,
            source.view(),
            target.view_mut(),
            rows.clone(),
            steps,
        );
        assert_bits(target.view(), want.view(), what);
    });
}

fn check_many_passes<T: Element>(case: &Case, steps: usize) {
    let start = case.field::<T>();
    let want = advanced(T::from_f64(case.r), &start, steps);
    case.with_every_kernel(|stencil, what| {
        let mut state = start.clone();
        let mut spare = Array2::from_elem(case.shape, T::from_f64(77.0));
        advance(stencil, &mut state, &mut spare, steps);
        assert_bits(state.view(), want.view(), what);
    });
}

proptest! {
    #![proptest_config(random_cases(sample_size(50, 50, 12)))]

    #[test]
    fn a_pass_of_any_depth_over_any_rows_f64(
        case in case(), rows in (0..500_usize, 0..500_usize), steps in 0..=MAX_DEPTH,
    ) {
        check_one_pass::<f64>(&case, rows, case.tile.map_or(steps, |tile| tile.depth));
    }

    #[test]
    fn a_pass_of_any_depth_over_any_rows_f32(
        case in case(), rows in (0..500_usize, 0..500_usize), steps in 0..=MAX_DEPTH,
    ) {
        check_one_pass::<f32>(&case, rows, case.tile.map_or(steps, |tile| tile.depth));
    }

    #[test]
    fn many_passes_f64(case in case(), steps in 0..200_usize) {
        check_many_passes::<f64>(&case, steps);
    }

    #[test]
    fn many_passes_f32(case in case(), steps in 0..200_usize) {
        check_many_passes::<f32>(&case, steps);
    }

}

/// Rows are contiguous, but there is a gap between them.
#[test]
fn rows_may_be_padded() {
    let whole = field::<f64>(60, 90, Values::Usual, 1);
    let source = whole.slice(s![.., 3..80]);
    let mut padded = Array2::from_elem((60, 100), -1.0);
    let mut target = padded.slice_mut(s![.., 7..84]);
    target.assign(&source);
    advance_rows(&Stencil::new(0.25), source, target, 0..60, 7);
    let want = advanced(0.25, &source.to_owned(), 7);
    assert_bits(padded.slice(s![.., 7..84]), want.view(), "padded");
    assert!(
        padded
            .slice(s![.., ..7])
            .iter()
            .chain(padded.slice(s![.., 84..]))
            .all(|p| *p == -1.0)
    );
}

/// As ranks do: exchange halos of `h` rows, then take `h` steps on their own.
#[test]
fn slabs_with_deep_halos_agree_with_the_whole() {
    let start = field::<f64>(97, 131, Values::Usual, 2);
    let stencil = Stencil::new(0.2);
    for depth in [1, 5, 16] {
        let mut whole = start.clone();
        for (first, end) in [(0, 31), (31, 64), (64, 97_usize)] {
            let halo: usize = depth.min(first);
            let slab = start.slice(s![first - halo..(end + depth).min(97), ..]);
            let own = halo..halo + end - first;
            let mut target = slab.to_owned();
            advance_rows(&stencil, slab, target.view_mut(), own.clone(), depth);
            whole
                .slice_mut(s![first..end, ..])
                .assign(&target.slice(s![own, ..]));
        }
        assert_bits(whole.view(), advanced(0.2, &start, depth).view(), "slabs");
    }
}
