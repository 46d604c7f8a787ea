//! What `diff2d plan` says of a sweep.

use super::{number, plan, terminal::Terminal};
use crate::{
    error::Error,
    params::{Choice, with_precision},
    run::{self, worthwhile_threads},
    sweep::Sweep,
};
use diff2d_arrays::npy::DATA_OFFSET;
use diff2d_arrays::wording::bytes;
use diff2d_sys as sys;
use serde_json::json;
use std::path::Path;

/// Prints what the sweep of a file would do.
pub(super) fn plan(
    file: &Path,
    overrides: &[String],
    is_json: bool,
    terminal: &Terminal,
) -> Result<(), Error> {
    let sweep = Sweep::load_with(file, overrides)?;
    let (scenarios, first) = (sweep.scenarios(), sweep.first());
    let [count, snapshots, ny, nx] = sweep.cube_shape();
    let workers = worthwhile_threads(sys::threads()).min(scenarios.len());
    let memory = sweep.memory_bytes().saturating_mul(workers as u64);
    let disk = count * snapshots * first.field_bytes() + DATA_OFFSET;
    let alone = with_precision!(first.params.precision, T => plan::seconds::<T>(first));
    let seconds = alone * share_of_first(&sweep);
    let varied = sweep.varied.join(", ");
    let text = if is_json {
        json!({
            "scenarios": count,
            "varied": sweep.varied,
            "nx": nx,
            "ny": ny,
            "snapshots": snapshots,
            "shape": sweep.cube_shape(),
            "memory_bytes": memory,
            "disk_bytes": disk,
            "threads": workers,
            "seconds": seconds,
        })
        .to_string()
    } else {
        [
            ("scenarios", format!("{count}, which differ in {varied}")),
            (
                "grid",
                format!("{ny} × {nx} nodes each, {}", first.params.precision.name()),
            ),
            ("snapshots", format!("{snapshots} each at most")),
            (
                "memory",
                format!("{} for {workers} at a time", number::bytes(memory)),
            ),
            ("disk", format!("{} ({disk} bytes)", number::bytes(disk))),
            (
                "time",
                format!(
                    "about {} on {} threads of this machine",
                    number::seconds(seconds),
                    sys::threads()
                ),
            ),
        ]
        .map(|(name, value)| format!("{name:<10} {value}"))
        .join("\n")
    };
    terminal.result(&text)?;
    run::check_memory(memory)?;
    match sys::free_space(plan::output()) {
        Some(free) if free < disk => Err(Error::System(format!(
            "the sweep needs {} and the filesystem of {} has {} free: write elsewhere with -o, or take fewer snapshots (a larger outtime)",
            bytes(disk),
            plan::output().display(),
            bytes(free)
        ))),
        _ => Ok(()),
    }
}

/// The steps of all scenarios, by those of the first.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn share_of_first(sweep: &Sweep) -> f64 {
    let steps = |snapshots: u64, nper: u64| (snapshots.saturating_sub(1) * nper) as f64;
    let schedule = &sweep.first().schedule;
    let of_first = steps(schedule.snapshots(), schedule.nper).max(1.0);
    let all = sweep.scenarios().iter().enumerate();
    let all: f64 = all
        .map(|(number, one)| steps(sweep.scenarios().snapshots_of(number), one.nper))
        .sum();
    all / of_first
}
