//! The command line: one file per command, with its arguments and the glue to the library.

mod along;
mod answer;
mod answer_files;
mod axes;
mod bar;
#[allow(
    dead_code,
    reason = "the Python package calls commands, the program does not"
)]
mod call;
mod check;
mod compare;
mod complete;
mod completions;
mod create;
mod dates;
mod distribute;
mod error;
mod export;
mod fit;
mod flux;
mod follow;
mod frames;
mod gradient;
mod groups;
mod info;
mod json;
mod label;
mod man;
mod map;
mod masked;
mod number;
mod open;
mod params;
mod plan;
mod plot;
mod points;
mod printer;
mod probe;
mod ranks;
mod record;
mod repair;
mod rows;
mod run;
mod scenario;
mod select;
mod selection;
mod signals;
mod slips;
mod start;
mod stats;
mod sweep;
mod terminal;
mod threads;
mod typed;
mod values;
mod verify;
mod version;
mod window;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use diff2d::comm::{Launch, ROOT};
use diff2d_sys as sys;
use std::{
    ffi::OsString,
    io::{self, Write},
};
use terminal::Terminal;

#[allow(
    unused_imports,
    reason = "for the Python package, which is built of this module, too"
)]
pub use call::{Argument, Call, Called};
pub use error::Error;
#[allow(unused_imports, reason = "for the Python package")]
pub use fit::draw_fit;
#[allow(unused_imports, reason = "for the Python package")]
pub use values::{duration as parse_duration, size as parse_size, walltime as parse_walltime};

/// Two-dimensional diffusion: the same bits on any machine, every snapshot durable in one plain
/// .npy file.
#[derive(Debug, Parser)]
#[command(
    name = "diff2d",
    disable_version_flag = true,
    after_help = "Example:\n  diff2d run params/diff2dparams.toml\n  diff2d plot output/diff2dparams.npy --sheet"
)]
struct Cli {
    /// No progress bar and no notes; results and errors stay
    #[arg(
        long,
        short,
        global = true,
        conflicts_with = "verbose",
        display_order = 900
    )]
    quiet: bool,
    /// Tell which decisions are taken
    #[arg(long, short, global = true, display_order = 901)]
    verbose: bool,
    /// Print the version, the commit and the features; with --verbose also the kernel
    #[arg(long)]
    version: bool,
    /// Print the version alone
    #[arg(short = 'V')]
    short_version: bool,
    #[command(subcommand)]
    command: Option<Command>,
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
    Stats(stats::StatsArgs),
    Window(window::WindowArgs),
    Coarsen(window::CoarsenArgs),
    Probe(probe::ProbeArgs),
    Flux(flux::FluxArgs),
    Fit(fit::FitArgs),
    Gradient(gradient::GradientArgs),
    Create(create::CreateArgs),
    Label(label::LabelArgs),
    Map(map::MapArgs),
    Export(export::ExportArgs),
    Distribute(distribute::DistributeArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Parses the command line, runs the command, and returns its exit code. `arguments` begin with the program's name; the process
/// may have been started as another program, such as an interpreter.
#[must_use]
pub fn main_of(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match parse(arguments) {
        Ok(cli) => cli,
        // All ranks have the same command line; rank 0 prints the error for all.
        Err(_) if Launch::detect().rank != ROOT => return 0,
        Err(error) => {
            let printed = error.print().and_then(|()| io::stdout().flush());
            return if error.use_stderr() {
                u8::try_from(error.exit_code()).unwrap_or(2)
            } else {
                finish(
                    printed
                        .map(|()| 0)
                        .map_err(|error| terminal::not_printed(&error)),
                    &Terminal::new(false, false),
                )
            };
        }
    };
    if sys::has_few_addresses() {
        sys::give_back_memory();
    }
    let mut terminal = Terminal::new(cli.quiet, cli.verbose);
    if cli.version || cli.short_version {
        let text = if cli.version {
            version::long(cli.verbose)
        } else {
            version::short()
        };
        return finish(terminal.result(&text).map(|()| 0), &terminal);
    }
    let Some(command) = cli.command else {
        // Not 0: a script whose command is empty has done nothing.
        terminal.usage(version::OVERVIEW);
        return 2;
    };
    let on_ranks = matches!(
        command,
        Command::Run(_) | Command::Sweep(_) | Command::Distribute(_)
    );
    if !on_ranks {
        // Runs stop by themselves.
        signals::remove_unfinished_files();
    } else if Launch::detect().rank != ROOT {
        terminal = Terminal::silent();
    }
    if !matches!(command, Command::Run(_) | Command::Sweep(_)) {
        threads::start();
    }
    let guarded =
        sys::guard().map_err(|error| Error::System(format!("cannot handle signals: {error}")));
    let result = guarded
        .and_then(|()| check_addresses())
        .and_then(|()| match command {
            Command::Run(args) => run::run(&args, &terminal),
            Command::Sweep(args) => sweep::sweep(&args, &terminal),
            Command::Distribute(args) => distribute::distribute(&args, &terminal),
            other => carry_out(other, &terminal).map(|()| 0),
        });
    match result {
        Err(error) if on_ranks => {
            terminal.error(&error);
            ranks::refused(&error)
        }
        result => finish(result, &terminal),
    }
}

/// Refuses to begin where the system leaves fewer addresses than any command takes; what grows with arrays and threads is asked for
/// by itself.
fn check_addresses() -> Result<(), Error> {
    const LEAST: u64 = 16 << 20;
    let available = sys::has_few_addresses().then(sys::available_memory);
    match available.flatten() {
        Some(available) if available < LEAST => Err(Error::System(format!(
            "the system leaves {} of memory, but any command needs {}: `ulimit -v` shows the limit",
            number::bytes(available),
            number::bytes(LEAST)
        ))),
        _ => Ok(()),
    }
}

/// The exit code of a command, whose error is printed.
fn finish(result: Result<u8, Error>, terminal: &Terminal) -> u8 {
    result
        .map_err(Error::or_closed_pipe)
        .unwrap_or_else(|error| {
            terminal.error(&error);
            error.exit_code()
        })
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let arguments = typed::with_joined_values(arguments.into_iter().collect(), Cli::command());
    Cli::command()
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| slips::with_tip(error, &arguments, Cli::command()))
}

