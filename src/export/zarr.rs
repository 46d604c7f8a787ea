//! Zarr version 3: a directory with a group of arrays, `p` and its coordinates.
//!
//! Source: the Zarr core specification, version 3.

use super::{
    Column, Coordinate, Dataset, ExportError, Format, Rounding, Storage, blosc,
    exporter::{ExportWriter, Exporter},
    output,
    record::RECORD_TIME,
    rounding,
};
use diff2d_arrays::npy::{Kind, Region, Runs, length};
use diff2d_arrays::{progress::Progress, walk};
use diff2d_sys::{AtomicDirectory, FileError};
use serde_json::{Map, Value, json};
use std::{ffi::OsStr, fs, io, ops::Range, path::Path};

/// Bytes of a chunk at most. A snapshot that has more is divided.
const CHUNK_BYTES: u64 = 4 << 20;

/// A directory in Zarr version 3.
pub(super) const ZARR: Exporter = Exporter {
    format: Format {
        word: "zarr",
        name: "Zarr",
        ending: ".zarr",
        points: false,
        has_chunks: true,
    },
    writer: ExportWriter::Path(write),
};

fn write(
    dataset: &Dataset<'_>,
    (path, force): (&Path, bool),
    storage: &Storage,
    memory: u64,
    progress: &Progress,
) -> Result<(), ExportError> {
    let width = dataset.dtype().bytes;
    let chunk = storage.chunk(dataset, width as u64, CHUNK_BYTES, blosc::MOST_BYTES)?;
    // The bytes as they are read, with what lies beyond the ends of the frame, and shuffled and compressed.
    let copies = if storage.compress { 4 } else { 2 };
    let each = copies * chunk.iter().product::<u64>() * width as u64;
    let at_once = memory / 2 / each;
    if at_once == 0 {
        return Err(ExportError::Memory {
            what: "a chunk of Zarr",
            needed: 2 * each,
            allowed: memory,
        });
    }
    let directory = output::directory(path, force, dataset.array(), ZARR.format, is_ours)?;
    let group = Group(&directory);
    let threads = at_once.min(rayon::current_num_threads() as u64);
    let begin = || [const { Vec::new() }; 4];
    let visit = |[read, whole, shuffled, compressed]: &mut [Vec<u8>; 4], _, part: Region| {
        let present = dataset.read_frames(&part, read)?;
        if present == 0 {
            return Ok(());
        }
        let mut bytes = whole_chunk(read, whole, &part, &chunk, width);
        if storage.compress {
            let made = blosc::compress(bytes, width, shuffled, compressed);
            bytes = made.map_err(FileError::of("write", path))?;
        }
        let index = part.iter().zip(&chunk);
        let index: Vec<u64> = index.map(|(range, length)| range.start / length).collect();
        progress.add(present * width as u64);
        group.store("p", &index, bytes)
    };
    walk::by_thread(&dataset.chunks(&chunk), threads, begin, visit)?;
    for coordinate in &dataset.coordinates {
        let first = vec![0; coordinate.along.len()];
        group.store(&coordinate.name, &first, &encoded(&coordinate.values))?;
    }
    for variable in &dataset.record {
        group.store(&variable.name, &[0], &encoded(&variable.values))?;
    }
    group.describe(dataset, &chunk, storage.compress)?;
    Ok(directory.commit(is_ours)?)
}

/// The files of a group while it is written.
struct Group<'a>(&'a AtomicDirectory);

impl Group<'_> {
    /// Writes what is told of the group and of each array.
    ///
    /// The file of the group tells of all arrays once more: xarray looks for them there first (documentation of
    /// Zarr-Python 3, "Consolidated metadata").
    fn describe(
        &self,
        dataset: &Dataset<'_>,
        chunk: &[u64],
        compress: bool,
    ) -> Result<(), ExportError> {
        let mut arrays = Map::new();
        for coordinate in &dataset.coordinates {
            let along = &coordinate.along;
            let shape: Vec<u64> = along.iter().map(|&d| dataset.shape()[d]).collect();
            let names = along.iter().map(|&d| dataset.dimensions[d].name.as_str());
            let names: Vec<&str> = names.collect();
            let told = described(coordinate, &shape, &names);
            arrays.insert(coordinate.name.clone(), told);
        }
        for variable in &dataset.record {
            let rows = variable.values.count() as u64;
            let told = described(variable, &[rows], &[RECORD_TIME]);
            arrays.insert(variable.name.clone(), told);
        }
        arrays.insert("p".to_owned(), variable(dataset, chunk, compress));
        if dataset.rounding().is_some() {
            // A scalar that has attributes alone.
            let mut told = array(&[], &[], "int8", &json!(0), &[bytes_codec(1)], &[]);
            told["attributes"] = Rounding::algorithm().into();
            arrays.insert(rounding::ALGORITHM.to_owned(), told);
        }
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

/// The bytes of a part as those of a whole chunk: what lies beyond the ends of the array is zero.
fn whole_chunk<'a>(
    bytes: &'a [u8],
    whole: &'a mut Vec<u8>,
    part: &[Range<u64>],
    chunk: &[u64],
    width: usize,
) -> &'a [u8] {
    let size = |elements: u64| usize::try_from(elements).unwrap_or(usize::MAX) * width;
    let all = size(chunk.iter().product());
    if bytes.len() == all {
        return bytes;
    }
    whole.clear();
    whole.resize(all, 0);
    let within: Region = part.iter().map(|range| 0..length(range)).collect();
    let mut left = bytes;
    Runs::of(chunk, &within).for_each(|place, count| {
        let (run, rest) = left.split_at(size(count));
        whole[size(place)..][..run.len()].copy_from_slice(run);
        left = rest;
    });
    whole
}

/// What is told of the variable.
fn variable(dataset: &Dataset<'_>, chunk: &[u64], compress: bool) -> Value {
    let dtype = dataset.dtype();
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
    let mut codecs = vec![bytes_codec(dtype.bytes)];
    if compress {
        codecs.push(blosc::codec(dtype.bytes));
    }
    let names: Vec<&str> = names.collect();
    let mut array = array(dataset.shape(), chunk, &name, &fill, &codecs, &names);
    array["attributes"] = dataset.variable_attributes().into();
    array
}

/// What is told of a coordinate, which is one chunk.
fn described(coordinate: &Coordinate, shape: &[u64], names: &[&str]) -> Value {
    let (name, fill, codec) = match coordinate.values {
        Column::Floats(_) => ("float64", json!("NaN"), bytes_codec(8)),
        Column::Integers(_) => ("int64", json!(0), bytes_codec(8)),
        Column::Texts(_) => ("string", json!(""), json!({ "name": "vlen-utf8" })),
    };
    let mut array = array(shape, shape, name, &fill, &[codec], names);
    array["attributes"] = coordinate.attributes().into();
    array
}

fn array(
    shape: &[u64],
    chunks: &[u64],
    data_type: &str,
    fill: &Value,
    codecs: &[Value],
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
        "codecs": codecs,
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
