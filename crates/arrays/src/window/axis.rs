//! [`WindowAxis`]: the windows along one axis.

use std::ops::Range;

/// The windows along an axis of the selected part of an array, including the rim that `--pad` adds.
#[derive(Debug, Clone, Copy)]
pub(super) struct WindowAxis {
    /// Length of a window.
    pub(super) window: u64,
    /// Distance from one window to the next.
    pub(super) stride: u64,
    /// Number of windows.
    pub(super) count: u64,
}

impl WindowAxis {
    /// An axis of a single element.
    pub(super) const POINT: Self = Self {
        window: 1,
        stride: 1,
        count: 1,
    };

    /// The range of elements that a range of windows covers.
    pub(super) fn covered(&self, windows: &Range<u64>) -> Range<u64> {
        windows.start * self.stride..(windows.end - 1) * self.stride + self.window
    }

    /// Whether every window is a single element, and every element has a window.
    pub(super) fn is_identity(&self) -> bool {
        self.window == 1 && self.stride == 1
    }

    /// Whether no element belongs to two windows.
    pub(super) fn is_disjoint(&self) -> bool {
        self.stride >= self.window || self.count == 1
    }
}
