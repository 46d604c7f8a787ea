//! `diff2d bench`: `diff2d` next to the reference programs.

use super::{bar::Unit, signals, start, terminal::Terminal};
use crate::{
    bench::{self, Bench, BenchError, BenchPlan, Results, TableFormat},
    cube::Writing,
    error::Error,
};
use clap::Args;
use diff2d_sys::{self as sys, Destination};
use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicUsize},
};

/// Time the same program in C++, Fortran, Rust, Julia and Python beside diff2d, in turns
///
/// Builds what it finds compilers for (CXX, FC, RUSTC, JULIA and PYTHON name others than g++, gfortran,
/// rustc, julia and python3), runs all on one problem, compares their final states with that of diff2d, and prints
/// times, rates and ratios. With --physics: other kinds of problem,
/// with other walls, materials and sources, beside one loop in C++ of the same arithmetic. Exit code 3 if a final state
/// differs by more than contraction to fused operations explains.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d bench
  diff2d bench --size 4096 --repeat 3 --json bench.json --plot bench.png
  diff2d bench --sizes 99,199,399,799 --plot sizes.png
  diff2d bench --threads 1,2,4 --plot threads.png
  diff2d bench --sources programs
  diff2d bench -- ./mine params.toml
  diff2d bench --physics --size 4096 --repeat 3")]
pub(super) struct BenchArgs {
    /// Problems with other walls, materials and sources, beside one loop in C++
    #[arg(long, conflicts_with = "plot")]
    physics: bool,
    /// Interior nodes along a side [default: the problem of the course, 299; 1024 with --physics]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65536))]
    size: Option<u32>,
    /// Several sizes, such as 99,199,399: a table for each, and curves in the chart
    #[arg(long, value_name = "N,…", value_delimiter = ',', conflicts_with_all = ["size", "physics"],
        value_parser = clap::value_parser!(u32).range(1..=65536))]
    sizes: Vec<u32>,
    /// Write the sources of the reference programs into a directory that is there, and measure nothing
    #[arg(long, value_name = "DIR")]
    sources: Option<PathBuf>,
    /// Steps to take [default: what an ordinary program takes a second or two for]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..1 << 40))]
    steps: Option<u64>,
    /// Rounds: how often each program runs; medians are compared
    #[arg(long, value_name = "R", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,
    /// Rounds before those that count: the first run of a program fills caches
    #[arg(long, value_name = "R", default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=1000))]
    warmup: u32,
    /// Numbers of threads, such as 1,2,4; more than two are curves in the chart [default: 1 and all processors]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..))]
    threads: Vec<u16>,
    /// Print the table as Markdown
    #[arg(long)]
    markdown: bool,
    /// Write everything that was measured to a JSON file
    #[arg(long, value_name = "FILE.json")]
    json: Option<PathBuf>,
    /// Draw the rates as a bar chart, beside those of the course in 2016
    #[arg(long, value_name = "FILE.png")]
    plot: Option<PathBuf>,
    /// Replace these files if they exist
    #[arg(long)]
    force: bool,
    /// A program of your own with its arguments. After them it gets those of the reference programs, D X1 X2 DX STEPS FILE,
    /// or in place of params.toml the parameter file, and FILE; it prints seconds=… and writes its final state to
    /// FILE, f8 with the boundary nodes, unless FILE is -
    #[arg(last = true, value_name = "PROGRAM", conflicts_with = "physics")]
    own: Vec<OsString>,
}

