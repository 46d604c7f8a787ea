//! Zarr version 3: a directory with a group of arrays, `p` and its coordinates.
//!
//! Source: the Zarr core specification, version 3.

use super::{
    Column, Coordinate, Dataset, ExportError, Format, output,
    tiles::{self, Tile},
};
use diff2d_arrays::npy::{Dtype, Kind};
use diff2d_arrays::progress::Progress;
use rayon::prelude::*;
use serde_json::{Map, Value};
use std::{error::Error, fmt::Display, fs, io, num::NonZero, path::Path, sync::Arc};
use zarrs::{
    array::{
        Array, ArrayBuilder, ArrayBytes, ArrayMetadataOptions, DataType, FillValue, data_type,
    },
    filesystem::FilesystemStore,
    group::GroupBuilder,
    metadata::v3::{AdditionalFieldV3, AdditionalFieldsV3},
};

/// Bytes of a chunk at most. A snapshot that has more is divided.
const CHUNK_BYTES: u64 = 4 << 20;

pub(super) fn write(
    dataset: &Dataset<'_>,
    (path, force): (&Path, bool),
    memory: u64,
    progress: &Progress,
) -> Result<(), ExportError> {
    let width = dataset.dtype().bytes as u64;
    let chunk = tiles::squares(dataset.frame(), CHUNK_BYTES / width);
    // The bytes as they are read, and with what lies beyond the ends of the frame.
    let each = 2 * chunk.iter().product::<u64>() * width;
    let at_once = usize::try_from(memory / 2 / each).unwrap_or(usize::MAX);
    if at_once == 0 {
        return Err(ExportError::Memory {
            what: "a chunk of Zarr",
            needed: 2 * each,
            allowed: memory,
        });
    }
    let directory = output::directory(path, force, dataset.array(), Format::Zarr, is_ours)?;
    let failed = |error: &dyn Display| ExportError::library(path, error);
    let store = FilesystemStore::new(directory.name_so_far()).map_err(|error| failed(&error))?;
    let store = Arc::new(store);
    let array = directory.create_in(|| prepare(dataset, chunk, &store));
    let array = array.map_err(|error| failed(&*error))?;
    let store_tile = |buffers: &mut (Vec<u8>, Vec<u8>), frame: u64, tile: &Tile| {
        dataset.read(frame, tile, &mut buffers.0)?;
        let bytes = whole_chunk(buffers, tile, chunk, dataset.dtype());
        let mut index = dataset.index_of(frame);
        index.extend([tile.rows.start / chunk[0], tile.columns.start / chunk[1]]);
        let store = || array.store_chunk(&index, ArrayBytes::new_flen(bytes));
        let stored = directory.create_in(store);
        progress.add((tile.elements() as u64) * width);
        stored.map_err(|error| failed(&error))
    };
    let threads = rayon::current_num_threads();
    let mut work = dataset
        .present()
        .flat_map(|frame| tiles::grid(dataset.frame(), chunk).map(move |tile| (frame, tile)))
        .peekable();
    while work.peek().is_some() {
        let some: Vec<(u64, Tile)> = work.by_ref().take(SYNCED_TOGETHER).collect();
        let workers = at_once.min(threads).max(1);
        some.par_chunks(some.len().div_ceil(workers))
            .try_for_each(|some| {
                let mut buffers = (Vec::new(), Vec::new());
                some.iter()
                    .try_for_each(|(frame, tile)| store_tile(&mut buffers, *frame, tile))
            })?;
    }
    Ok(directory.commit()?)
}

/// Writes all but the chunks of the variable.
fn prepare(
    dataset: &Dataset<'_>,
    chunk: [u64; 2],
    store: &Arc<FilesystemStore>,
) -> Result<Array<FilesystemStore>, Box<dyn Error>> {
    let mut described = Map::new();
    for coordinate in &dataset.coordinates {
        let builder = describe(dataset, coordinate);
        let array = begin(&builder, store, &coordinate.name, &mut described)?;
        store_coordinate(&array, coordinate)?;
    }
    let array = begin(&variable(dataset, chunk), store, "p", &mut described)?;
    let group = GroupBuilder::new()
        .attributes(dataset.attributes.clone())
        .additional_fields(consolidated(described))
        .build(Arc::clone(store), "/")?;
    group.store_metadata()?;
    Ok(array)
}

/// Writes what is told of an array, and adds it to what is told of all.
fn begin(
    builder: &ArrayBuilder,
    store: &Arc<FilesystemStore>,
    name: &str,
    described: &mut Map<String, Value>,
) -> Result<Array<FilesystemStore>, Box<dyn Error>> {
    // Without an advertisement of the library among the attributes.
    let plain = ArrayMetadataOptions::default().with_include_zarrs_metadata(false);
    let array = builder.build(Arc::clone(store), &format!("/{name}"))?;
    array.store_metadata_opt(&plain)?;
    let metadata = serde_json::to_value(array.metadata_opt(&plain))?;
    described.insert(name.to_owned(), metadata);
    Ok(array)
}

