//! HDF5 with the conventions of netCDF-4: `p` and its coordinates, which are dimension scales attached to it.
//! Chunked and compressed; a chunk that was never written reads as NaN.
//!
//! Source: the HDF5 Dimension Scale Specification; the netCDF-4 format specification.

use super::storage::DEFLATE;
use super::{
    Column, Coordinate, Dataset, ExportError, Format, Rounding, Storage,
    exporter::{ExportWriter, Exporter},
    output, rounding,
};
use bytemuck::Pod;
use diff2d_arrays::npy::{Kind, Region};
use diff2d_arrays::progress::Progress;
use diff2d_sys::dimension_scales;
use hdf5_metno::{
    self as hdf5, File, H5Type, Hyperslab, Location, SliceOrIndex,
    plist::file_create::{AttrCreationOrder, LinkCreationOrder},
    types::VarLenUnicode,
};
use ndarray::{ArrayView, IxDyn};
use serde_json::Value;
use std::{error::Error, path::Path};

/// Largest number of bytes of a chunk by default, which the library's cache holds.
const CHUNK_BYTES: u64 = 1 << 20;
/// Largest number of bytes that the library can write as one chunk.
const MOST_BYTES: u64 = u32::MAX as u64;

/// HDF5 with the conventions of netCDF-4.
pub(super) const HDF5: Exporter = Exporter {
    format: Format {
        word: "hdf5",
        name: "HDF5",
        ending: ".h5",
        points: false,
        has_chunks: true,
    },
    writer: ExportWriter::Path(write),
};

fn write(
    dataset: &Dataset<'_>,
    path: &Path,
    force: bool,
    storage: &Storage,
    memory: u64,
    progress: &Progress,
) -> Result<(), ExportError> {
    let width = dataset.common_dtype().bytes as u64;
    let chunk = storage.chunk(dataset, width, CHUNK_BYTES, MOST_BYTES)?;
    // A chunk is in memory as it is read, as numbers, in the library's cache, and compressed.
    let chunk_bytes = 8 * chunk.iter().product::<u64>() * width;
    if chunk_bytes > memory {
        return Err(ExportError::memory("a chunk of HDF5", chunk_bytes, memory));
    }
    if path.exists() && !path.is_file() && !path.is_dir() {
        return Err(ExportError::refused(format!(
            "the output {} is no file, which {} needs",
            path.display(),
            HDF5.format
        )));
    }
    let mut file = output::file(path, force, dataset.array())?;
    fill(dataset, file.unlocked_name(), &chunk, progress).map_err(|error| {
        match error.downcast::<ExportError>() {
            Ok(error) => *error,
            Err(error) => ExportError::library(path, &error),
        }
    })?;
    Ok(file.commit()?)
}

fn fill(
    dataset: &Dataset<'_>,
    path: &Path,
    chunk_shape: &[u64],
    progress: &Progress,
) -> Result<(), Box<dyn Error>> {
    // netCDF shows variables and attributes in the order in which they were made.
    let file = File::with_options()
        .with_fcpl(|properties| {
            properties
                .link_creation_order(LinkCreationOrder::Indexed)
                .attr_creation_order(AttrCreationOrder::Tracked)
        })
        .create(path)?;
    for (name, value) in &dataset.attributes {
        attribute(&file, name, value)?;
    }
    let mut scales = Vec::new();
    for (number, coordinate) in dataset.coordinates.iter().enumerate() {
        let dimensions = coordinate.along.iter();
        let shape: Vec<usize> = dimensions.map(|&d| size(dataset.shape()[d])).collect();
        let array = store_coordinate(&file, coordinate, &shape)?;
        if number < dataset.dimensions.len() {
            dimension_scales::make(array.id(), &coordinate.name)?;
            scales.push(array);
        } else {
            attach(&array, &scales, &coordinate.along)?;
        }
    }
    let dimensions: Vec<usize> = (0..scales.len()).collect();
    let dtype = dataset.common_dtype();
    let array = match (dtype.kind, dtype.bytes) {
        (Kind::Float, 4) => copy(dataset, &file, chunk_shape, Some(f32::NAN), progress),
        (Kind::Float, _) => copy(dataset, &file, chunk_shape, Some(f64::NAN), progress),
        (Kind::Signed, 1) => copy::<i8>(dataset, &file, chunk_shape, None, progress),
        (Kind::Signed, 2) => copy::<i16>(dataset, &file, chunk_shape, None, progress),
        (Kind::Signed, 4) => copy::<i32>(dataset, &file, chunk_shape, None, progress),
        (Kind::Signed, _) => copy::<i64>(dataset, &file, chunk_shape, None, progress),
        (Kind::Unsigned | Kind::Bool, 1) => copy::<u8>(dataset, &file, chunk_shape, None, progress),
        (Kind::Unsigned, 2) => copy::<u16>(dataset, &file, chunk_shape, None, progress),
        (Kind::Unsigned, 4) => copy::<u32>(dataset, &file, chunk_shape, None, progress),
        (Kind::Unsigned | Kind::Bool, _) => {
            copy::<u64>(dataset, &file, chunk_shape, None, progress)
        }
    }?;
    attach(&array, &scales, &dimensions)?;
    for (name, value) in &dataset.variable_attributes() {
        attribute(&array, name, value)?;
    }
    let mut record_scale = Vec::new();
    for variable in &dataset.record {
        let array = store_coordinate(&file, variable, &[variable.values.count()])?;
        if record_scale.is_empty() {
            dimension_scales::make(array.id(), &variable.name)?;
            record_scale.push(array);
        } else {
            attach(&array, &record_scale, &[0])?;
        }
    }
    if dataset.rounding().is_some() {
        let array = file.new_dataset::<u8>().create(rounding::ALGORITHM)?;
        for (name, value) in &Rounding::algorithm() {
            attribute(&array, name, value)?;
        }
    }
    Ok(file.close()?)
}

