//! Whole problems against the formulas of docs/numerics.md, node by node and without any kernel: walls of
//! every kind, materials, capacities, decays, sources, rectangles, in double and single precision, by one rank and by several.

use crate::common::{sample_size, seed::random_cases};
use diff2d::{
    Cube, Problem, Run,
    comm::{Channels, Link},
};
use proptest::prelude::*;

type Function = fn(f64, f64, f64) -> f64;

/// A wall as it is typed and as it is computed here.
#[derive(Clone, Copy)]
enum Wall {
    Fixed(Function),
    Flux(Function),
    Robin(Function, Function, Function),
    Periodic,
}

const WALLS: [(&str, Wall); 9] = [
    ("0.0", Wall::Fixed(|_, _, _| 0.0)),
    ("'x + 2*y'", Wall::Fixed(|x, y, _| x + 2.0 * y)),
    ("'t*x + y'", Wall::Fixed(|x, y, t| t * x + y)),
    ("{ flux = 0 }", Wall::Flux(|_, _, _| 0.0)),
    ("{ flux = 0.3 }", Wall::Flux(|_, _, _| 0.3)),
    ("{ flux = 'x*y - t' }", Wall::Flux(|x, y, t| x * y - t)),
    (
        "{ robin = [1.5, 0.5, 2.0] }",
        Wall::Robin(|_, _, _| 1.5, |_, _, _| 0.5, |_, _, _| 2.0),
    ),
    (
        "{ robin = ['1 + y', 2.0, 't - x'] }",
        Wall::Robin(|_, y, _| 1.0 + y, |_, _, _| 2.0, |x, _, t| t - x),
    ),
    (
        "{ robin = [-0.5, 1.0, 't'] }",
        Wall::Robin(|_, _, _| -0.5, |_, _, _| 1.0, |_, _, t| t),
    ),
];

const MATERIALS: [(&str, Function, Function); 6] = [
    ("D = 0.7", |_, _, _| 0.7, |_, _, _| 0.7),
    ("Dx = 0.7\nDy = 0.2", |_, _, _| 0.7, |_, _, _| 0.2),
    (
        "D = '1 + x*y/2'",
        |x, y, _| 1.0 + x * y / 2.0,
        |x, y, _| 1.0 + x * y / 2.0,
    ),
    ("D = 0.3\nDy = '1 + x'", |_, _, _| 0.3, |x, _, _| 1.0 + x),
    // Insulating regions, and a jump of 10^6 between materials.
    (
        "D = '(x > 0.35) * (y < 0.8)'",
        |x, y, _| f64::from(u8::from(x > 0.35 && y < 0.8)),
        |x, y, _| f64::from(u8::from(x > 0.35 && y < 0.8)),
    ),
    (
        "D = '1 + (x > 0.5) * 1e6'",
        |x, _, _| if x > 0.5 { 1_000_001.0 } else { 1.0 },
        |x, _, _| if x > 0.5 { 1_000_001.0 } else { 1.0 },
    ),
];

/// The places along x and along y at which each material jumps; one that jumps is constant in between.
const MATERIAL_JUMPS: [[&[f64]; 2]; 6] = [
    [&[], &[]],
    [&[], &[]],
    [&[], &[]],
    [&[], &[]],
    [&[0.35], &[0.8]],
    [&[0.5], &[]],
];

/// The places along x at which each capacity jumps; one that jumps is constant in between.
const CAPACITY_JUMPS: [&[f64]; 5] = [&[], &[], &[], &[], &[0.5]];

const SOURCES: [(&str, Function); 4] = [
    ("0", |_, _, _| 0.0),
    ("0.4", |_, _, _| 0.4),
    ("'x - y'", |x, y, _| x - y),
    ("'(1 + t)*x'", |x, _, t| (1.0 + t) * x),
];

const CAPACITIES: [(&str, Function); 5] = [
    ("1.0", |_, _, _| 1.0),
    ("1", |_, _, _| 1.0),
    ("0.3", |_, _, _| 0.3),
    ("'0.5 + x*y'", |x, y, _| 0.5 + x * y),
    ("'1 - (x > 0.5) * 0.99'", |x, _, _| {
        1.0 - f64::from(u8::from(x > 0.5)) * 0.99
    }),
];

const DECAYS: [(&str, Function); 3] = [
    ("0.0", |_, _, _| 0.0),
    ("25", |_, _, _| 25.0),
    ("'40*x + 10*y'", |x, y, _| 40.0 * x + 10.0 * y),
];

