//! Chooses the system: `linux.rs`, `portable.rs` on every other Unix, and everywhere if `DIFF2D_PORTABLE` is set, to test it,
//! or `absent.rs` where there is no Unix.

use std::env;

fn main() {
    println!("cargo::rerun-if-env-changed=DIFF2D_PORTABLE");
    println!("cargo::rustc-check-cfg=cfg(diff2d_portable)");
    let is_linux = env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux");
    if !is_linux || env::var_os("DIFF2D_PORTABLE").is_some() {
        println!("cargo::rustc-cfg=diff2d_portable");
    }
}
