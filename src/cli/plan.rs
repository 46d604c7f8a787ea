//! `diff2d plan`: what a run would do, without doing it.

use super::{
    describe, number, params::ParamsArgs, plan_bands::Bands, plan_sweep, size, terminal::Terminal,
};
use crate::{
    comm::Solo,
    error::Error,
    field::Field,
    grid::Axis,
    params::{Choice, StepMethod, with_precision},
    problem::Problem,
    run,
    slab::Slab,
    solver::Solver,
};
use clap::Args;
use diff2d_arrays::wording::bytes;
use diff2d_plot::short;
use diff2d_stencil::Element;
use diff2d_sys as sys;
use serde_json::json;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Show what a run or a sweep would do: grid, time step, snapshots, memory, disk, time
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d plan params/diff2dparams.toml --set dx=0.01
  diff2d plan params/large.toml --ranks 64
  diff2d plan params/large.toml --memory 4GiB
  diff2d plan params/sweep.toml --set D=[1,2]")]
pub(super) struct PlanArgs {
    #[command(flatten)]
    params: ParamsArgs,
    /// Ranks that share the grid under mpirun
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    ranks: u32,
    /// The most memory that the run may take, such as 4GiB
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    memory: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn plan(args: &PlanArgs, terminal: &Terminal) -> Result<(), Error> {
    if args.params.is_sweep() {
        let (file, overrides) = (&args.params.file, &args.params.overrides);
        return plan_sweep::plan(file, overrides, args.json, terminal);
    }
    let problem = args.params.problem()?;
    let (alone, cut) = with_precision!(problem.params.precision, T => {
        (seconds::<T>(&problem), Cut::of::<T>(&problem, args.ranks))
    });
    let mut estimate = alone * cut.share(&problem);
    let bands = with_precision!(problem.params.precision, T => {
        Bands::of::<T>(&problem, (args.memory, args.ranks as usize), alone)
    })?;
    if let Some(bands) = &bands {
        estimate = estimate.max(bands.seconds);
    }
    let mut warnings = warnings(&problem);
    if cut.rows[0] == 0 {
        warnings.push(format!(
            "of {} ranks only {} have something to do: the grid has so many interior rows",
            cut.ranks,
            problem.grid.y.nodes - 2
        ));
    }
    let text = if args.json {
        json(&problem, &cut, (estimate, bands.as_ref()), &warnings)
    } else {
        for warning in &warnings {
            terminal.note(&format!("warning: {warning}"));
        }
        text(&problem, &cut, (estimate, bands.as_ref()))
    };
    terminal.result(&text)?;
    refused(&problem, &cut, bands.as_ref())
}

/// What a run would be refused for: too little memory or disk of this machine.
fn refused(problem: &Problem, cut: &Cut, bands: Option<&Bands>) -> Result<(), Error> {
    // Several ranks may have machines and a filesystem of their own.
    if cut.ranks > 1 {
        return Ok(());
    }
    let memory = bands.map_or_else(|| run::memory_alone(problem), |bands| bands.shape.memory);
    run::check_memory(memory)?;
    let needed = problem.cube_bytes() + bands.map_or(0, |bands| bands.scratch);
    match sys::free_space(output()) {
        Some(free) if free < needed => Err(Error::System(format!(
            "the cube needs {} and the filesystem of {} has {} free: write elsewhere with -o, or take fewer snapshots (a larger outtime)",
            bytes(needed),
            output().display(),
            bytes(free)
        ))),
        _ => Ok(()),
    }
}

/// Where cubes go unless a run says otherwise.
pub(super) fn output() -> &'static Path {
    let output = Path::new("output");
    match output.is_dir() {
        true => output,
        false => Path::new("."),
    }
}

/// How ranks share the grid.
struct Cut {
    ranks: usize,
    /// Rows of the thinnest and of the thickest slab.
    rows: [usize; 2],
    /// Rows borrowed from each neighbour, 0 where there is none.
    halo: usize,
    /// Bytes of the two fields of a rank.
    memory: u64,
    /// Bytes sent to each neighbour for `halo` steps.
    message: u64,
}

impl Cut {
    fn of<T: Element>(problem: &Problem, ranks: u32) -> Self {
        let ranks = ranks as usize;
        let (ny, nx) = problem.grid.shape();
        let row = (nx * size_of::<T>()) as u64;
        let stencil = problem.stencil::<T>();
        let depth = problem
            .tile(&stencil, ranks.saturating_mul(sys::threads()))
            .depth;
        let slab = Slab::new(ny, 0, ranks, depth);
        let parts = slab.parts();
        let halo = if parts == 1 { 0 } else { slab.halo() };
        let lengths = || (0..parts).map(|rank| slab.rows_of(rank).len());
        let most = lengths().max().unwrap_or(ny);
        let least = if ranks > parts {
            0
        } else {
            lengths().min().unwrap_or(ny)
        };
        let borrowed = halo * (parts - 1).min(2);
        Self {
            ranks,
            rows: [least, most],
            halo,
            memory: problem.memory_of((most + borrowed).min(ny), parts),
            message: halo as u64 * row,
        }
    }