#[derive(Debug, Clone)]
struct Case {
    cells: (usize, usize),
    length_y: f64,
    /// Left, right, bottom, top: their number among [`WALLS`].
    walls: [usize; 4],
    periodic: [bool; 2],
    material: usize,
    arithmetic: bool,
    source: usize,
    capacity: usize,
    decay: usize,
}

fn cases() -> impl Strategy<Value = Case> {
    (
        (2_usize..12, 2_usize..12),
        prop::sample::select(vec![1.0, 0.75]),
        prop::array::uniform4(0..WALLS.len()),
        prop::array::uniform2(prop::bool::weighted(0.25)),
        0..MATERIALS.len(),
        any::<bool>(),
        (0..SOURCES.len(), 0..CAPACITIES.len(), 0..DECAYS.len()),
    )
        .prop_map(
            |(
                cells,
                length_y,
                walls,
                periodic,
                material,
                arithmetic,
                (source, capacity, decay),
            )| {
                Case {
                    cells,
                    length_y,
                    walls,
                    periodic,
                    material,
                    arithmetic,
                    source,
                    capacity,
                    decay,
                }
            },
        )
}

impl Case {
    fn walls(&self) -> [(&'static str, Wall); 4] {
        [0, 1, 2, 3].map(|side| match self.periodic[side / 2] {
            true => ("'periodic'", Wall::Periodic),
            false => WALLS[self.walls[side]],
        })
    }

    fn text(&self, more: &str) -> String {
        let (rows, columns) = self.cells;
        let walls = self.walls().map(|(text, _)| text);
        let [left, right, bottom, top] = walls;
        format!(
            "x1 = 0\nx2 = 1\ny1 = 0\ny2 = {}\ndx = {:?}\ndy = {:?}\ngrid = 'walls'\ntimes = 'course'\nface = '{}'\n{}\n\
             source = {}\ncapacity = {}\ndecay = {}\n{more}\n\
             initial = {{ kind = 'expression', value = 'x + y*y' }}\n\
             [boundary]\nleft = {left}\nright = {right}\nbottom = {bottom}\ntop = {top}\n",
            self.length_y,
            1.0 / (columns as f64 + 0.25),
            self.length_y / (rows as f64 + 0.25),
            if self.arithmetic {
                "arithmetic"
            } else {
                "harmonic"
            },
            MATERIALS[self.material].0,
            SOURCES[self.source].0,
            CAPACITIES[self.capacity].0,
            DECAYS[self.decay].0,
        )
    }
}

/// The problem, node by node.
struct Reference {
    x: Vec<f64>,
    y: Vec<f64>,
    dx: f64,
    dy: f64,
    case: Case,
    state: Vec<f64>,
    time: f64,
}

impl Reference {
    fn new(case: &Case) -> Self {
        let (rows, columns) = case.cells;
        let (dx, dy) = (1.0 / columns as f64, case.length_y / rows as f64);
        let nodes = |count: usize, spacing: f64, end: f64| -> Vec<f64> {
            let node = |i: usize| if i == count { end } else { i as f64 * spacing };
            (0..=count).map(node).collect()
        };
        let mut reference = Self {
            x: nodes(columns, dx, 1.0),
            y: nodes(rows, dy, case.length_y),
            dx,
            dy,
            case: case.clone(),
            state: Vec::new(),
            time: 0.0,
        };
        let (ny, nx) = (rows + 1, columns + 1);
        for j in 0..ny {
            for i in 0..nx {
                let [x, y] = reference.place(j, i);
                reference.state.push(x + y * y);
            }
        }
        reference.write_walls();
        reference
    }

    fn shape(&self) -> (usize, usize) {
        (self.y.len(), self.x.len())
    }

    /// Where a node is; of a periodic pair where the first one is.
    fn place(&self, j: usize, i: usize) -> [f64; 2] {
        let (ny, nx) = self.shape();
        let wrap = |number: usize, nodes: usize, periodic: bool| match periodic {
            true => number % (nodes - 1),
            false => number,
        };
        let [of_x, of_y] = self.case.periodic;
        [self.x[wrap(i, nx, of_x)], self.y[wrap(j, ny, of_y)]]
    }

    fn at(&self, function: Function, j: usize, i: usize) -> f64 {
        let [x, y] = self.place(j, i);
        function(x, y, self.time)
    }

