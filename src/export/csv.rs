//! CSV: a row for each element, `t,y,x,p`.

use super::{
    Column, Dataset, ExportError, Format,
    exporter::{ExportWriter, Exporter},
    output::{self, Target},
};
use diff2d_arrays::npy::{Dtype, Kind, Region, Scalar};
use diff2d_arrays::{progress::Progress, walk};
use std::fmt::Write as _;

/// Memory for an element: its row as text, and its bytes.
const EACH: u64 = 128;

/// A table with a row for each element.
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
    /// More elements at a time make nothing faster.
    const MOST: u64 = 1 << 16;
    let threads = rayon::current_num_threads() as u64;
    let elements = (memory / 2 / EACH / threads).clamp(1, MOST);
    output::text(target, dataset.array(), |to| {
        let names = dataset.dimensions.iter().map(|one| field(&one.name));
        let names: Vec<String> = names.chain(["p".to_owned()]).collect();
        writeln!(to, "{}", names.join(","))?;
        let visit = |bytes: &mut Vec<u8>, _, part| rows(dataset, &part, bytes, progress);
        walk::in_order(
            &dataset.bands(elements),
            threads,
            threads,
            visit,
            |_, text| Ok(to.write_all(text.as_bytes())?),
        )
    })
}

/// The rows of a part of a frame; none where it holds no data.
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
    let place = |axis: usize, index: u64| {
        let (coordinate, place) = dataset.place_of(axis, frame, index);
        match &coordinate.values {
            Column::Texts(words) => field(&words[place]),
            numbers => numbers.text(place),
        }
    };
    let outer = dataset.outer().len();
    let before: String = (0..)
        .zip(dataset.index_of(frame))
        .map(|(axis, index)| place(axis, index) + ",")
        .collect();
    let columns: Vec<String> = part[outer + 1]
        .clone()
        .map(|i| place(outer + 1, i))
        .collect();
    let mut text = String::new();
    let mut elements = bytes.chunks_exact(dtype.bytes);
    for j in part[outer].clone() {
        let row = format!("{before}{}", place(outer, j));
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

/// An element with all digits that its type needs.
fn value(text: &mut String, dtype: Dtype, bytes: &[u8]) {
    // Writing to a string cannot fail.
    let _ = match (dtype.kind, Scalar::decode(dtype, bytes)) {
        #[expect(clippy::cast_possible_truncation, reason = "it has single precision")]
        (Kind::Float, Scalar::Float(value)) if dtype.bytes == 4 => {
            write!(text, "{:?}", value as f32)
        }
        (_, value) => write!(text, "{value}"),
    };
}

/// A word as a field: quoted where it must be.
fn field(word: &str) -> String {
    match word.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", word.replace('"', "\"\"")),
        false => word.to_owned(),
    }
}
