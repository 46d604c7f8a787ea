//! [`OverlapPolicy`]: whether it pays to compute while halos travel.

use std::{mem, time::Duration};

/// Passes overlap once so many more of them have waited too long than have not. If the system stops a rank for a moment,
/// only a few wait.
const PASSES: u32 = 8;

/// Whether a pass overlaps communication with computation.
///
/// With overlap the inside of a slab, which does not depend on the halos, is advanced while these
/// are exchanged, and the edges afterwards. That saves the time of the exchange and costs redundant
/// work: next to the cut between inside and edge, each computes as many rows twice as a halo has. The
/// policy measures passes without overlap, and turns it on for good once waiting costs more in most of them.
#[derive(Debug, Default)]
pub(super) struct OverlapPolicy {
    /// Whether the next pass is to.
    pub(super) overlaps: bool,
    /// Whether a pass has been seen. The first one is not measured, as it also waits for ranks that
    /// start later.
    started: bool,
    /// Passes in which waiting cost more, less the others; not negative.
    slow: u32,
}

impl OverlapPolicy {
    /// Records a pass without overlap over `rows` rows with halos `depth` deep.
    pub(super) fn record(
        &mut self,
        waited: Duration,
        advanced: Duration,
        depth: usize,
        rows: usize,
    ) {
        if !mem::replace(&mut self.started, true) {
            return;
        }
        let redundant = 2.0 * depth as f64 / rows as f64;
        self.slow = match waited.as_secs_f64() > redundant * advanced.as_secs_f64() {
            true => self.slow + 1,
            false => self.slow.saturating_sub(1),
        };
        self.overlaps |= self.slow >= PASSES;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records passes of 100 ms, over 100 rows with halos 4 deep, that waited so long \[ms\].
    fn record(policy: &mut OverlapPolicy, waited: impl IntoIterator<Item = u64>) {
        let ms = Duration::from_millis;
        for waited in waited {
            policy.record(ms(waited), ms(100), 4, 100);
        }
    }

    #[test]
    fn passes_overlap_once_waiting_costs_more_than_redundant_work() {
        let mut policy = OverlapPolicy::default();
        // The first pass is not measured.
        record(&mut policy, [99, 1]);
        record(&mut policy, [9; PASSES as usize - 1]);
        assert!(!policy.overlaps);
        record(&mut policy, [9]);
        assert!(policy.overlaps);
    }

    #[test]
    fn a_few_passes_that_wait_long_do_not_matter() {
        let mut policy = OverlapPolicy::default();
        for _ in 0..100 {
            record(&mut policy, [5000, 900, 1, 1, 9, 1]);
        }
        assert!(!policy.overlaps);
    }
}
