//! Zarr version 3: a directory with a group of arrays, `p` and its coordinates.
//!
//! Source: the Zarr core specification, version 3.

use super::{Column, Coordinate, Dataset, ExportError, Format, output};
use diff2d_arrays::npy::{Dtype, Kind, elements, length};
use diff2d_arrays::{progress::Progress, walk};
use diff2d_sys::{AtomicDirectory, FileError};
use serde_json::{Map, Value, json};
use std::{ffi::OsStr, fs, io, path::Path};

/// Bytes of a chunk at most. A snapshot that has more is divided.
const CHUNK_BYTES: u64 = 4 << 20;

pub(super) fn write(
    dataset: &Dataset<'_>,
    (path, force): (&Path, bool),
    memory: u64,
    progress: &Progress,
) -> Result<(), ExportError> {
    let width = dataset.dtype().bytes as u64;
    let chunk = dataset.square(CHUNK_BYTES / width);
    // The bytes as they are read, and with what lies beyond the ends of the frame.
    let each = 2 * chunk.iter().product::<u64>() * width;
    let at_once = memory / 2 / each;
    if at_once == 0 {
        return Err(ExportError::Memory {
            what: "a chunk of Zarr",
            needed: 2 * each,
            allowed: memory,
        });
    }
    let directory = output::directory(path, force, dataset.array(), Format::Zarr, is_ours)?;
    let group = Group(&directory);
    group.describe(dataset, chunk)?;
    for coordinate in &dataset.coordinates {
        let first = vec![0; coordinate.along.len()];
        group.store(&coordinate.name, &first, &encoded(&coordinate.values))?;
    }
    let (cut, shape) = dataset.chunks(chunk);
    let threads = at_once.min(rayon::current_num_threads() as u64);
    let begin = <(Vec<u8>, Vec<u8>)>::default;
    walk::by_thread(&cut, threads, begin, |buffers, _, part| {
        if !dataset.is_present(dataset.frame_of(&part)) {
            return Ok(());
        }
        dataset.read(&part, &mut buffers.0)?;
        let columns = part.last().map_or(0, length);
        let bytes = whole_chunk(buffers, columns, chunk, dataset.dtype());
        let index = part.iter().zip(&shape);
        let index: Vec<u64> = index.map(|(range, length)| range.start / length).collect();
        progress.add(elements(&part) * width);
        group.store("p", &index, bytes)
    })?;
    Ok(directory.commit(is_ours)?)
}

/// The files of a group while it is written.
struct Group<'a>(&'a AtomicDirectory);

impl Group<'_> {
    /// Writes what is told of the group and of each array.
    ///
    /// The file of the group tells of all arrays once more: xarray looks for them there first (documentation of
    /// Zarr-Python 3, "Consolidated metadata").
    fn describe(&self, dataset: &Dataset<'_>, chunk: [u64; 2]) -> Result<(), ExportError> {
        let mut arrays = Map::new();
        for coordinate in &dataset.coordinates {
            arrays.insert(coordinate.name.clone(), described(dataset, coordinate));
        }
        arrays.insert("p".to_owned(), variable(dataset, chunk));
        for (name, array) in &arrays {
            self.write(
                &format!("{name}/zarr.json"),
                format!("{array:#}").as_bytes(),
            )?;
        }
        let group = json!({
            "zarr_format": 3,
            "node_type": "group",
            "attributes": dataset.attributes,
            "consolidated_metadata": {
                "kind": "inline", "must_understand": false, "metadata": arrays,
            },
        });
        self.write("zarr.json", format!("{group:#}").as_bytes())
    }

    /// Writes a chunk of an array.
    fn store(&self, array: &str, index: &[u64], bytes: &[u8]) -> Result<(), ExportError> {
        let index: Vec<String> = index.iter().map(u64::to_string).collect();
        self.write(&format!("{array}/c/{}", index.join("/")), bytes)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ExportError> {
        let path = self.0.name_so_far().join(name);
        let written = match fs::write(&path, bytes) {
            // The first file of its directory.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let directory = Path::new(name).parent().unwrap_or(Path::new(""));
                let created = self.0.create_within(directory);
                created.and_then(|()| fs::write(&path, bytes))
            }
            written => written,
        };
        Ok(written.map_err(FileError::of("write", &path))?)
    }
}

/// Whether a directory is such a group, and holds nothing but the arrays that its own file tells of.
fn is_ours(directory: &Path) -> io::Result<bool> {
    let told = match fs::read(directory.join("zarr.json")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        told => told.unwrap_or_default(),
    };
    let told: Value = serde_json::from_slice(&told).unwrap_or_default();
    let arrays = &told["consolidated_metadata"]["metadata"];
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_array = name.to_str().is_some_and(|name| arrays.get(name).is_some());
        let is_known = match is_array && entry.file_type()?.is_dir() {
            true => holds_only(&entry.path(), &["zarr.json", "c"])?,
            false => name == "zarr.json",
        };
        if !is_known {
            return Ok(false);
        }
    }
    Ok(arrays.get("p").is_some() || holds_only(directory, &[])?)
}

