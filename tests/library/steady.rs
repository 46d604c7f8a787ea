//! Steady states against a sparse direct solver, and what is refused.
//!
//! `DIFF2D_FULL=1` solves 500 problems, some of them large.

use crate::common::{Scene, data_of, python, size};
use diff2d::{Problem, Run, States};
use rayon::{ThreadPoolBuilder, prelude::*};
use std::{error::Error, fs};

const SCRIPT: &str = "steady_reference.py";

#[test]
fn random_problems_have_the_steady_state_of_a_direct_solver() {
    let count = size(500, 40);
    let scene = Scene::new();
    let directory = scene.path("").display().to_string();
    // The problems are the same with every commit: the solver bounds residuals, and what errors they leave depends on the condition
    // of the matrix, which has no limit here.
    python(SCRIPT, ["make", &directory, &count.to_string(), "1"]);
    (0..count).into_par_iter().for_each(|number| {
        let run = || {
            let problem = Problem::load(&scene.path(format!("{number}.toml")), &[])?;
            let run = Run::new(&problem).output(scene.path(format!("{number}.npy")));
            run.start().map_err(Box::<dyn Error>::from)
        };
        if let Err(error) = run() {
            fs::write(scene.path(format!("{number}.error")), error.to_string()).unwrap();
        }
    });
    println!("{}", python(SCRIPT, ["check", &directory]).trim_end());
}

const PLATE: &str = "
    D = \"where(hypot(x, y) < 0.5, 1e-4, 1)\"
    decay = 0.1
    x1 = -1
    x2 = 1
    dx = 0.02
    grid = 'walls'
    method = 'steady'
    boundary = { left = 1, right = { robin = [1, 2, 0] }, bottom = { flux = 0.2 }, top = 'insulated' }
";

#[test]
fn a_steady_state_has_the_same_bits_for_any_threads() {
    for more in [
        "",
        "precision = 'f32'\nmask = { where = 'hypot(x - 0.4, y) < 0.3' }",
    ] {
        has_the_same_bits_for_any_threads(&format!("{more}\n{PLATE}").parse().unwrap());
    }
}

fn has_the_same_bits_for_any_threads(problem: &Problem) {
    let solved = |threads| {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            problem
                .solver::<f64>()
                .unwrap()
                .into_state()
                .as_slice()
                .iter()
                .map(|p| p.to_bits())
                .collect::<Vec<_>>()
        })
    };
    let expected = solved(1);
    for threads in 2..=5 {
        assert!(solved(threads) == expected, "{threads} threads");
    }
}

#[test]
fn a_steady_state_is_what_time_tends_to() {
    let steady: Problem = PLATE.parse().unwrap();
    let steady = steady.solver::<f64>().unwrap();
    let late = PLATE.replace("'steady'", "'rkl2'\ndt = 10\nruntime = 400\nouttime = 400");
    let late: Problem = late.parse().unwrap();
    let mut solver = late.solver::<f64>().unwrap();
    solver
        .advance(late.schedule.last_step(), &diff2d::comm::Solo)
        .unwrap();
    let both = steady
        .state()
        .as_slice()
        .iter()
        .zip(solver.state().as_slice());
    let apart = both
        .map(|(one, other)| (one - other).abs())
        .fold(0.0, f64::max);
    assert!(apart < 1e-8, "{apart:e}");
}

/// Two layers between walls of 0 and 1, one behind the other and side by side: the jump lies midway between two nodes.
#[test]
fn layers_have_the_mean_of_their_conductivities() {
    let layers = |axis: &str| -> Problem {
        let text = "
            x1 = 0
            x2 = 1.1
            dx = 0.1
            grid = 'walls'
            method = 'steady'
            tolerance = 1e-14
            boundary = { left = 0, right = 1, bottom = 'insulated', top = 'insulated' }
        ";
        format!("D = \"where({axis} < 0.55, 1, 1e4)\"\n{text}")
            .parse()
            .unwrap()
    };
    let (series, parallel) = (layers("x"), layers("y"));
    let state = series.solver::<f64>().unwrap().into_state();
    // Resistances of 5.5 cells each.
    let resistance = 5.5 * (1.0 + 1e-4);
    for (i, value) in state.as_slice()[..12].iter().enumerate() {
        let before = (i as f64).min(5.5) + (i as f64 - 5.5).max(0.0) * 1e-4;
        assert!((value - before / resistance).abs() < 1e-12, "{i}: {value}");
    }
    let state = parallel.solver::<f64>().unwrap().into_state();
    for (k, value) in state.as_slice().iter().enumerate() {
        assert!(
            (value - (k % 12) as f64 / 11.0).abs() < 1e-12,
            "{k}: {value}"
        );
    }
}

