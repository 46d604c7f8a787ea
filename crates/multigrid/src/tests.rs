//! Solves networks of many kinds, and compares the solutions.

use crate::{Limits, Network, Unsolved, dense::Dense, matrix::Matrix, solve};
use rayon::ThreadPoolBuilder;

const LIMITS: Limits = Limits {
    tolerance: 1e-10,
    cycles: 200,
    bytes: u64::MAX,
};

/// Fixed pseudo-random numbers from 0 to 1.
fn random(seed: u64) -> impl Fn(usize) -> f64 {
    move |k| {
        let mut z = (k as u64 ^ (seed << 40)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The network of a picture: harmonic means of the nodes' conductivities, with the first column beside a wall of value
/// 1 and the last beside one of value 0; and the inflow at each node.
fn plate(
    (ny, nx): (usize, usize),
    conductivity: impl Fn(usize, usize) -> f64,
) -> (Network, Vec<f64>) {
    let mean = |a: f64, b: f64| {
        if a * b == 0.0 {
            0.0
        } else {
            2.0 * a * b / (a + b)
        }
    };
    let mut network = Network {
        nx,
        east: vec![0.0; ny * nx],
        north: vec![0.0; ny * nx],
        ground: vec![0.0; ny * nx],
    };
    let mut b = vec![0.0; ny * nx];
    for (k, b) in b.iter_mut().enumerate() {
        let (j, i) = (k / nx, k % nx);
        let own = conductivity(j, i);
        if i + 1 < nx {
            network.east[k] = mean(own, conductivity(j, i + 1));
        }
        if j + 1 < ny {
            network.north[k] = mean(own, conductivity(j + 1, i));
        }
        if i == 0 {
            *b += 2.0 * own;
        }
        if i == 0 || i + 1 == nx {
            network.ground[k] += 2.0 * own;
        }
    }
    (network, b)
}

/// Networks like those of users, with names.
fn kinds(n: usize) -> impl Iterator<Item = (&'static str, Network, Vec<f64>)> {
    // Sums of 60 plane waves with lengths from one to 2.7 times this.
    let smooth = |shortest: f64| {
        let many = random(1);
        let waves: Vec<[f64; 3]> = (0..60)
            .map(|k| {
                let angle = 6.3 * many(4 * k);
                let number = 6.3 / (shortest * (1.0 + 1.7 * many(4 * k + 1)));
                let phase = 6.3 * many(4 * k + 2);
                [number * angle.cos(), number * angle.sin(), phase]
            })
            .collect();
        move |j: usize, i: usize| -> f64 {
            let wave = |w: &[f64; 3]| (w[0] * i as f64 + w[1] * j as f64 + w[2]).cos();
            waves.iter().map(wave).sum()
        }
    };
    let (short, long, grains) = (smooth(12.0), smooth(24.0), smooth(12.0));
    let blocks = move |j: usize, i: usize| {
        let block = (j / 16) * 4096 + i / 16;
        let is_masked = random(2)(block) < 0.12;
        if is_masked {
            0.0
        } else {
            1e4_f64.powf(random(3)(block))
        }
    };
    let board = move |j: usize, i: usize| {
        if (j / 8 + i / 8).is_multiple_of(2) {
            1.0
        } else {
            1e4
        }
    };
    let phases = move |j: usize, i: usize| if short(j, i) > 0.0 { 1.0 } else { 1e4 };
    let wide = move |j: usize, i: usize| if long(j, i) > 0.0 { 1.0 } else { 1e4 };
    let pores = move |j: usize, i: usize| if grains(j, i) > -2.0 { 1.0 } else { 0.0 };
    let noise = move |j: usize, i: usize| 1e4_f64.powf(random(4)(j * 8192 + i));
    type Picture = Box<dyn Fn(usize, usize) -> f64>;
    let kinds: [(_, Picture); 6] = [
        ("blocks", Box::new(blocks)),
        ("checkerboard", Box::new(board)),
        ("phases", Box::new(phases)),
        ("wide phases", Box::new(wide)),
        ("pores", Box::new(pores)),
        ("noise", Box::new(noise)),
    ];
    kinds.into_iter().map(move |(name, conductivity)| {
        let (network, b) = plate((n, n), conductivity);
        (name, network, b)
    })
}

/// The solution for few nodes by Cholesky factorisation.
fn direct(network: &Network, b: &[f64]) -> Vec<f64> {
    let mut dense = Dense::of(network);
    dense.x.copy_from_slice(b);
    dense.solve();
    dense.x
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

#[test]
fn users_networks_take_few_cycles() {
    let is_set = |name| std::env::var_os(name).is_some();
    let sizes: &[usize] = match (is_set("DIFF2D_FULL"), is_set("DIFF2D_FAULTS")) {
        (true, _) => &[257, 512, 1025, 4097],
        (_, true) => &[257, 512],
        _ => &[257],
    };
    for (n, (name, network, b)) in sizes
        .iter()
        .flat_map(|&n| kinds(n).map(move |kind| (n, kind)))
    {
        let most = match (name, n) {
            // That of 4097 × 4097 nodes takes more memory than others.
            ("noise", 4097) => continue,
            ("noise", _) => 90,
            (_, 4097) => 30,
            _ => 25,
        };
        let (x, reached) = solve(network.clone(), b.clone(), LIMITS, &mut |_| true).unwrap();
        assert!(reached.cycles <= most, "{name}, {n}: {reached:?}");
        assert!(reached.residual <= LIMITS.tolerance);
        // By what goes in and out, which is the same.
        let mut rest = vec![0.0; b.len()];
        network.map(&x, &mut rest, |_, _| {});
        rest.iter_mut().zip(&b).for_each(|(ax, b)| *ax = b - *ax);
        let norm = |a: &[f64]| a.iter().map(|a| a * a).sum::<f64>().sqrt();
        assert!(norm(&rest) <= 1e-9 * norm(&b), "{name}");
    }
}

#[test]
fn any_network_has_the_solution_of_a_direct_method() {
    for (seed, &(ny, nx)) in SHAPES.iter().cycle().take(60).enumerate() {
        let (shape, decades) = (ny * nx, (seed % 9) as i32);
        let of = |number: u64| random(seed as u64 * 8 + number);
        let any = |number: u64, share: f64| -> Vec<f64> {
            let (is_there, size) = (of(number), of(number + 1));
            let value = |k| {
                if is_there(k) < share {
                    10_f64.powf(f64::from(decades) * size(k))
                } else {
                    0.0
                }
            };
            (0..shape).map(value).collect()
        };
        let network = Network {
            nx,
            east: any(0, 0.9),
            north: any(2, 0.9),
            ground: any(4, 0.3),
        };
        let flow = of(6);
        // A node without conductances takes nothing in; a closed piece is balanced by a second one of its nodes.
        let mut b = vec![0.0; shape];
        let any: Vec<f64> = (0..shape).map(flow).collect();
        network.map(&any, &mut b, |_, _| {});
        let (mut x, _) = solve(network.clone(), b.clone(), LIMITS, &mut |_| true).unwrap();
        let mut expected = direct(&network, &b);
        // What is known up to a constant in each closed piece.
        for piece in closed(&network) {
            for x in [&mut x, &mut expected] {
                let first = x[piece[0]];
                piece.iter().for_each(|&k| x[k] -= first);
            }
        }
        let largest = expected.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
        assert!(
            distance(&x, &expected) < 1e-8 * largest,
            "{ny} × {nx}, 10^{decades}"
        );
    }
}

const SHAPES: [(usize, usize); 8] = [
    (1, 1),
    (1, 2),
    (2, 1),
    (2, 2),
    (3, 5),
    (1, 700),
    (600, 1),
    (23, 31),
];

/// The pieces of a network that are not grounded.
fn closed(network: &Network) -> Vec<Vec<usize>> {
    let mut seen = vec![false; network.len()];
    let mut pieces = Vec::new();
    for start in 0..network.len() {
        let (mut todo, mut piece) = (vec![start], Vec::new());
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        while let Some(k) = todo.pop() {
            piece.push(k);
            network.row(k, |l, _| {
                if !std::mem::replace(&mut seen[l], true) {
                    todo.push(l);
                }
            });
        }
        if piece.iter().all(|&k| network.ground[k] == 0.0) {
            pieces.push(piece);
        }
    }
    pieces
}

/// Three nodes in a column between walls on both sides, and nodes without conductances beside them.
#[test]
fn few_nodes_are_solved() {
    let mut network = Network {
        nx: 3,
        east: vec![0.0; 9],
        north: vec![0.0; 9],
        ground: vec![0.0; 9],
    };
    (network.north[1], network.north[4]) = (1.1, 1.1);
    (network.ground[1], network.ground[4], network.ground[7]) = (1.0, 2.0, 1.0);
    let b = vec![0.0, -0.3, 0.0, 0.0, -0.9, 0.0, 0.0, -0.7, 0.0];
    let (x, _) = solve(network.clone(), b.clone(), LIMITS, &mut |_| true).unwrap();
    assert!(distance(&x, &direct(&network, &b)) < 1e-10);
}

#[test]
fn the_bits_are_the_same_for_any_threads() {
    let (_, network, b) = kinds(100).next().unwrap();
    let solved = |threads| {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| solve(network.clone(), b.clone(), LIMITS, &mut |_| true).unwrap())
    };
    let expected = solved(1);
    for threads in 2..=5 {
        assert!(solved(threads) == expected, "{threads} threads");
    }
}

#[test]
fn a_map_is_the_sum_of_its_rows() {
    for (ny, nx) in SHAPES {
        let any = |seed| (0..ny * nx).map(random(seed)).collect::<Vec<f64>>();
        let network = Network {
            nx,
            east: any(1),
            north: any(2),
            ground: any(3),
        };
        let x = any(4);
        let mut product = vec![0.0; x.len()];
        network.map(&x, &mut product, |_, _| {});
        let rows = (0..x.len()).map(|k| {
            let mut sum = network.diagonal(k) * x[k];
            network.row(k, |l, a| sum += a * x[l]);
            sum
        });
        assert!(
            distance(&product, &rows.collect::<Vec<f64>>()) < 1e-14,
            "{ny} × {nx}"
        );
    }
}

#[test]
fn what_has_no_solution_is_told() {
    let (mut network, b) = plate((9, 9), |_, _| 1.0);
    let too_few = Limits {
        cycles: 1,
        ..LIMITS
    };
    let few = solve(network.clone(), b.clone(), too_few, &mut |_| true);
    assert!(matches!(few, Err(Unsolved::NotConverged(reached)) if reached.cycles == 1));
    // Powers of two cost no bit, however large.
    let (known, _) = solve(network.clone(), b.clone(), LIMITS, &mut |_| true).unwrap();
    for exponent in [-900, 900] {
        let unit = 2_f64.powi(exponent);
        let large = b.iter().map(|b| b * unit).collect();
        let (x, _) = solve(network.clone(), large, LIMITS, &mut |_| true).unwrap();
        assert!(x.iter().zip(&known).all(|(x, known)| *x == known * unit));
    }
    network.ground[40] = -50.0;
    assert_eq!(
        solve(network.clone(), vec![0.0; b.len()], LIMITS, &mut |_| true),
        Err(Unsolved::Indefinite)
    );
    assert_eq!(
        solve(network, b, LIMITS, &mut |_| true),
        Err(Unsolved::Indefinite)
    );
    let (_, network, b) = kinds(64).next().unwrap();
    let too_small = Limits {
        bytes: 1000,
        ..LIMITS
    };
    let refused = solve(network, b, too_small, &mut |_| true);
    assert!(matches!(refused, Err(Unsolved::Memory { needed, .. }) if needed > 1000));
}
