//! Arithmetic over arrays with NumPy's broadcasting: [`Map`].
//!
//! A formula names arrays, and calls that need more than one element of them: `shift`, `gradient`, and reductions over
//! axes. Each becomes a variable of an [`Expression`], box by box: reductions are computed first, by the engine of
//! [`stats`], and other calls when a box needs them. Everything is computed in double precision and rounded once, to
//! the type of the result. Integers beyond 2^53 are exact as long as the formula selects, compares, adds, multiplies or
//! divides them as integers.

mod calls;
mod element;
mod input;
mod memory;
mod pieces;
mod results;
mod values;

use super::AnalysisError;
use crate::{
    create::infinity_of,
    expression::{BATCH, Expression},
    labels::{AxisValues, Labels, NamedAxis},
    memory::threads_within,
    npy::{Cut, Dtype, Kind, Region, Scalar, index_in},
    output::Output,
    progress::Progress,
    stats, walk,
};
use calls::CallSource;
pub use calls::is_call;
use element::Exact;
pub use input::MapInput;
use memory::MapMemory;
use results::{Losses, Misfits, nearest_float};
use std::ops::Range;

/// The values of a reduction, in the order of its array's file; empty for another variable.
#[derive(Debug, Clone, Default)]
struct ReducedValues {
    floats: Vec<f64>,
    /// The exact values, if the map needs them and the reduction yields integers.
    integers: Vec<Exact>,
}

/// A formula over arrays.
#[derive(Debug)]
pub struct Map<'a> {
    inputs: Vec<MapInput<'a>>,
    formula: Expression,
    /// The sources of the formula's variables.
    sources: Vec<CallSource>,
    shape: Vec<u64>,
}

