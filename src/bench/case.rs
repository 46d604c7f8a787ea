//! [`Case`]: the problem that all programs solve.

use super::error::{BenchError, directory_error};
use crate::problem::Problem;
use serde::{Serialize, Serializer};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The problem of the course. Other sizes change its `dx` and `runtime`.
const SEED: &str = include_str!("../../params/diff2dparams.toml");
/// Its diffusion coefficient.
const D: f64 = 1.0;
/// Updates that a program of ordinary speed takes a second or two for: about those of the course.
const UPDATES: u64 = 1_200_000_000;
/// The same for problems of other kinds, of which there are many.
const UPDATES_OF_VARIANT: u64 = UPDATES / 2;
/// Interior nodes along a side of problems of other kinds.
const SIZE_OF_VARIANT: u32 = 1024;
/// The fewest steps; the start and the end of a program do not matter then.
const FEWEST_STEPS: u64 = 48;
/// The largest cube that a whole run writes, in bytes.
const LARGEST_CUBE: u64 = 256 << 20;

/// How many steps a program is asked for, by its speed. Rates are compared, not times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepBudget {
    /// All steps: compiled programs.
    Compiled,
    /// At most [`UPDATES`]: operations on whole arrays.
    Arrays,
    /// A five-hundredth of that: interpreted loops.
    Interpreted,
}

/// A material or a kind of walls.
#[derive(Debug)]
pub struct CaseChoice {
    /// For the reference program, and in JSON.
    word: &'static str,
    /// In tables.
    name: &'static str,
    /// In parameter files.
    value: &'static str,
}

impl Serialize for CaseChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word)
    }
}

const fn choice(word: &'static str, name: &'static str, value: &'static str) -> CaseChoice {
    CaseChoice { word, name, value }
}

/// What the square consists of. `benches/reference/physics.cpp` has the same numbers and formulas.
static MATERIALS: [CaseChoice; 5] = [
    choice("constant", "one D", "D = 0.8"),
    choice("anisotropic", "Dx and Dy", "Dx = 0.9\nDy = 0.4"),
    choice("varying", "D(x, y)", "D = \"1 + 0.4*x*y\""),
    choice(
        "storing",
        "one D, c(x, y)",
        "D = 0.8\ncapacity = \"1 + 0.4*x*y\"",
    ),
    choice(
        "varying_storing",
        "D(x, y), c(x, y)",
        "D = \"1 + 0.4*x*y\"\ncapacity = \"1 + 0.4*x*y\"",
    ),
];

/// What all four sides have.
static WALLS: [CaseChoice; 4] = [
    choice("fixed", "fixed", "0.0"),
    choice("insulated", "insulated", "{ flux = 0.0 }"),
    choice("robin", "robin", "{ robin = [1.0, 2.0, 0.5] }"),
    choice("periodic", "periodic", "\"periodic\""),
];

/// A kind of problem other than the course's, for `diff2d bench --physics`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Variant {
    /// What the square consists of.
    pub material: &'static CaseChoice,
    /// What all four sides have.
    pub walls: &'static CaseChoice,
    /// Whether there is a source, `0.1 x + y²`.
    pub source: bool,
}

impl Variant {
    /// All kinds but the course's own, one D between fixed walls. One D with a source is computed as Dx and
    /// Dy.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let materials = [
            (0, false),
            (1, false),
            (1, true),
            (2, false),
            (2, true),
            (3, false),
            (4, false),
        ];
        let kinds = materials.into_iter().flat_map(|(material, source)| {
            WALLS.iter().map(move |walls| Self {
                material: &MATERIALS[material],
                walls,
                source,
            })
        });
        kinds.skip(1)
    }

    /// `Dx and Dy, source, insulated`
    fn name(self) -> String {
        let source = if self.source { ", source" } else { "" };
        format!("{}{source}, {}", self.material.name, self.walls.name)
    }

    /// Its keys in a parameter file; spacing and times are given beside it.
    fn keys(self) -> String {
        let source = match self.source {
            true => "source = \"0.1*x + y*y\"\n",
            false => "",
        };
        let sides = ["left", "right", "bottom", "top"];
        let sides = sides.map(|side| format!("{side} = {}\n", self.walls.value));
        format!(
            "x1 = -1.0\nx2 = 1.0\ndx = 0.5\nruntime = 1.0\nouttime = 1.0\ngraphics = false\n\
             grid = \"walls\"\ntimes = \"course\"\n{}\n{source}[boundary]\n{}",
            self.material.value,
            sides.concat()
        )
    }
}

