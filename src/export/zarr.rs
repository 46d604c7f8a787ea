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

/// Largest number of bytes of a chunk by default. A larger snapshot is divided.
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
    let chunks = ChunkGrid::of(dataset, storage, memory)?;
    let directory = output::directory(path, force, dataset.array(), ZARR.format, is_ours)?;
    let group = Group {
        directory: directory.name_so_far(),
        is_read: false,
    };
    let region: Region = dataset.shape().iter().map(|&length| 0..length).collect();
    chunks.copy(&group, dataset, &region, progress)?;
    group.describe(dataset, &chunks.shape, storage.compress)?;
    Ok(directory.commit(is_ours)?)
}

/// Adds snapshots. Each file appears whole and durable. The descriptions of the group and of its arrays do not change.
fn append(
    dataset: &Dataset<'_>,
    path: &Path,
    snapshots: Range<u64>,
    storage: &Storage,
    memory: u64,
) -> Result<(), ExportError> {
    let chunks = ChunkGrid::of(dataset, storage, memory)?;
    let group = Group {
        directory: path,
        is_read: true,
    };
    let mut part: Region = dataset.shape().iter().map(|&length| 0..length).collect();
    if let (Some(range), Some(&length)) = (part.first_mut(), chunks.shape.first()) {
        let start = snapshots.start / length * length;
        *range = start..snapshots.end.next_multiple_of(length).min(range.end);
    }
    chunks.copy(&group, dataset, &part, &Progress::default())
}

/// The division of the elements into chunks, and the number of threads that make them.
struct ChunkGrid {
    shape: Vec<u64>,
    compress: bool,
    threads: u64,
}

impl ChunkGrid {
    fn of(dataset: &Dataset<'_>, storage: &Storage, memory: u64) -> Result<Self, ExportError> {
        let width = dataset.dtype().bytes as u64;
        let shape = storage.chunk(dataset, width, CHUNK_BYTES, blosc::MOST_BYTES)?;
        // A chunk is in memory as it is read and filled up beyond the ends of the frame, and as it is shuffled and compressed.
        let copies = if storage.compress { 4 } else { 2 };
        let chunk_bytes = copies * shape.iter().product::<u64>() * width;
        let at_once = memory / 2 / chunk_bytes;
        if at_once == 0 {
            return Err(ExportError::memory(
                "a chunk of Zarr",
                2 * chunk_bytes,
                memory,
            ));
        }
        Ok(Self {
            shape,
            compress: storage.compress,
            threads: at_once.min(rayon::current_num_threads() as u64),
        })
    }

    /// Writes the chunks of a box, which are whole except at the ends of the array. A chunk without committed data is
    /// not written.
    fn copy(
        &self,
        group: &Group<'_>,
        dataset: &Dataset<'_>,
        region: &[Range<u64>],
        progress: &Progress,
    ) -> Result<(), ExportError> {
        let width = dataset.dtype().bytes;
        walk::by_thread(
            &Cut::new(region, self.shape.clone()),
            self.threads,
            || [const { Vec::new() }; 4],
            |[elements, whole, shuffled, compressed]: &mut [Vec<u8>; 4], _, part: Region| {
                let present = dataset.read_frames(&part, elements)?;
                if present == 0 {
                    return Ok(());
                }
                let mut bytes = whole_chunk(elements, whole, &part, &self.shape, width);
                if self.compress {
                    bytes = blosc::compress(bytes, width, shuffled, compressed)
                        .map_err(FileError::of("write", group.directory))?;
                }
                let index = part.iter().zip(&self.shape);
                let index: Vec<u64> = index.map(|(range, length)| range.start / length).collect();
                progress.add(present * width as u64);
                group.store(dataset.variable(), &index, bytes)
            },
        )?;
        Ok(())
    }
}

/// The files of a group.
struct Group<'a> {
    directory: &'a Path,
    /// Whether other programs read the group already.
    is_read: bool,
}

