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
use diff2d_arrays::npy::{Cut, Kind, Region, Runs, length};
use diff2d_arrays::{progress::Progress, walk};
use diff2d_sys::{self as sys, FileError};
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
    writer: ExportWriter::Growing(write, append),
};

fn write(
    dataset: &Dataset<'_>,
    path: &Path,
    force: bool,
    storage: &Storage,
    memory: u64,
    progress: &Progress,
) -> Result<(), ExportError> {
    let chunks = Chunks::of(dataset, storage, memory)?;
    let directory = output::directory(path, force, dataset.array(), ZARR.format, is_ours)?;
    let group = Group {
        directory: directory.name_so_far(),
        is_read: false,
    };
    let whole: Region = dataset.shape().iter().map(|&length| 0..length).collect();
    chunks.copy(&group, dataset, &whole, progress)?;
    group.describe(dataset, &chunks.shape, storage.compress)?;
    Ok(directory.commit(is_ours)?)
}

/// Each file appears whole and durable. What is told of the group and of its arrays stays as it is.
fn append(
    dataset: &Dataset<'_>,
    path: &Path,
    snapshots: Range<u64>,
    storage: &Storage,
    memory: u64,
) -> Result<(), ExportError> {
    let chunks = Chunks::of(dataset, storage, memory)?;
    let group = Group {
        directory: path,
        is_read: true,
    };
    let mut part: Region = dataset.shape().iter().map(|&length| 0..length).collect();
    if let (Some(first), Some(&each)) = (part.first_mut(), chunks.shape.first()) {
        *first = snapshots.start / each * each..snapshots.end.next_multiple_of(each).min(first.end);
    }
    chunks.copy(&group, dataset, &part, &Progress::default())
}

/// How elements are divided, and how many chunks are made at once.
struct Chunks {
    shape: Vec<u64>,
    compress: bool,
    threads: u64,
}

impl Chunks {
    fn of(dataset: &Dataset<'_>, storage: &Storage, memory: u64) -> Result<Self, ExportError> {
        let width = dataset.dtype().bytes as u64;
        let shape = storage.chunk(dataset, width, CHUNK_BYTES, blosc::MOST_BYTES)?;
        // The bytes as they are read, with what lies beyond the ends of the frame, and shuffled and compressed.
        let copies = if storage.compress { 4 } else { 2 };
        let each = copies * shape.iter().product::<u64>() * width;
        let at_once = memory / 2 / each;
        if at_once == 0 {
            return Err(ExportError::Memory {
                what: "a chunk of Zarr",
                needed: 2 * each,
                allowed: memory,
            });
        }
        Ok(Self {
            shape,
            compress: storage.compress,
            threads: at_once.min(rayon::current_num_threads() as u64),
        })
    }

    /// Writes the chunks of a box, which are whole but for the ends of the array; none where nothing is committed.
    fn copy(
        &self,
        group: &Group<'_>,
        dataset: &Dataset<'_>,
        whole: &[Range<u64>],
        progress: &Progress,
    ) -> Result<(), ExportError> {
        let width = dataset.dtype().bytes;
        let begin = || [const { Vec::new() }; 4];
        let visit = |[read, whole, shuffled, compressed]: &mut [Vec<u8>; 4], _, part: Region| {
            let present = dataset.read_frames(&part, read)?;
            if present == 0 {
                return Ok(());
            }
            let mut bytes = whole_chunk(read, whole, &part, &self.shape, width);
            if self.compress {
                let made = blosc::compress(bytes, width, shuffled, compressed);
                bytes = made.map_err(FileError::of("write", group.directory))?;
            }
            let index = part.iter().zip(&self.shape);
            let index: Vec<u64> = index.map(|(range, length)| range.start / length).collect();
            progress.add(present * width as u64);
            group.store("p", &index, bytes)
        };
        let cut = Cut::new(whole, self.shape.clone());
        walk::by_thread(&cut, self.threads, begin, visit)?;
        Ok(())
    }
}

/// The files of a group.
struct Group<'a> {
    directory: &'a Path,
    /// Whether others read it already.
    is_read: bool,
}

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
            let first = vec![0; coordinate.along.len()];
            self.store(&coordinate.name, &first, &encoded(&coordinate.values))?;
            arrays.insert(coordinate.name.clone(), told);
        }
        for variable in &dataset.record {
            let rows = variable.values.count() as u64;
            let told = described(variable, &[rows], &[RECORD_TIME]);
            self.store(&variable.name, &[0], &encoded(&variable.values))?;
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
        let path = self.directory.join(name);
        let write = || match self.is_read {
            true => sys::write_file(&path, bytes),
            false => fs::write(&path, bytes).map_err(FileError::of("write", &path)),
        };
        let directory = Path::new(name).parent().unwrap_or(Path::new(""));
        if !self.directory.join(directory).is_dir() {
            let created = sys::create_within(self.directory, directory);
            created.map_err(FileError::of("write", &path))?;
        }
        Ok(write()?)
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
        if is_left(&name) {
            continue;
        }
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

/// Whether a name is that of a file which a process that was killed had not finished.
fn is_left(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with(".diff2d-") && name.ends_with(".part")
}

fn holds_only(directory: &Path, names: &[&str]) -> io::Result<bool> {
    let mut entries = fs::read_dir(directory)?;
    let is_known = |name: &OsStr| names.iter().any(|known| name == *known) || is_left(name);
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