fn holds_only(directory: &Path, names: &[&str]) -> io::Result<bool> {
    let mut entries = fs::read_dir(directory)?;
    let is_known = |name: &OsStr| names.iter().any(|known| name == *known);
    entries.try_fold(true, |all, entry| Ok(all && is_known(&entry?.file_name())))
}

/// The bytes of a tile as those of a whole chunk: what lies beyond the ends of the frame is zero.
fn whole_chunk(
    (bytes, whole): &mut (Vec<u8>, Vec<u8>),
    own_columns: u64,
    [rows, columns]: [u64; 2],
    dtype: Dtype,
) -> &[u8] {
    let size = |elements: u64| usize::try_from(elements).unwrap_or(usize::MAX) * dtype.bytes;
    if bytes.len() == size(rows * columns) {
        return bytes;
    }
    whole.clear();
    whole.resize(size(rows * columns), 0);
    let wide = size(own_columns);
    let rows = whole.chunks_exact_mut(size(columns));
    for (to, from) in rows.zip(bytes.chunks_exact(wide)) {
        to[..wide].copy_from_slice(from);
    }
    whole
}

/// What is told of the variable.
fn variable(dataset: &Dataset<'_>, chunk: [u64; 2]) -> Value {
    let dtype = dataset.dtype();
    let mut chunks = vec![1; dataset.outer().len()];
    chunks.extend(chunk);
    let (name, fill) = match dtype.kind {
        Kind::Float => ("float", json!("NaN")),
        Kind::Signed => ("int", json!(0)),
        Kind::Unsigned => ("uint", json!(0)),
        Kind::Bool => ("bool", json!(false)),
    };
    let name = match dtype.kind {
        Kind::Bool => name.to_owned(),
        _ => format!("{name}{}", 8 * dtype.bytes),
    };
    let names = dataset.dimensions.iter().map(|one| one.name.as_str());
    let codec = bytes_codec(dtype.bytes);
    let names: Vec<&str> = names.collect();
    let mut array = array(dataset.shape(), &chunks, &name, &fill, &codec, &names);
    array["attributes"] = dataset.variable_attributes().into();
    array
}

/// What is told of a coordinate, which is one chunk.
fn described(dataset: &Dataset<'_>, coordinate: &Coordinate) -> Value {
    let along = &coordinate.along;
    let shape: Vec<u64> = along.iter().map(|&d| dataset.shape()[d]).collect();
    let (name, fill, codec) = match coordinate.values {
        Column::Floats(_) => ("float64", json!("NaN"), bytes_codec(8)),
        Column::Integers(_) => ("int64", json!(0), bytes_codec(8)),
        Column::Texts(_) => ("string", json!(""), json!({ "name": "vlen-utf8" })),
    };
    let names = along.iter().map(|&d| dataset.dimensions[d].name.as_str());
    let names: Vec<&str> = names.collect();
    let mut array = array(&shape, &shape, name, &fill, &codec, &names);
    array["attributes"] = coordinate.attributes().into();
    array
}

fn array(
    shape: &[u64],
    chunks: &[u64],
    data_type: &str,
    fill: &Value,
    codec: &Value,
    dimensions: &[&str],
) -> Value {
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": shape,
        "data_type": data_type,
        "chunk_grid": { "name": "regular", "configuration": { "chunk_shape": chunks } },
        "chunk_key_encoding": { "name": "default", "configuration": { "separator": "/" } },
        "fill_value": fill,
        "codecs": [codec],
        "attributes": {},
        "dimension_names": dimensions,
    })
}

/// Elements as they lie in this machine's memory.
fn bytes_codec(width: usize) -> Value {
    let endian = if cfg!(target_endian = "little") {
        "little"
    } else {
        "big"
    };
    match width {
        1 => json!({ "name": "bytes" }),
        _ => json!({ "name": "bytes", "configuration": { "endian": endian } }),
    }
}

/// The chunk of a coordinate. Texts are each a length of four bytes and UTF-8, after their number.
///
/// Source: the Zarr extension `vlen-utf8`.
fn encoded(values: &Column) -> Vec<u8> {
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    match values {
        Column::Floats(values) => bytemuck::cast_slice(values).to_vec(),
        Column::Integers(values) => bytemuck::cast_slice(values).to_vec(),
        Column::Texts(values) => {
            let mut bytes = length(values.len()).to_vec();
            for text in values {
                bytes.extend(length(text.len()));
                bytes.extend(text.as_bytes());
            }
            bytes
        }
    }
}