impl Group<'_> {
    /// Writes the descriptions of the group and of each array.
    ///
    /// The file of the group repeats the descriptions of all arrays, because xarray looks for them there first
    /// (documentation of Zarr-Python 3, "Consolidated metadata").
    fn describe(
        &self,
        dataset: &Dataset<'_>,
        chunk_shape: &[u64],
        compress: bool,
    ) -> Result<(), ExportError> {
        let mut descriptions = Map::new();
        for coordinate in &dataset.coordinates {
            let dimensions = &coordinate.along;
            let shape: Vec<u64> = dimensions.iter().map(|&d| dataset.shape()[d]).collect();
            let names: Vec<&str> = dimensions
                .iter()
                .map(|&d| dataset.dimensions[d].name.as_str())
                .collect();
            let only_chunk_index = vec![0; dimensions.len()];
            self.store(
                &coordinate.name,
                &only_chunk_index,
                &encoded(&coordinate.values),
            )?;
            let description = described(coordinate, &shape, &names);
            descriptions.insert(coordinate.name.clone(), description);
        }
        for variable in &dataset.record {
            let rows = variable.values.count() as u64;
            self.store(&variable.name, &[0], &encoded(&variable.values))?;
            let description = described(variable, &[rows], &[RECORD_TIME]);
            descriptions.insert(variable.name.clone(), description);
        }
        descriptions.insert(
            dataset.variable().to_owned(),
            variable(dataset, chunk_shape, compress),
        );
        if dataset.rounding().is_some() {
            // A scalar array holds the attributes.
            let codecs = [bytes_codec(1)];
            let mut description = array(&[], &[], "int8", &json!(0), &codecs, &[]);
            description["attributes"] = Rounding::algorithm().into();
            descriptions.insert(rounding::ALGORITHM.to_owned(), description);
        }
        for (name, array) in &descriptions {
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
                "kind": "inline", "must_understand": false, "metadata": descriptions,
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
        let directory = Path::new(name).parent().unwrap_or(Path::new(""));
        if !self.directory.join(directory).is_dir() {
            sys::create_within(self.directory, directory).map_err(FileError::of("write", &path))?;
        }
        if self.is_read {
            sys::write_file(&path, bytes)?;
        } else {
            fs::write(&path, bytes).map_err(FileError::of("write", &path))?;
        }
        Ok(())
    }
}

/// Whether a directory is a group of this program, without arrays that its own file does not describe.
fn is_ours(directory: &Path) -> io::Result<bool> {
    let description = match fs::read(directory.join("zarr.json")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        bytes => bytes.unwrap_or_default(),
    };
    let group: Value = serde_json::from_slice(&description).unwrap_or_default();
    let arrays = &group["consolidated_metadata"]["metadata"];
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if is_left(&name) {
            continue;
        }
        let is_array = name.to_str().is_some_and(|name| arrays.get(name).is_some());
        let is_known = if is_array && entry.file_type()?.is_dir() {
            holds_only(&entry.path(), &["zarr.json", "c"])?
        } else {
            name == "zarr.json"
        };
        if !is_known {
            return Ok(false);
        }
    }
    let variable = group["attributes"][Dataset::VARIABLE].as_str();
    Ok(arrays.get(variable.unwrap_or("p")).is_some() || holds_only(directory, &[])?)
}

/// Whether `name` is the name of an unfinished file that a killed process left.
fn is_left(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with(".diff2d-") && name.ends_with(".part")
}

/// Whether a directory has no entries other than these names and unfinished files.
fn holds_only(directory: &Path, names: &[&str]) -> io::Result<bool> {
    for entry in fs::read_dir(directory)? {
        let entry_name = entry?.file_name();
        if !names.iter().any(|name| entry_name == *name) && !is_left(&entry_name) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The bytes of a part, padded with zeros beyond the ends of the array to a whole chunk.
fn whole_chunk<'a>(
    bytes: &'a [u8],
    whole: &'a mut Vec<u8>,
    part: &[Range<u64>],
    chunk: &[u64],
    width: usize,
) -> &'a [u8] {
    let chunk_bytes = byte_count(chunk.iter().product(), width);
    if bytes.len() == chunk_bytes {
        return bytes;
    }
    whole.clear();
    whole.resize(chunk_bytes, 0);
    let part_of_chunk: Region = part.iter().map(|range| 0..length(range)).collect();
    let mut remaining = bytes;
    Runs::of(chunk, &part_of_chunk).for_each(|place, count| {
        let (run, later_runs) = remaining.split_at(byte_count(count, width));
        whole[byte_count(place, width)..][..run.len()].copy_from_slice(run);
        remaining = later_runs;
    });
    whole
}

/// The number of bytes of elements in memory. A number that does not fit makes the next access panic.
fn byte_count(elements: u64, width: usize) -> usize {
    usize::try_from(elements).unwrap_or(usize::MAX) * width
}

/// The metadata of the variable.
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
    let names = dataset
        .dimensions
        .iter()
        .map(|dimension| dimension.name.as_str());
    let mut codecs = vec![bytes_codec(dtype.bytes)];
    if compress {
        codecs.push(blosc::codec(dtype.bytes));
    }
    let names: Vec<&str> = names.collect();
    let mut array = array(dataset.shape(), chunk, &name, &fill, &codecs, &names);
    array["attributes"] = dataset.variable_attributes().into();
    array
}

/// The metadata of a coordinate, which is one chunk.
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

/// The codec for elements in this machine's byte order.
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

/// The chunk of a coordinate. Strings are preceded by their number, and each string by its length in bytes.
///
/// Source: the Zarr extension `vlen-utf8`.
fn encoded(values: &Column) -> Vec<u8> {
    match values {
        Column::Floats(values) => bytemuck::cast_slice(values).to_vec(),
        Column::Integers(values) => bytemuck::cast_slice(values).to_vec(),
        Column::Texts(values) => {
            let mut bytes = length_bytes(values.len()).to_vec();
            for text in values {
                bytes.extend(length_bytes(text.len()));
                bytes.extend(text.as_bytes());
            }
            bytes
        }
    }
}

fn length_bytes(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}
