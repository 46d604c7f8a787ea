//! The parameters that the page gives, and the files that they name.

use diff2d::{ParamsError, RawParams};
use std::{
    collections::BTreeMap,
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
