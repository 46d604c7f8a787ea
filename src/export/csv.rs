//! CSV: one row for each element, `t,y,x,p`.

use super::{
    Column, Dataset, ExportError, Format,
    exporter::{ExportWriter, Exporter},
    output::{self, Target},
};
use diff2d_arrays::npy::{Dtype, Kind, Region, Scalar};
use diff2d_arrays::{progress::Progress, walk};
use std::fmt::Write as _;

/// Bytes of memory for an element: its row of text, and its binary value.
const ELEMENT_BYTES: u64 = 128;

/// A table with one row for each element.
pub(super) const CSV: Exporter = Exporter {
    format: Format {
        word: "csv",
        name: "CSV",
        ending: ".csv",
        points: false,
        has_chunks: false,
    },
    writer: ExportWriter::Text(write),
};

fn write(
    dataset: &Dataset<'_>,
    target: Target<'_>,
    memory: u64,
    progress: &Progress,
) -> Result<(), ExportError> {
    /// The largest useful number of elements processed together.
    const MOST: u64 = 1 << 16;
    let threads = rayon::current_num_threads() as u64;
    let elements = (memory / 2 / ELEMENT_BYTES / threads).clamp(1, MOST);
    output::text(target, dataset.array(), |to| {
        let names = dataset
            .dimensions
            .iter()
            .map(|dimension| field(&dimension.name));
        let names: Vec<String> = names.chain([dataset.variable().to_owned()]).collect();
        writeln!(to, "{}", names.join(","))?;
        walk::in_order(
            &dataset.bands(elements),
            threads,
            threads,
            |bytes: &mut Vec<u8>, _, part| rows(dataset, &part, bytes, progress),
            |_, text| Ok(to.write_all(text.as_bytes())?),
        )
    })
}

/// The rows for a part of a frame; empty if the frame has no data.
fn rows(
    dataset: &Dataset<'_>,
    part: &Region,
    bytes: &mut Vec<u8>,
    progress: &Progress,
) -> Result<String, ExportError> {
    let frame = dataset.frame_of(part);
    if !dataset.is_present(frame) {
        return Ok(String::new());
    }
    dataset.read(part, bytes)?;
    let dtype = dataset.dtype();
    let outer = dataset.outer().len();
    let outer_fields: String = (0..)
        .zip(dataset.index_of(frame))
        .map(|(axis, index)| coordinate_field(dataset, axis, frame, index) + ",")
        .collect();
    let columns: Vec<String> = part[outer + 1]
        .clone()
        .map(|i| coordinate_field(dataset, outer + 1, frame, i))
        .collect();
    let mut text = String::new();
    let mut elements = bytes.chunks_exact(dtype.bytes);
    for j in part[outer].clone() {
        let row = format!(
            "{outer_fields}{}",
            coordinate_field(dataset, outer, frame, j)
        );
        for (column, element) in columns.iter().zip(elements.by_ref()) {
            // Writing to a string cannot fail.
            let _ = write!(text, "{row},{column},");
            value(&mut text, dtype, element);
            text.push('\n');
        }
    }
    progress.add(bytes.len() as u64);
    Ok(text)
}

/// The coordinate of an index of a frame along an axis, as a CSV field.
fn coordinate_field(dataset: &Dataset<'_>, axis: usize, frame: u64, index: u64) -> String {
    let (coordinate, place) = dataset.place_of(axis, frame, index);
    match &coordinate.values {
        Column::Texts(words) => field(&words[place]),
        numbers => numbers.text(place),
    }
}

/// Appends an element with all digits of its type.
fn value(text: &mut String, dtype: Dtype, bytes: &[u8]) {
    // Writing to a string cannot fail.
    let _ = match (dtype.kind, Scalar::decode(dtype, bytes)) {
        (Kind::Float, Scalar::Float(value)) if dtype.bytes == 4 => {
            write!(text, "{:?}", value as f32)
        }
        (_, value) => write!(text, "{value}"),
    };
}

/// A word as a CSV field, quoted if necessary.
fn field(word: &str) -> String {
    if word.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", word.replace('"', "\"\""))
    } else {
        word.to_owned()
    }
}
