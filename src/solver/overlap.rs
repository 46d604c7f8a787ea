//! [`OverlapPolicy`]: whether it pays to compute while halos travel.

use std::{mem, time::Duration};

/// Whether a pass overlaps communication with computation.
///
/// With overlap the inside of a slab, which does not depend on the halos, is advanced while these
/// are exchanged, and the edges afterwards. That saves the time of the exchange and costs redundant
/// work: next to the cut between inside and edge, each computes as many rows twice as a halo has. The
/// policy measures passes without overlap and turns it on for good once waiting costs more.
#[derive(Debug, Default)]
pub(super) struct OverlapPolicy {
    /// Whether the next pass is to.
    pub(super) overlaps: bool,
    /// Whether a pass has been seen. The first one is not measured, as it also waits for ranks that
    /// start later.
    started: bool,
    /// Moving averages of wall time \[s\].
    waiting: f64,
    advancing: f64,
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
        const WEIGHT: f64 = 0.25;
        if !mem::replace(&mut self.started, true) {
            return;
        }
        let blend = |average: &mut f64, latest: Duration| {
            *average += WEIGHT * (latest.as_secs_f64() - *average);
        };
        blend(&mut self.waiting, waited);
        blend(&mut self.advancing, advanced);
        let redundant = 2.0 * depth as f64 / rows as f64;
        self.overlaps = self.waiting > redundant * self.advancing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_overlap_once_waiting_costs_more_than_redundant_work() {
        let mut policy = OverlapPolicy::default();
        let ms = Duration::from_millis;
        // The first pass is not measured.
        policy.record(ms(99), ms(100), 4, 100);
        policy.record(ms(1), ms(100), 4, 100);
        assert!(!policy.overlaps);
        for _ in 0..20 {
            policy.record(ms(9), ms(100), 4, 100);
        }
        assert!(policy.overlaps);
    }
}