#[test]
fn what_has_no_steady_state_is_refused() {
    for (with, says) in [
        ("source = 't'", "depends on t"),
        ("tolerance = 0", "tolerance"),
        ("tolerance = 1e-300", "rounding"),
        (
            "method = 'euler'\ntolerance = 1e-9\nruntime = 1\nouttime = 1",
            "has none",
        ),
    ] {
        let key = with.split(' ').next().unwrap();
        let lines = PLATE.lines().filter(|line| !line.trim().starts_with(key));
        let text = format!("{with}\n{}", lines.collect::<Vec<_>>().join("\n"));
        let error = text.parse::<Problem>().unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let closed = "D = 1\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nmethod = 'steady'\nboundary = 'insulated'\n";
    let problem: Problem = format!("{closed}source = 1").parse().unwrap();
    let error = problem.solver::<f64>().unwrap_err().to_string();
    assert!(error.contains("is closed"), "{error}");
    // It is refused before there are files.
    let scene = Scene::new();
    scene.write("p.toml", format!("{closed}source = 1\n"));
    for command in ["run p.toml -o c.npy", "plan p.toml"] {
        let told = scene.run(command);
        assert_eq!(told.code, Some(2), "{told}");
        assert_eq!(scene.files(), ["p.toml"]);
    }
    // What is found while it is solved for leaves none, either.
    let fed = closed.replace("'insulated'", "{ left = { robin = [-50, 1, 1] } }");
    scene.write("p.toml", format!("{fed}[record]\ntotals = true\n"));
    // Nothing enters, and yet what is there grows.
    let alone = "boundary={left={robin=[-50,1,0]}}";
    for more in ["", " --force", " --resume", &format!(" --set {alone}")] {
        let told = scene.run(&format!("run p.toml -o c.npy{more}"));
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.to_string().contains("a/b < 0"), "{told}");
        assert_eq!(scene.files(), ["p.toml"]);
    }
    let told = scene.run(
        "run p.toml -o c.npy --set boundary={left={robin=[1e-300,1e-300,1e100]}} --set D=1e300",
    );
    assert!(
        told.code == Some(2) && told.to_string().contains("too large"),
        "{told}"
    );
    scene.write("p.toml", closed.replace("D = 1", "D = 0"));
    let told = scene.run("run p.toml -o c.npy");
    assert!(
        told.to_string().contains("steady state: D above 0"),
        "{told}"
    );
    let kept: Problem = closed.parse().unwrap();
    let solver = kept.solver::<f64>().unwrap();
    let summary = kept.summary(solver.state()).unwrap();
    assert!((summary.max - summary.min).abs() < 1e-12 && summary.max > 0.1);
}

/// Where levels are too large for a limit, that is said, with the memory that is enough. How much that is depends on the machine, of
/// which `plan` counts the fields.
#[test]
fn memory_is_counted_and_its_limit_kept() {
    let scene = Scene::new();
    scene.write("p.toml", PLATE.replace("dx = 0.02", "dx = 0.004"));
    let field = 501 * 501 * 8;
    let plan = scene.succeed("plan p.toml --json").stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    assert!(plan["memory_bytes"].as_u64().unwrap() < 30 * field);
    let refused = scene.run(&format!("run p.toml -o c.npy --memory {}", 15 * field));
    let needed = refused
        .stderr
        .split("needs ")
        .nth(1)
        .and_then(|text| text.split(' ').next());
    let needed: u64 = needed.unwrap().parse().unwrap();
    assert!(refused.code == Some(1) && needed > 15 * field, "{refused}");
    scene.succeed(&format!("run p.toml -o c.npy --memory {needed}"));
}