/// A problem in the forms in which the programs take it.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// Whether it is the problem of the course.
    pub seed: bool,
    /// The kind of the problem, if it is not the course's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<Variant>,
    /// Interior nodes along a side.
    pub size: u64,
    /// Nodes along a side, the boundary included.
    pub nodes: u64,
    /// Steps.
    pub steps: u64,
    /// `(D/(dx*dx))*dt` of the course's problem \[1\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r: Option<f64>,
    /// Spacing of the nodes \[length\].
    pub dx: f64,
    /// Time step \[time\].
    pub dt: f64,
    x1: f64,
    x2: f64,
    /// The `dx` of the parameters, of which the grid takes the nearest that divides the domain.
    wanted_dx: f64,
    #[serde(skip)]
    params: PathBuf,
}

impl Case {
    /// The problem of the course or one of another kind, of `size` interior nodes a side and `steps` steps, if they
    /// are given; writes its parameter file into `directory`.
    ///
    /// # Errors
    /// [`BenchError`] for sizes that are no problem.
    pub(super) fn new(
        variant: Option<Variant>,
        size: Option<u32>,
        steps: Option<u64>,
        directory: &Path,
    ) -> Result<Self, BenchError> {
        let params = directory.join("params.toml");
        let text = variant.map_or_else(|| SEED.to_owned(), Variant::keys);
        fs::write(&params, text).map_err(directory_error(&params))?;
        let load = |overrides: &[String]| Problem::load(&params, overrides);
        let own = load(&[])?;
        // Half a cell away from where truncation would change the number of cells. With nodes on the walls there is
        // a cell more than interior nodes.
        let (size, cells, updates) = match variant {
            None => (size, 0.5, UPDATES),
            Some(_) => (size.or(Some(SIZE_OF_VARIANT)), 1.5, UPDATES_OF_VARIANT),
        };
        let wanted_dx = size.map_or(own.params.dx, |size| {
            (own.params.x2 - own.params.x1) / (f64::from(size) + cells)
        });
        let problem = load(&[format!("dx={wanted_dx:?}")])?;
        let nodes = problem.grid.x.nodes as u64;
        let size = nodes - 2;
        let is_seed = variant.is_none() && problem.grid.x.nodes == own.grid.x.nodes;
        let usual_steps = match is_seed {
            true => own.schedule.nsteps,
            false => (updates / (size * size)).clamp(FEWEST_STEPS, 1_000_000),
        };
        let case = Self {
            seed: is_seed && steps.is_none_or(|steps| steps == usual_steps),
            variant,
            size,
            nodes,
            steps: steps.unwrap_or(usual_steps),
            r: variant.is_none().then(|| problem.steps()[0]),
            dx: problem.grid.x.spacing,
            dt: problem.schedule.dt,
            x1: problem.params.x1,
            x2: problem.params.x2,
            wanted_dx,
            params: params.clone(),
        };
        load(&case.settings(case.steps))?;
        Ok(case)
    }

    /// What it is called in a table.
    #[must_use]
    pub fn name(&self) -> String {
        self.variant
            .map_or_else(|| "one D, fixed".to_owned(), Variant::name)
    }

    /// The parameter file.
    pub(super) fn params(&self) -> &Path {
        &self.params
    }

    /// What to `--set` for a number of steps with only the first and the last snapshot.
    pub(super) fn settings(&self, steps: u64) -> [String; 3] {
        let runtime = self.time_of(steps);
        [
            format!("dx={:?}", self.wanted_dx),
            format!("runtime={runtime:?}"),
            format!("outtime={runtime:?}"),
        ]
    }

    /// The file of all its parameters for a number of steps, beside that of the problem.
    pub(super) fn params_of(&self, steps: u64) -> PathBuf {
        self.params.with_file_name(format!("params-{steps}.toml"))
    }

    /// Writes that file.
    pub(super) fn write_params_of(&self, steps: u64) -> Result<(), BenchError> {
        let settings = self.settings(steps);
        let line = |line: &str| {
            let key = line.split('=').next().unwrap_or_default().trim();
            let is_it = |setting: &&String| setting.split('=').next() == Some(key);
            let found = settings.iter().find(is_it);
            found.map_or_else(|| line.to_owned(), String::clone) + "\n"
        };
        let path = self.params_of(steps);
        let text: String = SEED.lines().map(line).collect();
        fs::write(&path, text).map_err(directory_error(&path))
    }

