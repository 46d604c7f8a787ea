//! Every kind of problem in every way of running it: cube and journal have the same bytes.
//!
//! A new feature of problems adds a row to [`written`], a new way of running them a row to [`WAYS`].
//! `DIFF2D_FULL=1` runs 750 random problems.

use crate::common::{
    Scene, data_of, problems::problems, program, python, sample_size, seed::seeds,
};
use diff2d::{
    Io, Outcome, Problem, Run, RunError,
    comm::{Channels, Comm, Link},
};
use proptest::{
    prelude::ProptestConfig,
    strategy::{Strategy, ValueTree},
    test_runner::{RngSeed, TestRunner},
};
use std::{collections::BTreeMap, fs};

/// The domain of the problems that are written down: up to 32 × 62 nodes.
const DOMAIN: &str = "x1 = 0\nx2 = 1\ny1 = 0\ny2 = 2\ndx = 0.0333\n";

/// Holes, a pipe, a wall and a source.
const PLATE: &str = "\
D = '1 + 0.5*sin(x)'
grid = 'walls'
source = '1/(x - 0.51)'
mask.where = '(hypot(x - 0.5, y - 1) < 0.2) + (x == 0.5)'
boundary.left = 'sin(100*t)'
held = [{ where = 'hypot(x - 0.2, y - 0.3) < 0.1', value = 'x + y' }]
";

/// A problem for each thing that problems may have.
fn written() -> Vec<(String, String)> {
    let rows = [
        ("course", "D = 1".to_owned()),
        ("files", "D = 1\ngrid = 'files'\nprecision = 'f32'".to_owned()),
        ("storage", "D = 'where(x < 0.3, 1, 7)'\ncapacity = '1 + x'\ndecay = '3*y'\ngrid = 'walls'".to_owned()),
        ("plate", PLATE.to_owned()),
        ("single", format!("precision = 'f32'\n{PLATE}")),
        ("periodic", format!("{PLATE}boundary.top = 'periodic'\nboundary.bottom = 'periodic'")),
        ("stages", "D = 'exp(x)'\nmethod = 'rkl2'\ndt = 0.0008\ngrid = 'walls'\nboundary.top = { robin = ['1 + t', 1, 'x'] }".to_owned()),
        ("transforms", "D = 1\nmethod = 'exact'\ndecay = 0.5\nsource = 'x'\ngrid = 'walls'\nboundary.left = { flux = 1 }".to_owned()),
        ("ring", "D = 'x + 1'\ncoordinates = 'axisymmetric'\ngrid = 'walls'\nmask.where = 'hypot(x, y) < 0.3'".to_owned()),
        (
            "record",
            format!(
                "{PLATE}[record]\nevery = 0.0005\ntotals = true\npoints = {{ a = [0.1, 0.1] }}\n\
                 region = [{{ name = 'pipe', where = 'hypot(x - 0.2, y - 0.3) < 0.3' }}]\n"
            ),
        ),
        (
            "dates",
            "D = 1\ngrid = 'walls'\nunits.t = 'h'\n[record]\nevery = 0.0005\ndates = true\npoints = { a = [0.1, 0.1] }\n\
             [[fit.data]]\nsince = '2026-01-05 22:00'\n"
                .to_owned(),
        ),
        (
            "rows of stages",
            "D = 'exp(x)'\nmethod = 'rkl2'\nstages = 5\nsource = 'x*sin(90*t)'\ngrid = 'walls'\n\
             boundary = { left = 't', right = { flux = 't' }, bottom = 'periodic', top = 'periodic' }\n\
             [record]\nevery = 0.0005\ntotals = true\npoints = { a = [0.1, 0.1] }\n"
                .to_owned(),
        ),
        (
            "fields",
            format!(
                "{PLATE}[record]\nevery = 0.0003\ntotals = true\nfields = ['mean', 'time_of_max']\n"
            ),
        ),
        (
            "limit",
            format!(
                "until = {{ column = 't', above = 0.0018 }}\n{PLATE}[record]\nevery = 0.0005\npoints = {{ a = [0.1, 0.1] }}\n\
                 fields = ['mean']\n"
            ),
        ),
        (
            "steps",
            "precision = 'f32'\nD = 1\ngrid = 'walls'\nboundary.left = 't'\n[record]\nevery = 'step'\ntotals = true\n".to_owned(),
        ),
        (
            "interface",
            "D = 'where(x < 0.3, 1, 7)'\ngrid = 'walls'\nboundary.left = 'periodic'\nboundary.right = 'periodic'\n\
             interface = [{ where = 'hypot(x - 0.5, y - 1) < 0.3', resistance = '0.1 + x' }, { where = 'y < 1.3', resistance = 0.2 }]\n"
                .to_owned(),
        ),
        ("irregular", "D = 1\ngrid = 'walls'\nouttimes = [1.002, 1.003, 1.006]\nt0 = 1\nsource = 't*x'".to_owned()),
        ("ageing", "D = 'x + exp(-300*t)'\nDy = 'where(x < 0.3, 1, 7)*(1 + t)'\ndecay = 'y/(1 + t)'\ngrid = 'walls'\nboundary.top = { robin = ['1 + t', 1, 'x'] }\nsource = 'x*t'".to_owned()),
        (
            "ageing stages",
            "D = '(1 + y)*exp(-300*t)'\nmethod = 'rkl2'\ndt = 0.0008\ngrid = 'walls'\nboundary.left = { flux = 1 }\n\
             [record]\nevery = 'step'\ntotals = true\npoints = { a = [0.1, 0.1] }\n"
                .to_owned(),
        ),
        ("ageing transforms", "D = 'exp(-300*t)'\nmethod = 'exact'\ngrid = 'walls'\nboundary.left = 1".to_owned()),
    ];
    let text = |more: String| match more.contains("outtimes") {
        true => format!("{DOMAIN}{more}\n"),
        false => format!("{DOMAIN}runtime = 0.004\nouttime = 0.0013\n{more}\n"),
    };
    let rows = rows.into_iter();
    rows.map(|(name, more)| (name.to_owned(), text(more)))
        .collect()
}

