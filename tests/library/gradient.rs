//! Gradients by the adjoint, against differences of runs: of what the record of each run says.

use diff2d::{
    Cube, Problem, RawParams, Run,
    gradient::{Derivative, Gradient, GradientOptions, Measured, Objective, Term, Unknown},
};
use ndarray::Array2;

/// Numbers between -1 and 1.
struct Random(u64);

impl Random {
    fn number(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// A field of a problem: its key, its file, and the mean and size of its values.
const FIELDS: [(&str, &str, [f64; 2]); 7] = [
    ("D", "D = { file = '/m/D.npy' }\n", [1.0, 0.4]),
    ("Dx", "Dx = { file = '/m/Dx.npy' }\n", [1.0, 0.4]),
    ("Dy", "Dy = { file = '/m/Dy.npy' }\n", [0.6, 0.2]),
    (
        "capacity",
        "capacity = { file = '/m/capacity.npy' }\n",
        [1.5, 0.4],
    ),
    ("decay", "decay = { file = '/m/decay.npy' }\n", [0.8, 0.5]),
    (
        "source",
        "source = { file = '/m/source.npy' }\n",
        [3.0, 4.0],
    ),
    (
        "initial",
        "initial = { kind = 'file', path = '/m/initial.npy' }\n",
        [5.0, 2.0],
    ),
];
const EVERY: [&str; 5] = ["D", "capacity", "decay", "source", "initial"];
const GRID: &str = "x1 = 0.0\nx2 = 1.0\ny1 = 0.0\ny2 = 0.8\ndx = 0.1\ndy = 0.08\ngrid = 'walls'\n";
const MIXED: &str = "boundary = { left = 4.0, right = { flux = 2.0 }, bottom = { robin = [2.0, 1.0, 1.0] }, top = { robin = [1.1, 0.5, 3.0] } }\n";
const EULER: &str = "runtime = 0.05\nouttime = 0.0125\ndt = 1e-3\n";
const BETWEEN: [f64; 4] = [0.0125, 0.0201, 0.03333, 0.0499];
const AT_SNAPSHOTS: [f64; 3] = [0.0125, 0.025, 0.05];
const POINTS: &str = "[record]\nevery = 0.01\npoints = { a = [0.31, 0.42], b = [0.78, 0.2], wall = [1.0, 0.3], fixed = [0.0, 0.4], low = [0.5, 0.0] }\n";
const TOTALS: &str = "[record]\nevery = 0.01\ntotals = true\npoints = { a = [0.31, 0.42] }\n[[record.region]]\nname = 'part'\nwhere = '(x > 0.25)*(y < 0.5)'\n";

/// A problem, and numbers of it that are moved, each with its value and the size of its change.
struct Case {
    text: String,
    fields: Vec<&'static str>,
    numbers: Vec<(&'static str, &'static str, f64, f64)>,
    columns: Vec<&'static str>,
    times: Vec<f64>,
    values: Vec<(&'static str, Array2<f64>)>,
    raw: RawParams,
    /// The relative error of differences.
    tolerance: f64,
}

/// The bytes of a matrix as an array file.
fn npy(values: &Array2<f64>) -> Vec<u8> {
    let (rows, columns) = values.dim();
    let mut header =
        format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

impl Case {
    fn new(parts: &[&str], fields: &[&'static str], columns: &'static str, times: &[f64]) -> Self {
        let of_fields = FIELDS.iter().filter(|(key, ..)| fields.contains(key));
        let of_fields: String = of_fields.map(|(_, text, _)| *text).collect();
        let text = of_fields + &parts.concat();
        let plain: String = text
            .lines()
            .filter(|line| !line.contains("/m/"))
            .map(|line| format!("{line}\n"))
            .collect();
        let plain = if plain.contains("D = ") || plain.contains("Dx") {
            plain
        } else {
            format!("D = 1.0\n{plain}")
        };
        let problem: Problem = plain
            .parse()
            .unwrap_or_else(|error| panic!("{error}\n{plain}"));
        let mut random = Random(77);
        let values = FIELDS.iter().filter(|(key, ..)| fields.contains(key)).map(
            |&(key, _, [mean, size])| {
                let [a, b] = [random.number(), random.number()];
                let values = Array2::from_shape_fn(problem.grid.shape(), |(j, i)| {
                    let [y, x] = [j as f64, i as f64].map(|number| number / 10.0);
                    mean + 0.7 * size * (3.0 * a + 4.0 * x).sin() * (2.0 * b + 5.0 * y).cos()
                        + 0.3 * size * random.number()
                });
                (key, wrapped(&problem, values))
            },
        );
        Self {
            values: values.collect(),
            raw: RawParams::parse("a case", &text).unwrap(),
            fields: fields.to_vec(),
            numbers: Vec::new(),
            columns: columns.split(' ').collect(),
            times: times.to_vec(),
            text,
            tolerance: 1e-9,
        }
    }

    /// The case with numbers that are moved: the name by which the derivative is asked for, the key, value and change.
    fn with_numbers(mut self, numbers: &[(&'static str, &'static str, f64, f64)]) -> Self {
        self.numbers = numbers.to_vec();
        // Where an edge lies is known to less than what differences of runs need.
        if numbers.iter().any(|(name, ..)| *name == "edge") {
            self.tolerance = 3e-4;
        }
        self
    }

    /// The parameters, moved along a direction.
    fn raw(&self, by: f64, direction: &Direction) -> RawParams {
        let mut raw = self.raw.clone();
        for ((key, values), change) in self.values.iter().zip(&direction.fields) {
            let moved = values + &(change * by);
            raw = raw.with_file(format!("/m/{key}.npy"), npy(&moved));
        }
        for (_, key, value, size) in &self.numbers {
            raw.set(&format!("{key}={:?}", value + by * size)).unwrap();
        }
        raw
    }

    /// A random direction; nodes that are the same point move together.
    fn direction(&self) -> Direction {
        let mut random = Random(5);
        let still = Direction {
            fields: self.values.iter().map(|(_, values)| values * 0.0).collect(),
        };
        let problem = Problem::from_raw(&self.raw(0.0, &still)).unwrap();
        let fields = self.values.iter().map(|(key, values)| {
            let [_, size] = FIELDS.iter().find(|(known, ..)| known == key).unwrap().2;
            wrapped(&problem, values.mapv(|_| 0.4 * size * random.number()))
        });
        Direction {
            fields: fields.collect(),
        }
    }

    /// The numbers of the record of a run, of all columns at all times.
    fn record(&self, raw: &RawParams) -> Vec<f64> {
        let mut raw = raw.clone();
        if !self.text.contains("steady") {
            raw = raw.without("record.every");
            raw.set(&format!("record.at={:?}", self.times)).unwrap();
        }
        let problem =
            Problem::from_raw(&raw).unwrap_or_else(|error| panic!("{error}\n{}", self.text));
        let (solution, _) = Run::new(&problem).solve().unwrap();
        let record = solution.record.unwrap();
        let rows: Vec<&[f64]> = record.numbers.chunks(record.names.len()).collect();
        let mut numbers = Vec::new();
        for column in &self.columns {
            let place = record.names.iter().position(|name| name == column);
            let place = place.unwrap_or_else(|| panic!("no {column} among {:?}", record.names));
            for time in &self.times {
                let row = rows
                    .iter()
                    .min_by(|one, other| (one[1] - time).abs().total_cmp(&(other[1] - time).abs()));
                numbers.push(row.unwrap()[place]);
            }
        }
        numbers
    }

    /// The sum of squares of the differences to numbers beside those of the record.
    fn misfit(&self, record: &[f64]) -> Vec<Measured> {
        let mut random = Random(9);
        let places = self
            .columns
            .iter()
            .flat_map(|column| self.times.iter().map(move |time| (column, *time)));
        let measured = places.zip(record).map(|((column, time), number)| {
            let sigma = 0.1 + 0.2 * number.abs();
            Measured {
                column: (*column).to_owned(),
                time,
                value: number + 0.7 * sigma * random.number(),
                sigma,
            }
        });
        measured.collect()
    }

    fn unknowns(&self, raw: &RawParams) -> Vec<Unknown> {
        let names = self
            .fields
            .iter()
            .chain(self.numbers.iter().map(|(name, ..)| name));
        names
            .flat_map(|name| Unknown::named(raw, name).unwrap().into_iter().take(1))
            .collect()
    }

    fn gradient(
        &self,
        raw: &RawParams,
        objective: &Objective,
        options: GradientOptions<'_>,
    ) -> Gradient {
        let gradient = Gradient::new(raw, objective, &self.unknowns(raw), options);
        gradient.unwrap_or_else(|error| panic!("{error}\n{}", self.text))
    }

    /// The derivative along a direction.
    fn slope(&self, gradient: &Gradient, raw: &RawParams, direction: &Direction) -> f64 {
        let periodic = Problem::from_raw(raw).unwrap().periodic();
        let mut numbers = self.numbers.iter();
        let mut fields = direction.fields.iter();
        let terms = gradient.by.iter().map(|derivative| match derivative {
            Derivative::Field(_, values) => {
                let change = fields.next().unwrap();
                let (ny, nx) = values.dim();
                let nodes = values.indexed_iter().filter(|((j, i), value)| {
                    let is_second = (periodic[0] && i + 1 == nx) || (periodic[1] && j + 1 == ny);
                    !is_second && !value.is_nan()
                });
                nodes.map(|(node, value)| value * change[node]).sum::<f64>()
            }
            Derivative::Number(_, value) => value * numbers.next().unwrap().3,
        });
        terms.sum()
    }

    /// Compares the gradient with differences of fourth order, and the remainders of steps along the direction with the
    /// second order that they have beside a right gradient.
    fn check(&self) {
        let direction = self.direction();
        let raw = self.raw(0.0, &direction);
        let record = self.record(&raw);
        let measured = self.misfit(&record);
        let value = |by: f64| -> f64 {
            let numbers = self.record(&self.raw(by, &direction)).into_iter();
            let squares = numbers
                .zip(&measured)
                .map(|(number, of)| ((number - of.value) / of.sigma).powi(2));
            squares.sum()
        };
        let gradient = self.gradient(
            &raw,
            &Objective::Misfit(measured.clone()),
            GradientOptions::default(),
        );
        let own = value(0.0);
        assert!(
            (gradient.value - own).abs() <= 1e-13 * own,
            "{} {own}\n{}",
            gradient.value,
            self.text
        );
        let slope = self.slope(&gradient, &raw, &direction);
        let central = |by: f64| (value(by) - value(-by)) / (2.0 * by);
        let difference = (4.0 * central(2e-3) - central(4e-3)) / 3.0;
        let error = (difference - slope).abs() / slope.abs().max(1e-3 * own);
        println!("{error:.1e}");
        assert!(
            error < self.tolerance,
            "{slope} {difference}: {error:.1e}\n{}",
            self.text
        );
        let remainder = |by: f64| (value(by) - own - by * slope).abs();
        let orders = [0.05, 0.0125].map(|by| (remainder(by) / remainder(by / 4.0)).log(4.0));
        if self.tolerance > 1e-9 {
            return;
        }
        let is_linear = remainder(0.05) < 1e-10 * own;
        let are_second = orders.iter().all(|order| (1.9..2.1).contains(order));
        assert!(is_linear || are_second, "{orders:?}\n{}", self.text);
    }
}

struct Direction {
    fields: Vec<Array2<f64>>,
}

/// Values that are the same at nodes that are the same point.
fn wrapped(problem: &Problem, mut values: Array2<f64>) -> Array2<f64> {
    let (ny, nx) = values.dim();
    let [is_periodic_x, is_periodic_y] = problem.periodic();
    if is_periodic_x {
        let column = values.column(0).to_owned();
        values.column_mut(nx - 1).assign(&column);
    }
    if is_periodic_y {
        let row = values.row(0).to_owned();
        values.row_mut(ny - 1).assign(&row);
    }
    values
}

const WALLS: [(&str, &str, f64, f64); 6] = [
    ("boundary.left", "boundary.left", 4.0, 0.9),
    ("boundary.right", "boundary.right.flux", 2.0, -0.6),
    ("boundary.bottom", "boundary.bottom.robin.2", 1.0, 0.5),
    ("boundary.top.robin.2", "boundary.top.robin.2", 3.0, 0.8),
    ("boundary.top.robin.0", "boundary.top.robin.0", 1.1, 0.3),
    ("boundary.top.robin.1", "boundary.top.robin.1", 0.5, 0.1),
];

/// Layers and pipes whose edges lie between nodes, and what is moved of them.
const CUT: &str = "D = 'where(x < edge, good, bad)'\ncapacity = '1 + heavy*(y > 0.33)'\ndecay = '0.5*(hypot(x - 0.6, y - 0.4) < 0.27)'\nconstants = { edge = 0.345, good = 1.2, bad = 0.3, heavy = 2.0, start = 1.0 }\n";
const CUTS: [(&str, &str, f64, f64); 4] = [
    ("edge", "constants.edge", 0.345, 0.1),
    ("good", "constants.good", 1.2, 0.3),
    ("bad", "constants.bad", 0.3, 0.08),
    ("heavy", "constants.heavy", 2.0, 0.5),
];

/// Walls and a source that follow time, and what is moved of them.
const MOVING: &str = "constants = { swing = 1.0, gain = 3.0, rise = 2.0 }\nsource = 'gain*sin(40*t) + x'\nboundary = { left = '4 + swing*sin(60*t)', right = { flux = '2 + rise*t' }, bottom = { robin = [1.0, 2.0, '1 + rise*t'] }, top = 3.0 }\n";
const MOVES: [(&str, &str, f64, f64); 3] = [
    ("swing", "constants.swing", 1.0, 0.4),
    ("gain", "constants.gain", 3.0, 1.0),
    ("rise", "constants.rise", 2.0, 0.7),
];
const RKL2: &str = "method = 'rkl2'\ndt = 0.0052\nstages = 7\nruntime = 0.05\nouttime = 0.0125\n";
const EXACT: &str = "D = 0.7\ncapacity = 1.7\ndecay = 0.5\nmethod = 'exact'\nruntime = 0.05\nouttime = 0.0125\nboundary = { left = 4.0, right = { flux = 2.0 }, bottom = 'insulated', top = 3.0 }\n";
const STEADY: &str = "method = 'steady'\ntolerance = 1e-14\n";

/// The problems with all fields, all kinds of walls, and values of walls.
fn matrix() -> Vec<Case> {
    let points = "a b wall low";
    let fixed = "boundary = { left = 4.0, right = 2.0, bottom = 1.0, top = 3.0 }\n";
    let periodic = "boundary = { left = 'periodic', right = 'periodic', bottom = { robin = [2.0, 1.0, 1.0] }, top = 3.0 }\n";
    let around = "coordinates = 'axisymmetric'\nboundary = { right = { robin = [0.7, 1.0, 2.0] }, bottom = { flux = 1.0 }, top = 3.0 }\n";
    let areas = "[mask]\nwhere = 'hypot(x - 0.6, y - 0.45) < 0.15'\n[[held]]\nwhere = '(abs(x - 0.2) < 0.06)*(y < 0.3)'\nvalue = 2.0\n";
    let interface = "[[interface]]\nwhere = 'x < 0.42'\nresistance = 0.05\n";
    let totals = "mass left_rate right_rate bottom_rate top_rate source_rate decay_rate top_flux part_mean part_mass part_in_rate";
    let around_totals =
        "mass right_rate top_rate source_rate decay_rate part_mean part_mass part_in_rate";
    vec![
        Case::new(&[GRID, MIXED, EULER, POINTS], &EVERY, "a b wall fixed low", &AT_SNAPSHOTS).with_numbers(&WALLS),
        Case::new(&[GRID, MIXED, EULER, POINTS], &EVERY, points, &BETWEEN).with_numbers(&WALLS),
        Case::new(&["face = 'arithmetic'\n", GRID, MIXED, EULER, POINTS], &EVERY, points, &AT_SNAPSHOTS),
        Case::new(&[GRID, fixed, EULER, POINTS], &EVERY, "a fixed low", &AT_SNAPSHOTS)
            .with_numbers(&[("boundary.left", "boundary.left", 4.0, 1.0), ("boundary.bottom", "boundary.bottom", 1.0, 0.7)]),
        Case::new(&[GRID, MIXED, EULER, POINTS], &["Dx", "Dy", "initial"], points, &AT_SNAPSHOTS),
        Case::new(&["capacity = 1.7\n", GRID, MIXED, EULER, POINTS], &["D", "source"], points, &BETWEEN)
            .with_numbers(&[("boundary.right", "boundary.right.flux", 2.0, 0.3)]),
        Case::new(&[GRID, periodic, EULER, POINTS], &EVERY, "a b wall low", &AT_SNAPSHOTS),
        Case::new(&[GRID, "boundary = 'periodic'\n", EULER, POINTS], &EVERY, points, &BETWEEN),
        Case::new(&[GRID, MIXED, EULER, areas, POINTS], &EVERY, "a b wall low", &AT_SNAPSHOTS)
            .with_numbers(&[("held.0.value", "held.0.value", 2.0, 0.5)]),
        Case::new(&[GRID, MIXED, EULER, interface, POINTS], &EVERY, points, &AT_SNAPSHOTS)
            .with_numbers(&[("interface.0.resistance", "interface.0.resistance", 0.05, 0.01)]),
        Case::new(&[around, GRID, EULER, POINTS], &EVERY, "a b wall low", &AT_SNAPSHOTS),
        Case::new(&[GRID, MIXED, EULER, TOTALS], &EVERY, totals, &BETWEEN).with_numbers(&WALLS),
        Case::new(&[GRID, MIXED, EULER, areas, TOTALS], &EVERY, totals, &AT_SNAPSHOTS).with_numbers(&WALLS[..2]),
        Case::new(&[GRID, fixed, EULER, TOTALS], &EVERY, totals, &AT_SNAPSHOTS),
        Case::new(&[GRID, periodic, EULER, TOTALS], &EVERY, "mass bottom_rate top_rate source_rate part_mean part_mass part_in_rate", &BETWEEN),
        Case::new(&[around, GRID, EULER, TOTALS], &EVERY, around_totals, &AT_SNAPSHOTS),
        Case::new(&[GRID, fixed, EULER, interface, TOTALS], &EVERY, totals, &AT_SNAPSHOTS),
        Case::new(&[GRID, MIXED, RKL2, POINTS], &EVERY, "a b wall fixed low", &AT_SNAPSHOTS).with_numbers(&WALLS),
        Case::new(&[GRID, MIXED, RKL2, areas, TOTALS], &EVERY, totals, &BETWEEN).with_numbers(&WALLS),
        Case::new(&[around, GRID, RKL2, POINTS], &EVERY, "a b wall low", &BETWEEN),
        Case::new(&[GRID, "boundary = 'periodic'\n", RKL2, TOTALS], &EVERY, "mass part_mean a", &BETWEEN),
        Case::new(&[MOVING, GRID, EULER, POINTS], &["D", "capacity", "initial"], "a b wall fixed low", &BETWEEN).with_numbers(&MOVES),
        Case::new(&[MOVING, GRID, EULER, TOTALS], &["D", "initial"], "a mass left_rate source_rate part_mean", &BETWEEN).with_numbers(&MOVES),
        Case::new(&[CUT, GRID, MIXED, EULER, POINTS], &["initial"], "a b wall low", &AT_SNAPSHOTS).with_numbers(&CUTS),
        Case::new(&[CUT, GRID, MIXED, EULER, TOTALS], &["initial"], totals, &BETWEEN).with_numbers(&CUTS),
        Case::new(&[CUT, GRID, MIXED, EULER, "[record]\nevery = 0.01\ninterpolate = 'linear'\npoints = { a = [0.31, 0.42], b = [0.37, 0.2] }\n"], &["source"], "a b", &BETWEEN)
            .with_numbers(&CUTS),
        Case::new(&[GRID, MIXED, STEADY, POINTS], &["D", "decay", "source"], "a b wall fixed low", &[0.0]).with_numbers(&WALLS),
        Case::new(&[GRID, fixed, STEADY, areas, TOTALS], &["D", "source"], totals, &[0.0]).with_numbers(&[("boundary.left", "boundary.left", 4.0, 1.0)]),
        Case::new(&[around, GRID, STEADY, TOTALS], &["D", "decay", "source"], "mass right_rate top_rate decay_rate part_mean part_in_rate", &[0.0]),
        Case::new(&[EXACT, GRID, POINTS], &["source", "initial"], "a b wall fixed low", &AT_SNAPSHOTS),
        Case::new(&[EXACT, GRID, TOTALS], &["source", "initial"], totals, &BETWEEN),
        Case::new(&[&EXACT.replace("left = 4.0, right = { flux = 2.0 }", "left = 'periodic', right = 'periodic'"), GRID, TOTALS], &["source", "initial"], "mass top_rate a part_mean", &BETWEEN),
        Case::new(&[CUT, GRID, MIXED, STEADY, TOTALS], &["source"], "left_rate part_mean a", &[0.0]).with_numbers(&CUTS),
    ]
}

#[test]
fn gradients_are_those_of_differences_and_remainders_are_of_second_order() {
    for case in matrix() {
        case.check();
    }
}

/// What p depends on linearly: the change of each number of the record is that of a run.
#[test]
fn products_with_directions_are_those_of_runs() {
    let linear = ["source", "initial"];
    let numbers = &WALLS[..4];
    for parts in [
        [GRID, MIXED, EULER, POINTS],
        [GRID, MIXED, RKL2, POINTS],
        [GRID, MIXED, STEADY, POINTS],
    ] {
        let is_steady = parts[2] == STEADY;
        let fields = if is_steady { &linear[..1] } else { &linear[..] };
        let times = if is_steady { &[0.0][..] } else { &BETWEEN[..] };
        let text = [
            "D = '1 + x*y'\ncapacity = '1 + x'\n",
            parts[0],
            parts[1],
            parts[2],
            parts[3],
        ];
        let case = Case::new(&text, fields, "a b wall fixed low", times).with_numbers(numbers);
        let direction = case.direction();
        let raw = case.raw(0.0, &direction);
        let [before, behind] = [0.0, 1.0].map(|by| case.record(&case.raw(by, &direction)));
        let mut random = Random(31);
        let places = case
            .columns
            .iter()
            .flat_map(|column| case.times.iter().map(move |time| (column, *time)));
        let terms: Vec<Term> = places
            .map(|(column, time)| Term {
                weight: random.number(),
                column: (*column).to_owned(),
                window: Some([time; 2]),
            })
            .collect();
        let changes = before
            .iter()
            .zip(&behind)
            .zip(&terms)
            .map(|((before, behind), term)| term.weight * (behind - before));
        let (sum, size) = changes.fold((0.0, 0.0), |(sum, size), change| {
            (sum + change, size + change.abs())
        });
        let gradient = case.gradient(&raw, &Objective::Sum(terms), GradientOptions::default());
        let slope = case.slope(&gradient, &raw, &direction);
        assert!(
            (slope - sum).abs() < 1e-13 * size,
            "{slope} {sum} {}",
            parts[2]
        );
    }
}

#[test]
fn bits_depend_neither_on_threads_nor_on_what_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    for (number, method) in [EULER, RKL2].into_iter().enumerate() {
        let case = Case::new(
            &[GRID, MIXED, method, POINTS],
            &EVERY,
            "a b wall low",
            &BETWEEN,
        )
        .with_numbers(&WALLS);
        let mut raw = case.raw(0.0, &case.direction());
        for (key, values) in &case.values {
            // A cube is resumed and read from files.
            let file = directory.path().join(format!("{key}{number}.npy"));
            std::fs::write(&file, npy(values)).unwrap();
            let name = if *key == "initial" {
                "initial.path".to_owned()
            } else {
                format!("{key}.file")
            };
            raw.set(&format!("{name}={:?}", file.display().to_string()))
                .unwrap();
        }
        let cube = directory.path().join(format!("cube{number}.npy"));
        let problem = Problem::from_raw(&raw).unwrap();
        Run::new(&problem).output(&cube).start().unwrap();
        let cube = Cube::open(&cube).unwrap();
        let measured = case.misfit(&case.record(&raw));
        let objective = Objective::Misfit(measured);
        let bits = |threads: usize, options: GradientOptions<'_>| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let gradient = pool.install(|| case.gradient(&raw, &objective, options));
            let numbers = gradient.by.iter().flat_map(|derivative| match derivative {
                Derivative::Field(_, values) => values.iter().copied().collect(),
                Derivative::Number(_, value) => vec![*value],
            });
            let bits: Vec<u64> = numbers.chain([gradient.value]).map(f64::to_bits).collect();
            (bits, gradient.cost)
        };
        let (expected, cost) = bits(1, GradientOptions::default());
        assert_eq!(cost.forwards, cost.steps, "all states are kept");
        let field = problem.grid.len() * 8;
        for threads in [1, 3] {
            for states in [0, 2, 5, 12] {
                let memory = Some((40 + states) * field);
                let (own, cost) = bits(threads, GradientOptions { cube: None, memory });
                assert_eq!(own, expected, "{threads} threads, {states} states");
                let (from_cube, _) = bits(
                    threads,
                    GradientOptions {
                        cube: Some(&cube),
                        memory,
                    },
                );
                assert_eq!(
                    from_cube, expected,
                    "{threads} threads, {states} states, from the cube"
                );
                assert!(number > 0 || cost.forwards > cost.steps);
            }
        }
    }
}

#[test]
fn a_damaged_snapshot_is_no_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cube.npy");
    let text = format!("D = 0.5\n{GRID}{MIXED}{EULER}{POINTS}");
    let raw = RawParams::parse("a case", &text).unwrap();
    let problem = Problem::from_raw(&raw).unwrap();
    Run::new(&problem).output(&path).start().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let place = bytes.len() - 3 * 8 * problem.grid.len() as usize + 100;
    bytes[place] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let cube = Cube::open(&path).unwrap();
    let objective = Objective::Sum(vec!["a@0.05".parse().unwrap()]);
    let unknowns = Unknown::named(&raw, "D").unwrap();
    let options = GradientOptions {
        cube: Some(&cube),
        memory: None,
    };
    let error = Gradient::new(&raw, &objective, &unknowns, options).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().contains("snapshot 2 "), "{error}");
}

/// What has come in up to a row, against differences of what the record says of it.
#[test]
fn amounts_have_the_gradient_of_what_rows_or_steps_add_up() {
    let totals = |every: &str| TOTALS.replace("every = 0.01", every);
    for text in [
        format!("{EULER}{}", totals("every = 'step'")),
        format!("{EULER}{}", totals("at = [0.0125, 0.0201, 0.03]")),
        format!("{EULER}method = 'rkl2'\n{}", totals("every = 0.004")),
    ] {
        let text = format!(
            "constants = {{ k = 1.5 }}\nD = 'k*(1 + x)'\n{GRID}{MIXED}{}",
            text.replace("1e-3", "5e-4")
        );
        let of = |k: f64, column: &str| {
            let mut raw = RawParams::parse("a case", &text).unwrap();
            raw.set(&format!("constants.k={k:?}")).unwrap();
            let (solution, _) = Run::new(&Problem::from_raw(&raw).unwrap()).solve().unwrap();
            let record = solution.record.unwrap();
            let place = record.names.iter().position(|name| name == column);
            let row = record
                .numbers
                .chunks(record.names.len())
                .rfind(|row| row[1] <= 0.03 + 1e-9);
            (raw, row.unwrap()[place.unwrap()], row.unwrap()[1])
        };
        for column in ["bottom", "top", "part_in"] {
            let (raw, amount, time) = of(1.5, column);
            let objective = Objective::Sum(vec![format!("{column}@{time:?}").parse().unwrap()]);
            let unknowns = Unknown::named(&raw, "k").unwrap();
            let gradient =
                Gradient::new(&raw, &objective, &unknowns, GradientOptions::default()).unwrap();
            let close = |one: f64, other: f64, by: f64| (one - other).abs() <= by * other.abs();
            assert!(
                close(gradient.value, amount, 1e-12),
                "{column} {} {amount}",
                gradient.value
            );
            let central = |by: f64| (of(1.5 + by, column).1 - of(1.5 - by, column).1) / (2.0 * by);
            let difference = (4.0 * central(1e-2) - central(2e-2)) / 3.0;
            let Derivative::Number(_, slope) = gradient.by[0] else {
                panic!("k is a number");
            };
            assert!(
                close(slope, difference, 1e-7),
                "{column} {slope} {difference}\n{text}"
            );
        }
    }
}

#[test]
fn what_has_no_gradient_is_refused_in_a_sentence() {
    let base = format!("{GRID}{MIXED}{POINTS}");
    let euler = format!("{}D = 1.0\n{base}", EULER.replace("1e-3", "5e-4"));
    let refused = |text: &str, of: &str, by: &str| {
        let raw = RawParams::parse("a case", text).unwrap();
        let objective = Objective::Sum(vec![of.parse().unwrap()]);
        let unknowns = match Unknown::named(&raw, by) {
            Ok(unknowns) => unknowns,
            Err(error) => return error.to_string(),
        };
        let error = Gradient::new(&raw, &objective, &unknowns, GradientOptions::default());
        let error = error.unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
        error.to_string()
    };
    let is_about = |sentence: String, words: &str| assert!(sentence.contains(words), "{sentence}");
    is_about(
        refused(&format!("precision = 'f32'\n{euler}"), "a@0.05", "D"),
        "f32",
    );
    is_about(
        refused(&euler, "nobody@0.05", "D"),
        "the record has no column nobody; it has a, b",
    );
    is_about(refused(&euler, "a@7", "D"), "is not in the run");
    is_about(
        refused(&euler, "a@0.05", "DD"),
        "there is no derivative by DD",
    );
    is_about(
        refused(
            &euler.replace("D = 1.0", "D = '1 + (x < 0.33)'"),
            "a@0.05",
            "D",
        ),
        "D jumps between nodes",
    );
    is_about(
        refused(
            &euler.replace("[2.0, 1.0, 1.0]", "['2 + t', 1.0, 1.0]"),
            "a@0.05",
            "D",
        ),
        "depends on t",
    );
    is_about(
        refused(
            &euler.replace("D = 1.0", "D = 'exp(-t)'"),
            "a@0.05",
            "initial",
        ),
        "D or decay depends on t",
    );
    is_about(
        refused(&euler.replace(POINTS, TOTALS), "max@0.05", "D"),
        "no smooth function",
    );
    let totals = euler.replace(POINTS, TOTALS);
    is_about(refused(&totals, "top@0:0.05", "D"), "read at one time");
    is_about(
        refused(&totals, "top@0.013", "D"),
        "has no row at t = 0.013",
    );
    is_about(refused(&totals, "left@0.05", "D"), "left_rate");
    let steps = totals
        .replace("every = 0.01", "every = 'step'\n")
        .replace("dt = 5e-4", "dt = 5e-4\nmethod = 'rkl2'");
    is_about(refused(&steps, "top@0.05", "D"), "sum over stages of rkl2");
    is_about(refused(&totals, "unexplained@0.05", "D"), "no gradient");
    let rkl2 = format!(
        "{RKL2}D = 1.0\n{GRID}boundary = {{ left = '1 + t', right = 0, bottom = 0, top = 0 }}\n{POINTS}"
    );
    is_about(refused(&rkl2, "a@0.05", "boundary.left"), "stages of rkl2");
    is_about(refused(&rkl2, "a@0.05", "D"), "stages of rkl2");
    let steady = format!("{STEADY}D = 1.0\n{base}");
    is_about(refused(&steady, "a", "initial"), "no initial state");
    let enclosed = steady.replace(MIXED, "boundary = 'insulated'\n");
    is_about(refused(&enclosed, "a", "D"), "enclosed");
}
