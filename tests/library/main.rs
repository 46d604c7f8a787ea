//! Tests that call the library, also beside the program.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test ends where it cannot go on"
)]

#[path = "../common/mod.rs"]
mod common;

mod analysis;
mod bands;
mod between;
mod bits;
mod definition;
mod distribute;
mod equations;
mod exact;
mod geometry;
mod gradient;
mod interfaces;
mod interposed;
mod invariance;
mod journal_bytes;
mod journals;
mod matrix;
mod methods;
mod params;
mod physics;
mod pictures;
mod problems;
mod random_problems;
mod ranks;
mod record;
mod sanitize;
mod smooth;
mod steady;
mod storage;
mod times;
