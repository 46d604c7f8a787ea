//! `diff2d plan`: what a run or a sweep would do, without doing it.

mod bands;
pub(super) mod estimate;
mod run;
mod sbatch;
mod sweep;

use super::{
    params::{ParamsArgs, ProblemWithWarnings},
    terminal::{Terminal, option_quoted},
    values,
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{
    RawParams, Sweep, fit,
    program::{
        measured::MeasuredFile,
        run::{Terms, on_threads, worthwhile_threads},
    },
};
use diff2d_sys as sys;
use run::RunPlan;
use std::path::PathBuf;
use sweep::SweepPlan;

/// Show what a run or a sweep would do: grid, time step, snapshots, memory, disk, time
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d plan params/diff2dparams.toml --set dx=0.01
  diff2d plan params/large.toml --ranks 64
  diff2d plan params/large.toml --memory 4GiB
  diff2d plan params/large.toml --ranks 4 --sbatch > job.sh
  diff2d plan params/sweep.toml --set D=[1,2]")]
pub(super) struct PlanArgs {
    #[command(flatten)]
    params: ParamsArgs,
    /// Ranks that share the grid under mpirun
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    ranks: u32,
    /// The most memory that the run may take, such as 4GiB
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    memory: Option<u64>,
    /// Threads that compute [default: all processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Print a job script for Slurm in place of the plan, with its time and memory
    #[arg(long, conflicts_with = "json")]
    sbatch: bool,
    /// The cube that the job of --sbatch writes, such as one on the disk of the cluster
    #[arg(short, long, value_name = "CUBE.npy", requires = "sbatch")]
    output: Option<PathBuf>,
}

/// Prints the plan; what the run or the sweep would be refused for is an error below it.
pub(super) fn plan(args: &PlanArgs, terminal: &Terminal) -> Result<(), Error> {
    let threads = args.threads.map_or_else(sys::threads, usize::from);
    let threads = worthwhile_threads(threads);
    if args.params.is_sweep() {
        if args.sbatch {
            return Err(Error::Usage(
                "--sbatch: the file describes a sweep, which several jobs fill together: docs/sweeps.md has their script"
                    .to_owned(),
            ));
        }
        let sweep = Sweep::load_with(&args.params.file, &args.params.overrides)?;
        let plan = SweepPlan::new(&sweep, threads)?;
        if !args.json {
            terminal.warn(&plan.warnings);
        }
        return terminal.answer(plan.answer, args.json).and(plan.checked);
    }
    let problem_and_warnings = args.params.judged(args.memory, &[])?;
    let raw = RawParams::load(&args.params.file, &args.params.overrides)?;
    let mut data_files = Vec::new();
    for file in fit::files_of(&raw, &problem_and_warnings.problem) {
        match file {
            Ok(file) => data_files.push(file),
            Err(error) => terminal.warn(&[format!("`diff2d fit` cannot read its data: {error}")]),
        }
    }
    let terms = Terms {
        limit: args.memory.or(problem_and_warnings.problem.params.memory),
        ranks: args.ranks as usize,
        ..Terms::alone(Some(threads))
    };
    let told = on_threads(args.threads.map(usize::from), || {
        Ok(tell_run(
            args,
            &problem_and_warnings,
            &data_files,
            terms,
            terminal,
        ))
    });
    told?
}

/// Prints the plan of a run, or the job that carries it out.
fn tell_run(
    args: &PlanArgs,
    problem_and_warnings: &ProblemWithWarnings,
    data_files: &[(PathBuf, MeasuredFile)],
    terms: Terms,
    terminal: &Terminal,
) -> Result<(), Error> {
    let plan = RunPlan::new(problem_and_warnings, data_files, terms)?;
    if !args.json {
        terminal.warn(&plan.warnings);
    }
    if args.sbatch {
        let output = args.output.as_ref().map(|path| path.display());
        let arguments = args.params.quoted()
            + &option_quoted("--memory", args.memory)
            + &option_quoted("-o", output);
        terminal.result(&sbatch::script(&plan, &arguments))?;
        return plan.checked;
    }
    terminal.answer(plan.answer, args.json).and(plan.checked)
}
