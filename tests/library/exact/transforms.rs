//! The exact solution by transforms against the exponential of a matrix, written from the equation.

use super::solve;
use diff2d::{Problem, comm::Solo};
use ndarray::{Array1, Array2, s};
use sha2::{Digest, Sha256};

/// A wall: fixed at a number, or with a number as its flux.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wall {
    Fixed(f64),
    Flux(f64),
    Periodic,
}

/// A problem on a small grid of `walls`.
#[derive(Clone, Copy, Debug)]
struct Small {
    /// Left, right, bottom, top.
    walls: [Wall; 4],
    diffusion: [f64; 2],
    capacity: f64,
    decay: f64,
    has_source: bool,
    runtime: f64,
}

const CELLS: [usize; 2] = [5, 6];
const SPACING: [f64; 2] = [0.25, 0.2];

fn initial(x: f64, y: f64) -> f64 {
    0.3 + x * x - 0.7 * y + x * y
}

fn source(x: f64, y: f64) -> f64 {
    2.0 * x - y + 0.5
}

impl Small {
    fn text(&self) -> String {
        let wall = |wall: Wall| match wall {
            Wall::Fixed(value) => format!("{value:?}"),
            Wall::Flux(flux) => format!("{{flux = {flux:?}}}"),
            Wall::Periodic => "'periodic'".to_owned(),
        };
        let walls = ["left", "right", "bottom", "top"];
        let walls = walls.iter().zip(self.walls);
        let walls: Vec<String> = walls
            .map(|(key, of)| format!("{key} = {}", wall(of)))
            .collect();
        let [width, height] = [0, 1].map(|k| CELLS[k] as f64 * SPACING[k]);
        let mut text = format!(
            "method = 'exact'\nDx = {:?}\nDy = {:?}\nx1 = 0\nx2 = {width:?}\ny1 = 0\ny2 = {height:?}\n\
             dx = 0.249\ndy = 0.199\ngrid = 'walls'\nruntime = {:?}\nouttime = {:?}\n\
             initial = {{kind = 'expression', value = '0.3 + x*x - 0.7*y + x*y'}}\nboundary = {{{}}}\n",
            self.diffusion[0],
            self.diffusion[1],
            self.runtime,
            self.runtime,
            walls.join(", ")
        );
        if self.has_source {
            text += "source = '2*x - y + 0.5'\n";
        }
        if self.capacity != 1.0 || self.decay != 0.0 {
            text += &format!("capacity = {:?}\ndecay = {:?}\n", self.capacity, self.decay);
        }
        text
    }

    /// The state of the whole grid at a time.
    fn after(&self, time: f64) -> Array2<f64> {
        let (ny, nx) = (CELLS[1] + 1, CELLS[0] + 1);
        let node = |j: usize, i: usize| j * nx + i;
        let mut start = Array1::<f64>::zeros(ny * nx + 1);
        for (j, i) in ndarray::indices((ny, nx)) {
            start[node(j, i)] = initial(i as f64 * SPACING[0], j as f64 * SPACING[1]);
        }
        let [left, right, bottom, top] = self.walls;
        let (first, last) = (|_: usize| 0, |n: usize| n - 1);
        let fix = |start: &mut Array1<f64>, wall: Wall, along: &dyn Fn(usize) -> usize, count| {
            if let Wall::Fixed(value) = wall {
                (0..count).for_each(|k| start[along(k)] = value);
            }
        };
        fix(&mut start, left, &|j| node(j, first(nx)), ny);
        fix(&mut start, right, &|j| node(j, last(nx)), ny);
        fix(&mut start, bottom, &|i| node(first(ny), i), nx);
        fix(&mut start, top, &|i| node(last(ny), i), nx);
        start[ny * nx] = 1.0;
        // The last column is what does not depend on the state.
        let mut matrix = Array2::<f64>::zeros((ny * nx + 1, ny * nx + 1));
        let is_fixed = |wall: Wall| matches!(wall, Wall::Fixed(_));
        for (j, i) in ndarray::indices((ny, nx)) {
            let on = [i == 0, i + 1 == nx, j == 0, j + 1 == ny];
            if (0..4).any(|side| on[side] && is_fixed(self.walls[side])) {
                continue;
            }
            let row = node(j, i);
            let mut add = |column: usize, rate: f64| matrix[[row, column]] += rate / self.capacity;
            for (axis, at, n) in [(0, i, nx), (1, j, ny)] {
                let h = SPACING[axis];
                let to = |k: usize| if axis == 0 { node(j, k) } else { node(k, i) };
                let rate = self.diffusion[axis] / (h * h);
                for (side, is_here, inwards) in [
                    (2 * axis, at == 0, 1),
                    (2 * axis + 1, at + 1 == n, n.wrapping_sub(2)),
                ] {
                    let away = match (is_here, self.walls[side]) {
                        (false, _) => to(if side % 2 == 0 { at - 1 } else { at + 1 }),
                        (true, Wall::Periodic) => to(if side % 2 == 0 { n - 2 } else { 1 }),
                        (true, Wall::Flux(flux)) => {
                            add(ny * nx, 2.0 * flux / h);
                            to(inwards)
                        }
                        (true, Wall::Fixed(_)) => unreachable!("a fixed node"),
                    };
                    add(away, rate);
                    add(row, -rate);
                }
            }
            add(row, -self.decay);
            if self.has_source {
                // Both ends of a periodic axis are the first.
                let place = |at: usize, n: usize, wall| {
                    if wall == Wall::Periodic {
                        at % (n - 1)
                    } else {
                        at
                    }
                };
                let (x, y) = (
                    place(i, nx, left) as f64 * SPACING[0],
                    place(j, ny, bottom) as f64 * SPACING[1],
                );
                add(ny * nx, source(x, y));
            }
        }
        if left == Wall::Periodic {
            (0..ny).for_each(|j| start[node(j, nx - 1)] = start[node(j, 0)]);
        }
        if bottom == Wall::Periodic {
            (0..nx).for_each(|i| start[node(ny - 1, i)] = start[node(0, i)]);
        }
        let state = exponential(matrix * time).dot(&start);
        state
            .slice(s![..ny * nx])
            .to_owned()
            .into_shape_with_order((ny, nx))
            .unwrap()
    }

