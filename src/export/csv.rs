//! CSV: a row for each element, `t,y,x,p`.

use super::{
    Column, Dataset, ExportError,
    output::{self, Target},
    tiles::{self, Tile},
};
use diff2d_arrays::npy::{Dtype, Kind, Scalar};
use diff2d_arrays::progress::Progress;
use rayon::prelude::*;
use std::fmt::Write as _;

/// Memory for an element: its row as text, and its bytes.
const EACH: u64 = 128;

pub(super) fn write(
    dataset: &Dataset<'_>,
    target: Target<'_>,
    memory: u64,
    progress: &Progress,
) -> Result<(), ExportError> {
    /// More elements at a time make nothing faster.
    const MOST: u64 = 1 << 16;
    let threads = rayon::current_num_threads();
    let elements = (memory / 2 / EACH / threads as u64).clamp(1, MOST);
    let tile = tiles::bands(dataset.frame(), elements);
    output::text(target, dataset.array(), |to| {
        let names = dataset.dimensions.iter().map(|one| field(&one.name));
        let names: Vec<String> = names.chain(["p".to_owned()]).collect();
        writeln!(to, "{}", names.join(","))?;
        let mut tiles = dataset.tiles(tile).peekable();
        while tiles.peek().is_some() {
            let some: Vec<(u64, Tile)> = tiles.by_ref().take(threads).collect();
            let texts: Vec<String> = some
                .par_iter()
                .map(|(frame, tile)| rows(dataset, *frame, tile, progress))
                .collect::<Result<_, ExportError>>()?;
            for text in texts {
                to.write_all(text.as_bytes())?;
            }
        }
        Ok(())
    })
}

/// The rows of a tile.
fn rows(
    dataset: &Dataset<'_>,
    frame: u64,
    tile: &Tile,
    progress: &Progress,
) -> Result<String, ExportError> {
    let mut bytes = Vec::new();
    dataset.read(frame, tile, &mut bytes)?;
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
    let columns: Vec<String> = tile.columns.clone().map(|i| place(outer + 1, i)).collect();
    let mut text = String::new();
    let mut elements = bytes.chunks_exact(dtype.bytes);
    for j in tile.rows.clone() {
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
