//! Kerchunk references: JSON that tells readers of Zarr version 2 the position of each snapshot in the array's file.
//! The values of the coordinates are part of the JSON.
//!
//! ```json
//! {"version":1,"refs":{"p/0.0.0":["/data/diff2dparams.npy",4096,724808], …}}
//! ```
//!
//! Source: the specification of references in the documentation of kerchunk, version 1; the Zarr storage
//! specification, version 2.

use super::{
    Column, Dataset, ExportError, Format,
    exporter::{ExportWriter, Exporter},
    output::{self, Target},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use diff2d_arrays::progress::Progress;
use serde_json::{Value, json};
use std::{fs, io::Write};

/// Kerchunk references, for xarray and zarr: JSON that refers to the array's file.
pub(super) const KERCHUNK: Exporter = Exporter {
    format: Format {
        word: "kerchunk",
        name: "Kerchunk",
        ending: ".kerchunk.json",
        points: true,
        has_chunks: false,
    },
    writer: ExportWriter::Text(write),
};

fn write(
    dataset: &Dataset<'_>,
    target: Target<'_>,
    _: u64,
    _: &Progress,
) -> Result<(), ExportError> {
    // An array that cannot be referred to is refused before anything is written.
    dataset.place(0)?;
    let array = &dataset.array().path;
    // Readers look for relative names in the directory that they were started in.
    let path = fs::canonicalize(array).unwrap_or_else(|_| array.clone());
    let Some(file) = path.to_str() else {
        return Err(ExportError::refused(format!(
            "the name of {} is not UTF-8, which JSON needs: rename it",
            path.display()
        )));
    };
    let file = Value::from(file).to_string();
    output::text(target, dataset.array(), |to| {
        write!(to, "{{\"version\":1,\"refs\":{{")?;
        write!(to, "\n\".zgroup\":{}", quoted(&json!({ "zarr_format": 2 })))?;
        write!(
            to,
            ",\n\".zattrs\":{}",
            quoted(&Value::from(dataset.attributes.clone()))
        )?;
        coordinates(to, dataset)?;
        variable(to, dataset, &file)?;
        write!(to, "\n}}}}\n")?;
        Ok(())
    })
}

/// JSON as a string inside JSON.
fn quoted(value: &Value) -> Value {
    Value::String(value.to_string())
}

fn coordinates(to: &mut dyn Write, dataset: &Dataset<'_>) -> Result<(), ExportError> {
    for coordinate in &dataset.coordinates {
        let name = &coordinate.name;
        let (dtype, bytes) = encoded(&coordinate.values);
        let shape: Vec<u64> = coordinate
            .along
            .iter()
            .map(|&d| dataset.shape()[d])
            .collect();
        let dimension_names = coordinate
            .along
            .iter()
            .map(|&dimension| dataset.dimensions[dimension].name.clone());
        let meta = json!({
            "zarr_format": 2, "shape": shape, "chunks": shape, "dtype": dtype, "order": "C",
            "compressor": null, "filters": null, "fill_value": null,
        });
        let mut attributes = coordinate.attributes();
        attributes.insert("_ARRAY_DIMENSIONS".to_owned(), dimension_names.collect());
        let chunk = vec!["0"; shape.len()].join(".");
        let value = Value::String(format!("base64:{}", STANDARD.encode(bytes)));
        for (key, value) in [
            (".zarray", quoted(&meta)),
            (".zattrs", quoted(&Value::from(attributes))),
            (chunk.as_str(), value),
        ] {
            write!(to, ",\n{}:{value}", Value::from(format!("{name}/{key}")))?;
        }
    }
    Ok(())
}

fn variable(to: &mut dyn Write, dataset: &Dataset<'_>, file: &str) -> Result<(), ExportError> {
    let dtype = dataset.array().npy.dtype;
    let outer = dataset.outer().len();
    let mut chunks = vec![1; outer];
    chunks.extend(dataset.frame());
    let is_float = dtype.kind == diff2d_arrays::npy::Kind::Float;
    let meta = json!({
        "zarr_format": 2, "shape": dataset.shape(), "chunks": chunks, "dtype": dtype.to_string(),
        "order": "C", "compressor": null, "filters": null,
        "fill_value": if is_float { Value::from("NaN") } else { Value::Null },
    });
    let names = dataset
        .dimensions
        .iter()
        .map(|dimension| dimension.name.clone());
    let mut attributes = dataset.variable_attributes();
    attributes.insert("_ARRAY_DIMENSIONS".to_owned(), names.collect());
    let variable = dataset.variable();
    write!(to, ",\n\"{variable}/.zarray\":{}", quoted(&meta))?;
    write!(
        to,
        ",\n\"{variable}/.zattrs\":{}",
        quoted(&Value::from(attributes))
    )?;
    for frame in dataset.present() {
        let (offset, bytes) = dataset.place(frame)?;
        let index: String = dataset
            .index_of(frame)
            .iter()
            .map(|i| format!("{i}."))
            .collect();
        write!(to, ",\n\"{variable}/{index}0.0\":[{file},{offset},{bytes}]")?;
    }
    Ok(())
}

/// The type and the bytes of a coordinate. Strings are padded UTF-32.
fn encoded(values: &Column) -> (String, Vec<u8>) {
    match values {
        Column::Floats(values) => ("<f8".to_owned(), bytemuck::cast_slice(values).to_vec()),
        Column::Integers(values) => ("<i8".to_owned(), bytemuck::cast_slice(values).to_vec()),
        Column::Texts(values) => {
            let longest = values.iter().map(|text| text.chars().count()).max();
            let longest = longest.unwrap_or(0).max(1);
            let letters = values.iter().flat_map(|text| {
                let letters = text.chars().map(u32::from);
                letters.chain(std::iter::repeat(0)).take(longest)
            });
            let bytes = letters.flat_map(u32::to_le_bytes).collect();
            (format!("<U{longest}"), bytes)
        }
    }
}
