//! Converts errors of the library to exceptions of `diff2d._errors`.

use crate::cli;
use pyo3::{
    exceptions::{PyRuntimeError, PyUserWarning},
    prelude::*,
};
use std::{any::Any, ffi::CString};

/// Raises warnings on the accuracy of a result, attributed to the code that called the package.
pub(crate) fn warn(py: Python<'_>, warnings: &[String]) -> PyResult<()> {
    /// The stack level of the code that called the package.
    const STACK_LEVEL: i32 = 2;
    let category = py.get_type::<PyUserWarning>();
    warnings.iter().try_for_each(|warning| {
        let text = CString::new(warning.replace('\0', ""))?;
        PyErr::warn(py, &category, &text, STACK_LEVEL)
    })
}

/// The exception for an error of the library.
pub(crate) fn raised(py: Python<'_>, error: impl Into<cli::Error>) -> PyErr {
    let error = error.into();
    of_code(py, &error.to_string(), error.exit_code())
}

/// The exception for a sentence and its exit code on the command line.
pub(crate) fn of_code(py: Python<'_>, sentence: &str, code: u8) -> PyErr {
    let exception = py
        .import("diff2d._errors")
        .and_then(|errors| errors.getattr("of_code"))
        .and_then(|of_code| of_code.call1((sentence, code)));
    match exception {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// The exception for an argument that cannot be used.
pub(crate) fn refused(py: Python<'_>, sentence: &str) -> PyErr {
    of_code(py, sentence, 2)
}

/// The exception for a panic, which is a fault of the program.
pub(crate) fn of_panic(panic: &(dyn Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    PyRuntimeError::new_err(format!(
        "diff2d has failed, which is a fault of the program: {}",
        text.unwrap_or_default()
    ))
}