impl<'a> Map<'a> {
    /// Parses a formula. It may contain the names of the inputs, the indices `i0`, `i1`, … of the result, and the names
    /// of axes with coordinates.
    ///
    /// # Errors
    /// [`AnalysisError`] if the text is not a formula, or the arrays do not broadcast.
    pub fn new(text: &str, inputs: Vec<MapInput<'a>>) -> Result<Self, AnalysisError> {
        let (mut names, mut sources) = (Vec::new(), Vec::new());
        for (input, named) in inputs.iter().enumerate() {
            names.push(named.name.clone());
            sources.push(CallSource::Array(input));
        }
        let dimensions = inputs.iter().map(|input| input.select.len()).max();
        for axis in 0..dimensions.unwrap_or(0) {
            names.push(format!("i{axis}"));
            sources.push(CallSource::Index(axis));
        }
        for (input, named) in inputs.iter().enumerate() {
            for (axis, named_axis) in named.labels.axes.iter().enumerate() {
                let Some(named_axis) = named_axis else {
                    continue;
                };
                if named_axis.coordinates().is_some() && !names.contains(&named_axis.name) {
                    names.push(named_axis.name.clone());
                    sources.push(CallSource::Coordinate { input, axis });
                }
            }
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let formula = Expression::parse_with_calls(text.trim(), &names, &mut |name, arguments| {
            let call = calls::source(name, arguments, &inputs)?;
            Ok(call.map(|source| {
                let number = sources.iter().position(|other| *other == source);
                number.unwrap_or_else(|| {
                    sources.push(source);
                    sources.len() - 1
                })
            }))
        });
        let formula = formula.map_err(|error| {
            let of_arrays = match error.reason.contains("only random") {
                true => format!("; of arrays there are {}", calls::OF_ARRAYS.join(", ")),
                false => String::new(),
            };
            AnalysisError::refused(format!("{error}{of_arrays}"))
        })?;
        let mut map = Self {
            inputs,
            formula,
            sources,
            shape: Vec::new(),
        };
        map.shape = map.broadcast()?;
        Ok(map)
    }

    /// The length of every axis of the result.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// The inputs.
    #[must_use]
    pub fn inputs(&self) -> &[MapInput<'a>] {
        &self.inputs
    }

    /// The names of the arrays that the formula does not use; their shapes count.
    pub fn unused(&self) -> impl Iterator<Item = &str> {
        let is_used = |number: usize| {
            let mut sources = self.sources.iter().enumerate();
            sources.any(|(variable, source)| {
                let is_coordinate =
                    matches!(source, CallSource::Coordinate { input, .. } if *input == number);
                (is_coordinate || source.array() == Some(number)) && self.formula.uses(variable)
            })
        };
        let names = self.inputs.iter().map(|input| input.name.as_str());
        let unused = names
            .enumerate()
            .filter(move |(number, _)| !is_used(*number));
        unused.map(|(_, name)| name)
    }

    /// The labels of the result. Each axis takes its labels from the first array with the same length along the axis;
    /// an array with coordinates takes precedence over an array that only names the axis. The result is masked if one
    /// of the arrays is masked.
    ///
    /// # Errors
    /// [`AnalysisError`] if another array with the same length has different coordinates, unless differences
    /// are `ignored`.
    pub fn labels(&self, ignored: bool) -> Result<Labels, AnalysisError> {
        let mut axes: Vec<Option<(&str, &NamedAxis)>> = vec![None; self.shape.len()];
        for number in 0..self.inputs.len() {
            if !self.arrays().any(|used| used == number) {
                continue;
            }
            let input = &self.inputs[number];
            let pairs = input.labels.axes.iter().zip(input.shape());
            for (from_end, (axis, length)) in pairs.rev().enumerate() {
                let Some(place) = self.shape.len().checked_sub(from_end + 1) else {
                    break;
                };
                let Some(axis) = axis.as_ref().filter(|_| length == self.shape[place]) else {
                    continue;
                };
                let (name, named_axis) = match axes[place] {
                    Some(labelled) if labelled.1.values != AxisValues::Counted => labelled,
                    _ => *axes[place].insert((&input.name, axis)),
                };
                if let Some(difference) = named_axis.difference(axis).filter(|_| !ignored) {
                    return Err(AnalysisError::refused(format!(
                        "{name} and {} have other coordinates along axis {place}: {difference}; --ignore-coordinates takes those of {name}",
                        input.name
                    )));
                }
            }
        }
        let axes = axes.into_iter();
        let mut is_masked = self.used().map(|(_, source)| match source {
            CallSource::Reduced { input, axes, .. } => {
                self.inputs[*input].labels.without(axes).is_masked
            }
            other => (other.array()).is_some_and(|input| self.inputs[input].labels.is_masked),
        });
        Ok(Labels {
            is_masked: is_masked.any(|is_masked| is_masked),
            ..Labels::of_axes(
                axes.map(|axis| axis.map(|(_, axis)| axis.clone()))
                    .collect(),
            )
        })
    }

    /// Whether the result is in Fortran order, as when all arrays are.
    #[must_use]
    pub fn fortran_order(&self) -> bool {
        let mut arrays = self.arrays().peekable();
        arrays.peek().is_some()
            && !self.formula.is_random()
            && arrays.all(|input| self.inputs[input].array.npy.fortran_order)
    }

    /// The float type in which NumPy would compute with the arrays of the formula. Integers of four bytes and more need
    /// double precision.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        let dtypes: Vec<Dtype> = self
            .arrays()
            .map(|input| self.inputs[input].array.npy.dtype)
            .collect();
        let is_float = dtypes.iter().any(|dtype| dtype.kind == Kind::Float);
        let float_bytes = dtypes.iter().map(|dtype| match (dtype.kind, dtype.bytes) {
            (Kind::Float, bytes) => bytes,
            (Kind::Bool, _) => 2,
            (_, bytes) => (2 * bytes).min(8),
        });
        let bytes = float_bytes.max().filter(|_| is_float);
        Dtype {
            bytes: bytes.unwrap_or(8),
            ..Dtype::F64
        }
    }

    /// The variables of the formula, with their numbers.
    fn used(&self) -> impl Iterator<Item = (usize, &CallSource)> {
        let sources = self.sources.iter().enumerate();
        sources.filter(|(number, _)| self.formula.uses(*number))
    }

    /// The numbers of the arrays in the formula.
    fn arrays(&self) -> impl Iterator<Item = usize> {
        self.used().filter_map(|(_, source)| source.array())
    }