    /// The last state of the program, without files.
    fn end(&self) -> Array2<f64> {
        let problem: Problem = self.text().parse().unwrap();
        let mut solver = problem.solver::<f64>().unwrap();
        let steps = problem.schedule.last_step();
        solver.advance(steps, &Solo).unwrap();
        solver.state().view().to_owned()
    }

    fn check(&self) {
        let end = self.end();
        let wanted = self.after(self.runtime);
        let most = wanted.iter().fold(0.0_f64, |most, p| most.max(p.abs()));
        for (at, p) in end.indexed_iter() {
            let error = (p - wanted[at]).abs();
            assert!(error <= 1e-10 * most, "{self:?} {at:?}: {p} {}", wanted[at]);
        }
    }
}

/// By scaling, a Taylor polynomial, and squaring.
fn exponential(matrix: Array2<f64>) -> Array2<f64> {
    let norm = matrix.iter().fold(0.0_f64, |most, a| most.max(a.abs())) * 8.0;
    let squarings = norm.log2().ceil().max(0.0) as i32 + 1;
    let small = matrix / f64::from(2_i32).powi(squarings);
    let one = Array2::<f64>::eye(small.nrows());
    let mut sum = one.clone();
    for k in (1..=18).rev() {
        sum = &one + &(small.dot(&sum) / f64::from(k));
    }
    (0..squarings).for_each(|_| sum = sum.dot(&sum));
    sum
}

const KINDS: [Wall; 3] = [Wall::Fixed(0.0), Wall::Fixed(1.5), Wall::Flux(-0.8)];

/// All walls of three kinds, each another value on each side.
fn all_walls() -> impl Iterator<Item = [Wall; 4]> {
    (0..81).map(|number| {
        let mut rest = number;
        [1.0, -0.5, 2.0, 0.75].map(|factor| {
            let kind = KINDS[rest % 3];
            rest /= 3;
            match kind {
                Wall::Fixed(value) => Wall::Fixed(factor * value),
                Wall::Flux(flux) => Wall::Flux(factor * flux),
                Wall::Periodic => Wall::Periodic,
            }
        })
    })
}

const CAPACITIES_AND_DECAYS: [[f64; 2]; 2] = [[1.0, 0.0], [2.5, 0.7]];

#[test]
fn all_combinations_of_walls_have_the_exponential_of_their_matrix() {
    for (number, walls) in all_walls().enumerate() {
        for [capacity, decay] in CAPACITIES_AND_DECAYS {
            for has_source in [false, true] {
                let diffusion = [[0.8, 0.8], [0.3, 1.7]][number % 2];
                let runtime = [0.07, 0.4][number % 2];
                Small {
                    walls,
                    diffusion,
                    capacity,
                    decay,
                    has_source,
                    runtime,
                }
                .check();
            }
        }
    }
}