/// Carries out a command that takes over nothing of the process.
fn carry_out(command: Command, terminal: &Terminal) -> Result<(), Error> {
    match command {
        Command::Verify(args) => verify::verify(&args, terminal),
        Command::Repair(args) => repair::repair(&args, terminal),
        Command::Plan(args) => plan::plan(&args, terminal),
        Command::Info(args) => info::info(&args, terminal),
        Command::Compare(args) => compare::compare(&args, terminal),
        Command::Plot(args) => plot::plot(&args, terminal),
        Command::Check(args) => check::check(&args, terminal),
        Command::Stats(args) => stats::stats(&args, terminal),
        Command::Window(args) => window::window(&args, terminal),
        Command::Coarsen(args) => window::coarsen(&args, terminal),
        Command::Probe(args) => probe::probe(&args, terminal),
        Command::Flux(args) => flux::flux(&args, terminal),
        Command::Fit(args) => fit::fit(&args, terminal),
        Command::Gradient(args) => gradient::gradient(&args, terminal),
        Command::Create(args) => create::create(&args, terminal),
        Command::Label(args) => label::label(&args, terminal),
        Command::Map(args) => map::map(&args, terminal),
        Command::Export(args) => export::export(&args, terminal),
        Command::Completions(args) => completions::completions(&args, Cli::command(), terminal),
        Command::Man(args) => man::man(&args, Cli::command(), terminal),
        Command::Run(_) | Command::Sweep(_) | Command::Distribute(_) => Err(Error::Usage(
            "this command takes over its process: start the program instead".to_owned(),
        )),
    }
}
