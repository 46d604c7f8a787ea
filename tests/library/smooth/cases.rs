//! Random fields that are smooth, or almost, and how they are advanced.

use diff2d::{Real, stencil::Tile};
use ndarray::Array2;
use proptest::prelude::*;

/// A field that is smooth but for what is done to it.
#[derive(Clone, Debug)]
pub struct Case {
    pub shape: (usize, usize),
    pub tile: Tile,
    pub threads: usize,
    /// The distance of `r` from a quarter, in units of the last place.
    pub ulps: i32,
    /// The exponent of the values' magnitude, as a part of the range.
    pub exponent: f64,
    /// The steepness along both axes: the ratio of adjacent values is up to 1 + steepness.
    pub steepness: f64,
    /// The random part of each value.
    pub noise: f64,
    pub zero_walls: bool,
    /// Nodes that are multiplied by something, by their place in the field.
    pub spoiled: Vec<(usize, f64)>,
    /// Steps of the calls, one after the other.
    pub steps: Vec<u64>,
    pub seed: u64,
}

pub fn case() -> impl Strategy<Value = Case> {
    let length = || prop_oneof![1 => 3..30_usize, 3 => 18..80_usize, 1 => 80..220_usize];
    let depth = prop_oneof![4 => 1..=24_usize, 1 => 25..=70_usize];
    let tile = (1..90_usize, 1..120_usize, depth).prop_map(|(rows, columns, depth)| Tile {
        rows,
        columns,
        depth,
    });
    let ulps = prop_oneof![6 => Just(0), 2 => Just(-1), 2 => Just(1), 1 => -4..=4];
    let exponent = prop_oneof![4 => Just(0.0), 4 => -1.0..1.0, 1 => -1.1..-0.9, 1 => 0.9..1.1];
    let factor = prop_oneof![
        Just(0.0),
        Just(-0.0),
        Just(-1.0),
        Just(2.0),
        Just(0.5),
        0.8..1.2,
        Just(1e10),
        Just(1e-30),
        Just(f64::MIN_POSITIVE),
        Just(f64::INFINITY),
        Just(f64::NAN),
    ];
    let spoiled = prop_oneof![
        3 => Just(Vec::new()),
        2 => proptest::collection::vec((any::<usize>(), factor), 1..4),
    ];
    let steps = proptest::collection::vec(0..60_u64, 1..5);
    let noise = prop_oneof![Just(0.0), 0.0..0.01, 0.0..0.3];
    (
        (length(), length(), tile, 1..=3_usize),
        (ulps, exponent, 0.0..0.4, noise),
        (any::<bool>(), spoiled, steps, any::<u64>()),
    )
        .prop_map(|(sizes, values, rest)| Case {
            shape: (sizes.0, sizes.1),
            tile: sizes.2,
            threads: sizes.3,
            ulps: values.0,
            exponent: values.1,
            steepness: values.2,
            noise: values.3,
            zero_walls: rest.0,
            spoiled: rest.1,
            steps: rest.2,
            seed: rest.3,
        })
}

/// Cases so small that a million of them take minutes.
pub fn small_case() -> impl Strategy<Value = Case> {
    case().prop_map(|case| Case {
        shape: (3 + case.shape.0 % 20, 3 + case.shape.1 % 24),
        tile: Tile {
            rows: 1 + case.tile.rows % 24,
            columns: 1 + case.tile.columns % 30,
            ..case.tile
        },
        threads: 1,
        steps: case.steps.iter().take(2).map(|steps| steps % 25).collect(),
        ..case
    })
}

/// Tall fields with one tile for all of them and calls of many passes, which are pipelined over the threads.
pub fn tall_case() -> impl Strategy<Value = Case> {
    let all = (1..=24_usize).prop_map(|depth| Tile {
        rows: 1000,
        columns: 1000,
        depth,
    });
    let steps = proptest::collection::vec(0..140_u64, 1..4);
    // Pools of many threads have many passes under way, also on few processors.
    let threads = prop_oneof![4 => 2..=4_usize, 1 => 5..=16_usize];
    let sizes = (100..300_usize, 3..70_usize, all, threads);
    (case(), sizes, steps).prop_map(|(case, (rows, columns, tile, threads), steps)| Case {
        shape: (rows, columns),
        tile,
        threads,
        steps,
        ..case
    })
}

impl Case {
    pub fn r<T: Real>(&self) -> T {
        // The numbers below a quarter are half as far apart as those above.
        let unit = T::EPSILON.to_f64() / if self.ulps < 0 { 8.0 } else { 4.0 };
        T::from_f64(0.25 + f64::from(self.ulps) * unit)
    }

    pub fn field<T: Real>(&self) -> Array2<T> {
        let range = if size_of::<T>() == 4 { 126.0 } else { 1022.0 };
        let scale = (self.exponent * range).exp2();
        let (ny, nx) = self.shape;
        let mut state = self.seed;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut field = Array2::from_shape_fn((ny, nx), |(j, i)| {
            let is_wall = j == 0 || i == 0 || j == ny - 1 || i == nx - 1;
            if is_wall && self.zero_walls {
                return T::default();
            }
            let along = |at: usize| (1.0 + self.steepness).powi((at % 40) as i32 - 20);
            let wave = 1.0 + 0.5 * (0.3 * (j + 2 * i) as f64).sin() * self.steepness;
            let noise = 1.0 + self.noise * (random() - 0.5);
            T::from_f64(scale * along(j) / along(i) * wave * noise)
        });
        let nodes = field.len();
        let values = field.as_slice_mut().expect("contiguous");
        for &(place, factor) in &self.spoiled {
            let value = &mut values[place % nodes];
            *value = T::from_f64(value.to_f64() * factor);
        }
        field
    }
}