    /// The shape to which the variables of the formula broadcast.
    fn broadcast(&self) -> Result<Vec<u64>, AnalysisError> {
        if self.arrays().next().is_none() {
            return Err(AnalysisError::refused(
                "the formula uses none of the arrays: `diff2d create FILE.npy --shape N0,N1,… --fill EXPR` fills one by a formula of its indices".to_owned(),
            ));
        }
        let mut shape: Vec<u64> = Vec::new();
        // The first variable with more than one element along an axis, for the sentence.
        let mut decisive: Vec<Option<usize>> = Vec::new();
        let shapes: Vec<(usize, Vec<u64>)> = self
            .used()
            .filter_map(|(number, source)| Some((number, source.shape(&self.inputs)?)))
            .collect();
        for (number, lengths) in &shapes {
            let new_axes = lengths.len().saturating_sub(shape.len());
            shape.splice(0..0, vec![1; new_axes]);
            decisive.splice(0..0, vec![None; new_axes]);
            let first_axis = shape.len() - lengths.len();
            for (axis, &length) in (first_axis..).zip(lengths) {
                if shape[axis] == length || length == 1 {
                    continue;
                }
                if let Some(decisive) = decisive[axis] {
                    let decisive_variable = shapes.iter().find(|(number, _)| *number == decisive);
                    return Err(AnalysisError::refused(format!(
                        "{} and {} do not broadcast: axes, counted from the last one, have the same length or one of them 1; --repeat AXIS takes the shorter one again and again along an axis",
                        self.described(decisive, decisive_variable.map_or(&[], |(_, shape)| shape)),
                        self.described(*number, lengths)
                    )));
                }
                shape[axis] = length;
                decisive[axis] = Some(*number);
            }
        }
        let indices = self.used().filter_map(|(_, source)| match source {
            CallSource::Index(axis) => Some(*axis),
            _ => None,
        });
        match indices.max().filter(|&axis| axis >= shape.len()) {
            Some(axis) => Err(AnalysisError::refused(format!(
                "there is no i{axis}: the result has {} axes",
                shape.len()
            ))),
            None => Ok(shape),
        }
    }

    fn described(&self, number: usize, shape: &[u64]) -> String {
        let shape: Vec<String> = shape.iter().map(u64::to_string).collect();
        let comma = if shape.len() == 1 { "," } else { "" };
        let name = self.sources[number].name(&self.inputs);
        format!("{name} of shape ({}{comma})", shape.join(", "))
    }

