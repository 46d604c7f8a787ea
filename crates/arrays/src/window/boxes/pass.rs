//! One pass over the array, box by box.

use super::{BoxOperation, WindowBox};
use crate::npy::{Region, length};
use crate::progress::Progress;
use crate::{
    AnalysisError,
    memory::size,
    output::Output,
    walk,
    window::{
        axis::WindowAxis,
        input::PaddedInput,
        partition::{Division, Needs},
        writer::PartWriter,
    },
};

/// The operation, the input and the output of a pass.
pub(in super::super) struct BoxPass<'a> {
    pub(in super::super) input: PaddedInput<'a>,
    pub(in super::super) axes: &'a [WindowAxis],
    pub(in super::super) whole: Region,
    pub(in super::super) memory: u64,
    pub(in super::super) progress: &'a Progress,
}

/// The memory that a kernel needs for a part.
struct BoxNeeds<'a, K> {
    kernel: &'a K,
    axes: &'a [WindowAxis],
    /// Bytes for each element of the input, and for each element of the output.
    each: [u64; 2],
}

impl<K: BoxOperation> Needs for BoxNeeds<'_, K> {
    const FIRST: usize = 0;

    fn elements(&self, part: &Region) -> u64 {
        lengths(self.axes, part)
            .iter()
            .fold(1, |all, &length| all.saturating_mul(length))
    }

    fn good_bytes(&self, part: &Region) -> u64 {
        self.least_bytes(part)
    }

    fn least_bytes(&self, part: &Region) -> u64 {
        let counts: Vec<u64> = part.iter().map(length).collect();
        let results = counts.iter().product::<u64>().saturating_mul(self.each[1]);
        let elements = self.elements(part);
        if elements >= 1 << 50 {
            return u64::MAX;
        }
        let kernel_bytes = self.kernel.bytes(&lengths(self.axes, part), &counts);
        kernel_bytes
            .saturating_add(results)
            .saturating_add(elements * self.each[0])
    }
}

fn lengths(axes: &[WindowAxis], part: &Region) -> Vec<u64> {
    let covered = axes
        .iter()
        .zip(part)
        .map(|(axis, windows)| axis.covered(windows));
    covered.map(|covered| length(&covered)).collect()
}

/// Computes all windows of a pass.
pub(in super::super) fn run<K: BoxOperation>(
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
    let Division { parts, threads, .. } = Division::new(axes, &pass.whole, pass.memory, &needs)?;
    let bytes = input.array.npy.dtype.bytes as u64;
    let dimensions = input.axes.len();
    let writer = PartWriter::new(output, output.npy.dtype, threads);
    walk::by_thread(
        &parts,
        threads,
        || (K::Scratch::default(), Vec::new(), Vec::new()),
        |(scratch, values, results), _, mut part| {
            let mut covered: Region = axes
                .iter()
                .zip(&part)
                .map(|(axis, windows)| axis.covered(windows))
                .collect();
            let area = WindowBox {
                axes,
                lengths: covered.iter().map(|range| size(length(range))).collect(),
                counts: part.iter().map(|range| size(length(range))).collect(),
            };
            // An array without axes has one element and no range.
            covered.truncate(dimensions);
            values.resize(area.lengths.iter().product(), 0.0);
            results.resize(area.counts.iter().product(), 0.0);
            input.read_box(&covered, values)?;
            pass.progress.add(values.len() as u64 * bytes);
            kernel.compute(&area, values, results, scratch);
            part.truncate(dimensions);
            *results = writer.write(part, std::mem::take(results))?;
            Ok::<_, AnalysisError>(())
        },
    )?;
    writer.finish()
}
