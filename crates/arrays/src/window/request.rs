//! [`Request`]: the windows that a user requests.

use super::{boxes::Weights, op::Op, pad::Pad};
use crate::AnalysisError;
use crate::npy::{ArrayFile, Dtype};
use std::ops::Range;

/// A request for windows. Lists have an entry for every axis of the array.
#[derive(Debug, Clone)]
pub struct Request {
    /// How a window is reduced.
    pub op: Op,
    /// Length of the window.
    pub window: Vec<u64>,
    /// The weights of [`Op::Gaussian`] and [`Op::Weights`], of the shape of the window.
    pub weights: Option<Weights>,
    /// Distance from one window to the next.
    pub stride: Vec<u64>,
    /// The part of the array in which windows lie.
    pub select: Vec<Range<u64>>,
    /// The padding beyond the ends of this part, so that there is a window for every element; without padding, windows
    /// lie within the part.
    pub pad: Option<Pad>,
    /// Leave NaN out, and make the result of a window with fewer elements than this NaN. Otherwise a NaN in a window makes
    /// its result NaN.
    pub skip_nan: Option<u64>,
    /// The float type of the results, computed in f64; by default [`Op::dtype`].
    pub dtype: Option<Dtype>,
    /// A limit on the memory in bytes.
    pub memory: u64,
}

fn refuse(sentence: String) -> Result<(), AnalysisError> {
    Err(AnalysisError::refused(sentence))
}

/// Refuses windows that do not fit an axis.
pub(super) fn check_axis(
    array: &ArrayFile,
    axis: usize,
    length: u64,
    request: &Request,
) -> Result<(), AnalysisError> {
    let (window, stride) = (request.window[axis], request.stride[axis]);
    let select = request.select[axis].clone();
    let selected = select.end.saturating_sub(select.start);
    if select.end > length {
        return refuse(format!(
            "the range {select:?} leaves axis {axis}, which has {length}"
        ));
    }
    if window == 0 || stride == 0 {
        return refuse(format!(
            "along axis {axis}, a window of length {window} every {stride}: both must be at least 1"
        ));
    }
    if selected == 0 && axis == 0 && length > 0 && array.shape()[0] == 0 {
        return refuse(format!(
            "no snapshot of {} is committed yet",
            array.path.display()
        ));
    }
    if selected == 0 {
        return refuse(format!(
            "nothing is selected of axis {axis} of {}, which has {length}: there is no window over nothing",
            array.path.display()
        ));
    }
    let is_padded = request.pad.is_some();
    if window > selected && !is_padded {
        return refuse(format!(
            "a window of length {window} along axis {axis} is longer than what is selected of it, {selected}; --pad says what lies beyond"
        ));
    }
    if window > 1 << 40 || stride > 1 << 62 {
        return refuse(format!(
            "along axis {axis}, a window of length {window} every {stride} is beyond any array"
        ));
    }
    Ok(())
}
