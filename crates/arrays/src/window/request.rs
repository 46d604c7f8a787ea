//! [`Request`]: windows as they are asked for.

use super::{boxes::Weights, op::Op, pad::Pad};
use crate::AnalysisError;
use crate::npy::{ArrayFile, Dtype};
use std::ops::Range;

/// What to compute. Lists have an entry for every axis of the array.
#[derive(Debug, Clone)]
pub struct Request {
    /// How a window is reduced.
    pub op: Op,
    /// Length of the window.
    pub window: Vec<u64>,
    /// The weights of [`Op::Gaussian`] and [`Op::Weights`], of the shape of the window.
    pub weights: Option<Weights>,
    /// From one window to the next.
    pub stride: Vec<u64>,
    /// The part of the array that windows lie in.
    pub select: Vec<Range<u64>>,
    /// What lies beyond its ends, so that there is a window for every element; otherwise windows lie
    /// within it.
    pub pad: Option<Pad>,
    /// Leave NaN out: a window with fewer elements than this is NaN. Otherwise a NaN in a window makes
    /// it NaN.
    pub skip_nan: Option<u64>,
    /// Results in this float type, computed in f64; otherwise as [`Op::dtype`] says.
    pub dtype: Option<Dtype>,
    /// Bytes of memory that may be used.
    pub memory: u64,
}

/// Refuses windows that an axis cannot have.
pub(super) fn check_axis(
    array: &ArrayFile,
    axis: usize,
    length: u64,
    request: &Request,
) -> Result<(), AnalysisError> {
    let asked = |sentence: String| Err(AnalysisError::Request(sentence));
    let (window, stride) = (request.window[axis], request.stride[axis]);
    let select = request.select[axis].clone();
    let selected = select.end.saturating_sub(select.start);
    if select.end > length {
        return asked(format!(
            "the range {select:?} leaves axis {axis}, which has {length}"
        ));
    }
    if window == 0 || stride == 0 {
        return asked(format!(
            "along axis {axis}, a window of length {window} every {stride}: both must be at least 1"
        ));
    }
    if selected == 0 && axis == 0 && length > 0 && array.shape()[0] == 0 {
        return asked(format!(
            "no snapshot of {} is committed yet",
            array.path.display()
        ));
    }
    if selected == 0 {
        return asked(format!(
            "nothing is selected of axis {axis} of {}, which has {length}: there is no window over nothing",
            array.path.display()
        ));
    }
    let is_padded = request.pad.is_some();
    if window > selected && !is_padded {
        return asked(format!(
            "a window of length {window} along axis {axis} is longer than what is selected of it, {selected}; --pad says what lies beyond"
        ));
    }
    if window > 1 << 40 || stride > 1 << 62 {
        return asked(format!(
            "along axis {axis}, a window of length {window} every {stride} is beyond any array"
        ));
    }
    Ok(())
}