/// Problems at random: of two references in NumPy, and with larger grids.
fn random(scene: &Scene, seed: u64) -> Vec<(String, String)> {
    let count = sample_size(300, 12, 3);
    let mut all = Vec::new();
    for script in ["problems", "geometry"] {
        let directory = scene.path(script);
        fs::create_dir(&directory).unwrap();
        let directory = directory.display().to_string();
        python(
            &format!("{script}_reference.py"),
            ["make", &directory, &count.to_string(), &seed.to_string()],
        );
        all.extend((0..count).map(|number| {
            let name = format!("{script}/{number}");
            let text = scene.text(&format!("{name}.toml"));
            (name, text)
        }));
    }
    let mut runner = TestRunner::new(ProptestConfig {
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::default()
    });
    all.extend((0..count / 2).map(|number| {
        let text = problems().new_tree(&mut runner).unwrap().current();
        (format!("larger-{number}"), text)
    }));
    all
}

/// A problem that has been run, on one thread, as `NAME.npy`.
struct Case<'a> {
    scene: &'a Scene,
    name: &'a str,
    number: usize,
    is_random: bool,
    problem: &'a Problem,
}

impl<'a> Case<'a> {
    /// A run into `other.npy`.
    fn run(&self) -> Run<'a> {
        Run::new(self.problem).output(self.scene.path("other.npy"))
    }

    fn on_ranks(
        &self,
        ranks: usize,
        run: impl Fn(usize) -> Run<'a> + Sync,
    ) -> Result<(), RunError> {
        let reports = Channels::together(ranks, Link::default(), |comm| {
            run(comm.rank()).start_on(&comm)
        });
        reports
            .into_iter()
            .try_for_each(|report| done(report.map(|report| report.outcome)))
    }

    /// A run with a limit of memory below what the state takes, which differs from case to case. Some random states fit
    /// nevertheless.
    fn start_in_bands(&self, run: Run<'a>) -> Result<(), RunError> {
        let quarters = [6, 8, 11, 13][self.number % 4];
        let fields = self.problem.field_bytes() * quarters / 4;
        let of_rows = match self.problem.params.record {
            Some(_) => 50_000,
            None => 0,
        };
        let limit = program(self.problem.grid.len()) + fields + 42_000 + of_rows;
        // What threads take counts, too, so their number is not that of the machine.
        let report = run.memory(limit).threads(2).start()?;
        let bands = report.budget.and_then(|budget| budget.bands);
        assert!(bands.is_some() || self.is_random, "{}", self.name);
        done(Ok(report.outcome))
    }

    /// `other.npy` as a kill leaves it after some of the commits.
    fn cut(&self) {
        let lines = self.scene.journal(&format!("{}.journal", self.name)).len();
        let snapshots = lines - 1;
        let kept = 1 + self.number % (snapshots - 1).max(1);
        let bytes = self.problem.field_bytes() as usize;
        self.scene.cut(self.name, "other", kept, bytes);
        for kind in &KINDS[2..] {
            if let Ok(record) = fs::read(self.scene.path(format!("{}.{kind}", self.name))) {
                self.scene.write(&format!("other.{kind}"), record);
            }
        }
    }
}

