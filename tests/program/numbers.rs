//! The cube has the bits of the reference program in NumPy (`reference.py`).

use crate::common::{
    Scene, data_of, python, sample_size,
    seed::{Random, seeds},
};
use std::path::PathBuf;

/// One run, compared in one directory.
#[derive(Clone)]
struct Case {
    d: f64,
    ends: (f64, f64),
    dx: f64,
    runtime: f64,
    outtime: f64,
    grid: &'static str,
    precision: &'static str,
}

const SEED: Case = Case {
    d: 1.0,
    ends: (-10.0, 10.0),
    dx: 0.0667,
    runtime: 15.0,
    outtime: 0.5,
    grid: "slides",
    precision: "f64",
};

const GRIDS: [&str; 3] = ["slides", "files", "walls"];

impl Case {
    /// `n` cells, about `steps` steps and a snapshot every fourth of them.
    fn of_cells(n: u32, d: f64, ends: (f64, f64), steps: f64) -> Self {
        let dx = (ends.1 - ends.0) / (f64::from(n) + 0.5);
        let dt = 0.25 * dx * dx / d;
        Self {
            d,
            ends,
            dx,
            runtime: steps * dt,
            outtime: 4.6 * dt,
            ..SEED
        }
    }

    /// As Python assignments, which the reference program executes and diff2d reads.
    fn text(&self) -> String {
        let Self {
            d,
            ends: (x1, x2),
            dx,
            runtime,
            outtime,
            grid,
            precision,
        } = self;
        format!(
            "D = {d:?}; x1 = {x1:?}; x2 = {x2:?}\nruntime = {runtime:?}\ndx = {dx:?}\n\
             outtime = {outtime:?}\ngraphics = False\ngrid = '{grid}'\ntimes = 'course'\nprecision = '{precision}'\n"
        )
    }

    /// The number of cells and the coefficient r of the step.
    fn r(&self) -> (f64, f64) {
        let length = self.ends.1 - self.ends.0;
        let cells = (length / self.dx).trunc();
        let dx = length / cells;
        let dt = 0.25 * dx * dx / self.d;
        (cells, (self.d / (dx * dx)) * dt)
    }
}

/// Runs both programs on every case, and compares cubes, journals, `info` and stdout.
fn same_as_numpy(cases: &[Case]) -> Scene {
    assert!(!cases.is_empty());
    let scene = Scene::new();
    let mut printed = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        scene.write(&format!("{number}/params.py"), case.text());
        let run = format!("run {number}/params.py -o {number}/cube.npy --quiet");
        printed.push(scene.succeed(&run).stdout);
        let info = scene.succeed(&format!("info {number}/cube.npy --json"));
        scene.write(&format!("{number}/info.json"), info.stdout);
    }
    let directories: Vec<PathBuf> = (0..cases.len())
        .map(|number| scene.path(number.to_string()))
        .collect();
    python("reference.py", &directories);
    for (number, case) in cases.iter().enumerate() {
        let about = case.text();
        let ours = scene.read(&format!("{number}/cube.npy"));
        let theirs = scene.read(&format!("{number}/reference.npy"));
        let header = 10 + usize::from(u16::from_le_bytes([theirs[8], theirs[9]]));
        assert!(data_of(&ours) == &theirs[header..], "other bits:\n{about}");
        let times = scene.text(&format!("{number}/reference.txt"));
        assert_eq!(printed[number], times, "other times:\n{about}");
    }
    let right = python("check_cube.py", &directories);
    assert_eq!(right.lines().count(), cases.len(), "{right}");
    scene
}

#[test]
fn the_course_problem_has_the_bits_of_numpy_on_every_grid() {
    seeds("the_course_problem_has_the_bits_of_numpy_on_every_grid")
        .map(Random::new)
        .for_each(compare_grids);
}

/// The short command takes the finest spacing, which takes as long as all others, on one of the grids.
fn compare_grids(mut random: Random) {
    let finest = random.some(&GRIDS, sample_size(GRIDS.len(), GRIDS.len(), 1));
    let finest = finest.into_iter().map(|grid| (0.0667, grid));
    let cases: Vec<Case> = [5.0, 3.0, 1.0, 0.2, 0.1]
        .into_iter()
        .flat_map(|dx| GRIDS.map(|grid| (dx, grid)))
        .chain(finest)
        .map(|(dx, grid)| Case { dx, grid, ..SEED })
        .collect();
    same_as_numpy(&cases);
}