    /// The time of one rank by that of all rows: rows that two ranks compute are counted twice.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn share(&self, problem: &Problem) -> f64 {
        if problem.params.method == StepMethod::Exact {
            // Every rank transforms the whole grid.
            return 1.0;
        }
        (self.rows[1] + self.halo).min(problem.grid.y.nodes) as f64 / problem.grid.y.nodes as f64
    }
}

/// What a user may not expect of these parameters: truncated times, and where the run ends.
pub(super) fn warnings(problem: &Problem) -> Vec<String> {
    let (schedule, params) = (&problem.schedule, &problem.params);
    let mut warnings = Vec::new();
    if schedule.nsteps == 0 {
        warnings.push(format!(
            "runtime = {:?} is shorter than one step of {}: there is only snapshot 0, the initial state",
            params.runtime,
            number::python(schedule.dt)
        ));
        return warnings;
    }
    let cadence = schedule.cadence();
    let moved = (cadence - params.outtime).abs() > 1e-3 * params.outtime;
    if moved {
        warnings.push(format!(
            "snapshots are {} apart, not outtime = {:?}: {} of dt = {}",
            number::python(cadence),
            params.outtime,
            if schedule.nper == 1 {
                "one step".to_owned()
            } else {
                format!("{} whole steps", schedule.nper)
            },
            number::python(schedule.dt),
        ));
    }
    let (last, beyond) = (schedule.last_step(), schedule.nsteps - schedule.last_step());
    if beyond > schedule.nper / 1000 {
        warnings.push(format!(
            "the run ends with its last snapshot, at t = {} after step {last}, before runtime = {:?}: another one takes {} steps, and runtime leaves {beyond}",
            short(schedule.end(), 6),
            params.runtime,
            schedule.nper,
        ));
    }
    warnings
}

fn text(problem: &Problem, cut: &Cut, (estimate, bands): (f64, Option<&Bands>)) -> String {
    let Problem {
        params,
        grid,
        schedule,
        ..
    } = problem;
    let (ny, nx) = grid.shape();
    let extent = |name: &str, axis: &Axis| {
        let (first, last) = axis.extent();
        format!(
            "d{name} = {}, nodes from {} to {}",
            number::python(axis.spacing),
            number::python(first),
            number::python(last)
        )
    };
    let layout = params.grid.name();
    let type_name = params.precision.name();
    let rows = [
        (
            "grid",
            format!(
                "{ny} × {nx} nodes, {} × {} of them interior, layout \"{layout}\", {type_name}",
                ny - 2,
                nx - 2
            ),
        ),
        (
            "spacing",
            match grid.x == grid.y {
                true => extent("x", &grid.x),
                false => format!("{}; {}", extent("x", &grid.x), extent("y", &grid.y)),
            },
        ),
        (
            "steps",
            format!(
                "{} of dt = {}, {}",
                schedule.nsteps,
                number::python(schedule.dt),
                steps(problem)
            ),
        ),
        (
            "snapshots",
            format!(
                "{}, every {} steps ({} of simulated time)",
                schedule.snapshots(),
                schedule.nper,
                number::python(schedule.cadence())
            ),
        ),
        (
            "memory",
            format!(
                "{}{} for {}",
                bands.map_or_else(String::new, |bands| format!(
                    "{} instead of ",
                    number::bytes(bands.shape.memory)
                )),
                number::bytes(problem.memory_bytes()),
                match problem.arrays() {
                    2 => "two fields".to_owned(),
                    arrays => format!("two fields and {} arrays beside them", arrays - 2),
                }
            ),
        ),
        (
            "ranks",
            match cut.ranks {
                1 => "1, all rows".to_owned(),
                ranks => format!(
                    "{ranks} of {} to {} rows, each {} for its fields; {} to each neighbour every {}",
                    cut.rows[0],
                    cut.rows[1],
                    number::bytes(cut.memory),
                    number::bytes(cut.message),
                    match cut.halo {
                        1 => "step".to_owned(),
                        steps => format!("{steps} steps"),
                    }
                ),
            },
        ),
        (
            "disk",
            format!(
                "{} ({} bytes)",
                number::bytes(problem.cube_bytes()),
                problem.cube_bytes()
            ),
        ),
        (
            "time",
            format!(
                "about {} on {} threads of this machine{}",
                number::seconds(estimate),
                sys::threads(),
                if cut.ranks > 1 { " for each rank" } else { "" }
            ),
        ),
    ];
    let state = bands.map(|bands| ("state", bands.told()));
    let [place, spacing, rest @ ..] = rows;
    let rows = [place, spacing]
        .into_iter()
        .chain(describe::rows(params))
        .chain(rest)
        .chain(state);
    let rows: Vec<String> = rows
        .map(|(name, value)| format!("{name:<10} {value}"))
        .collect();
    rows.join("\n")
}