#[test]
fn the_record_of_a_steady_state_is_one_row() {
    let scene = Scene::new();
    scene.write("p.toml", format!("{PLATE}\n[record]\ntotals = true\n"));
    scene.succeed("run p.toml -o c.npy");
    let text = scene.text("c.record.csv");
    let rows: Vec<Vec<&str>> = text.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(rows.len(), 2);
    let rates = rows[0].iter().zip(&rows[1]);
    let rates = rates.filter(|(name, _)| name.ends_with("_rate"));
    let rates: Vec<f64> = rates.map(|(_, rate)| rate.parse().unwrap()).collect();
    let largest = rates
        .iter()
        .fold(0.0_f64, |most, rate| most.max(rate.abs()));
    assert!(largest > 0.0 && rates.iter().sum::<f64>().abs() < 1e-8 * largest);
}

const DISC: &str = "\
method = 'steady'
D = 'where(hypot(x - 0.5, y - 0.5) < 0.3, 10, 1)'
x1 = 0
x2 = 1
dx = 0.05
grid = 'walls'
boundary = { left = 1, right = 0, bottom = 'insulated', top = 'insulated' }
";

/// A sweep of contrast and porosity, whose scenarios are runs: whole, in parts, resumed, damaged and repaired.
#[test]
fn a_sweep_of_steady_states_is_as_its_runs() {
    let scene = Scene::new();
    scene.write("p.toml", DISC);
    scene.write(
        "s.toml",
        "params = 'p.toml'\nD = ['where(hypot(x - 0.5, y - 0.5) < 0.3, 10, 1)', 'where(hypot(x - 0.5, y - 0.5) < 0.3, 1e3, 1)']\n\
         'mask.where' = ['hypot(x - 0.2, y - 0.2) < 0.1', 'hypot(x - 0.2, y - 0.2) < 0.15']\n",
    );
    let told = scene.succeed("plan s.toml");
    assert!(told.stdout.contains("snapshots  1 each"), "{told}");
    scene.succeed("sweep s.toml -o s.npy");
    scene.succeed("sweep s.toml -o t.npy --scenarios 1:3");
    scene.succeed("sweep s.toml -o t.npy --resume");
    let whole = scene.read("s.npy");
    assert!(whole == scene.read("t.npy"));
    let run = [
        "run",
        "p.toml",
        "-o",
        "one.npy",
        "--set",
        "D=where(hypot(x - 0.5, y - 0.5) < 0.3, 1e3, 1)",
        "--set",
        "mask.where=hypot(x - 0.2, y - 0.2) < 0.1",
    ];
    scene.succeed_args(run);
    let one = scene.read("one.npy");
    let bytes = data_of(&one).len();
    assert!(data_of(&one) == &data_of(&whole)[2 * bytes..3 * bytes]);
    let mut damaged = whole.clone();
    damaged[4096 + bytes + 1000] ^= 1;
    scene.write("t.npy", damaged);
    let told = scene.run("verify t.npy");
    assert!(
        told.code == Some(3) && told.stdout.contains("scenario 1"),
        "{told}"
    );
    scene.succeed("repair t.npy");
    assert!(whole == scene.read("t.npy"));
}

