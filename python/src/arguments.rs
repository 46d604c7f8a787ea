//! Converts Python values to arguments of commands.

use crate::cli::Argument;
use crate::errors::refused;
use pyo3::{
    prelude::*,
    types::{PyBool, PyEllipsis, PyFloat, PyInt, PyList, PyMapping, PySlice, PyString, PyTuple},
};
use std::path::PathBuf;

/// The moment that a date of NumPy, pandas or the standard library is, in words; a date without a time is its day.
fn date(value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    let is_scalar = value.hasattr("dtype")?
        && value.getattr("dtype")?.getattr("kind")?.str()? == "M"
        && value.getattr("ndim")?.extract::<usize>()? == 0;
    let text = match is_scalar {
        true => value.call_method1("astype", ("datetime64[us]",))?.str()?,
        false if value.hasattr("isoformat")? => value.call_method0("isoformat")?.str()?,
        false => return Ok(None),
    };
    let text = text.to_string();
    // A time without a fraction would be all of its second.
    Ok(Some(match text.split_once('T') {
        Some((day, clock)) if !clock.contains('.') => {
            let zone_start = clock.find(['+', '-', 'Z']).unwrap_or(clock.len());
            let (clock, zone) = clock.split_at(zone_start);
            format!("{day}T{clock}.000000{zone}")
        }
        _ => text,
    }))
}

/// Converts a bool, number, text, path, slice, list or dict, or NumPy's equivalents of these.
pub(crate) fn argument(value: &Bound<'_, PyAny>) -> PyResult<Argument> {
    let py = value.py();
    if value.is_none() {
        return Ok(Argument::Nothing(()));
    }
    if let Ok(switch) = value.cast::<PyBool>() {
        return Ok(Argument::Switch(switch.is_true()));
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(match value.extract() {
            Ok(number) => Argument::Integer(number),
            // The integer does not fit into 64 bits.
            Err(_) => Argument::Text(value.str()?.extract()?),
        });
    }
    if value.is_instance_of::<PyFloat>() {
        return Ok(Argument::Float(value.extract()?));
    }
    if value.is_instance_of::<PyString>() || value.hasattr("__fspath__")? {
        return Ok(Argument::Text(value.extract::<PathBuf>()?));
    }
    if value.is_instance_of::<PyEllipsis>() {
        return Ok(Argument::Text(":".into()));
    }
    if let Ok(slice) = value.cast::<PySlice>() {
        let parts = ["start", "stop", "step"].map(|part| argument(&slice.getattr(part)?));
        return Ok(Argument::List(parts.into_iter().collect::<PyResult<_>>()?));
    }
    if let Ok(mapping) = value.cast::<PyMapping>() {
        let items = mapping.items()?.into_iter().map(|item| {
            let (name, value): (String, Bound<'_, PyAny>) = item.extract()?;
            Ok((name, argument(&value)?))
        });
        return Ok(Argument::Named(items.collect::<PyResult<_>>()?));
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let items = value.try_iter()?.map(|item| argument(&item?));
        return Ok(Argument::List(items.collect::<PyResult<_>>()?));
    }
    if let Some(date) = date(value)? {
        return Ok(Argument::Text(date.into()));
    }
    if value.hasattr("tolist")? {
        // A scalar or an array of NumPy.
        let plain = value.call_method0("tolist")?;
        if !plain.is_instance(&value.get_type())? {
            return argument(&plain);
        }
    }
    Err(refused(
        py,
        &format!(
            "{} is no value of an argument; expected a number, a text, a range, a list or a dict",
            value.repr()?
        ),
    ))
}
