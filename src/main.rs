//! `diff2d`: parse, call, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    diff2d::cli::main()
}