/// What other commands make of the one snapshot.
#[test]
fn other_commands_know_steady_states() {
    let scene = Scene::new();
    scene.write("p.toml", DISC);
    let plan = scene.succeed("plan p.toml --json");
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(
        (&plan["snapshots"], &plan["nsteps"]),
        (&1.into(), &0.into())
    );
    assert_eq!(plan["shape"].to_string(), "[1,21,21]");
    let [state, needed] = ["memory_bytes", "peak_bytes"].map(|key| plan[key].as_u64().unwrap());
    let told = scene.run(&format!("run p.toml -o c.npy --memory {}", state / 2));
    assert!(told.code == Some(1) || told.code == Some(2), "{told}");
    assert_eq!(scene.files(), ["p.toml"]);
    scene.succeed(&format!("run p.toml -o c.npy --memory {needed}"));
    let (cube, journal) = scene.cube_and_journal("c");
    for option in [
        "--threads 1",
        "--io write",
        "--io single",
        "--checkpoint-every 1s",
        "--max-walltime 1h",
    ] {
        scene.succeed(&format!("run p.toml -o d.npy --force {option}"));
        assert!(
            scene.cube_and_journal("d") == (cube.clone(), journal.clone()),
            "{option}"
        );
    }
    let told = scene.succeed("info c.npy");
    assert!(told.stdout.contains("\nsteps      none\n"), "{told}");
    // A flipped byte is found, and computed again.
    let mut damaged = cube.clone();
    damaged[4096 + 999] ^= 16;
    scene.write("d.npy", damaged);
    assert_eq!(scene.run("verify d.npy").code, Some(3));
    scene.succeed("repair d.npy");
    scene.succeed("verify d.npy");
    assert!(scene.cube_and_journal("d") == (cube, journal));
    // There is nothing to go on with.
    let told = scene.succeed("run p.toml -o c.npy --resume");
    assert!(told.stderr.contains("nothing to do"), "{told}");
    let told = scene.run("run p.toml -o e.npy --resume --extend c.npy");
    assert!(
        told.code == Some(2) && told.stderr.contains("follows on no other"),
        "{told}"
    );
    assert!(!scene.exists("e.npy") && !scene.exists("e.journal"));
    for format in ["xdmf", "kerchunk", "zarr", "csv"] {
        scene.succeed(&format!("export c.npy --to {format} -o out.{format}"));
    }
    // The row of the record is that of the state, whatever times are asked for.
    let told =
        scene.succeed("run p.toml -o r.npy --set record.totals=true --set record.every=0.001");
    assert!(
        told.stderr.contains("makes no use of record.every"),
        "{told}"
    );
    assert_eq!(scene.text("r.record.csv").lines().count(), 2);
}

/// What goes in on one side leaves on the other: in single precision, between periodic sides, turned by a quarter.
#[test]
fn rates_balance() {
    let scene = Scene::new();
    scene.write("p.toml", DISC);
    let rate = |set: &[&str], side: &str| {
        let mut run = vec!["run", "p.toml", "-o", "c.npy", "--force", "--quiet"];
        set.iter().for_each(|set| run.extend(["--set", set]));
        scene.succeed_args(run);
        let told = scene.succeed("flux c.npy --json");
        let rates: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
        let [one, other] = match side {
            "left" => ["left_rate", "right_rate"],
            _ => ["bottom_rate", "top_rate"],
        };
        let [one, other] = [one, other].map(|name| rates[0][name].as_f64().unwrap());
        assert!(
            (one + other).abs() < 1e-6 * one.abs(),
            "{set:?}: {one} {other}"
        );
        one
    };
    let along = rate(&[], "left");
    for (set, side, within) in [
        (&["precision=f32"][..], "left", 1e-6),
        (
            &["boundary={bottom=1,top=0,left='insulated',right='insulated'}"],
            "bottom",
            1e-8,
        ),
        (
            &["boundary={bottom=1,top=0,left='periodic',right='periodic'}"],
            "bottom",
            1e-8,
        ),
    ] {
        let other = rate(set, side);
        assert!(
            (other / along - 1.0).abs() < within,
            "{set:?}: {other}, not {along}"
        );
    }
}

/// A path of single nodes from wall to wall has the sum of the resistances of its faces, wherever it winds: along an insulated side,
/// where faces are half as wide, back, and through periodic sides.
#[test]
fn paths_that_wind_have_the_sum_of_their_resistances() {
    let scene = Scene::new();
    let along_sides = "(x==1)*(y<=2) + (y==2)*(x<=1) + (x==0)*(y>=2)*(y<=6) + (y==6)*(x<=3) + (x==3)*(y>=4)*(y<=6) \
        + (y==4)*(x>=3) + (x==8)*(y>=4)*(y<=6) + (y==6)*(x>=6) + (x==6)*(y>=6)";
    let through_sides = "(x==6)*(y<=3) + (y==3)*(x>=6) + (y==3)*(x<=2) + (x==2)*(y>=3)";
    for (path, side, resistance) in [
        (along_sides, "insulated", 29.0),
        (through_sides, "periodic", 12.0),
    ] {
        // Of columns, and of rows.
        for turned in [false, true] {
            let [from, to, left, right] = if turned {
                ["left", "right", "bottom", "top"]
            } else {
                ["bottom", "top", "left", "right"]
            };
            let path = if turned {
                let turn = |letter| match letter {
                    'x' => 'y',
                    'y' => 'x',
                    other => other,
                };
                path.chars().map(turn).collect()
            } else {
                path.to_owned()
            };
            scene.write(
                "p.toml",
                format!(
                    "D = 2\nx1 = 0\nx2 = 8\ny1 = 0\ny2 = 8\ndx = 1\ngrid = 'walls'\nmethod = 'steady'\ntolerance = 1e-12\n\
                     initial = {{ kind = 'constant', value = 0 }}\nmask.where = '({path}) == 0'\n\
                     boundary = {{ {from} = 5, {to} = 3, {left} = '{side}', {right} = '{side}' }}\n"
                ),
            );
            scene.succeed("run p.toml -o c.npy --force --quiet");
            let told = scene
                .succeed("flux c.npy --effective --csv")
                .stdout
                .replace('\n', ",");
            let effective: f64 = told.split(',').nth(4).unwrap().parse().unwrap();
            assert!(
                (effective * resistance / 2.0 - 1.0).abs() < 1e-9,
                "{path}: {told}"
            );
        }
    }
}