/// Copies all frames that have data into the variable.
fn copy<T: H5Type + Pod + Into<hdf5::types::OwnedDynValue>>(
    dataset: &Dataset<'_>,
    file: &File,
    chunk: &[u64],
    fill: Option<T>,
    progress: &Progress,
) -> Result<hdf5::Dataset, Box<dyn Error>> {
    let shape: Vec<usize> = dataset.shape().iter().map(|&length| size(length)).collect();
    let chunks: Vec<usize> = chunk.iter().map(|&length| size(length)).collect();
    let mut builder = file
        .new_dataset_builder()
        .empty::<T>()
        .chunk(chunks)
        .shuffle()
        .deflate(DEFLATE);
    if let Some(fill) = fill {
        builder = builder.fill_value(fill);
    }
    let array = builder.shape(shape).create(dataset.variable())?;
    if let Some(fill) = fill {
        array
            .new_attr::<T>()
            .create("_FillValue")?
            .write_scalar(&fill)?;
    }
    let mut bytes = Vec::new();
    // The library has one lock for all threads.
    for part in dataset.chunks(chunk).iter() {
        let present = dataset
            .read_frames(&part, &mut bytes)
            .map_err(ExportError::Npy)?;
        if present == 0 {
            continue;
        }
        dataset.make_common(&mut bytes);
        store_part::<T>(&array, &part, &bytes)?;
        progress.add(present * dataset.dtype().bytes as u64);
    }
    Ok(array)
}

fn store_part<T: H5Type + Pod>(
    array: &hdf5::Dataset,
    part: &Region,
    bytes: &[u8],
) -> Result<(), Box<dyn Error>> {
    let values: Vec<T> = bytemuck::pod_collect_to_vec(bytes);
    let ranges: Vec<_> = part
        .iter()
        .map(|range| size(range.start)..size(range.end))
        .collect();
    let shape: Vec<usize> = ranges.iter().map(ExactSizeIterator::len).collect();
    let part = ArrayView::from_shape(IxDyn(&shape), &values)?;
    let place: Vec<SliceOrIndex> = ranges.into_iter().map(SliceOrIndex::from).collect();
    Ok(array.write_slice(part, Hyperslab::from(place))?)
}

fn store_coordinate(
    file: &File,
    coordinate: &Coordinate,
    shape: &[usize],
) -> Result<hdf5::Dataset, Box<dyn Error>> {
    let shape = IxDyn(shape);
    let name = coordinate.name.as_str();
    let builder = file.new_dataset_builder();
    let array = match &coordinate.values {
        Column::Floats(values) => builder
            .with_data(ArrayView::from_shape(shape, values)?)
            .create(name)?,
        Column::Integers(values) => builder
            .with_data(ArrayView::from_shape(shape, values)?)
            .create(name)?,
        Column::Texts(values) => {
            let words: Vec<VarLenUnicode> = values
                .iter()
                .map(|word| text(word))
                .collect::<Result<_, _>>()?;
            builder
                .with_data(ArrayView::from_shape(shape, &words)?)
                .create(name)?
        }
    };
    for (name, value) in &coordinate.attributes() {
        attribute(&array, name, value)?;
    }
    Ok(array)
}

/// Attaches dimension scales to the dimensions of an array, which lies along some dimensions of the dataset.
fn attach(
    array: &hdf5::Dataset,
    scales: &[hdf5::Dataset],
    along: &[usize],
) -> Result<(), Box<dyn Error>> {
    for (number, &dimension) in along.iter().enumerate() {
        dimension_scales::attach(array.id(), scales[dimension].id(), number)?;
    }
    Ok(())
}

fn attribute(to: &Location, name: &str, value: &Value) -> Result<(), Box<dyn Error>> {
    if let Some(number) = value.as_i64() {
        to.new_attr::<i64>().create(name)?.write_scalar(&number)?;
    } else if let Some(number) = value.as_f64() {
        to.new_attr::<f64>().create(name)?.write_scalar(&number)?;
    } else {
        let word = text(value.as_str().unwrap_or_default())?;
        to.new_attr::<VarLenUnicode>()
            .create(name)?
            .write_scalar(&word)?;
    }
    Ok(())
}

/// A word without zero bytes, which would end a string of the library.
fn text(word: &str) -> Result<VarLenUnicode, Box<dyn Error>> {
    Ok(word.replace('\0', "").parse()?)
}

fn size(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