    /// The sides on which a node lies.
    fn sides(&self, j: usize, i: usize) -> [Option<Wall>; 4] {
        let (ny, nx) = self.shape();
        let on = [i == 0, i + 1 == nx, j == 0, j + 1 == ny];
        let walls = self.case.walls();
        [0, 1, 2, 3].map(|side| on[side].then_some(walls[side].1))
    }

    fn is_fixed(&self, j: usize, i: usize) -> bool {
        let mut sides = self.sides(j, i).into_iter();
        sides.any(|wall| matches!(wall, Some(Wall::Fixed(_))))
    }

    fn write_walls(&mut self) {
        let (ny, nx) = self.shape();
        for (j, i) in (0..ny).flat_map(|j| (0..nx).map(move |i| (j, i))) {
            for wall in self.sides(j, i).into_iter().flatten() {
                if let Wall::Fixed(value) = wall {
                    self.state[j * nx + i] = self.at(value, j, i);
                }
            }
        }
    }

    /// The parts of an interval between jumps: the length and the middle of each.
    fn parts(jumps: &[f64], [low, high]: [f64; 2]) -> Vec<[f64; 2]> {
        let inner = jumps.iter().copied().filter(|at| low < *at && *at < high);
        let ends: Vec<f64> = [low].into_iter().chain(inner).chain([high]).collect();
        let parts = ends
            .windows(2)
            .map(|part| [part[1] - part[0], f64::midpoint(part[0], part[1])]);
        parts.collect()
    }

    /// The parts of a node's cell along an axis between jumps; at both ends of a periodic axis it has half a cell at each.
    fn cell(&self, jumps: &[f64], axis: usize, number: usize) -> Vec<[f64; 2]> {
        let (along, half) = [(&self.x, self.dx / 2.0), (&self.y, self.dy / 2.0)][axis];
        let last = along.len() - 1;
        let around = [
            (along[number] - half).max(along[0]),
            (along[number] + half).min(along[last]),
        ];
        let cell = match self.case.periodic[axis] && (number == 0 || number == last) {
            true => vec![
                [along[0], along[0] + half],
                [along[last] - half, along[last]],
            ],
            false => vec![around],
        };
        let parts = cell.into_iter().flat_map(|part| Self::parts(jumps, part));
        parts.collect()
    }

    /// The coefficient of a face of a material that jumps, from the coordinates of both ends of its edge and the number of
    /// its line: the mean over its width of that along its normal.
    fn cut_mean(&self, material: Function, axis: usize, edge: [f64; 2], line: usize) -> f64 {
        let jumps = self.material_jumps();
        let parts = Self::parts(jumps[axis], edge);
        let length = edge[1] - edge[0];
        let along = |line: f64| {
            let value = |at: f64| match axis {
                0 => material(at, line, 0.0),
                _ => material(line, at, 0.0),
            };
            let sum = |of: fn(f64) -> f64| -> f64 {
                parts
                    .iter()
                    .map(|[length, middle]| length * of(value(*middle)))
                    .sum()
            };
            match self.case.arithmetic {
                true => sum(|d| d) / length,
                false => length / sum(|d| 1.0 / d),
            }
        };
        let widths = self.cell(jumps[1 - axis], 1 - axis, line);
        let width: f64 = widths.iter().map(|[width, _]| width).sum();
        let conductances = widths.iter().map(|[width, middle]| width * along(*middle));
        conductances.sum::<f64>() / width
    }

    /// `D c/b` of a Robin wall across an axis at a node; the mean over the half cell if the material jumps in it.
    fn along_wall(&self, [d, c, b]: [Function; 3], axis: usize, j: usize, i: usize) -> f64 {
        let node = self.place(j, i);
        let jumps = self.material_jumps()[1 - axis];
        let parts = self.cell(jumps, 1 - axis, [j, i][axis]);
        let halves = self.cell_halves(1 - axis, [j, i][axis]);
        let places = match parts.len() > halves {
            true => parts,
            false => vec![[1.0, node[1 - axis]]],
        };
        let size: f64 = places.iter().map(|[length, _]| length).sum();
        let quotients = places.iter().map(|&[length, at]| {
            let mut place = node;
            place[1 - axis] = at;
            let [d, c, b] = [d, c, b].map(|of| of(place[0], place[1], self.time));
            length * (d * c / b)
        });
        quotients.sum::<f64>() / size
    }

    fn material_jumps(&self) -> [&'static [f64]; 2] {
        MATERIAL_JUMPS[self.case.material]
    }

