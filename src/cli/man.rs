//! `diff2d man`: manual pages.

use super::{start::make_directory, terminal::Terminal, version};
use crate::cli::error::Error;
use clap::{Args, Command};
use clap_mangen::Man;
use diff2d::program::cube::{Writing, holds};
use diff2d_sys::{self as sys, FileError};
use std::path::{Path, PathBuf};

/// Write manual pages, one of the program and one of each command
///
/// Prints the name of every page.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d man ~/.local/share/man/man1 && man diff2d-run
  diff2d man . && man ./diff2d.1")]
pub(super) struct ManArgs {
    /// The directory for the pages; it is made if its parent is there
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(super) fn man(args: &ManArgs, mut command: Command, terminal: &Terminal) -> Result<(), Error> {
    let directory = args.directory.as_path();
    make_directory(directory)?;
    // Global options become those of every command, and commands get their names.
    command.build();
    page(&command, directory, terminal)?;
    let commands = command
        .get_subcommands()
        .filter(|subcommand| subcommand.get_name() != "help");
    commands
        .into_iter()
        .try_for_each(|subcommand| page(subcommand, directory, terminal))
}

fn page(command: &Command, directory: &Path, terminal: &Terminal) -> Result<(), Error> {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name());
    let path = directory.join(format!("{name}.1"));
    let mut text = Vec::new();
    let page = Man::new(command.clone())
        .source(version::short())
        .manual("diff2d");
    let rendered = page.render(&mut text);
    rendered.map_err(FileError::of("make", &path))?;
    let writing = Writing {
        is_own_kind: Some(is_page),
        ..Writing::default()
    };
    let destination = writing.admit(&path)?;
    sys::write_file_at(destination, &text)?;
    terminal.result(&path.display().to_string())
}

/// Whether a file begins like a manual page of this program.
fn is_page(beginning: &[u8]) -> bool {
    holds(beginning, ".TH diff2d")
}
