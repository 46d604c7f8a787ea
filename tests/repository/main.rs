//! Tests of the repository itself: its modules, documents, examples and packages.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

#[path = "../common/mod.rs"]
mod common;

mod architecture;
mod book;
mod examples;
mod package;
mod promises;
