//! The command line: what it prints, what it refuses, and how it says so.

mod check;
mod compare;
mod constants;
mod create;
mod export;
mod export_refused;
mod functions;
mod info;
mod input_files;
mod moved_inputs;
mod not_finite;
mod outputs;
mod parameters;
mod physics;
mod plan;
mod plot;
mod probe;
mod run;
mod selection;
mod slips;
mod stops;
mod streams;
mod threads;
mod time_dependence;
mod usage;
mod warnings;
mod written;

use crate::common::{Scene, Told};

fn shell(scene: &Scene, script: &str) -> Told {
    let mut command = scene.command("bash");
    command.env("DIFF2D", env!("CARGO_BIN_EXE_diff2d"));
    Told::from(command.args(["-c", script]).output().unwrap())
}

/// Cuts a journal down to its first `keep` lines: the header and `keep - 1` snapshots.
fn cut_journal(scene: &Scene, name: &str, keep: usize) {
    let lines: String = scene.text(name).split_inclusive('\n').take(keep).collect();
    scene.write(name, lines);
}

/// The bytes of a `.npy` file with any header and data.
fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{header:<117}\n");
    let length = u16::try_from(text.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\0", length.as_slice(), text.as_bytes(), data].concat()
}
