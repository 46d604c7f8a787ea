//! `diff2d`: parse, call, exit code.

use diff2d::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
