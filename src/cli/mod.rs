//! The command line: one file per command, with its arguments and the glue to the library.

mod axes;
mod bench;
mod check;
mod compare;
mod create;
mod describe;
mod distribute;
mod dtype;
mod follow;
mod frames;
mod info;
mod number;
mod open;
mod params;
mod plan;
mod plot;
mod points;
mod printer;
mod probe;
mod ranks;
mod repair;
mod run;
mod scenario;
mod select;
mod signals;
mod size;
mod start;
mod stats;
mod sweep;
mod terminal;
mod threads;
mod verify;
mod walltime;
mod window;

use crate::{
    comm::{HAS_MPI, Launch, ROOT},
    error::Error,
    sys,
};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::{process::ExitCode, sync::LazyLock};
use terminal::Terminal;

/// Two-dimensional diffusion: the same bits on any machine, every snapshot durable in one plain
/// .npy file.
#[derive(Debug, Parser)]
#[command(
    version,
    long_version = LONG_VERSION.as_str(),
    arg_required_else_help = true,
    after_help = "Example:\n  diff2d run params/diff2dparams.toml\n  diff2d plot output/diff2dparams.npy --sheet"
)]
struct Cli {
    #[command(flatten)]
    output: OutputArgs,
    #[command(subcommand)]
    command: Command,
}

/// What `--version` tells: `-V` tells its first line alone.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    let commit = option_env!("DIFF2D_COMMIT").map(|commit| format!("\ncommit   {commit}"));
    let features = ["cli", "bench", "plot"].into_iter();
    let features: Vec<&str> = features.chain(HAS_MPI.then_some("mpi")).collect();
    format!(
        "{}{}\nfeatures {}",
        env!("CARGO_PKG_VERSION"),
        commit.unwrap_or_default(),
        features.join(" ")
    )
});

/// Options of every command.
#[derive(Debug, Args)]
struct OutputArgs {
    /// No progress bar and no notes; results and errors stay
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Tell which decisions are taken
    #[arg(long, short, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Sweep(sweep::SweepArgs),
    Plan(plan::PlanArgs),
    Info(info::InfoArgs),
    Verify(verify::VerifyArgs),
    Repair(repair::RepairArgs),
    Compare(compare::CompareArgs),
    Plot(plot::PlotArgs),
    Check(check::CheckArgs),
    Bench(bench::BenchArgs),
    Stats(stats::StatsArgs),
    Window(window::WindowArgs),
    Coarsen(window::CoarsenArgs),
    Probe(probe::ProbeArgs),
    Create(create::CreateArgs),
    Distribute(distribute::DistributeArgs),
}

fn success((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

/// Parses the command line, runs the command, and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::command()
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches))
    {
        Ok(cli) => cli,
        // All ranks have the same command line; rank 0 prints the error for all.
        Err(_) if Launch::detect().rank != ROOT => return ExitCode::SUCCESS,
        Err(error) => {
            // A closed pipe is not an error of a help text.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut terminal = Terminal::new(cli.output.quiet, cli.output.verbose);
    let on_ranks = matches!(
        cli.command,
        Command::Run(_) | Command::Sweep(_) | Command::Distribute(_)
    );
    if on_ranks {
        terminal = ranks::terminal_of_rank(terminal);
    }
    // Runs stop by themselves, and the benchmark's programs end with their terminal.
    if !on_ranks && !matches!(cli.command, Command::Bench(_)) {
        signals::remove_unfinished_files();
    }
    if !matches!(cli.command, Command::Run(_) | Command::Sweep(_)) {
        threads::start();
    }
    let result = sys::guard()
        .map_err(|error| Error::System(format!("cannot handle signals: {error}")))
        .and_then(|()| match cli.command {
            Command::Verify(args) => verify::verify(&args, &terminal).map(success),
            Command::Repair(args) => repair::repair(&args, &terminal).map(success),
            Command::Run(args) => run::run(&args, &terminal),
            Command::Sweep(args) => sweep::sweep(&args, &terminal),
            Command::Plan(args) => plan::plan(&args, &terminal).map(success),
            Command::Info(args) => info::info(&args, &terminal).map(success),
            Command::Compare(args) => compare::compare(&args, &terminal).map(success),
            Command::Plot(args) => plot::plot(&args, &terminal).map(success),
            Command::Check(args) => check::check(&args, &terminal).map(success),
            Command::Bench(args) => bench::bench(&args, &terminal),
            Command::Stats(args) => stats::stats(&args, &terminal).map(success),
            Command::Window(args) => window::window(&args, &terminal).map(success),
            Command::Coarsen(args) => window::coarsen(&args, &terminal).map(success),
            Command::Probe(args) => probe::probe(&args, &terminal).map(success),
            Command::Create(args) => create::create(&args, &terminal).map(success),
            Command::Distribute(args) => distribute::distribute(&args, &terminal),
        });
    result.unwrap_or_else(|error| {
        terminal.error(&error);
        match on_ranks {
            true => ranks::refused(&error),
            false => ExitCode::from(error.exit_code()),
        }
    })
}
