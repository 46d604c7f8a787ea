//! VTK: a file of image data for each snapshot, its values behind the XML in binary, and a collection of
//! them with their times for each series.
//!
//! Source: "VTK File Formats" in the documentation of VTK.

use super::{
    Dataset, ExportError, Format, Storage,
    exporter::{ExportWriter, Exporter},
    output,
    series::{self, FrameSeries, Mesh, in_comment},
};
use diff2d_arrays::npy::{Cut, Dtype, Kind, elements};
use diff2d_arrays::progress::Progress;
use diff2d_sys::FileError;
use rayon::prelude::*;
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

/// VTK `ImageData`, a file for each snapshot, and a collection of them with their times.
pub(super) const VTI: Exporter = Exporter {
    format: Format {
        word: "vti",
        name: "VTK",
        ending: "-vti",
        points: false,
        has_chunks: false,
    },
    writer: ExportWriter::Path(write),
};

fn write(
    dataset: &Dataset<'_>,
    path: &Path,
    force: bool,
    _: &Storage,
    memory: u64,
    progress: &Progress,
) -> Result<(), ExportError> {
    /// More bytes at a time make nothing faster.
    const MOST: u64 = 4 << 20;
    let stem = stem_of(path);
    let is_ours = |directory: &Path| is_ours(directory, &stem);
    let directory = output::directory(path, force, dataset.array(), VTI.format, is_ours)?;
    let inside = directory.name_so_far();
    let threads = rayon::current_num_threads() as u64;
    // The bytes, and those of half precision as double precision.
    let width = dataset.dtype().bytes as u64 + 16;
    let elements = (memory / 2 / threads).min(MOST) / width;
    for series in series::all(dataset) {
        let present: Vec<u64> = series.present(dataset).collect();
        present.par_iter().try_for_each(|&frame| {
            let named = inside.join(name_of(&series, frame));
            let file = File::create_new(&named);
            let file = file.map_err(FileError::of("create", &named))?;
            image(
                dataset,
                frame,
                &series.mesh,
                elements,
                file,
                &named,
                progress,
            )
        })?;
        let name = match series.scenario {
            Some(scenario) => format!("{stem}-{scenario:04}.pvd"),
            None => format!("{stem}.pvd"),
        };
        let path = inside.join(name);
        collection(dataset, &series, &present, &path)?;
    }
    Ok(directory.commit(is_ours)?)
}

/// The stem of the names of collections.
fn stem_of(directory: &Path) -> String {
    let stem = directory.file_stem().unwrap_or_default().to_string_lossy();
    stem.strip_suffix("-vti").unwrap_or(&stem).to_owned()
}

/// Whether a directory holds nothing but files of the names that are written into it.
fn is_ours(directory: &Path, stem: &str) -> io::Result<bool> {
    let is_ours = |name: &str| {
        let numbers = match name.strip_suffix(".vti") {
            Some(rest) => rest.strip_prefix("p-"),
            None => name
                .strip_suffix(".pvd")
                .and_then(|rest| rest.strip_prefix(stem)),
        };
        numbers.is_some_and(|rest| rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-')))
    };
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() || !entry.file_name().to_str().is_some_and(is_ours) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The name of the file of a frame.
fn name_of(series: &FrameSeries, frame: u64) -> String {
    let index = frame - series.frames.start;
    match series.scenario {
        Some(scenario) => format!("p-{scenario:04}-{index:04}.vti"),
        None => format!("p-{index:04}.vti"),
    }
}

fn image(
    dataset: &Dataset<'_>,
    frame: u64,
    mesh: &Mesh,
    most: u64,
    file: File,
    path: &Path,
    progress: &Progress,
) -> Result<(), ExportError> {
    let dtype = dataset.common_dtype();
    let Mesh {
        nodes: [rows, columns],
        origin: [y, x],
        spacing: [dy, dx],
    } = *mesh;
    let extent = format!("0 {} 0 {} 0 0", columns - 1, rows - 1);
    let time = series::time(dataset, frame).unwrap_or(0.0);
    let bytes = rows * columns * dtype.bytes as u64;
    let head = format!(
        r#"<?xml version="1.0"?>
<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64">
  <ImageData WholeExtent="{extent}" Origin="{x:?} {y:?} 0.0" Spacing="{dx:?} {dy:?} 1.0">
    <FieldData>
      <DataArray type="Float64" Name="TimeValue" NumberOfTuples="1" format="ascii">{time:?}</DataArray>
    </FieldData>
    <Piece Extent="{extent}">
      <PointData Scalars="p">
        <DataArray type="{}" Name="p" format="appended" offset="0"/>
      </PointData>
    </Piece>
  </ImageData>
  <AppendedData encoding="raw">
   _"#,
        type_name(dtype)
    );
    let failed = |error| ExportError::File(FileError::of("write", path)(error));
    let mut file = BufWriter::new(file);
    let written = file.write_all(head.as_bytes());
    written
        .and_then(|()| file.write_all(&bytes.to_le_bytes()))
        .map_err(failed)?;
    let mut bytes = Vec::new();
    for part in Cut::of_elements(&dataset.box_of(frame), most).iter() {
        dataset.read(&part, &mut bytes)?;
        dataset.make_common(&mut bytes);
        file.write_all(&bytes).map_err(failed)?;
        progress.add(elements(&part) * dataset.dtype().bytes as u64);
    }
    let tail = b"\n  </AppendedData>\n</VTKFile>\n";
    file.write_all(tail)
        .and_then(|()| file.flush())
        .map_err(failed)
}

/// The files of a series and their times.
fn collection(
    dataset: &Dataset<'_>,
    series: &FrameSeries,
    present: &[u64],
    path: &Path,
) -> Result<(), ExportError> {
    let mut text = String::from("<?xml version=\"1.0\"?>\n");
    text.push_str("<VTKFile type=\"Collection\" version=\"0.1\" byte_order=\"LittleEndian\">\n");
    text.push_str(&format!("  <!-- {} -->\n", in_comment(&series.name)));
    text.push_str("  <Collection>\n");
    for &frame in present {
        let time = series::time(dataset, frame).unwrap_or(0.0);
        let name = name_of(series, frame);
        text.push_str(&format!(
            "    <DataSet timestep=\"{time:?}\" part=\"0\" file=\"{name}\"/>\n"
        ));
    }
    text.push_str("  </Collection>\n</VTKFile>\n");
    let failed = |error| ExportError::File(FileError::of("write", path)(error));
    let mut file = File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

fn type_name(dtype: Dtype) -> String {
    let kind = match dtype.kind {
        Kind::Float => "Float",
        Kind::Signed => "Int",
        Kind::Unsigned | Kind::Bool => "UInt",
    };
    format!("{kind}{}", 8 * dtype.bytes)
}