    /// The number of intervals of a node's cell along an axis.
    fn cell_halves(&self, axis: usize, number: usize) -> usize {
        let last = [self.x.len(), self.y.len()][axis] - 1;
        match self.case.periodic[axis] && (number == 0 || number == last) {
            true => 2,
            false => 1,
        }
    }

    fn mean(&self, a: f64, b: f64) -> f64 {
        match self.case.arithmetic {
            true => (a + b) / 2.0,
            false if a == 0.0 || b == 0.0 => 0.0,
            false => 2.0 / (1.0 / a + 1.0 / b),
        }
    }

    /// `dp/dt` along one axis at a node, and the weight of the node itself in it: `d` is its own
    /// coefficient, `p` its value, both with those of its neighbours.
    fn along(&self, node: (usize, usize), axis: usize) -> (f64, f64) {
        let (j, i) = node;
        let (ny, nx) = self.shape();
        let (number, nodes, h) = [(i, nx, self.dx), (j, ny, self.dy)][axis];
        let material = [
            MATERIALS[self.case.material].1,
            MATERIALS[self.case.material].2,
        ][axis];
        let with = |number: usize| if axis == 0 { (j, number) } else { (number, i) };
        let d = |number: usize| self.at(material, with(number).0, with(number).1);
        let p = |number: usize| self.state[with(number).0 * nx + with(number).1];
        // An edge has the number of its second node.
        let face = |edge: usize, a: usize, b: usize| match self.material_jumps().concat().is_empty()
        {
            false => {
                let along = [&self.x, &self.y][axis];
                let line = [j, i][axis];
                self.cut_mean(material, axis, [along[edge - 1], along[edge]], line)
            }
            true => self.mean(d(a), d(b)),
        };
        let across = |edge: usize, a: usize, b: usize| {
            let face = face(edge, a, b);
            (face * (p(b) - p(a)) / h, face / h)
        };
        let between = |a: usize, b: usize| across(a.max(b), a, b);
        if self.case.periodic[axis] {
            let (last, first) = ((nodes - 1, nodes - 2), (1, 1));
            let (before, after) = match number {
                0 => (last, first),
                number if number == nodes - 1 => (last, first),
                number => ((number, number - 1), (number + 1, number + 1)),
            };
            let [(out, a), (back, b)] =
                [after, before].map(|(edge, node)| across(edge, number, node));
            return ((out + back) / h, (a + b) / h);
        }
        let wall = self.case.walls()[2 * axis + usize::from(number != 0)].1;
        let inner = match number {
            0 => 1,
            last if last == nodes - 1 => last - 1,
            number => {
                let ((out, a), (back, b)) =
                    (between(number, number + 1), between(number, number - 1));
                return ((out + back) / h, (a + b) / h);
            }
        };
        let (q, weight) = match wall {
            Wall::Flux(q) => (self.at(q, j, i), 0.0),
            Wall::Robin(a, b, c) => {
                let [gain, loss] = [c, a].map(|of| self.along_wall([material, of, b], axis, j, i));
                (gain - loss * p(number), loss)
            }
            Wall::Fixed(_) | Wall::Periodic => unreachable!(),
        };
        let (flux, own) = between(number, inner);
        (2.0 * (flux + q) / h, 2.0 * (own + weight) / h)
    }

    /// The nodes that are computed.
    fn computed(&self) -> Vec<(usize, usize)> {
        let (ny, nx) = self.shape();
        let all = (0..ny).flat_map(|j| (0..nx).map(move |i| (j, i)));
        all.filter(|&(j, i)| !self.is_fixed(j, i)).collect()
    }

    /// Capacity and decay of a node.
    fn storage(&self, (j, i): (usize, usize)) -> [f64; 2] {
        let (_, capacity) = CAPACITIES[self.case.capacity];
        let jumps = CAPACITY_JUMPS[self.case.capacity];
        let decay = self.at(DECAYS[self.case.decay].1, j, i);
        if jumps.is_empty() {
            return [self.at(capacity, j, i), decay];
        }
        let parts = self.cell(jumps, 0, i);
        let length: f64 = parts.iter().map(|[length, _]| length).sum();
        let amount = parts
            .iter()
            .map(|[length, middle]| length * capacity(*middle, 0.0, 0.0));
        [amount.sum::<f64>() / length, decay]
    }

