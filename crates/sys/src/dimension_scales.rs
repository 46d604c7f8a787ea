//! Dimension scales of HDF5, which are part of its high-level library and missing in the Rust bindings.
#![allow(unsafe_code)]

use hdf5_metno_sys::{LOCK, h5::herr_t, h5i::hid_t};
use std::{
    ffi::{CString, c_char, c_uint},
    io,
};

unsafe extern "C" {
    fn H5DSset_scale(dsid: hid_t, dimname: *const c_char) -> herr_t;
    fn H5DSattach_scale(did: hid_t, dsid: hid_t, idx: c_uint) -> herr_t;
}

/// Makes an open dataset a dimension scale.
///
/// # Errors
/// If the library fails.
pub fn make(scale: hid_t, name: &str) -> io::Result<()> {
    let name = CString::new(name)?;
    let _held = LOCK.lock();
    // SAFETY: the name ends with a zero byte and outlives the call; the library checks identifiers; the
    // lock keeps other threads out of it.
    let answer = unsafe { H5DSset_scale(scale, name.as_ptr()) };
    done(answer, "make a dimension scale")
}

/// Attaches a scale to a dimension of an open dataset.
///
/// # Errors
/// If the library fails.
pub fn attach(array: hid_t, scale: hid_t, dimension: usize) -> io::Result<()> {
    let dimension = c_uint::try_from(dimension).map_err(io::Error::other)?;
    let _held = LOCK.lock();
    // SAFETY: the library checks identifiers and numbers; the lock keeps other threads out of it.
    let answer = unsafe { H5DSattach_scale(array, scale, dimension) };
    done(answer, "attach a dimension scale")
}

fn done(answer: herr_t, what: &str) -> io::Result<()> {
    match answer {
        0.. => Ok(()),
        _ => Err(io::Error::other(format!("the HDF5 library cannot {what}"))),
    }
}