#[test]
fn grids_of_one_to_three_interior_nodes_have_the_bits_of_numpy() {
    let cases: Vec<Case> = GRIDS
        .into_iter()
        .flat_map(|grid| {
            (1..=3).map(move |interior| {
                let cells = interior + u32::from(grid == "walls");
                let case = Case::of_cells(cells, 1.0, SEED.ends, 22.5);
                assert_eq!(case.r().0, f64::from(cells));
                Case { grid, ..case }
            })
        })
        .collect();
    same_as_numpy(&cases);
}

#[test]
fn a_run_without_a_step_has_the_bits_of_numpy() {
    let case = Case {
        dx: 1.0,
        runtime: 0.0,
        outtime: 0.0,
        ..SEED
    };
    let scene = same_as_numpy(&[case]);
    assert_eq!(scene.text("0/reference.txt"), "0\n");
}

/// Where r is not 0.25, contracting `p + r*lapl` to one rounding changes bits.
#[test]
fn coefficients_next_to_a_quarter_have_the_bits_of_numpy() {
    let mut cases = Vec::new();
    for d in [1.0, 0.7, 3.0, 0.013] {
        for ends in [(-10.0, 10.0), (0.0, 1.0), (-1.0, 2.3), (0.1, 0.7)] {
            let found = (20..60)
                .map(|cells| Case::of_cells(cells, d, ends, 121.5))
                .find(|case| case.r().1 != 0.25);
            cases.extend(found);
        }
    }
    assert!(cases.len() >= 8, "only {} cases", cases.len());
    for case in &cases {
        let r = case.r().1;
        let bits = r.to_bits().abs_diff(0.25_f64.to_bits());
        assert_eq!(bits, 1, "r = {r:e}");
    }
    let scene = same_as_numpy(&cases);

    let noticed = cases.iter().enumerate().filter(|(number, case)| {
        let cube = scene.read(&format!("{number}/cube.npy"));
        let field: Vec<f64> = data_of(&cube)
            .chunks_exact(8)
            .map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        let n = case.r().0 as usize + 2;
        let mut contracted = field[..n * n].to_vec();
        for _ in 0..4 {
            contracted = contracted_step(&contracted, n, case.r().1);
        }
        contracted != field[n * n..2 * n * n]
    });
    assert!(noticed.count() > 0, "these cases cannot tell an FMA");
}

/// The step with multiplication and addition contracted to one rounding.
fn contracted_step(p: &[f64], n: usize, r: f64) -> Vec<f64> {
    let mut new = p.to_vec();
    for j in 1..n - 1 {
        for at in j * n + 1..j * n + n - 1 {
            let lapl = (((p[at + n] + p[at - n]) + p[at + 1]) + p[at - 1]) - 4.0 * p[at];
            new[at] = r.mul_add(lapl, p[at]);
        }
    }
    new
}

#[test]
fn single_precision_has_the_bits_of_numpy() {
    let mut cases: Vec<Case> = GRIDS
        .into_iter()
        .flat_map(|grid| [1.0, 0.2, 0.1].map(|dx| Case { dx, grid, ..SEED }))
        .collect();
    cases.push(Case {
        d: 0.3,
        ends: (0.1, 0.7),
        ..Case::of_cells(37, 0.3, (0.1, 0.7), 200.5)
    });
    for case in &mut cases {
        case.precision = "f32";
    }
    same_as_numpy(&cases);
}

/// A snapshot above 4 MiB has a digest of several blocks.
#[test]
#[ignore = "large: tests/run-all --full"]
fn snapshots_of_several_blocks_have_the_bits_of_numpy() {
    let of_nodes = |nodes: u32, precision| Case {
        precision,
        ..Case::of_cells(nodes - 2, 1.0, SEED.ends, 9.5)
    };
    let cases = [
        of_nodes(724, "f64"),
        of_nodes(725, "f64"),
        of_nodes(1024, "f32"),
        of_nodes(1030, "f64"),
    ];
    same_as_numpy(&cases);
}
