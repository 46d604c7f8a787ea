//! The examples of the library run to their end.
#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "../examples/durable_run.rs"]
mod durable_run;
#[path = "../examples/foreign_array.rs"]
mod foreign_array;
#[path = "../examples/in_memory.rs"]
mod in_memory;

#[test]
fn a_problem_is_solved_in_memory() {
    in_memory::main().unwrap();
}

#[test]
fn a_run_is_stopped_resumed_and_verified() {
    durable_run::main().unwrap();
}

#[test]
fn an_array_of_another_program_is_analysed() {
    foreign_array::main().unwrap();
}
