//! `diff2d plan`: what a run would do, without doing it.

use super::{number, params::ParamsArgs, terminal::Terminal};
use crate::{
    comm::Solo,
    error::Error,
    field::Field,
    machine,
    params::{Layout, Precision},
    problem::Problem,
    solver::Solver,
    stencil::{Real, Stencil},
};
use clap::Args;
use serde_json::json;
use std::time::{Duration, Instant};

/// Show what a run would do: grid, time step, snapshots, memory, disk, time
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  diff2d plan params/diff2dparams.toml --set dx=0.01")]
pub(super) struct PlanArgs {
    #[command(flatten)]
    params: ParamsArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn plan(args: &PlanArgs, terminal: &Terminal) -> Result<(), Error> {
    let problem = args.params.problem()?;
    let estimate = match problem.params.precision {
        Precision::F64 => seconds::<f64>(&problem),
        Precision::F32 => seconds::<f32>(&problem),
    };
    let warnings = warnings(&problem);
    let text = if args.json {
        json(&problem, estimate, &warnings)
    } else {
        for warning in &warnings {
            terminal.note(&format!("warning: {warning}"));
        }
        text(&problem, estimate)
    };
    terminal.result(&text)
}

/// What a user may not expect of these parameters.
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
    warnings
}

fn text(problem: &Problem, estimate: f64) -> String {
    let Problem {
        params,
        grid,
        schedule,
    } = problem;
    let (ny, nx) = grid.shape();
    let (left, right) = grid.x.extent();
    let layout = match params.grid {
        Layout::Slides => "slides",
        Layout::Files => "files",
        Layout::Walls => "walls",
    };
    let type_name = match params.precision {
        Precision::F64 => "f64",
        Precision::F32 => "f32",
    };
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
            format!(
                "dx = {}, nodes from {} to {}",
                number::python(grid.x.spacing),
                number::python(left),
                number::python(right)
            ),
        ),
        (
            "steps",
            format!(
                "{} of dt = {}, r = {}",
                schedule.nsteps,
                number::python(schedule.dt),
                number::python(schedule.r)
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
            format!("{} for two fields", number::bytes(problem.memory_bytes())),
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
                "about {} on {} threads of this machine",
                number::seconds(estimate),
                machine::threads()
            ),
        ),
    ];
    rows.map(|(name, value)| format!("{name:<10} {value}"))
        .join("\n")
}

fn json(problem: &Problem, estimate: f64, warnings: &[String]) -> String {
    let Problem {
        params,
        grid,
        schedule,
    } = problem;
    let (ny, nx) = grid.shape();
    json!({
        "params": params,
        "nx": nx,
        "ny": ny,
        "dx": grid.x.spacing,
        "dy": grid.y.spacing,
        "dt": schedule.dt,
        "r": schedule.r,
        "nsteps": schedule.nsteps,
        "nper": schedule.nper,
        "cadence": schedule.cadence(),
        "snapshots": schedule.snapshots(),
        "shape": problem.cube_shape(),
        "memory_bytes": problem.memory_bytes(),
        "disk_bytes": problem.cube_bytes(),
        "threads": machine::threads(),
        "seconds": estimate,
        "warnings": warnings,
    })
    .to_string()
}

/// Wall time of the steps, from a few of them on a grid of the same or the largest affordable size.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn seconds<T: Real>(problem: &Problem) -> f64 {
    const LARGEST: usize = 2048;
    const LONG_ENOUGH: Duration = Duration::from_millis(30);
    let (ny, nx) = problem.grid.shape();
    let shape = (ny.min(LARGEST), nx.min(LARGEST));
    let stencil = Stencil::new(T::from_f64(problem.schedule.r));
    let Ok(mut solver) = Field::zeros(shape).and_then(|field| Solver::new(stencil, field)) else {
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
    per_update * problem.grid.len() as f64 * problem.schedule.nsteps as f64
}