    /// The largest weight of a node in its own `dp/dt`.
    fn rate(&self) -> f64 {
        let weight = |&node: &(usize, usize)| {
            let [capacity, decay] = self.storage(node);
            (self.along(node, 0).1 + self.along(node, 1).1 + decay) / capacity
        };
        self.computed().iter().map(weight).fold(0.0, f64::max)
    }

    fn step(&mut self, dt: f64) {
        let source = SOURCES[self.case.source].1;
        let nx = self.shape().1;
        let new: Vec<_> = self
            .computed()
            .into_iter()
            .map(|(j, i)| {
                let change = self.along((j, i), 0).0 + self.along((j, i), 1).0;
                let [capacity, decay] = self.storage((j, i));
                let change = change + self.at(source, j, i) - decay * self.state[j * nx + i];
                (j * nx + i, dt * change / capacity)
            })
            .collect();
        for (at, change) in new {
            self.state[at] += change;
        }
        self.time += dt;
        self.write_walls();
    }
}

/// The last snapshot of a run on so many ranks.
fn last(problem: &Problem, ranks: usize) -> Vec<f64> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("c.npy");
    if ranks == 1 {
        Run::new(problem).output(&path).start().unwrap();
    } else {
        let together = Channels::together(ranks, Link::default(), |comm: Channels| {
            let run = Run::new(problem).output(&path).threads(1);
            run.start_on(&comm)
                .map(|_| ())
                .map_err(|error| error.to_string())
        });
        together.into_iter().for_each(|outcome| outcome.unwrap());
    }
    let cube = Cube::open(&path).unwrap();
    let snapshot = cube.snapshot(cube.times().len() as u64 - 1).unwrap();
    snapshot.into_iter().collect()
}

const STEPS: usize = 100;

/// The problem with 100 steps at 0.9 of the stability limit, which is that of the formula.
fn problem(case: &Case, reference: &Reference, more: &str) -> Option<Problem> {
    let rate = reference.rate();
    let one = case.text("runtime = 1\nouttime = 1\ndt = 1e-12");
    let limit = one.parse::<Problem>().unwrap().limit();
    assert!(
        (limit * rate - 1.0).abs() < 1e-12 || (rate == 0.0 && limit.is_infinite()),
        "limit {limit:?} and {:?}\n{one}",
        1.0 / rate
    );
    if rate == 0.0 {
        return None;
    }
    let dt = 0.9 * limit;
    let time = (STEPS as f64 + 0.5) * dt;
    let times = format!("runtime = {time:?}\nouttime = {time:?}\ndt = {dt:?}\n{more}");
    Some(case.text(&times).parse().unwrap())
}

proptest! {
    #![proptest_config(random_cases(sample_size(256, 256, 50)))]

    #[test]
    fn every_problem_has_the_numbers_of_its_formulas(case in cases(), ranks in 1_usize..4) {
        let mut reference = Reference::new(&case);
        let Some(problem) = problem(&case, &reference, "") else { return Ok(()) };
        let found = last(&problem, 1);
        let mut largest = 0.0_f64;
        for _ in 0..STEPS {
            largest = reference.state.iter().copied().map(f64::abs).fold(largest, f64::max);
            reference.step(problem.schedule.dt);
        }
        for (at, (found, expected)) in found.iter().zip(&reference.state).enumerate() {
            let error = (found - expected).abs();
            prop_assert!(
                error <= 1e-12 * largest,
                "{found:?} and {expected:?} at {at} of {:?}, {error:e} of {largest:e}\n{}",
                reference.shape(),
                case.text("")
            );
        }
        if ranks > 1 {
            prop_assert!(last(&problem, ranks) == found, "{ranks} ranks\n{}", case.text(""));
        }
    }

    #[test]
    fn single_precision_rounds_the_same_problem(case in cases()) {
        let mut reference = Reference::new(&case);
        let Some(problem) = problem(&case, &reference, "precision = 'f32'") else { return Ok(()) };
        let found = last(&problem, 1);
        let mut largest = 0.0_f64;
        for _ in 0..STEPS {
            largest = reference.state.iter().copied().map(f64::abs).fold(largest, f64::max);
            reference.step(problem.schedule.dt);
        }
        let error = found.iter().zip(&reference.state).map(|(a, b)| (a - b).abs());
        let error = error.fold(0.0, f64::max);
        prop_assert!(error <= 1e-4 * largest.max(1.0), "{error:e} of {largest:e}\n{}", case.text(""));
    }
}
