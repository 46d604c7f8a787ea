//! Arithmetic over arrays that broadcast as NumPy's do: [`Map`].
//!
//! A formula names arrays, and calls that look further than at one element of them: `shift`, `gradient`, and
//! reductions over axes. What it names becomes the variables of an [`Expression`], box by box: reductions are computed
//! first, by the engine of [`stats`], the others when a box needs them. Everything is computed in double precision and
//! rounded once, into the type of the result.

mod calls;
mod input;
mod pieces;
mod results;

use super::AnalysisError;
use crate::{
    expression::{BATCH, Expression},
    labels::{AxisValues, Labels, NamedAxis},
    memory::threads_within,
    npy::{Cut, Dtype, Kind, Region},
    output::Output,
    progress::Progress,
    stats, walk,
};
use calls::CallSource;
pub use calls::is_call;
pub use input::MapInput;
use pieces::FreeBuffers;
use results::Misfits;
use std::ops::Range;

/// A formula over arrays.
#[derive(Debug)]
pub struct Map<'a> {
    inputs: Vec<MapInput<'a>>,
    formula: Expression,
    /// What the variables of the formula stand for.
    sources: Vec<CallSource>,
    shape: Vec<u64>,
}

impl<'a> Map<'a> {
    /// Reads a formula in the names of the inputs, the indices `i0`, `i1`, … of the result, and the names of axes that have
    /// coordinates.
    ///
    /// # Errors
    /// [`AnalysisError::Request`] for a text that is no formula, and for arrays that do not broadcast.
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
            for (axis, known) in named.labels.axes.iter().enumerate() {
                let Some(known) = known else { continue };
                if known.coordinates().is_some() && !names.contains(&known.name) {
                    names.push(known.name.clone());
                    sources.push(CallSource::Coordinate { input, axis });
                }
            }
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let formula = Expression::parse_with_calls(text.trim(), &names, &mut |name, arguments| {
            let call = calls::source(name, arguments, &inputs)?;
            Ok(call.map(|source| {
                let known = sources.iter().position(|known| *known == source);
                known.unwrap_or_else(|| {
                    sources.push(source);
                    sources.len() - 1
                })
            }))
        });
        let formula = formula.map_err(|error| AnalysisError::Request(error.to_string()))?;
        let mut map = Self {
            inputs,
            formula,
            sources,
            shape: Vec::new(),
        };
        map.shape = map.broadcast()?;
        Ok(map)
    }

    /// Length of every axis of the result.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// The inputs.
    #[must_use]
    pub fn inputs(&self) -> &[MapInput<'a>] {
        &self.inputs
    }

    /// What is known of the result: along every axis what is known of the first array that has as many
    /// elements along it, coordinates before a name alone.
    /// Where nodes of an array are masked, so are those of the result.
    ///
    /// # Errors
    /// [`AnalysisError::Request`] where another array with as many elements has other coordinates, unless these are to be
    /// `ignored`.
    pub fn labels(&self, ignored: bool) -> Result<Labels, AnalysisError> {
        let mut axes: Vec<Option<(&str, &NamedAxis)>> = vec![None; self.shape.len()];
        let used = |number: &usize| self.arrays().any(|used| used == *number);
        let inputs = (0..self.inputs.len()).filter(used);
        let inputs = inputs.map(|number| &self.inputs[number]);
        for input in inputs {
            let pairs = input.labels.axes.iter().zip(input.shape());
            for (from_end, (axis, length)) in pairs.rev().enumerate() {
                let Some(place) = self.shape.len().checked_sub(from_end + 1) else {
                    break;
                };
                let Some(axis) = axis.as_ref().filter(|_| length == self.shape[place]) else {
                    continue;
                };
                let (first, known) = match axes[place] {
                    Some(known) if known.1.values != AxisValues::Counted => known,
                    _ => *axes[place].insert((&input.name, axis)),
                };
                if let Some(difference) = known.difference(axis).filter(|_| !ignored) {
                    return Err(AnalysisError::Request(format!(
                        "{first} and {} have other coordinates along axis {place}: {difference}; --ignore-coordinates takes those of {first}",
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

    /// Whether the axes of the result vary in the file from the first, as those of all arrays do.
    #[must_use]
    pub fn fortran_order(&self) -> bool {
        let mut arrays = self.arrays().peekable();
        arrays.peek().is_some()
            && !self.formula.is_random()
            && arrays.all(|input| self.inputs[input].array.npy.fortran_order)
    }

    /// NumPy's type of the arrays that the formula uses, computed with as floats: integers of four bytes and more need
    /// double precision.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        let dtypes = || {
            self.arrays()
                .map(|input| self.inputs[input].array.npy.dtype)
        };
        let enough = |dtype: Dtype| match (dtype.kind, dtype.bytes) {
            (Kind::Float, bytes) => bytes,
            (Kind::Bool, _) => 2,
            (_, bytes) => (2 * bytes).min(8),
        };
        let is_float = dtypes().any(|dtype| dtype.kind == Kind::Float);
        let bytes = dtypes().map(enough).max().filter(|_| is_float);
        Dtype {
            bytes: bytes.unwrap_or(8),
            ..Dtype::F64
        }
    }

    /// The variables that the formula uses, with their numbers.
    fn used(&self) -> impl Iterator<Item = (usize, &CallSource)> {
        let sources = self.sources.iter().enumerate();
        sources.filter(|(number, _)| self.formula.uses(*number))
    }

    /// The arrays that the formula uses.
    fn arrays(&self) -> impl Iterator<Item = usize> {
        self.used().filter_map(|(_, source)| source.array())
    }

    /// The shape of what the formula uses.
    fn broadcast(&self) -> Result<Vec<u64>, AnalysisError> {
        if self.arrays().next().is_none() {
            return Err(AnalysisError::Request(
                "the formula uses none of the arrays: `diff2d create FILE.npy --shape N0,N1,… --fill EXPR` fills one by a formula of its indices".to_owned(),
            ));
        }
        let mut shape: Vec<u64> = Vec::new();
        // The first that has more than one element along an axis, for the sentence.
        let mut by: Vec<Option<usize>> = Vec::new();
        let shapes: Vec<(usize, Vec<u64>)> = self
            .used()
            .filter_map(|(number, source)| Some((number, source.shape(&self.inputs)?)))
            .collect();
        for (number, lengths) in &shapes {
            let more = lengths.len().saturating_sub(shape.len());
            shape.splice(0..0, vec![1; more]);
            by.splice(0..0, vec![None; more]);
            let first = shape.len() - lengths.len();
            for (axis, &length) in lengths.iter().enumerate() {
                let (known, by) = (&mut shape[first + axis], &mut by[first + axis]);
                if *known == length || length == 1 {
                    continue;
                }
                if let Some(by) = by {
                    let other = shapes.iter().find(|(number, _)| number == by);
                    return Err(AnalysisError::Request(format!(
                        "{} and {} do not broadcast: axes, counted from the last one, have the same length or one of them 1",
                        self.described(*by, other.map_or(&[], |(_, shape)| shape)),
                        self.described(*number, lengths)
                    )));
                }
                (*known, *by) = (length, Some(*number));
            }
        }
        let indices = self.used().filter_map(|(_, source)| match source {
            CallSource::Index(axis) => Some(*axis),
            _ => None,
        });
        match indices.max().filter(|&axis| axis >= shape.len()) {
            Some(axis) => Err(AnalysisError::Request(format!(
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

    /// Bytes that [`run`](Self::run) goes through, as [`Progress`] counts them.
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

    /// Computes the array; `kept` is to how many bits of their mantissa floats are rounded, if not all.
    ///
    /// # Errors
    /// [`AnalysisError`]; [`AnalysisError::Request`] with the number of values that integers of the output do not hold.
    pub fn run(
        &self,
        output: &Output,
        kept: Option<u32>,
        memory: u64,
        progress: &Progress,
    ) -> Result<(), AnalysisError> {
        let reductions = self.reductions(memory, progress)?;
        let held: u64 = reductions
            .iter()
            .map(|values| 8 * values.len() as u64)
            .sum();
        let memory = memory - held;
        let dtype = output.npy.dtype;
        let whole: Region = output
            .npy
            .in_file_order(&self.shape)
            .into_iter()
            .map(|length| 0..length)
            .collect();
        // Of each variable what is read, what is made of it, and as much as of the result.
        let each = 8 * (3 * self.used().count() as u64 + 3);
        let most = memory / (each * rayon::current_num_threads() as u64);
        let most = most.clamp(BATCH as u64, MOST);
        let threads = threads_within(memory, most * each)?;
        let cut = match self.is_mixed(output.npy.fortran_order) {
            true => blocks(&whole, most),
            false => Cut::of_elements(&whole, most),
        };
        let misfits = Misfits::default();
        let begin = <(Vec<f64>, Vec<u8>, FreeBuffers)>::default;
        walk::by_thread(&cut, threads, begin, |(values, bytes, free), _, part| {
            let region = output.npy.in_file_order(&part);
            let fortran_order = output.npy.fortran_order;
            self.values(&region, fortran_order, &reductions, free, values)?;
            bytes.clear();
            results::encode(values, dtype, kept, bytes, |number, value| {
                misfits.add(region_index(&part, number), value);
            });
            output.write_box(&part, bytes)?;
            progress.add(8 * values.len() as u64);
            Ok::<_, AnalysisError>(())
        })?;
        let first = |index: &[u64]| output.npy.in_file_order(index);
        misfits.verdict(self.shape.iter().product(), dtype, first)
    }

    /// The values of every reduction, in the order of its array's file; nothing for other variables.
    fn reductions(&self, memory: u64, progress: &Progress) -> Result<Vec<Vec<f64>>, AnalysisError> {
        let mut all = vec![Vec::new(); self.sources.len()];
        let sizes = self.used().filter_map(|(_, source)| match source {
            CallSource::Reduced { .. } => source.shape(&self.inputs),
            _ => None,
        });
        let needed: u64 = sizes.map(|shape| 8 * shape.iter().product::<u64>()).sum();
        if needed > memory / 2 {
            return Err(AnalysisError::Memory {
                what: "twice what the reductions give",
                needed: needed.saturating_mul(2),
                allowed: memory,
                instead: "reduce over more axes",
            });
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
                memory: memory - needed,
            };
            let values = &mut all[number];
            let take = |_, found: &[crate::Statistics]| {
                let numbers = found.iter().map(|one| one.scalars()[*statistic].to_f64());
                values.extend(numbers);
                Ok::<_, AnalysisError>(())
            };
            stats::along(input.array, &input.select, axes, options, progress, take)?;
        }
        Ok(all)
    }

    /// Whether some array lies in the other order than the result.
    fn is_mixed(&self, fortran_order: bool) -> bool {
        let mut arrays = self.arrays();
        arrays.any(|input| {
            let array = &self.inputs[input].array.npy;
            array.shape.len() > 1 && array.fortran_order != fortran_order
        })
    }

    /// The values of a box of the result, in the order of its file.
    fn values(
        &self,
        region: &[Range<u64>],
        fortran_order: bool,
        reductions: &[Vec<f64>],
        free: &mut FreeBuffers,
        values: &mut Vec<f64>,
    ) -> Result<(), AnalysisError> {
        let mut variables = vec![Vec::new(); self.sources.len()];
        for (number, source) in self.used() {
            let piece = pieces::piece(source, &self.inputs, region, &reductions[number], free)?;
            variables[number] = piece.spread(region, fortran_order, free);
        }
        let count = crate::memory::size(crate::npy::elements(region));
        let first = region
            .iter()
            .zip(&self.shape)
            .fold(0, |place, (range, length)| place * length + range.start);
        values.resize(count, 0.0);
        for (number, out) in values.chunks_mut(BATCH).enumerate() {
            let from = number * BATCH;
            let some = |all: &'_ Vec<f64>| all.len().min(from)..all.len().min(from + out.len());
            let variables: Vec<&[f64]> = variables.iter().map(|all| &all[some(all)]).collect();
            self.formula.evaluate(&variables, first + from as u64, out);
        }
        variables.into_iter().for_each(|used| free.give(used));
        Ok(())
    }
}

/// Elements of a box, at most: enough that reading is fast, few enough for the caches.
const MOST: u64 = 1 << 17;

/// Boxes that are long along every axis, for arrays in both orders.
fn blocks(whole: &[Range<u64>], most: u64) -> Cut {
    let mut step = vec![1; whole.len()];
    let mut elements = 1;
    loop {
        let mut grown = false;
        for (step, range) in step.iter_mut().zip(whole).rev() {
            if *step < range.end && 2 * elements <= most {
                (*step, elements, grown) = (2 * *step, 2 * elements, true);
            }
        }
        if !grown {
            return Cut::new(whole, step);
        }
    }
}

/// The index of an element of a box by its number, in the order of the box.
fn region_index(part: &[Range<u64>], number: usize) -> Vec<u64> {
    crate::npy::index_in(part, number as u64)
}
