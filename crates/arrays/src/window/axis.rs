//! [`WindowAxis`]: the windows along one axis.

use std::ops::Range;

/// The windows along an axis of what they slide over: the selected part of the array, with the rim that
/// `--pad` gives it.
#[derive(Debug, Clone, Copy)]
pub(super) struct WindowAxis {
    /// Length of a window.
    pub(super) window: u64,
    /// From one window to the next.
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

    /// The elements that some windows cover.
    pub(super) fn covered(&self, windows: &Range<u64>) -> Range<u64> {
        windows.start * self.stride..(windows.end - 1) * self.stride + self.window
    }

    /// Whether every window is one element and every element a window.
    pub(super) fn is_identity(&self) -> bool {
        self.window == 1 && self.stride == 1
    }

    /// Whether no element belongs to two windows.
    pub(super) fn is_disjoint(&self) -> bool {
        self.stride >= self.window || self.count == 1
    }
}
