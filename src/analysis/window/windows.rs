//! [`Windows`]: a request that has been checked, and its computation.

use super::{
    axis::WindowAxis,
    op::Op,
    operation::{
        FloatExtreme, FloatRange, FloatSum, IntegerExtreme, IntegerRange, IntegerSum, Operation,
        Variance, WideIntegerSum,
    },
    partition::{Partition, Subarray},
    stream::Stream,
    writer::Writer,
};
use crate::{
    analysis::{AnalysisError, output::Output},
    npy::{ArrayFile, Dtype, Kind},
    progress::Progress,
};
use rayon::prelude::*;
use std::{
    ops::Range,
    sync::atomic::{AtomicUsize, Ordering},
};

/// What to compute. Lists have an entry for every axis of the array.
#[derive(Debug, Clone)]
pub struct Request {
    /// How a window is reduced.
    pub op: Op,
    /// Length of the window.
    pub window: Vec<u64>,
    /// From one window to the next.
    pub stride: Vec<u64>,
    /// The part of the array that windows lie in.
    pub select: Vec<Range<u64>>,
    /// Results in this float type, computed in f64; otherwise as [`Op::dtype`] says.
    pub dtype: Option<Dtype>,
    /// Bytes of memory that may be used.
    pub memory: u64,
}

/// Windows over an array, of a request that has been checked.
#[derive(Debug)]
pub struct Windows {
    request: Request,
    dtype: Dtype,
    axes: Vec<WindowAxis>,
    fortran_order: bool,
}

impl Windows {
    /// Checks a request.
    ///
    /// # Errors
    /// [`AnalysisError::Asked`] for another number of axes, a window of no elements or longer than
    /// its axis, a stride of 0, a selection that is empty or leaves the array, `ptp` of booleans, sums of
    /// too many integers.
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
            axes.push(WindowAxis {
                start: select.start,
                window,
                stride,
                count: (selected - window) / stride + 1,
            });
        }
        let windows = Self {
            axes: array.npy.in_file_order(&axes),
            dtype: request.dtype.unwrap_or(dtype),
            fortran_order: array.npy.fortran_order,
            request,
        };
        let is_integer_sum = windows.request.op == Op::Sum && windows.dtype.kind != Kind::Float;
        if is_integer_sum
            && !windows.sums_fit(array.npy.dtype)
            && windows.elements() >= WideIntegerSum::TOO_MANY
        {
            return asked(format!(
                "the sum of {} integers of {} bytes may be beyond 64-bit integers: --dtype f8 computes it in double precision",
                windows.elements(),
                array.npy.dtype.bytes
            ));
        }
        Ok(windows)
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
        let pass = Pass {
            windows: self,
            array,
            range,
            output,
            progress,
        };
        // Results in floats are computed in floats.
        let float = self.dtype.kind == Kind::Float;
        let unsigned = array.npy.dtype.kind == Kind::Unsigned;
        match self.request.op {
            Op::Sum if float => pass.run(&FloatSum { mean: false }),
            Op::Sum if self.sums_fit(array.npy.dtype) => pass.run(&IntegerSum),
            Op::Sum => pass.run(&WideIntegerSum::new(unsigned)),
            Op::Mean => pass.run(&FloatSum { mean: true }),
            Op::Std => pass.run(&Variance { root: true }),
            Op::Var => pass.run(&Variance { root: false }),
            Op::Min if float => pass.run(&FloatExtreme::new(false)),
            Op::Max if float => pass.run(&FloatExtreme::new(true)),
            Op::Min => pass.run(&IntegerExtreme::new(false, unsigned)),
            Op::Max => pass.run(&IntegerExtreme::new(true, unsigned)),
            Op::Ptp if float => pass.run(&FloatRange),
            Op::Ptp => pass.run(&IntegerRange::new(unsigned)),
        }
    }

    /// Elements of a window.
    fn elements(&self) -> u64 {
        self.axes.iter().map(|axis| axis.window).product()
    }

    /// Whether the sum of a window of any integers of a dtype fits 64 bits.
    fn sums_fit(&self, dtype: Dtype) -> bool {
        self.elements() <= 1 << (64 - 8 * dtype.bytes)
    }
}

/// One pass over the array.
struct Pass<'a> {
    windows: &'a Windows,
    array: &'a ArrayFile,
    range: Range<u64>,
    output: &'a Output,
    progress: &'a Progress,
}

impl Pass<'_> {
    fn run<O: Operation<C>, const C: usize>(&self, operation: &O) -> Result<(), AnalysisError> {
        // An array without axes is one of a single element along one axis.
        let point = [WindowAxis::POINT];
        let axes = match &self.windows.axes[..] {
            [] => &point[..],
            axes => axes,
        };
        let mut whole: Subarray = axes.iter().map(|axis| 0..axis.count).collect();
        whole[0] = self.range.clone();
        let partition = Partition::new::<C>(axes, &whole, self.windows.request.memory)?;
        let Partition {
            parts,
            threads,
            memory_each,
        } = &partition;
        let next = AtomicUsize::new(0);
        let writer = Writer::new(self.output, self.windows.dtype, *threads);
        // Every thread has the buffers for one part, and uses them for all parts that it takes.
        let computed = (0..*threads).into_par_iter().try_for_each(|_| {
            let mut stream = Stream::<O, C>::new(operation, axes);
            while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                stream
                    .compute(self.array, self.progress, part, *memory_each, &writer)
                    .inspect_err(|_| next.store(parts.len(), Ordering::Relaxed))?;
            }
            Ok(())
        });
        computed.and_then(|()| writer.finish())
    }
}
