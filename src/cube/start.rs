//! The time at which a run begins, where that is the time of a snapshot.

use super::{array::JournalledArray, error::CubeError, journal::Record};
use crate::params::{ParamsError, RawParams};

/// The parameters with the time of the snapshot that the run begins from in place of `t0 = "initial"`.
///
/// # Errors
/// [`ParamsError::Refused`] where there is no such snapshot, or its time is not known.
pub fn with_start(raw: RawParams) -> Result<RawParams, ParamsError> {
    const KEY: &str = "t0";
    let typed = raw.typed();
    let is_meant = typed.get(KEY).and_then(|entry| entry.value.as_str()) == Some("initial");
    if !is_meant {
        return Ok(raw);
    }
    let of = |key: &str| typed.get(key);
    let path = of("initial.path").and_then(|entry| {
        let path = entry.value.as_str()?;
        Some(entry.place.path_to(path))
    });
    let snapshot = of("initial.snapshot").and_then(|entry| entry.value.as_integer());
    let (Some(path), Some(snapshot)) = (path, snapshot) else {
        let reason = "it is the time of the snapshot that the run begins from: initial = { kind = \"file\", path = \"….npy\", snapshot = k } takes one";
        return Err(raw.refuse(KEY, reason.to_owned()));
    };
    let found = JournalledArray::open(&path).map_err(|error| raw.refuse(KEY, error.to_string()))?;
    let count = found.npy.shape.first().copied().unwrap_or(0);
    let index = i128::from(snapshot) + if snapshot < 0 { i128::from(count) } else { 0 };
    let index = u64::try_from(index).ok();
    let unusable = |error: CubeError| raw.refuse(KEY, error.to_string());
    let mut records = found.each_record().map_err(unusable)?;
    let is_meant = |record: &Record| Some(record.index) == index;
    let record = records.find(|record| record.as_ref().map_or(true, is_meant));
    match record.transpose().map_err(unusable)? {
        Some(record) if found.run().is_some() => Ok(raw.replace(KEY, record.simtime)),
        _ => Err(raw.refuse(
            KEY,
            format!(
                "no journal says when snapshot {snapshot} of {} was taken; give the number",
                path.display()
            ),
        )),
    }
}