/// The effective diffusivity of five pictures of pores, with closed pores among them, by nodes and by whole pixels as PoreSpy and
/// taufactor assemble them, is that of a direct solver; on a layered plate it is the harmonic mean.
#[test]
fn the_effective_diffusivity_is_that_of_a_direct_solver() {
    let scene = Scene::new();
    let directory = scene.path("").display().to_string();
    let shapes = python("micrograph_reference.py", ["pores", &directory]);
    let shapes: Vec<[usize; 2]> = serde_json::from_str(&shapes).unwrap();
    for (number, [ny, nx]) in shapes.into_iter().enumerate() {
        let (x2, y2) = ((nx - 1) as f64 * 0.25, (ny - 1) as f64 * 0.25);
        scene.write(
            "p.toml",
            format!(
                "D = 3\nx1 = 0\nx2 = {x2}\ny1 = 0\ny2 = {y2}\ndx = 0.25\ngrid = 'walls'\nmethod = 'steady'\ntolerance = 1e-12\n\
                 initial = {{ kind = 'constant', value = 0 }}\nmask.image = 'pores{number}.png'\n\
                 boundary = {{ left = 5, right = 3, bottom = 'insulated', top = 'insulated' }}\n"
            ),
        );
        scene.succeed("run p.toml -o c.npy --force --quiet");
        for (ends, option) in [
            ("nodes", ""),
            ("centres", "--pixels"),
            ("faces", "--pixels=faces"),
        ] {
            let told = scene.succeed(&format!("flux c.npy --effective {option} --json"));
            scene.write(&format!("pores{number}.{ends}.json"), told.stdout);
        }
    }
    python("micrograph_reference.py", ["answers", &directory]);

    scene.write(
        "layers.toml",
        "D = 'where(y < 1, 1, 4)'\nx1 = 0\nx2 = 1\ny1 = 0\ny2 = 2\ndx = 0.25\ngrid = 'walls'\nmethod = 'steady'\n\
         initial = { kind = 'constant', value = 0 }\n\
         boundary = { bottom = 7, top = 5, left = 'insulated', right = 'insulated' }\n",
    );
    scene.succeed("run layers.toml -o layers.npy --quiet");
    let told = scene.succeed("flux layers.npy --effective");
    let (name, value) = told.stdout.trim_end().split_once(' ').unwrap();
    // Of the faces 4 lie in each layer.
    let mean = 8.0 / (4.0 + 4.0 / 4.0);
    let value: f64 = value.trim().parse().unwrap();
    assert!(
        name == "effective" && (value / mean - 1.0).abs() < 1e-9,
        "{told}"
    );
    assert_eq!(
        scene
            .succeed("flux layers.npy --effective --csv")
            .stdout
            .lines()
            .next(),
        Some("effective")
    );
    // A mask that selects nothing is one; through a pair of periodic sides nothing enters or leaves; a sweep has a row for each scenario.
    scene.write("whole.toml", "D = 2.0\nx1 = 0\nx2 = 1\ndx = 0.25\ngrid = 'walls'\nmethod = 'steady'\nmask.where = 'x > 9'\n\
        boundary = { left = 1.0, right = 0.0, bottom = 'periodic', top = 'periodic' }\n");
    scene.succeed("run whole.toml -o whole.npy --quiet");
    let told = scene.succeed("flux whole.npy --effective --csv").stdout;
    let (names, values) = told.trim_end().split_once('\n').unwrap();
    assert_eq!(names, "effective,porosity,formation_factor,tortuosity");
    let values: Vec<f64> = values
        .split(',')
        .map(|value| value.parse().unwrap())
        .collect();
    assert!(
        values
            .iter()
            .zip([2.0, 1.0, 1.0, 1.0])
            .all(|(a, b)| (a - b).abs() < 1e-9),
        "{told}"
    );
    scene.write("sweep.toml", "params = 'whole.toml'\nD = [1.0, 4.0]\n");
    scene.succeed("sweep sweep.toml -o sweep.npy --quiet");
    let told = scene.succeed("flux sweep.npy --effective").stdout;
    // The table of the sweep has the same numbers in its last columns.
    let table = scene.text("sweep.csv");
    for (line, told_line) in table.lines().zip(told.lines()) {
        let [numbers, expected] =
            [line, told_line].map(|line| line.rsplit(',').take(4).collect::<Vec<_>>());
        assert_eq!(numbers, expected, "{table}");
    }
    assert_eq!(table.lines().count(), told.lines().count());
    let rows: Vec<&str> = told.lines().collect();
    assert_eq!(
        rows[0],
        "scenario,D,effective,porosity,formation_factor,tortuosity"
    );
    let last: Vec<f64> = rows[2]
        .split(',')
        .map(|value| value.parse().unwrap())
        .collect();
    assert!(
        rows.len() == 3 && (last[2] - 4.0).abs() < 1e-9 && last[1] == 4.0,
        "{told}"
    );
    let told = scene.run("flux whole.npy --effective --pixels");
    assert!(
        told.stderr.contains("--pixels would count them twice"),
        "{told}"
    );
    // Nothing passes where no path leads from wall to wall.
    scene.succeed("run layers.toml -o closed.npy --quiet --set D=2 --set mask.where=abs(y-1)<0.1");
    for option in ["", "--pixels", "--pixels=faces"] {
        let told = scene.succeed(&format!("flux closed.npy --effective {option} --json"));
        assert!(
            told.stdout.starts_with("{\"effective\":0.0,")
                && told.stdout.contains("\"tortuosity\":\"inf\"")
                && told.stderr.contains("no path leads"),
            "{told}"
        );
    }
    for change in [
        "method=rkl2",
        "source=1.0",
        "decay=1.0",
        "boundary.left=1.0",
        "boundary.top=7.0",
        "boundary.top='x'",
        "held=[{where='x<0.1', value=1.0}]",
    ] {
        let mut run = vec!["run", "layers.toml", "-o", "d.npy", "--force", "--quiet"];
        run.extend(["--set", change]);
        if change.starts_with("method") {
            run.extend([
                "--set",
                "runtime=1.0",
                "--set",
                "outtime=1.0",
                "--set",
                "dt=0.1",
            ]);
        }
        scene.succeed_args(run);
        let told = scene.run("flux d.npy --effective");
        assert!(
            told.code == Some(2) && told.stderr.contains("cannot be used for --effective: "),
            "{change}: {told}"
        );
    }
}