#[test]
fn periodic_pairs_have_the_exponential_of_their_matrix() {
    let pair = [Wall::Periodic; 2];
    let others = all_walls().filter(|walls| walls[..2] == [KINDS[0], Wall::Fixed(-0.0)]);
    for [a, b] in others.map(|walls| [walls[2], walls[3]]).chain([pair]) {
        for [capacity, decay] in CAPACITIES_AND_DECAYS {
            for walls in [[a, b, pair[0], pair[1]], [pair[0], pair[1], a, b]] {
                let diffusion = [0.3, 1.7];
                let case = Small {
                    walls,
                    diffusion,
                    capacity,
                    decay,
                    has_source: true,
                    runtime: 0.2,
                };
                case.check();
            }
        }
    }
}

#[test]
fn long_times_reach_the_steady_state() {
    for walls in all_walls().filter(|walls| walls.iter().any(|wall| matches!(wall, Wall::Fixed(_))))
    {
        let case = |runtime: f64| Small {
            walls,
            diffusion: [0.8, 0.5],
            capacity: 1.0,
            decay: 0.0,
            has_source: true,
            runtime,
        };
        let end = case(1e6).end();
        let again = case(60.0).after(60.0);
        let most = again.iter().fold(0.0_f64, |most, p| most.max(p.abs()));
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-10 * most;
        assert!(end.iter().zip(&again).all(close), "{walls:?}");
    }
}

/// Where nothing is fixed and nothing decays, the mass grows by what comes in.
#[test]
fn what_nothing_holds_drifts_as_its_mean() {
    let walls = [
        Wall::Flux(0.3),
        Wall::Flux(0.2),
        Wall::Flux(-0.1),
        Wall::Flux(0.4),
    ];
    let case = |runtime| Small {
        walls,
        diffusion: [0.8, 0.5],
        capacity: 1.0,
        decay: 0.0,
        has_source: true,
        runtime,
    };
    let [width, height] = [0, 1].map(|k| CELLS[k] as f64 * SPACING[k]);
    let through_walls = 0.5 * height + 0.3 * width;
    let from_source = (width - 0.5 * height + 0.5) * width * height;
    for runtime in [0.5, 1e4] {
        let end = solve(&case(runtime).text());
        let change = end.mass[end.mass.len() - 1] - end.mass[0];
        let wanted = runtime * (through_walls + from_source);
        assert!(
            (change - wanted).abs() < 1e-11 * wanted,
            "{change} {wanted}"
        );
    }
}

/// Nothing of a transform is left to the processor or the system: the digest is that of any machine.
#[test]
fn transforms_have_the_same_bits_on_every_machine() {
    let ends = [
        "left = 1, right = 0.3",
        "left = {flux = 0.3}, right = {flux = -0.2}",
        "left = 0.5, right = {flux = 0.1}",
        "left = {flux = 0.1}, right = 0.5",
        "left = 'periodic', right = 'periodic'",
    ];
    // By passes of 4, 2, 3, 5, 7, 11 and 13, and by convolutions.
    let cells = [32, 45, 49, 67, 143];
    let mut digest = Sha256::new();
    for (ends_of_x, cells_of_x) in ends.into_iter().zip(cells) {
        for (ends_of_y, cells_of_y) in ends.into_iter().zip(cells.into_iter().rev()) {
            let ends_of_y = ends_of_y.replace("left", "bottom").replace("right", "top");
            let problem: Problem = format!(
                "method = 'exact'\nD = 0.7\ndecay = 0.2\nx1 = 0\nx2 = {cells_of_x}\ny1 = 0\ny2 = {cells_of_y}\ndx = 1\n\
                 grid = 'walls'\nruntime = 5\nouttime = 2.5\nsource = '0.01*x - 0.02*y'\n\
                 initial = {{kind = 'expression', value = 'x*(y - 20)/100 % 1'}}\nboundary = {{{ends_of_x}, {ends_of_y}}}\n"
            )
            .parse()
            .unwrap();
            let mut solver = problem.solver::<f64>().unwrap();
            solver.advance(problem.schedule.last_step(), &Solo).unwrap();
            for value in solver.state().view() {
                digest.update(value.to_le_bytes());
            }
        }
    }
    let digest = digest.finalize();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = "343fbc5b645a97bf3d252568c4eb0fa26520920811e5d4752e685e45263cdede";
    assert_eq!(digest, expected);
}
