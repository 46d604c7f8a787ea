//! XDMF 2: XML that refers to the array's file.
//!
//! ```xml
//! <DataItem Format="Binary" Seek="4096" Dimensions="1 301 301" …>diff2dparams.npy</DataItem>
//! ```
//!
//! A mesh has three dimensions, the first of them with one node, because readers put a two-dimensional mesh into
//! another plane.
//!
//! Source: the XDMF Model and Format, version 2, at xdmf.org.

use super::{
    Dataset, ExportError, Format,
    exporter::{ExportWriter, Exporter},
    output::{self, Target},
    series::{self, FrameSeries, Mesh, escaped, is_in_xml},
};
use diff2d_arrays::npy::{Dtype, Kind};
use diff2d_arrays::progress::Progress;
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};
/// XDMF 2, for `ParaView`: XML that refers to the array's file.
pub(super) const XDMF: Exporter = Exporter {
    format: Format {
        word: "xdmf",
        name: "XDMF",
        ending: ".xdmf",
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
    let number = number_type(dataset)?;
    // An array that cannot be referred to is refused before anything is written.
    dataset.place(0)?;
    let file = reference(&dataset.array().path, &target)?;
    output::text(target, dataset.array(), |to| {
        writeln!(to, "<?xml version=\"1.0\"?>")?;
        writeln!(to, "<!DOCTYPE Xdmf SYSTEM \"Xdmf.dtd\" []>")?;
        writeln!(to, "<Xdmf Version=\"2.0\">")?;
        writeln!(to, "  <Domain>")?;
        for (name, value) in &dataset.attributes {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let (name, text) = (escaped(name), escaped(&text));
            writeln!(to, "    <Information Name=\"{name}\" Value=\"{text}\"/>")?;
        }
        for series in series::all(dataset) {
            collection(to, dataset, &series, &number, &file)?;
        }
        writeln!(to, "  </Domain>")?;
        writeln!(to, "</Xdmf>")?;
        Ok(())
    })
}

/// Writes the committed snapshots of a series as a temporal collection.
fn collection(
    to: &mut dyn Write,
    dataset: &Dataset<'_>,
    series: &FrameSeries,
    number: &str,
    file: &str,
) -> Result<(), ExportError> {
    let name = escaped(&series.name);
    writeln!(
        to,
        "    <Grid Name=\"{name}\" GridType=\"Collection\" CollectionType=\"Temporal\">"
    )?;
    for frame in series.present(dataset) {
        let (offset, _) = dataset.place(frame)?;
        let Mesh {
            nodes: [rows, columns],
            origin: [y, x],
            spacing: [dy, dx],
        } = series.mesh;
        let time = series::time(dataset, frame).unwrap_or(0.0);
        let variable = dataset.variable();
        write!(
            to,
            r#"      <Grid Name="{variable}" GridType="Uniform">
        <Time Value="{time:?}"/>
        <Topology TopologyType="3DCoRectMesh" Dimensions="1 {rows} {columns}"/>
        <Geometry GeometryType="ORIGIN_DXDYDZ">
          <DataItem Dimensions="3" NumberType="Float" Precision="8" Format="XML">0.0 {y:?} {x:?}</DataItem>
          <DataItem Dimensions="3" NumberType="Float" Precision="8" Format="XML">1.0 {dy:?} {dx:?}</DataItem>
        </Geometry>
        <Attribute Name="{variable}" AttributeType="Scalar" Center="Node">
          <DataItem Format="Binary" {number} Seek="{offset}" Dimensions="1 {rows} {columns}">{file}</DataItem>
        </Attribute>
      </Grid>
"#
        )?;
    }
    writeln!(to, "    </Grid>")?;
    Ok(())
}

/// The XML attributes for the type of the elements.
fn number_type(dataset: &Dataset<'_>) -> Result<String, ExportError> {
    let dtype = dataset.array().npy.dtype;
    let number = match (dtype.kind, dtype.bytes) {
        (Kind::Float, 4 | 8) => "Float",
        (Kind::Signed, 1) => "Char",
        (Kind::Unsigned | Kind::Bool, 1) => "UChar",
        (Kind::Signed, 2) => "Short",
        (Kind::Unsigned, 2) => "UShort",
        (Kind::Signed, 4 | 8) => "Int",
        (Kind::Unsigned, 4) => "UInt",
        // Half precision, and 64-bit unsigned numbers, which VTK's reader takes for 32 bits.
        _ => return Err(unknown(dataset, dtype)),
    };
    let order = if dtype.big_endian { "Big" } else { "Little" };
    Ok(format!(
        "NumberType=\"{number}\" Precision=\"{}\" Endian=\"{order}\"",
        dtype.bytes
    ))
}

fn unknown(dataset: &Dataset<'_>, dtype: Dtype) -> ExportError {
    ExportError::refused(format!(
        "{} has elements of type {dtype}, which readers of XDMF do not know: --to zarr copies them",
        dataset.array().path.display()
    ))
}

/// The name by which the text refers to the array's file. If the text lies beside the array, the directory is left out,
/// so that both can be moved together. A name that XML cannot contain is refused.
fn reference(array: &Path, target: &Target<'_>) -> Result<String, ExportError> {
    let absolute = fs::canonicalize(array).unwrap_or_else(|_| array.to_owned());
    let named: PathBuf = match target {
        Target::Path { path, .. } if absolute_directory(path) == absolute_directory(array) => {
            array.file_name().map_or(absolute, PathBuf::from)
        }
        _ => absolute,
    };
    match named.to_str().filter(|name| name.chars().all(is_in_xml)) {
        Some(name) => Ok(escaped(name).into_owned()),
        None => Err(ExportError::refused(format!(
            "the name of {} is not UTF-8 or has characters which XML cannot hold: rename it",
            named.display()
        ))),
    }
}

fn absolute_directory(path: &Path) -> PathBuf {
    let directory = diff2d_sys::directory_of(path);
    fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned())
}
