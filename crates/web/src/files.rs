//! The parameters that the page gives, and the files that they name.

use diff2d::{ParamsError, RawParams};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

/// The name of the parameter file in sentences.
const FILE: &str = "this.toml";

/// The files that the page has given, by their names.
static FILES: Mutex<BTreeMap<String, Arc<[u8]>>> = Mutex::new(BTreeMap::new());

/// Makes a file known to the parameters that follow.
pub(crate) fn give(name: String, bytes: Arc<[u8]>) {
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    files.insert(name, bytes);
}

/// The bytes of the snapshot from which the next run continues.
static STATE: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Keeps the bytes of the snapshot from which the next run continues.
pub(crate) fn give_state(bytes: Vec<u8>) {
    *STATE.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
}

/// The bytes of the snapshot from which this run continues, once.
pub(crate) fn take_state() -> Vec<u8> {
    mem::take(&mut *STATE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Parameters as typed, with the files of the page.
///
/// # Errors
/// [`ParamsError`]
pub(crate) fn read(text: &str) -> Result<RawParams, ParamsError> {
    let files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let mut raw = RawParams::parse(FILE, text)?;
    for (name, bytes) in &*files {
        raw = raw.with_file(name, Arc::clone(bytes));
    }
    Ok(raw)
}

/// The files that parameters name and that the page has not given: their names, the keys that name them, and sentences.
pub(crate) fn missing(raw: &RawParams) -> Vec<Value> {
    let files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let named = raw.entries_of_files();
    let missing = named.filter_map(|(entry, _)| {
        let name = entry
            .value
            .as_str()
            .filter(|&name| !files.contains_key(name))?;
        let way_out = match name.rsplit(['/', '\\']).next() {
            Some(last) if last != name => format!(
                "a page knows files without directories: write \"{last}\", and choose that file"
            ),
            _ => "the page has no such file yet: choose it below the text, or drop it here"
                .to_owned(),
        };
        let sentence = raw.refuse(&entry.name, way_out).to_string();
        Some(json!({ "name": name, "key": entry.name, "sentence": sentence }))
    });
    missing.collect()
}