/// Beside an offset p is what it is without one, to roundings of the offset, and `flux` tells where these are seen in rates.
#[test]
fn an_offset_costs_no_digits_but_those_of_its_roundings() {
    let scene = Scene::new();
    let text = DISC
        .replace("left = 1", "left = HOT")
        .replace("right = 0", "right = COLD");
    let solve = |offset: f64, left: &str| {
        let hot = match left {
            "fixed" => format!("{:?}", offset + 1.0),
            // The air is at the offset and 1.
            _ => format!("{{ robin = [3.0, 2.0, {:?}] }}", 3.0 * (offset + 1.0)),
        };
        let text = text
            .replace("HOT", &hot)
            .replace("COLD", &format!("{offset:?}"));
        scene.write("p.toml", text);
        scene.succeed("run p.toml -o c.npy --force --quiet");
        let told = scene.succeed("flux c.npy --json");
        let found: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
        let cube = scene.read("c.npy");
        let values = data_of(&cube).as_chunks().0.iter();
        let p: Vec<f64> = values
            .map(|&bytes| f64::from_le_bytes(bytes) - offset)
            .collect();
        let rates = ["left_rate", "right_rate", "unexplained"];
        let rates = rates.map(|name| found[0][name].as_f64().unwrap());
        (p, rates, told.stderr.contains("fewer than six digits"))
    };
    for left in ["fixed", "robin"] {
        let (p, [rate, ..], _) = solve(0.0, left);
        for (offset, digits) in [(101_325.0, true), (-1e8, true), (1e12, false)] {
            let (other, rates, is_told) = solve(offset, left);
            let rounding = 2.0 * f64::EPSILON * offset.abs();
            let furthest = p
                .iter()
                .zip(&other)
                .fold(0.0, |most: f64, (one, other)| most.max((one - other).abs()));
            assert!(furthest <= rounding + 1e-9, "{left} {offset}: {furthest:e}");
            assert!(
                (rates[0] - rate).abs() < 100.0 * rounding + 1e-9,
                "{left} {offset}: {rates:?}, not {rate}"
            );
            assert!(
                (rates[2] - (rates[0] + rates[1])).abs() <= f64::EPSILON,
                "{rates:?}"
            );
            assert_eq!(is_told, !digits, "{left} {offset}");
        }
    }
    // What is left of the equation is told, too, also of the row of a record.
    scene.write(
        "p.toml",
        format!("{DISC}tolerance = 0.01\n[record]\ntotals = true\n"),
    );
    let told = scene.succeed("run p.toml -o c.npy --force --quiet");
    assert!(
        told.stderr.contains("a smaller tolerance than 0.01"),
        "{told}"
    );
    let told = scene.succeed("flux c.npy");
    assert!(
        told.stderr.contains("a smaller tolerance than 0.01"),
        "{told}"
    );
}