/// The files of a run; a record and fields only where they are asked for.
const KINDS: [&str; 6] = [
    "npy",
    "journal",
    "record.csv",
    "record.json",
    "mean.npy",
    "time_of_max.npy",
];

/// The files of a run without what is new in every one.
fn files(scene: &Scene, stem: &str) -> (Vec<u8>, Vec<String>, Vec<Option<Vec<u8>>>) {
    let (cube, journal) = scene.cube_and_journal(stem);
    let records = KINDS[2..].iter();
    let records = records.map(|kind| fs::read(scene.path(format!("{stem}.{kind}"))).ok());
    (cube, journal, records.collect())
}

fn done(outcome: Result<Outcome, RunError>) -> Result<(), RunError> {
    outcome.map(|outcome| assert_eq!(outcome, Outcome::Done))
}

fn start(run: Run<'_>) -> Result<(), RunError> {
    done(run.start().map(|report| report.outcome))
}

/// A way of running a problem into `other.npy`.
type Way = fn(&Case<'_>) -> Result<(), RunError>;

const WAYS: &[(&str, Way)] = &[
    ("3 threads", |case| start(case.run().threads(3))),
    ("tiles of a row", |case| {
        start(case.run().threads(1).tile("1x3x1".parse().ok()))
    }),
    ("small tiles", |case| {
        start(case.run().threads(2).tile("7x9x5".parse().ok()))
    }),
    ("deep tiles", |case| {
        start(case.run().threads(3).tile("20x1000x11".parse().ok()))
    }),
    ("by a map", |case| start(case.run().io(Io::Map))),
    ("by writing", |case| start(case.run().io(Io::Write))),
    ("2 ranks", |case| case.on_ranks(2, |_| case.run())),
    ("3 ranks with their own tiles", |case| {
        let tile = |rank| format!("20x20x{}", 3 + rank).parse().ok();
        case.on_ranks(3, |rank| case.run().tile(tile(rank)).io(Io::Single))
    }),
    ("5 ranks", |case| case.on_ranks(5, |_| case.run())),
    ("in bands", |case| case.start_in_bands(case.run())),
    ("resumed", |case| {
        case.cut();
        start(case.run().resume(true))
    }),
    ("resumed on 3 ranks", |case| {
        case.cut();
        case.on_ranks(3, |_| case.run().resume(true))
    }),
    ("resumed in bands", |case| {
        case.cut();
        case.start_in_bands(case.run().resume(true))
    }),
];

#[test]
fn every_way_of_running_every_problem_gives_the_same_bytes() {
    seeds("every_way_of_running_every_problem_gives_the_same_bytes").for_each(run_in_every_way);
}

fn run_in_every_way(seed: u64) {
    let scene = Scene::new();
    let all = written();
    let written = all.len();
    let all = all.into_iter().chain(random(&scene, seed));
    let mut ran: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, (name, text)) in all.enumerate() {
        let file = scene.write(&format!("{name}.toml"), &text);
        let Ok(problem) = Problem::load(&file, &[]) else {
            assert!(name.starts_with("larger"), "{text}");
            continue; // A wall whose limit is below every time step.
        };
        // Journals name files from the directory of their cube: all cubes lie in one.
        let cube = name.replace('/', "_");
        let case = Case {
            scene: &scene,
            name: &cube,
            number,
            is_random: number >= written,
            problem: &problem,
        };
        let run = Run::new(&problem).output(scene.path(format!("{cube}.npy")));
        let alone = start(run.threads(1)).map_err(|error| error.to_string());
        for (way, run) in WAYS {
            for kind in KINDS {
                let _ = fs::remove_file(scene.path(format!("other.{kind}")));
            }
            if way.starts_with("resumed") && alone.is_err() {
                continue;
            }
            match run(&case) {
                Ok(()) => {
                    assert!(
                        files(&scene, "other") == files(&scene, &cube),
                        "{name} {way}:\n{text}"
                    );
                    *ran.entry(way).or_default() += 1;
                }
                // Not everything can be advanced in bands, and some random grids are too small for them.
                Err(RunError::NotInBands { .. }) if way.ends_with("bands") => {}
                Err(RunError::Cap { .. }) if way.ends_with("bands") && case.is_random => {}
                Err(error) => assert_eq!(Err(error.to_string()), alone, "{name} {way}:\n{text}"),
            }
        }
        assert!(data_of(&scene.read(&format!("{cube}.npy"))).len() as u64 >= problem.field_bytes());
        fs::remove_file(scene.path(format!("{cube}.npy"))).unwrap();
    }
    println!("{ran:?}");
    assert!(
        WAYS.iter()
            .all(|(way, _)| ran.get(way) > Some(&(written / 2))),
        "{ran:?}"
    );
}
