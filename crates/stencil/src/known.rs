//! [`Known`]: what is known of a field without looking at it.

/// For how many steps from now on something is known of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub struct Known {
    /// That it is smooth, see [`super::smooth`].
    pub(super) smooth_for: u64,
    /// That its magnitudes allow levels scaled by four in any pass, if it is smooth.
    pub(super) in_range_for: u64,
}

impl Known {
    /// Nothing.
    pub const NOTHING: Self = Self::both_for(0);
    /// Everything, as of no nodes.
    pub const ALL: Self = Self::both_for(u64::MAX);

    const fn both_for(steps: u64) -> Self {
        Self {
            smooth_for: steps,
            in_range_for: steps,
        }
    }

    /// What is known after so many steps.
    #[must_use]
    pub fn after(self, steps: usize) -> Self {
        Self {
            smooth_for: self.smooth_for.saturating_sub(steps as u64),
            in_range_for: self.in_range_for.saturating_sub(steps as u64),
        }
    }

    /// What is known of two fields together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            smooth_for: self.smooth_for.min(other.smooth_for),
            in_range_for: self.in_range_for.min(other.in_range_for),
        }
    }
}