/// `program` starts this program again.
pub(super) fn bench(args: &BenchArgs, program: &Path, terminal: &Terminal) -> Result<u8, Error> {
    if let Some(directory) = &args.sources {
        return write_sources(directory, args.force, terminal);
    }
    let [json, plot] = check_outputs(args)?;
    let result = measure(args, program, terminal);
    let all = match result {
        Ok(results) => results,
        Err(BenchError::Signalled(signal)) => {
            terminal.urgent(&format!("stopped by signal {signal}; nothing was written"));
            return Ok(u8::try_from(128 + signal).unwrap_or(1));
        }
        Err(BenchError::Params(error)) => return Err(error.into()),
        Err(error) => return Err(Error::System(error.to_string())),
    };
    if let Some(to) = json {
        match all.as_slice() {
            [results] if !args.physics => start::write_json(to, "results", results),
            all => start::write_json(to, "results", all),
        }?;
    }
    match (plot, all.as_slice()) {
        (Some(to), [results]) if results.threads().len() <= 2 => {
            bench::chart(results)?.save(&to)?;
        }
        (Some(to), all) => bench::curves(all).save(&to)?,
        (None, _) => {}
    }
    let layout = match args.markdown {
        true => TableFormat::Markdown,
        false => TableFormat::Plain,
    };
    let parts = match args.physics {
        true => vec![all.as_slice()],
        false => all.chunks(1).collect(),
    };
    let tables: Vec<String> = parts
        .iter()
        .map(|part| bench::table(part, layout))
        .collect();
    terminal.result(&tables.join("\n\n"))?;
    for results in &all {
        let of_problem = match args.physics {
            true => format!(" of the problem with {}", results.problem.name()),
            false => String::new(),
        };
        if let Some(entry) = results.disagreeing() {
            return Err(Error::Differs(format!(
                "the final state of {}{of_problem} is not that of diff2d",
                format!("{} {}", entry.program, entry.flags).trim_end()
            )));
        }
    }
    Ok(0)
}

/// Writes the sources of the reference programs; all names are looked at before the first is written.
fn write_sources(directory: &Path, force: bool, terminal: &Terminal) -> Result<u8, Error> {
    let writing = Writing {
        force,
        ..Writing::default()
    };
    let to = bench::SOURCES.map(|(name, text)| (directory.join(name), text));
    let admitted = to
        .iter()
        .map(|(path, _)| start::check_output(path, "source", writing));
    let admitted = admitted.collect::<Result<Vec<_>, _>>()?;
    for ((path, text), to) in to.iter().zip(admitted) {
        let written = sys::write_file_at(to, text.as_bytes());
        written.map_err(|error| Error::System(error.to_string()))?;
        terminal.result(&path.display().to_string())?;
    }
    Ok(0)
}

/// Refuses outputs that may not be written, before anything is measured.
fn check_outputs(args: &BenchArgs) -> Result<[Option<Destination>; 2], Error> {
    let mut taken = Vec::new();
    let mut check = |path: &Option<PathBuf>, what: &str| {
        let Some(path) = path else { return Ok(None) };
        let writing = Writing {
            taken: &taken,
            force: args.force,
            is_own_kind: None,
        };
        let to = start::check_output(path, what, writing)?;
        taken.push(path.clone());
        Ok::<_, Error>(Some(to))
    };
    Ok([check(&args.json, "results")?, check(&args.plot, "chart")?])
}

fn measure(
    args: &BenchArgs,
    program: &Path,
    terminal: &Terminal,
) -> Result<Vec<Results>, BenchError> {
    let signal = Arc::new(AtomicUsize::new(0));
    for number in signals::ENDING {
        // Without a handler the signal ends the process at once.
        let _ = signal_hook::flag::register_usize(
            number,
            Arc::clone(&signal),
            number.unsigned_abs() as usize,
        );
    }
    let threads: BTreeSet<usize> = match args.threads.as_slice() {
        [] => [1, sys::threads()].into(),
        threads => threads.iter().copied().map(usize::from).collect(),
    };
    terminal.note("building the reference programs");
    let plan = BenchPlan {
        physics: args.physics,
        sizes: args
            .size
            .map_or_else(|| args.sizes.clone(), |size| vec![size]),
        own: args.own.clone(),
        steps: args.steps,
        warmup: args.warmup,
        repeat: args.repeat,
        threads: threads.into_iter().collect(),
        program: program.to_owned(),
        signal,
    };
    let mut benches = Bench::prepare(&plan)?;
    let Some(case) = benches.first().map(Bench::case) else {
        return Ok(Vec::new());
    };
    terminal.note(&format!(
        "{} × {} interior nodes, {} steps, {} {}",
        case.size,
        case.size,
        case.steps,
        args.repeat,
        if args.repeat == 1 { "round" } else { "rounds" }
    ));
    let measurements: usize = benches.iter().map(Bench::measurements).sum();
    let bar = terminal.bar(measurements as u64, Unit::Tasks);
    let mut all = Vec::new();
    for mut bench in benches.drain(..) {
        for number in 0..bench.measurements() {
            bar.describe(bench.label(number));
            bench.measure(number)?;
            bar.progress().add(1);
        }
        all.push(bench.finish());
    }
    drop(bar);
    Ok(all)
}
