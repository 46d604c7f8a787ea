//! `diff2d`: parse, call, exit code.

mod cli;

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    cli::main_of(env::args_os()).into()
}
