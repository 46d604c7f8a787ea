//! The compiled part of the Python package `diff2d`, called by its modules.
//!
//! Long computations run on threads of their own, without the interpreter's lock, while the calling thread handles
//! signals and callbacks (`attended`). Errors are exceptions of `diff2d._errors`; no function here ends the process,
//! except `main`, which is the command line.

mod arguments;
mod attended;
mod call;
// The commands of the program, with which the package shares them: a package cannot depend on a program.
#[path = "../../src/cli/mod.rs"]
mod cli;
mod errors;
mod fit;
mod params;
mod read;
mod run;
mod solve;

use pyo3::prelude::*;

#[pymodule(name = "_native")]
mod native {
    #[pymodule_export]
    use super::{
        call::{call, main},
        fit::fit,
        read::{inputs, journal, labels, nodes, rows, times},
        run::{run, sweep},
        solve::{flux, grid, shape, solve},
    };
}
