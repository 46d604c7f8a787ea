//! Resolves the start time of a run that continues from a snapshot.

use super::array::JournalledArray;
use crate::params::{ParamsError, RawParams};

/// Replaces `t0 = "initial"` in the parameters by the time of the snapshot from which the run begins.
///
/// # Errors
/// [`ParamsError::Refused`] if there is no such snapshot, or its time is not known.
pub fn with_start(raw: RawParams) -> Result<RawParams, ParamsError> {
    const KEY: &str = "t0";
    let typed = raw.typed();
    let is_meant = typed.get(KEY).and_then(|entry| entry.value.as_str()) == Some("initial");
    if !is_meant {
        return Ok(raw);
    }
    let path = typed.get("initial.path").and_then(|entry| {
        let path = entry.value.as_str()?;
        Some(entry.place.path_to(path))
    });
    let snapshot = typed.get("initial.snapshot");
    let snapshot = snapshot.and_then(|entry| entry.value.as_integer());
    let (Some(path), Some(snapshot)) = (path, snapshot) else {
        let reason = "it is the time of the snapshot that the run begins from: initial = { kind = \"file\", path = \"….npy\", snapshot = k } takes one";
        return Err(raw.refuse(KEY, reason.to_owned()));
    };
    let array = JournalledArray::open(&path).map_err(|error| raw.refuse(KEY, error.to_string()))?;
    let count = array.npy.shape.first().copied().unwrap_or(0);
    let index = i128::from(snapshot) + if snapshot < 0 { i128::from(count) } else { 0 };
    let index = u64::try_from(index).ok();
    let mut commits = array
        .each_commit()
        .map_err(|error| raw.refuse(KEY, error.to_string()))?;
    let commit = commits.find(|commit| {
        commit
            .as_ref()
            .map_or(true, |commit| Some(commit.index) == index)
    });
    let commit = commit.transpose();
    match commit.map_err(|error| raw.refuse(KEY, error.to_string()))? {
        Some(commit) if array.run().is_some() => Ok(raw.replace(KEY, commit.simtime)),
        _ => Err(raw.refuse(
            KEY,
            format!(
                "no journal says when snapshot {snapshot} of {} was taken; give the number",
                path.display()
            ),
        )),
    }
}
