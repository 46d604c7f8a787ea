//! The functions that the worker of a page calls.

use crate::{examine, files, page, solve};
use diff2d::fit::{self, DataFiles, Fit, FitOptions};
use diff2d::internal::KEYS;
use serde_json::{Value, json};
use std::{
    path::Path,
    ptr,
    sync::{Mutex, PoisonError},
};

/// Memory for `length` bytes, which the next function that gets them frees.
#[unsafe(no_mangle)]
pub extern "C" fn allocate(length: usize) -> *mut u8 {
    let bytes = vec![0; length].into_boxed_slice();
    Box::leak(bytes).as_mut_ptr()
}

/// The bytes that the page has written into memory of [`allocate`].
///
/// # Safety
/// `bytes` and `length` are those of one call of [`allocate`], and are given once.
unsafe fn taken(bytes: *mut u8, length: usize) -> Box<[u8]> {
    // SAFETY: the caller promises that they are a boxed slice that nobody owns.
    unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(bytes, length)) }
}

/// The text that the page has written into memory of [`allocate`].
///
/// # Safety
/// As [`taken`].
unsafe fn text_of(bytes: *mut u8, length: usize) -> String {
    // SAFETY: as the caller promises.
    let bytes = unsafe { taken(bytes, length) };
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An answer for the page, which reads it before it calls another function.
fn answered(answer: &Value) -> *const u8 {
    static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    let text = answer.to_string();
    let length = u32::try_from(text.len()).unwrap_or(0);
    let mut bytes = ANSWER.lock().unwrap_or_else(PoisonError::into_inner);
    bytes.clear();
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.as_ptr()
}

/// Makes a file known to the parameters that follow.
///
/// # Safety
/// Name and bytes are in memory of [`allocate`], each of a call of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn give_file(
    name: *mut u8,
    name_length: usize,
    bytes: *mut u8,
    length: usize,
) {
    // SAFETY: as the caller promises.
    let (name, bytes) = unsafe { (text_of(name, name_length), taken(bytes, length)) };
    files::give(name, bytes.into());
}

/// Gives the bytes of the snapshot from which the next run may continue.
///
/// # Safety
/// The bytes are in memory of [`allocate`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn give_state(bytes: *mut u8, length: usize) {
    // SAFETY: as the caller promises.
    files::give_state(unsafe { taken(bytes, length) }.into_vec());
}

/// What a run of these parameters would do, or the errors in them.
///
/// # Safety
/// The text is in memory of [`allocate`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn examine(text: *mut u8, length: usize) -> *const u8 {
    page::prepare();
    // SAFETY: as the caller promises.
    let text = unsafe { text_of(text, length) };
    answered(&examine::examine(&text))
}

/// The keys of a parameter file: the name, an example, the meaning and the accepted values of each.
#[unsafe(no_mangle)]
pub extern "C" fn keys() -> *const u8 {
    let rows = KEYS.iter();
    let rows: Vec<[String; 4]> = rows
        .map(|key| {
            let [name, example, accepted] =
                [key.name, key.example, key.accepted].map(str::to_owned);
            [name, example, key.described(), accepted]
        })
        .collect();
    answered(&json!(rows))
}

/// Runs the problem of a [request](solve::solve), and calls the page with each snapshot.
///
/// # Safety
/// The request is in memory of [`allocate`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn solve(text: *mut u8, length: usize) -> *const u8 {
    page::prepare();
    // SAFETY: as the caller promises.
    let text = unsafe { text_of(text, length) };
    answered(&match solve::solve(&text) {
        Ok(answer) => answer,
        Err(sentence) => json!({ "error": sentence }),
    })
}

/// Fits numbers of these parameters to measured series.
///
/// # Safety
/// The text is in memory of [`allocate`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fit(text: *mut u8, length: usize) -> *const u8 {
    page::prepare();
    // SAFETY: as the caller promises.
    let text = unsafe { text_of(text, length) };
    answered(&match fitted(&text) {
        Ok(answer) => answer,
        Err(sentence) => json!({ "error": sentence }),
    })
}

fn fitted(text: &str) -> Result<Value, String> {
    let raw = files::read(text).map_err(|error| error.to_string())?;
    let options = FitOptions {
        threads: 1,
        runs: page::begin_progress(),
        ..FitOptions::default()
    };
    let fit = Fit::new(&raw, false, options).map_err(|error| error.to_string())?;
    let answer = fit.solve(&|_| ()).map_err(|error| error.to_string())?;
    let rows = answer.columns.iter();
    let rows: Vec<Value> = rows
        .map(|column| json!({ "name": column.name, "rows": column.rows }))
        .collect();
    let parameters =
        fit::fitted(&raw, &answer, Path::new("")).map_err(|error| error.to_string())?;
    let pretty = serde_json::to_string_pretty(&answer).map_err(|error| error.to_string())?;
    Ok(json!({
        "answer": answer,
        "rows": rows,
        "data": DataFiles(fit.data_files()),
        "files": { "json": pretty + "\n", "csv": answer.rows_as_csv(), "toml": parameters },
    }))
}