    /// The number of bytes that [`run`](Self::run) adds to its [`Progress`].
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let reduced = self.used().filter_map(|(_, source)| match source {
            CallSource::Reduced { input, .. } => Some(*input),
            _ => None,
        });
        let read = reduced.map(|input| {
            let input = &self.inputs[input];
            input.shape().iter().product::<u64>() * input.array.npy.dtype.bytes as u64
        });
        self.shape.iter().product::<u64>() * Dtype::F64.bytes as u64 + read.sum::<u64>()
    }

    /// Whether integers may be too large for floats: integers of four bytes and more, or their products.
    fn is_exact(&self) -> bool {
        let mut dtypes = self
            .arrays()
            .map(|input| self.inputs[input].array.npy.dtype);
        dtypes.any(|dtype| matches!(dtype.kind, Kind::Signed | Kind::Unsigned) && dtype.bytes >= 4)
    }

    /// Whether the values of a variable are integers.
    fn is_of_integers(&self, variable: usize) -> bool {
        self.sources[variable].is_of_integers(&self.inputs)
    }

    /// Bytes of memory for a value of a variable. An exact integer takes as much as four floats, in addition to its
    /// float.
    fn value_bytes(&self) -> u64 {
        if self.is_exact() { 40 } else { 8 }
    }

    /// Computes the array. Floats are rounded to `kept` bits of their mantissa, if a number is given. Returns sentences
    /// on the numbers of values that were rounded before that, or that became infinite.
    ///
    /// # Errors
    /// [`AnalysisError`], also with the number of values that the integers of the output cannot
    /// hold.
    pub fn run(
        &self,
        output: &Output,
        kept: Option<u32>,
        memory: u64,
        progress: &Progress,
    ) -> Result<Vec<String>, AnalysisError> {
        let reductions = self.reductions(memory, progress)?;
        let reduced_values = reductions
            .iter()
            .map(|reduction| reduction.floats.len() as u64);
        let memory = memory - self.value_bytes() * reduced_values.sum::<u64>();
        let dtype = output.npy.dtype;
        let file_region: Region = output
            .npy
            .in_file_order(&self.shape)
            .into_iter()
            .map(|length| 0..length)
            .collect();
        // For every variable: the elements that are read, the values made of them, and those spread over the box. For the
        // result: values, bytes and the output.
        let element_bytes = self.value_bytes() * (3 * self.used().count() as u64 + 3);
        let box_limit = memory / (element_bytes * rayon::current_num_threads() as u64);
        let box_limit = box_limit.clamp(BATCH as u64, MOST);
        let threads = threads_within(memory, box_limit * element_bytes)?;
        let cut = if self.is_mixed(output.npy.fortran_order) {
            blocks(&file_region, box_limit)
        } else {
            Cut::of_elements(&file_region, box_limit)
        };
        let (misfits, losses) = (Misfits::default(), Losses::default());
        walk::by_thread(&cut, threads, MapMemory::default, |thread, _, part| {
            let region = output.npy.in_file_order(&part);
            let fortran_order = output.npy.fortran_order;
            self.values(&region, fortran_order, &reductions, thread, &losses)?;
            let (values, bytes) = (&thread.values, &mut thread.bytes);
            if dtype.kind == Kind::Float {
                let integers = values.integers.iter().flatten();
                let rounded = integers.filter(|integer| !nearest_float(**integer).1);
                let infinity = infinity_of(dtype);
                let floats = values.floats.iter();
                let infinite = floats.filter(|value| value.is_finite() && value.abs() >= infinity);
                losses.add(rounded.count(), infinite.count());
            }
            bytes.clear();
            results::encode(values, dtype, kept, bytes, |number, value| {
                misfits.add(index_in(&part, number as u64), value);
            });
            output.write_box(&part, bytes)?;
            progress.add(8 * values.floats.len() as u64);
            Ok::<_, AnalysisError>(())
        })?;
        let count = self.shape.iter().product();
        misfits.verdict(count, dtype, |index: &[u64]| {
            output.npy.in_file_order(index)
        })?;
        Ok(losses.notes(count, dtype))
    }

    /// Computes the values of every reduction.
    fn reductions(
        &self,
        memory: u64,
        progress: &Progress,
    ) -> Result<Vec<ReducedValues>, AnalysisError> {
        let mut reductions = vec![ReducedValues::default(); self.sources.len()];
        let sizes = self.used().filter_map(|(_, source)| match source {
            CallSource::Reduced { .. } => source.shape(&self.inputs),
            _ => None,
        });
        let counts = sizes.map(|shape| shape.iter().product::<u64>());
        let reduction_bytes = self.value_bytes() * counts.sum::<u64>();
        if reduction_bytes > memory / 2 {
            return Err(AnalysisError::memory(
                "twice what the reductions give",
                reduction_bytes.saturating_mul(2),
                memory,
                "reduce over more axes",
            ));
        }
        for (number, source) in self.used() {
            let CallSource::Reduced {
                input,
                statistic,
                axes,
            } = source
            else {
                continue;
            };
            let input = &self.inputs[*input];
            let options = stats::Options {
                skip_nan: input.array.labels.is_masked,
                above: None,
                memory: memory - reduction_bytes,
            };
            let reduction = &mut reductions[number];
            let is_exact = self.is_exact() && self.is_of_integers(number);
            stats::along(
                input.array,
                &input.select,
                axes,
                options,
                progress,
                |_, columns: &[crate::Statistics]| {
                    for result in columns.iter().map(|column| column.scalars()[*statistic]) {
                        reduction.floats.push(result.to_f64());
                        match result {
                            Scalar::Integer(integer) if is_exact => {
                                reduction.integers.push(Some(integer));
                            }
                            Scalar::Float(_) if is_exact => reduction.integers.push(None),
                            _ => {}
                        }
                    }
                    Ok::<_, AnalysisError>(())
                },
            )?;
        }
        Ok(reductions)
    }

    /// Whether the order of an array, C or Fortran, differs from the order of the result.
    fn is_mixed(&self, fortran_order: bool) -> bool {
        let mut arrays = self.arrays();
        arrays.any(|input| {
            let array = &self.inputs[input].array.npy;
            array.shape.len() > 1 && array.fortran_order != fortran_order
        })
    }
}

/// The largest number of elements in a box: enough for fast reading, few enough for the caches.
const MOST: u64 = 1 << 17;

/// Divides an array into boxes that are long along every axis, for arrays in both orders.
fn blocks(whole: &[Range<u64>], most: u64) -> Cut {
    let mut step = vec![1; whole.len()];
    let mut elements = 1;
    loop {
        let mut has_grown = false;
        for (step, range) in step.iter_mut().zip(whole).rev() {
            if *step < range.end && 2 * elements <= most {
                (*step, elements, has_grown) = (2 * *step, 2 * elements, true);
            }
        }
        if !has_grown {
            return Cut::new(whole, step);
        }
    }
}