    /// What to `--set` for the whole run with its snapshots, unless its cube is too large for it.
    pub(super) fn whole_settings(&self) -> Option<Vec<String>> {
        if self.variant.is_some() {
            return None;
        }
        if self.seed {
            return Some(Vec::new());
        }
        let snapshots = 30;
        let bytes = (snapshots + 1) * self.field_bytes();
        let [dx, runtime, _] = self.settings(self.steps);
        let between = (self.steps / snapshots).max(1);
        (bytes <= LARGEST_CUBE && self.steps >= 1)
            .then(|| vec![dx, runtime, format!("outtime={:?}", self.time_of(between))])
    }

    /// A time that truncates to a number of steps.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn time_of(&self, steps: u64) -> f64 {
        (steps as f64 + 0.5) * self.dt
    }

    /// The arguments of the reference programs, without the file for the final state.
    pub(super) fn arguments(&self, steps: u64) -> Vec<String> {
        let numbers = |values: &[f64]| values.iter().map(|value| format!("{value:?}")).collect();
        let mut words: Vec<String> = match self.variant {
            None => numbers(&[D, self.x1, self.x2, self.wanted_dx]),
            Some(variant) => {
                let source = if variant.source { "source" } else { "none" };
                let words = [variant.material.word, variant.walls.word, source];
                let mut words = words.map(str::to_owned).to_vec();
                words.extend::<Vec<_>>(numbers(&[self.x1, self.x2]));
                words.extend([self.nodes.to_string(), format!("{:?}", self.dt)]);
                words
            }
        };
        words.push(steps.to_string());
        words
    }

    pub(super) fn steps_of(&self, budget: StepBudget) -> u64 {
        let updates = match budget {
            StepBudget::Compiled => return self.steps,
            // The course's times are those of its whole problem.
            StepBudget::Arrays if self.seed => return self.steps,
            StepBudget::Arrays => UPDATES,
            StepBudget::Interpreted => UPDATES / 500,
        };
        (updates / self.interior()).clamp(1, self.steps.max(1))
    }

    /// Interior nodes.
    pub(super) fn interior(&self) -> u64 {
        self.size * self.size
    }

    /// The largest difference that contraction explains after some steps.
    ///
    /// For states within ±1 contraction changes a step of the course's by less than 2^-51: it leaves out
    /// the rounding of `r*lapl`, at most 2^-53 as `|r*lapl| ≤ 2`, and may round the sum to the other side,
    /// at most 2^-52. The schemes do not amplify differences, so they add up. The other kinds have up to
    /// four products, at most 2 in all as stable weights add up to at most 1, three sums of them, a source
    /// and a ghost: less than 2^-48.
    #[expect(clippy::cast_precision_loss, reason = "a bound")]
    pub(super) fn contraction(&self, steps: u64) -> f64 {
        let of_step = if self.variant.is_some() { -48 } else { -51 };
        steps as f64 * 2_f64.powi(of_step)
    }

    /// Bytes of a field.
    pub(super) fn field_bytes(&self) -> u64 {
        self.nodes * self.nodes * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_problem_of_the_course() {
        let directory = tempfile::tempdir().unwrap();
        let case = Case::new(None, None, None, directory.path()).unwrap();
        assert_eq!((case.seed, case.size, case.steps), (true, 299, 13410));
        assert_eq!(case.arguments(7), ["1.0", "-10.0", "10.0", "0.0667", "7"]);
    }

    #[test]
    fn every_size_kind_and_number_of_steps_is_what_was_asked_for() {
        assert_eq!(Variant::all().count(), 27);
        let directory = tempfile::tempdir().unwrap();
        let of_course = (1..400).chain([1023, 1024, 16384, 32768]);
        let of_course = of_course.map(|size| (None, size));
        let others =
            Variant::all().flat_map(|one| [1, 3, 10, 64, 99].map(|size| (Some(one), size)));
        for (variant, size) in of_course.chain(others) {
            let steps = u64::from(size) * 7 + 1;
            let case = Case::new(variant, Some(size), Some(steps), directory.path()).unwrap();
            assert_eq!(case.size, u64::from(size));
            let problem = Problem::load(case.params(), &case.settings(steps)).unwrap();
            assert_eq!(problem.grid.x.nodes as u64, case.nodes, "{variant:?}");
            let schedule = &problem.schedule;
            assert_eq!((schedule.nsteps, schedule.nper.most()), (steps, steps));
            assert_eq!(schedule.dt.to_bits(), case.dt.to_bits());
        }
    }
}
