//! One pass over the array in boxes.

use super::{Area, Kernel};
use crate::progress::Progress;
use crate::{
    AnalysisError,
    memory::size,
    output::Output,
    window::{
        axis::{WindowAxis, length},
        input::Input,
        partition::{Needs, Partition, Subarray},
        writer::Writer,
    },
};
use rayon::prelude::*;
use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

/// What is computed, from what, into what.
pub(in super::super) struct BoxPass<'a> {
    pub(in super::super) input: Input<'a>,
    pub(in super::super) axes: &'a [WindowAxis],
    pub(in super::super) whole: Subarray,
    pub(in super::super) memory: u64,
    pub(in super::super) progress: &'a Progress,
}

/// What a kernel needs for a part.
struct BoxNeeds<'a, K> {
    kernel: &'a K,
    axes: &'a [WindowAxis],
    /// Bytes for every element of the input and of the output.
    each: [u64; 2],
}

impl<K: Kernel> Needs for BoxNeeds<'_, K> {
    const FIRST: usize = 0;

    fn elements(&self, part: &Subarray) -> u64 {
        lengths(self.axes, part)
            .iter()
            .fold(1, |all, &length| all.saturating_mul(length))
    }

    fn good_bytes(&self, part: &Subarray) -> u64 {
        self.least_bytes(part)
    }

    fn least_bytes(&self, part: &Subarray) -> u64 {
        let counts: Vec<u64> = part.iter().map(length).collect();
        let results = counts.iter().product::<u64>().saturating_mul(self.each[1]);
        let elements = self.elements(part);
        if elements >= 1 << 50 {
            return u64::MAX;
        }
        let own = self.kernel.bytes(&lengths(self.axes, part), &counts);
        own.saturating_add(results)
            .saturating_add(elements * self.each[0])
    }
}

fn lengths(axes: &[WindowAxis], part: &Subarray) -> Vec<u64> {
    let covered = axes
        .iter()
        .zip(part)
        .map(|(axis, windows)| axis.covered(windows));
    covered.map(|covered| length(&covered)).collect()
}

/// Computes all windows of a pass.
pub(in super::super) fn run<K: Kernel>(
    pass: &BoxPass<'_>,
    kernel: &K,
    output: &Output,
) -> Result<(), AnalysisError> {
    let BoxPass { input, axes, .. } = *pass;
    let needs = BoxNeeds {
        kernel,
        axes,
        // The input as it is in the file, as numbers, and before a rim is put around it; results four
        // times, as they wait to be written.
        each: [8 * (2 + u64::from(input.pad.is_some())), 8 * 5],
    };
    let Partition { parts, threads, .. } = Partition::new(axes, &pass.whole, pass.memory, &needs)?;
    let bytes = input.array.npy.dtype.bytes as u64;
    let dimensions = input.axes.len();
    let next = AtomicUsize::new(0);
    let writer = Writer::new(output, output.npy.dtype, threads);
    let computed = (0..threads).into_par_iter().try_for_each(|_| {
        let mut scratch = K::Scratch::default();
        let (mut values, mut results) = (Vec::<f64>::new(), Vec::<f64>::new());
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut covered: Vec<Range<u64>> = axes
                .iter()
                .zip(part)
                .map(|(axis, windows)| axis.covered(windows))
                .collect();
            let area = Area {
                axes,
                lengths: covered.iter().map(|range| size(length(range))).collect(),
                counts: part.iter().map(|range| size(length(range))).collect(),
            };
            // An array without axes has one element and no range.
            covered.truncate(dimensions);
            values.resize(area.lengths.iter().product(), 0.0);
            results.resize(area.counts.iter().product(), 0.0);
            let read = input.read_box(&covered, &mut values);
            read.inspect_err(|_| next.store(parts.len(), Ordering::Relaxed))?;
            pass.progress.add(values.len() as u64 * bytes);
            kernel.compute(&area, &mut values, &mut results, &mut scratch);
            let mut part = part.clone();
            part.truncate(dimensions);
            let written = writer.write(part, std::mem::take(&mut results));
            results = written.inspect_err(|_| next.store(parts.len(), Ordering::Relaxed))?;
        }
        Ok(())
    });
    computed.and_then(|()| writer.finish())
}
