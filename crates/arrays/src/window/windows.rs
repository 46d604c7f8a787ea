//! [`Windows`]: a checked request, and its computation.

use super::{
    axis::WindowAxis,
    boxes::{self, BoxPass, Linear, Order},
    footprint::StreamNeeds,
    input::{InputAxis, PaddedInput},
    op::Op,
    operation::{
        FloatExtreme, FloatRange, FloatSum, IntegerExtreme, IntegerRange, IntegerSum, OfIntegers,
        Operation, RoundedRange, Variance, WideIntegerSum,
    },
    partition::Division,
    request::{Request, check_axis},
    skip::SkipNan,
    stream::WindowStream,
    writer::PartWriter,
};
use crate::labels::Labels;
use crate::npy::{ArrayFile, Dtype, Kind, Region};
use crate::progress::Progress;
use crate::{AnalysisError, output::Output, walk};
use std::ops::Range;

/// The windows over an array that a checked request describes.
#[derive(Debug)]
pub struct Windows {
    request: Request,
    dtype: Dtype,
    axes: Vec<WindowAxis>,
    input: Vec<InputAxis>,
    fortran_order: bool,
}

impl Windows {
    /// Checks a request.
    ///
    /// # Errors
    /// [`AnalysisError`] for a wrong number of axes, a window without elements or longer than its axis, a
    /// stride of 0, a selection that is empty or leaves the array, `ptp` of booleans, sums of too many integers, and a
    /// padding that does not fit the type of the elements.
    pub fn new(array: &ArrayFile, request: Request) -> Result<Self, AnalysisError> {
        let shape = &array.npy.shape;
        let lengths_given = [
            request.window.len(),
            request.stride.len(),
            request.select.len(),
        ];
        let count = shape.len();
        let named = ["lengths of a window", "strides", "ranges"].into_iter();
        let wrong = named.zip(lengths_given).find(|&(_, given)| given != count);
        if let Some((name, given)) = wrong {
            return refuse(format!(
                "{} has {count} axes, so {name} are {count} numbers with commas between, such as {}, and not {given}",
                array.path.display(),
                vec!["1"; count].join(",")
            ));
        }
        let Some(dtype) = request.op.dtype(array.npy.dtype) else {
            return refuse(format!(
                "{} holds booleans, which have no difference: ptp needs numbers",
                array.path.display()
            ));
        };
        let dtype = request.dtype.unwrap_or(dtype);
        if let Some(value) = request.pad.and_then(|pad| pad.misfit(array.npy.dtype))
            && dtype.kind != Kind::Float
        {
            return refuse(format!(
                "--pad constant:{value}: {} holds {}, and so does the result; --dtype f8 computes it in double precision",
                array.path.display(),
                array.npy.dtype
            ));
        }
        let has_weights = request.weights.is_some();
        if request.op.is_weighted() != has_weights {
            return refuse(
                "gaussian and weights, and no other operations, have weights".to_owned(),
            );
        }
        let (mut axes, mut input) = (Vec::new(), Vec::new());
        for (axis, &length) in shape.iter().enumerate() {
            let (window, stride) = (request.window[axis], request.stride[axis]);
            let select = request.select[axis].clone();
            let selected = select.end.saturating_sub(select.start);
            check_axis(array, axis, length, &request)?;
            let windows = match request.pad {
                Some(_) => selected,
                None => selected - window + 1,
            };
            axes.push(WindowAxis {
                window,
                stride,
                count: (windows - 1) / stride + 1,
            });
            input.push(InputAxis {
                start: select.start,
                length: selected,
                before: request.pad.map_or(0, |_| window / 2),
            });
        }
        let windows = Self {
            axes: array.npy.in_file_order(&axes),
            input: array.npy.in_file_order(&input),
            dtype,
            fortran_order: array.npy.fortran_order,
            request,
        };
        let elements = windows.elements();
        if let Some(least) = windows.request.skip_nan.filter(|&least| least > elements) {
            return refuse(format!(
                "--min-count {least}: a window has {elements} elements, so none would have a result"
            ));
        }
        let is_integer_sum = windows.request.op == Op::Sum && windows.dtype.kind != Kind::Float;
        if is_integer_sum
            && !windows.sums_fit(array.npy.dtype)
            && elements >= WideIntegerSum::TOO_MANY
        {
            return refuse(format!(
                "the sum of {elements} integers of {} bytes may be beyond 64-bit integers: --dtype f8 computes it in double precision",
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

    /// The labels for results of this shape. The coordinate of a window is the coordinate of its middle; with padding
    /// this is the coordinate of an element.
    #[must_use]
    pub fn labels(&self, array_labels: &Labels, shape: &[u64]) -> Labels {
        let request = &self.request;
        let labels = array_labels.with_axes(|axis, named_axis| {
            let window = match request.pad {
                Some(_) => 1,
                None => request.window[axis],
            };
            let start = request.select[axis].start;
            named_axis.of_windows(start, window, request.stride[axis], shape[axis])
        });
        Labels {
            quantity: None,
            unit: labels.unit.filter(|_| request.op != Op::Var),
            ..labels
        }
    }

    /// The dtype of the results.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The number of windows along the first axis that lie within its first `available` elements.
    #[must_use]
    pub fn ready(&self, available: u64) -> u64 {
        let Some(first) = self.axes.first().filter(|_| !self.fortran_order) else {
            return 1;
        };
        let first_window_end = self.input[0].start + first.window;
        match available.checked_sub(first_window_end) {
            None => 0,
            Some(further_elements) => (further_elements / first.stride + 1).min(first.count),
        }
    }

    /// Computes all windows. The number of bytes read is added to `progress`.
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

    /// Computes the windows of a range along the axis that varies slowest in the file. The number of bytes read is
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
        // An array without axes is one with a single element along one axis.
        let point = [WindowAxis::POINT];
        let axes = match &self.axes[..] {
            [] => &point[..],
            axes => axes,
        };
        let mut windows_of_pass: Region = axes.iter().map(|axis| 0..axis.count).collect();
        windows_of_pass[0] = range;
        let input = PaddedInput {
            array,
            axes: &self.input,
            pad: self.request.pad,
        };
        let pass = WindowPass {
            windows: self,
            boxes: BoxPass {
                input,
                axes,
                whole: windows_of_pass,
                memory: self.request.memory,
                progress,
            },
            output,
        };
        let kind = array.npy.dtype.kind;
        // Integers have no NaN, but the rim around them may.
        let least_count = self
            .request
            .skip_nan
            .filter(|_| kind == Kind::Float || self.dtype.kind == Kind::Float);
        let is_exact = self.is_exact(array.npy.dtype);
        match least_count {
            Some(least) if !is_exact => self.skipping(&pass, least),
            _ if is_exact => self.exact(&pass, kind == Kind::Unsigned),
            _ => self.plain(&pass, kind, array.npy.dtype),
        }
    }

    /// Whether the results are floats computed from integers that floats cannot represent exactly. If the padding is
    /// not an integer, all elements count as floats.
    fn is_exact(&self, dtype: Dtype) -> bool {
        let sums = [Op::Sum, Op::Mean, Op::Std, Op::Var, Op::Ptp];
        let is_wide = dtype.kind != Kind::Float && dtype.bytes == 8;
        let misfit = self.request.pad.and_then(|pad| pad.misfit(dtype));
        let is_float = self.dtype.kind == Kind::Float;
        is_wide && is_float && misfit.is_none() && sums.contains(&self.request.op)
    }

    /// Computes floats from exact integers, none of which is NaN.
    fn exact(&self, pass: &WindowPass<'_>, unsigned: bool) -> Result<(), AnalysisError> {
        macro_rules! of_integers {
            ($operation:expr) => {
                pass.run(&OfIntegers {
                    operation: $operation,
                    unsigned,
                })
            };
        }
        match self.request.op {
            Op::Sum => of_integers!(FloatSum { mean: false }),
            Op::Mean => of_integers!(FloatSum { mean: true }),
            Op::Std => of_integers!(Variance { root: true }),
            Op::Var => of_integers!(Variance { root: false }),
            _ => pass.run(&RoundedRange(IntegerRange::new(unsigned))),
        }
    }

    fn plain(&self, pass: &WindowPass<'_>, kind: Kind, dtype: Dtype) -> Result<(), AnalysisError> {
        // Results in floats are computed in floats.
        let float = self.dtype.kind == Kind::Float;
        let unsigned = kind == Kind::Unsigned;
        match self.request.op {
            Op::Sum if float => pass.run(&FloatSum { mean: false }),
            Op::Sum if self.sums_fit(dtype) => pass.run(&IntegerSum),
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
            Op::Median | Op::Quantile(_) | Op::Gaussian | Op::Weights => self.boxes(pass, None),
        }
    }

    /// Computes results from the elements that are not NaN.
    fn skipping(&self, pass: &WindowPass<'_>, least: u64) -> Result<(), AnalysisError> {
        let least_count = least as f64;
        macro_rules! skip {
            ($operation:expr, $of_none:expr) => {
                pass.run(&SkipNan {
                    operation: $operation,
                    least: least_count,
                    of_none: $of_none,
                })
            };
        }
        match self.request.op {
            Op::Sum => skip!(FloatSum { mean: false }, 0.0),
            Op::Mean => skip!(FloatSum { mean: true }, f64::NAN),
            Op::Std => skip!(Variance { root: true }, f64::NAN),
            Op::Var => skip!(Variance { root: false }, f64::NAN),
            Op::Min => skip!(FloatExtreme::new(false), f64::NAN),
            Op::Max => skip!(FloatExtreme::new(true), f64::NAN),
            Op::Ptp => skip!(FloatRange, f64::NAN),
            Op::Median | Op::Quantile(_) | Op::Gaussian | Op::Weights => {
                self.boxes(pass, Some(least))
            }
        }
    }

    /// Computes results from whole boxes.
    fn boxes(&self, pass: &WindowPass<'_>, skip: Option<u64>) -> Result<(), AnalysisError> {
        let elements = self.elements();
        let weighted = self.request.weights.as_ref();
        match (self.request.op, weighted) {
            (Op::Quantile(q), _) => pass.boxes(&Order::quantile(q, skip, elements)),
            (_, Some(weights)) => {
                let weights = if self.fortran_order {
                    weights.reversed()
                } else {
                    weights.clone()
                };
                pass.boxes(&Linear::new(weights, skip))
            }
            _ => pass.boxes(&Order::median(skip, elements)),
        }
    }

    /// The number of elements in a window.
    fn elements(&self) -> u64 {
        let lengths = self.axes.iter().map(|axis| axis.window);
        lengths.fold(1, u64::saturating_mul)
    }

    /// Whether the sum of any integers of a dtype over a window fits into 64 bits.
    fn sums_fit(&self, dtype: Dtype) -> bool {
        self.elements() <= 1 << (64 - 8 * dtype.bytes)
    }
}

fn refuse(sentence: String) -> Result<Windows, AnalysisError> {
    Err(AnalysisError::refused(sentence))
}

/// A pass over the array.
struct WindowPass<'a> {
    windows: &'a Windows,
    boxes: BoxPass<'a>,
    output: &'a Output,
}

impl WindowPass<'_> {
    fn run<O: Operation<C>, const C: usize>(&self, operation: &O) -> Result<(), AnalysisError> {
        let BoxPass { input, axes, .. } = self.boxes;
        let needs = StreamNeeds::<C> {
            axes,
            padded: input.pad.is_some(),
        };
        let Division {
            parts,
            threads,
            memory_each,
        } = &Division::new(axes, &self.boxes.whole, self.boxes.memory, &needs)?;
        let writer = PartWriter::new(self.output, self.windows.dtype, *threads);
        // Every thread has the buffers for one part, and uses them for all parts that it takes.
        walk::by_thread(
            parts,
            *threads,
            || WindowStream::<O, C>::new(operation, axes),
            |stream, _, part| {
                stream.compute(&input, self.boxes.progress, &part, *memory_each, &writer)
            },
        )?;
        writer.finish()
    }

    fn boxes<K: boxes::BoxOperation>(&self, kernel: &K) -> Result<(), AnalysisError> {
        boxes::run(&self.boxes, kernel, self.output)
    }
}