/// `r = 0.25`, and how far the time step is from the stability limit.
fn steps(problem: &Problem) -> String {
    let share = problem.schedule.dt / problem.limit();
    let explicit = "the stability limit of explicit Euler";
    match problem.params.method {
        StepMethod::Rkl2 => {
            let stages = problem.stages();
            return format!("{stages} stages each, {share:.1} times {explicit}");
        }
        StepMethod::Exact => return format!("{share:.1} times {explicit}"),
        _ => {}
    }
    let limit = match (share - 1.0).abs() <= 1e-12 {
        true => "the stability limit".to_owned(),
        false => format!("{share:.3} of the stability limit"),
    };
    match problem.steps()[..] {
        [r] => format!("r = {}, {limit}", number::python(r)),
        [rx, ry] => {
            format!(
                "rx = {}, ry = {}, {limit}",
                number::python(rx),
                number::python(ry)
            )
        }
        _ => limit,
    }
}

fn json(
    problem: &Problem,
    cut: &Cut,
    (estimate, bands): (f64, Option<&Bands>),
    warnings: &[String],
) -> String {
    let Problem {
        params,
        grid,
        schedule,
        ..
    } = problem;
    let (ny, nx) = grid.shape();
    json!({
        "params": params,
        "nx": nx,
        "ny": ny,
        "dx": grid.x.spacing,
        "dy": grid.y.spacing,
        "dt": schedule.dt,
        "r": problem.steps().first(),
        "limit": problem.limit(),
        "inputs": problem.inputs(),
        "nsteps": schedule.nsteps,
        "nper": schedule.nper,
        "cadence": schedule.cadence(),
        "snapshots": schedule.snapshots(),
        "last_step": schedule.last_step(),
        "end": schedule.end(),
        "shape": problem.cube_shape(),
        "memory_bytes": problem.memory_bytes(),
        "bands": bands.map(|bands| json!({
            "rows": bands.shape.band,
            "steps": bands.shape.steps,
            "memory_bytes": bands.shape.memory,
            "scratch_bytes": bands.scratch,
            "bytes_per_step": bands.bytes_per_step,
        })),
        "disk_bytes": problem.cube_bytes(),
        "ranks": cut.ranks,
        "rows_per_rank": cut.rows,
        "halo": cut.halo,
        "memory_bytes_per_rank": cut.memory,
        "halo_bytes": cut.message,
        "threads": sys::threads(),
        "seconds": estimate,
        "warnings": warnings,
    })
    .to_string()
}

/// Wall time of the steps, from a few of them on a grid of the same or the largest affordable size. Of long
/// steps a few stages stand for all.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
pub(super) fn seconds<T: Element>(problem: &Problem) -> f64 {
    const LARGEST: usize = 2048;
    const LONG_ENOUGH: Duration = Duration::from_millis(30);
    const STAGES: usize = 5;
    let (ny, nx) = problem.grid.shape();
    let shape = (ny.min(LARGEST), nx.min(LARGEST));
    let stages = problem.stages().min(STAGES);
    let sample = problem.sample::<T>(shape, stages);
    let started = Field::zeros(shape).and_then(|field| {
        let slab = Slab::whole(shape.0);
        Solver::with_dynamics(problem.stencil(), sample, (field, 0.0), slab)
    });
    let Ok(mut solver) = started else {
        return f64::NAN;
    };
    let pass = solver.depth() as u64;
    solver.advance(pass, &Solo);
    let (start, mut steps) = (Instant::now(), 0);
    while start.elapsed() < LONG_ENOUGH {
        solver.advance(pass, &Solo);
        steps += pass;
    }
    let per_update =
        start.elapsed().as_secs_f64() / (steps as f64 * shape.0 as f64 * shape.1 as f64);
    let more = problem.stages() as f64 / stages as f64;
    per_update * more * problem.grid.len() as f64 * problem.schedule.last_step() as f64
}
