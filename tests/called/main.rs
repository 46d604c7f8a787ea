//! The commands in the process that calls them, as the Python package does, and the unit tests of their modules.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

#[allow(dead_code, reason = "the tests call a part of the program")]
#[path = "../../src/cli/mod.rs"]
mod cli;
#[path = "../common/mod.rs"]
mod common;

mod called;