/// All arrays, described once more in the file of the group: xarray looks for them there first.
///
/// Source: the documentation of Zarr-Python 3, "Consolidated metadata".
fn consolidated(described: Map<String, Value>) -> AdditionalFieldsV3 {
    let mut field = Map::new();
    field.insert("kind".to_owned(), "inline".into());
    field.insert("metadata".to_owned(), described.into());
    let field = AdditionalFieldV3::new(Value::from(field), false);
    AdditionalFieldsV3::from([("consolidated_metadata".to_owned(), field)])
}

/// Chunks that are listed at a time.
const SYNCED_TOGETHER: usize = 1024;

/// Whether a directory is a Zarr group of arrays and holds nothing else.
fn is_ours(directory: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let is_array = || entry.path().join("zarr.json").is_file();
        if entry.file_name() != "zarr.json" && !is_array() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The bytes of a tile as those of a whole chunk: what lies beyond the ends of the frame is zero.
fn whole_chunk<'a>(
    (bytes, whole): &'a mut (Vec<u8>, Vec<u8>),
    tile: &Tile,
    [rows, columns]: [u64; 2],
    dtype: Dtype,
) -> &'a [u8] {
    let size = |elements: u64| usize::try_from(elements).unwrap_or(usize::MAX) * dtype.bytes;
    if bytes.len() == size(rows * columns) {
        return bytes;
    }
    whole.clear();
    whole.resize(size(rows * columns), 0);
    let wide = size(tile.columns.end - tile.columns.start);
    let rows = whole.chunks_exact_mut(size(columns));
    for (to, from) in rows.zip(bytes.chunks_exact(wide)) {
        to[..wide].copy_from_slice(from);
    }
    whole
}

fn variable(dataset: &Dataset<'_>, chunk: [u64; 2]) -> ArrayBuilder {
    let dtype = dataset.dtype();
    let mut chunks = vec![1; dataset.outer().len()];
    chunks.extend(chunk);
    let fill = match (dtype.kind, dtype.bytes) {
        (Kind::Float, 2) => FillValue::from(half::f16::NAN),
        (Kind::Float, 4) => FillValue::from(f32::NAN),
        (Kind::Float, _) => FillValue::from(f64::NAN),
        (_, bytes) => FillValue::new(vec![0; bytes]),
    };
    let chunks: Vec<NonZero<u64>> = chunks.into_iter().filter_map(NonZero::new).collect();
    let mut builder =
        ArrayBuilder::new(dataset.shape().to_vec(), chunks, data_type_of(dtype), fill);
    let names = dataset.dimensions.iter().map(|one| Some(one.name.clone()));
    builder
        .dimension_names(Some(names.collect::<Vec<_>>()))
        .attributes(dataset.variable_attributes());
    builder
}

fn describe(dataset: &Dataset<'_>, coordinate: &Coordinate) -> ArrayBuilder {
    let shape: Vec<u64> = coordinate
        .along
        .iter()
        .map(|&d| dataset.shape()[d])
        .collect();
    let chunks: Vec<NonZero<u64>> = shape.iter().copied().filter_map(NonZero::new).collect();
    let (dtype, fill) = match coordinate.values {
        Column::Floats(_) => (data_type::float64(), FillValue::from(f64::NAN)),
        Column::Integers(_) => (data_type::int64(), FillValue::from(0_i64)),
        Column::Texts(_) => (data_type::string(), FillValue::from("")),
    };
    let mut builder = ArrayBuilder::new(shape, chunks, dtype, fill);
    let names = coordinate
        .along
        .iter()
        .map(|&d| Some(dataset.dimensions[d].name.clone()));
    let mut attributes = Map::new();
    attributes.insert(
        "long_name".to_owned(),
        Value::from(coordinate.about.clone()),
    );
    builder
        .dimension_names(Some(names.collect::<Vec<_>>()))
        .attributes(attributes);
    builder
}

fn store_coordinate(
    array: &Array<FilesystemStore>,
    coordinate: &Coordinate,
) -> Result<(), zarrs::array::ArrayError> {
    let first = vec![0; coordinate.along.len()];
    match &coordinate.values {
        Column::Floats(values) => array.store_chunk(&first, values.as_slice()),
        Column::Integers(values) => array.store_chunk(&first, values.as_slice()),
        Column::Texts(values) => array.store_chunk(&first, values.as_slice()),
    }
}

fn data_type_of(dtype: Dtype) -> DataType {
    match (dtype.kind, dtype.bytes) {
        (Kind::Float, 2) => data_type::float16(),
        (Kind::Float, 4) => data_type::float32(),
        (Kind::Float, _) => data_type::float64(),
        (Kind::Signed, 1) => data_type::int8(),
        (Kind::Signed, 2) => data_type::int16(),
        (Kind::Signed, 4) => data_type::int32(),
        (Kind::Signed, _) => data_type::int64(),
        (Kind::Unsigned, 1) => data_type::uint8(),
        (Kind::Unsigned, 2) => data_type::uint16(),
        (Kind::Unsigned, 4) => data_type::uint32(),
        (Kind::Unsigned, _) => data_type::uint64(),
        (Kind::Bool, _) => data_type::bool(),
    }
}
