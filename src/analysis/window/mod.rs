//! Sliding windows over any axes at once, in one pass and in bounded memory.
//!
//! The output is cut into tiles, which threads take one after another. A tile is gone
//! through along the slowest axis of the file as a `stream` of rows, of which only what later windows
//! need is kept. Along every axis windows `slide` at a cost that does not depend on their length,
//! joining what an `operation` knows of parts of them; axes follow one another, as a window's
//! reduction is that of its lines' reductions. Results of all threads go through one `writer`.

mod lanes;
mod operation;
mod slide;
mod stream;
mod tile;
mod writer;

use super::{AnalysisError, output::Output};
use crate::{
    cube::{
        ArrayFile,
        npy::{Dtype, Kind},
    },
    progress::Progress,
};
use operation::{
    Distance, Extreme, IntegerDistance, IntegerExtreme, IntegerSum, Operation, Total, Variance,
};
use rayon::prelude::*;
use std::{
    ops::Range,
    str::FromStr,
    sync::atomic::{AtomicUsize, Ordering},
};
use stream::Stream;
use tile::{Axis, Tiling};
use writer::Writer;

/// What a window is reduced to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `Σx`
    Sum,
    /// `Σx / n`
    Mean,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// `sqrt(Σ(x - mean)² / n)`
    Std,
    /// `Σ(x - mean)² / n`
    Var,
    /// `max - min`
    Ptp,
}

impl Op {
    /// Every operation, by its name.
    pub const ALL: [(&'static str, Self); 7] = [
        ("sum", Self::Sum),
        ("mean", Self::Mean),
        ("min", Self::Min),
        ("max", Self::Max),
        ("std", Self::Std),
        ("var", Self::Var),
        ("ptp", Self::Ptp),
    ];

    /// The dtype of the results, `None` where NumPy has none.
    #[must_use]
    pub fn dtype(self, of: Dtype) -> Option<Dtype> {
        match (self, of.kind) {
            (Self::Min | Self::Max, _) => Some(of.native()),
            (Self::Ptp, Kind::Bool) => None,
            (Self::Sum | Self::Ptp, Kind::Signed | Kind::Bool) => Some(Dtype::I64),
            (Self::Sum | Self::Ptp, Kind::Unsigned) => Some(Dtype::U64),
            _ => Some(Dtype::F64),
        }
    }
}

impl FromStr for Op {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .find(|(name, _)| *name == text)
            .map(|&(_, op)| op)
            .ok_or_else(|| "expected sum, mean, min, max, std, var or ptp".to_owned())
    }
}

/// What to compute: one entry an axis of the array.
#[derive(Debug, Clone)]
pub struct Request {
    /// How a window is reduced.
    pub op: Op,
    /// Length of the window.
    pub window: Vec<u64>,
    /// From one window to the next.
    pub stride: Vec<u64>,
    /// The box that is looked at.
    pub select: Vec<Range<u64>>,
    /// Bytes of memory that may be used.
    pub memory: u64,
}

/// Windows over an array, checked.
#[derive(Debug)]
pub struct Windows {
    request: Request,
    dtype: Dtype,
    axes: Vec<Axis>,
    fortran_order: bool,
}

impl Windows {
    /// Checks what is asked of an array.
    ///
    /// # Errors
    /// [`AnalysisError::Asked`] for another number of axes, a window of no elements or longer than
    /// its axis, a stride of 0, a box outside or empty, `ptp` of booleans.
    pub fn new(array: &ArrayFile, request: Request) -> Result<Self, AnalysisError> {
        let asked = |sentence: String| Err(AnalysisError::Asked(sentence));
        let shape = &array.npy.shape;
        let given = [
            request.window.len(),
            request.stride.len(),
            request.select.len(),
        ];
        if given.iter().any(|&given| given != shape.len()) {
            return asked(format!(
                "{} has {} axes; a window needs as many lengths, strides and ranges, and has {}, {} and {}",
                array.path.display(),
                shape.len(),
                given[0],
                given[1],
                given[2]
            ));
        }
        let Some(dtype) = request.op.dtype(array.npy.dtype) else {
            return asked(format!(
                "{} holds booleans, which have no difference: ptp needs numbers",
                array.path.display()
            ));
        };
        let mut axes = Vec::new();
        for (axis, &length) in shape.iter().enumerate() {
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
            if window > selected {
                return asked(format!(
                    "a window of length {window} along axis {axis} is longer than what is selected of it, {selected}"
                ));
            }
            axes.push(Axis {
                start: select.start,
                window,
                stride,
                count: (selected - window) / stride + 1,
            });
        }
        Ok(Self {
            axes: array.npy.in_file_order(&axes),
            request,
            dtype,
            fortran_order: array.npy.fortran_order,
        })
    }

