//! Tests that run the program and look at what it prints, writes and returns.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

#[path = "../common/mod.rs"]
mod common;

mod cli;
mod comparison;
mod faults;
mod fit;
mod gradient;
mod groups;
mod loggers;
mod map;
mod numbers;
mod stats;
mod sweep;
mod windows;
