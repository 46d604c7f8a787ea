//! `diff2d`: parse, call, exit code.

use diff2d::cli::{self, ExitCode};

fn main() -> ExitCode {
    cli::main()
}