    /// Number of windows along every axis.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        let mut shape: Vec<u64> = self.axes.iter().map(|axis| axis.count).collect();
        if self.fortran_order {
            shape.reverse();
        }
        shape
    }

    /// The dtype of the results.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// How many windows along the first axis lie within its first `available` elements.
    #[must_use]
    pub fn ready(&self, available: u64) -> u64 {
        let Some(first) = self.axes.first().filter(|_| !self.fortran_order) else {
            return 1;
        };
        let needed = first.start + first.window;
        match available.checked_sub(needed) {
            None => 0,
            Some(behind) => (behind / first.stride + 1).min(first.count),
        }
    }

    /// Computes all windows. Bytes read are added to `progress`.
    ///
    /// # Errors
    /// [`AnalysisError`].
    pub fn all(
        &self,
        array: &ArrayFile,
        output: &Output,
        progress: &Progress,
    ) -> Result<(), AnalysisError> {
        let count = self.axes.first().map_or(1, |first| first.count);
        self.some(array, 0..count, output, progress)
    }

    /// Computes the windows of a range along the axis that varies slowest in the file. Bytes read are
    /// added to `progress`.
    ///
    /// # Errors
    /// [`AnalysisError`].
    pub fn some(
        &self,
        array: &ArrayFile,
        range: Range<u64>,
        output: &Output,
        progress: &Progress,
    ) -> Result<(), AnalysisError> {
        if range.is_empty() {
            return Ok(());
        }
        let run = Run {
            windows: self,
            array,
            range,
            output,
            progress,
        };
        let kind = array.npy.dtype.kind;
        let (float, unsigned) = (kind == Kind::Float, kind == Kind::Unsigned);
        match self.request.op {
            Op::Sum if !float => run.go(&IntegerSum),
            Op::Sum => run.go(&Total { mean: false }),
            Op::Mean => run.go(&Total { mean: true }),
            Op::Std => run.go(&Variance { root: true }),
            Op::Var => run.go(&Variance { root: false }),
            Op::Min if float => run.go(&Extreme::new(false)),
            Op::Max if float => run.go(&Extreme::new(true)),
            Op::Min => run.go(&IntegerExtreme::new(false, unsigned)),
            Op::Max => run.go(&IntegerExtreme::new(true, unsigned)),
            Op::Ptp if float => run.go(&Distance),
            Op::Ptp => run.go(&IntegerDistance::new(unsigned)),
        }
    }
}

/// One pass over the array.
struct Run<'a> {
    windows: &'a Windows,
    array: &'a ArrayFile,
    range: Range<u64>,
    output: &'a Output,
    progress: &'a Progress,
}

impl Run<'_> {
    fn go<O: Operation<C>, const C: usize>(&self, operation: &O) -> Result<(), AnalysisError> {
        // An array without axes is one with a single element along one.
        let point = [Axis::POINT];
        let axes = match &self.windows.axes[..] {
            [] => &point[..],
            axes => axes,
        };
        let mut whole: Vec<Range<u64>> = axes.iter().map(|axis| 0..axis.count).collect();
        whole[0] = self.range.clone();
        let tiling = Tiling::new::<C>(axes, &whole, self.windows.request.memory)?;
        let next = AtomicUsize::new(0);
        let writer = Writer::new(self.output, self.windows.dtype, tiling.threads);
        // Every thread has room for one tile, which serves for all it takes.
        let worked = (0..tiling.threads).into_par_iter().try_for_each(|_| {
            let mut stream = Stream::<O, C>::new(operation, axes);
            while let Some(tile) = tiling.tiles.get(next.fetch_add(1, Ordering::Relaxed)) {
                stream
                    .compute(self, tile, tiling.memory_each, &writer)
                    .inspect_err(|_| next.store(tiling.tiles.len(), Ordering::Relaxed))?;
            }
            Ok(())
        });
        worked.and_then(|()| writer.finish())
    }
}