/// The nodes beside a mask and a Robin wall have what the wall says, whatever conducts elsewhere.
#[test]
fn a_robin_wall_beside_a_mask_keeps_its_digits() {
    for conductor in ["1e3", "1e11"] {
        for beyond in ["mask", "insulator"] {
            // Behind the node on the wall lies a masked node, or one of D = 0.
            let (d, mask) = match beyond {
                "mask" => ("0.01", "mask.where = 'abs(y - 0.9) < 0.01'\n"),
                _ => ("where(y > 0.85, 0.01*(y > 0.95), 1)", ""),
            };
            let text = format!(
                "D = '{}'\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nmethod = 'steady'\n{mask}\
                 initial = {{ kind = 'constant', value = 1000003 }}\n\
                 boundary = {{ left = 'insulated', right = 'insulated', bottom = 1000000, top = {{ robin = [25, 1, '25*(1000010 + y)'] }} }}\n",
                match beyond {
                    "mask" => format!("where(y > 0.85, {d}, {conductor})"),
                    _ => format!("where(y < 0.85, {conductor}, {d})"),
                },
            );
            let problem: Problem = text.parse().unwrap();
            let (solution, _) = Run::new(&problem).solve().unwrap();
            let States::F64(states) = solution.states else {
                panic!("the states have double precision");
            };
            for value in &states[10 * 11..] {
                assert!((value - 1_000_011.0).abs() < 1e-8, "{value}: {text}");
            }
        }
    }
}

/// What a coarse spacing puts off is told of the effective diffusivity as of other numbers.
#[test]
fn an_effective_diffusivity_that_is_off_is_told() {
    let scene = Scene::new();
    scene.write(
        "hole.toml",
        "D = 1\nx1 = 0\nx2 = 1\ny1 = 0\ny2 = 1\ndx = 0.1\ngrid = 'walls'\nmethod = 'steady'\n\
         mask.where = 'hypot(x - 0.5, y - 0.5) < 0.3'\n\
         boundary = { left = 1, right = 0, bottom = 'insulated', top = 'insulated' }\n",
    );
    let told_on_spacing = |options: &str, of_flux: &str| {
        scene.succeed(&format!("run hole.toml -o hole.npy --force {options}"));
        let told = scene.succeed(&format!("flux hole.npy --effective {of_flux}"));
        told.stderr.contains("effective is off by about")
    };
    // It is 0.562 with this spacing, and 0.556 with fine ones.
    assert!(told_on_spacing("", ""));
    assert!(!told_on_spacing("", "--pixels"));
    assert!(!told_on_spacing("--set dx=0.0125", ""));
}
